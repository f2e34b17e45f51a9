"""Hessian spectrum of generalised linear models: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq

from theory.classification.hessian_gglm_spectrum.statement import (
    a,
    delta,
    delta_e,
    delta_s,
    e,
    e_e,
    e_s,
    g,
    k,
    loss,
    over,
    over_c,
    rho,
    t,
    theorem,
    v,
    v_star,
    x_e,
    x_s,
    z,
)

theorem.mutant("a^2 - 2 for a^2 - 1", equations={k: Eq(k, over(loss(delta_s) * (a**2 - 2)))})
theorem.mutant("k without the factor 1/(1 + g delta)", equations={k: Eq(k, over(g * (a**2 - 1)))})
theorem.mutant("plain means of the weights", equations={k: Eq(k, over(g * (a**2 - 1))), e_s: Eq(e_s, over(g))})
theorem.mutant(
    "1/p for 1/n in the trace",
    equations={delta_s: Eq(delta_s, over_c(t / (e_s * t - x_s))), delta_e: Eq(delta_e, over_c(t / (e_e * t - x_e)))},
    regime="isolated",
)
theorem.mutant("1/p for 1/n in the bulk", equations={delta: Eq(delta, over_c(t / (e * t - z)))})
theorem.mutant(
    "weights independent of the data", values=lambda edge: {"eig": edge, "align": 0.0, "align_star": 0.0},
    regime="isolated",
)  # fmt: skip


def _over_p(response, omega, star, m, t, share, mass, c, side, eig) -> dict[str, float]:
    """For C = I the eigenvalue is e - c/delta; with -1/delta in its place."""
    if len(t) > 1:
        return {}
    place = dict(response=response, omega=omega, star=star, m=m, t=t, share=share, mass=mass, c=c, side=side)
    return {"eig": float(eig) - (1 - float(c)) / float(theorem.bound(theorem.point(**place))["delta_s_near"])}


theorem.mutant("-1/delta for -c/delta", values=_over_p, regime="isolated")
theorem.mutant("no coupling through the labels", replace={rho: sp.Integer(0)}, regime="isolated")
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c}, regime="phase retrieval")
theorem.mutant("one direction of phase retrieval", replace={v_star: -v}, regime="phase retrieval")
