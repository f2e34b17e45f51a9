"""Exact tests as evidence: zero tests on a solution variety, matrix identities over a large prime field."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from typing import Any

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem.evidence import Evidence, Status, combine
from rmtsym.theorem.mutation import variants

__all__ = [
    "all_of",
    "binding",
    "one_symbol_per_name",
    "pick",
    "relevant",
    "same_matrix",
    "system_claims",
    "vanishes",
    "wrong_equations",
    "wrong_sides",
]

METHOD = "zero test over GF(2^61-1)"


def one_symbol_per_name(expressions: Sequence[Any]) -> list[Any]:
    """The expressions with symbols of equal name identified, whatever their assumptions.

    The engine's ``kappa`` and an author's positive ``kappa`` mean the same.  The imaginary unit becomes one more
    unknown, so that an identity which needs its square is not proved.
    """
    named: dict[str, list[sp.Symbol]] = {}
    for symbol in sorted({s for e in expressions for s in e.atoms(sp.Symbol)}, key=sp.default_sort_key):
        named.setdefault(symbol.name, []).append(symbol)
    swap = {}
    for same in named.values():
        kept = max(same, key=lambda s: len(s.assumptions0))
        swap.update({s: kept for s in same if s != kept})
    if any(e.has(sp.I) for e in expressions):
        swap[sp.I] = sp.Symbol("imaginary_unit")
    return [e.xreplace(swap) for e in expressions] if swap else list(expressions)


def relevant(target: Any, relations: Sequence[sp.Eq]) -> tuple[sp.Eq, ...]:
    """Relations without those for symbols that neither the target nor a kept relation mentions.

    A relation is for the symbol on its left; two for the same symbol are a condition on the rest.  Leaving relations
    out can only make a zero test stricter.
    """
    kept: list[sp.Eq] = []
    left = list(relations)
    needed = set(target.free_symbols)
    sides = Counter(r.lhs for r in dict.fromkeys(relations))

    def matters(r: sp.Eq) -> bool:
        if not isinstance(r.lhs, sp.Symbol) or r.lhs in needed:
            return True
        return sides[r.lhs] > 1 and bool(needed & r.rhs.free_symbols)

    while True:
        found = [r for r in left if matters(r)]
        if not found:
            return tuple(r for r in relations if any(r is k for k in kept))
        kept += found
        left = [r for r in left if all(r is not k for k in found)]
        needed |= {symbol for r in found for symbol in r.free_symbols}


def binding(target: Any, relations: Sequence[sp.Eq]) -> tuple[sp.Eq, ...]:
    """Relations without those that only name something: a symbol on the left that nothing else mentions."""
    left = list(relations)
    while True:
        mentions = Counter(symbol for e in [target, *left] for symbol in e.free_symbols)
        idle = [
            r for r in left
            if isinstance(r.lhs, sp.Symbol) and mentions[r.lhs] == 1 and r.lhs not in r.rhs.free_symbols
        ]  # fmt: skip
        if not idle:
            return tuple(left)
        left = [r for r in left if all(r is not i for i in idle)]


def vanishes(expr: Any, relations: Sequence[sp.Eq] = (), **options: Any) -> Evidence:
    """Evidence that an expression is zero wherever the relations hold; options are those of ``is_zero``."""
    from rmtsym.field.finite import is_zero

    expr, *relations = one_symbol_per_name([sp.sympify(expr), *relations])
    relations = [r for r in relations if r is not sp.true]  # an output named like its unknown
    few = relevant(expr, relations)
    try:
        found = is_zero(expr, relations=few, **options)
    except UnsupportedModel as error:
        return Evidence.of(None, METHOD, message=str(error))
    if not found.holds and few != (all_that_bind := binding(expr, relations)):
        with suppress(UnsupportedModel):  # what holds on the larger variety does not need the others
            found = is_zero(expr, relations=all_that_bind, **options)
    method = f"zero test over {found.field}"
    if found.holds:
        return Evidence.of(
            True, f"{method}, {found.trials} random points", resolution=found.error_bound, message=str(found)
        )
    return Evidence.of(False, method, resolution=0.0, message=str(found))


def regular(expr: Any, relations: Sequence[sp.Eq] = ()) -> Evidence:
    """Evidence that an expression is finite at a generic point of the variety."""
    from rmtsym.field.finite import is_zero

    method = "finite at random points over GF(2^61-1)"
    expr, *relations = one_symbol_per_name([sp.sympify(expr), *relations])
    if expr.has(sp.zoo, sp.nan, sp.oo):
        return Evidence.of(False, method, resolution=0.0, message=f"singular: {expr}")
    try:
        is_zero(expr, relations=relevant(expr, relations))
    except UnsupportedModel as error:
        return Evidence.of(False, method, message=str(error))
    return Evidence.of(True, method, resolution=0.0)


def same_matrix(left: Any, right: Any) -> Evidence:
    """Evidence that two matrix expressions are equal, at random matrices over GF(2^61-1)."""
    from rmtsym.matrix import is_identity

    found = is_identity(left, right)
    method = "random matrices over GF(2^61-1)"
    return Evidence.of(bool(found), method, resolution=found.error_bound, message=str(found))


def all_of(found: Iterable[Evidence], names: Sequence[str] = ()) -> Evidence:
    """One piece of evidence for several tests that must all hold; the message names the first that does not."""
    parts = list(found)
    if len(parts) == 1:
        return parts[0]
    status = combine(p.status for p in parts)
    worst = next((i for i, p in enumerate(parts) if p.status is status), None)
    if worst is None:
        return Evidence(Status.INCONCLUSIVE, "nothing to test", message="there is nothing to test")
    resolution = sum(p.resolution or 0.0 for p in parts)
    message = parts[worst].message
    if names and not status.passed:
        message = f"{names[worst]}: {message}"
    return Evidence(status, parts[worst].method, resolution, message, {"tests": len(parts)})


def pick(found: Iterable[tuple[str, Any]], limit: int) -> Iterator[tuple[str, Any]]:
    """At most ``limit`` of the labelled items, one of each label before a second of any."""
    groups: dict[str, list[Any]] = {}
    for label, item in found:
        groups.setdefault(label, []).append(item)
    count = 0
    depth = 0
    while count < limit and any(len(items) > depth for items in groups.values()):
        for label, items in groups.items():
            if len(items) > depth and count < limit:
                yield label, items[depth]
                count += 1
        depth += 1


def wrong_sides(claim: Any, limit: int) -> Iterator[tuple[str, Any]]:
    """Wrong right-hand sides of a claim, generated."""
    if isinstance(claim, sp.Eq):
        yield from pick(variants(claim.rhs), limit)
        return
    right = claim[1]
    yield "factor 2", 2 * right
    terms = getattr(right, "terms", ())
    for term in list(terms)[: limit - 1]:
        yield "sign of a term", right - 2 * term


def wrong_equations(claim: sp.Eq, limit: int) -> Iterator[tuple[str, sp.Eq]]:
    """The claim with wrong right-hand sides, generated."""
    for label, wrong in pick(variants(claim.rhs), limit):
        yield label, sp.Eq(claim.lhs, wrong, evaluate=False)


def system_claims(system: FixedPointSystem) -> tuple[sp.Eq, ...]:
    """What a system states: its equations, and one equation for each output."""
    outputs = tuple(sp.Eq(sp.Symbol(str(name)), body, evaluate=False) for name, body in system.outputs.items())
    return (*system.equations, *outputs)
