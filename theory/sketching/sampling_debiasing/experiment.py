"""Row sampling without inversion bias: simulation and its picture."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np

from rmtsym.simulate import Statistic
from theory.sketching import random_sampling_inversion_bias as law_of_sampling
from theory.sketching import row_sampling
from theory.sketching.random_sampling_inversion_bias import ROWS
from theory.sketching.row_sampling import times
from theory.sketching.sampling_debiasing.statement import theorem

#: Other weights, from the right ones and the loads l/pi.
OTHERS = {
    "plain": lambda w, share: np.ones_like(w),
    "root": lambda w, share: np.sqrt(w),
    "square": lambda w, share: w**2,
    "plus": lambda w, share: 1 / (1 + share),
}


def key(point: Any) -> tuple[Any, ...]:
    return tuple(point[p.name] for p in theorem.parameters)


@lru_cache(maxsize=32)
def _sketches(values: tuple[Any, ...], law: str) -> tuple[row_sampling.Sketches, float]:
    point = dict(zip((p.name for p in theorem.parameters), values, strict=True))
    point["kind"] = ROWS.get(law, point["kind"])
    plain = law_of_sampling.theorem.point(**{**point, "debias": "none"})
    made, w = row_sampling.of(point), row_sampling.weights({**point, "debias": "matrix"})
    if law in OTHERS:
        w = OTHERS[law](w, made.leverage / made.pi / point["m"])
    mean = law_of_sampling.theorem_weights(law_of_sampling.key(plain))
    sketches = row_sampling.Sketches(made, point["m"], w, mean, point["metric"])
    away = np.linalg.solve(sketches.gram, sketches.direction)
    return sketches, float(sketches.direction @ away)


def sketches(point: Any, size: int, law: str = "gauss") -> tuple[row_sampling.Sketches, float]:
    """Sketches of a point with ``size`` draws, and the squared bias of the plain sketch there."""
    return _sketches(key(row_sampling.at_size(point, size)), law)


def known(point: Any, size: int, law: str) -> dict[str, float]:
    return sketches(point, size, law)[0].moments()


def observed(*options: float) -> dict[str, Statistic]:
    found = {x.name: x for x in row_sampling.observed(known, *options)}
    bias = found.pop("bias_projection")
    found["bias_removed"] = replace(bias, name="bias_removed", quantity="bias_removed", resolution=0.2)
    return {**found, "load": Statistic("load", kind="exact")}


def at_size(point: dict[str, Any], size: int) -> dict[str, Any]:
    return row_sampling.at_size(point, size)


PROPORTIONAL, SMALL, IMAGES = observed(20.0, 0.2), observed(10.0, 0.2), observed(200.0, 0.2)
IMAGES["trHxMx"] = replace(IMAGES["trHxMx"], exponent=2.0)  # the error itself falls like 1/m when only m grows
TRACES = ("trH", "g0", "g1", "trHQHQ", "load")
UNIVERSAL = (replace(SMALL["trH"], fails=("coherent",)),)
#: The two halves of the rows want opposite solutions: ``lin`` nearly cancels, and is measured in units of its parts.
OPPOSED = {**PROPORTIONAL, "lin": replace(PROPORTIONAL["lin"], scale=1000.0)}
WRONG = (replace(PROPORTIONAL["trH"], fails=tuple(OTHERS)),)


def pick(found: dict[str, Statistic], *names: str) -> tuple[Statistic, ...]:
    return tuple(x for name, x in found.items() if name in names)


@theorem.experiment(
    points=("digits",),
    statistics=pick(IMAGES, *TRACES, "lin", "trHxMx"),
    sizes=times(3, 6),
    at_size=at_size,
)
@theorem.experiment(points=("L",), statistics=UNIVERSAL, sizes=times(1, 3), laws=("rad", "coherent"), at_size=at_size)
@theorem.experiment(points=("L",), statistics=pick(SMALL, *TRACES), sizes=times(1, 3), at_size=at_size)
@theorem.experiment(points=("A",), statistics=WRONG, sizes=times(1, 3), laws=tuple(OTHERS), at_size=at_size)
@theorem.experiment(points=("R",), statistics=tuple(OPPOSED.values()), sizes=times(1, 3), at_size=at_size)
@theorem.experiment(
    points=("A",),
    statistics=pick(PROPORTIONAL, *TRACES, "lin", "trHxMx"),
    sizes=times(1, 3),
    at_size=at_size,
)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Means over sixteen sketches."""
    made, plain = sketches(point, size, law)
    found = made.draw(rng, 16)
    return {**found, "bias_removed": 1 - found["bias_projection"] / plain}


KINDS = {"none": "1", "scalar": "m/(m - d)", "matrix": "one for each row"}


@theorem.figure
def figure(page: Any) -> Any:
    """Bias of the inverse with three kinds of weights."""
    from rmtsym.report.style import COLOURS, figure, points, using

    rng, draws = np.random.default_rng(page.trial.seed), np.array([100, 140, 200, 280, 400, 800])
    theory, images = law_of_sampling.theorem, {"kind": "digits", "n": row_sampling.DIGITS}
    with using():
        fig, panels = figure(8.0, 4.4, ncols=2, sharey=True)
        for axes, title, changes in (
            (panels[0], "rows of two sizes, half by leverage", {"scheme": "mix", "n": 8000}),
            (panels[1], "images of digits, uniform", images),
        ):
            for index, (debias, label) in enumerate(KINDS.items()):
                places = [theory.point(m=int(k), debias=debias, **changes) for k in draws]
                values = np.array([theory.values(place)["trH"] for place in places]) - 1
                if debias != "matrix":
                    axes.plot(draws, abs(values), color=COLOURS[index])
                made = [law_of_sampling.sketches(place, place["m"]) for place in places]
                mean, error = np.transpose([row_sampling.average(x, rng, 64) for x in made])
                points(axes, draws, abs(mean - 1), error, label=label, index=index)
            axes.plot(draws, 1 / draws, color="0.6", linestyle=":", label="1/m")
            axes.set(xscale="log", yscale="log", xlabel="draws m, d = 20", title=title, ylim=(5e-4, 1))
            axes.set_xticks(draws, [str(k) for k in draws])
            axes.minorticks_off()
        panels[0].set_ylabel("|relative bias of the inverse|")
        panels[0].legend(title="weights (line: theory)", title_fontsize=9)
        return fig
