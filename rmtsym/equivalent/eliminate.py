"""Elimination of the unknowns by resultants: the algebraic curve of a normalised trace.

After every resultant the polynomial is factored and the one factor is kept that vanishes at the physical point, found
from the unreduced Dyson equation.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from fractions import Fraction
from math import isqrt
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq_mpoly

from rmtsym.equivalent.derive import Derived
from rmtsym.equivalent.numeric import physical_point
from rmtsym.equivalent.reduce import Law
from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.field.rational import Field, Frac

__all__ = ["curve", "polynomial_system"]

ZERO, NONZERO = 1e-9, 1e-6  # relative residuals of a factor that vanishes, and of one that does not
COST = 3 * 10**7  # degrees and terms of a resultant beyond which the elimination is refused
TRIES = 6  # physical points tried before a choice of factor is called ambiguous


def at_letters(f: Frac, values: Mapping[sp.Symbol, Fraction], roots: Mapping[sp.Symbol, sp.Symbol]) -> Frac:
    """A function with numbers for its letters; letters under a root may be no squares if the function is even."""
    plain: dict[sp.Symbol, Any] = {}
    for letter, value in values.items():
        root = roots.get(letter)
        if root is None:
            if letter in f.field:
                plain[letter] = value
            continue
        top, bottom = isqrt(value.numerator), isqrt(value.denominator)
        if value >= 0 and (top**2, bottom**2) == (value.numerator, value.denominator):
            plain[root] = Fraction(top, bottom)
            continue
        i = f.field.index(root)
        parities = [{int(e[i]) % 2 for e, _ in p.terms()} for p in (f.num, f.den)]
        if parities == [{1}, {1}]:
            f = f.field.fraction(f.num * f.field.gen(root).num, f.den * f.field.gen(root).num)
        elif f and parities != [{0}, {0}]:
            raise UnsupportedModel(f"sqrt({letter}) is irrational at {letter} = {value} and does not occur squared")
        halves = [_halve(p, i, value, f.field) for p in (f.num, f.den)]
        f = f.field.fraction(*halves)
    return f.subs(plain)


def _halve(poly: fmpq_mpoly, i: int, value: Fraction, field: Field) -> fmpq_mpoly:
    total = field.zero
    for exponents, coefficient in poly.terms():
        rest = list(map(int, exponents))
        power, rest[i] = rest[i] // 2, 0
        total = total + Frac(field, field.polynomial({tuple(rest): coefficient}), field.one.num) * value**power
    return total.num


def averaged(law: Law, derived: Derived, measures: Mapping[str, Atoms]) -> Frac:
    """Average of an integrand over explicit atoms."""
    f = law.integrand
    roots = getattr(derived.dyson.field, "roots", {})
    used = [s for s in law.space.letters if f.has(roots.get(s, s))]
    if not used:
        return f
    name = law.space.measure.name
    if name not in measures:
        raise DomainError(
            f"measure {name}",
            "missing",
            "atoms, since a curve is a polynomial",
            f"pass measures={{'{name}': Atoms(...)}}",
        )
    atoms = measures[name]
    total = f.field.zero
    for k, weight in enumerate(atoms.weights):
        values = {s: Fraction(atoms.letters[str(s)][k]) for s in used}
        total = total + at_letters(f, values, roots) * Fraction(weight)
    return total


def polynomial_system(
    derived: Derived, measures: Mapping[str, Atoms], values: Mapping[str, Any]
) -> tuple[dict[sp.Symbol, Frac], Frac]:
    """Polynomials that vanish at the physical unknowns, by unknown, and the output, at numbers for parameters."""
    laws = derived.laws
    reciprocal = {c.new for c in laws.changes if c.kind == "reciprocal"}
    field = laws.field
    roots = getattr(field, "roots", {})
    given: dict[sp.Symbol, Any] = {}
    for s in field.symbols:
        if str(s) in values and s not in laws.unknowns:
            given[s] = _exact(str(s), values[str(s)])
    for s, r in roots.items():
        if str(s) in values:
            given[r] = sp.sqrt(sp.sympify(_exact(str(s), values[str(s)])))
    equations = {}
    for s, law in laws.unknowns.items():
        f = averaged(law, derived, measures).subs(given)
        q = field.gen(s)
        equations[s] = (q * f - 1 if s in reciprocal else q - f).numerator()
    (output,) = laws.outputs.values()
    return equations, averaged(output, derived, measures).subs(given)


def _exact(name: str, value: Any) -> Fraction:
    try:
        return Fraction(value) if not isinstance(value, sp.Rational) else Fraction(int(value.p), int(value.q))
    except (TypeError, ValueError):
        raise DomainError(name, value, "rational numbers, since a curve is exact", "give a Fraction") from None


def curve(
    derived: Derived,
    *,
    measures: Mapping[str, Atoms] | None = None,
    values: Mapping[str, Any] | None = None,
    variable: sp.Symbol | None = None,
    seconds: float = 60.0,
) -> sp.Poly:
    """Polynomial relation between the output m and the parameters.

    Parameters
    ----------
    measures : mapping from measure name to Atoms
        For every spectral measure that is averaged over.
    values : mapping from parameter name to rational, optional
        Parameters to specialise before the elimination; much faster when only numbers are wanted.
    variable : sympy.Symbol
        Name of the output in the polynomial, ``m`` by default.
    seconds : float
        Time limit.

    Returns
    -------
    sympy.Poly
        Primitive, in the output and the spectral parameter (or the ridge); the other parameters are coefficients.

    Raises
    ------
    UnsupportedModel
        If the elimination does not finish in time.
    """
    measures = {} if measures is None else {str(k): v for k, v in measures.items()}
    values = {} if values is None else {str(k): v for k, v in values.items()}
    m = sp.Symbol("m") if variable is None else variable
    equations, output = polynomial_system(derived, measures, values)
    hidden = sp.Dummy("m")
    direct = next((s for s in equations if output == output.field.gen(s)), None)
    field = output.field.extend([hidden])
    polys = [field(f) for f in equations.values()]
    unknowns = list(equations)
    if direct is None:
        polys.append((field(output) - field.gen(hidden)).numerator())
        target = hidden
    else:
        unknowns.remove(direct)
        target = direct
    chooser = _Chooser(derived, measures, values, hidden)
    deadline = time.monotonic() + seconds
    polys = [chooser.factor(f) for f in polys]
    result = _eliminate(polys, unknowns, field, chooser, deadline)
    shown = result.to_sympy(factor=False)
    roots = getattr(field, "roots", {})
    shown = sp.expand(shown.xreplace({target: m, **{r: sp.sqrt(t) for t, r in roots.items()}}))
    main = derived.spectral if derived.spectral is not None else derived.ridge
    gens = [m] + ([main] if main is not None and str(main) not in values else [])
    primitive = sp.Poly(shown, *gens).clear_denoms(convert=True)[1].primitive()[1]
    return -primitive if _negative(primitive) else primitive


def _negative(poly: sp.Poly) -> bool:
    lead = sp.Poly(poly.as_expr(), *sorted(poly.free_symbols, key=str)).LC()
    return bool(lead < 0)


def _eliminate(polys: list[Frac], unknowns: list[sp.Symbol], field: Field, chooser: _Chooser, deadline: float) -> Frac:
    unknowns = list(unknowns)
    while unknowns:
        options = []
        for s in unknowns:
            having = [f for f in polys if f.has(s)]
            for pivot in having:
                cost = sum(
                    pivot.degree(s) * f.degree(s) * len(pivot.num) * len(f.num) for f in having if f is not pivot
                )
                options.append((cost, unknowns.index(s), polys.index(pivot)))
        if not options:
            break
        cost, where, which = min(options)
        if cost > COST:
            raise UnsupportedModel(
                f"the elimination of {len(unknowns)} unknowns is too large; pass values= for some parameters, "
                "or use the solver, which needs no polynomial"
            )
        s, pivot = unknowns[where], polys[which]
        rest = []
        for f in polys:
            if f is pivot:
                continue
            if f.has(s):
                if time.monotonic() > deadline:
                    raise UnsupportedModel("the elimination exceeds its time limit; pass values= for some parameters")
                top = pivot.num.resultant(f.num, field.index(s))
                f = chooser.factor(Frac(field, top, field.one.num))
            rest.append(f)
        polys = rest
        unknowns.remove(s)
    if len(polys) != 1:
        polys = [f for f in polys if f]
    return polys[0]


class _Chooser:
    """Chooses the irreducible factor that vanishes at physical points."""

    def __init__(
        self, derived: Derived, measures: Mapping[str, Atoms], values: Mapping[str, Any], hidden: sp.Symbol
    ) -> None:
        self.derived, self.measures, self.values, self.hidden = derived, measures, values, hidden
        self.points: list[dict[sp.Symbol, complex]] = []
        self.rng = np.random.default_rng(7)

    def point(self, k: int) -> dict[sp.Symbol, complex]:
        attempts = 0
        while len(self.points) <= k:
            attempts += 1
            try:
                point, output = physical_point(self.derived, self.measures, self.values, self.rng)
            except NoConvergence:
                if attempts > TRIES:
                    raise
                continue
            self.points.append({**point, self.hidden: output})
        return self.points[k]

    def factor(self, f: Frac) -> Frac:
        _, parts = f.factors()
        pieces = [x for x, _ in parts if x.symbols & {self.hidden, *self.derived.laws.unknowns}]
        if not pieces:
            raise UnsupportedModel("the elimination degenerates; the output may be a rational function already")
        if len(pieces) == 1:
            return pieces[0]
        for k in range(TRIES):
            sizes = sorted((self._residual(x, self.point(k)), i) for i, x in enumerate(pieces))
            if sizes[0][0] < ZERO and sizes[1][0] > NONZERO:
                return pieces[sizes[0][1]]
        raise UnsupportedModel("two factors of a resultant vanish at the physical point to double precision")

    @staticmethod
    def _residual(f: Frac, point: Mapping[sp.Symbol, complex]) -> float:
        total, size = 0j, 0.0
        for exponents, coefficient in f.coefficients():
            term = complex(float(coefficient))
            for s, e in zip(f.field.symbols, exponents, strict=True):
                if e:
                    term *= point[s] ** e
            total += term
            size += abs(term)
        return abs(total) / size if size else 0.0
