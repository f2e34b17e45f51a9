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
from fractions import Fraction
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.matrix.expression import (
    Deterministic,
    Expression,
    Free,
    Gaussian,
    Haar,
    Identity,
    Inverse,
    Product,
    Scaled,
    Sum,
    Transposed,
    Wigner,
    Zero,
    letters,
    parameters,
    spaces,
    walk,
)
from rmtsym.matrix.space import Space, as_scalar, bind_measures

__all__ = ["curve_agrees", "finite_size_moments", "finite_size_series", "planar_moments", "planar_series"]

_MAX_WORDS = 200_000

# A token is a deterministic element ("D", number in the table, rows, cols) or a random letter ("R", letter, flipped).
Token = tuple[Any, ...]
Word = tuple[Token, ...]


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
    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"))
    >>> [str(x) for x in planar_moments(X @ X.T, 3)]
    ['1', '1', 'c + 1', 'c**2 + 3*c + 1']
    >>> [str(x) for x in planar_moments(X @ X.T, 4, {"c": Fraction(1, 2)})]
    ['1', '1', '3/2', '11/4', '45/8']
    """
    calculus = _Calculus(expression, bindings or {})
    return tuple(calculus.number(calculus.trace(calculus.value, w)) for w in calculus.powers(order))


def finite_size_moments(
    expression: Expression, order: int, bindings: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    r"""Coefficients of :math:`1/N` in :math:`E\,\mathrm{tr}\,M^k`, ``k = 0..order``; see :func:`planar_moments`.

    Exact when the dimensions of all spaces and atoms are whole numbers.

    Examples
    --------
    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"))
    >>> [str(x) for x in finite_size_moments(X @ X.T, 3)]
    ['0', '0', '1', '3*c + 3']
    """
    calculus = _Calculus(expression, bindings or {})
    return tuple(calculus.number(calculus.trace(calculus.correction, w)) for w in calculus.powers(order))


def planar_series(expression: Expression, order: int, bindings: Mapping[str, Any] | None = None) -> tuple[Any, ...]:
    r"""Coefficients of :math:`t^0, \dots, t^{order}` in :math:`\lim_N E\,\mathrm{tr}\,R`
    when every variance is multiplied by ``t``.

    Inverses are expanded around their deterministic part, so ``R`` may be any rational expression whose inverses
    are regular without noise.  Every pair of random letters counts one power of ``t``.

    Examples
    --------
    >>> from rmtsym.matrix import inverse
    >>> lam = sp.Symbol("lam", positive=True)
    >>> H = Wigner("H", Space("n"))
    >>> [str(x) for x in planar_series(inverse(H @ H + lam), 2)]
    ['1/lam', '-1/lam**2', '2/lam**3']
    """
    calculus = _Calculus(expression, bindings or {}, gaussian_only="a series in the variance")
    return calculus.series(calculus.value, order)


def finite_size_series(
    expression: Expression, order: int, bindings: Mapping[str, Any] | None = None
) -> tuple[Any, ...]:
    """Coefficients of ``1/N`` in each coefficient of :func:`planar_series`."""
    calculus = _Calculus(expression, bindings or {}, gaussian_only="a series in the variance")
    return calculus.series(calculus.correction, order)


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


# ------------------------------------------------------------------------------------------------------- the calculus


class _Calculus:
    """Words of an expression and their expectations over an exact coefficient field."""

    def __init__(self, expression: Expression, bindings: Mapping[str, Any], gaussian_only: str = "") -> None:
        if not expression.is_square:
            raise ShapeError(f"the trace of {expression} needs one space, not {expression.rows} and {expression.cols}")
        self.expression = expression
        self.names = {str(k): v for k, v in bindings.items()}
        self.scalars = {k: as_scalar(v, k) for k, v in self.names.items() if not isinstance(v, Atoms | np.ndarray)}
        if gaussian_only and any(isinstance(x, Free | Haar) for x in letters(expression)):
            raise UnsupportedModel(f"{gaussian_only} exists for Gaussian letters only")
        free = [x for x in parameters(expression) if str(x) not in self.scalars]
        imaginary = any(isinstance(x, Scaled) and x.coefficient.has(sp.I) for x in walk(expression))
        if imaginary and free:
            raise UnsupportedModel("complex coefficients and unbound parameters together: bind the parameters")
        self.field = sp.QQ.frac_field(*free) if free else sp.QQ_I if imaginary else sp.QQ
        self.one, self.zero = self.field.one, self.field.zero
        self._prepare_spaces(spaces(expression))
        self._table: list[np.ndarray] = []
        self._index: dict[tuple[Any, ...], int] = {}
        self._values: dict[Any, np.ndarray | None] = {}
        self._corrections: dict[Any, np.ndarray | None] = {}
        self._cumulants: dict[str, list[Any]] = {}

    # ------------------------------------------------------------------------------------------ coefficients, spaces

    def coefficient(self, value: Any) -> Any:
        """Element of the coefficient field."""
        expr = as_scalar(value)
        bound = {x: self.scalars[str(x)] for x in expr.free_symbols if str(x) in self.scalars}
        return self.field.from_sympy(sp.together(expr.subs(bound)))

    def number(self, value: Any) -> Any:
        """A field element for people: a Fraction, or a sympy expression."""
        expr = self.field.to_sympy(value)
        if expr.is_Rational:
            return Fraction(int(expr.p), int(expr.q))
        expanded = sp.expand(expr)
        return expanded if expanded.is_polynomial(*expanded.free_symbols) else sp.factor(expr)

    def _prepare_spaces(self, all_spaces: tuple[Space, ...]) -> None:
        laws = {k: v for k, v in self.names.items() if isinstance(v, Atoms)}
        used = {
            s
            for x in letters(self.expression)
            if isinstance(x, Deterministic) and not x.is_word
            for s in (x.rows, x.cols)
        }
        sizes = {}
        if any(s.tie for s in used):
            for s in all_spaces:
                value = self.number(self.coefficient(s.size))
                if not isinstance(value, Fraction):
                    raise UnsupportedModel(f"the size of the tied space {s.name} must be bound, not {value}")
                sizes[s.name] = value
        laws = bind_measures(sorted(used, key=lambda s: s.name), sizes, laws)
        explicit: dict[Space, int] = {}
        for x in letters(self.expression):
            if isinstance(x, Deterministic) and x.is_word:
                if x.value not in self.names:
                    raise UnknownName("matrix", x.value, self.names)
                for s, length in zip((x.rows, x.cols), np.shape(self.names[x.value]), strict=True):
                    if explicit.setdefault(s, length) != length or s in used:
                        raise ShapeError(f"matrix '{x.value}' does not fit space {s.name}")
        self.atoms: dict[Space, list[dict[sp.Symbol, Any]]] = {}
        self.weights: dict[Space, list[Any]] = {}
        for s in all_spaces:
            if s in explicit:
                share = self.field.one / self.field.from_sympy(sp.Integer(explicit[s]))
                self.atoms[s], self.weights[s] = [{}] * explicit[s], [share] * explicit[s]
            elif s not in used:
                self.atoms[s], self.weights[s] = [{}], [self.one]
            else:
                self._prepare_law(s, [x for x in used if x == s or (s.tie and x.tie == s.tie)], laws)

    def _prepare_law(self, space: Space, tied: list[Space], laws: Mapping[str, Atoms]) -> None:
        """Atoms of all tied spaces together, weighted by the law of this one."""
        points: dict[tuple[Any, ...], Any] = {}
        for s in sorted(tied, key=lambda x: x.name):
            law = laws[s.measure.name]
            for x in s.letters:
                if str(x) not in law.letters:
                    raise UnknownName(f"letter of measure {s.measure.name}", str(x), law.letters)
            for i, weight in enumerate(law.weights):
                point = tuple(as_scalar(law.letters[str(x)][i]) for x in s.letters)
                mass = self.coefficient(weight) if s == space else self.zero
                points[point] = points.get(point, self.zero) + mass
        ordered = sorted(points, key=str)
        self.atoms[space] = [dict(zip(space.letters, point, strict=True)) for point in ordered]
        self.weights[space] = [points[point] for point in ordered]

    # ------------------------------------------------------------------------------------------------------ elements

    def _ones(self, space: Space) -> np.ndarray:
        return np.array([self.one] * len(self.weights[space]), dtype=object)

    def _mean(self, space: Space, element: np.ndarray | None) -> Any:
        if element is None:
            return self.zero
        diagonal = element if element.ndim == 1 else element.diagonal()
        return sum((w * x for w, x in zip(self.weights[space], diagonal, strict=True)), self.zero)

    def _token(self, element: np.ndarray, rows: Space, cols: Space) -> Token:
        key = (element.shape, *element.ravel().tolist())
        if key not in self._index:
            self._index[key] = len(self._table)
            self._table.append(element)
        return ("D", self._index[key], rows, cols)

    def _element(self, letter: Deterministic) -> np.ndarray:
        if letter.is_word:
            array = np.asarray(self.names[letter.value], dtype=object)
            entries = [self.coefficient(Fraction(x) if not isinstance(x, float) else x) for x in array.ravel()]
            result = np.empty(len(entries), dtype=object)
            result[:] = entries
            return result.reshape(array.shape)
        values = []
        for atom in self.atoms[letter.rows]:
            value = letter.value.subs(atom)
            if value.has(sp.zoo, sp.nan, sp.oo):
                raise DomainError(f"{letter.value}", atom, "atoms at which it is finite", "change the law")
            values.append(self.coefficient(value))
        result = np.empty(len(values), dtype=object)
        result[:] = values
        return result

    def _join(self, left: Word, right: Word) -> Word:
        if left and right and left[-1][0] == "D" == right[0][0]:
            element = _times(self._table[left[-1][1]], self._table[right[0][1]])
            merged = self._token(element, left[-1][2], right[0][3])
            return (*left[:-1], merged, *right[1:])
        return left + right

    def _flip(self, word: Word) -> Word:
        """Transpose of a word."""
        flipped: list[Token] = []
        for token in reversed(word):
            if token[0] == "D":
                flipped.append(self._token(self._table[token[1]].T, token[3], token[2]))
            else:
                letter = token[1]
                flipped.append(("R", letter, not token[2] and not isinstance(letter, Wigner | Free)))
        return tuple(flipped)

    # --------------------------------------------------------------------------------------------------------- words

    def words(self, node: Expression, degree: int) -> dict[Word, Any]:
        """Words of a node with at most ``degree`` random letters, and their coefficients."""
        match node:
            case Zero():
                return {}
            case Identity():
                return {(): self.one}
            case Gaussian() | Wigner() | Haar() | Free():
                return {(("R", node, False),): self.one} if degree else {}
            case Transposed(letter=letter):
                return {self._flip(w): c for w, c in self.words(letter, degree).items()}
            case Deterministic(rows=rows, cols=cols):
                return {(self._token(self._element(node), rows, cols),): self.one}
            case Scaled(coefficient=c, body=body):
                factor = self.coefficient(c)
                return {w: factor * x for w, x in self.words(body, degree).items()}
            case Sum(terms=terms):
                total: dict[Word, Any] = {}
                for term in terms:
                    _collect(total, self.words(term, degree))
                return total
            case Product(factors=factors):
                result: dict[Word, Any] = {(): self.one}
                for factor in factors:
                    result = self._multiply(result, self.words(factor, degree), degree)
                return result
            case Inverse(body=body):
                return self._invert(node, self.words(body, degree), degree)
        raise UnsupportedModel(f"no words for {type(node).__name__}")

    def _multiply(self, left: dict[Word, Any], right: dict[Word, Any], degree: int | None) -> dict[Word, Any]:
        result: dict[Word, Any] = {}
        for v, b in right.items():
            room = None if degree is None else degree - _random(v)
            for w, a in left.items():
                if room is None or _random(w) <= room:
                    _collect(result, {self._join(w, v): a * b})
        if len(result) > _MAX_WORDS:
            raise UnsupportedModel(f"more than {_MAX_WORDS} words; lower the order")
        return result

    def _invert(self, node: Inverse, words: dict[Word, Any], degree: int) -> dict[Word, Any]:
        """Neumann series around the deterministic part."""
        rows = node.rows
        ground: np.ndarray | None = None
        noise: dict[Word, Any] = {}
        for w, c in words.items():
            if _random(w):
                noise[w] = c
                continue
            element = (self._table[w[0][1]] if w else self._ones(rows)) * c
            ground = element if ground is None else _plus(ground, element)
        if ground is None:
            raise UnsupportedModel(f"{node} has no expansion: its deterministic part is 0; add a ridge")
        base_word = (self._token(self._reciprocal(ground, node), rows, rows),)
        base = {base_word: self.one}
        step = self._multiply(base, {w: -c for w, c in noise.items()}, degree)
        result, term = dict(base), dict(base)
        for _ in range(degree):
            term = self._multiply(step, term, degree)
            if not term:
                break
            _collect(result, term)
        return result

    def _reciprocal(self, element: np.ndarray, node: Inverse) -> np.ndarray:
        if element.ndim == 2:
            matrix = sp.polys.matrices.DomainMatrix(element.tolist(), element.shape, self.field)
            try:
                inverted = matrix.inv().to_list()
            except sp.polys.matrices.exceptions.DMNonInvertibleMatrixError:
                raise UnsupportedModel(f"{node} has no expansion: its deterministic part is singular") from None
            result = np.empty(element.shape, dtype=object)
            result[:] = inverted
            return result
        result = np.empty(len(element), dtype=object)
        for i, (x, weight) in enumerate(zip(element, self.weights[node.rows], strict=True)):
            if x == self.zero and weight != self.zero:
                raise UnsupportedModel(f"{node} has no expansion: its deterministic part is singular; add a ridge")
            result[i] = self.one / x if x != self.zero else self.zero  # surplus atoms of a tie carry no weight here
        return result

    def powers(self, order: int) -> Iterator[dict[Word, Any]]:
        """Words of the powers 0..order of the expression, which must be a polynomial in the random letters."""
        for node in walk(self.expression):
            if isinstance(node, Inverse) and any(not isinstance(x, Deterministic) for x in letters(node)):
                raise UnsupportedModel(f"{node} is not a polynomial; use planar_series")
        single = self.words(self.expression, 10**6)
        power: dict[Word, Any] = {(): self.one}
        for k in range(order + 1):
            yield power
            if k < order:
                power = self._multiply(power, single, None)

    def series(self, value: Any, order: int) -> tuple[Any, ...]:
        by_pairs: list[dict[Word, Any]] = [{} for _ in range(order + 1)]
        for w, c in self.words(self.expression, 2 * order).items():
            if _random(w) % 2 == 0:
                by_pairs[_random(w) // 2][w] = c
        return tuple(self.number(self.trace(value, words)) for words in by_pairs)

    def trace(self, value: Any, words: dict[Word, Any]) -> Any:
        """Normalised trace of a combination of words."""
        space = self.expression.rows
        return sum((c * self._mean(space, value(w, space)) for w, c in words.items()), self.zero)

    # -------------------------------------------------------------------------------------------------- expectations

    def value(self, word: Word, space: Space) -> np.ndarray | None:
        """Leading expectation of a word that starts in ``space``; None for 0."""
        if not word:
            return self._ones(space)
        if word not in self._values:
            self._values[word] = self._expand(word)
        return self._values[word]

    def _expand(self, word: Word) -> np.ndarray | None:
        head = word[0]
        if head[0] == "D":
            inner = self.value(word[1:], head[3])
            return None if inner is None else _times(self._table[head[1]], inner)
        if _odd(word):
            return None
        total: np.ndarray | None = None
        for weight, stop in self._blocks(word, 0, (head[2],), self.one):
            rest = self.value(word[stop + 1 :], _spaces(word[stop])[1])
            if rest is not None:
                total = rest * weight if total is None else _plus(total, rest * weight)
        return total

    def _blocks(self, word: Word, last: int, pattern: tuple[bool, ...], weight: Any) -> Iterator[tuple[Any, int]]:
        """Blocks of a noncrossing partition that hold the first letter: weight with inner averages, last position."""
        cumulant = self._cumulant(word[0][1], pattern)
        if cumulant is not None:
            yield weight * cumulant, last
        if isinstance(word[0][1], Gaussian | Wigner) and len(pattern) == 2:
            return
        inner_space = _spaces(word[last])[1]
        for k in range(last + 1, len(word)):
            token = word[k]
            if token[0] == "R" and token[1] == word[0][1] and _spaces(token)[0] == inner_space:
                average = self._mean(inner_space, self.value(word[last + 1 : k], inner_space))
                if average != self.zero:
                    yield from self._blocks(word, k, (*pattern, token[2]), weight * average)

    def _cumulant(self, letter: Any, pattern: tuple[bool, ...]) -> Any | None:
        """Free cumulant of a letter and its transpose, None when it vanishes."""
        length = len(pattern)
        match letter:
            case Gaussian(variance=variance, rows=rows, cols=cols):
                if length != 2 or pattern[0] == pattern[1]:
                    return None
                inner = rows if pattern[0] else cols
                return self.coefficient(variance * inner.size)
            case Wigner(variance=variance, rows=rows):
                return self.coefficient(variance * rows.size) if length == 2 else None
            case Haar():
                if length % 2 or any(a == b for a, b in pairwise(pattern)):
                    return None
                half = length // 2 - 1
                return self.coefficient((-1) ** half * math.comb(2 * half, half) // (half + 1))
            case Free():
                value = self._free_cumulants(letter, length)[length]
                return None if value == self.zero else value
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
            return None if inner is None else _times(self._table[head[1]], inner)
        letter, flipped = head[1], head[2]
        if not isinstance(letter, Gaussian | Wigner):
            raise UnsupportedModel("the first finite-size term is derived for Gaussian letters only")
        if _odd(word):
            return None
        total: np.ndarray | None = None
        rows, cols = _spaces(head)
        variance = self.coefficient(letter.variance)
        for k in range(1, len(word)):
            token = word[k]
            if token[0] != "R" or token[1] != letter:
                continue
            inner, rest = word[1:k], word[k + 1 :]
            parts: list[np.ndarray] = []
            if isinstance(letter, Wigner) or token[2] != flipped:
                size = variance * self.coefficient(cols.size)
                parts += _scaled(self.correction(rest, rows), size * self._mean(cols, self.value(inner, cols)))
                parts += _scaled(self.value(rest, rows), size * self._mean(cols, self.correction(inner, cols)))
            if isinstance(letter, Wigner) or token[2] == flipped:
                parts += _scaled(self.value(self._join(self._flip(inner), rest), rows), variance)
            for part in parts:
                total = part if total is None else _plus(total, part)
        return total


def _scaled(element: np.ndarray | None, factor: Any) -> list[np.ndarray]:
    return [] if element is None or not factor else [element * factor]


def _random(word: Word) -> int:
    return sum(token[0] == "R" for token in word)


def _odd(word: Word) -> bool:
    """Whether a Gaussian letter occurs an odd number of times."""
    counts: dict[Any, int] = {}
    for token in word:
        if token[0] == "R" and not isinstance(token[1], Free):
            counts[token[1]] = counts.get(token[1], 0) + 1
    return any(n % 2 for n in counts.values())


def _spaces(token: Token) -> tuple[Space, Space]:
    if token[0] == "D":
        return token[2], token[3]
    letter = token[1]
    return (letter.cols, letter.rows) if token[2] else (letter.rows, letter.cols)


def _collect(total: dict[Word, Any], more: Mapping[Word, Any]) -> None:
    for w, c in more.items():
        value = total[w] + c if w in total else c
        if value:
            total[w] = value
        else:
            total.pop(w, None)


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == 1:
        return left * right if right.ndim == 1 else left[:, None] * right
    return left * right if right.ndim == 1 else left.dot(right)


def _plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == right.ndim:
        return left + right
    dense, diagonal = (left, right) if left.ndim == 2 else (right, left)
    total = dense.copy()
    for i, x in enumerate(diagonal):
        total[i, i] = total[i, i] + x
    return total
