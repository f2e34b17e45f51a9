"""Gram matrices that are drawn without their reservoir, against reservoirs; and one network run step by step."""

import numpy as np
import pytest

from rmtsym.errors import UnknownName
from rmtsym.fixedpoint import solve
from rmtsym.simulate.ensembles import haar
from rmtsym.theorem import get
from theory.regression.linear_esn_weighted_ridge.statement import statement
from theory.regression.reservoirs import gram

LENGTH, INPUTS, NEURONS, RHO = 5, 2, 12, 0.8


def explicit(rng, matrix):
    """Gram matrix of the states of a reservoir that is drawn."""
    columns = [rng.standard_normal((NEURONS, INPUTS)) / np.sqrt(NEURONS)]
    for _ in range(LENGTH - 1):
        columns.append(RHO * matrix @ columns[-1])
    states = np.stack(columns, axis=1).reshape(NEURONS, -1)
    return states.T @ states


@pytest.mark.parametrize("kind", ["orthogonal", "cycle"])
def test_gram_matrices_have_the_law_of_those_of_a_reservoir(kind):
    rng, draws = np.random.default_rng(1), 4000
    shift = np.roll(np.eye(NEURONS), 1, axis=0)
    ours = np.array([gram(rng, kind, NEURONS, INPUTS, LENGTH, RHO) for _ in range(draws)])
    theirs = np.array([explicit(rng, haar(rng, NEURONS) if kind == "orthogonal" else shift) for _ in range(draws)])
    for power in (1, 2, 3):
        a, b = ours**power, theirs**power
        error = np.sqrt((a.var(axis=0) + b.var(axis=0)) / draws)
        assert np.max(np.abs(a.mean(axis=0) - b.mean(axis=0)) / error) < 5


def test_an_unknown_reservoir_is_refused():
    with pytest.raises(UnknownName, match="reservoir"):
        gram(np.random.default_rng(0), "ring", 10, 1, 2, 0.5)


def test_a_network_run_step_by_step_has_the_errors_of_the_theory():
    theorem = get("linear-esn-weighted-ridge")
    T, N, neurons, lam = 12, 80, 200, 0.01
    theta = 0.7 ** np.arange(T)[::-1]
    theta /= np.linalg.norm(theta)
    rng, found = np.random.default_rng(2), {"risk": [], "train": []}
    for _ in range(80):
        W, w = 0.6 * haar(rng, neurons), rng.standard_normal(neurons) / np.sqrt(neurons)
        inputs = np.concatenate([rng.standard_normal((N, T)), np.eye(T)])  # and one impulse at each time
        states = np.zeros((N + T, neurons))
        for t in range(T):
            states = states @ W.T + np.outer(inputs[:, t], w)
        labels = inputs[:N] @ theta + np.sqrt(0.1) * rng.standard_normal(N)
        Z = states[:N]
        readout = Z.T @ np.linalg.solve(Z @ Z.T / N + lam * np.eye(N), labels) / N
        found["risk"].append(0.1 + np.sum((states[N:] @ readout - theta) ** 2))
        found["train"].append(np.mean((labels - Z @ readout) ** 2))
    values = theorem.values(theorem.point("A", T="12", N="80", rho="3/5"))
    for name, sample in found.items():
        error = np.std(sample) / np.sqrt(len(sample)) / float(values[name])
        assert abs(np.mean(sample) / float(values[name]) - 1) < 4 * error + 2 / N


def test_a_small_reservoir_has_the_errors_of_its_own_gram_matrix():
    """With F'F in place of its limit R the statement holds for any reservoir: 24 neurons, 12 inputs."""
    T, N, lam, sig2 = 12, 80, 0.01, 0.1
    theta = 0.7 ** np.arange(T)[:, None]
    theta /= np.linalg.norm(theta)
    rng = np.random.default_rng(5)
    K = gram(rng, "orthogonal", 24, 1, T, 0.8)
    fixed = {"T": T, "N": N, "d": 1, "lam": lam, "sig2": sig2, "Sigma": np.eye(T), "theta": theta, "r2": 1.0}
    own, limit = (solve(statement(), {**fixed, "R": R}) for R in (K, np.diag(0.8 ** (2 * np.arange(T)))))
    found = {"B": [], "V": []}
    for _ in range(2000):
        U = rng.standard_normal((T, N))
        S = U @ U.T / N
        X = np.linalg.solve(K @ S + lam * np.eye(T), K)
        found["B"].append(np.sum((theta - X @ S @ theta) ** 2))
        found["V"].append(sig2 / N * np.sum(X * (X @ S)))
    for name, sample in found.items():
        value = float(own[name])
        error = np.std(sample) / np.sqrt(len(sample)) / value
        assert abs(np.mean(sample) / value - 1) < 4 * error + 2 / N, name
        assert abs(float(limit[name]) / value - 1) > 2 * (4 * error + 2 / N), name
