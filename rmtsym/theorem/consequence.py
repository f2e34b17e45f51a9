"""Consequences of a statement: identities, limits, exponents, optima; each with its resolution and its wrong versions.

A consequence function receives :class:`Claims` and states what follows::

    @theorem.consequence("the optimal ridge is sigma^2 c / r^2 for every population")
    def optimal_ridge(claim):
        claim.minimum("R", of="lam", at=Fraction(1, 8), point=theorem.point("A"))
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import sympy as sp

from rmtsym.field.value import Value
from rmtsym.fixedpoint.system import FixedPointSystem
from rmtsym.theorem import exact, rate
from rmtsym.theorem.derivation import Report, Step, run_step
from rmtsym.theorem.evidence import Evidence

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["Claims", "Consequence", "run_consequence"]

Point = Mapping[str, Any]
_STEPS = (Fraction(1, 10**2), Fraction(1, 10**3), Fraction(1, 10**4), Fraction(1, 10**5))


@dataclass(frozen=True)
class Consequence:
    """A claim that follows from the statement, as a sentence (LaTeX between dollars) and a function of `Claims`."""

    claim: str
    function: Callable[[Claims], None]
    source: str = ""


def _in_print(value: Any) -> str:
    """An exact value as it is, a floating-point one without the digits that rounding may change."""
    return f"{float(value):.6g}" if isinstance(value, (float, sp.Float)) else sp.sstr(value)


@dataclass
class Claims:
    """Collects the checks of one consequence; every method adds one."""

    theorem: Theorem
    steps: list[Step] = field(default_factory=list)

    def _add(self, kind: str, text: str, check: Any, wrong: Any, generated: bool = False, claims: Any = ()) -> None:
        name = f"{len(self.steps) + 1}: {text}"
        self.steps.append(Step(name, kind, claims or (text,), text, (), check, tuple(wrong), generated))

    def value(self, quantity: str, point: Point, digits: int = 30) -> Value:
        """Enclosure of a quantity at a point given by exact values."""
        from rmtsym.theorem.theorem import predict

        return predict(self.theorem, point, digits, [quantity])[quantity]

    def grows(self, quantity: str, points: Sequence[Point], digits: int = 10) -> bool:
        """Whether it grows strictly from point to point, in balls; for use in ``holds``."""
        balls = [_ball(self.value(quantity, point, digits)) for point in points]
        return all(bool(first < second) for first, second in itertools.pairwise(balls))

    def least(self, quantity: str, *, of: str, between: tuple[float, float], point: Point | None = None) -> Fraction:
        """Where it is least between two positive values of ``of``, in floats: a place for ``minimum`` to certify."""
        from scipy.optimize import minimize_scalar

        base = dict(point or self.theorem.point())

        def at(log: float) -> float:
            return float(self.theorem.values({**base, of: Fraction(math.exp(log))})[quantity])

        ends = (math.log(between[0]), math.log(between[1]))
        found = minimize_scalar(at, bounds=ends, method="bounded", options={"xatol": 1e-4})
        return Fraction(math.exp(found.x)).limit_denominator(10**6)

    def identity(
        self,
        claim: sp.Eq,
        *,
        uses: Sequence[sp.Eq] = (),
        regime: str = "",
        wrong: Sequence[Any] = (),
        case: Callable[[sp.Eq], sp.Eq] | None = None,
    ) -> None:
        """Exact identity on the solution variety of the stated system (and of further relations ``uses``).

        The quantities may appear as symbols of their names.  ``case`` makes of a stated equation what it is in a
        special case.
        """
        stated = next(r for r in self.theorem.regimes() if not regime or r.name == regime)
        claims = [eq for s in stated.systems if isinstance(s, FixedPointSystem) for eq in exact.system_claims(s)]
        relations = [*(map(case, claims) if case else claims), *uses]

        def test(one: sp.Eq) -> Evidence:
            return exact.vanishes(one.lhs - one.rhs, relations)

        versions = [(str(w), sp.Eq(claim.lhs, w, evaluate=False)) for w in wrong]
        versions = versions or list(exact.wrong_equations(claim, limit=6))
        checks = [(label, lambda bad=bad: test(bad)) for label, bad in versions]
        self._add("identity", f"{claim.lhs} = {claim.rhs}", lambda: test(claim), checks, not wrong, (claim,))

    def vanishes(self, expr: sp.Expr, *, uses: Sequence[sp.Eq] = (), regime: str = "") -> None:
        """An expression is zero on the solution variety."""
        terms = sp.Add.make_args(expr)
        self.identity(sp.Eq(terms[0], terms[0] - expr, evaluate=False), uses=uses, regime=regime)

    def equal(
        self, left: Callable[[Point], Any], right: Callable[[Point], Any], points: Sequence[Point], text: str
    ) -> None:
        """Two ways to compute a number agree at every point, as balls with at least 10 certain digits."""

        def check(factor: Fraction = Fraction(1)) -> Evidence:
            worst = 0.0
            for point in points:
                a, b = _ball(left(point)), _ball(right(point)) * factor.numerator / factor.denominator
                if not (a.is_finite() and b.is_finite()):  # it overlaps everything
                    return Evidence.of(None, "balls", message=f"{a} and {b} at {_shown(point)}")
                radius = float(a.rad()) + float(b.rad())
                worst = max(worst, radius / max(abs(float(a.mid())), 1e-300))
                if not a.overlaps(b):
                    return Evidence.of(False, "balls", message=f"{a} and {b} at {_shown(point)}")
            return Evidence.of(True if worst < 1e-10 else None, f"balls at {len(points)} points", resolution=worst)

        off = Fraction(10**9 + 1, 10**9)
        self._add("equality", text, check, [("a relative error of 1e-9", lambda: check(off))])

    def limit(
        self,
        quantity: str,
        path: Callable[[Fraction], Point],
        value: Any,
        *,
        point: Point | None = None,
        steps: Sequence[Fraction] = _STEPS,
        text: str = "",
        scale: float | None = None,
    ) -> None:
        """Along ``path(eps)`` (changes of the point) the quantity tends to ``value`` as ``eps`` falls to zero.

        The deviations must fall at every step, the last one below 1e-3 of the scale; their own decay gives the
        resolution.
        """
        expected = float(value)
        size = scale or abs(expected) or 1.0

        def deviations() -> list[float]:
            return [
                float(self.value(quantity, {**(point or self.theorem.point()), **path(eps)})) - expected
                for eps in steps
            ]

        memo: list[list[float]] = []

        def check(shift: float = 0.0) -> Evidence:
            if not memo:
                memo.append(deviations())
            gaps = [abs(d - shift) for d in memo[0]]
            falling = all(b < 0.7 * a or b < 1e-13 * size for a, b in itertools.pairwise(gaps))
            figures = {"deviations": gaps}
            message = f"deviations {', '.join(f'{g:.1e}' for g in gaps)}"
            holds = falling and gaps[-1] < 1e-3 * size
            return Evidence.of(
                holds, "limit along a path", resolution=gaps[-1] / size, message=message, figures=figures
            )

        wrong = [(f"a limit off by {r:.0%}", lambda r=r: check(r * size)) for r in (0.01, -0.01)]
        self._add("limit", text or f"{quantity} tends to {_in_print(value)}", check, wrong)

    def exponent(
        self,
        quantity: str,
        path: Callable[[Fraction], Point],
        exponent: Any,
        *,
        point: Point | None = None,
        steps: Sequence[Fraction] = _STEPS,
        text: str = "",
        minus: float = 0.0,
    ) -> None:
        """Along ``path(eps)`` the quantity (less ``minus``) behaves like ``eps**exponent``.

        Local slopes between successive steps must approach the exponent, the last one within 0.05.
        """
        memo: list[list[float]] = []

        def slopes() -> list[float]:
            values = [
                float(self.value(quantity, {**(point or self.theorem.point()), **path(eps)})) - minus for eps in steps
            ]
            logs = [math.log(abs(v)) for v in values]
            grid = [math.log(float(eps)) for eps in steps]
            return [(b - a) / (t - s) for a, b, s, t in zip(logs, logs[1:], grid, grid[1:], strict=False)]

        def check(claimed: float) -> Evidence:
            if not memo:
                memo.append(slopes())
            last = memo[0][-1]
            message = f"local exponents {', '.join(f'{s:.4f}' for s in memo[0])}, claimed {claimed:g}"
            closer = abs(last - claimed) <= abs(memo[0][0] - claimed) + 1e-3
            return Evidence.of(
                abs(last - claimed) < 0.05 and closer,
                "local exponents along a path",
                resolution=0.05,
                message=message,
                figures={"exponents": memo[0], "claimed": claimed},
            )

        wrong = [(f"an exponent off by {d}", lambda d=d: check(float(exponent) + d)) for d in (-0.1, 0.1)]
        self._add("exponent", text or f"{quantity} ~ eps^{exponent}", lambda: check(float(exponent)), wrong)

    def minimum(
        self,
        quantity: str,
        *,
        of: str,
        at: Any,
        point: Point | None = None,
        width: Fraction = Fraction(1, 100),
        maximum: bool = False,
        text: str = "",
    ) -> None:
        """The quantity, as a function of parameter ``of``, has its minimum within ``width`` (relative) of ``at``.

        Certified: its ball at ``at`` lies below the balls at ``at (1 - width)`` and ``at (1 + width)``.
        """
        base = dict(point or self.theorem.point())
        sign = -1 if maximum else 1

        def check(place: Fraction) -> Evidence:
            inner, low, high = (
                sign * _ball(self.value(quantity, {**base, of: x}))
                for x in (place, place * (1 - width), place * (1 + width))
            )
            holds = bool(inner < low) and bool(inner < high)
            certain = holds or bool(inner > low) or bool(inner > high)
            message = f"{quantity} at {of} = {place}: {float(inner.mid()) * sign:.12g}"
            return Evidence.of(
                holds if certain else None, "three disjoint balls", resolution=float(width), message=message
            )

        exact_place = Fraction(at)
        wrong = [
            (f"{of} = {f} x the optimum", lambda f=f: check(exact_place * f))
            for f in (Fraction(19, 20), Fraction(21, 20))
        ]
        what = "maximum" if maximum else "minimum"
        self._add("optimum", text or f"{quantity} is {what[:3]}imal at {of} = {at}", lambda: check(exact_place), wrong)

    def asymptotic(
        self,
        text: str,
        *,
        deviation: Callable[[Any, int], float],
        exponent: float = -0.5,
        sizes: Sequence[int] = (50, 100, 200, 400),
        replicates: int = 64,
    ) -> None:
        """A number of the data tends to its limit: ``deviation(rng, n)`` draws what it is off by.

        Its rms must fall like ``n**exponent``.
        """
        draws = rate.Draws(deviation, tuple(sizes), replicates, f"{self.theorem.id}/{text}")
        self._add("asymptotic", text, lambda: rate.check(draws, exponent), rate.wrong(draws, exponent))

    def holds(
        self, text: str, check: Callable[[], bool | None], *, wrong: Mapping[str, Callable[[], bool | None]]
    ) -> None:
        """A property with a check of one's own, and wrong versions of it that must fail."""
        versions = [(label, lambda f=f: Evidence.of(f(), "property")) for label, f in wrong.items()]
        self._add("property", text, lambda: Evidence.of(check(), "property"), versions)


def _ball(value: Any) -> Any:
    from flint import arb

    if isinstance(value, Value):
        return value.ball if value.ball is not None else arb(float(value), value.radius)
    return (
        value
        if isinstance(value, arb)
        else arb(value.numerator) / value.denominator
        if isinstance(value, Fraction)
        else arb(value)
    )


def _shown(point: Point) -> str:
    return " ".join(f"{k}={','.join(map(str, v)) if isinstance(v, tuple) else v}" for k, v in point.items())


def run_consequence(theorem: Theorem, consequence: Consequence, *, power: bool = True) -> Report:
    """Run the checks of one consequence; none at all is inconclusive."""
    claims = Claims(theorem)
    consequence.function(claims)
    results = tuple(run_step(step, power) for step in claims.steps)
    return Report(results, "" if results else f"the consequence {consequence.claim!r} checks nothing")
