r"""Hessian of a generalised linear model at a fixed weight vector: bulk, edges, isolated eigenvalues.

.. math::  H=\frac1n\sum_ig_ix_ix_i^\top,\qquad
           \delta=\frac1n\operatorname{tr}C(eC-z)^{-1},\quad e=\mathbb E\frac g{1+g\delta},\qquad
           \det\Big(\mathbb E\frac{g\,xx^\top}{1+g\delta}-z\Big)=0.

The statement is typed.  The engine gives the bulk for weights that know nothing of the data; the derivation adds what
the directions of the two weight vectors do to the resolvent, and reads poles, residues and edges off it.
Source: Liao and Mahoney (2021), arXiv:2103.01519.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.stats import binom
from sympy import Eq

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field import BALL, Atoms, Average, ExponentialLaw, NormalLaw, SpectralMeasure
from rmtsym.field.evaluate import evaluate
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown, enclose, solve
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.theorem import (
    NON_NEGATIVE,
    POSITIVE,
    REAL,
    Choice,
    Evidence,
    Numbers,
    Parameter,
    Quantity,
    Regime,
    Theorem,
    Weights,
    exact,
    get,
)
from rmtsym.theorem.statement import used
from rmtsym.theorem.theorem import predict
from theory.classification.hessian_weights import BOUNDS, RESPONSES, gamma, normal, outermost, sampled, weights

theorem = Theorem(
    id="hessian-gglm-spectrum",
    title="Hessian spectrum of generalised linear models",
    family="classification",
    references=(
        "Z. Liao, M. W. Mahoney (2021), Hessian eigenspectra of more realistic nonlinear models, arXiv:2103.01519",
        "Z. D. Bai, J. W. Silverstein (1998), No eigenvalues outside the support of the limiting spectral distribution",
    ),
    assumptions=(
        r"$x_i=\mu+C^{1/2}z_i$, the entries of $z_i$ independent, of unit variance, Gaussian (or $w$ spread over many "
        r"coordinates); $w$ does not depend on the data; $\mu=m\,Cw/\sqrt{w^\top Cw}$, so that $w^\top x=\sqrt v\,a$, "
        r"$v=w^\top Cw$, $a\sim N(m,1)$",
        r"$H=\frac1n\sum_ig_ix_ix_i^\top$, $g_i$ the second derivative of the loss of sample $i$ in $w^\top x_i$, "
        r"$s$ the logistic function: logistic loss, $g=s'(w^\top x)$; squared error of $s(w^\top x)$, "
        r"$g=2s'^2-2(y-s)s''$; square loss of $w^\top x$ itself (linear), $g=1$; labels $P(y=1|x)=s(w_*^\top x)$",
        r"phase retrieval: $m=0$, labels $(w_*^\top x)^2$, $g=3(w^\top x)^2-(w_*^\top x)^2$",
        r"$w_*$ is orthogonal to $w$ in every eigenspace of $C$ and distributed over them like $w$; $p/n\to c$",
    ),
    parameters=(
        Parameter("response", "loss", Choice("response", *RESPONSES), default="logistic"),
        Parameter("omega", "norm of w", POSITIVE, r"|w|"),
        Parameter("star", "norm of the vector behind the labels", NON_NEGATIVE, r"|w_*|", default=0),
        Parameter("m", "mean of the data along w", REAL, "m", default=0),
        Parameter("t", "eigenvalues of the covariance", Numbers(POSITIVE, like="share"), "t", default="1"),
        Parameter("share", "share of the dimensions at each eigenvalue", Weights(), default="1"),
        Parameter("mass", "share of the squared norm of w in each eigenspace", Weights(), default="1"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("side", "part of the spectrum", Choice("side", "left", "right", "bulk"), default="left"),
        Parameter("z", "point of the upper half plane, two parts", Numbers(REAL, length=2), "z", default="0,1"),
    ),
    quantities=(
        Quantity("re", "real part of the normalised trace of (H - z)^{-1}", r"\Re m(z)"),
        Quantity("im", "imaginary part of the normalised trace of (H - z)^{-1}", r"\Im m(z)"),
        Quantity("edge", "edge of the bulk", r"\lambda_\pm"),
        Quantity("eig", "extreme eigenvalue", r"\hat\lambda"),
        Quantity("align", "squared alignment of its eigenvector with Cw", r"\cos^2(\hat u,Cw)"),
        Quantity("align_star", "squared alignment of its eigenvector with Cw*", r"\cos^2(\hat u,Cw_*)"),
        Quantity("delta_slope", "slope of delta at the isolated eigenvalue", r"\delta'", observable=False),
        Quantity("form_slope", "slope of f at the isolated eigenvalue", "f'", observable=False),
        Quantity("fall", "slope of 1/f + k - k12^2 f at the isolated eigenvalue", "J'", observable=False),
    ),
    points={
        "L1": dict(omega="3", c="1/10"),
        "L2": dict(omega="1", m="5/2", c="3/10", side="right"),
        "L3": dict(omega="1", c="1/2"),
        "G": dict(omega="2", t="1,4", share="1/2,1/2", mass="1/2,1/2", c="1/10"),
        "S": dict(response="squared", omega="3", star="8", c="1/50"),
        "B": dict(omega="2", t="1,4", share="1/2,1/2", mass="1,0", c="1/2", side="bulk", z="1/10,1/20"),
        "P": dict(response="phase", omega="1", star="1", c="1/2", side="bulk", z="1/2,1/2"),
        "P2": dict(
            response="phase",
            omega="1",
            star="1/2",
            t="1,4",
            share="1/2,1/2",
            mass="1/2,1/2",
            c="1/2",
            side="bulk",
            z="1,3",
        ),
    },
    uses=("marchenko-pastur", "spiked-covariance"),
)

# -- statement --------------------------------------------------------------------------------------------------------

t, b, g, a, y, q, u = sp.symbols("t b g a y q u")
c, v, v_star = sp.symbols("c v v_star", positive=True)
z, delta, e = sp.symbols("z delta e")
x_e, delta_e, e_e = sp.symbols("x_e delta_e e_e")  # at the edge
x_s, delta_s, e_s, k, f, slope, f_slope = sp.symbols(
    "x_s delta_s e_s k f delta_slope form_slope"
)  # at the isolated eigenvalue
EDGE, EIG, ALIGN, STAR, FALL, RE, IM = sp.symbols("edge eig align align_star fall re im")
nu, exponential = SpectralMeasure("nu", t, b), SpectralMeasure("Exp", u)
rho = Average(q * sp.tanh(sp.sqrt(v_star) * q / 2), normal)  # mean of a_* = w_*'x/sqrt(v_*) over the samples with y = 1


def over(body: Any) -> sp.Expr:
    """Mean over weight, projection and sign of the label of a sample."""
    return Average(body, gamma)


def over_c(body: Any) -> sp.Expr:
    """Mean over the eigenvalues of C; b is the density of the direction C^{1/2}w."""
    return Average(body, nu)


def loss(at: Any) -> sp.Expr:
    """g/(1 + g delta)."""
    return g / (1 + g * at)


def bulk(mean: Any, start: Any) -> FixedPointSystem:
    """Transform of the bulk, for a mean of g/(1 + g delta) that starts at the mean of g."""
    m_z = over_c(1 / (e * t - z))
    return FixedPointSystem(
        (Unknown(delta, "herglotz", meaning="tr CQ/n"), Unknown(e, "real", meaning="mean of g/(1 + g delta)")),
        (Eq(delta, c * over_c(t / (e * t - z))), Eq(e, mean)),
        {"re": sp.re(m_z), "im": sp.im(m_z)},
        continuation=Continuation(z, 1000 * sp.I, {delta: -c * over_c(t) / z, e: start}),
    )


#: Mean of g/(1 + g delta) for phase retrieval, and of g.
PAIR = Average(1 / sp.sqrt((1 + 6 * v * u * delta) * (1 - 2 * v_star * u * delta)), exponential)
PHASE = ((1 - PAIR) / delta, 3 * v - v_star)


def outside(at: Any, mean: Any, place: Any) -> tuple[sp.Expr, ...]:
    """What is positive off the support, on its left (sigma = 1) or on its right (sigma = -1)."""
    sigma, t_low, t_high, g_low, g_high = sp.symbols("sigma t_low t_high g_low g_high")
    sides = (at, mean * t_low - place, mean * t_high - place)
    return (*(sigma * s for s in sides), 1 + g_low * at, 1 + g_high * at)


def turn(at: Any, mean: Any, place: Any) -> sp.Expr:
    """c E[(g/(1 + g delta))^2] E[t^2/(e t - z)^2]: one where z, as a function of delta, turns."""
    return c * over(loss(at) ** 2) * over_c(t**2 / (mean * t - place) ** 2)


def edge() -> FixedPointSystem:
    """Where z(delta) has no slope."""
    guess = dict(zip((delta_e, x_e), sp.symbols("delta_e_near x_e_near"), strict=True))
    return FixedPointSystem(
        (
            Unknown(delta_e, "real", meaning="delta at the edge"),
            Unknown(e_e, "real", meaning="e at the edge"),
            Unknown(x_e, "real", meaning="the edge"),
        ),
        (
            Eq(delta_e, c * over_c(t / (e_e * t - x_e))),
            Eq(e_e, over(loss(delta_e))),
            Eq(1, turn(delta_e, e_e, x_e), evaluate=False),
        ),
        {"edge": x_e},
        conditions=outside(delta_e, e_e, x_e),
        continuation=Continuation(c, c, {**guess, e_e: over(loss(guess[delta_e]))}),  # found by bisection already
    )


def coupling(at: Any) -> sp.Expr:
    """Element of E[g a a'/(1 + g delta)] between the two directions."""
    return rho * over(loss(at) * a * y)


def isolated() -> FixedPointSystem:
    """Zero of the determinant, and the residue there."""
    near = dict(zip((delta_s, x_s), sp.symbols("delta_s_near x_s_near"), strict=True))
    body = loss(delta_s)
    equations = {
        delta_s: Eq(delta_s, c * over_c(t / (e_s * t - x_s))),
        e_s: Eq(e_s, over(body)),
        k: Eq(k, over(body * (a**2 - 1))),
        f: Eq(f, over_c(b * t / (e_s * t - x_s))),
        x_s: Eq(-k * f, 1 - coupling(delta_s) ** 2 * f**2, evaluate=False),
    }
    meanings = {
        delta_s: "delta there", e_s: "e there", k: "strength of the direction Cw", x_s: "the isolated eigenvalue",
        f: "resolvent without the two directions, in one of them",
    }  # fmt: skip
    mean = over(loss(near[delta_s]))
    start = {
        **near, e_s: mean, k: over(loss(near[delta_s]) * (a**2 - 1)), f: over_c(b * t / (mean * t - near[x_s]))
    }  # fmt: skip
    squared = body**2
    pulled = over(squared * (a**2 - 1)) - 2 * f * coupling(delta_s) * rho * over(squared * a * y)
    return FixedPointSystem(
        tuple(Unknown(s, "real", meaning=meanings[s]) for s in equations),
        tuple(equations.values()),
        {
            "eig": x_s,
            "delta_slope": c * over_c(t / (e_s * t - x_s) ** 2) / (1 - turn(delta_s, e_s, x_s)),
            "form_slope": over_c(b * t / (e_s * t - x_s) ** 2)
            + slope * over(squared) * over_c(b * t**2 / (e_s * t - x_s) ** 2),
            "fall": -slope * pulled - f_slope * (1 / f**2 + coupling(delta_s) ** 2),
            "align": -1 / (FALL * over_c(b * t)),
            "align_star": ALIGN * (coupling(delta_s) * f) ** 2,
        },
        conditions=(*outside(delta_s, e_s, x_s), 1 - turn(delta_s, e_s, x_s)),
        continuation=Continuation(c, c, start),
    )


def hidden() -> FixedPointSystem:
    """No isolated eigenvalue: the extreme one is at the edge."""
    system = edge()
    zero = sp.Integer(0)
    outputs = {**system.outputs, "eig": x_e, "align": zero, "align_star": zero}
    return FixedPointSystem(system.unknowns, system.equations, outputs, system.conditions, system.continuation)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Bulk, edge and isolated eigenvalue; of an unbounded weight the bulk only."""
    return (
        Regime(bulk(*PHASE), "bounded == 0", "phase retrieval"),
        Regime(bulk(over(loss(delta)), over(g)), "inside == 1", "bulk"),
        Regime((edge(), isolated()), "separated == 1", "isolated"),
        Regime(hidden(), sp.true, "hidden"),
    )


# -- numbers ----------------------------------------------------------------------------------------------------------


@theorem.binding
def binding(response, omega, star, m, t, share, mass, c, side, z) -> dict[str, Any]:
    """Laws, where the outermost edge and eigenvalue are about, and whether there is an isolated one."""
    if z[1] <= 0:
        shown = ",".join(map(str, z))
        raise DomainError("z", shown, "a point of the upper half plane", "the second number is the imaginary part")
    if len(mass) != len(t):
        raise DomainError("mass", len(mass), f"one share for each of the {len(t)} eigenvalues", "match the lengths")
    scale = sum(x * y for x, y in zip(mass, t, strict=True))
    found: dict[str, Any] = {
        "v": omega**2 * scale,
        "v_star": star**2 * scale,
        "z": sp.Rational(z[0]) + sp.I * sp.Rational(z[1]),
        "nu": Atoms(share, t=t, b=[x * y / (scale * w) for x, y, w in zip(mass, t, share, strict=True)]),
        "bounded": int(response != "phase"),
        "inside": int(side == "bulk"),
        "separated": 0,
    }
    if response == "phase":
        if m:
            raise DomainError("m", m, "m = 0 for phase retrieval", "move the mean of the data to zero")
        if side != "bulk":
            raise DomainError("side", side, "bulk: these weights are not bounded", "ask for side=bulk")
        return {**found, "Exp": ExponentialLaw()}
    found["gamma"] = weights(response, found["v"], m)
    if side == "bulk":
        return found
    low, high = BOUNDS[response]
    if side == "left" and low >= 0 and c >= 1:
        raise DomainError(
            "c", c, "c < 1 at the left end, where all weights are positive", "the spectrum starts at zero"
        )
    found |= {"N": NormalLaw(), "sigma": 1 if side == "left" else -1}
    found |= {"t_low": min(t), "t_high": max(t), "g_low": low, "g_high": high}
    return found | dict(outermost(response, found["v"], found["v_star"], m, found["nu"], c, side))


# -- derivation -------------------------------------------------------------------------------------------------------

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
    for strength in (Fraction(1, 2), Fraction(16)):
        env = {"N": NormalLaw(), "v_star": strength}
        gap = evaluate(moments[str(claim.lhs)] - claim.rhs, env, BALL(80))
        if not gap.contains(0):
            return Evidence.of(False, "rigorous integrals", message=f"{gap} at v_* = {strength}")
    return Evidence.of(True, "rigorous integrals at two strengths", resolution=float(gap.rad()))


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
        sizes=(48, 96, 192), replicates=64, uses=[],
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
        uses=[zero, limits], replicates=64, sizes=(32, 64, 128, 256), exponent=-1.0,
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


# -- experiment -------------------------------------------------------------------------------------------------------


@cache
def _theory(items: tuple[tuple[str, Any], ...]) -> dict[str, complex]:
    """Unknowns of the statement at a point: with them the fluctuation of the weights is regressed away."""
    point = dict(items)
    bound = theorem.bound(point)
    found: dict[str, complex] = {}
    for system in theorem.regime(point).systems:
        solution = solve(system, used(system, bound))
        found |= {str(s): complex(solution[str(s)]) for s in system.symbols}
    return found


def _mean(name: str, part: str = "real") -> Any:
    """Mean of a control: the projections are normal, or sums of p signs."""
    at, power = {"e": ("delta", 0), "e_s": ("delta_s", 0), "k": ("delta_s", 2)}[name]

    def mean(point: Any, size: int, law: str) -> float:
        known = _theory(tuple(sorted(point.items())))
        if law == "gauss":
            return float(getattr(known["e_s"] + known["k"] if power else known[name], part))
        p = int(point["c"] * size)
        heads = np.arange(p + 1)
        ((_, letters),) = theorem.bound(point)["gamma"].branches
        values, place, _ = evaluate(list(letters), {"z": (2 * heads - p) / np.sqrt(p)})
        body = binom.pmf(heads, p, 0.5) @ (values / (1 + values * known[at]) * place**power)
        return float(getattr(complex(body), part))

    return mean


WEIGHTS = (Control("e_re", _mean("e")), Control("e_im", _mean("e", "imag")))
STRENGTH = (Control("e_s", _mean("e_s")), Control("k", _mean("k")))


def transform(
    scale: float, resolution: float = 0.005, controls: tuple[Control, ...] = WEIGHTS
) -> tuple[Statistic, ...]:
    """Both parts of the transform, relative to its modulus."""
    return tuple(Statistic(name, controls=controls, scale=scale, resolution=resolution) for name in ("re", "im"))


def seen(eig: float, align: float, edge: float, two: bool = False) -> tuple[Statistic, ...]:
    """An isolated eigenvalue with its alignments, and the next one, which tends to the edge."""
    return (
        Statistic("eig", controls=STRENGTH, kind="form", resolution=eig),
        Statistic("align", controls=STRENGTH, kind="form", resolution=align),
        Statistic("align_star", controls=STRENGTH, kind="form", scale=None if two else 1.0, resolution=0.06),
        Statistic("edge", kind="edge", exponent=2 / 3, resolution=edge),
    )


def unseen(edge: float, align: float) -> tuple[Statistic, ...]:
    """No isolated eigenvalue: both extreme ones tend to the edge, the eigenvector knows nothing."""
    return (
        *(Statistic(name, kind="edge", exponent=2 / 3, resolution=edge) for name in ("eig", "edge")),
        *(Statistic(name, kind="form", scale=1.0, resolution=align) for name in ("align", "align_star")),
    )


FAILS = (Statistic("eig", kind="form", resolution=0.1, fails=("axis",)),)  # signs, and w on one axis: g is constant


@theorem.experiment(points=("L1",), sizes=(400, 800), laws=("gauss", "rad"), statistics=seen(0.02, 0.02, 0.12))
@theorem.experiment(points=("L1",), sizes=(400, 800), laws=("axis",), statistics=FAILS)
@theorem.experiment(points=("L2",), sizes=(200, 400), statistics=seen(0.0125, 0.02, 0.1))
@theorem.experiment(points=("L3",), sizes=(160, 320), statistics=unseen(0.15, 0.02))
@theorem.experiment(points=("G",), sizes=(400, 800), statistics=seen(0.04, 0.1, 0.12))
@theorem.experiment(points=("S",), sizes=(2000, 4000), statistics=seen(0.03, 0.03, 0.3, two=True))
@theorem.experiment(points=("B",), sizes=(160, 320), statistics=transform(5.9, 0.0125))
@theorem.experiment(points=("P",), sizes=(120, 240), statistics=transform(0.66, 0.0125))
@theorem.experiment(points=("P2",), sizes=(80, 160), statistics=transform(0.15, 0.0075))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, Any]:
    """Spectrum of one Hessian, its extreme eigenvector, and means of g/(1 + g delta) over the samples."""
    x, g, a, _, _, _, first, second = sampled(rng, size, point, law)
    known = _theory(tuple(sorted(point.items())))
    h = g / (1 + g * known.get("delta", known.get("delta_s", 0)))
    matrix = (x * g) @ x.T / size
    if point["side"] == "bulk":
        m = np.mean(1 / (np.linalg.eigvalsh(matrix) - complex(*map(float, point["z"]))))
        return {"re": m.real, "im": m.imag, "e_re": np.mean(h).real, "e_im": np.mean(h).imag}
    value, vector = np.linalg.eigh(matrix)
    if point["side"] == "right":
        value, vector = value[::-1], vector[:, ::-1]
    return {
        "eig": value[0],
        "edge": value[1] if "delta_s" in known else value[0],
        "align": (first @ vector[:, 0]) ** 2 / (first @ first),
        "align_star": (second @ vector[:, 0]) ** 2 / (second @ second),
        "e_s": np.mean(h).real,
        "k": np.mean(h * a**2).real,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Bulk and isolated eigenvalue in three models, one matrix of each."""
    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(10.5, 3.4, ncols=3)
    for axes, name, dimension in zip(panels, ("L1", "L2", "S"), (300, 300, 200), strict=True):
        point = theorem.point(name)
        x, weight, *_ = sampled(rng, int(dimension / point["c"]), point)
        value = np.linalg.eigvalsh((x * weight) @ x.T / x.shape[1])
        span = value[-1] - value[0]
        grid = np.linspace(value[0] - 0.05 * span, value[-1] + 0.05 * span, 400)
        bound = theorem.bound(point)
        system = bulk(over(loss(delta)), over(g))
        density = solve(system, {**used(system, bound), "z": grid + 1e-6j})["im"].real / np.pi
        eig, end = (float(theorem.values(point)[key]) for key in ("eig", "edge"))
        axes.hist(value, bins=40, density=True, color="0.85")
        axes.plot(grid, density, color=COLOURS[0])
        axes.plot([eig], [0], "v", ms=9, color=COLOURS[1], clip_on=False, label="isolated eigenvalue")
        axes.axvline(end, color="0.6", lw=1, ls="--", label="edge")
        text = f"{point['response']}, |w| = {point['omega']}, c = {point['c']}"
        axes.set(title=text, xlabel="eigenvalue", ylim=(0, None))
    panels[0].set_ylabel("density")
    panels[0].legend()
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@cache
def _enclosed(items: tuple[tuple[str, Any], ...]) -> dict[str, Any]:
    return predict(theorem, dict(items), 15, ["edge", "eig", "align"])


def enclosed(name: str) -> Any:
    """A quantity as a function of the point; the quantities of a point are enclosed together, once."""
    return lambda point: _enclosed(tuple(sorted(point.items())))[name]


LINEAR = dict(response="linear", omega="1", t="1", share="1", mass="1")


@theorem.consequence("weights that are one ($g=1$) give the Marchenko-Pastur law: edges $(1\\pm\\sqrt c)^2$")
def plain(claim: Any) -> None:
    for side, name, ratios in (("left", "edge_minus_nz", ("1/4",)), ("right", "edge_plus", ("1/2", "2"))):
        claim.equal(
            enclosed("edge"),
            lambda p, name=name: predict(get("marchenko-pastur"), {"c": p["c"], "lam": Fraction(1)}, 30, [name])[name],
            [theorem.point(**LINEAR, side=side, c=ratio) for ratio in ratios], f"{side} edge",
        )  # fmt: skip


SPIKED = [theorem.point(**LINEAR, side="right", m=m, c=c) for m, c in (("3/2", "1/2"),)]


@theorem.consequence("with $g=1$ a mean is a spike of strength $m^2$: outlier and alignment of the spiked covariance")
def spiked(claim: Any) -> None:
    for ours, theirs in (("eig", "eig"), ("align", "left")):
        claim.equal(
            enclosed(ours),
            lambda p, theirs=theirs: predict(
                get("spiked-covariance"), {"ell": p["m"] ** 2, "c": p["c"]}, 30, [theirs]
            )[theirs],
            SPIKED, f"{ours} is its {theirs}",
        )  # fmt: skip


@theorem.consequence(
    "the transition: at the threshold the alignment vanishes linearly, the gap to the edge quadratically"
)
def transition(claim: Any) -> None:
    at = theorem.point(**LINEAR, side="right", m="1/2", c="1/16")
    steps = [Fraction(1, 10**k) for k in (1, 2, 3)]
    claim.exponent("align", lambda eps: {"m": Fraction(1, 2) + eps}, 1, point=at, steps=steps)
    claim.exponent(
        "eig", lambda eps: {"m": Fraction(1, 2) + eps}, 2, point=at, steps=steps, minus=25 / 16,
        text="eig - edge ~ gap^2",
    )  # fmt: skip


def _white(name: str) -> tuple[Any, Any, Any]:
    """At C = I: the left side of the equation, A/(A + B), and z(delta), at the enclosed delta."""
    point = theorem.point(name)
    bound = theorem.bound(point)
    system = isolated()
    root = enclose(system, used(system, bound), digits=20)["delta_s"].ball
    h = loss(delta_s)
    upper = c / delta_s**2 - over(h**2)
    forms = (over(delta_s * h * (1 - a**2)), upper / (upper + over(a**2 * h**2)), over(h) - c / delta_s)
    return tuple(evaluate(list(forms), {**bound, "delta_s": root}, BALL(90)))


@theorem.consequence(
    "for $C=I$ the isolated eigenvalue is $z=\\mathbb E\\frac g{1+g\\delta}-\\frac c\\delta$ where "
    "$\\mathbb E\\frac{g\\delta(1-a^2)}{1+g\\delta}=c$, its squared alignment $A/(A+B)$"
)
def white(claim: Any) -> None:
    points = [theorem.point("L1"), theorem.point("L2")]
    known = {tuple(p.items()): _white(name) for p, name in zip(points, ("L1", "L2"), strict=True)}
    at = lambda p, i: known[tuple(p.items())][i]  # noqa: E731
    claim.equal(lambda p: at(p, 0), lambda p: p["c"], points, "the equation of delta")
    claim.equal(lambda p: at(p, 1), enclosed("align"), points, "the alignment")
    claim.equal(lambda p: at(p, 2), enclosed("eig"), points, "the place")


def _isolated(**changes: Any) -> bool:
    return theorem.regime(theorem.point(**changes)).name == "isolated"


@theorem.consequence(
    "logistic loss of centred data: one eigenvalue can leave on the left, if $|w|$ is large, and none on the right; "
    "a mean along $w$ brings one out on the right"
)
def sides(claim: Any) -> None:
    strengths, ratios = ("1/2", "1", "2", "4", "8"), ("1/100", "1/10", "1/2")
    claim.holds(
        "none on the right at 15 points",
        lambda: not any(_isolated(omega=w, c=r, side="right") for w in strengths for r in ratios),
        wrong={
            "left": lambda: not any(_isolated(omega=w, c=r, side="left") for w in strengths for r in ratios),
            "with a mean": lambda: not _isolated(omega="1", c="3/10", m="5/2", side="right"),
        },
    )
    claim.holds(
        "c = 1/10: not at |w| = 1, yes at |w| = 2, 4",
        lambda: [_isolated(omega=w, c="1/10") for w in ("1", "2", "4")] == [False, True, True],
        wrong={"c = 1/2": lambda: [_isolated(omega=w, c="1/2") for w in ("1", "2", "4")] == [False, True, True]},
    )


@theorem.consequence("many samples: $\\hat\\lambda\\to\\mathbb E[ga^2]$ and the alignment tends to one as $c\\to0$")
def many_samples(claim: Any) -> None:
    population_value = evaluate(over(g * a**2), {"gamma": weights("logistic", Fraction(9), Fraction(0))})
    steps = [Fraction(1, 10**k) for k in (2, 3, 4)]
    claim.limit("eig", lambda eps: {"c": eps}, float(population_value), steps=steps, text="eig tends to E g a^2")
    claim.limit("align", lambda eps: {"c": eps}, 1, steps=steps)
    claim.limit(
        "re", lambda eps: {"c": eps}, Fraction(3, 5), point=theorem.point("P"), steps=steps,
        text="phase retrieval: re tends to that of 1/(2 - z)",
    )  # fmt: skip


@theorem.consequence("units: $C\\to4C$, $w\\to w/2$ leaves the weights, multiplies the spectrum by 4")
def units(claim: Any) -> None:
    large = theorem.point("G", omega="1", t="4,16")
    for name, factor in (("eig", 4), ("edge", 4), ("align", 1)):
        claim.equal(
            lambda p, name=name: enclosed(name)(large),
            lambda p, name=name, factor=factor: enclosed(name)(p).ball * factor,
            [theorem.point("G")], f"{name} times {factor}",
        )  # fmt: skip


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("a^2 - 2 for a^2 - 1", equations={k: Eq(k, over(loss(delta_s) * (a**2 - 2)))})
theorem.mutant("plain means of the weights", equations={k: Eq(k, over(g * (a**2 - 1))), e_s: Eq(e_s, over(g))})
theorem.mutant(
    "1/p for 1/n in the trace",
    equations={delta_s: Eq(delta_s, over_c(t / (e_s * t - x_s))), delta_e: Eq(delta_e, over_c(t / (e_e * t - x_e)))},
    regime="isolated",
)
theorem.mutant("1/p for 1/n in the bulk", equations={delta: Eq(delta, over_c(t / (e * t - z)))})
theorem.mutant(
    "weights independent of the data", values=lambda edge: {"eig": edge, "align": 0.0, "align_star": 0.0},
    regime="isolated",
)  # fmt: skip
theorem.mutant("no coupling through the labels", replace={rho: sp.Integer(0)}, regime="isolated")
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c}, regime="phase retrieval")
theorem.mutant("one direction of phase retrieval", replace={v_star: -v}, regime="phase retrieval")
