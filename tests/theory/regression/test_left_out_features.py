"""Features left out one at a time, against a fit without them."""

import numpy as np
import pytest

from rmtsym.gaussian import activation
from theory.regression.left_out_features import FEATURES, SAMPLES, Fit, covariance, harmonics

D, RIDGE = 12, 0.3


def draw(seed: int = 0, features: int = 9, samples: int = 11) -> Fit:
    rng = np.random.default_rng(seed)
    rows = rng.standard_normal((features + samples, D))
    rows *= np.sqrt(D) / np.linalg.norm(rows, axis=1, keepdims=True)
    return fit(rows[:features], rows[features:])


def fit(weights: np.ndarray, x: np.ndarray) -> Fit:
    return Fit(weights, x, activation("tanh")(weights @ x.T / np.sqrt(D)) / np.sqrt(D), "tanh", RIDGE)


def test_covariance_is_that_of_features_on_the_sphere():
    rng = np.random.default_rng(1)
    rows, x = rng.standard_normal((3, D)), rng.standard_normal((400_000, D))
    for points in (rows, x):
        points *= np.sqrt(D) / np.linalg.norm(points, axis=1, keepdims=True)
    values = np.maximum(rows @ x.T / np.sqrt(D), 0) / np.sqrt(D)
    assert covariance(rows, "relu") == pytest.approx(values @ values.T / len(x), rel=0.02)
    slope = np.sqrt(D) * values @ x / len(x)
    assert slope == pytest.approx(harmonics("relu", D).means[1] * rows, abs=0.01)


def test_samples_left_out():
    full = draw()
    own = {name: [] for name in ("load", "square", "spread", "noise", "signal", "fitted")}
    for j in range(len(full.x)):
        rest, h = fit(full.weights, np.delete(full.x, j, axis=0)), full.H[:, j]
        Q = np.linalg.inv(rest.H @ rest.H.T + RIDGE * np.eye(len(h)))
        for name, M in {"load": Q, "square": Q @ Q, "spread": Q @ full.Phi @ Q}.items():
            own[name].append(h @ M @ h - np.trace(full.Phi @ M))
        weights = h @ rest.A  # of the labels, in the prediction
        own["noise"].append(weights @ weights - rest.V)
        error = full.x[j] - weights @ rest.x
        own["signal"].append(error @ error / D - rest.B)
        own["fitted"].append(rest.overlap - weights @ rest.x @ full.x[j] / D)
    expected = {f"sample_{name}": np.mean(values) for name, values in own.items()}
    assert full.samples() == pytest.approx(expected)
    assert set(expected) == {c.output for c in SAMPLES}


def test_features_left_out():
    full = draw()
    Psi = covariance(full.x, "tanh")
    own = {name: [] for name in ("size", "load", "square", "spread", "signal", "fitted")}
    for a in range(len(full.weights)):
        rest, h = fit(np.delete(full.weights, a, axis=0), full.x), full.H[a]
        K = rest.K
        for name, M in {
            "size": np.eye(len(h)),
            "load": K,
            "square": K @ K,
            "spread": K @ Psi @ K,
            "signal": rest.KYK,
        }.items():
            own[name].append(h @ M @ h - np.trace(Psi @ M))
        own["fitted"].append(h @ K @ full.x @ full.weights[a] / np.sqrt(D) - full.slope * np.vdot(K, full.Y))
    expected = {f"feature_{name}": np.mean(values) for name, values in own.items()}
    assert full.features() == pytest.approx(expected)
    assert set(expected) == {c.output for c in FEATURES}


def test_means_are_zero():
    for name, values in (("samples", Fit.samples), ("features", Fit.features)):
        draws = [values(draw(seed)) for seed in range(400)]
        for output in draws[0]:
            column = np.array([d[output] for d in draws])
            assert abs(column.mean()) < 4.5 * column.std() / np.sqrt(len(column)), (name, output)
