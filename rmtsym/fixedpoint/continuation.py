"""The path along which the physical root is followed, and its adaptive traversal for a whole batch of points.

Far out (large ridge, large distance from the real axis) the physical root is the only one that an iteration reaches.
It is followed from there with a secant predictor and Newton correction; a step counts only if every unknown stays in
its domain, the corrector moves little, and (in real arithmetic) the determinant of the Jacobian keeps its sign.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.fixedpoint.newton import Batch, Outcome
from rmtsym.fixedpoint.problem import Problem
from rmtsym.fixedpoint.system import Continuation, FixedPointSystem

__all__ = ["HOMOTOPY", "Path", "Traversal", "choose_path", "traverse", "with_homotopy"]

_FAR = 1e4  # a start of this size or more is a ridge so large that the root is unique there and beyond
_RIDGES = ("lam", "lambda", "lambda_", "lamda", "gamma", "ridge")


@dataclass
class Path:
    """``value(u) = target + (start - target) rho(u)``, where rho falls geometrically from 1 to 0 for u in [0, 1]."""

    parameter: str
    start: np.ndarray
    target: np.ndarray
    length: np.ndarray = field(init=False)  # log of the ratio of the first to the last scale

    def __post_init__(self) -> None:
        gap, scale = np.abs(self.start - self.target), np.maximum(np.abs(self.start), 1.0)
        if np.iscomplexobj(self.start):
            last = np.maximum(np.abs(self.target.imag), 1e-10 * scale)
        else:
            last = np.where(self.target != 0, np.abs(self.target), 1e-15 * scale)
        self.length = np.log(np.maximum(gap / last, np.e))

    def part(self, index: np.ndarray) -> Path:
        """The paths of some of the points."""
        return Path(self.parameter, self.start[index], self.target[index])

    def value(self, u: np.ndarray, index: np.ndarray) -> np.ndarray:
        length, start, target = self.length[index], self.start[index], self.target[index]
        last = np.exp(-length)
        rho = (np.exp(-length * u) - last) / (1 - last)
        return np.where(u >= 1, target, target + (start - target) * rho)


@dataclass
class Traversal:
    """Roots at the end of the path, status of each point, Newton steps, and where a stalled point stopped."""

    q: np.ndarray
    status: np.ndarray
    steps: np.ndarray


HOMOTOPY = sp.Symbol("homotopy")


@functools.lru_cache(maxsize=1024)
def _residual(equation: sp.Eq, guess: tuple[tuple[sp.Symbol, sp.Expr], ...]) -> sp.Expr:
    """Left less right side of an equation at the guess."""
    return (equation.lhs - equation.rhs).subs(dict(guess), simultaneous=True)


@functools.lru_cache(maxsize=256)
def with_homotopy(system: FixedPointSystem) -> FixedPointSystem:
    """Newton's homotopy as a continuation: left - right = (1 - h) (left - right at the guess), h from 0 to 1."""
    assert system.continuation is not None
    start = tuple((u, sp.sympify(system.continuation.guess[u])) for u in system.symbols)
    equations = tuple(
        sp.Eq(eq.lhs, eq.rhs + (1 - HOMOTOPY) * _residual(eq, start), evaluate=False) for eq in system.equations
    )
    return replace(system, equations=equations, continuation=Continuation(HOMOTOPY, sp.Integer(0), dict(start)))


