r"""Spiked covariance: one direction of larger or smaller variance, and what the sample covariance shows of it.

.. math::  1+\ell+\lambda\,\ell\,m(\lambda)=0,\qquad \lambda=(1+\ell)(1+c/\ell)\quad\text{if }\ell^2>c.

The statement is typed as in the literature.  The derivation finds the outlier as a pole of the resolvent of the
spiked matrix, by Sherman and Morrison, and the alignments as residues there; the engine
gives the transform of the bulk.
Sources: Baik, Ben Arous and Peche (2005); Baik and Silverstein (2006); Paul (2007); Couillet and Liao (2022), sec. 2.5.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import excess_kurtosis
from rmtsym.spectrum import SampleCovariance
from rmtsym.theorem import POSITIVE, Interval, Parameter, Quantity, Regime, Theorem, get
from rmtsym.theorem.theorem import predict
from theory.spectra import spiked_draws

theorem = Theorem(
    id="spiked-covariance",
    title="Spiked covariance: outlier and alignments",
    family="spectra",
    references=(
        "J. Baik, G. Ben Arous, S. Peche (2005), Phase transition of the largest eigenvalue for nonnull complex sample "
        "covariance matrices",
        "J. Baik, J. W. Silverstein (2006), Eigenvalues of large sample covariance matrices of spiked "
        "population models",
        "D. Paul (2007), Asymptotics of sample eigenstructure for a large dimensional spiked covariance model",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 2.5",
    ),
    assumptions=(
        r"$X=C^{1/2}Z$, $C=I+\ell uu^\top$, $|u|=1$; the entries of the $p\times n$ matrix $Z$ are independent, "
        r"centred, of unit variance and finite fourth moment (for the variance: Gaussian, or no large entry in $u$)",
        r"$p/n\to c$, $\ell>-1$ fixed; $\hat\lambda,\hat u,\hat v$ belong to the largest singular value of $X$ for "
        r"$\ell\ge0$, to the smallest that is not zero for $\ell<0$",
    ),
    parameters=(
        Parameter("ell", "excess variance of the spike", Interval(-1), r"\ell"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
    ),
    quantities=(
        Quantity("eig", "extreme eigenvalue", r"\hat\lambda"),
        Quantity("left", "squared alignment of the eigenvector with u", r"(u^\top\hat u)^2"),
        Quantity(
            "right_noisy",
            "squared alignment of the right singular vector with Z'u",
            r"(\hat v^\top Z^\top u)^2/|Z^\top u|^2",
        ),
        Quantity("n_var", "n times the variance of the outlier", r"n\,\mathrm{Var}\,\hat\lambda"),
        Quantity("sd_sqrt_n", "standard deviation of the outlier, times root n", r"\sigma", observable=False),
    ),
    points={
        "A": dict(ell="3/2", c="1/2"),
        "B": dict(ell="3", c="2"),
        "C": dict(ell="-4/5", c="1/4"),
        "D": dict(ell="1/10", c="1/16"),
        "E": dict(ell="-1/10", c="1/16"),
    },
    uses=("marchenko-pastur",),
)

# -- the model --------------------------------------------------------------------------------------------------------

c = sp.Symbol("c", positive=True)
ell, z, m = sp.symbols("ell z m")
EIG, LEFT, RIGHT, N_VAR, SD = sp.symbols("eig left right_noisy n_var sd_sqrt_n")
OUTLIER = (1 + ell) * (1 + c / ell)


@cache
def bulk() -> Equivalent:
    """The engine's transform of the matrix without its spike."""
    Z = Gaussian("Z", Space("p", c), Space("n"))
    return deterministic_equivalent(inverse(Z @ Z.T - z))


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """An outlier above or below the bulk, or an edge of the bulk."""
    outlier = {
        "eig": OUTLIER,
        "left": (1 - c / ell**2) / (1 + c / ell),
        "right_noisy": 1 - c / ell**2,
        "n_var": 2 * (1 + ell) ** 2 * (1 - c / ell**2),
        "sd_sqrt_n": sp.sqrt(N_VAR),
    }
    hidden = {"left": sp.Integer(0), "right_noisy": sp.Integer(0)}
    upper, lower = ({"eig": (1 + sign * sp.sqrt(c)) ** 2, **hidden} for sign in (1, -1))
    return (
        Regime(FixedPointSystem((), (), outlier), "ell**2 > c", "outlier"),
        Regime(FixedPointSystem((), (), upper), "ell**2 <= c and ell >= 0", "hidden, upper edge"),
        Regime(FixedPointSystem((), (), lower), "ell**2 <= c and ell < 0", "hidden, lower edge"),
    )


