"""Spectral curves: equal to the published polynomials up to a unit, and to the planar moments."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field.measure import Atoms
from rmtsym.matrix import Deterministic, Gaussian, Space, Wigner, inverse

m, z = sp.symbols("m z")
phi, psi, c = sp.symbols("phi psi c", positive=True)
n = Space("n")
H1, H2 = Wigner("H1", n), Wigner("H2", n)


def same_up_to_unit(left, right) -> bool:
    left, right = sp.expand(left), sp.expand(right)
    return left == right or left == sp.expand(-right)


def products():
    d, k = Space("d", phi), Space("k", psi)
    Z, W = Gaussian("Z", n, d), Gaussian("W", d, k)
    return Z @ W @ W.T @ Z.T


def covariance_plus_wigner():
    Z = Gaussian("Z", Space("k", c), n, 1 / c)
    return H1 + Z.T @ Z


def fuss_catalan(k):
    M = Gaussian("Z0", n, n)
    for i in range(1, k):
        M = M @ Gaussian(f"Z{i}", n, n)
    return M @ M.T


CURVES = {
    "semicircle": (H1, m**2 + z * m + 1),
    "sum of two": (H1 + H2, 2 * m**2 + z * m + 1),
    "anticommutator": (H1 @ H2 + H2 @ H1, z * m**3 - m**2 - z * m - 1),
    "commutator": (H1 @ H2 - H2 @ H1, z * m**3 - m**2 + z * m + 1),
    "H1 H2 H1": (H1 @ H2 @ H1, z**2 * m**4 + z * m + 1),
    "Fuss-Catalan 1": (fuss_catalan(1), z * m**2 + z * m + 1),
    "Fuss-Catalan 2": (fuss_catalan(2), z**2 * m**3 - z * m - 1),
    "Fuss-Catalan 3": (fuss_catalan(3), z**3 * m**4 + z * m + 1),
    "Fuss-Catalan 4": (fuss_catalan(4), z**4 * m**5 - z * m - 1),
    "semicircle and Marchenko-Pastur": (
        covariance_plus_wigner(),
        m**3 + (c + z) * m**2 + (c * z - c + 1) * m + c,
    ),
}


@pytest.mark.parametrize("name", CURVES)
def test_curve(name):
    matrix, expected = CURVES[name]
    curve = deterministic_equivalent(inverse(matrix - z)).curve()
    assert curve.gens == (m, z)
    assert same_up_to_unit(curve.as_expr(), expected)


def test_marchenko_pastur(models):
    curve = deterministic_equivalent(models.marchenko_pastur()).curve()
    assert sp.srepr(sp.expand(curve.as_expr())) == sp.srepr(sp.expand(phi * z * m**2 + (phi + z - 1) * m + 1))


def test_product_of_two_marchenko_pastur():
    """The curve at the large side, checked on the first moments of the free product."""
    curve = deterministic_equivalent(inverse(products() - z)).curve()
    u = sp.Symbol("u")
    moments = [1, phi * psi, phi * psi * (phi * psi + phi + psi)]
    series = -sum(x * u ** (k + 1) for k, x in enumerate(moments))
    rest = sp.expand(sp.expand(curve.as_expr().subs({m: series, z: 1 / u})) * u**2)
    assert all(rest.coeff(u, k) == 0 for k in range(4))


def test_sample_covariance_with_two_and_three_population_eigenvalues(models):
    equivalent = deterministic_equivalent(models.silverstein())
    two = equivalent.curve(measures={"d": Atoms([F(1, 2)] * 2, s=[1, 2])}).as_expr()
    expected = (
        8 * phi**2 * z**2 * m**3
        + (16 * phi**2 * z + 10 * phi * z**2 - 16 * phi * z) * m**2
        + (8 * phi**2 + 15 * phi * z - 16 * phi + 2 * z**2 - 10 * z + 8) * m
        + 5 * phi
        + 2 * z
        - 5
    )
    assert same_up_to_unit(two, expected)
    three = equivalent.curve(measures={"d": Atoms([F(1, 3)] * 3, s=[1, 2, 3])})
    assert three.degree(m) == 4
    assert len(sp.Add.make_args(sp.expand(three.as_expr()))) == 26


def test_irrational_square_roots(models):
    """Population eigenvalues 2 and 5 through a factor sqrt(t): only even powers survive."""
    t = sp.Symbol("t", positive=True)
    d = Space("d", phi, letters=(t,))
    X = Gaussian("Z", n, d) @ Deterministic(sp.sqrt(t), d)
    curve = deterministic_equivalent(inverse(X.T @ X - z)).curve(
        measures={"d": Atoms([F(1, 2)] * 2, t=[2, 5])}, values={"phi": F(1, 2)}
    )
    mean = sp.Rational(7, 2)
    u = sp.Symbol("u")
    rest = sp.expand(sp.expand(curve.as_expr().subs({m: -u - mean * u**2, z: 1 / u})) * u**2)
    assert rest.coeff(u, 0) == rest.coeff(u, 1) == rest.coeff(u, 2) == 0


def test_separable_has_degree_five(models):
    curve = deterministic_equivalent(models.separable()).curve(
        measures={"d": Atoms([F(1, 2)] * 2, s=[1, 2]), "n": Atoms([F(1, 2)] * 2, a=[1, 3])}
    )
    assert curve.degree(m) == 5
    assert len(sp.Add.make_args(sp.expand(curve.as_expr()))) == 33


def test_signs_plus_semicircle():
    a = sp.Symbol("a", real=True)
    k = Space("k", letters=(a,))
    equivalent = deterministic_equivalent(inverse(Deterministic(a, k) + Wigner("H", k) - z))
    curve = equivalent.curve(measures={"k": Atoms([F(1, 2)] * 2, a=[1, -1])})
    assert same_up_to_unit(curve.as_expr(), m**3 + 2 * z * m**2 + z**2 * m + z)


def test_commutator_is_the_anticommutator_rotated():
    first = CURVES["anticommutator"][1]
    second = CURVES["commutator"][1]
    assert same_up_to_unit(sp.expand(first.subs({m: sp.I * m, z: -sp.I * z}, simultaneous=True) / 1), second)


def test_degree_twelve():
    curve = deterministic_equivalent(inverse(H1 + H2 @ H2 @ H2 - z)).curve()
    assert curve.degree(m) == 12
    assert len(sp.Add.make_args(sp.expand(curve.as_expr()))) == 13


def test_random_features_with_five_parameters(models):
    curve = deterministic_equivalent(models.rf_tau1()).curve()
    assert curve.degree(m) == 4
    value = sp.Float("3.598433415732851309726389", 25)
    point = {sp.Symbol(str(k), positive=True): sp.Rational(v) for k, v in models.FEATURES.items()}
    assert abs(curve.as_expr().subs(point).subs(m, value)) < 1e-18


def test_a_measure_is_needed(models):
    with pytest.raises(DomainError, match="measure d"):
        deterministic_equivalent(models.silverstein()).curve()
