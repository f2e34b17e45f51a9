"""Clustering with sparse and quantised kernels: handwritten digits, and a cut too high for the sizes at hand."""

from __future__ import annotations

from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np

from theory.kernels.sparse_quantized_phase_transition.draws import applied, data, kernel, top
from theory.kernels.sparse_quantized_phase_transition.forms import effective_signal
from theory.kernels.sparse_quantized_phase_transition.statement import theorem
from theory.regression.datasets import load

SAMPLES, DRAWS = 256, 6


@cache
def digits(f: str, s: str = "1") -> tuple[float, float]:
    """Squared cosine of the leading vector and the digits 3 and 8, and the share of wrong signs; means of six draws.

    The inner products are divided by their root mean square, which takes the place of sqrt(p).
    """
    point, found = theorem.point("A", f=f, s=s), []
    for seed in range(DRAWS):
        x, _, v, _ = load("digits", 64, SAMPLES, 2, seed=seed)
        inner = x.T @ x
        np.fill_diagonal(inner, 0)
        table = applied(point, inner * SAMPLES / np.linalg.norm(inner))
        np.fill_diagonal(table, 0)
        vector = top(table, v)[1]
        found.append((float(vector @ v) ** 2 / SAMPLES, float(np.mean(vector * v < 0))))
    return float(np.mean([a for a, _ in found])), float(np.mean([e for _, e in found]))


def by_theory(f: str, s: str = "1") -> float:
    """Squared cosine at c = 1/4 for the signal that gives the linear kernel the one that it has on the digits."""
    share, ratio = digits("linear")[0], 64 / SAMPLES
    signal = max(np.roots([1 - share, -share, -ratio]).real)  # (rho^2 - c)/(rho (1 + rho)) = share
    point = theorem.point("A", f=f, s=s, c=Fraction(ratio), rho=Fraction(float(signal)))
    return float(theorem.values(point)["alignment"])


@theorem.consequence(
    "digits 3 and 8: signs, two bits, or large entries only misclassify as many as the whole kernel, 6.4 %, to one in "
    "a hundred; the squared cosine is *not* the stated one: 0.14 less when sparse and 0.07 more for signs, where the "
    "formula allows less than 0.01 below that of the whole kernel. A cut at $s=3/2$ misclassifies even fewer, 4.9 %, "
    "at a squared cosine of 0.22 only"
)
def real_digits(claim: Any) -> None:
    cheap = (("sparse", "0.8"), ("binary", "0.43"), ("quantized", "0.7"), ("sign", "1"))

    def close(*which: tuple[str, str]) -> bool:
        return all(abs(digits(*one)[1] - digits("linear")[1]) < 0.01 for one in which)

    claim.holds(
        "share of wrong signs: sparse, binary, quantized and sign, within 0.01 of the whole kernel",
        lambda: close(*cheap) and 0.06 < digits("linear")[1] < 0.07,
        wrong={"a cut at s = 3/2, sparse": lambda: close(("sparse", "1.5")),
               "a cut at s = 3/2, binary": lambda: close(("binary", "1.5"))},
    )  # fmt: skip

    def printed(cosine: str, wrong: str) -> bool:
        return (f"{digits('sparse', '1.5')[0]:.2f}", f"{digits('sparse', '1.5')[1]:.1%}") == (cosine, wrong)

    claim.holds(
        "sparse at s = 3/2: squared cosine 0.22, wrong signs 4.9 %", lambda: printed("0.22", "4.9%"),
        wrong={"0.23": lambda: printed("0.23", "4.9%"), "5.0 %": lambda: printed("0.22", "5.0%")},
    )  # fmt: skip

    def beyond(one: tuple[str, str], low: float, high: float) -> bool:
        return low < digits(*one)[0] - digits("linear")[0] < high

    claim.holds(
        "squared cosine: sparse less by 0.12 to 0.15, sign more by 0.05 to 0.08",
        lambda: beyond(cheap[0], -0.15, -0.12) and beyond(cheap[3], 0.05, 0.08),
        wrong={"as the formula says, sparse": lambda: beyond(cheap[0], -0.01, 0.0),
               "as the formula says, sign": lambda: beyond(cheap[3], -0.01, 0.0)},
    )  # fmt: skip
    claim.holds(
        "the formula: at most 0.01 less than the whole kernel for all four",
        lambda: all(-0.01 < by_theory(*one) - by_theory("linear") < 0 for one in cheap),
        wrong={"at s = 3/2, too": lambda: -0.01 < by_theory("binary", "1.5") - by_theory("linear") < 0},
    )


@cache
def excess(p: int) -> tuple[float, float, float]:
    """Relative excess of the eigenvalue of a sparse kernel (s = 3/2, rho = 4, c = 1/2) with its standard error.

    The third number is the part that the signal of the mean entry explains.
    """
    point, rng = theorem.point("A", s="3/2", rho="4"), np.random.default_rng([8, p])
    limit, found = float(theorem.values(point)["eig"]), []
    for _ in range(24):
        noise, v, mean = data(rng, p, 2 * p, 4.0)
        table = kernel(partial(applied, point), (noise + np.outer(mean, v)).astype(np.float32))
        found.append(top(table, v + noise.T @ mean)[0] / limit - 1)
    acting = theorem.values({**point, "rho": Fraction(effective_signal(point, p))})
    return float(np.mean(found)), float(np.std(found, ddof=1) / np.sqrt(24)), float(acting["eig"]) / limit - 1


@theorem.consequence(
    "a high cut is slow: at $s=3/2$, $\\rho=4$, $c=1/2$ the sparse kernel's eigenvalue is a fifth too large at $p=250$ "
    "and a tenth at $p=500$; the signal of the mean entry explains 7 % and 4 %, more than half comes from elsewhere "
    "and is not derived here"
)
def high_cut(claim: Any) -> None:
    def more_than(multiple: float, p: int) -> bool:
        found, error, explained = excess(p)
        return found - multiple * explained > 3 * error

    for p, size, part in ((250, 0.2, 0.07), (500, 0.1, 0.04)):
        claim.holds(
            f"p = {p}: the excess is over twice the explained part, by three standard errors",
            partial(more_than, 2.0, p), wrong={"over four times": partial(more_than, 4.0, p)},
        )  # fmt: skip
        claim.holds(
            f"p = {p}: the excess and its explained part, as said", partial(said, p, size, part),
            wrong={"all of it explained": partial(said, p, size, size), "half": partial(said, p, size / 2, part)},
        )  # fmt: skip


def said(p: int, size: float, part: float) -> bool:
    """Whether the two rounded figures are right: to three standard errors, and to half a unit."""
    found, error, explained = excess(p)
    return abs(found - size) < 3 * error and abs(explained - part) < 0.005
