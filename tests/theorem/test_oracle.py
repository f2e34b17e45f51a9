from dataclasses import replace

import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.theorem import Status, oracle

c, lam, s = sp.symbols("c lam s", positive=True)
n, p = Space("n"), Space("p", c, letters=(s,), law="nu")
X = Gaussian("Z", n, p) @ Deterministic(sp.sqrt(s), p)
Q = inverse(X.T @ X + lam)


@pytest.fixture(scope="module")
def equivalent():
    return deterministic_equivalent({"first": Q, "second": Q @ Deterministic(s, p) @ Q})


def test_the_engine_agrees_with_exact_moments(equivalent):
    found = oracle.check(equivalent, equivalent.system)
    assert found.status is Status.VERIFIED, found
    assert found.resolution < 1e-15


def test_wrong_systems_are_refuted(equivalent):
    wrong = dict(oracle.wrong_systems(equivalent))
    assert len(wrong) == len(equivalent.system.equations) + 2 * len(equivalent.system.outputs)
    assert {oracle.check(equivalent, system).status for system in wrong.values()} == {Status.REFUTED}


def test_a_wrong_coefficient_is_noticed(equivalent, monkeypatch):
    from rmtsym.matrix import planar

    right = planar.planar_series

    def off(expression, order, bindings):
        series = list(right(expression, order, bindings))
        return (*series[:-1], series[-1] * sp.Rational(1001, 1000))

    monkeypatch.setattr(planar, "planar_series", off)
    monkeypatch.setattr(oracle, "_series", oracle._series.__wrapped__)  # not the remembered moments
    found = oracle.check(equivalent, equivalent.system)
    assert found.status is Status.REFUTED
    assert "orders only" in found.message


def test_a_trace_without_noise_tells_nothing():
    plain = deterministic_equivalent(inverse(X.T @ X + lam))
    still = replace(plain.derived["trace"], expression=Deterministic(s, p))
    plain.derived["trace"] = still
    assert oracle.check(plain, plain.system).status is not Status.VERIFIED
