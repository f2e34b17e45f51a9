"""Ternary random features: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq, asin, pi, sqrt

from theory.kernels.ternary_random_features.statement import (
    TABLE,
    TARGETS,
    below,
    c0,
    d2,
    density,
    diagonal,
    r,
    s_m,
    s_minus,
    s_p,
    s_plus,
    tau,
    theorem,
    w4,
)

for _name in ("relu", "quad"):
    _second = 2 * tau * sqrt(TABLE[_name][2]) / r
    theorem.mutant(
        f"{_name}: minus between the second moments",
        equations={s_m: Eq(s_p * density(s_p) - s_m * density(s_m), _second)}, regime=_name,
    )  # fmt: skip
    for _factor, _says in ((sp.S.Half, "tau sqrt(d2)"), (sp.Integer(2), "4 tau sqrt(d2)")):
        theorem.mutant(
            f"{_name}: {_says} for 2 tau sqrt(d2)",
            equations={s_m: Eq(s_p * density(s_p) + s_m * density(s_m), _factor * _second)}, regime=_name,
        )  # fmt: skip
for _name in TARGETS:
    theorem.mutant(
        f"{_name}: features not centred",
        outputs={"diagonal": r**2 * (below(-s_plus) + below(s_minus))}
        if TABLE[_name][2] != 0
        else {"d0_ter": diagonal},
        regime=_name,
    )
_high, _low = below(-s_plus / sqrt(tau)), below(s_minus / sqrt(tau))
for _name in ("quad", "erf", "step"):
    theorem.mutant(
        f"{_name}: thresholds not multiplied by the root of tau",
        outputs={"zeros": 1 - _high - _low, "diagonal": r**2 * (_high + _low - (_high - _low) ** 2)}, regime=_name,
    )  # fmt: skip
theorem.mutant(
    "weights not divided by the root of 1 - eps",
    values=lambda w, eps, offdiag: {"offdiag": offdiag * (float((1 - eps) ** 2) if w == "ternary" else 1.0)},
)
theorem.mutant(
    "erf: arccos for arcsin in d0",
    outputs={"d0": 2 / pi * (sp.acos(2 * tau / (2 * tau + 1)) - 2 * tau / (2 * tau + 1))},
    regime="erf",
    source="RMT4RFM, function gen_sig, row erf",
)
theorem.mutant(
    "quad: constant term for the leading one in d2",
    outputs={"d2": c0**2},
    regime="quad",
    source="RMT4RFM, function gen_sig, row poly2",
)
theorem.mutant(
    "block d2 of the equivalent left out",
    outputs={"offdiag": sp.Integer(0)},
    regime="relu",
    source="RMT4RFM, matrix A: its block d2 (tt' + 2S) is computed and not used",
)
theorem.mutant("fourth moment not halved", outputs={"offdiag": d2 * tau**2 * (1 + (w4 - 3))}, regime="relu")
theorem.mutant("erf: mean square without tau d1", outputs={"d0": 2 / pi * asin(2 * tau / (2 * tau + 1))}, regime="erf")
