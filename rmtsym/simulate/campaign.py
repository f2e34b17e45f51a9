"""Running an experiment: looks, batches, records, progress; and what the samples say.

The plan is fixed before the first draw: at look ``j`` there are ``2**j`` times the replicates of the first look at
every size.  After each look a cell (point and entry law) stops if every statistic has its required resolution, or if
the looks are used up.  Each look may spend ``1/looks`` of the level, so stopping early does not raise the probability
of a false alarm.  The budget counts replicates, not seconds: seconds would make the numbers depend on the machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rmtsym.errors import UnknownName
from rmtsym.simulate.executors import Executor, Serial
from rmtsym.simulate.experiment import Batch, BatchResult, Experiment, Point, ReplicateError, Statistic
from rmtsym.simulate.fingerprint import fingerprint
from rmtsym.simulate.finite_size import Moments
from rmtsym.simulate.judgement import Levels, Outcome, Theory, judge_statistic
from rmtsym.simulate.seeds import point_key
from rmtsym.simulate.store import RecordStore, StoreDamaged
from rmtsym.simulate.variance import PLAIN, controlled, gain

__all__ = ["Interrupted", "Progress", "Run", "run"]

#: A batch should not take much longer than this: it is what a kill can lose.
_BATCH_SECONDS = 5.0


@dataclass(frozen=True)
class Progress:
    """State of a run, given to the progress callback after each batch."""

    theorem: str
    done: int
    total: int
    reused: int
    seconds: float
    eta: float

    def __str__(self) -> str:
        eta = "" if not math.isfinite(self.eta) else f", about {self.eta:.0f} s left in this look"
        return f"{self.theorem}: {self.done} of {self.total} replicates{eta}"


class Interrupted(KeyboardInterrupt):
    """Ctrl-C during a run; ``run`` holds what was finished, and the store has kept it."""

    def __init__(self, partial: Run) -> None:
        super().__init__(f"{partial.experiment.theorem}: interrupted; finished batches are kept")
        self.run = partial


@dataclass(frozen=True)
class _Cell:
    """Samples of one point and law: for each size, the outputs by name."""

    point: Point
    law: str
    sizes: tuple[int, ...]
    outputs: tuple[Mapping[str, np.ndarray], ...]
    look: int


@dataclass
class Run:
    """Samples of an experiment, summarised; judge any theory on them.

    Parameters
    ----------
    seed : int
    cells : mapping from (canonical point, law) to samples
    seconds : float
        Time spent on new replicates.
    replicates, reused : int
        Replicates in the samples, and how many of them came from the store.
    """

    experiment: Experiment
    seed: int
    looks: int
    level: float
    family: int | None
    code: str
    cells: dict[tuple[str, str], _Cell] = field(default_factory=dict)
    seconds: float = 0.0
    replicates: int = 0
    reused: int = 0
    notices: list[str] = field(default_factory=list)
    _summaries: dict[tuple[str, str], list[_Summary]] = field(default_factory=dict, repr=False)

    def values(self, name: str, size: int, law: str | None = None, point: Point | None = None) -> np.ndarray:
        """Replicates of one output: shape (R,), or (R, k) for a one-dimensional output of length k."""
        law = self.experiment.laws[0] if law is None else law
        key = (point_key(self.experiment.points[0] if point is None else point), law)
        if key not in self.cells:
            raise UnknownName("point and law", str(key), [str(k) for k in self.cells])
        cell = self.cells[key]
        if size not in cell.sizes:
            raise UnknownName("size", str(size), [str(n) for n in cell.sizes])
        outputs = cell.outputs[cell.sizes.index(size)]
        if name in outputs:
            return outputs[name]
        columns = [outputs[n] for n in _components(name, outputs)]
        if not columns:
            raise UnknownName("output", name, outputs)
        return np.column_stack(columns)

    def judge(self, theory: Theory, *, statistics: Sequence[str] | None = None) -> tuple[Outcome, ...]:
        """Outcome of every statistic at every point and law, for a theory.

        Parameters
        ----------
        theory : callable
            ``theory(point, size) -> {quantity: float or 1-d array}``; quantities that no statistic estimates are
            ignored.  It is evaluated once for each point and size.
        statistics : sequence of str, optional
            Restrict to these statistics.

        Returns
        -------
        tuple of Outcome
            In the order of points, laws, statistics.
        """
        outcomes = []
        cache: dict[tuple[str, int], Mapping[str, Any]] = {}
        for key, cell in self.cells.items():
            for n in cell.sizes:
                if (key[0], n) not in cache:
                    cache[key[0], n] = theory(cell.point, n)
            for summary in self._summary(key):
                statistic = summary.statistic
                if statistics is not None and statistic.name not in statistics:
                    continue
                predicted = tuple(_lookup(cache[key[0], n], statistic.quantity, summary.index) for n in cell.sizes)
                outcomes.append(
                    judge_statistic(
                        statistic,
                        cell.sizes,
                        summary.moments,
                        predicted,
                        self.levels(),
                        name=summary.name,
                        quantity=statistic.quantity + summary.suffix,
                        point=key[0],
                        law=cell.law,
                        gain=summary.gain,
                    )
                )
        return tuple(outcomes)

    def levels(self) -> Levels:
        """Level of each test: the family is the suite's if its number of tests was given, else this run."""
        tests = self.family
        if tests is None:
            tests = sum(
                1 if len(self.cells[key].sizes) < 3 and s.statistic.exponent is not None else 2
                for key in self.cells
                for s in self._summary(key)
            )
        return Levels(self.level, tests, self.looks)

    def _summary(self, key: tuple[str, str]) -> list[_Summary]:
        if key not in self._summaries:
            self._summaries[key] = _summarise(self.experiment, self.cells[key])
        return self._summaries[key]


