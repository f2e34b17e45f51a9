"""Ridge regression: general covariance, anisotropic signal."""

from theory.regression.ridge_anisotropic import consequences, derivation, experiment, wrong_versions
from theory.regression.ridge_anisotropic.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
