r"""Kernel matrices of data: a closed form :math:`\Phi(a,b)` at all pairs of columns, in floats or in balls."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnsupportedModel
from rmtsym.gaussian.expectations import AA, AB, BB
from rmtsym.gaussian.numeric import compiled, stable_form
from rmtsym.gaussian.tape import tape

__all__ = ["A2B", "A2B2", "AB2", "Gram"]

#: Inner products of entrywise squares, (a∘a).(b∘b), (a∘a).b and a.(b∘b): they enter when weights are not Gaussian.
A2B2, A2B, AB2 = sp.symbols("a2b2 a2b ab2", real=True)

_POWERS = {AB: (1, 1), A2B2: (2, 2), A2B: (2, 1), AB2: (1, 2)}


class Gram:
    r"""The matrix :math:`\Phi_{ij}=\Phi(x_i,y_j)` of a kernel at the columns of ``X`` and ``Y``.

    It may be bound to a matrix symbol wherever numbers are bound: floats evaluate it vectorised, balls enclose
    every entry (data are taken as the exact doubles that they are).

    Parameters
    ----------
    expression : sympy expression
        Kernel in the symbols aa, ab, bb (and a2b2, a2b, ab2), e.g. from ``kernel_expression("relu")``.
    X : array, shape (p, m)
    Y : array, shape (p, k), optional
        ``X`` by default; the matrix then is symmetric, and its diagonal is the kernel at equal arguments.

    Raises
    ------
    DomainError
        For data that are not finite, or a zero column.
    ShapeError
        If the two have different numbers of rows.

    Examples
    --------
    >>> from rmtsym.gaussian import kernel_expression
    >>> phi = Gram(kernel_expression("relu"), np.eye(2))
    >>> np.round(phi.floats(), 6).tolist()
    [[0.5, 0.159155], [0.159155, 0.5]]
    """

    def __init__(self, expression: sp.Expr, X: Any, Y: Any = None) -> None:
        self.expression = sp.sympify(expression)
        extra = self.expression.free_symbols - {AA, BB, *_POWERS}
        if extra:
            raise UnsupportedModel(f"the kernel has free symbols {sorted(map(str, extra))}; give them numbers")
        self.X = _columns("X", X)
        self.symmetric = Y is None
        self.Y = self.X if Y is None else _columns("Y", Y)
        if self.X.shape[0] != self.Y.shape[0]:
            raise ShapeError(f"X has {self.X.shape[0]} rows, Y has {self.Y.shape[0]}; they must be equal")
        diagonal = {BB: AA, AB: AA, AB2: A2B}
        self._known: dict[int | None, Any] = {}
        self._diagonal = sp.sympify(self.expression.subs(diagonal, simultaneous=True)) if self.symmetric else None

    @property
    def shape(self) -> tuple[int, int]:
        return self.X.shape[1], self.Y.shape[1]

    def in_system(self, system: Any) -> Any:
        """The matrix in a number system (floats or balls)."""
        bits = getattr(system, "bits", None)
        if bits is None and not getattr(system, "vectorised", False):
            raise UnsupportedModel(f"a kernel matrix has no value in {system.name} arithmetic")
        if bits not in self._known:  # a solver asks for it many times
            self._known[bits] = self.floats() if bits is None else self._balls(system)
        return self._known[bits]

    def floats(self) -> np.ndarray:
        """The matrix in double precision."""
        products = {AA: np.sum(self.X**2, axis=0)[:, None], BB: np.sum(self.Y**2, axis=0)[None, :]}
        products |= {s: (self.X**i).T @ self.Y**j for s, (i, j) in _POWERS.items() if self.expression.has(s)}
        used = [s for s in products if self.expression.has(s)]
        arrays = np.broadcast_arrays(*(products[s] for s in used)) if used else []
        with np.errstate(invalid="ignore"):  # rounding may take sqrt(aa bb - ab^2) below zero on the diagonal
            table = np.array(np.broadcast_to(compiled(stable_form(self.expression), used)(*arrays), self.shape))
        if self.symmetric:
            np.fill_diagonal(table, self._on_diagonal(products))
            table = (table + table.T) / 2
        if not np.all(np.isfinite(table)):
            self._refuse(*np.argwhere(~np.isfinite(table))[0])
        return table

    def _refuse(self, i: int, j: int) -> None:
        """Why the kernel of two columns is not a number: they are parallel, or too long."""
        x, y = self.X[:, i], self.Y[:, j]
        squares, product = (x @ x, y @ y), abs(x @ y)
        if max(squares) < 500 and product > (1 - 1e-12) * np.sqrt(squares[0] * squares[1]):
            raise DomainError(f"columns {i} and {j}", "parallel", "distinct directions", "remove the duplicate column")
        lengths = f"of squared lengths {squares[0]:.3g} and {squares[1]:.3g}"
        raise DomainError(f"columns {i} and {j}", lengths, "shorter columns", "scale the data down")

    def _on_diagonal(self, products: dict[Any, np.ndarray]) -> Any:
        assert self._diagonal is not None
        used = [s for s in (AA, A2B2, A2B) if self._diagonal.has(s)]
        arrays = [products[AA][:, 0] if s is AA else np.diagonal(products[s]) for s in used]
        return compiled(stable_form(self._diagonal), used)(*arrays)

    def _balls(self, system: Any) -> Any:
        powers = sorted({i for i, _ in _POWERS.values()})
        left = {k: system.matrix(self.X.T) if k == 1 else _squared(system, self.X.T) for k in powers}
        right = {k: system.matrix(self.Y) if k == 1 else _squared(system, self.Y) for k in powers}
        products = {s: left[i] * right[j] for s, (i, j) in _POWERS.items() if self.expression.has(s)}
        norms = [self._norms(system, self.X), self._norms(system, self.Y)]
        symbols = (AA, BB, *products)
        entry = tape(self.expression, symbols).bind(system)
        on_diagonal = None
        if self.symmetric:
            on_diagonal = tape(self._diagonal, symbols).bind(system)
        rows, cols = self.shape
        table: dict[tuple[int, int], Any] = {}

        def value(i: int, j: int) -> Any:
            if self.symmetric and j < i:
                return table[j, i]
            evaluate = on_diagonal if on_diagonal is not None and i == j else entry
            table[i, j] = evaluate(norms[0][i], norms[1][j], *(m[i, j] for m in products.values()))
            if not table[i, j].is_finite():
                self._refuse(i, j)
            return table[i, j]

        return system.tabulate(rows, cols, value)

    @staticmethod
    def _norms(system: Any, X: np.ndarray) -> list[Any]:
        squares = _squared(system, X.T)
        return [system.total([squares[i, k] for k in range(X.shape[0])]) for i in range(X.shape[1])]


def _columns(name: str, X: Any) -> np.ndarray:
    array = np.asarray(X, dtype=float)
    if array.ndim != 2:
        raise ShapeError(f"{name} has {array.ndim} dimensions; data are a p x m matrix, one column for each sample")
    if not np.all(np.isfinite(array)):
        raise DomainError(name, "NaN or infinite entries", "finite numbers", "remove or impute them")
    zero = np.flatnonzero(~array.any(axis=0))
    if zero.size:
        raise DomainError(f"{name}[:, {zero[0]}]", "0", "a nonzero column", "a direction is needed; drop the sample")
    return array


def _squared(system: Any, X: np.ndarray) -> Any:
    matrix = system.matrix(X)
    return system.hadamard(matrix, matrix)
