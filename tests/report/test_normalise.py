"""Normal form of notebooks: same content, same bytes."""

from __future__ import annotations

import copy

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from rmtsym.report.normalise import normalise, read, write_normalised


def executed(**metadata):
    outputs = [
        new_output("stream", name="stdout", text="a\n"),
        new_output("stream", name="stdout", text="b\n"),
        new_output("execute_result", data={"text/plain": "2"}, execution_count=7, metadata={"when": "now"}),
    ]
    cell = new_code_cell("1 + 1  \n\n", execution_count=7, outputs=outputs, metadata={"tags": ["x"], **metadata})
    book = new_notebook(cells=[new_markdown_cell("# T\n"), cell], metadata={"papermill": {"duration": 1}})
    book.metadata["language_info"] = {"name": "python", "version": "3.11.7"}
    return book


def test_two_runs_give_the_same_bytes(tmp_path):
    first, second = executed(execution={"start": "1"}), executed(execution={"start": "2"}, papermill={"duration": 3})
    write_normalised(first, tmp_path / "a.ipynb")
    write_normalised(second, tmp_path / "b.ipynb")
    assert (tmp_path / "a.ipynb").read_bytes() == (tmp_path / "b.ipynb").read_bytes()


def test_what_is_kept_and_what_goes():
    book = normalise(executed(execution={"start": "1"}))
    assert [c.id for c in book.cells] == ["cell-01", "cell-02"]
    cell = book.cells[1]
    assert cell.source == "1 + 1" and cell.execution_count == 1 and dict(cell.metadata) == {"tags": ["x"]}
    assert cell.outputs[0].text == "a\nb\n" and cell.outputs[1].execution_count == 1
    assert "papermill" not in book.metadata and "version" not in book.metadata.language_info


def test_injected_parameters_go():
    book = executed()
    book.cells.insert(1, new_code_cell("seed = 3", metadata={"tags": ["injected-parameters"]}))
    assert len(normalise(book).cells) == 2


def test_it_is_idempotent_and_leaves_its_argument_alone(tmp_path):
    book = executed()
    before = copy.deepcopy(book)
    once = normalise(book)
    assert book == before
    assert normalise(once) == once
    assert write_normalised(book, tmp_path / "a.ipynb") is True
    assert write_normalised(read(tmp_path / "a.ipynb"), tmp_path / "a.ipynb") is False
