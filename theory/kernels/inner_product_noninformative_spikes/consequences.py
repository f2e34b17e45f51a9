"""Spikes of an inner-product kernel without information: what follows."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq

from rmtsym.field.ball import precision
from rmtsym.gaussian import activation, hermite_coefficient
from rmtsym.theorem import get, predict
from theory.kernels.inner_product_limiting_law.statement import DIGITS, FUNCTIONS, a1, c, coefficients, m, nu, place
from theory.kernels.inner_product_noninformative_spikes import draws
from theory.kernels.inner_product_noninformative_spikes.statement import (
    a2,
    condition,
    delta,
    kappa,
    overlap_of,
    place_of,
    theorem,
)

overlap_min = sp.Symbol("overlap_min")


@theorem.consequence(
    "with $m_\\pm=\\pm c\\delta$ the spikes are at $z(m_\\pm)$, the overlap is $\\frac12m_\\pm^2z'(m_\\pm)$; "
    "it is positive where $(\\nu-a_1^2)\\delta^2+\\frac{(a_1\\delta)^2}{(1\\pm a_1\\delta)^2}<\\frac1c$"
)
def inverse_function(claim: Any) -> None:
    for side in (1, -1):
        at = side * c * delta
        claim.identity(Eq(place_of(side), place().subs(m, at), evaluate=False), regime="below")
        slope = place().diff(m).subs(m, at)
        claim.identity(Eq(2 * overlap_of(side), at**2 * slope, evaluate=False), regime="below")
        claim.identity(Eq(1 / c - condition(side), 2 * overlap_of(side) / c, evaluate=False), regime="below")


@theorem.consequence("a spike above, or in the gap, never comes alone: the overlap below is larger")
def order(claim: Any) -> None:
    gain = 2 * a1**3 * c * delta**3 / (1 - (a1 * delta) ** 2) ** 2  # not negative
    claim.identity(Eq(overlap_of(1) - overlap_of(-1), gain, evaluate=False), regime="below")


@theorem.consequence("for $a_1=0$ the two are at $\\pm(\\frac1{c\\delta}+\\nu\\delta)$, if $c\\nu\\delta^2<1$")
def even(claim: Any) -> None:
    no_slope = Eq(a1, 0, evaluate=False)
    claim.identity(
        Eq(sp.Symbol("eig_max"), 1 / (c * delta) + nu * delta, evaluate=False), uses=[no_slope],
        regime="below and above",
    )  # fmt: skip
    claim.identity(Eq(overlap_min, (1 - c * nu * delta**2) / 2, evaluate=False), uses=[no_slope], regime="below")


@theorem.consequence("for $a_1\\delta=1$ only the one below is left, at $-\\frac\\nu{a_1}-\\frac{a_1(2-c)}{2c}$")
def alone(claim: Any) -> None:
    equal = Eq(a1, 1 / delta, evaluate=False)
    claim.identity(
        Eq(sp.Symbol("eig_min"), -nu / a1 - a1 * (2 - c) / (2 * c), evaluate=False), uses=[equal], regime="below"
    )


@theorem.consequence("no spike for entries $\\pm1$, nor for functions with $a_2=0$; a large $\\kappa$ always gives one")
def when(claim: Any) -> None:
    def none(**point: Any) -> bool:
        return theorem.regime(theorem.point("A", **point)).name == "no spike"

    claim.holds(
        "signs, with every function, at c = 1/20",
        lambda: all(none(f=f, kappa=1, c="1/20") for f in FUNCTIONS),
        wrong={"at kappa = 2": lambda: all(none(f=f, kappa=2, c="1/20") for f in FUNCTIONS)},
    )
    odd = ("sign", "step", "erf", "tanh", "sigmoid", "sin")
    claim.holds(
        "functions that are odd up to a constant, at kappa = 30",
        lambda: all(none(f=f, kappa=30, c="1/20") for f in odd),
        wrong={"relu": lambda: none(f="relu", kappa=30, c="1/20")},
    )
    claim.limit("overlap_min", lambda eps: {"kappa": 1 / eps, "f": "relu", "c": Fraction(3)}, Fraction(1, 2))


@theorem.consequence("few dimensions: both vectors share the plane of 1 and the lengths, overlaps $\\frac12$")
def few_dimensions(claim: Any) -> None:
    claim.limit("overlap_min", lambda eps: {"c": eps}, Fraction(1, 2))
    claim.limit("overlap_max", lambda eps: {"c": eps}, Fraction(1, 2))


@cache
def threshold() -> Fraction:
    """The fourth moment above which abs has spikes at c = 1/4, to 40 digits: 1 + nu/(2 a2^2), which is pi/2."""
    _, _, second, variance = coefficients("abs")
    with precision(4 * DIGITS):
        return Fraction((1 + variance / (2 * second**2)).str(40, radius=False))


@theorem.consequence("at the threshold a spike leaves the edge: eigenvalue quadratically, overlap linearly")
def leaving(claim: Any) -> None:
    edge = float(claim.value("eig_max", theorem.point("D")))
    path = lambda eps: {"kappa": threshold() * (1 + eps)}  # noqa: E731
    claim.exponent("overlap_max", path, 1)
    claim.exponent("eig_max", path, 2, minus=edge, steps=tuple(Fraction(1, 10**k) for k in (1, 2, 3, 4)))
    claim.holds(
        "for abs at c = 1/4 it is at kappa = pi/2",
        lambda: abs(float(threshold()) - np.pi / 2) < 1e-14,
        wrong={"sqrt 2": lambda: abs(float(threshold()) - 2**0.5) < 1e-14},
    )


@theorem.consequence("where there is no spike the ends are those of the spectrum; one in the gap lies in the gap")
def ends(claim: Any) -> None:
    law = get("inner-product-limiting-law")

    def theirs(point: Any, name: str) -> Any:
        at = law.point("A", f=point["f"], c=point["c"])
        return predict(law, at, 30, [name])[name]

    for ours, name, points in (
        ("eig_max", "edge_upper", [theorem.point("B"), theorem.point("C"), theorem.point("D")]),
        ("eig_min", "edge_lower", [theorem.point("D"), theorem.point("D", f="relu")]),
    ):
        claim.equal(lambda p, ours=ours: claim.value(ours, p), lambda p, name=name: theirs(p, name), points,
                    f"{ours} is {name}")  # fmt: skip

    def inside(point: Any, lower: str, upper: str) -> bool:
        at = float(claim.value("eig_gap", point))
        return float(theirs(point, lower)) < at < float(theirs(point, upper))

    places = [theorem.point("C"), theorem.point("C", f="relu", c="1/12")]
    claim.holds(
        "softplus and relu: between the ends of the gap",
        lambda: all(inside(p, "gap_lower", "gap_upper") for p in places),
        wrong={"below it": lambda: inside(places[0], "edge_lower", "gap_lower")},
    )


@theorem.consequence(
    "$-f(-t)$ has the same $a_1,\\nu$ and $-a_2$, hence the same limits; the terms of order $n^{-1/2}$ are opposite"
)
def reflection(claim: Any) -> None:
    def same(first: Any, second: Any, k: int, sign: int) -> bool:
        left, right = (sp.sympify(hermite_coefficient(activation(*f), k).expr) for f in (first, second))
        return bool(sp.simplify(left - sign * right) == 0)

    pairs = ((("relu",), ("lrelu", 0, -1)), (("quad", 2, 1, 0), ("quad", -2, 1, 0)))
    claim.holds(
        "relu and 2 t^2 + t: a1 and a2",
        lambda: all(same(f, g, 1, 1) and same(f, g, 2, -1) for f, g in pairs),
        wrong={"a2 the same": lambda: same(*pairs[0], 2, 1), "a1 the opposite": lambda: same(*pairs[0], 1, -1)},
    )

    def near(signs: tuple[int, ...]) -> bool:
        """Mean largest eigenvalue of 48 kernels of abs within 5 per cent of its limit, n = 240."""
        found = []
        for seed in range(48):
            inner, u = draws.data(np.random.default_rng(seed), 60, 240, "gauss")
            found += [draws.eigenpair(draws.kernel("abs", inner, 60, sign), "max", 60, u)[0] for sign in signs]
        return bool(abs(np.mean(found) / float(claim.value("eig_max", theorem.point("A"))) - 1) < 0.05)

    claim.holds(
        "abs, n = 240: the mean over both is near the limit, each alone is not", lambda: near((1, -1)),
        wrong={"f alone": lambda: near((1,)), "its reflection alone": lambda: near((-1,))},
    )  # fmt: skip


@theorem.consequence("strength of the part of rank two: $\\frac1{c\\delta}=\\frac{|a_2|}c\\sqrt{\\frac{\\kappa-1}2}$")
def strength(claim: Any) -> None:
    claim.identity(Eq((1 / (c * delta)) ** 2, a2**2 * (kappa - 1) / (2 * c**2), evaluate=False), regime="below")
