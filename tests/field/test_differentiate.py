"""Derivatives through averages, traces and inverses, against differences at high precision."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.differentiate import differentiate
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.measure import Atoms

s, d, lam = sp.symbols("s d lam", positive=True)
T = sp.Symbol("T", integer=True, positive=True)
P, y = sp.MatrixSymbol("P", T, T), sp.MatrixSymbol("y", T, 1)
Q = (lam * sp.Identity(T) + P * 2 / (1 + d)).inv()
nu = SpectralMeasure("nu", s)


@pytest.mark.parametrize("symbol", [d, lam], ids=str)
@pytest.mark.parametrize(
    "expr",
    [
        sp.Trace(P * Q) / T,
        d**2 * sp.Trace(P * Q * P * Q),
        sp.log((y.T * Q * P * Q * y)[0, 0]),
        sp.exp(sp.Trace(Q / d * Q) / T),
        sp.Trace(P * Q**2) / sp.Trace(Q * y * y.T),
        sp.Trace(sp.HadamardProduct(P, Q)),
        sp.sqrt(lam + Average(s / (s + d + sp.Trace(P * Q)), nu)),
        sp.Trace((sp.Matrix([[d, lam], [lam, 3 + d]])).inv() * sp.Matrix([[d, 1], [1, 1]])),
    ],
)
def test_against_central_differences(expr, symbol):
    rng = np.random.default_rng(0)
    root = rng.standard_normal((5, 5)) / 2
    point = {"P": root @ root.T, "y": rng.standard_normal((5, 1)), "d": F(7, 10), "lam": F(3, 10),
             "nu": Atoms([F(1, 2)] * 2, s=[1, 4])}  # fmt: skip
    step = F(1, 10**15)

    def at(shift: F):
        return evaluate(expr, point | {symbol.name: point[symbol.name] + shift}, BALL(300))

    slope = evaluate(differentiate(expr, symbol), point, BALL(300))
    with BALL(300) as balls:
        difference = (at(step) - at(-step)) / balls.number(2 * step)
        # the error of the difference is of order step^2, 1e-30
        assert abs(float((slope - difference).mid())) < 1e-24 * max(1, abs(float(slope.mid())))


def test_constants_and_unknown_rules():
    assert differentiate(sp.Trace(P), d) == 0
    with pytest.raises(UnsupportedModel):
        differentiate(sp.Trace(sp.MatPow(Q, sp.Symbol("k"))), d)
