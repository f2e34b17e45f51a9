"""Spectrum of the alpha-beta kernel: simulation and figure."""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from theory.kernels.alpha_beta_kernel import draws
from theory.kernels.alpha_beta_kernel.statement import theorem


def _dimension(point: Any, n: int) -> int:
    return int(point["c"] * n)


def _linear(order: int) -> Callable[[Any, int, str], float]:
    """Mean of tr L^k/n for the inner products without diagonal: (n-1)...(n-k+1) tr C^k/p^k, under every law."""

    def mean(point: Any, n: int, law: str) -> float:
        p = _dimension(point, n)
        factor = (n - 1) * (n - 2) if order == 3 else n - 1
        return factor * float(np.sum(draws.eigenvalues(point, p) ** order)) / p**order

    return mean


def _squared(point: Any, n: int, law: str) -> float:
    """Mean of tr H^2/n for the squares H_ij = sqrt p (t_ij^2 - tr C^2/p^2) without diagonal."""
    p = _dimension(point, n)
    second, fourth = (float(np.sum(draws.eigenvalues(point, p) ** k)) for k in (2, 4))
    return (n - 1) * (2 * second**2 + (6 if law == "gauss" else -2) * fourth) / p**3


CONTROLS = (Control("linear2", _linear(2)), Control("linear3", _linear(3)), Control("squared", _squared))


def traces(size: float, curvature: float, resolution: float) -> tuple[Statistic, ...]:
    """The transform, in units of its size, and two moments.

    Beyond 1/n the terms are large where few directions carry tr C^4: there (x'Cx)/tr C^2 fluctuates for normal entries
    (for signs it is constant).  ``curvature`` bounds the next term; measured for sizes 60 to 960.
    """
    transform = (
        Statistic(name, controls=CONTROLS, scale=size, curvature=curvature, resolution=resolution)
        for name in ("re_m", "im_m")
    )
    return (*transform, Statistic("mom1", controls=CONTROLS), Statistic("mom2", controls=CONTROLS))


#: One sign of beta instead of both: a term of order n^{-1/2}.
ALONE = Statistic("alone", quantity="im_m", exponent=0.5, controls=CONTROLS, scale=1.0, resolution=0.05)
SIZES = (240, 480)


@theorem.experiment(points=("A",), sizes=SIZES, laws=("rad",), statistics=traces(0.2, 300.0, 0.02))
@theorem.experiment(points=("A",), sizes=SIZES, statistics=traces(0.2, 1500.0, 0.05))
@theorem.experiment(points=("B",), sizes=SIZES, laws=("rad",), statistics=traces(0.35, 300.0, 0.02))
@theorem.experiment(points=("B",), sizes=SIZES, statistics=traces(0.35, 1000.0, 0.04))
@theorem.experiment(points=("C",), sizes=SIZES, statistics=traces(1.0, 150.0, 0.01)[:2])
@theorem.experiment(points=("C",), sizes=(60, 120, 240), statistics=(ALONE,))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Spectrum for both signs of beta, and their mean; ``alone`` is the trace for beta itself."""
    p, at = _dimension(point, size), complex(*map(float, point["z"]))
    spectrum = draws.eigenvalues(point, p)
    tau, alpha, beta = float(np.mean(spectrum)), float(point["alpha"]), float(point["beta"])
    inner = draws.inner_products(rng, spectrum, size, law)
    both = [np.linalg.eigvalsh(draws.matrix(inner, p, alpha, sign * beta, tau)) for sign in (1, -1)]
    values = np.concatenate(both)
    m = np.mean(1 / (values - at))
    np.fill_diagonal(inner, 0.0)
    product = inner @ inner
    squares = np.sqrt(p) * (inner**2 - np.sum(spectrum**2) / p**2)
    np.fill_diagonal(squares, 0.0)
    return {
        "re_m": float(m.real),
        "im_m": float(m.imag),
        "alone": float(np.mean(1 / (both[0] - at)).imag),
        "mom1": float(np.mean(values)),
        "mom2": float(np.mean(values**2)),
        "linear2": float(np.trace(product)) / size,
        "linear3": float(np.sum(product * inner)) / size,
        "squared": float(np.sum(squares**2)) / size,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Im m(x + i/10)/pi, which is the density seen with that width; theory, simulation, and classes counted from 0."""
    from rmtsym.report.style import COLOURS, figure

    fig, panels = figure(10, 3.4, ncols=2)
    rng, width, size = np.random.default_rng(page.trial.seed), Fraction(1, 10), 480
    for axes, name, (low, high) in zip(panels, ("A", "B"), ((-6, 40), (-5, 15)), strict=True):
        point = page.theorem.point(name)
        fine = [low + Fraction(k * (high - low), 120) for k in range(121)]
        p, alpha, beta = _dimension(point, size), float(point["alpha"]), float(point["beta"])
        spectrum = draws.eigenvalues(point, p)
        products = [draws.inner_products(rng, spectrum, size, "rad") for _ in range(3)]
        tables = [draws.matrix(x, p, alpha, b, float(np.mean(spectrum))) for x in products for b in (beta, -beta)]
        values = np.concatenate([np.linalg.eigvalsh(table) for table in tables])
        shifted = {**point, "rho": tuple(r - Fraction(2, 5) for r in point["rho"])}
        lines = [(point, "theory", {"color": COLOURS[0]})]
        if name == "B":
            lines.append((shifted, "classes counted from 0", {"color": COLOURS[1], "ls": "--"}))
        for given, words, style in lines:
            curve = [float(page.theorem.values({**given, "z": (x, width)})["im_m"]) / np.pi for x in fine]
            axes.plot([float(x) for x in fine], curve, label=words, **style)
        at = np.array([complex(x, width) for x in fine[1::3]])
        seen = np.mean(1 / (values[:, None] - at), axis=0).imag / np.pi
        axes.plot(at.real, seen, "o", ms=3.5, color="0.3", label="simulation")
        axes.set(xlabel="x", ylabel=r"$\Im m(x+i/10)/\pi$", title="two eigenvalues" if name == "A" else "three classes")
        axes.legend()
    return fig
