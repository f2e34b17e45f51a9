"""What was identified in a derivation, and the exact identities that prove it."""

from __future__ import annotations

import math
from dataclasses import dataclass
from fractions import Fraction

import sympy as sp

from rmtsym.equivalent.dyson import ATOMS, PRIME, Dyson, Identification
from rmtsym.errors import UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.field.rational import Field, Frac
from rmtsym.matrix import Expression, bind_measures, parameters, planar_series, spaces

__all__ = ["Certificate", "certify", "planar_agreement"]

PLANAR = 3  # order of the noise expansion that is compared with planar moments


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
    planar : int, optional
        Number of coefficients of the noise expansion that agree exactly with planar Gaussian moments of the expression,
        which share nothing with linearisation and Dyson equation; ``None`` where there are no planar moments.
    """

    pencil_size: int
    order_parameters: int
    identifications: tuple[tuple[sp.Expr, sp.Expr], ...]
    identities: tuple[tuple[Frac, Frac], ...]
    verified: bool
    log: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()
    planar: int | None = None

    def __str__(self) -> str:
        lines = [
            f"pencil of size {self.pencil_size}, {self.order_parameters} order parameters, "
            f"{len(self.identifications)} identified, {len(self.identities)} identities "
            + ("verified exactly" if self.verified else "NOT verified")
        ]
        if self.planar is not None:
            lines[0] += f", {self.planar} planar coefficients agree"
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
            pairs.append((name, field(x.ratio).to_sympy() * symbols[x.representative]))
            right = field(x.ratio) * integrands[x.representative]
            same = dyson.parameters[x.index].space.measure == dyson.parameters[x.representative].space.measure
            letters = [s for s in dyson.letters if s in field]
            good &= same or not (letters and right.has(*letters))
        identities.append((left, right))
        good &= left == right
    return Certificate(dyson.size, len(dyson.parameters), tuple(pairs), tuple(identities), good, remarks=remarks)


def planar_agreement(expression: Expression, dyson: Dyson, order: int = PLANAR) -> int | None:
    """Number of coefficients of the noise expansion, from order zero, that agree with planar moments.

    Both sides are exact: rational numbers there, their residues here, at fixed squares for parameters and letters.
    """
    roots = getattr(dyson.field, "roots", {})
    plain = [s for s in parameters(expression)]
    numbers = {s: Fraction(k + 2, k + 1) ** 2 for k, s in enumerate(plain)}
    exact = {s: sp.Rational(v.numerator, v.denominator) for s, v in numbers.items()}
    every = spaces(expression)
    sizes = {x.name: Fraction(str(x.size.xreplace(exact))) for x in every}
    laws: dict[str, Atoms] = {}
    for space in every:
        tied = [x for x in every if space.tie is not None and x.tie == space.tie]
        if space.letters and space.name == min(tied or [space], key=lambda x: (sizes[x.name], x.name)).name:
            letters = {
                str(s): (Fraction(4 * k + 4) ** 2 / 9, Fraction(2 * k + 1) ** 2) for k, s in enumerate(space.letters)
            }
            laws[space.measure.name] = Atoms([Fraction(1, 3), Fraction(2, 3)], **letters)
    try:
        laws = bind_measures(every, sizes, laws)
        expected = planar_series(expression, order, {**{str(s): v for s, v in numbers.items()}, **laws})
    except (UnsupportedModel, ZeroDivisionError):
        return None
    chosen: dict[sp.Symbol, list[int]] = {}
    for s, v in numbers.items():
        chosen[s] = [_residue(v)] * ATOMS
        if s in roots:
            chosen[roots[s]] = [_residue(Fraction(math.isqrt(v.numerator), math.isqrt(v.denominator)))] * ATOMS
    weights = {}
    for space in every:
        if not space.letters:
            continue
        law = laws[space.measure.name]
        spare = ATOMS - len(law)
        weights[space.measure.name] = [_residue(w) for w in law.weights] + [0] * spare
        for s in space.letters:
            values = [Fraction(x) for x in law.letters[str(s)]] + [Fraction(0)] * spare
            if spare and space.tie is None:
                values[-1] = values[0]
            if s in roots:
                chosen[roots[s]] = [
                    _residue(Fraction(math.isqrt(v.numerator), math.isqrt(v.denominator))) for v in values
                ]
            chosen[s] = [_residue(v) for v in values]
    chosen = {s: v for s, v in chosen.items() if s in dyson.field}
    try:
        found = dyson.assigned(chosen, weights).output_series(order + 1)
    except ZeroDivisionError:
        return None
    for k, (a, b) in enumerate(zip(found, expected, strict=True)):
        if a != _residue(Fraction(str(b))):
            return k
    return order + 1


def _residue(value: Fraction) -> int:
    return value.numerator * pow(value.denominator, -1, PRIME) % PRIME
