"""Estimates of distances from the eigenvalues of the quotient, or of the product, of two sample covariances."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

STEP, REACH = 0.5, 30.0  # trapezoidal rule in log sigma: the integrands are analytic for |Im log sigma| < pi


def _grid(reach: float = REACH) -> np.ndarray:
    return np.arange(-reach, reach + STEP / 2, STEP)


def on_the_axis(values: np.ndarray, sigma: np.ndarray, c1: float, c2: float) -> tuple[np.ndarray, np.ndarray]:
    """rho and 1 + q at -sigma: rho (1 + c1 q) = 1 - c2 - c2 q, -q being the mean of rho sigma/(values + rho sigma)."""
    rho = np.full(sigma.shape, 1.0)
    for _ in range(60):
        part = values / (values + (rho * sigma)[:, None])  # 1 less rho sigma/(values + rho sigma)
        rest = part.mean(axis=1)
        slope = (part * (1 - part)).mean(axis=1) / rho  # -d rest/d rho
        gap = rho * (1 - c1 + c1 * rest) - 1 + c2 * rest
        step = gap / (1 - c1 + c1 * rest - (c1 * rho + c2) * slope)
        rho = np.clip(rho - step, 1 - c2, 1 / (1 - c1))
        if np.max(np.abs(step)) < 1e-13:
            break
    return rho, (values / (values + (rho * sigma)[:, None])).mean(axis=1)


def closed_forms(values: np.ndarray, n1: int, n2: int) -> dict[str, float]:
    """From the eigenvalues of the quotient: means of t, log t and log(1 + t), and the plug-in values."""
    p = len(values)
    c1, c2 = p / n1, p / n2
    total = c1 + c2 - c1 * c2
    naive_t, naive_log = float(np.mean(values)), float(np.mean(np.log(values)))
    rho = float(on_the_axis(values, np.ones(1), c1, c2)[0][0])
    log1p = total / (c1 * c2) * np.log(total / (1 - c1) / (c2 + c1 * rho)) + np.log((1 - c1) * rho) / c2
    return {
        "t": (1 - c1) * naive_t,
        "log": naive_log - float((1 - c1) / c1 * np.log(1 - c1) - (1 - c2) / c2 * np.log(1 - c2)),
        "log1p": float(log1p + np.mean(np.log(values / rho + 1))),
        "naive_t": naive_t,
        "naive_log": naive_log,
    }


def of_quotient(values: np.ndarray, n1: int, n2: int) -> dict[str, float]:
    """The same, and distances: that of Fisher is an integral over log sigma."""
    found, p, grid = closed_forms(values, n1, n2), len(values), _grid()
    rest = on_the_axis(values, np.exp(grid), p / n1, p / n2)[1]
    return {
        **found,
        "fisher": float(2 * STEP * np.sum(grid * (rest - 1 / (1 + np.exp(grid))))),
        "kl": (found["t"] - found["log"] - 1) / 2,
        "bhatt": -found["log"] / 4 + found["log1p"] / 2 - float(np.log(2)) / 2,
    }


def of_product(values: np.ndarray, n1: int, n2: int) -> float:
    """Estimate of the mean root of the eigenvalues of C1 C2 from those of the product of the sample covariances."""
    p = len(values)
    c1, c2 = p / n1, p / n2
    grid = _grid(2 * REACH)
    sigma, ratio = np.exp(grid), np.full(grid.shape, 1.0)  # x = ratio sigma
    for _ in range(60):
        part = values / (values + (ratio * sigma)[:, None])
        rest = part.mean(axis=1)
        first, second = 1 - c1 * rest, 1 - c2 * rest
        slope = -(part * (1 - part)).mean(axis=1) / ratio  # of rest in ratio
        step = (ratio - first * second) / (1 + slope * (c1 * second + c2 * first))
        ratio = np.clip(ratio - step, (1 - c1) * (1 - c2), 1.0)
        if np.max(np.abs(step)) < 1e-13:
            break
    rest = (values / (values + (ratio * sigma)[:, None])).mean(axis=1)
    return float(STEP / np.pi * np.sum(np.exp(grid / 2) * rest))


def equal_sizes(values: np.ndarray, n: int) -> float:
    """The same for n1 = n2 = n: 2 n/p times the sum of the roots of the eigenvalues less those of zeta."""
    root = np.sqrt(values / n)
    zeta = np.linalg.eigvalsh(np.diag(values) - np.outer(root, root))
    return float(2 * n / len(values) * np.sum(np.sqrt(values) - np.sqrt(np.maximum(zeta, 0))))


def by_contour(values: np.ndarray, n1: int, n2: int, function: Callable[[Any], Any], count: int = 3000) -> float:
    """As published: an integral around the eigenvalues of the quotient, on an ellipse in the plane of log z."""
    p = len(values)
    c1, c2 = p / n1, p / n2
    low = np.min(values) * (1 - c1) * (1 - c2) / 4
    middle, half = np.log(np.max(values) * 4 * low) / 2, np.log(np.max(values) * 4 / low) / 2
    turn = 2 * np.pi * (np.arange(count) + 0.5) / count
    z = np.exp(middle + half * np.cos(turn) + 1j * 2.0 * np.sin(turn))
    dz = z * (-half * np.sin(turn) + 1j * 2.0 * np.cos(turn)) * 2 * np.pi / count
    one, two = (np.mean(1 / (values - z[:, None]) ** k, axis=1) for k in (1, 2))
    phi, psi = z + c1 * z**2 * one, 1 - c2 - c2 * z * one
    dphi, dpsi = 1 + 2 * c1 * z * one + c1 * z**2 * two, -c2 * one - c2 * z * two
    integral = np.sum(function(phi / psi) * (dphi / phi - dpsi / psi) * psi * dz) / (2j * np.pi * c2)
    return float(integral.real)


def fisher_series(values: np.ndarray, n1: int, n2: int, excess: int | None = None) -> float:
    """Closed form for log^2 as published, exact up to terms of order 1/p; ``excess`` stands for n1 - p."""
    p = len(values)
    c1, c2 = p / n1, p / n2
    lam = np.sort(values)
    root = np.sqrt(lam)
    eta = np.linalg.eigvalsh(np.diag(lam) + np.outer(root, root) / (n1 - p if excess is None else excess))
    zeta = np.linalg.eigvalsh(np.diag(lam) - np.outer(root, root) / n2)
    ratio = lam[:, None] / lam
    gaps = lam[:, None] - lam + np.eye(p)
    M = (ratio - 1 - np.log(ratio)) / gaps**2 + np.diag(1 / (2 * lam**2))
    N = np.log(ratio) / gaps + np.diag(1 / lam)
    logs = np.log((1 - c1) * lam)
    total = (c1 + c2 - c1 * c2) / (c1 * c2)
    value = 2 * total * ((eta - zeta) @ M @ (eta - lam) + (eta - lam) @ (logs / lam))
    value += np.mean(logs**2) - 2 / p * np.sum((eta - zeta) @ N)
    return float(value - 2 * (1 - c2) / c2 * (np.log((1 - c1) * (1 - c2)) ** 2 / 2 + (eta - zeta) @ (logs / lam)))
