"""Pencils, certificate, determinism, refusals."""

from __future__ import annotations

import os
import subprocess
import sys
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent, explicit_equivalent
from rmtsym.equivalent.dyson import Dyson
from rmtsym.equivalent.entry import Coefficients
from rmtsym.equivalent.identify import identify
from rmtsym.equivalent.linearise import linearise
from rmtsym.equivalent.minimal import absorbed, minimal
from rmtsym.errors import ShapeError, UnknownName, UnsupportedModel
from rmtsym.field.rational import Field
from rmtsym.matrix import Deterministic, Gaussian, Haar, Space, Wigner, inverse, parameters, spaces

MINIMAL = {
    "ridge_isotropic": (2, 2),
    "anisotropic": (4, 2),
    "subordination": (7, 3),
    "bias": (9, 4),
    "variance": (9, 4),
    "rf_sum": (5, 4),
}


def coefficients(expression) -> Coefficients:
    letters = tuple(dict.fromkeys(x for space in spaces(expression) for x in space.letters))
    return Coefficients(Field([*parameters(expression), *letters]), letters)


@pytest.mark.parametrize("name", MINIMAL)
def test_minimal_pencils(models, name):
    expression = getattr(models, name)()
    c = coefficients(expression)
    cut = minimal(expression, c)
    assert (cut.size, absorbed(cut, c).trimmed().size) == MINIMAL[name]


@pytest.mark.parametrize("name", [*MINIMAL, "separable", "rf_M3a", "rf_Va"])
def test_direct_and_minimal_pencils_give_the_same_series(models, name):
    """Not the counts but the outputs: the expansion of the trace in the noise, in the prime field."""
    expression = getattr(models, name)()
    c = coefficients(expression)
    direct = linearise(expression, c).trimmed().closed()
    cut = absorbed(minimal(expression, c), c).trimmed().closed()
    assert Dyson(direct).output_series() == Dyson(cut).output_series()


# ---------------------------------------------------------------------------------------------------- certificate


def test_certificate_lists_proved_identities(models):
    certificate = deterministic_equivalent(models.bias()).certificate
    assert certificate.verified
    assert certificate.order_parameters == 6
    assert len(certificate.identifications) == len(certificate.identities) == 2
    assert all(left == right for left, right in certificate.identities)
    assert "verified exactly" in str(certificate)


def test_a_wrong_identification_is_not_certified(models):
    from rmtsym.equivalent.certificate import certify
    from rmtsym.equivalent.dyson import Identification

    c = coefficients(models.subordination())
    dyson = Dyson(linearise(models.subordination(), c).trimmed().closed())
    good = identify(dyson)
    kept = [x for x in good if x.index == x.representative]
    wrong = [x for x in good if x is not kept[1]] + [Identification(kept[1].index, kept[0].index, dyson.field.one)]
    symbols = {x.representative: sp.Dummy() for x in wrong}
    field, integrands, _ = dyson.exact(wrong, symbols)
    assert not certify(dyson, wrong, integrands, symbols, field, ()).verified


# ---------------------------------------------------------------------------------------------------- determinism

PRINTED = """
import sympy as sp
from rmtsym.equivalent import deterministic_equivalent
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
phi, lam, s, th = sp.symbols("phi lam s th", positive=True)
n, d = Space("n"), Space("d", phi, letters=(s, th))
X = Gaussian("{name}", n, d) @ Deterministic(s, d)
Q = inverse({body})
result = deterministic_equivalent(Q @ Deterministic(th, d) @ Q @ Deterministic(s**2, d))
print(result.latex(), result, result.certificate, result.system.continuation)
"""


def printed(seed: int, name: str = "Z", body: str = "X.T @ X + lam") -> str:
    environment = {**os.environ, "PYTHONHASHSEED": str(seed)}
    code = PRINTED.format(name=name, body=body)
    return subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True
    ).stdout


def test_output_does_not_depend_on_hash_seed_names_or_order():
    first = printed(0)
    assert printed(1) == first
    assert printed(2, name="W") == first
    assert printed(3, body="lam + X.T @ X") == first


def test_renaming_spaces_changes_nothing_but_the_measure(models):
    phi, lam, s = models.phi, models.lam, models.s

    def derived(rows, cols):
        d = Space(cols, phi, letters=(s,), law="nu")
        X = Gaussian("Z", Space(rows), d) @ Deterministic(s, d)
        return str(deterministic_equivalent(inverse(X.T @ X + lam)))

    assert derived("n", "d") == derived("zeta", "alpha")


