"""Sample covariance of a general population: consequences."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.spectrum import SampleCovariance
from rmtsym.theorem import get
from rmtsym.theorem.theorem import predict
from theory.spectra.sample_covariance.derivation import curve_of
from theory.spectra.sample_covariance.statement import C, Q, c, lam, law_at, mean, t, tau, theorem, v


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
        return all(curve_of(name).curve.degree == len(theorem.point(name)["t"]) + shift for name in theorem.points)

    claim.holds("degrees at the default points", lambda: same(1), wrong={"K": lambda: same(0)})
    exponents = [edge.exponent for name in theorem.points for edge in law_at(theorem.point(name)).edge_behaviour]
    claim.holds(
        "exponents at all edges",
        lambda: exponents == [Fraction(1, 2)] * 12,
        wrong={"cusps": lambda: exponents == [Fraction(1, 3)] * 12},
    )
