"""Anisotropic ridge regression: directions without variance."""

import pytest

from rmtsym.theorem import get, predict


@pytest.fixture(scope="module")
def theorem():
    return get("ridge-anisotropic")


def test_directions_without_variance_do_not_count(theorem):
    thin = predict(theorem, {"s": "0,1", "w": "1/2,1/2", "q": "0,1", "c": "1", "lam": "0"})
    full = predict(theorem, {"s": "1", "w": "1", "q": "1", "c": "1/2", "lam": "0"})
    assert all(float(thin[k]) == pytest.approx(float(full[k]), rel=1e-12) for k in full)
