"""Hessian spectrum of generalised linear models: simulation.

The transform fluctuates like 1/n, in two ways: with the weights, whose law is known, and with the forms x'QBx/n of the
samples.  A sample left out does not know the resolvent of the others, so that the mean of its form given the others is
a trace; what the forms exceed it by is a control, and what is left is smaller by another root of n.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.stats import binom

from rmtsym.field.evaluate import evaluate
from rmtsym.fixedpoint import solve
from rmtsym.simulate import Control, Statistic
from rmtsym.theorem.statement import used
from theory.classification.hessian_gglm_spectrum.statement import theorem
from theory.classification.hessian_gglm_spectrum.weights import sampled


@cache
def _theory(items: tuple[tuple[str, Any], ...]) -> dict[str, complex]:
    """Unknowns of the statement at a point: with them the fluctuation of the weights is regressed away."""
    point = dict(items)
    bound = theorem.bound(point)
    found: dict[str, complex] = {}
    for system in theorem.regime(point).systems:
        solution = solve(system, used(system, bound))
        found |= {str(s): complex(solution[str(s)]) for s in system.symbols}
    return found


def _mean(name: str, part: str = "real") -> Any:
    """Mean of a control: the projections are normal, or sums of p signs."""
    at, power = {"e": ("delta", 0), "e_s": ("delta_s", 0), "k": ("delta_s", 2)}[name]

    def mean(point: Any, size: int, law: str) -> float:
        known = _theory(tuple(sorted(point.items())))
        if law == "gauss":
            return float(getattr(known["e_s"] + known["k"] if power else known[name], part))
        p = int(point["c"] * size)
        heads = np.arange(p + 1)
        ((_, letters),) = theorem.bound(point)["gamma"].branches
        values, place, _ = evaluate(list(letters), {"z": (2 * heads - p) / np.sqrt(p)})
        body = binom.pmf(heads, p, 0.5) @ (values / (1 + values * known[at]) * place**power)
        return float(getattr(complex(body), part))

    return mean


PARTS = (("re", "real"), ("im", "imag"))
WEIGHTS = (Control("e_re", _mean("e")), Control("e_im", _mean("e", "imag")))
#: Forms of samples left out less their traces; the directions that the weights know add a term 1/n to their means, and
#: so to the finite-size term.
FORMS = tuple(Control(f"{name}_{part}", 0.0) for name in ("form", "square", "form_C") for part in ("re", "im"))
STRENGTH = (Control("e_s", _mean("e_s")), Control("k", _mean("k")))


def transform(scale: float) -> tuple[Statistic, ...]:
    """Both parts of the transform, relative to its modulus."""
    return tuple(Statistic(name, controls=WEIGHTS + FORMS, scale=scale, resolution=0.005) for name in ("re", "im"))


def seen(eig: float, align: float, edge: float, two: bool = False) -> tuple[Statistic, ...]:
    """An isolated eigenvalue with its alignments, and the next one, which tends to the edge."""
    return (
        Statistic("eig", controls=STRENGTH, kind="form", resolution=eig),
        Statistic("align", controls=STRENGTH, kind="form", resolution=align),
        Statistic("align_star", controls=STRENGTH, kind="form", scale=None if two else 1.0, resolution=0.06),
        Statistic("edge", kind="edge", exponent=2 / 3, resolution=edge),
    )


def unseen(edge: float, align: float) -> tuple[Statistic, ...]:
    """No isolated eigenvalue: both extreme ones tend to the edge, the eigenvector knows nothing."""
    return (
        *(Statistic(name, kind="edge", exponent=2 / 3, resolution=edge) for name in ("eig", "edge")),
        *(Statistic(name, kind="form", scale=1.0, resolution=align) for name in ("align", "align_star")),
    )


FAILS = (Statistic("eig", kind="form", resolution=0.1, fails=("axis",)),)  # signs, and w on one axis: g is constant


@theorem.experiment(points=("L1",), sizes=(400, 800), laws=("gauss", "rad"), statistics=seen(0.02, 0.02, 0.12))
@theorem.experiment(points=("L1",), sizes=(400, 800), laws=("axis",), statistics=FAILS)
@theorem.experiment(points=("L2",), sizes=(200, 400), statistics=seen(0.0125, 0.02, 0.1))
@theorem.experiment(points=("L3",), sizes=(160, 320), statistics=unseen(0.15, 0.02))
@theorem.experiment(points=("G",), sizes=(400, 800), statistics=seen(0.04, 0.1, 0.12))
@theorem.experiment(points=("S",), sizes=(2000, 4000), statistics=seen(0.03, 0.03, 0.3, two=True))
@theorem.experiment(points=("B",), sizes=(160, 320), statistics=transform(5.9))
@theorem.experiment(points=("P",), sizes=(120, 240), statistics=transform(0.66))
@theorem.experiment(points=("P2",), sizes=(80, 160), statistics=transform(0.15))
@theorem.experiment(points=("R",), sizes=(120, 240), statistics=transform(0.89))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, Any]:
    """Spectrum of one Hessian, its extreme eigenvector, and means of g/(1 + g delta) over the samples."""
    x, g, a, _, _, spectrum, first, second = sampled(rng, size, point, law)
    known = _theory(tuple(sorted(point.items())))
    h = g / (1 + g * known.get("delta", known.get("delta_s", 0)))
    value, vector = np.linalg.eigh((x * g) @ x.T / size)
    if point["side"] == "bulk":
        return _bulk(x, g, h, spectrum, value, vector, complex(*map(float, point["z"])))
    if point["side"] == "right":
        value, vector = value[::-1], vector[:, ::-1]
    return {
        "eig": value[0],
        "edge": value[1] if "delta_s" in known else value[0],
        "align": (first @ vector[:, 0]) ** 2 / (first @ first),
        "align_star": (second @ vector[:, 0]) ** 2 / (second @ second),
        "e_s": np.mean(h).real,
        "k": np.mean(h * a**2).real,
    }


def _bulk(x: Any, g: Any, h: Any, spectrum: Any, value: Any, vector: Any, z: complex) -> dict[str, float]:
    """Transform of one Hessian, and its controls."""
    poles, turned = 1 / (value - z), vector.T @ x
    form = poles @ turned**2 / x.shape[1]
    rest = 1 - g * form  # leaving a sample out divides by this
    excess = form / rest - poles @ (spectrum @ vector**2) / x.shape[1]
    by_C = poles @ (turned * (vector.T @ (spectrum[:, None] * x))) / x.shape[1]
    excess_C = by_C / rest - poles @ (spectrum**2 @ vector**2) / x.shape[1]
    means = {"form": h * excess, "square": h**2 * excess, "form_C": h * excess_C, "e": h}
    found = {name: np.mean(body) for name, body in means.items()}
    parts = {f"{name}_{part}": getattr(m, kind) for name, m in found.items() for part, kind in PARTS}
    return {"re": poles.mean().real, "im": poles.mean().imag, **parts}
