r"""Kernels of one layer of Gaussian random features: :math:`\Phi(x,y)=E_w[\sigma(w^\top x)\sigma(w^\top y)]`.

Only two norms and an angle matter.  Each closed form follows from its derivative in the angle, which is the kernel of
the derivative (Price), and from its value at a right angle; a rigorous integral confirms it.
"""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, MatrixSymbol, acos, asin, cosh, exp, pi, sinh, sqrt

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.gaussian import (
    AA,
    AB,
    BB,
    RHO,
    SIGMA_X,
    SIGMA_Y,
    activation,
    expectation,
    hermite_coefficient,
    kernel,
    polynomial_kernel,
)
from rmtsym.simulate import Control, Statistic, entries, gaussian_pairs
from rmtsym.theorem import POSITIVE, REAL, Choice, Interval, Numbers, Parameter, Quantity, Regime, Theorem
from rmtsym.theorem.certified import certified

ACTIVATIONS = ("linear", "relu", "abs", "lrelu", "step", "sign", "quad", "cos", "sin", "erf", "gauss")

theorem = Theorem(
    id="rf-gaussian-kernel-closed-forms",
    title="Kernels of Gaussian random features",
    family="kernels",
    references=(
        "C. K. I. Williams (1997), Computing with infinite networks, NIPS",
        "Y. Cho, L. K. Saul (2009), Kernel methods for deep learning, NIPS",
        "Z. Liao, R. Couillet (2018), On the spectrum of random features maps of high dimensional data, ICML, "
        "arXiv:1805.11916",
    ),
    assumptions=(r"$w\sim N(0,I_p)$", r"$x,y\ne0$ in $\mathbb R^p$, $\rho=x^{\sf T}y/(\|x\|\|y\|)$"),
    parameters=(
        Parameter("sigma", "activation", Choice("activation", *ACTIVATIONS), r"\sigma", default="relu"),
        Parameter("norm_x", "norm of x", POSITIVE, r"\lVert x\rVert"),
        Parameter("norm_y", "norm of y", POSITIVE, r"\lVert y\rVert"),
        Parameter("cos_angle", "cosine of the angle between x and y", Interval(-1, 1, closed="both"), r"\rho"),
        Parameter("lrelu_pos", "slope of max(t,0) in lrelu", REAL, r"\varsigma_+", default="1.3"),
        Parameter("lrelu_neg", "slope of max(-t,0) in lrelu", REAL, r"\varsigma_-", default="-0.4"),
        Parameter("quad", "coefficients of quad, highest power first", Numbers(REAL, length=3), default="-0.5,0.7,1.1"),
    ),
    quantities=(Quantity("kernel", "mean product of two features", r"\Phi(x,y)"),),
    points={
        f"{name}{suffix}": {"sigma": name, **pair}
        for suffix, pair in (
            ("", {"norm_x": "0.8", "norm_y": "1.5", "cos_angle": "0.3"}),
            ("'", {"norm_x": "1.2", "norm_y": "0.6", "cos_angle": "-0.75"}),
        )
        for name in ACTIVATIONS
    },
    uses=("hermite-facts",),
)

# -- statement --------------------------------------------------------------------------------------------------------

X, Y = sp.symbols("norm_x norm_y", positive=True)
R, P, N, Q2, Q1, Q0 = sp.symbols("cos_angle lrelu_pos lrelu_neg q2 q1 q0", real=True)
DOT, S = R * X * Y, sqrt(1 - R**2)
damping = exp(-(X**2 + Y**2) / 2)

TABLE: dict[str, sp.Expr] = {
    "linear": DOT,
    "relu": X * Y / (2 * pi) * (R * acos(-R) + S),
    "abs": 2 * X * Y / pi * (R * asin(R) + S),
    "lrelu": (P**2 + N**2) * DOT / 2 + X * Y / (2 * pi) * (P + N) ** 2 * (S - R * acos(R)),
    "step": sp.Rational(1, 2) - acos(R) / (2 * pi),
    "sign": 2 / pi * asin(R),
    "quad": Q2**2 * (2 * DOT**2 + X**2 * Y**2) + Q1**2 * DOT + Q2 * Q0 * (X**2 + Y**2) + Q0**2,
    "cos": damping * cosh(DOT),
    "sin": damping * sinh(DOT),
    "erf": 2 / pi * asin(2 * DOT / sqrt((1 + 2 * X**2) * (1 + 2 * Y**2))),
    "gauss": 1 / sqrt((1 + X**2) * (1 + Y**2) - DOT**2),
}


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """One closed form for each activation."""
    return tuple(
        Regime(FixedPointSystem((), (), {"kernel": TABLE[name]}), f"row == {row}", name)
        for row, name in enumerate(ACTIVATIONS)
    )


