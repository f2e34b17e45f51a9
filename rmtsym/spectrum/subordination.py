"""Free convolutions of laws without curves, by analytic subordination.

Sum: ``m(z) = m_a(z_a) = m_b(z_b)`` with ``z_a + z_b = z - 1/m``.  Product:
``z m = z_a m_a(z_a) = z_b m_b(z_b) = y`` with ``z_a z_b = z y/(1 + y)``.  In both
cases there is exactly one solution with z_a and z_b in the upper half plane (the
Denjoy-Wolff point of a self-map), so the branch test is the sign of two imaginary parts.

Source: Biane (1998), Belinschi and Bercovici (2007).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from rmtsym.errors import DomainError
from rmtsym.field.measure import Atoms
from rmtsym.field.value import Value
from rmtsym.spectrum import cumulants
from rmtsym.spectrum.continuation import follow_down
from rmtsym.spectrum.law import Law
from rmtsym.spectrum.support import Piece, PointMass, Support

__all__ = ["DiscreteLaw", "FreeProduct", "FreeSum"]

_GRID = 400  # components and gaps narrower than the span over this number are not seen


class DiscreteLaw(Law):
    """Finitely many atoms in floating point, for spectra with too many atoms for a curve.

    >>> law = DiscreteLaw([1.0, 4.0])
    >>> law.moments(2), complex(law.stieltjes(-1.0))
    ((2.5, 8.5), (0.35+0j))
    """

    def __init__(self, locations: Sequence[Any], weights: Sequence[Any] | None = None, name: str = "") -> None:
        places = np.asarray(locations, dtype=float)
        shares = np.full(places.shape, 1 / max(places.size, 1)) if weights is None else np.asarray(weights, dtype=float)
        Atoms(list(shares), t=list(places))  # its errors are ours
        self.locations, position = np.unique(places, return_inverse=True)
        self.weights = np.bincount(position, weights=shares)
        self.name = name

    def _above(self, z: np.ndarray) -> np.ndarray:
        with np.errstate(all="ignore"):
            return np.asarray((1 / (self.locations - z[..., None])) @ self.weights)

    @cached_property
    def support(self) -> Support:
        atoms = tuple(
            PointMass(Value(float(t), 0.0, "exact", "given"), Value(float(w), 0.0, "exact", "given"))
            for t, w in zip(self.locations, self.weights, strict=True)
        )
        return Support((), (), atoms)

    def moments(self, k: int) -> tuple[float, ...]:
        return tuple(float(self.weights @ self.locations**j) for j in range(1, k + 1))


class _Convolution(Law):
    """Two laws, the map of one subordination function, and a support found by scanning."""

    def __init__(self, first: Law, second: Law, name: str = "") -> None:
        self.first, self.second, self.name = first, second, name

    def _residual(self, z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Equation for the first subordination function s, and the second one."""
        raise NotImplementedError

    def _guess(self, z: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _span(self) -> tuple[float, float]:
        raise NotImplementedError

    def _solve(self, z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        last = np.full(s.shape, np.inf)
        other = s
        for _ in range(16):
            value, other = self._residual(z, s)
            step = 1e-7j * np.maximum(s.imag, 1e-3 * np.abs(s))
            slope = (self._residual(z, s + step)[0] - value) / step
            change = value / slope
            s = s - change
            last = np.abs(change)
            if np.all(last <= 1e-15 * np.abs(s)):
                break
        return s, (last <= 1e-9 * np.abs(s)) & self._above_both(z, s) & self._above_both(z, other)

    def _above_both(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        """What a subordination function does to z, up to rounding: it leaves out the zeros that are no solution."""
        raise NotImplementedError

    def _above(self, z: np.ndarray) -> np.ndarray:
        flat = np.asarray(z, dtype=complex).ravel()
        scale = max(abs(x) for x in self._span())
        s = follow_down(flat, scale, self._guess, self._solve)
        return self._transform(flat, s).reshape(np.shape(z))

    def _transform(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        raise NotImplementedError

    def _site(self, a: float, b: float) -> float:
        raise NotImplementedError

    def _atoms(self) -> tuple[PointMass, ...]:
        """An atom needs two atoms whose masses exceed 1 together (Bercovici and Voiculescu 1998)."""
        found: dict[float, float] = {}
        for a in self.first.atoms:
            for b in self.second.atoms:
                mass = float(a.mass) + float(b.mass) - 1
                if mass > 1e-12:
                    found[self._site(float(a.location), float(b.location))] = mass
        return self._named(found)

    @staticmethod
    def _named(found: dict[float, float]) -> tuple[PointMass, ...]:
        return tuple(
            PointMass(
                Value(x, 0.0, "exact", "atoms of the factors"), Value(w, 1e-15, "residual", "atoms of the factors")
            )
            for x, w in sorted(found.items())
        )

    @cached_property
    def support(self) -> Support:
        """Components found on a grid, their ends by bisection on the sign of the density.

        Components and gaps narrower than 1/400 of the span are not seen; the edges' status is ``"residual"``.
        """
        low, high = self._span()
        width = (high - low) * (1 + 2 / _GRID)
        atoms = self._atoms()
        places = np.array([float(a.location) for a in atoms])

        def positive(x: np.ndarray) -> np.ndarray:
            found = self._above(x + 0j).imag > 1e-6 / width
            for place in places:
                found &= np.abs(x - place) > 1e-5 * width
            return np.asarray(found)

        # the grid avoids round numbers, where atoms of the factors make their transforms singular
        grid = low - width / _GRID + width * (np.arange(_GRID + 1) + 1.234e-4) / _GRID
        inside = positive(grid)
        change = np.flatnonzero(inside[1:] != inside[:-1])
        inner = np.where(inside[change], grid[change], grid[change + 1])
        outer = np.where(inside[change], grid[change + 1], grid[change])
        for _ in range(44):
            middle = (outer + inner) / 2
            now = positive(middle)
            inner, outer = np.where(now, middle, inner), np.where(now, outer, middle)
        ends = [Value(float(x), math.inf, "residual", "bisection on the density") for x in inner]
        pairs = tuple(zip(ends[::2], ends[1::2], strict=True))
        return Support(pairs, tuple(Piece(a, b) for a, b in pairs), atoms)


class FreeSum(_Convolution):
    """Law of X + Y for free X and Y, from their transforms alone.

    >>> law = FreeSum(DiscreteLaw([-1.0, 1.0]), DiscreteLaw([-1.0, 1.0]))
    >>> abs(law.stieltjes(1j) - 1j / math.sqrt(5)) < 1e-12
    True
    """

    def _span(self) -> tuple[float, float]:
        (a, b), (c, d) = self.first.bounds, self.second.bounds
        return a + c, b + d

    def _guess(self, z: np.ndarray) -> np.ndarray:
        return z - float(self.second.mean)

    def _residual(self, z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        m = self.first._above(s)
        other = z - 1 / m - s
        return other + s - z + 1 / self.second._above(other), other

    def _above_both(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        return np.asarray(s.imag >= z.imag - 1e-9 * np.abs(s))

    def _transform(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        return self.first._above(s)

    def _site(self, a: float, b: float) -> float:
        return a + b

    def moments(self, k: int) -> tuple[Any, ...]:
        return cumulants.free_sum(self.first.moments(k), self.second.moments(k))


class FreeProduct(_Convolution):
    """Law of X^(1/2) Y X^(1/2) for free X, Y >= 0, from their transforms alone."""

    def __init__(self, first: Law, second: Law, name: str = "") -> None:
        super().__init__(first, second, name)
        for law in (first, second):
            if law.bounds[0] < 0 or law.bounds[1] <= 0:
                raise DomainError("law", law, "laws on [0, infinity), not the atom at 0", "shift it, or use FreeSum")

    def _span(self) -> tuple[float, float]:
        return self.first.bounds[0] * self.second.bounds[0], self.first.bounds[1] * self.second.bounds[1]

    def _guess(self, z: np.ndarray) -> np.ndarray:
        return z / float(self.second.mean)

    def _residual(self, z: np.ndarray, s: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        y = s * self.first._above(s)
        other = z * y / (s * (1 + y))
        return (y - other * self.second._above(other)) * s, other

    def _above_both(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        turned = s / z * np.abs(z)  # the argument of s is at least that of z
        return np.asarray((turned.imag >= -1e-9 * np.abs(turned)) & (s.imag >= -1e-9 * np.abs(s)))

    def _transform(self, z: np.ndarray, s: np.ndarray) -> np.ndarray:
        return s * self.first._above(s) / z

    def _site(self, a: float, b: float) -> float:
        return a * b

    def _atoms(self) -> tuple[PointMass, ...]:
        found = {float(a.location): float(a.mass) for a in super()._atoms() if float(a.location) != 0}
        zeros = [float(a.mass) for law in (self.first, self.second) for a in law.atoms if float(a.location) == 0]
        if zeros:
            found[0.0] = max(zeros)
        return self._named(found)

    def moments(self, k: int) -> tuple[Any, ...]:
        exact = [[Fraction(x) for x in law.moments(k)] for law in (self.first, self.second)]
        found = cumulants.free_product(*exact)
        return found if all(isinstance(x, Fraction) for x in self.first.moments(1)) else tuple(float(x) for x in found)
