"""Spectrum of an inner-product kernel of white data: simulation and its picture."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.simulate import Statistic
from rmtsym.spectrum import SpectralCurve, SpectralLaw
from theory.kernels.inner_product_limiting_law.controls import LINEAR, SECOND, second_values, values
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


TRANSFORM = tuple(Statistic(name, controls=LINEAR, scale=1.0) for name in ("re_m", "im_m"))  # |m| is about 1
MOMENTS = (Statistic("mom2", controls=LINEAR[:1]), *(Statistic(name, controls=LINEAR) for name in ("mom3", "mom4")))
#: In units of half the width; the gap is narrow, and its ends have large terms beyond n^{-2/3}.
EDGES = tuple(
    Statistic(name, kind="edge", exponent=2 / 3, scale=2.0, curvature=10.0, resolution=0.05)
    for name in ("edge_lower", "edge_upper", "gap_lower", "gap_upper")
)
#: Without linear part the second Hermite component adds sqrt(2) a2^3/(c^2 sqrt p) to the third moment, and the powers
#: that follow are p^{-3/2}, p^{-5/2}, ...: less this term the moment leaves -5.9 n^{-3/2} at D (six sizes from 32 to
#: 1024, two seeds).  ``skewed`` keeps the term; for two sizes from 256 on its ``curvature`` bounds 8 n^{-3/2}.
THIRD = Statistic("mom3", exponent=1.5, controls=SECOND, scale=1.0)
SKEWED = Statistic("skewed", quantity="mom3", exponent=0.5, controls=SECOND, scale=1.0, curvature=0.75)
#: The error of the extrapolation, not the noise, needs large sizes.
SIZES = (120, 480)


@theorem.experiment(points=("A",), sizes=SIZES, statistics=(*TRANSFORM, *MOMENTS), first_look=(256, 64))
@theorem.experiment(
    points=("A",), sizes=SIZES, laws=("rad",), statistics=(*TRANSFORM, *MOMENTS, *EDGES[:2]), first_look=(256, 64)
)
@theorem.experiment(points=("B",), sizes=SIZES, statistics=TRANSFORM, first_look=(128, 32))
@theorem.experiment(points=("C",), sizes=SIZES, laws=("rad",), statistics=TRANSFORM, first_look=(128, 32))
@theorem.experiment(
    points=("E",), sizes=(128, 512), laws=("rad",), statistics=(*TRANSFORM, *EDGES), first_look=(256, 64)
)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Spectrum of one kernel; the transform less its known term of order p^{-1/2}."""
    x, inner, kernel = sampled(rng, size, point["f"], float(point["c"]), law)
    at = complex(*map(float, point["z"]))
    spectrum = np.linalg.eigvalsh(kernel)
    m = np.mean(1 / (spectrum - at)) - second_order(point["f"], point["c"], at, len(x))
    above = size - len(x)  # as many eigenvalues as dimensions belong to the linear part
    return {
        "re_m": float(m.real),
        "im_m": float(m.imag),
        "mom2": float(np.mean(spectrum**2)),
        "mom3": float(np.mean(spectrum**3)) - skew(point["f"], float(point["c"]), len(x)),
        "mom4": float(np.mean(spectrum**4)),
        "edge_lower": float(spectrum[0]),
        "edge_upper": float(spectrum[-1]),
        "gap_lower": float(spectrum[above - 1]) if 0 < above < size else 0.0,
        "gap_upper": float(spectrum[above]) if 0 < above < size else 0.0,
        **values(kernel, inner / np.sqrt(len(x))),
    }


@theorem.experiment(points=("D",), sizes=(32, 128, 512), statistics=(THIRD,), first_look=(512, 256, 32))
@theorem.experiment(points=("D",), sizes=(256, 1024), statistics=(SKEWED,), first_look=(64, 16))
def third_moment(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Third moment of a kernel without linear part, with and without its known term of order p^{-1/2}."""
    x, inner, kernel = sampled(rng, size, point["f"], float(point["c"]), law)
    third = float(np.sum((kernel @ kernel) * kernel)) / size
    known = skew(point["f"], float(point["c"]), len(x))
    return {"mom3": third - known, "skewed": third, **second_values(kernel, inner, len(x))}


def skew(f: str, ratio: float, dimension: int) -> float:
    """What the second Hermite component adds to the third moment."""
    return float(np.sqrt(2 / dimension) * float(coefficients(f)[2]) ** 3 / ratio**2)


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
    shown = (("abs", "1/2", "rad"), ("tanh", "1/2", "gauss"), ("sigmoid", "1/4", "rad"))
    for axes, (f, ratio, entry) in zip(panels, shown, strict=True):
        rng = np.random.default_rng(page.trial.seed)
        kernel = sampled(rng, 1000, f, float(Fraction(ratio)), entry)[2]
        plot_law(law(f, ratio), np.linalg.eigvalsh(kernel), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"{f}, c = {ratio}, {'Gaussian' if entry == 'gauss' else 'Rademacher'}")
    panels[-1].set_yscale("symlog", linthresh=0.3)  # the upper bulk is low and wide
    panels[-1].set_yticks((0, 0.1, 0.2, 0.3, 1, 5), ("0", "0.1", "0.2", "0.3", "1", "5"))
    panels[-1].minorticks_off()
    return fig
