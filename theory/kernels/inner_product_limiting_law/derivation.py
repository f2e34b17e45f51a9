"""Spectrum of an inner-product kernel of white data: derivation, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq

from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.matrix import planar_moments
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem.certified import certified
from theory.kernels.inner_product_limiting_law.statement import (
    a1,
    c,
    coefficients,
    h,
    h_1,
    h_2,
    h_lower,
    h_upper,
    m,
    m_z,
    model,
    rest,
    theorem,
    z,
)

SPOT = 1 + 1j  # where the steps of the derivation are sampled


def sampled(rng: np.random.Generator, size: int, f: str, ratio: float, law: str = "gauss") -> tuple[np.ndarray, ...]:
    """Samples, their scaled inner products without the diagonal, and the kernel."""
    x = entries(rng, (round(ratio * size), size), law)
    inner = x.T @ x / np.sqrt(len(x))
    kernel = (activation(f)(inner) - float(coefficients(f)[0])) / np.sqrt(len(x))
    np.fill_diagonal(inner, 0.0)
    np.fill_diagonal(kernel, 0.0)
    return x, inner, kernel


def _row(rng: np.random.Generator, size: int) -> tuple[complex, complex, complex, complex]:
    """Forms of one sample's row in the resolvent of the others, for sign at c = 1/2, and the trace over p."""
    slope = float(coefficients("sign")[1])
    _, inner, kernel = sampled(rng, size + 1, "sign", 0.5)
    root = np.sqrt(size // 2)
    along = inner[0, 1:] / root
    beyond = kernel[0, 1:] - slope * along
    q = np.linalg.inv(kernel[1:, 1:] - SPOT * np.eye(size))
    return along @ q @ along, beyond @ q @ beyond, along @ q @ beyond, 2 * np.trace(q) / size


def _linear(rng: np.random.Generator, size: int) -> float:
    form, _, _, trace = _row(rng, size)
    return float(abs(form - trace / (1 + float(coefficients("sign")[1]) * trace)))


def _beyond(rng: np.random.Generator, size: int) -> float:
    _, form, _, trace = _row(rng, size)
    _, slope, _, variance = map(float, coefficients("sign"))
    return float(abs(form - (variance - slope**2) * trace))


def _cross(rng: np.random.Generator, size: int) -> float:
    return float(abs(_row(rng, size)[2]))


def _diagonal(rng: np.random.Generator, size: int) -> float:
    q = np.linalg.inv(sampled(rng, size, "sign", 0.5)[2] - SPOT * np.eye(size))
    return float(abs(q[0, 0] - np.trace(q) / size))


@theorem.derivation
def derivation(proof: Any) -> None:
    """One sample out: its row of the kernel has a part along the sample and a part that is noise to the others."""
    sampling = dict(replicates=160, sizes=(24, 48, 96, 192))
    size = sp.Symbol("k", integer=True, positive=True)
    A, e, one, a = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("e", size, 1), sp.Identity(1), sp.Symbol("a")
    line, noise, cross, form = sp.symbols("line noise cross form")
    named = []
    for f in ("relu", "abs", "sign", "erf"):
        moments = {sp.Symbol(f"a1_{f}"): hermite_coefficient(f, 1), sp.Symbol(f"nu_{f}"): expectation(_centred(f), 1)}
        claims = [Eq(symbol, moment.expr) for symbol, moment in moments.items()]
        named.append(proof.moment(f"coefficients of {f}", claims, "slope and variance", check=certified(moments)))
    schur = proof.identity(
        "Schur complement",
        Eq((A + a * e * e.T).I * e * (one + a * e.T * A.I * e), A.I * e, evaluate=False),
        "1/Q_ii = -z - k'Q_ k, where k is the row of sample i and Q_ the resolvent of the other samples",
    )
    split = proof.define(
        Eq(form, a1**2 * line + noise + 2 * a1 * cross),
        "k'Q_ k for k = (a1 u + r(u))/sqrt p, u = X_'x_i/|x_i|, with E u r(u) = 0: forms in u, in r, and mixed",
        uses=[schur, *named],
    )
    along = proof.asymptotic(
        "along the sample", Eq(line, (m / c) / (1 + a1 * m / c), evaluate=False),
        "the other samples have a component u along x_i, which adds a1 u u'/p to their kernel; without it u and the "
        "resolvent are independent", deviation=_linear, uses=[split], **sampling,
    )  # fmt: skip
    beyond = proof.asymptotic(
        "the rest of the row", Eq(noise, rest * m / c), "r(u) has variance nu - a1^2 and is orthogonal to u",
        deviation=_beyond, uses=[split], **sampling,
    )  # fmt: skip
    mixed = proof.asymptotic(
        "no mixed form", Eq(cross, 0, evaluate=False), "E u r(u) = 0", deviation=_cross, uses=[split], **sampling
    )
    diagonal = proof.asymptotic(
        "equal diagonal entries", Eq(m, 1 / (-z - form)), "every sample is like every other", deviation=_diagonal,
        uses=[schur], **sampling,
    )  # fmt: skip
    cubic = proof.substitute(
        "the fixed point", Eq(-1 / m, z + a1**2 * m / (c + a1 * m) + rest * m / c), "put together",
        uses=[split, along, beyond, mixed, diagonal],
    )  # fmt: skip
    at_z = proof.continuity("at the point z", cubic, {m: m_z}, "another name for the transform")
    names = sp.symbols("re_m im_m mom2 mom3 mom4")
    parts = [
        proof.define(Eq(names[0], sp.re(m_z)), "real part"),
        proof.define(Eq(names[1], sp.im(m_z)), "imaginary part"),
    ]
    pairings = planar_moments(model(), 4)
    parts += [
        proof.define(Eq(symbol, pairings[k]), f"non-crossing pairings of the words of length {k}")
        for k, symbol in zip((2, 3, 4), names[2:], strict=True)
    ]

    # on the real line outside the support h = -1/m is a coordinate, and z(h) has no slope at an edge
    slope, where = sp.symbols("slope where")
    inverse_map = proof.continuity("outside the support", cubic, {m: -1 / h, z: where}, "analytic there")
    moving = proof.derivative(
        "slope", Eq(slope, 1 - a1**2 * c / (c * h - a1) ** 2 - rest / (c * h**2)), "of z as a function of h = -1/m",
        of=inverse_map.claims[0], by=h, through={where: slope}, uses=[inverse_map],
    )  # fmt: skip
    balance = proof.substitute(
        "balance of slopes", Eq(1, slope + a1**2 * c / (c * h - a1) ** 2 + rest / (c * h**2), evaluate=False),
        "the other way round", uses=[moving],
    )  # fmt: skip
    found = {}
    for name, at, sign in (
        ("edge_lower", h_lower, -1), ("edge_upper", h_upper, 1), ("gap_lower", h_1, 1), ("gap_upper", h_2, 1),
    ):  # fmt: skip
        end = sp.Symbol(name)
        turn = proof.continuity(f"turning point, {name}", balance, {h: sign * at, slope: 0}, "no slope at an edge")
        value = proof.continuity(f"z at the turning point, {name}", inverse_map, {h: sign * at, where: end}, "z there")
        claims = [
            Eq(at, at * a1**2 * c / (sign * c * at - a1) ** 2 + rest / (c * at), evaluate=False),
            Eq(end, sign * at + a1**2 / (sign * c * at - a1) + sign * rest / (c * at)),
        ]
        found[name] = proof.substitute(name.replace("_", ", "), claims, "solved for it", uses=[turn, value])
    outer = [found["edge_lower"], found["edge_upper"]]
    proof.conclude("read off", uses=[at_z, *parts, *outer], regime="one bulk")
    proof.conclude("read off", uses=[at_z, *parts, *found.values()], regime="two bulks")


def _centred(f: str) -> Any:
    """Square of the centred function."""
    centred = activation(f) - expectation(activation(f), 1).expr
    return centred * centred
