"""Simulation: seeded replicates, executors, the record store, and finite-size tests with their power.

>>> from rmtsym.simulate import Experiment, Statistic, run
"""

from __future__ import annotations

from rmtsym.simulate.campaign import Interrupted, Progress, run
from rmtsym.simulate.ensembles import (
    LAWS,
    block_counts,
    block_signal,
    entries,
    excess_kurtosis,
    haar,
    population,
    wigner,
    wigner_eigenvalues,
    wishart_eigenvalues,
)
from rmtsym.simulate.executors import DaskCluster, Executor, Processes, Serial, WorkerLost, executor
from rmtsym.simulate.experiment import Batch, BatchResult, Control, Experiment, ReplicateError, Statistic
from rmtsym.simulate.false_alarms import Rate, refutation_rate
from rmtsym.simulate.fingerprint import fingerprint
from rmtsym.simulate.finite_size import Contrast, Fit, Moments, fit
from rmtsym.simulate.judgement import Levels, Outcome, Theory, judge_statistic
from rmtsym.simulate.samples import Run
from rmtsym.simulate.seeds import generator, point_key, seed_sequence
from rmtsym.simulate.store import RecordStore, StoreDamaged, StoreError, default_path
from rmtsym.simulate.variance import antithetic, averaged_form, controlled

__all__ = [
    "LAWS",
    "Batch",
    "BatchResult",
    "Contrast",
    "Control",
    "DaskCluster",
    "Executor",
    "Experiment",
    "Fit",
    "Interrupted",
    "Levels",
    "Moments",
    "Outcome",
    "Processes",
    "Progress",
    "Rate",
    "RecordStore",
    "ReplicateError",
    "Run",
    "Serial",
    "Statistic",
    "StoreDamaged",
    "StoreError",
    "Theory",
    "WorkerLost",
    "antithetic",
    "averaged_form",
    "block_counts",
    "block_signal",
    "controlled",
    "default_path",
    "entries",
    "excess_kurtosis",
    "executor",
    "fingerprint",
    "fit",
    "generator",
    "haar",
    "judge_statistic",
    "point_key",
    "population",
    "refutation_rate",
    "run",
    "seed_sequence",
    "wigner",
    "wigner_eigenvalues",
    "wishart_eigenvalues",
]
