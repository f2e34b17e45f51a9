"""Classification with a convex loss: consequences."""

from __future__ import annotations

import math
from fractions import Fraction
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.average import Average
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.risk import Loss, ScoreMean, explicit, margin_loss
from rmtsym.theorem.exact import system_claims
from theory.classification.erm_gaussian_mixture.statement import (
    R,
    b,
    c,
    delta,
    gamma,
    nu,
    s,
    score,
    sigma,
    slope,
    tail,
    theorem,
    theta,
    threshold,
)


def _number(formula: Any, **values: Any) -> Any:
    return evaluate(sp.sympify(formula), values, BALL(96))


def bound(point: Any, lam: Any) -> Any:
    """Largest M/sigma at an effective ridge: that of the square loss."""
    values = {"lam": lam, "nu": theorem.bound(point)["nu"], "c": point["c"]}
    at = sp.Symbol("lam", positive=True)
    rho, q_ = Average(b / (s + at), nu), Average(b * s / (s + at) ** 2, nu)
    tau = c * Average(s**2 / (s + at) ** 2, nu)
    return _number(rho * sp.sqrt((1 - tau) / (q_ + tau)), **values)


@theorem.consequence("the square loss: its score is affine, and the six equations are the closed form of least "
                     "squares, with the effective ridge $\\lambda=\\gamma/\\theta$")  # fmt: skip
def square_loss(claim: Any) -> None:
    from rmtsym.theorem import predict
    from theory.classification.ridge_classifier_closed_form.statement import lam
    from theory.classification.ridge_classifier_closed_form.statement import theorem as ridge

    square = margin_loss("square")
    (closed,) = next(regime for regime in ridge.regimes() if regime.name == "ridge").systems
    uses = [sp.Eq(lam, gamma / theta), sp.Eq(slope, square.expression(1).subs(Loss.variable, 0))]
    for one in system_claims(closed):
        if one.lhs != sp.Symbol("effective_ridge"):  # a name of lambda
            power = 2 if one.lhs == sp.Symbol("sigma") else 1  # given by its square
            same = sp.Eq(one.lhs**power, one.rhs**power, evaluate=False)
            claim.identity(same, uses=uses, case=lambda eq: explicit(eq, square))

    without = theorem.point("S")
    enclosed = [predict(one, {k: v for k, v in without.items() if k in one.point()}, 15) for one in (theorem, ridge)]
    for name in ("M", "sigma", "train_loss"):
        claim.equal(
            lambda q, k=name: enclosed[0][k], lambda q, k=name: enclosed[1][k], [without], f"{name} without ridge"
        )


@theorem.consequence("$\\delta\\theta=c-\\frac\\gamma n\\operatorname{tr}R$: without ridge $\\delta\\theta=c$, "
                     "and the proximal operator has mean slope $1-c$")  # fmt: skip
def without_ridge(claim: Any) -> None:
    claim.identity(sp.Eq(delta * theta, c * (1 - gamma * Average(R, nu)), evaluate=False))
    mean_slope = 1 + delta * ScoreMean(score, 1, 1) / sigma  # x = r + delta f
    claim.identity(sp.Eq(mean_slope, 1 - c * (1 - gamma * Average(R, nu)), evaluate=False))


@theorem.consequence("the exponential loss: its mean is the mean score")
def exponential(claim: Any) -> None:
    points = [theorem.point("E"), theorem.point("A", loss="exponential")]
    claim.equal(lambda q: claim.value("eta", q, 12), lambda q: claim.value("train_loss", q, 12), points, "-L' = L")


@theorem.consequence("a large ridge averages the samples, whatever the loss: "
                     "$M/\\sigma\\to|\\mu|^2/\\sqrt{\\mu^\\top C\\mu+\\operatorname{tr}C^2/n}$")  # fmt: skip
def averaging(claim: Any) -> None:
    limit = float(_number(tail(1 / sp.sqrt(sp.Rational(7, 2) + sp.Rational(15, 4)))))
    claim.limit(
        "test_err", lambda eps: {"gamma": 1 / eps}, limit, point=theorem.point("A", loss="exponential"),
        steps=(Fraction(1, 10), Fraction(1, 10**4)), text="exponential loss",
    )  # fmt: skip
    losses = ("logistic", "square", "huber(1/2)", "absolute", "hinge")

    def same(ridge: str) -> bool:
        found = [float(theorem.values(theorem.point("A", loss=k, gamma=ridge))["test_err"]) for k in losses]
        return max(found) - min(found) < 1e-5 and abs(found[0] - limit) < 1e-5

    claim.holds("all others", lambda: same("1e5"), wrong={"at the ridge 10": lambda: same("10")})


