"""Balls around proximal points contain the point, are thin, and refuse what they cannot prove."""

import flint
import numpy as np
import pytest
import sympy as sp
from flint import acb, arb

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.ball import precision
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.measure import Atoms
from rmtsym.risk import LOSSES, Loss, Prox, loss, prox
from rmtsym.risk.enclosure import enclose_prox


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("delta", ["0.001", "1", "18", "1000"])
def test_contains_the_floating_point_root(name, delta):
    L = loss(name)
    with precision(128):
        for r in (-30.5, -2.25, 0.5, 3.0, 25.0):
            ball = enclose_prox(L, arb(delta), arb(r))
            expected = float(prox(L, float(delta), r))
            assert float(ball.rad()) < 1e-25
            assert float(ball.mid()) == pytest.approx(expected, rel=1e-13, abs=1e-13)


def test_satisfies_its_equation():
    with precision(200):
        x = enclose_prox(loss("logistic"), arb(18), arb(-2))
        residual = x - arb(18) / (1 + x.exp()) + 2
        assert residual.contains(0) and float(residual.rad()) < 1e-50


def test_wide_ball_contains_the_images_of_its_points():
    L = loss("logistic")
    with precision(96):
        wide = enclose_prox(L, arb(2), arb(0.5, 0.01))
        for r in np.linspace(0.49, 0.51, 7):
            assert wide.contains(enclose_prox(L, arb(2), arb(float(r))))


def test_across_a_breakpoint():
    L = loss("absolute")
    with precision(64):
        hull = enclose_prox(L, arb(1), arb(1, 0.1))
        assert hull.contains(0) and hull.contains(arb(0.05))
        assert not enclose_prox(L, acb(1), acb(arb(1, 0.1)), analytic=True).is_finite()


def test_a_breakpoint_and_slopes_that_are_not_rational():
    """exp(-t) up to the root of 2, from there a line with the slope -1/5."""
    place, t = sp.sqrt(2), Loss.variable
    L = Loss("bent", (sp.exp(-t), sp.exp(-place) + (place - t) / 5), (place,))
    with precision(96):
        for r in (-3.0, 0.9, 1.15, 1.3, 4.0):
            ball = enclose_prox(L, arb(1), arb(r))
            assert float(ball.rad()) < 1e-20
            assert float(ball.mid()) == pytest.approx(float(prox(L, 1.0, r)), rel=1e-13)
        assert enclose_prox(L, arb(1), arb(1.2)).overlaps(arb(2).sqrt())  # the root is the breakpoint


def test_away_from_the_real_line_nothing_is_claimed():
    with precision(64):
        r = acb(arb(0.5), arb(0.3))
        assert not enclose_prox(loss("logistic"), acb(1), r).is_finite()


def test_same_symbol_in_floats_and_balls():
    z, delta = sp.Symbol("z", real=True), sp.Symbol("delta", positive=True)
    nu = SpectralMeasure("nu", z)
    mean = Average(Prox(loss("pseudo_huber"), delta, 1 + 2 * z) ** 2, nu)
    point = {"delta": sp.Rational(3, 2), "nu": Atoms([0.25, 0.75], z=[-1, 2])}
    ball = evaluate(mean, {**point, "delta": flint.arb("1.5")}, BALL(96))
    assert float(evaluate(mean, {**point, "delta": 1.5})) == pytest.approx(float(ball.mid()), rel=1e-13)
