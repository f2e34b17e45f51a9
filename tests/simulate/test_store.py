"""The record store: killed, damaged, full, shared. Processes are really killed."""

import multiprocessing
import os
import random
import resource
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import numpy as np
import pytest

from rmtsym.simulate import Batch, BatchResult, Experiment, RecordStore, Statistic, StoreDamaged, StoreError, run

ROOT = Path(__file__).parents[2]


def cell(first=0, count=4, **changes):
    key = {"theorem": "t", "point": {"c": 1}, "size": 10, "law": "gauss", "seed": 0} | changes
    return Batch(**key, first=first, count=count)


def result(first=0, count=4):
    return BatchResult(("a", "b"), np.arange(first, first + 2.0 * count).reshape(count, 2) / 7, 0.5)


def start(code, *arguments, **options):
    environment = {**os.environ, "PYTHONPATH": str(ROOT), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", code, *map(str, arguments)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)


@pytest.fixture
def path(tmp_path):
    return tmp_path / "deep" / "records.sqlite"


def test_what_is_put_is_got_bit_by_bit(path):
    with RecordStore(path) as store:
        store.put(cell(4), "x", result(4))
        store.put(cell(0), "x", result(0))
        store.put(cell(0), "x", result(0))  # twice is once
        assert len(store) == 2
    with RecordStore(path) as store:
        found = store.get(cell(), "x")
        assert [first for first, _ in found] == [0, 4]
        assert np.array_equal(found[1][1].values, result(4).values) and found[1][1].columns == ("a", "b")


@pytest.mark.parametrize("other", [{"theorem": "u"}, {"point": {"c": 2}}, {"size": 11}, {"law": "rad"}, {"seed": 1}])
def test_every_part_of_the_key_counts(path, other):
    with RecordStore(path) as store:
        store.put(cell(), "x", result())
        assert store.get(cell(**other), "x") == [] and store.get(cell(), "y") == []


def test_nothing_but_the_file_remains(path):
    with RecordStore(path) as store:
        store.put(cell(), "x", result())
    assert sorted(p.name for p in path.parent.iterdir()) == ["records.sqlite", "records.sqlite.lock"]


# -- killed -----------------------------------------------------------------------------------------------------------

WRITER = """
import sys, numpy as np
from rmtsym.simulate import Batch, BatchResult, RecordStore
store = RecordStore(sys.argv[1])
first = int(sys.argv[2])
while True:
    batch = Batch("t", {}, 10, "gauss", 0, first, 50)
    store.put(batch, "x", BatchResult(("a",), np.full((50, 1), float(first)), 0.0))
    print(first, flush=True)
    first += 50
"""


def test_killed_writers_lose_nothing_that_was_acknowledged(path):
    kills, acknowledged, chance = 12, [], random.Random(1)
    for kill in range(kills):
        writer = start(WRITER, path, kill * 1_000_000)
        lines = [writer.stdout.readline() for _ in range(chance.randrange(1, 8))]
        time.sleep(chance.uniform(0.0, 0.02))  # anywhere inside a transaction
        writer.send_signal(signal.SIGKILL)
        lines += writer.stdout.readlines()
        writer.wait()
        writer.stdout.close()
        acknowledged += [int(line) for line in lines if line.endswith("\n")]
    with RecordStore(path) as store:
        assert store.notices == []  # a kill leaves a journal, not damage
        found = dict(store.get(Batch("t", {}, 10, "gauss", 0, 0, 0), "x"))
    assert len(acknowledged) > kills
    assert set(acknowledged) <= set(found)
    assert all(np.all(found[first].values == first) for first in found)


RUNNER = """
import sys, time
from rmtsym.simulate import Experiment, Statistic, RecordStore, run
from tests.simulate.test_store import slow_mean
experiment = Experiment(slow_mean, (10, 20), (Statistic("m", resolution=1e-9),), theorem="killed", first_look=(64, 64))
with RecordStore(sys.argv[1]) as store:
    done = run(experiment, looks=2, store=store, progress=lambda p: print(p.done, flush=True))
    print("finished", done.reused, repr(done.values("m", 20).sum()), flush=True)
"""


def slow_mean(rng, size, point, law):
    time.sleep(0.002)
    return {"m": float(rng.standard_normal(size).mean())}


def test_a_killed_run_resumes_and_ends_with_the_same_numbers(path):
    chance, kept = random.Random(2), []
    for _ in range(60):  # at least six kills, and more on a machine too busy to finish a batch between them
        runner = start(RUNNER, path, cwd=ROOT)
        runner.stdout.readline()
        time.sleep(chance.uniform(0.0, 0.15))
        runner.send_signal(signal.SIGKILL)
        runner.communicate()
        with RecordStore(path) as store:
            kept.append(len(store))
            assert store.notices == []
        if len(kept) >= 6 and kept[-1] > kept[0]:
            break
    assert kept == sorted(kept) and kept[-1] > kept[0]
    runner = start(RUNNER, path, cwd=ROOT)
    last = runner.communicate()[0].splitlines()[-1].split()
    experiment = Experiment(
        slow_mean, (10, 20), (Statistic("m", resolution=1e-9),), theorem="killed", first_look=(64, 64)
    )
    whole = run(experiment, looks=2)
    assert last[0] == "finished" and int(last[1]) > 0
    assert last[2:] == repr(whole.values("m", 20).sum()).split()


# -- two at once ------------------------------------------------------------------------------------------------------


def test_several_processes_at_once(path):
    writers = [
        start(WRITER.replace("while True", f"while first < {n}_000_000 + 1000"), path, n * 1_000_000) for n in range(4)
    ]
    for writer in writers:
        writer.communicate()
        assert writer.returncode == 0
    with RecordStore(path) as store:
        assert len(store) == 4 * 20 and store.notices == []


def test_two_runs_of_the_same_experiment_at_once(path):
    runners = [start(RUNNER, path, cwd=ROOT) for _ in range(2)]
    ends = [runner.communicate()[0].splitlines()[-1].split() for runner in runners]
    assert ends[0][0] == ends[1][0] == "finished" and ends[0][2:] == ends[1][2:]


# -- full -------------------------------------------------------------------------------------------------------------


def test_a_full_store_keeps_what_it_has(path):
    with RecordStore(path) as store:
        store.put(cell(0), "x", result(0))
        store._live().execute("PRAGMA max_page_count=8")
        with pytest.raises(StoreError, match=r"full.*free some space"):
            for number in range(1, 1000):
                store.put(cell(4 * number), "x", result(4 * number))
        kept = len(store)
        assert kept > 1
    with RecordStore(path) as store:
        assert store.notices == [] and len(store.get(cell(), "x")) == kept
        store.put(cell(4 * kept), "x", result(4 * kept))  # there is space again


def _write_until_the_limit(path, connection):
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (64 * 1024, 64 * 1024))
    done = 0
    try:
        with RecordStore(path) as store:
            for number in range(10_000):
                store.put(cell(4 * number), "x", result(4 * number))
                done += 1
    except StoreError as error:
        connection.send((done, str(error)))
    connection.close()


