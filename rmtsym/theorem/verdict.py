"""The verdict on a theorem: four kinds of evidence, three possible outcomes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from rmtsym.theorem.consequence import Consequence
from rmtsym.theorem.derivation import Report
from rmtsym.theorem.evidence import Evidence, Status, combine
from rmtsym.theorem.kills import KillTable
from rmtsym.theorem.simulation import Simulated

__all__ = ["SCHEMA", "Verdict"]

#: Name and version of the JSON form; see docs/verdict-schema.md.
SCHEMA = "rmtsym-verdict/1"


@dataclass(frozen=True)
class Verdict:
    """Verdict on one theorem.

    Parameters
    ----------
    theorem : str
        Id.
    evidence : mapping
        ``"derivation"``, ``"enclosure"``, ``"simulation"``, ``"falsification"`` to :class:`Evidence`.
    derivation : Report
    consequences : tuple of (Consequence, Report)
    simulated : Simulated
    kills : KillTable
    """

    theorem: str
    profile: str
    seed: int
    evidence: Mapping[str, Evidence]
    derivation: Report
    consequences: tuple[tuple[Consequence, Report], ...]
    simulated: Simulated
    kills: KillTable
    values: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    @property
    def status(self) -> Status:
        return combine(e.status for e in self.evidence.values())

    @property
    def messages(self) -> tuple[str, ...]:
        """One line for everything that did not pass."""
        return tuple(f"{kind}: {e.message}" for kind, e in self.evidence.items() if not e.passed)

    def __str__(self) -> str:
        lines = [f"{self.theorem}: {self.status}"]
        for kind, evidence in self.evidence.items():
            lines.append(f"  {kind:<14} {evidence.status:<12} {evidence.method}")
            if evidence.message and not evidence.passed:
                lines.append(f"    {evidence.message}")
        if self.derivation.assumed:
            lines.append(f"  assumed: {', '.join(s.name for s in self.derivation.assumed)}")
        return "\n".join(lines)

    def to_json(self) -> dict[str, Any]:
        """Plain data; the schema is documented in docs/verdict-schema.md."""
        return {
            "schema": SCHEMA,
            "id": self.theorem,
            "status": str(self.status),
            "message": "; ".join(self.messages),
            "profile": self.profile,
            "seed": self.seed,
            "evidence": {kind: _plain(e.to_json()) for kind, e in self.evidence.items()},
            "derivation": [_step(r) for r in self.derivation.results],
            "assumed": [s.name for s in self.derivation.assumed],
            "consequences": [
                {
                    "claim": c.claim,
                    "source": c.source,
                    "status": str(report.status),
                    "message": report.message,
                    "checks": [_step(r) for r in report.results],
                }
                for c, report in self.consequences
            ],
            "simulation": [_outcome(o, self.simulated.named(o)) for o in self.simulated.outcomes],
            "mutation": _plain(self.kills.to_json()),
            "values": _plain(self.values),
        }


def _step(result: Any) -> dict[str, Any]:
    return {
        "name": result.step.name,
        "kind": result.step.kind,
        "claim": result.step.latex(),
        "reason": result.step.reason,
        "uses": list(result.step.uses),
        "status": str(result.status),
        "method": result.evidence.method,
        "resolution": _plain(result.evidence.resolution),
        "message": result.evidence.message,
        "rejected": result.rejected,
        "tried": result.tried,
    }


def _outcome(outcome: Any, point: str) -> dict[str, Any]:
    fields = (
        "statistic quantity law status reason theory estimate se z resolution required exponent exponent_error "
        "claimed_exponent sizes counts means errors theories expected_failure gain"
    )
    return {"point": point} | {name: _plain(getattr(outcome, name)) for name in fields.split()}


def _plain(value: Any) -> Any:
    """Plain JSON data: no NaN, no infinity, no numpy."""
    import math

    if isinstance(value, Mapping):
        return {str(k): _plain(v) for k, v in value.items()}
    if isinstance(value, (list, tuple)):
        return [_plain(v) for v in value]
    if isinstance(value, bool) or value is None or isinstance(value, (str, int)):
        return value
    if hasattr(value, "tolist"):
        return _plain(value.tolist())
    number = float(value)
    return number if math.isfinite(number) else None
