"""Population eigenvalues and eigenspaces from a sample: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.simulate import Statistic
from rmtsym.simulate.controls import covariance_controls, covariance_outputs
from rmtsym.simulate.ensembles import block_counts, entries, population, wishart_factor
from rmtsym.theorem.theorem import predict
from theory.spectra.population_eigenvalue_inference.statement import theorem


def _model(point: Any, size: int) -> tuple[np.ndarray, int]:
    return population(point["w"], point["t"], int(point["c"] * size)), size


#: Traces of the first four powers of the sample covariance: their means are known exactly for every entry law.
CONTROLS = covariance_controls(_model)
PUBLIC = 3000  # samples of the public notebook, which leaves one vector of each cluster out


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples: 60 and 120 dimensions."""
    return int(60 / point["c"]), int(120 / point["c"])


def _statistics(count: int) -> tuple[Statistic, ...]:
    return tuple(
        Statistic(f"{name}{k}", controls=CONTROLS) for name in ("naive", "mestre", "corr") for k in range(count)
    )


SHORT = tuple(Statistic(f"corr{k}", exponent=None, fails=("short",)) for k in range(3))


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=_statistics(3))
@theorem.experiment(points=("B",), sizes=sizes, laws=("gauss", "t9"), statistics=_statistics(2))
@theorem.experiment(points=("A",), sizes=(PUBLIC,), laws=("short",), statistics=SHORT, first_look=(16,))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Clusters of one sample; ``short`` is Gaussian, with the projections of the public notebook."""
    spectrum, _ = _model(point, size)
    shape, gauss = (len(spectrum), size), law in ("gauss", "short")
    factor = wishart_factor(rng, *shape) if gauss else entries(rng, shape, law) / np.sqrt(size)
    x = factor * np.sqrt(spectrum)[:, None]
    found, vectors = np.linalg.eigh(x @ x.T)
    counts = block_counts(point["w"], len(spectrum))
    starts = np.concatenate([[0], np.cumsum(counts)])
    result = covariance_outputs(found)
    if law != "short":
        root = np.sqrt(found / size)
        removed = found - np.linalg.eigvalsh(np.diag(found) - np.outer(root, root))
        for k, part in enumerate(np.split(found, starts[1:-1])):
            result[f"naive{k}"] = float(np.mean(part))
        for k, part in enumerate(np.split(removed, starts[1:-1])):
            result[f"mestre{k}"] = size / counts[k] * float(np.sum(part))
    for k, (start, count) in enumerate(zip(starts[:-1], counts, strict=True)):
        here = slice(start, start + count - (law == "short"))
        result[f"corr{k}"] = float(np.sum(vectors[here, here] ** 2)) / count
    return result


def against(ratios: Any = (0.01, 0.04, 0.08, 0.12, 0.16, 0.2), dimension: int = 240, repetitions: int = 6) -> Any:
    """Bias of the cluster means, Mestre's estimates and correlations against p/n, at the population of point A."""
    from rmtsym.report.style import COLOURS, figure

    rng, base = np.random.default_rng(0), theorem.point("A")
    exact = [Fraction(ratio).limit_denominator(1000) for ratio in ratios]
    fine = [Fraction(k, 200) for k in range(1, 41)]
    draws = {}
    for ratio in exact:
        point = {**base, "c": ratio}
        runs = [replicate(rng, int(dimension / ratio), point, "gauss") for _ in range(repetitions)]
        draws[ratio] = {name: np.array([run[name] for run in runs]) for name in runs[0]}
    curves = [predict(theorem, {**base, "c": ratio}, 15) for ratio in fine]
    fig, panels = figure(9.5, 3.5, ncols=2)
    for k, place in enumerate(base["t"]):
        for axes, name, style in ((panels[0], "naive", "o"), (panels[0], "mestre", "s"), (panels[1], "corr", "o")):
            scale = 1.0 if name == "corr" else float(place)
            values = np.array([draws[r][f"{name}{k}"] for r in exact]) / scale
            axes.plot(
                list(map(float, fine)), [float(v[f"{name}{k}"]) / scale for v in curves], color=COLOURS[k],
                ls="--" if name == "mestre" else "-",
            )  # fmt: skip
            axes.errorbar(
                list(map(float, exact)), values.mean(axis=1), 2 * values.std(axis=1, ddof=1) / np.sqrt(repetitions),
                fmt=style, ms=4, color=COLOURS[k], label=f"t = {place}" if name != "mestre" else None,
                mfc="white" if name == "mestre" else COLOURS[k],
            )  # fmt: skip
    panels[0].set(xlabel="c = p/n", ylabel="estimate / t", title="cluster means (full), Mestre (open)")
    panels[1].set(xlabel="c = p/n", ylabel="correlation of the eigenspaces")
    panels[1].legend()
    return fig


theorem.figure(lambda page: against())
