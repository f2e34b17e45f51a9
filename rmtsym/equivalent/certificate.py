"""What was identified in a derivation, and the exact identities that prove it."""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp

from rmtsym.equivalent.dyson import Dyson, Identification
from rmtsym.field.rational import Field, Frac

__all__ = ["Certificate", "certify"]


@dataclass(frozen=True)
class Certificate:
    """Evidence for one derivation.

    The Dyson equation has exactly one solution that is a formal power series in the noise.  Identifying order
    parameters is therefore right as soon as it turns the equation into itself: for every identified pair the two right
    hand sides agree *as rational functions* after the identification.  Those identities are listed and were checked.

    Parameters
    ----------
    pencil_size, order_parameters : int
        Size of the linear pencil and number of order parameters that are not structurally zero.
    identifications : tuple of (sympy expression, sympy expression)
        Order parameter and what it equals.
    identities : tuple of (sympy expression, sympy expression)
        Right hand sides that were found equal; one for every identification.
    verified : bool
        Whether all identities hold exactly.
    log : tuple of str
        What the reduction did, in order.
    remarks : tuple of str
        Restrictions of the domain.
    """

    pencil_size: int
    order_parameters: int
    identifications: tuple[tuple[sp.Expr, sp.Expr], ...]
    identities: tuple[tuple[Frac, Frac], ...]
    verified: bool
    log: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [
            f"pencil of size {self.pencil_size}, {self.order_parameters} order parameters, "
            f"{len(self.identifications)} identified, {len(self.identities)} identities "
            + ("verified exactly" if self.verified else "NOT verified")
        ]
        lines += [f"  {a} = {b}" for a, b in self.identifications]
        lines += [f"  {x}" for x in (*self.log, *self.remarks)]
        return "\n".join(lines)


def certify(
    dyson: Dyson,
    identifications: list[Identification],
    integrands: dict[int, Frac],
    symbols: dict[int, sp.Symbol],
    field: Field,
    remarks: tuple[str, ...],
) -> Certificate:
    """Check every identification as an identity of rational functions."""
    pairs: list[tuple[sp.Expr, sp.Expr]] = []
    identities: list[tuple[Frac, Frac]] = []
    good = True
    for x in sorted(identifications, key=lambda x: x.index):
        if x.index == x.representative:
            continue
        name = sp.Symbol(f"tau{x.index}")
        left = integrands[x.index]
        if x.representative is None:
            pairs.append((name, sp.Integer(0)))
            right = field.zero
        else:
            pairs.append((name, x.ratio.to_sympy() * symbols[x.representative]))
            right = field(x.ratio) * integrands[x.representative]
            same = dyson.parameters[x.index].space.measure == dyson.parameters[x.representative].space.measure
            letters = [s for s in dyson.letters if s in field]
            good &= same or not (letters and right.has(*letters))
        identities.append((left, right))
        good &= left == right
    return Certificate(dyson.size, len(dyson.parameters), tuple(pairs), tuple(identities), good, remarks=remarks)
