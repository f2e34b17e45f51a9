"""Laws of functions of a normal variable, and of half a squared length."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field import BALL, MP, Average, CircleLaw, ExponentialLaw, Image, NormalImage, NormalLaw, SpectralMeasure
from rmtsym.field.evaluate import evaluate

z, g, a, u = sp.symbols("z g a u")
gamma, one = SpectralMeasure("gamma", g, a), SpectralMeasure("Exp", u)
half = Fraction(1, 2)


def test_every_number_system_gives_the_mean_over_the_branches():
    law = NormalImage([(half, (sp.tanh(z) ** 2, z)), (half, (1, z + 1))])
    expr = Average(a**2 / (1 + g), gamma)
    plain = SpectralMeasure("z", z)
    known = (Average(z**2 / (1 + sp.tanh(z) ** 2), plain) + Average((z + 1) ** 2 / 2, plain)) / 2
    truth = evaluate(known, {"z": NormalLaw()}, BALL(120))
    assert evaluate(expr, {"gamma": law}, BALL(80)).overlaps(truth)
    assert float(evaluate(expr, {"gamma": law})) == pytest.approx(float(truth), rel=1e-14)
    assert float(evaluate(expr, {"gamma": law}, MP(20))) == pytest.approx(float(truth), rel=1e-15)
    assert float(evaluate(expr, {"gamma": law.coarser()})) == pytest.approx(float(truth), rel=1e-9)


def test_refusals():
    with pytest.raises(DomainError, match="sum to 1"):
        NormalImage([(half, (z, z))])
    with pytest.raises(DomainError, match="functions of z"):
        NormalImage([(1, (a, z))])
    with pytest.raises(UnsupportedModel, match="2 letters"):
        evaluate(Average(g, gamma), {"gamma": NormalImage([(1, (z,))])})


def test_exponential_law():
    complex_form = Average(1 / (1 + sp.I * u), one)
    truth = -sp.I * sp.exp(-sp.I) * sp.expint(1, -sp.I)  # int e^-u/(1 + iu) du
    number = complex(truth.evalf(30))
    ball = evaluate(complex_form, {"Exp": ExponentialLaw()}, BALL(80))
    assert complex(ball.mid()) == pytest.approx(number, rel=1e-14) and float(ball.rad()) < 1e-20
    for law in (ExponentialLaw(), ExponentialLaw().coarser()):
        assert complex(evaluate(complex_form, {"Exp": law})) == pytest.approx(number, rel=1e-9)
    assert complex(evaluate(complex_form, {"Exp": ExponentialLaw()}, MP(20))) == pytest.approx(number, rel=1e-14)


def test_integer_powers_of_balls_that_hold_zero():
    from flint import arb

    square = evaluate(u**2, {"u": arb(0, 0.1)}, BALL(64))
    assert square.is_finite() and square.contains(0.01) and not square.contains(0.02)


@pytest.mark.parametrize("even", [False, True])
def test_spectrum_of_a_toeplitz_matrix(even):
    """Eigenvalues of 0.6^|i-j|: the moments of the symbol are those of the powers of the matrix, far from its ends."""
    symbol = Fraction(16, 25) / (Fraction(34, 25) - Fraction(6, 5) * sp.cos(z))
    law, s = Image([(1, (symbol,))], CircleLaw(even=even)), sp.Symbol("s")
    decay = 0.6 ** np.abs(np.subtract.outer(np.arange(200), np.arange(200)))
    for k in (1, 2, 3):
        moment = Average(s**k, SpectralMeasure("nu", s))
        middle = np.linalg.matrix_power(decay, k)[100, 100]
        assert evaluate(moment, {"nu": law}) == pytest.approx(middle, rel=1e-12)
        assert float(evaluate(moment, {"nu": law}, MP(20))) == pytest.approx(middle, rel=1e-12)
        assert abs(evaluate(moment, {"nu": law}, BALL(80)) - middle) < 1e-12
    coarse = {"nu": Image([(1, (symbol,))], CircleLaw(8, even)).coarser()}
    assert abs(evaluate(Average(s**3, SpectralMeasure("nu", s)), coarse) - middle) > 1e-3
