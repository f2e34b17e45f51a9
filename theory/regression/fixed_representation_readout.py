r"""Ridge regression on a frozen representation :math:`z=F(u)` of the inputs.

.. math::  \text{risk}=\frac{E_{\rm pop}(\kappa)+\sigma^2}{1-\gamma_2},\qquad
           \lambda=\kappa\Big(1-\tfrac1N\operatorname{tr}\Sigma_z(\Sigma_z+\kappa)^{-1}\Big).

Only the second moments of the features and the inputs count.  What no linear readout of the features expresses acts
like noise in the labels.  Sources: Moakher, Tiomoko, Louart and Liao (2025); Louart, Liao and Couillet (2018).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown, solve
from rmtsym.gaussian import AA, BB, TAU, activation, expectation, kernel, kernel_expression
from rmtsym.gaussian.gram import Gram
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, population
from rmtsym.theorem import (
    NON_NEGATIVE,
    POSITIVE,
    Choice,
    Count,
    Numbers,
    Parameter,
    Quantity,
    Theorem,
    Weights,
    get,
    predict,
)
from rmtsym.theorem.certified import certified
from theory.regression.ridge_anisotropic import equivalents

ACTIVATIONS = ("relu", "linear", "erf", "sin", "abs", "cos")  # Lipschitz

theorem = Theorem(
    id="fixed-representation-readout",
    title="Ridge readout of a fixed representation",
    family="regression",
    references=(
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), Generalization in representation models via random matrix "
        "theory: application to recurrent networks, arXiv:2511.02401",
        "C. Louart, Z. Liao, R. Couillet (2018), A random matrix approach to neural networks, "
        "Annals of Applied Probability 28, arXiv:1702.05419",
    ),
    assumptions=(
        r"$N$ independent inputs $u\in\mathbb R^d$ and features $z=F(u)\in\mathbb R^m$; $F$ is fixed and Lipschitz, "
        r"$u$ Gaussian of covariance $\Sigma_u$, so that $z$ concentrates; here $z=\sigma(Wu)$",
        r"$\Sigma_z=E\,zz^{\sf T}$, $\Sigma_{zu}=E\,zu^{\sf T}$: second moments, not centred; there is no intercept",
        r"labels $y=\theta^{\sf T}u+\varepsilon$, noise of variance $\sigma^2$; $\Theta$ is $\theta\theta^{\sf T}$, or "
        r"its mean",
        r"readout $w=(ZZ^{\sf T}/N+\lambda)^{-1}Zy/N$, $\lambda>0$; $N,m,d$ of the same order",
    ),
    parameters=(
        Parameter("F", "activation of the representation", Choice("activation", *ACTIVATIONS), "F", default="relu"),
        Parameter("W", "weights", Choice("weights", "gauss", "identity", "recurrent"), "W", default="gauss"),
        Parameter("theta", "direction of the target", Choice("direction", "fixed", "random"), r"\theta",
                  default="fixed"),
        Parameter("s", "eigenvalues of the covariance of the inputs", Numbers(POSITIVE, like="w"), "s", default="1"),
        Parameter("w", "share of the dimensions at each of them", Weights(), "w", default="1"),
        Parameter("d", "dimension of the inputs", Count(1)),
        Parameter("m", "features", Count(1)),
        Parameter("N", "training samples", Count(1)),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
        Parameter("seed", "seed of the weights", Count(0), default="3"),
        Parameter("copies", "equal parts of the inputs, each with its features", Count(1), default="1"),
    ),
    quantities=(
        Quantity("risk", "test error with its noise", "R"),
        Quantity("B", "test error for labels without noise", "B"),
        Quantity("V", "variance that the noise causes", "V"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
        Quantity("E_pop", "error of ridge regression on the population, ridge kappa", r"E_{\mathrm{pop}}",
                 observable=False),
    ),
    points={
        "A": {"theta": "random", "d": 20, "m": 32, "N": 48, "sig2": "0.2", "lam": "0.05"},
        "B": {"theta": "random", "d": 20, "m": 64, "N": 48, "sig2": "0.2", "lam": "0.05"},
        "erf": {"F": "erf", "s": "1/2,2", "w": "1/2,1/2", "d": 30, "m": 20, "N": 40, "sig2": "0.1",
                "lam": "0.02"},
        "memory": {"F": "linear", "W": "recurrent", "theta": "random", "d": 30, "m": 18, "N": 36, "sig2": "0.1",
                   "lam": "0.02"},
    },
    uses=("ridge-anisotropic",),
)  # fmt: skip

# -- statement --------------------------------------------------------------------------------------------------------

m, d, N = sp.symbols("m d N", integer=True, positive=True)
sig2, lam, kappa = sp.symbols("sig2 lam kappa", positive=True)
Sz, Szu, Su, Theta = (MatrixSymbol(*x) for x in (("Sz", m, m), ("Szu", m, d), ("Su", d, d), ("Theta", d, d)))
one = Identity(m)
R = Inverse(Sz + kappa * one)


ridge_error = Trace(Su * Theta) - 2 * Trace(Szu.T * R * Szu * Theta) + Trace(Szu.T * R * Sz * R * Szu * Theta)


@theorem.statement
def statement() -> FixedPointSystem:
    E_pop, gamma_2 = sp.Symbol("E_pop"), Trace(Sz * R * Sz * R) / N
    return FixedPointSystem(
        unknowns=(Unknown(kappa, meaning="effective ridge"),),
        equations=(Eq(kappa, lam + kappa * Trace(Sz * R) / N),),
        outputs={
            "E_pop": ridge_error,
            "risk": (E_pop + sig2) / (1 - gamma_2),
            "B": E_pop / (1 - gamma_2),
            "V": sig2 * gamma_2 / (1 - gamma_2),
            "train": (lam / kappa) ** 2 * sp.Symbol("risk"),
            "shrinkage": lam / kappa,
        },
    )


# -- representation ---------------------------------------------------------------------------------------------------


@lru_cache(maxsize=16)
def weights(W: str, d: int, m: int, s: tuple, w: tuple, seed: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the features on white inputs, and standard deviations of the inputs."""
    for name, value in (("d", d), ("m", m)):
        if value % copies:
            raise DomainError(name, value, f"a multiple of copies = {copies}", "every copy has as many of them")
    inputs, features = d // copies, m // copies
    rng, root = np.random.RandomState(seed), np.sqrt(population(w, s, inputs))  # as in the reference figures
    if W == "gauss":
        table = rng.randn(features, inputs) / np.sqrt(inputs)
    elif W == "identity":
        if m != d:
            raise DomainError("m", m, f"m = d = {d} for W=identity", "give as many features as inputs")
        table = np.eye(inputs)
    else:  # state of a linear recurrent network after its inputs: column t is A^t of the input weights
        step, state = np.linalg.qr(rng.randn(features, features))[0] * 0.95, rng.randn(features) / np.sqrt(features)
        table = np.empty((features, inputs))
        for t in range(inputs):
            table[:, t], state = state, step @ state
    return np.kron(np.eye(copies), table * root), np.tile(root, copies)


