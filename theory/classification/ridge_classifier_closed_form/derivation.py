"""Least-squares classifier: closed form and interpolation: derivation, step by step."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.matrix import Deterministic, Gaussian, inverse
from rmtsym.theorem import Evidence
from theory.classification.ridge_classifier_closed_form.statement import (
    M,
    b,
    c,
    effective,
    gamma,
    lam,
    n,
    nu,
    p,
    ridge_is,
    s,
    sigma,
    tail,
    test_err,
    theorem,
    train_err,
    train_loss,
)


def _sample(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Noise at p/n = 1/2 with eigenvalues 1 and 4, its resolvent at the ridge 3/10, and a mean of unit norm."""
    spectrum = np.repeat([1.0, 4.0], size // 4)
    x = rng.standard_normal((size, len(spectrum))) * np.sqrt(spectrum)
    q = np.linalg.inv(x.T @ x / size + 0.3 * np.eye(len(spectrum)))
    return x, q, np.full(len(spectrum), len(spectrum) ** -0.5)


def _cross(rng: np.random.Generator, size: int) -> float:
    x, q, mean = _sample(rng, size)
    spectrum = np.repeat([1.0, 4.0], size // 4)
    image = q @ x.mean(axis=0)
    return float(mean @ image + mean @ q @ (spectrum * image))


def _average_row(rng: np.random.Generator, size: int) -> float:
    x, q, _ = _sample(rng, size)
    v = x.mean(axis=0)
    spectrum = np.repeat([1.0, 4.0], size // 4)
    forms = v @ q @ v + v @ q @ (spectrum * (q @ v))
    return float(forms - np.sum((x @ q / size) * x) / size - np.sum((x @ q / size) * (x @ q) * spectrum) / size)


def _leverage(rng: np.random.Generator, size: int) -> float:
    x, q, mean = _sample(rng, size)
    data = x + mean
    rest = np.linalg.inv(data[1:].T @ data[1:] / size + 0.3 * np.eye(len(mean)))
    shrink = 1 - np.sum((x @ q / size) * x) / size  # tr of the ridge times the companion resolvent of the noise
    return float(data[0] @ rest @ data[0] / size - (1 / shrink - 1))


def _below(threshold: sp.Expr, factors: tuple[Any, Any] = (1, Fraction(1, 4))):
    """Check of a probability that M + sigma Z lies below a threshold in K: a rigorous integral of the density."""
    places = [{"M": m, "sigma": v, "K": factor} for m, v, factor in zip((1, -1), (2, 1), factors, strict=True)]
    names = sp.symbols("M sigma")

    def check(claim: sp.Eq) -> Evidence:
        from flint import acb, arb, ctx

        from rmtsym.field.evaluate import BALL, evaluate

        worst = 0.0
        with ctx.workprec(128):
            for place in places:
                mean, spread, edge = map(acb, evaluate([*names, threshold], place, BALL(128)))
                start = (edge - mean) / spread
                mass = acb.integral(lambda t, _: (-t * t / 2).exp(), start.real.min(arb(-40)), start).real
                mass = mass / (2 * arb.pi()).sqrt() + arb(0, 1e-60)
                worst = max(worst, float(mass.rad()))
                if not mass.overlaps(evaluate(claim.rhs, place, BALL(128))):
                    return Evidence.of(False, "rigorous integral", message=f"at {place}")
        return Evidence.of(worst < 1e-9 or None, "rigorous integral at two places", resolution=worst)

    return check


@theorem.derivation
def derivation(proof) -> None:
    """Means out by a rank-two identity; what is left are quadratic forms of pure noise, which the engine knows."""
    sampling = dict(replicates=128, sizes=(24, 48, 96, 192))
    size = sp.Symbol("m", integer=True, positive=True)
    root, one = sp.MatrixSymbol("H", size, size), sp.Identity(1)
    mu, v, a, w = (sp.MatrixSymbol(name, size, 1) for name in ("mu", "v", "a", "w"))
    A = root * root.T  # the Gram matrix of the noise and the ridge
    form = lambda x, y: x.T * A.I * y  # noqa: E731
    x_, P_, S_ = form(mu, v), form(mu, mu), form(v, v)
    rank_two = proof.identity(
        "means taken out",
        sp.Eq(
            (A + (mu + v) * (mu + v).T - v * v.T).I * (mu + v) * ((one + x_) * (one + x_) + (one - S_) * P_),
            A.I * (mu * (one - S_) + v * (one + x_)),
            evaluate=False,
        ),
        "the rows are mu + noise: A'A/n = X'X/n + (mu + v)(mu + v)' - vv', A'1/n = mu + v, v = X'1/n",
    )

    # the noise: traces from the engine
    X = Gaussian("Z", n, p) @ Deterministic(sp.sqrt(s), p)
    C, signal = Deterministic(s, p), Deterministic(b, p)
    Q, Qn = inverse(X.T @ X + gamma), inverse(X @ X.T + gamma)
    traces = {"P": Q @ signal, "K": gamma * Qn, "PC": Q @ C @ Q @ signal, "SC": c * (Q @ C @ Q @ X.T @ X)}
    push = proof.identity("push through", (X @ Q @ X.T, 1 - gamma * Qn), "residuals of the noise")
    engine = proof.engine("traces of the noise", deterministic_equivalent(traces), "resolvents of one Gaussian matrix")
    kappa, P, K, PC, SC, S, x, xC = sp.symbols("kappa P K PC SC S x xC")
    cross = proof.asymptotic(
        "mean and noise are orthogonal", [sp.Eq(x, 0, evaluate=False), sp.Eq(xC, 0, evaluate=False)],
        "x = mu'Qv and mu'QCQv: v changes its sign with all labels, Q does not", deviation=_cross, **sampling,
    )  # fmt: skip
    rows = proof.asymptotic(
        "the average of the rows", sp.Eq(S, 1 - K),
        "v'Qv = tr XQX'/n and v'QCQv = tr(QCQ X'X)/n: random signs of the rows leave Q as it is",
        deviation=_average_row, uses=[push, engine], **sampling,
    )  # fmt: skip
    named = proof.define(sp.Eq(lam, kappa), "effective ridge")
    equation = proof.substitute("effective ridge", ridge_is, "the engine's equation", uses=[engine, named])
    gap = proof.substitute(
        "residual factor", sp.Eq(K, 1 - c * Average(s / (s + lam), nu)), "regular at lambda = 0", uses=[engine, named]
    )
    ratio = proof.substitute("residual factor and ridge", sp.Eq(K, gamma / lam), "the same", uses=[engine, named])

    # a new sample
    bottom = (1 + x) ** 2 + (1 - S) * P
    mean = proof.define(sp.Eq(M, ((1 - S) * P + (1 + x) * x) / bottom), "M = mu'beta", uses=[rank_two])
    top = (1 - S) ** 2 * PC + 2 * (1 - S) * (1 + x) * xC + (1 + x) ** 2 * SC
    second = sp.Symbol("sigma2")
    square = proof.define(sp.Eq(second, top / bottom**2), "sigma^2 = beta'C beta", uses=[rank_two])
    rho, q, tau = sp.symbols("rho q tau")
    at = {rho: Average(b / (s + lam), nu), q: Average(b * s / (s + lam) ** 2, nu)}
    at[tau] = c * Average(s**2 / (s + lam) ** 2, nu)
    names = [proof.define(sp.Eq(k, f), "of the population") for k, f in at.items()]
    margin = proof.substitute(
        "mean margin", sp.Eq(M, rho / (1 + rho)), "(1 - S) P = rho", uses=[mean, cross, rows, engine, named, *names]
    )
    spread = proof.substitute(
        "variance of the margin", sp.Eq(second, (1 - M) ** 2 * (q + tau) / (1 - tau)), "the same",
        uses=[square, mean, cross, rows, engine, named, *names],
    )  # fmt: skip
    deviation = proof.define(sp.Eq(sigma, sp.sqrt(second)), "standard deviation")
    error = proof.moment(
        "test error", sp.Eq(test_err, tail(M / sigma)), "given beta the margin y x'beta is normal",
        check=_below(sp.S.Zero), uses=[deviation],
    )  # fmt: skip

    # a training sample: leave it out
    one_out = proof.identity(
        "one sample out",
        sp.Eq((one + form(a, a)) * (one - a.T * (A + a * a.T).I * (w + a)), one - form(a, w), evaluate=False),
        "1 - a'beta = (1 - a'beta_)/(1 + a'Q_a/n)",
    )
    leverage = proof.asymptotic(
        "leverage", "a'Q_a/n = 1/K - 1", "the same for all samples; the means do not count",
        deviation=_leverage, uses=[push, one_out], **sampling,
    )  # fmt: skip
    training = proof.moment(
        "training error", sp.Eq(train_err, tail((M + 1 / K - 1) / sigma)),
        "x = (r + delta)/(1 + delta), r normal, delta = 1/K - 1", check=_below(1 - 1 / K), uses=[leverage],
    )  # fmt: skip
    slope, rate = sp.symbols("F_prime lam_prime")
    pull = proof.derivative(
        "response of the effective ridge", sp.Eq(rate, 1 / (1 - tau)), "implicit differentiation",
        of=ridge_is, by=gamma, through={lam: rate}, uses=[equation, *names],
    )  # fmt: skip
    value = gamma / (2 * lam * (1 + at[rho]))
    F = sp.Symbol("F")
    least = proof.define(
        sp.Eq(F, (1 - ((1 - S) * P + (1 + x) * x + (1 - S) * x + (1 + x) * S) / bottom) / 2),
        "least value of the objective: (1 - (mu + v)'beta)/2", uses=[rank_two],
    )  # fmt: skip
    least_is = proof.substitute(
        "least value", sp.Eq(F, value), "(1 - S)/(1 + rho)/2", uses=[least, cross, rows, engine, named]
    )
    bend = Average(b / (s + lam) ** 2, nu)
    envelope = proof.derivative(
        "its derivative",
        sp.Eq(slope, ((1 / lam - gamma * rate / lam**2) * (1 + rho) + gamma * rate * bend / lam) / (1 + rho) ** 2 / 2),
        "half the squared norm of beta (envelope theorem)", of=value, by=gamma, through={lam: rate},
        uses=[least_is, pull, *names],
    )  # fmt: skip
    loss_is = proof.define(sp.Eq(train_loss, F - gamma * slope), "the objective without its penalty", uses=[envelope])
    loss = proof.substitute(
        "training loss", sp.Eq(train_loss, K**2 * ((1 - M) ** 2 + second) / 2),
        "mean of (1 - x)^2/2 = K^2 (1 - r)^2/2",
        uses=[loss_is, least_is, pull, envelope, margin, spread, ratio, equation, *names],
    )  # fmt: skip
    shown = proof.define(sp.Eq(effective, lam), "a quantity of the theorem")
    common = [margin, spread, deviation, error, loss]
    proof.conclude(
        "everything in the effective ridge", uses=[*common, *names, training, equation, ratio, shown], regime="ridge"
    )

    zero = "lambda tends to zero with gamma"
    at_zero = [proof.continuity(f"{step.name} at zero", step, {lam: 0}, zero) for step in (*names, gap, shown)]
    proof.conclude("the limit at zero", uses=[*common, *at_zero, training], regime="no ridge, p < n")
    limit = proof.continuity("no ridge", equation, {gamma: 0}, "lambda stays positive")
    null = proof.substitute(
        "root", sp.Eq(1, c * Average(s / (s + lam), nu), evaluate=False), "divide by lambda", uses=[limit]
    )
    vanishing = proof.continuity("no residuals", ratio, {gamma: 0}, "lambda stays positive")
    exact = proof.moment(
        "no training error", sp.Eq(train_err, 0, evaluate=False), "1 - x = K (1 - r), and K tends to zero",
        check=_below(1 - 1 / K, (Fraction(1, 100), Fraction(1, 1000))), wrong=[K, tail(M / sigma), 1],
        uses=[vanishing, leverage],
    )  # fmt: skip
    proof.conclude(
        "the limit at the root", uses=[*common, *names, null, vanishing, exact, shown], regime="no ridge, p > n"
    )
