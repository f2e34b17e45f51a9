"""A theorem on trial: gather the four kinds of evidence and reach a verdict."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property, partial
from numbers import Integral
from typing import TYPE_CHECKING, Any

import numpy as np

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.field.value import Value
from rmtsym.theorem.consequence import Consequence, run_consequence
from rmtsym.theorem.derivation import Derivation, Report, StepResult, weigh
from rmtsym.theorem.evidence import Evidence, Status, combine, timed
from rmtsym.theorem.falsification import kill_table
from rmtsym.theorem.kills import KillTable
from rmtsym.theorem.proof import derivation_of, derive
from rmtsym.theorem.registry import get, importable
from rmtsym.theorem.simulation import PROFILES, Simulated, simulate
from rmtsym.theorem.statement import enclose_regime, solve_regime
from rmtsym.theorem.theorem import Theorem
from rmtsym.theorem.verdict import Verdict
from rmtsym.theorem.versions import answers

if TYPE_CHECKING:
    from rmtsym.simulate import Executor, Progress, RecordStore

__all__ = ["Trial", "enclosure_evidence", "verify"]

DIGITS = 12  # certified digits asked of every quantity at every default point
_TOGETHER = 8  # wrong versions that a worker gets at once
_CHECK = -1  # in their place: the right one


class Trial:
    """A theorem on trial: every piece of evidence is gathered when it is first asked for, and kept.

    Parameters
    ----------
    theorem : Theorem or str
        A theorem or its id.
    profile, seed, jobs, store, executor, family, progress
        As in :func:`verify`.

    Raises
    ------
    UnknownName
        For an unknown id or profile.
    """

    def __init__(
        self,
        theorem: Theorem | str,
        profile: str = "quick",
        *,
        jobs: int = 1,
        seed: int = 0,
        store: RecordStore | None = None,
        executor: Executor | None = None,
        family: int | None = None,
        progress: Callable[[Progress], None] | None = None,
    ) -> None:
        if profile not in PROFILES:
            raise UnknownName("profile", profile, PROFILES)
        found: Any = get(theorem) if isinstance(theorem, str) else theorem
        if not isinstance(found, Theorem):
            raise DomainError("theorem", repr(theorem), "a Theorem or its id", "rmtsym list shows the ids")
        number: Any = seed
        if not isinstance(number, Integral) or number < 0:
            raise DomainError("seed", repr(seed), "a whole number from 0")
        self.theorem, self.profile, self.jobs, self.seed = found, profile, jobs, seed
        self.store, self.executor, self.family, self.progress = store, executor, family, progress
        self._enclosed: dict[str, Mapping[str, Value] | RmtsymError] = {}

    @cached_property
    def derivation(self) -> Derivation:
        """The steps, not yet checked."""
        return derivation_of(self.theorem) if importable(self.theorem) else derive(self.theorem)

    @cached_property
    def report(self) -> Report:
        """The steps, checked."""
        if not importable(self.theorem):
            return self.derivation.run()
        steps = self.derivation.steps
        pieces: list[tuple[int, int]] = [
            (i, k) for i, s in enumerate(steps) for k in (_CHECK, *range(0, len(s.wrong), _TOGETHER))
        ]
        found = dict(zip(pieces, self.map(_piece, pieces), strict=True))

        def value(number: int, start: int) -> Any:
            answer = found[number, start]
            if isinstance(answer, Exception):
                raise answer
            return answer

        def result(number: int) -> StepResult:
            step, evidence = steps[number], value(number, _CHECK)
            if not evidence.passed or step.kind == "assumed":
                return StepResult(step, evidence)
            parts = (value(number, k) for k in range(0, len(step.wrong), _TOGETHER))
            return weigh(step, evidence, [status for part in parts for status in part])

        return self.derivation.gather(result)

    @cached_property
    def consequences(self) -> tuple[tuple[Consequence, Report], ...]:
        """What follows from the statement, checked."""
        claims = self.theorem.consequences
        return tuple(zip(claims, self.map(_consequence, range(len(claims))), strict=True))

    @cached_property
    def enclosure(self) -> tuple[Evidence, dict[str, dict[str, Any]]]:
        """Evidence for the numbers: balls of every quantity at every default point."""
        return enclosure_evidence(self.theorem, self.enclosed)

    def enclosed(self, name: str) -> Mapping[str, Value]:
        """Balls of every quantity at a default point; computed once, for all points together.

        Raises
        ------
        RmtsymError
            If they cannot be enclosed there.
        """
        if name not in self._enclosed:
            names = list(self.theorem.points)
            self._enclosed = dict(zip(names, self.map(_enclosure, names), strict=True))
        found = self._enclosed[name]
        if isinstance(found, RmtsymError):
            raise found
        return found

    @cached_property
    def simulated(self) -> Simulated:
        """Every experiment, run and judged."""
        with self._place() as place:
            return simulate(
                self.theorem,
                self.profile,
                seed=self.seed,
                store=self.store,
                executor=place,
                family=self.family,
                progress=self.progress,
                predict=partial(self.map, Theorem.values),
            )

    @contextmanager
    def _place(self) -> Iterator[Executor]:
        """Where work is done: the executor that was given, or one for this time only."""
        from rmtsym.simulate import executor as choose_executor

        if self.executor is not None:
            yield self.executor
        else:
            with choose_executor(self.jobs) as place:
                yield place

    def map(self, function: Callable[[Theorem, Any], Any], items: Sequence[Any]) -> list[Any]:
        """``function(theorem, item)`` of each item, in order; by the executor if its workers can import the theorem."""
        if not importable(self.theorem):
            return [function(self.theorem, item) for item in items]
        with self._place() as place:
            return place.map(partial(_of_known, function, self.theorem.id), items)

    @cached_property
    def kills(self) -> KillTable:
        """Every wrong version, and what rejects it."""
        ask = self._ask if importable(self.theorem) else None
        return kill_table(self.theorem, self.simulated, self.derivation, self.report, ask)

    def _ask(self, questions: Sequence[tuple[Any, ...]]) -> list[Any]:
        parts = [questions[i : i + _TOGETHER] for i in range(0, len(questions), _TOGETHER)]
        return [found for part in self.map(answers, parts) for found in part]

    @cached_property
    def verdict(self) -> Verdict:
        """All four kinds of evidence together."""
        enclosure, values = self.enclosure
        return Verdict(
            theorem=self.theorem.id,
            profile=self.profile,
            seed=self.seed,
            evidence={
                "derivation": derivation_evidence(self.derivation, self.report, self.consequences),
                "enclosure": enclosure,
                "simulation": self.simulated.evidence,
                "falsification": self.kills.evidence(),
            },
            derivation=self.report,
            consequences=self.consequences,
            simulated=self.simulated,
            kills=self.kills,
            values=values,
        )


def _of_known(function: Callable[[Theorem, Any], Any], theorem_id: str, item: Any) -> Any:
    return function(get(theorem_id), item)


def _piece(theorem: Theorem, piece: tuple[int, int]) -> Evidence | list[Status] | Exception:
    """The check of a step, or what it says of some wrong versions; an error counts only if the step is reached."""
    number, start = piece
    step = derivation_of(theorem).steps[number]
    try:
        if start == _CHECK:
            return timed(step.check)
        return [check().status for _, check in step.wrong[start : start + _TOGETHER]]
    except (RmtsymError, ArithmeticError, ValueError) as error:
        return error


def _enclosure(theorem: Theorem, name: str) -> Mapping[str, Value] | RmtsymError:
    point = theorem.point(name)
    try:
        return enclose_regime(theorem.regime(point), theorem.bound(point), digits=DIGITS + 3)
    except RmtsymError as error:
        return error


def _consequence(theorem: Theorem, number: int) -> Report:
    return run_consequence(theorem, theorem.consequences[number]).bare


def verify(
    theorem: Theorem | str,
    profile: str = "quick",
    *,
    jobs: int = 1,
    seed: int = 0,
    store: RecordStore | None = None,
    executor: Executor | None = None,
    family: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Verdict:
    r"""Verdict: derivation :math:`\wedge` enclosure :math:`\wedge` simulation :math:`\wedge` falsification.

    Parameters
    ----------
    theorem : Theorem or str
        A theorem or its id.
    profile : str
        ``"quick"`` (resolution 0.5 % for traces) or ``"full"`` (0.2 %).
    jobs : int
        Processes for replicates, steps, consequences and enclosures; the numbers do not depend on it.
    seed : int
        Root of all random seeds.
    store : RecordStore, optional
        Keeps finished batches, so that an interrupted run resumes.
    executor : Executor, optional
        Where they run, instead of ``jobs``.
    family : int, optional
        Number of statistical tests in the whole suite, which share the probability of a false alarm.
    progress : callable, optional
        Told after every batch of replicates how far the simulation is.

    Returns
    -------
    Verdict
        ``status`` (VERIFIED only if all four kinds of evidence pass, REFUTED if one refutes), ``message``, and every
        piece of evidence; ``print`` shows it, ``to_json()`` has the form of docs/verdict-schema.md.

    Raises
    ------
    UnknownName
        For an unknown id or profile.
    DomainError
        For a seed or a number of jobs that cannot be.

    Examples
    --------
    >>> verify("semicircle").status.passed  # doctest: +SKIP
    True
    """
    trial = Trial(
        theorem, profile, jobs=jobs, seed=seed, store=store, executor=executor, family=family, progress=progress
    )
    return trial.verdict


def derivation_evidence(
    derivation: Derivation, report: Report, consequences: tuple[tuple[Consequence, Report], ...]
) -> Evidence:
    """Evidence of the derivation and of the consequences drawn from the statement."""
    statuses = [report.status, *(r.status for _, r in consequences)]
    bad = [f"{r.step.name}: {r.evidence.message}" for r in report.results if not r.status.passed]
    bad += [report.message] if report.message else []
    for consequence, found in consequences:
        if not found.status.passed:
            lines = [r.evidence.message for r in found.results if not r.status.passed] or [found.message]
            bad.append(f"{consequence.claim}: {lines[0]}")
    exact = sum(r.step.kind in ("identity", "substitution", "parts", "engine", "conclusion") for r in report.results)
    checks = sum(len(r.results) for _, r in consequences)
    assumed = len(report.assumed)
    method = f"{len(report.results)} steps ({exact} exact, {assumed} assumed), {checks} checks of consequences"
    figures = {"steps": len(report.results), "exact": exact, "assumed": assumed, "consequences": len(consequences)}
    resolution = max((r.evidence.resolution or 0.0 for r in report.results), default=None)
    return Evidence(
        combine(statuses),
        method,
        resolution=resolution,
        message="; ".join(bad[:3]),
        figures=figures,
        seconds=report.seconds + sum(r.seconds for _, r in consequences),
    )


def enclosure_evidence(
    theorem: Theorem, enclosed: Callable[[str], Mapping[str, Value]]
) -> tuple[Evidence, dict[str, dict[str, Any]]]:
    """Every quantity at every default point: certified digits, and agreement with the floating-point solver."""
    start = time.perf_counter()
    worst, count, messages = 10**6, 0, []
    status = Status.VERIFIED if theorem.points else Status.INCONCLUSIVE
    values: dict[str, dict[str, Any]] = {}
    for name in theorem.points:
        point = theorem.point(name)
        regime, bound = theorem.regime(point), theorem.bound(point)
        try:
            balls = enclosed(name)
            floats = solve_regime(regime, bound)
        except RmtsymError as error:
            status = Status.INCONCLUSIVE
            messages.append(f"{theorem.id} at {name}: {error}")
            continue
        values[name] = {}
        for quantity, value in balls.items():
            count += 1
            values[name][quantity] = {"value": _shown(value), "radius": value.radius, "status": value.status}
            digits = _digits(value)
            worst = min(worst, digits)
            if digits < DIGITS:
                status = Status.INCONCLUSIVE if status.passed else status
                messages.append(f"{theorem.id}: {quantity} at {name} has {digits} certified digits, {DIGITS} wanted")
            if not _agree(value, floats[quantity]):
                status = Status.REFUTED
                messages.append(
                    f"{theorem.id}: {quantity} at {name}: the solver gives {floats[quantity]}, the ball is {value}"
                )
    figures = {"values": count, "points": len(theorem.points), "digits": min(worst, 10**6)}
    return (
        Evidence(
            status,
            f"ball arithmetic, {count} values with at least {worst} digits" if count else "ball arithmetic",
            resolution=10.0**-worst if count else None,
            message="; ".join(messages[:3]),
            figures=figures,
            seconds=time.perf_counter() - start,
        ),
        values,
    )


def _shown(value: Value) -> Any:
    return [value.value.real, value.value.imag] if isinstance(value.value, complex) else value.value


def _digits(value: Value) -> int:
    """Certified digits; for a value of zero, decimals."""
    if value.value == 0 and value.radius < 1:
        return 10**6 if value.radius == 0 else int(-np.log10(value.radius))
    return value.digits


def _agree(value: Value, number: Any) -> bool:
    """Whether the solver's number lies within 1e-8 (relative) of the ball."""
    scale = max(abs(value.value), 1.0)
    return bool(np.all(np.abs(np.asarray(number) - value.value) <= value.radius + 1e-8 * scale))
