"""Random-network regression: kernels and data."""

import numpy as np
import pytest

from rmtsym.errors import DomainError
from rmtsym.theorem import predict
from rmtsym.theorem.registry import get
from theory.regression.random_network_regression.kernel import apply_activation

theorem = get("random-network-regression")
LARGE = {"p": 256, "T": 512, "Th": 256}


def test_enclosure_contains_the_floating_point_value():
    point = {"p": 16, "T": 32, "Th": 16, "n": 24, "gamma": "0.1"}
    values = theorem.values(theorem.point(**point))
    for name, value in predict(theorem, point).items():
        assert value.radius < 1e-12
        assert float(values[name]) == pytest.approx(float(value), rel=1e-12)


@pytest.mark.parametrize(
    "sigma", ["relu", "abs", "lrelu", "sign", "step", "erf", "cos", "sin", "gauss", "linear", "poly2"]
)
def test_kernel_of_every_activation_is_the_second_moment_of_its_features(sigma):
    """Floating-point average over many neurons, within five standard errors."""
    coef = (-0.5, 0.5, 1) if sigma == "poly2" else (1.3, -0.4)
    point = theorem.point(sigma=sigma, coef=coef, p=8, T=4, Th=2, n=4, gamma=1)
    X = np.asarray(theorem.bound(point)["Phi"].X)
    features = apply_activation(sigma, point["coef"], np.random.default_rng(0).standard_normal((200_000, 8)) @ X)
    products = features[:, :, None] * features[:, None, :]
    error = products.std(axis=0) / np.sqrt(len(products))
    assert np.all(np.abs(products.mean(axis=0) - theorem.bound(point)["Phi"].floats()) < 5 * error + 1e-12)


def test_digits_refuse_other_dimensions():
    with pytest.raises(DomainError, match="p = 64"):
        theorem.values(theorem.point("digits", p=32))
