"""The calculus on a model of one's own: derive, moment, export."""

from __future__ import annotations

import sys

import click

from rmtsym.cli.consult import assignments, exclusive, print_json

__all__ = ["COMMANDS"]


@click.command("derive")
@click.argument("expression", metavar="'EXPRESSION'")
@click.option("--gaussian", metavar="'X: p x n, 1/n'", multiple=True, help="Independent entries of that variance.")
@click.option("--wigner", metavar="'H: n, 1/n'", multiple=True, help="Symmetric, entries of that variance.")
@click.option("--haar", metavar="'U: n'", multiple=True, help="Uniform orthogonal matrix.")
@click.option("--free", metavar="'A: n'", multiple=True, help="Symmetric matrix, free from the others.")
@click.option("--deterministic", metavar="'S: p, sqrt(s)'", multiple=True, help="Function of a spectral letter.")
@click.option("--matrix", metavar="'A: p x n'", multiple=True, help="Explicit deterministic matrix.")
@click.option("--size", metavar="'p = c'", multiple=True, help="Size of a space relative to the common large number.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A parameter; with all set, a number.")
@click.option("--digits", type=click.IntRange(1, 1000), default=15, show_default=True, help="Digits of that number.")
@click.option("--latex", is_flag=True, help="The equations as LaTeX.")
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def derive_command(
    expression: str, settings: tuple[str, ...], digits: int, latex: bool, as_json: bool, **declarations: tuple[str, ...]
) -> None:
    """Deterministic equivalent of the normalised trace of a random-matrix expression.

    \b
    rmtsym derive 'inv(X@X.T - z)' --gaussian 'X: p x n, 1/n' --size 'p = c'
    rmtsym derive 'inv(S@X.T@X@S + lam)' --gaussian 'X: n x p' --deterministic 'S: p, sqrt(s)'
    """
    from rmtsym.report.derive import derivation, derivation_text

    exclusive(latex, as_json)
    result = derivation(expression, declarations, assignments(settings), digits)
    if as_json:
        print_json("derive", result)
    else:
        click.echo(result["latex"] if latex else derivation_text(result))


@click.command("moment")
@click.argument("expression", metavar="'EXPRESSION'")
@click.option("--variance", metavar="t", default=None, help="Variance of x, or of x and y: a name, 1/2, or 1,2.")
@click.option("--correlation", metavar="r", default=None, help="Correlation of x and y.")
@click.option("--positive", metavar="NAME", multiple=True, help="A positive symbol in the expression.")
@click.option("--set", "settings", metavar="NAME=VALUE", multiple=True, help="A symbol; with all set, a number.")
@click.option("--digits", type=click.IntRange(1, 1000), default=15, show_default=True, help="Digits of that number.")
@click.option("--json", "as_json", is_flag=True, help="Plain data (docs/json.md).")
def moment_command(
    expression: str,
    variance: str | None,
    correlation: str | None,
    positive: tuple[str, ...],
    settings: tuple[str, ...],
    digits: int,
    as_json: bool,
) -> None:
    """Gaussian moment of an expression in x, or kernel of one in x and y.

    \b
    rmtsym moment 'relu(x)*relu(y)' --variance 1
    rmtsym moment 'clip(x, -s, s)^2' --positive s
    """
    from rmtsym.report.moment import moment_data, moment_text

    result = moment_data(expression, variance, correlation, assignments(settings), positive, digits)
    if as_json:
        print_json("moment", result)
    else:
        click.echo(moment_text(result))
    certificate = result["certificate"]
    sys.exit(0 if certificate is None or certificate["status"] == "certified" else 1)


@click.command("export")
@click.argument("theorem_id", metavar="ID")
@click.option("--language", type=click.Choice(["python"]), default="python", show_default=True)
@click.option("--point", metavar="NAME", help="Export the regime of this point instead of the first one.")
def export_command(theorem_id: str, language: str, point: str | None) -> None:
    """A program that needs numpy only and computes the theorem's quantities."""
    from rmtsym.report.export import exported

    click.echo(exported(theorem_id, language, point))


COMMANDS = (derive_command, moment_command, export_command)
