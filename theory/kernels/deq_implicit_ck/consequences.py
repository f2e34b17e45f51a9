"""Conjugate kernels of deep equilibrium models: consequences."""

from __future__ import annotations

from fractions import Fraction
from functools import partial
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, pi

from rmtsym.errors import DomainError
from rmtsym.gaussian import TAU, expectation
from rmtsym.gaussian.families import closed
from rmtsym.theorem import get, predict
from theory.kernels import layers
from theory.kernels.deq_implicit_ck.derivation import compared
from theory.kernels.deq_implicit_ck.statement import a2, b2, c1, c2, c3, c4, diagonal, tau0, theorem
from theory.kernels.equilibrium import GRADIENT, Unrolled, exact_kernel, mean_square_slope, variance_of
from theory.kernels.layers import TABLE


@theorem.consequence("without recurrence: one hidden layer with input $\\sigma_bx$")
def one_layer(claim: Any) -> None:
    other = get("deep-ck-recursion")
    points = [{"phi": name, "sigma_a2": "0", "sigma_b2": "9/4", "tau0": "4/5"} for name in ("relu", "quad", "abs")]

    def layer(name: str, power: int) -> Any:
        def value(point: Any) -> Any:
            found = predict(other, {"activations": point["phi"], "tau0": "6/5"}, 30, [name])[name].ball
            return found * 9**power / 4**power

        return value

    for name, power in (("c1", 1), ("c2", 2), ("c3", 2), ("c4", 1), ("diagonal", 0)):
        there = points if name != "c1" else points[:2]  # |t| has no slope
        claim.equal(lambda p, name=name: claim.value(name, p), layer(name, power), there, f"{name} of one layer")


@theorem.consequence(
    "as many layers with input injection as one likes, each at the variance that reaches it: they converge to the "
    "equilibrium; what is left of the variance shrinks by $\\sigma_a^2h$ in each layer, what is left of the "
    "coefficients like $(\\sigma_a^2h)^l$ times a linear function of the depth $l$, as they follow the variance"
)
def unrolled(claim: Any) -> None:
    for label in theorem.points:
        point = theorem.point(label)
        name, network, still = point["phi"], Unrolled(point), Unrolled(point, moving=False)

        def distance(found: Unrolled, depth: int, label: str = label) -> float:
            values = compared.values(label)
            names = ("gamma2", "c1", "c2", "c3", "c4")
            return max(abs(float(x) - values[n]) for x, n in zip(found.states[depth - 1], names, strict=True))

        claim.holds(
            f"{name}: 60 layers, to 1e-12", partial(is_small, distance, network, 60),
            wrong={"two layers": partial(is_small, distance, network, 2),
                   "every layer at the variance of the first": partial(is_small, distance, still, 60)},
        )  # fmt: skip

        def shrinks(rate: float, network: Unrolled = network) -> bool:
            return all(abs(network.ratio(depth)[0] - rate) < 1e-3 * rate for depth in (20, 40))

        steep = float(point["sigma_a2"]) * mean_square_slope(point)
        wrong = {"by sigma_a^2 (E phi')^2": float(network.slope), "by the root": float(network.growth) ** 0.5}
        if abs(steep / float(network.growth) - 1) > 1e-6:  # for a quadratic function they are the same
            wrong["by sigma_a^2 E phi'^2"] = steep
        claim.holds(
            f"{name}: the variance comes nearer by sigma_a^2 h in each layer",
            partial(shrinks, float(network.growth)), wrong={k: partial(shrinks, x) for k, x in wrong.items()},
        )  # fmt: skip

        claim.holds(
            f"{name}: the largest distance over (sigma_a^2 h)^l is linear in l",
            partial(network.is_linear, 1.0),
            wrong={"a rate of 0.9 of it": partial(network.is_linear, 0.9), "1.1": partial(network.is_linear, 1.1)},
        )


def is_small(distance: Any, network: Unrolled, depth: int) -> bool:
    """Whether a network is within 1e-12 of the statement."""
    return bool(distance(network, depth) < 1e-12)


@theorem.consequence(
    "ReLU in closed form: $\\tau_*^2=\\sigma_b^2\\tau_0^2H/(1-\\sigma_a^2H)$, $H=\\frac12-\\frac1{2\\pi}$, "
    "and $c_4=\\tau_*^2/\\tau_0^2$"
)
def relu(claim: Any) -> None:
    share = sp.S.Half - 1 / (2 * pi)
    claim.identity(Eq(diagonal, b2 * tau0**2 * share / (1 - a2 * share), evaluate=False), regime="relu")
    claim.identity(Eq(c4, diagonal / tau0**2, evaluate=False), regime="relu")


