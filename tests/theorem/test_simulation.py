"""Profiles: what the full one asks for in addition."""

import pytest
import sympy as sp

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.simulate import Statistic
from rmtsym.theorem import Parameter, Quantity, Theorem
from rmtsym.theorem.simulation import LEVEL, PROFILES, simulate


def planned(*statistics, **options):
    theorem = Theorem(
        id="toy", title="T", family="toys", parameters=(Parameter("c", "ratio"),),
        quantities=(Quantity("m", "mean"),), points={"A": {"c": "1/2"}},
    )  # fmt: skip
    theorem.experiment(sizes=(10, 20), statistics=statistics, **options)(lambda rng, size, point, law: {"m": 0.0})
    return theorem.experiments[0]


def test_the_full_profile_doubles_sizes_and_sharpens():
    found = planned("m", Statistic("k", exponent=0.5, resolution=0.03)).under(PROFILES["full"]).experiment
    assert found.sizes_at({}) == (20, 40)
    assert [s.required for s in found.statistics] == pytest.approx([0.002, 0.012])


def test_exact_statistics_keep_their_sizes():
    found = planned(Statistic("m", kind="exact")).under(PROFILES["full"]).experiment
    assert found.sizes_at({}) == (10, 20)
    assert found.statistics[0].required == pytest.approx(0.002)


@pytest.mark.parametrize(("profile", "options"), [("quick", {}), ("full", {"grows": False})])
def test_what_stays(profile, options):
    plan = planned("m", **options)
    assert plan.under(PROFILES[profile]) is plan


def test_the_experiments_of_a_theorem_share_its_level():
    theorem = Theorem(
        id="toy", title="T", family="toys", parameters=(Parameter("c", "ratio"),),
        quantities=(Quantity("m", "mean"),), points={"A": {"c": "1/2"}},
    )  # fmt: skip
    theorem.statement(lambda: FixedPointSystem((), (), {"m": sp.Integer(1)}))
    for law in ("gauss", "rad"):
        statistic = Statistic("m", kind="exact", resolution=0.5)
        theorem.experiment(sizes=(10, 20), statistics=(statistic,), laws=(law,))(
            lambda rng, size, point, law: {"m": 1 + rng.standard_normal() / size}
        )
    found = simulate(theorem)
    assert [run.level for run in found.runs] == [LEVEL / 2, LEVEL / 2]
    assert found.evidence.figures["level"] == LEVEL
    assert found.evidence.passed
