"""Spectrum of the alpha-beta kernel: derivation, step by step."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.field import Average
from rmtsym.gaussian import activation, expectation
from rmtsym.theorem.certified import certified
from theory.kernels.alpha_beta_kernel import draws
from theory.kernels.alpha_beta_kernel.statement import (
    NU,
    alpha,
    beta,
    c,
    inverse_transform,
    m,
    m_z,
    mean,
    omega,
    s,
    square,
    theorem,
    transform,
    z,
)


@theorem.derivation
def derivation(proof: Any) -> None:
    """Two derivatives count; inner products are a sample covariance, their squares an independent symmetric matrix."""
    sampling = dict(replicates=192, sizes=(24, 48, 96))
    third = proof.asymptotic(
        "two derivatives", "sqrt p P (t_ij^3) P -> 0, t_ij = x_i'x_j/p",
        "x_i'x_j/p is of order p^{-1/2}: slope and curvature weigh the same, the third derivative vanishes",
        deviation=draws.third, **sampling,
    )  # fmt: skip
    fourth = sp.Symbol("fourth")
    quadratic = activation("quad", 1, 0, -1)
    variance = proof.moment(
        "variance of a square", Eq(fourth, 2), "E (xi^2 - 1)^2",
        check=certified({fourth: expectation(quadratic * quadratic, 1)}),
    )  # fmt: skip
    spread = proof.define(Eq(omega, sp.sqrt(fourth) * square), "x_i'x_j/sqrt p is normal of variance tr C^2/p")
    size = proof.substitute("omega", Eq(omega, sp.sqrt(2) * square), "put together", uses=[spread, variance])
    noise = sp.Symbol("noise")
    row = proof.asymptotic(
        "variance of a row", Eq(noise, beta**2 * omega**2 / c),
        "sum over j of p beta^2 (t_ij^2 - tr C^2/p^2)^2; P removes the mean, and the parts 1u' + u1'",
        deviation=draws.squares, exponent=-1.0, replicates=256,
        sizes=(24, 48, 96), uses=[size],
    )  # fmt: skip
    free = proof.asymptotic(
        "squares are independent of the linear part", "tr(K - z)^{-1}/n - tr(alpha X'X/p + W - z)^{-1}/n -> 0",
        "W symmetric with independent entries of variance noise/n; mean over both signs of beta, whose term of order "
        "p^{-1/2} is odd; alpha = 2, beta = 1", deviation=draws.free, exponent=-1.0, replicates=192,
        sizes=(24, 48, 96), uses=[third, row],
    )  # fmt: skip
    engine = proof.engine("sum", transform(), "alpha X'X/p + W", output=m)
    equation = proof.substitute(
        "the fixed point", Eq(1 / m, inverse_transform(m)), "one equation", uses=[engine, size, free]
    )
    at_z = proof.continuity("at the point z", equation, {m: m_z}, "another name for the transform")
    parts = [
        proof.define(Eq(sp.Symbol("re_m"), sp.re(m_z)), "real part"),
        proof.define(Eq(sp.Symbol("im_m"), sp.im(m_z)), "imaginary part"),
    ]

    # z + 1/m = r1 - r2 m + ... far out
    series, slope, r1, r2, mom1, mom2 = sp.symbols("R slope r1 r2 mom1 mom2")
    cumulants = proof.define(Eq(series, z + inverse_transform(m)), "R-transform at -m", uses=[equation])
    first = proof.continuity("first cumulant", cumulants, {m: 0, series: r1}, "at m = 0")
    body = Average(s**2 / (1 + alpha * m * s / c) ** 2, NU)
    steep = proof.derivative(
        "slope", Eq(slope, -(alpha**2) * body / c - beta**2 * omega**2 / c), "of R in m", of=cumulants.claims[0], by=m,
        through={series: slope}, uses=[cumulants],
    )  # fmt: skip
    second = proof.continuity("second cumulant", steep, {m: 0, slope: -r2}, "at m = 0")
    moments = [
        proof.substitute("mean", Eq(mom1, alpha * mean), "the first cumulant",
                         uses=[first, proof.define(Eq(mom1, r1), "first moment")]),
        proof.substitute("second moment", Eq(mom2, alpha**2 * (mean**2 + square / c) + beta**2 * omega**2 / c),
                         "from the cumulants",
                         uses=[first, second, proof.define(Eq(mom2, r2 + r1**2), "second moment")]),
    ]  # fmt: skip
    proof.conclude("read off", uses=[at_z, size, *parts, *moments])
