"""Distances between two covariances: what follows."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from rmtsym.spectrum import linear_statistic, wachter
from rmtsym.theorem import get
from rmtsym.theorem.theorem import predict
from theory.spectra.covariance_distances import estimators
from theory.spectra.covariance_distances.experiment import at_size, one_sample
from theory.spectra.covariance_distances.statement import nu, theorem

FUNCTIONS: dict[str, Callable[[Any], Any]] = {
    "t": lambda t: t,
    "log": np.log,
    "log1p": lambda t: np.log(1 + t),
    "fisher": lambda t: np.log(t) ** 2,
}


@cache
def _spectra(name: str) -> tuple[np.ndarray, np.ndarray, int, int]:
    """Eigenvalues of the quotient and of the product at a default point in dimension 32, and the numbers of samples."""
    here = at_size(theorem.point(name), 32)
    return *one_sample(here, 1), here["n1"], here["n2"]


@theorem.consequence("for every sample, at every size, the estimates are the published contour integrals")
def contour(claim: Any) -> None:
    for name in ("C", "D"):
        quotient, _, n1, n2 = _spectra(name)
        found = estimators.of_quotient(quotient, n1, n2)

        def same(function: str, first: int, second: int, found: Any = found, values: Any = quotient) -> bool:
            integral = estimators.by_contour(values, first, second, FUNCTIONS[function])
            return abs(found[function] - integral) < 1e-9 * max(1.0, abs(integral))

        for function in FUNCTIONS:
            claim.holds(
                f"{function} of a sample at {name}",
                lambda function=function, same=same, a=n1, b=n2: same(function, a, b),
                wrong={"one sample less": lambda function=function, same=same, a=n1, b=n2: same(function, a - 1, b)},
            )


@theorem.consequence(
    "equal sample sizes: the mean root of the product is estimated by "
    "$\\frac{2n}{p}\\sum(\\sqrt{\\lambda_i}-\\sqrt{\\zeta_i})$"
)
def closed_root(claim: Any) -> None:
    _, product, n, _ = _spectra("D")
    closed = estimators.equal_sizes(product, n)

    def same(other: int) -> bool:
        return abs(estimators.of_product(product, n, other) - closed) < 1e-10 * closed

    claim.holds("at a sample", lambda: same(n), wrong={"one sample more": lambda: same(n + 1)})


@theorem.consequence("$C_1=C_2$: every distance is 0, but the plug-in values are those of the law of Wachter")
def equal_covariances(claim: Any) -> None:
    points = [theorem.point("A", r2="1/5", p=24, n1=a, n2=b) for a, b in ((96, 72), (48, 120))]

    def law(point: Any) -> Any:
        return wachter(Fraction(point["p"], point["n1"]), Fraction(point["p"], point["n2"]))

    claim.equal(lambda p: claim.value("naive_t", p), lambda p: law(p).moments(1)[0], points, "mean of Wachter's law")

    def none(point: Any) -> bool:
        values = theorem.values(point)
        return max(abs(values[name]) for name in ("log", "fisher", "kl", "bhatt", "wass")) < 1e-12

    def plugged(value: str) -> bool:
        gaps = [theorem.values(p)[value] - float(linear_statistic(law(p), "log(x)", 12)) for p in points]
        return max(map(abs, gaps)) < 1e-10

    claim.holds("all distances", lambda: all(map(none, points)), wrong={"of A": lambda: none(theorem.point("A"))})
    claim.holds("mean logarithm of Wachter's law", lambda: plugged("naive_log"), wrong={"log": lambda: plugged("log")})


@theorem.consequence(
    "exchange of the two: Fisher, Bhattacharyya and Wasserstein are distances, the logarithm changes its sign"
)
def exchange(claim: Any) -> None:
    points = [theorem.point("C"), theorem.point("D", n1=256), theorem.point("B")]

    def swapped(p: Any) -> Any:
        return {**p, "s1": p["s2"], "s2": p["s1"], "r1": p["r2"], "r2": p["r1"], "n1": p["n2"], "n2": p["n1"]}

    for name in ("fisher", "bhatt", "wass"):
        claim.equal(lambda p, k=name: claim.value(k, p), lambda p, k=name: claim.value(k, swapped(p)), points, name)
    claim.equal(lambda p: claim.value("log", p), lambda p: -claim.value("log", swapped(p)).ball, points, "log")


def _toeplitz_log(point: Any) -> Fraction:
    """Ratio of the determinants of two Toeplitz matrices, of entries r^|i-j|, to the power 1/(p - 1)."""
    return (1 - point["r2"] ** 2) / (1 - point["r1"] ** 2)


@theorem.consequence(
    "the determinants of Toeplitz matrices are known: "
    "a routine for symmetric matrices, applied to $C_1^{-1}C_2$, gets them wrong"
)
def determinants(claim: Any) -> None:
    point = theorem.point("E")
    laws = theorem.bound(point)
    exact = (1 - 1 / point["p"]) * float(np.log(float(_toeplitz_log(point))))

    def right(name: str) -> bool:
        values, weights = laws[name].quadrature(nu)
        return abs(float(weights @ np.log(values["r"])) / exact - 1) < 1e-12

    claim.holds("mean logarithm at p = 8", lambda: right("nu"), wrong={"its lower triangle": lambda: right("triangle")})


@theorem.consequence("Toeplitz matrices: $D_F=L^2+2\\sum_k(r_1^k-r_2^k)^2/k^2+O(1/p)$, $L$ the limit of $D_{\\log t}$")
def long_range(claim: Any) -> None:
    point = theorem.point("A", p=64, n1=256, n2=512)
    size = {"p": 32, "n1": 128, "n2": 256}
    orders = np.arange(1, 60)
    a, b = float(point["r1"]), float(point["r2"])
    limit = np.log((1 - b * b) / (1 - a * a)) ** 2 + 2 * np.sum((a**orders - b**orders) ** 2 / orders**2)

    def near(value: float) -> bool:
        twice = 2 * theorem.values(point)["fisher"] - theorem.values({**point, **size})["fisher"]
        return abs(twice / value - 1) < 1e-10

    claim.holds(
        "twice the value at 64 less that at 32",
        lambda: near(limit),
        wrong={"1e-9 off": lambda: near(limit * (1 + 1e-9))},
    )


@theorem.consequence("many samples: the plug-in values are right")
def many_samples(claim: Any) -> None:
    base = theorem.point("E")
    expected = theorem.values(base)
    for quantity, target in (("naive_t", "t"), ("naive_log", "log")):
        claim.limit(
            quantity, lambda eps: {"n1": int(8 / eps), "n2": int(16 / eps)}, float(expected[target]), point=base,
            text=f"{quantity} tends to {target}",
        )  # fmt: skip


@theorem.consequence(
    "with the second population known ($n_2\\to\\infty$) one sample remains: the plug-in mean is that of its inverse"
)
def one_known(claim: Any) -> None:
    """tr C1^^{-1} C2/p for C2 = C1: the mean of 1/x under the sample-covariance law, its resolvent at zero."""
    model = get("sample-covariance")

    def inverse_mean(c: Fraction) -> float:
        point = model.point("A", t="1", w="1", c=c, lam=Fraction(1, 10**12))
        return float(predict(model, point, 20, ["m"])["m"])

    def same(factor: float) -> bool:
        point = theorem.point("A", r2="1/5", p=24, n1=96)
        return abs(theorem.values(point)["naive_t"] * factor / inverse_mean(Fraction(1, 4)) - 1) < 1e-10

    claim.holds("at C2 = C1", lambda: same(1.0), wrong={"1e-9 off": lambda: same(1 + 1e-9)})
