"""Experiments of a theorem, and the simulation evidence that they give."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from rmtsym.simulate import Executor, Experiment, Outcome, Progress, RecordStore, Run, Statistic, point_key, run
from rmtsym.theorem.evidence import Evidence, Status, combine

if TYPE_CHECKING:
    from rmtsym.theorem.theorem import Theorem

__all__ = ["PROFILES", "Planned", "Profile", "Simulated", "Theory", "declare", "simulate"]


@dataclass(frozen=True)
class Profile:
    """How finely the suite resolves: factor on the required resolutions, number of looks, factor on the sizes.

    Each look doubles the replicates.  Larger sizes make what is unknown of the finite-size term smaller.
    """

    factor: float
    looks: int
    growth: int


PROFILES = {"quick": Profile(1.0, 8, 1), "full": Profile(0.4, 11, 2)}

#: Probability that the simulation refutes a right theorem, whatever the number of its tests (Bonferroni).
LEVEL = 1e-3
_STATUS = {"ok": Status.VERIFIED, "refuted": Status.REFUTED, "inconclusive": Status.INCONCLUSIVE}


@dataclass(frozen=True)
class Planned:
    """An experiment together with the names of its points and the point of the theory at each size."""

    experiment: Experiment
    names: Mapping[str, str]  # canonical point -> name
    at_size: Callable[[Mapping[str, Any], int], Mapping[str, Any]] | None = None
    grows: bool = True

    def under(self, profile: Profile) -> Planned:
        """The same experiment with the resolution and the sizes of a profile.

        Sizes stay where every statistic is exact at every size.  Where the data have no more samples everything stays.
        """
        plan = self.experiment
        if not self.grows or profile == PROFILES["quick"]:
            return self
        statistics = tuple(replace(s, resolution=s.required * profile.factor) for s in plan.statistics)
        if any(s.exponent is not None for s in statistics):
            plan = replace(plan, sizes=lambda point: tuple(profile.growth * n for n in self.experiment.sizes_at(point)))
        return replace(self, experiment=replace(plan, statistics=statistics))


def declare(
    theorem: Theorem,
    *,
    sizes: Any,
    statistics: Sequence[Statistic | str],
    points: Sequence[str] | None = None,
    laws: Sequence[str] = ("gauss",),
    at_size: Callable[[Mapping[str, Any], int], Mapping[str, Any]] | None = None,
    grows: bool = True,
    **options: Any,
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Decorator behind ``theorem.experiment``.

    Parameters
    ----------
    sizes : tuple of int, or callable from a point to such a tuple
    statistics : sequence of Statistic or str
        A name stands for ``Statistic(name)``: a trace with a 1/n term.
    points : sequence of str, optional
        Names of default points; all of them by default.
    laws : sequence of str
        Entry laws (``gauss``, ``rad``, ``t9``, ``sparse``, ...); two or more put universality at risk.
    at_size : callable, optional
        Point at which the theory is evaluated for a simulated size, where proportions cannot be exact.
    grows : bool
        Whether the full profile may double the sizes; data of a fixed number of samples cannot.
    options
        Further arguments of :class:`rmtsym.simulate.Experiment`.
    """

    def register(replicate: Callable[..., Any]) -> Callable[..., Any]:
        names = list(theorem.points) if points is None else list(points)
        exact = {name: theorem.point(name) for name in names}
        experiment = Experiment(
            replicate,
            sizes,
            tuple(Statistic(s) if isinstance(s, str) else s for s in statistics),
            points=tuple(exact.values()),
            laws=tuple(laws),
            theorem=theorem.id,
            **options,
        )
        theorem.experiments.append(
            Planned(experiment, {point_key(p): name for name, p in exact.items()}, at_size, grows)
        )
        return replicate

    return register


