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


def _pole(point: Mapping[str, Any], size: int, law: str) -> float:
    """Mean of m over a chi-squared variable with m - d + 1 degrees of freedom, an entry on the diagonal of X."""
    rows = at_size(point, size)["m"]
    return float(rows * chi_squared(rows, size)[0])


GRAM = (Control("gram", _one), Control("gram2", _square))
CONTROLS = {name: (*GRAM, Control("theta1", _pole)) for name in ("theta2", "mse_plain", "mse_usual", "mse_exact")}


def observed(errors: float) -> tuple[Statistic, ...]:
    """Every quantity, exact at every size; ``errors`` is the resolution of the errors of averages."""
    return tuple(
        Statistic(
            x.name,
            kind="exact",
            resolution=errors if x.name.startswith("mse") else 0.005,
            controls=CONTROLS.get(x.name, GRAM),
            baseline=None if x.name == "theta1" else f"{x.name}_drawn",
        )
        for x in theorem.quantities
    )


SIGNS = (Statistic("theta1", kind="exact", controls=GRAM, fails=("rad",)),)


def chi_squared(rows: int, columns: int) -> tuple[float, float]:
    """Means of 1/x and 1/x^2 for a chi-squared variable x with m - d + 1 degrees of freedom."""
    free = rows - columns + 1
    return 1 / (free - 2), 1 / ((free - 2) * (free - 4))


@lru_cache(maxsize=32)
def factors(rows: int, columns: int) -> dict[str, float]:
    """What each average is rescaled by."""
    return {name: float(f.subs({m: rows, d: columns})) for name, f in FACTORS.items()}


def drawn(X: np.ndarray) -> tuple[float, ...]:
    """Means over a batch of sums of X_ii^2, of X_ij^2 and of X_ii X_jj, the last two over i != j."""
    diagonal = np.diagonal(X, axis1=1, axis2=2)
    own = np.sum(diagonal**2, axis=1)
    off, across = np.sum(X**2, axis=(1, 2)) - own, diagonal.sum(axis=1) ** 2 - own
    return tuple(float(x.mean()) for x in (own, off, across))


def without_lengths(X: np.ndarray, rows: int) -> tuple[float, ...]:
    """The same means, in each product an entry X_ii = m/c_i averaged over c_i: what is rare and large, known exactly.

    c_i is the squared distance of a column from the span of the others, for Gaussian entries a chi-squared variable
    independent of its coefficients v_i there and of the others' inverse X_(i): then (X_ij)_j = -m v_i/c_i, and the
    others have X = X_(i) + m v_i v_i'/c_i.
    """
    size = X.shape[-1]
    first, second = (rows**k * mean for k, mean in enumerate(chi_squared(rows, size), 1))
    diagonal = np.diagonal(X, axis1=1, axis2=2)
    lengths = np.sum(X**2, axis=2)
    coefficients = float(np.mean(np.sum(lengths / diagonal**2, axis=1))) - size  # of |v_i|^2
    others = float(np.mean(size * diagonal.sum(axis=1) - np.sum(lengths / diagonal, axis=1)))  # of tr X_(i)
    off = second * coefficients
    return size * second, off, first * others + off


# Few rows beyond d at B and C give heavy tails; the digits cost more to sketch.
@theorem.experiment(points=("A",), statistics=SIGNS, sizes=(20, 40), laws=("rad",), at_size=at_size)
@theorem.experiment(points=("digits",), statistics=observed(0.0075), sizes=(10, 20), at_size=at_size)
@theorem.experiment(points=("C",), statistics=observed(0.005), sizes=(3, 6), at_size=at_size)
@theorem.experiment(points=("B",), statistics=observed(0.005), sizes=(20, 40), at_size=at_size)
@theorem.experiment(points=("A",), statistics=observed(0.005), sizes=(20, 40), at_size=at_size)
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
    theta1 = float(np.trace(X, axis1=1, axis2=2).mean()) / size
    product = float(np.sum(X.sum(axis=0) ** 2) - np.sum(X**2)) / (BATCH * (BATCH - 1) * size)

    def second(own: float, off: float, across: float) -> dict[str, float]:
        theta2, pairs = (own + off) / size, size * (size - 1)
        found = {"theta2": theta2, "trace2": (own + across) / size**2}
        found |= {"sym": (across + off) / pairs, "skew": (across - off) / pairs}
        for name, f in factors(rows, size).items():
            found[name] = f**2 * (theta2 / copies + (1 - 1 / copies) * product) - 2 * f * theta1 + 1
        return found

    plain = second(*drawn(X))
    return {
        "theta1": theta1,
        **(second(*without_lengths(X, rows)) if law == "gauss" else plain),
        **{f"{name}_drawn": value for name, value in plain.items()},
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
