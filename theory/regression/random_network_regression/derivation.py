"""Ridge regression on one random layer: derivation, step by step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.gaussian import kernel, kernel_expression
from rmtsym.gaussian.gram import Gram
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem.certified import certified
from theory.regression import datasets
from theory.regression.random_network_regression.statement import (
    C,
    H,
    Phi,
    Qbar,
    T,
    Th,
    delta,
    form,
    gamma,
    kappa,
    n,
    one,
    one_h,
    theorem,
    y,
    yh,
)


def gaussian_rows() -> tuple[Any, Any, tuple[sp.Symbol, sp.Symbol]]:
    """Equivalent of Q for independent Gaussian rows of covariance Phi, in units of T: r = n/T."""
    ratio, phi = sp.symbols("r phi", positive=True)
    samples, neurons = Space("T", letters=(phi,), law="nu"), Space("n", ratio)
    rows = Gaussian("Z", neurons, samples) @ Deterministic(sp.sqrt(phi), samples)
    return deterministic_equivalent(inverse(rows.T @ rows + gamma)), samples.measure, (ratio, phi)


@lru_cache(maxsize=8)
def _lemma_case(size: int) -> tuple[np.ndarray, np.ndarray, float]:
    X, *_ = datasets.load("gauss", size // 2, size, 2)
    matrix = Gram(kernel_expression("relu"), X).floats()
    A = np.linalg.inv(matrix + 0.1 * np.eye(size))
    return X, A, float(np.sum(matrix * A))


def trace_lemma(rng: np.random.Generator, size: int) -> float:
    """s'As/T - tr(Phi A)/T for one neuron s = relu(X'w) and a deterministic resolvent A."""
    X, A, mean = _lemma_case(size)
    s = np.maximum(X.T @ rng.standard_normal(size // 2), 0.0)
    return (float(s @ A @ s) - mean) / size


@theorem.derivation
def derivation(proof: Any) -> None:
    """Neurons are independent rows of covariance Phi; derivatives in a perturbed ridge for the two errors."""
    kernels = [
        proof.moment(
            f"kernel of {name}",
            Eq(sp.Symbol(f"Phi_{name}"), kernel(name).expr),
            f"second moment of the feature {name}",
            check=certified(kernel(name)),
        )
        for name in ("relu", "erf", "sign", "cos")
    ]
    A, s = MatrixSymbol("A", T, T), MatrixSymbol("s", T, 1)
    sherman = Eq((A + s * s.T).I * s * (Identity(1) + s.T * A.I * s), A.I * s, evaluate=False)
    rank_one = proof.identity("leave one neuron out", sherman, "a neuron is a rank-one change of the resolvent")
    lemma = proof.asymptotic(
        "trace lemma",
        "s'As/T = tr(Phi A)/T",
        "for one neuron s, here relu, and A without it",
        deviation=trace_lemma,
        sizes=(32, 64, 128, 256, 512),
        replicates=512,
        uses=[rank_one, *kernels],
    )
    universal = proof.assume(
        "only the second moment of a neuron counts",
        "Q has the same equivalent for rows sigma(x'w) and for Gaussian rows of covariance Phi",
        "C. Louart, Z. Liao, R. Couillet (2018), Theorem 1: concentration of Lipschitz functions",
        uses=[lemma],
    )

    # the equation of delta
    equivalent, nu, (ratio, phi) = gaussian_rows()
    trQ, yQy, train, test = sp.symbols("trQ yQy train test")
    count = proof.define(Eq(ratio, n / T), "neurons per sample")
    engine = proof.engine("Gaussian rows", equivalent, "a separable Wishart matrix", output=trQ, uses=[universal])
    named = proof.define(Eq(kappa, gamma / equivalent.unknowns[0].symbol), "what multiplies the kernel in Qbar")
    shift = proof.define(Eq(delta, ratio / kappa - 1), "so that kappa = (n/T)/(1 + delta)")
    unknown = proof.substitute("kappa", Eq(kappa, n / (T * (1 + delta))), "the same", uses=[shift, count])
    bar = 1 / (kappa * phi + gamma)
    mean_load, mean = Eq(delta, Average(phi * bar, nu)), Eq(trQ, Average(bar, nu))
    averages = proof.substitute("averages", [mean_load, mean], "in the new unknowns", uses=[engine, named, shift])
    load, trace = Eq(delta, Trace(Phi * Qbar) / T), Eq(trQ, Trace(Qbar) / T)
    traces = proof.identity(
        "averages are traces", [load, trace], "nu is the spectrum of Phi", uses=[averages], spectra={nu: {phi: Phi}}
    )
    K = MatrixSymbol("K", T, T)
    whitened = Inverse(K.T) * Inverse(kappa * Inverse(K) * Phi * Inverse(K.T) + one) * Inverse(K)
    any_ridge = proof.identity(
        "any ridge matrix",
        Eq(whitened, Inverse(kappa * Phi + K * K.T), evaluate=False),
        "gamma = 1 and covariance K^{-1} Phi K^{-T}: the equivalent of (G + KK')^{-1}",
        uses=[traces],
    )

    # training error: the ridge gamma + t
    rate, rate_e, u, v = sp.symbols("kappa_t kappa_e quadratic linear")
    t = sp.Symbol("t", positive=True)
    moved = Inverse(kappa * Phi + (gamma + t) * one)
    slope = proof.derivative(
        "response of kappa",
        Eq(rate, kappa**2 * Trace(Phi * Qbar * Qbar) / (n - kappa**2 * Trace(Phi * Qbar * Phi * Qbar))),
        "implicit differentiation in t",
        of=Eq(n / (T * kappa) - 1, Trace(Phi * moved) / T),
        by=t,
        through={kappa: rate},
        at=0,
        uses=[any_ridge, traces, unknown],
    )
    resolvent = proof.identity(
        "derivative of a resolvent",
        Eq(Inverse(K) - Inverse(K + t * one), t * Inverse(K + t * one) * Inverse(K), evaluate=False),
        "Q^2 = -dQ/dt",
    )
    square = proof.derivative(
        "training error",
        Eq(train, gamma**2 / T * form(Qbar * (one + rate * Phi) * Qbar)),
        "gamma^2 y'Q^2y/T",
        of=-(gamma**2) / T * form(moved),
        by=t,
        through={kappa: rate},
        at=0,
        uses=[slope, resolvent],
    )
    white, white_test, w = sp.symbols("train_noise test_noise w")
    square_noise = proof.derivative(
        "training error on white labels",
        Eq(white, gamma**2 / T * Trace(Qbar * (one + rate * Phi) * Qbar)),
        "gamma^2 tr Q^2/T",
        of=-(gamma**2) / T * Trace(moved),
        by=t,
        through={kappa: rate},
        at=0,
        uses=[slope, resolvent],
    )
    bilinear = proof.define(Eq(yQy, form(Qbar) / T), "Qbar holds for bilinear forms")

    # test error: the test samples join with the ridge 1/t
    inner = Inverse(one_h + t * kappa * H)
    E11 = Inverse(kappa * Phi + gamma * one - t * kappa**2 * C * inner * C.T)
    E12, E21 = -t * kappa * E11 * C * inner, -t * kappa * inner * C.T * E11
    E22 = t * inner + t**2 * kappa**2 * inner * C.T * E11 * C * inner
    blocks = proof.identity(
        "blocks",
        [
            Eq((kappa * Phi + gamma * one) * E11 + kappa * C * E21, one, evaluate=False),
            Eq((kappa * Phi + gamma * one) * E12 + kappa * C * E22, sp.ZeroMatrix(T, Th), evaluate=False),
            Eq(kappa * C.T * E12 + (kappa * H + one_h / t) * E22, one_h, evaluate=False),
        ],
        "inverse of the extended matrix; the same with the Gram matrices in place of kappa Phi, kappa C, kappa H",
        uses=[any_ridge],
    )
    full = Trace(Phi * E11) + Trace(C * E21) + Trace(C.T * E12) + Trace(H * E22)
    pull = Trace(Phi * Qbar * C * C.T * Qbar) * kappa**2 - 2 * kappa * Trace(C.T * Qbar * C) + Trace(H)
    slope_e = proof.derivative(
        "response of kappa to the test samples",
        Eq(rate_e, -(kappa**2) * pull / (n - kappa**2 * Trace(Phi * Qbar * Phi * Qbar))),
        "implicit differentiation in t",
        of=Eq(n / (T * kappa) - 1, full / T),
        by=t,
        through={kappa: rate_e},
        at=0,
        uses=[blocks, traces, unknown],
    )
    quadratic = proof.derivative(
        "square of the prediction",
        Eq(u, form(Qbar * (kappa**2 * C * C.T - rate_e * Phi) * Qbar)),
        "y'QKK'Qy, K = S'Sh/T, is the derivative of the first block",
        of=form(E11),
        by=t,
        through={kappa: rate_e},
        at=0,
        uses=[blocks, slope_e],
    )
    quadratic_noise = proof.derivative(
        "square of the prediction from white labels",
        Eq(w, Trace(Qbar * (kappa**2 * C * C.T - rate_e * Phi) * Qbar)),
        "tr QKK'Q",
        of=Trace(E11),
        by=t,
        through={kappa: rate_e},
        at=0,
        uses=[blocks, slope_e],
    )
    error_noise = proof.define(Eq(white_test, w / Th), "per test sample")
    linear = proof.derivative(
        "prediction",
        Eq(v, kappa * form(Qbar * C, y, yh)),
        "y'QK yh is minus the derivative of the second block",
        of=-form(E12, y, yh),
        by=t,
        through={kappa: rate_e},
        at=0,
        uses=[blocks, slope_e],
    )
    error = proof.define(Eq(test, (form(one_h, yh, yh) - 2 * v + u) / Th), "|yh - K'Qy|^2 / Th")
    proof.conclude(
        uses=[
            unknown,
            traces,
            bilinear,
            slope,
            square,
            slope_e,
            quadratic,
            linear,
            error,
            square_noise,
            quadratic_noise,
            error_noise,
        ],
    )
