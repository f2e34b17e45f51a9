"""Samples of an experiment, and what they say about a theory.

The samples are summarised once; the theory and each of its mutants are judged on the summaries.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rmtsym.errors import UnknownName
from rmtsym.simulate.experiment import Experiment, Point, Statistic
from rmtsym.simulate.finite_size import Moments
from rmtsym.simulate.judgement import Levels, Outcome, Theory, judge_statistic
from rmtsym.simulate.seeds import point_key
from rmtsym.simulate.variance import PLAIN, controlled, gain

__all__ = ["Cell", "Run", "lookup"]


@dataclass(frozen=True)
class Cell:
    """Samples of one point and law: for each size, the outputs by name."""

    point: Point
    law: str
    sizes: tuple[int, ...]
    outputs: tuple[Mapping[str, np.ndarray], ...]
    look: int


@dataclass(repr=False)
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
    cells: dict[tuple[str, str], Cell] = field(default_factory=dict)
    seconds: float = 0.0
    replicates: int = 0
    reused: int = 0
    notices: list[str] = field(default_factory=list)
    _summaries: dict[tuple[str, str], list[Summary]] = field(default_factory=dict, repr=False)

    def __repr__(self) -> str:
        return f"Run({self.experiment.theorem}, seed {self.seed}: {self.replicates} replicates, {self.reused} reused)"

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

    def judge(
        self, theory: Theory, *, statistics: Sequence[str] | None = None, points: Collection[str] | None = None
    ) -> tuple[Outcome, ...]:
        """Outcome of every statistic at every point and law, for a theory.

        Parameters
        ----------
        theory : callable
            ``theory(point, size) -> {quantity: float or 1-d array}``; quantities that no statistic estimates are
            ignored.  It is evaluated once for each point and size.
        statistics : sequence of str, optional
            Restrict to these statistics.
        points : collection of str, optional
            Restrict to these points, by their canonical text.

        Returns
        -------
        tuple of Outcome
            In the order of points, laws, statistics.
        """
        outcomes = []
        cache: dict[tuple[str, int], Mapping[str, Any]] = {}
        for key, cell in self.cells.items():
            if points is not None and key[0] not in points:
                continue
            for n in cell.sizes:
                if (key[0], n) not in cache:
                    cache[key[0], n] = theory(cell.point, n)
            for summary in self.summary(key):
                statistic = summary.statistic
                if statistics is not None and statistic.name not in statistics:
                    continue
                predicted = tuple(lookup(cache[key[0], n], statistic.quantity, summary.index) for n in cell.sizes)
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
                for s in self.summary(key)
            )
        return Levels(self.level, tests, self.looks)

    def summary(self, key: tuple[str, str]) -> list[Summary]:
        if key not in self._summaries:
            self._summaries[key] = _summarise(self.experiment, self.cells[key])
        return self._summaries[key]


@dataclass(frozen=True)
class Summary:
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


def lookup(values: Mapping[str, Any], quantity: str, index: int | None) -> float:
    if quantity not in values:
        raise UnknownName("quantity", quantity, values)
    value = values[quantity]
    if index is not None:
        value = np.asarray(value, dtype=object).ravel()[index]
    return float(value)


def _summarise(experiment: Experiment, cell: Cell) -> list[Summary]:
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
                controls = [
                    (table[c.output], c.mean_at(cell.point, n, cell.law), c.coefficient) for c in statistic.controls
                ]
                sample = controlled(table[name], controls) if controls else table[name]
                samples.append(sample)
                gains.append(_gain(statistic, name, table, sample))
            known = [g for g in gains if g is not None]
            summaries.append(
                Summary(
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
