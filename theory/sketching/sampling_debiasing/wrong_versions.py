"""Row sampling without inversion bias: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Inverse, Trace

from theory.sketching.row_sampling import A, E, M, Pi, W, d, load, m
from theory.sketching.sampling_debiasing.statement import theorem
from theory.sketching.sampling_steps import Hi

_right = Pi * Inverse(Pi - load(Hi) / m)
theorem.mutant("square of the weights", equations={W: Eq(W, _right * _right, evaluate=False)})
theorem.mutant("m/(m + l/pi)", equations={W: Eq(W, Pi * Inverse(Pi + load(Hi) / m), evaluate=False)})
theorem.mutant(
    "m/(m - l), probabilities dropped", equations={W: Eq(W, Pi * Inverse(Pi - load(Hi) * Pi / m), evaluate=False)}
)
theorem.mutant("first order: 1 + l/(m pi)", equations={W: Eq(W, Inverse(Pi) * (Pi + load(Hi) / m), evaluate=False)})
theorem.mutant("leverages of A without the ridge",
               equations={W: Eq(W, Pi * Inverse(Pi - load(Inverse(A.T * A)) / m), evaluate=False)})  # fmt: skip
theorem.mutant("response without its feedback", equations={E: Eq(E, load(Hi * M * Hi) * Inverse(Pi) / m)})
theorem.mutant("second moment as the square of the first", outputs={"trHQHQ": Trace(M * Hi) / d})
theorem.mutant("the bias of the plain sketch is still there", outputs={"bias_removed": sp.Integer(0)})
