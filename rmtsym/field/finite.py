"""Exact probabilistic zero test on the solution variety of a system of equations.

A rational identity that holds at a random point of the variety over GF(2^61 - 1) holds identically, up to a
probability that is bounded and reported.  A single point at which it fails disproves it; roots of integers that this
field lacks are unknowns at first, and what fails then is tested once more over a field that has them.
"""

from __future__ import annotations

import itertools
import math
import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import nmod_mat

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.average import Average
from rmtsym.field.elementary import as_unknowns, by_generators, primes_under_roots
from rmtsym.field.prime import PRIME, Degenerate, Degree, PrimePoint, degree_bound, field_name, prime_with_roots

__all__ = ["ZeroTest", "is_zero"]

_ATTEMPTS = 60

# A variable that an equation may be solved for: the name of a symbol, or the weight of one atom as (measure, position).
Variable = str | tuple[str, int]


@dataclass(frozen=True)
class ZeroTest:
    """Evidence of a zero test; true when the expression vanished at every trial.

    Parameters
    ----------
    holds : bool
    trials : int
        Random points tried; one, the disproof, when the expression does not vanish.
    error_bound : float
        Bound on the probability that a nonzero expression passes (Schwartz-Zippel); 0 for a disproof.
    degree : int
        Bound on the degree that enters it.
    solved_for : tuple of str
        What each relation was solved for, in the order of solution.
    prime : int
        Size of the field.
    """

    holds: bool
    trials: int
    error_bound: float
    degree: int
    solved_for: tuple[str, ...] = ()
    prime: int = PRIME

    def __bool__(self) -> bool:
        return self.holds

    @property
    def field(self) -> str:
        """Name of the field."""
        return field_name(self.prime)

    def __str__(self) -> str:
        where = f" with {', '.join(self.solved_for)} solved for" if self.solved_for else ""
        if not self.holds:
            return f"not zero: disproved at a random point over {self.field}{where}"
        points = f"{self.trials} random point{'s' if self.trials > 1 else ''}"
        bound = _power_of_ten(self.error_bound)
        return f"zero at {points} over {self.field}{where}; probability of error below {bound}"


def _power_of_ten(bound: float) -> str:
    return f"1e{math.ceil(math.log10(bound))}"


def is_zero(
    expr: Any,
    relations: Iterable[Any] = (),
    matrices: Mapping[Any, Any] | None = None,
    trials: int = 3,
    *,
    spectra: Mapping[Any, Mapping[sp.Symbol, sp.MatrixSymbol]] | None = None,
    atoms: int = 4,
    seed: int = 0,
) -> ZeroTest:
    """Whether an expression vanishes wherever the relations hold.

    Every trial draws random atoms for each spectral measure, random matrices and random scalars, and solves the
    relations for symbols (or, failing that, atom weights) in which they are linear.  Symbols are matched by name, as
    everywhere in evaluation: assumptions do not tell them apart.

    Parameters
    ----------
    expr : sympy expression, matrix expression or Eq
        Rational in its symbols, averages, traces and inverses; square roots are allowed.  Of functions that are not
        rational only the rules of :mod:`rmtsym.field.elementary` are known; an identity that needs other properties of
        them is reported as not zero.
    relations : iterable of sympy.Eq or expressions equal to zero
        ``Eq(M, expression)`` with a matrix symbol ``M`` on the left defines that matrix.
    matrices : mapping from matrix symbol or name to kind, optional
        ``"general"`` (default), ``"symmetric"``, ``"diagonal"``, ``"orthogonal"``, ``"projection"``, or a sympy matrix
        expression that defines it.
    trials : int
        Independent points; dimensions and numbers of atoms differ between them.
    spectra : mapping from SpectralMeasure to mapping from letter to matrix symbol, optional
        Measures that are the joint spectrum of commuting matrices: ``{nu: {s: Sigma}}`` makes ``E_nu[f(s)]`` equal to
        ``Trace(f(Sigma))`` over the dimension.
    atoms : int
        Least number of atoms per measure.

    Returns
    -------
    ZeroTest
        True or false, with trials and error bound.

    Raises
    ------
    UnsupportedModel
        If the relations cannot be solved linearly, or no regular point is found.

    Examples
    --------
    >>> from rmtsym.field.average import SpectralMeasure
    >>> s, kappa, lam, c = sp.symbols("s kappa lam c", positive=True)
    >>> nu = SpectralMeasure("nu", s)
    >>> fixed_point = sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu))
    >>> bool(is_zero(kappa - lam - c * kappa * (1 - kappa * Average(1 / (s + kappa), nu)), [fixed_point]))
    True
    >>> print(is_zero(kappa - lam - c * Average(s / (s + kappa), nu), [fixed_point]))
    not zero: disproved at a random point over GF(2^61-1) with c solved for
    """
    if trials < 1:
        raise DomainError("trials", trials, "trials >= 1", "use 3")
    given = {str(k): v for k, v in (matrices or {}).items()}
    kinds = {k: v for k, v in given.items() if isinstance(v, str)}
    defined = {k: v for k, v in given.items() if not isinstance(v, str)}
    tied = {m.name: dict(letters) for m, letters in (spectra or {}).items()}
    scalar_relations = []
    for relation in relations:
        if isinstance(relation, sp.Eq) and isinstance(relation.lhs, sp.MatrixSymbol):
            defined[str(relation.lhs.name)] = relation.rhs
        else:
            scalar_relations.append(_difference(relation))
    target = _expanded(_difference(expr), defined)
    expressions = [target, *(_expanded(x, defined) for x in scalar_relations)]

    def tested(prime: int) -> ZeroTest:
        written = by_generators(expressions, prime)
        try:
            return _decided(written, kinds, trials, atoms, tied, seed, prime)
        except UnsupportedModel:
            opened = as_unknowns(written)
            if opened == written:
                raise
            return _decided(opened, kinds, trials, atoms, tied, seed, prime)

    found = tested(PRIME)
    prime = PRIME if found else prime_with_roots(primes_under_roots(expressions))
    return found if prime == PRIME else tested(prime)


