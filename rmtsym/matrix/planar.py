r"""Exact moments in the limit of large dimension by planar Wick calculus, and their first finite-size term.

The expectation of a word is a function on the spectral atoms of its first space.  With :math:`V(\emptyset) = 1`,

.. math:: V(f w) = f\,V(w), \qquad V(Z w) = \sum_{w = u Z^\top v} \sigma^2 |c|\; E_c[V(u)]\; V(v),

and for free letters the sum runs over blocks with free cumulants as weights (Speicher 1994).  For real Gaussian
letters the term of order :math:`1/N` obeys the same recursion, linearised, with the twisted pairings
:math:`E[Z u Z v] = \sigma^2/N\; u^\top v` as its source.  No random number and no equation of the engine enters.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from rmtsym.errors import UnknownName, UnsupportedModel
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Free, Gaussian, Haar, Wigner
from rmtsym.matrix.space import Space
from rmtsym.matrix.words import Word, Words, plus, random_letters, times, token_spaces

__all__ = ["finite_size_moments", "finite_size_series", "planar_moments", "planar_series"]


def planar_moments(expression: Expression, order: int, bindings: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    r"""Limits :math:`\lim_N E\,\mathrm{tr}\,M^k`, ``k = 0..order``, of a polynomial ``M`` (normalised trace).

    Parameters
    ----------
    expression : Expression
        Square; inverses of deterministic matrices only.
    order : int
    bindings : mapping
        Parameter name -> exact number, measure name -> Atoms, explicit matrix -> array of exact numbers.  Parameters
        that are not bound stay symbols.

    Returns
    -------
    tuple of Fraction, or of sympy expressions in the unbound parameters

    Raises
    ------
    UnsupportedModel
        For inverses of random matrices (see :func:`planar_series`) and expressions with too many words.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.matrix import Gaussian, Space
    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"))
    >>> [str(x) for x in planar_moments(X @ X.T, 3)]
    ['1', '1', 'c + 1', 'c**2 + 3*c + 1']
    >>> [str(x) for x in planar_moments(X @ X.T, 4, {"c": sp.Rational(1, 2)})]
    ['1', '1', '3/2', '11/4', '45/8']
    """
    calculus = Expectations(expression, bindings or {})
    return tuple(calculus.number(calculus.trace(calculus.value, w)) for w in calculus.powers(order))


def finite_size_moments(
    expression: Expression, order: int, bindings: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    r"""Coefficients of :math:`1/N` in :math:`E\,\mathrm{tr}\,M^k`, ``k = 0..order``; see :func:`planar_moments`.

    Exact when the dimensions of all spaces and atoms are whole numbers.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.matrix import Gaussian, Space
    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"))
    >>> [str(x) for x in finite_size_moments(X @ X.T, 3)]
    ['0', '0', '1', '3*c + 3']
    """
    calculus = Expectations(expression, bindings or {})
    return tuple(calculus.number(calculus.trace(calculus.correction, w)) for w in calculus.powers(order))


def planar_series(expression: Expression, order: int, bindings: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    r"""Coefficients of :math:`t^0, \dots, t^{order}` in :math:`\lim_N E\,\mathrm{tr}\,R`
    when every variance is multiplied by ``t``.

    Inverses are expanded around their deterministic part, so ``R`` may be any rational expression whose inverses
    are regular without noise.  Every pair of random letters counts one power of ``t``.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.matrix import Space, Wigner, inverse
    >>> lam = sp.Symbol("lam", positive=True)
    >>> H = Wigner("H", Space("n"))
    >>> [str(x) for x in planar_series(inverse(H @ H + lam), 2)]
    ['1/lam', '-1/lam**2', '2/lam**3']
    """
    calculus = Expectations(expression, bindings or {}, gaussian_only="a series in the variance")
    return calculus.series(calculus.value, order)


def finite_size_series(
    expression: Expression, order: int, bindings: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """Coefficients of ``1/N`` in each coefficient of :func:`planar_series`."""
    calculus = Expectations(expression, bindings or {}, gaussian_only="a series in the variance")
    return calculus.series(calculus.correction, order)


class Expectations(Words):
    """Expectations of words: the limit, and the term of order ``1/N``."""

    def __init__(self, expression: Expression, bindings: Mapping[str, Any], gaussian_only: str = "") -> None:
        super().__init__(expression, bindings, gaussian_only)
        self._values: dict[Word, np.ndarray | None] = {}
        self._corrections: dict[Word, np.ndarray | None] = {}
        self._cumulants: dict[str, list[Any]] = {}

    def series(self, value: Any, order: int) -> tuple[Any, ...]:
        by_pairs: list[dict[Word, Any]] = [{} for _ in range(order + 1)]
        for w, c in self.words(self.expression, 2 * order).items():
            if random_letters(w) % 2 == 0:
                by_pairs[random_letters(w) // 2][w] = c
        return tuple(self.number(self.trace(value, words)) for words in by_pairs)

    def trace(self, value: Any, words: dict[Word, Any]) -> Any:
        """Normalised trace of a combination of words."""
        space = self.expression.rows
        return sum((c * self.mean(space, value(w, space)) for w, c in words.items()), self.zero)

    def value(self, word: Word, space: Space) -> np.ndarray | None:
        """Leading expectation of a word that starts in ``space``; None for 0."""
        if not word:
            return self.ones(space)
        if word not in self._values:
            self._values[word] = self._expand(word)
        return self._values[word]

    def _expand(self, word: Word) -> np.ndarray | None:
        head = word[0]
        if head[0] == "D":
            inner = self.value(word[1:], head[3])
            return None if inner is None else times(self.table[head[1]], inner)
        if _odd(word):
            return None
        total: np.ndarray | None = None
        for weight, stop in self._blocks(word):
            rest = self.value(word[stop + 1 :], token_spaces(word[stop])[1])
            if rest is not None:
                total = rest * weight if total is None else plus(total, rest * weight)
        return total

    def _blocks(self, word: Word) -> Iterator[tuple[Any, int]]:
        """Blocks of noncrossing partitions that hold the first letter, by last position: cumulants and inner averages.

        Blocks of one length and one end are summed before the next letter is added, so the work is polynomial.
        """
        letter = word[0][1]
        alternating = isinstance(letter, Gaussian | Haar)
        longest = 2 if isinstance(letter, Gaussian | Wigner) else len(word)
        level = {0: self.one}  # last position -> weight of the blocks of the present length
        for length in range(1, longest + 1):
            cumulant = self._cumulant(letter, length, word[0][2])
            if cumulant != self.zero:
                yield from ((weight * cumulant, last) for last, weight in level.items())
            following: dict[int, Any] = {}
            for last, weight in level.items():
                space = token_spaces(word[last])[1]
                for k in range(last + 1, len(word)):
                    token = word[k]
                    if token[0] != "R" or token[1] != letter or (alternating and token[2] == word[last][2]):
                        continue
                    average = self.mean(space, self.value(word[last + 1 : k], space))
                    if average != self.zero:
                        following[k] = following.get(k, self.zero) + weight * average
            level = following

    def _cumulant(self, letter: Any, length: int, flipped: bool) -> Any:
        """Free cumulant of a letter, alternating with its transpose where that differs from it."""
        match letter:
            case Gaussian(variance=variance, rows=rows, cols=cols):
                return self.coefficient(variance * (rows if flipped else cols).size) if length == 2 else self.zero
            case Wigner(variance=variance, rows=rows):
                return self.coefficient(variance * rows.size) if length == 2 else self.zero
            case Haar():
                half = length // 2 - 1
                return (
                    self.zero
                    if length % 2
                    else self.coefficient((-1) ** half * math.comb(2 * half, half) // (half + 1))
                )
            case Free():
                return self._free_cumulants(letter, length)[length]
        raise UnsupportedModel(f"no cumulants for {type(letter).__name__}")

    def _free_cumulants(self, letter: Free, order: int) -> list[Any]:
        """Free cumulants from moments: mu_n = sum over s of kappa_s times products of s moments."""
        name = letter.measure.name
        known = self._cumulants.setdefault(name, [self.zero])
        if len(known) > order:
            return known
        if name not in self.names:
            raise UnknownName("measure", name, self.names)
        law = self.names[name]
        weights = [self.coefficient(w) for w in law.weights]
        points = [self.coefficient(x) for x in law.letters[str(letter.measure.letters[0])]]
        moments = [sum((w * x**k for w, x in zip(weights, points, strict=True)), self.zero) for k in range(order + 1)]
        for n in range(len(known), order + 1):
            rest = moments[n]
            power = [self.one] + [self.zero] * n  # coefficients of M(x)^s up to x^n
            for s in range(1, n):
                power = [sum((power[i] * moments[j - i] for i in range(j + 1)), self.zero) for j in range(n + 1)]
                rest = rest - known[s] * power[n - s]
            known.append(rest)
        return known

    def correction(self, word: Word, space: Space) -> np.ndarray | None:
        """Coefficient of ``1/N`` in the expectation of a word; None for 0."""
        if not word:
            return None
        if word not in self._corrections:
            self._corrections[word] = self._correct(word)
        return self._corrections[word]

    def _correct(self, word: Word) -> np.ndarray | None:
        head = word[0]
        if head[0] == "D":
            inner = self.correction(word[1:], head[3])
            return None if inner is None else times(self.table[head[1]], inner)
        letter, flipped = head[1], head[2]
        if not isinstance(letter, Gaussian | Wigner):
            raise UnsupportedModel("the first finite-size term is derived for Gaussian letters only")
        if _odd(word):
            return None
        total: np.ndarray | None = None
        rows, cols = token_spaces(head)
        variance = self.coefficient(letter.variance)
        for k in range(1, len(word)):
            token = word[k]
            if token[0] != "R" or token[1] != letter:
                continue
            between, after = word[1:k], word[k + 1 :]
            parts: list[np.ndarray] = []
            if isinstance(letter, Wigner) or token[2] != flipped:
                size = variance * self.coefficient(cols.size)
                parts += _scaled(self.correction(after, rows), size * self.mean(cols, self.value(between, cols)))
                parts += _scaled(self.value(after, rows), size * self.mean(cols, self.correction(between, cols)))
            if isinstance(letter, Wigner) or token[2] == flipped:
                parts += _scaled(self.value(self.join(self.flip(between), after), rows), variance)
            for part in parts:
                total = part if total is None else plus(total, part)
        return total


def _scaled(element: np.ndarray | None, factor: Any) -> list[np.ndarray]:
    return [] if element is None or not factor else [element * factor]


def _odd(word: Word) -> bool:
    """Whether a Gaussian letter occurs an odd number of times."""
    counts: dict[Any, int] = {}
    for token in word:
        if token[0] == "R" and not isinstance(token[1], Free):
            counts[token[1]] = counts.get(token[1], 0) + 1
    return any(n % 2 for n in counts.values())
