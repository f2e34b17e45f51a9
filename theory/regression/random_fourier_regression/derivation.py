"""Ridge regression on random Fourier features: derivation, step by step."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.gaussian import kernel, kernel_expression
from rmtsym.gaussian.gram import Gram
from rmtsym.theorem.certified import certified
from theory.regression import datasets
from theory.regression.random_fourier_regression.statement import (
    Cc,
    Cs,
    Hc,
    Hs,
    Kc,
    Ks,
    Nc,
    Ns,
    P,
    Psi,
    Qbar,
    Tcc,
    Tcs,
    Tss,
    fluctuation,
    form,
    gap,
    kc,
    ks,
    lam,
    n,
    nh,
    one,
    one_h,
    statement,
    theorem,
    y,
    yh,
)


@lru_cache(maxsize=8)
def _lemma_case(size: int) -> tuple[np.ndarray, np.ndarray, dict[str, np.ndarray]]:
    """Data, a deterministic resolvent and the two kernels."""
    X, *_ = datasets.load("gauss", size // 2, size, 2)
    kernels = {name: Gram(kernel_expression(name), X).floats() for name in ("cos", "sin")}
    return X, np.linalg.inv(sum(kernels.values()) + 0.1 * np.eye(size)), kernels


def trace_lemma(rng: np.random.Generator, size: int) -> float:
    """(c+s)'A(c+s)/n less tr(K_cos A)/n + tr(K_sin A)/n for one neuron: both squares, and no cross term."""
    X, A, kernels = _lemma_case(size)
    angles = X.T @ rng.standard_normal(size // 2)
    both = np.cos(angles) + np.sin(angles)
    return float(both @ A @ both - sum(np.sum(K * A) for K in kernels.values())) / size


def one_by_one(rng: np.random.Generator, size: int) -> float:
    """tr(G A Q)/n less (N/n) sum over s of tr(K_s A Q)/(n (1 + tr K_s Q/n)), for N = n/2 neurons and A fixed."""
    X, A, kernels = _lemma_case(size)
    angles = rng.standard_normal((size // 2, size // 2)) @ X
    S = np.concatenate([np.cos(angles), np.sin(angles)])
    G = S.T @ S / size
    Q = np.linalg.inv(G + 0.2 * np.eye(size))
    AQ = A @ Q
    sides = [np.sum(K * AQ.T) / (1 + np.sum(K * Q) / size) for K in kernels.values()]
    return float(np.sum(G * AQ.T) - 0.5 * sum(sides)) / size


@theorem.derivation
def derivation(proof: Any) -> None:
    """One neuron at a time; the errors are derivatives in a perturbed ridge matrix."""
    moments = [
        proof.moment(
            f"kernel of {f} and {g}" if f != g else f"kernel of {f}",
            Eq(sp.Symbol(f"K_{f}_{g}"), kernel(f, g).expr, evaluate=False),
            reason,
            check=certified(kernel(f, g)),
            wrong=wrong,
        )
        for f, g, reason, wrong in (
            ("cos", "cos", "E cos(w'a)cos(w'b)", []),
            ("sin", "sin", "E sin(w'a)sin(w'b)", []),
            ("cos", "sin", "odd in w", [kernel("sin").expr, sp.Integer(1)]),
        )
    ]
    A, B, G, R = (MatrixSymbol(name, n, n) for name in "ABGR")
    U = MatrixSymbol("U", n, 2)
    sherman = Eq((A + U * U.T).I * U * (Identity(2) + U.T * A.I * U), A.I * U, evaluate=False)
    rank_two = proof.identity("leave one neuron out", sherman, "its two features are a change U = (c, s) of rank two")
    lemma = proof.asymptotic(
        "trace lemma",
        "U'AU/n = diag(tr K_cos A/n, tr K_sin A/n)",
        "for A without this neuron: the 2 x 2 matrix 1 + U'QU/n is diagonal",
        deviation=trace_lemma,
        sizes=(32, 64, 128, 256),
        replicates=512,
        uses=moments,
    )
    concentration = proof.assume(
        "concentration",
        "the trace lemma holds for all neurons at once, and the loads do not fluctuate",
        "Z. Liao, R. Couillet, M. W. Mahoney (2020), Theorem 1: concentration of Lipschitz functions, |X| = O(1)",
        uses=[lemma],
    )
    # Q = (G + R)^{-1} for any ridge matrix R, against Qbar = (kc K_cos + ks K_sin + R)^{-1}
    tBQ, tBQbar, g, tc, ts, dc, ds = sp.symbols("t_BQ t_BQbar g t_cos t_sin dcos dsin")
    neurons = proof.asymptotic(
        "sum over neurons",
        Eq(g, Nc / n * tc / (1 + dc) + Ns / n * ts / (1 + ds)),
        "g = tr(GAQ)/n, t_s = tr(K_s AQ)/n for A = Qbar B: each neuron leaves Q with a factor 1/(1 + delta_s)",
        deviation=one_by_one,
        exponent=-1,
        sizes=(32, 64, 128, 256),
        replicates=96,
        uses=[rank_two, concentration],
    )
    kappas = [
        proof.define(Eq(k, m / (n * (1 + d))), "what multiplies the kernel in Qbar")
        for k, m, d in ((kc, Nc, dc), (ks, Ns, ds))
    ]
    Q, bar = Inverse(G + R), Inverse(Psi + R)
    difference = proof.identity(
        "difference of resolvents",
        Eq(
            Trace(B * Q) - Trace(B * bar),
            kc * Trace(Kc * bar * B * Q) + ks * Trace(Ks * bar * B * Q) - Trace(G * bar * B * Q),
            evaluate=False,
        ),
        "Q - Qbar = Q(Qbar^{-1} - Q^{-1})Qbar",
    )
    named = proof.define(
        Eq(tBQ, tBQbar + kc * tc + ks * ts - g), "the same over n, each trace by its name", uses=[difference]
    )
    equivalent = proof.substitute(
        "equivalent", Eq(tBQ, tBQbar), "for these factors the sum cancels, for every B", uses=[named, neurons, *kappas]
    )

    def choice(symbol: sp.Symbol, value: sp.Expr, words: str) -> Any:
        return proof.continuity(f"equivalent for {words}", equivalent, {tBQ: symbol, tBQbar: value}, f"B = {words}")

    trQ, yQy = sp.symbols("trQ yQy")
    loads = [choice(d, Trace(K * Qbar) / n, str(K)) for d, K in ((dc, Kc), (ds, Ks))]
    trace, bilinear = choice(trQ, Trace(Qbar) / n, "1"), choice(yQy, form(Qbar) / n, "yy'")
    equations = [
        proof.substitute(f"equation of {k}", Eq(k, m / (n + Trace(K * Qbar))), "in one unknown", uses=[load, kappa])
        for k, m, K, load, kappa in zip((kc, ks), (Nc, Ns), (Kc, Ks), loads, kappas, strict=True)
    ]

    # the loads respond to a change of the ridge matrix: a change t, or test samples that join with the ridge 1/t
    T = [
        proof.define(Eq(sp.Symbol(name), value), "how the loads act on each other")
        for name, value in fluctuation.items()
    ]
    det = proof.define(Eq(gap, statement().outputs["gap"]), "determinant of the system for the responses")
    t = sp.Symbol("t", positive=True)
    names = sp.symbols("r_cos r_sin q_cos q_sin v_cos v_sin w_cos w_sin")
    rc, rs, qc, qs, vc, vs, wc, ws = names
    outputs = statement().outputs
    v = [proof.define(Eq(x, outputs[str(x)]), "response of a load at fixed kappa") for x in (vc, vs)]
    w = [proof.define(Eq(x, outputs[str(x)]), "the same for test samples") for x in (wc, ws)]
    moved = Inverse(Psi + (lam + t) * one)
    inner = Inverse(one_h + t * (kc * Hc + ks * Hs))
    E11 = Inverse(Psi + lam * one - t * P * inner * P.T)
    E12, E21 = -t * E11 * P * inner, -t * inner * P.T * E11
    E22 = t * inner + t**2 * inner * P.T * E11 * P * inner
    blocks = proof.identity(
        "blocks",
        [
            Eq((Psi + lam * one) * E11 + P * E21, one, evaluate=False),
            Eq((Psi + lam * one) * E12 + P * E22, sp.ZeroMatrix(n, nh), evaluate=False),
            Eq(P.T * E12 + (kc * Hc + ks * Hs + one_h / t) * E22, one_h, evaluate=False),
        ],
        "inverse of the extended matrix, R = diag(lambda, 1/t); the same for Q with Gram matrices of features",
        uses=[equivalent],
    )
    joined = {
        K: Trace(K * E11) + Trace(C * E21) + Trace(C.T * E12) + Trace(H * E22)
        for K, C, H in ((Kc, Cc, Hc), (Ks, Cs, Hs))
    }

    def responses(words: str, rates: tuple, sources: tuple, load: Any, steps: list, sign: int) -> list[Any]:
        """Implicit differentiation of both equations in t, then Cramer's rule."""
        through = dict(zip((kc, ks), rates, strict=True))
        found = []
        for k, m, K, rate, other, source, own in (
            (kc, Nc, Kc, rates[0], rates[1], sources[0], Tcc),
            (ks, Ns, Ks, rates[1], rates[0], sources[1], Tss),
        ):
            found.append(
                proof.derivative(
                    f"response of {k} to {words}",
                    Eq(rate, k**2 * (sign * source + Tcs * other) / (m - k**2 * own)),
                    "implicit differentiation in t",
                    of=Eq(m / k - n, load(K)),
                    by=t,
                    through=through,
                    at=0,
                    uses=[*equations, *T, *steps],
                )
            )
        return found

    r = responses("a larger ridge", (rc, rs), (vc, vs), lambda K: Trace(K * moved), v, 1)
    e = sp.symbols("e_cos e_sin")
    pulled = responses("test samples", e, (wc, ws), lambda K: joined[K], [*w, blocks], -1)
    pulls = [proof.define(Eq(q, -x), "test samples pull kappa down") for q, x in zip((qc, qs), e, strict=True)]

    # the equivalent of QAQ, for any A: the ridge matrix lambda + tA
    change, tBQAQ = MatrixSymbol("A", n, n), sp.Symbol("t_BQAQ")
    source = sp.symbols("D_cos D_sin")
    by_change = Inverse(Psi + lam * one + t * change)
    sources = [
        proof.define(Eq(x, Trace(K * Qbar * change * Qbar)), "tr K Qbar A Qbar")
        for x, K in zip(source, (Kc, Ks), strict=True)
    ]
    a_rates = sp.symbols("a_cos a_sin")
    answers = responses("a ridge matrix", a_rates, source, lambda K: Trace(K * by_change), sources, 1)
    second = proof.derivative(
        "second-order equivalent",
        Eq(tBQAQ, Trace(B * Qbar * (change + a_rates[0] * Kc + a_rates[1] * Ks) * Qbar), evaluate=False),
        "tr BQAQ = -d tr BQ/dt: QAQ is equivalent to Qbar (A + a_cos K_cos + a_sin K_sin) Qbar",
        of=-Trace(B * by_change),
        by=t,
        through=dict(zip((kc, ks), a_rates, strict=True)),
        at=0,
        uses=[equivalent, *answers],
    )

    # errors
    uc, us, trQ2, train, test, noise = sp.symbols("u_cos u_sin trQ2 train test test_noise")
    u = [proof.define(Eq(x, outputs[str(x)]), "form in the labels") for x in (uc, us)]
    resolvent = proof.identity(
        "derivative of a resolvent",
        Eq(Inverse(R) - Inverse(R + t * one), t * Inverse(R + t * one) * Inverse(R), evaluate=False),
        "Q^2 = -dQ/dt",
    )

    def slope(name: str, claim: Eq, reason: str, of: sp.Expr, rates: tuple, uses: list[Any]) -> Any:
        through = dict(zip((kc, ks), rates, strict=True))
        return proof.derivative(name, claim, reason, of=of, by=t, through=through, at=0, uses=uses)

    square = slope(
        "training error",
        Eq(train, outputs["train"]),
        "lambda^2 y'Q^2y/n",
        -(lam**2) / n * form(moved),
        (rc, rs),
        [*r, *u, resolvent, bilinear],
    )
    square_noise = slope(
        "training error on white labels",
        Eq(trQ2, outputs["trQ2"]),
        "lambda^2 tr Q^2/n",
        -(lam**2) / n * Trace(moved),
        (rc, rs),
        [*r, *v, resolvent, trace],
    )
    a, b, c = sp.symbols("square linear white")
    quadratic = slope(
        "square of the prediction",
        Eq(a, form(Qbar * P * P.T * Qbar) + qc * uc + qs * us),
        "y'QKK'Qy, K = S'Sh/n, is the derivative of the first block",
        form(E11),
        e,
        [blocks, bilinear, *pulled, *pulls, *u],
    )
    white = slope(
        "square of the prediction from white labels",
        Eq(c, Trace(P.T * Qbar * Qbar * P) + qc * vc + qs * vs),
        "tr QKK'Q",
        Trace(E11),
        e,
        [blocks, trace, *pulled, *pulls, *v],
    )
    linear = slope(
        "prediction",
        Eq(b, form(Qbar * P, y, yh)),
        "y'QK yh is minus the derivative of the second block",
        -form(E12, y, yh),
        e,
        [blocks, bilinear, *pulled],
    )
    error = proof.define(Eq(test, (form(one_h, yh, yh) - 2 * b + a) / nh), "|yh - K'Qy|^2/nh")
    error_noise = proof.define(Eq(noise, c / nh), "per test sample")
    proof.conclude(
        uses=[
            *[*equations, *loads, trace, *T, det, *v, *w, *u, *r, *pulled, *pulls],
            *[square, square_noise, quadratic, linear, white, error, error_noise, second],
        ]
    )
