"""Kills: what happened to each wrong version of a statement, and what the whole table says."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import Any

from rmtsym.theorem.evidence import Evidence, Status
from rmtsym.theorem.mutation import Mutant

__all__ = ["Kill", "KillTable"]

REQUIRED = 0.99  # share of the non-equivalent mutants that must be killed


@dataclass(frozen=True)
class Kill:
    """What happened to one mutant.

    Parameters
    ----------
    derivation, enclosure, simulation : bool
        Which evidence rejects it, each by itself.
    z, where : float, str
        Largest z-score that the simulation gives it, and for which quantity, point and law; for a generated version,
        at the first point where the simulation rejects it.
    shift : float
        Largest relative change of a quantity: the resolution that would be needed to see it.
    note : str
        Why it has no value, if it has none.
    """

    mutant: Mutant
    regime: str
    equivalent: bool = False
    derivation: bool = False
    enclosure: bool = False
    simulation: bool = False
    z: float = 0.0
    where: str = ""
    shift: float = 0.0
    note: str = ""

    @property
    def killed_by(self) -> str:
        """The cheapest evidence that rejects it; empty for a survivor."""
        return next((kind for kind in ("derivation", "enclosure", "simulation") if getattr(self, kind)), "")

    @property
    def killed(self) -> bool:
        return bool(self.killed_by)

    def to_json(self) -> dict[str, Any]:
        return {
            "name": self.mutant.name,
            "kind": self.mutant.kind,
            "source": self.mutant.source,
            "regime": self.regime,
            "killed_by": self.killed_by or None,
            "equivalent": self.equivalent,
            "derivation": self.derivation,
            "enclosure": self.enclosure,
            "simulation": self.simulation,
            "z": self.z if math.isfinite(self.z) else None,
            "where": self.where,
            "relative_shift": self.shift if math.isfinite(self.shift) else None,
            "note": self.note,
        }


@dataclass(frozen=True)
class KillTable:
    """All mutants of a theorem and what killed them."""

    theorem: str
    kills: tuple[Kill, ...] = field(default=())

    @property
    def counted(self) -> tuple[Kill, ...]:
        """Mutants that are not equivalent to the statement."""
        return tuple(k for k in self.kills if not k.equivalent)

    @property
    def killed(self) -> tuple[Kill, ...]:
        return tuple(k for k in self.counted if k.killed)

    @property
    def survivors(self) -> tuple[Kill, ...]:
        return tuple(k for k in self.counted if not k.killed)

    @property
    def idle(self) -> tuple[str, ...]:
        """Versions written by hand that say the same as the statement in every regime: they test nothing."""
        by_hand = [k for k in self.kills if not k.mutant.generated]
        return tuple(sorted({k.mutant.name for k in by_hand} - {k.mutant.name for k in by_hand if not k.equivalent}))

    @property
    def unseen(self) -> tuple[Kill, ...]:
        """Mutants that the simulation alone does not reject, the most visible first."""
        return tuple(sorted((k for k in self.counted if not k.simulation), key=lambda k: -k.shift))

    def evidence(self) -> Evidence:
        """Verified when at least 99 % of the mutants, and every one written by hand, are killed.

        One written by hand that says the same as the statement everywhere counts against it: whoever wrote it meant a
        difference.
        """
        counted = self.counted
        if not counted:
            return Evidence(Status.INCONCLUSIVE, "mutation", message=f"{self.theorem}: no mutant differs from it")
        share = len(self.killed) / len(counted)
        with_values = [k for k in counted if not k.enclosure]
        seen = sum(k.simulation for k in with_values) / max(len(with_values), 1)
        by_hand = [k for k in self.survivors if not k.mutant.generated]
        figures = {
            "made": len(self.kills),
            "equivalent": len(self.kills) - len(counted),
            "counted": len(counted),
            "killed": len(self.killed),
            "without a value": len(counted) - len(with_values),
            "killed by simulation alone": sum(k.simulation for k in with_values),
            "written by hand": sum(not k.mutant.generated for k in counted),
        }
        survivors = [f"{k.mutant.name} (needs a resolution of {100 * k.shift:.2g} %)" for k in self.survivors]
        survivors += [f"{name} (says the same as the statement)" for name in self.idle]
        message = f"{self.theorem}: survivors: " + "; ".join(survivors[:5]) if survivors else ""
        status = Status.VERIFIED if share >= REQUIRED and not (by_hand or self.idle) else Status.INCONCLUSIVE
        return Evidence(
            status,
            f"{len(self.killed)} of {len(counted)} mutants killed; of those with values {seen:.0%} by simulation alone",
            resolution=1 - share,
            message=message,
            figures=figures,
        )

    def to_json(self) -> dict[str, Any]:
        return {
            "id": self.theorem,
            "status": str(self.evidence().status),
            "counts": dict(self.evidence().figures),
            "mutants": [k.to_json() for k in self.kills],
        }
