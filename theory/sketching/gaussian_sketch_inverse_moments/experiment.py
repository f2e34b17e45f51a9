"""Inverse moments of a Gaussian sketch: simulation and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, entry_moment
from theory.sketching.gaussian_sketch_inverse_moments.statement import FACTORS, d, m, theorem

BATCH = 40  # matrices in one replicate, a multiple of every q below


@lru_cache(maxsize=8)
def digits(columns: int, rows: int = 160) -> np.ndarray:
    """The most variable pixels of handwritten digits, not centred and not rescaled."""
    from sklearn.datasets import load_digits

    pixels = load_digits().data
    return pixels[:rows, np.argsort(-pixels.var(axis=0), kind="stable")[:columns]]


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` columns."""
    return {**point, "d": size, "m": int(size * Fraction(point["m"], point["d"]))}


def _one(point: Mapping[str, Any], size: int, law: str) -> float:
    return 1.0


def _square(point: Mapping[str, Any], size: int, law: str) -> float:
    """Mean of tr (W/m)^2 / d; known for independent entries of any law if A = [I; 0], for Gaussian ones always."""
    rows = at_size(point, size)["m"]
    return (rows + size - 2 + entry_moment(law, 4)) / rows


CONTROLS = (Control("gram", _one), Control("gram2", _square))


def observed(rough: float) -> tuple[Statistic, ...]:
    """Every quantity, exact at every size; ``rough`` is the resolution of those of second order."""
    return tuple(
        Statistic(x.name, kind="exact", resolution=0.005 if x.name == "theta1" else rough, controls=CONTROLS)
        for x in theorem.quantities
    )


SIGNS = (Statistic("theta1", kind="exact", controls=CONTROLS, fails=("rad",)),)


# Second order to 3 % at B and C, where few rows beyond d give heavy tails, and at the digits, whose sketches cost more.
@theorem.experiment(points=("A",), statistics=SIGNS, sizes=(20, 40), laws=("rad",), at_size=at_size)
@theorem.experiment(points=("digits",), statistics=observed(0.03), sizes=(10, 20), at_size=at_size)
@theorem.experiment(points=("C",), statistics=observed(0.03), sizes=(3, 6), at_size=at_size)
@theorem.experiment(points=("B",), statistics=observed(0.03), sizes=(20, 40), at_size=at_size)
@theorem.experiment(points=("A",), statistics=observed(0.01), sizes=(20, 40), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Averages over a batch of sketches; the errors of averages over all ways to choose q of them."""
    rows, copies = at_size(point, size)["m"], point["q"]
    if point["design"] == "digits":
        A = digits(size)
        sketched = entries(rng, (BATCH, rows, len(A)), law) @ A / np.sqrt(rows)
        root = np.linalg.qr(A)[1]  # H = root' root
    else:  # A = [I; 0]
        sketched, root = entries(rng, (BATCH, rows, size), law) / np.sqrt(rows), np.eye(size)
    gram = np.linalg.solve(root.T, sketched.transpose(0, 2, 1) @ sketched) @ np.linalg.inv(root)
    X = np.linalg.inv(gram)
    diagonal = np.diagonal(X, axis1=1, axis2=2)
    trace, square, own = diagonal.sum(axis=1), np.sum(X**2, axis=(1, 2)), np.sum(diagonal**2, axis=1)
    across, off = trace**2 - own, square - own  # sums of X_ii X_jj and of X_ij^2 over i != j
    pairs = size * (size - 1)
    total = X.sum(axis=0)
    product = (np.sum(total**2) - square.sum()) / (BATCH * (BATCH - 1) * size)
    theta1, theta2 = trace.mean() / size, square.mean() / size
    factors = {name: float(f.subs({m: rows, d: size})) for name, f in FACTORS.items()}
    errors = {
        name: f**2 * (theta2 / copies + (1 - 1 / copies) * product) - 2 * f * theta1 + 1 for name, f in factors.items()
    }
    return {
        "theta1": theta1,
        "theta2": theta2,
        "trace2": float(np.mean(trace**2)) / size**2,
        "sym": float(np.mean(across + off)) / pairs,
        "skew": float(np.mean(across - off)) / pairs,
        **errors,
        "gram": float(np.trace(gram, axis1=1, axis2=2).mean()) / size,
        "gram2": float(np.sum(gram**2, axis=(1, 2)).mean()) / size,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """What the usual rescaling leaves, for Gaussian entries and for signs."""
    from rmtsym.report.style import figure, points

    rng = np.random.default_rng(page.trial.seed)
    columns, rows = page.theorem.point("A")["d"], np.array([28, 34, 40, 50, 60, 80, 120, 200])
    fig, axes = figure()
    fine = np.linspace(rows[0], rows[-1], 400)
    axes.plot(fine, 1 / (fine - columns - 1), label="theory, Gaussian: 1/(m - d - 1)")
    axes.axhline(0, color="0.6", lw=0.8)
    for index, (law, label) in enumerate((("gauss", "Gaussian entries"), ("rad", "signs"))):
        found = []
        for size in rows:
            point = {"d": columns, "m": int(size), "q": 1, "design": "white"}
            batches = [replicate(rng, columns, point, law) for _ in range(16)]
            rest, gram = (np.array([b[name] for b in batches]) for name in ("theta1", "gram"))
            slope = size / (size - columns)  # the gram matrix has mean one: to first order it explains the trace
            bias = (1 - columns / size) * (rest + slope**2 * (gram - 1)) - 1
            found.append((bias.mean(), bias.std(ddof=1) / 4))
        biases, errors = np.transpose(found)
        points(axes, rows, biases, errors, label=label, index=index)
    axes.set(xlabel="rows m of the sketch, d = 20", ylabel="relative bias after rescaling by (m - d)/m")
    axes.legend()
    return fig
