"""Classification with a convex loss: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from scipy.special import ndtr

from rmtsym.errors import NoConvergence
from rmtsym.risk import margin_loss, minimise, separable
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.controls import covariance_moment
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, entry_moment, population
from theory.classification.erm_gaussian_mixture.statement import theorem

PAIRS = 8  # data sets in a replicate, each with its mirror image: the same noise with the opposite mean


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 96."""
    return (96, 192) if point["c"] == Fraction(1, 4) else (160, 320) if point["c"] < Fraction(1, 4) else (64, 128)


def _moment(power: int, of_mean: bool) -> Any:
    """Mean of tr C^k/p, or of mu'C^k mu, at a point."""

    def mean(point: Any, size: int, law: str) -> float:
        weights = point["mass"] if of_mean else point["w"]
        return float(sum(weight * x**power for weight, x in zip(weights, point["s"], strict=True)))

    return mean


def _walks(order: int, each: bool = False) -> Any:
    """Mean of tr S^order/p, S = Z'Z/n; or of tr S^order/n, that of the form of the average row in S^(order-1)."""

    def mean(point: Any, size: int, law: str) -> float:
        dimension = int(point["c"] * size)
        total = covariance_moment(order, population(point["w"], point["s"], dimension), size, law)
        return total / (size if each else dimension)

    return mean


def _turned(point: Any, size: int, law: str) -> float:
    """Mean of |S mu|^2."""
    excess, trace = entry_moment(law, 4) - 3, float(point["c"]) * _moment(1, False)(point, size, law)
    return _moment(2, True)(point, size, law) * (1 + (1 + excess) / size) + _moment(1, True)(point, size, law) * trace


#: Forms of noise and mean whose means are known at every size; random signs of the rows give those of their average.
WHITE = (
    *(Control(f"trace_{k}", _walks(k)) for k in (1, 2, 3)),
    *(Control(f"average_{k}", _walks(k, True)) for k in (1, 2, 3)),
    Control("turn", _moment(1, True)),
    Control("turned", _turned),
)
CONTROLS = (
    *WHITE,
    Control("load", _moment(2, False)),
    Control("average_C", lambda point, size, law: float(point["c"]) * _moment(2, False)(point, size, law)),
    Control("turn_C", _moment(2, True)),
)


def reduced(controls: Any = CONTROLS, **resolutions: float) -> tuple[Statistic, ...]:
    """Statistics with these controls and resolutions."""
    kinds = {"train_err": "probability"}
    return tuple(
        Statistic(name, kind=kinds.get(name, "trace"), controls=controls, resolution=sharp)
        for name, sharp in resolutions.items()
    )


@theorem.experiment(points=("A",), sizes=sizes, statistics=reduced(
    M=0.01, sigma=0.01, test_err=0.0075, train_err=0.03, train_loss=0.0075, eta=0.0075, ef2=0.01))  # fmt: skip
@theorem.experiment(points=("A",), sizes=sizes, laws=("rad",), statistics=reduced(
    M=0.02, sigma=0.02, test_err=0.015, train_err=0.06, train_loss=0.015, eta=0.015, ef2=0.02))  # fmt: skip
@theorem.experiment(points=("N",), sizes=sizes, statistics=reduced(
    M=0.01, sigma=0.0125, test_err=0.03, train_loss=0.04, eta=0.035, ef2=0.15))  # fmt: skip
@theorem.experiment(points=("E",), sizes=sizes, statistics=reduced(
    WHITE, M=0.03, sigma=0.04, test_err=0.01, train_err=0.03, train_loss=0.015, eta=0.015, ef2=0.025))  # fmt: skip
@theorem.experiment(points=("S",), sizes=sizes, statistics=reduced(
    WHITE, M=0.015, sigma=0.02, test_err=0.02, train_err=0.25, train_loss=0.025, eta=0.025, ef2=0.025))  # fmt: skip
@theorem.experiment(points=("H",), sizes=sizes, statistics=reduced(
    M=0.02, sigma=0.02, test_err=0.02, train_err=0.1, train_loss=0.025, eta=0.015, ef2=0.025))  # fmt: skip
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Margins, errors and scores of minimisers; noise with either sign of the mean, averaged.

    Without ridge a separable draw has no minimiser (at E a rare event) and is drawn again.
    """
    dimension = int(point["c"] * size)
    spectrum, counts = population(point["w"], point["s"], dimension), block_counts(point["w"], dimension)
    means = np.array([block_signal(rng, counts, [float(m) for m in point["mass"]]) for _ in range(PAIRS)])
    for last in (False, False, True):
        noise = entries(rng, (PAIRS, size, dimension), law) * np.sqrt(spectrum)
        rows = np.concatenate([means[:, None] + noise, means[:, None] - noise])
        try:
            found = observed(rows, np.tile(means, (2, 1)), spectrum, point)
            break
        except NoConvergence:
            if last or point["gamma"] > 0 or not any(map(separable, rows)):
                raise
    gram = np.swapaxes(noise, 1, 2) @ noise / size
    centre, turned = noise.mean(axis=1), (gram @ means[..., None])[..., 0]
    diagonal, pulled = np.einsum("bii->bi", gram), (gram @ centre[..., None])[..., 0]
    known = {
        "trace_1": diagonal.sum(axis=1) / dimension,
        "trace_2": np.sum(gram**2, axis=(1, 2)) / dimension,
        "trace_3": np.sum((gram @ gram) * gram, axis=(1, 2)) / dimension,
        "load": diagonal @ spectrum / dimension,
        "average_1": np.sum(centre**2, axis=1),
        "average_2": np.sum(centre * pulled, axis=1),
        "average_3": np.sum(pulled**2, axis=1),
        "average_C": centre**2 @ spectrum,
        "turn": np.sum(means * turned, axis=1),
        "turn_C": (means * turned) @ spectrum,
        "turned": np.sum(turned**2, axis=1),
    }
    return found | {name: float(value.mean()) for name, value in known.items()}


def observed(rows: np.ndarray, means: np.ndarray, spectrum: np.ndarray, point: Any) -> dict[str, float]:
    """What the theorem predicts, averaged over data sets."""
    loss = margin_loss(point["loss"])
    beta = minimise(rows, loss, float(point["gamma"]))
    mean, spread = np.sum(means * beta, axis=1), np.sqrt(beta**2 @ spectrum)
    margins = (rows @ beta[..., None])[..., 0]
    scores = -loss.slope(margins)
    found = {"M": mean, "sigma": spread, "test_err": ndtr(-mean / spread), "train_err": margins < 0,
             "train_loss": loss.value(margins), "eta": scores, "ef2": scores**2}  # fmt: skip
    return {name: float(np.mean(value)) for name, value in found.items()}
