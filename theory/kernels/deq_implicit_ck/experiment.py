"""Conjugate kernels of deep equilibrium models: simulation and its picture."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp

from rmtsym.gaussian import TAU, expectation
from rmtsym.gaussian.families import closed
from rmtsym.simulate import Control, Statistic, entries
from theory.kernels import layers
from theory.kernels.coefficients import read_off, samples, statistics
from theory.kernels.deq_implicit_ck.derivation import compared
from theory.kernels.deq_implicit_ck.statement import theorem
from theory.kernels.equilibrium import exact_kernel, variance_of


@theorem.experiment(points=("A", "B", "C"), sizes=(400, 800), laws=("gauss", "unif"), statistics=statistics())
@theorem.experiment(points=("D",), sizes=(400, 800), laws=("gauss", "unif"), statistics=statistics(c1=0.2))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Exact kernel matrix of 40 samples in ``size`` dimensions, and its products with what each coefficient weighs."""
    x = samples(rng, size, law, float(point["tau0"]))
    return read_off(x, exact_kernel(point, x), float(point["tau0"]), law)


#: Averages over units and inputs of products of the drive d = Bx, its size, and the first recurrent sum
#: e = A phi(d)/|phi(d)|.  A is independent of d and symmetric with entries of variance 1: all means are exact.
DRIVEN = {"d": 0.0, "dd": 1.0, "d|d|": 0.0, "e": 0.0, "ed": 0.0, "e|d|": 0.0, "ee": 1.0, "eed": 0.0}
NETWORK = Statistic("network", quantity="diagonal", controls=tuple(Control(k, mean) for k, mean in DRIVEN.items()))
INPUTS = 64


@theorem.experiment(points=("A",), sizes=(128, 512), laws=("gauss", "rad"), statistics=(NETWORK,), first_look=(256, 96))
def finite_width(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Equilibrium of a network of ``size`` units, for orthogonal inputs of length tau_0."""
    letters = layers.letters(point["lrelu"], point["quad"])
    given = {k: sp.Rational(c.numerator, c.denominator) for k, c in letters.items()}
    f = layers.function(point["phi"], given)
    centre = float(closed(expectation(f)).subs(TAU, variance_of(point)))
    recurrent = entries(rng, (size, size), law).astype(np.float32)  # seven digits will do
    gain = float(np.sqrt(float(point["sigma_a2"]) / size))
    axes, _ = np.linalg.qr(rng.standard_normal((size, INPUTS)))
    d = (entries(rng, (size, size), law) @ axes).astype(np.float32)
    inputs = d * float(np.sqrt(float(point["sigma_b2"])) * float(point["tau0"]))
    state = f(inputs) - centre
    flow = recurrent @ state
    e, large = flow / np.linalg.norm(state, axis=0), np.abs(d)
    for _ in range(200):
        before, state = state, f(gain * flow + inputs) - centre
        if np.max(np.abs(state - before)) < 1e-5:
            break
        flow = recurrent @ state
    averages = {
        "network": state**2, "d": d, "dd": d**2, "d|d|": d * large,
        "e": e, "ed": e * d, "e|d|": e * large, "ee": e**2, "eed": e**2 * d,
    }  # fmt: skip
    return {name: float(np.mean(table, dtype=np.float64)) for name, table in averages.items()}


@theorem.figure
def figure(page: Any) -> Any:
    """Error against the dimension; eigenvalues of exact kernels and equivalents, mixture and digits."""
    return compared.figure(page, {"A": "relu", "C": "lrelu"}, "ReLU equilibrium")
