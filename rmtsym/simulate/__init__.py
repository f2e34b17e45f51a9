r"""Simulation: seeded replicates, executors, the record store, and finite-size tests with their power.

An experiment is one pure function ``replicate(rng, size, point, law) -> {name: value}`` and claims about its outputs:

.. math:: E\,T_n = \theta + C n^{-a} + O(n^{-\min(2a, a+1)}).

:func:`run` draws replicates at several sizes, extrapolates, and a :class:`Run` judges any theory on the samples. Each
:class:`Outcome` is ``ok``, ``refuted`` or ``inconclusive`` and carries the figures: z-score, resolution (the relative
deviation that would have been refuted with 99 % power), coefficient and exponent of the finite-size term, and gain of
the variance reduction.  The probability of any false refutation in a family of tests is at most its ``level``
(Bonferroni over tests and looks).

Examples
--------
The second moment of the Marchenko-Pastur law with ratio 1/2, right and wrong:

>>> import numpy as np
>>> from rmtsym.simulate import Experiment, Statistic, entries, run
>>> def replicate(rng, size, point, law):
...     x = entries(rng, (size // 2, size), law)
...     return {"m2": float(np.sum((x @ x.T / size) ** 2)) / (size // 2)}
>>> experiment = Experiment(
...     replicate, (40, 80), (Statistic("m2", resolution=0.05),), laws=("gauss", "rad"), theorem="second-moment"
... )
>>> samples = run(experiment)
>>> [outcome.status for outcome in samples.judge(lambda point, size: {"m2": 1 + 1 / 2})]
['ok', 'ok']
>>> [outcome.status for outcome in samples.judge(lambda point, size: {"m2": 1 + 1 / 4})]
['refuted', 'refuted']
"""

from __future__ import annotations

from rmtsym.simulate.campaign import Interrupted, Progress, run
from rmtsym.simulate.controls import covariance_controls, covariance_moment, covariance_outputs
from rmtsym.simulate.ensembles import (
    LAWS,
    block_counts,
    block_signal,
    entries,
    entry_moment,
    excess_kurtosis,
    haar,
    population,
    wigner,
    wigner_eigenvalues,
    wishart_eigenvalues,
    wishart_factor,
)
from rmtsym.simulate.executors import DaskCluster, Executor, Processes, Serial, WorkerLost, executor
from rmtsym.simulate.experiment import Batch, BatchResult, Control, Experiment, ReplicateError, Statistic
from rmtsym.simulate.false_alarms import Rate, refutation_rate
from rmtsym.simulate.fingerprint import fingerprint
from rmtsym.simulate.finite_size import Contrast, Fit, Moments, fit
from rmtsym.simulate.judgement import Levels, Outcome, Theory, judge_statistic
from rmtsym.simulate.lattice import gaussian_pairs
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
    "covariance_controls",
    "covariance_moment",
    "covariance_outputs",
    "default_path",
    "entries",
    "entry_moment",
    "excess_kurtosis",
    "executor",
    "fingerprint",
    "fit",
    "gaussian_pairs",
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
    "wishart_factor",
]
