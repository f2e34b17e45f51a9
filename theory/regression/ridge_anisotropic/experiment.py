"""Ridge regression: general covariance, anisotropic signal: simulation and its picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, excess_kurtosis, population
from theory.regression.ridge_anisotropic.statement import theorem


def sizes(point) -> tuple[int, int]:
    """Numbers of samples: proportions of the population are exact, and p is at most a few hundred."""
    return (100, 200) if point["c"] <= 1 else (60, 120) if point["c"] <= 2 else (40, 80)


def _setup(rng: np.random.Generator, size: int, point, law: str):
    """Data, population, signal and the average over eigenspaces of a diagonal."""
    dimension = int(point["c"] * size)
    spectrum = population(point["w"], point["s"], dimension)
    counts, mass = block_counts(point["w"], dimension), [float(point["r2"] * q) for q in point["q"]]
    x = entries(rng, (size, dimension), law) * np.sqrt(spectrum)
    weight = np.repeat([m / k for m, k in zip(mass, counts, strict=True)], counts)
    return x, spectrum, block_signal(rng, counts, mass), weight


def _first(point, size: int, law: str) -> float:
    return sum(float(w * s) for w, s in zip(point["w"], point["s"], strict=True))


def _second(point, size: int, law: str) -> float:
    return sum(float(w * s * s) for w, s in zip(point["w"], point["s"], strict=True))


def _square(point, size: int, law: str) -> float:
    first, second = _first(point, size, law), _second(point, size, law)
    return second * (1 + (1 + excess_kurtosis(law)) / size) + float(point["c"]) * first**2


#: Traces of S, Sigma S and S^2 per dimension: their means are known exactly at every size and for every entry law.
CONTROLS = (Control("trace", _first), Control("load", _second), Control("square", _square))


def _statistics(resolution: float, rough: float) -> tuple[Statistic, ...]:
    """Averaged errors to a sharp resolution, errors of one noisy fit to a rough one.

    The bias leans on the smallest eigenvalues and fluctuates most; one per cent of it costs as much as half a per cent
    of the others.
    """
    sharp = [
        Statistic(name, controls=CONTROLS, resolution=max(resolution, 0.01) if name in ("B_avg", "R") else resolution)
        for name in ("B_avg", "V", "R", "B_in", "V_in", "train", "shrinkage")
    ]
    forms = {"bias": "B", "risk": "R", "test": "test", "fit": "train"}
    return (*sharp, *(Statistic(k, quantity=q, kind="form", resolution=rough) for k, q in forms.items()))


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=_statistics(0.005, 0.2))
@theorem.experiment(points=("A",), sizes=sizes, laws=("t9",), statistics=_statistics(0.005, 0.2)[1:2])
@theorem.experiment(points=("B", "C"), sizes=sizes, statistics=_statistics(0.01, 0.3))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Errors given the data, averaged exactly over noise and signal direction; and those of one noisy fit."""
    x, spectrum, beta, weight = _setup(rng, size, point, law)
    lam, sig2 = float(point["lam"]), float(point["sig2"])
    gram = x.T @ x / size
    q = np.linalg.inv(gram + lam * np.eye(len(spectrum)))
    trace, diagonal = np.trace(q), np.diag(q)
    square = np.sum(q**2, axis=1)  # diagonal of Q^2; QSQ = Q - lam Q^2
    residual = np.sum(square) + (size - len(spectrum)) / lam**2  # tr Qn^2
    bias = lam**2 * float(weight @ (q**2 @ spectrum))
    variance = sig2 * float(spectrum @ (diagonal - lam * square)) / size
    bias_in = lam**2 * float(weight @ (diagonal - lam * square))
    noisy = x @ beta + np.sqrt(sig2) * rng.standard_normal(size)
    estimate = q @ (x.T @ noisy) / size
    shift = lam * (q @ beta)
    risk = float(spectrum @ (estimate - beta) ** 2)
    return {
        "B_avg": bias,
        "V": variance,
        "R": bias + variance,
        "B_in": bias_in,
        "V_in": sig2 * float(len(spectrum) - 2 * lam * trace + lam**2 * np.sum(square)) / size,
        "train": bias_in + sig2 * lam**2 * residual / size,
        "shrinkage": float(lam * trace + size - len(spectrum)) / size,
        "bias": float(spectrum @ shift**2),
        "risk": risk,
        "test": risk + sig2,
        "fit": float(np.mean((noisy - x @ estimate) ** 2)),
        **_known(gram, spectrum),
    }


def _known(gram: np.ndarray, spectrum: np.ndarray) -> dict[str, float]:
    """Values of the control variates."""
    diagonal = np.diag(gram)
    values = {"trace": np.sum(diagonal), "load": spectrum @ diagonal, "square": np.sum(gram**2)}
    return {name: float(value) / len(spectrum) for name, value in values.items()}


def _ridgeless(bias: bool) -> tuple[Statistic, ...]:
    """As above; without a null space there is no bias, exactly, and what is zero is compared with the noise."""
    sharp = tuple(Statistic(name, controls=CONTROLS, resolution=0.01) for name in ("V", "R", "test"))
    exact = tuple(Statistic(name, kind="exact", scale=0.25) for name in ("train", "B_in", "V_in", "shrinkage"))
    risk = Statistic("risk", quantity="R", kind="form", resolution=0.2)
    kind: dict[str, Any] = dict(resolution=0.01, controls=CONTROLS) if bias else dict(kind="exact", scale=0.25)
    form: dict[str, Any] = dict(kind="form", resolution=0.2) if bias else dict(kind="exact", scale=0.25)
    return (*sharp, *exact, risk, Statistic("B_avg", **kind), Statistic("bias", quantity="B", **form))


@theorem.experiment(points=("RL2", "RL3"), sizes=sizes, statistics=_ridgeless(bias=True))
@theorem.experiment(points=("RL1",), sizes=sizes, statistics=_ridgeless(bias=False))
def ridgeless(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Minimum-norm least squares, from a singular value decomposition of the data."""
    x, spectrum, beta, weight = _setup(rng, size, point, law)
    sig2 = float(point["sig2"])
    left, values, right = np.linalg.svd(x, full_matrices=False)
    null = np.eye(len(spectrum)) - right.T @ right
    bias = float(weight @ (null**2 @ spectrum))
    variance = sig2 * float(np.sum(spectrum * np.sum((right / values[:, None]) ** 2, axis=0)))
    noisy = x @ beta + np.sqrt(sig2) * rng.standard_normal(size)
    estimate = right.T @ (left.T @ noisy / values)
    freedom = len(values) / size
    return {
        "B_avg": bias,
        "V": variance,
        "R": bias + variance,
        "test": bias + variance + sig2,
        "train": sig2 * (1 - freedom) + float(np.mean((x @ null @ beta) ** 2)),
        "B_in": float(np.mean((x @ null @ beta) ** 2)),
        "V_in": sig2 * freedom,
        "shrinkage": 1 - freedom,
        "bias": float(spectrum @ (null @ beta) ** 2),
        "risk": float(spectrum @ (estimate - beta) ** 2),
        **_known(x.T @ x / size, spectrum),
    }
