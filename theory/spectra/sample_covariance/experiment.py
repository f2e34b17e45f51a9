"""Sample covariance of a general population: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.simulate import Statistic
from rmtsym.simulate.controls import covariance_controls, covariance_outputs
from rmtsym.simulate.ensembles import block_counts, entries, population, wishart_factor
from rmtsym.spectrum import SampleCovariance
from theory.spectra.sample_covariance.statement import law_at, theorem


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples: the larger dimension is 120 to 240 and holds every block exactly."""
    return {Fraction(1, 10): (600, 1200), Fraction(2): (60, 120)}.get(point["c"], (240, 480))


def _model(point: Any, size: int) -> tuple[np.ndarray, int]:
    return population(point["w"], point["t"], int(point["c"] * size)), size


#: Traces of the first four powers of M: their means are known exactly at every size and for every entry law.
CONTROLS = covariance_controls(_model)


def _statistics(blocks: int, components: int, lowest: float = 0.06) -> tuple[Statistic, ...]:
    traces = ("mtilde", "m", "tr_Q2", "tr_QCQC", *(f"Qkk_block{k}" for k in range(blocks)))
    return (
        *(Statistic(name, controls=CONTROLS) for name in traces),
        Statistic("mean_eig", kind="exact", resolution=0.005),
        Statistic("mom2", controls=CONTROLS[:1], resolution=0.005),
        Statistic("quantile", resolution=0.02),
        *(
            Statistic(f"edge{k}", kind="edge", exponent=2 / 3, resolution=0.06 if k else lowest)
            for k in range(2 * components)
        ),
        *(Statistic(f"mass{k}", kind="exact") for k in range(components)),
        Statistic("n_edges", kind="exact"),
    )


@theorem.experiment(points=("A",), sizes=sizes, statistics=_statistics(3, 3))
@theorem.experiment(points=("B",), sizes=sizes, statistics=_statistics(2, 1, 0.12))
@theorem.experiment(points=("C",), sizes=sizes, laws=("rad",), statistics=_statistics(3, 2, 0.08))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Resolvent of one matrix, block by block, and its spectrum, cut in the middle of the predicted gaps."""
    spectrum, _ = _model(point, size)
    dimension, shift = len(spectrum), float(point["lam"])
    factor = wishart_factor(rng, dimension, size) if law == "gauss" else entries(rng, (dimension, size), law)
    x = factor * np.sqrt(spectrum / (1 if law == "gauss" else size))[:, None]
    few = x.shape[1] < dimension
    found, vectors = np.linalg.eigh(x.T @ x if few else x @ x.T)
    if few:  # Q = (1 - X (X'X + lam)^{-1} X')/lam
        vectors = (x @ vectors) / np.sqrt(np.maximum(found, 1e-300))
        weight, rest = -found / (shift * (found + shift)), 1 / shift
    else:
        weight, rest = 1 / (found + shift), 0.0
    q = (vectors * weight) @ vectors.T
    diagonal = np.diag(q) + rest
    ends = np.cumsum(block_counts(point["w"], dimension))
    whole = np.concatenate([np.zeros(dimension - len(found)), found])
    q[np.diag_indices(dimension)] = diagonal
    return {
        "mtilde": float(np.sum(1 / (found + shift)) + (size - len(found)) / shift) / size,
        "m": float(np.mean(diagonal)),
        "tr_Q2": float(np.sum(1 / (whole + shift) ** 2)) / dimension,
        "tr_QCQC": float(spectrum @ q**2 @ spectrum) / dimension,
        **{f"Qkk_block{k}": float(np.mean(part)) for k, part in enumerate(np.split(diagonal, ends[:-1]))},
        "mean_eig": float(np.mean(whole)),
        "mom2": float(np.mean(whole**2)),
        "quantile": float(np.quantile(whole, float(point["q"]), method="hazen")),
        **_components(found, dimension, law_at(point)),
        **covariance_outputs(found),
    }


def _components(found: np.ndarray, dimension: int, law: SampleCovariance) -> dict[str, float]:
    """Extreme eigenvalues and mass of each component; edges are counted at the gaps that the spectrum leaves open."""
    edges = [e.value for e in law.edges]
    cuts = [(low + high) / 2 for low, high in zip(edges[1::2], edges[2::2], strict=False)]
    parts = np.split(found, np.searchsorted(found, cuts))
    gaps = [(a + 2 * b) / 3 for a, b in zip(edges[1::2], edges[2::2], strict=False)]
    open_gaps = sum(not np.any((found > cut) & (found < other)) for cut, other in zip(cuts, gaps, strict=True))
    return {
        "n_edges": float(2 * (1 + open_gaps)),
        **{f"edge{2 * k}": float(part[0]) for k, part in enumerate(parts)},
        **{f"edge{2 * k + 1}": float(part[-1]) for k, part in enumerate(parts)},
        **{f"mass{k}": len(part) / dimension for k, part in enumerate(parts)},
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Three populations and one matrix of each: components that separate, merge and touch zero."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(10.5, 3.3, ncols=3)
    for axes, name in zip(panels, theorem.points, strict=True):
        point = theorem.point(name)
        dimension = 600
        factor = wishart_factor(rng, dimension, int(dimension / point["c"]))
        x = factor * np.sqrt(population(point["w"], point["t"], dimension))[:, None]
        plot_law(law_at(point), np.linalg.eigvalsh(x @ x.T), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"t = {', '.join(map(str, point['t']))};  c = {float(point['c']):g}")
    return fig


def inverse_function(name: str = "A") -> Any:
    """x(v) at a default point: its rising branches are the complement of the support."""
    from rmtsym.report.style import COLOURS, figure

    law = law_at(theorem.point(name))
    fig, axes = figure(7, 4.2)
    top, low = 1.3 * law.bounds[1], -0.25 * law.bounds[1]
    v = np.linspace(-2, 1.25 * float(law.eigenvalues[-1]) + 2, 8001)
    with np.errstate(all="ignore"):
        x = v * (1 + float(law.c) * ((law.eigenvalues / (v[:, None] - law.eigenvalues)) @ law.weights))
    shown = np.where((x > low) & (x < top), x, np.nan)
    rising = np.gradient(x, v) > 0
    axes.plot(v, np.where(rising, shown, np.nan), color=COLOURS[0], label="x'(v) > 0: off the support")
    axes.plot(v, np.where(rising, np.nan, shown), color="0.6", lw=1, label="x'(v) < 0")
    axes.plot([float(v) for v in law.thresholds], [float(e) for e in law.edges], "o", color=COLOURS[1], label="edges")
    for lower, upper in law.support.components:
        axes.axhspan(lower.value, upper.value, color=COLOURS[0], alpha=0.12)
    axes.set(xlabel=r"$v=-1/\tilde m$", ylabel="x", ylim=(low, top))
    axes.legend()
    return fig
