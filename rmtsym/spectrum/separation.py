r"""Distribution function of a sample covariance in closed form, with enclosed values and quantiles.

In v = -1/m_companion the companion transform integrates to elementary functions, because ``dx = x'(v) dv``:

.. math::
    \pi c\,\mu(x, \infty) = (1 - c)\arg v + c\int\Big[\arg(v - t) + \operatorname{Im}\frac{t}{v - t}\Big]dH(t),
    \qquad x = x(v),\ \operatorname{Im} v > 0.

At a real v the arguments are 0 or pi: the mass beyond a gap is the weight of the population eigenvalues on its right.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING, Any

from flint import acb, arb, fmpq
from flint import ctx as flint_context

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.value import Value
from rmtsym.spectrum.polynomial import rational, to_fraction

if TYPE_CHECKING:
    from rmtsym.spectrum.population import SampleCovariance

__all__ = ["enclosed_cdf", "enclosed_quantile"]

_BITS = 128
_METHOD = "closed form at an enclosed root"


def enclosed_cdf(law: SampleCovariance, x: Any) -> Value:
    """Mass of (-infinity, x], enclosed.

    >>> from rmtsym.spectrum import SampleCovariance
    >>> law = SampleCovariance("1/10", [1, 9, 25], ["1/2", "1/4", "1/4"])
    >>> float(enclosed_cdf(law, 3)), float(enclosed_cdf(law, 15))
    (0.5, 0.75)
    """
    place = rational(x, "x")
    below = law.atoms[0].exact[1] if law.atoms and place >= 0 else Fraction(0)  # type: ignore[index]
    with flint_context.workprec(_BITS):
        at = arb(place)
        for (lower, upper), share in zip(law.support.components, law.component_masses, strict=True):
            low, high = lower.ball, upper.ball
            if at > low and at < high:
                return Value.from_ball(1 - _beyond(law, at), _METHOD)
            inner = (high - low) * arb(2) ** -40  # an edge that the balls do not tell from x: x is below this point
            if not (at <= low or at >= high):
                start, mass = _exact(below), _exact(below + share)
                ball = (
                    start.union(1 - _beyond(law, low.mid() + inner))
                    if at < low + inner
                    else mass.union(1 - _beyond(law, high.mid() - inner))
                )
                return Value.from_ball(ball, _METHOD)
            below += share if at >= high else 0
    return Value.from_rational(below, "exact separation")


def _exact(number: Fraction) -> arb:
    return arb(fmpq(number.numerator, number.denominator))


def enclosed_quantile(law: SampleCovariance, level: Any) -> Value:
    """The quantile of a level in (0, 1), enclosed: the distribution function is below the level left of the ball.

    >>> from rmtsym.spectrum import SampleCovariance
    >>> round(enclosed_quantile(SampleCovariance("1/10", [1, 3, 7]), "1/2").value, 11)
    2.84393147282

    Raises
    ------
    DomainError
        For a level outside (0, 1), or the mass below a gap of the support.
    """
    goal = to_fraction(rational(level, "level"))
    if law.atoms and 0 < goal <= law.atoms[0].exact[1]:  # type: ignore[index]
        if goal == law.atoms[0].exact[1]:  # type: ignore[index]
            raise DomainError("level", level, "levels with a single quantile", "it is the mass of the zeros")
        return Value.from_rational(0, "exact separation")
    guess = float(law.quantile(goal))
    with flint_context.workprec(_BITS):
        target, x = arb(fmpq(goal.numerator, goal.denominator)), arb(guess)
        for _ in range(3):
            v = _root(law, x)
            slope = -(1 / v).imag / (arb(fmpq(law.c.numerator, law.c.denominator)) * arb.pi())
            x = (x + (target - 1 + _beyond(law, x, v)) / slope).mid()
        for exponent in (-95, -80, -65, -50):
            ball = arb(x, abs(guess) * 2.0**exponent)
            if 1 - _beyond(law, ball.lower()) < target < 1 - _beyond(law, ball.upper()):
                return Value.from_ball(ball, _METHOD)
    raise NoConvergence(f"the quantile of level {goal} is too close to an edge to be enclosed")


def _beyond(law: SampleCovariance, x: arb, v: acb | None = None) -> arb:
    """Mass of (x, infinity) for x inside the support."""
    v = _root(law, x) if v is None else v
    c = arb(fmpq(law.c.numerator, law.c.denominator))
    rank = law.c * (1 - law.zeros)
    total = (1 - arb(fmpq(rank.numerator, rank.denominator))) * v.arg()
    for t, w in law.exact_population:
        gap = v - arb(t)
        total += c * arb(w) * (gap.arg() + (arb(t) / gap).imag)
    return total / (c * arb.pi())


def _root(law: SampleCovariance, x: arb) -> acb:
    """The v in the upper half plane with x(v) = x, enclosed by Krawczyk's operator."""
    start = complex(-1 / law.companion(float(x.mid())))
    v = acb(start.real, start.imag)
    for _ in range(4):
        value, slope, _ = law.ball_map(v)
        v = acb(((value - x) / slope * -1 + v).real.mid(), ((value - x) / slope * -1 + v).imag.mid())
    value, slope, _ = law.ball_map(v)
    size = float(abs(v).mid())
    for exponent in (-105, -90, -75, -60):
        radius = arb(0, size * 2.0**exponent)
        around = acb(radius, radius)
        image = -(value - x) / slope + (1 - law.ball_map(v + around)[1] / slope) * around
        if radius.contains_interior(image.real) and radius.contains_interior(image.imag) and (v + image).imag > 0:
            return v + image
    raise NoConvergence(f"the transform at x = {float(x.mid()):.12g} is too close to an edge to be enclosed")
