"""Closed forms of random-feature kernels: edges of the domain."""

import pytest

from rmtsym.gaussian import expectation
from rmtsym.theorem import get, predict

NAMES = ["relu", "abs", "lrelu", "step", "sign", "quad", "cos", "sin", "erf", "gauss"]


@pytest.fixture(scope="module")
def theorem():
    return get("rf-gaussian-kernel-closed-forms")


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
