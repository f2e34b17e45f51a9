"""One expression in floats, multiprecision, balls and a prime field."""

from __future__ import annotations

from fractions import Fraction as F

import mpmath
import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.evaluate import BALL, FLOAT, GFP, MP, evaluate
from rmtsym.field.measure import Atoms

s, t, kappa, lam = sp.symbols("s t kappa lam", positive=True)
nu, mu = SpectralMeasure("nu", s), SpectralMeasure("mu", t)
T = sp.Symbol("T", integer=True, positive=True)
Phi, y = sp.MatrixSymbol("Phi", T, T), sp.MatrixSymbol("y", T, 1)
Q = (lam * sp.Identity(T) + kappa * Phi).inv()
POINT = {"kappa": F(1, 3), "lam": F(1, 10), "nu": Atoms([F(1, 2)] * 2, s=[1, 4]),
         "mu": Atoms([F(1, 3)] * 3, t=[1, 2, 3])}  # fmt: skip


def data(n: int = 12) -> dict:
    rng = np.random.default_rng(1)
    root = rng.standard_normal((n, n)) / np.sqrt(n)
    return POINT | {"Phi": root @ root.T, "y": rng.standard_normal((n, 1))}


NESTED = lam + kappa * Average(s / (s + kappa), nu) + Average(s / (1 + s * Average(t / (1 + s * t + kappa), mu)), nu)


def exact_nested() -> F:
    k, lam_ = F(1, 3), F(1, 10)
    inner = {x: sum(F(1, 3) * F(y) / (1 + x * y + k) for y in (1, 2, 3)) for x in (1, 4)}
    return lam_ + k * sum(F(x) / (x + k) / 2 for x in (1, 4)) + sum(F(x) / (1 + x * inner[x]) / 2 for x in (1, 4))


def test_nested_averages_are_exact_in_every_number_system():
    exact = exact_nested()
    assert evaluate(NESTED, POINT) == pytest.approx(float(exact), rel=1e-15)
    ball = evaluate(NESTED, POINT, BALL(200))
    assert ball.contains(evaluate(sp.Rational(exact.numerator, exact.denominator), {}, BALL(400)))
    assert ball.rel_accuracy_bits() > 190  # rationals never pass through doubles
    with mpmath.workdps(40):
        assert abs(evaluate(NESTED, POINT, MP(40)) - mpmath.mpf(exact.numerator) / exact.denominator) < 1e-38
    p = 2**61 - 1
    assert int(evaluate(NESTED, POINT, GFP())) == exact.numerator * pow(exact.denominator, -1, p) % p


def test_averages_broadcast_over_grids():
    grid = np.linspace(0.1, 2, 6).reshape(2, 3) + 0.5j
    values = evaluate(NESTED, POINT | {"kappa": grid})
    assert values.shape == (2, 3)
    assert values[1, 2] == pytest.approx(evaluate(NESTED, POINT | {"kappa": grid[1, 2]}), rel=1e-14)


MATRIX = [
    sp.Trace(Phi * Q) / T,
    sp.Trace(Phi * Q * Phi * Q),
    (y.T * Q * Phi * Q * y)[0, 0],
    sp.Trace(Q * y * y.T),
    sp.Trace(Q**2) + sp.Trace(2 * Q * (Phi + 3 * sp.Identity(T))),
    sp.Trace(sp.HadamardProduct(Phi, Q)),
    sp.Trace((sp.eye(2) * kappa).inv()),
]


def test_traces_and_quadratic_forms():
    env = data()
    inverse = np.linalg.inv(0.1 * np.eye(12) + env["Phi"] / 3)
    product = env["Phi"] @ inverse
    expected = [
        np.trace(product) / 12,
        np.trace(product @ product),
        (env["y"].T @ inverse @ product @ env["y"]).item(),
        (env["y"].T @ inverse @ env["y"]).item(),
        np.trace(inverse @ inverse) + 2 * np.trace(inverse @ (env["Phi"] + 3 * np.eye(12))),
        np.sum(np.diag(env["Phi"]) * np.diag(inverse)),
        6.0,
    ]
    floats = evaluate(MATRIX, env)
    assert np.allclose([float(x) for x in floats], expected, rtol=1e-11)
    for ball, sharp, plain in zip(evaluate(MATRIX, env, BALL(128)), evaluate(MATRIX, env, MP(30)), floats, strict=True):
        assert float(ball.rad()) < 1e-20 * max(1, abs(float(plain)))
        assert abs(float(ball.mid()) - float(sharp)) <= 1e-13 * abs(float(plain))
        assert abs(float(ball.mid()) - float(plain)) <= 1e-11 * abs(float(plain))


