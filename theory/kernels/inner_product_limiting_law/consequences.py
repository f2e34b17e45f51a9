"""Spectrum of an inner-product kernel of white data: consequences."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache, partial
from math import comb
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq

from rmtsym.fixedpoint import enclose
from rmtsym.matrix import Gaussian, Identity, Space, planar_moments
from rmtsym.spectrum import SpectralCurve, SpectralLaw, from_r_transform, marchenko_pastur, semicircle
from theory.kernels.inner_product_limiting_law.derivation import sampled
from theory.kernels.inner_product_limiting_law.experiment import law, second_order, skew
from theory.kernels.inner_product_limiting_law.statement import (
    a1,
    c,
    coefficients,
    curve,
    h,
    h_1,
    h_2,
    h_lower,
    h_upper,
    m,
    m_z,
    nu,
    place,
    rest,
    theorem,
    z,
)

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
    claim.holds("a1 = 0", lambda: factor({a1: 0}, semi), wrong={"c dropped": lambda: factor({a1: 0}, semi.subs(c, 1))})
    gain, dimensions = Fraction(7, 5), Fraction(2, 3)

    def shifted(by: Fraction) -> bool:
        """Whether the curve at nu = a1^2 is that of Marchenko and Pastur, times a1, moved to the left."""
        linear = marchenko_pastur(1 / dimensions).scale(gain).shift(-by)
        return str(linear.curve) == str(at_numbers(gain, gain**2, dimensions).curve)

    claim.holds(
        "nu = a1^2: a1 (MP - 1), at numbers", lambda: shifted(gain),
        wrong={"not shifted": lambda: shifted(Fraction(0)), "shifted by 1": lambda: shifted(Fraction(1))},
    )  # fmt: skip
    for f, bound in (("abs", 2), ("cos", 2)):
        claim.equal(
            lambda p: claim.value("edge_upper", p).ball ** 2,
            lambda p, bound=bound: bound**2 * coefficients(p["f"])[3] * p["c"].denominator / p["c"].numerator,
            [theorem.point("D", f=f, c=ratio) for ratio in ("0.1", "1", "7")],
            f"{f}: edge at 2 sqrt(nu/c)",
        )
    # h + nu/(ch) + a1^3/(ch)^2 + ... at its turning point: the first term beyond the semicircle, relative to it
    _, slope, _, variance = map(float, coefficients("tanh"))
    first = slope**3 / (2 * variance**1.5)

    def over_semicircle(ratio: Fraction) -> float:
        edge = claim.value("edge_upper", theorem.point("A", c=ratio)).ball
        return float(edge / (2 * (coefficients("tanh")[3] * ratio.denominator / ratio.numerator).sqrt()) - 1)

    def leaves_inverse(term: float) -> bool:
        ratios = [Fraction(10**k) for k in (4, 6, 8)]
        left = [abs(over_semicircle(ratio) - term / float(ratio) ** 0.5) for ratio in ratios]
        slopes = [float(np.log10(far / near)) / 2 for near, far in itertools.pairwise(left)]
        return all(abs(slope + 1) < 0.05 for slope in slopes)

    claim.holds(
        "tanh: the edge over 2 sqrt(nu/c) is 1 + a1^3/(2 nu^(3/2) sqrt c) + ...: what is left falls like 1/c",
        lambda: leaves_inverse(first),
        wrong={"half the coefficient": lambda: leaves_inverse(first / 2), "no such term": lambda: leaves_inverse(0.0)},
    )


@theorem.consequence("edges solve the quartic $(c+a_1m)^2(c-(\\nu-a_1^2)m^2)=a_1^2c^2m^2$, at all ends of the support")
def quartic(claim: Any) -> None:
    for symbol, sign, regime in (
        (h_lower, -1, "one bulk"), (h_upper, 1, "one bulk"), (h_1, 1, "two bulks"), (h_2, 1, "two bulks"),
    ):  # fmt: skip
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


@theorem.consequence(
    "two bulks if and only if $c^{1/3}\\,\\big(1+(\\nu/a_1^2-1)^{1/3}\\big)<1$, a cusp at equality; for the sign if "
    "$c<0.163$, for tanh if $c<0.348$"
)
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

    def splits(ratio: Fraction) -> bool:
        return components(ratio - little) == 2 and components(ratio + little) == 1

    claim.holds(
        "components of the support on both sides of c = 8/27 at nu/a1^2 = 9/8",
        lambda: splits(threshold),
        wrong={
            "c for its cube root": lambda: splits(Fraction(2, 3)),
            "nu/a1^2 - 1 for its cube root": lambda: splits(Fraction(512, 729)),
            "nu/a1^2 without - 1": lambda: splits(Fraction(1178, 10000)),  # (1 + (9/8)^(1/3))^(-3)
        },
    )

    def printed(f: str) -> str:
        _, slope, _, variance = map(float, coefficients(f))
        return f"{(1 + np.cbrt(variance / slope**2 - 1)) ** -3:.3f}"

    claim.holds(
        "thresholds of sign and tanh", lambda: (printed("sign"), printed("tanh")) == ("0.163", "0.348"),
        wrong={"erf for tanh": lambda: printed("erf") == "0.348", "sin for sign": lambda: printed("sin") == "0.163"},
    )  # fmt: skip
    behaviour = at_numbers(1, Fraction(9, 8), threshold).edge_behaviour
    inside = [edge.exponent for edge in behaviour[1:-1]]
    claim.holds(
        "exponent of the density at the cusp",
        lambda: bool(inside) and set(inside) == {Fraction(1, 3)},
        wrong={"a square root": lambda: set(inside) == {Fraction(1, 2)}},
    )


@theorem.consequence("with two bulks the upper one has mass c: one eigenvalue for each dimension")
def upper_mass(claim: Any) -> None:
    def mass(f: str, ratio: str, expected: float) -> bool:
        ends = theorem.values(theorem.point("E", f=f, c=ratio))
        gap = sum(float(ends[k]) for k in ("gap_lower", "gap_upper")) / 2
        return abs(1 - float(law(f, ratio).cdf(gap)) - expected) < 1e-8

    for f, ratio, share in (("sigmoid", "1/4", 0.25), ("sign", "1/10", 0.1)):
        claim.holds(
            f"{f}, c = {ratio}", partial(mass, f, ratio, share),
            wrong={"half of it": partial(mass, f, ratio, share / 2), "1 - c": partial(mass, f, ratio, 1 - share)},
        )  # fmt: skip


def normal_mean(polynomial: sp.Expr, *variables: sp.Symbol) -> sp.Expr:
    """Mean over independent standard normal variables."""
    terms = sp.Poly(sp.expand(polynomial), *variables).terms()
    return sp.Add(*(x * sp.prod(sp.factorial2(k - 1) for k in ks) for ks, x in terms if not any(k % 2 for k in ks)))


@theorem.consequence(
    "a finite dimension: the k-th Hermite component has the second and the third moment of a Marchenko-Pastur part in "
    "dimension $p^k/k!$ ($k=2,3,4$); the second one makes the third moment $a_1^3/c^2+\\sqrt2a_2^3/(c^2\\sqrt p)$. At "
    "$p=200$, $c=\\frac12$ that is 1.8 % more for ReLU; the transform at $z=\\frac25+\\frac i2$ is moved by 0.4 %, and "
    "that of $|t|$ by 3.1 %"
)
def finite_dimension(claim: Any) -> None:
    b, p, f_k, t, r, q, xi, eta = sp.symbols("b p f_k t r q xi eta", positive=True)
    for k in (2, 3, 4):
        # b (Y'Y/D - 1) with D = p^k/k! features; with f_k = E f He_k its variance b^2 n/D is f_k^2/(k! c)
        rows, count = p ** (k - 1) * c / sp.factorial(k), sp.factorial(k)  # D/n, k!
        Y = Gaussian("Y", Space("D", rows), Space("n"), 1 / rows)
        second, third = planar_moments(b * (Y.T @ Y) - b * Identity(Y.cols), 3)[2:]
        share = Eq(b, f_k * sp.sqrt(p ** (k - 1)) / count, evaluate=False)
        claim.identity(Eq(f_k**2 / (count * c), second, evaluate=False), uses=[share], regime="one bulk")
        # the kernel itself, over three samples: x'z and z'y have the correlation r = x'y/p for |x|^2 = |y|^2 = p
        he = [sp.hermite_prob(k, at) for at in (xi, r * xi + q * eta, t)]
        over_z = sp.expand(normal_mean(he[0] * he[1], xi, eta).subs(q, sp.sqrt(1 - r**2))).subs(r, t / sp.sqrt(p))
        triangle = sp.sqrt(p) / c**2 * (f_k / count) ** 3 * normal_mean(he[2] * over_z, t)
        claim.identity(Eq(triangle, third, evaluate=False), uses=[share], regime="one bulk")
        if k == 2:  # f_2 = a_2 sqrt 2
            named = sp.sqrt(2) * (f_k / sp.sqrt(2)) ** 3 / (c**2 * sp.sqrt(p))
            claim.identity(Eq(named, third, evaluate=False), uses=[share], regime="one bulk")

    def shares(dimension: int) -> bool:
        point = theorem.point("B")
        relu, even = ({k: float(x) for k, x in theorem.values({**point, "f": f}).items()} for f in ("relu", "abs"))
        at = complex(*map(float, point["z"]))
        moved = [abs(second_order(f, point["c"], at, dimension) / complex(known["re_m"], known["im_m"]))
                 for f, known in (("relu", relu), ("abs", even))]  # fmt: skip
        found = (skew("relu", float(point["c"]), dimension) / relu["mom3"], *moved)
        return [f"{share:.1%}" for share in found] == ["1.8%", "0.4%", "3.1%"]

    claim.holds(
        "p = 200: 1.8 % of the third moment of ReLU; 0.4 % and 3.1 % of the transform", lambda: shares(200),
        wrong={"p = 180": lambda: shares(180), "p = 220": lambda: shares(220)},
    )  # fmt: skip


@theorem.consequence(
    "a mean $a_0$ adds one eigenvalue $a_0\\sqrt p/c$, up to terms that are smaller by the factor $1/p$"
)
def not_centred(claim: Any) -> None:
    mean = float(coefficients("relu")[0])

    def off(rng: np.random.Generator, size: int) -> float:
        kernel = sampled(rng, size, "relu", 0.5)[2]
        level = mean / np.sqrt(size // 2)
        plain = kernel + level * (1 - np.eye(size))
        return float(np.linalg.eigvalsh(plain)[-1] / (level * size) - 1)

    claim.asymptotic(
        "largest eigenvalue over it, less one; ReLU, c = 1/2", deviation=off, exponent=-1, sizes=(24, 48, 96, 192),
        replicates=256,
    )  # fmt: skip


@cache
def sampled_transform(p: int, entry: str) -> tuple[float, float]:
    """Mean of Re m(z) for the sign at c = 1/2, z = 2/5 + i/2, over 64 kernels, and its standard error."""
    rng = np.random.default_rng([6, p])
    kernels = (sampled(rng, 2 * p, "sign", 0.5, entry)[2] for _ in range(64))
    found = [float(np.mean(1 / (np.linalg.eigvalsh(kernel) - (0.4 + 0.5j))).real) for kernel in kernels]
    return float(np.mean(found)), float(np.std(found, ddof=1)) / 8


def beside(p: int, entry: str, step: int) -> tuple[float, float]:
    """Mean at p less that of the two dimensions p - step and p + step, and its standard error."""
    (here, error), *others = (sampled_transform(q, entry) for q in (p, p - step, p + step))
    spread = np.sqrt(error**2 + sum(e**2 for _, e in others) / 4)
    return here - sum(x for x, _ in others) / 2, float(spread)


def less(p: int, share: float) -> float:
    """Change of Re m(z) when the sign loses ``share`` times P(x'y = 0) of its variance."""
    atom, slope = comb(p, p // 2) / 2**p, np.sqrt(2 / np.pi)

    def root(variance: float) -> complex:
        value = -1 / (0.4 + 0.5j)
        for _ in range(300):
            noise = slope**2 * value / (0.5 + slope * value) + (variance - slope**2) * value / 0.5
            value = (value - 1 / (0.4 + 0.5j + noise)) / 2
        return value

    return float((root(1 - share * atom) - root(1.0)).real)


@theorem.consequence(
    "a jump and entries $\\pm1$: for even $p$ a product $x^{\\sf T}y$ is exactly 0, where the sign jumps, with "
    "probability $\\binom p{p/2}2^{-p}\\sim\\sqrt{2/(\\pi p)}$, and the variance is less by this share: universality "
    "fails to order $p^{-1/2}$; odd $p$ and Gaussian entries have no such term"
)
def atom_on_the_jump(claim: Any) -> None:
    def stands_out(p: int, entry: str, step: int) -> bool:
        gap, error = beside(p, entry, step)
        return abs(gap) > 8 * error

    claim.holds(
        "sign, entries +-1: Re m at p = 64 is off its neighbours 63 and 65 by more than eight standard errors",
        lambda: stands_out(64, "rad", 1),
        wrong={"odd p: 65 against 63 and 67": lambda: stands_out(65, "rad", 2),
               "Gaussian entries": lambda: stands_out(64, "gauss", 1)},
    )  # fmt: skip

    def explained(share: float) -> bool:
        gap, error = beside(64, "rad", 1)
        return abs(gap - less(64, share)) < 3 * error + abs(less(64, share)) / 8  # what is left is p^{-1/2} times it

    claim.holds(
        "by what a variance less the probability explains, up to the next order", lambda: explained(1.0),
        wrong={"half of the probability": lambda: explained(0.5), "twice": lambda: explained(2.0)},
    )  # fmt: skip

    def falls(exponent: float) -> bool:
        (near, e), (far, f) = beside(32, "rad", 1), beside(128, "rad", 1)
        error = float(np.hypot(e / near, f / far) / np.log(4))
        return bool(abs(np.log(far / near) / np.log(4) - exponent) < 3 * error)

    claim.holds(
        "from p = 32 to p = 128 it falls with the exponent -1/2, to three standard errors", lambda: falls(-0.5),
        wrong={"-1": lambda: falls(-1.0), "it stays": lambda: falls(0.0)},
    )  # fmt: skip
