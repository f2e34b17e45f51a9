"""Least-squares classifier: closed form and interpolation."""

from theory.classification.ridge_classifier_closed_form import (
    consequences,
    derivation,
    experiment,
    real_data,
    wrong_versions,
)
from theory.classification.ridge_classifier_closed_form.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "real_data", "theorem", "wrong_versions"]
