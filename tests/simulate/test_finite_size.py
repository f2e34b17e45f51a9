"""Contrasts against closed forms, and their false alarms and power against synthetic truth."""

import numpy as np
import pytest

from rmtsym.simulate import Contrast, Levels, Moments, Statistic, fit, judge_statistic
from rmtsym.simulate.false_alarms import Rate


def moments(mean, sigma, count):
    """Moments of a symmetric sample with exactly this mean and standard deviation."""
    return Moments(count, mean, sigma**2, 0.0, 3 * sigma**4)


def test_two_sizes_give_richardson():
    a, b = moments(1.30, 0.1, 400), moments(1.14, 0.05, 100)
    result = fit((100, 200), (a, b), (1.0, 1.0), 1.0).extrapolation
    assert result.value == pytest.approx(2 * 0.14 - 0.30)
    assert result.se == pytest.approx(np.hypot(0.1 / 20, 2 * 0.05 / 10))
    half = fit((100, 400), (a, b), (1.0, 1.0), 0.5).extrapolation
    assert half.value == pytest.approx(2 * 0.14 - 0.30)


def test_the_theory_may_depend_on_the_size():
    a, b = moments(2.5, 0.1, 400), moments(3.5, 0.1, 400)
    assert fit((100, 200), (a, b), (2.5, 3.5), 1.0).extrapolation.value == pytest.approx(0, abs=1e-12)


def test_three_exact_sizes_remove_both_terms():
    sizes = (50, 100, 200)
    means = [moments(1 + 2 / n + 30 / n**2, 1e-9, 100) for n in sizes]
    result = fit(sizes, means, (1.0,) * 3, 1.0)
    assert abs(result.extrapolation.value) < 1e-6  # the next order is larger than the noise, so it is eliminated
    assert result.extrapolation.allowance < 1e-6


def test_the_allowance_covers_the_next_order_and_is_not_free():
    sizes = (50, 100)
    means = [moments(1 / (1 - 2 / n), 1e-6, 100) for n in sizes]  # 1 + 2/n + 4/n^2 + ...
    result = fit(sizes, means, (1.0, 1.0), 1.0).extrapolation
    assert 0 < abs(result.value) < 1.1 * result.allowance
    assert result.allowance < 1.2e-3
    assert not result.rejects(1e-3)
    assert fit(sizes, means, (1.004, 1.004), 1.0).extrapolation.rejects(1e-3)


def test_a_wrong_rate_is_seen_with_three_sizes_whatever_the_theory():
    sizes = (100, 400, 1600)
    means = [moments(1 + 0.5 / n**0.5, 1e-4, 100) for n in sizes]
    for theory in (1.0, 1.01):
        assert fit(sizes, means, (theory,) * 3, 1.0).rate.rejects(1e-6)
        assert not fit(sizes, means, (theory,) * 3, 0.5).rate.rejects(1e-2)


@pytest.mark.parametrize("exponent", [0.5, 2 / 3, 1.0, 2.0])
def test_the_exponent_is_found(exponent):
    sizes = (100, 200, 400)
    means = [moments(1 + 3 / n**exponent, 1e-6, 100) for n in sizes]
    found = fit(sizes, means, (1.0,) * 3, exponent)
    assert abs(found.exponent - exponent) < 3 * found.exponent_error + 0.01
    assert found.coefficient == pytest.approx(3, rel=0.05)


def test_no_finite_size_term_no_exponent():
    result = fit((100, 200), (moments(1, 0.1, 100), moments(1, 0.1, 100)), (1.0, 1.0), 1.0)
    assert np.isinf(result.exponent_error)


def test_an_exact_claim_is_pooled_and_its_independence_of_the_size_tested():
    good = fit((10, 20), (moments(1.0, 0.1, 100), moments(1.0, 0.1, 100)), (1.0, 1.0), None)
    assert good.extrapolation.se == pytest.approx(0.01 / np.sqrt(2))
    bad = fit((10, 20), (moments(1.1, 0.1, 100), moments(0.9, 0.1, 100)), (1.0, 1.0), None)
    assert not bad.extrapolation.rejects(1e-3)
    assert bad.rate.rejects(1e-6)


def test_noise_free_statistics_are_compared_to_their_rounding():
    sizes = (50, 100, 200)
    exact = [moments(1.0, 0.0, 100)] * 3
    assert not fit(sizes, exact, (1.0,) * 3, 1.0).extrapolation.rejects(1e-3)
    assert fit(sizes, exact, (1.0 + 1e-8,) * 3, 1.0).extrapolation.rejects(1e-9)


def test_critical_values_and_p_values_agree():
    for skew in (-0.3, 0.0, 0.2):
        for level in (1e-2, 1e-5):
            lower, upper = Contrast(0.0, 1.0, 40.0, skew).critical(level)
            assert Contrast(upper, 1.0, 40.0, skew).p_value == pytest.approx(level, rel=1e-6)
            assert Contrast(-lower, 1.0, 40.0, skew).p_value == pytest.approx(level, rel=1e-6)


