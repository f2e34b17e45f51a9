"""Typed parameters of a theorem: a name, a meaning, a domain; text in, exact numbers out.

A domain turns text (``"0.3"``, ``"3/10"``, ``"1,4"``, ``"relu"``) into an exact value and refuses, in one line, what
lies outside.  Numbers are ``Fraction``, lists are tuples of ``Fraction``, names are ``str``, counts are ``int``.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any, Protocol

from rmtsym.errors import DomainError, UnknownName
from rmtsym.parsing import check_size, parse_list, parse_number

__all__ = [
    "NON_NEGATIVE",
    "POSITIVE",
    "REAL",
    "UNIT",
    "Choice",
    "Count",
    "Domain",
    "Interval",
    "Names",
    "Numbers",
    "Parameter",
    "Quantity",
    "Weights",
    "read_point",
]


class Domain(Protocol):
    """What a parameter may be: ``read`` returns an exact value or raises, ``str`` names the domain."""

    def read(self, name: str, value: Any) -> Any: ...


def _exact(name: str, value: Any) -> Fraction:
    """Exact number of text, an integer, a fraction, or a float (read as the decimal that it prints as)."""
    if isinstance(value, str):
        return check_size(parse_number(value, name), name)
    if isinstance(value, Rational):
        return check_size(Fraction(value), name)
    try:
        return Fraction(repr(float(value)))
    except (TypeError, ValueError):
        raise DomainError(name, repr(value), "a number", "write 0.3, 3/10 or 1e-6") from None


@dataclass(frozen=True)
class Interval:
    """Numbers between two ends; an end of ``None`` is infinite, ``closed`` says which ends belong to it.

    >>> Interval(0, 1, closed="left").read("a", "1/2")
    Fraction(1, 2)
    >>> POSITIVE.read("c", "0")
    Traceback (most recent call last):
    ...
    rmtsym.errors.DomainError: c = 0 is outside its domain (c > 0)
    """

    lower: int | Fraction | None = None
    upper: int | Fraction | None = None
    closed: str = "neither"  # "both", "left", "right", "neither"

    def _text(self, name: str) -> str:
        left = "<=" if self.closed in ("both", "left") else "<"
        right = "<=" if self.closed in ("both", "right") else "<"
        match self.lower, self.upper:
            case None, None:
                return f"{name} real"
            case low, None:
                return f"{name} {left.replace('<', '>')} {low}"
            case None, high:
                return f"{name} {right} {high}"
            case low, high:
                return f"{low} {left} {name} {right} {high}"

    def __str__(self) -> str:
        return self._text("x")

    def read(self, name: str, value: Any) -> Fraction:
        number = _exact(name, value)
        low_open, high_open = self.closed not in ("both", "left"), self.closed not in ("both", "right")
        too_low = self.lower is not None and (number < self.lower or (low_open and number == self.lower))
        too_high = self.upper is not None and (number > self.upper or (high_open and number == self.upper))
        if too_low or too_high:
            raise DomainError(name, number, self._text(name))
        return number


REAL = Interval()
POSITIVE = Interval(0)
NON_NEGATIVE = Interval(0, closed="left")
UNIT = Interval(0, 1, closed="both")


@dataclass(frozen=True)
class Count:
    """Integers from ``lower`` to ``upper`` (``None``: no upper end).

    >>> Count(1, 6).read("n", "3")
    3
    """

    lower: int = 1
    upper: int | None = None

    def __str__(self) -> str:
        return f"an integer from {self.lower}" + (f" to {self.upper}" if self.upper is not None else "")

    def read(self, name: str, value: Any) -> int:
        number = Fraction(int(value)) if isinstance(value, Integral) else _exact(name, value)
        if number != int(number) or number < self.lower or (self.upper is not None and number > self.upper):
            raise DomainError(name, number, str(self))
        return int(number)


@dataclass(frozen=True)
class Choice:
    """One name of a list, e.g. ``Choice("loss", "square", "logistic")``.

    The names may also be given by a function, called when a value is read:
    ``Choice("activation", names=lambda: ACTIVATIONS)``.

    >>> Choice("loss", "square", "logistic").read("loss", "logstic")
    Traceback (most recent call last):
    ...
    rmtsym.errors.UnknownName: unknown loss 'logstic'; did you mean logistic?
    """

    kind: str
    options: tuple[str, ...]
    names: Callable[[], Iterable[str]] | None

    def __init__(self, kind: str, *options: str, names: Callable[[], Iterable[str]] | None = None) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "options", options)
        object.__setattr__(self, "names", names)

    @property
    def known(self) -> tuple[str, ...]:
        return tuple(self.names()) if self.names else self.options

    def __str__(self) -> str:
        return f"one of {', '.join(self.known)}"

    def read(self, name: str, value: Any) -> str:
        if str(value) not in self.known:
            raise UnknownName(self.kind, str(value), self.known)
        return str(value)


@dataclass(frozen=True)
class Names:
    """List of names, each one of a list, in order and with repetitions: the layers of a network.

    >>> Names("activation", "relu", "sin").read("activations", "relu,sin,relu")
    ('relu', 'sin', 'relu')
    """

    kind: str
    options: tuple[str, ...]

    def __init__(self, kind: str, *options: str) -> None:
        object.__setattr__(self, "kind", kind)
        object.__setattr__(self, "options", options)

    def __str__(self) -> str:
        return f"names separated by commas, each one of {', '.join(self.options)}"

    def read(self, name: str, value: Any) -> tuple[str, ...]:
        items = value.split(",") if isinstance(value, str) else value
        if not isinstance(items, Iterable):
            raise DomainError(name, repr(value), str(self))
        names = tuple(str(item).strip() for item in items)
        if not any(names):
            raise DomainError(name, "nothing", str(self), "write the names separated by commas")
        for item in names:
            if item not in self.options:
                raise UnknownName(self.kind, item, self.options)
        return names


@dataclass(frozen=True)
class Numbers:
    """List of numbers, each in ``each``; ``like`` names a parameter that must have the same length.

    >>> Numbers(POSITIVE).read("s", "1,4")
    (Fraction(1, 1), Fraction(4, 1))
    """

    each: Interval | Count = REAL
    like: str = ""
    length: int | None = None

    def __str__(self) -> str:
        tail = f", as many as {self.like}" if self.like else f", {self.length} of them" if self.length else ""
        return f"numbers separated by commas, each {self.each}{tail}"

    def read(self, name: str, value: Any) -> tuple[Any, ...]:
        if isinstance(value, str):
            items: Sequence[Any] = parse_list(value, name)
        elif isinstance(value, Iterable):
            items = tuple(value)
        else:
            items = (value,)
        if not items or (self.length is not None and len(items) != self.length):
            raise DomainError(name, f"{len(items)} values", str(self), "write the values separated by commas")
        return tuple(self.each.read(name, item) for item in items)


@dataclass(frozen=True)
class Weights(Numbers):
    """List of non-negative numbers that sum to one, exactly.

    >>> Weights().read("w", "1/2,1/3")
    Traceback (most recent call last):
    ...
    rmtsym.errors.DomainError: w = 1/2,1/3 is outside its domain (weights that sum to 1, not 5/6); rescale them
    """

    each: Interval | Count = NON_NEGATIVE

    def __str__(self) -> str:
        return "non-negative weights that sum to 1" + (f", as many as {self.like}" if self.like else "")

    def read(self, name: str, value: Any) -> tuple[Fraction, ...]:
        items = super().read(name, value)
        if sum(items) != 1:
            shown = ",".join(map(str, items))
            raise DomainError(name, shown, f"weights that sum to 1, not {sum(items)}", "rescale them")
        return items


@dataclass(frozen=True)
class Parameter:
    """A named argument of a theorem.

    Parameters
    ----------
    name : str
        As in the reference tables and on the command line.
    meaning : str
        A few words for people.
    domain : Domain
        ``POSITIVE``, ``NON_NEGATIVE``, ``REAL``, ``UNIT``, :class:`Interval`, :class:`Count`, :class:`Choice`,
        :class:`Names`, :class:`Numbers` or :class:`Weights`.
    latex : str, optional
        Symbol in formulas; the name if empty.
    default : str, optional
        Value where a point does not give one.
    """

    name: str
    meaning: str
    domain: Domain = POSITIVE
    latex: str = ""
    default: Any = None


@dataclass(frozen=True)
class Quantity:
    """A named number that a theorem predicts.

    Parameters
    ----------
    name : str
        As in the reference tables and among the outputs of the statement.
    meaning : str
        A few words for people.
    latex : str, optional
        Symbol in formulas; the name if empty.
    observable : bool
        Whether an experiment can estimate it; an auxiliary unknown (an effective ridge) often cannot be seen.
    """

    name: str
    meaning: str
    latex: str = ""
    observable: bool = True


def read_point(parameters: Sequence[Parameter], given: Mapping[str, Any], kind: str = "parameter") -> dict[str, Any]:
    """Exact values of all parameters, in order, with lengths of lists checked against each other.

    Raises
    ------
    UnknownName
        For a name that is not a parameter or a choice that does not exist.
    DomainError
        For a value outside its domain, a missing value, or lists of different lengths.
    """
    known = {p.name: p for p in parameters}
    for name in given:
        if name not in known:
            raise UnknownName(kind, name, known)
    point: dict[str, Any] = {}
    for name, parameter in known.items():
        value = given.get(name, parameter.default)
        if value is None:
            raise DomainError(name, "nothing", str(parameter.domain), f"give a value for {name} ({parameter.meaning})")
        point[name] = parameter.domain.read(name, value)
    for name, parameter in known.items():
        like = getattr(parameter.domain, "like", "")
        if like and len(point[name]) != len(point[like]):
            raise DomainError(
                name,
                ",".join(map(str, point[name])),
                f"{len(point[like])} values, as many as {like}",
                "match the lengths",
            )
    return point
