"""Variance reduction: control variates and antithetic draws, with the measured gain.

The gain is a ratio of variances at equal cost: a gain of 9 means that a ninth of the replicates would do.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

__all__ = ["PLAIN", "Antithetic", "antithetic", "averaged_form", "controlled", "gain"]

_ROUNDING = 2.0**-40

#: Suffix of the output of an antithetic pair that holds its first member alone.
PLAIN = "~single"


def controlled(values: np.ndarray, controls: Sequence[tuple[np.ndarray, float, float | None]]) -> np.ndarray:
    r"""Replicates :math:`y_r - \beta^\top(c_r-\mu)` with the same mean as ``y`` and less variance.

    The regression coefficient for the even replicates is estimated on the odd ones and conversely, so that it is
    independent of what it multiplies and the mean stays unbiased at every sample size.

    Parameters
    ----------
    values : array of shape (R,)
    controls : sequence of (array of shape (R,), exact mean, fixed coefficient or None)

    Examples
    --------
    >>> rng = np.random.default_rng(0)
    >>> c = rng.standard_normal(1000)
    >>> bool(np.var(controlled(3 * c + 0.1 * rng.standard_normal(1000), [(c, 0.0, None)])) < 0.02)
    True
    """
    result = np.array(values, dtype=float)
    free = []
    for column, mean, coefficient in controls:
        centred = np.asarray(column, dtype=float) - mean
        if coefficient is None:
            spread = float(np.std(centred))
            if spread > _ROUNDING * float(np.max(np.abs(column))):  # a constant (a trace of signs) is no control
                free.append(centred / spread)
        else:
            result -= coefficient * centred
    if not free or len(result) < 4 * (len(free) + 1):
        return result
    matrix = np.column_stack(free)
    adjusted = np.empty_like(result)
    for half in (0, 1):
        other = slice(1 - half, None, 2)
        design = matrix[other] - matrix[other].mean(axis=0)
        beta, *_ = np.linalg.lstsq(design, result[other] - result[other].mean(), rcond=None)
        adjusted[half::2] = result[half::2] - matrix[half::2] @ beta
    return adjusted


def averaged_form(diagonal: np.ndarray, counts: Sequence[int], masses: Sequence[Any]) -> float:
    r"""Mean of :math:`\beta^\top M\beta` over directions of :math:`\beta` in each block, without drawing one.

    .. math:: \sum_j q_j \, \frac{1}{p_j} \sum_{i \in j} M_{ii}

    Parameters
    ----------
    diagonal : array of shape (p,)
        Diagonal of ``M``, in the basis of the blocks.
    counts, masses : sequences of shape (k,)
        Sizes of the blocks and the squared norm of the signal in each.

    Examples
    --------
    >>> averaged_form(np.array([1.0, 3.0, 5.0]), (2, 1), (0.5, 0.5))
    3.5
    """
    ends = np.cumsum(counts)
    means = [float(np.mean(diagonal[end - count : end])) for count, end in zip(counts, ends, strict=True)]
    return float(sum(float(q) * m for q, m in zip(masses, means, strict=True)))


def gain(plain: np.ndarray, reduced: np.ndarray, calls: int = 1) -> float:
    """Ratio of variances at equal cost; ``calls`` is the cost of a reduced replicate in plain ones."""
    after = float(np.var(reduced, ddof=1)) * calls
    return float(np.var(plain, ddof=1)) / after if after > 0 else float("inf")


@dataclass(frozen=True)
class Antithetic:
    """Replicate that averages ``base(..., sign=+1)`` and ``base(..., sign=-1)`` on the same draws."""

    base: Callable[..., Mapping[str, Any]]

    def __call__(self, rng: np.random.Generator, size: int, point: Mapping[str, Any], law: str) -> dict[str, Any]:
        state = rng.bit_generator.state
        first = self.base(rng, size, point, law, sign=1.0)
        rng.bit_generator.state = state
        second = self.base(rng, size, point, law, sign=-1.0)
        pair = {
            name: (np.asarray(first[name], dtype=float) + np.asarray(second[name], dtype=float)) / 2 for name in first
        }
        return pair | {name + PLAIN: first[name] for name in first}


def antithetic(base: Callable[..., Mapping[str, Any]]) -> Antithetic:
    """Antithetic version of a replicate that takes a keyword ``sign``.

    The function multiplies by ``sign`` whatever has a symmetric law and enters at odd order (label noise, say).

    Examples
    --------
    >>> def base(rng, size, point, law, sign):
    ...     noise = sign * rng.standard_normal(size)
    ...     return {"mean": float(np.mean(1 + noise))}
    >>> float(antithetic(base)(np.random.default_rng(0), 10, {}, "gauss")["mean"])
    1.0
    """
    return Antithetic(base)
