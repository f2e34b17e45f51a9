"""Proximal operators: every bundled loss crossed with steps from tiny to huge."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from rmtsym.errors import DomainError, UnknownName
from rmtsym.risk import LOSSES, Loss, Prox, loss, prox

STEPS = [1e-8, 1e-3, 1.0, 10.0, 1e3, 1e6]
GRID = np.linspace(-60, 60, 1201)


@pytest.mark.parametrize("name", sorted(LOSSES))
@pytest.mark.parametrize("delta", STEPS)
def test_optimality(name, delta):
    """r - x lies in delta times the subdifferential, to a few units in the last place of its terms."""
    L = loss(name)
    x = prox(L, delta, GRID)
    left, right = L.slope(x - 1e-13), L.slope(x + 1e-13)
    force = GRID - x
    scale = 1 + np.abs(GRID) + delta * np.maximum(np.abs(left), np.abs(right))
    slack = 1e-12 * scale * (1 + delta * L.second(x) / scale)
    assert np.all(force >= delta * left - slack)
    assert np.all(force <= delta * right + slack)


@pytest.mark.parametrize("name", sorted(LOSSES))
@given(
    delta=st.floats(1e-6, 1e6),
    r=st.floats(-1e3, 1e3),
    shift=st.floats(0, 10),
)
@settings(max_examples=40, deadline=None)
def test_firmly_nonexpansive(name, delta, r, shift):
    L = loss(name)
    a, b = prox(L, delta, np.array([r, r + shift]))
    tolerance = 1e-12 * (1 + abs(r) + abs(shift) + abs(a))  # rounding of the two roots
    assert -tolerance <= b - a <= shift + tolerance


def test_logistic_near_separability_does_not_cycle():
    """Plain Newton jumps between the ends of [r, r + delta] here."""
    x = prox(loss("logistic"), 18.0, np.array([-30.0, -2.0, 0.0, 3.0]))
    assert np.all(np.isfinite(x)) and np.all(np.diff(x) > 0)


def test_user_given_loss_without_closed_form():
    t = Loss.variable
    quartic = Loss("quartic", (t**4 / 4,))
    x = prox(quartic, 2.0, np.array([-1e3, -1.0, 0.0, 3.0]))
    assert np.allclose(x + 2 * x**3, [-1e3, -1.0, 0.0, 3.0], rtol=1e-12)


def test_derivatives_of_the_symbol():
    d, r = sp.symbols("d r", positive=True)
    node = Prox(loss("square"), d, r)
    closed = (r + d) / (1 + d)
    for symbol in (d, r):
        by_rule = node.diff(symbol).subs(node, closed)
        assert sp.cancel(by_rule - closed.diff(symbol)) == 0


@pytest.mark.parametrize(
    "pieces, breakpoints",
    [((-(Loss.variable**2),), ()), ((Loss.variable, -Loss.variable), (0,)), ((sp.S(0), sp.S(1)), (0,))],
)
def test_not_a_convex_loss(pieces, breakpoints):
    with pytest.raises(DomainError, match=r"convex|continuous"):
        Loss("bad", pieces, breakpoints)


def test_bad_input_names_the_argument():
    with pytest.raises(DomainError, match="delta = -1"):
        prox(loss("square"), -1.0, 0.0)
    with pytest.raises(UnknownName, match="did you mean logistic"):
        loss("logistc")
    with pytest.raises(DomainError, match="k = 0"):
        loss("huber", 0)
