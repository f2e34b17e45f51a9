"""Spectrum of an inner-product kernel of white data: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import Eq

from theory.kernels.inner_product_limiting_law.statement import a1, c, m_z, nu, rest, theorem, z

a0 = sp.Symbol("a0", real=True)


def fixed_point(linear: sp.Expr, noise: sp.Expr) -> dict[sp.Symbol, Eq]:
    """The statement's equation with other terms."""
    return {m_z: Eq(m_z, -1 / (z + linear + noise), evaluate=False)}


theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant("1 + a1 m for c + a1 m", equations=fixed_point(a1**2 * m_z / (1 + a1 * m_z), rest * m_z / c))
theorem.mutant("nu for nu - a1^2", equations=fixed_point(a1**2 * m_z / (c + a1 * m_z), nu * m_z / c))
theorem.mutant("sign of a1 m", equations=fixed_point(a1**2 * m_z / (c - a1 * m_z), rest * m_z / c))
theorem.mutant("second moment for variance", replace={nu: nu + a0**2})
theorem.mutant("a1 for a1^2 above", equations=fixed_point(a1 * m_z / (c + a1 * m_z), rest * m_z / c))
theorem.mutant("noise not divided by c", equations=fixed_point(a1**2 * m_z / (c + a1 * m_z), rest * m_z))
theorem.mutant("semicircle for every f", values=lambda c, mom2: {"edge_upper": 2 * float(mom2) ** 0.5, "mom3": 0.0})
