"""Curves: reading, exact moments, and what is refused."""

from __future__ import annotations

from fractions import Fraction
from math import comb

import pytest
import sympy as sp

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.spectrum import SpectralCurve, SpectralLaw, named_curve

c = sp.Symbol("c")


def narayana(k: int) -> sp.Expr:
    return sp.Add(*(c**r / sp.Integer(r + 1) * comb(k, r) * comb(k - 1, r) for r in range(k)))


def test_marchenko_pastur_moments_are_the_narayana_polynomials():
    moments = named_curve("marchenko_pastur").moments(7)
    assert [sp.expand(m - narayana(k + 1)) for k, m in enumerate(moments)] == [0] * 7


def test_parametric_moments_specialise():
    curve = named_curve("wachter")
    point = {"c1": Fraction(1, 5), "c2": Fraction(2, 5)}
    exact = curve.at(**point).moments(4)
    symbolic = curve.moments(4)
    assert [sp.Rational(x.numerator, x.denominator) for x in exact] == [
        m.subs({k: sp.Rational(v.numerator, v.denominator) for k, v in point.items()}) for m in symbolic
    ]


@pytest.mark.parametrize(
    ("polynomial", "moments"),
    [
        ("z*m^3 - m^2 - z*m - 1", [0, 2, 0, 10, 0, 66]),  # anticommutator of two free semicirculars
        ("z^2*m^4 + z*m + 1", [0, 1, 0, 4, 0, 22]),  # H1 H2 H1
        ("z^2*m^3 - z*m - 1", [1, 3, 12, 55, 273, 1428]),  # Fuss-Catalan, k = 2
    ],
)
def test_moments_of_engine_curves(polynomial, moments):
    assert list(SpectralCurve(polynomial).moments(6)) == moments


def test_moments_of_high_order_satisfy_the_curve_and_a_wrong_one_does_not():
    curve = SpectralCurve("z*m^3 - m^2 - z*m - 1")
    moments = list(curve.moments(30))
    assert curve.vanishes_on(moments)
    for k in (1, 5, 17):
        wrong = list(moments)
        wrong[k] += Fraction(1, 10**6)
        assert not curve.vanishes_on(wrong)


def test_sympy_text_and_flint_agree():
    m, z = sp.symbols("m z")
    text = SpectralCurve("z*m^2/2 + (z - 1/2)*m + 1")
    assert SpectralCurve(text.sympy()) == text
    assert SpectralCurve(text.poly) == text
    assert SpectralCurve(z * m**2 / 2 + (z - sp.Rational(1, 2)) * m + 1) == text


def test_two_physical_factors_need_moments():
    ambiguous = "((1 - z)*m - 1)*((2 - z)*m - 1)"  # atoms at 1 and at 2: two physical factors
    with pytest.raises(DomainError, match="several qualify"):
        SpectralLaw(ambiguous)
    assert SpectralLaw(ambiguous, moments=[2, 4, 8]).moments(3) == (2, 4, 8)


@pytest.mark.parametrize(
    ("curve", "message"),
    [
        ("0*m", "not constant"),
        ("m^2 + m + 1", "both m and z"),
        ("2*m^2 - z*m + 1", "physical branch"),
        ("m - z", "physical branch"),
        ("m^2 - z*m - 1", "physical branch"),
        ("c*z*m^2 + (c + z - 1)*m + 1", "free parameters c"),
        (sp.Symbol("m") * sp.Symbol("z") + sp.nan, "NaN"),
        ("m*z + 1/m", "clear the denominators"),
    ],
)
def test_bad_curves_are_refused(curve, message):
    with pytest.raises(DomainError, match=message) as caught:
        SpectralLaw(curve)
    assert "\n" not in str(caught.value)


def test_curve_is_parsed_never_evaluated():
    with pytest.raises(RmtsymError):
        SpectralCurve("__import__('os').getcwd()*m + z")


def test_unknown_parameter_is_named():
    with pytest.raises(UnknownName, match="parameter 'd'"):
        named_curve("marchenko_pastur").at(d=1)
