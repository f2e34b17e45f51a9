r"""Ternary random features that replace others: thresholds such that the centred kernels differ by a ridge only.

.. math:: \varphi(s_+)+\varphi(s_-)=\sqrt{\tau d_1}/r,\qquad s_+\varphi(s_+)+s_-\varphi(s_-)=2\tau\sqrt{d_2}/r.

The kernel of a high-dimensional mixture sees an activation through three numbers d0, d1, d2; a function with values
-r, 0, r has two thresholds to match d1 and d2.  Weights may be ternary as well, once the kernel is centred.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, asin, erfc, exp, pi, sqrt

from rmtsym.errors import DomainError
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.theorem import POSITIVE, Choice, Interval, Numbers, Parameter, Quantity, Regime, Theorem

TARGETS = ("relu", "quad", "erf", "step")

theorem = Theorem(
    id="ternary-random-features",
    title="Ternary random features",
    family="kernels",
    references=(
        "H. Tiomoko Ali, Z. Liao, R. Couillet (2022), Random matrices in service of ML footprint: ternary random "
        "features with no performance loss, ICLR, arXiv:2110.01899",
        "Z. Liao, R. Couillet (2018), On the spectrum of random features maps of high dimensional data, ICML, "
        "arXiv:1805.11916",
    ),
    assumptions=(
        r"features $\sigma(w^{\sf T}x)$; $w$ with i.i.d. entries of mean 0 and variance 1: Gaussian, or ternary, "
        r"$w_k\in\{-1,0,1\}/\sqrt{1-\varepsilon}$ with $P(w_k=0)=\varepsilon$",
        r"the ternary function is $r$ for $t>\sqrt\tau s_+$, $-r$ for $t<\sqrt\tau s_-$, 0 between",
        r"data spread over many coordinates with $\|x\|^2\simeq\tau$; in the simulation $x\sim N(0,\tau I_p/p)$",
        r"$B=2\tau\sqrt{d_2}/r\le A\sqrt{-2\log(\sqrt{2\pi}A/2)}$ with $A=\sqrt{\tau d_1}/r\le2\varphi(0)$; "
        r"where $d_2>0$, also $A>\varphi(B/A)$: no threshold has passed infinity",
    ),
    parameters=(
        Parameter("target", "activation to be replaced", Choice("activation", *TARGETS), default="relu"),
        Parameter("tau", "variance of the projections", POSITIVE, r"\tau"),
        Parameter("r", "output scale of the ternary function", POSITIVE, "r", default="1"),
        Parameter("w", "law of the weights", Choice("law of the weights", "gauss", "ternary"), default="gauss"),
        Parameter("eps", "share of zeros of ternary weights", Interval(0, 1, closed="left"), r"\varepsilon", default=0),
        Parameter(
            "quad", "coefficients of quad, highest power first", Numbers(POSITIVE, length=3), default="0.1,0.6,1.1"
        ),
    ),
    quantities=(
        Quantity("d0", "ridge of the target's kernel", "d_0"),
        Quantity("d1", "weight of the inner products", "d_1"),
        Quantity("d2", "weight of the second order", "d_2"),
        Quantity("s_plus", "upper threshold", "s_+", observable=False),
        Quantity("s_minus", "lower threshold", "s_-", observable=False),
        Quantity("zeros", "share of features that are zero", r"P(\sigma=0)"),
        Quantity("diagonal", "diagonal of the centred ternary kernel", r"\operatorname{Var}\sigma"),
        Quantity("d0_ter", "ridge of the ternary kernel", r"d_0^{\mathrm{ter}}"),
        Quantity("ridge", "what must be added to the target's kernel", r"d_0^{\mathrm{ter}}-d_0"),
        Quantity(
            "offdiag", "mean off-diagonal entry of the uncentred kernel, times p/2", r"\frac{p}{2}\overline{K_{ij}}"
        ),
    ),
    points={
        "relu": {"target": "relu", "tau": 1},
        "relu, sparse weights": {"target": "relu", "tau": 1, "w": "ternary", "eps": "0.8"},
        "quad, scaled": {"target": "quad", "tau": "1.3", "r": "1.1", "w": "ternary", "eps": "0.5"},
        "erf, signs": {"target": "erf", "tau": "1.2", "w": "ternary", "eps": 0},
        "step": {"target": "step", "tau": "0.8", "w": "ternary", "eps": "0.5"},
    },
    uses=("rf-gaussian-kernel-closed-forms", "hermite-facts"),
)


tau, r, w4, c2, c1, c0 = sp.symbols("tau r w4 c2 c1 c0", positive=True)
s_p, s_m = sp.symbols("s_p s_m", real=True)
d0, d1, d2, s_plus, s_minus, diagonal, d0_ter = sp.symbols("d0 d1 d2 s_plus s_minus diagonal d0_ter")


def density(x: Any) -> sp.Expr:
    """Standard normal density."""
    return exp(-(x**2) / 2) / sqrt(2 * pi)


def below(x: Any) -> sp.Expr:
    """Standard normal distribution function."""
    return erfc(-x / sqrt(2)) / 2


#: d0, d1, d2 of the targets, as printed.
TABLE: dict[str, tuple[sp.Expr, sp.Expr, sp.Expr]] = {
    "relu": ((sp.Rational(1, 4) - 1 / (2 * pi)) * tau, sp.Rational(1, 4), 1 / (8 * pi * tau)),
    "quad": (2 * tau**2 * c2**2, c1**2, c2**2),
    "erf": (
        2 / pi * (asin(2 * tau / (2 * tau + 1)) - 2 * tau / (2 * tau + 1)), 4 / (pi * (2 * tau + 1)), sp.S.Zero,
    ),
    "step": (sp.Rational(1, 4) - 1 / (2 * pi), 1 / (2 * pi * tau), sp.S.Zero),
}  # fmt: skip


def stated(name: str) -> FixedPointSystem:
    """Thresholds and coefficients for one target."""
    zeroth, first, second = TABLE[name]
    match_first = Eq(density(s_p) + density(s_m), sqrt(tau * first) / r)
    symmetric = second == 0
    if symmetric:
        match_second = Eq(s_m, -s_p)
    else:
        match_second = Eq(s_p * density(s_p) + s_m * density(s_m), 2 * tau * sqrt(second) / r)
    high, low = below(-s_plus), below(s_minus)
    return FixedPointSystem(
        unknowns=(
            Unknown(s_p, "positive" if symmetric else "real", meaning="upper threshold"),
            Unknown(s_m, "real", meaning="lower threshold"),
        ),
        equations=(match_first, match_second),
        outputs={
            "d0": zeroth,
            "d1": first,
            "d2": second,
            "s_plus": s_p,
            "s_minus": s_m,
            "zeros": 1 - high - low,
            "diagonal": r**2 * (high + low - (high - low) ** 2),
            "d0_ter": diagonal - tau * d1,
            "ridge": d0_ter - d0,
            "offdiag": sp.S.Zero if symmetric else d2 * tau**2 * (1 + (w4 - 3) / 2),
        },
        conditions=(s_p - s_m,) if symmetric else (s_p - s_m, 1 + s_p * s_m),
        continuation=Continuation.homotopy({s_p: sp.S.One, s_m: -sp.S.One if symmetric else sp.S.Zero}),
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Matched thresholds for each target; symmetric ones where d2 = 0."""
    return tuple(Regime(stated(name), f"row == {row}", name) for row, name in enumerate(TARGETS))


