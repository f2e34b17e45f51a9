"""Random graphs of the degree-corrected block model, and their normalised adjacency matrices."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from rmtsym.simulate.ensembles import block_counts, population


@dataclass(frozen=True)
class Model:
    """Nodes in a fixed order, each class with the same shares of the connectivities, and their probabilities."""

    q: np.ndarray
    side: np.ndarray  # 1 - c in the first class, -c in the second
    alpha: float
    contrast: float

    @cached_property
    def chances(self) -> np.ndarray:
        """Probabilities of the edges."""
        lift = 4 * self.contrast / np.sqrt(len(self.q)) * np.outer(self.side, self.side)
        return np.outer(self.q, self.q) * (1 + lift)

    @cached_property
    def weights(self) -> np.ndarray:
        """What the entries are multiplied by: 1/(q_i^alpha q_j^alpha sqrt n)."""
        return np.outer(self.q, self.q) ** -self.alpha / np.sqrt(len(self.q))

    @cached_property
    def variances(self) -> np.ndarray:
        """Variances of the entries of the noise."""
        return self.chances * (1 - self.chances) * self.weights**2

    @cached_property
    def direction(self) -> np.ndarray:
        """Class direction q^(1-alpha) y / sqrt n, where y = (1 - c, -c)."""
        return self.q ** (1 - self.alpha) * self.side / np.sqrt(len(self.q))

    @cached_property
    def unit(self) -> np.ndarray:
        """Class direction, normalised."""
        return self.direction / np.linalg.norm(self.direction)


@dataclass(frozen=True)
class Graph:
    """Adjacency matrix and the model that it was drawn from."""

    model: Model
    adjacency: np.ndarray

    @cached_property
    def matrix(self) -> np.ndarray:
        """(d'1)^alpha D^-alpha (A - dd'/d'1) D^-alpha / sqrt n."""
        degrees = np.sum(self.adjacency, axis=1)
        total = np.sum(degrees)
        scale = (total**0.5 / degrees) ** self.model.alpha
        rest = self.adjacency - np.outer(degrees, degrees / total)
        return scale[:, None] * rest * scale / np.sqrt(len(degrees))

    @cached_property
    def noise(self) -> np.ndarray:
        """Centred adjacency matrix, divided by q^alpha on both sides and by sqrt n."""
        return (self.adjacency - self.model.chances) * self.model.weights

    @property
    def limit(self) -> np.ndarray:
        """Noise, projected as the degrees are subtracted, and the class direction."""
        v = self.model.direction
        return projected(self.noise, self.model) + 4 * self.model.contrast * np.outer(v, v)


def projected(noise: np.ndarray, model: Model) -> np.ndarray:
    """P'WP for P = I - su'/u's with u = q^(1-alpha), s = q^alpha."""
    u, s = model.q ** (1 - model.alpha), model.q**model.alpha
    image = noise @ s / (u @ s)
    return noise - np.outer(u, image) - np.outer(image, u) + np.outer(u, u) * (s @ image) / (u @ s)


def probabilities(point: Mapping[str, Any], size: int) -> Model:
    """The model at a point and a size."""
    return _model(*(point[name] for name in ("q", "wq", "al", "mu", "c")), size)


@lru_cache(maxsize=8)
def _model(q: Any, wq: Any, al: Any, mu: Any, c: Any, size: int) -> Model:
    counts = block_counts((c, 1 - c), size)
    nodes = np.concatenate([population(wq, q, k) for k in counts])
    return Model(nodes, np.repeat([float(1 - c), -float(c)], counts), float(al), float(mu))


def third(model: Model, law: str) -> np.ndarray:
    """Third moments of the entries of the noise."""
    skew = 0.0 if law == "rad" else 1 - 2 * model.chances
    return skew * model.chances * (1 - model.chances) * model.weights**3


def draw(rng: np.random.Generator, size: int, point: Mapping[str, Any], law: str = "bernoulli") -> Graph:
    """A graph, or with ``law="rad"`` a matrix of two-valued symmetric weights of the same means and variances."""
    model = probabilities(point, size)
    random = rng.random((size, size))
    if law == "rad":
        values = model.chances + np.where(random < 0.5, 1, -1) * np.sqrt(model.chances * (1 - model.chances))
    else:
        values = (random < model.chances).astype(float)
    upper = np.triu(values)
    return Graph(model, upper + np.triu(upper, 1).T)
