"""Ball arithmetic: python-flint ``arb`` and ``acb`` as a number system, created inside the raised precision.

A rational turned into a ball at 53 bits would cap the width of everything computed from it, so numbers are made by
:meth:`Ball.number` only, while the working precision is in force.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from fractions import Fraction
from typing import Any

import flint
import numpy as np
from flint import acb, acb_mat, arb, arb_mat, fmpq

from rmtsym.field.diagonal import Diagonal, table
from rmtsym.field.number_system import NumberSystem, real_table

__all__ = ["BALL", "Ball", "precision", "to_fraction"]


@contextmanager
def precision(bits: int) -> Iterator[None]:
    """Working precision of python-flint, restored on exit."""
    old = flint.ctx.prec
    flint.ctx.prec = bits
    try:
        yield
    finally:
        flint.ctx.prec = old


def to_fraction(value: Any) -> Fraction:
    """Exact rational of an int, float, Fraction or numpy scalar (a float is the dyadic rational that it stores)."""
    return Fraction(value.item() if isinstance(value, np.generic) else value)


def _rational(value: Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


class Ball(NumberSystem):
    """Real and complex balls with ``bits`` bits; a function that leaves its domain gives a ball that is not finite."""

    name = "ball"

    def __init__(self, bits: int = 128, analytic: bool = False) -> None:
        self.bits = bits
        self.analytic = analytic  # True: not finite where the function is not analytic on the ball (for integrals)
        self._guards: list[Any] = []

    def __enter__(self) -> Ball:
        guard = precision(self.bits)
        guard.__enter__()
        self._guards.append(guard)
        return self

    def __exit__(self, *args: object) -> None:
        self._guards.pop().__exit__(*args)

    # numbers
    def number(self, value: Any) -> Any:
        if isinstance(value, (arb, acb)):
            return value
        if isinstance(value, np.generic):
            value = value.item()
        if isinstance(value, float):
            return arb(value)
        if isinstance(value, complex):
            return acb(arb(value.real), arb(value.imag))
        if isinstance(value, fmpq):
            return arb(value)
        if hasattr(value, "free_symbols"):  # a sympy number such as sqrt(2): exact at every precision
            from rmtsym.field.evaluate import evaluate

            return evaluate(value, {}, self)
        return arb(_rational(Fraction(value)))

    def constant(self, name: str) -> Any:
        return {"pi": arb.pi, "E": arb.const_e, "EulerGamma": arb.const_euler, "I": lambda: acb(0, 1)}[name]()

    def quotient(self, numerator: Any, denominator: Any) -> Any:
        return 1 / denominator if numerator is None else numerator / denominator

    def power(self, base: Any, exponent: Fraction) -> Any:
        if exponent.denominator == 1 and isinstance(base, arb):  # arb ** n is undefined on a ball that holds zero
            return (acb(base) ** exponent.numerator).real
        return super().power(base, exponent)

    def general_power(self, base: Any, exponent: Any) -> Any:
        if self.analytic and isinstance(base, acb):
            return base.pow(acb(exponent), analytic=True)
        return base**exponent

    def call(self, name: str, *args: Any) -> Any:
        if name in ("Max", "Min"):
            return functools.reduce(lambda a, b: self._extreme(name, a, b), args)
        x = args[0]
        if self.analytic and isinstance(x, acb):
            special = {
                "Abs": "real_abs",
                "sign": "real_sgn",
                "Heaviside": "real_heaviside",
                "sqrt": "sqrt",
                "log": "log",
            }
            if name in special:
                return getattr(x, special[name])(analytic=True)
        if self.analytic and isinstance(x, acb) and _on_cut(name, x):
            return acb(arb.nan(), arb.nan())
        if name in ("re", "im"):
            return (x.real if name == "re" else x.imag) if isinstance(x, acb) else (x if name == "re" else arb(0))
        if name == "conjugate":
            return x.conjugate() if isinstance(x, acb) else x
        if name == "Abs":
            return abs(x)
        if name in ("sign", "Heaviside"):
            x = x.real if isinstance(x, acb) else x
            return x.sgn() if name == "sign" else (x.sgn() + 1) / 2
        return getattr(x, {"loggamma": "lgamma"}.get(name, name))()

    def _extreme(self, name: str, a: Any, b: Any) -> Any:
        if self.analytic and (isinstance(a, acb) or isinstance(b, acb)):
            # both sides must be acb: python-flint does not check
            return getattr(acb(a), "real_max" if name == "Max" else "real_min")(acb(b), analytic=True)
        if isinstance(a, acb) or isinstance(b, acb):
            a, b = acb(a).real, acb(b).real
        return a.max(b) if name == "Max" else a.min(b)

    def compare(self, relation: str, left: Any, right: Any) -> bool | None:
        """True, False, or None when the balls do not decide."""
        left, right = (x.real if isinstance(x, acb) else x for x in (left, right))
        if relation in (">", ">="):
            left, right, relation = right, left, relation.replace(">", "<")
        if relation in ("==", "!="):
            if not left.overlaps(right):
                return relation == "!="
            return relation == "==" if left.is_exact() and right.is_exact() else None
        if relation == "<":
            return True if left < right else (False if left >= right else None)
        return True if left <= right else (False if left > right else None)

    def choose(self, condition: Any, value: Any, otherwise: Callable[[], Any]) -> Any:
        if condition is None:
            if self.analytic:
                return acb(arb.nan())
            other = otherwise()
            return acb(value).union(acb(other)) if isinstance(other, acb) else value.union(other)
        return value if condition else otherwise()

    # matrices
    @staticmethod
    def _pack(rows: int, cols: int, entries: list[Any]) -> Any:
        kind = acb_mat if any(isinstance(x, acb) for x in entries) else arb_mat
        return kind(rows, cols, entries)

    def matrix(self, value: Any) -> Any:
        if isinstance(value, (arb_mat, acb_mat)):
            return value
        if hasattr(value, "in_system"):
            return value.in_system(self)
        table = real_table(value)
        return self._pack(len(table), len(table[0]), [self.number(x) for row in table for x in row])

    def identity(self, n: int) -> Any:
        found = arb_mat(n, n)
        for i in range(n):
            found[i, i] = arb(1)
        return found

    def zeros(self, rows: int, cols: int) -> Any:
        return arb_mat(rows, cols)

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        return self._pack(rows, cols, [entry(i, j) for i in range(rows) for j in range(cols)])

    def hadamard(self, left: Any, right: Any) -> Any:
        entries = [a * b for a, b in zip(left.entries(), right.entries(), strict=True)]
        return self._pack(*self.shape(left), entries)

    def trace_product(self, left: Any, right: Any) -> Any:
        if isinstance(left, Diagonal) or isinstance(right, Diagonal):
            return self.trace(left * right)
        return super().trace_product(left, right)

    def diagonal(self, matrix: Any) -> Any:
        return matrix if isinstance(matrix, Diagonal) else Diagonal(np.diagonal(table(matrix)).copy())

    def diagonal_product(self, left: Any, right: Any) -> Any:
        if isinstance(left, Diagonal) or isinstance(right, Diagonal):
            return self.diagonal(left * right)
        return Diagonal((table(left) * table(right).T).sum(axis=1))


#: Functions with cuts along the real axis (left of a place, or beyond -1 and 1) and along the imaginary one.
_LEFT_CUTS = {"loggamma": 0, "acosh": 1}
_REAL_CUTS = ("asin", "acos", "atanh")
_IMAGINARY_CUTS = ("atan", "asinh")


def _on_cut(name: str, x: acb) -> bool:
    """Whether a complex ball may meet a cut of a function, or the function is analytic nowhere."""
    if name in _LEFT_CUTS:
        return bool(x.imag.contains(0)) and not x.real > _LEFT_CUTS[name]
    if name in _REAL_CUTS or name in _IMAGINARY_CUTS:
        along, across = (x.real, x.imag) if name in _REAL_CUTS else (x.imag, x.real)
        return bool(across.contains(0)) and not abs(along) < 1
    return name in ("re", "im", "conjugate")


@functools.lru_cache(maxsize=32)
def BALL(bits: int = 128) -> Ball:
    """Balls with ``bits`` bits of working precision."""
    return Ball(bits)
