"""Degree-corrected block model, adjacency matrix normalised by powers of the degrees."""

from theory.spectra.dcsbm_alpha_normalised import consequences, derivation, experiment, wrong_versions
from theory.spectra.dcsbm_alpha_normalised.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
