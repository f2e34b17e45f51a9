"""Population eigenvalues and eigenspaces from a sample."""

from theory.spectra.population_eigenvalue_inference import consequences, derivation, experiment, wrong_versions
from theory.spectra.population_eigenvalue_inference.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
