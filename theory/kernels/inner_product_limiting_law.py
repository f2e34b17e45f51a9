r"""Inner-product kernels without structure in the data: the law of :math:`f(x_i^\top x_j/\sqrt p)/\sqrt p`.

.. math::  -\frac1m=z+\frac{a_1^2m}{c+a_1m}+\frac{\nu-a_1^2}cm .

Two Hermite coefficients of f decide: the linear part gives a Marchenko-Pastur law, the rest a semicircle.  The engine
returns the curve of their sum; the derivation leaves one sample out.
Sources: Cheng and Singer (2013); Do and Vu (2013); Liao, Couillet and Mahoney (2021).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.errors import DomainError
from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown, enclose
from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.matrix import Expression, Gaussian, Identity, Space, Wigner, inverse, planar_moments
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.spectrum import SpectralCurve, SpectralLaw, from_r_transform, marchenko_pastur, semicircle
from rmtsym.theorem import POSITIVE, REAL, Choice, Numbers, Parameter, Quantity, Regime, Theorem
from rmtsym.theorem.certified import certified

#: Functions that are not linear, each with a slope a1 >= 0 (the kernel of -f is minus that of f).
FUNCTIONS = ("relu", "abs", "sign", "step", "erf", "tanh", "sigmoid", "softplus", "gelu", "cos", "sin", "gauss")

theorem = Theorem(
    id="inner-product-limiting-law",
    title="Spectrum of an inner-product kernel of white data",
    family="kernels",
    references=(
        "X. Cheng, A. Singer (2013), The spectrum of random inner-product kernel matrices, arXiv:1202.3155",
        "Y. Do, V. Vu (2013), The spectrum of random kernel matrices: universality results for rough and varying "
        "kernels, arXiv:1206.3763",
        "Z. Liao, R. Couillet, M. W. Mahoney (2021), Sparse quantized spectral clustering, ICLR, arXiv:2010.01376",
    ),
    assumptions=(
        r"$x_1,\dots,x_n\in\mathbb R^p$ with independent centred entries of unit variance and enough moments; "
        r"$p/n\to c$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/\sqrt p)/\sqrt p$ for $i\ne j$, $K_{ii}=0$; $f$ is centred: $E f(\xi)=0$ for "
        r"$\xi\sim N(0,1)$ (a mean $a_0$ only adds an eigenvalue of order $\sqrt p$)",
        r"$a_1=E\,\xi f(\xi)\ge0$ and $\nu=E f(\xi)^2>a_1^2$",
    ),
    parameters=(
        Parameter("f", "function, before it is centred", Choice("function", *FUNCTIONS), "f", default="relu"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("z", "point of the upper half plane, real and imaginary part", Numbers(REAL, length=2), "z"),
    ),
    quantities=(
        Quantity("re_m", "real part of the normalised trace of (K - z)^{-1}", r"\Re m(z)"),
        Quantity("im_m", "its imaginary part", r"\Im m(z)"),
        Quantity("edge_lower", "lower end of the spectrum", r"\lambda_-"),
        Quantity("edge_upper", "upper end of the spectrum", r"\lambda_+"),
        Quantity("gap_lower", "lower end of the gap, where there is one", r"\gamma_-"),
        Quantity("gap_upper", "upper end of the gap", r"\gamma_+"),
        Quantity("mom2", "second moment", "m_2"),
        Quantity("mom3", "third moment", "m_3"),
        Quantity("mom4", "fourth moment", "m_4"),
    ),
    points={
        "A": {"f": "tanh", "c": "0.5", "z": "0.4,0.5"},
        "B": {"f": "relu", "c": "0.5", "z": "0.4,0.5"},
        "C": {"f": "relu", "c": "2", "z": "0.2,0.3"},
        "D": {"f": "abs", "c": "0.5", "z": "0.4,0.5"},
        "E": {"f": "sigmoid", "c": "0.25", "z": "0,0.2"},
    },
    uses=("hermite-facts", "marchenko-pastur", "semicircle"),
)

# -- the model and its curve ------------------------------------------------------------------------------------------

c, nu = sp.symbols("c nu", positive=True)
a1 = sp.Symbol("a1", nonnegative=True)
z, m, m_z, h = sp.symbols("z m m_z h")
h_lower, h_upper, h_1, h_2 = sp.symbols("h_lower h_upper h_1 h_2", positive=True)
rest = nu - a1**2  # variance of f beyond its linear part


def model() -> Expression:
    """Linear part of the kernel, without its diagonal, and a symmetric matrix of independent entries for the rest."""
    n, p = Space("n"), Space("p", c)
    X = Gaussian("X", p, n, 1 / c)
    return a1 * (X.T @ X) - a1 * Identity(n) + Wigner("W", n, rest / c)


@cache
def transform() -> Equivalent:
    """The engine's equation of the transform."""
    return deterministic_equivalent(inverse(model() - z * Identity(model().rows)), spectral=z)


