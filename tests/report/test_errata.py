"""The errata page: wrong versions with a source, once each, where they differ from the right one."""

from rmtsym.report import html


def mutant(name, source="a notebook", equivalent=False, killed_by="simulation", z=20.0):
    where = dict(where="m at A (gauss)", note="", kind="by hand")
    return dict(name=name, source=source, equivalent=equivalent, killed_by=killed_by, z=z, **where)


def errata(*mutants):
    return html._errata([{"id": "toy", "title": "Toy", "verdict": {"mutation": {"mutants": list(mutants)}}}])


def test_a_version_that_differs_in_one_regime_only_is_listed_once_with_its_evidence():
    found = errata(mutant("x", equivalent=True, killed_by=None), mutant("x"), mutant("x", z=3.0))
    assert [e["evidence"] for e in found] == ["rejected by simulation (z = 20.0 at m at A (gauss))"]


def test_what_has_no_source_is_not_listed_and_what_survives_says_so():
    found = errata(mutant("x", source=""), mutant("y", killed_by=None, z=0.0))
    assert [(e["name"], e["evidence"]) for e in found] == [("y", "survives")]
