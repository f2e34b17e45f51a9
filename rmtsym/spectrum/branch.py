"""The physical sheet of a curve, followed from infinity: vectorised in floating point, certified in balls.

Floating point: a point E + i eta is reached from far above by vertical steps.  A step is at most half the distance to
the nearest critical point of the curve (or half of eta, since m is analytic in the upper half plane); Newton's method
corrects the tangent prediction, and a step is taken back if the correction is not small against the prediction.

Balls: the same path, but each step is proven: Krawczyk's operator over the whole segment shows that one box holds
exactly one root for every z of the segment, so the root at its end continues the root at its start.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from flint import acb, acb_poly, arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import NoConvergence
from rmtsym.spectrum.curve import SpectralCurve, ball_rows, evaluate_rows

__all__ = ["AlgebraicBranch"]

_STEP = 0.5  # fraction of the analyticity radius
_EPS = np.finfo(float).eps


@dataclass(frozen=True)
class Pole:
    """A proven atom: exact place and mass, radius in which the regular part is used, and the curve of the regular part."""

    x: fmpq
    mass: fmpq
    place: float
    reach: float
    table: Mapping[tuple[int, int], fmpq]


class AlgebraicBranch:
    """The physical sheet in the closed upper half plane (on the real axis: the limit from above)."""

    origin = 0.0

    def __init__(self, curve: SpectralCurve) -> None:
        self.curve = curve
        scale = max(abs(float(c.p) / float(c.q)) for c in curve.table.values())
        rows = len(curve.coefficients_in_m())
        width = max(j for _, j in curve.table) + 1
        self._table = np.zeros((rows, width))
        for (i, j), c in curve.table.items():
            self._table[i, j] = float(c.p) / float(c.q) / scale

    def centred(self, origin: arb) -> AlgebraicBranch:
        """The same sheet as a function of the offset from ``origin``: no digits are lost beside a singular point there."""
        twin = AlgebraicBranch(self.curve)
        with flint_context.workprec(256):
            scale = max(abs(c) for c in self.curve.table.values())
            powers = [arb(1)]
            for _ in range(self._table.shape[1]):
                powers.append(powers[-1] * origin)
            table = np.zeros(self._table.shape)
            for i, row in enumerate(ball_rows(self.curve.table)):
                for k in range(len(row)):
                    terms = [row[j] * math.comb(j, k) * powers[j - k] for j in range(k, len(row))]
                    total = sum(terms[1:], terms[0]) / arb(scale)
                    table[i, k] = 0.0 if total.contains(0) else float(total.mid())
            points = [p - acb(origin) for p in self.curve.critical_points(256)]
        twin._table = table
        twin.origin = float(origin.mid())
        twin.singular = np.array(
            [0j if p.contains(0) else complex(float(p.real.mid()), float(p.imag.mid())) for p in points], dtype=complex
        )
        twin.radius = self.radius + abs(twin.origin)
        return twin

    @cached_property
    def singular(self) -> np.ndarray:
        """Critical points of the curve, rounded."""
        points = self.curve.critical_points()
        return np.array([complex(float(p.real.mid()), float(p.imag.mid())) for p in points], dtype=complex)

    @cached_property
    def radius(self) -> float:
        """The moment series converges outside the circle of this radius."""
        return float(np.max(np.abs(self.singular), initial=0.0)) or 1.0

    @cached_property
    def _series(self) -> np.ndarray:
        coefficients = self.curve.moments(24)
        return np.array([1.0, *(float(c) / self.radius ** (k + 1) for k, c in enumerate(coefficients))])

    # -- floating point --------------------------------------------------------------------------------------------
    def _polynomial(self, m: np.ndarray, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """P, P_m and P_z, vectorised."""
        value = slope = along = np.zeros(1)
        for row in self._table[::-1]:
            inner = inner_z = np.zeros(1)
            for c in row[::-1]:
                inner_z = inner_z * z + inner
                inner = inner * z + c
            slope = slope * m + value
            value = value * m + inner
            along = along * m + inner_z
        return value, slope, along

    def _far(self, z: np.ndarray) -> np.ndarray:
        """Series at infinity, polished; for |z| at least twice the radius."""
        absolute = z + self.origin
        m = -np.polynomial.polynomial.polyval(self.radius / absolute, self._series) / absolute
        for _ in range(4):
            value, slope, _ = self._polynomial(m, z)
            m = m - value / slope
        return m

    def stieltjes(self, z: np.ndarray) -> np.ndarray:
        """m(z) for complex z with Im z >= 0, any shape."""
        target = np.asarray(z, dtype=complex)
        flat = target.ravel()
        top = np.maximum(flat.imag, 2 * self.radius + abs(self.origin))
        far = np.abs(flat + self.origin) >= 2 * self.radius
        here = np.where(far, flat, flat.real + 1j * top)
        with np.errstate(all="ignore"):
            m = self._far(here)
            todo = np.flatnonzero(~far)
            m[todo] = self._descend(here[todo], m[todo], flat[todo].imag)
        return m.reshape(target.shape)

    def _descend(self, z: np.ndarray, m: np.ndarray, goal: np.ndarray) -> np.ndarray:
        singular = self.singular
        result = m.copy()
        active = np.arange(z.size)
        share = np.full(z.size, _STEP)
        # 48 halvings reach 1e-14 of the radius; the rest is for steps taken back
        for _ in range(400):
            if not active.size:
                return result
            e, eta = z[active].real, z[active].imag
            near = np.min(np.abs(z[active][:, None] - singular[None, :]), axis=1) if singular.size else np.inf
            reach = share[active] * np.maximum(eta, near)
            left = eta - goal[active]
            # within rounding of a critical point there is nothing left to resolve
            landing = (left <= reach) | (reach <= 4 * _EPS * np.maximum(np.abs(e), _EPS**6))
            new = np.where(landing, goal[active], eta - reach)
            there = e + 1j * new
            now = result[active]
            _, slope, along = self._polynomial(now, z[active])
            shift = -along / slope * (there - z[active])
            guess = now + shift
            first = last = np.full(active.size, np.inf)
            for k in range(8):
                value, slope, _ = self._polynomial(guess, there)
                change = np.where(value == 0, 0, value / slope)
                guess = guess - change
                last = np.abs(change)
                if k == 0:
                    first = last
                if np.all(last <= 8 * _EPS * np.abs(guess)):
                    break
            moved = np.abs(guess - now - shift)
            small = moved <= 0.5 * np.abs(shift) + 0.05 * np.abs(now)
            settled = last <= np.maximum(1e-9 * np.abs(guess), 1e-3 * first)
            good = small & settled & (guess.imag >= -1e-7 * np.abs(guess)) & np.isfinite(guess)
            stuck = ~good & (share[active] < 1e-3)
            if np.any(stuck):
                self._rescue(active[stuck], z, goal, result)
            good &= ~stuck
            z[active[good]] = there[good]
            result[active[good]] = guess[good]
            share[active] = np.where(good, np.minimum(_STEP, 1.5 * share[active]), 0.5 * share[active])
            active = active[~((good & landing) | stuck)]
        self._rescue(active, z, goal, result)
        return result

    def _rescue(self, index: np.ndarray, z: np.ndarray, goal: np.ndarray, result: np.ndarray) -> None:
        """Certified path for the points at which floating point could not decide."""
        for k in index:
            x, y = float(z[k].real) + self.origin, float(goal[k])
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
            m = _follow(rows, top, foot, m, self.singular)
            return _refine(rows, z, m)

    @cached_property
    def poles(self) -> tuple[Pole, ...]:
        """Atoms at rational places with rational masses, proven: beside a pole the sheet is followed in its regular part.

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
            equation = self.curve.mass_equation(x)
            for root, _ in equation.factor()[1] if equation.degree() > 0 else []:
                mass = -root[0] / root[1] if root.degree() == 1 else fmpq(0)
                if 0 < mass <= 1:
                    pole = Pole(x, mass, place, reach, self.curve.regular_part(x, mass))
                    if self._reaches(pole):
                        found.append(pole)
                        break
        return tuple(sorted(found, key=lambda p: p.place))

    def _reaches(self, pole: Pole) -> bool:
        try:
            with flint_context.workprec(64):
                return bool(self._regular(pole, acb(0)).is_finite())
        except NoConvergence:
            return False

    def _regular(self, pole: Pole, offset: acb) -> acb:
        start = acb(0, arb(pole.reach))
        m = self._direct(start + acb(arb(pole.x)), flint_context.prec)
        rows = ball_rows(pole.table)
        r = m + arb(pole.mass) / start
        stop = _middle(offset)
        r = _follow(rows, start, stop, r, None)
        return _refine(rows, offset, r)

    def _beside(self, pole: Pole, z: acb) -> acb:
        offset = z - acb(arb(pole.x))
        return self._regular(pole, offset) - arb(pole.mass) / offset

    def _far_ball(self, z: acb) -> acb:
        branch = self.curve.formal
        rows = ball_rows(branch.table)
        w = _follow(rows, acb(0), 1 / z, acb(arb(branch.start)), None)
        w = _refine(rows, 1 / z, w)
        u = 1 / z
        y, power = acb(0), acb(1)
        for c in branch.prefix:
            y, power = y + power * arb(c), power * u
        return -u * (y + power * w)


