r"""Sampling with replacement on small cases, exactly: every vector of counts with its multinomial probability.

.. math::  E\tilde Q=H^{-1}+\tfrac1m\big(H^{-1}A^\top\mathrm{diag}(\ell_i/\pi_i)AH^{-1}
           -H^{-1}A^\top AH^{-1}A^\top AH^{-1}\big)+O(m^{-2})\qquad(n,d\text{ fixed}).
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from flint import fmpq, fmpq_mat

__all__ = ["Case", "coherent", "counts"]


def counts(m: int, pi: Sequence[Fraction]) -> Iterator[tuple[tuple[int, ...], Fraction]]:
    """Vectors of counts of ``m`` draws, and their probabilities.

    >>> [(b, str(p)) for b, p in counts(2, (Fraction(1, 3), Fraction(2, 3)))]
    [((0, 2), '4/9'), ((1, 1), '4/9'), ((2, 0), '1/9')]
    """
    if len(pi) == 1:
        yield (m,), pi[0] ** m
        return
    for first in range(m + 1):
        weight = math.comb(m, first) * pi[0] ** first
        for rest, probability in counts(m - first, pi[1:]):
            yield (first, *rest), weight * probability


@dataclass(frozen=True)
class Case:
    """A small matrix with rational entries, a ridge ``C = lam I`` and sampling probabilities."""

    rows: tuple[tuple[int, ...], ...]
    lam: Fraction
    pi: tuple[Fraction, ...]

    @property
    def A(self) -> fmpq_mat:
        return fmpq_mat([list(row) for row in self.rows])

    def weighted(self, weights: Sequence[Fraction]) -> fmpq_mat:
        """A' diag(weights) A."""
        scaled = fmpq_mat([[_q(w) * x for x in row] for w, row in zip(weights, self.rows, strict=True)])
        return self.A.transpose() * scaled

    @property
    def ridge(self) -> fmpq_mat:
        d = len(self.rows[0])
        return fmpq_mat([[_q(self.lam) if i == j else fmpq(0) for j in range(d)] for i in range(d)])

    @property
    def H(self) -> fmpq_mat:
        return self.weighted([Fraction(1)] * len(self.rows)) + self.ridge

    @property
    def leverage(self) -> list[Fraction]:
        """Leverage scores of the rows, given the ridge."""
        K = self.A * self.H.inv() * self.A.transpose()
        return [Fraction(int(K[i, i].p), int(K[i, i].q)) for i in range(len(self.rows))]

    def mean(self, m: int, weights: Sequence[Fraction] | None = None) -> fmpq_mat:
        """E (A'S'SA + C)^{-1}, every vector of counts visited."""
        weights = weights or [Fraction(1)] * len(self.pi)
        total = self.H * 0
        for b, probability in counts(m, self.pi):
            gram = self.weighted([w * k / (m * p) for w, k, p in zip(weights, b, self.pi, strict=True)])
            total += (gram + self.ridge).inv() * _q(probability)
        return total

    def fluctuation(self, m: int) -> fmpq_mat:
        """m E X H^{-1} X for X = A'S'SA - A'A, every vector of counts visited."""
        inverse, total = self.H.inv(), self.H * 0
        for b, probability in counts(m, self.pi):
            X = self.weighted([Fraction(k) / (m * p) - 1 for k, p in zip(b, self.pi, strict=True)])
            total += X * inverse * X * _q(m * probability)
        return total

    def variance(self, total: bool = True) -> fmpq_mat:
        """A' diag(l/pi) A, less A'A H^{-1} A'A (the fluctuation of the total)."""
        single = self.weighted([x / p for x, p in zip(self.leverage, self.pi, strict=True)])
        plain = self.H - self.ridge
        return single - plain * self.H.inv() * plain if total else single

    def remainder(self, m: int, order: int = 1, total: bool = True) -> float:
        """Largest entry of E Q~ less the expansion up to 1/m (or, for ``order`` 0, less H^{-1} alone)."""
        return self.distance(m, None, self.variance(total) if order else self.H * 0)

    def distance(self, m: int, weights: Sequence[Fraction] | None, middle: fmpq_mat) -> float:
        """Largest entry of E Q~ - H^{-1} - H^{-1} (middle) H^{-1} / m."""
        inverse = self.H.inv()
        gap = self.mean(m, weights) - inverse - inverse * middle * inverse * _q(Fraction(1, m))
        return max(abs(float(Fraction(int(x.p), int(x.q)))) for x in gap.entries())


def _q(x: Fraction) -> fmpq:
    return fmpq(x.numerator, x.denominator)


def coherent(m: int, d: int) -> float:
    r"""Mean of :math:`\frac1d\mathrm{tr}H\tilde Q` for repeated basis vectors, given that each of them is drawn.

    .. math:: \frac1{1-(1-1/d)^m}\sum_{b\ge1}\frac m{db}\binom mb d^{-b}(1-1/d)^{m-b}

    >>> round(coherent(400, 20), 6)
    1.052988
    """
    from scipy.stats import binom

    b = np.arange(1, min(m, int(m / d + 40 * math.sqrt(m / d)) + 40) + 1)
    share = binom.pmf(b, m, 1 / d)
    return float(np.sum(m / (d * b) * share) / np.sum(share))
