"""Ridge readout of a fixed representation."""

from theory.regression.fixed_representation_readout import (
    consequences,
    derivation,
    experiment,
    representation,
    wrong_versions,
)
from theory.regression.fixed_representation_readout.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "representation", "theorem", "wrong_versions"]
