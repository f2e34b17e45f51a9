"""Hessian spectrum of generalised linear models: consequences."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from rmtsym.field import BALL
from rmtsym.field.evaluate import evaluate
from rmtsym.fixedpoint import enclose
from rmtsym.theorem import (
    get,
)
from rmtsym.theorem.statement import used
from rmtsym.theorem.theorem import predict
from theory.classification.hessian_gglm_spectrum.statement import (
    a,
    c,
    delta,
    delta_s,
    edge,
    g,
    isolated,
    loss,
    over,
    theorem,
)
from theory.classification.hessian_gglm_spectrum.weights import weights


@cache
def _enclosed(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return predict(theorem, dict(items), 15, ["edge", "eig", "align"])


def enclosed(name: str) -> Any:
    """A quantity as a function of the point; the quantities of a point are enclosed together, once."""
    return lambda point: _enclosed(tuple(sorted(point.items())))[name]


LINEAR = dict(response="linear", omega="1", t="1", share="1", mass="1")


@theorem.consequence("weights that are one ($g=1$) give the Marchenko-Pastur law: edges $(1\\pm\\sqrt c)^2$")
def plain(claim: Any) -> None:
    for side, name, ratios in (("left", "edge_minus_nz", ("1/4",)), ("right", "edge_plus", ("1/2", "2"))):
        claim.equal(
            enclosed("edge"),
            lambda p, name=name: predict(get("marchenko-pastur"), {"c": p["c"], "lam": Fraction(1)}, 30, [name])[name],
            [theorem.point(**LINEAR, side=side, c=ratio) for ratio in ratios], f"{side} edge",
        )  # fmt: skip


SPIKED = [theorem.point(**LINEAR, side="right", m=m, c=c) for m, c in (("3/2", "1/2"),)]


@theorem.consequence("with $g=1$ a mean is a spike of strength $m^2$: outlier and alignment of the spiked covariance")
def spiked(claim: Any) -> None:
    for ours, theirs in (("eig", "eig"), ("align", "left")):
        claim.equal(
            enclosed(ours),
            lambda p, theirs=theirs: predict(
                get("spiked-covariance"), {"ell": p["m"] ** 2, "c": p["c"]}, 30, [theirs]
            )[theirs],
            SPIKED, f"{ours} is its {theirs}",
        )  # fmt: skip


@theorem.consequence(
    "the transition: at the threshold the alignment vanishes linearly, the gap to the edge quadratically"
)
def transition(claim: Any) -> None:
    at = theorem.point(**LINEAR, side="right", m="1/2", c="1/16")
    steps = [Fraction(1, 10**k) for k in (1, 2, 3)]
    claim.exponent("align", lambda eps: {"m": Fraction(1, 2) + eps}, 1, point=at, steps=steps)
    claim.exponent(
        "eig", lambda eps: {"m": Fraction(1, 2) + eps}, 2, point=at, steps=steps, minus=25 / 16,
        text="eig - edge ~ gap^2",
    )  # fmt: skip


def _white(name: str) -> tuple[Any, Any, Any, Any]:
    """At C = I: left side of the equation, A/(A + B) and z(delta) at the enclosed delta; left side at the edge."""
    bound = theorem.bound(theorem.point(name))
    pole, turning = (enclose(system, used(system, bound), digits=20) for system in (isolated(), edge()))
    h = loss(delta_s)
    upper = c / delta_s**2 - over(h**2)
    forms = (
        over(delta_s * h * (1 - a**2)),
        upper / (upper + over(a**2 * h**2)),
        over(h) - c / delta_s,
        over((delta * loss(delta)) ** 2),
    )
    roots = {"delta_s": pole["delta_s"].ball, "delta": turning["delta_e"].ball}
    return tuple(evaluate(list(forms), {**bound, **roots}, BALL(90)))


@theorem.consequence(
    "for $C=I$ the isolated eigenvalue is $z=\\mathbb E\\frac g{1+g\\delta}-\\frac c\\delta$ where "
    "$\\mathbb E\\frac{g\\delta(1-a^2)}{1+g\\delta}=c$, its squared alignment $A/(A+B)$; "
    "at the edge $\\mathbb E\\big(\\frac{g\\delta}{1+g\\delta}\\big)^2=c$"
)
def white(claim: Any) -> None:
    points = [theorem.point("L1"), theorem.point("L2")]
    known = {tuple(p.items()): _white(name) for p, name in zip(points, ("L1", "L2"), strict=True)}
    at = lambda p, i: known[tuple(p.items())][i]  # noqa: E731
    claim.equal(lambda p: at(p, 0), lambda p: p["c"], points, "the equation of delta")
    claim.equal(lambda p: at(p, 1), enclosed("align"), points, "the alignment")
    claim.equal(lambda p: at(p, 2), enclosed("eig"), points, "the place")
    claim.equal(lambda p: at(p, 3), lambda p: p["c"], points, "the equation of the edge")


def _isolated(**changes: Any) -> bool:
    return theorem.regime(theorem.point(**changes)).name == "isolated"


@theorem.consequence(
    "logistic loss of centred data: one eigenvalue can leave on the left, if $|w|$ is large, and none on the right, "
    "because $g$ falls in $|a|$; a mean along $w$ brings one out on the right"
)  # fmt: skip
def sides(claim: Any) -> None:
    """The determinant is 1 + kf, and f has the sign of the side: k < 0 leaves the left side only.

    2k is the mean of (h(a) - h(b))(a^2 - b^2) over independent a and b, h = g/(1 + g delta), which falls in |a|.
    """
    turned, root = sp.symbols("T r")  # tanh(ra/2) and r, the root of v
    weight, rate = (1 - turned**2) / 4, root * (1 - turned**2) / 2  # g, and the slope of T in a
    falls = -root * turned * (1 - turned**2) / (4 * (1 + weight * delta) ** 2)
    claim.identity(sp.Eq(sp.diff(loss(delta).subs(g, weight), turned) * rate, falls, evaluate=False), regime="bulk")
    one, two, square = sp.symbols("h ha2 a2")  # means of h, ha^2 and a^2 = 1; those of b are the same
    pairs = (two - one * square - square * one + two) / 2
    claim.identity(sp.Eq(pairs, two - one, evaluate=False), uses=[sp.Eq(square, 1, evaluate=False)], regime="bulk")

    def negative(mean: str = "0") -> bool:
        """k, in balls, on both sides; on the right delta is above -1/max g = -4."""
        values = [
            evaluate(over(loss(delta) * (a**2 - 1)), {"gamma": weights("logistic", v, Fraction(mean)), "delta": at})
            for v in (Fraction(1, 4), Fraction(4), Fraction(64))
            for at in (Fraction(-39, 10), Fraction(-1), Fraction(2), Fraction(50))
        ]
        return all(value < 0 for value in values)

    claim.holds("k is negative at 12 places", negative, wrong={"with a mean": lambda: negative("5/2")})
    strengths, ratios = ("1/2", "1", "2", "4", "8"), ("1/100", "1/10", "1/2")
    claim.holds(
        "none on the right at 15 points",
        lambda: not any(_isolated(omega=w, c=r, side="right") for w in strengths for r in ratios),
        wrong={
            "left": lambda: not any(_isolated(omega=w, c=r, side="left") for w in strengths for r in ratios),
            "with a mean": lambda: not _isolated(omega="1", c="3/10", m="5/2", side="right"),
        },
    )
    claim.holds(
        "c = 1/10: not at |w| = 1, yes at |w| = 2, 4",
        lambda: [_isolated(omega=w, c="1/10") for w in ("1", "2", "4")] == [False, True, True],
        wrong={"c = 1/2": lambda: [_isolated(omega=w, c="1/2") for w in ("1", "2", "4")] == [False, True, True]},
    )


@theorem.consequence("the support of the bulk is bounded if and only if the weights are: far out $\\Im m$ falls like "
                     "$\\Im z$ for the logistic loss, and stays for phase retrieval")  # fmt: skip
def support(claim: Any) -> None:
    steps = [Fraction(1, 10**k) for k in (1, 2, 3)]
    claim.exponent(
        "im", lambda eps: {"z": (Fraction(1), eps)}, 1, point=theorem.point("L3", side="bulk"), steps=steps,
        text="logistic loss: no density at 1",
    )  # fmt: skip
    for place in (5, 10):
        claim.exponent(
            "im", lambda eps, x=place: {"z": (Fraction(x), eps)}, 0, point=theorem.point("P"), steps=steps,
            text=f"phase retrieval: density at {place}",
        )  # fmt: skip


@theorem.consequence("phase retrieval at $w=w_*$, where the objective is convex ($g\\ge0$): no density at $-1/2$; "
                     "at an orthogonal $w$ there is")  # fmt: skip
def recovered(claim: Any) -> None:
    steps = [Fraction(1, 10**k) for k in (2, 3, 4)]
    for name, power in (("R", 1), ("P", 0)):
        claim.exponent(
            "im", lambda eps: {"z": (Fraction(-1, 2), eps)}, power, point=theorem.point(name), steps=steps,
            text=f"{'no ' * power}density at -1/2, point {name}",
        )  # fmt: skip


@theorem.consequence("many samples: $\\hat\\lambda\\to\\mathbb E[ga^2]$ and the alignment tends to one as $c\\to0$")
def many_samples(claim: Any) -> None:
    population_value = evaluate(over(g * a**2), {"gamma": weights("logistic", Fraction(9), Fraction(0))})
    steps = [Fraction(1, 10**k) for k in (2, 4)]
    claim.limit("eig", lambda eps: {"c": eps}, float(population_value), steps=steps, text="eig tends to E g a^2")
    claim.limit("align", lambda eps: {"c": eps}, 1, steps=steps)
    claim.limit(
        "re", lambda eps: {"c": eps}, Fraction(3, 5), point=theorem.point("P"), steps=steps,
        text="phase retrieval: re tends to that of 1/(2 - z)",
    )  # fmt: skip


@theorem.consequence("units: $C\\to4C$, $w\\to w/2$ leaves the weights, multiplies the spectrum by 4")
def units(claim: Any) -> None:
    large = theorem.point("G", omega="1", t="4,16")
    for name, factor in (("eig", 4), ("edge", 4), ("align", 1)):
        claim.equal(
            lambda p, name=name: enclosed(name)(large),
            lambda p, name=name, factor=factor: enclosed(name)(p).ball * factor,
            [theorem.point("G")], f"{name} times {factor}",
        )  # fmt: skip
