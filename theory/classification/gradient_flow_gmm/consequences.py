"""Learning dynamics of least squares: consequences."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from typing import Any

import sympy as sp
from scipy.special import erfc

from rmtsym.field.evaluate import BALL, evaluate
from theory.classification.gradient_flow_gmm.statement import c, rho, signal, theorem


def _at(formula: Any, point: Any) -> Any:
    bound = theorem.bound(point)
    bound["lam_s"] = 1 + bound["c"] + bound["rho"] + bound["c"] / bound["rho"]
    return evaluate(sp.sympify(formula), bound, BALL(80))


FAST = dict(alpha="1", s02="0")
STEPS = (Fraction(1, 10), Fraction(1, 50), Fraction(1, 250))


@theorem.consequence("the law that the mean sees has mass rho and first moment rho(rho + 1 + c)")
def masses(claim: Any) -> None:
    """With an isolated eigenvalue and without."""
    points = [theorem.point(), theorem.point(rho="1/2")]
    for formula, value in (
        (signal(lambda at: sp.Integer(1)), rho),
        (signal(lambda at: at), rho * (rho + 1 + c)),
    ):
        claim.equal(lambda q, f=formula: _at(f, q), lambda q, v=value: _at(v, q), points, f"equals {value}")


@theorem.consequence("early: without initial weights, the error starts at Q(rho/sqrt(rho + c)) and grows")
def early(claim: Any) -> None:
    """The first step is the average of the samples, the best classifier of the path."""
    best = float(erfc(1 / math.sqrt(1.5) / math.sqrt(2))) / 2
    claim.limit("err", lambda eps: {"t": eps}, best, point=theorem.point(**FAST), steps=STEPS[1:])

    def grows(start: str) -> bool:
        times = ("1/2", "2", "8")
        values = [claim.value("err", theorem.point(**FAST | {"s02": start}, t=t), 15).ball for t in times]
        return all(bool(a < b) for a, b in itertools.pairwise(values))

    claim.holds("the error grows", lambda: grows("0"), wrong={"with initial weights": lambda: grows("1/10")})


@theorem.consequence("with initial weights and no ridge there is a best time to stop")
def stopping(claim: Any) -> None:
    """A minimum between two times."""

    def inside(start: str) -> bool:
        low, best, high = (claim.value("err", theorem.point(s02=start, t=t), 15).ball for t in ("50", "200", "800"))
        return bool(best < low) and bool(best < high)

    claim.holds("lower at t = 200 than at 50 and 800", lambda: inside("1/10"), wrong={"s02 = 0": lambda: inside("0")})


@theorem.consequence("late: least squares with the same ridge, plus what is left of the start if p > n")
def late(claim: Any) -> None:
    """E and V are mean and variance of the margin of the ridge classifier."""
    from theory.classification.ridge_classifier_closed_form import theorem as ridge

    def path(eps: Fraction) -> dict[str, Fraction]:
        return {"t": 2 * Fraction(round(-1000 * math.log(eps)), 1000)}

    for place, extra in (
        (dict(rho="1", c="1/2", gamma="1/2", s02="1/10"), 0.0),
        (dict(rho="1/2", c="2", gamma="0", s02="1/5"), 0.1),
    ):
        values = ridge.values(ridge.point("I", mass=place["rho"], c=place["c"], gamma=place["gamma"]))
        point = theorem.point(alpha="5", **place)
        claim.limit("E", path, float(values["M"]), point=point, steps=STEPS[1:])
        claim.limit("V", path, float(values["sigma"]) ** 2 + extra, point=point, steps=STEPS[1:])


@theorem.consequence("time and learning rate enter through their product")
def product(claim: Any) -> None:
    """Half the rate takes twice the time."""
    points = [theorem.point("B")]
    for name in ("E",):
        claim.equal(
            lambda q, name=name: claim.value(name, q, 15),
            lambda q, name=name: claim.value(name, {**q, "alpha": q["alpha"] / 2, "t": 2 * q["t"]}, 15),
            points,
            f"{name} at half the rate and twice the time",
        )
