"""Classification with a convex loss."""

from theory.classification.erm_gaussian_mixture import consequences, derivation, experiment, real_data, wrong_versions
from theory.classification.erm_gaussian_mixture.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "real_data", "theorem", "wrong_versions"]
