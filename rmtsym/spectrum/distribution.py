"""Distribution function and quantiles: Chebyshev series of the density on each piece, with the end exponents smoothed
away.

On a piece [a, b] with density ``(x - a)^p`` and ``(b - x)^q`` at its ends, ``x = a + (b - a) I_s(k, l)`` (incomplete
beta function, k and l the denominators of p and q) makes ``density * dx/ds`` analytic at both ends, so the coefficients
decay geometrically.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from numpy.polynomial import chebyshev
from scipy import special

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.spectrum.support import PointMass

__all__ = ["Distribution", "Quantile", "SmoothPiece", "resolve"]

_SIZE = 512  # nodes of one piece; where they do not suffice it is halved
_GAP = 1e-10  # a level this close to the mass below a gap is taken to lie in the gap


@dataclass(frozen=True)
class Quantile:
    """All x that are quantiles of one level: the closed interval from ``lower`` to ``upper``.

    ``kind`` is ``"point"`` (inside the continuous part), ``"atom"`` (the level falls into a jump of the distribution
    function; the atom is the quantile of a whole range of levels), or ``"gap"`` (the level equals the mass below a gap
    of the support: every point of the gap is a quantile).
    """

    lower: float
    upper: float
    kind: str

    def __float__(self) -> float:
        if self.lower != self.upper:
            raise DomainError(
                "level",
                "the mass below a gap",
                "levels with a single quantile",
                f"use .lower = {self.lower:.6g} or .upper = {self.upper:.6g}",
            )
        return self.lower


class SmoothPiece:
    """Density on one piece in the smoothed variable s in [0, 1].

    ``density(offset, from_lower)`` takes distances from one end, so that nothing is lost beside a singular end.
    """

    def __init__(
        self,
        density: Callable[[np.ndarray, bool], np.ndarray],
        ends: tuple[float, float],
        exponents: tuple[Fraction, Fraction],
    ) -> None:
        self.lower, self.upper = ends
        self.powers = (exponents[0].denominator, exponents[1].denominator)
        self._beta = float(special.beta(*self.powers))
        size = 32
        while True:
            nodes = np.cos(np.pi * (np.arange(size) + 0.5) / size)
            s = (1 + nodes) / 2
            left = s < 0.5
            values = np.zeros(size)
            values[left] = density(self._offset(s[left]), True)
            values[~left] = density(self._offset(1 - s[~left], self.powers[::-1]), False)
            values *= self.rate(s)
            coefficients = _transform(values)
            scale = float(np.max(np.abs(coefficients), initial=0.0))
            tail = float(np.max(np.abs(coefficients[-size // 8 :])))
            if tail <= 1e-14 * scale or size >= _SIZE:
                break
            size *= 2
        self.series = coefficients
        self.error = tail * 2
        self.resolved = tail <= 1e-11 * scale  # rounding beside an edge may keep the tail above 1e-14
        self.integral = chebyshev.chebint(coefficients, lbnd=-1) / 2
        self.mass = float(chebyshev.chebval(1.0, self.integral))

    def _offset(self, s: np.ndarray, powers: tuple[int, int] | None = None) -> np.ndarray:
        """Distance from the lower end (with the powers exchanged: from the upper), to full relative precision."""
        return np.asarray((self.upper - self.lower) * special.betainc(*(powers or self.powers), s))

    def place(self, s: np.ndarray) -> np.ndarray:
        """x(s)."""
        low, high = self.lower + self._offset(s), self.upper - self._offset(1 - s, self.powers[::-1])
        return np.where(s < 0.5, low, high)

    def rate(self, s: np.ndarray) -> np.ndarray:
        """dx/ds."""
        k, m = self.powers
        return (self.upper - self.lower) * s ** (k - 1) * (1 - s) ** (m - 1) / self._beta

    def below(self, x: np.ndarray) -> np.ndarray:
        """Mass of the piece below x."""
        k, m = self.powers
        share = np.clip((x - self.lower) / (self.upper - self.lower), 0.0, 1.0)
        s = special.betaincinv(k, m, share)
        inside = chebyshev.chebval(2 * s - 1, self.integral)
        return np.where(share <= 0, 0.0, np.where(share >= 1, self.mass, inside))

    def level(self, mass: np.ndarray) -> np.ndarray:
        """x below which the piece has the given mass: bisection, safeguarding Newton's steps."""
        low, high = np.zeros_like(mass), np.ones_like(mass)
        s = np.clip(mass / self.mass, 1e-12, 1 - 1e-12)
        for _ in range(80):
            miss = chebyshev.chebval(2 * s - 1, self.integral) - mass
            low, high = np.where(miss < 0, s, low), np.where(miss < 0, high, s)
            slope = chebyshev.chebval(2 * s - 1, self.series)
            with np.errstate(all="ignore"):
                new = s - miss / slope
            new = np.where((new > low) & (new < high), new, (low + high) / 2)
            if np.all(np.abs(new - s) <= 4e-16):
                break
            s = new
        return self.place(s)

    def mean(self, values: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
        """Integral of a function against the piece, with the change under halving the nodes as error."""
        results = []
        for size in (2 * len(self.series), 4 * len(self.series)):
            nodes, weights = np.polynomial.legendre.leggauss(min(size, 512))
            s = (1 + nodes) / 2
            results.append(float(np.sum(weights / 2 * chebyshev.chebval(nodes, self.series) * values(self.place(s)))))
        return results[1], abs(results[1] - results[0]) + self.error


def resolve(
    density: Callable[[np.ndarray, bool], np.ndarray],
    ends: tuple[float, float],
    exponents: tuple[Fraction, Fraction],
    depth: int = 12,
) -> list[SmoothPiece]:
    """The piece, halved until every part is resolved (complex branch points near the axis make narrow features)."""
    whole = SmoothPiece(density, ends, exponents)
    if whole.resolved or depth == 0:
        return [whole]
    middle = float(whole.place(np.array(0.5)))

    def left(offset: np.ndarray, from_lower: bool) -> np.ndarray:
        return density(offset, True) if from_lower else density(middle - offset - ends[0], True)

    def right(offset: np.ndarray, from_lower: bool) -> np.ndarray:
        return density(ends[1] - middle - offset, False) if from_lower else density(offset, False)

    smooth = Fraction(0)
    return [
        *resolve(left, (ends[0], middle), (exponents[0], smooth), depth - 1),
        *resolve(right, (middle, ends[1]), (smooth, exponents[1]), depth - 1),
    ]


def _transform(values: np.ndarray) -> np.ndarray:
    """Chebyshev coefficients from values at the Chebyshev points of the first kind."""
    from scipy.fft import dct

    coefficients = dct(values, type=2) / len(values)
    coefficients[0] /= 2
    return np.asarray(coefficients)


class Distribution:
    """Distribution function of a law: pieces, atoms, and the check that nothing is missing."""

    def __init__(self, pieces: Sequence[SmoothPiece], atoms: Sequence[PointMass]) -> None:
        self.pieces = tuple(pieces)
        self.atoms = tuple(atoms)
        total = sum(p.mass for p in self.pieces) + sum(float(a.mass) for a in self.atoms)
        if abs(total - 1) > 1e-7:
            raise NoConvergence(
                f"pieces and atoms have total mass {total:.10g}, not 1: check the curve and its support"
            )

    @cached_property
    def error(self) -> float:
        """Size of the truncated Chebyshev tails."""
        return sum(p.error for p in self.pieces)

    def cdf(self, x: np.ndarray) -> np.ndarray:
        """Mass of (-infinity, x]."""
        total = np.zeros(x.shape)
        for piece in self.pieces:
            total += piece.below(x)
        for atom in self.atoms:
            total += float(atom.mass) * (x >= float(atom.location))
        return np.clip(total, 0.0, 1.0)

    def quantile(self, level: float) -> Quantile:
        """All quantiles of one level in (0, 1)."""
        stations: list[tuple[float, float, Any]] = [(p.lower, p.upper, p) for p in self.pieces]
        stations += [(float(a.location), float(a.location), a) for a in self.atoms]
        stations.sort(key=lambda s: (s[0], s[1]))
        # an atom inside a piece cuts it
        below = 0.0
        for index, (low, high, item) in enumerate(stations):
            inner = [a for a in self.atoms if low < float(a.location) < high] if low < high else []
            if inner:
                return self._crossing(level)
            mass = item.mass if isinstance(item, SmoothPiece) else float(item.mass)
            if level < below + mass - _GAP:
                if isinstance(item, SmoothPiece):
                    x = float(item.level(np.array([max(level - below, 0.0)]))[0])
                    return Quantile(x, x, "point")
                return Quantile(low, low, "atom")
            below += mass
            if abs(level - below) <= _GAP:
                following = next((s[0] for s in stations[index + 1 :]), high)
                return Quantile(high, following, "gap") if following > high else Quantile(high, high, "point")
        last = stations[-1][1]
        return Quantile(last, last, "point")

    def _crossing(self, level: float) -> Quantile:
        low = min([p.lower for p in self.pieces] + [float(a.location) for a in self.atoms])
        high = max([p.upper for p in self.pieces] + [float(a.location) for a in self.atoms])
        for atom in self.atoms:
            x = float(atom.location)
            reached = float(self.cdf(np.array([x]))[0])
            if reached - float(atom.mass) <= level <= reached:
                return Quantile(x, x, "atom")
        for _ in range(200):
            x = (low + high) / 2
            if float(self.cdf(np.array([x]))[0]) < level:
                low = x
            else:
                high = x
        return Quantile(high, high, "point")

    def mean(self, values: Callable[[np.ndarray], np.ndarray]) -> tuple[float, float]:
        """Expectation of a function of the real variable, with an error estimate."""
        total, error = 0.0, 0.0
        for piece in self.pieces:
            value, uncertain = piece.mean(values)
            total, error = total + value, error + uncertain
        for atom in self.atoms:
            total += float(atom.mass) * float(values(np.array([float(atom.location)]))[0])
        return total, error
