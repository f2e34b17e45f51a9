"""Classification with a convex loss: handwritten digits."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from rmtsym.risk import margin_loss, minimise
from theory.classification.digits import load, observe
from theory.classification.erm_gaussian_mixture.experiment import observed
from theory.classification.erm_gaussian_mixture.statement import theorem


def logistic(ridge: float) -> Any:
    """The classifier as a function of the rows y_i x_i."""
    return lambda rows: minimise(rows, margin_loss("logistic"), ridge)


@theorem.consequence("on handwritten digits, 3 against 8, the logistic margins are those of two moments")
def digits(claim: Any) -> None:
    def compare(noise: int, names: dict[str, float], relative: bool = True, **changes: Any) -> bool:
        data = load(3, 8, noise)
        seen = observe(data, 98, logistic(0.1), splits=30)
        values = theorem.values(theorem.point(**(data.point(98) | changes), loss="logistic", gamma="1/10"))
        gaps = {k: abs(seen[k][0] - float(values[k])) / (float(values[k]) if relative else 1) for k in names}
        return all(gaps[k] < names[k] for k in names)

    margins, errors = {"M": 0.03, "sigma": 0.08}, {"test_err": 0.015, "train_err": 0.015}
    claim.holds(
        "with white noise, mean margin within 3 %, deviation within 8 % (49 dimensions, 98 images)",
        lambda: compare(4, margins), wrong={"without the dimension": lambda: compare(4, margins, c="1/1000")},
    )  # fmt: skip
    claim.holds(
        "errors within 1.5 points", lambda: compare(4, errors, relative=False),
        wrong={"without the dimension": lambda: compare(4, errors, relative=False, c="1/1000")},
    )  # fmt: skip


@theorem.figure
def figure(page: Any) -> Any:
    """Errors of several losses against the ridge, with minimisers of 128 samples; errors on digits."""
    from rmtsym.report import style

    ridges, size, groups = np.geomspace(0.02, 20, 13), 128, 10
    rng, names = np.random.default_rng(0), ("test_err", "train_err")
    means, spectrum = np.full((4, size // 2), math.sqrt(4 / size)), np.ones(size // 2)
    samples = [means[:, None] + rng.standard_normal((4, size, size // 2)) for _ in range(groups)]
    with style.using():
        fig, axes = style.figure(9.6, 3.4, ncols=3)

        def draw(panel: Any, theory: list[Any], found: np.ndarray, label: str, index: int) -> None:
            panel.plot(ridges, [float(v) for v in theory], color=style.COLOURS[index])
            style.points(panel, ridges[::4], found[0], found[1], label=label, index=index)

        for index, loss in enumerate(("logistic", "exponential", "huber(1/2)")):
            points = [theorem.point("S", loss=loss, gamma=float(g)) for g in ridges]
            theory = [theorem.values(q) for q in points]
            seen = [[observed(rows, means, spectrum, q) for rows in samples] for q in points[::4]]
            for panel, name in zip(axes, names, strict=False):
                table = np.array([[v[name] for v in row] for row in seen])
                found = np.array([table.mean(axis=1), table.std(axis=1, ddof=1) / math.sqrt(groups)])
                draw(panel, [v[name] for v in theory], found, loss, index)
        data = load(3, 8, 4)
        theory = [theorem.values(theorem.point(**data.point(98), loss="logistic", gamma=float(g))) for g in ridges]
        measured = [observe(data, 98, logistic(g), splits=20) for g in ridges[::4]]
        for index, name in enumerate(names):
            found = np.array([v[name] for v in measured]).T
            draw(axes[2], [v[name] for v in theory], found, ("test", "training")[index], index)
        for panel, title in zip(axes, ("test error", "training error", "digits 3 and 8, logistic"), strict=True):
            panel.set(xscale="log", xlabel=r"ridge $\gamma$", title=title)
            panel.set_ylim(bottom=0)
        axes[0].legend()
        axes[2].legend()
    return fig