# -- derivation -------------------------------------------------------------------------------------------------------


@theorem.derivation
def derivation(proof) -> None:
    """The spike is a rank-one change of the resolvent; its pole is the outlier, the residue the alignment."""
    q, g, mu, prime, slope, weight, top = sp.symbols("q g mu mu_prime slope weight top")
    size = sp.Symbol("k", integer=True, positive=True)
    W, K = (sp.MatrixSymbol(name, size, size) for name in "WK")
    u, v = (sp.MatrixSymbol(name, size, 1) for name in "uv")
    one, r, trace = sp.Identity(size), sp.Symbol("r"), sp.Trace
    norm = trace(u * u.T)  # any u: its direction counts
    root = one + (r - 1) / norm * u * u.T  # C^{1/2}, r^2 = 1 + ell
    white_form = trace(u * u.T * sp.Inverse(W - z * one))
    spiked_form = trace(u * u.T * sp.Inverse(root * W * root - z * one))
    rank_one = proof.identity(
        "spike as a rank-one change",
        sp.Eq(spiked_form * (r**2 * norm + z * (r**2 - 1) * white_form), norm * white_form, evaluate=False),
        "M = C^{1/2} W C^{1/2}, C^{1/2} = I + (r - 1) uu'/u'u, r^2 = 1 + ell; for every matrix W and every u",
        wrong=[2 * norm * white_form, spiked_form * norm],
    )
    engine = proof.engine("bulk", bulk(), "the resolvent of W = ZZ'/n", output=m)
    curve = proof.substitute(
        "curve", sp.Eq(1, -z * m + m / (1 + c * m), evaluate=False), "in the transform alone", uses=[engine]
    )
    isotropic = proof.asymptotic(
        "isotropic law", sp.Eq(q, m), "u'(W - z)^{-1}u sees no direction; here u spread, entries +-1",
        deviation=spiked_draws.isotropic, replicates=128, sizes=(48, 96, 192, 384), uses=[],
    )  # fmt: skip
    spiked = proof.define(
        sp.Eq(g, q / (1 + ell + z * ell * q)), "u'(M - z)^{-1}u, by the identity with r^2 = 1 + ell and |u| = 1",
        uses=[rank_one],
    )  # fmt: skip
    form = proof.substitute(
        "spiked form", sp.Eq(g * (1 + ell + z * ell * m), m), "its only pole off the bulk: 1 + ell + z ell m = 0",
        uses=[spiked, isotropic],
    )  # fmt: skip
    uniform = proof.assume(
        "no other eigenvalue off the bulk",
        "W has no eigenvalue off the bulk and the form converges uniformly there, so that zeros, poles and residues do",
        "Z. D. Bai, J. W. Silverstein (1998), No eigenvalues outside the support of the limiting spectral "
        "distribution; Hurwitz's theorem on zeros of limits",
        uses=[form],
    )
    pole = proof.define(
        sp.Eq(top, -(1 + ell) / (ell * mu)), "the outlier is the pole; mu is the transform there", uses=[uniform]
    )
    there = proof.continuity("at the outlier", curve, {z: top, m: mu}, "the transform is analytic off the bulk")
    value = proof.substitute("transform there", sp.Eq(mu, -1 / (ell + c)), "the curve at the pole", uses=[there, pole])
    place = proof.substitute("outlier", sp.Eq(top, OUTLIER), "eig = -(1 + ell)/(ell mu)", uses=[pole, value])

    # residues: (M - z)^{-1} has the pole uhat uhat'/(eig - z)
    steep = proof.derivative(
        "slope of the transform", sp.Eq(prime, (c * mu**2 + mu) / (1 - c - top - 2 * c * top * mu)),
        "implicit differentiation of the curve", of=sp.Eq(1, -z * mu + mu / (1 + c * mu), evaluate=False), by=z,
        through={mu: prime}, at=top, uses=[there],
    )  # fmt: skip
    fall = proof.derivative(
        "slope of the denominator", sp.Eq(slope, ell * (mu + top * prime)), "the pole is simple where this is not 0",
        of=1 + ell + z * ell * mu, by=z, through={mu: prime}, at=top, uses=[steep],
    )  # fmt: skip
    off = one - v * v.T / trace(v * v.T)
    with_value = top * v * v.T / trace(v * v.T) + off * K * off  # any matrix with the eigenpair top, v on both sides
    singular = trace(u * u.T * sp.Inverse(with_value - z * one)) * (top - z)
    rest = (top - z) * trace(u * u.T * off * sp.Inverse(off * K * off - z * one) * off)
    partial = proof.identity(
        "residue of a form",
        sp.Eq(singular, trace(u * u.T * v * v.T) / trace(v * v.T) + rest, evaluate=False),
        "a simple eigenvalue is a pole of u'(M - z)^{-1}u with minus the squared alignment as residue; at every size",
        wrong=[trace(u * u.T * v * v.T) + rest, rest],
    )
    residue = proof.asymptotic(
        "alignment from the residue", sp.Eq(LEFT, -mu / slope),
        "residues of the form tend to the residue of its limit, g = m/(1 + ell + z ell m); here on a circle, ell = 8",
        deviation=spiked_draws.residue, sizes=(50, 100, 200, 400), replicates=192,
        uses=[partial, uniform, form, fall],
    )  # fmt: skip
    left = proof.substitute(
        "left alignment", sp.Eq(LEFT, (1 - c / ell**2) / (1 + c / ell)), "in ell and c",
        uses=[residue, fall, steep, value, place],
    )  # fmt: skip
    transfer = proof.asymptotic(
        "right from left", sp.Eq(RIGHT, top * LEFT / (1 + ell)),
        "vhat'Z'u = sqrt(n eig/(1 + ell)) uhat'u exactly, and |Z'u|^2/n tends to 1",
        deviation=spiked_draws.right, replicates=128, sizes=(50, 100, 200, 400), uses=[],
    )  # fmt: skip
    right = proof.substitute(
        "right alignment", sp.Eq(RIGHT, 1 - c / ell**2), "in ell and c", uses=[transfer, left, place]
    )
    width = proof.asymptotic(
        "spread of the form", sp.Eq(weight, 2 * (prime - mu**2) / c),
        "n Var u'Qu over the directions u: 2/p times the variance of 1/(x - z) under the bulk",
        deviation=spiked_draws.spread, replicates=96, sizes=(32, 64, 128, 256), uses=[there],
    )  # fmt: skip
    moved = proof.asymptotic(
        "delta method", "eig - limit = -(limit ell/slope) (u'Qu - mu) + O(1/n)",
        "the zero of 1 + ell + z ell u'(W - z)^{-1}u moves with the form, to first order; ell = 8, one draw for both",
        deviation=spiked_draws.linear, exponent=-1.0, sizes=(100, 200, 400, 800), replicates=768,
        uses=[uniform, form, fall],
    )  # fmt: skip
    spread = proof.define(
        sp.Eq(N_VAR, (top * ell) ** 2 * weight / slope**2), "n times the variance of the first-order term",
        uses=[moved, width],
    )  # fmt: skip
    variance = proof.substitute(
        "variance", sp.Eq(N_VAR, 2 * (1 + ell) ** 2 * (1 - c / ell**2)), "in ell and c",
        uses=[spread, width, fall, steep, value, place],
    )  # fmt: skip
    deviation = proof.define(sp.Eq(SD, sp.sqrt(N_VAR)), "standard deviation", uses=[variance])
    named = proof.continuity("extreme eigenvalue", place, {top: EIG}, "off the bulk there is no other pole")
    proof.conclude("read off", uses=[named, left, right, variance, deviation], regime="outlier")

    # without a pole: the edge, where z(m) turns
    rise, at_m = sp.symbols("rise at_m")
    turning = proof.derivative(
        "slope of z(m) at the pole", sp.Eq(rise, (ell + c) ** 2 * (1 - c / ell**2)),
        "off the bulk z(m) increases: where ell^2 < c the root belongs to another branch, and there is no pole",
        of=-1 / at_m + 1 / (1 + c * at_m), by=at_m, at=mu, uses=[value],
    )  # fmt: skip
    flat = dict(replicates=192, sizes=(50, 100, 200, 400), exponent=-1.0)
    nothing = [
        proof.asymptotic(
            f"no {name} alignment", sp.Eq(symbol, 0, evaluate=False),
            "between the edges and the threshold the denominator has no zero; here ell = 1/10",
            deviation=spiked_draws.hidden(k), uses=[form, turning, uniform], **flat,
        )
        for name, symbol, k in (("left", LEFT, 1), ("right", RIGHT, 2))
    ]  # fmt: skip
    for sign, side in ((1, "upper"), (-1, "lower")):
        turn = sp.Symbol(f"m_{side}")
        at = proof.define(sp.Eq(turn, -1 / (c + sign * sp.sqrt(c))), f"transform at the {side} edge")
        critical = proof.identity(
            f"{side} edge", sp.Eq(1 / turn**2, c / (1 + c * turn) ** 2), "z(m) has no slope there", uses=[at]
        )
        end = sp.Symbol(f"end_{side}")
        edge = proof.define(sp.Eq(end, -1 / turn + 1 / (1 + c * turn)), "z(m) on the curve", uses=[critical, curve])
        named = proof.asymptotic(
            f"{side} eigenvalue", sp.Eq(EIG, end), f"no pole: it stays at the edge; here ell = {sign}/10, c = 1/4",
            deviation=spiked_draws.at_edge(sign), exponent=-2 / 3, sizes=(100, 200, 400, 800), replicates=256,
            uses=[edge, turning, uniform],
        )  # fmt: skip
        proof.conclude("read off", uses=[at, edge, named, *nothing], regime=f"hidden, {side} edge")


