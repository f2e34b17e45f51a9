r"""Spectra of pencils of symmetric matrices, :math:`Bv=tAv` with A positive definite, as laws with enclosed atoms.

If :math:`Q^\top AQ=I+E` and :math:`Q^\top BQ=\Lambda+F`, the quotient :math:`x^\top Bx/x^\top Ax` differs from
:math:`x^\top\Lambda x/x^\top x` by what the norms of E and F allow, for every x: so do, by Courant and Fischer, the
sorted eigenvalues.  Q comes from floating point and takes one step of Newton's method in ball arithmetic.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import cached_property
from typing import Any

import numpy as np
from flint import arb, arb_mat, fmpq
from flint import ctx as flint_context

from rmtsym.errors import DomainError, NoConvergence

__all__ = ["Pencil", "PencilLaw"]

_CLOSE = 1e-9  # eigenvalues that are closer, relative to the largest, are not told apart by the Newton step


@dataclass(frozen=True, eq=False)
class Pencil:
    r"""Eigenvalues of :math:`A^{-1}B`.

    Parameters
    ----------
    second, first : rows of exact numbers, shape (p, p)
        Symmetric B, and symmetric positive definite A.

    Raises
    ------
    DomainError
        If the shapes differ, a matrix is not symmetric, or A is not positive definite.

    Examples
    --------
    >>> pencil = Pencil([[1, 0], [0, 3]], [[2, 1], [1, 2]])
    >>> [round(float(x), 12) for x in pencil.values]
    [0.451416229645, 2.215250437022]
    >>> low, high = pencil.balls()
    >>> (low * high).contains(1), float(low.rad()) < 1e-25
    (True, True)
    """

    second: Sequence[Sequence[Any]]
    first: Sequence[Sequence[Any]]

    def __post_init__(self) -> None:
        sizes = {len(self.second), len(self.first), *(len(row) for row in (*self.second, *self.first))}
        if len(sizes) != 1:
            raise DomainError("second, first", sorted(sizes), "square matrices of one size", "check the shapes")
        for name, table in zip(("second", "first"), self._tables, strict=True):
            if not np.array_equal(table, table.T):
                raise DomainError(name, "given", "symmetric matrices", "a product of two is a pencil, not a matrix")
        _ = self.values

    @cached_property
    def _tables(self) -> tuple[np.ndarray, np.ndarray]:
        second, first = (np.array([[float(x) for x in row] for row in rows]) for rows in (self.second, self.first))
        return second, first

    @cached_property
    def values(self) -> np.ndarray:
        """Eigenvalues in increasing order, in floating point."""
        import scipy.linalg

        try:
            return scipy.linalg.eigh(*self._tables, eigvals_only=True)
        except np.linalg.LinAlgError:
            raise DomainError("first", "given", "positive definite matrices", "exchange the two") from None

    @cached_property
    def _known(self) -> dict[int, tuple[arb, ...]]:
        return {}

    def balls(self, bits: int = 80) -> tuple[arb, ...]:
        """The same, enclosed: every step of Newton's method gains about 50 bits."""
        import scipy.linalg

        steps = max(1, math.ceil((bits - 32) / 50))
        if steps not in self._known:
            values, vectors = scipy.linalg.eigh(*self._tables)
            with flint_context.workprec(80 + 60 * steps):
                pencil = _balls(self.second), _balls(self.first)
                frame, unit = _balls(vectors), _balls(np.eye(len(values)))
                seen, norm = (frame.transpose() * matrix * frame for matrix in pencil)
                for _ in range(steps):
                    frame = frame + frame * _balls(_step(values, _floats(seen), _floats(norm - unit)))
                    seen, norm = (frame.transpose() * matrix * frame for matrix in pencil)
                self._known[steps] = _quotients(seen, norm)
        return self._known[steps]


