"""The errata page: wrong versions with a source, once each, where they differ from the right one."""

from rmtsym.report import html
from rmtsym.report.describe import correction_latex
from rmtsym.theorem import get


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


def correction(theorem_id, name, quantity=""):
    theorem = get(theorem_id)
    return correction_latex(theorem, next(x for x in theorem.mutants if x.name == name), quantity)


def test_wrong_and_right_formulas_stand_beside_each_other():
    wrong, right = correction("gaussian-sketch-inverse-moments", "m/(m-d), exact only in the limit")
    assert r"\theta_1 &= \frac{m}{- d + m}" in wrong and r"\theta_1 &= \frac{m}{- d + m - 1}" in right


def test_wrong_numbers_have_no_formula_but_the_quantity_has():
    wrong, right = correction("random-sampling-inversion-bias", "scalar correction m/(m - d) for every scheme", "trH")
    assert wrong == "" and right.count("&=") == 1 and "\\tilde Q &= " in right


def test_what_changes_everywhere_is_shown_at_one_quantity():
    name = "quadratic kernel with a misplaced parenthesis and a product of norms"
    wrong, right = correction("random-network-regression", name, "yQy")
    assert wrong.count("&=") == right.count("&=") == 1 and wrong != right


def test_the_page_has_formulas_and_an_erratum_of_an_unknown_theorem_has_none():
    name = "m/(m-d), exact only in the limit"
    found = html._correction({"id": "gaussian-sketch-inverse-moments", "name": name, "quantity": "theta1"})
    assert "<math" in found["wrong"] and "<math" in found["right"]
    assert html._correction({"id": "toy", "name": "x", "quantity": ""}) == {}
