"""Spectrum of the alpha-beta kernel: what follows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.fixedpoint import enclose
from rmtsym.theorem import get
from theory.kernels.alpha_beta_kernel.statement import alpha, beta, c, m_z, mean, omega, square, theorem, z
from theory.kernels.inner_product_limiting_law.statement import a1, m, nu, place


@theorem.consequence(
    "white data: the law of inner-product-limiting-law with $a_1=\\alpha$, $\\nu-a_1^2=2\\beta^2$, shifted by $\\alpha$"
)
def white(claim: Any) -> None:
    ours = alpha + place().subs({a1: alpha, nu: alpha**2 + 2 * beta**2})  # the point z at which the transform is m
    stated = -1 / m + alpha / (1 + alpha * m / c) - 2 * beta**2 * m / c
    claim.holds(
        "the curves, term by term",
        lambda: sp.simplify(ours - stated) == 0,
        wrong={"without the shift": lambda: sp.simplify(ours - alpha - stated) == 0,
               "nu - a1^2 = beta^2": lambda: sp.simplify(ours + beta**2 * m / c - stated) == 0},
    )  # fmt: skip
    law = get("inner-product-limiting-law")
    complex_root = law.regimes()[0].systems[0]

    def theirs(point: Any, part: str) -> Any:
        x, y = point["z"]
        shifted = sp.Rational(x - point["alpha"]) + sp.I * sp.Rational(y)
        numbers = {"a1": point["alpha"], "nu": point["alpha"] ** 2 + 2 * point["beta"] ** 2, "c": point["c"]}
        return enclose(complex_root, {**numbers, "z": shifted}, digits=20)[part]

    points = [theorem.point("C", alpha=a, beta=b, c=r) for a, b, r in (("1", "1", "1/2"), ("2", "1/3", "3"))]
    for part in ("re_m", "im_m"):
        claim.equal(lambda p, part=part: claim.value(part, p), lambda p, part=part: theirs(p, part), points,
                    f"{part} is that of the other theorem, at z - alpha")  # fmt: skip


@theorem.consequence(
    "$\\alpha=0$: a semicircle of radius $2|\\beta|\\omega/\\sqrt c$; $\\beta=0$: Marchenko and Pastur"
)
def parts(claim: Any) -> None:
    none = Eq(alpha, 0, evaluate=False)
    claim.identity(Eq(-1, m_z * z + beta**2 * omega**2 / c * m_z**2, evaluate=False), uses=[none])
    law = get("marchenko-pastur")

    def companion(point: Any) -> Any:
        """Transform of X'X/p at -1, from that of XX'/n at -c lam: its n - p zeros, and a scale n/p."""
        ratio = point["c"]
        lam = ratio * Fraction(1)
        found = law.values({"c": ratio, "lam": lam})
        return float(ratio * found["m_neg_lam"] * ratio + (1 - ratio))

    def ours(point: Any) -> float:
        """Value of the statement's equation without squares at z = -1, alpha = 1, by its quadratic."""
        ratio, root = float(point["c"]), sp.Symbol("m")
        equation = sp.numer(sp.together(1 / root - 1 - 1 / (1 + root / ratio)))
        return max(float(x) for x in sp.Poly(equation, root).nroots())

    claim.holds(
        "at z = -1, alpha = 1, beta = 0, C = I against marchenko-pastur",
        lambda: all(abs(ours({"c": r}) - companion({"c": r})) < 1e-12 for r in (Fraction(1, 2), Fraction(3))),
        wrong={"without the zeros": lambda: abs(ours({"c": Fraction(3)}) - companion({"c": Fraction(3)}) - 2) < 1e-12},
    )


@theorem.consequence("the sign of $\\beta$ does not matter, that of $\\alpha$ mirrors the spectrum")
def signs(claim: Any) -> None:
    point = theorem.point("A")
    for part in ("re_m", "im_m"):
        claim.equal(
            lambda p, part=part: claim.value(part, p),
            lambda p, part=part: claim.value(part, {**p, "beta": -p["beta"]}), [point], f"{part} for -beta",
        )  # fmt: skip
    mirrored = {**point, "alpha": -point["alpha"], "z": (-point["z"][0], point["z"][1])}
    claim.equal(
        lambda p: claim.value("im_m", p), lambda p: claim.value("im_m", mirrored), [point], "im_m for -alpha and -x"
    )


@theorem.consequence(
    "the sign of a correlation does not matter: with two classes of equal size, counting them from 0 gives the same law"
)
def correlations(claim: Any) -> None:
    def same(w: str, rho: str, other: str = "") -> bool:
        given = theorem.point("B", w=w, rho=rho)
        shifted = theorem.point("B", w=w, rho=other or tuple(r - Fraction(2, 5) for r in given["rho"]))
        return abs(float(theorem.values(given)["im_m"]) - float(theorem.values(shifted)["im_m"])) < 1e-10

    claim.holds(
        "0.4, 0.8 and -0.4, -0.8", lambda: same("1/4,3/4", "2/5,4/5", "-2/5,-4/5"),
        wrong={"one sign only": lambda: same("1/4,3/4", "2/5,4/5", "-2/5,4/5")},
    )  # fmt: skip
    claim.holds(
        "correlations 0, 0.4 counted from 0, with equal weights",
        lambda: same("1/2,1/2", "0,2/5"),
        wrong={"weights 1/4, 3/4": lambda: same("1/4,3/4", "0,2/5"),
               "three classes": lambda: same("1/2,1/4,1/4", "0,2/5,4/5")},
    )  # fmt: skip


@theorem.consequence("far out the spectrum has the mean $\\alpha\\tau$ and the variance $(\\alpha^2+\\omega'^2)\\,"
                     "\\frac{\\operatorname{tr}C^2}{cp}$, $\\omega'^2=2\\beta^2\\operatorname{tr}C^2/p$")  # fmt: skip
def far(claim: Any) -> None:
    mom1, mom2 = sp.symbols("mom1 mom2")
    claim.identity(Eq(mom2 - mom1**2, (alpha**2 + 2 * beta**2 * square) * square / c, evaluate=False))
    claim.identity(Eq(mom1, alpha * mean, evaluate=False))


@theorem.consequence("one eigenvalue, or one class, of each kind: C = I however it is given")
def identity(claim: Any) -> None:
    given = theorem.point("B", w="1", rho="0")
    claim.equal(lambda p: claim.value("im_m", p), lambda p: claim.value("im_m", theorem.point("B", population="atoms",
                w="1", s="1")), [given], "classes without correlation")  # fmt: skip
