r"""Losses of a margin :math:`t=y\,x^\top\beta`, as text: a name, or a convex formula in ``t``."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, UnknownName
from rmtsym.parsing import parse_expression
from rmtsym.risk.loss import LOSSES, Loss

__all__ = ["MarginLoss", "coercive", "margin_loss"]

_t = Loss.variable
#: Losses of the margin itself, and losses of the residual 1 - t.
_MARGIN = ("logistic", "exponential", "square")
_RESIDUAL = ("absolute", "huber", "pseudo_huber")
_FUNCTIONS = {"exp": sp.exp, "log": sp.log, "sqrt": sp.sqrt, "cosh": sp.cosh}
_NAMED = re.compile(r"(\w+)\s*(?:\(([^()]*)\))?\Z")


@lru_cache(maxsize=64)
def margin_loss(text: str) -> Loss:
    """The loss of a margin: ``logistic``, ``exponential``, ``square``, ``hinge``; ``absolute``, ``huber(k)`` and
    ``pseudo_huber(k)`` of the residual ``1 - t``; or any formula in ``t``.

    Raises
    ------
    UnknownName, ParseError
        For text that is neither a name nor a formula.
    DomainError
        For a function that is not convex, or does not fall at ``t = 0``.

    Examples
    --------
    >>> margin_loss("huber(1/2)").breakpoints
    (1/2, 3/2)
    >>> float(margin_loss("exp(-t) + t^2/10").slope(0.0))
    -1.0
    """
    found = _read(text.strip())
    if not found.slope(0.0) < 0:
        raise DomainError("loss", text, "a loss that falls at t = 0", "a margin that grows must cost less")
    return found


def _read(text: str) -> Loss:
    match = _NAMED.match(text)
    if match and match[1] in LOSSES.keys() - {"quadratic"} | {"hinge"}:
        name, inside = match[1], match[2]
        numbers = [_number(x) for x in inside.split(",")] if inside else []
        if name == "hinge":
            return Loss("hinge", (1 - _t, sp.Integer(0)), (1,))
        if len(numbers) > (name in ("huber", "pseudo_huber")):
            raise DomainError("loss", text, "a loss with at most one parameter", "write huber(1/2)")
        base = LOSSES[name](*numbers)
        if name in _MARGIN:
            return base
        pieces = [sp.expand(p.subs(_t, _t - 1)) if p.is_polynomial() else p.subs(_t, _t - 1) for p in base.pieces]
        return Loss(base.name, pieces, [b + 1 for b in base.breakpoints])  # even: of 1 - t or of t - 1
    if match and match[1] != "t" and match[1] not in _FUNCTIONS:
        raise UnknownName("loss", match[1], [*_MARGIN, "hinge", *_RESIDUAL, "or a formula in t"])
    formula = parse_expression(text, {"t": _t}, _FUNCTIONS, lambda q: sp.Rational(q.numerator, q.denominator))
    return Loss(text.replace(" ", ""), (sp.sympify(formula),))


def _number(text: str) -> sp.Rational:
    return parse_expression(text, {}, {}, lambda q: sp.Rational(q.numerator, q.denominator))


def coercive(loss: Loss) -> bool:
    """Whether the loss grows in both directions; the others only fall."""
    return bool(loss.slope(100.0) > 1e-12)


class MarginLoss:
    """Domain of a parameter that is a loss of the margin; its values are text.

    >>> MarginLoss().read("loss", "huber(1/2)")
    'huber(1/2)'
    """

    def __str__(self) -> str:
        return f"{', '.join(_MARGIN)}, hinge, absolute, huber(k), pseudo_huber(k), or a convex formula in t"

    def read(self, name: str, value: Any) -> str:
        text = str(value).strip()
        margin_loss(text)
        return text
