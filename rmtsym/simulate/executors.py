"""Where batches run: in this process, in local worker processes, or on a Dask scheduler.

An executor turns batches into results in any order; the results are the same from all three, because a batch is a
pure function of its replicate numbers. Other pure functions go through ``map``.
"""

from __future__ import annotations

import os
import pickle
import sys
import time
from collections import deque
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.machinery import PathFinder
from typing import Any, Protocol

from rmtsym.errors import DomainError, RmtsymError
from rmtsym.simulate.experiment import Batch, BatchResult, Replicate, run_batch
from rmtsym.simulate.fingerprint import fingerprint

__all__ = ["DaskCluster", "Executor", "Processes", "Serial", "WorkerLost", "executor"]

#: How often a batch may lose its worker before the batch itself is suspected.
_LOSSES = 3
#: Seconds of work for which no worker is started: a worker needs about as long to import its modules.
_SHORT = 1.0


class WorkerLost(RmtsymError):
    """Workers die again and again on the same batches; the message names one."""


class Executor(Protocol):
    """Anything that can run batches."""

    @property
    def workers(self) -> int: ...

    def run(self, replicate: Replicate, batches: Iterable[Batch]) -> Iterator[tuple[Batch, BatchResult]]: ...

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]: ...

    def close(self) -> None: ...

    def __enter__(self) -> Any: ...

    def __exit__(self, *exc: object) -> None: ...


def executor(jobs: int | None = None, cluster: str | None = None) -> Executor:
    """Executor for the command line's ``--jobs`` and ``--cluster``.

    Parameters
    ----------
    jobs : int, optional
        Number of local processes; 1 runs in this process, ``None`` takes the number of usable cores.
    cluster : str, optional
        Address of a Dask scheduler, such as ``tcp://host:8786``.

    Examples
    --------
    >>> executor(1).workers
    1
    """
    if cluster is not None:
        return DaskCluster(cluster)
    if jobs is None:
        jobs = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    if jobs < 1:
        raise DomainError("jobs", jobs, "a positive integer", "1 runs everything in this process")
    return Serial() if jobs == 1 else Processes(jobs)


class _Here:
    """What an executor does unless it says otherwise."""

    def __enter__(self) -> Any:
        return self

    def __exit__(self, *exception: object) -> None:
        self.close()

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """A pure function of each item, in order; in this process."""
        return [function(item) for item in items]

    def close(self) -> None:
        """Give the workers back."""


class Serial(_Here):
    """Runs batches one after another in this process."""

    workers = 1

    def run(self, replicate: Replicate, batches: Iterable[Batch]) -> Iterator[tuple[Batch, BatchResult]]:
        for batch in batches:
            yield batch, run_batch(replicate, batch)


# -- what travels to a worker ---------------------------------------------------------------------------------------


def _pack(replicate: Replicate, same_path: bool) -> tuple[bytes, str]:
    """Bytes of a replicate function, and its fingerprint if a worker can check it.

    By reference if a worker can import it (it sees the same ``sys.path``, or the module belongs to rmtsym or theory);
    functions of notebooks, scripts and other places go by value.
    """
    root = (getattr(replicate, "__module__", None) or "").partition(".")[0]
    if root in ("rmtsym", "theory") or (same_path and root != "__main__" and PathFinder.find_spec(root)):
        try:
            return pickle.dumps(replicate), fingerprint(replicate)
        except (pickle.PicklingError, AttributeError, TypeError):
            pass  # not found under its own name, for instance because a decorator has replaced it
    import cloudpickle

    module = sys.modules.get(root)
    by_value = module is not None and root != "__main__"
    if by_value:
        cloudpickle.register_pickle_by_value(module)
    try:
        return cloudpickle.dumps(replicate), ""
    finally:
        if by_value:
            cloudpickle.unregister_pickle_by_value(module)


_unpacked: dict[bytes, Replicate] = {}


def _work(packed: bytes, code: str, batch: Batch) -> BatchResult:
    """Body of a worker: unpack (once), check that the code is the same here, run."""
    replicate = _unpacked.get(packed)
    if replicate is None:
        replicate = pickle.loads(packed)
        if code and fingerprint(replicate) != code:
            raise RmtsymError(
                f"the code of {batch.theorem} on a worker differs from the code here; "
                "give all workers the same version of rmtsym and theory/"
            )
        _unpacked[packed] = replicate
    return run_batch(replicate, batch)


def _start_worker() -> None:
    """Workers leave Ctrl-C to their parent, and do not outlive it."""
    import multiprocessing
    import signal
    import threading
    from multiprocessing.connection import wait

    signal.signal(signal.SIGINT, signal.SIG_IGN)
    parent = multiprocessing.parent_process()
    if parent is not None:

        def leave() -> None:
            wait([parent.sentinel])
            os._exit(1)

        threading.Thread(target=leave, daemon=True).start()


