r"""Learning dynamics of least squares: gradient flow on a mixture of two Gaussians.

.. math::  \dot w=-\alpha\nabla\Big(\tfrac1{2n}\|X^\top w-y\|^2+\tfrac\gamma2\|w\|^2\Big),\qquad x_i=y_i\mu+z_i .

Everything is a function of one matrix, :math:`\hat\Sigma=XX^\top/n`, and of one vector, :math:`u=Xy/n`.  One
direction out gives their resolvent; a contour integral, or the law that it is the transform of, gives the functions.
"""

from __future__ import annotations

import itertools
import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import erfc
from sympy import Eq, exp, sqrt

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.contour import ContourLaw
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.matrix import Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Evidence, Parameter, Quantity, Regime, Theorem

theorem = Theorem(
    id="gradient-flow-gmm",
    title="Learning dynamics of least squares",
    family="classification",
    references=(
        "Z. Liao, R. Couillet (2018), The dynamics of learning: a random matrix approach, ICML, arXiv:1805.11917",
    ),
    assumptions=(
        r"$x_i=y_i\mu+z_i$, $y_i=\pm1$, the entries of $z_i$ independent, centred, of unit variance, $i\le n$",
        r"$p/n\to c$, $\lVert\mu\rVert^2\to\rho$",
        r"$w(0)$ is independent of the data, with independent centred entries of variance $\sigma_0^2/p$",
    ),
    parameters=(
        Parameter("rho", "squared norm of the mean", POSITIVE, r"\rho"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("s02", "squared norm of the initial weights", NON_NEGATIVE, r"\sigma_0^2"),
        Parameter("alpha", "learning rate", POSITIVE, r"\alpha"),
        Parameter("gamma", "ridge", NON_NEGATIVE, r"\gamma"),
        Parameter("t", "time", POSITIVE, "t"),
    ),
    quantities=(
        Quantity("E", "mean margin of a new sample", "E"),
        Quantity("V", "variance of the margin of a new sample", "V"),
        Quantity("err", "test error", r"Q(E/\sqrt{V})"),
        Quantity("E_tr", "mean margin of a training sample", "E_*"),
        Quantity("M_tr", "mean squared margin of a training sample", "E_*^2+V_*"),
        Quantity("V_tr", "variance of the margin of a training sample", "V_*"),
        Quantity("err_tr", "training error", r"Q(E_*/\sqrt{V_*})"),
        Quantity("lam_s", "isolated eigenvalue, if rho^2 > c", r"\lambda_s", observable=False),
        Quantity("E_real", "E as a real integral", r"\int h\,d\omega"),
        Quantity("V_real", "V as a real integral", r"V_{\mathbb R}"),
        Quantity("M_real", "mean squared training margin as a real integral", r"M_{\mathbb R}"),
    ),
    points={
        "A": dict(rho="1", c="1/2", s02="1/10", alpha="1/100", gamma="0", t="200"),
        "A_early": dict(rho="1", c="1/2", s02="1/10", alpha="1/100", gamma="0", t="10"),
        "B": dict(rho="2", c="1", s02="1/10", alpha="1/10", gamma="1/10", t="5"),
        "C": dict(rho="1/2", c="2", s02="1/5", alpha="1", gamma="0", t="1"),
    },
    uses=("marchenko-pastur", "ridge-classifier-closed-form"),
)

# -- statement --------------------------------------------------------------------------------------------------------

rho, c, s02, alpha, gamma, t = sp.symbols("rho c s02 alpha gamma t", positive=True)
spike, null, lam_s = sp.symbols("spike null lam_s", positive=True)  # masses of the isolated eigenvalue and of zero
z, m, x, w = sp.symbols("z m x w")
E, V, err, E_tr, M_tr, V_tr, err_tr = sp.symbols("E V err E_tr M_tr V_tr err_tr")
E_real, V_real, M_real = sp.symbols("E_real V_real M_real")
loop, cut = SpectralMeasure("Gamma", z, m), SpectralMeasure("semicircle", x)


def f(at: Any) -> sp.Expr:
    """What is left of the initial weights in an eigendirection."""
    return exp(-alpha * t * (at + gamma))


def h(at: Any) -> sp.Expr:
    """Weights learned in an eigendirection, per unit of u."""
    return (1 - f(at)) / (at + gamma)


def normal_error(mean: sp.Expr, variance: sp.Expr) -> sp.Expr:
    """Q(mean/sqrt(variance))."""
    return sp.erfc(mean / sqrt(2 * variance)) / 2


def contour_form() -> FixedPointSystem:
    """Averages over Gamma are -1/(2 pi i) times contour integrals."""
    grow = -(h(z) ** 2) / ((rho + c) * m + 1) + s02 * f(z) ** 2 * m
    return FixedPointSystem(
        (),
        (),
        {
            "E": Average(rho * m * h(z) / ((rho + c) * m + 1), loop),
            "V": Average(grow, loop),
            "err": normal_error(E, V),
            "E_tr": (rho + c) / rho * E,
            "M_tr": Average(z * grow, loop),
            "V_tr": M_tr - E_tr**2,
            "err_tr": normal_error(E_tr, V_tr),
        },
    )


def signal(g: Any) -> sp.Expr:
    """Mean of g under the law that the mean of the classes sees; its mass is rho."""
    return c * Average(g(x) / (lam_s - x), cut) + spike * g(lam_s)


def real_form() -> FixedPointSystem:
    """x = 1 + c + sqrt(c) s with a semicircular s, and two atoms."""

    def square(at: Any) -> sp.Expr:
        return h(at) ** 2

    return FixedPointSystem(
        (),
        (),
        {
            "lam_s": 1 + c + rho + c / rho,
            "E_real": signal(h),
            "V_real": (rho + c) / rho * signal(square) + s02 * (Average(f(x) ** 2 / x, cut) + null * f(0) ** 2),
            "M_real": (rho + c) / rho * signal(lambda at: at * square(at)) + s02 * Average(f(x) ** 2, cut),
        },
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """The contour form holds everywhere; the density of the real form is regular unless c = 1 or rho^2 = c."""
    return (
        Regime((contour_form(), real_form()), "c != 1 and rho**2 != c", "regular"),
        Regime(contour_form(), sp.true, "critical"),
    )


# -- the contour ------------------------------------------------------------------------------------------------------

ROOT = sp.Symbol("root", positive=True)  # sqrt(c)
PLACE = (1 + ROOT * w) * (1 + ROOT / w)  # maps the unit circle to the cut
TRANSFORM = -1 / (ROOT * (w + ROOT))
SLOPE = ROOT * (1 - 1 / w**2)


def circles(c: float, rho: float, time: float) -> list[tuple[Fraction, Fraction]]:
    """Circles in the plane of w that surround the cut |w| = 1 and the poles outside it.

    exp(-2 alpha t z) grows to the left of zero.  One circle surrounds everything if that leaves it moderate; else one
    surrounds the cut and the poles close to it, and each other pole has its own.
    """
    root = math.sqrt(c)
    poles = [q for q in (rho / root, -root) if abs(q) > 1]  # the isolated eigenvalue, and zero
    outer = max([1.0, *(abs(q) for q in poles)])
    for margin in (1.3, 1.2, 1.1):
        radius = outer * margin
        if 2 * time * (root * (radius + 1 / radius) - 1 - c) <= 10:
            return _exact([(0, radius)])
    margin, inner = 1 + min(0.15, 1.2 / math.sqrt(time)), 1.0
    for size in sorted(abs(q) for q in poles):
        if size > inner * margin**2:
            break
        inner = max(inner, size)
    radius = inner * margin
    far = [q for q in poles if abs(q) > radius]
    return _exact([(0, radius), *((q, min((abs(q) - radius) / 2, 1 / (4 + 2 * time))) for q in far)])


def _exact(found: list[tuple[float, float]]) -> list[tuple[Fraction, Fraction]]:
    return [(Fraction(q).limit_denominator(10**6), Fraction(r).limit_denominator(10**6)) for q, r in found]


@theorem.binding
def binding(rho, c, alpha, t) -> dict[str, Any]:
    """Contour and cut in the plane of w; masses of the atoms."""
    root = sqrt(sp.Rational(c.numerator, c.denominator))
    size, turn = float(root), float(rho) / float(root)
    around = circles(float(c), float(rho), float(alpha * t))
    place, transform, slope = (g.subs(ROOT, root) for g in (PLACE, TRANSFORM, SLOPE))
    gap = min((abs(math.log(q)) for q in (turn, size) if q != 1), default=1.0)
    nodes = lambda rate: min(4096, 64 + int(40 / rate))  # noqa: E731
    return {
        "Gamma": ContourLaw(around, -slope, [place, transform], nodes(0.05)),
        "semicircle": ContourLaw([(0, 1)], -((w - 1 / w) ** 2) / (2 * w), [place], nodes(gap)),
        "spike": max(rho - c / rho, Fraction(0)),
        "null": max(1 - 1 / c, Fraction(0)),
    }


# -- derivation -------------------------------------------------------------------------------------------------------

Z = Gaussian("Z", Space("p", c), Space("n"))
SAMPLING = dict(replicates=256, sizes=(24, 48, 96))


@cache
def noise() -> Equivalent:
    """The engine's transform of the noise."""
    return deterministic_equivalent(inverse(Z @ Z.T - z))


def _drawn(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray]:
    """Samples times their labels at rho = 1, c = 1/2, and the mean."""
    mu = np.eye(size // 2)[0]
    return mu[:, None] + rng.standard_normal((size // 2, size)), mu


def _forms(rng: np.random.Generator, size: int) -> tuple[float, float, float, float]:
    """u'Q_u and m (c + rho) without the direction of u, then mu'Qu and u'Qu, at z = -3/10."""
    data, mu = _drawn(rng, size)
    u, ridge = data.mean(axis=1), 0.3 * np.eye(len(mu))
    full = data @ data.T / size + ridge
    without = np.linalg.inv(full - np.outer(u, u))
    solved = np.linalg.solve(full, u)
    trace = 1.5 * float(np.trace(without)) / len(u)
    return float(u @ without @ u), trace, float(mu @ solved), float(u @ solved)


def _free_form(rng: np.random.Generator, size: int) -> float:
    form, trace, _, _ = _forms(rng, size)
    return form - trace


def _form(index: int) -> Any:
    m0 = (math.sqrt(0.8**2 + 0.6) - 0.8) / 0.3  # c z m^2 + (z + c - 1) m + 1 = 0 at z = -3/10

    def deviation(rng: np.random.Generator, size: int) -> float:
        return _forms(rng, size)[2 + index] - (1, 1.5)[index] * m0 / (1 + 1.5 * m0)

    return deviation


def _moment(quantity: str) -> Any:
    """A moment of the margins under the flow, less its limit, at the first point."""

    point = theorem.point()
    limit = float(theorem.values(point)[quantity])

    def deviation(rng: np.random.Generator, size: int) -> float:
        return observed(*_drawn(rng, size), point)[quantity] - limit

    return deviation


def _share(rng: np.random.Generator, size: int) -> float:
    """Share of negative training margins, less Q of their mean over their standard deviation."""
    data = _drawn(rng, size)[0]
    value, vector = np.linalg.eigh(data @ data.T / size)
    margins = data.T @ (vector @ ((1 - np.exp(-2 * value)) / value * (vector.T @ data.mean(axis=1))))
    return float(np.mean(margins < 0) - erfc(margins.mean() / margins.std() / math.sqrt(2)) / 2)


def _vanishes(claim: Eq) -> Evidence:
    """An average over Gamma against its value, in balls, where there is one circle and where there are several."""
    points = [theorem.point(), theorem.point("B", rho="3", c="3", t="300")]
    gaps = [evaluate(claim.lhs - claim.rhs, theorem.bound(p), BALL(80)) for p in points]
    good = all(gap.contains(0) for gap in gaps)
    return Evidence.of(good, "balls at two points", resolution=max(float(g.rad()) for g in gaps), message=str(gaps))


#: Both an isolated eigenvalue and zero, and neither.
PLACES = (dict(rho="3", c="2", t="100"), dict(rho="1/2", t="100"))


@cache
def _by_contour(name: str, index: int) -> Any:
    return evaluate(contour_form().outputs[name], theorem.bound(theorem.point(**PLACES[index])), BALL(56))


def _deformed(claim: Eq) -> Evidence:
    """A real form against the contour integral, in balls."""
    name = {"E_real": "E", "V_real": "V", "M_real": "M_tr"}[str(claim.lhs)]
    worst = 0.0
    for index, place in enumerate(PLACES):
        bound = theorem.bound(theorem.point(**place))
        bound["lam_s"] = 1 + bound["c"] + bound["rho"] + bound["c"] / bound["rho"]
        found, exact = evaluate(claim.rhs, bound, BALL(56)), _by_contour(name, index)
        if not found.overlaps(exact):
            return Evidence.of(False, "balls", message=f"{found} and {exact} at {place}")
        worst = max(worst, float(found.rad()), float(exact.rad()))
    return Evidence.of(True, f"balls at {len(PLACES)} points", resolution=worst)


def _negative(claim: Eq) -> Evidence:
    """Mass of a normal law on the negative axis, by integration of its density."""
    from flint import acb, arb

    with BALL(80):
        for mean, variance in ((Fraction(1, 2), Fraction(1, 3)), (Fraction(-1), Fraction(2))):
            a, v = arb(mean.numerator) / mean.denominator, arb(variance.numerator) / variance.denominator
            density = lambda s, _, a=a, v=v: (-((s - a) ** 2) / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()  # noqa: E731
            mass = acb.integral(density, -40, 0).real
            if not mass.overlaps(evaluate(claim.rhs, {"E": mean, "V": variance}, BALL(80))):
                return Evidence.of(False, "rigorous integral", message=f"mean {mean}, variance {variance}")
    return Evidence.of(True, "rigorous integral at two laws", resolution=1e-20)


@theorem.derivation
def derivation(proof: Any) -> None:
    """One direction out, one contour around everything, and the same contour on the cut."""
    # the flow
    start, learned, rate = sp.symbols("start learned rate")
    solution = proof.define(
        Eq(sp.Symbol("weights"), f(x) * start + h(x) * learned), "in an eigendirection of X X'/n of eigenvalue x"
    )
    flow = proof.derivative(
        "flow", Eq(rate, -alpha * ((x + gamma) * (f(x) * start + h(x) * learned) - learned)),
        "they obey w' = -alpha((x + gamma) w - u), u = Xy/n, and are w(0) at t = 0",
        of=f(x) * start + h(x) * learned, by=t, uses=[solution],
    )  # fmt: skip

    # one direction out: X = [mu + g/sqrt(n), rest] after a rotation of the samples that turns y into one axis
    size = sp.Symbol("k", integer=True, positive=True)
    A, u, mu = (sp.MatrixSymbol(name, size, k) for name, k in (("A", size), ("u", 1), ("mu", 1)))
    one = sp.Identity(1)
    rank_one = proof.identity(
        "Sherman-Morrison",
        Eq(mu.T * (A + u * u.T).I * u * (one + u.T * A.I * u), mu.T * A.I * u, evaluate=False),
        "the samples in the direction of the labels are one vector, u; A is the rest",
    )
    lemma = proof.asymptotic(
        "forms without u", "u'Q_u = (rho + c) m, mu'Q_u = rho m", "u = mu + g/sqrt(n), independent of Q_",
        deviation=_free_form, uses=[rank_one], **SAMPLING,
    )  # fmt: skip
    law = proof.engine("noise", noise(), "Marchenko-Pastur", output=sp.Symbol("trace"), uses=[lemma])
    a, b = sp.symbols("mu_Q_u u_Q_u")
    forms = [
        proof.asymptotic(
            name, Eq(symbol, weight * m / (1 + (rho + c) * m)), "the two together", deviation=_form(index),
            uses=[rank_one, lemma, law], **SAMPLING,
        )
        for index, (name, symbol, weight) in enumerate((("mu'Qu", a, rho), ("u'Qu", b, rho + c)))
    ]  # fmt: skip

    # functions of the matrix: Cauchy's formula
    cauchy = "a function of the matrix is its contour integral against the resolvent"
    ratio = m / (1 + (rho + c) * m)
    first = {E: rho * h(z) * ratio, E_tr: (rho + c) * h(z) * ratio}
    both = (rho + c) * h(z) ** 2 * ratio + s02 * f(z) ** 2 * m
    moments = {
        symbol: proof.asymptotic(
            f"{symbol} as a contour integral", Eq(symbol, Average(body, loop)), f"{what}; {cauchy}",
            deviation=_moment(str(symbol)), uses=[flow, *forms], **SAMPLING,
        )
        for (symbol, body), what in zip(
            {**first, V: both, M_tr: z * both}.items(),
            ("mu'h(S)u", "u'h(S)u, as X'w sums to n u'w", "|w|^2, averaged over the start", "|X'w|^2/n"), strict=True,
        )
    }  # fmt: skip
    entire = proof.moment(
        "entire functions", [Eq(Average(h(z) ** 2, loop), 0), Eq(Average(z * h(z) ** 2, loop), 0)],
        "h is entire: its contour integrals vanish", check=_vanishes, uses=[moments[V]],
        wrong=[Eq(Average(h(z) ** 2, loop), 1), Eq(Average(h(z) ** 2 * m, loop), 0)],
    )  # fmt: skip
    paper = [
        proof.substitute(
            f"{symbol} of the paper", Eq(symbol, contour_form().outputs[str(symbol)], evaluate=False),
            "(rho + c)m/(1 + (rho + c)m) = 1 - 1/(1 + (rho + c)m)", uses=[moments[symbol], entire],
        )
        for symbol in (V, M_tr)
    ]  # fmt: skip
    train = proof.substitute(
        "margins in the sample", Eq(E_tr, (rho + c) / rho * E), "the same integral up to a factor",
        uses=[moments[E], moments[E_tr]],
    )  # fmt: skip
    spread = proof.define(Eq(V_tr, M_tr - E_tr**2), "variance")
    new = proof.moment(
        "error", Eq(err, normal_error(E, V)), "given w, the margin of a new sample is normal", check=_negative,
        uses=[moments[V]], wrong=[1 - normal_error(E, V), normal_error(E, 2 * V), normal_error(E, V**2)],
    )  # fmt: skip
    seen = proof.asymptotic(
        "training error", Eq(err_tr, normal_error(E_tr, V_tr)),
        "rotations of the samples that keep y leave w alone: the margins are uniform on a sphere around their mean",
        deviation=_share, uses=[new, spread, train], **SAMPLING,
    )  # fmt: skip
    common = [moments[E], *paper, train, spread, new, seen]
    proof.conclude("read off", uses=common, regime="critical")

    # the same contour on the cut
    c_is, turn = ROOT**2, rho / ROOT
    uniform = proof.identity(
        "uniformisation",
        [Eq(c_is * PLACE * TRANSFORM**2 + (PLACE + c_is - 1) * TRANSFORM, -1, evaluate=False),
         Eq(sp.diff(PLACE, w), SLOPE, evaluate=False)],
        "z = (1 + sqrt(c) w)(1 + sqrt(c)/w), m = -1/(sqrt(c) w + c): all of the plane outside the cut for |w| > 1",
        uses=[law],
    )  # fmt: skip
    where = proof.define(Eq(lam_s, 1 + c + rho + c / rho), "a sum")
    place = (1 + c + rho + c / rho).subs(c, c_is)
    factor = proof.identity(
        "isolated eigenvalue",
        [Eq(place, PLACE.subs(w, turn), evaluate=False), Eq(place, (rho + 1) * (rho + c_is) / rho, evaluate=False),
         Eq(1 + (rho + c_is) * TRANSFORM, (w - turn) / (w + ROOT), evaluate=False)],
        "1 + (rho + c) m vanishes at w = rho/sqrt(c), which is outside the cut if rho^2 > c", uses=[uniform],
    )  # fmt: skip
    seen_by_mean, empty = (-SLOPE * g for g in (rho * TRANSFORM / (1 + (rho + c_is) * TRANSFORM), TRANSFORM))

    def jump(form: sp.Expr) -> sp.Expr:
        return w * form + (w * form).subs(w, 1 / w)

    fold = proof.identity(
        "both sides of the cut",
        [Eq(jump(seen_by_mean), -c_is * (w - 1 / w) ** 2 / (place - PLACE), evaluate=False),
         Eq(jump(empty), -((w - 1 / w) ** 2) / PLACE, evaluate=False)],
        "w and 1/w are the same point of the cut: their sum is the density", uses=[factor],
    )  # fmt: skip
    residues = proof.identity(
        "residues",
        [Eq(sp.cancel(seen_by_mean * (w - turn)).subs(w, turn), rho - c_is / rho, evaluate=False),
         Eq(sp.cancel(empty * (w + ROOT)).subs(w, -ROOT), 1 - 1 / c_is, evaluate=False)],
        "masses of the isolated eigenvalue, and of zero if p > n", uses=[factor],
    )  # fmt: skip
    real = proof.moment(
        "on the cut", [Eq(symbol, real_form().outputs[str(symbol)]) for symbol in (E_real, V_real, M_real)],
        "the circle shrinks to the cut; poles that it passes leave their residues", check=_deformed,
        uses=[moments[E], *paper, fold, residues],
        wrong=[Eq(E_real, real_form().outputs["E_real"] - spike * h(lam_s)),
               Eq(V_real, real_form().outputs["V_real"] - s02 * null * f(0) ** 2),
               Eq(V_real, real_form().outputs["V_real"] * rho / (rho + c)),
               Eq(M_real, real_form().outputs["M_real"] + s02 * null * f(0) ** 2)],
    )  # fmt: skip
    proof.conclude("read off", uses=[*common, where, real], regime="regular")


# -- experiment -------------------------------------------------------------------------------------------------------


def observed(data: np.ndarray, mu: np.ndarray, point: Any) -> dict[str, float]:
    """Moments of the margins for samples times their labels, averaged over the initial weights."""
    value, vector = np.linalg.eigh(data @ data.T / data.shape[1])
    value, time = np.maximum(value, 0.0), float(point["alpha"] * point["t"])
    shift = value + float(point["gamma"])
    slow = time * shift < 1e-12
    gain = np.where(slow, time, -np.expm1(-time * shift) / np.where(slow, 1.0, shift))
    u, along = vector.T @ data.mean(axis=1), vector.T @ mu
    mean, mean_tr = float(along @ (gain * u)), float(u @ (gain * u))
    each = gain**2 * u**2 + float(point["s02"]) * np.exp(-2 * time * shift) / len(mu)
    spread, square = float(each.sum()), float(value @ each)
    rest = square - mean_tr**2
    return {
        "E": mean,
        "V": spread,
        "err": float(erfc(mean / math.sqrt(2 * spread))) / 2,
        "E_tr": mean_tr,
        "M_tr": square,
        "V_tr": rest,
        "err_tr": float(erfc(mean_tr / math.sqrt(2 * max(rest, 1e-300)))) / 2,
        "overlap": float(along @ u),
        "length": float(u @ u),
        "trace": float(value.mean()),
        "overlap2": float(along @ (value * u)),
        "length2": float(u @ (value * u)),
        "trace2": float(value @ value),
    }


def _fourth(point: Any, size: int, law: str) -> tuple[float, float, float]:
    """rho, p, and the mean of |x|^4, for a symmetric law."""
    rho, rows = float(point["rho"]), float(int(point["c"] * size))
    excess = {"gauss": 0.0, "rad": -2.0}[law]
    return rho, rows, (rho + rows) ** 2 + (2 + excess) * rows + 4 * rho


def _overlap2(point: Any, size: int, law: str) -> float:
    rho, rows, _ = _fourth(point, size, law)
    return rho**2 + rho + rho * (rows + 1) / size


def _length2(point: Any, size: int, law: str) -> float:
    rho, rows, fourth = _fourth(point, size, law)
    pairs = rows + 2 * rho + rho**2 + 2 * (rho**2 + rho * (rows + 2))
    return ((size - 1) * (size - 2) * (rho**2 + rho) + (size - 1) * pairs + fourth) / size**2


def _trace2(point: Any, size: int, law: str) -> float:
    rho, rows, fourth = _fourth(point, size, law)
    return (fourth + (size - 1) * (rows + 2 * rho + rho**2)) / size


#: Their means are known at every size.
CONTROLS = (
    Control("overlap", lambda point, size, law: float(point["rho"])),
    Control("length", lambda point, size, law: float(point["rho"] + point["c"])),
    Control("trace", lambda point, size, law: 1 + float(point["rho"]) / int(point["c"] * size)),
    Control("overlap2", _overlap2),
    Control("length2", _length2),
    Control("trace2", _trace2),
)


def _form_of(name: str, quantity: str = "", **options: Any) -> Statistic:
    return Statistic(name, quantity, kind="form", controls=CONTROLS, **({"resolution": 0.02} | options))


CONTOUR = tuple(_form_of(name) for name in ("E", "V", "err", "E_tr", "M_tr"))
REAL = (_form_of("E_again", "E_real"), _form_of("V_again", "V_real"), _form_of("M_tr_again", "M_real"))
SPREAD, ERROR = _form_of("V_tr", resolution=0.03), _form_of("err_tr", resolution=0.08)
REST = _form_of("V_tr", scale=0.1, resolution=0.05)  # hardly any is left
NEVER = _form_of("err_tr", scale=0.1, resolution=0.05)


def sizes(point: Any) -> tuple[int, int]:
    """Numbers of samples; the dimension is at most 96."""
    return (64, 128) if point["c"] < 1 else (36, 72) if point["c"] == 1 else (24, 48)


@theorem.experiment(points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=(*CONTOUR, *REAL, SPREAD, ERROR))
@theorem.experiment(points=("A_early",), sizes=sizes, statistics=(*CONTOUR, *REAL, SPREAD, ERROR))
@theorem.experiment(points=("B",), sizes=sizes, statistics=(*CONTOUR, SPREAD, ERROR))
@theorem.experiment(points=("C",), sizes=sizes, statistics=(*CONTOUR, *REAL, REST, NEVER))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Moments of the margins; the mean and its opposite share the noise."""
    rows = int(point["c"] * size)
    noise = entries(rng, (rows, size), law)
    mu = np.full(rows, math.sqrt(float(point["rho"]) / rows))
    both = [observed(side * mu[:, None] + noise, side * mu, point) for side in (1, -1)]
    found = {name: (both[0][name] + both[1][name]) / 2 for name in both[0]}
    return found | {f"{name}_again": found[name] for name in ("E", "V", "M_tr")}


# -- consequences -----------------------------------------------------------------------------------------------------


def _at(formula: Any, point: Any) -> Any:
    bound = theorem.bound(point)
    bound["lam_s"] = 1 + bound["c"] + bound["rho"] + bound["c"] / bound["rho"]
    return evaluate(sp.sympify(formula), bound, BALL(80))


FAST = dict(alpha="1", s02="0")
STEPS = (Fraction(1, 10), Fraction(1, 50), Fraction(1, 250))


@theorem.consequence("the law that the mean sees has mass rho and first moment rho(rho + 1 + c)")
def masses(claim: Any) -> None:
    """With an isolated eigenvalue and without."""
    points = [theorem.point(), theorem.point(rho="1/2")]
    for formula, value in (
        (signal(lambda at: sp.Integer(1)), rho),
        (signal(lambda at: at), rho * (rho + 1 + c)),
    ):
        claim.equal(lambda q, f=formula: _at(f, q), lambda q, v=value: _at(v, q), points, f"equals {value}")


@theorem.consequence("early: without initial weights, the error starts at Q(rho/sqrt(rho + c)) and grows")
def early(claim: Any) -> None:
    """The first step is the average of the samples, the best classifier of the path."""
    best = float(erfc(1 / math.sqrt(1.5) / math.sqrt(2))) / 2
    claim.limit("err", lambda eps: {"t": eps}, best, point=theorem.point(**FAST), steps=STEPS[1:])

    def grows(start: str) -> bool:
        times = ("1/2", "2", "8")
        values = [claim.value("err", theorem.point(**FAST | {"s02": start}, t=t), 15).ball for t in times]
        return all(bool(a < b) for a, b in itertools.pairwise(values))

    claim.holds("the error grows", lambda: grows("0"), wrong={"with initial weights": lambda: grows("1/10")})


@theorem.consequence("with initial weights and no ridge there is a best time to stop")
def stopping(claim: Any) -> None:
    """A minimum between two times."""

    def inside(start: str) -> bool:
        low, best, high = (claim.value("err", theorem.point(s02=start, t=t), 15).ball for t in ("50", "200", "800"))
        return bool(best < low) and bool(best < high)

    claim.holds("lower at t = 200 than at 50 and 800", lambda: inside("1/10"), wrong={"s02 = 0": lambda: inside("0")})


@theorem.consequence("late: least squares with the same ridge, plus what is left of the start if p > n")
def late(claim: Any) -> None:
    """E and V are mean and variance of the margin of the ridge classifier."""
    from theory.classification.ridge_classifier_closed_form import theorem as ridge

    def path(eps: Fraction) -> dict[str, Fraction]:
        return {"t": 2 * Fraction(round(-1000 * math.log(eps)), 1000)}

    for place, extra in (
        (dict(rho="1", c="1/2", gamma="1/2", s02="1/10"), 0.0),
        (dict(rho="1/2", c="2", gamma="0", s02="1/5"), 0.1),
    ):
        values = ridge.values(ridge.point("I", mass=place["rho"], c=place["c"], gamma=place["gamma"]))
        point = theorem.point(alpha="5", **place)
        claim.limit("E", path, float(values["M"]), point=point, steps=STEPS[1:])
        claim.limit("V", path, float(values["sigma"]) ** 2 + extra, point=point, steps=STEPS[1:])


@theorem.consequence("time and learning rate enter through their product")
def product(claim: Any) -> None:
    """Half the rate takes twice the time."""
    points = [theorem.point("B")]
    for name in ("E",):
        claim.equal(
            lambda q, name=name: claim.value(name, q, 15),
            lambda q, name=name: claim.value(name, {**q, "alpha": q["alpha"] / 2, "t": 2 * q["t"]}, 15),
            points,
            f"{name} at half the rate and twice the time",
        )


# -- mutants ----------------------------------------------------------------------------------------------------------

_REAL = real_form().outputs
theorem.mutant("no isolated eigenvalue", outputs={"E_real": _REAL["E_real"] - spike * h(lam_s)})
theorem.mutant("no (rho + c)/rho", outputs={"V_real": _REAL["V_real"] - c / rho * signal(lambda at: h(at) ** 2)})
theorem.mutant("isolated eigenvalue without c/rho", outputs={"lam_s": 1 + c + rho})
theorem.mutant("second moment for variance", outputs={"V_tr": M_tr})
theorem.mutant("no mass at zero", outputs={"V_real": _REAL["V_real"] - s02 * null * f(0) ** 2})
theorem.mutant("f not squared", outputs={"V_real": _REAL["V_real"] + s02 * Average((f(x) - f(x) ** 2) / x, cut)})


@theorem.figure
def figure(page: Any) -> Any:
    """Errors along the path."""
    times = ("5", "20", "60", "150", "400", "1000")
    return page.sweep("t", times, ["err", "err_tr"], log="x", size=64, replicates=48)
