"""Textbook forms: what the engine prints is what the books write."""

from __future__ import annotations

import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent, response
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.rational import Field
from rmtsym.matrix import Deterministic, Gaussian, Identity, Space, Wigner, inverse


def same(left, right) -> bool:
    """Equality of rational functions of averages."""
    table = {a: sp.Dummy() for a in sorted((left - right).atoms(Average), key=str)}
    return sp.cancel(sp.together((left - right).xreplace(table))) == 0


@pytest.fixture(scope="module")
def letters(models):
    kappa = sp.Symbol("kappa")
    u = models.s**2

    def E(f, name="d", *letters):
        return Average(f, SpectralMeasure(name, *(letters or (models.s,))))

    return kappa, u, E


def test_anisotropic(models, letters):
    kappa, u, E = letters
    phi, lam = models.phi, models.lam
    result = deterministic_equivalent(models.anisotropic())
    (equation,) = result.equations
    assert equation.lhs == kappa
    assert same(equation.rhs, lam + phi * kappa * E(u / (kappa + u)))
    assert same(result.output, kappa / lam * E(1 / (kappa + u)))
    function, space = result.matrix_form()
    assert space.name == "d"
    assert same(function, kappa / lam / (kappa + u))
    assert result.unknowns[0].domain == "positive"
    assert result.system.continuation.parameter == lam


def test_bias_and_variance(models, letters):
    kappa, u, _ = letters
    phi, lam, s, th = models.phi, models.lam, models.s, models.th

    def E(f):
        return Average(f, SpectralMeasure("d", s, th))

    gamma = phi * E(u**2 / (kappa + u) ** 2)
    bias = deterministic_equivalent(models.bias())
    assert same(bias.output, (kappa / lam) ** 2 * E(th * u / (kappa + u) ** 2) / (1 - gamma))
    variance = deterministic_equivalent(models.variance())
    assert same(variance.output, E(u**2 / (kappa + u) ** 2) / (1 - gamma))
    assert bias.equations == variance.equations


def test_two_point_equivalent_as_a_matrix(models, letters):
    kappa, u, _ = letters
    s, th, phi, lam = models.s, models.th, models.phi, models.lam
    _, Q, Theta, _ = models.ridge()

    def E(f):
        return Average(f, SpectralMeasure("d", s, th))

    function, _ = deterministic_equivalent(Q @ Theta @ Q).matrix_form()
    inner = th + phi * E(th * u / (kappa + u) ** 2) / (1 - phi * E(u**2 / (kappa + u) ** 2)) * u
    assert same(function, (kappa / lam) ** 2 * inner / (kappa + u) ** 2)


def test_separable(models):
    s, a, phi, lam = models.s, models.a, models.phi, models.lam
    result = deterministic_equivalent(models.separable())
    (e1, e2) = result.equations
    q0, q1 = e1.lhs, e2.lhs
    assert same(e1.rhs, Average(a**2 / (1 + phi * a**2 * q1), SpectralMeasure("n", a)))
    assert same(e2.rhs, Average(s**2 / (lam + q0 * s**2), SpectralMeasure("d", s)))


def test_subordination(models):
    s1, s2, phi, lam, p1, p2 = models.s1, models.s2, models.phi, models.lam, models.p1, models.p2
    result = deterministic_equivalent(models.subordination())
    q0, q1 = (e.lhs for e in result.equations)
    bottom = lam + p1 * s1**2 / (1 + phi * q0) + p2 * s2**2 / (1 + phi * q1)
    for equation, letter in zip(result.equations, (s1, s2), strict=True):
        (average,) = equation.rhs.atoms(Average)
        assert equation.rhs == average
        assert sp.cancel(average.integrand - letter**2 / bottom) == 0


def test_silverstein(models):
    result = deterministic_equivalent(models.silverstein())
    (equation,) = result.equations
    m, z, s, phi = equation.lhs, models.z, models.s, models.phi
    assert same(equation.rhs, 1 / (-z + phi * Average(s**2 / (1 + m * s**2), SpectralMeasure("d", s))))
    assert result.unknowns[0].domain == "herglotz"


def test_square_roots_of_letters(models):
    t, phi, lam, kappa = sp.Symbol("t", positive=True), models.phi, models.lam, sp.Symbol("kappa")
    d = Space("d", phi, letters=(t,))
    X = Gaussian("Z", models.n, d) @ Deterministic(sp.sqrt(t), d)
    (equation,) = deterministic_equivalent(inverse(X.T @ X + lam)).equations
    assert same(equation.rhs, lam + phi * kappa * Average(t / (kappa + t), SpectralMeasure("d", t)))


