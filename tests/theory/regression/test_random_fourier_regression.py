"""Random Fourier features: means of the control variates by enumeration of signs, resolvents from either side."""

import itertools

import numpy as np
import pytest

from theory.regression.random_fourier_regression.controls import expansion
from theory.regression.random_fourier_regression.experiment import resolvent
from theory.regression.random_fourier_regression.kernels import load, source
from theory.regression.random_fourier_regression.statement import theorem


def test_means_of_the_controls_for_signs():
    point = theorem.point(p=2, n=8, nh=4, N=3)
    near, (X, Xh, *_) = expansion(point, 8, "rad"), load(*source(point))
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=6):
        weights = np.reshape(signs, (3, 2))
        S, Sh = (np.concatenate([np.cos(weights @ x), np.sin(weights @ x)]) for x in (X, Xh))
        found.append(near.linear(S.T @ S / 8, S.T @ Sh / 8) | near.pairs(S))
    assert set(found[0]) == set(near.means)
    for name, mean in near.means.items():
        assert np.mean([x[name] for x in found]) == pytest.approx(mean, rel=1e-5, abs=1e-6), name


@pytest.mark.parametrize("rows", [6, 20])
def test_resolvent_from_the_smaller_side(rows):
    rng = np.random.default_rng(2)
    S, Sh = rng.standard_normal((rows, 12)), rng.standard_normal((rows, 5))
    G, P = S.T @ S / 12, S.T @ Sh / 12
    Q, predict = resolvent(S, Sh, G, P, 0.1)
    expected = np.linalg.inv(G + 0.1 * np.eye(12))
    assert np.allclose(Q, expected, rtol=0, atol=1e-10)
    assert np.allclose(predict, P.T @ expected, rtol=0, atol=1e-10)
