"""Calculus of spectral curves with exact resultants.

Each operation substitutes in P(m, z) or eliminates a variable; the result is factored and the factor is kept on which
the exact moments of the new law vanish as a power series at infinity, to an order that separates the factors.

R-transform: ``R(g) + 1/g`` inverts the Cauchy transform ``g = -m``.  S-transform: ``psi = -1 - z m`` at ``x = 1/z``,
``chi`` its inverse, ``S(w) = (1 + w) chi(w)/w``.
"""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq_mpoly, fmpq_mpoly_ctx

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.spectrum import cumulants
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.polynomial import parse_polynomial, rational

__all__ = [
    "compress",
    "dilute",
    "free_power",
    "free_product",
    "free_sum",
    "from_r_transform",
    "from_s_transform",
    "inverse",
    "scale",
    "shift",
    "square",
]

_ORDER = 16  # moments against which factors are checked


# -- from transforms ------------------------------------------------------------------------------------------------
def from_r_transform(relation: str, **parameters: Any) -> SpectralCurve:
    """Curve of the law whose R-transform satisfies the polynomial ``relation`` in ``R`` and ``g``.

    >>> from_r_transform("R - g")
    SpectralCurve('m^2 + m*z + 1')
    """
    poly = parse_polynomial(relation, ("R", "g"))
    m, z = _variables(poly)
    return _curve(_substitute(poly, (z * m + 1, m), (-m, 1)), **parameters)


def from_s_transform(relation: str, **parameters: Any) -> SpectralCurve:
    """Curve of the law whose S-transform satisfies the polynomial ``relation`` in ``S`` and ``w``.

    >>> from_s_transform("S*(1 + c*w) - 1")
    SpectralCurve('m^2*z*c + m*z + m*c - m + 1')
    """
    poly = parse_polynomial(relation, ("S", "w"))
    m, z = _variables(poly)
    # S = (1 + w)/(w z) with w = -1 - z m
    return _curve(_substitute(poly, (m, 1 + z * m), (-1 - z * m, 1)), **parameters)


# -- one law --------------------------------------------------------------------------------------------------------
def shift(curve: SpectralCurve, by: Any) -> SpectralCurve:
    """Law of X + by: ``m(z - by)``."""
    a = rational(by, "shift")
    m, z = _variables(curve.poly)
    return _curve(_substitute(curve.poly, (m, 1), (z - a, 1)), _known(curve, cumulants.shifted, a))


def scale(curve: SpectralCurve, by: Any) -> SpectralCurve:
    """Law of by * X: ``m(z/by)/by``."""
    s = rational(by, "scale")
    if s == 0:
        raise DomainError("scale", by, "a number that is not zero", "0 times a law is the atom at 0")
    m, z = _variables(curve.poly)
    return _curve(_substitute(curve.poly, (s * m, 1), (z / s, 1)), _known(curve, cumulants.scaled, s))


def inverse(curve: SpectralCurve) -> SpectralCurve:
    """Law of 1/X: ``m(1/z) = -z - z^2 m_inverse(z)``."""
    m, z = _variables(curve.poly)
    return _curve(_substitute(curve.poly, (-z - z * z * m, 1), (1, z)))


def square(curve: SpectralCurve) -> SpectralCurve:
    """Law of X^2: ``2 r m_square(r^2) = m(r) - m(-r)``."""
    known = _known(curve, cumulants.squared)
    parameters = curve.names[2:]
    context = fmpq_mpoly_ctx.get(("m", "z", *parameters, "a", "r"), "lex")
    m, z, a, r = context.gen(0), context.gen(1), context.gen(-2 % context.nvars()), context.gen(context.nvars() - 1)
    rest = context.gens()[2:-2]
    first = _substitute(curve.poly, (a, 1), (r, 1), rest)
    second = _substitute(curve.poly, (a - 2 * r * m, 1), (-r, 1), rest)
    pieces = [_resultant(f, g, "a") for f in _parts(first) for g in _parts(second)]
    found: list[fmpq_mpoly] = []
    for piece in pieces:
        for part in _parts(piece):
            found.append(_resultant(part, r * r - z, "r") if part.degrees()[-1] else part)
    return _choose(found, parameters, known)


