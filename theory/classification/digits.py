"""Two classes of the handwritten digits of scikit-learn, as a sample and as the population that a theorem asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Digits", "load", "observe"]


@dataclass(frozen=True)
class Digits:
    """Images of two digits in coordinates in which the pooled covariance is diagonal.

    Parameters
    ----------
    rows : array of shape (images, p)
        Label times image, the midpoint of the two class means taken out, mean variance one.
    eigenvalues, mean : arrays of shape (p,)
        Spectrum of the pooled covariance; coordinates of half the difference of the class means.
    noise : Fraction
        Variance of the white noise that is added to every coordinate of every image drawn.
    """

    rows: np.ndarray
    eigenvalues: np.ndarray
    mean: np.ndarray
    noise: Fraction

    def point(self, samples: int) -> dict[str, Any]:
        """Spectrum, squared mean and ratio as exact parameters of a theorem."""
        p = len(self.mean)
        spectrum = tuple(Fraction(float(x)).limit_denominator(10**6) + self.noise for x in self.eigenvalues)
        mass = tuple(Fraction(float(x) ** 2).limit_denominator(10**6) for x in self.mean)
        return {"s": spectrum, "w": (Fraction(1, p),) * p, "mass": mass, "c": Fraction(p, samples)}

    def split(self, rng: np.random.Generator, samples: int) -> tuple[np.ndarray, np.ndarray]:
        """A random training set, and the other images, each with fresh noise."""
        order = rng.permutation(len(self.rows))
        rows = self.rows[order] + float(self.noise) ** 0.5 * rng.standard_normal(self.rows.shape)
        return rows[:samples], rows[samples:]


@lru_cache(maxsize=8)
def load(first: int = 3, second: int = 8, noise: Any = 0) -> Digits:
    """Two classes of the digits; directions with less than a thousandth of the largest variance are left out.

    >>> load().rows.shape
    (357, 49)
    """
    from sklearn.datasets import load_digits

    images = load_digits()
    one, other = (images.data[images.target == digit] for digit in (first, second))
    half, middle = (one.mean(axis=0) - other.mean(axis=0)) / 2, (one.mean(axis=0) + other.mean(axis=0)) / 2
    rows = np.concatenate([one - middle, middle - other])
    spread = rows - half
    values, vectors = np.linalg.eigh(spread.T @ spread / (len(rows) - 2))
    kept = values > 1e-3 * values[-1]
    scale = values[kept].mean()
    turned = vectors[:, kept] / scale**0.5
    return Digits(rows @ turned, values[kept] / scale, half @ turned, Fraction(noise))


def observe(
    digits: Digits, samples: int, fit: Callable[[np.ndarray], np.ndarray], splits: int = 60, seed: int = 0
) -> dict[str, tuple[float, float]]:
    """Mean over random splits, and its standard error, of margins and errors of a classifier.

    Parameters
    ----------
    fit : callable
        Weights of the classifier made of the rows y_i x_i of the training set.
    """
    found = []
    rng = np.random.default_rng(seed)
    for _ in range(splits):
        training, new = digits.split(rng, samples)
        weights = fit(training)
        margins = new @ weights
        wrong = (margins < 0).mean(), (training @ weights < 0).mean()
        found.append((margins.mean(), margins.std(), *wrong))
    table = np.array(found)
    errors = table.std(axis=0, ddof=1) / splits**0.5
    names = ("M", "sigma", "test_err", "train_err")
    return {name: (float(m), float(e)) for name, m, e in zip(names, table.mean(axis=0), errors, strict=True)}
