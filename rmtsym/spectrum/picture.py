"""One picture of a law: density, histogram of a simulated spectrum, support, atoms and outliers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from rmtsym.spectrum.law import Law

if TYPE_CHECKING:
    from matplotlib.axes import Axes

__all__ = ["plot_law"]


def plot_law(
    law: Law,
    eigenvalues: Any = None,
    outliers: Sequence[Any] = (),
    *,
    axes: Axes | None = None,
    bins: int = 60,
    points: int = 400,
) -> Axes:
    """Density of a law over the histogram of a spectrum, with support, atoms and predicted outliers marked.

    Parameters
    ----------
    law : Law
    eigenvalues : array, optional
        Eigenvalues of one or several simulated matrices; those on an atom of the law are left out of the histogram
        and stand in the legend as a share.
    outliers : sequence of numbers or Value, optional
        Predicted positions off the support.
    axes : matplotlib axes, optional
        Drawn into; a new figure in the style of the reports otherwise.

    Returns
    -------
    matplotlib axes
    """
    from rmtsym.report.style import COLOURS, figure

    if axes is None:
        _, axes = figure()
    density_colour, atom_colour, outlier_colour = COLOURS[0], COLOURS[3], COLOURS[1]
    if eigenvalues is not None:
        _histogram(axes, law, np.ravel(np.asarray(eigenvalues, dtype=float)), bins)
    label: str | None = law.name or "density"
    heights = []
    for piece in law.distribution.pieces:
        s = (1 - np.cos(np.pi * (np.arange(points) + 0.5) / points)) / 2
        x = piece.place(s)
        values = law.density(x)
        heights.append(float(np.quantile(values, 0.97)))
        axes.plot(x, values, color=density_colour, label=label, zorder=3)
        label = None
    top = 1.25 * max(heights, default=1.0)
    for lower, upper in law.support.components:
        ends = [lower.value, upper.value]
        axes.plot(ends, [0, 0], color=density_colour, lw=5, solid_capstyle="butt", alpha=0.6, clip_on=False, zorder=4)
    for atom in law.atoms if len(law.atoms) <= 12 else ():
        place, mass = float(atom.location), float(atom.mass)
        axes.plot([place, place], [0, min(mass, 1.0) * top], color=atom_colour, lw=2.5, zorder=3)
        axes.annotate(f"{mass:.3g}", (place, min(mass, 1.0) * top), xytext=(4, 2), textcoords="offset points")
    for k, place in enumerate(float(x) for x in outliers):
        axes.axvline(
            place, color=outlier_colour, ls="--", lw=1.2, label="predicted outlier" if k == 0 else None, zorder=2
        )
    axes.set_ylim(0, top)
    axes.set_xlabel("eigenvalue")
    axes.set_ylabel("density")
    axes.legend(frameon=False)
    return axes


def _histogram(axes: Any, law: Law, values: np.ndarray, bins: int) -> None:
    """Histogram of the eigenvalues off the atoms, normalised to the whole spectrum."""
    low, high = law.bounds
    scale = max(high - low, abs(high), 1e-300)
    off = np.ones(values.shape, dtype=bool)
    for atom in law.atoms:
        off &= np.abs(values - float(atom.location)) > 1e-8 * scale
    kept = values[off]
    weights = np.full(kept.shape, 1 / values.size)
    counts, ends = np.histogram(kept, bins=bins, weights=weights)
    axes.stairs(counts / np.diff(ends), ends, fill=True, color="0.82", label="simulated spectrum", zorder=1)
