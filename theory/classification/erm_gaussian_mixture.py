r"""Classification by empirical risk minimisation with any convex loss, on a mixture of two Gaussians.

.. math::  \hat\beta=\arg\min_\beta\tfrac1n\sum_iL(y_ix_i^\top\beta)+\tfrac\gamma2|\beta|^2,\qquad
           y_ix_i^\top\hat\beta\approx\mathrm{prox}_\delta(M+\sigma Z),\quad \text{error}=Q(M/\sigma).

The loss is a parameter of the point, not of the statement: one system for all losses, with kinks or without.
Sources: Mai and Liao (2019), arXiv:1905.13742; Couillet and Liao (2022).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import minimize_scalar, root
from scipy.special import ndtr

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.bound import Bound
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.law import LebesgueLaw
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.risk import Loss, LossMean, MarginLoss, Score, ScoreMean, margin_loss, minimise, prox, separable
from rmtsym.risk.margin import coercive
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.controls import covariance_moment
from rmtsym.simulate.ensembles import block_counts, block_signal, entries, entry_moment, population
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Evidence, Numbers, Parameter, Quantity, Theorem, Weights
from theory.classification.digits import load, observe

theorem = Theorem(
    id="erm-gaussian-mixture",
    title="Classification with a convex loss",
    family="classification",
    references=(
        "X. Mai, Z. Liao (2019), High dimensional classification via regularized and unregularized empirical risk "
        "minimization: precise error and optimal loss, arXiv:1905.13742",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, ch. 6",
    ),
    assumptions=(
        r"$y_i=\pm1$, $x_i=y_i\mu+C^{1/2}z_i$, the entries of $z_i$ independent, symmetric, of unit variance, $i\le n$",
        r"$L$ is convex and falls at zero; $\hat\beta$ minimises "
        r"$\frac1n\sum_iL(y_ix_i^\top\beta)+\frac\gamma2|\beta|^2$; no intercept",
        r"$p/n\to c$; $|\mu|^2$ stays bounded; the law of the eigenvalues of $C$, which stay away from zero, and the "
        r"distribution of $|\mu|^2$ over them converge",
        "without ridge, the minimiser exists: the classes are not separable, or the loss grows in both directions and "
        "$c<1$",
    ),
    parameters=(
        Parameter("loss", "loss of the margin", MarginLoss(), "L"),
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
        Quantity("delta", "step of the proximal operator", r"\delta", observable=False),
        Quantity("theta", "mean curvature", r"\theta", observable=False),
        Quantity("eta", "mean score", r"\eta"),
        Quantity("ef2", "mean square of the score", r"E f^2"),
    ),
    points={
        "A": dict(loss="logistic", s="1,3,5", w="1/4,1/4,1/2", mass="1/4,1/4,1/2", c="1/4", gamma="1/10"),
        "N": dict(loss="logistic", s="1/2,2", w="1/2,1/2", mass="1,1", c="1/2", gamma="1/100"),
        "E": dict(loss="exponential", s="1", w="1", mass="1", c="1/10", gamma="0"),
        "S": dict(loss="square", s="1", w="1", mass="2", c="1/2", gamma="0"),
        "H": dict(loss="huber(1/2)", s="1,4", w="1/2,1/2", mass="1,1", c="1/2", gamma="1/5"),
    },
    uses=("ridge-classifier-closed-form",),
)

# -- statement --------------------------------------------------------------------------------------------------------

s, b, c, gamma = sp.symbols("s b c gamma", positive=True)
M, sigma, delta, eta, ef2 = sp.symbols("M sigma delta eta ef2", positive=True)
theta, slope = sp.symbols("theta slope", real=True)  # slope of the loss at zero
nu = SpectralMeasure("nu", s, b)
R = 1 / (theta * s + gamma)
score = Score(Bound("loss"), delta, M, sigma)
mean_is = sp.Eq(M, eta * Average(b * R, nu))
spread_is = sp.Eq(sigma**2, eta**2 * Average(b * s * R**2, nu) + ef2 * c * Average(s**2 * R**2, nu))
step_is = sp.Eq(delta, c * Average(s * R, nu))


def tail(x: Any) -> Any:
    """Probability that a standard normal variable exceeds x."""
    return sp.erfc(x / sp.sqrt(2)) / 2


@theorem.statement
def statement() -> FixedPointSystem:
    """Three numbers describe the minimiser, three means of the score close the system."""
    far = {M: Average(b, nu), sigma: sp.sqrt(Average(b * s, nu) + c * Average(s**2, nu))}
    guess = {u: -slope * size / gamma for u, size in far.items()}  # the average of the samples
    guess |= {delta: c * Average(s, nu) / gamma, eta: -slope, theta: sp.Rational(1, 10), ef2: slope**2}
    means = (
        sp.Eq(eta, ScoreMean(score, 1)),
        sp.Eq(theta, -ScoreMean(score, 1, 1) / sigma),
        sp.Eq(ef2, ScoreMean(score, 2)),
    )
    unknowns = [Unknown(u, "real" if u == theta else "positive") for u in (M, sigma, delta, eta, theta, ef2)]
    outputs = {
        **{str(u): u for u in (M, sigma, delta, eta, theta, ef2)},
        "test_err": tail(M / sigma),
        "train_err": tail((M - delta * slope) / sigma),
        "train_loss": LossMean(score),
    }
    start = 1000 + 10 * gamma
    equations = (mean_is, spread_is, step_is, *means)
    return FixedPointSystem(tuple(unknowns), equations, outputs, continuation=Continuation(gamma, start, guess))


def threshold(rho: float) -> float:
    """Ratio p/n above which two Gaussian classes at distance 2 sqrt(rho) are separable by a plane through zero."""

    def excess(u: float) -> float:
        a = u * math.sqrt(rho)
        return ((1 + a * a) * ndtr(-a) - a * math.exp(-a * a / 2) / math.sqrt(2 * math.pi)) / (1 - u * u)

    return float(minimize_scalar(excess, bounds=(0, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}).fun)


@theorem.binding
def binding(loss, s, w, mass, c, gamma):
    """Joint law of the eigenvalue and of the density of the squared mean; the loss and its slope at zero."""
    if not any(mass):
        raise DomainError(
            "mass", ",".join(map(str, mass)), "a mean that is not zero", "two equal classes teach nothing"
        )
    found = margin_loss(loss)
    if not gamma:
        rho = sum(m / x for m, x in zip(mass, s, strict=True))
        most = 1.0 if coercive(found) else threshold(float(rho))
        if not float(c) < most:
            why = "the classes are separable" if most < 1 else "samples are interpolated"
            raise DomainError("c", c, f"c < {most:.6f} without ridge: beyond, {why}", "take gamma > 0")
    bound = [m / x if x else Fraction(0) for m, x in zip(mass, w, strict=True)]
    at_zero = sp.limit(found.expression(1), Loss.variable, 0, "-") if found.breakpoints else found.expression(1)
    return {"nu": Atoms(w, s=s, b=bound), "loss": found, "slope": at_zero.subs(Loss.variable, 0)}


# -- derivation -------------------------------------------------------------------------------------------------------

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
_PLACES = (("logistic", "2", "1/2", "3/2"), ("pseudo_huber", "1", "1", "1/2"))


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
    return Evidence.of(True, f"rigorous integrals for {len(_PLACES)} losses", resolution=worst)


def _below(threshold: Any) -> Any:
    """Check of the probability that M + sigma Z lies below a threshold."""

    def check(claim: sp.Eq) -> Evidence:
        from flint import acb, arb

        with BALL(80):
            for numbers in ({"M": 1, "sigma": 2, "delta": 3, "slope": Fraction(-1, 2)},
                            {"M": 2, "sigma": 1, "delta": 1, "slope": Fraction(1, 4)}):  # fmt: skip
                mean, spread, edge = map(acb, evaluate([M, sigma, sp.sympify(threshold)], numbers, BALL(80)))
                density = lambda t, _: (-t * t / 2).exp() / (2 * arb.pi()).sqrt()  # noqa: E731
                mass = acb.integral(density, acb(-20), (edge - mean) / spread).real + arb(0, 1e-40)
                if not mass.overlaps(evaluate(claim.rhs, numbers, BALL(80))):
                    return Evidence.of(False, "rigorous integral", message=f"at {numbers}")
        return Evidence.of(True, "rigorous integral at two places", resolution=1e-20)

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


# -- experiment -------------------------------------------------------------------------------------------------------

PAIRS = 8  # data sets in a replicate, each with its mirror image: the same noise with the opposite mean


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 96."""
    return (96, 192) if point["c"] == Fraction(1, 4) else (160, 320) if point["c"] < Fraction(1, 4) else (64, 128)


