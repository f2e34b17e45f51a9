"""Inverse moments of a Gaussian sketch."""

from theory.sketching.gaussian_sketch_inverse_moments import consequences, derivation, experiment, wrong_versions
from theory.sketching.gaussian_sketch_inverse_moments.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
