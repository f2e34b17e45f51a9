"""Classification with a convex loss: derivation, step by step."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.law import LebesgueLaw
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.risk import Loss, LossMean, ScoreMean, margin_loss, minimise, prox
from rmtsym.theorem import Evidence
from theory.classification.erm_gaussian_mixture.statement import (
    M,
    R,
    b,
    c,
    delta,
    ef2,
    eta,
    gamma,
    mean_is,
    nu,
    s,
    score,
    sigma,
    slope,
    spread_is,
    step_is,
    tail,
    theorem,
    theta,
)

HERE = dict(loss="logistic", s="1,4", w="1/2,1/2", mass="1/2,1/2", c="1/2", gamma="3/10")
q = sp.Symbol("q", positive=True)  # curvature of the loss at a sample
n, p = Space("n", letters=(q,), law="curvature"), Space("p", c, letters=(s, b), law="nu")


@cache
def _limit(name: str) -> float:
    """Theory at the point at which limits are looked at; also of the form mu'RC beta."""
    values = theorem.values(theorem.point(**HERE))
    if name == "along":
        return float(values["eta"]) * sum(x / (2 * (float(values["theta"]) * x + 0.3) ** 2) for x in (1, 4))
    return float(values[name])


def _fitted(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Rows, mean, eigenvalues, minimiser."""
    spectrum = np.repeat([1.0, 4.0], size // 4)
    mean = np.full(len(spectrum), len(spectrum) ** -0.5)
    rows = mean + rng.standard_normal((size, len(spectrum))) * np.sqrt(spectrum)
    return rows, mean, spectrum, minimise(rows, margin_loss("logistic"), 0.3)


def _one_out(rng: np.random.Generator, size: int) -> float:
    rows, _, _, beta = _fitted(rng, size)
    left, some = margin_loss("logistic"), rows[:8]
    others = np.array([np.delete(rows, i, axis=0) for i in range(len(some))])
    rest = minimise(others, left, 0.3 * size / (size - 1))  # the risk without one of its terms
    gaps = some @ beta - prox(left, _limit("delta"), np.sum(some * rest, axis=1))
    return float(np.sqrt(np.mean(gaps**2)))


def _curvature(rng: np.random.Generator, size: int) -> float:
    rows, _, spectrum, beta = _fitted(rng, size)
    hessian = (rows.T * margin_loss("logistic").second(rows @ beta)) @ rows / size + 0.3 * np.eye(len(beta))
    weights, trace = margin_loss("logistic").second(rows @ beta), 1.0
    for _ in range(60):  # the engine's equations for the weights that came out
        trace = float(np.sum(spectrum / (np.mean(weights / (1 + trace * weights)) * spectrum + 0.3))) / size
    return float(np.sum(np.linalg.inv(hessian) * np.diag(spectrum))) / size - trace


def _form(name: str) -> Any:
    def deviation(rng: np.random.Generator, size: int) -> float:
        _, mean, spectrum, beta = _fitted(rng, size)
        weights = {"M": 1.0, "along": spectrum / (_limit("theta") * spectrum + 0.3), "sigma": None}[name]
        found = math.sqrt(spectrum @ beta**2) if weights is None else mean @ (weights * beta)
        return float(found) - _limit(name)

    return deviation


_x = sp.Symbol("x", real=True)
_line = SpectralMeasure("line", _x)
_PLACES = (("sqrt((1-t)^2 + 1/4)", "2", "1/2", "3/2"), ("pseudo_huber", "1", "1", "1/2"))


def _written_out(found: Loss, integrand: Any) -> Any:
    """Mean of a function of x = prox_delta(r), its score and Z, as an integral over x."""
    first, second = (found.expression(k).subs(Loss.variable, _x) for k in (1, 2))
    z = (_x + delta * first - M) / sigma
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi) * (1 + delta * second) / sigma
    return Average(integrand(-first, second, z) * density, _line)


def _stein(claim: sp.Eq) -> Evidence:
    """Means of L''/(1 + delta L'') against those of f Z as they are written: rigorous integrals over x."""
    worst = 0.0
    for name, *numbers in _PLACES:
        found = margin_loss(name)
        nodes = {e: _written_out(found, lambda f, q, z: f * z) for e in claim.rhs.atoms(ScoreMean)}
        right, left = claim.rhs.xreplace(nodes), _written_out(found, lambda f, q, z: q / (1 + delta * q))
        place = dict(zip(("delta", "M", "sigma"), map(Fraction, numbers), strict=True)) | {"line": LebesgueLaw()}
        a, b_ = evaluate([left, right], place, BALL(64))
        worst = max(worst, float(a.rad()), float(b_.rad()))
        if not a.overlaps(b_):
            return Evidence.of(False, "rigorous integrals", message=f"{a} and {b_} for {name}")
    certain = worst < 1e-9 or None  # wide balls overlap whatever is true
    return Evidence.of(certain, f"rigorous integrals for {len(_PLACES)} losses", resolution=worst)


def _below(threshold: Any) -> Any:
    """Check of the probability that M + sigma Z lies below a threshold."""

    def check(claim: sp.Eq) -> Evidence:
        from flint import acb, arb

        worst = 0.0
        with BALL(80):
            for numbers in ({"M": 1, "sigma": 2, "delta": 3, "slope": Fraction(-1, 2)},
                            {"M": 2, "sigma": 1, "delta": 1, "slope": Fraction(1, 4)}):  # fmt: skip
                mean, spread, edge = map(acb, evaluate([M, sigma, sp.sympify(threshold)], numbers, BALL(80)))
                density = lambda t, _: (-t * t / 2).exp() / (2 * arb.pi()).sqrt()  # noqa: E731
                mass = acb.integral(density, acb(-20), (edge - mean) / spread).real + arb(0, 1e-40)
                worst = max(worst, float(mass.rad()))
                if not mass.overlaps(evaluate(claim.rhs, numbers, BALL(80))):
                    return Evidence.of(False, "rigorous integral", message=f"at {numbers}")
        return Evidence.of(worst < 1e-9 or None, "rigorous integral at two places", resolution=worst)

    return check


@theorem.derivation
def derivation(proof: Any) -> None:
    """Leave one sample out; the score of the rest is a function of a normal variable."""
    sampling = dict(replicates=128, sizes=(16, 32, 64, 128))
    x, x0, l0, r, rate, f = sp.symbols("x x0 l0 r rate f")
    size = sp.Symbol("m", integer=True, positive=True)
    root, C = sp.MatrixSymbol("H", size, size), sp.MatrixSymbol("C", size, size)
    a, w, mu = (sp.MatrixSymbol(name, size, 1) for name in ("a", "w", "mu"))
    H = root * root.T
    one_out = proof.identity(
        "one sample out",
        sp.Eq(a.T * H.I * (H * w + f * a), a.T * w + f * a.T * H.I * a, evaluate=False),
        "the gradient of the other terms is 0 at their minimiser w and f a/n at the minimiser of all; its slope in "
        "between is H, so a'beta = r + f a'H^{-1}a/n with r = a'w",
    )
    leave = proof.asymptotic(
        "margins of the training samples", "x = prox_delta(r), the same delta for all samples",
        "a'H^{-1}a/n = tr CH^{-1}/n: a is independent of H up to one sample; x = r + delta f, f = -L'(x)",
        deviation=_one_out, uses=[one_out], **sampling,
    )  # fmt: skip
    pulled = proof.derivative(
        "slope of the proximal operator", sp.Eq(rate, 1 / (1 + delta * q)),
        "x + delta L'(x) = r, with L' linear near x", of=sp.Eq(x + delta * (l0 + q * (x - x0)), r), by=r,
        through={x: rate}, uses=[leave],
    )  # fmt: skip
    fall = sp.Symbol("fall")
    falls = proof.define(sp.Eq(fall, q * rate), "-f'(r) = L''(x) x'(r)", uses=[pulled])
    response = proof.substitute(
        "slope of the score", sp.Eq(fall, q / (1 + delta * q)), "the curvature seen from outside", uses=[falls, pulled]
    )
    means = proof.define(sp.Eq(eta, ScoreMean(score, 1)), "given the rest, r is normal: M + sigma Z", uses=[leave])
    squares = proof.define(sp.Eq(ef2, ScoreMean(score, 2)), "the same", uses=[leave])
    stein = proof.moment(
        "Stein's lemma", sp.Eq(theta, -ScoreMean(score, 1, 1) / sigma), "theta = -E f'(r) = E L''/(1 + delta L'')",
        check=_stein, uses=[response],
        wrong=[-ScoreMean(score, 1, 1), ScoreMean(score, 1, 1) / sigma, -ScoreMean(score, 1, 1) / sigma**2],
    )  # fmt: skip

    # the Hessian
    X = Gaussian("Z", n, p) @ Deterministic(sp.sqrt(s), p)
    Q = inverse(X.T @ Deterministic(q, n) @ X + gamma)
    traces = {"K": c * (Q @ Deterministic(s, p)), "W": c * (Q @ Deterministic(s**2 * R, p))}
    engine = proof.engine("inverse of the Hessian", deterministic_equivalent(traces), "rows weighted by curvatures")
    q0, K, W = sp.symbols("q0 K W")
    weights = proof.asymptotic(
        "curvatures of the minimiser", [sp.Eq(theta, q0, evaluate=False), sp.Eq(delta, K, evaluate=False)],
        "they count like independent weights, as one sample hardly moves the others; their law is that of L''(x), so "
        "the engine's E q/(1 + K q) is theta", deviation=_curvature, exponent=-1, uses=[engine, stein], **sampling,
    )  # fmt: skip
    step = proof.substitute("step", step_is, "the trace of the engine", uses=[engine, weights])
    double = proof.substitute(
        "trace with R", sp.Eq(W, c * Average(s**2 * R**2, nu)), "R = (theta C + gamma)^{-1}", uses=[engine, weights]
    )

    # forms of the minimiser: gamma v'beta is the mean of f v'a
    along, cov, part, fw = sp.symbols("along cov part fw")
    split = proof.define(sp.Eq(part, cov / sigma), "v'(a - mu) = part Z + independent, cov = v'C beta", uses=[leave])
    pairing = proof.define(sp.Eq(fw, part * ScoreMean(score, 1, 1)), "mean of f v'(a - mu)", uses=[split])
    product = proof.substitute(
        "mean of the score times a form", sp.Eq(fw, -theta * cov), "so gamma v'beta = eta v'mu - theta v'C beta",
        uses=[split, pairing, stein],
    )  # fmt: skip
    A = theta * C + gamma * sp.Identity(size)
    test = proof.identity(
        "test vectors",
        [sp.Eq(mu.T * A.I * (theta * C * w + gamma * w), mu.T * w, evaluate=False),
         sp.Eq(w.T * C * A.I * (theta * C * w + gamma * w), w.T * C * w, evaluate=False)],
        "v = R mu, v = RCR mu, and v = RC beta", uses=[],
    )  # fmt: skip
    mean = proof.asymptotic(
        "mean of the margin", mean_is, "v = R mu: mu'beta = eta mu'R mu", deviation=_form("M"),
        uses=[means, product, test], **sampling,
    )  # fmt: skip
    cross = proof.asymptotic(
        "mean against minimiser", sp.Eq(along, eta * Average(b * s * R**2, nu)),
        "v = RCR mu: mu'RC beta = eta mu'RCR mu", deviation=_form("along"), uses=[means, product, test], **sampling,
    )  # fmt: skip
    square = proof.asymptotic(
        "variance of the margin", sp.Eq(sigma**2, eta * along + ef2 * W),
        "v = RC beta depends on the sample: a'RC beta = a'RC w + f a'RCH^{-1}a/n", deviation=_form("sigma"),
        uses=[one_out, squares, product, test, cross, double], **sampling,
    )  # fmt: skip
    spread = proof.substitute("variance in the spectrum", spread_is, "both forms put in", uses=[square, cross, double])

    # what is observed
    test_err, train_err, train_loss = sp.symbols("test_err train_err train_loss")
    error = proof.moment(
        "test error", sp.Eq(test_err, tail(M / sigma)), "given beta the margin of a new sample is normal",
        check=_below(0), uses=[mean, spread],
    )  # fmt: skip
    training = proof.moment(
        "training error", sp.Eq(train_err, tail((M - delta * slope) / sigma)),
        "prox_delta(r) < 0 where r < delta L'(0)", check=_below(delta * slope), uses=[leave],
    )  # fmt: skip
    risk = proof.define(sp.Eq(train_loss, LossMean(score)), "mean of L at the training margins", uses=[leave])
    proof.conclude("collected", uses=[mean, spread, step, means, squares, stein, error, training, risk])