@theorem.consequence(
    "an equilibrium is not one hidden layer: "
    "$c_3/c_2=2\\big((\\sigma_a^2c_1+\\sigma_b^2)/(\\sigma_a^2c_4+\\sigma_b^2)\\big)^2$"
)
def not_one_layer(claim: Any) -> None:
    for label in theorem.points:
        name = theorem.point(label)["phi"]
        claim.identity(Eq(c3 * (a2 * c4 + b2) ** 2, 2 * c2 * (a2 * c1 + b2) ** 2, evaluate=False), regime=name)

    def ratio(gain: str) -> float:
        values = theorem.values(theorem.point("A", sigma_a2=gain))
        return float(values["c3"]) / float(values["c2"])

    claim.holds(
        "ReLU: below 1.9 at sigma_a^2 = 1/2, 2 without recurrence",
        lambda: ratio("0.5") < 1.9 and abs(ratio("0") - 2) < 1e-12, wrong={"at 1/20": lambda: ratio("0.05") < 1.9},
    )  # fmt: skip


@theorem.consequence("a linear equilibrium diverges at the edge of stability, a ReLU one does not reach its pole")
def edge(claim: Any) -> None:
    def linear(eps: Fraction) -> dict[str, Any]:
        return {"phi": "lrelu", "lrelu": "1,1", "sigma_a2": 1 - eps}

    claim.exponent("c1", linear, -1, text="linear: c1 ~ 1/(1 - sigma_a^2)")
    claim.exponent("diagonal", linear, -1, text="linear: the diagonal too")
    claim.limit("c1", lambda eps: {"sigma_a2": 2 - eps}, Fraction(1, 2), text="ReLU: c1 = 1/2 at sigma_a^2 = 2")


@theorem.consequence(
    "stability, $\\sigma_a^2\\mathbb E\\phi'^2<1$, makes the coefficients finite: always $s^2\\le\\mathbb E\\phi'^2$, "
    "and for the activations here $h=\\mathbb E\\phi'^2+\\mathbb E\\phi\\phi''$ is not larger either; "
    "for the quadratic one they are equal, and $c_4$ diverges at the edge"
)
def stability(claim: Any) -> None:
    a, b, v = layers.a, layers.b, layers.v
    beyond = {
        "relu": 1 / (2 * pi), "lrelu": (a - b) ** 2 / (2 * pi), "abs": 2 / pi, "quad": sp.S.Zero,
        "sin": sp.exp(-v) * sp.sinh(v), "cos": (1 - sp.exp(-v)) ** 2 / 2,
        "erf": 8 * v / (pi * (1 + 2 * v) * sp.sqrt(1 + 4 * v)),
    }  # fmt: skip

    def differ_by(name: str, expected: sp.Expr) -> bool:
        return sp.simplify((GRADIENT[name] - TABLE[name].growth - expected).rewrite(sp.exp)) == 0

    for name, difference in beyond.items():
        claim.holds(
            f"{name}: E phi'^2 - h = {sp.sstr(difference)}",
            lambda name=name, x=difference: differ_by(name, x) and bool(x.is_nonnegative),
            wrong={"a hundredth more": lambda name=name, x=difference: differ_by(name, x + sp.Rational(1, 100))},
        )  # fmt: skip
    claim.exponent(
        "c4", lambda eps: {"phi": "quad", "quad": "1/2,0", "sigma_a2": 1 - eps, "sigma_b2": "1/2"}, Fraction(-1, 2),
        text="quad with q_1 = 0: c4 where the two variances meet",
    )  # fmt: skip


def centred(point: Any) -> Any:
    """Activation of a point, centred at the variance of the equilibrium, as a function of arrays."""
    given = {k: sp.Rational(x) for k, x in layers.letters(point["lrelu"], point["quad"]).items()}
    f = layers.function(point["phi"], given)
    centre = float(closed(expectation(f)).subs(TAU, variance_of(point)))
    return lambda t: f(t) - centre


@theorem.consequence(
    "networks of finite width: for inputs at an angle of 60 degrees $z_1^{*\\sf T}z_2^*$ tends to the entry of the "
    "exact kernel off the diagonal, like the inverse root of the width"
)
def entries_of_networks(claim: Any) -> None:
    point = theorem.point("A")
    pair = float(point["tau0"]) * np.array([[1.0, 0.5], [0.0, 0.75**0.5]])
    exact, phi = float(exact_kernel(point, pair)[0, 1]), centred(point)
    gain, bias = float(point["sigma_a2"]) ** 0.5, float(point["sigma_b2"]) ** 0.5

    def off(rng: np.random.Generator, units: int) -> float:
        """Mean over four pairs of inputs, each in a plane of its own."""
        recurrent = gain * rng.standard_normal((units, units)) / np.sqrt(units)
        drive = bias * rng.standard_normal((units, 8)) @ np.kron(np.eye(4), pair)
        state = np.zeros_like(drive)
        for _ in range(200):
            before, state = state, phi(recurrent @ state + drive)
            if np.max(np.abs(state - before)) < 1e-6:
                break
        return float(np.mean(state[:, ::2] * state[:, 1::2]) - exact)

    claim.asymptotic("ReLU: network less exact kernel", deviation=off, sizes=(48, 96, 192, 384), replicates=160)


