"""Row sampling without inversion bias."""

from theory.sketching.sampling_debiasing import consequences, derivation, experiment, wrong_versions
from theory.sketching.sampling_debiasing.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
