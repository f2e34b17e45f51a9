"""Noncommutative random-matrix expressions: what every matrix can do.

The letters are in :mod:`rmtsym.matrix.letter`; sums, products and inverses are put in normal form as they are written,
by :mod:`rmtsym.matrix.normal_form`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.matrix.space import Space, as_scalar

__all__ = ["Expression"]


def _algebra() -> Any:
    """The algebra of the class below, which is written with it."""
    from rmtsym.matrix import normal_form

    return normal_form


class Expression:
    """A matrix from the space ``cols`` to the space ``rows``."""

    rows: Space
    cols: Space
    __array_ufunc__ = None  # numpy scalars leave multiplication to us

    @property
    def T(self) -> Expression:
        """Transpose."""
        return _algebra().transposed(self)

    @property
    def is_square(self) -> bool:
        return self.rows == self.cols

    @property
    def is_symmetric(self) -> bool:
        """Whether the normal forms of the matrix and of its transpose coincide."""
        return self.is_square and self.T == self

    def __add__(self, other: Any) -> Expression:
        return _algebra().added((self, _algebra().as_matrix(other, self)))

    def __radd__(self, other: Any) -> Expression:
        return _algebra().added((_algebra().as_matrix(other, self), self))

    def __sub__(self, other: Any) -> Expression:
        return _algebra().added((self, _algebra().scaled(sp.Integer(-1), _algebra().as_matrix(other, self))))

    def __rsub__(self, other: Any) -> Expression:
        return _algebra().added((_algebra().as_matrix(other, self), -self))

    def __neg__(self) -> Expression:
        return _algebra().scaled(sp.Integer(-1), self)

    def __matmul__(self, other: Any) -> Expression:
        if not isinstance(other, Expression):
            return NotImplemented
        return _algebra().multiplied((self, other))

    def __mul__(self, other: Any) -> Expression:
        if isinstance(other, Expression):
            return _algebra().multiplied((self, other))
        return _algebra().scaled(as_scalar(other), self)

    def __rmul__(self, other: Any) -> Expression:
        return _algebra().scaled(as_scalar(other), self)

    def __truediv__(self, other: Any) -> Expression:
        if isinstance(other, Expression):
            return NotImplemented
        divisor = as_scalar(other)
        if divisor == 0:
            raise DomainError("divisor", 0, "nonzero scalars", "remove the division")
        return _algebra().scaled(1 / divisor, self)

    def __pow__(self, exponent: int) -> Expression:
        if isinstance(exponent, sp.Integer):
            exponent = int(exponent)
        if not isinstance(exponent, int):
            raise DomainError("exponent", exponent, "integers", "matrix functions other than powers are not rational")
        base = _algebra().inverse(self) if exponent < 0 else self
        _algebra().require_square(self, "power")
        return _algebra().multiplied((base,) * abs(exponent)) if exponent else _algebra().Identity(self.rows)

    def __str__(self) -> str:
        from rmtsym.matrix.display import text

        return text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        from rmtsym.matrix.display import latex

        return f"${latex(self)}$"
