"""Spaces that random matrices act between."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName
from rmtsym.field.average import SpectralMeasure
from rmtsym.field.measure import Atoms

__all__ = ["Space", "as_scalar", "bind_measures", "check_spaces"]


def as_scalar(value: Any, argument: str = "scalar") -> sp.Expr:
    """Exact sympy scalar of a number, fraction, symbol or expression; floats are read as decimals."""
    if isinstance(value, float):
        return sp.Rational(str(value))
    try:
        scalar = sp.sympify(value, strict=True)
    except (sp.SympifyError, TypeError):
        scalar = None
    if not isinstance(scalar, sp.Expr) or scalar.is_Matrix:
        raise DomainError(argument, repr(value), "a number or a sympy expression", "use Fraction, int or Symbol")
    if scalar.has(sp.Float):
        scalar = scalar.xreplace({x: sp.Rational(str(x)) for x in scalar.atoms(sp.Float)})
    return scalar


@dataclass(frozen=True)
class Space:
    r"""A space of dimension ``size * N``, relative to one common large number ``N``.

    Parameters
    ----------
    name : str
        What errors and measures are called after; it never carries meaning.
    size : sympy expression
        Dimension divided by ``N``, e.g. a ratio such as ``phi``; 0 for a fixed number of columns.
    letters : tuple of sympy.Symbol
        Spectral letters: coordinates of the commuting family of deterministic matrices of this space.
    tie : str, optional
        Spaces of one tie share their spectral index, so that a rectangular deterministic matrix may be diagonal between
        them (information plus noise).  Their first letter is the singular value; it is 0 on the surplus of the larger.
    law : str, optional
        Name of the spectral measure, by default the name of the space.

    Examples
    --------
    >>> phi, s = sp.symbols("phi s", positive=True)
    >>> Space("d", phi, letters=(s,)).measure
    d
    """

    name: str
    size: Any = 1
    letters: tuple[sp.Symbol, ...] = ()
    tie: str | None = None
    law: str | None = None

    def __post_init__(self) -> None:
        object.__setattr__(self, "size", as_scalar(self.size, f"size of space {self.name}"))
        letters = (self.letters,) if isinstance(self.letters, sp.Symbol) else tuple(self.letters)
        object.__setattr__(self, "letters", letters)
        if self.size.free_symbols & set(self.letters):
            raise DomainError(
                f"size of space {self.name}", self.size, "free of the spectral letters", "use another symbol"
            )
        if self.size.is_negative:
            raise DomainError(f"size of space {self.name}", self.size, "size >= 0", "give dimension / N")

    @property
    def measure(self) -> SpectralMeasure:
        """Law of the spectral letters on this space."""
        return SpectralMeasure(self.law or self.name, *self.letters)

    def __str__(self) -> str:
        return self.name


def check_spaces(spaces: Iterable[Space]) -> tuple[Space, ...]:
    """Distinct spaces, sorted by name; refuses two meanings of one name and letters shared across ties."""
    distinct = sorted(set(spaces), key=lambda x: (x.name, str(x.size)))
    by_name: dict[str, Space] = {}
    owner: dict[sp.Symbol, Space] = {}
    for space in distinct:
        if space.name in by_name:
            raise ShapeError(f"space '{space.name}' has two meanings: {by_name[space.name]!r} and {space!r}")
        by_name[space.name] = space
        for letter in space.letters:
            other = owner.setdefault(letter, space)
            if other != space and (other.tie is None or other.tie != space.tie):
                raise ShapeError(
                    f"spectral letter {letter} belongs to space '{other.name}' and to space '{space.name}', "
                    "which share no tie; use another letter or tie the spaces"
                )
    return tuple(distinct)


def bind_measures(spaces: Iterable[Space], sizes: Mapping[str, Any], measures: Mapping[str, Atoms]) -> dict[str, Atoms]:
    """Law of every space that has letters, by measure name.

    For tied spaces the law of the smaller one suffices: the larger one gets the surplus ``1 - small/large`` as an atom
    at which all letters are 0.

    Parameters
    ----------
    sizes : mapping from space name to positive rational
    measures : mapping from measure name to Atoms

    Raises
    ------
    UnknownName
        For a space whose law is neither given nor implied by a tie.
    """
    wanted = [x for x in spaces if x.letters]
    result = {str(k): v for k, v in measures.items()}
    for space in wanted:
        if space.measure.name in measures:
            continue
        small = [x for x in wanted if space.tie and x.tie == space.tie and x.measure.name in measures]
        if not small:
            raise UnknownName("measure", space.measure.name, measures)
        base = min(small, key=lambda x: (Fraction(sizes[x.name]), x.name))
        share = Fraction(sizes[base.name]) / Fraction(sizes[space.name])
        if share > 1:
            raise DomainError(
                f"measure {base.measure.name}",
                "given for the larger of two tied spaces",
                f"the law of the smaller space '{space.name}'",
                f"give {space.measure.name} instead",
            )
        law = measures[base.measure.name]
        if share == 1:
            result[space.measure.name] = law
            continue
        weights = [*(share * w for w in law.weights), 1 - share]
        letters = {name: [*values, Fraction(0)] for name, values in law.letters.items()}
        result[space.measure.name] = Atoms(weights, **letters)
    return result
