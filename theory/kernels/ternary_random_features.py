r"""Ternary random features that replace others: thresholds such that the centred kernels differ by a ridge only.

.. math:: \varphi(s_+)+\varphi(s_-)=\sqrt{\tau d_1}/r,\qquad s_+\varphi(s_+)+s_-\varphi(s_-)=2\tau\sqrt{d_2}/r.

The kernel of a high-dimensional mixture sees an activation through three numbers d0, d1, d2; a function with values
-r, 0, r has two thresholds to match d1 and d2.  Weights may be ternary as well, once the kernel is centred.
"""

from __future__ import annotations

from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import ndtr, ndtri
from sympy import Eq, MatrixSymbol, asin, erfc, exp, pi, sqrt

from rmtsym.errors import DomainError
from rmtsym.field.finite import is_zero
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.gaussian import (
    AA,
    AB,
    BB,
    TAU,
    activation,
    derivative_moment,
    expectation,
    hermite_coefficient,
    independent_moment,
    kernel_expression,
)
from rmtsym.gaussian.gram import A2B2, Gram
from rmtsym.simulate import Control, Statistic
from rmtsym.theorem import POSITIVE, Choice, Interval, Numbers, Parameter, Quantity, Regime, Theorem
from rmtsym.theorem.certified import certified

TARGETS = ("relu", "quad", "erf", "step")

theorem = Theorem(
    id="ternary-random-features",
    title="Ternary random features",
    family="kernels",
    references=(
        "H. Tiomoko Ali, Z. Liao, R. Couillet (2022), Random matrices in service of ML footprint: ternary random "
        "features with no performance loss, ICLR, arXiv:2110.01899",
        "Z. Liao, R. Couillet (2018), On the spectrum of random features maps of high dimensional data, ICML, "
        "arXiv:1805.11916",
    ),
    assumptions=(
        r"features $\sigma(w^{\sf T}x)$; $w$ with i.i.d. entries of mean 0 and variance 1: Gaussian, or ternary, "
        r"$w_k\in\{-1,0,1\}/\sqrt{1-\varepsilon}$ with $P(w_k=0)=\varepsilon$",
        r"the ternary function is $r$ for $t>\sqrt\tau s_+$, $-r$ for $t<\sqrt\tau s_-$, 0 between",
        r"data spread over many coordinates with $\|x\|^2\simeq\tau$; in the simulation $x\sim N(0,\tau I_p/p)$",
        r"$B=2\tau\sqrt{d_2}/r\le A\sqrt{-2\log(\sqrt{2\pi}A/2)}$ with $A=\sqrt{\tau d_1}/r\le2\varphi(0)$; "
        r"where $d_2>0$, also $A>\varphi(B/A)$: no threshold has passed infinity",
    ),
    parameters=(
        Parameter("target", "activation to be replaced", Choice("activation", *TARGETS), default="relu"),
        Parameter("tau", "variance of the projections", POSITIVE, r"\tau"),
        Parameter("r", "output scale of the ternary function", POSITIVE, "r", default="1"),
        Parameter("w", "law of the weights", Choice("law of the weights", "gauss", "ternary"), default="gauss"),
        Parameter("eps", "share of zeros of ternary weights", Interval(0, 1, closed="left"), r"\varepsilon", default=0),
        Parameter(
            "quad", "coefficients of quad, highest power first", Numbers(POSITIVE, length=3), default="0.1,0.6,1.1"
        ),
    ),
    quantities=(
        Quantity("d0", "ridge of the target's kernel", "d_0"),
        Quantity("d1", "weight of the inner products", "d_1"),
        Quantity("d2", "weight of the second order", "d_2"),
        Quantity("s_plus", "upper threshold", "s_+", observable=False),
        Quantity("s_minus", "lower threshold", "s_-", observable=False),
        Quantity("zeros", "share of features that are zero", r"P(\sigma=0)"),
        Quantity("diagonal", "diagonal of the centred ternary kernel", r"\operatorname{Var}\sigma"),
        Quantity("d0_ter", "ridge of the ternary kernel", r"d_0^{\mathrm{ter}}"),
        Quantity("ridge", "what must be added to the target's kernel", r"d_0^{\mathrm{ter}}-d_0"),
        Quantity(
            "offdiag", "mean off-diagonal entry of the uncentred kernel, times p/2", r"\frac{p}{2}\overline{K_{ij}}"
        ),
    ),
    points={
        "relu": {"target": "relu", "tau": 1},
        "relu, sparse weights": {"target": "relu", "tau": 1, "w": "ternary", "eps": "0.8"},
        "quad, scaled": {"target": "quad", "tau": "1.3", "r": "1.1", "w": "ternary", "eps": "0.5"},
        "erf, signs": {"target": "erf", "tau": "1.2", "w": "ternary", "eps": 0},
        "step": {"target": "step", "tau": "0.8", "w": "ternary", "eps": "0.5"},
    },
    uses=("rf-gaussian-kernel-closed-forms", "hermite-facts"),
)

