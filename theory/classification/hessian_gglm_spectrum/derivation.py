"""Hessian spectrum of generalised linear models: derivation, step by step."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.field import BALL, Average, ExponentialLaw, NormalLaw
from rmtsym.field.evaluate import evaluate
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem import (
    Evidence,
    exact,
)
from theory.classification.hessian_gglm_spectrum.statement import (
    ALIGN,
    EDGE,
    EIG,
    FALL,
    IM,
    PAIR,
    PHASE,
    RE,
    STAR,
    a,
    b,
    bulk,
    c,
    delta,
    delta_e,
    delta_s,
    e,
    e_e,
    e_s,
    exponential,
    f,
    f_slope,
    g,
    k,
    loss,
    over,
    over_c,
    q,
    rho,
    slope,
    statement,
    t,
    theorem,
    turn,
    v_star,
    x_e,
    x_s,
    y,
    z,
)
from theory.classification.hessian_gglm_spectrum.weights import normal, sampled

#: Where the asymptotic steps are tested: squared error of a logistic output, C in halves, z left of the spectrum.
_AT = dict(omega="2", star="4", t="1,3", share="1/2,1/2", mass="1/2,1/2", c="1/4", response="squared")
_Z0 = -1.0


def _resolvent(x: np.ndarray, g: np.ndarray) -> np.ndarray:
    return np.linalg.inv((x * g) @ x.T / x.shape[1] - _Z0 * np.eye(len(x)))


def _memory(rng: np.random.Generator, size: int) -> float:
    """Trace of the resolvent less the one in which the weights know nothing of the data, mean of several draws."""
    total = 0.0
    for _ in range(16):
        x, g, a, a_star, _, _, first, second = sampled(rng, size, theorem.point(**_AT))
        fresh = (
            x + np.outer(first, rng.standard_normal(size) - a) + np.outer(second, rng.standard_normal(size) - a_star)
        )
        total += float(np.trace(_resolvent(x, g)) - np.trace(_resolvent(fresh, g)))
    return total / size / 16


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    x, g, _, _, _, spectrum, _, _ = sampled(rng, size, theorem.point(**_AT))
    rest = np.linalg.inv((x[:, 1:] * g[1:]) @ x[:, 1:].T / size - _Z0 * np.eye(len(x)))
    return float(x[:, 0] @ rest @ x[:, 0] - spectrum @ np.diag(rest)) / size


def _directions(index: int) -> Any:
    """Equation of the forms in the two directions: left less right side, means over the same samples."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        x, g, a, a_star, _, spectrum, first, second = sampled(rng, size, theorem.point(**_AT))
        resolvent = _resolvent(x, g)
        h = g / (1 + g * float(spectrum @ np.diag(resolvent)) / size)
        both, pair = np.stack([first, second]), np.stack([a, a_star])
        form = float(np.sum(first**2 / (h.mean() * spectrum - _Z0)))
        strength = (pair * h) @ pair.T / size - h.mean() * np.eye(2)
        gap = both @ resolvent @ both.T @ (np.eye(2) + strength * form) - form * np.eye(2)
        return float((gap[0, 0], gap[0, 1], gap[1, 1])[index])

    return deviation


def _hidden(rng: np.random.Generator, size: int) -> float:
    """Squared alignments of the first eigenvector at a point without isolated eigenvalue, mean of several draws."""
    total = 0.0
    for _ in range(8):
        x, g, _, _, _, _, *directions = sampled(rng, size, theorem.point("L3"))
        vector = np.linalg.eigh((x * g) @ x.T / size)[1][:, 0]
        total += sum(float(vector @ one) ** 2 for one in directions)
    return total / 8


