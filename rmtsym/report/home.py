"""Where a run keeps what it learns: one directory, ``.rmtsym``, safe to delete.

``RMTSYM_HOME`` names it; otherwise it stands beside the nearest ``theory`` folder above the working directory.
"""

from __future__ import annotations

import json
import os
from pathlib import Path

__all__ = ["executed", "home", "last_status", "project_root", "records", "report_page", "verdicts"]


def project_root(start: Path | None = None) -> Path:
    """Nearest folder at or above ``start`` that holds ``theory``; the working directory if there is none."""
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / "theory").is_dir():
            return folder
    return here


def home() -> Path:
    """Directory of records, verdicts and the report."""
    named = os.environ.get("RMTSYM_HOME")
    return Path(named).resolve() if named else project_root() / ".rmtsym"


def records() -> Path:
    """File of the finished replicates."""
    return home() / "records.sqlite"


def verdicts() -> Path:
    """Directory with one JSON verdict per theorem, of its last verification."""
    return home() / "verdicts"


def executed() -> Path:
    """Directory of the notebooks as the last verification ran them."""
    return home() / "notebooks"


def report_page() -> Path:
    """First page of the HTML report."""
    return home() / "report" / "index.html"


def last_status(theorem_id: str) -> str | None:
    """VERIFIED, REFUTED or INCONCLUSIVE as of the last verification; None before the first one."""
    try:
        return json.loads((verdicts() / f"{theorem_id}.json").read_text(encoding="utf-8"))["status"]
    except (OSError, ValueError, KeyError, TypeError):
        return None
