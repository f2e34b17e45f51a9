"""From the Dyson equation to a textbook system: prune, eliminate, order, close, change unknowns.

A :class:`Law` says ``symbol = E_space[integrand]``.  Passes work on laws with exact rational functions; averages stay
symbolic until the end, when :mod:`rmtsym.equivalent.present` writes them.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, replace

import sympy as sp

from rmtsym.field.rational import Field, Frac
from rmtsym.matrix import Space

__all__ = ["Change", "Law", "Laws"]

GROWTH = 300  # terms above which an explicit elimination that only inflates the system is not made


@dataclass(frozen=True)
class Law:
    """``symbol = E_space[integrand]``; the symbol is an order parameter or the name of an output."""

    symbol: sp.Symbol
    space: Space
    integrand: Frac

    def using(self, values: Mapping[sp.Symbol, Frac]) -> Law:
        return replace(self, integrand=self.integrand.subs(values))


@dataclass(frozen=True)
class Change:
    """Change of unknown ``old = expression(new)``; ``forward`` is the new one in terms of the old."""

    old: sp.Symbol
    new: sp.Symbol
    expression: Frac
    forward: Frac
    kind: str


@dataclass
class Laws:
    """A closed set of laws: those of the unknowns, those of the outputs, and what was done to them.

    ``definitions`` expresses every current unknown in the order parameters; ``functions`` are the integrands of the
    outputs before an output that is itself an unknown is written as one.
    """

    field: Field
    letters: tuple[sp.Symbol, ...]
    unknowns: dict[sp.Symbol, Law]
    outputs: dict[sp.Symbol, Law]
    explicit: dict[sp.Symbol, Frac] = dataclasses.field(default_factory=dict)
    definitions: dict[sp.Symbol, Frac] = dataclasses.field(default_factory=dict)
    functions: dict[sp.Symbol, Frac] = dataclasses.field(default_factory=dict)
    changes: list[Change] = dataclasses.field(default_factory=list)
    log: list[str] = dataclasses.field(default_factory=list)

    def users(self, symbol: sp.Symbol) -> list[Law]:
        return [law for law in (*self.unknowns.values(), *self.outputs.values()) if law.integrand.has(symbol)]

    def dependencies(self, symbol: sp.Symbol) -> set[sp.Symbol]:
        return self.unknowns[symbol].integrand.symbols & set(self.unknowns)

    def __post_init__(self) -> None:
        self.definitions = {s: self.field.gen(s) for s in self.unknowns}

    # -------------------------------------------------------------------------------------------------- passes

    def prune(self) -> None:
        """Drop the unknowns that no output depends on."""
        needed: set[sp.Symbol] = set()
        stack = [s for law in self.outputs.values() for s in law.integrand.symbols & set(self.unknowns)]
        while stack:
            symbol = stack.pop()
            if symbol not in needed:
                needed.add(symbol)
                stack += self.dependencies(symbol)
        dropped = len(self.unknowns) - len(needed)
        self.unknowns = {s: law for s, law in self.unknowns.items() if s in needed}
        if dropped:
            self.log.append(f"pruned {dropped} order parameters that the output does not depend on")

    def substitute(self, values: Mapping[sp.Symbol, Frac]) -> None:
        self.unknowns = {s: law.using(values) for s, law in self.unknowns.items()}
        self.outputs = {s: law.using(values) for s, law in self.outputs.items()}

    def eliminate_explicit(self) -> None:
        """Substitute unknowns whose law has no average and is linear in the unknown itself.

        An unknown that is the output itself goes last.
        """
        refused: set[sp.Symbol] = set()
        wanted = {s for s in self.unknowns if any(self.is_multiple(law, s) for law in self.outputs.values())}
        order = {s: i for i, s in enumerate(self.unknowns)}
        while True:
            candidates = [
                (s in wanted, law.integrand.size * len(self.users(s)), order[s], s)
                for s, law in self.unknowns.items()
                if s not in refused and self._solved(s) is not None
            ]
            if not candidates:
                return
            symbol = min(candidates, key=lambda x: x[:3])[3]
            value = self._solved(symbol)
            assert value is not None
            if self._estimate(symbol, value) > 50 * GROWTH:
                refused.add(symbol)
                continue
            saved, before = (dict(self.unknowns), dict(self.outputs)), self.terms
            del self.unknowns[symbol]
            self.substitute({symbol: value})
            if self.terms > max(GROWTH, 1.5 * before):
                self.unknowns, self.outputs = saved
                refused.add(symbol)
                continue
            self.explicit[symbol] = value
            self.log.append(f"eliminated the explicit order parameter {symbol}")

    def is_multiple(self, law: Law, symbol: sp.Symbol) -> bool:
        """Whether a law is a constant times that of an unknown."""
        other = self.unknowns[symbol]
        if not law.integrand or not other.integrand:
            return False
        if law.space.measure != other.space.measure and (law.integrand.has(*self.letters) if self.letters else False):
            return False
        return not (law.integrand / other.integrand).has(*self.letters, *self.unknowns)

    def use_unknowns_as_outputs(self) -> None:
        """Write an output that is a multiple of an unknown in terms of it."""
        for name, law in self.outputs.items():
            self.functions[name] = law.integrand
            for s in self.unknowns:
                if self.is_multiple(law, s):
                    ratio = law.integrand / self.unknowns[s].integrand
                    self.outputs[name] = replace(law, integrand=ratio * self.field.gen(s))
                    break

    def negate(self, symbol: sp.Symbol) -> None:
        """Change the sign of an unknown."""
        self.substitute({symbol: -self.field.gen(symbol)})
        law = self.unknowns[symbol]
        self.unknowns[symbol] = replace(law, integrand=-law.integrand)
        self.definitions[symbol] = -self.definitions[symbol]
        self.explicit = {s: x.subs({symbol: -self.field.gen(symbol)}) for s, x in self.explicit.items()}

    def _solved(self, symbol: sp.Symbol) -> Frac | None:
        """The unknown in terms of the others, if its law has no average and is linear in it."""
        f = self.unknowns[symbol].integrand
        if self.letters and f.has(*self.letters):
            return None
        if not f.has(symbol):
            return f
        parts = (f - self.field.gen(symbol)).numerator().collect([symbol])
        if set(parts) - {(0,), (1,)}:
            return None
        return -parts.get((0,), self.field.zero) / parts[1,]

    @property
    def terms(self) -> int:
        """Number of terms of all laws."""
        return sum(law.integrand.size for law in (*self.unknowns.values(), *self.outputs.values()))

    def _estimate(self, symbol: sp.Symbol, value: Frac) -> int:
        """A bound on the terms that a substitution makes."""
        total = 0
        for law in self.users(symbol):
            f = law.integrand
            degree = max(f.degree(symbol), f.denominator().degree(symbol))
            total += f.size * value.size**degree
        return total

    def components(self) -> list[list[sp.Symbol]]:
        """Strongly connected components, dependencies first."""
        return strongly_connected({s: self.dependencies(s) for s in self.unknowns})

    def is_affine(self, component: Iterable[sp.Symbol]) -> bool:
        """Whether the laws of a component are affine in its own unknowns."""
        members = list(component)
        for s in members:
            f = self.unknowns[s].integrand
            if f.denominator().has(*members):
                return False
            if any(sum(key) > 1 for key in f.numerator().collect(members)):
                return False
        return True

    def is_separable(self, symbol: sp.Symbol) -> bool:
        """Whether every use of the unknown can be pulled out of the averages."""
        for law in self.users(symbol):
            for factor, multiplicity in law.integrand.denominator().factors()[1]:
                if multiplicity > 0 and factor.has(symbol) and factor.has(*self.letters):
                    return False
        return True

    def spectral_factors(self) -> list[Frac]:
        """Irreducible denominators that contain a spectral letter, each once, in canonical order."""
        found: dict[Frac, None] = {}
        for law in (*self.unknowns.values(), *self.outputs.values()):
            for factor, _ in law.integrand.denominator().factors()[1]:
                if self.letters and factor.has(*self.letters):
                    found.setdefault(factor)
        return sorted(found, key=lambda f: (f.size, str(f)))

    def change_unknown(self, name: Callable[[str], sp.Symbol], complex_plane: bool, frozen: set[sp.Symbol]) -> None:
        """Effective ridge: a denominator ``c(q) + u`` with c affine in one unknown makes ``kappa = c(q)`` the unknown.

        In the complex plane the reciprocal is taken, which has a positive imaginary part (companion transform).
        """
        changed: set[sp.Symbol] = set()
        for factor in self.spectral_factors():
            parts = factor.collect(self.letters)
            monic = factor / parts[max(parts)]
            depending = (
                [c for c in monic.collect(self.letters).values() if c.has(*self.unknowns)] if self.unknowns else []
            )
            if len(depending) != 1:
                continue
            c = depending[0]
            used = sorted(c.symbols & set(self.unknowns), key=str)
            if len(used) != 1 or used[0] in changed or c == self.field.gen(used[0]) or c.has(*frozen):
                continue
            old = used[0]
            top = c.numerator().collect([old])
            if c.denominator().has(old) or set(top) - {(0,), (1,)} or (0,) not in top or not self._core(old):
                continue
            a, b = top[0,] / c.denominator(), top[1,] / c.denominator()
            self._replace(old, name("m" if complex_plane else "kappa"), a, b, complex_plane)
            changed |= {old} | set(self.unknowns)

    def _core(self, symbol: sp.Symbol) -> bool:
        component = next(c for c in self.components() if symbol in c)
        return len(component) == 1 and not self.is_affine(component)

    def _replace(self, old: sp.Symbol, new: sp.Symbol, a: Frac, b: Frac, reciprocal: bool) -> None:
        wide = self.field.extend([new])
        unknown = wide.gen(new)
        value = unknown.inverse() if reciprocal else unknown
        expression = (value - wide(a)) / wide(b)
        forward = wide(a) + wide(b) * wide.gen(old)
        forward = forward.inverse() if reciprocal else forward
        self.widen(wide)
        law = self.unknowns[old]
        rest = {}
        for s, x in self.unknowns.items():  # the place of the unknown is kept
            rest[new if s == old else s] = x
        self.unknowns = rest
        self.substitute({old: expression})
        # q = E[f] becomes new = a + b E[f]; the constant part is carried by the average of one
        f = wide(law.integrand).subs({old: expression})
        self.unknowns[new] = Law(new, law.space, wide(a) + wide(b) * f)
        self.explicit[old] = expression
        self.definitions[new] = forward.subs({old: self.definitions.pop(old)})
        kind = "reciprocal" if reciprocal else "affine"
        self.changes.append(Change(old, new, expression, forward, kind))
        self.log.append(f"changed the unknown to {new} = {forward.to_sympy()}")

    def widen(self, field: Field) -> None:
        """Move everything to a larger field."""
        self.field = field

        def move(law: Law) -> Law:
            return replace(law, integrand=field(law.integrand))

        self.unknowns = {s: move(law) for s, law in self.unknowns.items()}
        self.outputs = {s: move(law) for s, law in self.outputs.items()}
        self.explicit = {s: field(x) for s, x in self.explicit.items()}
        self.definitions = {s: field(x) for s, x in self.definitions.items()}
        self.changes = [replace(c, expression=field(c.expression), forward=field(c.forward)) for c in self.changes]


def strongly_connected(edges: Mapping[sp.Symbol, set[sp.Symbol]]) -> list[list[sp.Symbol]]:
    """Tarjan's components, dependencies first, members in the order of the mapping."""
    place = {s: i for i, s in enumerate(edges)}
    index: dict[sp.Symbol, int] = {}
    low: dict[sp.Symbol, int] = {}
    stack: list[sp.Symbol] = []
    result: list[list[sp.Symbol]] = []

    def visit(s: sp.Symbol) -> None:
        index[s] = low[s] = len(index)
        stack.append(s)
        for t in sorted(edges[s], key=place.__getitem__):
            if t not in index:
                visit(t)
                low[s] = min(low[s], low[t])
            elif t in stack:
                low[s] = min(low[s], index[t])
        if low[s] == index[s]:
            component = []
            while True:
                t = stack.pop()
                component.append(t)
                if t == s:
                    break
            result.append(sorted(component, key=place.__getitem__))

    for s in edges:
        if s not in index:
            visit(s)
    return result
