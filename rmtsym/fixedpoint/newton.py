"""Batched Newton iteration on generated residuals, with steps that keep every unknown inside its domain."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np

from rmtsym.fixedpoint.generate import Generated

__all__ = ["Batch", "Outcome"]

_TINY = np.finfo(float).tiny
_GOOD = 4e-15  # a relative residual of a few rounding errors: nothing is left to gain
_FAIR = 1e-12  # accepted when the iteration cannot improve it any more (cancellation inside the equations)


@dataclass
class Outcome:
    """Result of a Newton run: roots, flags, residuals, steps spent, signs of the Jacobian's determinant."""

    q: np.ndarray
    converged: np.ndarray
    residual: np.ndarray
    steps: np.ndarray
    sign: np.ndarray


@dataclass
class Batch:
    """A system at a batch of points: ``parameters[name]`` has shape (B,) or (1,).

    ``positive`` (k,) marks unknowns solved for through their logarithm; ``herglotz`` (k,) those whose imaginary part
    has to stay positive; ``logarithmic`` (k,) the equations taken in the logarithm of both sides, where these are
    positive: Newton's method for sums of positive terms then reaches the root from any start.
    """

    code: Generated
    parameters: dict[str, np.ndarray]
    fixed: list[Any]
    positive: np.ndarray
    herglotz: np.ndarray
    logarithmic: np.ndarray

    def at(self, index: np.ndarray, **changed: np.ndarray) -> Batch:
        """The same system at a part of the points, some parameters replaced."""
        kept = {k: (v if len(v) == 1 else v[index]) for k, v in self.parameters.items()}
        return Batch(self.code, kept | changed, self.fixed, self.positive, self.herglotz, self.logarithmic)

    def _call(self, function: Callable[..., Any], q: np.ndarray) -> Any:
        return function(*q.T, *(self.parameters[n] for n in self.code.parameters), *self.fixed)

    def sides(self, q: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Left sides (B, k), right sides (B, k), and their Jacobians (B, k, k)."""
        *values, left_rows, right_rows = self._call(self.code.residual, q)
        size, count = q.shape
        out, slopes = np.empty((2, size, count), q.dtype), np.empty((2, size, count, count), q.dtype)
        for side, rows in enumerate((left_rows, right_rows)):
            for i in range(count):
                out[side, :, i] = values[side][i]
                for j in range(count):
                    slopes[side, :, i, j] = rows[i][j]
        return out[0], out[1], slopes[0], slopes[1]

    def outputs(self, q: np.ndarray) -> tuple[list[Any], list[Any]]:
        """Conditions and outputs."""
        conditions, outputs = self._call(self.code.outputs, q)
        return list(conditions), list(outputs)

    def relative(self, left: np.ndarray, right: np.ndarray) -> np.ndarray:
        gap = np.abs(left - right) / (np.abs(left) + np.abs(right) + _TINY)
        return np.where(np.isfinite(gap), gap, np.inf).max(axis=1, initial=0.0)

    def newton(self, q: np.ndarray, limit: int = 40, good: float = _GOOD) -> Outcome:
        """Damped Newton steps from ``q``; points that are done are left alone."""
        count = len(q)
        q = q.copy()
        best, best_residual = q.copy(), np.full(count, np.inf)
        steps, sign = np.zeros(count, int), np.zeros(count)
        stuck, damping = np.zeros(count, int), np.ones(count)
        previous, direction = q.copy(), np.zeros_like(q)
        active = np.arange(count)
        for _ in range(limit):
            if not active.size:
                break
            part = self.at(active)
            left, right, left_slopes, right_slopes = part.sides(q[active])
            residual = self.relative(left, right)
            better = residual < best_residual[active]
            worse = ~(residual <= 2 * best_residual[active]) & (damping[active] > 1 / 64) & (steps[active] > 0)
            gain = residual < 0.5 * best_residual[active]
            stuck[active] = np.where(gain, 0, stuck[active] + 1)
            chosen = active[better]
            best[chosen], best_residual[chosen] = q[chosen], residual[better]
            move, sign_here = self._direction(left, right, left_slopes, right_slopes, q[active])
            sign[chosen] = sign_here[better]
            # a residual that grows: go back and halve the step
            back = active[worse]
            damping[back] /= 2
            q[back] = self._advance(previous[back], direction[back] * damping[back, None])
            go = ~worse
            ahead = active[go]
            damping[ahead] = 1.0
            previous[ahead], direction[ahead] = q[ahead], move[go]
            done = (residual <= good) | ((residual <= _FAIR) & (stuck[active] >= 2)) | (stuck[active] >= 12)
            move_on = active[go & ~done]
            q[move_on] = self._advance(q[move_on], move[go & ~done])
            steps[active] += 1
            active = active[~done]
        return Outcome(best, best_residual <= max(_FAIR, good), best_residual, steps, sign)

    def _direction(self, left: Any, right: Any, left_slopes: Any, right_slopes: Any, q: Any) -> tuple[Any, Any]:
        """Newton direction in the working variables (log q where positive), and the sign of the determinant."""
        columns = np.where(self.positive, q, 1.0)[:, None, :]
        scale = np.abs(left) + np.abs(right) + _TINY
        matrix = (left_slopes - right_slopes) * columns / scale[:, :, None]
        vector = (left - right) / scale
        if self.logarithmic.any():
            usable = self.logarithmic & (left.real > 0) & (right.real > 0)
            below, above = np.where(usable, left, 1.0), np.where(usable, right, 1.0)
            rows = (left_slopes / below[:, :, None] - right_slopes / above[:, :, None]) * columns
            matrix = np.where(usable[:, :, None], rows, matrix)
            vector = np.where(usable, np.log(below / above), vector)
        sign = np.sign(_determinant(matrix).real)
        move = -_solve(matrix, vector)
        move = np.where(np.isfinite(move), move, 0.1)
        size = np.abs(np.where(self.positive, move, 0.0)).max(axis=1, initial=0.0)
        return move * np.minimum(1.0, 2.0 / np.maximum(size, _TINY))[:, None], sign

    def _advance(self, q: np.ndarray, move: np.ndarray) -> np.ndarray:
        if self.herglotz.any() and np.iscomplexobj(q):
            drop = np.where(self.herglotz & (move.imag < 0), -move.imag, 0.0)
            room = np.where(drop > 0, 0.9 * np.maximum(q.imag, 0.0) / np.where(drop > 0, drop, 1.0), 1.0)
            move = move * np.minimum(1.0, room.min(axis=1))[:, None]
        if not self.positive.any():
            return q + move
        return np.where(self.positive, q * np.exp(np.where(self.positive, move, 0.0)), q + move)

    def condition(self, q: np.ndarray) -> np.ndarray:
        """Norm of the inverse of d log(sides) / d log(q)."""
        if q.shape[1] == 0:
            return np.ones(len(q))
        left, right, left_slopes, right_slopes = self.sides(q)
        scale = np.maximum(np.abs(left), np.abs(right)) + _TINY
        relative = (left_slopes - right_slopes) * q[:, None, :] / scale[:, :, None]
        identity = np.broadcast_to(np.eye(q.shape[1]), relative.shape)
        inverse = np.stack([_solve(relative, identity[:, :, j]) for j in range(q.shape[1])], axis=2)
        found = np.abs(inverse).sum(axis=2).max(axis=1)
        return np.where(np.isfinite(found), np.maximum(found, 1.0), np.inf)


def _determinant(matrix: np.ndarray) -> np.ndarray:
    if matrix.shape[-1] == 1:
        return matrix[:, 0, 0]
    return np.linalg.det(np.where(np.isfinite(matrix), matrix, 0.0))


def _solve(matrix: np.ndarray, vector: np.ndarray) -> np.ndarray:
    if matrix.shape[-1] == 0:
        return vector
    if matrix.shape[-1] == 1:
        return vector / matrix[:, :, 0]
    matrix = np.where(np.isfinite(matrix), matrix, 1e300)
    try:
        return np.linalg.solve(matrix, vector[:, :, None])[:, :, 0]
    except np.linalg.LinAlgError:  # an exactly singular matrix in the batch: perturb it by rounding errors
        bump = 1e-14 * np.abs(matrix).max(axis=(1, 2), keepdims=True) * np.eye(matrix.shape[-1])
        return np.linalg.solve(matrix + bump + _TINY * np.eye(matrix.shape[-1]), vector[:, :, None])[:, :, 0]