@cache
def curve() -> sp.Expr:
    """Polynomial relation of m and z."""
    return transform().curve(variable=m).as_expr()


@cache
def place(at: sp.Symbol = m) -> sp.Expr:
    """The point z at which the transform is m, or -1/h; the curve is linear in z."""
    full = sp.apart(sp.solve(curve(), z)[0].subs(m, at if at == m else -1 / at), at)
    plain = sum(full.coeff(at, k) * at**k for k in (-1, 1))
    return plain + sp.factor(full - plain)


def turning(at: sp.Symbol, sign: int) -> tuple[Eq, sp.Expr]:
    """Where z has no slope as a function of h = -1/m, and z there; h is ``sign`` times a positive number."""
    steady = sp.Add(*(at * term.subs(h, sign * at) for term in sp.Add.make_args(1 - place(h).diff(h))))
    return Eq(at, steady, evaluate=False), place(h).subs(h, sign * at)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Value of the transform, moments, and turning points of z(m), all of the engine's curve."""
    inner = z - (place() + 1 / m)
    complex_root = FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at z"),),
        (Eq(m_z, -1 / inner.subs(m, m_z), evaluate=False),),
        {"re_m": sp.re(m_z), "im_m": sp.im(m_z)},
        continuation=Continuation(z, 1000 * sp.I, {m_z: -1 / z}),
    )
    moments = dict(zip(("mom2", "mom3", "mom4"), SpectralCurve(sp.Poly(curve(), m, z)).moments(4)[1:], strict=True))
    (low, at_low), (high, at_high) = turning(h_lower, -1), turning(h_upper, 1)
    edges = FixedPointSystem(
        (
            Unknown(h_lower, "positive", meaning="1/m at the lower edge"),
            Unknown(h_upper, "interval", lower=a1 / c, meaning="-1/m at the upper edge"),
        ),
        (low, high),
        {"edge_lower": at_low, "edge_upper": at_high, **{k: sp.sympify(v) for k, v in moments.items()}},
        continuation=Continuation.homotopy({h_lower: sp.sqrt(nu / c), h_upper: a1 / c + sp.sqrt(nu / c)}),
    )
    split = a1 / (c * (1 + (a1**2 / rest) ** sp.Rational(1, 3)))
    (below, at_below), (above, at_above) = turning(h_1, 1), turning(h_2, 1)
    gap = FixedPointSystem(
        (
            Unknown(h_1, "interval", lower=sp.S.Zero, upper=split, meaning="-1/m at the lower end of the gap"),
            Unknown(h_2, "interval", lower=split, upper=a1 / c, meaning="-1/m at the upper end of the gap"),
        ),
        (below, above),
        {"gap_lower": at_below, "gap_upper": at_above},
        continuation=Continuation.homotopy({h_1: sp.sqrt(rest / c), h_2: a1 / c - a1 / sp.sqrt(c)}),
    )
    return (
        Regime((complex_root, edges, gap), "bulks == 2", "two bulks"),
        Regime((complex_root, edges), "bulks == 1", "one bulk"),
    )


DIGITS = 60  # of the coefficients of the function


@cache
def coefficients(f: str) -> tuple[Any, Any, Any, Any]:
    """Balls of a0, a1, a2 and of the variance nu."""
    function = activation(f)
    a = [hermite_coefficient(function, k).value(digits=DIGITS).ball for k in range(3)]
    square = expectation(function * function, 1).value(digits=DIGITS).ball
    with precision(4 * DIGITS):
        return (*a, square - a[0] * a[0])


