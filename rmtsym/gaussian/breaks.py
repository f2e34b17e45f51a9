"""Points where a function is not analytic: their order, and the analytic branch between two of them."""

from __future__ import annotations

from collections.abc import Iterable

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.pieces import T

__all__ = ["between", "ordered", "resolved"]


def ordered(points: Iterable[sp.Expr]) -> tuple[sp.Expr, ...]:
    """Distinct points in ascending order; the order must follow from the symbols' assumptions.

    >>> s = sp.Symbol("s", positive=True)
    >>> ordered([s, sp.S.Zero, -s, s])
    (-s, 0, s)
    """
    result: list[sp.Expr] = []
    for point in dict.fromkeys(points):
        position = 0
        for position, other in enumerate(result):  # noqa: B007
            if _below(point, other):
                break
        else:
            position = len(result)
        result.insert(position, point)
    return tuple(result)


def _below(a: sp.Expr, b: sp.Expr) -> bool:
    difference = sp.expand(b - a)
    if difference.is_positive:
        return True
    if difference.is_negative:
        return False
    factored = sp.factor(difference)
    if factored.is_positive is not None and factored.is_nonzero:
        return bool(factored.is_positive)
    raise UnsupportedModel(
        f"cannot order the thresholds {a} and {b}; write the larger one as smaller + positive symbol"
    )


def between(low: sp.Expr, high: sp.Expr) -> sp.Expr:
    if low == -sp.oo and high == sp.oo:
        return sp.S.Zero
    if low == -sp.oo:
        return high - 1
    if high == sp.oo:
        return low + 1
    return (low + high) / 2


def resolved(expression: sp.Expr, point: sp.Expr) -> sp.Expr:
    """Analytic branch, at a point, of an expression with Max, Min, Abs, sign, Heaviside, floor or Piecewise."""
    if not expression.has(sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise, sp.floor):
        return expression
    if isinstance(expression, sp.Piecewise):
        for value, condition in expression.args:
            if condition == True or condition.xreplace({T: point}) == True:  # noqa: E712
                return resolved(value, point)
    arguments = [resolved(a, point) for a in expression.args]
    numbers = [a.xreplace({T: point}) for a in arguments]
    if isinstance(expression, (sp.Max, sp.Min)):
        chosen = type(expression)(*numbers)
        return next(a for a, number in zip(arguments, numbers, strict=True) if number == chosen)
    if isinstance(expression, sp.Abs):
        return arguments[0] if numbers[0] >= 0 else -arguments[0]
    if isinstance(expression, sp.sign):
        return sp.sign(numbers[0])
    if isinstance(expression, sp.Heaviside):
        return sp.S.One if numbers[0] > 0 else sp.S.Zero
    if isinstance(expression, sp.floor):
        return sp.floor(numbers[0])
    return expression.func(*arguments)
