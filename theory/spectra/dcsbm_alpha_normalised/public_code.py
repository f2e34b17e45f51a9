"""An error of public code, in our words: a fixed point that is never iterated."""

from __future__ import annotations

import numpy as np

from rmtsym.field.measure import Atoms

#: Where the search for the edge starts, and when it ends.
START, TOLERANCE = 100.0, 1e-5


def pass_once(law: Atoms, at: float) -> tuple[float, float, float]:
    """The transforms m, g_1, g_2 at z = at after one pass from zero, each with the values found so far."""
    a, b = (np.array([float(value) for value in law.letters[k]]) for k in "ab")
    weights = np.array([float(w) for w in law.weights])
    first = float(weights @ (-a / at))
    second = float(weights @ (b / (-at - a * first)))
    return float(weights @ (1 / (-at - a * first + b * second))), first, second


def one_pass(law: Atoms) -> dict[str, float]:
    """Edge and threshold, bisected as if convergence at a point meant that it is off the bulk.

    The iteration compares an array with itself (the copy is missing), stops after one pass and is always "converged":
    the search takes every point for one off the bulk and halves it until g_2 changes no more.
    """
    at, value, last = START, 0.0, 1.0
    while abs(value - last) > TOLERANCE:
        at /= 2
        value, last = pass_once(law, at)[2], value
    return {"bulk_edge": at, "threshold": -1 / value}
