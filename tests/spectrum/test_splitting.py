"""Where spectra split into bands, for any places and weights: critical ratios and variances from the inverse map.

Between two neighbouring places the slope of the inverse map has one maximum.  The bands are apart where it is positive,
and touch in a cubic cusp where it is zero:

    sample covariance      x(v) = v + c v sum w_i t_i/(v - t_i)        x' = 1 - c sum w_i t_i^2/(v - t_i)^2
    levels + semicircle    x(v) = v + s sum w_i/(v - t_i)              x' = 1 - s sum w_i/(v - t_i)^2

For two places with loads a_i (w_i t_i^2, or w_i) the minimum of sum a_i/(v - t_i)^2 is (sum a_i^(1/3))^3/(t_2 - t_1)^2.
"""

from __future__ import annotations

from fractions import Fraction
from itertools import pairwise

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from rmtsym.simulate.ensembles import wigner, wishart_factor
from rmtsym.spectrum import SampleCovariance, discrete, semicircle

POPULATIONS = [
    ((1, 2), ("1/3", "2/3"), "1/9"),  # weights in proportion to the places: c = ((t_2 - t_1)/(t_2 + t_1))^2
    ((1, 3), ("1/4", "3/4"), "1/4"),
    ((2, 3), ("2/5", "3/5"), "1/25"),
    ((1, 2), ("4/5", "1/5"), "5/32"),
    ((1, 27), ("1/2", "1/2"), "169/125"),  # more dimensions than samples
]
LEVELS = [
    ((-1, 1), ("1/2", "1/2"), "1"),
    ((0, 3), ("1/9", "8/9"), "3"),
    ((0, 1), ("8/35", "27/35"), "7/25"),
    ((2, 3), ("1/28", "27/28"), "7/16"),
]
NEAR = Fraction(1, 200)


def bands(law) -> int:
    return len(law.support.components)


def inner_kinds(law) -> list[str]:
    return [edge.kind for edge in law.edge_behaviour if edge.side == "interior"]


@pytest.mark.parametrize(("places", "weights", "ratio"), POPULATIONS)
def test_sample_covariances_of_two_eigenvalues_split(places, weights, ratio):
    at = [SampleCovariance(Fraction(ratio) * factor, places, weights) for factor in (1 - NEAR, 1, 1 + NEAR)]
    assert [bands(law) for law in at] == [2, 1, 1]
    assert inner_kinds(at[1]) == ["cubic cusp"] and inner_kinds(at[2]) == []


@pytest.mark.parametrize(("places", "weights", "variance"), LEVELS)
def test_sums_of_two_levels_and_a_semicircle_split(places, weights, variance):
    levels = discrete(places, weights)
    at = [levels.free_sum(semicircle(Fraction(variance) * factor)) for factor in (1 - NEAR, 1, 1 + NEAR)]
    assert [bands(law) for law in at] == [2, 1, 1]
    assert inner_kinds(at[1]) == ["cubic cusp"] and inner_kinds(at[2]) == []


def closing(places, loads) -> list[float]:
    """For every gap between the places the parameter at which it closes."""
    places, loads = np.array(places, dtype=float), np.array(loads)
    found = []
    for low, high in pairwise(places):
        minimum = minimize_scalar(
            lambda v: float(np.sum(loads / (v - places) ** 2)), bounds=(low, high), method="bounded"
        )
        found.append(1 / minimum.fun)
    return found


def test_three_population_eigenvalues_split_one_gap_after_the_other():
    places, weights = (1, 4, 9), (Fraction(1, 2), Fraction(1, 8), Fraction(3, 8))
    ends = closing(places, [float(w) * t**2 for t, w in zip(places, weights, strict=True)])
    assert abs(ends[0] - ends[1]) > 0.05
    for end in ends:
        for ratio in (0.995 * end, 1.005 * end):
            law = SampleCovariance(Fraction(ratio).limit_denominator(10**6), places, weights)
            assert bands(law) == 1 + sum(ratio < other for other in ends)


def test_three_levels_split_one_gap_after_the_other():
    places, weights = (0, 1, 3), (Fraction(1, 4), Fraction(1, 2), Fraction(1, 4))
    ends = closing(places, [float(w) for w in weights])
    assert abs(ends[0] - ends[1]) > 0.05
    for end in ends:
        for variance in (0.995 * end, 1.005 * end):
            law = discrete(places, weights).free_sum(semicircle(Fraction(variance).limit_denominator(1000)))
            assert bands(law) == 1 + sum(variance < other for other in ends)


@pytest.mark.montecarlo
@pytest.mark.parametrize(("places", "weights", "ratio"), POPULATIONS)
def test_simulated_sample_covariances_are_separated_by_the_weights(places, weights, ratio):
    """At half the critical ratio no eigenvalue lies in the gap, and each band has the share of its place."""
    law = SampleCovariance(Fraction(ratio) / 2, places, weights)
    size = 180
    low = round(size * Fraction(weights[0]))
    population = np.repeat(np.array(places, dtype=float), [low, size - low])
    factor = wishart_factor(np.random.default_rng(5), size, round(size * 2 / Fraction(ratio)))
    found = np.linalg.eigvalsh(np.sqrt(population)[:, None] * (factor @ factor.T) * np.sqrt(population))
    (_, left), (right, _) = law.support.components
    middle = (left.value + right.value) / 2
    assert int(np.sum(found < middle)) == low
    gap = right.value - left.value
    assert not np.any(np.abs(found - middle) < gap / 4)


@pytest.mark.montecarlo
def test_simulated_levels_are_separated_by_the_weights():
    law = discrete([0, 3], ["1/9", "8/9"]).free_sum(semicircle("3/2"))
    noise = wigner(np.random.default_rng(6), 180) * np.sqrt(1.5)
    found = np.linalg.eigvalsh(np.diag(np.repeat([0.0, 3.0], [20, 160])) + noise)
    (_, left), (right, _) = law.support.components
    assert int(np.sum(found < (left.value + right.value) / 2)) == 20
