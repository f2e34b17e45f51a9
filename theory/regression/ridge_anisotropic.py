r"""Ridge regression with a general covariance and an anisotropic signal.

.. math::  \hat\beta = (S+\lambda)^{-1}X^\top y/n,\quad S=X^\top X/n,\quad y=X\beta+\varepsilon,\quad
           \lambda=\kappa\Big(1-\tfrac1n\operatorname{tr}\Sigma(\Sigma+\kappa)^{-1}\Big).

The statement is what the engine makes of the exact finite-size formulas of bias, variance and errors; the derivation
reaches it by another road: leave one out for one resolvent, derivatives of it for two.  Sources: Dobriban and Wager
(2018); Hastie, Montanari, Rosset and Tibshirani (2022); Liao and Mahoney (2025).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, excess_kurtosis, population
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Numbers, Parameter, Quantity, Regime, Theorem, Weights

theorem = Theorem(
    id="ridge-anisotropic",
    title="Ridge regression: general covariance, anisotropic signal",
    family="regression",
    references=(
        "E. Dobriban, S. Wager (2018), High-dimensional asymptotics of prediction, arXiv:1507.03003",
        "T. Hastie, A. Montanari, S. Rosset, R. J. Tibshirani (2022), Surprises in high-dimensional ridgeless least "
        "squares interpolation, arXiv:1903.08560",
        "Z. Liao, M. W. Mahoney (2025), Random matrix theory for deep learning, arXiv:2506.13139",
    ),
    assumptions=(
        r"$X$ is $n\times p$ with rows $\Sigma^{1/2}z_i$, the entries of $z_i$ independent, centred, of unit variance",
        r"$y=X\beta+\varepsilon$, the entries of $\varepsilon$ independent of $X$, centred, of variance $\sigma^2$",
        r"$p/n\to c$; the spectral law of $\Sigma$ and the distribution of $|\beta|^2$ over it converge",
    ),
    parameters=(
        Parameter("s", "eigenvalues of the covariance", Numbers(NON_NEGATIVE, like="w"), "s"),
        Parameter("w", "share of the dimensions at each eigenvalue", Weights(), "w"),
        Parameter("q", "share of the squared signal at each eigenvalue", Weights(like="w"), "q"),
        Parameter("r2", "squared norm of the signal", POSITIVE, "r^2"),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("lam", "ridge", NON_NEGATIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("B_avg", "squared bias, averaged over the direction of the signal", r"B_{\mathrm{avg}}"),
        Quantity("B", "squared bias of the prediction", "B"),
        Quantity("V", "variance of the prediction", "V"),
        Quantity("R", "excess risk, B + V", "R"),
        Quantity("test", "test error, excess risk and noise", r"E_{\mathrm{test}}"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("B_in", "squared bias in the sample", r"B_{\mathrm{in}}"),
        Quantity("V_in", "variance in the sample", r"V_{\mathrm{in}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
    ),
    points={
        "A": dict(s="1,4", w="1/2,1/2", q="1/2,1/2", r2="1", sig2="1/4", c="1/2", lam="3/10"),
        "B": dict(s="1,4", w="1/2,1/2", q="1/5,4/5", r2="1", sig2="1/4", c="2", lam="1/10"),
        "C": dict(s="1/5,1,5", w="1/2,1/4,1/4", q="1/10,3/10,3/5", r2="3/2", sig2="1/2", c="1", lam="1/20"),
        "RL1": dict(s="1", w="1", q="1", r2="1", sig2="1/4", c="1/2", lam="0"),
        "RL2": dict(s="1", w="1", q="1", r2="1", sig2="1/4", c="2", lam="0"),
        "RL3": dict(s="1,4", w="1/2,1/2", q="1/5,4/5", r2="1", sig2="1/4", c="5/2", lam="0"),
    },
    uses=("marchenko-pastur",),
)

# -- the model --------------------------------------------------------------------------------------------------------

s, b, c, lam, sig2, kappa = sp.symbols("s b c lam sig2 kappa", positive=True)
n, p = Space("n"), Space("p", c, letters=(s, b), law="nu")
X = Gaussian("Z", n, p) @ Deterministic(sp.sqrt(s), p)
S, Sigma, signal = X.T @ X, Deterministic(s, p), Deterministic(b, p)
Q, Qn = inverse(S + lam), inverse(X @ X.T + lam)
nu = p.measure


@cache
def equivalents() -> Equivalent:
    """Deterministic equivalents of the traces that the errors consist of; ``b`` is the density of the signal."""
    return deterministic_equivalent(
        {
            "bias": lam**2 * (Q @ Sigma @ Q @ signal),
            "variance": Q @ Sigma @ Q @ S,
            "bias_in": lam**2 * (Q @ S @ Q @ signal),
            "variance_in": S @ Q @ S @ Q,
            "residual": lam**2 * (Qn @ Qn),
            "companion": lam * Qn,
        }
    )


def errors(bias, variance, bias_in, variance_in, residual, companion) -> dict[str, sp.Expr]:
    """Quantities of the theorem from the traces: signal part and noise part of each error."""
    B, V, R = sp.symbols("B V R")
    formulas = {
        "shrinkage": companion,
        "B": bias,
        "B_avg": B,
        "V": sig2 * c * variance,
        "R": B + V,
        "test": R + sig2,
        "B_in": bias_in,
        "V_in": sig2 * c * variance_in,
        "train": sp.Symbol("B_in") + sig2 * residual,
    }
    return {name: sp.sympify(formula) for name, formula in formulas.items()}


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Positive ridge: the engine's system.  No ridge: its limit, with or without a null space of the sample."""
    made = equivalents()
    ridge = made.system
    positive = FixedPointSystem(
        ridge.unknowns, ridge.equations, errors(**made.outputs), continuation=ridge.continuation
    )
    rank, K = sp.Symbol("rank", positive=True), Unknown(kappa, meaning="effective ridge")
    g2 = c * Average(s**2 / (s + kappa) ** 2, nu)
    bias = kappa**2 * Average(b * s / (s + kappa) ** 2, nu) / (1 - g2)
    full = FixedPointSystem((), (), errors(0, rank / c / (1 - rank), 0, rank / c, 1 - rank, 1 - rank))
    null = FixedPointSystem(
        (K,), (sp.Eq(1, c * Average(s / (s + kappa), nu)),), errors(bias, g2 / c / (1 - g2), 0, 1 / c, 0, 0)
    )
    return (
        Regime(positive, "lam > 0", "positive ridge"),
        Regime(full, "rank < 1", "no ridge, more samples than dimensions"),
        Regime(null, "rank > 1", "no ridge, more dimensions than samples"),
    )