@theorem.binding
def binding(f: str, c: Fraction, z: tuple[Fraction, Fraction]) -> dict[str, Any]:
    """Coefficients of the function, the complex point, and whether the linear part stands apart."""
    x, y = z
    if y <= 0:
        raise DomainError("z", f"{x},{y}", "a point of the upper half plane", "the second number is the imaginary part")
    mean, slope, _, variance = coefficients(f)
    with precision(4 * DIGITS):
        share = arb(c.numerator) / c.denominator
        apart = slope > 0 and share.root(3) * (1 + (variance / slope**2 - 1).root(3)) < 1
    return {
        "a0": mean,
        "a1": slope,
        "nu": variance,
        "z": sp.Rational(x) + sp.I * sp.Rational(y),
        "bulks": 1 + int(apart),
    }


# -- derivation -------------------------------------------------------------------------------------------------------

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


# -- experiment -------------------------------------------------------------------------------------------------------


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


#: tr L^2/n and tr L^3/n of the linear kernel without diagonal: their means are the same for every entry law.
LINEAR = (
    Control("linear2", lambda point, n, law: (n - 1) / float(point["c"] * n)),
    Control("linear3", lambda point, n, law: (n - 1) * (n - 2) / float(point["c"] * n) ** 2),
)
TRANSFORM = tuple(Statistic(name, controls=LINEAR, scale=1.0) for name in ("re_m", "im_m"))  # |m| is about 1
MOMENTS = (
    Statistic("mom2", controls=LINEAR[:1]),
    Statistic("mom3", controls=LINEAR, resolution=0.03),
    Statistic("mom4", controls=LINEAR, resolution=0.03),
)
#: In units of half the width; the gap is narrow, and its ends have large terms beyond n^{-2/3}.
EDGES = tuple(
    Statistic(name, kind="edge", exponent=2 / 3, scale=2.0, curvature=10.0, resolution=0.1)
    for name in ("edge_lower", "edge_upper", "gap_lower", "gap_upper")
)
#: The second Hermite coefficient adds sqrt(2) a2^3/(c^2 sqrt p) to the third moment; ``skewed`` keeps it.
SKEWED = (
    Statistic("mom3", controls=LINEAR, scale=1.0, resolution=0.05),
    Statistic("skewed", quantity="mom3", exponent=0.5, controls=LINEAR, scale=1.0, resolution=0.2),
)


