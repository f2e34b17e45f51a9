"""Ridge readout of a fixed representation: derivation, step by step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.gaussian import kernel
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem.certified import certified
from theory.regression.fixed_representation_readout.experiment import population_of
from theory.regression.fixed_representation_readout.representation import PLACE
from theory.regression.fixed_representation_readout.statement import (
    N,
    R,
    Su,
    Sz,
    Szu,
    Theta,
    d,
    kappa,
    lam,
    m,
    one,
    ridge_error,
    sig2,
    theorem,
)


def rows_of_features() -> tuple[Equivalent, Any, tuple[sp.Symbol, sp.Symbol]]:
    """Resolvent of Gaussian samples of covariance Sz, in units of N: c = m/N."""
    c, s = sp.symbols("c s", positive=True)
    samples, features = Space("N"), Space("m", c, letters=(s,), law="nu")
    rows = Gaussian("Z", samples, features) @ Deterministic(sp.sqrt(s), features)
    return deterministic_equivalent(inverse(rows.T @ rows + lam)), features.measure, (c, s)


@lru_cache(maxsize=8)
def _representation(size: int) -> tuple[np.ndarray, ...]:
    """relu features, m/N = 2/3, d/N = 5/12: weights, second moments, best readout of a fixed target and its error."""
    point = theorem.point("A", d=5 * size // 12, m=2 * size // 3, N=size)
    table, _, sz, szu, su = population_of(tuple(point[name] for name in PLACE))
    theta = np.full(point["d"], point["d"] ** -0.5)
    best = np.linalg.solve(sz, szu @ theta)
    return table, sz, theta, best, theta @ su @ theta - best @ sz @ best


def _features(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Features, and what the best readout leaves of the target, for samples with relu features."""
    table, _, theta, best, _ = _representation(size)
    u = rng.standard_normal((size, len(theta)))
    z = np.maximum(u @ table.T, 0.0)
    return z, u @ theta - z @ best


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    z, _ = _features(rng, size)
    sz = _representation(size)[1]
    q = np.linalg.inv(z[1:].T @ z[1:] / size + 0.3 * np.eye(len(sz)))
    return float(z[0] @ q @ z[0] - np.sum(sz * q)) / size


