r"""Inverse moments of a Gaussian sketch, exact at every size.

.. math::  E\tilde Q=\tfrac m{m-d-1}H^{-1},\qquad
           E\,W^{-1}BW^{-1}=c_1B+c_2(B^\top+\mathrm{tr}(B)I),\quad c_2=\tfrac1{k(k-1)(k-3)},\ c_1=(k-2)c_2,\ k=m-d.

Three fields, integrated by parts, give a linear system for the moments.  Nothing is asymptotic.
Sources: Haff (1979); von Rosen (1988); Derezinski, Liao, Dobriban and Mahoney (2021).
"""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.theorem import Choice, Count, Parameter, Quantity, Regime, Theorem

theorem = Theorem(
    id="gaussian-sketch-inverse-moments",
    title="Inverse moments of a Gaussian sketch",
    family="sketching",
    references=(
        "L. R. Haff (1979), An identity for the Wishart distribution with applications, J. Multivariate Anal. 9",
        "D. von Rosen (1988), Moments for the inverted Wishart distribution, Scand. J. Statist. 15",
        "M. Derezinski, Z. Liao, E. Dobriban, M. W. Mahoney (2021), Sparse sketches with small inversion bias, "
        "arXiv:2011.10695",
        "J. Lacotte, S. Liu, E. Dobriban, M. Pilanci (2020), Optimal iterative sketching with the subsampled "
        "randomized Hadamard transform, arXiv:2002.00864",
    ),
    assumptions=(
        r"$A\in\mathbb R^{n\times d}$ has full column rank, $H=A^\top A$; nothing else is asked of it",
        r"$S\in\mathbb R^{m\times n}$ has independent $N(0,1/m)$ entries, $\tilde Q=(A^\top S^\top SA)^{-1}$",
        r"$m>d+3$ (for the first moment alone $m>d+1$ is enough)",
        r"$X=H^{1/2}\tilde QH^{1/2}$; the error of an average $\bar X$ of $q$ copies is $\frac1dE\|\bar X-I\|_F^2$",
    ),
    parameters=(
        Parameter("d", "columns of A", Count(2), "d"),
        Parameter("m", "rows of the sketch", Count(1), "m"),
        Parameter("q", "independent sketches that are averaged", Count(1), "q", default="10"),
        Parameter("design", "matrix A of the experiment", Choice("design", "white", "digits"), default="white"),
    ),
    quantities=(
        Quantity("theta1", "mean of tr X / d", r"\theta_1"),
        Quantity("theta2", "mean of tr X^2 / d", r"\theta_2"),
        Quantity("trace2", "mean of (tr X / d)^2", r"\theta_{11}"),
        Quantity("sym", "factor of a symmetric B without trace in E XBX", "m^2(c_1+c_2)"),
        Quantity("skew", "factor of a skew-symmetric B in E XBX", "m^2(c_1-c_2)"),
        Quantity("mse_plain", "mean square error of the average of q copies, per column", "e_q"),
        Quantity("mse_usual", "the same, rescaled by (m-d)/m", r"e_q^{\mathrm{usual}}"),
        Quantity("mse_exact", "the same, rescaled by (m-d-1)/m", r"e_q^{\mathrm{exact}}"),
    ),
    points={
        "A": dict(d="20", m="60"),
        "B": dict(d="20", m="30"),
        "C": dict(d="3", m="15", q="4"),
        "digits": dict(d="20", m="60", design="digits"),
    },
    uses=("marchenko-pastur",),
)

m, d = sp.symbols("m d", integer=True, positive=True)
q, k = sp.symbols("q k", positive=True)
theta1, theta2 = sp.symbols("theta1 theta2")
PIXELS = 51  # the most variable ones of the images of digits that are sketched, as many as are independent
FACTORS = {"mse_plain": sp.Integer(1), "mse_usual": (m - d) / m, "mse_exact": (m - d - 1) / m}


@theorem.statement
def statement() -> Regime:
    """Closed forms; the errors of averages as variance over q plus squared bias."""
    variance = theta2 - theta1**2
    second = m**2 / ((m - d) * (m - d - 1) * (m - d - 3))
    outputs = {
        "theta1": m / (m - d - 1),
        "theta2": (m - 1) * second,
        "trace2": (m - d - 2 + 2 / d) * second,
        "sym": (m - d - 1) * second,
        "skew": (m - d - 3) * second,
        **{name: f**2 * variance / q + (f * theta1 - 1) ** 2 for name, f in FACTORS.items()},
    }
    return Regime(FixedPointSystem((), (), outputs), "m > d + 3")


@theorem.binding
def binding(design: str, d: int) -> dict[str, Any]:
    """Nothing depends on A; a matrix that is not of full column rank is refused."""
    if design == "digits" and d > PIXELS:
        raise DomainError("d", d, f"at most {PIXELS} pixels, more are linearly dependent", "use design=white")
    return {}
