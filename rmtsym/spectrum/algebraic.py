"""Spectral laws given by an algebraic curve: everything exact or enclosed that a curve allows."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import acb, arb, fmpq_mat
from flint import ctx as flint_context

from rmtsym.errors import DomainError
from rmtsym.field.value import Value
from rmtsym.spectrum import calculus
from rmtsym.spectrum.branch import AlgebraicBranch
from rmtsym.spectrum.certified_path import krawczyk_real, to_ball
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.law import Law
from rmtsym.spectrum.support import Piece, Support, support_of

__all__ = ["SpectralLaw"]


class SpectralLaw(Law):
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

    def _above(self, z: np.ndarray) -> np.ndarray:
        return self.branch.stieltjes(z)

    def _density_beside(self, piece: Piece, exponents: tuple[Fraction, Fraction]) -> Callable[..., np.ndarray]:
        # where the density grows without bound, offsets from the exact singular point keep every digit
        ends = (piece.lower, exponents[0], 1), (piece.upper, exponents[1], -1)
        branches = [
            self.branch.centred(end.ball) if exponent < 0 and float(end) != 0 else None for end, exponent, _ in ends
        ]

        def density(offset: np.ndarray, from_lower: bool) -> np.ndarray:
            end, _, sign = ends[0 if from_lower else 1]
            branch = branches[0 if from_lower else 1]
            at = sign * offset if branch else float(end) + sign * offset
            return np.asarray((branch or self.branch).stieltjes(at.astype(complex)).imag / math.pi)

        return density

    def enclose(self, z: Any, digits: int = 15, side: str = "+") -> Value:
        """Ball around m(z) with the physical sheet proven.

        Parameters
        ----------
        z : exact number, float, text, pair (re, im) or flint ``acb``; the value holds for every point of a ball
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
        wide = isinstance(z, acb) and not z.is_exact()  # more bits would not help
        for _ in range(8):
            with flint_context.workprec(bits):
                point = _complex_ball(z, bits)
                flip = point.imag < 0 or (side == "-" and point.imag == 0)
                ball = self.branch.enclose(point.conjugate() if point.imag < 0 else point, bits)
                ball = ball.conjugate() if flip else ball
                undecided = point.imag == 0 and bool(ball.imag.contains(0))
                if undecided and krawczyk_real(self.branch, point, ball, bits):
                    ball, undecided = acb(ball.real), False  # off the support m is real
                if wide or (not undecided and ball.rel_accuracy_bits() >= digits * 3.33):
                    break
            bits *= 2
        value = ball.real if ball.imag == 0 else ball
        return Value.from_ball(value, "Krawczyk along a path from infinity")

    @cached_property
    def support(self) -> Support:
        """Components, pieces and atoms; edges are enclosed roots of the discriminant."""
        return support_of(self.branch)

    def moments(self, k: int) -> tuple[Fraction, ...]:
        """Exact moments ``mom_1, ..., mom_k``."""
        return self.curve.moments(k)

    # -- calculus --------------------------------------------------------------------------------------------------
    def shift(self, by: Any) -> SpectralLaw:
        """Law of X + by."""
        return SpectralLaw(calculus.shift(self.curve, by))

    def scale(self, by: Any) -> SpectralLaw:
        """Law of by * X."""
        return SpectralLaw(calculus.scale(self.curve, by))

    def square(self) -> SpectralLaw:
        """Law of X^2."""
        return SpectralLaw(calculus.square(self.curve))

    def inverse(self) -> SpectralLaw:
        """Law of 1/X; the support must not touch 0."""
        for lower, upper in self.support.components:
            if float(lower) <= 0 <= float(upper):
                shown = f"[{lower.value:.6g}, {upper.value:.6g}]"
                raise DomainError("support", shown, "a support that does not touch 0", "shift the law first")
        if any(float(atom.location) == 0 for atom in self.atoms):
            raise DomainError("support", "an atom at 0", "a support that does not touch 0", "shift the law first")
        return SpectralLaw(calculus.inverse(self.curve))

    def dilute(self, share: Any) -> SpectralLaw:
        """``share * law + (1 - share) * atom at 0``: the spectrum of AA' from that of A'A.  ``share > 1``
        removes zeros.
        """
        return SpectralLaw(calculus.dilute(self.curve, share))

    def compress(self, share: Any) -> SpectralLaw:
        """Law of pXp in the corner of a free projection p of trace ``share``."""
        return SpectralLaw(calculus.compress(self.curve, share))

    def free_power(self, times: Any) -> SpectralLaw:
        """Free additive power: ``times`` free copies added, ``times >= 1`` real."""
        return SpectralLaw(calculus.free_power(self.curve, times))

    def free_sum(self, other: SpectralLaw) -> SpectralLaw:
        """Law of X + Y for free X, Y (one of them conjugated by a Haar matrix)."""
        return SpectralLaw(calculus.free_sum(self.curve, other.curve))

    def free_product(self, other: SpectralLaw) -> SpectralLaw:
        """Law of X^(1/2) Y X^(1/2) for free X >= 0 and Y; one of the two must be on [0, infinity)."""
        if self.bounds[0] < 0 and other.bounds[0] < 0:
            shown = f"supports from {self.bounds[0]:.4g} and {other.bounds[0]:.4g}"
            raise DomainError("law", shown, "one law on [0, infinity)", "the product is not self-adjoint otherwise")
        return SpectralLaw(calculus.free_product(self.curve, other.curve))


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
            if not curve.hint or candidate.vanishes_on(curve.hint):
                found.append(candidate)
    if not found and reasons:
        raise reasons[0]
    if not found:
        shown = ", ".join(str(x) for x in curve.hint)
        raise DomainError("moments", f"[{shown}]", "moments of a sheet of the curve", "leave them out, or correct them")
    if len(found) > 1:
        raise DomainError(
            "curve", str(curve), "one factor with m ~ -1/z", "several qualify: give moments= to tell them apart"
        )
    if not curve.hint:
        return found[0]
    try:  # moments are kept only where they are needed to tell two sheets apart
        plain = SpectralCurve(found[0].poly)
        return plain if plain.vanishes_on(curve.hint) and plain.formal else found[0]
    except DomainError:
        return found[0]


def _check_moments(curve: SpectralCurve) -> None:
    """Hankel determinants of the exact moments must not be negative."""
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
