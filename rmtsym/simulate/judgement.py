"""Outcomes: what a run says about a theory, with the figures that make it checkable.

The simulation is summarised once, in moments; a theory (or a mutant of one) is judged on them in microseconds.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from rmtsym.errors import RmtsymError
from rmtsym.simulate.experiment import Statistic
from rmtsym.simulate.finite_size import Contrast, Fit, Moments, fit

__all__ = ["Levels", "Outcome", "Theory", "judge_statistic"]

#: Values of the theory by quantity, at a point and a size.
Theory = Callable[[Mapping[str, Any], int], Mapping[str, Any]]

#: Below this number of replicates at a size the standard error itself is not reliable enough for a verdict.
FEWEST = 8


@dataclass(frozen=True)
class Levels:
    """How false alarms are shared out.

    Parameters
    ----------
    family : float
        Probability of any false refutation in the whole family of tests (Bonferroni).
    tests : int
        Number of tests in the family: of the run, or of the whole suite.
    looks : int
        Looks at which a test may be made; each may spend ``1/looks`` of its level, so stopping early is not peeking.
    power : float
        Power at which the resolution is stated.
    """

    family: float = 1e-3
    tests: int = 1
    looks: int = 1
    power: float = 0.99

    @property
    def single(self) -> float:
        """Level of one test at one look."""
        return self.family / (max(self.tests, 1) * max(self.looks, 1))


@dataclass(frozen=True)
class Outcome:
    """What the run says about one claim.

    ``status`` is ``"ok"`` (compatible, and a relative deviation of ``resolution`` would have been refuted),
    ``"refuted"``, or ``"inconclusive"`` (not refuted, but without the required power).
    """

    statistic: str
    quantity: str
    point: str
    law: str
    status: str
    reason: str
    theory: float
    estimate: float
    se: float
    z: float
    p_value: float
    resolution: float
    required: float
    allowance: float
    coefficient: float
    coefficient_se: float
    exponent: float
    exponent_error: float
    claimed_exponent: float | None
    rate_z: float | None
    sizes: tuple[int, ...]
    counts: tuple[int, ...]
    means: tuple[float, ...]
    errors: tuple[float, ...]
    theories: tuple[float, ...]
    level: float
    gain: float | None = None
    cautions: tuple[str, ...] = ()
    expected_failure: bool = False

    @property
    def deviation(self) -> float:
        """Relative deviation of the extrapolated estimate from the theory."""
        return (self.estimate - self.theory) / abs(self.theory) if self.theory else math.inf

    def __str__(self) -> str:
        exponent = "-" if not math.isfinite(self.exponent) else f"{self.exponent:.2f} +- {self.exponent_error:.2f}"
        return (
            f"{self.status}: {self.statistic} at {self.point or 'default'} ({self.law}): theory {self.theory:.8g}, "
            f"simulation {self.estimate:.8g} +- {self.se:.2g}, z = {self.z:.1f}, "
            f"resolution {100 * self.resolution:.2g} %, exponent {exponent}"
            + (f"; {self.reason}" if self.reason else "")
        )


def _cautions(sizes: Sequence[int], moments: Sequence[Moments]) -> tuple[str, ...]:
    notes = []
    for n, m in zip(sizes, moments, strict=True):
        if m.count < 50:
            notes.append(f"only {m.count} replicates at size {n}: Student's law is used")
        if m.variance > 0 and m.count > 3 and m.fourth / m.variance**2 > 0.2 * m.count and m.count > 60:
            notes.append(f"heavy tails at size {n}: few replicates carry most of the variance")
    return tuple(notes)


def _status(
    statistic: Statistic, result: Fit, moments: Sequence[Moments], resolution: float, levels: Levels
) -> tuple[str, str]:
    main, rate, level = result.extrapolation, result.rate, levels.single
    if min(m.count for m in moments) < FEWEST:
        return "inconclusive", f"fewer than {FEWEST} replicates at some size"
    if main.rejects(level):
        return "refuted", _why(statistic, result)
    if rate is not None and rate.rejects(level):
        if statistic.exponent is None:
            return "refuted", f"the mean depends on the size (z = {rate.z:.1f}) although it is claimed exact"
        return "refuted", (
            f"the finite-size term does not fall like n^-{statistic.exponent:g} (z = {rate.z:.1f}; "
            f"fitted exponent {result.exponent:.2f} +- {result.exponent_error:.2f})"
        )
    if resolution > statistic.required:
        if math.isinf(resolution):
            return "inconclusive", "the theory is zero: declare the scale of the statistic"
        return "inconclusive", (
            f"no power: resolution {100 * resolution:.2g} %, required {100 * statistic.required:.2g} %"
        )
    return "ok", ""


def _why(statistic: Statistic, result: Fit) -> str:
    text = f"the extrapolated simulation deviates by {result.extrapolation.z:.1f} standard errors"
    claimed, found, error = statistic.exponent, result.exponent, result.exponent_error
    if claimed is not None and math.isfinite(error) and abs(found - claimed) > 4 * error:
        text += f"; towards this theory the exponent is {found:.2f} +- {error:.2f}, claimed {claimed:g}"
    return text


def judge_statistic(
    statistic: Statistic,
    sizes: Sequence[int],
    moments: Sequence[Moments],
    theory: Sequence[float],
    levels: Levels,
    *,
    name: str = "",
    quantity: str = "",
    point: str = "",
    law: str = "gauss",
    gain: float | None = None,
) -> Outcome:
    """Judge one statistic on its moments at each size.

    Parameters
    ----------
    theory : sequence of float
        Value of the theory at each size; the last one is shown and defines "relative".
    levels : Levels
        Level of the test and power at which the resolution is stated.

    Examples
    --------
    >>> import numpy as np
    >>> draws = [1 + 1 / n + np.linspace(-1, 1, 201) * 1e-3 for n in (100, 200)]
    >>> moments = [Moments.of(d) for d in draws]
    >>> judge_statistic(Statistic("m"), (100, 200), moments, (1.0, 1.0), Levels()).status
    'ok'
    >>> judge_statistic(Statistic("m"), (100, 200), moments, (1.01, 1.01), Levels()).status
    'refuted'
    """
    for value in theory:
        if not math.isfinite(value):
            raise RmtsymError(f"the theory of {quantity or statistic.quantity} at {point} is {value}, not a number")
    allowances: dict[str, Any] = {"curvature": statistic.curvature, "variation": statistic.variation}
    result = fit(sizes, moments, theory, statistic.exponent, scale=statistic.scale, **allowances)
    main: Contrast = result.extrapolation
    reference = abs(statistic.scale if statistic.scale is not None else theory[-1])
    detectable = main.detectable(levels.single, levels.power)
    resolution = detectable / reference if reference > 0 else math.inf
    status, reason = _status(statistic, result, moments, resolution, levels)
    expected_failure = law in statistic.fails
    if expected_failure and status != "inconclusive":
        failed = status == "refuted"
        status, reason = (
            ("ok", f"fails as documented: {reason}")
            if failed
            else ("refuted", f"documented to fail for {law} entries, but it holds within {100 * resolution:.2g} %")
        )
    return Outcome(
        statistic=name or statistic.name,
        quantity=quantity or statistic.quantity,
        point=point,
        law=law,
        status=status,
        reason=reason,
        theory=float(theory[-1]),
        estimate=float(theory[-1]) + main.value,
        se=main.se,
        z=main.z,
        p_value=main.p_value,
        resolution=resolution,
        required=statistic.required,
        allowance=main.allowance,
        coefficient=result.coefficient,
        coefficient_se=result.coefficient_se,
        exponent=result.exponent,
        exponent_error=result.exponent_error,
        claimed_exponent=statistic.exponent,
        rate_z=None if result.rate is None else result.rate.z,
        sizes=tuple(sizes),
        counts=tuple(m.count for m in moments),
        means=tuple(m.mean for m in moments),
        errors=tuple(m.se for m in moments),
        theories=tuple(float(t) for t in theory),
        level=levels.single,
        gain=gain,
        cautions=_cautions(sizes, moments),
        expected_failure=expected_failure,
    )
