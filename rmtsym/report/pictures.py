"""Figures that every theorem gets: convergence in the size, and a sweep of one parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from rmtsym.errors import RmtsymError
from rmtsym.report import style

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["convergence", "sweep"]

_MOST = 12  # more curves than this cannot be told apart


def _label(theorem: Any, quantity: str) -> str:
    """Symbol of a quantity or parameter, as mathtext."""
    import sympy as sp

    name, bracket, index = quantity.partition("[")
    for known in (*theorem.quantities, *theorem.parameters):
        if known.name == name:
            latex = known.latex or sp.latex(sp.Symbol(name))
            return f"${latex}${bracket}{index}"
    return quantity


def convergence(theorem: Any, outcomes: Sequence[Any], named: Callable[[Any], str]) -> Figure:
    """Relative deviation of the simulation from the theory at each size, two standard errors, and the fitted term.

    At the left end stands the extrapolation to infinite size; it should cover zero.
    """
    shown = [o for o in outcomes if o.theory and len(o.sizes) > 1][:_MOST]
    if not shown:
        raise RmtsymError(f"{theorem.id}: no statistic with two sizes to draw")
    with style.using():
        columns = min(3, len(shown))
        rows = -(-len(shown) // columns)
        fig, grid = style.figure(3.0 * columns + 0.4, 2.4 * rows + 0.4, nrows=rows, ncols=columns, squeeze=False)
        for axes, o in zip(grid.flat, shown, strict=False):
            _one_convergence(axes, o)
            axes.set_title(f"{_label(theorem, o.quantity)}, {named(o)}, {o.law}", fontsize=10)
        for axes in list(grid.flat)[len(shown) :]:
            axes.set_visible(False)
        for axes in grid[:, 0]:
            axes.set_ylabel("deviation (%)", fontsize=10)
        fig.supxlabel(r"1 / size$^{\,a}$   (square: extrapolated to infinite size)", fontsize=10)
    return fig


def _one_convergence(axes: Any, o: Any) -> None:
    exponent = o.claimed_exponent or 1.0
    x = np.array(o.sizes, float) ** -exponent
    truth = np.array(o.theories, float)
    scale = 100 / abs(o.theory)
    deviation = (np.array(o.means) - truth) * scale
    axes.axhline(0, color="#555555", linewidth=0.8)
    line = np.linspace(0, x.max() * 1.05, 30)
    if o.claimed_exponent is not None:
        axes.plot(line, (o.estimate - o.theory + o.coefficient * line) * scale, color=style.COLOURS[0], linewidth=1.2)
    style.points(axes, x, deviation, np.array(o.errors) * scale)
    axes.errorbar(
        [0],
        [(o.estimate - o.theory) * scale],
        [2 * o.se * scale],
        fmt="s",
        color=style.COLOURS[1],
        markersize=5,
        zorder=4,
    )
    axes.margins(y=0.25)
    axes.locator_params(axis="x", nbins=4)


def sweep(
    trial: Any,
    parameter: str,
    values: Sequence[Any],
    quantities: Sequence[str],
    *,
    base: Mapping[str, Any],
    size: int,
    replicates: int,
    law: str,
    curve: Sequence[Any] | None,
    log: str,
    title: str,
    ylabel: str,
) -> Figure:
    """Theory curves through simulation points; see :meth:`rmtsym.report.notebook.Page.sweep`."""
    theorem = trial.theorem
    points = [theorem.point(**{**base, parameter: v}) for v in values]
    at = np.array([float(p[parameter]) for p in points])
    fine = _grid(at, "x" in log) if curve is None else [Fraction(str(v)) for v in curve]
    theory = [theorem.values(theorem.point(**{**base, parameter: v})) for v in fine]
    samples = _samples(trial, points, size, replicates, law)
    exact = [theorem.values(p) for p in points]
    lines, dots = [], []
    for name in quantities:
        lines.append((_label(theorem, name), [_real(t.get(name)) for t in theory]))
        columns = [s[name] for s in samples]
        mean = np.array([np.mean(c) for c in columns])
        error = np.array([np.std(c, ddof=1) / np.sqrt(len(c)) for c in columns])
        dots.append((at, mean, error, np.array([_real(e.get(name)) for e in exact])))
    return style.theory_and_simulation(
        np.array([float(v) for v in fine]),
        lines,
        dots,
        xlabel=_axis(theorem, parameter),
        ylabel=ylabel or ", ".join(_label(theorem, q) for q in quantities),
        title=title or theorem.title,
        log=log,
    )


def _axis(theorem: Any, parameter: str) -> str:
    meaning = next((p.meaning for p in theorem.parameters if p.name == parameter), "")
    return f"{_label(theorem, parameter)}  ({meaning})" if meaning else _label(theorem, parameter)


def _real(value: Any) -> float:
    return float("nan") if value is None else float(np.real(value))


def _grid(at: np.ndarray, logarithmic: bool) -> list[Fraction]:
    """A fine grid of exact numbers over the range of the points."""
    low, high = at.min(), at.max()
    fine = np.geomspace(low, high, 81) if logarithmic and low > 0 else np.linspace(low, high, 81)
    return [Fraction(float(f"{v:.6g}")).limit_denominator(10**9) for v in fine]


def _samples(trial: Any, points: Sequence[Any], size: int, replicates: int, law: str) -> list[dict[str, np.ndarray]]:
    """Replicates of the theorem's experiment at each point, from the store where they are."""
    from rmtsym.simulate import Batch, fingerprint

    if not trial.theorem.experiments:
        raise RmtsymError(f"{trial.theorem.id} has no experiment to sweep")
    experiment = trial.theorem.experiments[0].experiment
    code = fingerprint(experiment.replicate)
    batches = [Batch(trial.theorem.id, p, size, law, trial.seed, 0, replicates) for p in points]
    found: dict[str, dict[int, Any]] = {b.key: {} for b in batches}
    names: tuple[str, ...] = ()
    missing = []
    for batch in batches:
        for first, result in trial.store.get(batch, code) if trial.store is not None else ():
            names = result.columns
            for offset, row in enumerate(result.values):
                if first + offset < replicates:
                    found[batch.key][first + offset] = row
        missing += [batch] if len(found[batch.key]) < replicates else []
    for batch, result in trial.executor.run(experiment.replicate, missing):
        if trial.store is not None:
            trial.store.put(batch, code, result)
        names = result.columns
        found[batch.key] = dict(enumerate(result.values))
    tables = [np.array([found[b.key][i] for i in range(replicates)]) for b in batches]
    return [{n: table[:, j] for j, n in enumerate(names)} for table in tables]
