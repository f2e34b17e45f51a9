"""A fixed-point system as data: equations, unknowns with their domains, named outputs.

This is the one form in which the engine returns a result, a theorem states one, a solver is generated from one and a
mutant is made of one.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from functools import cached_property
from types import MappingProxyType
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, UnknownName
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.bound import Bound

__all__ = ["Continuation", "FixedPointSystem", "Unknown"]


#: Where the physical value of an unknown may lie.
DOMAINS = ("diagonal", "herglotz", "interval", "positive", "real")


@dataclass(frozen=True)
class Unknown:
    """An unknown of a fixed-point system and the domain that its physical value lies in.

    Parameters
    ----------
    symbol : sympy.Symbol, or a matrix symbol
    domain : str
        ``"positive"``, ``"real"``, ``"herglotz"`` (positive imaginary part when z has one), ``"interval"``, or
        ``"diagonal"``: a diagonal matrix with positive entries, see :mod:`rmtsym.fixedpoint.diagonal`.
    lower, upper : sympy expression, optional
        Ends of the interval, in the parameters.
    meaning : str
        A few words for people.
    """

    symbol: sp.Symbol
    domain: str = "positive"
    lower: sp.Expr | None = None
    upper: sp.Expr | None = None
    meaning: str = ""

    def __post_init__(self) -> None:
        if self.domain not in DOMAINS:
            raise UnknownName("domain of an unknown", self.domain, DOMAINS)

    @property
    def inside(self) -> tuple[sp.Expr, ...]:
        """Expressions that are positive inside the interval."""
        if self.domain != "interval":
            return ()
        below = () if self.lower is None else (self.symbol - self.lower,)
        return below if self.upper is None else (*below, self.upper - self.symbol)


@dataclass(frozen=True)
class Continuation:
    """Path along which the physical root is followed: ``parameter`` moves from ``start`` to its value.

    Parameters
    ----------
    parameter : sympy.Symbol or None
        Without one the right-hand sides move (Newton's homotopy): the guess is a root at the start, the residuals that
        it has fall to zero.
    start : number or sympy expression in the parameters
        Where the root is unique and close to the guess: a large ridge, a spectral parameter far from the real axis.
    guess : mapping from unknown to sympy expression
        The root at the start to leading order, in the parameters.

    Examples
    --------
    >>> kappa, lam = sp.symbols("kappa lam", positive=True)
    >>> Continuation(lam, 10**6, {kappa: lam}).start
    1000000
    """

    parameter: sp.Symbol | None
    start: Any
    guess: Mapping[sp.Symbol, sp.Expr]

    @classmethod
    def homotopy(cls, guess: Mapping[sp.Symbol, sp.Expr]) -> Continuation:
        """Path from a guess for every unknown, on the physical root's side of every fold."""
        return cls(None, 0, guess)


@dataclass(frozen=True)
class FixedPointSystem:
    """Equations for the physical root and the outputs computed from it.

    Parameters
    ----------
    unknowns : tuple of Unknown
    equations : tuple of sympy.Eq
        One for each unknown.  ``Eq(q, f)`` with an unknown ``q`` on the left is also usable as an iteration.
    outputs : mapping from name to sympy expression
        In order; a later one may use an earlier one through ``Symbol(name)``.
    conditions : tuple of sympy expressions
        Quantities that are positive at the physical root.
    continuation : Continuation, optional
    """

    unknowns: tuple[Unknown, ...]
    equations: tuple[sp.Eq, ...]
    outputs: Mapping[str, sp.Expr] = field(default_factory=dict)
    conditions: tuple[sp.Expr, ...] = ()
    continuation: Continuation | None = None

    def __post_init__(self) -> None:
        if len(self.unknowns) != len(self.equations):
            raise ValueError(f"{len(self.unknowns)} unknowns but {len(self.equations)} equations")
        for unknown, equation in zip(self.unknowns, self.equations, strict=True):
            if not isinstance(equation, sp.Eq):  # sympy decides an equation from the assumptions of its symbols
                hint = "build it with Eq(left, right, evaluate=False), or loosen the assumptions of its symbols"
                raise DomainError(f"equation of {unknown.symbol}", equation, "an equation that is not decided", hint)
        object.__setattr__(self, "outputs", MappingProxyType(dict(self.outputs)))
        self._name_once()

    def _name_once(self) -> None:
        """Values are given by name, so symbols of one name are one: the unknown, or the one that assumes most."""
        bounds = [b for u in self.unknowns for b in (u.lower, u.upper) if b is not None]
        free = {*self.symbols}.union(*(sp.sympify(e).free_symbols for e in (*self.expressions, *bounds)))
        if len({str(s) for s in free}) == len(free):
            return
        chosen = {str(s): s for s in sorted(free, key=lambda s: (s in self.symbols, len(s.assumptions0), sp.srepr(s)))}
        same = {s: chosen[str(s)] for s in free if s != chosen[str(s)]}

        def one(expr: Any) -> Any:
            return None if expr is None else sp.sympify(expr).xreplace(same)

        unknowns = tuple(replace(u, lower=one(u.lower), upper=one(u.upper)) for u in self.unknowns)
        object.__setattr__(self, "unknowns", unknowns)
        equations = tuple(sp.Eq(*map(one, eq.args), evaluate=False) for eq in self.equations)
        object.__setattr__(self, "equations", equations)
        object.__setattr__(self, "outputs", MappingProxyType({k: one(v) for k, v in self.outputs.items()}))
        object.__setattr__(self, "conditions", tuple(map(one, self.conditions)))
        if self.continuation is not None:
            guess = {one(k): one(v) for k, v in self.continuation.guess.items()}
            object.__setattr__(self, "continuation", replace(self.continuation, guess=guess))
        for remembered in ("symbols", "expressions"):
            self.__dict__.pop(remembered, None)

    def __hash__(self) -> int:
        return hash((self.unknowns, self.equations, tuple(self.outputs.items()), self.conditions))

    def __reduce__(self) -> tuple[Any, ...]:
        parts = (self.unknowns, self.equations, dict(self.outputs), self.conditions, self.continuation)
        return type(self), parts

    @cached_property
    def symbols(self) -> tuple[sp.Symbol, ...]:
        """Symbols of the unknowns, in order."""
        return tuple(u.symbol for u in self.unknowns)

    @cached_property
    def inside(self) -> tuple[sp.Expr, ...]:
        """Expressions that are positive where every unknown lies in its interval."""
        return tuple(x for u in self.unknowns for x in u.inside)

    @cached_property
    def expressions(self) -> tuple[sp.Basic, ...]:
        """Everything that is written in the system: both sides of the equations, outputs, conditions."""
        sides = [side for eq in self.equations for side in eq.args]
        return (*sides, *self.outputs.values(), *self.conditions)

    @cached_property
    def parameters(self) -> tuple[sp.Symbol, ...]:
        """Free symbols that are neither unknowns nor outputs, sorted by name."""
        names = {str(k) for k in self.outputs} | {str(u) for u in self.symbols}
        bounds = [b for u in self.unknowns for b in (u.lower, u.upper) if b is not None]
        path = [] if self.continuation is None else [self.continuation.start, *self.continuation.guess.values()]
        free = set().union(*(sp.sympify(e).free_symbols for e in (*self.expressions, *bounds, *path)))
        return tuple(sorted((s for s in free if str(s) not in names), key=str))

    @cached_property
    def measures(self) -> tuple[SpectralMeasure, ...]:
        """Spectral measures averaged over, sorted by name."""
        found = {a.measure for e in self.expressions for a in e.atoms(Average)}
        return tuple(sorted(found, key=lambda m: m.name))

    @cached_property
    def objects(self) -> tuple[str, ...]:
        """Names of what is neither number, matrix nor measure, such as a loss function; sorted."""
        return tuple(sorted({b.name for e in self.expressions for b in e.atoms(Bound)}))
