r"""Population eigenvalues and eigenspaces from a sample: bias of the clusters, Mestre's estimator, correlation.

.. math::  \hat t_k=\frac n{p_k}\sum_{i\in k}(\lambda_i-\eta_i)\to t_k,\qquad
           \frac1{p_k}\operatorname{tr}\Pi_k\hat\Pi_k\to\frac1\pi\int_{\text{cluster }k}
           \frac{t_k\,\mathrm{Im}\,\tilde m(x)}{x\,|1+t_k\tilde m(x)|^2}\,dx.

Everything is an integral around one cluster.  In v = -1/m_companion, where the spectrum is an explicit function x(v),
it is a sum of residues: at the population eigenvalue t_k, and at the zero mu_k of x(v) just below it.
Sources: Mestre (2008); Couillet and Liao (2022), sec. 2.4.
"""

from __future__ import annotations

import itertools
from functools import cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.spectrum import SampleCovariance
from rmtsym.theorem import POSITIVE, Interval, Numbers, Parameter, Quantity, Regime, Theorem, Weights

MOST = 3  # clusters with quantities of their own

theorem = Theorem(
    id="population-eigenvalue-inference",
    title="Population eigenvalues and eigenspaces from a sample",
    family="spectra",
    references=(
        "X. Mestre (2008), Improved estimation of eigenvalues and eigenvectors of covariance matrices using their "
        "sample estimates",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 2.4",
    ),
    assumptions=(
        r"$X=C^{1/2}Z$, the entries of the $p\times n$ matrix $Z$ independent, centred, of unit variance and finite "
        r"fourth moment; $\lambda_1\le\dots\le\lambda_p$ are the eigenvalues of $XX^\top/n$",
        r"$p/n\to c<1$; $C$ has the eigenvalues $t_1<t_2<\dots$ with multiplicities $p_k=w_kp$ and eigenspaces $\Pi_k$",
        "each population eigenvalue has a component of the limiting spectrum of its own: the cluster $k$ is the next "
        r"$p_k$ sample eigenvalues, $\hat\Pi_k$ the projection on their eigenvectors",
    ),
    parameters=(
        Parameter("t", "eigenvalues of the population, increasing", Numbers(POSITIVE, like="w"), "t"),
        Parameter("w", "their weights", Weights(), "w"),
        Parameter("c", "ratio p/n", Interval(0, 1), "c"),
    ),
    quantities=tuple(
        quantity
        for k in range(MOST)
        for quantity in (
            Quantity(f"naive{k}", f"mean of cluster {k}", rf"\bar\lambda_{{{k}}}"),
            Quantity(f"mestre{k}", f"Mestre's estimate of t from cluster {k}", rf"\hat t_{{{k}}}"),
            Quantity(
                f"corr{k}",
                f"correlation of eigenspace {k} with that of its cluster",
                rf"\frac{{1}}{{p_{{{k}}}}}\mathrm{{tr}}\,\Pi_{{{k}}}\hat\Pi_{{{k}}}",
            ),
            Quantity(f"mu{k}", f"zero of the inverse function below t{k}", rf"\mu_{{{k}}}", observable=False),
        )
    ),
    points={
        "A": dict(t="1,3,7", w="1/3,1/3,1/3", c="1/10"),
        "B": dict(t="1,8", w="3/4,1/4", c="1/4"),
    },
    uses=("sample-covariance", "spiked-covariance"),
)

c = sp.Symbol("c", positive=True)
PLACES = sp.symbols(f"t:{MOST}", positive=True)
WEIGHTS = sp.symbols(f"w:{MOST}", positive=True)
ZEROS = sp.symbols(f"mu:{MOST}", positive=True)


def others(k: int, count: int) -> sp.Expr:
    """Sum of w t/(t_k - t) over the other eigenvalues."""
    return sp.Add(*(WEIGHTS[j] * PLACES[j] / (PLACES[k] - PLACES[j]) for j in range(count) if j != k))


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """For each cluster the zero of x(v) below its population eigenvalue, and three residues."""
    regimes = []
    for count in range(2, MOST + 1):
        unknowns, equations, outputs = [], [], {}
        for k in range(count):
            t, w, mu = PLACES[k], WEIGHTS[k], ZEROS[k]
            below = PLACES[k - 1] if k else sp.Integer(0)
            unknowns.append(Unknown(mu, "interval", below, t, f"zero of the inverse function below {t}"))
            poles = sp.Add(*(WEIGHTS[j] * PLACES[j] / (PLACES[j] - mu) for j in range(count) if j != k))
            equations.append(sp.Eq(mu, t * (1 - c * w / (1 - c * poles)), evaluate=False))
            outputs[f"mu{k}"] = mu
            outputs[f"naive{k}"] = t * (1 + c * others(k, count))
            outputs[f"mestre{k}"] = t
            outputs[f"corr{k}"] = (1 + c * others(k, count)) / (c * w) - mu / (t - mu)
        system = FixedPointSystem(tuple(unknowns), tuple(equations), outputs)
        regimes.append(Regime(system, f"clusters == {count}", f"{count} clusters"))
    return tuple(regimes)


@cache
def _law(ratio: Any, places: tuple[Any, ...], weights: tuple[Any, ...]) -> SampleCovariance:
    return SampleCovariance(ratio, places, weights)


def law_at(point: Any) -> SampleCovariance:
    """Spectral law at a point."""
    return _law(point["c"], tuple(point["t"]), tuple(point["w"]))


@theorem.binding
def binding(t, w, c):
    """The population one by one; it must be in order, and in separate clusters."""
    shown = ",".join(map(str, t))
    if not 2 <= len(t) <= MOST or any(a >= b for a, b in itertools.pairwise(t)):
        raise DomainError("t", shown, f"2 to {MOST} different eigenvalues in increasing order", "order and merge them")
    if any(share == 0 for share in w):
        raise DomainError("w", ",".join(map(str, w)), "positive weights", "leave out what has no weight")
    found = len(_law(c, t, w).support.components)
    if found < len(t):
        what = f"ratios at which t = {shown} has {len(t)} clusters; here it has {found}"
        raise DomainError("c", c, what, "take more samples")
    names = {f"t{k}": x for k, x in enumerate(t)} | {f"w{k}": x for k, x in enumerate(w)}
    return {"clusters": len(t), **names}
