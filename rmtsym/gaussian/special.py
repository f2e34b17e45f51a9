r"""The one special function that thresholds add: the bivariate normal distribution function."""

from __future__ import annotations

from typing import Any

import sympy as sp

__all__ = ["BivariateNormal", "bivariate_normal"]


class BivariateNormal(sp.Function):
    r"""Distribution function :math:`\Phi_2(h,k;\rho)=P(X\le h,\,Y\le k)` of standard Gaussians of correlation rho.

    .. math:: \Phi_2(h,k;\rho)=\Phi(h)\Phi(k)+\frac1{2\pi}\int_0^\rho
        \exp\Big(-\frac{h^2-2rhk+k^2}{2(1-r^2)}\Big)\frac{dr}{\sqrt{1-r^2}}.

    >>> BivariateNormal(0, 0, sp.Rational(1, 2))
    1/3
    """

    nargs = 3

    @classmethod
    def eval(cls, h: sp.Expr, k: sp.Expr, rho: sp.Expr) -> sp.Expr | None:
        if h == 0 and k == 0:
            return sp.Rational(1, 4) + sp.asin(rho) / (2 * sp.pi)
        if rho == 0:
            return sp.erfc(-h / sp.sqrt(2)) * sp.erfc(-k / sp.sqrt(2)) / 4
        if sp.default_sort_key(k) < sp.default_sort_key(h):
            return cls(k, h, rho)  # symmetric
        return None

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        h, k, rho = self.args
        if argindex == 2:
            h, k = k, h
        root = sp.sqrt(1 - rho**2)
        if argindex == 3:
            return sp.exp(-(h**2 - 2 * rho * h * k + k**2) / (2 * (1 - rho**2))) / (2 * sp.pi * root)
        return sp.exp(-(h**2) / 2) / sp.sqrt(2 * sp.pi) * sp.erfc(-(k - rho * h) / (root * sp.sqrt(2))) / 2

    def _eval_is_extended_real(self) -> bool | None:
        return all(a.is_extended_real for a in self.args) or None

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        h, k, rho = (printer._print(a) for a in self.args)
        text = rf"\Phi_2\!\left({h},{k};{rho}\right)"
        return text if exp is None else rf"{text}^{{{exp}}}"


def bivariate_normal(system: Any, h: Any, k: Any, rho: Any) -> Any:
    """The distribution function in a number system: Owen's T for floats, the correlation integral otherwise."""
    match system.name:
        case "float":
            return _by_owen(h, k, rho)
        case "mpmath":
            return _by_quadrature(system.mp, h, k, rho)
        case "ball":
            return _by_ball_integral(h, k, rho)
    return system.bivariate_normal(h, k, rho)


def _by_owen(h: Any, k: Any, rho: Any) -> Any:
    import numpy as np
    from scipy.special import ndtr, owens_t

    h, k, rho = np.broadcast_arrays(*(np.asarray(a, dtype=float) for a in (h, k, rho)))
    root = np.sqrt((1 - rho) * (1 + rho))

    def part(a: Any, b: Any) -> Any:
        with np.errstate(divide="ignore", invalid="ignore"):
            slope = (b - rho * a) / (a * root)
        slope = np.where(a == 0, np.copysign(np.inf, b), slope)
        return owens_t(a, slope)

    opposite = (h * k < 0) | ((h * k == 0) & (h + k < 0))
    value = (ndtr(h) + ndtr(k)) / 2 - part(h, k) - part(k, h) - np.where(opposite, 0.5, 0.0)
    equal = (h == 0) & (k == 0)
    value = np.where(equal, 0.25 + np.arcsin(rho) / (2 * np.pi), value)
    value = np.where(root == 0, np.where(rho > 0, ndtr(np.minimum(h, k)), np.maximum(ndtr(h) - ndtr(-k), 0)), value)
    return value


def _by_quadrature(mp: Any, h: Any, k: Any, rho: Any) -> Any:
    if abs(rho) == 1:
        return mp.ncdf(min(h, k)) if rho > 0 else max(mp.ncdf(h) - mp.ncdf(-k), mp.mpf(0))

    def integrand(angle: Any) -> Any:
        return mp.exp(-(h * h + k * k - 2 * h * k * mp.sin(angle)) / (2 * mp.cos(angle) ** 2))

    end = mp.asin(rho)
    nodes = [end * (1 - mp.mpf(2) ** -j) for j in range(12)] + [end]
    return mp.ncdf(h) * mp.ncdf(k) + mp.quad(integrand, nodes) / (2 * mp.pi)


def _by_ball_integral(h: Any, k: Any, rho: Any) -> Any:
    """Entire in h and k; the correlation is real."""
    import flint
    from flint import acb, arb

    h, k, rho = (acb(a) for a in (h, k, rho))
    real = bool(h.imag.is_zero() and k.imag.is_zero())
    if not rho.imag.is_zero():
        return acb(arb.nan(), arb.nan())
    rho = rho.real

    def cdf(x: Any) -> Any:
        return (-x / arb(2).sqrt()).erfc() / 2

    if not 1 - rho * rho > 0:
        inner = rho.lower() if rho > 0 else rho.upper()
        if not real or not abs(rho) > 0 or abs(inner) > 1:
            return acb(arb.nan(), arb.nan())
        h, k = h.real, k.real
        end = cdf(h.min(k)) if rho > 0 else (cdf(h) - cdf(-k)).max(arb(0))
        if abs(rho) == 1:
            return end
        # increasing in the correlation: between its values at the two ends
        return end.union(_by_ball_integral(h, k, inner)) if 1 - inner * inner > 0 else arb.nan()
    sign = -1 if rho < 0 else 1
    gap, product = (h - sign * k) * (h - sign * k), sign * h * k

    def integrand(angle: Any, _: bool) -> Any:
        # (h^2 + k^2 - 2 h k sin)/(2 cos^2), split so that nothing cancels where the correlation is near +-1
        exponent = product / (1 + sign * angle.sin())
        return (-exponent if gap.is_zero() else -exponent - gap / (2 * angle.cos() * angle.cos())).exp()

    tolerance = arb(2) ** (-flint.ctx.prec)
    value = acb.integral(integrand, acb(0), acb(rho.asin()), abs_tol=tolerance, eval_limit=10**6)
    value = cdf(h) * cdf(k) + value / (2 * arb.pi())
    return value.real if real else value
