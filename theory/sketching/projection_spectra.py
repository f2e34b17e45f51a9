"""Matrices to be sketched: squared singular values by name, handwritten digits, and what is known in closed form."""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
from scipy.integrate import quad

from rmtsym.errors import DomainError

SPECTRA = ("exp0.9", "exp0.8", "poly2", "poly1.5", "lin", "spike", "flat", "digits")


@lru_cache(maxsize=1)
def digits() -> tuple[np.ndarray, np.ndarray]:
    """Handwritten digits of scikit-learn, centred, in the right singular basis, and their squared singular values.

    One image to a row; the three pixels that are always empty are left out, and the largest singular value is one.
    """
    from sklearn.datasets import load_digits

    pixels = load_digits().data
    data = (pixels - pixels.mean(axis=0))[:, pixels.any(axis=0)]
    left, values, _ = np.linalg.svd(data, full_matrices=False)
    return left * (values / values[0]), (values / values[0]) ** 2


def squares(spectrum: str, count: int) -> list[Any]:
    """Squared singular values in descending order, exact or as balls."""
    if spectrum == "digits":
        values = digits()[1]
        if count != len(values):
            raise DomainError("n", count, f"n = {len(values)} for the digits", f"set n={len(values)}")
        return [Fraction(float(v)) for v in values]
    if spectrum == "lin":
        return [Fraction(count - i, count) for i in range(count)]
    if spectrum == "spike":
        return [Fraction(10) if i < 5 else Fraction(1, 20) for i in range(count)]
    if spectrum == "flat":
        return [Fraction(1)] * count
    shape, number = spectrum[:-3] if spectrum.startswith("exp") else "poly", Fraction(spectrum.lstrip("expoly"))
    if shape == "exp":
        return [number**i for i in range(count)]
    return [Fraction(1, i**2) for i in range(1, count + 1)] if number == 2 else _powers(count, number)


def _powers(count: int, exponent: Fraction) -> list[Any]:
    from flint import arb, ctx

    with ctx.workprec(512):
        return [arb(i) ** (-arb(exponent.numerator) / exponent.denominator) for i in range(1, count + 1)]


def geometric(alpha: float, rows: int) -> float:
    """gamma of the squared singular values 1, alpha, alpha^2, ..."""
    return float(np.sqrt(alpha) * (alpha**-rows - 1))


def polynomial(beta: float, rows: float) -> float:
    """gamma of the squared singular values i^-beta, i = 1, 2, ..."""
    return float(((rows + 0.5) * np.sin(np.pi / beta) / (np.pi / beta)) ** beta)


def one_row(values: np.ndarray, place: int = 0) -> float:
    """Entry of E P for one Gaussian row, an integral over one variable, exact at every size."""

    def integrand(u: float) -> float:
        scaled = 2 * np.exp(u) * values
        return scaled[place] / (2 + 2 * scaled[place]) * np.exp(-np.log1p(scaled).sum() / 2)

    return float(quad(integrand, -60, 60, epsabs=0, epsrel=1e-12, limit=400, points=[-np.log(values.sum()), 0])[0])
