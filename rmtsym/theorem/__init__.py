"""Theorems as programs: statement, derivation, experiment, consequences, mutants, verdict.

Names are loaded on first use: listing theorems must not import sympy.
"""

from __future__ import annotations

import importlib
from typing import Any

_HOME = {
    "consequence": ("Claims", "Consequence"),
    "derivation": ("Derivation", "Report", "Step"),
    "evidence": ("Evidence", "Status"),
    "falsification": ("kill_table",),
    "kills": ("Kill", "KillTable"),
    "mutation": ("Mutant", "generate"),
    "parameters": (
        "NON_NEGATIVE",
        "POSITIVE",
        "REAL",
        "UNIT",
        "Choice",
        "Count",
        "Interval",
        "Names",
        "Numbers",
        "Parameter",
        "Quantity",
        "Weights",
    ),
    "proof": ("Proof", "derive"),
    "registry": ("dependencies", "dependents", "families", "get", "index", "problems"),
    "statement": ("NumericSystem", "Regime"),
    "theorem": ("Theorem", "predict"),
    "trial": ("Trial", "verify"),
    "verdict": ("SCHEMA", "Verdict"),
}
_WHERE = {name: module for module, names in _HOME.items() for name in names}
__all__ = sorted(_WHERE)


def __getattr__(name: str) -> Any:
    if name not in _WHERE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_WHERE[name]}"), name)


def __dir__() -> list[str]:
    return list(__all__)
