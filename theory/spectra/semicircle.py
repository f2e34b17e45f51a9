r"""Semicircle law: the spectrum of a symmetric matrix of independent entries, some of them masked.

.. math::  s\,m^2+z\,m+1=0.

The engine returns the curve; moments and edge are read off it.  The derivation takes one row out.
Sources: Wigner (1955); Couillet and Liao (2022), section 2.2.3.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Space, Wigner, inverse, planar_moments
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entry_moment, wigner, wigner_eigenvalues
from rmtsym.spectrum import SpectralCurve
from rmtsym.theorem import POSITIVE, Interval, Parameter, Quantity, Regime, Theorem

theorem = Theorem(
    id="semicircle",
    title="Semicircle law, with a sparsity mask",
    family="spectra",
    references=(
        "E. P. Wigner (1955), Characteristic vectors of bordered matrices with infinite dimensions",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, "
        "sec. 2.2.3",
    ),
    assumptions=(
        r"$W$ is symmetric $n\times n$ with entries $x_{ij}b_{ij}/\sqrt n$, independent for $i\le j$",
        r"$x_{ij}$ centred of unit variance, $b_{ij}$ equal to 1 with probability $s$ and else 0 (no mask: $s=1$)",
        r"$ns\to\infty$ (for the edge: finite fourth moments and fixed $s$)",
    ),
    parameters=(
        Parameter("s", "share of the entries that are kept", Interval(0, 1, closed="right"), "s"),
        Parameter("x", "point to the right of the spectrum", POSITIVE, "x"),
    ),
    quantities=(
        Quantity("m_outside", "normalised trace of the resolvent at x", "m(x)"),
        Quantity("re_m", "real part of the transform at 0.3 + 0.05 i", r"\Re m(0.3+0.05i)"),
        Quantity("im_m", "imaginary part of the transform at 0.3 + 0.05 i", r"\Im m(0.3+0.05i)"),
        Quantity("mom2", "second moment", "m_2"),
        Quantity("mom4", "fourth moment", "m_4"),
        Quantity("mom6", "sixth moment", "m_6"),
        Quantity("edge", "largest eigenvalue", "b"),
    ),
    points={"A": dict(s="1", x="5/2"), "B": dict(s="1/2", x="9/5")},
)

# -- the model and its curve ------------------------------------------------------------------------------------------

s, x, r = sp.symbols("s x r", positive=True)  # r = -m(x)
m, m_z, z = sp.symbols("m m_z z")
W = Wigner("W", Space("n"), s)
Z0 = sp.Rational(3, 10) + sp.I / 20  # where the complex transform is compared


@cache
def transform() -> Equivalent:
    """The engine's equation of the transform at a complex z."""
    return deterministic_equivalent(inverse(W - z))


@cache
def curve() -> sp.Expr:
    """Polynomial relation of m and z."""
    return transform().curve(variable=m).as_expr()


@theorem.statement
def statement() -> Regime:
    """Two of the curve's roots, its series at infinity, and the last place where two roots meet."""
    moments = [moment.subs(sp.Symbol("s"), s) for moment in SpectralCurve(sp.Poly(curve(), m, z)).moments(6)]
    edge = next(e for e in sp.roots(sp.Poly(sp.discriminant(curve(), m), z)) if e.is_positive)
    outside = sp.expand(curve().subs({z: x, m: -r}))
    real = FixedPointSystem(
        (Unknown(r, "positive", meaning="minus the transform at x"),),
        (sp.Eq(r * x, sp.expand(r * x + outside)),),
        {"m_outside": -r, "mom2": moments[1], "mom4": moments[3], "mom6": moments[5], "edge": edge},
        conditions=(-outside.diff(r),),  # it starts at 1: the smaller of two positive roots
    )
    engine = transform().system
    (above,), path = engine.symbols, engine.continuation
    assert path is not None
    complex_root = FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at 0.3 + 0.05 i"),),
        tuple(sp.Eq(*(side.xreplace({above: m_z}) for side in e.args), evaluate=False) for e in engine.equations),
        {"re_m": sp.re(m_z), "im_m": sp.im(m_z)},
        continuation=Continuation(z, path.start, {m_z: path.guess[above]}),
    )
    return Regime((real, complex_root), "x**2 > 4*s", "to the right of the spectrum")


@theorem.binding
def binding() -> dict[str, sp.Expr]:
    """The complex point."""
    return {"z": Z0}


# -- derivation -------------------------------------------------------------------------------------------------------


def masked(rng: np.random.Generator, size: int, share: float, law: str = "gauss") -> np.ndarray:
    """Symmetric matrix whose entries are kept with a probability."""
    matrix = wigner(rng, size, law)
    if share == 1:
        return matrix
    kept = np.triu(rng.random((size, size)) < share)
    return matrix * (kept | kept.T)


