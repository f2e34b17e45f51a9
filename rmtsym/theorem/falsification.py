"""Falsification: wrong versions of the statement against the evidence that accepted the right one.

For each mutant three questions are asked, the cheapest first: does the derivation reject it (the zero test of its
conclusion)?  Has it a physical root at all (enclosure)?  Does the simulation alone reject it?  Simulations are reused,
only theory is evaluated again.  A mutant that gives the same numbers at every point and passes the zero test is
equivalent and does not count.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np
import sympy as sp

from rmtsym.errors import NoConvergence, RmtsymError
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.simulate import Outcome, point_key
from rmtsym.theorem import exact
from rmtsym.theorem.derivation import Derivation, Report
from rmtsym.theorem.evidence import Status
from rmtsym.theorem.kills import Kill, KillTable
from rmtsym.theorem.mutation import Mutant, generate
from rmtsym.theorem.simulation import Simulated
from rmtsym.theorem.statement import Regime, call_with, solve_regime, used

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["kill_table"]

VISIBLE = 1e-6  # relative difference that rounding cannot explain
SAME = 1e-9  # relative difference below which two floating-point values of the theory are taken as equal


def kill_table(
    theorem: Theorem,
    simulated: Simulated,
    derivation: Derivation | None = None,
    report: Report | None = None,
) -> KillTable:
    """Try every mutant, generated and hand-written, in every regime that it fits."""
    bench = _Bench(theorem, simulated, derivation, report)
    kills = []
    for regime in bench.regimes:
        mutants = [m for m in theorem.mutants if m.fits(regime)] + generate(regime)
        kills += [bench.try_out(mutant, regime) for mutant in mutants]
    fitted = {k.mutant.name for k in kills}
    for mutant in theorem.mutants:
        if mutant.name not in fitted:
            kills.append(Kill(mutant, mutant.regime, note="fits no regime of the statement"))
    return KillTable(theorem.id, tuple(kills))


class _Bench:
    """Everything that stays the same from mutant to mutant."""

    def __init__(
        self, theorem: Theorem, simulated: Simulated, derivation: Derivation | None, report: Report | None
    ) -> None:
        self.theorem, self.simulated = theorem, simulated
        self.points = {name: theorem.point(name) for name in theorem.points}
        self.regimes: list[Regime] = []
        for point in self.points.values():
            for regime in theorem.regimes(point):
                if all(regime is not r for r in self.regimes) and (regime is theorem.regime(point)):
                    self.regimes.append(regime)
        self.truth = {name: _numbers(theorem.values(p)) for name, p in self.points.items()}
        passed = report is not None and report.status.passed
        self.conclusions = {s.regime: s for s in derivation.steps if s.test} if derivation and passed else {}
        self.derived = theorem.regimes() if self.conclusions else ()
        self.roots = {
            name: [_root(system, theorem.bound(p)) for system in theorem.regime(p).systems]
            for name, p in self.points.items()
        }
        self.places = {
            id(regime): {n: p for n, p in self.points.items() if theorem.regime(p) is regime} for regime in self.regimes
        }
        self.estimated = {
            key: {
                s.quantity.partition("[")[0]
                for plan in simulated.plans
                if set(plan.names.values()) & set(here)
                for s in plan.experiment.statistics
            }
            for key, here in self.places.items()
        }

    def try_out(self, mutant: Mutant, regime: Regime) -> Kill:
        wrong = mutant.apply(regime)
        here = self.places[id(regime)]
        # tried at one point after the other until it has no value at two; a generated one until the simulation rejects
        # it, or once, if no statistic could
        values: dict[str, dict[str, np.ndarray]] = {}
        note, z, where, seen, failures = "", 0.0, "", False, 0
        for name, point in here.items():
            part = {name: point}
            found, reason = self._values(mutant, regime, wrong, part)
            values, note = {**values, **found}, note or reason
            changed = {q for n in found for q in found[n] if _shift(self.truth[n], found[n], (q,)) > SAME}
            z, where, seen = max((z, where, seen), self._simulation(found, part, changed), key=lambda x: (x[2], x[0]))
            failures += bool(reason)
            if failures == 2 or (mutant.generated and (seen or (changed and not changed & self.estimated[id(regime)]))):
                break
        shift = max((_shift(self.truth[n], values[n]) for n in values), default=math.inf)
        if shift <= SAME and not note and self._same(mutant, regime, wrong):
            return Kill(mutant, regime.name, equivalent=True)
        return Kill(
            mutant,
            regime.name,
            derivation=self._rejected_by_derivation(regime, wrong, here),
            enclosure=bool(note),
            simulation=seen,
            z=z,
            where=where,
            shift=shift,
            note=note,
        )

    def _values(
        self, mutant: Mutant, regime: Regime, wrong: Regime, here: Mapping[str, Any]
    ) -> tuple[dict[str, dict[str, np.ndarray]], str]:
        """Numbers of the mutant at each point where it has some, and why it has none elsewhere."""
        values: dict[str, dict[str, np.ndarray]] = {}
        note = ""
        for name, point in here.items():
            try:
                found = _numbers(self._evaluate(mutant, regime, wrong, name, point))
            except (RmtsymError, ArithmeticError, ValueError) as error:
                note = note or f"no value at {name}: {error}"
                continue
            bad = [q for q, v in found.items() if q in self.truth[name] and not np.all(np.isfinite(v))]
            if bad:
                note = note or f"{bad[0]} is not a finite real number at {name}"
            else:
                values[name] = found
        return values, note

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
            found = dict(self.truth[name])
            for right, changed, root in zip(regime.systems, wrong.systems, self.roots[name], strict=True):
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
        return {**self.truth[name], **found}

    def _same(self, mutant: Mutant, regime: Regime, wrong: Regime) -> bool:
        """Whether every changed equation and output vanishes on the variety of the right system, in this regime."""
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

    def _rejected_by_derivation(self, regime: Regime, wrong: Regime, here: Mapping[str, Any]) -> bool:
        """Whether the derivation, which proves the right claims, contradicts a changed one.

        It does where the changed claim fails at the physical root; if it holds at every default point, the zero test of
        the conclusion decides.
        """
        step = self.conclusions.get(regime.name)
        if step is None or step.test is None or all(regime is not r for r in self.derived):
            return False
        for i, (right_system, wrong_system) in enumerate(zip(regime.systems, wrong.systems, strict=True)):
            if isinstance(right_system, FixedPointSystem):
                pairs = zip(exact.system_claims(right_system), exact.system_claims(wrong_system), strict=True)
                new = [claim for old, claim in pairs if claim != old]
                if any(_fails(claim, self.roots[name][i]) for claim in new for name in here):
                    return True
                if any(step.test(claim).status is Status.REFUTED for claim in new):
                    return True
        return False

    def _simulation(
        self, values: Mapping[str, Mapping[str, np.ndarray]], here: Mapping[str, Any], changed: set[str]
    ) -> tuple[float, str, bool]:
        """Largest z-score, where, and whether the simulation alone rejects the numbers."""
        keys = {point_key(p): n for n, p in here.items() if n in values}
        best: tuple[bool, float, str] = (False, 0.0, "")
        for plan, done, right in zip(self.simulated.plans, self.simulated.runs, self.simulated.theories, strict=True):
            names = [s.name for s in plan.experiment.statistics if s.quantity in changed]
            if not names or not any(point_key(p) in keys for p in plan.experiment.points):
                continue

            def theory(point: Mapping[str, Any], size: int, plan: Any = plan, right: Any = right) -> Mapping[str, Any]:
                name = keys[point_key(point)]
                if plan.at_size is None:
                    return values[name]
                return _moved(right(point, size), self.truth[name], values[name])

            for outcome in done.judge(theory, statistics=names, points=keys):
                if outcome.expected_failure:
                    continue
                found = (outcome.status == "refuted", abs(outcome.z), self._label(outcome))
                best = max(best, found)
        return best[1], best[2], best[0]

    def _label(self, outcome: Outcome) -> str:
        return f"{outcome.quantity} at {self.simulated.named(outcome)} ({outcome.law})"


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


def _shift(right: Mapping[str, np.ndarray], wrong: Mapping[str, np.ndarray], names: Sequence[str] = ()) -> float:
    """Largest relative change of a value."""
    largest = 0.0
    for name in names or right:
        if name in wrong and name in right and right[name].shape == wrong[name].shape:
            scale = np.maximum(np.abs(right[name]), 1e-300)
            largest = max(largest, float(np.max(np.abs(wrong[name] - right[name]) / scale, initial=0.0)))
    return largest


def _moved(
    at_size: Mapping[str, Any], right: Mapping[str, np.ndarray], wrong: Mapping[str, np.ndarray]
) -> dict[str, Any]:
    """Finite-size theory of a mutant: the right one, changed by the mutant's ratio in the limit."""
    return {
        name: np.asarray(value) * (wrong[name] / right[name]) if name in wrong and np.all(right[name] != 0) else value
        for name, value in at_size.items()
    }
