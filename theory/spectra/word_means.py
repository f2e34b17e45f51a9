"""Exact means of traces of words in two independent Wigner matrices, at every size and for every entry law."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from functools import cache

from rmtsym.simulate.controls import set_partitions
from rmtsym.simulate.ensembles import entry_moment

__all__ = ["mean_trace"]


@cache
def _terms(word: str) -> Mapping[tuple[int, int, tuple[int, ...]], int]:
    """How many closed walks there are, by different indices, half the steps on the diagonal, and powers of entries."""
    found: Counter[tuple[int, int, tuple[int, ...]]] = Counter()
    for indices in set_partitions(len(word)):
        steps = zip(indices, (*indices[1:], indices[0]), strict=True)
        powers = Counter((letter, *sorted(step)) for letter, step in zip(word, steps, strict=True))
        if all(power % 2 == 0 for power in powers.values()):
            loops = sum(power for (_, i, j), power in powers.items() if i == j)
            found[max(indices) + 1, loops // 2, tuple(sorted(powers.values()))] += 1
    return found


@cache
def mean_trace(word: str, size: int, law: str) -> float:
    """Mean of the normalised trace of a word, for matrices as :func:`rmtsym.simulate.ensembles.wigner` draws them.

    Examples
    --------
    >>> mean_trace("aa", 10, "gauss"), mean_trace("abab", 10, "rad")  # 1 + 1/n and 1/n + 3/n^2
    (1.1, 0.13)
    """
    total = sum(
        count * math.perm(size, indices) * 2**loops * math.prod(entry_moment(law, k) for k in powers if k > 2)
        for (indices, loops, powers), count in _terms(word).items()
    )
    return total / size ** (len(word) // 2 + 1)
