"""Ternary random features: derivation, step by step."""

from __future__ import annotations

from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, MatrixSymbol, sqrt

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
from rmtsym.gaussian.gram import A2B2
from rmtsym.theorem.certified import certified
from theory.kernels.ternary_random_features.statement import (
    TABLE,
    TARGETS,
    below,
    c0,
    c1,
    c2,
    d0,
    d0_ter,
    d1,
    d2,
    density,
    diagonal,
    r,
    s_m,
    s_minus,
    s_p,
    s_plus,
    tau,
    theorem,
    w4,
)


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
