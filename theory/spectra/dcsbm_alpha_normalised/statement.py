r"""Degree-corrected block model, adjacency matrix normalised by powers of the degrees: the statement.

.. math::  m(q)=-\frac1{z+q^{1-2\alpha}g_1-q^{2-2\alpha}g_2},\qquad
           g_1=\mathbb E[q^{1-2\alpha}m],\quad g_2=\mathbb E[q^{2-2\alpha}m].

To the right of the bulk all m(q) are negative and fall in size; at the edge z turns as a function of g_2.  A class
direction of strength ell has an eigenvalue of its own where 1 + ell g_2 = 0.
Sources: Ali and Couillet (2018); Couillet and Liao (2022), section 7.1.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown, solve
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Interval, Numbers, Parameter, Quantity, Regime, Theorem, Weights

theorem = Theorem(
    id="dcsbm-alpha-normalised",
    title="Degree-corrected block model, normalised by a power of the degrees",
    family="spectra",
    references=(
        "H. Tiomoko Ali, R. Couillet (2018), Improved spectral community detection in large heterogeneous networks, "
        "Journal of Machine Learning Research 18",
        "R. R. Nadakuditi, M. E. J. Newman (2012), Graph spectra and the detectability of community structure in "
        "networks, arXiv:1205.1813",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 7.1",
    ),
    assumptions=(
        r"$A$ is symmetric $n\times n$; its entries are independent for $i\le j$, equal to 1 with probability "
        r"$q_iq_j(1+M_{ab}/\sqrt n)$ for nodes $i,j$ of classes $a,b$, and else 0",
        r"two classes of shares $c$ and $1-c$; $M=4\mu yy^\top+u1^\top+1u^\top$ with $y=(1-c,-c)$ and any $u$, that is "
        r"$4\mu=M_{11}+M_{22}-2M_{12}$",
        r"the connectivities $q_i$ take the values $q$ with weights $w_q$, in each class alike",
        r"$L_\alpha=(d^\top1)^\alpha D^{-\alpha}(A-dd^\top/d^\top1)D^{-\alpha}/\sqrt n$ with the degrees $d=A1$, "
        r"$D=\mathrm{diag}\,d$; $v_i\propto q_i^{1-\alpha}y_{a(i)}$ is the class direction; $n\to\infty$",
    ),
    parameters=(
        Parameter("q", "connectivities", Numbers(Interval(0, 1), like="wq"), "q"),
        Parameter("wq", "their weights", Weights(), "w_q"),
        Parameter("al", "exponent of the normalisation", Interval(0, 1, closed="both"), r"\alpha"),
        Parameter("mu", "contrast of the classes", NON_NEGATIVE, r"\mu"),
        Parameter("c", "share of the first class", Interval(0, 1), "c"),
        Parameter("x", "the resolvent is taken at z = -x", POSITIVE, "x"),
    ),
    quantities=(
        Quantity("m", "normalised trace of the resolvent at -x", "m(-x)"),
        Quantity("g1", "mean of q^(1-2 alpha) times the diagonal of the resolvent", "g_1(-x)"),
        Quantity("g2", "mean of q^(2-2 alpha) times the diagonal of the resolvent", "g_2(-x)"),
        Quantity("bulk_edge", "right edge of the bulk", r"\lambda_+"),
        Quantity("threshold", "strength from which the classes are seen", r"\ell_*", observable=False),
        Quantity("ell", "strength of the class direction", r"\ell", observable=False),
        Quantity("detectable", "number of isolated eigenvalues", r"\#"),
        Quantity("eig", "largest eigenvalue", r"\hat\lambda"),
        Quantity("align", "squared alignment with the class direction", r"(\hat u^\top v)^2"),
    ),
    points={
        "A": dict(q="3/10,4/5", wq="1/2,1/2", al="1/2", mu="6", c="1/2", x="5/2"),
        "B": dict(q="3/10,4/5", wq="1/2,1/2", al="0", mu="3", c="1/2", x="3/2"),
        "C": dict(q="1/5,1/2,4/5", wq="1/2,1/4,1/4", al="1/4", mu="4", c="1/3", x="2"),
        "D": dict(q="1/5,1/2,4/5", wq="1/4,1/2,1/4", al="1/3", mu="1/2", c="1/2", x="2"),
    },
    uses=("semicircle",),
)

# -- the equations ----------------------------------------------------------------------------------------------------

a, b, x, c = sp.symbols("a b x c", positive=True)  # a = q^(1-2 alpha), b = q^(2-2 alpha)
mu = sp.Symbol("mu", nonnegative=True)
# |g_1| and |g_2|: h at -x, k at the edge, j at the isolated eigenvalue
h1, h2, k1, k2, j1, j2, r, edge, top = sp.symbols("h1 h2 k1 k2 j1 j2 r edge top", positive=True)
nu = SpectralMeasure("nu", a, b)
STRENGTH = 4 * c * (1 - c) * mu  # eigenvalue of (diag(c) - cc')M
NOTHING = {"ell": STRENGTH, "detectable": sp.Integer(0), "align": sp.Integer(0)}


def mean(f: sp.Expr) -> sp.Expr:
    """Average over the connectivities."""
    return Average(f, nu)


def reach(z: sp.Expr, first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """-1/m(q) at z, to the right of the bulk; first = -g_1 and second = -g_2 are positive there."""
    return z - a * first + b * second


def regular(z: sp.Expr, first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Determinant of the derivatives of the two equations: positive to the right of the bulk only."""
    inverse = 1 / reach(z, first, second) ** 2
    return (1 - mean(a**2 * inverse)) * (1 + mean(b**2 * inverse)) + mean(a * b * inverse) ** 2


