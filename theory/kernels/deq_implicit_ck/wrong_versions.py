"""Conjugate kernels of deep equilibrium models: known wrong versions."""

from __future__ import annotations

import sympy as sp
from sympy import sqrt

from rmtsym.gaussian import TAU, derivative_moment
from rmtsym.gaussian.families import closed
from theory.kernels import layers
from theory.kernels.deq_implicit_ck.statement import a2, b2, c1, c3, c4, diagonal, gamma2, r, s, tau0, theorem
from theory.kernels.layers import TABLE

for _name in ("relu", "quad", "lrelu", "cos"):
    _row, _square = TABLE[_name], closed(derivative_moment(layers.function(_name) ** 2, 2))
    _late = {k: e.subs(layers.v, diagonal) for k, e in (("s", _row.slope), ("r", _row.bend), ("h", _row.growth))}
    _rest = 1 - a2 * s**2
    _wrong: dict[str, dict[str, sp.Expr]] = {
        "sigma_a unsquared in c1": {"c1": b2 * s**2 / (1 - sqrt(a2) * s**2)},
        "moments at tau_* for gamma": _late,
        "c1 for c4 in c2": {"c2": r**2 * (a2 * c1 + b2) ** 2 / (4 * _rest)},
        "sigma_b^2 missing in the squares": {
            "c2": r**2 * a2**2 * c4**2 / (4 * _rest), "c3": r**2 * a2**2 * c1**2 / (2 * _rest),
        },
        "activation not centred": {"h": _square.subs(TAU, gamma2) / 2},
        "tau_0^4 c3 subtracted from the identity": {"c0": diagonal - tau0**2 * c1 - tau0**4 * c3},
    }  # fmt: skip
    for _says, _outputs in _wrong.items():
        if _says != "sigma_a unsquared in c1" or _row.slope != 0:
            theorem.mutant(f"{_name}: {_says}", outputs=_outputs, regime=_name)
