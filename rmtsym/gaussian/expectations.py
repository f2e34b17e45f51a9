r"""The public verbs: ``expectation``, ``kernel`` and what follows from them by Stein's and Price's identities."""

from __future__ import annotations

from typing import Any

import sympy as sp

from rmtsym.errors import DomainError, UnsupportedModel
from rmtsym.gaussian.activations import activation, exact
from rmtsym.gaussian.cache import remembered
from rmtsym.gaussian.closed_form import closed_form
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.moments import RHO, Moment
from rmtsym.gaussian.presentation import simplified
from rmtsym.gaussian.radical import normal_roots, reduced, split
from rmtsym.gaussian.special import BivariateNormal

__all__ = [
    "AA",
    "AB",
    "BB",
    "MU",
    "RHO",
    "SIGMA_X",
    "SIGMA_Y",
    "TAU",
    "derivative_kernel",
    "derivative_moment",
    "expectation",
    "hermite_coefficient",
    "kernel",
    "kernel_expression",
    "variance_derivative",
]

TAU = sp.Symbol("tau", positive=True)
MU = sp.Symbol("mu", real=True)
SIGMA_X, SIGMA_Y = sp.symbols("sigma_x sigma_y", positive=True)
AA, AB, BB = sp.Symbol("aa", positive=True), sp.Symbol("ab", real=True), sp.Symbol("bb", positive=True)


def _attempt(factors: list[Function], mean: list[sp.Expr], covariance: list[list[sp.Expr]]) -> sp.Expr | None:
    try:
        return remembered(factors, mean, covariance, lambda: closed_form(factors, mean, covariance))
    except UnsupportedModel:
        return None


def expectation(f: Function | str, variance: Any = TAU, mean: Any = 0) -> Moment:
    r"""Gaussian expectation :math:`E f(z)`, :math:`z\sim N(\text{mean},\text{variance})`.

    Parameters
    ----------
    f : Function or str
        A function, or the name of an activation; :func:`~rmtsym.gaussian.text.function_of_text` reads a formula.
    variance : number or sympy expression, positive
    mean : number or sympy expression, real

    Returns
    -------
    Moment
        Closed form (``.expr``; None where there is none), value, certificate.

    Raises
    ------
    UnknownName
        For an unknown activation, with the nearest known ones.
    DomainError
        For a variance that is not positive, or a mean that is not real.

    Examples
    --------
    >>> expectation(activation("relu") ** 2).expr
    tau/2
    >>> expectation("abs", variance=1).expr
    sqrt(2)/sqrt(pi)
    """
    f = activation(f)
    variance, mean = exact(variance), exact(mean)
    if variance.is_number and not (variance.is_positive and variance.is_finite):
        raise DomainError("variance", variance, "variance > 0")
    if mean.is_number and not (mean.is_real and mean.is_finite):
        raise DomainError("mean", mean, "a real number")
    center = MU if mean != 0 else sp.S.Zero
    expr = _attempt([f], [center], [[TAU]])
    table = {TAU: variance, MU: mean}
    expr = None if expr is None else expr.xreplace(table)
    return Moment(((sp.S.One, (f,)),), (mean,), ((variance,),), expr, rf"\mathbb{{E}}\left[{f.latex('z')}\right]")


