"""What a verification shows in the terminal: progress while it runs, the verdict table when it is done."""

from __future__ import annotations

import statistics
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TaskID, TextColumn, TimeElapsedColumn
from rich.table import Table

from rmtsym.report.runner import Task

__all__ = ["EVIDENCE", "Console", "evidence_of", "in_short", "verdict_table"]

EVIDENCE = ("derivation", "enclosure", "simulation", "falsification")
_CLAUSES = 8  # of a message, one to a line
_COLOUR = {"VERIFIED": "green", "REFUTED": "bold red", "INCONCLUSIVE": "yellow"}
_MARK = {"VERIFIED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?"}


def evidence_of(record: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    """One of the four pieces of evidence of a run record; empty if the notebook never came to it."""
    return ((record.get("verdict") or {}).get("evidence") or {}).get(kind) or {}


def in_short(record: Mapping[str, Any], kind: str) -> str:
    """A piece of evidence in a few words and figures."""
    found = evidence_of(record, kind)
    figures = found.get("figures") or {}
    match kind:
        case "derivation" if "steps" in figures:
            assumed = f", {figures['assumed']} assumed" if figures.get("assumed") else ""
            return f"{figures['steps']} steps{assumed}, {figures.get('consequences', 0)} consequences"
        case "enclosure" if figures.get("values"):
            return f"{figures['values']} values, {min(figures['digits'], 99)} digits"
        case "simulation" if "statistics" in figures:
            z = figures["largest |z|"]
            shown = f"{z:.1f}" if z < 1000 else f"{z:.0e}"
            return f"{figures['statistics']} statistics, |z| ≤ {shown}{_resolution(record)}"
        case "falsification" if "counted" in figures:
            return f"{figures['killed']} of {figures['counted']} rejected"
    return found.get("method") or str(found.get("status", "")).lower()


def _resolution(record: Mapping[str, Any]) -> str:
    """Relative deviation that half of the statistics would have noticed."""
    known = [o["resolution"] for o in (record.get("verdict") or {}).get("simulation", []) if o["resolution"]]
    return f", median resolution {100 * statistics.median(known):.2g} %" if known else ""


def _cell(record: Mapping[str, Any], kind: str) -> str:
    found = evidence_of(record, kind)
    status = found.get("status")
    if status is None:
        return "[dim]–[/dim]"
    text = escape(in_short(record, kind))
    return f"[{_COLOUR[status]}]{_MARK[status]}[/] {text}"


def verdict_table(records: Sequence[Mapping[str, Any]]) -> Table:
    """Theorems and their four pieces of evidence."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    table.add_column("theorem", no_wrap=True)
    table.add_column("verdict", no_wrap=True)
    for kind in EVIDENCE:
        table.add_column(kind, overflow="fold")
    table.add_column("time", justify="right", no_wrap=True)
    for record in records:
        colour = _COLOUR[record["status"]]
        cells = [_cell(record, kind) for kind in EVIDENCE]
        table.add_row(record["id"], f"[{colour}]{record['status']}[/]", *cells, f"{record['seconds']:.0f} s")
    return table


class Console:
    """Progress on a terminal, or one line per event when the output is a file."""

    def __init__(
        self, names: Sequence[str], profile: str, slots: int, folder: Path, terminal: Terminal | None = None
    ) -> None:
        self.terminal = terminal or Terminal(highlight=False)
        self.live = self.terminal.is_terminal
        if not self.live and terminal is None:
            self.terminal = Terminal(highlight=False, width=160)
        self.names, self.profile, self.slots, self.folder = list(names), profile, slots, folder
        self.begun, self.done = time.monotonic(), 0
        self.running: dict[str, TaskID] = {}
        self.progress_bar = Progress(
            TextColumn("{task.description}"),
            BarColumn(bar_width=24),
            MofNCompleteColumn(),
            TextColumn("[dim]{task.fields[note]}[/dim]"),
            TimeElapsedColumn(),
            console=self.terminal,
            transient=True,
            disable=not self.live,
        )
        self.total = self.progress_bar.add_task("[bold]theorems[/bold]", total=len(self.names), note="")

    def __enter__(self) -> Console:
        many = "notebook" if len(self.names) == 1 else "notebooks"
        self.terminal.print(f"Verifying {len(self.names)} {many}, profile {self.profile}, {self.slots} at a time")
        self.progress_bar.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self.progress_bar.stop()

    def started(self, task: Task) -> None:
        if self.live:
            self.running[task.name] = self.progress_bar.add_task(task.name, total=None, note="starting")
        else:
            self.terminal.print(f"  start  {task.name}")

    def progress(self, name: str, cell: int, count: int) -> None:
        if name in self.running:
            self.progress_bar.update(self.running[name], completed=cell, total=count, note="cells")

    def idle(self) -> None:
        """Show what the simulations of the running notebooks say of themselves."""
        for name, line in self.running.items():
            try:
                said = (self.folder / f"{name}.progress").read_text(encoding="utf-8")
            except OSError:
                continue
            self.progress_bar.update(line, note=said.removeprefix(f"{name}: "))

    def finished(self, record: Mapping[str, Any]) -> None:
        self.done += 1
        name, status = record["id"], record["status"]
        if name in self.running:
            self.progress_bar.remove_task(self.running.pop(name))
        self.progress_bar.update(self.total, completed=self.done, note=self._time_left())
        count = f"[dim]\\[{self.done}/{len(self.names)}][/dim]"
        self.terminal.print(f"  {count} [{_COLOUR[status]}]{status:<12}[/] {name} [dim]{record['seconds']:.0f} s[/dim]")
        if status != "VERIFIED" and record["message"]:
            clauses = record["message"].split("; ")
            more = [f"... {len(clauses) - _CLAUSES} more in the report"] if len(clauses) > _CLAUSES else []
            for line in [*clauses[:_CLAUSES], *more]:
                self.terminal.print(f"         {escape(line)}", style=_COLOUR[status], soft_wrap=True)

    def _time_left(self) -> str:
        """Estimate from the pace so far; notebooks take similar times."""
        left = len(self.names) - self.done
        if not left:
            return ""
        seconds = (time.monotonic() - self.begun) / self.done * left
        return f"about {seconds / 60:.0f} min left" if seconds > 90 else f"about {seconds:.0f} s left"

    def table(self, run: Mapping[str, Any], page: Path | None) -> None:
        """The closing table, the counts, and where the report is."""
        if run["theorems"]:
            self.terminal.print(verdict_table(run["theorems"]))
        counts = ", ".join(f"[{_COLOUR[s]}]{n} {s.lower()}[/]" for s, n in run["counts"].items() if n)
        missing = len(self.names) - len(run["theorems"])
        late = f", {missing} not run (interrupted; a new run takes up from the finished replicates)" if missing else ""
        self.terminal.print(f"{counts or 'nothing finished'}{late}  [dim]{run['seconds']:.0f} s[/dim]")
        if page is not None:
            self.terminal.print(f"report: {page}", soft_wrap=True)
