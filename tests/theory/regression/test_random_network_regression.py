"""Random-network regression: reference figures, kernels and data."""

import numpy as np
import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.theorem import predict
from rmtsym.theorem.registry import get
from rmtsym.theorem.trial import verify
from theory.regression.random_network_regression import apply_activation

theorem = get("random-network-regression")
LARGE = {"p": 256, "T": 512, "Th": 256}
REFERENCE = {
    "A": (
        {"sigma": "relu", "n": 384, "gamma": "0.1", **LARGE},
        {"train": 0.132313840918, "test": 0.370344477127, "trQ": 5.79868011246, "yQy": 2.02837999454},
    ),
    "B": (
        {"sigma": "erf", "data": "toeplitz", "n": 768, "gamma": "0.01", **LARGE},
        {"train": 0.00857192854958, "test": 0.317090762339, "trQ": 16.2992702809, "yQy": 2.59174407303},
    ),
    "C2": (
        {
            "sigma": "poly2", "coef": "-0.5,0.5,1", "W": "rademacher", "n": 256, "gamma": "0.1",
            **LARGE, "p": 128,
        },
        {"train": 0.20087890029, "test": 0.536532380212, "trQ": 6.01608347682, "yQy": 2.47403298679},
    ),
}  # fmt: skip


@pytest.mark.parametrize("case", sorted(REFERENCE))
def test_reference_figures(case):
    given, expected = REFERENCE[case]
    values = theorem.values(theorem.point(**given))
    for name, figure in expected.items():
        assert float(values[name]) == pytest.approx(figure, rel=1e-11)


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


@pytest.mark.parametrize(
    "given, error, text",
    [
        ({"sigma": "relyu"}, UnknownName, "did you mean relu"),
        ({"data": "mnist"}, UnknownName, "unknown data set"),
        ({"gamma": "0"}, DomainError, "gamma = 0"),
        ({"n": "0"}, DomainError, "n = 0"),
        ({"sigma": "poly2", "coef": "1,2"}, DomainError, "coef"),
    ],
)
def test_bad_input(given, error, text):
    with pytest.raises(error, match=text):
        theorem.values(theorem.point(**given))


def test_digits_refuse_other_dimensions():
    with pytest.raises(DomainError, match="p = 64"):
        theorem.values(theorem.point("digits", p=32))


@pytest.mark.slow
def test_verified():
    verdict = verify(theorem, jobs=1)
    assert str(verdict.status) == "VERIFIED", str(verdict)
