"""Contour integrals as averages."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.contour import ContourLaw, mean_over_circle
from rmtsym.field.evaluate import BALL, MP, evaluate

w, z, m, a = sp.symbols("w z m a")
gamma = SpectralMeasure("gamma", z, m)
PLACE = 2 + w + 1 / w  # the unit circle is the cut [0, 4]
OUTSIDE = ContourLaw([(0, 2)], -(1 - 1 / w**2), [PLACE, -1 / (1 + w)])  # Marchenko-Pastur, p = n


@pytest.mark.parametrize(("f", "exact"), [(sp.exp(-z), 0), (m, 1), (z * m, 1), (z**3 * m, 5), (z**4 * m, 14)])
def test_moments_of_a_law_from_its_transform(f, exact):
    expr = Average(f, gamma)
    for found in (evaluate(expr, {"gamma": OUTSIDE}), evaluate(expr, {"gamma": OUTSIDE}, MP(20))):
        assert float(found) == pytest.approx(exact, abs=1e-12)
    ball = evaluate(expr, {"gamma": OUTSIDE}, BALL(100))
    assert ball.contains(exact) and float(ball.rad()) < 1e-25


def test_residues_at_poles_with_circles_of_their_own():
    law = ContourLaw([(0, 1), (Fraction(5, 2), Fraction(1, 4))], w**0, [w])
    expr = Average(1 / ((w - a) * (w - sp.Rational(1, 2))), SpectralMeasure("c", w))
    found = evaluate(expr, {"c": law, "a": Fraction(5, 2)})
    assert abs(found) < 1e-14  # both residues, of opposite sign
    without = evaluate(expr, {"c": ContourLaw([(0, 1)], w**0, [w]), "a": Fraction(5, 2)})
    assert float(without) == pytest.approx(-0.5, abs=1e-14)


def test_complex_parameters_give_complex_averages():
    expr = Average(1 / (w - a), SpectralMeasure("c", w))
    law = ContourLaw([(0, 1)], w, [w])
    ball = evaluate(expr, {"c": law, "a": 0.25 + 0.5j}, BALL(80))
    assert abs(complex(ball.real.mid(), ball.imag.mid()) - (0.25 + 0.5j)) < 1e-15
    assert np.isclose(evaluate(expr, {"c": law, "a": 0.25 + 0.5j}), 0.25 + 0.5j, atol=1e-14)


def test_bad_contours():
    with pytest.raises(DomainError, match="positive radii"):
        ContourLaw([(0, -1)], 1 / w, [w])
    with pytest.raises(DomainError, match="w alone"):
        ContourLaw([(0, 1)], a / w, [w])


def test_means_over_a_circle_are_enclosed_with_and_without_an_annulus():
    from flint import acb, arb

    from rmtsym.field.ball import precision

    with precision(80):
        for pole in (1.5, 1.0001):  # the second is too close for an annulus: adaptive integration
            found = mean_over_circle(lambda u, flag, pole=pole: 1 / (arb(pole) - u.exp()), 80, real=True).real
            assert found.overlaps(1 / arb(pole)) and float(found.rad()) < 1e-20
        with pytest.raises(NoConvergence, match="singular"):
            mean_over_circle(lambda u, flag: acb(1) / (1 - u.exp()), 60, real=True)
