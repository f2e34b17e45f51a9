"""Spectrum of an inner-product kernel of white data: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.simulate import Control, Statistic
from rmtsym.spectrum import SpectralCurve, SpectralLaw
from theory.kernels.inner_product_limiting_law.derivation import sampled
from theory.kernels.inner_product_limiting_law.statement import coefficients, curve, m, theorem, z


@cache
def second_order(f: str, ratio: Fraction, at: complex, dimension: int) -> complex:
    """What a finite dimension changes in m(z), to first order in p^{-1/2}.

    The second Hermite component is a kernel of white data in dimension p^2/2, so its semicircle is a Marchenko-Pastur
    law of small ratio: m/c becomes m/(c + sqrt(2/p) a2 m).
    """
    _, first, second, variance = map(float, coefficients(f))
    share, small = float(ratio), np.sqrt(2 / dimension) * second

    def root(skew: float) -> complex:
        value = -1 / at
        for _ in range(400):
            inner = first**2 * value / (share + first * value) + second**2 * value / (share + skew * value)
            inner += (variance - first**2 - second**2) * value / share
            value = (value - 1 / (at + inner)) / 2
        return value

    return root(small) - root(0.0)


#: tr L^2/n and tr L^3/n of the linear kernel without diagonal: their means are the same for every entry law.
LINEAR = (
    Control("linear2", lambda point, n, law: (n - 1) / float(point["c"] * n)),
    Control("linear3", lambda point, n, law: (n - 1) * (n - 2) / float(point["c"] * n) ** 2),
)
TRANSFORM = tuple(Statistic(name, controls=LINEAR, scale=1.0) for name in ("re_m", "im_m"))  # |m| is about 1
MOMENTS = (
    Statistic("mom2", controls=LINEAR[:1]),
    Statistic("mom3", controls=LINEAR, resolution=0.03),
    Statistic("mom4", controls=LINEAR, resolution=0.03),
)
#: In units of half the width; the gap is narrow, and its ends have large terms beyond n^{-2/3}.
EDGES = tuple(
    Statistic(name, kind="edge", exponent=2 / 3, scale=2.0, curvature=10.0, resolution=0.1)
    for name in ("edge_lower", "edge_upper", "gap_lower", "gap_upper")
)
#: The second Hermite coefficient adds sqrt(2) a2^3/(c^2 sqrt p) to the third moment; ``skewed`` keeps it.
SKEWED = (
    Statistic("mom3", controls=LINEAR, scale=1.0, resolution=0.05),
    Statistic("skewed", quantity="mom3", exponent=0.5, controls=LINEAR, scale=1.0, resolution=0.2),
)


@theorem.experiment(points=("A",), sizes=(60, 120), laws=("gauss", "rad"), statistics=(*TRANSFORM, *MOMENTS))
@theorem.experiment(points=("A",), sizes=(120, 240), laws=("rad",), statistics=EDGES[:2])
@theorem.experiment(points=("B",), sizes=(60, 120), statistics=TRANSFORM)
@theorem.experiment(points=("C",), sizes=(60, 120), laws=("rad",), statistics=TRANSFORM)
@theorem.experiment(points=("D",), sizes=(32, 64, 128), statistics=SKEWED)
@theorem.experiment(points=("E",), sizes=(128, 256), laws=("rad",), statistics=(*TRANSFORM, *EDGES))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Spectrum of one kernel; the transform less its known term of order p^{-1/2}."""
    x, linear, kernel = sampled(rng, size, point["f"], float(point["c"]), law)
    at = complex(*map(float, point["z"]))
    spectrum = np.linalg.eigvalsh(kernel)
    m = np.mean(1 / (spectrum - at)) - second_order(point["f"], point["c"], at, len(x))
    linear /= np.sqrt(len(x))
    square = linear @ linear
    third = float(np.mean(spectrum**3))
    skew = np.sqrt(2 / len(x)) * float(coefficients(point["f"])[2]) ** 3 / float(point["c"]) ** 2
    above = size - len(x)  # as many eigenvalues as dimensions belong to the linear part
    return {
        "re_m": float(m.real),
        "im_m": float(m.imag),
        "mom2": float(np.mean(spectrum**2)),
        "mom3": third - skew,
        "skewed": third,
        "mom4": float(np.mean(spectrum**4)),
        "linear2": float(np.trace(square)) / size,
        "linear3": float(np.sum(square * linear)) / size,
        "edge_lower": float(spectrum[0]),
        "edge_upper": float(spectrum[-1]),
        "gap_lower": float(spectrum[above - 1]) if 0 < above < size else 0.0,
        "gap_upper": float(spectrum[above]) if 0 < above < size else 0.0,
    }


def law(f: str, ratio: Any) -> SpectralLaw:
    """The spectral law at a function's coefficients, rounded to twelve digits."""
    _, slope, _, variance = (Fraction(round(float(x) * 10**12), 10**12) for x in coefficients(f))
    return SpectralLaw(SpectralCurve(sp.Poly(curve(), m, z)).at(a1=slope, nu=variance, c=Fraction(ratio)), name=f)


@theorem.figure
def figure(page: Any) -> Any:
    """A linear part and a noise part, in three mixtures."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law

    fig, panels = figure(10, 3.3, ncols=3)
    shown = (("abs", "1/2", "rad"), ("tanh", "1/2", "gauss"), ("sigmoid", "1/5", "rad"))
    for axes, (f, ratio, entry) in zip(panels, shown, strict=True):
        rng = np.random.default_rng(page.trial.seed)
        kernel = sampled(rng, 1000, f, float(Fraction(ratio)), entry)[2]
        plot_law(law(f, ratio), np.linalg.eigvalsh(kernel), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"{f}, c = {ratio}, {'Gaussian' if entry == 'gauss' else 'Rademacher'} data")
    return fig
