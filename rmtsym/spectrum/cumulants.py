"""Moments, free cumulants and S-transforms as exact power series.

Every function maps moments ``(mom_1, ..., mom_k)`` to numbers of the same kind (fractions; cumulants also of
polynomials).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from fractions import Fraction
from typing import Any

from flint import fmpq, fmpq_poly

from rmtsym.spectrum.polynomial import rational, series_inverse, to_fraction

__all__ = [
    "compressed",
    "diluted",
    "free_cumulants",
    "free_power",
    "free_product",
    "free_sum",
    "moments_of_cumulants",
    "scaled",
    "shifted",
    "squared",
]

Moments = tuple[Any, ...]


def free_cumulants(moments: Sequence[Any]) -> Moments:
    r"""Free cumulants :math:`\kappa_1, \dots, \kappa_k` of the moments.

    ``M(x) = 1 + sum mom_k x^k`` and ``kappa_n = -1/(n-1) [x^n] M(x)^{-(n-1)}`` for n > 1 (Lagrange inversion).

    >>> free_cumulants((0, 1, 0, 2, 0, 5))
    (0, 1, 0, 0, 0, 0)
    """
    series = [1, *moments]
    inverse = _inverse(series)
    power, found = list(inverse), [moments[0]] if moments else []
    for n in range(2, len(series)):
        found.append(_divide(-power[n], n - 1))
        power = _times(power, inverse)
    return tuple(found)


def moments_of_cumulants(cumulants: Sequence[Any]) -> Moments:
    r"""Moments of free cumulants: ``mom_n = 1/(n+1) [x^n] (1 + sum kappa_k x^k)^{n+1}``.

    >>> moments_of_cumulants((Fraction(1), Fraction(1, 2), Fraction(1, 4)))
    (Fraction(1, 1), Fraction(3, 2), Fraction(11, 4))
    """
    series = [1, *cumulants]
    power, found = list(series), []
    for n in range(1, len(series)):
        power = _times(power, series)
        found.append(_divide(power[n], n + 1))
    return tuple(found)


def shifted(moments: Sequence[Any], by: Any) -> Moments:
    full = [1, *moments]
    return tuple(sum(math.comb(n, k) * by ** (n - k) * full[k] for k in range(n + 1)) for n in range(1, len(full)))


def scaled(moments: Sequence[Any], by: Any) -> Moments:
    return tuple(x * by ** (k + 1) for k, x in enumerate(moments))


def squared(moments: Sequence[Any]) -> Moments:
    return tuple(moments[1::2])


def diluted(moments: Sequence[Any], share: Any) -> Moments:
    return tuple(x * share for x in moments)


def free_sum(a: Sequence[Any], b: Sequence[Any]) -> Moments:
    """Free cumulants add."""
    return moments_of_cumulants([x + y for x, y in zip(free_cumulants(a), free_cumulants(b), strict=False)])


def free_power(moments: Sequence[Any], times: Any) -> Moments:
    return moments_of_cumulants([times * x for x in free_cumulants(moments)])


def compressed(moments: Sequence[Any], share: Any) -> Moments:
    """Moments of pAp in the corner of a free projection of trace ``share``."""
    return moments_of_cumulants([x * share**k for k, x in enumerate(free_cumulants(moments))])


def free_product(a: Sequence[Fraction], b: Sequence[Fraction]) -> Moments:
    """Moments of the free multiplicative convolution; means may vanish.

    Where a mean is zero the S-transform is not a power series; each moment is a polynomial in a shift of the mean, so
    it is interpolated exactly from shifted laws.
    """
    order = min(len(a), len(b))
    a, b = a[:order], b[:order]
    if order == 0:
        return ()
    if a[0] == 0:
        return _interpolated(lambda s: free_product(shifted(a, s), b), order)
    if b[0] == 0:
        return _interpolated(lambda s: free_product(a, shifted(b, s)), order)
    prec = order + 1
    first, second = (_reversion(fmpq_poly([0, *(rational(x) for x in law)]), prec) for law in (a, b))
    # chi = chi_a chi_b (1 + w)/w
    product = (first.right_shift(1)).mul_low(second, prec).mul_low(fmpq_poly([1, 1]), prec)
    psi = _reversion(product, prec)
    return tuple(to_fraction(psi[k]) for k in range(1, prec))


def _interpolated(law: Any, order: int) -> Moments:
    nodes = [Fraction(k) for k in range(1, order + 2)]
    values = [law(x) for x in nodes]
    weights = []
    for x in nodes:
        weights.append(math.prod((Fraction(0) - y) / (x - y) for y in nodes if y != x))
    return tuple(sum(w * v[k] for w, v in zip(weights, values, strict=True)) for k in range(order))


def _reversion(series: fmpq_poly, prec: int) -> fmpq_poly:
    """Compositional inverse by Lagrange: ``[w^n] = 1/n [x^(n-1)] (x/f)^n``."""
    quotient = series_inverse(series.right_shift(1), prec)
    power, found = fmpq_poly([1]), [fmpq(0)]
    for n in range(1, prec):
        power = power.mul_low(quotient, prec)
        found.append(power[n - 1] / n)
    return fmpq_poly(found)


def _times(a: list[Any], b: list[Any]) -> list[Any]:
    return [_expand(sum(a[k] * b[n - k] for k in range(n + 1))) for n in range(len(a))]


def _inverse(series: list[Any]) -> list[Any]:
    found: list[Any] = [1]
    for n in range(1, len(series)):
        found.append(_expand(-sum(series[k] * found[n - k] for k in range(1, n + 1))))
    return found


def _expand(x: Any) -> Any:
    return x.expand() if hasattr(x, "expand") else x


def _divide(x: Any, n: int) -> Any:
    if isinstance(x, int):
        exact = Fraction(x, n)
        return int(exact) if exact.denominator == 1 else exact
    return _expand(x / n)
