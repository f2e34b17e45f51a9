r"""The law of row sampling, step by step: one draw left out, then a ridge that grows a little.

.. math::  D_i=\Big(\frac1{w_i}+\frac{a_i^\top\bar Qa_i}{m\pi_i}\Big)^{-1},\qquad \bar Q=(A^\top DA+C)^{-1},\qquad
           E\,\tilde QM\tilde Q\simeq\bar Q(M+A^\top EA)\bar Q .

The rates are observed at a problem that the theorem chooses: its weights, and what it says of them.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.field.diagonal import DiagonalPart
from theory.sketching.row_sampling import A, C, D, E, H, M, Pi, Q, Sketches, T, W, b, d, indices, load, m, n

Hi = Inverse(H)
Qbar, Q2 = MatrixSymbol("Qbar", d, d), MatrixSymbol("Q_2", d, d)
xbar = MatrixSymbol("xbar", d, 1)


def energy(metric: Any, mean: Any = Q * A.T * D * b) -> sp.Expr:
    """Squared distance of the mean estimator from the full solution."""
    gap = mean - Hi * A.T * b
    return Trace(metric * gap * gap.T)


def scatter(mean: Any = Q * A.T * D * b) -> sp.Expr:
    """What the randomness of the rows adds: residuals of the mean estimator, weighted by the response."""
    rest = b - A * mean
    return Trace(E * rest * rest.T)


class Problem:
    """Sketches of a design, the values that a theory gives them, and its mean inverse (whitened).

    Parameters
    ----------
    sketch : Sketches
    values : mapping
        ``g0``, ``lin``, ``trHxMx``, and the diagonal matrix ``E``.
    mean : array of shape (n,)
        Mean weights of the rows.
    """

    def __init__(self, sketch: Sketches, values: Mapping[str, Any], mean: np.ndarray) -> None:
        self.sketch, self.values, self.weights = sketch, values, mean
        self.mean = np.linalg.inv(sketch.white.T @ (mean[:, None] * sketch.white) + sketch.ridge)


class Sample:
    """One sketch of a problem without a ridge, for the rates of the asymptotic steps."""

    def __init__(self, rng: np.random.Generator, problem: Problem) -> None:
        self.sketch, self.values, self.mean, size = problem.sketch, problem.values, problem.mean, problem.sketch.m
        s = self.sketch
        self.d = s.white.shape[1]
        picked = indices(rng, s.pi, size, 1)[0]
        self.rows, self.share, self.rest = s.white[picked], s.share[picked], s.residual[picked]
        self.shrunk = 1 - problem.weights[picked] / s.weights[picked]
        self.inverse = np.linalg.inv(self.rows.T @ (self.share[:, None] * self.rows))

    def form(self) -> float:
        """Forms of fresh rows in the inverse, less the same in the mean inverse: root mean square over the rows."""
        s = self.sketch
        gaps = np.sum((s.white @ (self.inverse - self.mean)) * s.white, axis=1) * s.share
        return float(np.sqrt(s.pi @ gaps**2))

    def count(self) -> float:
        """Forms of the drawn rows in the inverse, less what leaving one out predicts: root mean square over draws."""
        forms = self.share * np.sum((self.rows @ self.inverse) * self.rows, axis=1)
        return float(np.sqrt(np.mean((forms - self.shrunk) ** 2)))

    def trace(self) -> float:
        """The part of the first tenth of the rows, less its equivalent."""
        return float(np.sum(self.inverse * self.sketch.first)) / self.d - self.values["g0"]

    def square(self) -> float:
        """The same for the square of the inverse."""
        white, response = self.sketch.white, self.values["E"].entries
        second = self.mean @ (np.eye(self.d) + white.T @ (response[:, None] * white)) @ self.mean
        return float(np.sum((self.inverse @ self.inverse - second) * self.sketch.first)) / self.d

    @property
    def step(self) -> np.ndarray:
        """Sampled solution, less the full one."""
        return self.inverse @ (self.rows.T @ (self.share * self.rest))

    def linear(self) -> float:
        scale = np.linalg.norm(self.sketch.row) * np.sqrt(np.sum(self.sketch.residual**2))
        return float(self.sketch.offset + self.sketch.row @ self.step - self.values["lin"]) / scale

    def error(self) -> float:
        return float(self.step @ self.step) / self.values["trHxMx"] - 1


def derive(proof: Any, problem: Callable[[int, str], Problem], quotient_gap: Callable[[str, int], float]) -> list[Any]:
    """Steps up to the mean inverse, the mean solution, and what is quadratic in them.

    Parameters
    ----------
    proof : derivation
    problem : callable
        ``problem(m, scheme)``, without a ridge.
    quotient_gap : callable
        ``quotient_gap(metric, k)``: difference quotient of the weights at a ridge C + M/k, less the response E.

    Returns
    -------
    Claims for the forms of a draw, W, Qbar, xbar, Q_2, the response, the squared error, and names of the outputs.
    """
    t, c = sp.symbols("t c", positive=True)
    Delta, S, F = (MatrixSymbol(name, n, n) for name in ("Delta", "S", "F"))
    N, L = MatrixSymbol("N", d, d), MatrixSymbol("L", d, d)
    G, x = MatrixSymbol("G", d, d), MatrixSymbol("x", d, 1)
    one, rows = Identity(1), Identity(n)
    sampling = dict(sizes=(32, 64, 128, 256), replicates=128)

    def observe(statistic: Any, scheme: str = "lev") -> Any:
        return lambda rng, size: statistic(Sample(rng, problem(size, scheme)))

    # one resolvent
    sherman = Eq((G + c * x * x.T).I * x * (one + c * x.T * G.I * x), G.I * x, evaluate=False)
    rank_one = proof.identity("leave one draw out", sherman, "a draw is a rank-one change of the Gram matrix G")
    forms = proof.asymptotic(
        "forms of a draw", Eq(Delta, load(Qbar), evaluate=False),
        "the sketch without it is independent of the row drawn: a'Qa is what it is for the mean inverse Qbar",
        deviation=observe(Sample.form, "mix"), uses=[rank_one], **sampling,
    )  # fmt: skip
    once = Inverse(Pi) * W / m
    count = proof.asymptotic(
        "mean weights", Eq(D, m * Pi * once * Inverse(rows + Delta * once), evaluate=False),
        "row i is drawn m pi_i times in the mean, each time with w_i/(m pi_i), over one plus that times its form; "
        "observed on the rows drawn, whose form in the inverse is then (1 - D_i/w_i) m pi_i/w_i",
        deviation=observe(Sample.count, "mix"), uses=[rank_one, forms], **sampling,
    )  # fmt: skip
    short = proof.substitute(
        "mean weights, in short", Eq(D, Inverse(Inverse(W) + Delta * Inverse(Pi) / m), evaluate=False),
        "the probability cancels once", uses=[count],
    )  # fmt: skip
    solved = proof.substitute(
        "read as an equation for w", Eq(W, Inverse(Inverse(D) - Delta * Inverse(Pi) / m), evaluate=False),
        "1/w = 1/D - a'Qa/(m pi): linear", uses=[short],
    )  # fmt: skip
    sketch = A.T * S * A
    inverse = proof.identity(
        "what an inverse is", Eq(Inverse(sketch + C) * sketch, Identity(d) - Inverse(sketch + C) * C, evaluate=False),
        "exact for every sketch S'S; its mean is taken term by term over the draws",
    )  # fmt: skip
    mean = proof.asymptotic(
        "mean inverse", Eq(Qbar, Inverse(A.T * D * A + C), evaluate=False),
        "the sum over draws is Qbar A'DA, so that Qbar (A'DA + C) = 1; sampled by leverage, where equal draws let the "
        "trace of one sketch fluctuate no more than its mean is off",
        deviation=observe(Sample.trace), exponent=-1.0, uses=[inverse, count], **sampling,
    )  # fmt: skip
    solution = proof.asymptotic(
        "mean solution", Eq(xbar, Qbar * A.T * D * b, evaluate=False),
        "the same for the sampled right-hand side: weighted least squares with weights D",
        deviation=observe(Sample.linear), uses=[rank_one, mean], **sampling,
    )  # fmt: skip

    # two resolvents: derivatives along C + tM, D -> D + tE
    moved = Inverse(A.T * (D + t * E) * A + C + t * M)
    quotient = proof.identity(
        "resolvents at two ridges", Eq(Q - moved, t * moved * (M + A.T * E * A) * Q, evaluate=False),
        "exact for every t; at t = 0 it gives the derivative",
    )  # fmt: skip
    shift = proof.identity(
        "weights at two ridges",
        Eq(Inverse(D) - Inverse(D + t * E), t * Inverse(D) * E * Inverse(D + t * E), evaluate=False),
        "1/D is 1/w plus the form over m pi, and only the form moves",
    )  # fmt: skip
    second = proof.asymptotic(
        "second moment", Eq(Q2, Qbar * (M + A.T * E * A) * Qbar, evaluate=False),
        "the sketched inverse has the derivative -QMQ along M, its mean that of Qbar",
        deviation=observe(Sample.square), exponent=-1.0, uses=[quotient, mean], **sampling,
    )  # fmt: skip
    pull = proof.asymptotic(
        "response of the weights", Eq(Pi, D * Inverse(E) * D * load(Q2) / m, evaluate=False),
        "E = D a'Q_2 a D/(m pi) row by row; difference quotients of the fixed point tend to it, for M = A'A and M = H",
        deviation=lambda rng, size: quotient_gap(("gram", "H")[rng.integers(2)], size),
        exponent=-1.0, sizes=(64, 256, 1024), replicates=64, uses=[quotient, shift, solved],
    )  # fmt: skip

    # least squares: the minimum of the sketched objective, and its derivative
    Y = MatrixSymbol("Y", sp.Symbol("k", integer=True, positive=True), n)
    ridge, inner = L.T * L, Inverse(A.T * Y.T * Y * A + L.T * L)
    best = inner * A.T * Y.T * Y * b
    objective = proof.identity(
        "minimum of the sketched objective",
        Eq(
            (b - A * best).T * Y.T * Y * (b - A * best) + best.T * ridge * best,
            b.T * Y.T * Y * b - b.T * Y.T * Y * A * inner * A.T * Y.T * Y * b, evaluate=False,
        ),
        "a Schur complement: one entry of the inverse Gram matrix of [A b]",
    )  # fmt: skip
    weight, grown = DiagonalPart(D), DiagonalPart(D) + t * DiagonalPart(F)
    ridge, more = L.T * L, L.T * L + t * N.T * N
    x0, x1 = (Inverse(A.T * u * A + v) * A.T * u * b for u, v in ((weight, ridge), (grown, more)))
    low, high = (
        b.T * u * b - b.T * u * A * Inverse(A.T * u * A + v) * A.T * u * b for u, v in ((weight, ridge), (grown, more))
    )
    envelope = proof.identity(
        "envelope",
        Eq(
            high - low,
            t * ((b - A * x1).T * DiagonalPart(F) * (b - A * x0) + x1.T * N.T * N * x0), evaluate=False,
        ),
        "exact for every t: at t = 0 the minimum has the derivative r'Er + x'Mx, and x'Mx before the mean is taken",
    )  # fmt: skip
    risk = proof.asymptotic(
        "squared error", Eq(sp.Symbol("trHxMx"), energy(M, xbar) + scatter(xbar), evaluate=False),
        "E x'Mx = xbar'M xbar + the residuals' share; subtract the full solution",
        deviation=observe(Sample.error), uses=[objective, envelope, solution, pull],
        sizes=(48, 96, 192, 384), replicates=256,
    )  # fmt: skip

    trH, g0, g1, trHQHQ, lin = sp.symbols("trH g0 g1 trHQHQ lin")
    names = [
        proof.define(Eq(trH, Trace(H * Qbar) / d), "trace of the mean inverse"),
        proof.define(Eq(g0, Trace(A.T * T * A * Qbar) / d), "T keeps the first tenth of the rows"),
        proof.define(Eq(g1, Trace(A.T * A * Qbar) / d - g0), "the other rows"),
        proof.define(Eq(trHQHQ, Trace(H * Q2) / d), "trace of the second moment"),
        proof.define(Eq(lin, Trace(b.T * T * A * xbar)), "a form in the mean solution"),
    ]
    return [forms, solved, mean, solution, second, pull, risk, *names]
