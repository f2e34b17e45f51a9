r"""Row sampling beyond the law of large sizes: n and d fixed, n comparable to m, and rows that are repeated.

.. math::  (H+X)^{-1}=H^{-1}-H^{-1}XH^{-1}+H^{-1}XH^{-1}XH^{-1}-\dots,\qquad X=A^\top S^\top SA-A^\top A,\quad EX=0.

The second-order term is of order 1/m, and depends on the total number of draws being fixed or not.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.theorem import Theorem, get, predict
from rmtsym.theorem.exact import vanishes
from theory.sketching import enumeration
from theory.sketching.row_sampling import A, Sketches, average, d, load, m, n

__all__ = ["declare", "expansion"]


def expansion(claim: Any) -> None:
    """The mean inverse up to order 1/m: an exact identity, the mean of its second-order term, and what is left."""
    G, X = MatrixSymbol("G", d, d), MatrixSymbol("X", d, d)
    inner, whole = Inverse(G), Inverse(G + X)
    first, second = inner * X * inner, inner * X * inner * X * inner
    claim.identity(
        Eq(whole, inner - first + second - second * X * whole, evaluate=False),
        wrong=[inner - first + second, inner + first + second - second * X * whole, inner - first - second * X * whole],
    )
    third, quarter, half = Fraction(1, 3), Fraction(1, 4), Fraction(1, 2)
    uneven = enumeration.Case(((1, 2), (0, 1), (2, -1)), Fraction(1), (half, third, third / 2))
    claim.holds(
        "E X H^{-1} X in rational numbers, all draws visited, for 1 and 3 draws",
        lambda: all(uneven.fluctuation(m) == uneven.variance() for m in (1, 3)),
        wrong={"the total left free": lambda: uneven.fluctuation(3) == uneven.variance(total=False)},
    )
    case = enumeration.Case(((1, 1), (0, 1), (2, -1)), Fraction(2), (quarter, quarter, half))

    def order(claimed: float, **options: Any) -> bool:
        few, many = (case.remainder(m, **options) for m in (16, 32))
        return abs(np.log2(few / many) - claimed) < 0.1

    claim.holds(
        "the mean inverse in rational numbers, 16 and 32 draws: the remainder is of order 2", lambda: order(2),
        wrong={"the total left free": lambda: order(2, total=False), "no correction": lambda: order(2, order=0)},
    )  # fmt: skip


def inflations(claim: Any, sketches: Callable[[int], Sketches]) -> None:
    """Coefficients of 1/m for leverage sampling, for coins, for a Gaussian sketch; and sketches with d = 4."""
    plain = Inverse(A.T * A)
    pi = load(plain) / d
    single = Trace(A.T * load(plain) * Inverse(pi) * A * plain) / d  # 1/d tr of A' diag(l/pi) A H^{-1}

    def zero(expr: Any) -> bool | None:
        status = vanishes(expr, ()).status
        return True if status.passed else False if str(status) == "REFUTED" else None

    claim.holds(
        "m draws, without a ridge: the coefficient is d - 1",
        lambda: zero(single - Trace(A.T * A * plain) / d - (d - 1)),
        wrong={"d": lambda: zero(single - Trace(A.T * A * plain) / d - d)},
    )
    coins = Trace(A.T * load(plain) * Inverse(pi) * (Identity(n) - m * pi) * A * plain) / d
    claim.holds(
        "coins of probability p_i = m pi_i, each with variance (1 - p_i)/p_i: d - sum_i l_i p_i, nearly d if rare",
        lambda: zero(coins - d + Trace(load(plain) * m * pi)),
        wrong={"d - 1": lambda: zero(coins - d + 1)},
    )
    gauss = get("gaussian-sketch-inverse-moments")

    def theta1(point: Any) -> Any:
        return predict(gauss, point, 30, ["theta1"])["theta1"]

    places = [{"d": 4, "m": 400}, {"d": 20, "m": 60}]
    claim.equal(theta1, lambda p: Fraction(p["m"], p["m"] - p["d"] - 1), places, "a Gaussian sketch: m/(m - d - 1)")
    size = sp.Symbol("m", positive=True)
    factors = {d - 1: size / (size - d + 1), d: size / (size - d), d + 1: size / (size - d - 1)}

    def agree(more: int) -> bool:
        return all(sp.limit(size * (factor - 1), size, sp.oo) == c + more for c, factor in factors.items())

    claim.holds("the factors have the coefficients d - 1, d and d + 1", lambda: agree(0),
                wrong={"one more": lambda: agree(1)})  # fmt: skip
    found: dict[int, tuple[float, float]] = {}

    def order(less: int) -> bool:
        """Whether the mean inverse of leverage samples tends to m/(m - less) like 1/m^2, by four standard errors."""
        for draws in (100, 400):
            if draws not in found:
                found[draws] = average(sketches(draws), np.random.default_rng(draws), 400)
        gaps = {k: found[k][0] - k / (k - less) for k in found}
        slope = np.log(abs(gaps[100] / gaps[400])) / np.log(4)
        noise = sum(found[k][1] / abs(gaps[k]) for k in found) / np.log(4)
        return bool(abs(slope - 2) < 0.1 + 4 * noise)

    claim.holds(
        "sketches by leverage with d = 4, m = 100 and 400: m/(m - d + 1) is off by order m^{-2}", lambda: order(3),
        wrong={"m/(m - d)": lambda: order(4), "m/(m - d - 1)": lambda: order(5)},
    )  # fmt: skip


def repeated(claim: Any, at: Callable[[int, int], tuple[float, Sketches]]) -> None:
    """Rows that are drawn twice: squared error of the solution with n a multiple of m, against the law."""

    @lru_cache(maxsize=4)
    def deviation(draws: int, rows: int) -> tuple[float, float]:
        theory, sketches = at(draws, rows)
        rng, known = np.random.default_rng(draws), sketches.moments()["risk_load"]
        drawn = [sketches.draw(rng, 16) for _ in range(250)]
        table = np.array([(1, x["risk_load"] - known) for x in drawn])
        found = np.array([x["trHxMx"] for x in drawn]) / theory - 1
        fitted, *_ = np.linalg.lstsq(table, found, rcond=None)
        return float(fitted[0]), float(np.linalg.norm(found - table @ fitted)) / len(drawn)

    def stays(multiple: int) -> bool:
        """More than half is left with twice the draws, by four standard errors."""
        (few, noise), (many, rest) = (deviation(draws, multiple * draws) for draws in (60, 120))
        return many - few / 2 > 4 * np.hypot(rest, noise / 2)

    claim.holds(
        "n = 2m: the error is off by more at m = 120 than half of what it is off by at m = 60", lambda: stays(2),
        wrong={"n = 16m": lambda: stays(16)},
    )  # fmt: skip


def coherent(claim: Any) -> None:
    """Copies of basis vectors."""

    def excess(power: int) -> list[float]:
        return [(enumeration.coherent(10**5 * x, 10**5) - x / (x - 1)) * x**power for x in (40, 80, 160)]

    claim.holds(
        "(mean of m/(d b), b > 0 binomial, less m/(m - d)) (m/d)^2 tends to 1",
        lambda: abs(excess(2)[2] - 1) < 0.05 and excess(2)[0] > excess(2)[1] > excess(2)[2],
        wrong={"order d/m": lambda: abs(excess(1)[2] - 1) < 0.05, "order (d/m)^3": lambda: excess(3)[2] < 2},
    )


def declare(theorem: Theorem, sketches: Callable[..., Sketches]) -> None:
    """Declare these consequences of the law of row sampling; ``sketches(point, draws)`` draws at a point."""
    theorem.consequence(
        "with $n$ and $d$ fixed the draws' fixed total counts too: $E\\tilde Q=H^{-1}+\\frac1mH^{-1}("
        "A^\\top\\mathrm{diag}(\\ell/\\pi)A-A^\\top AH^{-1}A^\\top A)H^{-1}+O(m^{-2})$"
    )(expansion)

    @theorem.consequence(
        "to order $1/m$ at fixed $d$ sampling by leverage inflates by $m/(m-d+1)$, rare independent coins by "
        "$m/(m-d)$, a Gaussian sketch by $m/(m-d-1)$"
    )
    def _inflations(claim: Any) -> None:
        inflations(claim, lambda draws: sketches(theorem.point(n=4000, d=4, m=draws, scheme="lev", ratio=2), draws))

    @theorem.consequence(
        "$n=2m$, rows drawn twice: the squared error is off by some per cent at every size; $n\\gg m$ is needed"
    )
    def _repeated(claim: Any) -> None:
        def at(draws: int, rows: int) -> tuple[float, Sketches]:
            point = theorem.point(kind="gauss", n=rows, d=draws // 4, m=draws)
            return float(theorem.values(point)["trHxMx"]), sketches(point, draws)

        repeated(claim, at)

    theorem.consequence(
        "repeated rows break it: for copies of basis vectors the bias exceeds the formula by $(d/m)^2$"
    )(coherent)
