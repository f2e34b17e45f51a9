r"""Hessian of a generalised linear model at a fixed weight vector: bulk, edges, isolated eigenvalues.

.. math::  H=\frac1n\sum_ig_ix_ix_i^\top,\qquad
           \delta=\frac1n\operatorname{tr}C(eC-z)^{-1},\quad e=\mathbb E\frac g{1+g\delta},\qquad
           \det\Big(\mathbb E\frac{g\,xx^\top}{1+g\delta}-z\Big)=0.

The statement is typed.  The engine gives the bulk for weights that know nothing of the data; the derivation adds what
the directions of the two weight vectors do to the resolvent, and reads poles, residues and edges off it.
Source: Liao and Mahoney (2021), arXiv:2103.01519.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.errors import DomainError
from rmtsym.field import Atoms, Average, ExponentialLaw, NormalLaw, SpectralMeasure
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.theorem import (
    NON_NEGATIVE,
    POSITIVE,
    REAL,
    Choice,
    Numbers,
    Parameter,
    Quantity,
    Regime,
    Theorem,
    Weights,
)
from theory.classification.densities import density
from theory.classification.hessian_gglm_spectrum.weights import BOUNDS, RESPONSES, gamma, normal, outermost, weights

theorem = Theorem(
    id="hessian-gglm-spectrum",
    title="Hessian spectrum of generalised linear models",
    family="classification",
    references=(
        "Z. Liao, M. W. Mahoney (2021), Hessian eigenspectra of more realistic nonlinear models, arXiv:2103.01519",
        "Z. D. Bai, J. W. Silverstein (1998), No eigenvalues outside the support of the limiting spectral distribution",
    ),
    assumptions=(
        r"$x_i=\mu+C^{1/2}z_i$, $i\le n$, the entries of $z_i$ independent, centred, of unit variance, and standard "
        r"normal (or with bounded moments, if $C$ is diagonal and $w$ and $w_*$ are spread over many coordinates); "
        r"$w$ and $w_*$ do not depend on the data; $\mu=m\,Cw/\sqrt{w^\top Cw}$, so that $w^\top x=\sqrt v\,a$, "
        r"$v=w^\top Cw$, $a\sim N(m,1)$",
        r"$H=\frac1n\sum_ig_ix_ix_i^\top$, $g_i$ the second derivative of the loss of sample $i$ in $w^\top x_i$, "
        r"$s$ the logistic function: logistic loss, $g=s'(w^\top x)$; squared error of $s(w^\top x)$, "
        r"$g=2s'^2-2(y-s)s''$; square loss of $w^\top x$ itself (linear), $g=1$; labels $P(y=1|x)=s(w_*^\top x)$",
        r"phase retrieval: labels $(w_*^\top x)^2$, $g=3(w^\top x)^2-(w_*^\top x)^2$ with $m=0$; recovered: the same "
        r"loss at $w=w_*$, $g=2(w^\top x)^2$",
        r"$w_*$ is orthogonal to $w$ in every eigenspace of $C$ and distributed over them like $w$, unless recovered; "
        r"$p/n\to c$",
    ),
    parameters=(
        Parameter("response", "loss", Choice("response", *RESPONSES), default="logistic"),
        Parameter("omega", "norm of w", POSITIVE, r"\vert w\vert"),
        Parameter("star", "norm of the vector behind the labels", NON_NEGATIVE, r"\vert w_*\vert", default=0),
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
        "R": dict(response="recovered", omega="1", c="1/2", side="bulk", z="1/2,1/2"),
    },
    uses=("marchenko-pastur", "spiked-covariance"),
)


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


def determinant(at: Any, mean: Any, place: Any) -> sp.Expr:
    """Determinant of 1 + Kf, which falls from one, far from the support, to its value at the edge."""
    form = over_c(b * t / (mean * t - place))
    return 1 + over(loss(at) * (a**2 - 1)) * form - (coupling(at) * form) ** 2


def hidden() -> FixedPointSystem:
    """No isolated eigenvalue: the determinant is positive at the edge, and the extreme eigenvalue there."""
    system = edge()
    zero = sp.Integer(0)
    outputs = {**system.outputs, "eig": x_e, "align": zero, "align_star": zero}
    conditions = (*system.conditions, determinant(delta_e, e_e, x_e))
    return FixedPointSystem(system.unknowns, system.equations, outputs, conditions, system.continuation)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Bulk, edge and isolated eigenvalue; of an unbounded weight the bulk only."""
    return (
        Regime(bulk(*PHASE), "bounded == 0", "phase retrieval"),
        Regime(bulk(over(loss(delta)), over(g)), "inside == 1", "bulk"),
        Regime((edge(), isolated()), "separated == 1", "isolated"),
        Regime(hidden(), sp.true, "hidden"),
    )


@theorem.binding
def binding(response, omega, star, m, t, share, mass, c, side, z) -> dict[str, Any]:
    """Laws, where the outermost edge and eigenvalue are about, and whether there is an isolated one."""
    if z[1] <= 0:
        shown = ",".join(map(str, z))
        raise DomainError("z", shown, "a point of the upper half plane", "the second number is the imaginary part")
    if len(mass) != len(t):
        raise DomainError("mass", len(mass), f"one share for each of the {len(t)} eigenvalues", "match the lengths")
    density(mass, share)  # refused if there is mass without dimensions
    t, share, mass = zip(*(x for x in zip(t, share, mass, strict=True) if x[1]), strict=True)
    scale = sum(x * y for x, y in zip(mass, t, strict=True))
    found: dict[str, Any] = {
        "v": omega**2 * scale,
        "v_star": star**2 * scale,
        "z": sp.Rational(z[0]) + sp.I * sp.Rational(z[1]),
        "nu": Atoms(share, t=t, b=density([x * y / scale for x, y in zip(mass, t, strict=True)], share)),
        "bounded": int(response != "phase"),
        "inside": int(side == "bulk"),
        "separated": 0,
    }
    if response == "phase" and m:
        raise DomainError("m", m, "m = 0 for phase retrieval", "move the mean of the data to zero")
    if response in ("phase", "recovered") and side != "bulk":
        raise DomainError("side", side, "bulk: these weights are not bounded", "ask for side=bulk")
    if response == "phase":
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
