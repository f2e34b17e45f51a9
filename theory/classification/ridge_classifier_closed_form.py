r"""Least-squares classification of two Gaussian classes: closed form, interpolation, double descent.

.. math::  \hat\beta=\arg\min_\beta\tfrac1{2n}\sum_i(1-y_ix_i^\top\beta)^2+\tfrac\gamma2|\beta|^2,\qquad
           \text{error}=Q\Big(\rho_\lambda\sqrt{\tfrac{1-\tau}{q+\tau}}\Big),\quad
           \lambda\Big(1-\tfrac1n\operatorname{tr}C(C+\lambda)^{-1}\Big)=\gamma.

The statement is typed; the derivation takes the means out of the data by an exact rank-two identity and leaves the
traces of the noise to the engine.  Sources: Mai and Liao (2019), arXiv:1905.13742; Couillet and Liao (2022).
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import ndtr

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Statistic
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, population
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Evidence, Numbers, Parameter, Quantity, Regime, Theorem, Weights
from theory.classification.digits import load, observe
from theory.regression.ridge_anisotropic import CONTROLS

theorem = Theorem(
    id="ridge-classifier-closed-form",
    title="Least-squares classifier: closed form and interpolation",
    family="classification",
    references=(
        "X. Mai, Z. Liao (2019), High dimensional classification via regularized and unregularized empirical risk "
        "minimization: precise error and optimal loss, arXiv:1905.13742",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 6.2",
    ),
    assumptions=(
        r"$y_i=\pm1$, $x_i=y_i\mu+C^{1/2}z_i$, the entries of $z_i$ independent, symmetric, of unit variance",
        r"the classifier is $\operatorname{sign}(x^\top\hat\beta)$, without intercept",
        r"$p/n\to c$; $|\mu|^2$ stays bounded; the law of the eigenvalues of $C$, which stay away from zero, and the "
        r"distribution of $|\mu|^2$ over them converge",
    ),
    parameters=(
        Parameter("s", "eigenvalues of the covariance", Numbers(POSITIVE, like="w"), "s"),
        Parameter("w", "share of the dimensions at each eigenvalue", Weights(), "w"),
        Parameter("mass", "squared norm of the mean in each eigenspace", Numbers(NON_NEGATIVE, like="w"), "m"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("gamma", "ridge", NON_NEGATIVE, r"\gamma"),
    ),
    quantities=(
        Quantity("M", "mean margin of a new sample", "M"),
        Quantity("sigma", "standard deviation of that margin", r"\sigma"),
        Quantity("test_err", "error on new samples", r"E_{\mathrm{test}}"),
        Quantity("train_err", "error on the training samples", r"E_{\mathrm{train}}"),
        Quantity("train_loss", "mean loss on the training samples", r"L_{\mathrm{train}}"),
        Quantity("effective_ridge", "effective ridge", r"\lambda", observable=False),
    ),
    points={
        "I": dict(s="1", w="1", mass="1", c="1/2", gamma="1"),
        "A": dict(s="1,3,5", w="1/4,1/4,1/2", mass="1/4,1/4,1/2", c="1/4", gamma="1/10"),
        "R1": dict(s="1", w="1", mass="2", c="1/2", gamma="0"),
        "R2": dict(s="1", w="1", mass="2", c="2", gamma="0"),
        "R3": dict(s="1/2,2", w="1/2,1/2", mass="1,1", c="3/2", gamma="0"),
    },
)

# -- statement --------------------------------------------------------------------------------------------------------

s, b, c, gamma, lam = sp.symbols("s b c gamma lam", positive=True)
M, sigma, test_err, train_err, train_loss = sp.symbols("M sigma test_err train_err train_loss")
effective = sp.Symbol("effective_ridge")
n, p = Space("n"), Space("p", c, letters=(s, b), law="nu")
nu = p.measure
ridge_is = sp.Eq(lam, gamma + c * lam * Average(s / (s + lam), nu))


def tail(x: Any) -> Any:
    """Probability that a standard normal variable exceeds x."""
    return sp.erfc(x / sp.sqrt(2)) / 2


def outputs(at: Any, residual: Any, wrong: Any) -> dict[str, Any]:
    """Quantities for an effective ridge and the factor from residuals of new samples to those of the training ones."""
    rho, q = Average(b / (s + at), nu), Average(b * s / (s + at) ** 2, nu)
    tau = c * Average(s**2 / (s + at) ** 2, nu)
    return {
        "effective_ridge": sp.sympify(at),
        "M": rho / (1 + rho),
        "sigma": sp.sqrt((1 - M) ** 2 * (q + tau) / (1 - tau)),
        "test_err": tail(M / sigma),
        "train_err": sp.sympify(wrong),
        "train_loss": sp.sympify(residual**2 * ((1 - M) ** 2 + sigma**2) / 2),
    }


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """With ridge; without, where least squares is unique; without, where the fit interpolates."""
    root = Unknown(lam, meaning="effective ridge")
    path = Continuation(gamma, sp.Integer(10**6), {lam: gamma})
    with_ridge = outputs(lam, gamma / lam, tail((M + lam / gamma - 1) / sigma))
    null = sp.Eq(1, c * Average(s / (s + lam), nu))
    return (
        Regime(FixedPointSystem((root,), (ridge_is,), with_ridge, continuation=path), "gamma > 0", "ridge"),
        Regime(
            FixedPointSystem((), (), outputs(0, 1 - c, tail((M + c / (1 - c)) / sigma))), "c < 1", "no ridge, p < n"
        ),
        Regime(FixedPointSystem((root,), (null,), outputs(lam, 0, 0)), "c > 1", "no ridge, p > n"),
    )


@theorem.binding
def binding(s, w, mass):
    """Joint law of the eigenvalue and of the density of the squared mean."""
    return {"nu": Atoms(w, s=s, b=[m / x if x else Fraction(0) for m, x in zip(mass, w, strict=True)])}


# -- derivation -------------------------------------------------------------------------------------------------------


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

        with ctx.workprec(128):
            for place in places:
                mean, spread, edge = map(acb, evaluate([*names, threshold], place, BALL(128)))
                start = (edge - mean) / spread
                mass = acb.integral(lambda t, _: (-t * t / 2).exp(), start.real.min(arb(-40)), start).real
                mass = mass / (2 * arb.pi()).sqrt() + arb(0, 1e-60)
                if not mass.overlaps(evaluate(claim.rhs, place, BALL(128))):
                    return Evidence.of(False, "rigorous integral", message=f"at {place}")
        return Evidence.of(True, "rigorous integral", resolution=1e-30)

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


# -- experiment -------------------------------------------------------------------------------------------------------

DRAWS = 48  # classifiers fitted to the same noise, with other signs of its rows and other means


def sizes(point) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 120."""
    return (160, 320) if point["c"] < Fraction(1, 2) else (80, 160) if point["c"] < 1 else (48, 96)


