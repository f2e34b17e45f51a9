r"""Finite-size statistics: extrapolation in the size, with its error, its allowance and its power.

The mean of a statistic at size :math:`n` is modelled as :math:`\theta + C n^{-a} + D n^{-b}`, :math:`b=\min(2a,a+1)`.
Every test is a linear contrast :math:`\sum_k w_k \bar x_k` of the means at the simulated sizes:

* *extrapolation*: :math:`\sum w_k=1,\ \sum w_k n_k^{-a}=0` (Richardson for two sizes, least squares for more);
* *rate*: :math:`\sum v_k=0,\ \sum v_k n_k^{-a}=0` along :math:`\partial_a n^{-a}`: zero if the exponent is ``a``,
  whatever :math:`\theta` is.  It needs three sizes; with two, the extrapolation towards the theory is the rate test.

What the :math:`n^{-b}` term can contribute is bounded by an *allowance* ``B``, added to the error, never squared away.
The unknown ``D`` is bounded by :math:`C^2/\theta`, as in an expansion in powers of ``C/n``, with ``C`` at its upper
two-sigma bound and at least one (relative) unit.  Where the data are fixed and differ between sizes, ``C`` itself
differs by some :math:`C_k`, about which only a bound is known; it allows for :math:`\sum_k |w_k C_k| n_k^{-a}` more.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

__all__ = ["Contrast", "Fit", "Moments", "fit"]

#: A replicate is computed in double precision; its result is trusted to 12 digits (condition numbers up to 10**4).
ROUNDING = 2.0**-40


@dataclass(frozen=True)
class Moments:
    """Count, mean and central moments 2 (unbiased), 3, 4 of the replicates at one size."""

    count: int
    mean: float
    variance: float
    third: float = 0.0
    fourth: float = 0.0
    unit: float = 0.0  # natural size of the statistic: a mean of zero is known to ROUNDING * unit only

    @classmethod
    def of(cls, values: np.ndarray) -> Moments:
        """Moments of a sample.

        >>> Moments.of(np.array([1.0, 2.0, 3.0])).variance
        1.0
        """
        count, mean = len(values), float(np.mean(values))
        centred = values - mean
        variance = float(centred @ centred / (count - 1)) if count > 1 else math.inf
        return cls(count, mean, variance, float(np.mean(centred**3)), float(np.mean(centred**4)))

    @property
    def se(self) -> float:
        """Standard error of the mean, at least the rounding of the replicates."""
        return max(math.sqrt(self.variance / self.count), ROUNDING * max(abs(self.mean), self.unit), 1e-100)

    @property
    def spread(self) -> float:
        r"""Relative variance of the squared standard error, :math:`2/(R-1) + \max(\kappa_4, 0)/R`."""
        if self.count < 2 or self.variance <= 0:
            return 2.0 / max(self.count - 1, 1)
        excess = max(self.fourth / self.variance**2 - 3.0, 0.0)
        return 2.0 / (self.count - 1) + excess / self.count


@dataclass(frozen=True)
class Contrast:
    r"""A linear combination of means that is zero, up to ``allowance``, if the claim holds.

    Its error is judged by Student's law with the degrees of freedom of Satterthwaite, lowered for heavy tails by the
    measured kurtosis, and by the cubic transformation of Hall (1992, *On the removal of skewness by transformation*)
    for skewness; where the two disagree the one that refutes less is used.
    """

    value: float
    se: float
    df: float
    skew: float = 0.0
    allowance: float = 0.0

    @classmethod
    def of(cls, weights: np.ndarray, moments: Sequence[Moments], values: np.ndarray, allowance: float) -> Contrast:
        parts = np.array([(w * m.se) ** 2 for w, m in zip(weights, moments, strict=True)])
        total = float(parts.sum())
        spread = sum(v**2 * m.spread for v, m in zip(parts, moments, strict=True))
        df = 2.0 * total**2 / spread if spread > 0 else math.inf
        third = sum(w**3 * m.third / m.count**2 for w, m in zip(weights, moments, strict=True))
        return cls(float(weights @ values), math.sqrt(total), df, float(third) / total**1.5, allowance)

    @property
    def z(self) -> float:
        """Deviation beyond the allowance, in standard errors."""
        return math.copysign(max(abs(self.value) - self.allowance, 0.0) / self.se, self.value)

    def critical(self, level: float) -> tuple[float, float]:
        """Lower and upper critical values (both positive) of ``z`` for a two-sided test."""
        c = float(-stdtrit(self.df, level / 2)) if math.isfinite(self.df) else float(-ndtri(level / 2))
        return max(c, -self._untransform(-c)), max(c, self._untransform(c))

    def _untransform(self, c: float) -> float:
        g = self.skew
        if abs(g) < 1e-9:
            return c
        return 3.0 * (float(np.cbrt(1.0 + g * (c - g / 6.0))) - 1.0) / g

    def rejects(self, level: float) -> bool:
        """Whether the deviation exceeds allowance and noise at this level."""
        lower, upper = self.critical(level)
        return self.z > upper or self.z < -lower

    @property
    def p_value(self) -> float:
        """Two-sided p-value of ``z`` (after the transformation for skewness)."""
        t, g = self.z, self.skew
        if abs(g) >= 1e-9:
            hall = ((1.0 + g * t / 3.0) ** 3 - 1.0) / g + g / 6.0
            t = min(abs(t), max(math.copysign(1.0, t) * hall, 0.0))
        return 2.0 * float(stdtr(self.df, -abs(t)))

    def detectable(self, level: float, power: float) -> float:
        """Smallest true deviation that is refuted with the stated power, whatever the next-order term is."""
        quantile = float(stdtrit(self.df, power)) if math.isfinite(self.df) else float(ndtri(power))
        return 2.0 * self.allowance + (max(self.critical(level)) + quantile) * self.se


@dataclass(frozen=True)
class Fit:
    """Result of :func:`fit`: the tests, the finite-size coefficient, and the exponent of the deviation."""

    extrapolation: Contrast
    rate: Contrast | None
    coefficient: float
    coefficient_se: float
    exponent: float
    exponent_error: float


def _projection(
    design: np.ndarray, target: np.ndarray, errors: np.ndarray, bias: np.ndarray, uneven: np.ndarray | float = 0.0
) -> np.ndarray:
    """Weights with ``design' w = target`` of least noise (``errors``) plus squared systematic errors.

    The systematic error ``bias`` is common to all sizes up to its factor, ``uneven`` is free at each.
    """
    start, *_ = np.linalg.lstsq(design.T, target, rcond=None)
    free = np.linalg.qr(design, mode="complete")[0][:, design.shape[1] :]
    if free.shape[1] == 0:
        return start
    cost = np.vstack([np.diag(np.hypot(errors, uneven)), bias])
    cost /= np.abs(cost).max()
    shift, *_ = np.linalg.lstsq(cost @ free, -cost @ start, rcond=None)
    return start + free @ shift


def fit(
    sizes: Sequence[int],
    moments: Sequence[Moments],
    theory: Sequence[float],
    exponent: float | None,
    *,
    scale: float | None = None,
    curvature: float | None = None,
    variation: float = 0.0,
) -> Fit:
    r"""Test ``mean(n) = theory(n) + C n**-a`` on the moments at several sizes.

    Parameters
    ----------
    sizes, moments, theory : sequences of equal length
        ``theory`` may depend on the size (deterministic equivalents at finite dimensions).
    exponent : float or None
        Claimed ``a``; ``None`` claims that there is no finite-size term.
    scale : float, optional
        Natural size of the quantity, for the allowance; by default the largest mean in absolute value.
    curvature : float, optional
        Bound on ``|D|/scale`` in units of ``n**-b``, in place of the estimated one.
    variation : float
        Bound on ``|C_k - C|/scale`` in units of ``n**-a``, where ``C`` differs between the sizes.

    Examples
    --------
    >>> draws = [1 + 1 / n + np.linspace(-1, 1, 101) * 1e-4 for n in (100, 200)]
    >>> result = fit((100, 200), [Moments.of(d) for d in draws], (1.0, 1.0), 1.0)
    >>> abs(result.extrapolation.value) < 1e-12, round(result.coefficient, 6), round(result.exponent, 2)
    (True, 1.0, 1.0)
    """
    n = np.array(sizes, dtype=float) / sizes[0]
    moments = [replace(m, unit=abs(scale)) for m in moments] if scale is not None else moments
    deviations = np.array([m.mean for m in moments]) - np.array(theory, dtype=float)
    errors = np.array([m.se for m in moments])
    one = np.ones_like(n)
    size = max(abs(scale) if scale is not None else max(abs(m.mean) for m in moments), 1e-300)
    if exponent is None:
        pooled = Contrast.of(_projection(one[:, None], np.ones(1), errors, 0 * one), moments, deviations, 0.0)
        rate = None
        if len(n) > 1:  # is there a finite-size term after all?
            direction = _projection(np.column_stack([one, 1 / n]), np.array([0.0, 1.0]), errors, 0 * one)
            rate = Contrast.of(direction, moments, deviations, 0.0)
        return Fit(pooled, rate, 0.0, 0.0, math.nan, math.inf)

    slope = n**-exponent
    after = min(2 * exponent, exponent + 1)
    bend = n**-after
    design = np.column_stack([one, slope])
    lead = Contrast.of(_projection(design, np.array([0.0, 1.0]), errors, 0 * one), moments, deviations, 0.0)
    first = sizes[0] ** exponent  # coefficients of powers of n, from those of powers of n / n_1
    if curvature is None:
        relative = max((abs(lead.value) + 2 * lead.se) / size, 1.0 / first)
        next_term = size * relative**2 * (first**2 / sizes[0] ** after)
    else:
        next_term = size * curvature / sizes[0] ** after
    bias = bend * next_term
    uneven = size * variation / np.array(sizes, dtype=float) ** exponent

    def contrast(design: np.ndarray, target: np.ndarray) -> Contrast:
        weights = _projection(design, target, errors, bias, uneven)
        return Contrast.of(weights, moments, deviations, float(abs(weights @ bias) + np.abs(weights) @ uneven))

    extrapolation = contrast(design, np.array([1.0, 0.0]))
    rate = None
    if len(n) > 2:
        turn = np.column_stack([one, slope, slope * np.log(n)])
        rate = contrast(turn, np.array([0.0, 0.0, 1.0]))
    exponent_fit, exponent_error = _exponent(n, deviations, np.hypot(errors, uneven), bias)
    return Fit(extrapolation, rate, lead.value * first, lead.se * first, exponent_fit, exponent_error)


def _exponent(n: np.ndarray, deviations: np.ndarray, errors: np.ndarray, bias: np.ndarray) -> tuple[float, float]:
    """Exponent of ``deviation = C n**-a`` and its one-sigma error; infinite if the data do not determine it."""
    unit = float(errors.max())
    precision = np.diag((unit / errors) ** 2)
    with np.errstate(over="ignore", invalid="ignore"):  # theory of a wrong version may be astronomic
        along = precision @ (bias / unit)
        precision -= np.outer(along, along) / (1.0 + along @ bias / unit)
    grid = np.linspace(-0.5, 4.0, 901)
    basis = n[None, :] ** -grid[:, None]
    projected = basis @ precision
    length = np.einsum("ij,ij->i", projected, basis)
    if not (length > 0).all():
        return math.nan, math.inf  # rounding: there is no deviation to speak of
    misfit = (deviations @ precision @ deviations - (projected @ deviations) ** 2 / length) / unit**2
    best = int(np.argmin(misfit))
    inside = np.flatnonzero(misfit <= misfit[best] + 1.0)
    if inside[0] == 0 or inside[-1] == len(grid) - 1:
        return math.nan, math.inf
    return float(grid[best]), float(grid[inside[-1]] - grid[inside[0]]) / 2
