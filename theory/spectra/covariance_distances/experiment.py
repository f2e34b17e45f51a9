"""Distances between two covariances: simulation and its picture."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import scipy.linalg

from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, excess_kurtosis, wishart_factor
from theory.spectra.covariance_distances import estimators
from theory.spectra.covariance_distances.statement import sizes_of, theorem

Root = tuple[Fraction, tuple[Fraction, ...], tuple[int, ...]]
Roots = Sequence[np.ndarray] | np.ndarray


def at_size(point: Any, size: int) -> dict[str, Any]:
    """The point in another dimension, at the same ratios."""
    scale = Fraction(size, point["p"])
    return {**point, "p": size, "n1": int(scale * point["n1"]), "n2": int(scale * point["n2"])}


@cache
def root(ratio: Fraction, scales: tuple[Fraction, ...], sizes: tuple[int, ...]) -> np.ndarray:
    """Lower triangular root of a covariance."""
    blocks = [
        np.linalg.cholesky(float(scale) * scipy.linalg.toeplitz(float(ratio) ** np.arange(size)))
        for scale, size in zip(scales, sizes, strict=True)
    ]
    return scipy.linalg.block_diag(*blocks)


def _roots(here: Any) -> tuple[Root, Root]:
    sizes = sizes_of(here["w"], here["p"])
    return (here["r1"], here["s1"], sizes), (here["r2"], here["s2"], sizes)


# -- controls: traces with one sample in each, of exactly known means -------------------------------------------------


def _solved(first: np.ndarray, second: np.ndarray) -> float:
    """Normalised trace of the inverse of one covariance times another, both given by triangular roots."""
    return float(np.sum(scipy.linalg.solve_triangular(first, second, lower=True) ** 2)) / len(first)


@cache
def _exact(first: Root, second: Root) -> float:
    return _solved(root(*first), root(*second))


def _second_by_first(point: Any, size: int, law: str) -> float:
    return _exact(*_roots(at_size(point, size)))


def _first_by_second(point: Any, size: int, law: str) -> float:
    return _exact(*reversed(_roots(at_size(point, size))))


@cache
def _product(first: Root, second: Root) -> float:
    return _crossed(root(*first), root(*second))


def _crossed(first: np.ndarray, second: np.ndarray) -> float:
    """Normalised trace of the product of two covariances, given by their roots."""
    return float(np.sum((first.T @ second) ** 2)) / len(first)


def _cross(point: Any, size: int, law: str) -> float:
    return _product(*_roots(at_size(point, size)))


def _inverse(which: str, mean: Any) -> Any:
    """With an inverse sample covariance in place of the inverse, for Gaussian entries."""

    def inverted(point: Any, size: int, law: str) -> float:
        here = at_size(point, size)
        return mean(point, size, law) * here[which] / (here[which] - size - 1)

    return inverted


def _square(which: str) -> Any:
    def mean(point: Any, size: int, law: str) -> float:
        n = at_size(point, size)[which]
        return 1 + (size + 1 + excess_kurtosis(law)) / n

    return mean


LINEAR = (Control("second", _second_by_first), Control("first", _first_by_second))
INVERSE = (
    Control("inverse1", _inverse("n1", _second_by_first)),
    Control("inverse2", _inverse("n2", _first_by_second)),
)
WHITE = (Control("white1", 1.0), Control("white2", 1.0))
CROSSED = (Control("cross1", _cross), Control("cross2", _cross))
SQUARES = (Control("square1", _square("n1")), Control("square2", _square("n2")))


# -- the experiment ---------------------------------------------------------------------------------------------------


def factors(rng: np.random.Generator, here: Any, law: str) -> tuple[np.ndarray, np.ndarray]:
    """Lower triangular roots of Z Z'/n for both samples."""
    found = []
    for n in (here["n1"], here["n2"]):
        if law == "gauss":
            found.append(wishart_factor(rng, here["p"], n))
        else:
            noise = entries(rng, (here["p"], n), law)
            found.append(np.linalg.cholesky(noise @ noise.T / n))
    return found[0], found[1]


def _statistics(names: Sequence[str], controls: Any, resolution: float) -> tuple[Statistic, ...]:
    return tuple(Statistic(name, controls=controls, resolution=resolution) for name in names)


def draw(covariances: Roots, noises: Roots) -> tuple[np.ndarray, np.ndarray]:
    """Triangular roots of the two sample covariances, and the eigenvalues of their quotient."""
    first, second = (a @ b for a, b in zip(covariances, noises, strict=True))
    return np.array([first, second]), _squares(scipy.linalg.solve_triangular(first, second, lower=True))


def _squares(matrix: np.ndarray) -> np.ndarray:
    """Squared singular values."""
    return np.linalg.svd(matrix, compute_uv=False) ** 2


