"""Ridge regression on one random layer: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.fixedpoint import solve
from rmtsym.simulate import Control, Statistic, ensembles
from rmtsym.theorem.statement import used
from theory.regression import datasets
from theory.regression.random_network_regression.kernel import apply_activation
from theory.regression.random_network_regression.statement import statement, theorem
from theory.regression.resolvents import resolvent


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    scale = Fraction(size, point["T"])
    names = ("T", "Th", "n") if point["data"] == "digits" else ("T", "Th", "n", "p")
    return {**point, **{name: int(point[name] * scale) for name in names}}


@lru_cache(maxsize=8)
def _directions(*items: tuple[str, Any]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Kernel of the data, and the derivatives of the observed traces and forms in the Gram matrix, at Qbar."""
    point = dict(items)
    bound, system = theorem.bound(point), statement()
    kernel_matrix = bound["Phi"].floats()
    scale, ridge = float(solve(system, used(system, bound))["kappa"]), float(point["gamma"])
    resolvent = np.linalg.inv(scale * kernel_matrix + ridge * np.eye(len(kernel_matrix)))
    once, twice = resolvent @ bound["y"], resolvent @ resolvent @ bound["y"]
    square = resolvent @ resolvent
    return kernel_matrix, {
        "gram_trQ": square,
        "gram_train_noise": square @ resolvent,
        "gram_yQy": once @ once.T,
        "gram_train": once @ twice.T,
    }


def grams(point: dict[str, Any], K: np.ndarray) -> dict[str, float]:
    """First-order fluctuations of the statistics: <K - E K, A> for fixed matrices A, of mean zero."""
    kernel_matrix, directions = _directions(*sorted(point.items()))
    excess = K - point["n"] / point["T"] * kernel_matrix
    return {name: float(np.sum(excess * A)) / point["T"] for name, A in directions.items()}


CONTROLS = tuple(Control(f"gram_{name}", 0.0) for name in ("trQ", "train_noise", "yQy", "train"))


def observed(
    resolution: float, noise: float, trace: float, drift: float = 0.0, controls: tuple[Control, ...] = CONTROLS
) -> tuple[Statistic, ...]:
    """Statistics with the resolution asked of tr Q and of the traces of white labels.

    The data differ between sizes, and with them the coefficient of the 1/T term: that of a trace drifts by some 15 %,
    which ``trace`` and ``drift`` bound, that of a form in the labels jumps by up to 1.5 (measured on four draws of
    the data).
    """
    allowance: dict[str, Any] = dict(curvature=trace, variation=drift, controls=controls)
    form: dict[str, Any] = dict(kind="form", resolution=0.2, variation=2.0, controls=controls)
    return (
        Statistic("trQ", resolution=resolution, **allowance),
        *(Statistic(name, resolution=noise, **allowance) for name in ("train_noise", "test_noise")),
        *(Statistic(name, **form) for name in ("yQy", "train", "test")),
    )


CLASSES = observed(0.0075, 0.02, trace=60.0)
UNIVERSAL = observed(0.0075, 0.02, trace=60.0, controls=())  # the mean of K is not exact for weights of another law
QUADRATIC = observed(0.0075, 0.03, trace=200.0, drift=0.05)  # not Lipschitz: larger terms beyond 1/T
DIGITS = observed(0.04, 0.06, trace=400.0)  # the dimension stays while T grows
SIZES = (64, 128, 256)


@theorem.experiment(points=("digits",), statistics=DIGITS, sizes=(120, 240), at_size=at_size, grows=False)
@theorem.experiment(points=("C2",), statistics=QUADRATIC, sizes=SIZES, laws=("rad",), at_size=at_size)
@theorem.experiment(points=("B",), statistics=CLASSES, sizes=SIZES, at_size=at_size)
@theorem.experiment(points=("A",), statistics=UNIVERSAL, sizes=SIZES, laws=("gauss", "rad"), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    point = at_size(point, size)
    names = ("data", "p", "T", "Th", "snr", "seed")
    X, Xh, labels, labels_h = datasets.load(*(point[name] for name in names))
    weights = ensembles.entries(rng, (point["n"], point["p"]), law)
    S, Sh = (apply_activation(point["sigma"], point["coef"], weights @ data) for data in (X, Xh))
    ridge = float(point["gamma"])
    K = S.T @ S / size
    Q = resolvent(S, K, ridge)
    Qy = Q @ labels
    predict = (Sh.T @ S) @ Q / size
    return {
        "trQ": float(np.trace(Q)) / size,
        "yQy": float(labels @ Qy) / size,
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - predict @ labels) ** 2)),
        "train_noise": ridge**2 / size * float(np.sum(Q**2)),
        "test_noise": float(np.sum(predict**2)) / len(labels_h),
        **grams(point, K),
    }