@theorem.consequence(
    "a finite network with a quadratic activation may run away where the infinite one is stable: more than one in five "
    "of 64 units at $\\sigma_a^2=1$, $\\sigma_b^2=\\frac12$, $q=(0.15,0.8)$; a bounded activation cannot"
)
def running_away(claim: Any) -> None:
    def lost(name: str) -> float:
        """Share of networks whose iteration from zero leaves all bounds."""
        point, rng, count = theorem.point("B", phi=name, sigma_a2=1), np.random.default_rng(4), 0
        phi = centred(point)
        for _ in range(60):
            recurrent = rng.standard_normal((64, 64)) / 8
            drive = rng.standard_normal(64) * float(point["sigma_b2"]) ** 0.5
            state = np.zeros(64)
            for _ in range(300):
                state = phi(recurrent @ state + drive)
                if np.max(np.abs(state)) > 1e6:
                    count += 1
                    break
        return count / 60

    claim.holds("more than one in five", lambda: lost("quad") > 0.2, wrong={"sin": lambda: lost("sin") > 0.0})


@theorem.consequence("a quadratic layer has two equilibrium variances or none; the smaller is the stable one")
def smaller_root(claim: Any) -> None:
    point = theorem.point("B")
    gain, bias = float(point["sigma_a2"]), float(point["sigma_b2"]) * float(point["tau0"]) ** 2
    square, linear = (float(x) for x in point["quad"])
    gamma = float(theorem.values(point)["gamma2"])

    def is_stable_root(which: int) -> bool:
        """Whether this root of the variance map, smallest first, is the stated one and attracts."""
        root = np.sort(np.roots([2 * gain * square**2, gain * linear**2 - 1, bias]).real)[which]
        return bool(abs(gamma - root) < 1e-9 and gain * (4 * square**2 * root + linear**2) < 1)

    claim.holds(
        "quad at B: the stated variance is the smaller root, with a slope below 1",
        lambda: is_stable_root(0), wrong={"the larger root": lambda: is_stable_root(1)},
    )  # fmt: skip

    def attracts(which: int) -> bool:
        """Whether iterations of the map that start beside a root end there."""
        root = np.sort(np.roots([2 * gain * square**2, gain * linear**2 - 1, bias]).real)[which]
        variance = 0.999 * root
        for _ in range(400):
            variance = gain * (2 * square**2 * variance**2 + linear**2 * variance) + bias
        return abs(variance / root - 1) < 1e-9

    claim.holds("iterations from beside it end there", lambda: attracts(0), wrong={"the larger": lambda: attracts(1)})

    def has_root(gain: float) -> bool:
        try:
            return float(theorem.values({**point, "sigma_a2": Fraction(gain)})["gamma2"]) > 0
        except DomainError:
            return False

    def last(gain: float) -> bool:
        return has_root(0.98 * gain) and not has_root(1.02 * gain)

    # (1 - sigma_a^2 q_1^2)^2 = 8 sigma_a^2 q_2^2 sigma_b^2 tau_0^2, a quadratic equation for sigma_a
    double = min(abs(x) for x in np.roots([linear**2, np.sqrt(8 * bias) * square, -1])) ** 2
    claim.holds(
        "the two meet where the discriminant vanishes; beyond there is none, and the point is refused",
        lambda: last(double), wrong={"a tenth before": lambda: last(0.9 * double), "after": lambda: last(1.1 * double)},
    )  # fmt: skip


@theorem.consequence(
    "the identity has the weight $\\tau_*^2-\\tau_0^2c_1$; subtracting $\\tau_0^4c_3$ too leaves an error"
)
def identity_weight(claim: Any) -> None:
    compared.weight_of_identity(claim, {"A": "relu", "C": "lrelu"})


@theorem.consequence(
    "handwritten digits are no such mixture: the error is 16.1 % of the kernel's norm for ReLU, 4.6 % for the nearly "
    "linear quad; it is larger without any one of the four terms"
)
def real_digits(claim: Any) -> None:
    compared.on_digits(claim, {"A": ("relu", "0.161"), "B": ("quad", "0.046")})
