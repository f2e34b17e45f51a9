r"""Fixed points whose unknowns are diagonal matrices: one number for each row of a data matrix.

The equations are :math:`D=F(D)`, one for each unknown, solved one after the other: an equation may contain the unknowns
before its own.  Each :math:`F` is to be a *standard interference function* of its own unknown: increasing, and
:math:`F(tD)<tF(D)` for :math:`t>1`.  Then the positive root is unique; the iteration from a point with
:math:`F(D)\le D`, such as an upper bound, falls towards it, and if

.. math:: F(\underline D)\ge\underline D,\qquad F(\overline D)\le\overline D,

the root lies between the two: that is the enclosure, and it needs no Jacobian.  The solver itself assumes nothing.

Source: R. D. Yates (1995), A framework for uplink power control, IEEE J. Sel. Areas Commun. 13.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from scipy.sparse.linalg import LinearOperator, gmres

from rmtsym.errors import NoConvergence, UnsupportedModel
from rmtsym.field.diagonal import Diagonal
from rmtsym.field.evaluate import BALL, FLOAT, evaluate
from rmtsym.field.value import Value
from rmtsym.fixedpoint.derivative import resolved
from rmtsym.fixedpoint.solution import STATUS, Solution
from rmtsym.fixedpoint.system import FixedPointSystem, Unknown

__all__ = ["enclose_diagonal", "has_diagonals", "solve_diagonal"]

_LIMIT = 150  # evaluations of one equation by one method
_CLOSE = 1e-11  # relative residual of a root
_LOSS = 18  # bits by which balls may widen from one equation to the next
_DEPTH = 6  # earlier steps that the accelerated iteration remembers


def has_diagonals(system: FixedPointSystem) -> bool:
    """Whether the unknowns are diagonal matrices."""
    matrices = [isinstance(u.symbol, sp.MatrixSymbol) for u in system.unknowns]
    if any(matrices) and not all(matrices):
        raise UnsupportedModel("unknowns that are diagonal matrices and scalar ones do not mix; use two systems")
    return any(matrices)


def _equations(system: FixedPointSystem) -> list[tuple[str, Unknown, sp.Expr]]:
    """Name, unknown and right-hand side, checked to be solvable one after the other."""
    names = [str(u.symbol) for u in system.unknowns]
    rows = []
    for i, (unknown, equation) in enumerate(zip(system.unknowns, system.equations, strict=True)):
        if equation.lhs != unknown.symbol:
            raise UnsupportedModel(f"write the equation of {unknown.symbol} as Eq({unknown.symbol}, F)")
        later = [n for n in names[i + 1 :] if any(n == m.name for m in equation.rhs.atoms(sp.MatrixSymbol))]
        if later:
            raise UnsupportedModel(f"the equation of {names[i]} contains {later[0]}, which is solved for later")
        rows.append((names[i], unknown, equation.rhs))
    return rows


def _size(unknown: Unknown, system: FixedPointSystem, point: Mapping[str, Any]) -> int:
    """Number of rows, read off the matrices that are bound."""
    side = unknown.symbol.shape[0]
    known: dict[Any, int] = {}
    for matrix in {x for e in system.expressions for x in e.atoms(sp.MatrixSymbol) if x.name in point}:
        known.update(zip(matrix.shape, point[matrix.name].shape, strict=True))
    return int(side if side.is_Integer else known[side])


class _Map:
    """Right-hand side of one equation as a function of the entries of its unknown.

    What does not contain the unknown is computed once.
    """

    def __init__(self, unknown: Unknown, body: sp.Expr, env: Mapping[str, Any], context: Any = FLOAT) -> None:
        self.symbol, self.name, self.context, self.count = unknown.symbol, str(unknown.symbol), context, 0
        constants: list[sp.Expr] = []
        self.body = self._folded(body, constants)
        values = evaluate(constants, env, context)
        self.env = {**env, **{f"constant_{i}": value for i, value in enumerate(values)}}

    def _folded(self, expr: Any, constants: list[sp.Expr]) -> Any:
        if expr.has(self.symbol):
            return expr.func(*(self._folded(x, constants) for x in expr.args))
        if not expr.args or not getattr(expr, "is_Matrix", False) or isinstance(expr, (sp.MatrixSymbol, sp.Transpose)):
            return expr
        if expr not in constants:
            constants.append(expr)
        return sp.MatrixSymbol(f"constant_{constants.index(expr)}", *expr.shape)

    def __call__(self, entries: np.ndarray) -> np.ndarray:
        self.count += 1
        value = evaluate(self.body, {**self.env, self.name: Diagonal(entries)}, self.context)
        return np.asarray(value.entries if isinstance(value, Diagonal) else value)

    def slope(self, entries: np.ndarray, direction: np.ndarray) -> np.ndarray:
        """Derivative along a direction, by a complex step: exact to rounding."""
        return self(entries + 1e-40j * direction).imag / 1e-40


def _start(unknown: Unknown, system: FixedPointSystem, point: Mapping[str, Any]) -> np.ndarray:
    """The upper bound if there is one (the iteration then falls towards the root), zero otherwise."""
    if unknown.upper is None:
        return np.zeros(_size(unknown, system, point))
    value = evaluate(unknown.upper, point)
    return np.array(value.entries if isinstance(value, Diagonal) else np.diagonal(value), dtype=float)


def _accelerated(step: _Map, x: np.ndarray) -> tuple[np.ndarray, float]:
    """Root by Anderson's iteration, kept positive by plain steps, and its relative residual."""
    points: list[np.ndarray] = []
    residuals: list[np.ndarray] = []
    best, gap, stale = x, np.inf, 0
    for _ in range(_LIMIT):
        image = step(x)
        size = np.maximum(np.abs(image), 1e-300)
        if not np.isfinite(image).all():
            break
        now = float(np.max(np.abs(image - x) / size))
        if now < gap:
            best, gap, stale = image, now, 0
        else:
            stale += 1
        if gap < 3e-16 or (gap < 1e-12 and stale > 3) or stale > 40:
            break
        points, residuals = [*points[-_DEPTH:], image], [*residuals[-_DEPTH:], (image - x) / size]
        x = image
        if len(points) > 2 and gap > 1e-14:
            changes = np.stack([residuals[-1] - r for r in residuals[:-1]], axis=1)
            share, *_ = np.linalg.lstsq(changes, residuals[-1], rcond=1e-12)
            mixed = image - sum(s * (image - p) for s, p in zip(share, points[:-1], strict=True))
            if (mixed > 0).all():
                x = mixed
    return best, gap


