"""Spectral laws: transform, density, support, atoms, moments, distribution, quantiles, and a calculus of laws."""

from rmtsym.spectrum.curve import SpectralCurve
from rmtsym.spectrum.law import SpectralLaw
from rmtsym.spectrum.support import Edge, PointMass, Support

__all__ = ["Edge", "PointMass", "SpectralCurve", "SpectralLaw", "Support"]
