"""Matrix expressions drawn at finite size with numpy."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from fractions import Fraction
from functools import reduce
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName
from rmtsym.field.measure import Atoms
from rmtsym.matrix.entry import draw_entries
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed, walk
from rmtsym.matrix.space import Space, check_spaces
from rmtsym.matrix.structure import letters, parameters

__all__ = ["Draw", "dimensions", "draw", "sample"]


def sample(
    expression: Expression,
    sizes: int | Mapping[str, int],
    rng: np.random.Generator,
    law: str = "gauss",
    bindings: Mapping[str, Any] | None = None,
) -> np.ndarray:
    """One random matrix.

    Parameters
    ----------
    expression : Expression
    sizes : int, or mapping from space name to dimension
        The common large number ``N``; or dimensions, from which ``N`` follows.
    rng : numpy.random.Generator
    law : str
        Law of the entries of Gaussian and Wigner letters, see :func:`rmtsym.matrix.entry.draw_entries`.
    bindings : mapping
        Parameter name -> number, measure name -> Atoms, name of an explicit matrix -> array.

    Returns
    -------
    numpy.ndarray

    Raises
    ------
    DomainError, UnknownName, ShapeError
        For dimensions that are not whole numbers, unbound names, arrays of another shape, singular inverses.

    Examples
    --------
    >>> c = sp.Symbol("c", positive=True)
    >>> X = Gaussian("X", Space("p", c), Space("n"))
    >>> sample(X @ X.T, 10, np.random.default_rng(0), bindings={"c": Fraction(1, 2)}).shape
    (5, 5)
    """
    return draw((expression,), sizes, rng, law, bindings).matrix(expression)


class Draw:
    """Arrays for all letters of some expressions, and the expressions evaluated at them."""

    def __init__(
        self, arrays: Mapping[Expression, np.ndarray], sizes: Mapping[str, int], env: Mapping[str, Any]
    ) -> None:
        self._values: dict[Expression, np.ndarray] = dict(arrays)  # a diagonal matrix is kept as a vector
        self._sizes, self._env = sizes, env

    def matrix(self, expression: Expression) -> np.ndarray:
        """The expression as a dense array."""
        value = self._value(expression)
        return np.diag(value) if value.ndim == 1 else value

    def trace(self, expression: Expression) -> float | complex:
        """Trace divided by the dimension of the expression's space."""
        if not expression.is_square:
            raise ShapeError(f"the trace of {expression} needs one space, not {expression.rows} and {expression.cols}")
        value = self._value(expression)
        return (value if value.ndim == 1 else value.diagonal()).mean().item()

    def _value(self, node: Expression) -> np.ndarray:
        if node not in self._values:
            self._values[node] = self._compute(node)
        return self._values[node]

    def _compute(self, node: Expression) -> np.ndarray:
        match node:
            case Identity(rows=rows):
                return np.ones(self._sizes[rows.name])
            case Zero(rows=rows, cols=cols):
                return np.zeros((self._sizes[rows.name], self._sizes[cols.name]))
            case Transposed(letter=letter):
                return self._value(letter).T
            case Scaled(coefficient=c, body=body):
                return number(c, self._env) * self._value(body)
            case Sum(terms=terms):
                return reduce(_plus, (self._value(x) for x in terms))
            case Product(factors=factors):
                return _product([self._value(x) for x in factors])
            case Inverse(body=body):
                value = self._value(body)
                try:
                    return 1.0 / value if value.ndim == 1 else np.linalg.inv(value)
                except np.linalg.LinAlgError:
                    raise DomainError(
                        "inverse", body, "matrices that are invertible at this size", "add a ridge"
                    ) from None
        raise UnknownName("letter", str(node), map(str, self._values))


def draw(
    expressions: Iterable[Expression],
    sizes: int | Mapping[str, int],
    rng: np.random.Generator,
    law: str = "gauss",
    bindings: Mapping[str, Any] | None = None,
) -> Draw:
    """Draw the letters of several expressions once, for functionals of the same matrices; see :func:`sample`."""
    expressions = tuple(expressions)
    bindings = {str(k): v for k, v in (bindings or {}).items()}
    all_spaces = check_spaces(s for e in expressions for x in walk(e) for s in (x.rows, x.cols))
    env = {k: v for k, v in bindings.items() if not isinstance(v, Atoms | np.ndarray)}
    for name in sorted({str(x) for e in expressions for x in parameters(e)}):
        if name not in env:
            raise UnknownName("parameter", name, env)
    dims, large = dimensions(all_spaces, sizes, env)
    spectra = _spectra(all_spaces, dims, bindings, {x for e in expressions for x in letters(e)})
    arrays: dict[Expression, np.ndarray] = {}
    for letter in (x for e in expressions for x in letters(e)):  # the order is that of the expressions, not of names
        if letter not in arrays:
            arrays[letter] = _letter(letter, dims, large, spectra, rng, law, bindings, env)
    return Draw(arrays, dims, env)


