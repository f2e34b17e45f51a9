r"""Reading the coefficients of a kernel matrix off its entries, and putting a matrix together from coefficients.

.. math:: K\simeq c_1X^\top X+c_2\,\delta\delta^\top+\tfrac{c_3}pJSJ^\top+c_0I,\qquad
   K_{ii}\simeq\text{diagonal}+c_4\delta_i.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

import numpy as np

from rmtsym.simulate import Control, Statistic, entries, entry_moment
from rmtsym.theorem import Theorem

SAMPLES = 40


class Mixture(NamedTuple):
    """Data, one column for each sample; their classes; S_ab = tr C_a C_b / p; delta_i = |x_i|^2 - tau_0^2."""

    points: np.ndarray
    classes: np.ndarray
    shapes: np.ndarray
    delta: np.ndarray

    @property
    def covariance_term(self) -> np.ndarray:
        """The matrix J S J' / p."""
        return self.shapes[np.ix_(self.classes, self.classes)] / len(self.points)


def gaussian_mixture(rng: np.random.Generator, dimension: int, samples: int, deviation: float) -> Mixture:
    """Three classes that differ in mean, trace and shape of their covariances, of mean variance ``deviation**2``."""
    classes = np.arange(samples) % 3
    shape = 0.5 * (-1.0) ** np.arange(dimension)
    traces = np.array([2.0, -1.0, -1.0]) / np.sqrt(dimension)
    covariances = deviation**2 * (1 + traces[:, None] + np.outer([0.0, 1.0, -1.0], shape))
    means = rng.standard_normal((3, dimension)) / np.sqrt(dimension)
    noise = np.sqrt(covariances[classes].T) * rng.standard_normal((dimension, samples))
    data = (means[classes].T + noise) / np.sqrt(dimension)
    shapes = covariances @ covariances.T / dimension
    return Mixture(data, classes, shapes, np.sum(data**2, axis=0) - deviation**2)


def digits(count: int = 300) -> Mixture:
    """Handwritten digits of 8 x 8 pixels, centred, of mean square length 1."""
    from sklearn.datasets import load_digits

    images = load_digits()
    data, classes = images.data.T - images.data.mean(axis=0)[:, None], images.target
    data = data / np.sqrt(np.mean(np.sum(data**2, axis=0)))
    dimension = len(data)
    covariances = [dimension * np.cov(data[:, classes == k], bias=True) for k in range(10)]
    shapes = np.array([[np.sum(c * d) / dimension for d in covariances] for c in covariances])
    data = data[:, :count]
    return Mixture(data, classes[:count], shapes, np.sum(data**2, axis=0) - 1.0)


def combination(data: Mixture, values: Mapping[str, float]) -> np.ndarray:
    """The matrix with these coefficients."""
    found = values["c1"] * data.points.T @ data.points + values["c2"] * np.outer(data.delta, data.delta)
    return found + values["c3"] * data.covariance_term + values["c0"] * np.eye(len(data.classes))


def norm(matrix: np.ndarray) -> float:
    """Operator norm of a symmetric matrix."""
    spectrum = np.linalg.eigvalsh(matrix)
    return float(max(-spectrum[0], spectrum[-1]))


def dropped(proof: Any) -> Any:
    """The step that measures the norms of what the expansion of a layer leaves out."""
    return proof.asymptotic(
        "what is dropped", "the matrices X_ij^2 - S_ij/p and X_ij (delta_i + delta_j), i != j, have small norms",
        "entries of order 1/p with random signs", deviation=remainder, sizes=(64, 128, 256, 512), replicates=24,
        uses=[],
    )  # fmt: skip


