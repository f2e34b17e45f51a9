r"""Clustering with sparse and quantised kernels: forms of classes and mean whose means are known at every size.

The matrix of ``v_i v_j K_ij`` is the kernel of :math:`y_i=v_ix_i=\mu+v_iz_i`, for odd functions and for masks.  Given
:math:`y_1`, the product :math:`y_1'y_2` is normal of mean :math:`a=y_1'\mu` and variance :math:`b=|y_1|^2`, and
:math:`\mu'v_2z_2` covaries with it by ``a``; :math:`a` is normal and ``b`` is a square of it plus a chi-square.  So
the means of the forms of v and of :math:`w=Z'\mu` in K and in K^2 are integrals over two dimensions.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.linalg import eigh_tridiagonal

from rmtsym.simulate import Control, covariance_moment
from rmtsym.simulate.ensembles import entry_moment
from theory.kernels.sparse_quantized_phase_transition.draws import applied
from theory.kernels.sparse_quantized_phase_transition.statement import slope_and_variance


def _gauss_rule(diagonal: np.ndarray, beside: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights of the law with this Jacobi matrix."""
    nodes, vectors = eigh_tridiagonal(diagonal, beside)
    return nodes, vectors[0] ** 2


def _pairs(point: Mapping[str, Any], p: int) -> dict[str, Any]:
    """Conditional moments of f = f(y_1'y_2/sqrt p) on nodes for y_1, and the weights of the nodes."""
    rho, k, order = float(point["rho"]), np.arange(1, 32), (p - 3) / 2
    normal, share = _gauss_rule(np.zeros(32), np.sqrt(k))
    chi, part = _gauss_rule(2 * np.arange(32) + order + 1, np.sqrt(k * (k + order)))
    a = (rho + np.sqrt(rho) * normal)[:, None]
    b = (np.sqrt(rho) + normal[:, None]) ** 2 + 2 * chi
    cells = 2 ** (int(point["bits"]) - 2)
    jumps = np.sqrt(2) * float(point["s"]) * np.arange(-cells, cells + 1) / cells
    ends = np.unique(np.concatenate([[-12.0], np.linspace(-8, 8, 17), jumps, [12.0]]))
    x, weight = np.polynomial.legendre.leggauss(12)
    middle, half = (ends[1:] + ends[:-1])[:, None] / 2, np.diff(ends)[:, None] / 2
    t, length = (middle + half * x).ravel(), (half * weight).ravel()
    sigma = np.sqrt(b / p)[..., None]
    xi = (t - a[..., None] / np.sqrt(p)) / sigma
    density = np.exp(-(xi**2) / 2) * length / sigma / np.sqrt(2 * np.pi)
    f, scale = applied(point, t), np.sqrt(b)
    return {
        "weight": share[:, None] * part, "a": a, "f": density @ f, "slope": (density * xi) @ f / scale,
        "f2": density @ f**2, "slope2": (density * xi) @ f**2 / scale, "bend2": (density * (xi**2 - 1)) @ f**2 / b,
    }  # fmt: skip


def effective_signal(point: Mapping[str, Any], p: int) -> float:
    """Mean of v_i v_j K_ij times p/a_1: the signal as it acts in dimension p; it tends to rho."""
    slope = float(slope_and_variance(*(point[name] for name in ("f", "s", "bits", "eps")))[0])
    on = _pairs(point, p)
    return _kept(point) * float(np.sqrt(p) * np.sum(on["weight"] * on["f"])) / slope


def _kept(point: Mapping[str, Any]) -> float:
    return float(point["eps"]) if point["f"] == "mask" else 1.0


