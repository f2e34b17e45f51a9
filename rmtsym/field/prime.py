"""One sympy expression evaluated exactly at a random point over a prime field, by default GF(2^61 - 1).

A point binds symbols to field elements, spectral measures to finitely many random atoms and matrix symbols to random
matrices, by name.  Square roots are the powers ``x^((p+1)/4)``: multiplicative on squares, hence consistent with every
algebraic rule for radicals.  A function that is not rational is an independent random value of its arguments.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import sympy as sp
from flint import fmpz, nmod, nmod_mat
from sympy.matrices.expressions.determinant import Determinant
from sympy.matrices.expressions.matexpr import MatrixElement
from sympy.matrices.expressions.trace import Trace

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.diagonal import DiagonalPart
from rmtsym.field.evaluate import Frame, Walk
from rmtsym.field.number_system import MERSENNE, PrimeField

__all__ = [
    "PRIME",
    "Degenerate",
    "PrimePoint",
    "RandomLaw",
    "degree_bound",
    "field_name",
    "prime_with_roots",
    "random_matrix",
]

PRIME = MERSENNE  # congruent to 3 modulo 4, which the square roots rely on


def field_name(prime: int) -> str:
    """How a prime field is called.

    >>> field_name(PRIME), field_name(PRIME - 30)
    ('GF(2^61-1)', 'GF(2^61-31)')
    """
    return f"GF(2^61-{2**61 - prime})"


@lru_cache(maxsize=64)
def prime_with_roots(numbers: frozenset[int]) -> int:
    """Largest prime below 2^61, congruent to 3 modulo 4, for which these positive integers are squares.

    >>> prime_with_roots(frozenset({2})) == PRIME
    True
    """
    prime = PRIME
    while not fmpz(prime).is_prime() or any(pow(n, (prime - 1) // 2, prime) != 1 for n in numbers):
        prime -= 4
    return prime


Degree = tuple[int, int]


class Degenerate(Exception):
    """A random point at which a denominator vanishes or a radicand is no square: draw again."""


class RandomField(PrimeField):
    """The prime field with square roots, and with independent random values of all other functions."""

    def __init__(self, draw: Callable[[], int], prime: int = PRIME) -> None:
        super().__init__(prime)
        self._draw = draw
        self._seen: dict[tuple[Any, ...], nmod] = {}

    def opaque(self, *key: Any) -> nmod:
        if key not in self._seen:
            self._seen[key] = self.number(self._draw())
        return self._seen[key]

    def constant(self, name: str) -> nmod:
        if name == "I":
            raise UnsupportedModel(f"no square root of -1 in {field_name(self.p)}: split real and imaginary parts")
        return self.opaque(name)

    def call(self, name: str, *args: nmod) -> nmod:
        return self.power(args[0], Fraction(1, 2)) if name == "sqrt" else self.opaque(name, *map(int, args))

    def power(self, base: nmod, exponent: Fraction) -> nmod:
        halvings = exponent.denominator.bit_length() - 1
        if exponent.denominator != 1 << halvings:
            return self.opaque("root", int(base), exponent)
        for _ in range(halvings):
            root = base ** ((self.p + 1) // 4)
            if root * root != base:
                raise Degenerate
            base = root
        return base**exponent.numerator

    def general_power(self, base: nmod, exponent: nmod) -> nmod:
        return self.opaque("power", int(base), int(exponent))


class _Walk(Walk):
    """Functions that nobody knows are random values of their arguments; determinants exist."""

    system: RandomField

    def _compute(self, expr: Any, frame: Frame) -> Any:
        if isinstance(expr, sp.Float):
            raise DomainError("number", expr, "exact numbers", "use Rational instead of a float")
        if isinstance(expr, Determinant):
            return self.system.number(int(self.value(expr.arg, frame).det()))
        if isinstance(expr, sp.OneMatrix):
            rows, cols = (self.size(x) for x in expr.shape)
            return self.system.tabulate(rows, cols, lambda i, j: 1)
        unknown = isinstance(expr, sp.Function) or hasattr(expr, "_walk_value")
        if unknown and all(isinstance(x, sp.Expr) for x in expr.args):
            return self.system.opaque(type(expr).__name__, *(int(self.value(x, frame)) for x in expr.args))
        return super()._compute(expr, frame)


class RandomLaw:
    """Random atoms of one spectral measure; the weights sum to one."""

    def __init__(self, weights: list[int]) -> None:
        self.weights = weights
        self.letters: dict[str, list[int]] = {}


def random_matrix(rng: random.Random, rows: int, cols: int, kind: str = "general", prime: int = PRIME) -> nmod_mat:
    """Random matrix over the field of a kind: general, symmetric, diagonal, orthogonal or projection."""
    if kind == "general":
        return nmod_mat(rows, cols, [rng.randrange(prime) for _ in range(rows * cols)], prime)
    if rows != cols:
        raise DomainError("matrix kind", kind, "'general' for rectangular matrices", "declare it general")
    entries = [[0] * cols for _ in range(rows)]
    for i in range(rows):
        for j in range(i + 1):
            value = rng.randrange(prime)
            match kind:
                case "symmetric":
                    entries[i][j] = entries[j][i] = value
                case "diagonal":
                    entries[i][j] = value if i == j else 0
                case "orthogonal" | "projection":  # skew matrix for the Cayley transform
                    if i != j:
                        entries[i][j], entries[j][i] = value, prime - value
                case _:
                    kinds = ["general", "symmetric", "diagonal", "orthogonal", "projection"]
                    raise UnknownName("matrix kind", kind, kinds)
    matrix = nmod_mat(rows, cols, [x for row in entries for x in row], prime)
    if kind not in ("orthogonal", "projection"):
        return matrix
    one = nmod_mat(rows, rows, [int(i == j) for i in range(rows) for j in range(rows)], prime)
    rotation = (one - matrix) * (one + matrix).inv()
    if kind == "orthogonal":
        return rotation
    half = nmod_mat(rows, rows, [int(i == j and 2 * i < rows) for i in range(rows) for j in range(rows)], prime)
    return rotation * half * rotation.transpose()


class PrimePoint:
    """A point over a prime field and the values of sympy expressions there.

    Parameters
    ----------
    rng : random.Random
        Source of everything that is not bound yet.
    atoms : int
        Number of random atoms of every spectral measure.
    dimension : callable
        Gives the dimension of a symbol that occurs in a matrix shape.
    kinds : mapping from matrix name to kind
    squares : bool
        Draw positive symbols as squares, so that their roots exist.
    spectra : mapping from measure name to mapping from letter to matrix symbol
        Measures that are spectra of (commuting, here diagonal) matrices: equal weights, eigenvalues as atoms.
    prime : int
        Congruent to 3 modulo 4.
    """

    def __init__(
        self,
        rng: random.Random,
        atoms: int = 4,
        dimension: Callable[[], int] | None = None,
        kinds: Mapping[str, str] | None = None,
        squares: bool = False,
        spectra: Mapping[str, Mapping[sp.Symbol, sp.MatrixSymbol]] | None = None,
        prime: int = PRIME,
    ) -> None:
        self.rng, self.atoms, self.squares, self.prime = rng, atoms, squares, prime
        self.spectra = dict(spectra or {})
        self.kinds = {**(kinds or {}), **{str(m.name): "diagonal" for x in self.spectra.values() for m in x.values()}}
        self.dimension = dimension or (lambda: self.rng.randrange(5, 10))
        self.symbols: dict[str, int] = {}
        self.dimensions: dict[str, int] = {}
        self.laws: dict[str, RandomLaw] = {}
        self.matrices: dict[str, nmod_mat] = {}
        self.field = RandomField(self._draw, prime)

    def moved(self, symbols: Mapping[str, int], weights: Mapping[tuple[str, int], int]) -> PrimePoint:
        """The same point with other values of some symbols and atom weights; the last weight keeps the sum."""
        other = PrimePoint(self.rng, self.atoms, self.dimension, self.kinds, self.squares, self.spectra, self.prime)
        other.symbols, other.laws = {**self.symbols, **symbols}, dict(self.laws)
        other.dimensions, other.matrices, other.field = self.dimensions, self.matrices, self.field
        for (name, i), value in weights.items():
            changed = RandomLaw(list(other.laws[name].weights))
            changed.letters = self.laws[name].letters
            changed.weights[-1] = (changed.weights[-1] + changed.weights[i] - value) % self.prime
            changed.weights[i] = value
            other.laws[name] = changed
        return other

    def _draw(self, positive: bool = True) -> int:
        value = self.rng.randrange(2, self.prime)
        return value * value % self.prime if self.squares and positive else value

    # binding: the order of these calls is the order of the random numbers, so callers sort by name

    def bind_matrix(self, matrix: sp.MatrixSymbol) -> None:
        for symbol in sorted((s for side in matrix.shape for s in side.free_symbols), key=str):
            self.bind_dimension(symbol)
        rows, cols = (int(side.subs({s: self.dimensions[str(s)] for s in side.free_symbols})) for side in matrix.shape)
        if str(matrix.name) not in self.matrices:
            kind = self.kinds.get(str(matrix.name), "general")
            self.matrices[str(matrix.name)] = random_matrix(self.rng, rows, cols, kind, self.prime)

    def bind_dimension(self, symbol: sp.Symbol) -> None:
        if str(symbol) not in self.dimensions:
            self.dimensions[str(symbol)] = self.dimension()

    def bind_symbol(self, symbol: sp.Symbol) -> None:
        if str(symbol) not in self.dimensions and str(symbol) not in self.symbols:
            self.symbols[str(symbol)] = self._draw(bool(symbol.is_positive))

    def bind_measure(self, measure: SpectralMeasure) -> None:
        if measure.name in self.spectra:
            self._bind_spectrum(measure)
            return
        if measure.name not in self.laws:
            free = [self._draw() for _ in range(self.atoms - 1)]
            self.laws[measure.name] = RandomLaw([*free, (1 - sum(free)) % self.prime])
        law = self.laws[measure.name]
        for letter in measure.letters:
            if str(letter) not in law.letters:
                law.letters[str(letter)] = [self._draw(bool(letter.is_positive)) for _ in range(self.atoms)]

    def _bind_spectrum(self, measure: SpectralMeasure) -> None:
        for letter in measure.letters:
            matrix = self.spectra[measure.name][letter]
            self.bind_matrix(matrix)
            table = self.matrices[str(matrix.name)]
            size = table.nrows()
            law = self.laws.setdefault(measure.name, RandomLaw([pow(size, -1, self.prime)] * size))
            law.letters[str(letter)] = [int(table[i, i]) for i in range(size)]

    # values

    def value(self, expr: sp.Basic) -> Any:
        """Value of a scalar (``nmod``) or of a matrix (``nmod_mat``).

        Raises
        ------
        Degenerate
            If a denominator vanishes here or a radicand is no square.
        """
        env = {**self.symbols, **self.dimensions, **self.laws, **self.matrices}
        try:
            return _Walk(self.field, env).value(expr)
        except ZeroDivisionError:
            raise Degenerate from None

    def scalar(self, expr: sp.Basic) -> int:
        """Value of a scalar as an integer."""
        return int(self.value(expr))


# ------------------------------------------------------------------------------------------------------------ degree


def _sum_degree(parts: list[Degree]) -> Degree:
    below = sum(d for _, d in parts)
    return max((n + below - d for n, d in parts), default=0), below


def degree_bound(
    expr: Any,
    atoms: int,
    dimension: int,
    solved: Mapping[Any, Degree] | None = None,
    kinds: Mapping[str, str] | None = None,
) -> Degree:
    """Bound on the degrees of numerator and denominator in the random values of a :class:`PrimePoint`.

    Matrices count as polynomial matrices over one common denominator.  The bound is crude: it enters only through its
    quotient by ``2^61``.
    """
    solved, kinds = solved or {}, kinds or {}

    def bound(e: Any) -> Degree:
        if isinstance(e, sp.Symbol) and str(e) in solved:
            return solved[str(e)]
        if isinstance(e, sp.Rational):
            return 0, 0
        if isinstance(e, sp.MatrixSymbol):
            kind = kinds.get(str(e.name), "general")
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
        if isinstance(e, MatrixElement):
            return bound(e.args[0])
        if isinstance(e, Trace | sp.Transpose | sp.Adjoint | DiagonalPart):
            return bound(e.arg)
        return 2, 0  # a value drawn for a function that is not rational

    return bound(expr)
