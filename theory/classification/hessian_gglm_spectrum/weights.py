r"""Weights of the Hessian of a generalised linear model: their law, data with them, the ends of the spectrum in floats.

A weight is the second derivative of the loss of a sample in :math:`w^\top x=\sqrt v\,a`; it may depend on the label.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq

from rmtsym.errors import NoConvergence
from rmtsym.field import Atoms, NormalImage, NormalLaw, SpectralMeasure
from rmtsym.simulate.ensembles import entries, population

__all__ = ["BOUNDS", "RESPONSES", "gamma", "labelled", "normal", "outermost", "sampled", "weights"]

RESPONSES = ("logistic", "squared", "linear", "phase", "recovered")
#: Least and largest weight; of the squared error those of 2 s (1-s)^2 (3s-1), rounded outwards.
BOUNDS = {
    "logistic": (Fraction(0), Fraction(1, 4)),
    "linear": (Fraction(1), Fraction(1)),
    "squared": (Fraction(-120215, 10**6), Fraction(154097, 10**6)),
}
gamma = SpectralMeasure("gamma", *sp.symbols("g a y"))  # weight, projection on w, sign of the label
normal = SpectralMeasure("N", sp.Symbol("q"))
_Z = sp.Symbol("z")


def weights(response: str, variance: Fraction, mean: Fraction) -> NormalImage:
    """Joint law of weight, projection and sign of the label."""
    at = sp.Rational(mean.numerator, mean.denominator) + _Z
    half_tangent = sp.tanh(sp.sqrt(sp.Rational(variance.numerator, variance.denominator)) * at / 2)
    s = (1 + half_tangent) / 2
    base = NormalLaw(step=1 / (48 * max(1.0, float(variance) ** 0.5 / 2)))  # the weights vary over 1/sqrt(v)
    if response == "linear":
        return NormalImage([(1, (1, at, 0))])
    if response == "recovered":
        return NormalImage([(1, (2 * sp.Rational(variance.numerator, variance.denominator) * at**2, at, 0))])
    if response == "logistic":
        return NormalImage([(1, ((1 - half_tangent**2) / 4, at, 0))], base)
    half = Fraction(1, 2)
    positive, negative = 2 * s * (1 - s) ** 2 * (3 * s - 1), 2 * s**2 * (1 - s) * (2 - 3 * s)
    return NormalImage([(half, (positive, at, 1)), (half, (negative, at, -1))], base)


@cache
def outermost(
    response: str, variance: Fraction, behind: Fraction, mean: Fraction, spectrum: Atoms, ratio: Fraction, side: str
) -> tuple[tuple[str, Any], ...]:
    """Edge and isolated eigenvalue in floating point, by bisection in delta; enclosures start from them.

    Off the support z(delta) is monotone, and the determinant falls from one (far away) to its value at the edge: it has
    a zero if and only if it is negative there.  What is found here only chooses the system; the system without an
    isolated eigenvalue has the sign of the determinant among its conditions, the other one has a root, both in balls.
    """
    letters, p = weights(response, variance, mean).quadrature(gamma)
    g, a, y = (letters[name] for name in "gay")
    nodes, normal_weights = NormalLaw().quadrature(normal)
    coupling = normal_weights @ (nodes["q"] * np.tanh(np.sqrt(float(behind)) * nodes["q"] / 2))
    share = np.array(spectrum.weights, dtype=float)
    t, b = (np.array(spectrum.letters[name], dtype=float) for name in "tb")
    sign, c = (1 if side == "left" else -1), float(ratio)
    extreme = -sign * (g.min() if sign > 0 else g.max())
    reach = 1 / extreme if extreme > 0 else np.inf  # 1 + g delta is positive up to here
    bounded = np.isfinite(reach)

    def at(log: float) -> tuple[float, float, float, np.ndarray]:
        size = np.exp(log)
        delta = sign * (size * reach / (size + reach) if bounded else size)
        h = g / (1 + g * delta)
        e = p @ h
        start = (e * t).min() if sign > 0 else (e * t).max()
        load = lambda s: c * share @ (t / (e * t - start + sign * np.exp(s))) - delta  # noqa: E731
        bounds = c * share @ t / abs(delta), c * (share * t)[np.argmin(sign * e * t)] / abs(delta)
        gap = brentq(load, np.log(bounds[1]) - 1e-9, np.log(bounds[0]) + 1e-9, xtol=1e-15)
        return delta, e, start - sign * np.exp(gap), h

    def turning(log: float) -> float:
        _, e, x, h = at(log)
        return 1 - c * (p @ h**2) * (share @ (t**2 / (e * t - x) ** 2))

    def determinant(log: float) -> float:
        _, e, x, h = at(log)
        form = share @ (b * t / (e * t - x))
        return 1 + form * (p @ (h * (a**2 - 1))) - (coupling * form * (p @ (h * a * y))) ** 2

    steps = np.arange(-12.0, 40.0, 0.5)
    last = next((s for s in steps if turning(s) < 0), None)
    if last is None or last == steps[0]:
        raise NoConvergence(f"the edge on the {side} is out of the reach of double precision; move the point")
    top = brentq(turning, last - 0.5, last, xtol=1e-14)
    delta, _, x, _ = at(top)
    found = {"delta_e_near": delta, "x_e_near": x, "separated": int(determinant(top) < -1e-12)}
    if found["separated"]:
        delta, _, x, _ = at(brentq(determinant, -30.0, top, xtol=1e-14))
        found |= {"delta_s_near": delta, "x_s_near": x}
    return tuple(found.items())


def sampled(rng: np.random.Generator, size: int, point: Any, law: str = "gauss") -> tuple[np.ndarray, ...]:
    """Data, weights, projections on w and w*, signs of the labels, population, and the directions Cw and Cw*."""
    spectrum = population(point["share"], point["t"], int(point["c"] * size))
    places = np.searchsorted(np.sort(np.array(point["t"], dtype=float)), spectrum)
    order = np.argsort(np.argsort(np.array(point["t"], dtype=float)))
    counts = np.bincount(places, minlength=len(order))
    mass = np.array(point["mass"], dtype=float)[np.argsort(order)]
    scale = float(np.sort(np.array(point["t"], dtype=float)) @ mass)
    direction = np.sqrt(mass / counts)[places] * np.sqrt(spectrum / scale)
    if law == "axis":  # all of w on one coordinate
        direction = np.eye(len(spectrum))[0]
    second = direction * (-1.0) ** np.arange(len(spectrum))
    noise = entries(rng, (len(spectrum), size), "rad" if law == "axis" else law)
    a, a_star = float(point["m"]) + direction @ noise, second @ noise
    v, v_star = (float(point[name]) ** 2 * scale for name in ("omega", "star"))
    label, g = labelled(rng, point["response"], np.sqrt(v) * a, np.sqrt(v_star) * a_star)
    root = np.sqrt(spectrum)
    x = root[:, None] * (noise + float(point["m"]) * direction[:, None])
    return x, g, a, a_star, label, spectrum, root * direction, root * second


def labelled(
    rng: np.random.Generator, response: str, inner: np.ndarray, behind: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Signs of labels drawn from the model at w*, and weights of the samples, of w'x and w*'x."""
    s = (1 + np.tanh(inner / 2)) / 2
    label = rng.random(len(inner)) < (1 + np.tanh(behind / 2)) / 2
    g = {
        "linear": lambda: np.ones(len(inner)),
        "logistic": lambda: s * (1 - s),
        "squared": lambda: 2 * s * (1 - s) * np.where(label, (1 - s) * (3 * s - 1), s * (2 - 3 * s)),
        "phase": lambda: 3 * inner**2 - behind**2,
        "recovered": lambda: 2 * inner**2,
    }[response]()
    return np.where(label, 1.0, -1.0), g
