"""A theorem as a program: identity, typed parameters, statement, derivation, experiment, consequences, wrong versions.

A module of ``theory/`` makes one ``Theorem`` and decorates a few functions with it; everything generic (solving,
enclosing, simulating, testing, mutating, reporting) is done by the library.  See docs/extending.md.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, ClassVar

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.field.value import Value
from rmtsym.fixedpoint.problem import check_digits
from rmtsym.theorem.parameters import Choice, Count, Names, Parameter, Quantity, read_point
from rmtsym.theorem.statement import Regime, as_regimes, bind, call_with, choose, enclose_regime, solve_regime

__all__ = ["Theorem", "predict"]


@dataclass(eq=False)
class Theorem:
    """One theorem.

    Parameters
    ----------
    id, title, family : str
        Literals: the registry reads them without importing the module.
    references : tuple of str
        ``"authors (year), title, arXiv:..."``.
    assumptions : tuple of str
        Sentences, LaTeX between dollars.
    parameters : tuple of Parameter
    quantities : tuple of Quantity
        In the order of the report; each is an output of the statement in at least one regime.
    points : mapping from name to mapping
        Default points, values as one would write them on the command line; ``predict`` starts from the first.
    uses : tuple of str
        Ids of the theorems that this one rests on.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.fixedpoint import FixedPointSystem
    >>> from rmtsym.theorem import Interval
    >>> law = Theorem(
    ...     id="inverse-moment", title="Mean of 1/x under the Marchenko-Pastur law", family="spectra",
    ...     parameters=(Parameter("c", "ratio p/n", Interval(0, 1)),),
    ...     quantities=(Quantity("inv_moment", "mean of 1/x"),),
    ...     points={"A": {"c": "1/2"}},
    ... )
    >>> @law.statement
    ... def statement():
    ...     return FixedPointSystem((), (), {"inv_moment": 1 / (1 - sp.Symbol("c"))})
    >>> law.point(c="0.25")
    {'c': Fraction(1, 4)}
    >>> float(predict(law, {"c": "1/4"})["inv_moment"])
    1.3333333333333333
    """

    id: str
    title: str
    family: str
    parameters: tuple[Parameter, ...]
    quantities: tuple[Quantity, ...]
    references: tuple[str, ...] = ()
    assumptions: tuple[str, ...] = ()
    points: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)
    uses: tuple[str, ...] = ()

    #: What a replicate that asks for the theorem's values depends on.
    _identity: ClassVar = ("id", "parameters", "quantities", "points", "_statement", "_binding")

    def __post_init__(self) -> None:
        for kind, named in (("parameter", self.parameters), ("quantity", self.quantities)):
            names = [x.name for x in named]
            for name in names:
                if names.count(name) > 1:
                    raise DomainError(kind, repr(name), "one meaning for each name", f"rename one in {self.id}")
        self._statement: Callable[..., Any] | None = None
        self._binding: Callable[..., Any] | None = None
        self._derivation: Callable[..., Any] | None = None
        self._figure: Callable[..., Any] | None = None
        self._stated: dict[tuple[Any, ...], tuple[Regime, ...]] = {}
        self.experiments: list[Any] = []
        self.consequences: list[Any] = []
        self.mutants: list[Any] = []

    def __repr__(self) -> str:
        return f"Theorem({self.id!r})"

    # -- points ---------------------------------------------------------------------------------------------------

    def point(self, name: str | None = None, /, **changes: Any) -> dict[str, Any]:
        """Exact values of all parameters: a default point (the first one if unnamed) with changes.

        Raises
        ------
        UnknownName
            For an unknown point, parameter or choice.
        DomainError
            For a value outside its domain.
        """
        if name is None:
            base: Mapping[str, Any] = next(iter(self.points.values()), {})
        elif name in self.points:
            base = self.points[name]
        else:
            raise UnknownName(f"point of {self.id}", name, self.points)
        return read_point(self.parameters, {**base, **changes}, kind=f"parameter of {self.id}")

    # -- what a module declares -----------------------------------------------------------------------------------

    def statement(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the statement: a function that returns a system, systems that hold together, or regimes.

        It may name parameters that shape the statement (a ``Choice``, ``Count`` or ``Names``) as arguments.
        """
        shaping = {p.name for p in self.parameters if isinstance(p.domain, (Choice, Count, Names))}
        for name in inspect.signature(function).parameters:
            if name not in shaping:
                raise TypeError(f"{self.id}: a statement may depend on choices, counts and names, not on {name}")
        self._statement = function
        return function

    def binding(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare what is bound besides the parameters themselves, e.g. ``{"nu": Atoms(w, s=s)}``.

        The function names the parameters that it needs as arguments.
        """
        self._binding = function
        return function

    def derivation(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare the derivation: a function of a ``Proof`` that writes its steps."""
        self._derivation = function
        return function

    def experiment(self, *args: Any, **options: Any) -> Callable[..., Any]:
        """Declare an experiment: one replicate, a pure function of generator, size and point."""
        from rmtsym.theorem.simulation import declare

        return declare(self, *args, **options)

    def consequence(self, claim: str, **options: Any) -> Callable[..., Any]:
        """Declare a consequence: a function that returns checks (see ``rmtsym.theorem.consequence``)."""
        from rmtsym.theorem.consequence import Consequence

        def register(function: Callable[..., Any]) -> Callable[..., Any]:
            self.consequences.append(Consequence(claim, function, **options))
            return function

        return register

    def mutant(self, name: str, /, **options: Any) -> None:
        """Declare a wrong version: outputs or equations that replace those of the statement, and its source."""
        from rmtsym.theorem.mutation import Mutant

        self.mutants.append(Mutant(name, **options))

    def figure(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Declare a figure of one's own; without it the generic one is drawn."""
        self._figure = function
        return function

    # -- reading --------------------------------------------------------------------------------------------------

    def regimes(self, point: Mapping[str, Any] | None = None) -> tuple[Regime, ...]:
        """Regimes of the statement, for the shaping parameters of a point (for those of all default points if None)."""
        if self._statement is None:
            raise RmtsymError(f"{self.id} has no statement; decorate a function with @theorem.statement")
        wanted = inspect.signature(self._statement).parameters
        if wanted and point is None:
            points = [self.point(name) for name in self.points] or [self.point()]
            return tuple({id(regime): regime for p in points for regime in self.regimes(p)}.values())
        key = tuple((point or {})[name] for name in wanted)
        if key not in self._stated:
            self._stated[key] = as_regimes(call_with(self._statement, {name: (point or {})[name] for name in wanted}))
        return self._stated[key]

    def bound(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Everything a solver needs at a point: parameters under their names, measures, matrices."""
        return bind(self._binding, point)

    def regime(self, point: Mapping[str, Any]) -> Regime:
        """The regime that holds at a point."""
        return choose(self.regimes(point), self.bound(point), self.id)

    def values(self, point: Mapping[str, Any]) -> dict[str, Any]:
        """Theory at a point in floating point (fast; for simulation, figures and mutants)."""
        return solve_regime(self.regime(point), self.bound(point))

    def quantity(self, name: str) -> Quantity:
        """Quantity of a name."""
        for quantity in self.quantities:
            if quantity.name == name:
                return quantity
        raise UnknownName(f"quantity of {self.id}", name, [q.name for q in self.quantities])


def predict(
    theorem: Theorem | str,
    point: Mapping[str, Any] | str | None = None,
    digits: int = 15,
    quantities: Sequence[str] | str | None = None,
) -> dict[str, Value]:
    r"""Theory at a point: for each quantity a ball that holds it: its middle, rounded to a double, and its radius.

    Parameters
    ----------
    theorem : Theorem or str
        A theorem or its id.
    point : mapping or str, optional
        Values (text or numbers) that replace those of the first default point, or the name of a default point.
    digits : int
        Significant decimal digits wanted, at least 1.
    quantities : str or sequence of str, optional
        Names; all those of the regime at the point by default.

    Returns
    -------
    dict from quantity name to Value
        With ``value``, ``radius``, ``ball``, ``digits`` (certified), ``status`` and ``method``.

    Raises
    ------
    UnknownName
        For an id, a point, a parameter or a quantity that does not exist, with the nearest names.
    DomainError
        For a value outside the domain of its parameter, or a point where the theorem says nothing.
    NoConvergence
        If no ball with so many digits is found.

    Examples
    --------
    >>> found = predict("marchenko-pastur", {"c": "1/2", "lam": "1/3"}, quantities="m_neg_lam")["m_neg_lam"]
    >>> found.value, found.radius < 1e-15, found.status
    (1.0, True, 'enclosed')
    """
    if isinstance(theorem, str):
        from rmtsym.theorem.registry import get

        theorem = get(theorem)
    if not isinstance(theorem, Theorem):
        raise DomainError("theorem", repr(theorem), "a Theorem or its id", "rmtsym list shows the ids")
    if not isinstance(point, (Mapping, str, type(None))):
        raise DomainError(
            "point", repr(point), "a mapping from parameters to values, or a name", 'write {"lam": "1/2"}'
        )
    check_digits(digits)
    quantities = (quantities,) if isinstance(quantities, str) else quantities
    exact = theorem.point(point) if isinstance(point, str) else theorem.point(**(point or {}))
    regime = theorem.regime(exact)
    for name in quantities or ():
        theorem.quantity(name)
        if name not in regime.outputs:
            condition = regime.name or str(regime.when)
            place = "" if condition == "True" else f" where {condition}"
            raise UnknownName(f"output of {theorem.id}{place}", name, regime.outputs)
    found = enclose_regime(regime, theorem.bound(exact), digits, quantities)
    order = quantities or [q.name for q in theorem.quantities if q.name in found]
    return {name: found[name] for name in order}
