"""Grids of the curves in a sweep."""

import numpy as np

from rmtsym.report.pictures import _grid


def test_counts_are_swept_over_whole_numbers():
    grid = _grid(np.array([20.0, 40.0]), False, True)
    assert grid == list(range(20, 41))
    assert _grid(np.array([1.0, 1000.0]), True, True)[:3] == [1, 2, 3]
    assert len(_grid(np.array([20.0, 40.0]), False, False)) == 81