def test_a_full_disk_keeps_what_it_has(path):
    receiver, sender = multiprocessing.Pipe(duplex=False)
    process = multiprocessing.get_context("fork").Process(target=_write_until_the_limit, args=(path, sender))
    process.start()
    assert receiver.poll(60)
    done, message = receiver.recv()
    process.join()
    assert done > 10 and "free some space" in message
    with RecordStore(path) as store:
        assert store.notices == [] and len(store.get(cell(), "x")) == done


def test_a_place_that_cannot_be_written_is_named():
    with pytest.raises(StoreError, match="RMTSYM_STORE"):
        RecordStore("/proc/no/records.sqlite")


# -- damaged ----------------------------------------------------------------------------------------------------------


def filled(path, batches=60):
    with RecordStore(path) as store:
        for number in range(batches):
            store.put(cell(4 * number), "x", result(4 * number))


def aside(path):
    return sorted(p.name for p in path.parent.glob("*.damaged-*"))


@pytest.mark.parametrize(
    "damage",
    [
        lambda data: b"this is not a database, but it is long enough to look like one" * 20,
        lambda data: data[: len(data) // 2],
        lambda data: data[:4096] + bytes(len(data) - 4096),
        lambda data: data[:100] + os.urandom(3000) + data[3100:],
        lambda data: b"\0" * 100 + data[100:],
    ],
    ids=["garbage", "truncated", "zeros", "noise", "header"],
)
def test_a_damaged_file_is_set_aside(path, damage):
    filled(path)
    path.write_bytes(damage(path.read_bytes()))
    with RecordStore(path) as store:
        assert len(store) == 0 and len(store.notices) == 1
        assert "set aside as" in store.notices[0] and "computed again" in store.notices[0]
        store.put(cell(), "x", result())
    assert aside(path) == ["records.sqlite.damaged-1"]
    with RecordStore(path) as store:
        assert len(store) == 1 and store.notices == []


def test_a_changed_number_is_noticed_and_its_store_not_used(path):
    def mean(rng, size, point, law):
        return {"m": 1 + rng.standard_normal() / size**2}

    experiment = Experiment(mean, (10, 20), (Statistic("m"),), theorem="flip")
    with RecordStore(path) as store:
        honest = run(experiment, store=store)
    with sqlite3.connect(path) as connection:  # a valid file with a false record
        connection.execute("UPDATE batches SET data = zeroblob(length(data)) WHERE rowid = 3")
    connection.close()
    with RecordStore(path) as store:
        again = run(experiment, store=store)
        assert again.notices and "checksum" in again.notices[0]
        assert np.array_equal(again.values("m", 10), honest.values("m", 10))
        assert run(experiment, store=store).reused == honest.replicates
    assert aside(path) == ["records.sqlite.damaged-1"]


def test_a_flipped_bit_anywhere_is_never_believed(path):
    filled(path, 40)
    data, chance = path.read_bytes(), random.Random(3)
    expected = {4 * n: result(4 * n).values for n in range(40)}
    for _ in range(40):
        position = chance.randrange(len(data))
        for old in path.parent.iterdir():
            old.unlink()
        path.write_bytes(data[:position] + bytes([data[position] ^ (1 << chance.randrange(8))]) + data[position + 1 :])
        try:
            with RecordStore(path) as store:
                found = store.get(cell(), "x")
        except StoreDamaged:
            continue
        assert all(np.array_equal(r.values, expected[first]) for first, r in found)


def test_another_version_is_set_aside_not_misread(path):
    filled(path, 1)
    with sqlite3.connect(path) as connection:
        connection.execute("PRAGMA user_version=99")
    connection.close()
    with RecordStore(path) as store:
        assert "not a record store of this version" in store.notices[0]
    filled(path, 1)
    assert aside(path) == ["records.sqlite.damaged-1"]


def test_a_damaged_store_in_use_is_left_alone(path, monkeypatch):
    filled(path)
    with RecordStore(path) as user:
        path.write_bytes(b"overwritten" * 1000)
        monkeypatch.setattr("rmtsym.simulate.store._PATIENCE", 0.2)
        with pytest.raises(StoreError, match="in use by another process"):
            RecordStore(path)
        assert aside(path) == []
        del user
