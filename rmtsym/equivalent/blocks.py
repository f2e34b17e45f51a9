"""Inverse of a sparse matrix of rational functions, block by block."""

from __future__ import annotations

from collections.abc import Mapping

from rmtsym.field.rational import Field, Frac

__all__ = ["Degenerate", "block_inverse"]


class Degenerate(ArithmeticError):
    """The pencil is singular without noise; it needs a regularisation."""


def block_inverse(D: Mapping[tuple[int, int], Frac], size: int, field: Field) -> dict[tuple[int, int], Frac]:
    """Inverse of a sparse matrix of rational functions, connected block by connected block."""
    parent = list(range(2 * size))

    def root(x: int) -> int:
        while parent[x] != x:
            parent[x] = parent[parent[x]]
            x = parent[x]
        return x

    for i, j in D:
        parent[root(i)] = root(size + j)
    blocks: dict[int, tuple[list[int], list[int]]] = {}
    for i in range(size):
        blocks.setdefault(root(i), ([], []))[0].append(i)
        blocks.setdefault(root(size + i), ([], []))[1].append(i)
    inverse: dict[tuple[int, int], Frac] = {}
    for rows, cols in blocks.values():
        if len(rows) != len(cols):
            raise Degenerate("the pencil has a rectangular block")
        inverse |= _gauss_jordan(D, rows, cols, field)
    return inverse


def _gauss_jordan(
    D: Mapping[tuple[int, int], Frac], rows: list[int], cols: list[int], field: Field
) -> dict[tuple[int, int], Frac]:
    left = {i: {j: D[i, j] for j in cols if (i, j) in D} for i in rows}
    right: dict[int, dict[int, Frac]] = {i: {i: field.one} for i in rows}
    open_rows, open_cols = set(rows), set(cols)
    pivots: dict[int, int] = {}
    while open_rows:
        choices = [(i, j) for i in open_rows for j in left[i] if j in open_cols]
        if not choices:
            raise Degenerate("the pencil is singular")
        column_count = {j: sum(j in left[i] for i in rows) for j in open_cols}
        i, j = min(
            choices, key=lambda ij: ((len(left[ij[0]]) - 1) * (column_count[ij[1]] - 1), left[ij[0]][ij[1]].size, ij)
        )
        scale = left[i][j].inverse()
        left[i] = {b: x * scale for b, x in left[i].items()}
        right[i] = {b: x * scale for b, x in right[i].items()}
        for a in rows:
            if a != i and j in left[a]:
                factor = left[a][j]
                for target, source in ((left, left[i]), (right, right[i])):
                    row = target[a]
                    for b, x in source.items():
                        total = row[b] - factor * x if b in row else -(factor * x)
                        if total:
                            row[b] = total
                        else:
                            row.pop(b, None)
        pivots[i] = j
        open_rows.discard(i)
        open_cols.discard(j)
    return {(j, b): x for i, j in pivots.items() for b, x in right[i].items()}
