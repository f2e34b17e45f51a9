"""Deterministic equivalents: linearise, Dyson equation, reduce, respond, eliminate."""

from rmtsym.equivalent.certificate import Certificate
from rmtsym.equivalent.result import Equivalent, deterministic_equivalent

__all__ = ["Certificate", "Equivalent", "deterministic_equivalent"]