def _row(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """First row without its diagonal entry, and the resolvent of the rest, with half of the entries masked."""
    w = masked(rng, size, 0.5)
    return w[0, 1:], np.linalg.inv(w[1:, 1:] - (1 + 1j) * np.eye(size - 1))


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    w, q = _row(rng, size)
    return float(abs(w @ q @ w - 0.5 * np.trace(q) / size))


def _balance(rng: np.random.Generator, size: int) -> float:
    q = np.linalg.inv(masked(rng, size, 0.5) - (1 + 1j) * np.eye(size))
    trace = np.trace(q) / size
    return float(abs(1 + trace * (1 + 1j + 0.5 * trace)))


@theorem.derivation
def derivation(proof) -> None:
    """One row out: a diagonal entry of the resolvent is 1/(w_ii - z - w'Q_ w); the rest is a curve."""
    sampling = dict(replicates=192, sizes=(24, 48, 96, 192))
    size = sp.Symbol("k", integer=True, positive=True)
    A, e, one = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("e", size, 1), sp.Identity(1)
    a = sp.Symbol("a")
    schur = proof.identity(
        "Schur complement",
        sp.Eq((A + a * e * e.T).I * e * (one + a * e.T * A.I * e), A.I * e, evaluate=False),
        "1/(e'(A + a ee')^-1 e) = a + 1/(e'A^-1 e): the diagonal entry w_ii - z and, without it, -w'Q_ w",
    )
    lemma = proof.asymptotic(
        "trace lemma", "w'Qw = s tr Q/n", "the row is independent of the resolvent without it", deviation=_trace_lemma,
        uses=[schur], **sampling,
    )  # fmt: skip
    balance = proof.asymptotic(
        "one row out", sp.Eq(1, -m * (z + s * m), evaluate=False), "every diagonal entry is 1/(-z - s m)",
        deviation=_balance, exponent=-1.0, uses=[lemma], **sampling,
    )  # fmt: skip
    value, real, imaginary, mom2, mom4, mom6, edge = sp.symbols("m_outside re_m im_m mom2 mom4 mom6 edge")
    at_real = proof.continuity("outside the spectrum", balance, {z: x, m: -r}, "analytic there")
    at_complex = proof.continuity("in the upper half plane", balance, {m: m_z}, "another name for the transform")
    parts = [
        proof.define(sp.Eq(value, -r), "the transform at x"),
        proof.define(sp.Eq(real, sp.re(m_z)), "real part"),
        proof.define(sp.Eq(imaginary, sp.im(m_z)), "imaginary part"),
    ]
    pairings = planar_moments(W, 6)
    moments = [
        proof.define(sp.Eq(symbol, pairings[k]), f"non-crossing pairings of {k} letters")
        for k, symbol in ((2, mom2), (4, mom4), (6, mom6))
    ]
    turn = sp.Symbol("m_edge")
    place = proof.define(sp.Eq(turn, -1 / sp.sqrt(s)), "transform at the edge")
    critical = proof.identity("edge", sp.Eq(1 / turn**2, s), "z(m) = -1/m - s m has no slope there", uses=[place])
    end = proof.define(sp.Eq(edge, -1 / turn - s * turn), "z there", uses=[critical])
    proof.conclude("read off", uses=[at_real, at_complex, *parts, *moments, place, end])


# -- experiment -------------------------------------------------------------------------------------------------------


def _second(point, size: int, law: str) -> float:
    return float(point["s"]) * (1 + 1 / size)


def _fourth(point, size: int, law: str) -> float:
    share = float(point["s"])
    gap = share * entry_moment(law, 4) - 2 * share**2
    return 2 * _second(point, size, law) ** 2 + (size + 3) / size**2 * gap


#: Means of the first moments are known at every size, for every entry law.
SECOND = (Control("mom2", _second),)
FOURTH = (*SECOND, Control("mom4", _fourth))
STATISTICS = (
    Statistic("m_outside", controls=FOURTH, curvature=16.0),  # next term; the sixth moment has 5 + 22/n + 52/n^2
    Statistic("re_m", resolution=0.15),  # close to the axis: few eigenvalues see it
    Statistic("im_m", resolution=0.15),
    Statistic("mom2", resolution=0.01),
    Statistic("mom4", controls=SECOND),
    Statistic("mom6", controls=FOURTH, resolution=0.01),
    Statistic("edge", kind="edge", exponent=2 / 3, resolution=0.03),
)


@theorem.experiment(points=("A",), sizes=(120, 240), laws=("gauss", "rad"), statistics=STATISTICS)
@theorem.experiment(points=("B",), sizes=(120, 240), laws=("gauss", "rad"), statistics=STATISTICS)
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Spectrum of one matrix; without a mask the Gaussian one is drawn in tridiagonal form."""
    share = float(point["s"])
    if share == 1 and law == "gauss":
        spectrum = wigner_eigenvalues(rng, size)
    else:
        spectrum = np.linalg.eigvalsh(masked(rng, size, share, law))
    both = np.concatenate([spectrum, -spectrum])  # the law is symmetric
    transform = np.mean(1 / (both - complex(Z0)))
    return {
        "m_outside": float(np.mean(1 / (both - float(point["x"])))),
        "re_m": float(transform.real),
        "im_m": float(transform.imag),
        **{f"mom{k}": float(np.mean(both**k)) for k in (2, 4, 6)},
        "edge": float(spectrum[-1] - spectrum[0]) / 2,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Spectra without and with a mask, Gaussian and Rademacher entries."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law, semicircle

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(10, 3.3, ncols=3)
    for axes, (share, law) in zip(panels, ((1, "gauss"), (0.5, "rad"), (0.1, "gauss")), strict=True):
        plot_law(semicircle(str(share)), np.linalg.eigvalsh(masked(rng, 800, share, law)), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"s = {share:g}, {'Gaussian' if law == 'gauss' else 'Rademacher'} entries")
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the engine's curve is $s m^2 + z m + 1 = 0$")
def textbook(claim) -> None:
    claim.identity(sp.Eq(s * r**2 + 1, x * r, evaluate=False))


@theorem.consequence("the even moments are $s^k$ times the Catalan numbers, the odd ones vanish")
def catalan(claim) -> None:
    found = SpectralCurve(sp.Poly(curve(), m, z)).moments(12)

    def same(power: int, shift: int = 1) -> bool:
        numbers = [sp.binomial(2 * k, k) / (k + shift) * sp.Symbol("s") ** (power * k) for k in range(1, 7)]
        return all(sp.expand(a - b) == 0 for a, b in zip(found[1::2], numbers, strict=True))

    claim.holds("moments 2 to 12", lambda: same(1), wrong={"s^2k": lambda: same(2), "k + 2": lambda: same(1, 2)})
    claim.holds("odd ones", lambda: not any(found[::2]), wrong={"even ones": lambda: not any(found[1::2])})


@theorem.consequence("Lagrange inversion gives the same numbers: $m_{2k}=\\frac1{k}[w^{k-1}]\\,s^k(1+w)^{2k}$")
def lagrange(claim) -> None:
    # with w = s m^2 the curve is w = (s/z^2)(1 + w)^2, and -z m = 1 + w
    w = sp.Symbol("w")
    claim.identity(sp.Eq(x**2 * s * r**2, s * (1 + s * r**2) ** 2, evaluate=False))
    coefficients = [sp.Poly((1 + w) ** (2 * k), w).coeff_monomial(w ** (k - 1)) / k for k in range(1, 7)]
    found = SpectralCurve(sp.Poly(curve(), m, z)).at(s=1).moments(12)[1::2]
    claim.holds(
        "coefficients for k = 1 to 6",
        lambda: [int(f) for f in found] == coefficients,
        wrong={"shifted": lambda: [int(f) for f in found[1:]] == coefficients[:-1]},
    )


@theorem.consequence("the density is $\\sqrt{4s-x^2}/(2\\pi s)$ and the R-transform is $sg$")
def density(claim) -> None:
    t, h = sp.symbols("t h", positive=True)
    g = sp.Symbol("g")
    above = sp.expand(curve().subs({z: t, m: g + sp.I * h}))
    real, imaginary = above.subs(sp.I, 0), above.coeff(sp.I, 1)
    centre = sp.solve(imaginary / h, g)[0]
    square = sp.solve(real.subs(g, centre).subs(h, sp.sqrt(sp.Symbol("H"))), sp.Symbol("H"))[0]
    claim.identity(sp.Eq(square, (4 * s - t**2) / (2 * s) ** 2, evaluate=False))
    place = sp.solve(curve().subs(m, -g), z)[0]
    claim.identity(sp.Eq(place - 1 / g, s * g, evaluate=False))


@theorem.consequence(
    "outside the support the transform is the root with $|m|<1/\\sqrt s$, with a square root at the edge"
)
def outside(claim) -> None:
    def small(bound: float) -> bool:
        points = [theorem.point(s=share, x=place) for share in ("1/10", "1/2", "1") for place in ("2.001", "3", "50")]
        return all(float(claim.value("m_outside", p)) ** 2 * float(p["s"]) < bound for p in points)

    claim.holds("at nine points", lambda: small(1), wrong={"half the bound": lambda: small(0.5)})
    claim.exponent("m_outside", lambda eps: {"x": 2 + eps**2}, 1, minus=-1.0)
    claim.limit("m_outside", lambda eps: {"x": 1 / eps}, 0, scale=1.0, text="it vanishes far away")


@theorem.consequence("the mask only rescales: $m_s(x)=m_1(x/\\sqrt s)/\\sqrt s$")
def scaling(claim) -> None:
    claim.equal(
        lambda p: 2 * claim.value("m_outside", {"s": 1, "x": p["x"]}).ball,
        lambda p: claim.value("m_outside", {"s": p["s"], "x": p["x"] / 2}),
        [theorem.point(s="1/4", x=place) for place in ("3", "4.5", "9")],
        "at a quarter of the entries and half the distance",
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("variance dropped in the fixed point", equations={r: sp.Eq(r**2 - x * r + 2, 1)})
theorem.mutant("edge 2 s", outputs={"edge": 2 * s})
theorem.mutant("moments s^2k", outputs={"mom4": 2 * s**4})
theorem.mutant("fourth moment of a normal law", outputs={"mom4": 3 * s**2})
theorem.mutant("sign of the root", values=lambda m_outside: {"m_outside": -m_outside})
theorem.mutant("the other root", values=lambda m_outside, s: {"m_outside": 1 / (float(s) * float(m_outside))})
