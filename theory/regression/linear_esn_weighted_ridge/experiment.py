"""Linear echo-state network: ridge regression with fading weights: simulation and its picture."""

from __future__ import annotations

from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.field.number_system import FLOAT
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, excess_kurtosis
from theory.regression.linear_esn_weighted_ridge.statement import theorem
from theory.regression.reservoirs import gram

_RESERVOIR = {"gauss": "orthogonal", "rad": "orthogonal", "cycle": "cycle", "symmetric": "symmetric"}


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """More sequences, and as many more components of the inputs: the theory stays what it is."""
    return {**point, "N": size, "d": point["d"] * size // point["N"]}


def _entry_law(law: str) -> str:
    return law if law in ("gauss", "rad") else "gauss"


@lru_cache(maxsize=16)
def _case(key: tuple[tuple[str, Any], ...]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    """At a point: covariance, its root, weights and teacher in floats, and matrices A of control variates tr AS.

    They follow the degrees of freedom to first order in S = UU'/N; the means of tr AS, and of tr (RS)^2 in parts.
    """
    point = dict(key)
    bound = theorem.bound(point)
    sigma, fading, teacher = (bound[name].in_system(FLOAT) for name in ("Sigma", "R", "theta"))
    root, ridge = np.linalg.cholesky(sigma), float(point["lam"]) / float(theorem.values(point)["shrinkage"])
    first = np.linalg.inv(fading @ sigma + ridge * np.eye(len(sigma))) @ fading
    forms = {"load": fading, "load_2": fading @ sigma @ fading, "first": first, "second": first @ sigma @ first}
    inner = root.T @ fading @ root
    moments = {name: float(np.sum(A * sigma)) for name, A in forms.items()}
    moments |= {"squares": float(np.sum(inner**2)), "diagonal": float(np.sum(np.diag(inner) ** 2))}
    unit = teacher[:, 0] / np.linalg.norm(teacher)
    return {"sigma": sigma, "root": root, "fading": np.diag(fading), "teacher": unit, **forms}, moments


def _at(point: Mapping[str, Any]) -> tuple[dict[str, np.ndarray], dict[str, float]]:
    return _case(tuple(sorted(point.items())))


def _known(name: str) -> Control:
    """Exact mean of a control variate: traces of S, and the lengths of the input weights."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        if name == "lengths":
            return 1.0
        _, moments = _at(point)
        if name != "square":
            return moments[name]
        squares, d = moments["squares"], at_size(point, size)["d"]
        return (
            squares
            + (squares + excess_kurtosis(_entry_law(law)) * moments["diagonal"]) / size
            + (d * moments["load"] ** 2 / size)
        )

    return Control(name, mean)


CONTROLS = tuple(map(_known, ("lengths", "load", "load_2", "first", "second", "square")))


def observed(variance: float, risk: float, bias: float = 0.0, others: float = 0.005) -> tuple[Statistic, ...]:
    """Statistics averaged exactly over the noise, and over the direction of the teacher among the components.

    The bias is left out where it is tiny: it then measures how far the reservoir is from its limit.
    """
    plan = {"V": variance, "risk": risk, "train": others, "shrinkage": others} | ({"B": bias} if bias else {})
    return tuple(Statistic(name, controls=CONTROLS, resolution=x) for name, x in plan.items())


#: In a symmetric reservoir states an even number of steps apart are not orthogonal, and all fade faster.
SYMMETRIC = tuple(Statistic(name, resolution=0.02, fails=("symmetric",)) for name in ("V", "train", "shrinkage"))
OTHERS = dict(laws=("rad", "cycle"), statistics=observed(0.005, 0.005))


@theorem.experiment(points=("short",), sizes=(48, 96), at_size=at_size, laws=("symmetric",), statistics=SYMMETRIC)
@theorem.experiment(points=("short",), sizes=(48, 192), at_size=at_size, statistics=observed(0.005, 0.005, bias=0.04))
@theorem.experiment(points=("B",), sizes=(120, 480), at_size=at_size, statistics=observed(0.005, 0.005))
@theorem.experiment(points=("A",), sizes=(40, 160), at_size=at_size, **OTHERS)
@theorem.experiment(points=("A",), sizes=(40, 160), at_size=at_size, statistics=observed(0.005, 0.005, bias=0.5))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Errors given the reservoir and the inputs; N^2 neurons, so that Td/n falls like 1/N."""
    length, d = point["T"], at_size(point, size)["d"]
    known, _ = _at(point)
    neurons = 4 * size if law == "symmetric" else size**2
    K = gram(rng, _RESERVOIR[law], neurons, d, length, float(point["rho"]))
    white = entries(rng, (length, d * size), _entry_law(law))
    U = (known["root"] @ white).reshape(length * d, size)
    S = U @ U.T / size
    ridge, noise = float(point["lam"]), float(point["sig2"])

    def over_time(matrix: np.ndarray, rows: np.ndarray) -> np.ndarray:
        return (matrix @ rows.reshape(length, -1)).reshape(rows.shape)

    X = np.linalg.solve(K @ S + ridge * np.eye(length * d), K)
    XS = X @ S
    signal = np.kron(known["teacher"][:, None], np.eye(d)) / np.sqrt(d)
    missed = signal - XS @ signal
    bias = float(np.sum(missed * over_time(known["sigma"], missed)))
    variance = noise / size * float(np.sum(over_time(known["sigma"], X) * XS))
    hat, hat_2 = float(np.trace(XS)), float(np.sum(XS * XS.T))
    weighted = np.repeat(known["fading"], d)[:, None] * S
    blocks = np.einsum("sjtj->st", S.reshape(length, d, length, d)) / d  # averaged over the components
    return {
        "B": bias,
        "V": variance,
        "risk": bias + variance + noise,
        "train": float(np.sum(missed * (S @ missed))) + noise * (1 - (2 * hat - hat_2) / size),
        "shrinkage": 1 - hat / size,
        "lengths": float(np.trace(K[:d, :d])) / d,
        "square": float(np.sum(weighted * weighted.T)) / d,
        **{name: float(np.sum(known[name] * blocks)) for name in ("load", "load_2", "first", "second")},
    }
