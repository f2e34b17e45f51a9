r"""Derivatives of scalars built from averages, traces and inverses with respect to a scalar symbol.

:math:`\mathrm d\,\mathrm{tr}\,F = \mathrm{tr}\,\mathrm dF` and :math:`\mathrm d M^{-1} = -M^{-1}\,\mathrm dM\,M^{-1}`;
everything scalar is left to sympy through the chain rule.
"""

from __future__ import annotations

import functools
from typing import Any

import sympy as sp
from sympy.matrices.expressions.hadamard import HadamardProduct

from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import Average

__all__ = ["differentiate"]

_ELEMENT = type(sp.MatrixSymbol("M", 1, 1)[0, 0])


def differentiate(expr: Any, symbol: sp.Symbol) -> sp.Expr:
    """Derivative of a scalar expression in a scalar symbol.

    >>> a, n = sp.Symbol("a"), sp.Symbol("n", integer=True, positive=True)
    >>> phi = sp.MatrixSymbol("Phi", n, n)
    >>> differentiate(sp.Trace((a * phi + sp.Identity(n)).inv()), a)
    -Trace((a*Phi + I)**(-1)*Phi*(a*Phi + I)**(-1))
    """
    return _scalar(sp.sympify(expr), symbol)


@functools.lru_cache(maxsize=4096)  # wrong versions of a system share most of their terms
def _scalar(expr: sp.Expr, symbol: sp.Symbol) -> sp.Expr:
    if symbol not in _symbols(expr):
        return sp.S.Zero
    if isinstance(expr, sp.Add):
        return sp.Add(*(_scalar(term, symbol) for term in expr.args))
    if isinstance(expr, Average):
        return Average(differentiate(expr.integrand, symbol), expr.measure)
    if isinstance(expr, sp.Trace):
        return _trace(_matrix(expr.arg, symbol))
    if isinstance(expr, _ELEMENT):
        matrix, i, j = expr.args
        slope = _matrix(matrix, symbol)
        return sp.S.Zero if _vanishes(slope) else type(expr)(slope, i, j)
    if isinstance(expr, sp.Sum):
        return differentiate(_element(sp.MatrixExpr.from_index_summation(expr)), symbol)
    opaque = sorted(_opaque(expr), key=sp.default_sort_key)
    if not opaque:
        return expr.diff(symbol)
    names = {node: sp.Dummy(f"o{i}") for i, node in enumerate(opaque)}
    flat = expr.xreplace(names)
    back = {dummy: node for node, dummy in names.items()}
    slope = flat.diff(symbol).xreplace(back)
    for node, dummy in names.items():
        inner = differentiate(node, symbol)
        if inner != 0:
            slope += flat.diff(dummy).xreplace(back) * inner
    return slope


def _symbols(expr: sp.Basic) -> set[sp.Basic]:
    return expr.free_symbols


def _element(expr: Any) -> Any:
    return _ELEMENT(expr, 0, 0) if getattr(expr, "is_Matrix", False) else expr


def _opaque(expr: sp.Basic) -> set[sp.Basic]:
    """Outermost nodes that sympy does not differentiate."""
    if isinstance(expr, (Average, sp.Trace, _ELEMENT, sp.Sum)):
        return {expr}
    return set().union(*(_opaque(a) for a in expr.args)) if expr.args else set()


def _vanishes(matrix: Any) -> bool:
    return isinstance(matrix, sp.ZeroMatrix)


def _trace(matrix: Any) -> sp.Expr:
    """Trace of a sum, with scalar factors in front."""
    if _vanishes(matrix):
        return sp.S.Zero
    if isinstance(matrix, sp.MatAdd):
        return sp.Add(*(_trace(a) for a in matrix.args))
    if isinstance(matrix, sp.MatMul):
        scalars = [a for a in matrix.args if not getattr(a, "is_Matrix", False)]
        factors = [a for a in matrix.args if getattr(a, "is_Matrix", False)]
        if scalars:
            return sp.Mul(*scalars) * _trace(sp.MatMul(*factors).doit(deep=False) if len(factors) > 1 else factors[0])
    return sp.Trace(matrix)


def _matrix(expr: Any, symbol: sp.Symbol) -> Any:
    """Entrywise derivative of a matrix expression."""
    zero = sp.ZeroMatrix(*expr.shape)
    if symbol not in _symbols(expr) or isinstance(expr, sp.MatrixSymbol):
        return zero
    if isinstance(expr, sp.MatrixBase):
        return expr.applyfunc(lambda entry: differentiate(entry, symbol))
    if isinstance(expr, sp.MatAdd):
        return _sum([_matrix(a, symbol) for a in expr.args], zero)
    if isinstance(expr, sp.Transpose):
        inner = _matrix(expr.arg, symbol)
        return zero if _vanishes(inner) else sp.Transpose(inner)
    if isinstance(expr, sp.Inverse):
        inner = _matrix(expr.arg, symbol)
        return zero if _vanishes(inner) else _product([sp.S.NegativeOne, expr, inner, expr])
    if isinstance(expr, sp.MatPow) and expr.exp.is_Integer:
        base = expr.base if expr.exp > 0 else sp.Inverse(expr.base)
        return _matrix_product([base] * abs(int(expr.exp)), symbol, zero)
    if isinstance(expr, sp.MatMul):
        return _matrix_product(list(expr.args), symbol, zero)
    if isinstance(expr, HadamardProduct):
        terms = []
        for i, factor in enumerate(expr.args):
            inner = _matrix(factor, symbol)
            if not _vanishes(inner):
                terms.append(HadamardProduct(*expr.args[:i], inner, *expr.args[i + 1 :]))
        return _sum(terms, zero)
    raise UnsupportedModel(f"no derivative rule for the matrix {type(expr).__name__} in {symbol}")


def _matrix_product(factors: list[Any], symbol: sp.Symbol, zero: Any) -> Any:
    terms = []
    for i, factor in enumerate(factors):
        scalar = not getattr(factor, "is_Matrix", False)
        inner = differentiate(factor, symbol) if scalar else _matrix(factor, symbol)
        if inner == 0 or _vanishes(inner):
            continue
        terms.append(_product([*factors[:i], inner, *factors[i + 1 :]]))
    return _sum(terms, zero)


def _product(factors: list[Any]) -> Any:
    """Product with scalars collected, factors left in order and sums not expanded."""
    scalars: list[Any] = []
    matrices: list[Any] = []
    for factor in factors:
        if isinstance(factor, sp.MatMul):
            for part in factor.args:
                (matrices if getattr(part, "is_Matrix", False) else scalars).append(part)
        else:
            (matrices if getattr(factor, "is_Matrix", False) else scalars).append(factor)
    body = (
        matrices[0]
        if len(matrices) == 1
        else sp.MatMul(*[m for m in matrices if not isinstance(m, sp.Identity)] or matrices[:1])
    )
    scalar = sp.Mul(*scalars)
    if scalar == 1:
        return body
    return sp.MatMul(scalar, *(body.args if isinstance(body, sp.MatMul) else (body,)))


def _sum(terms: list[Any], zero: Any) -> Any:
    terms = [t for t in terms if not _vanishes(t)]
    if not terms:
        return zero
    return terms[0] if len(terms) == 1 else sp.MatAdd(*terms)
