"""Closed forms kept on disk, keyed by expression and version.

One small text file per key, written to a temporary name and renamed, so that concurrent writers and a crash can only
leave whole files; a file that does not read back, or whose checksum is wrong, is ignored and written again.
Expressions are stored as sympy's ``srepr`` and read back by a whitelist of constructors, never evaluated.
"""

from __future__ import annotations

import ast
import hashlib
import os
import tempfile
from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import lru_cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import sympy as sp

import rmtsym

if TYPE_CHECKING:
    from rmtsym.gaussian.function import Function

__all__ = ["cache_directory", "remembered"]

_FORMAT = 1
_memory: dict[str, sp.Expr] = {}


def cache_directory() -> Path | None:
    """Directory of the cache: ``RMTSYM_CACHE``, else the user's cache directory; empty or ``off`` disables it."""
    chosen = os.environ.get("RMTSYM_CACHE")
    if chosen is not None:
        return None if chosen in ("", "off") else Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    return (Path(base) if base else Path.home() / ".cache") / "rmtsym"


@lru_cache(maxsize=1)
def source_version() -> str:
    """Version of the package together with a fingerprint of this room's sources."""
    digest = hashlib.sha256()
    for path in sorted(Path(__file__).parent.glob("*.py")):
        digest.update(path.read_bytes())
    return f"{rmtsym.__version__}-{sp.__version__}-{_FORMAT}-{digest.hexdigest()[:16]}"


def remembered(
    factors: Sequence[Function],
    mean: Sequence[sp.Expr],
    covariance: Sequence[Sequence[sp.Expr]],
    compute: Callable[[], sp.Expr],
) -> sp.Expr:
    """The closed form of this moment from memory or disk, else computed and kept."""
    law = sp.srepr(sp.Tuple(*mean, *(entry for row in covariance for entry in row)))
    text = "\n".join([source_version(), *(f.key for f in factors), law])
    key = hashlib.sha256(text.encode()).hexdigest()
    if key not in _memory:
        found = _read(key)
        if found is None:
            found = compute()
            _write(key, found)
        _memory[key] = found
    return _memory[key]


def _path(key: str) -> Path | None:
    directory = cache_directory()
    return None if directory is None else directory / "gaussian" / key[:2] / f"{key}.txt"


def _read(key: str) -> sp.Expr | None:
    path = _path(key)
    if path is None:
        return None
    try:
        checksum, _, body = path.read_text(encoding="utf-8").partition("\n")
    except (OSError, UnicodeDecodeError):
        return None
    if checksum != hashlib.sha256((key + body).encode()).hexdigest():
        return None
    try:
        return read_expression(body)
    except (ValueError, SyntaxError, TypeError, RecursionError):
        return None


def _write(key: str, expression: sp.Expr) -> None:
    path = _path(key)
    if path is None:
        return
    body = sp.srepr(expression)
    checksum = hashlib.sha256((key + body).encode()).hexdigest()
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, name = tempfile.mkstemp(dir=path.parent, prefix=".write-")
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.write(f"{checksum}\n{body}")
        os.replace(name, path)
    except OSError:
        return  # a cache that cannot be written is no error


@lru_cache(maxsize=1)
def _constructors() -> dict[str, Callable[..., Any]]:
    from rmtsym.gaussian.special import BivariateNormal

    names = "Add Mul Pow Symbol Integer Rational Abs exp log erf erfc erfi asin acos sqrt cosh sinh cos sin tanh"
    table: dict[str, Callable[..., Any]] = {name: getattr(sp, name) for name in names.split()}
    return table | {"BivariateNormal": BivariateNormal}


def read_expression(text: str) -> sp.Expr:
    """Expression of its ``srepr``; only the constructors of closed forms are known.

    >>> read_expression("Add(Integer(1), Symbol('x', real=True))")
    x + 1
    """
    constants = {"pi": sp.pi, "I": sp.I, "E": sp.E, "S": None}

    def walk(node: ast.AST) -> Any:
        match node:
            case ast.Call(func=ast.Name(id=name), args=args, keywords=keywords) if name in _constructors():
                options = {k.arg: ast.literal_eval(k.value) for k in keywords if k.arg}
                return _constructors()[name](*map(walk, args), **options)
            case ast.Constant(value=value) if isinstance(value, (int, str)):
                return value
            case ast.Name(id=name) if constants.get(name) is not None:
                return constants[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -walk(inner)
            case ast.Attribute(value=ast.Name(id="S"), attr=attr) if attr in ("Half", "One", "Zero", "NegativeOne"):
                return getattr(sp.S, attr)
        raise ValueError(f"cannot read {ast.dump(node)[:60]}")

    return walk(ast.parse(text, mode="eval").body)


def as_fraction(value: sp.Rational) -> Fraction:
    return Fraction(int(value.p), int(value.q))
