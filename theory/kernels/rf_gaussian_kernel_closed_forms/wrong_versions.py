"""Kernels of Gaussian random features: known wrong versions."""

from __future__ import annotations

import numpy as np
import sympy as sp
from sympy import acos, asin, pi, sinh, sqrt

from theory.kernels.rf_gaussian_kernel_closed_forms.statement import (
    DOT,
    Q0,
    Q1,
    Q2,
    TABLE,
    N,
    P,
    R,
    S,
    X,
    Y,
    damping,
    theorem,
)

#: Wrong rows: of public code where a source is given, else those that are easily made.
NOTEBOOK = "RMT4ML, section 5.1, polynomial kernel of both Python notebooks"
WRONG: dict[str, dict[str, sp.Expr]] = {
    "relu": {"arccos(u) for arccos(-u)": X * Y / (2 * pi) * (R * acos(R) + S)},
    "abs": {"arccos for arcsin": 2 * X * Y / pi * (R * acos(R) + S)},
    "lrelu": {
        "difference of the slopes, squared": (P**2 + N**2) * DOT / 2
        + X * Y / (2 * pi) * (P - N) ** 2 * (S - R * acos(R))
    },
    "step": {"arccos without 1/2": sp.Rational(1, 2) - acos(R) / pi},
    "sign": {"1/pi for 2/pi": asin(R) / pi},
    "quad": {
        "product of the norms for their sum": TABLE["quad"] - Q2 * Q0 * (X**2 + Y**2 - X**2 * Y**2),
        "linear term inside the bracket, product of norms, constant dropped": Q2**2
        * (2 * DOT**2 + X**2 * Y**2 + Q1**2 * DOT)
        + Q2 * Q0 * X**2 * Y**2,
        "(x'y)^2 without its 2": TABLE["quad"] - Q2**2 * DOT**2,
    },
    "cos": {"sinh for cosh": damping * sinh(DOT)},
    "sin": {"no damping": sinh(DOT)},
    "erf": {
        "1 + |x|^2 for 1 + 2|x|^2": 2 / pi * asin(2 * DOT / sqrt((1 + X**2) * (1 + Y**2))),
        "arccos for arcsin in erf": 2 / pi * acos(2 * DOT / sqrt((1 + 2 * X**2) * (1 + 2 * Y**2))),
        "root forgotten": 2 / pi * asin(2 * DOT / ((1 + 2 * X**2) * (1 + 2 * Y**2))),
    },
    "gauss": {"sign of (x'y)^2": 1 / sqrt((1 + X**2) * (1 + Y**2) + DOT**2)},
}
_SOURCES = {
    "linear term inside the bracket, product of norms, constant dropped": NOTEBOOK,
    "product of the norms for their sum": NOTEBOOK,
    "arccos for arcsin in erf": "RMT4RFM, function gen_sig, row erf",
}

for _row, _versions in WRONG.items():
    for _name, _expression in _versions.items():
        theorem.mutant(f"{_row}: {_name}", outputs={"kernel": _expression}, regime=_row, source=_SOURCES.get(_name, ""))

for _row in ("erf", "sin", "gauss"):  # the formulas are right; asked for, these branches stop with an error
    theorem.mutant(
        f"{_row}: no value", values=lambda kernel: {"kernel": np.nan}, regime=_row,
        source="RMT4ML, section 5.1, branches erf, sin and exp: bare sqrt, sinh and size are not defined",
    )  # fmt: skip
