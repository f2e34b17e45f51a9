"""Writing laws as equations: a basis of averages, closed forms of affine unknowns, sympy at the edge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import NamedTuple

import sympy as sp

from rmtsym.equivalent.blocks import block_inverse
from rmtsym.equivalent.reduce import Law, Laws
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.rational import Field, Frac

__all__ = ["Written", "average_of", "write"]

LONG = 60  # terms above which the closed form of an affine unknown is not written; it stays an unknown
FEW = 3  # up to so many averages an integrand is expanded in monomials


class AverageKey(NamedTuple):
    """``E_measure[numerator / prod factor^power]``."""

    measure: SpectralMeasure
    numerator: Frac
    denominator: tuple[tuple[Frac, int], ...]


Expansion = dict[AverageKey | None, Frac]  # None stands for the average of one


@dataclass(frozen=True)
class Written:
    """A system in sympy: equations of the unknowns, outputs, and the functions behind the outputs."""

    unknowns: tuple[sp.Symbol, ...]
    equations: tuple[sp.Eq, ...]
    outputs: dict[str, sp.Expr]
    functions: dict[str, sp.Expr]
    closed: dict[sp.Symbol, sp.Expr]


def expand(
    integrand: Frac, measure: SpectralMeasure, letters: tuple[sp.Symbol, ...], apart: Iterable[sp.Symbol]
) -> Expansion:
    """An average as a combination of few basic averages with coefficients free of letters.

    ``apart`` are unknowns that must stand in the coefficients.
    """
    own = tuple(s for s in letters if integrand.has(s))
    if not own:
        return {None: integrand} if integrand else {}
    field = integrand.field
    outer, factors = integrand.denominator().inverse(), []
    for factor, power in integrand.denominator().factors()[1]:
        if factor.has(*own):
            outer = outer * factor**power
            front = _front(factor, own)
            outer = outer * (front**power).inverse()
            factors.append((factor / front, power))
    denominator = tuple(factors)
    pieces = integrand.numerator().collect(own)
    monomial = {k: _monomial(field, own, k) for k in pieces}
    plain: Expansion = {}
    for k in sorted(pieces):
        key = None if not denominator and not any(k) else _key(measure, monomial[k], denominator, own)
        coefficient = pieces[k] * outer
        plain[key] = plain[key] + coefficient if key in plain else coefficient
    options = [plain]
    if len(denominator) == 1:
        powers = _degrees_of_freedom(pieces, outer, measure, own, *denominator[0])
        if powers is not None:
            options.append(powers)
    best = min(options, key=lambda x: len([k for k in x if k is not None]))
    if len(best) > FEW and not integrand.numerator().has(*apart):
        content, body = field.one, integrand.numerator()
        _, parts = body.factors()
        for factor, power in parts:
            if not factor.has(*own):
                content = content * factor**power
        return {AverageKey(measure, body / content, denominator): outer * content}
    return best


def _front(factor: Frac, letters: tuple[sp.Symbol, ...]) -> Frac:
    """What to divide a denominator by, so that its constant part is simple."""
    parts = factor.collect(letters)
    zero = (0,) * len(letters)
    if zero not in parts:
        return factor.field.one
    front = factor.field.one
    constant, pieces = parts[zero].factors()
    for piece, power in pieces:
        if len(piece.num) > 1:
            front = front * piece**power
    others = [c for k, c in parts.items() if k != zero]
    if not front.is_one and not any((c / front).den != front.num for c in others):
        front = factor.field.one  # nothing would cancel
    return front * constant


def _key(measure: SpectralMeasure, numerator: Frac, denominator: tuple, letters: tuple[sp.Symbol, ...]) -> AverageKey:
    """Cancel common monomials of numerator and denominators."""
    if any(len(f.num) == 1 for f, _ in denominator):
        kept = []
        for factor, power in denominator:
            if len(factor.num) == 1 and factor.den.is_one():
                numerator = numerator / factor**power
            else:
                kept.append((factor, power))
        denominator = tuple(kept)
    return AverageKey(measure, numerator, denominator)


def _monomial(field: Field, letters: tuple[sp.Symbol, ...], exponents: tuple[int, ...]) -> Frac:
    result = field.one
    for s, e in zip(letters, exponents, strict=True):
        result = result * field.gen(s) ** e
    return result


def _degrees_of_freedom(
    pieces: Mapping[tuple[int, ...], Frac],
    outer: Frac,
    measure: SpectralMeasure,
    letters: tuple[sp.Symbol, ...],
    factor: Frac,
    power: int,
) -> Expansion | None:
    """Expansion in powers of ``w = u/(kappa + u)``, which uses that the average of one is one."""
    parts = factor.collect(letters)
    zero = (0,) * len(letters)
    if len(parts) != 2 or zero not in parts:
        return None
    unit = next(k for k in parts if k != zero)
    c0, c1 = parts[zero], parts[unit]
    field = factor.field
    groups: dict[tuple[int, ...], dict[int, Frac]] = {}
    for exponents, value in pieces.items():
        j = min(e // d for e, d in zip(exponents, unit, strict=True) if d)
        rest = tuple(e - j * d for e, d in zip(exponents, unit, strict=True))
        if j > power or any(r and d for r, d in zip(rest, unit, strict=True)):
            return None
        groups.setdefault(rest, {})[j] = value
    u = _monomial(field, letters, unit)
    result: Expansion = {}
    for rest, values in groups.items():
        # u^j / (c0 + c1 u)^k = (c0/c1)^j w^j (1-w)^(k-j) / c0^k  with  w = c1 u / (c0 + c1 u)
        total = [field.zero] * (power + 1)
        for j, value in values.items():
            scale = value * (c0 / c1) ** j / c0**power
            for i in range(power - j + 1):
                total[i + j] = total[i + j] + scale * (int(sp.binomial(power - j, i)) * (-1) ** i)
        for i, value in enumerate(total):
            if not value:
                continue
            if not i and not any(rest):
                key = None
            else:
                key = AverageKey(measure, _monomial(field, letters, rest) * u**i, ((factor, i),) if i else ())
            coefficient = value * c1**i * outer
            result[key] = result[key] + coefficient if key in result else coefficient
    return {k: x for k, x in result.items() if x}


def write(laws: Laws, names: Mapping[sp.Symbol, str]) -> Written:
    """Equations and outputs in sympy; affine unknowns whose uses can be pulled out of averages are solved.

    Parameters
    ----------
    names : mapping from output symbol to its name
    """
    letters = laws.letters
    closing = [c for c in laws.components() if laws.is_affine(c) and all(laws.is_separable(s) for s in c)]
    closed = [s for component in closing for s in component]
    everything: dict[sp.Symbol, Law] = {**laws.unknowns, **laws.outputs}
    expansions = {s: expand(law.integrand, law.space.measure, letters, closed) for s, law in everything.items()}
    keys: dict[AverageKey, sp.Symbol] = {}
    for expansion in expansions.values():
        for key in expansion:
            if key is not None:
                keys.setdefault(key, sp.Dummy(f"A{len(keys)}"))
    wide = laws.field.extend(keys.values())
    value = {
        s: sum((wide(c) * (wide.one if k is None else wide.gen(keys[k])) for k, c in x.items()), wide.zero)
        for s, x in expansions.items()
    }
    solved: dict[sp.Symbol, Frac] = {}
    for component in closing:
        rows = [value[s].subs(solved) for s in component]
        size = len(component)
        matrix, right = {}, []
        for i, row in enumerate(rows):
            parts = row.collect(component)
            right.append(parts.get((0,) * size, wide.zero))
            for j in range(size):
                unit = tuple(int(k == j) for k in range(size))
                entry = (wide.one if i == j else wide.zero) - parts.get(unit, wide.zero)
                if entry:
                    matrix[i, j] = entry
        inverse = block_inverse(matrix, size, wide)
        found = [
            sum((inverse[i, j] * right[j] for j in range(size) if (i, j) in inverse), wide.zero) for i in range(size)
        ]
        if max(x.size for x in found) <= LONG:
            solved |= dict(zip(component, found, strict=True))
    reciprocal = {c.new for c in laws.changes if c.kind == "reciprocal"}
    averages = {symbol: _average(key, letters) for key, symbol in keys.items()}

    def shown(x: Frac) -> sp.Expr:
        return x.to_sympy().xreplace(averages)

    kept = [s for s in laws.unknowns if s not in solved]
    equations = []
    for s in kept:
        right_side = value[s].subs(solved)
        equations.append(sp.Eq(s, shown(right_side.inverse() if s in reciprocal else right_side), evaluate=False))
    outputs = {names[s]: shown(value[s].subs(solved)) for s in laws.outputs}
    closed_shown = {s: shown(x) for s, x in solved.items()}
    functions = {names[s]: x.to_sympy().xreplace(closed_shown) for s, x in laws.functions.items()}
    return Written(tuple(kept), tuple(equations), outputs, functions, closed_shown)


def _average(key: AverageKey, letters: tuple[sp.Symbol, ...]) -> sp.Expr:
    bottom = sp.Integer(1)
    for factor, power in key.denominator:
        own = tuple(s for s in letters if factor.has(s))
        parts = factor.collect(own)
        total = sp.Add(
            *(
                sp.Mul(c.to_sympy(), *(s**e for s, e in zip(own, k, strict=True)))
                for k, c in sorted(parts.items(), key=lambda item: item[0])
            )
        )
        bottom *= total**power
    back = {r: sp.sqrt(t) for t, r in getattr(key.numerator.field, "roots", {}).items()}
    return Average((key.numerator.to_sympy() / bottom).xreplace(back), key.measure)


def average_of(integrand: Frac, measure: SpectralMeasure, letters: tuple[sp.Symbol, ...]) -> sp.Expr:
    """One average in sympy."""
    total = sp.Integer(0)
    for key, coefficient in expand(integrand, measure, letters, ()).items():
        total += coefficient.to_sympy() * (1 if key is None else _average(key, letters))
    return total
