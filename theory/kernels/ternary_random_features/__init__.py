"""Ternary random features."""

from theory.kernels.ternary_random_features import consequences, derivation, experiment, wrong_versions
from theory.kernels.ternary_random_features.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