def test_random_features_have_two_unknowns(models):
    result = deterministic_equivalent(models.rf_tau1())
    assert len(result.unknowns) == 2
    assert [u.domain for u in result.unknowns] == ["positive", "positive"]


def test_adlam_pennington_relations_vanish_identically(models):
    """Equations (S67) and (S68) of Adlam and Pennington (2020), on the rational parametrisation of the solutions.

    The two equations of the core are linear in lam and psi, so that the unknowns parametrise the solution variety.
    """
    phi, psi, lam, zeta, beta = models.phi, models.psi, models.lam, models.zeta, models.beta
    both = deterministic_equivalent({"tau1": models.rf_tau1(), "tau2": models.rf_tau2()})
    assert len(both.unknowns) == 2
    solved: dict = {}
    for equation, symbol in zip(both.equations, (lam, psi), strict=True):
        numerator = sp.Poly(sp.numer(sp.together(equation.lhs - equation.rhs)), symbol)
        assert numerator.degree() == 1
        solved[symbol] = sp.cancel(-numerator.coeff_monomial(1) / numerator.coeff_monomial(symbol))
    field = Field([phi, zeta, beta, *both.system.symbols])
    parametrised = {k: field(v) for k, v in solved.items()}
    wide = Field([*field.symbols, lam, psi])
    t1, t2 = (wide(x).subs({k: wide(v) for k, v in parametrised.items()}) for x in both.outputs.values())
    L, P = wide(parametrised[lam]), wide(parametrised[psi])
    f, x, e = wide(phi), wide(zeta), wide(zeta + beta)  # eta = zeta + beta
    s67 = f * (x * t2 * t1 + f * (t2 - t1)) + x * t1 * t2 * P * (L * t1 - 1)
    s68 = (t2 - t1) * f * (x * (t2 - t1) + e * t1) - x * t1 * t2 * (L * t1 - 1)
    assert s67.is_zero and s68.is_zero
    wrong = (t2 - t1) * f * (x * (t2 - t1) + wide(zeta) * t1) - x * t1 * t2 * (L * t1 - 1)
    assert not wrong.is_zero


def test_outputs_share_unknowns(models):
    both = deterministic_equivalent({"B": models.bias(), "V": models.variance()})
    assert len(both.unknowns) == 1
    assert list(both.outputs) == ["B", "V"]
    assert set(both.certificates) == {"B", "V"}


def test_marchenko_pastur_has_its_transform_as_unknown(models):
    result = deterministic_equivalent(models.marchenko_pastur())
    assert [str(u.symbol) for u in result.unknowns] == ["m"]
    assert result.output == result.unknowns[0].symbol


# ------------------------------------------------------------------------------------------------ two routes


@pytest.fixture(scope="module")
def source():
    return sp.Symbol("t", positive=True)


def test_source_route_gives_the_same_bias_and_variance(models, source):
    X, _, Theta, Sigma = models.ridge()
    K = X.T @ X + models.lam * Identity(X.cols)
    for direction, direct in ((Theta, models.bias()), (X.T @ X, models.variance())):
        by_source = response(inverse(K - source * direction) @ Sigma, source)
        by_product = deterministic_equivalent(direct)
        assert by_source.equations == by_product.equations
        assert same(by_source.output, by_product.output)


def test_source_route_of_a_third_order_functional(models, source):
    X, Q, Theta, Sigma = models.ridge()
    K = X.T @ X + models.lam * Identity(X.cols)
    by_source = response(inverse(K - source * Theta) @ Sigma @ Q, source)
    by_product = deterministic_equivalent(Q @ Theta @ Q @ Sigma @ Q)
    assert by_source.equations == by_product.equations
    assert same(by_source.output, by_product.output)


def test_source_route_of_random_features(models, source):
    X, W, F, _ = models.random_features()
    K = F.T @ F + models.lam * Identity(F.cols)
    by_source = response(X @ inverse(K - source * F.T @ W @ W.T @ F) @ X.T, source)
    point = models.FEATURES
    value = by_source.enclose(point, digits=20)["trace"]
    other = deterministic_equivalent(models.rf_M3a()).enclose(point, digits=20)["trace"]
    assert value.radius < 1e-18
    assert value.ball.overlaps(other.ball)


def test_derivative_of_the_resolvent(models, source):
    """-d/dlam tr Q = tr Q^2, by the derivative of the Wigner resolvent in a shift."""
    H, n, z = Wigner("H", models.n), models.n, models.z
    squared = deterministic_equivalent(inverse(H - z) @ inverse(H - z))
    shifted = response(inverse(H - (z + source) * Identity(n)), source)
    assert same(squared.output, shifted.output)
