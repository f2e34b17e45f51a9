"""Hessian spectrum of generalised linear models: simulation and its picture."""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
from scipy.stats import binom

from rmtsym.field.evaluate import evaluate
from rmtsym.fixedpoint import solve
from rmtsym.simulate import Control, Statistic
from rmtsym.theorem.statement import used
from theory.classification.hessian_gglm_spectrum.statement import bulk, delta, g, loss, over, theorem
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


WEIGHTS = (Control("e_re", _mean("e")), Control("e_im", _mean("e", "imag")))
STRENGTH = (Control("e_s", _mean("e_s")), Control("k", _mean("k")))


def transform(
    scale: float, resolution: float = 0.005, controls: tuple[Control, ...] = WEIGHTS
) -> tuple[Statistic, ...]:
    """Both parts of the transform, relative to its modulus."""
    return tuple(Statistic(name, controls=controls, scale=scale, resolution=resolution) for name in ("re", "im"))


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
@theorem.experiment(points=("B",), sizes=(160, 320), statistics=transform(5.9, 0.0125))
@theorem.experiment(points=("P",), sizes=(120, 240), statistics=transform(0.66, 0.0125))
@theorem.experiment(points=("P2",), sizes=(80, 160), statistics=transform(0.15, 0.0075))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, Any]:
    """Spectrum of one Hessian, its extreme eigenvector, and means of g/(1 + g delta) over the samples."""
    x, g, a, _, _, _, first, second = sampled(rng, size, point, law)
    known = _theory(tuple(sorted(point.items())))
    h = g / (1 + g * known.get("delta", known.get("delta_s", 0)))
    matrix = (x * g) @ x.T / size
    if point["side"] == "bulk":
        m = np.mean(1 / (np.linalg.eigvalsh(matrix) - complex(*map(float, point["z"]))))
        return {"re": m.real, "im": m.imag, "e_re": np.mean(h).real, "e_im": np.mean(h).imag}
    value, vector = np.linalg.eigh(matrix)
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


@theorem.figure
def figure(page: Any) -> Any:
    """Bulk and isolated eigenvalue in three models, one matrix of each."""
    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(10.5, 3.4, ncols=3)
    for axes, name, dimension in zip(panels, ("L1", "L2", "S"), (300, 300, 200), strict=True):
        point = theorem.point(name)
        x, weight, *_ = sampled(rng, int(dimension / point["c"]), point)
        value = np.linalg.eigvalsh((x * weight) @ x.T / x.shape[1])
        span = value[-1] - value[0]
        grid = np.linspace(value[0] - 0.05 * span, value[-1] + 0.05 * span, 400)
        bound = theorem.bound(point)
        system = bulk(over(loss(delta)), over(g))
        density = solve(system, {**used(system, bound), "z": grid + 1e-6j})["im"].real / np.pi
        eig, end = (float(theorem.values(point)[key]) for key in ("eig", "edge"))
        axes.hist(value, bins=40, density=True, color="0.85")
        axes.plot(grid, density, color=COLOURS[0])
        axes.plot([eig], [0], "v", ms=9, color=COLOURS[1], clip_on=False, label="isolated eigenvalue")
        axes.axvline(end, color="0.6", lw=1, ls="--", label="edge")
        text = f"{point['response']}, |w| = {point['omega']}, c = {point['c']}"
        axes.set(title=text, xlabel="eigenvalue", ylim=(0, None))
    panels[0].set_ylabel("density")
    panels[0].legend()
    return fig
