"""Models that the tests of the engine share: builders of matrix expressions by name."""

from __future__ import annotations

from fractions import Fraction as F
from types import SimpleNamespace

import pytest
import sympy as sp

from rmtsym.field.measure import Atoms
from rmtsym.matrix import Deterministic, Gaussian, Space, Wigner, inverse

phi, psi, lam, zeta, beta, p1, p2, c = sp.symbols("phi psi lam zeta beta p1 p2 c", positive=True)
s, th, s1, s2, a = sp.symbols("s th s1 s2 a", positive=True)
z = sp.Symbol("z")
n = Space("n")
H1, H2 = Wigner("H1", n), Wigner("H2", n)


def marchenko_pastur():
    Z = Gaussian("Z", n, Space("d", phi))
    return inverse(Z.T @ Z - z)


def ridge_isotropic():
    Z = Gaussian("Z", n, Space("d", phi))
    return inverse(Z.T @ Z + lam)


def anisotropic():
    d = Space("d", phi, letters=(s,))
    X = Gaussian("Z", n, d) @ Deterministic(s, d)
    return inverse(X.T @ X + lam)


def silverstein():
    d = Space("d", phi, letters=(s,))
    X = Gaussian("Z", n, d) @ Deterministic(s, d)
    return inverse(X.T @ X - z)


def separable():
    d, m = Space("d", phi, letters=(s,)), Space("n", 1, letters=(a,))
    X = Deterministic(a, m) @ Gaussian("Z", m, d) @ Deterministic(s, d)
    return inverse(X.T @ X + lam)


def subordination():
    d = Space("d", phi, letters=(s1, s2))
    X1 = Gaussian("Z1", Space("n1", p1), d) @ Deterministic(s1, d)
    X2 = Gaussian("Z2", Space("n2", p2), d) @ Deterministic(s2, d)
    return inverse(X1.T @ X1 + X2.T @ X2 + lam)


def ridge():
    d = Space("d", phi, letters=(s, th))
    X = Gaussian("Z", n, d) @ Deterministic(s, d)
    return X, inverse(X.T @ X + lam), Deterministic(th, d), Deterministic(s**2, d)


def bias():
    _, Q, Theta, Sigma = ridge()
    return Q @ Theta @ Q @ Sigma


def variance():
    X, Q, _, Sigma = ridge()
    return Q @ X.T @ X @ Q @ Sigma


def info_plus_noise(size=1):
    m, d = Space("n", 1, letters=(s,), tie="k"), Space("d", size, letters=(s,), tie="k")
    X = Gaussian("Z", m, d) + Deterministic(s, m, d)
    return inverse(X.T @ X + lam)


def random_features():
    d, m = Space("d", phi), Space("m", phi / psi)
    X, W = Gaussian("X", d, n, 1 / phi), Gaussian("W", m, d, zeta * psi / phi)
    F = W @ X + Gaussian("Theta", m, n, beta * psi / phi)
    return X, W, F, inverse(F.T @ F + lam)


def rf_tau1():
    return random_features()[3]


def rf_tau2():
    X, _, _, K = random_features()
    return X.T @ X @ K


def rf_sum():
    X, _, _, K = random_features()
    return X.T @ X @ K + K


def rf_M2():
    X, W, F, K = random_features()
    return W.T @ F @ K @ X.T


def rf_M3a():
    X, W, F, K = random_features()
    return X @ K @ F.T @ W @ W.T @ F @ K @ X.T


def rf_M3b():
    X, _, F, K = random_features()
    return X @ K @ F.T @ F @ K @ X.T


def rf_Va():
    _, W, F, K = random_features()
    return K @ F.T @ W @ W.T @ F @ K


def rf_Vb():
    _, _, F, K = random_features()
    return K @ F.T @ F @ K


def anticommutator():
    return inverse(H1 @ H2 + H2 @ H1 - z)


def commutator():
    return inverse(H1 @ H2 - H2 @ H1 - z)


def fuss_catalan(k=2):
    M = Gaussian("Z0", n, n)
    for i in range(1, k):
        M = M @ Gaussian(f"Z{i}", n, n)
    return inverse(M @ M.T - z)


def rational():
    return inverse(H1 @ inverse(H2 @ H2 + lam) @ H1 + lam)


def parallel_sum(c1=F(3, 2), c2=F(4, 5)):
    A, B = Gaussian("A", Space("a", c1), n), Gaussian("B", Space("b", c2), n)
    return inverse(inverse(A.T @ A + 1) + inverse(B.T @ B + 2))


def parallel_resolvent():
    return inverse(parallel_sum() + lam)


def f_matrix():
    d = Space("d", phi)
    X1, X2 = Gaussian("X1", n, d), Gaussian("X2", n, d)
    return inverse(X2.T @ X2 + lam * X1.T @ X1)


THREE = Atoms([F(1, 2), F(1, 4), F(1, 4)], s=[1, 2, 3])
RIDGE = Atoms([F(1, 2), F(3, 10), F(1, 5)], s=[F(1, 2), F(3, 2), 2], th=[1, F(1, 5), 3])
PAIR = Atoms([F(1, 2), F(1, 2)], s1=[1, F(3, 2)], s2=[2, F(1, 2)])
NOISE = Atoms([F(1, 2), F(1, 2)], s=[F(1, 2), 2])
SIDES = Atoms([F(1, 2), F(1, 2)], a=[F(3, 5), F(3, 2)])
FEATURES = {"phi": F(3, 2), "psi": F(4, 5), "lam": F(1, 10), "zeta": F(1, 4), "beta": F(1, 11)}
TWO = {"phi": F(7, 10), "lam": F(3, 10)}


@pytest.fixture(scope="session")
def models() -> SimpleNamespace:
    """Everything above, as attributes."""
    return SimpleNamespace(**{k: v for k, v in globals().items() if not k.startswith("_")})
