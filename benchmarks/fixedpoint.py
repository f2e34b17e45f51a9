"""Cost of the generated solver, as ratios within one run (absolute times depend on the machine).

1. Density of a 3-atom sample covariance on 1000 points at imaginary part 1e-8, against the plain iteration that public
   notebooks use (stop rule on the increment, warm start from the neighbour), whose stop rule is tightened until it is
   as accurate as asked.
2. A 200-atom spectrum against the 3-atom one on the same grid, per atom.
3. Enclosure of one ridge point to 15 and 100 digits, against one floating-point solution.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown, enclose, solve

HEIGHT = 1e-8
RATIO = 0.1


def systems() -> tuple[FixedPointSystem, FixedPointSystem]:
    """Silverstein's equation and the ridge equation."""
    s, kappa, lam, c = sp.symbols("s kappa lam c", positive=True)
    m, z = sp.symbols("m z")
    nu = SpectralMeasure("nu", s)
    companion = FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, 1 / (-z + c * Average(s / (1 + s * m), nu))),))
    ridge = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu)),))
    return companion, ridge


def seconds(task: Callable[[], Any], repeat: int = 3) -> float:
    """Shortest of a few runs."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def plain_iteration(
    z: complex, s: np.ndarray, w: np.ndarray, m: complex, stop: float, limit: int
) -> tuple[complex, int]:
    """m <- 1/(-z + c E[s/(1+s m)]) until the increment is below ``stop``."""
    for count in range(1, limit + 1):
        new = 1 / (-z + RATIO * np.sum(w * s / (1 + s * m)))
        if abs(new - m) < stop:
            return new, count
        m = new
    return m, limit


def plain_density(
    x: np.ndarray, s: np.ndarray, w: np.ndarray, truth: np.ndarray, limit: int
) -> tuple[float, float, float]:
    """Seconds per point, largest error and share of points that ran into the iteration limit."""
    m, worst, stopped = -1 / (x[0] + 1j), 0.0, 0
    start = time.perf_counter()
    for i, point in enumerate(x):
        for stop in (1e-6, 1e-8, 1e-10, 1e-12):
            m, count = plain_iteration(point + 1j * HEIGHT, s, w, m, stop, limit)
            if abs(m - truth[i]) < 1e-6 * abs(truth[i]):
                break
        stopped += count == limit
        worst = max(worst, abs(m - truth[i]) / abs(truth[i]))
    return (time.perf_counter() - start) / len(x), worst, stopped / len(x)


def main() -> dict[str, float]:
    """Run all comparisons and print one line each."""
    companion, ridge = systems()
    three = Atoms([Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)], s=[1, 9, 25])
    many = Atoms([Fraction(1, 200)] * 200, s=[1 + Fraction(24 * k, 199) for k in range(200)])
    x = np.linspace(0.3, 36, 1000)
    point = {"z": x + 1j * HEIGHT, "c": RATIO, "nu": three}
    solve(companion, point)  # generation of the code is paid once
    ours = seconds(lambda: solve(companion, point)) / x.size
    found = solve(companion, point)
    sample = slice(None, None, 25)
    s, w = np.array([1.0, 9.0, 25.0]), np.array([0.5, 0.25, 0.25])
    plain, error, stopped = plain_density(x[sample], s, w, found["m"][sample], limit=20_000)
    wide = seconds(lambda: solve(companion, point | {"nu": many})) / x.size
    one = {"lam": Fraction(3, 10), "c": Fraction(1, 2), "nu": three}
    floating = seconds(lambda: solve(ridge, one))
    results = {
        "3 atoms, 1000 points, us per point": ours * 1e6,
        "largest residual": float(found.residual.max()),
        "plain iteration / ours (at least 50)": plain / ours,
        "largest relative error left by the plain iteration": error,
        "share of points where it ran into 20000 steps": stopped,
        "200 atoms / 3 atoms (wall)": wide / ours,
        "200 atoms / 3 atoms, per atom (at most 5)": wide / ours * 3 / 200,
        "enclosure to 15 digits / floating solution": seconds(lambda: enclose(ridge, one)) / floating,
        "enclosure to 100 digits / floating solution": seconds(lambda: enclose(ridge, one, 100)) / floating,
    }
    for name, value in results.items():
        print(f"{name:55s} {value:12.4g}")
    return results


if __name__ == "__main__":
    main()
