"""A spectral curve checked against exact moments."""

from __future__ import annotations

from typing import Any

import sympy as sp

__all__ = ["curve_agrees"]


def curve_agrees(curve: Any, moments: tuple[Any, ...], m: sp.Symbol, z: sp.Symbol) -> int:
    r"""Number of moments that a curve reproduces: ``P(m, z) = 0`` with :math:`m(z) = -\sum_k \mu_k z^{-k-1}`.

    The curve determines its moments one after the other, so the residual of order ``k`` vanishes exactly when moment
    ``k`` is right.  Each moment is also displaced, which must show: a curve that does not notice has no power.

    Parameters
    ----------
    curve : sympy expression or Poly
        Polynomial in ``m`` and ``z``; other symbols must also be symbols of the moments.
    moments : tuple
        ``mu_0, mu_1, ...`` as returned by :func:`planar_moments`.

    Returns
    -------
    int
        Largest ``k`` such that the moments ``mu_0 .. mu_{k-1}`` agree and the curve depends on each of them.

    Examples
    --------
    >>> m, z = sp.symbols("m z")
    >>> curve_agrees(m**2 + z * m + 1, (1, 0, 1, 0, 2, 0, 5), m, z)
    7
    >>> curve_agrees(m**2 + z * m + 1, (1, 0, 1, 0, 3, 0, 5), m, z)
    4
    """
    poly = sp.Poly(curve.as_expr() if isinstance(curve, sp.Poly) else curve, m, z)
    values = [sp.sympify(x) for x in moments]
    base = poly.degree(z)
    count = len(values)
    shown = sp.Dummy("delta")

    def residual(series: list[sp.Expr]) -> list[sp.Expr]:
        """Coefficients of P(m(1/u), 1/u) u^base in powers of u, as far as the known moments determine them."""
        length = count + base + poly.degree(m) + 1
        power = [sp.Integer(1)] + [sp.Integer(0)] * (length - 1)
        single = ([sp.Integer(0)] + [-x for x in series] + [sp.Integer(0)] * length)[:length]
        powers = [power]
        for _ in range(poly.degree(m)):
            last = powers[-1]
            powers.append([sp.expand(sum(last[i] * single[j - i] for i in range(j + 1))) for j in range(length)])
        out = [sp.Integer(0)] * (length + base)
        for (i, j), coefficient in poly.terms():
            for k, value in enumerate(powers[i]):
                out[k + base - j] += coefficient * value
        return [sp.expand(x) for x in out]

    exact = residual(values)
    for k in range(count):
        # first order at which moment k enters, with everything before it as given
        moved = residual([*values[:k], values[k] + shown, *values[k + 1 :]])
        entry = next((i for i, x in enumerate(moved) if x.has(shown)), None)
        if entry is None or any(sp.cancel(x) != 0 for x in exact[: entry + 1]):
            return k
    return count
