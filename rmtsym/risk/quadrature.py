r"""Numbers for Gaussian means of a score, by Gauss's rule along the graph of the subdifferential.

The graph :math:`\{(x,\ell):\ell\in\partial L(x)\}` is a curve: pieces :math:`x=t,\ \ell=L'(t)`, at a kink an upright
segment :math:`\ell=t`.  On it :math:`z=(x+\delta\ell-M)/\sigma` is explicit, so no proximal operator has to be
computed:

.. math:: E[f^k]=\int(-\ell)^k\varphi(z)\,\frac{dx+\delta\,d\ell}{\sigma},\qquad
          E[f^k\mathrm{He}_j(Z)]=-k\int(-\ell)^{k-1}\mathrm{He}_{j-1}(z)\,\varphi(z)\,d\ell\quad(j\ge1).
"""

from __future__ import annotations

import functools
import itertools
import math
from typing import Any

import flint
import numpy as np
import sympy as sp
from flint import acb, arb

from rmtsym.errors import NoConvergence
from rmtsym.field.ball import Ball
from rmtsym.field.evaluate import evaluate
from rmtsym.risk.enclosure import kink
from rmtsym.risk.loss import Loss
from rmtsym.risk.proximal import prox

__all__ = ["Balls", "Floats"]

_REACH = 9.5  # standard deviations, in floating point
_NODES, _WEIGHTS = np.polynomial.legendre.leggauss(16)


class Floats:
    """Means in floating point at a batch of points: ``delta``, ``M``, ``sigma`` broadcast to shape (B,)."""

    def __init__(self, loss: Loss, delta: Any, M: Any, sigma: Any) -> None:
        arrays = np.broadcast_arrays(*(np.asarray(v, dtype=float) for v in (delta, M, sigma)))
        self.shape = arrays[0].shape
        self.delta, self.M, self.sigma = (v.reshape(-1, 1) for v in arrays)
        self.parts: list[tuple[np.ndarray, ...]] = []  # loss, slope, z, phi dx, phi dl
        panels = max(20, math.ceil(4 * _REACH * float(np.max(self.sigma)) / 10))
        if not np.isfinite(panels) or panels > 4000 or not np.all(self.delta > 0):
            self.parts.append(tuple(np.full_like(self.M, np.nan) for _ in range(5)))
            return
        edges = self.M + self.sigma * np.linspace(-_REACH, _REACH, panels + 1)
        x = prox(loss, self.delta, edges)
        ends = [-np.inf, *(float(b) for b in loss.breakpoints), np.inf]
        for low, high in itertools.pairwise(ends):
            t, dt = _gauss(np.clip(x, low, high))
            self._add(loss.value(t), loss.slope(t), t, dt, loss.second(t) * dt)
        for i, point in enumerate(loss.breakpoints):
            low, high = (float(v) for v in loss.subdifferential(i))
            if low < high:
                t, dt = _gauss(np.clip((edges - float(point)) / self.delta, low, high))
                self._add(np.full_like(t, float(loss.value(float(point)))), t, float(point), 0.0, dt)

    def _add(self, value: Any, slope: Any, x: Any, dx: Any, dl: Any) -> None:
        z = (x + self.delta * slope - self.M) / self.sigma
        height = np.exp(-z * z / 2) / math.sqrt(2 * math.pi)
        self.parts.append((value, slope, z, height * dx, height * dl))

    def moment(self, k: int, j: int) -> np.ndarray:
        total = np.zeros(len(self.M))
        for _, slope, z, dx, dl in self.parts:
            if j == 0:
                total += np.sum((-slope) ** k * (dx + self.delta * dl), axis=1) / self.sigma[:, 0]
            else:
                total -= k * np.sum((-slope) ** (k - 1) * _hermite(j - 1, z) * dl, axis=1)
        return total.reshape(self.shape)

    def loss(self) -> np.ndarray:
        total = np.zeros(len(self.M))
        for value, _, _, dx, dl in self.parts:
            total += np.sum(value * (dx + self.delta * dl), axis=1) / self.sigma[:, 0]
        return total.reshape(self.shape)


