"""Figures that every theorem gets: convergence in the size, and a sweep of one parameter."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any

import numpy as np

from rmtsym.errors import RmtsymError
from rmtsym.report import describe, style
from rmtsym.theorem.parameters import Count
from rmtsym.theorem.theorem import Theorem

if TYPE_CHECKING:
    from matplotlib.figure import Figure

__all__ = ["Samples", "convergence", "sweep"]

_MOST = 9  # panels of one figure


def _label(theorem: Any, quantity: str) -> str:
    """Symbol of a quantity or parameter, as mathtext."""
    name, bracket, index = quantity.partition("[")
    return f"${describe.symbol_latex(theorem, name)}${bracket}{index}"


def convergence(theorem: Any, outcomes: Sequence[Any], named: Callable[[Any], str]) -> Figure:
    """Relative deviation of the simulation from the theory at each size, two standard errors, and the fitted term.

    At the left end stands the extrapolation to infinite size; it should cover zero.
    """
    usable = [o for o in outcomes if o.theory and len(o.sizes) > 1 and not o.expected_failure]
    usable.sort(key=lambda o: (named(o), o.claimed_exponent is None))
    first: dict[str, Any] = {}
    for o in usable:
        first.setdefault(o.quantity, o)  # one panel for each quantity, then the others
    shown = [*first.values(), *(o for o in usable if o not in first.values())][:_MOST]
    if not shown:
        raise RmtsymError(f"{theorem.id}: no statistic with two sizes to draw")
    with style.using():
        columns = min(3, len(shown))
        rows = -(-len(shown) // columns)
        fig, grid = style.figure(3.0 * columns + 0.4, 2.4 * rows + 0.4, nrows=rows, ncols=columns, squeeze=False)
        for axes, o in zip(grid.flat, shown, strict=False):
            _one_convergence(axes, o)
            axes.set_title(f"{_label(theorem, o.quantity)} at {named(o)} ({o.law})", fontsize=10)
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
        start = (o.estimate - o.theory) * scale
        axes.plot(line, _through(start, x, deviation, np.array(o.errors), line), color=style.COLOURS[0], linewidth=1.2)
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


def _through(start: float, x: np.ndarray, y: np.ndarray, errors: np.ndarray, at: np.ndarray) -> np.ndarray:
    """A line from the extrapolation through the points; with three sizes, which remove the next term, a parabola."""
    powers = range(1, min(len(x), 3))
    weights = 1 / np.maximum(errors, 1e-3 * errors.max() + 1e-300)
    design = np.column_stack([x**k for k in powers])
    found, *_ = np.linalg.lstsq(design * weights[:, None], (y - start) * weights, rcond=None)
    return np.asarray(start + np.column_stack([at**k for k in powers]) @ found)


@dataclass(frozen=True)
class Samples:
    """Where the points of a sweep come from: replicates of one of the theorem's experiments."""

    trial: Any
    sizes: tuple[int, ...]
    replicates: int
    law: str
    experiment: int

    @property
    def described(self) -> str:
        """What a point of the figure is."""
        sizes = ", ".join(map(str, self.sizes))
        return f"n = {sizes}" if len(self.sizes) == 1 else f"extrapolated from n = {sizes}"

    def exponent(self, name: str) -> float | None:
        """Claimed exponent of the finite-size term of an output."""
        statistics = [s for plan in self.trial.theorem.experiments for s in plan.experiment.statistics]
        return next((s.exponent for s in statistics if s.name == name), 1.0)

    def means(self, name: str, points: Sequence[Mapping[str, Any]]) -> tuple[np.ndarray, np.ndarray]:
        """Mean and standard error at each point; from two sizes, extrapolated to infinite size."""
        moments = []
        for size in self.sizes:
            columns = [table[name] for table in self.tables(points, size)]
            errors = [np.std(c, ddof=1) / np.sqrt(len(c)) for c in columns]
            moments.append((np.array([np.mean(c) for c in columns]), np.array(errors)))
        power = self.exponent(name)
        if len(self.sizes) == 1 or power is None:
            return moments[-1]
        (small, small_error), (large, large_error) = moments
        ratio = (self.sizes[1] / self.sizes[0]) ** power
        mean = (ratio * large - small) / (ratio - 1)
        return mean, np.hypot(ratio * large_error, small_error) / (ratio - 1)

    def tables(self, points: Sequence[Mapping[str, Any]], size: int) -> list[dict[str, np.ndarray]]:
        """Outputs of the replicates of one size at each point, from the store where they are."""
        from rmtsym.simulate import Batch, fingerprint

        trial, theorem = self.trial, self.trial.theorem
        if not 0 <= self.experiment < len(theorem.experiments):
            raise RmtsymError(
                f"{theorem.id} has {len(theorem.experiments)} experiments; none is number {self.experiment}"
            )
        replicate = theorem.experiments[self.experiment].experiment.replicate
        code = fingerprint(replicate)
        batches = [Batch(theorem.id, p, size, self.law, trial.seed, 0, self.replicates) for p in points]
        found: dict[str, dict[int, Any]] = {b.key: {} for b in batches}
        names: tuple[str, ...] = ()
        missing = []
        for batch in batches:
            for first, result in trial.store.get(batch, code) if trial.store is not None else ():
                names = result.columns
                found[batch.key] |= {first + i: row for i, row in enumerate(result.values)}
            missing += [batch] if any(i not in found[batch.key] for i in range(self.replicates)) else []
        for batch, result in trial.executor.run(replicate, missing):
            if trial.store is not None:
                trial.store.put(batch, code, result)
            names = result.columns
            found[batch.key] |= dict(enumerate(result.values))
        tables = [np.array([found[b.key][i] for i in range(self.replicates)]) for b in batches]
        return [{n: table[:, j] for j, n in enumerate(names)} for table in tables]


