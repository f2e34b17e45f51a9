"""Reference figures of sheet 1 of the regression family, to all printed digits."""

import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {
    "A": """B_avg 0.113644834636 B 0.113644834636 V 0.11260897901 R 0.226253813646 train 0.17710605525
            B_in 0.0422614744181 V_in 0.0799375238198""",
    "B": """B_avg 1.02515842687 B 1.02515842687 V 0.26140959543 R 1.2865680223 train 0.0031345291774
            B_in 0.00209127676344 V_in 0.228460323507""",
    "C": """B_avg 0.0496769118164 B 0.0496769118164 V 0.620209443638 R 0.669886355454 train 0.092690788079
            B_in 0.00393593111342 V_in 0.307275565317""",
    "RL1": "B 0 V 0.25 R 0.25",
    "RL2": "B 0.5 V 0.25 R 0.75",
    "RL3": "B 1.37343848875 V 0.215868841893 R 1.58930733064",
}


@pytest.fixture(scope="module")
def theorem():
    return get("ridge-anisotropic")


@pytest.mark.parametrize("point", REFERENCE)
def test_reference_figures(theorem, point):
    words = REFERENCE[point].split()
    found = predict(theorem, theorem.points[point])
    for name, printed in zip(words[::2], words[1::2], strict=True):
        assert float(f"{float(found[name]):.12g}") == pytest.approx(float(printed), rel=1e-11, abs=1e-15), name
        assert found[name].radius < 1e-12


@pytest.mark.parametrize(
    ("point", "error", "words"),
    [
        ({"lam": "-1"}, DomainError, "lam = -1"),
        ({"c": "0"}, DomainError, "c = 0"),
        ({"w": "1/2,1/3"}, DomainError, "sum to 1"),
        ({"s": "1,2,3"}, DomainError, "s = 1,2,3"),
        ({"lamda": "1"}, UnknownName, "lam"),
        ({"c": "1", "lam": "0"}, DomainError, "rank"),
    ],
)
def test_bad_points_give_one_line(theorem, point, error, words):
    with pytest.raises(error, match=words) as caught:
        predict(theorem, point)
    assert "\n" not in str(caught.value)


def test_directions_without_variance_do_not_count(theorem):
    thin = predict(theorem, {"s": "0,1", "w": "1/2,1/2", "q": "0,1", "c": "1", "lam": "0"})
    full = predict(theorem, {"s": "1", "w": "1", "q": "1", "c": "1/2", "lam": "0"})
    assert all(float(thin[k]) == pytest.approx(float(full[k]), rel=1e-12) for k in full)


def test_the_derivation_holds(theorem):
    report = derive(theorem).run()
    assert report.status is Status.VERIFIED, str(report)
    assert not report.assumed


@pytest.mark.slow
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
