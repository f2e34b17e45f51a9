"""Floating-point solution of a fixed-point system at a point or on a grid, on the physical branch."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from rmtsym.errors import NoConvergence
from rmtsym.fixedpoint.continuation import choose_path, first_root, inside, traverse
from rmtsym.fixedpoint.problem import Problem, bind
from rmtsym.fixedpoint.solution import Solution
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["solve"]


def solve(system: FixedPointSystem, point: Mapping[Any, Any], *, throw: bool = True) -> Solution:
    """Solve ``left_i(q) = right_i(q)`` for the physical root ``q`` and compute the outputs there.

    Parameters
    ----------
    system : FixedPointSystem
    point : mapping
        Parameter (symbol or name) to a number or an array (arrays broadcast; a complex ``z`` lies in the upper
        half-plane or on the real axis, which is approached from above); measure to its atoms; matrix to an array.
    throw : bool
        Raise if a point has no physical root found; otherwise its values are NaN and its status says why.

    Returns
    -------
    Solution
        Unknowns and outputs with the shape of the broadcast parameters.

    Raises
    ------
    NoConvergence
        Naming how many points failed, the first of them, and what to try.
    DomainError
        For a missing or non-finite number.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.fixedpoint.system import Unknown
    >>> kappa, lam, c = sp.symbols("kappa lam c", positive=True)
    >>> equation = sp.Eq(kappa, lam + c * kappa / (1 + kappa))
    >>> system = FixedPointSystem((Unknown(kappa),), (equation,), {"m": 1 / (1 + kappa)})
    >>> print(round(solve(system, {"lam": 2, "c": 1.0})["kappa"], 12))
    2.732050807569
    """
    with np.errstate(all="ignore"):
        problem = bind(system, point)
        solution = _solve(problem)
    if throw and not np.all(solution.ok):
        raise NoConvergence(solution.message())
    return solution


def _solve(problem: Problem) -> Solution:
    count = len(problem.system.unknowns)
    size = problem.size
    q = np.full((size, count), np.nan, complex if problem.complex else float)
    status = np.full(size, "converged", dtype="U10")
    steps = np.zeros(size, int)
    evidence = np.full(size, "no unknowns", dtype="U12")
    if count:
        # arrays of one operation stay near the size of the caches
        widest = max((max(v.shape) for v in problem.batch.fixed if v.ndim == 2), default=1)
        chunk = max(1, 500_000 // widest**2) if widest > 1 else max(64, 600_000 // _atoms(problem))
        for begin in range(0, size, chunk):
            index = np.arange(begin, min(begin + chunk, size))
            q[index], status[index], steps[index], evidence[index] = _roots(problem, index)
        _judge(problem, q, status)
    return _report(problem, q, status, steps, evidence)


def _atoms(problem: Problem) -> int:
    return max((v.size for v in problem.batch.fixed if v.ndim == 1), default=1)


def _roots(problem: Problem, index: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Roots of a part of the batch: neighbours along a grid, a continuation, or a search from several starts."""
    path, guess = choose_path(problem)
    batch = problem.batch.at(index)
    if path is None:
        return _search(batch, guess[index])
    for name in ("start", "target", "length"):
        setattr(path, name, getattr(path, name)[index])
    order = _grid_order(problem, path.parameter, index)
    if order is None:
        done = traverse(batch, path, guess[index])
        found = done.q, done.status, done.steps, np.full(len(index), "continuation", dtype="U12")
        lost = np.flatnonzero(done.status == "unsolved")
        if lost.size and problem.batch.positive.all():  # no root at the start of the path: look at its end
            for kept, new in zip(found, _search(batch.at(lost), guess[index[lost]]), strict=True):
                kept[lost] = new
        return found
    return _along_grid(batch, path, guess[index], order)