@theorem.binding
def binding(sigma: str, quad: tuple[Fraction, ...]) -> dict[str, Any]:
    """The row of the table, and the coefficients of the quadratic one by one."""
    return {"row": ACTIVATIONS.index(sigma), **dict(zip(("q2", "q1", "q0"), quad, strict=True))}


def symbolic(name: str) -> Any:
    """Activation of a row, with symbols for its coefficients."""
    return activation(name, *{"lrelu": (P, N), "quad": (Q2, Q1, Q0)}.get(name, ()))


def feature(point: dict[str, Any]) -> Any:
    """Activation of a point, as a function of arrays."""
    given = {"lrelu": (point["lrelu_pos"], point["lrelu_neg"]), "quad": point["quad"]}
    return activation(point["sigma"], *given.get(point["sigma"], ()))


#: Wrong rows: of public code where a source is given, else those that are easily made.
NOTEBOOK = "RMT4ML, section 5.1, polynomial kernel of both Python notebooks"
WRONG: dict[str, dict[str, sp.Expr]] = {
    "relu": {"arccos(u) for arccos(-u)": X * Y / (2 * pi) * (R * acos(R) + S)},
    "abs": {"arccos for arcsin": 2 * X * Y / pi * (R * acos(R) + S)},
    "lrelu": {
        "difference of the slopes, squared": (P**2 + N**2) * DOT / 2
        + X * Y / (2 * pi) * (P - N) ** 2 * (S - R * acos(R))
    },
    "step": {"arccos without 1/2": sp.Rational(1, 2) - acos(R) / pi},
    "sign": {"1/pi for 2/pi": asin(R) / pi},
    "quad": {
        "product of the norms for their sum": TABLE["quad"] - Q2 * Q0 * (X**2 + Y**2 - X**2 * Y**2),
        "linear term inside the bracket, product of norms, constant dropped": Q2**2
        * (2 * DOT**2 + X**2 * Y**2 + Q1**2 * DOT)
        + Q2 * Q0 * X**2 * Y**2,
        "(x'y)^2 without its 2": TABLE["quad"] - Q2**2 * DOT**2,
    },
    "cos": {"sinh for cosh": damping * sinh(DOT)},
    "sin": {"no damping": sinh(DOT)},
    "erf": {
        "1 + |x|^2 for 1 + 2|x|^2": 2 / pi * asin(2 * DOT / sqrt((1 + X**2) * (1 + Y**2))),
        "arccos for arcsin in erf": 2 / pi * acos(2 * DOT / sqrt((1 + 2 * X**2) * (1 + 2 * Y**2))),
        "root forgotten": 2 / pi * asin(2 * DOT / ((1 + 2 * X**2) * (1 + 2 * Y**2))),
    },
    "gauss": {"sign of (x'y)^2": 1 / sqrt((1 + X**2) * (1 + Y**2) + DOT**2)},
}
_SOURCES = {
    "linear term inside the bracket, product of norms, constant dropped": NOTEBOOK,
    "product of the norms for their sum": NOTEBOOK,
    "arccos for arcsin in erf": "RMT4RFM, function gen_sig, row erf",
}

# -- derivation -------------------------------------------------------------------------------------------------------

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


# -- experiment -------------------------------------------------------------------------------------------------------


def norms(point: dict[str, Any]) -> tuple[float, float, float, float]:
    """Norms, cosine and sine."""
    x, y, cosine = (float(point[name]) for name in ("norm_x", "norm_y", "cos_angle"))
    return x, y, cosine, float(np.sqrt((1 - cosine) * (1 + cosine)))


@theorem.experiment(statistics=(Statistic("kernel", kind="exact"),), sizes=(377, 987))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Mean over features of w'x and w'y, drawn as pairs of Gaussians.

    The error of one lattice is a function of its shift and far from normal; that of a mean over twelve is not.
    """
    x, y, cosine, sine = norms(point)
    z = np.concatenate([gaussian_pairs(rng, size) for _ in range(12)], axis=1)
    f = feature(point)
    return {"kernel": float(np.mean(f(x * z[0]) * f(y * (cosine * z[0] + sine * z[1]))))}


def second_moment(i: int, j: int) -> Any:
    """Mean of the product of two projections, for every law of the weights."""

    def mean(point: dict[str, Any], size: int, law: str) -> float:
        x, y, cosine, _ = norms(point)
        return (x, y)[i] * (x, y)[j] * (1.0 if i == j else cosine)

    return mean


SECOND = tuple(Control(f"uv{i}{j}", second_moment(i, j)) for i, j in ((0, 0), (0, 1), (1, 1)))


@theorem.experiment(
    points=("relu", "erf"), laws=("gauss", "rad"), sizes=(24, 96), first_look=(32, 32),
    statistics=(Statistic("wide", quantity="kernel", resolution=0.03, controls=SECOND),),
)  # fmt: skip
def in_high_dimension(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Weights with independent entries in ``size`` dimensions, and data that point nowhere in particular."""
    x, y, cosine, sine = norms(point)
    axes, _ = np.linalg.qr(rng.standard_normal((size, 2)))
    z = entries(rng, (2000, size), law) @ axes
    u, v = x * z[:, 0], y * (cosine * z[:, 0] + sine * z[:, 1])
    f = feature(point)
    products = {"uv00": u * u, "uv01": u * v, "uv11": v * v, "wide": f(u) * f(v)}
    return {name: float(np.mean(value)) for name, value in products.items()}