@dataclass(frozen=True)
class _Summary:
    statistic: Statistic
    name: str
    index: int | None
    moments: tuple[Moments, ...]
    gain: float | None

    @property
    def suffix(self) -> str:
        return "" if self.index is None else f"[{self.index}]"


def _components(name: str, outputs: Mapping[str, Any]) -> list[str]:
    found = [n for n in outputs if n.startswith(f"{name}[") and n.endswith("]")]
    return sorted(found, key=lambda n: int(n[len(name) + 1 : -1]))


def _lookup(values: Mapping[str, Any], quantity: str, index: int | None) -> float:
    if quantity not in values:
        raise UnknownName("quantity", quantity, values)
    value = values[quantity]
    if index is not None:
        value = np.asarray(value, dtype=object).ravel()[index]
    return float(value)


def _summarise(experiment: Experiment, cell: _Cell) -> list[_Summary]:
    summaries = []
    for statistic in experiment.statistics_at(cell.law):
        outputs = cell.outputs[0]
        names = [statistic.name] if statistic.name in outputs else _components(statistic.name, outputs)
        if not names:
            raise UnknownName("output of the replicate", statistic.name, outputs)
        for position, name in enumerate(names):
            samples, gains = [], []
            for n, table in zip(cell.sizes, cell.outputs, strict=True):
                for control in statistic.controls:
                    if control.output not in table:
                        raise UnknownName("control variate", control.output, table)
                controls = [(table[c.output], c.mean_at(cell.point, n), c.coefficient) for c in statistic.controls]
                sample = controlled(table[name], controls) if controls else table[name]
                samples.append(sample)
                gains.append(_gain(statistic, name, table, sample))
            known = [g for g in gains if g is not None]
            summaries.append(
                _Summary(
                    statistic,
                    name,
                    None if name == statistic.name else position,
                    tuple(Moments.of(s) for s in samples),
                    known[-1] if known else None,
                )
            )
    return summaries


def _gain(statistic: Statistic, name: str, table: Mapping[str, np.ndarray], sample: np.ndarray) -> float | None:
    if statistic.baseline is not None:
        if statistic.baseline not in table:
            raise UnknownName("baseline", statistic.baseline, table)
        return gain(table[statistic.baseline], sample)
    stem, bracket, rest = name.partition("[")
    single = table.get(stem + PLAIN + bracket + rest)
    if single is not None:
        return gain(single, sample, calls=2)
    return gain(table[name], sample) if statistic.controls else None


# -- running ----------------------------------------------------------------------------------------------------------


