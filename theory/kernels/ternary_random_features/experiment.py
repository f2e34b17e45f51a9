"""Ternary random features: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.special import ndtr, ndtri

from rmtsym.gaussian import (
    activation,
    expectation,
    kernel_expression,
)
from rmtsym.gaussian.gram import Gram
from rmtsym.simulate import Control, Statistic
from theory.kernels.ternary_random_features.statement import theorem


@lru_cache(maxsize=64)
def features_of(key: tuple[tuple[str, Any], ...]) -> tuple[Any, float, Any, float]:
    """Ternary function and target, each with its mean at variance tau."""
    point = dict(key)
    values = theorem.values(point)
    high, low = (float(values[name]) for name in ("s_plus", "s_minus"))
    scale, spread = float(point["r"]), float(np.sqrt(float(point["tau"])))
    target = activation("quad", *point["quad"]) if point["target"] == "quad" else activation(point["target"])
    return (
        lambda t: scale * ((t > spread * high).astype(float) - (t < spread * low)),
        scale * float(ndtr(-high) - ndtr(low)),
        target,
        float(expectation(target, point["tau"]).value()),
    )


def weights(rng: np.random.Generator, shape: tuple[int, int], law: str, eps: Fraction) -> np.ndarray:
    """Gaussian weights, or signs of which a share is zero, of variance 1."""
    if law == "gauss":
        return rng.standard_normal(shape)
    kept = rng.random(shape) >= float(eps)
    return np.where(kept, 2.0 * rng.integers(0, 2, shape) - 1.0, 0.0) / np.sqrt(1 - float(eps))


def coefficients(features: np.ndarray, z: np.ndarray, density: np.ndarray, tau: float, p: int) -> dict[str, float]:
    """Averages over pairs of different samples; the two samples of projections are independent."""
    weighted = density * features
    mean, first, second = (np.mean(weighted * h, axis=2) for h in (1.0, z, z**2 - 1))
    return {
        "d1": float(np.mean(first[0] * first[1])) / tau,
        "d2": float(np.mean(second[0] * second[1])) / (4 * tau**2),
        "offdiag": p / 2 * float(np.mean(mean[0] * mean[1])),
        "diagonal": float(np.mean(weighted * features)),
    }


CONTROLS = tuple(Control(f"norm_{k}", 0.0) for k in (1, 2, 3))


def observed(second: float, scale: float | None = None) -> tuple[Statistic, ...]:
    """Statistics with the resolution asked of the second order (absolute where it vanishes)."""
    precise = [Statistic(name, controls=CONTROLS, resolution=0.005) for name in ("zeros", "diagonal", "d1")]
    small = [Statistic(name, controls=CONTROLS, resolution=0.02) for name in ("d0", "d0_ter", "ridge")]
    order = [Statistic(name, controls=CONTROLS, resolution=second, scale=scale) for name in ("d2", "offdiag")]
    return (*precise, *small, *order)


@theorem.experiment(
    points=("relu", "relu, sparse weights", "quad, scaled"), sizes=(192, 384), statistics=observed(0.05)
)
@theorem.experiment(points=("erf, signs", "step"), sizes=(192, 384), statistics=observed(0.002, scale=1.0))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Features of Gaussian data with random weights, and the averages over pairs of samples that the kernel is seen by.

    For given w the projections w'x of different samples are independent, of variance tau |w|^2/p; the rest of x is
    averaged exactly: p E K(x,y) x'y = tau E_w (E z s)^2, and K(x,y)(|x|^2 - tau)(|y|^2 - tau) has the mean
    (tau/p)^2 E_w (E (z^2-1) s)^2.
    z is drawn with deviation 5/4 for the sake of its tails, one value from each of equally likely intervals.
    """
    ternary, level, target, other_level = features_of(tuple(sorted(point.items())))
    variance, count, draws, wide = float(point["tau"]), 48, 512, 1.25
    w = weights(rng, (count, size), point["w"], point["eps"])
    norms = np.mean(w**2, axis=1)
    z = wide * ndtri((np.arange(draws) + rng.random((2, count, draws))) / draws)
    density = wide * np.exp(-(1 - wide**-2) * z**2 / 2)
    t = np.sqrt(variance * norms)[:, None] * z
    values = ternary(t)
    found, other = (coefficients(f, z, density, variance, size) for f in (values - level, target(t) - other_level))
    share = float(point["eps"])
    spread, skew = (
        (2.0, 8.0) if point["w"] == "gauss" else (share / (1 - share), share * (2 * share - 1) / (1 - share) ** 2)
    )
    return {
        **found,
        "zeros": float(np.mean(density * (values == 0))),
        "d0": other["diagonal"] - variance * other["d1"],
        "d0_ter": found["diagonal"] - variance * found["d1"],
        "ridge": found["diagonal"] - other["diagonal"],
        "norm_1": float(np.mean(norms - 1)),
        "norm_2": float(np.mean((norms - 1) ** 2)) - spread / size,
        "norm_3": float(np.mean((norms - 1) ** 3)) - skew / size**2,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Eigenvalues of centred kernels: exact ReLU kernel, its random features, ternary features with ternary weights."""
    from sklearn.datasets import load_digits

    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    images, count = load_digits().data[:400].T, 20000
    normal = rng.standard_normal((400, 400)) / 20
    images = images - images.mean(axis=1, keepdims=True)
    point = theorem.point("relu", w="ternary", eps="0.5")
    ternary, _, relu, _ = features_of(tuple(sorted(point.items())))
    shift, order = float(theorem.values(point)["ridge"]), np.arange(1, 41)
    fig, panels = figure(9.5, 3.8, ncols=2)
    for axes, (name, data) in zip(panels, (("Gaussian data", normal), ("digits", images)), strict=True):
        x = data / np.sqrt(np.mean(np.sum(data**2, axis=0)))
        centre = np.eye(x.shape[1]) - 1 / x.shape[1]
        exact = centre @ Gram(kernel_expression("relu"), x).floats() @ centre
        axes.plot(order, np.linalg.eigvalsh(exact)[::-1][:40], color=COLOURS[0], label="exact ReLU kernel")
        for style, f, law, ridge in (("x", relu, "gauss", 0.0), ("o", ternary, "ternary", shift)):
            features = f(weights(rng, (count, len(x)), law, point["eps"]) @ x) @ centre
            kernel = features.T @ features / count - ridge * centre
            error = np.linalg.norm(exact - kernel, 2) / np.linalg.norm(exact, 2)
            label = "ternary features" if law == "ternary" else "ReLU features"
            axes.plot(order, np.linalg.eigvalsh(kernel)[::-1][:40], style, markersize=4, markerfacecolor="white",
                      color=COLOURS[1 + (law == "ternary")], label=f"{label}: {error:.1%}")  # fmt: skip
        axes.set_yscale("log")
        axes.set_title(f"{name}, {count} features")
        axes.set_xlabel("eigenvalue number")
        axes.legend(loc="lower left")
    panels[0].set_ylabel("eigenvalue of the centred kernel")
    return fig