# -- statement --------------------------------------------------------------------------------------------------------

tau, r, w4, c2, c1, c0 = sp.symbols("tau r w4 c2 c1 c0", positive=True)
s_p, s_m = sp.symbols("s_p s_m", real=True)
d0, d1, d2, s_plus, s_minus, diagonal, d0_ter = sp.symbols("d0 d1 d2 s_plus s_minus diagonal d0_ter")


def density(x: Any) -> sp.Expr:
    """Standard normal density."""
    return exp(-(x**2) / 2) / sqrt(2 * pi)


def below(x: Any) -> sp.Expr:
    """Standard normal distribution function."""
    return erfc(-x / sqrt(2)) / 2


#: d0, d1, d2 of the targets, as printed.
TABLE: dict[str, tuple[sp.Expr, sp.Expr, sp.Expr]] = {
    "relu": ((sp.Rational(1, 4) - 1 / (2 * pi)) * tau, sp.Rational(1, 4), 1 / (8 * pi * tau)),
    "quad": (2 * tau**2 * c2**2, c1**2, c2**2),
    "erf": (
        2 / pi * (asin(2 * tau / (2 * tau + 1)) - 2 * tau / (2 * tau + 1)), 4 / (pi * (2 * tau + 1)), sp.S.Zero,
    ),
    "step": (sp.Rational(1, 4) - 1 / (2 * pi), 1 / (2 * pi * tau), sp.S.Zero),
}  # fmt: skip


