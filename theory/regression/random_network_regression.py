r"""One random layer: :math:`\delta=\mathrm{tr}\,\Phi(\kappa\Phi+\gamma)^{-1}/T,\ \kappa=\frac{n}{T(1+\delta)}`.

Ridge regression on the features sigma(WX) of fixed data; only the weights W are random.  The kernel Phi is the second
moment of the features, in closed form for the activations below.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field.average import Average
from rmtsym.fixedpoint import FixedPointSystem, Unknown, solve
from rmtsym.gaussian import AA, AB, BB, activation, kernel, kernel_expression
from rmtsym.gaussian.gram import A2B, A2B2, AB2, Gram
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic, ensembles
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, REAL, Choice, Count, Numbers, Parameter, Quantity, Theorem
from rmtsym.theorem.certified import certified
from rmtsym.theorem.statement import used
from theory.regression import datasets

ACTIVATIONS = ("relu", "abs", "lrelu", "sign", "step", "erf", "cos", "sin", "gauss", "linear", "poly2")

theorem = Theorem(
    id="random-network-regression",
    title="Ridge regression on one random layer",
    family="regression",
    references=(
        "C. Louart, Z. Liao, R. Couillet (2018), A random matrix approach to neural networks, "
        "Annals of Applied Probability 28, arXiv:1702.05419",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, section 5.1",
    ),
    assumptions=(
        r"data $X\in\mathbb R^{p\times T}$, $\hat X\in\mathbb R^{p\times T_h}$ deterministic, $\|X\|=O(1)$",
        r"$W\in\mathbb R^{n\times p}$ with i.i.d. entries, mean 0, variance 1, independent of everything else",
        r"$\sigma$ Lipschitz; $\gamma>0$; $n,p,T$ of the same order",
        r"readout $\beta=\frac1T SQy$, $S=\sigma(WX)$, $Q=(\frac1TS^{\sf T}S+\gamma)^{-1}$",
    ),
    parameters=(
        Parameter("sigma", "activation", Choice("activation", *ACTIVATIONS), r"\sigma", default="relu"),
        Parameter("coef", "coefficients: c2,c1,c0 of poly2, slopes a,b of lrelu", Numbers(REAL), default="0,1"),
        Parameter("W", "law of the weights", Choice("law of the weights", "gauss", "rademacher"), default="gauss"),
        Parameter("data", "data set", Choice("data set", *datasets.NAMES), default="gauss"),
        Parameter("p", "dimension of the data", Count(1)),
        Parameter("T", "training samples", Count(2)),
        Parameter("Th", "test samples", Count(2), "T_h"),
        Parameter("n", "neurons", Count(1)),
        Parameter("gamma", "ridge", POSITIVE, r"\gamma"),
        Parameter("snr", "size of the class means", NON_NEGATIVE, default="2"),
        Parameter("seed", "seed of the data", Count(0), default="0"),
    ),
    quantities=(
        Quantity("trQ", "normalised trace of the resolvent", r"\frac{1}{T}\mathrm{tr}\,Q"),
        Quantity("yQy", "quadratic form of the resolvent in the labels", r"\frac{1}{T}y^{\sf T}Qy"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("test", "test error", r"E_{\mathrm{test}}"),
        Quantity("train_noise", "training error on white labels", r"\frac{\gamma^2}{T}\mathrm{tr}\,Q^2"),
        Quantity("test_noise", "variance of a prediction on white labels", r"\frac{1}{T_h}\|\hat S^{\sf T}SQ/T\|_F^2"),
    ),
    points={
        "A": {"sigma": "relu", "p": 64, "T": 128, "Th": 64, "n": 96, "gamma": "0.1"},
        "B": {"sigma": "erf", "data": "toeplitz", "p": 64, "T": 128, "Th": 64, "n": 192, "gamma": "0.01"},
        "C2": {
            "sigma": "poly2", "coef": "-0.5,0.5,1", "W": "rademacher",
            "p": 32, "T": 128, "Th": 64, "n": 64, "gamma": "0.1",
        },
        "digits": {"sigma": "relu", "data": "digits", "p": 64, "T": 240, "Th": 96, "n": 120, "gamma": "0.1"},
    },
)  # fmt: skip

# -- statement --------------------------------------------------------------------------------------------------------

T, Th = sp.symbols("T Th", integer=True, positive=True)
n, gamma, delta, kappa = sp.symbols("n gamma delta kappa", positive=True)
Phi, C, H = MatrixSymbol("Phi", T, T), MatrixSymbol("C", T, Th), MatrixSymbol("H", Th, Th)
y, yh = MatrixSymbol("y", T, 1), MatrixSymbol("yh", Th, 1)
one, one_h = Identity(T), Identity(Th)

Qbar = Inverse(kappa * Phi + gamma * one)


def form(matrix: Any, left: Any = y, right: Any = y) -> sp.Expr:
    """left' matrix right, as a trace."""
    return Trace(matrix * right * left.T)


