"""Random Fourier features: means of all control variates by enumeration of signs, resolvents from either side."""

import itertools

import numpy as np
import pytest

from theory.regression.random_fourier_regression.controls import expansion
from theory.regression.random_fourier_regression.experiment import resolvent
from theory.regression.random_fourier_regression.kernels import load, source
from theory.regression.random_fourier_regression.left_out import kernels, left_out, single
from theory.regression.random_fourier_regression.statement import theorem


def test_means_of_the_controls_for_signs():
    point = theorem.point(p=2, n=8, nh=4, N=3)
    near, (X, Xh, *_) = expansion(point, 8, "rad"), load(*source(point))
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=6):
        weights = np.reshape(signs, (3, 2))
        S, Sh = (np.concatenate([np.cos(weights @ x), np.sin(weights @ x)]) for x in (X, Xh))
        found.append(near.linear(S.T @ S / 8, S.T @ Sh / 8))
    assert set(found[0]) == set(near.means)
    for name, mean in near.means.items():
        assert np.mean([x[name] for x in found]) == pytest.approx(mean, rel=1e-5, abs=1e-6), name


def test_controls_of_weights_left_out_have_mean_zero():
    point, ridge = theorem.point(p=2, n=8, nh=4, N=3), 0.1
    (X, Xh, *_), known = load(*source(point)), kernels("rad", *source(point))
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=6):
        weights = np.reshape(signs, (3, 2))
        S, Sh = (np.concatenate([np.cos(weights @ x), np.sin(weights @ x)]) for x in (X, Xh))
        Q = np.linalg.inv(S.T @ S / 8 + ridge * np.eye(8))
        found.append(left_out(S, Sh, Q, Q @ S.T @ Sh / 8, *known))
    assert len(found[0]) == 5
    for name in found[0]:
        values = [x[name] for x in found]
        assert np.std(values) > 1e-3, name
        assert np.mean(values) == pytest.approx(0.0, abs=1e-10 * np.std(values)), name


def test_weights_left_out_in_single_precision():
    point = theorem.point("C")
    (X, Xh, *_), rng = load(*source(point)), np.random.default_rng(5)
    weights = rng.standard_normal((point["N"], point["p"]))
    S, Sh = (np.concatenate([np.cos(weights @ x), np.sin(weights @ x)]) for x in (X, Xh))
    Q = np.linalg.inv(S.T @ S / point["n"] + float(point["lam"]) * np.eye(point["n"]))
    rough, fine = (
        left_out(S, Sh, Q, Q @ S.T @ Sh / point["n"], *known("gauss", *source(point))) for known in (single, kernels)
    )
    for name, value in fine.items():
        assert rough[name] == pytest.approx(value, rel=0.02), name


@pytest.mark.parametrize("rows", [6, 20])
def test_resolvent_from_the_smaller_side(rows):
    rng = np.random.default_rng(2)
    S, Sh = rng.standard_normal((rows, 12)), rng.standard_normal((rows, 5))
    G, P = S.T @ S / 12, S.T @ Sh / 12
    Q, predict = resolvent(S, Sh, G, P, 0.1)
    expected = np.linalg.inv(G + 0.1 * np.eye(12))
    assert np.allclose(Q, expected, rtol=0, atol=1e-10)
    assert np.allclose(predict, P.T @ expected, rtol=0, atol=1e-10)
