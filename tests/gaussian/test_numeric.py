"""Vectorised doubles: 13 digits everywhere, multiprecision twins agree."""

from fractions import Fraction

import mpmath
import numpy as np
import pytest
import sympy as sp
from flint import acb, arb, ctx

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.evaluate import BALL
from rmtsym.gaussian import (
    AA,
    AB,
    BB,
    RHO,
    SIGMA_X,
    SIGMA_Y,
    TAU,
    BivariateNormal,
    activation,
    expectation,
    feature_coefficients,
    kernel,
    kernel_expression,
)
from rmtsym.gaussian.angle import angle_series
from rmtsym.gaussian.gram import Gram
from rmtsym.gaussian.numeric import ClosedFunction, ball_value
from rmtsym.gaussian.special import bivariate_normal

HARD = np.concatenate(
    [[-1.0, -1 + 2.0**-52, -1 + 1e-12, -1 + 1e-6, -0.999, -0.3, 0.0, 1e-9, 0.7, 1 - 1e-6, 1 - 1e-13, 1.0]]
)


def against_balls(function, symbols, points, relative=1e-13):
    values, bounds = function.with_error(*points.T)
    for point, value, bound in zip(points, values, bounds, strict=True):
        try:
            exact = ball_value(function.expression, symbols, [arb(float(x)) for x in point], 20)
        except NoConvergence:  # singular there: the function must say that it does not know
            assert np.isnan(value) and np.isinf(bound), point
            continue
        error = abs(arb(float(value)) - exact)
        scale = abs(exact).upper()
        if exact.contains(0) or scale < 1e-300:
            assert abs(value) < 1e-290
            continue
        assert error <= relative * scale, (point, value, exact)
        assert error <= bound + 1e-16 * scale


@pytest.mark.parametrize("name", ["relu", "abs", "sign", "step", "erf", "cos", "sin", "gauss", "gelu", "rbf", "gabor"])
def test_thirteen_digits_at_hard_points(name):
    function = kernel(name).function(SIGMA_X, SIGMA_Y, RHO)
    points = [(s, t, r) for s in (1e-8, 0.8, 5.0) for t in (1e-5, 1.5) for r in HARD]
    against_balls(function, (SIGMA_X, SIGMA_Y, RHO), np.array(points))


@pytest.mark.parametrize("order", [1, 2, 3, 4])
def test_arc_cosine_series(order):
    moment = kernel(activation("rectified_monomial", order))
    assert angle_series(moment.expr).order == 2 * order + 1  # vanishes like (pi - theta)^(2n+1)
    function = moment.function(SIGMA_X, SIGMA_Y, RHO)
    correlations = -1 + np.geomspace(1e-15, 1.9, 60)
    points = np.column_stack([np.full(60, 0.7), np.full(60, 1.9), correlations])
    against_balls(function, (SIGMA_X, SIGMA_Y, RHO), points)
    assert function.recomputed == 0


def test_kernel_of_data_is_fast_and_right_on_the_diagonal():
    rng = np.random.default_rng(3)
    data = rng.normal(size=(30, 200))
    data = np.column_stack([data, -data[:, :3], data[:, :3] * (1 + 1e-9)])
    gram, norms = data.T @ data, np.sum(data * data, axis=0)
    np.fill_diagonal(gram, norms)
    function = ClosedFunction(kernel_expression("relu"), (AA, AB, BB))
    values = function(norms[:, None], gram, norms[None, :])
    assert np.all(np.isfinite(values)) and np.allclose(np.diag(values), norms / 2, rtol=1e-13)
    assert function.recomputed < 40
    # opposite and parallel columns, whose inner products round to either side of the boundary
    for i in range(3):
        assert abs(values[i, 200 + i]) <= 1e-20 * norms[i]  # true value 0; rounding leaves an angle of 1e-8, cubed
        assert values[i, 203 + i] == pytest.approx(norms[i] * (1 + 1e-9) / 2, rel=1e-11)


def test_inner_products_that_round_outside_are_clipped_and_no_others():
    function = ClosedFunction(kernel_expression("relu"), (AA, AB, BB))
    up = np.nextafter(1.0, 2.0)
    assert function(1.0, up, 1.0) == pytest.approx(0.5, rel=1e-13) and function(1.0, -up, 1.0) == 0
    with pytest.raises(DomainError, match="ab"):
        function(1.0, 1.1, 1.0)
    value, bound = kernel("relu").function(SIGMA_X, SIGMA_Y, RHO).with_error(1.0, 1.0, 1.5)
    assert np.isnan(value) and np.isinf(bound)


def test_tiny_variances_of_centred_coefficients():
    for name in ("cos", "sin", "erf", "gauss"):
        d0 = feature_coefficients(name).d0
        function = ClosedFunction(d0, (TAU,))
        against_balls(function, (TAU,), np.geomspace(1e-10, 1e4, 15)[:, None])


def test_thresholds_in_the_tail():
    s = sp.Symbol("s", positive=True)
    moment = expectation(activation("clip", -s, s) ** 2)
    points = np.array([(a, t) for a in (0.01, 1.0, 8.0) for t in (1e-3, 1.0, 1e3)])
    against_balls(ClosedFunction(moment.expr, (s, TAU)), (s, TAU), points)


