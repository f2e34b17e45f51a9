"""Inverse moments of a Gaussian sketch: derivation, step by step."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, Inverse, MatrixSymbol, Trace

from theory.sketching.gaussian_sketch_inverse_moments.statement import FACTORS, d, k, m, q, theorem, theta1, theta2

X = MatrixSymbol("X", m, d)  # sqrt(m) S A H^{-1/2}
B, C, L = (MatrixSymbol(name, d, d) for name in "BCL")
R = Inverse(X.T * X)  # of the Wishart matrix
p, p_t, b, c, r, r_t, r_c, u, u_t, s = sp.symbols("p p_t b c r r_t r_c u u_t s")
MEANS = {
    **{p: Trace(B * C), p_t: Trace(B.T * C), b: Trace(B), c: Trace(C)},  # constants
    **{r: Trace(B * R * C), r_t: Trace(B.T * R * C), r_c: Trace(R * C)},
    **{u: Trace(R * B * R * C), u_t: Trace(R * B.T * R * C), s: Trace(R * B) * Trace(R * C)},
}


@theorem.derivation
def derivation(proof: Any) -> None:
    """Whiten, integrate three fields by parts, solve, and specialise the matrices B and C."""
    size = proof.define(Eq(k, m - d), "excess of rows")
    sketch = L.T * X.T * X * L  # m A'S'SA for A'A = L'L
    white = proof.identity(
        "whitening",
        [
            Eq(Trace(L.T * L * Inverse(sketch)), Trace(R), evaluate=False),
            Eq(Trace(L.T * L * Inverse(sketch) * L.T * L * Inverse(sketch)), Trace(R * R), evaluate=False),
        ],
        "A = UL with orthonormal columns U; the entries of X = sqrt(m) SU are independent N(0, 1)",
    )
    boundary = proof.assume(
        "no boundary terms",
        "the fields below and their divergences are integrable for m > d + 3",
        "L. R. Haff (1979): near zero the density of the smallest eigenvalue falls like its power (m - d - 1)/2",
        uses=[white],
    )

    def parts(name: str, claim: Eq, field: Any, reason: str) -> Any:
        return proof.parts(name, claim, reason, field=field, of=X, means=MEANS, uses=[size, boundary])

    first = parts("first moment", Eq((k - 1) * r, p), X * R * C * B, "E tr(BW^{-1}C), for all constant B and C")
    solved = proof.substitute(
        "second moments",
        Eq(u, ((k - 2) * p + p_t + b * c) / (k * (k - 1) * (k - 3))),
        "three linear equations; B and C are arbitrary, so this is the matrix identity",
        uses=[
            first,
            parts("first moment, B transposed", Eq((k - 1) * r_t, p_t), X * R * C * B.T, "the same"),
            parts("first moment, B = I", Eq((k - 1) * r_c, c), X * R * C, "the same"),
            parts(
                "two inverses",
                Eq((k - 1) * u - u_t - s, r),
                X * R * B * R * C,
                "u = E tr(W^{-1}BW^{-1}C), u_t with B transposed, s = E tr(W^{-1}B) tr(W^{-1}C)",
            ),
            parts("two inverses, B transposed", Eq((k - 1) * u_t - u - s, r_t), X * R * B.T * R * C, "the same"),
            parts(
                "two traces", Eq((k - 1) * s - u - u_t, b * r_c), Trace(R * C) * X * R * B, "a random factor in front"
            ),
        ],
    )
    product = proof.substitute(
        "product of traces",
        Eq(s, ((k - 2) * b * c + p + p_t) / (k * (k - 1) * (k - 3))),
        "from the same equations",
        uses=[*solved.uses],
    )

    # special matrices
    trace2, sym, skew = sp.symbols("trace2 sym skew")
    unit = {p: d, p_t: d, b: d, c: d}
    end = [
        size,
        proof.continuity("B = C = I, one inverse", first, {**unit, r: d * theta1 / m}, "tr BC = d"),
        proof.continuity("B = C = I", solved, {**unit, u: d * theta2 / m**2}, "tr BC = tr B'C = tr B = tr C = d"),
        proof.continuity("B = C = I, two traces", product, {**unit, s: d**2 * trace2 / m**2}, "the same"),
        proof.continuity(
            "symmetric B", solved, {p: 1, p_t: 1, b: 0, c: 0, u: sym / m**2}, "C = B' of norm one, tr B = 0"
        ),
        proof.continuity(
            "skew-symmetric B", solved, {p: 1, p_t: -1, b: 0, c: 0, u: skew / m**2}, "C = B' of norm one, B' = -B"
        ),
    ]
    Y = [MatrixSymbol(f"Y{i}", d, d) for i in range(3)]
    mean = (Y[0] + Y[1] + Y[2]) / 3
    pairs = sum(Trace(Y[i] * Y[j]) for i in range(3) for j in range(3) if i != j)
    square = proof.identity(
        "square of an average",
        Eq(Trace(mean * mean), (sum(Trace(y * y) for y in Y) + pairs) / 9),
        "of q copies: q squares, and q(q-1) products of independent copies with means theta_1 I; here q = 3",
    )
    for name, factor in FACTORS.items():
        error = factor**2 * (theta2 / q + (1 - 1 / q) * theta1**2) - 2 * factor * theta1 + 1
        end.append(proof.define(Eq(sp.Symbol(name), error), f"rescaled by {factor}", uses=[square]))
    proof.conclude(uses=end)