def sweep(
    trial: Any,
    parameter: str,
    values: Sequence[Any],
    quantities: Sequence[str],
    *,
    over: tuple[str, Sequence[Any]] | None,
    base: Mapping[str, Any],
    samples: Samples,
    curve: Sequence[Any] | None,
    log: str,
    title: str,
    ylabel: str,
) -> Figure:
    """Theory curves through simulation points; see :meth:`rmtsym.report.notebook.Page.sweep`."""
    theorem = trial.theorem
    whole = any(p.name == parameter and isinstance(p.domain, Count) for p in theorem.parameters)
    second, settings = over if over is not None else ("", ("",))
    lines, dots = [], []
    fine: list[Any] = []
    for setting in settings:
        fixed = {**base, second: setting} if second else dict(base)
        points = [theorem.point(**{**fixed, parameter: v}) for v in values]
        at = np.array([float(p[parameter]) for p in points])
        fine = fine or (_grid(at, "x" in log, whole) if curve is None else [Fraction(str(v)) for v in curve])
        curves = [theorem.point(**{**fixed, parameter: v}) for v in fine]
        found = trial.map(Theorem.values, [*curves, *points])
        theory, exact = found[: len(curves)], found[len(curves) :]
        for name in quantities:
            means, errors = samples.means(name, points)
            which = f"{_label(theorem, second)} = {setting}" if second else ""
            many = len(quantities) > 1 or not second
            label = ", ".join(x for x in (_label(theorem, name) if many else "", which) if x)
            lines.append((label, [_real(t.get(name)) for t in theory]))
            dots.append((at, means, errors, np.array([_real(e.get(name)) for e in exact])))
    return style.theory_and_simulation(
        np.array([float(v) for v in fine]),
        lines,
        dots,
        xlabel=_axis(theorem, parameter),
        ylabel=ylabel or ", ".join(_label(theorem, q) for q in quantities),
        title=title or theorem.title,
        log=log,
        points_are=samples.described,
    )


def _axis(theorem: Any, parameter: str) -> str:
    meaning = next((p.meaning for p in theorem.parameters if p.name == parameter), "")
    return f"{_label(theorem, parameter)}  ({meaning})" if meaning else _label(theorem, parameter)


def _real(value: Any) -> float:
    return float("nan") if value is None else float(np.real(value))


def _grid(at: np.ndarray, logarithmic: bool, whole: bool) -> list[Fraction]:
    """A fine grid of exact numbers, whole ones if need be, over the range of the points."""
    low, high = at.min(), at.max()
    fine = np.geomspace(low, high, 81) if logarithmic and low > 0 else np.linspace(low, high, 81)
    if whole:
        return [Fraction(n) for n in sorted({round(float(v)) for v in fine})]
    return [Fraction(float(f"{v:.6g}")).limit_denominator(10**9) for v in fine]
