"""Learning dynamics of least squares: consequences."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable
from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from flint import acb
from scipy.special import erfc

from rmtsym.field.average import Average
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.theorem import get, predict
from theory.classification.gradient_flow_gmm.contour import PLACE, ROOT, SLOPE, TRANSFORM
from theory.classification.gradient_flow_gmm.statement import c, cut, null, rho, s02, signal, theorem, w, x


def _at(formula: Any, point: Any, **values: Any) -> Any:
    bound = theorem.bound(point) | values
    bound["lam_s"] = 1 + bound["c"] + bound["rho"] + bound["c"] / bound["rho"]
    return evaluate(sp.sympify(formula), bound, BALL(80))


FAST = dict(alpha="1", s02="0")
STEPS = (Fraction(1, 10), Fraction(1, 50), Fraction(1, 250))


@theorem.consequence("the law that the mean sees has mass rho and first moment rho(rho + 1 + c)")
def masses(claim: Any) -> None:
    """Residues at infinity, exactly; then in balls with an isolated eigenvalue and without."""
    form = -SLOPE * rho * TRANSFORM / (1 + (rho + ROOT**2) * TRANSFORM)
    for power, value in ((0, rho), (1, rho * (rho + 1 + ROOT**2))):
        outside = sp.cancel((form * PLACE**power).subs(w, 1 / x) / x**2)
        claim.identity(sp.Eq(sp.residue(outside, x, 0), value, evaluate=False), regime="critical")
    points = [theorem.point(), theorem.point(rho="1/2")]
    for formula, value in (
        (signal(lambda at: sp.Integer(1)), rho),
        (signal(lambda at: at), rho * (rho + 1 + c)),
    ):
        claim.equal(lambda q, f=formula: _at(f, q), lambda q, v=value: _at(v, q), points, f"equals {value}")


@theorem.consequence("the law of the eigenvalues of the noise is that of Marchenko and Pastur")
def noise(claim: Any) -> None:
    """Trace of the resolvent at -1/2, fewer dimensions than samples and more."""
    trace = Average(1 / (x * (x + sp.Rational(1, 2))), cut) + 2 * null
    points = [theorem.point(), theorem.point("C")]

    def known(point: Any) -> Any:
        place = {"c": point["c"], "lam": Fraction(1, 2)}
        return predict(get("marchenko-pastur"), place, 15, ["m_neg_lam"])["m_neg_lam"]

    claim.equal(lambda q: _at(trace, q), known, points, "m(-1/2)")


@theorem.consequence(
    "at $\\rho^2=c$ the isolated eigenvalue merges with the bulk: its mass vanishes, and everything is continuous"
)
def critical(claim: Any) -> None:
    """There the law that the mean sees is (root of c) (1 + cos u)/pi du at x = 1 + c + 2 (root of c) cos u."""

    def integral(density: Any) -> Any:
        """A ball around an integral over the angle."""

        def value(point: Any) -> Any:
            with BALL(80):
                root = acb(point["c"].numerator).sqrt() / acb(point["c"].denominator).sqrt()
                rate = acb((point["alpha"] * point["t"]).numerator) / (point["alpha"] * point["t"]).denominator

                def body(u: Any, _: Any) -> Any:
                    at = 1 + root**2 + 2 * root * u.cos()
                    left = (-rate * at).exp()
                    return density(at, (1 - left) / at, left, root, u) / acb.pi()

                return acb.integral(body, 0, acb.pi()).real

        return value

    point = theorem.point(rho="1/2", c="1/4", alpha="1", t="2")
    mean = integral(lambda at, h, f, root, u: root * (1 + u.cos()) * h)
    claim.equal(lambda q: claim.value("E", q, 15), mean, [point], "E")
    both = integral(lambda at, h, f, root, u: (
        (1 + root) * root * (1 + u.cos()) * h**2 + acb(point["s02"].numerator) / point["s02"].denominator
        * 2 * u.sin() ** 2 / at * f**2))  # fmt: skip
    claim.equal(lambda q: claim.value("V", q, 15), both, [point], "V")
    for name in ("E", "V"):
        value = float(claim.value(name, point, 15))
        for side in (1, -1):
            claim.limit(
                name, lambda eps, k=side: {"rho": Fraction(1, 2) + k * eps}, value, point=point,
                steps=[Fraction(1, 10**k) for k in (2, 3, 4)], text=f"{name} from {'above' if side > 0 else 'below'}",
            )  # fmt: skip


@theorem.consequence("early: without initial weights, the error starts at Q(rho/sqrt(rho + c)) and grows; "
                     "the mean margin starts like $\\alpha t\\rho$")  # fmt: skip
def early(claim: Any) -> None:
    """The first step is the average of the samples, the best classifier of the path."""
    best = float(erfc(1 / math.sqrt(1.5) / math.sqrt(2))) / 2
    claim.limit("err", lambda eps: {"t": eps}, best, point=theorem.point(**FAST), steps=STEPS[1:])

    def grows(start: str = "0") -> bool:
        return rises("err", ({**FAST, "s02": start, "t": t} for t in ("1/20", "3/5", "4")))

    claim.holds("the error grows", grows, wrong={"with initial weights": lambda: grows(start="1/10")})
    claim.holds("that in the sample falls", lambda: falls("err_tr", **FAST),
                wrong={"that of new samples": lambda: falls("err", **FAST)})  # fmt: skip

    def begins(slope: float) -> bool:
        """E/(alpha t) is off by a multiple of alpha t."""
        times = [Fraction(1, 10**k) for k in (2, 3, 4)]
        gaps = [abs(float(claim.value("E", theorem.point(**FAST | {"t": t}), 20)) / float(t) - slope) for t in times]
        return all(b < a / 9 for a, b in itertools.pairwise(gaps))

    claim.holds("E/(alpha t) tends to rho", lambda: begins(1.0),
                wrong={"to rho + c": lambda: begins(1.5), "to 0.999 rho": lambda: begins(0.999)})  # fmt: skip


@cache
def _errors(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    """Both errors of a point, enclosed together and once."""
    return {name: value.ball for name, value in predict(theorem, dict(items), 10, ["err", "err_tr"]).items()}


def rises(name: str, places: Iterable[dict[str, Any]]) -> bool:
    """Whether an error grows from place to place, in balls."""
    balls = [_errors(tuple(theorem.point(**place).items()))[name] for place in places]
    return all(bool(one < other) for one, other in itertools.pairwise(balls))


def falls(name: str, **place: str) -> bool:
    """Whether an error falls from alpha t = 1/20 over 3/5 and 4 to 10."""
    alpha = theorem.point(**place)["alpha"]
    return rises(name, ({**place, "t": Fraction(k, 20) / alpha} for k in (200, 80, 12, 1)))


@theorem.consequence("early stopping is a ridge: at small $\\alpha t$ the flow is the ridge $2/(\\alpha t)$, "
                     "but for $(\\alpha t)^3$")  # fmt: skip
def early_ridge(claim: Any) -> None:
    """h is proportional to 1 - tau x/2, and so is 1/(x + 2/tau); the first step is best: one more order."""
    from theory.classification.ridge_classifier_closed_form import theorem as ridge

    def order(ratio: int) -> float:
        """Local exponent of the difference of the errors."""
        gaps = []
        for tau in (Fraction(1, 100), Fraction(1, 1000)):
            ours = claim.value("err", theorem.point(**FAST, t=tau), 20)
            theirs = predict(ridge, ridge.point("I", gamma=ratio / tau), 20, ["test_err"])["test_err"]
            gaps.append(float(abs(ours.ball - theirs.ball)))
        return math.log10(gaps[0] / gaps[1])

    claim.holds("the errors differ by the cube", lambda: abs(order(2) - 3) < 0.1,
                wrong={"the ridge 1/(alpha t)": lambda: abs(order(1) - 3) < 0.1,
                       "the ridge 3/(alpha t)": lambda: abs(order(3) - 3) < 0.1})  # fmt: skip


@theorem.consequence("with initial weights and no ridge there is a best time to stop; "
                     "the smaller they are the better, at every time")  # fmt: skip
def stopping(claim: Any) -> None:
    """A minimum of the error in time."""
    claim.minimum("err", of="t", at=claim.least("err", of="t", between=(20, 1000)), text="the best time")

    def inside(start: str) -> bool:
        low, best, high = (claim.value("err", theorem.point(s02=start, t=t), 15).ball for t in ("50", "200", "800"))
        return bool(best < low) and bool(best < high)

    claim.holds("the error in the sample falls throughout", lambda: falls("err_tr"),
                wrong={"that of new samples": lambda: falls("err")})  # fmt: skip
    claim.holds("lower at t = 200 than at 50 and 800", lambda: inside("1/10"), wrong={"s02 = 0": lambda: inside("0")})

    def grows(*starts: str) -> bool:
        return all(rises("err", ({"s02": start, "t": t} for start in starts)) for t in ("5", "1000"))

    claim.holds("the error grows with their squared norm, at t = 5 and 1000", lambda: grows("0", "1/10"),
                wrong={"it falls": lambda: grows("1/10", "0")})  # fmt: skip


@theorem.consequence("gradient descent in $k$ steps is the flow up to $1/k$: $f$ becomes $(1-\\alpha x)^k$")
def descent(claim: Any) -> None:
    """Both through the law that the mean sees; alpha t = 2."""
    point, tau = theorem.point(), sp.Integer(2)
    keep = lambda at: sp.exp(-tau * at)  # noqa: E731

    def moments(f: Any) -> tuple[Any, Any]:
        h = lambda at: (1 - f(at)) / at  # noqa: E731
        spread = (rho + c) / rho * signal(lambda at: h(at) ** 2) + s02 * Average(f(x) ** 2 / x, cut)
        return signal(h), spread

    first = [
        signal(lambda at: tau**2 * at / 2 * keep(at)),
        (rho + c) / rho * signal(lambda at: tau**2 * keep(at) * (1 - keep(at)))
        - s02 * Average(tau**2 * x * keep(x) ** 2, cut),
    ]  # fmt: skip
    flow = [_at(form, point) for form in moments(keep)]
    claim.equal(lambda q: flow[0], lambda q: claim.value("E", q, 15), [point], "the flow itself: E")
    claim.equal(lambda q: flow[1], lambda q: claim.value("V", q, 15), [point], "the flow itself: V")
    counts = (50, 200, 800)
    found = [[_at(form, point) for form in moments(lambda at, k=k: (1 - tau * at / k) ** k)] for k in counts]

    def tends(index: int, factor: Any = 1) -> bool:
        """k times the difference is off by a multiple of 1/k."""
        limit = _at(first[index], point) * factor
        gaps = [abs((values[index] - flow[index]) * k - limit) for values, k in zip(found, counts, strict=True)]
        return all(bool(b < a / 3) for a, b in itertools.pairwise(gaps))

    for index, name in enumerate("EV"):
        claim.holds(
            f"{name}: k times the difference tends to its first order", lambda i=index: tends(i),
            wrong={"without the factor 1/2": lambda i=index: tends(i, 2), "to zero": lambda i=index: tends(i, 0)},
        )  # fmt: skip


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
    point, names = theorem.point("B"), ["E", "V", "err", "err_tr"]
    slower = {**point, "alpha": point["alpha"] / 2, "t": 2 * point["t"]}
    first, second = (predict(theorem, q, 15, names) for q in (point, slower))
    for name in names:
        claim.equal(
            lambda q, name=name: first[name], lambda q, name=name: second[name], [point],
            f"{name} at half the rate and twice the time",
        )  # fmt: skip
