"""The ridge that belongs to an effective ridge kappa, and the one at which a risk is least."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
from scipy.optimize import brentq

__all__ = ["ridge_at", "stationary_ridge"]


def ridge_at(kappa: float, spectrum: np.ndarray, samples: int) -> float:
    r"""Ridge of an effective ridge, :math:`\lambda=\kappa\bigl(1-\frac1N\sum_i\frac{s_i}{s_i+\kappa}\bigr)`.

    Examples
    --------
    >>> ridge_at(1.0, np.array([1.0, 1.0]), 4)
    0.75
    """
    return float(kappa * (1 - np.sum(spectrum / (spectrum + kappa)) / samples))


def stationary_ridge(slope: Callable[[float], float], spectrum: np.ndarray, samples: int) -> float:
    """The positive ridge at whose kappa a derivative of the risk in kappa vanishes.

    Examples
    --------
    >>> stationary_ridge(lambda kappa: kappa - 1, np.array([1.0, 1.0]), 4)
    0.75
    """

    def ridge(kappa: float) -> float:
        return ridge_at(kappa, spectrum, samples)

    least = brentq(ridge, 1e-9, 1e3) if ridge(1e-9) < 0 else 1e-9
    return ridge(brentq(slope, least, 1e3, xtol=1e-15))
