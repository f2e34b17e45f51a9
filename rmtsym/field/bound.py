"""Things that a point binds to a name and that are neither numbers nor matrices nor measures: a loss function."""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.errors import UnknownName

__all__ = ["Bound"]


class Bound(sp.AtomicExpr):
    """Placeholder of an object in a formula; the nodes that take it know what to do with the object.

    Examples
    --------
    >>> from rmtsym.field.evaluate import evaluate
    >>> evaluate(Bound("loss"), {"loss": "anything"})
    'anything'
    """

    is_commutative = True

    def __new__(cls, name: str) -> Bound:
        self = super().__new__(cls)
        self.name = str(name)
        return self

    def _hashable_content(self) -> tuple[Any, ...]:
        return (self.name,)

    def __reduce__(self) -> tuple[Any, ...]:
        return type(self), (self.name,)

    def sort_key(self, order: Any = None) -> Any:
        return self.class_key(), (1, (self.name,)), sp.S.One.sort_key(), sp.S.One

    def _walk_value(self, walk: Any, frame: Any) -> Any:
        if self.name not in walk.env:
            raise UnknownName("object", self.name, walk.env)
        return walk.env[self.name]

    def _sympystr(self, printer: Any) -> str:
        return self.name

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{{self.name}}}"
