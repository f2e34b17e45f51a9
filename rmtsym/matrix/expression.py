"""Noncommutative random-matrix expressions whose shapes are checked as they are written.

Nodes are frozen and compared by content.  Building them with operators keeps a normal form: sums and products are
flat, scalars stand in front, like terms are collected, terms are sorted, neighbouring commuting factors are merged.
Nodes and normal form call each other, so they share this module.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, ShapeError
from rmtsym.field.average import SpectralMeasure
from rmtsym.matrix.space import Space, as_scalar

__all__ = [
    "Deterministic",
    "Expression",
    "Free",
    "Gaussian",
    "Haar",
    "Identity",
    "Inverse",
    "Letter",
    "Product",
    "Scaled",
    "Sum",
    "Transposed",
    "Wigner",
    "Zero",
    "children",
    "inverse",
    "walk",
]


class Expression:
    """A matrix from the space ``cols`` to the space ``rows``."""

    rows: Space
    cols: Space
    __array_ufunc__ = None  # numpy scalars leave multiplication to us

    @property
    def T(self) -> Expression:
        """Transpose."""
        return _transpose(self)

    @property
    def is_square(self) -> bool:
        return self.rows == self.cols

    @property
    def is_symmetric(self) -> bool:
        """Whether the normal forms of the matrix and of its transpose coincide."""
        return self.is_square and self.T == self

    def __add__(self, other: Any) -> Expression:
        return _add((self, _as_matrix(other, self)))

    def __radd__(self, other: Any) -> Expression:
        return _add((_as_matrix(other, self), self))

    def __sub__(self, other: Any) -> Expression:
        return _add((self, _scale(sp.Integer(-1), _as_matrix(other, self))))

    def __rsub__(self, other: Any) -> Expression:
        return _add((_as_matrix(other, self), -self))

    def __neg__(self) -> Expression:
        return _scale(sp.Integer(-1), self)

    def __matmul__(self, other: Any) -> Expression:
        if not isinstance(other, Expression):
            return NotImplemented
        return _multiply((self, other))

    def __mul__(self, other: Any) -> Expression:
        if isinstance(other, Expression):
            return _multiply((self, other))
        return _scale(as_scalar(other), self)

    def __rmul__(self, other: Any) -> Expression:
        return _scale(as_scalar(other), self)

    def __truediv__(self, other: Any) -> Expression:
        if isinstance(other, Expression):
            return NotImplemented
        divisor = as_scalar(other)
        if divisor == 0:
            raise DomainError("divisor", 0, "nonzero scalars", "remove the division")
        return _scale(1 / divisor, self)

    def __pow__(self, exponent: int) -> Expression:
        if isinstance(exponent, sp.Integer):
            exponent = int(exponent)
        if not isinstance(exponent, int):
            raise DomainError("exponent", exponent, "integers", "matrix functions other than powers are not rational")
        base = inverse(self) if exponent < 0 else self
        _require_square(self, "power")
        return _multiply((base,) * abs(exponent)) if exponent else Identity(self.rows)

    def __str__(self) -> str:
        from rmtsym.matrix.display import text

        return text(self)

    def __repr__(self) -> str:
        return str(self)

    def _repr_latex_(self) -> str:
        from rmtsym.matrix.display import latex

        return f"${latex(self)}$"


# ---------------------------------------------------------------------------------------------------------- letters


def _check_spaces(name: Any, *spaces: Any) -> None:
    for space in spaces:
        if not isinstance(space, Space):
            raise DomainError(f"space of {name}", repr(space), "a Space", 'write n = Space("n")')


@dataclass(frozen=True, repr=False)
class Gaussian(Expression):
    r"""Rectangular matrix of independent centred entries, :math:`E X_{ij}^2=v/N`.

    Parameters
    ----------
    name : str
        Letters of one name are the same matrix.
    rows, cols : Space
    variance : number or sympy expression, non-negative
        ``v``, N times the variance of an entry; N is the large number to which the sizes of spaces are relative.

    Raises
    ------
    DomainError
        For a negative variance, or spaces that are not a Space.

    Examples
    --------
    >>> n, p = Space("n"), Space("p", sp.Symbol("c", positive=True))
    >>> X = Gaussian("X", p, n)
    >>> X @ X.T
    X@X.T
    >>> X @ X
    Traceback (most recent call last):
    ...
    rmtsym.errors.ShapeError: cannot multiply X (p x n) by X (p x n): the inner spaces n and p differ
    """

    name: str
    rows: Space
    cols: Space
    variance: Any = 1

    def __post_init__(self) -> None:
        _check_spaces(self.name, self.rows, self.cols)
        object.__setattr__(self, "variance", _variance(self.name, self.variance))


@dataclass(frozen=True, repr=False)
class Wigner(Expression):
    r"""Symmetric matrix, :math:`E H_{ij}^2=v/N` off the diagonal and twice that on it (Gaussian orthogonal ensemble).

    Parameters
    ----------
    name : str
    rows : Space
    variance : number or sympy expression, non-negative
        ``v``, N times the variance of an entry off the diagonal.

    Examples
    --------
    >>> H = Wigner("H", Space("n"))
    >>> H.T == H
    True
    """

    name: str
    rows: Space
    variance: Any = 1

    def __post_init__(self) -> None:
        _check_spaces(self.name, self.rows, self.cols)
        object.__setattr__(self, "variance", _variance(self.name, self.variance))

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.rows


@dataclass(frozen=True, repr=False)
class Haar(Expression):
    r"""Orthogonal matrix, uniformly distributed; it occurs as :math:`UDU^\top` of a deterministic D.

    Parameters
    ----------
    name : str
    rows : Space
    """

    name: str
    rows: Space

    def __post_init__(self) -> None:
        _check_spaces(self.name, self.rows)

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.rows


@dataclass(frozen=True, repr=False)
class Free(Expression):
    """Symmetric matrix with a given spectral law and uniformly distributed eigenvectors.

    Parameters
    ----------
    measure : SpectralMeasure
        Law of the eigenvalues; its first letter is the eigenvalue.
    """

    name: str
    rows: Space
    measure: SpectralMeasure

    def __post_init__(self) -> None:
        _check_spaces(self.name, self.rows)

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.rows


@dataclass(frozen=True, repr=False)
class Deterministic(Expression):
    """Deterministic matrix: a function of the spectral letters of its space, or a named general matrix.

    Parameters
    ----------
    value : sympy expression or str
        Function of the letters of the space (such matrices commute), or the name of an explicit matrix that is bound
        to an array later (such matrices need not commute).
    rows, cols : Space
        ``cols`` defaults to ``rows``.  A rectangular function of letters needs two spaces of one tie and must
        vanish with their first letter.
    symmetric : bool
        Whether a named matrix is symmetric.

    Examples
    --------
    >>> s = sp.Symbol("s", positive=True)
    >>> d = Space("d", letters=(s,))
    >>> Deterministic(s, d) @ Deterministic(s, d) == Deterministic(s**2, d)
    True
    """

    value: Any
    rows: Space
    cols: Space = None  # type: ignore[assignment]
    symmetric: bool = False

    def __post_init__(self) -> None:
        if self.cols is None:
            object.__setattr__(self, "cols", self.rows)
        _check_spaces(self.value, self.rows, self.cols)
        if isinstance(self.value, str):
            if self.symmetric and not self.is_square:
                raise ShapeError(f"{self.value} ({self.rows} x {self.cols}) cannot be symmetric: its spaces differ")
            return
        object.__setattr__(self, "value", as_scalar(self.value, "value of a deterministic matrix"))
        object.__setattr__(self, "symmetric", self.is_square)
        if self.is_square:
            return
        if self.rows.tie is None or self.rows.tie != self.cols.tie or self.rows.letters != self.cols.letters:
            raise ShapeError(
                f"a function of spectral letters between the spaces {self.rows} and {self.cols} needs one tie "
                "and the same letters on both; tie them, or name an explicit matrix"
            )
        if not self.rows.letters or self.value.subs(self.rows.letters[0], 0) != 0:
            raise DomainError(
                "value of a rectangular deterministic matrix",
                self.value,
                "functions that vanish with the first spectral letter",
                "use the singular value as the first letter of the tied spaces",
            )

    @property
    def is_word(self) -> bool:
        """Whether this is a named explicit matrix."""
        return isinstance(self.value, str)


@dataclass(frozen=True, repr=False)
class Identity(Expression):
    """Identity of a space."""

    rows: Space

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.rows


@dataclass(frozen=True, repr=False)
class Zero(Expression):
    """Zero matrix."""

    rows: Space
    cols: Space


Letter = Gaussian | Wigner | Haar | Free | Deterministic | Identity | Zero

# ------------------------------------------------------------------------------------------------------------ nodes


@dataclass(frozen=True, repr=False)
class Sum(Expression):
    """Sum of matrices of one shape; built by ``+``."""

    terms: tuple[Expression, ...]

    def __post_init__(self) -> None:
        first = self.terms[0]
        for term in self.terms[1:]:
            if term.rows != first.rows:
                raise ShapeError(
                    f"cannot add {_shape(first)} and {_shape(term)}: the row spaces "
                    f"{_differ(first.rows, term.rows)} differ"
                )
            if term.cols != first.cols:
                raise ShapeError(
                    f"cannot add {_shape(first)} and {_shape(term)}: the column spaces "
                    f"{_differ(first.cols, term.cols)} differ"
                )

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.terms[0].rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.terms[0].cols


@dataclass(frozen=True, repr=False)
class Product(Expression):
    """Product of matrices; built by ``@``."""

    factors: tuple[Expression, ...]

    def __post_init__(self) -> None:
        for left, right in pairwise(self.factors):
            if left.cols != right.rows:
                raise ShapeError(
                    f"cannot multiply {_shape(left)} by {_shape(right)}: the inner spaces "
                    f"{_differ(left.cols, right.rows)} differ"
                )

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.factors[0].rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.factors[-1].cols


@dataclass(frozen=True, repr=False)
class Scaled(Expression):
    """A scalar times a matrix; built by ``*``."""

    coefficient: sp.Expr
    body: Expression

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.body.rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.body.cols


@dataclass(frozen=True, repr=False)
class Inverse(Expression):
    """Inverse of a square matrix; built by :func:`inverse`."""

    body: Expression

    def __post_init__(self) -> None:
        _require_square(self.body, "inverse")

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.body.rows

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.body.rows


@dataclass(frozen=True, repr=False)
class Transposed(Expression):
    """Transpose of a letter; built by ``.T``."""

    letter: Expression

    @property
    def rows(self) -> Space:  # type: ignore[override]
        return self.letter.cols

    @property
    def cols(self) -> Space:  # type: ignore[override]
        return self.letter.rows


def inverse(matrix: Expression) -> Expression:
    """Inverse of a square matrix.

    >>> n = Space("n")
    >>> H, z = Wigner("H", n), sp.Symbol("z")
    >>> inverse(H - z)
    inv(-z*I + H)
    """
    _require_square(matrix, "inverse")
    match matrix:
        case Inverse(body=body):
            return body
        case Identity():
            return matrix
        case Zero():
            raise DomainError("inverse", matrix, "invertible matrices", "the zero matrix has no inverse")
        case Scaled(coefficient=c, body=body):
            return _scale(1 / c, inverse(body))
        case Haar() | Transposed(letter=Haar()):
            return matrix.T
        case Deterministic(value=value) if not isinstance(value, str):
            return Deterministic(1 / value, matrix.rows)
    return Inverse(matrix)


# ------------------------------------------------------------------------------------------------------- inspection


def children(expression: Expression) -> tuple[Expression, ...]:
    """Operands of a node."""
    match expression:
        case Sum(terms=parts) | Product(factors=parts):
            return parts
        case Scaled(body=body) | Inverse(body=body):
            return (body,)
        case Transposed(letter=letter):
            return (letter,)
    return ()


def walk(expression: Expression) -> Iterator[Expression]:
    """Every node, parents first."""
    yield expression
    for child in children(expression):
        yield from walk(child)


# ------------------------------------------------------------------------------------------------------ normal form


def _differ(left: Space, right: Space) -> str:
    if left.name != right.name:
        return f"{left.name} and {right.name}"
    return f"{left!r} and {right!r}"


def _shape(matrix: Expression) -> str:
    shown = str(matrix)
    return f"{shown if len(shown) <= 60 else shown[:57] + '...'} ({matrix.rows} x {matrix.cols})"


def _require_square(matrix: Expression, verb: str) -> None:
    if not matrix.is_square:
        raise ShapeError(
            f"the {verb} of {_shape(matrix)} needs a square matrix, but its spaces "
            f"{_differ(matrix.rows, matrix.cols)} differ"
        )


def _variance(name: str, variance: Any) -> sp.Expr:
    value = as_scalar(variance, f"variance of {name}")
    if value.is_negative:
        raise DomainError(f"variance of {name}", value, "variance >= 0", "give N times the variance of an entry")
    return value


def _as_matrix(value: Any, like: Expression) -> Expression:
    """A matrix as it is; a scalar as that multiple of the identity."""
    if isinstance(value, Expression):
        return value
    scalar = as_scalar(value, "term")
    if scalar == 0:
        return Zero(like.rows, like.cols)
    if not like.is_square:
        raise ShapeError(
            f"cannot add the scalar {scalar} to {_shape(like)}: its spaces {_differ(like.rows, like.cols)} differ"
        )
    return _scale(scalar, Identity(like.rows))


def _split(matrix: Expression) -> tuple[sp.Expr, Expression]:
    return (matrix.coefficient, matrix.body) if isinstance(matrix, Scaled) else (sp.Integer(1), matrix)


def _scale(coefficient: sp.Expr, matrix: Expression) -> Expression:
    clash = coefficient.free_symbols & {*matrix.rows.letters, *matrix.cols.letters}
    if clash:
        raise DomainError(
            "scalar",
            coefficient,
            f"free of the spectral letters of space {matrix.rows}",
            f"write Deterministic({coefficient}, {matrix.rows})",
        )
    inner, body = _split(matrix)
    total = coefficient * inner
    if total == 0 or isinstance(body, Zero):
        return Zero(matrix.rows, matrix.cols)
    if total == 1:
        return body
    if isinstance(body, Sum):  # scalars are distributed, so that like terms meet
        return _add(tuple(_scale(total, term) for term in body.terms))
    return Scaled(total, body)


def _add(terms: tuple[Expression, ...]) -> Expression:
    from rmtsym.matrix.display import sort_key

    flat = [y for x in terms for y in (x.terms if isinstance(x, Sum) else (x,))]
    Sum(tuple(flat))  # checks the shapes
    collected: dict[Expression, sp.Expr] = {}
    for term in flat:
        coefficient, body = _split(term)
        if not isinstance(body, Zero):
            known = collected.get(body)
            collected[body] = coefficient if known is None else sp.cancel(known + coefficient)
    kept = [_scale(c, body) for body, c in sorted(collected.items(), key=lambda item: sort_key(item[0])) if c != 0]
    if not kept:
        return Zero(flat[0].rows, flat[0].cols)
    return kept[0] if len(kept) == 1 else Sum(tuple(kept))


def _commute(left: Expression, right: Expression) -> bool:
    return all(isinstance(x, Deterministic) and not x.is_word and x.is_square for x in (left, right))


def _multiply(factors: tuple[Expression, ...]) -> Expression:
    coefficient: sp.Expr = sp.Integer(1)
    flat: list[Expression] = []
    for factor in factors:
        scalar, body = _split(factor)
        coefficient *= scalar
        flat += body.factors if isinstance(body, Product) else (body,)
    Product(tuple(flat))  # checks the shapes
    rows, cols = flat[0].rows, flat[-1].cols
    if coefficient == 0 or any(isinstance(x, Zero) for x in flat):
        return Zero(rows, cols)
    kept: list[Expression] = []
    for factor in flat:
        if isinstance(factor, Identity):
            continue
        if kept and _commute(kept[-1], factor):
            value = kept.pop().value * factor.value  # type: ignore[attr-defined]
            factor = Deterministic(value, rows=factor.rows)
        kept.append(factor)
    body = Identity(rows) if not kept else kept[0] if len(kept) == 1 else Product(tuple(kept))
    return _scale(coefficient, body)


def _transpose(matrix: Expression) -> Expression:
    match matrix:
        case Wigner() | Free() | Identity():
            return matrix
        case Zero(rows=rows, cols=cols):
            return Zero(cols, rows)
        case Transposed(letter=letter):
            return letter
        case Deterministic(value=value, rows=rows, cols=cols, symmetric=symmetric):
            if symmetric:
                return matrix
            return Transposed(matrix) if isinstance(value, str) else Deterministic(value, cols, rows)
        case Sum(terms=terms):
            return _add(tuple(x.T for x in terms))
        case Product(factors=factors):
            return _multiply(tuple(x.T for x in reversed(factors)))
        case Scaled(coefficient=c, body=body):
            return _scale(c, body.T)
        case Inverse(body=body):
            return inverse(body.T)
    return Transposed(matrix)
