"""Serial, local processes and Dask give the same bits; lost workers are replaced."""

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import numpy as np
import pytest

from rmtsym.errors import DomainError
from rmtsym.simulate import (
    DaskCluster,
    Experiment,
    Interrupted,
    Processes,
    RecordStore,
    ReplicateError,
    Serial,
    Statistic,
    WorkerLost,
    executor,
    run,
)

ROOT = Path(__file__).parents[2]


def trace(rng, size, point, law):
    x = rng.standard_normal((size, 2 * size))
    w = np.linalg.inv(x @ x.T / size + np.eye(size))
    return {"m": float(np.trace(w)) / size, "v": w[0, :3]}


def deadly(rng, size, point, law):
    """Kills its worker once, the first time that anybody comes to the second size."""
    if size == 16:
        try:
            os.close(os.open(point["marker"], os.O_CREAT | os.O_EXCL))
        except FileExistsError:
            pass
        else:
            os.kill(os.getpid(), signal.SIGKILL)
    return {"m": rng.random()}


def always_deadly(rng, size, point, law):
    os.kill(os.getpid(), signal.SIGKILL)


def failing(rng, size, point, law):
    raise ValueError("no root")


def slow(rng, size, point, law):
    time.sleep(0.05)
    return {"m": rng.random()}


def make(replicate=trace, **options):
    defaults = {"sizes": (8, 16), "statistics": (Statistic("m"),), "theorem": "executors", "first_look": (24, 16)}
    return Experiment(replicate, **(defaults | options))


@pytest.fixture(scope="module")
def serial():
    return run(make(), looks=2)


@pytest.fixture(scope="module")
def pool():
    with Processes(2) as processes:
        yield processes


def same(a, b):
    return all(np.array_equal(a.values(name, n), b.values(name, n)) for name in ("m", "v") for n in (8, 16))


def test_processes_give_the_same_bits(serial, pool):
    result = run(make(), looks=2, executor=pool)
    assert same(result, serial)
    assert result.judge(lambda point, size: {"m": 0.5}) == serial.judge(lambda point, size: {"m": 0.5})


def test_a_lost_worker_is_replaced_and_nothing_is_lost(tmp_path, pool):
    experiment = make(deadly, points=({"marker": str(tmp_path / "once")},))
    result = run(experiment, looks=1, executor=pool)
    assert (tmp_path / "once").exists()
    assert np.array_equal(result.values("m", 8), run(experiment, looks=1).values("m", 8))


def test_a_batch_that_always_kills_is_named(pool):
    with pytest.raises(WorkerLost, match=r"replicates .* of executors"):
        run(make(always_deadly), looks=1, executor=pool)


def test_errors_come_back_as_they_are(pool):
    with pytest.raises(ReplicateError, match="failed: ValueError: no root"):
        run(make(failing), looks=1, executor=pool)


def test_functions_that_cannot_be_imported_go_by_value(pool, serial):
    def local(rng, size, point, law):
        return trace(rng, size, point, law)

    assert same(run(make(local), looks=2, executor=pool), serial)


def test_executor_of_the_command_line():
    assert isinstance(executor(1), Serial)
    with executor(3) as three:
        assert isinstance(three, Processes) and three.workers == 3
    with pytest.raises(DomainError, match="jobs"):
        executor(0)


SCRIPT = """
import sys
from rmtsym.simulate import Processes, RecordStore, run
from tests.simulate.test_executors import make, slow
if __name__ == "__main__":
    with RecordStore(sys.argv[1]) as store, Processes(2) as pool:
        run(make(slow), looks=3, store=store, executor=pool, progress=lambda p: print(p.done, flush=True))
"""


def _children(pid):
    text = subprocess.run(["ps", "--ppid", str(pid), "-o", "pid="], capture_output=True, text=True).stdout
    return [int(word) for word in text.split()]


def _alive(pid):
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] not in "ZX"
    except OSError:
        return False


