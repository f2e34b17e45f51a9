"""Clustering with sparse and quantised kernels: consequences."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.field.ball import precision
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.gaussian.families import closed
from rmtsym.theorem import get, predict
from theory.kernels.inner_product_limiting_law.statement import DIGITS, a1, c, m, nu
from theory.kernels.sparse_quantized_phase_transition.derivation import coefficients_of, mask_law, quantizer_moments
from theory.kernels.sparse_quantized_phase_transition.draws import applied, data, kernel
from theory.kernels.sparse_quantized_phase_transition.forms import effective_signal
from theory.kernels.sparse_quantized_phase_transition.statement import (
    F,
    G,
    alignment,
    function,
    gamma,
    rho,
    slope_and_variance,
    theorem,
)

seen = dict(regime="seen")


@theorem.consequence("the threshold is the only positive root of $F(x)=(x^2-c)(1+x)^2-c(\\nu/a_1^2-1)x^2$")
def one_root(claim: Any) -> None:
    claim.identity(Eq(F(rho), (rho**2 - c) * (1 + rho) ** 2 - c * (nu / a1**2 - 1) * rho**2, evaluate=False), **seen)
    claim.identity(Eq(F(gamma) + 1, 1, evaluate=False), **seen, wrong=[2, 1 + c])
    x, middle = sp.symbols("x middle")

    def one_change(quartic: sp.Expr) -> bool:
        """Descartes: one change of sign, whatever the sign of the coefficient of x^2."""
        at = sp.Poly(quartic, x).all_coeffs()
        at[2] = middle  # 1 - c nu/a1^2 is of either sign
        rows = ([sp.sign(k.subs(middle, v)) for k in at] for v in (-1, 0, 1))
        return all(sum(p != q for p, q in itertools.pairwise([k for k in r if k])) == 1 for r in rows)

    linear, constant = 2 * c * x, c
    claim.holds(
        "one change of sign in the coefficients of F, for all a1, nu and c (Descartes); F(0) = -c is negative",
        lambda: one_change(F(x)) and F(sp.S.Zero) == -c,
        wrong={"another sign of 2cx": lambda: one_change(F(x) + 2 * linear),
               "another sign of c": lambda: one_change(F(x) + 2 * constant)},
    )  # fmt: skip

    def roots(change: sp.Expr) -> set[int]:
        cases = itertools.product((sp.Rational(1, 20), sp.Integer(1), sp.Integer(30)), (1, sp.Rational(3, 2), 8))
        quartic = F(x) + change
        return {sp.Poly(quartic.subs({c: ratio, nu: cost * a1**2}), x).count_roots(0, sp.oo) for ratio, cost in cases}

    claim.holds(
        "one root on the half line by Sturm's theorem, at nine pairs of c and nu/a1^2", lambda: roots(sp.S.Zero) == {1},
        wrong={"another sign of c": lambda: roots(2 * constant) == {1}},
    )  # fmt: skip


@theorem.consequence(
    "$\\nu/a_1^2\\ge1$: $E\\,(f(\\xi)-b\\xi)^2=\\nu-a_1^2+(a_1-b)^2$ for every $b$; at $b=a_1$ the left side is not "
    "negative (Cauchy and Schwarz)"
)
def at_least_one(claim: Any) -> None:
    kinds = [("sparse", "4/5", 2), ("binary", "2/5", 2), ("quantized", "7/10", 2), ("quantized", "4/5", 3)]
    points = [theorem.point("A", f=f, s=s, bits=bits) for f, s, bits in kinds]

    def given(p: Any) -> tuple[Any, Any]:
        return slope_and_variance(p["f"], p["s"], p["bits"], p["eps"])

    def beyond(p: Any) -> Any:
        f = function(p["f"], p["s"], p["bits"])
        left = f - activation("linear") / 2
        return expectation(left * left, 1).value(digits=30)

    def parts(p: Any) -> Any:
        slope, variance = given(p)
        return variance - slope**2 + (slope - arb("0.5")) ** 2

    claim.equal(parts, beyond, points, "E (f - xi/2)^2 = nu - a1^2 + (a1 - 1/2)^2")
    wide = [
        theorem.point("A", f=f, s=s, bits=bits, eps=eps)
        for f, s, bits, eps in [
            *itertools.product(("sparse", "binary"), ("1/100", "1", "3"), (2,), ("1",)),
            *itertools.product(("quantized",), ("1/2", "3/2", "5"), (2, 4), ("1",)),
            *itertools.product(("mask",), ("1",), (2,), ("1/100", "9/10")), ("sign", "1", 2, "1"),
        ]
    ]  # fmt: skip
    claim.holds(
        f"nu/a1^2 > 1 in balls for {len(wide)} functions and masks",
        lambda: all(bool(given(p)[1] > given(p)[0] ** 2) for p in wide),
        wrong={"nu < a1^2": lambda: all(bool(given(p)[1] < given(p)[0] ** 2) for p in wide),
               "nu > a1^2 for all, the linear kernel too": lambda: all(
                   bool(given(p)[1] > given(p)[0] ** 2) for p in [*wide, theorem.point("H", f="linear")])},
    )  # fmt: skip


@theorem.consequence(
    "a masked linear kernel of pure noise has the law "
    "$m=1/\\big(-z-\\frac{\\varepsilon m}c+\\frac{\\varepsilon^3m^2}{c(c+\\varepsilon m)}\\big)$: that of "
    "$a_1=\\nu=\\varepsilon$"
)
def masked_noise(claim: Any) -> None:
    eps, z = sp.symbols("eps z")
    inner = lambda slope, variance: slope**2 * m / (c + slope * m) + (variance - slope**2) * m / c  # noqa: E731
    claim.identity(
        Eq(mask_law(eps, m, z, c), -m * (z + inner(eps, eps)), evaluate=False), **seen,
        wrong=[-m * (z + inner(eps, eps**2)), -m * (z + inner(eps, 1)), -m * (z + inner(sp.sqrt(eps), eps))],
    )  # fmt: skip


@theorem.consequence("$G'=a_1F/(c\\rho^2(1+\\rho)^2)$, so that $\\alpha=\\frac{c\\rho}{a_1(1+\\rho)}G'(\\rho)$")
def slope_of_eigenvalue(claim: Any) -> None:
    claim.identity(Eq(G(rho).diff(rho), a1 * F(rho) / (c * rho**2 * (1 + rho) ** 2), evaluate=False), **seen)
    claim.identity(Eq(alignment, c * rho / (a1 * (1 + rho)) * G(rho).diff(rho), evaluate=False), **seen)


@theorem.consequence("the edge is that of the kernel of pure noise")
def edge_of_noise(claim: Any) -> None:
    law = get("inner-product-limiting-law")
    claim.equal(
        lambda p: claim.value("eig", p),
        lambda p: predict(law, law.point("A", f="sign", c=p["c"]), 30, ["edge_upper"])["edge_upper"],
        [theorem.point("H", rho="1/100", c=ratio) for ratio in ("1/10", "1/2", "3")],
        "edge_upper of inner-product-limiting-law, for sign",
    )


@theorem.consequence(
    "all entries as they are: $\\gamma=\\sqrt c$, $\\alpha=\\frac{\\rho^2-c}{\\rho(1+\\rho)}$, "
    "and the edge of Marchenko and Pastur"
)
def linear_kernel(claim: Any) -> None:
    whole = Eq(nu, a1**2, evaluate=False)
    claim.identity(Eq(alignment, (rho**2 - c) / (rho * (1 + rho)), evaluate=False), uses=[whole], **seen)
    ours = [theorem.point("H", f="linear", c=ratio, rho="1/100") for ratio in ("1/4", "4")]
    claim.equal(lambda p: claim.value("gamma", p).ball ** 2, lambda p: p["c"], ours, "gamma^2 = c")
    mp = get("marchenko-pastur")

    def edge(p: Any) -> Any:
        found = predict(mp, {"c": p["c"], "lam": Fraction(1)}, 30, ["edge_plus"])["edge_plus"].ball
        return found * p["c"].denominator / p["c"].numerator - 1

    claim.equal(lambda p: claim.value("eig", p), edge, ours, "the edge is edge_plus over c, less one")


@theorem.consequence("above the threshold the alignment starts linearly, the eigenvalue quadratically")
def exponents(claim: Any) -> None:
    # gamma = 1 at c = 1/2 and nu/a1^2 = 5, which is a mask of rate 1/5
    base = theorem.point("C", c="1/2", eps="1/5")
    claim.limit("gamma", lambda eps: {"rho": 1 + eps}, 1, point=base)
    claim.exponent("alignment", lambda eps: {"rho": 1 + eps}, 1, point=base)
    edge = float(claim.value("eig", {**base, "rho": Fraction(1, 2)}))
    claim.exponent(
        "eig", lambda eps: {"rho": 1 + eps}, 2, point=base, minus=edge,
        steps=tuple(Fraction(1, 10**k) for k in (1, 2, 3, 4)),
    )  # fmt: skip


@theorem.consequence("a strong signal is seen whole: $\\alpha\\to1$")
def strong(claim: Any) -> None:
    claim.limit("alignment", lambda eps: {"rho": 1 / eps}, 1)
    claim.limit("error", lambda eps: {"rho": 1 / eps}, 0, scale=0.5)


@theorem.consequence(
    "only $\\nu/a_1^2\\ge1$ counts: entries dropped at random cost as much as any other way to the same ratio"
)
def ratio_only(claim: Any) -> None:
    def gap(p: Any, factor: int) -> float:
        """Alignment of a function, less that of a mask of rate a1^2/nu."""
        slope, variance = slope_and_variance(p["f"], p["s"], p["bits"], p["eps"])
        rate = Fraction(float(slope * slope / variance)) / factor
        other = theorem.values(theorem.point("C", eps=rate, c=p["c"], rho=p["rho"]))
        return abs(float(other["alignment"]) - float(theorem.values(p)["alignment"]))

    points = [theorem.point(name) for name in ("B", "D")]
    claim.holds(
        "binary and quantized against the mask of rate a1^2/nu",
        lambda: all(gap(p, 1) < 1e-12 for p in points), wrong={"half the rate": lambda: gap(points[0], 2) < 1e-12},
    )  # fmt: skip


@theorem.consequence(
    "the sizes of the classes do not enter: for odd functions $v_iv_jK_{ij}$ is the kernel of one class, with the "
    "noise $v_iz_i$"
)
def one_class(claim: Any) -> None:
    def same(inner: Any) -> bool:
        """Whether turning the samples of the second class over turns their rows and columns over; 1 of 5 is in it."""
        rng = np.random.default_rng(2)
        noise, _, mean = data(rng, 30, 60, 2.0)
        v = np.where(np.arange(60) % 5 == 0, -1.0, 1.0)
        ours = kernel(inner, noise + np.outer(mean, v)) * np.outer(v, v)
        return bool(np.allclose(ours, kernel(inner, noise * v + mean[:, None]), rtol=0, atol=1e-12))

    def of(name: str) -> Any:
        return partial(applied, theorem.point(name))

    claim.holds(
        "sparse, binary, quantized, sign, linear", lambda: all(same(of(name)) for name in ("A", "B", "C", "D", "H")),
        wrong={"a function that is not odd": lambda: same(lambda t: np.maximum(t, 0.0))},
    )  # fmt: skip


@theorem.consequence(
    "the best threshold of a binary kernel solves $2\\sqrt\\pi\\,s\\,\\mathrm{erfc}(s)=e^{-s^2}$: $s=0.432752$, "
    "$\\nu/a_1^2=1.234833$, against $\\pi/2$ for signs; quantized, $1.187815$, $1.086610$, $1.031537$ with 2, 3, 4 bits"
)
def best_thresholds(claim: Any) -> None:
    s = sp.Symbol("s", positive=True)
    _, first, second = coefficients_of(s)["binary"]
    slope = (second / first**2).diff(s)
    stationary = sp.sqrt(sp.pi) * sp.exp(s**2) * (2 * sp.sqrt(sp.pi) * s * sp.erfc(s) - sp.exp(-(s**2)))
    claim.holds(
        "stationarity", lambda: sp.simplify(slope - sp.exp(s**2) * stationary) == 0,
        wrong={"without the 2": lambda: sp.simplify(slope - sp.exp(s**2) * (stationary - sp.pi * s)) == 0},
    )  # fmt: skip

    places = {
        "binary": (2, "0.432751599366", "1.23483322154"), "2 bits": (2, "0.690504", "1.187815"),
        "3 bits": (3, "1.127561", "1.086610"), "4 bits": (4, "1.496829", "1.031537"),
    }  # fmt: skip
    tiny = Fraction(1, 10**30)

    def cost(p: Any) -> Any:
        slope, variance = slope_and_variance(p["f"], p["s"], p["bits"], p["eps"])
        return variance / slope**2

    for name, (bits, at, value) in places.items():
        first, second = (first, second) if name == "binary" else quantizer_moments(bits, s)
        ratio = second / first**2
        turn = stationary if name == "binary" else ratio.diff(s)
        root = Fraction(str(sp.nsolve(turn, s, sp.Float(at, 40), prec=45)))
        point = theorem.point("D", f="binary" if name == "binary" else "quantized", bits=bits)

        def crosses(turn: sp.Expr = turn, middle: Fraction = root) -> bool:
            """Whether the slope changes from below to above zero within 1e-30: by continuity, a minimum."""
            low, high = (ball_at(turn, arb_of(middle + side * tiny)) for side in (-1, 1))
            return bool(low < 0) and bool(high > 0)

        there = arb_of(root) + arb(0, 1e-30)
        figures = [("s", there, at), ("nu/a1^2", ball_at(ratio, there), value)]
        if name == "binary":
            figures.append(("sqrt(2) s", there * arb(2).sqrt(), "0.612003"))
        claim.holds(
            f"{name}: nu/a1^2 stops falling within 1e-30 of the enclosed s", crosses,
            wrong={"beside it": lambda crosses=crosses, root=root: crosses(middle=root + 3 * tiny)},
        )  # fmt: skip
        for label, ball, printed in figures:
            claim.holds(
                f"{name}: {label} = {printed}, all digits",
                lambda ball=ball, printed=printed: rounds_to(ball, printed),
                wrong={f"last digit off by {d}": lambda ball=ball, printed=printed, d=d: rounds_to(ball, printed, d)
                       for d in (-1, 1)},
            )  # fmt: skip
        claim.equal(
            lambda p, ratio=ratio: ball_at(ratio, arb_of(p["s"])), cost,
            [{**point, "s": Fraction(at)}], f"{name}: nu/a1^2 is that of the statement",
        )  # fmt: skip
        claim.minimum("gamma", of="s", at=Fraction(at), point=point, text=f"{name}: threshold at s = {at}")


@theorem.consequence(
    "in numbers, at $c=\\frac14$: $\\gamma=0.50$ for the whole kernel, $0.52$ for signs, $0.63$ for a mask that keeps "
    "one in five. A function is worth a mask of rate $a_1^2/\\nu$: 64 % for signs, 81 % for binary at the best cut, "
    "84 %, 92 % and 97 % for the best quantisers of 2, 3 and 4 bits, 73 % for sparse at $s=0.8$, which keeps 26 % of "
    "the entries"
)
def in_numbers(claim: Any) -> None:
    def thresholds() -> str:
        kinds = ({"f": "linear"}, {"f": "sign"}, {"f": "mask", "eps": "1/5"})
        return " ".join(f"{float(claim.value('gamma', theorem.point('H', c='1/4', **kind))):.2f}" for kind in kinds)

    def rates() -> str:
        kinds = [("sign", "1", 2), ("binary", "0.4328", 2), ("quantized", "0.6905", 2), ("quantized", "1.1276", 3),
                 ("quantized", "1.4968", 4), ("sparse", "0.8", 2)]  # fmt: skip
        pairs = [slope_and_variance(f, Fraction(s), bits, Fraction(1)) for f, s, bits in kinds]
        return " ".join(f"{float(slope**2 / variance):.0%}" for slope, variance in pairs)

    claim.holds("thresholds", lambda: thresholds() == "0.50 0.52 0.63",
                wrong={"0.53": lambda: thresholds() == "0.50 0.53 0.63"})  # fmt: skip
    claim.holds("rates", lambda: rates() == "64% 81% 84% 92% 97% 73%",
                wrong={"74 %": lambda: rates() == "64% 81% 84% 92% 97% 74%"})  # fmt: skip
    kept = sp.erfc(sp.Rational(4, 5))
    claim.holds("entries that are kept", lambda: f"{float(kept):.0%}" == "26%",
                wrong={"at s = 0.85": lambda: f"{float(sp.erfc(0.85)):.0%}" == "26%"})  # fmt: skip


def arb_of(number: Fraction) -> arb:
    """A rational number as a ball of 60 digits."""
    with precision(4 * DIGITS):
        return arb(number.numerator) / number.denominator


def ball_at(expression: sp.Expr, at: arb) -> arb:
    """An expression in s, there."""
    return evaluate(expression, {"s": at}, BALL(4 * DIGITS))


def rounds_to(ball: arb, printed: str, off: int = 0) -> bool:
    """Whether every number of the ball rounds to the printed digits, the last one changed by ``off``."""
    unit = Fraction(1, 10 ** len(printed.partition(".")[2]))
    with precision(4 * DIGITS):
        return bool(abs(ball - arb_of(Fraction(printed) + off * unit)) < arb_of(unit / 2))


@theorem.consequence(
    "a finite dimension: $K$ is even in $\\sqrt p$ for odd $f$, so that there is no term $p^{-1/2}$; the mean of an "
    "entry is that of the signal $\\rho+\\big(\\frac{f_3}{6a_1}(\\rho^2+6\\rho+6)+\\frac{f_5}{4a_1}\\big)\\frac\\rho p"
    "+O(p^{-2})$ with $f_k=E\\,f(\\xi)\\mathrm{He}_k(\\xi)$, which is one part of the eigenvalue's deviation, not all"
)
def finite_dimension(claim: Any) -> None:
    # given y_1 the product y_1'y_2 is normal of mean a = y_1'mu and variance b = |y_1|^2
    p, xi, chi = sp.symbols("p xi chi", positive=True)
    a, b = rho + sp.sqrt(rho) * xi, (sp.sqrt(rho) + xi) ** 2 + chi

    def mean(polynomial: sp.Expr) -> sp.Expr:
        """Over a normal xi and a chi-square of p - 1 degrees of freedom."""
        terms = sp.Poly(sp.expand(polynomial), xi, chi).terms()
        return sum(
            (x * sp.factorial2(k - 1) * sp.prod(p - 1 + 2 * i for i in range(j)) for (k, j), x in terms if k % 2 == 0),
            sp.S.Zero,
        )

    s1, s3, s5 = mean(a), mean(a**3 + 3 * a * b), mean(a**5 + 10 * a**3 * b + 15 * a * b**2)
    third, fifth = s3 / p - 3 * s1, s5 / p**2 - 10 * s3 / p + 15 * s1  # sqrt(p) He_k(y_1'y_2/sqrt p)
    claim.identity(
        Eq(third, rho * (rho**2 + 6 * rho + 6) / p, evaluate=False),
        **seen, wrong=[rho**3 / p, rho * (rho**2 + 3 * rho + 3) / p],
    )  # fmt: skip
    claim.identity(
        Eq(sp.expand(p * fifth).coeff(p, 0) + 1, 30 * rho + 1, evaluate=False), **seen, wrong=[10 * rho + 1, sp.S.One]
    )

    def left(name: str, dimension: int, factor: float) -> float:
        """What is beyond the term 1/p, relative to the signal."""
        point = theorem.point(name)
        f, signal = function(point["f"], point["s"], point["bits"]), float(point["rho"])
        f1, f3, f5 = (closed(hermite_coefficient(f, k)) * sp.sqrt(sp.factorial(k)) for k in (1, 3, 5))
        term = float(f3 / (6 * f1)) * (signal**2 + 6 * signal + 6) + factor * float(f5 / (4 * f1))
        return effective_signal(point, dimension) / signal - 1 - term / dimension

    def second_order(factor: float = 1.0) -> bool:
        pairs = [(left(name, 400, factor), left(name, 1600, factor)) for name in ("A", "B", "D")]
        return all(15 < near / far < 17 for near, far in pairs)

    claim.holds(
        "the rest falls by 16 from p = 400 to p = 1600, at A, B and D", second_order,
        wrong={"third coefficient alone": lambda: second_order(0.0)},
    )  # fmt: skip
