"""Extreme eigenvalues of simulated sums and products at every edge of their law, in units of the Tracy-Widom scale.

Where the density is a sqrt(distance)/pi, the last of N eigenvalues of a real symmetric matrix lies beyond the edge by
(a N)^(-2/3) times a Tracy-Widom variable, of mean -1.2065 and standard deviation 1.268.
"""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pytest

from rmtsym.simulate.ensembles import haar, wigner, wishart_factor
from rmtsym.spectrum import DiscreteLaw, FreeSum, Law, bernoulli, discrete, marchenko_pastur, semicircle

MEAN, DEVIATION = -1.2065, 1.268
DRAWS = 32


def levels(size: int, *places: float) -> np.ndarray:
    """Every place equally often."""
    return np.repeat(np.array(places), size // len(places))


def levels_and_noise(rng: np.random.Generator, size: int) -> np.ndarray:
    return np.diag(levels(size, -2.0, 0.0, 3.0)) + wigner(rng, size) / 2


def levels_and_turned_levels(rng: np.random.Generator, size: int) -> np.ndarray:
    q = haar(rng, size)
    return q * levels(size, 0.0, 1.0, 2.0, 4.0) @ q.T + np.diag(levels(size, 0.0, 1.0, 2.0, 4.0))


def covariance_and_noise(rng: np.random.Generator, size: int) -> np.ndarray:
    factor = wishart_factor(rng, size, 2 * size)
    return factor @ factor.T + wigner(rng, size) / 2


def two_covariances(rng: np.random.Generator, size: int) -> np.ndarray:
    first, second = (wishart_factor(rng, size, k * size) for k in (2, 4))
    return first.T @ second @ second.T @ first


MODELS = {
    levels_and_noise: discrete([-2, 0, 3]).free_sum(semicircle("1/4")),  # three components
    levels_and_turned_levels: discrete([0, 1, 2, 4]).free_sum(discrete([0, 1, 2, 4])),
    covariance_and_noise: marchenko_pastur("1/2").free_sum(semicircle("1/4")),
    two_covariances: marchenko_pastur("1/2").free_product(marchenko_pastur("1/4")),
}


@cache
def scale(law: Law, edge: float, inwards: int, size: int) -> float:
    """(a N)^(-2/3), a from the density close to the edge."""
    near = 1e-6 * (law.edges[-1].value - law.edges[0].value)
    return float((math.pi * law.density(edge + inwards * near) / math.sqrt(near) * size) ** (-2 / 3))


def beyond(law: Law, spectra: np.ndarray, shift: float = 0.0) -> np.ndarray:
    """Eigenvalues at the edges less the edges, outwards and in units of the scale; shape (edges, draws)."""
    size, found, below = spectra.shape[1], [], 0
    for (low, high), mass in zip(law.support.components, masses(law), strict=True):
        above = below + round(mass * size)  # exact separation: so many eigenvalues belong to the component
        left, right = low.value - shift, high.value + shift
        found.append((left - spectra[:, below]) / scale(law, low.value, 1, size))
        found.append((spectra[:, above - 1] - right) / scale(law, high.value, -1, size))
        below = above
    return np.array(found)


@cache
def masses(law: Law) -> list[float]:
    return [float(law.cdf(high.value + 1e-9) - law.cdf(low.value - 1e-9)) for low, high in law.support.components]


def tracy_widom(units: np.ndarray, size: int) -> bool:
    """Means within four standard errors and the next order, n^(-1/3); spreads within a factor 1.5; all edges pooled."""
    edges, draws = units.shape
    error = DEVIATION / math.sqrt(draws)
    near = np.abs(units.mean(axis=1) - MEAN) < 4 * error + size ** (-1 / 3)
    pooled = abs(units.mean() - MEAN) < 4 * error / math.sqrt(edges) + size ** (-1 / 3)
    spread = units.std(axis=1, ddof=1) / DEVIATION
    return bool(np.all(near) and pooled and np.all((spread > 1 / 1.5) & (spread < 1.5)))


@pytest.mark.montecarlo
@pytest.mark.parametrize("draw", MODELS, ids=lambda draw: draw.__name__)
def test_edges_are_reached_within_the_tracy_widom_scale(draw):
    """At two sizes, so that the distances fall like n^(-2/3); edges off by 2 % of the span are rejected."""
    law = MODELS[draw]
    assert all(edge.kind == "square root" for edge in law.edge_behaviour)
    span = law.edges[-1].value - law.edges[0].value
    for size in (60, 120):
        rng = np.random.default_rng(size)
        spectra = np.array([np.linalg.eigvalsh(draw(rng, size)) for _ in range(DRAWS)])
        assert tracy_widom(beyond(law, spectra), size)
        assert not any(tracy_widom(beyond(law, spectra, shift * span), size) for shift in (-0.02, 0.02))


def test_sums_without_a_curve_end_at_the_same_edges():
    """Subordination against resultants, on both sides of the edges of a sum of two discrete laws."""
    law = discrete([-1, 0, 2]).free_sum(bernoulli(0, 1))
    other = FreeSum(DiscreteLaw([-1, 0, 2]), DiscreteLaw([0, 1]))
    edges = np.array([e.value for e in law.edges])
    assert len(edges) == 6
    inwards = np.array([1, -1, 1, -1, 1, -1])
    for near in (1e-2, 1e-3):
        inside = other._above(edges + near * inwards + 0j)
        assert inside.imag / math.pi == pytest.approx(law.density(edges + near * inwards), abs=1e-11)
        assert np.all(np.abs(other._above(edges - near * inwards + 0j).imag) < 1e-9)
