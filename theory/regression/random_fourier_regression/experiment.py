"""Ridge regression on random Fourier features: simulation and its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy.linalg import blas, lapack

from rmtsym.field.number_system import FLOAT
from rmtsym.simulate import Statistic, ensembles
from theory.regression.random_fourier_regression.controls import KNOWN, expansion
from theory.regression.random_fourier_regression.kernels import at_size, bound_of, load, source
from theory.regression.random_fourier_regression.left_out import left_out, single
from theory.regression.random_fourier_regression.statement import theorem
from theory.regression.resolvents import positive_inverse


def observed(
    trace: float,
    square: float,
    load: float,
    noise: float,
    *,
    curvature: float = 15.0,
    squares: float = 30.0,
    loads: float = 60.0,
    cosines: float | None = None,
    forms: float = 0.3,
) -> tuple[Statistic, ...]:
    """Statistics with the resolutions asked of tr Q, tr Q^2, the loads, and predictions from white labels.

    The data differ between sizes, and with them the coefficient of the 1/n term.  Measured on other data than these,
    two to six draws for each point at sizes from 64 to 384: for tr Q it moves from one size to the next by less than
    ``curvature`` times the difference of 1/n, for tr Q^2 by ``squares`` times, for the loads, where the largest
    eigenvalues of the kernels count, by ``loads`` times; in forms of the labels it jumps by up to about one.  In the
    load of the cosines at A it is a 1/n^2 term: 43 to 70 for eleven draws, hence a bound ``cosines`` of its own.

    With the weights left out as controls, three or four draws for each point at three or four sizes from 96 to 384,
    from the smallest size to the largest: at A 8, 11, 58 (loads), 23 (``test_noise``), at D 7, 19, 37 and 20, at C 9,
    2, 37 and 78, and at B 48, 94, 54 and 79, with errors of 1 to 8 for tr Q and of up to 37 for ``test_noise`` at C.
    Hence bounds of their own at B and C.
    """
    asked = [("trQ", trace, curvature), ("trQ2", square, squares), ("dcos", load, cosines or loads)]
    asked += [("dsin", load, loads), ("test_noise", noise, loads)]
    rough = [Statistic(q, kind="form", resolution=forms, variation=2.0, controls=KNOWN[q]) for q in ("train", "test")]
    return (
        *(Statistic(q, resolution=x, curvature=d, controls=KNOWN[q]) for q, x, d in asked),
        *rough,
    )


def plan(*sizes: int, first_look: tuple[int, int]) -> dict[str, Any]:
    """Sizes far apart leave less of noise and of drift in the extrapolation."""
    return dict(sizes=sizes, at_size=at_size, first_look=first_look)


ROUGH = observed(
    0.05, 0.075, 0.1, 0.1, curvature=200.0, squares=400.0, loads=400.0, forms=0.5
)  # the dimension stays while n grows
FIRM = observed(0.005, 0.005, 0.005, 0.005, cosines=85.0)
SLOW = observed(0.005, 0.005, 0.005, 0.008, curvature=25.0, squares=20.0, loads=100.0)
#: More weights than samples and little ridge: the least eigenvalues fluctuate, and the 1/n term is ten times larger.
STEEP = observed(0.005, 0.005, 0.005, 0.005, curvature=70.0, squares=100.0, loads=100.0)


def resolvent(S: np.ndarray, Sh: np.ndarray, G: np.ndarray, P: np.ndarray, ridge: float) -> tuple[np.ndarray, ...]:
    """Q = (G + lam I)^{-1} and P'Q for G = S'S/n, P = S'S_h/n, from the smaller of G and SS'/n = LL' - lam I."""
    rows, size = S.shape
    if rows >= size:
        Q = positive_inverse(G + ridge * np.eye(size))
        return Q, P.T @ Q
    double = S.astype(float)
    lower = lapack.dpotrf(double @ double.T / size + ridge * np.eye(rows), lower=True)[0]
    # transposed, because the library counts by columns
    Z, Zh = (blas.dtrsm(1 / np.sqrt(size), lower, x.T, side=1, lower=1, trans_a=1) for x in (double, Sh.astype(float)))
    Q = Z @ Z.T
    Q /= -ridge
    Q.flat[:: size + 1] += 1 / ridge
    return Q, Zh @ Z.T


@theorem.experiment(points=("digits",), statistics=ROUGH, grows=False, **plan(80, 160, first_look=(256, 128)))
@theorem.experiment(points=("B",), statistics=STEEP, **plan(160, 640, first_look=(256, 80)))
@theorem.experiment(points=("C",), statistics=SLOW, **plan(192, 640, first_look=(256, 120)))
@theorem.experiment(points=("D",), statistics=FIRM, **plan(160, 480, first_look=(128, 64)))
@theorem.experiment(points=("A",), statistics=FIRM, laws=("gauss", "rad"), **plan(128, 448, first_look=(128, 64)))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Resolvent and errors for one draw of the weights; the data stay."""
    near = expansion(point, size, law)
    point = at_size(point, size)
    X, Xh, labels, labels_h = load(*source(point))
    # single precision: errors of 1e-7 in the features, with random signs
    weights = ensembles.entries(rng, (point["N"], point["p"]), law).astype(np.float32)
    S, Sh = (np.concatenate([np.cos(t), np.sin(t)]) for t in (weights @ x.astype(np.float32) for x in (X, Xh)))
    ridge, kernels = float(point["lam"]), bound_of(*source(point))
    G, P = ((S.T @ x).astype(float) / size for x in (S, Sh))
    Q, predict = resolvent(S, Sh, G, P, ridge)
    Qy = Q @ labels
    return {
        "trQ": float(np.trace(Q)) / size,
        "dcos": float(np.vdot(kernels["K_cos"].in_system(FLOAT), Q)) / size,
        "dsin": float(np.vdot(kernels["K_sin"].in_system(FLOAT), Q)) / size,
        "trQ2": ridge**2 / size * float(np.vdot(Q, Q)),
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - predict @ labels) ** 2)),
        "test_noise": float(np.vdot(predict, predict)) / len(labels_h),
        **{f"first_{name}": x for name, x in near.linear(G, P).items()},
        **left_out(S, Sh, Q, predict.T, *single(law, *source(point))),
    }
