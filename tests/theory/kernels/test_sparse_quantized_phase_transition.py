"""Exact means of the forms that the simulation regresses on, against draws."""

from __future__ import annotations

import numpy as np
import pytest

from theory.kernels.sparse_quantized_phase_transition.experiment import replicate
from theory.kernels.sparse_quantized_phase_transition.forms import CONTROLS, UNIVERSAL
from theory.kernels.sparse_quantized_phase_transition.statement import theorem


@pytest.mark.parametrize(
    ("name", "law"), [("A", "gauss"), ("A", "rad"), ("B", "gauss"), ("C", "gauss"), ("D", "gauss")]
)
def test_means_of_forms(name: str, law: str) -> None:
    point, size, rng = theorem.point(name), 40, np.random.default_rng(5)
    rows = [replicate(rng, size, point, law) for _ in range(600)]
    for control in CONTROLS if law == "gauss" else UNIVERSAL:
        found = np.array([row[control.output] for row in rows])
        error = found.std() / np.sqrt(len(found))
        assert abs(found.mean() - control.mean_at(point, size, law)) < 4.5 * error, control.output