def number(expr: sp.Expr, env: Mapping[str, Any]) -> float | complex:
    """Numerical value of a scalar at bound parameters."""
    symbols = sorted(expr.free_symbols, key=str)
    for x in symbols:
        if str(x) not in env:
            raise UnknownName("parameter", str(x), env)
    value = expr
    if symbols:
        exact = {x: sp.sympify(env[str(x)]) for x in symbols}
        value = expr.subs(exact)
    result = complex(value)
    return result.real if result.imag == 0 else result


def dimensions(
    all_spaces: Iterable[Space], sizes: int | Mapping[str, int], env: Mapping[str, Any]
) -> tuple[dict[str, int], float]:
    """Dimension of every space, and the common large number ``N``."""
    spaces = tuple(all_spaces)
    ratios = {x.name: Fraction(str(sp.nsimplify(number(x.size, env), rational=True))) for x in spaces}
    if not isinstance(sizes, Mapping):
        if int(sizes) < 1:
            raise DomainError("sizes", sizes, "N >= 1", "give a positive whole number")
        dims: dict[str, int] = {}
        for x in spaces:
            exact = ratios[x.name] * int(sizes) if x.size != 0 else Fraction(1)
            if exact.denominator != 1 or exact < 1:
                raise DomainError(
                    f"dimension of space {x.name}", exact, "positive whole numbers", f"choose another N than {sizes}"
                )
            dims[x.name] = int(exact)
        return dims, float(sizes)
    given = {str(k): int(v) for k, v in sizes.items()}
    for name in sorted(given.keys() - {x.name for x in spaces}):
        raise UnknownName("space", name, (x.name for x in spaces))
    scaled = [x for x in spaces if ratios[x.name] > 0 and x.name in given]
    if not scaled:
        raise DomainError("sizes", sizes, "the dimension of at least one space of positive size", "give N")
    largest = max(scaled, key=lambda x: (given[x.name], x.name))
    large = given[largest.name] / ratios[largest.name]
    for x in spaces:
        expected = ratios[x.name] * large if ratios[x.name] else Fraction(given.get(x.name, 1))
        dimension = given.setdefault(x.name, round(expected))
        if abs(dimension - expected) > 1 or dimension < 1:
            raise DomainError(
                f"dimension of space {x.name}", dimension, f"about {float(expected):g}", "keep the ratios of the model"
            )
    return given, float(large)


# ---------------------------------------------------------------------------------------------------------- letters


def _letter(
    letter: Expression,
    dims: Mapping[str, int],
    large: float,
    spectra: Mapping[str, Mapping[str, np.ndarray]],
    rng: np.random.Generator,
    law: str,
    bindings: Mapping[str, Any],
    env: Mapping[str, Any],
) -> np.ndarray:
    shape = (dims[letter.rows.name], dims[letter.cols.name])
    match letter:
        case Gaussian(variance=variance):
            return draw_entries(law, shape, rng) * np.sqrt(_variance(variance, env) / large)
        case Wigner(variance=variance):
            half = np.triu(draw_entries(law, shape, rng), 1)
            diagonal = draw_entries(law, shape[:1], rng) * np.sqrt(2.0)
            return (half + half.T + np.diag(diagonal)) * np.sqrt(_variance(variance, env) / large)
        case Haar():
            return _haar(rng, shape[0])
        case Free(measure=measure):
            eigenvalues = spectra[measure.name][str(measure.letters[0])]
            rotation = _haar(rng, shape[0])
            return (rotation * eigenvalues) @ rotation.T
        case Deterministic(value=str(name)):
            if name not in bindings:
                raise UnknownName("matrix", name, (k for k, v in bindings.items() if isinstance(v, np.ndarray)))
            array = np.asarray(bindings[name])
            if array.shape != shape:
                raise ShapeError(
                    f"matrix '{name}' has shape {array.shape}, but {letter.rows} x {letter.cols} is {shape}"
                )
            if letter.symmetric and not np.allclose(array, array.T):
                raise DomainError(f"matrix '{name}'", "the array given", "symmetric arrays", "drop symmetric=True")
            return array
        case Deterministic(value=value):
            small = letter.rows if shape[0] <= shape[1] else letter.cols
            values = spectra[small.name] if small.letters else {}
            known = {x for x in small.letters}
            fixed = value.xreplace({x: sp.nsimplify(number(x, env), rational=True) for x in value.free_symbols - known})
            function = sp.lambdify([sp.Symbol(str(x)) for x in small.letters], _plain(fixed), "numpy")
            vector = function(*(values[str(x)] for x in small.letters)) * np.ones(min(shape))
            if letter.is_square:
                return vector
            array = np.zeros(shape, dtype=vector.dtype)
            np.fill_diagonal(array, vector)
            return array
    raise UnknownName("letter", str(letter), ())


def _plain(expr: sp.Expr) -> sp.Expr:
    return expr.xreplace({x: sp.Symbol(str(x)) for x in expr.free_symbols})


def _variance(variance: sp.Expr, env: Mapping[str, Any]) -> float:
    value = number(variance, env)
    if isinstance(value, complex) or value < 0:
        raise DomainError("variance", value, "variance >= 0", "check the parameters")
    return value


