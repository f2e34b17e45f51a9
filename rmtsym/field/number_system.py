"""Number systems in which one expression can be evaluated: floats, multiprecision, balls, a prime field.

A number system says how to read an exact number, how to call a function, and how to compute with matrices; sums,
products and quotients are Python operators.  The walk over an expression lives in :mod:`rmtsym.field.evaluate`.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.field.diagonal import Diagonal

__all__ = ["FLOAT", "GFP", "MP", "Float", "Multiprecision", "NumberSystem", "PrimeField"]

MERSENNE = 2**61 - 1


class NumberSystem:
    """Numbers, functions and matrices of one kind; the methods below are the defaults for Python operators."""

    name = "numbers"
    vectorised = False  # True: an average contracts arrays; False: it visits the atoms one by one

    def __enter__(self) -> NumberSystem:
        return self

    def __exit__(self, *_: object) -> None:
        return None

    # numbers
    def number(self, value: Any) -> Any:
        raise NotImplementedError

    def constant(self, name: str) -> Any:
        raise NotImplementedError

    def total(self, terms: Sequence[Any]) -> Any:
        return functools.reduce(operator.add, terms)

    def product(self, factors: Sequence[Any]) -> Any:
        return functools.reduce(operator.mul, factors)

    def quotient(self, numerator: Any, denominator: Any) -> Any:
        return denominator**-1 if numerator is None else numerator / denominator

    def power(self, base: Any, exponent: Fraction) -> Any:
        """``base ** exponent`` for a positive rational exponent."""
        if exponent.denominator == 1:
            return base**exponent.numerator
        if exponent.denominator == 2:
            root = self.call("sqrt", base)
            return root if exponent.numerator == 1 else root**exponent.numerator
        return self.general_power(base, self.number(exponent))

    def general_power(self, base: Any, exponent: Any) -> Any:
        return base**exponent

    def call(self, name: str, *args: Any) -> Any:
        raise NotImplementedError

    def apply(self, function: Callable[..., Any], *args: Any) -> Any:
        """Value of a Python function that knows this kind of numbers (nodes of higher layers)."""
        return function(*args)

    def compare(self, relation: str, left: Any, right: Any) -> Any:
        return {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge, "==": operator.eq}[relation](
            left, right
        )

    def choose(self, condition: Any, value: Any, otherwise: Callable[[], Any]) -> Any:
        """``value`` where the condition holds, ``otherwise()`` elsewhere."""
        return value if condition else otherwise()

    def contract(self, values: Sequence[Any], weights: Sequence[Any]) -> Any:
        return self.total([w * v for w, v in zip(weights, values, strict=True)])

    # matrices
    def matrix(self, value: Any) -> Any:
        raise NotImplementedError

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        raise NotImplementedError

    def shape(self, matrix: Any) -> tuple[int, int]:
        return matrix.nrows(), matrix.ncols()

    def identity(self, n: int) -> Any:
        return self.tabulate(n, n, lambda i, j: self.number(int(i == j)))

    def zeros(self, rows: int, cols: int) -> Any:
        return self.tabulate(rows, cols, lambda i, j: self.number(0))

    def scale(self, scalar: Any, matrix: Any) -> Any:
        return matrix * scalar

    def multiply(self, left: Any, right: Any) -> Any:
        return left * right

    def transpose(self, matrix: Any) -> Any:
        return matrix.transpose()

    def inverse(self, matrix: Any) -> Any:
        return matrix.inv()

    def solve(self, matrix: Any, right: Any) -> Any:
        return matrix.solve(right)

    def hadamard(self, left: Any, right: Any) -> Any:
        return self.tabulate(*self.shape(left), lambda i, j: left[i, j] * right[i, j])

    def entry(self, matrix: Any, i: int, j: int) -> Any:
        return matrix[i, j]

    def trace(self, matrix: Any) -> Any:
        return self.total([matrix[i, i] for i in range(self.shape(matrix)[0])])

    def trace_product(self, left: Any, right: Any) -> Any:
        """tr(left right) without forming the product."""
        pairs = zip(left.entries(), right.transpose().entries(), strict=True)
        return self.total([a * b for a, b in pairs])

    def diagonal(self, matrix: Any) -> Any:
        """The matrix without what is off its diagonal."""
        zero = self.number(0)
        return self.tabulate(*self.shape(matrix), lambda i, j: matrix[i, j] if i == j else zero)

    def diagonal_product(self, left: Any, right: Any) -> Any:
        """The diagonal of ``left right``."""
        return self.diagonal(self.multiply(left, right))


def real_table(value: Any) -> list[list[Any]]:
    """Rows of a matrix given as a numpy array, a nested sequence or a sympy matrix."""
    if isinstance(value, np.ndarray):
        if value.ndim != 2:
            raise DomainError("matrix", f"array of shape {value.shape}", "two axes", "give columns as n x 1 arrays")
        return value.tolist()
    if hasattr(value, "tolist"):
        return value.tolist()
    return [list(row) for row in value]


def as_array(values: Sequence[Any]) -> np.ndarray:
    """Floats (or complex numbers) of exact numbers, correctly rounded."""
    return np.array([complex(x) if isinstance(x, complex) else float(x) for x in values])


def letters_of(law: Any, measure: Any) -> dict[str, Sequence[Any]]:
    """Values of the letters of a measure in the law that is bound to it."""
    missing = [x.name for x in measure.letters if x.name not in law.letters]
    if missing:
        raise UnknownName(f"letter of the measure {measure.name}", missing[0], law.letters)
    return {x.name: law.letters[x.name] for x in measure.letters}


_NUMPY = {"asin": "arcsin", "acos": "arccos", "atan": "arctan", "asinh": "arcsinh", "acosh": "arccosh",
          "atanh": "arctanh", "Abs": "abs", "Max": "maximum", "Min": "minimum", "re": "real", "im": "imag",
          "sign": "sign", "conjugate": "conj"}  # fmt: skip
_SPECIAL = {"erf": "erf", "erfc": "erfc", "erfi": "erfi", "gamma": "gamma", "loggamma": "loggamma"}


class Float(NumberSystem):
    """IEEE doubles and numpy arrays; parameters may be arrays that broadcast, real or complex."""

    name = "float"
    vectorised = True

    def number(self, value: Any) -> Any:
        if isinstance(value, np.ndarray):
            return value if value.dtype.kind in "fc" else value.astype(float)
        if isinstance(value, (complex, np.complexfloating)):
            return np.complex128(value)
        if hasattr(value, "real") and hasattr(value, "imag") and not isinstance(value, (int, float, Fraction)):
            real, imag = value.real, value.imag  # flint or mpmath numbers
            real, imag = (v() if callable(v) else v for v in (real, imag))
            return np.float64(float(real)) if imag == 0 else np.complex128(complex(float(real), float(imag)))
        return np.float64(value)

    def constant(self, name: str) -> Any:
        return {"pi": np.float64(np.pi), "E": np.float64(np.e), "I": np.complex128(1j),
                "EulerGamma": np.float64(np.euler_gamma)}[name]  # fmt: skip

    def quotient(self, numerator: Any, denominator: Any) -> Any:
        return 1.0 / denominator if numerator is None else numerator / denominator

    def power(self, base: Any, exponent: Fraction) -> Any:
        if exponent.denominator == 1 and exponent.numerator <= 4:
            if exponent.numerator == 1:
                return base
            square = base * base
            return square if exponent.numerator == 2 else square * (base if exponent.numerator == 3 else square)
        return super().power(base, exponent)

    def call(self, name: str, *args: Any) -> Any:
        if name in _SPECIAL:
            import scipy.special

            return getattr(scipy.special, _SPECIAL[name])(*args)
        if name == "Heaviside":
            return np.heaviside(args[0], 0.5)
        return functools.reduce(getattr(np, _NUMPY.get(name, name)), args) if len(args) > 1 else getattr(
            np, _NUMPY.get(name, name)
        )(*args)  # fmt: skip

    def choose(self, condition: Any, value: Any, otherwise: Callable[[], Any]) -> Any:
        return np.where(condition, value, otherwise())

    def contract(self, values: Any, weights: Any) -> Any:
        return values @ weights

    def atoms(self, law: Any, measure: Any) -> tuple[dict[str, Any], Any]:
        """Letters and weights of a law as arrays; the last axis counts the atoms."""
        if hasattr(law, "quadrature"):
            return law.quadrature(measure)
        return {k: as_array(v) for k, v in letters_of(law, measure).items()}, as_array(law.weights)

    def lift(self, value: Any, levels: int, matrix: bool) -> Any:
        """Append axes for the atoms of inner averages."""
        if np.ndim(value) == (2 if matrix else 0):
            return value
        for _ in range(levels):
            value = value[..., None, :, :] if matrix else value[..., None]
        return value

    def matrix(self, value: Any) -> Any:
        if hasattr(value, "in_system"):  # a matrix that knows its numbers, such as a kernel at data
            return value.in_system(self)
        if isinstance(value, np.ndarray) and value.dtype.kind in "fc":
            return value
        return np.array([[self.number(x) for x in row] for row in real_table(value)])

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        return np.array([[entry(i, j) for j in range(cols)] for i in range(rows)])

    def shape(self, matrix: Any) -> tuple[int, int]:
        return matrix.shape[-2:]

    def identity(self, n: int) -> Any:
        return np.eye(n)

    def zeros(self, rows: int, cols: int) -> Any:
        return np.zeros((rows, cols))

    def scale(self, scalar: Any, matrix: Any) -> Any:
        return matrix * scalar if isinstance(matrix, Diagonal) else np.asarray(scalar)[..., None, None] * matrix

    def multiply(self, left: Any, right: Any) -> Any:
        return left @ right

    def transpose(self, matrix: Any) -> Any:
        return matrix if isinstance(matrix, Diagonal) else np.swapaxes(matrix, -1, -2)

    def inverse(self, matrix: Any) -> Any:
        return matrix.inv() if isinstance(matrix, Diagonal) else np.linalg.inv(matrix)

    def solve(self, matrix: Any, right: Any) -> Any:
        return matrix.solve(right) if isinstance(matrix, Diagonal) else np.linalg.solve(matrix, right)

    def hadamard(self, left: Any, right: Any) -> Any:
        return left * right

    def entry(self, matrix: Any, i: int, j: int) -> Any:
        return matrix[..., i, j]

    def trace(self, matrix: Any) -> Any:
        return matrix.trace() if isinstance(matrix, Diagonal) else np.trace(matrix, axis1=-2, axis2=-1)

    def trace_product(self, left: Any, right: Any) -> Any:
        if isinstance(left, Diagonal) or isinstance(right, Diagonal):
            return self.trace(left @ right)
        return np.einsum("...ij,...ji->...", left, right)

    def diagonal(self, matrix: Any) -> Any:
        return matrix if isinstance(matrix, Diagonal) else Diagonal(np.diagonal(matrix).copy())

    def diagonal_product(self, left: Any, right: Any) -> Any:
        if isinstance(left, Diagonal) or isinstance(right, Diagonal):
            return self.diagonal(left @ right)
        return Diagonal(np.einsum("ij,ji->i", left, right))


class Multiprecision(NumberSystem):
    """mpmath at ``dps`` decimal digits (no error bound; for series, plots and comparisons)."""

    name = "mpmath"

    def __init__(self, dps: int = 30) -> None:
        import mpmath

        self.mp, self.dps = mpmath.mp, dps

    def __enter__(self) -> Multiprecision:
        self._guard = self.mp.workdps(self.dps)
        self._guard.__enter__()
        return self

    def __exit__(self, *args: object) -> None:
        self._guard.__exit__(*args)

    def number(self, value: Any) -> Any:
        if isinstance(value, Fraction):
            return self.mp.mpf(value.numerator) / value.denominator
        if isinstance(value, np.generic):
            value = value.item()
        return self.mp.mpmathify(value)

    def constant(self, name: str) -> Any:
        return {"pi": +self.mp.pi, "E": +self.mp.e, "I": self.mp.mpc(0, 1), "EulerGamma": +self.mp.euler}[name]

    def call(self, name: str, *args: Any) -> Any:
        if name in ("Max", "Min"):
            return (max if name == "Max" else min)(*args)
        if name == "Heaviside":
            return (self.mp.sign(args[0]) + 1) / 2
        return getattr(self.mp, {"Abs": "fabs", "conjugate": "conj"}.get(name, name))(*args)

    def matrix(self, value: Any) -> Any:
        return self.mp.matrix([[self.number(x) for x in row] for row in real_table(value)])

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        return self.mp.matrix([[entry(i, j) for j in range(cols)] for i in range(rows)])

    def shape(self, matrix: Any) -> tuple[int, int]:
        return matrix.rows, matrix.cols

    def transpose(self, matrix: Any) -> Any:
        return matrix.T

    def inverse(self, matrix: Any) -> Any:
        return matrix**-1

    def solve(self, matrix: Any, right: Any) -> Any:
        return self.inverse(matrix) * right

    def trace_product(self, left: Any, right: Any) -> Any:
        return self.total([left[i, j] * right[j, i] for i in range(left.rows) for j in range(left.cols)])


class PrimeField(NumberSystem):
    """Integers modulo a prime, for exact zero tests of rational identities."""

    name = "prime field"

    def __init__(self, p: int = MERSENNE) -> None:
        import flint

        self.p, self._nmod, self._matrix = p, flint.nmod, flint.nmod_mat

    def number(self, value: Any) -> Any:
        if isinstance(value, self._nmod):
            return value
        fraction = Fraction(value)
        return self._nmod(fraction.numerator % self.p, self.p) / self._nmod(fraction.denominator % self.p, self.p)

    def constant(self, name: str) -> Any:
        raise UnsupportedModel(f"{name} is not an element of a prime field; replace it by a symbol")

    def call(self, name: str, *args: Any) -> Any:
        raise UnsupportedModel(f"{name} has no value in a prime field; replace it by a symbol with its relations")

    def matrix(self, value: Any) -> Any:
        rows = value if isinstance(value, self._matrix) else None
        if rows is not None:
            return rows
        table = real_table(value)
        return self._matrix(len(table), len(table[0]), [int(self.number(x)) for row in table for x in row], self.p)

    def tabulate(self, rows: int, cols: int, entry: Callable[[int, int], Any]) -> Any:
        return self._matrix(rows, cols, [int(entry(i, j)) for i in range(rows) for j in range(cols)], self.p)

    def scale(self, scalar: Any, matrix: Any) -> Any:
        return matrix * scalar


FLOAT = Float()


@functools.lru_cache(maxsize=8)
def MP(dps: int = 30) -> Multiprecision:
    """Multiprecision numbers with ``dps`` decimal digits."""
    return Multiprecision(dps)


@functools.lru_cache(maxsize=8)
def GFP(p: int = MERSENNE) -> PrimeField:
    """The prime field with ``p`` elements."""
    return PrimeField(p)
