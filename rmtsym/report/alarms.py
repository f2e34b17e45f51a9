"""False alarms of the whole suite: every theorem simulated under many seeds, none of which should refute it.

Usage: python -m rmtsym.report.alarms [--seeds 20] [--jobs 1] [ID ...].  It takes about as long as that many
``make verify``; finished batches are kept in the record store, so that it can be interrupted and resumed.
"""

from __future__ import annotations

import argparse

from rmtsym.simulate import Rate, RecordStore, executor
from rmtsym.theorem.evidence import Status
from rmtsym.theorem.registry import index
from rmtsym.theorem.trial import Trial


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("ids", nargs="*", help="theorems (default: all)")
    parser.add_argument("--seeds", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--store", default=".rmtsym/false-alarms.sqlite")
    given = parser.parse_args()
    suite = set(range(1, given.seeds + 1))
    alarmed: set[int] = set()
    tests = 0
    with RecordStore(given.store) as store, executor(given.jobs) as place:
        for theorem_id in given.ids or sorted(index()):
            alarms: list[int] = []
            weak: list[int] = []
            for seed in sorted(suite):
                found = Trial(theorem_id, seed=seed, store=store, executor=place).simulated
                refuted = [o for o in found.outcomes if o.status == "refuted"]
                tests += len(found.outcomes)
                if found.evidence.status is Status.REFUTED:
                    alarms.append(seed)
                elif not found.evidence.passed:
                    weak.append(seed)
                for outcome in refuted:
                    print(f"  seed {seed}: {outcome}", flush=True)
            alarmed |= set(alarms)
            found_so = f"refuted under {len(alarms)}, inconclusive under {len(weak)} of {given.seeds} seeds"
            print(f"{theorem_id:36s} {found_so}", flush=True)
    rate = Rate(len(alarmed), given.seeds)
    low, high = rate.interval
    print(f"{tests} tests; suites with a false alarm: {rate.events} of {rate.trials} (99 %: {low:.3f} to {high:.3f})")
    return int(bool(alarmed))


if __name__ == "__main__":
    raise SystemExit(main())
