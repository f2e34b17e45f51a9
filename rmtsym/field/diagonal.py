r"""Diagonal matrices kept as their entries, and the diagonal part :math:`\operatorname{diag}(X)` of a matrix.

A model with one number for each of thousands of rows (sampling, reweighting, robust estimation) has diagonal matrices
of that size.  Bound as :class:`Diagonal` they cost as much as a vector, in floats and in balls.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
import sympy as sp
from sympy.matrices.expressions.matexpr import MatrixExpr

from rmtsym.errors import ShapeError

__all__ = ["Diagonal", "DiagonalPart", "table"]


class Diagonal:
    """A diagonal matrix: numbers of any kind that add and multiply (floats, fractions, balls).

    It may be bound to a matrix symbol; ``+`` takes another one, ``*`` a number, ``@`` or ``*`` a matrix.

    Examples
    --------
    >>> D = Diagonal([1.0, 2.0])
    >>> (D @ np.ones((2, 3))).tolist(), (D + D.inv()).entries.tolist()
    ([[1.0, 1.0, 1.0], [2.0, 2.0, 2.0]], [2.0, 2.5])
    """

    __array_ufunc__ = None  # a numpy array to the left leaves the operation to this class

    def __init__(self, entries: Iterable[Any]) -> None:
        self.entries = entries if isinstance(entries, np.ndarray) else _vector(list(entries))

    def __repr__(self) -> str:
        return f"Diagonal({self.entries!r})"

    def __array__(self, dtype: Any = None, copy: Any = None) -> np.ndarray:
        return np.asarray(self.entries, dtype=dtype)

    @property
    def shape(self) -> tuple[int, int]:
        return len(self.entries), len(self.entries)

    def nrows(self) -> int:
        return len(self.entries)

    ncols = nrows

    def in_system(self, system: Any) -> Diagonal:
        """The same matrix with the numbers of a number system."""
        if getattr(system, "vectorised", False) and self.entries.dtype.kind in "fc":
            return self
        return Diagonal(_vector([system.number(x) for x in self.entries.tolist()]))

    def __getitem__(self, place: tuple[int, int]) -> Any:
        i, j = place
        return self.entries[i] if i == j else 0 * self.entries[i]

    def __add__(self, other: Diagonal) -> Diagonal:
        if not isinstance(other, Diagonal):
            return NotImplemented
        return Diagonal(self.entries + other.entries)

    def __neg__(self) -> Diagonal:
        return Diagonal(-self.entries)

    def __matmul__(self, other: Any) -> Any:
        return self * other

    def __rmatmul__(self, other: Any) -> Any:
        return _columns_scaled(other, self.entries)

    def __mul__(self, other: Any) -> Any:
        if isinstance(other, Diagonal):
            return Diagonal(self.entries * other.entries)
        if _is_matrix(other):
            return _rows_scaled(self.entries, other)
        return Diagonal(self.entries * (other.item() if isinstance(other, np.ndarray) else other))

    def __rmul__(self, other: Any) -> Any:
        return _columns_scaled(other, self.entries) if _is_matrix(other) else self * other

    def inv(self) -> Diagonal:
        """Inverse."""
        return Diagonal(1 / self.entries)

    def transpose(self) -> Diagonal:
        return self

    def solve(self, right: Any) -> Any:
        """Inverse times a matrix."""
        return self.inv() * right

    def trace(self) -> Any:
        return self.entries.sum()


def _vector(entries: list[Any]) -> np.ndarray:
    """Numbers as an array: of floats or complex numbers if they are, of objects otherwise."""
    if all(isinstance(x, (float, complex, np.inexact)) for x in entries):
        return np.array(entries)
    found = np.empty(len(entries), dtype=object)
    found[:] = entries
    return found


def _is_matrix(value: Any) -> bool:
    return hasattr(value, "nrows") or (isinstance(value, np.ndarray) and value.size > 1)


def table(matrix: Any) -> np.ndarray:
    """Entries of a flint matrix or an array, as an array with two axes."""
    if isinstance(matrix, np.ndarray):
        return matrix
    found = np.empty(matrix.nrows() * matrix.ncols(), dtype=object)
    found[:] = matrix.entries()
    return found.reshape(matrix.nrows(), matrix.ncols())


def _like(matrix: Any, rows: np.ndarray) -> Any:
    """An array as a matrix of the same kind."""
    return rows if isinstance(matrix, np.ndarray) else type(matrix)(*rows.shape, rows.ravel().tolist())


def _rows_scaled(entries: np.ndarray, matrix: Any) -> Any:
    rows = table(matrix)
    if len(entries) != rows.shape[0]:
        raise ShapeError(f"a diagonal matrix of size {len(entries)} times a matrix with {rows.shape[0]} rows")
    return _like(matrix, entries[:, None] * rows)


def _columns_scaled(matrix: Any, entries: np.ndarray) -> Any:
    rows = table(matrix)
    if len(entries) != rows.shape[1]:
        raise ShapeError(f"a matrix with {rows.shape[1]} columns times a diagonal matrix of size {len(entries)}")
    return _like(matrix, rows * entries)


class DiagonalPart(MatrixExpr):
    r"""The diagonal matrix :math:`\operatorname{diag}(X)` with the diagonal entries of ``X``.

    In floats and balls its value is a :class:`Diagonal`, and of a product of matrices only the diagonal is computed.

    Examples
    --------
    >>> from rmtsym.field.evaluate import evaluate
    >>> n, d = sp.symbols("n d", integer=True, positive=True)
    >>> A = sp.MatrixSymbol("A", n, d)
    >>> evaluate(DiagonalPart(A * A.T), {"A": np.array([[1.0, 2.0], [0.0, 3.0]])}).entries.tolist()
    [5.0, 9.0]
    """

    def __new__(cls, arg: Any) -> DiagonalPart:
        return MatrixExpr.__new__(cls, sp.sympify(arg))

    @property
    def arg(self) -> Any:
        return self.args[0]

    @property
    def shape(self) -> tuple[Any, Any]:
        return self.arg.shape

    def _eval_transpose(self) -> DiagonalPart:
        return self

    def _entry(self, i: Any, j: Any, **_: Any) -> Any:
        return sp.KroneckerDelta(i, j) * self.arg[i, j]

    def _latex(self, printer: Any) -> str:
        return rf"\operatorname{{diag}}\left({printer._print(self.arg)}\right)"

    def _sympystr(self, printer: Any) -> str:
        return f"diag({printer._print(self.arg)})"