def choose_path(problem: Problem) -> tuple[Path | None, np.ndarray]:
    """The system's own continuation, or the default one, and the guess at its start (B, k)."""
    system, count = problem.system, len(problem.system.unknowns)
    kind = complex if problem.complex else float
    given = system.continuation
    if given is not None:
        name = str(given.parameter)
        start = problem.number(given.start).astype(kind)
        if not problem.complex:  # a target that is farther out than the start is approached from beyond it
            target = np.broadcast_to(problem.batch.parameters[name], (problem.size,))
            start = np.where((start >= _FAR) & (target > start), 10 * target, start)
        guess = np.ones((problem.size, count), kind)
        for symbol, expr in given.guess.items():
            guess[:, [str(u) for u in system.symbols].index(str(symbol))] = problem.number(expr, **{name: start})
        return _path(problem, name, start), guess
    default = _default_parameter(problem)
    guess = np.ones((problem.size, count), kind)
    if default is None:
        return None, guess * (1j if problem.complex and problem.batch.herglotz.any() else 1.0)
    name = default
    target = problem.batch.parameters[name]
    far = 4.0 * (problem.scale + np.abs(target)) if problem.complex else np.maximum(1e4 * problem.scale, 10 * target)
    if problem.complex:  # stay in the half-plane of the target: the real axis may carry a cut
        far = target.real + 1j * np.where(target.imag < 0, -far, far)
    start = far
    start = np.broadcast_to(start, (problem.size,)).astype(kind)
    if problem.complex:
        guess = np.where(problem.batch.herglotz, -1 / start[:, None], guess)
    return _path(problem, name, start), guess


def _default_parameter(problem: Problem) -> str | None:
    parameters = problem.batch.parameters
    if problem.complex:
        upper = [k for k, v in parameters.items() if (v.imag != 0).any()]
        return "z" if "z" in parameters else (upper[0] if upper else None)
    return next((n for n in _RIDGES if n in parameters and (parameters[n] >= 0).all()), None)


def _path(problem: Problem, name: str, start: np.ndarray) -> Path:
    target = np.broadcast_to(problem.batch.parameters[name], (problem.size,))
    return Path(name, start.copy(), target.copy())


def first_root(batch: Batch, guess: np.ndarray) -> Outcome:
    """Root near the guess: Newton's method, after a run of the plain iteration where that one is needed."""
    found = batch.newton(guess)
    wrong = ~(found.converged & inside(batch, found.q))
    if wrong.any():
        index = np.flatnonzero(wrong)
        part = batch.at(index)
        settled = part.newton(_iterate(part, guess[index]))
        for name in ("q", "converged", "residual", "sign"):
            getattr(found, name)[index] = getattr(settled, name)
        found.steps[index] += settled.steps
    return found


def _iterate(batch: Batch, q: np.ndarray, rounds: int = 200) -> np.ndarray:
    """Damped plain iteration q <- (q + f(q))/2 for equations q = f(q)."""
    for _ in range(rounds):
        left, right, *_ = batch.sides(q)
        if not np.array_equal(left, q):
            return q
        usable = np.isfinite(right) & (~batch.positive | (right.real > 0)) & (~batch.herglotz | (right.imag > 0))
        target = np.where(usable, right, q)
        if np.abs(target - q).max(initial=0.0) <= 1e-6 * np.abs(q).max(initial=0.0):
            break
        q = np.where(batch.positive, np.sqrt(np.abs(q * target)), 0.5 * (q + target)).astype(q.dtype)
    return q


def inside(batch: Batch, q: np.ndarray) -> np.ndarray:
    """True where every positive unknown is positive and every Herglotz one is in the upper half-plane."""
    good = np.isfinite(q).all(axis=1)
    good &= (~batch.positive | (q.real > 0)).all(axis=1)
    if np.iscomplexobj(q):
        good &= (~batch.herglotz | (q.imag > 0)).all(axis=1)
    return good


