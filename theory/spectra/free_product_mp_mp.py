r"""Free product of two Marchenko-Pastur laws: the spectrum of a product of two independent sample covariances.

.. math::  1+zm=m\,(1-c_1-c_1zm)(1-c_2-c_2zm),\qquad S(w)=\frac1{(1+c_1w)(1+c_2w)}.

The engine returns the curve of the product.  The derivation takes one sample out of each factor, inverts its moment
series and multiplies S-transforms; resultants must return the same polynomial.
Sources: Marchenko and Pastur (1967), Voiculescu (1987).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from functools import cache
from math import comb
from typing import Any

import numpy as np
import sympy as sp
from flint import fmpq, fmpq_poly

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Expression, Gaussian, Space, inverse, planar_moments
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, excess_kurtosis
from rmtsym.spectrum import SpectralCurve, SpectralLaw, SpectralSystem, from_s_transform, marchenko_pastur
from rmtsym.spectrum.calculus import dilute, free_product
from rmtsym.spectrum.polynomial import complex_roots
from rmtsym.theorem import POSITIVE, Evidence, Parameter, Quantity, Regime, Theorem

theorem = Theorem(
    id="free-product-mp-mp",
    title="Product of two sample covariances",
    family="spectra",
    references=(
        "D. Voiculescu (1987), Multiplication of certain noncommuting random variables, J. Operator Theory 18",
        "V. A. Marchenko, L. A. Pastur (1967), Distribution of eigenvalues for some sets of random matrices",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press",
    ),
    assumptions=(
        r"$A_i=X_iX_i^\top/n_i$, the entries of the $p\times n_i$ matrices $X_1,X_2$ independent, centred, of unit "
        r"variance (for the edge: finite fourth moments)",
        r"$p/n_i\to c_i$; the law is that of the eigenvalues of $A_1A_2$",
    ),
    parameters=(
        Parameter("c1", "ratio p/n of the first factor", POSITIVE, "c_1"),
        Parameter("c2", "ratio p/n of the second factor", POSITIVE, "c_2"),
        Parameter("lam", "the resolvent is taken at z = -lam", POSITIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("m", "normalised trace of the resolvent at -lam", r"m(-\lambda)"),
        Quantity("m1", "mean eigenvalue", "m_1"),
        Quantity("m2", "second moment", "m_2"),
        Quantity("m3", "third moment", "m_3"),
        Quantity("right_edge", "largest eigenvalue", "b"),
    ),
    points={
        "A": dict(c1="1/2", c2="1/2", lam="1/10"),
        "B": dict(c1="1/4", c2="1", lam="1/5"),
        "C": dict(c1="1/2", c2="2", lam="1/2"),
    },
    uses=("marchenko-pastur",),
)

# -- the model and its curve ------------------------------------------------------------------------------------------

c1, c2, lam, r = sp.symbols("c1 c2 lam r", positive=True)  # r = m(-lam)
m, z, w = sp.symbols("m z w")
p, n1, n2 = Space("p"), Space("n1", 1 / c1), Space("n2", 1 / c2)
X1, X2 = Gaussian("X1", p, n1, c1), Gaussian("X2", p, n2, c2)
PRODUCT = X1 @ X1.T @ X2 @ X2.T
SYMMETRIC = X1.T @ X2 @ X2.T @ X1  # the same eigenvalues but for zeros


@cache
def curve(model: Expression = PRODUCT) -> sp.Expr:
    """Polynomial relation of m and z, by the engine."""
    return deterministic_equivalent(inverse(model - z)).curve(variable=m).as_expr()


@cache
def _law(first: Fraction, second: Fraction) -> SpectralLaw:
    poly = sp.Poly(curve().subs({c1: sp.Rational(first), c2: sp.Rational(second)}), m, z)
    return SpectralLaw(SpectralCurve(poly), name="product of two sample covariances")


def law_at(point: Mapping[str, Any]) -> SpectralLaw:
    """Spectral law of the engine's curve at a point."""
    return _law(Fraction(point["c1"]), Fraction(point["c2"]))


