"""Moments of a sample of n numbers of variance v: small enough to check by hand, quick to verify."""

from __future__ import annotations

import numpy as np
import sympy as sp

from rmtsym.fixedpoint.system import FixedPointSystem, Unknown
from rmtsym.simulate import Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import Parameter, Quantity, Theorem

theorem = Theorem(
    id="sample-moments",
    title="Mean square of a sample and its inverse",
    family="toy",
    references=("A. Author (2024), A title, arXiv:2401.00001",),
    assumptions=("$x_1,\\dots,x_n$ independent, centred, of variance $v$",),
    parameters=(Parameter("v", "variance"),),
    quantities=(
        Quantity("m2", "mean of the squares"),
        Quantity("inverse", "one over the mean of the squares", r"m_2^{-1}"),
    ),
    points={"A": {"v": "2"}},
)

v, t = sp.symbols("v t", positive=True)


@theorem.statement
def statement():
    outputs = {"m2": v}
    outputs["inverse"] = t
    return FixedPointSystem((Unknown(t),), (sp.Eq(t, 1 - (v - 1) * t),), outputs)


@theorem.derivation
def derivation(proof):
    m2, inverse = sp.symbols("m2 inverse")

    def deviation(rng, n):
        return float(np.mean(rng.standard_normal(n) ** 2)) - 1

    limit = proof.asymptotic("law of large numbers", sp.Eq(m2, v), "independent terms", deviation=deviation)
    root = proof.define(sp.Eq(t, 1 / v), "inverse variance")
    inverse_is = proof.define(sp.Eq(inverse, 1 / m2), "what is observed")
    root_is = proof.substitute("inverse", sp.Eq(inverse, t), "continuity", uses=[limit, root, inverse_is])
    proof.conclude(uses=[limit, root, root_is])


@theorem.experiment(
    sizes=(40, 80),
    statistics=(Statistic("m2", kind="exact", resolution=0.05), Statistic("inverse", resolution=0.15)),
    first_look=(512, 256),
)
def replicate(rng, size, point, law):
    x = np.sqrt(float(point["v"])) * entries(rng, size, law)
    square = float(np.mean(x**2))
    return {"m2": square, "inverse": 1 / square}


@theorem.consequence("the inverse diverges like one over the variance")
def diverges(claim):
    claim.exponent("inverse", lambda eps: {"v": eps}, -1)
    claim.identity(sp.Eq(sp.Symbol("inverse") * sp.Symbol("m2"), 1))


theorem.mutant("the inverse forgotten", outputs={"inverse": v}, source="by hand")
theorem.mutant("the variance inverted", parameters={"v": lambda v: 1 / v})
