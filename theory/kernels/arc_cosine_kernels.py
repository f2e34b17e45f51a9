r"""Arc-cosine kernels of every order: features :math:`\sqrt2\,\Theta(w^\top x)(w^\top x)^n`.

.. math::  k_n(x,y)=\tfrac1\pi\|x\|^n\|y\|^nJ_n(\theta),\qquad
           J_n(\theta)=(-1)^n(\sin\theta)^{2n+1}
           \Big(\frac1{\sin\theta}\frac d{d\theta}\Big)^n\frac{\pi-\theta}{\sin\theta}.

All orders follow from the first by Price's theorem, :math:`dJ_n/d\cos\theta=n^2J_{n-1}`, and the value at angle zero.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache, partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb, fmpq
from sympy import Eq, acos, cos, factorial, factorial2, pi, sin, sqrt

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.gaussian import RHO, SIGMA_X, SIGMA_Y, activation, expectation, kernel
from rmtsym.gaussian.certificate import enclosed
from rmtsym.gaussian.numeric import ball_value
from rmtsym.simulate import Statistic, gaussian_pairs
from rmtsym.theorem import POSITIVE, Count, Interval, Parameter, Quantity, Regime, Theorem
from rmtsym.theorem.certified import certified
from theory.kernels.rf_gaussian_kernel_closed_forms.derivation import price
from theory.kernels.rf_gaussian_kernel_closed_forms.statement import TABLE, R

HIGHEST = 6
PI = Fraction("3.14159265358979323846264338327950288419716939937510")  # rounded down

theorem = Theorem(
    id="arc-cosine-kernels",
    title="Arc-cosine kernels",
    family="kernels",
    references=(
        "Y. Cho, L. K. Saul (2009), Kernel methods for deep learning, NIPS",
        "Y. Cho, L. K. Saul (2010), Large-margin classification in infinite neural networks, Neural Computation 22",
    ),
    assumptions=(
        r"$w\sim N(0,I_p)$, $x,y\ne0$ at an angle $\theta\in[0,\pi]$",
        r"$k_n(x,y)=2\,\mathbb E[\Theta(w^{\sf T}x)\Theta(w^{\sf T}y)(w^{\sf T}x)^n(w^{\sf T}y)^n]$, "
        r"$\Theta(t)=1_{t>0}$",
    ),
    parameters=(
        Parameter("n", "order", Count(0, HIGHEST), "n"),
        Parameter("norm_x", "norm of x", POSITIVE, r"\lVert x\rVert"),
        Parameter("norm_y", "norm of y", POSITIVE, r"\lVert y\rVert"),
        Parameter("theta", "angle between x and y", Interval(0, PI, closed="both"), r"\theta"),
    ),
    quantities=(
        Quantity("J_n", "angular part of the kernel", r"J_n(\theta)"),
        Quantity("k_n", "arc-cosine kernel", "k_n(x,y)"),
        Quantity("cos_next", "cosine of the angle between the images of x and y", r"\cos\theta'"),
    ),
    points={
        "A": {"n": 0, "norm_x": 1, "norm_y": 1, "theta": 1},
        "B": {"n": 1, "norm_x": "0.7", "norm_y": "1.4", "theta": "2.3"},
        "C": {"n": 2, "norm_x": 1, "norm_y": 1, "theta": 1},
        "D": {"n": 3, "norm_x": "0.7", "norm_y": "1.4", "theta": "2.3"},
        "F": {"n": 2, "norm_x": "0.7", "norm_y": "1.4", "theta": "2.3"},
        "E": {"n": 4, "norm_x": "0.9", "norm_y": "1.1", "theta": "0.6"},
    },
    uses=("rf-gaussian-kernel-closed-forms",),
)

# -- statement --------------------------------------------------------------------------------------------------------

X, Y, angle = sp.symbols("norm_x norm_y theta", positive=True)
k_n, J_n, cos_next = sp.symbols("k_n J_n cos_next")


@cache
def angular(order: int) -> sp.Expr:
    """J_n by its differential formula, written in sin, cos and pi - theta, with even powers of sin by cos."""
    found = (pi - angle) / sin(angle)
    for _ in range(order):
        found = found.diff(angle) / sin(angle)
    s, c, left = sp.symbols("s c left")
    found = ((-1) ** order * sin(angle) ** (2 * order + 1) * found).subs(angle, pi - left)
    polynomial = sp.expand(found.subs({sin(left): s, cos(left): -c}))
    reduced = sp.rem(polynomial, s**2 + c**2 - 1, s)
    return sp.collect(sp.expand(reduced), left).subs({s: sin(angle), c: cos(angle), left: pi - angle})


def stated(order: int) -> FixedPointSystem:
    """Kernel of one order."""
    return FixedPointSystem(
        (),
        (),
        {
            "J_n": angular(order),
            "k_n": X**order * Y**order * angular(order) / pi,
            "cos_next": angular(order) / (pi * factorial2(2 * order - 1)),
        },
    )


@theorem.statement
def statement() -> tuple[Regime, ...]:
    return tuple(Regime(stated(order), f"n == {order}", f"order {order}") for order in range(HIGHEST + 1))


# -- derivation -------------------------------------------------------------------------------------------------------


def feature(order: int, square: Any = 2) -> Any:
    """Rectified monomial times the root of ``square``."""
    return sqrt(square) * activation("rectified_monomial", order)


@theorem.derivation
def derivation(proof: Any) -> None:
    """From order to order by Price's theorem; a rigorous integral confirms each."""
    heat = price(proof)
    unit: dict[str, Any] = {"deviations": (1, 1)}
    below: list[Any] = []
    ends = []
    for order in range(HIGHEST + 1):
        slope = -1 if order == 0 else -(order**2) * sin(angle) * angular(order - 1)
        chain = proof.derivative(
            f"slope of order {order}", Eq(sp.Symbol(f"slope_{order}"), slope),
            "the derivative of the feature t^n is n t^(n-1): dJ_n/dcos = n^2 J_(n-1)" if order else
            "a step: the density of two directions at the origin is 1/(2 pi sin)",
            of=angular(order), by=angle, uses=[heat, *below],
        )  # fmt: skip
        diagonal = pi * expectation(feature(order) ** 2, 1).expr
        start = proof.identity(
            f"order {order} at angle zero", Eq(angular(order).subs(angle, 0), diagonal, evaluate=False),
            "pi times the moment E z^{2n} = (2n-1)!!", wrong=[(order + 2) * diagonal],
        )  # fmt: skip
        moments = {
            J_n: kernel(feature(order, 2 * pi), **unit),
            k_n: kernel(feature(order)),
            cos_next: kernel(feature(order, sp.Integer(2) / factorial2(2 * order - 1)), **unit),
        }
        claims = [Eq(sp.Symbol(name), body) for name, body in stated(order).outputs.items()]
        confirmed = proof.moment(
            f"order {order}", claims, "slope and value at angle zero", uses=[chain, start],
            check=certified(moments, names={X: SIGMA_X, Y: SIGMA_Y, angle: acos(RHO)}),
            wrong=[Eq(k_n, claims[1].rhs / 2), Eq(J_n, claims[0].rhs + sin(angle)), Eq(cos_next, claims[2].rhs / pi)],
        )  # fmt: skip
        below = [confirmed]
        ends.append(confirmed)
    for order, confirmed in enumerate(ends):
        proof.conclude("the formula of its order", uses=[confirmed], regime=f"order {order}")


