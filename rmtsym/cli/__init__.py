"""Command line.  Every command imports what it needs when it runs, so that listing and help answer at once.

Exit codes: 0 all is well, 1 something is refuted or inconclusive, 2 the request cannot be carried out.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence

import click

from rmtsym import __version__
from rmtsym.cli import author, calculus, check, consult
from rmtsym.errors import RmtsymError

__all__ = ["app", "main"]


@click.group(context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110})
@click.version_option(__version__, prog_name="rmtsym")
def app() -> None:
    """Random matrix theory for machine learning: theorems that are derived, enclosed, simulated and falsifiable."""


for command in (*consult.COMMANDS, *calculus.COMMANDS, *check.COMMANDS, *author.COMMANDS):
    app.add_command(command)


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the command line; a user's mistake ends in one line on stderr and exit code 2."""
    try:
        sys.exit(app.main(arguments, prog_name="rmtsym", standalone_mode=False) or 0)
    except click.exceptions.NoArgsIsHelpError as error:
        click.echo(error.format_message(), err=True)
        sys.exit(2)
    except click.ClickException as error:
        context = getattr(error, "ctx", None)
        hint = f" (see {context.command_path} --help)" if context else ""
        _fail(f"{' '.join(error.format_message().split())}{hint}")
    except RmtsymError as error:
        _fail(str(error))
    except (click.Abort, KeyboardInterrupt):
        click.echo("interrupted", err=True)
        sys.exit(130)
    except OSError as error:
        where = f" {error.filename}" if error.filename else ""
        _fail(f"cannot read or write{where}: {error.strerror or error}; choose another file, or another RMTSYM_HOME")


def _fail(message: str) -> None:
    click.echo(f"rmtsym: {message}", err=True)
    sys.exit(2)