def dilute(curve: SpectralCurve, share: Any) -> SpectralCurve:
    """Law of X with zeros added: ``share * law + (1 - share) * atom at 0`` (the companion of a rectangular
    Gram matrix).
    """
    s = rational(share, "share")
    if s == 0:
        raise DomainError("share", share, "a number that is not zero", "share 0 leaves the atom at 0")
    m, z = _variables(curve.poly)
    # m_new = share m - (1 - share)/z
    return _curve(_substitute(curve.poly, (z * m + 1 - s, s * z), (z, 1)), _known(curve, cumulants.diluted, s))


def compress(curve: SpectralCurve, share: Any) -> SpectralCurve:
    """Law of pXp in the corner of a free projection p of trace ``share``: ``R(share * g)``."""
    s = rational(share, "share")
    if not 0 < s <= 1:
        raise DomainError("share", share, "0 < share <= 1", "it is the trace of a projection")
    m, z = _variables(curve.poly)
    return _curve(
        _substitute(curve.poly, (s * m, 1), (s * z * m + s - 1, s * m)), _known(curve, cumulants.compressed, s)
    )


def free_power(curve: SpectralCurve, times: Any) -> SpectralCurve:
    """Free additive power: ``times * R(g)``, a law for every real ``times >= 1``."""
    t = rational(times, "times")
    if t < 1:
        raise DomainError("times", times, "times >= 1", "smaller powers exist for infinitely divisible laws only")
    m, z = _variables(curve.poly)
    return _curve(_substitute(curve.poly, (m, 1), (z * m + 1 - t, t * m)), _known(curve, cumulants.free_power, t))


# -- two laws -------------------------------------------------------------------------------------------------------
def free_sum(first: SpectralCurve, second: SpectralCurve) -> SpectralCurve:
    """Free additive convolution: ``z_1 + z_2 = z - 1/m`` where ``m_1(z_1) = m_2(z_2) = m``."""
    parameters = _common_parameters(first, second)
    context = fmpq_mpoly_ctx.get(("m", "z", *parameters, "s"), "lex")
    m, z, s = context.gen(0), context.gen(1), context.gen(context.nvars() - 1)
    a = _substitute(first.poly, (m, 1), (s, 1), _matching(first, context))
    b = _substitute(second.poly, (m, 1), (m * (z - s) - 1, m), _matching(second, context))
    found = [_resultant(f, g, "s") for f in _parts(a) for g in _parts(b)]
    return _choose(found, parameters, _known_pair(first, second, cumulants.free_sum))


def free_product(first: SpectralCurve, second: SpectralCurve) -> SpectralCurve:
    """Free multiplicative convolution: ``z = z_1 z_2 w/(1 + w)`` where ``z_1 m_1 = z_2 m_2 = z m = -1 - w``."""
    parameters = _common_parameters(first, second)
    context = fmpq_mpoly_ctx.get(("m", "z", *parameters, "s"), "lex")
    m, z, s = context.gen(0), context.gen(1), context.gen(context.nvars() - 1)
    w = -1 - z * m
    a = _substitute(first.poly, (z * m, s), (s, 1), _matching(first, context))
    # z_2 = z (1 + w)/(w s), m_2 = z m/z_2 = -s w/z ... with 1 + w = -z m
    b = _substitute(second.poly, (-s * w, z), (-z * z * m, w * s), _matching(second, context))
    found = [_resultant(f, g, "s") for f in _parts(a) for g in _parts(b)]
    return _choose(found, parameters, _known_pair(first, second, cumulants.free_product))


# -- machinery ------------------------------------------------------------------------------------------------------
Ratio = tuple[Any, Any]


def _variables(poly: fmpq_mpoly) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    context = fmpq_mpoly_ctx.get(("m", "z", *poly.context().names()[2:]), "lex")
    return context.gen(0), context.gen(1)


