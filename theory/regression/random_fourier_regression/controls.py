"""Ridge regression on random Fourier features: control variates of first order in S'S, with known means."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from rmtsym.field.number_system import FLOAT
from rmtsym.simulate import Control
from theory.regression.random_fourier_regression.kernels import at_size, bound_of, load, source
from theory.regression.random_fourier_regression.left_out import kernels, left_out_controls
from theory.regression.resolvents import positive_inverse

#: Samples whose loads start the iteration for those of all samples.
FEW = 64


@dataclass(frozen=True)
class Expansion:
    """Matrices whose products with G = S'S/n and with P = S'S_h/n follow the statistics, and exact means."""

    grams: Mapping[str, np.ndarray]  # tr AG
    crosses: Mapping[str, np.ndarray]  # tr B'P
    means: Mapping[str, float]

    def linear(self, G: np.ndarray, P: np.ndarray) -> dict[str, float]:
        found = {name: float(np.vdot(A, G)) for name, A in self.grams.items()}
        return found | {name: float(np.vdot(B, P)) for name, B in self.crosses.items()}


def _equivalent(kernels: list[np.ndarray], ratio: float, ridge: float) -> tuple[np.ndarray, list[float]]:
    """Equivalent of Q and the factors N/(n (1 + delta)), the loads iterated for a few samples and then for all."""
    loads = [1.0, 1.0]
    for few, steps in ((FEW, 200), (len(kernels[0]), 3)):
        cut = [K[:few, :few] for K in kernels]
        for _ in range(steps):
            factors = [ratio / (1 + d) for d in loads]
            bar = positive_inverse(sum(f * K for f, K in zip(factors, cut, strict=True)) + ridge * np.eye(len(cut[0])))
            loads = [float(np.vdot(K, bar)) / len(bar) for K in cut]
    return bar, factors


@lru_cache(maxsize=64)
def _expansion(law: str, key: tuple[tuple[str, Any], ...]) -> Expansion:
    point = dict(key)
    ratio = point["N"] / point["n"]
    bound = bound_of(*source(point))
    train, between = ([bound[f"{kind}_{name}"].in_system(FLOAT) for name in ("cos", "sin")] for kind in "KC")
    bar, factors = _equivalent(train, ratio, float(point["lam"]))
    across = np.asarray(sum(f * C for f, C in zip(factors, between, strict=True)))
    _, _, labels, labels_h = load(*source(point))
    fitted, predicted = bar @ labels, bar @ across
    missed = labels_h - labels @ predicted
    seen = [bar @ K @ bar for K in train]
    grams = {"trQ": bar @ bar, "dcos": seen[0], "dsin": seen[1], "trQ2": bar @ bar @ bar}
    grams |= {"yQy": np.outer(fitted, fitted), "noise": predicted @ predicted.T}
    grams |= {"missed": np.outer(fitted, predicted @ missed)}
    crosses = {"P": across, "QP": predicted, "yP": np.outer(fitted, missed)}
    K, C = (ratio * x for x in kernels(law, *source(point)))
    means = {name: float(np.vdot(A, K)) for name, A in grams.items()}
    means |= {name: float(np.vdot(B, C)) for name, B in crosses.items()}
    return Expansion(grams, crosses, means)


def expansion(point: Mapping[str, Any], size: int, law: str) -> Expansion:
    return _expansion(law, tuple(sorted(at_size(point, size).items())))


def _mean(name: str, point: Mapping[str, Any], size: int, law: str) -> float:
    return expansion(point, size, law).means[name]


def controls(*names: str) -> tuple[Control, ...]:
    return tuple(Control(f"first_{name}", partial(_mean, name)) for name in names)


#: Controls of each statistic.  They are few, because the replicates at the large sizes are.
KNOWN = {
    "trQ": controls("trQ") + left_out_controls("load", "square", "spread"),
    "trQ2": controls("trQ2") + left_out_controls("load", "square", "spread"),
    "dcos": controls("dcos", "dsin") + left_out_controls("load", "square", "spread"),
    "dsin": controls("dcos", "dsin") + left_out_controls("load", "square", "spread"),
    "test_noise": controls("noise", "P", "QP") + left_out_controls("load", "square", "error", "pull"),
} | dict.fromkeys(("train", "test"), controls("yQy", "missed", "yP"))
