"""An experiment: one pure function, and what its results are claimed to estimate."""

from __future__ import annotations

import functools
import itertools
import math
import sys
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.simulate.seeds import generator, point_key

__all__ = ["Batch", "BatchResult", "Control", "Experiment", "ReplicateError", "Statistic", "run_batch"]

Point = Mapping[str, Any]
Replicate = Callable[[np.random.Generator, int, Point, str], Mapping[str, Any]]

#: Required relative resolution by kind of statistic: self-averaging traces are sharp, a form in one vector is not.
RESOLUTION = {"trace": 0.005, "form": 0.03, "edge": 0.02, "probability": 0.02, "exact": 0.005}


class ReplicateError(RmtsymError):
    """A replicate that failed or returned something that is not a finite number; the message says which one."""


@dataclass(frozen=True)
class Control:
    """Control variate: an output of the replicate whose mean is known exactly.

    Parameters
    ----------
    output : str
        Name of the output in the dictionary that the replicate returns.
    mean : float or callable
        Its exact mean, or a function ``mean(point, size, law)``.
    coefficient : float, optional
        Fixed regression coefficient; by default it is estimated on the other half of the replicates, which leaves
        the mean unbiased.
    """

    output: str
    mean: float | Callable[[Point, int, str], float]
    coefficient: float | None = None

    def mean_at(self, point: Point, size: int, law: str) -> float:
        """Exact mean at a point, a size and an entry law."""
        return float(self.mean(point, size, law) if callable(self.mean) else self.mean)


@dataclass(frozen=True)
class Statistic:
    r"""A random variable :math:`T_n` with :math:`E\,T_n = \theta + C n^{-a} + O(n^{-a'})`.

    Parameters
    ----------
    name : str
        Output of the replicate.  A one-dimensional output ``v`` stands for ``v[0]``, ``v[1]``, ...
    quantity : str, optional
        Quantity of the theory that it estimates; the same name by default.
    exponent : float or None
        Claimed exponent ``a`` of the finite-size term; ``None`` claims that there is none (exact at every size).
    resolution : float, optional
        Relative deviation that the run must be able to detect; by default that of its kind (0.005 for traces).
    kind : str
        ``"trace"``, ``"form"`` (quadratic form in one vector), ``"edge"``, ``"probability"`` or ``"exact"``.
    scale : float, optional
        What "relative" refers to; ``|theory|`` by default.  Needed if the theory is zero.
    curvature : float, optional
        Bound on the relative coefficient of the next term ``n**-min(2a, a+1)``; estimated from the data by default.
        What it leaves open is part of the resolution, so slow rates (``a = 1/2``) need three sizes or a bound.
    variation : float
        Bound on how much the relative coefficient of ``n**-a`` differs between sizes, for data that are not random
        and not the same at all sizes.
    controls : tuple of Control
    baseline : str, optional
        Output that estimates the same quantity without variance reduction; the gain over it is reported.
    laws : tuple of str, optional
        Entry laws under which the claim is made; all of the experiment's by default.
    fails : tuple of str
        Entry laws under which the claim is known to fail: there, a refutation is what is expected.
    """

    name: str
    quantity: str = ""
    exponent: float | None = 1.0
    resolution: float | None = None
    kind: str = "trace"
    scale: float | None = None
    curvature: float | None = None
    variation: float = 0.0
    controls: tuple[Control, ...] = ()
    baseline: str | None = None
    laws: tuple[str, ...] | None = None
    fails: tuple[str, ...] = ()

    def __post_init__(self) -> None:
        if self.kind not in RESOLUTION:
            raise UnknownName("kind of statistic", self.kind, RESOLUTION)
        if self.kind == "exact":
            object.__setattr__(self, "exponent", None)
        if self.exponent is not None and not self.exponent > 0:
            raise DomainError("exponent", self.exponent, "a positive number or None", "None claims no finite-size term")
        if self.resolution is not None and not self.resolution > 0:
            raise DomainError("resolution", self.resolution, "a positive number", "0.005 is half a percent")
        object.__setattr__(self, "quantity", self.quantity or self.name)

    @property
    def required(self) -> float:
        """Relative deviation that the run must be able to detect."""
        return RESOLUTION[self.kind] if self.resolution is None else self.resolution


