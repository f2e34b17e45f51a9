r"""Gaussian moments of functions analytic in a strip, by the trapezoidal rule with its rigorous error.

For ``F`` analytic in :math:`|\mathrm{Im}\,z|\le a` the sum :math:`h\sum_k F(kh)` differs from the integral by at most
:math:`2M/(e^{2\pi a/h}-1)` with :math:`M=\max_\pm\int|F(t\pm ia)|dt` (Trefethen and Weideman, 2014).  With a Gaussian
weight a few dozen nodes give full precision, in one letter or two.
"""

from __future__ import annotations

import math
from functools import lru_cache
from typing import TYPE_CHECKING, Any

import flint
import numpy as np
import sympy as sp
from flint import acb, arb

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.ball import Ball
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.pieces import T
from rmtsym.gaussian.tape import Tape, tape

if TYPE_CHECKING:
    from rmtsym.gaussian.integral import Law

__all__ = ["expectation_values", "kernel_values", "trapezoid"]


def _strip(f: Function) -> tuple[float, float, int]:
    if f.strip is None:
        raise UnsupportedModel(f"{f.name} is neither in the closed-form calculus nor known to be analytic in a strip")
    return f.strip


def _moment_bound(power: int, deviation: float) -> float:
    r"""Bound of :math:`E(1+\sigma|z|)^{n}`: at most :math:`2^n(1+\sigma^n E|z|^n)`."""
    absolute = 2 ** (power / 2) * math.gamma((power + 1) / 2) / math.sqrt(math.pi)
    return 2.0**power * (1 + deviation**power * absolute) * (1 + 1e-12)


def _widths(factors: tuple[tuple[Function, float], ...]) -> tuple[float, float]:
    """Half-width in z and the bound of the product over the strip (Cauchy-Schwarz over the factors)."""
    width, bound, squares = math.inf, 1.0, 1.0
    for f, deviation in factors:
        a, m, n = _strip(f)
        width = min(width, a / deviation)
        bound *= m
        squares *= _moment_bound(2 * n, deviation * 1.5 + 1)
    return min(width, 12.0), bound * math.sqrt(squares)


def _step(width: float, bound: float, goal: float) -> tuple[float, float]:
    """Step h and the discretisation error of one integration: 2 M e^(a^2/2) / (e^(2 pi a / h) - 1)."""
    # a wide strip costs e^(a^2/2); the best width for a target is about sqrt(2 log(1/goal))
    a = min(width, math.sqrt(2 * math.log(4 * bound / goal)))
    h = 2 * math.pi * a / math.log(1 + 4 * bound * math.exp(a * a / 2) / goal)
    return h, 2 * bound * math.exp(a * a / 2) / math.expm1(2 * math.pi * a / h)


def _cut(power: int, deviation: float, bound: float, goal: float) -> float:
    r"""R with :math:`2\int_R^\infty` of the integrand below the goal (and the neglected sum likewise)."""
    radius = 5.0
    while 4 * bound * (1 + deviation * radius) ** power * math.exp(-radius * radius / 2) > goal:
        radius += 0.25
    return radius


def _nodes(factors: tuple[tuple[Function, float], ...], goal: float) -> tuple[float, int, float]:
    """Step, number of nodes on each side, total error bound."""
    width, bound = _widths(factors)
    h, error = _step(width, bound, goal / 4)
    power = sum(_strip(f)[2] for f, _ in factors)
    scale = max(1.0, *(d for _, d in factors))
    count = math.ceil(_cut(power, scale, bound, goal / 4) / h)
    return h, count, error + goal / 2


