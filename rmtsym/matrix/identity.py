"""Rational identities between matrix expressions, checked exactly over GF(2^61 - 1)."""

from __future__ import annotations

import math
import random
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from flint import nmod_mat

from rmtsym.errors import DomainError, ShapeError, UnsupportedModel
from rmtsym.field.finite import ZeroTest
from rmtsym.field.prime import PRIME, Degenerate, PrimePoint, degree_bound, random_matrix
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed, walk
from rmtsym.matrix.space import Space, check_spaces
from rmtsym.matrix.structure import letters

__all__ = ["evaluate_mod_p", "is_identity"]

_ATTEMPTS = 30


def evaluate_mod_p(
    expressions: Iterable[Expression], dimensions: Mapping[str, int], rng: random.Random
) -> list[nmod_mat]:
    """Expressions at one random point over GF(2^61 - 1).

    Gaussian letters become arbitrary matrices, Wigner and free letters symmetric ones, Haar letters orthogonal ones,
    functions of spectral letters diagonal ones; scalars become random field elements.

    Parameters
    ----------
    dimensions : mapping from space name to dimension
    rng : random.Random

    Raises
    ------
    rmtsym.field.prime.Degenerate
        If an inverse does not exist at this point.
    """
    expressions = list(expressions)
    point = PrimePoint(rng, squares=True)
    values: dict[Expression, nmod_mat] = {}
    spectra: dict[Any, int] = {}  # (tie or space, letter, position) -> value

    def scalar(value: sp.Expr, letters_here: Mapping[str, int]) -> int:
        for symbol in sorted(value.free_symbols, key=str):
            if str(symbol) not in letters_here:
                point.bind_symbol(symbol)
        return point.moved(letters_here, {}).scalar(value)

    def spectral(space: Space, index: int) -> dict[str, int]:
        owner = ("tie", space.tie) if space.tie else ("space", space.name)
        for x in space.letters:
            if (owner, x, index) not in spectra:
                root = rng.randrange(2, PRIME)
                spectra[owner, x, index] = root * root % PRIME
        return {str(x): spectra[owner, x, index] for x in space.letters}

    def build(node: Expression) -> nmod_mat:
        rows, cols = dimensions[node.rows.name], dimensions[node.cols.name]
        match node:
            case Gaussian():
                return random_matrix(rng, rows, cols)
            case Wigner() | Free():
                return random_matrix(rng, rows, cols, "symmetric")
            case Haar():
                return random_matrix(rng, rows, cols, "orthogonal")
            case Deterministic(value=str(), symmetric=symmetric):
                return random_matrix(rng, rows, cols, "symmetric" if symmetric else "general")
            case Deterministic(value=function):
                diagonal = [scalar(function, spectral(node.rows, i)) for i in range(min(rows, cols))]
                entries = [diagonal[i] if i == j else 0 for i in range(rows) for j in range(cols)]
                return nmod_mat(rows, cols, entries, PRIME)
            case Identity():
                return nmod_mat(rows, rows, [int(i == j) for i in range(rows) for j in range(rows)], PRIME)
            case Zero():
                return nmod_mat(rows, cols, PRIME)
            case Transposed(letter=letter):
                return value(letter).transpose()
            case Scaled(coefficient=c, body=body):
                return value(body) * scalar(c, {})
            case Sum(terms=terms):
                total = value(terms[0])
                for term in terms[1:]:
                    total = total + value(term)
                return total
            case Product(factors=factors):
                total = value(factors[0])
                for factor in factors[1:]:
                    total = total * value(factor)
                return total
            case Inverse(body=body):
                try:
                    return value(body).inv()
                except ZeroDivisionError:
                    raise Degenerate from None
        raise UnsupportedModel(f"no value over a prime field for {type(node).__name__}")

    def value(node: Expression) -> nmod_mat:
        if node not in values:
            values[node] = build(node)
        return values[node]

    for letter in (x for e in expressions for x in letters(e)):  # drawn in canonical order
        value(letter)
    return [value(e) for e in expressions]


def is_identity(left: Expression, right: Expression | None = None, trials: int = 3, *, seed: int = 0) -> ZeroTest:
    """Whether two expressions agree for all matrices of the shapes and symmetries of their letters.

    Parameters
    ----------
    left, right : Expression
        ``right`` defaults to zero.  A space of size 0 has dimension 1: its letters are vectors.
    trials : int
        Independent random points; dimensions are at least 5 and grow, since identities may hold for small ones only.

    Returns
    -------
    ZeroTest
        True or false, with a bound on the probability that a false identity passes.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.matrix import inverse
    >>> lam = sp.Symbol("lam")
    >>> X = Gaussian("X", Space("p"), Space("n"))
    >>> print(is_identity(X @ inverse(X.T @ X + lam), inverse(X @ X.T + lam) @ X))
    zero at 3 random points over GF(2^61-1); probability of error below 1e-49
    >>> bool(is_identity(X @ inverse(X.T @ X + lam), inverse(X @ X.T - lam) @ X))
    False
    """
    if trials < 1:
        raise DomainError("trials", trials, "trials >= 1", "use 3")
    pair = [left] if right is None else [left, right]
    if len(pair) == 2 and (left.rows, left.cols) != (pair[1].rows, pair[1].cols):
        shapes = f"{left.rows} x {left.cols} and {pair[1].rows} x {pair[1].cols}"
        raise ShapeError(f"the two sides of an identity have different spaces: {shapes}")
    all_spaces = check_spaces(s for e in pair for x in walk(e) for s in (x.rows, x.cols))
    rng = random.Random(seed)
    done, log_error, degree = 0, 0.0, 0
    for _ in range(_ATTEMPTS * trials):
        least = 5 + 2 * done
        dims = {s.name: 1 if s.size == 0 else rng.randrange(least, least + 4) for s in all_spaces}
        try:
            sides = evaluate_mod_p(pair, dims, rng)
        except Degenerate:
            continue
        difference = sides[0] if len(sides) == 1 else sides[0] - sides[1]
        if any(int(x) for x in difference.entries()):
            return ZeroTest(False, done + 1, 0.0, degree)
        parts = [_degree(e, max(dims.values())) for e in pair]
        degree = max(n for n, _ in parts) + sum(d for _, d in parts)
        log_error += math.log10(max(degree, 1) / PRIME)
        done += 1
        if done == trials:
            return ZeroTest(True, trials, 10.0 ** max(log_error, -300.0), degree)
    raise UnsupportedModel("no regular random point over GF(2^61-1): an inverse never exists; check the shapes")


def _degree(node: Expression, dimension: int) -> tuple[int, int]:
    """Bound on the degrees of numerator and common denominator of the entries."""
    match node:
        case Identity() | Zero():
            return 0, 0
        case Haar():
            return dimension, dimension
        case Deterministic(value=value) if not isinstance(value, str):
            n, d = degree_bound(value, 1, 1)
            return n + (dimension - 1) * d, dimension * d
        case Transposed(letter=letter):
            return _degree(letter, dimension)
        case Scaled(coefficient=c, body=body):
            n, d = _degree(body, dimension)
            more, below = degree_bound(c, 1, 1)
            return n + more, d + below
        case Sum(terms=terms):
            parts = [_degree(x, dimension) for x in terms]
            below = sum(d for _, d in parts)
            return max(n + below - d for n, d in parts), below
        case Product(factors=factors):
            parts = [_degree(x, dimension) for x in factors]
            return sum(n for n, _ in parts), sum(d for _, d in parts)
        case Inverse(body=body):
            n, d = _degree(body, dimension)
            return d + (dimension - 1) * n, dimension * n
    return 1, 0
