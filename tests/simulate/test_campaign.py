"""A run stops when it may, uses what is recorded, and tells the truth about right and wrong theories."""

import numpy as np
import pytest

from rmtsym.simulate import (
    Experiment,
    Interrupted,
    Progress,
    RecordStore,
    Statistic,
    default_path,
    refutation_rate,
    run,
)

CALLS = []


def synthetic(rng, size, point, law):
    """Mean 1 + 1/n (or n^-1/2 at rate 'half'), noise of order 1/n, skewed for the law 'skew'."""
    CALLS.append(size)
    noise = rng.exponential() - 1 if law == "skew" else rng.standard_normal()
    rate = 0.5 if point.get("rate") == "half" else 1.0
    return {"a": 1 + size**-rate + 0.3 * noise / size, "b": 2 + rng.standard_normal() / size}


def theory(point, size):
    return {"a": 1.0, "b": 2.0}


def make(**options):
    defaults = dict(
        sizes=(20, 40),
        statistics=(Statistic("a", resolution=0.02), Statistic("b", resolution=0.02)),
        theorem="synthetic",
    )
    return Experiment(synthetic, **(defaults | options))


def test_a_run_stops_when_every_statistic_is_sharp_enough():
    sharp = run(make(), theory=theory, looks=6)
    counts = sharp.judge(theory)[0].counts
    assert counts[0] < 64 * 2**5
    assert all(o.status == "ok" and o.resolution <= 0.02 for o in sharp.judge(theory))


def test_without_power_the_outcome_is_inconclusive():
    outcomes = run(make(statistics=(Statistic("a", resolution=1e-4),)), theory=theory, looks=2).judge(theory)
    assert [o.status for o in outcomes] == ["inconclusive"]
    assert outcomes[0].counts == (128, 64)


def test_cells_are_independent_of_each_other():
    both = run(make(laws=("gauss", "skew"), points=({}, {"rate": "half"})), looks=2)
    alone = run(make(laws=("skew",)), looks=2)
    assert np.array_equal(both.values("a", 20, "skew")[:64], alone.values("a", 20, "skew")[:64])
    assert list(both.cells) == [("", "gauss"), ("", "skew"), ('rate="half"', "gauss"), ('rate="half"', "skew")]


def test_a_mutant_is_judged_without_simulating_again():
    result = run(make(), theory=theory)
    calls = len(CALLS)
    assert [o.status for o in result.judge(lambda point, size: {"a": 1.05, "b": 2.0})] == ["refuted", "ok"]
    assert len(CALLS) == calls


def test_a_wrong_rate_is_refuted():
    outcomes = run(make(points=({"rate": "half"},)), theory=theory).judge(theory)
    assert outcomes[0].status == "refuted" and "claimed 1" in outcomes[0].reason
    assert outcomes[1].status == "ok"


def test_records_are_used_again_and_only_where_they_fit(tmp_path):
    with RecordStore(tmp_path / "r.sqlite") as store:
        first = run(make(), theory=theory, store=store)
        assert first.reused == 0
        calls = len(CALLS)
        second = run(make(), theory=theory, store=store)
        assert len(CALLS) == calls and second.reused == second.replicates == first.replicates
        assert second.judge(theory) == first.judge(theory)
        run(make(), theory=theory, store=store, seed=1)
        assert len(CALLS) > calls
    assert run(make(), theory=theory).judge(theory) == first.judge(theory)


def test_more_looks_extend_what_is_recorded(tmp_path):
    with RecordStore(tmp_path / "r.sqlite") as store:
        experiment = make(statistics=(Statistic("a", resolution=1e-5),))
        run(experiment, looks=1, store=store)
        calls = len(CALLS)
        longer = run(experiment, looks=2, store=store)
        assert len(CALLS) - calls == 96
        fresh = run(experiment, looks=2)
        assert np.array_equal(longer.values("a", 20), fresh.values("a", 20))


def test_progress_counts_up_and_estimates_the_time_left():
    seen: list[Progress] = []
    run(make(), theory=theory, looks=2, progress=seen.append)
    assert seen[0].done == 0 and seen[-1].done == seen[-1].total
    assert all(0 <= p.done <= p.total for p in seen)
    assert seen[-1].eta == pytest.approx(0) and "replicates" in str(seen[-1])


def test_ctrl_c_keeps_what_is_finished(tmp_path):
    def stop(progress):
        if progress.done >= 100:
            raise KeyboardInterrupt

    experiment = make(statistics=(Statistic("a", resolution=1e-5),))
    with RecordStore(tmp_path / "r.sqlite") as store:
        with pytest.raises(Interrupted) as caught:
            run(experiment, theory=theory, store=store, looks=3, progress=stop)
        assert caught.value.run.replicates >= 100
        assert [o.counts for o in caught.value.run.judge(theory)] == [(64, 32)]  # the look that was finished
        calls = len(CALLS)
        rest = run(experiment, theory=theory, store=store, looks=3)
        assert rest.reused == caught.value.run.replicates
        assert len(CALLS) - calls == rest.replicates - rest.reused


def test_the_default_path_can_be_set(monkeypatch, tmp_path):
    monkeypatch.setenv("RMTSYM_STORE", str(tmp_path / "x.sqlite"))
    assert default_path() == tmp_path / "x.sqlite"
    monkeypatch.delenv("RMTSYM_STORE")
    assert str(default_path()) == ".rmtsym/records.sqlite"


# -- measured error rates ---------------------------------------------------------------------------------------------

SEEDS = range(100)


def test_a_right_theory_is_refuted_at_most_at_the_stated_level():
    rate = refutation_rate(make(laws=("gauss", "skew")), theory, SEEDS, level=0.05, looks=3)
    assert rate.interval[0] <= 0.05


def test_right_with_three_sizes():
    rate = refutation_rate(make(sizes=(20, 40, 80)), theory, SEEDS, level=0.05, looks=3)
    assert rate.interval[0] <= 0.05


def test_a_theory_wrong_by_twice_the_resolution_is_refuted():
    wrong = refutation_rate(make(), lambda point, size: {"a": 1.04, "b": 2.0}, range(60), looks=6)
    assert wrong.interval[1] >= 0.99


def test_a_wrong_rate_is_always_refuted():
    assert refutation_rate(make(points=({"rate": "half"},)), theory, range(30)).events == 30
