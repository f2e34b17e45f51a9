"""Conjugate kernels of deep equilibrium models."""

from theory.kernels.deq_implicit_ck import consequences, derivation, experiment, wrong_versions
from theory.kernels.deq_implicit_ck.statement import theorem

__all__ = ["consequences", "derivation", "experiment", "theorem", "wrong_versions"]
