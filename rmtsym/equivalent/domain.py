"""Where an expression makes sense: its spectral parameter, its ridge, and which inverses are definite."""

from __future__ import annotations

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.matrix import (
    Deterministic,
    Expression,
    Free,
    Identity,
    Inverse,
    Product,
    Scaled,
    Sum,
    Zero,
    parameters,
)
from rmtsym.matrix.normal_form import walk

__all__ = ["check_inverses", "ridge_parameter", "spectral_parameter"]


def _shift(body: Expression) -> sp.Expr:
    """Coefficient of the identity in a body."""
    terms = body.terms if isinstance(body, Sum) else (body,)
    total = sp.Integer(0)
    for term in terms:
        match term:
            case Identity():
                total += 1
            case Scaled(coefficient=c, body=Identity()):
                total += c
    return total


def _inverses(expression: Expression) -> list[Inverse]:
    return [x for x in walk(expression) if isinstance(x, Inverse)]


def spectral_parameter(expression: Expression) -> sp.Symbol | None:
    """The symbol z of an inverse ``(M - z)^{-1}`` or, if it is not declared positive, of ``(z - M)^{-1}``.

    It is recognised by its place, not by its name.
    """
    found: set[sp.Symbol] = set()
    for node in _inverses(expression):
        shift = _shift(node.body)
        if (-shift).is_Symbol:
            found.add(-shift)
        elif shift.is_Symbol and shift.is_positive is None and not definiteness(node.body):
            found.add(shift)
    return min(found, key=str) if found else None


def ridge_parameter(expression: Expression) -> sp.Symbol | None:
    """The symbol lam of ``(M + lam)^{-1}`` when there is exactly one."""
    found = {s for node in _inverses(expression) if (s := _shift(node.body)).is_Symbol}
    return found.pop() if len(found) == 1 else None  # type: ignore[return-value]


def _sign(value: sp.Expr) -> int:
    """2 for positive, 1 for non-negative, 0 for unknown; symbols without assumptions count as positive."""
    plain = {s: sp.Dummy(positive=True) for s in value.free_symbols if s.is_real is None and s.is_complex is None}
    value = value.xreplace(plain)
    if value.is_positive:
        return 2
    return 1 if value.is_nonnegative else 0


def definiteness(expression: Expression) -> int:
    """2 for positive definite, 1 for positive semidefinite, 0 if the form of the expression does not show it."""
    match expression:
        case Identity():
            return 2
        case Zero():
            return 1
        case Deterministic(value=value) if not isinstance(value, str) and expression.is_square:
            real = {s: sp.Dummy(real=True) for s in expression.rows.letters if s.is_real is None}
            return _sign(value.xreplace(real))
        case Free(measure=measure):
            letter = measure.letters[0]
            return 2 if letter.is_positive else 1 if letter.is_nonnegative else 0
        case Scaled(coefficient=c, body=body):
            return min(_sign(c), definiteness(body))
        case Inverse(body=body):
            return 2 if definiteness(body) else 0
        case Sum(terms=terms):
            signs = [definiteness(x) for x in terms]
            return 0 if not all(signs) else max(signs)
        case Product(factors=factors):
            k = len(factors)
            mirrored = all(factors[i] == factors[k - 1 - i].T for i in range(k // 2))
            return int(mirrored and (k % 2 == 0 or definiteness(factors[k // 2]) > 0))
    return 0


def check_inverses(expression: Expression, spectral: sp.Symbol | None) -> tuple[str, ...]:
    """Refuse an inverse that may be indefinite on the real axis; return remarks on the domain.

    Raises
    ------
    UnsupportedModel
        If an inverse is neither visibly definite nor taken at a complex spectral parameter.
    """
    remarks = []
    for node in _inverses(expression):
        body = node.body
        if spectral is not None and spectral in parameters(body):
            matrix = body - _shift(body) * Identity(body.rows)
            if not (matrix.is_symmetric or matrix.T == -matrix):
                remarks.append(f"valid for {spectral} outside the spectrum of the non-normal matrix {matrix}")
        elif not definiteness(body):
            raise UnsupportedModel(
                f"the inverse of {body} may be indefinite on the real axis; "
                "write it as inverse(M - z) with a complex spectral parameter z, or make it visibly positive"
            )
        elif definiteness(body) == 1:
            remarks.append(f"valid where {body} is invertible")
    return tuple(dict.fromkeys(remarks))
