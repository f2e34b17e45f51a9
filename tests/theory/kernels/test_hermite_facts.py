"""Hermite coefficients against the calculus."""

import pytest

from rmtsym.gaussian import hermite_coefficient
from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("hermite-facts")


@pytest.mark.parametrize("name", ["relu", "sign", "erf", "cos", "sin", "gauss"])
def test_closed_forms_are_those_of_the_calculus(theorem, name):
    found = predict(theorem, {"f": name})
    for k in range(7):
        assert float(found[f"f{k}"]) == pytest.approx(hermite_coefficient(name, k).value().value, rel=1e-14)
