"""A theorem on trial gives the same evidence from one process and from several."""

import pytest

from rmtsym.simulate import Processes, executors
from rmtsym.theorem import Trial
from rmtsym.theorem.simulation import Simulated


@pytest.fixture
def workers(monkeypatch):
    monkeypatch.setattr(executors, "_SHORT", 0.0)  # start them for the smallest piece of work
    with Processes(2) as place:
        place._warm = True  # and leave all of it to them
        yield place


def test_consequences_and_enclosures_from_workers(workers):
    here, there = Trial("semicircle"), Trial("semicircle", executor=workers)
    assert [str(r) for _, r in here.consequences] == [str(r) for _, r in there.consequences]
    assert [c.claim for c, _ in there.consequences] == [c.claim for c in here.theorem.consequences]
    assert str(here.report) == str(there.report)
    for point in here.theorem.points:
        assert here.enclosed(point) == there.enclosed(point)
    assert workers._pool is not None


def test_a_theorem_that_workers_cannot_import_is_checked_here(toy, workers):
    trial = Trial(toy(), executor=workers)
    assert trial.map(lambda theorem, item: (theorem.id, item), [1, 2]) == [(trial.theorem.id, 1), (trial.theorem.id, 2)]
    assert workers._pool is None


def test_wrong_versions_from_workers(workers):
    here, there = Trial("semicircle"), Trial("semicircle", executor=workers)
    for trial in (here, there):
        trial.simulated = Simulated([], [], [])  # theory and derivation alone
    assert here.kills.to_json() == there.kills.to_json()
    assert len(here.kills.killed) > 10
    assert workers._pool is not None
