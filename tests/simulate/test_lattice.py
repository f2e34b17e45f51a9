"""The shifted lattice: unbiased at every size, less noise than independent draws."""

import numpy as np
import pytest

from rmtsym.errors import DomainError
from rmtsym.simulate import gaussian_pairs


@pytest.mark.parametrize("count", [3, 21, 987])
def test_moments_are_unbiased_at_every_size(count):
    rng = np.random.default_rng(5)
    f = lambda z: np.stack([z[0] ** 2, z[0] * z[1], np.maximum(z[0], 0) * np.abs(z[1]), z[0] ** 4])  # noqa: E731
    draws = np.array([f(gaussian_pairs(rng, count)).mean(axis=1) for _ in range(2000)])
    error = draws.std(axis=0, ddof=1) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - [1, 0, 1 / np.pi, 3]) < 5 * error)


def test_less_noise_than_independent_pairs():
    rng = np.random.default_rng(6)
    f = lambda z: float(np.mean(np.maximum(z[0], 0) * np.maximum(z[0] + z[1], 0)))  # noqa: E731
    lattice = np.std([f(gaussian_pairs(rng, 987)) for _ in range(200)])
    plain = np.std([f(rng.standard_normal((2, 987))) for _ in range(200)])
    assert lattice < plain / 5


def test_other_sizes_are_refused():
    with pytest.raises(DomainError, match="987 or 1597"):
        gaussian_pairs(np.random.default_rng(0), 1000)
