"""A number that leaves the library together with its evidence."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

__all__ = ["Value"]


@dataclass(frozen=True)
class Value:
    """A number, the radius of the ball that contains it, and how it was got.

    Parameters
    ----------
    value : float or complex
        Midpoint, rounded to double precision.
    radius : float
        Radius of a ball around the exact midpoint that provably contains the number; ``inf`` if none is known.
    status : str
        ``"exact"``, ``"enclosed"`` (ball arithmetic), or ``"residual"`` (floating point, residual only).
    method : str
        How the number was got, in a few words.
    ball : object
        The python-flint ball (``arb`` or ``acb``) itself, at full precision.
    """

    value: float | complex
    radius: float = math.inf
    status: str = "residual"
    method: str = ""
    ball: Any = field(default=None, compare=False, repr=False)

    @property
    def digits(self) -> int:
        """Number of certified significant decimal digits."""
        if self.radius == 0:
            return 10**6
        if not math.isfinite(self.radius) or self.value == 0:
            return 0
        return max(0, math.floor(-math.log10(self.radius / abs(self.value))))

    @classmethod
    def from_ball(cls, ball: Any, method: str = "ball arithmetic") -> Value:
        """Value of a python-flint ``arb`` or ``acb``.

        >>> from flint import arb
        >>> Value.from_ball(arb(2).sqrt()).status
        'enclosed'
        """
        real, imag = getattr(ball, "real", ball), getattr(ball, "imag", None)
        radius = _radius(real)
        if imag is None or (imag == 0 and imag.rad() == 0):
            value: float | complex = float(real.mid())
        else:
            value = complex(float(real.mid()), float(imag.mid()))
            radius = math.hypot(radius, _radius(imag))
            radius = math.nextafter(radius, math.inf) if radius else 0.0  # rounded up
        status = ("enclosed" if radius else "exact") if ball.is_finite() else "residual"  # nothing is known
        return cls(value, radius, status, method, ball)

    @classmethod
    def from_rational(cls, number: Any, method: str = "rational arithmetic") -> Value:
        """Value of an exact number; its ball is 512 bits wide.

        >>> Value.from_rational("1/3").status
        'exact'
        """
        from fractions import Fraction

        from flint import arb, ctx, fmpq

        exact = Fraction(number)
        with ctx.workprec(512):
            ball = arb(fmpq(exact.numerator, exact.denominator))
        return cls(float(exact), 0.0, "exact", method, ball)

    def __reduce__(self) -> tuple[Any, ...]:  # balls of python-flint cannot be pickled
        return _unpacked, (self.value, self.radius, self.status, self.method, _packed(self.ball))

    def __float__(self) -> float:
        return float(self.value.real)

    def __complex__(self) -> complex:
        return complex(self.value)


def _radius(ball: Any) -> float:
    """Radius of a real ball as a double that is not zero unless the ball is a point."""
    return 0.0 if ball.is_exact() else max(float(ball.rad()), math.ulp(0.0))


def _packed(ball: Any) -> Any:
    """Integers that say what a ball is: mantissa and exponent of midpoint and radius, of the real part and so on."""
    from flint import acb

    if ball is None:
        return None
    parts = (ball.real, ball.imag) if isinstance(ball, acb) else (ball,)
    return tuple(
        tuple(tuple(map(int, x.man_exp())) for x in (part.mid(), part.rad())) if part.is_finite() else None
        for part in parts
    )


def _unpacked(value: Any, radius: float, status: str, method: str, packed: Any) -> Value:
    from flint import acb, arb

    parts = [arb("nan") if part is None else arb(*part) for part in packed or ()]
    return Value(value, radius, status, method, parts[0] if len(parts) == 1 else acb(*parts) if parts else None)