def _labels(claim: Eq) -> Evidence:
    """Moments of w_*'x given the label, in balls, at two strengths."""
    moments = {str(name): body for name, body in zip((FIRST, SECOND), _GIVEN, strict=True)}
    worst = 0.0
    for strength in (Fraction(1, 2), Fraction(16)):
        env = {"N": NormalLaw(), "v_star": strength}
        gap = evaluate(moments[str(claim.lhs)] - claim.rhs, env, BALL(80))
        worst = max(worst, float(gap.rad()))
        if not gap.contains(0):
            return Evidence.of(False, "rigorous integrals", message=f"{gap} at v_* = {strength}")
    return Evidence.of(worst < 1e-9 or None, "rigorous integrals at two strengths", resolution=worst)


def _polar(claim: Eq) -> Evidence:
    """Mean over a pair of normal variables: half the squared length is exponential, the angle uniform."""
    turn = np.exp(2j * np.pi * np.arange(2048) / 2048)
    worst = 0.0
    for at, one, two in ((0.3 + 0.6j, 1.0, 1.0), (-0.5 + 0.4j, 2.0, 0.5)):
        letters, p = ExponentialLaw(1 / 32).quadrature(exponential)
        weight = 2 * letters["u"][:, None] * (3 * one * turn.real**2 - two * turn.imag**2)
        exact = p @ np.mean(1 / (1 + at * weight), axis=1)
        found = evaluate(claim.rhs, {"Exp": ExponentialLaw(1 / 32), "delta": at, "v": one, "v_star": two})
        worst = max(worst, abs(complex(found) - exact))
    return Evidence.of(worst < 1e-10, "quadrature in both variables", resolution=1e-10, message=f"off by {worst:.1e}")


def _one_by_one(proof: Any, steps: list[Any]) -> tuple[Any, Any]:
    """Each claim of the regime against one step: roots of the other claims need not exist in the prime field."""
    claims = [claim for system in statement()[0].systems for claim in exact.system_claims(system)]
    tests = [
        (lambda one=one, step=step: exact.vanishes(one.lhs - one.rhs, step.relations[:1]))
        for one, step in zip(claims, steps, strict=True)
    ]
    wrong = [
        (f"{label} in {one.lhs}", lambda bad=bad, step=step: exact.vanishes(bad.lhs - bad.rhs, step.relations[:1]))
        for one, step in zip(claims, steps, strict=True)
        for label, bad in exact.wrong_equations(one, limit=2)
    ]
    return lambda: exact.all_of([test() for test in tests], [str(one.lhs) for one in claims]), wrong


FIRST, SECOND = sp.symbols("first second")
_GIVEN = tuple(Average(2 * q**n / (1 + sp.exp(-sp.sqrt(v_star) * q)), normal) for n in (1, 2))


