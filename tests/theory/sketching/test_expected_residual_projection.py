"""One Gaussian row: the exact integral, against known digits and a simulation."""

import numpy as np
import pytest

from theory.sketching.expected_residual_projection import theorem
from theory.sketching.projection_spectra import one_row, polynomial


def test_the_integral_has_its_known_digits_and_sums_to_one():
    values = 0.9 ** np.arange(80)
    assert 1 - one_row(values) == pytest.approx(0.907875399159, abs=1e-12)
    assert 1 - one_row(values, 79) == pytest.approx(0.999973065926, abs=1e-12)
    assert sum(one_row(values, j) for j in range(80)) == pytest.approx(1, abs=1e-11)


def test_the_integral_is_the_mean_of_a_normalised_row():
    values = np.array([1.0, 0.5, 0.1])
    squares = np.random.default_rng(3).standard_normal((200_000, 3)) ** 2 * values
    shares = squares / squares.sum(axis=1, keepdims=True)
    error = shares.std(axis=0) / np.sqrt(len(shares))
    exact = [one_row(values, j) for j in range(3)]
    assert np.all(np.abs(shares.mean(axis=0) - exact) < 4 * error)


def test_the_closed_form_is_for_infinite_rank():
    point = theorem.point("C")  # sigma_i = 1/i, n = 200, k = 20
    assert 20 / polynomial(2, 20) == pytest.approx(0.1174, abs=5e-5)
    assert float(theorem.values(point)["lra"]) == pytest.approx(0.1075, abs=5e-5)
