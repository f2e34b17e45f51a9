r"""Moments of functions given as text: ``moment("relu(x)*relu(y)")``.

The text is parsed into a sum of products of functions of linear forms in x and y; each distinct form is a Gaussian
letter, so that ``relu(x + y)*x`` needs nothing special.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.gaussian.activations import activation, activation_names
from rmtsym.gaussian.closed_form import closed_form
from rmtsym.gaussian.expectations import RHO, SIGMA_X, SIGMA_Y, TAU, expectation, kernel
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.moments import Moment
from rmtsym.parsing import parse_expression, parse_number

__all__ = ["moment"]

Direction = tuple[sp.Expr, sp.Expr]
_X, _Y = (sp.S.One, sp.S.Zero), (sp.S.Zero, sp.S.One)
_CONSTANTS = {"pi": sp.pi}
_TAKEN = ("x", "y", "rho", *_CONSTANTS, "nan", "inf")  # what a name cannot stand for


class _Expansion:
    """Sum of products of functions of linear forms: ``{direction: function}`` to coefficient, plus the form itself."""

    def __init__(self, terms: list[tuple[sp.Expr, dict[Direction, Function]]], form: Any = None) -> None:
        self.terms = terms
        self.form: tuple[sp.Expr, sp.Expr, sp.Expr] | None = form  # a x + b y + c, where it is affine

    @classmethod
    def of(cls, value: Any) -> _Expansion:
        if isinstance(value, _Expansion):
            return value
        number = sp.sympify(value)
        return cls([(number, {})] if number != 0 else [], (sp.S.Zero, sp.S.Zero, number))

    @classmethod
    def affine(cls, a: sp.Expr, b: sp.Expr, c: sp.Expr) -> _Expansion:
        terms: list[tuple[sp.Expr, dict[Direction, Function]]] = []
        for weight, direction in ((a, _X), (b, _Y)):
            if weight != 0:
                terms.append((weight, {direction: activation("linear")}))
        if c != 0:
            terms.append((c, {}))
        return cls(terms, (a, b, c))

    def __add__(self, other: Any) -> _Expansion:
        right = _Expansion.of(other)
        if self.form and right.form:
            return _Expansion.affine(*(p + q for p, q in zip(self.form, right.form, strict=True)))
        return _Expansion(self.terms + right.terms)

    __radd__ = __add__

    def __neg__(self) -> _Expansion:
        return self * -1

    def __sub__(self, other: Any) -> _Expansion:
        return self + (-_Expansion.of(other))

    def __rsub__(self, other: Any) -> _Expansion:
        return _Expansion.of(other) - self

    def __mul__(self, other: Any) -> _Expansion:
        right = _Expansion.of(other)
        for one, two in ((self, right), (right, self)):
            if one.form and one.form[0] == 0 == one.form[1] and two.form:
                return _Expansion.affine(*(one.form[2] * p for p in two.form))
        product = []
        for c, f in self.terms:
            for d, g in right.terms:
                merged = dict(f)
                for direction, function in g.items():
                    merged[direction] = merged[direction] * function if direction in merged else function
                product.append((c * d, merged))
        return _Expansion(product)

    __rmul__ = __mul__

    def __truediv__(self, other: Any) -> _Expansion:
        right = _Expansion.of(other)
        if not right.form or right.form[0] != 0 or right.form[1] != 0:
            raise UnsupportedModel("division by a function of x or y is not in the calculus")
        if right.form[2] == 0:
            raise DomainError("denominator", 0, "a non-zero number")
        return self * (1 / right.form[2])

    def __rtruediv__(self, other: Any) -> _Expansion:
        return _Expansion.of(other) / self

    def __pow__(self, other: Any) -> _Expansion:
        exponent = _Expansion.of(other).form
        number = exponent[2] if exponent and exponent[0] == 0 == exponent[1] else None
        if number is not None and number.is_number and abs(number) > 64:
            raise DomainError("exponent", number, "at most 64 in size")
        if self.form and self.form[0] == 0 == self.form[1] and number is not None:
            return _Expansion.of(self.form[2] ** number)
        if number is None or not number.is_Integer or number < 0:
            shown = "a function of x or y" if number is None else number
            raise DomainError("exponent", shown, "a whole number from 0 to 64")
        result = _Expansion.of(1)
        for _ in range(int(number)):
            result = result * self
        return result


def _applied(name: str) -> Callable[..., _Expansion]:
    def apply(argument: Any, *parameters: Any) -> _Expansion:
        values = []
        for parameter in parameters:
            form = _Expansion.of(parameter).form
            if form is None or form[0] != 0 or form[1] != 0:
                raise DomainError(f"parameter of {name}", "a function of x", "a number or a parameter")
            values.append(form[2])
        form = _Expansion.of(argument).form
        if form is None:
            raise UnsupportedModel(f"the argument of {name} must be affine in x and y")
        a, b, c = form
        try:
            f = activation(name, *values)
        except DomainError as error:
            subject = error.argument if name in error.argument else f"{error.argument} of {name}"
            raise DomainError(subject, error.value, error.domain, error.hint) from None
        if a == 0 and b == 0:
            return _Expansion.of(f.affine(0, c).definition)
        lead = a if a != 0 else b
        direction = (a / lead, b / lead)
        return _Expansion([(sp.S.One, {direction: f.affine(lead, c)})])

    return apply


def _functions() -> dict[str, Callable[..., _Expansion]]:
    table = {name: _applied(name) for name in activation_names()}
    return table | {"Phi": table["normal"], "sqrt": lambda value: _Expansion.of(value) ** sp.S.Half}


def moment(
    text: str,
    variance: Any = None,
    correlation: Any = None,
    parameters: Mapping[str, Any] | None = None,
) -> Moment:
    r"""Gaussian moment of an expression in x, or in x and y, given as text.

    Parameters
    ----------
    text : str
        Sums, products and whole powers of activations by name, e.g. ``"relu(x)*relu(y)"``, ``"erf(2*x+1)^2"``,
        ``"clip(x, -s, s)"``; activations with parameters take them after the argument.
    variance : number, name, or pair, optional
        Variance of x (and of y); a name stands for a positive symbol.  Left open by default: ``tau``, or the
        deviations ``sigma_x``, ``sigma_y``.
    correlation : number, optional
        Correlation of x and y in [-1, 1]; ``rho`` by default.
    parameters : mapping, optional
        Names allowed in the text: ``"positive"``, ``"real"``, or a number.

    Returns
    -------
    Moment
        With closed form, LaTeX, value, certificate, ``to_dict()``.

    Raises
    ------
    ParseError, UnknownName, DomainError
        For text outside the grammar, unknown names, values outside the domain.

    Examples
    --------
    >>> moment("relu(x)*relu(y)", variance=1).expr
    rho*asin(rho)/(2*pi) + rho/4 + sqrt(1 - rho**2)/(2*pi)
    >>> moment("sign(x)*x", variance="t").expr
    sqrt(2)*sqrt(t)/sqrt(pi)
    """
    names: dict[str, Any] = {"x": _Expansion.affine(*_X, sp.S.Zero), "y": _Expansion.affine(*_Y, sp.S.Zero)}
    names |= {name: _Expansion.of(value) for name, value in _CONSTANTS.items()}
    names |= {name: _Expansion.of(_parameter(name, kind)) for name, kind in (parameters or {}).items()}
    parsed = _Expansion.of(parse_expression(text, names, _functions(), _number))
    letters = sorted({d for _, factors in parsed.terms for d in factors}, key=lambda d: (d != _X, d != _Y, str(d)))
    both = any(d[1] != 0 for d in letters)
    vx, vy = _variances(variance, both)
    rho = RHO if correlation is None else _given(correlation, "correlation")
    if rho.is_number and not -1 <= rho <= 1:
        raise DomainError("correlation", rho, "-1 <= correlation <= 1")
    found = _assembled(parsed, letters, vx, vy, rho)
    return Moment(found.terms, found.mean, found.covariance, found.expr, rf"\mathbb{{E}}\left[{_latex(parsed)}\right]")


def _number(value: Fraction) -> _Expansion:
    return _Expansion.of(sp.Rational(value.numerator, value.denominator))


def _named(name: str, argument: str, **assumptions: bool) -> sp.Symbol:
    """Symbol of a name that has no other meaning."""
    if not name.isidentifier() or name in _TAKEN:
        raise DomainError(argument, repr(name), f"a name other than {', '.join(_TAKEN)}", "write s or t")
    return sp.Symbol(name, **assumptions)


def _parameter(name: str, kind: Any) -> sp.Expr:
    if kind in ("positive", "real"):
        return _named(name, "symbol", **{kind: True})
    return _given(kind, name)


def _given(value: Any, name: str) -> sp.Expr:
    if isinstance(value, str):
        number = parse_number(value, name)
        return sp.Rational(number.numerator, number.denominator)
    if isinstance(value, Fraction):
        return sp.Rational(value.numerator, value.denominator)
    return sp.Rational(str(value)) if isinstance(value, float) else sp.sympify(value)


def _variances(variance: Any, both: bool) -> tuple[sp.Expr, sp.Expr]:
    if variance is None:
        return (SIGMA_X**2, SIGMA_Y**2) if both else (TAU, TAU)
    if isinstance(variance, str) and "," in variance:
        variance = tuple(variance.split(","))
    pair = variance if isinstance(variance, (tuple, list)) else (variance, variance)
    if len(pair) != 2:
        shown = ", ".join(str(value).strip() for value in pair)
        raise DomainError("variance", shown, "one number, or two for x and y")
    result = []
    for value in pair:
        if isinstance(value, str) and value.strip().isidentifier():
            result.append(_named(value.strip(), "variance", positive=True))
        else:
            result.append(_given(value, "variance"))
        if result[-1].is_number and not result[-1].is_positive:
            raise DomainError("variance", value, "variance > 0")
    return result[0], result[1]


def _assembled(parsed: _Expansion, letters: list[Direction], vx: sp.Expr, vy: sp.Expr, rho: sp.Expr) -> Moment:
    zero, one = sp.S.Zero, activation("polynomial", 1)
    sx, sy = sp.sqrt(vx), sp.sqrt(vy)
    base = sp.Matrix([[vx, rho * sx * sy], [rho * sx * sy, vy]])
    if not letters:
        letters = [_X]
    rows = sp.Matrix([[*d] for d in letters])
    covariance = (rows * base * rows.T).applyfunc(sp.expand)
    terms = [(c, tuple(factors.get(d, one) for d in letters)) for c, factors in parsed.terms]
    if not terms:
        terms = [(zero, tuple(one for _ in letters))]
    total: sp.Expr | None = zero
    for c, factors in terms:
        part = _closed(factors, letters, covariance, (sx, sy), rho)
        total = None if part is None or total is None else total + c * part
    matrix = tuple(tuple(covariance[i, j] for j in range(len(letters))) for i in range(len(letters)))
    return Moment(tuple(terms), (zero,) * len(letters), matrix, total)


def _closed(
    factors: tuple[Function, ...], letters: list[Direction], covariance: sp.Matrix, deviations: Any, rho: sp.Expr
) -> sp.Expr | None:
    if letters == [_X] or letters == [_Y]:
        return expectation(factors[0], covariance[0, 0]).expr
    if letters == [_X, _Y]:
        return kernel(factors[0], factors[1], deviations=deviations, correlation=rho).expr
    try:
        return closed_form(factors, [0] * len(letters), covariance.tolist())
    except UnsupportedModel:
        return None


def _latex(parsed: _Expansion) -> str:
    x, y = sp.Symbol("x", real=True), sp.Symbol("y", real=True)
    from rmtsym.gaussian.pieces import T

    total = sp.S.Zero
    for c, factors in parsed.terms:
        product = c
        for (a, b), f in factors.items():
            product *= f.definition.xreplace({T: a * x + b * y})
        total += product
    return sp.latex(total)


def function_of_text(text: str, parameters: Mapping[str, Any] | None = None) -> Function:
    """The function of one variable ``x`` that a text stands for, to be used as an activation."""
    names: dict[str, Any] = {"x": _Expansion.affine(*_X, sp.S.Zero), "pi": _Expansion.of(sp.pi)}
    names |= {name: _Expansion.of(_parameter(name, kind)) for name, kind in (parameters or {}).items()}
    parsed = parse_expression(text, names, _functions(), _number)
    result = Function.constant(0)
    for c, factors in _Expansion.of(parsed).terms:
        part = Function.constant(c)
        for f in factors.values():
            part = part * f
        result = result + part
    return result
