"""Reference figures of sheet 1 of the kernel family, to all printed digits; edges of the domain."""

import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.gaussian import expectation
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = """relu 0.289646570301 0.0136807587187   abs 0.798586281205 0.594723034875
               lrelu 0.421813721944 -0.269718585438  step 0.29849334201 0.115026728081
               sign 0.193973368041 -0.539893087675   quad 0.2217 0.2308
               cos 0.251188121236 0.467302042377     sin 0.0867136646588 -0.230374283694
               erf 0.130347449624 -0.274583049202    gauss 0.438512144126 0.574788588527""".split()
NAMES = REFERENCE[::3]


@pytest.fixture(scope="module")
def theorem():
    return get("rf-gaussian-kernel-closed-forms")


@pytest.mark.parametrize("name", NAMES)
def test_reference_figures(theorem, name):
    at = REFERENCE.index(name)
    for point, printed in zip((name, name + "'"), REFERENCE[at + 1 : at + 3], strict=True):
        value = predict(theorem, theorem.points[point])["kernel"]
        assert float(f"{float(value):.12g}") == pytest.approx(float(printed), rel=1e-11)
        assert value.radius < 1e-12


@pytest.mark.parametrize("name", NAMES)
def test_parallel_and_opposite_vectors(theorem, name):
    point = {"sigma": name, "norm_x": 1, "norm_y": 1}
    same = predict(theorem, {**point, "cos_angle": 1})["kernel"]
    opposite = predict(theorem, {**point, "cos_angle": -1})["kernel"]
    assert same.radius < 1e-12 and opposite.radius < 1e-12
    assert abs(float(opposite)) <= float(same) + 1e-12  # Cauchy-Schwarz


def test_long_and_short_vectors(theorem):
    short = predict(theorem, {"sigma": "erf", "norm_x": "1e-8", "norm_y": "1e-8", "cos_angle": "0.5"})["kernel"]
    assert short.digits >= 14
    assert float(short) == pytest.approx(4 / 3.141592653589793 * 0.5e-16)
    long = predict(theorem, {"sigma": "gauss", "norm_x": "1e8", "norm_y": "1e8", "cos_angle": "1"})["kernel"]
    assert float(long) == pytest.approx(1 / (2**0.5 * 1e8), rel=1e-12) and long.digits >= 14


def test_every_branch_of_the_table_is_a_second_moment(theorem):
    for name in NAMES:
        if name not in ("lrelu", "quad"):
            value = predict(theorem, {"sigma": name, "norm_x": 2, "norm_y": 2, "cos_angle": 1})["kernel"]
            from rmtsym.gaussian import activation

            assert float(value) == pytest.approx(expectation(activation(name) ** 2, 4).value().value, rel=1e-13)


@pytest.mark.parametrize(
    ("point", "error"),
    [
        ({"cos_angle": "1.01"}, DomainError),
        ({"norm_x": "0"}, DomainError),
        ({"quad": "1,2"}, DomainError),
        ({"sigma": "relyu"}, UnknownName),
    ],
)
def test_bad_points_give_one_line(theorem, point, error):
    with pytest.raises(error) as caught:
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
    verdict = verify(theorem, jobs=2)
    assert verdict.status is Status.VERIFIED, str(verdict)
    by_hand = [kill for kill in verdict.kills.counted if not kill.mutant.generated]
    assert len(by_hand) == 14 and all(kill.killed and kill.simulation for kill in by_hand)
