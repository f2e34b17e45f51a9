"""Enclosed eigenvalues of pencils against exact determinants and closed forms."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp
from flint import arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import DomainError
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.evaluate import BALL, FLOAT, MP, evaluate
from rmtsym.field.pencil import Pencil, PencilLaw

t = sp.Symbol("t", positive=True)


def toeplitz(ratio: Fraction, size: int) -> list[list[Fraction]]:
    return [[ratio ** abs(i - j) for j in range(size)] for i in range(size)]


def test_eigenvalues_of_a_toeplitz_pencil_have_the_right_trace_and_determinant() -> None:
    a, b, size = Fraction(1, 5), Fraction(2, 5), 24
    balls = Pencil(toeplitz(b, size), toeplitz(a, size)).balls()
    trace = ((size - 2) * (1 + a * a) + 2 - 2 * a * b * (size - 1)) / (1 - a * a)
    with flint_context.workprec(128):
        total, product = sum(balls, arb(0)), arb(1)
        for ball in balls:
            product *= ball
        determinant = ((1 - b * b) / (1 - a * a)) ** (size - 1)
        assert total.contains(fmpq(trace.numerator, trace.denominator)) and float(total.rad()) < 1e-20
        assert product.contains(fmpq(determinant.numerator, determinant.denominator)) and float(product.rad()) < 1e-20


def test_equal_eigenvalues_are_enclosed() -> None:
    balls = Pencil([[2, 0, 0], [0, 2, 0], [0, 0, 6]], np.diag([1, 1, 3]).tolist()).balls()
    assert all(ball.contains(2) and float(ball.rad()) < 1e-30 for ball in balls)


def test_a_law_of_several_pencils_is_the_same_number_everywhere() -> None:
    law = PencilLaw(
        [(Fraction(1, 4), 3, Pencil([[2, 1], [1, 2]], [[1, 0], [0, 1]])), (Fraction(3, 4), 1, Pencil([[5]], [[1]]))]
    )
    mean = Average(t**2, SpectralMeasure("nu", t))
    expected = Fraction(1, 4) * 9 * 5 + Fraction(3, 4) * 25
    assert abs(float(evaluate(mean, {"nu": law}, FLOAT)) - float(expected)) < 1e-12
    ball = evaluate(mean, {"nu": law}, BALL(100))
    assert ball.contains(fmpq(expected.numerator, expected.denominator)) and float(ball.rad()) < 1e-25
    assert abs(float(evaluate(mean, {"nu": law}, MP(30))) - float(expected)) < 1e-12


def test_more_bits_give_smaller_balls() -> None:
    pencil = Pencil(toeplitz(Fraction(3, 5), 12), toeplitz(Fraction(1, 5), 12))
    coarse, fine = pencil.balls(60), pencil.balls(160)
    assert all(a.overlaps(b) and float(b.rad()) < 1e-40 for a, b in zip(coarse, fine, strict=True))


def test_a_product_that_is_not_symmetric_is_refused() -> None:
    product = np.linalg.solve(
        np.array(toeplitz(Fraction(1, 5), 3), float), np.array(toeplitz(Fraction(2, 5), 3), float)
    )
    with pytest.raises(DomainError, match="symmetric"):
        Pencil(product.tolist(), np.eye(3).tolist())
    with pytest.raises(DomainError, match="positive definite"):
        Pencil([[1, 0], [0, 1]], [[1, 2], [2, 1]])
    with pytest.raises(DomainError, match="sum to 1"):
        PencilLaw([(Fraction(1, 2), 1, Pencil([[1]], [[1]]))])
