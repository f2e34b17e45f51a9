"""A Gaussian moment together with its evidence: closed form, value, certificate."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import TYPE_CHECKING, Any

import sympy as sp

from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.field.value import Value
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.pieces import T

if TYPE_CHECKING:
    from rmtsym.gaussian.certificate import Certificate
    from rmtsym.gaussian.numeric import ClosedFunction

__all__ = ["Moment"]

#: Correlation of the two letters of a kernel.
RHO = sp.Symbol("rho", real=True)

Term = tuple[sp.Expr, tuple[Function, ...]]


@dataclass(frozen=True, eq=False)
class Moment:
    r"""The moment :math:`\sum_k c_k\,E\prod_i f_{ki}(u_i)`, :math:`u\sim N(\mu,\Sigma)`.

    Parameters
    ----------
    terms : tuple of (coefficient, functions)
        The definition; one function per letter.
    mean, covariance : symbolic law of the letters
    expr : sympy expression or None
        Closed form; None where there is none.
    definition : str
        LaTeX of the left-hand side.
    """

    terms: tuple[Term, ...]
    mean: tuple[sp.Expr, ...]
    covariance: tuple[tuple[sp.Expr, ...], ...]
    expr: sp.Expr | None
    definition: str = ""

    @property
    def name(self) -> str:
        return " + ".join(" * ".join(f.name for f in factors) for _, factors in self.terms)

    @property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """Free symbols of the moment, sorted by name."""
        found: set[sp.Symbol] = set()
        for coefficient, factors in self.terms:
            found |= coefficient.free_symbols
            for f in factors:
                found |= f.definition.free_symbols - {T}
        for entry in (*self.mean, *(c for row in self.covariance for c in row)):
            found |= entry.free_symbols
        return tuple(sorted(found, key=str))

    @property
    def factors(self) -> tuple[Function, ...]:
        """The functions of a moment with a single term."""
        ((_, factors),) = self.terms
        return factors

    def latex(self) -> str:
        """Definition and closed form."""
        if self.expr is None:
            return self.definition
        return f"{self.definition} = {sp.latex(self.expr)}"

    def value(self, point: Mapping[Any, Any] | None = None, digits: int = 15) -> Value:
        """Enclosed value at a point: from the closed form, else by rigorous integration of the definition.

        Parameters
        ----------
        point : mapping
            Symbols (or their names) to exact numbers.
        digits : int
            Relative digits of a closed form, absolute ones (in units of 1) of an integral.

        Raises
        ------
        DomainError
            When a symbol has no number, or one that it cannot have: a negative variance, a correlation above 1.

        Examples
        --------
        >>> from rmtsym.gaussian import kernel
        >>> round(kernel("relu", deviations=("0.8", "1.5"), correlation="0.3").value().value, 12)
        0.289646570301
        """
        from rmtsym.gaussian.certificate import enclosed
        from rmtsym.gaussian.numeric import ball_value

        numbers = self.numbers(point)
        if self.expr is not None:
            try:
                ball = ball_value(self.expr, self.symbols, [numbers[s] for s in self.symbols], digits)
                return Value.from_ball(ball, "closed form in ball arithmetic")
            except NoConvergence:
                pass  # a removable singularity, as at correlation +-1: integrate the definition
        return Value.from_ball(enclosed(self, numbers, digits), "ball integration of the definition")

    def numbers(self, point: Mapping[Any, Any] | None) -> dict[sp.Symbol, Fraction]:
        """Exact numbers of all symbols of the moment."""
        given = {str(key): value for key, value in (point or {}).items()}
        unbound = [str(s) for s in self.symbols if str(s) not in given]
        if unbound:
            raise DomainError(", ".join(unbound), "unbound", "a number for every symbol", "give it in the point")
        numbers = {s: as_fraction(given[str(s)], str(s)) for s in self.symbols}
        for symbol, number in numbers.items():
            if symbol.is_positive and number < 0:
                raise DomainError(str(symbol), number, f"{symbol} >= 0")
            if symbol == RHO and abs(number) > 1:
                raise DomainError(str(symbol), number, f"-1 <= {symbol} <= 1")
        return numbers

    def function(self, *symbols: sp.Symbol) -> ClosedFunction:
        """Vectorised doubles of the closed form, correct to 1e-13; arguments in the order of ``symbols``."""
        from rmtsym.gaussian.numeric import ClosedFunction

        if self.expr is None:
            raise UnsupportedModel(f"{self.name} has no closed form; use rmtsym.gaussian.kernel_values")
        return ClosedFunction(self.expr, symbols or self.symbols)

    def mpmath(self, *values: Any, dps: int = 30) -> Any:
        """The closed form in mpmath; values in the order of ``symbols``."""
        from rmtsym.field.evaluate import MP
        from rmtsym.gaussian.tape import tape

        if self.expr is None:
            raise UnsupportedModel(f"{self.name} has no closed form")
        with MP(dps) as system:
            return tape(self.expr, self.symbols).run(system, values)

    @cached_property
    def certificate(self) -> Certificate:
        """The closed form compared with the rigorous integral of its definition."""
        from rmtsym.gaussian.certificate import certify

        return certify(self)

    def to_dict(self, point: Mapping[Any, Any] | None = None, digits: int = 15) -> dict[str, Any]:
        """Everything as plain data: closed form, LaTeX, value (where all symbols have numbers), certificate."""
        result: dict[str, Any] = {
            "definition": self.definition,
            "closed_form": None if self.expr is None else str(self.expr),
            "latex": self.latex(),
            "symbols": [str(s) for s in self.symbols],
            "certificate": self.certificate.to_dict() if self.expr is not None else None,
        }
        if set(map(str, self.symbols)) <= {str(key) for key in (point or {})}:
            value = self.value(point, digits)
            result["value"] = {
                "value": value.value if math.isfinite(abs(value.value)) else None,
                "radius": value.radius if math.isfinite(value.radius) else None,
                "digits": None if value.radius == 0 else value.digits,
                "status": value.status,
                "method": value.method,
                "decimal": decimal(value.ball, digits),
            }
        return result


def decimal(ball: Any, digits: int) -> str:
    """Decimal text of a ball, only digits that are certain."""
    return ball.str(digits, radius=False)


def as_fraction(value: Any, name: str = "value") -> Fraction:
    """Exact fraction of a number; decimals in text or floats are read as written."""
    try:
        if isinstance(value, float):
            return Fraction(str(value))
        if isinstance(value, sp.Expr):
            return Fraction(int(value.p), int(value.q))  # type: ignore[attr-defined]
        return Fraction(value)
    except (ValueError, TypeError, AttributeError, ZeroDivisionError):
        raise DomainError(name, value, "a decimal or a fraction") from None


def law_of(
    mean: Sequence[sp.Expr], covariance: Sequence[Sequence[sp.Expr]], numbers: Mapping[sp.Symbol, Fraction]
) -> tuple[list[sp.Expr], list[list[sp.Expr]]]:
    """Mean and covariance with numbers put in."""
    table = {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.items()}
    return [sp.sympify(m).xreplace(table) for m in mean], [
        [sp.sympify(c).xreplace(table) for c in r] for r in covariance
    ]
