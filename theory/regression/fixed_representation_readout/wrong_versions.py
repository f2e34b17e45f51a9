"""Ridge readout of a fixed representation: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Inverse, MatrixSymbol, Trace

from theory.regression.fixed_representation_readout.consequences import gamma_2
from theory.regression.fixed_representation_readout.statement import (
    N,
    R,
    Su,
    Sz,
    Szu,
    Theta,
    kappa,
    lam,
    m,
    ridge_error,
    theorem,
)

centred = MatrixSymbol("Sz_centred", m, m)
theorem.mutant("centred second moments of the features", replace={Sz: centred})
theorem.mutant("cross term once", outputs={"E_pop": ridge_error + Trace(Szu.T * R * Szu * Theta)})
theorem.mutant(
    "misfit used twice",
    outputs={"E_pop": ridge_error + Trace(Su * Theta) - Trace(Szu.T * Inverse(Sz) * Szu * Theta)},
)
theorem.mutant(
    "no misfit", outputs={"E_pop": ridge_error - Trace(Su * Theta) + Trace(Szu.T * Inverse(Sz) * Szu * Theta)}
)
theorem.mutant("gamma_2 per feature", replace={gamma_2: gamma_2 * N / m})
theorem.mutant("kappa = lambda", equations={kappa: Eq(kappa, lam)})
theorem.mutant("n and m interchanged", equations={kappa: Eq(kappa, lam + kappa * Trace(Sz * R) / m)})
theorem.mutant("population error without amplification", outputs={"B": sp.Symbol("E_pop")})
theorem.mutant("training ratio not squared", outputs={"train": lam / kappa * sp.Symbol("risk")})
theorem.mutant(
    "Sz for its square in the population error",
    outputs={"E_pop": Trace(Su * Theta) - 2 * Trace(Szu.T * R * Szu * Theta) + Trace(Szu.T * R * R * Szu * Theta)},
)
