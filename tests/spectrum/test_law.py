"""Laws from curves: sheets, support, atoms, distribution, and the arguments that are refused."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction

import numpy as np
import pytest
from flint import acb, arb, ctx

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.spectrum import (
    SpectralLaw,
    arcsine,
    bernoulli,
    discrete,
    free_poisson,
    fuss_catalan,
    jacobi,
    kesten_mckay,
    marchenko_pastur,
    projection,
    semicircle,
    wachter,
)

RATIOS = ["1/2", "1", "2"]


def closed_form(c: float, z: complex) -> complex:
    """Root of the Marchenko-Pastur quadratic in the upper half plane, by the sign of its square root."""
    b = z + c - 1
    root = np.sqrt(b * b - 4 * c * z + 0j)
    roots = [(-b + root) / (2 * c * z), (-b - root) / (2 * c * z)]
    return max(roots, key=lambda m: m.imag)


@pytest.mark.parametrize("c", RATIOS)
def test_marchenko_pastur_in_the_upper_half_plane(c):
    law = marchenko_pastur(c)
    z = np.array([x + 1j * y for x in (-0.5, 0.05, 1.0, 3.0, 7.0) for y in (1e-3, 0.1, 2.0)])
    exact = np.array([closed_form(float(Fraction(c)), t) for t in z])
    assert np.max(np.abs(law.stieltjes(z) - exact) / np.abs(exact)) < 2e-13
    assert np.array_equal(law.stieltjes(z.conj()), law.stieltjes(z).conj())


@pytest.mark.parametrize("c", [*RATIOS, "999999/1000000", "1000001/1000000"])
def test_resolvent_keeps_its_digits_down_to_1e_14(c):
    law = marchenko_pastur(c)
    ratio = Fraction(c)
    for exponent in range(0, 15, 2):
        lam = Fraction(1, 10**exponent)
        # the positive root with 200 digits, independent of the library
        import mpmath

        with mpmath.workdps(200):
            b = mpmath.mpf((ratio - 1 - lam).numerator) / (ratio - 1 - lam).denominator
            product = mpmath.mpf((ratio * lam).numerator) / (ratio * lam).denominator
            exact = (b + mpmath.sqrt(b * b + 4 * product)) / (2 * product)
            ball = law.enclose((-lam, 0), digits=30)
            assert abs(mpmath.mpf(ball.ball.mid().str(60, radius=False)) - exact) < mpmath.mpf(10) ** -28 * exact
            assert abs(law.resolvent(float(lam)) / exact - 1) < 1e-13
        assert ball.radius < 1e-12 * ball.value


def test_engine_reference_value_to_25_digits():
    ball = marchenko_pastur("1/2").enclose((1, Fraction(1, 100)), digits=26).ball
    assert ball.real.str(25, radius=False) == "-0.4906012726887618295153236"
    assert ball.imag.str(25, radius=False) == "1.317824863141156091768208"
    anticommutator = SpectralLaw("z*m^3 - m^2 - z*m - 1").enclose((1, Fraction(1, 10)), digits=26).ball
    assert anticommutator.real.str(25, radius=False) == "-0.3884560913302180837657801"


@pytest.mark.parametrize("c", RATIOS)
def test_marchenko_pastur_edges_atom_density_and_logarithm(c):
    law, ratio = marchenko_pastur(c), float(Fraction(c))
    low, high = (1 - math.sqrt(ratio)) ** 2, (1 + math.sqrt(ratio)) ** 2
    assert [e.value for e in law.edges] == pytest.approx([low, high], abs=1e-15)
    assert all(e.radius < 1e-30 for e in law.edges)
    assert [a.exact for a in law.atoms] == ([(0, 1 - 1 / Fraction(c))] if ratio > 1 else [])
    x = np.linspace(low, high, 41)[1:-1]
    assert law.density(x) == pytest.approx(np.sqrt((high - x) * (x - low)) / (2 * np.pi * ratio * x), rel=1e-11)
    assert law.density([low - 0.1, high + 0.1, -3.0]).tolist() == [0, 0, 0]


LAWS = [
    marchenko_pastur("1/2"),
    marchenko_pastur(1),
    marchenko_pastur(3),
    semicircle("1/3"),
    wachter("1/5", "2/5"),
    wachter("1/5", 2),
    jacobi("3/10", "1/2"),
    jacobi("1/2", "1/2"),
    arcsine(3),
    kesten_mckay(4),
    fuss_catalan(2),
    fuss_catalan(3),
    free_poisson("1/3", -2),
    bernoulli().free_sum(semicircle()),
    discrete([-1, 0, 5], ["1/2", "1/3", "1/6"]),
]


@pytest.mark.parametrize("law", LAWS, ids=lambda law: law.name or "sum")
def test_density_and_atoms_reproduce_the_exact_moments(law):
    """Mass, and moments 1 to 4, from the distribution function against the series of the curve."""
    assert law.expectation(np.ones_like).value == pytest.approx(1, abs=1e-12)
    for k, exact in enumerate(law.moments(4), start=1):
        scale = max(abs(x) for x in law.bounds) ** k
        assert law.expectation(lambda x, k=k: x**k).value == pytest.approx(float(exact), abs=1e-11 * scale)


@pytest.mark.parametrize(
    ("law", "expected"),
    [
        (marchenko_pastur("1/2"), [("left", Fraction(1, 2)), ("right", Fraction(1, 2))]),
        (marchenko_pastur(1), [("left", Fraction(-1, 2)), ("right", Fraction(1, 2))]),
        (fuss_catalan(3), [("left", Fraction(-3, 4)), ("right", Fraction(1, 2))]),
        (arcsine(), [("left", Fraction(-1, 2)), ("right", Fraction(-1, 2))]),
        (
            bernoulli().free_sum(semicircle()),  # two bands that just touch
            [("left", Fraction(1, 2)), ("interior", Fraction(1, 3)), ("right", Fraction(1, 2))],
        ),
    ],
    ids=lambda x: getattr(x, "name", "") or None,
)
def test_edge_behaviour(law, expected):
    assert [(e.side, e.exponent) for e in law.edge_behaviour] == expected


def test_splitting_of_a_deformed_semicircle():
    """+-1 plus a semicircle of variance s: one band for s > 1, a cusp at s = 1, two bands for s < 1."""
    components = [len(bernoulli().free_sum(semicircle(s)).support.components) for s in ("101/100", 1, "99/100")]
    assert components == [1, 1, 2]
    assert [e.kind for e in bernoulli().free_sum(semicircle()).edge_behaviour][1] == "cubic cusp"


def test_complex_pairs_on_the_negative_axis_are_not_support():
    """The curve of a law on [0, inf) can have complex roots at negative z; the physical sheet is real there."""
    law = fuss_catalan(3)
    roots = np.roots([float(x) for x in [1, 0, 0, 1, 1]])  # z^3 m^4 + z m + 1 at z = -1, up to signs
    assert np.any(np.abs(roots.imag) > 0.1)
    assert law.edges[0].value == 0 and law.enclose(-1).value.imag == 0


def test_distribution_and_quantiles():
    law = semicircle()
    x = np.linspace(-2, 2, 33)
    exact = 0.5 + x * np.sqrt(4 - x * x) / (4 * np.pi) + np.arcsin(x / 2) / np.pi
    assert law.cdf(x) == pytest.approx(exact, abs=1e-13)
    for level in (1e-6, 0.2, 0.5, 0.999):
        assert law.cdf(float(law.quantile(level))) == pytest.approx(level, abs=1e-13)
    assert law.cdf([-5.0, 5.0]).tolist() == [0, 1]


def test_quantiles_in_gaps_and_on_atoms_say_so():
    law = bernoulli().free_sum(semicircle("1/4"))
    gap = law.quantile(0.5)
    assert gap.kind == "gap" and gap.lower == law.edges[1].value and gap.upper == law.edges[2].value
    with pytest.raises(DomainError, match="single quantile"):
        float(gap)
    heavy = marchenko_pastur(4)  # three quarters of the mass sit at 0
    assert (heavy.quantile(0.3).kind, float(heavy.quantile(0.3))) == ("atom", 0.0)
    assert heavy.quantile(0.75).kind == "gap" and heavy.quantile(0.8).kind == "point"
    spectrum = law.quantiles(10)
    assert np.all(np.diff(spectrum) > 0) and law.cdf(spectrum) == pytest.approx((np.arange(10) + 0.5) / 10, abs=1e-9)


def test_quantile_where_an_atom_lies_between_two_bands():
    law = projection("3/10").free_sum(projection("1/2"))
    assert [a.exact for a in law.atoms] == [(0, Fraction(1, 5)), (1, Fraction(1, 5))]
    assert (law.quantile(0.6).kind, float(law.quantile(0.6))) == ("atom", 1.0)
    assert law.quantile(0.5).kind == "gap" and law.quantile(0.5).upper == 1.0


def test_deterministic_and_immutable_results():
    first, second = marchenko_pastur("1/3"), marchenko_pastur("1/3")
    x = np.linspace(0.2, 2, 50)
    assert np.array_equal(first.density(x), second.density(x))
    # one point alone and within a batch give the same number
    assert first.density(x)[17] == first.density(float(x[17]))


class TestBadInput:
    law = marchenko_pastur("1/2")

    @pytest.mark.parametrize("z", [float("nan"), [1.0, float("inf")], complex(0, float("nan"))])
    def test_nan(self, z):
        with pytest.raises(DomainError, match="finite"):
            self.law.stieltjes(z)

    def test_point_on_the_support_needs_a_side(self):
        with pytest.raises(DomainError, match='side="\\+"'):
            self.law.stieltjes(1.0)
        above, below = self.law.stieltjes(1.0, side="+"), self.law.stieltjes(1.0, side="-")
        assert above == below.conjugate() and above.imag > 0
        with pytest.raises(DomainError, match="side"):
            self.law.stieltjes(1.0, side="up")

    def test_pole(self):
        with pytest.raises(DomainError, match="pole"):
            marchenko_pastur(2).stieltjes(0.0)
        with pytest.raises(NoConvergence):
            marchenko_pastur(1).enclose(0)

    @pytest.mark.parametrize("level", [0, 1, -0.1, float("nan")])
    def test_level(self, level):
        with pytest.raises(DomainError, match="level"):
            self.law.quantile(level)

    @pytest.mark.parametrize(
        ("build", "message"),
        [
            (lambda: marchenko_pastur(0), "c > 0"),
            (lambda: marchenko_pastur(float("nan")), "finite"),
            (lambda: semicircle(-1), "variance > 0"),
            (lambda: wachter(1, "1/2"), "0 < c1 < 1"),
            (lambda: jacobi("3/2", "1/2"), "0 < alpha < 1"),
            (lambda: kesten_mckay(1), "d >= 2"),
            (lambda: fuss_catalan(0), "k >= 1"),
            (lambda: discrete([1, 2], ["3/2", "-1/2"]), "non-negative"),
            (lambda: discrete([1, 2], ["1/2", "1/3"]), "sum to 1"),
            (lambda: discrete([]), "at least one atom"),
            (lambda: marchenko_pastur(2).inverse(), "does not touch 0"),
            (lambda: semicircle().compress(2), "share"),
            (lambda: semicircle().free_power("1/2"), "times >= 1"),
            (lambda: semicircle().free_product(bernoulli()), "infinity"),
            (lambda: semicircle().scale(0), "not zero"),
        ],
    )
    def test_parameters(self, build, message):
        with pytest.raises(DomainError, match=message) as caught:
            build()
        assert "\n" not in str(caught.value)


def test_transform_on_a_ball_holds_its_values_at_every_point():
    law = marchenko_pastur("1/2")
    with ctx.workprec(100):
        for radius in (Fraction(1, 10**6), Fraction(1, 100)):
            disc = acb(arb(2, float(radius)), arb(0.5, float(radius)))
            ball = law.enclose(disc, 5).ball
            for real, imag in itertools.product((-1, 1), repeat=2):
                corner = 2 + real * radius * Fraction(99, 100), Fraction(1, 2) + imag * radius * Fraction(99, 100)
                assert ball.contains(law.enclose(corner).ball)
        with pytest.raises(NoConvergence, match="too wide"):
            law.enclose(acb(arb(2, 0.3)), 5)


def test_transform_at_fractions_that_no_ball_holds_exactly():
    law = marchenko_pastur("1/2")
    for x in (Fraction(p, q) for p in range(40, 56) for q in (3, 7, 13)):  # c z m^2 + (c + z - 1) m + 1 = 0
        ball = law.enclose(x).ball
        with ctx.workprec(400):
            z = arb(x.numerator) / x.denominator
            root = acb((z - arb(0.5)) ** 2 - 2 * z).sqrt()
            assert any((acb(ball) - (sign * root - z + arb(0.5)) / z).contains(0) for sign in (-1, 1))


def test_a_density_too_small_for_the_digits_is_not_called_zero():
    value = marchenko_pastur("1/4").enclose(Fraction(1, 4) + Fraction(1, 10**20))  # 1e-20 above the edge
    assert value.ball.imag > 0