def reduced(*names: str, resolution: float) -> tuple[Statistic, ...]:
    """Statistics with the first moments of the noise as control variates."""
    return tuple(Statistic(name, controls=CONTROLS, resolution=resolution) for name in names)


_SHARP = (*reduced("M", "sigma", resolution=0.01), *reduced("test_err", resolution=0.005))
_NULL = (*reduced("M", resolution=0.015), *reduced("sigma", "test_err", resolution=0.0075))
_LOSS = (*reduced("train_loss", resolution=0.005), Statistic("train_err", kind="probability", resolution=0.05))
_PEAK = (*reduced("M", "test_err", "sigma", resolution=0.01), *reduced("train_loss", resolution=0.005),
         Statistic("train_err", kind="probability", resolution=0.2))  # fmt: skip
_EXACT = tuple(Statistic(name, kind="exact", scale=0.25) for name in ("train_err", "train_loss"))


def _measured(forms: np.ndarray, ridge: float) -> np.ndarray:
    """Mean margin, its deviation, error and training loss from quadratic forms of mean and noise."""
    P, R, x, PC, xC, SC, P2, x2, S2 = forms
    bottom = (1 + x) ** 2 + R * P
    mean = (R * P + (1 + x) * x) / bottom
    deviation, norm = (
        np.sqrt(R**2 * A + 2 * R * (1 + x) * B + (1 + x) ** 2 * C) / bottom for A, B, C in ((PC, xC, SC), (P2, x2, S2))
    )
    return np.array([mean, deviation, ndtr(-mean / deviation), R / bottom / 2 - ridge * norm**2 / 2])


