r"""Ridge regression on a frozen representation :math:`z=F(u)` of the inputs.

.. math::  \text{risk}=\frac{E_{\rm pop}(\kappa)+\sigma^2}{1-\gamma_2},\qquad
           \lambda=\kappa\Big(1-\tfrac1N\operatorname{tr}\Sigma_z(\Sigma_z+\kappa)^{-1}\Big).

Only the second moments of the features and the inputs count.  What no linear readout of the features expresses acts
like noise in the labels.  Sources: Moakher, Tiomoko, Louart and Liao (2025); Louart, Liao and Couillet (2018).
"""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.theorem import (
    NON_NEGATIVE,
    POSITIVE,
    Choice,
    Count,
    Numbers,
    Parameter,
    Quantity,
    Theorem,
    Weights,
)

ACTIVATIONS = ("relu", "linear", "erf", "sin", "abs", "cos")  # Lipschitz

theorem = Theorem(
    id="fixed-representation-readout",
    title="Ridge readout of a fixed representation",
    family="regression",
    references=(
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), Generalization in representation models via random matrix "
        "theory: application to recurrent networks, arXiv:2511.02401",
        "C. Louart, Z. Liao, R. Couillet (2018), A random matrix approach to neural networks, "
        "Annals of Applied Probability 28, arXiv:1702.05419",
    ),
    assumptions=(
        r"$N$ independent inputs $u\in\mathbb R^d$ and features $z=F(u)\in\mathbb R^m$; $F$ is fixed and Lipschitz, "
        r"$u$ Gaussian of covariance $\Sigma_u$, so that $z$ concentrates; here $z=\sigma(Wu)$",
        r"$\Sigma_z=E\,zz^{\sf T}$, $\Sigma_{zu}=E\,zu^{\sf T}$: second moments, not centred; there is no intercept",
        r"labels $y=\theta^{\sf T}u+\varepsilon$, noise of variance $\sigma^2$; $\Theta$ is $\theta\theta^{\sf T}$, or "
        r"its mean",
        r"readout $w=(ZZ^{\sf T}/N+\lambda)^{-1}Zy/N$, $\lambda>0$; $N,m,d$ of the same order",
    ),
    parameters=(
        Parameter("F", "activation of the representation", Choice("activation", *ACTIVATIONS), "F", default="relu"),
        Parameter("W", "weights", Choice("weights", "gauss", "identity", "recurrent"), "W", default="gauss"),
        Parameter("theta", "direction of the target", Choice("direction", "fixed", "random"), r"\theta",
                  default="fixed"),
        Parameter("s", "eigenvalues of the covariance of the inputs", Numbers(POSITIVE, like="w"), "s", default="1"),
        Parameter("w", "share of the dimensions at each of them", Weights(), "w", default="1"),
        Parameter("d", "dimension of the inputs", Count(1)),
        Parameter("m", "features", Count(1)),
        Parameter("N", "training samples", Count(1)),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
        Parameter("seed", "seed of the weights", Count(0, 2**32 - 1), default="3"),
        Parameter("copies", "equal parts of the inputs, each with its features", Count(1), default="1"),
    ),
    quantities=(
        Quantity("risk", "test error with its noise", "R"),
        Quantity("B", "test error for labels without noise", "B"),
        Quantity("V", "variance that the noise causes", "V"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
        Quantity("E_pop", "error of ridge regression on the population, ridge kappa", r"E_{\mathrm{pop}}",
                 observable=False),
    ),
    points={
        "A": {"theta": "random", "d": 20, "m": 32, "N": 48, "sig2": "0.2", "lam": "0.05"},
        "B": {"theta": "random", "d": 20, "m": 64, "N": 48, "sig2": "0.2", "lam": "0.05"},
        "erf": {"F": "erf", "s": "1/2,2", "w": "1/2,1/2", "d": 30, "m": 20, "N": 40, "sig2": "0.1",
                "lam": "0.02"},
        "memory": {"F": "linear", "W": "recurrent", "theta": "random", "d": 30, "m": 18, "N": 36, "sig2": "0.1",
                   "lam": "0.02"},
    },
    uses=("ridge-anisotropic", "random-features-mei-montanari"),
)  # fmt: skip


m, d, N = sp.symbols("m d N", integer=True, positive=True)
sig2, lam, kappa = sp.symbols("sig2 lam kappa", positive=True)
Sz, Szu, Su, Theta = (MatrixSymbol(*x) for x in (("Sz", m, m), ("Szu", m, d), ("Su", d, d), ("Theta", d, d)))
one = Identity(m)
R = Inverse(Sz + kappa * one)


ridge_error = Trace(Su * Theta) - 2 * Trace(Szu.T * R * Szu * Theta) + Trace(Szu.T * R * Sz * R * Szu * Theta)


@theorem.statement
def statement() -> FixedPointSystem:
    E_pop, gamma_2 = sp.Symbol("E_pop"), Trace(Sz * R * Sz * R) / N
    return FixedPointSystem(
        unknowns=(Unknown(kappa, meaning="effective ridge"),),
        equations=(Eq(kappa, lam + kappa * Trace(Sz * R) / N),),
        outputs={
            "E_pop": ridge_error,
            "risk": (E_pop + sig2) / (1 - gamma_2),
            "B": E_pop / (1 - gamma_2),
            "V": sig2 * gamma_2 / (1 - gamma_2),
            "train": (lam / kappa) ** 2 * sp.Symbol("risk"),
            "shrinkage": lam / kappa,
        },
    )
