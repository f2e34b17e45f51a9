r"""Activations by name, each written once as a definition and once as pieces (certificates compare the two)."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.errors import DomainError, UnknownName
from rmtsym.gaussian.breaks import ordered
from rmtsym.gaussian.function import Function
from rmtsym.gaussian.pieces import Piece, T, normal_cdf

__all__ = ["activation", "activation_names"]

_ZERO, _ONE, _HALF = sp.S.Zero, sp.S.One, sp.S.Half
_STEP = Piece(step=_ZERO)
_HIGHEST = 1000  # degree of a polynomial
_MOST_BITS = 10  # of a quantiser, which has a piece for each level


def _bound(*values: sp.Expr) -> float | None:
    """Sum of absolute values when they are numbers."""
    numbers = [sp.sympify(v) for v in values]
    return sum(float(abs(v)) for v in numbers) if all(v.is_number for v in numbers) else None


def _grown(bound: float | None, power: int = 0, rate: float | None = 0.0) -> tuple[float, int, float] | None:
    return None if bound is None or rate is None else (bound, power, rate)


def _increasing(thresholds: Sequence[sp.Expr]) -> None:
    """Refuse thresholds that are certainly in the wrong order."""
    for low, high in pairwise(thresholds):
        if (low - high).is_positive:
            raise DomainError("thresholds", f"{low}, {high}", "in increasing order", "write the lower one first")


def _whole(value: Any, argument: str, least: int, most: int) -> int:
    number = sp.sympify(value)
    if not number.is_Integer or not least <= number <= most:
        raise DomainError(argument, value, f"a whole number from {least} to {most}")
    return int(number)


def linear() -> Function:
    return Function(T, {Piece(1): _ONE}, (), "odd", "linear", (1, 1, 0), None, lambda x: np.asarray(x) * 1.0)


def relu() -> Function:
    piece = {Piece(1, step=_ZERO): _ONE}
    return Function(sp.Max(T, 0), piece, (_ZERO,), None, "relu", (1, 1, 0), None, lambda x: np.maximum(x, 0.0))


def leaky_relu(pos: Any = 1, neg: Any = "-1/10") -> Function:
    """``pos*max(t,0) + neg*max(-t,0)``: pos = neg = 1 is abs, neg = -1 with pos = 1 the identity."""
    p, n = sp.sympify(pos), sp.sympify(neg)
    pieces = {Piece(1, step=_ZERO): p + n, Piece(1): -n}
    definition = p * sp.Max(T, 0) + n * sp.Max(-T, 0)
    return Function(definition, pieces, (_ZERO,), None, "leaky_relu", _grown(_bound(p, n), 1))


def abrelu(a: Any, b: Any) -> Function:
    """``a*min(t,0) + b*max(t,0)`` (the ABRelu layer)."""
    return leaky_relu(b, -sp.sympify(a))


def absolute() -> Function:
    pieces = {Piece(1, step=_ZERO): sp.Integer(2), Piece(1): -_ONE}
    return Function(sp.Abs(T), pieces, (_ZERO,), "even", "abs", (1, 1, 0), None, np.abs)


def sign() -> Function:
    return Function(
        sp.sign(T), {_STEP: sp.Integer(2), Piece(): -_ONE}, (_ZERO,), "odd", "sign", (1, 0, 0), None, np.sign
    )


def step() -> Function:
    definition = sp.Heaviside(T, _HALF)
    return Function(definition, {_STEP: _ONE}, (_ZERO,), None, "step", (1, 0, 0), None, lambda x: np.heaviside(x, 0.5))


def erf() -> Function:
    pieces = {Piece(normals=((sp.sqrt(2), _ZERO),)): sp.Integer(2), Piece(): -_ONE}
    return Function(sp.erf(T), pieces, (), "odd", "erf", (1, 0, 0))


def erfc() -> Function:
    pieces = {Piece(normals=((-sp.sqrt(2), _ZERO),)): sp.Integer(2)}
    return Function(sp.erfc(T), pieces, (), None, "erfc", (2, 0, 0))


def normal() -> Function:
    return Function(normal_cdf(T), {Piece(normals=((_ONE, _ZERO),)): _ONE}, (), None, "Phi", (1, 0, 0))


def sigmoid_like() -> Function:
    """``(1 + erf(t/2.4020563531719796))/2``, the error function closest to the logistic sigmoid."""
    scale = sp.Rational("2.4020563531719796")
    return _named((erf().affine(1 / scale) + 1) / 2, "sigmoid_like", None)


def cos(a: Any = 1, b: Any = 0) -> Function:
    a, b = sp.sympify(a), sp.sympify(b)
    pieces = {
        Piece(linear=sp.I * a): (sp.cos(b) + sp.I * sp.sin(b)) / 2,
        Piece(linear=-sp.I * a): (sp.cos(b) - sp.I * sp.sin(b)) / 2,
    }
    return Function(sp.cos(a * T + b), pieces, (), "even" if b == 0 else None, "cos", (1, 0, 0))


def sin(a: Any = 1, b: Any = 0) -> Function:
    a, b = sp.sympify(a), sp.sympify(b)
    pieces = {
        Piece(linear=sp.I * a): (sp.cos(b) + sp.I * sp.sin(b)) / (2 * sp.I),
        Piece(linear=-sp.I * a): -(sp.cos(b) - sp.I * sp.sin(b)) / (2 * sp.I),
    }
    return Function(sp.sin(a * T + b), pieces, (), "odd" if b == 0 else None, "sin", (1, 0, 0))


def exp(a: Any = 1, b: Any = 1) -> Function:
    """``a*exp(b*t)``."""
    a, b = sp.sympify(a), sp.sympify(b)
    return Function(a * sp.exp(b * T), {Piece(linear=b): a}, (), None, "exp", _grown(_bound(a), 0, _bound(b)))


def exp_normalized(gamma: Any = 1) -> Function:
    """``exp(sqrt(gamma)*t - gamma)``: at unit variances its kernel is exp(gamma*(rho - 1))."""
    g = sp.sympify(gamma)
    return _named(exp(sp.exp(-g), sp.sqrt(g)), "exp_normalized", None)


def gauss(a: Any = 1, b: Any = _HALF) -> Function:
    """``a*exp(-b*t**2)``; the default is the Gaussian bump exp(-t^2/2)."""
    a, b = sp.sympify(a), sp.sympify(b)
    growth = _grown(_bound(a)) if b.is_nonnegative else None
    return Function(a * sp.exp(-b * T**2), {Piece(quadratic=2 * b): a}, (), "even", "gauss", growth)


def gabor() -> Function:
    """``exp(-t**2) * sin(t)``."""
    return _named(gauss(1, 1) * sin(), "gabor", "odd")


def rbf(gamma: Any = 1) -> Function:
    """``sqrt(2) sin(sqrt(2 gamma) t + pi/4)``: its kernel is exp(-gamma |a - b|^2)."""
    return _named(sp.sqrt(2) * sin(sp.sqrt(2 * sp.sympify(gamma)), sp.pi / 4), "rbf", None)


def gelu() -> Function:
    definition = T * normal_cdf(T)
    return Function(definition, {Piece(1, normals=((_ONE, _ZERO),)): _ONE}, (), None, "gelu", (1, 1, 0))


def elu(alpha: Any = 1) -> Function:
    """``t`` for t > 0 and ``alpha*(exp(t) - 1)`` below."""
    a = sp.sympify(alpha)
    pieces = {
        Piece(1, step=_ZERO): _ONE,
        Piece(linear=_ONE): a,
        Piece(): -a,
        Piece(linear=_ONE, step=_ZERO): -a,
        _STEP: a,
    }
    definition = sp.Max(T, 0) + a * (sp.exp(sp.Min(T, 0)) - 1)
    return Function(definition, pieces, (_ZERO,), None, "elu", _grown(_bound(a, 1), 1))


def polynomial(*coefficients: Any) -> Function:
    """``c0 + c1*t + c2*t**2 + ...``."""
    values = [sp.sympify(c) for c in coefficients]
    pieces = {Piece(k): c for k, c in enumerate(values) if c != 0}
    powers = {k % 2 for k, c in enumerate(values) if c != 0}
    parity = {(0,): "even", (1,): "odd", (): "even"}.get(tuple(powers))
    definition = sp.Add(*(c * T**k for k, c in enumerate(values)))
    bound = _bound(*values) if values else 0.0
    return Function(definition, pieces, (), parity, "polynomial", _grown(bound, len(values)))


def quadratic(a: Any, b: Any, c: Any) -> Function:
    """``a*t**2 + b*t + c`` (highest power first, as the sheets write it)."""
    return polynomial(c, b, a)


def monomial(degree: int) -> Function:
    n = _whole(degree, "degree", 0, _HIGHEST)
    return _named(polynomial(*[0] * n, 1), f"t^{n}", "odd" if n % 2 else "even")


def rectified_monomial(degree: int) -> Function:
    """``max(t,0)**degree``: the features of the arc-cosine kernel of that order."""
    n = _whole(degree, "degree", 0, _HIGHEST)
    definition = T**n * sp.Heaviside(T, _HALF)
    return Function(definition, {Piece(n, step=_ZERO): _ONE}, (_ZERO,), None, f"rectified_monomial({n})", (1, n, 0))


def hermite(degree: int) -> Function:
    r"""Normalised probabilists' Hermite polynomial :math:`He_k/\sqrt{k!}`."""
    n = _whole(degree, "degree", 0, _HIGHEST)
    coefficients = [_ZERO] * (n + 1)
    for m in range(n // 2 + 1):
        top = sp.factorial(n) / (sp.factorial(m) * sp.factorial(n - 2 * m) * 2**m)
        coefficients[n - 2 * m] = (-1) ** m * top / sp.sqrt(sp.factorial(n))
    return _named(polynomial(*coefficients), f"hermite({n})", "odd" if n % 2 else "even")


def staircase(levels: Any, thresholds: Any) -> Function:
    """Piecewise constant: ``levels[i]`` between ``thresholds[i-1]`` and ``thresholds[i]`` (one level more)."""
    values, points = [sp.sympify(v) for v in levels], [sp.sympify(t) for t in thresholds]
    if len(values) != len(points) + 1:
        raise DomainError("levels", len(values), f"{len(points) + 1} levels for {len(points)} thresholds")
    _increasing(points)
    pieces = {Piece(): values[0]} | {Piece(step=point): values[i + 1] - values[i] for i, point in enumerate(points)}
    pieces = {piece: c for piece, c in pieces.items() if c != 0}
    definition = values[0] + sp.Add(
        *((values[i + 1] - values[i]) * sp.Heaviside(T - point, _HALF) for i, point in enumerate(points))
    )
    mirrored = all(sp.expand(a + b) == 0 for a, b in zip(points, points[::-1], strict=True))
    parity = None
    if mirrored and all(sp.expand(a - b) == 0 for a, b in zip(values, values[::-1], strict=True)):
        parity = "even"
    elif mirrored and all(sp.expand(a + b) == 0 for a, b in zip(values, values[::-1], strict=True)):
        parity = "odd"
    return Function(definition, pieces, tuple(points), parity, "staircase", _grown(_bound(*values)))


def ternary(minus: Any = None, plus: Any = None) -> Function:
    """``1{t > plus} - 1{t < minus}``; by default ``minus = s``, ``plus = s + g`` with symbols s real, g positive."""
    low = sp.Symbol("s", real=True) if minus is None else sp.sympify(minus)
    high = low + sp.Symbol("g", positive=True) if plus is None else sp.sympify(plus)
    ordered([low, high])
    return _named(staircase((-1, 0, 1), (low, high)), "ternary", None, keep=True)


def binary(low: Any, high: Any, amplitude: Any = 1) -> Function:
    """``amplitude * 1{t < low or t > high}`` (two thresholds, one amplitude)."""
    b = sp.sympify(amplitude)
    return _named(staircase((b, 0, b), (low, high)), "binary", None, keep=True)


def threshold_linear(s: Any) -> Function:
    """``t * 1{|t| > s}`` (sparsification), s > 0."""
    s = sp.sympify(s)
    _increasing((-s, s))
    pieces = {Piece(1): _ONE, Piece(1, step=-s): -_ONE, Piece(1, step=s): _ONE}
    definition = T * (1 - sp.Heaviside(T + s, _HALF) + sp.Heaviside(T - s, _HALF))
    return Function(definition, pieces, (-s, s), "odd", "threshold_linear", (1, 1, 0))


def threshold_sign(s: Any) -> Function:
    """``sign(t) * 1{|t| > s}`` (ternary quantisation), s > 0."""
    s = sp.sympify(s)
    return _named(staircase((-1, 0, 1), (-s, s)), "threshold_sign", "odd")


def quantizer(bits: int, s: Any) -> Function:
    r"""Uniform quantiser with ``2**bits`` levels on :math:`|t|\le s`, saturating at +-1 beyond; 2 to 10 bits.

    Level :math:`2^{2-M}(\lfloor t2^{M-2}/s\rfloor+\frac12)` inside.
    """
    m, s = _whole(bits, "bits", 2, _MOST_BITS), sp.sympify(s)
    cells = 2 ** (m - 2)
    points = [s * sp.Rational(k, cells) for k in range(-cells, cells + 1)]
    inner = [sp.Rational(2 * k + 1, 2 * cells) for k in range(-cells, cells)]
    return _named(staircase([-1, *inner, 1], points), f"quantizer({m})", "odd")


def clip(low: Any = -1, high: Any = 1) -> Function:
    low, high = sp.sympify(low), sp.sympify(high)
    _increasing((low, high))
    pieces = {
        Piece(): low,
        Piece(1, step=low): _ONE,
        Piece(step=low): -low,
        Piece(1, step=high): -_ONE,
        Piece(step=high): high,
    }
    pieces = {piece: c for piece, c in pieces.items() if c != 0}
    definition = sp.Min(sp.Max(T, low), high)
    parity = "odd" if sp.expand(low + high) == 0 else None
    return Function(definition, pieces, (low, high), parity, "clip", _grown(_bound(low, high)))


def pact_gradient(bits: int, alpha: Any = 1) -> Function:
    r"""Calibrated gradient of a clipped quantised activation in its clipping level alpha.

    :math:`q_k(x/\alpha)-x/\alpha` on :math:`0<x<\alpha`, 1 beyond; :math:`q_k(u)=\lfloor au\rceil/a`, :math:`a=2^k-1`.
    """
    cells, a = 2 ** _whole(bits, "bits", 1, _MOST_BITS) - 1, sp.sympify(alpha)
    half = sp.Rational(1, 2)
    edges = [a * (j - half) / cells for j in range(1, cells + 1)]
    levels = [sp.Rational(j, cells) for j in range(cells + 1)]
    rounded = staircase(levels, edges)
    return _named(rounded - clip(0, a) / a + staircase((0, 1), (a,)), f"pact_gradient({bits})", None)


def tanh() -> Function:
    return Function(sp.tanh(T), None, (), "odd", "tanh", (1, 0, 0), (0.75, 1.0, 0), np.tanh)


def sigmoid() -> Function:
    from scipy.special import expit

    return Function(1 / (1 + sp.exp(-T)), None, (), None, "sigmoid", (1, 0, 0), (1.5, 1.0, 0), expit)


def softplus() -> Function:
    definition = sp.log(1 + sp.exp(T))
    return Function(definition, None, (), None, "softplus", (1, 1, 0), (1.5, 2.4, 1), lambda x: np.logaddexp(0.0, x))


def silu() -> Function:
    from scipy.special import expit

    definition = T / (1 + sp.exp(-T))
    return Function(definition, None, (), None, "silu", (1, 1, 0), (1.5, 2.5, 1), lambda x: x * expit(x))


def _named(f: Function, name: str, parity: str | None, keep: bool = False) -> Function:
    from dataclasses import replace

    return replace(f, name=name, parity=f.parity if keep else parity)


_TABLE: dict[str, Callable[..., Function]] = {
    "abrelu": abrelu,
    "abs": absolute,
    "binary": binary,
    "clip": clip,
    "cos": cos,
    "elu": elu,
    "erf": erf,
    "erfc": erfc,
    "exp": exp,
    "exp_normalized": exp_normalized,
    "gabor": gabor,
    "gauss": gauss,
    "gelu": gelu,
    "hermite": hermite,
    "leaky_relu": leaky_relu,
    "linear": linear,
    "lrelu": leaky_relu,
    "monomial": monomial,
    "normal": normal,
    "pact_gradient": pact_gradient,
    "poly": polynomial,
    "polynomial": polynomial,
    "quad": quadratic,
    "quadratic": quadratic,
    "quantizer": quantizer,
    "rbf": rbf,
    "rectified_monomial": rectified_monomial,
    "relu": relu,
    "sigmoid": sigmoid,
    "sigmoid_like": sigmoid_like,
    "sign": sign,
    "silu": silu,
    "sin": sin,
    "softplus": softplus,
    "staircase": staircase,
    "step": step,
    "tanh": tanh,
    "ternary": ternary,
    "threshold_linear": threshold_linear,
    "threshold_sign": threshold_sign,
}


def activation_names() -> tuple[str, ...]:
    """Names that :func:`activation` knows."""
    return tuple(sorted(_TABLE))


def activation(name: str | Function, *args: Any, **parameters: Any) -> Function:
    r"""Activation of a name, e.g. ``activation("relu")``, ``activation("lrelu", 1.3, -0.4)``.

    Parameters
    ----------
    name : str
        One of :func:`activation_names`; a :class:`Function` is returned as it is.
    *args, **parameters
        Parameters of the family: numbers (kept exact: a float is read as its decimal) or sympy expressions.

    Raises
    ------
    UnknownName
        For an unknown name, with the nearest known ones.
    DomainError
        For wrong parameters.

    Examples
    --------
    >>> activation("relu").definition
    Max(0, t)
    >>> activation("quad", 1, 0, -1).parity
    'even'
    """
    if isinstance(name, Function):
        return name
    if not isinstance(name, str) or (name not in _TABLE and not name.isidentifier()):
        hint = "rmtsym.gaussian.function_of_text reads a formula in x"
        raise DomainError("activation", repr(name), "a Function, or the name of an activation", hint)
    if name not in _TABLE:
        raise UnknownName("activation", name, _TABLE)
    build = _TABLE[name]
    try:
        bound = inspect.signature(build).bind(*map(exact, args), **{k: exact(v) for k, v in parameters.items()})
    except TypeError as error:
        given = ", ".join([*map(str, args), *(f"{k}={v}" for k, v in parameters.items())]) or "none"
        plain = [p.name for p in inspect.signature(build).parameters.values()]
        known = ", ".join(plain) or f"{name} has none"
        raise DomainError(f"parameters of {name}", given, known, str(error)) from None
    return build(*bound.args, **bound.kwargs)


def exact(value: Any) -> Any:
    """Exact sympy number of an int, Fraction, decimal float or text; lists element by element."""
    if isinstance(value, (list, tuple)):
        return [exact(v) for v in value]
    if isinstance(value, (float, str)):
        try:
            return sp.Rational(str(value))
        except TypeError:
            raise DomainError("number", repr(value), "a decimal or a fraction", "write 0.3, 3/10 or 1e-6") from None
    return sp.sympify(value)
