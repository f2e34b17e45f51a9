r"""Inner-product kernels without structure in the data: the law of :math:`f(x_i^\top x_j/\sqrt p)/\sqrt p`.

.. math::  -\frac1m=z+\frac{a_1^2m}{c+a_1m}+\frac{\nu-a_1^2}cm .

Two Hermite coefficients of f decide: the linear part gives a Marchenko-Pastur law, the rest a semicircle.  The engine
returns the curve of their sum; the derivation leaves one sample out.
Sources: Cheng and Singer (2013); Do and Vu (2013); Liao, Couillet and Mahoney (2021).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.matrix import Expression, Gaussian, Identity, Space, Wigner, inverse
from rmtsym.spectrum import SpectralCurve
from rmtsym.theorem import POSITIVE, REAL, Choice, Numbers, Parameter, Quantity, Regime, Theorem

#: Functions that are not linear, each with a slope a1 >= 0 (the kernel of -f is minus that of f).
FUNCTIONS = ("relu", "abs", "sign", "step", "erf", "tanh", "sigmoid", "softplus", "gelu", "cos", "sin", "gauss")

theorem = Theorem(
    id="inner-product-limiting-law",
    title="Spectrum of an inner-product kernel of white data",
    family="kernels",
    references=(
        "X. Cheng, A. Singer (2013), The spectrum of random inner-product kernel matrices, arXiv:1202.3155",
        "Y. Do, V. Vu (2013), The spectrum of random kernel matrices: universality results for rough and varying "
        "kernels, arXiv:1206.3763",
        "Z. Liao, R. Couillet, M. W. Mahoney (2021), Sparse quantized spectral clustering, ICLR, arXiv:2010.01376",
    ),
    assumptions=(
        r"$x_1,\dots,x_n\in\mathbb R^p$ with independent centred entries of unit variance and enough moments; "
        r"$p/n\to c$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/\sqrt p)/\sqrt p$ for $i\ne j$, $K_{ii}=0$; $f$ is centred: $E f(\xi)=0$ for "
        r"$\xi\sim N(0,1)$ (a mean $a_0$ only adds an eigenvalue of order $\sqrt p$)",
        r"$a_1=E\,\xi f(\xi)\ge0$ and $\nu=E f(\xi)^2>a_1^2$",
    ),
    parameters=(
        Parameter("f", "function, before it is centred", Choice("function", *FUNCTIONS), "f", default="relu"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("z", "point of the upper half plane, real and imaginary part", Numbers(REAL, length=2), "z"),
    ),
    quantities=(
        Quantity("re_m", "real part of the normalised trace of (K - z)^{-1}", r"\Re m(z)"),
        Quantity("im_m", "its imaginary part", r"\Im m(z)"),
        Quantity("edge_lower", "lower end of the spectrum", r"\lambda_-"),
        Quantity("edge_upper", "upper end of the spectrum", r"\lambda_+"),
        Quantity("gap_lower", "lower end of the gap, where there is one", r"\gamma_-"),
        Quantity("gap_upper", "upper end of the gap", r"\gamma_+"),
        Quantity("mom2", "second moment", "m_2"),
        Quantity("mom3", "third moment", "m_3"),
        Quantity("mom4", "fourth moment", "m_4"),
    ),
    points={
        "A": {"f": "tanh", "c": "0.5", "z": "0.4,0.5"},
        "B": {"f": "relu", "c": "0.5", "z": "0.4,0.5"},
        "C": {"f": "relu", "c": "2", "z": "0.2,0.3"},
        "D": {"f": "abs", "c": "0.5", "z": "0.4,0.5"},
        "E": {"f": "sigmoid", "c": "0.25", "z": "0,0.2"},
    },
    uses=("hermite-facts", "marchenko-pastur", "semicircle"),
)


c, nu = sp.symbols("c nu", positive=True)
a1 = sp.Symbol("a1", nonnegative=True)
z, m, m_z, h = sp.symbols("z m m_z h")
h_lower, h_upper, h_1, h_2 = sp.symbols("h_lower h_upper h_1 h_2", positive=True)
rest = nu - a1**2  # variance of f beyond its linear part


def model() -> Expression:
    """Linear part of the kernel, without its diagonal, and a symmetric matrix of independent entries for the rest."""
    n, p = Space("n"), Space("p", c)
    X = Gaussian("X", p, n, 1 / c)
    return a1 * (X.T @ X) - a1 * Identity(n) + Wigner("W", n, rest / c)


@cache
def transform() -> Equivalent:
    """The engine's equation of the transform."""
    return deterministic_equivalent(inverse(model() - z * Identity(model().rows)), spectral=z)


