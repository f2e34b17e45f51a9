"""One look for every figure: a theory line, simulation points with error bars, residuals below.

The palette is that of Okabe and Ito, which stays distinct for colour-blind readers and in print.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["COLOURS", "MARKERS", "figure", "histogram", "points", "show_as_png", "theory_and_simulation", "using"]

COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#E69F00", "#56B4E9", "#000000")
MARKERS = ("o", "s", "^", "D", "v", "P", "X")

_RC: dict[str, Any] = {
    "figure.dpi": 110,
    "savefig.dpi": 110,
    "figure.constrained_layout.use": True,
    "font.family": "DejaVu Sans",
    "font.size": 11,
    "axes.labelsize": 12,
    "axes.titlesize": 12,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.grid": True,
    "grid.color": "#dddddd",
    "grid.linewidth": 0.6,
    "axes.axisbelow": True,
    "lines.linewidth": 1.8,
    "lines.markersize": 5.5,
    "errorbar.capsize": 2.5,
    "legend.frameon": False,
    "legend.fontsize": 10,
    "mathtext.fontset": "cm",
    "svg.hashsalt": "rmtsym",
}


@contextmanager
def using() -> Iterator[None]:
    """The style, for the figures made inside the ``with`` block."""
    import matplotlib
    from cycler import cycler

    settings: Any = {**_RC, "axes.prop_cycle": cycler(color=COLOURS)}
    with matplotlib.rc_context(settings):
        yield


def figure(width: float = 6.8, height: float = 4.2, **subplots: Any) -> tuple[Figure, Any]:
    """New figure and its axes in the common style, known to no window system and to no global list."""
    from matplotlib.figure import Figure

    with using():
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(**subplots)


def points(axes: Axes, x: Any, y: Any, error: Any, label: str | None = None, index: int = 0) -> None:
    """Simulation points with bars of two standard errors."""
    axes.errorbar(
        np.asarray(x, float),
        np.asarray(y, float),
        yerr=2 * np.asarray(error, float),
        fmt=MARKERS[index % len(MARKERS)],
        color=COLOURS[index % len(COLOURS)],
        markerfacecolor="white",
        markeredgewidth=1.4,
        elinewidth=1.2,
        label=label,
        zorder=3,
    )


def theory_and_simulation(
    x: Any,
    curves: Sequence[tuple[str, Any]],
    samples: Sequence[tuple[Any, Any, Any, Any]],
    *,
    xlabel: str,
    ylabel: str,
    title: str = "",
    log: str = "",
    points_are: str = "simulation",
) -> Figure:
    """Curves of the theory through simulation points, and the residuals in standard errors below.

    Parameters
    ----------
    x : array, shape (k,)
        Abscissae of the curves.
    curves : sequence of (label, array of shape (k,))
        The theory, one curve per quantity.
    samples : sequence of (x, mean, standard error, theory at x), arrays of equal shape
        The simulation, in the order of the curves.
    xlabel, ylabel, title : str
    log : str
        ``"x"``, ``"y"`` or ``"xy"`` for logarithmic axes.
    points_are : str
        For the legend.

    Examples
    --------
    >>> x = np.linspace(1, 2, 5)
    >>> fig = theory_and_simulation(x, [("mean", x)], [(x, x, 0.1 + 0 * x, x)], xlabel="x", ylabel="y")
    >>> len(fig.axes)
    2
    """
    with using():
        fig, (top, bottom) = figure(6.8, 5.0, nrows=2, sharex=True, height_ratios=(3, 1))
        bottom.axhspan(-2, 2, color="#eeeeee", zorder=0)
        bottom.axhline(0, color="#555555", linewidth=0.8)
        for i, (label, values) in enumerate(curves):
            top.plot(x, values, color=COLOURS[i % len(COLOURS)], label=label)
        for i, (at, mean, error, theory) in enumerate(samples):
            points(top, at, mean, error, index=i)
            known = np.where(np.asarray(error, float) > 0, error, np.nan)  # a point without error has no residual
            residual = (np.asarray(mean, float) - np.asarray(theory, float)) / known
            marker, colour = MARKERS[i % len(MARKERS)], COLOURS[i % len(COLOURS)]
            bottom.plot(at, residual, marker, color=colour, markerfacecolor="white", markeredgewidth=1.4)
        reach = max(3.5, *(1.15 * abs(v) for v in bottom.dataLim.intervaly if np.isfinite(v)))
        bottom.set_ylim(-reach, reach)
        for name in log:
            _logarithmic(top if name == "y" else bottom, name)
        bottom.set_xlabel(xlabel)
        bottom.set_ylabel("residual\n(std. errors)", fontsize=10)
        top.set_ylabel(ylabel)
        top.set_title(title)
        top.legend(title=f"line: theory\npoints: {points_are} (± 2 s.e.)", title_fontsize=9)
        fig.align_ylabels()
    return fig


def _logarithmic(axes: Axes, name: str) -> None:
    """Logarithmic axis; over less than two decades the labels are plain numbers at 1, 2 and 5."""
    from matplotlib.ticker import FuncFormatter, LogLocator, NullFormatter

    if name == "x":
        axes.set_xscale("log")
    else:
        axes.set_yscale("log")
    axis = axes.xaxis if name == "x" else axes.yaxis
    low, high = axis.get_view_interval()
    axis.set_minor_formatter(NullFormatter())
    if high / low < 100:
        axis.set_major_locator(LogLocator(subs=(1.0, 2.0, 5.0)))
        axis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))


def histogram(axes: Axes, values: Any, bins: int = 60, label: str = "eigenvalues") -> None:
    """Empirical density of a sample, drawn lightly so that a theory curve stands out on it."""
    axes.hist(
        np.asarray(values, float),
        bins=bins,
        density=True,
        color="#BFD7EA",
        edgecolor="white",
        linewidth=0.3,
        label=label,
    )


def show_as_png() -> None:
    """In a notebook, show figures as PNG without a trace of time or version; elsewhere do nothing."""
    from IPython.core.getipython import get_ipython
    from matplotlib.figure import Figure

    shell = get_ipython()
    if shell is not None and shell.display_formatter is not None:
        shell.display_formatter.formatters["image/png"].for_type(Figure, _png)


def _png(fig: Figure) -> bytes:
    from io import BytesIO

    stream = BytesIO()
    with using():
        fig.savefig(stream, format="png", metadata={"Software": None})
    return stream.getvalue()
