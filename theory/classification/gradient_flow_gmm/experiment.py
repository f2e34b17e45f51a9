"""Learning dynamics of least squares: simulation."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
from scipy.special import erfc

from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from theory.classification.gradient_flow_gmm.statement import theorem


def observed(data: np.ndarray, mu: np.ndarray, point: Any) -> dict[str, float]:
    """Moments of the margins for samples times their labels, averaged over the initial weights."""
    value, vector = np.linalg.eigh(data @ data.T / data.shape[1])
    value, time = np.maximum(value, 0.0), float(point["alpha"] * point["t"])
    shift = value + float(point["gamma"])
    slow = time * shift < 1e-12
    gain = np.where(slow, time, -np.expm1(-time * shift) / np.where(slow, 1.0, shift))
    u, along = vector.T @ data.mean(axis=1), vector.T @ mu
    mean, mean_tr = float(along @ (gain * u)), float(u @ (gain * u))
    each = gain**2 * u**2 + float(point["s02"]) * np.exp(-2 * time * shift) / len(mu)
    spread, square = float(each.sum()), float(value @ each)
    rest = square - mean_tr**2
    return {
        "E": mean,
        "V": spread,
        "err": float(erfc(mean / math.sqrt(2 * spread))) / 2,
        "E_tr": mean_tr,
        "M_tr": square,
        "V_tr": rest,
        "err_tr": float(erfc(mean_tr / math.sqrt(2 * max(rest, 1e-300)))) / 2,
        "overlap": float(along @ u),
        "length": float(u @ u),
        "trace": float(value.mean()),
        "overlap2": float(along @ (value * u)),
        "length2": float(u @ (value * u)),
        "trace2": float(value @ value),
    }


def _fourth(point: Any, size: int, law: str) -> tuple[float, float, float]:
    """rho, p, and the mean of |x|^4, for a symmetric law."""
    rho, rows = float(point["rho"]), float(int(point["c"] * size))
    excess = {"gauss": 0.0, "rad": -2.0}[law]
    return rho, rows, (rho + rows) ** 2 + (2 + excess) * rows + 4 * rho


def _overlap2(point: Any, size: int, law: str) -> float:
    rho, rows, _ = _fourth(point, size, law)
    return rho**2 + rho + rho * (rows + 1) / size


def _length2(point: Any, size: int, law: str) -> float:
    rho, rows, fourth = _fourth(point, size, law)
    pairs = rows + 2 * rho + rho**2 + 2 * (rho**2 + rho * (rows + 2))
    return ((size - 1) * (size - 2) * (rho**2 + rho) + (size - 1) * pairs + fourth) / size**2


def _trace2(point: Any, size: int, law: str) -> float:
    rho, rows, fourth = _fourth(point, size, law)
    return (fourth + (size - 1) * (rows + 2 * rho + rho**2)) / size


#: Their means are known at every size.
CONTROLS = (
    Control("overlap", lambda point, size, law: float(point["rho"])),
    Control("length", lambda point, size, law: float(point["rho"] + point["c"])),
    Control("trace", lambda point, size, law: 1 + float(point["rho"]) / int(point["c"] * size)),
    Control("overlap2", _overlap2),
    Control("length2", _length2),
    Control("trace2", _trace2),
)


def _form_of(name: str, quantity: str = "", **options: Any) -> Statistic:
    return Statistic(name, quantity, kind="form", controls=CONTROLS, **({"resolution": 0.02} | options))


CONTOUR = tuple(_form_of(name) for name in ("E", "V", "err", "E_tr", "M_tr"))
REAL = (_form_of("E_again", "E_real"), _form_of("V_again", "V_real"), _form_of("M_tr_again", "M_real"))
SPREAD, ERROR = _form_of("V_tr", resolution=0.03), _form_of("err_tr", resolution=0.08)
REST = _form_of("V_tr", scale=0.1, resolution=0.05)  # hardly any is left
NEVER = _form_of("err_tr", scale=0.1, resolution=0.05)


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 96."""
    return (64, 128) if point["c"] < 1 else (36, 72) if point["c"] == 1 else (24, 48)


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=(*CONTOUR, *REAL, SPREAD, ERROR))
@theorem.experiment(points=("A_early",), sizes=sizes, statistics=(*CONTOUR, *REAL, SPREAD, ERROR))
@theorem.experiment(points=("B",), sizes=sizes, statistics=(*CONTOUR, SPREAD, ERROR))
@theorem.experiment(points=("C",), sizes=sizes, statistics=(*CONTOUR, *REAL, REST, NEVER))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Moments of the margins; the mean and its opposite share the noise."""
    rows = int(point["c"] * size)
    noise = entries(rng, (rows, size), law)
    mu = np.full(rows, math.sqrt(float(point["rho"]) / rows))
    both = [observed(side * mu[:, None] + noise, side * mu, point) for side in (1, -1)]
    found = {name: (both[0][name] + both[1][name]) / 2 for name in both[0]}
    return found | {f"{name}_again": found[name] for name in ("E", "V", "M_tr")}
