"""Ridge regression on random Fourier features: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
from scipy.linalg import lapack

from rmtsym.field.number_system import FLOAT
from rmtsym.simulate import Control, Statistic, ensembles
from theory.regression.random_fourier_regression.kernels import bound_of, load
from theory.regression.random_fourier_regression.statement import theorem

_SOURCE = ("data", "p", "n", "nh", "bw", "snr", "seed", "shift")


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    names = ("n", "nh", "N") if point["data"] == "digits" else ("n", "nh", "N", "p")
    return {**point, **{name: int(point[name] * Fraction(size, point["n"])) for name in names}}


@lru_cache(maxsize=64)
def _expansion(key: tuple[tuple[str, Any], ...]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """Matrices A for which tr AG follows a statistic to first order in G = S'S/n, and the exact means of tr AG."""
    point = dict(key)
    bound, near = bound_of(*(point[name] for name in _SOURCE)), theorem.values(point)
    kernels = [bound[f"K_{name}"].floats() * point["N"] / point["n"] for name in ("cos", "sin")]
    loads = [near["dcos"], near["dsin"]]
    inside = sum(K / (1 + d) for K, d in zip(kernels, loads, strict=True)) + float(point["lam"]) * np.eye(point["n"])
    bar = np.linalg.inv(inside)
    fitted = bar @ bound["y"]
    first = {"trQ": bar @ bar, "dcos": bar @ kernels[0] @ bar, "dsin": bar @ kernels[1] @ bar}
    first |= {"trQ2": bar @ bar @ bar, "yQy": fitted @ fitted.T}
    return first, {name: float(np.sum(A * sum(kernels))) for name, A in first.items()}


def _known(point: dict[str, Any], size: int) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    return _expansion(tuple(sorted(at_size(point, size).items())))


def _mean(name: str, point: dict[str, Any], size: int, law: str) -> float:
    return _known(point, size)[1][name]


CONTROLS = tuple(Control(f"first_{name}", partial(_mean, name)) for name in ("trQ", "dcos", "dsin", "trQ2", "yQy"))


def observed(
    trace: float,
    square: float,
    load: float,
    noise: float,
    *,
    curvature: float = 15.0,
    squares: float = 30.0,
    loads: float = 60.0,
    forms: float = 0.3,
) -> tuple[Statistic, ...]:
    """Statistics with the resolutions asked of tr Q, tr Q^2, the loads, and predictions from white labels.

    The data differ between sizes, and with them the coefficient of the 1/n term.  Measured on other data than these,
    two to six draws for each point at sizes from 64 to 384: for tr Q it moves from one size to the next by less than
    ``curvature`` times the difference of 1/n, for tr Q^2 by ``squares`` times, for the loads, where the largest
    eigenvalues of the kernels count, by ``loads`` times; in forms of the labels it jumps by up to about one.
    """
    asked = [("trQ", trace, curvature), ("trQ2", square, squares)]
    asked += [("dcos", load, loads), ("dsin", load, loads), ("test_noise", noise, loads)]
    rough = [
        Statistic(q, kind="form", resolution=forms, variation=2.0, controls=CONTROLS[-1:]) for q in ("train", "test")
    ]
    return (*(Statistic(q, resolution=x, curvature=d, controls=CONTROLS) for q, x, d in asked), *rough)


def plan(*sizes: int, first_look: tuple[int, int]) -> dict[str, Any]:
    """Sizes far apart leave less of noise and of drift in the extrapolation."""
    return dict(sizes=sizes, at_size=at_size, first_look=first_look)


ROUGH = observed(
    0.05, 0.075, 0.1, 0.1, curvature=200.0, squares=400.0, loads=400.0, forms=0.5
)  # the dimension stays while n grows
FIRM = observed(0.005, 0.005, 0.0075, 0.01)
SLOW = observed(0.005, 0.005, 0.0125, 0.02, curvature=10.0, squares=20.0, loads=100.0)
#: More weights than samples and little ridge: the least eigenvalues fluctuate, and the 1/n term is ten times larger.
STEEP = observed(0.005, 0.0125, 0.005, 0.0075, curvature=25.0, squares=100.0)


def positive_inverse(matrix: np.ndarray) -> np.ndarray:
    """Inverse of a positive definite matrix, twice as fast as that of any matrix."""
    half = lapack.dpotri(lapack.dpotrf(matrix, lower=True)[0], lower=True, overwrite_c=True)[0]
    return np.asarray(np.tril(half) + np.tril(half, -1).T)


def resolvent(S: np.ndarray, G: np.ndarray, ridge: float) -> np.ndarray:
    """(S'S/n + lam I)^{-1}, from the smaller of S'S = n G and SS'."""
    rows, size = S.shape
    if rows >= size:
        return positive_inverse(G + ridge * np.eye(size))
    S = S.astype(float)
    return (np.eye(size) - S.T @ (positive_inverse(S @ S.T / size + ridge * np.eye(rows)) @ S) / size) / ridge


@theorem.experiment(points=("digits",), statistics=ROUGH, **plan(80, 160, first_look=(1024, 512)))
@theorem.experiment(points=("B",), statistics=STEEP, **plan(128, 512, first_look=(512, 128)))
@theorem.experiment(points=("C",), statistics=SLOW, **plan(128, 384, first_look=(256, 64)))
@theorem.experiment(points=("D",), statistics=FIRM, **plan(128, 384, first_look=(256, 64)))
@theorem.experiment(points=("A",), statistics=FIRM, laws=("rad",), **plan(128, 384, first_look=(256, 64)))
@theorem.experiment(points=("A",), statistics=FIRM, **plan(128, 384, first_look=(256, 64)))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Resolvent and errors for one draw of the weights; the data stay."""
    first, _ = _known(point, size)
    point = at_size(point, size)
    source = [point[name] for name in _SOURCE]
    X, Xh, labels, labels_h = load(*source)
    weights = ensembles.entries(rng, (point["N"], point["p"]), law)
    # single precision: errors of 1e-7 in the features, with random signs
    S, Sh = (np.concatenate([np.cos(t), np.sin(t)]) for t in ((weights @ x).astype(np.float32) for x in (X, Xh)))
    ridge, kernels = float(point["lam"]), bound_of(*source)
    G = (S.T @ S).astype(float) / size
    Q = resolvent(S, G, ridge)
    Qy = Q @ labels
    predict = (Sh.T @ S).astype(float) @ Q / size
    return {
        "trQ": float(np.trace(Q)) / size,
        "dcos": float(np.sum(kernels["K_cos"].in_system(FLOAT) * Q)) / size,
        "dsin": float(np.sum(kernels["K_sin"].in_system(FLOAT) * Q)) / size,
        "trQ2": ridge**2 / size * float(np.sum(Q**2)),
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - predict @ labels) ** 2)),
        "test_noise": float(np.sum(predict**2)) / len(labels_h),
        **{f"first_{name}": float(np.sum(A * G)) for name, A in first.items()},
    }
