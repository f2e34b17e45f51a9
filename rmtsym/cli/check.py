"""Putting the theory at risk: verify, mutate, report."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from rmtsym.cli.consult import print_json

__all__ = ["COMMANDS"]


@click.command("verify")
@click.argument("ids", metavar="[ID ...]", nargs=-1)
@click.option("--family", metavar="F", help="The theorems of one family.")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; one per core by default.")
@click.option("--cluster", metavar="ADDRESS", default="", help="Hand the replicates to this Dask scheduler.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True, help="Root of all random seeds.")
@click.option("--json", "json_path", metavar="FILE", type=click.Path(path_type=Path), help="Write the verdicts.")
@click.option("--junit", metavar="FILE", type=click.Path(path_type=Path), help="Write JUnit XML.")
@click.option("--summary", metavar="FILE", type=click.Path(path_type=Path), help="Append a Markdown summary.")
def verify_command(
    ids: tuple[str, ...],
    family: str | None,
    profile: str,
    jobs: int | None,
    cluster: str,
    seed: int,
    json_path: Path | None,
    junit: Path | None,
    summary: Path | None,
) -> None:
    """Run the notebooks with papermill, print the verdict table, write the report.

    Exit code 0 if everything is verified, 1 if something is refuted or inconclusive.
    """
    from rmtsym.report.verification import verify_theorems

    passed = verify_theorems(
        ids,
        family=family,
        profile=profile,
        jobs=jobs,
        cluster=cluster,
        seed=seed,
        json_path=json_path,
        junit=junit,
        summary=summary,
    )
    sys.exit(0 if passed else 1)


@click.command("mutate")
@click.argument("theorem_id", metavar="ID")
@click.option("--profile", type=click.Choice(["quick", "full"]), default="quick", show_default=True)
@click.option("--jobs", type=click.IntRange(1), default=None, help="Processes; one per core by default.")
@click.option("--seed", type=click.IntRange(0), default=0, show_default=True)
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def mutate_command(theorem_id: str, profile: str, jobs: int | None, seed: int, as_json: bool) -> None:
    """The kill table: every wrong version of the statement and the evidence that rejects it."""
    from rmtsym.report.kills import kill_table, mutation_evidence

    evidence = mutation_evidence(theorem_id, profile=profile, jobs=jobs, seed=seed)
    if as_json:
        print_json("mutate", evidence)
    else:
        kill_table(evidence)
    sys.exit(0 if evidence["status"] == "VERIFIED" else 1)


@click.command("report")
@click.option("--open", "show", is_flag=True, help="Open it in the browser.")
def report_command(show: bool) -> None:
    """Write the HTML report of the last run and say where it is."""
    from rmtsym.report.html import write_report

    page = write_report()
    click.echo(str(page))
    if show:
        click.launch(page.as_uri())


COMMANDS = (verify_command, mutate_command, report_command)