# -- experiment -------------------------------------------------------------------------------------------------------

OBSERVED = tuple(Statistic(name, kind="exact") for name in ("k_n", "J_n", "cos_next"))
PLAIN = Statistic("features", quantity="k_n", kind="exact", resolution=0.02)


@theorem.experiment(points=("A", "B", "C", "F"), statistics=(*OBSERVED, PLAIN), sizes=(1597, 6765))
@theorem.experiment(points=("D", "E"), statistics=OBSERVED, sizes=(1597, 6765))  # tails too heavy for plain features
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Mean over weights of the product of two features; only the plane of x and y matters.

    ``features`` are the features themselves.  The others average over the length of w in that plane, which is
    independent of its direction, by E|w|^{2n} = 2^n n!, and draw one direction in each of ``size`` sectors.
    """
    order, x, y, theta = point["n"], *(float(point[name]) for name in ("norm_x", "norm_y", "theta"))

    def mean(u: np.ndarray, v: np.ndarray) -> float:
        both = (u > 0) & (v > 0)
        return 2 * float(np.sum((u[both] * v[both]) ** order)) / size

    z = gaussian_pairs(rng, size)
    turn = 2 * np.pi * (np.arange(size) + rng.random(size)) / size
    sectors = 2**order * float(factorial(order)) * mean(np.cos(turn), np.cos(turn - theta))
    return {
        "J_n": np.pi * sectors,
        "k_n": (x * y) ** order * sectors,
        "cos_next": sectors / float(factorial2(2 * order - 1)),
        "features": (x * y) ** order * mean(z[0], np.cos(theta) * z[0] + np.sin(theta) * z[1]),
    }


@theorem.figure
def figure(page: Any) -> Any:
    """What one layer does to an angle."""
    angles = ("0.1", "0.45", "0.8", "1.15", "1.5", "1.85", "2.2", "2.55", "2.8")
    return page.sweep(
        "theta", angles, ["cos_next"], over=("n", (0, 1, 2, 3)), norm_x=1, norm_y=1, size=1597, replicates=32
    )


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the first four orders as they are printed")
def printed(claim: Any) -> None:
    s, c, left = sin(angle), cos(angle), pi - angle
    forms = (
        left,
        s + left * c,
        3 * s * c + left * (1 + 2 * c**2),
        4 * s**3 + 15 * s * c**2 + left * (9 * s**2 * c + 15 * c**3),
    )
    for order, form in enumerate(forms):
        claim.identity(Eq(J_n, form, evaluate=False), regime=f"order {order}")


@theorem.consequence("half the kernels of orders 0 and 1 are those of the step function and of ReLU")
def first_rows(claim: Any) -> None:
    for order, row in enumerate(("step", "relu")):
        form = 2 * TABLE[row].subs(acos(-R), pi - angle).subs(acos(R), angle).subs(sqrt(1 - R**2), sin(angle))
        claim.identity(Eq(k_n, form.subs(R, cos(angle)), evaluate=False), regime=f"order {order}")


@theorem.consequence("opposite vectors: $J_n$ vanishes like $(\\pi-\\theta)^{2n+1}$")
def opposite_vectors(claim: Any) -> None:
    steps = tuple(Fraction(1, 10**k) for k in (1, 2, 3))
    for order in range(4):
        claim.exponent(
            "J_n", lambda eps, order=order: {"n": order, "theta": PI - eps}, 2 * order + 1, steps=steps,
            text=f"order {order}: exponent {2 * order + 1}",
        )  # fmt: skip


@theorem.consequence("in ball arithmetic no digit is lost where the closed form cancels")
def digits_kept(claim: Any) -> None:
    def digits(at_least: int) -> bool:
        point = {"n": 3, "norm_x": 1, "norm_y": 1, "theta": PI - Fraction(1, 10**4)}
        return claim.value("k_n", point, digits=20).digits >= at_least

    claim.holds("20 digits of order 3 at pi - theta = 1e-4", lambda: digits(20), wrong={"1000": lambda: digits(1000)})


@theorem.consequence("depth: a second layer of the same order has the kernel of the first at the new lengths and angle")
def two_layers(claim: Any) -> None:
    points = [theorem.point(name) for name in ("A", "B", "C", "D")]

    def second(point: Any) -> tuple[int, sp.Expr, sp.Expr, sp.Rational]:
        """Order, lengths and cosine of the images (the cosine rounded, the same for both sides)."""
        order, mean = point["n"], sqrt(factorial2(2 * point["n"] - 1))
        cosine = sp.Rational(str(round(float(claim.value("cos_next", point)), 12)))
        return order, *(sp.Rational(str(point[v])) ** order * mean for v in ("norm_x", "norm_y")), cosine

    def composed(point: Any) -> Any:
        order, x, y, cosine = second(point)
        once = kernel(feature(order), deviations=(x, y), correlation=cosine)
        return enclosed(once, {}, 20)

    def formula(point: Any) -> Any:
        order, x, y, cosine = second(point)
        value = stated(order).outputs["k_n"].subs("J_n", angular(order))
        return ball_value(value.subs({X: x, Y: y, angle: acos(cosine)}), (), (), 20)

    claim.equal(composed, formula, points, "order 0 to 3, against the rigorous integral")


@theorem.consequence(
    "a layer multiplies the square of a small angle by $n^2/(2n-1)$: ReLU keeps it, $n\\ge2$ enlarges it"
)
def depth(claim: Any) -> None:
    def through(order: int, layers: int) -> float:
        cosine = -0.5
        for _ in range(layers):
            theta = Fraction(float(np.arccos(min(cosine, 1.0)))).limit_denominator(10**12)
            cosine = float(theorem.values(theorem.point("B", n=order, theta=theta))["cos_next"])
        return cosine

    claim.holds(
        "order 1 forgets the angle: from 120 degrees to a cosine above 0.99 in 100 layers",
        lambda: through(1, 100) > 0.99,
        wrong={"one layer": lambda: through(1, 1) > 0.99, "order 2 keeps it": lambda: through(2, 100) > 0.99},
    )
    for order in (1, 2, 3):
        slope = Fraction(order**2, 2 * order - 1)

        def ratio(point: Any) -> Any:
            return (1 - claim.value("cos_next", point).ball) / (1 - arb(fmpq(*point["theta"].as_integer_ratio())).cos())

        def near(claimed: Fraction, order: int = order, ratio: Any = ratio) -> bool:
            return abs(float(ratio({**theorem.point("B"), "n": order, "theta": Fraction(1, 10**5)})) - claimed) < 1e-4

        claim.holds(
            f"order {order}: the factor is {slope}",
            partial(near, slope),
            wrong={
                "n + 1": partial(near, Fraction(order + 1)),
                "1/2": partial(near, Fraction(1, 2)),
            },
        )


# -- known wrong versions ---------------------------------------------------------------------------------------------


def scaled(order: int, factor: Any, *names: str) -> dict[str, sp.Expr]:
    """Outputs of an order, some of them times a factor."""
    return {name: factor * stated(order).outputs[name] for name in names}


for _order in (1, 3):
    theorem.mutant(
        f"(-1)^n forgotten, n = {_order}",
        outputs=scaled(_order, -1, "J_n", "k_n", "cos_next"),
        regime=f"order {_order}",
    )
for _order in (0, 1, 2, 3):
    theorem.mutant(
        f"sin^(2n-1) for sin^(2n+1), n = {_order}",
        outputs=scaled(_order, sin(angle) ** -2, "J_n", "k_n", "cos_next"),
        regime=f"order {_order}",
    )
    theorem.mutant(
        f"factor 2 of the definition forgotten, n = {_order}",
        outputs=scaled(_order, sp.S.Half, "k_n"),
        regime=f"order {_order}",
    )
for _order in (2, 3, 4):
    theorem.mutant(
        f"n for n^2 in the chain, n = {_order}",
        outputs=scaled(_order, 1 / factorial(_order), "J_n", "k_n", "cos_next"),
        regime=f"order {_order}",
    )
    theorem.mutant(
        f"J_n(0) = pi n!, n = {_order}",
        outputs=scaled(_order, factorial2(2 * _order - 1) / factorial(_order), "cos_next"),
        regime=f"order {_order}",
    )
