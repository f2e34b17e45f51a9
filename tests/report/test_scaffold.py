"""rmtsym new: files that are there, load, and say what is missing."""

from __future__ import annotations

import tomllib

import nbformat
import pytest

from rmtsym.errors import DomainError, RmtsymError
from rmtsym.report.scaffold import scaffold
from rmtsym.theorem import get, predict


@pytest.fixture
def laws(tmp_path, monkeypatch):
    folder = tmp_path / f"laws_{tmp_path.name.replace('-', '_')}"  # a module's name is taken once in a process
    folder.mkdir()
    monkeypatch.setenv("RMTSYM_THEORIES", str(folder))
    return folder


def test_a_new_theorem_loads_and_has_the_figure_of_its_test(laws):
    module, notebook, test, sheet = scaffold("my-law", "lab", "My law", laws)
    assert (module, test.name, sheet.name) == (laws / "lab" / "my_law.py", "test_my_law.py", "my_law.md")
    theorem = get("my-law")
    assert (theorem.title, theorem.family) == ("My law", "lab")
    assert f"{float(predict(theorem)['m']):.12g}" in test.read_text()
    assert nbformat.read(notebook, as_version=4).cells[0].source.startswith("# My law")


def test_figures_are_a_table_where_others_are(laws):
    figures = laws.parent / "tests" / "theory" / "figures"
    figures.mkdir(parents=True)
    written = scaffold("my-law", "lab", "My law", laws)
    assert written[2] == figures / "my-law.toml"
    table = tomllib.loads(written[2].read_text())
    assert table["figures"]["A"]["m"] == f"{float(predict(get('my-law'))['m']):.12g}"
    for case in table["refused"]:
        with pytest.raises(RmtsymError, match=case["words"]):
            predict(get("my-law"), case["point"])


@pytest.mark.parametrize(
    ("theorem_id", "family", "title"), [("My law", "lab", "T"), ("my-law", "My Lab", "T"), ("my-law", "lab", 'a "b"')]
)
def test_names_that_cannot_be_used(laws, theorem_id, family, title):
    with pytest.raises(DomainError):
        scaffold(theorem_id, family, title, laws)
    assert not list(laws.rglob("*.py"))


def test_nothing_is_overwritten(laws):
    module, *_ = scaffold("my-law", "lab", "My law", laws)
    module.write_text("mine\n")
    with pytest.raises(RmtsymError, match="exists already"):
        scaffold("my-law", "lab", "My law", laws)
    assert module.read_text() == "mine\n"
