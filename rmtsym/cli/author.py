"""Extending the theory: new."""

from __future__ import annotations

import click

__all__ = ["COMMANDS"]


@click.command("new")
@click.argument("theorem_id", metavar="ID")
@click.option("--family", metavar="F", required=True, help="Family of the theorem; a new one is made if need be.")
@click.option("--title", metavar="T", required=True, help="One line for people.")
def new_command(theorem_id: str, family: str, title: str) -> None:
    """Scaffold: theory module, notebook, reference figures, sheet; ready to run, INCONCLUSIVE until filled in."""
    from rmtsym.report.scaffold import scaffold

    for path in scaffold(theorem_id, family, title):
        click.echo(str(path))
    click.echo(f"next: rmtsym verify {theorem_id}")


COMMANDS = (new_command,)
