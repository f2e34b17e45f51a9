"""Clustering with sparse and quantised kernels: draws."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from rmtsym.gaussian import activation
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import (
    get,
    predict,
)
from theory.kernels.inner_product_limiting_law.derivation import SPOT
from theory.kernels.inner_product_limiting_law.statement import coefficients


def data(rng: np.random.Generator, p: int, n: int, signal: float, law: str = "gauss") -> tuple[np.ndarray, ...]:
    """Noise, classes +-1 in turn, and the mean in a random direction."""
    noise, v = entries(rng, (p, n), law), np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    mean = rng.standard_normal(p)
    return noise, v, mean * np.sqrt(signal) / np.linalg.norm(mean)


def kernel(inner: Any, x: np.ndarray) -> np.ndarray:
    """Kernel of the columns of x, without its diagonal."""
    root = np.sqrt(len(x))
    table = inner(x.T @ x / root) / root
    np.fill_diagonal(table, 0.0)
    return table


def applied(point: Any, t: np.ndarray) -> np.ndarray:
    """The function of the kernel, in floats and as it is defined."""
    f, cut, cells = point["f"], np.sqrt(2) * float(point["s"]), 2.0 ** (point["bits"] - 2)
    if f in ("linear", "mask"):
        return t
    if f == "quantized":
        return np.where(np.abs(t) <= cut, (np.floor(t * (cells / cut)) + 0.5) / cells, np.sign(t))
    kept = t if f == "sparse" else np.sign(t)
    return kept if f == "sign" else kept * (np.abs(t) > cut)


def top(table: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest eigenvalue and its vector of unit length, with a positive product with ``start``."""
    from scipy.sparse.linalg import eigsh

    value, vector = eigsh(table, k=1, which="LA", v0=start, tol=1e-10)
    return float(value[0]), vector[:, 0] * np.sign(vector[:, 0] @ start)


def _pieces(rng: np.random.Generator, size: int, signal: float = 2.0) -> tuple[np.ndarray, ...]:
    """erf at p/n = 1/2: kernels of data and of noise, what the classes add, v, Z'mu."""
    inner, slope = activation("erf"), float(coefficients("erf")[1])
    noise, v, mean = data(rng, size // 2, size, signal)
    w = noise.T @ mean
    added = 2 * slope / size * (signal * np.outer(v, v) + np.outer(v, w) + np.outer(w, v))
    return kernel(inner, noise + np.outer(mean, v)), kernel(inner, noise), added, v, w


def _rank_two(rng: np.random.Generator, size: int) -> float:
    ours, white, added, *_ = _pieces(rng, size)
    return float(np.linalg.norm(ours - white - added, 2))


def _forms(which: str):
    """Forms of v and w = Z'mu in the resolvent of the noise, less their equivalents in its trace."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        _, white, _, v, w = _pieces(rng, size)
        q, slope = np.linalg.inv(white - SPOT * np.eye(size)), float(coefficients("erf")[1])
        trace = 2 * np.trace(q) / size  # over p
        found = {
            "vv": 2 * (v @ q @ v) / size - trace,
            "vw": 2 * (v @ q @ w) / size,
            "ww": 2 * (w @ q @ w) / size - 2.0 * trace / (1 + slope * trace),
        }
        return float(abs(found[which]))

    return deviation


def _residue(rng: np.random.Generator, size: int) -> float:
    """Alignment plus the residue of the limit of the form, by a contour integral over a measured trace; rho = 4."""
    ours, white, _, v, _ = _pieces(rng, size, 4.0)
    slope, ratio, centre = float(coefficients("erf")[1]), 0.5, _edge("erf") + 3.5
    circle = centre + 2.0 * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    trace = np.mean(1 / (np.linalg.eigvalsh(white) - circle[:, None]), axis=1)
    form = trace * (ratio + slope * trace) / (ratio + slope * 5.0 * trace)
    return float(top(ours, v)[1] @ v) ** 2 / size + float(np.mean(form * (circle - centre)).real)


def _normal(rng: np.random.Generator, size: int) -> float:
    """Share of wrong signs, less that of a normal law with the alignment of the vector; rho = 2."""
    from scipy.special import erfc

    ours, _, _, v, _ = _pieces(rng, size)
    vector = top(ours, v)[1]
    found = float(vector @ v) ** 2 / size
    return float(np.mean(vector * v < 0) - erfc(np.sqrt(found / (2 - 2 * found))) / 2)


def _hidden(part: str):
    """Signal 1/10, under the threshold: largest eigenvalue less the edge, or the cosine; sign at c = 1/2."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        noise, v, mean = data(rng, size // 2, size, 0.1)
        value, vector = top(kernel(np.sign, noise + np.outer(mean, v)), v + rng.standard_normal(size))
        if part == "cosine":
            return float(vector @ v) / np.sqrt(size)
        return value - _edge("sign")

    return deviation


@cache
def _edge(f: str, ratio: Fraction = Fraction(1, 2)) -> float:
    """Right end of the spectrum of the noise."""
    law = get("inner-product-limiting-law")
    return float(predict(law, law.point("A", f=f, c=ratio), 12, ["edge_upper"])["edge_upper"])
