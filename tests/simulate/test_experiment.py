"""An experiment checks what it is given, and a batch is a pure function of its replicate numbers."""

import numpy as np
import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.simulate import Batch, Experiment, ReplicateError, Statistic, run
from rmtsym.simulate.experiment import run_batch


def noise(rng, size, point, law):
    return {"m": rng.standard_normal() / size, "v": rng.standard_normal(2)}


def test_batches_do_not_matter():
    whole = run_batch(noise, Batch("t", {}, 10, "gauss", 0, 0, 12))
    parts = [run_batch(noise, Batch("t", {}, 10, "gauss", 0, first, 4)).values for first in (8, 0, 4)]
    assert whole.columns == ("m", "v[0]", "v[1]")
    assert np.array_equal(whole.values, np.vstack([parts[1], parts[2], parts[0]]))


@pytest.mark.parametrize("sizes", [(), (10,), (20, 10), (10, 10), (0, 5)])
def test_sizes_are_checked(sizes):
    with pytest.raises(DomainError, match="sizes"):
        Experiment(noise, sizes, (Statistic("m"),))


def test_one_size_is_enough_for_an_exact_claim():
    assert Experiment(noise, (10,), (Statistic("m", kind="exact"),)).sizes == (10,)


def test_statistics_are_checked():
    with pytest.raises(UnknownName, match="trace"):
        Statistic("m", kind="trcae")
    with pytest.raises(DomainError, match="exponent"):
        Statistic("m", exponent=-1)
    with pytest.raises(DomainError, match="resolution"):
        Statistic("m", resolution=0)
    with pytest.raises(DomainError, match="statistics"):
        Experiment(noise, (10, 20), ())


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ({"m": float("nan")}, "not finite"),
        (None, "returned None; return a dict"),
        ({"m": 1j}, "split complex"),
        ({"m": np.eye(2)}, r"shape \(2, 2\)"),
        ({"m": "1"}, "real floats"),
    ],
)
def test_outputs_are_checked(output, message):
    with pytest.raises(ReplicateError, match=message):
        run_batch(lambda rng, size, point, law: output, Batch("t", {}, 10, "gauss", 0, 0, 1))


def test_a_failure_names_the_replicate():
    def fails(rng, size, point, law):
        raise np.linalg.LinAlgError("singular")

    with pytest.raises(ReplicateError, match=r"replicate 5 of t \(c=1; size 10, law rad, seed 3\) failed: LinAlgError"):
        run_batch(fails, Batch("t", {"c": 1}, 10, "rad", 3, 5, 1))


def test_outputs_must_not_change_their_names():
    def changes(rng, size, point, law):
        return {"a" if rng.random() < 0.5 else "b": 1.0}

    with pytest.raises(ReplicateError, match="not the outputs"):
        run_batch(changes, Batch("t", {}, 10, "gauss", 0, 0, 20))


def test_an_unknown_statistic_is_named():
    with pytest.raises(UnknownName, match="did you mean m"):
        run(Experiment(noise, (10, 20), (Statistic("mm"),), first_look=(8, 8)))
    result = run(Experiment(noise, (10, 20), (Statistic("m", "mean"),), first_look=(8, 8)), looks=1)
    with pytest.raises(UnknownName, match="unknown quantity 'mean'"):
        result.judge(lambda point, size: {"m": 0.0})


def test_values_of_a_run():
    result = run(Experiment(noise, (10, 20), (Statistic("v", kind="exact"),), first_look=(8, 6)), looks=1)
    assert result.values("m", 10).shape == (8,)
    assert result.values("v", 20).shape == (6, 2)
    with pytest.raises(UnknownName, match="size"):
        result.values("m", 30)


def test_replicates_run_with_one_blas_thread_even_if_they_load_the_library():
    import sys

    from threadpoolctl import threadpool_info, threadpool_limits

    calls = []

    def counts(rng, size, point, law):
        calls.append(size)
        if len(calls) == 1:
            sys.modules["a_library_loaded_late"] = sys  # what importing it would do
        return {"m": float(max((pool["num_threads"] for pool in threadpool_info()), default=1))}

    try:
        with threadpool_limits(limits=2):
            result = run_batch(counts, Batch("t", {}, 10, "gauss", 0, 0, 3))
    finally:
        sys.modules.pop("a_library_loaded_late", None)
    assert result.values.tolist() == [[1.0], [1.0], [1.0]]
    assert len(calls) == 4  # the first replicate ran again once the library could be limited