@lru_cache(maxsize=16)
def moments(F: str, W: str, d: int, m: int, s: tuple, w: tuple, seed: int, copies: int) -> dict[str, Any]:
    """Second moments of features and inputs; those of centred features, for a mutant."""
    table, root = weights(W, d, m, s, w, seed, copies)
    inputs, full = np.diag(root), kernel_expression(F)
    mean = sp.sympify(expectation(F).expr)
    centred = full - mean.subs(TAU, AA) * mean.subs(TAU, BB)
    return {
        "Sz": Gram(full, table.T),
        "Szu": Gram(kernel_expression(F, "linear"), table.T, inputs),
        "Su": Gram(kernel_expression("linear"), inputs),
        "Sz_centred": Gram(centred, table.T),
    }


@theorem.binding
def binding(F, W, theta, d, m, s, w, seed, copies) -> dict[str, Any]:
    """Second moments, and that of the target: all coefficients equal to d^{-1/2}, or a random direction."""
    share = Fraction(1, d)
    target = [[share if theta == "fixed" or i == j else Fraction(0) for j in range(d)] for i in range(d)]
    return {**moments(F, W, d, m, s, w, seed, copies), "Theta": target}


_PLACE = ("F", "W", "d", "m", "s", "w", "seed", "copies")


# -- derivation -------------------------------------------------------------------------------------------------------


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
    table, _, sz, szu, su = population_of(tuple(point[name] for name in _PLACE))
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
    left, v, e, b, r = sp.symbols("misfit variance residual bias bias_in")
    misfit = proof.define(
        Eq(left, Trace(Su * Theta) - Trace(Szu.T * Inverse(Sz) * Szu * Theta)), "what the best readout leaves",
        uses=[split],
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


# -- experiment -------------------------------------------------------------------------------------------------------


def sizes(point: dict[str, Any]) -> tuple[int, int]:
    """Once and twice the samples of a point."""
    return point["N"], 2 * point["N"]


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """As many copies of the representation side by side as there are more samples: the spectra stay what they are."""
    times = size // point["N"]
    return {**point, **{name: point[name] * times for name in ("d", "m", "N", "copies")}}


@lru_cache(maxsize=16)
def population_of(place: tuple) -> tuple[np.ndarray, ...]:
    """Weights, standard deviations of the inputs, and the second moments in floats."""
    found = moments(*place)
    return (*weights(*place[1:]), *(found[name].floats() for name in ("Sz", "Szu", "Su")))


_function = lru_cache(activation)


def draw(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and features, one row for each sample; ``radial`` gives every sample a random length of its own."""
    table, root, *_ = population_of(tuple(point[name] for name in _PLACE))
    white = entries(rng, (size, len(root)), "gauss" if law == "radial" else law)
    if law == "radial":
        white *= np.sqrt(np.where(rng.random((size, 1)) < 0.5, 0.25, 1.75))
    return white * root, _function(point["F"])(white @ table.T)


@lru_cache(maxsize=16)
def _flat(place: tuple) -> tuple[np.ndarray, ...]:
    """Weights of the control variates: the resolvent of the population at the ridge 1/10, and its products."""
    _, _, sz, szu, _ = population_of(place)
    flat = np.linalg.inv(sz + 0.1 * np.eye(len(sz)))
    return flat, flat @ sz @ flat, flat @ szu


def _linear(place: tuple, features: np.ndarray, cross: np.ndarray, inputs: float) -> dict[str, float]:
    """Control variates: linear in the second moments of features and inputs."""
    pairs = zip(("features", "load", "cross"), _flat(place), (features, features, cross), strict=True)
    return {"inputs": inputs, **{name: float(np.vdot(weight, x)) / len(features) for name, weight, x in pairs}}


def _known(name: str) -> Control:
    """The control at the exact second moments."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        place = tuple(at_size(point, size)[name] for name in _PLACE)
        _, _, sz, szu, su = population_of(place)
        return _linear(place, sz, szu, float(np.trace(su)) / len(su))[name]

    return Control(name, mean)


CONTROLS = tuple(map(_known, ("features", "load", "cross", "inputs")))


def observed(resolution: float, rough: float) -> tuple[Statistic, ...]:
    """Statistics, averaged exactly over the noise; ``rough`` is the resolution of those that fluctuate most."""
    asked = {"risk": resolution, "B": rough, "V": resolution, "train": rough, "shrinkage": resolution}
    return tuple(Statistic(name, controls=CONTROLS, resolution=value) for name, value in asked.items())


FORMS = (
    *(Statistic(name, kind="form", resolution=0.1) for name in ("risk", "B", "train")),
    *(Statistic(name, controls=CONTROLS, resolution=0.02) for name in ("V", "shrinkage")),
)
#: A length of its own for every sample leaves the second moments as they are, but the features do not concentrate.
LENGTHS = tuple(Statistic(name, resolution=0.02, fails=("radial",)) for name in ("V", "shrinkage"))


@theorem.experiment(points=("A",), sizes=sizes, laws=("radial",), statistics=LENGTHS, at_size=at_size)
@theorem.experiment(points=("erf",), sizes=sizes, statistics=FORMS, at_size=at_size)
@theorem.experiment(points=("memory",), sizes=sizes, laws=("rad",), statistics=observed(0.01, 0.01), at_size=at_size)
@theorem.experiment(points=("B",), sizes=sizes, statistics=observed(0.01, 0.01), at_size=at_size)
@theorem.experiment(points=("A",), sizes=sizes, statistics=observed(0.005, 0.0075), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Errors of a readout given inputs, exact means over noise and new samples."""
    point = at_size(point, size)
    place = tuple(point[name] for name in _PLACE)
    _, _, sz, szu, su = population_of(place)
    u, z = draw(rng, size, point, law)
    ridge, sig2, features = float(point["lam"]), float(point["sig2"]), z.shape[1]
    gram, cross = z.T @ z / size, z.T @ u / size
    q = np.linalg.inv(gram + ridge * np.eye(features))
    target = np.eye(point["d"]) if point["theta"] == "random" else np.ones((point["d"], 1))
    target /= np.sqrt(point["d"])
    image = q @ cross @ target
    B = float(np.vdot(target, su @ target) - 2 * np.vdot(szu @ target, image) + np.vdot(image, sz @ image))
    fit = float(np.sum((u @ target - z @ image) ** 2)) / size
    square = float(np.sum(q**2))
    V = sig2 * float(np.sum(sz * q) - ridge * np.sum((sz @ q) * q)) / size
    residual = square + (size - features) / ridge**2
    return {
        "risk": B + V + sig2,
        "B": B,
        "V": V,
        "train": fit + sig2 * ridge**2 * residual / size,
        "shrinkage": (ridge * float(np.trace(q)) + size - features) / size,
        **_linear(place, gram, cross, float(np.vdot(u, u)) / u.size),
    }


# -- consequences -----------------------------------------------------------------------------------------------------

gamma_2 = Trace(Sz * R * Sz * R) / N


def small(**changes: Any) -> dict[str, Any]:
    """A small point."""
    return theorem.point("A", **changes)


def misfit(point: dict[str, Any]) -> float:
    """What no linear readout of the features expresses of the target."""
    *_, sz, szu, su = population_of(tuple(point[name] for name in _PLACE))
    target = np.array(theorem.bound(point)["Theta"], dtype=float)
    return float(np.sum((su - szu.T @ np.linalg.lstsq(sz, szu, rcond=None)[0]) * target))


@theorem.consequence("the inputs as their own representation: ridge regression with a general covariance")
def identity_map(claim: Any) -> None:
    ridge = get("ridge-anisotropic")
    shares = {"s": "1,4", "w": "1/2,1/2", "sig2": "1/4", "lam": "3/10"}
    points = [
        theorem.point("A", theta="fixed", F="linear", W="identity", d=d, m=d, N=n, **shares)
        for d, n in (("8", "16"), ("12", "6"))
    ]

    def other(point: dict[str, Any], name: str) -> Any:
        changes = {"c": Fraction(point["d"], point["N"]), "lam": point["lam"], "q": "1/2,1/2"}
        return predict(ridge, ridge.point("A", **changes), digits=30)[name]

    for here, there in (("risk", "test"), ("B", "B"), ("V", "V"), ("train", "train"), ("shrinkage", "shrinkage")):
        claim.equal(
            lambda p, name=here: claim.value(name, p), lambda p, name=there: other(p, name), points,
            f"{here} is {there} of ridge-anisotropic",
        )  # fmt: skip


@theorem.consequence(
    "any representation: ridge regression at the spectrum of $\\Sigma_z$ with the noise $\\sigma^2$ and the misfit, "
    "which is counted in the error without noise"
)
def misfit_is_noise(claim: Any) -> None:
    def same(point: dict[str, Any], times: float) -> bool:
        """The whole error, from the spectrum of the features and the best readout in its eigenvectors."""
        *_, sz, szu, _ = population_of(tuple(point[name] for name in _PLACE))
        values, vectors = np.linalg.eigh(sz)
        target = np.array(theorem.bound(point)["Theta"], dtype=float)
        image = vectors.T @ np.linalg.solve(sz, szu)
        mass = np.einsum("ij,jk,ik->i", image, target, image)
        count = len(values)
        atoms = Atoms([Fraction(1, count)] * count, s=list(values), b=list(count * mass))
        noise = float(point["sig2"]) + times * misfit(point)
        ratio, ridge = count / point["N"], float(point["lam"])
        found = solve(equivalents().system, {"nu": atoms, "c": ratio, "lam": ridge})
        error = noise + found["bias"] + noise * ratio * found["variance"]
        train = found["bias_in"] + noise * found["residual"]
        ours = theorem.values(point)
        return bool(
            abs(float(error) / float(ours["risk"]) - 1) < 1e-9 and abs(float(train) / float(ours["train"]) - 1) < 1e-9
        )

    points = [small(), small(m="80"), small(F="erf", theta="fixed")]
    claim.holds(
        "risk and training error, by the equivalents of ridge-anisotropic",
        lambda: all(same(p, 1.0) for p in points),
        wrong={"without misfit": lambda: same(points[0], 0.0), "misfit used twice": lambda: same(points[0], 2.0)},
    )


@theorem.consequence("error of the population ridge and of the readout: $R=\\kappa'(\\lambda)\\,(E_{pop}+\\sigma^2)$")
def amplification(claim: Any) -> None:
    risk, B, V, E_pop, train = sp.symbols("risk B V E_pop train")
    claim.identity(Eq(risk, B + V + sig2))
    claim.identity(Eq(risk * (1 - gamma_2), E_pop + sig2, evaluate=False))
    claim.identity(Eq(train * kappa**2, lam**2 * risk, evaluate=False))


@theorem.consequence("many samples: nothing remains but the error of ridge regression on the population")
def many_samples(claim: Any) -> None:
    def population(point: dict[str, Any], ridge: float) -> float:
        *_, sz, szu, su = population_of(tuple(point[name] for name in _PLACE))
        readout = np.linalg.solve(sz + ridge * np.eye(len(sz)), szu)
        return float(np.trace(su - 2 * szu.T @ readout + readout.T @ sz @ readout)) / point["d"]

    point = small()
    claim.limit("B", lambda eps: {"N": round(1 / eps)}, population(point, 0.05), point=point)
    claim.limit("V", lambda eps: {"N": round(1 / eps)}, 0, point=point, scale=0.2)


@theorem.consequence(
    "a large ridge forgets the data: the error of the readout zero is $\\theta^{\\sf T}\\Sigma_u\\theta$"
)
def large_ridge(claim: Any) -> None:
    claim.limit("B", lambda eps: {"lam": 1 / eps}, 1, point=small())
    claim.limit("V", lambda eps: {"lam": 1 / eps}, 0, point=small(), scale=0.2)


@theorem.consequence(
    "no ridge: with $m<N$ noise and misfit are multiplied by $1/(1-m/N)$; at $m=N$ the error diverges from both sides, "
    "without any noise as well"
)
def interpolation(claim: Any) -> None:
    tiny, gain = Fraction(1, 10**9), 1 / (1 - 32 / 48)
    point = small()
    claim.limit("B", lambda eps: {"lam": eps}, misfit(point) * gain, point=point)
    claim.limit("V", lambda eps: {"lam": eps / 10}, 0.2 * (gain - 1), point=point)
    claim.limit("train", lambda eps: {"lam": eps}, 0, point=small(m="64"), scale=0.2)
    steps = tuple(Fraction(1, k) for k in (6, 12, 24, 48))
    for side in (1, -1):
        claim.exponent(
            "B", lambda eps, side=side: {"N": round(48 * (1 + side * eps)), "lam": tiny**2, "sig2": 0}, -1,
            point=small(m="48"), steps=steps,
        )  # fmt: skip


@theorem.consequence("an even activation learns nothing of a linear target: the error is that of zero, amplified")
def even_activation(claim: Any) -> None:
    points = [small(F=name, lam=ridge) for name in ("abs", "cos") for ridge in ("0.05", "1")]
    claim.equal(lambda p: claim.value("E_pop", p), lambda p: 1, points, "E_pop is the square of the target")


# -- known wrong versions ---------------------------------------------------------------------------------------------

centred = MatrixSymbol("Sz_centred", m, m)
theorem.mutant("centred second moments of the features", replace={Sz: centred})
theorem.mutant("cross term once", outputs={"E_pop": ridge_error + Trace(Szu.T * R * Szu * Theta)})
theorem.mutant(
    "misfit used twice",
    outputs={"E_pop": ridge_error + Trace(Su * Theta) - Trace(Szu.T * Inverse(Sz) * Szu * Theta)},
)
theorem.mutant(
    "no misfit", outputs={"E_pop": ridge_error - Trace(Su * Theta) + Trace(Szu.T * Inverse(Sz) * Szu * Theta)}
)
theorem.mutant("gamma_2 per feature", replace={gamma_2: gamma_2 * N / m})
theorem.mutant("kappa = lambda", equations={kappa: Eq(kappa, lam)})
theorem.mutant("n and m interchanged", equations={kappa: Eq(kappa, lam + kappa * Trace(Sz * R) / m)})
theorem.mutant("population error without amplification", outputs={"B": sp.Symbol("E_pop")})
theorem.mutant("training ratio not squared", outputs={"train": lam / kappa * sp.Symbol("risk")})
theorem.mutant(
    "Sz for its square in the population error",
    outputs={"E_pop": Trace(Su * Theta) - 2 * Trace(Szu.T * R * Szu * Theta) + Trace(Szu.T * R * R * Szu * Theta)},
)
