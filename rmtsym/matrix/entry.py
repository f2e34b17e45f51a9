"""Laws of standardised entries: mean 0, variance 1."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

import numpy as np

from rmtsym.errors import DomainError, UnknownName
from rmtsym.parsing import parse_number

__all__ = ["LAWS", "draw_entries"]

Shape = tuple[int, ...]


def _gauss(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.standard_normal(shape)


def _rademacher(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return 2.0 * rng.integers(0, 2, size=shape) - 1.0


def _uniform(rng: np.random.Generator, shape: Shape) -> np.ndarray:
    return rng.uniform(-np.sqrt(3.0), np.sqrt(3.0), size=shape)


def _student(rng: np.random.Generator, shape: Shape, degrees: Fraction = Fraction(7)) -> np.ndarray:
    if degrees <= 4:
        raise DomainError("degrees of freedom", degrees, "degrees > 4", "limits need a fourth moment")
    nu = float(degrees)
    return rng.standard_t(nu, size=shape) * np.sqrt((nu - 2) / nu)


def _sparse(rng: np.random.Generator, shape: Shape, density: Fraction = Fraction(1, 5)) -> np.ndarray:
    if not 0 < density <= 1:
        raise DomainError("density", density, "0 < density <= 1", "give the share of nonzero entries")
    q = float(density)
    return np.where(rng.random(shape) < q, _rademacher(rng, shape), 0.0) / np.sqrt(q)


LAWS: dict[str, Callable[..., np.ndarray]] = {
    "gauss": _gauss,
    "rademacher": _rademacher,
    "sparse": _sparse,
    "student": _student,
    "uniform": _uniform,
}


def draw_entries(law: str, shape: Shape, rng: np.random.Generator) -> np.ndarray:
    """Independent entries of mean 0 and variance 1.

    Parameters
    ----------
    law : str
        ``gauss``, ``rademacher``, ``uniform``, ``student`` (7 degrees of freedom), ``sparse`` (one entry in five is
        nonzero), or with a parameter: ``student:5``, ``sparse:1/10``.

    Examples
    --------
    >>> x = draw_entries("sparse:1/4", (1000,), np.random.default_rng(0))
    >>> sorted(set(x.tolist()))
    [-2.0, 0.0, 2.0]
    """
    name, _, parameter = law.partition(":")
    if name not in LAWS:
        raise UnknownName("entry law", name, LAWS)
    if not parameter:
        return LAWS[name](rng, shape)
    if name not in ("student", "sparse"):
        raise DomainError("entry law", law, f"'{name}' without a parameter", f"write {name}")
    return LAWS[name](rng, shape, parse_number(parameter, f"parameter of {name}"))
