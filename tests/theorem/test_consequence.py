from fractions import Fraction

import pytest
import sympy as sp
from flint import arb

from rmtsym.theorem import Status
from rmtsym.theorem.consequence import Claims, Consequence, run_consequence


def status(theorem, function):
    return run_consequence(theorem, Consequence("claim", function)).status


inverse, m2 = sp.symbols("inverse m2")
CLAIMS = {
    "identity": (lambda c: c.identity(sp.Eq(inverse * m2, 1)), lambda c: c.identity(sp.Eq(inverse, m2))),
    "vanishes": (lambda c: c.vanishes(inverse * m2 - 1), lambda c: c.vanishes(inverse * m2 - 2)),
    "limit": (
        lambda c: c.limit("inverse", lambda eps: {"v": 4 + eps}, Fraction(1, 4)),
        lambda c: c.limit("inverse", lambda eps: {"v": 4 + eps}, Fraction(26, 100)),
    ),
    "exponent": (
        lambda c: c.exponent("inverse", lambda eps: {"v": eps**2}, -2),
        lambda c: c.exponent("inverse", lambda eps: {"v": eps**2}, -1),
    ),
    "asymptotic": (
        lambda c: c.asymptotic("mean", deviation=lambda rng, n: rng.standard_normal() / n**0.5, replicates=256),
        lambda c: c.asymptotic("mean", deviation=lambda rng, n: rng.standard_normal() / n, replicates=256),
    ),
    "minimum": (lambda c: c.minimum("total", of="v", at=1), lambda c: c.minimum("total", of="v", at=Fraction(11, 10))),
    "maximum": (
        lambda c: c.holds("a maximum is not a minimum", lambda: True, wrong={"x": lambda: False}),
        lambda c: c.minimum("total", of="v", at=1, maximum=True),
    ),
    "equal": (
        lambda c: c.equal(lambda p: c.value("m2", p), lambda p: p["v"], [{"v": Fraction(3, 7)}], "m2 is v"),
        lambda c: c.equal(lambda p: c.value("m2", p), lambda p: 2 * p["v"], [{"v": Fraction(3, 7)}], "m2 is 2 v"),
    ),
}


@pytest.mark.parametrize("kind", CLAIMS)
def test_right_claims_hold_and_wrong_ones_do_not(toy, kind):
    right, wrong = CLAIMS[kind]
    assert status(toy(), right) is Status.VERIFIED
    assert status(toy(), wrong) is Status.REFUTED


def test_a_consequence_without_checks_is_inconclusive(toy):
    assert status(toy(), lambda claim: None) is Status.INCONCLUSIVE


def test_a_property_needs_a_wrong_version(toy):
    assert status(toy(), lambda c: c.holds("always", lambda: True, wrong={})) is Status.INCONCLUSIVE
    assert status(toy(), lambda c: c.holds("always", lambda: True, wrong={"x": lambda: True})) is Status.INCONCLUSIVE


def test_growth_is_strict_and_certified(toy):
    claims = Claims(toy())
    rising = [{"v": Fraction(v)} for v in ("1/2", "3/5", "2")]
    assert claims.grows("m2", rising)
    assert not claims.grows("m2", rising[::-1])
    assert not claims.grows("m2", [rising[0], rising[0]])


def test_the_least_value_is_a_place_for_a_minimum(toy):
    claims = Claims(toy())
    place = claims.least("total", of="v", between=(0.1, 5))
    assert abs(float(place) - 1) < 1e-3
    assert status(toy(), lambda c: c.minimum("total", of="v", at=place)) is Status.VERIFIED


def test_an_identity_may_hold_in_a_special_case_only(toy):
    v, w = sp.symbols("v w", positive=True)
    square = lambda eq: eq.xreplace({v: w**2})  # noqa: E731
    assert status(toy(), lambda c: c.identity(sp.Eq(m2, w**2), case=square)) is Status.VERIFIED
    assert status(toy(), lambda c: c.identity(sp.Eq(m2, w), case=square)) is Status.REFUTED
    assert status(toy(), lambda c: c.identity(sp.Eq(m2, w**2))) is Status.REFUTED


def test_balls_that_are_not_finite_agree_with_nothing(toy):
    for strange in (arb("nan"), arb(0, "inf")):
        for pair in ((strange, arb(1)), (arb(1), strange), (strange, strange)):
            found = status(toy(), lambda c, p=pair: c.equal(lambda _: p[0], lambda _: p[1], [{}], "numbers"))
            assert found is Status.INCONCLUSIVE
