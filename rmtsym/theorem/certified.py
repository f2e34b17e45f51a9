"""Gaussian moments as evidence: a claimed closed form against the rigorous integral of the definition."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp

from rmtsym.gaussian import Moment, certify
from rmtsym.theorem.evidence import Evidence

__all__ = ["certified"]

_HOLDS = {"certified": True, "refuted": False, "inconclusive": None}


def certified(
    moment: Moment | Mapping[Any, Moment], digits: int = 25, *, names: Mapping[Any, Any] | None = None
) -> Callable[[sp.Eq], Evidence]:
    """Check for ``proof.moment``: the right side of a claim is the moment, to so many digits over its domain.

    Parameters
    ----------
    moment : Moment, or mapping from a claim's left side (or its name) to its Moment
    digits : int
    names : mapping, optional
        The claim's symbols in terms of those of the moment, e.g. ``{norm_x: SIGMA_X}``.

    Examples
    --------
    >>> from rmtsym.gaussian import TAU, expectation
    >>> check = certified(expectation("relu"))
    >>> str(check(sp.Eq(sp.Symbol("mean"), sp.sqrt(TAU) / 2, evaluate=False)).status)
    'REFUTED'
    """
    table: dict[str, Moment] = {str(k): m for k, m in moment.items()} if isinstance(moment, Mapping) else {}

    def check(claim: sp.Eq) -> Evidence:
        right = sp.sympify(claim.rhs).subs(names, simultaneous=True) if names else claim.rhs
        found = certify(table[str(claim.lhs)] if isinstance(moment, Mapping) else moment, right, digits)
        return Evidence.of(
            _HOLDS[found.status],
            f"rigorous integral, {digits} digits at {len(found.checks)} points",
            resolution=10.0**-digits,
            message=str(found.failures[0]) if found.failures else "; ".join(found.skipped[:1]),
            figures={"points": len(found.checks), "digits": found.digits},
        )

    return check
