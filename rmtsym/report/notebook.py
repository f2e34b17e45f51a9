"""What a notebook says: one line per section, everything else is here.

>>> page = open_theorem("marchenko-pastur")                                     # doctest: +SKIP
>>> page.statement(); page.derivation(); page.numbers(); page.simulation()      # doctest: +SKIP
>>> page.figure(); page.mutants(); page.verdict()                               # doctest: +SKIP

Methods that print give the same text on every machine; those that return Markdown or a figure stand in cells tagged
``nbval-ignore-output``.
"""

from __future__ import annotations

import json
import math
import os
import time
from collections.abc import Mapping, Sequence
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rmtsym.errors import RmtsymError
from rmtsym.report import describe
from rmtsym.report.home import records
from rmtsym.theorem.derivation import KINDS
from rmtsym.theorem.trial import DIGITS

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from rmtsym.field.value import Value

__all__ = ["Page", "VerdictError", "open_theorem"]


class VerdictError(RmtsymError):
    """A theorem that is not verified; the message names quantity, theory, simulation and z-score."""


def open_theorem(theorem_id: str, profile: str = "quick", seed: int = 0, jobs: int = 1, cluster: str = "") -> Page:
    """The page of a theorem; nothing is computed yet.

    Parameters
    ----------
    theorem_id : str
    profile : str
        ``"quick"`` or ``"full"``.
    seed, jobs : int
        Root of all random seeds; processes for replicates, steps, consequences, enclosures and curves (the numbers do
        not depend on them).
    cluster : str
        Address of a Dask scheduler; local processes if empty.
    """
    from rmtsym.report.style import show_as_png
    from rmtsym.simulate import RecordStore, executor
    from rmtsym.theorem import Trial

    show_as_png()
    place = executor(jobs, cluster or None)
    store = RecordStore(Path(os.environ.get("RMTSYM_STORE") or records()))
    return Page(Trial(theorem_id, profile, seed=seed, store=store, executor=place, progress=_Progress(theorem_id)))


class _Progress:
    """Tells the run that started this notebook, if there is one, how far the simulation is."""

    def __init__(self, theorem_id: str) -> None:
        folder = os.environ.get("RMTSYM_VERDICTS")
        self.path = Path(folder) / f"{theorem_id}.progress" if folder else None
        self.last = 0.0

    def __call__(self, progress: Any) -> None:
        now = time.monotonic()
        if self.path is not None and now - self.last > 0.5:
            self.last = now
            partial = self.path.with_suffix(".partial")
            partial.write_text(str(progress), encoding="utf-8")
            partial.replace(self.path)


