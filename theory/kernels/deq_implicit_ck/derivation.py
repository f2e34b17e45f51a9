"""Conjugate kernels of deep equilibrium models: derivation, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, sqrt

from rmtsym.gaussian import AA, AB, BB
from rmtsym.gaussian.presentation import simplified
from theory.kernels import layers
from theory.kernels.coefficients import Comparison, dropped, norm
from theory.kernels.deq_implicit_ck.statement import (
    MOMENTS,
    a2,
    b2,
    c0,
    c1,
    c2,
    c3,
    c4,
    diagonal,
    gamma2,
    h,
    r,
    s,
    tau0,
    theorem,
)
from theory.kernels.equilibrium import exact_diagonal, exact_kernel
from theory.kernels.layers import TABLE, centred_kernel, centred_power
from theory.kernels.rf_gaussian_kernel_closed_forms.derivation import price

eps, X, S, D_i, D_j = sp.symbols("epsilon X S delta_i delta_j", real=True)


def layer_steps(proof: Any, name: str, heat: Any, variance: Any) -> list[Any]:
    """The coefficients that a layer with input injection reproduces: derivatives of its exact kernel."""
    known = layers.moments_step(proof, name, name, MOMENTS, gamma2, uses=[variance])
    inner, length = a2 * c1 + b2, a2 * c4 + b2
    table = {
        AB: eps * inner * X + eps**2 * a2 * (c2 * D_i * D_j + c3 * S),
        AA: layers.v + eps * length * D_i,
        BB: layers.v + eps * length * D_j,
    }
    image = centred_kernel(name).subs(table, simultaneous=True)
    row = dict(zip(MOMENTS, TABLE[name], strict=True))

    def at_zero(expression: sp.Expr) -> sp.Expr:
        return expression.subs(eps, 0).subs(layers.v, gamma2)

    def step(symbol: Any, right: Any, of: Any, by: Any, reason: str, wrong: list[Any]) -> Any:
        return proof.derivative(
            f"{name}: {symbol}", Eq(symbol, right, evaluate=False), reason, of=of, by=by, uses=[known, heat],
            wrong=[*(w for w in wrong if (w - right).subs(row) != 0), right + 1],
        )  # fmt: skip

    second = at_zero(image.diff(eps, 2) / 2)
    on = at_zero(simplified(centred_power(name).subs(AA, table[AA]).diff(eps)))
    return [
        known,
        step(c1, s**2 * inner, at_zero(image.diff(eps)), X,
             "first order of the image of an entry", [s * inner, s**2 * c1]),
        step(c2, s**2 * a2 * c2 + r**2 * length**2 / 4, second.subs(X, 0).diff(D_i), D_j,
             "second order, from the two variances",
             [s**2 * a2 * c2 + r**2 * inner**2 / 4, s**2 * c2 + r**2 * length**2 / 4]),
        step(c3, s**2 * a2 * c3 + r**2 * inner**2 / 2, second.subs({X: sqrt(S), D_i: 0, D_j: 0}), S,
             "second order, with the mean S for X^2", [s**2 * a2 * c3 + r**2 * a2**2 * c1**2 / 2]),
        step(c4, h * length, on, D_i, "first order of the diagonal", [h * inner + 1]),
    ]  # fmt: skip


compared = Comparison(theorem, exact_kernel)


def error_off(label: str, rng: np.random.Generator, p: int) -> float:
    """Operator norm of exact kernel less equivalent without their diagonals, p/4 samples of a mixture."""
    difference = compared.difference(label, rng, p, p // 4)
    np.fill_diagonal(difference, 0)
    return norm(difference)


def error_on(label: str, rng: np.random.Generator, p: int) -> float:
    """Largest difference of p/2 diagonal entries for Gaussian data, in units of the root of log p/2."""
    point, values = theorem.point(label), compared.values(label)
    lengths = float(point["tau0"]) ** 2 * rng.chisquare(p, p // 2) / p
    difference = exact_diagonal(point, lengths) - values["c0"] - values["c1"] * lengths
    return float(np.max(np.abs(difference)) / np.sqrt(np.log(p / 2)))


@theorem.derivation
def derivation(proof: Any) -> None:
    """The expansion of one layer, closed upon itself."""
    heat = price(proof)
    wide = proof.assume(
        "wide limit", "as the width grows, G solves G = E phi(u) phi(v), (u, v) Gaussian of covariance a2 G + b2 X'X",
        "Ling et al. (2024), section 2; here simulated at finite width", uses=[],
    )  # fmt: skip
    variance = proof.define(
        Eq(gamma2, a2 * diagonal + b2 * tau0**2), "the diagonal of the covariance at the equilibrium", uses=[wide]
    )
    rest = proof.assume(
        "small stays small", "a perturbation of small operator norm moves the equilibrium little",
        "Ling et al. (2024), Theorem 1, in the operator norm", uses=[dropped(proof)],
    )  # fmt: skip
    left = proof.define(
        Eq(c0, diagonal - tau0**2 * c1), "on the diagonal X'X has tau_0^2, the other two terms are of order 1/p",
        uses=[rest],
    )  # fmt: skip
    for label in theorem.points:
        name = theorem.point(label)["phi"]
        steps = layer_steps(proof, name, heat, variance)
        off = proof.asymptotic(
            f"{name}: off the diagonal", "exact kernel less equivalent, diagonals set to zero, in operator norm",
            "a mixture of three classes that differ in mean, trace and shape", uses=[*steps, left],
            deviation=lambda rng, p, label=label: error_off(label, rng, p), sizes=(128, 256, 512), replicates=20,
        )  # fmt: skip
        on = proof.asymptotic(
            f"{name}: on the diagonal", "largest difference of n = p/2 diagonal entries, over the root of log n",
            "a maximum of n nearly Gaussian numbers of variance 2 (c4 - c1)^2 tau_0^4/p", uses=[*steps, left],
            deviation=lambda rng, p, label=label: error_on(label, rng, p), sizes=(256, 1024, 4096), replicates=32,
        )  # fmt: skip
        proof.conclude("the fixed point", uses=[variance, *steps, left, off, on], regime=name)
