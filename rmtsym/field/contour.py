r"""Contour integrals as averages, so that a statement can be written with them.

The letters are functions of a parameter w that runs through circles; a mean over one circle,
:math:`\frac1{2\pi i}\oint f(w)\frac{dw}w`, is the simplest case.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence

__all__ = ["ContourLaw"]


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
        return dict(zip((s.name for s in measure.letters), letters, strict=True)), form * steps / self.count

    def coarser(self) -> ContourLaw:
        """The same with half as many nodes."""
        return replace(self, count=self.count // 2)

    def settled(self, value: Any) -> Any:
        """A sum over the nodes without the imaginary part that is rounding: the nodes come in conjugate pairs."""
        return value.real if np.all(np.abs(np.imag(value)) <= 1e-9 * (1 + np.abs(value))) else value

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

            def integrand(angle: acb, flag: bool, middle: arb = middle, size: arb = size) -> acb:
                step = size * angle.exp_pi_i()
                frame = Frame(walks[flag].root, {"w": middle + step})
                *values, form = (walks[flag].value(f, frame) for f in images)
                return acb(function(*values, analytic=flag) * form * step)

            total += acb.integral(integrand, 0, 1)
            total += acb(0) if real else acb.integral(integrand, 1, 2)
        if not total.is_finite():
            raise NoConvergence("a contour integral could not be enclosed: the integrand is singular on the contour")
        return total.real if real else total / 2  # half a circle for a real average, the other half is its conjugate

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
