"""Letters of matrix expressions: random matrices, deterministic ones, identities and zeros."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, ShapeError
from rmtsym.field.average import SpectralMeasure
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.space import Space, as_scalar

__all__ = ["Deterministic", "Free", "Gaussian", "Haar", "Identity", "Letter", "Wigner", "Zero"]


def _variance(name: str, variance: Any) -> sp.Expr:
    value = as_scalar(variance, f"variance of {name}")
    if value.is_negative:
        raise DomainError(f"variance of {name}", value, "variance >= 0", "give N times the variance of an entry")
    return value


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