def trapezoid(f: Function, g: Function, law: Law, goal: Any) -> Any:
    """Ball of E f(x) g(y), both analytic in a strip; cost: the square of a few dozen to a few hundred nodes."""
    sx, sy = (float(d) for d in law.deviations)
    target = float(goal.mid()) / 4
    # y = sy (rho z1 + r z2): a shift of z1 moves both arguments, a shift of z2 the second only
    h, count, error = _nodes(((f, sx), (g, sy)), target)
    if count > 2000:
        raise UnsupportedModel(
            f"the strip of {f.name} is too narrow for deviation {max(sx, sy):g}; ask for fewer digits"
        )
    step = arb(h)
    system = Ball(flint.ctx.prec)
    values = tape(f.definition, (T,)).bind(system)
    inner = tape(g.definition, (T,)).bind(system)
    *deviations, correlation = (_exact_ball(v) for v in (*law.deviations, law.correlation))
    rest = (1 - correlation**2).sqrt()
    weights = [(-((step * k) ** 2) / 2).exp() for k in range(count + 1)]
    along = deviations[1] * correlation * step
    across = deviations[1] * rest * step
    total = arb(0)
    for i in range(-count, count + 1):
        line = arb(0)
        for j in range(-count, count + 1):
            line += weights[abs(j)] * _real(inner(along * i + across * j))
        total += weights[abs(i)] * _real(values(deviations[0] * step * i)) * line
    mass = step * step / (2 * arb.pi())
    # two letters: the outer sum, the inner sum at every outer node (its weights add up to less than twice the bound of
    # the outer factor), and the two cuts, each within `error`
    return total * mass + arb(0, 4 * error)


def _exact_ball(value: Any) -> Any:
    return _real(Tape(sp.sympify(value), ()).run(Ball(flint.ctx.prec), []))


def _real(value: Any) -> Any:
    return value.real if isinstance(value, acb) else value


@lru_cache(maxsize=64)
def _grid(h: float, count: int) -> tuple[np.ndarray, np.ndarray]:
    z = h * np.arange(-count, count + 1)
    return z, h * np.exp(-z * z / 2) / math.sqrt(2 * math.pi)


def expectation_values(f: Function, deviations: Any, error: float = 1e-13) -> tuple[np.ndarray, float]:
    """E f(sigma z) for an array of deviations, with the stated absolute error."""
    sigma = np.asarray(deviations, dtype=float)
    h, count, bound = _nodes(((f, float(sigma.max(initial=1e-300))),), error)
    z, weight = _grid(h, count)
    values = f(sigma[..., None] * z) @ weight
    return values, bound + 4e-16 * float(np.max(np.abs(values), initial=0)) * math.sqrt(len(z))


def kernel_values(
    f: Function, g: Function, deviations: tuple[Any, Any], correlation: Any, error: float = 1e-12
) -> tuple[np.ndarray, float]:
    r"""E f(x) g(y) for arrays of deviations and correlations, with the stated absolute error.

    Raises
    ------
    DomainError
        For a correlation outside [-1, 1].
    """
    sx, sy, rho = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (*deviations, correlation)))
    if np.any(np.abs(rho) > 1):
        raise DomainError("correlation", float(np.max(np.abs(rho))), "-1 <= correlation <= 1")
    h, count, bound = _nodes(((f, float(sx.max(initial=1e-300))), (g, float(sy.max(initial=1e-300)))), error / 4)
    z, weight = _grid(h, count)
    flat = [a.ravel() for a in (sx, sy, rho)]
    out = np.empty(flat[0].shape)
    block = max(1, 2_000_000 // len(z) ** 2)
    for start in range(0, len(out), block):
        s, t, r = (a[start : start + block] for a in flat)
        first = f(s[:, None] * z) * weight
        root = np.sqrt((1 - r) * (1 + r))
        second = g((t * r)[:, None, None] * z[:, None] + (t * root)[:, None, None] * z) @ weight
        out[start : start + block] = np.einsum("ki,ki->k", first, second)
    rounding = 1e-15 * float(np.max(np.abs(out), initial=0)) * math.sqrt(len(z))
    return out.reshape(rho.shape), 4 * bound + rounding
