"""Notebook files that do not change unless what they say changes.

Execution times, kernel versions, random cell ids and the traces of papermill are removed, so that two runs of the same
notebook give the same bytes.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import nbformat

__all__ = ["normalise", "read", "write_normalised"]

_KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
_LANGUAGE = {"name": "python"}
_TRANSIENT = ("papermill", "execution", "collapsed", "scrolled", "ExecuteTime", "trusted")


def read(path: Path) -> Any:
    """Notebook in the current file format."""
    return nbformat.read(path, as_version=4)


def normalise(notebook: Any) -> Any:
    """Copy of a notebook without anything that depends on when, where or how often it was run.

    >>> from nbformat.v4 import new_code_cell, new_notebook
    >>> book = normalise(new_notebook(cells=[new_code_cell("1 + 1", metadata={"execution": {"start": "now"}})]))
    >>> book.cells[0].id, dict(book.cells[0].metadata)
    ('cell-01', {})
    """
    book = nbformat.from_dict(notebook)
    book.nbformat, book.nbformat_minor = 4, 5
    book.metadata = nbformat.from_dict({"kernelspec": dict(_KERNEL), "language_info": dict(_LANGUAGE)})
    book.cells = [c for c in book.cells if "injected-parameters" not in c.metadata.get("tags", [])]
    count = 0
    for number, cell in enumerate(book.cells, 1):
        cell.id = f"cell-{number:02d}"
        kept = {k: v for k, v in cell.metadata.items() if k not in _TRANSIENT}
        cell.metadata = nbformat.from_dict(dict(sorted(kept.items())))
        cell.source = "\n".join(line.rstrip() for line in cell.source.strip("\n").split("\n"))
        if cell.cell_type != "code":
            cell.pop("attachments", None)
            continue
        count += 1
        executed = cell.get("execution_count") is not None or bool(cell.outputs)
        cell.execution_count = count if executed else None
        cell.outputs = [_normal_output(output, count) for output in _joined(cell.outputs)]
    return book


def write_normalised(notebook: Any, path: Path) -> bool:
    """Write the normal form of a notebook; says whether the file changed."""
    book = normalise(notebook)
    nbformat.validate(book)
    text = nbformat.writes(book, version=4).rstrip("\n") + "\n"
    if path.exists() and path.read_text(encoding="utf-8") == text:
        return False
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text, encoding="utf-8")
    return True


def _normal_output(output: Any, count: int) -> Any:
    if output.output_type == "execute_result":
        output.execution_count = count
    if "metadata" in output:
        output.metadata = nbformat.from_dict({})
    return output


def _joined(outputs: list[Any]) -> list[Any]:
    """Consecutive pieces of one stream as one piece: where a stream is cut depends on timing."""
    joined: list[Any] = []
    for output in outputs:
        last = joined[-1] if joined else None
        if last is not None and output.output_type == last.output_type == "stream" and output.name == last.name:
            last.text += output.text
        else:
            joined.append(output)
    return joined
