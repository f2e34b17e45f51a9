from dataclasses import replace

import pytest
import sympy as sp

from rmtsym.theorem import Status, kill_table


@pytest.fixture(scope="module")
def table(verdict):
    return verdict("right").kills


@pytest.fixture(scope="module")
def simulated(verdict):
    """Simulation of the toy; mutants that are added later are tried on it."""
    return verdict("right").simulated


def find(table, name):
    return next(k for k in table.kills if k.mutant.name == name)


def test_each_evidence_is_asked_by_itself(table):
    forgotten = find(table, "the inverse forgotten")
    assert (forgotten.killed_by, forgotten.derivation, forgotten.simulation) == ("derivation", True, True)
    assert abs(forgotten.z) > 20
    assert forgotten.mutant.source == "by hand"
    doubled = find(table, "the sum doubled")
    assert (doubled.killed_by, doubled.derivation) == ("simulation", False)


def test_mutants_without_a_root_are_named(table):
    assert any(k.enclosure and "no value at" in k.note for k in table.kills)


def test_equivalent_mutants_do_not_count(toy, simulated):
    theorem = toy()
    theorem.mutants.clear()
    v, t = sp.symbols("v t", positive=True)
    theorem.mutant("the same in other words", outputs={"inverse": 1 / v})
    theorem.mutant("the same equation", equations={t: sp.Eq(t, (1 + t * (1 - v)))})
    kills = kill_table(theorem, simulated).kills
    named = {k.mutant.name: k for k in kills}
    assert named["the same in other words"].equivalent
    assert named["the same equation"].equivalent


def test_survivors_say_which_resolution_they_need(toy, simulated):
    theorem = toy()
    v = sp.Symbol("v", positive=True)
    theorem.mutant("a tenth of a per cent", outputs={"m2": v * sp.Rational(1001, 1000)})
    table = kill_table(theorem, simulated)  # no derivation to reject it
    kill = find(table, "a tenth of a per cent")
    assert not kill.killed
    assert kill.shift == pytest.approx(1e-3, rel=1e-6)
    assert kill in table.survivors
    evidence = table.evidence()
    assert evidence.status is Status.INCONCLUSIVE
    assert "needs a resolution of 0.1 %" in evidence.message


def test_a_mutant_that_fits_nowhere_is_a_survivor(toy, simulated):
    theorem = toy()
    theorem.mutant("of another theorem", outputs={"kappa": sp.Integer(1)})
    table = kill_table(theorem, simulated)
    assert find(table, "of another theorem").note == "fits no regime of the statement"
    assert table.evidence().status is Status.INCONCLUSIVE


def test_a_regime_that_fixes_a_parameter_makes_more_mutants_equivalent(toy, simulated):
    def equivalents(when):
        theorem = toy(when=when)
        theorem.points = {"A": {"v": "1"}}
        theorem.mutants.clear()
        empty = replace(simulated, plans=[], runs=[], theories=[])
        return {k.mutant.where for k in kill_table(theorem, empty).kills if k.equivalent}

    assert equivalents(sp.true) == set()
    assert equivalents("v == 1") == {"equation of t"}  # (v - 1) t may have any sign and any exponent there


def test_a_version_by_hand_that_says_the_same_counts_against_the_theorem(toy, simulated):
    theorem = toy()
    theorem.mutant("the same in other words", outputs={"inverse": 1 / sp.Symbol("v", positive=True)})
    table = kill_table(theorem, simulated)
    assert table.idle == ("the same in other words",)
    assert table.evidence().status is Status.INCONCLUSIVE
    assert "says the same as the statement" in table.evidence().message
