"""Outliers of spiked models by atoms of mass zero: location and alignment.

A finite number of population directions does not change the bulk equations.  Their matrix element of the resolvent is
the function behind the output at the spike's letters; its pole outside the bulk is the outlier, and its residue there
the squared alignment of the outlier's eigenvector.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq_mpoly

from rmtsym.equivalent.blocks import block_inverse
from rmtsym.equivalent.derive import Derived
from rmtsym.equivalent.eliminate import ZERO, polynomial_system
from rmtsym.equivalent.numeric import physical_point
from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.field.rational import Field, Frac

__all__ = ["Outlier", "outlier"]


@dataclass(frozen=True)
class Outlier:
    """Position of an outlier and alignment of its eigenvector with the spike.

    Parameters
    ----------
    equation : sympy.Poly
        Polynomial in z that vanishes at the outlier.
    location : sympy expression or None
        The outlier itself, where the equation is linear in z.
    alignment : sympy expression or None
        Squared inner product of eigenvector and spike, where the unknowns are rational at the outlier; valid where it
        is positive, i.e. above the threshold.
    """

    equation: sp.Poly
    location: sp.Expr | None
    alignment: sp.Expr | None

    @property
    def threshold(self) -> sp.Expr | None:
        """Numerator of the alignment: it vanishes where the outlier leaves the bulk."""
        return None if self.alignment is None else sp.numer(sp.together(self.alignment))


def outlier(
    derived: Derived,
    at: Mapping[sp.Expr, Any],
    *,
    measures: Mapping[str, Atoms] | None = None,
    values: Mapping[str, Any] | None = None,
) -> Outlier:
    """Outlier of a resolvent at a spike.

    Parameters
    ----------
    at : mapping from spectral letter (or its square) to expression
        Letters of the spike, such as ``{s**2: 1 + l}``.
    measures : mapping from measure name to Atoms
        Law of the bulk.
    values : mapping from parameter name to rational, optional
    """
    if derived.spectral is None:
        raise UnsupportedModel("outliers need a resolvent (M - z)^{-1} with a spectral parameter")
    measures = {str(k): v for k, v in (measures or {}).items()}
    values = {str(k): v for k, v in (values or {}).items()}
    equations, _ = polynomial_system(derived, measures, values)
    (function,) = derived.laws.functions.values()
    spike = {k: sp.sympify(v) for k, v in at.items()}
    names = sorted(set().union(*(v.free_symbols for v in spike.values())), key=str)
    field = derived.laws.field.extend([s for s in names if s not in derived.laws.field])
    given = {s: field(Fraction(values[str(s)])) for s in derived.laws.field.symbols if str(s) in values}
    element = _at_spike(field(function), spike, field, derived).subs(given)
    unknowns = list(equations)
    polys = [field(f) for f in equations.values()]
    z = derived.spectral
    poles = [f for f, _ in element.denominator().factors()[1] if f.has(*names)]
    if not poles:
        raise DomainError("at", dict(at), "letters that the resolvent depends on", "name the letters of the spike")
    (pole,) = poles if len(poles) == 1 else (_product(poles),)
    system = [pole, *polys]
    for s in unknowns:
        having = sorted((f for f in system if f.has(s)), key=lambda f: (f.degree(s), len(f.num)))
        if not having:
            continue
        pivot = having[0]
        rest = [f for f in system if f is not pivot]
        system = [
            Frac(field, pivot.num.resultant(f.num, field.index(s)), field.one.num) if f.has(s) else f for f in rest
        ]
    final = _physical(system[0], pole, derived, measures, values, names, z)
    roots = {r: sp.sqrt(t) for t, r in getattr(field, "roots", {}).items()}
    equation = sp.Poly(sp.expand(final.to_sympy(factor=False).xreplace(roots)), z)
    equation = equation.clear_denoms(convert=True)[1].primitive()[1]
    location, alignment = None, None
    if final.degree(z) == 1:
        parts = final.collect([z])
        place = -parts.get((0,), field.zero) / parts[1,]
        location = place.to_sympy().xreplace(roots)
        alignment = _alignment(element, pole, polys, unknowns, place, z, field)
    return Outlier(equation, location, None if alignment is None else alignment.to_sympy().xreplace(roots))


def _product(parts: list[Frac]) -> Frac:
    total = parts[0]
    for x in parts[1:]:
        total = total * x
    return total


def _at_spike(f: Frac, spike: Mapping[sp.Expr, sp.Expr], field: Field, derived: Derived) -> Frac:
    roots = getattr(field, "roots", {})
    for key, value in spike.items():
        letter = key.base if key.is_Pow else key
        squared = key.is_Pow and key.exp == 2
        if letter in roots:
            letter, squared = roots[letter], True
        if not letter.is_Symbol or letter not in derived.letters:
            raise DomainError("at", key, f"one of {', '.join(map(str, derived.letters)) or 'no letters'}", "")
        new = field(value)
        if not squared:
            f = f.subs({letter: new})
            continue
        i = field.index(letter)
        f = _halved(f.num, i, new, field) / _halved(f.den, i, new, field)
    return f


def _halved(poly: fmpq_mpoly, i: int, value: Frac, field: Field) -> Frac:
    total = field.zero
    for exponents, coefficient in poly.terms():
        rest = list(map(int, exponents))
        power, rest[i] = rest[i], 0
        if power % 2:
            raise DomainError("at", "an odd power", "functions of the square of the letter", "give the letter itself")
        total = total + Frac(field, field.polynomial({tuple(rest): coefficient}), field.one.num) * value ** (power // 2)
    return total


def _physical(
    final: Frac,
    pole: Frac,
    derived: Derived,
    measures: Mapping[str, Atoms],
    values: Mapping[str, Any],
    names: list[sp.Symbol],
    z: sp.Symbol,
) -> Frac:
    """The factor one of whose real roots is a pole of the physical resolvent, at a strong spike."""
    candidates = [f for f, _ in final.factors()[1] if f.has(z) and f.has(*names)]
    if len(candidates) == 1:
        return candidates[0]
    rng = np.random.default_rng(11)
    for strength in (50, 200, 1000):
        chosen: dict[str, Any] = {str(s): float(strength) for s in names}
        numbers = {
            str(s): rng.uniform(0.5, 1.5)
            for s in derived.laws.field.symbols
            if s not in derived.laws.unknowns and s not in derived.letters and s != z and not isinstance(s, sp.Dummy)
        }
        numbers |= {k: float(v) for k, v in values.items()}
        scores = []
        for f in candidates:
            parts = f.collect([z])
            known = {s: numbers.get(str(s), chosen.get(str(s))) for s in f.field.symbols}
            row = [0.0] * (max(k[0] for k in parts) + 1)
            for (k,), c in parts.items():
                row[k] = float(c.evaluate({s: v for s, v in known.items() if v is not None}))
            for root in np.roots(row[::-1]):
                if abs(root.imag) > 1e-9 * abs(root) or root.real < 1:
                    continue
                try:
                    point, _ = physical_point(derived, measures, {**numbers, str(z): root.real + 1e-12j}, rng)
                except NoConvergence:
                    continue
                total, size = 0j, 0.0
                for exponents, coefficient in pole.coefficients():
                    term = complex(float(coefficient))
                    for s, e in zip(pole.field.symbols, exponents, strict=True):
                        if e:
                            term *= (point[s] if s in point else chosen[str(s)]) ** e
                    total, size = total + term, size + abs(term)
                scores.append((abs(total) / size, candidates.index(f)))
        if scores and min(scores)[0] < ZERO * 1e3:
            return candidates[min(scores)[1]]
    raise UnsupportedModel("no factor of the outlier's polynomial could be identified as the physical one")


def _alignment(
    element: Frac, pole: Frac, polys: list[Frac], unknowns: list[sp.Symbol], place: Frac, z: sp.Symbol, field: Field
) -> Frac | None:
    """Minus the residue of the matrix element at the outlier, where the unknowns are rational there."""
    size = len(unknowns)
    entries = {(i, j): polys[i].diff(s) for i in range(size) for j, s in enumerate(unknowns)}
    inverse = block_inverse({ij: x for ij, x in entries.items() if x}, size, field)
    slope = {
        s: -sum((inverse.get((j, i), field.zero) * polys[i].diff(z) for i in range(size)), field.zero)
        for j, s in enumerate(unknowns)
    }
    derivative = pole.diff(z)
    for s in unknowns:
        derivative = derivative + pole.diff(s) * slope[s]
    residue = -(element * pole) / derivative
    if len(unknowns) != 1 or pole.degree(unknowns[0]) != 1:
        return None
    (s,) = unknowns
    parts = pole.collect([s])
    value = (-parts.get((0,), field.zero) / parts[1,]).subs({z: place})
    return residue.subs({z: place}).subs({s: value})