def kernel(
    f: Function | str,
    g: Function | str | None = None,
    *,
    deviations: tuple[Any, Any] = (SIGMA_X, SIGMA_Y),
    correlation: Any = RHO,
) -> Moment:
    r"""Bivariate kernel :math:`E f(x)g(y)` of centred Gaussians.

    .. math:: x=\sigma_x z_1,\quad y=\sigma_y(\rho z_1+\sqrt{1-\rho^2}\,z_2),\quad z_i\sim N(0,1).

    Parameters
    ----------
    f, g : Function or str
        ``g`` defaults to ``f``.
    deviations : pair
        Standard deviations of x and y, positive.
    correlation : number or sympy expression in [-1, 1]

    Returns
    -------
    Moment

    Raises
    ------
    DomainError
        For a correlation outside [-1, 1] or a deviation that is not positive.

    Examples
    --------
    >>> kernel("sign").expr
    2*asin(rho)/pi
    >>> kernel("relu", correlation=1).expr
    sigma_x*sigma_y/2
    """
    f = activation(f)
    g = f if g is None else activation(g)
    (sx, sy), rho = (exact(d) for d in deviations), exact(correlation)
    for name, value in (("deviation of x", sx), ("deviation of y", sy)):
        if value.is_number and not value.is_positive:
            raise DomainError(name, value, "a positive number")
    if rho.is_number and not -1 <= rho <= 1:
        raise DomainError("correlation", rho, "-1 <= correlation <= 1")
    generic = [[SIGMA_X**2, RHO * SIGMA_X * SIGMA_Y], [RHO * SIGMA_X * SIGMA_Y, SIGMA_Y**2]]
    expr = _attempt([f, g], [sp.S.Zero, sp.S.Zero], generic)
    if expr is not None:
        expr = expr.subs({SIGMA_X: sx, SIGMA_Y: sy, RHO: rho}, simultaneous=True)
    covariance = ((sx**2, rho * sx * sy), (rho * sx * sy, sy**2))
    definition = rf"\mathbb{{E}}\left[{f.latex('x')}\,{g.latex('y')}\right]"
    return Moment(((sp.S.One, (f, g)),), (sp.S.Zero, sp.S.Zero), covariance, expr, definition)


def derivative_moment(f: Function | str, order: int = 1, variance: Any = TAU) -> Moment:
    r"""Generalised derivative moment by Stein's identity, also for functions that jump.

    .. math:: E f^{(k)}(\sqrt\tau z) := \tau^{-k/2}\, E[He_k(z) f(\sqrt\tau z)].

    Examples
    --------
    >>> derivative_moment("sign", 1).expr
    sqrt(2)/(sqrt(pi)*sqrt(tau))
    >>> derivative_moment("step", 2).expr
    0
    """
    f = activation(f)
    if order < 0:
        raise DomainError("order", order, "a non-negative integer")
    tau = exact(variance)
    hermite = _hermite_polynomial(order, tau)
    generic = expectation(_hermite_polynomial(order, TAU) * f)
    expr = None if generic.expr is None else generic.expr.xreplace({TAU: tau})
    moment = Moment(((sp.S.One, (hermite * f,)),), generic.mean, ((tau,),), expr)
    definition = rf"\mathbb{{E}}\left[\frac{{d^{{{order}}}}}{{dz^{{{order}}}}}{f.latex('z')}\right]"
    return Moment(moment.terms, moment.mean, moment.covariance, moment.expr, definition)


