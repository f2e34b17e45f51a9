"""Quantities read off a spectral law, as a system that a theorem can state beside its equations."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

from rmtsym.field.value import Value
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
        Further arguments are parameters of the point, by name.
    formulas : mapping from name to text, optional
        How the quantities are written, in LaTeX.

    Examples
    --------
    >>> from fractions import Fraction
    >>> from rmtsym.spectrum import marchenko_pastur
    >>> edges = SpectralSystem(
    ...     lambda point: marchenko_pastur(point["c"]),
    ...     {"lower": lambda law: law.edges[0], "upper": lambda law: law.edges[-1]},
    ... )
    >>> edges.solve({"c": Fraction(1, 4)})
    {'lower': 0.25, 'upper': 2.25}
    >>> edges.enclose({"c": Fraction(1, 2)}, 15)["upper"].radius < 1e-15
    True
    >>> SpectralSystem(lambda point: marchenko_pastur(point["c"]), {"below": lambda law, x: law.cdf(float(x))}).solve(
    ...     {"c": Fraction(1, 4), "x": 3}
    ... )
    {'below': 1.0}
    """

    law: Callable[[Mapping[str, Any]], Law]
    read: Mapping[str, Callable[..., Any]]
    formulas: Mapping[str, str] = field(default_factory=dict)

    @property
    def outputs(self) -> tuple[str, ...] | dict[str, Any]:
        """Names of the quantities, with their formulas if they have some."""
        from sympy import Symbol

        return {name: Symbol(self.formulas[name]) for name in self.read} if self.formulas else tuple(self.read)

    def only(self, names: Collection[str]) -> SpectralSystem:
        """The system with the named quantities; what is not read costs nothing and cannot fail."""
        return replace(self, read={name: read for name, read in self.read.items() if name in names})

    def solve(self, point: Mapping[str, Any]) -> dict[str, float]:
        """Floating-point outputs."""
        return {name: float(value) for name, value in self.enclose(point).items()}

    def enclose(self, point: Mapping[str, Any], digits: int = 15) -> dict[str, Value]:
        """Outputs with their evidence (edges and exact numbers carry more digits than are asked for)."""
        law = self.law(point)
        return {name: _value(read(law, **_named(read, point))) for name, read in self.read.items()}


def _named(read: Callable[..., Any], point: Mapping[str, Any]) -> dict[str, Any]:
    """The parameters of the point that a reading names after the law."""
    wanted = list(inspect.signature(read).parameters.values())[1:]
    return {p.name: point[p.name] for p in wanted if p.default is p.empty}


def _value(found: Any) -> Value:
    return found if isinstance(found, Value) else Value.from_rational(found)
