"""Distances between two covariances."""

from theory.spectra.covariance_distances import consequences, derivation, estimators, experiment, wrong_versions
from theory.spectra.covariance_distances.statement import theorem

__all__ = ["consequences", "derivation", "estimators", "experiment", "theorem", "wrong_versions"]