@theorem.consequence("many samples and no ridge: the Bayes error, for every loss")
def bayes(claim: Any) -> None:
    limit = float(_number(tail(sp.sqrt(2))))
    for loss in ("exponential", "huber(1/2)"):
        claim.limit(
            "test_err", lambda eps: {"c": eps}, limit, point=theorem.point("S", loss=loss),
            steps=(Fraction(1, 20), Fraction(1, 10**4)), text=f"{loss} loss",
        )  # fmt: skip


@theorem.consequence("no loss separates better than the square loss at the ridge $\\gamma/\\theta$; "
                     "at the same nominal ridge it can be worse")  # fmt: skip
def optimality(claim: Any) -> None:
    def ratio(point: Any) -> float:
        values = theorem.values(point)
        lam = Fraction(float(point["gamma"]) / float(values["theta"]))
        return float(values["M"] / values["sigma"]) / float(bound(point, lam))

    def between(low: float, high: float, **place: str) -> bool:
        return low < ratio(theorem.point("N", **place)) < high

    for loss in ("logistic", "exponential", "huber(1/2)", "absolute", "hinge"):
        claim.holds(
            f"{loss}: strictly below", lambda k=loss: between(0.5, 1 - 1e-4, loss=k, gamma="1/10"),
            wrong={"for the square loss": lambda: between(0.5, 1 - 1e-4, loss="square", gamma="1/10")},
        )  # fmt: skip
    claim.holds("the square loss reaches it", lambda: between(1 - 1e-12, 1 + 1e-12, loss="square"),
                wrong={"the logistic loss does": lambda: between(1 - 1e-12, 1 + 1e-12)})  # fmt: skip
    same = [theorem.point("N", loss=loss, s="1,1", gamma="1/10") for loss in ("logistic", "square")]

    def better(first: Any, second: Any) -> bool:
        return bool(claim.value("test_err", first, 10).ball < claim.value("test_err", second, 10).ball)

    claim.holds("at gamma = 1/10, c = 1/2 the logistic loss has the smaller error", lambda: better(*same),
                wrong={"the square loss has": lambda: better(*same[::-1])})  # fmt: skip


@theorem.consequence("without ridge the logistic and the exponential loss have a minimiser "
                     "if and only if the classes are not separable")  # fmt: skip
def separability(claim: Any) -> None:
    def finite(c: str, loss: str) -> bool:
        try:
            values = theorem.values(theorem.point("E", c=c, loss=loss))
        except DomainError:
            return False
        return math.isfinite(float(values["M"]))

    for loss, below in (("logistic", "0.26"), ("exponential", "0.269")):
        claim.holds(
            f"{loss}: c = {below} is below the threshold {threshold(1.0):.6f}", lambda k=loss, c=below: finite(c, k),
            wrong={"c = 0.271 is not": lambda k=loss: finite("0.271", k)},
        )  # fmt: skip

    def scale(c: str) -> float:
        return float(theorem.values(theorem.point("E", c=c))["sigma"])

    claim.holds("the exponential minimiser grows without bound towards it", lambda: scale("0.27") > 30 * scale("0.1"),
                wrong={"away from it": lambda: scale("0.2") > 30 * scale("0.1")})  # fmt: skip


@theorem.consequence("the absolute loss is the limit of smooth ones, $\\sqrt{(1-t)^2+k^2}$")
def absolute(claim: Any) -> None:
    point = theorem.point("S", loss="absolute", gamma="1/5")
    limit = theorem.values(point)

    def close(k: str) -> bool:
        values = theorem.values({**point, "loss": f"sqrt((1-t)^2 + {k}^2)"})
        return all(abs(float(values[q] - limit[q])) < 0.005 for q in ("M", "sigma", "test_err"))

    claim.holds("margins and error at k = 0.01", lambda: close("0.01"), wrong={"at k = 0.1": lambda: close("0.1")})
