"""Named laws, each given by its curve; every figure (density, edges, atoms, moments) follows from it.

Parameters may be left out (``None``): then the result is the parametric :class:`SpectralCurve`, with moments as exact polynomials
or rational functions of the parameters.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, overload

from flint import fmpq, fmpq_mpoly_ctx

from rmtsym.errors import DomainError
from rmtsym.field.measure import Atoms
from rmtsym.spectrum.curve import SpectralCurve, rational
from rmtsym.spectrum.law import SpectralLaw

__all__ = [
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

_CURVES = {
    "marchenko_pastur": "c*z*m^2 + (c + z - 1)*m + 1",
    "semicircle": "variance*m^2 + z*m + 1",
    # R(g) = rate*jump/(1 - jump*g) with g = -m
    "free_poisson": "jump*z*m^2 + (z + jump - rate*jump)*m + 1",
    # S(w) = (1 - c1 - c1 w)/(1 + c2 w)
    "wachter": "(c1*z^2 + c2*z)*m^2 + ((1 + c1)*z + c2 - 1)*m + 1",
    # free compression of one projection by another: ranks alpha and beta
    "jacobi": "(z^2 - z^3)*m^2 + (2*z - alpha*z - beta*z - 2*z^2 + z*0)*m + 1 - z",
    "arcsine": "(radius^2 - z^2)*m^2 + 1",
    "kesten_mckay": "(d^2 - z^2)*m^2 + (2 - d)*z*m + d - 1",
}


def named_curve(name: str) -> SpectralCurve:
    """Parametric curve of a named law.

    >>> named_curve("semicircle").moments(4)
    (0, variance, 0, 2*variance**2)
    """
    return SpectralCurve(_CURVES[name])
