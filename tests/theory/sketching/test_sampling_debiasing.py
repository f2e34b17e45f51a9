"""Wrong weights leave the bias that the law of row sampling says: an independent set of figures."""

import pytest

from theory.sketching.sampling_debiasing import theorem
from theory.sketching.sampling_debiasing.consequences import trace_with


@pytest.mark.parametrize(
    ("name", "trace"), [("", 1.0), ("root", 1.125), ("square", 0.785), ("plus", 1.452), ("without pi", 1.261)]
)
def test_trace_with_other_weights(name, trace):
    point = theorem.point(scheme="unif", n=4000, m=240, design_seed=1)
    assert trace_with(name, point) == pytest.approx(trace, abs=6e-4)
