"""Free and Haar-rotated letters: free convolutions of arbitrary measures."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.matrix import Deterministic, Free, Gaussian, Haar, Space, Wigner, inverse

a, b, t = sp.symbols("a b t", real=True)
m, z = sp.symbols("m z")
lam = sp.Symbol("lam", positive=True)
n = Space("n", letters=(a,))
A, X = Deterministic(a, n), Free("X", n, SpectralMeasure("mu", t))
SIGNS = {"n": Atoms([F(1, 2)] * 2, a=[1, -1]), "mu": Atoms([F(1, 2)] * 2, t=[1, -1])}
STEPS = {"n": Atoms([F(1, 2)] * 2, a=[1, 2]), "mu": Atoms([F(1, 2)] * 2, t=[1, 3])}


def test_two_free_signs_are_arcsine():
    equivalent = deterministic_equivalent(inverse(A + X - z))
    assert sp.expand(equivalent.curve(measures=SIGNS).as_expr()) in (
        sp.expand(m**2 * (z**2 - 4) - 1),
        sp.expand(1 - m**2 * (z**2 - 4)),
    )
    value = complex(equivalent.solve({"z": 1 + 1j, **SIGNS})["trace"])
    assert abs(value**2 * ((1 + 1j) ** 2 - 4) - 1) < 1e-12
    assert value.imag > 0


def test_haar_conjugation_is_the_free_letter():
    k = Space("n", letters=(a, b))
    U = Haar("U", k)
    rotated = deterministic_equivalent(inverse(Deterministic(a, k) + U @ Deterministic(b, k) @ U.T - z))
    both = Atoms([F(1, 4)] * 4, a=[1, 1, -1, -1], b=[1, -1, 1, -1])
    point = {"z": 0.3 + 0.7j}
    free = deterministic_equivalent(inverse(A + X - z))
    left = complex(rotated.solve({**point, "n": both})["trace"])
    right = complex(free.solve({**point, **SIGNS})["trace"])
    assert abs(left - right) < 1e-12


def test_free_semicircle_is_a_wigner_matrix():
    """A free letter with a fine quantile law of the semicircle behaves like a Wigner matrix."""
    count = 2000
    angles = (np.arange(count) + 0.5) * np.pi / count
    law = Atoms(
        list(2 / count * np.sin(angles) ** 2 / np.sum(2 / count * np.sin(angles) ** 2)), t=list(2 * np.cos(angles))
    )
    point = {"z": 0.5 + 0.5j, "n": STEPS["n"]}
    free = complex(deterministic_equivalent(inverse(A + X - z)).solve({**point, "mu": law})["trace"])
    wigner = complex(deterministic_equivalent(inverse(A + Wigner("H", n) - z)).solve(point)["trace"])
    assert abs(free - wigner) < 1e-9  # the midpoint rule in the angle converges geometrically


@pytest.mark.parametrize("kind", ["multiplicative", "anticommutator", "with noise"])
def test_against_the_unreduced_equation_and_random_matrices(kind):
    p = sp.Symbol("t", positive=True)
    Y = Free("Y", n, SpectralMeasure("mu", p))
    Z = Gaussian("Z", Space("k", 2), n, F(1, 2))
    expression, point = {
        "multiplicative": (inverse(A @ Y @ A + lam), {"lam": 0.5}),
        "anticommutator": (inverse(A @ X + X @ A - z), {"z": 1 + 1j}),
        "with noise": (inverse(A @ Y @ A + Z.T @ Z + lam), {"lam": 0.5}),
    }[kind]
    equivalent = deterministic_equivalent(expression)
    value = complex(equivalent.solve({**point, **STEPS})["trace"])
    assert abs(value - equivalent.reference({**point, **STEPS})) < 1e-10
    rng = np.random.default_rng(1)
    size, traces = 200, []
    first, second = np.diag(np.repeat([1.0, 2.0], size // 2)), np.diag(np.repeat([1.0, 3.0], size // 2))
    for _ in range(12):
        Q, R = np.linalg.qr(rng.standard_normal((size, size)))
        Q = Q * np.sign(np.diag(R))
        x = Q @ second @ Q.T
        w = rng.standard_normal((2 * size, size)) / np.sqrt(2 * size)
        body = {
            "multiplicative": first @ x @ first + 0.5 * np.eye(size),
            "anticommutator": first @ x + x @ first - (1 + 1j) * np.eye(size),
            "with noise": first @ x @ first + w.T @ w + 0.5 * np.eye(size),
        }[kind]
        traces.append(np.trace(np.linalg.inv(body)) / size)
    error = np.std(traces) / np.sqrt(len(traces))
    assert abs(np.mean(traces) - value) < 5 * error + 1 / size  # 1/N term of order one, of one normalised trace


def test_a_lone_haar_matrix_is_refused():
    U = Haar("U", n)
    with pytest.raises(UnsupportedModel, match="conjugation"):
        deterministic_equivalent(inverse(U @ A + A @ U.T - z))
