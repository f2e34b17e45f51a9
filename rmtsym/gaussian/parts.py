r"""Integration by parts for a matrix of independent standard Gaussian entries.

.. math::  E\,\langle X, V(X)\rangle = E\,\mathrm{div}\,V,\quad \mathrm{div}\,V=\sum_{ij}\partial V_{ij}/\partial X_{ij}

for every field :math:`V` of the shape of :math:`X` that is integrable together with its divergence.  The divergence of
a field built from products, sums, inverses and traces is again a polynomial in traces.
Source: Stein (1981), Estimation of the mean of a multivariate normal distribution.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rmtsym.errors import ShapeError, UnsupportedModel

__all__ = ["divergence", "pairing"]


@dataclass(frozen=True)
class _Place:
    """One occurrence of X: the product ``left dX right`` (or with the transpose of dX), times a scalar."""

    scalar: sp.Expr
    left: tuple[Any, ...]
    transposed: bool
    right: tuple[Any, ...]


def pairing(field: Any, of: sp.MatrixSymbol) -> sp.Expr:
    """Sum over all entries of the products of a field and the matrix.

    >>> m, d = sp.symbols("m d", integer=True, positive=True)
    >>> X = sp.MatrixSymbol("X", m, d)
    >>> pairing(X, X)
    Trace(X.T*X)
    """
    _same_shape(field, of)
    return sp.Add(*(scalar * _trace((of.T, body), of.shape[1]) for scalar, body in _terms(field)))


def divergence(field: Any, of: sp.MatrixSymbol) -> sp.Expr:
    """Sum over all entries of the derivative of the field's entry in the matrix' entry.

    Parameters
    ----------
    field : sympy matrix expression, of the shape of ``of``
        Products, sums, inverses, transposes and integer powers; scalar factors may contain traces.
    of : MatrixSymbol

    Raises
    ------
    ShapeError
        If the shapes differ.
    UnsupportedModel
        For a matrix function without a rule.

    Examples
    --------
    >>> m, d = sp.symbols("m d", integer=True, positive=True)
    >>> X = sp.MatrixSymbol("X", m, d)
    >>> divergence(X, X)
    d*m
    >>> divergence(X * X.T * X, X)
    d*Trace(X*X.T) + m*Trace(X.T*X) + Trace(X.T*X)
    """
    _same_shape(field, of)
    rows, cols = of.shape
    total: sp.Expr = sp.S.Zero
    for scalar, body in _terms(field):
        for place in _places(body, of):
            if place.transposed:
                below = tuple(sp.Transpose(x).doit() for x in reversed(place.left))
                value = _trace(below + place.right, cols)
            else:
                value = _trace(place.left, rows) * _trace(place.right, cols)
            total += scalar * place.scalar * value
        for trace in sorted(scalar.atoms(sp.Trace), key=sp.default_sort_key):
            total += _slope(scalar, trace) * _along(trace, body, of)
    return total


def _same_shape(field: Any, of: sp.MatrixSymbol) -> None:
    if getattr(field, "shape", None) != of.shape:
        raise ShapeError(f"a field over {of.name} has its shape {of.shape}, not {getattr(field, 'shape', 'a scalar')}")


def _terms(field: Any) -> list[tuple[sp.Expr, Any]]:
    """Terms of a sum as pairs of a scalar and a matrix without scalar factor."""
    if isinstance(field, sp.MatAdd):
        return [pair for term in field.args for pair in _terms(term)]
    if isinstance(field, sp.MatMul):
        scalar, body = field.as_coeff_matrices()
        return [(sp.sympify(scalar), body[0] if len(body) == 1 else sp.MatMul(*body))]
    return [(sp.S.One, field)]


def _slope(scalar: sp.Expr, trace: sp.Trace) -> sp.Expr:
    name = sp.Dummy("t")
    return scalar.xreplace({trace: name}).diff(name).xreplace({name: trace})


def _along(trace: sp.Trace, direction: Any, of: sp.MatrixSymbol) -> sp.Expr:
    """Derivative of a trace in a direction."""
    return sp.Add(
        *(
            place.scalar * _trace((*place.left, direction.T if place.transposed else direction, *place.right), 0)
            for place in _places(trace.arg, of)
        )
    )


def _trace(factors: tuple[Any, ...], dimension: Any) -> sp.Expr:
    """Trace of a product; of the empty one the dimension."""
    scalar: sp.Expr = sp.S.One
    matrices: list[Any] = []
    for factor in factors:
        coefficient, parts = factor.as_coeff_matrices() if isinstance(factor, sp.MatMul) else (sp.S.One, [factor])
        scalar *= coefficient
        matrices += [p for p in parts if not isinstance(p, sp.Identity)]
    if not matrices:
        return scalar * (factors[0].shape[0] if factors else dimension)
    return scalar * sp.Trace(matrices[0] if len(matrices) == 1 else sp.MatMul(*matrices))


def _places(expr: Any, of: sp.MatrixSymbol) -> list[_Place]:
    """All occurrences of the matrix in an expression."""
    if expr == of:
        return [_Place(sp.S.One, (), False, ())]
    if not expr.has(of):
        return []
    if isinstance(expr, sp.MatAdd):
        return [place for term in expr.args for place in _places(term, of)]
    if isinstance(expr, sp.Transpose):
        return [
            _Place(
                p.scalar,
                tuple(sp.Transpose(x).doit() for x in reversed(p.right)),
                not p.transposed,
                tuple(sp.Transpose(x).doit() for x in reversed(p.left)),
            )
            for p in _places(expr.arg, of)
        ]
    if isinstance(expr, sp.Inverse):
        return [_Place(-p.scalar, (expr, *p.left), p.transposed, (*p.right, expr)) for p in _places(expr.arg, of)]
    if isinstance(expr, sp.MatPow) and expr.exp.is_Integer:
        base = expr.base if expr.exp > 0 else sp.Inverse(expr.base)
        return _product([base] * abs(int(expr.exp)), of)
    if isinstance(expr, sp.MatMul):
        return _product(list(expr.args), of)
    raise UnsupportedModel(f"no derivative of the matrix {type(expr).__name__} in {of.name}")


def _product(factors: list[Any], of: sp.MatrixSymbol) -> list[_Place]:
    scalar = sp.Mul(*(f for f in factors if not getattr(f, "is_Matrix", False)))
    if scalar.has(of):
        raise UnsupportedModel(f"a scalar factor that depends on {of.name} must stand in front of the whole field")
    matrices = [f for f in factors if getattr(f, "is_Matrix", False)]
    return [
        _Place(scalar * p.scalar, (*matrices[:i], *p.left), p.transposed, (*p.right, *matrices[i + 1 :]))
        for i, factor in enumerate(matrices)
        for p in _places(factor, of)
    ]
