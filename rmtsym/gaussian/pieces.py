r"""Pieces of a function of one variable, and what products, affine substitutions and derivatives make of them.

.. math:: t^n\; e^{lt-\frac12 qt^2}\; 1\{t>b\}\; \prod_j \Phi(\alpha_j t+\beta_j)
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import sympy as sp

__all__ = [
    "Piece",
    "Pieces",
    "T",
    "collected",
    "flat",
    "normal_cdf",
    "piece_affine",
    "piece_derivative",
    "piece_expression",
    "piece_product",
]

T = sp.Symbol("t", real=True)
_ZERO, _ONE = sp.S.Zero, sp.S.One


class Piece(NamedTuple):
    """``t**power * exp(linear*t - quadratic*t**2/2) * 1{t > step} * prod Phi(slope*t + offset)``."""

    power: int = 0
    quadratic: sp.Expr = _ZERO
    linear: sp.Expr = _ZERO
    step: sp.Expr | None = None
    normals: tuple[tuple[sp.Expr, sp.Expr], ...] = ()


Pieces = Mapping[Piece, sp.Expr]


def collected(pairs: Iterable[tuple[Piece, sp.Expr]]) -> dict[Piece, sp.Expr]:
    result: dict[Piece, sp.Expr] = {}
    for piece, coefficient in pairs:
        result[piece] = result.get(piece, _ZERO) + coefficient
    expanded = ((piece, sp.expand(coefficient)) for piece, coefficient in result.items())
    return {piece: coefficient for piece, coefficient in expanded if coefficient != 0}


def flat(piece: Piece) -> list[Any]:
    step = sp.Symbol("none") if piece.step is None else piece.step
    return [
        sp.Integer(piece.power),
        piece.quadratic,
        piece.linear,
        step,
        sp.Tuple(*(sp.Tuple(*n) for n in piece.normals)),
    ]


def normal_cdf(argument: sp.Expr) -> sp.Expr:
    return sp.erfc(-argument / sp.sqrt(2)) / 2


def piece_expression(piece: Piece) -> sp.Expr:
    """The piece as a sympy expression in ``T``."""
    result = T**piece.power * sp.exp(piece.linear * T - piece.quadratic * T**2 / 2)
    if piece.step is not None:
        result *= sp.Heaviside(T - piece.step, sp.S.Half)
    for slope, offset in piece.normals:
        result *= normal_cdf(slope * T + offset)
    return result


def _sorted_normals(normals: Iterable[tuple[sp.Expr, sp.Expr]]) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    return tuple(sorted(normals, key=lambda pair: tuple(map(sp.default_sort_key, pair))))


def piece_product(p: Piece, q: Piece, breaks: tuple[sp.Expr, ...]) -> Piece:
    if p.step is None or q.step is None:
        step = q.step if p.step is None else p.step
    else:  # both indicators: the later threshold wins
        step = breaks[max(breaks.index(p.step), breaks.index(q.step))]
    return Piece(
        p.power + q.power,
        p.quadratic + q.quadratic,
        p.linear + q.linear,
        step,
        _sorted_normals((*p.normals, *q.normals)),
    )


def piece_affine(piece: Piece, c: sp.Expr, a: sp.Expr, b: sp.Expr) -> Iterable[tuple[Piece, sp.Expr]]:
    quadratic = piece.quadratic * a**2
    linear = piece.linear * a - piece.quadratic * a * b
    factor = c * sp.exp(piece.linear * b - piece.quadratic * b**2 / 2)
    normals = _sorted_normals((slope * a, slope * b + offset) for slope, offset in piece.normals)
    step = None if piece.step is None else sp.expand((piece.step - b) / a)
    for k in range(piece.power + 1):
        weight = factor * sp.binomial(piece.power, k) * a**k * b ** (piece.power - k)
        plain = Piece(k, quadratic, linear, None, normals)
        if step is None:
            yield plain, weight
        elif a.is_positive:
            yield plain._replace(step=step), weight
        else:  # 1{t < s} = 1 - 1{t > s}
            yield plain, weight
            yield plain._replace(step=step), -weight


def piece_derivative(piece: Piece, c: sp.Expr) -> Iterable[tuple[Piece, sp.Expr]]:
    if piece.power:
        yield piece._replace(power=piece.power - 1), c * piece.power
    if piece.linear != 0:
        yield piece, c * piece.linear
    if piece.quadratic != 0:
        yield piece._replace(power=piece.power + 1), -c * piece.quadratic
    for i, (slope, offset) in enumerate(piece.normals):
        rest = piece.normals[:i] + piece.normals[i + 1 :]
        density = c * slope * sp.exp(-(offset**2) / 2) / sp.sqrt(2 * sp.pi)
        yield (
            Piece(piece.power, piece.quadratic + slope**2, piece.linear - slope * offset, piece.step, rest),
            density,
        )
