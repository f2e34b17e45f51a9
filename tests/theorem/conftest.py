"""A theorem that is small enough to check by hand: moments of a sample of n numbers of variance v."""

from __future__ import annotations

import functools

import numpy as np
import pytest
import sympy as sp

from rmtsym.fixedpoint.system import FixedPointSystem, Unknown
from rmtsym.simulate import Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import Parameter, Quantity, Regime, Theorem, verify

v, t = sp.symbols("v t", positive=True)


def replicate(rng, size, point, law):
    x = np.sqrt(float(point["v"])) * entries(rng, size, law)
    square = float(np.mean(x**2))
    return {"m2": square, "inverse": 1 / square, "total": square + 1 / square}


def sample_moments(right=True, power=True, when=sp.true) -> Theorem:
    """The theorem; ``right=False`` states 1/v + v/50 instead of 1/v, ``power=False`` has too few replicates."""
    theorem = Theorem(
        id="sample-moments",
        title="Mean square of a sample and its inverse",
        family="toy",
        parameters=(Parameter("v", "variance"),),
        quantities=(
            Quantity("m2", "mean of the squares"),
            Quantity("inverse", "one over the mean of the squares"),
            Quantity("total", "their sum"),
        ),
        points={"A": {"v": "2"}, "B": {"v": "1/3"}},
    )

    @theorem.statement
    def statement():
        inverse = t if right else t + v / 50
        outputs = {"m2": v, "inverse": inverse, "total": sp.Symbol("m2") + sp.Symbol("inverse")}
        return Regime(FixedPointSystem((Unknown(t),), (sp.Eq(t, 1 - (v - 1) * t),), outputs), when)

    @theorem.derivation
    def derivation(proof):
        m2, inverse, total = sp.symbols("m2 inverse total")

        def deviation(rng, n):
            return float(np.mean(rng.standard_normal(n) ** 2)) - 1

        limit = proof.asymptotic("law of large numbers", sp.Eq(m2, v), "independent terms", deviation=deviation)
        root = proof.define(sp.Eq(t, 1 / v), "inverse variance")
        inverse_is = proof.define(sp.Eq(inverse, 1 / m2), "what is observed")
        root_is = proof.substitute("inverse", sp.Eq(inverse, t), "continuity", uses=[limit, root, inverse_is])
        total_is = proof.define(sp.Eq(total, m2 + inverse), "their sum")
        proof.conclude(uses=[limit, root, root_is, total_is])

    theorem.experiment(
        sizes=(40, 80),
        statistics=(
            Statistic("m2", kind="exact", resolution=0.02),
            Statistic("inverse", resolution=0.06),
            Statistic("total", resolution=0.06),
        ),
        first_look=(512, 256) if power else (8, 8),
    )(replicate)

    @theorem.consequence("the sum is smallest at unit variance")
    def smallest(claim):
        claim.minimum("total", of="v", at=1)

    @theorem.consequence("the inverse diverges like one over the variance")
    def diverges(claim):
        claim.exponent("inverse", lambda eps: {"v": eps}, -1)
        claim.limit("inverse", lambda eps: {"v": 1 + eps}, 1)
        claim.identity(sp.Eq(sp.Symbol("inverse") * sp.Symbol("m2"), 1))

    theorem.mutant("the inverse forgotten", outputs={"inverse": v}, source="by hand")
    theorem.mutant("the variance inverted", parameters={"v": lambda v: 1 / v})
    theorem.mutant("the sum doubled", values=lambda total: {"total": 2 * total})
    return theorem


@pytest.fixture
def toy():
    return sample_moments


@pytest.fixture
def theories(tmp_path, monkeypatch):
    """An empty folder of theorems beside the installed one."""
    root = tmp_path / "mytheory"
    root.mkdir()
    monkeypatch.setenv("RMTSYM_THEORIES", str(root))
    return root


@pytest.fixture(scope="session")
def verdict():
    """Verdicts on the toy: right, wrong and powerless; each found once."""
    cases = {"right": {}, "wrong": {"right": False}, "powerless": {"power": False}}
    return functools.cache(lambda name: verify(sample_moments(**cases[name])))
