"""Matrix expressions as text and LaTeX, and their canonical order."""

from __future__ import annotations

from functools import lru_cache

import sympy as sp

from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Identity, Wigner, Zero
from rmtsym.matrix.normal_form import Inverse, Product, Scaled, Sum, Transposed

__all__ = ["latex", "skeleton", "sort_key", "text"]


@lru_cache(maxsize=100_000)
def sort_key(matrix: Expression) -> tuple[str, str]:
    """Canonical sort key: what the matrix is first, what it is called last."""
    return skeleton(matrix), text(matrix)


@lru_cache(maxsize=100_000)
def skeleton(matrix: Expression) -> str:
    """Structure without the names of letters and spaces."""
    match matrix:
        case Identity():
            return f"0({matrix.rows.size})"
        case Zero():
            return f"0z({matrix.rows.size},{matrix.cols.size})"
        case Deterministic(value=value, rows=rows, cols=cols):
            if isinstance(value, str):
                shown = "word"
            else:
                shown = str(value.xreplace({x: sp.Symbol(f"_{i}") for i, x in enumerate(rows.letters)}))
            return f"1d({shown},{rows.size},{cols.size})"
        case Free() | Haar():
            return f"2{type(matrix).__name__}({matrix.rows.size})"
        case Gaussian() | Wigner():
            return f"3{type(matrix).__name__}({matrix.variance},{matrix.rows.size},{matrix.cols.size})"
        case Transposed(letter=letter):
            return f"4t({skeleton(letter)})"
        case Scaled(coefficient=c, body=body):
            return f"5{skeleton(body)}*{c}"
        case Product(factors=parts):
            return f"6{len(parts):03}({','.join(map(skeleton, parts))})"
        case Inverse(body=body):
            return f"7i({skeleton(body)})"
        case Sum(terms=parts):
            return f"8{len(parts):03}({','.join(map(skeleton, parts))})"
    raise TypeError(f"not a matrix expression: {type(matrix).__name__}")


def text(matrix: Expression) -> str:
    match matrix:
        case Identity():
            return "I"
        case Zero():
            return "0"
        case Deterministic(value=value):
            return value if isinstance(value, str) else f"[{value}]"
        case Transposed(letter=letter):
            return f"{text(letter)}.T"
        case Scaled(coefficient=c, body=body):
            if c == -1:
                return f"-{text(body)}"
            return f"{f'({c})' if c.is_Add else c}*{text(body)}"
        case Product(factors=parts):
            return "@".join(f"({text(x)})" if isinstance(x, Sum) else text(x) for x in parts)
        case Inverse(body=body):
            return f"inv({text(body)})"
        case Sum(terms=parts):
            return " + ".join(map(text, parts)).replace("+ -", "- ")
    return str(matrix.name)  # type: ignore[attr-defined]


def latex(matrix: Expression) -> str:
    """LaTeX of a matrix expression."""
    match matrix:
        case Identity():
            return "I"
        case Zero():
            return "0"
        case Deterministic(value=value):
            if isinstance(value, str):
                return sp.latex(sp.Symbol(value))
            return rf"\left[{sp.latex(value)}\right]"
        case Transposed(letter=letter):
            return rf"{latex(letter)}^{{\top}}"
        case Scaled(coefficient=c, body=body):
            front = "-" if c == -1 else rf"\left({sp.latex(c)}\right)" if c.is_Add else sp.latex(c)
            return rf"{front} {latex(body)}"
        case Product(factors=parts):
            return " ".join(rf"\left({latex(x)}\right)" if isinstance(x, Sum) else latex(x) for x in parts)
        case Inverse(body=Sum() | Product() as body):
            return rf"\left({latex(body)}\right)^{{-1}}"
        case Inverse(body=body):
            return rf"{latex(body)}^{{-1}}"
        case Sum(terms=parts):
            return " + ".join(map(latex, parts)).replace("+ -", "- ")
    return sp.latex(sp.Symbol(matrix.name))  # type: ignore[attr-defined]
