"""Zero tests as evidence: which relations they need."""

import sympy as sp

from rmtsym.theorem.exact import binding, relevant, vanishes

a, b, c, x, y = sp.symbols("a b c x y")


def test_a_definition_that_nothing_needs_is_left_out():
    relations = (sp.Eq(a, x + 1), sp.Eq(b, a**2), sp.Eq(c, x * y))
    assert relevant(a, relations) == relations[:1]
    assert binding(a, relations) == relations[:1]


def test_a_relation_for_another_symbol_may_still_bind_the_target():
    relations = (sp.Eq(a, x + y), sp.Eq(b, x - y), sp.Eq(b, 0))
    found = vanishes(a - 2 * x, relations)
    assert found.passed, str(found)
    assert not vanishes(a - 3 * x, relations).passed


def test_an_output_named_like_its_unknown_is_no_relation():
    positive = sp.Symbol("a", positive=True)
    relations = (sp.Eq(a, positive, evaluate=False), sp.Eq(b, a**2))
    assert vanishes(b - a**2, relations).passed
    assert not vanishes(b - a, relations).passed