def remainder(rng: np.random.Generator, p: int) -> float:
    """Operator norm of what an expansion drops off the diagonal: X_ij^2 - S_ij/p and X_ij (delta_i + delta_j)."""
    data = gaussian_mixture(rng, p, p // 2, 1.0)
    gram = data.points.T @ data.points
    dropped = gram**2 - data.covariance_term + gram * (data.delta[:, None] + data.delta[None, :])
    np.fill_diagonal(dropped, 0)
    return norm(dropped)


class Comparison:
    """Exact kernels of a theorem against their equivalents at its default points; each has the identity's weight c0.

    ``extra`` times tau_0^4 c3 is subtracted from the identity: a version found in public code.
    """

    def __init__(self, theorem: Theorem, exact: Callable[[dict[str, Any], np.ndarray], np.ndarray]) -> None:
        self.theorem, self.exact = theorem, exact
        self._known: dict[str, dict[str, float]] = {}

    def values(self, label: str) -> dict[str, float]:
        """Theory at a default point."""
        if label not in self._known:
            found = self.theorem.values(self.theorem.point(label))
            self._known[label] = {name: float(value) for name, value in found.items()}
        return self._known[label]

    def equivalent(self, label: str, data: Mixture, extra: float = 0.0) -> np.ndarray:
        """The equivalent for data of classes."""
        values, power = self.values(label), float(self.theorem.point(label)["tau0"]) ** 2
        return combination(data, {**values, "c0": values["c0"] - extra * power**2 * values["c3"]})

    def difference(self, label: str, rng: np.random.Generator, p: int, n: int, extra: float = 0.0) -> np.ndarray:
        """Exact kernel less equivalent for n samples of a mixture."""
        point = self.theorem.point(label)
        data = gaussian_mixture(rng, p, n, float(point["tau0"]))
        return self.exact(point, data.points) - self.equivalent(label, data, extra)

    def error(self, label: str, rng: np.random.Generator, p: int, extra: float = 0.0) -> float:
        """Operator norm of the difference for p/2 samples."""
        return norm(self.difference(label, rng, p, p // 2, extra))

    def weight_of_identity(self, claim: Any, labels: Mapping[str, str]) -> None:
        """Claims that the error falls, and that it does not with the other weight of the identity."""

        def exponent(label: str, extra: float) -> float:
            rng = np.random.default_rng(5)
            low, high = (np.mean([self.error(label, rng, p, extra) for _ in range(8)]) for p in (64, 384))
            return float(np.log(high / low) / np.log(6))

        for label, name in labels.items():
            claim.holds(
                f"{name}: the error falls with an exponent below -1/3",
                lambda label=label: exponent(label, 0.0) < -1 / 3,
                wrong={"tau_0^4 c_3 subtracted": lambda label=label: exponent(label, 1.0) < -1 / 3},
            )

    def on_digits(self, claim: Any, labels: Mapping[str, tuple[str, str]]) -> None:
        """Claims what the relative error on handwritten digits is, and that every term of the equivalent counts."""
        data = digits()
        known: dict[str, np.ndarray] = {}

        def error(label: str, **other: float) -> float:
            if label not in known:
                known[label] = self.exact(self.theorem.point(label), data.points)
            return norm(known[label] - combination(data, {**self.values(label), **other})) / norm(known[label])

        for label, (name, printed) in labels.items():
            claim.holds(
                f"{name}: operator norm of kernel less equivalent, over that of the kernel: {printed}",
                lambda label=label, printed=printed: abs(error(label) - float(printed)) < 5e-4,
                wrong={
                    f"{k:+} per mille": lambda label=label, printed=printed, k=k: (
                        abs(error(label) - float(printed) - k / 1000) < 5e-4
                    )
                    for k in (-1, 1)
                },
            )
            claim.holds(
                f"{name}: larger without c1, c2, c3 or c0",
                lambda label=label: all(error(label, **{k: 0.0}) > error(label) for k in ("c0", "c1", "c2", "c3")),
                wrong={"smaller with tau_0^4 c_3 subtracted from the identity": lambda label=label: error(
                    label, c0=self.values(label)["c0"] - self.values(label)["c3"]) < error(label)},
            )  # fmt: skip

    def figure(self, page: Any, labels: Mapping[str, str], shown: str) -> Any:
        """Error against the dimension; eigenvalues of exact kernels and equivalents, mixture and digits."""
        from rmtsym.report.style import COLOURS, figure

        rng = np.random.default_rng(page.trial.seed)
        sizes, rounds = (64, 128, 256, 512), 4
        fig, (left, right) = figure(9.5, 3.8, ncols=2)
        for colour, (label, name) in zip(COLOURS, labels.items(), strict=False):
            for marker, extra, text in (("o", 0.0, "$c_0$"), ("x", 1.0, r"$c_0-\tau_0^4c_3$")):
                means = [np.mean([self.error(label, rng, p, extra) for _ in range(rounds)]) for p in sizes]
                left.loglog(sizes, means, marker, color=colour, label=f"{name}: {text}")
                if not extra:
                    line = means[-1] * np.sqrt(sizes[-1] / np.array(sizes))
                    left.loglog(sizes, line, color=colour, linewidth=1)
        left.set_xticks(sizes, map(str, sizes))
        left.minorticks_off()
        left.set_ylim(bottom=left.get_ylim()[0] / 5)
        left.set_xlabel("dimension $p$; lines: $p^{-1/2}$")
        left.set_ylabel("operator norm of kernel less equivalent")
        left.legend(fontsize=8, loc="lower left")
        label, order = next(iter(labels)), np.arange(1, 31)
        mixture = gaussian_mixture(rng, 400, 300, 1.0)
        for colour, (name, data) in zip(COLOURS, (("mixture", mixture), ("digits", digits())), strict=False):
            exact, predicted = self.exact(self.theorem.point(label), data.points), self.equivalent(label, data)
            error = norm(exact - predicted) / norm(exact)
            right.semilogy(order, np.linalg.eigvalsh(exact)[::-1][:30], color=colour, label=f"{name}: exact")
            right.semilogy(order, np.linalg.eigvalsh(predicted)[::-1][:30], "o", color=colour, markersize=4,
                           markerfacecolor="white", label=f"{name}: equivalent, error {error:.1%}")  # fmt: skip
        right.set_xlabel("eigenvalue number")
        right.set_ylabel(f"eigenvalue, {shown}")
        right.legend(fontsize=8)
        return fig


def skewness(p: int, law: str) -> float:
    """Third moment of delta in units of its deviation."""
    fourth, sixth = entry_moment(law, 4), entry_moment(law, 6)
    return float((sixth - 3 * fourth + 2) / np.sqrt(p * (fourth - 1) ** 3))


def unit(p: int, law: str) -> float:
    """Deviation of delta, for data of length 1."""
    return float(np.sqrt((entry_moment(law, 4) - 1) / p))


#: Averages over pairs of products of X_ij, delta_i + delta_j, delta_i delta_j (all of unit variance): exact means for
#: symmetric entries. The kernel is a power series in these, so they explain nearly all of its noise.
MEANS: dict[str, Any] = {
    **dict.fromkeys(("x", "xxx", "xxxd", "d", "dd", "xd", "xdd", "ddd", "xddd", "xxxdd"), 0.0),
    **dict.fromkeys(("xx", "dddd", "d2"), 1.0),
    "d3": skewness,
    "ddddd": lambda p, law: 2 * skewness(p, law),
    "xxd": lambda p, law: 2 * unit(p, law),
    "xxdd": lambda p, law: unit(p, law) ** 2,
    "xxddd": lambda p, law: 2 * unit(p, law) * (1 + unit(p, law) * skewness(p, law)),
}


def controls(*names: str) -> tuple[Control, ...]:
    """Controls by name."""

    def mean(name: str) -> Any:
        found = MEANS[name]
        return (lambda point, p, law: found(p, law)) if callable(found) else found

    return tuple(Control(name, mean(name)) for name in names)


def statistics(**scales: float) -> tuple[Statistic, ...]:
    """One for each coefficient; those that are zero in theory need a scale."""
    explained = {
        "c1": ("x", "xx", "xxx", "xd", "xdd", "xxd", "xxxd"),
        "c2": ("x", "dd", "xdd", "dddd", "xxdd", "ddd", "xddd", "xxxdd", "ddddd", "xxddd"),
        "c3": ("x", "xx", "xxx", "d", "dd", "xd", "xxd", "ddd", "d2"),
        "c4": ("d", "d2", "d3"),
        "diagonal": ("d", "d2"),
        "c0": ("x", "xx", "xxx", "xdd", "xxd", "xxxd", "d", "d2"),
    }
    return tuple(Statistic(k, scale=scales.get(k), controls=controls(*names)) for k, names in explained.items())


def samples(rng: np.random.Generator, size: int, law: str, tau: float) -> np.ndarray:
    """A few vectors with independent entries, of mean square length tau^2."""
    return tau * entries(rng, (size, SAMPLES), law) / np.sqrt(size)


def read_off(x: np.ndarray, kernel: np.ndarray, tau: float, law: str) -> dict[str, float]:
    """Coefficients of a kernel matrix of :func:`samples`, and the averages that explain their noise."""
    size, gram = len(x), x.T @ x
    spread = unit(size, law)
    d = (np.diagonal(gram) / tau**2 - 1) / spread
    u, off = gram * np.sqrt(size) / tau**2, ~np.eye(SAMPLES, dtype=bool)

    def mean(table: np.ndarray) -> float:
        return float(np.mean(table[off]))

    both, total = np.outer(d, d), d[:, None] + d[None, :]
    diagonal = np.diagonal(kernel)
    c1 = mean(kernel * u) * np.sqrt(size) / tau**2
    return {
        "c1": c1,
        "c2": mean(kernel * both) / (spread * tau**2) ** 2,
        "c3": mean(kernel) * size / tau**4,
        "c4": float(np.mean(diagonal * d)) / (spread * tau**2),
        "diagonal": float(np.mean(diagonal)),
        "c0": float(np.mean(diagonal)) - tau**2 * c1,
        "x": mean(u),
        "xx": mean(u**2),
        "xxx": mean(u**3),
        "xxxd": mean(u**3 * total),
        "xd": mean(u * total),
        "xdd": mean(u * both),
        "xddd": mean(u * both * total),
        "xxxdd": mean(u**3 * both),
        "ddddd": mean(both**2 * total),
        "xxddd": mean(u**2 * both * total),
        "xxd": mean(u**2 * total),
        "xxdd": mean(u**2 * both),
        "d": float(np.mean(d)),
        "dd": mean(both),
        "ddd": mean(both * total),
        "dddd": mean(both**2),
        "d2": float(np.mean(d**2)),
        "d3": float(np.mean(d**3)),
    }
