"""Noncommutative rational identities over a prime field, and their mutants."""

from __future__ import annotations

import random

import pytest
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnsupportedModel
from rmtsym.field.average import SpectralMeasure
from rmtsym.matrix import (
    Deterministic,
    Free,
    Gaussian,
    Haar,
    Identity,
    Space,
    Wigner,
    Zero,
    evaluate_mod_p,
    inverse,
    is_identity,
)

lam, mu, s = sp.symbols("lam mu s", positive=True)
n, p, one = Space("n"), Space("p", 2), Space("one", 0)
X, x, y = Gaussian("X", p, n), Gaussian("x", p, one), Gaussian("y", p, one)
A, B = Deterministic("A", p), Deterministic("B", p)
I = Identity(p)  # noqa: E741


def R(shift: sp.Expr):
    return inverse(X @ X.T + shift)


PAIRS = {
    "resolvent": (R(lam) - R(mu), (mu - lam) * R(lam) @ R(mu), (lam - mu) * R(lam) @ R(mu)),
    "push-through": (X @ inverse(X.T @ X + lam), R(lam) @ X, R(mu) @ X),
    "Sherman-Morrison": (
        inverse(A + x @ y.T),
        inverse(A) - inverse(A) @ x @ inverse(y.T @ inverse(A) @ x + 1) @ y.T @ inverse(A),
        inverse(A) + inverse(A) @ x @ inverse(y.T @ inverse(A) @ x + 1) @ y.T @ inverse(A),
    ),
    "leave one out": (
        inverse(A + x @ x.T) @ x,
        inverse(A) @ x @ inverse(x.T @ inverse(A) @ x + 1),
        inverse(A) @ x,
    ),
    "Woodbury": (
        inverse(A + X @ X.T),
        inverse(A) - inverse(A) @ X @ inverse(X.T @ inverse(A) @ X + 1) @ X.T @ inverse(A),
        inverse(A) - inverse(A) @ X @ inverse(X.T @ inverse(A) @ X - 1) @ X.T @ inverse(A),
    ),
    "difference of inverses": (
        inverse(A) - inverse(B),
        inverse(A) @ (B - A) @ inverse(B),
        inverse(A) @ (A - B) @ inverse(B),
    ),
    "transposition": ((A @ inverse(B)).T, inverse(B.T) @ A.T, A.T @ inverse(B.T)),
}


@pytest.mark.parametrize("name", PAIRS)
def test_identities_and_mutants(name: str) -> None:
    left, right, mutant = PAIRS[name]
    test = is_identity(left, right)
    assert test and test.trials == 3 and test.error_bound < 1e-40
    assert not is_identity(left, mutant)


def test_kinds_of_letters() -> None:
    U, H, F = Haar("U", p), Wigner("H", p), Free("F", p, SpectralMeasure("f", s))
    assert is_identity(U.T @ U, I) and is_identity(U @ U.T - I)
    d = Space("d", 1, (s,))
    D, V = Deterministic(s**2, d), Deterministic(1 / (s + lam), d)
    assert is_identity(V @ (Deterministic(sp.sqrt(D.value), d) + lam), Identity(d))  # sqrt(s^2) = s for s > 0
    assert not is_identity(H @ F, F @ H)
    e, f = Space("e", 1, (s,), tie="t"), Space("f", 2, (s,), tie="t")
    wide = Deterministic(s, e, f)
    assert is_identity(wide @ Deterministic(s**2 + lam, f), Deterministic(s**2 + lam, e) @ wide)


def test_small_dimensions_do_not_deceive() -> None:
    """The standard identity of degree four holds for 2 x 2 matrices only."""
    letters = [Deterministic(f"M{i}", p) for i in range(4)]
    total = Zero(p, p)
    for order in sp.utilities.iterables.multiset_permutations(list(range(4))):
        sign = sp.LeviCivita(*order)
        total = total + sign * letters[order[0]] @ letters[order[1]] @ letters[order[2]] @ letters[order[3]]
    assert not is_identity(total)
    (value,) = evaluate_mod_p([total], {"p": 2}, random.Random(0))
    assert all(int(x) == 0 for x in value.entries())


def test_errors() -> None:
    with pytest.raises(ShapeError, match="different spaces"):
        is_identity(X, X.T)
    with pytest.raises(UnsupportedModel, match="never exists"):
        is_identity(inverse(x @ x.T), I)
    with pytest.raises(DomainError):
        is_identity(A, B, trials=0)
