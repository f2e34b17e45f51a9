"""Minimal realisation of a rational expression in all its letters (Cohn and Reutenauer; Fliess).

With every matrix, random or deterministic, as a letter x and rational coefficients, the expression reads
``e + u (1 - sum_x A_x x)^{-1} b``.  The smallest subspace that contains b and is stable under the A_x, and then the
same for the transposes and u, cut it down to minimal size; vectors are graded by the space that they live in.
"""

from __future__ import annotations

from collections.abc import Mapping

from rmtsym.equivalent.blocks import Degenerate, block_inverse
from rmtsym.equivalent.entry import Coefficients, Entry
from rmtsym.equivalent.linearise import linearise
from rmtsym.equivalent.realisation import Realisation
from rmtsym.field.rational import Field, Frac
from rmtsym.matrix import Deterministic, Expression, Space

__all__ = ["absorbed", "minimal"]

Vector = dict[int, Frac]
Operator = dict[tuple[int, int], Frac]
Key = tuple[Expression, bool]


def minimal(expression: Expression, coefficients: Coefficients) -> Realisation | None:
    """Minimal realisation in all letters, or ``None`` if the expression is not regular at zero letters."""
    c = Coefficients(coefficients.field, coefficients.letters, coefficients.words, absorb=False)
    pencil = _bordered(linearise(expression, c)).trimmed()
    field = c.field
    size = pencil.size
    constant = {ij: x.det for ij, x in pencil.L.items() if x.det}
    try:
        inverse = block_inverse(constant, size, field)
    except Degenerate:
        return None
    columns: dict[int, list[tuple[int, Frac]]] = {}
    for (j, i), x in inverse.items():
        columns.setdefault(i, []).append((j, x))
    operators: dict[Key, Operator] = {}
    for i, k, letter, transposed, a, b in pencil.occurrences():
        operator = operators.setdefault((letter, transposed), {})
        for j, x in columns.get(i, ()):
            total = operator.get((j, k), field.zero) - x * a * b
            if total:
                operator[j, k] = total
            else:
                operator.pop((j, k), None)
    v: Vector = {}
    for i, y in pencil.v.items():
        for j, x in columns.get(i, ()):
            v[j] = v.get(j, field.zero) + x * y.det
    u = {j: x.det for j, x in pencil.u.items()}
    spaces = list(pencil.cols)
    operators, v, u, spaces = _reachable(operators, v, u, spaces, field)
    flipped = {key: _transpose(A) for key, A in operators.items()}
    flipped, u, v, spaces = _reachable(flipped, u, v, spaces, field)
    operators = {key: _transpose(A) for key, A in flipped.items()}
    L = {(k, k): Entry(field.one) for k in range(len(spaces))}
    for (letter, transposed), A in operators.items():
        for (j, k), x in A.items():
            term = Entry(field.zero, {(letter, transposed, field.one): -x})
            L[j, k] = L[j, k] + term if (j, k) in L else term
    return Realisation(
        c,
        pencil.out_rows,
        pencil.out_cols,
        pencil.e,
        spaces,
        list(spaces),
        L,
        {k: Entry(x) for k, x in u.items() if x},
        {k: Entry(x) for k, x in v.items() if x},
    )


def absorbed(realisation: Realisation, coefficients: Coefficients) -> Realisation:
    """Deterministic letters put back as multipliers, and the pivots that they open eliminated."""

    def absorb(entry: Entry) -> Entry:
        det, terms = entry.det, {}
        for (letter, transposed, b), a in entry.terms.items():
            if isinstance(letter, Deterministic):
                det = det + a * coefficients.value(letter, transposed) * b
            else:
                terms[letter, transposed, b] = a
        return Entry(det, terms)

    L = {ij: x for ij, y in realisation.L.items() if (x := absorb(y))}
    result = Realisation(
        coefficients,
        realisation.out_rows,
        realisation.out_cols,
        absorb(realisation.e),
        list(realisation.rows),
        list(realisation.cols),
        L,
        {j: absorb(x) for j, x in realisation.u.items()},
        {i: absorb(x) for i, x in realisation.v.items()},
    )
    return result.reduced()


