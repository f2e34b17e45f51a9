"""Linearisation: the realisation ``e + u L^{-1} v`` of a rational matrix expression, node by node.

Only the random matrices are letters of the pencil; deterministic factors stay as multipliers of its entries.
"""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from rmtsym.equivalent.entry import Coefficients, Entry
from rmtsym.equivalent.realisation import Realisation
from rmtsym.errors import UnsupportedModel
from rmtsym.matrix import (
    Deterministic,
    Expression,
    Free,
    Gaussian,
    Haar,
    Identity,
    Inverse,
    Product,
    Scaled,
    Sum,
    Transposed,
    Wigner,
    Zero,
)

__all__ = ["linearise"]


def _letters(node: Deterministic) -> set[sp.Symbol]:
    """Spectral letters of a deterministic matrix, as the user writes them (the field may know their roots instead)."""
    return {*node.rows.letters, *node.cols.letters}


def linearise(expression: Expression, coefficients: Coefficients, on_inverse: Callable | None = None) -> Realisation:
    """Realisation of a matrix expression, reduced after every product and inverse.

    Parameters
    ----------
    on_inverse : callable, optional
        Gets the realisation of the body of every inverse and may change it (regularisation of degenerate pencils).

    Raises
    ------
    UnsupportedModel
        For a letter without a linear representation here.
    """
    c = coefficients

    def walk(node: Expression) -> Realisation:
        match node:
            case Identity():
                return Realisation(c, node.rows, node.cols, Entry(c.scalar(1)))
            case Zero():
                return Realisation(c, node.rows, node.cols, Entry(c.scalar(0)))
            case Deterministic() if c.absorb or not (node.is_word or node.value.free_symbols & _letters(node)):
                return Realisation(c, node.rows, node.cols, Entry(c.value(node)))
            case Transposed(letter=Deterministic() as letter) if c.absorb:
                return Realisation(c, node.rows, node.cols, Entry(c.value(letter, True)))
            case Gaussian() | Wigner() | Free() | Deterministic():
                return atom(node, node, False)
            case Transposed(letter=(Gaussian() | Deterministic()) as letter):
                return atom(node, letter, True)
            case Scaled(coefficient=value, body=body):
                return walk(body).scaled(c.scalar(value))
            case Sum(terms=terms):
                total = walk(terms[0])
                for term in terms[1:]:
                    total = total + walk(term)
                return total
            case Product(factors=factors):
                product = walk(factors[-1])
                for factor in reversed(factors[:-1]):
                    product = (walk(factor) @ product).reduced()
                return product
            case Inverse(body=body):
                inner = walk(body)
                if on_inverse is not None:
                    inner = on_inverse(inner)
                return inner.inverse().reduced()
            case Haar() | Transposed(letter=Haar()):
                raise UnsupportedModel(
                    f"the Haar letter {node} has no linearisation outside a conjugation; write U @ D @ U.T with a "
                    "deterministic D, or use Free(name, space, measure)"
                )
        raise UnsupportedModel(f"the engine has no linearisation for {type(node).__name__}: {node}")

    def atom(node: Expression, letter: Expression, transposed: bool) -> Realisation:
        one, zero = c.scalar(1), c.scalar(0)
        return Realisation(c, node.rows, node.cols, Entry(zero, {(letter, transposed, one): one}))

    return walk(expression)
