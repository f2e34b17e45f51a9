"""Distances between two covariances: known wrong versions."""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.field.average import Average
from theory.spectra.covariance_distances import estimators
from theory.spectra.covariance_distances.experiment import one_sample
from theory.spectra.covariance_distances.statement import TRIANGLE, c1, c2, e1, e2, excess, mean, pi, r, theorem, u


def _few(fisher: Any, **point: Any) -> dict[str, float]:
    """The closed form for log^2 with n1 for n1 - p in eta, less the right one, on one sample."""
    quotient, _ = one_sample(point, 0)
    n1, n2 = point["n1"], point["n2"]
    wrong, right = (estimators.fisher_series(quotient, n1, n2, k) for k in (n1, None))
    return {"fisher": float(fisher) + wrong - right}


_rho = (1 - c2 + c2 * mean(1 / (1 + r))) / (1 - c1 * mean(1 / (1 + r)))
_half = Average(sp.sqrt(u), pi)

theorem.mutant("1 - c1 missing: the plug-in mean", outputs={"t": mean(r) / (1 - c1)})
theorem.mutant("the plug-in logarithm", outputs={"log": mean(sp.log(r)) + excess(c1) - excess(c2)})
theorem.mutant(
    "c1 and c2 exchanged in the logarithm", outputs={"log": mean(sp.log(r)) + 2 * excess(c1) - 2 * excess(c2)}
)
theorem.mutant("eta with 1/n1 for 1/(n1 - p)", values=_few)
theorem.mutant(
    "1/c2 missing before the integral", outputs={"fisher": c2 * mean(sp.log(r) ** 2), "wass": e1 + e2 - 2 * c2 * _half}
)
theorem.mutant(
    "1/c2 missing in log(1 + t)",
    outputs={"log1p": mean(sp.log(1 + r)) + (1 - 1 / c2) * sp.log((1 - c1) * _rho)},
)
theorem.mutant("factor 2 of the Wasserstein distance missing", outputs={"wass": e1 + e2 - _half})
theorem.mutant("factor 4: the integral of the product doubled", outputs={"wass": e1 + e2 - 4 * _half})
theorem.mutant(
    "population value from a routine for symmetric matrices, which reads one triangle of the product",
    outputs={"fisher": Average(sp.log(r) ** 2, TRIANGLE), "log": Average(sp.log(r), TRIANGLE)},
    source="RMT4ML, section 3.2: eigenvalues of a non-symmetric product from eigh",
)