def _box(center: acb, radius: float) -> acb:
    return acb(arb(center.real.mid(), radius), arb(center.imag.mid(), radius))


def _krawczyk(rows: list[list[arb]], z: acb, center: acb, box: acb, inverse: acb) -> acb:
    # mean-value form in z as well: plain Horner would lose a first-order factor to dependency
    middle = _middle(z)
    value, _, _ = evaluate_rows(rows, center, middle)
    _, _, along = evaluate_rows(rows, center, z)
    value += along * (z - middle)
    _, slope, _ = evaluate_rows(rows, box, z)
    return center - inverse * value + (1 - inverse * slope) * (box - center)


def _middle(x: acb) -> acb:
    return acb(x.real.mid(), x.imag.mid())


def _inside(inner: acb, outer: acb) -> bool:
    return bool(inner.is_finite()) and bool(outer.contains_interior(inner))


def _refine(rows: list[list[arb]], z: acb, box: acb) -> acb:
    """Small box around the root at z; ``box`` is known to hold exactly one root, and a box inside it holds the same one."""
    middle_z = _middle(z)
    center = _middle(box)
    inverse = acb(0)
    for _ in range(12):
        value, slope, _ = evaluate_rows(rows, center, middle_z)
        inverse = _middle(1 / slope)
        step = _middle(inverse * value)
        if not step.is_finite():
            return box
        center = _middle(center - step)
        if float(abs(step).mid()) <= 2.0 ** (4 - flint_context.prec) * float(abs(center).mid()):
            break
    image = _krawczyk(rows, z, center, center, inverse)
    radius = 4 * float((image - center).rad()) + 2 * float(abs(image - center).mid())
    while 0 < radius < float(box.rad()):
        small = _box(center, radius)
        image = _krawczyk(rows, z, center, small, inverse)
        if _inside(image, small) and box.contains(small):
            return image
        radius *= 16
    return box