class Page:
    """Sections of a theorem's notebook; evidence is gathered when a section first needs it."""

    def __init__(self, trial: Any) -> None:
        self.trial = trial

    @property
    def theorem(self) -> Any:
        return self.trial.theorem

    def _symbol(self, name: str) -> str:
        return f"${describe.symbol_latex(self.theorem, name)}$"

    # -- statement and derivation ---------------------------------------------------------------------------------

    def statement(self) -> Any:
        """Assumptions, equations and outputs, and what the symbols mean."""
        theorem = self.theorem
        lines = ["**Assumptions**", "", *(f"- {a}" for a in theorem.assumptions), ""] if theorem.assumptions else []
        for title, body in describe.statement_latex(theorem):
            lines += [f"**{title or 'Statement'}**", "", f"$$\n{body}\n$$" if body else "", ""]
        lines += ["| symbol | name | meaning | domain |", "|---|---|---|---|"]
        for p in theorem.parameters:
            domain = describe.domain_latex(theorem, p)
            lines.append(f"| {self._symbol(p.name)} | `{p.name}` | {p.meaning} | {domain.replace('|', ' ')} |")
        for q in theorem.quantities:
            lines.append(f"| {self._symbol(q.name)} | `{q.name}` | {q.meaning} | predicted |")
        lines += ["", "*" + "; ".join(theorem.references) + "*"] if theorem.references else []
        return _markdown(lines)

    def derivation(self) -> Any:
        """The steps: what is claimed, why, from which earlier steps, and how it was checked."""
        lines: list[str] = []
        number = {r.step.name: i for i, r in enumerate(self.trial.report.results, 1)}
        for result in self.trial.report.results:
            step = result.step
            uses = f" from {', '.join(str(number.get(u, u)) for u in step.uses)}" if step.uses else ""
            head = f"**{number[step.name]}. {step.name}**: {step.reason}"
            lines += [f"{head} ({step.kind}{uses}). *{_MARK[result.status]} {_check(result)}*", ""]
            if step.kind != "conclusion":  # which says again what was stated
                body = r" \\[4pt] ".join(describe.claim_latex(self.theorem, c) for c in step.claims)
                lines += [f"$$\n\\begin{{aligned}}{body}\\end{{aligned}}\n$$" if body else "", ""]
        return _markdown(lines)

    def checks(self) -> None:
        """How many steps of each kind passed their check, and every step that did not."""
        results = self.trial.report.results
        kinds = sorted({r.step.kind for r in results}, key=list(KINDS).index)
        for kind in kinds:
            these = [r for r in results if r.step.kind == kind]
            passed = sum(r.status.passed for r in these)
            print(f"{kind:<13} {passed:>3} of {len(these):<3} verified")
        for number, result in enumerate(results, 1):
            if not result.status.passed:
                print(f"{result.status:<13} {number}. {result.step.name}: {result.evidence.message}")
        print(f"derivation    {self.trial.report.status}")
        if self.trial.report.message:
            print(self.trial.report.message)

    def consequences(self) -> None:
        """What follows from the statement, claim by claim."""
        if not self.trial.consequences:
            print("no consequence is claimed")
        for consequence, report in self.trial.consequences:
            print(f"{report.status:<12} {consequence.claim}")
            for result in report.results:
                print(f"             - {result.step.reason} ({result.evidence.method})")
            if report.message:
                print(f"             {report.message}")

    # -- numbers --------------------------------------------------------------------------------------------------

    def predict(self, point: str | None = None, digits: int = 15, **changes: Any) -> dict[str, Value]:
        """Theory at a point, each number with its ball."""
        from rmtsym.theorem import predict

        return predict(self.theorem, self.theorem.point(point, **changes), digits)

    def numbers(self, *points: str, digits: int = 12) -> None:
        """Certified digits of every quantity at the default points (or at those named)."""
        names = points or tuple(self.theorem.points)
        known = digits == DIGITS and set(names) <= set(self.theorem.points)
        columns = {name: self.trial.enclosed(name) if known else self.predict(name, digits + 3) for name in names}
        shown = [q.name for q in self.theorem.quantities if any(q.name in c for c in columns.values())]
        for some in (names[i : i + 4] for i in range(0, len(names), 4)):
            _print_table(["", *some], [[q, *(_number(columns[n].get(q), digits) for n in some)] for q in shown])
            print()
        for name in names:
            print(f"{name}: " + " ".join(f"{k}={_plain(v)}" for k, v in self.theorem.point(name).items()))

    # -- simulation -----------------------------------------------------------------------------------------------

    def simulation(self) -> Any:
        """Every statistic: theory, extrapolated simulation, z-score, resolution, fitted rate.

        The gain is what control variates or paired draws save: the ratio of the variances without and with them, at
        the same cost.
        """
        lines = [
            "| quantity | point | entries | theory | simulation | s.e. | $z$ | resolution | rate | gain | outcome |",
            "|---|---|---|---:|---:|---:|---:|---:|---:|---:|---|",
        ]
        for o in self.trial.simulated.outcomes:
            fitted = f"{o.exponent:.2f} ± {o.exponent_error:.2f}" if math.isfinite(o.exponent_error) else "–"
            rate = "exact" if o.claimed_exponent is None else fitted
            saved = "–" if o.gain is None else f"{o.gain:.3g}"
            said = f"{o.status} (documented failure)" if o.expected_failure else o.status
            lines.append(
                f"| `{o.quantity}` | {self.trial.simulated.named(o)} | {o.law} | {o.theory:.6g} | {o.estimate:.6g} | "
                f"{o.se:.1e} | {o.z:+.1f} | {100 * o.resolution:.2g} % | {rate} | {saved} | {said} |"
            )
        return _markdown(lines)

    def figure(self) -> Figure:
        """The theorem's own figure, or the convergence of the simulation if it has none."""
        own = self.theorem._figure
        return own(self) if own is not None else self.convergence()

    def convergence(self, *quantities: str, law: str | None = None, point: str | None = None) -> Figure:
        """Relative deviation of the simulation from the theory against the size, with the extrapolation."""
        from rmtsym.report.pictures import convergence

        outcomes = [
            o
            for o in self.trial.simulated.outcomes
            if (not quantities or o.quantity in quantities)
            and law in (None, o.law)
            and point in (None, self.trial.simulated.named(o))
        ]
        return convergence(self.theorem, outcomes, self.trial.simulated.named)

    def sweep(
        self,
        parameter: str,
        values: Sequence[Any],
        quantities: Sequence[str],
        *,
        over: tuple[str, Sequence[Any]] | None = None,
        point: str | None = None,
        size: int | tuple[int, int] = (100, 200),
        replicates: int = 32,
        law: str = "gauss",
        experiment: int = 0,
        curve: Sequence[Any] | None = None,
        log: str = "",
        title: str = "",
        ylabel: str = "",
        **changes: Any,
    ) -> Figure:
        """Theory curves through simulation points while one parameter moves; residuals below.

        Parameters
        ----------
        parameter : str
        values : sequence of numbers or text
            Where to simulate; exact values such that the proportions fit the size.
        quantities : sequence of str
        over : (parameter, values), optional
            One set of curves for each value of a second parameter.
        point : str, optional
            Default point from which the others are taken.
        size : int, or pair of int
            One size, or two from which the points are extrapolated to infinite size.
        replicates : int
            At each size.
        law : str
        experiment : int
            Which of the theorem's experiments is sampled.
        curve : sequence, optional
            Where to draw the theory; a fine grid over the range of ``values`` by default.
        log, title, ylabel : str
        changes
            Further parameters that differ from the point.
        """
        from rmtsym.report.pictures import Samples, sweep

        base = {**self.theorem.points.get(point or next(iter(self.theorem.points)), {}), **changes}
        return sweep(
            self.trial,
            parameter,
            values,
            quantities,
            over=over,
            base=base,
            samples=Samples(self.trial, size if isinstance(size, tuple) else (size,), replicates, law, experiment),
            curve=curve,
            log=log,
            title=title,
            ylabel=ylabel,
        )

    # -- could it have failed? ------------------------------------------------------------------------------------

    def mutants(self) -> Any:
        """How many wrong versions there are, what rejects them, those met in practice, and who survives."""
        table = self.trial.kills
        counts: dict[str, int] = {}
        for kill in table.killed:
            counts[kill.killed_by] = counts.get(kill.killed_by, 0) + 1
        by = ", ".join(f"{n} by {k}" for k, n in sorted(counts.items())) or "none"
        alone = sum(k.simulation for k in table.counted)
        same = len(table.kills) - len(table.counted)
        more = f" {same} more turned out to be equivalent to it." if same else ""
        lines = [
            f"**{len(table.killed)} of {len(table.counted)}** wrong versions of the statement are rejected ({by}); the "
            f"simulation alone rejects {alone}.{more}",
            "",
        ]
        by_hand = [k for k in table.kills if not k.mutant.generated]
        if by_hand:
            lines += ["| wrong version | rejected by | $z$ in the simulation | source |", "|---|---|---:|---|"]
            for k in by_hand:
                z = f"{k.z:.0f} ({k.where})" if k.where else "–"
                said = "equivalent" if k.equivalent else k.killed_by or "**nothing**"
                lines.append(f"| {_cell(k.mutant.name)} | {said} | {_cell(z)} | {_cell(k.mutant.source)} |")
        if table.survivors:
            lines += ["", "Survivors, with the resolution that would be needed:", ""]
            lines += [f"- {k.mutant.name}: {100 * k.shift:.2g} %" for k in table.survivors]
        return _markdown(lines)

    def verdict(self) -> None:
        """The verdict; raises :class:`VerdictError` unless the theorem is verified."""
        verdict = self.trial.verdict
        folder = os.environ.get("RMTSYM_VERDICTS")
        if folder:
            target = Path(folder) / f"{verdict.theorem}.json"
            target.parent.mkdir(parents=True, exist_ok=True)
            partial = target.with_suffix(".partial")
            partial.write_text(json.dumps(verdict.to_json(), allow_nan=False, ensure_ascii=False), encoding="utf-8")
            partial.replace(target)
        print(f"{verdict.theorem}: {verdict.status}")
        for kind, evidence in verdict.evidence.items():
            print(f"  {kind:<14} {evidence.status}")
        if not verdict.status.passed:
            raise VerdictError(f"{verdict.theorem} is {verdict.status}: " + "; ".join(verdict.messages))

    @cached_property
    def size_of_evidence(self) -> Mapping[str, Any]:
        """Figures of the four pieces of evidence, for those who want them as data."""
        return {kind: dict(e.figures) for kind, e in self.trial.verdict.evidence.items()}


_MARK = {"VERIFIED": "✓", "REFUTED": "✗", "INCONCLUSIVE": "?"}


def _markdown(lines: Sequence[str]) -> Any:
    from IPython.display import Markdown

    return Markdown("\n".join(lines))


def _cell(value: Any) -> str:
    """Text that may stand in a Markdown table."""
    return str(value).replace("|", "\\|").replace("\n", " ").replace("*", "\\*").replace("_", "\\_")


def _check(result: Any) -> str:
    power = f"; rejects {result.rejected} of {result.tried} wrong versions" if result.tried else ""
    return f"{result.evidence.method}{power}"


def _number(value: Value | None, digits: int) -> str:
    return "" if value is None else describe.decimal(value, digits)


def _plain(value: Any) -> str:
    return ",".join(map(str, value)) if isinstance(value, tuple) else str(value)


def _print_table(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    widths = [max(len(r[i]) for r in (header, *rows)) for i in range(len(header))]
    for row in (header, *rows):
        print("  ".join(c.ljust(w) for c, w in zip(row, widths, strict=True)).rstrip())