def _substitute(poly: fmpq_mpoly, first: Ratio, second: Ratio, rest: Sequence[fmpq_mpoly] | None = None) -> fmpq_mpoly:
    """Numerator of ``poly(first, second, parameters)`` where first and second are ratios of polynomials."""
    context = next(x.context() for x in (*first, *second) if isinstance(x, fmpq_mpoly))
    one = context.constant(1)
    letters = context.gens()[2:] if rest is None else rest
    degrees = [int(d) for d in poly.degrees()]
    powers = []
    for base, degree in zip((*first, *second), (degrees[0], degrees[0], degrees[1], degrees[1]), strict=True):
        table = [one]
        for _ in range(degree):
            table.append(table[-1] * base)
        powers.append(table)
    total = context.constant(0)
    for exponents, c in poly.to_dict().items():
        i, j = int(exponents[0]), int(exponents[1])
        term = powers[0][i] * powers[1][degrees[0] - i] * powers[2][j] * powers[3][degrees[1] - j] * c
        for letter, e in zip(letters, exponents[2:], strict=True):
            if e:
                term *= letter ** int(e)
        total += term
    return total


def _parts(poly: fmpq_mpoly) -> list[fmpq_mpoly]:
    """Irreducible factors that hold a variable."""
    return sorted((f for f, _ in poly.factor()[1]), key=str)


def _resultant(a: fmpq_mpoly, b: fmpq_mpoly, name: str) -> fmpq_mpoly:
    index = a.context().names().index(name)
    if not a.degrees()[index]:
        return a
    if not b.degrees()[index]:
        return b
    return a.resultant(b, name)


def _common_parameters(first: SpectralCurve, second: SpectralCurve) -> tuple[str, ...]:
    return tuple(sorted({*first.parameters, *second.parameters}))


def _matching(curve: SpectralCurve, context: fmpq_mpoly_ctx) -> list[fmpq_mpoly]:
    names = list(context.names())
    return [context.gen(names.index(n)) if n in names else context.constant(1) for n in curve.names[2:]]


def _known(curve: SpectralCurve, rule: Any, *arguments: Any) -> tuple[Any, ...]:
    if curve.parameters:
        return ()
    return rule(curve.moments(_ORDER), *(to_exact(x) for x in arguments))


def _known_pair(first: SpectralCurve, second: SpectralCurve, rule: Any) -> tuple[Any, ...]:
    if first.parameters or second.parameters:
        raise UnsupportedModel("free convolutions of curves need numbers for all parameters: use curve.at(...)")
    return rule(first.moments(_ORDER), second.moments(_ORDER))


def to_exact(x: Any) -> Fraction:
    return Fraction(int(x.p), int(x.q))


def _curve(poly: fmpq_mpoly, moments: Sequence[Any] = (), **values: Any) -> SpectralCurve:
    if values:
        poly = poly.subs({k: rational(v, k) for k, v in values.items()})
    return _choose([poly], tuple(poly.context().names()[2:]), moments)


def _choose(polys: Sequence[fmpq_mpoly], parameters: Sequence[str], moments: Sequence[Any]) -> SpectralCurve:
    """The one irreducible factor that holds m and z and vanishes on the moments (or, without moments, is physical)."""
    context = fmpq_mpoly_ctx.get(("m", "z", *parameters), "lex")
    factors = {str(f): f for poly in polys for f in _parts(poly) if f.degrees()[0] and f.degrees()[1]}
    candidates = [SpectralCurve(factors[k].project_to_context(context)) for k in sorted(factors)]
    if len(candidates) > 1 or moments:
        if not moments:
            moments = ()
        candidates = [c for c in candidates if c.parameters or c.vanishes_on(moments)]
    if len(candidates) != 1:
        raise UnsupportedModel(
            f"{len(candidates)} factors of the eliminated curve agree with the exact moments; exactly one is needed"
        )
    chosen = candidates[0]
    if not chosen.parameters and moments:
        try:
            chosen.formal  # noqa: B018 - raises where two sheets look alike at infinity
        except DomainError:
            return SpectralCurve(chosen, moments)
    return chosen
