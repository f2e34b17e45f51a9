r"""Kernels of one layer of Gaussian random features: :math:`\Phi(x,y)=E_w[\sigma(w^\top x)\sigma(w^\top y)]`.

Only two norms and an angle matter.  Each closed form follows from its derivative in the angle, which is the kernel of
the derivative (Price), and from its value at a right angle; a rigorous integral confirms it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import sympy as sp
from sympy import acos, asin, cosh, exp, pi, sinh, sqrt

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.gaussian import activation
from rmtsym.theorem import POSITIVE, REAL, Choice, Interval, Numbers, Parameter, Quantity, Regime, Theorem

ACTIVATIONS = ("linear", "relu", "abs", "lrelu", "step", "sign", "quad", "cos", "sin", "erf", "gauss")

theorem = Theorem(
    id="rf-gaussian-kernel-closed-forms",
    title="Kernels of Gaussian random features",
    family="kernels",
    references=(
        "C. K. I. Williams (1997), Computing with infinite networks, NIPS",
        "Y. Cho, L. K. Saul (2009), Kernel methods for deep learning, NIPS",
        "Z. Liao, R. Couillet (2018), On the spectrum of random features maps of high dimensional data, ICML, "
        "arXiv:1805.11916",
    ),
    assumptions=(r"$w\sim N(0,I_p)$", r"$x,y\ne0$ in $\mathbb R^p$, $\rho=x^{\sf T}y/(\|x\|\|y\|)$"),
    parameters=(
        Parameter("sigma", "activation", Choice("activation", *ACTIVATIONS), r"\sigma", default="relu"),
        Parameter("norm_x", "norm of x", POSITIVE, r"\lVert x\rVert"),
        Parameter("norm_y", "norm of y", POSITIVE, r"\lVert y\rVert"),
        Parameter("cos_angle", "cosine of the angle between x and y", Interval(-1, 1, closed="both"), r"\rho"),
        Parameter("lrelu_pos", "slope of max(t,0) in lrelu", REAL, r"\varsigma_+", default="1.3"),
        Parameter("lrelu_neg", "slope of max(-t,0) in lrelu", REAL, r"\varsigma_-", default="-0.4"),
        Parameter("quad", "coefficients of quad, highest power first", Numbers(REAL, length=3), default="-0.5,0.7,1.1"),
    ),
    quantities=(Quantity("kernel", "mean product of two features", r"\Phi(x,y)"),),
    points={
        f"{name}{suffix}": {"sigma": name, **pair}
        for suffix, pair in (
            ("", {"norm_x": "0.8", "norm_y": "1.5", "cos_angle": "0.3"}),
            ("'", {"norm_x": "1.2", "norm_y": "0.6", "cos_angle": "-0.75"}),
        )
        for name in ACTIVATIONS
    },
    uses=("hermite-facts",),
)

X, Y = sp.symbols("norm_x norm_y", positive=True)
R, P, N, Q2, Q1, Q0 = sp.symbols("cos_angle lrelu_pos lrelu_neg q2 q1 q0", real=True)
DOT, S = R * X * Y, sqrt(1 - R**2)
damping = exp(-(X**2 + Y**2) / 2)

TABLE: dict[str, sp.Expr] = {
    "linear": DOT,
    "relu": X * Y / (2 * pi) * (R * acos(-R) + S),
    "abs": 2 * X * Y / pi * (R * asin(R) + S),
    "lrelu": (P**2 + N**2) * DOT / 2 + X * Y / (2 * pi) * (P + N) ** 2 * (S - R * acos(R)),
    "step": sp.Rational(1, 2) - acos(R) / (2 * pi),
    "sign": 2 / pi * asin(R),
    "quad": Q2**2 * (2 * DOT**2 + X**2 * Y**2) + Q1**2 * DOT + Q2 * Q0 * (X**2 + Y**2) + Q0**2,
    "cos": damping * cosh(DOT),
    "sin": damping * sinh(DOT),
    "erf": 2 / pi * asin(2 * DOT / sqrt((1 + 2 * X**2) * (1 + 2 * Y**2))),
    "gauss": 1 / sqrt((1 + X**2) * (1 + Y**2) - DOT**2),
}


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """One closed form for each activation."""
    return tuple(
        Regime(FixedPointSystem((), (), {"kernel": TABLE[name]}), f"row == {row}", name)
        for row, name in enumerate(ACTIVATIONS)
    )


@theorem.binding
def binding(sigma: str, quad: tuple[Fraction, ...]) -> dict[str, Any]:
    """The row of the table, and the coefficients of the quadratic one by one."""
    return {"row": ACTIVATIONS.index(sigma), **dict(zip(("q2", "q1", "q0"), quad, strict=True))}


def symbolic(name: str) -> Any:
    """Activation of a row, with symbols for its coefficients."""
    return activation(name, *{"lrelu": (P, N), "quad": (Q2, Q1, Q0)}.get(name, ()))


def feature(point: dict[str, Any]) -> Any:
    """Activation of a point, as a function of arrays."""
    given = {"lrelu": (point["lrelu_pos"], point["lrelu_neg"]), "quad": point["quad"]}
    return activation(point["sigma"], *given.get(point["sigma"], ()))
