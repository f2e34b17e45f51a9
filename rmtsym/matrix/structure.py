"""What an expression is made of, and the expression with parts of it replaced."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from functools import reduce
from operator import add, matmul
from typing import Any

import sympy as sp

from rmtsym.errors import ShapeError
from rmtsym.matrix.display import sort_key
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed, inverse, walk
from rmtsym.matrix.space import Space, as_scalar, check_spaces

__all__ = ["letters", "parameters", "replace", "spaces", "substitute"]


def _described(letter: Expression) -> str:
    variance = getattr(letter, "variance", None)
    shape = f"{letter.rows} x {letter.cols}"
    return f"{type(letter).__name__} {shape}" + (f" of variance {variance}/N" if variance is not None else "")


def letters(expression: Expression) -> tuple[Expression, ...]:
    """Distinct letters without identities and zeros, in canonical order; refuses two letters of one name."""
    kinds = (Gaussian, Wigner, Haar, Free, Deterministic)
    found = sorted({x for x in walk(expression) if isinstance(x, kinds)}, key=sort_key)
    named: dict[str, Expression] = {}
    for letter in found:
        if isinstance(letter, Deterministic) and not letter.is_word:
            continue
        name = letter.value if isinstance(letter, Deterministic) else letter.name  # type: ignore[attr-defined]
        if named.setdefault(name, letter) != letter:
            raise ShapeError(
                f"the letter '{name}' has two meanings: {_described(named[name])} and {_described(letter)}"
            )
    return tuple(found)


def spaces(expression: Expression) -> tuple[Space, ...]:
    """Distinct spaces, sorted by name."""
    return check_spaces(space for x in walk(expression) for space in (x.rows, x.cols))


def parameters(expression: Expression) -> tuple[sp.Symbol, ...]:
    """Scalar symbols of coefficients, variances, sizes and deterministic values, without spectral letters."""
    found: set[Any] = set()
    for node in walk(expression):
        bound = {*node.rows.letters, *node.cols.letters}
        match node:
            case Scaled(coefficient=value) | Gaussian(variance=value) | Wigner(variance=value):
                found |= value.free_symbols
            case Deterministic(value=value) if not isinstance(value, str):
                found |= value.free_symbols - bound
    for space in spaces(expression):
        found |= space.size.free_symbols
    return tuple(sorted(found, key=str))


def replace(expression: Expression, mapping: Mapping[Expression, Expression]) -> Expression:
    """The expression with nodes replaced, rebuilt in normal form.

    >>> n = Space("n")
    >>> H, W = Wigner("H", n), Wigner("W", n)
    >>> replace(H @ H + 2 * H, {H: W})
    2*W + W@W
    """
    if expression in mapping:
        return mapping[expression]
    match expression:
        case Sum(terms=terms):
            return reduce(add, (replace(x, mapping) for x in terms))
        case Product(factors=factors):
            return reduce(matmul, (replace(x, mapping) for x in factors))
        case Scaled(coefficient=c, body=body):
            return c * replace(body, mapping)
        case Inverse(body=body):
            return inverse(replace(body, mapping))
        case Transposed(letter=letter):
            return replace(letter, mapping).T
    return expression


def substitute(expression: Expression, values: Mapping[sp.Symbol, Any]) -> Expression:
    """The expression with scalar parameters replaced, also in variances, sizes and deterministic values.

    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"), 1 / c)
    >>> substitute(c * X, {c: sp.Rational(1, 2)}).body.variance
    2
    """
    table = {x: as_scalar(v, str(x)) for x, v in values.items()}

    def scalar(value: sp.Expr) -> sp.Expr:
        return value.subs(table, simultaneous=True) if value.free_symbols & table.keys() else value

    def space(old: Space) -> Space:
        return dataclasses.replace(old, size=scalar(old.size))

    def rebuild(old: Expression) -> Expression:
        match old:
            case Gaussian(name=name, rows=rows, cols=cols, variance=variance):
                return Gaussian(name, space(rows), space(cols), scalar(variance))
            case Wigner(name=name, rows=rows, variance=variance):
                return Wigner(name, space(rows), scalar(variance))
            case Deterministic(value=value, rows=rows, cols=cols, symmetric=symmetric):
                value = value if isinstance(value, str) else scalar(value)
                return Deterministic(value, space(rows), space(cols), symmetric)
            case Zero(rows=rows, cols=cols):
                return Zero(space(rows), space(cols))
            case Free(name=name, rows=rows, measure=measure):
                return Free(name, space(rows), measure)
            case Haar(name=name, rows=rows):
                return Haar(name, space(rows))
            case Identity(rows=rows):
                return Identity(space(rows))
            case Sum(terms=terms):
                return reduce(add, (rebuild(x) for x in terms))
            case Product(factors=factors):
                return reduce(matmul, (rebuild(x) for x in factors))
            case Scaled(coefficient=c, body=body):
                return scalar(c) * rebuild(body)
            case Inverse(body=body):
                return inverse(rebuild(body))
            case Transposed(letter=inner):
                return rebuild(inner).T
        raise TypeError(f"not a matrix expression: {type(old).__name__}")

    return rebuild(expression)
