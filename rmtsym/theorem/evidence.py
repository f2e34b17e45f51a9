"""Evidence: what was checked, how, with which result, and how sharp the check was."""

from __future__ import annotations

import enum
import math
import time
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Any

__all__ = ["Evidence", "Status", "combine", "timed"]


class Status(enum.StrEnum):
    """Outcome of a check.  A check without power is inconclusive, never a pass."""

    VERIFIED = "VERIFIED"
    REFUTED = "REFUTED"
    INCONCLUSIVE = "INCONCLUSIVE"

    @property
    def passed(self) -> bool:
        return self is Status.VERIFIED


def combine(statuses: Iterable[Status]) -> Status:
    """One refutation refutes; nothing checked, or one check without power, is inconclusive.

    >>> str(combine([Status.VERIFIED, Status.INCONCLUSIVE])), str(combine([]))
    ('INCONCLUSIVE', 'INCONCLUSIVE')
    """
    found = set(statuses)
    if Status.REFUTED in found:
        return Status.REFUTED
    return Status.VERIFIED if found == {Status.VERIFIED} else Status.INCONCLUSIVE


@dataclass(frozen=True)
class Evidence:
    """Result of one check.

    Parameters
    ----------
    status : Status
    method : str
        How it was checked, in a few words ("zero test over GF(2^61-1), 3 trials").
    resolution : float, optional
        Bound of the probability of a false pass for exact tests; smallest relative deviation that would have been
        noticed for numeric ones.
    message : str
        What was found, with figures; names what disagrees when something does.
    figures : mapping
        Numbers of the check, for tables and reports.
    seconds : float
    """

    status: Status
    method: str
    resolution: float | None = None
    message: str = ""
    figures: Mapping[str, Any] = field(default_factory=dict)
    seconds: float = 0.0

    def __post_init__(self) -> None:
        if self.status is Status.VERIFIED and self.resolution is not None and not math.isfinite(self.resolution):
            object.__setattr__(self, "status", Status.INCONCLUSIVE)
            object.__setattr__(self, "message", self.message or f"no power: resolution {self.resolution}")

    @property
    def passed(self) -> bool:
        return self.status.passed

    def __bool__(self) -> bool:
        raise TypeError("evidence has three values; ask for .passed or .status")

    @classmethod
    def of(cls, holds: bool | None, method: str, **more: Any) -> Evidence:
        """Evidence of a check that holds (True), fails (False) or could not tell (None)."""
        status = {True: Status.VERIFIED, False: Status.REFUTED, None: Status.INCONCLUSIVE}[holds]
        return cls(status, method, **more)

    def to_json(self) -> dict[str, Any]:
        """Plain data; see docs/verdict-schema.md."""
        return {
            "status": str(self.status),
            "method": self.method,
            "resolution": self.resolution,
            "message": self.message,
            "figures": dict(self.figures),
        }


def timed(check: Callable[[], Evidence]) -> Evidence:
    """Evidence of a check together with the seconds that it took."""
    start = time.perf_counter()
    found = check()
    return replace(found, seconds=time.perf_counter() - start)
