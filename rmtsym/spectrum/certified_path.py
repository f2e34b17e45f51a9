"""Paths along a curve, proven: Krawczyk's operator shows that one box holds one root for every z of a segment."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from flint import acb, acb_poly, arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import NoConvergence
from rmtsym.spectrum.polynomial import ball_rows, evaluate_rows

if TYPE_CHECKING:
    from rmtsym.spectrum.branch import AlgebraicBranch

__all__ = ["follow", "krawczyk_real", "midpoint", "refine", "to_ball"]


def _box(center: acb, radius: float) -> acb:
    return acb(arb(center.real.mid(), radius), arb(center.imag.mid(), radius))


def _krawczyk(rows: Sequence[Sequence[arb | acb]], z: acb, center: acb, box: acb, inverse: acb) -> acb:
    # mean-value form in z as well: plain Horner would lose a first-order factor to dependency
    middle = midpoint(z)
    value, _, _ = evaluate_rows(rows, center, middle)
    _, _, along = evaluate_rows(rows, center, z)
    value += along * (z - middle)
    _, slope, _ = evaluate_rows(rows, box, z)
    return center - inverse * value + (1 - inverse * slope) * (box - center)


def midpoint(x: acb) -> acb:
    return acb(x.real.mid(), x.imag.mid())


def _inside(inner: acb, outer: acb) -> bool:
    return bool(inner.is_finite()) and bool(outer.contains_interior(inner))


def refine(rows: Sequence[Sequence[arb | acb]], z: acb, box: acb, everywhere: bool = False) -> acb:
    """Small box around the root, for every z of a ball.

    ``box`` is known to hold exactly one root at the middle of the ball (``everywhere``: at each of its points); a box
    inside it or around it that holds exactly one root holds the same one.

    Raises
    ------
    NoConvergence
        If the ball of z is too wide.
    """
    middle_z = midpoint(z)
    center = midpoint(box)
    inverse = acb(0)
    for _ in range(12):
        value, slope, _ = evaluate_rows(rows, center, middle_z)
        inverse = midpoint(1 / slope)
        step = midpoint(inverse * value)
        if not step.is_finite():
            break
        center = midpoint(center - step)
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
    if everywhere or z.is_exact():
        return box
    radius = max(radius, 4 * float(box.rad()))
    for _ in range(6):
        wide = _box(center, radius)
        image = _krawczyk(rows, z, center, wide, inverse)
        if _inside(image, wide) and wide.contains(box):
            return image
        radius *= 4
    raise NoConvergence(f"the ball around z = {complex(middle_z)} is too wide for one box to hold the transform on it")


def follow(rows: list[list[arb]], start: acb, stop: acb, m: acb, singular: np.ndarray | None) -> acb:
    """Root at ``stop`` that continues the simple root enclosed by ``m`` at ``start`` along the straight segment."""
    direction = stop - start
    length = float(abs(direction).mid())
    if length == 0:
        return m
    here = start
    refused = False
    left, pace = 1.0, 0.25  # fractions of the segment; what is left keeps its relative precision near the end
    for _ in range(5000):
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
            m, here = taken, midpoint(there)
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
    center, z = midpoint(m), midpoint(there)
    _, slope, along = evaluate_rows(rows, center, here)
    guess = midpoint(center - along / slope * (there - here))
    for _ in range(2):
        value, slope, _ = evaluate_rows(rows, guess, z)
        guess = midpoint(guess - value / slope)
    if not guess.is_finite():
        return None
    moved, known = float(abs(guess - center).mid()), float(m.rad())
    floor = 2.0 ** (-flint_context.prec / 2) * max(float(abs(center).mid()), 2.0 ** (-flint_context.prec / 4))
    middle, origin = midpoint((center + guess) / 2), midpoint((here + there) / 2)
    # coefficients about the middle of box and segment: interval arithmetic then loses nothing to cancellation
    local = _localise(rows, middle, origin)
    segment = here.union(there) - origin
    inverse = midpoint(1 / local[1][0])
    if not inverse.is_finite():
        return None
    for spread in (0.8, 1.6):
        box = _box(acb(0), max(spread * moved, 4 * known, floor))
        if box.contains(m - middle) and _inside(_krawczyk(local, segment, acb(0), box, inverse), box):
            return middle + refine(local, there - origin, box, everywhere=True)
    return None


def to_ball(x: Any, bits: int) -> arb:
    """Real number as a ball: exact for rationals and floats, unchanged for a ball."""
    if isinstance(x, arb):
        return x
    with flint_context.workprec(bits):
        if isinstance(x, (float, np.floating)) and math.isfinite(x):
            return arb(float(x))
        from rmtsym.spectrum.polynomial import rational

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
        inverse = midpoint(1 / slope)
        return bool(inverse.is_finite()) and _inside(_krawczyk(rows, x, center, box, inverse), box)
