"""What every spectral law can do: transform, resolvent, density, distribution function, quantiles, expectations.

A law of this package supplies three things: values of its Stieltjes transform in the closed upper half plane (on the
real axis the limit from above), its support with atoms, and its moments.  The rest is here.
"""

from __future__ import annotations

import math
from abc import ABC, abstractmethod
from collections.abc import Callable
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np

from rmtsym.errors import DomainError
from rmtsym.field.value import Value
from rmtsym.spectrum.cumulants import free_cumulants
from rmtsym.spectrum.distribution import Distribution, Quantile, SmoothPiece, resolve
from rmtsym.spectrum.support import Edge, Piece, PointMass, Support, exponents_of

__all__ = ["Law"]


class Law(ABC):
    r"""A probability law on the real line with :math:`m(z) = \int \frac{d\mu(t)}{t - z}`, positive on the negative
    axis for laws on
    :math:`[0, \infty)`.
    """

    name: str = ""

    # -- what a law supplies -----------------------------------------------------------------------------------------
    @abstractmethod
    def _above(self, z: np.ndarray) -> np.ndarray:
        """m(z) for Im z >= 0, any shape; on the real axis the limit from above."""

    @property
    @abstractmethod
    def support(self) -> Support:
        """Components, pieces and atoms."""

    @abstractmethod
    def moments(self, k: int) -> tuple[Any, ...]:
        """Moments ``mom_1, ..., mom_k``."""

    # -- transform -------------------------------------------------------------------------------------------------
    def stieltjes(self, z: Any, side: str | None = None) -> Any:
        """m(z), vectorised over z (any shape); ``m(conj z) = conj m(z)``.

        Parameters
        ----------
        z : complex or array
        side : "+" or "-", optional
            Half plane from which a real z inside the support is approached.

        Raises
        ------
        DomainError
            For NaN, and for a real z on the support without a side.
        """
        points = np.asarray(z)
        if not np.all(np.isfinite(points)):
            raise DomainError("z", z, "finite numbers", "remove NaN and infinite entries")
        if side not in (None, "+", "-"):
            raise DomainError("side", side, '"+" or "-"', "+ is the limit from the upper half plane")
        points = np.asarray(points, dtype=complex)
        real = points.imag == 0
        lower = points.imag < 0
        x = points.real
        if np.any(real):
            on = real & self.support.on_atom(x)
            if np.any(on):
                raise DomainError("z", float(x[on].flat[0]), "points that are not atoms", "m has a pole there")
            within = real & self._within(x)
            if side is None and np.any(within):
                shown = float(x[within].flat[0])
                raise DomainError("z", shown, "points off the support", 'give side="+" or side="-" for the limit')
            if side == "-":
                lower = lower | within
        value = self._above(np.where(points.imag < 0, points.conj(), points))
        value = np.where(lower, value.conj(), value)
        if np.any(real):
            value = np.where(real & ~self._within(x), value.real, value)
        return value if points.ndim else complex(value)

    def _within(self, x: np.ndarray) -> np.ndarray:
        """Inside a component; its ends belong to the resolvent set's closure, where m has a limit."""
        found = np.zeros(np.shape(x), dtype=bool)
        for lower, upper in self.support.components:
            found |= (x > lower.value) & (x < upper.value)
        return found

    def resolvent(self, lam: Any) -> Any:
        """m(-lam): normalised trace of ``(M + lam)^{-1}`` off the support, real and without loss of digits."""
        shift = np.asarray(lam, dtype=float)
        value = np.real(self.stieltjes(-shift.astype(complex)))
        return value if shift.ndim else float(value)

    # -- support ---------------------------------------------------------------------------------------------------
    @property
    def edges(self) -> tuple[Value, ...]:
        """Ends of the components of the continuous part, in order."""
        return self.support.edges

    @property
    def atoms(self) -> tuple[PointMass, ...]:
        """Point masses, in order."""
        return self.support.atoms

    @property
    def bounds(self) -> tuple[float, float]:
        """Smallest and largest point of the support."""
        ends = [float(e) for e in (*self.edges, *(a.location for a in self.atoms))]
        return min(ends), max(ends)

    @cached_property
    def edge_behaviour(self) -> tuple[Edge, ...]:
        """Every edge, and every singular point inside a component, with the exponent of the density beside it.

        The exponents are slopes of log density against log distance at three scales, read as the nearest rational.
        """
        return exponents_of(self.support, lambda x: self._above(x.astype(complex)).imag)

    def density(self, x: Any) -> Any:
        """Density of the continuous part, vectorised: ``Im m(x + i0) / pi``."""
        points = np.asarray(x, dtype=float)
        if not np.all(np.isfinite(points)):
            raise DomainError("x", x, "finite numbers", "remove NaN and infinite entries")
        result = np.zeros(points.shape)
        within = self._within(points)
        if np.any(within):
            result[within] = self._above(points[within].astype(complex)).imag / math.pi
        return result if points.ndim else float(result)

    # -- moments ---------------------------------------------------------------------------------------------------
    def free_cumulants(self, k: int) -> tuple[Any, ...]:
        """Free cumulants ``kappa_1, ..., kappa_k``, as exact as the moments."""
        return free_cumulants(self.moments(k))

    @property
    def mean(self) -> Any:
        """First moment."""
        return self.moments(1)[0]

    @property
    def variance(self) -> Any:
        """Second central moment."""
        first, second = self.moments(2)
        return second - first * first

    # -- distribution ----------------------------------------------------------------------------------------------
    @cached_property
    def distribution(self) -> Distribution:
        """Chebyshev series of the distribution function; its total mass has been checked to be 1."""
        exponents: dict[tuple[float, str], Fraction] = {}
        for edge in self.edge_behaviour:
            x = float(edge.location)
            if edge.side != "right":
                exponents[x, "lower"] = edge.exponent
            if edge.side != "left":
                exponents[x, "upper"] = edge.exponent

        pieces: list[SmoothPiece] = []
        for piece in self.support.pieces:
            pair = exponents[float(piece.lower), "lower"], exponents[float(piece.upper), "upper"]
            pieces += resolve(self._density_beside(piece, pair), (float(piece.lower), float(piece.upper)), pair)
        return Distribution(pieces, self.atoms)

    def _density_beside(self, piece: Piece, exponents: tuple[Fraction, Fraction]) -> Callable[..., np.ndarray]:
        """Density as a function of the distance from the lower or the upper end of a piece."""

        def density(offset: np.ndarray, from_lower: bool) -> np.ndarray:
            x = float(piece.lower) + offset if from_lower else float(piece.upper) - offset
            return np.asarray(self._above(x.astype(complex)).imag / math.pi)

        return density

    def cdf(self, x: Any) -> Any:
        """Mass of (-infinity, x], vectorised."""
        points = np.asarray(x, dtype=float)
        if np.any(np.isnan(points)):
            raise DomainError("x", x, "numbers", "remove NaN entries")
        value = self.distribution.cdf(points)
        return value if points.ndim else float(value)

    def quantile(self, level: Any) -> Quantile:
        """All x with ``P(X < x) <= level <= P(X <= x)``: a point, an atom, or a whole gap of the support.

        ``float(law.quantile(q))`` is the quantile where it is unique; in a gap it is refused, and ``.lower``,
        ``.upper`` are the ends of the gap.  Levels within 1e-10 of the mass below a gap count as that mass.

        Raises
        ------
        DomainError
            For a level outside (0, 1).
        """
        q = float(level)
        if not 0 < q < 1:
            raise DomainError("level", level, "0 < level < 1", "the extreme points are law.bounds")
        return self.distribution.quantile(q)

    def quantiles(self, n: int) -> np.ndarray:
        """Quantile spectrum: levels (i + 1/2)/n for i = 0..n-1; at the mass of a gap its lower end.

        A deterministic stand-in for the n eigenvalues of one matrix.
        """
        if n < 1:
            raise DomainError("n", n, "n >= 1", "it is the number of eigenvalues")
        return np.array([self.distribution.quantile((i + 0.5) / n).lower for i in range(n)])

    def expectation(self, function: Callable[[np.ndarray], np.ndarray]) -> Value:
        """E f(X) by quadrature of the smoothed density; f is vectorised and smooth on the support.

        The radius is not proven: ``status`` is ``"residual"`` and ``method`` tells the estimated error.  For analytic
        f use
        :func:`rmtsym.spectrum.linear_statistic`, which encloses.
        """
        value, error = self.distribution.mean(function)
        return Value(value, math.inf, "residual", f"quadrature, estimated error {error:.1e}")
