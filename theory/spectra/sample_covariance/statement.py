r"""Sample covariance of a general population: transform, second-order equivalents, edges, separation, quantiles.

.. math::  \tilde m(-\lambda) = \Big(\lambda + c\int\frac{t\,dH(t)}{1+t\tilde m}\Big)^{-1},\qquad
           (M+\lambda)^{-1} \leftrightarrow \frac1\lambda(I+\tilde m C)^{-1}.

The statement is typed as in the literature.  The derivation leaves one sample out and perturbs the resolvent; the
engine, asked for the same matrices, must agree.  Edges, masses and quantiles are read off the inverse function.
Sources: Silverstein and Bai (1995), Silverstein and Choi (1995), Bai and Silverstein (1998).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.spectrum import SampleCovariance, SpectralSystem
from rmtsym.theorem import POSITIVE, Interval, Numbers, Parameter, Quantity, Regime, Theorem, Weights

MOST = 3  # blocks and components with quantities of their own

theorem = Theorem(
    id="sample-covariance",
    title="Sample covariance of a general population",
    family="spectra",
    references=(
        "J. W. Silverstein, Z. D. Bai (1995), On the empirical distribution of eigenvalues of a class of large "
        "dimensional random matrices",
        "J. W. Silverstein, S.-I. Choi (1995), Analysis of the limiting spectral distribution of large dimensional "
        "random matrices",
        "Z. D. Bai, J. W. Silverstein (1998), No eigenvalues outside the support of the limiting spectral distribution",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, "
        "sec. 2.2-2.3",
    ),
    assumptions=(
        r"$X=C^{1/2}Z$, the entries of the $p\times n$ matrix $Z$ independent, centred, of unit variance "
        r"(for the edges: finite fourth moments)",
        r"$p/n\to c$; the eigenvalues of $C$ are $t_k$ with weights $w_k$, $H=\sum_kw_k\delta_{t_k}$",
    ),
    parameters=(
        Parameter("t", "eigenvalues of the population", Numbers(POSITIVE, like="w"), "t"),
        Parameter("w", "their weights", Weights(), "w"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("lam", "the resolvent is taken at z = -lam", POSITIVE, r"\lambda"),
        Parameter("q", "level of the quantile", Interval(0, 1), "q"),
    ),
    quantities=(
        Quantity("mtilde", "normalised trace of the n x n resolvent", r"\tilde m"),
        Quantity("m", "normalised trace of the p x p resolvent", "m"),
        *(Quantity(f"Qkk_block{k}", f"mean of diag Q over block {k}", rf"Q_{{[{k}]}}") for k in range(MOST)),
        Quantity("tr_Q2", "normalised trace of the squared resolvent", r"\frac{1}{p}\mathrm{tr}\,Q^2"),
        Quantity("tr_QCQC", "normalised trace of CQCQ", r"\frac{1}{p}\mathrm{tr}\,CQCQ"),
        Quantity("n_edges", "number of edges of the support", r"\#\text{edges}"),
        *(Quantity(f"edge{k}", f"edge {k} of the support", f"e_{k}") for k in range(2 * MOST)),
        Quantity("mean_eig", "mean eigenvalue", "m_1"),
        Quantity("mom2", "second moment", "m_2"),
        *(Quantity(f"mass{k}", f"mass of component {k}", rf"\mu_{{{k}}}") for k in range(MOST)),
        Quantity("quantile", "quantile of level q", "F^{-1}(q)"),
    ),
    points={
        "A": dict(t="1,3,7", w="1/3,1/3,1/3", c="1/10", lam="1/2", q="1/2"),
        "B": dict(t="1,4", w="1/2,1/2", c="2", lam="1/5", q="3/4"),
        "C": dict(t="1,2,10", w="1/2,1/4,1/4", c="1/4", lam="1", q="9/10"),
    },
    uses=("marchenko-pastur",),
)


t, c, lam, tau = sp.symbols("t c lam tau", positive=True)
z, v = sp.symbols("z v")
n, p = Space("n"), Space("p", c, letters=(t,), law="nu")
nu = p.measure
X = Deterministic(sp.sqrt(t), p) @ Gaussian("Z", p, n)
M, C = X @ X.T, Deterministic(t, p)
Q, Qn = inverse(M + lam), inverse(X.T @ X + lam)


def mean(f: sp.Expr) -> sp.Expr:
    """Average over the population."""
    return Average(f, nu)


def _place(k: int) -> sp.Symbol:
    """Population eigenvalue of block k."""
    return sp.Symbol(f"t{k}", positive=True)


def law_at(point: Any) -> SampleCovariance:
    """Spectral law at a point."""
    return _law(point["c"], tuple(point["t"]), tuple(point["w"]))


@cache
def _law(ratio: Fraction, places: tuple[Fraction, ...], weights: tuple[Fraction, ...]) -> SampleCovariance:
    return SampleCovariance(ratio, places, weights)


def spectrum(components: int) -> SpectralSystem:
    """What is read off the inverse function: edges, masses, quantile."""
    shown = range(components)
    return SpectralSystem(
        law_at,
        {
            "n_edges": lambda law: len(law.edges),
            **{f"edge{k}": lambda law, k=k: law.edges[k] for j in shown for k in (2 * j, 2 * j + 1)},
            **{f"mass{k}": lambda law, k=k: law.component_masses[k] for k in shown},
            "quantile": lambda law, q: law.enclose_quantile(q),
        },
        {
            "n_edges": r"\#\{v:x'(v)=0\}",
            **{f"edge{k}": rf"x(v_{{{k}}}),\ x'(v_{{{k}}})=0" for j in shown for k in (2 * j, 2 * j + 1)},
            **{f"mass{k}": rf"\mu(v_{{{2 * k}}},v_{{{2 * k + 1}}})" for k in shown},
            "quantile": r"x(v),\ \mu(x(v),\infty)=1-q",
        },
    )


def _counted(what: str, number: int) -> tuple[str, str]:
    """How many there are, for people and as a condition; the last number stands for more."""
    words = f"{number} {what}{'s' * (number > 1)}" + " or more" * (number == MOST)
    return words, f"{what}s {'>=' if number == MOST else '=='} {number}"


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """One equation; second order by the factor 1/(1 - gamma); one regime for each number of blocks and components."""
    first = 1 / (1 + t * tau)
    gamma = c * tau**2 * mean(t**2 * first**2)
    common = {
        "mtilde": tau,
        "m": mean(first) / lam,
        "tr_Q2": (mean(first**2) + c * tau**2 * mean(t * first**2) ** 2 / (1 - gamma)) / lam**2,
        "tr_QCQC": mean(t**2 * first**2) / (1 - gamma) / lam**2,
        "mean_eig": mean(t),
        "mom2": mean(t**2) + c * mean(t) ** 2,
    }
    regimes = []
    for blocks in range(1, MOST + 1):
        blockwise = {f"Qkk_block{k}": first.subs(t, _place(k)) / lam for k in range(blocks)}
        system = FixedPointSystem(
            (Unknown(tau, meaning="companion transform at -lambda"),),
            (sp.Eq(tau, 1 / (lam + c * mean(t * first))),),
            {**common, **blockwise},
        )
        for components in range(1, blocks + 1):
            (some, are), (many, have) = _counted("block", blocks), _counted("component", components)
            regimes.append(Regime((system, spectrum(components)), f"{are} and {have}", f"{some}, {many}"))
    return tuple(regimes)


@theorem.binding
def binding(t, w, c):
    """The population, its first eigenvalues one by one, and how many components the support has."""
    return {
        "nu": Atoms(w, t=t),
        "blocks": len(t),
        "components": len(_law(c, t, w).support.components),
        **{f"t{k}": place for k, place in enumerate(t[:MOST])},
    }
