"""Gram matrices of the states that inputs leave in a linear reservoir; the reservoir itself need not be drawn."""

from __future__ import annotations

import numpy as np

from rmtsym.errors import UnknownName
from rmtsym.simulate.ensembles import wigner

__all__ = ["RESERVOIRS", "gram"]


def _orthogonal(rng: np.random.Generator, neurons: int, inputs: int, length: int) -> np.ndarray:
    """Uniform orthogonal O, in coordinates of the directions that the states O^k w visit.

    The image of a new direction is uniform on the unit sphere orthogonal to the images of the earlier ones: a Gaussian
    vector in the known directions, projected, and one number for all the unknown ones together.
    """
    size = inputs * length
    image, states = np.zeros((size, size)), np.zeros((size, length, inputs))
    first = np.triu(rng.standard_normal((inputs, inputs)), 1)  # triangular factor of neurons x inputs Gaussian entries
    np.fill_diagonal(first, np.sqrt(rng.chisquare(neurons - np.arange(inputs))))
    states[:inputs, 0] = first / np.sqrt(neurons)
    for j in range(size - inputs):
        known = inputs + j
        inside = rng.standard_normal(known)
        inside -= image[:known, :j] @ (inside @ image[:known, :j])
        outside = rng.chisquare(neurons - known)
        norm = np.sqrt(inside @ inside + outside)
        image[:known, j], image[known, j] = inside / norm, np.sqrt(outside) / norm
    for k in range(1, length):
        states[:, k] = image[:, : inputs * k] @ states[: inputs * k, k - 1]
    columns = states.reshape(size, size)
    return columns.T @ columns


def _cycle(rng: np.random.Generator, neurons: int, inputs: int, length: int) -> np.ndarray:
    """Cyclic shift of the neurons: correlations of the input weights."""
    weights = rng.standard_normal((neurons, inputs)) / np.sqrt(neurons)
    ahead = np.stack([weights.T @ np.roll(weights, k, axis=0) for k in range(length)])
    lags = np.subtract.outer(np.arange(length), np.arange(length))  # entry (k, l) has lag l - k
    blocks = np.where((lags > 0)[..., None, None], ahead[np.abs(lags)].swapaxes(-1, -2), ahead[np.abs(lags)])
    return blocks.swapaxes(1, 2).reshape(inputs * length, inputs * length)


def _symmetric(rng: np.random.Generator, neurons: int, inputs: int, length: int) -> np.ndarray:
    """Symmetric Gaussian matrix of spectral radius one."""
    matrix = wigner(rng, neurons) / 2
    states = [rng.standard_normal((neurons, inputs)) / np.sqrt(neurons)]
    for _ in range(length - 1):
        states.append(matrix @ states[-1])
    columns = np.stack(states, axis=1).reshape(neurons, -1)
    return columns.T @ columns


RESERVOIRS = {"orthogonal": _orthogonal, "cycle": _cycle, "symmetric": _symmetric}


def gram(rng: np.random.Generator, kind: str, neurons: int, inputs: int, length: int, rho: float) -> np.ndarray:
    """Gram matrix of the columns W^k w_j, index ``k * inputs + j``, of a reservoir W of spectral radius ``rho``.

    >>> gram(np.random.default_rng(0), "orthogonal", 10**8, 1, 3, 0.5).round(2).tolist()
    [[1.0, 0.0, 0.0], [0.0, 0.25, 0.0], [0.0, 0.0, 0.06]]
    """
    if kind not in RESERVOIRS:
        raise UnknownName("reservoir", kind, RESERVOIRS)
    fading = np.repeat(rho ** np.arange(length), inputs)
    return fading[:, None] * RESERVOIRS[kind](rng, neurons, inputs, length) * fading
