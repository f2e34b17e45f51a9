"""What a solver returns: values with residual, condition number, status and the evidence for the branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rmtsym.errors import UnknownName

__all__ = ["STATUS", "Solution"]

STATUS: dict[str, str] = {
    "converged": "the physical root was found",
    "unsolved": "Newton's method did not reach the residual; give the system a Continuation with a good start",
    "stalled": "the continuation stopped early: a boundary, an edge or another branch is near; move the point",
    "domain": "a root was found, but an unknown lies outside its domain; check the parameters or the continuation",
    "condition": "a root was found, but a condition of the system is not positive there; it is not the physical one",
    "ambiguous": "several roots satisfy all domains and conditions; give the system a Continuation",
    "fold": "the determinant of the Jacobian changed sign on the way: the path crossed a fold",
    "overflow": "a value is not finite: the parameters leave the range of double precision; choose less extreme ones",
}


@dataclass(frozen=True)
class Solution:
    """Root of a fixed-point system at one point or on a grid of points.

    Parameters
    ----------
    values : mapping from name to number or array
        Unknowns and outputs, with the shape of the broadcast parameters.
    residual : array
        Largest ``|left - right| / (|left| + |right|)`` of the equations.
    condition : array
        Bound on (relative error of the unknowns) / (relative residual).
    iterations : array of int
        Newton steps spent on the point, continuation included.
    status : array of str
        A key of :data:`STATUS`, where each says what to try.
    evidence : array of str
        How the physical branch was identified: ``"continuation"`` from where it is unique, ``"neighbours"`` (close to
        the line between two solved grid points), ``"domains"`` (the only root found that satisfies them).
    quadrature : array
        Relative change of the equations when continuous laws get half as many nodes; zero for atoms.
    """

    values: Mapping[str, Any]
    residual: Any
    condition: Any
    iterations: Any
    status: Any
    evidence: Any
    quadrature: Any
    point: Mapping[str, Any] = field(default_factory=dict, repr=False)

    def __getitem__(self, name: str) -> Any:
        if name not in self.values:
            raise UnknownName("quantity", name, self.values)
        return self.values[name]

    @property
    def ok(self) -> Any:
        """True where the physical root was found."""
        return np.asarray(self.status) == "converged"

    def message(self) -> str:
        """One line for each kind of failure: how many points, the first of them, what to try."""
        status = np.atleast_1d(self.status).ravel()
        lines = []
        for kind in sorted(set(status.tolist()) - {"converged"}):
            bad = np.flatnonzero(status == kind)
            first = {k: _pick(v, int(bad[0]), np.shape(self.status)) for k, v in self.point.items()}
            where = ", ".join(f"{k} = {v}" for k, v in first.items())
            lines.append(f"{len(bad)} of {len(status)} points {kind} (first at {where}): {STATUS[kind]}")
        return "; ".join(lines) or STATUS["converged"]


def _pick(value: Any, index: int, shape: tuple[int, ...]) -> str:
    array = np.broadcast_to(np.asarray(value), shape).ravel() if shape else np.asarray(value).ravel()
    return f"{array[index]:.6g}"
