r"""Contour integrals as averages, so that a statement can be written with them.

The letters are functions of a parameter w that runs through circles; a mean over one circle,
:math:`\frac1{2\pi i}\oint f(w)\frac{dw}w`, is the simplest case.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence

__all__ = ["ContourLaw", "mean_over_circle"]


class _Paired(np.ndarray):
    """Weights of nodes in conjugate pairs: a sum whose imaginary part is rounding is real."""

    def __rmatmul__(self, values: Any) -> Any:
        total = np.asarray(values) @ self.view(np.ndarray)
        small = np.abs(np.imag(total)) <= 1e-9 * (np.abs(values) @ np.abs(self.view(np.ndarray)))
        return total.real if np.all(small) else total


@dataclass(frozen=True)
class ContourLaw:
    r"""The linear form :math:`f\mapsto\frac1{2\pi i}\sum\oint f(\text{letters}(w))\,\omega(w)\,dw` over circles.

    Circles have real centres; letters and form are real on the real line, so real integrands have real averages.  Not
    a probability law: an average of a constant is that constant.

    Parameters
    ----------
    circles : sequence of (centre, radius)
        Exact real numbers; every circle is positively oriented.
    form : sympy expression in ``w``
        Density of the form.
    letters : sequence of sympy expressions in ``w``
        In the order of the measure's letters.
    count : int
        Nodes of the trapezoidal rule on each circle in floating point: it converges geometrically.

    Examples
    --------
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> w = sp.Symbol("w")
    >>> unit = ContourLaw([(0, 1)], 1 / w, [w])
    >>> taylor = Average(sp.exp(w) / w**2, SpectralMeasure("unit", w))  # coefficient of w^2
    >>> bool(abs(evaluate(taylor, {"unit": unit}) - 0.5) < 1e-15)
    True
    >>> evaluate(taylor, {"unit": unit}, BALL(80)).contains(0.5)
    True
    """

    circles: Sequence[tuple[Any, Any]]
    form: sp.Expr
    letters: Sequence[sp.Expr]
    count: int = 256

    def __post_init__(self) -> None:
        names = {s.name for f in (self.form, *self.letters) for s in sp.sympify(f).free_symbols}
        if names - {"w"}:
            raise DomainError("form", self.form, "functions of w alone", "give numbers for the parameters")
        for centre, radius in self.circles:
            if not radius > 0:
                raise DomainError("circles", f"({centre}, {radius})", "positive radii", "drop the circle")

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        from rmtsym.field.evaluate import evaluate

        turn = np.exp(2j * np.pi * (np.arange(self.count) + 0.5) / self.count)
        steps = np.concatenate([float(radius) * turn for _, radius in self.circles])
        centres = np.repeat([float(centre) for centre, _ in self.circles], self.count)
        images = evaluate([*self.letters, self.form], {"w": centres + steps})
        *letters, form = (np.broadcast_to(np.asarray(x), steps.shape) for x in images)
        weights = (form * steps / self.count).view(_Paired)
        return dict(zip((s.name for s in measure.letters), letters, strict=True)), weights

    def coarser(self) -> ContourLaw:
        """The same with half as many nodes."""
        return replace(self, count=self.count // 2)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from flint import acb, arb

        from rmtsym.field.ball import Ball
        from rmtsym.field.evaluate import Frame, Walk

        images = [sp.sympify(f) for f in (*self.letters, self.form)]
        walks = {flag: Walk(Ball(bits, analytic=flag), {}) for flag in (False, True)}
        real = not isinstance(function(*(arb(3) / 8 for _ in self.letters)), acb)
        total = acb(0)
        for centre, radius in self.circles:
            middle, size = (walks[False].system.number(x) for x in (centre, radius))

            def integrand(place: acb, flag: bool, middle: arb = middle, size: arb = size) -> acb:
                step = size * place.exp()
                frame = Frame(walks[flag].root, {"w": middle + step})
                *values, form = (walks[flag].value(f, frame) for f in images)
                return acb(function(*values, analytic=flag) * form * step)

            total += mean_over_circle(integrand, bits, real)
        return total.real if real else total

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        from rmtsym.field.evaluate import evaluate

        mp, images, total = system.mp, [*self.letters, self.form], 0
        for centre, radius in self.circles:
            middle, size = system.number(centre), system.number(radius)

            def integrand(angle: Any, middle: Any = middle, size: Any = size) -> Any:
                step = size * mp.expjpi(angle)
                *values, form = evaluate(images, {"w": middle + step}, system)
                return function(*values) * form * step / 2

            total += mp.quad(integrand, mp.linspace(0, 2, 9))
        return mp.re(total) if abs(mp.im(total)) <= mp.eps * 2**10 * (1 + abs(total)) else total


#: A bound of this size costs a third more nodes than a bound of 1 at 80 bits; a cell with a larger one is split.
_LARGE = 1e8
#: Logarithms of the ratio of radii of the annuli in which an integrand is tried.
_WIDTHS = (0.7, 0.5, 0.35, 0.25, 0.18, 0.125, 0.09, 0.06, 0.04)


def mean_over_circle(function: Callable[[Any, bool], Any], bits: int, real: bool) -> Any:
    r"""Rigorous :math:`\int_0^{2\pi}g(i\theta)\,d\theta/2\pi` for a function of period :math:`2\pi i`.

    If :math:`|g|\le M` for :math:`|\Re u|\le\ell`, the trapezoidal rule with N nodes errs by at most
    :math:`2M/(e^{\ell N}-1)`.  The bound holds where balls that cover the strip have finite images, which also shows
    that nothing is singular there.  A function that is singular too close is integrated adaptively.

    Parameters
    ----------
    function : callable
        ``function(ball, flag)``; with the flag its value must not be finite where it is not analytic on the ball.
    bits : int
        Working precision, and about the precision of the result.
    real : bool
        Whether ``g(conj u)`` is the conjugate of ``g(u)``: half of the nodes are enough then.
    """
    from flint import acb, arb

    for width in _WIDTHS:
        bound = _bound(function, width, real)
        if bound is None:
            continue
        wanted = bits * math.log(2) + max(0.0, float(bound.log()))
        count = 2 * math.ceil(max(wanted, 1.0) / width / 2)
        nodes = [arb(2 * k + 1) / count for k in range(count // 2 if real else count)]
        total = sum((function(acb(0, arb.pi() * k), False) for k in nodes), acb(0))
        error = arb(0, (2 * bound / ((arb(width) * count).exp() - 1)).upper())
        return acb((2 if real else 1) * total / count) + acb(error, 0 if real else error)
    half = lambda angle, flag: acb(function(acb(0, arb.pi()) * angle, flag))  # noqa: E731
    total = acb.integral(half, 0, 1)
    total = total if real else (total + acb.integral(half, 1, 2)) / 2
    if not total.is_finite():
        raise NoConvergence("a contour integral could not be enclosed: the integrand is singular on the contour")
    return total


def _bound(function: Callable[[Any, bool], Any], width: float, real: bool, arcs: int = 8, depth: int = 5) -> Any:
    """Upper bound of the modulus on the strip, by cells that are split where one ball says nothing; None if none is
    found."""
    from flint import acb, arb

    top = arb(0)
    angle = 1 / arcs
    cells = [(0.0, width, (2 * k + 1) * angle, angle, depth) for k in range(arcs // (2 if real else 1))]
    while cells:
        place, reach, turn, half, left = cells.pop()
        size = abs(function(acb(arb(place, reach * 1.0000001), arb.pi() * arb(turn, half * 1.0000001)), True))
        if size.is_finite() and float(size.upper()) < _LARGE:
            top = top.max(size.upper())
        elif left == 0:
            return None
        else:
            halves = [(s * reach / 2, t * half / 2) for s in (-1, 1) for t in (-1, 1)]
            cells += [(place + a, reach / 2, turn + b, half / 2, left - 1) for a, b in halves]
    return top.upper()
