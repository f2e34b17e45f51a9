"""Learning dynamics of least squares: known wrong versions."""

from __future__ import annotations

from rmtsym.field.average import Average
from theory.classification.gradient_flow_gmm.statement import (
    M_tr,
    c,
    cut,
    f,
    h,
    lam_s,
    null,
    real_form,
    rho,
    s02,
    signal,
    spike,
    theorem,
    x,
)

_REAL = real_form().outputs
theorem.mutant("no isolated eigenvalue", outputs={"E_real": _REAL["E_real"] - spike * h(lam_s)})
theorem.mutant("no (rho + c)/rho", outputs={"V_real": _REAL["V_real"] - c / rho * signal(lambda at: h(at) ** 2)})
theorem.mutant("isolated eigenvalue without c/rho", outputs={"lam_s": 1 + c + rho})
theorem.mutant("second moment for variance", outputs={"V_tr": M_tr})
theorem.mutant("no mass at zero", outputs={"V_real": _REAL["V_real"] - s02 * null * f(0) ** 2})
theorem.mutant("f not squared", outputs={"V_real": _REAL["V_real"] + s02 * Average((f(x) - f(x) ** 2) / x, cut)})
