r"""Functions of one real variable whose Gaussian moments are known in closed form.

A :class:`Function` is a sum of pieces

.. math:: c\; t^n\; e^{lt-\frac12 qt^2}\; 1\{t>b\}\; \prod_j \Phi(\alpha_j t+\beta_j),

closed under sums, products and affine substitution.  Functions without such a form (tanh, softplus, ...) carry no
pieces; they still know how to be evaluated, so that they can be enclosed by ball integration.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any, NamedTuple

import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel

__all__ = ["Function", "Piece", "T"]

T = sp.Symbol("t", real=True)
_ZERO, _ONE = sp.S.Zero, sp.S.One


class Piece(NamedTuple):
    """``t**power * exp(linear*t - quadratic*t**2/2) * 1{t > step} * prod Phi(slope*t + offset)``."""

    power: int = 0
    quadratic: sp.Expr = _ZERO
    linear: sp.Expr = _ZERO
    step: sp.Expr | None = None
    normals: tuple[tuple[sp.Expr, sp.Expr], ...] = ()


Pieces = Mapping[Piece, sp.Expr]


def _collected(pairs: Iterable[tuple[Piece, sp.Expr]]) -> dict[Piece, sp.Expr]:
    result: dict[Piece, sp.Expr] = {}
    for piece, coefficient in pairs:
        result[piece] = result.get(piece, _ZERO) + coefficient
    expanded = ((piece, sp.expand(coefficient)) for piece, coefficient in result.items())
    return {piece: coefficient for piece, coefficient in expanded if coefficient != 0}


@dataclass(frozen=True, eq=False)
class Function:
    r"""A function :math:`f(t)` of one real variable.

    Parameters
    ----------
    definition : sympy expression in ``T``
        What the function is, as one would write it (``Max``, ``Abs``, ``sign``, ``Piecewise`` allowed); certificates
        integrate this, never the pieces.
    pieces : mapping or None
        The same as a sum of pieces; ``None`` if there is no such form.
    breaks : tuple of sympy expressions
        Points where ``f`` is not analytic, in ascending order.
    parity : {"even", "odd", None}
    name : str
    growth : tuple
        ``(A, n, B)`` with :math:`|f(t)|\le A(1+|t|)^n e^{B|t|}` on the line.
    strip : tuple, optional
        ``(a, A, n)``: analytic with :math:`|f(t+is)|\le A(1+|t|)^n` for :math:`|s|\le a`; for functions without pieces.
    """

    definition: sp.Expr
    pieces: Pieces | None = None
    breaks: tuple[sp.Expr, ...] = ()
    parity: str | None = None
    name: str = "f"
    growth: tuple[float, int, float] | None = None
    strip: tuple[float, float, int] | None = None
    numeric: Callable[[Any], Any] | None = field(default=None, repr=False)

    # -- identity -------------------------------------------------------------------------------------------------
    @property
    def key(self) -> str:
        """Canonical text, the same in every process; the cache is keyed by it."""
        if self.pieces is None:
            return f"analytic:{sp.srepr(self.definition)}"
        items = sorted(f"{sp.srepr(sp.Tuple(*_flat(p)))}:{sp.srepr(c)}" for p, c in self.pieces.items())
        return f"pieces:{';'.join(items)}:breaks:{sp.srepr(sp.Tuple(*self.breaks))}"

    @property
    def closed(self) -> bool:
        """Whether the function has pieces, so that its moments may have closed forms."""
        return self.pieces is not None

    @property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        return tuple(sorted(self.definition.free_symbols - {T}, key=str))

    def latex(self, variable: str = "t") -> str:
        return sp.latex(self.definition.xreplace({T: sp.Symbol(variable, real=True)}))

    # -- algebra --------------------------------------------------------------------------------------------------
    @classmethod
    def constant(cls, value: Any) -> Function:
        number = sp.sympify(value)
        bound = float(abs(number)) if number.is_number else None
        growth = None if bound is None else (bound, 0, 0.0)
        return cls(
            number, {Piece(): number} if number != 0 else {}, (), "even", str(number), growth, (1e9, bound or 0, 0)
        )

    def _coerced(self, other: Any) -> Function:
        return other if isinstance(other, Function) else Function.constant(other)

    def __add__(self, other: Any) -> Function:
        g = self._coerced(other)
        pieces = None
        if self.pieces is not None and g.pieces is not None:
            pieces = _collected([*self.pieces.items(), *g.pieces.items()])
        return Function(
            self.definition + g.definition,
            pieces,
            ordered([*self.breaks, *g.breaks]),
            self.parity if self.parity == g.parity else None,
            f"{self.name} + {g.name}",
            _growth_sum(self.growth, g.growth),
            _strip_sum(self.strip, g.strip),
        )

    __radd__ = __add__

    def __mul__(self, other: Any) -> Function:
        g = self._coerced(other)
        pieces = None
        if self.pieces is not None and g.pieces is not None:
            breaks = ordered([*self.breaks, *g.breaks])
            pieces = _collected(
                (_piece_product(p, q, breaks), c * d) for p, c in self.pieces.items() for q, d in g.pieces.items()
            )
        parity = None
        if self.parity and g.parity:
            parity = "even" if self.parity == g.parity else "odd"
        growth = strip = None
        if self.growth and g.growth:
            growth = (self.growth[0] * g.growth[0], self.growth[1] + g.growth[1], self.growth[2] + g.growth[2])
        if self.strip and g.strip:
            strip = (min(self.strip[0], g.strip[0]), self.strip[1] * g.strip[1], self.strip[2] + g.strip[2])
        return Function(
            self.definition * g.definition,
            pieces,
            ordered([*self.breaks, *g.breaks]),
            parity,
            f"({self.name})*({g.name})",
            growth,
            strip,
        )

    __rmul__ = __mul__

    def __neg__(self) -> Function:
        return self * -1

    def __sub__(self, other: Any) -> Function:
        return self + (-self._coerced(other))

    def __rsub__(self, other: Any) -> Function:
        return self._coerced(other) - self

    def __truediv__(self, other: Any) -> Function:
        if isinstance(other, Function):
            raise UnsupportedModel("quotients of functions are not in the calculus; write the inverse as a function")
        return self * (1 / sp.sympify(other))

    def __pow__(self, exponent: int) -> Function:
        if not isinstance(exponent, int) or exponent < 0:
            raise DomainError("exponent", exponent, "a non-negative integer", "only whole powers are in the calculus")
        result = Function.constant(1)
        for _ in range(exponent):
            result = result * self
        return replace(result, name=f"({self.name})**{exponent}") if exponent != 1 else self

    def affine(self, slope: Any, offset: Any = 0) -> Function:
        r"""The function :math:`t\mapsto f(at+b)`; the sign of ``a`` must be known."""
        a, b = sp.sympify(slope), sp.sympify(offset)
        if a == 1 and b == 0:
            return self
        if a == 0:
            return Function.constant(self.definition.xreplace({T: b}))
        if self.breaks and a.is_positive is None:
            raise DomainError("slope", a, "a number or symbol of known sign", "declare the symbol positive")
        breaks = tuple(sp.expand((point - b) / a) for point in self.breaks)
        pieces = None
        if self.pieces is not None:
            pieces = _collected(item for piece, c in self.pieces.items() for item in _piece_affine(piece, c, a, b))
        growth = strip = None
        if a.is_number and b.is_number:
            scale, shift = float(abs(a)), float(abs(b))
            stretch = max(1.0, scale, 1 + shift)
            if self.growth:
                bound, n, rate = self.growth
                growth = (bound * stretch**n * _exp(rate * shift), n, rate * scale)
            if self.strip:
                width, bound, n = self.strip
                strip = (width / scale, bound * stretch**n, n)
        return Function(
            self.definition.xreplace({T: a * T + b}),
            pieces,
            breaks if a.is_positive or not breaks else breaks[::-1],
            self.parity if b == 0 else None,
            f"{self.name}[{a}*t + {b}]",
            growth,
            strip,
        )

    def subs(self, values: Mapping[sp.Symbol, Any]) -> Function:
        """The function with parameters replaced by numbers or other symbols."""
        table = {symbol: sp.sympify(value) for symbol, value in values.items()}
        pieces = None
        if self.pieces is not None:
            pieces = _collected(
                (
                    Piece(
                        p.power,
                        p.quadratic.xreplace(table),
                        p.linear.xreplace(table),
                        None if p.step is None else p.step.xreplace(table),
                        tuple((a.xreplace(table), b.xreplace(table)) for a, b in p.normals),
                    ),
                    c.xreplace(table),
                )
                for p, c in self.pieces.items()
            )
        return replace(
            self,
            definition=self.definition.xreplace(table),
            pieces=pieces,
            breaks=tuple(point.xreplace(table) for point in self.breaks),
            numeric=None,
        )

    def derivative(self) -> Function:
        """Derivative as a function; jumps are refused, because their derivative is a point mass."""
        if self.pieces is None:
            smooth = sp.diff(self.definition, T)
            if self.breaks:
                raise UnsupportedModel(f"the derivative of {self.name} is only defined piecewise")
            return Function(smooth, None, (), _flip(self.parity), f"({self.name})'", None, None)
        jumps: dict[sp.Expr, sp.Expr] = {}
        pairs: list[tuple[Piece, sp.Expr]] = []
        for piece, c in self.pieces.items():
            pairs.extend(_piece_derivative(piece, c))
            if piece.step is not None:
                value = c * piece_expression(piece._replace(step=None)).xreplace({T: piece.step})
                jumps[piece.step] = jumps.get(piece.step, _ZERO) + value
        for point, jump in jumps.items():
            if sp.expand(jump) != 0 and not sp.expand(jump).equals(0):
                raise UnsupportedModel(
                    f"{self.name} jumps at {point}: its derivative is a point mass there; use derivative_moment "
                    "or derivative_kernel, which work by Stein's and Price's identities"
                )
        slope = _collected(pairs)
        expression = sp.Add(*(c * piece_expression(p) for p, c in slope.items()))
        growth = None if self.growth is None else (4 * self.growth[0] + 4, self.growth[1] + 2, self.growth[2])
        if expression.free_symbols - {T}:
            growth = None
        return Function(expression, slope, self.breaks, _flip(self.parity), f"({self.name})'", growth)

    # -- values ---------------------------------------------------------------------------------------------------
    def __call__(self, x: Any) -> Any:
        """Values at a numpy array."""
        if self.numeric is not None:
            return self.numeric(x)
        if self.definition.free_symbols - {T}:
            names = ", ".join(map(str, self.parameters))
            raise DomainError(self.name, f"f({names}, t)", "numeric parameters", "bind them with .subs first")
        from rmtsym.gaussian.numeric import compiled

        return compiled(self.definition, (T,))(x)

    def on(self, low: sp.Expr, high: sp.Expr) -> sp.Expr:
        """Analytic expression of the definition between two neighbouring breaks (numeric parameters)."""
        return resolved(self.definition, _between(low, high))


def _exp(value: float) -> float:
    import math

    return math.exp(value)


def _flip(parity: str | None) -> str | None:
    return {"even": "odd", "odd": "even", None: None}[parity]


def _flat(piece: Piece) -> list[Any]:
    step = sp.Symbol("none") if piece.step is None else piece.step
    return [
        sp.Integer(piece.power),
        piece.quadratic,
        piece.linear,
        step,
        sp.Tuple(*(sp.Tuple(*n) for n in piece.normals)),
    ]


def normal_cdf(argument: sp.Expr) -> sp.Expr:
    return sp.erfc(-argument / sp.sqrt(2)) / 2


def piece_expression(piece: Piece) -> sp.Expr:
    """The piece as a sympy expression in ``T``."""
    result = T**piece.power * sp.exp(piece.linear * T - piece.quadratic * T**2 / 2)
    if piece.step is not None:
        result *= sp.Heaviside(T - piece.step, sp.S.Half)
    for slope, offset in piece.normals:
        result *= normal_cdf(slope * T + offset)
    return result


def _sorted_normals(normals: Iterable[tuple[sp.Expr, sp.Expr]]) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
    return tuple(sorted(normals, key=lambda pair: tuple(map(sp.default_sort_key, pair))))


def _piece_product(p: Piece, q: Piece, breaks: tuple[sp.Expr, ...]) -> Piece:
    if p.step is None or q.step is None:
        step = q.step if p.step is None else p.step
    else:  # both indicators: the later threshold wins
        step = breaks[max(breaks.index(p.step), breaks.index(q.step))]
    return Piece(
        p.power + q.power,
        p.quadratic + q.quadratic,
        p.linear + q.linear,
        step,
        _sorted_normals((*p.normals, *q.normals)),
    )


def _piece_affine(piece: Piece, c: sp.Expr, a: sp.Expr, b: sp.Expr) -> Iterable[tuple[Piece, sp.Expr]]:
    quadratic = piece.quadratic * a**2
    linear = piece.linear * a - piece.quadratic * a * b
    factor = c * sp.exp(piece.linear * b - piece.quadratic * b**2 / 2)
    normals = _sorted_normals((slope * a, slope * b + offset) for slope, offset in piece.normals)
    step = None if piece.step is None else sp.expand((piece.step - b) / a)
    for k in range(piece.power + 1):
        weight = factor * sp.binomial(piece.power, k) * a**k * b ** (piece.power - k)
        plain = Piece(k, quadratic, linear, None, normals)
        if step is None:
            yield plain, weight
        elif a.is_positive:
            yield plain._replace(step=step), weight
        else:  # 1{t < s} = 1 - 1{t > s}
            yield plain, weight
            yield plain._replace(step=step), -weight


def _piece_derivative(piece: Piece, c: sp.Expr) -> Iterable[tuple[Piece, sp.Expr]]:
    if piece.power:
        yield piece._replace(power=piece.power - 1), c * piece.power
    if piece.linear != 0:
        yield piece, c * piece.linear
    if piece.quadratic != 0:
        yield piece._replace(power=piece.power + 1), -c * piece.quadratic
    for i, (slope, offset) in enumerate(piece.normals):
        rest = piece.normals[:i] + piece.normals[i + 1 :]
        density = c * slope * sp.exp(-(offset**2) / 2) / sp.sqrt(2 * sp.pi)
        yield (
            Piece(piece.power, piece.quadratic + slope**2, piece.linear - slope * offset, piece.step, rest),
            density,
        )


def ordered(points: Iterable[sp.Expr]) -> tuple[sp.Expr, ...]:
    """Distinct points in ascending order; the order must follow from the symbols' assumptions.

    >>> s = sp.Symbol("s", positive=True)
    >>> ordered([s, sp.S.Zero, -s, s])
    (-s, 0, s)
    """
    result: list[sp.Expr] = []
    for point in dict.fromkeys(points):
        position = 0
        for position, other in enumerate(result):  # noqa: B007
            if _below(point, other):
                break
        else:
            position = len(result)
        result.insert(position, point)
    return tuple(result)


def _below(a: sp.Expr, b: sp.Expr) -> bool:
    difference = sp.expand(b - a)
    if difference.is_positive:
        return True
    if difference.is_negative:
        return False
    factored = sp.factor(difference)
    if factored.is_positive is not None and factored.is_nonzero:
        return bool(factored.is_positive)
    raise UnsupportedModel(
        f"cannot order the thresholds {a} and {b}; write the larger one as smaller + positive symbol"
    )


def _between(low: sp.Expr, high: sp.Expr) -> sp.Expr:
    if low == -sp.oo and high == sp.oo:
        return sp.S.Zero
    if low == -sp.oo:
        return high - 1
    if high == sp.oo:
        return low + 1
    return (low + high) / 2


def resolved(expression: sp.Expr, point: sp.Expr) -> sp.Expr:
    """Analytic branch, at a point, of an expression with Max, Min, Abs, sign, Heaviside, floor or Piecewise."""
    if not expression.has(sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, sp.Piecewise, sp.floor):
        return expression
    if isinstance(expression, sp.Piecewise):
        for value, condition in expression.args:
            if condition == True or condition.xreplace({T: point}) == True:  # noqa: E712
                return resolved(value, point)
    arguments = [resolved(a, point) for a in expression.args]
    numbers = [a.xreplace({T: point}) for a in arguments]
    if isinstance(expression, (sp.Max, sp.Min)):
        chosen = type(expression)(*numbers)
        return next(a for a, number in zip(arguments, numbers, strict=True) if number == chosen)
    if isinstance(expression, sp.Abs):
        return arguments[0] if numbers[0] >= 0 else -arguments[0]
    if isinstance(expression, sp.sign):
        return sp.sign(numbers[0])
    if isinstance(expression, sp.Heaviside):
        return sp.S.One if numbers[0] > 0 else sp.S.Zero
    if isinstance(expression, sp.floor):
        return sp.floor(numbers[0])
    return expression.func(*arguments)


def _growth_sum(a: Any, b: Any) -> Any:
    return (a[0] + b[0], max(a[1], b[1]), max(a[2], b[2])) if a and b else None


def _strip_sum(a: Any, b: Any) -> Any:
    return (min(a[0], b[0]), a[1] + b[1], max(a[2], b[2])) if a and b else None