@theorem.binding
def binding(s, w, q, r2, c):
    """The law of eigenvalue and signal density, and the rank of the covariance per sample."""
    density = [r2 * x / y if y else Fraction(0) for x, y in zip(q, w, strict=True)]
    return {"nu": Atoms(w, s=s, b=density), "rank": c * sum(y for x, y in zip(s, w, strict=True) if x)}


# -- derivation -------------------------------------------------------------------------------------------------------


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


# -- experiment -------------------------------------------------------------------------------------------------------


def sizes(point) -> tuple[int, int]:
    """Numbers of samples: proportions of the population are exact, and p is at most a few hundred."""
    return (100, 200) if point["c"] <= 1 else (60, 120) if point["c"] <= 2 else (40, 80)


def _setup(rng: np.random.Generator, size: int, point, law: str):
    """Data, population, signal and the average over eigenspaces of a diagonal."""
    dimension = int(point["c"] * size)
    spectrum = population(point["w"], point["s"], dimension)
    counts, mass = block_counts(point["w"], dimension), [float(point["r2"] * q) for q in point["q"]]
    x = entries(rng, (size, dimension), law) * np.sqrt(spectrum)
    weight = np.repeat([m / k for m, k in zip(mass, counts, strict=True)], counts)
    return x, spectrum, block_signal(rng, counts, mass), weight


