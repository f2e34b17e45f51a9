"""Classification with a convex loss: simulation and its picture.

One number of one data set fluctuates by some ten per cent.  Almost all of it goes through sums over the samples whose
means are known: given the others, the margin of a sample left out is normal with the mean ``M`` and the deviation
``sigma`` of the minimiser of the others.  What a function of that margin exceeds its normal mean by is a control; what
is left falls like 1/n, not like its root.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np
from scipy.special import ndtr

from rmtsym.errors import NoConvergence
from rmtsym.risk import LeftOut, margin_loss, minimise, prox, separable
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, population
from theory.classification.erm_gaussian_mixture.statement import theorem

DRAWS = 8  # data sets in a replicate
FIRST_LOOK = (192, 96)
FAR_APART = (384, 192)  # where the larger size is three times the smaller
FORMS = ("mean", "cross", "along", "score", "square")


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples, far apart where the minimisers allow it; the dimension is at most 108."""
    if point["c"] == Fraction(1, 2):
        return (48, 144) if point["gamma"] else (72, 216)
    return (96, 192) if point["c"] == Fraction(1, 4) else (240, 720)


def reduced(*forms: str, curvature: float | None = None, **resolutions: float) -> tuple[Statistic, ...]:
    """Statistics with these resolutions, and functions of the margins of samples left out as controls.

    The means of the controls are of order 1/n (the minimiser of the others is taken to first order), and part of the
    finite-size term.  The share of errors has its own control: what is left is the mean of their probabilities.
    """
    found = []
    for name, sharp in resolutions.items():
        used = [Control(f"out_{form}", 0.0) for form in forms if form != "loss" or name == "train_loss"]
        if name == "train_err":
            own = [Control("out_sign", 0.0, coefficient=1.0)]
            found.append(Statistic(name, kind="probability", controls=(*used, *own), resolution=sharp))
        else:
            found.append(Statistic(name, controls=tuple(used), resolution=sharp, curvature=curvature))
    return tuple(found)


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), first_look=FIRST_LOOK, statistics=reduced(
    *FORMS, "loss", M=0.005, sigma=0.005, test_err=0.005, train_err=0.015, train_loss=0.005, eta=0.005, ef2=0.005,
))  # fmt: skip
# a small ridge: scores and losses of the training samples are exponentially small, and their means vary as much
@theorem.experiment(points=("N",), sizes=sizes, first_look=FAR_APART, statistics=reduced(
    *FORMS, "loss", M=0.005, sigma=0.005, test_err=0.0075, train_loss=0.02, eta=0.015, ef2=0.1))  # fmt: skip
# no ridge: minimisers with heavy tails; more controls have means that do not fall like 1/n before n = 500.  Curvatures
# from pairs of sizes up to 480, 720 and 1440, two or three seeds each: M 86 +- 10, 140 +- 24, 120 +- 80; sigma
# 88 +- 16, 200 +- 31, 270 +- 140; test error -5 +- 12, 76 +- 26, 170 +- 120
@theorem.experiment(points=("E",), sizes=sizes, first_look=FAR_APART, statistics=(
    *reduced("mean", "score", curvature=200.0, M=0.0075),
    *reduced("mean", "score", curvature=250.0, sigma=0.0075),
    *reduced("mean", "score", curvature=100.0, test_err=0.005),
    *reduced("mean", "score", curvature=200.0, train_err=0.015, train_loss=0.01, eta=0.01, ef2=0.01),
))  # fmt: skip
# least squares without ridge is a series in 1/(n - p) = 2/n
@theorem.experiment(points=("S",), sizes=sizes, first_look=FAR_APART, statistics=reduced(
    "mean", "score", "square", curvature=4.0, M=0.005, sigma=0.005, test_err=0.005, train_err=0.2, train_loss=0.005,
    eta=0.005, ef2=0.005))  # fmt: skip
