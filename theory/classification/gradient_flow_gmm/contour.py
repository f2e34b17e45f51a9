"""Learning dynamics of least squares: contour integrals."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import sqrt

from rmtsym.field.contour import ContourLaw
from theory.classification.gradient_flow_gmm.statement import theorem, w

ROOT = sp.Symbol("root", positive=True)  # sqrt(c)
PLACE = (1 + ROOT * w) * (1 + ROOT / w)  # maps the unit circle to the cut
TRANSFORM = -1 / (ROOT * (w + ROOT))
SLOPE = ROOT * (1 - 1 / w**2)


def circles(c: float, rho: float, time: float) -> list[tuple[Fraction, Fraction]]:
    """Circles in the plane of w that surround the cut |w| = 1 and the poles outside it.

    exp(-2 alpha t z) grows to the left of zero.  One circle surrounds everything if that leaves it moderate; else one
    surrounds the cut and the poles close to it, and each other pole has its own.
    """
    root = math.sqrt(c)
    poles = [q for q in (rho / root, -root) if abs(q) > 1]  # the isolated eigenvalue, and zero
    outer = max([1.0, *(abs(q) for q in poles)])
    for margin in (1.3, 1.2, 1.1):
        radius = outer * margin
        if 2 * time * (root * (radius + 1 / radius) - 1 - c) <= 10:
            return _exact([(0, radius)])
    margin, inner = 1 + min(0.15, 1.2 / math.sqrt(time)), 1.0
    for size in sorted(abs(q) for q in poles):
        if size > inner * margin**2:
            break
        inner = max(inner, size)
    radius = inner * margin
    far = [q for q in poles if abs(q) > radius]
    return _exact([(0, radius), *((q, min((abs(q) - radius) / 2, 1 / (4 + 2 * time))) for q in far)])


def _exact(found: list[tuple[float, float]]) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(q), Fraction(r)) for q, r in found]


@theorem.binding
def binding(rho, c, alpha, t) -> dict[str, Any]:
    """Contour and cut in the plane of w; masses of the atoms."""
    root = sqrt(sp.Rational(c.numerator, c.denominator))
    size, turn = float(root), float(rho) / float(root)
    around = circles(float(c), float(rho), float(alpha * t))
    place, transform, slope = (g.subs(ROOT, root) for g in (PLACE, TRANSFORM, SLOPE))
    gap = min((abs(math.log(q)) for q in (turn, size) if q != 1), default=1.0)
    nodes = lambda rate: min(4096, 64 + int(40 / rate))  # noqa: E731
    return {
        "Gamma": ContourLaw(around, -slope, [place, transform], nodes(0.05)),
        "semicircle": ContourLaw([(0, 1)], -((w - 1 / w) ** 2) / (2 * w), [place], nodes(gap)),
        "spike": max(rho - c / rho, Fraction(0)),
        "null": max(1 - 1 / c, Fraction(0)),
    }
