"""Ridge regression on random Fourier features: consequences."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Inverse, Trace

from rmtsym.equivalent import explicit_equivalent
from rmtsym.field.finite import is_zero
from rmtsym.fixedpoint import solve
from rmtsym.gaussian import AA, AB, BB, kernel_expression
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem import get
from rmtsym.theorem.exact import system_claims
from theory.regression.random_fourier_regression.kernels import load, source
from theory.regression.random_fourier_regression.statement import (
    Cc,
    Cs,
    Hc,
    Hs,
    Kc,
    Ks,
    Nc,
    Ns,
    Qbar,
    form,
    kc,
    ks,
    lam,
    n,
    nh,
    one,
    statement,
    theorem,
    y,
    yh,
)

SMALL = {"p": 16, "n": 32, "nh": 16, "N": 16}


@theorem.consequence("cosines and sines together have the Gaussian kernel")
def gaussian_kernel(claim: Any) -> None:
    both = kernel_expression("cos") + kernel_expression("sin")
    claim.identity(Eq(both, sp.exp(-(AA - 2 * AB + BB) / 2), evaluate=False))


@theorem.consequence("the two kernels are rows of the table of Gaussian random features")
def table_of_kernels(claim: Any) -> None:
    norms = sp.symbols("norm_x norm_y cos_angle", real=True)
    x, y, angle = norms
    rows = {r.name: r.systems[0].outputs["kernel"] for r in get("rf-gaussian-kernel-closed-forms").regimes()}
    for name, other in (("cos", "sin"), ("sin", "cos")):
        row = rows[name].xreplace({s: n for s in rows[name].free_symbols for n in norms if s.name == n.name})
        ours = [kernel_expression(k).subs({AA: x**2, BB: y**2, AB: x * y * angle}) for k in (name, other)]
        claim.identity(Eq(row, ours[0], evaluate=False), wrong=[ours[1], ours[0].subs(x, 2 * x)])


@theorem.consequence("tested on the training data themselves, the test error is the training error")
def same_data(claim: Any) -> None:
    outputs = statement().outputs
    on_training = {Cc: Kc, Cc.T: Kc, Cs: Ks, Cs.T: Ks, Hc: Kc, Hs: Ks, yh: y, yh.T: y.T, nh: n}  # kernels are symmetric
    w = {sp.Symbol(name): outputs[name].xreplace(on_training) for name in ("w_cos", "w_sin")}
    q = {sp.Symbol(name): outputs[name].xreplace(w) for name in ("q_cos", "q_sin")}
    test = outputs["test"].xreplace(on_training).xreplace(q)

    def same(train: Any, test: Any) -> bool:
        return bool(is_zero(train - test, system_claims(statement())))

    claim.holds(
        "E_test = E_train for the training data themselves: exact zero test",
        lambda: same(outputs["train"], test),
        wrong={
            "twice": lambda: same(outputs["train"], 2 * test),
            "without the responses": lambda: same(lam**2 / n * form(Qbar * Qbar), test),
            "with the responses of white labels": lambda: same(outputs["trQ2"], test),
        },
    )


@theorem.consequence("degrees of freedom: what the features explain and what the ridge keeps add up to one per sample")
def freedom(claim: Any) -> None:
    trQ, dc, ds = sp.symbols("trQ dcos dsin")
    claim.identity(Eq(lam * trQ, 1 - Nc / n * dc / (1 + dc) - Ns / n * ds / (1 + ds), evaluate=False))


@theorem.consequence("many neurons: ridge regression with the Gaussian kernel")
def many_neurons(claim: Any) -> None:
    bound = theorem.bound(theorem.point(**SMALL))
    K, C = (sum(bound[f"{k}_{name}"].floats() for name in ("cos", "sin")) for k in "KC")
    alpha = np.linalg.solve(K + 0.1 * np.eye(len(K)), bound["y"])

    def path(eps: Fraction) -> dict[str, Any]:
        return {**SMALL, "N": SMALL["n"] / eps, "lam": 1 / (10 * eps)}

    claim.limit("train", path, np.mean((0.1 * alpha) ** 2), text="train, N = n/eps and the ridge N/(10n)")
    claim.limit("test", path, np.mean((bound["yh"] - C.T @ alpha) ** 2), text="test, the same")


def _limit(quantity: str, neurons: int, *, below: bool) -> float:
    """Its value at vanishing ridge: below the transition kappa/lam solves the equations with ridge one and n = 0."""
    system = statement()
    scaled = tuple(Eq(k, m / Trace(K * Qbar)) for k, m, K in ((kc, Nc, Kc), (ks, Ns, Ks)))
    if below:
        system = replace(system, equations=scaled)
    bound = theorem.bound(theorem.point(**{**SMALL, "N": neurons, "lam": 1}))
    return float(solve(system, {**bound, "lam": 1.0 if below else 0.0})[quantity])


@theorem.consequence(
    "a phase transition at $2N=n$: the loads grow like $1/\\lambda$ below, $\\lambda^{-1/2}$ at, and stay above"
)
def transition(claim: Any) -> None:
    for neurons, power in ((8, -1), (16, Fraction(-1, 2)), (32, 0)):
        for quantity in ("dcos", "dsin"):
            claim.exponent(
                quantity,
                lambda eps, neurons=neurons: {**SMALL, "N": neurons, "lam": eps},
                power,
                steps=(Fraction(1, 10**4), Fraction(1, 10**6), Fraction(1, 10**8)),
                text=f"{quantity} ~ lam^({power}) at 2N = {2 * neurons}, n = 32",
            )
    for quantity in ("dcos", "dsin"):
        claim.limit(quantity, lambda eps: {**SMALL, "N": 32, "lam": eps}, _limit(quantity, 32, below=False))
    # below the transition the ridge keeps one degree of freedom for each sample that has no feature
    claim.limit(
        "trQ2",
        lambda eps: {**SMALL, "N": 8, "lam": eps**2},
        Fraction(1, 2),
        text="lam^2 trQ^2/n tends to 1 - 2N/n at 2N = 16, n = 32",
    )
    # kappa/lambda has a limit there, the root of the same equations with ridge one, at lambda = 0
    scaled = [sp.Symbol(f"scaled_{name}", positive=True) for name in ("cos", "sin")]
    inside = Inverse(scaled[0] * Kc + scaled[1] * Ks + one)
    relations = [Eq(k, lam * x) for k, x in zip((kc, ks), scaled, strict=True)]
    for x, m, K in zip(scaled, (Nc, Ns), (Kc, Ks), strict=True):
        claim.identity(Eq(m / x, n * lam + Trace(K * inside), evaluate=False), uses=relations)


@theorem.consequence("without ridge the training error vanishes if and only if $2N\\ge n$")
def interpolation(claim: Any) -> None:
    steps = tuple(Fraction(1, 10**k) for k in (4, 6, 8, 10))
    for neurons, power in ((24, 2), (16, Fraction(1, 2))):
        claim.exponent(
            "train",
            lambda eps, neurons=neurons: {**SMALL, "N": neurons, "lam": eps},
            power,
            steps=steps,
            text=f"train ~ lam^({power}) at 2N = {2 * neurons}, n = 32",
        )
    for quantity in ("train", "test"):
        claim.limit(
            quantity,
            lambda eps: {**SMALL, "N": 8, "lam": eps**2},
            _limit(quantity, 8, below=True),
            text=f"{quantity} has a positive limit at 2N = 16: that of the equations for kappa/lam",
        )
    claim.limit("test", lambda eps: {**SMALL, "N": 24, "lam": eps**2}, _limit("test", 24, below=False))


@theorem.consequence(
    "double descent: without ridge the test error diverges like $1/|2N-n|$, at $2N=n$ like $\\lambda^{-1/2}$"
)
def double_descent(claim: Any) -> None:
    @lru_cache
    def beside(offset: int) -> dict[str, Any]:
        return theorem.values(theorem.point(p=64, n=128, nh=64, N=64 + offset, lam="1e-9"))

    def slope(quantity: str, side: int) -> float:
        """Local exponent in |2N - n| between the two points nearest to the transition, n = 128."""
        near, far = (float(beside(side * k)[quantity]) for k in (1, 2))
        return float(np.log2(far / near))

    for side, relation in ((1, ">"), (-1, "<")):
        for quantity, power in (("test", -1), ("gap", 1)):

            def close(to: float, quantity: str = quantity, side: int = side) -> bool:
                return abs(slope(quantity, side) - to) < 0.05

            claim.holds(
                f"{quantity} ~ |2N - n|^({power}) for 2N {relation} n",
                lambda close=close, power=power: close(power),
                wrong={f"exponent {x}": lambda close=close, x=x: close(x) for x in (power - 0.1, power + 0.1)},
            )
    narrow = (Fraction(1, 10**2), Fraction(1, 10**3), Fraction(1, 10**5))
    claim.exponent("test", lambda eps: {**SMALL, "lam": eps**2}, -1, steps=narrow, text="test ~ lam^(-1/2) at 2N = n")


def by_the_engine(point: dict[str, Any], scale: float = 1.0, *, loads: bool = False) -> dict[str, float]:
    """The quantities (or only tr Q and the loads) from the engine.

    For Gaussian rows whose covariances are the two kernels at all data together.
    """
    bound, count, held = theorem.bound(point), point["n"], point["nh"]
    ridge = float(point["lam"])
    matrices: dict[str, np.ndarray] = {}
    train, test, everything = (
        Space(name, Fraction(m, count)) for name, m in (("n", count), ("h", held), ("a", count + held))
    )
    S, Sh = [], []
    for i, name in enumerate(("cos", "sin")):
        K, C, H = (bound[f"{k}_{name}"].floats() for k in "KCH")
        values, vectors = np.linalg.eigh(np.block([[K, C], [C.T, H]]))
        root = (vectors * np.sqrt(np.maximum(values, 0))) @ vectors.T * (scale if i else 1.0)
        matrices |= {f"R{i}": root[:, :count], f"L{i}": root[:, count:]}
        Z = Gaussian(f"Z{i}", Space("N", Fraction(point["N"], count)), everything)
        S.append(Z @ Deterministic(f"R{i}", everything, train))
        Sh.append(Z @ Deterministic(f"L{i}", everything, test))
    Q = inverse(S[0].T @ S[0] + S[1].T @ S[1] + sp.Symbol("lam", positive=True))
    first = explicit_equivalent(Q, matrices, {"lam": ridge}).matrix.real
    traces = {
        "trQ": float(np.trace(first)) / count,
        "dcos": float(np.sum(bound["K_cos"].floats() * first)) / count,
        "dsin": float(np.sum(bound["K_sin"].floats() * first)) / count,
    }
    if loads:
        return traces
    K = S[0].T @ Sh[0] + S[1].T @ Sh[1]
    squared, predicted = (
        explicit_equivalent(e, matrices, {"lam": ridge}).matrix.real for e in (Q @ Q, Q @ K @ K.T @ Q)
    )
    prediction = explicit_equivalent(
        Q @ K @ Deterministic("W", test, train), matrices | {"W": np.eye(held, count)}, {"lam": ridge}
    )
    a, b = bound["y"], bound["yh"]
    linear = float((a.T @ prediction.matrix.real[:, :held] @ b)[0, 0])
    return {
        **traces,
        "trQ2": ridge**2 * float(np.trace(squared)) / count,
        "train": ridge**2 * float((a.T @ squared @ a)[0, 0]) / count,
        "test_noise": float(np.trace(predicted)) / held,
        "test": float((b.T @ b)[0, 0] - 2 * linear + (a.T @ predicted @ a)[0, 0]) / held,
    }


@theorem.consequence("the engine, given the two kernel matrices themselves, finds the same numbers")
def engine(claim: Any) -> None:
    point = theorem.point(p=6, n=12, nh=8, N=8, lam="1/10")

    def agrees(scale: float, *, loads: bool = False) -> bool:
        values, found = theorem.values(point), by_the_engine(point, scale, loads=loads)
        return all(abs(float(values[k]) / x - 1) < 1e-9 for k, x in found.items())

    claim.holds(
        "seven quantities to nine digits, n = 12",
        lambda: agrees(1.0),
        wrong={"with one per mille more sine": lambda: agrees(1.001, loads=True)},
    )


@theorem.consequence("the features see differences of data only; the formulas need data without a large common part")
def shifted(claim: Any) -> None:
    # a common vector turns every pair (cos, sin) by the same angle, of half tangent t
    t, ca, sa, cb, sb = sp.symbols("t cos_a sin_a cos_b sin_b")
    cos, sin = (1 - t**2) / (1 + t**2), 2 * t / (1 + t**2)
    turned = (ca * cos - sa * sin) * (cb * cos - sb * sin) + (sa * cos + ca * sin) * (sb * cos + cb * sin)
    claim.identity(Eq(turned, ca * cb + sa * sb, evaluate=False))

    def moved(shift: str) -> float:
        near, far = (float(theorem.values(theorem.point("D", shift=x))["dsin"]) for x in ("0", shift))
        return abs(far / near - 1)

    claim.holds(
        "data moved by a vector of length 3: another dsin, although nothing has changed",
        lambda: moved("3") > 0.1,
        wrong={"moved by 1/100": lambda: moved("1/100") > 0.1},
    )


@theorem.consequence(
    "digits with little ridge, $2N>n$: the training error is above the theory, and more of them, "
    "of the same dimension, do not help"
)
def fixed_dimension(claim: Any) -> None:
    def excess(n: int, draws: int, **change: Any) -> float:
        """Mean training error of draws of the weights over the theory, less one, at 2N = 7n/4."""
        point = theorem.point("digits", n=n, nh=40, N=7 * n // 8, lam="1/100000", **change)
        X, _, labels, _ = load(*source(point))
        ridge, rng, found = float(point["lam"]), np.random.default_rng(0), []
        for _ in range(draws):
            angles = rng.standard_normal((point["N"], point["p"])) @ X
            S = np.concatenate([np.cos(angles), np.sin(angles)])
            found.append(np.mean((ridge * np.linalg.solve(S.T @ S / n + ridge * np.eye(n), labels)) ** 2))
        return float(np.mean(found) / float(theorem.values(point)["train"]) - 1)

    claim.holds(
        "by more than 15 % with 80 and with 240 images, 2N = 7n/4",
        lambda: excess(80, 400) > 0.15 and excess(240, 120) > 0.15,
        wrong={"Gaussian data, p = n/2": lambda: excess(240, 120, data="gauss", p=120) > 0.15},
    )
