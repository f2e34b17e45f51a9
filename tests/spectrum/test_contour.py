"""Linear statistics and their fluctuations: closed forms of sheets A1, A14 and A15."""

from __future__ import annotations

import math

import pytest
import sympy as sp
from flint import arb, ctx
from scipy.special import iv

from rmtsym.errors import DomainError, RmtsymError
from rmtsym.spectrum import (
    AnalyticFunction,
    SampleCovariance,
    discrete,
    linear_statistic,
    log_determinant,
    marchenko_pastur,
    semicircle,
    statistic_covariance,
    statistic_mean,
    wachter,
)


def mp_log(c: float) -> float:
    return -1 - (1 - c) / c * math.log(1 - c)


@pytest.mark.parametrize(
    ("law", "function", "exact"),
    [
        (marchenko_pastur("1/2"), "log(x)", mp_log(0.5)),
        (marchenko_pastur("1/4"), "log(x)", mp_log(0.25)),
        (marchenko_pastur("1/2"), "1/x", 2.0),
        (marchenko_pastur("1/2"), "x^(-2)", 8.0),
        (wachter("1/5", "2/5"), "log(x)", mp_log(0.4) - mp_log(0.2)),
        (semicircle(), "x^4 - 3*x", 2.0),
        (discrete([1, 4]), "log(x)", math.log(2)),
    ],
)
def test_enclosures_hold_the_closed_forms(law, function, exact):
    value = linear_statistic(law, function)
    assert value.status in ("enclosed", "exact") and value.radius < 1e-10
    assert abs(value.value - exact) <= value.radius + 1e-15 * abs(exact)


def test_enclosure_of_a_resolvent_agrees_with_the_transform():
    law = marchenko_pastur(2)
    value = linear_statistic(law, "1/(x + 3/10)")
    assert abs(value.value - 2.0) <= value.radius  # sheet A1: m(-3/10) = 2 at c = 2


def test_more_digits_on_request():
    coarse, fine = (linear_statistic(semicircle(), "exp(x)", digits) for digits in (6, 20))
    assert fine.radius < 1e-20 < coarse.radius < 1e-6
    assert coarse.ball.overlaps(fine.ball)
    assert fine.value == pytest.approx(float(iv(1, 2.0)), rel=1e-14)  # E exp(X) = I_1(2)


def test_population_law_by_doubling():
    law = SampleCovariance("1/2", [1, 3])
    assert log_determinant(law).value == pytest.approx(log_determinant(law.algebraic()).value, abs=1e-11)


def test_function_that_is_singular_on_the_support_is_refused():
    with pytest.raises(DomainError, match="analytic around the support"):
        linear_statistic(marchenko_pastur(1), "log(x)")
    with pytest.raises(DomainError, match="function of x alone"):
        AnalyticFunction(sp.log(sp.Symbol("y")) + sp.Symbol("x"))
    with pytest.raises(RmtsymError):
        AnalyticFunction("open('x')")


FLUCTUATIONS = [
    # c, kappa4, {f: (mean, variance)}
    (
        "1/2",
        0.0,
        {
            "x": (0, 1),
            "x^2": (0.5, 10),
            "1/(x + 1/2)": (0.146446609407, 0.25),
            "log(x)": (-0.34657359028, 1.38629436112),
        },
    ),
    (
        "1/2",
        -2.0,
        {
            "x": (0, 0),
            "x^2": (-0.5, 1),
            "1/(x + 1/2)": (-0.0961940777126, 0.0784271247462),
            "log(x)": (0.15342640972, 0.38629436112),
        },
    ),
    ("2", 1.2, {"x": (0, 6.4), "x^2": (4.4, 246.4)}),
]


@pytest.mark.parametrize(("c", "kappa4", "figures"), FLUCTUATIONS)
def test_bai_silverstein_at_identity(c, kappa4, figures):
    law = SampleCovariance(c, [1])
    for f, (mean, variance) in figures.items():
        assert statistic_mean(law, f, kappa4).value == pytest.approx(mean, abs=1e-10)
        assert statistic_covariance(law, f, None, kappa4).value == pytest.approx(variance, abs=1e-9)


def test_bai_silverstein_with_a_general_population():
    law = SampleCovariance("1/2", [1, 3])
    f = "1/(x + 1/2)"
    assert statistic_mean(law, f).value == pytest.approx(0.152772205366, abs=1e-11)
    assert statistic_mean(law, f, -2).value == pytest.approx(-0.0794531268719, abs=1e-11)
    # traces are exact: Var tr M = (2 + kappa4) c E t^2, for any population
    assert statistic_covariance(law, "x", None, 0.7).value == pytest.approx(2.7 * 0.5 * 5, abs=1e-11)
    assert statistic_covariance(law, "x", f).value == pytest.approx(statistic_covariance(law, f, "x").value, abs=1e-12)


def test_complex_entries():
    law = SampleCovariance("1/2", [1])
    assert statistic_mean(law, "x^2", complex_entries=True).value == pytest.approx(0, abs=1e-12)
    assert statistic_covariance(law, "log(x)", complex_entries=True).value == pytest.approx(math.log(2), abs=1e-11)


@pytest.mark.parametrize("function", ["log(x - 6)", "sqrt(x*(x - 6))", sp.tanh(20 * (sp.Symbol("x") - 5)), sp.I])
def test_function_that_is_not_analytic_and_real_around_the_support_is_refused(function):
    law = marchenko_pastur("1/100").shift(4)  # on [4.81, 5.21]; a cut through it, poles beside it, not real
    if function is sp.I:
        function = sp.I * sp.Symbol("x")
    with pytest.raises(DomainError, match="analytic around the support"):
        linear_statistic(law, function)


def test_atoms_enter_a_statistic_as_the_fractions_that_they_are():
    law = discrete(["1/3", "2/3"], ["1/3", "2/3"])
    ball = linear_statistic(law, "x", 30).ball
    with ctx.workprec(200):
        assert abs(ball - arb(5) / 9) < arb(10) ** -35
        assert abs(law.atoms[0].location.ball - arb(1) / 3) < arb(10) ** -35 and law.atoms[1].mass.digits > 100


def test_narrow_support_far_from_zero():
    law = semicircle().scale("1/1000000000").shift(1000)  # its ends as doubles are off by a thousandth of its width
    value = linear_statistic(law, "x^2", 16)
    with ctx.workprec(200):
        assert value.ball.contains(arb(10) ** 6 + arb(10) ** -18)
