r"""Functions of one real variable whose Gaussian moments are known in closed form.

A :class:`Function` is a sum of pieces

.. math:: c\; t^n\; e^{lt-\frac12 qt^2}\; 1\{t>b\}\; \prod_j \Phi(\alpha_j t+\beta_j),

closed under sums, products and affine substitution.  Functions without such a form (tanh, softplus, ...) carry no
pieces; they still know how to be evaluated, so that they can be enclosed by ball integration.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.gaussian.breaks import between, ordered, resolved
from rmtsym.gaussian.pieces import (
    Piece,
    Pieces,
    T,
    collected,
    flat,
    piece_affine,
    piece_derivative,
    piece_expression,
    piece_product,
)

__all__ = ["Function"]

_ZERO, _ONE = sp.S.Zero, sp.S.One


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
        items = sorted(f"{sp.srepr(sp.Tuple(*flat(p)))}:{sp.srepr(c)}" for p, c in self.pieces.items())
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
            pieces = collected([*self.pieces.items(), *g.pieces.items()])
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
            pieces = collected(
                (piece_product(p, q, breaks), c * d) for p, c in self.pieces.items() for q, d in g.pieces.items()
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
            pieces = collected(item for piece, c in self.pieces.items() for item in piece_affine(piece, c, a, b))
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
            pieces = collected(
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
            pairs.extend(piece_derivative(piece, c))
            if piece.step is not None:
                value = c * piece_expression(piece._replace(step=None)).xreplace({T: piece.step})
                jumps[piece.step] = jumps.get(piece.step, _ZERO) + value
        for point, jump in jumps.items():
            if sp.expand(jump) != 0 and not sp.expand(jump).equals(0):
                raise UnsupportedModel(
                    f"{self.name} jumps at {point}: its derivative is a point mass there; use derivative_moment "
                    "or derivative_kernel, which work by Stein's and Price's identities"
                )
        slope = collected(pairs)
        expression = sp.Add(*(c * piece_expression(p) for p, c in slope.items()))
        growth = _growth_of_pieces(slope)
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
        return resolved(self.definition, between(low, high))


def _exp(value: float) -> float:
    import math

    return math.exp(value)


def _flip(parity: str | None) -> str | None:
    return {"even": "odd", "odd": "even", None: None}[parity]


def _growth_of_pieces(pieces: Pieces) -> tuple[float, int, float] | None:
    """Growth of a sum of pieces, if it has no parameters and no piece grows like a Gaussian."""
    numbers = all(c.is_number and p.linear.is_number for p, c in pieces.items())
    if not numbers or not all(p.quadratic.is_nonnegative for p in pieces):
        return None
    bound = sum(float(abs(c)) for c in pieces.values()) * (1 + 1e-12)
    rate = max((float(abs(sp.re(p.linear))) for p in pieces), default=0.0) * (1 + 1e-12)
    return bound, max((p.power for p in pieces), default=0), rate


def _growth_sum(a: Any, b: Any) -> Any:
    return (a[0] + b[0], max(a[1], b[1]), max(a[2], b[2])) if a and b else None


def _strip_sum(a: Any, b: Any) -> Any:
    return (min(a[0], b[0]), a[1] + b[1], max(a[2], b[2])) if a and b else None
