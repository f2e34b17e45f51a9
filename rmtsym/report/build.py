"""``make notebooks``: execute the committed notebooks and write them back in normal form.

A notebook whose outputs are the same as before keeps its bytes; a notebook that fails keeps its file.
"""

from __future__ import annotations

import argparse
import base64
import os
import sys
from pathlib import Path

from rmtsym.errors import RmtsymError, UnknownName
from rmtsym.report.console import Terminal
from rmtsym.report.home import home, project_root, records
from rmtsym.report.normalise import read, write_normalised
from rmtsym.report.runner import Outcome, Task, run_notebooks

__all__ = ["README_PICTURE", "build", "find", "pictures"]

#: The last figure of this notebook is the picture of the README.
README_PICTURE = ("regression/ridge_anisotropic.ipynb", "docs/double-descent.png")


def pictures(notebook: Path) -> list[bytes]:
    """PNG figures of a notebook, in order."""
    outputs = [output for cell in read(notebook).cells for output in cell.get("outputs", [])]
    return [base64.b64decode(o.data["image/png"]) for o in outputs if "image/png" in o.get("data", {})]


def _copy_picture(source: Path) -> None:
    folder = project_root()
    if source == folder / "notebooks" / README_PICTURE[0]:
        (folder / README_PICTURE[1]).write_bytes(pictures(source)[-1])


def find(names: list[str]) -> list[Path]:
    """Notebooks of the project; only those named by id or path if any are."""
    folder = project_root() / "notebooks"
    known = {
        p.stem.replace("_", "-"): p for p in sorted(folder.rglob("*.ipynb")) if ".ipynb_checkpoints" not in p.parts
    }
    chosen = []
    for name in names:
        key = Path(name).stem.replace("_", "-")
        if key not in known:
            raise UnknownName("notebook", name, known)
        chosen.append(known[key])
    return chosen if names else list(known.values())


def build(names: list[str], jobs: int, timeout: int = 1800) -> bool:
    """Regenerate notebooks; True if all of them ran."""
    terminal = Terminal(highlight=False)
    paths = {p.stem: p for p in find(names)}
    environment = {
        "RMTSYM_HOME": str(home()),
        "RMTSYM_STORE": os.environ.get("RMTSYM_STORE") or str(records()),
        "OMP_NUM_THREADS": "1",
        "OPENBLAS_NUM_THREADS": "1",
    }
    tasks = [Task(k, p, home() / "build" / p.parent.name / p.name, {}, environment, timeout) for k, p in paths.items()]

    def finished(outcome: Outcome) -> None:
        if outcome.error:
            terminal.print(f"  failed     {outcome.name}: {outcome.error}", style="red", soft_wrap=True)
            return
        task = next(t for t in tasks if t.name == outcome.name)
        changed = write_normalised(read(task.target), task.source)
        _copy_picture(task.source)
        terminal.print(
            f"  {'changed  ' if changed else 'unchanged'}  {outcome.name} [dim]{outcome.seconds:.0f} s[/dim]"
        )

    return not any(o.error for o in run_notebooks(tasks, jobs, finished=finished))


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m rmtsym.report.build", description=__doc__)
    parser.add_argument("names", nargs="*", help="ids or paths; all notebooks if none is named")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    options = parser.parse_args()
    try:
        return 0 if build(options.names, options.jobs) else 1
    except RmtsymError as error:
        print(f"rmtsym: {error}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("interrupted", file=sys.stderr)
        return 130


if __name__ == "__main__":
    sys.exit(main())
