"""Matrix expressions as combinations of words over an exact coefficient field.

A word is a chain of random letters and deterministic elements.  A deterministic element is a function on the atoms of
its space (a vector), or an explicit matrix; inverses are expanded around their deterministic part.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed, walk
from rmtsym.matrix.space import Space, as_scalar, bind_measures
from rmtsym.matrix.structure import letters, parameters, spaces

__all__ = ["Token", "Word", "Words"]

MAX_WORDS = 200_000

# A token is a deterministic element ("D", number in the table, rows, cols) or a random letter ("R", letter, flipped).
Token = tuple[Any, ...]
Word = tuple[Token, ...]


class Words:
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
        self._known: dict[Any, Any] = {}
        self.one, self.zero = self.field.one, self.field.zero
        self._prepare_spaces(spaces(expression))
        self.table: list[np.ndarray] = []
        self._index: dict[tuple[Any, ...], int] = {}

    # ------------------------------------------------------------------------------------------ coefficients, spaces

    def coefficient(self, value: Any) -> Any:
        """Element of the coefficient field."""
        if value not in self._known:
            expr = as_scalar(value)
            bound = {x: self.scalars[str(x)] for x in expr.free_symbols if str(x) in self.scalars}
            self._known[value] = self.field.from_sympy(sp.together(expr.subs(bound)))
        return self._known[value]

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

    def ones(self, space: Space) -> np.ndarray:
        return np.array([self.one] * len(self.weights[space]), dtype=object)

    def mean(self, space: Space, element: np.ndarray | None) -> Any:
        if element is None:
            return self.zero
        diagonal = element if element.ndim == 1 else element.diagonal()
        return sum((w * x for w, x in zip(self.weights[space], diagonal, strict=True)), self.zero)

    def _token(self, element: np.ndarray, rows: Space, cols: Space) -> Token:
        key = (element.shape, *element.ravel().tolist())
        if key not in self._index:
            self._index[key] = len(self.table)
            self.table.append(element)
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

    def join(self, left: Word, right: Word) -> Word:
        if left and right and left[-1][0] == "D" == right[0][0]:
            element = times(self.table[left[-1][1]], self.table[right[0][1]])
            merged = self._token(element, left[-1][2], right[0][3])
            return (*left[:-1], merged, *right[1:])
        return left + right

    def flip(self, word: Word) -> Word:
        """Transpose of a word."""
        flipped: list[Token] = []
        for token in reversed(word):
            if token[0] == "D":
                flipped.append(self._token(self.table[token[1]].T, token[3], token[2]))
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
                return {self.flip(w): c for w, c in self.words(letter, degree).items()}
            case Deterministic(rows=rows, cols=cols):
                return {(self._token(self._element(node), rows, cols),): self.one}
            case Scaled(coefficient=c, body=body):
                factor = self.coefficient(c)
                return {w: factor * x for w, x in self.words(body, degree).items()}
            case Sum(terms=terms):
                total: dict[Word, Any] = {}
                for term in terms:
                    collect(total, self.words(term, degree))
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
            room = None if degree is None else degree - random_letters(v)
            for w, a in left.items():
                if room is None or random_letters(w) <= room:
                    collect(result, {self.join(w, v): a * b})
        if len(result) > MAX_WORDS:
            raise UnsupportedModel(f"more than {MAX_WORDS} words; lower the order")
        return result

    def _invert(self, node: Inverse, words: dict[Word, Any], degree: int) -> dict[Word, Any]:
        """Neumann series around the deterministic part."""
        rows = node.rows
        ground: np.ndarray | None = None
        noise: dict[Word, Any] = {}
        for w, c in words.items():
            if random_letters(w):
                noise[w] = c
                continue
            element = (self.table[w[0][1]] if w else self.ones(rows)) * c
            ground = element if ground is None else plus(ground, element)
        if ground is None:
            raise UnsupportedModel(f"{node} has no expansion: its deterministic part is 0; add a ridge")
        base_word: Word = (self._token(self._reciprocal(ground, node), rows, rows),)
        base: dict[Word, Any] = {base_word: self.one}
        step = self._multiply(base, {w: -c for w, c in noise.items()}, degree)
        result, term = dict(base), dict(base)
        for _ in range(degree):
            term = self._multiply(step, term, degree)
            if not term:
                break
            collect(result, term)
        return result

    def _reciprocal(self, element: np.ndarray, node: Inverse) -> np.ndarray:
        if element.ndim == 2:
            matrix = sp.polys.matrices.DomainMatrix(element.tolist(), element.shape, self.field)
            try:
                inverted = matrix.inv().to_list()
            except sp.polys.matrices.exceptions.DMNonInvertibleMatrixError:
                raise UnsupportedModel(f"{node} has no expansion: its deterministic part is singular") from None
            dense = np.empty(element.shape, dtype=object)
            dense[:] = inverted
            return dense
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


def random_letters(word: Word) -> int:
    return sum(token[0] == "R" for token in word)


def token_spaces(token: Token) -> tuple[Space, Space]:
    if token[0] == "D":
        return token[2], token[3]
    letter = token[1]
    return (letter.cols, letter.rows) if token[2] else (letter.rows, letter.cols)


def collect(total: dict[Word, Any], more: Mapping[Word, Any]) -> None:
    for w, c in more.items():
        value = total[w] + c if w in total else c
        if value:
            total[w] = value
        else:
            total.pop(w, None)


def times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == 1:
        return left * right if right.ndim == 1 else left[:, None] * right
    return left * right if right.ndim == 1 else left.dot(right)


def plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == right.ndim:
        return left + right
    dense, diagonal = (left, right) if left.ndim == 2 else (right, left)
    total = dense.copy()
    for i, x in enumerate(diagonal):
        total[i, i] = total[i, i] + x
    return total
