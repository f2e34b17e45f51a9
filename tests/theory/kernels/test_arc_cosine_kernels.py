"""Reference figures of sheet 2 of the kernel family; edges of the domain; all orders."""

import math

import pytest

from rmtsym.errors import DomainError
from rmtsym.gaussian import activation, kernel
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {"A": "0.681690113816", "B": "0.0577009126404", "C": "1.51385458392", "D": "0.0251914891824"}


@pytest.fixture(scope="module")
def theorem():
    return get("arc-cosine-kernels")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    value = predict(theorem, theorem.points[point])["k_n"]
    assert float(f"{float(value):.12g}") == float(REFERENCE[point])
    assert value.radius < 1e-12


@pytest.mark.parametrize("order", range(7))
def test_every_order_is_the_kernel_of_its_features(theorem, order):
    found = predict(theorem, {"n": order, "norm_x": "0.9", "norm_y": "1.3", "theta": "0.75"})["k_n"]
    feature = activation("rectified_monomial", order)
    direct = kernel(feature, deviations=("0.9", "1.3"), correlation=0.7316888688738209).value().value
    assert float(found) == pytest.approx(2 * direct, rel=1e-12)


@pytest.mark.parametrize("order", range(7))
def test_both_ends_of_the_domain(theorem, order):
    parallel = predict(theorem, {"n": order, "norm_x": 1, "norm_y": 1, "theta": 0})
    moment = math.prod(range(1, 2 * order, 2))
    assert float(parallel["k_n"]) == pytest.approx(moment, rel=1e-14)
    assert float(parallel["cos_next"]) == pytest.approx(1, rel=1e-14)
    opposite = predict(theorem, {"n": order, "norm_x": 1, "norm_y": 1, "theta": "3.14159265358979323846"})
    assert abs(float(opposite["k_n"])) < 1e-18 and opposite["k_n"].radius < 1e-30


@pytest.mark.parametrize("change", [{"n": 7}, {"n": -1}, {"theta": "3.2"}, {"theta": "-0.1"}, {"norm_x": 0}])
def test_bad_points_give_one_line(theorem, change):
    with pytest.raises(DomainError) as caught:
        predict(theorem, change)
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
    verdict = verify(theorem, jobs=2)
    assert verdict.status is Status.VERIFIED, str(verdict)
    by_hand = [kill for kill in verdict.kills.counted if not kill.mutant.generated]
    assert len(by_hand) >= 14 and all(kill.killed and kill.simulation for kill in by_hand)
