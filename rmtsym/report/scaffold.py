"""``rmtsym new``: the files of a new theorem, ready to run and INCONCLUSIVE until they are filled in."""

from __future__ import annotations

import re
from pathlib import Path

from rmtsym.errors import DomainError, RmtsymError
from rmtsym.theorem.registry import index, roots

__all__ = ["scaffold"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_FAMILY = re.compile(r"[a-z][a-z0-9]*(_[a-z0-9]+)*\Z")


def scaffold(theorem_id: str, family: str, title: str, root: Path | None = None) -> list[Path]:
    """Write theory module, notebook, reference figures and sheet; returns their paths.

    The figures are a table where ``tests/theory/figures`` has those of other theorems, else a test of their own.

    Parameters
    ----------
    theorem_id, family, title : str
    root : Path, optional
        Folder of theorems; by default the one that the working directory belongs to.

    Raises
    ------
    DomainError
        For an id, family or title that cannot be used.
    RmtsymError
        If a file is there already, or the working directory belongs to no folder of theorems.
    """
    from jinja2 import Environment, FileSystemLoader

    from rmtsym.report.cells import sheet, write

    if not _ID.match(theorem_id):
        raise DomainError("ID", repr(theorem_id), "small letters, digits and hyphens", "write marchenko-pastur")
    if theorem_id in index():
        raise DomainError(
            "ID", repr(theorem_id), "a new id", f"rmtsym show {theorem_id} shows the theorem of that name"
        )
    if not _FAMILY.match(family):
        raise DomainError("family", repr(family), "small letters, digits and underscores", "write regression")
    title = " ".join(title.split())
    if not title or '"' in title or "\\" in title:
        raise DomainError("title", repr(title), "a line without quotes and backslashes", "write it in plain words")
    base = root or _root_here()
    stem = theorem_id.replace("-", "_")
    module, notebook = base / family / f"{stem}.py", base.parent / "notebooks" / family / f"{stem}.ipynb"
    tests, page = base.parent / "tests" / "theory", base.parent / "docs" / "sheets" / f"{stem}.md"
    if (tests / "figures").is_dir():
        figures, template = tests / "figures" / f"{theorem_id}.toml", "figures.toml.jinja"
    else:
        figures, template = tests / f"test_{stem}.py", "test.py.jinja"
    for path in (module, notebook, figures, page):
        if path.exists():
            raise RmtsymError(f"{path} exists already")
    templates = Environment(
        loader=FileSystemLoader(Path(__file__).parent / "templates"), keep_trailing_newline=True, autoescape=False
    )
    for path, name in ((module, "theory.py.jinja"), (figures, template), (page, "sheet.md.jinja")):
        path.parent.mkdir(parents=True, exist_ok=True)
        text = templates.get_template(name).render(id=theorem_id, family=family, title=title)
        path.write_text(text, encoding="utf-8")
    if (base / "__init__.py").exists():
        (base / family / "__init__.py").touch()
    write(notebook, sheet(theorem_id, title, "Replace: the model and the question, for a reader who is new to them."))
    return [module, notebook, figures, page]


def _root_here() -> Path:
    here = Path.cwd().resolve()
    for root in reversed(roots()):
        if root.parent == here or root.parent in here.parents:
            return root
    known = ", ".join(str(root.parent) for root in roots())
    raise RmtsymError(f"{here} belongs to no folder of theorems; go to {known}, or name yours in RMTSYM_THEORIES")
