r"""Sampling rows of a tall matrix with replacement: designs, probabilities, and the sketched Gram matrix.

.. math::  S^\top S=\operatorname{diag}(c),\quad c_i=\frac{w_ib_i}{m\pi_i},\quad b\sim\mathrm{Multinomial}(m,\pi),\qquad
           \tilde Q=(A^\top S^\top SA+C)^{-1},\quad H=A^\top A+C,\quad \ell_i=a_i^\top H^{-1}a_i .
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.linalg import hadamard
from sympy import Inverse, MatrixSymbol

from rmtsym.errors import DomainError
from rmtsym.field.diagonal import Diagonal, DiagonalPart
from rmtsym.simulate import Control, Statistic
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Choice, Count, Parameter

KINDS = ("gauss", "gauss2", "opposed2", "signs2", "coherent2", "hadamard2", "pareto", "digits")
WEIGHTS = ("none", "scalar", "matrix")
SCHEMES = ("unif", "lev", "rootlev", "mix", "rownorm")
DIGITS = 1797  # images that come with scikit-learn
SEEDS = 2**32 - 1001  # of the legacy generator of numpy; the right-hand side is drawn with a seed larger by 1000

PARAMETERS = (
    Parameter("kind", "rows of A", Choice("kind of rows", *KINDS), default="gauss2"),
    Parameter("n", "rows of A", Count(1), default=4000),
    Parameter("d", "columns of A", Count(1), default=20),
    Parameter("m", "draws", Count(1), default=100),
    Parameter("scheme", "sampling probabilities", Choice("sampling scheme", *SCHEMES), r"\pi", default="unif"),
    Parameter("debias", "weights of the rows", Choice("weights", *WEIGHTS), "w", default="none"),
    Parameter("lam", "ridge, C = lam I", NON_NEGATIVE, r"\lambda", default="0"),
    Parameter("metric", "metric M of second moments and errors", Choice("metric", "gram", "H"), "M", default="gram"),
    Parameter("ratio", "size of the first tenth of the rows (kinds in 2)", POSITIVE, default="3"),
    Parameter("design_seed", "seed of the rows", Count(0, SEEDS), r"\mathrm{seed}", default="0"),
    Parameter("unit", "unit in which A and b are measured", POSITIVE, default="1"),
)

# -- symbols ----------------------------------------------------------------------------------------------------------

n, d = sp.symbols("n d", integer=True, positive=True)
m = sp.Symbol("m", positive=True)
A, b = MatrixSymbol("A", n, d), MatrixSymbol("b", n, 1)
C, M = MatrixSymbol("C", d, d), MatrixSymbol("M", d, d)
Pi, W, T = (MatrixSymbol(name, n, n) for name in ("Pi", "W", "T"))  # probabilities, weights, the first tenth
D, E = (MatrixSymbol(name, n, n) for name in ("D", "E"))
H = A.T * A + C
Q = Inverse(A.T * D * A + C)


def load(inner: Any) -> sp.Expr:
    """The diagonal of A X A', one number for each row."""
    return DiagonalPart(A * inner * A.T)


