"""Deterministic equivalents with explicit deterministic matrices that need not commute.

The order parameters are the same scalars as in the commuting case, ``tau = tr(C G_jl)/dim`` with a word C in the given
matrices; every evaluation inverts dense blocks of the dimension of one space.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent.domain import check_inverses, spectral_parameter
from rmtsym.equivalent.dyson import couple
from rmtsym.equivalent.entry import Coefficients
from rmtsym.equivalent.linearise import linearise
from rmtsym.errors import DomainError, NoConvergence, ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.rational import Field
from rmtsym.matrix import Deterministic, Expression, Free, Haar, Space, letters, parameters, spaces

__all__ = ["ExplicitEquivalent", "explicit_equivalent"]

_ROUNDING = 1e-12  # relative Newton step at which double precision is reached for sums over matrix entries


@dataclass(frozen=True)
class ExplicitEquivalent:
    """Solution for explicit matrices.

    Parameters
    ----------
    trace : complex
        Normalised trace of the expression.
    matrix : array
        Deterministic equivalent of the expression itself.
    unknowns : array
        Order parameters.
    residual : float
        Largest relative defect of their equations.
    """

    trace: complex
    matrix: np.ndarray
    unknowns: np.ndarray
    residual: float


class _System:
    def __init__(
        self, expression: Expression, matrices: Mapping[str, np.ndarray], values: Mapping[sp.Symbol, complex]
    ) -> None:
        field = Field(parameters(expression))
        self.values = values
        self.matrices = matrices
        self.pencil = linearise(expression, Coefficients(field, words=True)).trimmed().closed()
        self.parameters, self.couplings = couple(self.pencil, ())
        self.dims = _dimensions(expression, matrices)
        p = self.pencil
        pattern = {ij for ij, x in p.L.items() if x.det} | {(c.row, c.col) for c in self.couplings}
        self.blocks = _components(pattern, p.size)
        self.base = {ij: self.dense(x.det, p.rows[ij[0]], p.cols[ij[1]]) for ij, x in p.L.items() if x.det}
        self.factors = [self.dense(c.factor, p.rows[c.row], p.cols[c.col]) for c in self.couplings]
        self.weights = [self.dense(t.weight, p.rows[t.col], p.cols[t.row]) for t in self.parameters]

    def dense(self, words: Any, rows: Space, cols: Space) -> np.ndarray:
        total = np.zeros((self.dims[rows.name], self.dims[cols.name]), complex)
        for word, coefficient in words.terms.items():
            product = np.eye(total.shape[0], dtype=complex)
            for name, transposed in word:
                matrix = self.matrices[name]
                product = product @ (matrix.T if transposed else matrix)
            total += coefficient.evaluate(self.values, _number) * product
        return total

    def resolvent(self, taus: np.ndarray, noise: float) -> dict[tuple[int, int], np.ndarray]:
        p = self.pencil
        D = {ij: x.copy() for ij, x in self.base.items()}
        for c, factor in zip(self.couplings, self.factors, strict=True):
            term = noise * taus[c.index] * factor
            D[c.row, c.col] = D[c.row, c.col] - term if (c.row, c.col) in D else -term
        G: dict[tuple[int, int], np.ndarray] = {}
        for rows, cols in self.blocks:
            heights = [self.dims[p.rows[i].name] for i in rows]
            widths = [self.dims[p.cols[j].name] for j in cols]
            if sum(heights) != sum(widths):
                raise DomainError("matrix expression", "an inverse", "invertible matrices", "check the dimensions")
            big = np.block(
                [
                    [D.get((i, j), np.zeros((h, w))) for j, w in zip(cols, widths, strict=True)]
                    for i, h in zip(rows, heights, strict=True)
                ]
            )
            inverse = np.linalg.inv(big)
            at = np.cumsum([0, *widths])
            bt = np.cumsum([0, *heights])
            for a, j in enumerate(cols):
                for b, i in enumerate(rows):
                    G[j, i] = inverse[at[a] : at[a + 1], bt[b] : bt[b + 1]]
        return G

    def step(self, taus: np.ndarray, noise: float) -> tuple[np.ndarray, np.ndarray]:
        G = self.resolvent(taus, noise)
        image = np.zeros(len(taus), complex)
        jacobian = np.zeros((len(taus), len(taus)), complex)
        for k, t in enumerate(self.parameters):
            if (t.row, t.col) not in G:
                continue
            C, dim = self.weights[k], self.dims[t.space.name]
            image[k] = np.sum(C.T * G[t.row, t.col]) / dim
            for c, factor in zip(self.couplings, self.factors, strict=True):
                if (t.row, c.row) in G and (c.col, t.col) in G:
                    inner = G[t.row, c.row] @ factor @ G[c.col, t.col]
                    jacobian[k, c.index] += noise * np.sum(C.T * inner) / dim
        return image, jacobian

    def newton(self, taus: np.ndarray, noise: float) -> np.ndarray | None:
        x, last = taus.copy(), np.inf
        for _ in range(14):
            try:
                image, jacobian = self.step(x, noise)
                move = np.linalg.solve(np.eye(len(x)) - jacobian, image - x)
            except np.linalg.LinAlgError:
                return None
            scale = np.abs(x) + np.abs(move)
            size = float(np.max(np.abs(move) / (scale + 1e-3 * scale.max(initial=1e-300)), initial=0.0))
            if size > 0.5 or size > 2 * last:
                return None
            x, last = x + move, max(size, 1e-8)
            if size < _ROUNDING:
                return x
        return x if last <= 1e-8 else None


def explicit_equivalent(
    expression: Expression,
    matrices: Mapping[str, Any],
    values: Mapping[str, Any] | None = None,
    *,
    spectral: sp.Symbol | None = None,
) -> ExplicitEquivalent:
    """Deterministic equivalent of an expression whose deterministic matrices are given as arrays.

    Parameters
    ----------
    expression : Expression
        Square expression; its deterministic letters are named, ``Deterministic("S", space)``.
    matrices : mapping from name to array
        One array for every named letter; they need not commute.
    values : mapping from parameter name to number

    Returns
    -------
    ExplicitEquivalent

    Raises
    ------
    ShapeError, UnknownName
        For arrays that are missing or do not fit together.
    UnsupportedModel
        For letters other than Gaussian, Wigner and named deterministic ones.
    NoConvergence
        If the physical solution cannot be followed.

    Examples
    --------
    >>> from rmtsym.matrix import Gaussian, inverse
    >>> n, d = Space("n"), Space("d", sp.Rational(1, 2))
    >>> X = Gaussian("Z", n, d) @ Deterministic("S", d)
    >>> lam = sp.Symbol("lam", positive=True)
    >>> result = explicit_equivalent(inverse(X.T @ X + lam), {"S": np.eye(3)}, {"lam": 0.3})
    >>> round(result.trace.real, 6)
    1.045176
    """
    given = {str(k): np.asarray(v, complex) for k, v in matrices.items()}
    numbers = {str(k): v for k, v in (values or {}).items()}
    if not expression.is_square:
        raise ShapeError(f"the normalised trace needs a square expression, not {expression.rows} x {expression.cols}")
    for letter in letters(expression):
        if isinstance(letter, (Haar, Free)):
            raise UnsupportedModel(
                f"{letter.name} is not Gaussian; explicit matrices work with Gaussian and Wigner letters"
            )
        if (
            isinstance(letter, Deterministic)
            and not letter.is_word
            and letter.value.free_symbols & set(letter.rows.letters)
        ):
            raise UnsupportedModel(f"{letter} is a function of spectral letters; name it and give its matrix")
        if isinstance(letter, Deterministic) and letter.is_word and letter.value not in given:
            raise UnknownName("matrix", letter.value, given)
    spectral = spectral if spectral is not None else spectral_parameter(expression)
    if spectral is not None:
        check_inverses(expression, spectral)
    table: dict[sp.Symbol, complex] = {}
    for s in parameters(expression):
        if str(s) not in numbers:
            raise UnknownName("parameter", str(s), numbers)
        table[s] = complex(numbers[str(s)])
    system = _System(expression, given, table)
    taus, level = system.step(np.zeros(len(system.parameters), complex), 0.0)[0], 0.0
    stride = 0.25
    while level < 1:
        target = min(1.0, level + stride)
        found = system.newton(taus, target)
        if found is None:
            stride /= 2
            if stride < 1e-7:
                raise NoConvergence(f"the noise path stops at {level:.3g} of 1; move the point away from the spectrum")
            continue
        taus, level, stride = found, target, 1.5 * stride
    G = system.resolvent(taus, 1.0)
    p = system.pencil
    matrix = system.dense(p.e.det, p.out_rows, p.out_cols)
    for j, x in p.u.items():
        for i, y in p.v.items():
            if (j, i) in G:
                left = system.dense(x.det, p.out_rows, p.cols[j])
                matrix = matrix + left @ G[j, i] @ system.dense(y.det, p.rows[i], p.out_cols)
    image = system.step(taus, 1.0)[0]
    residual = float(np.max(np.abs(image - taus) / (np.abs(taus) + 1e-300), initial=0.0))
    return ExplicitEquivalent(complex(np.trace(matrix)) / len(matrix), matrix, taus, residual)


def _dimensions(expression: Expression, matrices: Mapping[str, np.ndarray]) -> dict[str, int]:
    """Dimension of every space: that of its matrices, or one where everything is a multiple of the identity."""
    found: dict[str, int] = {}
    for letter in letters(expression):
        if not (isinstance(letter, Deterministic) and letter.is_word):
            continue
        matrix = matrices[letter.value]
        if matrix.ndim != 2:
            raise ShapeError(f"the matrix {letter.value} must have two dimensions, not {matrix.ndim}")
        for space, size in zip((letter.rows, letter.cols), matrix.shape, strict=True):
            if found.setdefault(space.name, size) != size:
                raise ShapeError(
                    f"space {space.name} has dimension {found[space.name]} and {size}; check {letter.value}"
                )
    return {space.name: found.get(space.name, 1) for space in spaces(expression)}


def _components(pattern: set[tuple[int, int]], size: int) -> list[tuple[list[int], list[int]]]:
    parent = list(range(2 * size))

    def root(x: int) -> int:
        while parent[x] != x:
            x = parent[x]
        return x

    for i, j in sorted(pattern):
        parent[root(i)] = root(size + j)
    blocks: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(size):
        blocks.setdefault(root(i), ([], []))[0].append(i)
        blocks.setdefault(root(size + i), ([], []))[1].append(i)
    return list(blocks.values())


def _number(value: Fraction) -> complex:
    return complex(float(value))
