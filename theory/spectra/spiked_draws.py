"""Draws of a sample covariance with one spike, and the deviations by which its limits are measured."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from rmtsym.simulate.ensembles import entries

# -- one draw ----------------------------------------------------------------------------------------------------------


def bidiagonal(rng: np.random.Generator, p: int, n: int) -> tuple[np.ndarray, np.ndarray]:
    """Gaussian entries made bidiagonal by rotations that leave the first coordinate alone: diagonal, and below it."""
    rank, rows = min(p, n), min(p, n + 1)
    main = np.zeros(rows)
    main[:rank] = np.sqrt(2 * rng.standard_gamma((n - np.arange(rank)) / 2))
    return main, np.sqrt(2 * rng.standard_gamma((p - 1 - np.arange(rows - 1)) / 2))


def squared(main: np.ndarray, below: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Diagonal and off-diagonal of a bidiagonal matrix times its transpose."""
    return main**2 + np.concatenate([[0.0], below**2]), main[:-1] * below


def tridiagonal(rng: np.random.Generator, spike: float, p: int, n: int) -> tuple[float, float, float, float]:
    """Gaussian entries: eigenvalue, two squared alignments and |Z'u|^2/n, from X made bidiagonal with u first."""
    from scipy.linalg import eigh_tridiagonal

    main, below = bidiagonal(rng, p, n)
    load = main[0] ** 2 / n
    main[0] *= np.sqrt(1 + spike)
    diagonal, beside = squared(main, below)
    place = len(main) - (1 if spike >= 0 else min(p, n))
    value, vector = eigh_tridiagonal(diagonal / n, beside / n, select="i", select_range=(place, place))
    top, first, second = float(value[0]), float(vector[0, 0]), float(vector[1, 0])
    right = (main[0] * first + below[0] * second) ** 2 / (n * top)
    return top, first**2, right, load


def dense(rng: np.random.Generator, spike: float, p: int, n: int, law: str) -> tuple[float, float, float, float]:
    """The same with entries of any law and u spread over all coordinates, for p <= n."""
    from scipy.linalg import eigh

    noise = entries(rng, (p, n), law)
    u = np.full(p, p**-0.5)
    row = u @ noise
    x = noise + (np.sqrt(1 + spike) - 1) * np.outer(u, row)
    place = p - 1 if spike >= 0 else 0
    value, vector = eigh(x @ x.T / n, subset_by_index=(place, place))
    top, found = float(value[0]), vector[:, 0]
    return top, float(u @ found) ** 2, float(found @ x @ row) ** 2 / (n * top * (row @ row)), float(row @ row) / n


# -- left side less right side of a limit ------------------------------------------------------------------------------


def isotropic(rng: np.random.Generator, size: int) -> float:
    """A form in one direction less the trace, at z = 5 outside the bulk of c = 1/2, signs for entries."""
    x = entries(rng, (size // 2, size), "rad")
    q = np.linalg.inv(x @ x.T / size - 5 * np.eye(size // 2))
    return float(np.mean(q) * len(q) - np.trace(q) / len(q))


def spread(rng: np.random.Generator, size: int) -> float:
    """n times the variance of the form over many directions, less its limit at the same trace and squared trace."""
    p = size // 2
    x = rng.standard_normal((p, size))
    q = np.linalg.inv(x @ x.T / size - 5 * np.eye(p))
    u = rng.standard_normal((p, 4 * size))
    forms = np.einsum("ik,ij,jk->k", u, q, u, optimize=True) / np.sum(u**2, axis=0)
    trace = np.trace(q) / p
    return float(size * np.mean((forms - trace) ** 2) - 4 * (np.sum(q**2) / p - trace**2))


STRONG = 8.0  # a spike far from the bulk of c = 1/2


def _transform(at: float) -> float:
    """Transform of the bulk of c = 1/2 to the right of it, from its inverse function by bisection."""
    from scipy.optimize import brentq

    return float(brentq(lambda x: -1 / x + 1 / (1 + x / 2) - at, -2 / (1 + np.sqrt(2)), -1e-6, xtol=1e-15))


def residue(rng: np.random.Generator, size: int) -> float:
    """Squared alignment of the outlier plus the residue of the limit, by a contour integral over measured traces."""
    p, top = size // 2, -(1 + STRONG) / STRONG / _pole()
    x = rng.standard_normal((p, size))
    values = np.linalg.eigvalsh(x @ x.T / size)
    z = top + 2 * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    trace = np.mean(1 / (values - z[:, None]), axis=1)
    form = trace / (1 + STRONG + z * STRONG * trace)
    return tridiagonal(rng, STRONG, p, size)[1] + float(np.mean(form * (z - top)).real)


@cache
def _pole() -> float:
    """Transform where the denominator of the spiked form vanishes, by bisection."""
    from scipy.optimize import brentq

    zero = brentq(lambda at: 1 + STRONG + at * STRONG * _transform(at), 5.0, 20.0, xtol=1e-14)
    return _transform(float(zero))


def linear(rng: np.random.Generator, size: int) -> float:
    """The outlier, less its limit and less what the form moves it to first order; the same draw for both."""
    from scipy.linalg import eigh_tridiagonal, solve_banded

    p, mu, step = size // 2, _pole(), 1e-4
    top = -(1 + STRONG) / STRONG / mu
    main, below = bidiagonal(rng, p, size)
    diagonal, beside = squared(main, below)
    bands = np.array([np.r_[0, beside], diagonal - size * top, np.r_[beside, 0]]) / size
    form = solve_banded((1, 1), bands, np.eye(p)[0])[0]
    main[0] *= np.sqrt(1 + STRONG)
    diagonal, beside = squared(main, below)
    value = eigh_tridiagonal(diagonal / size, beside / size, eigvals_only=True, select="i", select_range=(p - 1, p - 1))
    slope = STRONG * (mu + top * (_transform(top + step) - _transform(top - step)) / (2 * step))
    return float(value[0]) - top + top * STRONG / slope * (form - mu)


def right(rng: np.random.Generator, size: int) -> float:
    """Right alignment less what follows from eigenvalue and left alignment of the same draw."""
    top, left, right, _ = tridiagonal(rng, 1.5, size // 2, size)
    return right - top * left / 2.5


def hidden(which: int) -> Callable[[np.random.Generator, int], float]:
    """Squared alignments of a spike below the threshold, ell = 1/10, averaged over a few draws."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        return float(np.mean([tridiagonal(rng, 0.1, size // 2, size)[which] for _ in range(8)]))

    return deviation


def at_edge(sign: int) -> Callable[[np.random.Generator, int], float]:
    """Extreme eigenvalue with a spike below the threshold, ell = 1/10 or -1/10, less the edge."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        """At c = 1/4, where the edges are 9/4 and 1/4."""
        return tridiagonal(rng, sign * 0.1, size // 4, size)[0] - (1 + sign * 0.5) ** 2

    return deviation