class _Samples:
    """Rows of one (point, law, size), by replicate number."""

    def __init__(self) -> None:
        self.columns: tuple[str, ...] | None = None
        self.rows: dict[int, np.ndarray] = {}
        self.pace = math.nan  # seconds for one replicate

    def add(self, first: int, result: BatchResult) -> None:
        if self.columns is None:
            self.columns = result.columns
        elif self.columns != result.columns:
            raise ReplicateError(f"outputs {list(result.columns)} differ from {list(self.columns)} of other replicates")
        for offset, row in enumerate(result.values):
            self.rows.setdefault(first + offset, row)
        if len(result.values):
            self.pace = result.seconds / len(result.values)

    def missing(self, count: int) -> list[tuple[int, int]]:
        """Ranges (first, count) of replicates below ``count`` that are not there yet."""
        ranges: list[list[int]] = []
        for index in range(count):
            if index in self.rows:
                continue
            if ranges and sum(ranges[-1]) == index:
                ranges[-1][1] += 1
            else:
                ranges.append([index, 1])
        return [(a, b) for a, b in ranges]

    def table(self, count: int) -> dict[str, np.ndarray]:
        matrix = np.array([self.rows[i] for i in range(count)])
        return {name: np.ascontiguousarray(matrix[:, j]) for j, name in enumerate(self.columns or ())}


def run(
    experiment: Experiment,
    *,
    theory: Theory | None = None,
    seed: int = 0,
    looks: int = 4,
    store: RecordStore | None = None,
    executor: Executor | None = None,
    level: float = 1e-3,
    family: int | None = None,
    progress: Callable[[Progress], None] | None = None,
) -> Run:
    r"""Run an experiment until every statistic has its required resolution, or the looks are used up.

    Parameters
    ----------
    experiment : Experiment
    theory : callable, optional
        ``theory(point, size) -> {quantity: value}``; only the sizes of its values are used here, to know when the
        relative resolution is reached.  Without it the means themselves give the scale.
    seed : int
        Seed of the whole run.
    looks : int
        At most this many looks, each doubling the replicates of the one before.
    store : RecordStore, optional
        Finished batches are kept in it and taken from it; without one nothing is kept.
    executor : Executor, optional
        :class:`Serial` by default.
    level : float
        Probability of any false refutation in the family.
    family : int, optional
        Number of tests in the family; by default those of this run.
    progress : callable, optional
        Called with a :class:`Progress` after each batch.

    Raises
    ------
    Interrupted
        On Ctrl-C, with the cells that were finished.

    Examples
    --------
    >>> def replicate(rng, size, point, law):
    ...     return {"m2": float(np.mean(rng.standard_normal(size) ** 2))}
    >>> experiment = Experiment(replicate, (400, 800), (Statistic("m2", kind="exact", resolution=0.1),), theorem="demo")
    >>> [outcome.status for outcome in run(experiment).judge(lambda point, size: {"m2": 1.0})]
    ['ok']
    """
    place = executor if executor is not None else Serial()
    result = Run(experiment, seed, looks, level, family, fingerprint(experiment.replicate))
    work = _Work(experiment, result, place, store, progress)
    plan = [(point_key(point), point, law) for point in experiment.points for law in experiment.laws]
    active = {(key, law): point for key, point, law in plan if experiment.statistics_at(law)}
    try:
        for look in range(looks):
            work.fill(active, look)
            for key, law in list(active):
                point = active[key, law]
                sizes = experiment.sizes_at(point)
                counts = experiment.looks_at(sizes, look + 1)[look]
                outputs = tuple(work.samples[key, law, n].table(c) for n, c in zip(sizes, counts, strict=True))
                result.cells[key, law] = _Cell(point, law, sizes, outputs, look)
                result._summaries.pop((key, law), None)
                result._summary((key, law))  # a name that is not there is told after the first look
            if look + 1 < looks:
                for key in [key for key in active if _resolved(result, key, theory)]:
                    del active[key]
            if not active:
                break
    except KeyboardInterrupt:
        work.finish()
        raise Interrupted(result) from None
    work.finish()
    order = {(key, law): None for key, _, law in plan}
    result.cells = {key: result.cells[key] for key in order if key in result.cells}
    return result


def _resolved(result: Run, key: tuple[str, str], theory: Theory | None) -> bool:
    """Whether every statistic of a cell has its required resolution; only errors and scales enter, no test is made."""
    cell = result.cells[key]
    predicted = [theory(cell.point, n) for n in cell.sizes] if theory is not None else None
    for summary in result._summary(key):
        statistic = summary.statistic
        values = (
            tuple(_lookup(p, statistic.quantity, summary.index) for p in predicted)
            if predicted is not None
            else (summary.moments[-1].mean,) * len(cell.sizes)
        )
        outcome = judge_statistic(statistic, cell.sizes, summary.moments, values, result.levels())
        if not outcome.resolution <= statistic.required:
            return False
    return True


