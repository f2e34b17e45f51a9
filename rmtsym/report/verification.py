"""``rmtsym verify``: run the notebooks, collect their verdicts, print the table, write what CI and people read."""

from __future__ import annotations

import json
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rmtsym.errors import DomainError, RmtsymError
from rmtsym.report.home import executed, home, records, verdicts
from rmtsym.report.runner import Outcome, Task, run_notebooks
from rmtsym.theorem.registry import Entry, entry_of, index, problems

__all__ = ["RUN_SCHEMA", "collect", "select", "tasks_for", "verify_theorems"]

RUN_SCHEMA = 1
#: Seconds that one cell of a notebook may take.
TIMEOUT = {"quick": 900, "full": 4 * 3600}


def select(ids: Sequence[str], family: str | None = None) -> list[Entry]:
    """Theorems to verify, in the order of the registry; all of them if nothing is named.

    Raises
    ------
    UnknownName, DomainError
        For an id or family that does not exist, or an id of another family.
    RmtsymError
        For a module of a theorem that cannot be read.
    """
    for name in ids:
        actual = entry_of(name).family
        if family not in (None, actual):
            raise DomainError("--family", family, f"{actual}, the family of {name}", "leave out one of the two")
    if not ids and (wrong := problems()):  # a module that cannot be read must not be left out in silence
        raise RmtsymError("; ".join(wrong))
    return [entry for entry in index(family).values() if not ids or entry.id in ids]


