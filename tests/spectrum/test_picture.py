"""The picture holds what it promises."""

from __future__ import annotations

import numpy as np

from rmtsym.spectrum import SampleCovariance, marchenko_pastur, plot_law


def labels(axes) -> list[str]:
    return [text.get_text() for text in axes.get_legend().get_texts()]


def test_density_histogram_and_outlier():
    law = SampleCovariance("1/4", [1, 6])
    spike = law.spike(20)
    rng = np.random.default_rng(0)
    x = np.sqrt(np.repeat([1.0, 6.0], 20))[:, None] * rng.standard_normal((40, 160))
    axes = plot_law(law, np.linalg.eigvalsh(x @ x.T / 160), [spike.outlier])
    assert labels(axes) == ["simulated spectrum", law.name, "predicted outlier"]
    assert axes.get_xlabel() == "eigenvalue" and axes.get_ylabel() == "density"


def test_atom_is_drawn_and_left_out_of_the_histogram():
    x = np.random.default_rng(0).standard_normal((60, 30))
    axes = plot_law(marchenko_pastur(2), np.linalg.eigvalsh(x @ x.T / 30))
    area = sum(patch.get_data().values @ np.diff(patch.get_data().edges) for patch in axes.patches)
    assert abs(area - 0.5) < 1e-12  # half of the spectrum sits on the atom
    assert [text.get_text() for text in axes.texts] == ["0.5"]
