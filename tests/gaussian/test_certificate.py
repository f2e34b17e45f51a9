"""Certificates and rigorous integrals: they agree with independent routes, and they can fail."""

from fractions import Fraction as F

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import acb, arb, ctx

from rmtsym.errors import DomainError
from rmtsym.field.ball import precision
from rmtsym.gaussian import (
    RHO,
    SIGMA_X,
    SIGMA_Y,
    TAU,
    Function,
    T,
    activation,
    certify,
    derivative_kernel,
    expectation,
    expectation_values,
    kernel,
    kernel_values,
)
from rmtsym.gaussian.integral import Law, integral
from rmtsym.gaussian.pieces import Piece


def plane_integral(f, g, law, digits):
    """E f(x) g(y) straight from the density in the plane: two nested ball integrals, no closed form anywhere.

    ``f`` and ``g`` are lists of (low, high, branch) in standard deviations; the plane is cut at nine of them.
    """
    with precision(int(3.4 * digits) + 40):
        sx, sy, rho = (arb(v.numerator) / v.denominator for v in (*law.deviations, law.correlation))
        rest, goal = 1 - rho * rho, arb(10) ** (-digits)

        def inner(x, low, high, branch):
            def density(y, _):
                return branch(sy * y) * (-(x * x - 2 * rho * x * y + y * y) / (2 * rest)).exp()

            return acb.integral(density, acb(low), acb(high), abs_tol=goal / 50)

        total = arb(0)
        for low, high, outer in f:
            for left, right, branch in g:

                def line(x, _, outer=outer, left=left, right=right, branch=branch):
                    return outer(sx * x) * inner(x, left, right, branch)

                total += acb.integral(line, acb(low), acb(high), abs_tol=goal / 10).real
        return total / (2 * arb.pi() * rest.sqrt())


@pytest.mark.slow
def test_kernel_against_the_plane_integral():
    relu = [(0, 9, lambda x: x)]
    sign = [(-9, 0, lambda x: acb(-1)), (0, 9, lambda x: acb(1))]
    law = Law((F(4, 5), F(3, 2)), correlation=F(3, 10))
    found = plane_integral(relu, sign, law, 10)
    closed = kernel("relu", "sign", deviations=("0.8", "1.5"), correlation="0.3").value().value
    assert abs(float(found.mid()) - closed) < 1e-10 and float(found.rad()) < 1e-10


def test_a_wrong_piece_is_caught_by_its_definition():
    """The certificate integrates the definition, so that a wrong decomposition into pieces cannot pass."""
    wrong = Function(sp.Max(T, 0), {Piece(1, step=sp.S.Zero): sp.Integer(2)}, (sp.S.Zero,), None, "wrong", (1, 1, 0))
    assert expectation(wrong).certificate.status == "refuted"
    assert kernel("erf", wrong).certificate.status == "refuted"


def test_a_tiny_error_is_seen():
    moment = kernel("gelu")
    assert certify(moment, claim=moment.expr * (1 + sp.Rational(1, 10**24))).status == "refuted"
    assert certify(moment, claim=moment.expr * (1 + sp.Rational(1, 10**40))).status == "certified"


def test_no_closed_form_gives_no_certificate():
    moment = expectation("tanh")
    assert moment.expr is None or moment.expr == 0
    assert certify(kernel("tanh")).status == "inconclusive"


def test_every_certificate_visits_the_boundary_layers():
    points = [dict(c.point) for c in kernel("relu").certificate.checks]
    correlations = {F(p["rho"]) for p in points}
    assert {F(1), F(-1), 1 - F(1, 10**8), -1 + F(1, 10**6)} <= correlations
    variances = {F(c.point["tau"]) for c in expectation(activation("relu") ** 2).certificate.checks}
    assert min(variances) <= F(1, 10**8) and max(variances) >= 10**8


@pytest.mark.parametrize("name", ["relu", "erf", "sign", "gelu", "elu"])
def test_derivative_kernels(name):
    assert derivative_kernel(name).certificate.status == "certified"


