r"""Least-squares classification of two Gaussian classes: closed form, interpolation, double descent.

.. math::  \hat\beta=\arg\min_\beta\tfrac1{2n}\sum_i(1-y_ix_i^\top\beta)^2+\tfrac\gamma2|\beta|^2,\qquad
           \text{error}=Q\Big(\rho_\lambda\sqrt{\tfrac{1-\tau}{q+\tau}}\Big),\quad
           \lambda\Big(1-\tfrac1n\operatorname{tr}C(C+\lambda)^{-1}\Big)=\gamma.

The statement is typed; the derivation takes the means out of the data by an exact rank-two identity and leaves the
traces of the noise to the engine.  Sources: Mai and Liao (2019), arXiv:1905.13742; Couillet and Liao (2022).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Space
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Numbers, Parameter, Quantity, Regime, Theorem, Weights
from theory.classification.densities import density

theorem = Theorem(
    id="ridge-classifier-closed-form",
    title="Least-squares classifier: closed form and interpolation",
    family="classification",
    references=(
        "X. Mai, Z. Liao (2019), High dimensional classification via regularized and unregularized empirical risk "
        "minimization: precise error and optimal loss, arXiv:1905.13742",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 6.2",
    ),
    assumptions=(
        r"$y_i=\pm1$, $x_i=y_i\mu+C^{1/2}z_i$, $i\le n$, the entries of $z_i$ standard normal; or independent, "
        r"symmetric, of unit variance and with bounded moments, if $C$ is diagonal and no coordinate of $\mu$ stays "
        "away from zero",
        r"the classifier is $\operatorname{sign}(x^\top\hat\beta)$, without intercept",
        r"$p/n\to c$; $|\mu|^2$ stays bounded; the law of the eigenvalues of $C$, which stay away from zero, and the "
        r"distribution of $|\mu|^2$ over them converge",
    ),
    parameters=(
        Parameter("s", "eigenvalues of the covariance", Numbers(POSITIVE, like="w"), "s"),
        Parameter("w", "share of the dimensions at each eigenvalue", Weights(), "w"),
        Parameter("mass", "squared norm of the mean in each eigenspace", Numbers(NON_NEGATIVE, like="w"), "m"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("gamma", "ridge", NON_NEGATIVE, r"\gamma"),
    ),
    quantities=(
        Quantity("M", "mean margin of a new sample", "M"),
        Quantity("sigma", "standard deviation of that margin", r"\sigma"),
        Quantity("test_err", "error on new samples", r"E_{\mathrm{test}}"),
        Quantity("train_err", "error on the training samples", r"E_{\mathrm{train}}"),
        Quantity("train_loss", "mean loss on the training samples", r"L_{\mathrm{train}}"),
        Quantity("effective_ridge", "effective ridge", r"\lambda", observable=False),
    ),
    points={
        "I": dict(s="1", w="1", mass="1", c="1/2", gamma="1"),
        "A": dict(s="1,3,5", w="1/4,1/4,1/2", mass="1/4,1/4,1/2", c="1/4", gamma="1/10"),
        "R1": dict(s="1", w="1", mass="2", c="1/2", gamma="0"),
        "R2": dict(s="1", w="1", mass="2", c="2", gamma="0"),
        "R3": dict(s="1/2,2", w="1/2,1/2", mass="1,1", c="3/2", gamma="0"),
    },
)


s, b, c, gamma, lam = sp.symbols("s b c gamma lam", positive=True)
M, sigma, test_err, train_err, train_loss = sp.symbols("M sigma test_err train_err train_loss")
effective = sp.Symbol("effective_ridge")
n, p = Space("n"), Space("p", c, letters=(s, b), law="nu")
nu = p.measure
ridge_is = sp.Eq(lam, gamma + c * lam * Average(s / (s + lam), nu))


def tail(x: Any) -> Any:
    """Probability that a standard normal variable exceeds x."""
    return sp.erfc(x / sp.sqrt(2)) / 2


def outputs(at: Any, residual: Any, wrong: Any) -> dict[str, Any]:
    """Quantities for an effective ridge and the factor from residuals of new samples to those of the training ones."""
    rho, q = Average(b / (s + at), nu), Average(b * s / (s + at) ** 2, nu)
    tau = c * Average(s**2 / (s + at) ** 2, nu)
    return {
        "effective_ridge": sp.sympify(at),
        "M": rho / (1 + rho),
        "sigma": sp.sqrt((1 - M) ** 2 * (q + tau) / (1 - tau)),
        "test_err": tail(M / sigma),
        "train_err": sp.sympify(wrong),
        "train_loss": sp.sympify(residual**2 * ((1 - M) ** 2 + sigma**2) / 2),
    }


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """With ridge; without, where least squares is unique; without, where the fit interpolates."""
    root = Unknown(lam, meaning="effective ridge")
    path = Continuation(gamma, 2 * gamma + 10**6, {lam: gamma})
    with_ridge = outputs(lam, gamma / lam, tail((M + lam / gamma - 1) / sigma))
    null = sp.Eq(1, c * Average(s / (s + lam), nu))
    return (
        Regime(FixedPointSystem((root,), (ridge_is,), with_ridge, continuation=path), "gamma > 0", "ridge"),
        Regime(
            FixedPointSystem((), (), outputs(0, 1 - c, tail((M + c / (1 - c)) / sigma))), "c < 1", "no ridge, p < n"
        ),
        Regime(FixedPointSystem((root,), (null,), outputs(lam, 0, 0)), "c > 1", "no ridge, p > n"),
    )


@theorem.binding
def binding(s, w, mass):
    """Joint law of the eigenvalue and of the density of the squared mean."""
    return {"nu": Atoms(w, s=s, b=density(mass, w))}
