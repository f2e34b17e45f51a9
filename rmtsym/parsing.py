"""Text from a user is parsed, never evaluated.

Numbers are decimals or fractions and stay exact; expressions go through Python's own grammar (``ast``) and a
whitelist of operations, names and functions.  Every layer that reads text (command line, Gaussian moments, matrix
models) passes its own table of names to :func:`parse_expression`.
"""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

from rmtsym.errors import DomainError, RmtsymError, UnknownName

__all__ = ["ParseError", "check_size", "parse_expression", "parse_list", "parse_number"]

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,4})?(/[1-9]\d*)?\Z", re.ASCII)
_LARGEST = Fraction(10) ** 300
_MAX_LENGTH = 10_000
_MAX_POWER = 64


class ParseError(RmtsymError, ValueError):
    """Text that is not in the grammar; the message shows the piece that is not."""


def parse_number(text: str, argument: str = "value") -> Fraction:
    """Exact rational number of a decimal or a fraction.

    >>> parse_number("3/10"), parse_number("0.25"), parse_number("1e-14")
    (Fraction(3, 10), Fraction(1, 4), Fraction(1, 100000000000000))
    """
    stripped = text.strip()
    if not _NUMBER.match(stripped):
        raise DomainError(argument, repr(text), "a decimal or a fraction", "write 0.3, 3/10 or 1e-6")
    head, _, denominator = stripped.partition("/")
    return Fraction(head) / (Fraction(denominator) if denominator else 1)


def check_size(number: Fraction, argument: str) -> Fraction:
    """The number, unless it is so large or so small that double precision cannot work with it.

    >>> check_size(Fraction(3, 10), "lam")
    Fraction(3, 10)
    """
    if number and not 1 / _LARGEST <= abs(number) <= _LARGEST:
        size = "large" if abs(number) > 1 else "small"
        raise DomainError(argument, f"a number too {size}", "0, or between 1e-300 and 1e300 in size", "change the unit")
    return number


def parse_list(text: str, argument: str = "value") -> tuple[Fraction, ...]:
    """Exact numbers separated by commas, with or without square brackets.

    >>> parse_list("1,4"), parse_list("[1/2, 0.5]")
    ((Fraction(1, 1), Fraction(4, 1)), (Fraction(1, 2), Fraction(1, 2)))
    """
    body = text.strip().removeprefix("[").removesuffix("]")
    if not body.strip():
        raise DomainError(argument, repr(text), "numbers separated by commas", "write 1,4 or 1/2,1/2")
    return tuple(parse_number(part, argument) for part in body.split(","))


def _power(base: Any, exponent: Any) -> Any:
    try:
        huge = bool(abs(exponent) > _MAX_POWER)
    except TypeError:  # a symbolic exponent has no size
        huge = False
    if huge:
        raise ParseError(f"the power {exponent} is too large; at most {_MAX_POWER}")
    return base**exponent


def _quotient(left: Any, right: Any) -> Any:
    if (isinstance(right, (int, float, Fraction)) and right == 0) or getattr(right, "is_zero", None) is True:
        raise ParseError(f"cannot divide {left} by {right}")
    return left / right


def _called(function: Callable[..., Any], arguments: list[Any], piece: str) -> Any:
    try:
        return function(*arguments)
    except TypeError as error:
        if "argument" not in str(error):
            raise
        given = f"{len(arguments)} argument{'' if len(arguments) == 1 else 's'}"
        raise ParseError(f"cannot read {piece!r}: the function does not take {given}") from None


_BINARY: dict[type[ast.operator], Callable[[Any, Any], Any]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: _quotient,
    ast.MatMult: operator.matmul,
    ast.Pow: _power,
}


def parse_expression(
    text: str,
    names: Mapping[str, Any],
    functions: Mapping[str, Callable[..., Any]],
    number: Callable[[Fraction], Any],
    *,
    attributes: Mapping[str, Callable[[Any], Any]] | None = None,
) -> Any:
    """Value of an arithmetic expression in a whitelist of names, functions and attributes.

    Parameters
    ----------
    text : str
        Sums, differences, products, quotients, powers, calls of the listed functions.
    names, functions : mapping
        What a bare name or a call may mean.
    number : callable
        Turns an exact ``Fraction`` into the caller's number type.
    attributes : mapping, optional
        Postfix attributes such as ``T`` (transpose).

    Raises
    ------
    ParseError
        For anything outside the grammar.
    UnknownName
        For a name or function that is not listed, with the nearest listed ones.

    Examples
    --------
    >>> parse_expression("2*x + 1/2", {"x": Fraction(3)}, {}, lambda q: q)
    Fraction(13, 2)
    >>> parse_expression("__import__('os')", {}, {}, lambda q: q)
    Traceback (most recent call last):
    ...
    rmtsym.errors.UnknownName: unknown function '__import__'; known: none
    """
    if len(text) > _MAX_LENGTH:
        raise ParseError(f"the expression has {len(text)} characters; at most {_MAX_LENGTH} are read")
    source = text.strip().replace("^", "**")
    try:
        tree = ast.parse(source, mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        reason = getattr(error, "msg", "too deeply nested")
        raise ParseError(f"cannot read {text!r} as an expression ({reason})") from None

    def literal(node: ast.Constant) -> Any:
        piece = ast.get_source_segment(source, node) or str(node.value)
        if isinstance(node.value, bool) or not isinstance(node.value, (int, float)):
            raise ParseError(f"cannot read {piece!r}: only numbers, names and calls are allowed")
        return number(parse_number(piece.replace("_", ""), "number"))

    def walk(node: ast.AST) -> Any:
        match node:
            case ast.Constant():
                return literal(node)
            case ast.Name(id=name):
                if name not in names:
                    raise UnknownName("name", name, names)
                return names[name]
            case ast.UnaryOp(op=ast.USub(), operand=inner):
                return -walk(inner)
            case ast.UnaryOp(op=ast.UAdd(), operand=inner):
                return walk(inner)
            case ast.BinOp(left=left, op=op, right=right) if type(op) in _BINARY:
                return _BINARY[type(op)](walk(left), walk(right))
            case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
                if name not in functions:
                    raise UnknownName("function", name, functions)
                arguments = [walk(arg) for arg in args]
                return _called(functions[name], arguments, ast.get_source_segment(source, node) or name)
            case ast.Attribute(value=inner, attr=attr) if attributes and attr in attributes:
                return attributes[attr](walk(inner))
        piece = ast.get_source_segment(source, node) if hasattr(node, "lineno") else type(node).__name__
        raise ParseError(f"cannot read {piece!r}: only arithmetic, names and calls are allowed")

    return walk(tree)
