"""Classification with a convex loss: consequences."""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.average import Average
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.risk import Loss, ScoreMean, explicit, margin_loss, minimise, separable
from rmtsym.theorem.exact import system_claims
from theory.classification.erm_gaussian_mixture.statement import (
    M,
    R,
    b,
    c,
    delta,
    ef2,
    eta,
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


lam, excess = sp.symbols("lam D", positive=True)  # effective ridge; what of the score is not affine
_rho, _q = Average(b / (s + lam), nu), Average(b * s / (s + lam) ** 2, nu)
_tau = c * Average(s**2 / (s + lam) ** 2, nu)
BEST = _rho**2 * (1 - _tau) / (_q + _tau)  # (M/sigma)^2 of the square loss


def bound(point: Any, at: Any) -> Any:
    """Largest M/sigma at an effective ridge: that of the square loss."""
    return _number(sp.sqrt(BEST), lam=at, nu=theorem.bound(point)["nu"], c=point["c"])


@theorem.consequence("the square loss: its score is affine, and the six equations are the closed form of least "
                     "squares, with the effective ridge $\\lambda=\\gamma/\\theta$")  # fmt: skip
def square_loss(claim: Any) -> None:
    from rmtsym.theorem import predict
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
    for name in ("M", "sigma", "test_err", "train_err", "train_loss"):
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
    for loss in ("exponential", "logistic"):  # of the square loss in ridge-classifier-closed-form
        claim.limit(
            "test_err", lambda eps: {"gamma": 1 / eps}, limit, point=theorem.point("A", loss=loss),
            steps=(Fraction(1, 10), Fraction(1, 10**4)), text=f"{loss} loss",
        )  # fmt: skip

    def there(ridge: str) -> bool:
        """Beyond rounding: scores are constant until margins reach a kink, and few do."""
        points = (theorem.point("A", loss=loss, gamma=ridge) for loss in ("huber(1/2)", "absolute", "hinge"))
        return all(abs(float(theorem.values(point)["test_err"]) - limit) < 1e-12 for point in points)

    claim.holds("Huber's, absolute and hinge loss: there at the ridge 1000, to rounding", lambda: there("1000"),
                wrong={"at the ridge 10": lambda: there("10")})  # fmt: skip


@theorem.consequence("many samples and no ridge: the Bayes error, for every loss")
def bayes(claim: Any) -> None:
    limit = float(_number(tail(sp.sqrt(2))))
    for loss in ("exponential", "huber(1/2)"):
        claim.limit(
            "test_err", lambda eps: {"c": eps}, limit, point=theorem.point("S", loss=loss),
            steps=(Fraction(1, 20), Fraction(1, 10**4)), text=f"{loss} loss",
        )  # fmt: skip


@theorem.consequence("no loss does better than the square loss at the ridge $\\lambda=\\gamma/\\theta$: "
                     "$\\mathbb E(f-\\eta+\\sigma\\theta Z)^2\\ge0$; at equal $\\gamma$ it can be worse")  # fmt: skip
def optimality(claim: Any) -> None:
    uses = [sp.Eq(lam, gamma / theta), sp.Eq(excess, ef2 - eta**2 - sigma**2 * theta**2)]
    lost = excess * _tau / (eta**2 * (_q + _tau) + excess * _tau)
    claim.identity(
        sp.Eq((M / sigma) ** 2, BEST * (1 - lost), evaluate=False), uses=uses,
        wrong=[BEST, BEST * (1 + lost), BEST * (1 - excess * _tau)],
    )  # fmt: skip
    first, second, cross = ScoreMean(score, 1), ScoreMean(score, 2), ScoreMean(score, 1, 1)  # Ef, Ef^2, E fZ
    square = second + eta**2 + sigma**2 * theta**2 - 2 * eta * first + 2 * sigma * theta * cross
    claim.identity(sp.Eq(excess, square, evaluate=False), uses=uses)

    def share(point: Any) -> float:
        values = theorem.values(point)
        at = Fraction(float(point["gamma"]) / float(values["theta"]))
        return float(values["M"] / values["sigma"]) / float(bound(point, at))

    def between(low: float, high: float, **place: str) -> bool:
        return low < share(theorem.point("N", **place)) < high

    for loss in ("logistic", "exponential", "huber(1/2)", "absolute", "hinge"):
        claim.holds(
            f"{loss}: strictly below", lambda k=loss: between(0.5, 1 - 1e-4, loss=k, gamma="1/10"),
            wrong={"for the square loss": lambda: between(0.5, 1 - 1e-4, loss="square", gamma="1/10")},
        )  # fmt: skip
    claim.holds("the square loss reaches it", lambda: between(1 - 1e-12, 1 + 1e-12, loss="square"),
                wrong={"the logistic loss does": lambda: between(1 - 1e-12, 1 + 1e-12)})  # fmt: skip
    same = [theorem.point("N", loss=loss, s="1,1", gamma="1/10") for loss in ("logistic", "square")]
    claim.holds("at gamma = 1/10, c = 1/2 the logistic loss has the smaller error",
                lambda: claim.grows("test_err", same),
                wrong={"the square loss has": lambda: claim.grows("test_err", same[::-1])})  # fmt: skip


@theorem.consequence(
    "each loss at its best ridge: the square loss, which reaches every effective ridge, has the least error"
)
def best_ridge(claim: Any) -> None:
    """The ridge at which the square loss reaches lambda is lambda times a mean slope: positive.

    In numbers: with the mean in the small one of two eigenvalues every loss has a best ridge inside.
    """
    reached = lam * (1 - c * Average(s / (s + lam), nu))  # the equation of the square loss
    mean_slope = 1 + delta * ScoreMean(score, 1, 1) / sigma
    claim.identity(sp.Eq(reached, lam * mean_slope, evaluate=False), uses=[sp.Eq(lam, gamma / theta)])
    losses = ("square", "logistic", "exponential", "huber(1/2)")
    best = {}
    for loss in losses:
        point = theorem.point("N", loss=loss, mass="2,0", c="1")
        best[loss] = {**point, "gamma": claim.least("test_err", of="gamma", between=(0.003, 20), point=point)}
        if loss in ("square", "exponential"):
            claim.minimum(
                "test_err", of="gamma", at=best[loss]["gamma"], point=point, text=f"best ridge of the {loss} loss"
            )
    ridge = Fraction(1, 10)
    for loss in losses[1:]:
        pair = best["square"], best[loss]
        equal = [{**point, "gamma": ridge} for point in pair]
        claim.holds(
            f"square below {loss}, each at its best", lambda pair=pair: claim.grows("test_err", pair),
            wrong={"both at gamma = 1/10": lambda equal=equal: claim.grows("test_err", equal)},
        )  # fmt: skip


@theorem.consequence(
    "with the ridge $1/50$ the logistic and the exponential loss have no peak of the error around $p=n$"
)
def no_peak(claim: Any) -> None:
    def grows(loss: str) -> bool:
        ratios = ("1/4", "1/2", "3/4", "1", "3/2", "2")
        return claim.grows("test_err", [theorem.point("S", loss=loss, gamma="1/50", c=ratio) for ratio in ratios])

    for loss in ("logistic", "exponential"):
        claim.holds(f"{loss}: the error grows with c", lambda k=loss: grows(k),
                    wrong={"that of the square loss": lambda: grows("square")})  # fmt: skip


@theorem.consequence("without ridge the logistic and the exponential loss have a minimiser "
                     "if and only if the classes are not separable")  # fmt: skip
def separability(claim: Any) -> None:
    """The equations lose their solution where linear programming begins to separate samples."""
    edge = threshold(1.0)

    def finite(c: str, loss: str) -> bool:
        try:
            values = theorem.values(theorem.point("E", c=c, loss=loss))
        except DomainError:
            return False
        return math.isfinite(float(values["M"]))

    for loss, below in (("logistic", "0.26"), ("exponential", "0.269")):
        claim.holds(
            f"{loss}: c = {below} is below the threshold {edge:.6f}", lambda k=loss, c=below: finite(c, k),
            wrong={"c = 0.271 is not": lambda k=loss: finite("0.271", k)},
        )  # fmt: skip
    claim.exponent(
        "sigma", lambda eps: {"c": Fraction(edge) - eps}, Fraction(-1, 2), point=theorem.point("E"),
        steps=[Fraction(1, 10**k) for k in (1, 2, 3)], text="the exponential minimiser diverges at the threshold h",
    )  # fmt: skip

    def diverges(end: float) -> bool:
        """Faster than the root of the distance, from step to step."""
        places = (theorem.point("E", loss="logistic", c=Fraction(end) - Fraction(1, 10**k)) for k in (1, 2, 3))
        sizes = (float(theorem.values(place)["sigma"]) for place in places)
        return all(b > math.sqrt(10) * a for a, b in itertools.pairwise(sizes))

    claim.holds("the logistic minimiser diverges there", lambda: diverges(edge),
                wrong={"at 0.26": lambda: diverges(0.26)})  # fmt: skip

    def share(c: float, norm: float = 1.0) -> float:
        """Share of 100 data sets of 150 samples that a plane separates."""
        rng, p = np.random.default_rng(0), int(150 * c)
        return float(np.mean([separable(norm * p**-0.5 + rng.standard_normal((150, p))) for _ in range(100)]))

    # shares of 0.12 and 0.93 at p = 80, h = 0.27: Candes and Sur's window of order n^(-1/2); error of a share 0.05
    claim.holds("few of the data sets are separable at c = 0.22, most at c = 0.30",
                lambda: share(0.22) < 1 / 3 and share(0.30) > 2 / 3,
                wrong={"without mean, h = 1/2": lambda: share(0.30, 0.0) > 2 / 3,
                       "|mu| = 2, h = 0.07": lambda: share(0.22, 2.0) < 1 / 3})  # fmt: skip


HERE = dict(loss="logistic", s="1,4", w="1/2,1/2", mass="1/2,1/2", c="1/2", gamma="3/10")


@cache
def _spread() -> tuple[float, ...]:
    """Ef^2 s/(theta s + gamma)^2 at the two eigenvalues."""
    values = theorem.values(theorem.point(**HERE))
    return tuple(float(values["ef2"]) * s / (float(values["theta"]) * s + 0.3) ** 2 for s in (1, 4))


def _across(rng: np.random.Generator, size: int) -> np.ndarray:
    """Part of a minimiser orthogonal to the mean in each eigenspace, over the deviation predicted."""
    scales, side = np.repeat([1.0, 2.0], size // 4), size // 4
    rows = len(scales) ** -0.5 + rng.standard_normal((size, len(scales))) * scales
    beta = minimise(rows, margin_loss("logistic"), 0.3).reshape(2, side)
    free = (beta - beta.mean(axis=1, keepdims=True)) * math.sqrt(size * side / (side - 1))
    return free / np.sqrt(_spread())[:, None]


@theorem.consequence("linear forms: $\\sqrt n\\,v^\\top\\hat\\beta$ is normal with variance "
                     "$\\mathbb Ef^2\\,v^\\top RCRv$ for $v$ orthogonal to the mean")  # fmt: skip
def linear_forms(claim: Any) -> None:
    sizes = dict(sizes=(32, 64, 128, 256), replicates=192)
    for k, eigenvalue in enumerate((1, 4)):
        claim.asymptotic(
            f"variance over the directions of the eigenvalue {eigenvalue}",
            deviation=lambda rng, n, k=k: float(np.mean(_across(rng, n)[k] ** 2) - 1), **sizes,
        )  # fmt: skip
    claim.asymptotic("fourth moment over all directions",
                     deviation=lambda rng, n: float(np.mean(_across(rng, n) ** 4) - 3), **sizes)  # fmt: skip


@theorem.consequence("a small ridge where the classes are separable: from $\\gamma=1/100$ to $10^{-4}$ the margins at "
                     "N grow by more than a factor of 2.5, the error by less than 12 %")  # fmt: skip
def small_ridge(claim: Any) -> None:
    """Classes that are not separable have a limit without ridge: at c = 1/20 the margins grow by less."""

    @cache
    def growth(c: str) -> dict[str, float]:
        first, last = (theorem.values(theorem.point("N", c=c, gamma=ridge)) for ridge in ("1/100", "1/10000"))
        return {name: float(last[name]) / float(first[name]) for name in ("M", "test_err")}

    claim.holds("mean margin", lambda: growth("1/2")["M"] > 2.5,
                wrong={"not separable (c = 1/20)": lambda: growth("1/20")["M"] > 2.5})  # fmt: skip
    claim.holds("error", lambda: 1 < growth("1/2")["test_err"] < 1.12,
                wrong={"mean margin": lambda: 1 < growth("1/2")["M"] < 1.12})  # fmt: skip


@theorem.consequence("noise of signs: the error is $Q(M/\\sigma)$ if the mean is spread over the coordinates, "
                     "but not if it lies on one axis, where margins are not normal")  # fmt: skip
def signs(claim: Any) -> None:
    point = theorem.point("A", s="1", w="1", mass="1")
    limit = float(theorem.values(point)["test_err"])

    def agrees(spread: bool) -> bool:
        """Share of wrong signs, within a tenth: 20 minimisers of 240 samples in 60 dimensions, 4000 new samples."""
        rng, mean = np.random.default_rng(0), np.full(60, 60**-0.5) if spread else np.eye(60)[0]
        rows, new = (mean + rng.choice([-1.0, 1.0], size=shape) for shape in ((20, 240, 60), (4000, 60)))
        share = np.mean(new @ minimise(rows, margin_loss("logistic"), 0.1).T < 0)
        return bool(abs(share / limit - 1) < 0.1)

    claim.holds("share of wrong signs", lambda: agrees(True), wrong={"on one axis": lambda: agrees(False)})


@theorem.consequence("the absolute loss is the limit of smooth ones, $\\sqrt{(1-t)^2+k^2}$")
def absolute(claim: Any) -> None:
    point, names = theorem.point("S", loss="absolute", gamma="1/5"), ("M", "sigma", "test_err")

    def numbers(loss: str) -> np.ndarray:
        values = theorem.values({**point, "loss": loss})
        return np.array([float(values[q]) for q in names])

    def tends(loss: str) -> bool:
        """Straight lines in k through two neighbours end closer to the limit than to each other."""
        at = np.array([0.1, 0.03, 0.01])
        first, second, third = (numbers(f"sqrt((1-t)^2 + {k}^2)") for k in at)
        coarse = second + (second - first) * at[1] / (at[0] - at[1])
        fine = third + (third - second) * at[2] / (at[1] - at[2])
        return bool(np.all(np.abs(fine - numbers(loss)) < np.abs(fine - coarse)))

    wrong = {f"of the {loss} loss": lambda k=loss: tends(k) for loss in ("hinge", "huber(1/10)", "square")}
    claim.holds("margins and error at k = 0.1, 0.03, 0.01", lambda: tends("absolute"), wrong=wrong)
