r"""One hidden random layer: :math:`\delta=\frac1T\mathrm{tr}\,\Phi\bar Q,\ \bar Q=(\kappa\Phi+\gamma)^{-1},\ \kappa=\frac{n}{T(1+\delta)}`.

Ridge regression on the features sigma(WX) of fixed data; only the weights W are random.  The kernel Phi is the second
moment of the features, in closed form for the activations below.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.gaussian import activation, kernel, kernel_expression
from rmtsym.gaussian.gram import A2B, A2B2, AB2, Gram
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Statistic, ensembles
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, REAL, Choice, Count, Numbers, Parameter, Quantity, Theorem
from theory.regression import datasets

ACTIVATIONS = ("relu", "abs", "lrelu", "sign", "step", "erf", "cos", "sin", "gauss", "linear", "poly2")

theorem = Theorem(
    id="random-network-regression",
    title="Ridge regression on one random layer",
    family="regression",
    references=(
        "C. Louart, Z. Liao, R. Couillet (2018), A random matrix approach to neural networks, "
        "Annals of Applied Probability 28, arXiv:1702.05419",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, section 5.1",
    ),
    assumptions=(
        r"data $X\in\mathbb R^{p\times T}$, $\hat X\in\mathbb R^{p\times T_h}$ deterministic, $\|X\|=O(1)$",
        r"$W\in\mathbb R^{n\times p}$ with i.i.d. entries, mean 0, variance 1, independent of everything else",
        r"$\sigma$ Lipschitz; $\gamma>0$; $n,p,T$ of the same order",
        r"readout $\beta=\frac1T SQy$, $S=\sigma(WX)$, $Q=(\frac1TS^{\sf T}S+\gamma)^{-1}$",
    ),
    parameters=(
        Parameter("sigma", "activation", Choice("activation", *ACTIVATIONS), r"\sigma", default="relu"),
        Parameter("coef", "coefficients: c2,c1,c0 of poly2, slopes a,b of lrelu", Numbers(REAL), default="0,1"),
        Parameter("W", "law of the weights", Choice("law of the weights", "gauss", "rademacher"), default="gauss"),
        Parameter("data", "data set", Choice("data set", *datasets.NAMES), default="gauss"),
        Parameter("p", "dimension of the data", Count(1)),
        Parameter("T", "training samples", Count(2)),
        Parameter("Th", "test samples", Count(2), "T_h"),
        Parameter("n", "neurons", Count(1)),
        Parameter("gamma", "ridge", POSITIVE, r"\gamma"),
        Parameter("snr", "size of the class means", NON_NEGATIVE, default="2"),
        Parameter("seed", "seed of the data", Count(0), default="0"),
    ),
    quantities=(
        Quantity("trQ", "normalised trace of the resolvent", r"\frac1T\mathrm{tr}\,Q"),
        Quantity("yQy", "quadratic form of the resolvent in the labels", r"\frac1Ty^{\sf T}Qy"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("test", "test error", r"E_{\mathrm{test}}"),
        Quantity("delta", "effective trace", r"\delta", observable=False),
    ),
    points={
        "A": {"sigma": "relu", "p": 256, "T": 512, "Th": 256, "n": 384, "gamma": "0.1"},
        "B": {"sigma": "erf", "data": "toeplitz", "p": 256, "T": 512, "Th": 256, "n": 768, "gamma": "0.01"},
        "C2": {
            "sigma": "poly2", "coef": "-0.5,0.5,1", "W": "rademacher", "p": 128, "T": 512, "Th": 256, "n": 256,
            "gamma": "0.1",
        },
        "digits": {"sigma": "relu", "data": "digits", "p": 64, "T": 240, "Th": 96, "n": 120, "gamma": "0.1"},
    },
)  # fmt: skip

# -- statement --------------------------------------------------------------------------------------------------------

T, Th = sp.symbols("T Th", integer=True, positive=True)
n, gamma, delta, kappa = sp.symbols("n gamma delta kappa", positive=True)
Phi, C, H = MatrixSymbol("Phi", T, T), MatrixSymbol("C", T, Th), MatrixSymbol("H", Th, Th)
y, yh = MatrixSymbol("y", T, 1), MatrixSymbol("yh", Th, 1)
one, one_h = Identity(T), Identity(Th)

Qbar = Inverse(kappa * Phi + gamma * one)


def form(matrix: Any, left: Any = y, right: Any = y) -> sp.Expr:
    """left' matrix right, as a trace."""
    return Trace(matrix * right * left.T)


