"""Entrywise kernel matrices."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.kernel import KernelMatrix

aa, ab, bb = sp.symbols("aa ab bb", positive=True)
p, T, S = sp.symbols("p T S", integer=True, positive=True)
X, Y = sp.MatrixSymbol("X", p, T), sp.MatrixSymbol("Y", p, S)
cosine = ab / sp.sqrt(aa * bb)
RELU = sp.sqrt(aa * bb) / (2 * sp.pi) * (cosine * sp.acos(-cosine) + sp.sqrt(1 - cosine**2))


def data() -> dict:
    rng = np.random.default_rng(0)
    left, right = rng.standard_normal((6, 9)), rng.standard_normal((6, 4))
    right[:, 0], right[:, 1] = left[:, 2], -3 * left[:, 3]  # parallel and opposite columns: the ends of acos
    return {"X": left, "Y": right}


def test_relu_kernel_against_quadrature_in_the_plane():
    env = data()
    table = evaluate(KernelMatrix(RELU, (aa, ab, bb), X, Y), env)
    angle = (np.arange(200_000) + 0.5) / 200_000 * 2 * np.pi
    for i, j in [(0, 2), (2, 0), (3, 1), (5, 3)]:
        a, b = env["X"][:, i], env["Y"][:, j]
        basis = np.linalg.qr(np.stack([a, b, *np.eye(6)[:0]], 1))[0]
        u, v = basis.T @ a, basis.T @ b
        w = np.stack([np.cos(angle), np.sin(angle)])
        # E[relu relu] = E[rho^2] / (2 pi) * integral over the circle, E[rho^2] = 2
        circle = 2 * np.mean(np.maximum(u @ w, 0) * np.maximum(v @ w, 0))
        assert table[i, j] == pytest.approx(circle, abs=1e-8)


def test_balls_contain_floats_and_survive_the_ends():
    env = data()
    K, C = (KernelMatrix(RELU, (aa, ab, bb), X, Z) for Z in (X, Y))
    floats, balls = evaluate([K, C], env), evaluate([K, C], env, BALL(100))
    for plain, ball in zip(floats, balls, strict=True):
        for value, entry in zip(plain.ravel(), ball.entries(), strict=True):
            assert entry.is_finite() and abs(float(entry.mid()) - value) < 1e-7
    own = [float(x) for x in (env["X"] ** 2).sum(0) / 2]
    assert np.allclose(np.diag(floats[0]), own, rtol=1e-14)
    assert max(float(balls[0][i, i].rad()) for i in range(9)) < 1e-25


def test_symmetry_shape_and_latex():
    K, C = (KernelMatrix(RELU, (aa, ab, bb), X, Z) for Z in (X, Y))
    assert K.T == K and C.T.shape == (S, T) and C.shape == (T, S)
    assert K.diagonal == aa / 2
    assert "_{X, Y}" in sp.latex(C)
    assert C.free_symbols >= {X, Y} and not C.free_symbols & {aa, ab, bb}


def test_inside_traces():
    env = data() | {"g": 0.3}
    K = KernelMatrix(sp.exp(ab), (aa, ab, bb), X, X)
    gram = np.exp(env["X"].T @ env["X"])
    g = sp.Symbol("g")
    found = evaluate(sp.Trace((K + g * sp.Identity(T)).inv() * K), env)
    assert found == pytest.approx(np.trace(np.linalg.solve(gram + 0.3 * np.eye(9), gram)), rel=1e-9)
