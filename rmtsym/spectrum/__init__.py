"""Spectral laws: transform, density, support, atoms, moments, distribution, quantiles, and a calculus of laws."""

from rmtsym.spectrum.algebraic import SpectralLaw
from rmtsym.spectrum.calculus import from_r_transform, from_s_transform
from rmtsym.spectrum.contour import AnalyticFunction, linear_statistic, log_determinant
from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.distribution import Quantile
from rmtsym.spectrum.fluctuation import statistic_covariance, statistic_mean
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
from rmtsym.spectrum.picture import plot_law
from rmtsym.spectrum.population import SampleCovariance, Spike
from rmtsym.spectrum.subordination import DiscreteLaw, FreeProduct, FreeSum
from rmtsym.spectrum.support import Edge, PointMass, Support
from rmtsym.spectrum.system import SpectralSystem

__all__ = [
    "AnalyticFunction",
    "DiscreteLaw",
    "Edge",
    "FreeProduct",
    "FreeSum",
    "Law",
    "PointMass",
    "Quantile",
    "SampleCovariance",
    "SpectralCurve",
    "SpectralLaw",
    "SpectralSystem",
    "Spike",
    "Support",
    "arcsine",
    "bernoulli",
    "discrete",
    "free_poisson",
    "from_r_transform",
    "from_s_transform",
    "fuss_catalan",
    "jacobi",
    "kesten_mckay",
    "linear_statistic",
    "log_determinant",
    "marchenko_pastur",
    "named_curve",
    "plot_law",
    "projection",
    "semicircle",
    "statistic_covariance",
    "statistic_mean",
    "wachter",
]
