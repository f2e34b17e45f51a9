"""Weights against the derivatives of their losses, isolated eigenvalues by quadrature, and whether there is one."""

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from scipy.integrate import quad
from scipy.optimize import brentq

from rmtsym.errors import NoConvergence
from rmtsym.fixedpoint import enclose
from rmtsym.theorem.statement import used
from theory.classification.hessian_gglm_spectrum.statement import hidden, theorem
from theory.classification.hessian_gglm_spectrum.weights import BOUNDS, sampled, weights

x, y = sp.symbols("x y", real=True)
s = 1 / (1 + sp.exp(-x))
LOSSES = {
    "logistic": sp.log(1 + sp.exp(-(2 * y - 1) * x)),
    "squared": (y - s) ** 2,
    "linear": (y - x) ** 2 / 2,
    "phase": (y - x**2) ** 2 / 4,
    "recovered": (y - x**2) ** 2 / 4,
}


@pytest.mark.parametrize("response", LOSSES)
def test_weights_are_second_derivatives_of_the_loss(response):
    side = {"side": "bulk"} if response in ("phase", "recovered") else {"m": "1/2"}
    point = theorem.point(response=response, omega="2", star="3", c="1/4", **side)
    _, g, a, a_star, sign, *_ = sampled(np.random.default_rng(0), 400, point)
    labels = {"phase": (3 * a_star) ** 2, "recovered": (2 * a) ** 2}.get(response, (1 + sign) / 2)
    curvature = sp.lambdify((y, x), sp.diff(LOSSES[response], x, 2), "numpy")
    assert np.allclose(g, curvature(labels, 2 * a) * np.ones(400), rtol=1e-7, atol=1e-12)
    if response not in ("phase", "recovered"):
        law = weights(response, Fraction(4), Fraction(1, 2))
        for _, (body, place, label) in law.branches:
            for at in (-1.0, 0.3):
                value = curvature(1.0 if label >= 0 else 0.0, 2 * float(place.subs("z", at)))
                assert float(body.subs("z", at)) == pytest.approx(float(value), rel=1e-12)


def test_transform_at_the_recovered_vector_by_quadrature():
    found = theorem.values(theorem.point("R"))
    z, c = 0.5 + 0.5j, 0.5
    m = complex(found["re"], found["im"])
    delta = c * m  # C = I

    def part(of):
        def integrand(a):
            return getattr(2 * a**2 / (1 + 2 * a**2 * delta), of) * np.exp(-(a**2) / 2) / np.sqrt(2 * np.pi)

        return quad(integrand, -14, 14, epsabs=1e-13, epsrel=1e-13, limit=200)[0]

    assert m == pytest.approx(1 / (complex(part("real"), part("imag")) - z), rel=1e-9)


def test_bounds_of_the_weights():
    h = sp.Symbol("h")
    body = 2 * h * (1 - h) ** 2 * (3 * h - 1)
    ends = sorted(float(body.subs(h, root)) for root in sp.roots(body.diff(h), h))
    low, high = map(float, BOUNDS["squared"])
    assert low < ends[0] < low + 5e-5 and high - 5e-5 < ends[-1] < high


@pytest.mark.parametrize(("name", "strength", "mean", "bracket"), [("L1", 3, 0, (0.5, 3)), ("L2", 1, 2.5, (-2, -0.3))])
def test_isolated_eigenvalue_of_white_data_by_quadrature(name, strength, mean, bracket):
    point = theorem.point(name)
    c = float(point["c"])

    def average(f):
        def integrand(z):
            a = mean + z
            return f(1 / (2 + 2 * np.cosh(strength * a)), a) * np.exp(-z * z / 2) / np.sqrt(2 * np.pi)

        return quad(integrand, -12, 12, epsabs=1e-13, epsrel=1e-13, limit=200)[0]

    delta = brentq(lambda d: average(lambda g, a: g * d * (1 - a**2) / (1 + g * d)) - c, *bracket, xtol=1e-13)
    place = average(lambda g, a: g / (1 + g * delta)) - c / delta
    upper = c / delta**2 - average(lambda g, a: (g / (1 + g * delta)) ** 2)
    lower = average(lambda g, a: (a * g / (1 + g * delta)) ** 2)
    found = theorem.values(point)
    assert found["eig"] == pytest.approx(place, rel=1e-9)
    assert found["align"] == pytest.approx(upper / (upper + lower), rel=1e-9)


@pytest.mark.parametrize("name", ["L1", "L2", "S"])
def test_a_point_with_an_isolated_eigenvalue_is_not_taken_for_one_without(name):
    bound = theorem.bound(theorem.point(name))
    assert theorem.regime(theorem.point(name)).name == "isolated"
    with pytest.raises(NoConvergence, match="condition"):  # the determinant is negative at the edge
        enclose(hidden(), used(hidden(), bound), digits=12)


def test_nor_is_the_converse():
    point = theorem.point("L3")
    assert theorem.regime(point).name == "hidden"
    found = enclose(hidden(), used(hidden(), theorem.bound(point)), digits=12)
    assert found["eig"].ball.overlaps(found["edge"].ball)