@theorem.statement
def statement() -> Regime:
    """A root of the curve, its series at infinity, and the end of the support."""
    moments = [k.subs({sp.Symbol("c1"): c1, sp.Symbol("c2"): c2}) for k in _symbolic(curve()).moments(3)]
    at_real = curve().subs({z: -lam, m: r})
    at_real = sp.expand(at_real / sp.together(-at_real.subs(r, 0)))  # minus one at r = 0
    real = FixedPointSystem(
        (Unknown(r, "positive", meaning="resolvent trace at -lambda"),),
        (sp.Eq(sp.expand(1 + at_real), 1, evaluate=False),),
        {"m": r, **{f"m{k}": moment for k, moment in enumerate(moments, 1)}},
        conditions=(1 - c1 + c1 * lam * r, 1 - c2 + c2 * lam * r),  # there the left side increases
    )
    edge = SpectralSystem(
        law_at, {"right_edge": lambda law: law.edges[-1]}, {"right_edge": r"\max\operatorname{supp}\mu"}
    )
    return Regime((real, edge))


def _symbolic(polynomial: sp.Expr) -> SpectralCurve:
    return SpectralCurve(sp.Poly(polynomial, m, z))


# -- derivation -------------------------------------------------------------------------------------------------------


def _balance(ratio: Fraction) -> Callable[[np.random.Generator, int], float]:
    """One sample covariance at z = 1 + i: how far its trace is from the equation."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        x = rng.standard_normal((int(size * ratio), size))
        q = np.linalg.inv(x @ x.T / size - (1 + 1j) * np.eye(len(x)))
        trace = np.trace(q) / len(x)
        return float(abs(1 + (1 + 1j) * trace - trace / (1 + float(ratio) * trace)))

    return deviation


def _chi(spectrum: np.ndarray, level: float) -> float:
    """Where the moment series mean(x y/(1 - x y)) of a spectrum takes a negative level."""
    low, high = -1.0, 0.0
    while np.mean(low * spectrum / (1 - low * spectrum)) > level:
        low *= 2
    for _ in range(60):
        middle = (low + high) / 2
        low, high = (middle, high) if np.mean(middle * spectrum / (1 - middle * spectrum)) < level else (low, middle)
    return (low + high) / 2


def _multiplied(rng: np.random.Generator, size: int) -> float:
    """S-transform of a product less the product of S-transforms, at w = -1/2, from the spectra of one pair."""
    first, second = (rng.standard_normal((size, k * size)) / np.sqrt(k * size) for k in (2, 1))
    level = -0.5
    alone = [(1 + level) / level * _chi(np.linalg.svd(x, compute_uv=False) ** 2, level) for x in (first, second)]
    product = np.linalg.svd(first.T @ second, compute_uv=False) ** 2
    return (1 + level) / level * _chi(product, level) - alone[0] * alone[1]


PAIRS = ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 4), Fraction(1)), (Fraction(3), Fraction(2, 5)))


def _resultants(other: Callable[[Fraction, Fraction], SpectralCurve]) -> Evidence:
    """Whether a curve that was eliminated with resultants is the engine's, coefficient by coefficient."""
    same = all(other(*pair) == _law(*pair).curve for pair in PAIRS)
    return Evidence.of(same, "polynomials by resultants, at three pairs of ratios")


def _product_of_laws(first: Fraction, second: Fraction) -> SpectralCurve:
    return free_product(marchenko_pastur(first).curve, marchenko_pastur(second).curve)


def _turning(shape: Callable[[Fraction, Fraction], Sequence[Fraction | int]]) -> Evidence:
    """Whether z(w) at the positive root of a polynomial is the right edge, in balls."""
    for a, b in PAIRS:
        poly = fmpq_poly([fmpq(x.numerator, x.denominator) for x in map(Fraction, shape(a, b))])
        roots = [x.real for x in complex_roots(poly) if x.imag.contains(0) and x.real > 0]
        one, two = (fmpq(x.numerator, x.denominator) for x in (a, b))
        values = [(1 + x) * (1 + x * one) * (1 + x * two) / x for x in roots]
        edge = _law(a, b).edges[-1].ball
        if len(values) != 1 or not edge.overlaps(values[0]):
            return Evidence.of(False, "balls of the edge", message=f"at c = {a}, {b}: {edge} and {values}")
    return Evidence.of(True, "balls of the edge at three pairs of ratios", resolution=1e-12)


def _checked(evidence: Sequence[Evidence]) -> Evidence:
    failed = [e for e in evidence if not e.passed]
    return failed[0] if failed else evidence[0]


def _slope(a: Fraction, b: Fraction) -> Sequence[Fraction | int]:
    return (-1, 0, a + b + a * b, 2 * a * b)


