"""The HTML report of the last verification: verdicts, evidence, wrong versions, dependency graph, notebooks, errata."""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Iterable, Mapping, Sequence
from functools import lru_cache
from pathlib import Path
from typing import Any

from rmtsym.report.home import executed, report_page, verdicts

__all__ = ["write_report"]

_KINDS = ("derivation", "enclosure", "simulation", "falsification")
_FIELDS = {"id", "title", "family", "status", "message", "profile", "seed", "seconds", "verdict"}  # of a run record
_QUESTIONS = {
    "derivation": "Does the statement follow from the model?",
    "enclosure": "Is the number right?",
    "simulation": "Does the world agree?",
    "falsification": "Could the check have failed?",
}


@lru_cache(maxsize=1)
def _templates() -> Any:
    import jinja2

    folder = Path(__file__).parent / "templates"
    return jinja2.Environment(
        loader=jinja2.FileSystemLoader(folder), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def write_report() -> Path:
    """Write the report from the run records; returns its first page.

    A theorem that was never run appears without a verdict, so that nothing is missed.
    """
    from markupsafe import Markup

    from rmtsym.report.graph import dependency_svg
    from rmtsym.theorem.registry import index

    entries = index()
    records = {name: _record(name) or _not_run(entry) for name, entry in entries.items()}
    status = {name: r["status"] for name, r in records.items()}
    uses = {name: entry.uses for name, entry in entries.items()}
    folder = report_page().parent
    folder.mkdir(parents=True, exist_ok=True)
    ran = [r for r in records.values() if r["status"]]
    kills = [_kills(r) for r in ran if _mutants(r)]
    page = (
        _templates()
        .get_template("index.html")
        .render(
            records=ran,
            waiting=[r for r in records.values() if not r["status"]],
            counts={s: sum(r["status"] == s for r in ran) for s in ("VERIFIED", "REFUTED", "INCONCLUSIVE")},
            profiles=sorted({r["profile"] for r in ran}),
            seeds=sorted({r["seed"] for r in ran}),
            families=_families(list(records.values())),
            kinds=_KINDS,
            evidence=_evidence,
            graph=Markup(dependency_svg(uses, status)),
            kills=kills,
            kill_columns=sorted({by for k in kills for by in k["by"]}),
        )
    )
    _save(report_page(), page)
    library = _times(sorted(Path(__file__).parents[1].rglob("*.*")))
    for name, record in records.items():
        notebook = _notebook(record, entries[name])
        target, mark = folder / f"{name}.html", _made_from(record, [entries[name]], uses, library, notebook)
        if not _ends_with(target, mark):
            _save(target, _theorem_page(record, entries[name], uses) + mark)
    errata = _errata(ran)
    named = [entries[name] for name in sorted({e["id"] for e in errata})]
    target, mark = folder / "errata.html", _made_from({"errata": errata}, named, {}, library)
    if not _ends_with(target, mark):
        shown = [{**e, **_correction(e)} for e in errata]
        _save(target, _templates().get_template("errata.html").render(errata=shown) + mark)
    return report_page()


def _save(path: Path, text: str) -> None:
    partial = path.with_suffix(".partial")
    partial.write_text(text, encoding="utf-8")
    partial.replace(path)


def _times(paths: Iterable[Path]) -> str:
    """Names, times and lengths of files."""
    found = ((path, path.stat()) for path in paths if path.suffix in (".py", ".html", ".ipynb") and path.exists())
    return repr([(str(path), s.st_mtime_ns, s.st_size) for path, s in found])


def _made_from(
    record: Mapping[str, Any], theorems: Sequence[Any], uses: Mapping[str, Sequence[str]], library: str, *more: Path
) -> str:
    """Last line of a page: a hash of all that the page depends on."""
    modules = [
        p for t in theorems for p in (*t.path.parent.glob("*.py"), *(t.path.glob("*.py") if t.path.is_dir() else ()))
    ]
    sources = _times([*sorted(set(modules)), *more])
    everything = (json.dumps(record, sort_keys=True), sorted(uses.items()), sources, library)
    return f"\n<!-- {hashlib.sha256(repr(everything).encode()).hexdigest()} -->\n"


def _ends_with(path: Path, text: str) -> bool:
    try:
        with path.open("rb") as page:
            page.seek(-len(text), os.SEEK_END)
            return page.read() == text.encode()
    except OSError:  # not there, or shorter
        return False


def _notebook(record: Mapping[str, Any], entry: Any) -> Path:
    """The notebook as it was executed last, or as it is committed."""
    run = executed() / entry.family / entry.notebook.name
    return run if record["status"] and run.exists() else entry.notebook


def _record(name: str) -> dict[str, Any] | None:
    """Run record of a theorem; None if there is none that can be read."""
    try:
        found = json.loads((verdicts() / f"{name}.json").read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return None
    return found if isinstance(found, dict) and _FIELDS <= set(found) else None


def _not_run(entry: Any) -> dict[str, Any]:
    blank = {"status": None, "message": "", "profile": "", "seed": 0, "seconds": None, "verdict": None}
    return {"id": entry.id, "title": entry.title, "family": entry.family, **blank}


def _evidence(record: Mapping[str, Any], kind: str) -> Mapping[str, Any]:
    from rmtsym.report.console import evidence_of, in_short

    found = dict(evidence_of(record, kind))
    return {**found, "summary": in_short(record, kind)} if found else {}


def _families(records: Sequence[Mapping[str, Any]]) -> list[tuple[str, list[Mapping[str, Any]]]]:
    names = sorted({r["family"] for r in records})
    return [(name, [r for r in records if r["family"] == name]) for name in names]


def _theorem_page(record: Mapping[str, Any], entry: Any, uses: Mapping[str, Sequence[str]]) -> str:
    from markupsafe import Markup

    from rmtsym.errors import RmtsymError
    from rmtsym.report.book import notebook_html
    from rmtsym.report.describe import statement_latex
    from rmtsym.report.prose import formula, prose
    from rmtsym.theorem.registry import get

    notebook = _notebook(record, entry)
    try:
        theorem = get(entry.id)
        statement = [(Markup(prose(t)), Markup(formula(body))) for t, body in statement_latex(theorem)]
        assumptions = [Markup(prose(a)) for a in theorem.assumptions]
        references = theorem.references
    except (RmtsymError, ImportError):  # the page of a theorem that cannot be loaded still shows its verdict
        statement, assumptions, references = [], [], ()
    return (
        _templates()
        .get_template("theorem.html")
        .render(
            r=record,
            kinds=_KINDS,
            questions=_QUESTIONS,
            evidence=_evidence,
            shown=_shown,
            statement=statement,
            assumptions=assumptions,
            references=references,
            uses=entry.uses,
            used_by=sorted(name for name, cited in uses.items() if entry.id in cited),
            mutants=[_mutant_row(m) for m in _mutants(record)],
            notebook=Markup(notebook_html(notebook)) if notebook.exists() else "",
        )
    )


def _shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:.3g}"
    if isinstance(value, (list, tuple)):
        return ", ".join(map(str, value)) if len(value) <= 6 else f"{len(value)} values"
    return str(value)


# -- wrong versions -----------------------------------------------------------------------------------------------


def _mutants(record: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    return ((record.get("verdict") or {}).get("mutation") or {}).get("mutants") or []


def _mutant_row(mutant: Mapping[str, Any]) -> dict[str, str]:
    if mutant["equivalent"]:
        outcome = "equivalent"
    else:
        outcome = "rejected" if mutant["killed_by"] else "survives"
    z = f"z = {mutant['z']:.1f} at {mutant['where']}" if mutant["z"] and mutant["where"] else mutant["note"]
    return {
        "name": mutant["name"],
        "kind": mutant["kind"],
        "outcome": outcome,
        "by": mutant["killed_by"] or "",
        "message": z,
    }


def _kills(record: Mapping[str, Any]) -> dict[str, Any]:
    counted = [m for m in _mutants(record) if not m["equivalent"]]
    by: dict[str, int] = {}
    for m in counted:
        if m["killed_by"]:
            by[m["killed_by"]] = by.get(m["killed_by"], 0) + 1
    return {
        "id": record["id"],
        "made": len(counted),
        "killed": sum(by.values()),
        "by": by,
        "equivalent": len(_mutants(record)) - len(counted),
        "survivors": [m["name"] for m in counted if not m["killed_by"]],
    }


def _errata(records: Sequence[Mapping[str, Any]]) -> list[dict[str, str]]:
    """Wrong versions that were met in public code or papers, once each, where they differ from the right one."""
    found: dict[tuple[str, str, str], dict[str, str]] = {}
    for record in records:
        for m in _mutants(record):
            row = _mutant_row(m)
            key = (m["source"], record["id"], m["name"])
            if not m["source"] or row["outcome"] == "equivalent" or key in found:
                continue
            evidence = f"{row['outcome']} by {row['by']}" if row["by"] else row["outcome"]
            evidence += f" ({row['message']})" if row["message"] else ""
            found[key] = {
                "source": m["source"],
                "name": m["name"],
                "id": record["id"],
                "title": record["title"],
                "evidence": evidence,
                "quantity": m["where"].partition(" at ")[0],
            }
    return [found[key] for key in sorted(found)]


def _correction(erratum: Mapping[str, str]) -> dict[str, Any]:
    """The formulas of a wrong version and of the right one."""
    from markupsafe import Markup

    from rmtsym.errors import RmtsymError
    from rmtsym.report.describe import correction_latex
    from rmtsym.report.prose import formula
    from rmtsym.theorem.registry import get

    try:
        theorem = get(erratum["id"])
        mutant = next(x for x in theorem.mutants if x.name == erratum["name"])
        wrong, right = correction_latex(theorem, mutant, erratum["quantity"])
    except (RmtsymError, ImportError, StopIteration):  # the record is of another state of the theorem
        return {}
    return {name: Markup(formula(body)) for name, body in (("wrong", wrong), ("right", right)) if body}
