"""Reference figures of sheet C2 and of the engine (twelve digits of the complex transform), to all printed digits."""

import pytest

from rmtsym.errors import DomainError
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {
    "A": "re_m -0.388456091330 im_m 0.595305162475 m2 2 m4 10 m6 66 edge 3.33019067679",
    "B": "m2 2 m4 10 m6 66 edge 3.33019067679",
}


@pytest.fixture(scope="module")
def theorem():
    return get("free-anticommutator")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    words = REFERENCE[point].split()
    found = predict(theorem, theorem.points[point])
    for name, printed in zip(words[::2], words[1::2], strict=True):
        value = found[name]
        assert float(f"{float(value):.12g}") == pytest.approx(float(printed), rel=1e-11), name
        assert value.radius < 1e-12


@pytest.mark.parametrize("x", ["3.33", "-4", "0"])
def test_points_that_are_not_to_the_right_of_the_spectrum_are_refused(theorem, x):
    with pytest.raises(DomainError) as caught:
        predict(theorem, {"x": x})
    assert "\n" not in str(caught.value)


def test_the_transform_comes_close_to_the_edge(theorem):
    value = predict(theorem, {"x": "3.3302"}, quantities=["m_outside"])["m_outside"]
    assert value.radius < 1e-12
    assert -0.4859 < float(value) < -0.48


def test_the_derivation_holds(theorem):
    report = derive(theorem).run()
    assert report.status is Status.VERIFIED, str(report)
    assert not report.assumed


def test_the_consequences_hold(theorem):
    for consequence in theorem.consequences:
        report = run_consequence(theorem, consequence)
        assert report.status is Status.VERIFIED, f"{consequence.claim}\n{report}"


@pytest.mark.slow
@pytest.mark.montecarlo
def test_it_is_verified(theorem):
    verdict = verify(theorem)
    assert verdict.status is Status.VERIFIED, str(verdict)
    assert all(kill.killed for kill in verdict.kills.counted if not kill.mutant.generated)
