"""Sample covariance with a general population: everything from the inverse map of its companion transform.

With ``v = -1/m_companion`` the equation of Silverstein and Bai reads ``z = x(v)``,

    x(v) = v (1 + c sum w_k t_k / (v - t_k)),      x'(v) = 1 - c sum w_k t_k^2 / (v - t_k)^2 .

For Im z > 0 there is exactly one v with Im v > 0; the real z off the support are the images of the real v with
``x'(v) > 0``.  Between neighbouring population eigenvalues x' is strictly concave, so every critical point is isolated
by its sign and enclosed.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, fmpq, fmpq_mpoly_ctx
from flint import ctx as flint_context

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.measure import Atoms
from rmtsym.field.value import Value
from rmtsym.spectrum.algebraic import SpectralLaw
from rmtsym.spectrum.continuation import follow_down
from rmtsym.spectrum.cumulants import moments_of_cumulants
from rmtsym.spectrum.law import Law
from rmtsym.spectrum.polynomial import rational, to_fraction
from rmtsym.spectrum.support import Piece, PointMass, Support

__all__ = ["SampleCovariance", "Spike"]

_BITS = 128


@dataclass(frozen=True)
class Spike:
    r"""What one population eigenvalue ``alpha`` away from the bulk does to the sample.

    ``outlier`` is its limit position :math:`x(\alpha)` (``None`` below the threshold), ``left`` the squared alignment
    :math:`\alpha x'(\alpha)/x(\alpha)` of sample and population eigenvectors, ``right`` the squared alignment
    :math:`x'(\alpha)` of the right singular vector with the row of the data that carries the spike; both are 0 below
    the threshold.
    """

    alpha: Fraction
    outlier: Value | None
    left: Value
    right: Value


class SampleCovariance(Law):
    r"""Law of ``C^{1/2} Z Z' C^{1/2} / n``: Z p x n with iid entries, mean 0 and variance 1, ``p/n -> c``.

    Parameters
    ----------
    c : number
        Ratio p/n > 0.
    t : sequence of numbers
        Population eigenvalues, at least 0, not all 0.
    w : sequence of numbers, optional
        Their weights, summing to 1; equal if left out.

    Examples
    --------
    >>> law = SampleCovariance("1/10", [1, 9, 25], ["1/2", "1/4", "1/4"])
    >>> [round(e.value, 6) for e in law.edges]
    [0.561696, 1.42943, 6.165759, 11.677415, 18.165088, 33.908946]
    >>> law.component_masses
    (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4))

    Source: Silverstein and Bai (1995), Silverstein and Choi (1995), Bai and Silverstein (1998).
    """

    def __init__(self, c: Any, t: Sequence[Any], w: Sequence[Any] | None = None, name: str = "") -> None:
        self.c = to_fraction(rational(c, "c"))
        if self.c <= 0:
            raise DomainError("c", c, "c > 0", "it is the ratio p/n")
        places = [to_fraction(rational(x, "t")) for x in t]
        if any(x < 0 for x in places):
            raise DomainError(
                "t", min(places), "population eigenvalues >= 0", "a covariance has no negative eigenvalue"
            )
        shares = [Fraction(1, max(len(places), 1))] * len(places) if w is None else list(w)
        law = Atoms([to_fraction(rational(x, "w")) for x in shares], t=places)
        merged: dict[Fraction, Fraction] = {}
        for place, share in zip(law.letters["t"], law.weights, strict=True):
            merged[place] = merged.get(place, Fraction(0)) + share
        self.zeros = merged.pop(Fraction(0), Fraction(0))
        self.population = tuple(sorted((x, s) for x, s in merged.items() if s))
        if not self.population:
            raise DomainError("t", "[0]", "at least one positive population eigenvalue", "C = 0 gives the atom at 0")
        self.name = name or f"sample-covariance(c = {self.c})"
        self.eigenvalues = np.array([float(x) for x, _ in self.population])
        self.weights = np.array([float(s) for _, s in self.population])
        self._rank = self.c * (1 - self.zeros)  # rank of the population per sample

    def __repr__(self) -> str:
        shown = ", ".join(f"{t}: {w}" for t, w in self.population[:4]) + (", ..." if len(self.population) > 4 else "")
        return f"SampleCovariance(c = {self.c}, {{{shown}}})"

    # -- inverse map -----------------------------------------------------------------------------------------------
    def _map(self, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """x(v) and x'(v) in floating point."""
        # t/(v - t) = r - 1 with r = v/(v - t): the constant 1 - c E[t > 0] is exact, so nothing is lost at small v
        r = v[..., None] / (v[..., None] - self.eigenvalues)
        c, rest = float(self.c), float(1 - self._rank)
        return v * (rest + c * (r @ self.weights)), rest + c * ((r * (2 - r)) @ self.weights)

    def outlier_map(self, alpha: Any) -> tuple[Fraction, Fraction]:
        """x(alpha) and x'(alpha), exact, for a rational alpha that is no population eigenvalue.

        >>> SampleCovariance("1/2", [1]).outlier_map("5/2")
        (Fraction(10, 3), Fraction(7, 9))
        """
        v = to_fraction(rational(alpha, "alpha"))
        if any(v == t for t, _ in self.population):
            raise DomainError("alpha", alpha, "numbers that are no bulk eigenvalue", "choose a spike off the bulk")
        ratios = [(t / (v - t), w) for t, w in self.population]
        return v * (1 + self.c * sum(r * w for r, w in ratios)), 1 - self.c * sum(r * r * w for r, w in ratios)

    @cached_property
    def critical(self) -> tuple[tuple[arb, bool], ...]:
        """Real critical points v of x in increasing order, enclosed; True marks a double one (a gap just closing)."""
        t = self.eigenvalues
        spread = np.sqrt(float(self.c) * float(np.sum(self.weights * t**2))) * (1 + 1e-9)
        # one bracket for each sign change of x': an end where it is positive, then one where it is negative
        positive, negative = [t[0] - spread, t[-1] + spread], [t[0], t[-1]]
        doubles = []
        if len(t) > 1:
            tops = _bisect(self._bend, t[:-1], t[1:], steps=24)  # x' is flat there
            with np.errstate(all="ignore"):
                close = np.any(np.abs(self._map(tops)[1]) < 1e-6)
            if close:
                tops = _bisect(self._bend, t[:-1], t[1:])
            for low, top, high, sign in zip(t[:-1], tops, t[1:], self._signs_at(tops), strict=True):
                if sign > 0:
                    positive += [top, top]
                    negative += [low, high]
                elif sign == 0:
                    doubles.append((arb(float(top)), True))
        roots = _bisect(lambda v: self._map(v)[1], np.array(positive), np.array(negative), steps=20)
        for _ in range(4):  # Newton from 6 digits; two roots that are closer are left to bisection
            ratio = t / (roots[:, None] - t)
            step = self._map(roots)[1] / (2 * float(self.c) * ((ratio**3 / t) @ self.weights))
            roots = roots - step
        inside = (roots >= np.minimum(positive, negative)) & (roots <= np.maximum(positive, negative))
        if not np.all(inside & (np.abs(step) < 1e-12 * t[-1])):
            roots = _bisect(lambda v: self._map(v)[1], np.array(positive), np.array(negative))
        if self._rank == 1:
            roots[0] = 0.0  # exactly: the support touches 0
        simple = self._ordered(sorted((self._enclosed(float(v)) for v in roots), key=lambda v: float(v.mid())))
        found = [(v, False) for v in simple] + doubles
        return tuple(sorted(found, key=lambda pair: float(pair[0].mid())))

    def _bend(self, v: np.ndarray) -> np.ndarray:
        """Sign of x''(v): positive before the top of x' between two poles."""
        ratio = self.eigenvalues / (v[..., None] - self.eigenvalues)
        return np.asarray((ratio**3 / self.eigenvalues) @ self.weights)

    def ball_map(self, v: Any) -> tuple[Any, Any, Any]:
        """x, x' and x'' in balls."""
        c = arb(fmpq(self.c.numerator, self.c.denominator))
        first, second, third = arb(0), arb(0), arb(0)
        for t, w in self.exact_population:
            ratio = arb(t) / (v - arb(t))
            first += ratio * arb(w)
            second += ratio * ratio * arb(w)
            third += ratio * ratio * arb(w) / (v - arb(t))
        return v * (1 + c * first), 1 - c * second, 2 * c * third

    @cached_property
    def exact_population(self) -> tuple[tuple[fmpq, fmpq], ...]:
        return tuple((rational(t), rational(w)) for t, w in self.population)

    def _signs_at(self, tops: np.ndarray) -> list[int]:
        """Sign of the top of x' between neighbouring population eigenvalues; 0 if it vanishes to 60 digits."""
        with np.errstate(all="ignore"):
            negative = self._ceiling(tops) < 0
            positive = self._map(tops)[1] > 1e-6  # proven by the roots beside it
        return [
            -1 if below else 1 if above else self._close_sign(k)
            for k, (below, above) in enumerate(zip(negative, positive, strict=True))
        ]

    def _ceiling(self, places: np.ndarray) -> np.ndarray:
        """Upper bounds of x' between neighbouring population eigenvalues: tangents at one place in each, as x' is
        concave there, and room for rounding.
        """
        t = self.eigenvalues
        ratio = t / (places[:, None] - t)
        room = (1 + np.abs(ratio)) * (t.size + 16) * 2.0**-50
        slope = np.abs(self._bend(places)) + (np.abs(ratio) ** 3 * room / t) @ self.weights
        heights = self._map(places)[1] + (1 + float(self._rank)) * (t.size + 16) * 2.0**-50
        heights += float(self.c) * (((2 + np.abs(ratio)) ** 2 * room) @ self.weights)
        return np.asarray(heights + 2 * float(self.c) * slope * (t[1:] - t[:-1]) * (1 + 1e-6))

    def _close_sign(self, k: int) -> int:
        """The sign between population eigenvalues k and k + 1, in balls."""
        with flint_context.workprec(512):
            low, high = (arb(t) for t, _ in self.exact_population[k : k + 2])
            start, end = low.mid(), high.mid()
            for _ in range(64):
                top = ((start + end) / 2).mid()
                start, end = (top, end) if self.ball_map(top)[2] > 0 else (start, top)
            for _ in range(8):  # Newton on x'' by its own slope, taken numerically
                step = (high - low).mid() * arb(2) ** (-200)
                bend, ahead = self.ball_map(top)[2], self.ball_map(top + step)[2]
                moved = (top - bend * step / (ahead - bend)).mid()
                top = moved if moved > low and moved < high else top
            _, height, bend = self.ball_map(top)
            if height > 0 and not height < arb(10) ** -60:
                return 1
            if height + abs(bend) * (high - low) < 0 and not height > -(arb(10) ** -60):
                return -1
            if abs(height) < arb(10) ** -60:
                return 0
        raise NoConvergence(f"the sign of x' between {float(low):.12g} and {float(high):.12g} could not be decided")

    def _ordered(self, points: list[arb]) -> list[arb]:
        """The simple critical points, proven to be all: one beyond each end of the population, and a pair in some gaps
        of it, where x' is concave.
        """
        exact = [t for t, _ in self.exact_population]
        with flint_context.workprec(_BITS):
            good = points[0] < arb(exact[0]) and points[-1] > arb(exact[-1])
            for first, second in zip(points[1:-1:2], points[2:-1:2], strict=True):
                after = int(np.searchsorted(self.eigenvalues, float(first.mid()), side="right"))
                good &= 0 < after < len(exact) and first < second
                good = good and arb(exact[after - 1]) < first and second < arb(exact[after])
        if not good:
            raise NoConvergence("critical points of the inverse map could not be told apart from each other")
        return points

    def _enclosed(self, guess: float) -> arb:
        """Ball around the simple root of x' at ``guess``: interval Newton."""
        if guess == 0.0:
            return arb(0)
        with flint_context.workprec(_BITS):
            v = arb(guess)
            for _ in range(2):  # from 16 digits
                _, slope, bend = self.ball_map(v)
                v = (v - slope / bend).mid()
            for exponent in (-110, -90, -70, -50):
                box = arb(v, abs(float(v)) * 2.0**exponent)
                image = v - self.ball_map(v)[1] / self.ball_map(box)[2]
                if box.contains_interior(image):
                    return image
        raise NoConvergence(
            f"the critical point near v = {guess:.12g} could not be enclosed: two of them are too close"
        )

    # -- support ---------------------------------------------------------------------------------------------------
    @cached_property
    def support(self) -> Support:
        """Components between the images of the critical points; edges enclosed."""
        with flint_context.workprec(_BITS):
            values = [self._edge(v, double) for v, double in self.critical]
        components: list[tuple[Value, Value]] = []
        pieces: list[Piece] = []
        start = values[0]
        for k, (_, double) in enumerate(self.critical[1:], start=1):
            if double:
                pieces.append(Piece(start, values[k]))
                start = values[k]
            elif k == len(values) - 1 or self._opens_gap(k):
                pieces.append(Piece(start, values[k]))
                first = next(c for c in (pieces if not components else pieces[self._counted :]))
                components.append((first.lower, values[k]))
                self._counted = len(pieces)
                if k < len(values) - 1:
                    start = values[k + 1]
        return Support(tuple(components), tuple(pieces), self._atoms())

    _counted = 0

    def _opens_gap(self, k: int) -> bool:
        """Whether x' turns positive at critical point k: the upper end of a component."""
        simple = [i for i, (_, double) in enumerate(self.critical) if not double]
        return simple.index(k) % 2 == 1

    def _edge(self, v: arb, double: bool) -> Value:
        middle = v.mid()
        if double:  # x is flat to third order there, but that the critical point is double is not proven
            return Value(
                float(self.ball_map(middle)[0].mid()), math.inf, "residual", "double critical point, to 60 digits"
            )
        # x' vanishes inside the ball, so the mean-value form is of second order in its radius
        ball = self.ball_map(middle)[0] + self.ball_map(v)[1] * (v - middle) if v != 0 else arb(0)
        return Value.from_ball(ball, "critical value of the inverse map")

    def _atoms(self) -> tuple[PointMass, ...]:
        mass = max(self.zeros, 1 - 1 / self.c)
        if mass <= 0:
            return ()
        return (PointMass(Value.from_rational(0, "rank"), Value.from_rational(mass, "rank"), (Fraction(0), mass)),)

    @cached_property
    def component_masses(self) -> tuple[Fraction, ...]:
        """Exact mass of each component: the weight of the population eigenvalues attached to it (exact separation)."""
        ends = [v for v, double in self.critical if not double]
        masses = []
        with flint_context.workprec(_BITS):
            places = [(arb(t), to_fraction(w)) for t, w in self.exact_population]
            for low, high in zip(ends[::2], ends[1::2], strict=True):
                masses.append(sum((w for t, w in places if low < t and t < high), Fraction(0)))
        if self._rank > 1:  # with fewer samples than dimensions the lowest component loses the zeros
            masses[0] -= 1 - self.zeros - 1 / self.c
        return tuple(masses)

    # -- transform -------------------------------------------------------------------------------------------------
    def companion(self, z: Any) -> np.ndarray:
        """Companion transform ``-1/v(z)`` of the n x n Gram matrix, for Im z >= 0 (real axis: from above)."""
        return -1 / self._solve(np.asarray(z, dtype=complex))

    def _above(self, z: np.ndarray) -> np.ndarray:
        v = self._solve(z)
        with np.errstate(all="ignore"):
            share = (v[..., None] / (v[..., None] - self.eigenvalues)) @ self.weights + float(self.zeros)
            return np.asarray(-share / z)

    def _solve(self, z: np.ndarray) -> np.ndarray:
        flat = np.asarray(z, dtype=complex).ravel()
        result = np.empty_like(flat)
        outside = (flat.imag == 0) & ~self._within(flat.real)
        if np.any(outside):
            result[outside] = self._solve_real(flat[outside].real)
        if np.any(~outside):
            result[~outside] = self._solve_complex(flat[~outside])
        return result.reshape(np.shape(z))

    def _solve_real(self, x: np.ndarray) -> np.ndarray:
        """v on the increasing stretches of the map: bisection, polished by Newton."""
        ends = [float(v.mid()) for v, double in self.critical if not double]
        edges = [float(e) for pair in self.support.components for e in pair]
        span = float(np.max(np.abs(x))) + edges[-1] + float(self.c) * float(self.eigenvalues[-1]) + 1
        result = np.empty_like(x)
        stretches = [(-span, ends[0], -np.inf, edges[0])]
        stretches += [(ends[k], ends[k + 1], edges[k], edges[k + 1]) for k in range(1, len(ends) - 1, 2)]
        stretches.append((ends[-1], span, edges[-1], np.inf))
        for low, high, first, last in stretches:
            here = (x >= first) & (x <= last)
            if not np.any(here):
                continue
            goal = x[here]
            v = _bisect(
                lambda u, goal=goal: goal - self._map(u)[0], np.full(goal.shape, low), np.full(goal.shape, high)
            )
            for _ in range(3):
                value, slope = self._map(v)
                with np.errstate(all="ignore"):
                    step = (value - goal) / slope
                v = np.where(np.isfinite(step) & (np.abs(step) < 1e-6 * np.abs(v)), v - step, v)
            result[here] = v
        return result

    def _solve_complex(self, z: np.ndarray) -> np.ndarray:
        """The v with Im v > 0, by vertical steps with Newton."""
        return follow_down(z, float(self.support.edges[-1]), lambda t: t, self._newton)

    def _newton(self, z: np.ndarray, v: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        last = np.full(v.shape, np.inf)
        for _ in range(12):
            value, slope = self._map(v)
            step = (value - z) / slope
            v = v - step
            last = np.abs(step)
            if np.all(last <= 4e-16 * np.abs(v)):
                break
        return v, (last <= 1e-10 * np.abs(v)) & (v.imag > 0)

    # -- exact figures ---------------------------------------------------------------------------------------------
    def enclose_cdf(self, x: Any) -> Value:
        """Mass of (-infinity, x] in closed form (:func:`rmtsym.spectrum.separation.enclosed_cdf`)."""
        from rmtsym.spectrum.separation import enclosed_cdf

        return enclosed_cdf(self, x)

    def enclose_quantile(self, level: Any) -> Value:
        """Ball around the quantile of a level (:func:`rmtsym.spectrum.separation.enclosed_quantile`)."""
        from rmtsym.spectrum.separation import enclosed_quantile

        return enclosed_quantile(self, level)

    def moments(self, k: int) -> tuple[Fraction, ...]:
        """Exact moments: the companion law has free cumulants ``c E t^j``.

        >>> SampleCovariance("1/2", [1, 4]).moments(3)
        (Fraction(5, 2), Fraction(93, 8), Fraction(2185, 32))
        """
        powers = [sum((w * t**j for t, w in self.population), Fraction(0)) for j in range(1, k + 1)]
        return tuple(Fraction(x) / self.c for x in moments_of_cumulants([self.c * p for p in powers]))

    def algebraic(self) -> SpectralLaw:
        """The same law from its curve: ``z = x(v)`` with ``v = z/(1 - c - c z m)`` cleared of denominators."""
        context = fmpq_mpoly_ctx.get(("m", "z"), "lex")
        m, z = context.gens()
        c = rational(self.c)
        below = 1 - c - c * z * m  # v = z / below
        factors = [z - below * t for t, _ in self.exact_population]
        product = context.constant(1)
        for factor in factors:
            product *= factor
        total = product
        for (t, w), factor in zip(self.exact_population, factors, strict=True):
            total += product / factor * (below * (c * t * w))
        return SpectralLaw(below * product - total, moments=self.moments(2 * len(self.population) + 4), name=self.name)

    # -- spikes ----------------------------------------------------------------------------------------------------
    @property
    def thresholds(self) -> tuple[Value, ...]:
        """Critical points of x: a population eigenvalue makes an outlier where x' > 0, outside these brackets."""
        return tuple(
            Value.from_ball(v, "critical point of the inverse map") for v, double in self.critical if not double
        )

    def spike(self, alpha: Any) -> Spike:
        """Outlier and alignments of one population eigenvalue ``alpha`` (for a white bulk, ``alpha = 1 + l``).

        >>> spike = SampleCovariance("1/2", [1]).spike("5/2")
        >>> float(spike.outlier), float(spike.left), float(spike.right)
        (3.3333333333333335, 0.5833333333333334, 0.7777777777777778)
        """
        place = to_fraction(rational(alpha, "alpha"))
        if place < 0:
            raise DomainError("alpha", alpha, "alpha >= 0", "a covariance has no negative eigenvalue")
        position, slope = (
            self.outlier_map(place) if all(place != t for t, _ in self.population) else (None, Fraction(-1))
        )
        if slope <= 0 or not position:
            nothing = Value.from_rational(0, "below the threshold")
            return Spike(place, None, nothing, nothing)
        parts = (Value.from_rational(x, "rational map") for x in (position, place * slope / position, slope))
        return Spike(place, *parts)

    def population_eigenvalue(self, outlier: Any) -> float:
        """Inverse of the outlier map: the population eigenvalue behind a sample eigenvalue off the support."""
        x = float(outlier)
        if self.support.inside(np.array(x)):
            raise DomainError("outlier", outlier, "points off the support", "inside the bulk nothing can be inferred")
        return float(self._solve_real(np.array([x]))[0].real)


def _bisect(function: Any, positive: Any, negative: Any, steps: int = 200) -> np.ndarray:
    """Sign changes of a function, each between an end where it is positive and a negative one, to rounding."""
    low, high = np.array(positive, dtype=float), np.array(negative, dtype=float)
    for step in range(steps):
        middle = (low + high) / 2
        with np.errstate(all="ignore"):
            above = function(middle) > 0
        if step % 8 == 7 and np.all((middle == low) | (middle == high)):
            break
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    return (low + high) / 2