@theorem.figure
def figure(page: Any) -> Any:
    """Kernels of unit vectors against the cosine of their angle."""
    angles = ("-1", "-0.75", "-0.5", "-0.25", "0", "0.25", "0.5", "0.75", "1")
    names = ("abs", "relu", "step", "erf", "sign", "cos")
    return page.sweep(
        "cos_angle", angles, ["kernel"], over=("sigma", names), norm_x=1, norm_y=1, size=987, replicates=16
    )


# -- consequences -----------------------------------------------------------------------------------------------------

_SAME = {"norm_x": "1.2", "norm_y": "1.2", "cos_angle": 1}


def _at(sigma: str, x: Any, y: Any, cosine: Any) -> dict[str, Any]:
    return {"sigma": sigma, "norm_x": x, "norm_y": y, "cos_angle": cosine}


@theorem.consequence("$y=x$ gives the second moment of the feature")
def diagonal(claim: Any) -> None:
    points = [theorem.point(**{**_SAME, "sigma": name}) for name in ACTIVATIONS]
    claim.equal(
        lambda point: claim.value("kernel", point),
        lambda point: expectation(feature(point) * feature(point), Fraction(36, 25)).value(digits=25),
        points,
        "at |x| = 1.2, all eleven rows",
    )


@theorem.consequence("the rows agree with each other: $|t|=\\max(t,0)+\\max(-t,0)$, $t$ and $|t|$ are leaky ReLUs")
def relations_between_rows(claim: Any) -> None:
    relu = TABLE["relu"]
    claim.identity(Eq(TABLE["abs"], 2 * relu + 2 * relu.subs(R, -R), evaluate=False), regime="abs")
    claim.identity(Eq(TABLE["abs"], TABLE["lrelu"].subs({P: 1, N: 1}), evaluate=False), regime="abs")
    claim.identity(Eq(TABLE["linear"], TABLE["lrelu"].subs({P: 1, N: -1}), evaluate=False), regime="linear")
    claim.identity(Eq(TABLE["sign"], 4 * TABLE["step"] - 1, evaluate=False), regime="sign")


@theorem.consequence("an error function of long vectors is a sign")
def erf_is_a_sign(claim: Any) -> None:
    value = 2 / np.pi * np.arcsin(0.3)
    claim.limit("kernel", lambda eps: _at("erf", 1 / eps, 2 / eps, "0.3"), value)


@theorem.consequence("opposite vectors: the ReLU kernel vanishes like $(1+\\rho)^{3/2}$, and keeps its digits")
def opposite_vectors(claim: Any) -> None:
    steps = tuple(Fraction(1, 10**k) for k in (4, 6, 8, 10))
    claim.exponent("kernel", lambda eps: _at("relu", 1, 1, -1 + eps), Fraction(3, 2), steps=steps)

    def digits(at_least: int) -> bool:
        return claim.value("kernel", _at("relu", 1, 1, -1 + Fraction(1, 10**12)), digits=20).digits >= at_least

    claim.holds("20 certified digits at 1 + cos = 1e-12", lambda: digits(20), wrong={"1000": lambda: digits(1000)})


@theorem.consequence("Mehler: on unit vectors $\\Phi=\\sum_k\\hat\\sigma_k^2\\rho^k$")
def mehler(claim: Any) -> None:
    from flint import arb, ctx, fmpq

    def inside(power: int) -> bool:
        """The kernel lies within the tail of the sum: the tail is at most |cos|^9 times the missing variance."""
        with ctx.workprec(128):
            for name, cosine in (("relu", "0.3"), ("sign", "-0.5"), ("erf", "0.8"), ("gauss", "-0.7"), ("cos", "0.6")):
                c = arb(fmpq(*Fraction(cosine).as_integer_ratio()))
                weights = [hermite_coefficient(name, k).value(digits=25).ball ** power for k in range(9)]
                missing = expectation(activation(name) ** 2, 1).value(digits=25).ball - sum(weights)
                partial = sum((w * c**k for k, w in enumerate(weights)), arb(0))
                gap = claim.value("kernel", _at(name, 1, 1, cosine)).ball - partial
                if not bool(abs(gap) <= abs(c) ** 9 * missing):
                    return False
        return True

    claim.holds(
        "nine terms and a bound of the rest, five activations",
        lambda: inside(2),
        wrong={"coefficients not squared": lambda: inside(1), "cubed": lambda: inside(3)},
    )


