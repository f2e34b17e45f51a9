"""Numbers bound to a spectral measure: finitely many atoms with exact weights."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Rational
from typing import Any

import numpy as np

from rmtsym.errors import DomainError

__all__ = ["Atoms"]


def _check_number(argument: str, value: Any) -> Any:
    if isinstance(value, Rational):
        return Fraction(value)
    if isinstance(value, (float, np.floating)) and not math.isfinite(value):
        raise DomainError(argument, value, "finite numbers", "remove NaN and infinite entries")
    return value


@dataclass(frozen=True, init=False)
class Atoms:
    r"""The law :math:`\sum_i w_i\,\delta_{(s_i, b_i, \dots)}`.

    Parameters
    ----------
    weights : sequence of numbers, shape (k,)
        Non-negative, summing to one (exactly for rationals, to ``1e-12`` for floats).
    letters : mapping from letter name to sequence, shape (k,)
        Value of each spectral letter at each atom.

    Raises
    ------
    DomainError
        For an empty, negative or unnormalised law, or letters of another length.

    Examples
    --------
    >>> Atoms([Fraction(1, 2), Fraction(1, 2)], s=[1, 4]).mean("s")
    Fraction(5, 2)
    """

    weights: tuple[Any, ...]
    letters: Mapping[str, tuple[Any, ...]]

    def __init__(self, weights: Sequence[Any], **letters: Sequence[Any]) -> None:
        w = tuple(_check_number("w", x) for x in weights)
        if not w:
            raise DomainError("w", "[]", "at least one atom", "give one weight per atom")
        if any(x < 0 for x in w):
            raise DomainError("w", [str(x) for x in w], "non-negative weights", "remove the negative atom")
        total = sum(w)
        exact = all(isinstance(x, Fraction) for x in w)
        if (exact and total != 1) or (not exact and abs(float(total) - 1) > 1e-12):
            shown = [str(x) for x in w]
            raise DomainError("w", f"[{', '.join(shown)}]", f"weights that sum to 1, not {total}", "rescale them")
        for name, values in letters.items():
            if np.ndim(values) != 1:
                raise DomainError(name, values, "a sequence with one value for each weight", f"write {name}=[{values}]")
            if len(values) != len(w):
                raise DomainError(
                    name, f"{len(values)} values", f"one value for each of the {len(w)} weights", "match the lengths"
                )
        object.__setattr__(self, "weights", w)
        checked = {k: tuple(_check_number(k, x) for x in v) for k, v in letters.items()}
        object.__setattr__(self, "letters", checked)

    def __len__(self) -> int:
        return len(self.weights)

    def __hash__(self) -> int:
        return hash((self.weights, tuple(sorted(self.letters.items()))))

    def mean(self, letter: str) -> Any:
        """Average of one letter, exact when weights and values are."""
        return sum(w * x for w, x in zip(self.weights, self.letters[letter], strict=True))