def _follow(rows: list[list[arb]], start: acb, stop: acb, m: acb, singular: np.ndarray | None) -> acb:
    """Root at ``stop`` that continues the simple root enclosed by ``m`` at ``start`` along the straight segment."""
    direction = stop - start
    length = float(abs(direction).mid())
    if length == 0:
        return m
    here = start
    refused = False
    left, pace = 1.0, 0.25  # fractions of the segment; what is left keeps its relative precision near the end
    for _ in range(1500):
        if singular is not None and singular.size:
            point = complex(float(here.real.mid()), float(here.imag.mid()))
            near = max(float(np.min(np.abs(point - singular))), point.imag)
            pace = min(pace, 0.6 * near / length)
        final = pace >= left
        there = stop if final else stop - direction * arb(left - pace)
        taken = _step(rows, here, there, m)
        if taken is None:
            pace, refused = min(pace, left) / 2, True
            if pace < 2.0**-40 * left or pace < 2.0 ** (-flint_context.prec):
                break
        elif final:
            return taken
        else:
            m, here = taken, _middle(there)
            left -= pace
            pace *= 1.1 if refused else 1.8
            refused = False
    where = complex(float(here.real.mid()), float(here.imag.mid()))
    raise NoConvergence(
        f"the physical sheet could not be followed past z = {where}: a branch point or pole is too close"
    )


