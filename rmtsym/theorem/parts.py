r"""Gaussian integration by parts as a step: :math:`E\,\mathrm{div}\,V = E\,\langle X,V\rangle` in terms of named means.

Both sides are compared before the mean is taken, at random matrices over a large prime field.  Means of products are
not products of means, so both sides must be linear in the names of random traces.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import sympy as sp

from rmtsym.theorem import exact
from rmtsym.theorem.evidence import Evidence
from rmtsym.theorem.mutation import variants

__all__ = ["check", "wrong_claims"]


def check(
    claim: sp.Eq,
    field: Any,
    of: sp.MatrixSymbol,
    means: Mapping[sp.Symbol, sp.Expr],
    relations: Sequence[sp.Eq] = (),
) -> Evidence:
    """Evidence that a claim is the integration by parts of a field.

    Parameters
    ----------
    claim : Eq
        Mean of the divergence on the left, mean of the pairing with ``of`` on the right.
    means : mapping
        What each symbol is the mean of; expressions without ``of`` are constants.
    relations : sequence of Eq
        Between parameters; those that mention a named mean are left out, they do not hold before the mean is taken.
    """
    from rmtsym.gaussian.parts import divergence, pairing

    random = [name for name, body in means.items() if body.has(of)]
    for side, (a, b) in itertools.product(claim.args, itertools.combinations_with_replacement(random, 2)):
        if sp.diff(side, a, b) != 0:
            what = f"{side} is not linear in {', '.join(sorted({str(a), str(b)}))}"
            return Evidence.of(False, exact.METHOD, resolution=0.0, message=f"{what}: a mean of products")
    usable = [r for r in relations if not r.has(*means)]
    lhs, rhs = (side.xreplace(dict(means)) for side in claim.args)
    parts = [
        exact.vanishes(lhs - divergence(field, of), usable),
        exact.vanishes(rhs - pairing(field, of), usable),
    ]
    return exact.all_of(parts, ["divergence", "pairing"])


def wrong_claims(claim: sp.Eq, limit: int) -> Iterator[tuple[str, sp.Eq]]:
    """The claim with a wrong side, generated."""
    for label, wrong in exact.pick(variants(claim.lhs), limit - 1):
        yield f"{label} in the divergence", sp.Eq(wrong, claim.rhs, evaluate=False)
    for label, wrong in exact.pick(variants(claim.rhs), 1):
        yield f"{label} in the pairing", sp.Eq(claim.lhs, wrong, evaluate=False)
