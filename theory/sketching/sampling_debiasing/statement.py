r"""Weights that remove the inversion bias of row sampling.

.. math::  w_i=\frac m{m-\ell_i/\pi_i}\quad\Longrightarrow\quad E\,(A^\top\check S^\top\check SA+C)^{-1}\simeq H^{-1}.

A drawn row counts :math:`D_i=(1/w_i+\ell_i/(m\pi_i))^{-1}`; the weights are chosen so that this is one.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, Inverse, Trace

from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.theorem import Quantity, Theorem
from theory.sketching import row_sampling
from theory.sketching.row_sampling import A, E, M, Pi, T, W, b, d, load, m
from theory.sketching.sampling_steps import Hi

theorem = Theorem(
    id="sampling-debiasing",
    title="Row sampling without inversion bias",
    family="sketching",
    references=(
        "C. Niu, Z. Liao, Z. Ling, M. W. Mahoney (2025), Fundamental bias in inverting random sampling matrices with "
        "application to sub-sampled Newton, arXiv:2502.13583",
    ),
    assumptions=(
        r"$A\in\mathbb R^{n\times d}$ of full column rank, rows $a_i$; $C\succeq0$; $H=A^{\sf T}A+C$; "
        r"$\ell_i=a_i^{\sf T}H^{-1}a_i$",
        r"$m$ rows are drawn with replacement, with probabilities $\pi_i$; a row counts $w_i/(m\pi_i)$ each time",
        r"$d,m\to\infty$ in proportion, $n\gg m$: repeated draws are rare; $m>\max_i\ell_i/\pi_i$, by a factor",
        r"$M=A^{\sf T}A$ (``gram``) or $M=H$: the metric of second moments and errors",
        r"no row alone carries a direction: $A$ is not a stack of a few repeated rows",
    ),
    parameters=tuple(p for p in row_sampling.PARAMETERS if p.name != "debias"),
    quantities=(
        Quantity("trH", "inverse, as a multiple of the right one", r"\frac1d\mathrm{tr}\,H\check Q"),
        Quantity("g0", "the part of the first tenth of the rows", r"\frac1d\mathrm{tr}\,A_0^{\sf T}A_0\check Q"),
        Quantity("g1", "the part of the other rows", r"\frac1d\mathrm{tr}\,A_1^{\sf T}A_1\check Q"),
        Quantity("trHQHQ", "second moment of the inverse", r"\frac1d\mathrm{tr}\,H\check QM\check Q"),
        Quantity("lin", "a linear form of the sampled least-squares solution", r"b_0^{\sf T}A_0\hat x"),
        Quantity("bias_removed", "share of the bias of the plain sketch that is gone", r"\beta"),
        Quantity("trHxMx", "squared error in the metric M", r"\|\hat x-x^*\|_M^2"),
        Quantity("load", "weighted Gram matrix, as a multiple of the right one", r"\frac1d\mathrm{tr}\,A'S'SAH^{-1}"),
    ),
    points={
        "A": {"scheme": "mix", "n": 2000},
        "R": {"kind": "opposed2", "scheme": "mix", "n": 2000, "lam": "200"},
        "L": {"scheme": "lev", "n": 1000, "lam": "100"},
        "digits": {"kind": "digits", "n": row_sampling.DIGITS, "m": 200},
    },
    uses=("random-sampling-inversion-bias",),
)


@theorem.statement
def statement() -> FixedPointSystem:
    """Weights in closed form; the mean is that of the full problem, and only the response is left to solve for."""
    rest = b - A * Hi * A.T * b
    return FixedPointSystem(
        unknowns=(
            Unknown(W, "diagonal", meaning="weights of the rows"),
            Unknown(E, "diagonal", meaning="response of the mean weights when the ridge grows along M"),
        ),
        equations=(
            Eq(W, Pi * Inverse(Pi - load(Hi) / m), evaluate=False),
            Eq(E, load(Hi * (M + A.T * E * A) * Hi) * Inverse(Pi) / m, evaluate=False),
        ),
        outputs={
            "trH": sp.Integer(1),
            "g0": Trace(A.T * T * A * Hi) / d,
            "g1": Trace(A.T * A * Hi) / d - sp.Symbol("g0"),
            "trHQHQ": Trace((M + A.T * E * A) * Hi) / d,
            "lin": Trace(b.T * T * A * Hi * A.T * b),
            "bias_removed": sp.Integer(1),
            "trHxMx": Trace(E * rest * rest.T),
            "load": Trace(A.T * W * A * Hi) / d,
        },
    )


@theorem.binding
def binding(kind, n, d, m, scheme, lam, metric, ratio, design_seed, unit) -> dict[str, Any]:
    """Rows, right-hand side and probabilities."""
    return {name: value for name, value in row_sampling.bound({**locals(), "debias": "matrix"}).items() if name != "W"}
