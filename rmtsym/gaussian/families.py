r"""Coefficient families of random-feature and inner-product kernels, derived from Gaussian moments.

All are combinations of the generalised moments :math:`E\sigma`, :math:`E\sigma'`, :math:`E\sigma''`,
:math:`E\sigma^2` at variance tau (Stein's identities), so that they hold for functions that jump.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.activations import activation
from rmtsym.gaussian.expectations import (
    TAU,
    derivative_moment,
    expectation,
    hermite_coefficient,
)
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.moments import Moment
from rmtsym.gaussian.presentation import simplified

__all__ = ["FeatureCoefficients", "HermiteCoefficients", "feature_coefficients", "hermite_coefficients"]


def closed(moment: Moment) -> sp.Expr:
    """The closed form, or an error that says what to do instead."""
    if moment.expr is None:
        raise UnsupportedModel(f"{moment.name} has no closed form; use numeric values (expectation_values)")
    return moment.expr


@dataclass(frozen=True)
class FeatureCoefficients:
    r"""Coefficients of the random-feature kernel of a Gaussian mixture.

    .. math:: d_1=E[\sigma']^2,\quad d_2=\tfrac14E[\sigma'']^2,\quad d_0=E\sigma^2-(E\sigma)^2-\tau d_1.
    """

    d0: sp.Expr
    d1: sp.Expr
    d2: sp.Expr
    moments: tuple[Moment, ...] = ()

    @property
    def certified(self) -> bool:
        """Whether each of the four moments carries a certificate."""
        return all(bool(m.certificate) for m in self.moments)


def feature_coefficients(f: Function | str, variance: Any = TAU) -> FeatureCoefficients:
    """The triple (d0, d1, d2) at variance ``tau``.

    Source: Z. Liao and R. Couillet, "On the spectrum of random features maps of high dimensional data", ICML 2018.

    Examples
    --------
    >>> d = feature_coefficients("relu")
    >>> d.d1, d.d2
    (1/4, 1/(8*pi*tau))
    """
    f = activation(f)
    tau = sp.sympify(variance)
    mean, square = expectation(f, tau), expectation(f * f, tau)
    first, second = derivative_moment(f, 1, tau), derivative_moment(f, 2, tau)
    d1 = simplified(closed(first) ** 2)
    d2 = simplified(closed(second) ** 2 / 4)
    d0 = simplified(closed(square) - closed(mean) ** 2 - tau * d1)
    return FeatureCoefficients(d0, d1, d2, (mean, square, first, second))


@dataclass(frozen=True)
class HermiteCoefficients:
    r"""Coefficients of a properly scaled inner-product kernel: :math:`a_k=\hat f_k`, :math:`\nu=\mathrm{Var} f(z)`."""

    a0: sp.Expr
    a1: sp.Expr
    a2: sp.Expr
    nu: sp.Expr


def hermite_coefficients(f: Function | str) -> HermiteCoefficients:
    r"""``a0, a1, a2`` (normalised Hermite coefficients) and the variance ``nu`` at unit variance.

    Examples
    --------
    >>> h = hermite_coefficients("sign")
    >>> h.a1, h.a2, h.nu
    (sqrt(2)/sqrt(pi), 0, 1)
    """
    f = activation(f)
    a0, a1, a2 = (closed(hermite_coefficient(f, k)) for k in range(3))
    return HermiteCoefficients(a0, a1, a2, simplified(closed(expectation(f * f, 1)) - a0**2))
