"""Planar moments: published sequences, independent formulas, curves, series, and the term of order 1/N."""

from __future__ import annotations

import math
from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.average import SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.matrix import (
    Deterministic,
    Free,
    Gaussian,
    Haar,
    Identity,
    Space,
    Wigner,
    curve_agrees,
    finite_size_moments,
    finite_size_series,
    inverse,
    planar_moments,
    planar_series,
)

s, c, phi, lam = sp.symbols("s c phi lam", positive=True)
m, z = sp.symbols("m z")
n, p = Space("n"), Space("p", c)
X, H1, H2 = Gaussian("X", p, n), Wigner("H1", n), Wigner("H2", n)
HALF = Fraction(1, 2)
SIGNS = {"a": Atoms([HALF, HALF], s=[-1, 1]), "n": Atoms([HALF, HALF], s=[-1, 1])}
F, G = (Free(name, n, SpectralMeasure("a", s)) for name in "FG")


def fractions(text: str) -> tuple[Fraction, ...]:
    return tuple(Fraction(x) for x in text.split(","))


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        (X @ X.T, "1,1,3/2,11/4,45/8,197/16,903/32"),
        (H1 @ H2 + H2 @ H1, "1,0,2,0,10,0,66"),
        (sp.I * (H1 @ H2 - H2 @ H1), "1,0,2,0,10,0,66"),  # the commutator has the law of the anticommutator
        (H1 @ H2 @ H1, "1,0,1,0,4,0,22"),
        (H1 + H2, "1,0,2,0,8,0,40"),
        (F + G, "1,0,2,0,6,0,20,0,70"),  # arcsine law
        (Haar("U", n) + Haar("U", n).T, "1,0,2,0,6,0,20,0,70"),
    ],
)
def test_known_sequences(expression, expected) -> None:
    values = fractions(expected)
    assert planar_moments(expression, len(values) - 1, {"c": HALF, **SIGNS}) == values


def test_narayana_polynomials() -> None:
    moments = planar_moments(X @ X.T, 5)
    for k in range(1, 6):
        narayana = sum(sp.binomial(k, j) * sp.binomial(k, j - 1) * c ** (j - 1) for j in range(1, k + 1)) / k
        assert sp.expand(moments[k] - narayana) == 0


def test_population_spectrum() -> None:
    d = Space("d", HALF, (s,))
    Y = Gaussian("Z", n, d) @ Deterministic(s, d)
    law = {"d": Atoms([HALF, HALF], s=[1, 2])}
    expected = fractions("1,5/2,93/8,2185/32,57321/128,1606525/512,47092197/2048")
    assert planar_moments(Y.T @ Y, 6, law) == expected


def test_haar_conjugation_is_free() -> None:
    space = Space("n", 1, (s,))
    U, D = Haar("U", space), Deterministic(s, space)
    assert planar_moments(U @ D @ U.T + D, 6, SIGNS) == fractions("1,0,2,0,6,0,20")


def test_free_projection_has_the_moments_of_its_law() -> None:
    law = {"a": Atoms([Fraction(1, 3), Fraction(2, 3)], s=[1, 4])}
    assert planar_moments(F, 5, law) == tuple((1 + Fraction(2) * 4**k) / 3 for k in range(6))


@pytest.mark.parametrize("ratio", [Fraction(2), Fraction(1), HALF])
def test_information_plus_noise(ratio: Fraction) -> None:
    """First two moments of (A + Z)'(A + Z), by hand from independent entries."""
    e, d = Space("e", 1, (s,), tie="t"), Space("d", ratio, (s,), tie="t")
    Y = Deterministic(s, e, d) + Gaussian("Z", e, d)
    small = "e" if ratio >= 1 else "d"
    law = {small: Atoms([HALF, HALF], s=[HALF, 2])}
    a2, a4 = (min(Fraction(1), 1 / ratio) * sum(Fraction(v) ** k for v in (HALF, 2)) / 2 for k in (2, 4))
    first = a2 + 1  # d columns of e entries of variance 1/N
    second = a4 + 2 * a2 * (1 + ratio) + 1 + ratio
    assert planar_moments(Y.T @ Y, 2, law) == (1, first, second)
    corrections = finite_size_moments(Y.T @ Y, 2, law)
    assert corrections == (0, 0, 1 + 2 * a2)  # a term a'ZZ'a of each twisted kind


