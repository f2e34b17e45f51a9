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
from theory.regression.effective_ridge import stationary_ridge
from theory.regression.fixed_representation_readout import statement as readout
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
    r2,
    squared_bias,
    statement,
    theorem,
    theta,
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


def _is_readout(change: dict[Any, Any], weights: Any) -> bool:
    """Whether the statement is `fixed-representation-readout` for the features D'u, D = R^{1/2}: exact zero tests."""
    D, white = MatrixSymbol("D", T, T), readout
    features = {white.Sz: D.T * Sigma * D, white.Szu: D.T * Sigma, white.Su: Sigma, white.Theta: r2 * theta * theta.T}
    sizes = {white.m: T, N: N / d}  # every component of the inputs has its own features
    theirs = [eq.xreplace({**features, **sizes, **change}) for eq in system_claims(readout.statement())]
    ours = [lam + d * kappa / N * freedom - kappa, *(sp.Symbol(k) - body for k, body in statement().outputs.items())]
    stated = {g2: statement().outputs["gamma_2"], R: weights(D)}
    named = (x.xreplace({g2: stated[g2]}).xreplace({R: stated[R]}) for x in ours)
    return all(is_zero(x, theirs, matrices={Sigma: "symmetric"}) for x in named)


@theorem.consequence("the network is the readout of a fixed representation: $\\Sigma_z=R^{1/2}\\Sigma R^{1/2}$")
def fixed_representation(claim: Any) -> None:
    square = lambda D: D * D.T  # noqa: E731
    claim.holds(
        "kappa and all errors are those of fixed-representation-readout, R = DD'",
        partial(_is_readout, {}, square),
        wrong={
            "with weights in the features only": partial(_is_readout, {readout.Szu: Sigma}, square),
            "with one sample more": partial(_is_readout, {N: N / d + 1}, square),
            "with R = D": partial(_is_readout, {}, lambda D: D),
        },
    )


@theorem.consequence(
    "white inputs, teacher $\\theta_k^2=r^2\\rho^{2k}$ that fades like the reservoir: "
    "the best ridge is $\\sigma^2d/(Nr^2)$, and no other decay does better"
)
def optimal_ridge(claim: Any) -> None:
    for change in ({"N": "40"}, {"N": "8"}, {"rho": "2/3", "T": "6", "d": "3"}):
        point = theorem.point("A", **{"T": "9", "rho": "1/2", **change})
        point = {**point, "mem": point["rho"]}
        square = 1 / sum(point["rho"] ** (2 * k) for k in range(point["T"]))
        ridge = point["sig2"] * point["d"] / (point["N"] * square)
        claim.minimum("risk", of="lam", at=ridge, point=point)
        claim.minimum("risk", of="rho", at=point["mem"], point={**point, "lam": ridge})

    def matched(teacher: str) -> bool:
        """Whether rho = 7/10 has the least error, each decay with its own best ridge."""
        points = [theorem.point("A", mem=teacher, rho=rho) for rho in ("1/2", "3/5", "7/10", "4/5", "9/10", "1")]
        risks = [float(theorem.values({**p, "lam": Fraction(_best_ridge(p))})["risk"]) for p in points]
        return int(np.argmin(risks)) == 2

    claim.holds(
        "teacher 0.7^k: with the best ridge of each, rho = 7/10 does better than 1/2, 3/5, 4/5, 9/10 and 1",
        lambda: matched("7/10"),
        wrong={f"teacher {x}^k": lambda x=x: matched(x) for x in ("0.6", "0.8")},
    )


def _best_ridge(point: dict[str, Any]) -> float:
    """Where the derivative of the risk in kappa vanishes, white inputs: one equation for kappa, then its ridge."""
    s, theta_2 = (np.array([float(point[name]) ** (2 * k) for k in range(point["T"])]) for name in ("rho", "mem"))
    theta_2 = theta_2 / theta_2.sum()
    noise, samples = float(point["sig2"]), point["N"]

    def slope(kappa: float) -> float:
        p = 1 / (s + kappa)
        error, second = kappa**2 * np.sum(theta_2 * p**2) + noise, np.sum((s * p) ** 2) / samples
        return float(kappa * samples * (1 - second) * np.sum(s * theta_2 * p**3) - error * np.sum(s**2 * p**3))

    return stationary_ridge(slope, s, samples)