def _gauss(edges: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes and weights between neighbouring edges, shape (B, nodes)."""
    middle, half = (edges[:, 1:] + edges[:, :-1]) / 2, (edges[:, 1:] - edges[:, :-1]) / 2
    size = len(edges)
    nodes = (middle[..., None] + half[..., None] * _NODES).reshape(size, -1)
    return nodes, (half[..., None] * _WEIGHTS).reshape(size, -1)


def _hermite(j: int, z: Any) -> Any:
    before, now = 0 * z, 0 * z + 1
    for i in range(j):
        before, now = now, z * now - i * before
    return now


_ORDERS = tuple((k, j) for k in (1, 2, 3) for j in (0, 1, 2, 3) if k + j <= 4)
_ELLIPSES = (12.0, 7.0, 4.5, 3.0, 2.0)


class Balls:
    """Means as balls that contain them, for every value in the balls ``delta``, ``M``, ``sigma``."""

    def __init__(self, loss: Loss, delta: Any, M: Any, sigma: Any) -> None:
        self.L, self.delta, self.M, self.sigma = loss, arb(delta), arb(M), arb(sigma)
        self.bits = flint.ctx.prec
        self.totals: dict[Any, Any] | None = None

    def moment(self, k: int, j: int) -> Any:
        return self._all()[k, j]

    def loss(self) -> Any:
        return self._all()["loss"]

    def _all(self) -> dict[Any, Any]:
        if self.totals is None:
            if not (self.delta > 0 and self.sigma > 0):
                return dict.fromkeys([*_ORDERS, "loss"], arb.nan())
            self.totals = self._integrals()
        return self.totals

    # the curve

    def _segments(self) -> list[tuple[Any, Any, Any]]:
        """Parts of the curve inside the reach: (piece, or breakpoint and value), start and end of t as balls.

        Places in between may be any numbers; the ends of a piece are exact, as the curve goes on elsewhere there.
        """
        d, m, s = (float(v.mid()) for v in (self.delta, self.M, self.sigma))
        reach = math.sqrt(2 * 0.6931 * (self.bits + 24)) + 0.5
        grid = m + s * np.linspace(-reach, reach, max(16, math.ceil(4 * reach * s / 10)) + 1)
        x = prox(self.L, d, grid)
        kinks = [kink(self.L, k, self.bits) for k in range(len(self.L.breakpoints))]  # place, slopes on both sides
        points = [-math.inf, *(place for place, _, _ in kinks), math.inf]
        found: list[tuple[Any, Any, Any]] = []
        for k, (low, high) in enumerate(itertools.pairwise(points)):
            found += [(k, a, b) for a, b in _between(x, low, high)]
            if k < len(kinks):
                point, (place, left, right) = self.L.breakpoints[k], kinks[k]
                part = point, self.L.pieces[k].subs(Loss.variable, point)
                if _jumps(self.L, k):
                    found += [(part, a, b) for a, b in _between((grid - float(place)) / d, left, right)]
        return found

    def _curve(self, part: Any, t: Any, analytic: bool = False) -> tuple[Any, ...]:
        """Loss, slope, z, dx/dt, dl/dt at a ball."""
        if isinstance(part, tuple):
            x, value = _constants(part, self.bits)
            slope, dx, dl = t, 0, 1
        else:
            value, slope, dl = evaluate(_orders(self.L, part), {Loss.variable: t}, Ball(self.bits, analytic=analytic))
            x, dx = t, 1
        return value, slope, (x + self.delta * slope - self.M) / self.sigma, dx, dl

    def _values(self, part: Any, t: Any, analytic: bool = False) -> list[Any]:
        value, slope, z, dx, dl = self._curve(part, t, analytic)
        height = (-z * z / 2).exp() / (2 * arb.pi()).sqrt()
        mass = height * (dx + self.delta * dl) / self.sigma
        rise, f = height * dl, -slope
        out = []
        for k, j in _ORDERS:
            out.append(f**k * mass if j == 0 else -k * f ** (k - 1) * _hermite(j - 1, z) * rise)
        return [*out, value * mass]

    # the integrals

    def _integrals(self) -> dict[Any, Any]:
        names = [*_ORDERS, "loss"]
        totals = [arb(0)] * len(names)
        todo = [(part, a, b, 12) for part, a, b in self._segments()]
        low, high = todo[0], todo[-1]
        while todo:
            part, a, b, left = todo.pop()
            found = self._panel(part, a, b)
            if found is not None:
                totals = [x + y for x, y in zip(totals, found, strict=True)]
            elif left == 0 or not a < (a + b) / 2 < b:
                raise NoConvergence(f"means of the score of {self.L.name} could not be enclosed")
            else:
                todo += [(part, a, (a + b) / 2, left - 1), (part, (a + b) / 2, b, left - 1)]
        tails = self._tails(low, high)
        return {name: x + arb(0, e.upper()) for name, x, e in zip(names, totals, tails, strict=True)}

    def _panel(self, part: Any, a: Any, b: Any) -> list[Any] | None:
        """Gauss's rule on one panel with its error from a bound on an ellipse; None if the panel is too wide."""
        middle, half = (a + b) / 2, (b - a) / 2
        best: tuple[int, Any, Any] | None = None
        for rho in _ELLIPSES:
            box = acb(arb(0, (rho + 1 / rho) / 2 * 1.000001), arb(0, (rho - 1 / rho) / 2 * 1.000001))
            bound = [abs(v).upper() for v in self._values(part, middle + half * box, True)]
            if not all(v.is_finite() for v in bound):
                continue
            size = max(1.0, *(float(v) for v in bound)) if all(float(v) < 1e300 for v in bound) else 1e300
            count = 8 * math.ceil((self.bits * 0.6931 + math.log(size)) / (2 * math.log(rho)) / 8)
            if best is None or count < best[0]:
                best = count, bound, arb(rho)
        if best is None or best[0] > 96:
            return None
        count, bound, rho = best
        totals = [arb(0)] * len(bound)
        for node, weight in _legendre(count, self.bits):
            values = self._values(part, middle + half * node)
            totals = [x + weight * v for x, v in zip(totals, values, strict=True)]
        error = arb(64) / (15 * (rho - 1) * rho ** (2 * count - 1))
        return [half * (x + arb(0, (v * error).upper())) for x, v in zip(totals, bound, strict=True)]

    def _tails(self, low: Any, high: Any) -> list[Any]:
        """Bounds of what lies outside: the score is Lipschitz, |f'| <= 1/delta."""
        below, above = self._curve(low[0], low[1])[2], self._curve(high[0], high[2])[2]
        reach = (-below).lower().min(above.lower())
        if not reach > 4:
            raise NoConvergence(f"means of the score of {self.L.name} could not be enclosed: the range is too short")
        value, slope, z, _, _ = self._curve(high[0], high[1])
        start, climb = abs(slope) + self.sigma * abs(z) / self.delta, self.sigma / self.delta
        edge = start + climb * reach  # |f| at the edge is at most this

        def mass(size: Any, degree: int) -> Any:
            """Twice the integral of size (z/reach)^degree times the density beyond the reach."""
            return 2 * size * (-reach * reach / 2).exp() / (2 * arb.pi()).sqrt() / (reach - degree / reach)

        out = []
        for k, j in _ORDERS:
            if j == 0:
                out.append(mass(edge**k, k))
            else:
                out.append(mass(k * climb * edge ** (k - 1) * reach ** (j - 1), k + j - 2))
        return [*out, mass(abs(value) + edge * self.sigma * (reach + abs(z)), 2)]


@functools.lru_cache(maxsize=64)
def _orders(loss: Loss, piece: int) -> list[sp.Expr]:
    body = loss.pieces[piece]
    return [body, body.diff(Loss.variable), body.diff(Loss.variable, 2)]


def _constants(part: tuple[Any, Any], bits: int) -> list[Any]:
    return evaluate(list(part), {}, Ball(bits))


@functools.lru_cache(maxsize=64)
def _jumps(loss: Loss, i: int) -> bool:
    """Whether the slope jumps at breakpoint ``i``."""
    left, right = loss.subdifferential(i)
    return bool(sp.simplify(right - left) != 0)


def _between(places: Any, low: Any, high: Any) -> list[tuple[Any, Any]]:
    """Neighbours among doubles that are cut off at two ends, which are balls or infinite."""
    start, stop = float(low), float(high)
    if start == stop:  # two ends that no double tells apart
        return [(low, high)] if min(places) < start < max(places) else []
    inside = np.unique(np.clip(places, start, stop)).tolist()
    ends = [low if t == start else high if t == stop else arb(t) for t in inside]
    return list(itertools.pairwise(ends))


@functools.lru_cache(maxsize=128)
def _legendre(count: int, bits: int) -> list[tuple[Any, Any]]:
    """Nodes and weights of Gauss's rule as balls (at the working precision ``bits``, which must be in force)."""
    return [arb.legendre_p_root(count, k, weight=True) for k in range(count)]
