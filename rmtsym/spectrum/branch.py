"""The physical sheet of a curve, followed from infinity: vectorised in floating point, certified in balls.

Floating point: a point E + i eta is reached from far above by vertical steps.  A step is at most half the distance to
the nearest critical point of the curve (or half of eta, since m is analytic in the upper half plane); Newton's method
corrects the tangent prediction, and a step is taken back if the correction is not small against the prediction.

Balls: the same path, but each step is proven: Krawczyk's operator over the whole segment shows that one box holds
exactly one root for every z of the segment, so the root at its end continues the root at its start.
"""

from __future__ import annotations

import math
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
    left, pace = 1.0, 0.25  # fractions of the segment; what is left keeps its relative precision near the end
    for _ in range(4000):
        if singular is not None and singular.size:
            point = complex(float(here.real.mid()), float(here.imag.mid()))
            near = max(float(np.min(np.abs(point - singular))), point.imag)
            pace = min(pace, 0.6 * near / length)
        final = pace >= left
        there = stop if final else stop - direction * arb(left - pace)
        taken = _step(rows, here, there, m)
        if taken is None:
            pace = min(pace, left) / 2
            if pace < 2.0 ** (-flint_context.prec):
                break
        elif final:
            return taken
        else:
            m, here = taken, _middle(there)
            left -= pace
            pace *= 1.7
    where = complex(float(here.real.mid()), float(here.imag.mid()))
    raise NoConvergence(
        f"the physical sheet could not be followed past z = {where}: a branch point or pole is too close"
    )


def _localise(rows: list[list[arb]], origin: acb) -> list[list[acb]]:
    line = acb_poly([origin, 1])
    return [list(acb_poly(row)(line).coeffs()) if len(row) > 1 else row for row in rows]


def _step(rows: list[list[arb]], here: acb, there: acb, m: acb) -> acb | None:
    """Enclosure at ``there`` if one box provably holds exactly one root for every z between; else None."""
    # coefficients about the middle of the segment: interval arithmetic on z then loses nothing to cancellation
    origin = _middle((here + there) / 2)
    rows = _localise(rows, origin)
    here, there = here - origin, there - origin
    center = _middle(m)
    _, slope, along = evaluate_rows(rows, center, here)
    guess = _middle(center - along / slope * (there - here))
    for _ in range(2):
        value, slope, _ = evaluate_rows(rows, guess, _middle(there))
        guess = _middle(guess - value / slope)
    if not guess.is_finite():
        return None
    moved, known = float(abs(guess - center).mid()), float(m.rad())
    floor = 2.0 ** (-flint_context.prec / 2) * max(float(abs(center).mid()), 2.0 ** (-flint_context.prec / 4))
    middle = _middle((center + guess) / 2)
    segment = here.union(there)
    _, slope, _ = evaluate_rows(rows, middle, _middle(segment))
    inverse = _middle(1 / slope)
    if not inverse.is_finite():
        return None
    for spread in (0.8, 1.6):
        box = _box(middle, max(spread * moved, 4 * known, floor))
        if box.contains(m) and _inside(_krawczyk(rows, segment, middle, box, inverse), box):
            return _refine(rows, there, box)
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
