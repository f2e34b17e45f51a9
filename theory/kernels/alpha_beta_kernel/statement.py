r"""The alpha-beta kernel: a linear part of order one, and a curvature that sees covariances.

.. math::  \frac1m=-z+\frac\alpha p\operatorname{tr}C\Big(I+\frac{\alpha m}cC\Big)^{-1}-\frac{\beta^2\omega^2}cm,\qquad
           \omega=\sqrt2\,\frac{\operatorname{tr}C^2}p .

With :math:`f'(0)=\alpha/\sqrt p` and :math:`f''(0)=2\beta` the inner products and their squares weigh the same: the
spectrum is the free sum of a Marchenko-Pastur law with population C and a semicircle.
Sources: Kammoun and Couillet (2017); Couillet and Liao (2022), sec. 4.2.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field import Atoms, Average, CircleLaw, Image, SpectralMeasure
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Expression, Gaussian, Identity, Space, Wigner, inverse
from rmtsym.theorem import POSITIVE, REAL, Choice, Interval, Numbers, Parameter, Quantity, Theorem, Weights

theorem = Theorem(
    id="alpha-beta-kernel",
    title="Spectrum of the alpha-beta kernel",
    family="kernels",
    references=(
        "A. Kammoun, R. Couillet (2017), Covariance discriminative power of kernel clustering methods, EUSIPCO",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 4.2",
    ),
    assumptions=(
        r"$x_i=C^{1/2}\zeta_i\in\mathbb R^p$, $i=1,\dots,n$, with independent centred entries of unit variance in "
        r"$\zeta_i$ and enough moments; $C$ of bounded norm, its spectrum converges; $p/n\to c$",
        r"$C$ is given by its eigenvalues $s$ with weights $w$, or as the mean $\sum_aw_aC_a$ over classes with "
        r"$(C_a)_{ij}=\rho_a^{|i-j|}$; every sample has the covariance $C$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/p)$ for $i\ne j$, $K_{ii}=0$, $f$ three times differentiable at 0 with "
        r"$f'(0)=\alpha/\sqrt p$, $f''(0)=2\beta$; $P=I-\frac1n11^{\sf T}$, $\tau=\operatorname{tr}C/p$; "
        r"the matrix is $\check K=\sqrt p\,(PKP+(f(0)+\tau f'(0))P)$",
    ),
    parameters=(
        Parameter("alpha", "slope, times root p", REAL, r"\alpha"),
        Parameter("beta", "half the second derivative", REAL, r"\beta"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("z", "point of the upper half plane, real and imaginary part", Numbers(REAL, length=2), "z"),
        Parameter("population", "how C is given", Choice("population", "atoms", "classes"), default="atoms"),
        Parameter("w", "weights of the eigenvalues, or of the classes", Weights(), "w", default="1"),
        Parameter("s", "eigenvalues of C", Numbers(POSITIVE), "s", default="1"),
        Parameter("rho", "correlations of neighbours, one for each class", Numbers(Interval(-1, 1)), r"\rho",
                  default="0"),
    ),
    quantities=(
        Quantity("re_m", "real part of the normalised trace of the resolvent", r"\Re m(z)"),
        Quantity("im_m", "its imaginary part", r"\Im m(z)"),
        Quantity("mom1", "mean of the eigenvalues", "m_1"),
        Quantity("mom2", "second moment", "m_2"),
        Quantity("omega", "root of the variance of the squared inner products", r"\omega", observable=False),
    ),
    points={
        "A": {"alpha": "8", "beta": "1", "c": "1/2", "z": "1,1", "w": "1/3,2/3", "s": "2,1/2"},
        "B": {"alpha": "2", "beta": "1", "c": "1/2", "z": "0,1", "population": "classes", "w": "1/2,1/4,1/4",
              "rho": "0,2/5,4/5"},
        "C": {"alpha": "0", "beta": "1/2", "c": "1", "z": "1/2,1/2"},
    },
    uses=("inner-product-limiting-law", "marchenko-pastur", "semicircle"),
)  # fmt: skip

s = sp.Symbol("s", positive=True)
c = sp.Symbol("c", positive=True)
alpha, beta = sp.symbols("alpha beta", real=True)
z, m, m_z, omega = sp.symbols("z m m_z omega")
NU = SpectralMeasure("nu", s)
mean, square = Average(s, NU), Average(s**2, NU)


def inverse_transform(at: sp.Symbol) -> sp.Expr:
    """One over m(z), as a function of m(z)."""
    return -z + alpha * Average(s / (1 + alpha * at * s / c), NU) - beta**2 * omega**2 / c * at


@theorem.statement
def statement() -> FixedPointSystem:
    """The transform, typed, and two moments."""
    ours = {"omega": sp.sqrt(2) * square}
    return FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at z"),),
        (Eq(m_z, 1 / inverse_transform(m_z).subs(omega, ours["omega"]), evaluate=False),),
        {
            "re_m": sp.re(m_z),
            "im_m": sp.im(m_z),
            **ours,
            "mom1": alpha * mean,
            "mom2": alpha**2 * (mean**2 + square / c) + beta**2 * omega**2 / c,
        },
        continuation=Continuation(z, 1000 * sp.I, {m_z: -1 / z}),
    )


@theorem.binding
def binding(population: str, w: Any, s: Any, rho: Any, z: Any) -> dict[str, Any]:
    """The spectrum of C, and the complex point."""
    x, y = z
    if y <= 0:
        raise DomainError("z", f"{x},{y}", "a point of the upper half plane", "the second number is the imaginary part")
    name, given = ("s", s) if population == "atoms" else ("rho", rho)
    if len(given) != len(w):
        raise DomainError(name, ",".join(map(str, given)), f"{len(w)} numbers, as many as w", "give one for each")
    point = sp.Rational(x) + sp.I * sp.Rational(y)
    if population == "atoms":
        return {"z": point, "nu": Atoms(w, s=s)}
    return {"z": point, "nu": Image([(1, (symbol(w, rho),))], CircleLaw(even=True))}


def symbol(w: tuple[Fraction, ...], rho: tuple[Fraction, ...]) -> sp.Expr:
    """Eigenvalue of the mean covariance at the angle z: sum of w rho^|k| cos(k z) over all k and classes."""
    angle = sp.cos(sp.Symbol("z"))
    parts = [sp.Rational(a) * (1 - sp.Rational(r) ** 2) / (1 - 2 * sp.Rational(r) * angle + sp.Rational(r) ** 2)
             for a, r in zip(w, rho, strict=True)]  # fmt: skip
    return sp.Add(*parts)


def model() -> Expression:
    """The linear part with its diagonal, and a symmetric matrix of independent entries for the squares."""
    n, p = Space("n"), Space("p", c, letters=(s,), law="nu")
    X = Deterministic(sp.sqrt(s), p) @ Gaussian("Z", p, n, 1 / c)
    return alpha * (X.T @ X) + Wigner("W", n, beta**2 * omega**2 / c)


@cache
def transform() -> Equivalent:
    """The engine's equations of the transform."""
    return deterministic_equivalent(inverse(model() - z * Identity(model().rows)), spectral=z)
