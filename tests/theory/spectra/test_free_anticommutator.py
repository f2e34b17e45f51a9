"""Anticommutator: near the edge."""

import pytest

from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("free-anticommutator")


def test_the_transform_comes_close_to_the_edge(theorem):
    value = predict(theorem, {"x": "3.3302"}, quantities=["m_outside"])["m_outside"]
    assert value.radius < 1e-12
    assert -0.4859 < float(value) < -0.48
