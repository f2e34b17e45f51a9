r"""A linear echo-state network is ridge regression with weights that fade into the past.

.. math::  x_t=Wx_{t-1}+W_{\rm in}u_t,\quad W=\rho O,\quad R=\mathrm{diag}(\rho^{2k}):\qquad
           \lambda=\kappa\Big(1-\tfrac dN\operatorname{tr}\Sigma R(\Sigma R+\kappa)^{-1}\Big).

The readout sees the reservoir only through the Gram matrix of the directions O^k w, which is the identity if there are
many more neurons than inputs.  Everything else is ridge regression with the covariance R^{1/2} Sigma R^{1/2}.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.field.table import Table
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Count, Interval, Parameter, Quantity, Theorem

theorem = Theorem(
    id="linear-esn-weighted-ridge",
    title="Linear echo-state network: ridge regression with fading weights",
    family="regression",
    references=(
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), A random matrix perspective of echo state networks: from "
        "precise bias-variance characterization to optimal regularization, arXiv:2509.22011",
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), Generalization in representation models via random matrix "
        "theory: application to recurrent networks, arXiv:2511.02401",
    ),
    assumptions=(
        r"$N$ independent sequences $u_1,\dots,u_T\in\mathbb R^d$; each of the $d$ components is, over time, a root of "
        r"$\Sigma$ times independent centred entries of variance one, here $\Sigma_{st}=\phi^{|s-t|}$; lags $k=T-t$ "
        r"count back from the end",
        r"states $x_t=Wx_{t-1}+W_{\rm in}u_t\in\mathbb R^n$, $x_0=0$; the features are $x_T$",
        r"$W=\rho O$, $O$ uniform orthogonal, or any other with $\frac1n\mathrm{tr}\,(O^k)^{\sf T}O^l\to1_{k=l}$; "
        r"$W_{\rm in}$ of independent $\mathcal N(0,1/n)$ entries; $n\gg Td$",
        r"labels $y=\theta^{\sf T}u+\varepsilon$, noise of variance $\sigma^2$; $\theta\theta^{\sf T}$ is averaged "
        r"over the components, here $\theta_k\propto m^k$ with $|\theta|=1$",
        r"readout $w=(ZZ^{\sf T}/N+\lambda)^{-1}Zy/N$ of the $n\times N$ features $Z$; $N$ and $Td$ of the same order",
    ),
    parameters=(
        Parameter("T", "length of the sequences", Count(1)),
        Parameter("N", "sequences", Count(1)),
        Parameter("d", "dimension of the inputs", Count(1), default="1"),
        Parameter("rho", "decay of the reservoir", Interval(0, 1, closed="right"), r"\rho"),
        Parameter("phi", "correlation of successive inputs", Interval(-1, 1), r"\phi", default="0"),
        Parameter("mem", "decay of the teacher's coefficients", Interval(0, 1, closed="right"), "m"),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("B", "squared bias", "B"),
        Quantity("V", "variance", "V"),
        Quantity("risk", "test error, B + V and noise", "E"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
    ),
    points={
        "A": {"T": "60", "N": "40", "rho": "0.9", "mem": "0.7", "sig2": "0.1", "lam": "0.01"},
        "B": {"T": "60", "N": "120", "rho": "0.95", "phi": "0.5", "mem": "0.9", "sig2": "0.1", "lam": "0.001"},
        "short": {
            "T": "8",
            "N": "24",
            "d": "2",
            "rho": "0.8",
            "phi": "-0.4",
            "mem": "1",
            "sig2": "0.25",
            "lam": "0.02",
        },
    },
    uses=("ridge-anisotropic", "fixed-representation-readout"),
)


T, N, d = sp.symbols("T N d", integer=True, positive=True)
sig2, lam, kappa, r2 = sp.symbols("sig2 lam kappa r2", positive=True)
Sigma, R, theta = MatrixSymbol("Sigma", T, T), MatrixSymbol("R", T, T), MatrixSymbol("theta", T, 1)
one = Identity(T)
Qbar = Inverse(Sigma * R + kappa * one)
error = Qbar * Sigma * Inverse(R * Sigma + kappa * one)  # of the population's ridge estimate, over kappa^2
freedom = Trace(Sigma * R * Qbar)
freedom_2 = Trace(Sigma * R * Qbar * Sigma * R * Qbar)


g2, G = sp.Symbol("gamma_2"), MatrixSymbol("G", T, T)  # G is the squared signal of ridge regression


def squared_bias(signal: Any = r2 * theta * theta.T) -> sp.Expr:
    """For the mean square of the signal; r2 makes the norm of theta one."""
    return kappa**2 * Trace(error * signal) / (1 - g2)


@theorem.statement
def statement() -> FixedPointSystem:
    return FixedPointSystem(
        unknowns=(Unknown(kappa, meaning="effective ridge"),),
        equations=(Eq(kappa, lam + d * kappa / N * freedom),),
        outputs={
            "gamma_2": d / N * freedom_2,
            "B": squared_bias(),
            "V": sig2 * g2 / (1 - g2),
            "risk": sp.Symbol("B") + sp.Symbol("V") + sig2,
            "train": (lam / kappa) ** 2 * sp.Symbol("risk"),
            "shrinkage": lam / kappa,
        },
    )


@theorem.binding
@lru_cache(maxsize=32)
def binding(T, rho, phi, mem) -> dict[str, Any]:
    """Covariance, weights and teacher by lag; two wrong versions of the weights."""

    def diagonal(power: Callable[[int], int]) -> Table:
        return Table(T, T, lambda s, t: rho ** power(s) if s == t else 0)

    return {
        "Sigma": Table(T, T, lambda s, t: phi ** abs(s - t)),
        "R": diagonal(lambda k: 2 * k),
        "R_root": diagonal(lambda k: k),
        "R_reversed": diagonal(lambda k: 2 * (T - 1 - k)),
        "theta": Table(T, 1, lambda k, _: mem**k),
        "r2": 1 / sum(mem ** (2 * k) for k in range(T)),
    }