@dataclass(frozen=True)
class Experiment:
    """One replicate as a pure function, and the plan to repeat it.

    Parameters
    ----------
    replicate : callable
        ``replicate(rng, size, point, law) -> {name: float or short 1-d array}``; it draws from ``rng`` only.
    sizes : tuple of int, or callable from a point to such a tuple
        At least two, increasing (one is enough if every statistic is exact at every size).
    statistics : tuple of Statistic
    points : tuple of mappings
        Parameters by name; exact numbers, names, or tuples of them.
    laws : tuple of str
        Entry laws, see :mod:`rmtsym.simulate.ensembles`.
    theorem : str
        Identifier; it enters the seeds and the keys of the records.
    first_look : tuple of int, optional
        Replicates at each size at the first look, doubled at each later one; by default 64 at the smallest size,
        falling like ``1/size``, at least 16.
    cost : float
        Growth exponent of the time of one replicate, for the estimate of the time left.

    Examples
    --------
    >>> def replicate(rng, size, point, law):
    ...     return {"m2": float(np.mean(rng.standard_normal(size) ** 2))}
    >>> experiment = Experiment(replicate, (50, 100), (Statistic("m2", kind="exact"),), theorem="demo")
    >>> experiment.looks_at((50, 100), 2)
    [(64, 32), (128, 64)]
    """

    replicate: Replicate
    sizes: tuple[int, ...] | Callable[[Point], tuple[int, ...]]
    statistics: tuple[Statistic, ...]
    points: tuple[Point, ...] = field(default_factory=lambda: ({},))
    laws: tuple[str, ...] = ("gauss",)
    theorem: str = "experiment"
    first_look: tuple[int, ...] | None = None
    cost: float = 3.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "statistics", tuple(self.statistics))
        object.__setattr__(self, "points", tuple(self.points))
        object.__setattr__(self, "laws", tuple(self.laws))
        if not self.statistics:
            raise DomainError("statistics", "()", "at least one statistic", "name an output of the replicate")
        if not self.points or not self.laws:
            raise DomainError("points, laws", "()", "at least one of each", "give a point and an entry law")
        if not callable(self.sizes):
            object.__setattr__(self, "sizes", tuple(self.sizes))
            self.sizes_at(self.points[0])

    def sizes_at(self, point: Point) -> tuple[int, ...]:
        """Sizes simulated at a point, checked."""
        sizes = tuple(int(n) for n in (self.sizes(point) if callable(self.sizes) else self.sizes))
        need = 1 if all(s.exponent is None for s in self.statistics) else 2
        if len(sizes) < need or any(n <= 0 for n in sizes) or any(a >= b for a, b in itertools.pairwise(sizes)):
            raise DomainError(
                "sizes", sizes, f"at least {need} increasing positive integers", "the finite-size term needs two sizes"
            )
        return sizes

    def looks_at(self, sizes: tuple[int, ...], looks: int) -> list[tuple[int, ...]]:
        """Cumulative numbers of replicates at each size, look by look."""
        first = self.first_look or tuple(max(16, math.ceil(64 * sizes[0] / n)) for n in sizes)
        if len(first) != len(sizes) or any(r < 2 for r in first):
            raise DomainError("first_look", first, f"{len(sizes)} integers >= 2", "one for each size")
        return [tuple(int(r) << look for r in first) for look in range(looks)]

    def statistics_at(self, law: str) -> tuple[Statistic, ...]:
        """Statistics whose claim covers an entry law."""
        return tuple(s for s in self.statistics if s.laws is None or law in s.laws)


@dataclass(frozen=True)
class Batch:
    """Replicates ``first, ..., first + count - 1`` of one cell (point, size, law)."""

    theorem: str
    point: Point
    size: int
    law: str
    seed: int
    first: int
    count: int

    @property
    def key(self) -> str:
        return point_key(self.point)

    def __str__(self) -> str:
        return f"{self.theorem} ({self.key or 'default'}; size {self.size}, law {self.law}, seed {self.seed})"


@dataclass(frozen=True)
class BatchResult:
    """Outputs of a batch: one row for each replicate, one column for each name."""

    columns: tuple[str, ...]
    values: np.ndarray
    seconds: float = 0.0


def _flatten(output: Mapping[str, Any], where: str) -> tuple[tuple[str, ...], list[float]]:
    if not isinstance(output, Mapping):
        raise ReplicateError(f"{where} returned {output!r}; return a dict from names to floats")
    names: list[str] = []
    row: list[float] = []
    for name, value in output.items():
        array = np.asarray(value)
        if array.ndim > 1 or array.dtype.kind not in "fiub":
            raise ReplicateError(
                f"output '{name}' of {where} is {array.dtype} of shape {array.shape}; "
                "return real floats or short 1-d arrays (split complex numbers into re and im)"
            )
        names += [name] if array.ndim == 0 else [f"{name}[{i}]" for i in range(array.size)]
        row += [float(v) for v in array.ravel()]
    bad = [n for n, v in zip(names, row, strict=True) if not math.isfinite(v)]
    if bad:
        raise ReplicateError(f"output '{bad[0]}' of {where} is not finite; the statistic needs a domain or a guard")
    return tuple(names), row


@functools.lru_cache(maxsize=1)
def _libraries(loaded: int) -> Any:
    """Controller of the BLAS libraries in this process; looked for again whenever modules have been loaded."""
    import scipy.linalg  # noqa: F401  (its BLAS must be there before it can be limited)
    from threadpoolctl import ThreadpoolController

    return ThreadpoolController()


def run_batch(replicate: Replicate, batch: Batch) -> BatchResult:
    """Run the replicates of a batch, each from its own seed, with one BLAS thread.

    One thread, because the order of the sums inside a multithreaded product depends on the number of cores.
    """
    start = time.perf_counter()
    key = batch.key
    columns: tuple[str, ...] | None = None
    rows: list[list[float]] = []
    for index in range(batch.first, batch.first + batch.count):
        where = f"replicate {index} of {batch}"
        loaded = -1
        while loaded != len(sys.modules):  # a replicate that loads a library runs again with that library limited
            _libraries(len(sys.modules))
            loaded = len(sys.modules)
            with _libraries(loaded).limit(limits=1):
                rng = generator(batch.seed, batch.theorem, key, batch.size, batch.law, index)
                try:
                    output = replicate(rng, batch.size, batch.point, batch.law)
                except (RmtsymError, KeyboardInterrupt):
                    raise
                except Exception as error:
                    raise ReplicateError(f"{where} failed: {type(error).__name__}: {error}") from error
        names, row = _flatten(output, where)
        if columns is None:
            columns = names
        elif names != columns:
            raise ReplicateError(f"{where} returned {list(output)}, not the outputs of the replicate before it")
        rows.append(row)
    return BatchResult(columns or (), np.array(rows, dtype=float), time.perf_counter() - start)