@pytest.mark.parametrize("blow", [signal.SIGKILL, signal.SIGINT])
def test_workers_end_with_their_parent_and_records_are_kept(tmp_path, blow):
    script = tmp_path / "script.py"
    script.write_text(SCRIPT)
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    parent = subprocess.Popen(
        [sys.executable, str(script), str(tmp_path / "r.sqlite")],
        env=environment, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    while int(parent.stdout.readline() or 99) < 6:
        pass
    workers = _children(parent.pid)
    assert len(workers) >= 2
    parent.send_signal(blow)
    _, errors = parent.communicate(timeout=20)
    deadline = time.monotonic() + 10
    while any(_alive(w) for w in workers) and time.monotonic() < deadline:
        time.sleep(0.05)
    assert not any(_alive(w) for w in workers)
    with RecordStore(tmp_path / "r.sqlite") as store:
        assert len(store) >= 2 and store.notices == []
    if blow == signal.SIGINT:
        assert "Interrupted" in errors or "KeyboardInterrupt" in errors


def test_ctrl_c_in_the_middle_of_a_pool(tmp_path):
    threading.Timer(1.5, lambda: os.kill(os.getpid(), signal.SIGINT)).start()
    with Processes(2) as pool, RecordStore(tmp_path / "r.sqlite") as store:
        with pytest.raises(Interrupted) as caught:
            run(make(slow, first_look=(400, 400)), looks=1, store=store, executor=pool)
        assert caught.value.run.judge(lambda point, size: {"m": 0.5}) == ()
        again = run(make(slow, first_look=(8, 8)), looks=1, store=store, executor=pool)  # the pool starts anew
    assert again.values("m", 8).shape == (8,)


def test_an_address_without_a_scheduler_is_named():
    with pytest.raises(DomainError, match=r"cluster = tcp://127\.0\.0\.1:9"):
        DaskCluster("tcp://127.0.0.1:9", timeout=0.5)


@pytest.mark.slow
def test_dask_gives_the_same_bits_and_survives_a_lost_worker(serial, tmp_path):
    distributed = pytest.importorskip("distributed")
    with distributed.LocalCluster(
        n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    ) as cluster:
        with DaskCluster(cluster.scheduler_address) as dask:
            assert dask.workers == 2
            assert same(run(make(), looks=2, executor=dask), serial)
            experiment = make(deadly, points=({"marker": str(tmp_path / "once")},))
            result = run(experiment, looks=1, executor=dask)
            assert (tmp_path / "once").exists()
            assert np.array_equal(result.values("m", 8), run(experiment, looks=1).values("m", 8))
            with pytest.raises(ReplicateError, match="no root"):
                run(make(failing), looks=1, executor=dask)


def small_cluster():
    return pytest.importorskip("distributed").LocalCluster(
        n_workers=1, threads_per_worker=1, processes=True, dashboard_address=None, silence_logs=50
    )


@pytest.mark.slow
def test_a_batch_that_always_kills_is_named_by_dask():
    patience = {"distributed.scheduler.allowed-failures": 0}  # of the scheduler, to save time
    with pytest.importorskip("dask").config.set(patience), small_cluster() as cluster:
        with DaskCluster(cluster.scheduler_address) as dask, pytest.raises(WorkerLost, match="again and again"):
            run(make(always_deadly), looks=1, executor=dask)


@pytest.mark.slow
def test_a_lost_scheduler_is_told():
    cluster = small_cluster()
    with DaskCluster(cluster.scheduler_address) as dask:
        threading.Timer(1.0, cluster.close).start()
        with pytest.raises(WorkerLost, match="run again to resume"):
            run(make(slow, first_look=(400, 400)), looks=1, executor=dask)


def busy(item):
    """Takes long enough for workers to be worth starting."""
    time.sleep(0.4)
    if item == "bad":
        raise ValueError("no such item")
    return item, os.getpid()


@pytest.mark.parametrize("jobs", [1, 2])
def test_map_keeps_the_order(jobs):
    with executor(jobs) as place:
        found = place.map(busy, list(range(8)))
    assert [item for item, _ in found] == list(range(8))
    assert os.getpid() in {process for _, process in found}  # works until a worker is there


def test_map_leaves_the_work_to_workers_that_are_there():
    with Processes(2) as place:
        place.map(busy, list(range(4)))
        place._warm = True  # wherever these four were done
        found = place.map(busy, list(range(4)))
    assert [item for item, _ in found] == list(range(4))
    assert os.getpid() not in {process for _, process in found}


def test_map_starts_no_worker_for_a_moment_of_work():
    with Processes(2) as place:
        assert place.map(abs, [-1, 2, -3]) == [1, 2, 3]
        assert place._pool is None


def test_an_error_in_map_is_that_of_the_function():
    with Processes(2) as place, pytest.raises(ValueError, match="no such item"):
        place.map(busy, [1, 2, 3, "bad", 4])