def _localise(rows: list[list[arb]], m: acb, z: acb) -> list[list[acb]]:
    """Coefficients of the polynomial about (m, z)."""
    line = acb_poly([z, 1])
    shifted = [list(acb_poly(row)(line).coeffs()) if len(row) > 1 else row for row in rows]
    width = max(len(row) for row in shifted)
    line = acb_poly([m, 1])
    columns = [list(acb_poly([row[j] if j < len(row) else 0 for row in shifted])(line).coeffs()) for j in range(width)]
    return [[column[i] if i < len(column) else acb(0) for column in columns] for i in range(len(rows))]


def _step(rows: list[list[arb]], here: acb, there: acb, m: acb) -> acb | None:
    """Enclosure at ``there`` if one box provably holds exactly one root for every z between; else None."""
    center, z = _middle(m), _middle(there)
    _, slope, along = evaluate_rows(rows, center, here)
    guess = _middle(center - along / slope * (there - here))
    for _ in range(2):
        value, slope, _ = evaluate_rows(rows, guess, z)
        guess = _middle(guess - value / slope)
    if not guess.is_finite():
        return None
    moved, known = float(abs(guess - center).mid()), float(m.rad())
    floor = 2.0 ** (-flint_context.prec / 2) * max(float(abs(center).mid()), 2.0 ** (-flint_context.prec / 4))
    middle, origin = _middle((center + guess) / 2), _middle((here + there) / 2)
    # coefficients about the middle of box and segment: interval arithmetic then loses nothing to cancellation
    local = _localise(rows, middle, origin)
    segment = here.union(there) - origin
    inverse = _middle(1 / local[1][0])
    if not inverse.is_finite():
        return None
    for spread in (0.8, 1.6):
        box = _box(acb(0), max(spread * moved, 4 * known, floor))
        if box.contains(m - middle) and _inside(_krawczyk(local, segment, acb(0), box, inverse), box):
            return middle + _refine(local, there - origin, box)
    return None


def to_ball(x: Any, bits: int) -> arb:
    """Real number as a ball: exact for rationals and floats, unchanged for a ball."""
    if isinstance(x, arb):
        return x
    with flint_context.workprec(bits):
        if isinstance(x, (float, np.floating)) and math.isfinite(x):
            return arb(float(x))
        from rmtsym.spectrum.curve import rational

        exact: fmpq = rational(x, "z")
        return arb(exact)


def krawczyk_real(branch: AlgebraicBranch, x: acb, ball: acb, bits: int) -> bool:
    """Whether the root in ``ball`` at real x is proven real: a box symmetric to the real axis holds one root."""
    with flint_context.workprec(bits):
        rows = ball_rows(branch.curve.table)
        scale = max(float(abs(ball).mid()), 1 / branch.radius)
        reach = 4 * max(float(ball.rad()), 2.0 ** (-bits // 2) * scale) + abs(float(ball.imag.mid()))
        center = acb(ball.real.mid())
        box = acb(arb(center.real.mid(), reach), arb(0, reach))
        if not box.contains(ball):
            return False
        _, slope, _ = evaluate_rows(rows, center, x)
        inverse = _middle(1 / slope)
        return bool(inverse.is_finite()) and _inside(_krawczyk(rows, x, center, box, inverse), box)
