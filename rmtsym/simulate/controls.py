r"""Control variates with exactly known means: traces of powers of a sample covariance.

For :math:`S = \Sigma^{1/2} Z^\top V Z\, \Sigma^{1/2}/n` with ``Z`` n x p of independent symmetric entries, and diagonal
:math:`\Sigma, V`, the mean of :math:`\operatorname{tr} S^k` is a finite sum over closed walks of length 2k on rows and
columns, exact at every size and for every entry law.  A resolvent trace follows these four numbers closely, so most of
its variance can be regressed away.
"""

from __future__ import annotations

import functools
import math
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmtsym.errors import DomainError
from rmtsym.simulate.ensembles import entry_moment
from rmtsym.simulate.experiment import Control, Point

__all__ = ["covariance_controls", "covariance_moment", "covariance_outputs", "set_partitions"]

_ORDERS = 4


def set_partitions(count: int) -> Iterator[tuple[int, ...]]:
    """Set partitions of ``count`` slots, as the number of the block of each slot.

    >>> list(set_partitions(2))
    [(0, 0), (0, 1)]
    """

    def extend(head: tuple[int, ...], blocks: int) -> Iterator[tuple[int, ...]]:
        if len(head) == count:
            yield head
            return
        for block in range(blocks + 1):
            yield from extend((*head, block), max(blocks, block + 1))

    yield from extend((), 0)


@functools.cache
def _walks(order: int) -> tuple[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...], int], ...]:
    """Closed walks of length ``2 * order``: powers of row weights, of column weights, edge multiplicities, how many."""
    found: Counter[tuple[tuple[int, ...], tuple[int, ...], tuple[int, ...]]] = Counter()
    for rows in set_partitions(order):
        for columns in set_partitions(order):
            edges = Counter((rows[t], columns[t]) for t in range(order))
            edges.update((rows[t], columns[(t + 1) % order]) for t in range(order))
            if all(multiplicity % 2 == 0 for multiplicity in edges.values()):
                powers = [tuple(sorted(Counter(blocks).values())) for blocks in (rows, columns)]
                found[powers[0], powers[1], tuple(sorted(edges.values()))] += 1
    return tuple((*walk, count) for walk, count in sorted(found.items()))


def _distinct(powers: tuple[int, ...], sums: Sequence[float]) -> float:
    """Sum over distinct indices of the product of weights to these powers, from the power sums of the weights."""
    if not powers:
        return 1.0
    *rest, last = powers
    total = sums[last] * _distinct(tuple(rest), sums)
    for position, power in enumerate(rest):
        merged = (*rest[:position], power + last, *rest[position + 1 :])
        total -= _distinct(merged, sums)
    return total


def covariance_moment(order: int, s: np.ndarray, v: np.ndarray | int, law: str = "gauss") -> float:
    r"""Exact mean of :math:`\operatorname{tr}(\Sigma^{1/2} Z^\top V Z \Sigma^{1/2}/n)^k`.

    Parameters
    ----------
    order : int
        ``k``, from 1 to 4.
    s : array of shape (p,)
        Diagonal of :math:`\Sigma`.
    v : array of shape (n,), or int
        Diagonal of ``V``; an integer ``n`` stands for ``n`` ones.
    law : str
        Entry law; it needs ``2 * order`` finite moments.

    Examples
    --------
    >>> covariance_moment(2, np.ones(3), 5)  # p (1 + (p + 1)/n)
    5.4
    """
    if not 1 <= order <= _ORDERS:
        raise DomainError("order", order, f"1 to {_ORDERS}", "higher moments are too heavy to help")
    weights = np.ones(v) if isinstance(v, int) else np.asarray(v, dtype=float)
    columns = [float(np.sum(np.asarray(s, dtype=float) ** k)) for k in range(order + 1)]
    rows = [float(np.sum(weights**k)) for k in range(order + 1)]
    total = 0.0
    for row_powers, column_powers, multiplicities, count in _walks(order):
        moment = math.prod(entry_moment(law, m) for m in multiplicities if m > 2)
        total += count * moment * _distinct(row_powers, rows) * _distinct(column_powers, columns)
    return total / len(weights) ** order


def covariance_outputs(matrix: np.ndarray) -> dict[str, float]:
    r"""Traces :math:`\operatorname{tr} S^k`, ``k = 1..4``, to add to the outputs of a replicate.

    Parameters
    ----------
    matrix : array of shape (p, p), (n, n) or (p,)
        Sample covariance ``S``, or its companion :math:`XX^\top/n` (same traces), or the eigenvalues of either.

    Examples
    --------
    >>> covariance_outputs(np.diag([1.0, 2.0]))
    {'trS1': 3.0, 'trS2': 5.0, 'trS3': 9.0, 'trS4': 17.0}
    """
    if matrix.ndim == 1:
        return {f"trS{k}": float(np.sum(matrix**k)) for k in range(1, _ORDERS + 1)}
    square = matrix @ matrix
    values = (np.trace(matrix), np.trace(square), np.sum(square * matrix), np.sum(square * square))
    return {f"trS{k}": float(value) for k, value in enumerate(values, 1)}


@dataclass(frozen=True)
class _Mean:
    order: int
    model: Callable[[Point, int], tuple[np.ndarray, Any]]

    def __call__(self, point: Point, size: int, law: str) -> float:
        s, v = self.model(point, size)
        return covariance_moment(self.order, s, v, law)


def covariance_controls(model: Callable[[Point, int], tuple[np.ndarray, Any]], orders: int = 4) -> tuple[Control, ...]:
    """Controls of a statistic of a sample covariance, for the outputs of :func:`covariance_outputs`.

    Parameters
    ----------
    model : callable
        ``model(point, size) -> (s, v)``, as in :func:`covariance_moment`.
    orders : int
        Number of moments; entry laws with heavier tails have fewer (two for ``t5``).

    Examples
    --------
    >>> [c.output for c in covariance_controls(lambda point, size: (np.ones(size // 2), size), 2)]
    ['trS1', 'trS2']
    """
    return tuple(Control(f"trS{k}", _Mean(k, model)) for k in range(1, orders + 1))
