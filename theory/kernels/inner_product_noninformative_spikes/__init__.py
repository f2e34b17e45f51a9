"""Spikes of an inner-product kernel that carry no information."""

from theory.kernels.inner_product_noninformative_spikes import (
    consequences,
    derivation,
    draws,
    experiment,
    wrong_versions,
)
from theory.kernels.inner_product_noninformative_spikes.statement import theorem

__all__ = ["consequences", "derivation", "draws", "experiment", "theorem", "wrong_versions"]
