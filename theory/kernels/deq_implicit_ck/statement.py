r"""Conjugate kernel of a deep equilibrium model on a Gaussian mixture: the fixed point of a layer with input injection.

.. math:: \gamma^2=\sigma_a^2\,\mathbb E\phi^2(\gamma z)+\sigma_b^2\tau_0^2,\qquad
   c_1=s^2(\sigma_a^2c_1+\sigma_b^2),\qquad c_4=h(\sigma_a^2c_4+\sigma_b^2),

.. math:: c_2=s^2\sigma_a^2c_2+\tfrac14r^2(\sigma_a^2c_4+\sigma_b^2)^2,\qquad
   c_3=s^2\sigma_a^2c_3+\tfrac12r^2(\sigma_a^2c_1+\sigma_b^2)^2,

with s, r, h the means of :math:`\phi'`, :math:`\phi''`, :math:`\frac12(\phi^2)''` at variance :math:`\gamma^2`.
"""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Choice, Parameter, Quantity, Regime, Theorem
from theory.kernels import layers
from theory.kernels.equilibrium import GRADIENT, variance_of
from theory.kernels.layers import TABLE, Moments

theorem = Theorem(
    id="deq-implicit-ck",
    title="Conjugate kernels of deep equilibrium models",
    family="kernels",
    references=(
        "Z. Ling, L. Li, Z. Feng, Y. Zhang, F. Zhou, R. C. Qiu, Z. Liao (2024), Deep equilibrium models are almost "
        "equivalent to not-so-deep explicit models for high-dimensional Gaussian mixtures, ICML, arXiv:2402.02697",
        "Z. Ling, Z. Liao, R. C. Qiu (2023), On the equivalence between implicit and explicit neural networks: a "
        "high-dimensional viewpoint, arXiv:2308.16425",
    ),
    assumptions=(
        r"$z^*=\frac1{\sqrt m}\phi(\sigma_aAz^*+\sigma_bBx)$, $A$, $B$ with independent entries of mean 0 and variance "
        r"1, width $m\to\infty$ first; $G_{ij}=z_i^{*\sf T}z_j^*$",
        r"$\phi$ is centred at the fixed point, $\mathbb E\phi(\gamma z)=0$; $\gamma^2$ is the smallest root, and "
        r"$\sigma_a^2\mathbb E\phi'(\gamma z)^2<1$ there",
        r"data of a Gaussian mixture: $x_i=\mu_a/\sqrt p+\omega_i$, $\omega_i\sim N(0,C_a/p)$, $n/p$ bounded, "
        r"$\operatorname{tr}C^\circ/p=\tau_0^2$",
        r"$\delta_i=\|x_i\|^2-\tau_0^2$, $S_{ab}=\operatorname{tr}(C_aC_b)/p$, $J$ the class indicators; $\simeq$ "
        r"means that the operator norm of the difference tends to 0",
    ),
    parameters=(
        Parameter("phi", "activation", Choice("activation", *layers.SMOOTH), r"\phi"),
        Parameter("sigma_a2", "variance of the recurrent weights", NON_NEGATIVE, r"\sigma_a^2"),
        Parameter("sigma_b2", "variance of the input weights", POSITIVE, r"\sigma_b^2"),
        Parameter("tau0", "root mean square length of the data", POSITIVE, r"\tau_0"),
        *layers.PARAMETERS,
    ),
    quantities=(
        Quantity("gamma2", "variance at the equilibrium", r"\gamma^2", observable=False),
        Quantity("c1", "weight of the inner products", "c_1"),
        Quantity("c2", "weight of the lengths", "c_2"),
        Quantity("c3", "weight of the covariances", "c_3"),
        Quantity("c4", "slope of the diagonal in the squared length", "c_4"),
        Quantity("diagonal", "mean diagonal", r"\tau_*^2"),
        Quantity("c0", "weight of the identity", "c_0"),
    ),
    points={
        "A": {"phi": "relu", "sigma_a2": "0.5", "sigma_b2": 1, "tau0": 1},
        "B": {"phi": "quad", "quad": "0.15,0.8", "sigma_a2": "0.5", "sigma_b2": "0.5", "tau0": 1},
        "C": {"phi": "lrelu", "lrelu": "1,-0.4", "sigma_a2": "0.8", "sigma_b2": "0.6", "tau0": "1.3"},
        "D": {"phi": "cos", "sigma_a2": "0.9", "sigma_b2": "0.7", "tau0": "1.2"},
    },
    uses=("deep-ck-recursion", "rf-gaussian-kernel-closed-forms"),
)

gamma2, a2, b2, tau0 = sp.symbols("gamma2 sigma_a2 sigma_b2 tau0", positive=True)
s, r, h = sp.symbols("s r h", real=True)
diagonal, c0, c1, c2, c3, c4 = sp.symbols("diagonal c0 c1 c2 c3 c4", real=True)
MOMENTS = Moments(s, r, diagonal, h)


def stated(name: str) -> FixedPointSystem:
    """Equilibrium variance, and the coefficients there."""
    row = TABLE[name].at(gamma2)
    return FixedPointSystem(
        unknowns=(Unknown(gamma2, "positive", meaning="variance at the equilibrium"),),
        equations=(Eq(gamma2, a2 * row.power + b2 * tau0**2, evaluate=False),),
        outputs={
            "gamma2": gamma2,
            "s": row.slope,
            "r": row.bend,
            "diagonal": row.power,
            "h": row.growth,
            "c1": b2 * s**2 / (1 - a2 * s**2),
            "c4": b2 * h / (1 - a2 * h),
            "c2": r**2 * (a2 * c4 + b2) ** 2 / (4 * (1 - a2 * s**2)),
            "c3": r**2 * (a2 * c1 + b2) ** 2 / (2 * (1 - a2 * s**2)),
            "c0": diagonal - tau0**2 * c1,
        },
        conditions=(1 - a2 * row.growth, 1 - a2 * GRADIENT[name].subs(layers.v, gamma2)),
        continuation=Continuation(a2, 0, {gamma2: b2 * tau0**2}),
    )


@theorem.statement
def statement(phi: str) -> Regime:
    return Regime(stated(phi), name=phi)


@theorem.binding
def binding(**point: Any) -> dict[str, Any]:
    """Coefficients of the activation; a point without a stable equilibrium is refused."""
    variance_of(point)
    return layers.letters(point["lrelu"], point["quad"])
