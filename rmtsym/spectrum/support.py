"""Support of an algebraic law: which intervals between real critical points carry density, and where its atoms sit.

Between neighbouring real critical points the physical sheet is analytic, so it is either real on the whole interval or
has positive imaginary part on the whole interval: one certified value decides.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np
from flint import acb, arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.value import Value
from rmtsym.spectrum.branch import AlgebraicBranch
from rmtsym.spectrum.certified_path import krawczyk_real
from rmtsym.spectrum.polynomial import complex_roots, to_fraction

__all__ = ["Edge", "Piece", "PointMass", "Support", "exponents_of", "support_of"]

_BITS = 128


@dataclass(frozen=True)
class PointMass:
    """An atom: where it sits and its mass; ``exact`` holds both as fractions when they are rational."""

    location: Value
    mass: Value
    exact: tuple[Fraction, Fraction] | None = None


@dataclass(frozen=True)
class Piece:
    """Open interval of positive density between two singular points of the physical sheet."""

    lower: Value
    upper: Value


@dataclass(frozen=True)
class Edge:
    r"""End of a component, or a singular point inside one, with density ``~ |x - location|^exponent`` beside it.

    ``side`` is ``"left"`` (the density lives above), ``"right"`` (below) or ``"interior"``.
    """

    location: Value
    side: str
    exponent: Fraction

    @property
    def kind(self) -> str:
        """``"square root"``, ``"cubic cusp"``, ``"hard edge"`` or ``"other"``."""
        if self.exponent < 0:
            return "hard edge"
        if self.side == "interior" and self.exponent == Fraction(1, 3):
            return "cubic cusp"
        return "square root" if self.exponent == Fraction(1, 2) else "other"


@dataclass(frozen=True)
class Support:
    """Closed components of the continuous part, the pieces they are made of, and the atoms."""

    components: tuple[tuple[Value, Value], ...]
    pieces: tuple[Piece, ...]
    atoms: tuple[PointMass, ...]

    @property
    def edges(self) -> tuple[Value, ...]:
        return tuple(end for component in self.components for end in component)

    def inside(self, x: np.ndarray) -> np.ndarray:
        """Whether each x lies in a closed component (atoms apart)."""
        found = np.zeros(np.shape(x), dtype=bool)
        for lower, upper in self.components:
            found |= (x >= lower.value) & (x <= upper.value)
        return found

    def on_atom(self, x: np.ndarray) -> np.ndarray:
        found = np.zeros(np.shape(x), dtype=bool)
        for atom in self.atoms:
            found |= x == atom.location.value
        return found


def support_of(branch: AlgebraicBranch) -> Support:
    """Support of the law whose Stieltjes transform is the physical sheet."""
    points = _real_points(branch)
    carries = []
    for left, right in pairwise(points):
        carries.append(_has_density(branch, (left.real.mid() + right.real.mid()) / 2))
    pieces: list[Piece] = []
    components: list[tuple[Value, Value]] = []
    values = [Value.from_ball(p.real, "root of the discriminant") for p in points]
    for k, positive in enumerate(carries):
        if not positive:
            continue
        joined = k > 0 and carries[k - 1]
        if joined and _regular(branch, points[k]):
            pieces[-1] = Piece(pieces[-1].lower, values[k + 1])
        else:
            pieces.append(Piece(values[k], values[k + 1]))
        if joined:
            components[-1] = (components[-1][0], values[k + 1])
        else:
            components.append((values[k], values[k + 1]))
    return Support(tuple(components), tuple(pieces), _atoms(branch))


def _real_points(branch: AlgebraicBranch) -> list[acb]:
    points = [p for p in branch.curve.critical_points(_BITS) if p.imag == 0]
    return sorted(points, key=lambda p: p.real.mid())


def _has_density(branch: AlgebraicBranch, x: arb) -> bool:
    bits = 64
    while bits <= 1024:
        ball = branch.enclose(acb(x), bits)
        if ball.imag > 0:
            return True
        if ball.imag < 0:
            raise DomainError(
                "curve", str(branch.curve), "a curve with a physical branch", f"its density is negative near {x.str(5)}"
            )
        if krawczyk_real(branch, acb(x), ball, bits):
            return False
        bits *= 2
    raise NoConvergence(f"the sign of the density at {x.str(8, radius=False)} could not be decided")


def _regular(branch: AlgebraicBranch, point: acb) -> bool:
    """Whether the physical sheet runs through a critical point that belongs to other sheets only."""
    try:
        return bool(branch.enclose(acb(point.real), _BITS).is_finite())
    except NoConvergence:
        return False


# -- atoms ----------------------------------------------------------------------------------------------------------
def _atoms(branch: AlgebraicBranch) -> tuple[PointMass, ...]:
    found = []
    for pole in branch.poles:
        exact = to_fraction(pole.x), to_fraction(pole.mass)
        place = Value.from_rational(exact[0], "root of the leading coefficient")
        found.append(PointMass(place, Value.from_rational(exact[1], "residue equation of the curve"), exact))
    leading = branch.curve.coefficients_in_m()[-1]
    for factor, _ in leading.factor()[1] if leading.degree() > 0 else []:
        rational_place = -factor[0] / factor[1] if factor.degree() == 1 else None
        if any(pole.x == rational_place for pole in branch.poles):
            continue
        if rational_place is not None and not _irrational_mass(branch, rational_place):
            continue
        with flint_context.workprec(512):
            places = [r.real for r in complex_roots(factor) if r.imag == 0]
        found += [atom for x in places if (atom := _unproven(branch, x)) is not None]
    return tuple(sorted(found, key=lambda a: float(a.location)))


def _irrational_mass(branch: AlgebraicBranch, x: fmpq) -> bool:
    equation = branch.curve.mass_equation(x)
    with flint_context.workprec(_BITS):
        irrational = [f for f, _ in equation.factor()[1] if f.degree() > 1] if equation.degree() > 0 else []
        roots = [r for f in irrational for r in complex_roots(f)]
    return any(r.imag == 0 and r.real > 0 and r.real < 1 for r in roots)


def _unproven(branch: AlgebraicBranch, x: arb) -> PointMass | None:
    """Atom at an irrational place or of irrational mass, from -zeta m(x + zeta) at two small zeta."""
    masses = []
    for exponent in (12, 24):
        with flint_context.workprec(64 + 8 * exponent):
            zeta = acb(0, arb(branch.radius) * arb(10) ** (-exponent))
            masses.append(float((-zeta * branch.enclose(acb(x) + zeta, flint_context.prec)).real.mid()))
    if masses[1] < 1e-6 or abs(masses[1] - masses[0]) > 1e-3 * masses[1]:
        return None
    mass = Value(masses[1], math.inf, "residual", "limit of -zeta m(x + zeta)")
    return PointMass(Value.from_ball(x, "root of the leading coefficient"), mass)


# -- edge behaviour -------------------------------------------------------------------------------------------------
def exponents_of(support: Support, density: Callable[[np.ndarray], np.ndarray]) -> tuple[Edge, ...]:
    """Exponent of the density at every end of every piece, and on the steeper side of every interior singular point."""
    lower = {float(p.lower): (p.lower, float(p.upper) - float(p.lower)) for p in support.pieces}
    upper = {float(p.upper): (p.upper, float(p.upper) - float(p.lower)) for p in support.pieces}
    ends = {float(e) for e in support.edges}
    found = []
    for x in sorted({*lower, *upper}):
        slopes = []
        if x in lower:
            slopes.append(_slope(density, x, lower[x][1]))
        if x in upper:
            slopes.append(_slope(density, x, -upper[x][1]))
        location = lower[x][0] if x in lower else upper[x][0]
        side = "interior" if x not in ends or len(slopes) == 2 else "left" if x in lower else "right"
        # where the two sides differ, the finer smoothing serves both
        exponent = slopes[0] if len(set(slopes)) == 1 else max(slopes, key=lambda f: f.denominator)
        found.append(Edge(location, side, exponent))
    return tuple(found)


def _slope(density: Callable[[np.ndarray], np.ndarray], x: float, width: float) -> Fraction:
    """Exponent p of ``density ~ |t - x|^p`` from four distances down to ``|width| 2^-28``; nearest rational."""
    # the distances stay well above the rounding of x, and of the root itself at a cusp
    smallest = max(2.0**-28, 2.0**12 * float(np.spacing(abs(x))) / abs(width))
    steps = np.geomspace(min(2.0**-16, smallest * 2.0**12), smallest, 4)
    places = x + width * steps
    values = np.maximum(density(places), 1e-300)
    slopes = np.diff(np.log(values)) / np.diff(np.log(np.abs(places - x)))
    # corrections are a power series in a root of the distance: the last slope is the best
    best = Fraction(float(slopes[-1])).limit_denominator(12)
    for denominator in (1, 2, 3, 4, 5, 6):
        simple = Fraction(round(float(slopes[-1]) * denominator), denominator)
        if abs(float(simple) - slopes[-1]) < 0.02:
            return simple
    return best
