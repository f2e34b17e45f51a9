"""Reference figures of sheet A2, to all printed digits."""

import pytest

from rmtsym.errors import DomainError
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {
    "A": "m_outside -0.5 re_m -0.146208326822 im_m 0.964009290546 mom2 1 mom4 2 mom6 5 edge 2",
    "B": """m_outside -0.686447127434 re_m -0.289153810684 im_m 1.33297420071 mom2 0.5 mom4 0.5 mom6 0.625
            edge 1.41421356237""",
}


@pytest.fixture(scope="module")
def theorem():
    return get("semicircle")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    words = REFERENCE[point].split()
    found = predict(theorem, theorem.points[point])
    for name, printed in zip(words[::2], words[1::2], strict=True):
        value = found[name]
        assert float(f"{float(value):.12g}") == pytest.approx(float(printed), rel=1e-11), name
        assert value.radius < 1e-12


@pytest.mark.parametrize("point", [{"x": "2"}, {"x": "1.4", "s": "1/2"}, {"s": "0"}, {"s": "2"}])
def test_points_on_the_spectrum_and_impossible_masks_are_refused(theorem, point):
    with pytest.raises(DomainError) as caught:
        predict(theorem, point)
    assert "\n" not in str(caught.value)


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
