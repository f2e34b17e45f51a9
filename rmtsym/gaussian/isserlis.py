r"""Moments of polynomials: Wick (Isserlis) for Gaussians, and its version for independent entries.

.. math:: E\prod_{i} u_i = \sum_{\text{pairings}}\prod \Sigma_{ij}\quad (u\sim N(0,\Sigma)),

and for a linear form :math:`w^\top x` with independent entries of moments :math:`m_1=0,m_2,m_3,\ldots` the sum runs
over all set partitions without singletons, each block carrying a cumulant times :math:`\sum_k\prod x_{ik}`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.gaussian.function import Function

__all__ = ["cumulants", "independent_moment", "polynomial_kernel", "wick"]


def wick(covariance: Callable[[int, int], Any], indices: Sequence[int]) -> Any:
    r"""Moment :math:`E\prod_k u_{i_k}` of centred Gaussians.

    Parameters
    ----------
    covariance : callable
        ``covariance(i, j)``; any commutative ring.
    indices : sequence of int

    Examples
    --------
    >>> a, c = sp.symbols("a c")
    >>> wick(lambda i, j: a if i == j else c, (0, 0, 1, 1)).expand()
    a**2 + 2*c**2
    """
    if len(indices) % 2:
        return sp.S.Zero
    powers: dict[int, int] = {}
    for index in indices:
        powers[index] = powers.get(index, 0) + 1
    letters = tuple(sorted(powers))
    memo: dict[tuple[int, ...], Any] = {}

    def moment(counts: tuple[int, ...]) -> Any:
        if not any(counts):
            return sp.S.One
        if counts not in memo:
            first = next(i for i, k in enumerate(counts) if k)
            lowered = [*counts]
            lowered[first] -= 1
            total = sp.S.Zero
            for j, k in enumerate(lowered):
                if k:
                    rest = (*lowered[:j], k - 1, *lowered[j + 1 :])
                    total += k * covariance(letters[first], letters[j]) * moment(rest)
            memo[counts] = total
        return memo[counts]

    return moment(tuple(powers[i] for i in letters))


def _partitions(items: tuple[int, ...]) -> Iterator[tuple[tuple[int, ...], ...]]:
    """Set partitions without singletons."""
    if not items:
        yield ()
        return
    first, rest = items[0], items[1:]
    for mask in range(1, 2 ** len(rest)):
        block = (first, *(r for k, r in enumerate(rest) if mask >> k & 1))
        remaining = tuple(r for k, r in enumerate(rest) if not mask >> k & 1)
        for tail in _partitions(remaining):
            yield (block, *tail)


def cumulants(moments: Mapping[int, Any], order: int) -> dict[int, Any]:
    """Cumulants of a centred law from its moments (Gaussian where a moment is not given).

    >>> m2, m4 = sp.symbols("m2 m4")
    >>> cumulants({2: m2, 4: m4}, 4)[4]
    -3*m2**2 + m4
    """
    result: dict[int, Any] = {1: sp.S.Zero}
    for k in range(2, order + 1):
        if k not in moments:
            result[k] = sp.S.Zero if k > 2 else sp.S.One
            continue
        lower = sp.S.Zero
        for partition in _partitions(tuple(range(k))):
            if len(partition) > 1:
                lower += sp.Mul(*(result[len(block)] for block in partition))
        result[k] = sp.expand(moments[k] - lower)
    return result


def independent_moment(word: Sequence[str], moments: Mapping[int, Any]) -> sp.Expr:
    r"""Moment :math:`E\prod_k (w^\top x_k)` for independent entries of ``w`` with the given moments.

    Parameters
    ----------
    word : sequence of str
        Names of the vectors, with repetition, e.g. ``"aabb"``.
    moments : mapping
        Moments of one entry of ``w`` by order; order 1 is zero; orders left out are Gaussian.

    Returns
    -------
    sympy expression
        In symbols such as ``a2b2`` = :math:`\sum_k a_k^2b_k^2`, ``ab`` = a.b.

    Examples
    --------
    >>> m4 = sp.Symbol("m4")
    >>> independent_moment("aabb", {2: 1, 4: m4})
    a2b2*(m4 - 3) + aa*bb + 2*ab**2
    """
    kappa = cumulants(moments, len(word))
    total: dict[sp.Expr, sp.Expr] = {}
    for partition in _partitions(tuple(range(len(word)))):
        weight = sp.Mul(*(kappa[len(block)] for block in partition))
        if weight != 0:
            sums = sp.Mul(*(power_sum("".join(sorted(word[i] for i in block))) for block in partition))
            total[sums] = total.get(sums, sp.S.Zero) + weight
    return sp.Add(*(sums * weight for sums, weight in total.items()))


@lru_cache(maxsize=256)
def power_sum(word: str) -> sp.Symbol:
    """Symbol of the sum over entries of the product of the named vectors' entries: aa, ab, bb, a2b, a2b2, ..."""
    if len(word) == 2:
        return sp.Symbol(word, positive=True) if word[0] == word[1] else sp.Symbol(word, real=True)
    counts = ((letter, word.count(letter)) for letter in sorted(set(word)))
    return sp.Symbol("".join(letter if k == 1 else f"{letter}{k}" for letter, k in counts), real=True)


def polynomial_kernel(f: Function, g: Function | None = None, moments: Mapping[int, Any] | None = None) -> sp.Expr:
    r"""Kernel :math:`E_w f(w^\top a)g(w^\top b)` of polynomials for independent, not necessarily Gaussian entries.

    Parameters
    ----------
    f, g : Function
        Polynomials; ``g`` defaults to ``f``.
    moments : mapping
        Moments of an entry of ``w`` by order, e.g. ``{2: 1, 3: m3, 4: m4}``; Gaussian by default.

    Returns
    -------
    sympy expression
        In aa, ab, bb and, beyond the Gaussian law, a2b, ab2, a2b2, ...

    Examples
    --------
    >>> from rmtsym.gaussian import activation
    >>> m3, m4 = sp.symbols("m3 m4", real=True)
    >>> polynomial_kernel(activation("quad", 1, 1, 0), moments={3: m3, 4: m4})
    a2b*m3 + a2b2*(m4 - 3) + aa*bb + 2*ab**2 + ab + ab2*m3
    """
    g = f if g is None else g
    table = {2: sp.S.One} | {k: sp.sympify(v) for k, v in (moments or {}).items()}
    total = sp.S.Zero
    for p, c in _powers(f):
        for q, d in _powers(g):
            total += c * d * independent_moment("a" * p + "b" * q, table)
    return sp.collect(sp.expand(total, mul=False), [power_sum(w) for w in ("aab", "abb", "aabb")])


def _powers(f: Function) -> list[tuple[int, sp.Expr]]:
    pieces = f.pieces or {}
    if not pieces or any(p._replace(power=0) != type(p)() for p in pieces):
        raise DomainError("function", f.name, "a polynomial", "weights that are not Gaussian need a polynomial")
    return [(p.power, c) for p, c in pieces.items()]
