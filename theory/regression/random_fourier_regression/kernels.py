"""Ridge regression on random Fourier features: data and kernels."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.gaussian import kernel_expression
from rmtsym.gaussian.gram import Gram
from theory.regression import datasets
from theory.regression.random_fourier_regression.statement import theorem

_SOURCE = ("data", "p", "n", "nh", "bw", "snr", "seed", "shift")


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    names = ("n", "nh", "N") if point["data"] == "digits" else ("n", "nh", "N", "p")
    return {**point, **{name: int(point[name] * Fraction(size, point["n"])) for name in names}}


def source(point: Mapping[str, Any]) -> tuple[Any, ...]:
    """What the data depend on."""
    return tuple(point[name] for name in _SOURCE)


@lru_cache(maxsize=32)
def load(data: str, p: int, n: int, nh: int, bw: Fraction, snr: Fraction, seed: int, shift: Fraction) -> tuple:
    """Training and test data and labels; the shift is along the last coordinate."""
    X, Xh, labels, labels_h = datasets.load(data, p, n, nh, snr, seed)
    away = np.zeros((p, 1))
    away[-1] = float(shift)
    return float(bw) * (X + away), float(bw) * (Xh + away), labels, labels_h


@lru_cache(maxsize=32)
def bound_of(*source: Any) -> dict[str, Any]:
    X, Xh, labels, labels_h = load(*source)
    found: dict[str, Any] = {"y": labels[:, None], "yh": labels_h[:, None]}
    for name in ("cos", "sin"):
        k = kernel_expression(name)
        found |= {f"K_{name}": Gram(k, X), f"C_{name}": Gram(k, X, Xh), f"H_{name}": Gram(k, Xh)}
    return found


@theorem.binding
def binding(data, p, n, nh, N, bw, snr, seed, shift) -> dict[str, Any]:
    """Labels, kernel matrices, and as many cosines as sines."""
    return {**bound_of(data, p, n, nh, bw, snr, seed, shift), "N_cos": N, "N_sin": N}
