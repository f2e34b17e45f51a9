"""Form of the committed notebooks: thin, parametrised, normalised, with outputs, ending in a verdict."""

from __future__ import annotations

import ast
import re
from pathlib import Path

import pytest

from rmtsym.report.build import README_PICTURE, pictures
from rmtsym.report.execute import declared_parameters
from rmtsym.report.normalise import normalise, read
from rmtsym.theorem.registry import index

ROOT = Path(__file__).parents[2]
NOTEBOOKS = sorted((ROOT / "notebooks").rglob("*.ipynb"))
IGNORED = "nbval-ignore-output"


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.stem)
def book(request):
    return read(request.param)


def code(book):
    return [c for c in book.cells if c.cell_type == "code"]


def test_every_theorem_has_its_notebook():
    assert {e.notebook for e in index().values() if e.root == ROOT / "theory"} == set(NOTEBOOKS)


def test_parameters(book):
    declared = declared_parameters(book)
    assert declared == {"profile": "quick", "seed": 0, "jobs": 1, "cluster": ""}


def test_it_is_in_normal_form(book):
    assert normalise(book) == book


def test_it_was_run_without_complaint(book):
    for cell in code(book):
        for output in cell.outputs:
            assert output.output_type != "error"
            assert not (output.output_type == "stream" and output.name == "stderr"), output.text
    assert all(c.execution_count == i for i, c in enumerate(code(book), 1))


def test_it_ends_in_a_verdict(book):
    last = code(book)[-1]
    assert last.source == "page.verdict()"
    assert re.match(r"[a-z0-9-]+: VERIFIED\n", last.outputs[0].text)


def test_it_is_thin(book):
    for cell in code(book):
        tree = ast.parse(cell.source)
        functions = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
        assert not [node for node in ast.walk(tree) if isinstance(node, functions)]
        assert len(cell.source.splitlines()) <= 16


def test_what_nbval_compares_is_plain_text(book):
    """LaTeX, figures and Monte Carlo numbers stand in cells that nbval ignores."""
    for cell in code(book):
        if IGNORED in cell.metadata.get("tags", []):
            continue
        for output in cell.outputs:
            assert output.output_type == "stream", cell.source
    for cell in code(book):
        for output in cell.outputs:
            kinds = set(output.get("data", {}))
            assert not kinds & {"image/svg+xml", "application/pdf", "image/jpeg"}
        assert not cell.source.rstrip().endswith(";")


def test_no_magics(book):
    for cell in code(book):
        assert not re.search(r"^\s*[%!]", cell.source, re.M)


def test_it_has_a_title_and_prose(book):
    assert book.cells[0].cell_type == "markdown" and book.cells[0].source.startswith("# ")
    headings = [c.source.splitlines()[0] for c in book.cells if c.cell_type == "markdown"]
    for wanted in ("## Statement", "## Derivation", "## Numbers", "## Simulation", "## Verdict"):
        assert wanted in headings


def test_the_picture_of_the_readme_is_that_of_a_notebook():
    notebook, picture = README_PICTURE
    assert (ROOT / picture).read_bytes() == pictures(ROOT / "notebooks" / notebook)[-1]
    assert str(picture) in (ROOT / "README.md").read_text()
