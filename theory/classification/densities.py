"""Squared norms in the eigenspaces of a covariance, as densities over the dimensions."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction

from rmtsym.errors import DomainError

__all__ = ["density"]


def density(mass: Sequence[Fraction], share: Sequence[Fraction]) -> list[Fraction]:
    """Mass over share in each eigenspace.

    Raises
    ------
    DomainError
        If there is mass in an eigenspace that has no share of the dimensions.

    Examples
    --------
    >>> density([Fraction(1), Fraction(0)], [Fraction(1, 2), Fraction(1, 2)])
    [Fraction(2, 1), Fraction(0, 1)]
    """
    if any(m and not w for m, w in zip(mass, share, strict=True)):
        shown = ",".join(map(str, mass))
        raise DomainError("mass", shown, "0 where the share of the dimensions is 0", "leave that eigenvalue out")
    return [m / w if w else Fraction(0) for m, w in zip(mass, share, strict=True)]
