"""Population eigenvalues and eigenspaces from a sample: known wrong versions."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.spectra.population_eigenvalue_inference.statement import WEIGHTS, c, law_at, others, theorem


def _around(point: Any, k: int, count: int = 4096) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and steps over 2 pi i of a circle in the plane of v between the ends of cluster k."""
    low, high = (float(v) for v in law_at(point).thresholds[2 * k : 2 * k + 2])
    turn = np.exp(2j * np.pi * (np.arange(count) + 0.5) / count) * (high - low) / 2
    return (low + high) / 2 + turn, turn / count


def _plus(t: Any, w: Any, c: Any) -> dict[str, float]:
    """The estimator with the eigenvalues of diag(lambda) + sqrt(lambda) sqrt(lambda)'/n for eta."""
    point, found = {"t": t, "w": w, "c": c}, {}
    places, shares, ratio = np.array(t, dtype=float), np.array(w, dtype=float), float(c)
    for k in range(len(t)):
        v, step = _around(point, k)
        r = places / (v[:, None] - places)
        x, sign = v * (1 + ratio * r @ shares), 1 - ratio * r @ shares
        change = ratio * ((r / (v[:, None] - places)) @ shares)
        found[f"mestre{k}"] = float(np.sum(-x * change / sign * step).real / ratio / shares[k])
    return found


def _open_rectangle(t: Any, w: Any, c: Any) -> dict[str, float]:
    """Correlations by the trapezoidal rule on a rectangle with steps of 1/10 that stops short of where it began."""
    law, found = law_at({"t": t, "w": w, "c": c}), {}
    for k, (low, high) in enumerate(law.support.components):
        left, right = float(low) - 0.1, float(high) + 0.1
        top, bottom = np.arange(right, left, -0.1) + 1j, np.arange(left, right, 0.1) - 1j
        down, up = left + 1j * np.arange(1, -1, -0.1), right + 1j * np.arange(-1, 1, 0.1)
        z = np.concatenate([top, down, bottom, up])
        above = law.companion(z.real + 1j * np.abs(z.imag))
        companion = np.where(z.imag < 0, above.conj(), above)
        found[f"corr{k}"] = float((np.trapezoid(1 / z / (1 + companion * float(t[k])), z) / 2j / np.pi).real)
    return found


theorem.mutant(
    "no correction: the mean of the cluster",
    values=lambda naive0, naive1: {"mestre0": naive0, "mestre1": naive1},
)
theorem.mutant(
    "n/p for n/p_k",
    values=lambda mestre0, mestre1, w: {"mestre0": float(w[0] * mestre0), "mestre1": float(w[1] * mestre1)},
)
theorem.mutant("eta with a plus sign", values=_plus)
theorem.mutant(
    "clusters mislabelled",
    values=lambda corr0, corr1, naive0, naive1: {"corr0": corr1, "corr1": corr0, "naive0": naive1, "naive1": naive0},
)
theorem.mutant("t_k missing in the correlation", values=lambda corr1, t: {"corr1": corr1 / float(t[1])})
theorem.mutant(
    "the zero of the inverse function forgotten",
    outputs={"corr0": (1 + c * others(0, 2)) / (c * WEIGHTS[0])},
    regime="2 clusters",
)
theorem.mutant(  # in clusters of 100, where the right sum gives 0.966, 0.928, 0.949 and this one 0.947, 0.910, 0.930
    "one vector of each hundred left out of both projections",
    values=lambda corr0, corr1, corr2: {f"corr{k}": x * 0.99**2 for k, x in enumerate((corr0, corr1, corr2))},
    regime="3 clusters",
    source="RMT4ML, section 2.4 (eigenvec_proj): the slices of the clusters end one short",
)
theorem.mutant(
    "rectangular contour in steps of 1/10, not closed",
    values=_open_rectangle,
    regime="3 clusters",
    source="RMT4ML, section 2.4 (eigenvec_proj): the last points of the contour are missing",
)
