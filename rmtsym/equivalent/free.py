r"""Letters that are free from everything else: a given spectral law and Haar-distributed eigenvectors.

A free letter x that stands in the rows I and columns J of a pencil, as ``c(t)`` for an eigenvalue t of law mu,
subtracts a deterministic matrix r from these entries of the Dyson matrix.  With ``g = tr G_JI`` operator-valued
subordination says ``g = E_mu[(g^{-1} + r + c(t))^{-1}]``, which is the law

.. math:: r = -\mathbb{E}_\mu\left[(1 + (r + c)\,g)^{-1} c\right],

free of inverses of g and with one formal power series solution in the size of c (Belinschi, Mai, Speicher 2017,
arXiv:1303.3196).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import Any

from rmtsym.equivalent.entry import Coefficients, Entry
from rmtsym.equivalent.realisation import Realisation
from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import SpectralMeasure
from rmtsym.field.rational import Frac
from rmtsym.matrix import Deterministic, Expression, Free, Haar, Product, Space, Transposed
from rmtsym.matrix import replace as replaced
from rmtsym.matrix.normal_form import walk

__all__ = ["FreeBlock", "Rotated", "free_blocks", "isolated", "rotated"]


@dataclass(frozen=True, repr=False)
class Rotated(Free):
    """``U f(t) U'`` for a Haar matrix U and a function f of the spectral letters of its space."""

    value: Any = None
    family: str = ""


def rotated(expression: Expression) -> Expression:
    """Conjugations by Haar matrices, written as one letter each.

    Raises
    ------
    UnsupportedModel
        For a Haar matrix that stands elsewhere.
    """
    mapping: dict[Expression, Expression] = {}
    for node in walk(expression):
        if not isinstance(node, Product):
            continue
        factors, k = node.factors, 0
        out: list[Expression] = []
        while k < len(factors):
            if k + 2 < len(factors) and _haar(factors[k]) and factors[k + 2] == factors[k].T:
                middle, sign = factors[k + 1], "" if isinstance(factors[k], Haar) else "'"
                if isinstance(middle, Deterministic) and not middle.is_word and middle.is_square:
                    family = _haar(factors[k]) + sign
                    out.append(
                        Rotated(f"{family}[{middle.value}]", middle.rows, middle.rows.measure, middle.value, family)
                    )
                    k += 3
                    continue
            out.append(factors[k])
            k += 1
        if len(out) < len(factors):
            product = out[0]
            for factor in out[1:]:
                product = product @ factor
            mapping[node] = product
    result = replaced(expression, mapping) if mapping else expression
    for node in walk(result):
        if isinstance(node, Haar):
            raise UnsupportedModel(
                f"the Haar matrix {node.name} has no equivalent outside a conjugation U @ D @ U.T of a deterministic D"
            )
    return result


def _haar(node: Expression) -> str:
    match node:
        case Haar(name=name) | Transposed(letter=Haar(name=name)):
            return name
    return ""


def _family(letter: Expression) -> tuple[str, Space, SpectralMeasure] | None:
    if isinstance(letter, Free):
        return (letter.family if isinstance(letter, Rotated) else letter.name), letter.rows, letter.measure
    return None


def isolated(pencil: Realisation) -> Realisation:
    """The pencil with scalar multipliers around its free letters: ``A X B`` gets rows ``t = B x``, ``y = X t``."""
    letters = pencil.coefficients.letters
    c: Coefficients = pencil.coefficients
    one, zero = Entry(c.scalar(1)), c.scalar(0)
    rows, cols = list(pencil.rows), list(pencil.cols)
    L: dict[tuple[int, int], Entry] = {}
    for (i, j), entry in sorted(pencil.L.items(), key=lambda item: item[0]):
        kept = {}
        for (letter, transposed, b), a in entry.terms.items():
            family = _family(letter)
            if family is None or not (a * b).has(*letters):
                kept[letter, transposed, b] = a
                continue
            k = len(rows)
            rows += [family[1], family[1]]
            cols += [family[1], family[1]]
            L[k, k], L[k, j] = one, L.get((k, j), Entry(zero)) + Entry(-b)
            L[k + 1, k + 1] = one
            L[k + 1, k] = Entry(zero, {(letter, transposed, c.scalar(1)): -c.scalar(1)})
            L[i, k + 1] = L.get((i, k + 1), Entry(zero)) + Entry(a)
        rest = Entry(entry.det, kept)
        if rest:
            L[i, j] = L[i, j] + rest if (i, j) in L else rest
    return replace(pencil, rows=rows, cols=cols, L=L)


@dataclass
class FreeBlock:
    """Where one free letter stands: ``c(t)`` in rows I and columns J, and the indices of g and r."""

    space: Space
    law: Space
    rows: list[int] = field(default_factory=list)
    cols: list[int] = field(default_factory=list)
    entries: dict[tuple[int, int], Frac] = field(default_factory=dict)
    g: dict[tuple[int, int], int] = field(default_factory=dict)  # (col, row) -> order parameter
    r: dict[tuple[int, int], int] = field(default_factory=dict)  # (row, col) -> order parameter

    def image(
        self, value: Callable[[int], Any], c: dict[tuple[int, int], Any], one: Any, zero: Any, inverse: Callable
    ) -> dict[tuple[int, int], Any]:
        """``-(1 + (r + c) g)^{-1} c`` in any number system; ``value`` gives the order parameters."""
        size, rows, cols = len(self.rows), self.rows, self.cols
        r = {ij: value(k) for ij, k in self.r.items()}
        g = {ji: value(k) for ji, k in self.g.items()}
        matrix: dict[tuple[int, int], Any] = {}
        for a in range(size):
            for b in range(size):
                total = one if a == b else zero
                for j in cols:
                    left = r.get((rows[a], j), zero) + c.get((rows[a], j), zero)
                    total = total + left * g.get((j, rows[b]), zero)
                matrix[a, b] = total
        M = inverse(matrix, size)
        result = {}
        for a, i in enumerate(rows):
            for j in cols:
                total = zero
                for b in range(size):
                    total = total - M.get((a, b), zero) * c.get((rows[b], j), zero)
                result[i, j] = total
        return result


def free_blocks(pencil: Realisation) -> list[FreeBlock]:
    """The blocks of all free letters, those of one Haar matrix together."""
    found: dict[tuple, FreeBlock] = {}
    for i, j, letter, _, a, b in pencil.occurrences():
        family = _family(letter)
        if family is None:
            continue
        name, space, measure = family
        value = letter.value if isinstance(letter, Rotated) else measure.letters[0]
        law = Space(measure.name, 1, measure.letters, None, measure.name)
        block = found.setdefault((name, space, measure), FreeBlock(space, law))
        if i not in block.rows:
            block.rows.append(i)
        if j not in block.cols:
            block.cols.append(j)
        term = a * b * pencil.coefficients.field(value)
        block.entries[i, j] = block.entries[i, j] + term if (i, j) in block.entries else term
    return list(found.values())