@theorem.derivation
def derivation(proof: Any) -> None:
    """The S-transform of each factor, their product, and back to the transform."""
    sampling = dict(replicates=192, sizes=(24, 48, 96, 192), exponent=-1.0)
    trace, m1, m2, m3, v = sp.symbols("m_z m1 m2 m3 v")
    level = proof.define(sp.Eq(w, -1 - z * trace), "moment series of the product at 1/z")
    factors = []
    for k, (ratio, test) in enumerate(((c1, Fraction(1, 2)), (c2, Fraction(3, 2))), 1):
        mu, zeta = sp.symbols(f"mu{k} zeta{k}")
        place = proof.define(
            sp.Eq(mu, -(1 + w) / zeta), f"factor {k} is looked at where its moment series is w too", uses=[level]
        )
        balance = proof.asymptotic(
            f"one sample out of factor {k}", sp.Eq(1, -zeta * mu + mu / (1 + ratio * mu), evaluate=False),
            "the trace of Q XX'/n is a sum of n terms x'Q_ x/(1 + x'Q_ x)", deviation=_balance(test), **sampling,
        )  # fmt: skip
        factors.append(
            proof.substitute(
                f"S-transform of factor {k}",
                sp.Eq((1 + w) / (w * zeta), 1 / (1 + ratio * w), evaluate=False),
                "S(w) = (1 + w)/(w zeta), where the moment series at 1/zeta is w",
                uses=[balance, place],
            )
        )
    zeta1, zeta2 = sp.symbols("zeta1 zeta2")
    multiplied = proof.asymptotic(
        "S-transforms multiply",
        sp.Eq((1 + w) / (w * z), (1 + w) / (w * zeta1) * (1 + w) / (w * zeta2), evaluate=False),
        "independent sample covariances of Gaussian data are asymptotically free: one is turned at random "
        "against the other",
        deviation=_multiplied,
        **sampling,
    )
    chi = proof.substitute(
        "inverse moment series", sp.Eq(z * w, (1 + w) * (1 + c1 * w) * (1 + c2 * w), evaluate=False),
        "S(w) = 1/((1 + c1 w)(1 + c2 w)) = (1 + w)/(w z)", uses=[*factors, multiplied],
    )  # fmt: skip
    cubic = proof.substitute(
        "cubic", sp.Eq(1 + z * trace, trace * (1 - c1 - c1 * z * trace) * (1 - c2 - c2 * z * trace), evaluate=False),
        "w = -1 - z m", uses=[chi, level],
    )  # fmt: skip
    at_real = proof.continuity("on the negative axis", cubic, {z: -lam, trace: r}, "analytic outside the support")
    value = proof.define(sp.Eq(m, r), "the transform at -lambda")
    pairings = planar_moments(PRODUCT, 3)
    moments = [
        proof.define(sp.Eq(symbol, pairings[k], evaluate=False), f"non-crossing pairings of (X1X1'X2X2')^{k}")
        for k, symbol in enumerate((m1, m2, m3), 1)
    ]
    turning = proof.identity(
        "edge",
        sp.Eq(
            sp.diff((1 + v) * (1 + c1 * v) * (1 + c2 * v) / v, v),
            2 * c1 * c2 * v + c1 + c2 + c1 * c2 - 1 / v**2,
            evaluate=False,
        ),
        "z(w) = (1 + w)(1 + c1 w)(1 + c2 w)/w falls and then grows for w > 0; it turns at the right edge",
    )
    proof.conclude(
        "the engine's curve is the product of the two laws",
        uses=[at_real, value, *moments, turning],
        check=lambda: _checked([_resultants(_product_of_laws), _turning(_slope)]),
        wrong=[
            ("one ratio inverted", lambda: _resultants(lambda a, b: _product_of_laws(a, 1 / b))),
            ("1 + w for 1 + c w", lambda: _resultants(lambda a, b: from_s_transform("S*(1 + w)^2 - 1"))),
            ("no term c1 c2 in the slope", lambda: _turning(lambda a, b: (-1, 0, a + b, 2 * a * b))),
            ("slope of one factor alone", lambda: _turning(lambda a, b: (-1, 0, a))),
        ],
    )


# -- experiment -------------------------------------------------------------------------------------------------------


def _samples(point: Mapping[str, Any], size: int) -> tuple[int, int]:
    return int(size / point["c1"]), int(size / point["c2"])