# -- experiment -------------------------------------------------------------------------------------------------------

BATCH = 16
LOAD = (Control("load", 1.0),)  # |Z'u|^2/n, and n times its variance: means known at every size
LOAD_VAR = (Control("load_var", lambda point, size, law: 2 + excess_kurtosis(law) / int(point["c"] * size)),)


def seen(resolution: float) -> tuple[Statistic, ...]:
    """One eigenvalue and its vectors, not traces."""
    return (
        Statistic("eig", controls=LOAD, kind="form", resolution=resolution),
        Statistic("left", controls=LOAD, kind="form", resolution=0.015),
        Statistic("right_noisy", controls=LOAD, kind="form", resolution=0.015),
        Statistic("n_var", controls=LOAD_VAR, kind="form", resolution=0.25),
    )


HIDDEN = (
    Statistic("eig", kind="edge", exponent=2 / 3, resolution=0.03),
    Statistic("left", kind="form", scale=1.0, resolution=0.02),
    Statistic("right_noisy", kind="form", scale=1.0, resolution=0.02),
)


@theorem.experiment(points=("A",), sizes=(200, 400), statistics=seen(0.01))
@theorem.experiment(points=("B",), sizes=(150, 300), statistics=seen(0.015))
@theorem.experiment(points=("C",), sizes=(160, 320), laws=("gauss", "rad"), statistics=seen(0.02))
@theorem.experiment(points=("D", "E"), sizes=(800, 3200), statistics=HIDDEN)
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Several matrices: means, and the variance between them."""
    spike, p = float(point["ell"]), int(point["c"] * size)
    one = (
        (lambda: spiked_draws.tridiagonal(rng, spike, p, size))
        if law == "gauss"
        else (lambda: spiked_draws.dense(rng, spike, p, size, law))
    )
    draws = np.array([one() for _ in range(BATCH)])
    means, spread = draws.mean(axis=0), size * draws.var(axis=0, ddof=1)
    names = dict(zip(("eig", "left", "right_noisy", "load"), map(float, means), strict=True))
    return {**names, "n_var": float(spread[0]), "load_var": float(spread[3])}


@theorem.figure
def figure(page: Any) -> Any:
    """The transition at ell = sqrt c: eigenvalue and alignments against the strength, with simulated matrices."""
    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    ratio, size = Fraction(1, 2), 400
    strengths = [Fraction(k, 20) for k in range(0, 61)]
    curve = [predict(theorem, {"ell": s, "c": ratio}, 15, ["eig", "left", "right_noisy"]) for s in strengths]
    shown = [float(s) for s in strengths[::6]]
    draws = np.array([[spiked_draws.tridiagonal(rng, s, size // 2, size)[:3] for _ in range(24)] for s in shown])
    means, errors = draws.mean(axis=1), draws.std(axis=1, ddof=1) / np.sqrt(24)
    fig, panels = figure(9, 3.4, ncols=2)
    for k, (name, label) in enumerate((("eig", "eigenvalue"), ("left", "left"), ("right_noisy", "right"))):
        axes = panels[min(k, 1)]
        axes.plot([float(s) for s in strengths], [float(x[name]) for x in curve], color=COLOURS[k], label=label)
        axes.errorbar(shown, means[:, k], 2 * errors[:, k], fmt="o", ms=4, color=COLOURS[k])
    for axes, name in zip(panels, ("largest eigenvalue", "squared alignment"), strict=True):
        axes.axvline(float(ratio) ** 0.5, color="0.6", lw=1, ls="--")
        axes.set(xlabel=r"$\ell$", ylabel=name)
    panels[1].legend()
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------

SEEN_AT = [{"ell": Fraction(a), "c": Fraction(b)} for a, b in (("3/2", "1/2"), ("3", "2"), ("-4/5", "1/4"), ("5", "9"))]


@theorem.consequence("the inverse function of the spectral law has its outlier and both alignments at the same place")
def inverse_function(claim: Any) -> None:
    for ours, theirs in (("eig", "outlier"), ("left", "left"), ("right_noisy", "right")):
        claim.equal(
            lambda p, ours=ours: claim.value(ours, p),
            lambda p, theirs=theirs: getattr(SampleCovariance(p["c"], [1]).spike(1 + p["ell"]), theirs),
            SEEN_AT, f"{ours} is its {theirs}",
        )  # fmt: skip


@theorem.consequence("the engine, asked for a spiked population, has its pole at the same place")
def engine(claim: Any) -> None:
    s = sp.Symbol("s", positive=True)
    p, n = Space("p", c, letters=(s,), law="nu"), Space("n")
    X = Deterministic(s, p) @ Gaussian("Z", p, n)
    found = deterministic_equivalent(inverse(X @ X.T - z)).outlier({s**2: 1 + ell}, measures=_white(s))
    claim.identity(sp.Eq(EIG, found.location, evaluate=False))
    claim.identity(sp.Eq(LEFT, found.alignment, evaluate=False))


def _white(s: sp.Symbol) -> Any:
    from rmtsym.field.measure import Atoms

    return {"nu": Atoms([1], s=[1])}


@theorem.consequence("the strength can be read off the outlier: $2\\ell=\\lambda-1-c\\pm\\sqrt{(\\lambda-1-c)^2-4c}$")
def strength(claim: Any) -> None:
    claim.identity(sp.Eq((2 * ell - (EIG - 1 - c)) ** 2, (EIG - 1 - c) ** 2 - 4 * c, evaluate=False))


@theorem.consequence(
    "the right alignment is $d\\lambda/d\\ell$: it vanishes where the outlier meets the bulk, at $\\ell^2=c$"
)
def threshold(claim: Any) -> None:
    claim.identity(sp.Eq(RIGHT, OUTLIER.diff(ell), evaluate=False))
    edge = get("marchenko-pastur")
    half = Fraction(1, 2)
    for sign, name in ((1, "edge_plus"), (-1, "edge_minus_nz")):
        claim.equal(
            lambda p, sign=sign: claim.value("eig", {"ell": sign * half, "c": p["c"]}),
            lambda p, name=name: predict(edge, {"c": p["c"], "lam": Fraction(1)}, 30, [name])[name],
            [{"c": half**2}], f"at the threshold the eigenvalue is {name}",
        )  # fmt: skip
    claim.exponent("eig", lambda eps: {"c": half**2, "ell": half + eps}, 2, minus=2.25, text="eig - edge ~ gap^2")
    claim.exponent("left", lambda eps: {"c": half**2, "ell": half + eps}, 1, text="left ~ gap")
    claim.exponent("right_noisy", lambda eps: {"c": half**2, "ell": half + eps}, 1, text="right ~ gap")


@theorem.consequence("above the threshold the alignment starts with the slope $\\frac{2/\\sqrt c}{1+\\sqrt c}$")
def slope(claim: Any) -> None:
    eps = Fraction(1, 10**9)

    def near(value: float) -> bool:
        found = float(claim.value("left", {"c": Fraction(1, 4), "ell": Fraction(1, 2) + eps})) / float(eps)
        return abs(found - value) < 1e-6

    claim.holds(
        "at c = 1/4: 8/3", lambda: near(8 / 3), wrong={"1/sqrt c": lambda: near(2), "no denominator": lambda: near(4)}
    )


@theorem.consequence("many samples: eigenvalue and eigenvector are those of the population as $c\\to0$")
def many_samples(claim: Any) -> None:
    claim.limit("eig", lambda eps: {"c": eps}, Fraction(5, 2))
    claim.limit("left", lambda eps: {"c": eps}, 1)
    claim.limit("n_var", lambda eps: {"c": eps}, Fraction(25, 2))


@theorem.consequence("the right vector is aligned better for $\\ell>0$, the left one for $\\ell<0$: ratio $1+c/\\ell$")
def sides(claim: Any) -> None:
    claim.identity(sp.Eq(RIGHT, (1 + c / ell) * LEFT, evaluate=False))


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("left and right exchanged", values=lambda left, right_noisy: {"left": right_noisy, "right_noisy": left})
theorem.mutant("1 - c/ell^2 as left alignment", outputs={"left": 1 - c / ell**2}, regime="outlier")
theorem.mutant("left with 1 + 1/ell", outputs={"left": (1 - c / ell**2) / (1 + 1 / ell)}, regime="outlier")
theorem.mutant("eigenvalue with 1 + 1/ell", outputs={"eig": (1 + ell) * (1 + 1 / ell)}, regime="outlier")
theorem.mutant("ell for 1 + ell", outputs={"eig": ell * (1 + c / ell)}, regime="outlier")
theorem.mutant(
    "right alignment of the additive model", outputs={"right_noisy": (ell**2 - c) / ell / (1 + ell)}, regime="outlier"
)
theorem.mutant("threshold c for sqrt c", outputs={"eig": OUTLIER}, regime="hidden, upper edge")
theorem.mutant(
    "spike given as eigenvalue 1 + ell",
    outputs={"eig": OUTLIER.subs(ell, 1 + ell), "right_noisy": 1 - c / (1 + ell) ** 2},
    regime="outlier",
)
theorem.mutant("variance without the 2", outputs={"n_var": (1 + ell) ** 2 * (1 - c / ell**2)}, regime="outlier")
