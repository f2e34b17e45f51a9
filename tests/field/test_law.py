"""Continuous laws: quadrature in floats, rigorous integrals in balls."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp
from flint import arb

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.evaluate import BALL, MP, evaluate
from rmtsym.field.law import DensityLaw, LebesgueLaw, NormalLaw

x, z, M, sigma = sp.symbols("x z M sigma", real=True)
g, nu, line = SpectralMeasure("g", z), SpectralMeasure("nu", x), SpectralMeasure("line", x)


@pytest.mark.parametrize(
    ("f", "exact", "breaks"),
    [
        (z**6, sp.Integer(15), ()),
        (sp.exp(z), sp.exp(sp.Rational(1, 2)), ()),
        (sp.cos(3 * z), sp.exp(-sp.Rational(9, 2)), ()),
        (sp.Max(z, 0), 1 / sp.sqrt(2 * sp.pi), (0.0,)),
        (sp.Abs(z), sp.sqrt(2 / sp.pi), (0.0,)),
        (sp.Piecewise((z**2, z > 0), (0, True)), sp.Rational(1, 2), (0.0,)),
        (sp.erf(z) ** 2, 2 / sp.pi * sp.asin(sp.Rational(2, 3)), ()),
    ],
    ids=str,
)
def test_gaussian_expectations(f, exact, breaks):
    expr, env = Average(f, g), {"g": NormalLaw(breaks=breaks)}
    truth = evaluate(exact, {}, BALL(200))
    assert float(evaluate(expr, env)) == pytest.approx(float(truth.mid()), rel=1e-13)
    ball = evaluate(expr, env, BALL(100))
    assert ball.overlaps(truth) and float(ball.rad()) < 1e-25
    assert float(evaluate(expr, env, MP(25))) == pytest.approx(float(truth.mid()), rel=1e-14)


def test_expectation_over_an_implicit_variable():
    # r = x + delta L'(x) normal: written over x, total mass one and mean of r equal to M
    delta = sp.Rational(3, 2)
    slope = -1 / (1 + sp.exp(x))
    r = x + delta * slope
    density = sp.exp(-(((r - M) / sigma) ** 2) / 2) / (sp.sqrt(2 * sp.pi) * sigma) * (1 + delta * sp.diff(slope, x))
    env = {"line": LebesgueLaw(), "M": 0.5, "sigma": 1.25}
    mass, mean = evaluate([Average(density, line), Average(r * density, line)], env, BALL(80))
    assert mass.contains(1) and float(mass.rad()) < 1e-20
    assert mean.contains(0.5) and float(mean.rad()) < 1e-20
    assert float(evaluate(Average(density, line), env)) == pytest.approx(1, rel=1e-14)


def test_functions_with_cuts_are_not_integrated_across_them():
    # the cuts of the arcsine begin at the ends: ellipses around the interval meet them
    uniform = DensityLaw(sp.Rational(1, 2), x, -1, 1)
    ball = evaluate(Average(sp.asin(x) ** 2, nu), {"nu": uniform}, BALL(80))
    assert ball.overlaps(evaluate(sp.pi**2 / 4 - 2, {}, BALL(200))) and float(ball.rad()) < 1e-14
    ball = evaluate(Average(sp.acos(x), nu), {"nu": uniform}, BALL(80))
    assert ball.overlaps(evaluate(sp.pi / 2, {}, BALL(200))) and float(ball.rad()) < 1e-14


def test_a_place_that_is_left_out_does_not_change_an_expectation():
    f = sp.Piecewise((sp.exp(z), sp.Ne(z, 0)), (5, True))
    ball = evaluate(Average(f, g), {"g": NormalLaw()}, BALL(80))
    assert ball.overlaps(evaluate(sp.exp(sp.Rational(1, 2)), {}, BALL(200))) and float(ball.rad()) < 1e-15
    assert [evaluate(f, {"z": place}, BALL(80)).overlaps(y) for place, y in ((0, arb(5)), (1, arb(1).exp()))] == [1, 1]


def test_density_on_an_interval():
    law = DensityLaw(sp.sqrt(4 - x**2) / (2 * sp.pi), x, -2, 2)
    expr = Average(1 / (3 - x), nu)
    truth = (3 - np.sqrt(5)) / 2
    assert float(evaluate(expr, {"nu": law})) == pytest.approx(truth, rel=1e-14)
    ball = evaluate(expr, {"nu": law}, BALL(60))
    assert float(ball.rad()) < 1e-12 and abs(float(ball.mid()) - truth) < 1e-12


def test_bad_laws():
    with pytest.raises(DomainError, match="integral one"):
        DensityLaw(sp.sqrt(4 - x**2), x, -2, 2)
    with pytest.raises(UnsupportedModel, match="one"):
        evaluate(Average(x * z, SpectralMeasure("h", x, z)), {"h": NormalLaw()})
