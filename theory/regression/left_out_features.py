r"""Controls with mean zero for ridge regression on random features: what one sample, or one feature, adds to the rest.

Samples x_i and weights w_a are independent, uniform on the sphere of radius \sqrt d.  Given the weights and all samples
but one, the features of that sample have the covariance Phi, a power series in the cosines of the weights; so
h'Mh - tr Phi M has mean zero for every M made of the rest.  Its sum over the samples follows a trace of the resolvent
closely.  The same holds for the features of one weight, given the samples, with their covariance Psi.  Of samples of
signs, Phi is known in the limit only: then only weights are left out.
"""

from __future__ import annotations

from functools import lru_cache
from typing import NamedTuple

import numpy as np
from scipy.special import comb

from rmtsym.gaussian import activation
from rmtsym.simulate import Control
from theory.regression.resolvents import positive_inverse

ORDER = 10  # of the power series: the next term is below 1e-6 at the cosines met


class Harmonics(NamedTuple):
    """Means of sigma(sqrt(d) u) P_k(u) over a coordinate u of the sphere, kernel as a series, second moment."""

    means: tuple[float, ...]
    series: np.ndarray
    second: float


@lru_cache(maxsize=32)
def harmonics(act: str, d: int) -> Harmonics:
    """Expansion of an activation in Legendre polynomials of dimension d, those with P(1) = 1."""
    half, weights = np.polynomial.legendre.leggauss(200)
    top = min(np.sqrt(d), 12.0)
    half = (half + 1) * top / 2  # a function may have a kink at 0
    t = np.concatenate([-half, half])
    weights = np.tile(weights, 2) * (1 - t**2 / d) ** ((d - 3) / 2)
    weights /= weights.sum()
    values, u = activation(act)(t), np.polynomial.Polynomial([0.0, 1.0])
    legendre = [np.polynomial.Polynomial([1.0]), u]
    for k in range(1, ORDER):
        legendre.append(((2 * k + d - 2) * u * legendre[k] - k * legendre[k - 1]) / (k + d - 2))
    means = tuple(float(weights @ (values * p(t / np.sqrt(d)))) for p in legendre)
    count = [1.0] + [(2 * k + d - 2) / k * comb(k + d - 3, k - 1) for k in range(1, ORDER + 1)]
    series = sum((m**2 * c * p for m, c, p in zip(means, count, legendre, strict=True)), 0 * u)
    return Harmonics(means, series.coef, float(weights @ values**2))


def covariance(rows: np.ndarray, act: str) -> np.ndarray:
    """Mean of sigma(r'x/sqrt d) sigma(s'x/sqrt d)/d for rows r, s of norm sqrt(d), over x uniform on the sphere."""
    d = rows.shape[1]
    _, series, second = harmonics(act, d)
    cosines = rows @ rows.T / d
    found = np.full_like(cosines, series[-1])
    for coefficient in series[-2::-1]:
        found *= cosines
        found += coefficient
    np.fill_diagonal(found, second)
    return np.asarray(found / d)


