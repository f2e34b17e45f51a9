"""An expression compiled to a straight-line program that runs in any number system.

Common subexpressions are computed once; the program is a list of closures on a list of registers, so that integrands
are cheap to call.  Number systems come from :mod:`rmtsym.field`; this room adds the functions that it needs.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.special import BivariateNormal, bivariate_normal

__all__ = ["Tape", "tape"]

Instruction = tuple[str, tuple[int, ...], Any]
_FUNCTIONS = (
    sp.exp, sp.log, sp.sin, sp.cos, sp.sinh, sp.cosh, sp.tanh, sp.asin, sp.acos, sp.atan, sp.atanh,
    sp.erf, sp.erfc, sp.erfi, sp.Abs, sp.sign, sp.Max, sp.Min, sp.Heaviside,
)  # fmt: skip


class Tape:
    """Straight-line program of an expression in given symbols.

    >>> from rmtsym.field.evaluate import FLOAT
    >>> x = sp.Symbol("x")
    >>> float(Tape(sp.exp(x) / 2, (x,)).run(FLOAT, [0.0]))
    0.5
    """

    def __init__(self, expression: sp.Expr, symbols: Sequence[sp.Symbol]) -> None:
        self.expression, self.symbols = expression, tuple(symbols)
        self._registers: dict[sp.Basic, int] = {s: i for i, s in enumerate(self.symbols)}
        self._program: list[Instruction] = []
        self._constants: list[Instruction] = []
        self._result = self._emit(expression)

    def run(self, system: Any, values: Sequence[Any]) -> Any:
        """Value of the expression; ``values`` are numbers of the system (or anything that it reads)."""
        return self.bind(system)(*values)

    def bind(self, system: Any) -> Callable[..., Any]:
        """The program with its constants made in the working precision of the system; call it with values."""
        start: list[Any] = [None] * (len(self.symbols) + len(self._constants) + len(self._program))
        position = len(self.symbols)
        for kind, _, payload in self._constants:
            start[position] = system.number(payload) if kind == "number" else system.constant(payload)
            position += 1
        steps = [
            (self._slot(i), _closure(system, kind, tuple(map(self._slot_of, references)), payload))
            for i, (kind, references, payload) in enumerate(self._program)
        ]
        number, result, count = system.number, self._slot_of(self._result), len(self.symbols)

        def call(*values: Any) -> Any:
            registers = start.copy()
            registers[:count] = map(number, values)
            for slot, step in steps:
                registers[slot] = step(registers)
            return registers[result]

        return call

    # registers: symbols, then constants, then instructions; indices of the last two are negative until bound
    def _slot(self, instruction: int) -> int:
        return len(self.symbols) + len(self._constants) + instruction

    def _slot_of(self, reference: int) -> int:
        if reference >= 0:
            return reference
        index, constant = divmod(-reference - 1, 2)
        return len(self.symbols) + index if constant else self._slot(index)

    def _emit(self, expression: sp.Basic) -> int:
        found = self._registers.get(expression)
        if found is not None:
            return found
        if isinstance(expression, sp.Rational):
            reference = self._constant("number", Fraction(int(expression.p), int(expression.q)))
        elif isinstance(expression, sp.Float):
            reference = self._constant("number", Fraction(str(expression)))
        elif isinstance(expression, (sp.NumberSymbol, type(sp.I))):
            reference = self._constant("constant", {"Pi": "pi", "Exp1": "E"}.get(type(expression).__name__, "I"))
        elif isinstance(expression, sp.Add):
            reference = self._instruction("total", expression.args)
        elif isinstance(expression, sp.Mul):
            above, below = sp.fraction(expression, exact=True)
            if below == 1:
                reference = self._instruction("product", expression.args)
            else:
                reference = self._instruction("quotient", (above, below))
        elif isinstance(expression, sp.exp):
            reference = self._instruction("exp", expression.args)
        elif isinstance(expression, sp.Pow):
            reference = self._power(expression)
        elif isinstance(expression, BivariateNormal):
            reference = self._instruction("bivariate", expression.args)
        elif isinstance(expression, sp.atan2):
            reference = self._instruction("atan2", expression.args)
        elif isinstance(expression, _FUNCTIONS):
            reference = self._instruction("call", expression.args, type(expression).__name__)
        else:
            raise UnsupportedModel(f"{expression} has no numerical rule ({type(expression).__name__})")
        self._registers[expression] = reference
        return reference

    def _power(self, expression: sp.Pow) -> int:
        base, exponent = expression.args
        if not exponent.is_Rational:
            return self._emit(sp.exp(exponent * sp.log(base)))
        if exponent.is_negative:
            return self._instruction("quotient", (sp.S.One, base**-exponent))
        return self._instruction("power", (base,), Fraction(int(exponent.p), int(exponent.q)))

    def _constant(self, kind: str, payload: Any) -> int:
        self._constants.append((kind, (), payload))
        return -(2 * (len(self._constants) - 1) + 1) - 1

    def _instruction(self, kind: str, args: Sequence[sp.Basic], payload: Any = None) -> int:
        references = tuple(self._emit(a) for a in args)
        self._program.append((kind, references, payload))
        return -(2 * (len(self._program) - 1)) - 1


def _closure(system: Any, kind: str, slots: tuple[int, ...], payload: Any) -> Callable[[list[Any]], Any]:
    """One instruction as a function of the registers."""
    first = slots[0]
    if kind in ("total", "product"):
        combine = getattr(system, kind)
        if len(slots) == 2:
            second = slots[1]
            if kind == "total":
                return lambda r: r[first] + r[second]
            return lambda r: r[first] * r[second]
        return lambda r: combine([r[i] for i in slots])
    if kind == "quotient":
        second = slots[1]
        return lambda r: r[first] / r[second]
    if kind == "power":
        if payload == 2:
            return lambda r: r[first] * r[first]
        return lambda r: system.power(r[first], payload)
    if kind == "exp":
        return lambda r: system.call("exp", r[first])
    if kind == "atan2":
        second = slots[1]
        return lambda r: arctangent(system, r[first], r[second])
    if kind == "bivariate":
        return lambda r: bivariate_normal(system, *(r[i] for i in slots))
    return lambda r: system.call(payload, *(r[i] for i in slots))


def arctangent(system: Any, y: Any, x: Any) -> Any:
    """atan2(y, x) in the number system."""
    match system.name:
        case "float":
            import numpy as np

            return np.arctan2(y, x)
        case "mpmath":
            return system.mp.atan2(y, x)
        case "ball":
            return type(y).atan2(y, x)
    return system.atan2(y, x)


@lru_cache(maxsize=512)
def tape(expression: sp.Expr, symbols: tuple[sp.Symbol, ...]) -> Tape:
    """The program of an expression, kept for the next call."""
    return Tape(expression, symbols)
