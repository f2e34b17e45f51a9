r"""Random ensembles of the sheets: entry laws, populations, symmetric and orthogonal matrices, tridiagonal models.

Entries are centred with unit variance; the scaling by :math:`1/\sqrt n` is the model's, not the ensemble's.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from math import factorial, lcm, prod
from typing import Any, overload

import numpy as np

from rmtsym.errors import DomainError, UnknownName

__all__ = [
    "LAWS",
    "block_counts",
    "block_signal",
    "entries",
    "entry_moment",
    "excess_kurtosis",
    "haar",
    "population",
    "wigner",
    "wigner_eigenvalues",
    "wishart_eigenvalues",
    "wishart_factor",
]

#: Entry laws by name; ``t5`` and ``t9`` stand for every standardised Student law ``t<degrees of freedom>``, ``three3``
#: for every law ``three<k>`` on three values with the fourth moment k.
LAWS = ("gauss", "rad", "unif", "laplace", "t5", "t9", "sparse", "three3")

_SPARSITY = 0.1
_STUDENT = re.compile(r"t([1-9]\d{0,3})\Z")
_THREE = re.compile(r"three([1-9]\d{0,3})\Z")


def _student(law: str) -> int | None:
    match = _STUDENT.match(law)
    if match is None:
        return None
    degrees = int(match[1])
    if degrees < 3:
        raise DomainError("law", law, "t3, t4, t5, ...", "the variance must be finite")
    return degrees


def entries(rng: np.random.Generator, shape: int | tuple[int, ...], law: str = "gauss") -> np.ndarray:
    """Independent entries of mean 0 and variance 1.

    Parameters
    ----------
    shape : int or tuple of int
    law : str
        ``gauss``; ``rad`` (signs); ``unif`` (uniform); ``laplace`` (two-sided exponential); ``t5``, ``t9``, ...
        (Student); ``sparse`` (Gaussian times Bernoulli(0.1), over the root of 0.1); ``three3``, ``three6``, ... (signs
        times Bernoulli(1/k), times the root of k: zero and two more values, of fourth moment k).

    Examples
    --------
    >>> entries(np.random.default_rng(0), (2, 3), "rad").tolist()
    [[1.0, 1.0, 1.0], [-1.0, -1.0, -1.0]]
    """
    if law == "gauss":
        return rng.standard_normal(shape)
    if law == "rad":
        return 2.0 * rng.integers(0, 2, size=shape) - 1.0
    if law == "unif":
        return np.sqrt(12.0) * (rng.random(shape) - 0.5)
    if law == "sparse":
        return rng.standard_normal(shape) * (rng.random(shape) < _SPARSITY) / np.sqrt(_SPARSITY)
    if law == "laplace":
        return rng.laplace(scale=np.sqrt(0.5), size=shape)
    if three := _THREE.match(law):
        drawn = rng.integers(0, 2 * int(three[1]), size=shape)
        return np.sqrt(float(three[1])) * ((drawn == 0) * 1.0 - (drawn == 1))
    degrees = _student(law)
    if degrees is None:
        raise UnknownName("entry law", law, LAWS)
    return rng.standard_t(degrees, size=shape) * np.sqrt((degrees - 2) / degrees)


def entry_moment(law: str, order: int) -> float:
    r"""Moment :math:`E z^k` of an entry law; infinite beyond the tail of a Student law.

    >>> [entry_moment("gauss", k) for k in (1, 2, 4, 6, 8)]
    [0.0, 1.0, 3.0, 15.0, 105.0]
    >>> entry_moment("sparse", 4), entry_moment("t9", 4), entry_moment("t5", 6)
    (30.0, 4.2, inf)
    >>> entry_moment("laplace", 4), entry_moment("three3", 4), entry_moment("three3", 6)
    (6.0, 3.0, 9.0)
    """
    double_factorial = float(prod(range(order - 1, 0, -2)))
    known = {
        "gauss": double_factorial,
        "rad": 1.0,
        "unif": 3.0 ** (order // 2) / (order + 1),
        "laplace": float(factorial(order)) / 2.0 ** (order / 2),
        "sparse": double_factorial * _SPARSITY ** (1 - order / 2),
    }
    if three := _THREE.match(law):
        known[law] = float(three[1]) ** (order / 2 - 1)
    degrees = None if law in known else _student(law)
    if law not in known and degrees is None:
        raise UnknownName("entry law", law, LAWS)
    if order % 2:
        return 0.0  # all laws here are symmetric
    if degrees is None:
        return round(known[law], 12)
    if order >= degrees:
        return float("inf")
    tail = prod(degrees - 2 * j for j in range(1, order // 2 + 1))  # E t^k = (k-1)!! nu^(k/2) / ((nu-2)(nu-4)...)
    return double_factorial * (degrees - 2) ** (order // 2) / tail


def excess_kurtosis(law: str) -> float:
    r"""Fourth cumulant :math:`\kappa_4 = E z^4 - 3` of an entry law.

    >>> excess_kurtosis("sparse"), excess_kurtosis("rad"), round(excess_kurtosis("t9"), 12)
    (27.0, -2.0, 1.2)
    """
    return entry_moment(law, 4) - 3.0


# -- populations ------------------------------------------------------------------------------------------------------


def block_counts(weights: Sequence[Any], size: int) -> tuple[int, ...]:
    """Numbers of coordinates in each block, exactly ``weight * size``.

    Raises
    ------
    DomainError
        If the proportions do not fit: rounding by one coordinate is an error of many standard errors.

    Examples
    --------
    >>> block_counts((Fraction(1, 4), Fraction(3, 4)), 100)
    (25, 75)
    >>> block_counts((Fraction(1, 3), Fraction(2, 3)), 100)
    Traceback (most recent call last):
    ...
    rmtsym.errors.DomainError: size = 100 is outside its domain (multiples of 3); try 99 or 102
    """
    exact = [Fraction(w) if not isinstance(w, float) else Fraction(w).limit_denominator(10**6) for w in weights]
    if sum(exact) != 1 or any(w < 0 for w in exact):
        raise DomainError("w", [str(w) for w in exact], "non-negative weights that sum to 1", "rescale them")
    step = lcm(*(w.denominator for w in exact))
    if size < 1 or size % step:
        below = size // step * step
        hint = f"try {below} or {below + step}" if below else f"try {step}"
        raise DomainError("size", size, f"multiples of {step}", hint)
    return tuple(int(w * size) for w in exact)


@overload
def population(weights: Sequence[Any], letters: Sequence[Any], size: int) -> np.ndarray: ...
@overload
def population(weights: Sequence[Any], letters: Mapping[str, Sequence[Any]], size: int) -> dict[str, np.ndarray]: ...
def population(
    weights: Sequence[Any], letters: Sequence[Any] | Mapping[str, Sequence[Any]], size: int
) -> np.ndarray | dict[str, np.ndarray]:
    """Block-constant population with exact proportions.

    Parameters
    ----------
    weights : sequence of exact numbers, shape (k,)
    letters : sequence of shape (k,), or mapping from names to such sequences
        Value on each block; a mapping keeps several letters in step.
    size : int
        Number of coordinates.

    Returns
    -------
    array of shape (size,), or dict of such arrays

    Raises
    ------
    DomainError
        If the proportions do not fit the size.

    Examples
    --------
    >>> population((Fraction(1, 2), Fraction(1, 2)), (1, 4), 4).tolist()
    [1.0, 1.0, 4.0, 4.0]
    """
    counts = block_counts(weights, size)
    if isinstance(letters, Mapping):
        return {name: _repeat(name, values, counts) for name, values in letters.items()}
    return _repeat("letters", letters, counts)


def _repeat(name: str, values: Sequence[Any], counts: tuple[int, ...]) -> np.ndarray:
    if len(values) != len(counts):
        raise DomainError(name, f"{len(values)} values", f"one value for each of {len(counts)} weights", "match them")
    return np.repeat([float(v) for v in values], counts)


def block_signal(rng: np.random.Generator, counts: Sequence[int], masses: Sequence[Any]) -> np.ndarray:
    r"""Vector with :math:`\|\beta_j\|^2` = ``masses[j]`` and a uniform direction in each block.

    Redrawn for each replicate, it makes the theory depend on the atoms and their masses only.

    >>> beta = block_signal(np.random.default_rng(0), (3, 5), (1, 0.25))
    >>> round(float(beta[:3] @ beta[:3]), 12), round(float(beta[3:] @ beta[3:]), 12)
    (1.0, 0.25)
    """
    pieces = []
    for count, mass in zip(counts, masses, strict=True):
        direction = rng.standard_normal(count)
        pieces.append(direction * np.sqrt(float(mass)) / max(float(np.linalg.norm(direction)), 1e-300))
    return np.concatenate(pieces)


# -- matrices ---------------------------------------------------------------------------------------------------------


def wigner(rng: np.random.Generator, size: int, law: str = "gauss") -> np.ndarray:
    r"""Symmetric matrix with entries of variance :math:`1/n` (diagonal :math:`2/n`), independent above the diagonal.

    The Gaussian one is the orthogonal ensemble; its spectrum tends to the semicircle on [-2, 2].

    >>> w = wigner(np.random.default_rng(0), 200)
    >>> bool(np.allclose(w, w.T)), bool(abs(np.trace(w @ w) / 200 - 1) < 0.1)
    (True, True)
    """
    upper = np.triu(entries(rng, (size, size), law))
    diagonal = np.sqrt(2.0) * np.diag(upper)
    matrix = upper + upper.T
    np.fill_diagonal(matrix, diagonal)
    return matrix / np.sqrt(size)


def haar(rng: np.random.Generator, size: int, columns: int | None = None) -> np.ndarray:
    """Uniform orthogonal matrix, or its first columns: shape (size, columns).

    >>> q = haar(np.random.default_rng(0), 5, 3)
    >>> bool(np.allclose(q.T @ q, np.eye(3)))
    True
    """
    columns = size if columns is None else columns
    if not 0 < columns <= size:
        raise DomainError("columns", columns, f"1 to {size}", "a frame cannot have more vectors than dimensions")
    q, r = np.linalg.qr(rng.standard_normal((size, columns)))
    return q * np.where(np.diag(r) < 0, -1.0, 1.0)  # signs fixed, or the law is not uniform


def wishart_factor(rng: np.random.Generator, p: int, n: int) -> np.ndarray:
    r"""Factor L, shape (p, min(p, n)), with :math:`LL^\top` distributed as :math:`ZZ^\top/n`, Z Gaussian p x n.

    Bartlett's decomposition: min(p, n)^2/2 normal variables instead of p n where the samples are many.

    >>> factor = wishart_factor(np.random.default_rng(0), 50, 5000)
    >>> factor.shape, bool(abs(np.trace(factor @ factor.T) / 50 - 1) < 0.02)
    ((50, 50), True)
    """
    if p > n:
        return rng.standard_normal((p, n)) / np.sqrt(n)
    factor = np.tril(rng.standard_normal((p, p)), -1)
    np.fill_diagonal(factor, _chi(rng, n - np.arange(p)))
    return factor / np.sqrt(n)


# -- tridiagonal models -----------------------------------------------------------------------------------------------


def _chi(rng: np.random.Generator, degrees: np.ndarray) -> np.ndarray:
    return np.sqrt(2.0 * rng.standard_gamma(degrees / 2.0))


def wigner_eigenvalues(rng: np.random.Generator, size: int, beta: float = 1.0) -> np.ndarray:
    r"""Eigenvalues of the Gaussian :math:`\beta`-ensemble in O(n^2), ascending, scaled to the semicircle on [-2, 2].

    For ``beta=1`` the law is exactly that of the eigenvalues of :func:`wigner`.
    Source: Dumitriu and Edelman (2002), *Matrix models for beta ensembles*, arXiv math-ph/0206043.

    >>> w = wigner_eigenvalues(np.random.default_rng(0), 500)
    >>> bool(abs(np.mean(w**2) - 1) < 0.05)
    True
    """
    diagonal = np.sqrt(2.0) * rng.standard_normal(size)
    off = _chi(rng, beta * np.arange(size - 1, 0, -1))
    scale = np.sqrt(beta * size)
    from scipy.linalg import eigvalsh_tridiagonal

    return eigvalsh_tridiagonal(diagonal / scale, off / scale)


def wishart_eigenvalues(rng: np.random.Generator, p: int, n: int, beta: float = 1.0) -> np.ndarray:
    r"""Eigenvalues of :math:`XX^\top/n`, ``X`` Gaussian p x n, in O(p^2), ascending.

    More generally of the Laguerre :math:`\beta`-ensemble (``beta=1``: real entries, 2: complex).
    They are squares of the singular values of a bidiagonal matrix, found from its Golub-Kahan tridiagonal form, so
    that small ones keep their digits.  For ``p > n`` the ``p - n`` zeros come first.
    Source: Dumitriu and Edelman (2002), arXiv math-ph/0206043.

    >>> w = wishart_eigenvalues(np.random.default_rng(0), 300, 600)
    >>> bool(abs(np.mean(w) - 1) < 0.05), bool(abs(np.mean(w**2) - 1.5) < 0.1)
    (True, True)
    """
    small, large = min(p, n), max(p, n)
    diagonal = _chi(rng, beta * (large - np.arange(small)))
    below = _chi(rng, beta * np.arange(small - 1, 0, -1))
    interleaved = np.empty(2 * small - 1)
    interleaved[0::2], interleaved[1::2] = diagonal, below
    from scipy.linalg import eigvalsh_tridiagonal

    values = eigvalsh_tridiagonal(np.zeros(2 * small), interleaved / np.sqrt(beta * n))
    return np.concatenate([np.zeros(p - small), values[small:] ** 2])
