"""Sample covariance of a general population: derivation, step by step."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.simulate.ensembles import wishart_factor
from rmtsym.spectrum import SpectralLaw
from rmtsym.theorem import Evidence
from theory.spectra.sample_covariance.statement import (
    MOST,
    Q,
    Qn,
    X,
    _place,
    c,
    lam,
    law_at,
    mean,
    t,
    tau,
    theorem,
    v,
    z,
)

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
def curve_of(name: str) -> SpectralLaw:
    """The law at a default point from its polynomial, which knows nothing of the inverse function."""
    return law_at(theorem.point(name)).algebraic()


def _read(edge: float = 1.0, mass: float = 1.0, level: float = 1.0) -> Evidence:
    """Edges, masses and quantile (times wrong factors) against the curve: its discriminant, its integrated density."""
    worst = 0.0
    for name in theorem.points:
        curve, point = curve_of(name), theorem.point(name)
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
