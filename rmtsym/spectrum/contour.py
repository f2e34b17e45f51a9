"""Contour integrals around a support: linear statistics with proven error, and the Bai-Silverstein limits.

Contours are ellipses ``z = center + half (w + 1/w)/2`` with foci at the ends of the support; the trapezoidal rule in
the angle of w converges geometrically, and its error is bounded through the maxima of the integrand on two further
ellipses.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import sympy as sp
from flint import acb, arb
from flint import ctx as flint_context

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.ball import Ball
from rmtsym.field.evaluate import BALL, FLOAT, evaluate
from rmtsym.field.value import Value
from rmtsym.parsing import parse_expression
from rmtsym.spectrum.algebraic import SpectralLaw
from rmtsym.spectrum.law import Law
from rmtsym.spectrum.polynomial import ball_rows, rational

__all__ = ["AnalyticFunction", "Ellipses", "linear_statistic", "log_determinant"]


class AnalyticFunction:
    """A function of x for contour integrals: text or sympy expression in the symbol ``x``.

    Its singular points (zeros of denominators and of arguments of log and of roots) are found from the expression.

    >>> AnalyticFunction("log(x + 1/2)").singular
    (-0.5,)
    >>> AnalyticFunction("1/(x^2 + 1)").singular
    (-1j, 1j)
    """

    _FUNCTIONS = {"exp": sp.exp, "log": sp.log, "sqrt": sp.sqrt, "sin": sp.sin, "cos": sp.cos}  # noqa: RUF012

    def __init__(self, expression: Any) -> None:
        x = sp.Symbol("x")
        if isinstance(expression, str):
            number = lambda q: sp.Rational(q.numerator, q.denominator)  # noqa: E731
            expression = parse_expression(expression, {"x": x}, self._FUNCTIONS, number)
        self.expression = sp.sympify(expression)
        strange = {str(s) for s in self.expression.free_symbols} - {"x"}
        if strange:
            raise DomainError(
                "f", expression, "a function of x alone", f"give numbers for {', '.join(sorted(strange))}"
            )
        self.expression = self.expression.subs({s: x for s in self.expression.free_symbols})

    def __repr__(self) -> str:
        return f"AnalyticFunction({self.expression})"

    @cached_property
    def singular(self) -> tuple[complex | float, ...]:
        """Points where f is not analytic, or where a cut of it begins."""
        found: set[complex] = set()
        for part in sp.preorder_traversal(self.expression):
            base = None
            if isinstance(part, sp.log):
                base = part.args[0]
            elif (
                isinstance(part, sp.Pow)
                and not (part.exp.is_Integer and part.exp >= 0)
                and part.base.has(sp.Symbol("x"))
            ):
                base = part.base
            if base is not None:
                numerator, denominator = sp.fraction(sp.together(base))
                for poly in (numerator, denominator):
                    if poly.has(sp.Symbol("x")):
                        found |= {complex(r) for r in sp.Poly(poly, sp.Symbol("x")).nroots(n=17)}
        ordered = sorted(found, key=lambda r: (r.real, r.imag))
        return tuple(r.real if r.imag == 0 else r for r in ordered)

    def ball(self, z: acb) -> acb:
        return evaluate(self.expression, {"x": z}, BALL(flint_context.prec))

    def analytic(self, z: acb) -> bool:
        """Whether the function is proven to be analytic on a ball, and real where x is."""
        if self.expression.has(sp.I):
            return False
        value = acb(evaluate(self.expression, {"x": z}, Ball(flint_context.prec, analytic=True)))
        return bool(value.is_finite())

    def __call__(self, z: np.ndarray) -> np.ndarray:
        return np.broadcast_to(np.asarray(evaluate(self.expression, {"x": z}, FLOAT)), np.shape(z))


@dataclass(frozen=True)
class Ellipses:
    """Family of confocal ellipses, |w| = rho, around [center - half, center + half]; f is analytic up to ``limit``."""

    center: float
    half: float
    limit: float

    @classmethod
    def around(cls, bounds: tuple[float, float], singular: Sequence[complex], function: Any) -> Ellipses:
        low, high = bounds
        room = 4 * math.ulp(max(abs(low), abs(high)))  # the ends are rounded, and so is the centre
        center, half = (low + high) / 2, (high - low) / 2 * (1 + 1e-12) + room
        limit = 8.0
        for point in singular:
            u = (complex(point) - center) / half
            w = u + np.sqrt(u * u - 1 + 0j)
            limit = min(limit, max(abs(w), 1 / abs(w)))
        if limit < 1.0001:
            raise DomainError(
                "f",
                function,
                f"functions analytic around the support [{low:.6g}, {high:.6g}]",
                "use law.expectation(f)",
            )
        return cls(center, half, limit)

    def at(self, w: Any) -> Any:
        """z(w)."""
        return self.center + self.half * (w + 1 / w) / 2

    def rate(self, w: Any) -> Any:
        """w dz/dw."""
        return self.half * (w - 1 / w) / 2


def linear_statistic(law: Law, function: Any, digits: int = 10) -> Value:
    r"""Expectation :math:`\int f\,d\mu = -\frac{1}{2\pi i}\oint f(z) m(z)\,dz`, with a proven radius for algebraic
    laws.

    Parameters
    ----------
    law : Law
    function : AnalyticFunction, text or sympy expression in x
        Analytic in a neighbourhood of the interval spanned by the support.
    digits : int
        Digits wanted after the point.

    Returns
    -------
    Value
        ``"enclosed"`` for a :class:`SpectralLaw`; for other laws ``"residual"`` with the change under doubling the
        nodes.

    Raises
    ------
    DomainError
        If f has a singular point on or too near to the support.

    Examples
    --------
    >>> from rmtsym.spectrum import marchenko_pastur
    >>> value = linear_statistic(marchenko_pastur("1/2"), "log(x)")
    >>> abs(value.value - (math.log(2) - 1)) <= value.radius + 1e-16, value.radius < 1e-10
    (True, True)
    """
    f = function if isinstance(function, AnalyticFunction) else AnalyticFunction(function)
    if not law.support.components and all(atom.exact for atom in law.atoms):
        with flint_context.workprec(max(128, 80 + 4 * digits)):
            pairs = [[arb(rational(number)) for number in a.exact or ()] for a in law.atoms]
            total = sum((f.ball(acb(place)) * mass for place, mass in pairs), acb(0))
        return Value.from_ball(total.real, "sum over atoms")
    ellipses = Ellipses.around(law.bounds, f.singular, f.expression)
    if isinstance(law, SpectralLaw):
        return _enclosed(law, f, ellipses, digits)
    previous, size = None, 32
    while size <= 4096:
        value = _trapezoid(law, f, ellipses, size)
        if previous is not None and abs(value - previous) <= 10.0 ** (-digits - 1) * max(1.0, abs(value)):
            return Value(value, math.inf, "residual", f"contour, change under doubling {abs(value - previous):.1e}")
        previous, size = value, 2 * size
    raise NoConvergence(f"the contour integral of {f.expression} did not settle: its singular points are too close")


def log_determinant(law: Law, digits: int = 10) -> Value:
    """``E log X``: the normalised log-determinant."""
    return linear_statistic(law, "log(x)", digits)


def _trapezoid(law: Law, f: AnalyticFunction, ellipses: Ellipses, size: int) -> float:
    radius = math.sqrt(ellipses.limit)
    w = radius * np.exp(1j * np.pi * (2 * np.arange(size // 2) + 1) / size)
    z = ellipses.at(w)
    return float(-2 / size * np.sum((f(z) * law.stieltjes(z) * ellipses.rate(w)).real))


def _enclosed(law: SpectralLaw, f: AnalyticFunction, ellipses: Ellipses, digits: int) -> Value:
    inner, middle, outer = (ellipses.limit**power for power in (0.15, 0.55, 0.95))
    with flint_context.workprec(80 + 4 * digits):
        _check_analytic(f, ellipses, outer)
        sizes = _maximum(f, ellipses, inner), _maximum(f, ellipses, outer)
        size = 16
        while (error := _tail(sizes, (inner, middle, outer), size)) > 10.0 ** (-digits - 1):
            size += max(8, size // 8)
            if size > 20000:
                raise NoConvergence(f"the contour for {f.expression} would need {size} nodes: f is singular too close")
        size += size % 2
        rows = ball_rows(law.curve.table)
        total, previous = arb(0), None
        for k in range(size // 2):
            w = acb(arb(middle)) * acb(arb(2 * k + 1) / size).exp_pi_i()
            z = arb(ellipses.center) + arb(ellipses.half) * (w + 1 / w) / 2
            rate = arb(ellipses.half) * (w - 1 / w) / 2
            m = law.branch.walk(rows, previous, z)
            previous = (z, m)
            total += (f.ball(z) * m * rate).real
        value = -2 * total / size
        return Value.from_ball(value + arb(0, error * (1 + 1e-6)), f"contour, {size} nodes, proven tail")


def _check_analytic(f: AnalyticFunction, ellipses: Ellipses, rho: float) -> None:
    """Prove that f is real on the real line and analytic inside the ellipse |w| = rho: cells of the half annulus
    1 <= |w| <= rho cover its upper half, and are halved where one ball says nothing.
    """
    middle, count = math.log(rho) / 2, 0
    cells = [(middle, middle, (2 * k + 1) / 16, 1 / 16, 40) for k in range(8)]
    while cells:
        place, reach, turn, half, left = cells.pop()
        count += 1
        u = acb(arb(place, reach * 1.0000001), arb.pi() * arb(turn, half * 1.0000001))
        if f.analytic(arb(ellipses.center) + arb(ellipses.half) * u.cosh()):
            continue
        if left == 0 or count > 20_000:  # smaller cells would not overlap
            break
        if reach > 3 * half:
            cells += [(place + x, reach / 2, turn, half, left - 1) for x in (-reach / 2, reach / 2)]
        else:
            cells += [(place, reach, turn + y, half / 2, left - 1) for y in (-half / 2, half / 2)]
    else:
        return
    ends = f"[{ellipses.center - ellipses.half:.6g}, {ellipses.center + ellipses.half:.6g}]"
    shown = f"real functions analytic around the support {ends}"
    raise DomainError("f", f.expression, shown, "use law.expectation(f)")


def _tail(sizes: tuple[float, float], radii: tuple[float, float, float], count: int) -> float:
    """Laurent coefficients beyond the reach of the trapezoidal rule."""
    inward, outward = (radii[0] / radii[1]) ** count, (radii[1] / radii[2]) ** count
    return sizes[0] * inward / (1 - inward) + sizes[1] * outward / (1 - outward)


def _maximum(f: AnalyticFunction, ellipses: Ellipses, rho: float) -> float:
    """Upper bound of ``|f m w dz/dw|`` on one ellipse: balls for f on arcs, ``|m| <= 1/distance``."""
    top = arb(0)
    arcs = [(k, 32) for k in range(32)]
    for k, count in arcs:  # grows while it is read: an arc on which f cannot be bounded is halved
        angle = arb((2 * k + 1) / count, 1.01 / count)
        w = acb(arb(rho)) * acb(angle).exp_pi_i()
        z = arb(ellipses.center) + arb(ellipses.half) * (w + 1 / w) / 2
        bound = abs(f.ball(z))
        if bound.is_finite() and float(bound.rad()) <= float(bound.mid()):
            top = top.max(bound.upper())
        elif count < 2**20:
            arcs += [(2 * k, 2 * count), (2 * k + 1, 2 * count)]
        else:
            raise NoConvergence(f"{f.expression} could not be bounded on the contour: it is singular too close")
    distance = ellipses.half * (rho - 1) ** 2 / (2 * rho)
    return float(top.upper()) * ellipses.half * (rho + 1 / rho) / 2 / distance
