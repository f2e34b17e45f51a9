"""Minimisers of empirical risks: first-order conditions, batches, and data without a minimiser."""

import numpy as np
import pytest

from rmtsym.errors import NoConvergence
from rmtsym.risk import margin_loss, minimise, prox

ROWS = np.random.default_rng(0).standard_normal((3, 40, 8)) + 0.4


@pytest.mark.parametrize("name", ["logistic", "exponential", "square", "huber(1/2)", "pseudo_huber"])
@pytest.mark.parametrize("ridge", [0.1, 3.0])
def test_the_gradient_vanishes(name, ridge):
    loss = margin_loss(name)
    beta = minimise(ROWS, loss, ridge)
    for rows, b in zip(ROWS, beta, strict=True):
        assert np.allclose(rows.T @ loss.slope(rows @ b) / len(rows) + ridge * b, 0, atol=1e-6)
        assert np.allclose(b, minimise(rows, loss, ridge), atol=1e-6)


@pytest.mark.parametrize("name", ["absolute", "hinge"])
def test_no_direction_improves_where_the_slope_jumps(name):
    loss, ridge = margin_loss(name), 0.2
    beta = minimise(ROWS[0], loss, ridge)

    def risk(b):
        return loss.value(ROWS[0] @ b).mean() + ridge * b @ b / 2

    for direction in np.random.default_rng(1).standard_normal((200, 8)):
        assert risk(beta + 1e-3 * direction) > risk(beta) - 1e-9


def test_separable_classes_have_no_minimiser():
    with pytest.raises(NoConvergence, match="separable"):
        minimise(np.abs(ROWS[0]), margin_loss("logistic"))


def test_proximal_operator_far_out():
    for name in ("logistic", "pseudo_huber(1/100)", "exp(-t) + t^2/10"):
        loss = margin_loss(name)
        for delta in (1e-3, 1.0, 93.0, 6e3):
            r = delta * np.linspace(-1.2, 1.2, 301)
            x = prox(loss, delta, r)
            assert np.allclose(x + delta * loss.slope(x), r, rtol=1e-11, atol=1e-11 * (1 + delta))
