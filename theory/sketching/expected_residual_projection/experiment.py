"""Expected residual projection of a random sketch: simulation and its picture."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from theory.sketching.expected_residual_projection.statement import theorem
from theory.sketching.projection_spectra import digits, squares

BATCH = 12  # sketches in one replicate, a multiple of the T of the points


def sketch(rng: np.random.Generator, point: dict[str, Any], copies: int, law: str) -> np.ndarray:
    """Sketched matrices, in the right singular basis of A, every singular value repeated.

    Returns an array of shape (BATCH, k copies, n, copies).
    """
    rows, count = point["k"] * copies, point["n"]
    if point["spectrum"] == "digits":
        data = digits()[0]
        return np.moveaxis(entries(rng, (BATCH, rows, copies, len(data)), law) @ data, 2, 3)
    scale = np.sqrt([float(x) for x in squares(point["spectrum"], count)])[:, None]
    if law == "coordinates":  # rows of the identity, drawn without replacement: not independent entries
        chosen = rng.permuted(np.tile(np.arange(count * copies), (BATCH, 1)), axis=1)[:, :rows]
        picked = (chosen[:, :, None] == np.arange(count * copies)).reshape(BATCH, rows, count, copies)
        return picked * scale
    return entries(rng, (BATCH, rows, count, copies), law) * scale


def observed(trace: float, entry: float, slow: float, **more: Any) -> tuple[Statistic, ...]:
    """Statistics with their resolutions: the error, the diagonal entries, the smallest entry of the projection.

    The energy of the sketch along a direction has mean one, and explains a part of the entry.
    """
    controls = {name: (Control(f"energy{name[-1]}", 1.0),) for name in ("Pperp0", "Pperpk", "Pperpn")}
    return (
        Statistic("lra", resolution=trace, **more),
        *(Statistic(name, resolution=entry, controls=c, **more) for name, c in controls.items()),
        Statistic("rho", resolution=slow, controls=controls["Pperpn"], **more),
        Statistic("mean_component", resolution=entry, **more),
    )


def times(*copies: int) -> Callable[[dict[str, Any]], tuple[int, ...]]:
    """Numbers of columns with every singular value repeated."""
    return lambda point: tuple(point["n"] * c for c in copies)


# Entries: resolved to 3 % and more, each is one coordinate of a projection and its control explains little of it.
EXACT = tuple(Statistic(name, kind="exact", resolution=0.03) for name in ("lra", "Pperp0", "Pperpn", "rho"))
COORDINATES = (Statistic("lra", fails=("coordinates",)), Statistic("Pperp0", kind="form", fails=("coordinates",)))


@theorem.experiment(points=("B",), statistics=COORDINATES, sizes=times(1, 2), laws=("coordinates",))
@theorem.experiment(points=("flat",), statistics=EXACT, sizes=times(1, 2))
@theorem.experiment(points=("digits",), statistics=observed(0.03, 0.2, 0.3), sizes=times(1, 2))
@theorem.experiment(points=("C",), statistics=observed(0.005, 0.1, 0.1), sizes=times(1, 2))
@theorem.experiment(points=("B",), statistics=observed(0.005, 0.06, 0.1), sizes=times(1, 2), laws=("gauss", "rad"))
@theorem.experiment(points=("A",), statistics=observed(0.005, 0.04, 0.1), sizes=times(1, 2, 4), laws=("gauss", "rad"))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Residuals of a batch of sketches of a matrix with ``size`` columns: size/n copies of every singular value."""
    count, steps = point["n"], point["T"]
    copies = size // count
    rows = sketch(rng, point, copies, law)
    basis = np.linalg.qr(rows.reshape(BATCH, -1, size).transpose(0, 2, 1))[0]  # of the row space
    residual = 1 - np.sum(basis**2, axis=2).reshape(BATCH, count, copies).mean(axis=(0, 2))
    slow = slice((count - 1) * copies, None)
    components = []
    for start in range(0, BATCH - steps + 1, steps):
        moving = np.eye(size)[:, slow]
        for Q in basis[start : start + steps]:
            moving = moving - Q @ (Q.T @ moving)
        components.append(np.trace(moving[slow]) / copies)
    values = np.array([float(x) for x in squares(point["spectrum"], count)])
    energy = np.mean(rows**2, axis=(0, 1, 3)) / values
    place = min(point["k"], count) - 1
    return {
        "lra": float(values @ residual),
        "Pperp0": residual[0],
        "Pperpk": residual[place],
        "Pperpn": residual[-1],
        "rho": 1 - residual[-1],
        "mean_component": float(np.mean(components)),
        "energy0": energy[0],
        "energyk": energy[place],
        "energyn": energy[-1],
    }


@theorem.figure
def figure(page: Any) -> Any:
    """The digits: entries of the residual projection; errors of the low-rank approximation and the best ones."""
    from rmtsym.report.style import figure, points

    rng, count = np.random.default_rng(page.trial.seed), 61
    values = np.array([float(x) for x in squares("digits", count)])
    fig, ((left, right), (low_left, low_right)) = figure(
        10.0, 5.0, nrows=2, ncols=2, sharex="col", gridspec_kw={"height_ratios": [3, 1]}
    )
    rows, shown, ratios = (1, 2, 4, 7, 10, 15, 20, 30, 40, 50), np.arange(0, count, 3), []
    theory = np.array([float(theorem.values(theorem.point("digits", k=str(k)))["lra"]) for k in range(1, 51)])
    for k in rows:
        point = theorem.point("digits", k=str(k))
        drawn = np.concatenate([sketch(rng, point, 1, "gauss")[..., 0] for _ in range(12)])
        diagonal = 1 - np.sum(np.linalg.qr(drawn.transpose(0, 2, 1))[0] ** 2, axis=2)
        stated = {name: float(value) for name, value in theorem.values(point).items()}
        errors = diagonal @ values / stated["lra"]
        ratios.append((errors.mean(), errors.std(ddof=1) / np.sqrt(len(errors))))
        if k in (4, 10, 30):
            curve, index = 1 / (1 + stated["gamma"] * values), (4, 10, 30).index(k)
            mean, error = (x[shown] for x in (diagonal.mean(axis=0), diagonal.std(axis=0, ddof=1) / 12))
            left.plot(np.arange(1, count + 1), curve)
            points(left, shown + 1, mean, error, label=f"k = {k}", index=index)
            points(low_left, shown + 1, mean - curve[shown], error, index=index)
    mean, error = np.transpose(ratios)
    theory /= values.sum()
    right.plot(np.arange(1, 51), theory, label=r"theory, $k/\gamma$")
    at = theory[np.array(rows) - 1]
    points(right, rows, mean * at, error * at, label="simulation")
    points(low_right, rows, mean - 1, error)
    right.plot(np.arange(1, 51), 1 - np.cumsum(values)[:50] / values.sum(), "--", color="0.4", label="best of rank k")
    right.set(yscale="log", ylabel=r"$E\|A-AP\|_F^2\,/\,\|A\|_F^2$")
    left.set(ylabel=r"$\langle P_\perp\rangle_i$")
    low_left.set(xlabel="direction i", ylabel="residual")
    low_right.set(xlabel="rows k of the sketch", ylabel="rel. residual")
    for axes in (low_left, low_right):
        axes.axhline(0, color="0.6", lw=0.8)
    left.legend()
    right.legend()
    return fig
