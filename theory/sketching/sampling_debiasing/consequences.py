"""Row sampling without inversion bias: consequences."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, Trace

from rmtsym.fixedpoint import FixedPointSystem
from theory.sketching import enumeration, row_sampling
from theory.sketching import random_sampling_inversion_bias as law_of_sampling
from theory.sketching.random_sampling_inversion_bias import zero
from theory.sketching.row_sampling import A, C, H, Pi, d, load, m, n
from theory.sketching.sampling_debiasing.experiment import OTHERS
from theory.sketching.sampling_debiasing.statement import theorem
from theory.sketching.sampling_steps import Hi

WEIGHTS = Inverse(Identity(n) - load(Hi) * Inverse(Pi) / m)
WHITE = {C: sp.ZeroMatrix(d, d)}


@theorem.consequence("with these weights $D=1$ solves the law of row sampling")
def solves(claim: Any) -> None:
    def holds(weights: Any) -> bool | None:
        return zero(Inverse(Inverse(weights) + load(Hi) * Inverse(Pi) / m) - Identity(n))

    share = load(Hi) * Inverse(Pi) / m
    claim.holds(
        "the equation of D at D = 1", lambda: holds(WEIGHTS),
        wrong={
            "1 + l/(m pi)": lambda: holds(Identity(n) + share), "squared": lambda: holds(WEIGHTS * WEIGHTS),
            "without pi": lambda: holds(Inverse(Identity(n) - load(Hi) / m)),
        },
    )  # fmt: skip
    law, names = law_of_sampling.theorem, ("trH", "g0", "g1", "trHQHQ", "lin", "trHxMx")
    for name in ("A", "R"):
        point = theorem.point(name)

        def same(debias: str, point: Any = point) -> bool:
            full, here = law.values(law.point(**{**point, "debias": debias})), theorem.values(point)
            return all(abs(full[x] - here[x]) < 1e-9 * (1 + abs(here[x])) for x in names)

        claim.holds(
            f"all quantities at {name}, from the law with two unknowns and from H", lambda same=same: same("matrix"),
            wrong={"one number for all rows": lambda same=same: same("scalar")},
        )  # fmt: skip


@theorem.consequence("sampling by exact leverage: one number for all rows, $m/(m-d_{\\mathrm{eff}})$")
def by_leverage(claim: Any) -> None:
    c = sp.Symbol("c", positive=True)

    def holds(weight: Any) -> bool | None:
        return zero(WEIGHTS.xreplace({Pi: load(Hi) / c}) - weight * Identity(n))

    claim.holds(
        "with d_eff = c", lambda: holds(m / (m - c)),
        wrong={"m/(m + c)": lambda: holds(m / (m + c)), "m/(m - c - 1)": lambda: holds(m / (m - c - 1))},
    )  # fmt: skip


@theorem.consequence(
    "there, without a ridge, the response is $d/(m-d)$: the error is $\\|r\\|^2d/(m-d)$, and $\\theta_2=m/(m-d)$"
)
def error_by_leverage(claim: Any) -> None:
    plain, one = Inverse(A.T * A), Identity(n)

    def holds(value: Any) -> bool | None:
        inside = load(plain * (A.T * A + A.T * (value * one) * A) * plain) * Inverse(load(plain) / d) / m
        return zero(inside - value * one)

    claim.holds(
        "the constant solves the equation of E", lambda: holds(d / (m - d)),
        wrong={"d/m": lambda: holds(d / m), "that of a Gaussian sketch": lambda: holds(d / (m - d - 1))},
    )  # fmt: skip
    point = theorem.point(scheme="lev", n=400, d=4, m=20)
    claim.holds(
        "second moment at d = 4, m = 20", lambda: abs(theorem.values(point)["trHQHQ"] - 20 / 16) < 1e-9,
        wrong={"the cube": lambda: abs(theorem.values(point)["trHQHQ"] - (20 / 16) ** 3) < 1e-9},
    )  # fmt: skip


@theorem.consequence(
    "the response exists: its feedback has row sums $(\\ell_i-a_i^\\top H^{-1}CH^{-1}a_i)/(m\\pi_i)"
    "\\le\\ell_i/(m\\pi_i)<1$"
)
def feedback(claim: Any) -> None:
    sums = load(Hi * A.T * A * Hi)  # of the squared entries of A H^{-1} A', row by row
    claim.identity(
        Eq(sums, load(Hi) - load(Hi * C * Hi), evaluate=False), wrong=[load(Hi), load(Hi) + load(Hi * C * Hi)]
    )
    point = law_of_sampling.theorem.point(n=60, d=4, lam=5)
    made = row_sampling.of(point)
    inverse = np.linalg.inv(made.A.T @ made.A + made.C)
    squares = (made.A @ inverse @ made.A.T) ** 2
    ridge = 5 * np.sum((made.A @ inverse) ** 2, axis=1)

    def holds(least: int) -> bool:
        """Row sums of one design with a ridge, and the spectral radius of the feedback, m the next integer or less."""
        m = least * int(np.max(made.leverage / made.pi) + 1) // 4
        found = squares / (m * made.pi)[:, None]
        same = np.allclose(squares.sum(axis=1), made.leverage - ridge)
        return bool(same and np.all(found.sum(axis=1) < 1) and np.max(abs(np.linalg.eigvals(found))) < 1)

    claim.holds("row sums of one design with a ridge, all below one at the least m allowed", lambda: holds(4),
                wrong={"a quarter of it": lambda: holds(1)})  # fmt: skip


@theorem.consequence(
    "$m>\\max_i\\ell_i/\\pi_i$ is needed: with fewer draws weights are negative, and single sketches decide the mean "
    "square; just above the bound they do not"
)
def enough_draws(claim: Any) -> None:
    made = row_sampling.of(law_of_sampling.theorem.point(n=1000))
    load_, ones = made.leverage / made.pi, np.ones(1000)

    def largest(draws: int) -> float:
        """Share of the largest in the mean of tr Q^2 over a thousand sketches."""
        sketches = row_sampling.Sketches(made, draws, draws / (draws - load_), ones, "gram")
        rng = np.random.default_rng(draws)
        found = [sketches.draw(rng, 1)["trHQHQ"] for _ in range(1000)]
        return max(found) / sum(found)

    claim.holds(
        "just above the bound of 192.1 no sketch in a thousand has a share above 1 %, m = 193",
        lambda: bool(np.min(193 - load_) > 0) and largest(193) < 0.01,
        wrong={"m = 80, 67 weights negative": lambda: bool(np.sum(load_ > 80) != 67) or largest(80) < 0.01},
    )


@theorem.consequence(
    "with $n$ and $d$ fixed a bias $-\\frac1mH^{-1}A^\\top AH^{-1}A^\\top AH^{-1}$ is left: the fixed total"
)
def fixed_dimension(claim: Any) -> None:
    quarter = Fraction(1, 4)
    case = enumeration.Case(((1, 1), (0, 1), (2, -1)), Fraction(2), (quarter, quarter, 2 * quarter))

    middle = case.variance() - case.variance(total=False)

    def order(claimed: float, debias: bool = True, total: int = 1) -> bool:
        found = []
        for draws in (32, 64):
            share = [x / p / draws for x, p in zip(case.leverage, case.pi, strict=True)]
            weights = [1 / (1 - x) for x in share] if debias else None
            found.append(case.distance(draws, weights, middle * total))
        return abs(np.log2(found[0] / found[1]) - claimed) < 0.15

    claim.holds(
        "in rational numbers, 32 and 64 draws: what remains beyond it is of order 2", lambda: order(2),
        wrong={"without that term": lambda: order(2, total=0), "without the weights": lambda: order(2, debias=False)},
    )  # fmt: skip


@theorem.consequence("other weights leave a bias: their roots, their squares, the wrong sign")
def other_weights(claim: Any) -> None:
    def holds(name: str = "") -> bool:
        return abs(trace_with(name, theorem.point("A")) - 1) < 1e-9

    claim.holds("the law of sampling gives trace one at A", holds,
                wrong={name: lambda name=name: holds(name) for name in (*OTHERS, "without pi")})  # fmt: skip


def trace_with(name: str, point: Any) -> float:
    """The law of sampling with other weights."""
    made = row_sampling.of(point)
    w = row_sampling.weights({**point, "debias": "matrix"})
    if name == "without pi":
        w = 1 / (1 - made.leverage / point["m"])
    elif name:
        w = OTHERS[name](w, made.leverage / made.pi / point["m"])
    return trace_of({**theorem.bound(point), "W": row_sampling.Diagonal(w)})


def trace_of(bound: Any) -> float:
    """The trace by the law of sampling, without what is quadratic."""
    from rmtsym.fixedpoint import solve

    law = law_of_sampling.statement()
    system = FixedPointSystem(law.unknowns[:1], law.equations[:1], {"trH": Trace(H * law_of_sampling.Q) / d})
    return float(solve(system, bound)["trH"])


@theorem.consequence(
    "after random signs and a Hadamard transform one number is enough, under uniform sampling too: what it leaves "
    "falls like $1/d$"
)
def rotated(claim: Any) -> None:
    law = law_of_sampling.theorem

    def left(kind: str, columns: int) -> float:
        """Mean of three designs with five draws for each column."""
        size = dict(n=256 * columns // 5, d=columns, m=5 * columns)
        points = [law.point(kind=kind, debias="scalar", design_seed=seed, **size) for seed in range(3)]
        return float(np.mean([trace_of(law.bound(point)) for point in points])) - 1

    @lru_cache(maxsize=2)
    def slope(kind: str) -> float:
        return float(np.log2(left(kind, 20) / left(kind, 10)))

    claim.holds(
        "m/(m - d) at m = 5d, d = 10 and 20: the local exponent is -1 within 0.15 (three designs)",
        lambda: abs(slope("hadamard2") + 1) < 0.15,
        wrong={"without the transform": lambda: abs(slope("gauss2") + 1) < 0.15},
    )
