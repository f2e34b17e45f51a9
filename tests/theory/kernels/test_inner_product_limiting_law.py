"""Inner-product kernels: exact means of the control variates."""

import itertools

import numpy as np
import pytest

from theory.kernels.inner_product_limiting_law.controls import means, second_values, values
from theory.kernels.inner_product_limiting_law.derivation import sampled

SAMPLES, DIMENSION = 5, 2


def test_means_for_signs_are_those_of_all_data():
    """All 2^10 data sets of five samples in dimension two, one after the other in place of a generator."""
    found = []
    for signs in itertools.product((-1.0, 1.0), repeat=SAMPLES * DIMENSION):
        x = np.array(signs).reshape(DIMENSION, SAMPLES)
        inner = x.T @ x / np.sqrt(DIMENSION)
        kernel = np.tanh(inner) / np.sqrt(DIMENSION)
        np.fill_diagonal(inner, 0.0)
        np.fill_diagonal(kernel, 0.0)
        found.append(values(kernel, inner / np.sqrt(DIMENSION)))
    known = means("tanh", DIMENSION / SAMPLES, SAMPLES, "rad")
    for name in found[0]:
        assert np.mean([each[name] for each in found]) == pytest.approx(known[name], abs=1e-12), name


@pytest.mark.parametrize("f", ["abs", "relu"])
def test_means_for_gaussian_data(f):
    """Four thousand small kernels, to four standard errors each."""
    rng = np.random.default_rng(3)
    known, found = means(f, 0.5, 16, "gauss"), []
    for _ in range(4_000):
        _, inner, kernel = sampled(rng, 16, f, 0.5)
        found.append({**values(kernel, inner / np.sqrt(8)), **second_values(kernel, inner, 8)})
    for name, mean in known.items():
        column = np.array([each[name] for each in found])
        assert abs(column.mean() - mean) < 4 * column.std() / np.sqrt(len(found)), name


def test_other_entries_are_refused():
    with pytest.raises(ValueError, match="gauss or rad"):
        means("tanh", 0.5, 60, "unif")
