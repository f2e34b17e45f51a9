"""Ridge regression on one random layer."""

from theory.regression.random_network_regression import consequences, derivation, experiment, kernel, wrong_versions
from theory.regression.random_network_regression.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "kernel", "theorem", "wrong_versions"]
