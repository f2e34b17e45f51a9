r"""Continuous laws that can be bound to a spectral measure in place of atoms.

Each has two faces: nodes and weights for floating point (with the step as a knob and an error estimate by halving),
and a rigorous integral in ball arithmetic.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence, UnsupportedModel

__all__ = ["CircleLaw", "DensityLaw", "ExponentialLaw", "LebesgueLaw", "NormalLaw"]

_DOUBLINGS = 2  # tails are bounded panel by panel out to 4 times the reach, by growth beyond


def _letter(measure: Any) -> str:
    if len(measure.letters) != 1:
        raise UnsupportedModel(
            f"the measure {measure.name} has {len(measure.letters)} letters; a continuous law has one"
        )
    return measure.letters[0].name


@dataclass(frozen=True)
class NormalLaw:
    r"""The standard normal law, :math:`\mathbb E f(z) = \int f(z)\,\mathrm e^{-z^2/2}\,\mathrm dz/\sqrt{2\pi}`.

    Parameters
    ----------
    step : float
        Distance of the nodes of the trapezoidal rule in floating point.  For an integrand that is analytic in
        ``|Im z| < a`` the error is of the order of ``exp(-2 pi a / step)``.
    breaks : sequence of float
        Kinks of the integrand; with them the rule is composite Gauss-Legendre between the kinks.

    Ball arithmetic integrates over ``|z| <= R`` with ``R`` about ``1.2 sqrt(bits)``, bounds the panels out to ``4 R``,
    and uses that ``|f(z)| <= exp(z**2/4)`` beyond.

    Examples
    --------
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> z = sp.Symbol("z")
    >>> f = Average(sp.cos(z), SpectralMeasure("g", z))
    >>> bool(abs(evaluate(f, {"g": NormalLaw()}) - math.exp(-0.5)) < 1e-14)
    True
    >>> evaluate(f, {"g": NormalLaw()}, BALL(100)).overlaps(evaluate(sp.exp(-sp.Rational(1, 2)), {}, BALL(100)))
    True
    """

    step: float = 1 / 16
    breaks: tuple[float, ...] = ()

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        reach = 9.5
        if self.breaks:
            nodes, weights = _composite(sorted({-reach, reach, *self.breaks}), 8 * self.step)
        else:
            count = math.ceil(reach / self.step)
            nodes = np.arange(-count, count + 1) * self.step
            weights = np.full(nodes.size, self.step)
        weights = weights * np.exp(-(nodes**2) / 2)
        return {_letter(measure): nodes}, weights / weights.sum()

    def coarser(self) -> NormalLaw:
        """The same law with nodes twice as far apart; the difference bounds the error of the finer rule."""
        return replace(self, step=2 * self.step)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from flint import arb

        reach = math.ceil(math.sqrt(2 * 0.6931 * (bits + 24)))
        weight = lambda z: (-z * z / 2).exp() / (2 * arb.pi()).sqrt()  # noqa: E731
        inner = _integral(lambda z, flag: function(z, analytic=flag) * weight(z), -reach, reach, self.breaks)
        tail = arb(0)
        for sign in (1, -1):
            edge = arb(reach)
            for _ in range(_DOUBLINGS):
                mass = (edge / arb(2).sqrt()).erfc() / 2
                tail += _largest(function, sign * edge, 2 * sign * edge) * mass
                edge = 2 * edge
            tail += (-edge * edge / 4).exp()
        return _real_if(function, _widen(inner, tail))

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        mp = system.mp
        weight = lambda z: mp.exp(-z * z / 2) / mp.sqrt(2 * mp.pi)  # noqa: E731
        reach = math.ceil(math.sqrt(2 * 2.31 * (system.dps + 8)))
        points = sorted({-reach, 0, reach, *self.breaks})
        return mp.quad(lambda z: function(z) * weight(z), points)


@dataclass(frozen=True)
class LebesgueLaw:
    r"""Integration over the real line, :math:`\int f(x)\,\mathrm dx`, for integrands that carry their own density.

    With it an expectation over an implicitly given variable is written explicitly: if ``r = x + delta L'(x)`` is
    normal, substitute ``x`` and multiply by the derivative.  Not a probability law: an average of a constant is that
    constant.  The integrand has to decay faster than ``exp(-|x|)``.

    Parameters
    ----------
    reach, step : float
        Range and distance of the nodes of the trapezoidal rule in floating point.
    """

    reach: float = 40.0
    step: float = 1 / 16

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        count = math.ceil(self.reach / self.step)
        nodes = np.arange(-count, count + 1) * self.step
        return {_letter(measure): nodes}, np.full(nodes.size, self.step)

    def coarser(self) -> LebesgueLaw:
        """The same with nodes twice as far apart."""
        return replace(self, step=2 * self.step)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from flint import arb

        reach = max(self.reach, math.ceil(bits * 0.7))
        inner = _integral(lambda x, flag: function(x, analytic=flag), -reach, reach, (0,))
        tail = arb(0)
        for sign in (1, -1):
            edge = arb(reach)
            for _ in range(_DOUBLINGS):
                tail += _largest(function, sign * edge, 2 * sign * edge) * edge
                edge = 2 * edge
            tail += (-edge).exp()
        return _real_if(function, _widen(inner, tail))

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        return system.mp.quad(function, [-system.mp.inf, -1, 0, 1, system.mp.inf])


@dataclass(frozen=True)
class CircleLaw:
    r"""The uniform law on a period, :math:`\mathbb E f(\theta)=\frac1{2\pi}\int_0^{2\pi}f(\theta)\,\mathrm d\theta`.

    For the spectrum of a large Toeplitz matrix: its eigenvalues are distributed like the symbol at a uniform angle
    (Szego).  The integrand is analytic with the period ``2 pi``.

    Parameters
    ----------
    count : int
        Nodes of the trapezoidal rule in floating point; where the integrand is analytic in ``|Im theta| < a`` the error
        is of the order of ``exp(-a * count)``.
    even : bool
        The integrand is even, as the symbol of a symmetric matrix is: half of the period is enough.

    Examples
    --------
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> t = sp.Symbol("t")
    >>> f = Average(3 / (5 - 4 * sp.cos(t)), SpectralMeasure("g", t))
    >>> round(float(evaluate(f, {"g": CircleLaw()})), 14), evaluate(f, {"g": CircleLaw()}, BALL(100)).contains(1)
    (1.0, True)
    """

    count: int = 256
    even: bool = False

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        kept = self.count // 2 if self.even else self.count
        return {_letter(measure): 2 * np.pi * (np.arange(kept) + 0.5) / self.count}, np.full(kept, 1 / kept)

    def coarser(self) -> CircleLaw:
        """The same law with half as many nodes."""
        return replace(self, count=self.count // 2)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from flint import acb, arb

        length = 1 if self.even else 2
        inner = _integral(lambda x, flag: function(x, analytic=flag), 0, length * acb.pi(), ())
        return _real_if(function, inner / (length * arb.pi()))

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        quarters = [k * system.mp.pi / 2 for k in range(3 if self.even else 5)]
        return system.mp.quad(function, quarters) / quarters[-1]


@dataclass(frozen=True)
class ExponentialLaw:
    r"""The standard exponential law, :math:`\mathbb E f(u) = \int_0^\infty f(u)\,\mathrm e^{-u}\,\mathrm du`.

    Half of the squared length of two independent standard normal variables has it.

    Parameters
    ----------
    step : float
        Distance of the nodes of the trapezoidal rule in ``x``, where ``u = exp(x - exp(-x))``.

    Ball arithmetic integrates up to ``R`` about the number of bits, bounds the panels out to ``4 R``, and uses that
    ``|f(u)| <= exp(u/2)`` beyond.

    Examples
    --------
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import BALL, evaluate
    >>> u = sp.Symbol("u")
    >>> f = Average(u**3, SpectralMeasure("exp", u))
    >>> bool(abs(evaluate(f, {"exp": ExponentialLaw()}) - 6) < 1e-13)
    True
    >>> evaluate(f, {"exp": ExponentialLaw()}, BALL(80)).contains(6)
    True
    """

    step: float = 1 / 16

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        x = np.arange(math.ceil(-3.8 / self.step), math.ceil(4 / self.step) + 1) * self.step
        nodes = np.exp(x - np.exp(-x))
        weights = np.exp(-nodes) * nodes * (1 + np.exp(-x))
        return {_letter(measure): nodes}, weights / weights.sum()

    def coarser(self) -> ExponentialLaw:
        """The same law with nodes twice as far apart."""
        return replace(self, step=2 * self.step)

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from flint import arb

        reach = bits + 16
        inner = _integral(lambda u, flag: function(u, analytic=flag) * (-u).exp(), 0, reach, (1,))
        edge, tail = arb(reach), arb(0)
        for _ in range(_DOUBLINGS):
            tail += _largest(function, edge, 2 * edge) * (-edge).exp()
            edge = 2 * edge
        return _real_if(function, _widen(inner, tail + 2 * (-edge / 2).exp()))

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        mp = system.mp
        return mp.quad(lambda u: function(u) * mp.exp(-u), [0, 1, 8, mp.inf])


@dataclass(frozen=True)
class DensityLaw:
    r"""A law with density on an interval, :math:`\mathbb E f(x) = \int_a^b f(x)\,p(x)\,\mathrm dx`.

    Parameters
    ----------
    density : sympy expression in ``letter``
    letter : sympy.Symbol
    lower, upper : exact numbers or constant sympy expressions
    count : int
        Gauss nodes in floating point, in ``x = a + (b-a) sin(t)**2``, which removes square-root edges.

    Raises
    ------
    DomainError
        If the density does not integrate to one.

    Examples
    --------
    >>> x = sp.Symbol("x", real=True)
    >>> from rmtsym.field.average import Average, SpectralMeasure
    >>> from rmtsym.field.evaluate import evaluate
    >>> law = DensityLaw(sp.sqrt(4 - x**2) / (2 * sp.pi), x, -2, 2)
    >>> bool(abs(evaluate(Average(x**4, SpectralMeasure("nu", x)), {"nu": law}) - 2) < 1e-13)
    True
    """

    density: sp.Expr
    letter: sp.Symbol
    lower: Any
    upper: Any
    count: int = 200

    def __post_init__(self) -> None:
        _, weights = self._nodes()
        if not abs(weights.sum() - 1) < 1e-6:
            raise DomainError(
                "density", self.density, "integral one", f"it integrates to {weights.sum():.6g}; rescale it"
            )

    def _nodes(self) -> tuple[np.ndarray, np.ndarray]:
        from rmtsym.field.evaluate import evaluate

        a, b = (float(evaluate(sp.sympify(v), {})) for v in (self.lower, self.upper))
        t, w = np.polynomial.legendre.leggauss(self.count)
        t, w = (t + 1) * np.pi / 4, w * np.pi / 4
        nodes = a + (b - a) * np.sin(t) ** 2
        with np.errstate(all="ignore"):
            heights = np.broadcast_to(evaluate(self.density, {self.letter: nodes}), nodes.shape)
        return nodes, w * (b - a) * np.sin(2 * t) * np.where(np.isfinite(heights), heights, 0.0)

    def coarser(self) -> DensityLaw:
        """The same law with half as many nodes."""
        return replace(self, count=self.count // 2)

    def quadrature(self, measure: Any) -> tuple[dict[str, np.ndarray], np.ndarray]:
        nodes, weights = self._nodes()
        return {_letter(measure): nodes}, weights / weights.sum()

    def enclose(self, function: Callable[..., Any], bits: int) -> Any:
        from rmtsym.field.ball import BALL, Ball
        from rmtsym.field.evaluate import evaluate

        a, b = evaluate([sp.sympify(self.lower), sp.sympify(self.upper)], {}, BALL(bits))
        systems = {flag: Ball(bits, analytic=flag) for flag in (False, True)}

        def integrand(x: Any, flag: bool) -> Any:
            return function(x, analytic=flag) * evaluate(self.density, {self.letter: x}, systems[flag])

        return _real_if(function, _integral(integrand, a, b, ()))

    def integrate(self, function: Callable[..., Any], system: Any) -> Any:
        from rmtsym.field.evaluate import evaluate

        a, b = evaluate([sp.sympify(self.lower), sp.sympify(self.upper)], {}, system)
        return system.mp.quad(lambda x: function(x) * evaluate(self.density, {self.letter: x}, system), [a, b])


def _composite(breaks: Sequence[float], width: float) -> tuple[np.ndarray, np.ndarray]:
    """Gauss-Legendre nodes and weights on panels no wider than ``width`` between the breaks."""
    t, w = np.polynomial.legendre.leggauss(16)
    nodes, weights = [], []
    for a, b in itertools.pairwise(breaks):
        edges = np.linspace(a, b, max(1, math.ceil((b - a) / width)) + 1)
        for left, right in itertools.pairwise(edges):
            nodes.append((left + right) / 2 + (right - left) / 2 * t)
            weights.append((right - left) / 2 * w)
    return np.concatenate(nodes), np.concatenate(weights)


def _integral(function: Callable[[Any, bool], Any], a: Any, b: Any, breaks: Sequence[float]) -> Any:
    from flint import acb

    points = [acb(a), *(acb(x) for x in sorted(breaks)), acb(b)]
    total = acb(0)
    for left, right in itertools.pairwise(points):
        total += acb.integral(lambda x, flag: acb(function(x, flag)), left, right)
    if not total.is_finite():
        raise NoConvergence("a Gaussian expectation could not be enclosed: the integrand is singular on the line")
    return total


def _largest(function: Callable[..., Any], a: Any, b: Any, depth: int = 12) -> Any:
    """Upper bound of |f| on the interval between a and b, by bisection where one ball says nothing."""
    size = abs(function(a.union(b)))
    if size.is_finite() or depth == 0:
        return size.upper()
    middle = ((a + b) / 2).mid()
    return _largest(function, a, middle, depth - 1).max(_largest(function, middle, b, depth - 1))


def _widen(value: Any, radius: Any) -> Any:
    from flint import acb, arb

    spread = arb(0, radius.upper())
    return value + acb(spread, spread)


def _real_if(function: Callable[..., Any], value: Any) -> Any:
    """The real part if the integrand is real on the real line."""
    from flint import acb, arb

    return value if isinstance(function(arb(3) / 8), acb) else value.real
