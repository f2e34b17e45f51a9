"""Ensembles against their exact moments."""

from fractions import Fraction as F

import numpy as np
import pytest

from rmtsym.errors import DomainError, UnknownName
from rmtsym.simulate import (
    LAWS,
    block_counts,
    entries,
    excess_kurtosis,
    generator,
    haar,
    population,
    wigner,
    wigner_eigenvalues,
    wishart_eigenvalues,
    wishart_factor,
)


def close(draws, mean):
    draws = np.asarray(draws, dtype=float)
    return abs(draws.mean() - mean) < 4.5 * draws.std(ddof=1) / np.sqrt(len(draws)) + 1e-12


@pytest.mark.parametrize("law", [*LAWS, "t12", "three6"])
def test_entries_are_standardised(law):
    z = entries(generator(0, "entries", {}, 1, law, 0), 400_000, law)
    assert close(z, 0.0) and close(z**2, 1.0)
    if law != "t5":  # its eighth moment is infinite
        assert close(z**4, 3 + excess_kurtosis(law))


@pytest.mark.parametrize("law", ["normal", "t", "t05", "", "t2x", "three", "three0"])
def test_unknown_laws_are_named(law):
    with pytest.raises(UnknownName, match="entry law"):
        entries(np.random.default_rng(0), 3, law)
    with pytest.raises(UnknownName, match="entry law"):
        excess_kurtosis(law)


def test_laws_without_variance_are_refused():
    with pytest.raises(DomainError, match="variance must be finite"):
        entries(np.random.default_rng(0), 3, "t2")


def test_population_keeps_letters_in_step():
    atoms = population((F(1, 4), F(3, 4)), {"s": (1, 2), "b": (F(1, 2), 0)}, 8)
    assert atoms["s"].tolist() == [1, 1, 2, 2, 2, 2, 2, 2]
    assert atoms["b"].tolist() == [0.5, 0.5, 0, 0, 0, 0, 0, 0]


@pytest.mark.parametrize(("size", "hint"), [(10, "try 9 or 12"), (2, "try 3"), (0, "try 3")])
def test_proportions_that_do_not_fit(size, hint):
    with pytest.raises(DomainError, match=hint):
        block_counts((F(1, 3), F(2, 3)), size)
    with pytest.raises(DomainError, match="sum to 1"):
        block_counts((F(1, 3), F(1, 3)), 3)
    with pytest.raises(DomainError, match="one value for each"):
        population((F(1, 2), F(1, 2)), (1, 2, 3), 4)


def test_haar_is_uniform_and_orthogonal():
    draws = np.array([haar(generator(0, "haar", {}, 4, "gauss", r), 4) for r in range(4000)])
    assert np.allclose(draws[0] @ draws[0].T, np.eye(4))
    assert close(draws[:, 0, 0], 0) and close(draws[:, 0, 0] ** 2, 1 / 4)
    assert close(draws[:, 0, 0] ** 4, 3 / 24)  # 3/(n(n+2))
    assert close(draws[:, 0, 0] * draws[:, 1, 1], 0)
    with pytest.raises(DomainError, match="columns"):
        haar(np.random.default_rng(0), 3, 4)


@pytest.mark.parametrize("law", ["gauss", "rad"])
def test_wigner_variances(law):
    draws = np.array([wigner(generator(0, "wigner", {}, 5, law, r), 5, law) for r in range(3000)])
    assert np.array_equal(draws, draws.transpose(0, 2, 1))
    assert np.allclose(np.var(draws[:, 0, 1]), 1 / 5, rtol=0.1)
    assert np.allclose(np.var(draws[:, 2, 2]), 2 / 5, rtol=0.1)


def test_tridiagonal_models_have_the_law_of_the_dense_ones():
    rng, size, count = np.random.default_rng(0), 6, 4000
    dense = np.array([np.linalg.eigvalsh(wigner(rng, size)) for _ in range(count)])
    quick = np.array([wigner_eigenvalues(rng, size) for _ in range(count)])
    for k in (1, 2, 4):
        a, b = np.mean(dense**k, axis=1), np.mean(quick**k, axis=1)
        assert abs(a.mean() - b.mean()) < 4.5 * np.hypot(a.std(), b.std()) / np.sqrt(count)
    assert close(np.mean(quick**2, axis=1), (size + 1) / size)  # E tr W^2 / n, exactly
    top, other = dense[:, -1], quick[:, -1]
    assert abs(top.mean() - other.mean()) < 4.5 * np.hypot(top.std(), other.std()) / np.sqrt(count)


@pytest.mark.parametrize(("p", "n"), [(4, 9), (9, 4), (5, 5), (1, 3)])
def test_bidiagonal_model_has_the_wishart_moments(p, n):
    rng = np.random.default_rng(1)
    w = np.array([wishart_eigenvalues(rng, p, n) for _ in range(6000)])
    assert w.shape == (6000, p) and (w >= 0).all() and (np.diff(w, axis=1) >= -1e-12).all()
    assert (w[:, : max(p - n, 0)] == 0).all()
    assert close(w.mean(axis=1), 1.0)
    assert close((w**2).mean(axis=1), 1 + (p + 1) / n)  # E tr W^2 / p for real entries


def test_small_singular_values_keep_their_digits():
    w = wishart_eigenvalues(np.random.default_rng(3), 60, 60)
    assert w[0] > 0


@pytest.mark.parametrize(("p", "n"), [(4, 9), (5, 5), (6, 4)])
def test_factor_of_a_wishart_matrix_has_its_moments(p, n):
    rng = np.random.default_rng(11)
    draws = np.array([f @ f.T for f in (wishart_factor(rng, p, n) for _ in range(8000))])
    assert draws.mean(axis=0) == pytest.approx(np.eye(p), abs=6 * np.sqrt(2 / n / 8000))
    square = np.einsum("kij,kij->k", draws, draws) / p
    assert abs(square.mean() - (1 + (p + 1) / n)) < 5 * square.std() / np.sqrt(8000)
