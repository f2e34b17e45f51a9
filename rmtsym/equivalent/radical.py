"""Square roots of symbols: ``sqrt(t)`` becomes a generator r and t its square, so that all functions stay rational."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import sympy as sp

from rmtsym.field.rational import Field
from rmtsym.matrix import Expression
from rmtsym.matrix.normal_form import walk

__all__ = ["RootField", "radicals"]


def radicals(expression: Expression) -> dict[sp.Symbol, sp.Symbol]:
    """Symbols that occur under a square root, with a symbol for the root."""
    found: set[sp.Symbol] = set()
    for x in _scalars(expression):
        for power in x.atoms(sp.Pow):
            if power.base.is_Symbol and power.exp.is_Rational and power.exp.q == 2:
                found.add(power.base)
    return {s: sp.Dummy(f"root_{s}", positive=True) for s in sorted(found, key=str)}


def _scalars(expression: Expression) -> Iterable[sp.Expr]:
    for node in walk(expression):
        for name in ("coefficient", "value", "variance"):
            value = getattr(node, name, None)
            if isinstance(value, sp.Expr):
                yield value
        yield node.rows.size
        yield node.cols.size


class RootField(Field):
    """A field that reads ``sqrt(t)`` as a generator r and t as r squared."""

    def __init__(self, symbols: Iterable[sp.Symbol], roots: dict[sp.Symbol, sp.Symbol]) -> None:
        self.roots = roots
        super().__init__([roots.get(s, s) for s in symbols])

    def _from_sympy(self, expr: sp.Basic) -> Any:
        if self.roots:
            expr = expr.xreplace({sp.sqrt(s): r for s, r in self.roots.items()})
            expr = expr.replace(
                lambda x: x.is_Pow and x.base in self.roots and x.exp.is_Rational,
                lambda x: self.roots[x.base] ** (2 * x.exp),
            )
            expr = expr.xreplace({s: r**2 for s, r in self.roots.items()})
        return super()._from_sympy(expr)

    def extend(self, symbols: Iterable[sp.Symbol]) -> Field:
        return RootField((*self.symbols, *symbols), self.roots)
