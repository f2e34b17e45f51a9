"""Free convolutions without curves against those with curves."""

from __future__ import annotations

import numpy as np
import pytest

from rmtsym.errors import DomainError
from rmtsym.spectrum import (
    DiscreteLaw,
    FreeProduct,
    FreeSum,
    SampleCovariance,
    arcsine,
    discrete,
    marchenko_pastur,
    projection,
    semicircle,
)

POINTS = np.array([0.3 + 0.1j, -0.5 + 1e-3j, 2 + 1j, 0.9 + 1e-6j, -1.5])


def test_sum_of_two_coins_is_the_arcsine_law():
    law = FreeSum(DiscreteLaw([-1, 1]), DiscreteLaw([-1, 1]))
    exact = arcsine()
    z = POINTS[:4]
    assert law.stieltjes(z) == pytest.approx(exact.stieltjes(z), abs=1e-13)
    assert [e.value for e in law.edges] == pytest.approx([-2, 2], abs=1e-9)
    x = np.linspace(-1.9, 1.9, 9)
    assert law.density(x) == pytest.approx(exact.density(x), abs=1e-12)
    assert law.moments(4) == pytest.approx([float(m) for m in exact.moments(4)])


def test_atoms_of_a_sum():
    law = FreeSum(DiscreteLaw([0, 1], [0.7, 0.3]), DiscreteLaw([0, 1], [0.5, 0.5]))
    exact = projection("3/10").free_sum(projection("1/2"))
    assert law._above(POINTS[:4]) == pytest.approx(exact.stieltjes(POINTS[:4]), abs=1e-12)
    found = [(float(a.location), float(a.mass)) for a in law._atoms()]
    assert found == [(0.0, pytest.approx(0.2)), (1.0, pytest.approx(0.2))]


def test_laws_with_curves_too():
    first, second = semicircle("1/4"), marchenko_pastur("1/2")
    z = POINTS[[0, 2, 4]]
    assert FreeSum(first, second)._above(z) == pytest.approx(first.free_sum(second).stieltjes(z), abs=1e-12)
    product = FreeProduct(second, marchenko_pastur(2))
    assert product._above(z) == pytest.approx(second.free_product(marchenko_pastur(2)).stieltjes(z), abs=1e-12)


def test_product_with_marchenko_pastur_is_a_sample_covariance():
    population = DiscreteLaw([1, 9, 25], [0.5, 0.25, 0.25])
    law = FreeProduct(population, SampleCovariance("1/10", [1]))
    exact = SampleCovariance("1/10", [1, 9, 25], ["1/2", "1/4", "1/4"])
    z = np.array([1.0, 8 + 0.01j, 20.0, 14.0, -0.3], dtype=complex)
    assert law._above(z) == pytest.approx(exact._above(z), abs=1e-11)
    assert law.moments(3) == pytest.approx([float(m) for m in exact.moments(3)])


def test_a_hundred_atoms():
    rng = np.random.default_rng(3)
    places = np.sort(rng.uniform(-1, 1, 100))
    law = FreeSum(DiscreteLaw(places), semicircle("1/4"))
    # the semicircle's subordination: m(z) = mean of 1/(t - z - m/4)
    z = np.array([0.2 + 0.05j, -1 + 0.3j])
    m = law._above(z)
    assert m == pytest.approx(np.mean(1 / (places[:, None] - z - m / 4), axis=0), abs=1e-12)


def test_bad_input():
    with pytest.raises(DomainError, match="infinity"):
        FreeProduct(semicircle(), marchenko_pastur(1))
    with pytest.raises(DomainError, match="non-negative"):
        DiscreteLaw([1, 2], [1.5, -0.5])
    with pytest.raises(DomainError, match="finite"):
        DiscreteLaw([1, float("nan")])
    assert discrete([1, 4]).moments(1)[0] == DiscreteLaw([1, 4]).moments(1)[0]
