"""Reference figures of sheet A1, to all printed digits."""

import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {
    "A": """m_neg_lam 1.48331477355 m_prime 3.45224838248 quad_form 1.48331477355 mom2 1.5 mom3 2.75 mom4 5.625
            edge_plus 2.91421356237 edge_minus_nz 0.0857864376269 re_m_complex -0.454049948966
            im_m_complex 1.29665739126 mass_at_zero 0 log_moment -0.30685281944 inv_moment 2 inv2_moment 8""",
    "B": """m_neg_lam 2 m_prime 5.88235294118 quad_form 2 mom2 3 mom3 11 mom4 45 edge_plus 5.82842712475
            edge_minus_nz 0.171572875254 re_m_complex -0.486884378356 im_m_complex 0.512156426497 mass_at_zero 0.5""",
    "C": """m_neg_lam 0.531128874149 m_prime 0.298503651544 mom2 1.25 mom3 1.8125 mom4 2.890625 edge_plus 2.25
            edge_minus_nz 0.25 re_m_complex -0.432739236327 im_m_complex 1.86088031325 mass_at_zero 0
            log_moment -0.136953782645 inv_moment 1.33333333333 inv2_moment 2.37037037037""",
}


@pytest.fixture(scope="module")
def theorem():
    return get("marchenko-pastur")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    words = REFERENCE[point].split()
    found = predict(theorem, theorem.points[point])
    for name, printed in zip(words[::2], words[1::2], strict=True):
        value = found[name]
        assert float(f"{float(value):.12g}") == pytest.approx(float(printed), rel=1e-11, abs=1e-15), name
        assert value.radius < 1e-12


@pytest.mark.parametrize("ratio", ["1/2", "1", "2", "999/1000"])
def test_no_digit_is_lost_near_the_axis(theorem, ratio):
    assert predict(theorem, {"c": ratio, "lam": "1e-14"}, quantities=["m_neg_lam"])["m_neg_lam"].digits >= 14


@pytest.mark.parametrize(
    ("point", "error"),
    [({"c": "0"}, DomainError), ({"lam": "-1"}, DomainError), ({"c": "one"}, DomainError), ({"b": "1"}, UnknownName)],
)
def test_bad_points_give_one_line(theorem, point, error):
    with pytest.raises(error) as caught:
        predict(theorem, point)
    assert "\n" not in str(caught.value)


def test_a_quantity_of_another_regime_says_where_it_is_missing(theorem):
    with pytest.raises(UnknownName, match="more dimensions than samples"):
        predict(theorem, {"c": "2"}, quantities=["log_moment"])


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
    verdict = verify(theorem, jobs=2)
    assert verdict.status is Status.VERIFIED, str(verdict)
    assert all(kill.killed for kill in verdict.kills.counted if not kill.mutant.generated)
