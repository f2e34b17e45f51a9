"""Reference figures of sheet 22 of the kernel family, to all printed digits."""

import pytest

from rmtsym.errors import UnknownName
from rmtsym.gaussian import hermite_coefficient
from rmtsym.theorem import Status, derive, get, predict, verify
from rmtsym.theorem.consequence import run_consequence

REFERENCE = {
    "relu": [0.398942280401, 0.5, 0.282094791774, 0, -0.0814337519838, 0, 0.0446031029038, 0.340845056908],
    "sign": [0, 0.797884560803, 0, -0.325735007935, 0, 0.218509686118, 0, 1],
    "erf": [0, 0.651470015871, 0, -0.177307680178, 0, 0.0792944051623, 0, 0.464559054398],
}


@pytest.fixture(scope="module")
def theorem():
    return get("hermite-facts")


@pytest.mark.parametrize("name", REFERENCE)
def test_reference_figures(theorem, name):
    found = predict(theorem, {"f": name}).values()
    for value, printed in zip(found, REFERENCE[name], strict=True):
        assert float(f"{float(value):.12g}") == printed
        assert value.radius < 1e-12


@pytest.mark.parametrize("name", ["relu", "sign", "erf", "cos", "sin", "gauss"])
def test_closed_forms_are_those_of_the_calculus(theorem, name):
    found = predict(theorem, {"f": name})
    for k in range(7):
        assert float(found[f"f{k}"]) == pytest.approx(hermite_coefficient(name, k).value().value, rel=1e-14)


def test_an_unknown_function_gives_one_line(theorem):
    with pytest.raises(UnknownName) as caught:
        predict(theorem, {"f": "tanh"})
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
    assert len(by_hand) == 15 and all(kill.killed and kill.simulation for kill in by_hand)
