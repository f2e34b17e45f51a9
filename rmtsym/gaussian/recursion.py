r"""Conjugate and tangent kernels of deep networks: exact recursion on data, and its coefficients in high dimension.

One layer maps a covariance entry to :math:`k(a,b,c)=E\bar\sigma(u)\bar\sigma(v)`, :math:`u\sim N(0,a)`,
:math:`v\sim N(0,b)`, covariance c, with :math:`\bar\sigma=\sigma-E\sigma(\tau z)` centred at the common variance.
For a Gaussian mixture the entries are, to the order that matters, with epsilon of order :math:`p^{-1/2}`,

.. math:: K_{ij}=\epsilon\,\alpha_1X+\epsilon^2(\alpha_2\delta_i\delta_j+\alpha_3S),\qquad
   K_{ii}=\tau^2+\epsilon\,\alpha_4\delta_i,\qquad X^2\to S,

and the recursion of the alphas is the Taylor expansion of k, whose derivatives are moments by Price's theorem.

Source: L. Gu, Y. Du, Y. Zhang, D. Xie, S. Pu, R. Qiu, Z. Liao, "Lossless compression of deep neural networks: a
high-dimensional neural tangent kernel approach", NeurIPS 2022.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel
from rmtsym.gaussian.activations import activation, exact
from rmtsym.gaussian.expectations import TAU, derivative_moment, expectation
from rmtsym.gaussian.families import closed
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.moments import Moment
from rmtsym.gaussian.presentation import simplified

__all__ = ["Jet", "LayerCoefficients", "deep_coefficients", "implicit_coefficients", "layer_jet", "layer_step"]

_EPS, _X, _S, _DI, _DJ = sp.symbols("epsilon X S delta_i delta_j")


@dataclass(frozen=True)
class Jet:
    r"""Moments of one centred layer at variance ``tau``: all that the recursion needs.

    ``first`` = :math:`E\sigma'`, ``second`` = :math:`E\sigma''`, ``power`` = :math:`E\bar\sigma^2`, ``slope`` =
    :math:`\tfrac12E(\bar\sigma^2)''` (the derivative of ``power`` in the variance at fixed centring), ``gradient`` =
    :math:`E\sigma'^2` (None when the activation jumps: its tangent kernel does not exist).
    """

    first: sp.Expr
    second: sp.Expr
    power: sp.Expr
    slope: sp.Expr
    gradient: sp.Expr | None
    moments: tuple[Moment, ...] = field(default=(), compare=False, repr=False)


def layer_jet(f: Function | str, variance: Any = TAU) -> Jet:
    """The :class:`Jet` of an activation at a variance.

    Examples
    --------
    >>> jet = layer_jet("relu", 1)
    >>> jet.first, jet.second, jet.gradient
    (1/2, sqrt(2)/(2*sqrt(pi)), 1/2)
    """
    tau = exact(variance)
    jet = _generic_jet(activation(f))
    table = {TAU: tau}
    first, second, power, slope = (v.xreplace(table) for v in (jet.first, jet.second, jet.power, jet.slope))
    gradient = None if jet.gradient is None else jet.gradient.xreplace(table)
    return Jet(first, second, power, slope, gradient, jet.moments)


@lru_cache(maxsize=256)
def _generic_jet(f: Function) -> Jet:
    mean, square = expectation(f), expectation(f * f)
    first, second, curvature = derivative_moment(f, 1), derivative_moment(f, 2), derivative_moment(f * f, 2)
    moments = [mean, square, first, second, curvature]
    m, e2 = closed(mean), closed(second)
    try:
        slope = f.derivative()
        gradient_moment = expectation(slope * slope)
        gradient = closed(gradient_moment)
        moments.append(gradient_moment)
    except UnsupportedModel:
        gradient = None
    power, growth = closed(square) - m**2, closed(curvature) / 2 - m * e2
    return Jet(closed(first), e2, simplified(power), simplified(growth), gradient, tuple(moments))


@dataclass(frozen=True)
class LayerCoefficients:
    r"""Coefficients after a layer.

    .. math:: K\simeq\alpha_1X^\top X+\alpha_2\delta\delta^\top+\frac{\alpha_3}pJSJ^\top+\alpha_0I,

    with :math:`\alpha_0=\tau^2-\tau_0^2\alpha_1`, diagonal slope :math:`\alpha_4`, mean diagonal ``power``; the betas
    and ``tangent_power`` are the same for the tangent kernel (None when it does not exist).
    """

    alpha1: sp.Expr
    alpha2: sp.Expr
    alpha3: sp.Expr
    alpha4: sp.Expr
    power: sp.Expr
    beta1: sp.Expr | None
    beta2: sp.Expr | None
    beta3: sp.Expr | None
    tangent_power: sp.Expr | None

    @classmethod
    def of_input(cls, power: Any) -> LayerCoefficients:
        """The Gram matrix of the data themselves, mean diagonal ``power`` = tau_0^2."""
        one, zero = sp.S.One, sp.S.Zero
        return cls(one, zero, zero, one, exact(power), one, zero, zero, exact(power))


def layer_step(before: LayerCoefficients, jet: Jet) -> LayerCoefficients:
    """One layer, by expanding the kernel of a centred activation to second order in epsilon.

    Examples
    --------
    >>> a1, a2, a3, a4, t = sp.symbols("a1 a2 a3 a4 t")
    >>> e1, e2, P, h = sp.symbols("e1 e2 P h")
    >>> after = layer_step(LayerCoefficients(a1, a2, a3, a4, t, None, None, None, None), Jet(e1, e2, P, h, None))
    >>> after.alpha1, after.alpha2, after.alpha3, after.alpha4
    (a1*e1**2, a2*e1**2 + a4**2*e2**2/4, a1**2*e2**2/2 + a3*e1**2, a4*h)
    """
    entry = _EPS * before.alpha1 * _X + _EPS**2 * (before.alpha2 * _DI * _DJ + before.alpha3 * _S)
    left, right = _EPS * before.alpha4 * _DI, _EPS * before.alpha4 * _DJ
    # Price: d/dc -> (E s')^2, d2/dc2 -> (E s'')^2, d2/da db -> (E s''/2)^2; d/da -> E s''/2 E s = 0, centred
    kernel = jet.first**2 * entry + jet.second**2 * entry**2 / 2 + (jet.second / 2) ** 2 * left * right
    a1, a2, a3 = _coefficients(kernel)
    b1 = b2 = b3 = tangent = None
    if jet.gradient is not None and before.beta1 is not None:
        old = _EPS * before.beta1 * _X + _EPS**2 * (before.beta2 * _DI * _DJ + before.beta3 * _S)
        # E s'(u) s'(v) = (E s')^2 + (E s'')^2 c + ...; its variance terms meet X delta, which is small
        b1, b2, b3 = _coefficients(kernel + old * (jet.first**2 + jet.second**2 * entry))
        tangent = jet.power + before.tangent_power * jet.gradient
    return LayerCoefficients(a1, a2, a3, before.alpha4 * jet.slope, jet.power, b1, b2, b3, tangent)


def _coefficients(kernel: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Coefficients of epsilon X, epsilon^2 delta_i delta_j, epsilon^2 S, with X^2 replaced by its mean S."""
    poly = sp.Poly(sp.expand(kernel), _EPS, _X, _S, _DI, _DJ)

    def at(*powers: int) -> sp.Expr:
        return poly.coeff_monomial(_EPS ** powers[0] * _X ** powers[1] * _S ** powers[2] * (_DI * _DJ) ** powers[3])

    return at(1, 1, 0, 0), at(2, 0, 0, 1), at(2, 0, 1, 0) + at(2, 2, 0, 0)


