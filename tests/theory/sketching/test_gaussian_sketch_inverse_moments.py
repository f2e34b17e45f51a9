"""Gaussian sketches: the average over the length of a column is the integral of what is drawn."""

import numpy as np
import pytest
from scipy.integrate import quad
from scipy.stats import chi2

from theory.sketching.gaussian_sketch_inverse_moments.experiment import drawn, without_lengths

ROWS, COLUMNS = 13, 4


def _inverse(columns: np.ndarray, at: int, length: float) -> np.ndarray:
    """X of the columns, the part of one that is orthogonal to the others rescaled to a squared length."""
    others = np.delete(columns, at, axis=1)
    along = others @ np.linalg.lstsq(others, columns[:, at], rcond=None)[0]
    across = columns[:, at] - along
    changed = columns.copy()
    changed[:, at] = along + across * np.sqrt(length) / np.linalg.norm(across)
    return ROWS * np.linalg.inv(changed.T @ changed)


@pytest.mark.parametrize("name", ["own", "off", "across"])
def test_length_of_a_column_is_integrated(name):
    columns = np.random.default_rng(4).standard_normal((ROWS, COLUMNS))
    law = chi2(ROWS - COLUMNS + 1)
    plain = ROWS * np.linalg.inv(columns.T @ columns)

    def product(X: np.ndarray, i: int) -> float:
        """Terms of the sum with the entry X_ii, or with the row i of X."""
        row, trace = X[i], np.trace(X)
        return {"own": row[i] ** 2, "off": row @ row - row[i] ** 2, "across": row[i] * (trace - row[i])}[name]

    expected = sum(
        quad(lambda c, i=i: product(_inverse(columns, i, c), i) * law.pdf(c), 0, np.inf)[0] for i in range(COLUMNS)
    )
    position = ("own", "off", "across").index(name)
    assert without_lengths(plain[None], ROWS)[position] == pytest.approx(expected, rel=1e-6)
    drawn_sum = sum(product(plain, i) for i in range(COLUMNS))
    assert drawn(plain[None])[position] == pytest.approx(drawn_sum, rel=1e-12)
