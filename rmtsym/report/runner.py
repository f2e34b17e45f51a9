"""Run many notebooks, a few at a time, and lose nothing: each has its own process, kernel, log and outcome."""

from __future__ import annotations

import json
import os
import queue
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

__all__ = ["Outcome", "Task", "run_notebooks"]

_START_LIMIT = 150.0  # seconds that a kernel may need before the next one is started anyway


@dataclass(frozen=True)
class Task:
    """One notebook to run: where from, where to, and with which parameters and environment."""

    name: str
    source: Path
    target: Path
    parameters: Mapping[str, Any] = field(default_factory=dict)
    environment: Mapping[str, str] = field(default_factory=dict)
    timeout: int = 900

    @property
    def log(self) -> Path:
        """What the notebook's process wrote on stderr."""
        return self.target.with_suffix(".log")


@dataclass(frozen=True)
class Outcome:
    """How a notebook ended: ``error`` is empty if every cell ran."""

    name: str
    error: str
    seconds: float


class _Run:
    """A notebook's process, read by a thread of its own."""

    def __init__(self, task: Task, events: queue.Queue[tuple[str, str, Any]]) -> None:
        self.task, self.events = task, events
        self.begun, self.error = time.monotonic(), ""
        self.ready = threading.Event()
        task.target.parent.mkdir(parents=True, exist_ok=True)
        command = [sys.executable, "-m", "rmtsym.report.execute", str(task.source), str(task.target)]
        command += ["--parameters", json.dumps(dict(task.parameters)), "--timeout", str(task.timeout)]
        with task.log.open("w") as log:
            self.process = subprocess.Popen(
                command,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=log,
                text=True,
                env={**os.environ, **task.environment},
                start_new_session=True,  # Ctrl-C reaches this process first, which then ends the others in order
            )
        threading.Thread(target=self._read, daemon=True).start()

    def _read(self) -> None:
        assert self.process.stdout is not None
        with self.process.stdout as lines:
            for line in lines:
                self._hear(line)
        code = self.process.wait()
        self.ready.set()
        if code and not self.error:
            tail = self.task.log.read_text(errors="replace").strip().splitlines()[-1:]
            self.error = f"{self.task.source.name}: the process ended with code {code}" + (
                f" ({tail[0]})" if tail else ""
            )
        self.events.put(("end", self.task.name, Outcome(self.task.name, self.error, time.monotonic() - self.begun)))

    def _hear(self, line: str) -> None:
        try:
            said = json.loads(line)
        except ValueError:
            return
        if isinstance(said, dict):
            self.ready.set()
            if "error" in said:
                self.error = said["error"]
            elif "cell" in said:
                self.events.put(("cell", self.task.name, (said["cell"], said["of"])))

    def stop(self) -> None:
        """Ask the process to end its kernel and itself; insist after ten seconds."""
        for what, patience in ((signal.SIGINT, 10.0), (signal.SIGKILL, 2.0)):
            if self.process.poll() is not None:
                return
            try:
                os.killpg(self.process.pid, what)
                self.process.wait(patience)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                continue


def run_notebooks(
    tasks: Sequence[Task],
    slots: int,
    *,
    started: Callable[[Task], None] = lambda task: None,
    progress: Callable[[str, int, int], None] = lambda name, cell, count: None,
    finished: Callable[[Outcome], None] = lambda outcome: None,
    idle: Callable[[], None] = lambda: None,
) -> list[Outcome]:
    """Run notebooks, at most ``slots`` at once; the failure of one does not touch the others.

    Kernels start one after another, because each picks free ports that the next one must see taken.

    Parameters
    ----------
    tasks : sequence of Task
    slots : int
        Notebooks at the same time.
    started, progress, finished : callables
        Told when a notebook starts, reaches a cell, ends.  All are called from the calling thread.
    idle : callable
        Called about ten times a second while there is nothing else to do.

    Returns
    -------
    list of Outcome
        In the order of the tasks.

    Raises
    ------
    KeyboardInterrupt
        After every process has been ended.
    """
    events: queue.Queue[tuple[str, str, Any]] = queue.Queue()
    waiting = list(tasks)
    running: dict[str, _Run] = {}
    done: dict[str, Outcome] = {}
    newest: _Run | None = None
    try:
        while waiting or running:
            clear = newest is None or newest.ready.is_set() or time.monotonic() - newest.begun > _START_LIMIT
            if waiting and len(running) < max(1, slots) and clear:
                task = waiting.pop(0)
                newest = running[task.name] = _Run(task, events)
                started(task)
                continue
            try:
                kind, name, what = events.get(timeout=0.1)
            except queue.Empty:
                idle()
                continue
            if kind == "cell":
                progress(name, *what)
            else:
                del running[name]
                done[name] = what
                finished(what)
    finally:
        stopping = [threading.Thread(target=run.stop) for run in running.values()]
        for thread in stopping:
            thread.start()
        for thread in stopping:
            thread.join()
    return [done[task.name] for task in tasks]