@theorem.binding
def binding(
    target: str, tau: Fraction, r: Fraction, w: str, eps: Fraction, quad: tuple[Fraction, ...]
) -> dict[str, Any]:
    """Row of the table, coefficients, fourth moment of the weights; a target out of reach is refused."""
    given = {"tau": tau, **dict(zip(("c2", "c1", "c0"), quad, strict=True))}
    numbers = [float(e.subs({s: given[s.name] for s in e.free_symbols})) for e in TABLE[target]]
    total, slope = np.sqrt(float(tau) * numbers[1]) / float(r), 2 * float(tau) * np.sqrt(numbers[2]) / float(r)
    if total >= 2 / np.sqrt(2 * np.pi) or slope >= reach(total):
        raise DomainError("r", r, f"large enough for {target} at tau = {tau}", "no thresholds match; increase r")
    if slope > 0 and total <= edge(total, slope):
        raise DomainError("r", r, f"small enough for {target} at tau = {tau}", "a threshold is at infinity; decrease r")
    return {**given, "row": TARGETS.index(target), "w4": Fraction(3) if w == "gauss" else 1 / (1 - eps)}


def reach(total: float) -> float:
    """Largest second moment for a given first one: both thresholds equal."""
    return float(total * np.sqrt(max(-2 * np.log(np.sqrt(2 * np.pi) * total / 2), 0.0)))


def edge(total: float, slope: float) -> float:
    """First moment of a single step with the same ratio of moments: the upper threshold is at infinity."""
    return float(np.exp(-((slope / total) ** 2) / 2) / np.sqrt(2 * np.pi))
