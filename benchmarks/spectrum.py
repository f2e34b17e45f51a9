"""Cost of spectral laws, as ratios within one run (absolute times depend on the machine).

1. Enclosed edges of a 4-atom sample covariance against 100 points of its density, by the generated solver and by the
   law's own inverse map.
2. The same edges from the discriminant of the curve.
3. Enclosed log-determinant against the quadrature that does not enclose.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown, solve
from rmtsym.spectrum import SampleCovariance, log_determinant

POPULATION = [1, 3, 7, 20]
RATIO = "1/10"


def seconds(task: Callable[[], Any], repeat: int = 5) -> float:
    """Shortest of a few runs."""
    times = []
    for _ in range(repeat):
        start = time.perf_counter()
        task()
        times.append(time.perf_counter() - start)
    return min(times)


def law() -> SampleCovariance:
    """A fresh law: nothing computed yet."""
    return SampleCovariance(RATIO, POPULATION)


def main() -> dict[str, float]:
    """Run, print and return the table."""
    s = sp.Symbol("s", positive=True)
    m, z, c = sp.symbols("m z c")
    silverstein = sp.Eq(m, 1 / (-z + c * Average(s / (1 + s * m), SpectralMeasure("nu", s))))
    system = FixedPointSystem((Unknown(m, "herglotz"),), (silverstein,))
    x = np.linspace(0.6, 30, 100)
    point = {"z": x + 1e-8j, "c": 0.1, "nu": Atoms([0.25] * 4, s=POPULATION)}
    solve(system, point)  # generation of the code is paid once
    solver = seconds(lambda: solve(system, point))
    edges = seconds(lambda: law().edges)
    known = law()
    assert len(known.edges) == 8  # the support is paid for above
    density = seconds(lambda: known.density(x))
    results = {
        "edges, 4 atoms, ms": edges * 1e3,
        "edges / 100 density points, generated solver (below 1)": edges / solver,
        "edges / 100 density points, the law's own": edges / density,
        "edges of the curve / edges of the inverse map": seconds(lambda: law().algebraic().edges, 2) / edges,
        "enclosed log-determinant, s": seconds(lambda: log_determinant(law().algebraic()), 1),
    }
    for name, value in results.items():
        print(f"{name:55s} {value:12.4g}")
    return results


if __name__ == "__main__":
    main()
