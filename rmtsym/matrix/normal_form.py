"""Sums, products, multiples, inverses and transposes of matrices: shapes are checked, and a normal form is kept.

Nodes are frozen and compared by content.  Sums and products are flat, scalars stand in front, like terms are collected,
terms are sorted, neighbouring commuting factors are merged.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, ShapeError
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Haar, Identity, Wigner, Zero
from rmtsym.matrix.space import Space, as_scalar

__all__ = [
    "Inverse",
    "Product",
    "Scaled",
    "Sum",
    "Transposed",
    "added",
    "as_matrix",
    "children",
    "inverse",
    "multiplied",
    "require_square",
    "scaled",
    "transposed",
    "walk",
]


@dataclass(frozen=True, repr=False)
class Sum(Expression):
    """Sum of matrices of one shape; built by ``+``."""

    terms: tuple[Expression, ...]

    def __post_init__(self) -> None:
        first = self.terms[0]
        for term in self.terms[1:]:
            if term.rows != first.rows:
                raise ShapeError(
                    f"cannot add {_shape(first)} and {_shape(term)}: the row spaces "
                    f"{_differ(first.rows, term.rows)} differ"
                )
            if term.cols != first.cols:
                raise ShapeError(
                    f"cannot add {_shape(first)} and {_shape(term)}: the column spaces "
                    f"{_differ(first.cols, term.cols)} differ"
                )

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.terms[0].rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.terms[0].cols


@dataclass(frozen=True, repr=False)
class Product(Expression):
    """Product of matrices; built by ``@``."""

    factors: tuple[Expression, ...]

    def __post_init__(self) -> None:
        for left, right in pairwise(self.factors):
            if left.cols != right.rows:
                raise ShapeError(
                    f"cannot multiply {_shape(left)} by {_shape(right)}: the inner spaces "
                    f"{_differ(left.cols, right.rows)} differ"
                )

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.factors[0].rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.factors[-1].cols


@dataclass(frozen=True, repr=False)
class Scaled(Expression):
    """A scalar times a matrix; built by ``*``."""

    coefficient: sp.Expr
    body: Expression

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.body.rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.body.cols


@dataclass(frozen=True, repr=False)
class Inverse(Expression):
    """Inverse of a square matrix; built by :func:`inverse`."""

    body: Expression

    def __post_init__(self) -> None:
        require_square(self.body, "inverse")

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.body.rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.body.rows


@dataclass(frozen=True, repr=False)
class Transposed(Expression):
    """Transpose of a letter; built by ``.T``."""

    letter: Expression

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.letter.cols

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.letter.rows


def inverse(matrix: Expression) -> Expression:
    """Inverse of a square matrix.

    >>> n = Space("n")
    >>> H, z = Wigner("H", n), sp.Symbol("z")
    >>> inverse(H - z)
    inv(-z*I + H)
    """
    require_square(matrix, "inverse")
    match matrix:
        case Inverse(body=body):
            return body
        case Identity():
            return matrix
        case Zero():
            raise DomainError("inverse", matrix, "invertible matrices", "the zero matrix has no inverse")
        case Scaled(coefficient=c, body=body):
            return scaled(1 / c, inverse(body))
        case Haar() | Transposed(letter=Haar()):
            return matrix.T
        case Deterministic(value=value) if not isinstance(value, str):
            return Deterministic(1 / value, matrix.rows)
    return Inverse(matrix)


def children(expression: Expression) -> tuple[Expression, ...]:
    """Operands of a node."""
    match expression:
        case Sum(terms=parts) | Product(factors=parts):
            return parts
        case Scaled(body=body) | Inverse(body=body):
            return (body,)
        case Transposed(letter=letter):
            return (letter,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, parents first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


def _differ(left: Space, right: Space) -> str:
    if left.name != right.name:
        return f"{left.name} and {right.name}"
    return f"{left!r} and {right!r}"


def _shape(matrix: Expression) -> str:
    shown = str(matrix)
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'} ({matrix.rows} x {matrix.cols})"


def require_square(matrix: Expression, verb: str) -> None:
    if not matrix.is_square:
        raise ShapeError(
            f"the {verb} of {_shape(matrix)} needs a square matrix, but its spaces "
            f"{_differ(matrix.rows, matrix.cols)} differ"
        )


def as_matrix(value: Any, like: Expression) -> Expression:
    """A matrix as it is; a scalar as that multiple of the identity."""
    if isinstance(value, Expression):
        return value
    scalar = as_scalar(value, "term")
    if scalar == 0:
        return Zero(like.rows, like.cols)
    if not like.is_square:
        raise ShapeError(
            f"cannot add the scalar {scalar} to {_shape(like)}: its spaces {_differ(like.rows, like.cols)} differ"
        )
    return scaled(scalar, Identity(like.rows))


def _split(matrix: Expression) -> tuple[sp.Expr, Expression]:
    return (matrix.coefficient, matrix.body) if isinstance(matrix, Scaled) else (sp.Integer(1), matrix)


def scaled(coefficient: sp.Expr, matrix: Expression) -> Expression:
    clash = coefficient.free_symbols & {*matrix.rows.letters, *matrix.cols.letters}
    if clash:
        raise DomainError(
            "scalar",
            coefficient,
            f"free of the spectral letters of space {matrix.rows}",
            f"write Deterministic({coefficient}, {matrix.rows})",
        )
    inner, body = _split(matrix)
    total = coefficient * inner
    if total == 0 or isinstance(body, Zero):
        return Zero(matrix.rows, matrix.cols)
    if total == 1:
        return body
    if isinstance(body, Sum):  # scalars are distributed, so that like terms meet
        return added(tuple(scaled(total, term) for term in body.terms))
    return Scaled(total, body)


def added(terms: tuple[Expression, ...]) -> Expression:
    from rmtsym.matrix.display import sort_key

    flat = [y for x in terms for y in (x.terms if isinstance(x, Sum) else (x,))]
    Sum(tuple(flat))  # checks the shapes
    collected: dict[Expression, sp.Expr] = {}
    for term in flat:
        coefficient, body = _split(term)
        if not isinstance(body, Zero):
            known = collected.get(body)
            collected[body] = coefficient if known is None else sp.cancel(known + coefficient)
    kept = [scaled(c, body) for body, c in sorted(collected.items(), key=lambda item: sort_key(item[0])) if c != 0]
    if not kept:
        return Zero(flat[0].rows, flat[0].cols)
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def _commute(left: Expression, right: Expression) -> bool:
    return all(isinstance(x, Deterministic) and not x.is_word and x.is_square for x in (left, right))


def multiplied(factors: tuple[Expression, ...]) -> Expression:
    coefficient: sp.Expr = sp.Integer(1)
    flat: list[Expression] = []
    for factor in factors:
        scalar, body = _split(factor)
        coefficient *= scalar
        flat += body.factors if isinstance(body, Product) else (body,)
    Product(tuple(flat))  # checks the shapes
    rows, cols = flat[0].rows, flat[-1].cols
    if coefficient == 0 or any(isinstance(x, Zero) for x in flat):
        return Zero(rows, cols)
    kept: list[Expression] = []
    for factor in flat:
        if isinstance(factor, Identity):
            continue
        if kept and _commute(kept[-1], factor):
            value = kept.pop().value * factor.value  # type: ignore[attr-defined]
            factor = Deterministic(value, rows=factor.rows)
        kept.append(factor)
    body = Identity(rows) if not kept else kept[0] if len(kept) == 1 else Product(tuple(kept))
    return scaled(coefficient, body)


def transposed(matrix: Expression) -> Expression:
    match matrix:
        case Wigner() | Free() | Identity():
            return matrix
        case Zero(rows=rows, cols=cols):
            return Zero(cols, rows)
        case Transposed(letter=letter):
            return letter
        case Deterministic(value=value, rows=rows, cols=cols, symmetric=symmetric):
            if symmetric:
                return matrix
            return Transposed(matrix) if isinstance(value, str) else Deterministic(value, cols, rows)
        case Sum(terms=terms):
            return added(tuple(x.T for x in terms))
        case Product(factors=factors):
            return multiplied(tuple(x.T for x in reversed(factors)))
        case Scaled(coefficient=c, body=body):
            return scaled(c, body.T)
        case Inverse(body=body):
            return inverse(body.T)
    return Transposed(matrix)
