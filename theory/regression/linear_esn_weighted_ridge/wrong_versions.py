"""Linear echo-state network: ridge regression with fading weights: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Inverse, MatrixSymbol, Trace

from theory.regression.linear_esn_weighted_ridge.statement import (
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
    sig2,
    theorem,
    theta,
)

_root, _reversed = MatrixSymbol("R_root", T, T), MatrixSymbol("R_reversed", T, T)
_A = _root * Sigma * _root
_pole = Inverse(_A + kappa * one)
theorem.mutant("weights rho^k", replace={R: _root})
theorem.mutant("time reversed", replace={R: _reversed})
theorem.mutant("no weights: plain ridge", replace={R: one})
theorem.mutant(
    "teacher not transformed", outputs={"B": kappa**2 * r2 * Trace(_pole * _A * _pole * theta * theta.T) / (1 - g2)}
)
theorem.mutant("ridge multiplied by N", equations={kappa: Eq(kappa, N * lam + d * kappa / N * freedom)})
theorem.mutant("kappa = lambda", equations={kappa: Eq(kappa, lam)})
theorem.mutant("no 1/(1 - gamma_2) in the variance", outputs={"V": sig2 * g2})
theorem.mutant("first degrees of freedom for the second", outputs={"gamma_2": d / N * freedom})
theorem.mutant("training ratio not squared", outputs={"train": lam / kappa * sp.Symbol("risk")})
