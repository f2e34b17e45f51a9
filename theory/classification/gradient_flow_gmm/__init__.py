"""Learning dynamics of least squares."""

from theory.classification.gradient_flow_gmm import (
    consequences,
    contour,
    derivation,
    experiment,
    real_data,
    wrong_versions,
)
from theory.classification.gradient_flow_gmm.statement import theorem

__all__ = ["consequences", "contour", "derivation", "experiment", "real_data", "theorem", "wrong_versions"]
