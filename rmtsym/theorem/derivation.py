"""Derivations: chains of steps, each with its check, ending in exactly the stated system.

Every check must reject wrong versions of its own claim (given by the author, or generated); a step whose check has no
power is inconclusive, and so is everything after it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import sympy as sp

from rmtsym.theorem.evidence import Evidence, Status, combine, timed

if TYPE_CHECKING:
    pass

__all__ = ["KINDS", "Check", "Derivation", "Report", "Step", "StepResult", "run_step", "weigh"]

#: Kinds of steps and what each of them says.
KINDS = {
    "definition": "introduces a new symbol",
    "identity": "exact identity: over a large prime field, or a zero test of rational functions",
    "substitution": "exact consequence of earlier claims",
    "moment": "Gaussian moment in closed form, confirmed by a rigorous integral",
    "parts": "Gaussian integration by parts, both sides compared at random matrices",
    "engine": "result of the deterministic-equivalent engine, confirmed by exact moments",
    "asymptotic": "limit, checked by a fitted rate",
    "assumed": "cited, not derived here",
    "conclusion": "the stated system",
}
Check = Callable[[], Evidence]


@dataclass(frozen=True)
class Step:
    """One step of a derivation.

    Parameters
    ----------
    name, kind, reason : str
        ``kind`` is a key of :data:`KINDS`.
    claims : tuple
        Equations (``sympy.Eq``) or pairs of matrix expressions.
    uses : tuple of str
        Names of earlier steps.
    check : callable
        Returns the evidence.
    wrong : tuple of (str, callable)
        Wrong versions of the claim under the same check; each must be refuted.
    generated : bool
        Whether the wrong versions were generated: one that passes an exact check is then an equivalent one.
    regime, test
        Of a conclusion: the regime that it states, and the zero test of one equation against what it rests on.
    """

    name: str
    kind: str
    claims: tuple[Any, ...]
    reason: str
    uses: tuple[str, ...]
    check: Check
    wrong: tuple[tuple[str, Check], ...] = ()
    generated: bool = False
    regime: str = ""
    test: Callable[[sp.Eq], Evidence] | None = None

    @property
    def relations(self) -> tuple[sp.Eq, ...]:
        """Equations that later steps may use: scalar ones, and definitions of matrix symbols."""
        equations = (c for c in self.claims if isinstance(c, sp.Eq))
        return tuple(c for c in equations if not c.lhs.is_Matrix or isinstance(c.lhs, sp.MatrixSymbol))

    def latex(self) -> str:
        """Claim as LaTeX, one line for each equation."""
        return r" \\ ".join(_latex(c) for c in self.claims)


def _latex(claim: Any) -> str:
    if isinstance(claim, tuple):
        return " = ".join(_latex(side) for side in claim)
    if isinstance(claim, str):
        return rf"\text{{{claim}}}"
    own = getattr(claim, "_repr_latex_", None) if not isinstance(claim, sp.Basic) else None
    return own().strip("$") if callable(own) else sp.latex(claim)


@dataclass(frozen=True)
class StepResult:
    """A step, its evidence, and how many wrong versions its check rejected."""

    step: Step
    evidence: Evidence
    rejected: int = 0
    tried: int = 0
    accepted: tuple[str, ...] = ()  # wrong versions that the check let pass

    @property
    def status(self) -> Status:
        return self.evidence.status

    @property
    def bare(self) -> StepResult:
        """The result without the functions that checked it."""
        return replace(self, step=replace(self.step, check=_done, wrong=(), test=None))

    @property
    def line(self) -> str:
        """One line for people, the same on every machine."""
        power = f"; rejects {self.rejected} of {self.tried} wrong versions" if self.tried else ""
        status = "ASSUMED" if self.step.kind == "assumed" else self.status
        return f"{status:<12} {self.step.kind:<12} {self.step.name}: {self.evidence.method}{power}"


@dataclass(frozen=True)
class Report:
    """Result of running a derivation."""

    results: tuple[StepResult, ...]
    message: str = ""

    @property
    def status(self) -> Status:
        status = combine(r.status for r in self.results)
        return Status.INCONCLUSIVE if self.message and status.passed else status

    @property
    def assumed(self) -> tuple[Step, ...]:
        """Steps that are cited and not derived."""
        return tuple(r.step for r in self.results if r.step.kind == "assumed")

    @property
    def seconds(self) -> float:
        return sum(r.evidence.seconds for r in self.results)

    @property
    def bare(self) -> Report:
        """The results without the functions that checked them: what can travel between processes."""
        return replace(self, results=tuple(r.bare for r in self.results))

    def __str__(self) -> str:
        return "\n".join([*(r.line for r in self.results), *([self.message] if self.message else [])])


@dataclass(frozen=True)
class Derivation:
    """The steps of a theorem's derivation."""

    theorem: str
    steps: tuple[Step, ...]

    def broken(self) -> str:
        """What is wrong with the chain, or nothing."""
        if not self.steps:
            return "the derivation has no steps"
        if not any(s.kind == "conclusion" for s in self.steps):
            return "the derivation does not end in a conclusion"
        seen: set[str] = set()
        used: set[str] = set()
        for step in self.steps:
            for name in step.uses:
                if name not in seen:
                    return f"step {step.name!r} uses {name!r}, which is not an earlier step"
                used.add(name)
            if step.kind in ("substitution", "conclusion") and not step.uses:
                return f"step {step.name!r} follows from nothing"
            seen.add(step.name)
        idle = [s.name for s in self.steps if s.kind != "conclusion" and s.name not in used]
        return f"step {idle[0]!r} is used by nothing" if idle else ""

    def run(self, *, power: bool = True) -> Report:
        """Run every check; a step that rests on one that did not pass is not checked and is inconclusive.

        Parameters
        ----------
        power : bool
            Also run the wrong versions of each step.
        """
        return self.gather(lambda number: run_step(self.steps[number], power))

    def gather(self, result: Callable[[int], StepResult]) -> Report:
        """Report from the result of each step, which is not asked for if the step rests on one that did not pass."""
        results: list[StepResult] = []
        failed: set[str] = set()
        for number, step in enumerate(self.steps):
            weak = [name for name in step.uses if name in failed]
            if weak:
                message = f"it rests on {weak[0]!r}, which did not pass"
                results.append(StepResult(step, Evidence(Status.INCONCLUSIVE, "not reached", message=message)))
            else:
                results.append(result(number))
            if not results[-1].status.passed:
                failed.add(step.name)
        return Report(tuple(results), self.broken())


def _done() -> Evidence:
    return Evidence(Status.INCONCLUSIVE, "checked in another process")


def run_step(step: Step, power: bool) -> StepResult:
    """Check a step and, if it passes, its wrong versions."""
    evidence = timed(step.check)
    if not evidence.passed or not power or step.kind == "assumed":
        return StepResult(step, evidence)
    return weigh(step, evidence, [check().status for _, check in step.wrong])


def weigh(step: Step, evidence: Evidence, outcomes: Sequence[Status]) -> StepResult:
    """The result of a step that passed its check, from what the check says of each wrong version."""
    rejected = sum(status is Status.REFUTED for status in outcomes)
    judged = zip(step.wrong, outcomes, strict=True)
    accepted = tuple(label for (label, _), status in judged if status is not Status.REFUTED)
    # A generated version may happen to be equivalent; an author's version must be rejected.
    powerful = rejected > 0 and (step.generated or not accepted)
    if not powerful:
        why = f"its check accepts {accepted[0]!r}" if accepted else "nothing shows that its check could fail"
        evidence = Evidence(
            Status.INCONCLUSIVE, evidence.method, evidence.resolution, why, evidence.figures, evidence.seconds
        )
    return StepResult(step, evidence, rejected, len(outcomes), accepted)
