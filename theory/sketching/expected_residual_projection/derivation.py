"""Expected residual projection of a random sketch: derivation, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate.ensembles import entries
from theory.sketching.expected_residual_projection.statement import (
    DIRECTIONS,
    T,
    columns,
    gamma,
    k,
    kappa,
    lam,
    n,
    nu,
    ratio,
    s,
    theorem,
)


def equivalent() -> Equivalent:
    """Traces of lambda (R'R + lambda)^{-1} for Gaussian rows R of covariance A'A, against four diagonal matrices."""
    sketched = Gaussian("S", Space("rows", ratio), columns) @ Deterministic(sp.sqrt(s), columns)
    resolvent = inverse(sketched.T @ sketched + lam)
    letters = {"residual": s, **{f"along_{x}": x for x in DIRECTIONS.values()}}
    return deterministic_equivalent({q: lam * (Deterministic(x, columns) @ resolvent) for q, x in letters.items()})


def _one_row(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residual projection of size/2 rows of signs, times A with a linear spectrum; one more row; the spectrum."""
    values = np.arange(size, 0, -1) / size
    rows = entries(rng, (size // 2 + 1, size), "rad") * np.sqrt(values)
    basis = np.linalg.qr(rows[1:].T)[0]
    return np.eye(size) - basis @ basis.T, rows[0], values


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    projection, x, values = _one_row(rng, size)
    return float(x @ projection @ x / (np.diag(projection) @ values)) - 1


def _balance(rng: np.random.Generator, size: int) -> float:
    projection, _, values = _one_row(rng, size)
    diagonal = np.diag(projection)
    scale = (size // 2) / float(diagonal @ values)
    return float(np.mean((1 - diagonal - scale * values * diagonal) * values))


@theorem.derivation
def derivation(proof: Any) -> None:
    """The projection as a ridge resolvent without ridge; the engine's equation; its limit."""
    a, b = sp.symbols("a b", integer=True, positive=True)  # rows, columns
    R, x, M = MatrixSymbol("R", a, b), MatrixSymbol("x", b, 1), MatrixSymbol("M", b, b)
    row_space = R.T * Inverse(R * R.T + lam * Identity(a)) * R
    ridge = proof.identity(
        "ridge",
        Eq(lam * Inverse(R.T * R + lam * Identity(b)), Identity(b) - row_space, evaluate=False),
        "R = SA; for lambda = 0 the right side is the projection that annihilates the rows of R",
    )
    projection = Identity(b) - R.T * Inverse(R * R.T) * R
    annihilates = proof.identity(
        "residual projection",
        [
            Eq(projection * projection, projection, evaluate=False),
            Eq(R * projection + R, R, evaluate=False),
        ],
        "idempotent, zero on the rows of R",
        wrong=[2 * projection, Identity(b)],
        uses=[ridge],
    )
    more = proof.identity(
        "one row out",
        Eq(Inverse(M + x * x.T) * x * (Identity(1) + x.T * Inverse(M) * x), Inverse(M) * x, evaluate=False),
        "M = R'R + lambda; in the limit x contributes P_perp x x'/(x'P_perp x) to P, with P_perp taken without x",
    )
    lemma = proof.asymptotic(
        "trace lemma",
        "x'P_perp x = tr(A P_perp A')",
        "one row x, here of signs, is independent of P_perp without it",
        deviation=_trace_lemma,
        sizes=(32, 64, 128, 256),
        replicates=256,
        uses=[more, annihilates],
    )
    balance = proof.asymptotic(
        "balance",
        "E P = gamma E[P_perp] A'A, gamma = k / E tr(A P_perp A')",
        "sum of the k rows; here of signs",
        deviation=_balance,
        exponent=-1.0,
        sizes=(32, 64, 128, 256),
        replicates=256,
        uses=[lemma],
    )
    universal = proof.assume(
        "only the second moment of a row counts",
        "E P_perp has the same equivalent for sub-Gaussian and for Gaussian rows, with or without a vanishing ridge",
        "M. Derezinski, F. Liang, Z. Liao, M. W. Mahoney (2020), Theorem 1",
        uses=[balance],
    )
    rows = proof.define(Eq(ratio, k / n), "rows per column", name="rows per column")
    engine = proof.engine(
        "engine, with ridge", equivalent(), "Gaussian rows of covariance A'A", uses=[ridge, universal]
    )
    no_ridge = proof.continuity(
        "ridge to zero", engine, {lam: 0}, "with k < n the root stays positive", uses=[annihilates]
    )
    scale = proof.define(Eq(gamma, 1 / kappa), "the ridge per unit of projection, inverted")
    traces = proof.substitute(
        "in the new unknown",
        [
            Eq(k, n * Average(gamma * s / (1 + gamma * s), nu)),
            Eq(sp.Symbol("residual"), k / (n * gamma)),
            *(Eq(sp.Symbol(f"along_{x}"), Average(x / (1 + gamma * s), nu)) for x in DIRECTIONS.values()),
        ],
        "ridge and kappa tend to zero together, gamma stays; the first trace by the equation",
        uses=[no_ridge, scale, rows],
    )
    slow = sp.Symbol("Pperpn")
    parts = [traces, proof.define(Eq(sp.Symbol("lra"), n * sp.Symbol("residual")), "|A - AP|^2 = tr(A P_perp A')")]
    for name, letter in DIRECTIONS.items():
        along = sp.Symbol(f"along_{letter}")
        parts.append(proof.define(Eq(sp.Symbol(name), along / Average(letter, nu)), f"the {letter} direction"))
    parts += [
        proof.define(Eq(sp.Symbol("rho"), 1 - slow), "the smallest of the entries of E P is the last"),
        proof.define(Eq(sp.Symbol("mean_component"), slow**T), "the error is multiplied by T independent P_perp"),
    ]
    proof.conclude(uses=parts)