@cache
def curve() -> sp.Expr:
    """Polynomial relation of m and z."""
    return transform().curve(variable=m).as_expr()


@cache
def place(at: sp.Symbol = m) -> sp.Expr:
    """The point z at which the transform is m, or -1/h; the curve is linear in z."""
    full = sp.apart(sp.solve(curve(), z)[0].subs(m, at if at == m else -1 / at), at)
    plain = sum(full.coeff(at, k) * at**k for k in (-1, 1))
    return plain + sp.factor(full - plain)


def turning(at: sp.Symbol, sign: int) -> tuple[Eq, sp.Expr]:
    """Where z has no slope as a function of h = -1/m, and z there; h is ``sign`` times a positive number."""
    steady = sp.Add(*(at * term.subs(h, sign * at) for term in sp.Add.make_args(1 - place(h).diff(h))))
    return Eq(at, steady, evaluate=False), place(h).subs(h, sign * at)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Value of the transform, moments, and turning points of z(m), all of the engine's curve."""
    inner = z - (place() + 1 / m)
    complex_root = FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at z"),),
        (Eq(m_z, -1 / inner.subs(m, m_z), evaluate=False),),
        {"re_m": sp.re(m_z), "im_m": sp.im(m_z)},
        continuation=Continuation(z, 1000 * sp.I, {m_z: -1 / z}),
    )
    moments = dict(zip(("mom2", "mom3", "mom4"), SpectralCurve(sp.Poly(curve(), m, z)).moments(4)[1:], strict=True))
    (low, at_low), (high, at_high) = turning(h_lower, -1), turning(h_upper, 1)
    edges = FixedPointSystem(
        (
            Unknown(h_lower, "positive", meaning="1/m at the lower edge"),
            Unknown(h_upper, "interval", lower=a1 / c, meaning="-1/m at the upper edge"),
        ),
        (low, high),
        {"edge_lower": at_low, "edge_upper": at_high, **{k: sp.sympify(v) for k, v in moments.items()}},
        continuation=Continuation.homotopy({h_lower: sp.sqrt(nu / c), h_upper: a1 / c + sp.sqrt(nu / c)}),
    )
    split = a1 / (c * (1 + (a1**2 / rest) ** sp.Rational(1, 3)))
    (below, at_below), (above, at_above) = turning(h_1, 1), turning(h_2, 1)
    gap = FixedPointSystem(
        (
            Unknown(h_1, "interval", lower=sp.S.Zero, upper=split, meaning="-1/m at the lower end of the gap"),
            Unknown(h_2, "interval", lower=split, upper=a1 / c, meaning="-1/m at the upper end of the gap"),
        ),
        (below, above),
        {"gap_lower": at_below, "gap_upper": at_above},
        continuation=Continuation.homotopy({h_1: sp.sqrt(rest / c), h_2: a1 / c - a1 / sp.sqrt(c)}),
    )
    return (
        Regime((complex_root, edges, gap), "bulks == 2", "two bulks"),
        Regime((complex_root, edges), "bulks == 1", "one bulk"),
    )


DIGITS = 60  # of the coefficients of the function


@cache
def coefficients(f: str) -> tuple[Any, Any, Any, Any]:
    """Balls of a0, a1, a2 and of the variance nu."""
    function = activation(f)
    a = [hermite_coefficient(function, k).value(digits=DIGITS).ball for k in range(3)]
    square = expectation(function * function, 1).value(digits=DIGITS).ball
    with precision(4 * DIGITS):
        return (*a, square - a[0] * a[0])


@theorem.binding
def binding(f: str, c: Fraction, z: tuple[Fraction, Fraction]) -> dict[str, Any]:
    """Coefficients of the function, the complex point, and whether the linear part stands apart."""
    x, y = z
    if y <= 0:
        raise DomainError("z", f"{x},{y}", "a point of the upper half plane", "the second number is the imaginary part")
    mean, slope, _, variance = coefficients(f)
    with precision(4 * DIGITS):
        share = arb(c.numerator) / c.denominator
        apart = slope > 0 and share.root(3) * (1 + (variance / slope**2 - 1).root(3)) < 1
    return {
        "a0": mean,
        "a1": slope,
        "nu": variance,
        "z": sp.Rational(x) + sp.I * sp.Rational(y),
        "bulks": 1 + int(apart),
    }