@theorem.derivation
def derivation(proof: Any) -> None:
    """Bulk from the engine; the two directions as a change of rank two; poles, residues, turning points."""
    p, n = Space("p", c, letters=(t, b), law="nu"), Space("n", letters=(g, a, y), law="gamma")
    X = Deterministic(sp.sqrt(t), p) @ Gaussian("Z", p, n)
    Q = inverse(X @ Deterministic(g, n) @ X.T - z)
    traces = {"m": Q, "load": c * (Deterministic(t, p) @ Q)}
    load, m_z, e_rate, steep = sp.symbols("load m e_prime z_prime")
    k12, k22, g11, g12, g22, inverted = sp.symbols("k12 k22 G11 G12 G22 J")

    # the bulk
    engine = proof.engine(
        "weights that know nothing of the data", deterministic_equivalent(traces),
        "X diag(g) X'/n with independent X and g",
    )  # fmt: skip
    memory = proof.asymptotic(
        "traces have no memory", "tr Q and tr CQ depend on the law of the weights only",
        "what the weights know of the data is a change of rank at most six", deviation=_memory, exponent=-1.0,
        sizes=(32, 64, 128), replicates=64, uses=[],
    )  # fmt: skip
    named = [
        proof.define(Eq(delta, load), "delta = tr CQ/n", uses=[engine, memory]),
        proof.define(Eq(e, over(loss(load))), "the mean in the engine's equations", uses=[engine]),
    ]
    bulk_load = proof.substitute(
        "load", Eq(delta, c * over_c(t / (e * t - z))), "in the paper's letters", uses=[engine, *named]
    )
    bulk_mean = proof.substitute("mean", Eq(e, over(loss(delta))), "in the paper's letters", uses=[engine, *named])
    trace = proof.substitute("transform", Eq(m_z, over_c(1 / (e * t - z))), "the same", uses=[engine, *named])
    bulk_parts = []
    for s, part, text in ((RE, sp.re, "real part"), (IM, sp.im, "imaginary part")):
        shown = proof.define(Eq(s, part(m_z)), text, uses=[trace])
        claim = Eq(s, part(over_c(1 / (e * t - z))))
        bulk_parts.append(proof.substitute(text, claim, "of the transform", uses=[shown, trace]))

    # the two directions
    size = sp.Symbol("k", integer=True, positive=True)
    A, x = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("x", size, 1)
    U, K = sp.MatrixSymbol("U", size, 2), sp.MatrixSymbol("K", 2, 2)
    one_out = proof.identity(
        "one sample out",
        Eq((A + g * x * x.T).I * x * (sp.Identity(1) + g * x.T * A.I * x), A.I * x, evaluate=False),
        "HQ = (1/n) sum g_i Q x_i x_i', and Q x_i = Q_i x_i/(1 + g_i x_i'Q_i x_i/n)",
    )
    lemma = proof.asymptotic(
        "trace lemma", "x'Q_i x/n = tr CQ/n = delta", "the directions that g knows do not count",
        deviation=_trace_lemma, sizes=(48, 96, 192, 384), replicates=160, uses=[one_out],
    )  # fmt: skip
    woodbury = proof.identity(
        "change of rank two",
        Eq(U.T * (A + U * K * U.T).I * U * (sp.Identity(2) + K * U.T * A.I * U), U.T * A.I * U, evaluate=False),
        "U = (Cw/sqrt(v), Cw*/sqrt(v*)); x = U(a, a*)' + rest, where the rest has covariance C - UU' and does not "
        "know g: E[g xx'/(1 + g delta)] = eC + UKU', K = E[g (aa' - 1)/(1 + g delta)]; A = eC - z",
    )  # fmt: skip
    form = proof.define(Eq(f, over_c(b * t / (e * t - z))), "U'(eC - z)^{-1}U = f 1: w* is distributed like w")
    strength = proof.define(Eq(k, over(loss(delta) * (a**2 - 1))), "first element of K")
    given = [proof.define(Eq(s, body), f"mean of a*^{i} over the samples with y = 1")
             for i, s, body in ((1, FIRST, _GIVEN[0]), (2, SECOND, _GIVEN[1]))]  # fmt: skip
    moments = proof.moment(
        "labels", [Eq(FIRST, rho), Eq(SECOND, 1, evaluate=False)],
        "given y, a* does not know w'x, and y = 0 is the mirror image", check=_labels, uses=given,
        wrong=[Eq(FIRST, 2 * rho), Eq(FIRST, rho / 2), Eq(FIRST, rho**2), Eq(SECOND, 2, evaluate=False)],
    )  # fmt: skip
    mixed = proof.define(
        Eq(k12, FIRST * over(loss(delta) * a * y)), "K between the directions, y = +-1", uses=[moments]
    )
    other = proof.define(Eq(k22, (SECOND - 1) * over(loss(delta))), "last element of K", uses=[moments])
    systems = (
        Eq(g11 * (1 + k * f) + g12 * k12 * f, f, evaluate=False),
        Eq(g11 * k12 * f + g12 * (1 + k22 * f), 0, evaluate=False),
        Eq(g12 * k12 * f + g22 * (1 + k22 * f), f, evaluate=False),
    )
    forms = [
        proof.asymptotic(
            f"forms in the directions, {place}", claim,
            "U'QU (1 + K f) = f, here at z = -1: Q is (E[g xx'/(1 + g delta)] - z)^{-1} for every form",
            deviation=_directions(i), uses=[lemma, woodbury, form, strength, mixed, other], sizes=(48, 96, 192, 384),
            replicates=160,
        )
        for i, (place, claim) in enumerate(zip(("w and w", "w and w*", "w* and w*"), systems, strict=True))
    ]  # fmt: skip
    inverse_form = proof.define(Eq(inverted, 1 / f + k - k12**2 * f), "det(1 + K f)/f", uses=[other])
    solved = [
        proof.substitute(name, Eq(s * inverted, right), "solved", uses=[*forms, inverse_form, other, moments])
        for name, s, right in (("form in w", g11, 1), ("form in w*", g22, 1 + k * f))
    ]

    # off the support z is a function of delta
    rate = proof.derivative(
        "slope of e in delta", Eq(e_rate, -over(loss(delta) ** 2)), "under the mean", of=over(loss(delta)), by=delta,
        uses=[bulk_mean],
    )  # fmt: skip
    inverse_slope = proof.derivative(
        "slope of z in delta", Eq(steep, (1 - turn(delta, e, z)) / (c * over_c(t / (e * t - z) ** 2))),
        "implicit differentiation of the load; positive off the support", of=bulk_load.claims[0], by=delta,
        through={z: steep, e: e_rate}, uses=[bulk_load, rate],
    )  # fmt: skip
    turning = proof.substitute(
        "turning", Eq(turn(delta, e, z), 1 - steep * c * over_c(t / (e * t - z) ** 2), evaluate=False),
        "where z has no slope the left side is one", uses=[inverse_slope],
    )  # fmt: skip
    at_edge = {delta: delta_e, e: e_e, z: x_e}
    edges = [
        proof.continuity(f"{step.name} at the edge", step, {**at_edge, **extra}, reason)
        for step, extra, reason in (
            (bulk_load, {}, "delta is finite at the edge"),
            (bulk_mean, {}, "e is finite at the edge"),
            (turning, {steep: 0}, "the support begins where delta has a branch point: z(delta) turns"),
        )
    ]
    limits = proof.assume(
        "limits off the support", "off the support of the bulk the eigenvalues of H are at poles of the limiting forms",
        "Liao and Mahoney (2021), arXiv:2103.01519; for independent weights Bai and Silverstein (1998)", uses=[],
    )  # fmt: skip
    shown = proof.define(Eq(EDGE, x_e), "a quantity of the theorem", uses=[*edges, limits])

    # the pole
    at_pole = {delta: delta_s, e: e_s, z: x_s}
    there = [
        proof.continuity(f"{step.name} at the pole", step, at_pole, "everything is analytic off the support")
        for step in (bulk_load, bulk_mean, form, strength, mixed)
    ]
    balance = proof.substitute(
        "determinant", Eq(1 + k * f, inverted * f + k12**2 * f**2, evaluate=False), "in two parts", uses=[inverse_form]
    )
    zero = proof.continuity(
        "isolated eigenvalue", balance, {inverted: 0}, "the forms have a pole where the determinant vanishes"
    )
    steep_there = proof.continuity("slope at the pole", inverse_slope, at_pole, "positive there")
    slope_is = proof.define(Eq(slope, 1 / steep), "slope of delta in z", uses=[steep_there])
    move = {**{s: sp.Symbol(f"{s}_slope") for s in (e_s, k, k12)}, f: f_slope}
    bodies = {
        e_s: over(loss(delta_s)),
        k: over(loss(delta_s) * (a**2 - 1)),
        k12: FIRST * over(loss(delta_s) * a * y),
        f: over_c(b * t / (e_s * t - x_s)),
    }
    squared = loss(delta_s) ** 2
    claims = {
        e_s: -over(squared) * slope,
        k: -over(squared * (a**2 - 1)) * slope,
        k12: -FIRST * over(squared * a * y) * slope,
        f: over_c(b * t / (e_s * t - x_s) ** 2) - move[e_s] * over_c(b * t**2 / (e_s * t - x_s) ** 2),
    }
    moving = [
        proof.derivative(
            f"slope of {s}", Eq(move[s], claims[s]), "in z, at the pole", of=bodies[s], by=x_s,
            through={delta_s: slope, e_s: move[e_s]} if s == f else {delta_s: slope}, uses=[slope_is, *there],
        )
        for s in (e_s, k, k12, f)
    ]  # fmt: skip
    fall = proof.derivative(
        "slope at the pole of the form", Eq(FALL, move[k] - 2 * k12 * move[k12] * f - move[f] * (1 / f**2 + k12**2)),
        "the pole is simple: this is negative", of=inverse_form.claims[0].rhs, by=x_s,
        through={s: move[s] for s in (k, k12, f)}, uses=moving,
    )  # fmt: skip
    residue = proof.define(
        Eq(ALIGN, -1 / (FALL * over_c(b * t))), "minus the residue of the form in w, over |Cw|^2/v",
        uses=[solved[0], fall],
    )  # fmt: skip
    residue_star = proof.define(
        Eq(STAR, -(1 + k * f) / (FALL * over_c(b * t))), "the same for w*", uses=[solved[1], fall]
    )
    star = proof.substitute(
        "alignment with w*", Eq(STAR, ALIGN * (k12 * f) ** 2), "the determinant is zero",
        uses=[residue, residue_star, zero],
    )  # fmt: skip
    place = proof.define(Eq(EIG, x_s), "a quantity of the theorem", uses=[zero, limits])
    inside = [bulk_load, bulk_mean, *bulk_parts]
    pole = [*there, zero, steep_there, slope_is, *moving, fall, residue, star, place, moments]
    proof.conclude("the engine's, renamed", uses=inside, regime="bulk")
    proof.conclude("read off", apart=[[*edges, shown], pole], regime="isolated")

    # without a pole
    nothing = proof.asymptotic(
        "no alignment", (Eq(ALIGN, 0, evaluate=False), Eq(STAR, 0, evaluate=False)),
        "if the determinant is positive at the edge; here the sum of both, at |w| = 1, c = 1/2", deviation=_hidden,
        uses=[zero, limits], replicates=64, sizes=(24, 48, 96, 192), exponent=-1.0,
    )  # fmt: skip
    end = proof.continuity("extreme eigenvalue, hidden", shown, {EDGE: EIG}, "no pole: it is at the edge")
    proof.conclude("read off", uses=[*edges, shown, end, nothing], regime="hidden")

    # phase retrieval
    mean_is = sp.Symbol("r")
    inverse_mean = proof.define(Eq(mean_is, over(1 / (1 + g * delta))), "mean of 1/(1 + g delta)")
    by_r = proof.substitute(
        "mean, once more", Eq(e, (1 - mean_is) / delta), "1 - 1/(1 + g delta)", uses=[bulk_mean, inverse_mean]
    )
    pair = proof.moment(
        "a pair of normal variables",
        Eq(mean_is, PAIR),
        "g = 2u(3 v cos^2 - v* sin^2): the mean over the angle is one over the root", check=_polar, uses=[inverse_mean],
    )  # fmt: skip
    mean_of_pair = proof.substitute(
        "mean for phase retrieval", bulk(*PHASE).equations[1], "put together", uses=[by_r, pair]
    )
    check, wrong = _one_by_one(proof, [bulk_load, mean_of_pair, *bulk_parts])
    proof.conclude(
        "put together", uses=[bulk_load, mean_of_pair, *bulk_parts], regime="phase retrieval", check=check, wrong=wrong
    )
