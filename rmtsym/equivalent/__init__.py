"""Deterministic equivalents: linearise, Dyson equation, reduce, respond, eliminate."""

from rmtsym.equivalent.certificate import Certificate
from rmtsym.equivalent.explicit import ExplicitEquivalent, explicit_equivalent
from rmtsym.equivalent.result import Equivalent, deterministic_equivalent, response

__all__ = [
    "Certificate",
    "Equivalent",
    "ExplicitEquivalent",
    "deterministic_equivalent",
    "explicit_equivalent",
    "response",
]