def stated(name: str) -> FixedPointSystem:
    """Thresholds and coefficients for one target."""
    zeroth, first, second = TABLE[name]
    match_first = Eq(density(s_p) + density(s_m), sqrt(tau * first) / r)
    symmetric = second == 0
    if symmetric:
        match_second = Eq(s_m, -s_p)
    else:
        match_second = Eq(s_p * density(s_p) + s_m * density(s_m), 2 * tau * sqrt(second) / r)
    high, low = below(-s_plus), below(s_minus)
    return FixedPointSystem(
        unknowns=(
            Unknown(s_p, "positive" if symmetric else "real", meaning="upper threshold"),
            Unknown(s_m, "real", meaning="lower threshold"),
        ),
        equations=(match_first, match_second),
        outputs={
            "d0": zeroth,
            "d1": first,
            "d2": second,
            "s_plus": s_p,
            "s_minus": s_m,
            "zeros": 1 - high - low,
            "diagonal": r**2 * (high + low - (high - low) ** 2),
            "d0_ter": diagonal - tau * d1,
            "ridge": d0_ter - d0,
            "offdiag": sp.S.Zero if symmetric else d2 * tau**2 * (1 + (w4 - 3) / 2),
        },
        conditions=(s_p - s_m,) if symmetric else (s_p - s_m, 1 + s_p * s_m),
        continuation=Continuation.homotopy({s_p: sp.S.One, s_m: -sp.S.One if symmetric else sp.S.Zero}),
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Matched thresholds for each target; symmetric ones where d2 = 0."""
    return tuple(Regime(stated(name), f"row == {row}", name) for row, name in enumerate(TARGETS))


@theorem.binding
def binding(
    target: str, tau: Fraction, r: Fraction, w: str, eps: Fraction, quad: tuple[Fraction, ...]
) -> dict[str, Any]:
    """Row of the table, coefficients, fourth moment of the weights; a target out of reach is refused."""
    given = {"tau": tau, **dict(zip(("c2", "c1", "c0"), quad, strict=True))}
    numbers = [float(e.subs({s: given[s.name] for s in e.free_symbols})) for e in TABLE[target]]
    total, slope = np.sqrt(float(tau) * numbers[1]) / float(r), 2 * float(tau) * np.sqrt(numbers[2]) / float(r)
    if total >= 2 / np.sqrt(2 * np.pi) or slope >= reach(total):
        raise DomainError("r", r, f"large enough for {target} at tau = {tau}", "no thresholds match; increase r")
    if slope > 0 and total <= edge(total, slope):
        raise DomainError("r", r, f"small enough for {target} at tau = {tau}", "a threshold is at infinity; decrease r")
    return {**given, "row": TARGETS.index(target), "w4": Fraction(3) if w == "gauss" else 1 / (1 - eps)}


def reach(total: float) -> float:
    """Largest second moment for a given first one: both thresholds equal."""
    return float(total * np.sqrt(max(-2 * np.log(np.sqrt(2 * np.pi) * total / 2), 0.0)))


def edge(total: float, slope: float) -> float:
    """First moment of a single step with the same ratio of moments: the upper threshold is at infinity."""
    return float(np.exp(-((slope / total) ** 2) / 2) / np.sqrt(2 * np.pi))


# -- derivation -------------------------------------------------------------------------------------------------------


def symbolic(name: str) -> Any:
    """Target as a function of the calculus."""
    return activation("quad", c2, c1, c0) if name == "quad" else activation(name)


def expansion(proof: Any, name: str, jet: dict[str, sp.Expr], uses: list[Any]) -> Any:
    """Taylor coefficients of the exact kernel at orthogonal vectors of squared length tau."""
    exact = kernel_expression(symbolic(name))
    at = {AB: 0, AA: tau, BB: tau}
    claims = [
        Eq(exact.diff(AB).subs(at), jet["t1"] ** 2, evaluate=False),
        Eq(exact.diff(AB, 2).subs(at), jet["t2"] ** 2, evaluate=False),
        Eq(exact.diff(AA, BB).subs(at), jet["t2"] ** 2 / 4, evaluate=False),
    ]
    return proof.identity(
        f"expansion of the kernel of {name}", claims,
        "Price: each derivative in x'y puts one on both features, each in |x|^2 half of two on one", uses=uses,
        wrong=[jet["t1"] + 1],
    )  # fmt: skip


def sign_weights(rng: np.random.Generator, p: int) -> float:
    """p/2 times the mean off-diagonal entry for centred cosines and sign weights (an exact average), less theory."""
    x = rng.standard_normal((p, 2 * p)) / np.sqrt(p)
    mean, count = np.exp(-0.5), 2 * p
    single = np.prod(np.cos(x), axis=0) - mean  # E cos(w'x), exact over signs
    total = 0.0
    for j in range(1, count):
        y = np.roll(x, j, axis=1)
        both = (np.prod(np.cos(x + y), axis=0) + np.prod(np.cos(x - y), axis=0)) / 2
        total += float(np.sum(both - mean * (single + np.roll(single, j)) - mean**2))
    return p / 2 * total / (count * (count - 1)) - np.exp(-1) / 4 * (1 + (1 - 3) / 2)


@theorem.derivation
def derivation(proof: Any) -> None:
    """What the kernel sees of an activation; the same numbers for the ternary function; the effect of the weights."""
    t0, t1, t2, t00, e0, e1, e2, e00 = sp.symbols("t0 t1 t2 t00 e0 e1 e2 e00")
    moments_of, expansions, defined = {}, [], {}
    for name in TARGETS:
        g = symbolic(name)
        found = {
            "t0": expectation(g, tau), "t1": derivative_moment(g, 1, tau), "t2": derivative_moment(g, 2, tau),
            "t00": expectation(g * g, tau),
        }  # fmt: skip
        moments = {
            "t0": expectation(g), "t1": derivative_moment(g, 1), "t2": derivative_moment(g, 2),
            "t00": expectation(g * g),
        }  # fmt: skip
        claims = [Eq(sp.Symbol(k), m.expr, evaluate=False) for k, m in found.items()]
        target = proof.moment(
            f"moments of {name}", claims, "mean, generalised derivatives (Stein), second moment at variance tau",
            check=certified(moments, names={tau: TAU}),
        )  # fmt: skip
        expansions.append(expansion(proof, name, {k: m.expr for k, m in found.items()}, [target]))
        moments_of[name] = target

    # what is chosen
    mirrored = proof.define(Eq(s_m, -s_p), "symmetric thresholds, where d2 = 0", name="symmetric thresholds")
    defined["d1"] = proof.define(
        Eq(d1, t1**2), "weight of x'y in the kernel: the square of E s'", uses=expansions
    )  # fmt: skip
    defined["d2"] = proof.define(
        Eq(d2, t2**2 / 4), "weight of (x'y)^2 and of the lengths: a quarter of the square of E s''"
    )
    defined["d0"] = proof.define(Eq(d0, t00 - t0**2 - tau * d1), "what is left on the diagonal", uses=[defined["d1"]])
    matched = [
        proof.define(Eq(e1, sqrt(tau) * t1 / r), "match d1: r^2 e1^2 / tau = d1", uses=[defined["d1"]]),
        proof.define(Eq(e2, tau * t2 / r), "match d2: r^2 e2^2 / (4 tau^2) = d2", uses=[defined["d2"]]),
    ]
    upper = proof.define(Eq(s_plus, s_p), "name")
    lower = proof.define(Eq(s_minus, s_m), "name")

    # the ternary function
    low, gap = sp.Symbol("s", real=True), sp.Symbol("g", positive=True)
    f = activation("ternary", sqrt(TAU) * low, sqrt(TAU) * low + sqrt(TAU) * gap)
    high_tail, low_tail = below(-s_p), below(s_m)
    ternary = proof.moment(
        "ternary function",
        [
            Eq(e1, density(s_p) + density(s_m)),
            Eq(e2, s_p * density(s_p) + s_m * density(s_m)),
            Eq(e0, high_tail - low_tail),
            Eq(e00, high_tail + low_tail),
        ],
        "E z s, E (z^2 - 1) s, mean and mean square of s(sqrt(tau) z); the first two are sqrt(tau) E s' and tau E s''",
        check=certified(
            {
                e1: hermite_coefficient(f, 1, TAU),
                e2: hermite_coefficient(sqrt(2) * f, 2, TAU),
                e0: expectation(f),
                e00: expectation(f * f),
            },
            names={s_m: low, s_p: low + gap},
        ),
        uses=matched,
        wrong=[
            Eq(e2, s_p * density(s_p) - s_m * density(s_m)),
            Eq(e1, density(s_p) - density(s_m)),
            Eq(e00, high_tail - low_tail),
        ],
    )
    vanishing = proof.substitute(
        "second moment of symmetric thresholds", Eq(s_p * density(s_p) + s_m * density(s_m), 0),
        "the two terms cancel: d2 = 0 is matched", uses=[mirrored], wrong=[s_p * density(s_p)],
    )  # fmt: skip
    spread = proof.define(Eq(diagonal, r**2 * (e00 - e0**2)), "variance of the features", uses=[ternary, vanishing])
    remain = proof.define(Eq(d0_ter, diagonal - tau * d1), "as for the target", uses=[spread])
    shift = proof.define(
        Eq(sp.Symbol("ridge"), d0_ter - d0), "equal d1 and d2: only the diagonals differ", uses=[remain]
    )
    silent = proof.define(Eq(sp.Symbol("zeros"), 1 - e00), "neither 1 nor -1", uses=[ternary])

    # centring, and weights that are not Gaussian
    n = sp.Symbol("n", integer=True, positive=True)
    one, v = MatrixSymbol("o", n, 1), MatrixSymbol("v", n, 1)
    centre = sp.Trace(one * one.T) * sp.Identity(n) - one * one.T
    centring = proof.identity(
        "centring", Eq(centre * (one * v.T + v * one.T) * centre, sp.ZeroMatrix(n, n), evaluate=False),
        "P(1v' + v1')P = 0: what depends on one index only disappears", wrong=[centre],
    )  # fmt: skip
    quartic = proof.identity(
        "fourth moment of the weights",
        Eq(independent_moment("aabb", {2: 1, 4: w4}), AA * BB + 2 * AB**2 + (w4 - 3) * A2B2, evaluate=False),
        "E (w'x)^2 (w'y)^2: for weights that are not Gaussian the squares of the coordinates enter",
    )  # fmt: skip
    measured = proof.asymptotic(
        "signs for weights", "p/2 mean K_ij = d2 tau^2 (1 + (w4 - 3)/2), centred cosine, w4 = 1",
        "the average over signs is a product of cosines: no sampling of weights",
        deviation=sign_weights, exponent=-1.0, sizes=(6, 12, 24, 48), replicates=128, uses=[quartic, centring],
    )  # fmt: skip
    order = proof.assume(
        "only the second order knows the weights",
        "for data spread out, the kernel has the Gaussian d0, d1, d2 up to a multiple of the matrix of ones",
        "Tiomoko Ali, Liao, Couillet (2022), Theorem 1", uses=[measured],
    )  # fmt: skip
    square = proof.define(Eq(sp.Symbol("dot2"), tau**2), "p times the mean of (x'y)^2 and of sum x_k^2 y_k^2")
    offdiag = proof.define(
        Eq(sp.Symbol("offdiag"), d2 * (2 * sp.Symbol("dot2") + (w4 - 3) * sp.Symbol("dot2")) / 2),
        "p/2 times d2 times the mean of 2 (x'y)^2 + (w4 - 3) sum x_k^2 y_k^2", uses=[square, order, defined["d2"]],
    )  # fmt: skip

    for name in TARGETS:
        own = [moments_of[name], mirrored if TABLE[name][2] == 0 else matched[1]]
        rest = [matched[0], ternary, upper, lower, spread, remain, shift, silent, square, offdiag]
        proof.conclude("matched thresholds", uses=[*own, *defined.values(), *rest], regime=name)


# -- experiment -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=64)
def features_of(key: tuple[tuple[str, Any], ...]) -> tuple[Any, float, Any, float]:
    """Ternary function and target, each with its mean at variance tau."""
    point = dict(key)
    values = theorem.values(point)
    high, low = (float(values[name]) for name in ("s_plus", "s_minus"))
    scale, spread = float(point["r"]), float(np.sqrt(float(point["tau"])))
    target = activation("quad", *point["quad"]) if point["target"] == "quad" else activation(point["target"])
    return (
        lambda t: scale * ((t > spread * high).astype(float) - (t < spread * low)),
        scale * float(ndtr(-high) - ndtr(low)),
        target,
        float(expectation(target, point["tau"]).value()),
    )


def weights(rng: np.random.Generator, shape: tuple[int, int], law: str, eps: Fraction) -> np.ndarray:
    """Gaussian weights, or signs of which a share is zero, of variance 1."""
    if law == "gauss":
        return rng.standard_normal(shape)
    kept = rng.random(shape) >= float(eps)
    return np.where(kept, 2.0 * rng.integers(0, 2, shape) - 1.0, 0.0) / np.sqrt(1 - float(eps))


def coefficients(features: np.ndarray, z: np.ndarray, density: np.ndarray, tau: float, p: int) -> dict[str, float]:
    """Averages over pairs of different samples; the two samples of projections are independent."""
    weighted = density * features
    mean, first, second = (np.mean(weighted * h, axis=2) for h in (1.0, z, z**2 - 1))
    return {
        "d1": float(np.mean(first[0] * first[1])) / tau,
        "d2": float(np.mean(second[0] * second[1])) / (4 * tau**2),
        "offdiag": p / 2 * float(np.mean(mean[0] * mean[1])),
        "diagonal": float(np.mean(weighted * features)),
    }


CONTROLS = tuple(Control(f"norm_{k}", 0.0) for k in (1, 2, 3))


def observed(second: float, scale: float | None = None) -> tuple[Statistic, ...]:
    """Statistics with the resolution asked of the second order (absolute where it vanishes)."""
    precise = [Statistic(name, controls=CONTROLS, resolution=0.005) for name in ("zeros", "diagonal", "d1")]
    small = [Statistic(name, controls=CONTROLS, resolution=0.02) for name in ("d0", "d0_ter", "ridge")]
    order = [Statistic(name, controls=CONTROLS, resolution=second, scale=scale) for name in ("d2", "offdiag")]
    return (*precise, *small, *order)


@theorem.experiment(
    points=("relu", "relu, sparse weights", "quad, scaled"), sizes=(192, 384), statistics=observed(0.05)
)
@theorem.experiment(points=("erf, signs", "step"), sizes=(192, 384), statistics=observed(0.002, scale=1.0))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Features of Gaussian data with random weights, and the averages over pairs of samples that the kernel is seen by.

    For given w the projections w'x of different samples are independent, of variance tau |w|^2/p; the rest of x is
    averaged exactly: p E K(x,y) x'y = tau E_w (E z s)^2, and K(x,y)(|x|^2 - tau)(|y|^2 - tau) has the mean
    (tau/p)^2 E_w (E (z^2-1) s)^2.
    z is drawn with deviation 5/4 for the sake of its tails, one value from each of equally likely intervals.
    """
    ternary, level, target, other_level = features_of(tuple(sorted(point.items())))
    variance, count, draws, wide = float(point["tau"]), 48, 512, 1.25
    w = weights(rng, (count, size), point["w"], point["eps"])
    norms = np.mean(w**2, axis=1)
    z = wide * ndtri((np.arange(draws) + rng.random((2, count, draws))) / draws)
    density = wide * np.exp(-(1 - wide**-2) * z**2 / 2)
    t = np.sqrt(variance * norms)[:, None] * z
    values = ternary(t)
    found, other = (coefficients(f, z, density, variance, size) for f in (values - level, target(t) - other_level))
    share = float(point["eps"])
    spread, skew = (
        (2.0, 8.0) if point["w"] == "gauss" else (share / (1 - share), share * (2 * share - 1) / (1 - share) ** 2)
    )
    return {
        **found,
        "zeros": float(np.mean(density * (values == 0))),
        "d0": other["diagonal"] - variance * other["d1"],
        "d0_ter": found["diagonal"] - variance * found["d1"],
        "ridge": found["diagonal"] - other["diagonal"],
        "norm_1": float(np.mean(norms - 1)),
        "norm_2": float(np.mean((norms - 1) ** 2)) - spread / size,
        "norm_3": float(np.mean((norms - 1) ** 3)) - skew / size**2,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """Eigenvalues of centred kernels: exact ReLU kernel, its random features, ternary features with ternary weights."""
    from sklearn.datasets import load_digits

    from rmtsym.report.style import COLOURS, figure

    rng = np.random.default_rng(page.trial.seed)
    images, count = load_digits().data[:400].T, 20000
    normal = rng.standard_normal((400, 400)) / 20
    images = images - images.mean(axis=1, keepdims=True)
    point = theorem.point("relu", w="ternary", eps="0.5")
    ternary, _, relu, _ = features_of(tuple(sorted(point.items())))
    shift, order = float(theorem.values(point)["ridge"]), np.arange(1, 41)
    fig, panels = figure(9.5, 3.8, ncols=2)
    for axes, (name, data) in zip(panels, (("Gaussian data", normal), ("digits", images)), strict=True):
        x = data / np.sqrt(np.mean(np.sum(data**2, axis=0)))
        centre = np.eye(x.shape[1]) - 1 / x.shape[1]
        exact = centre @ Gram(kernel_expression("relu"), x).floats() @ centre
        axes.plot(order, np.linalg.eigvalsh(exact)[::-1][:40], color=COLOURS[0], label="exact ReLU kernel")
        for style, f, law, ridge in (("x", relu, "gauss", 0.0), ("o", ternary, "ternary", shift)):
            features = f(weights(rng, (count, len(x)), law, point["eps"]) @ x) @ centre
            kernel = features.T @ features / count - ridge * centre
            error = np.linalg.norm(exact - kernel, 2) / np.linalg.norm(exact, 2)
            label = "ternary features" if law == "ternary" else "ReLU features"
            axes.plot(order, np.linalg.eigvalsh(kernel)[::-1][:40], style, markersize=4, markerfacecolor="white",
                      color=COLOURS[1 + (law == "ternary")], label=f"{label}: {error:.1%}")  # fmt: skip
        axes.set_yscale("log")
        axes.set_title(f"{name}, {count} features")
        axes.set_xlabel("eigenvalue number")
        axes.legend(loc="lower left")
    panels[0].set_ylabel("eigenvalue of the centred kernel")
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("thresholds are locally unique: the Jacobian is $(s_--s_+)(1+s_+s_-)\\varphi(s_+)\\varphi(s_-)$")
def jacobian(claim: Any) -> None:
    system = sp.Matrix([density(s_p) + density(s_m), s_p * density(s_p) + s_m * density(s_m)])
    determinant = system.jacobian([s_p, s_m]).det()
    claim.holds(
        "exact",
        lambda: is_zero(determinant - (s_m - s_p) * (1 + s_p * s_m) * density(s_p) * density(s_m)).holds,
        wrong={
            "1 - s+s-": lambda: is_zero(determinant - (s_m - s_p) * (1 - s_p * s_m) * density(s_p) * density(s_m)).holds
        },
    )


@theorem.consequence(
    "what can be matched: $2\\tau\\sqrt{d_2}/r\\le A\\sqrt{-2\\log(\\sqrt{2\\pi}A/2)}$; equal thresholds are the edge"
)
def feasible(claim: Any) -> None:
    grid = np.linspace(-4, 4, 321)
    high, low = np.meshgrid(grid, grid)
    phi = lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi)  # noqa: E731
    total, slope = phi(high) + phi(low), high * phi(high) + low * phi(low)

    def bounded(factor: float) -> bool:
        bound = total * np.sqrt(np.maximum(-2 * np.log(np.sqrt(2 * np.pi) * total / 2), 0))
        return bool(np.all(slope <= factor * bound + 1e-12))

    def attained(s: float) -> bool:
        return abs(reach(2 * float(phi(s))) - 2 * s * float(phi(s))) < 1e-12

    claim.holds("all thresholds of a grid", lambda: bounded(1.0), wrong={"0.99 of it": lambda: bounded(0.99)})
    claim.holds("attained at equal thresholds 0.7", lambda: attained(0.7), wrong={"at -0.7": lambda: attained(-0.7)})


@theorem.consequence("the output scale helps: a target out of reach at $r=1$ has thresholds at a larger $r$")
def scale(claim: Any) -> None:
    def found(scale: str) -> bool:
        try:
            values = theorem.values(theorem.point("quad, scaled", quad="0.3,0.6,1", r=scale))
        except DomainError:
            return False
        return abs(float(values["d1"]) - 0.36) < 1e-12 and np.isfinite(float(values["s_plus"]))

    claim.holds("0.3 t^2 + 0.6 t at tau = 1.3, r = 3", lambda: found("3"), wrong={"r = 1": lambda: found("1")})


@theorem.consequence(
    "too large a scale pushes $s_+$ to infinity: at $A=\\varphi(B/A)$ a single step at $s_-=B/A$ is left"
)
def single_step(claim: Any) -> None:
    last = np.sqrt(np.pi / 2) * np.exp(1 / np.pi)  # B/A = sqrt(2/pi), A = 1/(2 r)

    def near(fraction: str) -> bool:
        point = theorem.point("relu", r=f"{last * float(fraction):.9f}")
        try:
            values = theorem.values(point)
        except DomainError:
            return False
        return float(values["s_plus"]) > 3.9 and abs(float(values["s_minus"]) - np.sqrt(2 / np.pi)) < 2e-3

    claim.holds("ReLU", lambda: near("0.9995"), wrong={"beyond": lambda: near("1.0005"), "r = 1": lambda: near("0.58")})


@theorem.consequence("means only ($d_2=0$): $s=\\sqrt{\\log(2r^2/(\\pi\\tau d_1))}$")
def symmetric(claim: Any) -> None:
    from flint import arb

    def closed(point: Any) -> Any:
        first = claim.value("d1", point).ball
        square = arb(point["r"].numerator) ** 2 / arb(point["r"].denominator) ** 2
        spread = arb(point["tau"].numerator) / arb(point["tau"].denominator)
        return (2 * square / (arb.pi() * spread * first)).log().sqrt()

    points = [theorem.point(name) for name in ("erf, signs", "step")]
    claim.equal(lambda point: claim.value("s_plus", point), closed, points, "erf and step")


@theorem.consequence("the weights matter before centring only: $d_0,d_1,d_2$ are the same, the mean entry is not")
def weights_matter(claim: Any) -> None:
    def ratio(eps: str) -> float:
        sparse = theorem.values(theorem.point("relu", w="ternary", eps=eps))
        plain = theorem.values(theorem.point("relu"))
        same = all(float(sparse[k]) == float(plain[k]) for k in ("d0", "d1", "d2", "d0_ter", "ridge", "s_plus"))
        return float(sparse["offdiag"]) / float(plain["offdiag"]) if same else np.nan

    claim.holds(
        "mean entry twice as large with 80 % zeros, zero for signs",
        lambda: abs(ratio("0.8") - 2) < 1e-12 and abs(ratio("0")) < 1e-12,
        wrong={"unchanged": lambda: abs(ratio("0.8") - 1) < 1e-12},
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

for _name in ("relu", "quad"):
    _second = 2 * tau * sqrt(TABLE[_name][2]) / r
    theorem.mutant(
        f"{_name}: minus between the second moments",
        equations={s_m: Eq(s_p * density(s_p) - s_m * density(s_m), _second)}, regime=_name,
    )  # fmt: skip
    for _factor, _says in ((sp.S.Half, "tau sqrt(d2)"), (sp.Integer(2), "4 tau sqrt(d2)")):
        theorem.mutant(
            f"{_name}: {_says} for 2 tau sqrt(d2)",
            equations={s_m: Eq(s_p * density(s_p) + s_m * density(s_m), _factor * _second)}, regime=_name,
        )  # fmt: skip
for _name in TARGETS:
    theorem.mutant(
        f"{_name}: features not centred",
        outputs={"diagonal": r**2 * (below(-s_plus) + below(s_minus))}
        if TABLE[_name][2] != 0
        else {"d0_ter": diagonal},
        regime=_name,
    )
_high, _low = below(-s_plus / sqrt(tau)), below(s_minus / sqrt(tau))
for _name in ("quad", "erf", "step"):
    theorem.mutant(
        f"{_name}: thresholds not multiplied by the root of tau",
        outputs={"zeros": 1 - _high - _low, "diagonal": r**2 * (_high + _low - (_high - _low) ** 2)}, regime=_name,
    )  # fmt: skip
theorem.mutant(
    "weights not divided by the root of 1 - eps",
    values=lambda w, eps, offdiag: {"offdiag": offdiag * (float((1 - eps) ** 2) if w == "ternary" else 1.0)},
)
theorem.mutant(
    "erf: arccos for arcsin in d0",
    outputs={"d0": 2 / pi * (sp.acos(2 * tau / (2 * tau + 1)) - 2 * tau / (2 * tau + 1))},
    regime="erf",
    source="RMT4RFM, function gen_sig, row erf",
)
theorem.mutant(
    "quad: constant term for the leading one in d2",
    outputs={"d2": c0**2},
    regime="quad",
    source="RMT4RFM, function gen_sig, row poly2",
)
theorem.mutant(
    "block d2 of the equivalent left out",
    outputs={"offdiag": sp.Integer(0)},
    regime="relu",
    source="RMT4RFM, matrix A: its block d2 (tt' + 2S) is computed and not used",
)
theorem.mutant("fourth moment not halved", outputs={"offdiag": d2 * tau**2 * (1 + (w4 - 3))}, regime="relu")
theorem.mutant("erf: mean square without tau d1", outputs={"d0": 2 / pi * asin(2 * tau / (2 * tau + 1))}, regime="erf")
