r"""Draws of the alpha-beta kernel, and the deviations by which the limits of the derivation are measured.

Every entry of the squares carries one factor :math:`p^{-1/2}` and :math:`\beta`, up to whole powers of 1/p: the term of
order :math:`p^{-1/2}` is odd in :math:`\beta`, the law is even, and the mean over both signs has a term of order 1/n.
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.simulate import population
from rmtsym.simulate.ensembles import entries, wigner

SPOT = 1 + 1j  # where the resolvents of the derivation are compared
TWO = (2.0, 0.5)  # eigenvalues of C there, with the weights 1/3 and 2/3


@lru_cache(maxsize=32)
def _eigenvalues(kind: str, w: tuple[Fraction, ...], values: tuple[Fraction, ...], p: int) -> np.ndarray:
    if kind == "atoms":
        return population(w, [float(v) for v in values], p)
    distance = np.abs(np.subtract.outer(np.arange(p), np.arange(p)))
    mean = sum(float(a) * np.where(distance == 0, 1.0, float(r) ** distance) for a, r in zip(w, values, strict=True))
    return np.linalg.eigvalsh(mean)


def eigenvalues(point: Mapping[str, Any], p: int) -> np.ndarray:
    """Those of C in dimension p; of the mean of the classes' matrices, if C is given by classes."""
    kind = point["population"]
    return _eigenvalues(kind, point["w"], point["s" if kind == "atoms" else "rho"], p)


def inner_products(rng: np.random.Generator, spectrum: np.ndarray, n: int, law: str = "gauss") -> np.ndarray:
    """Inner products of n samples over p, in the coordinates in which C is diagonal."""
    x = np.sqrt(spectrum)[:, None] * entries(rng, (len(spectrum), n), law)
    return x.T @ x / len(x)


def centred(table: np.ndarray) -> np.ndarray:
    """P K P."""
    rows = table.mean(axis=1)
    return table - rows[:, None] - rows[None, :] + rows.mean()


def matrix(inner: np.ndarray, p: int, alpha: float, beta: float, tau: float) -> np.ndarray:
    """The matrix of the statement for f(t) = alpha t/sqrt p + beta t^2."""
    kernel = alpha * inner + np.sqrt(p) * beta * inner**2
    np.fill_diagonal(kernel, 0.0)
    found = centred(kernel)
    found[np.diag_indices_from(found)] += tau * alpha
    return found - tau * alpha / len(found)


# -- left side less right side of a limit -----------------------------------------------------------------------------


def _two(p: int) -> np.ndarray:
    return population((Fraction(1, 3), Fraction(2, 3)), TWO, p)


def third(rng: np.random.Generator, size: int) -> float:
    """Operator norm of what a third derivative of 6 adds, c = 1/2."""
    inner = inner_products(rng, _two(size // 2), size)
    np.fill_diagonal(inner, 0.0)
    return float(np.linalg.norm(np.sqrt(size // 2) * centred(inner**3), 2))


def squares(rng: np.random.Generator, size: int) -> float:
    """Sum of the squares' variances over a row, mean over the rows, less 2 (tr C^2/p)^2/c; signs, c = 1/2, beta = 1."""
    spectrum = _two(size // 2)
    mean, inner = np.mean(spectrum**2), inner_products(rng, spectrum, size, "rad")
    table = len(spectrum) * (inner**2 - mean / len(spectrum)) ** 2
    np.fill_diagonal(table, 0.0)
    return float(np.sum(table) / size - 4 * mean**2)


def free(rng: np.random.Generator, size: int) -> float:
    """Trace of the resolvent, meaned over both signs of beta, less that with an independent symmetric matrix; signs."""
    p = size // 2
    spectrum = _two(p)
    inner = inner_products(rng, spectrum, size, "rad")
    noise = wigner(rng, size) * np.sqrt(4.0) * np.mean(spectrum**2)  # beta^2 omega^2/c at c = 1/2, beta = 1
    tables = [matrix(inner, p, 2.0, sign, float(np.mean(spectrum))) for sign in (1.0, -1.0)]
    ours = np.mean([np.mean(1 / (np.linalg.eigvalsh(t) - SPOT)) for t in tables])
    theirs = np.mean([np.mean(1 / (np.linalg.eigvalsh(2.0 * inner + sign * noise) - SPOT)) for sign in (1, -1)])
    return float(abs(ours - theirs))
