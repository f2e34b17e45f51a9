"""Spectrum of the alpha-beta kernel."""

from theory.kernels.alpha_beta_kernel import consequences, derivation, experiment, wrong_versions
from theory.kernels.alpha_beta_kernel.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
