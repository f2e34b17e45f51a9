"""Errors that a user can act on: each names the argument, its value, its domain and what to try."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = [
    "DomainError",
    "NoConvergence",
    "RmtsymError",
    "ShapeError",
    "UnknownName",
    "UnsupportedModel",
]


class RmtsymError(Exception):
    """Base of every error that rmtsym raises on purpose; its text is one readable line."""


class DomainError(RmtsymError, ValueError):
    """An argument lies outside the domain in which the formula holds.

    >>> raise DomainError("lam", -1, "lam >= 0", "use a non-negative ridge")
    Traceback (most recent call last):
    ...
    rmtsym.errors.DomainError: lam = -1 is outside its domain (lam >= 0); use a non-negative ridge
    """

    def __init__(self, argument: str, value: object, domain: str, hint: str = "") -> None:
        self.argument, self.value, self.domain, self.hint = argument, value, domain, hint
        text = f"{argument} = {value} is outside its domain ({domain})"
        super().__init__(f"{text}; {hint}" if hint else text)

    def __reduce__(self) -> tuple[object, ...]:  # an exception remembers its text only, too little to make it again
        return type(self), (self.argument, self.value, self.domain, self.hint)


class UnknownName(RmtsymError, KeyError):
    """A name that is not known, with the nearest known ones.

    >>> raise UnknownName("activation", "relyu", ["relu", "erf"])
    Traceback (most recent call last):
    ...
    rmtsym.errors.UnknownName: unknown activation 'relyu'; did you mean relu?
    """

    def __init__(self, kind: str, name: str, known: Iterable[str]) -> None:
        self.kind, self.name, self.known = kind, name, sorted(known)
        near = difflib.get_close_matches(str(name), self.known, n=3)
        if near:
            tail = f"did you mean {', '.join(near)}?"
        else:
            tail = f"known: {', '.join(self.known) or 'none'}"
        self.text = f"unknown {kind} '{name}'; {tail}"
        super().__init__(self.text)

    def __str__(self) -> str:  # KeyError would show the repr
        return self.text

    def __reduce__(self) -> tuple[object, ...]:
        return type(self), (self.kind, self.name, self.known)


class ShapeError(RmtsymError, ValueError):
    """Two factors or terms whose spaces do not fit; the message names both."""


class UnsupportedModel(RmtsymError):
    """A model outside the reach of a method; the message says why and what would be needed."""


class NoConvergence(RmtsymError):
    """A solver that stopped without the physical root; the message says where and what to try."""