def one_sample(here: Any, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Eigenvalues of the quotient and of the product at a point, for one Gaussian sample."""
    noises = factors(np.random.default_rng(seed), here, "gauss")
    (first, second), quotient = draw([root(*x) for x in _roots(here)], noises)
    return quotient, _squares(first.T @ second)


def _controls(covariances: Roots, seen: Roots, noises: Roots) -> dict[str, float]:
    size = len(noises[0])
    found: dict[str, float] = {}
    for k, name in enumerate(("first", "second")):
        other = covariances[1 - k]
        found |= {name: _solved(other, seen[k]), f"inverse{k + 1}": _solved(seen[k], other)}
        found[f"cross{k + 1}"] = _crossed(seen[k], other)
        found[f"white{k + 1}"] = float(np.sum(noises[k] ** 2)) / size
        found[f"square{k + 1}"] = float(np.sum((noises[k].T @ noises[k]) ** 2)) / size
    return found


GAUSS = LINEAR + INVERSE
LOGS = GAUSS + WHITE + SQUARES
PRODUCT = LOGS + CROSSED
FAR = (
    *_statistics(("t", "fisher", "kl", "bhatt", "naive_t"), GAUSS, 0.01),
    *_statistics(("wass",), PRODUCT, 0.01),
    *_statistics(("log", "log1p", "naive_log"), LOGS, 0.01),
    Statistic("series", "fisher", controls=GAUSS, resolution=0.01),
)
EQUAL = (
    *_statistics(("fisher",), GAUSS, 0.015),
    *_statistics(("wass",), PRODUCT, 0.015),
    Statistic("equal", "wass", controls=PRODUCT, resolution=0.015),
)
CLOSE = (*_statistics(("t", "naive_t"), GAUSS, 0.01), *_statistics(("log", "log1p"), LOGS, 0.02))
SIGNS = _statistics(("t", "log1p", "fisher", "wass"), LINEAR + WHITE + SQUARES, 0.03)


@theorem.experiment(points=("C",), sizes=(32, 64), statistics=FAR, at_size=at_size)
@theorem.experiment(points=("C",), sizes=(32, 64), laws=("rad",), statistics=SIGNS, at_size=at_size)
@theorem.experiment(points=("D",), sizes=(32, 64), statistics=EQUAL, at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Estimates from one pair of samples, and the traces that serve as controls."""
    here = at_size(point, size)
    n1, n2 = here["n1"], here["n2"]
    covariances, noises = [root(*x) for x in _roots(here)], factors(rng, here, law)
    seen, quotient = draw(covariances, noises)
    product = _squares(seen[0].T @ seen[1])
    traces = float(np.sum(seen**2)) / size
    found = estimators.of_quotient(quotient, n1, n2) | _controls(covariances, seen, noises)
    found["wass"] = traces - 2 * estimators.of_product(product, n1, n2)
    if n1 == n2:
        found["equal"] = traces - 2 * estimators.equal_sizes(product, n1)
    elif law == "gauss":
        found["series"] = estimators.fisher_series(quotient, n1, n2)
    return found


@theorem.experiment(points=("A", "B"), sizes=(30, 60), statistics=CLOSE, at_size=at_size)
def close(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Where the covariances are close: what a few samples can resolve."""
    here = at_size(point, size)
    covariances, noises = [root(*x) for x in _roots(here)], factors(rng, here, law)
    seen, quotient = draw(covariances, noises)
    return estimators.closed_forms(quotient, here["n1"], here["n2"]) | _controls(covariances, seen, noises)


@theorem.figure
def figure(page: Any) -> Any:
    """Distances of the Toeplitz covariances of point A against the dimension, for fixed numbers of samples."""
    from rmtsym.report.style import COLOURS, figure

    base = {**theorem.point("A"), "n1": 256, "n2": 512}
    dimensions, repetitions = (8, 16, 32, 64, 96, 128, 160), 12
    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(9.5, 3.5, ncols=2)
    truth = [theorem.values({**base, "p": p}) for p in dimensions]
    seen: dict[str, list[list[float]]] = {"fisher": [], "wass": [], "plug-in fisher": [], "plug-in wass": []}
    for p in dimensions:
        here = {**base, "p": p}
        runs: dict[str, list[float]] = {name: [] for name in seen}
        for _ in range(repetitions):
            roots, quotient = draw([root(*x) for x in _roots(here)], factors(rng, here, "gauss"))
            product, traces = _squares(roots[0].T @ roots[1]), float(np.sum(roots**2)) / p
            runs["fisher"].append(estimators.of_quotient(quotient, 256, 512)["fisher"])
            runs["wass"].append(traces - 2 * estimators.of_product(product, 256, 512))
            runs["plug-in fisher"].append(float(np.mean(np.log(quotient) ** 2)))
            runs["plug-in wass"].append(traces - 2 * float(np.mean(np.sqrt(product))))
        for name, values in runs.items():
            seen[name].append(values)
    for axes, name, label in ((panels[0], "fisher", "Fisher"), (panels[1], "wass", "Wasserstein")):
        axes.plot(dimensions, [v[name] for v in truth], color=COLOURS[0], label="population")
        for k, (series, says) in enumerate(((name, "estimate"), (f"plug-in {name}", "plug-in")), 1):
            sample = np.array(seen[series])
            error = 2 * sample.std(axis=1, ddof=1) / np.sqrt(repetitions)
            axes.errorbar(dimensions, sample.mean(axis=1), error, fmt="o", ms=4, color=COLOURS[k], label=says)
        axes.set(xlabel="p", ylabel=f"{label} distance, squared", yscale="log")
    panels[0].legend()
    return fig