def traverse(batch: Batch, path: Path, guess: np.ndarray, leap: float = 1.5) -> Traversal:
    """Follow the root of every point of the batch from the start of the path to its end.

    The corrector may move the logarithm of a positive unknown by ``leap``; a small one keeps to the branch.
    """
    size = len(guess)
    everything = np.arange(size)
    real = not np.iscomplexobj(guess)
    origin = first_root(batch.at(everything, **{path.parameter: path.start}), guess)
    status = np.where(origin.converged & inside(batch, origin.q), "stalled", "unsolved").astype("U10")
    q, sign, steps = origin.q, origin.sign, origin.steps
    u = np.zeros(size)
    value = path.start.copy()
    past_q, past_value, past_u = q.copy(), value.copy(), np.full(size, -1.0)
    step = np.full(size, 2.3 if real else 0.7) / path.length
    active = everything[status == "stalled"]
    for _ in range(400):
        if not active.size:
            break
        ahead = np.minimum(u[active] + step[active], 1.0)
        ahead = np.where(1 - ahead < 0.3 * step[active], 1.0, ahead)
        target = path.value(ahead, active)
        part = batch.at(active, **{path.parameter: target})
        known = past_u[active] >= 0
        now, before, then = (u, past_u, ahead) if real else (value, past_value, target)
        guessed = _predict(part, real, q[active], past_q[active], known, now[active], before[active], then)
        last = ahead >= 1
        found = part.newton(guessed, good=1e-11 if not last.all() else 4e-15)
        polish = last & found.converged & (not last.all())
        if polish.any():
            better = part.at(np.flatnonzero(polish)).newton(found.q[polish])
            found.q[polish], found.converged[polish] = better.q, better.converged
            found.steps[polish] += better.steps
        steps[active] += found.steps
        good = found.converged & inside(part, _lift(part, found.q, path.target[active], last))
        good &= _near(part, real, found.q, guessed, q[active], leap)
        fold = real & good & (found.sign * sign[active] < 0)
        good &= ~fold
        moved = active[good]
        past_q[moved], past_value[moved], past_u[moved] = q[moved], value[moved], u[moved]
        q[moved], value[moved], u[moved] = found.q[good], target[good], ahead[good]
        step[moved] = np.minimum(step[moved] * (2.0 if real else 1.5), (8.0 if real else 3.0) / path.length[moved])
        step[active[~good]] /= 3
        status[active[fold]] = "fold"
        status[active[~fold]] = "stalled"
        status[moved[u[moved] >= 1]] = "converged"
        alive = (u[active] < 1) & (step[active] * path.length[active] > 1e-4)
        active = active[alive]
    return Traversal(q, status, steps)


def _lift(batch: Batch, q: np.ndarray, target: np.ndarray, last: np.ndarray) -> np.ndarray:
    """On the real axis itself a Herglotz function may be real: count that as inside."""
    if not np.iscomplexobj(q):
        return q
    on_axis = last & (target.imag == 0)
    tolerance = 1e-9 * np.abs(q)
    return np.where(
        on_axis[:, None] & batch.herglotz & (q.imag > -tolerance), q.real + 1j * (q.imag + 2 * tolerance), q
    )


def _predict(batch: Batch, real: bool, q: Any, past: Any, known: Any, x: Any, past_x: Any, ahead: Any) -> np.ndarray:
    gap = np.where(known, x - past_x, 1.0)
    ratio = np.where(known, (ahead - x) / np.where(gap == 0, 1.0, gap), 0.0)[:, None]
    line = q + (q - past) * ratio
    if real:
        grown = np.exp(np.clip(np.log(np.abs(q / past)) * ratio, -20, 20)) * q
        return np.where(batch.positive, grown, line)
    safe = (~batch.herglotz | (line.imag > 0.2 * q.imag)).all(axis=1) & np.isfinite(line).all(axis=1)
    return np.where(safe[:, None], line, q)


def _near(batch: Batch, real: bool, q: Any, guessed: Any, old: Any, leap: float) -> np.ndarray:
    """The corrector moved little; unknowns without a domain count only if there is no other."""
    bound = batch.positive | batch.herglotz
    judged = bound if bound.any() else np.ones_like(bound)
    size = np.abs(old) + 1e-300
    close = (np.abs(q - guessed) < 0.5 * size) | (np.abs(q - old) < 0.75 * size)
    if real:
        with np.errstate(all="ignore"):
            close = np.where(
                batch.positive, np.abs(np.log(np.abs(q / guessed))) < leap, close | (np.abs(q - old) < 1e-3)
            )
    return (close | ~judged).all(axis=1)