def real(z: sp.Expr, first: sp.Expr, second: sp.Expr) -> sp.Expr:
    """Positive where every -1/m(q) is, and not a real number elsewhere."""
    return mean(sp.sqrt(reach(z, first, second)))


def equations(z: sp.Expr, first: sp.Expr, second: sp.Expr) -> tuple[sp.Eq, sp.Eq]:
    """The two equations to the right of the bulk."""
    place = reach(z, first, second)
    return sp.Eq(first, mean(a / place)), sp.Eq(second, mean(b / place))


FAR = 10 * sp.sqrt(mean(a**2))  # far to the right of the bulk


@cache
def bulk() -> FixedPointSystem:
    """Resolvent at -x; the bulk is symmetric, so it is minus the one at x."""
    return FixedPointSystem(
        (Unknown(h1, meaning="g_1 at -x"), Unknown(h2, meaning="g_2 at -x")),
        equations(x, h1, h2),
        {"m": mean(1 / reach(x, h1, h2)), "g1": h1, "g2": h2},
        conditions=(regular(x, h1, h2), real(x, h1, h2)),
        continuation=Continuation(x, FAR + x, {h1: mean(a) / x, h2: mean(b) / x}),
    )


@cache
def end(seen: bool) -> FixedPointSystem:
    """The edge: there z turns as a function of g_2, and (r, 1) is the direction of (g_1, g_2)."""
    moved = (a * r - b) / reach(edge, k1, k2) ** 2
    return FixedPointSystem(
        (
            Unknown(k1, meaning="-g_1 at the edge"),
            Unknown(k2, meaning="-g_2 at the edge"),
            Unknown(r, meaning="dg_1/dg_2 at the edge"),
            Unknown(edge, meaning="edge"),
        ),
        (*equations(edge, k1, k2), sp.Eq(r, mean(a * moved)), sp.Eq(1, mean(b * moved), evaluate=False)),
        {"bulk_edge": edge, "threshold": 1 / k2, **({} if seen else {"eig": edge, **NOTHING})},
        conditions=(real(edge, k1, k2), *(() if seen else (1 - STRENGTH * k2,))),
        continuation=Continuation.homotopy(
            {edge: FAR, k1: mean(a) / FAR, k2: mean(b) / FAR, r: mean(a**2) / mean(a * b)}
        ),
    )