def _moment(power: int, of_mean: bool) -> Any:
    """Mean of tr C^k/p, or of mu'C^k mu, at a point."""

    def mean(point: Any, size: int, law: str) -> float:
        weights = point["mass"] if of_mean else point["w"]
        return float(sum(weight * x**power for weight, x in zip(weights, point["s"], strict=True)))

    return mean


def _walks(order: int, each: bool = False) -> Any:
    """Mean of tr S^order/p, S = Z'Z/n; or of tr S^order/n, that of the form of the average row in S^(order-1)."""

    def mean(point: Any, size: int, law: str) -> float:
        dimension = int(point["c"] * size)
        total = covariance_moment(order, population(point["w"], point["s"], dimension), size, law)
        return total / (size if each else dimension)

    return mean


def _turned(point: Any, size: int, law: str) -> float:
    """Mean of |S mu|^2."""
    excess, trace = entry_moment(law, 4) - 3, float(point["c"]) * _moment(1, False)(point, size, law)
    return _moment(2, True)(point, size, law) * (1 + (1 + excess) / size) + _moment(1, True)(point, size, law) * trace


#: Forms of noise and mean whose means are known at every size; random signs of the rows give those of their average.
WHITE = (
    *(Control(f"trace_{k}", _walks(k)) for k in (1, 2, 3)),
    *(Control(f"average_{k}", _walks(k, True)) for k in (1, 2, 3)),
    Control("turn", _moment(1, True)),
    Control("turned", _turned),
)
CONTROLS = (
    *WHITE,
    Control("load", _moment(2, False)),
    Control("average_C", lambda point, size, law: float(point["c"]) * _moment(2, False)(point, size, law)),
    Control("turn_C", _moment(2, True)),
)