def _decided(
    expressions: Sequence[Any],
    kinds: Mapping[str, str],
    trials: int,
    atoms: int,
    tied: Mapping[str, Mapping[sp.Symbol, sp.MatrixSymbol]],
    seed: int,
    prime: int,
) -> ZeroTest:
    """The zero test of the first expression, at random points over a field where the others vanish."""
    target, *differences = expressions
    numerators = [_numerator(x) for x in differences if x != 0]
    everything = [target, *numerators]
    rng = random.Random(seed)
    plan: _Plan | None = None
    done = 0
    log_error = 0.0
    degree = 0
    for _ in range(_ATTEMPTS * trials):
        count = atoms + done + (len(numerators) > 2) * (len(numerators) - 2)
        point = _draw(rng, everything, kinds, count, 5 + 2 * done, tied, prime)
        try:
            if plan is None:
                # an identity among the relations constrains nothing, and without it the claim is only harder to prove
                plan = _known_plan(tuple(r for r in numerators if point.scalar(r)), point)
            point = plan.solve(point)
            vanishes = _vanishes(target, point)
        except Degenerate:
            continue
        names = plan.names
        if not vanishes:
            return ZeroTest(False, done + 1, 0.0, degree, names, prime)
        size = max(point.dimensions.values(), default=1)
        degree = plan.degree(target, point.atoms, size, kinds)
        radicals = len({x for e in everything for x in e.atoms(sp.Pow) if x.exp.is_Rational and x.exp.q != 1})
        log_error += math.log10(max(degree, 1)) + radicals * math.log10(4) - math.log10(prime)
        done += 1
        if done == trials:
            return ZeroTest(True, trials, min(1.0, 10.0 ** max(log_error, -300.0)), degree, names, prime)
    raise UnsupportedModel(
        f"no regular random point over {field_name(prime)} in {_ATTEMPTS * trials} tries: a denominator vanishes "
        "identically, or a square root never exists; check dimensions and radicands"
    )


def _difference(expr: Any) -> Any:
    if isinstance(expr, sp.Eq):
        return expr.lhs - expr.rhs
    if expr is sp.true or expr is True:  # sympy has found both sides equal
        return sp.Integer(0)
    if expr is sp.false or expr is False:
        return sp.Integer(1)
    return sp.sympify(expr)


def _expanded(expr: Any, defined: Mapping[str, Any]) -> Any:
    """The expression with matrices replaced by their definitions."""
    for _ in defined:
        expr = expr.xreplace({m: defined[m.name] for m in expr.atoms(sp.MatrixSymbol) if m.name in defined})
    return expr


@lru_cache(maxsize=4096)
def _numerator(expr: sp.Expr) -> sp.Expr:
    """Numerator with averages and traces as opaque generators."""
    opaque = sorted(expr.atoms(Average, sp.Trace, sp.Sum, sp.Determinant), key=sp.default_sort_key)
    names = {x: sp.Dummy(f"a{i}") for i, x in enumerate(opaque)}
    numerator, _ = sp.fraction(sp.together(expr.xreplace(names)))
    return numerator.xreplace({v: k for k, v in names.items()})


