"""Nonlinear random features: moments of the activations, range of the ridge."""

import pytest

from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("random-features-mei-montanari")


@pytest.mark.parametrize("act", ["relu", "tanh", "sign", "erf"])
def test_moments_of_every_activation_are_enclosed(act):
    from theory.regression.random_features_mei_montanari import coefficients

    mean, slope, star = coefficients(act)
    assert float(star) > 0
    assert all(float(x.rad()) < 1e-50 for x in (mean, slope, star))


@pytest.mark.parametrize("lam", ["1e-12", "1e-6", "1", "1e6"])
def test_the_two_forms_agree_over_the_range_of_the_ridge(theorem, lam):
    from theory.regression.random_features_mei_montanari import two_stage

    point = theorem.point("A", lam=lam)
    found, other = predict(theorem, point), two_stage(point)
    assert float(found["B"]) == pytest.approx(other["B"], rel=1e-9)
    assert float(found["V"]) == pytest.approx(other["V"], rel=1e-6)
