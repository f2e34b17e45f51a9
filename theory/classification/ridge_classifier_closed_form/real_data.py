"""Least-squares classifier: closed form and interpolation: handwritten digits."""

from __future__ import annotations

from typing import Any

import numpy as np

from theory.classification.digits import load, observe
from theory.classification.ridge_classifier_closed_form.statement import theorem


def least_squares(ridge: float) -> Any:
    """The classifier as a function of the rows y_i x_i."""
    return lambda rows: np.linalg.solve(rows.T @ rows / len(rows) + ridge * np.eye(rows.shape[1]), rows.mean(axis=0))


@theorem.consequence("on handwritten digits, 3 against 8, the theory that knows only two moments predicts the margins")
def digits(claim) -> None:
    def compare(noise: int, names: dict[str, float], c: Any = None, relative: bool = True) -> bool:
        data = load(3, 8, noise)
        seen = observe(data, 98, least_squares(1.0))
        point = theorem.point(**(data.point(98) | ({"c": c} if c else {})), gamma=1)
        values = theorem.values(point)
        gaps = {k: abs(seen[k][0] - float(values[k])) / (float(values[k]) if relative else 1) for k in names}
        return all(gaps[k] < names[k] for k in names)

    margins = {"M": 0.03, "sigma": 0.08}
    claim.holds(
        "mean margin within 3 %, deviation within 8 % (49 dimensions, 98 images)", lambda: compare(0, margins),
        wrong={"without the dimension (c = 1/1000)": lambda: compare(0, margins, "1/1000")},
    )  # fmt: skip
    errors = {"test_err": 0.015, "train_err": 0.01}
    claim.holds(
        "with white noise, errors within 1.5 points", lambda: compare(4, errors, relative=False),
        wrong={
            "without noise, where margins are not normal": lambda: compare(0, {"test_err": 0.01}, relative=False),
            "without the dimension": lambda: compare(4, errors, "1/1000", relative=False),
        },
    )  # fmt: skip


@theorem.figure
def figure(page: Any) -> Any:
    """Margins and errors on the digits against the ridge: theory from mean and covariance, points from the images."""
    from rmtsym.report import style

    ridges = np.geomspace(0.03, 30, 25)
    with style.using():
        fig, axes = style.figure(9.6, 3.4, ncols=3)
        for index, noise in enumerate((0, 4)):
            data = load(3, 8, noise)
            theory = [theorem.values(theorem.point(**data.point(98), gamma=float(g))) for g in ridges]
            seen = [observe(data, 98, least_squares(g)) for g in ridges[::4]]
            for panel, name in zip(axes, ("M", "sigma", "test_err"), strict=True):
                panel.plot(ridges, [float(v[name]) for v in theory], color=style.COLOURS[index])
                label = f"noise {noise}" if noise else "images"
                means, errors = np.array([v[name] for v in seen]).T
                style.points(panel, ridges[::4], means, errors, label=label, index=index)
                panel.set(xscale="log", xlabel=r"ridge $\gamma$", title=theorem.quantity(name).meaning)
        for panel in axes:
            panel.set_ylim(bottom=0)
        axes[2].legend(title="lines: theory\npoints: digits 3 and 8", title_fontsize=9)
    return fig
