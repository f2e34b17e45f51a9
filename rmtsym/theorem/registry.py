"""Registry of theorems: the modules of ``theory/`` are listed by reading their text, imported only when asked for.

A theorem is a module ``<family>/<id>.py`` or, if it is long, a package ``<family>/<id>/`` whose module ``statement.py``
holds it and whose ``__init__.py`` imports its other modules. Ids, titles, families and dependencies are literals in the
call ``theorem = Theorem(id=..., ...)``, so that listing every theorem takes milliseconds. Further folders of theorems
are named in the environment variable ``RMTSYM_THEORIES`` (separated as in ``PATH``); a laboratory keeps its own
theorems there.
"""

from __future__ import annotations

import ast
import importlib
import os
import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING

from rmtsym.errors import RmtsymError, UnknownName

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = [
    "Entry",
    "dependencies",
    "dependents",
    "entry_of",
    "families",
    "get",
    "importable",
    "index",
    "problems",
    "roots",
]


_STATEMENT = "statement.py"  # of a package


@dataclass(frozen=True)
class Entry:
    """What is known of a theorem without importing its module."""

    id: str
    title: str
    family: str
    uses: tuple[str, ...]
    path: Path  # the module, or the folder of a package
    root: Path

    @property
    def module(self) -> str:
        """Dotted name under the root's own name, e.g. ``theory.spectra.marchenko_pastur``."""
        return ".".join((self.root.name, *self.path.relative_to(self.root).with_suffix("").parts))

    @property
    def notebook(self) -> Path:
        """Where its notebook lives: same family and file name beside the root."""
        return self.root.parent / "notebooks" / self.path.relative_to(self.root).with_suffix(".ipynb")


def roots() -> tuple[Path, ...]:
    """Folders that hold theorems, in order of search."""
    beside = Path(__file__).resolve().parents[2] / "theory"
    extra = [Path(p).resolve() for p in os.environ.get("RMTSYM_THEORIES", "").split(os.pathsep) if p]
    return (beside, *(p for p in extra if p != beside))


@lru_cache(maxsize=4096)
def _literals(path: Path, written: int, length: int) -> dict[str, object] | None:
    """Literal keyword arguments of the module's ``theorem = Theorem(...)``; read again when the file has changed."""
    text = path.read_text(encoding="utf-8")
    if "Theorem(" not in text:
        return None
    for node in ast.parse(text, filename=str(path)).body:
        match node:
            case ast.Assign(targets=[ast.Name(id="theorem")], value=ast.Call(func=ast.Name(id="Theorem")) as call):
                found: dict[str, object] = {}
                for keyword in call.keywords:
                    if keyword.arg in ("id", "title", "family", "uses"):
                        try:
                            found[keyword.arg] = ast.literal_eval(keyword.value)
                        except ValueError:
                            raise RmtsymError(f"{path}: {keyword.arg} of the theorem must be a literal") from None
                return found
    return None


def _entry(path: Path, root: Path) -> Entry | None:
    """Entry of a module, or None if it holds no theorem."""
    now = path.stat()
    try:
        literals = _literals(path, now.st_mtime_ns, now.st_size)
    except SyntaxError as error:
        raise RmtsymError(f"{path}: line {error.lineno}: {error.msg}") from None
    if literals is None:
        return None
    identity = {k: str(literals.get(k, "")) for k in ("id", "title", "family")}
    missing = [k for k, v in identity.items() if not v]
    if missing:
        raise RmtsymError(f"{path}: the theorem has no {missing[0]}")
    expected = f"{identity['family']}/{identity['id'].replace('-', '_')}"
    if path.relative_to(root).as_posix() not in (f"{expected}.py", f"{expected}/{_STATEMENT}"):
        raise RmtsymError(f"{path}: theorem {identity['id']} belongs in {expected}.py or in {expected}/{_STATEMENT}")
    place = path.parent if path.name == _STATEMENT else path
    return Entry(**identity, uses=tuple(literals.get("uses", ())), path=place, root=root)  # type: ignore[arg-type]


def _scan() -> tuple[dict[str, Entry], list[str]]:
    """Theorems by id, and what is wrong with the other modules."""
    found: dict[str, Entry] = {}
    wrong: list[str] = []
    for root in roots()[1:]:
        if not root.is_dir():
            wrong.append(f"RMTSYM_THEORIES names {root}, which is not a folder")
        elif root.name == roots()[0].name:
            wrong.append(f"{root} has the name of this project's own folder of theorems; give it another")
    for root in roots():
        for path in sorted((*root.glob("*/*.py"), *root.glob(f"*/*/{_STATEMENT}"))):
            try:
                entry = _entry(path, root)
            except (RmtsymError, OSError, UnicodeDecodeError) as error:
                wrong.append(str(error))
                continue
            if entry is not None and entry.id in found:
                wrong.append(f"theorem {entry.id} is defined in {found[entry.id].path} and in {entry.path}")
            elif entry is not None:
                found[entry.id] = entry
    return found, wrong


