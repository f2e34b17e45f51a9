"""Elementary functions in zero tests: their identities hold, near misses do not."""

import pytest
import sympy as sp

from rmtsym.field.finite import is_zero

x, y = sp.symbols("x y", positive=True)
c = sp.Symbol("c", real=True)

IDENTITIES = {
    "complementary arcs": sp.acos(c) + sp.acos(-c) - sp.pi,
    "arcsine": sp.asin(c) + sp.acos(c) - sp.pi / 2,
    "hyperbolic": sp.cosh(x) ** 2 - sp.sinh(x) ** 2 - 1,
    "addition": sp.exp(-((x + y) ** 2) / 2) - sp.exp(-(x**2) / 2) * sp.exp(-x * y) * sp.exp(-(y**2) / 2),
    "fractions": sp.exp(x / 3) * sp.exp(x / 6) - sp.sqrt(sp.exp(x)),
    "circle": sp.sin(x) ** 2 + sp.cos(x) ** 2 - 1,
    "error function": sp.erf(c) + sp.erfc(c) - 1,
}
WRONG = {
    "arcs": sp.acos(c) - sp.acos(-c) - sp.pi,
    "arcsine": sp.asin(c) - sp.acos(c),
    "hyperbolic": sp.cosh(x) ** 2 + sp.sinh(x) ** 2 - 1,
    "addition": sp.exp(-((x + y) ** 2) / 2) - sp.exp(-(x**2) / 2) * sp.exp(-(y**2) / 2),
    "circle": sp.sin(x) ** 2 - sp.cos(x) ** 2 - 1,
}


@pytest.mark.parametrize("name", IDENTITIES)
def test_identities_of_elementary_functions(name):
    assert is_zero(IDENTITIES[name])


@pytest.mark.parametrize("name", WRONG)
def test_wrong_identities_are_disproved(name):
    assert not is_zero(WRONG[name])


def test_relations_share_the_units_of_exponents():
    assert is_zero(y**2 - sp.exp(x), [sp.Eq(y, sp.exp(x / 2))])


@pytest.mark.parametrize("n", [2, 3, 5, 6, sp.Rational(7, 30)])
def test_roots_of_every_number_can_be_tested(n):
    """GF(2^61-1) has no root of 3."""
    assert is_zero((x + sp.sqrt(n) * y) ** 2 - x**2 - n * y**2 - 2 * x * y * sp.sqrt(n))
    assert is_zero(x**2 - n * y**2, [sp.Eq(x, sp.sqrt(n) * y)])
    assert not is_zero((x + sp.sqrt(n) * y) ** 2 - x**2 - n * y**2)
    assert is_zero(x - sp.sqrt(n) / 2, [sp.Eq(x, n / (2 * sp.sqrt(n)))])
    assert not is_zero(x - sp.sqrt(n), [sp.Eq(x, sp.sqrt(n) / 2)])