@theorem.consequence("quadratic features see the third and fourth moments of weights that are not Gaussian")
def other_weights(claim: Any) -> None:
    quad = activation("quad", "-0.5", "0.7", "1.1")
    # weights 2, -1/2 with probabilities 1/5, 4/5: mean 0, variance 1, third moment 3/2, fourth 13/4
    law = {Fraction(2): Fraction(1, 5), Fraction(-1, 2): Fraction(4, 5)}
    x, y = [Fraction(k, 7) for k in (3, -5, 2)], [Fraction(k, 5) for k in (4, 1, -3)]

    def feature_at(t: Fraction) -> Fraction:
        return -t * t / 2 + t * 7 / 10 + Fraction(11, 10)

    def enumerated() -> Fraction:
        total = Fraction(0)
        for w in itertools.product(law, repeat=3):
            u, v = (sum((a * b for a, b in zip(w, z, strict=True)), Fraction(0)) for z in (x, y))
            total += law[w[0]] * law[w[1]] * law[w[2]] * feature_at(u) * feature_at(v)
        return total

    def formula(third: sp.Rational, fourth: sp.Rational) -> Fraction:
        sums = {name: sum(a**i * b**j for a, b in zip(x, y, strict=True)) for name, i, j in _POWERS}
        expression = polynomial_kernel(quad, moments={3: third, 4: fourth})
        value = expression.subs({s: sp.Rational(*sums[s.name].as_integer_ratio()) for s in expression.free_symbols})
        return Fraction(int(value.p), int(value.q))

    claim.holds(
        "exact enumeration of all weights in three dimensions",
        lambda: formula(sp.Rational(3, 2), sp.Rational(13, 4)) == enumerated(),
        wrong={
            "Gaussian moments": lambda: formula(sp.S.Zero, sp.Integer(3)) == enumerated(),
            "third moment forgotten": lambda: formula(sp.S.Zero, sp.Rational(13, 4)) == enumerated(),
        },
    )
    m3, m4, a2b2, a2b, ab2 = sp.symbols("m3 m4 a2b2 a2b ab2", real=True)
    printed = Q2**2 * (2 * AB**2 + AA * BB + (m4 - 3) * a2b2) + Q1**2 * AB + Q2 * Q1 * m3 * (a2b + ab2)
    printed += Q2 * Q0 * (AA + BB) + Q0**2
    found = polynomial_kernel(activation("quad", Q2, Q1, Q0), moments={3: m3, 4: m4})
    claim.identity(Eq(found, printed, evaluate=False), regime="quad")


_POWERS = (("aa", 2, 0), ("ab", 1, 1), ("bb", 0, 2), ("a2b2", 2, 2), ("a2b", 2, 1), ("ab2", 1, 2))


@theorem.consequence("signs for weights change the kernel by $O(1/p)$ if the data are spread out, and by $O(1)$ if not")
def universality(claim: Any) -> None:
    def deviation(p: int, spread: int) -> float:
        """Exact mean of cos(w'x) cos(w'y) over signs, less the Gaussian one; x, y on ``spread`` of p coordinates."""
        angles = 2 * np.pi * np.arange(spread) / spread
        x, y = (np.sqrt(2 / spread) * f(angles) for f in (np.cos, lambda t: np.cos(t - 1.0)))
        signs = (np.prod(np.cos(x + y)) + np.prod(np.cos(x - y))) / 2
        return float(signs - np.exp(-1) * np.cosh(np.cos(1.0)))

    def exponent(spread: Any) -> float:
        low, high = deviation(200, spread(200)), deviation(1600, spread(1600))
        return float(np.log(abs(high / low)) / np.log(8))

    claim.holds(
        "cosine features, exact average over signs at p = 200 and 1600: exponent -1 within 0.02",
        lambda: abs(exponent(lambda p: p) + 1) < 0.02,
        wrong={"data on ten coordinates": lambda: abs(exponent(lambda p: 10) + 1) < 0.02},
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

for _row, _versions in WRONG.items():
    for _name, _expression in _versions.items():
        theorem.mutant(f"{_row}: {_name}", outputs={"kernel": _expression}, regime=_row, source=_SOURCES.get(_name, ""))

for _row in ("erf", "sin", "gauss"):  # the formulas are right; asked for, these branches stop with an error
    theorem.mutant(
        f"{_row}: no value", values=lambda kernel: {"kernel": np.nan}, regime=_row,
        source="RMT4ML, section 5.1, branches erf, sin and exp: bare sqrt, sinh and size are not defined",
    )  # fmt: skip
