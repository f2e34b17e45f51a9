"""The physical sheet of a curve, followed from infinity: vectorised in floating point, certified in balls.

Floating point: a point E + i eta is reached from far above by vertical steps.  A step is at most half the distance to
the nearest critical point of the curve (or half of eta, since m is analytic in the upper half plane); Newton's method
corrects the tangent prediction, and a step is taken back if the correction is not small against the prediction.

Balls: the same path, but each step is proven: Krawczyk's operator over the whole segment shows that one box holds
exactly one root for every z of the segment, so the root at its end continues the root at its start.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from flint import acb, acb_poly, arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import NoConvergence
from rmtsym.spectrum.certified_path import follow, midpoint, refine
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.polynomial import ball_rows, rational_roots

__all__ = ["AlgebraicBranch"]

_STEP = 0.5  # fraction of the analyticity radius
_EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Pole:
    """An atom at a rational place: mass, radius in which the regular part is used, and the curve of the regular part.

    ``simple`` tells that the regular part is analytic at the atom; else a hard edge sits on the atom.
    """

    x: fmpq
    mass: fmpq
    place: float
    reach: float
    table: Mapping[tuple[int, int], fmpq]
    simple: bool = True


class Chart:
    """A polynomial F(x, t) = 0 in floating point, with the critical values of t, and Newton's path on it."""

    def __init__(self, table: np.ndarray, singular: np.ndarray) -> None:
        self.table, self.singular = table, singular

    @classmethod
    def of(cls, table: Mapping[tuple[int, int], fmpq], singular: np.ndarray) -> Chart:
        rows = np.zeros((max(i for i, _ in table) + 1, max(j for _, j in table) + 1))
        scale = max(abs(float(c.p) / float(c.q)) for c in table.values())
        for (i, j), c in table.items():
            rows[i, j] = float(c.p) / float(c.q) / scale
        return cls(rows, singular)

    def value(self, x: np.ndarray, t: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """F, F_x and F_xx/2, vectorised."""
        value = slope = bend = np.zeros(1)
        for row in self.table[::-1]:
            inner = np.zeros(1)
            for c in row[::-1]:
                inner = inner * t + c
            bend = bend * x + slope
            slope = slope * x + value
            value = value * x + inner
        return value, slope, bend

    def along(self, x: np.ndarray, t: np.ndarray) -> np.ndarray:
        """F_t."""
        total = np.zeros(1)
        for row in self.table[::-1]:
            inner = np.zeros(1)
            for k in range(len(row) - 1, 0, -1):
                inner = inner * t + k * row[k]
            total = total * x + inner
        return total

    def descend(
        self, t: np.ndarray, x: np.ndarray, goal: np.ndarray, allowed: Callable[[np.ndarray, np.ndarray], np.ndarray]
    ) -> tuple[np.ndarray, np.ndarray]:
        """Roots at ``Re t + i goal`` that continue the roots x at t along vertical lines, and the points that failed.

        A step is at most half the distance to the nearest critical value (or half of Im t).  It is accepted if Newton's
        correction of the tangent is small against the distance to the nearest other root, ``|F_x / (F_xx/2)|``.
        """
        singular = self.singular
        t, result = t.copy(), x.copy()
        active = np.arange(t.size)
        share = np.full(t.size, _STEP)
        failed: list[np.ndarray] = []
        for _ in range(400):  # 48 halvings reach 1e-14 of the start; the rest is for steps taken back
            if not active.size:
                break
            e, eta = t[active].real, t[active].imag
            near = np.min(np.abs(t[active][:, None] - singular[None, :]), axis=1) if singular.size else np.inf
            reach = share[active] * np.maximum(eta, near)
            left = eta - goal[active]
            # within rounding of a critical point there is nothing left to resolve
            landing = (left <= reach) | (reach <= 4 * _EPS * np.maximum(np.abs(e), _EPS**6))
            there = e + 1j * np.where(landing, goal[active], eta - reach)
            now = result[active]
            _, slope, _ = self.value(now, t[active])
            shift = -self.along(now, t[active]) / slope * (there - t[active])
            guess = now + shift
            first = last = np.full(active.size, np.inf)
            for k in range(8):
                value, slope, _ = self.value(guess, there)
                change = np.where(value == 0, 0, value / slope)
                guess = guess - change
                last = np.abs(change)
                if k == 0:
                    first = last
                if np.all(last <= 8 * _EPS * np.abs(guess)):
                    break
            _, slope, bend = self.value(guess, there)
            apart = np.abs(slope) / np.maximum(np.abs(bend), 1e-300)
            small = np.abs(guess - now - shift) <= 0.15 * apart + 1e-10 * np.abs(guess)
            settled = last <= np.maximum(1e-9 * np.abs(guess), 1e-3 * first)
            edge = landing & (left > reach)
            good = (small | edge) & settled & allowed(guess, there) & np.isfinite(guess)
            stuck = ~good & (share[active] < 1e-3)
            failed.append(active[stuck])
            t[active[good]] = there[good]
            result[active[good]] = guess[good]
            share[active] = np.where(good, np.minimum(_STEP, 1.5 * share[active]), 0.5 * share[active])
            active = active[~((good & landing) | stuck)]
        return result, np.concatenate([*failed, active]).astype(int)


class AlgebraicBranch:
    """The physical sheet in the closed upper half plane (on the real axis: the limit from above)."""

    origin = 0.0

    def __init__(self, curve: SpectralCurve) -> None:
        self.curve = curve

    def centred(self, origin: arb) -> AlgebraicBranch:
        """The same sheet as a function of the offset from ``origin``: no digits are lost beside a singular
        point there.
        """
        twin = AlgebraicBranch(self.curve)
        with flint_context.workprec(256):
            table = np.zeros(self.chart.table.shape)
            scale = max(abs(c) for c in self.curve.table.values())
            for i, row in enumerate(ball_rows(self.curve.table)):
                shifted = acb_poly(row)(acb_poly([acb(origin), 1])).coeffs()
                for k, c in enumerate(shifted):
                    real = c.real / arb(scale)
                    table[i, k] = 0.0 if real.contains(0) else float(real.mid())
            points = [p - acb(origin) for p in self.curve.critical_points(256)]
        singular = [0j if p.contains(0) else complex(float(p.real.mid()), float(p.imag.mid())) for p in points]
        twin.origin = float(origin.mid())
        twin.singular = np.array(singular, dtype=complex)
        twin.chart = Chart(table, twin.singular)
        twin.radius = self.radius + abs(twin.origin)
        twin.poles = ()
        return twin

    @cached_property
    def singular(self) -> np.ndarray:
        """Critical points of the curve, rounded."""
        points = self.curve.critical_points()
        return np.array([complex(float(p.real.mid()), float(p.imag.mid())) for p in points], dtype=complex)

    @cached_property
    def chart(self) -> Chart:
        return Chart.of(self.curve.table, self.singular)

    @cached_property
    def radius(self) -> float:
        """The moment series converges outside the circle of this radius."""
        return float(np.max(np.abs(self.singular), initial=0.0)) or 1.0

    @cached_property
    def _series(self) -> np.ndarray:
        coefficients = self.curve.moments(24)
        return np.array([1.0, *(float(c) / self.radius ** (k + 1) for k, c in enumerate(coefficients))])

    # -- floating point --------------------------------------------------------------------------------------------
    def _far(self, z: np.ndarray) -> np.ndarray:
        """Series at infinity, polished; for |z| at least twice the radius."""
        absolute = z + self.origin
        m = -np.polynomial.polynomial.polyval(self.radius / absolute, self._series) / absolute
        for _ in range(4):
            value, slope, _ = self.chart.value(m, z)
            m = m - value / slope
        return m

    def stieltjes(self, z: np.ndarray) -> np.ndarray:
        """m(z) for complex z with Im z >= 0, any shape."""
        target = np.asarray(z, dtype=complex)
        flat = target.ravel()
        result = np.empty_like(flat)
        beside = np.zeros(flat.shape, dtype=bool)
        for pole in self.poles:
            here = (np.abs(flat - pole.place) < pole.reach) & (flat.imag < 0.9 * pole.reach)
            if np.any(here):
                result[here] = self._beside_pole(pole, flat[here])
            beside |= here
        if not np.all(beside):
            result[~beside] = self._from_above(flat[~beside])
        return result.reshape(target.shape)

    def _from_above(self, flat: np.ndarray) -> np.ndarray:
        top = np.maximum(flat.imag, 2 * self.radius + abs(self.origin))
        far = np.abs(flat + self.origin) >= 2 * self.radius
        here = np.where(far, flat, flat.real + 1j * top)
        with np.errstate(all="ignore"):
            m = self._far(here)
            todo = np.flatnonzero(~far)
            m[todo], failed = self.chart.descend(here[todo], m[todo], flat[todo].imag, _herglotz)
        self._rescue(todo[failed], flat, m)
        return m

    def _beside_pole(self, pole: Pole, z: np.ndarray) -> np.ndarray:
        start = z.real + 1j * pole.reach
        offset = start - pole.place
        regular = self._from_above(start) + float(pole.mass.p) / float(pole.mass.q) / offset
        singular = self.singular - pole.place
        kept = singular[np.abs(singular) > pole.reach]
        chart = Chart.of(pole.table, kept if pole.simple else np.append(kept, 0))
        with np.errstate(all="ignore"):
            regular, failed = chart.descend(offset, regular, z.imag, _anything)
            m = regular - float(pole.mass.p) / float(pole.mass.q) / (z - pole.place)
        self._rescue(failed, z, m)
        return m

    def _rescue(self, index: np.ndarray, z: np.ndarray, result: np.ndarray) -> None:
        """Certified path for the points at which floating point could not decide."""
        for k in index:
            x, y = float(z[k].real) + self.origin, float(z[k].imag)
            try:
                ball = self.enclose(acb(arb(x), arb(y)), 106)
            except NoConvergence:
                # a branch point within rounding of z: a quarter-precision step above it has the same digits
                offset = max(abs(x), self.radius) * 1e-17
                ball = self.enclose(acb(arb(x), arb(y) + arb(offset)), 106)
            result[k] = complex(float(ball.real.mid()), float(ball.imag.mid()))

    # -- balls -----------------------------------------------------------------------------------------------------
    def enclose(self, z: acb, bits: int = 64) -> acb:
        """Ball of the physical m(z), Im z >= 0, at the given working precision.

        Raises
        ------
        NoConvergence
            If z is a branch point or a pole, or cannot be told from one at this precision.
        """
        point = complex(float(z.real.mid()), float(z.imag.mid()))
        for pole in self.poles:
            if abs(point - pole.place) < pole.reach:
                with flint_context.workprec(max(bits, 64)):
                    return self._beside(pole, z)
        return self._direct(z, bits)

    def _direct(self, z: acb, bits: int) -> acb:
        with flint_context.workprec(max(bits, 64)):
            height = arb(2 * self.radius) + abs(z.real)
            if arb(z.imag) > height:
                height = z.imag
            top = acb(z.real.mid(), height.mid())
            m = self._far_ball(top)
            rows = ball_rows(self.curve.table)
            foot = acb(z.real.mid(), z.imag.mid())
            m = follow(rows, top, foot, m, self.singular)
            return refine(rows, z, m)

    def walk(self, rows: list[list[arb]], previous: tuple[acb, acb] | None, z: acb) -> acb:
        """m(z) continued from a neighbour (z0, m0) along a straight segment off the real axis; from infinity
        without.
        """
        if previous is None:
            return self.enclose(z, flint_context.prec)
        start, m = previous
        m = follow(rows, midpoint(start), midpoint(z), m, self.singular)
        return refine(rows, z, m)

    @cached_property
    def poles(self) -> tuple[Pole, ...]:
        """Atoms at rational places with rational masses, proven in the sheet's regular part beside the pole.

        With ``m = r - w/(z - x)`` the regular part r of the right mass w reaches z = x at a simple root.
        """
        found = []
        leading = self.curve.coefficients_in_m()[-1]
        for factor, _ in leading.factor()[1] if leading.degree() > 0 else []:
            if factor.degree() != 1:
                continue
            x = -factor[0] / factor[1]
            place = float(x.p) / float(x.q)
            others = np.abs(self.singular - place)
            others = others[others > 1e-14 * max(1.0, abs(place))]
            reach = 0.25 * float(np.min(others, initial=self.radius))
            masses = [mass for mass, _ in rational_roots(self.curve.mass_equation(x)) if 0 < mass <= 1]
            sites = [Pole(x, mass, place, reach, self.curve.regular_part(x, mass)) for mass in masses]
            proven = next((pole for pole in sites if self._reaches(pole)), None)
            pole = proven or next((replace(p, simple=False) for p in sites if self._dominates(p)), None)
            if pole is not None:
                found.append(pole)
        return tuple(sorted(found, key=lambda p: p.place))

    def _reaches(self, pole: Pole) -> bool:
        """Whether the regular part runs into the pole at a simple root: proof of the mass."""
        with flint_context.workprec(64):
            start = self._beside_start(pole)  # a path that fails before the pole is an error, not a missing atom
            try:
                return bool(self._regular(pole, acb(0), start).is_finite())
            except NoConvergence:
                return False

    def _dominates(self, pole: Pole) -> bool:
        """Whether ``-zeta m`` tends to the mass although the regular part is singular: a hard edge sits on the atom."""
        with flint_context.workprec(160):
            offset = acb(0, arb(pole.reach) * arb(2) ** -60)
            rest = self._regular(pole, offset) * offset
            return bool(abs(rest) < arb(pole.mass) / 1000)

    def _beside_start(self, pole: Pole) -> acb:
        """m at the height at which the regular part takes over."""
        return self._direct(acb(arb(pole.x), arb(pole.reach)), flint_context.prec)

    def _regular(self, pole: Pole, offset: acb, m: acb | None = None) -> acb:
        start = acb(0, arb(pole.reach))
        r = (self._beside_start(pole) if m is None else m) + arb(pole.mass) / start
        rows = ball_rows(pole.table)
        r = follow(rows, start, midpoint(offset), r, None)
        return refine(rows, offset, r)

    def _beside(self, pole: Pole, z: acb) -> acb:
        offset = z - acb(arb(pole.x))
        return self._regular(pole, offset) - arb(pole.mass) / offset

    def _far_ball(self, z: acb) -> acb:
        branch = self.curve.formal
        rows = ball_rows(branch.table)
        w = follow(rows, acb(0), 1 / z, acb(arb(branch.start)), None)
        w = refine(rows, 1 / z, w, everywhere=True)
        u = 1 / z
        y, power = acb(0), acb(1)
        for c in branch.prefix:
            y, power = y + power * arb(c), power * u
        return -u * (y + power * w)


def _herglotz(m: np.ndarray, z: np.ndarray) -> np.ndarray:
    return np.asarray(m.imag >= -1e-7 * np.abs(m))


def _anything(x: np.ndarray, t: np.ndarray) -> np.ndarray:
    return np.ones(x.shape, dtype=bool)
