"""Clustering with sparse and quantised kernels: simulation and its picture."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from theory.kernels.sparse_quantized_phase_transition.draws import applied, data, kernel, top
from theory.kernels.sparse_quantized_phase_transition.statement import theorem

#: Classes and mean against the noise: v'Z'mu/n, |Z'mu|^2/n and the off-diagonal part of |Zv|^2/(np).
CONTROLS = (
    Control("cross", 0.0),
    Control("spread", lambda point, n, law: float(point["rho"])),
    Control("along", 0.0),
)


#: The coefficient of the 1/n term itself changes by O(1/n), most where much is cut off; ``curvature`` bounds that.
def seen_with(resolution: float) -> tuple[Statistic, ...]:
    """One eigenvalue and its vector, not traces; the vector fluctuates more where the signal is weaker."""
    return (
        Statistic("eig", kind="form", controls=CONTROLS, resolution=0.03, curvature=300.0),
        Statistic("alignment", kind="form", controls=CONTROLS, resolution=resolution, curvature=600.0),
        Statistic("error", kind="probability", controls=CONTROLS, resolution=0.2, curvature=600.0),
    )


HIDDEN = (
    Statistic("eig", kind="edge", exponent=2 / 3, resolution=0.03),
    Statistic("alignment", kind="form", scale=1.0, resolution=0.03),
)
SIZES = (160, 320)


@theorem.experiment(points=("H",), sizes=SIZES, statistics=HIDDEN)
@theorem.experiment(points=("B",), sizes=SIZES, statistics=seen_with(0.08))
@theorem.experiment(points=("C", "D"), sizes=SIZES, statistics=seen_with(0.06))
@theorem.experiment(points=("A",), sizes=SIZES, laws=("gauss", "rad"), statistics=seen_with(0.06))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Largest eigenvalue of one kernel and what its vector knows of the classes."""
    noise, v, mean = data(rng, int(point["c"] * size), size, float(point["rho"]), law)
    w, dimension = noise.T @ mean, len(noise)
    table = kernel(partial(applied, point), noise + np.outer(mean, v))
    if point["f"] == "mask":
        kept = np.triu(rng.random((size, size)) < float(point["eps"]), 1)
        table *= kept | kept.T
    value, vector = top(table, v + w)
    wrong = float(np.mean(vector * v < 0))
    return {
        "eig": value,
        "alignment": float(vector @ v) ** 2 / size,
        "error": min(wrong, 1 - wrong),
        "cross": float(v @ w) / size,
        "spread": float(w @ w) / size,
        "along": float(np.sum((noise @ v) ** 2)) / (size * dimension) - 1,
    }
