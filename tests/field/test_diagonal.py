"""Diagonal matrices kept as vectors agree with the dense matrices that they stand for, in every number system."""

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import ShapeError
from rmtsym.field.diagonal import Diagonal, DiagonalPart
from rmtsym.field.evaluate import BALL, FLOAT, evaluate
from rmtsym.field.finite import is_zero

n, d = sp.symbols("n d", integer=True, positive=True)
A = sp.MatrixSymbol("A", n, d)
D, E = sp.MatrixSymbol("D", n, n), sp.MatrixSymbol("E", n, n)
Q = sp.Inverse(A.T * D * A)

EXPRESSIONS = [
    sp.Trace(Q * A.T * D * E * A),
    sp.Trace(DiagonalPart(A * Q * A.T) * E),
    sp.Trace(sp.Inverse(sp.Inverse(D) + 3 * DiagonalPart(2 * A * Q * A.T) * E)),
    sp.Trace(DiagonalPart(D * A * A.T) * E.T),
    sp.Trace(DiagonalPart(D) * E) + sp.Trace(D),
    (A.T * sp.Inverse(D) * A)[0, 1],
]


@pytest.fixture
def point():
    rng = np.random.default_rng(1)
    rows = {"A": rng.standard_normal((7, 3)), "D": rng.uniform(1, 2, 7), "E": rng.uniform(1, 2, 7)}
    return rows


@pytest.mark.parametrize("expr", EXPRESSIONS, ids=str)
def test_vectors_and_dense_matrices_give_the_same(expr, point):
    dense = {"A": point["A"], "D": np.diag(point["D"]), "E": np.diag(point["E"])}
    sparse = {"A": point["A"], "D": Diagonal(point["D"]), "E": Diagonal(point["E"])}
    expected = evaluate(expr, dense, FLOAT)
    assert abs(evaluate(expr, sparse, FLOAT) - expected) < 1e-12 * abs(expected)
    for env in (dense, sparse):
        assert abs(float(evaluate(expr, env, BALL(100)).mid()) - expected) < 1e-12 * abs(expected)


def test_sizes_must_fit():
    with pytest.raises(ShapeError, match="2 times a matrix with 3 rows"):
        Diagonal([1.0, 2.0]) @ np.ones((3, 2))
    with pytest.raises(ShapeError, match="3 columns times a diagonal matrix of size 2"):
        np.ones((2, 3)) @ Diagonal([1.0, 2.0])


def test_zero_tests_know_the_diagonal_part():
    part = DiagonalPart(A * A.T)
    assert is_zero(DiagonalPart(part) - part)
    assert is_zero(sp.Trace(part) - sp.Trace(A.T * A))
    assert not is_zero(part - A * A.T)
