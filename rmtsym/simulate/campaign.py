"""Running an experiment: looks, batches, records, progress; and what the samples say.

The plan is fixed before the first draw: at look ``j`` there are ``2**j`` times the replicates of the first look at
every size.  After each look a cell (point and entry law) stops if every statistic has its required resolution or is
refuted, or if the looks are used up.  Each look may spend ``1/looks`` of the level, so that stopping early does not
raise the probability of a false alarm (the looks are a fixed family of tests, and Bonferroni's bound holds for any
stopping rule).  The budget counts replicates, not seconds: seconds would make the numbers depend on the machine.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np

from rmtsym.simulate.executors import Executor, Serial
from rmtsym.simulate.experiment import Batch, BatchResult, Experiment, Point, ReplicateError
from rmtsym.simulate.fingerprint import fingerprint
from rmtsym.simulate.judgement import Theory, judge_statistic
from rmtsym.simulate.samples import Cell, Run, lookup
from rmtsym.simulate.seeds import point_key
from rmtsym.simulate.store import RecordStore, StoreDamaged

__all__ = ["Interrupted", "Progress", "run"]

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
        ``theory(point, size) -> {quantity: value}``; used to know when to stop.  Without it the means give the scale
        of the resolution, and nothing stops early for being refuted.
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
    >>> from rmtsym.simulate import Statistic
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
                result.cells[key, law] = Cell(point, law, sizes, outputs, look)
                result._summaries.pop((key, law), None)
                result.summary((key, law))  # a name that is not there is told after the first look
            if look + 1 < looks:
                active = {cell: point for cell, point in active.items() if not _settled(result, cell, theory)}
            if not active:
                break
    except KeyboardInterrupt:
        work.finish()
        raise Interrupted(result) from None
    work.finish()
    order = {(key, law): None for key, _, law in plan}
    result.cells = {key: result.cells[key] for key in order if key in result.cells}
    return result


def _settled(result: Run, key: tuple[str, str], theory: Theory | None) -> bool:
    """Whether every statistic of a cell has its required resolution or is refuted already."""
    cell = result.cells[key]
    predicted = [theory(cell.point, n) for n in cell.sizes] if theory is not None else None
    for summary in result.summary(key):
        statistic = summary.statistic
        values = (
            tuple(lookup(p, statistic.quantity, summary.index) for p in predicted)
            if predicted is not None
            else (summary.moments[-1].mean,) * len(cell.sizes)
        )
        outcome = judge_statistic(statistic, cell.sizes, summary.moments, values, result.levels())
        refuted = theory is not None and outcome.status == "refuted"
        if not refuted and not outcome.resolution <= statistic.required:
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
