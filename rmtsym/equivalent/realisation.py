"""Realisations ``e + u L^{-1} v`` of rational matrix expressions: sums, products, inverses, and their reduction.

The entries of the pencil L are affine in the random matrices; deterministic pivots are eliminated as long as no product
of two random matrices appears.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace

from rmtsym.equivalent.entry import Coefficients, Entry
from rmtsym.equivalent.multiplier import Multiplier
from rmtsym.errors import DomainError
from rmtsym.matrix import Expression, Space

__all__ = ["Realisation"]

Vector = dict[int, Entry]
Matrix = dict[tuple[int, int], Entry]


@dataclass
class Realisation:
    """``e + u L^{-1} v``; ``rows`` and ``cols`` are the spaces of the rows and columns of L."""

    coefficients: Coefficients
    out_rows: Space
    out_cols: Space
    e: Entry
    rows: list[Space] = field(default_factory=list)
    cols: list[Space] = field(default_factory=list)
    L: Matrix = field(default_factory=dict)
    u: Vector = field(default_factory=dict)
    v: Vector = field(default_factory=dict)

    @property
    def size(self) -> int:
        return len(self.rows)

    @property
    def is_deterministic(self) -> bool:
        return not self.size and not self.e.is_random

    # ---------------------------------------------------------------------------------------------- algebra

    def scaled(self, factor: Multiplier) -> Realisation:
        """A scalar times the expression."""
        return replace(self, e=self.e.left(factor), u={j: x.left(factor) for j, x in self.u.items()})

    def __add__(self, other: Realisation) -> Realisation:
        k = self.size
        return Realisation(
            self.coefficients,
            self.out_rows,
            self.out_cols,
            self.e + other.e,
            self.rows + other.rows,
            self.cols + other.cols,
            self.L | {(i + k, j + k): x for (i, j), x in other.L.items()},
            self.u | {j + k: x for j, x in other.u.items()},
            self.v | {i + k: x for i, x in other.v.items()},
        )

    def __matmul__(self, other: Realisation) -> Realisation:
        if self.is_deterministic:
            d = self.e.det
            left = {j: x.left(d) for j, x in other.u.items()}
            return replace(other, out_rows=self.out_rows, e=other.e.left(d), u=_clean(left))
        if other.is_deterministic:
            d, c = other.e.det, self.coefficients
            right = {i: x.right(d, c) for i, x in self.v.items()}
            return replace(self, out_cols=other.out_cols, e=self.e.right(d, c), v=_clean(right))
        one, zero = self.coefficients.scalar(1), self.coefficients.scalar(0)
        k = self.size
        L: Matrix = dict(self.L)
        L |= {(i, k): -x for i, x in self.v.items()}
        L[k, k] = Entry(one)
        L |= {(k, j + k + 1): -x for j, x in other.u.items()}
        L |= {(i + k + 1, j + k + 1): x for (i, j), x in other.L.items()}
        v = {i + k + 1: x for i, x in other.v.items()}
        if other.e:
            v[k] = other.e
        u = dict(self.u)
        if self.e:
            u[k] = self.e
        inner = self.out_cols
        return Realisation(
            self.coefficients,
            self.out_rows,
            other.out_cols,
            Entry(zero),
            [*self.rows, inner, *other.rows],
            [*self.cols, inner, *other.cols],
            L,
            u,
            v,
        )

    def inverse(self) -> Realisation:
        """Inverse of a square expression."""
        one, zero = self.coefficients.scalar(1), self.coefficients.scalar(0)
        k = self.size
        L: Matrix = dict(self.L)
        L |= {(i, k): x for i, x in self.v.items()}
        L |= {(k, j): -x for j, x in self.u.items()}
        if self.e:
            L[k, k] = self.e
        space = self.out_rows
        end = Entry(one)
        return Realisation(
            self.coefficients,
            space,
            space,
            Entry(zero),
            [*self.rows, space],
            [*self.cols, space],
            L,
            {k: end},
            {k: Entry(one)},
        )

    # -------------------------------------------------------------------------------------------- reduction

    def reduced(self) -> Realisation:
        """Eliminate deterministic pivots, least fill-in first, as long as all entries stay affine."""
        work = replace(self, rows=list(self.rows), cols=list(self.cols), L=dict(self.L), u=dict(self.u), v=dict(self.v))
        while (pivot := work._pivot()) is not None:
            work._eliminate(*pivot)
        return work._renumbered()

    def _pivot(self) -> tuple[int, int] | None:
        by_row: dict[int, list[int]] = {}
        by_col: dict[int, list[int]] = {}
        for i, j in self.L:
            by_row.setdefault(i, []).append(j)
            by_col.setdefault(j, []).append(i)
        best: tuple[int, int, int] | None = None
        for (i, j), entry in self.L.items():
            if entry.is_random or not self.coefficients.is_pivot(entry.det) or self.rows[i] != self.cols[j]:
                continue
            column = [self.L[a, j] for a in by_col[j] if a != i] + ([self.u[j]] if j in self.u else [])
            row = [self.L[i, b] for b in by_row[i] if b != j] + ([self.v[i]] if i in self.v else [])
            if any(x.is_random for x in column) and any(x.is_random for x in row):
                continue
            cost = (len(column) * len(row), i, j)
            if best is None or cost < best:
                best = cost
        return None if best is None else best[1:]

    def _eliminate(self, i: int, j: int) -> None:
        inverse = self.L.pop((i, j)).det.inverse()
        c = self.coefficients
        column = {a: self.L.pop((a, j)) for a, b in list(self.L) if b == j}
        row = {b: self.L.pop((i, b)) for a, b in list(self.L) if a == i}
        u, v = self.u.pop(j, None), self.v.pop(i, None)

        def times(x: Entry, y: Entry) -> Entry:
            product = y.left(x.right(inverse, c).det) if not x.is_random else x.right(inverse * y.det, c)
            return product

        for a, x in column.items():
            for b, y in row.items():
                _subtract(self.L, (a, b), times(x, y))
            if v is not None:
                _subtract(self.v, a, times(x, v))
        if u is not None:
            for b, y in row.items():
                _subtract(self.u, b, times(u, y))
            if v is not None:
                self.e = self.e + times(u, v)

    def _renumbered(
        self, keep_rows: Iterable[int] | None = None, keep_cols: Iterable[int] | None = None
    ) -> Realisation:
        rows = sorted({i for i, _ in self.L} if keep_rows is None else keep_rows)
        cols = sorted({j for _, j in self.L} if keep_cols is None else keep_cols)
        new_row = {i: k for k, i in enumerate(rows)}
        new_col = {j: k for k, j in enumerate(cols)}
        return replace(
            self,
            rows=[self.rows[i] for i in rows],
            cols=[self.cols[j] for j in cols],
            L={(new_row[i], new_col[j]): x for (i, j), x in self.L.items() if i in new_row and j in new_col},
            u={new_col[j]: x for j, x in self.u.items() if j in new_col},
            v={new_row[i]: x for i, x in self.v.items() if i in new_row},
        )

    def trimmed(self) -> Realisation:
        """Keep the blocks that lie on a path from v to u."""
        if not self.size:
            return self
        match = _matching(self.L, self.size)
        if match is None:
            raise DomainError("matrix expression", "an inverse", "invertible matrices", "its pencil is singular")
        row_of = {j: i for i, j in match.items()}
        needs = {i: {row_of[b] for a, b in self.L if a == i and b != match[i]} for i in match}
        needed_by: dict[int, set[int]] = {i: set() for i in match}
        for i, others in needs.items():
            for b in others:
                needed_by[b].add(i)
        from_v = _reach(set(self.v), needed_by)
        from_u = _reach({row_of[j] for j in self.u}, needs)
        kept = from_v & from_u
        return self._renumbered(kept, {match[i] for i in kept})

    def closed(self) -> Realisation:
        """Border the pencil until the ends u and v are deterministic; the mean-zero part of e has no trace."""
        work, k = replace(self, e=Entry(self.e.det)), self.size
        if any(x.is_random for x in work.v.values()):
            work = work._bordered(work.out_cols, {(i, k): -x for i, x in work.v.items()})
            work, k = replace(work, v={k: Entry(self.coefficients.scalar(1))}), work.size
        if any(x.is_random for x in work.u.values()):
            work = work._bordered(work.out_rows, {(k, j): -x for j, x in work.u.items()})
            work = replace(work, u={k: Entry(self.coefficients.scalar(1))})
        return work

    def _bordered(self, space: Space, border: Matrix) -> Realisation:
        """One more row and column, with a one in the corner."""
        corner: Matrix = {(self.size, self.size): Entry(self.coefficients.scalar(1))}
        return replace(self, rows=[*self.rows, space], cols=[*self.cols, space], L=self.L | border | corner)

    def occurrences(self) -> Iterator[tuple[int, int, Expression, bool, Multiplier, Multiplier]]:
        """Every ``A R B`` of L as (row, column, letter, transposed, A, B), in the order of the pencil."""
        for (i, j), entry in sorted(self.L.items(), key=lambda item: item[0]):
            for (letter, transposed, b), a in entry.terms.items():
                yield i, j, letter, transposed, a, b


def _clean(vector: Vector) -> Vector:
    return {k: x for k, x in vector.items() if x}


def _subtract(target: dict, key: object, value: Entry) -> None:
    total = target[key] + (-value) if key in target else -value
    if total:
        target[key] = total
    else:
        target.pop(key, None)


def _reach(start: set[int], edges: dict[int, set[int]]) -> set[int]:
    seen, stack = set(start), list(start)
    while stack:
        for k in edges[stack.pop()]:
            if k not in seen:
                seen.add(k)
                stack.append(k)
    return seen


def _matching(pattern: Iterable[tuple[int, int]], size: int) -> dict[int, int] | None:
    """Perfect matching of rows to columns on the nonzero pattern."""
    columns: dict[int, list[int]] = {i: [] for i in range(size)}
    for i, j in sorted(pattern, key=lambda ij: (ij[0] != ij[1], ij)):
        columns[i].append(j)
    owner: dict[int, int] = {}

    def augment(i: int, seen: set[int]) -> bool:
        for j in columns[i]:
            if j not in seen:
                seen.add(j)
                if j not in owner or augment(owner[j], seen):
                    owner[j] = i
                    return True
        return False

    if not all(augment(i, set()) for i in range(size)):
        return None
    return {i: j for j, i in owner.items()}
