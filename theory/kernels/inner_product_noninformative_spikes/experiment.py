"""Spikes of an inner-product kernel without information: simulation and figure."""

from __future__ import annotations

from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from theory.kernels.inner_product_noninformative_spikes import draws
from theory.kernels.inner_product_noninformative_spikes.statement import theorem


def _excess(point: Any) -> float:
    return float(point["kappa"]) - 1


def _dimension(point: Any, n: int) -> int:
    return int(point["c"] * n)


#: Lengths u, scaled inner products t and H = (t^2 - 1)/sqrt(2p), both without diagonal: forms whose means are the same
#: for every symmetric entry law of the same fourth moment.
CONTROLS = (
    Control("square", lambda point, n, law: _excess(point)),  # |u|^2/n
    Control("sum", 0.0),  # 1'u/n
    Control("crossed", lambda point, n, law: (n - 1) * _excess(point) / (np.sqrt(2) * _dimension(point, n))),  # 1'Hu/n
    Control("flat", 0.0),  # 1'H1/n
    Control("line", 0.0),  # 1't1/n
    Control("linear2", lambda point, n, law: (n - 1) / _dimension(point, n)),  # tr t^2/(np)
)


def spike(name: str) -> tuple[Statistic, ...]:
    """One eigenvalue and its vector.

    The 1/n term is a sum of several of both signs; ``curvature`` bounds the next one, measured for sizes 80 to 640.
    """
    width = 0.12 if name == "gap" else 0.04
    found = [Statistic(f"eig_{name}", kind="form", controls=CONTROLS, curvature=300.0, resolution=width)]
    for quantity in ("overlap", "lengths") if name != "gap" else ("overlap",):
        found.append(Statistic(f"{quantity}_{name}", kind="form", controls=CONTROLS, curvature=600.0, resolution=0.15))
    return tuple(found)


def edge(name: str) -> tuple[Statistic, ...]:
    """An end of the spectrum, and a vector that knows nothing; ``curvature`` bounds the terms beyond the first."""
    return (
        Statistic(f"eig_{name}", kind="edge", exponent=2 / 3, curvature=10.0, resolution=0.1),
        Statistic(f"overlap_{name}", kind="form", scale=1.0, curvature=100.0, resolution=0.12),
        Statistic(f"lengths_{name}", kind="form", scale=1.0, curvature=100.0, resolution=0.12),
    )


#: With signs all samples have the same length: there are no lengths to compare with.
SIGNS = (*edge("min")[:2], *edge("max")[:2])


#: One kernel instead of a pair: the finite-size term is of order n^{-1/2}.
ALONE = Statistic("alone", quantity="eig_min", kind="form", exponent=0.5, controls=CONTROLS, resolution=0.2)
SIZES = (200, 400)


@theorem.experiment(points=("A",), sizes=SIZES, laws=("gauss", "three3"), statistics=(*spike("min"), *spike("max")))
@theorem.experiment(points=("A",), sizes=(80, 160, 320), statistics=(ALONE,))
@theorem.experiment(points=("B",), sizes=SIZES, laws=("laplace",), statistics=(*spike("min"), *edge("max")))
@theorem.experiment(points=("C",), sizes=(160, 320), statistics=(*spike("gap"), *edge("max")))
@theorem.experiment(points=("D",), sizes=SIZES, laws=("rad",), statistics=SIGNS)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Means over a kernel and its reflection; ``alone`` is the kernel's own smallest eigenvalue."""
    p = _dimension(point, size)
    inner, u = draws.data(rng, p, size, law)
    ones, norm = np.ones(size), max(float(np.linalg.norm(u)), 1e-9)
    names = ("min", "max", "gap") if "eig_gap" in theorem.regime(point).outputs else ("min", "max")
    seen: dict[str, list[tuple[float, ...]]] = {name: [] for name in names}
    for sign in (1, -1):
        table = draws.kernel(point["f"], inner, p, sign)
        for name in names:
            value, vector = draws.eigenpair(table, name, p, u)
            seen[name].append((value, float(vector @ ones) ** 2 / size, float(vector @ u / norm) ** 2))
    outputs = {"alone": seen["min"][0][0]}
    for name in names:
        pair = np.mean(seen[name], axis=0)
        outputs |= {f"{q}_{name}": float(x) for q, x in zip(("eig", "overlap", "lengths"), pair, strict=True)}
    table = draws.second(inner, p)
    np.fill_diagonal(inner, 0.0)
    return outputs | {
        "square": float(u @ u) / size,
        "sum": float(np.mean(u)),
        "crossed": float(ones @ table @ u) / size,
        "flat": float(np.sum(table)) / size,
        "line": float(np.sum(inner)) / size,
        "linear2": float(np.sum(inner**2)) / (size * p),
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Spectra, averaged over a kernel and its reflection; the law of the bulk, and the places of the spikes."""
    from rmtsym.report.style import COLOURS, figure
    from rmtsym.spectrum import plot_law
    from theory.kernels.inner_product_limiting_law.experiment import law

    fig, panels = figure(10, 3.3, ncols=3)
    shown = (("A", "gauss", "normal entries"), ("D", "rad", "entries $\\pm1$"), ("C", "gauss", "normal entries"))
    size = 1000
    for axes, (name, entry, words) in zip(panels, shown, strict=True):
        point = page.theorem.point(name)
        p = _dimension(point, size)
        inner, _ = draws.data(np.random.default_rng(page.trial.seed), p, size, entry)
        pair = [np.linalg.eigvalsh(draws.kernel(point["f"], inner, p, sign)) for sign in (1, -1)]
        plot_law(law(point["f"], point["c"]), np.mean(pair, axis=0), axes=axes)
        axes.get_legend().remove()
        values = page.theorem.values(point)
        spikes = [values[f"eig_{q}"] for q in ("min", "gap", "max") if values.get(f"overlap_{q}", 0) > 0]
        top = axes.get_ylim()[1]
        for at in spikes:
            axes.annotate("", (at, 0), (at, top / 3), arrowprops={"arrowstyle": "->", "color": COLOURS[1]})
        axes.set_title(f"{point['f']}, c = {point['c']}, {words}")
    return fig
