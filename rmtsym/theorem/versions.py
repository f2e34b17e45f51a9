"""What theory and derivation say of wrong versions: pure functions of the theorem, so that they may run anywhere."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from functools import cached_property, lru_cache
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from rmtsym.errors import NoConvergence, RmtsymError
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem import exact
from rmtsym.theorem.derivation import Derivation, Step
from rmtsym.theorem.evidence import Status
from rmtsym.theorem.mutation import Mutant, generate
from rmtsym.theorem.proof import derivation_of
from rmtsym.theorem.statement import Regime, call_with, solve_regime, used

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["Versions", "answers", "versions_of"]

VISIBLE = 1e-6  # relative difference that rounding cannot explain


class Versions:
    """The right version of a theorem and its wrong ones, with everything that stays the same from one to the next.

    A mutant is asked for by its place: the number of the regime, and its own among those of the regime.
    """

    def __init__(self, theorem: Theorem, derivation: Derivation | None = None) -> None:
        self.theorem = theorem
        self.points = {name: theorem.point(name) for name in theorem.points}
        self.regimes: list[Regime] = []
        for point in self.points.values():
            for regime in theorem.regimes(point):
                if all(regime is not r for r in self.regimes) and (regime is theorem.regime(point)):
                    self.regimes.append(regime)
        self.places = [{n: p for n, p in self.points.items() if theorem.regime(p) is r} for r in self.regimes]
        self.mutants = [[m for m in theorem.mutants if m.fits(r)] + generate(r) for r in self.regimes]
        self.derivation = derivation
        self._truth: dict[str, dict[str, np.ndarray]] = {}
        self._roots: dict[str, list[dict[str, Any] | None]] = {}
        self._wrong: dict[tuple[int, int], Regime] = {}

    def truth(self, name: str) -> dict[str, np.ndarray]:
        """Numbers of the right version at a point."""
        if name not in self._truth:
            self._truth[name] = _numbers(self.theorem.values(self.points[name]))
        return self._truth[name]

    def roots(self, name: str) -> list[dict[str, Any] | None]:
        """Everything that has a number at the physical root at a point, for each system."""
        if name not in self._roots:
            point = self.points[name]
            self._roots[name] = [_root(s, self.theorem.bound(point)) for s in self.theorem.regime(point).systems]
        return self._roots[name]

    @cached_property
    def conclusions(self) -> dict[str, Step]:
        """The last step of the derivation, by regime."""
        derivation = self.derivation or derivation_of(self.theorem)
        return {s.regime: s for s in derivation.steps if s.test}

    @cached_property
    def derived(self) -> tuple[Regime, ...]:
        return self.theorem.regimes() if self.conclusions else ()

    def _version(self, at: int, number: int) -> tuple[Mutant, Regime, Regime]:
        mutant, regime = self.mutants[at][number], self.regimes[at]
        if (at, number) not in self._wrong:
            self._wrong[at, number] = mutant.apply(regime)
        return mutant, regime, self._wrong[at, number]

    def values(self, at: int, number: int, name: str) -> tuple[dict[str, np.ndarray] | None, str]:
        """Numbers of the mutant at a point, or why it has none."""
        mutant, regime, wrong = self._version(at, number)
        try:
            found = _numbers(self._evaluate(mutant, regime, wrong, name, self.points[name]))
        except (RmtsymError, ArithmeticError, ValueError) as error:
            return None, f"no value at {name}: {error}"
        bad = [q for q, v in found.items() if q in self.truth(name) and not np.all(np.isfinite(v))]
        return (None, f"{bad[0]} is not a finite real number at {name}") if bad else (found, "")

    def _evaluate(
        self, mutant: Mutant, regime: Regime, wrong: Regime, name: str, point: Mapping[str, Any]
    ) -> Mapping[str, Any]:
        if mutant.parameters:
            moved = {k: f(point[k]) for k, f in mutant.parameters.items()}
            exact_point = self.theorem.point(**{**point, **moved})
            return solve_regime(self.theorem.regime(exact_point), self.theorem.bound(exact_point))
        if mutant.values is not None:
            right = self.theorem.values(point)
            return {**right, **call_with(mutant.values, {**point, **right})}
        if not (mutant.equations or mutant.replace):  # the root is the right one, only outputs change
            found = dict(self.truth(name))
            for right, changed, root in zip(regime.systems, wrong.systems, self.roots(name), strict=True):
                if root is not None:
                    found.update(_changed_outputs(right, changed, root))
            return found
        bound = self.theorem.bound(point)
        systems = zip(regime.systems, wrong.systems, strict=True)
        wrong = replace(wrong, system=tuple(changed for right, changed in systems if changed != right))
        try:
            found = solve_regime(wrong, bound)
        except NoConvergence:  # the path to the right root need not lead to the wrong one
            found = solve_regime(_without_path(wrong), bound)
        return {**self.truth(name), **found}

    def same(self, at: int, number: int) -> bool:
        """Whether every changed equation and output vanishes on the variety of the right system, in this regime."""
        mutant, regime, wrong = self._version(at, number)
        if mutant.parameters or mutant.values is not None:
            return True  # equal at every point; nothing symbolic to compare
        here = tuple(regime.when.atoms(sp.Eq))  # a regime c == 1 makes c and 1/c the same
        for right_system, wrong_system in zip(regime.systems, wrong.systems, strict=True):
            if not isinstance(right_system, FixedPointSystem):
                continue
            right = exact.system_claims(right_system)
            for old, new in zip(right, exact.system_claims(wrong_system), strict=True):
                if old != new and not exact.vanishes(new.lhs - new.rhs, (*right, *here)).passed:
                    return False
        return True

    def rejected(self, at: int, number: int) -> bool:
        """Whether the derivation, which proves the right claims, contradicts a changed one.

        It does where the changed claim fails at the physical root; if it holds at every default point, the zero test of
        the conclusion decides.
        """
        _, regime, wrong = self._version(at, number)
        step = self.conclusions.get(regime.name)
        if step is None or step.test is None or all(regime is not r for r in self.derived):
            return False
        for i, (right_system, wrong_system) in enumerate(zip(regime.systems, wrong.systems, strict=True)):
            if isinstance(right_system, FixedPointSystem):
                pairs = zip(exact.system_claims(right_system), exact.system_claims(wrong_system), strict=True)
                new = [claim for old, claim in pairs if claim != old]
                if any(_fails(claim, self.roots(name)[i]) for claim in new for name in self.places[at]):
                    return True
                if any(step.test(claim).status is Status.REFUTED for claim in new):
                    return True
        return False


@lru_cache(maxsize=4)
def versions_of(theorem: Theorem) -> Versions:
    """Those of a theorem that every process knows; kept, because a worker is asked one question after another."""
    return Versions(theorem)


def answers(theorem: Theorem, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
    """Answers to questions about wrong versions: (method of :class:`Versions`, arguments)."""
    versions = versions_of(theorem)
    return [method(versions, *arguments) for method, *arguments in questions]


def _without_path(regime: Regime) -> Regime:
    """The regime with systems that are solved from a generic start."""
    systems = (replace(s, continuation=None) if isinstance(s, FixedPointSystem) else s for s in regime.systems)
    return replace(regime, system=tuple(systems))


def _root(system: Any, bound: Mapping[str, Any]) -> dict[str, Any] | None:
    """Everything that has a number at the physical root of a system: parameters, measures, unknowns, outputs."""
    from rmtsym.fixedpoint import solve

    if not isinstance(system, FixedPointSystem):
        return None
    return {**bound, **solve(system, used(system, bound)).values}


def _changed_outputs(right: FixedPointSystem, wrong: FixedPointSystem, root: Mapping[str, Any]) -> dict[str, Any]:
    """Outputs that differ between two systems with the same root, and those made of them."""
    from rmtsym.field.evaluate import evaluate

    found: dict[str, Any] = {}
    with np.errstate(all="ignore"):
        for name, body in wrong.outputs.items():
            if body != right.outputs[name] or any(str(x) in found for x in body.free_symbols):
                found[str(name)] = evaluate(body, {**root, **found})
    return found


def _fails(claim: sp.Eq, root: Mapping[str, Any] | None) -> bool:
    """Whether an equation visibly fails at a root."""
    from rmtsym.field.evaluate import evaluate

    if root is None:
        return False
    with np.errstate(all="ignore"):
        try:
            left, right = (np.asarray(x) for x in evaluate(list(claim.args), root))
        except (RmtsymError, ArithmeticError, ValueError):
            return False
        gap = np.abs(left - right) / np.maximum(np.maximum(np.abs(left), np.abs(right)), 1e-300)
    return bool(np.any(np.isfinite(gap) & (gap > VISIBLE)))


def _numbers(values: Mapping[str, Any]) -> dict[str, np.ndarray]:
    """Values as float arrays; a complex number that is not real becomes NaN."""
    found = {}
    for name, value in values.items():
        array = np.asarray(value)
        if array.dtype.kind == "c":
            real = np.abs(array.imag) <= 1e-9 * np.maximum(np.abs(array), 1e-300)
            array = np.where(real, array.real, np.nan)
        found[str(name)] = np.asarray(array, dtype=float)
    return found
