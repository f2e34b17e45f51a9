"""Run one notebook in a process of its own: ``python -m rmtsym.report.execute INPUT OUTPUT --parameters JSON``.

The process announces each cell on stdout as a line of JSON, so that whoever started it can show progress and knows when
the kernel is up.  It ends by itself when that parent dies; the kernel ends with it.
"""

from __future__ import annotations

import argparse
import ast
import json
import os
import re
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from rmtsym.errors import DomainError, RmtsymError, UnknownName

__all__ = ["declared_parameters", "execute"]

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")


def declared_parameters(notebook: Any) -> dict[str, Any]:
    """Parameters of a notebook: the plain assignments ``name = literal`` of the cell tagged ``parameters``.

    Raises
    ------
    DomainError
        If the first code cell is not that cell, or holds anything else.
    """
    cells = [c for c in notebook.cells if c.cell_type == "code"]
    tagged = [c for c in cells if "parameters" in c.metadata.get("tags", [])]
    if len(tagged) != 1 or tagged[0] is not cells[0]:
        raise DomainError(
            "notebook", f"{len(tagged)} cells", "the first code cell tagged 'parameters'", "tag that cell"
        )
    found: dict[str, Any] = {}
    for statement in ast.parse(tagged[0].source).body:
        match statement:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                try:
                    found[name] = ast.literal_eval(value)
                except ValueError:
                    raise DomainError(name, ast.unparse(value), "a literal", "derive values in a later cell") from None
            case _:
                raise DomainError(
                    "parameters cell", ast.unparse(statement), "name = literal", "move it to a later cell"
                )
    return found


def execute(source: Path, target: Path, parameters: Mapping[str, Any], *, timeout: int, announce: Any = None) -> None:
    """Run a notebook with papermill and save it with its outputs.

    Parameters
    ----------
    source, target : Path
    parameters : mapping
        Values that replace those of the parameters cell; an unknown name is an error.
    timeout : int
        Seconds that one cell may take.
    announce : callable, optional
        Called with (number of the cell that starts, number of cells).

    Raises
    ------
    UnknownName
        For a parameter that the notebook does not declare.
    RmtsymError
        If a cell fails; the message is that of the cell.
    """
    import nbformat
    import papermill
    from papermill.engines import NBClientEngine, papermill_engines
    from papermill.exceptions import PapermillExecutionError

    declared = declared_parameters(nbformat.read(source, as_version=4))
    for name in parameters:
        if name not in declared:
            raise UnknownName(f"parameter of {source.name}", name, declared)

    class Announced(NBClientEngine):
        """papermill's engine, which says which cell it is at."""

        @classmethod
        def execute_managed_notebook(cls, nb_man: Any, kernel_name: str, **options: Any) -> Any:
            start = nb_man.cell_start

            def cell_start(cell: Any, cell_index: Any = None, **more: Any) -> Any:
                if announce is not None:
                    announce(cell_index or 0, len(nb_man.nb.cells))
                return start(cell, cell_index, **more)

            nb_man.cell_start = cell_start
            return super().execute_managed_notebook(nb_man, kernel_name, **options)

    papermill_engines.register("announced", Announced)
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        papermill.execute_notebook(
            str(source),
            str(target),
            parameters=dict(parameters),
            engine_name="announced",
            kernel_name="python3",
            cwd=str(source.parent),
            progress_bar=False,
            execution_timeout=timeout,
            start_timeout=120,
        )
    except PapermillExecutionError as error:
        number = error.cell_index + (0 if parameters else 1)  # papermill inserts a cell for the parameters
        text = error.evalue or _last_words(target)
        raise RmtsymError(f"{source.name}, cell {number}: {_reason(error.ename, text)}") from None
    except TimeoutError as error:
        raise RmtsymError(f"{source.name}: a cell took more than {timeout} s") from error


def _last_words(target: Path) -> str:
    """What the last cell that ran wrote; a mistyped magic says nothing in its exception."""
    import nbformat

    for cell in reversed(nbformat.read(target, as_version=4).cells):
        for output in cell.get("outputs", []):
            if output.output_type == "stream" and output.name == "stderr":
                return output.text
    return ""


def _reason(name: str, text: str) -> str:
    """An exception in one line."""
    body = " ".join(_ESCAPES.sub("", text or "").split())
    return body if name in ("VerdictError", "RmtsymError") and body else f"{name}: {body}"


def _end_with_parent() -> None:
    """End this process when the one that started it has died (its kernel then ends by itself)."""
    parent = os.getppid()

    def watch() -> None:
        while os.getppid() == parent:
            time.sleep(1)
        os._exit(130)

    threading.Thread(target=watch, daemon=True).start()


def _say(**data: Any) -> None:
    print(json.dumps(data), flush=True)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("target", type=Path)
    parser.add_argument("--parameters", type=json.loads, default={})
    parser.add_argument("--timeout", type=int, default=900)
    options = parser.parse_args()
    _end_with_parent()
    try:
        execute(
            options.source.resolve(),
            options.target.resolve(),
            options.parameters,
            timeout=options.timeout,
            announce=lambda index, count: _say(cell=index, of=count),
        )
    except KeyboardInterrupt:
        return 130
    except RmtsymError as error:
        _say(error=str(error))
        return 1
    except Exception as error:  # a kernel that died, a full disk: one line for the table, the rest in the log
        import traceback

        traceback.print_exc()
        _say(error=f"{options.source.name}: {_reason(type(error).__name__, str(error))}")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
