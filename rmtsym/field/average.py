"""Averages over a spectral measure, as sympy objects.

``Average(f, nu)`` stands for the expectation of ``f`` over the letters of the measure ``nu``; the letters are bound.
Statements of theorems and results of the engine are written with it; numbers come from :mod:`rmtsym.field.evaluate`
once the measure is bound to atoms.
"""

from __future__ import annotations

from typing import Any

import sympy as sp

__all__ = ["Average", "SpectralMeasure"]


class SpectralMeasure(sp.Basic):
    """Name of a joint law of spectral letters, e.g. ``SpectralMeasure("nu", s, b)``.

    Parameters
    ----------
    name : str
        Name under which numbers are bound to it.
    letters : sympy.Symbol
        Spectral variables; bound inside every :class:`Average` over this measure.
    """

    def __new__(cls, name: str | sp.Symbol, *letters: sp.Symbol) -> SpectralMeasure:
        symbol = name if isinstance(name, sp.Symbol) else sp.Symbol(str(name))
        return super().__new__(cls, symbol, *letters)

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def letters(self) -> tuple[sp.Symbol, ...]:
        return tuple(self.args[1:])  # type: ignore[return-value]

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        return set()

    def _latex(self, printer: Any) -> str:
        return str(printer._print(self.args[0]))

    def _sympystr(self, printer: Any) -> str:
        return self.name


class Average(sp.Expr):
    r"""Expectation :math:`\mathbb{E}_\nu[f]` of a function of the letters of ``nu``.

    >>> s, kappa = sp.symbols("s kappa", positive=True)
    >>> nu = SpectralMeasure("nu", s)
    >>> Average(s / (s + kappa), nu).diff(kappa)
    -E_nu[s/(kappa + s)**2]
    """

    is_commutative = True

    def __new__(cls, integrand: Any, measure: SpectralMeasure) -> sp.Expr:  # type: ignore[misc]
        integrand = sp.sympify(integrand)
        if not integrand.free_symbols & set(measure.letters):
            return integrand  # the average of a constant
        outer, inner = integrand.as_independent(*measure.letters, as_Add=False)
        if outer != 1:
            return outer * cls(inner, measure)
        return super().__new__(cls, integrand, measure)

    @property
    def integrand(self) -> sp.Expr:
        return self.args[0]  # type: ignore[return-value]

    @property
    def measure(self) -> SpectralMeasure:
        return self.args[1]  # type: ignore[return-value]

    @property
    def bound_symbols(self) -> list[sp.Symbol]:
        return list(self.measure.letters)

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        return self.integrand.free_symbols - set(self.measure.letters)

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        return Average(self.integrand.diff(symbol), self.measure)

    def _eval_subs(self, old: sp.Basic, new: sp.Basic) -> sp.Expr | None:
        if old in self.measure.letters:
            return self  # bound
        return None

    def _eval_is_extended_real(self) -> bool | None:
        return self.integrand.is_extended_real

    def _eval_is_extended_positive(self) -> bool | None:
        return self.integrand.is_extended_positive

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        measure, body = printer._print(self.measure), printer._print(self.integrand)
        text = rf"\mathbb{{E}}_{{{measure}}}\!\left[{body}\right]"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"E_{self.measure.name}[{printer._print(self.integrand)}]"