def _newton(step: _Map, x: np.ndarray) -> tuple[np.ndarray, float]:
    """Root by Newton's method in relative changes, and its relative residual: for roots many decades below the start.

    Where the map is concave the steps fall monotonically from above, and stay positive if a positive root is there.
    """
    best, gap, limit = x, np.inf, step.count + _LIMIT
    while step.count < limit:
        image = step(x)
        if not np.isfinite(image).all():
            break
        change = (image - x) / np.maximum(np.abs(image), 1e-300)
        now = float(np.max(np.abs(change)))
        last, gap, best = gap, min(gap, now), image if now < gap else best
        if now < 3e-16 or (now < 1e-12 and now > last / 2):
            break
        if not (x > 0).all():  # a start at zero
            x = image
            continue
        part, _ = gmres(_without_root(step, x), (image - x) / x, rtol=1e-8, restart=30, maxiter=1)
        if not (part > -1).all():  # no positive root
            break
        x = x * (1 + part)
    return best, gap


def _without_root(step: _Map, x: np.ndarray) -> LinearOperator:
    """Relative changes of the entries, less those of their images."""
    return LinearOperator((len(x), len(x)), matvec=lambda c: c - step.slope(x, x * c) / x, dtype=float)


def solve_diagonal(system: FixedPointSystem, point: Mapping[Any, Any], *, throw: bool = True) -> Solution:
    """Roots in floating point, and the outputs there; see :func:`rmtsym.fixedpoint.solve`.

    Raises
    ------
    NoConvergence
        If an iteration does not settle, or settles at numbers that are not positive.

    Examples
    --------
    >>> from rmtsym.field.diagonal import DiagonalPart
    >>> n, d = sp.symbols("n d", integer=True, positive=True)
    >>> m = sp.Symbol("m", positive=True)
    >>> A, D, W = sp.MatrixSymbol("A", n, d), sp.MatrixSymbol("D", n, n), sp.MatrixSymbol("W", n, n)
    >>> load = DiagonalPart(A * sp.Inverse(A.T * D * A) * A.T) / m
    >>> equation = sp.Eq(D, sp.Inverse(sp.Inverse(W) + load), evaluate=False)
    >>> system = FixedPointSystem((Unknown(D, "diagonal", upper=W),), (equation,), {"t": sp.Trace(D)})
    >>> point = {"A": np.ones((4, 1)), "W": Diagonal(np.ones(4)), "m": 1, "n": 4, "d": 1}
    >>> round(float(solve_diagonal(system, point)["t"]), 12)  # D = 1/(1 + 1/(4 D))
    3.0
    """
    env = {str(k): v for k, v in point.items()}
    status, gap, count = "converged", 0.0, 0
    with np.errstate(all="ignore"):
        for name, unknown, body in _equations(system):
            try:
                step = _Map(unknown, body, env)
                start = _start(unknown, system, env)
                root, residual = _accelerated(step, start)
                if not residual < _CLOSE:
                    root, residual = min((root, residual), _newton(step, start), key=lambda found: found[1])
                count += step.count
            except np.linalg.LinAlgError:
                root, residual = np.zeros(_size(unknown, system, env)), np.inf
            gap = max(gap, residual)
            if not residual < _CLOSE:
                status = "unsolved"
            elif status == "converged" and not (root > 0).all():
                status = "domain"
            env[name] = Diagonal(root)
        values = {name: env[name] for name, *_ in _equations(system)}
        if status == "converged":
            for name, body in system.outputs.items():
                values[str(name)] = evaluate(body, {**env, **values})
        elif throw:
            raise NoConvergence(f"diagonal unknowns: {status}: {STATUS[status]}")
        else:
            values |= {str(name): np.nan for name in system.outputs}
    return Solution(
        values,
        residual=np.asarray(gap),
        condition=np.asarray(np.nan),
        iterations=np.asarray(count),
        status=np.asarray(status),
        evidence=np.asarray("iteration"),
        quadrature=np.asarray(0.0),
    )


