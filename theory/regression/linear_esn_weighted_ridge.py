r"""A linear echo-state network is ridge regression with weights that fade into the past.

.. math::  x_t=Wx_{t-1}+W_{\rm in}u_t,\quad W=\rho O,\quad R=\mathrm{diag}(\rho^{2k}):\qquad
           \lambda=\kappa\Big(1-\tfrac dN\operatorname{tr}\Sigma R(\Sigma R+\kappa)^{-1}\Big).

The readout sees the reservoir only through the Gram matrix of the directions O^k w, which is the identity if there are
many more neurons than inputs.  Everything else is ridge regression with the covariance R^{1/2} Sigma R^{1/2}.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.field.finite import is_zero
from rmtsym.field.number_system import FLOAT
from rmtsym.field.table import Table
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, excess_kurtosis, haar
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Count, Interval, Parameter, Quantity, Theorem
from rmtsym.theorem.exact import system_claims
from theory.regression import ridge_anisotropic
from theory.regression.reservoirs import gram

theorem = Theorem(
    id="linear-esn-weighted-ridge",
    title="Linear echo-state network: ridge regression with fading weights",
    family="regression",
    references=(
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), A random matrix perspective of echo state networks: from "
        "precise bias-variance characterization to optimal regularization, arXiv:2509.22011",
        "Y. Moakher, M. Tiomoko, C. Louart, Z. Liao (2025), Generalization in representation models via random matrix "
        "theory: application to recurrent networks, arXiv:2511.02401",
    ),
    assumptions=(
        r"$N$ independent sequences $u_1,\dots,u_T\in\mathbb R^d$; each of the $d$ components has the covariance "
        r"$\Sigma$ over time, here $\phi^{|s-t|}$; lags $k=T-t$ count back from the end",
        r"states $x_t=Wx_{t-1}+W_{\rm in}u_t\in\mathbb R^n$, $x_0=0$; the features are $x_T$",
        r"$W=\rho O$, $O$ uniform orthogonal, or any other with $\frac1n\mathrm{tr}\,(O^k)^{\sf T}O^l\to1_{k=l}$; "
        r"$W_{\rm in}$ of independent $\mathcal N(0,1/n)$ entries; $n\gg Td$",
        r"labels $y=\theta^{\sf T}u+\varepsilon$, noise of variance $\sigma^2$; $\theta\theta^{\sf T}$ is averaged "
        r"over the components, here $\theta_k\propto m^k$ with $|\theta|=1$",
        r"readout $w=(ZZ^{\sf T}/N+\lambda)^{-1}Zy/N$ of the $n\times N$ features $Z$; $N$ and $Td$ of the same order",
    ),
    parameters=(
        Parameter("T", "length of the sequences", Count(1)),
        Parameter("N", "sequences", Count(1)),
        Parameter("d", "dimension of the inputs", Count(1), default="1"),
        Parameter("rho", "decay of the reservoir", Interval(0, 1, closed="right"), r"\rho"),
        Parameter("phi", "correlation of successive inputs", Interval(-1, 1), r"\phi", default="0"),
        Parameter("mem", "decay of the teacher's coefficients", Interval(0, 1, closed="right"), "m"),
        Parameter("sig2", "variance of the noise", NON_NEGATIVE, r"\sigma^2"),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("B", "squared bias", "B"),
        Quantity("V", "variance", "V"),
        Quantity("risk", "test error, B + V and noise", "E"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
        Quantity("shrinkage", "lambda/kappa, one less the degrees of freedom per sample", r"\lambda/\kappa"),
    ),
    points={
        "A": {"T": "60", "N": "40", "rho": "0.9", "mem": "0.7", "sig2": "0.1", "lam": "0.01"},
        "B": {"T": "60", "N": "120", "rho": "0.95", "phi": "0.5", "mem": "0.9", "sig2": "0.1", "lam": "0.001"},
        "short": {
            "T": "8",
            "N": "24",
            "d": "2",
            "rho": "0.8",
            "phi": "-0.4",
            "mem": "1",
            "sig2": "0.25",
            "lam": "0.02",
        },
    },
    uses=("ridge-anisotropic",),
)

# -- statement --------------------------------------------------------------------------------------------------------

T, N, d = sp.symbols("T N d", integer=True, positive=True)
sig2, lam, kappa, r2 = sp.symbols("sig2 lam kappa r2", positive=True)
Sigma, R, theta = MatrixSymbol("Sigma", T, T), MatrixSymbol("R", T, T), MatrixSymbol("theta", T, 1)
one = Identity(T)
Qbar = Inverse(Sigma * R + kappa * one)
error = Qbar * Sigma * Inverse(R * Sigma + kappa * one)  # of the population's ridge estimate, over kappa^2
freedom = Trace(Sigma * R * Qbar)
freedom_2 = Trace(Sigma * R * Qbar * Sigma * R * Qbar)


g2, G = sp.Symbol("gamma_2"), MatrixSymbol("G", T, T)  # G is the squared signal of ridge regression


def squared_bias(signal: Any = r2 * theta * theta.T) -> sp.Expr:
    """For the mean square of the signal; r2 makes the norm of theta one."""
    return kappa**2 * Trace(error * signal) / (1 - g2)


@theorem.statement
def statement() -> FixedPointSystem:
    return FixedPointSystem(
        unknowns=(Unknown(kappa, meaning="effective ridge"),),
        equations=(Eq(kappa, lam + d * kappa / N * freedom),),
        outputs={
            "gamma_2": d / N * freedom_2,
            "B": squared_bias(),
            "V": sig2 * g2 / (1 - g2),
            "risk": sp.Symbol("B") + sp.Symbol("V") + sig2,
            "train": (lam / kappa) ** 2 * sp.Symbol("risk"),
            "shrinkage": lam / kappa,
        },
    )


@theorem.binding
@lru_cache(maxsize=32)
def binding(T, rho, phi, mem) -> dict[str, Any]:
    """Covariance, weights and teacher by lag; two wrong versions of the weights."""

    def diagonal(power: Callable[[int], int]) -> Table:
        return Table(T, T, lambda s, t: rho ** power(s) if s == t else 0)

    return {
        "Sigma": Table(T, T, lambda s, t: phi ** abs(s - t)),
        "R": diagonal(lambda k: 2 * k),
        "R_root": diagonal(lambda k: k),
        "R_reversed": diagonal(lambda k: 2 * (T - 1 - k)),
        "theta": Table(T, 1, lambda k, _: mem**k),
        "r2": 1 / sum(mem ** (2 * k) for k in range(T)),
    }


# -- derivation -------------------------------------------------------------------------------------------------------


def _inner_product(lags: tuple[int, int]):
    """w'(O^k)'O^l w less what it should be, for an orthogonal matrix of many neurons."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        rotation, w = haar(rng, size), rng.standard_normal(size) / np.sqrt(size)
        left, right = (np.linalg.matrix_power(rotation, k) @ w for k in lags)
        return float(left @ right) - (lags[0] == lags[1])

    return deviation


