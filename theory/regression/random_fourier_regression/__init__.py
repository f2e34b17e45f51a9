"""Ridge regression on random Fourier features."""

from theory.regression.random_fourier_regression import consequences, derivation, experiment, kernels, wrong_versions
from theory.regression.random_fourier_regression.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "kernels", "theorem", "wrong_versions"]
