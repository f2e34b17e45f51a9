r"""Layers of wide networks: the four moments of a centred activation that deep kernels see, and their exact kernels.

For :math:`u\sim N(0,v)` and :math:`\bar\sigma=\sigma-E\sigma(u)`: slope :math:`E\sigma'`, bend :math:`E\sigma''`, power
:math:`P=E\bar\sigma^2`, growth :math:`\tfrac12E(\bar\sigma^2)''`; derivatives of functions that jump are generalised.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from functools import cache
from typing import Any, NamedTuple

import numpy as np
import sympy as sp
from sympy import Eq, asin, exp, pi, sqrt

from rmtsym.gaussian import AA, AB, BB, TAU, activation, derivative_moment, expectation, kernel_expression, layer_step
from rmtsym.gaussian.families import closed
from rmtsym.gaussian.numeric import compiled, stable_form
from rmtsym.gaussian.recursion import Jet, LayerCoefficients
from rmtsym.theorem import REAL, Numbers, Parameter
from rmtsym.theorem.certified import certified

ACTIVATIONS = ("relu", "lrelu", "abs", "quad", "sin", "cos", "erf", "step")

SMOOTH = tuple(name for name in ACTIVATIONS if name != "step")  # those with a square-integrable derivative

PARAMETERS = (
    Parameter("lrelu", "slopes of lrelu for t > 0 and t < 0", Numbers(REAL, length=2), default="1.2,-0.3"),
    Parameter("quad", "coefficients of t^2 and t in quad", Numbers(REAL, length=2), default="0.4,0.9"),
)

v = sp.Symbol("v", positive=True)
a, b, q2, q1 = sp.symbols("a b q2 q1", real=True)


class Moments(NamedTuple):
    """Moments of a centred activation at variance v."""

    slope: sp.Expr
    bend: sp.Expr
    power: sp.Expr
    growth: sp.Expr

    def at(self, variance: Any) -> Moments:
        """The same at another variance."""
        return Moments(*(e.subs(v, variance) for e in self))


_LEAKY = (a**2 + b**2) / 2 - (a - b) ** 2 / (2 * pi)

#: As printed in the papers.
TABLE: dict[str, Moments] = {
    "relu": Moments(sp.S.Half, 1 / sqrt(2 * pi * v), (sp.S.Half - 1 / (2 * pi)) * v, sp.S.Half - 1 / (2 * pi)),
    "lrelu": Moments((a + b) / 2, (a - b) / sqrt(2 * pi * v), _LEAKY * v, _LEAKY),
    "abs": Moments(sp.S.Zero, sqrt(2 / (pi * v)), (1 - 2 / pi) * v, 1 - 2 / pi),
    "quad": Moments(q1, 2 * q2, 2 * q2**2 * v**2 + q1**2 * v, 4 * q2**2 * v + q1**2),
    "sin": Moments(exp(-v / 2), sp.S.Zero, (1 - exp(-2 * v)) / 2, exp(-2 * v)),
    "cos": Moments(sp.S.Zero, -exp(-v / 2), (1 + exp(-2 * v)) / 2 - exp(-v), exp(-v) - exp(-2 * v)),
    "erf": Moments(
        2 / sqrt(pi * (1 + 2 * v)),
        sp.S.Zero,
        2 / pi * asin(2 * v / (1 + 2 * v)),
        4 / (pi * (1 + 2 * v) * sqrt(1 + 4 * v)),
    ),
    "step": Moments(1 / sqrt(2 * pi * v), sp.S.Zero, sp.Rational(1, 4), sp.S.Zero),
}


def letters(lrelu: tuple[Fraction, ...], quad: tuple[Fraction, ...]) -> dict[str, Fraction]:
    """Coefficients of the activations, one by one."""
    return dict(zip(("a", "b", "q2", "q1"), (*lrelu, *quad), strict=True))


def function(name: str, given: dict[str, Any] | None = None) -> Any:
    """Activation by name, its coefficients symbols or numbers."""
    values = given or {"a": a, "b": b, "q2": q2, "q1": q1}
    if name == "lrelu":
        return activation("lrelu", values["a"], -values["b"])
    return activation("quad", values["q2"], values["q1"], 0) if name == "quad" else activation(name)


@cache
def any_layer() -> tuple[tuple[sp.Expr, ...], tuple[sp.Symbol, ...]]:
    """Coefficients after a layer of any activation, by the Gaussian calculus, and the symbols of what enters."""
    symbols = sp.symbols("slope bend power growth old_1 old_2 old_3 old_4")
    slope, bend, power, growth, c1, c2, c3, c4 = symbols
    before = LayerCoefficients(c1, c2, c3, c4, power, None, None, None, None)
    after = layer_step(before, Jet(slope, bend, power, growth, None))
    return (after.alpha1, after.alpha2, after.alpha3, after.alpha4), symbols


class Mean(sp.Function):  # type: ignore[misc]
    """Mean(power, k, v): mean at variance v of the k-th derivative of a power of the activation.

    By the heat equation its derivative in v is half of Mean(power, k + 2, v).
    """

    nargs = 3

    def fdiff(self, argindex: int = 3) -> sp.Expr:
        power, k, variance = self.args
        return Mean(power, k + 2, variance) / 2


def moments_step(proof: Any, label: str, name: str, symbols: Moments, variance: Any, uses: Sequence[Any] = ()) -> Any:
    """Moments of a layer in closed form, each against the rigorous integral of its definition."""
    f = function(name)
    centred = f - closed(expectation(f))
    row = TABLE[name].at(variance)
    return proof.moment(
        f"{label}: moments of {name}",
        [Eq(symbol, value, evaluate=False) for symbol, value in zip(symbols, row, strict=True)],
        "E s', E s'' (Stein), variance, and half of E (s^2)'' of the centred activation",
        check=certified(
            {
                symbols.slope: derivative_moment(f, 1),
                symbols.bend: derivative_moment(f, 2),
                symbols.power: expectation(centred * centred),
                symbols.growth: derivative_moment(centred * centred / 2, 2),
            },
            names={variance: TAU},
        ),
        uses=uses,
        wrong=[row.slope + 1, Eq(symbols.growth, closed(derivative_moment(f * f, 2)).subs(TAU, variance) + 1)],
    )


@cache
def centred_kernel(name: str) -> sp.Expr:
    """E of the product of two centred features of covariance (aa, ab, bb), the mean taken at variance v."""
    f = function(name)
    mean = closed(expectation(f))
    here, left, right = (mean.subs(TAU, x) for x in (v, AA, BB))
    return kernel_expression(f) - here * (left + right) + here**2


@cache
def centred_power(name: str) -> sp.Expr:
    """The same on the diagonal: E of the square, as a function of the variance aa."""
    f = function(name)
    mean = closed(expectation(f))
    return (
        closed(expectation(f * f)).subs(TAU, AA) - 2 * mean.subs(TAU, v) * mean.subs(TAU, AA) + mean.subs(TAU, v) ** 2
    )


@cache
def numeric_layer(
    name: str, given: tuple[tuple[str, Fraction], ...], variance: float
) -> tuple[Callable[..., Any], Callable[..., Any]]:
    """Functions of arrays: off-diagonal entries (aa, ab, bb), and diagonal ones (aa)."""
    table = {sp.Symbol(k, real=True): sp.Rational(x.numerator, x.denominator) for k, x in given}
    table |= {v: sp.Float(variance, 17)}
    off, on = (e.subs(table) for e in (centred_kernel(name), centred_power(name)))
    return compiled(stable_form(off), (AA, AB, BB)), compiled(on, (AA,))


def next_variance(name: str, given: dict[str, Fraction], variance: float) -> float:
    """Variance after a layer."""
    return float(numeric_layer(name, tuple(sorted(given.items())), variance)[1](variance))


def layer_of_matrix(kernel: np.ndarray, name: str, given: dict[str, Fraction], variance: float) -> np.ndarray:
    """One layer applied to every entry of a kernel matrix."""
    off, on = numeric_layer(name, tuple(sorted(given.items())), variance)
    diagonal = np.diagonal(kernel)
    with np.errstate(invalid="ignore"):  # rounding may take the angle of the diagonal outside its range
        image = np.array(np.broadcast_to(off(diagonal[:, None], kernel, diagonal[None, :]), kernel.shape))
    np.fill_diagonal(image, on(diagonal))
    return image
