"""Spikes of an inner-product kernel without information: known wrong versions."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from theory.kernels.inner_product_limiting_law.statement import a1, c, rest
from theory.kernels.inner_product_noninformative_spikes.statement import (
    STRENGTH,
    condition,
    delta,
    kappa,
    overlap_of,
    place_of,
    theorem,
)

theorem.mutant(
    "entries +-1 given the fourth moment 2",
    parameters={"kappa": lambda kappa: Fraction(2) if kappa == 1 else kappa},
    source="RMT4ML, section 4.3: entries +-1 given fourth moment 2",
)
theorem.mutant("excess for fourth moment", replace={kappa: kappa - 3})
theorem.mutant("kappa for kappa - 1", replace={kappa: kappa + 1})
theorem.mutant("delta without root two", outputs={"delta": STRENGTH / sp.sqrt(2)})
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
for _regime, _sides in (
    ("below and above", {"min": 1, "max": -1}),
    ("below", {"min": 1}),
    ("below and in the gap", {"min": 1, "gap": -1}),
):
    theorem.mutant(
        f"sign of a1 delta, {_regime}",
        outputs={f"eig_{name}": -place_of(-side) for name, side in _sides.items()}, regime=_regime,
    )  # fmt: skip
    theorem.mutant(
        f"condition with c for 1/c, {_regime}",
        outputs={f"overlap_{name}": (1 - condition(side) / c) / 2 for name, side in _sides.items()}, regime=_regime,
    )  # fmt: skip
    theorem.mutant(
        f"overlap not halved, {_regime}",
        outputs={f"overlap_{name}": 2 * overlap_of(side) for name, side in _sides.items()}, regime=_regime,
    )  # fmt: skip
    theorem.mutant(
        f"linear part left out, {_regime}",
        outputs={f"eig_{name}": -side * (1 / (c * delta) + (rest + a1**2) * delta) for name, side in _sides.items()},
        regime=_regime,
    )  # fmt: skip
