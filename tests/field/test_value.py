"""Values and their balls survive a trip to another process."""

import pickle
from fractions import Fraction

import pytest
from flint import acb, arb, ctx

from rmtsym.errors import DomainError, UnknownName
from rmtsym.field.value import Value


def there_and_back(thing):
    return pickle.loads(pickle.dumps(thing))


@pytest.mark.parametrize("make", [lambda: arb(2).sqrt(), lambda: acb(1, 2).sqrt(), lambda: arb(0), lambda: -arb(3) / 7])
def test_a_ball_keeps_its_midpoint_and_its_size(make):
    with ctx.workprec(200):
        value = Value.from_ball(make())
    again = there_and_back(value)
    assert again == value
    assert type(again.ball) is type(value.ball)
    for part in ("real", "imag"):
        old, new = (getattr(v.ball, part) for v in (value, again))
        assert new.mid() == old.mid()
        assert old.rad() <= new.rad() <= old.rad() * (1 + 1e-8)  # rounded up


def test_a_value_without_ball_or_with_one_of_no_use():
    assert there_and_back(Value(1.5)).ball is None
    assert there_and_back(Value(1.5, ball=arb("nan"))).ball.is_nan()


def test_a_ball_that_no_double_holds_is_not_exact():
    value = Value.from_ball((-(arb(10) ** 5)).exp())
    assert value.status == "enclosed" and value.radius > 0
    assert Value.from_ball(arb(3)).status == "exact"


def test_a_ball_that_is_not_finite_encloses_nothing():
    for ball in (arb("nan"), arb(0, "inf"), acb(1, arb("nan"))):
        value = Value.from_ball(ball)
        assert value.status == "residual" and value.digits == 0


def test_the_radius_of_a_complex_ball_is_rounded_up():
    value = Value.from_ball(acb(arb(1, 3.0), arb(1, 1.0)))
    assert Fraction(value.radius) ** 2 >= 10


@pytest.mark.parametrize("error", [DomainError("lam", -1, "lam >= 0", "take another"), UnknownName("law", "x", ["y"])])
def test_errors_arrive_with_their_text(error):
    again = there_and_back(error)
    assert type(again) is type(error)
    assert str(again) == str(error)
