"""Polynomials of curves: read from text, sympy and flint, written to sympy, their roots and values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

from flint import acb, arb, fmpq, fmpq_mpoly, fmpq_mpoly_ctx, fmpq_poly

from rmtsym.errors import DomainError
from rmtsym.parsing import parse_expression


def rational(value: Any, argument: str = "value") -> fmpq:
    """Exact rational of an integer, fraction, text (``"1/3"``) or finite float.

    >>> rational("3/10"), rational(0.5)
    (3/10, 1/2)
    """
    if isinstance(value, fmpq):
        return value
    try:
        exact = Fraction(value) if not hasattr(value, "p") else Fraction(int(value.p), int(value.q))
    except (ValueError, TypeError, OverflowError):
        raise DomainError(argument, value, "a finite rational number", "write 1/2 or 0.5") from None
    return fmpq(exact.numerator, exact.denominator)


def to_fraction(value: fmpq) -> Fraction:
    return Fraction(int(value.p), int(value.q))


def parse_polynomial(text: str, first: tuple[str, str]) -> fmpq_mpoly:
    """Polynomial in the two named variables and, after them in the alphabet's order, in its parameters."""
    import sympy as sp

    names = {word for word in re.findall(r"[A-Za-z_]\w*", text)}
    expression = parse_expression(
        text, {n: sp.Symbol(n) for n in names}, {}, lambda q: sp.Rational(q.numerator, q.denominator)
    )
    return from_sympy(expression, first)


def from_sympy(source: Any, first: tuple[str, str]) -> fmpq_mpoly:
    import sympy as sp

    expression = source.as_expr() if hasattr(source, "as_expr") else sp.sympify(source)
    shown = f"a polynomial in {first[0]} and {first[1]}"
    if not isinstance(expression, sp.Expr) or expression.has(sp.nan, sp.zoo, sp.oo):
        raise DomainError("curve", source, f"{shown} with finite coefficients", "remove NaN and infinities")
    by_name = {s.name: s for s in expression.free_symbols}
    context = fmpq_mpoly_ctx.get((*first, *sorted(set(by_name) - set(first))), "lex")
    generators = [by_name.get(n, sp.Symbol(n)) for n in context.names()]
    try:
        poly = sp.Poly(expression, *generators, domain="QQ")
    except (sp.PolynomialError, sp.CoercionFailed):
        raise DomainError("curve", source, f"{shown} with rational coefficients", "clear the denominators") from None
    return context.from_dict({e: fmpq(int(c.p), int(c.q)) for e, c in poly.terms()})


def primitive(poly: fmpq_mpoly) -> fmpq_mpoly:
    """Integer coefficients without common factor, leading one positive."""
    _, factors = poly.factor()
    result = poly.context().constant(1)
    for factor, power in factors:
        result *= factor**power
    return result if result.leading_coefficient() > 0 else -result


def univariate(poly: fmpq_mpoly, index: int) -> fmpq_poly:
    degree = int(poly.degrees()[index]) if not poly.is_zero() else 0
    coefficients = [fmpq(0)] * (max(degree, 0) + 1)
    for exponents, c in poly.to_dict().items():
        coefficients[int(exponents[index])] += c
    return fmpq_poly(coefficients)


def to_sympy(poly: fmpq_mpoly) -> Any:
    import sympy as sp

    symbols = [sp.Symbol(n) for n in poly.context().names()]
    terms = []
    for exponents, c in sorted(poly.to_dict().items(), reverse=True):
        monomial = sp.Integer(1)
        for s, e in zip(symbols, exponents, strict=True):
            monomial *= s ** int(e)
        terms.append(sp.Rational(int(c.p), int(c.q)) * monomial)
    return sp.Add(*terms)


def to_sympy_fraction(numerator: fmpq_mpoly, denominator: fmpq_mpoly) -> Any:
    return to_sympy(numerator) / to_sympy(denominator)


def series_inverse(series: fmpq_poly, prec: int) -> fmpq_poly:
    """1/series to order ``u^prec``; the constant term must not vanish."""
    inverse, known = fmpq_poly([1 / series[0]]), 1
    while known < prec:
        known = min(2 * known, prec)
        inverse = inverse.mul_low(2 - series.mul_low(inverse, known), known)
    return inverse


def complex_roots(poly: fmpq_poly) -> list[acb]:
    """Enclosed roots, each once, at the working precision."""
    pairs: list[Any] = poly.numer().complex_roots()
    return [root for root, _ in pairs]


def rational_roots(poly: fmpq_poly) -> list[tuple[fmpq, int]]:
    """Rational roots with their multiplicities, in order."""
    if poly.degree() < 1:
        return []
    return sorted((-f[0] / f[1], k) for f, k in poly.factor()[1] if f.degree() == 1)


def evaluate_rows(rows: Sequence[Sequence[Any]], x: Any, t: Any) -> tuple[Any, Any, Any]:
    """F, F_x and F_t of ``F = sum rows[i][j] x^i t^j`` at balls x, t, by Horner's rule."""
    value = slope = along = acb(0)
    for row in reversed(rows):
        inner = inner_t = acb(0)
        for c in reversed(row):
            inner_t = inner_t * t + inner
            inner = inner * t + c
        slope = slope * x + value
        value = value * x + inner
        along = along * x + inner_t
    return value, slope, along


def row_of(table: Mapping[tuple[int, int], fmpq], power_of_u: int) -> list[fmpq]:
    found = {i: c for (i, j), c in table.items() if j == power_of_u}
    return [found.get(i, fmpq(0)) for i in range(max(found, default=0) + 1)]


def rows_of(table: Mapping[tuple[int, int], fmpq]) -> list[list[fmpq]]:
    """For each power of the first variable, the coefficients in the second."""
    rows: list[list[fmpq]] = [[] for _ in range(max(i for i, _ in table) + 1)]
    for (i, j), c in table.items():
        rows[i] += [fmpq(0)] * (j + 1 - len(rows[i]))
        rows[i][j] = c
    return rows


def ball_rows(table: Mapping[tuple[int, int], fmpq]) -> list[list[arb]]:
    """The table as balls at the current precision."""
    return [[arb(c) for c in row] for row in rows_of(table)]
