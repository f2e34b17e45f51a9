"""Numbers and averages: exact rational functions, spectral measures, and one formula in several number systems.

Names are loaded on first use: sympy and python-flint take a while to import.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "Atoms": "measure",
    "Average": "average",
    "BALL": "evaluate",
    "Bound": "bound",
    "CircleLaw": "law",
    "ContourLaw": "contour",
    "DensityLaw": "law",
    "ExponentialLaw": "law",
    "FLOAT": "evaluate",
    "Field": "rational",
    "Frac": "rational",
    "GFP": "evaluate",
    "Image": "image",
    "LebesgueLaw": "law",
    "MP": "evaluate",
    "NormalImage": "image",
    "NormalLaw": "law",
    "Pencil": "pencil",
    "PencilLaw": "pencil",
    "SpectralMeasure": "average",
    "Value": "value",
    "is_zero": "finite",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)
