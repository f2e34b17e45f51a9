"""Ridge regression on one random layer: known wrong versions."""

from __future__ import annotations

from sympy import Eq, MatrixSymbol, Trace

from theory.regression.random_network_regression.statement import (
    C,
    H,
    Phi,
    Qbar,
    T,
    Th,
    delta,
    form,
    gamma,
    kappa,
    n,
    one,
    one_h,
    statement,
    theorem,
    y,
    yh,
)

WRONG = {
    suffix: {M: MatrixSymbol(f"{M.name}_{suffix}", *M.shape) for M in (Phi, C, H)} for suffix in ("angle", "quadratic")
}
_stated = statement().outputs
theorem.mutant("delta normalised by n", equations={delta: Eq(delta, Trace(Phi * Qbar) / n)})
theorem.mutant("T/n for n/T", equations={kappa: Eq(kappa, T / (n * (1 + delta)))})
theorem.mutant("no 1 + delta", equations={kappa: Eq(kappa, n / T)})
theorem.mutant("training error without the response", outputs={"train": gamma**2 / T * form(Qbar * Qbar)})
theorem.mutant(
    "test error without its variance",
    outputs={
        "test": (form(one_h, yh, yh) - 2 * kappa * form(Qbar * C, y, yh) + kappa**2 * form(Qbar * C * C.T * Qbar)) / Th
    },
)
theorem.mutant("1 for 1 + gamma Qbar", outputs={"test": _stated["test"].xreplace({one + gamma * Qbar: one})})
theorem.mutant("arccos(u) for arccos(-u) in the kernel", replace=WRONG["angle"])
theorem.mutant(
    "quadratic kernel with a misplaced parenthesis and a product of norms",
    replace=WRONG["quadratic"],
    source="RMT4ML, section 5.1, polynomial kernel of the Python notebooks",
)
