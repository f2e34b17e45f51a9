r"""Distances between two covariances from samples: Fisher, Kullback-Leibler, Bhattacharyya, Wasserstein.

.. math::  \frac1p\sum_if(\lambda_i(C_1^{-1}C_2))\ \text{from the eigenvalues of}\ \hat C_1^{-1}\hat C_2,\qquad
           \omega\,m_\nu(\omega)=z\,m(z),\quad \omega=\frac{z+c_1z^2m}{1-c_2-c_2zm}.

The plug-in value f(sample eigenvalues) is wrong however large p is.  The map from z to omega, two steps of the
sample-covariance kind, takes the transform of the sample to that of the population; on the negative axis it gives
every distance without a contour.
Sources: Couillet, Tiomoko, Zozor and Moisan (2019); Tiomoko and Couillet (2019); Couillet and Liao (2022).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.pencil import Pencil, PencilLaw
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.theorem import POSITIVE, Count, Interval, Numbers, Parameter, Quantity, Theorem, Weights

theorem = Theorem(
    id="covariance-distances",
    title="Distances between two covariances",
    family="spectra",
    references=(
        "R. Couillet, M. Tiomoko, S. Zozor, E. Moisan (2019), Random matrix-improved estimation of covariance matrix "
        "distances, arXiv:1810.04534",
        "M. Tiomoko, R. Couillet (2019), Random matrix-improved estimation of the Wasserstein distance between two "
        "centered Gaussian distributions, arXiv:1903.03447",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, "
        "sec. 3.2 and 3.5",
    ),
    assumptions=(
        r"$X_a=C_a^{1/2}Z_a$, $a=1,2$, the entries of the $p\times n_a$ matrices $Z_a$ independent, centred, of unit "
        r"variance and finite fourth moment; $\hat C_a=X_aX_a^\top/n_a$",
        r"$c_a=p/n_a<1$ fixed; the spectra of $C_1^{-1}C_2$ and $C_1C_2$ stay away from zero and bounded",
        r"here: $C_a$ has a block $s_{a,k}T_k(r_a)$ for each $k$, of $w_kp$ dimensions, "
        r"$T(r)_{ij}=r^{|i-j|}$",
    ),
    parameters=(
        Parameter("s1", "scales of the blocks of the first covariance", Numbers(POSITIVE, like="w"), "s_1"),
        Parameter("s2", "scales of the blocks of the second covariance", Numbers(POSITIVE, like="w"), "s_2"),
        Parameter("w", "shares of the dimensions", Weights(), "w"),
        Parameter("r1", "correlation of neighbours in the first covariance", Interval(-1, 1), "r_1"),
        Parameter("r2", "correlation of neighbours in the second covariance", Interval(-1, 1), "r_2"),
        Parameter("p", "dimension", Count(1), "p"),
        Parameter("n1", "samples of the first population, more than p", Count(2), "n_1"),
        Parameter("n2", "samples of the second population, more than p", Count(2), "n_2"),
    ),
    quantities=(
        Quantity("t", "mean eigenvalue of the quotient of the covariances", "D_t"),
        Quantity("log", "mean logarithm", r"D_{\log t}"),
        Quantity("log1p", "mean logarithm of one more", r"D_{\log(1+t)}"),
        Quantity("fisher", "squared Fisher distance", "D_F"),
        Quantity("kl", "Kullback-Leibler divergence", r"D_{\mathrm{KL}}"),
        Quantity("bhatt", "Bhattacharyya distance", "D_B"),
        Quantity("wass", "squared Wasserstein distance", "D_W"),
        Quantity("naive_t", "plug-in value of t", r"\hat\lambda"),
        Quantity("naive_log", "plug-in value of log", r"\overline{\log\hat\lambda}"),
    ),
    points={
        "A": dict(s1="1", s2="1", w="1", r1="1/5", r2="2/5", p=128, n1=512, n2=1024),
        "B": dict(s1="1,2,4", s2="1,3,5", w="1/3,1/3,1/3", r1="0", r2="0", p=150, n1=450, n2=450),
        "C": dict(s1="1", s2="1", w="1", r1="-2/5", r2="3/5", p=64, n1=256, n2=512),
        "D": dict(s1="4,1", s2="1,4", w="1/2,1/2", r1="0", r2="3/5", p=64, n1=128, n2=128),
        "E": dict(s1="1", s2="1", w="1", r1="1/5", r2="2/5", p=8, n1=1024, n2=2048),
    },
    uses=("sample-covariance",),
)

# -- the statement ----------------------------------------------------------------------------------------------------

c1, c2, e1, e2 = sp.symbols("c1 c2 e1 e2", positive=True)
r, u = sp.symbols("r u", positive=True)
nu, pi = SpectralMeasure("nu", r), SpectralMeasure("pi", u)
TRIANGLE = SpectralMeasure("triangle", r)  # what a routine for symmetric matrices makes of the product


def mean(f: sp.Expr) -> sp.Expr:
    """Average over the eigenvalues of C1^{-1} C2."""
    return Average(f, nu)


def excess(c: sp.Expr) -> sp.Expr:
    """Twice what a sample of ratio c takes from the mean logarithm, and one more."""
    return (1 - c) / c * sp.log(1 - c)


@theorem.statement
def statement() -> FixedPointSystem:
    """What the estimators tend to: the population's own values; and what the plug-in values tend to."""
    t, log, log1p = sp.symbols("t log log1p")
    return FixedPointSystem(
        (),
        (),
        {
            "t": mean(r),
            "log": mean(sp.log(r)),
            "log1p": mean(sp.log(1 + r)),
            "fisher": mean(sp.log(r) ** 2),
            "kl": t / 2 - log / 2 - sp.Rational(1, 2),
            "bhatt": -log / 4 + log1p / 2 - sp.log(2) / 2,
            "wass": e1 + e2 - 2 * Average(sp.sqrt(u), pi),
            "naive_t": t / (1 - c1),
            "naive_log": log + excess(c1) - excess(c2),
        },
    )


