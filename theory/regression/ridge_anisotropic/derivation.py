"""Ridge regression: general covariance, anisotropic signal: derivation, step by step."""

from __future__ import annotations

import numpy as np
import sympy as sp

from rmtsym.field.average import Average
from theory.regression.ridge_anisotropic.statement import Q, Qn, S, X, b, c, kappa, lam, nu, s, sig2, theorem


def _sample(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Data of a small population, eigenvalues 1 and 4 at p/n = 1/2, for the rates of the asymptotic steps."""
    spectrum = np.repeat([1.0, 4.0], size // 4)
    return rng.standard_normal((size, len(spectrum))) * np.sqrt(spectrum), spectrum


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    x, spectrum = _sample(rng, size)
    q = np.linalg.inv(x[1:].T @ x[1:] / size + 0.3 * np.eye(len(spectrum)))
    return float(x[0] @ q @ x[0] - np.sum(spectrum * np.diag(q))) / size


def _one_point(weight):
    """Trace of the perturbed resolvent against a function of the population, less its equivalent, at t = 1/5."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        x, spectrum = _sample(rng, size)
        q = np.diag(np.linalg.inv(x.T @ x / size + np.diag(0.3 + 0.2 * spectrum)))
        load = np.sum(spectrum * q) / size
        equivalent = 1 / (spectrum / (1 + load) + 0.3 + 0.2 * spectrum)
        return float(np.sum(weight(spectrum) * (q - equivalent))) / size

    return deviation


@theorem.derivation
def derivation(proof) -> None:
    """Leave one out for the resolvent perturbed by t Sigma; derivatives in t and lambda for everything quadratic."""
    delta, t, df1, g2, dk, dd, g = sp.symbols("delta t df1 gamma_2 kappa_prime delta_t g")
    slope, decay, freedom = sp.symbols("slope decay freedom")
    B, B_avg, V, R, test, train, B_in, V_in, shrinkage = sp.symbols("B B_avg V R test train B_in V_in shrinkage")
    mean = lambda f: Average(f, nu)  # noqa: E731
    sampling = dict(replicates=128, sizes=(48, 96, 192, 384))

    size = sp.Symbol("m", integer=True, positive=True)
    A, x, one = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("x", size, 1), sp.Identity(1)
    sherman = sp.Eq((A + x * x.T).I * x * (one + x.T * A.I * x), A.I * x, evaluate=False)
    rank_one = proof.identity("Sherman-Morrison", sherman, "one sample is a rank-one change of A, the rest")
    lemma = proof.asymptotic(
        "trace lemma",
        "x'Qx/n = tr(Sigma Q)/n",
        "x is independent of the Q without it",
        deviation=_trace_lemma,
        uses=[rank_one],
        **sampling,
    )
    bar = s / (1 + delta) + lam + t * s
    load = proof.asymptotic(
        "one-point equivalent, load",
        sp.Eq(delta, c * mean(s / bar)),
        "sum of rank-one changes: delta = tr(Sigma Q)/n",
        deviation=_one_point(lambda s: s),
        exponent=-1.0,
        uses=[lemma],
        **sampling,
    )
    form = proof.asymptotic(
        "one-point equivalent, signal",
        sp.Eq(g, mean(b / bar)),
        "g = beta'Q beta",
        deviation=_one_point(np.sqrt),
        exponent=-1.0,
        uses=[load],
        **sampling,
    )
    ridge = proof.define(sp.Eq(kappa, lam * (1 + delta)), "effective ridge")
    plain = proof.continuity("no perturbation", load, {t: 0}, "the resolvent is analytic at t = 0")
    equation = proof.substitute(
        "effective ridge",
        sp.Eq(kappa, lam + c * kappa * mean(s / (s + kappa))),
        "1 + delta = kappa/lambda",
        uses=[ridge, plain],
    )
    df1_is = proof.define(sp.Eq(df1, c * mean(s / (s + kappa))), "degrees of freedom per sample")
    g2_is = proof.define(sp.Eq(g2, c * mean(s**2 / (s + kappa) ** 2)), "second degrees of freedom per sample")
    rate = proof.derivative(
        "derivative of the effective ridge",
        sp.Eq(dk, 1 / (1 - g2)),
        "implicit differentiation in lambda",
        of=equation.claims[0],
        by=lam,
        through={kappa: dk},
        uses=[equation, g2_is],
    )

    # prediction: the bias is -lambda Q beta, its square a derivative in t; the variance a derivative in lambda
    mean_is = proof.identity("bias of the estimator", (Q @ S - 1, -lam * Q), "E beta_hat - beta = (QS - 1) beta")
    pull = proof.derivative(
        "response of the load",
        sp.Eq(dd, -((kappa / lam) ** 2) * g2 / (1 - g2)),
        "implicit differentiation in t",
        of=load.claims[0],
        by=t,
        through={delta: dd},
        at=0,
        uses=[load, ridge, plain, g2_is],
    )
    bias = proof.derivative(
        "bias",
        sp.Eq(B, kappa**2 * mean(b * s / (s + kappa) ** 2) / (1 - g2)),
        "lambda^2 beta'Q Sigma Q beta is -lambda^2 dg/dt at t = 0",
        of=-(lam**2) * form.claims[0].rhs,
        by=t,
        through={delta: dd},
        at=0,
        uses=[mean_is, form, pull, ridge, g2_is],
    )
    inner = proof.identity("derivative of a resolvent", (Q @ S @ Q, Q - lam * Q @ Q), "QSQ = d(lambda Q)/dlambda")
    variance = proof.derivative(
        "variance",
        sp.Eq(V, sig2 * g2 / (1 - g2)),
        "sigma^2 tr(Sigma QSQ)/n is the derivative of lambda delta",
        of=sig2 * (kappa - lam),
        by=lam,
        through={kappa: dk},
        uses=[inner, ridge, rate],
    )
    risk = proof.define(sp.Eq(R, B + V), "excess risk")
    total = proof.define(sp.Eq(test, R + sig2), "a test point has its own noise")
    averaged = proof.define(sp.Eq(B_avg, B), "the limit is the same for all directions")

    # the sample: residuals are lambda (XX'/n + lambda)^{-1} y
    residual = proof.identity("residuals", (1 - X @ Q @ X.T, lam * Qn), "push-through")
    loss = proof.define(
        sp.Eq(shrinkage, 1 - c * (1 - kappa * mean(1 / (s + kappa)))), "lambda tr Qn/n, from tr Q as g with b = 1"
    )
    shrink = proof.substitute("shrinkage", sp.Eq(shrinkage, lam / kappa), "the effective ridge", uses=[loss, equation])
    by_freedom = proof.substitute("shrinkage and freedom", sp.Eq(shrinkage, 1 - df1), "the same", uses=[loss, df1_is])
    slope_is = proof.derivative(
        "derivative of the form",
        sp.Eq(slope, mean(b * s / (s + kappa) ** 2) / (1 - g2)),
        "lambda g = kappa E[b/(s + kappa)]; its derivative is beta'QSQ beta",
        of=kappa * mean(b / (s + kappa)),
        by=lam,
        through={kappa: dk},
        uses=[inner, form, ridge, rate],
    )
    bias_is = proof.define(sp.Eq(B_in, lam**2 * slope), "lambda^2 beta'QSQ beta")
    bias_in = proof.substitute(
        "bias in the sample", sp.Eq(B_in, shrinkage**2 * B), "compare with B", uses=[bias_is, slope_is, bias, shrink]
    )
    decay_is = proof.derivative(
        "derivative of the companion",
        sp.Eq(decay, 1 / (kappa**2 * (1 - g2))),
        "tr Qn^2/n is -d(tr Qn/n)/dlambda",
        of=-1 / kappa,
        by=lam,
        through={kappa: dk},
        uses=[residual, shrink, rate],
    )
    train_is = proof.define(sp.Eq(train, B_in + sig2 * lam**2 * decay), "signal and noise parts of |lambda Qn y|^2/n")
    training = proof.substitute(
        "training error",
        sp.Eq(train, shrinkage**2 * test),
        "the same factor in both parts",
        uses=[train_is, bias_in, decay_is, variance, risk, total, shrink],
    )
    square = proof.identity("hat matrix", (S @ Q @ S @ Q, S @ Q - lam * S @ Q @ Q), "(SQ)^2 = SQ - lambda SQ^2")
    freedom_is = proof.derivative(
        "derivative of the freedom",
        sp.Eq(freedom, -(df1 - g2) / (kappa * (1 - g2))),
        "tr SQ^2/n is its negative",
        of=df1_is.claims[0].rhs,
        by=lam,
        through={kappa: dk},
        uses=[square, df1_is, g2_is, rate],
    )
    spread = proof.define(sp.Eq(V_in, sig2 * (df1 + lam * freedom)), "sigma^2 tr (SQ)^2/n")
    variance_in = proof.substitute(
        "variance in the sample",
        sp.Eq(V_in, sig2 * (df1 - shrinkage * (df1 - g2) / (1 - g2))),
        "in lambda/kappa",
        uses=[spread, freedom_is, shrink],
    )

    common = [variance, risk, total, averaged, bias_in, training, variance_in]
    proof.conclude(
        "every quantity has been reached",
        uses=[*common, bias, equation, df1_is, g2_is, shrink],
        regime="positive ridge",
    )

    # no ridge: kappa tends to 0, or to the positive root of df1 = 1
    zero = "kappa tends to 0 with lambda; the data are zero in the null space of Sigma"
    rank = proof.define(sp.Eq(sp.Symbol("rank"), c), "rank of Sigma per sample, in the range of Sigma")
    at_zero = [proof.continuity(f"{step.name} at zero", step, {kappa: 0}, zero) for step in (bias, df1_is, g2_is)]
    loss_at_zero = proof.continuity("shrinkage at zero", by_freedom, {kappa: 0}, zero)
    proof.conclude(
        "the limit at zero",
        uses=[*common, *at_zero, loss_at_zero, rank],
        regime="no ridge, more samples than dimensions",
    )
    limit = proof.continuity("no ridge", equation, {lam: 0}, "kappa stays positive")
    root = proof.substitute(
        "root", sp.Eq(1, c * mean(s / (s + kappa)), evaluate=False), "divide by kappa", uses=[limit]
    )
    vanishing = proof.continuity("no shrinkage", shrink, {lam: 0}, "kappa stays positive")
    proof.conclude(
        "the limit at the root",
        uses=[*common, bias, root, df1_is, g2_is, vanishing],
        regime="no ridge, more dimensions than samples",
    )
