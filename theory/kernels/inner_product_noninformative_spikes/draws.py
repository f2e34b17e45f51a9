r"""Draws of a kernel, of its reflection, and the deviations by which the limits of the derivation are measured.

The finite-size term of order :math:`p^{-1/2}` comes from entries with an odd number of even Hermite components; it
changes its sign where f(t) is replaced by -f(-t), which has the same :math:`a_1,\nu` and :math:`|a_2|`.  The mean over
f and its reflection therefore has a term of order 1/n only.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np

from rmtsym.gaussian import activation
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import get, predict
from theory.kernels.inner_product_limiting_law.statement import coefficients

SPOT = 1 + 1j  # where the forms of the derivation are sampled


def data(rng: np.random.Generator, p: int, n: int, law: str) -> tuple[np.ndarray, np.ndarray]:
    """Scaled inner products of n samples in dimension p, and their lengths (|x_i|^2 - p)/sqrt p."""
    x = entries(rng, (p, n), law)
    return x.T @ x / np.sqrt(p), (np.sum(x**2, axis=0) - p) / np.sqrt(p)


def kernel(f: str, inner: np.ndarray, p: int, sign: int = 1) -> np.ndarray:
    """Kernel of f, or with sign -1 of its reflection -f(-t), without its diagonal."""
    found = sign * (activation(f)(sign * inner) - float(coefficients(f)[0])) / np.sqrt(p)
    np.fill_diagonal(found, 0.0)
    return found


def second(inner: np.ndarray, p: int) -> np.ndarray:
    """Kernel of the second Hermite polynomial."""
    found = (inner**2 - 1) / np.sqrt(2 * p)
    np.fill_diagonal(found, 0.0)
    return found


def eigenpair(table: np.ndarray, name: str, p: int, lengths: np.ndarray) -> tuple[float, np.ndarray]:
    """Smallest or largest eigenvalue (``min``, ``max``), or the last but p (``gap``), and its vector of unit length."""
    from scipy.linalg import eigh
    from scipy.sparse.linalg import eigsh

    if name == "gap":  # the linear part of the kernel has the p eigenvalues above the gap
        place = len(table) - p - 1
        value, vector = eigh(table, subset_by_index=(place, place))
    else:
        side = 1 if name == "max" else -1
        start = 1 + side * lengths / max(float(np.std(lengths)), 1.0) + 0.1 * np.cos(np.arange(len(table)))
        value, vector = eigsh(table, k=1, which="LA" if side == 1 else "SA", v0=start, tol=1e-6)
    return float(value[0]), vector[:, 0]


# -- left side less right side of a limit -----------------------------------------------------------------------------


def plane(which: str) -> Callable[[np.random.Generator, int], float]:
    """Second component between 1 and the lengths, less its limit: c = 1/2, normal entries."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        p = size // 2
        inner, lengths = data(rng, p, size, "gauss")
        table, ones = second(inner, p), np.ones(size)
        if which == "mixed":
            return float(lengths @ table @ ones / size - np.sqrt(2) * 2)
        return float(ones @ table @ ones / size)

    return deviation


def forms(which: str) -> Callable[[np.random.Generator, int], float]:
    """Forms in the resolvent of relu's kernel without its rank two, less their limits; uniform entries, kappa = 9/5."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        p = size // 2
        inner, lengths = data(rng, p, size, "unif")
        ones = np.ones(size)
        part = float(coefficients("relu")[2]) / (np.sqrt(2) * p) * np.outer(ones, lengths)
        q = np.linalg.inv(kernel("relu", inner, p) - part - part.T - SPOT * np.eye(size))
        trace = np.trace(q)
        found = {
            "ones": ones @ q @ ones - trace,
            "mixed": ones @ q @ lengths,
            "lengths": lengths @ q @ lengths - 0.8 * trace,
        }
        return float(abs(found[which])) / size

    return deviation


def residue(rng: np.random.Generator, size: int) -> float:
    """Overlap with 1 of the last vector for abs, plus the residue of the limit at a measured trace; c = 1/10."""
    p, ratio = size // 10, 0.1
    inner, lengths = data(rng, p, size, "gauss")
    table, ones = kernel("abs", inner, p), np.ones(size)
    part = float(coefficients("abs")[2]) / (np.sqrt(2) * p) * np.outer(ones, lengths)
    limit = _at("abs", "1/10")
    pole, centre = ratio * limit["delta"], limit["eig_max"]
    circle = centre + 1.5 * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    trace = np.mean(1 / (np.linalg.eigvalsh(table - part - part.T) - circle[:, None]), axis=1)
    form = trace / (1 - (trace / pole) ** 2)
    vector = eigenpair(table, "max", p, lengths)[1]
    return float(vector @ ones) ** 2 / size + float(np.mean(form * (circle - centre)).real)


def both(rng: np.random.Generator, size: int) -> float:
    """Squared cosine of the last vector and the lengths, less that with 1; abs at c = 1/10."""
    p = size // 10
    inner, lengths = data(rng, p, size, "gauss")
    vector = eigenpair(kernel("abs", inner, p), "max", p, lengths)[1]
    return float((vector @ lengths) ** 2 / (lengths @ lengths) - np.sum(vector) ** 2 / size)


def stays(side: int) -> Callable[[np.random.Generator, int], float]:
    """Extreme eigenvalue less the edge, over the reflection: sigmoid (a2 = 0) below, relu (a1 delta > 1) above."""
    f, name, which = ("sigmoid", "eig_min", 0) if side == 1 else ("relu", "eig_max", -1)

    def deviation(rng: np.random.Generator, size: int) -> float:
        p = size // 2
        inner, _ = data(rng, p, size, "gauss")
        found = [np.linalg.eigvalsh(kernel(f, inner, p, sign))[which] for sign in (1, -1)]
        return float(np.mean(found)) - _at(f, "1/2")[name]

    return deviation


def unseen(rng: np.random.Generator, size: int) -> float:
    """Cosine of 1 and the last vector of abs for signs, at c = 1/2."""
    p = size // 2
    inner, lengths = data(rng, p, size, "rad")
    vector = eigenpair(kernel("abs", inner, p), "max", p, lengths)[1]
    return float(rng.choice((-1, 1)) * np.sum(vector)) / np.sqrt(size)


@cache
def _at(f: str, ratio: str) -> dict[str, float]:
    theorem = get("inner-product-noninformative-spikes")
    return {k: float(v) for k, v in predict(theorem, {"f": f, "c": ratio}).items()}
