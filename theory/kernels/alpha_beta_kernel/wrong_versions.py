"""Spectrum of the alpha-beta kernel: known wrong versions."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp
from sympy import Eq

from rmtsym.field import Average
from theory.kernels.alpha_beta_kernel.statement import NU, alpha, beta, c, m_z, mean, s, square, theorem, z

theorem.mutant(
    "classes counted from 0: toeplitz((-0.4)^k) for the first in place of the identity",
    parameters={"rho": lambda rho: tuple(r - Fraction(2, 5) for r in rho)},
    source="RMT4ML, section 4.2 (alpha-beta kernel): class index shifted from 1..k to 0..k-1 without adapting the "
    "covariances",
)


def fixed_point(linear: sp.Expr, noise: sp.Expr) -> dict[sp.Symbol, Eq]:
    """The statement's equation with other terms."""
    return {m_z: Eq(m_z, 1 / (-z + linear - noise * m_z), evaluate=False)}


LINEAR, NOISE = alpha * Average(s / (1 + alpha * m_z * s / c), NU), 2 * beta**2 * square**2 / c
theorem.mutant("omega^2 without 2", equations=fixed_point(LINEAR, NOISE / 2), outputs={"omega": square})
theorem.mutant("beta for beta^2", equations=fixed_point(LINEAR, NOISE / beta))
theorem.mutant("f'' = beta for 2 beta", parameters={"beta": lambda beta: beta / 2})
theorem.mutant("f'' = 4 beta for 2 beta", parameters={"beta": lambda beta: 2 * beta})
theorem.mutant(
    "root p left out",
    values=lambda z: {
        "re_m": (-1 / complex(*map(float, z))).real, "im_m": (-1 / complex(*map(float, z))).imag,
        "mom1": 0.0, "mom2": 0.0,
    },
)  # fmt: skip
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant(
    "squared trace for the trace of the square",
    equations=fixed_point(LINEAR, 2 * beta**2 * mean**4 / c), outputs={"omega": sp.sqrt(2) * mean**2},
)  # fmt: skip
theorem.mutant("noise not divided by c", equations=fixed_point(LINEAR, NOISE * c))
theorem.mutant("alpha m for alpha m/c",
               equations=fixed_point(alpha * Average(s / (1 + alpha * m_z * s), NU), NOISE))  # fmt: skip
theorem.mutant("without the diagonal tau f'(0)", equations=fixed_point(LINEAR - alpha * mean, NOISE))
theorem.mutant("no squares", equations=fixed_point(LINEAR, sp.S.Zero))
