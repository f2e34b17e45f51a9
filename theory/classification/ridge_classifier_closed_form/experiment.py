"""Least-squares classifier: closed form and interpolation: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
from scipy.special import ndtr

from rmtsym.simulate import Statistic
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, population
from theory.classification.ridge_classifier_closed_form.statement import theorem
from theory.regression.ridge_anisotropic.experiment import CONTROLS

DRAWS = 48  # classifiers fitted to the same noise, with other signs of its rows and other means


def sizes(point) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 120."""
    return (160, 320) if point["c"] < Fraction(1, 2) else (80, 160) if point["c"] < 1 else (48, 96)


def reduced(*names: str, resolution: float) -> tuple[Statistic, ...]:
    """Statistics with the first moments of the noise as control variates."""
    return tuple(Statistic(name, controls=CONTROLS, resolution=resolution) for name in names)


_SHARP = reduced("M", "sigma", "test_err", resolution=0.005)
_NULL = (*reduced("M", resolution=0.0075), *reduced("sigma", "test_err", resolution=0.005))
_LOSS = (*reduced("train_loss", resolution=0.005), Statistic("train_err", kind="probability", resolution=0.05))
_PEAK = (*reduced("M", "test_err", "sigma", resolution=0.0075), *reduced("train_loss", resolution=0.005),
         Statistic("train_err", kind="probability", resolution=0.2))  # fmt: skip
_EXACT = tuple(Statistic(name, kind="exact", scale=0.25) for name in ("train_err", "train_loss"))


def _measured(forms: np.ndarray, ridge: float) -> np.ndarray:
    """Mean margin, its deviation, error and training loss from quadratic forms of mean and noise."""
    P, R, x, PC, xC, SC, P2, x2, S2 = forms
    bottom = (1 + x) ** 2 + R * P
    mean = (R * P + (1 + x) * x) / bottom
    deviation, norm = (
        np.sqrt(R**2 * A + 2 * R * (1 + x) * B + (1 + x) ** 2 * C) / bottom for A, B, C in ((PC, xC, SC), (P2, x2, S2))
    )
    return np.array([mean, deviation, ndtr(-mean / deviation), R / bottom / 2 - ridge * norm**2 / 2])


def _linear(forms: np.ndarray, means: np.ndarray, ridge: float) -> np.ndarray:
    """First-order fluctuation of the measured numbers around the means of the forms given the noise; its mean is 0."""
    steps = 1e-5 * np.diag(np.abs(means) + 1e-3)
    slopes = [(_measured(means + h, ridge) - _measured(means - h, ridge)) / (2 * h.sum()) for h in steps]
    return np.array(slopes).T @ (forms - means[:, None])


@theorem.experiment(points=("I",), sizes=sizes, laws=("gauss", "rad"), statistics=(*_SHARP, *_LOSS))
@theorem.experiment(points=("A",), sizes=sizes, statistics=(*_SHARP, *_LOSS))
@theorem.experiment(points=("R1",), sizes=sizes, statistics=_PEAK)
@theorem.experiment(points=("R2", "R3"), sizes=sizes, statistics=(*_NULL, *_EXACT))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Classifiers of data sets that share the squares of their noise, averaged; without first-order fluctuations."""
    dimension = int(point["c"] * size)
    spectrum, ridge = population(point["w"], point["s"], dimension), float(point["gamma"])
    counts, mass = block_counts(point["w"], dimension), [float(m) for m in point["mass"]]
    X = entries(rng, (size, dimension), law) * np.sqrt(spectrum)
    mu = np.array([block_signal(rng, counts, mass) for _ in range(DRAWS)]).T
    signs = 2.0 * rng.integers(0, 2, size=(size, DRAWS)) - 1.0
    interpolates = dimension > size and not ridge
    if not interpolates:
        Q = np.linalg.inv(X.T @ X / size + ridge * np.eye(dimension))
        back = X @ Q / np.sqrt(size)  # v'Q is signs' back, up to the root of n
        R, R_mean = lambda v: 1 - np.sum((X.T @ signs / size) * v, axis=0), 1 - np.sum(back * X) / size**1.5
    else:  # the limit of no ridge: Q and R scaled by it
        inner = np.linalg.inv(X @ X.T / size)
        back, Q = inner @ X / np.sqrt(size), np.eye(dimension) - X.T @ inner @ X / size
        R, R_mean = lambda v: np.sum(signs * (inner @ signs), axis=0) / size, np.trace(inner) / size
    u, v = Q @ mu, back.T @ signs / np.sqrt(size)
    x, r = np.sum(mu * v, axis=0), R(v)
    bottom = (1 + x) ** 2 + r * np.sum(mu * u, axis=0)
    beta = (r * u + (1 + x) * v) / bottom
    mean, deviation = np.sum(mu * beta, axis=0), np.sqrt(spectrum @ beta**2)
    rows = mean + signs * (X @ beta)  # margins of the training samples y_i x_i = mu + signs_i X_i
    plain = np.array([mean, deviation, ndtr(-mean / deviation), np.mean((1 - rows) ** 2, axis=0) / 2])

    share = np.repeat([m / k for m, k in zip(mass, counts, strict=True)], counts)
    forms, means = [np.sum(mu * u, axis=0), r, x], [share @ np.diag(Q), R_mean, 0.0]
    for weight in (spectrum, np.ones(dimension)):
        forms += [weight @ u**2, weight @ (u * v), weight @ v**2]
        means += [share @ (Q**2 @ weight), 0.0, np.sum(back**2 @ weight) / size]
    steady = plain - _linear(np.array(forms), np.array(means), ridge)
    values = dict(zip(("M", "sigma", "test_err", "train_loss"), steady.mean(axis=1), strict=True))
    if interpolates:
        values["train_loss"] = plain[3].mean()
    gram = X.T @ X / size
    known = {"trace": np.trace(gram), "load": spectrum @ np.diag(gram), "square": np.sum(gram**2)}
    values |= {name: value / dimension for name, value in known.items()}
    return {name: float(value) for name, value in values.items()} | {"train_err": float(np.mean(rows < 0))}