@dataclass(frozen=True, eq=False)
class PencilLaw:
    r"""Law of the eigenvalues of one pencil or several, each with a weight and a factor.

    Parameters
    ----------
    parts : sequence of (weight, factor, Pencil)
        Exact weights that sum to one; the eigenvalues of a pencil are multiplied by its factor.

    Examples
    --------
    >>> import sympy as sp
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> t = sp.Symbol("t", positive=True)
    >>> law = PencilLaw([(1, 2, Pencil([[1, 0], [0, 3]], [[2, 1], [1, 2]]))])
    >>> product = Average(sp.log(t), SpectralMeasure("nu", t))
    >>> bool(abs(evaluate(product, {"nu": law}) - np.log(2)) < 1e-15)
    True
    >>> evaluate(product, {"nu": law}, BALL(100)).overlaps(arb(2).log())
    True
    """

    parts: Sequence[tuple[Any, Any, Pencil]]

    def __post_init__(self) -> None:
        if (total := sum(Fraction(weight) for weight, _, _ in self.parts)) != 1:
            raise DomainError("parts", f"weights {total}", "weights that sum to 1", "rescale them")

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        (letter,) = measure.letters
        nodes = np.concatenate([float(factor) * pencil.values for _, factor, pencil in self.parts])
        weights = [np.full(len(p.values), float(w) / len(p.values)) for w, _, p in self.parts]
        return {letter.name: nodes}, np.concatenate(weights)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        with flint_context.workprec(bits + 16):
            return sum(
                (
                    sum((function(_ball(factor) * ball) for ball in pencil.balls(bits)), arb(0))
                    * _ball(Fraction(weight) / len(pencil.values))
                    for weight, factor, pencil in self.parts
                ),
                arb(0),
            )

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        total = system.mp.mpf(0)
        for weight, factor, pencil in self.parts:
            scale = system.number(Fraction(factor))
            halves = (ball.mid().man_exp() for ball in pencil.balls(4 * system.dps))
            nodes = [system.mp.ldexp(int(digits), int(exponent)) for digits, exponent in halves]
            total += system.number(Fraction(weight) / len(nodes)) * sum(function(scale * x) for x in nodes)
        return total


def _ball(value: Any) -> arb:
    if isinstance(value, float):
        return arb(float(value))
    exact = Fraction(value)
    return arb(fmpq(exact.numerator, exact.denominator))


def _balls(rows: Any) -> arb_mat:
    return arb_mat([[_ball(x) for x in row] for row in rows])


def _floats(matrix: arb_mat) -> np.ndarray:
    size = matrix.nrows()
    return np.array([[float(matrix[i, j].mid()) for j in range(size)] for i in range(size)])


def _step(values: np.ndarray, second: np.ndarray, excess: np.ndarray) -> np.ndarray:
    """W with (I + W)'(I + E)(I + W) = I and (I + W)'(Lambda + F)(I + W) diagonal to first order."""
    gaps = values[:, None] - values
    close = np.abs(gaps) <= _CLOSE * np.abs(values).max()
    with np.errstate(all="ignore"):
        step = (values * excess - second) / gaps
    return np.where(close, -excess / 2, step)


def _quotients(second: arb_mat, first: arb_mat) -> tuple[arb, ...]:
    """Eigenvalues of a nearly diagonal pencil: diagonal entries in order, less than the norms of the rest away."""
    size = second.nrows()
    diagonal = sorted((second[i, i] for i in range(size)), key=lambda d: d.mid())
    rounding = max((d.rad() for d in diagonal), key=float)
    spots = [(i, j) for i in range(size) for j in range(size)]
    outside = _norm(second[i, j] for i, j in spots if i != j) + rounding
    excess = _norm(first[i, j] - (i == j) for i, j in spots)
    if not excess < 1:
        raise NoConvergence("the eigenvectors of the pencil are too inaccurate to enclose its eigenvalues")
    scale = 1 + arb(0, excess.upper())
    return tuple(arb(d.mid(), outside.upper()) / scale for d in diagonal)


def _norm(entries: Iterable[arb]) -> arb:
    """Upper bound of the Euclidean norm."""
    sizes = (abs(x).upper() for x in entries)
    return sum((size * size for size in sizes), arb(0)).sqrt()