def test_enclosure_without_closed_form():
    for name, value in (("tanh", 0.3942944903978512), ("sigmoid", None), ("softplus", None), ("silu", None)):
        f = activation(name)
        ball = integral((f * f,), Law((F(1),)), 25)
        assert ball.rad() < 1e-25
        reference = mpmath.quad(lambda z, f=f: complex(f(float(z))).real ** 2 * mpmath.npdf(z), [-12, 0, 12])
        assert abs(float(ball.mid()) - float(reference)) < 1e-9
        if value:
            assert abs(float(ball.mid()) - value) < 1e-14


def test_pairs_without_closed_form_by_two_routes():
    """tanh with tanh: the bounded trapezoidal sum meets the ball integral with a conditional one at 25 digits."""
    tanh = activation("tanh")
    law = Law((F(4, 5), F(3, 2)), correlation=F(3, 10))
    strip = integral((tanh, tanh), law, 15)
    fast, error = kernel_values(tanh, tanh, (0.8, 1.5), 0.3)
    assert strip.rad() < 1e-14 and abs(float(strip.mid()) - float(fast)) < error
    # E tanh(x) y = rho sx sy E tanh'(x): a mixed pair, by the outer integral alone
    mixed = kernel("tanh", "linear", deviations=("0.8", "1.5"), correlation="0.3").value(digits=25)
    slope = integral((Function(1 - sp.tanh(T) ** 2, None, (), "even", "slope", (1, 0, 0)),), Law((F(4, 5),)), 25)
    assert (mixed.ball - slope * arb(36) / 100).contains(0)


def test_fast_values_state_their_error():
    tanh = activation("tanh")
    rho = np.array([-1.0, -0.999999, 0.0, 0.5, 1.0])
    values, error = kernel_values(tanh, tanh, (1.0, 1.0), rho)
    assert error < 1e-11
    exact = [float(integral((tanh, tanh), Law((F(1), F(1)), correlation=F(str(r))), 13).mid()) for r in rho]
    assert np.all(np.abs(values - exact) <= error)
    assert abs(values[-1] - expectation_values(tanh * tanh, 1.0)[0]) < 2 * error
    with pytest.raises(DomainError):
        kernel_values(tanh, tanh, (1.0, 1.0), 1.5)


def test_values_at_irrational_deviations_and_removable_singularities():
    moment = expectation("relu", variance=2)
    assert moment.value().value == pytest.approx(1 / np.sqrt(np.pi), rel=1e-15)
    assert moment.certificate.status == "certified"
    end = kernel(activation("clip", -1, 1), deviations=(1, 1))
    assert end.value({"rho": 1}).value == pytest.approx(expectation(activation("clip", -1, 1) ** 2, 1).value().value)
    with pytest.raises(DomainError, match="rho"):
        end.value()


def test_symbols_and_plain_data():
    moment = kernel("erf")
    assert moment.symbols == (RHO, SIGMA_X, SIGMA_Y) and TAU not in moment.symbols
    data = moment.to_dict({"rho": "1/2", "sigma_x": 1, "sigma_y": 2}, 20)
    assert data["certificate"]["status"] == "certified" and data["value"]["digits"] >= 20
    assert data["latex"].startswith(r"\mathbb{E}") and "asin" in data["closed_form"]


@pytest.mark.parametrize("scale", [10**3, 10**12])
def test_tails_of_a_steep_derivative_are_bounded(scale):
    steep = activation("exp", 1, scale).derivative()  # scale exp(scale t) at deviation 1/scale
    ball = integral((steep,), Law((sp.Rational(1, scale),)), 20)
    with ctx.workprec(300):
        assert ball.overlaps(scale * (arb(1) / 2).exp()) and ball.rel_accuracy_bits() > 60


def test_a_function_that_grows_like_a_gaussian_has_no_certificate():
    moment = expectation(activation("gauss", 1, "-1/10"), 1)
    assert moment.expr == sp.sqrt(5) / 2 and moment.certificate.status == "inconclusive"
