"""Ridge regression: general covariance, anisotropic signal: known wrong versions."""

from __future__ import annotations

import sympy as sp

from rmtsym.field.average import Average
from theory.regression.ridge_anisotropic.statement import b, c, kappa, lam, nu, s, sig2, theorem

_g2 = c * Average(s**2 / (s + kappa) ** 2, nu)
_df1 = c * Average(s / (s + kappa), nu)
_positive = dict(regime="positive ridge")
theorem.mutant(
    "no 1/(1 - gamma_2) in the bias", outputs={"B": kappa**2 * Average(b * s / (s + kappa) ** 2, nu)}, **_positive
)
theorem.mutant("df1 for gamma_2 in the variance", outputs={"V": sig2 * _df1 / (1 - _df1)}, **_positive)
theorem.mutant("kappa = lambda", equations={kappa: sp.Eq(kappa, lam)}, **_positive)
theorem.mutant("n and p interchanged", parameters={"c": lambda c: 1 / c}, **_positive)
theorem.mutant("training ratio not squared", values=lambda train, shrinkage: {"train": train / shrinkage}, **_positive)
theorem.mutant(
    "bias without the covariance",
    outputs={"B": kappa**2 * Average(b / (s + kappa) ** 2, nu) / (1 - _g2)},
    **_positive,
)
theorem.mutant(
    "training error without noise", outputs={"train": sp.Symbol("shrinkage") ** 2 * sp.Symbol("R")}, **_positive
)