class _Work:
    """Batches of a run: from the store if they are there, else from the executor."""

    def __init__(
        self,
        experiment: Experiment,
        result: Run,
        executor: Executor,
        store: RecordStore | None,
        progress: Callable[[Progress], None] | None,
    ) -> None:
        self.experiment, self.result, self.executor = experiment, result, executor
        self.store, self.progress = store, progress
        self.samples: dict[tuple[str, str, int], _Samples] = {}
        self.start = time.perf_counter()

    def fill(self, active: Mapping[tuple[str, str], Point], look: int) -> None:
        """Have all replicates of a look, for all active cells."""
        batches: list[Batch] = []
        total = 0
        self._recall(active)
        for (key, law), point in active.items():
            sizes = self.experiment.sizes_at(point)
            for n, count in zip(sizes, self.experiment.looks_at(sizes, look + 1)[look], strict=True):
                total += count
                cell = Batch(self.experiment.theorem, point, n, law, self.result.seed, 0, 0)
                batches += self._cut(cell, self.samples[key, law, n], count)
        # the large sizes first, so that no worker ends with a long batch alone
        batches.sort(key=lambda b: (-b.size, b.key, b.law, b.first))
        left = sum(b.count for b in batches)
        ahead = sum(self._weight(b) for b in batches)
        begun, behind = time.perf_counter(), 0.0
        self._tell(total - left, total, math.nan)
        for batch, outcome in self.executor.run(self.experiment.replicate, batches):
            self._keep(batch, outcome)
            self.samples[batch.key, batch.law, batch.size].add(batch.first, outcome)
            self.result.seconds += outcome.seconds
            left -= batch.count
            behind += self._weight(batch)
            elapsed = time.perf_counter() - begun
            self._tell(total - left, total, elapsed * (ahead - behind) / behind)

    def _keep(self, batch: Batch, outcome: BatchResult) -> None:
        if self.store is None:
            return
        try:
            self.store.put(batch, self.result.code, outcome)
        except StoreDamaged as damage:
            self.store.set_aside(str(damage))
            self.store.put(batch, self.result.code, outcome)

    def _weight(self, batch: Batch) -> float:
        return batch.count * float(batch.size) ** self.experiment.cost

    def _tell(self, done: int, total: int, eta: float) -> None:
        if self.progress is not None:
            elapsed = time.perf_counter() - self.start
            self.progress(Progress(self.experiment.theorem, done, total, self.result.reused, elapsed, eta))

    def _recall(self, active: Mapping[tuple[str, str], Point]) -> None:
        """Take what is recorded, all of it before anything is computed; of a damaged store, nothing."""
        if self.samples:
            return
        cells = [(k, law, n, p) for (k, law), p in active.items() for n in self.experiment.sizes_at(p)]
        self.samples = {(key, law, n): _Samples() for key, law, n, _ in cells}
        if self.store is None:
            return
        try:
            for key, law, n, point in cells:
                cell = Batch(self.experiment.theorem, point, n, law, self.result.seed, 0, 0)
                for first, outcome in self.store.get(cell, self.result.code):
                    self.samples[key, law, n].add(first, outcome)
        except StoreDamaged as damage:
            self.store.set_aside(str(damage))
            self.samples = {(key, law, n): _Samples() for key, law, n, _ in cells}
        self.result.reused = sum(len(samples.rows) for samples in self.samples.values())

    def _cut(self, cell: Batch, samples: _Samples, count: int) -> list[Batch]:
        """Batches for the missing replicates: an eighth of the look each, or less if that would take long."""
        length = max(1, math.ceil(count / 8))
        if samples.pace > 0:
            length = max(1, min(length, int(_BATCH_SECONDS / samples.pace) or 1))
        batches = []
        for first, missing in samples.missing(count):
            for start in range(first, first + missing, length):
                size = min(length, first + missing - start)
                batches.append(Batch(cell.theorem, cell.point, cell.size, cell.law, cell.seed, start, size))
        return batches

    def finish(self) -> None:
        """Count what there is."""
        self.result.replicates = sum(len(s.rows) for s in self.samples.values())
        if self.store is not None:
            self.result.notices += self.store.notices
