"""Calculus of laws against exact formulas, planar moments and simulated spectra."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest

from rmtsym.matrix import Gaussian, Space, Wigner, planar_moments
from rmtsym.spectrum import (
    SpectralCurve,
    arcsine,
    bernoulli,
    discrete,
    fuss_catalan,
    jacobi,
    kesten_mckay,
    marchenko_pastur,
    projection,
    semicircle,
    wachter,
)
from rmtsym.spectrum.cumulants import free_cumulants, moments_of_cumulants

HALF = Fraction(1, 2)


def values(numbers) -> list[float]:
    return [float(x) for x in numbers]


def test_semicircle_plus_marchenko_pastur():
    law = semicircle("1/4").free_sum(marchenko_pastur("1/2"))
    assert law.moments(4) == (1, Fraction(7, 4), Fraction(7, 2), Fraction(31, 4))
    assert law.edges[-1].value == pytest.approx(3.11620045894, abs=1e-11)
    assert law.stieltjes(4.0).real == pytest.approx(-0.373562546351, abs=1e-12)


def test_two_marchenko_pastur_added():
    law = marchenko_pastur("1/2").free_sum(marchenko_pastur(2).scale("1/2"))
    assert law.moments(4) == (Fraction(3, 2), Fraction(13, 4), Fraction(69, 8), Fraction(411, 16))
    assert law.edges[-1].value == pytest.approx(4.30833296971, abs=1e-11)
    # equal laws: twice the law of half the ratio
    assert marchenko_pastur(1).free_sum(marchenko_pastur(1)).curve == marchenko_pastur("1/2").scale(2).curve


@pytest.mark.parametrize(
    ("ratios", "lam", "transform", "edge"),
    [(("1/2", "1/2"), 0.1, 2.13585191148, 4.40914986361), (("1/4", "1"), 0.2, 1.91125329836, 4.84807621135)],
)
def test_marchenko_pastur_times_marchenko_pastur(ratios, lam, transform, edge):
    law = marchenko_pastur(ratios[0]).free_product(marchenko_pastur(ratios[1]))
    assert law.resolvent(lam) == pytest.approx(transform, abs=1e-11)
    assert law.edges[-1].value == pytest.approx(edge, abs=1e-11)


def test_bernoulli_plus_bernoulli_is_the_arcsine_law():
    assert bernoulli().free_sum(bernoulli()).curve == arcsine(2).curve == kesten_mckay(2).curve
    assert bernoulli().free_power(3).curve == kesten_mckay(3).curve
    assert kesten_mckay(3).edges[-1].value == pytest.approx(2 * math.sqrt(2), abs=1e-15)


@pytest.mark.parametrize(("alpha", "beta"), [("3/10", "1/2"), ("1/2", "1/2"), ("7/10", "4/5")])
def test_free_projections(alpha, beta):
    a, b = Fraction(alpha), Fraction(beta)
    total = projection(alpha).free_sum(projection(beta))
    masses = {0: max(1 - a - b, 0), 1: abs(a - b), 2: max(a + b - 1, 0)}
    assert {x: m for x, m in (atom.exact for atom in total.atoms)} == {x: m for x, m in masses.items() if m}
    spread = 2 * math.sqrt(float(a * b * (1 - a) * (1 - b)))
    low, high = float(a + b - 2 * a * b) - spread, float(a + b - 2 * a * b) + spread
    assert total.edges[-1].value == pytest.approx(1 + math.sqrt(high), abs=1e-14)
    assert total.moments(4)[3] == a + b + 12 * a * b + 2 * (a * a * b + a * b * b - a * a * b * b)
    corner = projection(alpha).free_product(projection(beta))
    assert corner.curve == jacobi(alpha, beta).curve
    assert values(corner.edges) == pytest.approx([low, high], abs=1e-14)
    assert corner.atoms[0].exact == (0, max(1 - a, 1 - b))


def test_wachter_is_a_product_with_an_inverse():
    product = marchenko_pastur("1/5").inverse().free_product(marchenko_pastur("2/5"))
    assert product.curve == wachter("1/5", "2/5").curve
    h = math.sqrt(0.2 + 0.4 - 0.08)
    assert values(product.edges) == pytest.approx([((1 - h) / 0.8) ** 2, ((1 + h) / 0.8) ** 2], abs=1e-13)


def test_fuss_catalan_is_a_power_of_marchenko_pastur():
    square = marchenko_pastur(1).free_product(marchenko_pastur(1))
    assert square.curve == fuss_catalan(2).curve
    assert fuss_catalan(3).edges[-1].value == pytest.approx(256 / 27, abs=1e-14)


def test_one_law_operations():
    mp = marchenko_pastur("1/2")
    assert semicircle().square().curve == marchenko_pastur(1).curve
    assert mp.inverse().inverse().curve == mp.curve
    assert mp.shift(3).shift(-3).curve == mp.curve
    assert mp.scale(-2).scale("-1/2").curve == mp.curve
    # rows against columns: the companion of a 2:1 matrix loses the zeros
    assert marchenko_pastur(2).dilute(2).atoms == ()
    # a corner of a Wishart matrix is a Wishart matrix
    assert mp.compress("1/3").curve == marchenko_pastur("1/6").curve
    assert mp.inverse().moments(2) == (2, 8)
    assert mp.square().moments(3) == mp.moments(6)[1::2]


def test_atoms_survive_a_sum_exactly():
    law = discrete([0, 1], ["4/5", "1/5"]).free_sum(discrete([0, 3], ["1/2", "1/2"]))
    assert [a.exact for a in law.atoms] == [(0, Fraction(3, 10)), (3, Fraction(3, 10))]


def test_free_cumulants():
    assert semicircle("1/4").free_cumulants(6) == (0, Fraction(1, 4), 0, 0, 0, 0)
    assert marchenko_pastur("1/2").free_cumulants(5) == tuple(HALF**k for k in range(5))
    moments = wachter("1/5", "2/5").moments(9)
    assert moments_of_cumulants(free_cumulants(moments)) == moments
    # non-crossing partitions: two pairings of four points, not three
    assert moments_of_cumulants((Fraction(0), Fraction(1), Fraction(0), Fraction(0)))[3] == 2


def test_agreement_with_planar_moments_of_matrix_models():
    p, n = Space("p", HALF), Space("n")
    x, y = Gaussian("X", p, n), Gaussian("Y", p, n)
    h = Wigner("H", p)
    size = HALF  # a Wigner matrix on p has entries of variance 1/N with N = n
    cases = [
        (x @ x.T, marchenko_pastur("1/2")),
        (x @ x.T + y @ y.T, marchenko_pastur("1/4").scale(2)),
        (h + x @ x.T, semicircle(size).free_sum(marchenko_pastur("1/2"))),
        (x @ x.T @ y @ y.T, marchenko_pastur("1/2").free_product(marchenko_pastur("1/2"))),
        (h @ h, semicircle(size).square()),
    ]
    for model, law in cases:
        assert tuple(planar_moments(model, 5)[1:]) == law.moments(5), model


def test_a_wrong_law_is_noticed():
    """The factor test has power: the moments of another ratio leave no factor."""
    right = marchenko_pastur("1/2").free_product(marchenko_pastur("1/2"))
    wrong = marchenko_pastur("1/2").free_product(marchenko_pastur("1/3")).moments(6)
    assert right.curve.vanishes_on(right.moments(6)) and not right.curve.vanishes_on(wrong)
    assert not SpectralCurve("z*m^2 + z*m + 1").vanishes_on(right.moments(3))


@pytest.mark.montecarlo
def test_simulated_edges_within_the_tracy_widom_scale():
    """Top eigenvalue of X X' Y Y' against the edge of the product law, on the scale n^(-2/3)."""
    rng = np.random.default_rng(20240501)
    n, p = 400, 200
    law = marchenko_pastur("1/2").free_product(marchenko_pastur("1/2"))
    edge, top = law.edges[-1].value, []
    for _ in range(4):
        x, y = (rng.standard_normal((p, n)) / math.sqrt(n) for _ in range(2))
        top.append(np.linalg.svd(x.T @ y, compute_uv=False)[0] ** 2)
    # curvature of the edge: density ~ a sqrt(edge - x)/pi sets the scale (a n)^(-2/3)
    near = 1e-6 * edge
    slope = math.pi * law.density(edge - near) / math.sqrt(near)
    scale = (slope * p) ** (-2 / 3)
    mean = (np.mean(top) - edge) / scale
    assert -3.0 < mean < 0.0  # Tracy-Widom: mean -1.21, standard deviation 1.27, four draws
