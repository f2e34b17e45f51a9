"""Models written as text: declarations of letters and an expression, parsed by a whitelist."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, ShapeError, UnknownName
from rmtsym.field.average import SpectralMeasure
from rmtsym.matrix.expression import Expression
from rmtsym.matrix.letter import Deterministic, Free, Gaussian, Haar, Wigner
from rmtsym.matrix.normal_form import Scaled, inverse, walk
from rmtsym.matrix.space import Space
from rmtsym.matrix.structure import substitute
from rmtsym.parsing import ParseError, parse_expression

__all__ = ["KINDS", "parse_model"]

KINDS = ("gaussian", "wigner", "haar", "free", "deterministic", "matrix", "size")

#: Functions of a spectral letter.
_FUNCTIONS = {"sqrt": lambda value: sp.sqrt(value)}
_NAME = re.compile(r"[A-Za-z]\w*\Z")


class _Scalars(dict[str, Any]):
    """Names of an expression: letters as declared; any other plain name is a scalar parameter."""

    def __contains__(self, name: object) -> bool:
        return isinstance(name, str) and bool(_NAME.match(name))

    def __missing__(self, name: str) -> sp.Symbol:
        return self.setdefault(name, sp.Symbol(name))


def parse_model(text: str, declarations: Mapping[str, Iterable[str]]) -> Expression:
    """Matrix expression of a model given as text.

    Parameters
    ----------
    text : str
        ``+ - * / @ **``, ``.T``, ``inv(...)``.  A scalar added to a square matrix stands for that multiple of the
        identity, which may also be written ``lam*I``.  Names that are not declared are scalar parameters.
    declarations : mapping from kind to declarations
        ======================  =========================================================================
        ``gaussian``            ``"X: p x n, 1/n"``: independent entries of variance 1/n (default ``1/n``)
        ``wigner``              ``"H: n, 1/n"``: symmetric, off-diagonal variance 1/n (default)
        ``haar``                ``"U: n"``: uniform orthogonal matrix
        ``free``                ``"A: n"``: free symmetric matrix, law bound later to the name ``A``
        ``deterministic``       ``"S: p"``, ``"S: p, sqrt(s)"`` or ``"A: n x p, s"``: function of spectral letters
                                (by default of one letter called like the matrix); those of one space commute
        ``matrix``              ``"A: p"``, ``"A: p x n"``, ``"A: p symmetric"``: explicit matrix, bound later
        ``size``                ``"p = c"``: dimension of a space relative to the common large number
        ======================  =========================================================================

        The unit of size is the space ``n`` of the first variance ``1/n``: its size is 1 unless another is given.  Every
        other space ``p`` has the size ``p``, its ratio to that one, unless another is given.

    Raises
    ------
    ParseError, UnknownName, DomainError, ShapeError
        One line that names the piece of text and what to write instead.

    Examples
    --------
    >>> parse_model("inv(X.T@X + lam)", {"gaussian": ["X: n x p, 1/n"], "size": ["p = c"]})
    inv(lam*I + X.T@X)
    >>> parse_model("X@X", {"gaussian": ["X: n x p, 1/n"]})
    Traceback (most recent call last):
    ...
    rmtsym.errors.ShapeError: cannot multiply X (n x p) by X (n x p): the inner spaces p and n differ
    """
    for kind in sorted(declarations):
        if kind not in KINDS:
            raise UnknownName("kind of declaration", kind, KINDS)
    reader = _Reader({kind: tuple(declarations.get(kind, ())) for kind in KINDS})
    letters = reader.letters()
    dimension = {name: sp.Dummy(name) for name in reader.spaces}
    names = _Scalars({"I": sp.Integer(1), **reader.symbols, **dimension, **letters})
    functions = {"inv": _inverse, "inverse": _inverse}
    try:
        result = parse_expression(text, names, functions, sp.Rational, attributes={"T": _transpose})
    except TypeError:
        raise ParseError(
            f"cannot read {text!r} as a matrix: '@' and '.T' need matrices, '/' needs a scalar divisor; "
            f"declared matrices: {', '.join(sorted(letters)) or 'none'}"
        ) from None
    if not isinstance(result, Expression):
        raise ParseError(f"{text!r} is a scalar, not a matrix; declare its letters, e.g. --gaussian 'X: p x n, 1/n'")
    for node in walk(result):
        if isinstance(node, Scaled) and not _scales(node.coefficient, dimension.values(), 0):
            raise DomainError(
                "scalar",
                node.coefficient.xreplace({dummy: sp.Symbol(name) for name, dummy in dimension.items()}),
                "free of dimensions, or a ratio of two",
                "put powers of a dimension into the variances",
            )
    return substitute(result, {dummy: reader.spaces[name].size for name, dummy in dimension.items()})


def _scales(value: sp.Expr, dimensions: Iterable[sp.Symbol], degree: int) -> bool:
    """Whether a scalar is homogeneous of this degree in the dimensions."""
    t = sp.Dummy("t")
    return sp.cancel(value.xreplace({x: t * x for x in dimensions}) - t**degree * value) == 0


def _inverse(value: Any) -> Any:
    return inverse(value) if isinstance(value, Expression) else 1 / value


def _transpose(value: Any) -> Any:
    return value.T if isinstance(value, Expression) else value


class _Reader:
    """Declarations as letters, spaces and symbols."""

    def __init__(self, declarations: Mapping[str, tuple[str, ...]]) -> None:
        self.entries = [(kind, *self._split(kind, text)) for kind in KINDS[:-1] for text in declarations[kind]]
        self.symbols: dict[str, sp.Symbol] = {}
        self.sizes: dict[str, sp.Expr] = {}
        for text in declarations["size"]:
            name, equals, value = (x.strip() for x in text.partition("="))
            if not equals or not _NAME.match(name):
                raise ParseError(f"cannot read the size {text!r}; write it as 'p = c'")
            if name in self.sizes:
                raise DomainError(
                    "size", repr(text), f"one size for {name}", f"{name} = {self.sizes[name]} came before"
                )
            self.sizes[name] = self._scalar(value, positive=True)
        unit = self._unit()
        if unit:
            self.sizes.setdefault(unit, sp.Integer(1))
        self.ties: dict[str, str] = {}
        self.spectral: dict[str, set[str]] = {}  # tie or space -> names of its letters
        self._read_spectral()
        self.spaces = {x: self.space(x) for _, _, spaces, _ in self.entries for x in spaces}

    def _unit(self) -> str | None:
        """Space whose dimension is the common large number."""
        for kind, _, spaces, tail in self.entries:
            if kind in ("gaussian", "wigner"):
                below = [x for x in spaces if tail and re.search(rf"/\s*{x}\b", tail)]
                return below[0] if below else spaces[-1]
        return next((spaces[-1] for _, _, spaces, _ in self.entries), None)

    @staticmethod
    def _split(kind: str, text: str) -> tuple[str, tuple[str, ...], str]:
        """Name, spaces and what follows them."""
        name, colon, rest = (x.strip() for x in text.partition(":"))
        shape, _, tail = (x.strip() for x in rest.partition(","))
        if kind == "matrix" and shape.endswith(" symmetric"):
            shape, tail = shape.removesuffix(" symmetric").strip(), "symmetric"
        spaces = tuple(re.split(r"\s+x\s+", shape))
        square = kind in ("wigner", "haar", "free")
        wanted = "one space" if square else "two spaces" if kind == "gaussian" else "one or two spaces"
        right = len(spaces) == (1 if square else 2 if kind == "gaussian" else min(len(spaces), 2))
        if not colon or not _NAME.match(name) or not right or not all(_NAME.match(x) for x in spaces):
            example = "H: n" if square else "X: p x n, 1/n" if kind == "gaussian" else "S: p"
            raise ParseError(f"cannot read the {kind} letter {text!r}: a name and {wanted}, as in '{example}'")
        if tail and kind in ("haar", "free"):
            raise ParseError(f"cannot read {tail!r} in {text!r}; write '{name}: {spaces[0]}'")
        if tail and kind == "matrix" and tail != "symmetric":
            raise ParseError(f"cannot read {tail!r} in {text!r}; only 'symmetric' may follow the spaces")
        return name, spaces, tail

    def _scalar(self, text: str, positive: bool = False) -> sp.Expr:
        names = _Scalars()
        value = parse_expression(text, names, {}, sp.Rational)
        found = {str(x): self._symbol(str(x), positive) for x in value.free_symbols}
        return value.xreplace({sp.Symbol(k): v for k, v in found.items()})

    def _symbol(self, name: str, positive: bool = False) -> sp.Symbol:
        return self.symbols.setdefault(name, sp.Symbol(name, positive=True) if positive else sp.Symbol(name))

    def _read_spectral(self) -> None:
        for kind, _, spaces, _ in self.entries:
            if kind == "deterministic" and len(spaces) == 2 and spaces[0] != spaces[1]:
                old = {self.ties.get(x, x) for x in spaces}
                self.ties = {k: spaces[0] if v in old else v for k, v in self.ties.items()}
                self.ties.update(dict.fromkeys(spaces, spaces[0]))
        for kind, name, spaces, tail in self.entries:
            if kind == "deterministic":
                names = _Scalars()
                parse_expression(tail or name, names, _FUNCTIONS, sp.Rational)
                self.spectral.setdefault(self.ties.get(spaces[0], spaces[0]), set()).update(names)

    def space(self, name: str) -> Space:
        tie = self.ties.get(name)
        letters = sorted(self.spectral.get(tie or name, ()))
        if tie:  # the singular value, taken from the rectangular matrices, comes first
            values = [
                tail or letter
                for kind, letter, spaces, tail in self.entries
                if kind == "deterministic" and len(set(spaces)) == 2 and self.ties[spaces[0]] == tie
            ]
            common = [x for x in letters if all(self._function(v).subs(sp.Symbol(x), 0) == 0 for v in values)]
            letters = [*common[:1], *(x for x in letters if x not in common[:1])]
        size = self.sizes.get(name)
        if size is None:
            size = self._symbol(name, positive=True)
        return Space(name, size, tuple(sp.Symbol(x) for x in letters), tie)

    @staticmethod
    def _function(text: str) -> sp.Expr:
        return parse_expression(text, _Scalars(), _FUNCTIONS, sp.Rational)

    def _variance(self, letter: str, tail: str, space: Space) -> sp.Expr:
        """N times the variance of an entry, which is written in terms of the dimensions."""
        names = _Scalars({name: sp.Dummy(name) for name in self.spaces} | self.symbols)
        dimension = {names[name]: self.spaces[name].size for name in self.spaces}
        value = parse_expression(tail or f"1/{space.name}", names, {}, sp.Rational)
        if not _scales(value, dimension, -1):
            raise DomainError(
                f"variance of {letter}", tail, "one over a dimension, times a scalar", f"write 1/{space.name}"
            )
        return sp.cancel(value.xreplace(dimension))

    def letters(self) -> dict[str, Expression]:
        known = self.spaces
        unused = sorted(set(self.sizes) - set(known))
        if unused:
            raise UnknownName("space", unused[0], known)
        result: dict[str, Expression] = {}
        for kind, name, spaces, tail in self.entries:
            if name in result or name in known or name == "I":
                raise DomainError("name of a letter", name, "one meaning for each name", "choose another name")
            rows, cols = known[spaces[0]], known[spaces[-1]]
            match kind:
                case "gaussian":
                    result[name] = Gaussian(name, rows, cols, self._variance(name, tail, cols))
                case "wigner":
                    result[name] = Wigner(name, rows, self._variance(name, tail, rows))
                case "haar":
                    result[name] = Haar(name, rows)
                case "free":
                    result[name] = Free(name, rows, SpectralMeasure(name, sp.Symbol("x", real=True)))
                case "deterministic":
                    result[name] = Deterministic(self._function(tail or name), rows, cols)
                case "matrix":
                    if tail == "symmetric" and rows != cols:
                        raise ShapeError(f"matrix '{name}' cannot be symmetric: its spaces {rows} and {cols} differ")
                    result[name] = Deterministic(name, rows, cols, tail == "symmetric")
        return result
