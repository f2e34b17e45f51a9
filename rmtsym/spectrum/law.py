"""Spectral laws: one object for transform, density, support, atoms, moments, distribution and quantiles."""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import acb, arb
from flint import ctx as flint_context

from rmtsym.errors import DomainError
from rmtsym.field.value import Value
from rmtsym.spectrum.branch import AlgebraicBranch, to_ball
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.support import PointMass, Support, support_of

__all__ = ["SpectralLaw"]


class SpectralLaw:
    r"""A probability law on the real line given by its Stieltjes transform :math:`m(z) = \int \frac{d\mu(t)}{t - z}`.

    Parameters
    ----------
    curve : SpectralCurve, flint polynomial, sympy expression or text
        Polynomial P(m, z) with rational coefficients; the physical sheet is the one with ``m ~ -1/z``.
    moments : sequence of rationals, optional
        First moments, needed only where two sheets look alike at infinity.
    name : str, optional
        Shown in plots and messages.
    **parameters
        Numbers for the parameters of the curve.

    Raises
    ------
    DomainError
        For an empty curve, one without a physical branch, or one with parameters left free.

    Examples
    --------
    >>> law = SpectralLaw("c*z*m^2 + (c + z - 1)*m + 1", c="1/2")
    >>> law.moments(3)
    (Fraction(1, 1), Fraction(3, 2), Fraction(11, 4))
    >>> [round(e.value, 10) for e in law.edges]
    [0.0857864376, 2.9142135624]
    >>> float(law.density(1.0)) == float(np.imag(law.stieltjes(1.0, side="+")) / np.pi)
    True
    """

    def __init__(self, curve: Any, *, moments: Sequence[Any] = (), name: str = "", **parameters: Any) -> None:
        given = curve if isinstance(curve, SpectralCurve) and not moments else SpectralCurve(curve, moments)
        if parameters:
            given = given.at(**parameters)
        self.curve: SpectralCurve = _physical_factor(given)
        self.name = name
        self.branch = AlgebraicBranch(self.curve)
        _check_moments(self.curve)

    def __repr__(self) -> str:
        return f"SpectralLaw({self.name or str(self.curve)!r})"

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
        value = self.branch.stieltjes(np.where(points.imag < 0, points.conj(), points))
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

    def enclose(self, z: Any, digits: int = 15, side: str = "+") -> Value:
        """Ball around m(z) with the physical sheet proven.

        Parameters
        ----------
        z : exact number, float, text, pair (re, im) or flint ``acb``
        digits : int
            Relative digits wanted; the working precision is raised until they are there.
        side : "+" or "-"
            For real z on the support.

        Raises
        ------
        NoConvergence
            At a branch point or a pole.
        """
        bits = max(80, math.ceil(digits * 3.33) + 30)
        for _ in range(8):
            with flint_context.workprec(bits):
                point = _complex_ball(z, bits)
                flip = point.imag < 0 or (side == "-" and point.imag == 0)
                ball = self.branch.enclose(point.conjugate() if point.imag < 0 else point, bits)
                ball = ball.conjugate() if flip else ball
                if point.imag == 0 and ball.imag.contains(0):
                    ball = acb(ball.real)  # off the support m is real
                if ball.rel_accuracy_bits() >= digits * 3.33:
                    break
            bits *= 2
        value = ball.real if ball.imag == 0 else ball
        return Value.from_ball(value, "Krawczyk along a path from infinity")

    # -- support ---------------------------------------------------------------------------------------------------
    @cached_property
    def support(self) -> Support:
        """Components, pieces and atoms."""
        return support_of(self.branch)

    @property
    def edges(self) -> tuple[Value, ...]:
        """Ends of the components of the continuous part, in order, enclosed."""
        return self.support.edges

    @property
    def atoms(self) -> tuple[PointMass, ...]:
        """Point masses, in order."""
        return self.support.atoms

    def density(self, x: Any) -> Any:
        """Density of the continuous part, vectorised: ``Im m(x + i0) / pi``."""
        points = np.asarray(x, dtype=float)
        if not np.all(np.isfinite(points)):
            raise DomainError("x", x, "finite numbers", "remove NaN and infinite entries")
        result = np.zeros(points.shape)
        within = self._within(points)
        if np.any(within):
            result[within] = self.branch.stieltjes(points[within].astype(complex)).imag / math.pi
        return result if points.ndim else float(result)

    # -- moments ---------------------------------------------------------------------------------------------------
    def moments(self, k: int) -> tuple[Fraction, ...]:
        """Exact moments ``mom_1, ..., mom_k``."""
        return self.curve.moments(k)


def _physical_factor(curve: SpectralCurve) -> SpectralCurve:
    if curve.parameters:
        raise DomainError(
            "curve", f"a curve with free parameters {', '.join(curve.parameters)}", "numbers for them", "name=value"
        )
    factors = curve.factors()
    if not factors:
        raise DomainError("curve", str(curve), "a factor that holds both m and z", "check the elimination")
    found, reasons = [], []
    for factor in factors:
        candidate = SpectralCurve(factor, curve.hint)
        try:
            candidate.formal  # noqa: B018 - raises where there is no physical sheet
        except DomainError as error:
            reasons.append(error)
        else:
            found.append(candidate)
    if not found:
        raise reasons[0]
    if len(found) > 1:
        raise DomainError(
            "curve", str(curve), "one factor with m ~ -1/z", "several qualify: give moments= to tell them apart"
        )
    return found[0]


def _check_moments(curve: SpectralCurve) -> None:
    """Hankel determinants of the exact moments must not be negative."""
    from flint import fmpq, fmpq_mat

    order = min(2 * curve.degree, 6)
    series = curve.series(2 * order)
    for size in range(1, order + 1):
        determinant = fmpq_mat([[series[i + j] for j in range(size)] for i in range(size)]).det()
        if determinant < 0:
            raise DomainError(
                "curve",
                str(curve),
                "a curve with a physical branch",
                f"the series -1/z - ... gives moments of no probability law (Hankel determinant {size} is negative)",
            )
        if determinant == 0:
            return  # finitely many atoms


def _complex_ball(z: Any, bits: int) -> acb:
    if isinstance(z, acb):
        return z
    if isinstance(z, (complex, np.complexfloating)):
        return acb(arb(float(z.real)), arb(float(z.imag)))
    if isinstance(z, tuple):
        return acb(to_ball(z[0], bits), to_ball(z[1], bits))
    return acb(to_ball(z, bits))
