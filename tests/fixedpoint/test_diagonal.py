"""Fixed points in diagonal matrices: against a scalar solution, another algorithm, and maps without a root."""

import numpy as np
import pytest
import sympy as sp
from sympy import Eq, Inverse, Trace

from rmtsym.errors import NoConvergence, UnsupportedModel
from rmtsym.field.diagonal import Diagonal, DiagonalPart
from rmtsym.fixedpoint import FixedPointSystem, Unknown, enclose, solve

n, d = sp.symbols("n d", integer=True, positive=True)
m = sp.Symbol("m", positive=True)
A = sp.MatrixSymbol("A", n, d)
D, E, W = (sp.MatrixSymbol(x, n, n) for x in "DEW")
Q = Inverse(A.T * D * A)
FIRST = Eq(D, Inverse(Inverse(W) + DiagonalPart(A * Q * A.T) / m), evaluate=False)
SECOND = Eq(E, D * DiagonalPart(A * Q * (A.T * A + A.T * E * A) * Q * A.T) * D / m, evaluate=False)
UNKNOWNS = (Unknown(D, "diagonal", upper=W), Unknown(E, "diagonal"))
SYSTEM = FixedPointSystem(
    UNKNOWNS, (FIRST, SECOND), {"t": Trace(D), "s": Trace(A.T * E * A * Q), "double": 2 * sp.Symbol("t")}
)


@pytest.fixture
def point():
    rows = np.random.default_rng(3).standard_normal((40, 4))
    return {"A": rows, "W": Diagonal(np.ones(40)), "m": 1, "n": 40, "d": 4}


def test_the_root_solves_the_equations_written_out(point):
    found, rows = solve(SYSTEM, point), point["A"]
    weight, response = found["D"].entries, found["E"].entries
    K = rows @ np.linalg.inv(rows.T @ (weight[:, None] * rows)) @ rows.T
    assert np.allclose(weight, 1 / (1 + np.diag(K)), rtol=1e-13)
    start = np.diag(K @ K)  # the second equation is linear: E = D^2 (K o K)(1 + E)
    expected = np.linalg.solve(np.eye(40) - weight[:, None] ** 2 * K**2, weight**2 * start)
    assert np.allclose(response, expected, rtol=1e-11)


def test_equal_rows_of_an_orthogonal_design_have_a_closed_form():
    rows = np.kron(np.eye(2), np.ones((5, 1)))  # leverage 1/5: D = 1/(1 + 1/(5 m D))
    point = {"A": rows, "W": Diagonal(np.ones(10)), "m": 1, "n": 10, "d": 2}
    found = enclose(SYSTEM, point, digits=30)
    assert found["t"].ball.contains(8) and found["t"].radius < 1e-30
    assert found["double"].ball.contains(16)


def test_balls_hold_the_floats_and_are_sharp(point):
    found, rough = enclose(SYSTEM, point, digits=20), solve(SYSTEM, point)
    for name in ("t", "s"):
        assert found[name].radius < 1e-19 and abs(float(found[name]) - rough[name]) < 1e-11


@pytest.mark.parametrize("ridge", [1e-6, 1e-12])
def test_a_root_many_decades_below_its_start(point, ridge):
    inner = Inverse(A.T * D * A + sp.Float(ridge) * sp.Identity(d))
    equation = Eq(D, Inverse(Inverse(W) + DiagonalPart(A * inner * A.T) / m), evaluate=False)
    system = FixedPointSystem(UNKNOWNS[:1], (equation,), {"t": Trace(D)})
    rows, share = point["A"], 1 / 20  # with fewer draws than dimensions the weights are of the order of the ridge
    weight = np.ones(40)
    for _ in range(300):  # falls by a factor at every step until it is there
        forms = np.einsum("ij,ji->i", rows, np.linalg.solve(rows.T * weight @ rows + ridge * np.eye(4), rows.T))
        weight = 1 / (1 + forms / share)
    found = solve(system, {**point, "m": share})
    assert np.allclose(found["D"].entries, weight, rtol=1e-10, atol=0) and weight.max() < ridge
    ball = enclose(system, {**point, "m": share}, digits=12)["t"]
    assert ball.radius < 1e-12 * float(ball) and abs(float(found["t"]) / float(ball) - 1) < 1e-11


def test_no_root_is_an_error(point):
    poor = {**point, "m": "1/20"}  # fewer draws than dimensions: the weights fall to zero
    with pytest.raises(NoConvergence, match="diagonal unknowns"):
        solve(SYSTEM, {**poor, "m": 0.05})
    assert str(solve(SYSTEM, {**poor, "m": 0.05}, throw=False).status) in ("unsolved", "domain")


def test_a_root_that_repels_has_no_bracket(point):
    square = FixedPointSystem(UNKNOWNS[:1], (Eq(D, D * Inverse(W) * D, evaluate=False),), {"t": Trace(D)})
    assert solve(square, point)["t"] == 40
    with pytest.raises(NoConvergence, match="may not be increasing"):
        enclose(square, point)


def test_equations_come_in_the_order_of_their_solution(point):
    turned = FixedPointSystem(UNKNOWNS[::-1], (SECOND, FIRST), {})
    with pytest.raises(UnsupportedModel, match="the equation of E contains D"):
        solve(turned, point)