def deep_coefficients(activations: Sequence[Function | str], power: Any = 1) -> list[LayerCoefficients]:
    """Coefficients of all layers; every layer is centred and evaluated at its own variance.

    Parameters
    ----------
    activations : sequence of Function or str
    power : number or sympy expression
        Mean diagonal tau_0^2 of the Gram matrix of the data.

    Examples
    --------
    >>> deep_coefficients(["relu", "relu"])[-1].alpha1
    1/16
    """
    layers = [LayerCoefficients.of_input(power)]
    for f in activations:
        layers.append(layer_step(layers[-1], layer_jet(f, layers[-1].power)))
    return layers


@dataclass(frozen=True)
class ImplicitCoefficients:
    r"""Coefficients of an equilibrium model: fixed point of the layer recursion with input injection."""

    variance: float
    power: float
    alpha1: float
    alpha2: float
    alpha3: float
    alpha4: float


def implicit_coefficients(
    f: Function | str, sigma_a2: Any, sigma_b2: Any, power: Any = 1, residual: float = 1e-13
) -> ImplicitCoefficients:
    r"""Fixed point of :func:`layer_step` when each layer adds :math:`\sigma_b^2` times the input.

    .. math:: \gamma^2=\sigma_a^2\,\mathrm{Var}\,\phi(\gamma z)+\sigma_b^2\tau_0^2 \quad\text{(smallest stable root)}.

    Raises
    ------
    DomainError
        When the layer map is not contracting: no stable fixed point.
    NoConvergence
        When the iteration does not settle.
    """
    f = activation(f)
    a2, b2, tau0 = (float(exact(v)) for v in (sigma_a2, sigma_b2, power))
    gamma2 = variance_fixed_point(f, a2, b2 * tau0)
    jet = layer_jet(f, TAU)
    names = ("first", "second", "power", "slope")
    e1, e2, p, h = (_number(getattr(jet, name), gamma2) for name in names)
    if not (a2 * e1**2 < 1 and a2 * h < 1):
        raise DomainError("sigma_a2", sigma_a2, "sigma_a2 E[phi']^2 < 1 and sigma_a2 E[(phi^2)'']/2 < 1", "decrease it")
    numbers = Jet(sp.Float(e1, 30), sp.Float(e2, 30), sp.Float(p, 30), sp.Float(h, 30), None)
    state = sp.Matrix([0, 0, 0, 0])
    for _ in range(10_000):
        a = a2 * state
        mixed = LayerCoefficients(a[0] + b2, a[1], a[2], a[3] + b2, sp.Float(gamma2), None, None, None, None)
        after = layer_step(mixed, numbers)
        new = sp.Matrix([after.alpha1, after.alpha2, after.alpha3, after.alpha4]).evalf(20)
        done = max(abs(new - state)) <= residual * max(1, max(abs(new)))
        state = new
        if done:
            return ImplicitCoefficients(gamma2, p, *(float(v) for v in state))
    raise NoConvergence(f"the layer recursion of {f.name} did not settle in 10000 layers; sigma_a2 = {sigma_a2}")


