r"""Kernels of homogeneous activations near correlation -1, where their closed form cancels.

Such a kernel is :math:`\sigma_x^m\sigma_y^n h(\rho)` with ``h`` a polynomial in :math:`\rho,\sqrt{1-\rho^2},
\arcsin\rho`.  In the angle :math:`\phi=\pi-\theta`, :math:`\rho=-\cos\phi`, it is entire; its Taylor coefficients,
computed in balls, show the order of vanishing (2n+1 for the arc-cosine kernel of order n) and lose nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.gaussian.presentation import simplified

__all__ = ["AngleSeries", "angle_series"]

_TERMS = 48  # coefficients fall like 1/k!: these leave less than 1e-40 at an angle of 1.5
_ZERO = 2.0**-250  # coefficients are rational in pi with small heights: below this they are zero
RADIUS = 1.5


@dataclass(frozen=True)
class AngleSeries:
    """``prefactor * phi**order * sum(coefficients * phi**k)`` for phi below :data:`RADIUS`."""

    prefactor: sp.Expr
    angle: sp.Expr
    order: int
    coefficients: tuple[float, ...]

    def __call__(self, system: Any, phi: Any, prefactor: Any) -> Any:
        """Value at tracked numbers."""
        total = system.number(0)
        for coefficient in reversed(self.coefficients):
            total = total * phi + system.number(float(coefficient))
        # the coefficients are rounded to doubles: one more unit in the last place
        total.bound = total.bound + 2.0**-52 * np.abs(total.value)
        for _ in range(self.order):
            total = total * phi
        return total * prefactor


@lru_cache(maxsize=128)
def angle_series(expression: sp.Expr) -> AngleSeries | None:
    """The series of a homogeneous kernel in (sigma_x, sigma_y, rho) or (aa, ab, bb), or None."""
    from rmtsym.gaussian.expectations import AA, AB, BB, RHO, SIGMA_X, SIGMA_Y

    free = expression.free_symbols
    if free and free <= {SIGMA_X, SIGMA_Y, RHO}:
        scales, table = (SIGMA_X, SIGMA_Y), {SIGMA_X: 1, SIGMA_Y: 1}
        cosine, sine = -RHO, sp.sqrt((1 - RHO) * (1 + RHO))
    elif free and free <= {AA, AB, BB}:
        scales, table = (sp.sqrt(AA), sp.sqrt(BB)), {AA: 1, BB: 1, AB: RHO}
        cosine, sine = -AB, sp.sqrt(AA * BB - AB**2)
    else:
        return None
    shape = sp.sympify(expression.subs(table, simultaneous=True))
    if not shape.has(RHO):
        return None
    degrees = [_degree(expression, shape, scale, table) for scale in scales]
    if None in degrees:
        return None
    prefactor = sp.Mul(*(scale**d for scale, d in zip(scales, degrees, strict=True)))
    ratio = RHO if RHO in free else AB / sp.sqrt(AA * BB)
    if simplified(expression - prefactor * shape.xreplace({RHO: ratio})) != 0:
        return None
    coefficients = _taylor(shape, RHO)
    if coefficients is None or coefficients[0] != 0:
        return None  # no cancellation at this end
    order = next((k for k, c in enumerate(coefficients) if c != 0), None)
    if order is None:
        return None
    return AngleSeries(prefactor, sp.atan2(sine, cosine), order, tuple(coefficients[order:]))


def _degree(expression: sp.Expr, shape: sp.Expr, scale: sp.Expr, table: dict[sp.Symbol, Any]) -> int | None:
    """Degree of homogeneity in a deviation, measured at one point."""
    from rmtsym.gaussian.expectations import AB, RHO

    symbol = next(iter(scale.free_symbols))
    doubled = {k: v for k, v in table.items() if k not in (symbol, AB)} | {symbol: 4}
    base = 2 if scale != symbol else 4
    if AB in table:
        doubled[AB] = 2 * RHO
    value = (expression.subs(doubled, simultaneous=True) / shape).subs(RHO, sp.Rational(1, 3))
    number = float(sp.N(value, 20))
    if number <= 0:
        return None
    degree = np.log(number) / np.log(base)
    return round(degree) if abs(degree - round(degree)) < 1e-9 else None


def _taylor(shape: sp.Expr, rho: sp.Symbol) -> list[float] | None:
    import flint
    from flint import arb, arb_series

    from rmtsym.field.ball import BALL

    old = flint.ctx.cap
    with BALL(400):
        flint.ctx.cap = _TERMS
        try:
            phi = arb_series([0, 1])
            one = arb_series([1])
            table = {rho: -phi.cos(), sp.sqrt(1 - rho**2): phi.sin(), sp.asin(rho): phi - one * (arb.pi() / 2)}

            def walk(node: sp.Expr) -> Any:
                if node in table:
                    return table[node]
                if not node.has(rho):
                    from rmtsym.gaussian.numeric import ball_value

                    return one * ball_value(node, (), (), 100)
                if node.is_Add or node.is_Mul:
                    parts = [walk(a) for a in node.args]
                    result = parts[0]
                    for part in parts[1:]:
                        result = result + part if node.is_Add else result * part
                    return result
                if node.is_Pow and node.exp.is_Integer and node.exp > 0:
                    result = base = walk(node.base)
                    for _ in range(int(node.exp) - 1):
                        result = result * base
                    return result
                if node.is_Pow and node.base == 1 - rho**2 and node.exp.q == 2 and node.exp > 0:
                    result = one
                    for _ in range(int(2 * node.exp)):
                        result = result * phi.sin()
                    return result
                raise ValueError(str(node))

            series = walk(sp.expand(shape))
        except ValueError:
            return None
        finally:
            flint.ctx.cap = old
        found = [series[k] for k in range(_TERMS)]
    return [0.0 if abs(c) < _ZERO else float(c.mid()) for c in found]
