"""Statement of a theorem: in each regime, systems whose outputs are the theorem's quantities.

A regime is a condition on the parameters together with one or more systems.  A system is a ``FixedPointSystem`` (the
usual case, from which a solver, an enclosure and mutants are generated) or any object with the methods of
:class:`NumericSystem`.
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any, Protocol, runtime_checkable

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.field.value import Value
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.parsing import ParseError, parse_expression

__all__ = [
    "NumericSystem",
    "Regime",
    "as_regimes",
    "bind",
    "call_with",
    "choose",
    "enclose_regime",
    "parse_condition",
    "solve_regime",
    "used",
]

_COMPARISON = re.compile(r"([^<>=!]+)(<=|>=|==|!=|<|>)([^<>=!]+)")
_RELATIONS = {"<": sp.Lt, "<=": sp.Le, ">": sp.Gt, ">=": sp.Ge, "==": sp.Eq, "!=": sp.Ne}


@runtime_checkable
class NumericSystem(Protocol):
    """A system that is not written in sympy (a proximal fixed point, an integral): it brings its own numbers."""

    outputs: Any  # names, in order

    def solve(self, point: Mapping[str, Any]) -> Mapping[str, Any]:
        """Floating-point outputs."""
        ...

    def enclose(self, point: Mapping[str, Any], digits: int) -> Mapping[str, Value]:
        """Outputs with their evidence."""
        ...


@dataclass(frozen=True)
class Regime:
    """The systems that hold where ``when`` is true.

    Parameters
    ----------
    system : FixedPointSystem, NumericSystem, or a tuple of them
        Their outputs, taken together, are the quantities of the theorem in this regime.
    when : str
        Condition in the parameters (and in whatever the theorem's binding adds), such as ``"lam > 0"`` or
        ``"lam == 0 and c < 1"``; the first regime that holds is used.
    name : str
        For people: ``"positive ridge"``.

    Examples
    --------
    >>> Regime(None, "lam == 0 and c < 1").holds({"lam": 0, "c": Fraction(1, 2)})
    True
    """

    system: Any
    when: Any = sp.true
    name: str = ""

    def __post_init__(self) -> None:
        if isinstance(self.when, str):
            object.__setattr__(self, "when", parse_condition(self.when))

    @property
    def systems(self) -> tuple[Any, ...]:
        return tuple(self.system) if isinstance(self.system, (tuple, list)) else (self.system,)

    @property
    def outputs(self) -> tuple[str, ...]:
        """Names of the quantities, in order."""
        return tuple(str(name) for system in self.systems for name in system.outputs)

    def holds(self, bound: Mapping[str, Any]) -> bool:
        """Whether the condition is true for bound parameters; decided exactly."""
        condition = sp.sympify(self.when)
        numbers = {}
        for symbol in condition.free_symbols:
            value = bound[str(symbol)]
            exact = isinstance(value, (int, Fraction))
            numbers[symbol] = sp.Rational(value.numerator, value.denominator) if exact else sp.sympify(value)
        return bool(condition.subs(numbers))


class _AnySymbol(dict):
    """Every name means the symbol of that name, without assumptions."""

    def __contains__(self, name: object) -> bool:
        return True

    def __missing__(self, name: str) -> sp.Symbol:
        return sp.Symbol(name)


def parse_condition(text: str) -> Any:
    """Condition written as comparisons joined by ``and``.

    A sympy relation of positive symbols would be decided before there is a point: ``lam > 0`` is true if ``lam`` was
    declared positive.  Text has no such memory.

    >>> parse_condition("lam == 0 and c < 1")
    Eq(lam, 0) & (c < 1)
    """
    parts = []
    for part in text.split(" and "):
        found = _COMPARISON.fullmatch(part.strip())
        if not found:
            raise ParseError(f"cannot read {part!r} as a comparison; write lam > 0 and c < 1")
        left, right = (
            parse_expression(found[i], _AnySymbol(), {}, lambda q: sp.Rational(q.numerator, q.denominator))
            for i in (1, 3)
        )
        parts.append(_RELATIONS[found[2]](left, right))
    return sp.And(*parts)


def as_regimes(stated: Any) -> tuple[Regime, ...]:
    """Regimes of whatever a statement function returned: a system, regimes, or systems that hold together."""
    if isinstance(stated, Regime):
        return (stated,)
    if isinstance(stated, (tuple, list)) and stated and all(isinstance(x, Regime) for x in stated):
        for regime in stated[:-1]:
            if regime.when == sp.true:
                raise ValueError(
                    f"regime {regime.name!r} always holds, so the ones after it never do; write when as text"
                )
        return tuple(stated)
    systems = stated if isinstance(stated, (tuple, list)) else (stated,)
    if not systems or not all(hasattr(x, "outputs") for x in systems):
        raise RmtsymError(f"the statement returned {stated!r}; return a FixedPointSystem, several, or Regimes")
    return (Regime(stated),)


def call_with(function: Callable[..., Any], point: Mapping[str, Any]) -> Any:
    """Call a function with the parameters of a point that it names (``**rest`` receives the others)."""
    wanted = inspect.signature(function).parameters
    if any(p.kind is p.VAR_KEYWORD for p in wanted.values()):
        return function(**point)
    missing = [name for name, p in wanted.items() if name not in point and p.default is p.empty]
    if missing:
        raise UnknownName(f"parameter of {function.__name__}", missing[0], point)
    return function(**{name: point[name] for name in wanted if name in point})


def bind(binding: Callable[..., Any] | None, point: Mapping[str, Any]) -> dict[str, Any]:
    """What a solver needs: every parameter under its name, and what the binding makes of them."""
    made = call_with(binding, point) if binding else {}
    if not isinstance(made, Mapping):
        raise RmtsymError(f"the binding returned {made!r}; return a dict from names to numbers and laws")
    return {**point, **made}


def choose(regimes: Sequence[Regime], bound: Mapping[str, Any], subject: str) -> Regime:
    """First regime whose condition holds."""
    for regime in regimes:
        if regime.holds(bound):
            return regime
    conditions = " or ".join(f"({r.when})" if " & " in str(r.when) else str(r.when) for r in regimes)
    needed = sorted({str(s) for r in regimes for s in sp.sympify(r.when).free_symbols})
    given = ", ".join(f"{name} = {bound[name]}" for name in needed)
    raise DomainError("point", f"({given})", conditions, f"{subject} says nothing elsewhere")


def used(system: Any, bound: Mapping[str, Any]) -> Mapping[str, Any]:
    """The bound numbers that a system mentions (others, such as lists that only feed a measure, are left out)."""
    if not isinstance(system, FixedPointSystem):
        return bound
    names = {str(s) for s in system.parameters} | {m.name for m in system.measures}
    names |= set(system.objects)
    names |= {str(m.name) for e in system.expressions for m in e.atoms(sp.MatrixSymbol)}
    names |= {str(s) for e in system.expressions for s in e.free_symbols}
    return {name: value for name, value in bound.items() if name in names}


def _only(system: FixedPointSystem, names: Sequence[str]) -> FixedPointSystem:
    """The system with the named outputs and those that they are made of."""
    needed, stack = set(), [name for name in system.outputs if str(name) in names]
    while stack:
        name = stack.pop()
        needed.add(name)
        mentioned = {str(x) for x in system.outputs[name].free_symbols}
        stack += [other for other in system.outputs if str(other) in mentioned and other not in needed]
    return replace(system, outputs={k: v for k, v in system.outputs.items() if k in needed})


def enclose_regime(
    regime: Regime, bound: Mapping[str, Any], digits: int = 15, quantities: Sequence[str] | None = None
) -> dict[str, Value]:
    """Quantities of a regime (all by default) as balls around the physical root."""
    from rmtsym.fixedpoint import enclose

    wanted = regime.outputs if quantities is None else tuple(quantities)
    values: dict[str, Value] = {}
    for system in regime.systems:
        if not set(wanted) & {str(name) for name in system.outputs}:
            continue
        if isinstance(system, FixedPointSystem):
            part = _only(system, wanted)
            found = enclose(part, used(part, bound), digits=digits)
        else:
            only = getattr(system, "only", None)  # a system that can leave out what is not asked for
            found = (only(wanted) if only else system).enclose(bound, digits)
        values.update({str(k): v for k, v in found.items()})
    return {name: values[name] for name in wanted}


def solve_regime(regime: Regime, bound: Mapping[str, Any]) -> dict[str, Any]:
    """Quantities of a regime in floating point."""
    from rmtsym.fixedpoint import solve

    values: dict[str, Any] = {}
    for system in regime.systems:
        if isinstance(system, FixedPointSystem):
            solution = solve(system, used(system, bound))
            found: Mapping[str, Any] = {name: solution[str(name)] for name in system.outputs}
        else:
            found = system.solve(bound)
        values.update({str(k): v for k, v in found.items()})
    return {name: _real(values[name]) for name in regime.outputs}


def _real(value: Any) -> Any:
    """A complex number or array without imaginary part, as a real one."""
    array = np.asarray(value)
    return array.real[()] if array.dtype.kind == "c" and not array.imag.any() else value
