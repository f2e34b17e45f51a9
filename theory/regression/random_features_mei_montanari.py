r"""Nonlinear random features: :math:`\nu_1=\psi_1\big(-\xi-\nu_2-\tfrac{\zeta^2\nu_2}{1-\zeta^2\nu_1\nu_2}\big)^{-1}`.

Ridge regression on :math:`\sigma(\Theta x/\sqrt d)`.  The statement is typed as Mei and Montanari published it; the
derivation reaches it from the Gaussian equivalent of the features by the engine, with five product pencils.
On the imaginary axis :math:`\nu_j=i|\nu_j|`: the unknowns below are the moduli.
"""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.matrix import Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Choice, Parameter, Quantity, Theorem, get, predict
from rmtsym.theorem.certified import certified
from theory.regression.left_out_features import FEATURES, SAMPLES, Fit, harmonics

ACTIVATIONS = ("relu", "tanh", "sign", "erf")

theorem = Theorem(
    id="random-features-mei-montanari",
    title="Ridge regression on nonlinear random features",
    family="regression",
    references=(
        "S. Mei, A. Montanari (2022), The generalization error of random features regression: precise asymptotics and "
        "the double descent curve, Communications on Pure and Applied Mathematics 75, arXiv:1908.05355",
        "B. Adlam, J. Pennington (2020), The neural tangent kernel in high dimensions: triple descent and a "
        "multi-scale theory of generalization, arXiv:2008.06786",
        "H. Hu, Y. M. Lu (2022), Universality laws for high-dimensional learning with random features, "
        "arXiv:2009.07669",
    ),
    assumptions=(
        r"$n$ samples $x_i$ and $N$ weights $\theta_a$ in $\mathbb R^d$, independent, uniform on the sphere of radius "
        r"$\sqrt d$; $N/d\to\psi_1$, $n/d\to\psi_2$",
        r"$y_i=\beta^{\sf T}x_i+f_{\mathrm{NL}}(x_i)+\varepsilon_i$, $|\beta|=F_1$; $f_{\mathrm{NL}}$ an isotropic "
        r"Gaussian process without constant and linear part, of variance $F_*^2$; noise of variance $\tau^2$",
        r"$\hat f(x)=\sum_a\hat a_a\sigma(\theta_a^{\sf T}x/\sqrt d)$, $\hat a$ minimises "
        r"$\frac1n\sum_i(y_i-\hat f(x_i))^2+\frac{N\lambda}{d}|a|^2$",
        r"$\mu_0=E\sigma(g)$, $\mu_1=Eg\sigma(g)\ne0$, $\mu_*^2=E\sigma(g)^2-\mu_0^2-\mu_1^2>0$; $\lambda>0$",
    ),
    parameters=(
        Parameter("act", "activation", Choice("activation", *ACTIVATIONS), r"\sigma", default="relu"),
        Parameter("psi1", "features per dimension", POSITIVE, r"\psi_1"),
        Parameter("psi2", "samples per dimension", POSITIVE, r"\psi_2"),
        Parameter("lam", "ridge", POSITIVE, r"\lambda"),
        Parameter("F1", "norm of the linear part of the target", NON_NEGATIVE, "F_1", default="1"),
        Parameter("tau2", "variance of the noise", NON_NEGATIVE, r"\tau^2"),
        Parameter("Fs2", "variance of the nonlinear part of the target", NON_NEGATIVE, "F_*^2", default="0"),
    ),
    quantities=(
        Quantity("chi", "product of the two traces", r"\chi"),
        Quantity("E0", "denominator of both errors", "E_0", observable=False),
        Quantity("E1", "numerator of the first", "E_1", observable=False),
        Quantity("E2", "numerator of the second", "E_2", observable=False),
        Quantity("B", "error on the linear part of the target, for F_1 = 1", "B"),
        Quantity("V", "variance for noise of unit variance", "V"),
        Quantity("R", "risk, without noise of the test point", "R"),
        Quantity("train", "training error", r"E_{\mathrm{train}}"),
    ),
    points={
        "A": {"act": "relu", "psi1": "0.5", "psi2": "2", "lam": "0.01", "tau2": "0.2"},
        "B": {"act": "relu", "psi1": "3", "psi2": "1.5", "lam": "0.001", "tau2": "0.2"},
        "C": {"act": "tanh", "psi1": "1", "psi2": "1", "lam": "0.1", "tau2": "0.5"},
        "D": {"act": "relu", "psi1": "2", "psi2": "3", "lam": "0.05", "tau2": "0.1", "Fs2": "0.5"},
    },
    uses=("ridge-anisotropic", "marchenko-pastur"),
)

