"""Parameters of notebooks: plain assignments in the first code cell, unknown names refused."""

from __future__ import annotations

import pytest
from nbformat.v4 import new_code_cell, new_notebook

from rmtsym.errors import DomainError, UnknownName
from rmtsym.report.cells import PARAMETERS, code, text, write
from rmtsym.report.execute import declared_parameters, execute


def book(source, *more, tags=("parameters",)):
    return new_notebook(cells=[new_code_cell(source, metadata={"tags": list(tags)}), *more])


def test_plain_assignments():
    found = declared_parameters(book(PARAMETERS))
    assert found == {"profile": "quick", "seed": 0, "jobs": 1, "cluster": ""}


@pytest.mark.parametrize("source", ["a = b", "import os", "a: int = 3", "a = f(1)", "a = b = 1"])
def test_anything_else_is_refused(source):
    with pytest.raises(DomainError):
        declared_parameters(book(source))


@pytest.mark.parametrize("tags", [(), ("x",)])
def test_the_tag_is_needed(tags):
    with pytest.raises(DomainError, match="first code cell"):
        declared_parameters(book("a = 1", tags=tags))


def test_it_must_be_the_first_cell():
    late = new_notebook(cells=[new_code_cell("1"), *book("a = 1").cells])
    with pytest.raises(DomainError):
        declared_parameters(late)


def test_an_unknown_parameter_is_an_error(tmp_path):
    write(tmp_path / "a.ipynb", [text("# A"), code("profile = 'quick'", "parameters")])
    with pytest.raises(UnknownName, match="profil"):
        execute(tmp_path / "a.ipynb", tmp_path / "out.ipynb", {"profil": "full"}, timeout=60)
    assert not (tmp_path / "out.ipynb").exists()