class Theory:
    """Values of a theorem at a point and a size, remembered in ``known`` by the point at that size."""

    def __init__(
        self,
        theorem: Theorem,
        at_size: Callable[[Mapping[str, Any], int], Mapping[str, Any]] | None = None,
        known: dict[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.theorem, self.at_size = theorem, at_size
        self.known = {} if known is None else known

    def at(self, point: Mapping[str, Any], size: int) -> dict[str, Any]:
        """The point at a size."""
        return self.theorem.point(**(self.at_size(point, size) if self.at_size else point))

    def __call__(self, point: Mapping[str, Any], size: int) -> Mapping[str, Any]:
        exact = self.at(point, size)
        key = point_key(exact)
        if key not in self.known:
            self.known[key] = self.theorem.values(exact)
        return self.known[key]


@dataclass
class Simulated:
    """Simulation of a theorem: the runs, and what they say about its quantities."""

    plans: list[Planned]
    runs: list[Run]
    theories: list[Theory]
    outcomes: list[Outcome] = field(default_factory=list)
    evidence: Evidence = field(default_factory=lambda: Evidence(Status.INCONCLUSIVE, "not run"))

    def named(self, outcome: Outcome) -> str:
        """Name of the point of an outcome."""
        return next((p.names[outcome.point] for p in self.plans if outcome.point in p.names), outcome.point)


def simulate(
    theorem: Theorem,
    profile: str = "quick",
    *,
    seed: int = 0,
    store: RecordStore | None = None,
    executor: Executor | None = None,
    family: int | None = None,
    progress: Callable[[Progress], None] | None = None,
    predict: Callable[[Sequence[Mapping[str, Any]]], Sequence[Mapping[str, Any]]] | None = None,
) -> Simulated:
    """Run every experiment of a theorem and judge the theory on the samples.

    ``predict`` gives the values of the theory at many points, perhaps from other processes.
    """
    plans = [p.under(PROFILES[profile]) for p in theorem.experiments]
    known: dict[str, Mapping[str, Any]] = {}  # experiments of several laws or sizes share points
    found = Simulated(plans, [], [Theory(theorem, plan.at_size, known) for plan in plans])
    if predict:
        points = {}
        for plan, theory in zip(plans, found.theories, strict=True):
            for point in plan.experiment.points:
                for size in plan.experiment.sizes_at(point):
                    exact = theory.at(point, size)
                    points[point_key(exact)] = exact
        known.update(zip(points, predict(list(points.values())), strict=True))
    for plan, theory in zip(plans, found.theories, strict=True):
        done = run(
            plan.experiment,
            theory=theory,
            seed=seed,
            looks=PROFILES[profile].looks,
            store=store,
            executor=executor,
            level=LEVEL / len(plans) if family is None else LEVEL,
            family=family,
            progress=progress,
        )
        found.runs.append(done)
        found.outcomes.extend(done.judge(theory))
    found.evidence = _evidence(theorem, found)
    return found


def _evidence(theorem: Theorem, found: Simulated) -> Evidence:
    """One refuted statistic refutes; one without power, or a quantity that nothing estimates, is inconclusive."""
    outcomes = found.outcomes
    if not outcomes:
        return Evidence(Status.INCONCLUSIVE, "no simulation", message=f"{theorem.id} has no experiment")
    status = combine(_STATUS[o.status] for o in outcomes)
    messages = [
        f"{theorem.id}: {o.quantity} at {found.named(o)} ({o.law}): theory {o.theory:.8g}, simulation "
        f"{o.estimate:.8g} +- {o.se:.2g}, z = {o.z:.1f}, resolution {100 * o.resolution:.2g} %; {o.reason or o.status}"
        for o in sorted(outcomes, key=lambda o: o.status != "refuted")  # what is wrong before what is weak
        if o.status != "ok"
    ]
    covered = {o.quantity.partition("[")[0] for o in outcomes}
    missing = [q.name for q in theorem.quantities if q.observable and q.name not in covered]
    if missing:
        status = Status.INCONCLUSIVE if status.passed else status
        messages.append(f"{theorem.id}: no experiment estimates {', '.join(missing)}")
    laws = sorted({o.law for o in outcomes})
    finite = [o.resolution for o in outcomes]
    figures = {
        "statistics": len(outcomes),
        "largest |z|": max((abs(o.z) for o in outcomes if not o.expected_failure), default=0.0),
        "coarsest resolution": max(finite),
        "level": LEVEL,
        "laws": laws,
        "sizes": sorted({n for o in outcomes for n in o.sizes}),
        "replicates": sum(r.replicates for r in found.runs),
    }
    return Evidence(
        status,
        f"extrapolated Monte Carlo, {len(outcomes)} statistics, entry laws {', '.join(laws)}",
        resolution=max(finite),
        message="; ".join(messages),
        figures=figures,
        seconds=sum(r.seconds for r in found.runs),
    )
