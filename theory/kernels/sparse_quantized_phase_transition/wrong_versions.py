"""Clustering with sparse and quantised kernels: known wrong versions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Eq

from theory.kernels.inner_product_limiting_law.statement import a1, c, nu
from theory.kernels.sparse_quantized_phase_transition.consequences import seen
from theory.kernels.sparse_quantized_phase_transition.statement import F, G, alignment, gamma, rho, theorem


def with_quartic(quartic: Any) -> dict[str, Any]:
    """The alignment of another quartic."""
    return {"alignment": quartic / (rho * (1 + rho) ** 3)}


theorem.mutant("c nu without 1/a1^2", outputs=with_quartic(F(rho) + (c * nu / a1**2 - c * nu) * rho**2), **seen)
theorem.mutant("constant -c dropped", outputs=with_quartic(F(rho) + c), **seen)
theorem.mutant("(1 + rho)^2 under the alignment", outputs={"alignment": F(rho) / (rho * (1 + rho) ** 2)}, **seen)
theorem.mutant("nu for nu - a1^2 in the eigenvalue", outputs={"eig": G(rho) + a1 / (1 + rho)}, **seen)
theorem.mutant("threshold s for sqrt(2) s", parameters={"s": lambda s: s * Fraction(70710678, 10**8)})
theorem.mutant(
    "alpha/(1 - alpha) in the error",
    outputs={"error": sp.erfc(sp.sqrt(alignment / (1 - alignment))) / 2},
    **seen,
)
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant("threshold of the linear kernel", equations={gamma: Eq(gamma, c / gamma)}, regime="not seen")
theorem.mutant("alignment of the linear kernel", outputs={"alignment": (rho**2 - c) / (rho * (1 + rho))}, **seen)
