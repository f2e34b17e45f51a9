"""Ridge regression on random Fourier features: control variates of first and of second order in S'S."""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache, partial
from typing import Any

import numpy as np

from rmtsym.simulate import Control
from theory.regression.random_fourier_regression.kernels import at_size, bound_of, load, source
from theory.regression.resolvents import positive_inverse

#: Samples whose loads start the iteration for those of all samples.
FEW = 64


@dataclass(frozen=True)
class Expansion:
    """Matrices whose products with G = S'S/n and with P = S'S_h/n follow the statistics, and exact means."""

    grams: Mapping[str, np.ndarray]  # tr AG
    crosses: Mapping[str, np.ndarray]  # tr B'P
    middle: np.ndarray
    means: Mapping[str, float]

    def linear(self, G: np.ndarray, P: np.ndarray) -> dict[str, float]:
        found = {name: float(np.vdot(A, G)) for name, A in self.grams.items()}
        return found | {name: float(np.vdot(B, P)) for name, B in self.crosses.items()}

    def pairs(self, S: np.ndarray) -> dict[str, float]:
        r"""Sums over :math:`i\ne j` of :math:`\mathrm{tr}\,As_is_i^\top Bs_js_j^\top/n^2`, s_i the two features of i.

        Not for more features than samples, where they would cost as much as they gain.
        """
        rows, size = S.shape
        if rows >= size:
            return {}
        inner, plain = S @ self.middle @ S.T / size, S @ S.T / size
        both = [float(np.vdot(x, inner)) for x in (inner, plain)]
        count = rows // 2
        for a, b in itertools.product((slice(count), slice(count, None)), repeat=2):
            own, other = np.diagonal(inner[a, b]), np.diagonal(plain[a, b])
            both[0] -= float(own @ own)
            both[1] -= float(own @ other)
        return dict(zip(("pairs", "pairs_plain"), both, strict=True))


@lru_cache(maxsize=64)
def _means(law: str, *key: Any) -> tuple[np.ndarray, ...]:
    """Second moments of a cosine and of a sine, between training data, and between training and test data."""
    if law != "rad":  # Gaussian weights
        bound = bound_of(*key)
        return tuple(bound[f"{kind}_{name}"].floats() for kind in "KC" for name in ("cos", "sin"))
    X, Xh, *_ = load(*key)
    found: list[np.ndarray] = []
    for Y in (X, Xh):
        minus, plus = np.ones((2, X.shape[1], Y.shape[1]))
        for x, y in zip(X, Y, strict=True):  # E cos w'(x - y) is a product over the coordinates
            cosines, sines = np.outer(np.cos(x), np.cos(y)), np.outer(np.sin(x), np.sin(y))
            minus *= cosines + sines
            plus *= cosines - sines
        found += [(minus + plus) / 2, (minus - plus) / 2]
    return tuple(found)


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
    gaussian = _means("gauss", *source(point))
    bar, factors = _equivalent(list(gaussian[:2]), ratio, float(point["lam"]))
    across = np.asarray(sum(f * C for f, C in zip(factors, gaussian[2:], strict=True)))
    _, _, labels, labels_h = load(*source(point))
    fitted, predicted = bar @ labels, bar @ across
    missed = labels_h - labels @ predicted
    seen = [bar @ K @ bar for K in gaussian[:2]]
    grams = {"trQ": bar @ bar, "dcos": seen[0], "dsin": seen[1], "trQ2": bar @ bar @ bar}
    grams |= {"yQy": np.outer(fitted, fitted), "noise": predicted @ predicted.T}
    grams |= {"missed": np.outer(fitted, predicted @ missed)}
    crosses = {"P": across, "QP": predicted, "QQP": bar @ predicted, "yP": np.outer(fitted, missed)}
    K, C = (ratio * sum(_means(law, *source(point))[i : i + 2]) for i in (0, 2))
    means = {name: float(np.vdot(A, K)) for name, A in grams.items()}
    means |= {name: float(np.vdot(B, C)) for name, B in crosses.items()}
    KQ = K @ bar
    other = 1 - 1 / point["N"]  # ordered pairs of different weights
    means |= {"pairs": other * float(np.vdot(KQ, KQ.T)), "pairs_plain": other * float(np.vdot(KQ, K))}
    return Expansion(grams, crosses, bar.astype(np.float32), means)


def expansion(point: Mapping[str, Any], size: int, law: str) -> Expansion:
    return _expansion(law, tuple(sorted(at_size(point, size).items())))


def _mean(name: str, point: Mapping[str, Any], size: int, law: str) -> float:
    return expansion(point, size, law).means[name]


def controls(*names: str) -> tuple[Control, ...]:
    return tuple(Control(f"first_{name}", partial(_mean, name)) for name in names)


TRACES = controls("trQ", "dcos", "dsin", "trQ2")
PAIRS = controls("pairs", "pairs_plain")
PREDICTIONS = controls("noise", "P", "QP", "QQP")
FORMS = controls("yQy", "missed", "yP")
