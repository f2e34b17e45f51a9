"""Handwritten digits of scikit-learn, as a sample and as the population that a theorem asks for."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np

__all__ = ["Digits", "load", "observe", "residuals"]


@dataclass(frozen=True)
class Digits:
    """Images of digits in coordinates in which the pooled covariance is diagonal.

    Parameters
    ----------
    rows : array of shape (images, p)
        Label times image, the midpoint of the two class means taken out.
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

    def whitened(self) -> Digits:
        """White images, the noise added to them, and both divided by their standard deviation: covariance one.

        >>> load(1, 7, noise=4).whitened().point(100)["s"][:2]
        (Fraction(1, 1), Fraction(1, 1))
        """
        scale = np.sqrt(self.eigenvalues * float(1 + self.noise))
        white = np.full(len(self.mean), 1 / float(1 + self.noise))
        return Digits(self.rows / scale, white, self.mean / scale, self.noise / (1 + self.noise))


@lru_cache(maxsize=8)
def load(first: int = 3, second: int = 8, noise: Any = 0) -> Digits:
    """Two classes of the digits, in units in which the mean variance is one.

    >>> load().rows.shape
    (357, 49)
    """
    from sklearn.datasets import load_digits

    images = load_digits()
    one, other = (images.data[images.target == digit] for digit in (first, second))
    half, middle = (one.mean(axis=0) - other.mean(axis=0)) / 2, (one.mean(axis=0) + other.mean(axis=0)) / 2
    return _turned(np.concatenate([one - middle, middle - other]), half, 2, noise)


@lru_cache(maxsize=2)
def residuals(noise: Any = 0) -> Digits:
    """All ten digits, each image less the mean of its class, in units in which the mean variance is one.

    >>> residuals().rows.shape
    (1797, 52)
    """
    from sklearn.datasets import load_digits

    images = load_digits()
    means = np.array([images.data[images.target == digit].mean(axis=0) for digit in range(10)])
    return _turned(images.data - means[images.target], np.zeros(images.data.shape[1]), 10, noise)


def _turned(rows: np.ndarray, mean: np.ndarray, classes: int, noise: Any) -> Digits:
    """In the eigenbasis, without the directions of less than a thousandth of the largest variance."""
    spread = rows - mean
    values, vectors = np.linalg.eigh(spread.T @ spread / (len(rows) - classes))
    kept = values > 1e-3 * values[-1]
    scale = values[kept].mean()
    turned = vectors[:, kept] / scale**0.5
    return Digits(rows @ turned, values[kept] / scale, mean @ turned, Fraction(noise))


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
