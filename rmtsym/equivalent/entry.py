"""Entries of a pencil: affine in the random matrices, with deterministic multipliers on both sides."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from rmtsym.equivalent.multiplier import Multiplier, Words, is_pivot, leading
from rmtsym.field.rational import Field
from rmtsym.matrix import Deterministic, Expression

__all__ = ["Coefficients", "Entry", "Occurring"]

Occurring = tuple[Expression, bool, Multiplier]  # random letter, transposed, right multiplier


@dataclass(frozen=True)
class Coefficients:
    """Where the deterministic parts of an expression live.

    ``words`` selects the free algebra; ``absorb`` keeps deterministic matrices as multipliers (otherwise they are
    letters of the pencil, as needed for the minimal realisation).  Pivots stay regular when ``source`` is zero.
    """

    field: Field
    letters: tuple[sp.Symbol, ...] = ()
    words: bool = False
    absorb: bool = True
    source: sp.Symbol | None = None

    def is_pivot(self, value: Multiplier) -> bool:
        if self.source is None or isinstance(value, Words):
            return is_pivot(value)
        return is_pivot(value) and bool(value.subs({self.source: self.field.zero}))

    def scalar(self, value: sp.Expr | int) -> Multiplier:
        number = self.field(value)
        return Words.scalar(number) if self.words else number

    def value(self, matrix: Deterministic, transposed: bool = False) -> Multiplier:
        if not self.words:
            return self.field(matrix.value)
        if matrix.is_word:
            return Words.letter(self.field, matrix.value, transposed)
        if not matrix.value.free_symbols & set(self.letters):
            return Words.scalar(self.field(matrix.value))
        return Words.letter(self.field, str(matrix.value), transposed)


class Entry:
    """Deterministic part plus a sum of ``A R B`` over random matrices R."""

    __slots__ = ("det", "terms")

    def __init__(self, det: Multiplier, terms: dict[Occurring, Multiplier] | None = None) -> None:
        self.det = det
        self.terms = {} if terms is None else terms

    def __bool__(self) -> bool:
        return bool(self.det) or bool(self.terms)

    @property
    def is_random(self) -> bool:
        return bool(self.terms)

    def __neg__(self) -> Entry:
        return Entry(-self.det, {k: -a for k, a in self.terms.items()})

    def __add__(self, other: Entry) -> Entry:
        terms = dict(self.terms)
        for key, a in other.terms.items():
            total = terms[key] + a if key in terms else a
            if total:
                terms[key] = total
            else:
                del terms[key]
        return Entry(self.det + other.det, terms)

    def left(self, factor: Multiplier) -> Entry:
        """``factor @ entry``."""
        return Entry(factor * self.det, {k: factor * a for k, a in self.terms.items()})

    def right(self, factor: Multiplier, coefficients: Coefficients) -> Entry:
        """``entry @ factor``, with the right multipliers in normal form."""
        result = Entry(self.det * factor)
        for (letter, transposed, b), a in self.terms.items():
            product = b * factor
            front = leading(product, coefficients.letters)
            key = (letter, transposed, product * front.inverse())
            result = result + Entry(result.det - result.det, {key: a * front})
        return result
