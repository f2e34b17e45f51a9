r"""Spectrum of an inner-product kernel of white data: control variates with exact means at every size.

L is the kernel of t, M that of t^2 - 1, for t = x'y/\sqrt p.  Given x and y, the mean over z of t(x, z) t(z, y) is
t(x, y)/\sqrt p, and that of (t(x, z)^2 - 1)(t(z, y)^2 - 1) for Gaussian z is (|x|^2/p - 1)(|y|^2/p - 1) + 2 t^2/p.  So
a closed walk of which all steps but one are along L, or all but one along M, is a mean over one pair of samples.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple

import numpy as np

from rmtsym.errors import DomainError
from rmtsym.gaussian import activation
from rmtsym.simulate import Control
from theory.kernels.inner_product_limiting_law.statement import coefficients


class Pair(NamedTuple):
    """Law of two samples: values of t and of |x|^2/p, the mean of |y|^2/p given both, and the probabilities."""

    t: np.ndarray
    length: np.ndarray
    other: np.ndarray
    weight: np.ndarray

    def mean(self, values: np.ndarray) -> float:
        """Mean of a function of the pair."""
        return float(np.sum(self.weight * values))


@cache
def pair(p: int, law: str) -> Pair:
    """Two samples in dimension p: a sum for entries +-1, Gauss quadrature for Gaussian ones."""
    if law == "rad":
        from scipy.stats import binom

        k = np.arange(p + 1)
        one = np.ones(p + 1)
        return Pair((2 * k - p) / np.sqrt(p), one, one, binom.pmf(k, p, 0.5))
    if law != "gauss":
        raise DomainError("law", law, "gauss or rad", "the means of the controls are not known for other entries")
    # |x|^2/2 has the Gamma law of shape p/2: Gauss-Laguerre nodes are eigenvalues of a Jacobi matrix
    k = np.arange(60)
    off = np.sqrt(k[1:] * (k[1:] + p / 2 - 1))
    nodes, vectors = np.linalg.eigh(np.diag(2 * k + p / 2) + np.diag(off, 1) + np.diag(off, -1))
    # the part of y along x is normal; a function may have a kink at 0
    half, share = np.polynomial.legendre.leggauss(60)
    half, share = 5 * (half + 1), 5 * share
    normal = np.concatenate([-half, half])
    chance = np.tile(share * np.exp(-(half**2) / 2) / np.sqrt(2 * np.pi), 2)
    length = 2 * nodes[:, None] / p
    weight = vectors[0, :, None] ** 2 * chance
    return Pair(np.sqrt(length) * normal, length, 1 + (normal**2 - 1) / p, weight)


def values(kernel: np.ndarray, linear: np.ndarray) -> dict[str, float]:
    """Normalised traces of closed walks along L, with at most one step along the kernel."""
    size = len(kernel)
    square, mixed = linear @ linear, linear @ kernel
    traces = {
        "LL": np.trace(square),
        "LK": np.trace(mixed),
        "LLL": np.sum(square * linear),
        "LLK": np.sum(square * kernel),
        "LLLL": np.sum(square * square),
        "LLLK": np.sum(square * mixed.T),
    }
    return {name: float(trace) / size for name, trace in traces.items()}


def second_values(kernel: np.ndarray, inner: np.ndarray, p: int) -> dict[str, float]:
    """The same along M, from the inner products t without diagonal."""
    second = (inner**2 - 1) / np.sqrt(p)
    np.fill_diagonal(second, 0.0)
    square = second @ second
    traces = {
        "MM": np.trace(square),
        "MK": np.sum(second * kernel),
        "MMM": np.sum(square * second),
        "MMK": np.sum(square * kernel),
    }
    return {name: float(trace) / len(kernel) for name, trace in traces.items()}


@cache
def means(f: str, ratio: Any, n: int, law: str) -> dict[str, float]:
    """Exact means of all of them for n samples."""
    p = round(float(ratio) * n)
    both = pair(p, law)
    t, length, other, _ = both
    k = activation(f)(t) - float(coefficients(f)[0])
    two, three, four = (n - 1) / p, (n - 1) * (n - 2) / p**2, (n - 1) * (n - 2) * (n - 3) / p**3

    def fourth(g: np.ndarray) -> float:
        """Walks over four samples, over three (the first and third or the second and fourth agree), over two."""
        return four * both.mean(t * g) + 2 * three * both.mean(length * t * g) + two * both.mean(t**3 * g) / p

    second = t**2 - 1
    triangle = np.sqrt(p) * three * ((length - 1) * (other - 1) + 2 * t**2 / p)
    return {
        "LL": two * both.mean(t**2),
        "LK": two * both.mean(t * k),
        "LLL": three * both.mean(t**2),
        "LLK": three * both.mean(t * k),
        "LLLL": fourth(t),
        "LLLK": fourth(k),
        "MM": two * both.mean(second**2),
        "MK": two * both.mean(second * k),
        "MMM": both.mean(triangle * second),
        "MMK": both.mean(triangle * k),
    }


def controls(*names: str) -> tuple[Control, ...]:
    """Controls of these names."""

    def mean(name: str) -> Any:
        return lambda point, n, law: means(point["f"], point["c"], n, law)[name]

    return tuple(Control(name, mean(name)) for name in names)


LINEAR = controls("LL", "LK", "LLL", "LLK", "LLLL", "LLLK")
SECOND = controls("MM", "MK", "MMM", "MMK")  # for Gaussian entries only