def _hermite_polynomial(order: int, tau: sp.Expr) -> Function:
    r""":math:`\tau^{-k/2} He_k(t/\sqrt\tau)` as a function of t."""
    coefficients = [sp.S.Zero] * (order + 1)
    for m in range(order // 2 + 1):
        top = sp.factorial(order) / (sp.factorial(m) * sp.factorial(order - 2 * m) * 2**m)
        coefficients[order - 2 * m] = (-1) ** m * top * tau ** (m - order)
    return activation("polynomial", *coefficients)


def hermite_coefficient(f: Function | str, order: int, variance: Any = 1) -> Moment:
    r"""Normalised Hermite coefficient :math:`\hat f_k=E[f(\sqrt\tau z)\,He_k(z)]/\sqrt{k!}`.

    Zero by parity is known without computing.

    Examples
    --------
    >>> [hermite_coefficient("relu", k).expr for k in range(4)]
    [sqrt(2)/(2*sqrt(pi)), 1/2, 1/(2*sqrt(pi)), 0]
    """
    f = activation(f)
    tau = exact(variance)
    moment = derivative_moment(f, order, tau)
    scale = tau ** sp.Rational(order, 2) / sp.sqrt(sp.factorial(order))
    expr = None if moment.expr is None else sp.powdenest(sp.expand_mul(moment.expr * scale))
    return Moment(((scale, moment.factors),), moment.mean, moment.covariance, expr, rf"\hat f_{{{order}}}")


def derivative_kernel(f: Function | str, g: Function | str | None = None) -> Moment:
    r"""Kernel of derivatives by Price's identity, also for functions that jump (:math:`|\rho|<1`).

    .. math:: E f'(x)g'(y) = \partial_c\, E f(x)g(y),\qquad c=\rho\sigma_x\sigma_y.

    The definition that the certificate integrates is :math:`f'`, :math:`g'` themselves where both are functions, else
    the score of the covariance: :math:`\partial_c E f g = E f g\,\partial_c\log p`.

    Examples
    --------
    >>> derivative_kernel("relu").expr
    asin(rho)/(2*pi) + 1/4
    >>> derivative_kernel("sign").expr
    2/(pi*sigma_x*sigma_y*sqrt(1 - rho**2))
    """
    moment = kernel(f, g)
    f, g = moment.factors
    expr = None
    if moment.expr is not None:
        expr = simplified(sp.diff(moment.expr, RHO) / (SIGMA_X * SIGMA_Y))
    try:
        terms: tuple[tuple[sp.Expr, tuple[Function, ...]], ...] = ((sp.S.One, (f.derivative(), g.derivative())),)
    except UnsupportedModel:
        square, product = activation("monomial", 2), activation("linear")
        below = SIGMA_X * SIGMA_Y * (1 - RHO**2) ** 2
        terms = (
            (RHO * (1 - RHO**2) / below, (f, g)),
            (-RHO / (below * SIGMA_X**2), (square * f, g)),
            (-RHO / (below * SIGMA_Y**2), (f, square * g)),
            ((1 + RHO**2) / (below * SIGMA_X * SIGMA_Y), (product * f, product * g)),
        )
    definition = rf"\mathbb{{E}}\left[\left({f.latex('x')}\right)'\left({g.latex('y')}\right)'\right]"
    return Moment(terms, moment.mean, moment.covariance, expr, definition)


def variance_derivative(f: Function | str, g: Function | str | None = None) -> sp.Expr:
    r"""Derivative of the kernel in aa at fixed ab, bb: :math:`\tfrac12E f''(x)g(y)` in the generalised sense.

    Examples
    --------
    >>> variance_derivative("gauss")
    (-bb - 1)/(2*(aa*bb + aa - ab**2 + bb + 1)**(3/2))
    """
    return simplified(sp.diff(kernel_expression(f, g), AA))


def kernel_expression(f: Function | str, g: Function | str | None = None) -> sp.Expr:
    r"""Kernel :math:`E_w[f(w^\top a)\,g(w^\top b)]`, :math:`w\sim N(0,I)`, in the symbols aa, ab, bb.

    ``aa`` = a.a, ``bb`` = b.b (positive), ``ab`` = a.b (real).

    Raises
    ------
    UnsupportedModel
        When there is no closed form.

    Examples
    --------
    >>> kernel_expression("erf")
    2*asin(2*ab/(sqrt(2*aa + 1)*sqrt(2*bb + 1)))/pi
    """
    moment = kernel(f, g)
    if moment.expr is None:
        raise UnsupportedModel(f"the kernel of {moment.name} has no closed form; use kernel(...).value(...)")
    return _in_inner_products(moment.expr)


def _in_inner_products(expression: sp.Expr) -> sp.Expr:
    """A kernel in (sigma_x, sigma_y, rho) rewritten in aa, ab, bb."""
    table = {SIGMA_X: sp.sqrt(AA), SIGMA_Y: sp.sqrt(BB), RHO: AB / sp.sqrt(AA * BB)}
    moved = normal_roots(expression.subs(table, simultaneous=True))
    functions = (sp.exp, sp.erfc, sp.asin, sp.cosh, sp.sinh, sp.cos, sp.sin, sp.erfi, BivariateNormal)
    tidied = moved.replace(
        lambda e: isinstance(e, functions) and not e.is_number, lambda e: e.func(*(split(reduced(a)) for a in e.args))
    )
    return simplified(tidied)
