"""Sample covariance of a general population."""

from theory.spectra.sample_covariance import consequences, derivation, experiment, wrong_versions
from theory.spectra.sample_covariance.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