def test_detectable_is_refuted_with_the_stated_power():
    rng = np.random.default_rng(0)
    sizes, counts, level, trials = (50, 100), (60, 40), 0.01, 1000
    detected = 0
    for _ in range(trials):
        draws = [1 + 1 / n + rng.standard_normal(c) / n for n, c in zip(sizes, counts, strict=True)]
        result = fit(sizes, [Moments.of(d) for d in draws], (0.0,) * 2, 1.0).extrapolation
        wrong = 1.0 + result.detectable(level, 0.9)
        detected += fit(sizes, [Moments.of(d) for d in draws], (wrong,) * 2, 1.0, scale=1.0).extrapolation.rejects(
            level
        )
    assert Rate(detected, trials).interval[1] > 0.9


LAWS = {
    "gauss": lambda rng, size: rng.standard_normal(size),
    "skewed": lambda rng, size: rng.exponential(size=size) - 1,
    "heavy": lambda rng, size: rng.standard_t(5, size=size) * np.sqrt(3 / 5),
}


@pytest.mark.parametrize("law", LAWS)
@pytest.mark.parametrize("sizes", [(50, 100), (50, 100, 200)])
def test_false_alarms_stay_below_the_level(law, sizes):
    rng = np.random.default_rng(1)
    level, trials, alarms = 0.02, 1500, 0
    for _ in range(trials):
        draws = [1 + 1 / n + LAWS[law](rng, 6400 // n) / n for n in sizes]
        result = fit(sizes, [Moments.of(d) for d in draws], (1.0,) * len(sizes), 1.0)
        alarms += result.extrapolation.rejects(level) or (result.rate is not None and result.rate.rejects(level))
    tests = 1 if len(sizes) == 2 else 2
    assert Rate(alarms, trials).interval[0] <= tests * level


def test_coefficients_that_differ_between_sizes_need_their_allowance():
    sizes, jumps = (64, 128, 256), (0.4, 1.5, -1.6)  # of the coefficient of 1/n
    found = [moments(1 + c / n, 1e-4, 400) for n, c in zip(sizes, jumps, strict=True)]
    smooth = fit(sizes, found, (1.0,) * 3, 1.0, curvature=300.0)
    assert smooth.extrapolation.rejects(1e-6)  # a smooth next term cancels in the fit
    free = fit(sizes, found, (1.0,) * 3, 1.0, variation=1.6)
    assert not free.extrapolation.rejects(0.1) and not free.rate.rejects(0.1)
    wrong = 1 + free.extrapolation.detectable(1e-6, 0.9)
    assert fit(sizes, found, (wrong,) * 3, 1.0, variation=1.6).extrapolation.rejects(1e-6)
    assert free.extrapolation.detectable(1e-6, 0.9) < 0.12


def test_statuses():
    sizes = (100, 200)

    def judge(means, theory, sigma=1e-4, **options):
        found = [moments(m, sigma, 100) for m in means]
        return judge_statistic(Statistic("m", **options), sizes, found, (theory,) * 2, Levels(), law="sparse")

    assert judge((1.02, 1.01), 1.0).status == "ok"
    wrong = judge((1.02, 1.01), 1.01)
    assert wrong.status == "refuted" and "standard errors" in wrong.reason
    rate = judge((1.0 + 1 / 10, 1.0 + 1 / 200**0.5), 1.0)
    assert rate.status == "refuted" and "exponent is 0.5" in rate.reason
    blind = judge((1.02, 1.01), 1.0, sigma=1.0)
    assert blind.status == "inconclusive" and "no power" in blind.reason
    zero = judge((1e-3, 5e-4), 0.0)
    assert zero.status == "inconclusive" and "declare the scale" in zero.reason
    assert judge((1e-3, 5e-4), 0.0, scale=1.0).status == "ok"
    assert judge((1.02, 1.01), 1.01, fails=("sparse",)).status == "ok"
    holds = judge((1.02, 1.01), 1.0, fails=("sparse",))
    assert holds.status == "refuted" and "documented to fail" in holds.reason


def test_few_replicates_are_never_enough():
    found = [moments(1.0, 1e-9, 4)] * 2
    assert judge_statistic(Statistic("m"), (100, 200), found, (1.0, 1.0), Levels()).status == "inconclusive"


def test_the_level_is_shared_out():
    assert Levels(1e-3, tests=10, looks=4).single == pytest.approx(2.5e-5)


def test_an_astronomic_theory_is_judged_without_overflow():
    levels = [Moments.of(1.0 + np.array([-0.01, 0.01] * 8) + 1 / n) for n in (50, 100)]
    with np.errstate(all="raise"):
        assert np.isinf(fit((50, 100), levels, [1e160, 1e160], 1.0).exponent_error)
