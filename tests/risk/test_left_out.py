"""Samples left out, against minimisers that were fitted without them."""

import numpy as np
import pytest

from rmtsym.risk import LeftOut, margin_loss, minimise, prox


def gap(name, size, ridge=0.2):
    """Root mean square of the error of the form, and what the margin left out differs from the margin by."""
    rng, loss = np.random.default_rng(size), margin_loss(name)
    weights = 1.0 + np.arange(size // 2) % 2
    rows = 0.3 + rng.standard_normal((size, size // 2))
    left = LeftOut(rows, loss, ridge, minimise(rows, loss, ridge))
    others = np.array([np.delete(rows, i, axis=0) for i in range(size)])
    again = minimise(others, loss, ridge * size / (size - 1))  # the risk without one of its terms
    error = left.form(weights) - np.sum(rows * weights * again, axis=1)
    assert np.allclose(prox(loss, left.step, left.form()), left.margins, atol=1e-9)
    return np.sqrt(np.mean(error**2)), np.std(left.form() - left.margins)


def test_least_squares_is_exact():
    assert gap("square", 20)[0] < 1e-10


@pytest.mark.parametrize("name", ["logistic", "exponential", "huber(1/2)"])
def test_other_losses_to_first_order(name):
    (small, _), (large, moved) = gap(name, 24), gap(name, 192)
    assert large < 0.05 * moved
    assert large < 0.35 * small  # like 1/n; the root would be 0.35


def test_batches():
    rng, loss = np.random.default_rng(0), margin_loss("logistic")
    rows = rng.standard_normal((3, 12, 4))
    beta = minimise(rows, loss, 0.1)
    together = LeftOut(rows, loss, 0.1, beta).form()
    assert np.allclose(together, [LeftOut(a, loss, 0.1, b).form() for a, b in zip(rows, beta, strict=True)])
