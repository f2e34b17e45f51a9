r"""Proximal operators :math:`\mathrm{prox}_\delta(r)=\arg\min_x\,\delta L(x)+(x-r)^2/2`.

The root of :math:`x+\delta L'(x)=r` is unique for a convex loss.  Floating point keeps a bracket and bisects whenever
a Newton step lands on or outside one of its ends (plain Newton cycles for the logistic loss at large delta).
"""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from scipy.special import wrightomega

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.risk.loss import Loss

__all__ = ["Prox", "prox"]

_MAX_STEPS = 200


def prox(loss: Loss, delta: Any, r: Any) -> np.ndarray:
    r"""The root :math:`x` of :math:`x+\delta L'(x)\ni r`, vectorised.

    Parameters
    ----------
    loss : Loss
    delta : float or array, positive
    r : float or array, broadcast against ``delta``

    Raises
    ------
    DomainError
        If ``delta`` is not positive.

    Examples
    --------
    >>> from rmtsym.risk import loss
    >>> float(prox(loss("square"), 1.0, 0.0))
    0.5
    >>> float(prox(loss("absolute"), 1.0, 0.3))
    0.0
    """
    delta, r = np.broadcast_arrays(np.asarray(delta, dtype=float), np.asarray(r, dtype=float))
    if not np.all(delta > 0):
        raise DomainError("delta", float(np.min(delta)), "delta > 0", "the proximal step must be positive")
    if loss.is_exponential:
        x = np.asarray(r + wrightomega(np.log(delta) - r))
        pull = delta * np.exp(-x)
        return x - (x - pull - r) / (1 + pull)  # one Newton step repairs the cancellation in r + omega
    out = np.empty(r.shape)
    done = np.zeros(r.shape, dtype=bool)
    points = [float(b) for b in loss.breakpoints]
    thresholds = []  # r at which the root enters and leaves each breakpoint
    for i, b in enumerate(points):
        low, high = (float(slope) for slope in loss.subdifferential(i))
        enter, leave = b + delta * low, b + delta * high
        thresholds.append((enter, leave))
        at = (r >= enter) & (r <= leave)
        out[at] = b
        done |= at
    for k in range(len(points) + 1):
        mask = ~done
        if k > 0:
            mask &= r > thresholds[k - 1][1]
        if k < len(points):
            mask &= r < thresholds[k][0]
        if mask.any():
            out[mask] = _solve_piece(loss, k, delta[mask], r[mask])
    return out


def _solve_piece(loss: Loss, k: int, delta: np.ndarray, r: np.ndarray) -> np.ndarray:
    line = loss.lines[k]
    if line is not None:  # affine slope: closed form
        return (r - delta * line[0]) / (1 + delta * line[1])
    with np.errstate(over="ignore"):
        pull = np.clip(delta * loss.slope(r), -1e3, 1e3)
    low, high = np.minimum(r, r - pull), np.maximum(r, r - pull)
    for _ in range(_MAX_STEPS):  # a capped pull may not yet bracket the root
        with np.errstate(over="ignore"):
            short_high = high + delta * loss.slope(high) < r
            short_low = low + delta * loss.slope(low) > r
        if not (short_high.any() or short_low.any()):
            break
        width = high - low + 1
        high = np.where(short_high, high + width, high)
        low = np.where(short_low, low - width, low)
    with np.errstate(over="ignore"):
        x = np.where(np.abs(pull) < 1, r - pull / (1 + delta * loss.second(r)), (low + high) / 2)
    x = np.clip(x, low, high)
    settled, before = np.zeros(x.shape, dtype=bool), np.full(x.shape, np.inf)
    for _ in range(_MAX_STEPS):
        with np.errstate(over="ignore", invalid="ignore"):  # far outside, where the slope overflows
            value, slope = x + delta * loss.slope(x) - r, 1 + delta * loss.second(x)
            new = x - value / slope
        low, high = np.where(value < 0, x, low), np.where(value > 0, x, high)
        # a step of the size of rounding errors may leave the bracket, of which x is an end: that is no reason to bisect
        settled |= np.abs(new - x) <= 4e-16 * (1 + np.abs(x) + 3 * (np.abs(x) + np.abs(r)) / slope)
        good = (new > low) & (new < high) & (np.abs(value) < 0.3 * before)
        x, before = np.where(settled, x, np.where(good, new, (low + high) / 2)), np.abs(value)
        before[~good] = np.inf
        if settled.all() or np.all(high - low <= 4e-16 * (1 + np.abs(x))):
            return x
    worst = int(np.argmax(np.abs(x + delta * loss.slope(x) - r)))
    raise NoConvergence(
        f"the proximal operator of {loss.name} did not settle at delta = {delta[worst]:.6g}, r = {r[worst]:.6g}; "
        "check that the loss is convex there"
    )


class Prox(sp.Expr):
    r""":math:`\mathrm{prox}_\delta(r)` of a loss, as a sympy expression with exact derivatives.

    .. math:: \partial_r x=\frac1{1+\delta L''(x)},\qquad \partial_\delta x=\frac{-L'(x)}{1+\delta L''(x)} .

    Examples
    --------
    >>> from rmtsym.risk import loss
    >>> d, r = sp.symbols("d r", positive=True)
    >>> Prox(loss("square"), d, r).diff(r)
    1/(d + 1)
    """

    is_commutative = True
    is_extended_real = True

    def __new__(cls, loss: Loss, delta: Any, r: Any) -> Prox:
        return super().__new__(cls, loss, sp.sympify(delta), sp.sympify(r))

    @property
    def loss(self) -> Loss:
        return self.args[0]  # type: ignore[return-value]

    def _eval_derivative(self, symbol: sp.Symbol) -> sp.Expr:
        loss, delta, r = self.args
        second = loss.expression(2).subs(Loss.variable, self)
        slope = loss.expression(1).subs(Loss.variable, self)
        return (r.diff(symbol) - slope * delta.diff(symbol)) / (1 + delta * second)

    def _walk_value(self, walk: Any, frame: Any) -> Any:
        """Value in the number system of a :class:`rmtsym.field.evaluate.Walk`."""
        delta, r = (walk.value(a, frame) for a in self.args[1:])
        if hasattr(walk.system, "bits"):
            from rmtsym.risk.enclosure import enclose_prox

            return enclose_prox(self.loss, delta, r, walk.system.analytic)
        return prox(self.loss, delta, r)

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        text = rf"\mathrm{{prox}}_{{{printer._print(self.args[1])}}}\left({printer._print(self.args[2])}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"

    def _sympystr(self, printer: Any) -> str:
        return f"prox_{self.loss.name}({printer._print(self.args[1])}, {printer._print(self.args[2])})"
