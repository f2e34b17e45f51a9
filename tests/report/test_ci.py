"""A run for machines: what is refuted fails, what could not be decided is an error, and the XML can be read."""

from __future__ import annotations

import xml.etree.ElementTree as ET
from typing import Any

from rmtsym.report import ci
from rmtsym.report.verification import run_json

KINDS = ("derivation", "enclosure", "simulation", "falsification")


def record(name: str, status: str, message: str = "", **evidence: str) -> dict[str, Any]:
    found = {kind: {"status": evidence.get(kind, "VERIFIED"), "message": message} for kind in KINDS}
    verdict = None if status == "INCONCLUSIVE" and not evidence else {"evidence": found}
    head = {"id": name, "family": "toy", "title": name, "status": status, "message": message}
    return {**head, "seconds": 1.0, "verdict": verdict}


def run(*records: dict[str, Any], complete: bool = True) -> dict[str, Any]:
    return run_json(records, profile="quick", seed=0, seconds=2.0, complete=complete)


def suites(found: dict[str, Any]) -> dict[str, ET.Element]:
    return {s.get("name", ""): s for s in ET.fromstring(ci.junit_xml(found).split("\n", 1)[1])}


def test_refuted_is_a_failure_and_inconclusive_an_error():
    found = run(
        record("right", "VERIFIED"),
        record("wrong", "REFUTED", "z = 9", simulation="REFUTED"),
        record("weak", "INCONCLUSIVE", "too few replicates", simulation="INCONCLUSIVE"),
    )
    by_name = suites(found)
    assert [by_name["right"].get(k) for k in ("tests", "failures", "errors")] == ["4", "0", "0"]
    assert [by_name["wrong"].get(k) for k in ("tests", "failures", "errors")] == ["4", "1", "0"]
    assert [by_name["weak"].get(k) for k in ("tests", "failures", "errors")] == ["4", "0", "1"]
    (failure,) = by_name["wrong"].iter("failure")
    assert failure.get("message") == failure.text == "z = 9"


def test_a_notebook_that_stopped_is_an_error_in_every_kind():
    (suite,) = suites(run(record("stopped", "INCONCLUSIVE", "NameError\nat cell 3"))).values()
    assert suite.get("errors") == "4"
    assert next(suite.iter("error")).get("message") == "NameError"


def test_a_theorem_not_verified_although_its_evidence_is():
    (suite,) = suites(run(record("late", "INCONCLUSIVE", "the notebook was changed", derivation="VERIFIED"))).values()
    assert (suite.get("tests"), suite.get("errors")) == ("5", "1")
    assert [c.get("name") for c in suite.iter("testcase")][-1] == "notebook"


def test_control_characters_do_not_break_the_xml():
    (suite,) = suites(run(record("coloured", "REFUTED", "\x1b[31mred\x00", simulation="REFUTED"))).values()
    assert next(suite.iter("failure")).text == "[31mred"


def test_summary_in_markdown():
    text = ci.markdown(run(record("wrong", "REFUTED", "a | b\nsecond line", simulation="REFUTED"), complete=False))
    assert text.startswith("### ❌ rmtsym: 1 refuted")
    assert "| `wrong` | ❌ REFUTED |" in text
    assert "**wrong**: a \\| b second line" in text


def test_an_incomplete_run_is_not_verified():
    assert run(record("right", "VERIFIED"), complete=False)["status"] == "INCONCLUSIVE"
    assert "nothing finished" in ci.markdown(run(complete=False))
