"""Exact means of traces of sample covariances, against enumeration and against draws."""

import itertools

import numpy as np
import pytest

from rmtsym.errors import DomainError
from rmtsym.simulate import (
    Experiment,
    Statistic,
    covariance_controls,
    covariance_moment,
    covariance_outputs,
    entries,
    entry_moment,
    generator,
    run,
)


def covariance(z, s, v):
    x = np.sqrt(v)[:, None] * z * np.sqrt(s)
    return x.T @ x / len(v)


def test_all_signs_of_a_small_matrix():
    s, v = np.array([1.0, 3.0, 0.5]), np.array([2.0, 1.0, 0.25])
    traces = [
        list(covariance_outputs(covariance(np.reshape(signs, (3, 3)), s, v)).values())
        for signs in itertools.product((-1.0, 1.0), repeat=9)
    ]
    exact = [covariance_moment(k, s, v, "rad") for k in (1, 2, 3, 4)]
    assert np.allclose(np.mean(traces, axis=0), exact, rtol=1e-12)


def test_all_signs_and_zeros():
    # entries 0 (2/3) or +-sqrt(3) (1/6 each): moments 3^(k/2 - 1), checked by giving them a name
    s, v, laws = np.array([1.0, 2.0]), np.ones(2), {-1: 1 / 6, 0: 2 / 3, 1: 1 / 6}
    mean = np.zeros(4)
    for signs in itertools.product(laws, repeat=4):
        weight = np.prod([laws[x] for x in signs])
        z = np.sqrt(3) * np.reshape(signs, (2, 2))
        mean += weight * np.array(list(covariance_outputs(covariance(z, s, v)).values()))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("rmtsym.simulate.controls.entry_moment", lambda law, k: 3.0 ** (k // 2 - 1))
        exact = [covariance_moment(k, s, v, "ternary") for k in (1, 2, 3, 4)]
    assert np.allclose(mean, exact, rtol=1e-12)


@pytest.mark.parametrize("law", ["gauss", "rad", "unif", "t12"])
def test_draws(law):
    s, v = np.repeat([1.0, 4.0], 3), np.repeat([0.5, 1.5], 4)
    samples = (entries(generator(0, "controls", {}, 8, law, r), (8, 6), law) for r in range(6000))
    draws = np.array([list(covariance_outputs(covariance(z, s, v)).values()) for z in samples])
    exact = np.array([covariance_moment(k, s, v, law) for k in (1, 2, 3, 4)])
    error = draws.std(axis=0) / np.sqrt(len(draws))
    assert np.all(np.abs(draws.mean(axis=0) - exact) < 4.5 * error + 1e-12 * exact)


def test_integer_means_unit_weights_and_companion_has_the_same_traces():
    assert covariance_moment(3, np.ones(4), 6) == covariance_moment(3, np.ones(4), np.ones(6))
    x = np.random.default_rng(0).standard_normal((4, 7))
    a, b, c = (covariance_outputs(m) for m in (x.T @ x, x @ x.T, np.linalg.eigvalsh(x @ x.T)))
    assert all(np.allclose([a[k] for k in a], [other[k] for k in a]) for other in (b, c))


def test_moments_that_are_not_there():
    assert covariance_moment(2, np.ones(2), 3, "t5") < np.inf
    assert covariance_moment(3, np.ones(2), 3, "t5") == np.inf
    with pytest.raises(DomainError, match="order"):
        covariance_moment(5, np.ones(2), 3)


@pytest.mark.parametrize("law", ["gauss", "rad", "unif", "sparse", "t12"])
def test_entry_moments(law):
    z = entries(generator(1, "moments", {}, 1, law, 0), 300_000, law)
    for k in (1, 2, 3, 4):
        assert abs(np.mean(z**k) - entry_moment(law, k)) < 4.5 * np.std(z**k) / np.sqrt(len(z)) + 1e-12


def resolvent(rng, size, point, law):
    z = entries(rng, (size, size // 2), law)
    w = np.linalg.eigvalsh(z.T @ z / size)
    return {"m": float(np.mean(1 / (w + 0.5)))} | covariance_outputs(w)


def test_the_gain_on_a_resolvent():
    controls = covariance_controls(lambda point, size: (np.ones(size // 2), size))
    experiment = Experiment(
        resolvent, (30, 60), (Statistic("m", controls=controls),), laws=("gauss", "rad"), first_look=(300, 150)
    )
    m = (np.sqrt(1.0 + 1.0) - 1.0) / 0.5  # c = 1/2, lambda = 1/2
    outcomes = run(experiment, looks=1).judge(lambda point, size: {"m": m})
    assert all(o.status != "refuted" and o.gain > 20 for o in outcomes)
