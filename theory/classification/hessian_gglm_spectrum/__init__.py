"""Hessian spectrum of generalised linear models."""

from theory.classification.hessian_gglm_spectrum import consequences, derivation, experiment, real_data, wrong_versions
from theory.classification.hessian_gglm_spectrum.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "real_data", "theorem", "wrong_versions"]
