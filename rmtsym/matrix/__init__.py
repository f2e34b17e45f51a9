"""Noncommutative random-matrix expressions and their back ends."""

from rmtsym.matrix.curve import curve_agrees
from rmtsym.matrix.entry import draw_entries
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.identity import evaluate_mod_p, is_identity
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.model import parse_model
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed, inverse
from rmtsym.matrix.planar import (
    finite_size_moments,
    finite_size_series,
    planar_moments,
    planar_series,
)
from rmtsym.matrix.sample import Draw, draw, sample
from rmtsym.matrix.space import Space, bind_measures
from rmtsym.matrix.structure import letters, parameters, replace, spaces, substitute

__all__ = [
    "Deterministic",
    "Draw",
    "Expression",
    "Free",
    "Gaussian",
    "Haar",
    "Identity",
    "Inverse",
    "Product",
    "Scaled",
    "Space",
    "Sum",
    "Transposed",
    "Wigner",
    "Zero",
    "bind_measures",
    "curve_agrees",
    "draw",
    "draw_entries",
    "evaluate_mod_p",
    "finite_size_moments",
    "finite_size_series",
    "inverse",
    "is_identity",
    "letters",
    "parameters",
    "parse_model",
    "planar_moments",
    "planar_series",
    "replace",
    "sample",
    "spaces",
    "substitute",
]
