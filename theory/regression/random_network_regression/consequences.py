"""Ridge regression on one random layer: consequences."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
from sympy import Eq

from theory.regression.random_network_regression.statement import (
    C,
    H,
    Phi,
    Qbar,
    T,
    Th,
    form,
    gamma,
    statement,
    theorem,
    y,
    yh,
)

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
