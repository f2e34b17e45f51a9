"""Sample covariance of a general population: known wrong versions."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from theory.spectra.sample_covariance.statement import MOST, c, lam, mean, t, tau, theorem

_first = 1 / (1 + t * tau)
_square = mean(t**2 * _first**2)


def _wrong_edges(t: Any, w: Any, c: Any) -> dict[str, float]:
    """Critical values with t for t^2 in the slope, as many as the right ones."""
    place = sp.Symbol("v")
    slope = sp.numer(sp.together(1 - c * sum(y * x / (place - x) ** 2 for x, y in zip(t, w, strict=True))))
    roots = sorted(complex(r).real for r in sp.Poly(slope, place).nroots() if abs(sp.im(r)) < 1e-9)
    values = [r * (1 + float(c) * sum(float(y * x) / (r - float(x)) for x, y in zip(t, w, strict=True))) for r in roots]
    return {f"edge{k}": x for k, x in enumerate((values * 6)[: 2 * len(t)])}


theorem.mutant("c missing in the fixed point", equations={tau: sp.Eq(tau, 1 / (lam + mean(t * _first)))})
theorem.mutant("t for t^2 in the slope of the inverse function", values=_wrong_edges)
theorem.mutant("no 1/(1 - gamma)", outputs={"tr_QCQC": _square / lam**2})
theorem.mutant("z^2 mtilde^2 dropped in gamma", outputs={"tr_QCQC": _square / lam**2 / (1 - c * _square / lam**2)})
theorem.mutant("second moment without c (E t)^2", outputs={"mom2": mean(t**2)})
theorem.mutant("density with 1/pi for 1/(pi c)", values=lambda mass0, c: {"mass0": float(c) * float(mass0)})
theorem.mutant("edges at negative mtilde only, for c > 1 too", values=lambda n_edges, c: {"n_edges": n_edges - (c > 1)})
theorem.mutant("the two resolvents exchanged", values=lambda m, mtilde: {"m": mtilde, "mtilde": m})
theorem.mutant(
    "three equal blocks of 200 coordinates, rounded",
    parameters={"w": lambda w: (Fraction(67, 200), Fraction(67, 200), Fraction(66, 200))},
    regime=f"{MOST} blocks or more, {MOST} components or more",
)
