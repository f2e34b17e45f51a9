"""Expected residual projection of a random sketch: consequences."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from sympy import Eq, Identity, Inverse, MatrixSymbol

from rmtsym.theorem import get, predict
from theory.sketching.expected_residual_projection.statement import gamma, s, theorem
from theory.sketching.projection_spectra import geometric, one_row, polynomial, squares


@theorem.consequence(
    "the equation has one root: its left side increases with $\\gamma$; one row of many: $\\gamma\\simeq 1/\\|A\\|_F^2$"
)
def one_root(claim: Any) -> None:
    claim.identity(
        Eq(sp.diff(gamma * s / (1 + gamma * s), gamma), s / (1 + gamma * s) ** 2, evaluate=False),
        wrong=[s / (1 + gamma * s), gamma * s / (1 + gamma * s) ** 2],
    )

    def few(factor: float) -> bool:
        gaps = []
        for rank in (50, 100, 200):
            point = theorem.point("B", n=str(rank), k="1")
            gaps.append(abs(float(claim.value("gamma", point)) * float(sum(squares("lin", rank))) / factor - 1))
        return gaps[2] < 0.6 * gaps[1] < 0.36 * gaps[0]

    claim.holds("gamma |A|^2 - 1 falls like 1/n", lambda: few(1.0), wrong={"tends to 1.1": lambda: few(1.1)})


@theorem.consequence("nearly as many rows as the rank: $\\gamma\\to\\infty$, like $\\frac1{n-k}\\sum_i\\sigma_i^{-2}$")
def many_rows(claim: Any) -> None:
    all_but_one = lambda name: lambda eps: {"spectrum": name, "n": int(1 / eps), "k": int(1 / eps) - 1}  # noqa: E731
    steps = tuple(Fraction(1, rank) for rank in (40, 80, 160, 320))
    claim.exponent("gamma", all_but_one("flat"), -1, steps=steps, text="k = n - 1, equal singular values: order n")
    claim.exponent("gamma", all_but_one("poly2"), -3, steps=steps, text="k = n - 1, sigma_i = 1/i: order n^3")

    def near(power: int) -> bool:
        gaps = []
        for rank in (100, 200, 400):
            point = theorem.point("C", n=str(rank), k=str(rank - 1))
            gaps.append(abs(float(claim.value("gamma", point)) / sum(i**power for i in range(1, rank + 1)) - 1))
        return gaps[2] < 0.6 * gaps[1] < 0.36 * gaps[0]

    claim.holds("sigma_i = 1/i: gamma over the sum of sigma_i^-2 less one falls like 1/n", lambda: near(2),
                wrong={"the sum of sigma_i^-1": lambda: near(1)})  # fmt: skip


@theorem.consequence("equal singular values: $\\gamma=k/(n-k)$ and $E P_\\perp=(1-k/n)I$, exact at every size")
def flat(claim: Any) -> None:
    points = [theorem.point("flat", k=rows) for rows in ("1", "20", "59")]
    claim.equal(lambda p: claim.value("gamma", p), lambda p: Fraction(p["k"], p["n"] - p["k"]), points, "k/(n - k)")
    claim.equal(lambda p: claim.value("Pperp0", p), lambda p: 1 - Fraction(p["k"], p["n"]), points, "1 - k/n")


@theorem.consequence(
    "$1/\\gamma$ is the effective ridge of minimum-norm regression on $k$ samples of covariance $A^\\top A$"
)
def effective_ridge(claim: Any) -> None:
    tiny = "1e-45"

    def by_regression(point: Any) -> Any:
        """shrinkage = lambda/kappa, in the limit of no ridge."""
        rank, share = point["n"], (Fraction(1, point["n"]),) * point["n"]
        law = dict(s=tuple(squares("lin", rank)), w=share, q=share, r2=1, sig2=0, c=Fraction(rank, point["k"]))
        return predict(get("ridge-anisotropic"), {**law, "lam": tiny}, 30, ["shrinkage"])["shrinkage"].ball * 10**45

    claim.equal(
        lambda p: claim.value("gamma", p), by_regression, [theorem.point("B", n="20", k="8")], "linear spectrum"
    )


@theorem.consequence(
    "one Gaussian row: "
    "$E P_{jj}=\\int_0^\\infty\\frac{\\sigma_j^2}{1+2t\\sigma_j^2}\\prod_i(1+2t\\sigma_i^2)^{-1/2}dt$; "
    "the equivalent is off by the inverse of the stable rank"
)
def single(claim: Any) -> None:
    values = np.array([float(x) for x in squares("exp0.9", 80)])

    def decays(rows: float) -> bool:
        copies, gaps = 2 ** np.arange(2, 7), []
        for c in copies:
            g = brentq(lambda g, c=c: c * np.sum(g * values / (1 + g * values)) - rows, 1e-9, 10)
            gaps.append(abs(g / (1 + g) / one_row(np.repeat(values, c)) - 1))
        return bool(abs(np.log(gaps[-1] / gaps[-2]) / np.log(2) + 1) < 0.05)

    claim.holds("every value c times: 1/c", lambda: decays(1), wrong={"1.01 rows": lambda: decays(1.01)})


@theorem.consequence(
    "$\\sigma_i^2=\\alpha^{i-1}$: $\\gamma\\simeq\\sqrt\\alpha(\\alpha^{-k}-1)$, error $k/\\gamma$; relative deviation "
    "$\\frac{\\alpha^k}{24}\\log^2\\alpha$"
)
def exponential(claim: Any) -> None:
    x, alpha, k, delta = sp.symbols("x alpha k delta", positive=True)
    term = gamma * alpha**x / (1 + gamma * alpha**x)  # of direction x + 1
    primitive = sp.log(1 + gamma * alpha**x) / sp.log(alpha)
    root = sp.sqrt(alpha) * (alpha**-k - 1)
    half = -sp.Rational(1, 2)

    def zero(expr: sp.Expr) -> bool:
        return bool(sp.simplify(sp.expand_log(sp.powsimp(sp.simplify(expr)), force=True)) == 0)

    def integral(start: sp.Expr, found: sp.Expr) -> bool:
        """The integral from the start to infinity is k at the root."""
        right = -primitive.subs(x, start)
        return zero(sp.diff(primitive, x) - term) and zero(right.subs(gamma, found) - k)

    claim.holds(
        "the sum, read as the integral from -1/2, is k at this root", lambda: integral(half, root),
        wrong={"from 0": lambda: integral(sp.Integer(0), root),
               "alpha^-k for alpha^-k - 1": lambda: integral(half, root + sp.sqrt(alpha))},
    )  # fmt: skip

    def correction(part: sp.Rational) -> bool:
        """What the midpoint rule neglects, the slope at -1/2 times a part, moves the root by a relative delta."""
        slope, by_root = sp.diff(term, x), gamma * sp.diff(-primitive, gamma)
        equation = (by_root * delta + part * slope).subs(x, half).subs(gamma, root)
        return zero(sp.solve(equation, delta)[0] - alpha**k * sp.log(alpha) ** 2 / 24)

    claim.holds("the first neglected term, 1/24 of the slope there", lambda: correction(sp.Rational(1, 24)),
                wrong={"1/12": lambda: correction(sp.Rational(1, 12))})  # fmt: skip

    def closed(formula: Callable[[float, int], float]) -> bool:
        for name, rows in (("exp0.9", 10), ("exp0.9", 20), ("exp0.8", 5), ("exp0.8", 10)):
            alpha = float(name[3:])
            exact = float(claim.value("gamma", theorem.point("A", spectrum=name, n="400", k=str(rows))))
            if not abs((exact / formula(alpha, rows) - 1) / (np.log(alpha) ** 2 * alpha**rows / 24) - 1) < 0.02:
                return False
        return True

    claim.holds(
        "and the deviation itself, within 2 %",
        lambda: closed(geometric),
        wrong={
            "alpha^-k for alpha^-k - 1": lambda: closed(lambda a, rows: np.sqrt(a) * a**-rows),
            "the root of alpha dropped": lambda: closed(lambda a, rows: a**-rows - 1),
            "k + 1/2 for k": lambda: closed(lambda a, rows: np.sqrt(a) * (a ** -(rows + 0.5) - 1)),
        },
    )


@theorem.consequence(
    "there the error is $\\frac{k(1-\\alpha)}{\\sqrt\\alpha(1-\\alpha^k)}$ times that of the best rank $k$: "
    "1.29, 1.62, 2.40 times for $\\alpha=0.9$ and $k=5,10,20$"
)
def times_best(claim: Any) -> None:
    alpha, k = sp.symbols("alpha k", positive=True)
    formula = k * (1 - alpha) / (sp.sqrt(alpha) * (1 - alpha**k))
    error, best = k / (sp.sqrt(alpha) * (alpha**-k - 1)), alpha**k / (1 - alpha)

    def same(claimed: sp.Expr) -> bool:
        return bool(sp.simplify(error / best - claimed) == 0)

    claim.holds("error k/gamma over the sum of the other values", lambda: same(formula),
                wrong={"without 1 - alpha^k": lambda: same(formula * (1 - alpha**k))})  # fmt: skip

    def closed(claimed: sp.Expr) -> bool:
        """The ratio of the stated error, and what the closed form misses of it."""
        for rows, shown in ((5, 1.287), (10, 1.618), (20, 2.400)):
            point = theorem.point("A", n="400", k=str(rows))
            ratio = float(claim.value("lra", point)) / float(sum(squares("exp0.9", 400)[rows:]))
            form = float(claimed.subs({alpha: sp.Rational(9, 10), k: rows}))
            neglected = -(np.log(0.9) ** 2) * 0.9**rows / 24
            if not (abs((ratio / form - 1) / neglected - 1) < 0.02 and abs(form - shown) < 6e-4):
                return False
        return True

    claim.holds(
        "the stated error, and its distance to the closed form within 2 %", lambda: closed(formula),
        wrong={"without 1 - alpha^k": lambda: closed(formula * (1 - alpha**k)),
               "without the root": lambda: closed(formula * sp.sqrt(alpha))},
    )  # fmt: skip


@theorem.consequence(
    "$\\sigma_i^2=i^{-\\beta}$, $\\beta>1$: error $\\simeq k\\big(\\frac{\\pi/\\beta}{\\sin(\\pi/\\beta)}\\big)^\\beta"
    "(k+\\frac12)^{-\\beta}$; a rank $n$ takes a part $n^{1-\\beta}$ away"
)
def power(claim: Any) -> None:
    u, x, beta, k, whole = sp.symbols("u x beta k I", positive=True)

    def integral(place: Any) -> Any:
        """Of 1/(1 + u^beta) from 0 to infinity for beta = p/q, as a ball: u = t^q below one, t^-q above."""
        from flint import acb

        p, q = place["beta"].numerator, place["beta"].denominator
        return acb.integral(lambda t, _: q * (t ** (q - 1) + t ** (p - q - 1)) / (1 + t**p), 0, 1).real

    def reflected(place: Any) -> Any:
        from flint import arb

        angle = arb.pi() * place["beta"].denominator / place["beta"].numerator
        return angle / angle.sin()

    places = [{"beta": Fraction(*x)} for x in ((2, 1), (3, 2), (5, 2), (4, 1))]
    claim.equal(integral, reflected, places, "the integral of 1/(1 + u^beta) is (pi/beta)/sin(pi/beta)")

    def root_of(shift: sp.Rational) -> bool:
        """The sum as the integral from 0, whose integrand is I du gamma^(1/beta), less half the term at 0, is k."""
        scaled = (gamma / (x**beta + gamma)).subs(x, gamma ** (1 / beta) * u) * gamma ** (1 / beta)
        same = sp.simplify(scaled - gamma ** (1 / beta) / (1 + u**beta)) == 0
        count = gamma ** (1 / beta) * whole - sp.Rational(1, 2)
        return bool(same and sp.simplify(count.subs(gamma, ((k + shift) / whole) ** beta) - k) == 0)

    claim.holds(
        "the sum, read as the integral from 0 less one half, is k at this root",
        lambda: root_of(sp.Rational(1, 2)),
        wrong={"k for k + 1/2": lambda: root_of(sp.Integer(0))},
    )
    for name, beta in (("poly2", Fraction(2)), ("poly1.5", Fraction(3, 2))):
        claim.exponent(
            "lra", lambda eps, name=name: {"spectrum": name, "k": "5", "n": int(1 / eps)}, beta - 1,
            steps=tuple(Fraction(1, rank) for rank in (100, 200, 400)), minus=5 / polynomial(float(beta), 5),
            text=f"{name}: the distance to the closed form is of order n^(1 - beta)",
        )  # fmt: skip

    def decays(beta: float, half: float) -> bool:
        """Relative deviation of the root for n = infinity, of order k^(-beta-1)."""
        i, rows = np.arange(1, 20001), np.array([4, 8, 16])
        edge, gaps = len(i) + 0.5, []
        for count in rows:

            def left(g: float) -> float:  # the tail beyond the last term by its expansion
                tail = g * edge ** (1 - beta) / (beta - 1) - g**2 * edge ** (1 - 2 * beta) / (2 * beta - 1)
                return float(np.sum(g / (i**beta + g)) + tail)

            root = brentq(lambda g, count=count: left(g) - count, 1e-3, 1e6, rtol=1e-14)
            gaps.append(abs(root / polynomial(beta, count + half - 0.5) - 1))
        slopes = np.diff(np.log(gaps)) / np.diff(np.log(rows))
        return bool(abs(slopes[-1] + beta + 1) < 0.1)

    claim.holds(
        "rank infinity: relative deviation of order k^(-beta-1), beta = 3/2",
        lambda: decays(1.5, 0.5),
        wrong={"k for k + 1/2": lambda: decays(1.5, 0.0), "k + 1": lambda: decays(1.5, 1.0)},
    )


@theorem.consequence("the error is above that of the best rank $k$, unless all singular values are equal")
def near_best(claim: Any) -> None:
    def above(share: float) -> bool:
        points = [theorem.point(name) for name in ("A", "B", "C", "digits")]
        tails = [sum(squares(p["spectrum"], p["n"])[round(p["k"] * share) :]) for p in points]
        return all(float(claim.value("lra", p)) > float(tail) for p, tail in zip(points, tails, strict=True))

    claim.holds("above rank k", lambda: above(1), wrong={"above rank k/2": lambda: above(0.5)})
    equal = theorem.point("flat")
    claim.equal(lambda p: claim.value("lra", p), lambda p: p["n"] - p["k"], [equal], "flat spectrum: the sum of n - k")


@theorem.consequence(
    "randomised Newton: a block of $k$ rows is worth more than $k$ single rows where the spectrum decays"
)
def blocks(claim: Any) -> None:
    def gain(name: str) -> bool:
        block, alone = (float(claim.value("rho", theorem.point(name, **c))) for c in ({}, {"k": "1"}))
        return block / (theorem.point(name)["k"] * alone) > 1.05

    for name in "ABC":
        claim.holds(f"point {name}", lambda name=name: gain(name), wrong={"flat spectrum": lambda: gain("flat")})


@theorem.consequence(
    "$E\\|\\Delta_t\\|^2\\le(1-\\rho)^t\\|\\Delta_0\\|^2$, a bound and not a rate unless the spectrum is flat"
)
def second_moment(claim: Any) -> None:
    a, b = sp.symbols("a b", integer=True, positive=True)
    R, v = MatrixSymbol("R", a, b), MatrixSymbol("v", b, 1)
    residual = Identity(b) - R.T * Inverse(R * R.T) * R
    claim.identity(
        Eq((residual * v).T * (residual * v), v.T * residual * v, evaluate=False),
        wrong=[2 * v.T * residual * v, v.T * v],
    )

    def below(values: np.ndarray, steps: int = 4, runs: int = 4000) -> bool:
        """Six standard errors below the power of the first step, for six rows of a Gaussian sketch."""
        rng = np.random.default_rng(11)
        moving, squared = np.tile(np.eye(len(values))[-1], (runs, 1)), []
        for _ in range(steps):
            rows = rng.standard_normal((runs, 6, len(values))) * np.sqrt(values)
            weights = np.linalg.solve(rows @ rows.transpose(0, 2, 1), rows @ moving[..., None])
            moving = moving - (rows.transpose(0, 2, 1) @ weights)[..., 0]
            squared.append(np.sum(moving**2, axis=1))
        one, last = squared[0], squared[-1]
        power = one.mean() ** steps + steps * one.mean() ** (steps - 1) * (one - one.mean())  # to first order
        return bool(np.mean(last - power) < -6 * np.std(last - power) / np.sqrt(runs))

    claim.holds(
        "after four steps of a linear spectrum",
        lambda: below(np.arange(12, 0, -1) / 12),
        wrong={"of a flat spectrum": lambda: below(np.ones(12))},
    )
