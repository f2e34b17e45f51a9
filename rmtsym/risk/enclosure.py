r"""Balls around proximal points: Krawczyk's test for :math:`x+\delta L'(x)=r` in real or complex rectangles."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import flint
import sympy as sp
from flint import acb, arb

from rmtsym.field.ball import Ball
from rmtsym.field.evaluate import evaluate
from rmtsym.risk.loss import Loss

__all__ = ["enclose_prox", "kink"]

_MAX_BISECTIONS = 200
_MAX_INFLATIONS = 12


@lru_cache(maxsize=64)
def _derivatives(loss: Loss, k: int) -> tuple[sp.Expr, sp.Expr]:
    piece = loss.pieces[k]
    return piece.diff(Loss.variable), piece.diff(Loss.variable, 2)


def _at(expressions: Any, x: Any) -> list[Any]:
    """Values at a ball; not finite where they are not analytic on a complex one."""
    return evaluate(list(expressions), {Loss.variable.name: x}, Ball(flint.ctx.prec, analytic=isinstance(x, acb)))


def enclose_prox(loss: Loss, delta: Any, r: Any, analytic: bool = False) -> Any:
    r"""Ball that contains :math:`\mathrm{prox}_\delta(r)` for every value in the balls ``delta`` and ``r``.

    Parameters
    ----------
    loss : Loss
    delta, r : arb or acb
        A complex ball must meet the real line (as in rigorous integration along it); the result then holds the analytic
        continuation of the real proximal operator.
    analytic : bool
        Return a ball that is not finite where the operator is not analytic (across a breakpoint).

    Returns
    -------
    arb or acb, not finite where the test fails (the caller subdivides).

    Examples
    --------
    >>> from rmtsym.risk import loss
    >>> enclose_prox(loss("square"), arb(1), arb(0)).contains(arb("0.5"))
    True
    """
    number = acb if isinstance(delta, acb) or isinstance(r, acb) else arb
    nothing = number("nan")
    real_r = r.real if isinstance(r, acb) else r
    real_delta = delta.real if isinstance(delta, acb) else delta
    regions: list[tuple[int | None, Any]] = []  # (piece or None, breakpoint or None) that the ball may touch
    last = len(loss.breakpoints)
    for k in range(last + 1):
        after = before = True
        if k > 0:
            b, slope = _end(loss, k - 1, 1)
            after = not (real_r <= b + real_delta * slope)
        if k < last:
            b, slope = _end(loss, k, 0)
            before = not (real_r >= b + real_delta * slope)
        if after and before:
            regions.append((k, None))
        if k < last:
            (b, low), (_, high) = _end(loss, k, 0), _end(loss, k, 1)
            if not (real_r < b + real_delta * low) and not (real_r > b + real_delta * high):
                if not bool(low == high):
                    regions.append((None, b))
    if len(regions) > 1 and analytic:
        return nothing
    found = [number(b) if k is None else _piece(loss, k, delta, r, number) for k, b in regions]
    if not found:
        return nothing
    out: Any = found[0]
    for other in found[1:]:
        out = out.union(other)
    return out


def _end(loss: Loss, i: int, side: int) -> tuple[Any, Any]:
    place, *slopes = kink(loss, i, flint.ctx.prec)
    return place, slopes[side]


@lru_cache(maxsize=64)
def kink(loss: Loss, i: int, bits: int) -> tuple[Any, Any, Any]:
    """Balls around breakpoint ``i`` and around the slopes to its left and right, at the precision in force."""
    left, right = loss.subdifferential(i)
    place, low, high = evaluate([loss.breakpoints[i], left, right], {}, Ball(bits))
    return place, low, high


def _piece(loss: Loss, k: int, delta: Any, r: Any, number: Any) -> Any:
    slope, second = _derivatives(loss, k)
    if not second.free_symbols:  # affine slope: closed form
        constant, curvature = _at((slope.subs(Loss.variable, 0), second), number(0))
        return (r - delta * constant) / (1 + delta * curvature)
    if number is acb and not (acb(r).imag.contains(0) and acb(delta).imag.contains(0)):
        return number("nan")  # only balls that meet the real line are known to hold the continuation of the real root
    x = number(_real_root(slope, second, delta, r))
    value, curvature = _at((slope, second), x)
    scale = 1 / number((1 + delta * curvature).mid())
    defect = scale * (r - x - delta * value)  # the Newton correction, for all (delta, r) in the balls
    if not defect.is_finite():
        return number("nan")
    radius = abs(defect).upper() * 2 + arb(2) ** (-flint.ctx.prec + 4) * (1 + abs(x).upper())
    for _ in range(_MAX_INFLATIONS):
        box = x + (arb(0, radius) if number is arb else acb(arb(0, radius), arb(0, radius)))
        (wide,) = _at((second,), box)
        image = x + defect + (1 - scale * (1 + delta * wide)) * (box - x)
        if image.is_finite() and box.contains_interior(image):
            return image
        radius *= 2
    return number("nan")


def _real_root(slope: sp.Expr, second: sp.Expr, delta: Any, r: Any) -> Any:
    """Approximate root at the real midpoints: a bracket in doubles, then Newton at the working precision."""
    d, target = (arb(acb(v).real.mid()) for v in (delta, r))
    (pull,) = _at((slope,), target)
    ends = sorted((float(target), float((target - d * pull).mid())))
    low, high = (min(max(e, -1e15), 1e15) for e in ends)
    x = (low + high) / 2
    for _ in range(_MAX_BISECTIONS):
        value, curvature = (float(v.mid()) for v in _at((slope, second), arb(x)))
        residual = x + float(d) * value - float(target)
        low, high = (x, high) if residual < 0 else (low, x)
        new = x - residual / (1 + float(d) * curvature)
        if not low < new < high:
            new = (low + high) / 2
        done, x = abs(new - x) <= 1e-7 * (1 + abs(x)), new
        if done:
            break
    root = arb(x)
    for _ in range(flint.ctx.prec.bit_length()):  # the number of digits doubles
        value, curvature = _at((slope, second), root)
        root = arb((root - (root + d * value - target) / (1 + d * curvature)).mid())
    return root