def reduced(controls: Any = CONTROLS, **resolutions: float) -> tuple[Statistic, ...]:
    """Statistics with these controls and resolutions."""
    kinds = {"train_err": "probability"}
    return tuple(
        Statistic(name, kind=kinds.get(name, "trace"), controls=controls, resolution=sharp)
        for name, sharp in resolutions.items()
    )


@theorem.experiment(points=("A",), sizes=sizes, statistics=reduced(
    M=0.01, sigma=0.01, test_err=0.0075, train_err=0.03, train_loss=0.0075, eta=0.0075, ef2=0.01))  # fmt: skip
@theorem.experiment(points=("A",), sizes=sizes, laws=("rad",), statistics=reduced(
    M=0.02, sigma=0.02, test_err=0.015, train_err=0.06, train_loss=0.015, eta=0.015, ef2=0.02))  # fmt: skip
@theorem.experiment(points=("N",), sizes=sizes, statistics=reduced(
    M=0.01, sigma=0.0125, test_err=0.03, train_loss=0.04, eta=0.035, ef2=0.15))  # fmt: skip
@theorem.experiment(points=("E",), sizes=sizes, statistics=reduced(
    WHITE, M=0.03, sigma=0.04, test_err=0.01, train_err=0.03, train_loss=0.015, eta=0.015, ef2=0.025))  # fmt: skip
@theorem.experiment(points=("S",), sizes=sizes, statistics=reduced(
    WHITE, M=0.015, sigma=0.02, test_err=0.02, train_err=0.25, train_loss=0.025, eta=0.025, ef2=0.025))  # fmt: skip
