"""Convex losses, as exact expressions on intervals."""

from __future__ import annotations

from collections.abc import Callable
from functools import cached_property, lru_cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import expit

from rmtsym.errors import DomainError, UnknownName

__all__ = ["LOSSES", "Loss", "loss"]

_t = sp.Symbol("t", real=True)

_LOGISTIC = sp.log(1 + sp.exp(-_t))
_EXPONENTIAL = sp.exp(-_t)

# Overflow-free floating-point twins of (L, L', L''), for expressions that overflow as they stand.
_STABLE: dict[sp.Expr, tuple[Callable[[Any], Any], ...]] = {
    _LOGISTIC: (
        lambda t: np.logaddexp(0.0, -t),
        lambda t: -expit(-t),
        lambda t: expit(t) * expit(-t),
    ),
}


class Loss(sp.Basic):
    r"""A convex loss :math:`L(t)`, given by an expression on each interval between its breakpoints.

    Parameters
    ----------
    name : str
        Shown in formulas as the index of the proximal operator.
    pieces : sequence of sympy expressions in ``t``, length k + 1
    breakpoints : sequence of exact numbers, length k
        Increasing; the loss is continuous there, its derivative may jump upwards.

    Raises
    ------
    DomainError
        If the loss is not convex or not continuous at a breakpoint.

    Examples
    --------
    >>> hinge = Loss("hinge", (1 - Loss.variable, sp.Integer(0)), (1,))
    >>> hinge.subdifferential(0)
    (-1, 0)
    """

    variable = _t

    def __new__(cls, name: Any, pieces: Any, breakpoints: Any = ()) -> Loss:
        points = sp.Tuple(*(sp.nsimplify(b, rational=True) for b in breakpoints))
        parts = sp.Tuple(*(sp.sympify(p) for p in pieces))
        if len(parts) != len(points) + 1:
            raise DomainError("pieces", len(parts), f"{len(points) + 1} pieces for {len(points)} breakpoints")
        symbol = name if isinstance(name, sp.Symbol) else sp.Symbol(str(name))
        self = super().__new__(cls, symbol, parts, points)
        self._check()
        return self

    def _check(self) -> None:
        for piece in self.pieces:
            extra = piece.free_symbols - {_t}
            if extra:
                raise DomainError("loss", self.name, "a function of t alone", f"give a number for {extra}")
        for i, point in enumerate(self.breakpoints):
            left, right = (p.subs(_t, point) for p in self.pieces[i : i + 2])
            if sp.expand(left - right) != 0:
                raise DomainError("loss", self.name, f"continuous at t = {point}", "match the two pieces there")
            low, high = self.subdifferential(i)
            if (high - low).is_negative or float(high - low) < 0:
                raise DomainError("loss", self.name, f"convex at t = {point}", "the slope must not decrease")
        near, far = np.linspace(-99.7, 99.7, 1995), np.sinh(np.linspace(-13.9, 13.9, 557))
        with np.errstate(all="ignore"):  # a loss may overflow far out
            if np.any(np.isnan(self.value(near))):
                raise DomainError("loss", self.name, "a number for every t", "it is not defined everywhere")
            bends = [self.second(t) < -1e-9 * (1 + np.abs(self.slope(t))) for t in (near, far)]
        if any(map(np.any, bends)):
            raise DomainError("loss", self.name, "convex", "its second derivative is negative somewhere")

    @property
    def name(self) -> str:
        return str(self.args[0])

    @property
    def pieces(self) -> tuple[sp.Expr, ...]:
        return tuple(self.args[1])

    @property
    def breakpoints(self) -> tuple[sp.Rational, ...]:
        return tuple(self.args[2])

    @property
    def free_symbols(self) -> set[sp.Symbol]:
        return set()

    @property
    def is_exponential(self) -> bool:
        """True for exp(-t), whose proximal operator is closed (Wright omega)."""
        return self.is_smooth and self.pieces[0] == _EXPONENTIAL

    @property
    def is_smooth(self) -> bool:
        """True when the loss is one expression, twice differentiable everywhere."""
        return not self.breakpoints

    def expression(self, order: int = 0) -> sp.Expr:
        """The derivative of that order as one sympy expression in ``t`` (a Piecewise if there are breakpoints)."""
        parts = [p.diff(_t, order) for p in self.pieces]
        if self.is_smooth:
            return parts[0]
        conditions = [_t < b for b in self.breakpoints]
        return sp.Piecewise(*zip(parts, [*conditions, True], strict=True))

    @cached_property
    def _kinks(self) -> tuple[tuple[sp.Expr, sp.Expr], ...]:
        slopes = [p.diff(_t) for p in self.pieces]
        ends = zip(slopes, slopes[1:], self.breakpoints, strict=False)
        return tuple((before.subs(_t, point), after.subs(_t, point)) for before, after, point in ends)

    def subdifferential(self, i: int) -> tuple[sp.Expr, sp.Expr]:
        """Slopes to the left and to the right of breakpoint ``i``."""
        return self._kinks[i]

    @cached_property
    def _numeric(self) -> tuple[Callable[[Any], Any], ...]:
        if self.is_smooth and self.pieces[0] in _STABLE:
            return _STABLE[self.pieces[0]]
        orders = []
        for order in range(3):
            functions = [sp.lambdify(_t, p.diff(_t, order), "numpy") for p in self.pieces]
            points = np.array([float(b) for b in self.breakpoints])

            def evaluate(t: Any, functions: Any = functions, points: Any = points) -> Any:
                t = np.asarray(t, dtype=float)
                where = np.searchsorted(points, t, side="right")
                out = np.empty_like(t)
                with np.errstate(over="ignore"):
                    for k, function in enumerate(functions):
                        mask = where == k
                        out[mask] = function(t[mask])
                return out

            orders.append(evaluate)
        return tuple(orders)

    @cached_property
    def lines(self) -> tuple[tuple[float, float] | None, ...]:
        """Slope at zero and curvature of each piece that is at most quadratic, None for the others."""
        bends = [p.diff(_t, 2) for p in self.pieces]
        slopes = [p.diff(_t) for p in self.pieces]
        return tuple(
            None if bend.free_symbols else (float(slope.subs(_t, 0)), float(bend))
            for slope, bend in zip(slopes, bends, strict=True)
        )

    def value(self, t: Any) -> Any:
        """L(t), vectorised."""
        return self._numeric[0](np.asarray(t, dtype=float))

    def slope(self, t: Any) -> Any:
        """L'(t), vectorised; at a breakpoint the right slope."""
        return self._numeric[1](np.asarray(t, dtype=float))

    def second(self, t: Any) -> Any:
        """L''(t), vectorised; zero width at breakpoints is not seen."""
        return self._numeric[2](np.asarray(t, dtype=float))

    def _sympystr(self, printer: Any) -> str:
        return self.name

    def _latex(self, printer: Any) -> str:
        return rf"\mathrm{{{self.name}}}"


