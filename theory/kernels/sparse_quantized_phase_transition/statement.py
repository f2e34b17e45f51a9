r"""Sparse and quantised kernels of two classes: phase transition of the largest eigenvalue and its vector.

.. math::  F(x)=x^4+2x^3+\Big(1-\frac{c\nu}{a_1^2}\Big)x^2-2cx-c,\qquad
           \frac{|\hat v^{\sf T}v|^2}n\to\alpha=\frac{F(\rho)}{\rho(1+\rho)^3}\quad(\rho>\gamma,\ F(\gamma)=0).

The statement is typed; the derivation adds the classes to the kernel of the noise as a matrix of rank two and follows
its pole.  Sources: Liao, Couillet and Mahoney (2021); Zarrouk, Couillet, Chatelain and Le Bihan (2020).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache
from typing import Any

import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.gaussian import Function, activation
from rmtsym.theorem import (
    POSITIVE,
    Choice,
    Count,
    Interval,
    Parameter,
    Quantity,
    Regime,
    Theorem,
)
from theory.kernels.inner_product_limiting_law.statement import DIGITS, a1, c, coefficients, nu

theorem = Theorem(
    id="sparse-quantized-phase-transition",
    title="Clustering with sparse and quantised kernels",
    family="kernels",
    references=(
        "Z. Liao, R. Couillet, M. W. Mahoney (2021), Sparse quantized spectral clustering, ICLR, arXiv:2010.01376",
        "T. Zarrouk, R. Couillet, F. Chatelain, N. Le Bihan (2020), Performance-complexity trade-off in large "
        "dimensional statistics, MLSP",
    ),
    assumptions=(
        r"$X=Z+\mu v^{\sf T}$: two classes $v_i=\pm1$ with means $\pm\mu$, $|\mu|^2\to\rho$; the entries of "
        r"the $p\times n$ matrix $Z$ are independent, centred, of unit variance; $p/n\to c$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/\sqrt p)/\sqrt p$ for $i\ne j$, $K_{ii}=0$, $f$ odd with $a_1=E\,\xi f(\xi)>0$; or "
        r"$K_{ij}=B_{ij}x_i^{\sf T}x_j/p$ with a symmetric random mask $B$",
    ),
    parameters=(
        Parameter("f", "what is kept of an inner product",
                  Choice("function", "sparse", "quantized", "binary", "sign", "linear", "mask"), "f"),
        Parameter("s", "threshold over root two, of sparse, quantized and binary", POSITIVE, "s", default="1"),
        Parameter("bits", "bits of the quantised function", Count(2, 8), "M", default="2"),
        Parameter("eps", "share of the entries that the mask keeps", Interval(0, 1, closed="right"), r"\varepsilon",
                  default="1"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("rho", "squared norm of the class mean", POSITIVE, r"\rho"),
    ),
    quantities=(
        Quantity("gamma", "least signal that is seen", r"\gamma", observable=False),
        Quantity("eig", "largest eigenvalue", r"\hat\lambda"),
        Quantity("alignment", "squared cosine of its vector and the classes", r"\alpha"),
        Quantity("error", "share of samples that the signs of the vector misclassify", r"P_{\mathrm{err}}"),
    ),
    points={
        "A": {"f": "sparse", "s": "0.8", "c": "0.5", "rho": "2.5"},
        "B": {"f": "binary", "s": "0.43", "c": "0.25", "rho": "1.2"},
        "C": {"f": "mask", "eps": "0.3", "c": "0.25", "rho": "2"},
        "D": {"f": "quantized", "s": "0.7", "bits": "2", "c": "0.5", "rho": "3"},
        "H": {"f": "sign", "c": "0.5", "rho": "0.25"},
    },
    uses=("inner-product-limiting-law", "marchenko-pastur"),
)  # fmt: skip


gamma, rho = sp.symbols("gamma rho", positive=True)
eig, alignment, error = sp.symbols("eig alignment error")


def F(x: Any) -> Any:
    """The quartic, which has one positive root."""
    return x**4 + 2 * x**3 + (1 - c * nu / a1**2) * x**2 - 2 * c * x - c


def G(x: Any) -> Any:
    """The point at which the transform of the noise is -c/(a1 (1 + x))."""
    return a1 / c * (1 + x) + a1 / x + (nu - a1**2) / a1 / (1 + x)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """A signal that is seen, and one that is not."""
    excess = nu / a1**2 - 1
    threshold = FixedPointSystem(
        (Unknown(gamma, meaning="positive root of F"),),
        (Eq(gamma, c / gamma + c * excess * gamma / (1 + gamma) ** 2),),
        {"gamma": gamma},
        continuation=Continuation.homotopy({gamma: sp.sqrt(c * nu) / a1}),
    )
    seen = {
        "eig": G(rho),
        "alignment": F(rho) / (rho * (1 + rho) ** 3),
        "error": sp.erfc(sp.sqrt(alignment / (2 - 2 * alignment))) / 2,
    }
    hidden = FixedPointSystem(
        threshold.unknowns,
        threshold.equations,
        {"gamma": gamma, "eig": G(gamma), "alignment": sp.Integer(0), "error": sp.Rational(1, 2)},
        continuation=threshold.continuation,
    )
    return (
        Regime((threshold, FixedPointSystem((), (), seen)), "visible == 1", "seen"),
        Regime(hidden, "visible == 0", "not seen"),
    )


@lru_cache(maxsize=64)
def function(f: str, s: Fraction, bits: int) -> Function:
    """The function of the inner products; a mask keeps them as they are."""
    cut = sp.sqrt(2) * sp.Rational(s)
    if f == "quantized":
        return activation("quantizer", bits, cut)
    if f in ("sparse", "binary"):
        return activation("threshold_linear" if f == "sparse" else "threshold_sign", cut)
    return activation("sign" if f == "sign" else "linear")


@cache
def slope_and_variance(f: str, s: Fraction, bits: int, eps: Fraction) -> tuple[Any, Any]:
    """First Hermite coefficient and variance, as balls; the share of a mask is both."""
    with precision(4 * DIGITS):
        if f in ("mask", "linear"):
            share = eps if f == "mask" else Fraction(1)
            return (arb(share.numerator) / share.denominator,) * 2
    _, slope, _, variance = coefficients(function(f, s, bits))
    return slope, variance


@theorem.binding
def binding(f: str, s: Fraction, bits: int, eps: Fraction, c: Fraction, rho: Fraction) -> dict[str, Any]:
    """Coefficients of the function, and whether the signal is above the threshold: the sign of F there."""
    slope, variance = slope_and_variance(f, s, bits, eps)
    with precision(4 * DIGITS):
        ratio, x = (arb(value.numerator) / value.denominator for value in (c, rho))
        at = (x**2 - ratio) * (1 + x) ** 2 - ratio * (variance / slope**2 - 1) * x**2
        return {"a1": slope, "nu": variance, "visible": int(at > 0)}