@pytest.mark.parametrize("name", ["relu", "erf", "gelu", "cos"])
def test_multiprecision_twin(name):
    moment = kernel(name)
    point = {"rho": "-0.9", "sigma_x": "0.8", "sigma_y": "1.5"}
    twin = moment.mpmath(*(sp.Rational(point[str(s)]) for s in moment.symbols), dps=40)
    value = moment.value(point, 35)
    assert abs(twin - mpmath.mpf(value.ball.str(38, radius=False))) < mpmath.mpf(10) ** -14
    with mpmath.workdps(40):
        assert abs(twin - mpmath.mpf(value.ball.str(38, radius=False))) < mpmath.mpf(10) ** -33


def test_bivariate_normal_three_ways():
    from scipy.stats import multivariate_normal

    from rmtsym.field.evaluate import FLOAT, MP
    from rmtsym.gaussian.tape import tape

    h, k = sp.symbols("h k", real=True)
    program = tape(BivariateNormal(h, k, RHO), (h, k, RHO))
    expression = BivariateNormal(h, k, RHO)
    for a, b, r in [(0.5, -0.3, 0.4), (0.0, 1.0, -0.7), (-2.0, -1.5, 0.99), (1.0, 0.0, 0.2), (-1.0, 2.0, -0.999)]:
        ball = ball_value(expression, (h, k, RHO), [a, b, r], 20)
        assert abs(float(program.run(FLOAT, [a, b, r])) - float(ball.mid())) < 4e-16
        with MP(20) as system:
            assert abs(float(program.run(system, [a, b, r])) - float(ball.mid())) < 1e-14
        reference = multivariate_normal(cov=[[1, r], [r, 1]]).cdf([a, b])
        assert abs(reference - float(ball.mid())) < 1e-8
    assert BivariateNormal(0, 0, sp.Rational(1, 2)) == sp.Rational(1, 3)
    assert sp.diff(BivariateNormal(h, k, RHO), RHO).subs({h: 0, k: 0}) == 1 / (2 * sp.pi * sp.sqrt(1 - RHO**2))


def test_a_singular_point_is_not_reported_as_zero():
    """At correlation 1 the clip kernel's formula divides by zero; its limit is E clip^2, certainly not 0 +- 0."""
    moment = kernel(activation("clip", -1, 1))
    value, bound = moment.function(SIGMA_X, SIGMA_Y, RHO).with_error(1.0, 1.0, 1.0)
    assert np.isnan(value) and np.isinf(bound)
    enclosed = moment.value({"sigma_x": 1, "sigma_y": 1, "rho": 1})
    assert enclosed.value == pytest.approx(expectation(activation("clip", -1, 1) ** 2, 1).value().value, rel=1e-14)


def test_kernels_of_long_columns():
    """cos(w'x)cos(w'y) of columns of squared length near 1500: exp(-|x - y|^2/2)/2, the other half is nothing."""
    data = np.linspace(-0.5, 0.5, 12).reshape(3, 4) + 22.0
    distances = np.sum((data[:, :, None] - data[:, None, :]) ** 2, axis=0)
    for name in ("cos", "sin"):
        assert np.allclose(Gram(kernel_expression(name), data).floats(), np.exp(-distances / 2) / 2, rtol=1e-11)


def test_parallel_columns_are_refused_in_balls():
    with BALL(100) as system, pytest.raises(DomainError, match="columns 0 and 2 = parallel"):
        Gram(kernel_expression("abs"), np.array([[0.3, -0.2, 0.9], [0.1, 0.4, 0.3]])).in_system(system)


def test_bivariate_normal_near_correlation_one_is_enclosed():
    # P(X <= h, Y <= -h) at correlation -(1 - q) is 2 T(h, sqrt(q/(2 - q))), Owen's T
    h, k, rho = sp.symbols("h k rho", real=True)
    for power in (10, 30, 60):
        with mpmath.workdps(60):
            q = mpmath.mpf(10) ** -power
            end = mpmath.sqrt(q / (2 - q))
            density = lambda x: mpmath.exp(-(1 + x * x) / 8) / (1 + x * x)  # noqa: E731
            exact = mpmath.nstr(mpmath.quad(density, [0, end]) / mpmath.pi, 40)
        point = [Fraction(1, 2), Fraction(-1, 2), Fraction(1, 10**power) - 1]
        ball = ball_value(BivariateNormal(h, k, rho), (h, k, rho), point, 20)
        with ctx.workprec(200):
            assert ball.overlaps(arb(exact) * arb(1, 1e-38)) and ball.rel_accuracy_bits() > 66


def test_bivariate_normal_on_wide_balls():
    with ctx.workprec(64):
        half, third = arb(1) / 2, arb(1) / 3
        for centre, radius in ((1, 1e-25), (1, 0.1), (-1, 1e-6), (0, 0.01)):
            wide = bivariate_normal(BALL(64), half, third, arb(centre, radius))
            for inside in (centre * (1 - radius), centre * (1 - radius / 2) if centre else radius / 2, centre):
                assert wide.overlaps(bivariate_normal(BALL(64), half, third, arb(inside)))
        disc = bivariate_normal(BALL(64), acb(arb(0.5, 0.1), arb(0, 0.1)), acb(third), half)  # entire in h and k
        up, down = (bivariate_normal(BALL(64), acb(0.55, y), acb(third), half) for y in (0.05, -0.05))
        assert disc.contains(up) and up.imag > 0 and up.overlaps(down.conjugate())
