"""Consulting the theory: list, show, predict."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import click

from rmtsym.errors import DomainError

__all__ = ["COMMANDS", "FORMS", "assignments", "exclusive", "print_json"]


#: Form of the JSON of each command; a number is raised when a field is renamed or removed (docs/json.md).
FORMS = {"derive": 1, "list": 1, "moment": 1, "mutate": 1, "predict": 1, "show": 1}


def print_json(command: str, data: Mapping[str, Any]) -> None:
    """Plain data on stdout, in the documented and stable form of a command."""
    form = {"schema": f"rmtsym-{command}/{FORMS[command]}", **data}
    click.echo(json.dumps(form, indent=2, allow_nan=False, ensure_ascii=False))


def exclusive(latex: bool, as_json: bool) -> None:
    """Refuse two forms of output at once."""
    if latex and as_json:
        raise click.UsageError("--latex and --json exclude each other; give one of them", click.get_current_context())


def assignments(pairs: tuple[str, ...]) -> dict[str, str]:
    """Values given as ``--set name=value``; each name once.

    >>> assignments(("c=1/2", "s=1,4"))
    {'c': '1/2', 's': '1,4'}
    """
    found: dict[str, str] = {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        name = name.strip()
        if not equals or not name or not value.strip():
            raise DomainError("--set", repr(pair), "name=value", "write --set lam=0.3 or --set s=1,4")
        if name in found:
            raise DomainError("--set", repr(pair), f"one value for {name}", f"{name} = {found[name]} was given before")
        found[name] = value.strip()
    return found


@click.command("list")
@click.option("--family", metavar="F", help="Only the theorems of one family.")
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def list_command(family: str | None, as_json: bool) -> None:
    """Ids, titles and the status of the last verification."""
    from rmtsym.report.home import last_status
    from rmtsym.theorem.registry import index, problems

    entries = index(family)
    rows = [(e, last_status(e.id)) for e in entries.values()]
    if as_json:
        theorems = [
            {"id": e.id, "title": e.title, "family": e.family, "uses": list(e.uses), "status": status}
            for e, status in rows
        ]
        print_json("list", {"theorems": theorems, "problems": problems()})
        return
    wide = max((len(e.id) for e, _ in rows), default=0)
    last = None
    for entry, status in rows:
        if entry.family != last:
            click.echo(("" if last is None else "\n") + click.style(entry.family, bold=True))
            last = entry.family
        click.echo(f"  {entry.id:<{wide}}  {_badge(status)}  {entry.title}")
    for problem in problems():
        click.echo(f"rmtsym: {problem}", err=True)


def _badge(status: str | None) -> str:
    text = f"{status or 'not run':<12}"
    return click.style(text, fg={"VERIFIED": "green", "REFUTED": "red", "INCONCLUSIVE": "yellow"}.get(status or ""))


@click.command("show")
@click.argument("theorem_id", metavar="ID")
@click.option("--latex", is_flag=True, help="The statement as LaTeX.")
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def show_command(theorem_id: str, latex: bool, as_json: bool) -> None:
    """Statement, assumptions, parameters, quantities, derivation steps."""
    from rmtsym.report import describe
    from rmtsym.theorem.registry import get

    exclusive(latex, as_json)
    theorem = get(theorem_id)
    if as_json:
        print_json("show", describe.theorem_json(theorem))
    else:
        click.echo(describe.theorem_latex(theorem) if latex else describe.theorem_text(theorem))


@click.command("predict")
@click.argument("theorem_id", metavar="ID")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A parameter; repeat for more.")
@click.option("--point", metavar="NAME", help="Start from this point of the theorem instead of its first one.")
@click.option("--quantity", "quantities", metavar="Q", multiple=True, help="Only this quantity; repeat for more.")
@click.option("--digits", type=click.IntRange(1, 1000), default=15, show_default=True, help="Digits to certify.")
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def predict_command(
    theorem_id: str,
    settings: tuple[str, ...],
    point: str | None,
    quantities: tuple[str, ...],
    digits: int,
    as_json: bool,
) -> None:
    """Theory values with their enclosures.

    Numbers are decimals or fractions, lists have commas: --set s=1,4 --set w=1/2,1/2 --set lam=0.3
    """
    from rmtsym.report import describe
    from rmtsym.theorem.registry import get
    from rmtsym.theorem.theorem import predict

    theorem = get(theorem_id)
    exact = theorem.point(point, **assignments(settings))
    values = predict(theorem, exact, digits=digits, quantities=quantities or None)
    if as_json:
        print_json("predict", describe.prediction(theorem.id, exact, values, digits))
        return
    click.echo(f"{theorem.id} at " + " ".join(f"{k}={_short(v)}" for k, v in exact.items()))
    wide = max(map(len, values), default=0)
    for name, value in values.items():
        click.echo(f"  {name:<{wide}}  {describe.decimal(value, digits)}   {_evidence(value)}")


def _short(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _evidence(value: Any) -> str:
    if value.radius == 0:
        return "exact"
    return f"± {value.radius:.1e} ({value.status})" if value.status == "enclosed" else f"({value.status}: no enclosure)"


COMMANDS = (list_command, show_command, predict_command)
