"""Kernels of Gaussian random features."""

from theory.kernels.rf_gaussian_kernel_closed_forms import consequences, derivation, experiment, wrong_versions
from theory.kernels.rf_gaussian_kernel_closed_forms.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
