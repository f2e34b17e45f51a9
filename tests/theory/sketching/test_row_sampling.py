"""Means of the control variates of row sampling, by enumeration of every sample."""

from __future__ import annotations

import itertools
from fractions import Fraction

import numpy as np
import pytest

from theory.sketching.row_sampling import LOADS, Sketches, of


@pytest.mark.parametrize("draws", [2, 4])
def test_means_of_the_loads_are_those_of_all_samples(draws: int) -> None:
    made = of(
        {
            "kind": "gauss2", "n": 10, "d": 2, "scheme": "mix", "lam": Fraction(1), "ratio": Fraction(3),
            "design_seed": 1, "unit": Fraction(1),
        }
    )  # fmt: skip
    weights = np.linspace(0.5, 2, 10)
    sketches = Sketches(made, draws, weights, weights, "gram")
    total = dict.fromkeys(LOADS, 0.0)
    for sample in itertools.combinations_with_replacement(range(10), draws):
        rows, share = sketches.white[list(sample)], sketches.share[list(sample)]
        gram = (rows * share[:, None]).T @ rows
        orders = len(set(itertools.permutations(sample)))
        chance = orders * float(np.prod(sketches.pi[list(sample)]))
        for name, power, matrix in (
            ("load", 1, np.eye(2)), ("first_load", 1, sketches.first), ("square", 2, np.eye(2)),
            ("first_square", 2, sketches.first), ("cube", 3, np.eye(2)), ("fourth", 4, np.eye(2)),
        ):  # fmt: skip
            total[name] += chance * float(np.sum(np.linalg.matrix_power(gram, power) * matrix)) / 2
    known = sketches.moments()
    for name in LOADS:
        assert known[name] == pytest.approx(total[name], rel=1e-10), name
