"""Deterministic multipliers of random matrices: commuting functions (Frac) or noncommuting words (Words)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from rmtsym.field.rational import Field, Frac

__all__ = ["Words", "is_pivot", "leading"]

Word = tuple[tuple[str, bool], ...]  # letters with their transposition


class Words:
    """Element of the free algebra over a field: a finite sum of coefficients times words.

    >>> field = Field([])
    >>> a, b = Words.letter(field, "a"), Words.letter(field, "b")
    >>> a * b == b * a
    False
    """

    __slots__ = ("field", "terms")

    def __init__(self, field: Field, terms: Mapping[Word, Frac]) -> None:
        self.field = field
        self.terms = {w: c for w, c in terms.items() if c}

    @classmethod
    def letter(cls, field: Field, name: str, transposed: bool = False) -> Words:
        return cls(field, {((name, transposed),): field.one})

    @classmethod
    def scalar(cls, value: Frac) -> Words:
        return cls(value.field, {(): value})

    def __bool__(self) -> bool:
        return bool(self.terms)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, Words) and self.terms == other.terms

    def __hash__(self) -> int:
        return hash(tuple(sorted((w, hash(c)) for w, c in self.terms.items())))

    def __neg__(self) -> Words:
        return Words(self.field, {w: -c for w, c in self.terms.items()})

    def __add__(self, other: Words) -> Words:
        total = dict(self.terms)
        for word, c in other.terms.items():
            total[word] = total[word] + c if word in total else c
        return Words(self.field, total)

    def __sub__(self, other: Words) -> Words:
        return self + (-other)

    def __mul__(self, other: Any) -> Words:
        if isinstance(other, Frac):
            return Words(self.field, {w: c * other for w, c in self.terms.items()})
        total: dict[Word, Frac] = {}
        for left, a in self.terms.items():
            for right, b in other.terms.items():
                word = left + right
                total[word] = total[word] + a * b if word in total else a * b
        return Words(self.field, total)

    def inverse(self) -> Words:
        """Inverse of a scalar multiple of the identity."""
        if set(self.terms) != {()}:
            raise ZeroDivisionError("only scalars are inverted in the free algebra")
        return Words.scalar(self.terms[()].inverse())

    def __repr__(self) -> str:
        words = sorted(self.terms)
        return " + ".join(f"({self.terms[w]})*{'.'.join(n + ('^T' if t else '') for n, t in w) or '1'}" for w in words)


Multiplier = Any  # a Frac or a Words; one pencil uses one of them throughout


def is_pivot(value: Multiplier) -> bool:
    """Whether an entry may be divided by: a nonzero function, or a nonzero scalar among words."""
    if isinstance(value, Words):
        return set(value.terms) == {()}
    return bool(value)


def leading(value: Multiplier, letters: tuple[Any, ...]) -> Frac:
    """Coefficient, free of the spectral letters, that makes proportional multipliers equal once divided out."""
    if isinstance(value, Words):
        return value.terms[min(value.terms, key=lambda w: (len(w), w))]
    if not letters or not value.has(*letters):
        return value
    top = value.numerator().collect(letters)
    bottom = value.denominator().collect(letters)
    return top[max(top)] / bottom[max(bottom)]
