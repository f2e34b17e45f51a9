"""Learning dynamics of least squares."""

from theory.classification.gradient_flow_gmm import consequences, contour, derivation, experiment, wrong_versions
from theory.classification.gradient_flow_gmm.statement import theorem

__all__ = ["consequences", "contour", "derivation", "experiment", "theorem", "wrong_versions"]
