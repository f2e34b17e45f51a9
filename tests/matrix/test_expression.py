"""The expression language: shapes, normal form, equality by content."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName
from rmtsym.field.measure import Atoms
from rmtsym.matrix import (
    Deterministic,
    Free,
    Gaussian,
    Haar,
    Identity,
    Scaled,
    Space,
    Sum,
    Transposed,
    Wigner,
    Zero,
    bind_measures,
    inverse,
    letters,
    parameters,
    replace,
    spaces,
    substitute,
)
from rmtsym.matrix.display import latex

s, th, lam, phi, z = sp.symbols("s th lam phi z", positive=True)
n, d = Space("n"), Space("d", phi, letters=(s, th))
Z, H, W = Gaussian("Z", n, d), Wigner("H", n), Wigner("W", n)
S = Deterministic(s, d)


@pytest.mark.parametrize(
    ("build", "message"),
    [
        (lambda: Z @ Z, r"Z \(n x d\) by Z \(n x d\): the inner spaces d and n differ"),
        (lambda: Z + Z.T, r"the row spaces n and d differ"),
        (lambda: H @ Z - Z @ Z.T, r"the column spaces"),
        (lambda: inverse(Z), r"the inverse of Z \(n x d\) .* n and d differ"),
        (lambda: Z + 1, r"the scalar 1 to Z \(n x d\)"),
        (lambda: Z**2, r"the power of Z"),
        (lambda: Deterministic(s, n, d), r"between the spaces n and d needs one tie"),
        (lambda: Z @ Gaussian("Y", Space("d", 2 * phi), n), r"Space\(name='d', size=phi.*Space\(name='d', size=2\*phi"),
        (lambda: letters(H + Wigner("H", n, 2)), r"letter 'H' has two meanings"),
    ],
)
def test_shapes(build, message) -> None:
    with pytest.raises(ShapeError, match=message):
        build()


def test_letters_are_not_shared_between_untied_spaces() -> None:
    e, f = Space("e", 1, (s,)), Space("f", 1, (s,))
    product = Deterministic(s, e) @ Gaussian("X", e, f) @ Deterministic(s, f)
    with pytest.raises(ShapeError, match="share no tie"):
        spaces(product)


def test_normal_form() -> None:
    assert H + W == W + H
    assert H @ W != W @ H
    assert 2 * (H + W) == H * 2 + W + W
    assert (H - H) == Zero(n, n)
    assert H @ Identity(n) == H
    assert (lam * H) @ (W / lam) == H @ W
    assert S @ Deterministic(th, d) == Deterministic(s * th, d)
    assert (Z @ S).T == S @ Z.T
    assert (H @ W).T == W @ H and H.T == H and Z.T.T == Z
    assert inverse(inverse(H)) == H and inverse(2 * H) == inverse(H) / 2
    assert inverse(S) == Deterministic(1 / s, d)
    assert inverse(Haar("U", n)) == Transposed(Haar("U", n))
    assert H**2 == H @ H and H**0 == Identity(n) and H**-1 == inverse(H)
    assert isinstance(H + W, Sum) and isinstance(2 * H, Scaled)
    assert Z.T @ Z + lam == lam * Identity(d) + Z.T @ Z


def test_symmetry_is_recognised() -> None:
    resolvent = inverse(S @ Z.T @ Z @ S + lam)
    assert resolvent.is_symmetric
    assert not (resolvent @ S).is_symmetric
    assert (H @ W + W @ H).is_symmetric and not (H @ W - W @ H).is_symmetric
    assert not Deterministic("A", n).is_symmetric and Deterministic("A", n, symmetric=True).is_symmetric
    assert Free("F", n, d.measure).T == Free("F", n, d.measure)


def test_scalars_are_exact() -> None:
    assert 0.1 * H == sp.Rational(1, 10) * H == Fraction(1, 10) * H == np.float64(0.1) * H
    with pytest.raises(DomainError, match=r"write Deterministic\(s, d\)"):
        s * S
    with pytest.raises(DomainError):
        H / 0
    with pytest.raises(DomainError, match="number or a sympy"):
        H * "x"
    with pytest.raises(DomainError, match="integers"):
        H ** sp.Rational(1, 2)
    with pytest.raises(DomainError, match="zero matrix"):
        inverse(H - H)
    with pytest.raises(DomainError, match="variance"):
        Wigner("H", n, -1)
    with pytest.raises(DomainError, match="size"):
        Space("n", -1)


def test_rectangular_functions_vanish_with_the_singular_value() -> None:
    e, f = Space("e", 1, (s,), tie="t"), Space("f", phi, (s,), tie="t")
    A = Deterministic(s, e, f)
    assert A.T == Deterministic(s, f, e)
    with pytest.raises(DomainError, match="vanish"):
        Deterministic(s + 1, e, f)


def test_canonical_order_sees_structure_before_names() -> None:
    def build(first: str, second: str):
        X, Y = Gaussian(first, n, d, 2), Gaussian(second, n, d, 3)
        return X.T @ X + Y.T @ Y

    order = [[x.variance for x in letters(build(*names))] for names in (("A", "B"), ("B", "A"))]
    assert order[0] == order[1]


def test_inspection_and_substitution() -> None:
    e = inverse(phi * Z.T @ Z + z * S)
    assert parameters(e) == (phi, z)
    assert [str(x) for x in letters(e)] == ["[s]", "Z"]
    assert replace(H @ W + H, {H: W}) == W @ W + W
    specialised = substitute(e, {phi: Fraction(1, 2)})
    assert parameters(specialised) == (z,) and specialised.rows.size == sp.Rational(1, 2)
    assert "Z^{\\top}" in latex(e) and e._repr_latex_().startswith("$")


def test_tied_laws() -> None:
    small, large = Space("d", Fraction(1, 2), (s,), tie="t"), Space("n", 1, (s,), tie="t")
    law = Atoms([Fraction(1, 4), Fraction(3, 4)], s=[1, 2])
    sizes = {"d": Fraction(1, 2), "n": Fraction(1)}
    bound = bind_measures([small, large], sizes, {"d": law})
    assert bound["n"].mean("s") == law.mean("s") / 2 and sum(bound["n"].weights) == 1
    with pytest.raises(DomainError, match="smaller"):
        bind_measures([small, large], sizes, {"n": law})
    with pytest.raises(UnknownName, match="measure"):
        bind_measures([small, large], sizes, {})
