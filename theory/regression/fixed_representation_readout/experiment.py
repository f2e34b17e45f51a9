"""Ridge readout of a fixed representation: simulation and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.gaussian import activation
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from theory.regression.fixed_representation_readout.representation import PLACE, moments, weights
from theory.regression.fixed_representation_readout.statement import theorem


def sizes(point: dict[str, Any]) -> tuple[int, int]:
    """Once and four times the samples of a point: the further apart, the less noise has the extrapolation."""
    return point["N"], 4 * point["N"]


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """As many copies of the representation side by side as there are more samples.

    The eigenvalues of Sz are repeated; only that of the mean of the features, where it is not zero, grows.
    """
    times = size // point["N"]
    return {**point, **{name: point[name] * times for name in ("d", "m", "N", "copies")}}


@lru_cache(maxsize=16)
def population_of(place: tuple) -> tuple[np.ndarray, ...]:
    """Weights, standard deviations of the inputs, and the second moments in floats."""
    found = moments(*place)
    return (*weights(*place[1:]), *(found[name].floats() for name in ("Sz", "Szu", "Su")))


_function = lru_cache(activation)


def draw(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> tuple[np.ndarray, np.ndarray]:
    """Inputs and features, one row for each sample; ``radial`` gives every sample a random length of its own."""
    table, root, *_ = population_of(tuple(point[name] for name in PLACE))
    white = entries(rng, (size, len(root)), "gauss" if law == "radial" else law)
    if law == "radial":
        white *= np.sqrt(np.where(rng.random((size, 1)) < 0.5, 0.25, 1.75))
    return white * root, _function(point["F"])(white @ table.T)


@lru_cache(maxsize=16)
def _flat(place: tuple) -> tuple[np.ndarray, ...]:
    """Weights of the control variates: the resolvent of the population at the ridge 1/10, and its products."""
    _, _, sz, szu, _ = population_of(place)
    flat = np.linalg.inv(sz + 0.1 * np.eye(len(sz)))
    return flat, flat @ sz @ flat, flat @ szu


def _linear(place: tuple, features: np.ndarray, cross: np.ndarray, inputs: float) -> dict[str, float]:
    """Control variates: linear in the second moments of features and inputs."""
    pairs = zip(("features", "load", "cross"), _flat(place), (features, features, cross), strict=True)
    return {"inputs": inputs, **{name: float(np.vdot(weight, x)) / len(features) for name, weight, x in pairs}}


def _known(name: str) -> Control:
    """The control at the exact second moments."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        place = tuple(at_size(point, size)[name] for name in PLACE)
        _, _, sz, szu, su = population_of(place)
        return _linear(place, sz, szu, float(np.trace(su)) / len(su))[name]

    return Control(name, mean)


CONTROLS = tuple(map(_known, ("features", "load", "cross", "inputs")))


#: Averaged exactly over the noise, and over the target where it is random.
TRACES = tuple(
    Statistic(name, controls=CONTROLS, resolution=0.005) for name in ("risk", "B", "V", "train", "shrinkage")
)
FORMS = (
    *(Statistic(name, kind="form", resolution=0.1) for name in ("risk", "B", "train")),
    *(Statistic(name, controls=CONTROLS, resolution=0.005) for name in ("V", "shrinkage")),
)
#: A length of its own for every sample leaves the second moments as they are, but the features do not concentrate.
LENGTHS = tuple(Statistic(name, resolution=0.02, fails=("radial",)) for name in ("V", "shrinkage"))


PLAN: dict[str, Any] = dict(sizes=sizes, at_size=at_size)
#: Replicates that reach the resolution at the first look.
FEW, MANY = (dict(PLAN, first_look=counts) for counts in ((1280, 512), (2304, 896)))


@theorem.experiment(points=("A",), laws=("radial",), statistics=LENGTHS, **PLAN)
@theorem.experiment(points=("erf",), statistics=FORMS, **PLAN)
@theorem.experiment(points=("memory",), laws=("rad",), statistics=TRACES, **MANY)
@theorem.experiment(points=("B",), statistics=TRACES, **MANY)
@theorem.experiment(points=("A",), statistics=TRACES, **FEW)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Errors of a readout given inputs, exact means over noise and new samples."""
    point = at_size(point, size)
    place = tuple(point[name] for name in PLACE)
    _, _, sz, szu, su = population_of(place)
    u, z = draw(rng, size, point, law)
    ridge, sig2, features = float(point["lam"]), float(point["sig2"]), z.shape[1]
    gram, cross = z.T @ z / size, z.T @ u / size
    q = np.linalg.inv(gram + ridge * np.eye(features))
    target = np.eye(point["d"]) if point["theta"] == "random" else np.ones((point["d"], 1))
    target /= np.sqrt(point["d"])
    image = q @ cross @ target
    B = float(np.vdot(target, su @ target) - 2 * np.vdot(szu @ target, image) + np.vdot(image, sz @ image))
    fit = float(np.sum((u @ target - z @ image) ** 2)) / size
    square = float(np.sum(q**2))
    V = sig2 * float(np.sum(sz * q) - ridge * np.sum((sz @ q) * q)) / size
    residual = square + (size - features) / ridge**2
    return {
        "risk": B + V + sig2,
        "B": B,
        "V": V,
        "train": fit + sig2 * ridge**2 * residual / size,
        "shrinkage": (ridge * float(np.trace(q)) + size - features) / size,
        **_linear(place, gram, cross, float(np.vdot(u, u)) / u.size),
    }
