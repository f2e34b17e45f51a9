"""Row sampling without inversion bias: derivation, step by step."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Trace

from rmtsym.field.evaluate import evaluate
from rmtsym.theorem import Evidence
from theory.sketching import enumeration, sampling_steps
from theory.sketching import random_sampling_inversion_bias as law_of_sampling
from theory.sketching.row_sampling import A, D, W, b, d, n
from theory.sketching.sampling_debiasing.experiment import sketches
from theory.sketching.sampling_debiasing.statement import statement, theorem
from theory.sketching.sampling_steps import Hi, Problem, xbar


@lru_cache(maxsize=8)
def problem(size: int, scheme: str) -> Problem:
    """Rows of two sizes, eight draws for each column."""
    from rmtsym.fixedpoint import solve

    point = theorem.point(m=size, n=size**2 // 8, d=size // 8, ratio=2, scheme=scheme)
    found = solve(statement(), theorem.bound(point))
    return Problem(sketches(point, size)[0], found.values, np.ones(point["n"]))


@lru_cache(maxsize=32)
def response_quotient(metric: str, steps: int) -> float:
    """Mean weights when the ridge grows along a matrix and the weights stay, less the response."""
    from rmtsym.fixedpoint import solve

    point = theorem.point(m=40, n=60, d=5, lam=1, ratio=2, scheme="mix", metric=metric)
    bound = theorem.bound(point)
    here, law = solve(statement(), bound), law_of_sampling.statement()
    moved = {**bound, "W": here["W"], "C": bound["C"] + bound["M"] / steps}
    return float(np.mean((solve(law, moved)["D"].entries - 1) * steps - here["E"].entries))


CASE = enumeration.Case(((1, 2), (0, 1), (2, -1)), Fraction(1), (Fraction(1, 2), Fraction(1, 3), Fraction(1, 6)))


def counted(claim: Eq) -> Evidence:
    """Check of a mean over draws: every vector of counts of a small case, with any weights."""
    weights = (Fraction(2), Fraction(1), Fraction(3))
    inverse, total = CASE.H.inv(), 0.0
    for counts, probability in enumeration.counts(2, CASE.pi):
        share = [w * k / (2 * p) for w, k, p in zip(weights, counts, CASE.pi, strict=True)]
        product = CASE.weighted(share) * inverse
        total += float(probability) * sum(float(product[i, i].p) / float(product[i, i].q) for i in range(2))
    bound = {"A": np.array(CASE.rows, dtype=float), "C": np.eye(2), "W": np.diag(np.array(weights, dtype=float))}
    value = float(evaluate(claim.rhs, {**bound, "m": 2.0}))
    return Evidence.of(abs(value - total / 2) < 1e-12, "enumeration of all draws", resolution=1e-12)


@theorem.derivation
def derivation(proof: Any) -> None:
    """Ask for mean weights of one; the law of sampling then says what the weights have to be."""
    asked = proof.define(Eq(D, Identity(n), evaluate=False), "what is asked for: on average every row counts once")
    steps = sampling_steps.derive(proof, problem, response_quotient)
    away = sp.MatrixSymbol("v", d, 1)
    end = [
        proof.define(
            Eq(sp.Symbol("bias_removed"), 1 - Trace(away.T * (xbar - Hi * A.T * b)), evaluate=False),
            "v is A'A times the bias of the plain sketch, over the square of its norm",
        ),
        proof.moment(
            "mean of the counts", Eq(sp.Symbol("load"), Trace(A.T * W * A * Hi) / d),
            "row i is drawn m pi_i times in the mean: exact for every m", check=counted,
        ),
    ]  # fmt: skip
    proof.conclude("weights, and every quantity", uses=[asked, *steps, *end])
