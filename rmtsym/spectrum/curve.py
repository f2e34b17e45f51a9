"""The algebraic curve P(m, z) = 0 of a Stieltjes transform, with exact rational coefficients.

Convention: ``m(z)`` is the expectation of ``1/(t - z)``, so ``m ~ -1/z`` at infinity.  A curve has several sheets; the
*physical* one is fixed by the formal series ``m = -sum_k mom_k / z^(k+1)``, which is found here exactly.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from flint import acb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly
from flint import ctx as flint_context

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.spectrum.polynomial import (
    complex_roots,
    from_sympy,
    parse_polynomial,
    primitive,
    rational,
    rational_roots,
    row_of,
    rows_of,
    series_inverse,
    to_fraction,
    to_sympy,
    to_sympy_fraction,
    univariate,
)

__all__ = ["FormalBranch", "SpectralCurve"]


@dataclass(frozen=True)
class FormalBranch:
    """Physical sheet near z = infinity: ``-m z = prefix(u) + u^s w`` with ``u = 1/z`` and ``Q(w, u) = 0``.

    ``start`` is a simple root of ``Q(., 0)``, so the sheet is unique; ``table`` maps (i, j) to the coefficient of
    ``w^i u^j``.
    """

    prefix: tuple[fmpq, ...]
    start: fmpq
    table: Mapping[tuple[int, int], fmpq]


class SpectralCurve:
    r"""Algebraic curve :math:`P(m, z) = 0` whose coefficients may hold parameters.

    Parameters
    ----------
    polynomial : flint ``fmpq_mpoly``, sympy expression or text
        Polynomial in ``m``, ``z`` and the parameters.
    moments : sequence of rationals, optional
        First moments ``mom_1, mom_2, ...``; needed only where two sheets of one curve look alike at infinity.

    Raises
    ------
    DomainError
        For an empty or constant polynomial, or one without ``m`` or ``z``.

    Examples
    --------
    >>> mp = SpectralCurve("c*z*m^2 + (c + z - 1)*m + 1")
    >>> mp.parameters
    ('c',)
    >>> mp.moments(3)
    (1, c + 1, c**2 + 3*c + 1)
    >>> mp.at(c="1/2").moments(3)
    (Fraction(1, 1), Fraction(3, 2), Fraction(11, 4))
    """

    def __init__(self, polynomial: Any, moments: Sequence[Any] = ()) -> None:
        poly = _read(polynomial)
        if poly.is_zero() or poly.is_constant():
            raise DomainError(
                "curve", str(poly), "a polynomial in m and z that is not constant", "check the elimination"
            )
        if not poly.degrees()[0] or not poly.degrees()[1]:
            raise DomainError("curve", str(poly), "a polynomial that holds both m and z", "write P(m, z) = 0")
        self.poly: fmpq_mpoly = primitive(poly)
        self.hint = tuple(rational(x, "moments") for x in moments)

    # -- structure -------------------------------------------------------------------------------------------------
    @property
    def names(self) -> tuple[str, ...]:
        return tuple(self.poly.context().names())

    @cached_property
    def parameters(self) -> tuple[str, ...]:
        """Names of the parameters that occur, sorted."""
        degrees = self.poly.degrees()
        return tuple(sorted(n for n, d in zip(self.names[2:], degrees[2:], strict=True) if d > 0))

    @cached_property
    def table(self) -> dict[tuple[int, int], fmpq]:
        """Coefficient of ``m^i z^j``; only for a curve without parameters."""
        if self.parameters:
            raise DomainError(
                "curve",
                f"a curve with parameters {', '.join(self.parameters)}",
                "numbers for them",
                "use curve.at(...)",
            )
        return {(int(e[0]), int(e[1])): c for e, c in sorted(self.poly.to_dict().items())}

    @property
    def degree(self) -> int:
        """Degree in m: the number of sheets."""
        return int(self.poly.degrees()[0])

    def at(self, **values: Any) -> SpectralCurve:
        """The curve with numbers for (some of) its parameters."""
        for name in values:
            if name not in self.names[2:]:
                raise UnknownName("parameter", name, self.parameters)
        poly = self.poly.subs({k: rational(v, k) for k, v in values.items()})
        return SpectralCurve(poly, self.hint)

    def factors(self) -> tuple[fmpq_mpoly, ...]:
        """Irreducible factors that hold both m and z."""
        found = [f for f, _ in self.poly.factor()[1]]
        return tuple(sorted((f for f in found if f.degrees()[0] and f.degrees()[1]), key=str))

    def coefficients_in_m(self) -> list[fmpq_poly]:
        """Coefficients ``a_0(z), a_1(z), ...`` of the powers of m."""
        rows: list[list[fmpq]] = [[] for _ in range(self.degree + 1)]
        for (i, j), c in self.table.items():
            rows[i] += [fmpq(0)] * (j + 1 - len(rows[i]))
            rows[i][j] = c
        return [fmpq_poly(row) for row in rows]

    @cached_property
    def critical(self) -> tuple[fmpq_poly, ...]:
        """Irreducible polynomials whose roots are the possible singular points: discriminant and leading
        coefficient.
        """
        discriminant = self.poly.discriminant("m") if self.degree > 1 else self.poly.context().constant(1)
        if discriminant.is_zero():
            raise DomainError("curve", str(self), "a square-free polynomial", "keep one factor: curve.factors()")
        leading = self.coefficients_in_m()[-1]
        found: set[tuple[int, ...]] = set()
        for poly in (univariate(discriminant, 1), leading):
            for factor, _ in poly.numer().factor()[1]:
                found.add(tuple(int(c) for c in factor.coeffs()))
        return tuple(fmpq_poly(list(c)) for c in sorted(found))

    def critical_points(self, bits: int = 64) -> list[acb]:
        """Enclosed roots of :attr:`critical`."""
        with flint_context.workprec(bits):
            return [root for poly in self.critical for root in complex_roots(poly)]

    def sympy(self) -> Any:
        """The polynomial as a sympy expression in ``m``, ``z`` and the parameters."""
        return to_sympy(self.poly)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, SpectralCurve) and str(self) == str(other) and self.hint == other.hint

    def __hash__(self) -> int:
        return hash(str(self))

    def __str__(self) -> str:
        return str(self.poly)

    def __repr__(self) -> str:
        return f"SpectralCurve({str(self)!r})"

    def mass_equation(self, x: fmpq) -> fmpq_poly:
        """Equation of the mass w of an atom at x, from ``m ~ -w/(z - x)``: the lowest coefficient in z - x."""
        context = fmpq_mpoly_ctx.get(("m", "z"), "lex")
        m, z = context.gens()
        shifted = context.from_dict({(i, j): c for (i, j), c in self.table.items()}).compose(m, z + x).to_dict()
        low = min(int(j) - int(i) for i, j in shifted)
        lowest = {int(i): (-c if int(i) % 2 else c) for (i, j), c in shifted.items() if int(j) - int(i) == low}
        return fmpq_poly([lowest.get(i, fmpq(0)) for i in range(max(lowest) + 1)])

    def regular_part(self, x: fmpq, mass: fmpq) -> dict[tuple[int, int], fmpq]:
        """Table in (r, z - x) of the curve of ``r = m + mass/(z - x)``."""
        context = fmpq_mpoly_ctx.get(("m", "z"), "lex")
        r, s = context.gens()
        total = context.constant(0)
        for (i, j), c in self.table.items():
            total += (r * s - mass) ** i * s ** (self.degree - i) * (s + x) ** j * c
        terms = {(int(e[0]), int(e[1])): c for e, c in total.to_dict().items()}
        low = min(j for _, j in terms)
        return {(i, j - low): c for (i, j), c in terms.items()}

    # -- the physical sheet at infinity ----------------------------------------------------------------------------
    @cached_property
    def formal(self) -> FormalBranch:
        """The physical sheet at infinity, made unique.

        Raises
        ------
        DomainError
            If no sheet behaves like ``-1/z``, or several do and the given moments do not tell them apart.
        """
        table = _at_infinity(self.table)
        prefix: list[fmpq] = []
        wanted = [fmpq(1), *self.hint]
        for depth in range(64):
            roots = rational_roots(fmpq_poly(row_of(table, 0)))
            if depth < len(wanted):
                roots = [(r, k) for r, k in roots if r == wanted[depth]]
            if not roots:
                hint = "its sheets do not behave like -1/z" if depth == 0 else "the given moments do not lie on it"
                raise DomainError("curve", str(self), "a curve with a physical branch m ~ -1/z", hint)
            simple = [r for r, k in roots if k == 1]
            if len(roots) > 1:
                raise DomainError(
                    "curve",
                    str(self),
                    "one sheet m ~ -1/z",
                    f"several begin with moments {', '.join(map(str, prefix))}: give moments= to tell them apart",
                )
            if simple:
                return FormalBranch(tuple(prefix), simple[0], table)
            prefix.append(roots[0][0])
            table = _blow_up(table, roots[0][0])
        raise DomainError("curve", str(self), "a square-free curve", "keep one factor")

    def series(self, order: int) -> list[fmpq]:
        """Coefficients ``mom_0 = 1, ..., mom_order`` of ``-m z`` as a power series in ``1/z``, by Newton's
        iteration.
        """
        branch = self.formal
        wanted = max(order + 1 - len(branch.prefix), 1)
        rows = [fmpq_poly(row) for row in rows_of(branch.table)]
        w, known = fmpq_poly([branch.start]), 1
        while known < wanted:
            known = min(2 * known, wanted)
            value, slope = _horner_series(rows, w, known)
            w = (w - value.mul_low(series_inverse(slope, known), known)).truncate(known)
        tail = [w[k] for k in range(wanted)]
        return [*branch.prefix, *tail][: order + 1]

    def moments(self, k: int) -> tuple[Any, ...]:
        """Exact moments ``mom_1, ..., mom_k``: fractions, or sympy rational functions of the parameters.

        The parameters are plain symbols; ``subs({"c": c})`` puts a symbol with assumptions in their place.
        """
        if k < 1:
            return ()
        if not self.parameters:
            return tuple(to_fraction(c) for c in self.series(k)[1:])
        return tuple(to_sympy_fraction(n, d) for n, d in _symbolic_moments(self.poly, k))

    def vanishes_on(self, moments: Sequence[Any]) -> bool:
        """Whether the formal series with these moments ``mom_1, ...`` satisfies the curve to the order that
        they fix.
        """
        y = [fmpq(1), *(rational(x, "moments") for x in moments)]
        rows = [fmpq_poly(row) for row in rows_of(_at_infinity(self.table))]
        value, _ = _horner_series(rows, fmpq_poly(y), len(y))
        return value == 0


def _read(source: Any) -> fmpq_mpoly:
    if isinstance(source, SpectralCurve):
        return source.poly
    if isinstance(source, fmpq_mpoly):
        names = tuple(source.context().names())
        if {"m", "z"} - set(names):
            raise DomainError("curve", str(source), "a polynomial in m and z", "name the generators m and z")
        used = [n for n, d in zip(names, source.degrees(), strict=True) if n not in "mz" and d > 0]
        target = fmpq_mpoly_ctx.get(("m", "z", *sorted(used)), "lex")
        return source.project_to_context(target)
    if isinstance(source, str):
        return parse_polynomial(source, ("m", "z"))
    return from_sympy(source, ("m", "z"))


# -- series at infinity ---------------------------------------------------------------------------------------------
Table = dict[tuple[int, int], fmpq]


def _at_infinity(table: Mapping[tuple[int, int], fmpq]) -> Table:
    """P(-u y, 1/u) cleared of powers of u, as a table in (y, u)."""
    moved = {(i, i - j): (-c if i % 2 else c) for (i, j), c in table.items()}
    low = min(j for _, j in moved)
    return {(i, j - low): c for (i, j), c in moved.items()}


def _blow_up(table: Mapping[tuple[int, int], fmpq], root: fmpq) -> Table:
    """Q(root + u w, u) divided by the largest power of u."""
    context = fmpq_mpoly_ctx.get(("y", "u"), "lex")
    y, u = context.gens()
    poly = context.from_dict({(i, j): c for (i, j), c in table.items()}).compose(u * y + root, u)
    terms = {(int(e[0]), int(e[1])): c for e, c in poly.to_dict().items()}
    low = min(j for _, j in terms)
    return {(i, j - low): c for (i, j), c in terms.items()}


def _horner_series(rows: list[fmpq_poly], w: fmpq_poly, prec: int) -> tuple[fmpq_poly, fmpq_poly]:
    """Value and first derivative in w of ``sum rows[i](u) w^i``, to order ``u^prec``."""
    value = slope = fmpq_poly(0)
    for row in reversed(rows):
        slope = slope.mul_low(w, prec) + value
        value = value.mul_low(w, prec) + row.truncate(prec)
    return value, slope


def _symbolic_moments(poly: fmpq_mpoly, k: int) -> list[tuple[fmpq_mpoly, fmpq_mpoly]]:
    """Moments as fractions of polynomials in the parameters: coefficient by coefficient, the pivot being Q_y(1, 0)."""
    context = poly.context()
    moved: dict[tuple[int, int], fmpq_mpoly] = {}
    for exponents, c in poly.to_dict().items():
        i, j = int(exponents[0]), int(exponents[1])
        rest = context.from_dict({(0, 0, *exponents[2:]): -c if i % 2 else c})
        moved[i, i - j] = moved.get((i, i - j), context.constant(0)) + rest
    low = min(j for (_, j), c in moved.items() if not c.is_zero())
    table = {(i, j - low): c for (i, j), c in moved.items() if not c.is_zero()}
    zero, one = context.constant(0), context.constant(1)
    if sum((c for (_, j), c in table.items() if j == 0), zero) != 0:
        raise DomainError("curve", str(poly), "a curve with a physical branch m ~ -1/z", "its sheets do not behave so")
    pivot = sum((c * i for (i, j), c in table.items() if j == 0), zero)
    if pivot.is_zero():
        raise UnsupportedModel(f"several sheets of {poly} begin like -1/z: give numbers for the parameters first")
    top = max(i for i, _ in table)
    y: list[tuple[fmpq_mpoly, fmpq_mpoly]] = [(one, one)]
    for order in range(1, k + 1):
        powers: list[list[tuple[fmpq_mpoly, fmpq_mpoly]]] = [[(one, one)] + [(zero, one)] * order]
        known = [*y, (zero, one)]
        for _ in range(top):
            last = powers[-1]
            powers.append(
                [_fraction_sum([_times(last[s], known[t - s]) for s in range(t + 1)]) for t in range(order + 1)]
            )
        others = _fraction_sum([_times(powers[i][order - j], (c, one)) for (i, j), c in table.items() if j <= order])
        y.append(_reduce(-others[0], others[1] * pivot))
    return y[1:]


def _times(a: tuple[fmpq_mpoly, fmpq_mpoly], b: tuple[fmpq_mpoly, fmpq_mpoly]) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    return a[0] * b[0], a[1] * b[1]


def _fraction_sum(terms: list[tuple[fmpq_mpoly, fmpq_mpoly]]) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    numerator, denominator = terms[0]
    for n, d in terms[1:]:
        if n.is_zero():
            continue
        if d == denominator:
            numerator = numerator + n
        else:
            numerator, denominator = _reduce(numerator * d + n * denominator, denominator * d)
    return _reduce(numerator, denominator)


def _reduce(n: fmpq_mpoly, d: fmpq_mpoly) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    common = n.gcd(d)
    n, d = n / common, d / common
    scale = d.leading_coefficient()
    return n / scale, d / scale
