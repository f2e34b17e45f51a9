"""Degree-corrected block model: known wrong versions."""

from __future__ import annotations

from typing import Any

import sympy as sp

from theory.spectra.dcsbm_alpha_normalised.public_code import one_pass, pass_once
from theory.spectra.dcsbm_alpha_normalised.statement import (
    STRENGTH,
    a,
    b,
    c,
    connectivities,
    edge,
    h1,
    h2,
    j1,
    j2,
    k1,
    k2,
    mean,
    mu,
    reach,
    regular,
    theorem,
    top,
    x,
)

SOURCE = "RMT4ML, section 7.1 (DCSBM), find_optim_alpha"
SEEN = "classes seen"


def _one_pass(q: Any, wq: Any, al: Any, x: Any) -> dict[str, float]:
    law = connectivities(q, wq, al)
    m, first, second = pass_once(law, -float(x))
    return {"m": m, "g1": first, "g2": second, **one_pass(law)}


theorem.mutant("aliased array: one pass for the fixed point, and a search for the edge that accepts every point",
               values=_one_pass, source=SOURCE)  # fmt: skip
theorem.mutant(
    "aliased array: g_1 and g_2 after one pass from zero",
    equations={h1: sp.Eq(h1, mean(a) / x), h2: sp.Eq(h2, mean(b / (x - a * h1)))},
    source=SOURCE,
)
theorem.mutant(
    "sign of q^(2 - 2 alpha) g_2",
    equations={
        s: sp.Eq(s, mean(letter / reach(z, one, -two)))
        for z, one, two in ((x, h1, h2), (edge, k1, k2), (top, j1, j2))
        for s, letter in ((one, a), (two, b))
    },
    regime=SEEN,
)
theorem.mutant("variance q_i q_j, as in a sparse graph", equations={
    s: sp.Eq(s, mean(letter / reach(z, one, 0)))
    for z, one, two in ((x, h1, h2), (edge, k1, k2), (top, j1, j2))
    for s, letter in ((one, a), (two, b))
}, regime=SEEN)  # fmt: skip
theorem.mutant("exponents 1 - alpha and 2 - alpha", parameters={"al": lambda al: al / 2})
theorem.mutant(
    "strength without the shares of the classes",
    equations={top: sp.Eq(1, 4 * mu * (c**2 + (1 - c) ** 2) * j2, evaluate=False)},
    regime=SEEN,
)
theorem.mutant("(d'1)^(2 alpha) at n = 1000", values=lambda q, wq, al, m, eig, bulk_edge: {
    name: float(value) * (1000 * float(sum(w * y for w, y in zip(wq, q, strict=True)))) ** (power * 2 * float(al))
    for name, value, power in (("m", m, -1), ("eig", eig, 1), ("bulk_edge", bulk_edge, 1))
})  # fmt: skip
theorem.mutant("edge of a semicircle with the mean variance", outputs={
    "bulk_edge": 2 * sp.sqrt(mean(a) ** 2 - mean(b) ** 2)
}, regime="classes hidden")  # fmt: skip
theorem.mutant("threshold of a semicircle with the mean variance", outputs={
    "threshold": sp.sqrt(mean(a) ** 2 - mean(b) ** 2) / mean(b)
})  # fmt: skip
theorem.mutant("alignment without E q^(2 - 2 alpha)", outputs={
    "align": j2**2 * regular(top, j1, j2) / (
        (1 - mean(a**2 / reach(top, j1, j2) ** 2)) * mean(b / reach(top, j1, j2) ** 2)
        + mean(a * b / reach(top, j1, j2) ** 2) * mean(a / reach(top, j1, j2) ** 2)
    )
}, regime=SEEN)  # fmt: skip
theorem.mutant("eigenvalue of the dense block model", outputs={
    "eig": STRENGTH * mean(b) + (mean(a) ** 2 - mean(b) ** 2) / (STRENGTH * mean(b))
}, regime=SEEN)  # fmt: skip