def _huber(k: Any = 1) -> Loss:
    k = sp.nsimplify(k, rational=True)
    if not k > 0:
        raise DomainError("k", k, "k > 0", "give a positive threshold")
    tail = k**2 / 2
    return Loss(f"huber_{k}", (-k * _t - tail, _t**2 / 2, k * _t - tail), (-k, k))


def _pseudo_huber(k: Any = 1) -> Loss:
    k = sp.nsimplify(k, rational=True)
    if not k > 0:
        raise DomainError("k", k, "k > 0", "give a positive scale")
    return Loss(f"pseudohuber_{k}", (k**2 * (sp.sqrt(1 + (_t / k) ** 2) - 1),))


#: Bundled losses by name.  ``square`` is the classification margin loss (t - 1)^2/2, ``quadratic`` is t^2/2.
LOSSES: dict[str, Callable[..., Loss]] = {
    "logistic": lambda: Loss("logistic", (_LOGISTIC,)),
    "square": lambda: Loss("square", ((_t - 1) ** 2 / 2,)),
    "quadratic": lambda: Loss("quadratic", (_t**2 / 2,)),
    "exponential": lambda: Loss("exponential", (_EXPONENTIAL,)),
    "absolute": lambda: Loss("absolute", (-_t, _t), (0,)),
    "huber": _huber,
    "pseudo_huber": _pseudo_huber,
}


@lru_cache(maxsize=64)
def loss(name: str, *parameters: Any) -> Loss:
    """A bundled convex loss by name: logistic, square, quadratic, exponential, absolute, huber(k), pseudo_huber(k).

    Raises
    ------
    UnknownName
        For another name; build :class:`Loss` from an expression instead.

    Examples
    --------
    >>> float(loss("huber", 1).value(3.0))
    2.5
    """
    if name not in LOSSES:
        raise UnknownName("loss", name, LOSSES)
    return LOSSES[name](*parameters)
