"""Divergences against finite differences; integration by parts as a proof step."""

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import ShapeError, UnsupportedModel
from rmtsym.field.evaluate import evaluate
from rmtsym.gaussian.parts import divergence, pairing
from rmtsym.theorem import parts

m, d = sp.symbols("m d", integer=True, positive=True)
X, Y = sp.MatrixSymbol("X", m, d), sp.MatrixSymbol("Y", m, d)
B = sp.MatrixSymbol("B", d, d)
R = sp.Inverse(X.T * X + B)

FIELDS = [
    X * R * B.T * R.T,
    Y * X.T * X * R**2,
    (X + Y) * (X.T * Y + B) ** -1,
    2 * sp.Trace(R * B) ** 2 * X * B - Y / sp.Trace(X * X.T),
]


def number(expr, X_, env):
    return np.asarray(evaluate(expr, {**env, "X": X_}), dtype=float)


@pytest.mark.parametrize("field", FIELDS, ids=str)
def test_divergence_is_the_sum_of_partial_derivatives(field):
    rng = np.random.default_rng(0)
    rows, cols, h = 4, 3, 1e-5
    env = {"Y": rng.standard_normal((rows, cols)), "B": rng.standard_normal((cols, cols)), "m": rows, "d": cols}
    at = rng.standard_normal((rows, cols))
    total = 0.0
    for i in range(rows):
        for j in range(cols):
            step = np.zeros((rows, cols))
            step[i, j] = h
            total += (number(field, at + step, env) - number(field, at - step, env))[i, j] / (2 * h)
    assert float(number(divergence(field, X), at, env)) == pytest.approx(total, rel=1e-6)
    assert float(number(pairing(field, X), at, env)) == pytest.approx(np.sum(at * number(field, at, env)))


def test_what_has_no_divergence_is_refused():
    with pytest.raises(ShapeError, match="field over X"):
        divergence(X.T * X, X)
    with pytest.raises(UnsupportedModel, match="HadamardProduct"):
        divergence(sp.HadamardProduct(X, X), X)


def test_a_product_of_means_is_not_a_mean_of_products():
    one, two = sp.symbols("one two")
    means = {one: sp.Trace(X * X.T), two: sp.Trace(X * X.T) ** 2}
    field = sp.Trace(X * X.T) * X
    right = sp.Eq(m * d * one + 2 * one, two, evaluate=False)
    wrong = sp.Eq(m * d * one + 2 * one, one**2, evaluate=False)
    assert parts.check(right, field, X, means).passed
    assert "not linear" in parts.check(wrong, field, X, means).message


def test_relations_between_means_do_not_hold_before_the_mean():
    u = sp.Symbol("u")
    claim = sp.Eq(m * d, u, evaluate=False)
    assert parts.check(claim, X, X, {u: sp.Trace(X.T * X)}).passed
    false = sp.Eq(u, m * d, evaluate=False)
    assert not parts.check(false, X, X, {u: sp.Trace(X.T * X)}, [claim]).passed
