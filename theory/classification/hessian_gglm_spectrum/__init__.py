"""Hessian spectrum of generalised linear models."""

from theory.classification.hessian_gglm_spectrum import consequences, derivation, experiment, wrong_versions
from theory.classification.hessian_gglm_spectrum.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