def _bordered(pencil: Realisation) -> Realisation:
    """The same expression with constant ends u, v and e."""
    one, zero = pencil.coefficients.scalar(1), pencil.coefficients.scalar(0)
    ends = [pencil.e, *pencil.u.values(), *pencil.v.values()]
    if not any(x.is_random for x in ends):
        return pencil
    # [[1, -u, -e], [0, L, -v], [0, 0, 1]]
    k = pencil.size
    L = {(i + 1, j + 1): x for (i, j), x in pencil.L.items()}
    L |= {(0, j + 1): -x for j, x in pencil.u.items()} | {(i + 1, k + 1): -x for i, x in pencil.v.items()}
    L[0, 0] = L[k + 1, k + 1] = Entry(one)
    if pencil.e:
        L[0, k + 1] = -pencil.e
    rows = [pencil.out_rows, *pencil.rows, pencil.out_cols]
    cols = [pencil.out_rows, *pencil.cols, pencil.out_cols]
    return Realisation(
        pencil.coefficients,
        pencil.out_rows,
        pencil.out_cols,
        Entry(zero),
        rows,
        cols,
        L,
        {0: Entry(one)},
        {k + 1: Entry(one)},
    )


def _transpose(A: Operator) -> Operator:
    return {(k, j): x for (j, k), x in A.items()}


def _reachable(
    operators: Mapping[Key, Operator], start: Vector, end: Vector, spaces: list[Space], field: Field
) -> tuple[dict[Key, Operator], Vector, Vector, list[Space]]:
    """Restriction to the smallest subspace that contains ``start`` and is stable under the operators."""
    basis: dict[int, Vector] = {}  # by pivot, in reduced echelon form; graded, as pivots belong to spaces

    def insert(vector: Vector) -> bool:
        rest = dict(vector)
        for pivot, row in basis.items():
            if pivot in rest:
                _add(rest, row, -rest[pivot])
        if not rest:
            return False
        pivot = min(rest, key=lambda j: (rest[j].size, j))
        scale = rest[pivot].inverse()
        new = {j: x * scale for j, x in rest.items()}
        for row in basis.values():
            if pivot in row:
                _add(row, new, -row[pivot])
        basis[pivot] = new
        return True

    queue = list(_graded(start, spaces).values())
    while queue:
        vector = queue.pop(0)
        if insert(vector):
            for A in operators.values():
                image = _apply(A, vector, field)
                queue += _graded(image, spaces).values()
    pivots = sorted(basis)
    where = {p: k for k, p in enumerate(pivots)}
    restricted: dict[Key, Operator] = {}
    for key, A in operators.items():
        matrix: Operator = {}
        for p in pivots:
            for q, x in _apply(A, basis[p], field).items():
                if q in where:
                    matrix[where[q], where[p]] = x
        if matrix:
            restricted[key] = matrix
    new_start = {where[p]: x for p, x in start.items() if p in where}
    new_end: Vector = {}
    for p in pivots:
        total = field.zero
        for j, x in basis[p].items():
            if j in end:
                total = total + end[j] * x
        if total:
            new_end[where[p]] = total
    return restricted, new_start, new_end, [spaces[p] for p in pivots]


def _graded(vector: Vector, spaces: list[Space]) -> dict[Space, Vector]:
    parts: dict[Space, Vector] = {}
    for j, x in vector.items():
        if x:
            parts.setdefault(spaces[j], {})[j] = x
    return parts


def _apply(A: Operator, vector: Vector, field: Field) -> Vector:
    image: Vector = {}
    for (j, k), x in A.items():
        if k in vector:
            total = image.get(j, field.zero) + x * vector[k]
            if total:
                image[j] = total
            else:
                image.pop(j, None)
    return image


def _add(target: Vector, source: Vector, factor: Frac) -> None:
    for j, x in source.items():
        total = target[j] + factor * x if j in target else factor * x
        if total:
            target[j] = total
        else:
            target.pop(j, None)