@theorem.statement
def statement() -> FixedPointSystem:
    Psi, Psi_c, Psi_h = kappa * Phi, kappa * C, kappa * H
    few = Trace(Psi * Qbar * Qbar) / n / (1 - Trace(Psi * Qbar * Psi * Qbar) / n)
    seen = Trace(Psi_h) - Trace((one + gamma * Qbar) * Psi_c * Psi_c.T * Qbar)
    few_h = seen / n / (1 - Trace(Psi * Qbar * Psi * Qbar) / n)
    white = Trace(Qbar * Psi * Qbar)
    return FixedPointSystem(
        unknowns=(Unknown(delta, meaning="tr(Phi Qbar)/T"), Unknown(kappa, meaning="n/(T (1 + delta))")),
        equations=(Eq(delta, Trace(Phi * Qbar) / T), Eq(kappa, n / (T * (1 + delta)))),
        outputs={
            "trQ": Trace(Qbar) / T,
            "yQy": form(Qbar) / T,
            "train": gamma**2 / T * (form(Qbar * Qbar) + few * form(Qbar * Psi * Qbar)),
            "test": (
                form(one_h, yh, yh)
                - 2 * form(Qbar * Psi_c, y, yh)
                + form(Qbar * Psi_c * Psi_c.T * Qbar)
                + few_h * form(Qbar * Psi * Qbar)
            )
            / Th,
            "train_noise": gamma**2 / T * (Trace(Qbar * Qbar) + few * white),
            "test_noise": (Trace(Qbar * Psi_c * Psi_c.T * Qbar) + few_h * white) / Th,
        },
    )


# -- data and kernel --------------------------------------------------------------------------------------------------


def kernel_of(sigma: str, coef: tuple[Fraction, ...], law: str) -> sp.Expr:
    """Kernel E sigma(w.a) sigma(w.b) as an expression in inner products."""
    needed = {"lrelu": 2, "poly2": 3}.get(sigma, len(coef))
    if len(coef) != needed:
        raise DomainError(
            "coef", ",".join(map(str, coef)), f"{needed} numbers for sigma={sigma}", "separate with commas"
        )
    if sigma == "lrelu":
        return kernel_expression(activation("lrelu", *coef))
    if sigma != "poly2":
        return kernel_expression(sigma)
    c2, c1, c0 = coef
    gaussian = kernel_expression(activation("quad", c2, c1, c0))
    m3, m4 = {"gauss": (0, 3), "rademacher": (0, 1)}[law]
    return gaussian + c2**2 * (m4 - 3) * A2B2 + c1 * c2 * m3 * (A2B + AB2)


def wrong_kernels(expression: sp.Expr, sigma: str, coef: tuple[Fraction, ...]) -> dict[str, sp.Expr]:
    """Kernels as they are mistyped: arccos(u) for arccos(-u); the quadratic row of a public notebook."""
    angle = expression.replace(lambda e: isinstance(e, sp.asin), lambda e: -e)
    if sigma != "poly2":
        return {"angle": angle, "quadratic": expression}
    c2, c1, c0 = coef
    return {"angle": angle, "quadratic": c2**2 * (2 * AB**2 + AA * BB + c1**2 * AB) + c2 * c0 * AA * BB + c0**2}


@lru_cache(maxsize=8)
def _bound(sigma: str, coef: tuple, W: str, data: str, p: int, T: int, Th: int, snr: Fraction, seed: int) -> dict:
    X, Xh, labels, labels_h = datasets.load(data, p, T, Th, snr, seed)
    expression = kernel_of(sigma, coef, W)
    kernels = {"": expression, **{f"_{k}": e for k, e in wrong_kernels(expression, sigma, coef).items()}}
    found: dict[str, Any] = {"y": labels[:, None], "yh": labels_h[:, None]}
    for suffix, kernel_expr in kernels.items():
        found |= {f"Phi{suffix}": Gram(kernel_expr, X), f"C{suffix}": Gram(kernel_expr, X, Xh)}
        found[f"H{suffix}"] = Gram(kernel_expr, Xh)
    return found


@theorem.binding
def binding(sigma, coef, W, data, p, T, Th, snr, seed) -> dict[str, Any]:
    """Labels and kernel matrices of the data, and the wrong kernels of the mutants."""
    return _bound(sigma, coef, W, data, p, T, Th, snr, seed)