def _draw(
    rng: random.Random,
    everything: Sequence[Any],
    kinds: Mapping[str, str],
    atoms: int,
    smallest: int,
    tied: Mapping[str, Mapping[sp.Symbol, sp.MatrixSymbol]],
    prime: int,
) -> PrimePoint:
    """A fresh random point with every dimension, law and symbol bound."""
    squares = any(x.exp.is_Rational and x.exp.q != 1 for e in everything for x in e.atoms(sp.Pow))
    point = PrimePoint(rng, atoms, lambda: rng.randrange(smallest, smallest + 5), kinds, squares, tied, prime)
    constants = {x for e in everything for x in e.atoms(sp.Identity, sp.ZeroMatrix, sp.MatrixSymbol)}
    sizes = {size for x in constants for size in x.shape}
    for symbol in sorted({symbol for size in sizes for symbol in size.free_symbols}, key=str):
        point.bind_dimension(symbol)
    for matrix in sorted({x for e in everything for x in e.atoms(sp.MatrixSymbol)}, key=lambda x: str(x.name)):
        point.bind_matrix(matrix)
    measures = {a.measure for e in everything for a in e.atoms(Average)}
    for measure in sorted(measures, key=lambda x: (x.name, str(x.letters))):
        point.bind_measure(measure)
    free = {x for e in everything for x in e.free_symbols if isinstance(x, sp.Symbol)}
    for symbol in sorted(free, key=lambda x: (str(x), not x.is_positive)):
        point.bind_symbol(symbol)
    return point


def _vanishes(target: Any, point: PrimePoint) -> bool:
    value = point.value(target)
    return all(int(x) == 0 for x in value.entries()) if isinstance(value, nmod_mat) else int(value) == 0


# ------------------------------------------------------------------------------------------------ points of a variety


def _value(point: PrimePoint, variable: Variable) -> int:
    return point.symbols[variable] if isinstance(variable, str) else point.laws[variable[0]].weights[variable[1]]


def _moved(point: PrimePoint, values: Mapping[Variable, int]) -> PrimePoint:
    symbols = {k: v % point.prime for k, v in values.items() if isinstance(k, str)}
    return point.moved(symbols, {k: v % point.prime for k, v in values.items() if not isinstance(k, str)})


class _Probe:
    """Values of the relations at changed points, remembered."""

    def __init__(self, relations: Sequence[sp.Expr], point: PrimePoint) -> None:
        self.relations, self.point = relations, point
        self._seen: dict[tuple[int, frozenset[tuple[Variable, int]]], int] = {}

    def __call__(self, relation: int, values: Mapping[Variable, int]) -> int:
        key = (relation, frozenset(values.items()))
        if key not in self._seen:
            self._seen[key] = _moved(self.point, values).scalar(self.relations[relation])
        return self._seen[key]

    def depends(self, relation: int, variable: Variable) -> bool:
        old = _value(self.point, variable)
        try:
            return self(relation, {variable: old + 1}) != self(relation, {})
        except Degenerate:  # a root that exists here and not there
            return True

    def affine(self, relation: int, variables: Sequence[Variable]) -> bool:
        """Whether the relation is affine in the variables jointly: its second differences on lines vanish."""
        try:
            return self._straight(relation, variables)
        except Degenerate:  # so the variable stands under a root
            return False

    def _straight(self, relation: int, variables: Sequence[Variable]) -> bool:
        directions = [[int(i == j) for j in range(len(variables))] for i in range(len(variables))]
        if len(variables) > 1:
            directions.append([3 + 2 * i for i in range(len(variables))])
            directions.append([7 - 3 * i for i in range(len(variables))])
        start = [_value(self.point, v) for v in variables]
        for step in directions:
            line = [
                self(relation, {v: x + t * k for v, x, k in zip(variables, start, step, strict=True) if k})
                for t in (0, 1, 2, 3)
            ]
            bends = (line[i] - 2 * line[i + 1] + line[i + 2] for i in (0, 1))
            if any(bend % self.point.prime for bend in bends):
                return False
        return True


