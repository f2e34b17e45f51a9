"""Expected residual projection of a random sketch: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq

from rmtsym.field.average import Average
from theory.sketching.expected_residual_projection.statement import (
    DIRECTIONS,
    T,
    entry,
    gamma,
    k,
    last,
    n,
    nu,
    s,
    theorem,
)

theorem.mutant("1/gamma for k/gamma", outputs={"lra": 1 / gamma})
theorem.mutant(
    "sigma for its square", equations={gamma: Eq(n * Average(gamma * sp.sqrt(s) / (1 + gamma * sp.sqrt(s)), nu), k)}
)
theorem.mutant("trace n - k", equations={gamma: Eq(n * Average(gamma * s / (1 + gamma * s), nu), n - k)})
theorem.mutant("rho without the 1", outputs={"rho": entry(gamma * s, last)})
theorem.mutant("entries 1 - k/n in every direction", outputs={name: 1 - k / n for name in DIRECTIONS})
theorem.mutant("error of the share 1 - k/n", outputs={"lra": (1 - k / n) * n * Average(s, nu)})
theorem.mutant("single rows, without their interaction", equations={gamma: Eq(gamma * n * Average(s, nu), k)})
theorem.mutant("the rate of mean squares for means", outputs={"mean_component": sp.Symbol("Pperpn") ** (T / 2)})