@lru_cache(maxsize=64)
def _forms(items: tuple[tuple[str, Any], ...], n: int) -> dict[str, float]:
    """Exact means of the forms over n, for Gaussian noise."""
    point = dict(items)
    p, rho = int(point["c"] * n), float(point["rho"])
    on = _pairs(point, p)
    a, kept = on["a"], _kept(point)
    one, two = kept * (n - 1) / np.sqrt(p), kept**2 * (n - 1) * (n - 2) / p
    same = kept * (n - 1) / p
    turned = a * on["slope"]  # mean of f times mu'v_2z_2

    def mean(values: np.ndarray) -> float:
        return float(np.sum(on["weight"] * values))

    return {
        "vKv": one * mean(on["f"]),
        "vKw": one * mean(turned),
        "wKw": one * mean((a - rho) * turned),
        "vKKv": same * mean(on["f2"]) + two * mean(on["f"] ** 2),
        "vKKw": same * mean(a * on["slope2"]) + two * mean(on["f"] * turned),
        "wKKw": same * mean(rho * on["f2"] + a**2 * on["bend2"]) + two * mean(turned**2),
    }


def _kernel_mean(name: str, point: Mapping[str, Any], n: int, law: str) -> float:
    return _forms(tuple(sorted(point.items())), n)[name]


@lru_cache(maxsize=64)
def _trace(order: int, n: int, p: int, law: str) -> float:
    """Mean of the normalised trace of a power of L = Z'Z/p, that of v'L^k v/n too: other entries of L^k have mean 0."""
    return covariance_moment(order, np.ones(n), p, law) / n


def _noise_mean(name: str, point: Mapping[str, Any], n: int, law: str) -> float:
    """Means of forms in the noise alone, for entries of any law and a mean in a uniform direction."""
    p, rho, excess = int(point["c"] * n), float(point["rho"]), entry_moment(law, 4) - 3
    fourth = 3 * rho**2 / (p + 2)  # sum of the fourth powers of the entries of mu
    if name in POWERS:
        first, order, last = name[0], int(name[2]), name[3]
        return (rho * _trace(order + 1, n, p, law) if first == "w" else _trace(order, n, p, law)) * (first == last)
    table = {
        "cross cross": rho / n,
        "spread spread": (2 * rho**2 + excess * fourth) / n,
    }
    return table.get(name, 0.0)


FIRST = ("cross", "spread", "along")
NOISE = (*FIRST, "cross cross", "cross spread", "cross along", "spread spread")
POWERS = ("vL2v", "vL3v", "vL4v", "vL1w", "vL2w", "vL3w", "wL1w", "wL2w", "wL3w")
KERNEL = ("vKv", "vKw", "wKw", "vKKv", "vKKw", "wKKw")

#: For Gaussian noise, and for noise of any law.
CONTROLS = (
    *(Control(name, partial(_noise_mean, name)) for name in (*NOISE, *POWERS)),
    *(Control(name, partial(_kernel_mean, name)) for name in KERNEL),
)
UNIVERSAL = tuple(Control(name, partial(_noise_mean, name)) for name in (*NOISE, *POWERS))


def times(matrix: np.ndarray, columns: np.ndarray) -> np.ndarray:
    """A product in the precision of the matrix."""
    return (matrix @ columns.astype(matrix.dtype)).astype(float)


def forms(noise: np.ndarray, table: np.ndarray, v: np.ndarray, w: np.ndarray, rho: float) -> dict[str, float]:
    """The forms of a draw: v against w = Z'mu, their lengths in the noise, and both in the kernel."""
    p, n = noise.shape
    both = np.column_stack([v, w])
    once = times(noise.T, times(noise, both)) / p
    kv, kw = times(table, both).T
    twice = times(noise.T, times(noise, once)) / p
    powers = {name: (both[:, k], once[:, k], twice[:, k]) for k, name in enumerate("vw")}
    found = {"cross": v @ w / n, "spread": w @ w / n - rho, "along": v @ once[:, 0] / n - 1}
    found |= {name: found[name.split()[0]] * found[name.split()[1]] for name in NOISE if " " in name}
    for name in POWERS:
        order = int(name[2])
        found[name] = powers[name[0]][order // 2] @ powers[name[3]][order - order // 2] / n
    found |= {"vKv": v @ kv / n, "vKw": v @ kw / n, "wKw": w @ kw / n}
    found |= {"vKKv": kv @ kv / n, "vKKw": kv @ kw / n, "wKKw": kw @ kw / n}
    return {name: float(value) for name, value in found.items()}
