from fractions import Fraction

import numpy as np
import sympy as sp

from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.table import Table


def test_a_table_is_exact_in_balls_and_rounded_once_in_floats():
    calls = []

    def entry(i, j):
        calls.append((i, j))
        return Fraction(1, 3) ** abs(i - j)

    n = sp.Symbol("n", integer=True, positive=True)
    A, table = sp.MatrixSymbol("A", n, n), Table(3, 3, entry)
    expression = sp.Trace(A * A.I * A)
    for _ in range(2):
        assert evaluate(expression, {"A": table}) == 3
    assert len(calls) == 9  # remembered
    assert evaluate(expression, {"A": table}, BALL(200)).rad() < 1e-50
    floats = [[1, 1 / 3, 1 / 9], [1 / 3, 1, 1 / 3], [1 / 9, 1 / 3, 1]]
    assert np.array_equal(evaluate(A, {"A": table}), floats)
