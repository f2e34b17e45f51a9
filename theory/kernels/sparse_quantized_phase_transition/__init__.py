"""Clustering with sparse and quantised kernels."""

from theory.kernels.sparse_quantized_phase_transition import (
    consequences,
    derivation,
    digits,
    draws,
    experiment,
    forms,
    wrong_versions,
)
from theory.kernels.sparse_quantized_phase_transition.statement import theorem

__all__ = ["consequences", "derivation", "digits", "draws", "experiment", "forms", "theorem", "wrong_versions"]