def enclose_diagonal(system: FixedPointSystem, point: Mapping[Any, Any], digits: int = 15) -> dict[str, Value]:
    """Balls around every output, at the root between two points that bracket it.

    Raises
    ------
    NoConvergence
        If no bracket is certified: the map may not be increasing, or the problem is close to a double root.
    """
    rough = solve_diagonal(system, point)
    count = len(system.unknowns)
    bits = int(3.33 * digits) + 48 + _LOSS * count
    goal = 2.0 ** -(int(3.33 * digits) + 12 + _LOSS * count)
    context = BALL(bits)
    with context:
        matrices = {x.name for e in system.expressions for x in e.atoms(sp.MatrixSymbol)}
        floats = {str(k): v for k, v in point.items()}
        env = {k: context.matrix(v) if k in matrices else v for k, v in floats.items()}
        for name, unknown, body in _equations(system):
            maps = _Map(unknown, body, floats), _Map(unknown, body, env, context)
            balls, middle = _enclosed(*maps, rough[name].entries, goal)
            env[name], floats[name] = Diagonal(balls), Diagonal(np.array([float(x) for x in middle]))
            goal *= 2.0**_LOSS  # what the later equations see of this root is a ball
        outputs = resolved(system)
        found = dict(zip(outputs, evaluate(list(outputs.values()), env, context), strict=True))
    return {str(k): Value.from_ball(v, f"bracketed root of an increasing map, {bits} bits") for k, v in found.items()}


def _enclosed(step: _Map, exact: _Map, near: np.ndarray, goal: float) -> tuple[np.ndarray, np.ndarray]:
    """Balls around the root, and their middles: Newton's steps with residuals in balls and slopes in floats."""
    middle = np.array([arb(x) for x in near.tolist()], dtype=object)

    operator = _without_root(step, near)
    for _ in range(4):
        gap = exact(middle) - middle
        relative = np.array([float(g.mid()) for g in gap]) / near
        size = float(np.max(np.abs(relative)))
        if size > 0:
            change, _ = gmres(operator, relative / size, rtol=1e-12, restart=60, maxiter=2)
            moved = middle + np.array([arb(x) for x in (change * near * size).tolist()], dtype=object)
            middle = np.array([x.mid() for x in moved], dtype=object)
        balls = _bracket(exact, middle, goal)
        if balls is not None:
            return balls, middle
    raise NoConvergence(f"no bracket of {step.name} is certified: its equation may not be increasing in it")


def _bracket(step: _Map, middle: np.ndarray, goal: float) -> np.ndarray | None:
    """Balls around ``middle`` whose ends are certified to lie on both sides of the root."""
    low, high = (np.array([x.mid() for x in middle * (1 + s * arb(goal))], dtype=object) for s in (-1, 1))
    for end, sign in ((low, 1), (high, -1)):
        if not all((image - x) * sign >= 0 for image, x in zip(step(end), end, strict=True)):
            return None
    return np.array([a.union(b) for a, b in zip(low, high, strict=True)], dtype=object)
