"""Degree-corrected block model: simulated graphs, and the figure."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.fixedpoint import solve
from rmtsym.simulate import Control, Statistic
from theory.spectra.dcsbm_alpha_normalised.graphs import draw, probabilities, third
from theory.spectra.dcsbm_alpha_normalised.statement import connectivities, inside, rough, theorem

MARGIN = 1.1  # eigenvalues are counted beyond this multiple of the edge


def _mean(of: Callable[..., float]) -> Callable[[Mapping[str, Any], int, str], float]:
    """Exact mean of a function of the noise W, from the means of its entries' squares and cubes."""

    def mean(point: Mapping[str, Any], size: int, law: str) -> float:
        model = probabilities(point, size)
        return of(model, model.variances, third(model, law))

    return mean


#: Functions of the noise with known means: trace, squared norm, and forms in the class direction v.
TRACES = (Control("trace", 0.0), Control("square", _mean(lambda model, two, three: float(np.sum(two)) / len(two))))
FORMS = (
    Control("form1", 0.0),
    Control("form2", _mean(lambda model, two, three: float(model.unit**2 @ np.sum(two, axis=1)))),
    Control("form3", _mean(lambda model, two, three: float(model.unit @ three @ model.unit))),
)
BULK = tuple(Statistic(name, controls=TRACES) for name in ("m", "g1", "g2"))
SEEN = (
    *BULK,
    Statistic("detectable", kind="exact"),
    Statistic("eig", kind="form", resolution=0.015, controls=FORMS),
    Statistic("align", kind="form", resolution=0.04, controls=FORMS),
)
HIDDEN = (
    *BULK,
    Statistic("detectable", kind="exact", scale=1.0),
    Statistic("eig", kind="edge", exponent=2 / 3, resolution=0.06),
    Statistic("bulk_edge", kind="edge", exponent=2 / 3, resolution=0.05),
    Statistic("align", kind="form", scale=1.0, resolution=0.05),
)


@theorem.experiment(points=("A",), sizes=(160, 320), laws=("bernoulli",), statistics=SEEN)
@theorem.experiment(points=("B",), sizes=(160, 320), laws=("bernoulli", "rad"), statistics=SEEN)
@theorem.experiment(points=("C",), sizes=(192, 384), laws=("bernoulli",), statistics=SEEN)
@theorem.experiment(points=("D",), sizes=(160, 320), laws=("bernoulli",), statistics=HIDDEN)
def replicate(rng: np.random.Generator, size: int, point: Mapping[str, Any], law: str) -> dict[str, float]:
    """Resolvent of one normalised graph at -x, its largest eigenvalue and eigenvector, and what controls them."""
    graph = draw(rng, size, point, law)
    model, matrix, noise = graph.model, graph.matrix, graph.noise
    edge, threshold = rough(connectivities(point["q"], point["wq"], point["al"]))
    diagonal = np.diag(np.linalg.inv(matrix + float(point["x"]) * np.eye(size)))
    image = noise @ model.unit
    found = {
        "m": float(np.mean(diagonal)),
        "g1": float(np.mean(model.q ** (1 - 2 * model.alpha) * diagonal)),
        "g2": float(np.mean(model.q ** (2 - 2 * model.alpha) * diagonal)),
        "trace": float(np.trace(noise)),
        "square": float(np.sum(noise**2)) / size,
        "form1": float(model.unit @ image),
        "form2": float(image @ image),
        "form3": float(image @ noise @ image),
    }
    if float(4 * point["c"] * (1 - point["c"]) * point["mu"]) > threshold:
        top, vector = largest(matrix, model.unit)
        rest = MARGIN * edge * np.eye(size) - matrix + top * np.outer(vector, vector)
        return {
            **found,
            "detectable": float(top > MARGIN * edge) + float(not positive(rest)),
            "eig": top,
            "align": float(vector @ model.unit) ** 2,
        }
    values, vectors = np.linalg.eigh(matrix)
    return {
        **found,
        "detectable": float(np.sum(values > MARGIN * edge)),
        "eig": float(values[-1]),
        "bulk_edge": float(values[-1] - values[0]) / 2,
        "align": float(vectors[:, -1] @ model.unit) ** 2,
    }


def largest(matrix: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest eigenvalue and its eigenvector."""
    from scipy.sparse.linalg import eigsh

    values, vectors = eigsh(matrix, k=1, which="LA", v0=start, tol=1e-7)  # the eigenvalue to twice as many digits
    return float(values[0]), vectors[:, 0]


def positive(matrix: np.ndarray) -> bool:
    """Whether all eigenvalues are positive."""
    try:
        np.linalg.cholesky(matrix)
    except np.linalg.LinAlgError:
        return False
    return True


@theorem.figure
def figure(page: Any) -> Any:
    """Spectra of one graph for two exponents, and the threshold against the exponent for laws of the degrees."""
    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    fig, panels = figure(11, 3.4, ncols=3)
    for axes, al in zip(panels, ("0", "1/2"), strict=False):
        point = theorem.point("B", al=al, mu="4", x="9")
        values = np.linalg.eigvalsh(draw(rng, 600, point).matrix)
        edge, _ = rough(connectivities(point["q"], point["wq"], point["al"]))
        axes.hist(values, bins=60, density=True, color="0.8")
        grid = np.linspace(-1.02 * edge, 1.02 * edge, 121)
        axes.plot(grid, density(point, grid), color=COLOURS[0])
        axes.plot(float(theorem.values(point)["eig"]), 0.02, "v", color=COLOURS[1], ms=8, clip_on=False)
        axes.set(title=rf"$\alpha={al}$", xlabel="eigenvalue", ylabel="density")
    exponents = [Fraction(k, 28) for k in range(29)]
    for k, (q, wq) in enumerate(DEGREES):
        point = theorem.point(q=q, wq=wq, x="99")
        found = [rough(connectivities(point["q"], point["wq"], al))[1] for al in exponents]
        best = int(np.argmin(found))
        panels[2].plot(
            [float(al) for al in exponents], np.array(found) / found[best], color=COLOURS[k], label=f"q = {q}"
        )
        panels[2].plot(float(exponents[best]), 1, "o", color=COLOURS[k], ms=5)
    panels[2].set(xlabel=r"$\alpha$", ylabel="threshold / lowest threshold", ylim=(0.98, 1.5))
    panels[2].legend()
    return fig


#: Laws of the degrees in the figure: dense ones, where degrees need no correction, and sparser ones.
DEGREES = (("3/10,4/5", "1/2,1/2"), ("1/10,1/2", "3/4,1/4"), ("1/50,1/10", "1/2,1/2"))


def density(point: Mapping[str, Any], grid: np.ndarray) -> np.ndarray:
    """Density of the bulk on a grid."""
    law = connectivities(point["q"], point["wq"], point["al"])
    return np.asarray(solve(inside(), {"nu": law, "z": grid + 1e-4j})["trace"]).imag / np.pi
