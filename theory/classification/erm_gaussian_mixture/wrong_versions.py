"""Classification with a convex loss: known wrong versions."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import root
from scipy.special import ndtr

from rmtsym.field.average import Average
from rmtsym.field.bound import Bound
from rmtsym.risk import Loss, LossMean, Score, ScoreMean, margin_loss, prox
from theory.classification.erm_gaussian_mixture.statement import (
    M,
    R,
    c,
    delta,
    ef2,
    eta,
    nu,
    s,
    score,
    sigma,
    tail,
    theorem,
    theta,
)


def _means_of(other: Score) -> dict[Any, sp.Eq]:
    return {eta: sp.Eq(eta, ScoreMean(other, 1)), theta: sp.Eq(theta, -ScoreMean(other, 1, 1) / sigma),
            ef2: sp.Eq(ef2, ScoreMean(other, 2))}  # fmt: skip


def _solved(scores: Callable[..., tuple[np.ndarray, np.ndarray]]) -> Callable[..., dict[str, float]]:
    """The system with other scores and curvatures of loss, step and r, solved by itself from the right root."""

    def values(loss, s, w, mass, c, gamma, M, sigma, delta) -> dict[str, float]:
        found, spectrum, share, mean = margin_loss(loss), *(np.array(v, dtype=float) for v in (s, w, mass))
        z = np.linspace(-9, 9, 2001)
        normal = np.exp(-z * z / 2) / np.sum(np.exp(-z * z / 2))

        def gap(logs: np.ndarray) -> list[float]:
            m, spread, step = np.exp(logs)
            f, bend = scores(found, step, m + spread * z)
            inverse = 1 / (normal @ bend * spectrum + float(gamma))
            pull = normal @ f
            forms = pull**2 * (mean * spectrum) @ inverse**2
            forms += normal @ f**2 * float(c) * share @ (spectrum * inverse) ** 2
            new = pull * mean @ inverse, math.sqrt(forms), float(c) * share @ (spectrum * inverse)
            return list(np.log(np.maximum(new, 1e-300)) - logs)

        m, spread, step = np.exp(root(gap, np.log([float(M), float(sigma), float(delta)])).x)
        at_zero = float(found.slope(-1e-12))
        errors = {"test_err": ndtr(-m / spread), "train_err": ndtr((step * at_zero - m) / spread)}
        return {name: float(v) for name, v in {"M": m, "sigma": spread, "delta": step, **errors}.items()}

    return values


def _undamped(loss: Loss, step: float, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    x = prox(loss, step, r)
    return -loss.slope(x), loss.second(x)


def _at_r(loss: Loss, step: float, r: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    return -loss.slope(r), loss.second(r) / (1 + step * loss.second(r))


def _drawn(loss, s, w, mass, c, gamma, M, sigma, delta) -> dict[str, float]:
    """Plain iteration with a thousand draws of Z, until the least of three increments is small; for smooth losses."""
    if margin_loss(loss).breakpoints:
        return {}
    found, spectrum, share, mean = margin_loss(loss), *(np.array(v, dtype=float) for v in (s, w, mass))
    z, now = np.random.default_rng(0).standard_normal(1000), np.array([float(M), float(sigma), float(delta)])
    for _ in range(1000):
        m, spread, step = now
        x = prox(found, step, m + spread * z)
        f, bend = -found.slope(x), found.second(x)
        for _ in range(100):
            step = float(c) * share @ (spectrum / (np.mean(bend / (1 + step * bend)) * spectrum + float(gamma)))
        inverse = 1 / (-np.mean(f * z) / spread * spectrum + float(gamma))
        forms = f.mean() ** 2 * (mean * spectrum) @ inverse**2
        forms += np.mean(f**2) * float(c) * share @ (spectrum * inverse) ** 2
        before, now = now, np.array([f.mean() * mean @ inverse, math.sqrt(forms), step])
        if np.abs(now - before).min() < 1e-6:
            break
    m, spread, step = now
    errors = {"test_err": ndtr(-m / spread), "train_err": ndtr((step * found.slope(-1e-12) - m) / spread)}
    return {name: float(v) for name, v in {"M": m, "sigma": spread, "delta": step, **errors}.items()}


theorem.mutant(
    "means over a thousand draws, stopped at the least of three increments", values=_drawn,
    source="RMT4ML, section 6.1 (empirical_risk_min)",
)  # fmt: skip
theorem.mutant("curvature not damped: theta = E L''", values=_solved(_undamped))
theorem.mutant("slopes at r, not at the proximal point", values=_solved(_at_r))
_plain = Score(Bound("loss"), sp.Rational(1, 10**9), M, sigma)
theorem.mutant("no proximal operator: scores and curvature of r", equations=_means_of(_plain))
theorem.mutant("squared mean for the mean square", equations={ef2: sp.Eq(ef2, ScoreMean(score, 1) ** 2)})
theorem.mutant("no part of the mean in the variance",
               equations={sigma: sp.Eq(sigma**2, ef2 * c * Average(s**2 * R**2, nu))})  # fmt: skip
theorem.mutant("penalty without the factor 1/2", parameters={"gamma": lambda gamma: 2 * gamma})
theorem.mutant("trace without the covariance", equations={delta: sp.Eq(delta, c * Average(R, nu))})
theorem.mutant("training error taken for the test error", outputs={"train_err": tail(M / sigma)})
theorem.mutant("training loss taken at new samples", outputs={"train_loss": LossMean(_plain)})
theorem.mutant("no leave-one-out: the step of p = 0", equations={delta: sp.Eq(delta, c * Average(s * R, nu) / 10**6)})
