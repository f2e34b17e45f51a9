r"""Expectations and kernels as closed forms: assembling functions into half-space moments."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.halfspace import Combination, HalfSpace, gaussian_moment
from rmtsym.gaussian.pieces import Piece
from rmtsym.gaussian.presentation import presented

__all__ = ["closed_form"]


def closed_form(factors: Sequence[Function], mean: Sequence[Any], covariance: Sequence[Sequence[Any]]) -> sp.Expr:
    r"""Closed form of :math:`E\prod_i f_i(u_i)` for :math:`u\sim N(\mu,\Sigma)`.

    Parameters
    ----------
    factors : sequence of Function
        One function per letter.
    mean, covariance : symbolic law of the letters.

    Raises
    ------
    UnsupportedModel
        When a factor has no pieces, or more than three half-spaces meet.

    Examples
    --------
    >>> from rmtsym.gaussian import activation
    >>> tau = sp.Symbol("tau", positive=True)
    >>> closed_form([activation("relu") ** 2], [0], [[tau]])
    tau/2
    """
    count = len(factors)
    for f in factors:
        if f.pieces is None:
            raise UnsupportedModel(f"{f.name} has no closed-form Gaussian moments; ask for an enclosure (digits=...)")
    if any(not f.pieces for f in factors):
        return sp.S.Zero
    if count <= 2 and all(m == 0 for m in mean) and _odd(factors):
        return sp.S.Zero
    groups: dict[tuple[Piece, ...], dict[tuple[int, ...], sp.Expr]] = {}
    for pieces, coefficient in _products(factors):
        shape = tuple(p._replace(power=0) for p in pieces)
        powers = tuple(p.power for p in pieces)
        polynomial = groups.setdefault(shape, {})
        polynomial[powers] = polynomial.get(powers, sp.S.Zero) + coefficient
    total = Combination()
    for shape, polynomial in groups.items():
        total.add(_group_moment(shape, polynomial, mean, covariance))
    return presented(total)


def _odd(factors: Sequence[Function]) -> bool:
    """Whether the product changes sign with all letters; then the moment vanishes by symmetry."""
    parities = [f.parity for f in factors]
    return all(parities) and parities.count("odd") % 2 == 1


def _products(factors: Sequence[Function]) -> list[tuple[tuple[Piece, ...], sp.Expr]]:
    result: list[tuple[tuple[Piece, ...], sp.Expr]] = [((), sp.S.One)]
    for f in factors:
        items: Mapping[Piece, sp.Expr] = f.pieces or {}
        result = [((*pieces, p), c * d) for pieces, c in result for p, d in items.items()]
    return result


def _group_moment(
    shape: tuple[Piece, ...],
    polynomial: Mapping[tuple[int, ...], sp.Expr],
    mean: Sequence[Any],
    covariance: Sequence[Sequence[Any]],
) -> Combination:
    count = len(shape)
    extra = sum(len(p.normals) for p in shape)
    size = count + extra
    zero = sp.S.Zero

    def unit(index: int, value: sp.Expr = sp.S.One) -> list[sp.Expr]:
        return [value if i == index else zero for i in range(size)]

    sigma = [
        [sp.sympify(covariance[i][j]) if i < count and j < count else zero for j in range(size)] for i in range(size)
    ]
    center = [sp.sympify(m) for m in mean] + [zero] * extra
    halfspaces: list[HalfSpace] = []
    letter = count
    for i, piece in enumerate(shape):
        if piece.step is not None:
            halfspaces.append(HalfSpace(tuple(unit(i)), piece.step))
        for slope, offset in piece.normals:  # Phi(a u + b) = P(w + a u > -b), w an independent letter
            row = unit(i, slope)
            row[letter] = sp.S.One
            sigma[letter][letter] = sp.S.One
            halfspaces.append(HalfSpace(tuple(row), -offset))
            letter += 1
    linear = [p.linear for p in shape] + [zero] * extra
    quadratic = None
    if any(p.quadratic != 0 for p in shape):
        quadratic = [unit(i, shape[i].quadratic) if i < count else [zero] * size for i in range(size)]
    padded = {(*powers, *([0] * extra)): c for powers, c in polynomial.items()}
    return gaussian_moment(padded, center, sigma, linear, quadratic, halfspaces)