def _factor_square(which: int) -> Callable[..., float]:
    """Mean of tr A^2/p at a finite size, for every entry law."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        return 1 + (size + 1 + excess_kurtosis(law)) / _samples(point, size)[which]

    return mean


def _second(point: Mapping[str, Any], size: int, law: str) -> float:
    """Mean of tr (A1A2)^2/p: E A1 B A1 = B + (B + tr B + kappa diag B)/n, then the moments of B."""
    (first, second), kappa = _samples(point, size), excess_kurtosis(law)
    square, spread = 1 + (size + 1 + kappa) / second, (2 + kappa) / second
    return square + (square + size + spread + kappa * (1 + spread)) / first


TRACES = (Control("trace1", 1.0), Control("trace2", 1.0))
FACTORS = (*TRACES, Control("square1", _factor_square(0)), Control("square2", _factor_square(1)))
FIRST = (*FACTORS, Control("m1", 1.0))
SECOND = (*FIRST, Control("m2", _second))
STATISTICS = (
    Statistic("m", controls=SECOND),
    Statistic("m1", controls=FACTORS),
    Statistic("m2", controls=FIRST),
    Statistic("m3", controls=SECOND),
    Statistic("right_edge", kind="edge", exponent=2 / 3, resolution=0.05, controls=SECOND),
)


@theorem.experiment(points=("A",), sizes=(60, 120), laws=("gauss", "rad"), statistics=STATISTICS)
@theorem.experiment(points=("B",), sizes=(60, 120), statistics=STATISTICS)
@theorem.experiment(points=("C",), sizes=(60, 120), statistics=STATISTICS[:1])
def replicate(rng: np.random.Generator, size: int, point: Mapping[str, Any], law: str) -> dict[str, float]:
    """Spectrum of the product of two sample covariances; the size is the dimension p."""
    first, second = (entries(rng, (size, n), law) / np.sqrt(n) for n in _samples(point, size))
    spectrum, (a, b) = product_spectrum(first, second)
    return {
        "m": float(np.mean(1 / (spectrum + float(point["lam"])))),
        **{f"m{k}": float(np.mean(spectrum**k)) for k in (1, 2, 3)},
        "right_edge": float(spectrum[-1]),
        "trace1": float(np.trace(a)) / size,
        "trace2": float(np.trace(b)) / size,
        "square1": float(np.sum(a * a)) / size,
        "square2": float(np.sum(b * b)) / size,
    }


def product_spectrum(first: np.ndarray, second: np.ndarray) -> tuple[np.ndarray, tuple[np.ndarray, np.ndarray]]:
    """Eigenvalues of A1A2, ascending, zeros included, and the two factors."""
    size, samples = first.shape
    a, b = first @ first.T, second @ second.T
    root = np.linalg.cholesky(a) if samples > size else first
    found = np.linalg.eigvalsh(root.T @ b @ root)
    return np.concatenate([np.zeros(size - len(found)), np.maximum(found, 0.0)]), (a, b)


@theorem.figure
def figure(page: Any) -> Any:
    """Spectra of one product at each of two pairs of ratios."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(9, 3.4, ncols=2)
    size = 600
    for axes, pair in zip(panels, ((Fraction(1, 2), Fraction(1, 2)), (Fraction(1, 4), Fraction(1, 2))), strict=True):
        factors = [rng.standard_normal((size, int(size / c))) / np.sqrt(float(size / c)) for c in pair]
        plot_law(_law(*pair), product_spectrum(*factors)[0], axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"$c_1={pair[0]}$, $c_2={pair[1]}$")
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the engine's curve is $1+zm=m(1-c_1-c_1zm)(1-c_2-c_2zm)$, the curve of $S=1/((1+c_1w)(1+c_2w))$")
def textbook(claim: Any) -> None:
    claim.identity(sp.Eq(r * (lam + (1 - c1 + c1 * lam * r) * (1 - c2 + c2 * lam * r)), 1, evaluate=False))

    def same(relation: str) -> bool:
        return from_s_transform(relation) == _symbolic(curve())

    claim.holds(
        "as polynomials in m, z, c1, c2",
        lambda: same("S*(1 + c1*w)*(1 + c2*w) - 1"),
        wrong={"1 + w": lambda: same("S*(1 + w)*(1 + c2*w) - 1"), "a sum": lambda: same("S*(1 + (c1 + c2)*w) - 1")},
    )


