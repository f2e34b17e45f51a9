r"""Expected maximum of Gaussian magnitudes, enclosed."""

from __future__ import annotations

from flint import acb, arb

from rmtsym.errors import DomainError
from rmtsym.field.ball import BALL
from rmtsym.field.value import Value

__all__ = ["expected_maximum"]


def expected_maximum(count: int, digits: int = 15) -> Value:
    r"""Expectation :math:`E\max_{i\le N}|z_i|=\int_0^\infty\big(1-\operatorname{erf}(x/\sqrt2)^N\big)dx`.

    Parameters
    ----------
    count : int
        Number N of independent standard Gaussians, at least 1.
    digits : int

    Raises
    ------
    DomainError
        For a count below one.

    Examples
    --------
    >>> round(expected_maximum(1000).value, 11)
    3.43541019081
    """
    if count < 1:
        raise DomainError("count", count, "an integer >= 1")
    with BALL(int(3.33 * digits) + 64):
        goal = arb(10) ** (-digits - 2)
        radius = arb(4)
        # 1 - (1 - q)^N <= N q and q = erfc(x / sqrt 2) <= exp(-x^2/2)
        while not (tail := count * (-radius * radius / 2).exp() / radius) < goal / 4:
            radius += 1
        root = arb(2).sqrt()

        def integrand(x: acb, _: bool) -> acb:
            return 1 - (x / root).erf() ** count

        value = acb.integral(integrand, acb(0), acb(radius), abs_tol=goal).real
        return Value.from_ball(value + arb(0, tail.upper()), "ball integration of the distribution function")
