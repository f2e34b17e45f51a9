"""Kernels of Gaussian random features: derivation, step by step."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq, MatrixSymbol, acos, exp, pi, sqrt

from rmtsym.gaussian import RHO, SIGMA_X, SIGMA_Y, expectation, kernel
from rmtsym.theorem.certified import certified
from theory.kernels.rf_gaussian_kernel_closed_forms.statement import (
    ACTIVATIONS,
    DOT,
    Q1,
    Q2,
    TABLE,
    N,
    P,
    R,
    S,
    X,
    Y,
    symbolic,
    theorem,
)
from theory.kernels.rf_gaussian_kernel_closed_forms.wrong_versions import WRONG

A, B, C = sp.symbols("a b c", real=True)  # |x|^2, |y|^2, x'y
AT_ZERO = 1 / (2 * pi * X * Y * S)  # density of (w'x, w'y) at the origin
DET = (1 + X**2) * (1 + Y**2) - DOT**2
WIDE = (1 + 2 * X**2) * (1 + 2 * Y**2) - 4 * DOT**2

#: Kernel of the derivatives, E s'(w'x) s'(w'y); a jump counts as a point mass.
SLOPES: dict[str, sp.Expr] = {
    "linear": sp.S.One,
    "step": AT_ZERO,
    "sign": 4 * AT_ZERO,
    "relu": TABLE["step"],
    "abs": TABLE["sign"],
    "lrelu": (P**2 + N**2) * TABLE["step"] - 2 * P * N * (sp.Rational(1, 2) - TABLE["step"]),
    "quad": 4 * Q2**2 * DOT + Q1**2,
    "sin": TABLE["cos"],
    "cos": TABLE["sin"],
    "erf": 4 / pi / sqrt(WIDE),
    "gauss": DOT / DET ** sp.Rational(3, 2),
}
_RESTS_ON = {"relu": ("step",), "abs": ("sign",), "lrelu": ("step",)}
_SAYS = {
    "linear": "1",
    "step": "two point masses at zero: the density at the origin",
    "sign": "two point masses of weight 2",
    "relu": "the derivative of relu is the step",
    "abs": "the derivative of |t| is the sign",
    "lrelu": "slopes on four quadrants, whose probabilities are those of the step",
    "quad": "moments of two Gaussians",
    "sin": "the derivative of sin is cos",
    "cos": "the derivative of cos is -sin",
    "erf": "a Gaussian integral with 2I added to the inverse covariance",
    "gauss": "a Gaussian integral with I added to the inverse covariance",
}
_ORDER = ("linear", "step", "sign", "relu", "abs", "lrelu", "quad", "sin", "cos", "erf", "gauss")


def two_directions(proof: Any) -> Any:
    """Only norms and the angle matter: w'x and w'y are |x| z1 and |y| (cos z1 + sin z2)."""
    p = sp.Symbol("p", integer=True, positive=True)
    x, y = MatrixSymbol("x", p, 1), MatrixSymbol("y", p, 1)
    xx, xy, yy = sp.Trace(x * x.T), sp.Trace(x * y.T), sp.Trace(y * y.T)
    rest = y * xx - x * xy
    return proof.identity(
        "two directions",
        [Eq(sp.Trace(rest * x.T), 0, evaluate=False), Eq(sp.Trace(rest * rest.T), xx * (xx * yy - xy**2))],
        "y = (x'y/|x|^2) x + a part at a right angle, of squared length |y|^2 sin^2: w sees two independent Gaussians",
        wrong=[sp.Trace(x * x.T)],
    )


def price(proof: Any) -> Any:
    """The density solves a heat equation in the covariance: derivatives may be moved to the features."""
    u, v = sp.symbols("u v", real=True)
    det = A * B - C**2
    log_density = -sp.log(det) / 2 - (B * u**2 - 2 * C * u * v + A * v**2) / (2 * det)
    d = lambda *by: sp.diff(log_density, *by)  # noqa: E731
    return proof.identity(
        "Price's theorem",
        [Eq(d(C), d(u, v) + d(u) * d(v), evaluate=False), Eq(d(A), (d(u, u) + d(u) ** 2) / 2, evaluate=False)],
        "the Gaussian density p of (u, v) has dp/dE[uv] = d2p/dudv; by parts, dE[f(u)g(v)]/dE[uv] = E[f'(u)g'(v)]",
    )


def gaussian_integrals(proof: Any) -> Any:
    """Exponentials of quadratic forms: the inverse covariance is shifted by t."""
    t = sp.Symbol("t", positive=True)
    covariance = sp.Matrix([[A, C], [C, B]])
    tilted = (covariance.inv() + t * sp.eye(2)).inv()
    shift = (1 + t * A) * (1 + t * B) - t**2 * C**2
    return proof.identity(
        "Gaussian integrals",
        [
            Eq((sp.eye(2) + t * covariance).det(), shift, evaluate=False),
            Eq(tilted[0, 1], C / shift, evaluate=False),
        ],
        "E exp(-t(u^2+v^2)/2) = det(I + t Cov)^{-1/2}; under the tilted law uv has this mean",
    )


def polar(proof: Any, uses: list[Any]) -> Any:
    """ReLU in polar coordinates: one radial and one angular integral."""
    r, t, angle = sp.symbols("r t theta", positive=True)
    radial = proof.derivative(
        "radial integral", Eq(sp.Symbol("radial"), r**3 * exp(-(r**2) / 2)), "from 0 to infinity it is 2",
        of=-(r**2 + 2) * exp(-(r**2) / 2), by=r, uses=uses,
    )  # fmt: skip
    cosine = sp.cos(t) * sp.cos(angle) + sp.sin(t) * sp.sin(angle)
    turn = (t * sp.cos(angle) + sp.sin(t) * sp.cos(t) * sp.cos(angle) + sp.sin(t) ** 2 * sp.sin(angle)) / 2
    angular = proof.derivative(
        "angular integral", Eq(sp.Symbol("angular"), sp.cos(t) * cosine), "cos(t) cos(t - theta), both positive",
        of=turn, by=t, uses=uses,
    )  # fmt: skip
    between = turn.subs(t, pi / 2) - turn.subs(t, angle - pi / 2)
    return proof.identity(
        "polar coordinates",
        Eq(TABLE["relu"], (X * Y / (2 * pi) * 2 * between).subs(angle, acos(R)), evaluate=False),
        "|x||y|/(2 pi) times both integrals, the angle from theta - pi/2 to pi/2",
        uses=[radial, angular],
    )


@theorem.derivation
def derivation(proof: Any) -> None:
    """Price's theorem row by row: slope in the angle, value at a right angle, and a rigorous integral."""
    plane, heat, integrals = two_directions(proof), price(proof), gaussian_integrals(proof)
    extra = {"erf": [integrals], "gauss": [integrals], "relu": [polar(proof, [plane])]}
    made: dict[str, Any] = {}
    for name in _ORDER:
        f = symbolic(name)
        slope = proof.derivative(
            f"slope of {name}", Eq(sp.Symbol(f"slope_{name}"), X * Y * SLOPES[name]), _SAYS[name],
            of=TABLE[name], by=R, uses=[heat, *(made[other] for other in _RESTS_ON.get(name, ()))],
        )  # fmt: skip
        mean = [sp.sympify(expectation(f, scale**2).expr) for scale in (X, Y)]
        start = proof.identity(
            f"right angle for {name}", Eq(TABLE[name].subs(R, 0), mean[0] * mean[1], evaluate=False),
            "independent: the product of the means", uses=[plane], wrong=[mean[0] * mean[1] + X],
        )  # fmt: skip
        made[name] = proof.moment(
            f"kernel of {name}", Eq(sp.Symbol("kernel"), TABLE[name]),
            "slope and value at a right angle", uses=[slope, start, *extra.get(name, [])],
            check=certified(kernel(f), names={X: SIGMA_X, Y: SIGMA_Y, R: RHO}),
            wrong=tuple(WRONG.get(name, {}).values()),
        )  # fmt: skip
    for name in ACTIVATIONS:
        proof.conclude("the row", uses=[made[name]], regime=name)
