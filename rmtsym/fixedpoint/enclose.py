r"""Enclosure of the physical root by the Krawczyk operator in rectangular balls, to any number of digits.

With an approximate root :math:`x`, a box :math:`X\ni x` and an approximate inverse :math:`Y` of the Jacobian,

.. math:: K(X) = x - Y F(x) + (I - Y F'(X))(X - x).

If :math:`K(X)` lies in the interior of :math:`X`, then :math:`X` holds exactly one root, and it lies in :math:`K(X)`.
Boxes are convex, so this holds for complex unknowns too.

Source: R. Krawczyk (1969); S. M. Rump, Verification methods (Acta Numerica 2010).
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import acb, acb_mat, arb, arb_mat

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.value import Value
from rmtsym.fixedpoint.derivative import resolved
from rmtsym.fixedpoint.diagonal import enclose_diagonal, has_diagonals
from rmtsym.fixedpoint.generate import jacobian, matrices_of, scalars_of
from rmtsym.fixedpoint.problem import bind, check_bound, check_call, check_digits, named
from rmtsym.fixedpoint.solve import solve
from rmtsym.fixedpoint.system import FixedPointSystem

__all__ = ["count_roots", "enclose"]

_ROUNDS = 7


def enclose(system: FixedPointSystem, point: Mapping[Any, Any], digits: int = 15) -> dict[str, Value]:
    """Balls around the physical root and every output, with at least ``digits`` certified significant digits.

    Parameters
    ----------
    system : FixedPointSystem
    point : mapping
        As in :func:`~rmtsym.fixedpoint.solve.solve`, one number for each parameter; a float means the dyadic rational
        that it stores.
    digits : int
        Significant decimal digits wanted for unknowns and outputs.

    Returns
    -------
    dict from name to Value
        Unknowns and outputs.  The box holds exactly one root; all domains (positive, Herglotz, intervals) and
        conditions of the system hold on the whole box.

    Raises
    ------
    DomainError
        For a missing or non-finite number, or more than one point.
    NoConvergence
        If no root can be certified (double root, spectral edge) or the branch is not the physical one.

    Examples
    --------
    >>> from rmtsym.fixedpoint.system import Unknown
    >>> kappa, lam, c = sp.symbols("kappa lam c", positive=True)
    >>> system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa / (1 + kappa)),))
    >>> found = enclose(system, {"lam": 2, "c": 1}, digits=30)["kappa"]
    >>> found.ball.str(30, radius=False), found.status, found.radius < 1e-30
    ('2.73205080756887729352744634151', 'enclosed', True)
    """
    check_call(system, point)
    check_digits(digits)
    point = named(point)
    if has_diagonals(system):
        return enclose_diagonal(system, point, digits)
    check_bound(system, point)
    sizes = {k: np.size(point[k]) for k in scalars_of(system) if np.size(point[k]) != 1}
    if sizes:
        name = next(iter(sizes))
        raise DomainError(name, f"{sizes[name]} values", "one number", "enclose one point at a time")
    rough = solve(system, point, throw=bool(system.unknowns))  # a closed form may cancel in floats, not in balls
    task = _Task(system, point, digits, rough)
    widest = max((max(np.shape(point[m.name])) for m in matrices_of(system)), default=1)
    extra = 32 + int(math.log2(max(float(rough.condition), 1.0))) + int(3 * math.log2(widest))
    reason = ""
    for _ in range(_ROUNDS):
        bits = int(digits * 3.3219280949) + extra
        context = BALL(bits)
        with context:
            found, reason = task.certify(bits)
            if found is not None:
                if all(task.sharp(v) for v in found.values()):
                    kind = f"Krawczyk, {bits} bits; branch: {rough.evidence}" if task.names else f"balls, {bits} bits"
                    return {name: Value.from_ball(v, kind) for name, v in found.items()}
                reason = "the outputs are not sharp enough"
                task.goal = 2.0 ** -min(bits, 1000)  # they cancel: the root has to be known to more digits than asked
        extra *= 2
    raise NoConvergence(f"no enclosure with {digits} digits: {reason}; move the point or ask for fewer digits")


@dataclass
class _Task:
    system: FixedPointSystem
    point: dict[str, Any]
    digits: int
    rough: Any

    def __post_init__(self) -> None:
        names = [str(u) for u in self.system.symbols]
        self.names = names
        start = [self.rough[n] for n in names]
        imaginary = [complex(self.point[k]).imag for k in scalars_of(self.system)]
        self.upper = any(x > 0 for x in imaginary)
        self.complex = any(complex(x).imag != 0 for x in start) or any(imaginary)
        self.middle = [_exact(x, self.complex) for x in start]
        self.preconditioner: Any = None
        self.equations = [eq.lhs - eq.rhs for eq in self.system.equations]
        self.slopes = [x for row in jacobian(self.system) for x in row]
        self.conditions = [] if self.complex else list(self.system.conditions)
        self.outputs = list(resolved(self.system).values())
        self.matrices: dict[str, Any] = {}
        # a real unknown may be zero, and then has no relative accuracy
        real = [u.domain == "real" for u in self.system.unknowns]
        self.floors = [arb(10) ** -(self.digits + 15) if zero else arb(2) ** -1000 for zero in real]
        # the step of the approximate root has to be well below the digits that are asked for
        self.goal = 2.0 ** -min(
            int(3.33 * self.digits) + 12 + int(math.log2(max(float(self.rough.condition), 1.0))), 1000
        )

    def env(self, q: list[Any]) -> dict[str, Any]:
        return self.point | self.matrices | dict(zip(self.names, q, strict=True))

    def evaluate(self, expressions: list[Any], q: list[Any], bits: int) -> list[Any]:
        return evaluate(expressions, self.env(q), BALL(bits))

    def matrix(self, rows: int, cols: int, entries: list[Any]) -> Any:
        return (acb_mat if self.complex else arb_mat)(rows, cols, [self.scalar(x) for x in entries])

    def scalar(self, value: Any) -> Any:
        if self.complex:
            return acb(value)
        return value.real if isinstance(value, acb) else value

    def _inverse(self, bits: int) -> Any:
        """Approximate inverse of the Jacobian at the middle, exact entries."""
        count = len(self.names)
        if self.preconditioner is None:
            problem = bind(self.system, {k: _rounded(v) for k, v in self.point.items()})
            q = np.array([[complex(x) if problem.complex else float(x) for x in self.middle]])
            with np.errstate(all="ignore"):
                *_, left, right = problem.batch.sides(q)
                slopes = (left - right)[0]
            try:
                inverse = np.linalg.inv(slopes)
            except np.linalg.LinAlgError:
                inverse = np.full_like(slopes, np.nan)
            if not np.isfinite(inverse).all():
                return None
            self.preconditioner = self.matrix(count, count, [_exact(x, self.complex) for x in inverse.ravel()])
        return self.preconditioner

    def _recompute(self, bits: int) -> None:
        count = len(self.names)
        slopes = self.matrix(count, count, self.evaluate(self.slopes, self.middle, bits))
        try:
            entries = [x.mid() for x in slopes.inv().entries()]
            self.preconditioner = self.matrix(count, count, entries) if all(map(_finite, entries)) else None
        except ZeroDivisionError:
            self.preconditioner = None

    def certify(self, bits: int) -> tuple[dict[str, Any] | None, str]:
        """Unknowns and outputs on a box that holds exactly one root, or the reason why there is none."""
        count = len(self.names)
        self.matrices = {m.name: BALL(bits).matrix(self.point[m.name]) for m in matrices_of(self.system)}
        if not count:
            return dict(zip(self.system.outputs, self.evaluate(self.outputs, [], bits), strict=True)), ""
        inverse = self._inverse(bits)
        if inverse is None:
            self._recompute(bits)
            inverse = self.preconditioner
        if inverse is None:
            return None, "the Jacobian is singular at the root"
        step, size = None, math.inf
        for rounds in range(60):
            values = self.evaluate(self.equations, self.middle, bits)
            step = inverse * self.matrix(count, 1, values)
            now = max(float(_upper(step[i, 0]) / (_upper(self.middle[i]) + self.floors[i])) for i in range(count))
            if not math.isfinite(now):
                return None, "an equation is not finite at the approximate root"
            if now < max(2.0 ** (16 - bits), self.goal) or (now > 0.25 * size and now < 2.0 ** (-bits // 2)):
                break
            if now > 0.25 * size:  # the float Jacobian is too rough a preconditioner
                if rounds > 30:
                    return None, "the approximate root does not improve"
                self._recompute(bits)
                inverse = inverse if self.preconditioner is None else self.preconditioner
            size = now
            self.middle = [(self.scalar(x) - step[i, 0]).mid() for i, x in enumerate(self.middle)]
        else:  # the step is that of the middle before; the next round goes on from this one
            return None, "the approximate root improves too slowly"
        return self._krawczyk(inverse, step, bits)

    def _krawczyk(self, inverse: Any, step: Any, bits: int) -> tuple[dict[str, Any] | None, str]:
        count = len(self.names)
        tiny = arb(2) ** (8 - bits)
        radius = [2 * _upper(step[i, 0]) + tiny * _upper(x) for i, x in enumerate(self.middle)]
        identity = self.matrix(count, count, [arb(int(i == j)) for i in range(count) for j in range(count)])
        for _ in range(6):
            spread = [self.scalar(_around_zero(r, self.complex)) for r in radius]
            box = [self.scalar(x) + s for x, s in zip(self.middle, spread, strict=True)]
            # everything on the box at once, so that inverses of matrices are shared
            values = self.evaluate(self.slopes + self.conditions + self.outputs, box, bits)
            slopes = values[: count * count]
            if all(_finite(x) for x in slopes):
                defect = identity - inverse * self.matrix(count, count, slopes)
                shift = defect * self.matrix(count, 1, spread) - step
                if all(_inside(shift[i, 0], radius[i], self.complex) for i in range(count)):
                    root = [self.scalar(x) + shift[i, 0] for i, x in enumerate(self.middle)]
                    split = count * count + len(self.conditions)
                    reason = self.check(root, values[count * count : split], bits)
                    names = [*self.names, *self.system.outputs]
                    return (None, reason) if reason else (dict(zip(names, root + values[split:], strict=True)), "")
            radius = [8 * r for r in radius]
        return None, "the Krawczyk operator does not contract (double root or spectral edge)"

    def check(self, box: list[Any], conditions: list[Any], bits: int) -> str:
        """Empty, or the domain or condition that is not certified on the box."""
        for unknown, ball in zip(self.system.unknowns, box, strict=True):
            real = ball.real if isinstance(ball, acb) else ball
            if unknown.domain == "positive" and not self.complex and not real > 0:
                return f"{unknown.symbol} > 0 is not certified"
            if unknown.domain == "herglotz" and self.complex and self.upper and not ball.imag > 0:
                return f"Im {unknown.symbol} > 0 is not certified"
            if unknown.domain == "interval":
                for bound, sign in ((unknown.lower, 1), (unknown.upper, -1)):
                    if bound is not None:
                        limit = evaluate(sp.sympify(bound), self.env(box), BALL(bits))
                        if not (real - limit) * sign > 0:
                            return f"{unknown.symbol} {'>' if sign > 0 else '<'} {bound} is not certified"
        for condition, value in zip(self.conditions, conditions, strict=True):
            if not value > 0:
                return f"the condition {condition} > 0 is not certified"
        return ""

    def sharp(self, ball: Any) -> bool:
        """True if the ball has the digits asked for, or holds zero and is far smaller than they would need."""
        if not _finite(ball):
            return False
        if ball.rel_accuracy_bits() >= self.digits * 3.3219280949:
            return True
        zero = ball.contains(0) if isinstance(ball, acb) else ball.contains(arb(0))
        return bool(zero) and float(abs(ball).upper()) < 10.0 ** -(self.digits + 15)


def _exact(value: Any, is_complex: bool) -> Any:
    value = complex(value)
    return acb(arb(value.real), arb(value.imag)) if is_complex else arb(value.real)


def _rounded(value: Any) -> Any:
    return float(value) if isinstance(value, Fraction) else value


def _upper(ball: Any) -> arb:
    return abs(ball).upper()


def _finite(ball: Any) -> bool:
    return bool(ball.is_finite())


def _around_zero(radius: arb, is_complex: bool) -> Any:
    # an arb with midpoint 0 whose radius (30 bits) is rounded up to cover the number
    side = arb(0, radius)
    return acb(side, side) if is_complex else side


def _inside(ball: Any, radius: arb, is_complex: bool) -> bool:
    parts = (ball.real, ball.imag) if is_complex else (ball,)
    return all(_finite(p) and abs(p).upper() < radius for p in parts)


def count_roots(curve: Any, unknown: sp.Symbol, point: Mapping[Any, Any], where: str = "upper", bits: int = 128) -> int:
    """Number of roots of a polynomial curve ``P(m, parameters) = 0`` in the region where the physical one lies.

    Parameters
    ----------
    curve : sympy expression, polynomial in ``unknown``
    point : mapping from parameter to exact number
    where : str
        ``"upper"`` (open upper half-plane) or ``"positive"`` (positive real axis).

    Examples
    --------
    >>> m, z = sp.symbols("m z")
    >>> count_roots(m**2 + z * m + 1, m, {z: 1 + 1j})
    1
    """
    from flint import acb_poly

    if where not in ("upper", "positive"):
        raise DomainError("where", where, "'upper' or 'positive'")
    coefficients = sp.Poly(curve, unknown).all_coeffs()[::-1]
    for attempt in range(5):
        context = BALL(bits << attempt)
        with context:
            balls = [acb(x) for x in evaluate(coefficients, point, context)]
            while balls and balls[-1].is_zero():
                balls.pop()
            try:
                roots = acb_poly(balls).roots(tol=arb(2) ** -(bits << attempt >> 1))
            except ValueError:
                continue
            real = all(x.imag.is_zero() for x in balls)
            parts = [_region(i, roots, where, real) for i in range(len(roots))]
            if None not in parts:
                return sum(bool(p) for p in parts)
    raise NoConvergence("the roots of the curve could not be isolated; the point may be an edge of the spectrum")


def _region(index: int, roots: list[Any], where: str, real_curve: bool) -> bool | None:
    """Whether one of the isolated roots lies in the region; None if its ball does not decide."""
    root = roots[index]
    if not root.imag.contains(arb(0)):
        return bool(root.imag > 0) if where == "upper" else False
    # with real coefficients a ball that overlaps its conjugate and no other ball holds a real root
    hull = acb(root.real, root.imag.union(-root.imag))
    if not real_curve or any(hull.overlaps(other) for i, other in enumerate(roots) if i != index):
        return None
    if where == "upper":
        return False
    return None if root.real.contains(arb(0)) else bool(root.real > 0)
