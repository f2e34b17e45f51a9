r"""Learning dynamics of least squares: gradient flow on a mixture of two Gaussians.

.. math::  \dot w=-\alpha\nabla\Big(\tfrac1{2n}\|X^\top w-y\|^2+\tfrac\gamma2\|w\|^2\Big),\qquad x_i=y_i\mu+z_i .

Everything is a function of one matrix, :math:`\hat\Sigma=XX^\top/n`, and of one vector, :math:`u=Xy/n`.  One
direction out gives their resolvent; a contour integral, or the law that it is the transform of, gives the functions.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import exp, sqrt

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Parameter, Quantity, Regime, Theorem

theorem = Theorem(
    id="gradient-flow-gmm",
    title="Learning dynamics of least squares",
    family="classification",
    references=(
        "Z. Liao, R. Couillet (2018), The dynamics of learning: a random matrix approach, ICML, arXiv:1805.11917",
    ),
    assumptions=(
        r"$x_i=y_i\mu+z_i$, $y_i=\pm1$, $i\le n$, the entries of $z_i$ standard normal; or independent, centred, of "
        r"unit variance and with bounded moments, if no coordinate of $\mu$ stays away from zero",
        r"$p/n\to c$, $\lVert\mu\rVert^2\to\rho$",
        r"$w(0)$ is independent of the data, with independent centred entries of variance $\sigma_0^2/p$",
    ),
    parameters=(
        Parameter("rho", "squared norm of the mean", POSITIVE, r"\rho"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("s02", "squared norm of the initial weights", NON_NEGATIVE, r"\sigma_0^2"),
        Parameter("alpha", "learning rate", POSITIVE, r"\alpha"),
        Parameter("gamma", "ridge", NON_NEGATIVE, r"\gamma"),
        Parameter("t", "time", POSITIVE, "t"),
    ),
    quantities=(
        Quantity("E", "mean margin of a new sample", "E"),
        Quantity("V", "variance of the margin of a new sample", "V"),
        Quantity("err", "test error", r"Q(E/\sqrt{V})"),
        Quantity("E_tr", "mean margin of a training sample", "E_*"),
        Quantity("M_tr", "mean squared margin of a training sample", "E_*^2+V_*"),
        Quantity("V_tr", "variance of the margin of a training sample", "V_*"),
        Quantity("err_tr", "training error", r"Q(E_*/\sqrt{V_*})"),
        Quantity("lam_s", "isolated eigenvalue, if rho^2 > c", r"\lambda_s", observable=False),
        Quantity("E_real", "E as a real integral", r"\int h\,d\omega"),
        Quantity("V_real", "V as a real integral", r"V_{\mathbb R}"),
        Quantity("M_real", "mean squared training margin as a real integral", r"M_{\mathbb R}"),
    ),
    points={
        "A": dict(rho="1", c="1/2", s02="1/10", alpha="1/100", gamma="0", t="200"),
        "A_early": dict(rho="1", c="1/2", s02="1/10", alpha="1/100", gamma="0", t="10"),
        "B": dict(rho="2", c="1", s02="1/10", alpha="1/10", gamma="1/10", t="5"),
        "C": dict(rho="1/2", c="2", s02="1/5", alpha="1", gamma="0", t="1"),
    },
    uses=("marchenko-pastur", "ridge-classifier-closed-form"),
)


rho, c, s02, alpha, gamma, t = sp.symbols("rho c s02 alpha gamma t", positive=True)
spike, null, lam_s = sp.symbols("spike null lam_s", positive=True)  # masses of the isolated eigenvalue and of zero
z, m, x, w = sp.symbols("z m x w")
E, V, err, E_tr, M_tr, V_tr, err_tr = sp.symbols("E V err E_tr M_tr V_tr err_tr")
E_real, V_real, M_real = sp.symbols("E_real V_real M_real")
loop, cut = SpectralMeasure("Gamma", z, m), SpectralMeasure("semicircle", x)


def f(at: Any) -> sp.Expr:
    """What is left of the initial weights in an eigendirection."""
    return exp(-alpha * t * (at + gamma))


def h(at: Any) -> sp.Expr:
    """Weights learned in an eigendirection, per unit of u."""
    return (1 - f(at)) / (at + gamma)


def normal_error(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """Q(mean/sqrt(variance))."""
    return sp.erfc(mean / sqrt(2 * variance)) / 2


def contour_form() -> FixedPointSystem:
    """Averages over Gamma are -1/(2 pi i) times contour integrals."""
    grow = -(h(z) ** 2) / ((rho + c) * m + 1) + s02 * f(z) ** 2 * m
    return FixedPointSystem(
        (),
        (),
        {
            "E": Average(rho * m * h(z) / ((rho + c) * m + 1), loop),
            "V": Average(grow, loop),
            "err": normal_error(E, V),
            "E_tr": (rho + c) / rho * E,
            "M_tr": Average(z * grow, loop),
            "V_tr": M_tr - E_tr**2,
            "err_tr": normal_error(E_tr, V_tr),
        },
    )


def signal(g: Any) -> sp.Expr:
    """Mean of g under the law that the mean of the classes sees; its mass is rho."""
    return c * Average(g(x) / (lam_s - x), cut) + spike * g(lam_s)


def real_form() -> FixedPointSystem:
    """x = 1 + c + sqrt(c) s with a semicircular s, and two atoms."""

    def square(at: Any) -> sp.Expr:
        return h(at) ** 2

    return FixedPointSystem(
        (),
        (),
        {
            "lam_s": 1 + c + rho + c / rho,
            "E_real": signal(h),
            "V_real": (rho + c) / rho * signal(square) + s02 * (Average(f(x) ** 2 / x, cut) + null * f(0) ** 2),
            "M_real": (rho + c) / rho * signal(lambda at: at * square(at)) + s02 * Average(f(x) ** 2, cut),
        },
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """The contour form holds everywhere; the density of the real form is singular at c = 1 and at rho^2 = c.

    Within one per cent of them it is not computed.
    """
    return (
        Regime((contour_form(), real_form()), "(c - 1)**2 > 1/10000 and (rho**2/c - 1)**2 > 1/10000", "regular"),
        Regime(contour_form(), sp.true, "critical"),
    )