# -- designs ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Design:
    """A matrix, a right-hand side, and what sampling needs to know about them."""

    A: np.ndarray
    b: np.ndarray
    C: np.ndarray
    leverage: np.ndarray
    pi: np.ndarray

    @property
    def first(self) -> np.ndarray:
        """Indicator of the first tenth of the rows."""
        return (np.arange(len(self.b)) < len(self.b) // 10).astype(float)


def _rows(kind: str, n: int, d: int, ratio: float, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Rows and right-hand side."""
    if kind == "digits":
        return _digits(n, d, seed)
    rng = np.random.RandomState(seed)  # the generator of the reference figures
    first = np.arange(n) < n // 10
    if kind == "coherent2":  # basis vectors in turn
        Z = np.sqrt(d) * np.eye(d)[np.arange(n) % d]
    elif kind == "signs2":
        Z = 2.0 * rng.randint(2, size=(n, d)) - 1
    else:
        Z = rng.standard_normal((n, d))
    size = np.where(first, ratio, 1.0) if kind.endswith("2") else 1 + rng.pareto(3.0, n) if kind == "pareto" else 1.0
    A = Z * np.broadcast_to(size, n)[:, None]
    if kind == "hadamard2":
        if n & (n - 1):
            raise DomainError("n", n, "a power of two for the Hadamard transform", "use n=1024")
        A = hadamard(n) @ (np.where(rng.random_sample(n) < 0.5, -1.0, 1.0)[:, None] * A) / np.sqrt(n)
    noise = np.random.RandomState(seed + 1000).standard_normal(n)
    slope = np.where(first, -1, 1) if kind == "opposed2" else 1
    return A, slope * A.sum(axis=1) / np.sqrt(d) + np.where(first, 3 * noise + 3, noise)


def _digits(n: int, d: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    """A column of ones and the leading principal components of images of digits, of variance one; the digits shown."""
    from sklearn.datasets import load_digits

    images = load_digits()
    if n > DIGITS or d > 60:
        raise DomainError("n, d", f"{n}, {d}", f"at most {DIGITS} rows and 60 columns for the digits", "use fewer")
    chosen = np.random.default_rng(seed).permutation(DIGITS)[:n]
    pixels = images.data[chosen] / 16
    centred = pixels - pixels.mean(axis=0)
    _, values, axes = np.linalg.svd(centred, full_matrices=False)
    label = images.target[chosen].astype(float)
    return np.column_stack([np.ones(n), centred @ axes[: d - 1].T / values[: d - 1] * np.sqrt(n)]), label - label.mean()


@functools.lru_cache(maxsize=16)
def design(
    kind: str, n: int, d: int, scheme: str, lam: Fraction, ratio: Fraction, design_seed: int, unit: Fraction
) -> Design:
    """Rows, right-hand side, leverage scores and sampling probabilities."""
    if n < 10 or n < d:
        raise DomainError("n", n, f"n >= 10 and n >= d = {d}", "use more rows")
    A, b = (x * float(unit) for x in _rows(kind, n, d, float(ratio), design_seed))
    C = float(lam) * np.eye(d)
    leverage = np.einsum("ij,ji->i", A, np.linalg.solve(A.T @ A + C, A.T))
    weight = {
        "unif": np.ones(n),
        "lev": leverage,
        "rootlev": np.sqrt(leverage),
        "mix": leverage / leverage.sum() + 1 / n,
        "rownorm": np.sum(A**2, axis=1),
    }[scheme]
    return Design(A, b, C, leverage, weight / weight.sum())


def of(point: Any) -> Design:
    """The design of a point."""
    names = ("kind", "n", "d", "scheme", "lam", "ratio", "design_seed", "unit")
    return design(*(point[name] for name in names))


def weights(point: Any) -> np.ndarray:
    r"""Weights of the rows: one, :math:`m/(m-d_{\mathrm{eff}})`, or :math:`m/(m-\ell_i/\pi_i)`."""
    made, m = of(point), point["m"]
    load = {"none": 0.0, "scalar": made.leverage.sum(), "matrix": made.leverage / made.pi}[point["debias"]]
    most = np.max(load)
    if m <= most:
        raise DomainError("m", m, f"m > {most:.4g} for these weights", "draw more rows, or sample closer to leverage")
    return np.broadcast_to(m / (m - load), len(made.b))


def _independent(kind: str, n: int, d: int, ratio: Fraction, seed: int) -> None:
    """Refuse rows of a rank below d, up to 1e-6 of the largest singular value: in A'A the square of that is lost."""
    if 10 <= n and d <= n:  # otherwise refused by the design
        values = np.linalg.svd(_rows(kind, n, d, float(ratio), seed)[0], compute_uv=False)
        rank = int(np.sum(values > 1e-6 * values[0]))
        if rank < d:
            what = f"{n} rows of rank {d} without a ridge (these have rank {rank})"
            raise DomainError("kind, n, d", f"{kind}, {n}, {d}", what, "use more rows, fewer columns, or lam > 0")


def bound(point: Any) -> dict[str, Any]:
    """Matrices of a point; rows, probabilities and weights are taken as the doubles that they are."""
    for name in ("lam", "ratio", "unit"):
        if point[name] and not Fraction(1, 10**100) <= point[name] <= 10**100:
            size = f"{float(point[name]):.3g}"
            raise DomainError(name, size, "at least 1e-100 and at most 1e100", "use numbers of moderate size")
    if point["lam"] == 0:
        _independent(*(point[name] for name in ("kind", "n", "d", "ratio", "design_seed")))
    made = of(point)
    if point["lam"] == 0 and point["m"] <= point["d"]:
        raise DomainError("m", point["m"], f"m > d = {point['d']} without a ridge", "draw more rows, or set lam > 0")
    return {
        "A": made.A,
        "b": made.b[:, None],
        "C": made.C,
        "M": made.A.T @ made.A + (made.C if point["metric"] == "H" else 0),
        "Pi": Diagonal(made.pi),
        "W": Diagonal(weights(point)),
        "T": Diagonal(made.first),
    }


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same problem with ``size`` draws: d grows like m, n like m^2, so that repeated draws stay rare.

    The unit keeps the squared norms of A and b, and with them the ridge.  Images of digits stay as they are.
    """
    if point["kind"] == "digits":
        return {**point, "m": size}
    scale = Fraction(size, point["m"])
    rows = int(point["n"] * scale**2)
    return {**point, "m": size, "d": int(point["d"] * scale), "n": rows, "unit": point["unit"] / scale}


# -- sampling ---------------------------------------------------------------------------------------------------------


def indices(rng: np.random.Generator, pi: np.ndarray, count: int, draws: int) -> np.ndarray:
    """Drawn rows, shape (draws, count), independent with probabilities ``pi``."""
    steps = np.cumsum(pi)
    return np.searchsorted(steps, rng.random((draws, count)) * steps[-1], side="right")


class Sketches:
    """Sketched Gram matrices of one point, drawn a few at a time, with exact means of control variates.

    Parameters
    ----------
    made : Design
    m : int
        Draws of one sketch.
    weights : array of shape (n,)
    mean : array of shape (n,)
        Weights of the rows in the mean estimator of the theory, which gives the direction of ``bias_projection``.
    metric : str
        ``gram`` or ``H``.
    """

    def __init__(self, made: Design, m: int, weights: np.ndarray, mean: np.ndarray, metric: str) -> None:
        self.pi, self.m, rows, rhs = made.pi, m, made.A, made.b
        gram = rows.T @ rows
        root = np.linalg.cholesky(gram + made.C)
        self.white = np.linalg.solve(root, rows.T).T  # A L^{-T}, H = L L'
        self.ridge = np.linalg.solve(root, np.linalg.solve(root, made.C).T)
        self.weights, self.share = weights, weights / (m * made.pi)
        best = self.white.T @ rhs  # L' x*
        self.best, self.residual = best, rhs - self.white @ best
        first = made.first[:, None] * self.white
        self.first, self.gram = first.T @ self.white, self.white.T @ self.white
        self.metric = self.gram if metric == "gram" else np.eye(self.gram.shape[0])
        self.row = self.white.T @ (made.first * rhs)
        mean_gram = self.white.T @ (mean[:, None] * self.white) + self.ridge
        self.direction = self.gram @ (np.linalg.solve(mean_gram, self.white.T @ (mean * rhs)) - best)
        self.offset = float(self.row @ best)

    def moments(self) -> dict[str, float]:
        """Exact means of the control variates."""
        return self._moments

    @functools.cached_property
    def _moments(self) -> dict[str, float]:
        w, d, m = self.weights, self.white.shape[1], self.m
        mass = np.sum(self.white**2, axis=1)
        weighted = self.white.T @ (w[:, None] * self.white)
        square = np.sum(w**2 * mass**2 / self.pi) / m + (1 - 1 / m) * np.sum(weighted**2)
        # S'S is a mean of m independent rows: moments of Y = w yy'/pi and of its mean
        second = self.white.T @ ((w**2 * mass / self.pi)[:, None] * self.white)
        cube = np.sum(w**3 * mass**3 / self.pi**2) / m**2 + (1 - 1 / m) * (
            3 * np.sum(second * weighted) / m + (1 - 2 / m) * np.sum((weighted @ weighted) * weighted)
        )
        part = second / m + (1 - 1 / m) * weighted @ weighted
        size, scaled = w * mass / self.pi, np.sqrt(w / self.pi)[:, None] * self.white
        third = self.white.T @ ((w * size**2)[:, None] * self.white)
        along = np.sum((self.white @ weighted) * self.white, axis=1)
        crossed = 0.0  # two different rows in turn, each pair of blocks once: (y_i'y_j)^4
        blocks = np.array_split(np.arange(len(w)), len(w) // 500 + 1)
        for block in blocks:
            products = np.square(scaled[block] @ scaled[block[0] :].T)
            sums = self.pi[block] @ np.square(products, out=products) * self.pi[block[0] :]
            crossed += float(2 * np.sum(sums) - np.sum(sums[: len(block)]))
        pairs = 4 * np.sum(third * weighted) + 2 * np.sum(second**2) + crossed
        triples = 4 * np.sum(second * (weighted @ weighted)) + 2 * np.sum(w**2 * along**2 / self.pi)
        fourth = np.sum(self.pi * size**4) / m**3 + (1 - 1 / m) * (
            pairs / m**2 + (1 - 2 / m) * (triples / m + (1 - 3 / m) * np.sum((weighted @ weighted) ** 2))
        )
        score = self.white.T @ (w * self.residual)
        inner = np.sum((self.white @ self.metric) * self.white, axis=1)
        risk = np.sum(w**2 * self.residual**2 * inner / self.pi) / m + (1 - 1 / m) * score @ self.metric @ score
        return {
            "load": float(np.sum(w * mass)) / d,
            "first_load": float(np.sum(w * np.sum((self.white @ self.first) * self.white, axis=1))) / d,
            "square": float(square) / d,
            "first_square": float(np.sum(part * self.first)) / d,
            "cube": float(cube) / d,
            "fourth": float(fourth) / d,
            "lin_load": float(self.row @ score),
            "bias_load": float(self.direction @ score),
            "risk_load": float(risk),
        }

    def draw(self, rng: np.random.Generator, draws: int) -> dict[str, float]:
        """Statistics and control variates, averaged over independent sketches."""
        picked = indices(rng, self.pi, self.m, draws)
        rows, weight, residual = self.white[picked], self.share[picked], self.residual[picked]
        left = np.swapaxes(rows * weight[..., None], 1, 2)
        gram = left @ rows
        inverse = np.linalg.inv(gram + self.ridge)
        d = rows.shape[2]
        squared = gram @ gram
        score = np.einsum("kij,kj->ki", left, residual)  # A'S'S r, whitened
        # x_hat - x* = Q~ (A'S'S r - C x*)
        step = np.einsum("kij,kj->ki", inverse, score - self.ridge @ self.best)
        trace = np.einsum("kii->k", inverse) / d
        first = np.einsum("kij,ij->k", inverse, self.first) / d
        values = {
            "trH": trace,
            "g0": first,
            "g1": np.einsum("kij,ij->k", inverse, self.gram) / d - first,
            "trHQHQ": np.sum((inverse @ self.metric) * inverse, axis=(1, 2)) / d,
            "lin": self.offset + step @ self.row,
            "bias_projection": step @ self.direction,
            "trHxMx": np.einsum("ki,ij,kj->k", step, self.metric, step),
            "load": np.einsum("kii->k", gram) / d,
            "first_load": np.einsum("kij,ij->k", gram, self.first) / d,
            "square": np.einsum("kii->k", squared) / d,
            "first_square": np.einsum("kij,ij->k", squared, self.first) / d,
            "cube": np.sum(squared * gram, axis=(1, 2)) / d,
            "fourth": np.sum(squared**2, axis=(1, 2)) / d,
            "lin_load": score @ self.row,
            "bias_load": score @ self.direction,
            "risk_load": np.einsum("ki,ij,kj->k", score, self.metric, score),
        }
        return {name: float(np.mean(value)) for name, value in values.items()}


#: Traces of powers of the sketched Gram matrix, with exact means: what the trace of its inverse follows.
LOADS = ("load", "first_load", "square", "first_square", "cube", "fourth")


def observed(
    known: Callable[[Any, int, str], Mapping[str, float]], curvature: float, rough: float, sharp: float = 0.005
) -> tuple[Statistic, ...]:
    """Traces to a sharp resolution, forms in one right-hand side to a rough one.

    ``known(point, size, law)`` are the exact means of the control variates.  Designs differ between sizes, and with
    them the coefficient of 1/m; ``curvature`` bounds what that adds (measured on other designs, 50 to 400 draws).
    """

    def control(name: str) -> Control:
        return Control(name, lambda point, size, law: known(point, size, law)[name])

    loads = tuple(control(name) for name in LOADS)
    forms = {"lin": "lin_load", "trHxMx": "risk_load", "bias_projection": "bias_load"}  # the last one is small
    return (
        *(Statistic(name, controls=loads, resolution=sharp, curvature=curvature) for name in ("trH", "g0", "g1")),
        Statistic("trHQHQ", controls=loads, resolution=sharp, curvature=2 * curvature),
        *(
            Statistic(name, kind="form", controls=(control(load_),), resolution=rough, curvature=8 * curvature)
            for name, load_ in forms.items()
        ),
    )


def times(*factors: int) -> Callable[[Any], tuple[int, ...]]:
    """Numbers of draws, multiples of those of the point."""
    return lambda point: tuple(k * point["m"] for k in factors)


def average(sketches: Sketches, rng: np.random.Generator, batches: int) -> tuple[float, float]:
    """Mean of the trace of the inverse over batches of sixteen sketches, and its standard error."""
    drawn, known = [sketches.draw(rng, 16) for _ in range(batches)], sketches.moments()
    loads = np.array([[x[name] - known[name] for name in LOADS] for x in drawn])
    trace = np.array([x["trH"] for x in drawn])
    table = np.column_stack([np.ones(batches), loads])
    fitted, *_ = np.linalg.lstsq(table, trace, rcond=None)
    rest = trace - table @ fitted
    return float(fitted[0]), float(np.linalg.norm(rest) / np.sqrt(batches * (batches - table.shape[1])))


def picture(
    rng: np.random.Generator, draws: Any, curves: Mapping[str, Callable[[int], tuple[float, Sketches]]], batches: int
) -> Any:
    """Bias of the inverse against the number of draws: theory, simulation, and m times their relative difference."""
    from rmtsym.report.style import figure, points, using

    with using():
        fig, (top, bottom) = figure(6.8, 5.6, nrows=2, sharex=True, height_ratios=(2, 1))
        for index, (label, at) in enumerate(curves.items()):
            theory, found = [], []
            for m in draws:
                value, sketches = at(int(m))
                theory.append(value)
                found.append(average(sketches, rng, batches))
            values, (mean, error) = np.array(theory), np.transpose(found)
            top.plot(draws, values - 1)
            points(top, draws, mean - 1, error, label=label, index=index)
            points(bottom, draws, draws * (mean / values - 1), draws * error / values, index=index)
        bottom.axhline(0, color="#555555", linewidth=0.8)
        top.set(xscale="log", yscale="log", ylabel="relative bias of the inverse")
        bottom.set(xlabel="draws m", ylabel="m (sim./theory - 1)")
        bottom.set_xticks(draws, [str(m) for m in draws])
        bottom.minorticks_off()
        top.legend(title="line: theory, points: simulation", title_fontsize=9)
        return fig