def _search(batch: Any, guess: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    q, good = guess.copy(), np.zeros(len(guess), bool)
    steps = np.zeros(len(guess), int)
    for factor in (1.0, 0.1, 10.0, 0.01, 100.0):
        todo = np.flatnonzero(~good)
        if not todo.size:
            break
        part = batch.at(todo)
        found = first_root(part, guess[todo] * factor)
        ok = found.converged & inside(part, found.q)
        q[todo[ok]], good[todo[ok]] = found.q[ok], True
        steps[todo] += found.steps
    return q, np.where(good, "converged", "unsolved"), steps, np.full(len(guess), "domains")


def _grid_order(problem: Problem, name: str, index: np.ndarray) -> np.ndarray | None:
    """Order of the points along a grid in z, if z is all that varies and there are enough of them."""
    parameters = problem.batch.parameters
    if not problem.complex or len(index) < 24 or any(len(v) > 1 for k, v in parameters.items() if k != name):
        return None
    return np.argsort(parameters[name][index].real, kind="stable")


def _along_grid(batch: Any, path: Any, guess: np.ndarray, order: np.ndarray) -> tuple[np.ndarray, ...]:
    """Every eighth point by continuation, the others from the line between two solved neighbours.

    A root found from neighbours counts if it is close to that line; the rest is done by continuation.
    """
    size = len(order)
    coarse = np.unique(np.append(np.arange(0, size, 8), size - 1))
    q, status = np.full_like(guess, np.nan), np.full(size, "todo", dtype="U10")
    steps, evidence = np.zeros(size, int), np.full(size, "continuation", dtype="U12")

    def follow(index: np.ndarray) -> None:
        part = type(path)(path.parameter, path.start[index], path.target[index], path.length[index])
        done = traverse(batch.at(index), part, guess[index])
        q[index], status[index] = done.q, done.status
        steps[index] += done.steps

    follow(order[coarse])
    for stride in (4, 2, 1):
        middle = np.arange(stride, size - 1, 2 * stride)
        right = np.minimum(middle + stride, size - 1)
        middle, left, right = (order[x] for x in (middle, middle - stride, right))
        free = (status[middle] == "todo") & (status[left] == "converged") & (status[right] == "converged")
        middle, left, right = middle[free], left[free], right[free]
        if not middle.size:
            continue
        z = path.target
        share = ((z[middle] - z[left]) / np.where(z[right] == z[left], 1.0, z[right] - z[left])).real[:, None]
        line = q[left] * (1 - share) + q[right] * share
        part = batch.at(middle)
        found = part.newton(line, limit=12)
        spread = np.abs(q[right] - q[left]) + 1e-3 * np.abs(line)
        close = (np.abs(found.q - line) < 0.3 * spread).all(axis=1)
        good = found.converged & inside(part, found.q) & close & (path.target[middle].imag > 0)
        chosen = middle[good]
        q[chosen], status[chosen], evidence[chosen] = found.q[good], "converged", "neighbours"
        steps[middle] += found.steps
    rest = np.flatnonzero(status == "todo")
    if rest.size:
        follow(rest)
    return q, status, steps, evidence


def _judge(problem: Problem, q: np.ndarray, status: np.ndarray) -> None:
    """Domains of all unknowns and conditions of the system, at the points that converged."""
    unknowns = problem.system.unknowns
    names = [str(u.symbol) for u in unknowns]
    at_root = dict(zip(names, q.T, strict=True))
    good = np.ones(len(q), bool)
    for i, unknown in enumerate(unknowns):
        if unknown.domain == "interval":
            for bound, above in ((unknown.lower, False), (unknown.upper, True)):
                if bound is not None:
                    limit = problem.number(bound, **at_root).real
                    good &= (q[:, i].real < limit) if above else (q[:, i].real > limit)
        elif unknown.domain == "positive" and not problem.complex:
            good &= q[:, i] > 0
    status[(status == "converged") & ~good] = "domain"
    if problem.system.conditions and not problem.complex:
        conditions, _ = problem.batch.outputs(q)
        held = np.ones(len(q), bool)
        for value in conditions:
            held &= np.broadcast_to(np.asarray(value) > 0, len(q))
        status[(status == "converged") & ~held] = "condition"


def _report(problem: Problem, q: Any, status: Any, steps: Any, evidence: Any) -> Solution:
    batch, count = problem.batch, len(problem.system.unknowns)
    _settle_real_axis(problem, q, status)
    _, outputs = batch.outputs(q)
    residual, condition = np.zeros(problem.size), np.ones(problem.size)
    if count:
        left, right, _ = batch.sides(q)
        residual, condition = batch.relative(left, right), batch.condition(q)
    values = {str(u.symbol): q[:, i] for i, u in enumerate(problem.system.unknowns)}
    kind = q.dtype if count else np.result_type(float, *(np.asarray(v).dtype for v in outputs))
    for name, value in zip(problem.system.outputs, outputs, strict=True):
        values[name] = np.broadcast_to(np.asarray(value).reshape(-1), (problem.size,)).astype(kind)
    overflow = (status == "converged") & ~np.all([np.isfinite(v) for v in values.values()], axis=0)
    status[overflow] = "overflow"
    bad = status != "converged"
    shaped = {}
    for name, value in values.items():
        array = np.where(bad, np.nan, value).reshape(problem.shape)
        shaped[name] = array if problem.shape else array[()]
    shape = problem.shape
    return Solution(
        shaped, *(np.asarray(x).reshape(shape)[()] for x in (residual, condition, steps, status, evidence)),
        {k: v.real if not np.any(v.imag) else v for k, v in batch.parameters.items()},
    )  # fmt: skip


def _settle_real_axis(problem: Problem, q: np.ndarray, status: np.ndarray) -> None:
    """At real z outside the support the root is real: drop an imaginary part of the size of rounding errors."""
    if not problem.complex or not len(problem.system.unknowns):
        return
    if any(np.any(v.imag) for v in problem.batch.parameters.values()):
        return
    small = (np.abs(q.imag) <= 1e-9 * np.abs(q)).all(axis=1) & (status == "converged")
    index = np.flatnonzero(small)
    if index.size:
        part = problem.batch.at(index)
        part.herglotz = np.zeros_like(part.herglotz)
        found = part.newton(q[index].real.astype(complex))
        better = found.converged & (np.abs(found.q - q[index]) <= 1e-6 * np.abs(q[index])).all(axis=1)
        q[index[better]] = found.q[better].real
