"""Wrong versions of a statement: written by hand, or generated from the expression tree.

A generated mutant changes one place of one equation or output: the sign of a term, a term or a factor dropped, a factor
2 or 1/2, an exponent one up or down, a ratio inverted, a second moment confused with a squared mean, a parameter taken
for its neighbour, one function for another.  Nothing is known about the theorem; that is the point.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import sympy as sp
from sympy.printing.precedence import PRECEDENCE
from sympy.printing.str import StrPrinter

from rmtsym.field.average import Average
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem.statement import Regime

__all__ = ["Mutant", "generate", "variants"]

# Functions that authors confuse; each is replaced by the other.
_CONFUSED = {
    sp.asin: sp.acos,
    sp.acos: sp.asin,
    sp.sin: sp.cos,
    sp.cos: sp.sin,
    sp.sinh: sp.cosh,
    sp.cosh: sp.sinh,
    sp.erf: sp.erfc,
    sp.erfc: sp.erf,
    sp.Max: sp.Min,
    sp.Min: sp.Max,
}


@dataclass(frozen=True)
class Mutant:
    """One wrong version of a statement.

    Parameters
    ----------
    name : str
        What is wrong, in a few words.
    outputs : mapping from quantity to sympy expression
        Wrong formulas that replace those of the statement.
    equations : mapping from unknown to sympy.Eq
        Wrong equations, each in place of the one of its unknown (a symbol or its name).
    replace : mapping
        Substitution made everywhere in the system, e.g. ``{c: 1/c}`` or ``{c: p / n}``.
    parameters : mapping from name to function
        Parameters taken wrongly: the statement is evaluated at the changed point, ``{"c": lambda c: 1 / c}``.
        Also works for systems that are not written in sympy.
    values : function of the values (and, by name, the parameters)
        Wrong numbers made from the right ones: returns those that change.
    regime : str
        Name of the regime that it belongs to; every regime that it fits if empty.
    source : str
        Where the error was met (a repository, a paper), for the page of errata.
    kind, where : str
        Filled in by :func:`generate`.
    """

    name: str
    outputs: Mapping[str, Any] = field(default_factory=dict)
    equations: Mapping[Any, sp.Eq] = field(default_factory=dict)
    replace: Mapping[Any, Any] = field(default_factory=dict)
    parameters: Mapping[str, Callable[[Any], Any]] = field(default_factory=dict)
    values: Callable[..., Mapping[str, Any]] | None = None
    regime: str = ""
    source: str = ""
    kind: str = "written by hand"
    where: str = ""

    def __post_init__(self) -> None:
        if not (self.outputs or self.equations or self.replace or self.parameters or self.values):
            raise ValueError(f"mutant {self.name!r} changes nothing")

    @property
    def generated(self) -> bool:
        return self.kind != "written by hand"

    def fits(self, regime: Regime) -> bool:
        """Whether the mutant belongs to a regime."""
        if self.regime and regime.name != self.regime:
            return False
        unknowns = {str(u) for s in regime.systems if isinstance(s, FixedPointSystem) for u in s.symbols}
        named = set(self.outputs) <= set(regime.outputs) and {str(u) for u in self.equations} <= unknowns
        return named or bool(self.replace or self.parameters or self.values)

    def apply(self, regime: Regime) -> Regime:
        """The regime with the wrong system (``parameters`` and ``values`` act on numbers, not here)."""

        wrong = {str(unknown): equation for unknown, equation in self.equations.items()}

        def changed(system: Any) -> Any:
            if not isinstance(system, FixedPointSystem):
                return system
            swap = {k: v for k, v in self.replace.items()}
            equations = tuple(wrong.get(str(u), eq) for u, eq in zip(system.symbols, system.equations, strict=True))
            outputs = {name: self.outputs.get(name, body) for name, body in system.outputs.items()}
            if swap:
                equations = tuple(
                    sp.Eq(*(_swapped(side, swap) for side in eq.args), evaluate=False) for eq in equations
                )
                outputs = {name: _swapped(body, swap) for name, body in outputs.items()}
            return replace(system, equations=equations, outputs=outputs)

        return replace(regime, system=tuple(changed(system) for system in regime.systems))


def _swapped(body: Any, swap: Mapping[Any, Any]) -> sp.Basic:
    """Symbols replaced at once; matrix symbols node by node (sympy's simultaneous substitution cannot)."""
    matrices = {k: v for k, v in swap.items() if getattr(k, "is_Matrix", False)}
    scalars = {k: v for k, v in swap.items() if k not in matrices}
    found = sp.sympify(body).xreplace(matrices)
    return found.subs(scalars, simultaneous=True) if scalars else found


def _here(node: sp.Basic, neighbours: Mapping[sp.Symbol, sp.Symbol]) -> Iterator[tuple[str, sp.Basic]]:
    """Changes of one node (not of what is below it)."""
    if isinstance(node, sp.MatAdd):  # before Add and Mul, whose subclasses these are
        for i, term in enumerate(node.args):
            yield "sign of a term", sp.MatAdd(*node.args[:i], -term, *node.args[i + 1 :])
            yield "term dropped", sp.MatAdd(*node.args[:i], *node.args[i + 1 :])
    elif isinstance(node, sp.MatMul):
        for i, factor in enumerate(node.args):
            rest = node.args[:i] + node.args[i + 1 :]
            if factor.is_Matrix and factor.shape[0] == factor.shape[1] and any(x.is_Matrix for x in rest):
                yield "factor dropped", sp.MatMul(*rest)
    elif isinstance(node, sp.Inverse):
        yield "inverse dropped", node.arg
    elif isinstance(node, sp.Transpose) and node.shape[0] == node.shape[1]:
        yield "transpose dropped", node.arg
    elif isinstance(node, sp.Add):
        for term in node.args:
            yield "sign of a term", node - 2 * term
            yield "term dropped", node - term
    elif isinstance(node, sp.Mul):
        for factor in node.args:
            if isinstance(factor, sp.Pow) and isinstance(factor.base, sp.Add) and factor.exp.is_negative:
                yield "denominator dropped", node / factor
            elif isinstance(factor, Average) or (isinstance(factor, sp.Pow) and isinstance(factor.base, Average)):
                yield "factor dropped", node / factor
    elif isinstance(node, sp.Pow) and node.exp.is_Rational:
        for exponent in (node.exp + 1, node.exp - 1):
            yield "exponent", node.base**exponent
        if node.exp == 2 and isinstance(node.base, Average):
            yield "second moment for squared mean", Average(node.base.integrand**2, node.base.measure)
        if node.exp.is_Integer is False:
            yield "root forgotten", node.base ** (node.exp * 2)
    elif isinstance(node, Average):
        root = sp.sqrt(node.integrand)
        if not root.atoms(sp.Pow) or all(p.exp.is_Integer for p in root.atoms(sp.Pow)):
            yield "squared mean for second moment", Average(root, node.measure) ** 2
        for letter in node.measure.letters:
            if letter in node.integrand.free_symbols:
                yield "spectral factor dropped", Average(node.integrand / letter, node.measure)
    elif isinstance(node, sp.Symbol):
        if node in neighbours:
            yield "neighbouring parameter", neighbours[node]
            yield "ratio inverted", 1 / node
    elif isinstance(node, sp.Derivative):
        yield "derivative dropped", node.expr
    elif node.func in _CONFUSED:
        yield "function confused", _CONFUSED[node.func](*node.args)


def _fits(old: sp.Basic, new: sp.Basic) -> bool:
    """Whether a changed argument of a matrix expression still has its shape."""
    return getattr(old, "shape", None) == getattr(new, "shape", None)


def variants(expr: Any, neighbours: Mapping[sp.Symbol, sp.Symbol] | None = None) -> Iterator[tuple[str, sp.Expr]]:
    """All single changes of an expression, as pairs (kind, changed expression), in a canonical order.

    >>> x, y = sp.symbols("x y")
    >>> [str(e) for kind, e in variants(x - y) if kind == "sign of a term"]
    ['-x - y', 'x + y']
    """
    expr = sp.sympify(expr)
    neighbours = neighbours or {}
    seen = {expr}

    def walk(node: sp.Basic) -> Iterator[tuple[str, sp.Basic]]:
        yield from _here(node, neighbours)
        if isinstance(node, Average):
            for kind, changed in walk(node.integrand):
                yield kind, Average(changed, node.measure)
        elif isinstance(node, sp.Pow) and node.exp.is_Integer:
            for kind, changed in walk(node.base):
                yield kind, changed**node.exp
        elif not isinstance(node, (sp.Symbol, sp.MatrixSymbol, sp.Number)):
            for i, arg in enumerate(node.args):
                if isinstance(arg, sp.Expr):
                    for kind, changed in walk(arg):
                        if isinstance(node, sp.MatrixExpr | sp.Trace) and not _fits(arg, changed):
                            continue
                        yield kind, node.func(*node.args[:i], changed, *node.args[i + 1 :])

    kinds: dict[str, list[sp.Expr]] = {}
    for kind, changed in (("factor 2", 2 * expr), ("factor 1/2", expr / 2), *walk(expr)):
        kinds.setdefault(kind, []).append(changed)
    for kind in sorted(kinds):
        for changed in sorted(kinds[kind], key=sp.default_sort_key):  # slow: one kind at a time, as they are asked for
            if changed not in seen and not changed.has(sp.zoo, sp.nan, sp.oo):
                seen.add(changed)
                yield kind, changed


class _Shown(StrPrinter):
    """sympy's text, without the search for signs in products of matrices that multiplies them out.

    Mutants of one expression share most of its parts, which are printed once.
    """

    def __init__(self) -> None:
        super().__init__()
        self._printed: dict[Any, str] = {}

    def _print(self, expr: Any, **options: Any) -> str:
        if options or not isinstance(expr, sp.Basic):
            return super()._print(expr, **options)
        if expr not in self._printed:
            self._printed[expr] = super()._print(expr)
        return self._printed[expr]

    def parenthesize(self, item: Any, level: int, strict: bool = False) -> str:
        key = (item, level, strict)
        if key not in self._printed:
            self._printed[key] = self._enclosed(*key)
        return self._printed[key]

    def _enclosed(self, item: Any, level: int, strict: bool) -> str:
        if not isinstance(item, sp.MatMul):
            return super().parenthesize(item, level, strict)
        text = self._print(item)
        return f"({text})" if PRECEDENCE["Mul"] < level or (not strict and PRECEDENCE["Mul"] == level) else text

    def _print_MatMul(self, expr: Any) -> str:
        first, *factors = expr.args
        sign = "-" if first.is_Number and first < 0 else ""
        factors = factors if first == -1 else [-first if sign else first, *factors]
        return sign + "*".join(self.parenthesize(x, PRECEDENCE["Mul"]) for x in factors)


def _neighbours(symbols: Sequence[sp.Symbol]) -> dict[sp.Symbol, sp.Symbol]:
    """Each symbol's neighbour: the next one by name, the last one's is the first."""
    ordered = sorted(symbols, key=str)
    return dict(zip(ordered, ordered[1:] + ordered[:1], strict=True)) if len(ordered) > 1 else {}


def generate(regime: Regime) -> list[Mutant]:
    """Mutants of every equation and output of a regime's systems, in a canonical order."""
    mutants: list[Mutant] = []
    shown = _Shown().doprint
    for system in regime.systems:
        if not isinstance(system, FixedPointSystem):
            continue
        names = set(system.outputs)
        scalars = [s for s in system.parameters if not isinstance(s, sp.MatrixSymbol) and str(s) not in names]
        letters = {letter for m in system.measures for letter in m.letters}
        neighbours = _neighbours([s for s in scalars if s not in letters])
        for symbol, equation in zip(system.symbols, system.equations, strict=True):
            # An equation q = f is changed in f; any other form on both sides.
            sides = (1,) if equation.lhs == symbol else (0, 1)
            for side in sides:
                for kind, changed in variants(equation.args[side], neighbours):
                    pair = (changed, equation.rhs) if side == 0 else (equation.lhs, changed)
                    mutants.append(
                        Mutant(
                            f"{kind} in the equation of {symbol}: {shown(pair[0])} = {shown(pair[1])}",
                            equations={symbol: sp.Eq(*pair, evaluate=False)},
                            regime=regime.name,
                            kind=kind,
                            where=f"equation of {symbol}",
                        )
                    )
        for name, body in system.outputs.items():
            for kind, changed in variants(body, neighbours):
                mutants.append(
                    Mutant(
                        f"{kind} in {name}: {shown(changed)}",
                        outputs={name: changed},
                        regime=regime.name,
                        kind=kind,
                        where=str(name),
                    )
                )
    return mutants