def index(family: str | None = None) -> dict[str, Entry]:
    """All theorems by id, ordered by family and id; modules that cannot be read are left out (see :func:`problems`).

    Raises
    ------
    UnknownName
        For a family that does not exist.
    RmtsymError
        For one whose modules cannot be read.
    """
    found, _ = _scan()
    ordered = dict(sorted(found.items(), key=lambda item: (item[1].family, item[0])))
    if family is None:
        return ordered
    if family not in {e.family for e in ordered.values()}:
        raise _missing("family", family, {e.family for e in ordered.values()}, f"/{family}/")
    return {k: e for k, e in ordered.items() if e.family == family}


def problems() -> list[str]:
    """What is wrong with the folders of theorems, one line each.

    Modules that cannot be read or are out of place, ids that exist twice, cited ids that do not exist, circles.
    """
    found, wrong = _scan()
    graph = {k: e.uses for k, e in found.items()}
    wrong += [
        f"{k} uses {cited}, which does not exist ({found[k].path})"
        for k in graph
        for cited in graph[k]
        if cited not in graph
    ]
    return wrong + _circles(graph)


def _missing(kind: str, name: str, known: Iterable[str], *pieces: str) -> RmtsymError:
    """Error for a name that is not there: what is wrong with its module, if that is the reason."""
    broken = [text for text in problems() if any(piece in text for piece in pieces)]
    return RmtsymError(broken[0]) if broken else UnknownName(kind, name, known)


def entry_of(theorem_id: str) -> Entry:
    """What is known of the theorem of an id without importing its module.

    Raises
    ------
    UnknownName
        With the nearest known ids.
    RmtsymError
        For a module that cannot be read.
    """
    known = index()
    if theorem_id not in known:
        stem = theorem_id.replace("-", "_")
        raise _missing("theorem", theorem_id, known, f"/{stem}.", f"/{stem}/")
    return known[theorem_id]


def families() -> tuple[str, ...]:
    """Names of the families, sorted."""
    return tuple(sorted({entry.family for entry in index().values()}))


def get(theorem_id: str) -> Theorem:
    """The theorem of an id; imports its module.

    Raises
    ------
    UnknownName
        With the nearest known ids.
    RmtsymError
        For a module that cannot be read.
    """
    entry = entry_of(theorem_id)
    parent = str(entry.root.parent)
    if parent not in sys.path:
        sys.path.append(parent)
    module = importlib.import_module(entry.module)
    if Path(module.__file__ or "").resolve() not in (entry.path, entry.path / "__init__.py"):
        raise RmtsymError(f"{entry.module} is already {module.__file__}; give the folder {entry.root} another name")
    return module.theorem


def importable(theorem: Theorem) -> bool:
    """Whether its id gives this theorem in every process; not so for one that a notebook or a script defines."""
    return theorem.id in index() and get(theorem.id) is theorem


def _circles(graph: Mapping[str, tuple[str, ...]]) -> list[str]:
    """Circles of theorems that use each other."""
    state: dict[str, int] = {}
    found: list[str] = []

    def visit(node: str, path: tuple[str, ...]) -> None:
        if state.get(node) == 1:
            found.append("theorems use each other in a circle: " + " -> ".join((*path[path.index(node) :], node)))
        if node not in state:
            state[node] = 1
            for cited in graph.get(node, ()):
                visit(cited, (*path, node))
            state[node] = 2

    for node in graph:
        visit(node, ())
    return found


def dependencies() -> dict[str, tuple[str, ...]]:
    """Dependency graph: for each theorem the ids that it uses (and that exist)."""
    known = index()
    return {k: tuple(cited for cited in e.uses if cited in known) for k, e in known.items()}


def dependents(theorem_id: str) -> tuple[str, ...]:
    """Ids of the theorems that use a theorem, directly or not."""
    graph, stack = dependencies(), [theorem_id]
    found: set[str] = set()
    while stack:
        node = stack.pop()
        new = {k for k, cited in graph.items() if node in cited} - found
        found |= new
        stack.extend(new)
    return tuple(sorted(found))
