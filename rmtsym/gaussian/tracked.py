"""Doubles that carry a running bound of their own rounding error, vectorised.

Every operation adds its rounding and propagates the bounds of its operands, so that cancellation shows as a bound
that is large compared with the value; the caller then recomputes those few entries in ball arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
from scipy import special

from rmtsym.errors import UnsupportedModel
from rmtsym.gaussian.special import bivariate_normal

__all__ = ["TRACKED", "Tracked"]

_U = 2.0**-53


class Tracked:
    """A value with a bound of its absolute error (first order in the unit roundoff, with a margin of two)."""

    __slots__ = ("bound", "value")

    def __init__(self, value: Any, bound: Any) -> None:
        self.value, self.bound = value, bound

    def __add__(self, other: Tracked) -> Tracked:
        value = self.value + other.value
        return Tracked(value, self.bound + other.bound + _U * np.abs(value))

    def __mul__(self, other: Tracked) -> Tracked:
        value = self.value * other.value
        spread = np.abs(self.value) * other.bound + (np.abs(other.value) + other.bound) * self.bound
        if _is_power_of_two(self.value) or _is_power_of_two(other.value):
            return Tracked(value, spread)  # exact, and 1 - rho must stay so
        return Tracked(value, spread + _U * np.abs(value))

    def __truediv__(self, other: Tracked) -> Tracked:
        value = self.value / other.value
        room = np.maximum(np.abs(other.value) - other.bound, 0.0)
        return Tracked(value, (self.bound + np.abs(value) * other.bound) / room + _U * np.abs(value))


def _is_power_of_two(value: Any) -> bool:
    return np.ndim(value) == 0 and abs(math.frexp(float(value))[0]) == 0.5


def _image(x: Tracked, function: Callable[[Any], Any], slope: Callable[[Any], Any], ulps: float = 4) -> Tracked:
    value = function(x.value)
    # the slope is a bound over the uncertainty interval, which is tiny compared with the scale of the function
    return Tracked(value, 2 * slope(x.value) * x.bound + ulps * _U * np.abs(value))


class TrackedFloat:
    """The number system of :class:`Tracked` values; the same calls as the systems of :mod:`rmtsym.field`."""

    name = "tracked"

    def number(self, value: Any) -> Tracked:
        if isinstance(value, Tracked):
            return value
        if isinstance(value, (int, Fraction)):
            number = np.float64(value)
            exact = Fraction(float(number)) == value
            return Tracked(number, np.float64(0.0 if exact else _U * abs(number)))
        array = np.asarray(value, dtype=float)
        return Tracked(array, np.zeros_like(array))

    def constant(self, name: str) -> Tracked:
        if name == "I":
            raise UnsupportedModel("this formula has complex intermediate values; use balls")
        value = {"pi": np.pi, "E": np.e}[name]
        return Tracked(np.float64(value), np.float64(_U * value))

    def total(self, terms: list[Tracked]) -> Tracked:
        result = terms[0]
        for term in terms[1:]:
            result = result + term
        return result

    def product(self, factors: list[Tracked]) -> Tracked:
        result = factors[0]
        for factor in factors[1:]:
            result = result * factor
        return result

    def power(self, base: Tracked, exponent: Fraction) -> Tracked:
        whole, odd = divmod(exponent.numerator, 2) if exponent.denominator == 2 else (exponent.numerator, 0)
        result = None
        for _ in range(whole):
            result = base if result is None else result * base
        if odd:
            root = self._sqrt(base)
            result = root if result is None else result * root
        if exponent.denominator > 2 or result is None:
            raise UnsupportedModel(f"power {exponent} has no error bound")
        return result

    def _sqrt(self, x: Tracked) -> Tracked:
        inside = np.maximum(x.value, 0.0)
        value = np.sqrt(inside)
        # sqrt(v + e) - sqrt(v) <= min(sqrt(e), e / sqrt(v))
        with np.errstate(divide="ignore", invalid="ignore"):
            linear = x.bound / value
        bound = np.where(x.bound < inside, 2 * np.where(value > 0, linear, 0.0), 2 * np.sqrt(x.bound + inside))
        bound = np.where(x.value < -x.bound, np.inf, bound)  # certainly negative: no real root
        return Tracked(value, bound + _U * value)

    def call(self, name: str, x: Tracked) -> Tracked:
        match name:
            case "exp":
                return _image(x, np.exp, np.exp)
            case "cosh":
                return _image(x, np.cosh, lambda v: np.abs(np.sinh(v)) + 1e-300)
            case "sinh":
                return _image(x, np.sinh, np.cosh)
            case "sin":
                return _image(x, np.sin, np.ones_like)
            case "cos":
                return _image(x, np.cos, np.ones_like)
            case "tanh":
                return _image(x, np.tanh, np.ones_like)
            case "sqrt":
                return self._sqrt(x)
            case "erf":
                return _image(x, special.erf, _gauss)
            case "erfc":
                return _image(x, special.erfc, _gauss, 16)
            case "erfi":
                return _image(x, special.erfi, lambda v: 2 * np.exp(v**2) / np.sqrt(np.pi), 16)
            case "asin":
                root = self._sqrt(self.number(1) + self.number(-1) * x * x)
                return self.atan2(x, root)
        raise UnsupportedModel(f"{name} has no running error bound")

    def atan2(self, y: Tracked, x: Tracked) -> Tracked:
        value = np.arctan2(y.value, x.value)
        square = np.hypot(y.value, x.value) ** 2
        with np.errstate(divide="ignore", invalid="ignore"):
            spread = (np.abs(x.value) * y.bound + np.abs(y.value) * x.bound) / square
        return Tracked(value, np.where(square > 0, 2 * spread, np.pi) + 2 * _U * np.abs(value))

    def bivariate_normal(self, h: Tracked, k: Tracked, rho: Tracked) -> Tracked:
        value = _owen(h.value, k.value, rho.value)
        root = np.sqrt((1 - rho.value) * (1 + rho.value))
        with np.errstate(divide="ignore", invalid="ignore"):
            steep = np.where(root > 0, 0.16 / root, np.inf) * rho.bound
        steep = np.where(rho.bound > 0, steep, 0.0)
        return Tracked(value, h.bound + k.bound + 2 * steep + 16 * _U)


def _gauss(x: Any) -> Any:
    return 2 * np.exp(-(x**2)) / np.sqrt(np.pi)


def _owen(h: Any, k: Any, rho: Any) -> Any:
    from rmtsym.field.evaluate import FLOAT

    return bivariate_normal(FLOAT, h, k, rho)


TRACKED = TrackedFloat()
