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

import numpy as np
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Statistic
from rmtsym.simulate.controls import covariance_controls, covariance_outputs
from rmtsym.simulate.ensembles import block_counts, entries, population, wishart_factor
from rmtsym.spectrum import SampleCovariance, SpectralLaw, SpectralSystem
from rmtsym.theorem import POSITIVE, Evidence, Interval, Numbers, Parameter, Quantity, Regime, Theorem, Weights, get
from rmtsym.theorem.theorem import predict

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

# -- the model --------------------------------------------------------------------------------------------------------

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


# -- derivation -------------------------------------------------------------------------------------------------------

_SPECTRUM = np.array([1.0, 3.0])  # population of the asymptotic steps, in halves, at p/n = 1/2, lam = 1/2


def _resolvent(rng: np.random.Generator, size: int, source: float = 0.0, drop: int = 0) -> tuple[np.ndarray, ...]:
    """Data, population, and the resolvent perturbed by a multiple of C, without the first few samples."""
    spectrum = np.repeat(_SPECTRUM, size // 4)
    x = rng.standard_normal((len(spectrum), size)) * np.sqrt(spectrum)[:, None]
    rest = x[:, drop:]
    return x, spectrum, np.linalg.inv(rest @ rest.T / size + np.diag(0.5 + source * spectrum))


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    x, spectrum, q = _resolvent(rng, size, drop=1)
    return float(x[:, 0] @ q @ x[:, 0] - spectrum @ np.diag(q)) / size


def _one_point(weight: Any, source: float) -> Any:
    """Weighted trace of the resolvent less its equivalent, both at the load of the same matrix."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        _, spectrum, q = _resolvent(rng, size, source)
        load = spectrum @ np.diag(q) / size
        equivalent = 1 / (spectrum / (1 + load) + 0.5 + source * spectrum)
        return float(weight(spectrum) @ (np.diag(q) - equivalent)) / size

    return deviation


def _moment(order: int) -> Any:
    """Moment of the spectrum less its limit, at the same proportions."""
    limit = {1: np.mean(_SPECTRUM), 2: np.mean(_SPECTRUM**2) + np.mean(_SPECTRUM) ** 2 / 2}[order]

    def deviation(rng: np.random.Generator, size: int) -> float:
        factor = wishart_factor(rng, size // 2, size) * np.sqrt(np.repeat(_SPECTRUM, size // 4))[:, None]
        gram = factor @ factor.T
        return float(np.trace(gram) if order == 1 else np.sum(gram**2)) / len(gram) - float(limit)

    return deviation


@theorem.derivation
def derivation(proof) -> None:
    """One sample out of the resolvent perturbed by s C; derivatives in s and lambda; then along the real axis."""
    s, delta, response, slope, rate, mtilde = sp.symbols("s delta response slope rate mtilde")
    m, tr_Q2, tr_QCQC, mean_eig, mom2, decay = sp.symbols("m tr_Q2 tr_QCQC mean_eig mom2 decay")
    blocks = [sp.Symbol(f"Qkk_block{k}") for k in range(MOST)]
    sampling = dict(replicates=128, sizes=(32, 64, 128, 256))

    size = sp.Symbol("k", integer=True, positive=True)
    A, column, one = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("x", size, 1), sp.Identity(1)
    rank_one = proof.identity(
        "Sherman-Morrison",
        sp.Eq((A + column * column.T).I * column * (one + column.T * A.I * column), A.I * column, evaluate=False),
        "one sample is a rank-one change of A, the rest",
    )
    lemma = proof.asymptotic(
        "trace lemma", "x'Qx/n = tr CQ/n", "x is independent of the Q without it", deviation=_trace_lemma,
        uses=[rank_one], **sampling,
    )  # fmt: skip
    bar = t / (1 + delta) + lam + s * t
    load = proof.asymptotic(
        "load", sp.Eq(delta, c * mean(t / bar)), "the resolvent of M + lambda + s C against C, at s = 1/5",
        deviation=_one_point(lambda t: t, 0.2), exponent=-1.0, uses=[lemma], **sampling,
    )  # fmt: skip
    one_block = 1 / bar.subs(s, 0)
    entry = proof.asymptotic(
        "block by block",
        (sp.Eq(m, mean(one_block)), *(sp.Eq(b, one_block.subs(t, _place(k))) for k, b in enumerate(blocks))),
        "each diagonal entry sees its own population eigenvalue only; here the first block",
        deviation=_one_point(lambda t: t == t[0], 0.0), exponent=-1.0, uses=[load], **sampling,
    )  # fmt: skip
    plain = proof.continuity("no perturbation", load, {s: 0}, "the resolvent is analytic at s = 0")
    push = proof.identity("push-through", (1 - X.T @ Q @ X, lam * Qn), "the two resolvents share their spectrum")
    companion = proof.define(
        sp.Eq(mtilde, c * m + (1 - c) / lam), "trace of the n x n resolvent, p - n eigenvalues fewer", uses=[push]
    )
    named = proof.define(sp.Eq(tau, mtilde), "the unknown of the statement", uses=[companion])
    by_load = proof.substitute(
        "companion and load", sp.Eq(tau, 1 / (lam * (1 + delta))), "lambda m = E[lambda/bar]",
        uses=[companion, named, entry, plain],
    )  # fmt: skip
    equation = proof.substitute(
        "companion", sp.Eq(tau, 1 / (lam + c * mean(t / (1 + t * tau)))), "without delta", uses=[by_load, plain]
    )
    first = 1 / (1 + t * tau)
    trace, *diagonal = (
        proof.substitute(
            f"{claim.lhs} in tau", sp.Eq(claim.lhs, claim.rhs.subs(delta, 1 / (lam * tau) - 1)), "without delta",
            uses=[entry, by_load],
        )
        for claim in entry.claims
    )  # fmt: skip

    # second order: derivatives of first-order quantities
    pull = proof.derivative(
        "response of the load",
        sp.Eq(response, -c * mean(t**2 * first**2) / lam**2 / (1 - c * tau**2 * mean(t**2 * first**2))),
        "implicit differentiation in s: -tr CQCQ/n", of=load.claims[0], by=s, through={delta: response}, at=0,
        uses=[load, plain, by_load],
    )  # fmt: skip
    second = proof.define(sp.Eq(tr_QCQC, -response / c), "d/ds of tr CQ is -tr CQCQ", uses=[pull])
    slow = proof.derivative(
        "companion's derivative", sp.Eq(decay, -1 / (1 / tau**2 - c * mean(t**2 * first**2))),
        "implicit differentiation in lambda; decay = -dm/dz", of=equation.claims[0], by=lam,
        through={tau: decay}, uses=[equation],
    )  # fmt: skip
    square = proof.derivative(
        "squared resolvent", sp.Eq(tr_Q2, mean(first) / lam**2 + mean(t * first**2) * decay / lam),
        "tr Q^2 is -d tr Q/dlambda", of=-mean(first) / lam, by=lam, through={tau: decay}, uses=[slow],
    )  # fmt: skip
    moments = [
        proof.asymptotic(
            name,
            claim,
            reason,
            deviation=_moment(k),
            exponent=-1.0,
            replicates=512,
            uses=[],
            sizes=(16, 32, 64, 128),
        )
        for name, k, claim, reason in (
            ("mean eigenvalue", 1, sp.Eq(mean_eig, mean(t)), "each sample has squared norm tr C"),
            ("second moment", 2, sp.Eq(mom2, mean(t**2) + c * mean(t) ** 2), "two samples, equal or not"),
        )
    ]

    # along the real axis the equation is solved for z: x(v) with v = -1/mtilde
    axis = proof.continuity("off the support", equation, {lam: -z}, "analytic there")
    turned = proof.define(sp.Eq(v, -1 / tau), "the variable in which z is an explicit function", uses=[axis])
    inverse_map = proof.substitute(
        "inverse function", sp.Eq(z, v * (1 + c * mean(t / (v - t)))), "solved for z", uses=[axis, turned]
    )
    critical = proof.derivative(
        "its slope", sp.Eq(slope, 1 - c * mean(t**2 / (v - t) ** 2)), "positive off the support, zero at the edges",
        of=inverse_map.claims[0].rhs, by=v, uses=[inverse_map],
    )  # fmt: skip
    mass = proof.derivative(
        "mass beyond x(v)", sp.Eq(rate, slope / v),
        "so that the density Im mtilde/(pi c) dx integrates to (1 - c) log v + c E[log(v - t) + t/(v - t)]",
        of=(1 - c) * sp.log(v) + c * mean(sp.log(v - t) + t / (v - t)), by=v, uses=[critical],
    )  # fmt: skip
    reached = [named, equation, trace, *diagonal, pull, second, slow, square, *moments, mass]
    for regime in theorem.regimes():
        proof.conclude("read off", uses=reached, regime=regime.name, check=_read, wrong=_MISREAD)


@cache
def _curve(name: str) -> SpectralLaw:
    """The law at a default point from its polynomial, which knows nothing of the inverse function."""
    return law_at(theorem.point(name)).algebraic()


def _read(edge: float = 1.0, mass: float = 1.0, level: float = 1.0) -> Evidence:
    """Edges, masses and quantile (times wrong factors) against the curve: its discriminant, its integrated density."""
    worst = 0.0
    for name in theorem.points:
        curve, point = _curve(name), theorem.point(name)
        law = law_at(point)
        edges = [e.ball * edge for e in law.edges]
        same = len(edges) == len(curve.edges)
        if not same or not all(a.overlaps(b.ball) for a, b in zip(edges, curve.edges, strict=True)):
            return Evidence.of(False, "discriminant", message=f"edges {edges} of {law}")
        ends = [float(curve.cdf(e.value * (1 + sign * 1e-9))) for e, sign in zip(law.edges, [-1, 1] * 3, strict=False)]
        found = np.diff(ends)[::2]
        worst = max(worst, float(np.max(np.abs(found - mass * np.array(law.component_masses, dtype=float)))))
        quantile = float(law.enclose_quantile(point["q"])) * level
        worst = max(worst, abs(float(curve.cdf(quantile)) - float(point["q"])))
    return Evidence.of(worst < 1e-9, "discriminant and integrated density of the curve", resolution=1e-9)


_MISREAD = (
    ("edges off by 1e-9", lambda: _read(edge=1 + 1e-9)),
    ("masses off by 1e-6", lambda: _read(mass=1 + 1e-6)),
    ("a quantile off by 1e-6", lambda: _read(level=1 + 1e-6)),
)


# -- experiment -------------------------------------------------------------------------------------------------------


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples: the larger dimension is 120 to 240 and holds every block exactly."""
    return {Fraction(1, 10): (600, 1200), Fraction(2): (60, 120)}.get(point["c"], (240, 480))


def _model(point: Any, size: int) -> tuple[np.ndarray, int]:
    return population(point["w"], point["t"], int(point["c"] * size)), size


#: Traces of the first four powers of M: their means are known exactly at every size and for every entry law.
CONTROLS = covariance_controls(_model)


def _statistics(blocks: int, components: int, lowest: float = 0.06) -> tuple[Statistic, ...]:
    traces = ("mtilde", "m", "tr_Q2", "tr_QCQC", *(f"Qkk_block{k}" for k in range(blocks)))
    return (
        *(Statistic(name, controls=CONTROLS) for name in traces),
        Statistic("mean_eig", kind="exact", resolution=0.005),
        Statistic("mom2", controls=CONTROLS[:1], resolution=0.005),
        Statistic("quantile", resolution=0.02),
        *(
            Statistic(f"edge{k}", kind="edge", exponent=2 / 3, resolution=0.06 if k else lowest)
            for k in range(2 * components)
        ),
        *(Statistic(f"mass{k}", kind="exact") for k in range(components)),
        Statistic("n_edges", kind="exact"),
    )


@theorem.experiment(points=("A",), sizes=sizes, statistics=_statistics(3, 3))
@theorem.experiment(points=("B",), sizes=sizes, statistics=_statistics(2, 1, 0.12))
@theorem.experiment(points=("C",), sizes=sizes, laws=("rad",), statistics=_statistics(3, 2, 0.08))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Resolvent of one matrix, block by block, and its spectrum, cut in the middle of the predicted gaps."""
    spectrum, _ = _model(point, size)
    dimension, shift = len(spectrum), float(point["lam"])
    factor = wishart_factor(rng, dimension, size) if law == "gauss" else entries(rng, (dimension, size), law)
    x = factor * np.sqrt(spectrum / (1 if law == "gauss" else size))[:, None]
    few = x.shape[1] < dimension
    found, vectors = np.linalg.eigh(x.T @ x if few else x @ x.T)
    if few:  # Q = (1 - X (X'X + lam)^{-1} X')/lam
        vectors = (x @ vectors) / np.sqrt(np.maximum(found, 1e-300))
        weight, rest = -found / (shift * (found + shift)), 1 / shift
    else:
        weight, rest = 1 / (found + shift), 0.0
    q = (vectors * weight) @ vectors.T
    diagonal = np.diag(q) + rest
    ends = np.cumsum(block_counts(point["w"], dimension))
    whole = np.concatenate([np.zeros(dimension - len(found)), found])
    q[np.diag_indices(dimension)] = diagonal
    return {
        "mtilde": float(np.sum(1 / (found + shift)) + (size - len(found)) / shift) / size,
        "m": float(np.mean(diagonal)),
        "tr_Q2": float(np.sum(1 / (whole + shift) ** 2)) / dimension,
        "tr_QCQC": float(spectrum @ q**2 @ spectrum) / dimension,
        **{f"Qkk_block{k}": float(np.mean(part)) for k, part in enumerate(np.split(diagonal, ends[:-1]))},
        "mean_eig": float(np.mean(whole)),
        "mom2": float(np.mean(whole**2)),
        "quantile": float(np.quantile(whole, float(point["q"]), method="hazen")),
        **_components(found, dimension, law_at(point)),
        **covariance_outputs(found),
    }


def _components(found: np.ndarray, dimension: int, law: SampleCovariance) -> dict[str, float]:
    """Extreme eigenvalues and mass of each component; edges are counted at the gaps that the spectrum leaves open."""
    edges = [e.value for e in law.edges]
    cuts = [(low + high) / 2 for low, high in zip(edges[1::2], edges[2::2], strict=False)]
    parts = np.split(found, np.searchsorted(found, cuts))
    gaps = [(a + 2 * b) / 3 for a, b in zip(edges[1::2], edges[2::2], strict=False)]
    open_gaps = sum(not np.any((found > cut) & (found < other)) for cut, other in zip(cuts, gaps, strict=True))
    return {
        "n_edges": float(2 * (1 + open_gaps)),
        **{f"edge{2 * k}": float(part[0]) for k, part in enumerate(parts)},
        **{f"edge{2 * k + 1}": float(part[-1]) for k, part in enumerate(parts)},
        **{f"mass{k}": len(part) / dimension for k, part in enumerate(parts)},
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Three populations and one matrix of each: components that separate, merge and touch zero."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(10.5, 3.3, ncols=3)
    for axes, name in zip(panels, theorem.points, strict=True):
        point = theorem.point(name)
        dimension = 600
        factor = wishart_factor(rng, dimension, int(dimension / point["c"]))
        x = factor * np.sqrt(population(point["w"], point["t"], dimension))[:, None]
        plot_law(law_at(point), np.linalg.eigvalsh(x @ x.T), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"t = {', '.join(map(str, point['t']))};  c = {float(point['c']):g}")
    return fig


def inverse_function(name: str = "A") -> Any:
    """x(v) at a default point: its rising branches are the complement of the support."""
    from rmtsym.report.style import COLOURS, figure

    law = law_at(theorem.point(name))
    fig, axes = figure(7, 4.2)
    top, low = 1.3 * law.bounds[1], -0.25 * law.bounds[1]
    v = np.linspace(-2, 1.25 * float(law.eigenvalues[-1]) + 2, 8001)
    with np.errstate(all="ignore"):
        x = v * (1 + float(law.c) * ((law.eigenvalues / (v[:, None] - law.eigenvalues)) @ law.weights))
    shown = np.where((x > low) & (x < top), x, np.nan)
    rising = np.gradient(x, v) > 0
    axes.plot(v, np.where(rising, shown, np.nan), color=COLOURS[0], label="x'(v) > 0: off the support")
    axes.plot(v, np.where(rising, np.nan, shown), color="0.6", lw=1, label="x'(v) < 0")
    axes.plot([float(v) for v in law.thresholds], [float(e) for e in law.edges], "o", color=COLOURS[1], label="edges")
    for lower, upper in law.support.components:
        axes.axhspan(lower.value, upper.value, color=COLOURS[0], alpha=0.12)
    axes.set(xlabel=r"$v=-1/\tilde m$", ylabel="x", ylim=(low, top))
    axes.legend()
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the engine, asked for the same matrices, returns the same numbers symbol by symbol")
def engine(claim: Any) -> None:
    made = deterministic_equivalent({"m": Q, "tr_Q2": Q @ Q, "tr_QCQC": C @ Q @ C @ Q})
    (kappa,) = made.system.symbols
    for equation in made.equations:
        claim.identity(sp.Eq(*(side.subs(kappa, 1 / tau) for side in equation.args), evaluate=False))
    for name, body in made.outputs.items():
        claim.identity(sp.Eq(sp.Symbol(name), body.subs(kappa, 1 / tau), evaluate=False))


@theorem.consequence("a single block gives the Marchenko-Pastur law")
def one_block(claim: Any) -> None:
    white = get("marchenko-pastur")
    points = [theorem.point(t="1", w="1", c=ratio, lam=shift) for ratio, shift in (("1/2", "1/10"), ("2", "3/10"))]

    def known(name: str) -> Any:
        return lambda p: predict(white, {"c": p["c"], "lam": p["lam"]}, 30, [name])[name]

    for ours, name in (("m", "m_neg_lam"), ("tr_Q2", "m_prime"), ("mom2", "mom2"), ("edge1", "edge_plus")):
        claim.equal(lambda p, ours=ours: claim.value(ours, p), known(name), points, f"{ours} is its {name}")


@theorem.consequence("the two resolvents differ by zeros: $\\tilde m=c\\,m+(1-c)/\\lambda$")
def duality(claim: Any) -> None:
    claim.identity(sp.Eq(sp.Symbol("mtilde"), c * sp.Symbol("m") + (1 - c) / lam))


@theorem.consequence("sampling adds $c(\\int t\\,dH)^2$ to the variance of the eigenvalues")
def spread(claim: Any) -> None:
    m1, m2 = sp.symbols("mean_eig mom2")
    claim.identity(sp.Eq(m2 - m1**2, mean(t**2) - mean(t) ** 2 + c * mean(t) ** 2))


@theorem.consequence("many samples: the sample spectrum is that of the population as $c\\to0$")
def many_samples(claim: Any) -> None:
    shift = Fraction(1, 2)
    claim.limit("m", lambda eps: {"c": eps}, sum(1 / (x + shift) for x in (1, 3, 7)) / 3)
    for k, place in enumerate((1, 3, 7)):
        claim.limit(f"edge{2 * k + 1}", lambda eps: {"c": eps**2 / 100}, place)


@theorem.consequence(
    "$m(0)=\\frac1{1-c}\\int dH/t$ for $c<1$; at $c=1$ it diverges like $\\lambda^{-1/2}$, above like $\\lambda^{-1}$"
)
def at_zero(claim: Any) -> None:
    claim.limit("m", lambda eps: {"lam": eps}, Fraction(10, 9) * Fraction(31, 63))
    claim.exponent("m", lambda eps: {"lam": eps**2, "c": 1}, -1, text="m ~ lam^(-1/2) at c = 1")
    claim.exponent("m", lambda eps: {"lam": eps, "c": 2}, -1, text="m ~ lam^(-1) at c = 2")
    claim.exponent("edge0", lambda eps: {"c": 1 + eps}, 2, text="the lowest edge closes like (c - 1)^2")


@theorem.consequence("a component carries the weight of the population eigenvalues attached to it (exact separation)")
def separation(claim: Any) -> None:
    def attached(name: str, *shares: Fraction) -> bool:
        return law_at(theorem.point(name)).component_masses == shares

    third, quarter, half = Fraction(1, 3), Fraction(1, 4), Fraction(1, 2)
    claim.holds(
        "three components", lambda: attached("A", third, third, third), wrong={"two": lambda: attached("A", third)}
    )
    claim.holds(
        "1 and 2 together, 10 alone", lambda: attached("C", 3 * quarter, quarter),
        wrong={"the other way": lambda: attached("C", half, half)},
    )  # fmt: skip
    claim.holds(
        "one half of the dimensions are zeros", lambda: attached("B", half),
        wrong={"zeros counted": lambda: attached("B", Fraction(1))},
    )  # fmt: skip


@theorem.consequence("the components of $\\{1,8\\}$, equal weights, merge at $c=98/125$, in a cubic cusp")
def merging(claim: Any) -> None:
    critical = Fraction(98, 125)
    half = sp.Rational(1, 2)
    slope = sp.numer(sp.together(1 - c * (half / (v - 1) ** 2 + half * 64 / (v - 8) ** 2)))
    roots = sp.roots(sp.Poly(sp.discriminant(slope, v), c))

    def edges(ratio: Fraction) -> int:
        return int(claim.value("n_edges", theorem.point(t="1,8", w="1/2,1/2", c=ratio)).value)

    claim.holds(
        "the discriminant of x' vanishes there",
        lambda: sp.Rational(98, 125) in roots,
        wrong={"at 1/2": lambda: half in roots},
    )
    claim.holds(
        "four edges below, two above",
        lambda: (edges(critical * Fraction(999, 1000)), edges(critical * Fraction(1001, 1000))) == (4, 2),
        wrong={"at 4/5": lambda: (edges(critical), edges(Fraction(4, 5))) == (4, 2)},
    )
    law = SampleCovariance(critical, [1, 8])
    inside = [e.exponent for e in law.edge_behaviour if e.side == "interior"]
    claim.holds(
        "exponent of the density on both sides",
        lambda: inside == [Fraction(1, 3)],
        wrong={"a square root": lambda: inside == [Fraction(1, 2)]},
    )


@theorem.consequence("with $K$ population eigenvalues the curve has degree $K+1$, its edges are square roots")
def degree(claim: Any) -> None:
    def same(shift: int) -> bool:
        return all(_curve(name).curve.degree == len(theorem.point(name)["t"]) + shift for name in theorem.points)

    claim.holds("degrees at the default points", lambda: same(1), wrong={"K": lambda: same(0)})
    exponents = [edge.exponent for name in theorem.points for edge in law_at(theorem.point(name)).edge_behaviour]
    claim.holds(
        "exponents at all edges",
        lambda: exponents == [Fraction(1, 2)] * 12,
        wrong={"cusps": lambda: exponents == [Fraction(1, 3)] * 12},
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

_first = 1 / (1 + t * tau)
_square = mean(t**2 * _first**2)


def _wrong_edges(t: Any, w: Any, c: Any) -> dict[str, float]:
    """Critical values with t for t^2 in the slope, as many as the right ones."""
    place = sp.Symbol("v")
    slope = sp.numer(sp.together(1 - c * sum(y * x / (place - x) ** 2 for x, y in zip(t, w, strict=True))))
    roots = sorted(complex(r).real for r in sp.Poly(slope, place).nroots() if abs(sp.im(r)) < 1e-9)
    values = [r * (1 + float(c) * sum(float(y * x) / (r - float(x)) for x, y in zip(t, w, strict=True))) for r in roots]
    return {f"edge{k}": x for k, x in enumerate((values * 6)[: 2 * len(t)])}


theorem.mutant("c missing in the fixed point", equations={tau: sp.Eq(tau, 1 / (lam + mean(t * _first)))})
theorem.mutant("t for t^2 in the slope of the inverse function", values=_wrong_edges)
theorem.mutant("no 1/(1 - gamma)", outputs={"tr_QCQC": _square / lam**2})
theorem.mutant("z^2 mtilde^2 dropped in gamma", outputs={"tr_QCQC": _square / lam**2 / (1 - c * _square / lam**2)})
theorem.mutant("second moment without c (E t)^2", outputs={"mom2": mean(t**2)})
theorem.mutant("density with 1/pi for 1/(pi c)", values=lambda mass0, c: {"mass0": float(c) * float(mass0)})
theorem.mutant("edges at negative mtilde only, for c > 1 too", values=lambda n_edges, c: {"n_edges": n_edges - (c > 1)})
theorem.mutant("the two resolvents exchanged", values=lambda m, mtilde: {"m": mtilde, "mtilde": m})
theorem.mutant(
    "three equal blocks of 200 coordinates, rounded",
    parameters={"w": lambda w: (Fraction(67, 200), Fraction(67, 200), Fraction(66, 200))},
    regime=f"{MOST} blocks or more, {MOST} components or more",
)
