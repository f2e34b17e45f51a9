r"""Numbers of closed forms: vectorised doubles with a stated error, multiprecision, balls."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.gaussian.tape import tape
from rmtsym.gaussian.tracked import TRACKED, Tracked

__all__ = ["ClosedFunction", "ball_value", "compiled", "stable_form"]

_ROUNDING = 1e-12  # relative excess of ab^2 over aa bb that sums of a few thousand products may leave
_TOLERANCE = 1e-13  # what a caller of the vectorised function may rely on


def stable_form(expression: sp.Expr) -> sp.Expr:
    r"""The same function with asin(N/D) as atan2(N, sqrt(D^2 - N^2)) and 1 - rho^2 as (1 - rho)(1 + rho).

    Products of exp with cosh or sinh become sums of exponentials, which do not overflow where the product is finite.

    >>> x = sp.Symbol("x", real=True)
    >>> stable_form(sp.asin(2 * x / (1 + x**2)) / (1 - x**2))
    atan2(2*x, Abs(x - 1)*Abs(x + 1))/((1 - x)*(x + 1))
    """

    def angle(node: sp.Expr) -> sp.Expr:
        above, below = sp.fraction(sp.together(node.args[0]))
        rest = sp.factor(sp.expand(below**2) - sp.expand(above**2))
        return sp.atan2(above, sp.sqrt(rest))

    def difference(node: sp.Expr) -> sp.Expr:
        symbol = next(iter(node.free_symbols))
        return (1 - symbol) * (1 + symbol)

    def is_difference(node: sp.Basic) -> bool:
        letters = node.free_symbols
        return isinstance(node, sp.Add) and len(letters) == 1 and node == 1 - next(iter(letters)) ** 2

    if expression.has(sp.cosh, sp.sinh):
        growing = expression.replace(lambda e: isinstance(e, (sp.cosh, sp.sinh)), lambda e: e.rewrite(sp.exp))
        expression = sp.powsimp(sp.expand(growing))
    return expression.replace(lambda e: isinstance(e, sp.asin) and not e.is_number, angle).replace(
        is_difference, difference
    )


def compiled(expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> Callable[..., Any]:
    """Plain vectorised doubles."""
    from rmtsym.field.evaluate import FLOAT

    return tape(expression, tuple(symbols)).bind(FLOAT)


def ball_value(expression: sp.Expr, symbols: Sequence[sp.Symbol], values: Sequence[Any], digits: int = 30) -> Any:
    """Ball of the expression at exact numbers, relative radius below ``10**-digits`` (or absolute, if it is zero).

    Raises
    ------
    NoConvergence
        When 8192 bits do not suffice.
    """
    from flint import acb, arb

    from rmtsym.field.ball import BALL

    program = tape(expression, tuple(symbols))
    bits = int(3.33 * digits) + 64
    while bits <= 8192:
        with BALL(bits) as system:
            ball = program.run(system, values)
            if isinstance(ball, acb):
                ball = ball.real
            goal = arb(10) ** (-digits)
            if ball.is_finite() and (ball.rad() <= goal * abs(ball).lower() or ball.rad() <= arb(2) ** -4096):
                return ball
        bits *= 2
    if ball.is_finite() and ball.contains(0) and ball.rad() <= arb(10) ** (-10 * digits):
        return ball  # zero as far as 8192 bits can see
    where = ", ".join(f"{s} = {v}" for s, v in zip(symbols, values, strict=True))
    raise NoConvergence(f"8192 bits do not give {digits} digits of the closed form at {where}; is it finite there?")


_AREA = sp.Symbol("aa", positive=True) * sp.Symbol("bb", positive=True) - sp.Symbol("ab", real=True) ** 2
_DET = sp.Symbol("det", nonnegative=True)


def difference_of_products(a: Any, b: Any, c: Any, d: Any) -> Tracked:
    """``a*b - c*d`` of doubles with a relative error of a few units, by error-free products (Dekker, 1971)."""

    def halves(x: Any) -> tuple[Any, Any]:
        shifted = 134217729.0 * x
        high = shifted - (shifted - x)
        return high, x - high

    def product(x: Any, y: Any) -> tuple[Any, Any]:
        (xh, xl), (yh, yl) = halves(x), halves(y)
        p = x * y
        return p, ((xh * yh - p) + xh * yl + xl * yh) + xl * yl

    (p, e), (q, f) = product(a, b), product(c, d)
    top, low = p - q, e - f
    # p - q is exact when it cancels (Sterbenz); otherwise its rounding is relative to the result
    value = top + low
    rest = np.where((q >= p / 2) & (q <= 2 * p), 0.0, np.abs(top))
    return Tracked(value, 2.0**-52 * (np.abs(value) + rest) + 2.0**-104 * (np.abs(p) + np.abs(q)))


class ClosedFunction:
    """Vectorised doubles of a closed form, correct to ``1e-13`` relative or recomputed in ball arithmetic.

    Parameters
    ----------
    expression : sympy expression
    symbols : sequence of Symbol
        Order of the arguments; arguments broadcast and are taken as exact doubles.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> f = ClosedFunction(sp.cosh(x) - 1, [x])
    >>> round(f(1e-8) * 1e17, 12)
    5.0
    """

    def __init__(self, expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> None:
        self.expression, self.symbols = expression, tuple(symbols)
        self._exact = stable_form(expression)
        self._fast = self._exact.subs(_AREA, _DET) if self._exact.has(_AREA) else self._exact
        self.recomputed = 0  # entries of the last call that needed balls

    def __call__(self, *values: Any) -> Any:
        return self.with_error(*values)[0]

    def with_error(self, *values: Any) -> tuple[Any, Any]:
        """Values and bounds of their absolute errors; ``nan`` with bound ``inf`` where the form is singular.

        Raises
        ------
        DomainError
            When ``ab**2`` exceeds ``aa*bb`` by more than rounding.
        """
        arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in values)) if values else []
        shape = arrays[0].shape if arrays else ()
        try:
            with np.errstate(all="ignore"):
                result = self._tracked(self._fast, arrays)
            value = np.array(np.broadcast_to(result.value, shape)).ravel()
            bound = 2 * np.array(np.broadcast_to(result.bound, shape)).ravel()
        except UnsupportedModel:
            value, bound = np.full(math.prod(shape), np.nan), np.full(math.prod(shape), np.inf)
        weak = ~(bound <= _TOLERANCE * np.abs(value)) & ~((value == 0) & (bound == 0))
        flat = [a.ravel() for a in arrays]
        weak[self._on_boundary(flat, value, bound)] = False
        indices = self._by_series(np.flatnonzero(weak), flat, value, bound)
        self.recomputed = len(indices)
        for i in indices:
            value[i], bound[i] = _ball_entry(self._exact, self.symbols, tuple(float(a[i]) for a in flat))
        return (value.reshape(shape), bound.reshape(shape)) if shape else (float(value[0]), float(bound[0]))

    def _on_boundary(self, flat: list[Any], value: Any, bound: Any) -> Any:
        """Fill the entries of parallel columns, whose inner product rounding has put outside |ab| <= sqrt(aa bb).

        Their angle is clipped: the value is that of the kernel at correlation +1 or -1.
        """
        named = {s.name: a for s, a in zip(self.symbols, flat, strict=True)}
        if not {"aa", "ab", "bb"} <= set(named):
            return np.zeros(0, dtype=int)
        aa, ab, bb = (named[name] for name in ("aa", "ab", "bb"))
        det = difference_of_products(aa, bb, ab, ab).value
        outside = np.flatnonzero(det < 0)
        if outside.size and np.any(-det[outside] > _ROUNDING * aa[outside] * bb[outside]):
            raise DomainError(
                "ab", "an inner product", "ab^2 <= aa*bb up to rounding", "compute all three from the data"
            )
        for sign in (1, -1):
            chosen = outside[np.sign(ab[outside]) == sign]
            if chosen.size:
                end = self._end(sign)
                rest = [a[chosen] for s, a in zip(self.symbols, flat, strict=True) if s.name != "ab"]
                value[chosen], bound[chosen] = end.with_error(*rest)
        return outside

    def _end(self, sign: int) -> ClosedFunction:
        """The kernel at correlation ``sign``."""
        table = {s.name: s for s in self.symbols}
        edge = sign * sp.sqrt(table["aa"]) * sp.sqrt(table["bb"])
        rest = [s for s in self.symbols if s.name != "ab"]
        return ClosedFunction(sp.sympify(self.expression.subs(table["ab"], edge)), rest)

    def _tracked(self, expression: sp.Expr, arrays: Sequence[Any]) -> Tracked:
        """The expression with error bounds; aa bb - ab^2 enters as one correctly rounded number."""
        if not expression.has(_DET):
            return tape(expression, self.symbols).run(TRACKED, arrays)
        position = {s.name: i for i, s in enumerate(self.symbols)}
        det = difference_of_products(*(arrays[position[name]] for name in ("aa", "bb", "ab", "ab")))
        return tape(expression, (*self.symbols, _DET)).run(TRACKED, [*arrays, det])

    def _by_series(self, indices: Any, flat: list[Any], value: Any, bound: Any) -> Any:
        """Fill entries near correlation -1 from the series in the angle; returns those that remain."""
        from rmtsym.gaussian.angle import RADIUS, angle_series

        series = angle_series(self.expression) if len(indices) > 8 else None
        if series is None:
            return indices
        with np.errstate(all="ignore"):
            some = [a[indices] for a in flat]
            phi = self._tracked(series.angle.subs(_AREA, _DET), some)
            found = series(TRACKED, phi, self._tracked(series.prefactor, some))
            good = (np.abs(phi.value) < RADIUS) & (2 * found.bound <= _TOLERANCE * np.abs(found.value))
        value[indices[good]], bound[indices[good]] = found.value[good], 2 * found.bound[good]
        return indices[~good]


@lru_cache(maxsize=65536)
def _ball_entry(expression: sp.Expr, symbols: tuple[sp.Symbol, ...], point: tuple[float, ...]) -> tuple[float, float]:
    from flint import arb

    try:
        ball = ball_value(expression, symbols, [arb(x) for x in point], 17)
    except NoConvergence:
        return math.nan, math.inf  # singular there (a removable singularity at correlation +-1): not known, not zero
    return float(ball.mid()), 2.0**-52 * abs(float(ball.mid()))