def _first(point, size: int, law: str) -> float:
    return sum(float(w * s) for w, s in zip(point["w"], point["s"], strict=True))


def _second(point, size: int, law: str) -> float:
    return sum(float(w * s * s) for w, s in zip(point["w"], point["s"], strict=True))


def _square(point, size: int, law: str) -> float:
    first, second = _first(point, size, law), _second(point, size, law)
    return second * (1 + (1 + excess_kurtosis(law)) / size) + float(point["c"]) * first**2


#: Traces of S, Sigma S and S^2 per dimension: their means are known exactly at every size and for every entry law.
CONTROLS = (Control("trace", _first), Control("load", _second), Control("square", _square))


def _statistics(resolution: float, rough: float) -> tuple[Statistic, ...]:
    """Averaged errors to a sharp resolution, errors of one noisy fit to a rough one.

    The bias leans on the smallest eigenvalues and fluctuates most; one per cent of it costs as much as half a per cent
    of the others.
    """
    sharp = [
        Statistic(name, controls=CONTROLS, resolution=max(resolution, 0.01) if name in ("B_avg", "R") else resolution)
        for name in ("B_avg", "V", "R", "B_in", "V_in", "train", "shrinkage")
    ]
    forms = {"bias": "B", "risk": "R", "test": "test", "fit": "train"}
    return (*sharp, *(Statistic(k, quantity=q, kind="form", resolution=rough) for k, q in forms.items()))


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=_statistics(0.005, 0.2))
@theorem.experiment(points=("B", "C"), sizes=sizes, statistics=_statistics(0.01, 0.3))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Errors given the data, averaged exactly over noise and signal direction; and those of one noisy fit."""
    x, spectrum, beta, weight = _setup(rng, size, point, law)
    lam, sig2 = float(point["lam"]), float(point["sig2"])
    gram = x.T @ x / size
    q = np.linalg.inv(gram + lam * np.eye(len(spectrum)))
    trace, diagonal = np.trace(q), np.diag(q)
    square = np.sum(q**2, axis=1)  # diagonal of Q^2; QSQ = Q - lam Q^2
    residual = np.sum(square) + (size - len(spectrum)) / lam**2  # tr Qn^2
    bias = lam**2 * float(weight @ (q**2 @ spectrum))
    variance = sig2 * float(spectrum @ (diagonal - lam * square)) / size
    bias_in = lam**2 * float(weight @ (diagonal - lam * square))
    noisy = x @ beta + np.sqrt(sig2) * rng.standard_normal(size)
    estimate = q @ (x.T @ noisy) / size
    shift = lam * (q @ beta)
    risk = float(spectrum @ (estimate - beta) ** 2)
    return {
        "B_avg": bias,
        "V": variance,
        "R": bias + variance,
        "B_in": bias_in,
        "V_in": sig2 * float(len(spectrum) - 2 * lam * trace + lam**2 * np.sum(square)) / size,
        "train": bias_in + sig2 * lam**2 * residual / size,
        "shrinkage": float(lam * trace + size - len(spectrum)) / size,
        "bias": float(spectrum @ shift**2),
        "risk": risk,
        "test": risk + sig2,
        "fit": float(np.mean((noisy - x @ estimate) ** 2)),
        **_known(gram, spectrum),
    }


def _known(gram: np.ndarray, spectrum: np.ndarray) -> dict[str, float]:
    """Values of the control variates."""
    diagonal = np.diag(gram)
    values = {"trace": np.sum(diagonal), "load": spectrum @ diagonal, "square": np.sum(gram**2)}
    return {name: float(value) / len(spectrum) for name, value in values.items()}


def _ridgeless(bias: bool) -> tuple[Statistic, ...]:
    """As above; without a null space there is no bias, exactly, and what is zero is compared with the noise."""
    sharp = tuple(Statistic(name, controls=CONTROLS, resolution=0.01) for name in ("V", "R", "test"))
    exact = tuple(Statistic(name, kind="exact", scale=0.25) for name in ("train", "B_in", "V_in", "shrinkage"))
    risk = Statistic("risk", quantity="R", kind="form", resolution=0.2)
    kind: dict[str, Any] = dict(resolution=0.01, controls=CONTROLS) if bias else dict(kind="exact", scale=0.25)
    form: dict[str, Any] = dict(kind="form", resolution=0.2) if bias else dict(kind="exact", scale=0.25)
    return (*sharp, *exact, risk, Statistic("B_avg", **kind), Statistic("bias", quantity="B", **form))


@theorem.experiment(points=("RL2", "RL3"), sizes=sizes, statistics=_ridgeless(bias=True))
@theorem.experiment(points=("RL1",), sizes=sizes, statistics=_ridgeless(bias=False))
def ridgeless(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Minimum-norm least squares, from a singular value decomposition of the data."""
    x, spectrum, beta, weight = _setup(rng, size, point, law)
    sig2 = float(point["sig2"])
    left, values, right = np.linalg.svd(x, full_matrices=False)
    null = np.eye(len(spectrum)) - right.T @ right
    bias = float(weight @ (null**2 @ spectrum))
    variance = sig2 * float(np.sum(spectrum * np.sum((right / values[:, None]) ** 2, axis=0)))
    noisy = x @ beta + np.sqrt(sig2) * rng.standard_normal(size)
    estimate = right.T @ (left.T @ noisy / values)
    freedom = len(values) / size
    return {
        "B_avg": bias,
        "V": variance,
        "R": bias + variance,
        "test": bias + variance + sig2,
        "train": sig2 * (1 - freedom) + float(np.mean((x @ null @ beta) ** 2)),
        "B_in": float(np.mean((x @ null @ beta) ** 2)),
        "V_in": sig2 * freedom,
        "shrinkage": 1 - freedom,
        "bias": float(spectrum @ (null @ beta) ** 2),
        "risk": float(spectrum @ (estimate - beta) ** 2),
        **_known(x.T @ x / size, spectrum),
    }


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the test error is $\\kappa'(\\kappa^2\\beta^\\top\\Sigma(\\Sigma+\\kappa)^{-2}\\beta+\\sigma^2)$")
def amplification(claim) -> None:
    gain = 1 / (1 - c * Average(s**2 / (s + kappa) ** 2, nu))
    form = kappa**2 * Average(b * s / (s + kappa) ** 2, nu)
    claim.identity(sp.Eq(sp.Symbol("test"), gain * (form + sig2)))


