"""Linear echo-state network: ridge regression with fading weights: derivation, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.simulate.ensembles import haar
from theory.regression.linear_esn_weighted_ridge.statement import (
    G,
    N,
    R,
    Sigma,
    T,
    d,
    freedom,
    freedom_2,
    g2,
    kappa,
    lam,
    one,
    r2,
    sig2,
    squared_bias,
    theorem,
    theta,
)
from theory.regression.ridge_anisotropic import statement as anisotropic


def _inner_product(lags: tuple[int, int]):
    """w'(O^k)'O^l w less what it should be, for an orthogonal matrix of many neurons."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        rotation, w = haar(rng, size), rng.standard_normal(size) / np.sqrt(size)
        left, right = (np.linalg.matrix_power(rotation, k) @ w for k in lags)
        return float(left @ right) - (lags[0] == lags[1])

    return deviation


def _weighted(rng: np.random.Generator, size: int) -> float:
    """Coefficient of the present input in the readout of a small reservoir, less the same with K = R."""
    fixed = np.random.default_rng(7)
    weights, data, labels = 0.8 ** np.arange(6), fixed.standard_normal((6, 9)), fixed.standard_normal(9)
    rotation, state = haar(rng, size), rng.standard_normal(size) / np.sqrt(size)
    columns = np.stack([np.linalg.matrix_power(rotation, k) @ state for k in range(6)], axis=1) * weights
    kernels = columns.T @ columns, np.diag(weights**2)
    readouts = [K @ data @ np.linalg.solve(data.T @ K @ data / 9 + 0.1 * np.eye(9), labels) / 9 for K in kernels]
    return float(readouts[0][0] - readouts[1][0])


@theorem.derivation
def derivation(proof: Any) -> None:
    """The readout sees a Gram matrix; with its limit the features are weighted inputs; then the engine."""
    n = sp.Symbol("n", integer=True, positive=True)
    F, U, D = MatrixSymbol("F", n, T), MatrixSymbol("U", T, N), MatrixSymbol("D", T, T)
    K = F.T * F
    dual = Inverse(U.T * K * U / N + lam * Identity(N))
    seen = proof.identity(
        "only the Gram matrix counts",
        Eq(F.T * Inverse(F * U * U.T * F.T / N + lam * Identity(n)) * F * U, K * U * dual, evaluate=False),
        "x_T = Fu, columns W^k w: the readout w'x_T is a linear function of u, its coefficients need F'F only",
    )
    sampling = dict(sizes=(16, 32, 64, 128), replicates=128)
    lengths = proof.asymptotic(
        "lengths", "|O^2 w|^2 = 1", "an orthogonal matrix keeps lengths", deviation=_inner_product((2, 2)), **sampling
    )
    angles = proof.asymptotic(
        "angles", "w'(O^2)'O^5 w = 0", "tr O^3/n vanishes", deviation=_inner_product((2, 5)), **sampling
    )
    limit = proof.asymptotic(
        "fading weights",
        "the coefficients are those with F'F = R = diag(rho^{2k})",
        "a continuous function of the Gram matrix, n much larger than T",
        deviation=_weighted,
        uses=[seen, lengths, angles],
        **sampling,
    )
    weighted = D.T * U
    whitened = proof.identity(
        "weighted inputs",
        Eq(
            D * D.T * U * Inverse(U.T * D * D.T * U / N + lam * Identity(N)),
            D * Inverse(weighted * weighted.T / N + lam * one) * weighted,
            evaluate=False,
        ),
        "R = DD': D times the ridge estimate for the inputs D'u, whose signal is D^{-1} theta",
        uses=[limit],
    )

    # ridge regression for the inputs D'u: covariance A, squared signal G
    made = anisotropic.equivalents()
    nu, s, b, c = (getattr(anisotropic, name) for name in ("nu", "s", "b", "c"))
    A = MatrixSymbol("A", T, T)
    count = proof.define(Eq(c, d * T / N), "dimensions per sample")
    engine = proof.engine("ridge regression", made, "equivalents of the traces of ridge regression", uses=[whitened])
    bias, variance, bias_in, residual, companion = sp.symbols("bias variance bias_in residual companion")
    pole = Inverse(A + kappa * one)
    signal = Trace(pole * A * pole * G) / T
    back = [
        proof.define(Eq(A, D.T * Sigma * D, evaluate=False), "covariance of D'u", uses=[whitened]),
        proof.define(
            Eq(G, T * r2 * Inverse(D) * theta * theta.T * Inverse(D.T), evaluate=False),
            "squared signal, times T",
        ),
        proof.define(Eq(R, D * D.T, evaluate=False), "the weights"),
    ]
    second = proof.define(Eq(g2, d / N * Trace(A * pole * A * pole)), "second degrees of freedom per sample")
    inside = dict(spectra={nu: {s: A, b: G}})
    equation = proof.identity(
        "effective ridge",
        Eq(kappa, lam + d * kappa / N * Trace(A * pole)),
        "nu is the spectrum of A",
        uses=[engine, count],
        **inside,
    )
    parts = proof.identity(
        "errors as traces",
        [
            Eq(bias, kappa**2 * signal / (1 - g2)),
            Eq(c * variance, g2 / (1 - g2)),
            Eq(bias_in, lam**2 * signal / (1 - g2)),
            Eq(residual, (lam / kappa) ** 2 / (1 - g2)),
            Eq(companion, lam / kappa),
        ],
        "b is the squared signal along the eigenvectors of A",
        uses=[engine, count, second],
        **inside,
    )

    # back to the inputs u
    ridge = proof.substitute(
        "equation of kappa", Eq(kappa, lam + d * kappa / N * freedom), "in Sigma R", uses=[equation, *back]
    )
    degrees = proof.substitute(
        "degrees of freedom", Eq(g2, d / N * freedom_2), "D(D'Sigma D + kappa)^{-1}D' = R(Sigma R + kappa)^{-1}",
        uses=[second, *back],
    )  # fmt: skip
    B, V, risk, train, shrinkage = sp.symbols("B V risk train shrinkage")
    squared = [proof.define(Eq(B, bias), "squared bias"), proof.define(Eq(V, sig2 * c * variance), "noise part")]
    turned = proof.substitute(
        "bias", Eq(B, squared_bias()), "the signal in Sigma and R",
        uses=[squared[0], parts, *back],
    )  # fmt: skip
    noise = proof.substitute("variance", Eq(V, sig2 * g2 / (1 - g2)), "per sample", uses=[squared[1], parts])
    total = proof.define(Eq(risk, B + V + sig2), "a new sequence has its own noise")
    fitted = proof.define(Eq(train, bias_in + sig2 * residual), "signal and noise in the sample")
    fit = proof.substitute(
        "training error", Eq(train, (lam / kappa) ** 2 * risk), "the same factor in both parts",
        uses=[fitted, parts, total, squared[0], noise],
    )  # fmt: skip
    shrink = proof.define(Eq(shrinkage, companion), "lambda tr(Z'Z/N + lambda)^{-1}/N")
    proof.conclude(uses=[ridge, degrees, turned, noise, total, fit, shrink, parts])