def _weighted(rng: np.random.Generator, size: int) -> float:
    """Coefficient of the present input in the readout of a small reservoir, less the same with K = R."""
    fixed = np.random.default_rng(7)
    weights, data, labels = 0.8 ** np.arange(6), fixed.standard_normal((6, 9)), fixed.standard_normal(9)
    rotation, state = haar(rng, size), rng.standard_normal(size) / np.sqrt(size)
    columns = np.stack([np.linalg.matrix_power(rotation, k) @ state for k in range(6)], axis=1) * weights
    kernels = columns.T @ columns, np.diag(weights**2)
    readouts = [K @ data @ np.linalg.solve(data.T @ K @ data / 9 + 0.1 * np.eye(9), labels) / 9 for K in kernels]
    return float(readouts[0][0] - readouts[1][0])


@theorem.derivation
def derivation(proof: Any) -> None:
    """The readout sees a Gram matrix; with its limit the features are weighted inputs; then the engine."""
    n = sp.Symbol("n", integer=True, positive=True)
    F, U, D = MatrixSymbol("F", n, T), MatrixSymbol("U", T, N), MatrixSymbol("D", T, T)
    K = F.T * F
    dual = Inverse(U.T * K * U / N + lam * Identity(N))
    seen = proof.identity(
        "only the Gram matrix counts",
        Eq(F.T * Inverse(F * U * U.T * F.T / N + lam * Identity(n)) * F * U, K * U * dual, evaluate=False),
        "x_T = Fu, columns W^k w: the readout w'x_T is a linear function of u, its coefficients need F'F only",
    )
    sampling = dict(sizes=(16, 32, 64, 128), replicates=128)
    lengths = proof.asymptotic(
        "lengths", "|O^2 w|^2 = 1", "an orthogonal matrix keeps lengths", deviation=_inner_product((2, 2)), **sampling
    )
    angles = proof.asymptotic(
        "angles", "w'(O^2)'O^5 w = 0", "tr O^3/n vanishes", deviation=_inner_product((2, 5)), **sampling
    )
    limit = proof.asymptotic(
        "fading weights",
        "the coefficients are those with F'F = R = diag(rho^{2k})",
        "a continuous function of the Gram matrix, n much larger than T",
        deviation=_weighted,
        uses=[seen, lengths, angles],
        **sampling,
    )
    weighted = D.T * U
    whitened = proof.identity(
        "weighted inputs",
        Eq(
            D * D.T * U * Inverse(U.T * D * D.T * U / N + lam * Identity(N)),
            D * Inverse(weighted * weighted.T / N + lam * one) * weighted,
            evaluate=False,
        ),
        "R = DD': D times the ridge estimate for the inputs D'u, whose signal is D^{-1} theta",
        uses=[limit],
    )

    # ridge regression for the inputs D'u: covariance A, squared signal G
    made = ridge_anisotropic.equivalents()
    nu, s, b, c = (getattr(ridge_anisotropic, name) for name in ("nu", "s", "b", "c"))
    A = MatrixSymbol("A", T, T)
    count = proof.define(Eq(c, d * T / N), "dimensions per sample")
    engine = proof.engine("ridge regression", made, "equivalents of the traces of ridge regression", uses=[whitened])
    bias, variance, bias_in, residual, companion = sp.symbols("bias variance bias_in residual companion")
    pole = Inverse(A + kappa * one)
    signal = Trace(pole * A * pole * G) / T
    back = [
        proof.define(Eq(A, D.T * Sigma * D, evaluate=False), "covariance of D'u", uses=[whitened]),
        proof.define(
            Eq(G, T * r2 * Inverse(D) * theta * theta.T * Inverse(D.T), evaluate=False),
            "squared signal, times T",
        ),
        proof.define(Eq(R, D * D.T, evaluate=False), "the weights"),
    ]
    second = proof.define(Eq(g2, d / N * Trace(A * pole * A * pole)), "second degrees of freedom per sample")
    inside = dict(spectra={nu: {s: A, b: G}})
    equation = proof.identity(
        "effective ridge",
        Eq(kappa, lam + d * kappa / N * Trace(A * pole)),
        "nu is the spectrum of A",
        uses=[engine, count],
        **inside,
    )
    parts = proof.identity(
        "errors as traces",
        [
            Eq(bias, kappa**2 * signal / (1 - g2)),
            Eq(c * variance, g2 / (1 - g2)),
            Eq(bias_in, lam**2 * signal / (1 - g2)),
            Eq(residual, (lam / kappa) ** 2 / (1 - g2)),
            Eq(companion, lam / kappa),
        ],
        "b is the squared signal along the eigenvectors of A",
        uses=[engine, count, second],
        **inside,
    )

    # back to the inputs u
    ridge = proof.substitute(
        "equation of kappa", Eq(kappa, lam + d * kappa / N * freedom), "in Sigma R", uses=[equation, *back]
    )
    degrees = proof.substitute(
        "degrees of freedom", Eq(g2, d / N * freedom_2), "D(D'Sigma D + kappa)^{-1}D' = R(Sigma R + kappa)^{-1}",
        uses=[second, *back],
    )  # fmt: skip
    B, V, risk, train, shrinkage = sp.symbols("B V risk train shrinkage")
    squared = [proof.define(Eq(B, bias), "squared bias"), proof.define(Eq(V, sig2 * c * variance), "noise part")]
    turned = proof.substitute(
        "bias", Eq(B, squared_bias()), "the signal in Sigma and R",
        uses=[squared[0], parts, *back],
    )  # fmt: skip
    noise = proof.substitute("variance", Eq(V, sig2 * g2 / (1 - g2)), "per sample", uses=[squared[1], parts])
    total = proof.define(Eq(risk, B + V + sig2), "a new sequence has its own noise")
    fitted = proof.define(Eq(train, bias_in + sig2 * residual), "signal and noise in the sample")
    fit = proof.substitute(
        "training error", Eq(train, (lam / kappa) ** 2 * risk), "the same factor in both parts",
        uses=[fitted, parts, total, squared[0], noise],
    )  # fmt: skip
    shrink = proof.define(Eq(shrinkage, companion), "lambda tr(Z'Z/N + lambda)^{-1}/N")
    proof.conclude(uses=[ridge, degrees, turned, noise, total, fit, shrink, parts])


