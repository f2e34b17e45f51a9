"""Ridge regression on random Fourier features: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq, Trace

from theory.regression.random_fourier_regression.statement import (
    Cc,
    Cs,
    Kc,
    Ks,
    Nc,
    Ns,
    P,
    Qbar,
    Tcc,
    Tcs,
    Tss,
    gap,
    kc,
    ks,
    n,
    statement,
    theorem,
)

_stated = statement().outputs
_v, _w = sp.symbols("v_cos v_sin"), sp.symbols("w_cos w_sin")
_responses = ("gap", "r_cos", "r_sin", "q_cos", "q_sin")
_common = n + Trace((Kc + Ks) * Qbar) / 2
theorem.mutant("one load for both kernels", equations={kc: Eq(kc, Nc / _common), ks: Eq(ks, Ns / _common)})
theorem.mutant("the Gaussian kernel of infinitely many neurons", equations={kc: Eq(kc, Nc / n), ks: Eq(ks, Ns / n)})
theorem.mutant(
    "the matrix of the responses transposed",
    outputs={
        f"{rate}_{name}": (k**2 / m * own * (1 - other) + k**4 / m**2 * Tcs * across) / gap
        for rate, vc, vs in (("r", *_v), ("q", *_w))
        for name, k, m, own, across, other in (
            ("cos", kc, Nc, vc, vs, ks**2 * Tss / Ns),
            ("sin", ks, Ns, vs, vc, kc**2 * Tcc / Nc),
        )
    },
)
theorem.mutant("the loads do not act on each other", replace={Tcs: sp.S.Zero})
theorem.mutant("the loads do not act at all", replace={Tcs: sp.S.Zero, Tcc: sp.S.Zero, Tss: sp.S.Zero})
theorem.mutant(
    "no square of 1/(1 + delta) in the responses",
    outputs={name: _stated[name].xreplace({kc**2: kc * Nc / n, ks**2: ks * Ns / n}) for name in _responses},
)
theorem.mutant(
    "1 for 2 in the cross term of the test error",
    outputs={f"w_{name}": _stated[f"w_{name}"] + Trace(C.T * Qbar * P) for name, C in (("cos", Cc), ("sin", Cs))},
)
