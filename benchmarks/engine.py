"""Time to derive the five examples of auto-fpt from their matrix expressions, against the time to import sympy.

Each example runs in a fresh process that first imports sympy, so both times are cold and from one run:

    python benchmarks/engine.py [rounds]
"""

from __future__ import annotations

import json
import statistics
import subprocess
import sys

WORKER = """
import json, sys, time
start = time.perf_counter()
import sympy
imported = time.perf_counter() - start
import rmtsym.equivalent as engine
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse

names = "phi psi lam zeta beta p1 p2 s th s1 s2"
phi, psi, lam, zeta, beta, p1, p2, s, th, s1, s2 = sympy.symbols(names, positive=True)
n = Space("n")


def marchenko_pastur():
    Z = Gaussian("Z", n, Space("d", phi))
    return {"trace": inverse(Z.T @ Z + lam)}


def anisotropic():
    d = Space("d", phi, letters=(s,))
    X = Gaussian("Z", n, d) @ Deterministic(s, d)
    return {"trace": inverse(X.T @ X + lam)}


def subordination():
    d = Space("d", phi, letters=(s1, s2))
    X1 = Gaussian("Z1", Space("n1", p1), d) @ Deterministic(s1, d)
    X2 = Gaussian("Z2", Space("n2", p2), d) @ Deterministic(s2, d)
    return {"trace": inverse(X1.T @ X1 + X2.T @ X2 + lam)}


def ridge_error():
    d = Space("d", phi, letters=(s, th))
    X = Gaussian("Z", n, d) @ Deterministic(s, d)
    Q, Sigma = inverse(X.T @ X + lam), Deterministic(s**2, d)
    return {"bias": Q @ Deterministic(th, d) @ Q @ Sigma, "variance": Q @ X.T @ X @ Q @ Sigma}


def random_features():
    d, m = Space("d", phi), Space("m", phi / psi)
    X, W = Gaussian("X", d, n, 1 / phi), Gaussian("W", m, d, zeta * psi / phi)
    F = W @ X + Gaussian("Theta", m, n, beta * psi / phi)
    K = inverse(F.T @ F + lam)
    return {"tau1": K, "tau2": X.T @ X @ K}


models = globals()[sys.argv[1]]()
start = time.perf_counter()
result = engine.deterministic_equivalent(models)
derived = time.perf_counter() - start
print(json.dumps([imported, derived, len(result.unknowns)]))
"""

EXAMPLES = ("marchenko_pastur", "anisotropic", "subordination", "ridge_error", "random_features")


def run(name: str) -> tuple[float, float, int]:
    """Seconds to import sympy, seconds to derive, number of unknowns."""
    done = subprocess.run([sys.executable, "-c", WORKER, name], capture_output=True, text=True, check=True)
    return tuple(json.loads(done.stdout))  # type: ignore[return-value]


def main(rounds: int = 3) -> None:
    found: dict[str, list[tuple[float, float, int]]] = {name: [] for name in EXAMPLES}
    for _ in range(rounds):  # interleaved, so that a busy machine slows all alike
        for name in EXAMPLES:
            found[name].append(run(name))
    print(f"{'example':20} {'import sympy':>12} {'derive':>9} {'ratio':>7} {'worst':>7} {'unknowns':>9}")
    for name, rows in found.items():
        ratios = [derived / imported for imported, derived, _ in rows]
        imported, derived = (statistics.median(x) for x in list(zip(*rows, strict=True))[:2])
        print(
            f"{name:20} {imported:10.3f} s {derived:7.3f} s {statistics.median(ratios):7.2f} {max(ratios):7.2f}"
            f" {rows[0][2]:9d}"
        )


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 3)