@theorem.consequence("the symmetric form $X_1^\\top X_2X_2^\\top X_1$ has the same curve after its zeros are removed")
def symmetric(claim: Any) -> None:
    def same(share: Callable[[Fraction], Fraction]) -> bool:
        found = []
        for a, b in ((Fraction(1, 2), Fraction(1, 3)), (Fraction(1, 4), Fraction(1, 2))):
            values = {c1: sp.Rational(a), c2: sp.Rational(b)}
            other = SpectralCurve(sp.Poly(curve(SYMMETRIC).subs(values), m, z))
            found.append(dilute(_law(a, b).curve, share(a)) == other)
        return all(found)

    claim.holds(
        "with the share p/n1 of the eigenvalues",
        lambda: same(lambda a: a),
        wrong={"half": lambda: same(lambda a: a / 2)},
    )


@theorem.consequence("Lagrange inversion: $m_k=\\frac1k[w^{k-1}]\\big((1+w)(1+c_1w)(1+c_2w)\\big)^k$")
def lagrange(claim: Any) -> None:
    found = _symbolic(curve()).moments(5)
    a, b = sp.symbols("c1 c2")

    def same(second: sp.Expr) -> bool:
        series = [
            sp.Poly(((1 + w) * (1 + a * w) * (1 + second * w)) ** k, w).coeff_monomial(w ** (k - 1)) / k
            for k in range(1, 6)
        ]
        return all(sp.expand(x - y) == 0 for x, y in zip(found, series, strict=True))

    claim.holds("moments 1 to 5", lambda: same(b), wrong={"1 + w": lambda: same(sp.Integer(1)), "c1": lambda: same(a)})


@theorem.consequence("square factors: moments $\\binom{3k}{k}/(2k+1)$, edge $27/4$, and $m\\sim\\lambda^{-2/3}$")
def fuss_catalan(claim: Any) -> None:
    found = _law(Fraction(1), Fraction(1)).moments(6)

    def same(step: int) -> bool:
        return list(found) == [Fraction(comb(3 * k, k), step * k + 1) for k in range(1, 7)]

    claim.holds("moments 1 to 6", lambda: same(2), wrong={"3k + 1 below": lambda: same(3)})
    claim.limit("right_edge", lambda eps: {"c1": 1 + eps, "c2": 1 - eps}, Fraction(27, 4))
    claim.exponent("m", lambda eps: {"c1": 1, "c2": 1, "lam": eps**3}, -2)


@theorem.consequence("many samples in one factor leave the Marchenko-Pastur law of the other")
def one_factor(claim: Any) -> None:
    claim.holds(
        "the curve at c2 = 0",
        lambda: sp.rem(curve().subs(c2, 0), c1 * z * m**2 + (z + c1 - 1) * m + 1, m) == 0,
        wrong={"at c2 = 1": lambda: sp.rem(curve().subs(c2, 1), c1 * z * m**2 + (z + c1 - 1) * m + 1, m) == 0},
    )
    claim.limit("m", lambda eps: {"c1": 2, "c2": eps, "lam": Fraction(3, 10)}, 2, text="2 at c = 2, lam = 3/10")


@theorem.consequence("the mass at zero is $1-1/\\max(1,c_1,c_2)$")
def zeros(claim: Any) -> None:
    def masses(rule: Callable[[Fraction, Fraction], Fraction]) -> bool:
        pairs = ((Fraction(1, 2), Fraction(2)), (Fraction(3), Fraction(2)), (Fraction(1, 2), Fraction(1, 3)))
        return all(sum(float(atom.mass) for atom in _law(*pair).atoms) == float(rule(*pair)) for pair in pairs)

    claim.holds(
        "at three pairs",
        lambda: masses(lambda a, b: 1 - 1 / max(Fraction(1), a, b)),
        wrong={"of the product": lambda: masses(lambda a, b: 1 - 1 / max(Fraction(1), a * b))},
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant(
    "S = 1/(1 + w) for both factors", parameters={"c1": lambda c1: Fraction(1), "c2": lambda c2: Fraction(1)}
)
theorem.mutant("n/p for p/n", parameters={"c1": lambda c1: 1 / c1})
theorem.mutant("second factor forgotten", equations={r: sp.Eq(r * (lam + 1 - c1 + c1 * lam * r), 1, evaluate=False)})
theorem.mutant("commuting factors", outputs={"m2": (1 + c1) * (1 + c2)})
theorem.mutant("third moment of commuting factors", outputs={"m3": (1 + 3 * c1 + c1**2) * (1 + 3 * c2 + c2**2)})
theorem.mutant(
    "product of the edges of the factors",
    values=lambda c1, c2: {"right_edge": ((1 + float(c1) ** 0.5) * (1 + float(c2) ** 0.5)) ** 2},
)