def test_traces_modulo_a_prime_respect_cyclic_order():
    rng = np.random.default_rng(0)
    A, B, C = (sp.MatrixSymbol(x, 5, 5) for x in "ABC")
    env = {x: rng.integers(0, 2**60, (5, 5)).tolist() for x in "ABC"}
    turned, swapped = evaluate([sp.Trace(A * B * C) - sp.Trace(C * A * B), sp.Trace(A * B * C) - sp.Trace(A * C * B)],
                               env, GFP())  # fmt: skip
    assert int(turned) == 0 and int(swapped) != 0


def test_matrices_broadcast_over_parameters():
    env = data()
    found = evaluate(MATRIX[1], env | {"lam": np.array([0.1, 0.2, 0.3])})
    assert found.shape == (3,)
    assert found[1] == pytest.approx(float(evaluate(MATRIX[1], env | {"lam": 0.2})), rel=1e-12)


@pytest.mark.parametrize(
    "f",
    [
        *(f(kappa) for f in (sp.exp, sp.log, sp.sqrt, sp.sin, sp.cos, sp.tan, sp.asin, sp.acos, sp.atan)),
        *(f(kappa) for f in (sp.sinh, sp.cosh, sp.tanh, sp.erf, sp.erfc, sp.gamma)),
        *(kappa ** sp.Rational(1, 3), kappa**lam, sp.pi * kappa + sp.E, sp.exp(-kappa)),
        *(sp.Max(kappa, lam), sp.Min(kappa, lam), sp.Abs(lam - kappa), sp.sign(lam - kappa)),
        sp.Piecewise((kappa, kappa > lam), (lam, True)),
    ],
    ids=str,
)  # fmt: skip
def test_functions_agree_in_all_systems(f):
    plain, ball, sharp = evaluate(f, POINT), evaluate(f, POINT, BALL(120)), evaluate(f, POINT, MP(30))
    assert float(ball.rad()) < 1e-30
    assert float(sharp) == pytest.approx(float(ball.mid()), rel=1e-15)
    assert float(plain) == pytest.approx(float(ball.mid()), rel=1e-14)


def test_algebraic_numbers_are_exact_at_every_precision():
    root = Atoms([1], s=[sp.sqrt(2)])
    for bits in (64, 512):
        ball = evaluate(Average(s**2, nu), {"nu": root}, BALL(bits))
        assert ball.contains(2) and ball.rel_accuracy_bits() > bits - 10


def test_undecided_piecewise_is_the_hull():
    from flint import arb

    f = sp.Piecewise((kappa, kappa > lam), (-kappa, True))
    ball = evaluate(f, {"kappa": arb(1, 0.5), "lam": 1}, BALL(64))
    assert ball.contains(arb(1.2)) and ball.contains(arb(-0.8))


@pytest.mark.parametrize(
    ("expr", "env", "error"),
    [
        (kappa + 1, {}, UnknownName),
        (Average(s, nu), {"kappa": 1}, UnknownName),
        (Average(s, nu), {"nu": Atoms([1], r=[2])}, UnknownName),
        (sp.Trace(sp.MatrixSymbol("A", 2, 2)), {"A": np.eye(3)}, ShapeError),
        (sp.zeta(kappa), {"kappa": 2}, UnsupportedModel),
    ],
)
def test_errors_name_what_is_missing(expr, env, error):
    with pytest.raises(error):
        evaluate(expr, env, FLOAT)


def test_transcendental_functions_have_no_value_modulo_a_prime():
    with pytest.raises(UnsupportedModel, match="prime field"):
        evaluate(sp.exp(kappa), POINT, GFP())
