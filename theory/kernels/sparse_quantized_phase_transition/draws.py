"""Clustering with sparse and quantised kernels: draws."""

from __future__ import annotations

from typing import Any

import numpy as np

from rmtsym.simulate.ensembles import entries


def data(
    rng: np.random.Generator, p: int, n: int, signal: float, law: str = "gauss", digits: Any = np.float64
) -> tuple[np.ndarray, ...]:
    """Noise of so many digits, classes +-1 in turn, and the mean in a random direction."""
    if law == "gauss":
        noise = rng.standard_normal((p, n), dtype=digits)
    else:
        noise = entries(rng, (p, n), law).astype(digits)
    v, mean = np.where(np.arange(n) % 2 == 0, 1.0, -1.0), rng.standard_normal(p)
    return noise, v, mean * np.sqrt(signal) / np.linalg.norm(mean)


def kernel(inner: Any, x: np.ndarray) -> np.ndarray:
    """Kernel of the columns of x, without its diagonal, in the precision of x."""
    root = float(np.sqrt(len(x)))
    table = x.T @ x
    table /= root
    table = inner(table)
    table /= root
    np.fill_diagonal(table, 0.0)
    return table


def applied(point: Any, t: np.ndarray) -> np.ndarray:
    """The function of the kernel, in floats and as it is defined."""
    f, cut, cells = point["f"], float(np.sqrt(2) * float(point["s"])), 2.0 ** (point["bits"] - 2)
    if f in ("linear", "mask"):
        return t
    if f == "quantized":
        return np.where(np.abs(t) <= cut, (np.floor(t * (cells / cut)) + 0.5) / cells, np.sign(t))
    kept = t if f == "sparse" else np.sign(t)
    return kept if f == "sign" else kept * (np.abs(t) > cut)


def top(table: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest eigenvalue and its vector of unit length, with a positive product with ``start``."""
    from scipy.sparse.linalg import eigsh

    # the error of the eigenvalue is of the order of the square of tol
    value, vector = eigsh(table, k=1, which="LA", v0=start.astype(table.dtype), tol=1e-6, ncv=12)
    return float(value[0]), vector[:, 0] * np.sign(vector[:, 0] @ start)