def _misfit(part: str):
    """Training error of what the best readout leaves, less that of white noise; and its product with the rest."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        z, left = _features(rng, size)
        *_, best, variance = _representation(size)
        residual = 0.3 * np.linalg.inv(z @ z.T / size + 0.3 * np.eye(size))
        ours = residual @ left / np.sqrt(size * variance)  # the misfit depends on the weights, which every size draws
        if part == "square":
            return float(ours @ ours - np.sum(residual**2) / size)
        return float(ours @ residual @ (z @ best)) / np.sqrt(size)

    return deviation


@theorem.derivation
def derivation(proof: Any) -> None:
    """Split the labels into a linear function of the features and the rest; the rest is noise of known variance."""
    sampling = dict(replicates=400, sizes=(36, 72, 144))
    named = []
    for name in ("relu", "erf"):
        squares, cross = kernel(name), kernel(name, "linear")
        claims = [Eq(sp.Symbol(f"Sz_{name}"), squares.expr), Eq(sp.Symbol(f"Szu_{name}"), cross.expr)]
        check = certified({claims[0].lhs: squares, claims[1].lhs: cross})
        named.append(proof.moment(f"second moments of {name}", claims, "features, and features by inputs", check=check))

    # the best readout
    H, G, A = MatrixSymbol("H", m, m), MatrixSymbol("G", d, d), MatrixSymbol("A", m, d)
    square, target = H * H.T, G * G.T

    def population_error(readout: Any) -> sp.Expr:
        cross, own = Trace(Szu.T * readout * target), Trace(readout.T * square * readout * target)
        return Trace(Su * target) - 2 * cross + own

    best = Inverse(square) * Szu
    apart = Trace((A - best).T * square * (A - best) * target)
    split = proof.identity(
        "best readout",
        Eq(population_error(A), population_error(best) + apart, evaluate=False),
        "error of a readout A on the population, Sz = HH' and Theta = GG': the best one's, and the distance",
        uses=named,
    )
    shrunk = proof.identity(
        "ridge on the population",
        Eq(population_error(R.subs(Sz, square) * Szu), ridge_error.subs({Sz: square, Theta: target}), evaluate=False),
        "the readout (Sz + kappa)^{-1} Szu", uses=named,
    )  # fmt: skip
    k = sp.Symbol("k", integer=True, positive=True)
    L = MatrixSymbol("L", m, k)
    few = Inverse(L.T * L + kappa * Identity(k))
    dependent = proof.identity(
        "dependent features",
        [
            Eq(Trace(L * L.T * Inverse(L * L.T + kappa * one)), Trace(L.T * L * few), evaluate=False),
            Eq(L.T * Inverse(L * L.T + kappa * one) * L, L.T * L * few, evaluate=False),
        ],
        "z = Lv with k < m components v, Sz = LL' singular: only L'L counts, which is invertible; the basis is free",
        uses=[shrunk],
    )
    left, v, e, b, r = sp.symbols("misfit variance residual bias bias_in")
    misfit = proof.define(
        Eq(left, Trace(Su * Theta) - Trace(Szu.T * Inverse(Sz) * Szu * Theta)), "what the best readout leaves",
        uses=[split, dependent],
    )  # fmt: skip
    lemma = proof.asymptotic(
        "trace lemma", "z'Qz/N = tr(Sz Q)/N", "for relu features z of one sample and the Q of the others",
        deviation=_trace_lemma, uses=named, **sampling,
    )  # fmt: skip
    noise = proof.asymptotic(
        "the misfit in the sample", "e'QnQne/N = misfit tr QnQn/N",
        "e is what the best readout leaves, relu; Qn = lambda (Z'Z/N + lambda)^{-1}",
        deviation=_misfit("square"), uses=[misfit], **sampling,
    )  # fmt: skip
    mixed = proof.asymptotic(
        "misfit and signal", "e'QnQnZ'w/N = 0", "w is the best readout; E ze = 0", deviation=_misfit("product"),
        uses=[misfit], **sampling,
    )  # fmt: skip
    universal = proof.assume(
        "only second moments count",
        "errors are those of Gaussian features and a misfit that is independent noise",
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025): concentration of Lipschitz functions",
        uses=[lemma, noise, mixed],
    )

    # the resolvent, by the engine, for any ridge matrix
    equivalent, nu, (c, s) = rows_of_features()
    trace, h, t = sp.symbols("trQ h t")
    count = proof.define(Eq(c, m / N), "features per sample")
    engine = proof.engine("Gaussian features", equivalent, "a Wishart matrix", output=trace, uses=[universal])
    freedom = Trace(Sz * R) / N
    equation = proof.identity(
        "effective ridge", Eq(kappa, lam + kappa * freedom), "nu is the spectrum of Sz", uses=[engine, count],
        spectra={nu: {s: Sz}},
    )  # fmt: skip
    resolvent = proof.identity(
        "trace of the resolvent", Eq(trace, kappa / lam * Trace(R) / m), "the same", uses=[engine, count],
        spectra={nu: {s: Sz}},
    )  # fmt: skip
    pull = proof.define(Eq(h, lam / kappa), "Qbar = (h Sz + lambda)^{-1}", uses=[equation, resolvent])
    K = MatrixSymbol("K", m, m)
    whitened = Inverse(K.T) * Inverse(h * Inverse(K) * Sz * Inverse(K.T) + one) * Inverse(K)
    any_ridge = proof.identity(
        "any ridge matrix", Eq(whitened, Inverse(h * Sz + K * K.T), evaluate=False),
        "ridge 1 and covariance K^{-1} Sz K^{-T}: the equivalent of (ZZ'/N + KK')^{-1}", uses=[pull],
    )  # fmt: skip
    moved = Inverse(h * Sz + lam * one + t * Sz)

    # signal part and noise part of the errors
    slope, rate, g2 = sp.symbols("h_t kappa_prime gamma_2")
    second = proof.define(Eq(g2, Trace(Sz * R * Sz * R) / N), "second degrees of freedom per sample")
    response = proof.derivative(
        "response of h", Eq(slope, g2 / (1 - g2)), "implicit differentiation in t, ridge matrix lambda + t Sz",
        of=Eq(1 / h - 1, Trace(Sz * moved) / N), by=t, through={h: slope}, at=0,
        uses=[any_ridge, pull, equation, second],
    )  # fmt: skip
    signal = Inverse(Sz) * Szu * Theta * Szu.T * Inverse(Sz)
    bias = proof.derivative(
        "bias", Eq(b, kappa**2 * Trace(R * Sz * R * signal) / (1 - g2)), "lambda^2 w'Q Sz Qw, w the best readout",
        of=-(lam**2) * Trace(moved * signal), by=t, through={h: slope}, at=0, uses=[response, pull],
    )  # fmt: skip
    steady = proof.derivative(
        "derivative of the effective ridge", Eq(rate, 1 / (1 - g2)), "implicit differentiation in lambda",
        of=equation.claims[0], by=lam, through={kappa: rate}, uses=[equation, second],
    )  # fmt: skip
    S = MatrixSymbol("S", m, m)
    Q = Inverse(S + lam * one)
    inner = proof.identity(
        "derivative of a resolvent", Eq(Q * S * Q, Q - lam * Q * Q, evaluate=False), "QSQ = d(lambda Q)/dlambda"
    )
    variance = proof.derivative(
        "variance per unit of noise", Eq(v, g2 / (1 - g2)), "tr(Sz QSQ)/N: lambda tr(Sz Q)/N = kappa - lambda",
        of=kappa - lam, by=lam, through={kappa: rate}, uses=[inner, resolvent, equation, steady],
    )  # fmt: skip
    grown, decay = sp.symbols("growth decay")
    growth = proof.derivative(
        "derivative of the form", Eq(grown, Trace(R * Sz * R * signal) / (1 - g2)), "w'QSQw, of lambda w'Qw",
        of=kappa * Trace(R * signal), by=lam, through={kappa: rate}, uses=[inner, pull, steady],
    )  # fmt: skip
    inside = proof.define(Eq(r, lam**2 * grown), "bias in the sample, lambda^2 w'QSQw", uses=[growth])
    shrinkage, E_pop, risk, B, V, train = sp.symbols("shrinkage E_pop risk B V train")
    companion = proof.define(
        Eq(shrinkage, 1 - m / N + lam * m / N * trace), "lambda tr(Z'Z/N + lambda)^{-1}/N: N - m more eigenvalues",
        uses=[resolvent],
    )  # fmt: skip
    shrink = proof.substitute(
        "shrinkage", Eq(shrinkage, lam / kappa), "tr Sz R = m - kappa tr R", uses=[companion, resolvent, equation]
    )
    falling = proof.derivative(
        "derivative of the companion", Eq(decay, 1 / (kappa**2 * (1 - g2))), "tr Qn^2/N, of -tr Qn/N = -1/kappa",
        of=-1 / kappa, by=lam, through={kappa: rate}, uses=[inner, shrink, steady],
    )  # fmt: skip
    residual = proof.define(Eq(e, lam**2 * decay), "noise in the sample", uses=[falling])

    # put together
    ridge = proof.define(Eq(E_pop, ridge_error), "its error", uses=[shrunk])
    joined = proof.substitute(
        "misfit and bias", Eq(left + kappa**2 * Trace(R * Sz * R * signal), E_pop, evaluate=False),
        "1 - Sz R = kappa R; no inverse of Sz is left", uses=[misfit, ridge],
    )  # fmt: skip
    total = proof.define(Eq(B, left + b + left * v), "what is missed, the bias, and the variance that the misfit adds")
    noisy = proof.define(Eq(V, sig2 * v), "labels with noise")
    test = proof.define(Eq(risk, B + V + sig2), "a new sample has its own noise")
    fit = proof.define(Eq(train, r + (left + sig2) * e), "the same parts, in the sample")
    parts = [total, bias, variance, joined]
    whole = [
        proof.substitute("error without noise", Eq(B, E_pop / (1 - g2)), "put together", uses=parts),
        proof.substitute("variance", Eq(V, sig2 * g2 / (1 - g2)), "put together", uses=[noisy, variance]),
    ]
    training = proof.substitute(
        "training error", Eq(train, (lam / kappa) ** 2 * risk), "the same factor in all parts",
        uses=[fit, test, *parts, noisy, inside, growth, residual, falling],
    )  # fmt: skip
    proof.conclude(uses=[equation, second, ridge, *whole, noisy, test, training, shrink])
