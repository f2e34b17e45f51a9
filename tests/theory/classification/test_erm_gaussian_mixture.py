"""Losses with jumping slopes against minimisers of data, and the theory near the edges of its domain."""

import numpy as np
import pytest
from scipy.special import ndtr

from rmtsym.risk import margin_loss, minimise
from rmtsym.theorem import predict
from theory.classification.erm_gaussian_mixture.consequences import bound
from theory.classification.erm_gaussian_mixture.statement import theorem, threshold


@pytest.mark.parametrize(("loss", "seed"), [("absolute", 0), ("hinge", 1)])
def test_minimisers_of_losses_with_kinks(loss, seed):
    """Margins of 40 minimisers, 120 samples in 30 dimensions; bias of order 1/n, standard errors below one per cent."""
    rng, mean = np.random.default_rng(seed), np.full(30, (2 / 30) ** 0.5)
    noise = rng.standard_normal((20, 120, 30))
    beta = minimise(np.concatenate([mean + noise, mean - noise]), margin_loss(loss), 0.2, tolerance=1e-5)
    values = theorem.values(theorem.point(loss=loss, s="1", w="1", mass="2", c="1/4", gamma="1/5"))
    centre, spread = beta @ mean, np.sqrt(np.sum(beta**2, axis=1))
    assert centre.mean() == pytest.approx(float(values["M"]), rel=0.03)
    assert spread.mean() == pytest.approx(float(values["sigma"]), rel=0.03)
    assert ndtr(-centre / spread).mean() == pytest.approx(float(values["test_err"]), rel=0.05)


def test_threshold_of_separability():
    assert threshold(1.0) == pytest.approx(0.270267826488, abs=1e-12)
    assert threshold(1e-12) == pytest.approx(0.5, abs=1e-5)


@pytest.mark.parametrize(
    "changes", [{"gamma": "1e-6"}, {"gamma": "1e6"}, {"gamma": "1e-4", "c": "3"}, {"mass": "1e-4,0,0"}]
)
@pytest.mark.parametrize(
    "loss", ["logistic", "exponential", "huber(1/2)", "pseudo_huber", "absolute", "hinge", "square"]
)
def test_roots_far_out(loss, changes):
    """The three equations that do not mention the loss, and Bessel's inequality for the score, at hard points."""
    point = theorem.point(loss=loss, **changes)
    values = theorem.values(point)
    M, sigma, delta, theta, eta, ef2, test_err, train_err = (
        float(values[name]) for name in ("M", "sigma", "delta", "theta", "eta", "ef2", "test_err", "train_err")
    )
    s, w, mass = (np.array(point[name], dtype=float) for name in ("s", "w", "mass"))
    c, inverse = float(point["c"]), 1 / (theta * s + float(point["gamma"]))
    assert M == pytest.approx(eta * mass @ inverse, rel=1e-10)
    assert sigma**2 == pytest.approx(eta**2 * (mass * s) @ inverse**2 + ef2 * c * w @ (s * inverse) ** 2, rel=1e-10)
    assert delta == pytest.approx(c * w @ (s * inverse), rel=1e-10)
    assert eta**2 + (sigma * theta) ** 2 <= ef2 * (1 + 1e-10)
    assert 0 < test_err < 0.5 and train_err <= test_err + 1e-9


@pytest.mark.parametrize(
    ("name", "changes", "share"),
    [("A", {}, 0.99465), ("N", {}, 0.96079), ("E", {"c": "1/5"}, 0.92720), ("S", {}, 1.0)],
)
def test_share_of_the_best_separation(name, changes, share):
    point = theorem.point(name, **changes)
    values = theorem.values(point)
    best = float(bound(point, float(point["gamma"]) / float(values["theta"])))
    assert float(values["M"] / values["sigma"]) / best == pytest.approx(share, abs=6e-6)


def test_a_mean_curvature_of_zero_is_enclosed():
    """With a large ridge no margin comes near the kink: theta is far below every double."""
    found = predict(theorem, {"loss": "absolute", "gamma": "10000"})
    assert found["theta"].ball.contains(0) and found["theta"].radius < 1e-28
    assert float(found["eta"]) == 1.0