@theorem.experiment(points=("A",), sizes=(60, 120), laws=("gauss", "rad"), statistics=(*TRANSFORM, *MOMENTS))
@theorem.experiment(points=("A",), sizes=(120, 240), laws=("rad",), statistics=EDGES[:2])
@theorem.experiment(points=("B",), sizes=(60, 120), statistics=TRANSFORM)
@theorem.experiment(points=("C",), sizes=(60, 120), laws=("rad",), statistics=TRANSFORM)
@theorem.experiment(points=("D",), sizes=(32, 64, 128), statistics=SKEWED)
@theorem.experiment(points=("E",), sizes=(128, 256), laws=("rad",), statistics=(*TRANSFORM, *EDGES))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Spectrum of one kernel; the transform less its known term of order p^{-1/2}."""
    x, linear, kernel = sampled(rng, size, point["f"], float(point["c"]), law)
    at = complex(*map(float, point["z"]))
    spectrum = np.linalg.eigvalsh(kernel)
    m = np.mean(1 / (spectrum - at)) - second_order(point["f"], point["c"], at, len(x))
    linear /= np.sqrt(len(x))
    square = linear @ linear
    third = float(np.mean(spectrum**3))
    skew = np.sqrt(2 / len(x)) * float(coefficients(point["f"])[2]) ** 3 / float(point["c"]) ** 2
    above = size - len(x)  # as many eigenvalues as dimensions belong to the linear part
    return {
        "re_m": float(m.real),
        "im_m": float(m.imag),
        "mom2": float(np.mean(spectrum**2)),
        "mom3": third - skew,
        "skewed": third,
        "mom4": float(np.mean(spectrum**4)),
        "linear2": float(np.trace(square)) / size,
        "linear3": float(np.sum(square * linear)) / size,
        "edge_lower": float(spectrum[0]),
        "edge_upper": float(spectrum[-1]),
        "gap_lower": float(spectrum[above - 1]) if 0 < above < size else 0.0,
        "gap_upper": float(spectrum[above]) if 0 < above < size else 0.0,
    }


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
    shown = (("abs", "1/2", "rad"), ("tanh", "1/2", "gauss"), ("sigmoid", "1/5", "rad"))
    for axes, (f, ratio, entry) in zip(panels, shown, strict=True):
        rng = np.random.default_rng(page.trial.seed)
        kernel = sampled(rng, 1000, f, float(Fraction(ratio)), entry)[2]
        plot_law(law(f, ratio), np.linalg.eigvalsh(kernel), axes=axes)
        axes.get_legend().remove()
        axes.set_title(f"{f}, c = {ratio}, {'Gaussian' if entry == 'gauss' else 'Rademacher'} data")
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------

w = sp.Symbol("w", positive=True)  # nu - a1^2


def at_numbers(slope: Any, variance: Any, ratio: Any) -> SpectralLaw:
    """The law at given coefficients."""
    return SpectralLaw(SpectralCurve(sp.Poly(curve(), m, z)).at(a1=slope, nu=variance, c=ratio))


@theorem.consequence("the curve is $(\\nu-a_1^2)a_1m^3+[za_1c+a_1^2c+(\\nu-a_1^2)c]m^2+(zc^2+a_1c)m+c^2=0$")
def printed(claim: Any) -> None:
    claim.identity(
        Eq(-(c**2), rest * a1 * m_z**3 + (z * a1 * c + a1**2 * c + rest * c) * m_z**2 + (z * c**2 + a1 * c) * m_z,
           evaluate=False), regime="one bulk",
    )  # fmt: skip
    cubic = rest * a1 * m**3 + (z * a1 * c + a1**2 * c + rest * c) * m**2 + (z * c**2 + a1 * c) * m + c**2
    claim.holds(
        "the engine's polynomial, term by term",
        lambda: sp.expand(curve() + cubic) == 0,
        wrong={"nu for nu - a1^2": lambda: sp.expand(curve() + cubic.subs(nu, nu + a1**2)) == 0},
    )


@theorem.consequence(
    "it is the free sum of $a_1(\\mathrm{MP}-1)$ and a semicircle of variance $(\\nu-a_1^2)/c$; the R-transform is "
    "$\\frac{a_1^2g}{c-a_1g}+\\frac{\\nu-a_1^2}cg$"
)
def free_sum(claim: Any) -> None:
    def transform_gives(relation: str) -> bool:
        found = from_r_transform(relation)
        ours = SpectralCurve(sp.Poly(sp.expand(curve().subs(nu, w + a1**2)), m, z))
        return str(found) == str(ours) or set(map(str, found.factors())) == set(map(str, ours.factors()))

    right = "c*R*(c - a1*g) - a1^2*c*g - w*g*(c - a1*g)"
    claim.holds(
        "curve of this R-transform", lambda: transform_gives(right),
        wrong={"+ a1 g below": lambda: transform_gives(right.replace("c - a1*g", "c + a1*g")),
               "w for w/c": lambda: transform_gives(right.replace("w*g", "w*c*g"))},
    )  # fmt: skip

    def convolved(slope: str, beyond: str, ratio: str) -> bool:
        """Linear and noise part at 7/5, 3/5, 2/3, added freely."""
        linear = marchenko_pastur(1 / Fraction(ratio)).scale(Fraction(slope)).shift(-Fraction(slope))
        both = linear.free_sum(semicircle(Fraction(beyond) / Fraction(ratio)))
        return str(both.curve) == str(at_numbers(Fraction(7, 5), Fraction(7, 5) ** 2 + Fraction(3, 5), "2/3").curve)

    claim.holds(
        "free convolution of the two laws, at numbers", lambda: convolved("7/5", "3/5", "2/3"),
        wrong={"other noise": lambda: convolved("7/5", "4/5", "2/3"),
               "other ratio": lambda: convolved("7/5", "3/5", "3/2")},
    )  # fmt: skip


@theorem.consequence(
    "no linear part: a semicircle on $\\pm2\\sqrt{\\nu/c}$; nothing else: $a_1(\\mathrm{MP}-1)$; "
    "$c\\to\\infty$: a semicircle of variance $\\nu/c$ again"
)
def special_cases(claim: Any) -> None:
    def factor(at: dict[Any, Any], expected: sp.Expr) -> bool:
        return sp.rem(sp.expand(curve().subs(at)), sp.expand(expected), m) == 0

    semi = nu * m**2 + c * z * m + c
    poisson = (c + a1 * m) * (1 + z * m) + a1**2 * m**2  # -1/m = z + a1^2 m/(c + a1 m)
    claim.holds("a1 = 0", lambda: factor({a1: 0}, semi), wrong={"c dropped": lambda: factor({a1: 0}, semi.subs(c, 1))})
    claim.holds(
        "nu = a1^2",
        lambda: factor({nu: a1**2}, poisson),
        wrong={"a1 = 1 for every a1": lambda: factor({nu: a1**2}, poisson.subs(a1, 1))},
    )
    for f, bound in (("abs", 2), ("cos", 2)):
        claim.equal(
            lambda p: claim.value("edge_upper", p).ball ** 2,
            lambda p, bound=bound: bound**2 * coefficients(p["f"])[3] * p["c"].denominator / p["c"].numerator,
            [theorem.point("D", f=f, c=ratio) for ratio in ("0.1", "1", "7")],
            f"{f}: edge at 2 sqrt(nu/c)",
        )
    wide = Fraction(10**8)
    claim.holds(
        "tanh: the edge over 2 sqrt(nu/c) tends to one like 1/sqrt c",
        lambda: abs(ratio_to_semicircle(wide) - 1) < 1e-3 and abs(ratio_to_semicircle(wide * 100) - 1) < 1e-4,
        wrong={"at c = 1": lambda: abs(ratio_to_semicircle(Fraction(1)) - 1) < 1e-3},
    )


def ratio_to_semicircle(ratio: Fraction) -> float:
    """Upper edge for tanh over that of a semicircle of the same variance."""
    point = theorem.point("A", c=ratio)
    return float(theorem.values(point)["edge_upper"]) / (
        2 * float(coefficients("tanh")[3]) ** 0.5 / float(ratio) ** 0.5
    )


@theorem.consequence("edges solve the quartic $(c+a_1m)^2(c-(\\nu-a_1^2)m^2)=a_1^2c^2m^2$, at all ends of the support")
def quartic(claim: Any) -> None:
    for symbol, sign, regime in ((h_lower, -1, "one bulk"), (h_upper, 1, "one bulk"), (h_1, 1, "two bulks")):
        at = -1 / (sign * symbol)
        left = (c + a1 * at) ** 2 * (c - rest * at**2)
        claim.identity(Eq(left, a1**2 * c**2 * at**2, evaluate=False), regime=regime)

    def stated(point: Any, name: str) -> Any:
        regime = next(r for r in theorem.regimes() if name in r.outputs and r.name == point["regime"])
        system = next(s for s in regime.systems if name in s.outputs)
        return enclose(system, {k: point[k] for k in ("a1", "nu", "c")}, digits=20)[name]

    one = {"a1": Fraction(3, 5), "nu": Fraction(1, 2), "c": Fraction(1, 2), "regime": "one bulk"}
    two = {"a1": Fraction(1), "nu": Fraction(28, 27), "c": Fraction(1, 4), "regime": "two bulks"}
    flat = {"a1": Fraction(0), "nu": Fraction(2), "c": Fraction(3), "regime": "one bulk"}
    for name, points, index in (
        ("edge_lower", [one, two, flat], 0), ("edge_upper", [one, two, flat], -1),
        ("gap_lower", [two], 1), ("gap_upper", [two], 2),
    ):  # fmt: skip
        claim.equal(
            lambda p, name=name: stated(p, name),
            lambda p, index=index: at_numbers(p["a1"], p["nu"], p["c"]).edges[index],
            points, f"{name} is an end of the support of the curve's law",
        )  # fmt: skip


@theorem.consequence("two bulks if and only if $c^{1/3}\\,\\big(1+(\\nu/a_1^2-1)^{1/3}\\big)<1$; a cusp at equality")
def two_bulks(claim: Any) -> None:
    # in y = a1/(c h) - 1 > 0 the slope is 1 - c (1 + 1/y)^2 - (c t^3)(1 + y)^2 with t^3 = nu/a1^2 - 1; least at y = 1/t
    y, t = sp.symbols("y t", positive=True)
    cost = c * (1 + 1 / y) ** 2 + c * t**3 * (1 + y) ** 2
    slope = (1 - place(h).diff(h)).subs(h, a1 / (c * (1 + y))).subs(nu, a1**2 * (1 + t**3))
    claim.identity(Eq(slope, cost, evaluate=False), regime="one bulk")
    claim.identity(Eq(cost.diff(y).subs(y, 1 / t) + 1, 1, evaluate=False), regime="one bulk", wrong=[2, 1 + c])
    claim.identity(Eq(cost.subs(y, 1 / t), c * (1 + t) ** 3, evaluate=False), regime="one bulk")

    def components(ratio: Fraction) -> int:
        return len(at_numbers(1, Fraction(9, 8), ratio).support.components)  # t = 1/2: the threshold is c = 8/27

    threshold, little = Fraction(8, 27), Fraction(1, 1000)
    claim.holds(
        "components of the support on both sides of c = 8/27 at nu/a1^2 = 9/8",
        lambda: components(threshold - little) == 2 and components(threshold + little) == 1,
        wrong={
            "without the cube root": lambda: components(Fraction(64, 81) - little) == 2,
            "nu/a1^2 without - 1": lambda: components(Fraction(1, 9)) == 1,
        },
    )
    behaviour = at_numbers(1, Fraction(9, 8), threshold).edge_behaviour
    inside = [edge.exponent for edge in behaviour[1:-1]]
    claim.holds(
        "exponent of the density at the cusp",
        lambda: bool(inside) and set(inside) == {Fraction(1, 3)},
        wrong={"a square root": lambda: set(inside) == {Fraction(1, 2)}},
    )


@theorem.consequence("with two bulks the upper one has mass c: one eigenvalue for each dimension")
def upper_mass(claim: Any) -> None:
    gap = float(sum(float(theorem.values(theorem.point("E"))[k]) for k in ("gap_lower", "gap_upper")) / 2)

    def mass(expected: float) -> bool:
        return abs(1 - float(law("sigmoid", "1/4").cdf(gap)) - expected) < 1e-8

    claim.holds("at E", lambda: mass(0.25), wrong={"half of it": lambda: mass(0.125), "1 - c": lambda: mass(0.75)})


@theorem.consequence(
    "a finite dimension: the k-th Hermite component is a Marchenko-Pastur part in dimension $p^k/k!$; the second one "
    "gives a third moment $a_1^3/c^2+\\sqrt2a_2^3/(c^2\\sqrt p)$"
)
def finite_dimension(claim: Any) -> None:
    # b (Y'Y/D - 1), D = p^2/2 features: b^2 n/D = a2^2/c is its share of the variance
    b, p, a2 = sp.symbols("b p a2", positive=True)
    rows = p * c / 2  # D/n
    Y = Gaussian("Y", Space("D", rows), Space("n"), 1 / rows)
    second, third = planar_moments(b * (Y.T @ Y) - b * Identity(Y.cols), 3)[2:]
    share = Eq(b, a2 * sp.sqrt(rows / c), evaluate=False)
    claim.identity(Eq(a2**2 / c, second, evaluate=False), uses=[share], regime="one bulk")
    claim.identity(Eq(sp.sqrt(2) * a2**3 / (c**2 * sp.sqrt(p)), third, evaluate=False), uses=[share], regime="one bulk")


# -- known wrong versions ---------------------------------------------------------------------------------------------

a0 = sp.Symbol("a0", real=True)


def fixed_point(linear: sp.Expr, noise: sp.Expr) -> dict[sp.Symbol, Eq]:
    """The statement's equation with other terms."""
    return {m_z: Eq(m_z, -1 / (z + linear + noise), evaluate=False)}


theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant("1 + a1 m for c + a1 m", equations=fixed_point(a1**2 * m_z / (1 + a1 * m_z), rest * m_z / c))
theorem.mutant("nu for nu - a1^2", equations=fixed_point(a1**2 * m_z / (c + a1 * m_z), nu * m_z / c))
theorem.mutant("sign of a1 m", equations=fixed_point(a1**2 * m_z / (c - a1 * m_z), rest * m_z / c))
theorem.mutant("second moment for variance", replace={nu: nu + a0**2})
theorem.mutant("a1 for a1^2 above", equations=fixed_point(a1 * m_z / (c + a1 * m_z), rest * m_z / c))
theorem.mutant("noise not divided by c", equations=fixed_point(a1**2 * m_z / (c + a1 * m_z), rest * m_z))
theorem.mutant("semicircle for every f", values=lambda c, mom2: {"edge_upper": 2 * float(mom2) ** 0.5, "mom3": 0.0})
