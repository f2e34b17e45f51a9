"""Spectrum of an inner-product kernel of white data."""

from theory.kernels.inner_product_limiting_law import consequences, derivation, experiment, wrong_versions
from theory.kernels.inner_product_limiting_law.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