def apply_activation(sigma: str, coef: tuple[Fraction, ...], t: np.ndarray) -> np.ndarray:
    """The activation itself, in floats."""
    if sigma == "poly2":
        return np.polynomial.polynomial.polyval(t, [float(c) for c in coef[::-1]])
    if sigma == "lrelu":
        return activation("lrelu", *coef)(t)
    return activation(sigma)(t)


# -- experiment -------------------------------------------------------------------------------------------------------


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` training samples (the digits keep their dimension)."""
    scale = Fraction(size, point["T"])
    names = ("T", "Th", "n") if point["data"] == "digits" else ("T", "Th", "n", "p")
    return {**point, **{name: int(point[name] * scale) for name in names}}


@lru_cache(maxsize=8)
def _directions(*items: tuple[str, Any]) -> tuple[np.ndarray, dict[str, np.ndarray]]:
    """Kernel of the data, and the derivatives of the observed traces and forms in the Gram matrix, at Qbar."""
    point = dict(items)
    bound, system = theorem.bound(point), statement()
    kernel_matrix = bound["Phi"].floats()
    scale, ridge = float(solve(system, used(system, bound))["kappa"]), float(point["gamma"])
    resolvent = np.linalg.inv(scale * kernel_matrix + ridge * np.eye(len(kernel_matrix)))
    once, twice = resolvent @ bound["y"], resolvent @ resolvent @ bound["y"]
    square = resolvent @ resolvent
    return kernel_matrix, {
        "gram_trQ": square,
        "gram_train_noise": square @ resolvent,
        "gram_yQy": once @ once.T,
        "gram_train": once @ twice.T,
    }


def grams(point: dict[str, Any], K: np.ndarray) -> dict[str, float]:
    """First-order fluctuations of the statistics: <K - E K, A> for fixed matrices A, of mean zero."""
    kernel_matrix, directions = _directions(*sorted(point.items()))
    excess = K - point["n"] / point["T"] * kernel_matrix
    return {name: float(np.sum(excess * A)) / point["T"] for name, A in directions.items()}


CONTROLS = tuple(Control(f"gram_{name}", 0.0) for name in ("trQ", "train_noise", "yQy", "train"))


def observed(
    resolution: float, noise: float, trace: float, drift: float = 0.0, controls: tuple[Control, ...] = CONTROLS
) -> tuple[Statistic, ...]:
    """Statistics with the resolution asked of tr Q and of the traces of white labels.

    The data differ between sizes, and with them the coefficient of the 1/T term: that of a trace drifts by some 15 %,
    which ``trace`` and ``drift`` bound, that of a form in the labels jumps by up to 1.5 (measured on four draws of
    the data).
    """
    allowance: dict[str, Any] = dict(curvature=trace, variation=drift, controls=controls)
    form: dict[str, Any] = dict(kind="form", resolution=0.2, variation=2.0, controls=controls)
    return (
        Statistic("trQ", resolution=resolution, **allowance),
        *(Statistic(name, resolution=noise, **allowance) for name in ("train_noise", "test_noise")),
        *(Statistic(name, **form) for name in ("yQy", "train", "test")),
    )


CLASSES = observed(0.0075, 0.02, trace=60.0)
UNIVERSAL = observed(0.0075, 0.02, trace=60.0, controls=())  # the mean of K is not exact for weights of another law
QUADRATIC = observed(0.0075, 0.03, trace=200.0, drift=0.05)  # not Lipschitz: larger terms beyond 1/T
DIGITS = observed(0.04, 0.06, trace=400.0)  # the dimension stays while T grows
SIZES = (64, 128, 256)


@theorem.experiment(points=("digits",), statistics=DIGITS, sizes=(120, 240), at_size=at_size)
@theorem.experiment(points=("C2",), statistics=QUADRATIC, sizes=SIZES, laws=("rad",), at_size=at_size)
@theorem.experiment(points=("B",), statistics=CLASSES, sizes=SIZES, at_size=at_size)
@theorem.experiment(points=("A",), statistics=UNIVERSAL, sizes=SIZES, laws=("gauss", "rad"), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    point = at_size(point, size)
    names = ("data", "p", "T", "Th", "snr", "seed")
    X, Xh, labels, labels_h = datasets.load(*(point[name] for name in names))
    weights = ensembles.entries(rng, (point["n"], point["p"]), law)
    S, Sh = (apply_activation(point["sigma"], point["coef"], weights @ data) for data in (X, Xh))
    ridge = float(point["gamma"])
    K = S.T @ S / size
    Q = np.linalg.inv(K + ridge * np.eye(size))
    Qy = Q @ labels
    predict = Sh.T @ (S @ Q) / size
    return {
        "trQ": float(np.trace(Q)) / size,
        "yQy": float(labels @ Qy) / size,
        "train": ridge**2 / size * float(Qy @ Qy),
        "test": float(np.mean((labels_h - predict @ labels) ** 2)),
        "train_noise": ridge**2 / size * float(np.sum(Q**2)),
        "test_noise": float(np.sum(predict**2)) / len(labels_h),
        **grams(point, K),
    }


# -- derivation -------------------------------------------------------------------------------------------------------


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


# -- consequences -----------------------------------------------------------------------------------------------------

SMALL = {"p": 32, "T": 64, "Th": 32, "n": 64}


@theorem.consequence("tested on the training data themselves, the test error is the training error")
def same_data(claim: Any) -> None:
    system = statement()
    on_training = {C: Phi, C.T: Phi, H: Phi, yh: y, yh.T: y.T, Th: T}  # a kernel matrix is symmetric
    claim.identity(
        Eq(system.outputs["train"], system.outputs["test"].xreplace(on_training), evaluate=False),
        wrong=[2 * system.outputs["train"], gamma**2 / T * form(Qbar * Qbar), form(Qbar * Qbar) / T],
    )


@theorem.consequence("many neurons: ridge regression with the kernel (n/T) Phi")
def many_neurons(claim: Any) -> None:
    def kernel_limit(neurons: int) -> bool:
        point = theorem.point(**{**SMALL, "n": neurons, "gamma": neurons / 64})
        bound, g = theorem.bound(point), float(point["gamma"])
        residual = np.linalg.solve(neurons / 64 * bound["Phi"].floats() + g * np.eye(64), bound["y"])
        return abs(float(theorem.values(point)["train"]) / (g**2 / 64 * float((residual**2).sum())) - 1) < 1e-3

    claim.holds(
        "training error at n/T = 10^5, gamma = n/T",
        lambda: kernel_limit(64 * 10**5),
        wrong={"n = T": lambda: kernel_limit(64)},
    )


@theorem.consequence("the training error vanishes with the ridge if and only if there are more neurons than samples")
def interpolation(claim: Any) -> None:
    claim.limit("train", lambda eps: {**SMALL, "n": 96, "gamma": eps}, 0, scale=1.0)

    def stays(neurons: int) -> bool:
        values = [theorem.values(theorem.point(**{**SMALL, "n": neurons, "gamma": g})) for g in ("1e-6", "1e-8")]
        low, high = (float(v["train"]) for v in values)
        return low > 1e-3 and abs(high / low - 1) < 0.05

    claim.holds("with n = T/2 it stays", lambda: stays(32), wrong={"with n = 3T/2": lambda: stays(96)})


@theorem.consequence(
    "double descent: the test error diverges at n = T, like 1/|n - T| without ridge and like 1/sqrt(ridge)"
)
def double_descent(claim: Any) -> None:
    steps = tuple(Fraction(1, k) for k in (8, 16, 32, 64))
    for side in (1, -1):
        claim.exponent(
            "test", lambda eps, side=side: {**SMALL, "n": int(64 * (1 + side * eps)), "gamma": "1e-16"}, -1, steps=steps
        )
    claim.exponent("test", lambda eps: {**SMALL, "gamma": eps**2}, -1, text="test ~ gamma^{-1/2} at n = T")


# -- wrong versions ---------------------------------------------------------------------------------------------------

WRONG = {
    suffix: {M: MatrixSymbol(f"{M.name}_{suffix}", *M.shape) for M in (Phi, C, H)} for suffix in ("angle", "quadratic")
}
_stated = statement().outputs
theorem.mutant("delta normalised by n", equations={delta: Eq(delta, Trace(Phi * Qbar) / n)})
theorem.mutant("T/n for n/T", equations={kappa: Eq(kappa, T / (n * (1 + delta)))})
theorem.mutant("no 1 + delta", equations={kappa: Eq(kappa, n / T)})
theorem.mutant("training error without the response", outputs={"train": gamma**2 / T * form(Qbar * Qbar)})
theorem.mutant(
    "test error without its variance",
    outputs={
        "test": (form(one_h, yh, yh) - 2 * kappa * form(Qbar * C, y, yh) + kappa**2 * form(Qbar * C * C.T * Qbar)) / Th
    },
)
theorem.mutant("1 for 1 + gamma Qbar", outputs={"test": _stated["test"].xreplace({one + gamma * Qbar: one})})
theorem.mutant("arccos(u) for arccos(-u) in the kernel", replace=WRONG["angle"])
theorem.mutant(
    "quadratic kernel with a misplaced parenthesis and a product of norms",
    replace=WRONG["quadratic"],
    source="RMT4ML, section 5.1, polynomial kernel of the Python notebooks",
)
