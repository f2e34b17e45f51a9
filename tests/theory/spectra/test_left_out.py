"""Columns and rows left out one at a time, against a matrix without them."""

import numpy as np
import pytest

from rmtsym.simulate.ensembles import entries
from theory.spectra.left_out import left_out, left_out_controls

P, N = 5, 8


def found(seed: int, shift: float, law: str = "gauss") -> tuple[np.ndarray, dict[str, float]]:
    x = entries(np.random.default_rng(seed), (P, N), law) / np.sqrt(N)
    return x, left_out("at", x, x @ x.T, 1 / N, shift)


@pytest.mark.parametrize("shift", [0.0, 0.3])
def test_forms(shift):
    x, values = found(0, shift)
    own = {c.output: [] for c in left_out_controls("at")}
    for j in range(N):
        rest = np.delete(x, j, axis=1)
        R = np.linalg.inv(rest @ rest.T + shift * np.eye(P))
        for name, M in (("at_load", R), ("at_square", R @ R)):
            own[name].append(x[:, j] @ M @ x[:, j] - np.trace(M) / N)
    for a in range(P):
        rest = np.delete(x, a, axis=0)
        M = np.eye(N) - rest.T @ np.linalg.inv(rest @ rest.T + shift * np.eye(P - 1)) @ rest
        own["at_row"].append(x[a] @ M @ x[a] - np.trace(M) / N)
    assert values == pytest.approx({name: np.mean(forms) for name, forms in own.items()})


@pytest.mark.parametrize("law", ["gauss", "t9"])
def test_means_are_zero(law):
    draws = [found(seed, 0.3, law)[1] for seed in range(3000)]
    for name in draws[0]:
        values = np.array([d[name] for d in draws])
        assert abs(values.mean()) < 4.5 * values.std() / np.sqrt(len(values)), name
