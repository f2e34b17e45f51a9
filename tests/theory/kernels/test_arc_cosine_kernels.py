"""Arc-cosine kernels: all orders, edges of the domain."""

import math

import pytest

from rmtsym.gaussian import activation, kernel
from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("arc-cosine-kernels")


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
