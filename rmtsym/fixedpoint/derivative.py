r"""Implicit derivatives of outputs in a parameter.

With :math:`F(q, p) = 0` the derivative of the root solves the affine system
:math:`\partial_q F\,\dot q = -\partial_p F`, and an output :math:`O(q, p)` has
:math:`\dot O = \partial_p O + \partial_q O\,\dot q`.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import sympy as sp

from rmtsym.errors import UnknownName
from rmtsym.field.differentiate import differentiate
from rmtsym.fixedpoint.generate import scalars_of
from rmtsym.fixedpoint.system import FixedPointSystem, Unknown

__all__ = ["derivative", "resolved"]


def resolved(system: FixedPointSystem) -> dict[str, sp.Expr]:
    """Outputs with every reference to an earlier output replaced by its definition."""
    found: dict[str, sp.Expr] = {}
    for name, expr in system.outputs.items():
        known = {s: found[str(s)] for s in expr.free_symbols if str(s) in found}
        found[name] = expr.xreplace(known) if known else expr
    return found


def derivative(system: FixedPointSystem, output: str, parameter: Any) -> FixedPointSystem:
    """The system extended by the derivative of one output (or unknown) in one parameter.

    Parameters
    ----------
    system : FixedPointSystem
    output : str
        Name of an output or of an unknown.
    parameter : sympy.Symbol or str

    Returns
    -------
    FixedPointSystem
        With the additional output ``"d_<output>_d_<parameter>"``.  The derivative of a single unknown is written in
        closed form; those of several unknowns are additional affine unknowns.

    Examples
    --------
    >>> kappa, lam, c = sp.symbols("kappa lam c", positive=True)
    >>> system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa / (1 + kappa)),))
    >>> derivative(system, "kappa", lam).outputs["d_kappa_d_lam"]
    1/(c*kappa/(kappa + 1)**2 - c/(kappa + 1) + 1)
    """
    symbols = {str(s): s for s in system.parameters}
    name = str(parameter)
    if name not in scalars_of(system):
        raise UnknownName("parameter", name, scalars_of(system))
    p = symbols[name]
    unknowns = {str(u): u for u in system.symbols}
    outputs = resolved(system)
    if output not in outputs and output not in unknowns:
        raise UnknownName("output", output, [*outputs, *unknowns])
    target = outputs.get(output, unknowns.get(output))
    gaps = [eq.lhs - eq.rhs for eq in system.equations]
    drift = [differentiate(gap, p) for gap in gaps]
    extra: list[Unknown] = []
    equations: list[sp.Eq] = []
    slopes: list[sp.Expr] = []
    if all(d == 0 for d in drift):
        slopes = [sp.S.Zero] * len(gaps)
    elif len(gaps) == 1:
        slopes = [-drift[0] / differentiate(gaps[0], system.symbols[0])]
    else:
        slopes = [sp.Symbol(f"d_{u}_d_{name}") for u in system.symbols]
        extra = [Unknown(s, "real", meaning=f"derivative in {name}") for s in slopes]  # type: ignore[arg-type]
        for gap, d in zip(gaps, drift, strict=True):
            row = [differentiate(gap, u) for u in system.symbols]
            equations.append(sp.Eq(sp.Add(*(a * s for a, s in zip(row, slopes, strict=True))), -d, evaluate=False))
    total = differentiate(target, p)
    for u, slope in zip(system.symbols, slopes, strict=True):
        total += differentiate(target, u) * slope
    return replace(
        system,
        unknowns=(*system.unknowns, *extra),
        equations=(*system.equations, *equations),
        outputs={**system.outputs, f"d_{output}_d_{name}": total},
    )
