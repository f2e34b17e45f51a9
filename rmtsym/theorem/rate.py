"""Rates: the exponent with which a random deviation falls in the size, fitted on a log-log line."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from rmtsym.theorem.evidence import Evidence

__all__ = ["Draws", "check", "wrong"]

TOLERANCE = 0.15  # half the distance that separates n^-1/2 from n^-1/4 and n^-3/4, less the error of the fit
ERROR = 0.05  # the fit must know the exponent this well (one sigma) to decide


@dataclass(frozen=True)
class Draws:
    """Deviations drawn at several sizes, with seeds that depend on the step and the size only."""

    deviation: Callable[[np.random.Generator, int], float]
    sizes: tuple[int, ...]
    replicates: int
    key: str
    offset: float = 0.0

    @cached_property
    def values(self) -> np.ndarray:
        """Deviations, shape (sizes, replicates)."""
        from threadpoolctl import threadpool_limits

        from rmtsym.simulate.seeds import generator

        with threadpool_limits(limits=1):  # sums must not depend on the number of cores
            rows = [
                [self.deviation(generator(0, self.key, "", n, "step", i), n) for i in range(self.replicates)]
                for n in self.sizes
            ]
        return np.array(rows, dtype=float)

    def shifted(self) -> Draws:
        """The same draws around another limit: off by half the spread at the largest size."""
        moved = replace(self, offset=float(np.sqrt(np.mean(self.values[0] ** 2))))
        object.__setattr__(moved, "values", self.values)
        return moved


def check(draws: Draws, exponent: float) -> Evidence:
    """Evidence that the rms deviation falls like ``n**exponent``.

    The slope must be within 0.15 of the exponent and known to 0.05, and the deviation must decrease.
    """
    squares = (draws.values + draws.offset) ** 2
    rms = np.sqrt(squares.mean(axis=1))
    if np.all(rms == 0):
        return Evidence.of(None, "rate fit", message="the deviation is exactly zero: this is an identity, not a limit")
    logs = np.log(np.array(draws.sizes, dtype=float))
    centred = logs - logs.mean()
    weights = centred / (centred @ centred)
    slope = float(weights @ np.log(rms))
    relative = squares.std(axis=1, ddof=1) / squares.mean(axis=1) / np.sqrt(draws.replicates) / 2
    error = float(np.sqrt(weights**2 @ relative**2))
    figures = {"exponent": slope, "error": error, "claimed": exponent, "sizes": list(draws.sizes)}
    method = f"rate fit at sizes {draws.sizes[0]} to {draws.sizes[-1]}"
    message = f"exponent {slope:.3f} +- {error:.3f}, claimed {exponent:g}"
    if error > ERROR:
        return Evidence.of(None, method, resolution=TOLERANCE, message=message, figures=figures)
    holds = abs(slope - exponent) <= TOLERANCE and slope < 0
    return Evidence.of(holds, method, resolution=TOLERANCE, message=message, figures=figures)


def wrong(draws: Draws, exponent: float) -> tuple[tuple[str, Callable[[], Evidence]], ...]:
    """Wrong versions of a limit: other rates, and another limit."""
    return (
        ("a rate faster by 1/2", lambda: check(draws, exponent - 0.5)),
        ("a rate slower by 1/2", lambda: check(draws, exponent + 0.5)),
        ("another limit", lambda: check(draws.shifted(), exponent)),
    )
