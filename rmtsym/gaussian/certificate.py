r"""Certificates: a closed form meets the rigorous integral of its definition, or does not.

At points spread over the domain, boundary layers included (correlation near and at +-1, tiny and huge variances,
thresholds in the tail), the ball of the closed form must overlap the ball of the integral, both narrower than
:math:`10^{-25}` of the value.  One disjoint pair refutes the formula; a ball that is too wide proves nothing and
leaves the certificate inconclusive.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from fractions import Fraction
from itertools import count
from typing import Any

import sympy as sp
from flint import arb

from rmtsym.errors import NoConvergence, UnsupportedModel
from rmtsym.field.ball import precision
from rmtsym.gaussian.integral import Law, integral
from rmtsym.gaussian.moments import Moment, law_of
from rmtsym.gaussian.numeric import ball_value

__all__ = ["Certificate", "Check", "certify", "enclosed"]

DIGITS = 25


@dataclass(frozen=True)
class Check:
    """One point: digits to which the integral determines the moment, and whether the closed form agrees."""

    point: dict[str, str]
    closed: str
    integral: str
    digits: int
    agrees: bool

    def __str__(self) -> str:
        where = ", ".join(f"{k} = {v}" for k, v in self.point.items()) or "the only point"
        relation = "=" if self.agrees else "is not"
        return f"at {where}: closed form {self.closed} {relation} integral {self.integral} ({self.digits} digits)"


@dataclass(frozen=True)
class Certificate:
    """Outcome of all checks of one closed form.

    ``status`` is ``"certified"`` (all points agree to the digits asked), ``"refuted"`` (some pair of balls is
    disjoint), or ``"inconclusive"`` (no pair disjoint, but not enough digits or points).
    """

    checks: tuple[Check, ...]
    wanted: int = DIGITS
    skipped: tuple[str, ...] = ()
    inner: Certificate | None = None

    @property
    def status(self) -> str:
        if any(not c.agrees for c in self.checks) or (self.inner and self.inner.status == "refuted"):
            return "refuted"
        if not self.checks or self.digits < self.wanted or (self.inner and self.inner.status != "certified"):
            return "inconclusive"
        return "certified"

    @property
    def digits(self) -> int:
        """Smallest number of digits over the points."""
        return min((c.digits for c in self.checks), default=0)

    @property
    def failures(self) -> tuple[Check, ...]:
        return tuple(c for c in self.checks if not c.agrees)

    def __bool__(self) -> bool:
        return self.status == "certified"

    def __str__(self) -> str:
        text = f"{self.status}: {len(self.checks)} points, at least {self.digits} digits"
        if self.failures:
            text += f"; {self.failures[0]}"
        if self.inner:
            text += f"; conditional expectation {self.inner.status} at {len(self.inner.checks)} points"
        return text

    def to_dict(self) -> dict[str, Any]:
        return {
            "status": self.status,
            "points": len(self.checks),
            "digits": self.digits,
            "method": "overlap with the rigorous integral of the definition",
            "failures": [str(c) for c in self.failures],
            "skipped": list(self.skipped),
            "inner": None if self.inner is None else self.inner.to_dict(),
        }


def enclosed(moment: Moment, numbers: Mapping[sp.Symbol, Fraction], digits: int, scale: Any = 1) -> Any:
    """Ball of the moment from its definition, by rigorous integration; radius about ``10**-digits * scale``."""
    found = _integrated(moment, numbers, digits, scale)
    missing = _digits(found, arb(scale))
    if missing < digits:  # large coefficients that cancel: integrate with as many more digits
        found = _integrated(moment, numbers, 2 * digits - missing + 2, scale)
    return found


def _integrated(moment: Moment, numbers: Mapping[sp.Symbol, Fraction], digits: int, scale: Any) -> Any:
    mean, covariance = law_of(moment.mean, moment.covariance, numbers)
    table = {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.items()}
    total = arb(0)
    for coefficient, factors in moment.terms:
        bound = tuple(f.subs(table) if f.parameters else f for f in factors)
        law = _law(mean, covariance)
        part = integral(bound, law, digits + 2, scale)
        with precision(int(3.33 * digits) + 128):
            weight = ball_value(sp.sympify(coefficient).xreplace(table), (), (), digits + 5)
            total += weight * part
    return total


def _law(mean: list[sp.Expr], covariance: list[list[sp.Expr]]) -> Law:
    if len(mean) > 2:
        raise UnsupportedModel("more than two letters have no rigorous integral here")
    deviations = tuple(sp.sqrt(covariance[i][i]) for i in range(len(mean)))
    if len(mean) == 1:
        return Law(deviations, tuple(mean))
    return Law(deviations, tuple(mean), sp.radsimp(covariance[0][1] / (deviations[0] * deviations[1])))


def certify(moment: Moment, claim: sp.Expr | None = None, digits: int = DIGITS) -> Certificate:
    """Compare the closed form of a moment, or a claimed one, with the integral of the definition.

    Parameters
    ----------
    moment : Moment
    claim : sympy expression, optional
        A formula in the symbols of the moment to be tested in place of ``moment.expr``.
    digits : int
        Digits wanted at every point.

    Examples
    --------
    >>> from rmtsym.gaussian import TAU, expectation
    >>> moment = expectation("erf").terms[0][1][0]
    >>> square = expectation(moment * moment)
    >>> certify(square).status
    'certified'
    >>> certify(square, claim=2 * sp.acos(2 * TAU / (2 * TAU + 1)) / sp.pi).status
    'refuted'
    """
    formula = moment.expr if claim is None else sp.sympify(claim)
    if formula is None:
        return Certificate((), digits, ("no closed form",))
    checks: list[Check] = []
    skipped: list[str] = []
    for numbers in sample_points(moment):
        where = {str(s): str(v) for s, v in sorted(numbers.items(), key=lambda item: str(item[0]))}
        symbols = tuple(numbers)
        try:
            closed = ball_value(formula, symbols, [numbers[s] for s in symbols], digits + 5)
            scale = abs(closed).upper() if closed != 0 else arb(1)
            found = enclosed(moment, numbers, digits + 2, scale)
        except (NoConvergence, UnsupportedModel, ZeroDivisionError) as reason:
            skipped.append(f"{where}: {reason}")
            continue
        checks.append(_compared(where, closed, found, digits))
    return Certificate(tuple(checks), digits, tuple(skipped), _inner_certificate(moment, digits))


def _compared(where: dict[str, str], closed: Any, found: Any, digits: int) -> Check:
    size = abs(closed).upper() if closed != 0 else arb(1)
    agrees = bool(closed.overlaps(found)) and closed.is_finite()
    left, right = closed.str(digits, radius=False), found.str(digits, radius=False)
    return Check(where, left, right, min(_digits(found, size), 999), agrees)


def _digits(ball: Any, size: Any) -> int:
    """Decimal digits of a ball relative to a size."""
    ratio = ball.rad() / size
    if not ratio.is_finite():
        return 0
    return 10**6 if ratio == 0 else max(0, int(-float((ratio.log() / arb(10).log()).mid())))


_inner_cache: dict[str, Certificate] = {}


def _inner_certificate(moment: Moment, digits: int) -> Certificate | None:
    """Certificate of the conditional expectation that the outer integral of a kernel uses."""
    if len(moment.mean) != 2:
        return None
    from rmtsym.gaussian.expectations import MU, TAU, expectation

    chosen = {}
    for _, (f, g) in moment.terms:
        inner = g if g.closed else f
        if inner.closed and inner.pieces:
            chosen[inner.key] = inner
    certificates = []
    for key, inner in chosen.items():
        name = f"{digits}:{key}"
        if name not in _inner_cache:
            _inner_cache[name] = certify(expectation(inner, TAU, MU), digits=digits)
        certificates.append(_inner_cache[name])
    if not certificates:
        return None
    if len(certificates) == 1:
        return certificates[0]
    return Certificate(
        tuple(c for certificate in certificates for c in certificate.checks),
        digits,
        tuple(s for certificate in certificates for s in certificate.skipped),
    )


_F = Fraction
# (sigma_x, sigma_y, rho): the middle, unequal scales, both boundary layers, both ends, tiny and huge variances
_KERNEL = (
    (_F(1), _F(1), _F(1, 2)),
    (_F(4, 5), _F(3, 2), _F(-3, 10)),
    (_F(1, 1000), _F(2), _F(7, 10)),
    (_F(1), _F(3), 1 - _F(1, 10**8)),
    (_F(2), _F(1), -1 + _F(1, 10**6)),
    (_F(300), _F(1, 2), _F(1, 5)),
    (_F(3, 2), _F(2, 3), _F(1)),
    (_F(3, 2), _F(2, 3), _F(-1)),
)
_VARIANCE = (_F(1), _F(4, 9), _F(1, 10**8), _F(36), _F(10**8))
_SHIFTED = ((_F(0), _F(1)), (_F(-2), _F(4, 9)), (_F(1, 2), _F(1, 10**4)), (_F(3), _F(9)), (_F(-1, 3), _F(36)))
_POSITIVE = (_F(3, 4), _F(5, 4), _F(2), _F(1, 3))
_REAL = (_F(-2, 3), _F(7, 5), _F(1, 2), _F(-9, 4))


def sample_points(moment: Moment) -> Iterator[dict[sp.Symbol, Fraction]]:
    """Points of the certificate: laws crossed with two choices of the parameters, the second one in the tails."""
    from rmtsym.gaussian.expectations import MU, RHO, SIGMA_X, SIGMA_Y, TAU

    law_symbols = {MU, RHO, SIGMA_X, SIGMA_Y, TAU}
    free = set(moment.symbols)
    parameters = sorted(free - law_symbols, key=str)
    wild = _oscillates(moment)
    steep = any(b != 0 for _, factors in moment.terms for f in factors for b in f.breaks)
    if SIGMA_X in free or SIGMA_Y in free or RHO in free:
        laws = [dict(zip((SIGMA_X, SIGMA_Y, RHO), p, strict=True)) for p in _KERNEL]
        if wild:
            laws = [law for law in laws if law[SIGMA_X] < 100]
        if steep:
            # thresholds: ten deviations into the tail (deeper, the closed form needs thousands of bits), and layers
            # of width 1/100 (thinner, the integral needs minutes)
            edge = 1 - _F(1, 10**4)
            laws = [
                law
                | {SIGMA_X: max(law[SIGMA_X], _F(1, 4))}
                | ({RHO: max(-edge, min(edge, law[RHO]))} if abs(law[RHO]) < 1 else {})
                for law in laws
            ]
        if _singular_at_ends(moment):
            laws = [law for law in laws if abs(law[RHO]) < 1]
    elif MU in free:
        laws = [dict(zip((MU, TAU), p, strict=True)) for p in _SHIFTED]
    elif TAU in free:
        laws = [{TAU: v} for v in _VARIANCE if not wild or v < 10]
        if steep:
            laws = [{TAU: max(law[TAU], _F(1, 16))} for law in laws]
    else:
        laws = [{}]
    laws = [{s: v for s, v in law.items() if s in free} for law in laws]
    if not parameters:
        yield from laws
        return
    for shift, law in zip(count(), laws):
        values = {}
        for index, symbol in enumerate(parameters):
            table = _POSITIVE if symbol.is_positive else _REAL
            value = table[(index + shift) % len(table)]
            values[symbol] = value * 9 if shift == 1 and symbol.is_positive and not wild else value
        yield law | values


def _oscillates(moment: Moment) -> bool:
    """Whether huge variances are out of reach: exponentials grow or oscillate beyond any integration."""
    return any(f.pieces is None or any(p.linear != 0 for p in f.pieces) for _, factors in moment.terms for f in factors)


def _singular_at_ends(moment: Moment) -> bool:
    """Whether the definition itself is singular at correlation +-1 (a coefficient with 1 - rho^2 below)."""
    from rmtsym.gaussian.expectations import RHO

    return any(sp.sympify(c).has(RHO) for c, _ in moment.terms)