def dots(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Diagonal of a b'."""
    return np.einsum("ij,ij->i", a, b)


class Fit:
    """Ridge regression of linear functions of x, on features H: all about it that several statistics share.

    Columns of H are samples.  ``slope`` is the mean of u sigma(sqrt(d) u) over a coordinate u of the sphere.
    """

    def __init__(self, weights: np.ndarray, x: np.ndarray, hidden: np.ndarray, act: str, ridge: float) -> None:
        self.weights, self.x, self.act, self.H, self.ridge = weights, x, act, hidden, ridge
        self.d, self.slope = x.shape[1], harmonics(act, x.shape[1]).means[1]
        self.Phi = covariance(weights, act)
        self.G = hidden.T @ hidden
        self.K = positive_inverse(self.G + ridge * np.eye(len(self.G)))
        self.A = hidden @ self.K
        self.P = self.Phi @ hidden
        self.U = hidden.T @ self.P
        self.KU = self.K @ self.U
        self.S = self.KU @ self.K
        self.Y = x @ x.T / self.d
        self.KYK = self.K @ self.Y @ self.K
        self.Ax = self.A @ x
        self.overlap = self.slope * float(np.vdot(self.Ax, weights)) / self.d**1.5
        self.B = 1 - 2 * self.overlap + float(np.vdot(self.S, self.Y))
        self.V = float(np.trace(self.S))
        self.square = float(np.vdot(self.K, self.K))

    def samples(self) -> dict[str, float]:
        """Each sample left out in turn: its features and its error, less their means over that sample."""
        K, S, Y, ridge = self.K, self.S, self.Y, self.ridge
        own, k2, s = np.diag(K), dots(K, K), np.diag(S)
        r = ridge * own  # one over 1 + h'Qh, Q the resolvent without the sample
        traces = float(np.trace(self.Phi)), float(np.trace(self.KU))
        q = (traces[0] - traces[1]) / ridge  # tr Phi Q, with all samples
        q2 = (traces[0] - traces[1] - ridge * self.V) / ridge**2
        SK, KY = dots(S, K), dots(K, Y)
        kyk, SYK = np.diag(self.KYK), dots(S @ Y, K)
        cross = self.slope * dots(K @ self.x, self.A.T @ self.weights) / self.d**1.5
        size = own - ridge * k2  # h'Q^2h
        inner = self.P.T @ self.P
        T = (inner - self.U @ self.KU) / ridge
        qq = (float(np.vdot(self.Phi, self.Phi)) - np.vdot(K, inner) - ridge * np.vdot(K, T)) / ridge**2
        each = {
            "load": 1 / r - 1 - q - s / r,
            "square": size / r**2 - q2 - 2 * SK / r - size * s / r**2,
            "spread": s / r**2 - qq - 2 * dots(K @ T, K) / r - s**2 / r**2,
            "noise": k2 / own**2 - 1 - (self.V - 2 * SK / own + k2 * s / own**2),
            "signal": kyk / own**2 - (self.B - 2 * SYK / own + 2 * cross / own + kyk * s / own**2),
            "fitted": KY / own - 1 + self.overlap - cross / own,
        }
        return {f"sample_{name}": float(np.mean(value)) for name, value in each.items()}

    def features(self) -> dict[str, float]:
        """Each feature left out in turn."""
        K, A, Ax = self.K, self.A, self.Ax
        Psi = covariance(self.x, self.act)
        r = 1 - dots(A, self.H)
        psiK, APsi = Psi @ K, A @ Psi
        APsiK = APsi @ K
        s, k2, ky = dots(APsi, A), dots(A, A), dots(Ax, Ax) / self.d
        mixed = dots(Ax @ (self.x.T @ psiK.T), A) / self.d
        each = {
            "size": np.diag(self.H @ self.H.T) - np.trace(Psi),
            "load": 1 / r - 1 - np.trace(psiK) - s / r,
            "square": k2 / r**2 - np.vdot(psiK, K) - 2 * dots(APsiK, A) / r - k2 * s / r**2,
            "spread": s / r**2 - np.vdot(psiK, psiK.T) - 2 * dots(APsiK, APsi) / r - s**2 / r**2,
            "signal": ky / r**2 - np.vdot(Psi, self.KYK) - 2 * mixed / r - ky * s / r**2,
            "fitted": dots(Ax, self.weights) / r / np.sqrt(self.d) - self.slope * (np.vdot(K, self.Y) + ky / r),
        }
        return {f"feature_{name}": float(np.mean(value)) for name, value in each.items()}


FEATURES = tuple(Control(f"feature_{x}", 0.0) for x in ("size", "load", "square", "spread", "signal", "fitted"))
SAMPLES = tuple(Control(f"sample_{x}", 0.0) for x in ("load", "square", "spread", "noise", "signal", "fitted"))
