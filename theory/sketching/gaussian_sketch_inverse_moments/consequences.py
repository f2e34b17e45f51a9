"""Inverse moments of a Gaussian sketch: consequences."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.theorem import get, predict
from theory.sketching.gaussian_sketch_inverse_moments.statement import (
    FACTORS,
    d,
    m,
    q,
    statement,
    theorem,
    theta1,
    theta2,
)


@theorem.consequence(
    "with $d/m\\to\\gamma$ the first two moments are $1/(1-\\gamma)$ and $1/(1-\\gamma)^3$: those of 1/x under the "
    "Marchenko-Pastur law; and $\\mathrm{tr}X/d$ no longer fluctuates"
)
def limits(claim: Any) -> None:
    gamma, x = sp.symbols("gamma x", positive=True)

    def tends(name: str, power: int) -> bool:
        large = statement().system.outputs[name].subs(d, gamma * m).subs(m, x)
        return bool(sp.simplify(sp.limit(large, x, sp.oo) - (1 - gamma) ** -power) == 0)

    for name, power in (("theta1", 1), ("theta2", 3), ("trace2", 2)):
        claim.holds(
            f"d = gamma m: {name} tends to (1 - gamma)^-{power}",
            lambda name=name, power=power: tends(name, power),
            wrong={f"^-{power + 1}": lambda name=name, power=power: tends(name, power + 1)},
        )
    law = predict(get("marchenko-pastur"), {"c": "1/3"})
    for name, moment in (("theta1", "inv_moment"), ("theta2", "inv2_moment")):
        claim.limit(name, lambda eps: {"d": int(1 / eps), "m": 3 * int(1 / eps)}, float(law[moment]))


def eigenvalues(size: int) -> tuple[Any, list[Any], list[Any], Any]:
    """Gaps between ordered eigenvalues, the eigenvalues, their products but for one, and all differences."""
    x = sp.symbols(f"x1:{size + 1}")
    values = [sum(x[i:]) for i in range(size)]
    cofactors = [sp.prod(v for j, v in enumerate(values) if j != i) for i in range(size)]
    return x, values, cofactors, sp.prod(values[i] - values[j] for i in range(size) for j in range(i + 1, size))


@theorem.consequence(
    "the mean exists down to $m=d+2$, the second moment down to $m=d+4$, and $\\mathrm{tr}X^2$ has a finite variance "
    "from $m=d+8$ on"
)
def poles(claim: Any) -> None:
    def least(order: int, size: int) -> int:
        """Smallest m - d for which (tr X)^order or what is like it is integrable at a smallest eigenvalue y = 0.

        There the density of the eigenvalues is of order y^((m - d - 1)/2).
        """
        x, _, cofactors, spacing = eigenvalues(size)
        traces = {1: sum(cofactors), 2: sum(c**2 for c in cofactors), 4: sum(c**2 for c in cofactors) ** 2}
        lowest = min(powers[-1] for powers in sp.Poly(traces[order] * spacing, *x).monoms())
        return next(k for k in range(1, 20) if sp.Rational(k - 1, 2) - order + lowest > -1)

    def last_pole(name: str) -> Any:
        denominator = sp.fraction(sp.together(statement().system.outputs[name]))[1]
        return max((x - d for x in sp.roots(denominator, m)), key=lambda x: x)

    for name, order in (("theta1", 1), ("theta2", 2)):

        def holds(shift: int, name: str = name, order: int = order) -> bool:
            return all(least(order, size) == last_pole(name) + 1 + shift for size in (2, 3))

        claim.holds(
            f"{name}: integrable from one row above the largest pole of the formula on, d = 2 and 3",
            lambda holds=holds: holds(0), wrong={"one row more": lambda holds=holds: holds(1)},
        )  # fmt: skip
    claim.holds(
        "the square of tr X^2: integrable from m = d + 8 on", lambda: least(4, 2) == least(4, 3) == 8,
        wrong={"m = d + 7": lambda: least(4, 2) == 7},
    )  # fmt: skip


@theorem.consequence(
    "rescaled by $(m-d-1)/m$ the estimator is unbiased; the usual $(m-d)/m$ leaves a relative bias $1/(m-d-1)$"
)
def unbiased(claim: Any) -> None:
    claim.identity(Eq(FACTORS["mse_exact"] * theta1, 1))
    claim.identity(Eq(FACTORS["mse_usual"] * theta1, 1 + 1 / (m - d - 1)))


@theorem.consequence("averages of uncorrected sketches stall at the squared bias, corrected ones do not")
def stalling(claim: Any) -> None:
    many = lambda eps: {"q": int(1 / eps)}  # noqa: E731
    rows, columns = theorem.point("A")["m"], theorem.point("A")["d"]
    steps = [Fraction(1, 10**i) for i in range(4, 8)]
    claim.limit("mse_plain", many, Fraction(columns + 1, rows - columns - 1) ** 2, steps=steps)
    claim.limit("mse_usual", many, Fraction(1, rows - columns - 1) ** 2, steps=steps)
    claim.limit("mse_exact", many, 0, scale=1.0)
    claim.exponent("mse_exact", many, 1)


@theorem.consequence("$a=E\\,\\mathrm{tr}W^{-2}$ and $b=E(\\mathrm{tr}W^{-1})^2$ solve the two equations of Haff")
def haff(claim: Any) -> None:
    rows, a, square = m - d, d * theta2 / m**2, d**2 * sp.Symbol("trace2") / m**2
    claim.identity(Eq(a * (rows - 2), square + d / (rows - 1)))
    claim.identity(Eq(square * (rows - 1), d**2 / (rows - 1) + 2 * a))


@theorem.consequence("the trace moments are combinations of the two factors of $B$")
def factors(claim: Any) -> None:
    sym, skew = sp.symbols("sym skew")
    claim.identity(Eq(theta2, (sym + skew) / 2 + (d + 1) * (sym - skew) / 2))
    claim.identity(Eq(sp.Symbol("trace2"), (sym + skew) / 2 + (sym - skew) / d))


@theorem.consequence(
    "a debiased Newton step multiplies the mean square error by $\\theta_2/\\theta_1^2-1$, which is "
    "$e_1^{\\mathrm{exact}}$: about $d/(m-d)$ in large dimensions, $(d+1)/m$ for many rows"
)
def newton(claim: Any) -> None:
    rate, gamma = ((d + 1) * (m - d) - d + 1) / ((m - d) * (m - d - 3)), sp.Symbol("gamma", positive=True)
    claim.identity(Eq(theta2 / theta1**2 - 1, rate))
    claim.identity(Eq(q * sp.Symbol("mse_exact"), theta2 / theta1**2 - 1))
    x = sp.Symbol("x", positive=True)
    large = rate.subs(d, gamma * m).subs(m, x)
    claim.holds(
        "d = gamma m: the limit is gamma/(1 - gamma)",
        lambda: sp.simplify(sp.limit(large, x, sp.oo) - gamma / (1 - gamma)) == 0,
        wrong={"gamma": lambda: sp.simplify(sp.limit(large, x, sp.oo) - gamma) == 0},
    )
    claim.holds(
        "d fixed, many rows: m times it tends to d + 1",
        lambda: sp.simplify(sp.limit(x * rate.subs(m, x), x, sp.oo) - d - 1) == 0,
        wrong={"to d": lambda: sp.simplify(sp.limit(x * rate.subs(m, x), x, sp.oo) - d) == 0},
    )


def by_eigenvalues(rows: int, size: int) -> dict[str, sp.Rational]:
    """Moments from the density of the eigenvalues of a Wishart matrix, integrated exactly, for even m - d - 1.

    In the gaps x between ordered eigenvalues the density is a polynomial times exp(-sum j x_j / 2).
    """
    x, values, cofactors, spacing = eigenvalues(size)
    power = sp.Rational(rows - size - 1, 2)

    def integral(function: Any, less: int) -> sp.Rational:
        """Of a function times the density, with the power of the determinant lowered by ``less``."""
        body = sp.Poly(function * spacing * sp.prod(values) ** (power - less), *x)
        return sum(
            value * sp.prod(sp.factorial(n) * sp.Rational(2, j) ** (n + 1) for j, n in enumerate(powers, 1))
            for powers, value in body.terms()
        )

    total = integral(1, 0)
    return {
        "theta1": rows * integral(sum(cofactors), 1) / total / size,
        "theta2": rows**2 * integral(sum(v**2 for v in cofactors), 2) / total / size,
        "trace2": rows**2 * integral(sum(cofactors) ** 2, 2) / total / size**2,
    }


@theorem.consequence("for two and three columns, integrating over the eigenvalues gives the same rational numbers")
def enumeration(claim: Any) -> None:
    def same(rows: int, size: int, shift: int = 0) -> bool:
        found, outputs = by_eigenvalues(rows, size), statement().system.outputs
        return all(outputs[name].subs({m: rows + shift, d: size}) == found[name] for name in found)

    for rows, size in ((7, 2), (11, 2), (8, 3)):
        claim.holds(
            f"d = {size}, m = {rows}",
            lambda rows=rows, size=size: same(rows, size),
            wrong={"one row more": lambda rows=rows, size=size: same(rows, size, 1)},
        )