# -- statement --------------------------------------------------------------------------------------------------------

psi1, psi2, lam, F1, tau2, Fs2 = sp.symbols("psi1 psi2 lam F1 tau2 Fs2", positive=True)
mu0, mu1, mus, nu1, nu2, zeta, xi = sp.symbols("mu0 mu1 mu_star nu1 nu2 zeta xi", positive=True)
chi, E0, E1, E2, B, V, R = sp.symbols("chi E0 E1 E2 B V R")


def polynomials(x: sp.Expr, z: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """E0, E1, E2 of Mei and Montanari, Definition 1, at x = chi and z = zeta."""
    p, q = psi1, psi2
    e0 = (
        -(x**5) * z**6
        + 3 * x**4 * z**4
        + (p * q - q - p + 1) * x**3 * z**6
        - 2 * x**3 * z**4
        - 3 * x**3 * z**2
        + (p + q - 3 * p * q + 1) * x**2 * z**4
        + 2 * x**2 * z**2
        + x**2
        + 3 * p * q * x * z**2
        - p * q
    )
    e1 = q * x**3 * z**4 - q * x**2 * z**2 + p * q * x * z**2 - p * q
    e2 = (
        x**5 * z**6
        - 3 * x**4 * z**4
        + (p - 1) * x**3 * z**6
        + 2 * x**3 * z**4
        + 3 * x**3 * z**2
        + (-p - 1) * x**2 * z**4
        - 2 * x**2 * z**2
        - x**2
    )
    return e0, e1, e2


@theorem.statement
def statement() -> FixedPointSystem:
    e0, e1, e2 = polynomials(chi, zeta)
    shared = 1 + zeta**2 / (1 + zeta**2 * nu1 * nu2)
    return FixedPointSystem(
        unknowns=(Unknown(nu1, meaning="modulus of nu_1"), Unknown(nu2, meaning="modulus of nu_2")),
        equations=(Eq(nu1, psi1 / (xi + nu2 * shared)), Eq(nu2, psi2 / (xi + nu1 * shared))),
        outputs={
            "chi": -nu1 * nu2,
            "E0": e0,
            "E1": e1,
            "E2": e2,
            "B": E1 / E0,
            "V": E2 / E0,
            "R": F1**2 * B + (tau2 + Fs2) * V + Fs2,
            "train": (xi * nu2 / psi2) ** 2 * (R + tau2),
        },
        continuation=Continuation(xi, sp.Integer(10**4), {nu1: psi1 / xi, nu2: psi2 / xi}),
    )


DIGITS = 60  # of the moments of the activation


@lru_cache(maxsize=16)
def coefficients(act: str) -> tuple[Any, Any, Any]:
    """Balls of mu_0, mu_1 and mu_*."""
    function = activation(act)
    mean, slope = (hermite_coefficient(function, k).value(digits=DIGITS).ball for k in (0, 1))
    square = expectation(function * function, 1).value(digits=DIGITS).ball
    with precision(4 * DIGITS):
        return mean, slope, (square - mean * mean - slope * slope).sqrt()  # a power of a ball around zero is undefined


@theorem.binding
def binding(act: str, psi1: Any, psi2: Any, lam: Any) -> dict[str, Any]:
    """Gaussian moments of the activation, slope and ridge of the features over mu_*."""
    mean, slope, star = coefficients(act)
    product = psi1 * psi2 * lam
    with precision(4 * DIGITS):
        root = (arb(product.numerator) / product.denominator).sqrt()
        return {"mu0": mean, "mu1": slope, "mu_star": star, "zeta": slope / star, "xi": root / star}


# -- derivation -------------------------------------------------------------------------------------------------------

rho = sp.Symbol("rho", positive=True)


def equivalents() -> Equivalent:
    r"""The engine on the Gaussian equivalent: features :math:`F=W X+\Xi` over :math:`\mu_*\sqrt d`, ridge rho.

    ``W`` is zeta times the weights, ``a = F K y`` the readout; ``Sigma = W W' + 1`` the covariance of a test feature.
    """
    d, features, samples = Space("d"), Space("N", psi1), Space("n", psi2)
    X, W = Gaussian("X", d, samples), Gaussian("W", features, d, zeta**2)
    F = W @ X + Gaussian("Xi", features, samples)
    K = inverse(F.T @ F + rho)
    Sigma, readout = W @ W.T + 1, F @ K
    return deterministic_equivalent(
        {
            "trace": K,
            "square": K @ K,
            "signal": X @ K @ K @ X.T,
            "overlap": W.T @ readout @ X.T,
            "size": X @ readout.T @ Sigma @ readout @ X.T,
            "spread": readout.T @ Sigma @ readout,
        }
    )


@theorem.derivation
def derivation(proof: Any) -> None:
    """Gaussian equivalent of the features, six traces by the engine, the published polynomials by elimination."""
    trace, square, signal, overlap, size, spread = sp.symbols("trace square signal overlap size spread")
    moments = []
    for name in ("relu", "sign", "erf"):
        found = {
            sp.Symbol(f"mu_1_{name}"): hermite_coefficient(name, 1),
            sp.Symbol(f"second_{name}"): expectation(activation(name) * activation(name), 1),
        }
        claims = [Eq(symbol, moment.expr) for symbol, moment in found.items()]
        moments.append(proof.moment(f"moments of {name}", claims, "slope and square", check=certified(found)))
    gaussian = proof.assume(
        "Gaussian equivalent",
        "the features act as mu_0 1 + mu_1 Theta x/sqrt(d) + mu_* xi, and the direction of the mean does not count; "
        "f_NL acts as noise",
        "S. Mei, A. Montanari (2022), Theorem 2; H. Hu, Y. M. Lu (2022), Theorem 1",
        uses=moments,
    )
    m, k = sp.symbols("m k", integer=True, positive=True)
    F, y, one, r = sp.MatrixSymbol("F", m, k), sp.MatrixSymbol("y", k, 1), sp.Identity, sp.Symbol("r", positive=True)
    K = sp.Inverse(F.T * F + r * one(k))
    normal = proof.identity(
        "normal equations",
        Eq((F * F.T + r * one(m)) * F * K * y, F * y, evaluate=False),
        "the readout is a = F K y, K = (F'F + rho)^{-1}",
    )
    residual = proof.identity(
        "residuals", Eq(y - F.T * F * K * y, r * K * y, evaluate=False), "y - F'a = rho K y", uses=[normal]
    )
    scale = proof.define(Eq(rho, psi1 * psi2 * lam / mus**2), "ridge (N lambda/d)(n/d) in units of mu_*^2")
    root = proof.define(Eq(xi, sp.sqrt(psi1 * psi2 * lam) / mus), "modulus of the published xi")
    engine = proof.engine(
        "six traces", equivalents(), "rational in three Gaussian matrices", uses=[gaussian, normal, residual]
    )

    first = proof.define(Eq(nu1, xi * (psi2 * trace + (psi1 - psi2) / rho)), "xi tr (FF' + rho)^{-1}/d")
    second = proof.define(Eq(nu2, xi * psi2 * trace), "xi tr (F'F + rho)^{-1}/d")
    product = proof.define(Eq(chi, -nu1 * nu2), "nu_1 nu_2")
    named = [
        proof.define(Eq(name, polynomial), "polynomial of the published form")
        for name, polynomial in zip((E0, E1, E2), polynomials(chi, zeta), strict=True)
    ]
    bias = proof.define(Eq(B, 1 - 2 * overlap + size), "|x'beta - a'z|^2 for y = X'beta, averaged over beta and x")
    variance = proof.define(Eq(V, psi2 * spread), "a' Sigma a for white noise")
    risk = proof.define(Eq(R, F1**2 * B + (tau2 + Fs2) * V + Fs2), "f_NL is also missing in the prediction")
    error = proof.define(
        Eq(sp.Symbol("train"), rho**2 * (F1**2 * signal / psi2 + (tau2 + Fs2) * square)), "rho^2 |K y|^2 / n"
    )
    proof.conclude(
        "eliminate the unknowns of the engine",
        uses=[scale, root, engine, first, second, product, *named, bias, variance, risk, error],
    )


# -- experiment -------------------------------------------------------------------------------------------------------


def observed(*controls: Control, curvature: float, chi: float = 0.0, train: float = 0.0) -> tuple[Statistic, ...]:
    """The traces, with controls; ``curvature`` bounds the relative 1/d^2 terms, ``chi`` and ``train`` larger ones.

    Measured at d = 32, 64, 128 with two seeds (A and C with one), errors included: at A up to 7, and 16 for chi; at B
    up to 7, and 27 for the training error; at C up to 2, and 4 with signs; at D up to 4.  Where the ridge is small, at
    B, the training error is 3e-4, and its allowance leaves 0.75 %.
    """
    plan = {"chi": chi or curvature, "B": curvature, "V": curvature, "R": curvature, "train": train or curvature}
    return tuple(
        Statistic(name, controls=controls, curvature=bound, resolution=0.0075 if name == "train" and train else None)
        for name, bound in plan.items()
    )


BOTH = (*SAMPLES, *FEATURES)
AT_C = observed(*BOTH, curvature=3.0)
SIGNS = observed(*FEATURES, curvature=6.0)


# Sizes far apart: the error of the extrapolation needs them.  Samples of signs have less controls.
@theorem.experiment(points=("C",), sizes=(64, 256), statistics=AT_C, first_look=(128, 64))
@theorem.experiment(points=("C",), sizes=(64, 256), statistics=SIGNS, laws=("rad",), first_look=(256, 128))
@theorem.experiment(points=("D",), sizes=(48, 144), statistics=observed(*BOTH, curvature=6.0), first_look=(128, 64))
@theorem.experiment(
    points=("A",), sizes=(64, 256), statistics=observed(*BOTH, curvature=8.0, chi=20.0), first_look=(128, 64)
)
@theorem.experiment(
    points=("B",), sizes=(80, 240), statistics=observed(*BOTH, curvature=8.0, train=30.0), first_look=(128, 64)
)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Errors given samples and weights, averaged exactly over noise, target and test point, all on the sphere."""
    act, d = point["act"], size
    features, samples = int(point["psi1"] * d), int(point["psi2"] * d)
    weights, x = entries(rng, (features, d)), entries(rng, (samples, d), law)
    for rows in (weights, x):  # on the sphere; signs are there already
        rows *= np.sqrt(d) / np.linalg.norm(rows, axis=1, keepdims=True)
    arguments = weights @ x.T / np.sqrt(d)
    ridge = float(point["psi1"] * point["psi2"] * point["lam"])
    linear, noise, nonlinear = (float(point[name]) for name in ("F1", "tau2", "Fs2"))
    fit = Fit(weights, x, activation(act)(arguments) / np.sqrt(d), act, ridge)
    K, star, trace = fit.K, float(coefficients(act)[2]), float(np.trace(fit.K))
    risk = linear**2 * fit.B + noise * fit.V
    residual = linear**2 * float(np.trace(fit.KYK)) + noise * fit.square
    if nonlinear:  # the process (x'Gx - tr G)/d with Gaussian G: its covariance, and that with the features
        covariance = fit.Y**2 - 1 / d
        with_features = harmonics(act, d).means[2] * (arguments**2 - 1) / d**1.5
        fitted = np.vdot(fit.S, covariance) - 2 * np.vdot(fit.A, with_features)
        risk += nonlinear * (1 - 1 / d + float(fitted))
        residual += nonlinear * float(np.vdot(K @ covariance, K))
    return {
        "chi": -ridge * star**2 * trace * (trace + (features - samples) / ridge) / d**2,
        "B": fit.B,
        "V": fit.V,
        "R": risk,
        "train": residual * ridge**2 / samples,
        **fit.features(),
        **(fit.samples() if law == "gauss" else {}),
    }


# -- consequences -----------------------------------------------------------------------------------------------------


def two_stage(point: dict[str, Any], nodes: int = 400, atom: bool = True) -> dict[str, float]:
    """Ridge regression on a fixed representation of covariance mu_1^2 h + mu_*^2, averaged over the law of h.

    The h are the eigenvalues of Theta'Theta/d, of Marchenko-Pastur law: midpoint rule in the angle.
    """
    from scipy.optimize import brentq

    _, slope, star = (float(x) for x in coefficients(point["act"]))
    p, q, ridge = (float(point[name]) for name in ("psi1", "psi2", "lam"))
    angle = (np.arange(nodes) + 0.5) * np.pi / nodes
    h = 1 + p + 2 * np.sqrt(p) * np.cos(angle)
    weight = 2 * p * np.sin(angle) ** 2 / h / nodes
    a, b = slope**2 * h, star**2
    rest, zero = max(p - 1, 0.0), max(1 - p, 0.0) * atom

    def freedom(kappa: float, power: int) -> float:
        return float(weight @ ((a + b) / (a + b + kappa)) ** power + rest * (b / (b + kappa)) ** power) / q

    kappa = brentq(lambda k: k * (1 - freedom(k, 1)) - p * ridge, p * ridge, p * ridge + 10 * p, xtol=1e-15, rtol=1e-15)
    gain = 1 / (1 - freedom(kappa, 2))
    error = float(weight @ (((b + kappa) ** 2 + a * b) / (a + b + kappa) ** 2)) + zero
    return {"B": error * gain, "V": gain - 1}


@theorem.consequence("two stages: ridge regression on a representation that is itself random, averaged over its law")
def representation(claim: Any) -> None:
    def same(**changes: Any) -> bool:
        gaps = []
        for name in ("A", "B", "C", "D"):
            values, other = theorem.values(theorem.point(name)), two_stage(theorem.point(name), **changes)
            gaps += [abs(other[k] / float(values[k]) - 1) for k in other]
        return max(gaps) < 1e-10

    claim.holds("B and V to ten digits", same, wrong={"without the atom at zero": lambda: same(atom=False)})


@theorem.consequence("infinitely many features: kernel ridge regression, linear with an implicit ridge $\\mu_*^2$")
def kernel_limit(claim: Any) -> None:
    # kernel mu_1^2 x'x/d + mu_*^2 and ridge psi_2 lam: ridge regression with (psi_2 lam + mu_*^2)/(psi_2 mu_1^2)
    slope, star = sp.Rational(1, 2), sp.sqrt(sp.Rational(1, 4) - 1 / (2 * sp.pi))
    implicit = (2 * sp.Rational(1, 100) + star**2) / (2 * slope**2)
    point = {"s": "1", "w": "1", "q": "1", "r2": "1", "sig2": "1", "c": "1/2", "lam": str(sp.N(implicit, 20))}
    values = predict(get("ridge-anisotropic"), point)
    for name in ("B", "V"):
        claim.limit(name, lambda eps: {"psi1": 1 / eps}, float(values[name]))


@theorem.consequence("infinitely many samples: what is left is the error of approximation by the features")
def population_limit(claim: Any) -> None:
    # h/psi_1 has the Marchenko-Pastur law of ratio 1/psi_1; mean of r/(h + r), r = (mu_*/mu_1)^2
    r = 4 * (sp.Rational(1, 4) - 1 / (2 * sp.pi))
    values = predict(get("marchenko-pastur"), {"c": "2", "lam": str(sp.N(2 * r, 20))}, quantities=["m_neg_lam"])
    limit = float(2 * r) * float(values["m_neg_lam"])
    claim.limit("B", lambda eps: {"psi2": 1 / eps, "lam": eps}, limit)
    claim.limit("V", lambda eps: {"psi2": 1 / eps, "lam": eps}, 0, scale=1.0)


@theorem.consequence(
    "double descent: without ridge the risk diverges at $N=n$ like $1/|N-n|$, with it like $1/\\sqrt\\lambda$"
)
def double_descent(claim: Any) -> None:
    for side in (1, -1):
        claim.exponent("R", lambda eps, side=side: {"psi1": 2 + side * eps, "lam": "1e-16"}, -1)
    claim.exponent("R", lambda eps: {"psi1": 2, "lam": eps**2}, -1, text="R ~ lam^{-1/2} at psi1 = psi2")


# -- wrong versions ---------------------------------------------------------------------------------------------------

_mean = sp.sqrt(mus**2 + mu0**2) / mus
theorem.mutant("mu_* with the mean left in", replace={zeta: zeta / _mean, xi: xi / _mean})
theorem.mutant("mu_1 and mu_* swapped", replace={zeta: 1 / zeta, xi: xi / zeta})
theorem.mutant("nonlinearity as a linear map, no noise of the features", replace={zeta: 1000 * zeta, xi: 1000 * xi})
theorem.mutant("noise of the test point counted", outputs={"R": F1**2 * B + (tau2 + Fs2) * (1 + V)})
theorem.mutant("lam for psi1 lam", replace={xi: xi / sp.sqrt(psi1)})
theorem.mutant("lambda for its root", replace={xi: xi**2})
theorem.mutant("psi1 and psi2 swapped", replace={psi1: psi2, psi2: psi1})
theorem.mutant("nonlinear part of the target forgotten", replace={Fs2: sp.S.Zero})
