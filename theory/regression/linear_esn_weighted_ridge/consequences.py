"""Linear echo-state network: ridge regression with fading weights: consequences."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from sympy import Eq, MatrixSymbol

from rmtsym.field.finite import is_zero
from rmtsym.theorem.exact import system_claims
from theory.regression.linear_esn_weighted_ridge.statement import (
    G,
    N,
    R,
    Sigma,
    T,
    d,
    freedom,
    g2,
    kappa,
    lam,
    one,
    squared_bias,
    statement,
    theorem,
)
from theory.regression.ridge_anisotropic import statement as anisotropic


def _is_ridge(change: dict[Any, Any], covariance: MatrixSymbol, signal: Any, samples: Any = N) -> bool:
    """Whether the statement after a change is `ridge-anisotropic` with this covariance: exact zero tests.

    G is the squared signal of that theorem, ``signal`` what it makes of the squared coefficients of the inputs.
    """
    nu, s, b, c = (getattr(anisotropic, name) for name in ("nu", "s", "b", "c"))
    ridge = anisotropic.statement()[0].systems[0]
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
