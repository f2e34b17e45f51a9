"""A matrix of exact numbers that is converted once for each number system."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

__all__ = ["Table"]


class Table:
    """A matrix with entries ``entry(i, j)``: fractions or integers, exact in floats (rounded once) and in balls.

    It may be bound to a matrix symbol.  A solver asks for the same matrix many times.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from rmtsym.field.number_system import FLOAT
    >>> toeplitz = Table(2, 2, lambda i, j: Fraction(1, 3) ** abs(i - j))
    >>> toeplitz.in_system(FLOAT).round(6).tolist(), toeplitz.shape
    ([[1.0, 0.333333], [0.333333, 1.0]], (2, 2))
    """

    def __init__(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> None:
        self.shape = (rows, cols)
        self._entry = entry
        self._known: dict[Any, Any] = {}

    def in_system(self, system: Any) -> Any:
        """The matrix in a number system."""
        place = (type(system), getattr(system, "bits", None))
        if place not in self._known:
            self._known[place] = system.tabulate(*self.shape, lambda i, j: system.number(self._entry(i, j)))
        return self._known[place]
