import json
import math

import pytest
import sympy as sp

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.theorem import SCHEMA, Evidence, Parameter, Quantity, Status, Theorem, verify
from rmtsym.theorem.evidence import combine


def test_a_right_theorem_is_verified(verdict):
    found = verdict("right")
    assert found.status is Status.VERIFIED, str(found)
    assert not found.messages
    assert len(found.kills.killed) == len(found.kills.counted) > 20
    assert all(kill.simulation for kill in found.kills.counted if not kill.enclosure)


def test_a_wrong_one_is_refuted_by_derivation_and_by_simulation(verdict):
    found = verdict("wrong")
    assert found.status is Status.REFUTED
    assert found.evidence["derivation"].status is Status.REFUTED
    assert found.evidence["simulation"].status is Status.REFUTED
    text = found.evidence["simulation"].message
    for word in ("sample-moments", "inverse at A (gauss)", "theory 0.54", "simulation 0.4", "z = "):
        assert word in text


def test_a_simulation_without_power_is_inconclusive(verdict):
    found = verdict("powerless")
    assert found.status is Status.INCONCLUSIVE
    assert "no power" in found.evidence["simulation"].message


def test_the_same_numbers_every_time(verdict, toy):
    again = verify(toy())
    assert json.dumps(again.to_json(), sort_keys=True) == json.dumps(verdict("right").to_json(), sort_keys=True)


def test_json_follows_the_documented_schema(verdict):
    data = json.loads(json.dumps(verdict("right").to_json(), allow_nan=False))
    assert data["schema"] == SCHEMA
    assert data["status"] == "VERIFIED"
    assert set(data["evidence"]) == {"derivation", "enclosure", "simulation", "falsification"}
    assert data["values"]["A"]["inverse"]["value"] == 0.5
    assert {m["killed_by"] for m in data["mutation"]["mutants"]} <= {"derivation", "enclosure", "simulation", None}


def test_nothing_declared_is_inconclusive():
    theorem = Theorem(
        id="empty",
        title="",
        family="toy",
        parameters=(Parameter("v", ""),),
        quantities=(Quantity("m2", ""),),
        points={"A": {"v": "1"}},
    )
    theorem.statement(lambda: FixedPointSystem((), (), {"m2": sp.Symbol("v")}))
    found = verify(theorem)
    assert found.status is Status.INCONCLUSIVE
    assert {k: str(e.status) for k, e in found.evidence.items()} == {
        "derivation": "INCONCLUSIVE",
        "enclosure": "VERIFIED",
        "simulation": "INCONCLUSIVE",
        "falsification": "INCONCLUSIVE",
    }


def test_evidence_has_three_values():
    with pytest.raises(TypeError, match="three values"):
        bool(Evidence.of(True, "x"))
    assert combine([Status.VERIFIED, Status.REFUTED, Status.INCONCLUSIVE]) is Status.REFUTED
    assert combine([]) is Status.INCONCLUSIVE


@pytest.mark.parametrize("resolution", [math.inf, math.nan])
def test_evidence_without_resolution_is_inconclusive(resolution):
    found = Evidence.of(True, "balls", resolution=resolution)
    assert found.status is Status.INCONCLUSIVE
    assert "no power" in found.message
