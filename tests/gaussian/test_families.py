"""Families of coefficients, recursions over layers, Wick moments, quantisation moments."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.gaussian import (
    AA,
    AB,
    BB,
    RHO,
    SIGMA_X,
    SIGMA_Y,
    TAU,
    activation,
    deep_coefficients,
    expectation,
    feature_coefficients,
    implicit_coefficients,
    independent_moment,
    kernel,
    kernel_expression,
    layer_jet,
    polynomial_kernel,
    wick,
)
from rmtsym.gaussian.extreme import expected_maximum
from rmtsym.gaussian.recursion import variance_fixed_point

phi = lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)  # noqa: E731
LAYERS = [activation("lrelu", "1.2", "0.3"), activation("sin"), activation("quad", "0.4", "0.9", 0)]


@pytest.mark.parametrize("name", ["relu", "gelu", "gauss", "erf", "quad"])
def test_jets_are_derivatives_of_the_kernel(name):
    """Price: the Taylor coefficients of E f(u) f(v) at covariance zero are squares of Stein moments."""
    f = activation(name, 1, 2, 3) if name == "quad" else activation(name)
    k, jet = kernel_expression(f), layer_jet(f)
    mean = expectation(f).expr
    at = {AB: 0, AA: TAU, BB: TAU}

    def zero(difference):
        value = sp.N(difference.subs(TAU, sp.Rational(7, 5)), 30)
        return abs(value) < 1e-25

    assert zero(k.subs(at) - mean**2)
    assert zero(sp.diff(k, AB).subs(at) - jet.first**2)
    assert zero(sp.diff(k, AB, 2).subs(at) - jet.second**2)
    assert zero(sp.diff(k, AA, BB).subs(at) - jet.second**2 / 4)
    assert zero(sp.diff(expectation(f * f).expr, TAU) - mean * jet.second - jet.slope)


def test_deep_kernels_of_the_sheets():
    last = deep_coefficients(["relu", "relu"])[-1]
    assert last.alpha1 == sp.Rational(1, 16) and last.beta1 == sp.Rational(3, 16)
    relu = [0.0625, 0.0235089778521, 0.0344863118529, 0.116175352819, 0.116175352819]
    tangent = [0.1875, 0.0334561617953, 0.152537191378, 0.536597881273]
    assert [float(getattr(last, n)) for n in ("alpha1", "alpha2", "alpha3", "alpha4", "power")] == pytest.approx(relu)
    assert [float(getattr(last, n)) for n in ("beta1", "beta2", "beta3", "tangent_power")] == pytest.approx(tangent)
    mixed = deep_coefficients(LAYERS)[-1]
    values = [0.109193056616, 0.0534767426905, 0.102363130896, 0.178195893976, 0.250321123518]
    assert [float(getattr(mixed, n)) for n in ("alpha1", "alpha2", "alpha3", "alpha4", "power")] == pytest.approx(
        values, abs=1e-11
    )
    values = [0.436772226464, 0.1500246022, 0.52344619725, 1.36108281613]
    assert [float(getattr(mixed, n)) for n in ("beta1", "beta2", "beta3", "tangent_power")] == pytest.approx(
        values, abs=1e-10
    )


def test_one_layer_is_the_feature_kernel():
    layer, d = deep_coefficients(["erf"], TAU)[-1], feature_coefficients("erf")
    assert sp.expand(layer.alpha1 - d.d1) == 0 and sp.expand(layer.alpha2 - d.d2) == 0
    assert sp.expand(layer.alpha3 - 2 * d.d2) == 0
    assert sp.simplify(layer.power - TAU * layer.alpha1 - d.d0) == 0


def test_a_jump_has_no_tangent_kernel():
    last = deep_coefficients(["sign"])[-1]
    assert last.beta1 is None and last.alpha1 == 2 / sp.pi


def test_equilibrium_model_of_the_sheet():
    relu = implicit_coefficients("relu", "0.5", 1)
    assert (relu.alpha1, relu.alpha2, relu.alpha3, relu.alpha4) == pytest.approx(
        (0.285714285714, 0.0548144597016, 0.0985423526245, 0.410865854726), abs=1e-11
    )
    quad = implicit_coefficients(activation("quad", "0.15", "0.8", 0), "0.5", "0.5")
    assert (quad.alpha1, quad.alpha2, quad.alpha3, quad.alpha4, quad.power) == pytest.approx(
        (0.470588235294, 0.0198180613884, 0.0357788011398, 0.547831845253, 0.508221679621), abs=1e-11
    )
    with pytest.raises(DomainError):
        implicit_coefficients("linear", 2, 1)


def test_variance_map_without_closed_form():
    gamma2 = variance_fixed_point("tanh", 2.0, 0.3)
    value = expectation(activation("tanh") ** 2, sp.Rational(str(gamma2))).value(digits=15).value
    assert 2 * value + 0.3 == pytest.approx(gamma2, rel=1e-10)


def test_wick_agrees_with_the_half_space_calculus():
    a, b, c = SIGMA_X**2, SIGMA_Y**2, RHO * SIGMA_X * SIGMA_Y
    covariance = [[a, c], [c, b]]
    for m, n in ((2, 2), (3, 1), (4, 2), (3, 5)):
        pairing = wick(lambda i, j: covariance[i][j], (0,) * m + (1,) * n)
        closed = kernel(activation("monomial", m), activation("monomial", n)).expr
        assert sp.expand(pairing - closed) == 0


def test_quadratic_kernel_of_weights_that_are_not_gaussian():
    m3, m4, q2, q1, q0 = sp.symbols("m3 m4 q2 q1 q0", real=True)
    quad = activation("quad", q2, q1, q0)
    found = polynomial_kernel(quad, moments={3: m3, 4: m4})
    a2b2, a2b, ab2 = sp.symbols("a2b2 a2b ab2", real=True)
    sheet = q2**2 * (2 * AB**2 + AA * BB + (m4 - 3) * a2b2) + q1**2 * AB + q1 * q2 * m3 * (a2b + ab2)
    sheet += q2 * q0 * (AA + BB) + q0**2
    assert sp.expand(found - sheet) == 0
    assert sp.expand(polynomial_kernel(quad) - kernel_expression(quad)) == 0
    # exact average over all ternary weight vectors in three dimensions
    a, b = np.array([0.5, -1.0, 2.0]), np.array([1.0, 0.25, -0.5])
    support = np.array(np.meshgrid(*[[-1.5, 0.0, 1.5]] * 3)).reshape(3, -1)
    probability = np.array(np.meshgrid(*[[2 / 9, 5 / 9, 2 / 9]] * 3)).reshape(3, -1).prod(axis=0)
    exact = probability @ ((a @ support) ** 2 * (b @ support) ** 2)
    word = independent_moment("aabb", {2: 1, 4: sp.Rational(9, 4)})
    table = {"aa": a @ a, "bb": b @ b, "ab": a @ b, "a2b2": (a * a) @ (b * b)}
    assert float(word.subs({s: table[s.name] for s in word.free_symbols})) == pytest.approx(exact, rel=1e-12)
    with pytest.raises(DomainError, match="polynomial"):
        polynomial_kernel(activation("relu"))


def test_ternary_moments_of_sheet_four():
    low, gap = sp.Symbol("s", real=True), sp.Symbol("g", positive=True)
    root = sp.sqrt(TAU)
    f = activation("ternary", root * low, root * low + root * gap)
    jet = layer_jet(f)
    high = low + gap
    point = {TAU: sp.Rational(7, 5), low: sp.Rational(-1, 3), gap: sp.Rational(4, 3)}
    assert abs(sp.N((root * jet.first - phi(high) - phi(low)).subs(point), 30)) < 1e-25
    assert abs(sp.N((TAU * jet.second - high * phi(high) - low * phi(low)).subs(point), 30)) < 1e-25


def test_two_thresholds_of_sheet_thirteen():
    s1, gap, b = sp.Symbol("s1", real=True), sp.Symbol("g", positive=True), sp.Symbol("b", real=True)
    s2 = s1 + gap
    jet = layer_jet(activation("binary", s1, s2, b))
    tau = sp.sqrt(TAU)
    inside = sp.erfc(s2 / tau / sp.sqrt(2)) / 2 + sp.erfc(-s1 / tau / sp.sqrt(2)) / 2
    point = {TAU: sp.Rational(7, 5), s1: sp.Rational(-1, 3), gap: sp.Rational(4, 3), b: sp.Rational(-5, 4)}
    second = b / tau**3 * (s2 * phi(s2 / tau) - s1 * phi(s1 / tau))
    for found, sheet in (
        (jet.first, b / tau * (phi(s2 / tau) - phi(s1 / tau))),
        (jet.second, second),
        (2 * jet.slope, (b - 2 * b * inside) * second),
        (jet.power, b**2 * inside * (1 - inside)),
    ):
        assert abs(sp.N((found - sheet).subs(point), 30)) < 1e-25


def test_quantisation_moments_of_sheet_twenty_one():
    # two-bit quantised weights tanh(W)/T, sigma = 1/2
    maximum = sp.Rational("0.964028")
    levels, a = [sp.Rational(2 * i, 3) - 1 for i in range(4)], 3
    edges = [sp.atanh(maximum * (sp.Rational(2 * i - 1, a) - 1)) for i in range(1, 4)]
    quantised = activation("staircase", levels, edges)
    moment = expectation(quantised * quantised, sp.Rational(1, 4))
    assert moment.value().value == pytest.approx(0.224126184196, abs=1e-6)  # the sheet gives T to six digits
    assert moment.certificate.status == "certified"
    # hard clip
    sigma = sp.sqrt(TAU)
    clipped = expectation(activation("clip", -1, 1) ** 2)
    sheet = TAU * (sp.erf(1 / (sp.sqrt(2) * sigma)) - sp.sqrt(2 / sp.pi) / sigma * sp.exp(-1 / (2 * TAU)))
    sheet += sp.erfc(1 / (sp.sqrt(2) * sigma))
    assert abs(sp.N((clipped.expr - sheet).subs(TAU, sp.Rational(5, 7)), 30)) < 1e-25
    # calibrated gradient in the clipping level, two bits
    gradient = activation("pact_gradient", 2, 1)
    assert expectation(gradient, 1).value().value == pytest.approx(0.157922473144, abs=1e-12)
    assert expectation(gradient * gradient, 1).value().value == pytest.approx(0.161823157113, abs=1e-12)
    assert expectation(gradient * gradient, 1).certificate.status == "certified"
    assert expected_maximum(1000).value == pytest.approx(3.43541019081, abs=1e-11)
    assert F(1, 2) < expected_maximum(1).value < 1