def tasks_for(entries: Sequence[Entry], *, profile: str, seed: int, jobs: int, cluster: str) -> tuple[list[Task], int]:
    """One task for each notebook, and how many run at once: notebooks side by side first, then workers within."""
    slots = min(jobs, max(1, len(entries)))
    parameters = {"profile": profile, "seed": seed, "jobs": max(1, jobs // slots), "cluster": cluster}
    environment = {
        "RMTSYM_HOME": str(home()),
        "RMTSYM_STORE": os.environ.get("RMTSYM_STORE") or str(records()),
        "RMTSYM_VERDICTS": str(verdicts() / "incoming"),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
        "MKL_NUM_THREADS": "1",
    }
    tasks = [
        Task(e.id, e.notebook, executed() / e.family / e.notebook.name, parameters, environment, TIMEOUT[profile])
        for e in entries
    ]
    return tasks, slots


def collect(entry: Entry, outcome: Outcome, *, profile: str, seed: int) -> dict[str, Any]:
    """Run record of a theorem: the verdict that its notebook wrote, unless the notebook itself failed.

    A notebook that ends without a verdict, or fails after a good one, is INCONCLUSIVE.
    """
    incoming = verdicts() / "incoming" / f"{entry.id}.json"
    verdict: dict[str, Any] | None = None
    message = outcome.error
    if incoming.exists():
        verdict = json.loads(incoming.read_text(encoding="utf-8"))
        incoming.unlink()
    elif not message:
        message = f"{entry.notebook.name} ended without a verdict; its last cell should be page.verdict()"
    status = verdict["status"] if verdict else "INCONCLUSIVE"
    if outcome.error and status == "VERIFIED":
        status = "INCONCLUSIVE"
    if not message and verdict:
        message = verdict.get("message", "")
    record = {
        "schema": RUN_SCHEMA,
        "id": entry.id,
        "title": entry.title,
        "family": entry.family,
        "status": status,
        "message": message,
        "profile": profile,
        "seed": seed,
        "seconds": round(outcome.seconds, 1),
        "notebook": os.path.relpath(entry.notebook, home().parent),
        "verdict": verdict,
    }
    _write(verdicts() / f"{entry.id}.json", record)
    return record


def _write(path: Path, data: Any) -> None:
    """Write JSON so that a reader sees the old file or the new one, never a part of one."""
    path.parent.mkdir(parents=True, exist_ok=True)
    partial = path.with_name(f".{path.name}.{os.getpid()}")
    partial.write_text(json.dumps(data, indent=2, allow_nan=False, ensure_ascii=False) + "\n", encoding="utf-8")
    partial.replace(path)


def verify_theorems(
    ids: Sequence[str] = (),
    *,
    family: str | None = None,
    profile: str = "quick",
    jobs: int | None = None,
    cluster: str = "",
    seed: int = 0,
    json_path: Path | None = None,
    junit: Path | None = None,
    summary: Path | None = None,
) -> bool:
    """Verify theorems through their notebooks; True if every one is VERIFIED.

    On Ctrl-C the notebooks are ended, what is done is reported, and the interruption goes on to the caller; the
    records of finished batches are kept, so that the next run takes up from there.
    """
    from rmtsym.report.console import Console

    entries = select(ids, family)
    if not entries:
        raise RmtsymError("there is no theorem to verify; rmtsym new makes one")
    for entry in entries:
        if not entry.notebook.exists():
            raise RmtsymError(f"{entry.id} has no notebook at {entry.notebook}; docs/notebooks.md says how to make one")
    if cluster:
        from rmtsym.simulate import executor

        with executor(cluster=cluster):
            pass  # a wrong address is said at once, not by every notebook
    for path in (json_path, junit, summary):
        if path is not None:
            _check_writable(path)
    jobs = jobs or os.cpu_count() or 1
    tasks, slots = tasks_for(entries, profile=profile, seed=seed, jobs=jobs, cluster=cluster)
    by_id = {entry.id: entry for entry in entries}
    (verdicts() / "incoming").mkdir(parents=True, exist_ok=True)
    for name in by_id:
        for suffix in ("json", "progress"):
            (verdicts() / "incoming" / f"{name}.{suffix}").unlink(missing_ok=True)
    found: dict[str, dict[str, Any]] = {}
    begun = time.monotonic()

    def finished(outcome: Outcome) -> None:
        found[outcome.name] = collect(by_id[outcome.name], outcome, profile=profile, seed=seed)
        console.finished(found[outcome.name])

    interrupted = False
    with Console(list(by_id), profile, slots, verdicts() / "incoming") as console:
        try:
            run_notebooks(
                tasks,
                slots,
                started=console.started,
                progress=console.progress,
                finished=finished,
                idle=console.idle,
            )
        except KeyboardInterrupt:
            interrupted = True
    done = [found[e.id] for e in entries if e.id in found]
    run = run_json(done, profile=profile, seed=seed, seconds=time.monotonic() - begun, complete=not interrupted)
    _write(home() / "run.json", run)
    _outputs(run, json_path, junit, summary)
    page = None
    if done:
        from rmtsym.report.html import write_report

        page = write_report()
    console.table(run, page)
    if interrupted:
        raise KeyboardInterrupt
    return run["status"] == "VERIFIED"


def run_json(
    done: Sequence[dict[str, Any]], *, profile: str, seed: int, seconds: float, complete: bool
) -> dict[str, Any]:
    """Plain data of a whole run: the documented content of ``rmtsym verify --json FILE``."""
    counts = {s: sum(r["status"] == s for r in done) for s in ("VERIFIED", "REFUTED", "INCONCLUSIVE")}
    if counts["REFUTED"]:
        status = "REFUTED"
    else:
        status = "VERIFIED" if complete and done and counts["VERIFIED"] == len(done) else "INCONCLUSIVE"
    return {
        "schema": RUN_SCHEMA,
        "status": status,
        "complete": complete,
        "profile": profile,
        "seed": seed,
        "seconds": round(seconds, 1),
        "counts": counts,
        "theorems": list(done),
    }


def _check_writable(path: Path) -> None:
    """Say that a file cannot be written before the run, not after it.

    Raises
    ------
    OSError
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    there = path.exists()
    with path.open("a", encoding="utf-8"):
        pass
    if not there:
        path.unlink()


def _outputs(run: dict[str, Any], json_path: Path | None, junit: Path | None, summary: Path | None) -> None:
    from rmtsym.report import ci

    if json_path is not None:
        _write(json_path, run)
    if junit is not None:
        junit.parent.mkdir(parents=True, exist_ok=True)
        junit.write_text(ci.junit_xml(run), encoding="utf-8")
    if summary is not None:
        summary.parent.mkdir(parents=True, exist_ok=True)
        with summary.open("a", encoding="utf-8") as stream:
            stream.write(ci.markdown(run))
