"""Exact rational functions over the rationals, on python-flint.

A :class:`Field` is the field of rational functions in a fixed list of sympy symbols; a :class:`Frac` is one of its
elements, a quotient of two coprime polynomials with monic denominator, so that equal functions are equal objects.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import cached_property
from typing import Any

import sympy as sp
from flint import Ordering, fmpq, fmpq_mpoly, fmpq_mpoly_ctx

from rmtsym.errors import DomainError, UnknownName

__all__ = ["Field", "Frac"]


class Field:
    """Rational functions in the given symbols with rational coefficients.

    Parameters
    ----------
    symbols : iterable of sympy.Symbol
        Generators; two symbols of one name and different assumptions are different generators.

    Examples
    --------
    >>> x, y = sp.symbols("x y")
    >>> field = Field([x, y])
    >>> field((x**2 - y**2) / (x - y))
    x + y
    """

    def __init__(self, symbols: Iterable[sp.Symbol]) -> None:
        self.symbols = tuple(dict.fromkeys(symbols))
        self.context = fmpq_mpoly_ctx.get([f"x{i}" for i in range(len(self.symbols))], Ordering.degrevlex)
        self._index = {s: i for i, s in enumerate(self.symbols)}
        self._one = self.context.constant(1)
        self.zero = Frac(self, self.context.constant(0), self._one)
        self.one = Frac(self, self._one, self._one)

    @cached_property
    def generators(self) -> dict[sp.Symbol, Frac]:
        return {s: Frac(self, g, self._one) for s, g in zip(self.symbols, self.context.gens(), strict=True)}

    def index(self, symbol: sp.Symbol) -> int:
        """Position of a generator."""
        try:
            return self._index[symbol]
        except KeyError:
            raise UnknownName("generator", str(symbol), map(str, self.symbols)) from None

    def gen(self, symbol: sp.Symbol) -> Frac:
        """A generator as an element."""
        return self.generators[self.symbols[self.index(symbol)]]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._index

    def __call__(self, value: Any) -> Frac:
        """Element of a number, a sympy expression or an element of another field on fewer symbols.

        Raises
        ------
        DomainError
            If the expression is not a rational function of the generators.
        """
        if isinstance(value, Frac):
            return value if value.field is self else self._convert(value)
        if isinstance(value, (int, Fraction)):
            return Frac(self, self.context.constant(_fmpq(value)), self._one)
        return self._from_sympy(sp.sympify(value))

    def extend(self, symbols: Iterable[sp.Symbol]) -> Field:
        """The field with more generators."""
        return Field((*self.symbols, *symbols))

    def polynomial(self, terms: Mapping[tuple[int, ...], Any]) -> fmpq_mpoly:
        """Polynomial of a mapping from exponents to coefficients."""
        return self.context.from_dict(dict(terms))

    def fraction(self, num: fmpq_mpoly, den: fmpq_mpoly) -> Frac:
        """Reduced quotient of two polynomials of this field."""
        if not den:
            raise ZeroDivisionError("zero denominator")
        if not num:
            return self.zero
        if not den.is_constant():
            common = num.gcd(den)
            if not common.is_one():
                num, den = num // common, den // common
        lead = den.leading_coefficient()
        if lead != 1:
            num, den = num / lead, den / lead
        return Frac(self, num, den)

    def _convert(self, value: Frac) -> Frac:
        positions = [(i, s) for i, s in enumerate(value.field.symbols)]
        used = value.used
        target = {i: self.index(s) for i, s in positions if i in used}
        return self.fraction(self._move(value.num, target), self._move(value.den, target))

    def _move(self, poly: fmpq_mpoly, target: Mapping[int, int]) -> fmpq_mpoly:
        size = len(self.symbols)
        moved = {}
        for exponents, coefficient in poly.to_dict().items():
            new = [0] * size
            for i, j in target.items():
                new[j] = exponents[i]
            moved[tuple(new)] = coefficient
        return self.context.from_dict(moved)

    def _from_sympy(self, expr: sp.Basic) -> Frac:
        if expr in self._index:
            return self.generators[expr]  # type: ignore[index]
        if isinstance(expr, sp.Rational):
            return self(Fraction(int(expr.p), int(expr.q)))
        if isinstance(expr, sp.Add):
            total = self.zero
            for arg in expr.args:
                total = total + self._from_sympy(arg)
            return total
        if isinstance(expr, sp.Mul):
            product = self.one
            for arg in expr.args:
                product = product * self._from_sympy(arg)
            return product
        if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Integer):
            return self._from_sympy(expr.base) ** int(expr.exp)
        known = ", ".join(map(str, self.symbols)) or "no symbol"
        raise DomainError("expression", expr, f"rational functions of {known}", "declare the symbol or remove it")


class Frac:
    """Quotient of coprime polynomials with monic denominator; made by a :class:`Field`.

    >>> x, y = sp.symbols("x y")
    >>> f = Field([x, y])(1 / (1 + x * y))
    >>> f.diff(x)
    -y/(x*y + 1)**2
    >>> f.subs({x: 1 / f})
    1/(x*y**2 + y + 1)
    """

    __slots__ = ("_hash", "den", "field", "num")

    def __init__(self, field: Field, num: fmpq_mpoly, den: fmpq_mpoly) -> None:
        self.field, self.num, self.den = field, num, den
        self._hash: int | None = None

    # ----------------------------------------------------------------------------------------------- arithmetic

    def _other(self, other: Any) -> Frac:
        return other if isinstance(other, Frac) and other.field is self.field else self.field(other)

    def __bool__(self) -> bool:
        return bool(self.num)

    @property
    def is_zero(self) -> bool:
        return not self.num

    @property
    def is_one(self) -> bool:
        return self.num.is_one() and self.den.is_one()

    @property
    def is_constant(self) -> bool:
        return self.num.is_constant() and self.den.is_constant()

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Frac):
            if not isinstance(other, (int, Fraction)):
                return NotImplemented
            other = self.field(other)
        if other.field is not self.field:
            return self.field.symbols == other.field.symbols and str(self) == str(other)
        return self.num == other.num and self.den == other.den

    def __hash__(self) -> int:
        if self._hash is None:
            parts = (self.num, self.den)
            self._hash = hash(tuple(tuple((e, str(c)) for e, c in p.terms()) for p in parts))
        return self._hash

    def __neg__(self) -> Frac:
        return Frac(self.field, -self.num, self.den)

    def __add__(self, other: Any) -> Frac:
        other = self._other(other)
        if not self.num:
            return other
        if not other.num:
            return self
        if self.den == other.den:
            if self.den.is_one():
                return Frac(self.field, self.num + other.num, self.den)
            return self.field.fraction(self.num + other.num, self.den)
        common = self.den.gcd(other.den)
        left, right = self.den // common, other.den // common
        num = self.num * right + other.num * left
        if not num:
            return self.field.zero
        if not common.is_one():
            shared = num.gcd(common)  # only factors of the common part can cancel
            if not shared.is_one():
                num, common = num // shared, common // shared
        return Frac(self.field, num, left * right * common)

    __radd__ = __add__

    def __sub__(self, other: Any) -> Frac:
        return self + (-self._other(other))

    def __rsub__(self, other: Any) -> Frac:
        return self._other(other) + (-self)

    def __mul__(self, other: Any) -> Frac:
        other = self._other(other)
        if not self.num or not other.num:
            return self.field.zero
        a, b, c, d = self.num, self.den, other.num, other.den
        if not d.is_constant() and not a.is_constant():
            common = a.gcd(d)
            if not common.is_one():
                a, d = a // common, d // common
        if not b.is_constant() and not c.is_constant():
            common = c.gcd(b)
            if not common.is_one():
                c, b = c // common, b // common
        return Frac(self.field, a * c, b * d)

    __rmul__ = __mul__

    def inverse(self) -> Frac:
        if not self.num:
            raise ZeroDivisionError("inverse of zero")
        lead = self.num.leading_coefficient()
        return Frac(self.field, self.den / lead, self.num / lead)

    def __truediv__(self, other: Any) -> Frac:
        return self * self._other(other).inverse()

    def __rtruediv__(self, other: Any) -> Frac:
        return self._other(other) * self.inverse()

    def __pow__(self, exponent: int) -> Frac:
        if exponent < 0:
            return self.inverse() ** (-exponent)
        return Frac(self.field, self.num**exponent, self.den**exponent)

    # ------------------------------------------------------------------------------------------------- calculus

    def diff(self, symbol: sp.Symbol) -> Frac:
        """Partial derivative."""
        i = self.field.index(symbol)
        if i not in self.used:
            return self.field.zero
        top, bottom = self.num.derivative(i), self.den.derivative(i)
        return self.field.fraction(top * self.den - self.num * bottom, self.den * self.den)

    def subs(self, values: Mapping[sp.Symbol, Any]) -> Frac:
        """Simultaneous substitution of elements for generators.

        Raises
        ------
        ZeroDivisionError
            If the denominator vanishes.
        """
        used = self.used
        chosen = {self.field.index(s): self._other(v) for s, v in values.items() if self.field.index(s) in used}
        if not chosen:
            return self
        top, top_scale = _substitute(self.num, chosen)
        bottom, bottom_scale = _substitute(self.den, chosen)
        field = self.field
        return field.fraction(top, top_scale) / field.fraction(bottom, bottom_scale)

    # ------------------------------------------------------------------------------------------------ structure

    @property
    def used(self) -> set[int]:
        """Positions of the generators that occur."""
        pairs = zip(self.num.degrees(), self.den.degrees(), strict=True)
        return {i for i, (a, b) in enumerate(pairs) if int(a) > 0 or int(b) > 0}

    @property
    def symbols(self) -> set[sp.Symbol]:
        """Generators that occur."""
        return {self.field.symbols[i] for i in self.used}

    def has(self, *symbols: sp.Symbol) -> bool:
        used = self.used
        return any(self.field.index(s) in used for s in symbols)

    @property
    def size(self) -> int:
        """Number of terms of numerator and denominator."""
        return len(self.num) + len(self.den)

    def numerator(self) -> Frac:
        return Frac(self.field, self.num, self.field._one)

    def denominator(self) -> Frac:
        return Frac(self.field, self.den, self.field._one)

    def degree(self, symbol: sp.Symbol) -> int:
        """Degree of the numerator in one generator (0 for the zero function)."""
        return max(0, int(self.num.degrees()[self.field.index(symbol)]))

    def collect(self, symbols: Iterable[sp.Symbol]) -> dict[tuple[int, ...], Frac]:
        """Coefficients of a function that is polynomial in the given symbols, by exponents.

        Raises
        ------
        DomainError
            If the denominator contains one of them.
        """
        chosen = tuple(symbols)
        where = [self.field.index(s) for s in chosen]
        if any(int(self.den.degrees()[i]) > 0 for i in where):
            raise DomainError("function", self, f"polynomials in {', '.join(map(str, chosen))}", "")
        groups: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
        for exponents, coefficient in self.num.terms():
            rest = list(exponents)
            for i in where:
                rest[i] = 0
            groups.setdefault(tuple(int(exponents[i]) for i in where), {})[tuple(rest)] = coefficient
        return {k: self.field.fraction(self.field.polynomial(v), self.den) for k, v in groups.items()}

    def factors(self) -> tuple[Fraction, list[tuple[Frac, int]]]:
        """Constant and irreducible polynomial factors with (possibly negative) multiplicity, canonically sorted."""
        constant = Fraction(1)
        found: list[tuple[Frac, int]] = []
        for poly, sign in ((self.num, 1), (self.den, -1)):
            if not poly:
                return Fraction(0), []
            front, parts = poly.factor()
            value = Fraction(int(front.p), int(front.q))
            for part, multiplicity in parts:
                lead = part.leading_coefficient()
                value *= Fraction(int(lead.p), int(lead.q)) ** int(multiplicity)
                found.append((Frac(self.field, part / lead, self.field._one), sign * int(multiplicity)))
            constant *= value**sign
        found.sort(key=lambda item: (item[0].size, [(list(map(int, e)), str(c)) for e, c in item[0].num.terms()]))
        return constant, found

    def coefficients(self) -> list[tuple[tuple[int, ...], Fraction]]:
        """Terms of the numerator."""
        return [(tuple(map(int, e)), Fraction(int(c.p), int(c.q))) for e, c in self.num.terms()]

    # ------------------------------------------------------------------------------------------------ evaluation

    def modulo(self, values: Mapping[sp.Symbol, int], prime: int) -> int:
        """Value in the prime field.

        Raises
        ------
        ZeroDivisionError
            If the denominator vanishes there.
        """
        row = [values.get(s, 0) for s in self.field.symbols]
        bottom = _modulo(self.den, row, prime)
        if bottom == 0:
            raise ZeroDivisionError("the denominator vanishes in the prime field")
        return _modulo(self.num, row, prime) * pow(bottom, -1, prime) % prime

    def evaluate(self, values: Mapping[sp.Symbol, Any], number: Any = None) -> Any:
        """Value in any number system with ``+ - * /``; ``number`` turns a Fraction into one (default: float)."""
        convert = float if number is None else number
        row = {i: values[self.field.symbols[i]] for i in self.used}
        return _evaluate(self.num, row, convert) / _evaluate(self.den, row, convert)

    # --------------------------------------------------------------------------------------------------- display

    def _poly_sympy(self, poly: fmpq_mpoly) -> sp.Expr:
        terms = []
        for exponents, coefficient in poly.terms():
            powers = [s**e for s, e in zip(self.field.symbols, map(int, exponents), strict=True) if e]
            terms.append(sp.Mul(sp.Rational(int(coefficient.p), int(coefficient.q)), *powers))
        return sp.Add(*terms)

    def to_sympy(self, factor: bool = True) -> sp.Expr:
        """Quotient as a sympy expression, by default with factored numerator and denominator."""
        if not factor:
            return self._poly_sympy(self.num) / self._poly_sympy(self.den)
        constant, parts = self.factors()
        pieces: list[sp.Expr] = []
        for part, multiplicity in parts:
            content = math.lcm(*(c.denominator for _, c in part.coefficients()))  # no fractions inside a factor
            constant /= Fraction(content) ** multiplicity
            if constant < 0 and multiplicity % 2 and len(part.num) > 1 and part.coefficients()[-1][1] < 0:
                content, constant = -content, -constant  # 1 - x rather than -(x - 1)
            pieces.append((part * content)._poly_sympy((part * content).num) ** multiplicity)
        front = sp.Rational(constant.numerator, constant.denominator)
        body = sp.Mul(*pieces)
        if isinstance(body, sp.Add) and front != 1:
            return sp.Mul(front, body, evaluate=False) if front != -1 else -body
        return front * body

    def __repr__(self) -> str:
        return str(self.to_sympy())

    __str__ = __repr__


def _fmpq(value: int | Fraction) -> fmpq:
    return fmpq(value.numerator, value.denominator)


def _substitute(poly: fmpq_mpoly, values: Mapping[int, Frac]) -> tuple[fmpq_mpoly, fmpq_mpoly]:
    """Polynomial with fractions put in, as numerator and (unreduced) denominator."""
    field = next(iter(values.values())).field
    degrees = [max(0, int(d)) for d in poly.degrees()]
    where = sorted(values)
    groups: dict[tuple[int, ...], dict[tuple[int, ...], Any]] = {}
    for exponents, coefficient in poly.terms():
        rest = list(exponents)
        for i in where:
            rest[i] = 0
        groups.setdefault(tuple(int(exponents[i]) for i in where), {})[tuple(rest)] = coefficient
    tops = {i: _powers(values[i].num, degrees[i], field) for i in where}
    bottoms = {i: _powers(values[i].den, degrees[i], field) for i in where}
    total = field.context.constant(0)
    for key, terms in groups.items():
        piece = field.polynomial(terms)
        for i, e in zip(where, key, strict=True):
            piece = piece * tops[i][e] * bottoms[i][degrees[i] - e]
        total = total + piece
    scale = field._one
    for i in where:
        scale = scale * bottoms[i][degrees[i]]
    return total, scale


def _powers(poly: fmpq_mpoly, highest: int, field: Field) -> list[fmpq_mpoly]:
    powers = [field._one]
    for _ in range(highest):
        powers.append(powers[-1] * poly)
    return powers


def _modulo(poly: fmpq_mpoly, row: list[int], prime: int) -> int:
    total = 0
    for exponents, coefficient in poly.terms():
        term = int(coefficient.p) * pow(int(coefficient.q), -1, prime) % prime
        for x, e in zip(row, exponents, strict=True):
            if e:
                term = term * pow(x, int(e), prime) % prime
        total += term
    return total % prime


def _evaluate(poly: fmpq_mpoly, row: Mapping[int, Any], convert: Any) -> Any:
    total: Any = convert(Fraction(0))
    for exponents, coefficient in poly.terms():
        term = convert(Fraction(int(coefficient.p), int(coefficient.q)))
        for i, x in row.items():
            e = int(exponents[i])
            if e:
                term = term * x**e
        total = total + term
    return total
