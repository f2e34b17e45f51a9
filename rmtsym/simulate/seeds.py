"""Seeds: every replicate has its own stream, a function of what it is and of nothing else.

The stream of a replicate is ``SeedSequence(seed, spawn_key=(words of a stable hash, replicate))``, so it does not
depend on the number of workers, on their order, on the batches, or on Python's hash seed.
"""

from __future__ import annotations

import functools
import hashlib
import json
from collections.abc import Mapping
from fractions import Fraction
from numbers import Integral, Rational, Real
from typing import Any

import numpy as np

from rmtsym.errors import DomainError

__all__ = ["generator", "point_key", "seed_sequence"]


def _canonical(value: Any, name: str) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "true" if value else "false"
    if isinstance(value, (Integral, Rational)):
        return str(Fraction(value))
    if isinstance(value, Real):
        return repr(float(value))
    if isinstance(value, complex):
        return repr(value)
    if isinstance(value, str):
        return json.dumps(value)
    if isinstance(value, Mapping):
        return "{" + ",".join(f"{k}:{_canonical(value[k], name)}" for k in sorted(value)) + "}"
    if isinstance(value, (tuple, list, np.ndarray)):
        return "[" + ",".join(_canonical(v, name) for v in value) + "]"
    weights, letters = getattr(value, "weights", None), getattr(value, "letters", None)
    if weights is not None and letters is not None:  # field.Atoms, without importing it
        return _canonical({"w": weights, **letters}, name)
    raise DomainError(name, type(value).__name__, "numbers, names, and tuples of them", "give fractions or strings")


def point_key(point: Mapping[str, Any]) -> str:
    """Canonical text of a point: names sorted, numbers exact.

    >>> point_key({"lam": Fraction(3, 10), "c": Fraction(1, 2), "s": (1, 4)})
    'c=1/2;lam=3/10;s=[1,4]'
    """
    return ";".join(f"{name}={_canonical(point[name], name)}" for name in sorted(point))


def seed_sequence(
    seed: int, theorem: str, point: Mapping[str, Any] | str, size: int, law: str, replicate: int
) -> np.random.SeedSequence:
    """Seed of one replicate.

    >>> a = seed_sequence(0, "marchenko-pastur", {"c": Fraction(1, 2)}, 100, "gauss", 7)
    >>> b = seed_sequence(0, "marchenko-pastur", {"c": Fraction(1, 2)}, 100, "rad", 7)
    >>> a.generate_state(1)[0] == b.generate_state(1)[0]
    np.False_
    """
    key = point if isinstance(point, str) else point_key(point)
    return np.random.SeedSequence(int(seed), spawn_key=(*_words(theorem, key, int(size), law), int(replicate)))


@functools.lru_cache(maxsize=1024)
def _words(theorem: str, key: str, size: int, law: str) -> tuple[int, ...]:
    text = json.dumps([theorem, key, size, law], separators=(",", ":"), ensure_ascii=True)
    return tuple(int(w) for w in np.frombuffer(hashlib.blake2b(text.encode(), digest_size=16).digest(), dtype="<u4"))


def generator(
    seed: int, theorem: str, point: Mapping[str, Any] | str, size: int, law: str, replicate: int
) -> np.random.Generator:
    """Generator of one replicate; the bit generator is named, not NumPy's default of the day."""
    return np.random.Generator(np.random.PCG64(seed_sequence(seed, theorem, point, size, law, replicate)))
