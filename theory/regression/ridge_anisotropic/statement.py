r"""Ridge regression with a general covariance and an anisotropic signal.

.. math::  \hat\beta = (S+\lambda)^{-1}X^\top y/n,\quad S=X^\top X/n,\quad y=X\beta+\varepsilon,\quad
           \lambda=\kappa\Big(1-\tfrac1n\operatorname{tr}\Sigma(\Sigma+\kappa)^{-1}\Big).

The statement is what the engine makes of the exact finite-size formulas of bias, variance and errors; the derivation
reaches it by another road: leave one out for one resolvent, derivatives of it for two.  Sources: Dobriban and Wager
(2018); Hastie, Montanari, Rosset and Tibshirani (2022); Liao and Mahoney (2025).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Numbers, Parameter, Quantity, Regime, Theorem, Weights

theorem = Theorem(
    id="ridge-anisotropic",
    title="Ridge regression: general covariance, anisotropic signal",
    family="regression",
    references=(
        "E. Dobriban, S. Wager (2018), High-dimensional asymptotics of prediction, arXiv:1507.03003",
        "T. Hastie, A. Montanari, S. Rosset, R. J. Tibshirani (2022), Surprises in high-dimensional ridgeless least "
        "squares interpolation, arXiv:1903.08560",
        "Z. Liao, M. W. Mahoney (2025), Random matrix theory for deep learning, arXiv:2506.13139",
    ),
    assumptions=(
        r"$X$ is $n\times p$ with rows $\Sigma^{1/2}z_i$, the entries of $z_i$ independent, centred, of unit variance",
        r"$y=X\beta+\varepsilon$, the entries of $\varepsilon$ independent of $X$, centred, of variance $\sigma^2$",
        r"$p/n\to c$; the spectral law of $\Sigma$ and the distribution of $|\beta|^2$ over it converge",
    ),
    parameters=(
        Parameter("s", "eigenvalues of the covariance", Numbers(NON_NEGATIVE, like="w"), "s"),
        Parameter("w", "share of the dimensions at each eigenvalue", Weights(), "w"),
        Parameter("q", "share of the squared signal at each eigenvalue", Weights(like="w"), "q"),
        Parameter("r2", "squared norm of the signal", POSITIVE, "r^2"),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("lam", "ridge", NON_NEGATIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("B_avg", "squared bias, averaged over the direction of the signal", r"B_{\mathrm{avg}}"),
        Quantity("B", "squared bias of the prediction", "B"),
        Quantity("V", "variance of the prediction", "V"),
        Quantity("R", "excess risk, B + V", "R"),
        Quantity("test", "test error, excess risk and noise", r"E_{\mathrm{test}}"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("B_in", "squared bias in the sample", r"B_{\mathrm{in}}"),
        Quantity("V_in", "variance in the sample", r"V_{\mathrm{in}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
    ),
    points={
        "A": dict(s="1,4", w="1/2,1/2", q="1/2,1/2", r2="1", sig2="1/4", c="1/2", lam="3/10"),
        "B": dict(s="1,4", w="1/2,1/2", q="1/5,4/5", r2="1", sig2="1/4", c="2", lam="1/10"),
        "C": dict(s="1/5,1,5", w="1/2,1/4,1/4", q="1/10,3/10,3/5", r2="3/2", sig2="1/2", c="1", lam="1/20"),
        "RL1": dict(s="1", w="1", q="1", r2="1", sig2="1/4", c="1/2", lam="0"),
        "RL2": dict(s="1", w="1", q="1", r2="1", sig2="1/4", c="2", lam="0"),
        "RL3": dict(s="1,4", w="1/2,1/2", q="1/5,4/5", r2="1", sig2="1/4", c="5/2", lam="0"),
    },
    uses=("marchenko-pastur",),
)


s, b, c, lam, sig2, kappa = sp.symbols("s b c lam sig2 kappa", positive=True)
n, p = Space("n"), Space("p", c, letters=(s, b), law="nu")
X = Gaussian("Z", n, p) @ Deterministic(sp.sqrt(s), p)
S, Sigma, signal = X.T @ X, Deterministic(s, p), Deterministic(b, p)
Q, Qn = inverse(S + lam), inverse(X @ X.T + lam)
nu = p.measure


@cache
def equivalents() -> Equivalent:
    """Deterministic equivalents of the traces that the errors consist of; ``b`` is the density of the signal."""
    return deterministic_equivalent(
        {
            "bias": lam**2 * (Q @ Sigma @ Q @ signal),
            "variance": Q @ Sigma @ Q @ S,
            "bias_in": lam**2 * (Q @ S @ Q @ signal),
            "variance_in": S @ Q @ S @ Q,
            "residual": lam**2 * (Qn @ Qn),
            "companion": lam * Qn,
        }
    )


def errors(bias, variance, bias_in, variance_in, residual, companion) -> dict[str, sp.Expr]:
    """Quantities of the theorem from the traces: signal part and noise part of each error."""
    B, V, R = sp.symbols("B V R")
    formulas = {
        "shrinkage": companion,
        "B": bias,
        "B_avg": B,
        "V": sig2 * c * variance,
        "R": B + V,
        "test": R + sig2,
        "B_in": bias_in,
        "V_in": sig2 * c * variance_in,
        "train": sp.Symbol("B_in") + sig2 * residual,
    }
    return {name: sp.sympify(formula) for name, formula in formulas.items()}


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Positive ridge: the engine's system.  No ridge: its limit, with or without a null space of the sample."""
    made = equivalents()
    ridge = made.system
    positive = FixedPointSystem(
        ridge.unknowns, ridge.equations, errors(**made.outputs), continuation=ridge.continuation
    )
    rank, K = sp.Symbol("rank", positive=True), Unknown(kappa, meaning="effective ridge")
    g2 = c * Average(s**2 / (s + kappa) ** 2, nu)
    bias = kappa**2 * Average(b * s / (s + kappa) ** 2, nu) / (1 - g2)
    full = FixedPointSystem((), (), errors(0, rank / c / (1 - rank), 0, rank / c, 1 - rank, 1 - rank))
    null = FixedPointSystem(
        (K,), (sp.Eq(1, c * Average(s / (s + kappa), nu)),), errors(bias, g2 / c / (1 - g2), 0, 1 / c, 0, 0)
    )
    return (
        Regime(positive, "lam > 0", "positive ridge"),
        Regime(full, "rank < 1", "no ridge, more samples than dimensions"),
        Regime(null, "rank > 1", "no ridge, more dimensions than samples"),
    )


@theorem.binding
def binding(s, w, q, r2, c):
    """The law of eigenvalue and signal density, and the rank of the covariance per sample."""
    density = [r2 * x / y if y else Fraction(0) for x, y in zip(q, w, strict=True)]
    return {"nu": Atoms(w, s=s, b=density), "rank": c * sum(y for x, y in zip(s, w, strict=True) if x)}
