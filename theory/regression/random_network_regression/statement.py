r"""One random layer: :math:`\delta=\mathrm{tr}\,\Phi(\kappa\Phi+\gamma)^{-1}/T,\ \kappa=\frac{n}{T(1+\delta)}`.

Ridge regression on the features sigma(WX) of fixed data; only the weights W are random.  The kernel Phi is the second
moment of the features, in closed form for the activations below.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.fixedpoint import FixedPointSystem, Unknown
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
        Parameter("seed", "seed of the data", Count(0, 2**32 - 1), default="0"),
    ),
    quantities=(
        Quantity("trQ", "normalised trace of the resolvent", r"\frac{1}{T}\mathrm{tr}\,Q"),
        Quantity("yQy", "quadratic form of the resolvent in the labels", r"\frac{1}{T}y^{\sf T}Qy"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("test", "test error", r"E_{\mathrm{test}}"),
        Quantity("train_noise", "training error on white labels", r"\frac{\gamma^2}{T}\mathrm{tr}\,Q^2"),
        Quantity("test_noise", "variance of a prediction on white labels", r"\frac{1}{T_h}\|\hat S^{\sf T}SQ/T\|_F^2"),
    ),
    points={
        "A": {"sigma": "relu", "p": 64, "T": 128, "Th": 64, "n": 96, "gamma": "0.1"},
        "B": {"sigma": "erf", "data": "toeplitz", "p": 64, "T": 128, "Th": 64, "n": 192, "gamma": "0.01"},
        "C2": {
            "sigma": "poly2", "coef": "-0.5,0.5,1", "W": "rademacher",
            "p": 32, "T": 128, "Th": 64, "n": 64, "gamma": "0.1",
        },
        "digits": {"sigma": "relu", "data": "digits", "p": 64, "T": 240, "Th": 96, "n": 120, "gamma": "0.1"},
    },
)  # fmt: skip


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
    few = Trace(Psi * Qbar * Qbar) / n / (1 - Trace(Psi * Qbar * Psi * Qbar) / n)
    seen = Trace(Psi_h) - Trace((one + gamma * Qbar) * Psi_c * Psi_c.T * Qbar)
    few_h = seen / n / (1 - Trace(Psi * Qbar * Psi * Qbar) / n)
    white = Trace(Qbar * Psi * Qbar)
    return FixedPointSystem(
        unknowns=(Unknown(delta, meaning="tr(Phi Qbar)/T"), Unknown(kappa, meaning="n/(T (1 + delta))")),
        equations=(Eq(delta, Trace(Phi * Qbar) / T), Eq(kappa, n / (T * (1 + delta)))),
        outputs={
            "trQ": Trace(Qbar) / T,
            "yQy": form(Qbar) / T,
            "train": gamma**2 / T * (form(Qbar * Qbar) + few * form(Qbar * Psi * Qbar)),
            "test": (
                form(one_h, yh, yh)
                - 2 * form(Qbar * Psi_c, y, yh)
                + form(Qbar * Psi_c * Psi_c.T * Qbar)
                + few_h * form(Qbar * Psi * Qbar)
            )
            / Th,
            "train_noise": gamma**2 / T * (Trace(Qbar * Qbar) + few * white),
            "test_noise": (Trace(Qbar * Psi_c * Psi_c.T * Qbar) + few_h * white) / Th,
        },
    )
