"""Enclosures: certificates, digits, matrices, Gaussian expectations."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp
from flint import arb, ctx

from rmtsym.errors import DomainError, NoConvergence
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.law import DensityLaw, LebesgueLaw, NormalLaw
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown, count_roots, enclose, solve
from rmtsym.fixedpoint.enclose import _Task

kappa, lam, c, s = sp.symbols("kappa lam c s", positive=True)
m, z = sp.symbols("m z")
MP = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa / (1 + kappa)),), {"inverse": 1 / kappa})


@pytest.mark.parametrize("digits", [5, 15, 25, 60, 200])
def test_any_number_of_digits(digits):
    found = enclose(MP, {"lam": 2, "c": 1}, digits)["kappa"]
    assert found.digits >= digits and found.method.startswith("Krawczyk")
    from rmtsym.field.evaluate import BALL, evaluate

    truth = evaluate(1 + sp.sqrt(3), {}, BALL(4 * digits + 64))
    assert found.ball.contains(truth.mid()) or found.ball.overlaps(truth)


@pytest.mark.parametrize("ratio", [F(1, 2), F(1), F(2)])
def test_closed_form_of_the_quadratic_at_tiny_ridge(ratio):
    # kappa^2 + (1 - lam - c) kappa - lam = 0: both textbook forms lose digits at lam = 1e-14, balls notice
    from rmtsym.field.evaluate import BALL, evaluate

    half = (lam + c - 1) / 2
    root = half + sp.sqrt(half**2 + lam)
    point = {"lam": F(1, 10**14), "c": ratio}
    found = enclose(MP, point, 20)["kappa"]
    assert found.digits >= 20 and found.ball.overlaps(evaluate(root, point, BALL(400)))


def test_a_double_root_is_not_certified():
    system = FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, -1 / (z + m)),))
    with pytest.raises(NoConvergence):
        enclose(system, {"z": 2}, 15)  # the edge of the semicircle


def test_real_axis_inside_and_outside_the_support():
    system = FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, -1 / (z + m)),))
    inside = enclose(system, {"z": 1}, 20)["m"]
    assert inside.value == pytest.approx(complex(-0.5, np.sqrt(3) / 2), rel=1e-15)
    for x, sign in ((3, -1), (-3, 1)):
        outside = enclose(system, {"z": x}, 20)["m"]
        assert outside.value == pytest.approx(sign * (3 - np.sqrt(5)) / 2, rel=1e-15)


def test_one_point_at_a_time():
    with pytest.raises(DomainError, match="one point"):
        enclose(MP, {"lam": np.ones(3), "c": 1})


def test_matrix_valued_average():
    T = sp.Symbol("T", integer=True, positive=True)
    Phi, y = sp.MatrixSymbol("Phi", T, T), sp.MatrixSymbol("y", T, 1)
    n, delta, gamma = sp.symbols("n delta gamma", positive=True)
    Q = (n / T * Phi / (1 + delta) + gamma * sp.Identity(T)).inv()
    outputs = {"trQ": sp.Trace(Q) / T, "yQy": (y.T * Q * y)[0, 0]}
    system = FixedPointSystem((Unknown(delta),), (sp.Eq(delta, sp.Trace(Phi * Q) / T),), outputs)
    rng = np.random.default_rng(0)
    root = rng.standard_normal((24, 24)) / 5
    point = {"Phi": root @ root.T, "y": rng.standard_normal((24, 1)), "n": 18, "gamma": F(1, 10)}
    sharp, rough = enclose(system, point, 30), solve(system, point)
    # the same as an average over the eigenvalues of Phi
    x = SpectralMeasure("nu", s)
    scalar = FixedPointSystem(
        (Unknown(delta),),
        (sp.Eq(delta, Average(s / (sp.Rational(3, 4) * s / (1 + delta) + gamma), x)),),
        {"trQ": Average(1 / (sp.Rational(3, 4) * s / (1 + delta) + gamma), x)},
    )
    spectrum = Atoms([1 / 24] * 24, s=list(np.abs(np.linalg.eigvalsh(point["Phi"]))))
    by_atoms = solve(scalar, {"gamma": 0.1, "nu": spectrum})
    for name in ("delta", "trQ"):
        assert sharp[name].digits >= 30
        assert rough[name] == pytest.approx(sharp[name].value, rel=1e-13)
        assert by_atoms[name] == pytest.approx(sharp[name].value, rel=1e-12)


def test_square_loss_in_proximal_form_is_marchenko_pastur():
    # engine memo, section 6: c = phi/(lam + E psi'); with the square loss lam phi m^2 + (lam+1-phi) m - 1 = 0
    phi, delta, sigma = sp.symbols("phi delta sigma", positive=True)
    w = sp.Symbol("w", real=True)
    g = SpectralMeasure("g", w)
    prox = sigma * w / (1 + delta)
    psi = (sigma * w - prox) / delta
    tau = Average(w * psi, g) / sigma  # Stein
    system = FixedPointSystem((Unknown(delta),), (sp.Eq(delta, phi / (lam + tau)),), {"m": delta / phi})
    point = {"phi": F(7, 10), "lam": F(3, 10), "sigma": F(4, 5), "g": NormalLaw()}
    found = enclose(system, point, 15)["m"]
    value = found.ball
    assert found.digits >= 15
    assert abs(float(3 * value**2 * 7 / 100 + value * 6 / 10 - 1)) < 1e-14
    assert solve(system, point)["m"] == pytest.approx(found.value, rel=1e-13)


@pytest.mark.slow
def test_logistic_regression_on_a_mixture():
    """Sheet erm-gaussian-mixture, first row: logistic loss, three eigenvalues, c = 1/4, gamma = 1/10."""
    M, sigma, delta, gamma = sp.symbols("M sigma delta gamma", positive=True)
    t, b = sp.symbols("t b", positive=True)
    x = sp.Symbol("x", real=True)
    line, pop = SpectralMeasure("line", x), SpectralMeasure("pop", t, b)
    slope = -1 / (1 + sp.exp(x))
    bend = sp.exp(x) / (1 + sp.exp(x)) ** 2
    density = sp.exp(-(((x + delta * slope - M) / sigma) ** 2) / 2) / (sp.sqrt(2 * sp.pi) * sigma) * (1 + delta * bend)
    eta, second = Average(-slope * density, line), Average(slope**2 * density, line)
    theta = Average(bend / (1 + delta * bend) * density, line)
    R = 1 / (theta * t + gamma)
    system = FixedPointSystem(
        (Unknown(M), Unknown(sigma), Unknown(delta)),
        (
            sp.Eq(M, eta * Average(b * R, pop)),
            sp.Eq(sigma**2, eta**2 * Average(b * t * R**2, pop) + second * c * Average(t**2 * R**2, pop)),
            sp.Eq(delta, c * Average(t * R, pop)),
        ),
        {"theta": theta, "eta": eta, "second": second},
    )
    # the sheet's mu has squared norm 1, spread over the eigenspaces as 1/4, 1/4, 1/2
    law = Atoms([F(1, 4), F(1, 4), F(1, 2)], t=[1, 3, 5], b=[1, 1, 1])
    point = {"c": F(1, 4), "gamma": F(1, 10), "pop": law, "line": LebesgueLaw()}
    rough = solve(system, point)
    sheet = {"M": 0.669172537124, "sigma": 1.4930465994, "delta": 1.48032287275, "theta": 0.130819445865,
             "eta": 0.296908665312, "second": 0.128545282375}  # fmt: skip
    assert {k: round(float(rough[k]), 9) for k in sheet} == {k: round(v, 9) for k, v in sheet.items()}
    assert rough.quadrature < 1e-13
    sharp = enclose(system, point, 10)
    for name in sheet:
        assert sharp[name].digits >= 10 and sharp[name].value == pytest.approx(rough[name], rel=1e-13)


@pytest.mark.slow
def test_logistic_equation_in_one_unknown_is_enclosed():
    delta = sp.Symbol("delta", positive=True)
    x = sp.Symbol("x", real=True)
    line = SpectralMeasure("line", x)
    slope, bend = -1 / (1 + sp.exp(x)), sp.exp(x) / (1 + sp.exp(x)) ** 2
    density = sp.exp(-((x + delta * slope - 1) ** 2) / 2) / sp.sqrt(2 * sp.pi) * (1 + delta * bend)
    theta = Average(bend / (1 + delta * bend) * density, line)
    system = FixedPointSystem((Unknown(delta),), (sp.Eq(delta, c / (lam + theta)),), {"theta": theta})
    point = {"c": F(1, 4), "lam": F(1, 10), "line": LebesgueLaw()}
    sharp, rough = enclose(system, point, 12), solve(system, point)
    for name in ("delta", "theta"):
        assert sharp[name].digits >= 12 and rough[name] == pytest.approx(sharp[name].value, rel=1e-12)


def test_population_with_a_density():
    x = sp.Symbol("x", positive=True)
    nu = SpectralMeasure("nu", x)
    system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa * Average(x / (x + kappa), nu)),))
    point = {"lam": F(1, 10), "c": F(1, 2), "nu": DensityLaw(sp.Rational(1, 3), x, 1, 4)}
    sharp, rough = enclose(system, point, 15), solve(system, point)
    assert sharp["kappa"].digits >= 15
    assert rough["kappa"] == pytest.approx(sharp["kappa"].value, rel=1e-13)


@pytest.mark.parametrize(("where", "count"), [("upper", 1), ("positive", 2)])
def test_counts(where, count):
    assert count_roots((m**2 + 1) * (m - 1) * (m - 2) * (m + 1), m, {}, where) == count
    with pytest.raises(DomainError):
        count_roots(m**2 + 1, m, {}, "left")


def test_a_closed_form_that_is_not_finite_in_floats_is_enclosed():
    x = sp.Symbol("x")
    system = FixedPointSystem((), (), {"f": 1 / sp.sqrt((1 + x**2) ** 2 - x**4)})
    found = enclose(system, {"x": 10**8})["f"]
    assert found.digits >= 15 and abs(float(found) * 2**0.5 * 1e8 - 1) < 1e-15


def test_a_preconditioner_that_converges_slowly_gives_no_wrong_ball(monkeypatch):
    original = _Task._inverse
    monkeypatch.setattr(_Task, "_inverse", lambda task, bits: original(task, bits) * (arb(4) / 5))  # a fifth is left
    for digits in range(48, 66):
        ball = enclose(MP, {"lam": 2, "c": 1}, digits)["kappa"].ball
        with ctx.workprec(600):
            assert ball.overlaps(1 + arb(3).sqrt())
