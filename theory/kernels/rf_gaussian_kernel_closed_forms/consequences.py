"""Kernels of Gaussian random features: consequences."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq

from rmtsym.gaussian import AA, AB, BB, activation, expectation, hermite_coefficient, polynomial_kernel
from theory.kernels.rf_gaussian_kernel_closed_forms.statement import (
    ACTIVATIONS,
    Q0,
    Q1,
    Q2,
    TABLE,
    N,
    P,
    R,
    feature,
    theorem,
)

_SAME = {"norm_x": "1.2", "norm_y": "1.2", "cos_angle": 1}


def _at(sigma: str, x: Any, y: Any, cosine: Any) -> dict[str, Any]:
    return {"sigma": sigma, "norm_x": x, "norm_y": y, "cos_angle": cosine}


@theorem.consequence("$y=x$ gives the second moment of the feature")
def diagonal(claim: Any) -> None:
    points = [theorem.point(**{**_SAME, "sigma": name}) for name in ACTIVATIONS]
    claim.equal(
        lambda point: claim.value("kernel", point),
        lambda point: expectation(feature(point) * feature(point), Fraction(36, 25)).value(digits=25),
        points,
        "at |x| = 1.2, all eleven rows",
    )


@theorem.consequence("the rows agree with each other: $|t|=\\max(t,0)+\\max(-t,0)$, $t$ and $|t|$ are leaky ReLUs")
def relations_between_rows(claim: Any) -> None:
    relu = TABLE["relu"]
    claim.identity(Eq(TABLE["abs"], 2 * relu + 2 * relu.subs(R, -R), evaluate=False), regime="abs")
    claim.identity(Eq(TABLE["abs"], TABLE["lrelu"].subs({P: 1, N: 1}), evaluate=False), regime="abs")
    claim.identity(Eq(TABLE["linear"], TABLE["lrelu"].subs({P: 1, N: -1}), evaluate=False), regime="linear")
    claim.identity(Eq(TABLE["sign"], 4 * TABLE["step"] - 1, evaluate=False), regime="sign")


@theorem.consequence("an error function of long vectors is a sign")
def erf_is_a_sign(claim: Any) -> None:
    value = 2 / np.pi * np.arcsin(0.3)
    claim.limit("kernel", lambda eps: _at("erf", 1 / eps, 2 / eps, "0.3"), value)


@theorem.consequence("opposite vectors: the ReLU kernel vanishes like $(1+\\rho)^{3/2}$, and keeps its digits")
def opposite_vectors(claim: Any) -> None:
    steps = tuple(Fraction(1, 10**k) for k in (4, 6, 8, 10))
    claim.exponent("kernel", lambda eps: _at("relu", 1, 1, -1 + eps), Fraction(3, 2), steps=steps)

    def digits(at_least: int) -> bool:
        return claim.value("kernel", _at("relu", 1, 1, -1 + Fraction(1, 10**12)), digits=20).digits >= at_least

    claim.holds("20 certified digits at 1 + cos = 1e-12", lambda: digits(20), wrong={"1000": lambda: digits(1000)})


@theorem.consequence("Mehler: on unit vectors $\\Phi=\\sum_k\\hat\\sigma_k^2\\rho^k$")
def mehler(claim: Any) -> None:
    from flint import arb, ctx, fmpq

    def inside(power: int) -> bool:
        """The kernel lies within the tail of the sum: the tail is at most |cos|^9 times the missing variance."""
        with ctx.workprec(128):
            for name, cosine in (("relu", "0.3"), ("sign", "-0.5"), ("erf", "0.8"), ("gauss", "-0.7"), ("cos", "0.6")):
                c = arb(fmpq(*Fraction(cosine).as_integer_ratio()))
                weights = [hermite_coefficient(name, k).value(digits=25).ball ** power for k in range(9)]
                missing = expectation(activation(name) ** 2, 1).value(digits=25).ball - sum(weights)
                partial = sum((w * c**k for k, w in enumerate(weights)), arb(0))
                gap = claim.value("kernel", _at(name, 1, 1, cosine)).ball - partial
                if not bool(abs(gap) <= abs(c) ** 9 * missing):
                    return False
        return True

    claim.holds(
        "nine terms and a bound of the rest, five activations",
        lambda: inside(2),
        wrong={"coefficients not squared": lambda: inside(1), "cubed": lambda: inside(3)},
    )


@theorem.consequence("quadratic features see the third and fourth moments of weights that are not Gaussian")
def other_weights(claim: Any) -> None:
    quad = activation("quad", "-0.5", "0.7", "1.1")
    # weights 2, -1/2 with probabilities 1/5, 4/5: mean 0, variance 1, third moment 3/2, fourth 13/4
    law = {Fraction(2): Fraction(1, 5), Fraction(-1, 2): Fraction(4, 5)}
    x, y = [Fraction(k, 7) for k in (3, -5, 2)], [Fraction(k, 5) for k in (4, 1, -3)]

    def feature_at(t: Fraction) -> Fraction:
        return -t * t / 2 + t * 7 / 10 + Fraction(11, 10)

    def enumerated() -> Fraction:
        total = Fraction(0)
        for w in itertools.product(law, repeat=3):
            u, v = (sum((a * b for a, b in zip(w, z, strict=True)), Fraction(0)) for z in (x, y))
            total += law[w[0]] * law[w[1]] * law[w[2]] * feature_at(u) * feature_at(v)
        return total

    def formula(third: sp.Rational, fourth: sp.Rational) -> Fraction:
        sums = {name: sum(a**i * b**j for a, b in zip(x, y, strict=True)) for name, i, j in _POWERS}
        expression = polynomial_kernel(quad, moments={3: third, 4: fourth})
        value = expression.subs({s: sp.Rational(*sums[s.name].as_integer_ratio()) for s in expression.free_symbols})
        return Fraction(int(value.p), int(value.q))

    claim.holds(
        "exact enumeration of all weights in three dimensions",
        lambda: formula(sp.Rational(3, 2), sp.Rational(13, 4)) == enumerated(),
        wrong={
            "Gaussian moments": lambda: formula(sp.S.Zero, sp.Integer(3)) == enumerated(),
            "third moment forgotten": lambda: formula(sp.S.Zero, sp.Rational(13, 4)) == enumerated(),
        },
    )
    m3, m4, a2b2, a2b, ab2 = sp.symbols("m3 m4 a2b2 a2b ab2", real=True)
    printed = Q2**2 * (2 * AB**2 + AA * BB + (m4 - 3) * a2b2) + Q1**2 * AB + Q2 * Q1 * m3 * (a2b + ab2)
    printed += Q2 * Q0 * (AA + BB) + Q0**2
    found = polynomial_kernel(activation("quad", Q2, Q1, Q0), moments={3: m3, 4: m4})
    claim.identity(Eq(found, printed, evaluate=False), regime="quad")


_POWERS = (("aa", 2, 0), ("ab", 1, 1), ("bb", 0, 2), ("a2b2", 2, 2), ("a2b", 2, 1), ("ab2", 1, 2))


@theorem.consequence("signs for weights change the kernel by $O(1/p)$ if the data are spread out, and by $O(1)$ if not")
def universality(claim: Any) -> None:
    def deviation(p: int, spread: int) -> float:
        """Exact mean of cos(w'x) cos(w'y) over signs, less the Gaussian one; x, y on ``spread`` of p coordinates."""
        angles = 2 * np.pi * np.arange(spread) / spread
        x, y = (np.sqrt(2 / spread) * f(angles) for f in (np.cos, lambda t: np.cos(t - 1.0)))
        signs = (np.prod(np.cos(x + y)) + np.prod(np.cos(x - y))) / 2
        return float(signs - np.exp(-1) * np.cosh(np.cos(1.0)))

    def exponent(spread: Any) -> float:
        low, high = deviation(200, spread(200)), deviation(1600, spread(1600))
        return float(np.log(abs(high / low)) / np.log(8))

    claim.holds(
        "cosine features, exact average over signs at p = 200 and 1600: exponent -1 within 0.02",
        lambda: abs(exponent(lambda p: p) + 1) < 0.02,
        wrong={"data on ten coordinates": lambda: abs(exponent(lambda p: 10) + 1) < 0.02},
    )