@theorem.experiment(points=("H",), sizes=sizes, statistics=reduced(
    M=0.02, sigma=0.02, test_err=0.02, train_err=0.1, train_loss=0.025, eta=0.015, ef2=0.025))  # fmt: skip
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Margins, errors and scores of minimisers; noise with either sign of the mean, averaged.

    Without ridge a separable draw has no minimiser (at E a rare event) and is drawn again.
    """
    dimension = int(point["c"] * size)
    spectrum, counts = population(point["w"], point["s"], dimension), block_counts(point["w"], dimension)
    means = np.array([block_signal(rng, counts, [float(m) for m in point["mass"]]) for _ in range(PAIRS)])
    for last in (False, False, True):
        noise = entries(rng, (PAIRS, size, dimension), law) * np.sqrt(spectrum)
        rows = np.concatenate([means[:, None] + noise, means[:, None] - noise])
        try:
            found = observed(rows, np.tile(means, (2, 1)), spectrum, point)
            break
        except NoConvergence:
            if last or point["gamma"] > 0 or not any(map(separable, rows)):
                raise
    gram = np.swapaxes(noise, 1, 2) @ noise / size
    centre, turned = noise.mean(axis=1), (gram @ means[..., None])[..., 0]
    diagonal, pulled = np.einsum("bii->bi", gram), (gram @ centre[..., None])[..., 0]
    known = {
        "trace_1": diagonal.sum(axis=1) / dimension,
        "trace_2": np.sum(gram**2, axis=(1, 2)) / dimension,
        "trace_3": np.sum((gram @ gram) * gram, axis=(1, 2)) / dimension,
        "load": diagonal @ spectrum / dimension,
        "average_1": np.sum(centre**2, axis=1),
        "average_2": np.sum(centre * pulled, axis=1),
        "average_3": np.sum(pulled**2, axis=1),
        "average_C": centre**2 @ spectrum,
        "turn": np.sum(means * turned, axis=1),
        "turn_C": (means * turned) @ spectrum,
        "turned": np.sum(turned**2, axis=1),
    }
    return found | {name: float(value.mean()) for name, value in known.items()}


def observed(rows: np.ndarray, means: np.ndarray, spectrum: np.ndarray, point: Any) -> dict[str, float]:
    """What the theorem predicts, averaged over data sets."""
    loss = margin_loss(point["loss"])
    beta = minimise(rows, loss, float(point["gamma"]))
    mean, spread = np.sum(means * beta, axis=1), np.sqrt(beta**2 @ spectrum)
    margins = (rows @ beta[..., None])[..., 0]
    scores = -loss.slope(margins)
    found = {"M": mean, "sigma": spread, "test_err": ndtr(-mean / spread), "train_err": margins < 0,
             "train_loss": loss.value(margins), "eta": scores, "ef2": scores**2}  # fmt: skip
    return {name: float(np.mean(value)) for name, value in found.items()}


# -- consequences -----------------------------------------------------------------------------------------------------


def _number(formula: Any, **values: Any) -> Any:
    return evaluate(sp.sympify(formula), values, BALL(96))


def bound(point: Any, lam: Any) -> Any:
    """Largest M/sigma at an effective ridge: that of the square loss."""
    values = {"lam": lam, "nu": theorem.bound(point)["nu"], "c": point["c"]}
    at = sp.Symbol("lam", positive=True)
    rho, q_ = Average(b / (s + at), nu), Average(b * s / (s + at) ** 2, nu)
    tau = c * Average(s**2 / (s + at) ** 2, nu)
    return _number(rho * sp.sqrt((1 - tau) / (q_ + tau)), **values)


@theorem.consequence("the square loss: the closed form of least squares")
def square_loss(claim: Any) -> None:
    from rmtsym.theorem import predict
    from theory.classification.ridge_classifier_closed_form import theorem as ridge

    points = [theorem.point("S"), theorem.point("A", loss="square"), theorem.point("N", loss="square", c="2")]
    enclosed = cache(lambda of, key: predict(of, dict(key), 15))

    def here(point: Any, name: str) -> Any:
        return enclosed(theorem, tuple(point.items()))[name]

    def closed(point: Any, name: str) -> Any:
        return enclosed(ridge, tuple((k, v) for k, v in point.items() if k != "loss"))[name]

    for name in ("M", "sigma", "test_err", "train_err", "train_loss"):
        claim.equal(lambda q, k=name: here(q, k), lambda q, k=name: closed(q, k), points, f"{name} agrees")


@theorem.consequence("$\\delta\\theta=c-\\frac\\gamma n\\operatorname{tr}R$: without ridge $\\delta\\theta=c$, "
                     "and the proximal operator has mean slope $1-c$")  # fmt: skip
def without_ridge(claim: Any) -> None:
    claim.identity(sp.Eq(delta * theta, c * (1 - gamma * Average(R, nu)), evaluate=False))
    mean_slope = 1 + delta * ScoreMean(score, 1, 1) / sigma  # x = r + delta f
    claim.identity(sp.Eq(mean_slope, 1 - c * (1 - gamma * Average(R, nu)), evaluate=False))


@theorem.consequence("the exponential loss: its mean is the mean score")
def exponential(claim: Any) -> None:
    points = [theorem.point("E"), theorem.point("A", loss="exponential")]
    claim.equal(lambda q: claim.value("eta", q, 12), lambda q: claim.value("train_loss", q, 12), points, "-L' = L")


@theorem.consequence("a large ridge averages the samples, whatever the loss: "
                     "$M/\\sigma\\to|\\mu|^2/\\sqrt{\\mu^\\top C\\mu+\\operatorname{tr}C^2/n}$")  # fmt: skip
def averaging(claim: Any) -> None:
    limit = float(_number(tail(1 / sp.sqrt(sp.Rational(7, 2) + sp.Rational(15, 4)))))
    claim.limit(
        "test_err", lambda eps: {"gamma": 1 / eps}, limit, point=theorem.point("A", loss="exponential"),
        steps=(Fraction(1, 10), Fraction(1, 10**4)), text="exponential loss",
    )  # fmt: skip
    losses = ("logistic", "square", "huber(1/2)", "absolute", "hinge")

    def same(ridge: str) -> bool:
        found = [float(theorem.values(theorem.point("A", loss=k, gamma=ridge))["test_err"]) for k in losses]
        return max(found) - min(found) < 1e-5 and abs(found[0] - limit) < 1e-5

    claim.holds("all others", lambda: same("1e5"), wrong={"at the ridge 10": lambda: same("10")})


@theorem.consequence("many samples and no ridge: the Bayes error, for every loss")
def bayes(claim: Any) -> None:
    limit = float(_number(tail(sp.sqrt(2))))
    for loss in ("exponential", "huber(1/2)"):
        claim.limit(
            "test_err", lambda eps: {"c": eps}, limit, point=theorem.point("S", loss=loss),
            steps=(Fraction(1, 20), Fraction(1, 10**4)), text=f"{loss} loss",
        )  # fmt: skip


@theorem.consequence("no loss separates better than the square loss at the ridge $\\gamma/\\theta$; "
                     "at the same nominal ridge it can be worse")  # fmt: skip
def optimality(claim: Any) -> None:
    def ratio(point: Any) -> float:
        values = theorem.values(point)
        lam = Fraction(float(point["gamma"]) / float(values["theta"]))
        return float(values["M"] / values["sigma"]) / float(bound(point, lam))

    def between(low: float, high: float, **place: str) -> bool:
        return low < ratio(theorem.point("N", **place)) < high

    for loss in ("logistic", "exponential", "huber(1/2)", "absolute", "hinge"):
        claim.holds(
            f"{loss}: strictly below", lambda k=loss: between(0.5, 1 - 1e-4, loss=k, gamma="1/10"),
            wrong={"for the square loss": lambda: between(0.5, 1 - 1e-4, loss="square", gamma="1/10")},
        )  # fmt: skip
    claim.holds("the square loss reaches it", lambda: between(1 - 1e-12, 1 + 1e-12, loss="square"),
                wrong={"the logistic loss does": lambda: between(1 - 1e-12, 1 + 1e-12)})  # fmt: skip
    same = [theorem.point("N", loss=loss, s="1,1", gamma="1/10") for loss in ("logistic", "square")]

    def better(first: Any, second: Any) -> bool:
        return bool(claim.value("test_err", first, 10).ball < claim.value("test_err", second, 10).ball)

    claim.holds("at gamma = 1/10, c = 1/2 the logistic loss has the smaller error", lambda: better(*same),
                wrong={"the square loss has": lambda: better(*same[::-1])})  # fmt: skip


@theorem.consequence("without ridge the logistic and the exponential loss have a minimiser "
                     "if and only if the classes are not separable")  # fmt: skip
def separability(claim: Any) -> None:
    def finite(c: str, loss: str) -> bool:
        try:
            values = theorem.values(theorem.point("E", c=c, loss=loss))
        except DomainError:
            return False
        return math.isfinite(float(values["M"]))

    for loss, below in (("logistic", "0.26"), ("exponential", "0.269")):
        claim.holds(
            f"{loss}: c = {below} is below the threshold {threshold(1.0):.6f}", lambda k=loss, c=below: finite(c, k),
            wrong={"c = 0.271 is not": lambda k=loss: finite("0.271", k)},
        )  # fmt: skip

    def scale(c: str) -> float:
        return float(theorem.values(theorem.point("E", c=c))["sigma"])

    claim.holds("the exponential minimiser grows without bound towards it", lambda: scale("0.27") > 30 * scale("0.1"),
                wrong={"away from it": lambda: scale("0.2") > 30 * scale("0.1")})  # fmt: skip


@theorem.consequence("the absolute loss is the limit of smooth ones, $\\sqrt{(1-t)^2+k^2}$")
def absolute(claim: Any) -> None:
    point = theorem.point("S", loss="absolute", gamma="1/5")
    limit = theorem.values(point)

    def close(k: str) -> bool:
        values = theorem.values({**point, "loss": f"sqrt((1-t)^2 + {k}^2)"})
        return all(abs(float(values[q] - limit[q])) < 0.005 for q in ("M", "sigma", "test_err"))

    claim.holds("margins and error at k = 0.01", lambda: close("0.01"), wrong={"at k = 0.1": lambda: close("0.1")})


# -- handwritten digits -----------------------------------------------------------------------------------------------


def logistic(ridge: float) -> Any:
    """The classifier as a function of the rows y_i x_i."""
    return lambda rows: minimise(rows, margin_loss("logistic"), ridge)


@theorem.consequence("on handwritten digits, 3 against 8, the logistic margins are those of two moments")
def digits(claim: Any) -> None:
    def compare(noise: int, names: dict[str, float], relative: bool = True, **changes: Any) -> bool:
        data = load(3, 8, noise)
        seen = observe(data, 98, logistic(0.1), splits=30)
        values = theorem.values(theorem.point(**(data.point(98) | changes), loss="logistic", gamma="1/10"))
        gaps = {k: abs(seen[k][0] - float(values[k])) / (float(values[k]) if relative else 1) for k in names}
        return all(gaps[k] < names[k] for k in names)

    margins, errors = {"M": 0.03, "sigma": 0.08}, {"test_err": 0.015, "train_err": 0.015}
    claim.holds(
        "with white noise, mean margin within 3 %, deviation within 8 % (49 dimensions, 98 images)",
        lambda: compare(4, margins), wrong={"without the dimension": lambda: compare(4, margins, c="1/1000")},
    )  # fmt: skip
    claim.holds(
        "errors within 1.5 points", lambda: compare(4, errors, relative=False),
        wrong={"without the dimension": lambda: compare(4, errors, relative=False, c="1/1000")},
    )  # fmt: skip


@theorem.figure
def figure(page: Any) -> Any:
    """Errors of several losses against the ridge, with minimisers of 128 samples; errors on digits."""
    from rmtsym.report import style

    ridges, size, groups = np.geomspace(0.02, 20, 13), 128, 10
    rng, names = np.random.default_rng(0), ("test_err", "train_err")
    means, spectrum = np.full((4, size // 2), math.sqrt(4 / size)), np.ones(size // 2)
    samples = [means[:, None] + rng.standard_normal((4, size, size // 2)) for _ in range(groups)]
    with style.using():
        fig, axes = style.figure(9.6, 3.4, ncols=3)

        def draw(panel: Any, theory: list[Any], found: np.ndarray, label: str, index: int) -> None:
            panel.plot(ridges, [float(v) for v in theory], color=style.COLOURS[index])
            style.points(panel, ridges[::4], found[0], found[1], label=label, index=index)

        for index, loss in enumerate(("logistic", "exponential", "huber(1/2)")):
            points = [theorem.point("S", loss=loss, gamma=float(g)) for g in ridges]
            theory = [theorem.values(q) for q in points]
            seen = [[observed(rows, means, spectrum, q) for rows in samples] for q in points[::4]]
            for panel, name in zip(axes, names, strict=False):
                table = np.array([[v[name] for v in row] for row in seen])
                found = np.array([table.mean(axis=1), table.std(axis=1, ddof=1) / math.sqrt(groups)])
                draw(panel, [v[name] for v in theory], found, loss, index)
        data = load(3, 8, 4)
        theory = [theorem.values(theorem.point(**data.point(98), loss="logistic", gamma=float(g))) for g in ridges]
        measured = [observe(data, 98, logistic(g), splits=20) for g in ridges[::4]]
        for index, name in enumerate(names):
            found = np.array([v[name] for v in measured]).T
            draw(axes[2], [v[name] for v in theory], found, ("test", "training")[index], index)
        for panel, title in zip(axes, ("test error", "training error", "digits 3 and 8, logistic"), strict=True):
            panel.set(xscale="log", xlabel=r"ridge $\gamma$", title=title)
            panel.set_ylim(bottom=0)
        axes[0].legend()
        axes[2].legend()
    return fig


# -- known wrong versions ---------------------------------------------------------------------------------------------


def _means_of(other: Score) -> dict[Any, sp.Eq]:
    return {eta: sp.Eq(eta, ScoreMean(other, 1)), theta: sp.Eq(theta, -ScoreMean(other, 1, 1) / sigma),
            ef2: sp.Eq(ef2, ScoreMean(other, 2))}  # fmt: skip


def _undamped(loss, s, w, mass, c, gamma, M, sigma, delta) -> dict[str, float]:
    """The system with theta = E L''(x), solved by itself from the right root."""
    found, spectrum, share, mean = margin_loss(loss), *(np.array(v, dtype=float) for v in (s, w, mass))
    z = np.linspace(-9, 9, 2001)
    normal = np.exp(-z * z / 2) / np.sum(np.exp(-z * z / 2))

    def gap(logs: np.ndarray) -> list[float]:
        m, spread, step = np.exp(logs)
        x = prox(found, step, m + spread * z)
        f = -found.slope(x)
        inverse = 1 / (normal @ found.second(x) * spectrum + float(gamma))
        pull = normal @ f
        forms = pull**2 * (mean * spectrum) @ inverse**2 + normal @ f**2 * float(c) * share @ (spectrum * inverse) ** 2
        new = pull * mean @ inverse, math.sqrt(forms), float(c) * share @ (spectrum * inverse)
        return list(np.log(np.maximum(new, 1e-300)) - logs)

    m, spread, step = np.exp(root(gap, np.log([float(M), float(sigma), float(delta)])).x)
    at_zero = float(found.slope(-1e-12))
    errors = {"test_err": ndtr(-m / spread), "train_err": ndtr((step * at_zero - m) / spread)}
    return {name: float(v) for name, v in {"M": m, "sigma": spread, "delta": step, **errors}.items()}


theorem.mutant("curvature not damped: theta = E L''", values=_undamped)
_plain = Score(Bound("loss"), sp.Rational(1, 10**9), M, sigma)
theorem.mutant("slopes at r, not at the proximal point", equations=_means_of(_plain))
theorem.mutant("squared mean for the mean square", equations={ef2: sp.Eq(ef2, ScoreMean(score, 1) ** 2)})
theorem.mutant("no part of the mean in the variance",
               equations={sigma: sp.Eq(sigma**2, ef2 * c * Average(s**2 * R**2, nu))})  # fmt: skip
theorem.mutant("penalty without the factor 1/2", parameters={"gamma": lambda gamma: 2 * gamma})
theorem.mutant("trace without the covariance", equations={delta: sp.Eq(delta, c * Average(R, nu))})
theorem.mutant("training error taken for the test error", outputs={"train_err": tail(M / sigma)})
theorem.mutant("training loss taken at new samples", outputs={"train_loss": LossMean(_plain)})
theorem.mutant("no leave-one-out: the step of p = 0", equations={delta: sp.Eq(delta, c * Average(s * R, nu) / 10**6)})
