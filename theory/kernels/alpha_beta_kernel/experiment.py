"""Spectrum of the alpha-beta kernel: simulation and figure."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np

from rmtsym.simulate import Control, Statistic
from theory.kernels.alpha_beta_kernel import draws
from theory.kernels.alpha_beta_kernel.statement import theorem


def _dimension(point: Any, n: int) -> int:
    return int(point["c"] * n)


def _sums(point: Any, n: int, *orders: int) -> tuple[float, ...]:
    """Traces of powers of C."""
    spectrum = draws.eigenvalues(point, _dimension(point, n))
    return tuple(float(np.sum(spectrum**order)) for order in orders)


def _linear(point: Any, n: int, law: str) -> float:
    """Mean of tr L^2/n for the inner products without diagonal."""
    (second,) = _sums(point, n, 2)
    return (n - 1) * second / _dimension(point, n) ** 2


def _squared(point: Any, n: int, law: str) -> float:
    """Mean of tr H^2/n for the squares H_ij = sqrt p (t_ij^2 - tr C^2/p^2) without diagonal."""
    second, fourth = _sums(point, n, 2, 4)
    return (n - 1) * (2 * second**2 + (6 if law == "gauss" else -2) * fourth) / _dimension(point, n) ** 3


def _rows(point: Any, n: int, law: str) -> float:
    """Variance of (L^2)_ii: given x, the mean of t^2 over y is x'Cx/p^2, which fluctuates for normal entries only."""
    second, fourth = _sums(point, n, 2, 4)
    return (n - 1) * (2 * second**2 + (2 * (n + 1) if law == "gauss" else -2) * fourth) / _dimension(point, n) ** 4


LINEAR, SQUARED = Control("linear", _linear), Control("squared", _squared)
NORMAL = (SQUARED, Control("lengths", 0.0), Control("rows", _rows))  # for signs only the first one helps
MOMENTS = (Statistic("mom1", resolution=0.002), Statistic("mom2", controls=(LINEAR, SQUARED), resolution=0.002))


def traces(size: float, curvature: float, resolution: float, controls: tuple[Control, ...]) -> tuple[Statistic, ...]:
    """The transform, in units of its size, and two moments.

    Beyond 1/n the terms are large for normal entries, whose |x|^2/p (missing on the diagonal) and x'Cx fluctuate; for
    signs both are constant.  The mean over both signs of beta has whole powers only.  ``curvature`` bounds the
    coefficient of 1/n^2, measured at sizes 120, 240, 480, 960, 1440 with two seeds, by least squares with 1/n, 1/n^2,
    1/n^3 (in brackets without size 120), in units of ``size``; that of the two parts which has the larger one:
    A 1720 +- 60 (1240 +- 200), for signs 140 +- 50 (200 +- 190); B 1440 +- 40 (1870 +- 150), for signs 420 +- 30
    (540 +- 120); C 86 +- 26 (130 +- 90).  With n^{-3/2} for 1/n^2 and 1/n^3, chi^2 is 19 at A (2 degrees of freedom).
    """
    transform = (
        Statistic(name, controls=controls, scale=size, curvature=curvature, resolution=resolution)
        for name in ("re_m", "im_m")
    )
    return (*transform, *MOMENTS)


#: One sign of beta instead of both: a term of order n^{-1/2}.
ALONE = Statistic("alone", quantity="im_m", exponent=0.5, controls=NORMAL, scale=1.0, resolution=0.05)


@theorem.experiment(
    points=("A",),
    sizes=(240, 960),
    first_look=(48, 16),
    laws=("rad",),
    statistics=traces(0.2, 300.0, 0.011, (SQUARED,)),
)
@theorem.experiment(
    points=("A",), sizes=(360, 1080), first_look=(28, 20), statistics=traces(0.2, 2000.0, 0.021, NORMAL)
)
@theorem.experiment(
    points=("B",),
    sizes=(240, 960),
    first_look=(48, 16),
    laws=("rad",),
    statistics=traces(0.35, 600.0, 0.011, (SQUARED,)),
)
@theorem.experiment(
    points=("B",), sizes=(360, 1080), first_look=(28, 20), statistics=traces(0.35, 2000.0, 0.018, NORMAL)
)
@theorem.experiment(
    points=("C",), sizes=(240, 720), first_look=(48, 16), statistics=traces(1.0, 150.0, 0.007, (SQUARED,))[:2]
)
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
    lengths = float(np.trace(inner)) / size - tau
    np.fill_diagonal(inner, 0.0)
    inner *= inner
    rows, mean = np.sum(inner, axis=1), float(np.sum(spectrum**2)) / p**2
    squares = inner - mean
    np.fill_diagonal(squares, 0.0)
    return {
        "re_m": float(m.real),
        "im_m": float(m.imag),
        "alone": float(np.mean(1 / (both[0] - at)).imag),
        "mom1": float(np.mean(values)),
        "mom2": float(np.mean(values**2)),
        "linear": float(np.mean(rows)),
        "squared": p * float(np.sum(squares**2)) / size,
        "lengths": lengths,
        "rows": float(np.mean((rows - (size - 1) * mean) ** 2)),
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
