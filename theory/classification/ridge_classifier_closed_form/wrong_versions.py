"""Least-squares classifier: closed form and interpolation: known wrong versions."""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.field.average import Average
from theory.classification.ridge_classifier_closed_form.statement import (
    M,
    b,
    c,
    gamma,
    lam,
    nu,
    s,
    sigma,
    tail,
    theorem,
)

_rho, _q = Average(b / (s + lam), nu), Average(b * s / (s + lam) ** 2, nu)
_tau = c * Average(s**2 / (s + lam) ** 2, nu)
_ridge, _null = dict(regime="ridge"), dict(regime="no ridge, p > n")


def _deviation(tau: Any, q: Any = _q) -> dict[str, Any]:
    return {"sigma": sp.sqrt((1 - M) ** 2 * (q + tau) / (1 - tau))}


theorem.mutant("tau divided by p, not by n", outputs=_deviation(_tau / c), **_ridge)
theorem.mutant("no self-consistency: lambda = gamma", equations={lam: sp.Eq(lam, gamma)}, **_ridge)
theorem.mutant("M = rho", outputs={"M": _rho}, **_ridge)
theorem.mutant("training error taken for the test error", outputs={"train_err": tail(M / sigma)}, **_ridge)
theorem.mutant("penalty without the factor 1/2", parameters={"gamma": lambda gamma: 2 * gamma}, **_ridge)
theorem.mutant("n and p interchanged", parameters={"c": lambda c: 1 / c}, **_ridge)
theorem.mutant(
    "rho for rho + c under the root",
    outputs={"test_err": tail(sp.sqrt(Average(b / s, nu) * (1 - c)))},
    regime="no ridge, p < n",
)
theorem.mutant(
    "the error of few dimensions", outputs={"test_err": tail(sp.sqrt(Average(b / s, nu)))}, regime="no ridge, p < n"
)
theorem.mutant("no 1/c where p > n", outputs={"sigma": sp.sqrt((1 - M) ** 2 * (_q + _tau) / (1 - _tau) / c)}, **_null)
