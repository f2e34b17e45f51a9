r"""Rigorous values of Gaussian moments from their definitions, by ball integration.

One letter: :math:`\int f(\mu+\sigma z)\,\varphi(z)\,dz`, split where ``f`` is not analytic, tails bounded by the
growth of ``f``.  Two letters: the outer integral runs over x; the inner one is the conditional expectation of g(y)
given x, either its (separately certified) closed form or, when neither factor has one, both integrals become a
trapezoidal sum whose error is bounded by the strip of analyticity.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import flint
import sympy as sp
from flint import acb, arb

from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.field.ball import Ball
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.pieces import T
from rmtsym.gaussian.tape import Tape, tape

__all__ = ["Law", "integral"]


@dataclass(frozen=True)
class Law:
    """Numbers of a moment: standard deviations, means, correlation (exact: rationals or sympy numbers)."""

    deviations: tuple[Any, ...]
    means: tuple[Any, ...] = (0, 0)
    correlation: Any = 0


def integral(factors: tuple[Function, ...], law: Law, digits: int = 25, scale: Any = 1) -> Any:
    """Ball that contains the moment, radius about ``10**-digits * scale``.

    Parameters
    ----------
    factors : one or two functions with numeric parameters
    law : Law
    digits, scale
        Aim of the integration; the ball returned is rigorous whatever its radius.

    Raises
    ------
    UnsupportedModel
        When the growth of a function is not known, or two factors without closed form are not analytic in a strip.
    """
    for f in factors:
        if f.parameters:
            raise DomainError("function", f.name, "numeric parameters", "bind its symbols with .subs")
    bits = int(3.33 * (digits + 5)) + 32
    with Ball(bits, analytic=True):
        goal = arb(10) ** (-digits) * arb(scale)
        if len(factors) == 1:
            return _single(factors[0], law.deviations[0], law.means[0], goal)
        f, g = factors
        if any(law.means):
            raise UnsupportedModel("two letters with non-zero means; shift the functions with .affine instead")
        if abs(law.correlation) == 1:
            sy, sx = law.deviations[1], law.deviations[0]
            slope = sp.sympify(law.correlation) * sp.sympify(sy) / sp.sympify(sx)
            return _single(f * g.affine(slope), sx, law.means[0], goal)
        if not g.closed and f.closed:
            f, g, law = g, f, Law(law.deviations[::-1], law.means[::-1], law.correlation)
        if g.closed:
            sx, sy = law.deviations
            tail = _tail_bound(f, sx, sp.S.Zero, g, sy)
            return _outer(f, sx, sp.S.Zero, _conditional(g, law), goal, tail, _layers(g, law))
        from rmtsym.gaussian.strip import trapezoid

        return trapezoid(f, g, law, goal)


def _single(f: Function, deviation: Any, mean: Any, goal: Any) -> Any:
    return _outer(f, deviation, mean, None, goal, _tail_bound(f, deviation, mean, None, sp.S.Zero))


def _conditional(g: Function, law: Law) -> Callable[[Any], Any]:
    r""":math:`z\mapsto E[g(y)\mid x=\sigma_x z]` from the closed form with symbolic mean and variance."""
    from rmtsym.gaussian.expectations import MU, TAU, expectation

    closed = expectation(g, TAU, MU).expr
    if closed is None:
        raise UnsupportedModel(f"{g.name} has no closed-form conditional expectation")
    deviation = law.deviations[1]
    correlation = _q(law.correlation)
    slope = _q(deviation) * correlation
    variance = acb(_q(deviation) ** 2 * (1 - correlation) * (1 + correlation))
    program = tape(closed, (MU, TAU)).bind(Ball(flint.ctx.prec, analytic=True))
    return lambda z: program(slope * z, variance)


def _layers(g: Function, law: Law) -> tuple[Any, ...]:
    """Points that bracket the thin layers of the conditional expectation, one around each break of g.

    Near correlation +-1 the layer at ``sy rho z = b`` has width ``sqrt(1 - rho^2)``; an integration that is cut
    there needs few subdivisions.  Any exact points are correct, so their midpoints are used.
    """
    rho, deviation = float(_q(law.correlation)), float(_q(law.deviations[1]))
    width = float((1 - _q(law.correlation) ** 2).sqrt())
    if width > 0.1:
        return ()
    points = set()
    for b in g.breaks:
        center = float(_ball_of(b)) / (deviation * rho)
        steps = [0.0, *(width * 2.0**k for k in range(int(math.log2(20 / width))))]  # width ~ distance to the layer
        points |= {center + side * step for step in steps for side in (-1, 1)}
    return tuple(arb(z) for z in sorted(points))


def _q(value: Any) -> Any:
    """Real ball of an exact number."""
    return _ball_of(sp.sympify(value))


def growth_of(f: Function) -> tuple[float, int, float]:
    """``(A, n, B)`` with ``|f(t)| <= A (1+|t|)^n e^(B|t|)``."""
    if f.growth is not None:
        return f.growth
    if f.pieces is None:
        raise UnsupportedModel(f"the growth of {f.name} is not known, so that its tails cannot be bounded")
    if any(p.quadratic.is_negative for p in f.pieces):
        raise UnsupportedModel(f"{f.name} grows like a Gaussian; its moments exist only for small variances")
    bound = sum(float(abs(c)) for c in f.pieces.values()) * (1 + 1e-12)
    power = max((p.power for p in f.pieces), default=0)
    rate = max((float(abs(sp.re(p.linear))) for p in f.pieces), default=0.0)
    return bound, power, rate * (1 + 1e-12)


def _outer(
    f: Function,
    deviation: Any,
    mean: Any,
    inner: Callable[[Any], Any] | None,
    goal: Any,
    tail: Callable[[Any], Any],
    layers: tuple[Any, ...] = (),
) -> Any:
    """Sum over the pieces of f on [-R, R], plus a ball for the tails."""
    sigma, center = _q(deviation), _q(mean)
    radius = arb(6)
    while not tail(radius) < goal / 4 and radius < 10**6:
        radius = radius + 1 if radius < 60 else radius * 2
    branches = list(zip((-sp.oo, *f.breaks), (*f.breaks, sp.oo), strict=True))
    total, left = arb(0), -radius
    for low, high in branches:
        right = radius if high == sp.oo else (_ball_of(high) - center) / sigma
        if not right > -radius:
            continue
        if not right < radius:
            right = radius
        branch = f.on(low, high)
        if branch != 0:
            inside = [z for z in layers if z > left and z < right]
            for start, end in pairwise([left, *inside, right]):
                total += _piece(branch, sigma, center, inner, start, end, goal)
        left = right
        if right is radius:
            break
    return total + arb(0, tail(radius).upper())


def _tail_bound(f: Function, deviation: Any, mean: Any, g: Function | None, spread: Any) -> Callable[[Any], Any]:
    r"""Bound of the integral over :math:`|z|>R`.

    Beyond R the integrand decays at least like :math:`e^{-\lambda(z-R)}`, with lambda its logarithmic slope at R.
    """
    sigma, center = _q(deviation), abs(_q(mean))
    bound, power, rate = (arb(x) for x in growth_of(f))
    if g is not None:
        # given x, y = m + s w with |m| <= spread |z|, s <= spread, and 1 + |m| + s|w| <= (1 + |m|)(1 + s|w|)
        a, n, b = growth_of(g)
        s = _q(spread)
        powers = arb(4) ** n * (1 + s ** (2 * n) * arb(math.prod(range(1, 2 * n, 2))))
        conditional = arb(a) * (powers * 2 * (2 * (arb(b) * s) ** 2).exp()).sqrt()  # Cauchy-Schwarz
        more_power, more_rate = arb(n), arb(b) * s
    else:
        s, conditional, more_power, more_rate = arb(0), arb(1), arb(0), arb(0)

    def tail(at: Any) -> Any:
        slope = at - rate * sigma - power / at - more_rate - more_power / at
        if not slope > 1:
            return arb("inf")
        front = bound * (1 + center + sigma * at) ** power * (rate * (center + sigma * at)).exp()
        front *= conditional * (1 + s * at) ** more_power * (more_rate * at).exp()
        return 2 * front * (-at * at / 2).exp() / ((2 * arb.pi()).sqrt() * slope)

    return tail


def _ball_of(point: sp.Expr) -> Any:
    if point == -sp.oo:
        return arb("-inf")
    ball = Tape(point, ()).run(Ball(flint.ctx.prec), [])
    return ball.real if isinstance(ball, acb) else ball


def _piece(
    branch: sp.Expr, sigma: Any, center: Any, inner: Callable[[Any], Any] | None, left: Any, right: Any, goal: Any
) -> Any:
    program = tape(branch, (T,)).bind(Ball(flint.ctx.prec, analytic=True))
    constant = 1 / (2 * arb.pi()).sqrt()

    def integrand(z: Any, _: bool) -> Any:
        value = program(sigma * z + center) * (-z * z / 2).exp()
        return value * inner(z) if inner else value

    result = acb.integral(
        integrand, acb(left), acb(right), abs_tol=goal / 8, rel_tol=arb(2) ** (-flint.ctx.prec), eval_limit=60_000
    )
    if not result.real.is_finite():
        raise NoConvergence(f"the ball integral of {branch} did not converge; ask for fewer digits")
    return result.real * constant
