"""Means of scores: balls hold the integrals over the proximal operator, floats agree, derivatives too."""

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, UnknownName
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.bound import Bound
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.law import LebesgueLaw
from rmtsym.risk import Loss, LossMean, Score, ScoreMean, explicit, margin_loss, prox

d, M, s, x = sp.symbols("d M s x", real=True)
score = Score(Bound("loss"), d, M, s)
NAMES = ("logistic", "square", "exponential", "hinge", "absolute", "huber(1/3)", "pseudo_huber", "exp(-t) + t^2/10")
PLACES = (
    {"d": F(3, 2), "M": F(2, 3), "s": F(3, 2)},
    {"d": F(18), "M": F(7, 2), "s": F(3)},
    {"d": F(1, 99), "M": F(1, 9), "s": F(1, 9)},
)
ORDERS = ((1, 0), (2, 0), (3, 0), (1, 1), (1, 2), (2, 1), (1, 3), (3, 1))


def direct(loss, place, k, j):
    """Mean by a fine rule on z and the proximal operator."""
    z = np.linspace(-9, 9, 40_001)
    delta, mean, sigma = (float(place[n]) for n in ("d", "M", "s"))
    r = mean + sigma * z
    f = (prox(loss, delta, r) - r) / delta
    he = np.polynomial.hermite_e.hermeval(z, [0] * j + [1])
    return np.sum(f**k * he * np.exp(-z * z / 2)) * (z[1] - z[0]) / np.sqrt(2 * np.pi)


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("place", PLACES)
def test_balls_floats_and_the_definition_agree(name, place):
    loss = margin_loss(name)
    nodes = [ScoreMean(score, k, j) for k, j in ORDERS]
    balls = evaluate([*nodes, LossMean(score)], {**place, "loss": loss}, BALL(90))
    floats = evaluate([*nodes, LossMean(score)], {**{k: float(v) for k, v in place.items()}, "loss": loss})
    for (k, j), ball in zip(ORDERS, balls, strict=False):
        assert float(ball.rad()) < 1e-18
        assert float(ball.mid()) == pytest.approx(direct(loss, place, k, j), rel=1e-5, abs=1e-7)
    assert np.allclose([float(v.mid()) for v in balls], floats, rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize(("k", "j"), [(1, 0), (2, 1), (1, 2)])
def test_a_ball_holds_the_integral_written_over_x(k, j):
    """Adaptive rigorous integration of the explicit integrand, logistic loss."""
    loss = margin_loss("logistic")
    first, second = (loss.expression(i).subs(Loss.variable, x) for i in (1, 2))
    z = (x + d * first - M) / s
    density = sp.exp(-(z**2) / 2) / sp.sqrt(2 * sp.pi) * (1 + d * second) / s
    body = (-first) ** k * {0: 1, 1: z, 2: z**2 - 1}[j] * density
    place = {**PLACES[0], "loss": loss, "line": LebesgueLaw()}
    exact, ball = evaluate([Average(body, SpectralMeasure("line", x)), ScoreMean(score, k, j)], place, BALL(80))
    assert exact.overlaps(ball) and float(ball.rad()) < 1e-18


def test_a_ball_holds_the_mean_of_a_loss_whose_breakpoints_are_no_doubles():
    """Huber's loss: the slope of its score is -1/(1 + delta) between two normal quantiles and zero elsewhere."""
    k, scale = F(1, 3), sp.sqrt(2)
    high, low = ((1 + side * k * (1 + d) - M) / s for side in (1, -1))
    exact = -s * (sp.erfc(low / scale) - sp.erfc(high / scale)) / (2 * (1 + d))
    for place in PLACES:
        found, ball = evaluate([exact, ScoreMean(score, 1, 1)], {**place, "loss": margin_loss("huber(1/3)")}, BALL(160))
        assert found.overlaps(ball) and float(ball.rad()) < 1e-35


def test_a_jump_of_the_slope_that_no_double_sees_is_not_left_out():
    # E[f Z] = -P(prox at the kink) = -(Phi(-1 + q) - Phi(-1)), by parts
    q, t = sp.Rational(1, 10**20), Loss.variable
    kinked = Loss("kinked", (-t, -t + q * t), (0,))
    place = {"loss": kinked, "d": F(1), "M": F(0), "s": F(1)}
    ball = evaluate(ScoreMean(score, 1, 1), place, BALL(120))
    mass = evaluate((sp.erfc((1 - q) / sp.sqrt(2)) - sp.erfc(1 / sp.sqrt(2))) / 2, {}, BALL(300))
    assert ball.overlaps(-mass) and ball < 0
    third = sp.Rational(1, 3)
    twins = Loss("twins", (third - t, sp.Integer(0), t - third - q), (third, third + q))
    place |= {"loss": twins, "M": F(1, 3)}
    low = evaluate(ScoreMean(score, 1), place, BALL(120))  # symmetric about the middle, which lies q/2 above M
    assert low > 0 and low < 1e-19


def test_a_wide_ball_holds_the_means_of_its_points():
    from flint import arb

    wide = evaluate(
        ScoreMean(score, 2), {"d": arb(1, 0.01), "M": arb(0.5), "s": arb(1), "loss": margin_loss("hinge")}, BALL(80)
    )
    for step in (0.99, 1.0, 1.01):
        assert wide.contains(
            evaluate(ScoreMean(score, 2), {"d": step, "M": 0.5, "s": 1, "loss": margin_loss("hinge")}, BALL(80))
        )


@pytest.mark.parametrize("name", ["logistic", "absolute", "huber(1/2)"])
@pytest.mark.parametrize("by", [d, M, s])
def test_derivatives(name, by):
    env = {"d": 1.5, "M": 0.7, "s": 1.2, "loss": margin_loss(name)}
    step = 1e-5
    for node in (ScoreMean(score, 1), ScoreMean(score, 1, 1), ScoreMean(score, 2, 1)):
        up, down = (float(evaluate(node, {**env, by.name: env[by.name] + t})) for t in (step, -step))
        assert float(evaluate(node.diff(by), env)) == pytest.approx((up - down) / (2 * step), rel=1e-6, abs=1e-9)


def test_losses_as_text():
    assert margin_loss("absolute").breakpoints == (1,)
    assert float(margin_loss("huber(2)").slope(0.0)) == -1.0
    with pytest.raises(UnknownName, match="logistc"):
        margin_loss("logistc")
    with pytest.raises(DomainError, match="falls at t = 0"):
        margin_loss("exp(t)")
    with pytest.raises(DomainError, match="convex"):
        margin_loss("t^3 - t")
    with pytest.raises(DomainError, match="convex"):  # where t > 9.4
        margin_loss("exp(-t) - t^3/1000000")
    with pytest.raises(DomainError, match="not defined everywhere"):
        margin_loss("-log(t + 1)")


@pytest.mark.filterwarnings("error")
def test_a_loss_with_a_pole_is_refused_without_a_warning():
    with pytest.raises(DomainError, match="loss = t"):
        margin_loss("t^(-1)")


@pytest.mark.parametrize("name", ["square", "(t - 2)^2 + t/3"])
def test_means_of_an_affine_score_are_polynomials(name):
    loss = margin_loss(name)
    for place in PLACES:
        for node in [*(ScoreMean(score, k, j) for k, j in ORDERS), LossMean(score)]:
            found = explicit(2 * node + 1, loss)
            assert not found.atoms(ScoreMean, LossMean)
            assert evaluate(found, place, BALL(100)).overlaps(evaluate(2 * node + 1, place | {"loss": loss}, BALL(100)))


def test_other_scores_have_no_polynomial_means():
    with pytest.raises(DomainError, match="polynomial of degree two"):
        explicit(ScoreMean(score, 1), margin_loss("logistic"))
