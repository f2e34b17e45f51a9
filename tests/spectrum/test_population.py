"""Sample covariance with a general population: sheets A4 and A8, exact separation, spikes, simulated edges."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
from flint import arb, ctx

from rmtsym.errors import DomainError
from rmtsym.spectrum import SampleCovariance, marchenko_pastur

SIX = [
    0.5616960950354131,
    1.4294298729992319,
    6.165758556431152,
    11.677415289693679,
    18.165087621684002,
    33.90894589748986,
]


def six_edges() -> SampleCovariance:
    return SampleCovariance("1/10", [1, 9, 25], ["1/2", "1/4", "1/4"])


def test_six_edges_by_both_routes():
    law = six_edges()
    assert [e.value for e in law.edges] == pytest.approx(SIX, abs=1e-14)
    assert all(e.status == "enclosed" and e.radius < 1e-30 for e in law.edges)
    curve = law.algebraic()
    for first, second in zip(law.edges, curve.edges, strict=True):
        assert first.ball.overlaps(second.ball)


CASES = [
    (SampleCovariance("1/10", [1, 9, 25], ["1/2", "1/4", "1/4"]), 0),
    (SampleCovariance(2, [1, 4]), Fraction(1, 2)),
    (SampleCovariance(1, [1, 4]), 0),
    (SampleCovariance("1/2", [0, 1, 3]), Fraction(1, 3)),
    (SampleCovariance(4, [0, 1]), Fraction(3, 4)),
]


@pytest.mark.parametrize(("law", "zeros"), CASES, ids=repr)
def test_inverse_map_and_curve_are_the_same_law(law, zeros):
    curve = law.algebraic()
    assert law.moments(8) == curve.moments(8)
    assert [a.exact for a in law.atoms] == [a.exact for a in curve.atoms] == ([(0, zeros)] if zeros else [])
    low, high = law.edges[0].value, law.edges[-1].value
    x = np.linspace(low, high, 200)[1:-1] + 1e-7
    assert law.density(x) == pytest.approx(curve.density(x), abs=1e-12)
    z = np.array([-1e-14, -1e-3, -2.0, high + 1, 1 + 0.1j, 3 + 1e-8j])
    assert law.stieltjes(z) == pytest.approx(curve.stieltjes(z), rel=1e-12)
    # exact separation against the integrated density
    masses = [law.cdf(b.value) - law.cdf(a.value - 1e-9) for a, b in law.support.components]
    assert masses == pytest.approx([float(m) for m in law.component_masses], abs=1e-11)


@pytest.mark.parametrize(
    ("law", "lam", "figures"),
    [
        (
            SampleCovariance("1/10", [1, 3, 7]),
            0.5,
            {"companion": 1.83852492025, "m": 0.385249202483, "square": 0.21242224243},
        ),
        (SampleCovariance(2, [1, 4]), 0.2, {"companion": 0.414726211136, "m": 2.70736310557, "square": 12.6638681456}),
    ],
)
def test_reference_figures_of_the_sheet(law, lam, figures):
    assert law.companion(-lam).real == pytest.approx(figures["companion"], rel=1e-11)
    assert law.resolvent(lam) == pytest.approx(figures["m"], rel=1e-11)
    step = 1e-5
    slope = (law.resolvent(lam - step) - law.resolvent(lam + step)) / (2 * step)  # tr Q^2 = -dm/dlam
    assert slope == pytest.approx(figures["square"], rel=1e-6)


def test_median_of_the_sheet():
    assert float(SampleCovariance("1/10", [1, 3, 7]).quantile(0.5)) == pytest.approx(2.84393147282, abs=1e-10)


def test_one_atom_is_marchenko_pastur():
    assert SampleCovariance("1/3", [1]).algebraic().curve == marchenko_pastur("1/3").curve


def test_a_gap_closes_at_a_cusp():
    """For {1, t}, equal weights, the gap at given c opens as t grows; the critical t is a cusp of exponent 1/3."""
    components = [len(SampleCovariance("1/10", [1, t]).support.components) for t in ("3/2", "2")]
    assert components == [1, 2]
    # {1, 8}: x'(v) has its top at v with (v - 1)/(8 - v) = 1/4 (equal weights), where it vanishes for c = 98/125
    v = Fraction(12, 5)
    ratio = Fraction(1, 2) / (v - 1) ** 2 + Fraction(1, 2) * 64 / (v - 8) ** 2
    law = SampleCovariance(1 / ratio, [1, 8])
    assert len(law.support.components) == 1
    interior = [e for e in law.edge_behaviour if e.side == "interior"]
    assert [e.kind for e in interior] == ["cubic cusp"]
    assert len(SampleCovariance(Fraction(999, 1000) / ratio, [1, 8]).support.components) == 2


def test_two_hundred_atoms():
    law = SampleCovariance("1/2", [Fraction(k, 50) for k in range(1, 201)])
    assert law.moments(1)[0] == Fraction(201, 100)
    assert law.expectation(lambda x: x).value == pytest.approx(2.01, abs=1e-10)
    assert sum(law.component_masses) == 1


@pytest.mark.parametrize(
    ("c", "ell", "eig", "left", "right"),
    [
        ("1/2", "3/2", 3.33333333333, 0.583333333333, 0.777777777778),
        ("2", "3", 6.66666666667, 0.466666666667, 0.777777777778),
        ("1/4", "-4/5", 0.1375, 0.886363636364, 0.609375),
    ],
)
def test_spikes_of_the_sheet(c, ell, eig, left, right):
    law = SampleCovariance(c, [1])
    spike = law.spike(1 + Fraction(ell))
    assert [float(spike.outlier), float(spike.left), float(spike.right)] == pytest.approx([eig, left, right], abs=1e-11)
    assert law.population_eigenvalue(spike.outlier) == pytest.approx(float(1 + Fraction(ell)), rel=1e-13)


def test_spikes_below_the_threshold_and_at_it():
    law = SampleCovariance("1/4", [1])
    assert [t.value for t in law.thresholds] == pytest.approx([0.5, 1.5], abs=1e-15)
    for alpha in ("3/5", "7/5", "3/2"):
        spike = law.spike(alpha)
        assert spike.outlier is None and float(spike.left) == float(spike.right) == 0
    assert law.spike("151/100").outlier is not None


def test_a_spike_between_two_components():
    law = six_edges()
    spike = law.spike(3)
    assert law.edges[1].value < float(spike.outlier) < law.edges[2].value
    assert 0 < float(spike.left) < 1


@pytest.mark.montecarlo
def test_simulated_components_edges_and_outlier():
    rng = np.random.default_rng(7)
    law, n = six_edges(), 2000
    t = np.repeat([1.0, 9.0, 25.0], [100, 50, 50])
    t[-1] = 60.0
    x = np.sqrt(t)[:, None] * rng.standard_normal((200, n))
    found, vectors = np.linalg.eigh(x @ x.T / n)
    counts = [int(np.sum((found > a.value - 0.3) & (found < b.value + 0.8))) for a, b in law.support.components]
    assert counts == [100, 50, 49]  # exact separation: no eigenvalue between the components
    spike = law.spike(60)
    assert abs(found[-1] - float(spike.outlier)) < 5 * 60 * math.sqrt(2 / n)
    assert abs(vectors[-1, -1] ** 2 - float(spike.left)) < 0.05
    # inner ends of the first component, on the scale n^(-2/3)
    assert abs(found[99] - law.edges[1].value) < 8 * 1.4 * n ** (-2 / 3)


@pytest.mark.parametrize(("law", "zeros"), CASES, ids=repr)
def test_closed_form_of_the_distribution_function(law, zeros):
    for low, high in law.support.components:
        for share in ("1/100", "1/2", "99/100"):
            x = Fraction(low.value) + Fraction(share) * Fraction(high.value - low.value)
            value = law.enclose_cdf(x)
            assert value.radius < 1e-30
            assert float(value) == pytest.approx(float(law.cdf(float(x))), abs=1e-12)
            back = law.enclose_quantile(Fraction(float(value)))
            assert back.radius < 1e-20 and float(back) == pytest.approx(float(x), rel=1e-11)
    assert float(law.enclose_cdf(law.edges[-1].value + 1)) == 1
    assert float(law.enclose_cdf(-1)) == 0
    if zeros:
        assert law.enclose_cdf(0).value == float(zeros) and law.enclose_quantile(zeros / 2).value == 0


def test_distribution_function_at_an_edge():
    law = SampleCovariance("1/10", [1, 3, 7])
    low, high = law.support.components[0]
    for end, exact in ((low, 0), (high, law.component_masses[0])):
        mantissa, exponent = end.ball.mid().man_exp()
        place = int(mantissa) * Fraction(2) ** int(exponent)
        for x in (place - Fraction(1, 10**45), place, place + Fraction(1, 10**45)):
            value = law.enclose_cdf(x)
            with ctx.workprec(200):
                assert value.radius < 1e-16 and value.ball.contains(arb(exact.numerator) / exact.denominator)
    white = SampleCovariance("1/4", [1])  # on [1/4, 9/4]
    near = white.enclose_cdf(Fraction(9, 4) - Fraction(1, 10**50))
    assert near.radius < 1e-16 and near.ball.contains(1) and white.enclose_cdf("9/4").value == 1


def test_population_eigenvalues_that_no_double_tells_apart():
    one, two = SampleCovariance("1/2", [1]), SampleCovariance("1/2", [1, 1 + Fraction(1, 10**25)])
    assert len(two.edges) == 2 and two.component_masses == (1,)
    assert all(abs(a.ball - b.ball) < 1e-24 for a, b in zip(one.edges, two.edges, strict=True))
    rare = SampleCovariance("1/2", [1, 5], [1 - Fraction(1, 10**30), Fraction(1, 10**30)])
    assert rare.component_masses == (1 - Fraction(1, 10**30), Fraction(1, 10**30))
    assert rare.edges[2].ball < 5.625 and rare.edges[3].ball > 5.625  # x(5) of the bulk


def test_quantiles_without_an_answer():
    for law, level in ((six_edges(), "1/2"), (SampleCovariance(2, [1, 4]), "1/2"), (six_edges(), "1")):
        with pytest.raises(DomainError, match="level"):
            float(law.enclose_quantile(level))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((0, [1]), "c > 0"),
        ((1, [-1]), "population eigenvalues"),
        ((1, []), "at least one atom"),
        ((1, [0]), "positive population eigenvalue"),
        ((1, [1, 2], ["1/2", "1/3"]), "sum to 1"),
        ((1, [1, 2], ["3/2", "-1/2"]), "non-negative"),
        ((float("nan"), [1]), "finite"),
    ],
)
def test_bad_populations(arguments, message):
    with pytest.raises(DomainError, match=message):
        SampleCovariance(*arguments)
    with pytest.raises(DomainError, match="off the support"):
        six_edges().population_eigenvalue(1.0)
