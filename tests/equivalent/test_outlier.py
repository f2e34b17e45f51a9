"""Outliers of spiked models by zero-mass atoms."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.matrix import Deterministic, Space, Wigner, inverse

l = sp.Symbol("l", positive=True)  # noqa: E741


def test_spiked_covariance(models):
    phi, z, s = models.phi, models.z, models.s
    found = deterministic_equivalent(models.silverstein()).outlier({s**2: 1 + l}, measures={"d": Atoms([1], s=[1])})
    assert sp.expand(found.equation.as_expr() - (l**2 + l * phi - l * z + l + phi)) == 0
    assert sp.cancel(found.location - (1 + l) * (1 + phi / l)) == 0
    assert sp.cancel(found.alignment - (1 - phi / l**2) / (1 + phi / l)) == 0
    assert sp.expand(found.threshold - (l**2 - phi)) == 0


def test_spiked_wigner(models):
    x = sp.Symbol("x", real=True)
    n = Space("n", letters=(x,))
    equivalent = deterministic_equivalent(inverse(Deterministic(x, n) + Wigner("H", n) - models.z))
    found = equivalent.outlier({x: l}, measures={"n": Atoms([1], x=[0])})
    assert sp.cancel(found.location - (l + 1 / l)) == 0
    assert sp.cancel(found.alignment - (1 - 1 / l**2)) == 0


def test_spike_on_a_two_atom_bulk_against_random_matrices(models):
    equivalent = deterministic_equivalent(models.silverstein())
    found = equivalent.outlier({models.s**2: 1 + l}, measures={"d": Atoms([F(1, 2)] * 2, s=[1, 2])})
    point = {l: 15, models.phi: sp.Rational(1, 4)}
    place, alignment = float(found.location.subs(point)), float(found.alignment.subs(point))
    rng = np.random.default_rng(5)
    d = 200
    sigma = np.repeat([1.0, 4.0], d // 2)
    sigma[0] = 16
    tops, cosines = [], []
    for _ in range(40):
        X = rng.standard_normal((4 * d, d)) * np.sqrt(sigma / (4 * d))
        values, vectors = np.linalg.eigh(X.T @ X)
        tops.append(values[-1])
        cosines.append(vectors[0, -1] ** 2)
    for sample, theory in ((tops, place), (cosines, alignment)):
        error = np.std(sample) / np.sqrt(len(sample))
        assert abs(np.mean(sample) - theory) < 5 * error + 2 * abs(theory) / d


def test_errors(models):
    with pytest.raises(UnsupportedModel, match="spectral parameter"):
        deterministic_equivalent(models.anisotropic()).outlier({models.s: l})
    with pytest.raises(DomainError, match="one of s"):
        deterministic_equivalent(models.silverstein()).outlier({l: 2}, measures={"d": Atoms([1], s=[1])})
