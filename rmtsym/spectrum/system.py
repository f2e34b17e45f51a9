"""Quantities read off a spectral law, as a system that a theorem can state beside its equations."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

from rmtsym.field.value import Value
from rmtsym.spectrum.curve import rational
from rmtsym.spectrum.law import Law

__all__ = ["SpectralSystem"]


@dataclass(frozen=True)
class SpectralSystem:
    r"""Edges, masses, quantiles, ... of a law that depends on the parameters.

    Parameters
    ----------
    law : callable
        From a point (parameters by name) to the law there.
    read : mapping from name to callable
        Each reads one quantity off the law: an enclosed :class:`~rmtsym.field.value.Value`, or an exact number.
    formulas : mapping from name to text, optional
        How the quantities are written, in LaTeX.

    Examples
    --------
    >>> from rmtsym.spectrum import marchenko_pastur
    >>> edges = SpectralSystem(
    ...     lambda point: marchenko_pastur(point["c"]),
    ...     {"lower": lambda law: law.edges[0], "upper": lambda law: law.edges[-1]},
    ... )
    >>> edges.solve({"c": Fraction(1, 4)})
    {'lower': 0.25, 'upper': 2.25}
    >>> edges.enclose({"c": Fraction(1, 2)}, 15)["upper"].radius < 1e-15
    True
    """

    law: Callable[[Mapping[str, Any]], Law]
    read: Mapping[str, Callable[[Any], Any]]
    formulas: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...] | dict[str, Any]:
        """Names of the quantities, with their formulas if they have some."""
        from sympy import Symbol

        return {name: Symbol(self.formulas[name]) for name in self.read} if self.formulas else tuple(self.read)

    def solve(self, point: Mapping[str, Any]) -> dict[str, float]:
        """Floating-point outputs."""
        return {name: float(value) for name, value in self.enclose(point).items()}

    def enclose(self, point: Mapping[str, Any], digits: int = 15) -> dict[str, Value]:
        """Outputs with their evidence (edges and exact numbers carry more digits than are asked for)."""
        law = self.law(point)
        return {name: _value(read(law)) for name, read in self.read.items()}


def _value(found: Any) -> Value:
    if isinstance(found, Value):
        return found
    exact = Fraction(found)
    return Value(float(exact), 0.0, "exact", "rational arithmetic", rational(exact))
