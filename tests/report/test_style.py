"""Figures: labelled, legible, reproducible."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest

from rmtsym.report import style


def picture(log=""):
    x = np.geomspace(0.1, 10, 20)
    at = np.array([0.2, 1.0, 5.0])
    return style.theory_and_simulation(
        x, [("$R$", 1 / x)], [(at, 1 / at + 0.01, 0.01 + 0 * at, 1 / at)], xlabel="ridge", ylabel="risk", log=log
    )


def png(fig):
    stream = BytesIO()
    fig.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()


@pytest.mark.parametrize("log", ["", "x", "y", "xy"])
def test_axes_are_labelled(log):
    top, bottom = picture(log).axes
    assert top.get_ylabel() == "risk" and bottom.get_xlabel() == "ridge" and "residual" in bottom.get_ylabel()
    assert top.get_xscale() == ("log" if "x" in log else "linear")


def test_residuals_are_in_standard_errors():
    _, bottom = picture().axes
    dots = [line for line in bottom.lines if line.get_marker() == style.MARKERS[0]]
    assert np.allclose(dots[0].get_ydata(), 1.0)


def test_same_bytes_twice():
    assert png(picture()) == png(picture())


def test_colours_can_be_told_apart_without_colour_vision():
    """Okabe and Ito's palette keeps distinct lightness or blue-yellow contrast between neighbours."""
    from matplotlib.colors import to_rgb

    # what remains for a viewer without red-green distinction: luminance and blue
    seen = [(0.5 * (r + g), b) for r, g, b in map(to_rgb, style.COLOURS)]
    for i, a in enumerate(seen):
        for b in seen[i + 1 :]:
            assert max(abs(a[0] - b[0]), abs(a[1] - b[1])) > 0.05
