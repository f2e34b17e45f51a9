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


NETWORK = Statistic("network", quantity="diagonal", resolution=0.04, controls=(Control("drive", 0.0),))
INPUTS = 32


@theorem.experiment(points=("A",), sizes=(64, 128), laws=("gauss", "rad"), statistics=(NETWORK,), first_look=(64, 64))
def finite_width(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Equilibrium of a network of ``size`` units, for orthogonal inputs of length tau_0."""
    letters = layers.letters(point["lrelu"], point["quad"])
    given = {k: sp.Rational(c.numerator, c.denominator) for k, c in letters.items()}
    f = layers.function(point["phi"], given)
    centre = float(closed(expectation(f)).subs(TAU, variance_of(point)))
    recurrent = np.sqrt(float(point["sigma_a2"]) / size) * entries(rng, (size, size), law)
    axes, _ = np.linalg.qr(rng.standard_normal((size, INPUTS)))
    drive = entries(rng, (size, size), law) @ axes
    inputs = np.sqrt(float(point["sigma_b2"])) * float(point["tau0"]) * drive
    state = np.zeros_like(inputs)
    for _ in range(200):
        before, state = state, f(recurrent @ state + inputs) - centre
        if np.max(np.abs(state - before)) < 1e-8:
            break
    return {"network": float(np.mean(state**2)), "drive": float(np.mean(drive**2)) - 1}


@theorem.figure
def figure(page: Any) -> Any:
    """Error against the dimension; eigenvalues of exact kernels and equivalents, mixture and digits."""
    return compared.figure(page, {"A": "relu", "C": "lrelu"}, "ReLU equilibrium")
