"""One sympy expression evaluated exactly at a point over the prime field GF(2^61 - 1).

A point binds symbols to field elements, spectral measures to finitely many random atoms and matrix symbols to random
matrices.  Square roots are the powers ``x^((p+1)/4)``: multiplicative on squares, hence consistent with every
algebraic rule for radicals.  A function that is not rational is an independent random value of its arguments.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from typing import Any

import sympy as sp
from flint import nmod_mat
from sympy.matrices.expressions.determinant import Determinant
from sympy.matrices.expressions.trace import Trace

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.field.average import Average

__all__ = ["PRIME", "Degenerate", "PrimePoint", "degree_bound", "random_matrix"]

PRIME = 2**61 - 1  # congruent to 3 modulo 4, which the square roots rely on

Degree = tuple[int, int]


class Degenerate(Exception):
    """A random point at which a denominator vanishes or a radicand is no square: draw again."""


def random_matrix(rng: random.Random, rows: int, cols: int, kind: str = "general") -> nmod_mat:
    """Random matrix over the field of a kind: general, symmetric, diagonal, orthogonal or projection."""
    if kind == "general":
        return nmod_mat(rows, cols, [rng.randrange(PRIME) for _ in range(rows * cols)], PRIME)
    if rows != cols:
        raise DomainError("matrix kind", kind, "'general' for rectangular matrices", "declare it general")
    entries = [[0] * cols for _ in range(rows)]
    for i in range(rows):
        for j in range(i + 1):
            value = rng.randrange(PRIME)
            match kind:
                case "symmetric":
                    entries[i][j] = entries[j][i] = value
                case "diagonal":
                    entries[i][j] = value if i == j else 0
                case "orthogonal" | "projection":  # skew matrix for the Cayley transform
                    if i != j:
                        entries[i][j], entries[j][i] = value, PRIME - value
                case _:
                    kinds = ["general", "symmetric", "diagonal", "orthogonal", "projection"]
                    raise UnknownName("matrix kind", kind, kinds)
    matrix = nmod_mat(rows, cols, [x for row in entries for x in row], PRIME)
    if kind not in ("orthogonal", "projection"):
        return matrix
    one = _identity(rows)
    rotation = (one - matrix) * _inverse(one + matrix)
    if kind == "orthogonal":
        return rotation
    half = nmod_mat(rows, rows, [int(i == j and 2 * i < rows) for i in range(rows) for j in range(rows)], PRIME)
    return rotation * half * rotation.transpose()


def _identity(size: int) -> nmod_mat:
    return nmod_mat(size, size, [int(i == j) for i in range(size) for j in range(size)], PRIME)


def _inverse(matrix: nmod_mat) -> nmod_mat:
    try:
        return matrix.inv()
    except ZeroDivisionError:
        raise Degenerate from None


class PrimePoint:
    """A point over GF(2^61 - 1) and the values of sympy expressions there.

    Parameters
    ----------
    rng : random.Random
        Source of everything that is not bound yet.
    atoms : int
        Number of random atoms of every spectral measure.
    dimension : callable
        Gives the dimension of a symbol that occurs in a matrix shape.
    kinds : mapping from matrix name to kind, or to a sympy matrix that defines it
    squares : bool
        Draw positive symbols as squares, so that their roots exist.
    spectra : mapping from measure name to mapping from letter to matrix symbol
        Measures that are spectra of (commuting, here diagonal) matrices: equal weights, eigenvalues as atoms.
    """

    def __init__(
        self,
        rng: random.Random,
        atoms: int = 4,
        dimension: Callable[[], int] | None = None,
        kinds: Mapping[str, Any] | None = None,
        squares: bool = False,
        spectra: Mapping[str, Mapping[sp.Symbol, sp.MatrixSymbol]] | None = None,
    ) -> None:
        self.rng, self.atoms, self.squares = rng, atoms, squares
        self.spectra = dict(spectra or {})
        self.kinds = {**(kinds or {}), **{str(m.name): "diagonal" for x in self.spectra.values() for m in x.values()}}
        self._dimension = dimension or (lambda: self.rng.randrange(5, 10))
        self.symbols: dict[sp.Symbol, int] = {}
        self.dimensions: dict[sp.Symbol, int] = {}
        self.weights: dict[str, list[int]] = {}
        self._letters: dict[tuple[str, sp.Symbol], list[int]] = {}
        self._drawn: dict[sp.Basic, nmod_mat] = {}
        self._matrices: dict[sp.Basic, nmod_mat] = {}  # computed from drawn matrices and scalars
        self._opaque: dict[tuple[Any, ...], int] = {}

    def copy(self) -> PrimePoint:
        """The same point, to be changed in a few symbols or weights."""
        other = PrimePoint(self.rng, self.atoms, self._dimension, self.kinds, self.squares, self.spectra)
        other.symbols, other.dimensions = dict(self.symbols), self.dimensions
        other.weights = {k: list(v) for k, v in self.weights.items()}
        other._letters, other._opaque = self._letters, self._opaque
        other._drawn = self._drawn
        return other

    # ---------------------------------------------------------------------------------------------------- binding

    def _draw(self, symbol: sp.Symbol | None = None) -> int:
        value = self.rng.randrange(2, PRIME)
        return value * value % PRIME if self.squares and (symbol is None or symbol.is_positive) else value

    def symbol(self, symbol: sp.Symbol) -> int:
        if symbol in self.dimensions:
            return self.dimensions[symbol]
        if symbol not in self.symbols:
            self.symbols[symbol] = self._draw(symbol)
        return self.symbols[symbol]

    def law(self, measure: Any) -> tuple[list[int], list[dict[sp.Symbol, int]]]:
        """Weights that sum to one, and the letters of every atom."""
        name = measure.name
        if name in self.spectra:
            tables = {x: self.matrix(self.spectra[name][x]) for x in measure.letters}
            size = next(iter(tables.values())).nrows()
            rows = [{x: int(table[i, i]) for x, table in tables.items()} for i in range(size)]
            return [_reciprocal(size)] * size, rows
        if name not in self.weights:
            free = [self._draw() for _ in range(self.atoms - 1)]
            self.weights[name] = [*free, (1 - sum(free)) % PRIME]
        for letter in measure.letters:
            if (name, letter) not in self._letters:
                self._letters[name, letter] = [self._draw(letter) for _ in range(self.atoms)]
        values = [{x: self._letters[name, x][i] for x in measure.letters} for i in range(self.atoms)]
        return self.weights[name], values

    # ----------------------------------------------------------------------------------------------------- scalars

    def scalar(self, expr: sp.Basic, bound: Mapping[sp.Symbol, int] | None = None) -> int:
        """Value of a scalar expression; ``bound`` holds spectral letters and summation indices."""
        bound = bound or {}
        if isinstance(expr, sp.Symbol):
            return bound[expr] if expr in bound else self.symbol(expr)
        if isinstance(expr, sp.Rational):
            return int(expr.p) * _reciprocal(int(expr.q)) % PRIME
        if isinstance(expr, sp.Add):
            return sum(self.scalar(x, bound) for x in expr.args) % PRIME
        if isinstance(expr, sp.Mul):
            product = 1
            for factor in expr.args:
                product = product * self.scalar(factor, bound) % PRIME
            return product
        if isinstance(expr, sp.Pow) and isinstance(expr.exp, sp.Rational):
            return self._power(self.scalar(expr.base, bound), expr.exp, expr)
        if isinstance(expr, Average):
            weights, atoms = self.law(expr.measure)
            values = (self.scalar(expr.integrand, {**bound, **atom}) for atom in atoms)
            return sum(w * v for w, v in zip(weights, values, strict=True)) % PRIME
        if isinstance(expr, Trace):
            matrix = self.matrix(expr.arg)
            return sum(int(matrix[i, i]) for i in range(matrix.nrows())) % PRIME
        if isinstance(expr, Determinant):
            return int(self.matrix(expr.arg).det())
        if isinstance(expr, sp.matrices.expressions.matexpr.MatrixElement):
            parent, i, j = expr.args
            matrix = self.matrix(parent)
            return int(matrix[self._index(i, bound), self._index(j, bound)])
        if isinstance(expr, sp.Sum):
            return self._sum(expr.function, list(expr.limits), bound)
        if isinstance(expr, sp.Float):
            raise DomainError("number", expr, "exact numbers", "use Rational instead of a float")
        if isinstance(expr, sp.NumberSymbol | sp.core.numbers.ImaginaryUnit):
            if expr is sp.I:
                raise UnsupportedModel("no square root of -1 in GF(2^61-1): split real and imaginary parts")
            return self._random_value((expr,))
        if isinstance(expr, sp.MatrixBase | sp.MatrixExpr):
            matrix = self.matrix(expr)
            if (matrix.nrows(), matrix.ncols()) == (1, 1):
                return int(matrix[0, 0])
        if isinstance(expr, sp.Expr) and expr.args and all(isinstance(x, sp.Expr) for x in expr.args):
            return self._random_value((expr.func.__name__, *(self.scalar(x, bound) for x in expr.args)))
        raise UnsupportedModel(f"no value over a prime field for {type(expr).__name__}: {expr}")

    def _random_value(self, key: tuple[Any, ...]) -> int:
        if key not in self._opaque:
            self._opaque[key] = self._draw()
        return self._opaque[key]

    def _power(self, base: int, exponent: sp.Rational, expr: sp.Basic) -> int:
        halvings = int(exponent.q).bit_length() - 1
        if exponent.q != 1 << halvings:
            return self._random_value(("root", base, int(exponent.p), int(exponent.q)))
        for _ in range(halvings):
            root = pow(base, (PRIME + 1) // 4, PRIME)
            if root * root % PRIME != base:
                raise Degenerate
            base = root
        if exponent.p < 0:
            base = _reciprocal(base)
        return pow(base, abs(int(exponent.p)), PRIME)

    def _sum(self, body: sp.Basic, limits: list[Any], bound: Mapping[sp.Symbol, int]) -> int:
        if not limits:
            return self.scalar(body, bound)
        *outer, (index, low, high) = limits  # the last limit is the outermost sum
        start, stop = self._index(low, bound), self._index(high, bound)
        if not 0 <= stop - start < 200:
            raise UnsupportedModel(f"the sum over {index} from {low} to {high} is not over matrix indices")
        return sum(self._sum(body, outer, {**bound, index: i}) for i in range(start, stop + 1)) % PRIME

    def _index(self, expr: sp.Basic, bound: Mapping[sp.Symbol, int]) -> int:
        value = expr.subs({**self.dimensions, **bound})
        if not value.is_Integer:
            raise UnsupportedModel(f"the index {expr} is not a whole number of matrix dimensions")
        return int(value)

    # ---------------------------------------------------------------------------------------------------- matrices

    def _size(self, expr: sp.Basic) -> int:
        for symbol in sorted(expr.free_symbols, key=str):
            if symbol not in self.dimensions:
                self.dimensions[symbol] = self._dimension()
        return self._index(expr, {})

    def matrix(self, expr: sp.Basic) -> nmod_mat:
        """Value of a matrix expression."""
        if isinstance(expr, sp.MatrixSymbol):
            kind = self.kinds.get(str(expr.name), "general")
            if not isinstance(kind, str):
                return self.matrix(kind)
            if expr not in self._drawn:
                self._drawn[expr] = random_matrix(self.rng, self._size(expr.rows), self._size(expr.cols), kind)
            return self._drawn[expr]
        if expr not in self._matrices:
            self._matrices[expr] = self._matrix(expr)
        return self._matrices[expr]

    def _matrix(self, expr: Any) -> nmod_mat:
        if isinstance(expr, sp.Identity):
            return _identity(self._size(expr.rows))
        if isinstance(expr, sp.ZeroMatrix):
            return nmod_mat(self._size(expr.rows), self._size(expr.cols), PRIME)
        if isinstance(expr, sp.OneMatrix):
            rows, cols = self._size(expr.rows), self._size(expr.cols)
            return nmod_mat(rows, cols, [1] * (rows * cols), PRIME)
        if isinstance(expr, sp.MatAdd):
            first, *rest = (self.matrix(x) for x in expr.args)
            for term in rest:
                first = first + term
            return first
        if isinstance(expr, sp.MatMul):
            scalar, matrices = expr.as_coeff_matrices()
            result: Any = None
            for factor in matrices:
                result = self.matrix(factor) if result is None else result * self.matrix(factor)
            value = self.scalar(scalar)
            return result if value == 1 else result * value
        if isinstance(expr, sp.Inverse):
            return _inverse(self.matrix(expr.arg))
        if isinstance(expr, sp.MatPow) and expr.exp.is_Integer:
            base = self.matrix(expr.base)
            if expr.exp < 0:
                base = _inverse(base)
            power = _identity(base.nrows())
            for _ in range(abs(int(expr.exp))):
                power = power * base
            return power
        if isinstance(expr, sp.Transpose | sp.Adjoint):
            return self.matrix(expr.arg).transpose()
        if isinstance(expr, sp.HadamardProduct):
            parts = [self.matrix(x) for x in expr.args]
            rows, cols = parts[0].nrows(), parts[0].ncols()
            entries = []
            for i in range(rows):
                for j in range(cols):
                    value = 1
                    for part in parts:
                        value = value * int(part[i, j]) % PRIME
                    entries.append(value)
            return nmod_mat(rows, cols, entries, PRIME)
        if isinstance(expr, sp.MatrixBase):
            entries = [self.scalar(x) for x in expr]
            return nmod_mat(expr.rows, expr.cols, entries, PRIME)
        raise UnsupportedModel(f"no matrix over a prime field for {type(expr).__name__}: {expr}")


def _reciprocal(value: int) -> int:
    if value % PRIME == 0:
        raise Degenerate
    return pow(value, -1, PRIME)


# ------------------------------------------------------------------------------------------------------------ degree


def _sum_degree(parts: list[Degree]) -> Degree:
    below = sum(d for _, d in parts)
    return max((n + below - d for n, d in parts), default=0), below


def degree_bound(
    expr: Any,
    atoms: int,
    dimension: int,
    solved: Mapping[Any, Degree] | None = None,
    kinds: Mapping[str, Any] | None = None,
) -> Degree:
    """Bound on the degrees of numerator and denominator in the random values of a :class:`PrimePoint`.

    Matrices count as polynomial matrices over one common denominator.  The bound is crude: it enters only through its
    quotient by ``2^61``.
    """
    solved, kinds = solved or {}, kinds or {}

    def bound(e: Any) -> Degree:
        if e in solved:
            return solved[e]
        if isinstance(e, sp.Rational):
            return 0, 0
        if isinstance(e, sp.MatrixSymbol):
            kind = kinds.get(str(e.name), "general")
            if not isinstance(kind, str):
                return bound(kind)
            return {"orthogonal": (dimension + 1, dimension), "projection": (2 * dimension + 2, 2 * dimension)}.get(
                kind, (1, 0)
            )
        if isinstance(e, sp.Symbol | sp.NumberSymbol):
            return 2, 0  # 2: positive symbols may be drawn as squares
        if isinstance(e, sp.Identity | sp.ZeroMatrix | sp.OneMatrix):
            return 0, 0
        if isinstance(e, sp.Add | sp.MatAdd):
            return _sum_degree([bound(x) for x in e.args])
        if isinstance(e, sp.Mul | sp.MatMul | sp.HadamardProduct):
            parts = [bound(x) for x in e.args]
            return sum(n for n, _ in parts), sum(d for _, d in parts)
        if isinstance(e, sp.Inverse):
            n, d = bound(e.arg)
            return d + (dimension - 1) * n, dimension * n
        if isinstance(e, sp.Pow | sp.MatPow) and isinstance(e.exp, sp.Rational):
            n, d = bound(e.base)
            if e.exp < 0:
                n, d = (d + (dimension - 1) * n, dimension * n) if isinstance(e, sp.MatPow) else (d, n)
            power = -(-abs(int(e.exp.p)) // int(e.exp.q))
            return n * power, d * power
        if isinstance(e, Average):
            n, d = bound(e.integrand)
            weight = max((w for k, (w, _) in solved.items() if isinstance(k, tuple)), default=2)
            return _sum_degree([(n + weight, d)] * atoms)
        if isinstance(e, Determinant):
            n, d = bound(e.arg)
            return n * dimension, d * dimension
        if isinstance(e, sp.Sum):
            return _sum_degree([bound(e.function)] * dimension ** len(e.limits))
        if isinstance(e, sp.MatrixBase):
            return _sum_degree([bound(x) for x in e])
        if isinstance(e, sp.matrices.expressions.matexpr.MatrixElement):
            return bound(e.args[0])
        if isinstance(e, Trace | sp.Transpose | sp.Adjoint):
            return bound(e.arg)
        return 2, 0  # a value drawn for a function that is not rational

    return bound(expr)
