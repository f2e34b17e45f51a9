"""Spectral laws: transform, density, support, atoms, moments, distribution, quantiles, and a calculus of laws."""

from rmtsym.spectrum.algebraic import SpectralLaw
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.distribution import Quantile
from rmtsym.spectrum.law import Law
from rmtsym.spectrum.named import (
    arcsine,
    bernoulli,
    discrete,
    free_poisson,
    fuss_catalan,
    jacobi,
    kesten_mckay,
    marchenko_pastur,
    named_curve,
    projection,
    semicircle,
    wachter,
)
from rmtsym.spectrum.support import Edge, PointMass, Support

__all__ = [
    "Edge",
    "Law",
    "PointMass",
    "Quantile",
    "SpectralCurve",
    "SpectralLaw",
    "Support",
    "arcsine",
    "bernoulli",
    "discrete",
    "free_poisson",
    "fuss_catalan",
    "jacobi",
    "kesten_mckay",
    "marchenko_pastur",
    "named_curve",
    "projection",
    "semicircle",
    "wachter",
]
