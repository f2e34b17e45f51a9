"""Floating-point solution of a fixed-point system at a point or on a grid, on the physical branch."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import numpy as np

from rmtsym.errors import NoConvergence
from rmtsym.fixedpoint.continuation import HOMOTOPY, Path, choose_path, first_root, inside, traverse, with_homotopy
from rmtsym.fixedpoint.diagonal import has_diagonals, solve_diagonal
from rmtsym.fixedpoint.generate import fixed_arguments
from rmtsym.fixedpoint.newton import Batch
from rmtsym.fixedpoint.problem import Problem, bind, check_call, named
from rmtsym.fixedpoint.solution import Solution
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["solve"]

Roots = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]  # roots (B, k), status, Newton steps, evidence


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
    check_call(system, point)
    if has_diagonals(system):
        return solve_diagonal(system, point, throw=throw)
    if system.continuation is not None and system.continuation.parameter is None:
        system, point = with_homotopy(system), {**named(point), str(HOMOTOPY): 1}
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
        widest = max((max(v.shape) for v in problem.batch.fixed if getattr(v, "ndim", 0) == 2), default=1)
        chunk = max(1, 500_000 // widest**2) if widest > 1 else max(64, 600_000 // _atoms(problem))
        if chunk < size and widest > 1 and _only_path_varies(problem):
            q, status, steps, evidence = _along_path(problem)
        else:
            for begin in range(0, size, chunk):
                index = np.arange(begin, min(begin + chunk, size))
                q[index], status[index], steps[index], evidence[index] = _roots(problem, index)
        _judge(problem, q, status)
    return _report(problem, q, status, steps, evidence)


def _atoms(problem: Problem) -> int:
    return max((v.size for v in problem.batch.fixed if getattr(v, "ndim", 0) == 1), default=1)


def _roots(problem: Problem, index: np.ndarray) -> Roots:
    """Roots of a part of the batch: neighbours along a grid, a continuation, or a search from several starts."""
    path, guess = choose_path(problem)
    batch = problem.batch.at(index)
    if path is None:
        return _search(batch, guess[index])
    path = path.part(index)
    order = _grid_order(problem, path.parameter, index)
    if order is None:
        done = traverse(batch, path, guess[index])
        found = done.q, done.status, done.steps, np.full(len(index), "continuation", dtype="U12")
        lost = np.flatnonzero(done.status == "unsolved")
        if lost.size and problem.batch.positive.all():  # no root at the start of the path: look at its end
            for kept, new in zip(found, _search(batch.at(lost), guess[index[lost]]), strict=True):
                kept[lost] = new
        jumped = np.flatnonzero((found[1] == "converged") & ~_conditions_hold(batch, found[0]))
        if jumped.size:  # to another branch: once more, in small steps
            done = traverse(batch.at(jumped), path.part(jumped), guess[index[jumped]], leap=0.05)
            better = (done.status == "converged") & _conditions_hold(batch.at(jumped), done.q)
            found[0][jumped[better]] = done.q[better]
            found[2][jumped] += done.steps
        return found
    return _along_grid(batch, path, guess[index], order)


def _only_path_varies(problem: Problem) -> bool:
    path, _ = choose_path(problem)
    if problem.complex or path is None:
        return False
    return all(len(v) == 1 or k == path.parameter for k, v in problem.batch.parameters.items())


def _along_path(problem: Problem) -> Roots:
    """Points on one path, one after the other: each continuation starts at the root of the point before.

    For systems with large matrices, where every evaluation is dear.
    """
    path, guess = choose_path(problem)
    assert path is not None
    order = np.argsort(np.abs(path.target - path.start), kind="stable")
    size = len(order)
    q, status = np.full_like(guess, np.nan), np.full(size, "stalled", dtype="U10")
    steps, last = np.zeros(size, int), None
    for i in order:
        one = np.array([i])
        leg = path if last is None else replace(path, start=np.full_like(path.start, path.target[last]))
        leg = leg.part(one)
        begin = guess[one] if last is None else q[last : last + 1]
        done = traverse(problem.batch.at(one), leg, begin)
        q[one], status[one] = done.q, done.status
        steps[i] = done.steps[0]
        if done.status[0] == "converged":
            last = i
    return q, status, steps, np.full(size, "continuation", dtype="U12")


def _search(batch: Batch, guess: np.ndarray) -> Roots:
    """Roots in the domains from several starts; two different ones make the point ambiguous."""
    q, good = guess.copy(), np.zeros(len(guess), bool)
    ambiguous, steps = good.copy(), np.zeros(len(guess), int)
    for factor in (1.0, 0.1, 10.0, 0.01, 100.0):
        found = first_root(batch, guess) if factor == 1.0 else batch.newton(guess * factor)
        steps += found.steps
        ok = found.converged & inside(batch, found.q) & _conditions_hold(batch, found.q)
        apart = np.abs(found.q - q).max(axis=1) > 1e-5 * np.abs(q).max(axis=1)
        ambiguous |= ok & good & apart
        q[ok & ~good] = found.q[ok & ~good]
        good |= ok
    status = np.where(ambiguous, "ambiguous", np.where(good, "converged", "unsolved")).astype("U10")
    return q, status, steps, np.full(len(guess), "domains", dtype="U12")


def _conditions_hold(batch: Batch, q: np.ndarray, part: slice = slice(None)) -> np.ndarray:
    """Conditions of the system, then ends of the intervals; a part of these."""
    held = np.ones(len(q), bool)
    if not np.iscomplexobj(q):
        for value in batch.outputs(q)[0][part]:
            held &= np.broadcast_to(np.asarray(value) > 0, len(q))
    return held


def _grid_order(problem: Problem, name: str, index: np.ndarray) -> np.ndarray | None:
    """Order of the points along a grid in z, if z is all that varies and there are enough of them."""
    parameters = problem.batch.parameters
    if not problem.complex or len(index) < 24 or any(len(v) > 1 for k, v in parameters.items() if k != name):
        return None
    return np.argsort(parameters[name][index].real, kind="stable")


def _along_grid(batch: Batch, path: Path, guess: np.ndarray, order: np.ndarray) -> Roots:
    """Every eighth point by continuation, the others from the line between two solved neighbours.

    A root found from neighbours counts if it is close to that line; the rest is done by continuation.
    """
    size = len(order)
    coarse = np.unique(np.append(np.arange(0, size, 8), size - 1))
    q, status = np.full_like(guess, np.nan), np.full(size, "todo", dtype="U10")
    steps, evidence = np.zeros(size, int), np.full(size, "continuation", dtype="U12")

    def follow(index: np.ndarray) -> None:
        done = traverse(batch.at(index), path.part(index), guess[index])
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
    conditions = len(problem.system.conditions)
    good = _conditions_hold(problem.batch, q, slice(conditions, None))
    for i, unknown in enumerate(unknowns):
        if unknown.domain == "positive" and not problem.complex:
            good &= q[:, i] > 0
    status[(status == "converged") & ~good] = "domain"
    if conditions:
        status[(status == "converged") & ~_conditions_hold(problem.batch, q, slice(conditions))] = "condition"


def _report(problem: Problem, q: Any, status: Any, steps: Any, evidence: Any) -> Solution:
    batch, count = problem.batch, len(problem.system.unknowns)
    _settle_real_axis(problem, q, status)
    _, outputs = batch.outputs(q)
    residual, condition = np.zeros(problem.size), np.ones(problem.size)
    if count:
        left, right, *_ = batch.sides(q)
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
    quadrature = _quadrature_error(problem, q)
    columns = {"residual": residual, "condition": condition, "iterations": steps, "status": status}
    columns |= {"evidence": evidence, "quadrature": quadrature}
    reported = {name: np.asarray(x).reshape(shape)[()] for name, x in columns.items()}
    where = {k: v.real if not np.any(v.imag) else v for k, v in batch.parameters.items()}
    return Solution(values=shaped, point=where, **reported)


def _quadrature_error(problem: Problem, q: np.ndarray) -> np.ndarray:
    """Relative change of the equations when continuous laws are given half as many nodes."""
    laws = {m.name: problem.point[m.name] for m in problem.system.measures}
    coarse = {name: law.coarser() for name, law in laws.items() if hasattr(law, "coarser")}
    if not coarse or not q.shape[1]:
        return np.zeros(problem.size)
    fixed = fixed_arguments(problem.code, problem.system, problem.point | coarse)
    left, right, *_ = problem.batch.sides(q)
    other_left, other_right, *_ = replace(problem.batch, fixed=fixed).sides(q)
    scale = np.abs(left) + np.abs(right)
    return ((np.abs(left - other_left) + np.abs(right - other_right)) / scale).max(axis=1)


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
