"""Costs of the simulation layer: python benchmarks/simulate.py

Overhead of a replicate, latency of a record, time to judge a theory, speed of the tridiagonal models, gain of control
variates, and the speed-up of local processes.  Times depend on the machine; read ratios.
"""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from rmtsym.simulate import (
    Batch,
    BatchResult,
    Control,
    Experiment,
    Processes,
    RecordStore,
    Statistic,
    fingerprint,
    run,
    wishart_eigenvalues,
)
from rmtsym.simulate.experiment import run_batch


def nothing(rng, size, point, law):
    return {"m": 1.0}


def resolvent(rng, size, point, law):
    x = rng.standard_normal((size // 2, size))
    w = np.linalg.eigvalsh(x @ x.T / size)
    return {"m": float(np.mean(1 / (w + 1))), "m1": float(np.mean(w)), "m2": float(np.mean(w**2))}


def theory(point, size):
    return {"m": (np.sqrt(1.5**2 + 2) - 1.5)}  # Marchenko-Pastur, c = 1/2, lambda = 1


CONTROLS = (Control("m1", 1.0), Control("m2", lambda point, size, law: 1.5 + 1 / size))
EXPERIMENT = Experiment(
    resolvent, (100, 400), (Statistic("m", controls=CONTROLS),), theorem="benchmark", first_look=(128, 32)
)


def timed(function: Callable[[], object], repetitions: int = 5) -> float:
    """Best of several runs, in seconds."""
    best = np.inf
    for _ in range(repetitions):
        start = time.perf_counter()
        function()
        best = min(best, time.perf_counter() - start)
    return best


def main() -> None:
    batch = Batch("benchmark", {}, 10, "gauss", 0, 0, 1000)
    print(f"overhead of a replicate            {1e6 * timed(lambda: run_batch(nothing, batch)) / 1000:8.1f} us")
    print(f"fingerprint of a replicate function{1e3 * timed(lambda: fingerprint(resolvent)):8.2f} ms")

    with tempfile.TemporaryDirectory() as folder, RecordStore(Path(folder) / "r.sqlite") as store:
        result = BatchResult(("m",), np.zeros((64, 1)))
        numbers = iter(range(10**6))
        put = timed(lambda: store.put(Batch("b", {}, 10, "gauss", 0, next(numbers), 64), "x", result), 50)
        get = timed(lambda: store.get(batch, "x"))
    print(f"record of a batch, on the disk     {1e3 * put:8.2f} ms;  read of a cell {1e3 * get:.2f} ms")

    samples = run(EXPERIMENT, looks=1)
    outcome = samples.judge(theory)[0]
    print(f"judging one statistic              {1e6 * timed(lambda: samples.judge(theory), 50):8.1f} us")
    print(f"gain of two control variates       {outcome.gain:8.1f}   (variance ratio; {outcome})")

    rng = np.random.default_rng(0)
    dense = timed(lambda: resolvent(rng, 1600, {}, "gauss"), 3)
    quick = timed(lambda: wishart_eigenvalues(rng, 800, 1600), 3)
    print(f"dense / bidiagonal eigenvalues     {dense / quick:8.1f}   (p = 800, n = 1600)")

    with Processes(2) as pool:
        run(EXPERIMENT, looks=1, executor=pool)  # start the workers
        parallel = timed(lambda: run(EXPERIMENT, looks=2, executor=pool), 3)
    print(f"serial / two processes             {timed(lambda: run(EXPERIMENT, looks=2), 3) / parallel:8.2f}")


if __name__ == "__main__":
    main()