def _haar(rng: np.random.Generator, size: int) -> np.ndarray:
    q, r = np.linalg.qr(rng.standard_normal((size, size)))
    return q * np.sign(r.diagonal())


# ---------------------------------------------------------------------------------------------------------- spectra


def _counts(weights: Iterable[Any], total: int) -> list[int]:
    """Whole numbers near ``total * weights`` that sum to ``total`` (largest remainders)."""
    exact = [total * Fraction(w) for w in weights]
    counts = [int(x) for x in exact]
    order = sorted(range(len(exact)), key=lambda i: (counts[i] - exact[i], i))
    for i in order[: total - sum(counts)]:
        counts[i] += 1
    return counts


def _spread(law: Atoms, dimension: int) -> dict[str, np.ndarray]:
    counts = _counts(law.weights, dimension)
    return {k: np.repeat(np.array([_plain_number(x) for x in v]), counts) for k, v in law.letters.items()}


def _plain_number(value: Any) -> float | complex:
    return value if isinstance(value, complex) else float(value)


def _spectra(
    spaces: Iterable[Space], dims: Mapping[str, int], bindings: Mapping[str, Any], used: Iterable[Expression]
) -> dict[str, dict[str, np.ndarray]]:
    """Values of the spectral letters along each space, and of the eigenvalues of free letters by measure.

    Tied spaces share their index: the larger repeats the smaller one and then goes on with the surplus.
    """
    laws = {k: v for k, v in bindings.items() if isinstance(v, Atoms)}
    spaces = tuple(spaces)
    result: dict[str, dict[str, np.ndarray]] = {}
    needed = {s for x in used if isinstance(x, Deterministic) and not x.is_word for s in (x.rows, x.cols)}
    for space in sorted(
        (x for x in spaces if x.letters and x in needed),
        key=lambda x: (dims[x.name], x.measure.name not in laws, x.name),
    ):
        size, name = dims[space.name], space.measure.name
        base = next((x for x in spaces if space.tie and x.tie == space.tie and x.name in result), None)
        if base is None:
            if name not in laws:
                raise UnknownName("measure", name, laws)
            _check_letters(name, laws[name], space)
            result[space.name] = _spread(laws[name], size)
            continue
        surplus = size - dims[base.name]
        if name == base.measure.name or name not in laws:
            rest = {str(x): np.zeros(surplus) for x in space.letters}
        else:
            rest = _surplus(laws[name], result[base.name], size, surplus, space)
        result[space.name] = {k: np.concatenate([result[base.name][k], rest[k]]) for k in rest}
    for letter in used:
        if isinstance(letter, Free):
            name = letter.measure.name
            if name not in laws:
                raise UnknownName("measure", name, laws)
            result[name] = _spread(laws[name], dims[letter.rows.name])
    return result


def _check_letters(name: str, law: Atoms, space: Space) -> None:
    for x in space.letters:
        if str(x) not in law.letters:
            raise UnknownName(f"letter of measure {name}", str(x), law.letters)


def _surplus(
    law: Atoms, inner: Mapping[str, np.ndarray], size: int, surplus: int, space: Space
) -> dict[str, np.ndarray]:
    """What a law has beyond the values that are already placed on the smaller space of a tie."""
    _check_letters(space.measure.name, law, space)
    names = [str(x) for x in space.letters]
    spread = _spread(law, size)
    rows = list(zip(*(spread[k].tolist() for k in names), strict=True))
    for row in zip(*(inner[k].tolist() for k in names), strict=True):
        if row in rows:
            rows.remove(row)
    # whole numbers of atoms leave a remainder of a few rows; those of singular value 0 come first
    rows = sorted(rows, key=lambda row: abs(row[0]))[:surplus]
    if any(row[0] != 0 for row in rows):
        raise DomainError(
            f"measure {space.measure.name}",
            "the law given",
            "the law of the smaller tied space, and singular value 0 on the surplus",
            "give the law of the smaller space only",
        )
    return {k: np.array([row[i] for row in rows]) for i, k in enumerate(names)}


# ------------------------------------------------------------------------------------------------------- arithmetic


def _plus(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == right.ndim:
        return left + right
    dense, diagonal = (left, right) if left.ndim == 2 else (right, left)
    total = dense.astype(np.result_type(dense, diagonal), copy=True)
    total[np.diag_indices_from(total)] += diagonal
    return total


def _times(left: np.ndarray, right: np.ndarray) -> np.ndarray:
    if left.ndim == 1:
        return left * right if right.ndim == 1 else left[:, None] * right
    return left * right if right.ndim == 1 else left @ right


def _product(values: list[np.ndarray]) -> np.ndarray:
    """Product with the smallest inner results first."""
    values = list(values)
    while len(values) > 1:
        costs = [
            (a.shape[0] * a.shape[-1] * b.shape[-1] if a.ndim == b.ndim == 2 else 0, i)
            for i, (a, b) in enumerate(pairwise(values))
        ]
        i = min(costs)[1]
        values[i : i + 2] = [_times(values[i], values[i + 1])]
    return values[0]
