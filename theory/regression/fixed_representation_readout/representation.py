"""Ridge readout of a fixed representation: the representations."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError
from rmtsym.gaussian import AA, BB, TAU, expectation, kernel_expression
from rmtsym.gaussian.gram import Gram
from rmtsym.simulate.ensembles import population
from theory.regression.fixed_representation_readout.statement import theorem


@lru_cache(maxsize=16)
def weights(W: str, d: int, m: int, s: tuple, w: tuple, seed: int, copies: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights of the features on white inputs, and standard deviations of the inputs."""
    whole = copies * math.lcm(*(share.denominator for share in w))
    for name, value, unit, who in (("d", d, whole, "every copy and share w"), ("m", m, copies, "every copy")):
        if value % unit:
            raise DomainError(name, value, f"a multiple of {unit}", f"{who} has a whole number of them")
    inputs, features = d // copies, m // copies
    rng, root = np.random.RandomState(seed), np.sqrt(population(w, s, inputs))  # as in the reference figures
    if W == "gauss":
        table = rng.randn(features, inputs) / np.sqrt(inputs)
    elif W == "identity":
        if m != d:
            raise DomainError("m", m, f"m = d = {d} for W=identity", "give as many features as inputs")
        table = np.eye(inputs)
    else:  # state of a linear recurrent network after its inputs: column t is A^t of the input weights
        step, state = np.linalg.qr(rng.randn(features, features))[0] * 0.95, rng.randn(features) / np.sqrt(features)
        table = np.empty((features, inputs))
        for t in range(inputs):
            table[:, t], state = state, step @ state
    return np.kron(np.eye(copies), table * root), np.tile(root, copies)


@lru_cache(maxsize=16)
def moments(F: str, W: str, d: int, m: int, s: tuple, w: tuple, seed: int, copies: int) -> dict[str, Any]:
    """Second moments of features and inputs; those of centred features, for a mutant."""
    table, root = weights(W, d, m, s, w, seed, copies)
    if F in ("relu", "abs") and d == copies < m:
        raise DomainError(
            "d", d, f"more than {copies} for several features with {F}", "one input has parallel features"
        )
    inputs, full = np.diag(root), kernel_expression(F)
    mean = sp.sympify(expectation(F).expr)
    centred = full - mean.subs(TAU, AA) * mean.subs(TAU, BB)
    return {
        "Sz": Gram(full, table.T),
        "Szu": Gram(kernel_expression(F, "linear"), table.T, inputs),
        "Su": Gram(kernel_expression("linear"), inputs),
        "Sz_centred": Gram(centred, table.T),
    }


@lru_cache(maxsize=16)
def independent(W: str, d: int, m: int, s: tuple, w: tuple, seed: int, copies: int) -> dict[str, Any]:
    """Second moments of d linear features in an orthonormal basis of what m > d of them span: theirs are singular."""
    table, root = weights(W, d, m, s, w, seed, copies)
    inputs, linear = np.diag(root), kernel_expression("linear")
    features = np.linalg.qr(table)[1].T
    return {
        "Sz": Gram(linear, features),
        "Szu": Gram(linear, features, inputs),
        "Su": Gram(linear, inputs),
        "Sz_centred": Gram(linear, features),
        "m": d,
    }


@theorem.binding
def binding(F, W, theta, d, m, s, w, seed, copies) -> dict[str, Any]:
    """Second moments, and that of the target: all coefficients equal to d^{-1/2}, or a random direction."""
    share = Fraction(1, d)
    target = [[share if theta == "fixed" or i == j else Fraction(0) for j in range(d)] for i in range(d)]
    place = (W, d, m, s, w, seed, copies)
    return {**(independent(*place) if F == "linear" and m > d else moments(F, *place)), "Theta": target}


PLACE = ("F", "W", "d", "m", "s", "w", "seed", "copies")
