"""Falsification: wrong versions of the statement against the evidence that accepted the right one.

For each mutant three questions are asked, the cheapest first: does the derivation reject it (the zero test of its
conclusion)?  Has it a physical root at all (enclosure)?  Does the simulation alone reject it?  Simulations are reused,
only theory is evaluated again.  A mutant that gives the same numbers at every point and passes the zero test is
equivalent and does not count.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from rmtsym.simulate import Outcome, point_key
from rmtsym.theorem.derivation import Derivation, Report
from rmtsym.theorem.kills import Kill, KillTable
from rmtsym.theorem.mutation import Mutant
from rmtsym.theorem.simulation import Simulated
from rmtsym.theorem.versions import Versions, versions_of

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["kill_table"]

SAME = 1e-9  # relative difference below which two floating-point values of the theory are taken as equal


def kill_table(
    theorem: Theorem,
    simulated: Simulated,
    derivation: Derivation | None = None,
    report: Report | None = None,
    ask: Callable[[Sequence[tuple[Any, ...]]], list[Any]] | None = None,
) -> KillTable:
    """Try every mutant, generated and hand-written, in every regime that it fits.

    ``ask`` answers questions (method of :class:`Versions`, arguments) in other processes, which know the theorem by its
    id.
    """
    versions = versions_of(theorem) if ask else Versions(theorem, derivation)
    ask = ask or (lambda questions: [method(versions, *arguments) for method, *arguments in questions])
    judge = _Judge(versions, simulated)
    tried = [
        _Tried(mutant, (at, number), list(places))
        for at, places in enumerate(versions.places)
        for number, mutant in enumerate(versions.mutants[at])
    ]
    # one point after the other, until the answer is clear
    while waiting := [t for t in tried if t.left]:
        answers = ask([(Versions.values, *t.place, t.left[0]) for t in waiting])
        for one, (found, reason) in zip(waiting, answers, strict=True):
            judge.hear(one, found, reason)
    doubtful = [t for t in tried if t.shift <= SAME and not t.note]
    same = ask([(Versions.same, *t.place) for t in doubtful])
    equivalent = {t.place for t, so in zip(doubtful, same, strict=True) if so}
    counted = [t for t in tried if t.place not in equivalent]
    derived = counted if report is not None and report.status.passed else []
    rejections = ask([(Versions.rejected, *t.place) for t in derived])
    rejected = {t.place for t, so in zip(derived, rejections, strict=True) if so}
    kills = []
    for t in tried:
        name = versions.regimes[t.place[0]].name
        if t.place in equivalent:
            kills.append(Kill(t.mutant, name, equivalent=True))
        else:
            kills.append(
                Kill(
                    t.mutant,
                    name,
                    derivation=t.place in rejected,
                    enclosure=bool(t.note),
                    simulation=t.seen,
                    z=t.z,
                    where=t.where,
                    shift=t.shift,
                    note=t.note,
                )
            )
    fitted = {t.mutant.name for t in tried}
    for mutant in theorem.mutants:
        if mutant.name not in fitted:
            kills.append(Kill(mutant, mutant.regime, note="fits no regime of the statement"))
    return KillTable(theorem.id, tuple(kills))


@dataclass
class _Tried:
    """A mutant, the points where it is still to be tried, and what was found at the others.

    It is tried until it has no value at two points; a generated one until the simulation rejects it, or once, if no
    statistic could.
    """

    mutant: Mutant
    place: tuple[int, int]
    left: list[str]
    shifts: list[float] = field(default_factory=list)
    note: str = ""
    z: float = 0.0
    where: str = ""
    seen: bool = False
    failures: int = 0

    @property
    def shift(self) -> float:
        return max(self.shifts, default=math.inf)


class _Judge:
    """The simulation, which hears the numbers of one mutant after the other."""

    def __init__(self, versions: Versions, simulated: Simulated) -> None:
        self.versions, self.simulated = versions, simulated
        self.estimated = [
            {
                s.quantity.partition("[")[0]
                for plan in simulated.plans
                if set(plan.names.values()) & set(places)
                for s in plan.experiment.statistics
            }
            for places in versions.places
        ]

    def hear(self, one: _Tried, found: Mapping[str, np.ndarray] | None, reason: str) -> None:
        """Numbers at the next point, or why there are none."""
        name = one.left.pop(0)
        changed: set[str] = set()
        if found is None:
            one.note, one.failures = one.note or reason, one.failures + 1
        else:
            truth = self.versions.truth(name)
            one.shifts.append(_shift(truth, found))
            changed = {q for q in found if _shift(truth, found, (q,)) > SAME}
            best = self._simulation({name: found}, {name: self.versions.points[name]}, changed)
            one.z, one.where, one.seen = max((one.z, one.where, one.seen), best, key=lambda x: (x[2], x[0]))
        settled = one.seen or (changed and not changed & self.estimated[one.place[0]])
        if one.failures == 2 or (one.mutant.generated and settled):
            one.left.clear()

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
                return _moved(right(point, size), self.versions.truth(name), values[name])

            for outcome in done.judge(theory, statistics=names, points=keys):
                if outcome.expected_failure:
                    continue
                found = (outcome.status == "refuted", abs(outcome.z), self._label(outcome))
                best = max(best, found)
        return best[1], best[2], best[0]

    def _label(self, outcome: Outcome) -> str:
        return f"{outcome.quantity} at {self.simulated.named(outcome)} ({outcome.law})"


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