# -- populations ------------------------------------------------------------------------------------------------------


def toeplitz(ratio: Fraction, size: int) -> list[list[Fraction]]:
    """The matrix of entries r^|i-j|."""
    powers = [ratio**k for k in range(size)]
    return [[powers[abs(i - j)] for j in range(size)] for i in range(size)]


def precision(ratio: Fraction, size: int) -> list[list[Fraction]]:
    """Its inverse, tridiagonal."""
    zero, scale = Fraction(0), 1 - ratio**2 if size > 1 else Fraction(1)
    rows = [[zero] * size for _ in range(size)]
    for i in range(size):
        rows[i][i] = (1 + ratio**2 * (0 < i < size - 1)) / scale
        for j in {i - 1, i + 1} & set(range(size)):
            rows[i][j] = -ratio / scale
    return rows


@cache
def _pencils(r1: Fraction, r2: Fraction, size: int) -> tuple[Pencil, Pencil, Pencil]:
    """Quotient and product of two Toeplitz matrices, and the lower triangle of the quotient read as symmetric."""
    first, second, inverse = toeplitz(r1, size), toeplitz(r2, size), precision(r1, size)
    near = [[k for k in (i - 1, i, i + 1) if 0 <= k < size] for i in range(size)]
    lower = [[sum(inverse[i][k] * second[k][j] for k in near[i]) for j in range(i + 1)] for i in range(size)]
    table = [[lower[max(i, j)][min(i, j)] for j in range(size)] for i in range(size)]
    return Pencil(second, first), Pencil(second, inverse), Pencil(table, toeplitz(Fraction(0), size))


def sizes_of(w: Any, p: int) -> tuple[int, ...]:
    """Dimensions of the blocks."""
    if any((share * p).denominator != 1 or share == 0 for share in w):
        raise DomainError("p", p, "dimensions that the weights share out", "take a multiple of their denominators")
    return tuple(int(share * p) for share in w)


@theorem.binding
def binding(s1, s2, w, r1, r2, p, n1, n2):
    """Ratios, mean eigenvalues, and the laws of the quotient and the product of the covariances."""
    for name, n in (("n1", n1), ("n2", n2)):
        if n <= p:
            raise DomainError(name, n, f"more samples than the {p} dimensions", "the sample covariance must be regular")
    laws: dict[str, list[tuple[Fraction, Fraction, Pencil]]] = {"nu": [], "pi": [], "triangle": []}
    for a, b, share, size in zip(s1, s2, w, sizes_of(w, p), strict=True):
        for name, factor, pencil in zip(laws, (b / a, a * b, b / a), _pencils(r1, r2, size), strict=True):
            laws[name].append((share, factor, pencil))
    return {
        "c1": Fraction(p, n1),
        "c2": Fraction(p, n2),
        "e1": sum(share * a for share, a in zip(w, s1, strict=True)),
        "e2": sum(share * b for share, b in zip(w, s2, strict=True)),
        **{name: PencilLaw(parts) for name, parts in laws.items()},
    }
