r"""Equilibrium models: the variance of the equilibrium, and the exact kernel of infinite width, entry by entry.

.. math:: G_{ij}=E\,\phi(u)\phi(v),\quad (u,v)\sim N(0,\Lambda_{\{i,j\}}),\quad \Lambda=\sigma_a^2G+\sigma_b^2X^\top X.

A point has phi, sigma_a2, sigma_b2, tau0 and the coefficients of the activations.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import mpmath
import numpy as np
import sympy as sp
from sympy import exp, pi, sqrt

from rmtsym.errors import DomainError
from rmtsym.gaussian.recursion import variance_fixed_point
from theory.kernels import layers
from theory.kernels.layers import TABLE, any_layer

#: Mean square of the slope: the equilibrium is stable where sigma_a^2 times it is below 1.
GRADIENT: dict[str, sp.Expr] = {
    "relu": sp.S.Half,
    "lrelu": (layers.a**2 + layers.b**2) / 2,
    "abs": sp.S.One,
    "quad": 4 * layers.q2**2 * layers.v + layers.q1**2,
    "sin": (1 + exp(-2 * layers.v)) / 2,
    "cos": (1 - exp(-2 * layers.v)) / 2,
    "erf": 4 / (pi * sqrt(1 + 4 * layers.v)),
}


@lru_cache(maxsize=256)
def equilibrium(name: str, given: tuple[tuple[str, Fraction], ...], gain: Fraction, bias: Fraction) -> float:
    """Smallest root of the variance map, in floating point; refuses an unstable one."""
    f = layers.function(name, {k: sp.Rational(x.numerator, x.denominator) for k, x in given})
    try:
        root = variance_fixed_point(f, float(gain), float(bias))
    except DomainError:
        raise DomainError("sigma_a2", gain, "a variance with a fixed point", "there is none; decrease it") from None
    numbers = {sp.Symbol(k, real=True): float(x) for k, x in given}
    steep = float(GRADIENT[name].subs({layers.v: root, **numbers}))
    if float(gain) * steep >= 1:
        why = f"the equilibrium of {name} is unstable: E phi'^2 = {steep:.6g} there"
        raise DomainError("sigma_a2", gain, "sigma_a2 E phi'^2 < 1 at the equilibrium", why)
    return root


def variance_of(point: dict[str, Any]) -> float:
    """Equilibrium variance at a point."""
    given = layers.letters(point["lrelu"], point["quad"])
    bias = point["sigma_b2"] * point["tau0"] ** 2
    return equilibrium(point["phi"], tuple(sorted(given.items())), point["sigma_a2"], bias)


@lru_cache(maxsize=64)
def maps(key: tuple[tuple[str, Any], ...]) -> tuple[Any, Any, float, float]:
    """Exact maps of a layer, off and on the diagonal, and their slopes at the equilibrium."""
    point = dict(key)
    given, variance = layers.letters(point["lrelu"], point["quad"]), variance_of(point)
    numbers = {layers.v: variance, **{sp.Symbol(k, real=True): float(c) for k, c in given.items()}}
    row = TABLE[point["phi"]]
    off, on = layers.numeric_layer(point["phi"], tuple(sorted(given.items())), variance)
    return off, on, float(row.slope.subs(numbers)) ** 2, float(row.growth.subs(numbers))


def exact_diagonal(point: dict[str, Any], lengths: np.ndarray) -> np.ndarray:
    """Diagonal of the exact kernel for samples of these squared lengths."""
    _, on, _, growth = maps(tuple(sorted(point.items())))
    gain = float(point["sigma_a2"])
    return settled(on, gain, float(point["sigma_b2"]) * lengths, gain * growth)


def exact_kernel(point: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """Fixed point of the exact kernel, entry by entry: first the diagonal, then each pair with its two variances."""
    off, _, slope, _ = maps(tuple(sorted(point.items())))
    gain, drive = float(point["sigma_a2"]), float(point["sigma_b2"]) * (x.T @ x)
    i, j = np.triu_indices(len(drive), 1)
    diagonal = exact_diagonal(point, np.sum(x**2, axis=0))
    scales = gain * diagonal + np.diagonal(drive)
    kernel = np.diag(diagonal)
    kernel[i, j] = kernel[j, i] = settled(lambda c: off(scales[i], c, scales[j]), gain, drive[i, j], gain * slope)
    return kernel


def settled(image: Any, gain: float, bias: np.ndarray, rate: float) -> np.ndarray:
    """Solution of g = image(gain g + bias) by chords of slope ``rate``, to rounding."""
    found = np.zeros_like(bias)
    for _ in range(200):
        change = (image(gain * found + bias) - found) / (1 - rate)
        found = found + change
        if np.max(np.abs(change)) <= 1e-14:
            return found
    raise DomainError("sigma_a2", gain, "a contracting layer", "the equilibrium of one of the samples is unstable")


class Unrolled:
    """Layers with input injection: (variance, c1, c2, c3, c4) after each, to sixty digits.

    Each layer is at the variance that reaches it, or all at that of the first.
    """

    def __init__(self, point: dict[str, Any], moving: bool = True) -> None:
        table = {
            sp.Symbol(k, real=True): sp.Rational(x) for k, x in layers.letters(point["lrelu"], point["quad"]).items()
        }
        row = sp.lambdify(layers.v, [e.subs(table) for e in TABLE[point["phi"]]], "mpmath")
        new, symbols = any_layer()
        step = sp.lambdify(symbols, new, "mpmath")
        with mpmath.workdps(60):
            gain, bias, power = (mpmath.mpf(x.numerator) / x.denominator for x in (
                point["sigma_a2"], point["sigma_b2"], point["tau0"] ** 2))  # fmt: skip
            variance, found, self.states = bias * power, (mpmath.mpf(0),) * 4, []
            for _ in range(130):
                moments = row(variance)
                one, two, three, four = found
                found = step(*moments, gain * one + bias, gain * two, gain * three, gain * four + bias)
                if moving:
                    variance = gain * moments[2] + bias * power
                self.states.append((variance, *found))
            #: sigma_a^2 h and sigma_a^2 s^2 at the end
            self.growth, self.slope = gain * moments[3], gain * moments[0] ** 2

    def gap(self, depth: int) -> list[Any]:
        """Distances from the end, after so many layers."""
        with mpmath.workdps(60):
            return [abs(x - y) for x, y in zip(self.states[depth - 1], self.states[-1], strict=True)]

    def ratio(self, depth: int) -> list[float]:
        """How much of each distance one more layer leaves; 0 where there is none."""
        with mpmath.workdps(60):
            pairs = zip(self.gap(depth), self.gap(depth + 1), strict=True)
            return [float(after / now) if now > mpmath.mpf(10) ** -50 else 0.0 for now, after in pairs]

    def is_linear(self, factor: float) -> bool:
        """Whether the largest distance, over this multiple of sigma_a^2 h to the depth, is linear in the depth."""
        with mpmath.workdps(60):
            first, middle, last = (max(self.gap(d)) / (factor * self.growth) ** d for d in (20, 40, 60))
            return bool(abs(first - 2 * middle + last) < last / 1000)


def mean_square_slope(point: dict[str, Any]) -> float:
    """E phi'^2 at the equilibrium."""
    table = {sp.Symbol(k, real=True): float(x) for k, x in layers.letters(point["lrelu"], point["quad"]).items()}
    return float(GRADIENT[point["phi"]].subs({layers.v: variance_of(point), **table}))
