"""Named laws, each defined by its R- or S-transform; curve, density, edges, atoms and moments follow from it."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq_mpoly_ctx

from rmtsym.errors import DomainError, UnknownName
from rmtsym.field.measure import Atoms
from rmtsym.spectrum.algebraic import SpectralLaw
from rmtsym.spectrum.calculus import from_r_transform, from_s_transform
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.polynomial import rational, to_fraction

__all__ = [
    "arcsine",
    "bernoulli",
    "discrete",
    "free_poisson",
    "fuss_catalan",
    "jacobi",
    "kesten_mckay",
    "marchenko_pastur",
    "named_curve",
    "projection",
    "semicircle",
    "wachter",
]

# R(g) in g = -m; S(w) in w = -1 - z m
_R_TRANSFORMS = {
    "arcsine": "g*R^2 + 2*R - radius^2*g",
    "free_poisson": "R*(1 - jump*g) - rate*jump",
    "kesten_mckay": "g*R^2 + d*R - d^2*g",
    "semicircle": "R - variance*g",
}
_S_TRANSFORMS = {
    "jacobi": "S*(alpha + w)*(beta + w) - (1 + w)^2",
    "marchenko_pastur": "S*(1 + c*w) - 1",
    "wachter": "S*(1 + c2*w) - (1 - c1 - c1*w)",
}


def named_curve(name: str) -> SpectralCurve:
    """Curve of a named law with symbolic parameters; its moments are exact rational functions of them.

    >>> named_curve("semicircle").moments(4)
    (0, variance, 0, 2*variance**2)
    >>> named_curve("marchenko_pastur").moments(3)
    (1, c + 1, c**2 + 3*c + 1)
    """
    if name in _R_TRANSFORMS:
        return from_r_transform(_R_TRANSFORMS[name])
    if name in _S_TRANSFORMS:
        return from_s_transform(_S_TRANSFORMS[name])
    raise UnknownName("law", name, [*_R_TRANSFORMS, *_S_TRANSFORMS])


def _law(kind: str, **parameters: Any) -> SpectralLaw:
    label = ", ".join(f"{k} = {v}" for k, v in parameters.items())
    return SpectralLaw(named_curve(kind), name=f"{kind.replace('_', '-')}({label})", **parameters)


def _positive(name: str, value: Any) -> Any:
    exact = rational(value, name)
    if not exact > 0:
        raise DomainError(name, value, f"{name} > 0", "give a positive number")
    return exact


def marchenko_pastur(c: Any) -> SpectralLaw:
    r"""Law of ``XX'/n``, X p x n with iid entries of mean 0 and variance 1: :math:`c z m^2 + (z + c - 1) m + 1 = 0`.

    Parameters
    ----------
    c : number
        Ratio p/n > 0.

    Examples
    --------
    >>> law = marchenko_pastur(2)
    >>> law.atoms[0].exact
    (Fraction(0, 1), Fraction(1, 2))

    Source: Marchenko and Pastur (1967); Couillet and Liao (2022), section 2.2.
    """
    return _law("marchenko_pastur", c=_positive("c", c))


def semicircle(variance: Any = 1) -> SpectralLaw:
    """Law with ``R(g) = variance * g``, support ``[-2 sqrt(variance), 2 sqrt(variance)]`` (Wigner 1955).

    >>> semicircle().moments(6)[1::2]
    (Fraction(1, 1), Fraction(2, 1), Fraction(5, 1))
    """
    return _law("semicircle", variance=_positive("variance", variance))


def free_poisson(rate: Any, jump: Any = 1) -> SpectralLaw:
    """Law with free cumulants ``rate * jump^k``; ``marchenko_pastur(c)`` is ``free_poisson(1/c, c)``.

    >>> free_poisson(2, "1/2").curve == marchenko_pastur("1/2").curve
    True
    """
    exact = rational(jump, "jump")
    if exact == 0:
        raise DomainError("jump", jump, "a number that is not zero", "jump 0 is the atom at 0")
    return _law("free_poisson", rate=_positive("rate", rate), jump=exact)


def wachter(c1: Any, c2: Any) -> SpectralLaw:
    """Law of the F-matrix ``S1^{-1} S2`` of two sample covariances with ratios ``c1 = p/n1 < 1`` and ``c2 = p/n2``.

    ``S(w) = (1 - c1 - c1 w)/(1 + c2 w)`` (Wachter 1980).

    >>> wachter("1/5", "2/5").moments(2)
    (Fraction(5, 4), Fraction(165, 64))
    """
    first = _positive("c1", c1)
    if not first < 1:
        raise DomainError("c1", c1, "0 < c1 < 1", "the inverted covariance needs more samples than dimensions")
    return _law("wachter", c1=first, c2=_positive("c2", c2))


def jacobi(alpha: Any, beta: Any) -> SpectralLaw:
    """Law of PQP for free projections P, Q of traces ``alpha`` and ``beta``: ``S = (1+w)^2/((alpha+w)(beta+w))``.

    >>> [(a.exact[0], a.exact[1]) for a in jacobi("3/10", "1/2").atoms]
    [(Fraction(0, 1), Fraction(7, 10))]
    """
    for name, value in (("alpha", alpha), ("beta", beta)):
        if not 0 < rational(value, name) < 1:
            raise DomainError(name, value, f"0 < {name} < 1", "it is the trace of a projection")
    return _law("jacobi", alpha=rational(alpha), beta=rational(beta))


def arcsine(radius: Any = 2) -> SpectralLaw:
    """Law of density ``1/(pi sqrt(radius^2 - x^2))``: the free sum of two symmetric Bernoulli laws on ``+-radius/2``.

    >>> arcsine().moments(4)
    (Fraction(0, 1), Fraction(2, 1), Fraction(0, 1), Fraction(6, 1))
    """
    return _law("arcsine", radius=_positive("radius", radius))


def kesten_mckay(d: Any) -> SpectralLaw:
    """Spectrum of the infinite d-regular tree: d free Bernoulli laws on +-1 added (Kesten 1959, McKay 1981).

    >>> kesten_mckay(3).moments(4)
    (Fraction(0, 1), Fraction(3, 1), Fraction(0, 1), Fraction(15, 1))
    """
    exact = rational(d, "d")
    if exact < 2:
        raise DomainError("d", d, "d >= 2", "it is the degree of a regular tree")
    return _law("kesten_mckay", d=exact)


def fuss_catalan(k: int) -> SpectralLaw:
    """Squared singular values of a product of k square matrices with iid entries of variance 1/n: ``S = (1 + w)^{-k}``.

    >>> fuss_catalan(2).moments(3)
    (Fraction(1, 1), Fraction(3, 1), Fraction(12, 1))
    """
    if not isinstance(k, int) or k < 1:
        raise DomainError("k", k, "integers k >= 1", "it is the number of factors")
    return SpectralLaw(from_s_transform(f"S*(1 + w)^{k} - 1"), name=f"fuss-catalan({k})")


def discrete(locations: Sequence[Any], weights: Sequence[Any] | None = None) -> SpectralLaw:
    """Finitely many atoms; equal weights unless given.  ``m = sum w_i/(t_i - z)``.

    >>> discrete([1, 4], ["1/2", "1/2"]).moments(2)
    (Fraction(5, 2), Fraction(17, 2))

    Raises
    ------
    DomainError
        For no atoms, negative weights, or weights that do not sum to 1.
    """
    places = [to_fraction(rational(t, "locations")) for t in locations]
    shares = [Fraction(1, max(len(places), 1))] * len(places) if weights is None else list(weights)
    law = Atoms([to_fraction(rational(w, "weights")) for w in shares], t=places)
    merged: dict[Fraction, Fraction] = {}
    for t, w in zip(law.letters["t"], law.weights, strict=True):
        merged[t] = merged.get(t, Fraction(0)) + w
    context = fmpq_mpoly_ctx.get(("m", "z"), "lex")
    m, z = context.gens()
    places = sorted(t for t in merged if merged[t])
    product = context.constant(1)
    for t in places:
        product *= rational(t) - z
    total = context.constant(0)
    for t in places:
        total += product / (rational(t) - z) * rational(merged[t])
    label = ", ".join(str(t) for t in places)
    return SpectralLaw(product * m - total, name=f"discrete({label})")


def bernoulli(low: Any = -1, high: Any = 1, share: Any = "1/2") -> SpectralLaw:
    """Two atoms: ``high`` with mass ``share``, ``low`` with the rest."""
    upper = to_fraction(rational(share, "share"))
    return discrete([low, high], [1 - upper, upper])


def projection(trace: Any) -> SpectralLaw:
    """Law of a projection: mass ``trace`` at 1 and the rest at 0."""
    return bernoulli(0, 1, trace)
