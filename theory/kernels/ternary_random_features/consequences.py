"""Ternary random features: consequences."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.finite import is_zero
from theory.kernels.ternary_random_features.statement import density, reach, s_m, s_p, theorem


@theorem.consequence("thresholds are locally unique: the Jacobian is $(s_--s_+)(1+s_+s_-)\\varphi(s_+)\\varphi(s_-)$")
def jacobian(claim: Any) -> None:
    system = sp.Matrix([density(s_p) + density(s_m), s_p * density(s_p) + s_m * density(s_m)])
    determinant = system.jacobian([s_p, s_m]).det()
    claim.holds(
        "exact",
        lambda: is_zero(determinant - (s_m - s_p) * (1 + s_p * s_m) * density(s_p) * density(s_m)).holds,
        wrong={
            "1 - s+s-": lambda: is_zero(determinant - (s_m - s_p) * (1 - s_p * s_m) * density(s_p) * density(s_m)).holds
        },
    )


@theorem.consequence(
    "what can be matched: $2\\tau\\sqrt{d_2}/r\\le A\\sqrt{-2\\log(\\sqrt{2\\pi}A/2)}$; equal thresholds are the edge"
)
def feasible(claim: Any) -> None:
    grid = np.linspace(-4, 4, 321)
    high, low = np.meshgrid(grid, grid)
    phi = lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    total, slope = phi(high) + phi(low), high * phi(high) + low * phi(low)

    def bounded(factor: float) -> bool:
        bound = total * np.sqrt(np.maximum(-2 * np.log(np.sqrt(2 * np.pi) * total / 2), 0))
        return bool(np.all(slope <= factor * bound + 1e-12))

    def attained(s: float) -> bool:
        return abs(reach(2 * float(phi(s))) - 2 * s * float(phi(s))) < 1e-12

    claim.holds("all thresholds of a grid", lambda: bounded(1.0), wrong={"0.99 of it": lambda: bounded(0.99)})
    claim.holds("attained at equal thresholds 0.7", lambda: attained(0.7), wrong={"at -0.7": lambda: attained(-0.7)})


@theorem.consequence("the output scale helps: a target out of reach at $r=1$ has thresholds at a larger $r$")
def scale(claim: Any) -> None:
    def found(scale: str) -> bool:
        try:
            values = theorem.values(theorem.point("quad, scaled", quad="0.3,0.6,1", r=scale))
        except DomainError:
            return False
        return abs(float(values["d1"]) - 0.36) < 1e-12 and np.isfinite(float(values["s_plus"]))

    claim.holds("0.3 t^2 + 0.6 t at tau = 1.3, r = 3", lambda: found("3"), wrong={"r = 1": lambda: found("1")})


@theorem.consequence(
    "too large a scale pushes $s_+$ to infinity: at $A=\\varphi(B/A)$ a single step at $s_-=B/A$ is left"
)
def single_step(claim: Any) -> None:
    last = np.sqrt(np.pi / 2) * np.exp(1 / np.pi)  # B/A = sqrt(2/pi), A = 1/(2 r)

    def near(fraction: str) -> bool:
        point = theorem.point("relu", r=f"{last * float(fraction):.9f}")
        try:
            values = theorem.values(point)
        except DomainError:
            return False
        return float(values["s_plus"]) > 3.9 and abs(float(values["s_minus"]) - np.sqrt(2 / np.pi)) < 2e-3

    claim.holds("ReLU", lambda: near("0.9995"), wrong={"beyond": lambda: near("1.0005"), "r = 1": lambda: near("0.58")})


@theorem.consequence("means only ($d_2=0$): $s=\\sqrt{\\log(2r^2/(\\pi\\tau d_1))}$")
def symmetric(claim: Any) -> None:
    from flint import arb

    def closed(point: Any) -> Any:
        first = claim.value("d1", point).ball
        square = arb(point["r"].numerator) ** 2 / arb(point["r"].denominator) ** 2
        spread = arb(point["tau"].numerator) / arb(point["tau"].denominator)
        return (2 * square / (arb.pi() * spread * first)).log().sqrt()

    points = [theorem.point(name) for name in ("erf, signs", "step")]
    claim.equal(lambda point: claim.value("s_plus", point), closed, points, "erf and step")


@theorem.consequence("the weights matter before centring only: $d_0,d_1,d_2$ are the same, the mean entry is not")
def weights_matter(claim: Any) -> None:
    def ratio(eps: str) -> float:
        sparse = theorem.values(theorem.point("relu", w="ternary", eps=eps))
        plain = theorem.values(theorem.point("relu"))
        same = all(float(sparse[k]) == float(plain[k]) for k in ("d0", "d1", "d2", "d0_ter", "ridge", "s_plus"))
        return float(sparse["offdiag"]) / float(plain["offdiag"]) if same else np.nan

    claim.holds(
        "mean entry twice as large with 80 % zeros, zero for signs",
        lambda: abs(ratio("0.8") - 2) < 1e-12 and abs(ratio("0")) < 1e-12,
        wrong={"unchanged": lambda: abs(ratio("0.8") - 1) < 1e-12},
    )