def test_words_that_do_not_commute_and_are_not_palindromic() -> None:
    """tr (ABZ'ZBA) and its square with explicit A, B, against dense algebra."""
    A, B = (Deterministic(x, n, symmetric=True) for x in "AB")
    Z = Gaussian("Z", Space("k", 2), n)
    a = np.array([[2, 1], [1, 3]], dtype=object)
    b = np.array([[1, HALF], [HALF, 0]], dtype=object)
    Y = Z @ A @ B
    sigma = b.dot(a).dot(a).dot(b)
    trace, square = np.trace(sigma), np.trace(sigma.dot(sigma))
    first = Fraction(trace) / 2 * 2  # two rows per column
    second = Fraction(square) / 2 * 4 + 2 * (Fraction(trace) / 2) ** 2
    assert planar_moments(Y.T @ Y, 2, {"A": a, "B": b}) == (1, first, second)
    probe = planar_series(inverse(Y.T @ Y + Identity(n)) @ A @ B, 1, {"A": a, "B": b})
    assert probe == (
        Fraction(np.trace(a.dot(b))) / 2,
        -2 * Fraction(np.trace(sigma.dot(a).dot(b))) / 2,
    )


def test_series_of_a_resolvent_are_moments() -> None:
    series = planar_series(inverse(X @ X.T + lam), 4)
    moments = planar_moments(X @ X.T, 4)
    for k in range(5):
        assert sp.cancel(series[k] - (-1) ** k * moments[k] / lam ** (k + 1)) == 0


def test_nested_inverse_series() -> None:
    """((H^2 + 1)^{-1} + 1)^{-1} = 1 - (H^2 + 2)^{-1}, an identity of functions of one matrix."""
    one = Identity(n)
    nested = inverse(inverse(H1 @ H1 + one) + one)
    direct = one - inverse(H1 @ H1 + 2 * one)
    assert planar_series(nested, 5) == planar_series(direct, 5)
    assert finite_size_series(nested, 3) == finite_size_series(direct, 3)


def test_genus_expansion_of_the_orthogonal_ensemble() -> None:
    """Ledoux (2009): E tr H^2 = 1 + 1/N, E tr H^4 = 2 + 5/N + ..., E tr H^6 = 5 + 22/N + ..."""
    assert finite_size_moments(H1, 6) == (0, 0, 1, 0, 5, 0, 22)


def test_first_correction_of_wishart_moments() -> None:
    got = finite_size_moments(X @ X.T, 4)
    assert [sp.expand(x - y) for x, y in zip(got, (0, 0, 1, 3 * c + 3, 6 * c**2 + 17 * c + 6), strict=True)] == [0] * 5


@pytest.mark.parametrize(
    ("curve", "expression"),
    [
        (phi * z * m**2 + (phi + z - 1) * m + 1, "wishart"),
        (z * m**3 - m**2 - z * m - 1, H1 @ H2 + H2 @ H1),
        (z**2 * m**4 + z * m + 1, H1 @ H2 @ H1),
        (2 * m**2 + z * m + 1, H1 + H2),
        (m**2 * (z**2 - 4) - 1, F + G),
    ],
)
def test_published_curves(curve, expression) -> None:
    if expression == "wishart":
        d = Space("d", phi)
        Z = Gaussian("Z", n, d)
        moments = planar_moments(Z.T @ Z, 6)
    else:
        moments = planar_moments(expression, 6, SIGNS)
    assert curve_agrees(curve, moments, m, z) == 7


@pytest.mark.parametrize("wrong", [2, 4, 6])
def test_a_wrong_moment_is_found_where_it_is(wrong: int) -> None:
    moments = list(planar_moments(H1 @ H2 + H2 @ H1, 6))
    moments[wrong] += Fraction(1, 100)
    assert curve_agrees(z * m**3 - m**2 - z * m - 1, tuple(moments), m, z) == wrong


def test_a_curve_without_the_output_has_no_power() -> None:
    assert curve_agrees(z - 1, (1, 0, 1), m, z) == 0
    assert curve_agrees(m**2 + z * m + 2, (1, 0, 1), m, z) == 0


def test_catalan_numbers_to_high_order() -> None:
    moments = planar_moments(H1, 16)
    assert moments[::2] == tuple(math.comb(2 * k, k) // (k + 1) for k in range(9))


def test_refusals() -> None:
    with pytest.raises(UnsupportedModel, match="not a polynomial"):
        planar_moments(inverse(H1 @ H1 + Identity(n)), 2)
    with pytest.raises(UnsupportedModel, match="deterministic part"):
        planar_series(inverse(H1 @ H1), 2)
    with pytest.raises(UnsupportedModel, match="Gaussian letters only"):
        planar_series(inverse(F + 2 * Identity(n)), 2, SIGNS)
    with pytest.raises(UnsupportedModel, match="Gaussian letters only"):
        finite_size_moments(F @ H1 @ F, 2, SIGNS)
    with pytest.raises(UnknownName, match="measure"):
        planar_moments(F, 2)
    with pytest.raises(ShapeError):
        planar_moments(X, 2)
    with pytest.raises(DomainError, match="finite"):
        d = Space("d", 1, (s,))
        planar_moments(Deterministic(1 / s, d), 1, {"d": Atoms([1], s=[0])})
