"""Linear echo-state network: ridge regression with fading weights."""

from theory.regression.linear_esn_weighted_ridge import consequences, derivation, experiment, wrong_versions
from theory.regression.linear_esn_weighted_ridge.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