@theorem.consequence("training error and bias in the sample are $(\\lambda/\\kappa)^2$ times those out of it")
def shrinkage(claim) -> None:
    B, B_in, train, test = sp.symbols("B B_in train test")
    claim.identity(sp.Eq(train, (lam / kappa) ** 2 * test))
    claim.identity(sp.Eq(B_in, (lam / kappa) ** 2 * B))
    claim.identity(sp.Eq(sp.Symbol("shrinkage"), lam / kappa))


@theorem.consequence("many samples: no bias from the noise, the classical ridge risk")
def many_samples(claim) -> None:
    # at c = 0 kappa = lambda: B = lambda^2 sum of w b s/(s + lambda)^2 at point A, and there is no variance
    ridge = Fraction(3, 10)
    classical = ridge**2 / 2 * sum(x / (x + ridge) ** 2 for x in (1, 4))
    claim.limit("B", lambda eps: {"c": eps}, classical)
    claim.limit("V", lambda eps: {"c": eps}, 0, scale=0.25)
    claim.limit("shrinkage", lambda eps: {"c": eps}, 1)


@theorem.consequence("a large ridge forgets the data: the bias tends to $\\beta^\\top\\Sigma\\beta$")
def large_ridge(claim) -> None:
    claim.limit("B", lambda eps: {"lam": 1 / eps}, Fraction(5, 2))
    claim.limit("V", lambda eps: {"lam": 1 / eps}, 0, scale=0.25)


