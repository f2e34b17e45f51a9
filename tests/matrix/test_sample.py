"""Sampling: entry laws, shapes, spectra along spaces, exact identities of drawn matrices."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName
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
    Zero,
    draw,
    draw_entries,
    finite_size_moments,
    inverse,
    planar_moments,
    sample,
)

s, r, lam, c = sp.symbols("s r lam c", positive=True)
n, p = Space("n"), Space("p", c)
X, H = Gaussian("X", p, n), Wigner("H", n, 4)
HALF = Fraction(1, 2)


@pytest.mark.parametrize("law", ["gauss", "rademacher", "uniform", "student", "student:5", "sparse", "sparse:1/10"])
def test_entry_laws_are_standardised(law: str) -> None:
    x = draw_entries(law, (400, 500), np.random.default_rng(1))
    fourth = np.mean(x**4)
    assert abs(x.mean()) < 5 / np.sqrt(x.size)
    assert abs((x**2).mean() - 1) < 5 * np.sqrt(max(fourth, 9) / x.size)


@pytest.mark.parametrize("law", ["cauchy", "gauss:2", "student:2", "sparse:0"])
def test_bad_entry_laws(law: str) -> None:
    with pytest.raises((DomainError, UnknownName)):
        draw_entries(law, (2,), np.random.default_rng(0))


def test_shapes_and_variances() -> None:
    rng = np.random.default_rng(0)
    array = sample(X, 200, rng, bindings={"c": HALF})
    assert array.shape == (100, 200) and abs(array.var() * 200 - 1) < 0.05
    wigner = sample(H, 300, rng)
    assert np.array_equal(wigner, wigner.T)
    off = wigner[np.triu_indices(300, 1)]
    assert abs(off.var() * 300 / 4 - 1) < 0.05 and 1.2 < wigner.diagonal().var() * 300 / 4 < 2.8


def test_a_draw_is_shared_and_reproducible() -> None:
    Q = inverse(X.T @ X + lam)
    point = {"c": HALF, "lam": Fraction(1, 3)}
    drawn = draw((Q, X), 40, np.random.default_rng(5), "rademacher", point)
    array = drawn.matrix(X)
    assert np.allclose(drawn.matrix(Q), np.linalg.inv(array.T @ array + np.eye(40) / 3))
    assert drawn.trace(Q) == pytest.approx(np.trace(drawn.matrix(Q)) / 40)
    again = sample(Q, 40, np.random.default_rng(5), "rademacher", point)
    assert np.array_equal(again, sample(Q, {"n": 40, "p": 20}, np.random.default_rng(5), "rademacher", point))
    assert drawn.trace(Identity(n)) == 1 and np.all(drawn.matrix(Zero(n, p)) == 0)
    with pytest.raises(ShapeError, match="one space"):
        drawn.trace(X)


def test_complex_parameters() -> None:
    z = sp.Symbol("z")
    value = draw((inverse(H - z),), 30, np.random.default_rng(0), bindings={"z": 1 + 2j})
    assert value.trace(inverse(H - z)).imag > 0


def test_spectra_along_a_space() -> None:
    d = Space("d", 1, (s, r))
    law = Atoms([Fraction(1, 4), Fraction(3, 4)], s=[1, 2], r=[5, 7])
    D = Deterministic(s * r + c, d)
    array = sample(D, 8, np.random.default_rng(0), bindings={"d": law, "c": Fraction(1)})
    assert array.diagonal().tolist() == [6.0] * 2 + [15.0] * 6
    odd = sample(D, 7, np.random.default_rng(0), bindings={"d": law, "c": Fraction(1)})
    assert np.bincount(odd.diagonal().astype(int))[[6, 15]].tolist() == [2, 5]


def test_tied_spaces_share_their_index() -> None:
    e, d = Space("e", 1, (s, r), tie="t"), Space("d", HALF, (s, r), tie="t")
    small = Atoms([HALF, HALF], s=[1, 3], r=[2, 5])
    A, R = Deterministic(s, e, d), Deterministic(r, e)
    drawn = draw((A, R), 8, np.random.default_rng(0), bindings={"d": small})
    assert drawn.matrix(A)[:4].diagonal().tolist() == [1, 1, 3, 3] and not drawn.matrix(A)[4:].any()
    large = Atoms([Fraction(1, 4)] * 4, s=[1, 3, 0, 0], r=[2, 5, 7, 9])
    drawn = draw((A, R), 8, np.random.default_rng(0), bindings={"d": small, "e": large})
    assert sorted(drawn.matrix(R).diagonal().tolist()) == [2, 2, 5, 5, 7, 7, 9, 9]
    assert drawn.matrix(R).diagonal()[:4].tolist() == [2, 2, 5, 5]
    wrong = Atoms([HALF, HALF], s=[1, 3], r=[2, 5])
    with pytest.raises(DomainError, match="smaller tied space"):
        draw((A, R), 8, np.random.default_rng(0), bindings={"d": small, "e": wrong})


def test_explicit_matrices() -> None:
    A = Deterministic("A", n, symmetric=True)
    array = np.array([[1.0, 2.0], [2.0, 3.0]])
    assert np.array_equal(sample(A @ A, 2, np.random.default_rng(0), bindings={"A": array}), array @ array)
    with pytest.raises(UnknownName, match="matrix 'A'"):
        sample(A, 2, np.random.default_rng(0))
    with pytest.raises(ShapeError, match=r"shape \(2, 2\)"):
        sample(A, 3, np.random.default_rng(0), bindings={"A": array})
    with pytest.raises(DomainError, match="symmetric"):
        sample(A, 2, np.random.default_rng(0), bindings={"A": np.array([[1.0, 2.0], [0.0, 3.0]])})


def test_rotations_and_free_letters() -> None:
    U, F = Haar("U", n), Free("F", n, SpectralMeasure("f", s))
    drawn = draw((U, F), 12, np.random.default_rng(0), bindings={"f": Atoms([HALF, HALF], s=[-1, 2])})
    assert np.allclose(drawn.matrix(U) @ drawn.matrix(U.T), np.eye(12))
    assert np.allclose(np.linalg.eigvalsh(drawn.matrix(F)), [-1] * 6 + [2] * 6)


@pytest.mark.parametrize(
    ("sizes", "bindings", "message"),
    [
        (15, {"c": HALF}, "dimension of space p = 15/2"),
        (0, {"c": HALF}, "sizes = 0"),
        (10, {}, "unknown parameter 'c'"),
        ({"n": 10, "p": 9}, {"c": HALF}, "dimension of space"),
        ({"n": 10, "q": 9}, {"c": HALF}, "unknown space 'q'"),
        ({}, {"c": HALF}, "at least one space"),
    ],
)
def test_bad_sizes(sizes, bindings, message) -> None:
    with pytest.raises((DomainError, UnknownName), match=message):
        sample(X, sizes, np.random.default_rng(0), bindings=bindings)


def test_singular_inverse_and_unbound_measure() -> None:
    with pytest.raises(DomainError, match="invertible"):
        sample(inverse(Deterministic("A", n)), 2, np.random.default_rng(0), bindings={"A": np.zeros((2, 2))})
    with pytest.raises(UnknownName, match="measure 'd'"):
        sample(Deterministic(s, Space("d", 1, (s,))), 2, np.random.default_rng(0))


@pytest.mark.montecarlo
def test_moments_at_finite_size() -> None:
    """With the exact term of order 1/N the third moment agrees at N = 12 up to order 1/N^2."""
    M = X @ X.T
    point = {"c": HALF}
    limit, first = planar_moments(M, 3, point), finite_size_moments(M, 3, point)
    rng = np.random.default_rng(3)
    traces = []
    for _ in range(4000):
        array = rng.standard_normal((6, 12)) / np.sqrt(12)
        square = array @ array.T
        traces.append([np.trace(square) / 6, np.sum(square * square) / 6, np.trace(square @ square @ square) / 6])
    mean, error = np.mean(traces, axis=0), np.std(traces, axis=0) / np.sqrt(4000)
    exact = [float(x + y / 12) for x, y in zip(limit, first, strict=True)][1:]
    assert abs(mean[0] - exact[0]) < 5 * error[0] and abs(mean[1] - exact[1]) < 5 * error[1]  # no further terms
    assert abs(mean[2] - exact[2] - 4 / 12**2) < 5 * error[2]  # E tr W^3 ends with 4/n^2
