"""Kernels of Gaussian random features: simulation and its picture."""

from __future__ import annotations

from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic, entries, gaussian_pairs
from theory.kernels.rf_gaussian_kernel_closed_forms.statement import feature, theorem


def norms(point: dict[str, Any]) -> tuple[float, float, float, float]:
    """Norms, cosine and sine."""
    x, y, cosine = (float(point[name]) for name in ("norm_x", "norm_y", "cos_angle"))
    return x, y, cosine, float(np.sqrt((1 - cosine) * (1 + cosine)))


@theorem.experiment(statistics=(Statistic("kernel", kind="exact"),), sizes=(377, 987))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Mean over features of w'x and w'y, drawn as pairs of Gaussians.

    The error of one lattice is a function of its shift and far from normal; that of a mean over twelve is not.
    """
    x, y, cosine, sine = norms(point)
    z = np.concatenate([gaussian_pairs(rng, size) for _ in range(12)], axis=1)
    f = feature(point)
    return {"kernel": float(np.mean(f(x * z[0]) * f(y * (cosine * z[0] + sine * z[1]))))}


def second_moment(i: int, j: int) -> Any:
    """Mean of the product of two projections, for every law of the weights."""

    def mean(point: dict[str, Any], size: int, law: str) -> float:
        x, y, cosine, _ = norms(point)
        return (x, y)[i] * (x, y)[j] * (1.0 if i == j else cosine)

    return mean


SECOND = tuple(Control(f"uv{i}{j}", second_moment(i, j)) for i, j in ((0, 0), (0, 1), (1, 1)))


@theorem.experiment(
    points=("relu", "erf"), laws=("gauss", "rad"), sizes=(24, 96), first_look=(32, 32),
    statistics=(Statistic("wide", quantity="kernel", resolution=0.03, controls=SECOND),),
)  # fmt: skip
def in_high_dimension(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Weights with independent entries in ``size`` dimensions, and data that point nowhere in particular."""
    x, y, cosine, sine = norms(point)
    axes, _ = np.linalg.qr(rng.standard_normal((size, 2)))
    z = entries(rng, (2000, size), law) @ axes
    u, v = x * z[:, 0], y * (cosine * z[:, 0] + sine * z[:, 1])
    f = feature(point)
    products = {"uv00": u * u, "uv01": u * v, "uv11": v * v, "wide": f(u) * f(v)}
    return {name: float(np.mean(value)) for name, value in products.items()}


@theorem.figure
def figure(page: Any) -> Any:
    """Kernels of unit vectors against the cosine of their angle."""
    angles = ("-1", "-0.75", "-0.5", "-0.25", "0", "0.25", "0.5", "0.75", "1")
    names = ("abs", "relu", "step", "erf", "sign", "cos")
    return page.sweep(
        "cos_angle", angles, ["kernel"], over=("sigma", names), norm_x=1, norm_y=1, size=987, replicates=16
    )