@theorem.consequence("without ridge the formulas are the limits of those with a small one")
def ridgeless_limit(claim) -> None:
    for name in ("RL1", "RL2", "RL3"):
        point = theorem.point(name)
        for quantity in ("V", "train", "V_in"):
            value = float(claim.value(quantity, point))
            claim.limit(quantity, lambda eps: {"lam": eps}, value, point=point, scale=0.25)


@theorem.consequence("without ridge and with $p<n$ the variance is $\\sigma^2c/(1-c)$ for every covariance")
def universal_variance(claim) -> None:
    claim.identity(
        sp.Eq(sp.Symbol("V"), sig2 * c / (1 - c)),
        uses=[sp.Eq(sp.Symbol("rank"), c)],
        regime="no ridge, more samples than dimensions",
    )
    isotropic = theorem.point("RL2")
    claim.limit("V", lambda eps: {"lam": 0, "c": 2 + eps}, Fraction(1, 4), point=isotropic)


@theorem.consequence("at $p=n$ the ridgeless risk diverges with exponent $-1$ from both sides")
def divergence(claim) -> None:
    for sign in (1, -1):
        claim.exponent("V", lambda eps, sign=sign: {"lam": 0, "c": 1 + sign * eps}, -1)


@theorem.consequence("for an isotropic signal the best ridge is $\\sigma^2p/(nr^2)$, whatever the covariance")
def optimal_ridge(claim) -> None:
    for name, change in (("A", {}), ("B", {"q": "1/2,1/2"}), ("A", {"s": "1/10,7", "c": "3", "sig2": "1/2"})):
        point = theorem.point(name, **change)
        claim.minimum("R", of="lam", at=point["sig2"] * point["c"] / point["r2"], point=point)
    # stationarity: with b = r2 the derivative of the risk in kappa has the factor lambda r2 - sigma^2 c
    r2 = sp.Symbol("r2", positive=True)
    k2, k3 = (Average(s**2 / (s + kappa) ** j, nu) for j in (2, 3))
    test = (kappa**2 * r2 * Average(s / (s + kappa) ** 2, nu) + sig2) / (1 - c * k2)
    claim.identity(sp.Eq(test.diff(kappa) * (1 - c * k2) ** 2, 2 * k3 * (lam * r2 - sig2 * c), evaluate=False))


@theorem.consequence("for any signal the best ridge is where a scalar condition holds")
def stationarity(claim) -> None:
    a2, a3 = (Average(b * s**j / (s + kappa) ** (j + 1), nu) for j in (1, 2))
    k2, k3 = (Average(s**2 / (s + kappa) ** j, nu) for j in (2, 3))
    test = (kappa**2 * a2 + sig2) / (1 - c * k2)
    claim.identity(
        sp.Eq(
            test.diff(kappa) * (1 - c * k2) ** 2,
            2 * (kappa * (1 - c * k2) * a3 - (kappa**2 * a2 + sig2) * c * k3),
            evaluate=False,
        )
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

_g2 = c * Average(s**2 / (s + kappa) ** 2, nu)
_df1 = c * Average(s / (s + kappa), nu)
_positive = dict(regime="positive ridge")
theorem.mutant(
    "no 1/(1 - gamma_2) in the bias", outputs={"B": kappa**2 * Average(b * s / (s + kappa) ** 2, nu)}, **_positive
)
theorem.mutant("df1 for gamma_2 in the variance", outputs={"V": sig2 * _df1 / (1 - _df1)}, **_positive)
theorem.mutant("kappa = lambda", equations={kappa: sp.Eq(kappa, lam)}, **_positive)
theorem.mutant("n and p interchanged", parameters={"c": lambda c: 1 / c}, **_positive)
theorem.mutant("training ratio not squared", values=lambda train, shrinkage: {"train": train / shrinkage}, **_positive)
theorem.mutant(
    "bias without the covariance",
    outputs={"B": kappa**2 * Average(b / (s + kappa) ** 2, nu) / (1 - _g2)},
    **_positive,
)
theorem.mutant(
    "training error without noise", outputs={"train": sp.Symbol("shrinkage") ** 2 * sp.Symbol("R")}, **_positive
)