@dataclass(frozen=True)
class _Plan:
    """Order in which relations are solved: blocks of (relations, variables), each jointly linear."""

    relations: tuple[sp.Expr, ...]
    blocks: tuple[tuple[tuple[int, ...], tuple[Variable, ...]], ...]

    @property
    def names(self) -> tuple[str, ...]:
        found = [v for _, variables in self.blocks for v in variables]
        return tuple(f"weight {v[1] + 1} of {v[0]}" if isinstance(v, tuple) else str(v) for v in found)

    @classmethod
    def find(cls, relations: Sequence[sp.Expr], point: PrimePoint) -> _Plan:
        """Peel off blocks from the last to the first: what a later block solves for, no earlier relation contains."""
        if not relations:
            return cls((), ())
        probe = _Probe(relations, point)
        symbols = {str(s) for r in relations for s in r.free_symbols if str(s) in point.symbols}
        measures = {a.measure.name for r in relations for a in r.atoms(Average)} - set(point.spectra)
        variables: list[Variable] = sorted(symbols)
        variables += [(name, i) for name in sorted(measures) for i in range(point.atoms - 1)]
        contains = {
            v: {i for i, r in enumerate(relations) if _mentions(r, v) and probe.depends(i, v)} for v in variables
        }
        left = set(range(len(relations)))
        blocks: list[tuple[tuple[int, ...], tuple[Variable, ...]]] = []
        while left:
            block = cls._last_block(left, variables, contains, probe)
            if block is None:
                shown = "; ".join(str(relations[i]) for i in sorted(left))
                raise UnsupportedModel(
                    f"no symbols in which these relations are jointly linear: {shown[:300]}; "
                    "add a relation that introduces a linear unknown"
                )
            blocks.append(block)
            left -= set(block[0])
        return cls(tuple(relations), tuple(reversed(blocks)))

    @staticmethod
    def _last_block(
        left: set[int], variables: Sequence[Variable], contains: Mapping[Variable, set[int]], probe: _Probe
    ) -> tuple[tuple[int, ...], tuple[Variable, ...]] | None:
        for size in range(1, min(len(left), 4) + 1):
            for relations in itertools.combinations(sorted(left), size):
                inside = [v for v in variables if contains[v] & left and contains[v] & left <= set(relations)]
                inside = [v for v in inside if all(probe.affine(i, [v]) for i in contains[v] & left)]
                for chosen in itertools.islice(itertools.combinations(inside, size), 3000):
                    if size > 1 and not all(probe.affine(i, chosen) for i in relations):
                        continue
                    if _matrix(relations, chosen, probe).det() != 0:
                        return relations, chosen
        return None

    def solve(self, point: PrimePoint) -> PrimePoint:
        """The point moved onto the variety."""
        for relations, variables in self.blocks:
            probe = _Probe(self.relations, point)
            matrix = _matrix(relations, variables, probe)
            right = nmod_mat(len(relations), 1, [-probe(i, {}) % point.prime for i in relations], point.prime)
            try:
                shift = matrix.solve(right)
            except ZeroDivisionError:
                raise Degenerate from None
            point = _moved(point, {v: _value(point, v) + int(shift[j, 0]) for j, v in enumerate(variables)})
            if any(point.scalar(self.relations[i]) for i in relations):  # e.g. a root changed its branch
                raise Degenerate
        return point

    def degree(self, target: Any, atoms: int, dimension: int, kinds: Mapping[str, str]) -> int:
        """Bound on the degree of the numerator of the target, and of every denominator, in the random values."""
        solved: dict[Any, Degree] = {}
        for relations, variables in self.blocks:
            parts = [degree_bound(self.relations[i], atoms, dimension, solved, kinds) for i in relations]
            total = sum(n for n, _ in parts) + sum(d for _, d in parts)
            solved.update(dict.fromkeys(variables, (2 * total, 2 * total)))
        numerator, denominator = degree_bound(target, atoms, dimension, solved, kinds)
        return numerator + denominator


_PLANS: dict[Any, _Plan] = {}


def _known_plan(relations: tuple[sp.Expr, ...], point: PrimePoint) -> _Plan:
    """The plan for these relations, found once for all targets: where it does not fit, the solution is degenerate."""
    key = (relations, point.atoms, frozenset(point.dimensions), frozenset(point.spectra), point.prime)
    if key not in _PLANS:
        if len(_PLANS) >= 1024:
            _PLANS.clear()
        _PLANS[key] = _Plan.find(relations, point)
    return _PLANS[key]


def _matrix(relations: Sequence[int], variables: Sequence[Variable], probe: _Probe) -> nmod_mat:
    """Coefficients of the variables in relations that are affine in them."""
    entries, prime = [], probe.point.prime
    for i in relations:
        base = probe(i, {})
        entries += [(probe(i, {v: _value(probe.point, v) + 1}) - base) % prime for v in variables]
    return nmod_mat(len(relations), len(variables), entries, prime)


def _mentions(relation: sp.Expr, variable: Variable) -> bool:
    if isinstance(variable, tuple):
        return any(a.measure.name == variable[0] for a in relation.atoms(Average))
    return variable in _names(relation)


@lru_cache(maxsize=4096)
def _names(relation: sp.Expr) -> frozenset[str]:
    return frozenset(str(s) for s in relation.free_symbols)
