"""Gaussian moments as evidence: a claimed closed form against the rigorous integral of the definition."""

from __future__ import annotations

from collections.abc import Callable

import sympy as sp

from rmtsym.gaussian import Moment, certify
from rmtsym.theorem.evidence import Evidence

__all__ = ["certified"]

_HOLDS = {"certified": True, "refuted": False, "inconclusive": None}


def certified(moment: Moment, digits: int = 25) -> Callable[[sp.Eq], Evidence]:
    """Check for ``proof.moment``: the right side of a claim is the moment, to so many digits over its domain.

    Examples
    --------
    >>> from rmtsym.gaussian import TAU, expectation
    >>> check = certified(expectation("relu"))
    >>> str(check(sp.Eq(sp.Symbol("mean"), sp.sqrt(TAU) / 2, evaluate=False)).status)
    'REFUTED'
    """

    def check(claim: sp.Eq) -> Evidence:
        found = certify(moment, claim.rhs, digits)
        return Evidence.of(
            _HOLDS[found.status],
            f"rigorous integral, {digits} digits at {len(found.checks)} points",
            resolution=10.0**-digits,
            message=str(found.failures[0]) if found.failures else "",
            figures={"points": len(found.checks), "digits": found.digits},
        )

    return check
