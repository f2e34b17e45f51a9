"""Deep and equilibrium kernels against the layer recursion of the library, which expands by Price's theorem."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.gaussian import TAU, deep_coefficients, implicit_coefficients, layer_jet
from rmtsym.theorem import get
from theory.kernels import equilibrium, layers
from theory.kernels.deep_ck_recursion import exact_kernel

GIVEN = {"a": sp.Rational(6, 5), "b": sp.Rational(-3, 10), "q2": sp.Rational(2, 5), "q1": sp.Rational(9, 10)}


@pytest.mark.parametrize("network", ["relu,erf,abs", "lrelu,sin,quad"])
def test_deep_coefficients(network):
    names = network.split(",")
    expected = deep_coefficients([layers.function(name, GIVEN) for name in names], sp.Rational(36, 25))[-1]
    theorem = get("deep-ck-recursion")
    found = theorem.values(theorem.point(activations=network, tau0="6/5"))
    for name, value in (("c1", expected.alpha1), ("c2", expected.alpha2), ("c3", expected.alpha3),
                        ("c4", expected.alpha4), ("diagonal", expected.power)):  # fmt: skip
        assert float(found[name]) == pytest.approx(float(value), rel=1e-12, abs=1e-15), name


@pytest.mark.parametrize("phi", ["relu", "quad", "sin"])
def test_equilibrium_coefficients(phi):
    theorem = get("deq-implicit-ck")
    expected = implicit_coefficients(layers.function(phi, GIVEN), 0.4, 0.3, 1.44)
    found = theorem.values(theorem.point(phi=phi, sigma_a2="0.4", sigma_b2="0.3", tau0="1.2", quad="0.4,0.9"))
    for name, value in (("gamma2", expected.variance), ("c1", expected.alpha1), ("c2", expected.alpha2),
                        ("c3", expected.alpha3), ("c4", expected.alpha4), ("diagonal", expected.power)):  # fmt: skip
        assert float(found[name]) == pytest.approx(value, rel=1e-10, abs=1e-14), name


@pytest.mark.parametrize("name", layers.SMOOTH)
def test_stability_uses_the_mean_square_of_the_slope(name):
    letters = {sp.Symbol(k, real=True): x for k, x in GIVEN.items()}
    gradient = layer_jet(layers.function(name, GIVEN)).gradient.subs(TAU, sp.Rational(7, 5))
    stated = equilibrium.GRADIENT[name].subs(letters).subs(layers.v, sp.Rational(7, 5))
    assert float(stated) == pytest.approx(float(gradient), rel=1e-13)


def test_an_equilibrium_without_recurrence_is_one_layer():
    rng = np.random.default_rng(1)
    x = rng.standard_normal((30, 8)) / np.sqrt(30)
    deep, implicit = get("deep-ck-recursion"), get("deq-implicit-ck")
    one = exact_kernel(deep.point(activations="relu"), x)
    same = equilibrium.exact_kernel(implicit.point("A", sigma_a2="0"), x)
    assert np.allclose(one, same, rtol=0, atol=1e-13)


def test_the_exact_equilibrium_solves_its_equation():
    rng = np.random.default_rng(2)
    x = rng.standard_normal((30, 8)) / np.sqrt(30)
    point = get("deq-implicit-ck").point("C")
    kernel = equilibrium.exact_kernel(point, x)
    covariance = 0.8 * kernel + 0.6 * x.T @ x
    given = {**layers.letters(point["lrelu"], point["quad"])}
    assert given["b"] == Fraction(-2, 5)
    image = layers.layer_of_matrix(covariance, "lrelu", given, equilibrium.variance_of(point))
    assert np.allclose(image, kernel, rtol=0, atol=1e-12)