@cache
def outlier() -> FixedPointSystem:
    """The isolated eigenvalue: g_2 = -1/ell there, and its residue."""
    strong = mu + 25 * FAR / (c * (1 - c) * mean(b))  # the isolated eigenvalue is far from the bulk there
    inverse = 1 / reach(top, j1, j2) ** 2
    slope = (1 - mean(a**2 * inverse)) * mean(b * inverse) + mean(a * b * inverse) * mean(a * inverse)
    return FixedPointSystem(
        (
            Unknown(j1, meaning="-g_1 at the isolated eigenvalue"),
            Unknown(j2, meaning="-g_2 there"),
            Unknown(top, meaning="isolated eigenvalue"),
        ),
        (*equations(top, j1, j2), sp.Eq(1, STRENGTH * j2, evaluate=False)),
        {
            "ell": STRENGTH,
            "detectable": sp.Integer(1),
            "eig": top,
            "align": j2**2 * regular(top, j1, j2) / (slope * mean(b)),
        },
        conditions=(regular(top, j1, j2), real(top, j1, j2)),
        continuation=Continuation(
            mu, strong, {top: STRENGTH * mean(b), j1: mean(a) / (STRENGTH * mean(b)), j2: 1 / STRENGTH}
        ),
    )


@cache
def inside() -> FixedPointSystem:
    """The transform at a complex z, for the density of the bulk."""
    t1, t2, z = sp.symbols("t1 t2 z")
    place = -1 / (z + a * t1 - b * t2)
    return FixedPointSystem(
        (Unknown(t1, "herglotz", meaning="g_1"), Unknown(t2, "herglotz", meaning="g_2")),
        (sp.Eq(t1, mean(a * place), evaluate=False), sp.Eq(t2, mean(b * place), evaluate=False)),
        {"trace": mean(place)},
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Transform left of the bulk, the edge, and right of it the isolated eigenvalue, if there is one."""
    return (
        Regime((bulk(), end(True), outlier()), "excess > 0", "classes seen"),
        Regime((bulk(), end(False)), "excess < 0", "classes hidden"),
    )


def power(q: Fraction, exponent: Fraction) -> Any:
    """A power of a rational, exact."""
    value = sp.Rational(q) ** sp.Rational(exponent)
    return Fraction(value.p, value.q) if value.is_Rational else value


@cache
def connectivities(q: tuple[Fraction, ...], wq: tuple[Fraction, ...], al: Fraction) -> Atoms:
    """The law of q^(1-2 alpha) and q^(2-2 alpha)."""
    return Atoms(wq, a=[power(y, 1 - 2 * al) for y in q], b=[power(y, 2 - 2 * al) for y in q])


@cache
def rough(law: Atoms) -> tuple[float, float]:
    """Edge and threshold in floating point: what the regime is chosen by; its conditions are certified."""
    found = solve(end(True), {"nu": law})
    return float(found["bulk_edge"]), float(found["threshold"])


@theorem.binding
def binding(q, wq, al, mu, c, x):
    """Law of the connectivities, and how far the strength is above the threshold."""
    law = connectivities(q, wq, al)
    end_of_bulk, threshold = rough(law)
    if x <= end_of_bulk:
        raise DomainError("x", x, f"x > {end_of_bulk:.6g}", "the bulk reaches from there to minus that")
    excess = Fraction(4 * c * (1 - c) * mu / Fraction(threshold) - 1).limit_denominator(10**9)
    if not excess:
        raise DomainError("mu", mu, f"mu away from {float(threshold / (4 * c * (1 - c))):.9g}", "the threshold")
    return {"nu": law, "excess": excess}