def _number(expression: sp.Expr, tau: float) -> float:
    from flint import arb

    from rmtsym.gaussian.numeric import ball_value

    return float(ball_value(expression, (TAU,), (arb(tau),), 17).mid())


def variance_fixed_point(f: Function | str, gain: float, bias: float, upper: float = 1e6) -> float:
    r"""Smallest stable root of :math:`\gamma^2=g\,\mathrm{Var}f(\gamma z)+b`.

    Raises
    ------
    DomainError
        When there is no root below ``upper``.

    Examples
    --------
    >>> round(variance_fixed_point("linear", 0.5, 1.0), 12)
    2.0
    """
    import numpy as np
    from scipy.optimize import brentq

    from rmtsym.gaussian.numeric import ClosedFunction
    from rmtsym.gaussian.strip import expectation_values

    f = activation(f)
    exact_variance = ClosedFunction(layer_power(f), (TAU,)) if f.closed else None

    def variance(tau: Any) -> Any:
        if exact_variance is not None:
            return exact_variance(tau)
        deviation = np.sqrt(tau)
        return expectation_values(f * f, deviation)[0] - expectation_values(f, deviation)[0] ** 2

    def excess(tau: Any) -> Any:
        return gain * variance(tau) + bias - tau

    if bias <= 0:
        raise DomainError("bias", bias, "bias > 0", "without input injection zero is the fixed point")
    grid = bias * np.geomspace(1 + 1e-12, max(upper / bias, 2), 400)
    values = np.array([float(excess(t)) for t in grid])
    if values[0] <= 0:  # the map adds nothing at its start
        return float(bias)
    below = np.flatnonzero(values < 0)
    if not below.size:
        raise DomainError(
            "gain", gain, f"a fixed point below {upper:g}", "decrease the gain: the variance map has none"
        )
    k = int(below[0])
    return float(brentq(lambda t: float(excess(t)), grid[k - 1], grid[k], xtol=1e-300, rtol=8.9e-16))


def layer_power(f: Function | str) -> sp.Expr:
    r"""Variance map :math:`\tau\mapsto\mathrm{Var}f(\sqrt\tau z)` in closed form.

    >>> layer_power("sin")
    1/2 - exp(-2*tau)/2
    """
    f = activation(f)
    return simplified(closed(expectation(f * f)) - closed(expectation(f)) ** 2)
