"""rmtsym: an executable theory of random matrices for machine learning.

========================================  =======================================================================
``expectation(f, variance)``              Gaussian moments in closed form, with a certificate
``deterministic_equivalent(M)``           equations of a normalised trace, from a matrix expression
``solve(system, point)``                  the physical root and the outputs in floating point, at one point or on a grid
``enclose(system, point, digits)``        the same in balls
``predict(id, point)``                    the quantities of a theorem in balls
``verify(id)``                            the verdict on a theorem
========================================  =======================================================================

Public names are loaded on first use, so that ``import rmtsym`` is quick.

>>> import rmtsym
>>> rmtsym.expectation("relu", 1).expr
sqrt(2)/(2*sqrt(pi))
"""

from __future__ import annotations

import importlib
from typing import Any

__version__ = "0.1.0"

_HOME = {
    "deterministic_equivalent": "equivalent",
    "enclose": "fixedpoint",
    "expectation": "gaussian",
    "predict": "theorem",
    "solve": "fixedpoint",
    "verify": "theorem",
}
__all__ = ["deterministic_equivalent", "enclose", "expectation", "predict", "solve", "verify"]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]
