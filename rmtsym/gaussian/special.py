r"""The one special function that thresholds add: the bivariate normal distribution function."""

from __future__ import annotations

from typing import Any

import sympy as sp

__all__ = ["BivariateNormal"]


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
