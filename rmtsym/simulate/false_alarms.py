"""How often a right theory is refuted, and a wrong one is not: measured, by running a test under many seeds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from scipy.special import betaincinv

from rmtsym.simulate.campaign import run
from rmtsym.simulate.experiment import Experiment
from rmtsym.simulate.judgement import Theory

__all__ = ["Rate", "refutation_rate"]


@dataclass(frozen=True)
class Rate:
    """A measured frequency and its exact (Clopper-Pearson) 99 % confidence interval."""

    events: int
    trials: int

    @property
    def value(self) -> float:
        return self.events / self.trials

    @property
    def interval(self) -> tuple[float, float]:
        """Clopper-Pearson interval at 99 %.

        >>> low, high = Rate(1, 100).interval
        >>> low < 0.01 < high
        True
        """
        k, n = self.events, self.trials
        low = float(betaincinv(k, n - k + 1, 0.005)) if k else 0.0
        high = float(betaincinv(k + 1, n - k, 0.995)) if k < n else 1.0
        return low, high


def refutation_rate(experiment: Experiment, theory: Theory, seeds: Sequence[int], **options: Any) -> Rate:
    """Fraction of seeds under which at least one statistic of the experiment refutes the theory.

    For a right theory this is the family-wise rate of false alarms, to be compared with ``level``; for a wrong one it
    is the power.

    Parameters
    ----------
    experiment, theory
        As in :func:`rmtsym.simulate.run`.
    seeds : sequence of int
        One run for each.
    options
        Passed to :func:`rmtsym.simulate.run` (``looks``, ``level``, ``family``, ``executor``, ``store``).

    Examples
    --------
    >>> import numpy as np
    >>> from rmtsym.simulate.experiment import Statistic
    >>> def replicate(rng, size, point, law):
    ...     return {"m": 1 + 1 / size + rng.standard_normal() / size}
    >>> experiment = Experiment(replicate, (20, 40), (Statistic("m"),), theorem="demo")
    >>> refutation_rate(experiment, lambda point, size: {"m": 1.0}, range(20), looks=1).events
    0
    """
    events = 0
    for seed in seeds:
        outcomes = run(experiment, theory=theory, seed=seed, **options).judge(theory)
        events += any(outcome.status == "refuted" for outcome in outcomes)
    return Rate(events, len(seeds))