@theorem.consequence(
    "white inputs, a teacher that fades faster than the reservoir: the best ridge solves one equation in $\\kappa$; "
    "it is larger, and the error with it is larger too"
)
def another_teacher(claim: Any) -> None:
    for rho in ("9/10", "1"):
        point = theorem.point("A", T="20", rho=rho)
        ridge = Fraction(_best_ridge(point)).limit_denominator(10**9)
        claim.minimum("risk", of="lam", at=ridge, point=point, width=Fraction(1, 20), text=f"best ridge at rho = {rho}")

    def ordered(decays: tuple[str, ...]) -> bool:
        points = [theorem.point("A", rho=rho) for rho in decays]
        ridges = [_best_ridge(p) for p in points]
        risks = [float(theorem.values({**p, "lam": Fraction(x)})["risk"]) for p, x in zip(points, ridges, strict=True)]
        return all(bool(np.all(np.diff(x) > 0)) for x in (ridges, risks))

    claim.holds(
        "teacher 0.7^k: best ridge and least error grow with rho = 7/10, 9/10, 1",
        lambda: ordered(("7/10", "9/10", "1")),
        wrong={"from rho = 1/2": lambda: ordered(("1/2", "7/10", "9/10"))},
    )


@theorem.consequence("longer sequences change nothing: what is left of $V$ falls like $\\rho^{2T}$")
def long_sequences(claim: Any) -> None:
    rho, point = Fraction(4, 5), theorem.point("A", rho="4/5", lam="1/10", N="10")
    forever = float(theorem.values({**point, "T": 120})["V"])
    lengths = {rho ** (2 * length): length for length in (10, 20, 30, 40)}
    claim.exponent(
        "V", lambda eps: {"T": lengths[eps]}, 1, point=point, steps=tuple(lengths), minus=forever,
        text="V less its value for T = 120 ~ rho^(2T)",
    )  # fmt: skip


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
    # without that shift the limit is reached like 1/N
    ridge, df1 = 0.01, sp.lambdify(kappa, _slow(1, 2, kappa)[0])
    root = brentq(lambda k: k * (1 - df1(k)) - ridge, ridge, 1, xtol=1e-15)
    claim.exponent(
        "shrinkage",
        lambda eps: {**path(eps), "T": 2 / eps, "lam": Fraction(1, 100)},
        1,
        steps=steps,
        minus=ridge / root,
        text="the shrinkage of a discrete memory less its limit ~ 1/N, at a = 1, T = 2N, lam = 1/100",
    )


@theorem.consequence(
    "without ridge: for $T<N$ the decay does not matter, $V=\\sigma^2T/(N-T)$; for $T>N$ and slow memory $\\kappa$ is "
    "explicit, and an endless past amplifies noise by $2a/(1-e^{-2a})$"
)
def amplification(claim: Any) -> None:
    a, E, last = sp.symbols("a E last", positive=True)  # E = exp(2a), last = exp(-2ac)
    root = (1 - E * last) / (E - 1)
    claim.identity(Eq((1 + root) / (last + root), E, evaluate=False))  # df1 = log(E)/2a = 1
    root = root.subs(last, 0)
    claim.identity(Eq(1 - (2 * a + root / (1 + root) - 1) / (2 * a), (1 - 1 / E) / (2 * a), evaluate=False))

    def path(length: Any) -> Any:
        def changes(eps: Fraction) -> dict[str, Any]:
            rho = Fraction(float(np.exp(-float(eps)))).limit_denominator(10**12)
            return {"N": 1 / eps, "T": length / eps, "rho": rho, "mem": rho, "lam": Fraction(1, 10**9)}

        return changes

    short = {"T": 8, "N": 24}
    for rho in ("9/10", "1/2"):
        claim.limit("V", lambda eps, rho=rho: {**short, "rho": Fraction(rho), "lam": eps**5}, 0.1 * 8 / 16,
                    text=f"V, T = 8, N = 24, rho = {rho}")  # fmt: skip
    steps = tuple(Fraction(1, m) for m in (4, 8, 16))
    start = (1 - np.exp(-1.0)) / (np.exp(2.0) - 1)  # kappa for a = 1, T = 3N/2
    second = float(_slow(1, sp.Rational(3, 2), kappa)[1].subs(kappa, start))
    claim.limit("V", path(Fraction(3, 2)), 0.1 * second / (1 - second), steps=steps, text="V, a = 1 and T = 3N/2")
    endless = 2 / (1 - np.exp(-2.0)) - 1
    claim.limit("V", path(6), 0.1 * endless, steps=steps, text="V, a = 1 and an endless past (T = 6N)")


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