# -- experiment -------------------------------------------------------------------------------------------------------

_RESERVOIR = {"gauss": "orthogonal", "rad": "orthogonal", "cycle": "cycle", "symmetric": "symmetric"}


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """More sequences, and as many more components of the inputs: the theory stays what it is."""
    return {**point, "N": size, "d": point["d"] * size // point["N"]}


def _entry_law(law: str) -> str:
    return law if law in ("gauss", "rad") else "gauss"


@lru_cache(maxsize=16)
def _case(key: tuple[tuple[str, Any], ...]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """At a point: covariance, its root, weights and teacher in floats, and matrices A of control variates tr AS.

    They follow the degrees of freedom to first order in S = UU'/N; the means of tr AS, and of tr (RS)^2 in parts.
    """
    point = dict(key)
    bound = theorem.bound(point)
    sigma, fading, teacher = (bound[name].in_system(FLOAT) for name in ("Sigma", "R", "theta"))
    root, ridge = np.linalg.cholesky(sigma), float(point["lam"]) / float(theorem.values(point)["shrinkage"])
    first = np.linalg.inv(fading @ sigma + ridge * np.eye(len(sigma))) @ fading
    forms = {"load": fading, "load_2": fading @ sigma @ fading, "first": first, "second": first @ sigma @ first}
    inner = root.T @ fading @ root
    moments = {name: float(np.sum(A * sigma)) for name, A in forms.items()}
    moments |= {"squares": float(np.sum(inner**2)), "diagonal": float(np.sum(np.diag(inner) ** 2))}
    unit = teacher[:, 0] / np.linalg.norm(teacher)
    return {"sigma": sigma, "root": root, "fading": np.diag(fading), "teacher": unit, **forms}, moments


def _at(point: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    return _case(tuple(sorted(point.items())))


def _known(name: str) -> Control:
    """Exact mean of a control variate: traces of S, and the lengths of the input weights."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        if name == "lengths":
            return 1.0
        _, moments = _at(point)
        if name != "square":
            return moments[name]
        squares, d = moments["squares"], at_size(point, size)["d"]
        return (
            squares
            + (squares + excess_kurtosis(_entry_law(law)) * moments["diagonal"]) / size
            + (d * moments["load"] ** 2 / size)
        )

    return Control(name, mean)


CONTROLS = tuple(map(_known, ("lengths", "load", "load_2", "first", "second", "square")))


def observed(variance: float, risk: float, bias: float = 0.0, others: float = 0.005) -> tuple[Statistic, ...]:
    """Statistics averaged exactly over the noise, and over the direction of the teacher among the components.

    The bias is left out where it is tiny: it then measures how far the reservoir is from its limit.
    """
    plan = {"V": variance, "risk": risk, "train": others, "shrinkage": others} | ({"B": bias} if bias else {})
    return tuple(Statistic(name, controls=CONTROLS, resolution=x) for name, x in plan.items())


#: In a symmetric reservoir the states after an even number of steps are not orthogonal.
SYMMETRIC = tuple(Statistic(name, resolution=0.02, fails=("symmetric",)) for name in ("V", "train", "shrinkage"))
OTHERS = dict(laws=("rad", "cycle"), statistics=observed(0.015, 0.01, others=0.01))


@theorem.experiment(points=("short",), sizes=(48, 96), at_size=at_size, laws=("symmetric",), statistics=SYMMETRIC)
@theorem.experiment(points=("short",), sizes=(48, 96), at_size=at_size, statistics=observed(0.006, 0.01, bias=0.04))
@theorem.experiment(points=("B",), sizes=(120, 240), at_size=at_size, statistics=observed(0.0075, 0.005))
@theorem.experiment(points=("A",), sizes=(40, 80), at_size=at_size, **OTHERS)
@theorem.experiment(points=("A",), sizes=(40, 80), at_size=at_size, statistics=observed(0.008, 0.005, bias=0.5))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Errors given the reservoir and the inputs; N^2 neurons, so that Td/n falls like 1/N."""
    length, d = point["T"], at_size(point, size)["d"]
    known, _ = _at(point)
    neurons = 4 * size if law == "symmetric" else size**2
    K = gram(rng, _RESERVOIR[law], neurons, d, length, float(point["rho"]))
    white = entries(rng, (length, d * size), _entry_law(law))
    U = (known["root"] @ white).reshape(length * d, size)
    S = U @ U.T / size
    ridge, noise = float(point["lam"]), float(point["sig2"])

    def over_time(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (matrix @ rows.reshape(length, -1)).reshape(rows.shape)

    X = np.linalg.solve(K @ S + ridge * np.eye(length * d), K)
    XS = X @ S
    signal = np.kron(known["teacher"][:, None], np.eye(d)) / np.sqrt(d)
    missed = signal - XS @ signal
    bias = float(np.sum(missed * over_time(known["sigma"], missed)))
    variance = noise / size * float(np.sum(over_time(known["sigma"], X) * XS))
    hat, hat_2 = float(np.trace(XS)), float(np.sum(XS * XS.T))
    weighted = np.repeat(known["fading"], d)[:, None] * S
    blocks = np.einsum("sjtj->st", S.reshape(length, d, length, d)) / d  # averaged over the components
    return {
        "B": bias,
        "V": variance,
        "risk": bias + variance + noise,
        "train": float(np.sum(missed * (S @ missed))) + noise * (1 - (2 * hat - hat_2) / size),
        "shrinkage": 1 - hat / size,
        "lengths": float(np.trace(K[:d, :d])) / d,
        "square": float(np.sum(weighted * weighted.T)) / d,
        **{name: float(np.sum(known[name] * blocks)) for name in ("load", "load_2", "first", "second")},
    }


# -- consequences -----------------------------------------------------------------------------------------------------


def _is_ridge(change: dict[Any, Any], covariance: MatrixSymbol, signal: Any, samples: Any = N) -> bool:
    """Whether the statement after a change is `ridge-anisotropic` with this covariance: exact zero tests.

    G is the squared signal of that theorem, ``signal`` what it makes of the squared coefficients of the inputs.
    """
    nu, s, b, c = (getattr(ridge_anisotropic, name) for name in ("nu", "s", "b", "c"))
    ridge = ridge_anisotropic.statement()[0].systems[0]
    stated = {**statement().outputs, "B": squared_bias(signal / T)}
    ours = {sp.Symbol({"risk": "test"}.get(name, name)): body for name, body in stated.items()}
    named = {sp.Symbol("risk"): sp.Symbol("test"), g2: stated["gamma_2"].xreplace(change), **change}
    apart = {sp.Symbol("R"): sp.Symbol("excess")}  # not the weights
    theirs = [Eq(c, d * T / samples), *(claim.xreplace(apart) for claim in system_claims(ridge))]
    claims = [kappa - lam - d * kappa / N * freedom, *(name - body for name, body in ours.items() if name != g2)]
    return all(is_zero(x.xreplace(named), theirs, spectra={nu: {s: covariance, b: G}}) for x in claims)


@theorem.consequence("equal weights, or white inputs: ridge regression with the covariance $\\Sigma$, or $R$")
def plain_ridge(claim: Any) -> None:
    for words, change, covariance, signal in (("R = 1", {R: one}, Sigma, G), ("Sigma = 1", {Sigma: one}, R, R * G)):
        claim.holds(
            f"{words}: kappa and all errors are those of ridge-anisotropic",
            partial(_is_ridge, change, covariance, signal),
            wrong={
                "with one sample more": partial(_is_ridge, change, covariance, signal, N + 1),
                "with another covariance": partial(_is_ridge, change, MatrixSymbol("A", T, T), signal),
                "with another signal": partial(_is_ridge, change, covariance, covariance * signal),
            },
        )


@theorem.consequence(
    "white inputs, teacher $\\theta_k^2=r^2\\rho^{2k}$ that fades like the reservoir: "
    "the best ridge is $\\sigma^2d/(Nr^2)$"
)
def optimal_ridge(claim: Any) -> None:
    for change in ({"N": "40"}, {"N": "8"}, {"rho": "2/3", "T": "6", "d": "3"}):
        point = theorem.point("A", **{"T": "9", "rho": "1/2", **change})
        point = {**point, "mem": point["rho"]}
        square = 1 / sum(point["rho"] ** (2 * k) for k in range(point["T"]))
        claim.minimum("risk", of="lam", at=point["sig2"] * point["d"] / (point["N"] * square), point=point)


def _slow(a: Any, x: Any, k: Any) -> tuple[sp.Expr, sp.Expr]:
    """Degrees of freedom per sample for rho = exp(-a/N), T = xN, N large, white inputs."""
    last = sp.exp(-2 * a * x)
    rise = sp.log((1 + k) / (last + k))
    return rise / (2 * a), (rise + k / (1 + k) - k / (last + k)) / (2 * a)


@theorem.consequence("slow memory, $\\rho=e^{-a/N}$: closed forms")
def slow_memory(claim: Any) -> None:
    a, x = sp.symbols("a x", positive=True)
    weight = sp.exp(-2 * a * x) / (sp.exp(-2 * a * x) + kappa)
    first, second = _slow(a, x, kappa)  # both vanish at x = 0; in x they are integrals of the weights
    claim.identity(Eq(second.diff(x), weight**2, evaluate=False))
    claim.identity(Eq((first - second).diff(x), weight * (1 - weight), evaluate=False))
    ridge, share = 0.1, 1.5  # a = 1
    df1, df2 = (sp.lambdify(kappa, f) for f in _slow(1, sp.Rational(3, 2), kappa))
    root = brentq(lambda k: k * (1 - df1(k)) - ridge, ridge, ridge + share)

    def path(eps: Fraction) -> dict[str, Any]:
        # the weights rho^(2k) start at one: a ridge larger by 1/rho moves them to the middle of the steps
        rho = Fraction(float(np.exp(-float(eps)))).limit_denominator(10**12)
        return {
            "N": 1 / eps,
            "T": Fraction(3, 2) / eps,
            "rho": rho,
            "mem": rho,
            "lam": Fraction(1, 10) / rho,
        }

    steps = tuple(Fraction(1, m) for m in (10, 20, 40))
    claim.limit("shrinkage", path, ridge / root, steps=steps, text="shrinkage tends to its closed form")
    claim.limit("V", path, 0.1 * df2(root) / (1 - df2(root)), steps=steps, text="V tends to its closed form")


@theorem.consequence(
    "slow memory without ridge: $\\kappa$ is explicit; an endless past amplifies noise by $2a/(1-e^{-2a})$"
)
def amplification(claim: Any) -> None:
    a, E, last = sp.symbols("a E last", positive=True)  # E = exp(2a), last = exp(-2ac)
    root = (1 - E * last) / (E - 1)
    claim.identity(Eq((1 + root) / (last + root), E, evaluate=False))  # df1 = log(E)/2a = 1
    root = root.subs(last, 0)
    claim.identity(Eq(1 - (2 * a + root / (1 + root) - 1) / (2 * a), (1 - 1 / E) / (2 * a), evaluate=False))


def _values(quantity: str, counts: tuple[int, ...], **change: Any) -> list[float]:
    return [float(theorem.values(theorem.point("A", N=str(m), **change))[quantity]) for m in counts]


@theorem.consequence(
    "double descent at $N=T$ is there for $\\lambda\\ll\\rho^{2T}$, and not for $\\lambda\\gg\\rho^{2T}$"
)
def double_descent(claim: Any) -> None:
    steps = tuple(Fraction(1, 10**k) for k in (6, 8, 10))
    claim.exponent("V", lambda eps: {"T": 12, "N": 12, "lam": eps}, Fraction(-1, 2), steps=steps)

    def falls(ridge: str) -> bool:
        return bool(np.all(np.diff(_values("risk", (40, 50, 58, 60, 62, 70), lam=ridge)) < 0))

    claim.holds(
        "the risk falls through N = T = 60 at rho = 9/10, lam = 1/100",
        lambda: falls("1/100"),
        wrong={"lam = 1e-8": lambda: falls("1e-8")},
    )


@theorem.consequence(
    "a small ridge leaves a hump at fewer sequences, near the memory $\\log(1/\\lambda)/(2|\\log\\rho|)$"
)
def hump(claim: Any) -> None:
    def peak(ridge: str) -> bool:
        risks = _values("risk", (10, 20, 40, 80, 120, 200), lam=ridge, T="200")
        return int(np.argmax(risks)) == 2 and risks[3] > risks[4] > risks[5]

    claim.holds("T = 200, lam = 1e-6: N = 40", lambda: peak("1e-6"), wrong={"lam = 1/10": lambda: peak("1/10")})


# -- known wrong versions ---------------------------------------------------------------------------------------------

_root, _reversed = MatrixSymbol("R_root", T, T), MatrixSymbol("R_reversed", T, T)
_A = _root * Sigma * _root
_pole = Inverse(_A + kappa * one)
theorem.mutant("weights rho^k", replace={R: _root})
theorem.mutant("time reversed", replace={R: _reversed})
theorem.mutant("no weights: plain ridge", replace={R: one})
theorem.mutant(
    "teacher not transformed", outputs={"B": kappa**2 * r2 * Trace(_pole * _A * _pole * theta * theta.T) / (1 - g2)}
)
theorem.mutant("ridge multiplied by N", equations={kappa: Eq(kappa, N * lam + d * kappa / N * freedom)})
theorem.mutant("kappa = lambda", equations={kappa: Eq(kappa, lam)})
theorem.mutant("no 1/(1 - gamma_2) in the variance", outputs={"V": sig2 * g2})
theorem.mutant("first degrees of freedom for the second", outputs={"gamma_2": d / N * freedom})
theorem.mutant("training ratio not squared", outputs={"train": lam / kappa * sp.Symbol("risk")})