@theorem.statement
def statement() -> FixedPointSystem:
    Psi, Psi_c, Psi_h = kappa * Phi, kappa * C, kappa * H
    spread = 1 - Trace(Psi * Qbar * Psi * Qbar) / n
    test_variance = Trace(Psi_h) / Th - Trace((one + gamma * Qbar) * Psi_c * Psi_c.T * Qbar) / Th
    return FixedPointSystem(
        unknowns=(Unknown(delta, meaning="tr(Phi Qbar)/T"), Unknown(kappa, meaning="n/(T (1 + delta))")),
        equations=(Eq(delta, Trace(Phi * Qbar) / T), Eq(kappa, n / (T * (1 + delta)))),
        outputs={
            "trQ": Trace(Qbar) / T,
            "yQy": form(Qbar) / T,
            "train": gamma**2
            / T
            * (form(Qbar * Qbar) + Trace(Psi * Qbar * Qbar) / n / spread * form(Qbar * Psi * Qbar)),
            "test": (form(one_h, yh, yh) - 2 * form(Psi_c.T * Qbar, yh) + form(Qbar * Psi_c * Psi_c.T * Qbar)) / Th
            + form(Qbar * Psi * Qbar) / n / spread * test_variance,
        },
    )


# -- data and kernel --------------------------------------------------------------------------------------------------


def kernel_of(sigma: str, coef: tuple[Fraction, ...], law: str) -> sp.Expr:
    """Kernel E sigma(w.a) sigma(w.b) as an expression in inner products."""
    if sigma == "lrelu":
        return kernel_expression(activation("lrelu", *coef))
    if sigma != "poly2":
        return kernel_expression(sigma)
    c2, c1, c0 = coef
    gaussian = kernel_expression(activation("quad", c2, c1, c0))
    m3, m4 = {"gauss": (0, 3), "rademacher": (0, 1)}[law]
    return gaussian + c2**2 * (m4 - 3) * A2B2 + c1 * c2 * m3 * (A2B + AB2)


@lru_cache(maxsize=8)
def _bound(sigma: str, coef: tuple, W: str, data: str, p: int, T: int, Th: int, snr: Fraction, seed: int) -> dict:
    X, Xh, labels, labels_h = datasets.load(data, p, T, Th, snr, seed)
    expression = kernel_of(sigma, coef, W)
    grams = {"Phi": Gram(expression, X), "C": Gram(expression, X, Xh), "H": Gram(expression, Xh)}
    return {**grams, "y": labels[:, None], "yh": labels_h[:, None]}


@theorem.binding
def binding(sigma, coef, W, data, p, T, Th, snr, seed) -> dict[str, Any]:
    return _bound(sigma, coef, W, data, p, T, Th, snr, seed)


def apply_activation(sigma: str, coef: tuple[Fraction, ...], t: np.ndarray) -> np.ndarray:
    """The activation itself, in floats."""
    if sigma == "poly2":
        return np.polynomial.polynomial.polyval(t, [float(c) for c in coef[::-1]])
    if sigma == "lrelu":
        return activation("lrelu", *coef)(t)
    return activation(sigma)(t)


# -- experiment -------------------------------------------------------------------------------------------------------


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    scale = Fraction(size, point["T"])
    names = ("T", "Th", "n") if point["data"] == "digits" else ("T", "Th", "n", "p")
    return {**point, **{name: int(point[name] * scale) for name in names}}


FORMS = ("yQy", "train", "test")
STATISTICS = ("trQ", *(Statistic(name, kind="form", resolution=0.03) for name in FORMS))


@theorem.experiment(points=("A", "B"), statistics=STATISTICS, sizes=(64, 128, 256), laws=("gauss", "rad"), at_size=at_size)
@theorem.experiment(points=("C2",), statistics=STATISTICS, sizes=(64, 128, 256), laws=("rad",), at_size=at_size)
@theorem.experiment(points=("digits",), statistics=STATISTICS, sizes=(60, 120, 240), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    point = at_size(point, size)
    names = ("data", "p", "T", "Th", "snr", "seed")
    X, Xh, labels, labels_h = datasets.load(*(point[name] for name in names))
    weights = ensembles.entries(rng, (point["n"], point["p"]), law)
    S, Sh = (apply_activation(point["sigma"], point["coef"], weights @ data) for data in (X, Xh))
    ridge = float(point["gamma"])
    Q = np.linalg.inv(S.T @ S / size + ridge * np.eye(size))
    Qy = Q @ labels
    fitted = Sh.T @ (S @ Qy) / size
    return {
        "trQ": float(np.trace(Q)) / size,
        "yQy": float(labels @ Qy) / size,
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - fitted) ** 2)),
    }