@theorem.experiment(points=("H",), sizes=sizes, first_look=FAR_APART, statistics=reduced(
    *FORMS, "loss", M=0.005, sigma=0.005, test_err=0.005, train_err=0.025, train_loss=0.0075, eta=0.005, ef2=0.005,
))  # fmt: skip
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Margins, errors and scores of minimisers, averaged, and their controls.

    Without ridge a separable draw has no minimiser (at E a rare event) and is drawn again.
    """
    dimension, loss, ridge = int(point["c"] * size), margin_loss(point["loss"]), float(point["gamma"])
    spectrum, counts = population(point["w"], point["s"], dimension), block_counts(point["w"], dimension)
    means = np.array([block_signal(rng, counts, [float(m) for m in point["mass"]]) for _ in range(DRAWS)])
    for last in (False, False, True):
        rows = means[:, None] + entries(rng, (DRAWS, size, dimension), law) * np.sqrt(spectrum)
        try:
            beta = minimise(rows, loss, ridge, tolerance=1e-6)
            break
        except NoConvergence:
            if last or ridge > 0 or not any(map(separable, rows)):
                raise
    values = _seen(rows, means, spectrum, point, beta) | _left_out(rows, means, spectrum, point, beta)
    return {name: float(np.mean(value)) for name, value in values.items()}


def observed(rows: np.ndarray, means: np.ndarray, spectrum: np.ndarray, point: Any) -> dict[str, float]:
    """What the theorem predicts, averaged over data sets."""
    beta = minimise(rows, margin_loss(point["loss"]), float(point["gamma"]))
    return {name: float(np.mean(value)) for name, value in _seen(rows, means, spectrum, point, beta).items()}


def _seen(rows: np.ndarray, means: np.ndarray, spectrum: np.ndarray, point: Any, beta: np.ndarray) -> dict[str, Any]:
    loss = margin_loss(point["loss"])
    mean, spread = np.sum(means * beta, axis=1), np.sqrt(beta**2 @ spectrum)
    margins = (rows @ beta[..., None])[..., 0]
    scores = -loss.slope(margins)
    return {"M": mean, "sigma": spread, "test_err": ndtr(-mean / spread), "train_err": margins < 0,
            "train_loss": loss.value(margins), "eta": scores, "ef2": scores**2}  # fmt: skip


class _Table(NamedTuple):
    """The functions: score and loss on a grid of the margin. Any would do; those of the theorem follow best."""

    r: np.ndarray
    score: np.ndarray
    loss: np.ndarray
    curvature: float
    slope: float


@cache
def _table(items: tuple[tuple[str, Any], ...]) -> _Table:
    point = dict(items)
    values = {name: float(value) for name, value in theorem.values(point).items()}
    loss, far = margin_loss(point["loss"]), 15 * (values["M"] + values["sigma"])
    r = np.linspace(-far, far, 1501)
    x = prox(loss, values["delta"], r)
    return _Table(r, -loss.slope(x), loss.value(x), values["theta"], float(theorem.bound(point)["slope"]))


def _left_out(
    rows: np.ndarray, means: np.ndarray, spectrum: np.ndarray, point: Any, beta: np.ndarray
) -> dict[str, np.ndarray]:
    """Sums over the samples left out, less their means given the others."""
    table = _table(tuple(sorted(point.items())))
    inverse = 1 / (table.curvature * spectrum + float(point["gamma"]))
    left = LeftOut(rows, margin_loss(point["loss"]), float(point["gamma"]), beta)
    margins = left.form()

    mean, spread = np.sum(means * beta, axis=1)[:, None], np.sqrt(beta**2 @ spectrum)[:, None]
    z = (table.r - mean) / spread
    weight = np.exp(-(z**2) / 2) * (table.r[1] - table.r[0]) / spread / np.sqrt(2 * np.pi)
    eta, fall = weight @ table.score, -((weight * z) @ table.score) / spread[:, 0]
    score = np.interp(margins, table.r, table.score)

    def form(values: np.ndarray, vector: np.ndarray) -> np.ndarray:
        """Mean of score times a form of the sample; of normal variables it is that of the score and of its slope."""
        expected = eta * np.sum(vector * means, axis=1) - fall * np.sum(vector * spectrum * beta, axis=1)
        return np.mean(score * values, axis=1) - expected

    once, twice = inverse * means, spectrum * inverse**2 * means
    return {
        "out_mean": form((rows @ once[..., None])[..., 0], once),
        "out_cross": form((rows @ twice[..., None])[..., 0], twice),
        "out_along": form(left.form(spectrum * inverse), spectrum * inverse * beta),
        "out_score": score.mean(axis=1) - eta,
        "out_square": np.mean(score**2, axis=1) - weight @ table.score**2,
        "out_loss": np.interp(margins, table.r, table.loss).mean(axis=1) - weight @ table.loss,
        "out_sign": np.mean((left.margins < 0) - ndtr((left.step * table.slope - mean) / spread), axis=1),
    }
