r"""Residual projection of a random sketch: what is left of a matrix outside the row span of SA.

.. math::  E[P_\perp]\simeq(\gamma A^\top A+I)^{-1},\qquad \sum_i\frac{\gamma\sigma_i^2}{1+\gamma\sigma_i^2}=k,\qquad
           E\|A-AP\|_F^2\simeq\frac k\gamma.

The projection is the limit of a ridge resolvent, whose equivalent the engine makes; the ridge then goes to zero.
Source: Derezinski, Liang, Liao and Mahoney (2020).
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Space
from rmtsym.theorem import Choice, Count, Parameter, Quantity, Regime, Theorem
from theory.sketching.projection_spectra import SPECTRA, squares

theorem = Theorem(
    id="expected-residual-projection",
    title="Expected residual projection of a random sketch",
    family="sketching",
    references=(
        "M. Derezinski, F. Liang, Z. Liao, M. W. Mahoney (2020), Precise expressions for random projections: Low-rank "
        "approximation and randomized Newton, arXiv:2006.10653",
    ),
    assumptions=(
        r"$A$ has singular values $\sigma_1\ge\dots\ge\sigma_n>0$; $S$ is $k\times M$ with $k<n$",
        r"the entries of $S$ are independent, centred, of one variance and sub-Gaussian; its scale does not matter",
        r"$P=(SA)^\dagger SA$, $P_\perp=I-P$; the stable rank $\|A\|_F^2/\|A\|^2$ grows in proportion to $k$",
        r"$\langle P_\perp\rangle_i$ is the entry of $P_\perp$ along the right singular vector of $\sigma_i$",
    ),
    parameters=(
        Parameter("spectrum", "squared singular values", Choice("spectrum", *SPECTRA)),
        Parameter("n", "rank of A", Count(2), "n"),
        Parameter("k", "rows of the sketch", Count(1), "k"),
        Parameter("T", "steps of the randomised Newton method", Count(1), "T", default="6"),
    ),
    quantities=(
        Quantity("lra", "squared error of the sketched low-rank approximation", r"E\|A-AP\|_F^2"),
        Quantity("Pperp0", "residual along the first direction", r"\langle P_\perp\rangle_1"),
        Quantity("Pperpk", "residual along direction k", r"\langle P_\perp\rangle_k"),
        Quantity("Pperpn", "residual along the last direction", r"\langle P_\perp\rangle_n"),
        Quantity("rho", "rate of the randomised Newton method", r"\rho=\lambda_{\min}(EP)"),
        Quantity("mean_component", "mean of the slowest component after T steps", r"\Delta_T"),
        Quantity("gamma", "implicit scale", r"\gamma", observable=False),
    ),
    points={
        "A": dict(spectrum="exp0.9", n="80", k="10"),
        "B": dict(spectrum="lin", n="100", k="50"),
        "C": dict(spectrum="poly2", n="200", k="20"),
        "flat": dict(spectrum="flat", n="60", k="20"),
        "digits": dict(spectrum="digits", n="61", k="10"),
    },
    uses=("ridge-anisotropic",),
)


s, first, middle, last = sp.symbols("s first middle last", positive=True)
gamma, kappa, lam, ratio, n, k, T = sp.symbols("gamma kappa lam ratio n k T", positive=True)
columns = Space("cols", letters=(s, first, middle, last), law="nu")  # letters: sigma^2, and three indicators
nu = columns.measure

DIRECTIONS = {"Pperp0": first, "Pperpk": middle, "Pperpn": last}


def entry(function: sp.Expr, letter: sp.Symbol) -> sp.Expr:
    """Value of a function of sigma^2 in the direction that a letter indicates."""
    return Average(letter * function, nu) / Average(letter, nu)


@theorem.statement
def statement() -> Regime:
    """One scalar equation; everything else is read off the diagonal of (gamma A'A + I)^{-1}."""
    residual = 1 / (1 + gamma * s)
    outputs = {
        "lra": k / gamma,
        **{name: entry(residual, letter) for name, letter in DIRECTIONS.items()},
        "rho": entry(gamma * s * residual, last),
        "mean_component": sp.Symbol("Pperpn") ** T,
        "gamma": gamma,
    }
    system = FixedPointSystem(
        (Unknown(gamma, "positive", meaning="implicit scale"),),
        (Eq(n * Average(gamma * s * residual, nu), k),),
        outputs,
        # at half a row the equation is almost linear in gamma; towards k = n its root may grow by tens of decades
        continuation=Continuation(k, sp.Rational(1, 2), {gamma: k / n}),
    )
    return Regime(system, "k < n")


@theorem.binding
def binding(spectrum: str, n: int, k: int) -> dict[str, Any]:
    """The spectrum, every direction with weight 1/n, and three directions picked out."""
    picked = {"first": 0, "middle": min(k, n) - 1, "last": n - 1}
    letters = {name: [int(i == place) for i in range(n)] for name, place in picked.items()}
    return {"nu": Atoms([Fraction(1, n)] * n, s=squares(spectrum, n), **letters)}
