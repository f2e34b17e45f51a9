"""Learning dynamics of least squares: derivation, step by step."""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import erfc
from sympy import Eq

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.matrix import Gaussian, Space, inverse
from rmtsym.theorem import Evidence
from theory.classification.gradient_flow_gmm.contour import PLACE, ROOT, SLOPE, TRANSFORM
from theory.classification.gradient_flow_gmm.experiment import observed
from theory.classification.gradient_flow_gmm.statement import (
    E,
    E_real,
    E_tr,
    M_real,
    M_tr,
    V,
    V_real,
    V_tr,
    alpha,
    c,
    contour_form,
    err,
    err_tr,
    f,
    gamma,
    h,
    lam_s,
    loop,
    m,
    normal_error,
    null,
    real_form,
    rho,
    s02,
    spike,
    t,
    theorem,
    w,
    x,
    z,
)

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
    good, worst = all(gap.contains(0) for gap in gaps), max(float(gap.rad()) for gap in gaps)
    certain = good and (worst < 1e-9 or None)  # wide balls hold whatever is true
    return Evidence.of(certain, "balls at two points", resolution=worst, message=str(gaps))


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
    return Evidence.of(worst < 1e-9 or None, f"balls at {len(PLACES)} points", resolution=worst)


def _negative(claim: Eq) -> Evidence:
    """Mass of a normal law on the negative axis, by integration of its density."""
    from flint import acb, arb

    worst = 0.0
    with BALL(80):
        for mean, variance in ((Fraction(1, 2), Fraction(1, 3)), (Fraction(-1), Fraction(2))):
            a, v = arb(mean.numerator) / mean.denominator, arb(variance.numerator) / variance.denominator
            density = lambda s, _, a=a, v=v: (-((s - a) ** 2) / (2 * v)).exp() / (2 * arb.pi() * v).sqrt()  # noqa: E731
            mass = acb.integral(density, -40, 0).real + arb(0, 1e-60)  # beyond: less than exp(-380)
            worst = max(worst, float(mass.rad()))
            if not mass.overlaps(evaluate(claim.rhs, {"E": mean, "V": variance}, BALL(80))):
                return Evidence.of(False, "rigorous integral", message=f"mean {mean}, variance {variance}")
    return Evidence.of(worst < 1e-9 or None, "rigorous integral at two laws", resolution=worst)


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
