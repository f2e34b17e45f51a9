"""The kill table of a theorem: every wrong version of its statement and the evidence that rejects it."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import Any

from rich import box
from rich.console import Console as Terminal
from rich.markup import escape
from rich.table import Table

__all__ = ["kill_table", "mutation_evidence"]


def mutation_evidence(theorem_id: str, *, profile: str, jobs: int | None, seed: int) -> dict[str, Any]:
    """Try every wrong version; simulations are taken from the records where they are."""
    from rmtsym.report.home import records
    from rmtsym.simulate import RecordStore
    from rmtsym.theorem import Trial

    with RecordStore(os.environ.get("RMTSYM_STORE") or records()) as store:
        trial = Trial(theorem_id, profile, jobs=jobs or os.cpu_count() or 1, seed=seed, store=store)
        return trial.kills.to_json()


def kill_table(evidence: Mapping[str, Any], terminal: Terminal | None = None) -> None:
    """Print the table: survivors first, then those met in practice, then the generated ones."""
    terminal = terminal or Terminal(highlight=False)
    if not terminal.is_terminal:
        terminal.width = max(terminal.width, 180)
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, header_style="bold")
    for name, options in (
        ("wrong version", {"overflow": "fold", "ratio": 3}),
        ("kind", {"no_wrap": True}),
        ("rejected by", {"no_wrap": True}),
        ("z", {"justify": "right"}),
        ("where", {"overflow": "fold", "ratio": 1}),
    ):
        table.add_column(name, **options)  # type: ignore[arg-type]
    for m in sorted(evidence["mutants"], key=_rank):
        said = "[dim]equivalent[/dim]" if m["equivalent"] else m["killed_by"] or "[bold red]nothing[/bold red]"
        z = f"{m['z']:.1f}" if m["z"] else ""
        table.add_row(escape(m["name"]), escape(m["kind"]), said, z, escape(m["where"] or m["note"]))
    terminal.print(table)
    counts = evidence["counts"]
    if counts:
        terminal.print(
            f"{evidence['id']}: {counts['killed']} of {counts['counted']} wrong versions rejected, "
            f"{counts['killed by simulation alone']} by simulation alone; {counts['equivalent']} equivalent"
        )
    for m in evidence["mutants"]:
        if not m["equivalent"] and not m["killed_by"]:
            shift = "" if m["relative_shift"] is None else f" needs a resolution of {100 * m['relative_shift']:.2g} %"
            terminal.print(f"survivor: {escape(m['name'])}{shift}", style="red")


def _rank(mutant: Mapping[str, Any]) -> tuple[int, str, str]:
    survivor = not mutant["equivalent"] and not mutant["killed_by"]
    by_hand = mutant["kind"] == "written by hand"
    return (0 if survivor else 1 if by_hand else 3 if mutant["equivalent"] else 2, mutant["kind"], mutant["name"])