def _linear(forms: np.ndarray, means: np.ndarray, ridge: float) -> np.ndarray:
    """First-order fluctuation of the measured numbers around the means of the forms given the noise; its mean is 0."""
    steps = 1e-5 * np.diag(np.abs(means) + 1e-3)
    slopes = [(_measured(means + h, ridge) - _measured(means - h, ridge)) / (2 * h.sum()) for h in steps]
    return np.array(slopes).T @ (forms - means[:, None])


@theorem.experiment(points=("I",), sizes=sizes, laws=("gauss", "rad"), statistics=(*_SHARP, *_LOSS))
@theorem.experiment(points=("A",), sizes=sizes, statistics=(*_SHARP, *_LOSS))
@theorem.experiment(points=("R1",), sizes=sizes, statistics=_PEAK)
@theorem.experiment(points=("R2", "R3"), sizes=sizes, statistics=(*_NULL, *_EXACT))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Classifiers of data sets that share the squares of their noise, averaged; without first-order fluctuations."""
    dimension = int(point["c"] * size)
    spectrum, ridge = population(point["w"], point["s"], dimension), float(point["gamma"])
    counts, mass = block_counts(point["w"], dimension), [float(m) for m in point["mass"]]
    X = entries(rng, (size, dimension), law) * np.sqrt(spectrum)
    mu = np.array([block_signal(rng, counts, mass) for _ in range(DRAWS)]).T
    signs = 2.0 * rng.integers(0, 2, size=(size, DRAWS)) - 1.0
    interpolates = dimension > size and not ridge
    if not interpolates:
        Q = np.linalg.inv(X.T @ X / size + ridge * np.eye(dimension))
        back = X @ Q / np.sqrt(size)  # v'Q is signs' back, up to the root of n
        R, R_mean = lambda v: 1 - np.sum((X.T @ signs / size) * v, axis=0), 1 - np.sum(back * X) / size**1.5
    else:  # the limit of no ridge: Q and R scaled by it
        inner = np.linalg.inv(X @ X.T / size)
        back, Q = inner @ X / np.sqrt(size), np.eye(dimension) - X.T @ inner @ X / size
        R, R_mean = lambda v: np.sum(signs * (inner @ signs), axis=0) / size, np.trace(inner) / size
    u, v = Q @ mu, back.T @ signs / np.sqrt(size)
    x, r = np.sum(mu * v, axis=0), R(v)
    bottom = (1 + x) ** 2 + r * np.sum(mu * u, axis=0)
    beta = (r * u + (1 + x) * v) / bottom
    mean, deviation = np.sum(mu * beta, axis=0), np.sqrt(spectrum @ beta**2)
    rows = mean + signs * (X @ beta)  # margins of the training samples y_i x_i = mu + signs_i X_i
    plain = np.array([mean, deviation, ndtr(-mean / deviation), np.mean((1 - rows) ** 2, axis=0) / 2])

    share = np.repeat([m / k for m, k in zip(mass, counts, strict=True)], counts)
    forms, means = [np.sum(mu * u, axis=0), r, x], [share @ np.diag(Q), R_mean, 0.0]
    for weight in (spectrum, np.ones(dimension)):
        forms += [weight @ u**2, weight @ (u * v), weight @ v**2]
        means += [share @ (Q**2 @ weight), 0.0, np.sum(back**2 @ weight) / size]
    steady = plain - _linear(np.array(forms), np.array(means), ridge)
    values = dict(zip(("M", "sigma", "test_err", "train_loss"), steady.mean(axis=1), strict=True))
    if interpolates:
        values["train_loss"] = plain[3].mean()
    gram = X.T @ X / size
    known = {"trace": np.trace(gram), "load": spectrum @ np.diag(gram), "square": np.sum(gram**2)}
    values |= {name: value / dimension for name, value in known.items()}
    return {name: float(value) for name, value in values.items()} | {"train_err": float(np.mean(rows < 0))}


# -- consequences -----------------------------------------------------------------------------------------------------


def at(formula: Any, **values: Any) -> Any:
    """Ball around a closed form."""
    from rmtsym.field.evaluate import BALL, evaluate

    return evaluate(sp.sympify(formula), values, BALL(128))


def isotropic(point: Any) -> dict[str, Any]:
    """Parameters of the formulas for covariance one; ``r`` is the squared norm of the mean."""
    return {"c": point["c"], "gamma": point["gamma"], "r": sum(point["mass"])}


r = sp.Symbol("r", positive=True)
LIMIT = tail(r / sp.sqrt(r + c))  # error of the averaging classifier for covariance one


@theorem.consequence("covariance one: a quadratic equation, and the best ridge is infinite")
def covariance_one(claim) -> None:
    total = gamma + c - 1
    closed = (total + sp.sqrt(total**2 + 4 * gamma)) / 2
    error = tail(r * sp.sqrt((1 - c / (1 + closed) ** 2) / (r + c)))
    points = [theorem.point("I"), theorem.point("I", mass="2", c="3", gamma="1/5"), theorem.point("I", c="1/5")]
    for name, formula in (("effective_ridge", closed), ("test_err", error)):
        claim.equal(
            lambda q, name=name: claim.value(name, q), lambda q, f=formula: at(f, **isotropic(q)), points,
            f"{name} in closed form",
        )  # fmt: skip
    claim.limit("test_err", lambda eps: {"gamma": 1 / eps}, float(at(LIMIT, c=Fraction(1, 2), r=1)))

    def falls(mass: str, s: str) -> bool:
        grid = [theorem.point("A", mass=mass, s=s, gamma=g) for g in ("1/100", "1/10", "1", "10", "1000")]
        balls = [claim.value("test_err", q).ball for q in grid]
        return all(bool(b < a) for a, b in itertools.pairwise(balls))

    claim.holds(
        "the error falls with the ridge", lambda: falls("1/4,1/4,1/2", "1,1,1"),
        wrong={"for a mean in the small eigenvalues": lambda: falls("1,0,0", "1,3,5")},
    )  # fmt: skip


@theorem.consequence(
    "a large ridge averages the samples: $M/\\sigma\\to|\\mu|^2/\\sqrt{\\mu^\\top C\\mu+\\operatorname{tr}C^2/n}$"
)
def averaging(claim) -> None:
    first = sum(Fraction(m) * x for m, x in zip(("1/4", "1/4", "1/2"), (1, 3, 5), strict=True))
    second = Fraction(1, 4) * sum(Fraction(w) * x * x for w, x in zip(("1/4", "1/4", "1/2"), (1, 3, 5), strict=True))
    claim.limit(
        "test_err",
        lambda eps: {"gamma": 1 / eps},
        float(at(tail(1 / sp.sqrt(first + second)))),
        point=theorem.point("A"),
    )


@theorem.consequence("without ridge, $p<n$: $M/\\sigma=\\rho\\sqrt{(1-c)/(\\rho+c)}$, whatever the covariance")
def unregularised(claim) -> None:
    rho = Average(b / s, nu)
    claim.identity(sp.Eq((M / sigma) ** 2, rho**2 * (1 - c) / (rho + c)), regime="no ridge, p < n")
    claim.limit(
        "test_err", lambda eps: {"c": eps}, float(at(tail(sp.sqrt(2)))), point=theorem.point("R1"), text="Bayes error"
    )
    claim.limit("test_err", lambda eps: {"gamma": eps}, float(at(tail(2 / sp.sqrt(5)))), point=theorem.point("R1"))


@theorem.consequence("covariance one, $p>n$: the interpolating classifier")
def interpolation(claim) -> None:
    points = [theorem.point("R2"), theorem.point("R2", c="5/4", mass="1/3")]
    formulas = {"M": r / (r + c), "test_err": tail(r * sp.sqrt((c - 1) / (c * (r + c))))}
    for name, formula in formulas.items():
        claim.equal(
            lambda q, name=name: claim.value(name, q), lambda q, f=formula: at(f, **isotropic(q)), points,
            f"{name} in closed form",
        )  # fmt: skip
    claim.limit("test_err", lambda eps: {"gamma": eps}, float(claim.value("test_err", points[0])), point=points[0])


@theorem.consequence("double descent: at $p=n$ the error is $1/2$, reached like $|1-c|^{1/2}$ from both sides")
def double_descent(claim) -> None:
    point = theorem.point("R1")
    for side in (1, -1):
        claim.exponent("test_err", lambda eps, k=side: {"c": 1 + k * eps}, Fraction(1, 2), point=point, minus=0.5)
    claim.exponent("sigma", lambda eps: {"c": 1 - eps}, Fraction(-1, 2), point=point)

    def slope(constant: float) -> bool:
        near = [claim.value("test_err", {**point, "c": 1 + k * Fraction(1, 10**6)}) for k in (1, -1)]
        return all(abs((0.5 - float(v)) * 1e3 * (2 * np.pi) ** 0.5 / constant - 1) < 1e-3 for v in near)

    claim.holds(
        "its slope in the root is rho/sqrt(rho + 1) over sqrt(2 pi)", lambda: slope(2 / 3**0.5),
        wrong={"rho/sqrt(rho)": lambda: slope(2**0.5), "rho": lambda: slope(2.0)},
    )  # fmt: skip


@theorem.consequence(
    "no convex loss does better: $M/\\sigma$ is at most that of the square loss at $\\lambda=\\gamma/\\theta$"
)
def optimality(claim) -> None:
    # any loss: M = eta mu'R mu, sigma^2 = eta^2 mu'RCR mu + E f^2 tr(CR)^2/n with theta R = (C + lambda)^{-1}
    theta, eta, m, v, second, excess = sp.symbols("theta eta m v Ef2 D")
    rho, q, tau = (
        Average(b / (s + lam), nu),
        Average(b * s / (s + lam) ** 2, nu),
        c * Average(s**2 / (s + lam) ** 2, nu),
    )
    bound = rho**2 * (1 - tau) / (q + tau)
    claim.identity(sp.Eq((M / sigma) ** 2, bound), regime="ridge")
    cross, first = sp.symbols("EfZ Ef")
    moments = [sp.Eq(first, eta), sp.Eq(cross, -sp.sqrt(v) * theta)]
    square = second - 2 * eta * first + 2 * sp.sqrt(v) * theta * cross + eta**2 + v * theta**2
    claim.identity(sp.Eq(square, second - eta**2 - v * theta**2), uses=moments)  # D = E(f - eta + sigma theta Z)^2
    system = [
        sp.Eq(excess, second - eta**2 - v * theta**2),
        sp.Eq(m, eta * rho / theta),
        sp.Eq(v * theta**2, eta**2 * q + second * tau),
    ]
    claim.identity(
        sp.Eq(m**2 / v, bound * (1 - excess * tau / (eta**2 * (q + tau) + excess * tau)), evaluate=False),
        uses=system,
        wrong=[bound, bound * (1 - excess * tau), bound * (1 + excess * tau / (eta**2 * (q + tau) + excess * tau))],
    )


# -- handwritten digits -----------------------------------------------------------------------------------------------


def least_squares(ridge: float) -> Any:
    """The classifier as a function of the rows y_i x_i."""
    return lambda rows: np.linalg.solve(rows.T @ rows / len(rows) + ridge * np.eye(rows.shape[1]), rows.mean(axis=0))


@theorem.consequence("on handwritten digits, 3 against 8, the theory that knows only two moments predicts the margins")
def digits(claim) -> None:
    def compare(noise: int, names: dict[str, float], c: Any = None, relative: bool = True) -> bool:
        data = load(3, 8, noise)
        seen = observe(data, 98, least_squares(1.0))
        point = theorem.point(**(data.point(98) | ({"c": c} if c else {})), gamma=1)
        values = theorem.values(point)
        gaps = {k: abs(seen[k][0] - float(values[k])) / (float(values[k]) if relative else 1) for k in names}
        return all(gaps[k] < names[k] for k in names)

    margins = {"M": 0.03, "sigma": 0.08}
    claim.holds(
        "mean margin within 3 %, deviation within 8 % (49 dimensions, 98 images)", lambda: compare(0, margins),
        wrong={"without the dimension (c = 1/1000)": lambda: compare(0, margins, "1/1000")},
    )  # fmt: skip
    errors = {"test_err": 0.015, "train_err": 0.01}
    claim.holds(
        "with white noise, errors within 1.5 points", lambda: compare(4, errors, relative=False),
        wrong={
            "without noise, where margins are not normal": lambda: compare(0, {"test_err": 0.01}, relative=False),
            "without the dimension": lambda: compare(4, errors, "1/1000", relative=False),
        },
    )  # fmt: skip


@theorem.figure
def figure(page: Any) -> Any:
    """Margins and errors on the digits against the ridge: theory from mean and covariance, points from the images."""
    from rmtsym.report import style

    ridges = np.geomspace(0.03, 30, 25)
    with style.using():
        fig, axes = style.figure(9.6, 3.4, ncols=3)
        for index, noise in enumerate((0, 4)):
            data = load(3, 8, noise)
            theory = [theorem.values(theorem.point(**data.point(98), gamma=float(g))) for g in ridges]
            seen = [observe(data, 98, least_squares(g)) for g in ridges[::4]]
            for panel, name in zip(axes, ("M", "sigma", "test_err"), strict=True):
                panel.plot(ridges, [float(v[name]) for v in theory], color=style.COLOURS[index])
                label = f"noise {noise}" if noise else "images"
                means, errors = np.array([v[name] for v in seen]).T
                style.points(panel, ridges[::4], means, errors, label=label, index=index)
                panel.set(xscale="log", xlabel=r"ridge $\gamma$", title=theorem.quantity(name).meaning)
        for panel in axes:
            panel.set_ylim(bottom=0)
        axes[2].legend(title="lines: theory\npoints: digits 3 and 8", title_fontsize=9)
    return fig


# -- known wrong versions ---------------------------------------------------------------------------------------------

_rho, _q = Average(b / (s + lam), nu), Average(b * s / (s + lam) ** 2, nu)
_tau = c * Average(s**2 / (s + lam) ** 2, nu)
_ridge, _null = dict(regime="ridge"), dict(regime="no ridge, p > n")


def _deviation(tau: Any, q: Any = _q) -> dict[str, Any]:
    return {"sigma": sp.sqrt((1 - M) ** 2 * (q + tau) / (1 - tau))}


theorem.mutant("tau divided by p, not by n", outputs=_deviation(_tau / c), **_ridge)
theorem.mutant("no self-consistency: lambda = gamma", equations={lam: sp.Eq(lam, gamma)}, **_ridge)
theorem.mutant("M = rho", outputs={"M": _rho}, **_ridge)
theorem.mutant("training error taken for the test error", outputs={"train_err": tail(M / sigma)}, **_ridge)
theorem.mutant("penalty without the factor 1/2", parameters={"gamma": lambda gamma: 2 * gamma}, **_ridge)
theorem.mutant("n and p interchanged", parameters={"c": lambda c: 1 / c}, **_ridge)
theorem.mutant(
    "rho for rho + c under the root",
    outputs={"test_err": tail(sp.sqrt(Average(b / s, nu) * (1 - c)))},
    regime="no ridge, p < n",
)
theorem.mutant(
    "the error of few dimensions", outputs={"test_err": tail(sp.sqrt(Average(b / s, nu)))}, regime="no ridge, p < n"
)
theorem.mutant("no 1/c where p > n", outputs={"sigma": sp.sqrt((1 - M) ** 2 * (_q + _tau) / (1 - _tau) / c)}, **_null)
