r"""Fluctuations of linear spectral statistics of a sample covariance: Bai and Silverstein's mean and covariance.

For :math:`L_n(f) = \sum_i f(\lambda_i) - p \int f\,dF_{c_n, H_n}` (centred at the finite ratio p/n and population) and
real entries of fourth cumulant ``kappa4``,

.. math::
    \mu_f = -\frac{1}{2\pi i}\oint f(z)\Big[\frac{A}{(1 - B)^2} + \kappa_4 \frac{A}{1 - B}\Big]dz, \qquad
    A = c\int \frac{t^2 \tilde m^3}{(1 + t\tilde m)^3}dH, \quad B = c\int \frac{t^2\tilde m^2}{(1 + t\tilde m)^2}dH,

.. math::
    \mathrm{Cov}(f, g) = -\frac{1}{2\pi^2}\oint\oint \frac{f(z_1) g(z_2)\,d\tilde m_1\,d\tilde m_2}{(\tilde m_1 -
    \tilde m_2)^2} - \frac{\kappa_4 c}{4\pi^2}\int\Big[\oint f\,d\frac{t\tilde m}{1 + t\tilde m}\Big]
    \Big[\oint g\,d\frac{t\tilde m}{1 + t\tilde m}\Big]dH(t).

Complex entries: the first term of the mean drops, the first term of the covariance halves.
Source: Bai and Silverstein (2004), Pan and Zhou (2008), Zheng, Bai and Yao (2015).
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rmtsym.errors import NoConvergence
from rmtsym.field.value import Value
from rmtsym.spectrum.contour import AnalyticFunction, Ellipses
from rmtsym.spectrum.population import SampleCovariance

__all__ = ["statistic_covariance", "statistic_mean"]

_TOLERANCE = 1e-12  # change under doubling the nodes, against the size of the result or 1


def statistic_mean(law: SampleCovariance, f: Any, kappa4: float = 0.0, *, complex_entries: bool = False) -> Value:
    """Limit mean of ``L_n(f)``, f analytic around the support.

    >>> law = SampleCovariance("1/2", [1])
    >>> round(statistic_mean(law, "log(x)").value, 10), round(statistic_mean(law, "x^2", -2).value, 10)
    (-0.3465735903, -0.5)
    """
    function = _analytic(f)
    ellipses = Ellipses.around(law.bounds, function.singular, function.expression)

    def integral(size: int) -> float:
        w = _circle(size, math.sqrt(ellipses.limit))
        z = ellipses.at(w)
        _, ratio, inverse_gap, slope = _on_contour(law, z)
        c = float(law.c)
        a = -c * ((ratio * ratio * inverse_gap) @ law.weights)
        bracket = kappa4 * a / slope + (0.0 if complex_entries else 1.0) * a / slope**2
        return float((-(function(z) * bracket * ellipses.rate(w)).mean()).real)

    return _settled(integral, function)


def statistic_covariance(
    law: SampleCovariance, f: Any, g: Any = None, kappa4: float = 0.0, *, complex_entries: bool = False
) -> Value:
    """Limit covariance of ``L_n(f)`` and ``L_n(g)``; the variance of ``L_n(f)`` if g is left out.

    >>> law = SampleCovariance("1/2", [1])
    >>> round(statistic_covariance(law, "x", "x^2").value, 10)
    3.0
    """
    first = _analytic(f)
    second = first if g is None else _analytic(g)
    ellipses = Ellipses.around(law.bounds, (*first.singular, *second.singular), first.expression)

    def integral(size: int) -> float:
        # nested contours: |w| = limit^(1/3) and limit^(2/3)
        sides = []
        for function, power in ((first, 1 / 3), (second, 2 / 3)):
            w = _circle(size, ellipses.limit**power)
            z = ellipses.at(w)
            v, ratio, inverse_gap, slope = _on_contour(law, z)
            weight = function(z) * ellipses.rate(w) / size
            companion = -1 / v
            # dm/dz = 1/(v^2 x'); d(t m/(1 + t m))/dz = t/((v - t)^2 x')
            sides.append((companion, weight * companion**2 / slope, (weight / slope) @ (ratio * inverse_gap)))
        (m1, d1, k1), (m2, d2, k2) = sides
        # each contour integral is 2 pi i times the mean over the circle: (2 pi i)^2 = -4 pi^2
        total = 2 * np.sum(d1[:, None] * d2[None, :] / (m1[:, None] - m2[None, :]) ** 2)
        fourth = float(law.c) * kappa4 * np.sum(law.weights * k1 * k2)
        return float(((0.5 if complex_entries else 1.0) * total + fourth).real)

    return _settled(integral, first)


def _analytic(f: Any) -> AnalyticFunction:
    return f if isinstance(f, AnalyticFunction) else AnalyticFunction(f)


def _circle(size: int, radius: float) -> np.ndarray:
    return radius * np.exp(2j * np.pi * (np.arange(size) + 0.5) / size)


def _on_contour(law: SampleCovariance, z: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """v, t/(v - t), 1/(v - t) and x'(v) on both halves of a contour."""
    upper = -1 / law.companion(np.where(z.imag < 0, z.conj(), z))
    v = np.where(z.imag < 0, upper.conj(), upper)
    inverse_gap = 1 / (v[:, None] - law.eigenvalues)
    ratio = law.eigenvalues * inverse_gap
    return v, ratio, inverse_gap, 1 - float(law.c) * ((ratio * ratio) @ law.weights)


def _settled(integral: Any, function: AnalyticFunction) -> Value:
    previous, size = math.inf, 64
    while size <= 2048:
        value = integral(size)
        change = abs(value - previous)
        if change <= _TOLERANCE * max(1.0, abs(value)):
            return Value(value, math.inf, "residual", f"contour, change under doubling {change:.1e}")
        previous, size = value, 2 * size
    raise NoConvergence(
        f"the contour integral of {function.expression} did not settle: its singular points are too close"
    )
