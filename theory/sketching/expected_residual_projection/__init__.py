"""Expected residual projection of a random sketch."""

from theory.sketching.expected_residual_projection import consequences, derivation, experiment, wrong_versions
from theory.sketching.expected_residual_projection.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