# ------------------------------------------------------------------------------------------------------- refusals


def test_refusals_name_the_reason(models):
    H, n, lam, d = Wigner("H", models.n), models.n, models.lam, Space("d", models.phi)
    X = Gaussian("X", n, d)
    with pytest.raises(UnsupportedModel, match="indefinite"):
        deterministic_equivalent(inverse(H + lam))
    with pytest.raises(UnsupportedModel, match="need not commute"):
        deterministic_equivalent(inverse(X @ Deterministic("S", d) @ X.T + lam))
    with pytest.raises(UnsupportedModel, match="Haar"):
        U = Haar("U", n)
        deterministic_equivalent(inverse(U + U.T - models.z))
    with pytest.raises(ShapeError, match="square"):
        deterministic_equivalent(X)


def test_negative_ridge_is_refused(models):
    X = Gaussian("X", models.n, Space("d", models.phi))
    with pytest.raises(UnsupportedModel, match="indefinite"):
        deterministic_equivalent(inverse(X.T @ X - 1))


def test_non_normal_matrices_carry_a_remark(models):
    X, Y = Gaussian("X", models.n, models.n), Gaussian("Y", models.n, models.n)
    result = deterministic_equivalent(inverse(X @ Y - models.z))
    assert any("outside the spectrum" in x for x in result.certificate.remarks)


# --------------------------------------------------------------------------------------------- explicit matrices


@pytest.fixture(scope="module")
def pair():
    rng = np.random.default_rng(3)
    d = 40
    S1 = rng.standard_normal((d, d)) / np.sqrt(d) + np.eye(d)
    S2 = 0.7 * rng.standard_normal((d, d)) / np.sqrt(d) + 0.5 * np.eye(d)
    return S1, S2


def test_words_in_the_right_order(models, pair):
    """X = Z S1 S2 with matrices that do not commute: a non-palindromic word shows a wrong order of multipliers."""
    S1, S2 = pair
    d = Space("d", F(1, 2))
    A, B = Deterministic("S1", d), Deterministic("S2", d)
    X = Gaussian("Z", models.n, d) @ A @ B
    Q = inverse(X.T @ X + models.lam)
    matrices, values = {"S1": S1, "S2": S2}, {"lam": 0.3}
    result = explicit_equivalent(Q @ A, matrices, values)
    assert result.residual < 1e-12
    # one Sigma = (S1 S2)'(S1 S2): Q <-> (kappa/lam) (Sigma + kappa)^{-1}
    M = S1 @ S2
    sigma = M.T @ M
    kappa = 0.3
    eye = np.eye(len(M))
    for _ in range(2000):
        kappa = 0.3 + kappa * np.trace(sigma @ np.linalg.inv(sigma + kappa * eye)) / (2 * len(M))
    expected = kappa / 0.3 * np.linalg.inv(sigma + kappa * eye) @ S1
    assert np.abs(result.matrix - expected).max() < 1e-10
    wrong = explicit_equivalent(Q @ A, {"S1": S2, "S2": S1}, values)
    assert abs(wrong.trace - result.trace) > 1e-2


def test_explicit_matrices_agree_with_spectral_letters(models):
    values = np.repeat([0.5, 1.5, 2.0], [5, 3, 2])
    d = Space("d", F(7, 10))
    X = Gaussian("Z", models.n, d) @ Deterministic("S", d, symmetric=True)
    Q = inverse(X.T @ X + models.lam)
    T = Deterministic("T", d, symmetric=True)
    theta = np.repeat([1.0, 0.2, 3.0], [5, 3, 2])
    C = Deterministic("C", d, symmetric=True)
    matrices = {"S": np.diag(values), "T": np.diag(theta), "C": np.diag(values**2)}
    result = explicit_equivalent(Q @ T @ Q @ C, matrices, {"lam": 0.3})
    assert abs(result.trace - 1.426109118677601765257267) < 1e-12


def test_missing_matrix(models):
    d = Space("d", F(1, 2))
    X = Gaussian("Z", models.n, d) @ Deterministic("S", d)
    with pytest.raises(UnknownName, match="matrix"):
        explicit_equivalent(inverse(X.T @ X + models.lam), {}, {"lam": 1.0})
