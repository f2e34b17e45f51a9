"""Least-squares classifier: closed form and interpolation: consequences."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.field.average import Average
from theory.classification.ridge_classifier_closed_form.statement import (
    M,
    b,
    c,
    gamma,
    lam,
    nu,
    s,
    sigma,
    tail,
    theorem,
)


def at(formula: Any, **values: Any) -> Any:
    """Ball around a closed form."""
    from rmtsym.field.evaluate import BALL, evaluate

    return evaluate(sp.sympify(formula), values, BALL(128))


def isotropic(point: Any) -> dict[str, Any]:
    """Parameters of the formulas for covariance one; ``r`` is the squared norm of the mean."""
    return {"c": point["c"], "gamma": point["gamma"], "r": sum(point["mass"])}


r = sp.Symbol("r", positive=True)
LIMIT = tail(r / sp.sqrt(r + c))  # error of the averaging classifier for covariance one


@theorem.consequence("covariance one: a quadratic equation, and the best ridge is infinite")
def covariance_one(claim) -> None:
    total = gamma + c - 1
    closed = (total + sp.sqrt(total**2 + 4 * gamma)) / 2
    error = tail(r * sp.sqrt((1 - c / (1 + closed) ** 2) / (r + c)))
    points = [theorem.point("I"), theorem.point("I", mass="2", c="3", gamma="1/5"), theorem.point("I", c="1/5")]
    for name, formula in (("effective_ridge", closed), ("test_err", error)):
        claim.equal(
            lambda q, name=name: claim.value(name, q), lambda q, f=formula: at(f, **isotropic(q)), points,
            f"{name} in closed form",
        )  # fmt: skip
    claim.limit("test_err", lambda eps: {"gamma": 1 / eps}, float(at(LIMIT, c=Fraction(1, 2), r=1)))

    def falls(mass: str, s: str) -> bool:
        grid = [theorem.point("A", mass=mass, s=s, gamma=g) for g in ("1/100", "1/10", "1", "10", "1000")]
        balls = [claim.value("test_err", q).ball for q in grid]
        return all(bool(b < a) for a, b in itertools.pairwise(balls))

    claim.holds(
        "the error falls with the ridge", lambda: falls("1/4,1/4,1/2", "1,1,1"),
        wrong={"for a mean in the small eigenvalues": lambda: falls("1,0,0", "1,3,5")},
    )  # fmt: skip


@theorem.consequence(
    "a large ridge averages the samples: $M/\\sigma\\to|\\mu|^2/\\sqrt{\\mu^\\top C\\mu+\\operatorname{tr}C^2/n}$"
)
def averaging(claim) -> None:
    first = sum(Fraction(m) * x for m, x in zip(("1/4", "1/4", "1/2"), (1, 3, 5), strict=True))
    second = Fraction(1, 4) * sum(Fraction(w) * x * x for w, x in zip(("1/4", "1/4", "1/2"), (1, 3, 5), strict=True))
    claim.limit(
        "test_err",
        lambda eps: {"gamma": 1 / eps},
        float(at(tail(1 / sp.sqrt(first + second)))),
        point=theorem.point("A"),
    )


@theorem.consequence("without ridge, $p<n$: $M/\\sigma=\\rho\\sqrt{(1-c)/(\\rho+c)}$, whatever the covariance")
def unregularised(claim) -> None:
    rho = Average(b / s, nu)
    claim.identity(sp.Eq((M / sigma) ** 2, rho**2 * (1 - c) / (rho + c)), regime="no ridge, p < n")
    claim.limit(
        "test_err", lambda eps: {"c": eps}, float(at(tail(sp.sqrt(2)))), point=theorem.point("R1"), text="Bayes error"
    )
    claim.limit("test_err", lambda eps: {"gamma": eps}, float(at(tail(2 / sp.sqrt(5)))), point=theorem.point("R1"))


@theorem.consequence("covariance one, $p>n$: the interpolating classifier")
def interpolation(claim) -> None:
    points = [theorem.point("R2"), theorem.point("R2", c="5/4", mass="1/3")]
    formulas = {"M": r / (r + c), "test_err": tail(r * sp.sqrt((c - 1) / (c * (r + c))))}
    for name, formula in formulas.items():
        claim.equal(
            lambda q, name=name: claim.value(name, q), lambda q, f=formula: at(f, **isotropic(q)), points,
            f"{name} in closed form",
        )  # fmt: skip
    claim.limit("test_err", lambda eps: {"gamma": eps}, float(claim.value("test_err", points[0])), point=points[0])


@theorem.consequence("double descent: at $p=n$ the error is $1/2$, reached like $|1-c|^{1/2}$ from both sides")
def double_descent(claim) -> None:
    point = theorem.point("R1")
    for side in (1, -1):
        claim.exponent("test_err", lambda eps, k=side: {"c": 1 + k * eps}, Fraction(1, 2), point=point, minus=0.5)
    claim.exponent("sigma", lambda eps: {"c": 1 - eps}, Fraction(-1, 2), point=point)

    def slope(constant: float) -> bool:
        near = [claim.value("test_err", {**point, "c": 1 + k * Fraction(1, 10**6)}) for k in (1, -1)]
        return all(abs((0.5 - float(v)) * 1e3 * (2 * np.pi) ** 0.5 / constant - 1) < 1e-3 for v in near)

    claim.holds(
        "its slope in the root is rho/sqrt(rho + 1) over sqrt(2 pi)", lambda: slope(2 / 3**0.5),
        wrong={"rho/sqrt(rho)": lambda: slope(2**0.5), "rho": lambda: slope(2.0)},
    )  # fmt: skip


@theorem.consequence("enough ridge removes the peak: for covariance one and $|\\mu|^2=2$ the error grows with $c$ at "
                     "$\\gamma=1/4$; at $1/10$ a slight hump is left")  # fmt: skip
def no_peak(claim) -> None:
    def grows(ridge: str, *ratios: str) -> bool:
        return bool(claim.grows("test_err", [theorem.point("R1", gamma=ridge, c=ratio) for ratio in ratios]))

    ratios = ("1/5", "1/2", "4/5", "19/20", "21/20", "6/5", "3/2", "2", "3")
    claim.holds("the error grows at 1/4", lambda: grows("1/4", *ratios),
                wrong={"at 1/10": lambda: grows("1/10", *ratios), "at 0": lambda: grows("0", *ratios)})  # fmt: skip
    claim.holds("at 1/10 it falls between c = 3/2 and 2", lambda: grows("1/10", "2", "3/2"),
                wrong={"at 1/4": lambda: grows("1/4", "2", "3/2")})  # fmt: skip


@theorem.consequence(
    "optimal regularisation: with a mean in the small eigenvalues, or in all, the best ridge is finite"
)
def best_ridge(claim) -> None:
    for mass in ("1,0,0", "1/4,1/4,1/2"):
        point = theorem.point("A", mass=mass)
        best = claim.least("test_err", of="gamma", between=(0.0004, 150), point=point)
        claim.minimum("test_err", of="gamma", at=best, point=point, text=f"the best ridge at |mu|^2 = {mass}")

        def inside(base: Any, best: Any = best) -> bool:
            far = ({**base, "gamma": best * factor} for factor in (Fraction(1, 100), 100))
            return all(claim.grows("test_err", [{**base, "gamma": best}, place]) for place in far)

        claim.holds(
            f"lower than far off at |mu|^2 = {mass}", partial(inside, point),
            wrong={"for covariance one": partial(inside, {**point, "s": (1, 1, 1)})},
        )  # fmt: skip


@theorem.consequence(
    "noise of signs: $M$ and $\\sigma$ do not see where the mean is, the error does: "
    "it is $Q(M/\\sigma)$ if the mean is spread over the coordinates, not if it lies on one axis"
)
def signs(claim) -> None:
    point = theorem.point("I")
    theory = {name: float(value) for name, value in theorem.values(point).items()}

    @cache
    def seen(spread: bool) -> dict[str, float]:
        """40 classifiers of 240 samples in 120 dimensions; share of wrong signs among 4000 new samples."""
        rng, mean = np.random.default_rng(0), np.full(120, 120**-0.5) if spread else np.eye(120)[0]
        rows, new = (mean + rng.choice([-1.0, 1.0], size=shape) for shape in ((40, 240, 120), (4000, 120)))
        gram = np.swapaxes(rows, 1, 2) @ rows / 240 + np.eye(120)
        beta = np.linalg.solve(gram, rows.mean(axis=1)[..., None])[..., 0]
        return {"M": np.mean(beta @ mean), "sigma": np.mean(np.sum(beta**2, axis=1) ** 0.5),
                "test_err": np.mean(new @ beta.T < 0)}  # fmt: skip

    def agree(spread: bool, *names: str, ridge: Any = None) -> bool:
        expected = theory if ridge is None else theorem.values({**point, "gamma": ridge})
        return all(abs(seen(spread)[k] / float(expected[k]) - 1) < 0.05 for k in names)

    claim.holds("moments on one axis, within 5 %", lambda: agree(False, "M", "sigma"),
                wrong={"of the ridge 2": lambda: agree(False, "M", "sigma", ridge=2)})  # fmt: skip
    claim.holds("error of a spread mean, within 5 %", lambda: agree(True, "test_err"),
                wrong={"on one axis": lambda: agree(False, "test_err")})  # fmt: skip


@theorem.consequence("$M/\\sigma$ as a function of the effective ridge: the bound that no convex loss exceeds")
def optimality(claim) -> None:
    """That it bounds every loss is a consequence of erm-gaussian-mixture, where the other losses are."""
    rho, q = Average(b / (s + lam), nu), Average(b * s / (s + lam) ** 2, nu)
    tau = c * Average(s**2 / (s + lam) ** 2, nu)
    claim.identity(sp.Eq((M / sigma) ** 2, rho**2 * (1 - tau) / (q + tau)), regime="ridge")
