"""Variance reduction keeps the mean and says what it gained."""

import numpy as np
import pytest

from rmtsym.errors import UnknownName
from rmtsym.simulate import Control, Experiment, Statistic, antithetic, run
from rmtsym.simulate.variance import averaged_form, controlled


def test_a_control_variate_leaves_the_mean_unbiased_in_small_samples():
    # an in-sample coefficient would be biased here, because the control enters quadratically
    rng = np.random.default_rng(0)
    means = []
    for _ in range(20000):
        c = rng.standard_normal(12)
        means.append(np.mean(controlled(c**2 + c, [(c, 0.0, None)])))
    assert abs(np.mean(means) - 1) < 4 * np.std(means) / np.sqrt(len(means))


def test_a_fixed_coefficient_is_used_as_given():
    y, c = np.array([1.0, 2.0]), np.array([3.0, 5.0])
    assert controlled(y, [(c, 4.0, 0.5)]).tolist() == [1.5, 1.5]


def wishart(rng, size, point, law):
    x = rng.standard_normal((size // 2, size))
    w = np.linalg.eigvalsh(x @ x.T / size)
    return {"m": float(np.mean(1 / (w + 1))), "m1": float(np.mean(w)), "m2": float(np.mean(w**2))}


def test_controls_of_an_experiment():
    controls = (Control("m1", 1.0), Control("m2", lambda point, size, law: 1.5 + 1 / size))
    experiment = Experiment(
        wishart,
        (20, 40),
        (Statistic("m", controls=controls, resolution=0.02), Statistic("m1", baseline="m2")),
        first_look=(200, 100),
    )
    result = run(experiment, looks=1)
    exact = (np.sqrt(1.5**2 + 2) - 1.5) / 1.0  # c = 1/2, lambda = 1: the positive root of m^2/2 + 3m/2 - 1 = 0
    first, second = result.judge(lambda point, size: {"m": exact, "m1": 1.0})
    assert first.gain > 20 and first.status == "ok"
    assert second.gain > 1
    with pytest.raises(UnknownName, match="control variate"):
        run(Experiment(wishart, (20, 40), (Statistic("m", controls=(Control("m3", 1.0),)),)), looks=1)


def label_noise(rng, size, point, law, sign):
    x = rng.standard_normal(size)
    noise = sign * rng.standard_normal(size)
    return {"risk": float(np.mean((1 + noise) ** 2)), "lin": np.array([float(np.mean(x + 3 * noise))])}


def test_antithetic_pairs_cancel_odd_noise_and_report_the_gain():
    experiment = Experiment(
        antithetic(label_noise),
        (20, 40),
        (Statistic("risk", kind="exact"), Statistic("lin", scale=1.0)),
        first_look=(100, 100),
    )
    risk, lin = run(experiment, looks=1).judge(lambda point, size: {"risk": 2.0, "lin": [0.0]})
    assert risk.status != "refuted" and lin.status != "refuted"
    assert risk.gain > 1.2
    assert 3 < lin.gain < 8  # variances 1 + 9 against 1, at twice the cost


def test_averaged_form_is_the_mean_over_directions():
    from rmtsym.simulate import block_signal

    rng = np.random.default_rng(1)
    a = rng.standard_normal((6, 6))
    m = a @ a.T
    counts, masses = (2, 4), (0.3, 1.7)
    draws = [beta @ m @ beta for beta in (block_signal(rng, counts, masses) for _ in range(20000))]
    assert abs(np.mean(draws) - averaged_form(np.diag(m), counts, masses)) < 4 * np.std(draws) / np.sqrt(len(draws))
