"""Fixed data of the regression theorems: two Gaussian classes, and the handwritten digits of scikit-learn."""

from __future__ import annotations

from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.errors import DomainError, UnknownName

__all__ = ["NAMES", "load"]

NAMES = ("gauss", "toeplitz", "digits")
_CLASSES = (3, 8)


@lru_cache(maxsize=16)
def load(
    name: str, p: int, T: int, Th: int, snr: Any = 2, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Training and test data, one column for each sample, and labels +1, -1 in turn.

    Parameters
    ----------
    name : str
        ``gauss`` (means +-snr on the first coordinate), ``toeplitz`` (the same with covariance 0.6^|i-j|) or ``digits``
        (classes 3 and 8, centred, mean squared norm one; ``p`` is 64, ``seed`` shuffles).

    Returns
    -------
    X, Xh, y, yh : arrays of shape (p, T), (p, Th), (T,), (Th,)

    Examples
    --------
    >>> X, Xh, y, yh = load("gauss", 8, 6, 4)
    >>> X.shape, yh.tolist()
    ((8, 6), [1.0, -1.0, 1.0, -1.0])
    """
    y, yh = (np.where(np.arange(m) % 2 == 0, 1.0, -1.0) for m in (T, Th))
    if name == "digits":
        return (*_digits(p, T, Th, seed), y, yh)
    if name not in NAMES:
        raise UnknownName("data set", name, NAMES)
    rng = np.random.RandomState(seed)  # the generator of the reference figures
    Z, Zh = rng.randn(p, T), rng.randn(p, Th)
    if name == "toeplitz":
        factor = np.linalg.cholesky(0.6 ** np.abs(np.subtract.outer(np.arange(p), np.arange(p))))
        Z, Zh = factor @ Z, factor @ Zh
    Z[0] += float(snr) * y
    Zh[0] += float(snr) * yh
    return Z / np.sqrt(p), Zh / np.sqrt(p), y, yh


def _digits(p: int, T: int, Th: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    from sklearn.datasets import load_digits

    images = load_digits()
    if p != images.data.shape[1]:
        raise DomainError("p", p, "p = 64 for the digits", "set p=64")
    rng = np.random.default_rng(seed)
    classes = [rng.permutation(images.data[images.target == c]) for c in _CLASSES]
    most = 2 * min(len(c) for c in classes)
    if T + Th > most or T % 2 or Th % 2:
        allowed = f"even numbers, at most {most} in all for the digits"
        raise DomainError("training and test samples", f"{T} and {Th}", allowed, "use fewer samples")
    pairs = np.stack([c[: (T + Th) // 2] for c in classes], axis=1).reshape(T + Th, p)
    pairs = pairs - pairs[:T].mean(axis=0)
    pairs /= np.sqrt(np.mean(np.sum(pairs[:T] ** 2, axis=1)))
    return pairs[:T].T.copy(), pairs[T:].T.copy()