def _hump(ridge: float, rho: float) -> float:
    """Number of sequences at the maximum of V."""
    level = np.log(1 / ridge) - np.log(rho)
    x = brentq(lambda x: x + np.log(x * x - x + 1) - level, 1.01, level)
    return float((x + 1 / (x - 1)) / (-2 * np.log(rho)))


@theorem.consequence(
    "between the two, $\\rho^{2T}\\ll\\lambda\\ll1$, a hump: $V=\\sigma^2(x-1)^2/x$ at "
    "$2N|\\log\\rho|=x+\\frac1{x-1}$, $x+\\log(x^2-x+1)=\\log\\frac1\\lambda+|\\log\\rho|$"
)
def hump(claim: Any) -> None:
    # with many terms df1 = x/(2|log rho|) + 1/2 and df1 - df2 = 1/(2|log rho|), kappa = exp(-x): up to terms in kappa
    u, x = sp.symbols("u x", positive=True)
    level = x + sp.log(x**2 - x + 1)
    excess = u + (1 - u) / (level + sp.log(u))  # 1 - gamma_2, u = lam/kappa
    place = {u: 1 / (x**2 - x + 1)}
    slope, least = (sp.expand_log(f.subs(place), force=True) for f in (excess.diff(u), excess))
    claim.identity(Eq(slope, 0, evaluate=False), wrong=[u, 1])
    claim.identity(Eq(1 / least - 1, (x - 1) ** 2 / x, evaluate=False))
    samples = 12

    def path(eps: Fraction) -> dict[str, Any]:
        """The maximum is at N = 12 and V is one there."""
        x = Fraction(1 / eps)
        width = (x + 1 / (x - 1)) / samples  # 2|log rho|
        rho, ridge = (
            Fraction(float(value)).limit_denominator(10**15)
            for value in (np.exp(-float(width) / 2), np.exp(float(width / 2 - x)) / float(x**2 - x + 1))
        )
        length = int((x + 16) / width)
        return {"N": samples, "T": length, "rho": rho, "mem": rho, "lam": ridge, "sig2": x / (x - 1) ** 2}

    heights = tuple(Fraction(1, k) for k in (4, 6, 8, 10))
    claim.limit("V", path, 1, steps=heights, text="V at the hump, over sigma^2 (x - 1)^2/x, x = 4, 6, 8, 10")

    def peak(shift: int) -> bool:
        points = [{**theorem.point("A"), **path(eps)} for eps in heights]
        found = [[float(theorem.values({**p, "N": samples + shift + k})["V"]) for k in (-1, 0, 1)] for p in points]
        return all(low < top > high for low, top, high in found)

    claim.holds(
        "V is largest there", lambda: peak(0), wrong={f"{k:+d} sequences": lambda k=k: peak(k) for k in (-1, 1)}
    )
    tries = (("1e-4", 29), ("1e-6", 46), ("1e-10", 83))

    def risk_peaks(where: Any) -> bool:
        for ridge, _ in tries:
            top = round(where(float(ridge)))
            risks = _values("risk", (top - 1, top, top + 1), lam=ridge, T="150")
            if not risks[0] < risks[1] > risks[2]:
                return False
        return True

    claim.holds(
        "T = 150, rho = 9/10: the risk has its maximum at N = 29, 46, 83 for lam = 1e-4, 1e-6, 1e-10",
        lambda: all(round(_hump(float(r), 0.9)) == top for r, top in tries) and risk_peaks(lambda r: _hump(r, 0.9)),
        wrong={"at the memory log(1/lam)/(2|log rho|)": lambda: risk_peaks(lambda r: np.log(1 / r) / -np.log(0.81))},
    )

    def falls(ridge: str) -> bool:
        risks = _values("risk", (5, 10, 20, 30, 40, 60, 80), lam=ridge, T="80")
        return bool(np.all(np.diff(risks) < 0))

    claim.holds(
        "no hump for lam = 1/10: the risk falls from N = 5 to T = 80",
        lambda: falls("1/10"),
        wrong={"lam = 1/1000": lambda: falls("1/1000")},
    )
