"""Writing a notebook from a short list of cells; see docs/notebooks.md.

The notebook file is the one source: this module makes a new one, or replaces one whose text is rewritten, and
``make notebooks`` runs it.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from rmtsym.report.normalise import write_normalised

__all__ = ["IGNORED", "PARAMETERS", "code", "picture", "sheet", "text", "write"]

#: Tag of a cell whose output nbval does not compare: Monte Carlo numbers, LaTeX, figures.
IGNORED = "nbval-ignore-output"
PARAMETERS = 'profile = "quick"\nseed = 0\njobs = 1\ncluster = ""'


def text(markdown: str) -> Any:
    """A cell of prose: Markdown with LaTeX between dollars."""
    return new_markdown_cell(markdown.strip())


def code(source: str, *tags: str) -> Any:
    """A cell of code whose printed output nbval compares, unless a tag says otherwise."""
    return new_code_cell(source.strip(), metadata={"tags": list(tags)} if tags else {})


def picture(source: str) -> Any:
    """A cell of code that ends in a figure, LaTeX or Monte Carlo numbers: run, but not compared."""
    return code(source, IGNORED)


def sheet(
    theorem_id: str,
    title: str,
    introduction: str = "",
    *,
    statement: str = "",
    derivation: str = "",
    numbers: str = "",
    simulation: str = "",
    pictures: Sequence[tuple[str, str]] = (),
    consequences: str = "",
    mutants: str = "",
    practice: str = "",
    verdict: str = "",
) -> list[Any]:
    """Cells of the usual notebook, with the author's prose in its places.

    Parameters
    ----------
    theorem_id, title : str
    introduction : str
        Model and question, under the title.
    statement, derivation, numbers, simulation, consequences, mutants, practice, verdict : str
        Prose under the heading of that section; ``practice`` is left out if empty.
    pictures : sequence of (prose, code)
        After the simulation; each code ends in a figure, e.g. ``page.sweep("lam", [...], ["R"], log="x")``.
    """
    cells = [
        text(f"# {title}\n\n{introduction}"),
        code(PARAMETERS, "parameters"),
        code(
            "from rmtsym.report.notebook import open_theorem\n\n"
            f'page = open_theorem("{theorem_id}", profile=profile, seed=seed, jobs=jobs, cluster=cluster)'
        ),
        text(f"## Statement\n\n{statement}"),
        picture("page.statement()"),
        text(f"## Derivation\n\n{derivation}"),
        picture("page.derivation()"),
        code("page.checks()"),
        text(f"## Numbers\n\n{numbers}"),
        code("page.numbers()"),
        text(f"## Simulation\n\n{simulation}"),
        picture("page.simulation()"),
        picture("page.figure()"),
    ]
    for prose, source in pictures:
        cells += [text(prose), picture(source)]
    cells += [text(f"## Consequences\n\n{consequences}"), code("page.consequences()")]
    cells += [text(f"## Could the checks have failed?\n\n{mutants}"), picture("page.mutants()")]
    if practice:
        cells.append(text(f"## In practice\n\n{practice}"))
    return [*cells, text(f"## Verdict\n\n{verdict}"), code("page.verdict()")]


def write(path: str | Path, cells: Sequence[Any]) -> bool:
    """Write a notebook, not yet run, in normal form; says whether the file changed."""
    return write_normalised(new_notebook(cells=list(cells)), Path(path))