class Processes(_Here):
    """Local worker processes, started by ``spawn``; one that dies is replaced and its batches run again.

    Parameters
    ----------
    workers : int
        Number of processes.  They are started at the first batch and kept until :meth:`close`.
    """

    def __init__(self, workers: int) -> None:
        if workers < 1:
            raise DomainError("workers", workers, "a positive integer", "give the number of processes")
        self.workers = workers
        self._pool: Any = None
        self._warm = False

    def _started(self) -> Any:
        if self._pool is None:
            import multiprocessing
            from concurrent.futures import ProcessPoolExecutor

            self._pool = ProcessPoolExecutor(
                self.workers, mp_context=multiprocessing.get_context("spawn"), initializer=_start_worker
            )
        return self._pool

    def run(self, replicate: Replicate, batches: Iterable[Batch]) -> Iterator[tuple[Batch, BatchResult]]:
        from concurrent.futures import FIRST_COMPLETED, wait
        from concurrent.futures.process import BrokenProcessPool

        packed, code = _pack(replicate, same_path=True)
        waiting = list(batches)[::-1]
        running: dict[Any, Batch] = {}
        losses: dict[tuple, int] = {}
        try:
            while waiting or running:
                broken = False
                try:
                    while waiting and len(running) < 2 * self.workers:
                        running[self._started().submit(_work, packed, code, waiting[-1])] = waiting[-1]
                        waiting.pop()
                except BrokenProcessPool:
                    broken = True
                done, _ = wait(running, return_when=FIRST_COMPLETED)
                self._warm = True
                for future in sorted(done, key=lambda f: running[f].first):
                    batch = running.pop(future)
                    try:
                        result = future.result()
                    except BrokenProcessPool:
                        broken = True
                        waiting.append(batch)
                        identity = (batch.key, batch.law, batch.size, batch.first)
                        losses[identity] = losses.get(identity, 0) + 1
                        if losses[identity] > _LOSSES:
                            raise WorkerLost(
                                f"workers died {losses[identity]} times while running replicates {batch.first} to "
                                f"{batch.first + batch.count - 1} of {batch.theorem} (size {batch.size}); memory?"
                            ) from None
                    else:
                        yield batch, result
                if broken:  # the pool is lost as a whole: take what finished, run the rest again in a new one
                    waiting.extend(running.values())
                    running.clear()
                    self.close()
        finally:
            if running:  # error, Ctrl-C, or an abandoned iteration
                self.close()

    def map(self, function: Callable[[Any], Any], items: Sequence[Any]) -> list[Any]:
        """A pure function of each item, in order; it must be importable by name.

        After a second of work workers are started, if there are none.  They first have to import what they need: until
        one of them has returned something, this process works on.
        """
        from concurrent.futures.process import BrokenProcessPool

        begun, left = time.monotonic(), deque(range(len(items)))
        found: dict[int, Any] = {}
        sent: dict[int, Any] = {}
        try:
            while left and not self._awake(sent):
                started = self._pool is not None or time.monotonic() - begun > _SHORT
                if started and not sent:
                    sent = {
                        i: self._started().submit(function, items[i])
                        for i in (left.pop() for _ in range(min(self.workers, len(left) - 1)))
                    }
                here = left.popleft()
                found[here] = function(items[here])
            if self._awake(sent):
                sent |= {i: self._started().submit(function, items[i]) for i in left}
            for i, future in sent.items():
                found[i] = future.result() if self._awake(sent) else function(items[i])
        except BaseException as error:
            self.close()
            if isinstance(error, BrokenProcessPool):
                raise WorkerLost(f"a worker died in {getattr(function, '__qualname__', function)}; memory?") from None
            raise
        return [found[i] for i in range(len(items))]

    def _awake(self, sent: Mapping[int, Any]) -> bool:
        """Whether a worker has returned something."""
        self._warm = self._warm or any(future.done() for future in sent.values())
        return self._warm

    def close(self) -> None:
        """End the workers at once."""
        if self._pool is not None:
            pool, self._pool, self._warm = self._pool, None, False
            processes = list((getattr(pool, "_processes", None) or {}).values())
            pool.shutdown(wait=False, cancel_futures=True)
            for process in processes:
                process.kill()
            for process in processes:
                process.join()


class DaskCluster(_Here):
    """An existing Dask scheduler; its workers must be able to import the same rmtsym and theory.

    Parameters
    ----------
    address : str
        Address of the scheduler, such as ``tcp://127.0.0.1:8786``.
    """

    def __init__(self, address: str, timeout: float = 10.0) -> None:
        from distributed import Client

        try:
            self._client = Client(address, timeout=timeout, set_as_default=False)
        except (OSError, ValueError, TypeError) as error:
            raise DomainError(
                "cluster",
                address,
                "the address of a running Dask scheduler",
                f"start one with `dask scheduler` ({error})",
            ) from None

    @property
    def workers(self) -> int:
        """Threads of the cluster at this moment."""
        return max(1, sum(self._client.nthreads().values()))

    def run(self, replicate: Replicate, batches: Iterable[Batch]) -> Iterator[tuple[Batch, BatchResult]]:
        from concurrent.futures import CancelledError

        from distributed import KilledWorker, as_completed

        packed, code = _pack(replicate, same_path=False)
        # Impure tasks: nothing is taken from another run; a worker that dies is made good by the scheduler.
        running = {self._client.submit(_work, packed, code, b, pure=False): b for b in batches}
        try:
            for future in as_completed(list(running), loop=self._client.loop):
                try:
                    result = future.result()
                except KilledWorker:
                    raise WorkerLost(f"workers died again and again while running {running[future]}; memory?") from None
                except (CancelledError, OSError) as error:
                    raise WorkerLost(f"the Dask scheduler was lost ({error}); run again to resume") from None
                yield running.pop(future), result
        finally:
            if running and self._client.status == "running":
                self._client.cancel(list(running), force=True)

    def close(self) -> None:
        """Leave the cluster, which goes on."""
        self._client.close()
