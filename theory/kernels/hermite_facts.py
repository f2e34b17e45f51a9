r"""Hermite coefficients of activations: :math:`\hat f_k=E[f(z)\,He_k(z)]/\sqrt{k!}`.

All coefficients of a function are Taylor coefficients of one Gaussian mean, :math:`\mu\mapsto E f(z+\mu)`; this gives
closed forms of every order.  Parseval, Mehler and Price turn them into kernels.
"""

from __future__ import annotations

import functools
from typing import Any

import numpy as np
import sympy as sp
from scipy.special import eval_hermitenorm, ndtri
from sympy import Eq, asin, exp, factorial, factorial2, pi, sqrt

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.gaussian import MU, RHO, activation, expectation, hermite_coefficient, kernel
from rmtsym.simulate import Statistic
from rmtsym.theorem import Choice, Parameter, Quantity, Regime, Theorem
from rmtsym.theorem.certified import certified

FUNCTIONS = ("relu", "sign", "erf", "cos", "sin", "gauss")
ORDERS = range(7)

theorem = Theorem(
    id="hermite-facts",
    title="Hermite coefficients of activations",
    family="kernels",
    references=(
        "F. G. Mehler (1866), Über die Entwicklung einer Function von beliebig vielen Variablen, Crelle 66",
        "R. Price (1958), A useful theorem for nonlinear devices having Gaussian inputs, IRE Trans. Inf. Theory 4",
        "R. O'Donnell (2014), Analysis of Boolean Functions, chapter 11",
    ),
    assumptions=(
        r"$z\sim N(0,1)$, $E f(z)^2<\infty$",
        r"$He_k$ are the probabilists' Hermite polynomials: $He_{k+1}(z)=z\,He_k(z)-k\,He_{k-1}(z)$",
    ),
    parameters=(Parameter("f", "function", Choice("function", *FUNCTIONS), "f", default="relu"),),
    quantities=(
        *(Quantity(f"f{k}", f"Hermite coefficient of order {k}", rf"\hat f_{k}") for k in ORDERS),
        Quantity("nu", "variance of f(z)", r"\nu"),
    ),
    points={name: {"f": name} for name in FUNCTIONS},
)

# -- statement --------------------------------------------------------------------------------------------------------


def odd_product(n: int) -> sp.Integer:
    """n!! of an odd number, 1 for n = -1; (-3)!! = -1 continues it."""
    return factorial2(n) if n >= -1 else sp.Integer(-1)


def coefficient(name: str, k: int) -> sp.Expr:
    """Closed form of one coefficient, for every order."""
    m, odd = divmod(k, 2)
    sign, norm = sp.Integer(-1) ** m, sqrt(factorial(k))
    match name, odd:
        case "relu", 0:
            return -sign * odd_product(2 * m - 3) / sqrt(2 * pi) / norm
        case "relu", 1:
            return sp.S.Half if k == 1 else sp.S.Zero
        case "sign", 1:
            return sqrt(2 / pi) * sign * odd_product(2 * m - 1) / norm
        case "erf", 1:
            return 2 * sign * factorial(2 * m) / (sqrt(3 * pi) * 3**m * factorial(m) * norm)
        case ("cos", 0) | ("sin", 1):
            return sign * exp(-sp.S.Half) / norm
        case "gauss", 0:
            return sign * norm / (sqrt(2) * 4**m * factorial(m))
    return sp.S.Zero


VARIANCE = {
    "relu": sp.S.Half - 1 / (2 * pi),
    "sign": sp.S.One,
    "erf": 2 / pi * asin(sp.Rational(2, 3)),
    "cos": (1 + exp(-2)) / 2 - exp(-1),
    "sin": (1 - exp(-2)) / 2,
    "gauss": 1 / sqrt(3) - sp.S.Half,
}


def stated(name: str) -> FixedPointSystem:
    """Coefficients of orders 0 to 6 and the variance of one function."""
    return FixedPointSystem((), (), {**{f"f{k}": coefficient(name, k) for k in ORDERS}, "nu": VARIANCE[name]})


@theorem.statement
def statement() -> tuple[Regime, ...]:
    return tuple(Regime(stated(name), f"row == {i}", name) for i, name in enumerate(FUNCTIONS))


@theorem.binding
def binding(f: str) -> dict[str, Any]:
    """The row of the table."""
    return {"row": FUNCTIONS.index(f)}


# -- derivation -------------------------------------------------------------------------------------------------------

z, s = sp.symbols("z s", real=True)


def polynomial(k: int) -> sp.Expr:
    """He_k, from the library's normalised polynomial."""
    (t,) = activation("hermite", 1).definition.free_symbols
    return sp.expand(sqrt(factorial(k)) * activation("hermite", k).definition.subs(t, z)) if k else sp.S.One


@theorem.derivation
def derivation(proof: Any) -> None:
    """One Gaussian mean for each function; its Taylor coefficients are the Hermite coefficients."""
    recursion = proof.identity(
        "recursion",
        [Eq(polynomial(k + 1), z * polynomial(k) - k * polynomial(k - 1), evaluate=False) for k in range(1, 6)],
        "the polynomials of the library are the probabilists' ones",
    )
    parts = proof.identity(
        "by parts",
        [Eq(polynomial(k + 1), z * polynomial(k) - sp.diff(polynomial(k), z), evaluate=False) for k in range(6)],
        "(He_k p)' = -He_{k+1} p with p' = -z p, so E[f He_{k+1}] = E[f' He_k]: k derivatives give E[f He_k] = E f^(k)",
        uses=[recursion],
    )
    shift = proof.identity(
        "shift", Eq(-(z**2) / 2 + s * z - s**2 / 2, -((z - s) ** 2) / 2, evaluate=False),
        "E f(z + s) = E f(z) exp(s z - s^2/2): its k-th derivative at s = 0 is E[f He_k]", uses=[parts],
        wrong=[-((z + s) ** 2) / 2],
    )  # fmt: skip
    ends = {}
    for name in FUNCTIONS:
        f = activation(name)
        mean = expectation(f, 1, MU)
        moved = proof.moment(
            f"mean of {name} at a shift", Eq(sp.Symbol(f"mean_{name}"), mean.expr), "for z ~ N(mu, 1)",
            check=certified(mean), uses=[shift],
        )  # fmt: skip
        taylor = proof.identity(
            f"Taylor coefficients of {name}",
            [
                Eq(sqrt(factorial(k)) * coefficient(name, k), sp.diff(mean.expr, MU, k).subs(MU, 0), evaluate=False)
                for k in ORDERS
            ],
            "derivatives at mu = 0", uses=[moved],
        )  # fmt: skip
        centred = f - expectation(f, 1).expr
        moments = {f"f{k}": hermite_coefficient(f, k) for k in ORDERS} | {"nu": expectation(centred * centred, 1)}
        claims = [Eq(sp.Symbol(q), body, evaluate=False) for q, body in stated(name).outputs.items()]
        ends[name] = proof.moment(
            f"coefficients of {name}", claims, "normalised by the root of k!", uses=[taylor], check=certified(moments),
        )  # fmt: skip
    for name, end in ends.items():
        proof.conclude("the row", uses=[end], regime=name)


# -- experiment -------------------------------------------------------------------------------------------------------

#: Absolute resolution: a coefficient may be zero.
OBSERVED = tuple(Statistic(q.name, kind="exact", scale=1.0, resolution=2e-4) for q in theorem.quantities)


@theorem.experiment(statistics=OBSERVED, sizes=(1024, 4096))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Weighted means over Gaussians of variance 4 (a polynomial of order 6 lives in the tails), stratified.

    One draw from each of ``size`` equally likely intervals; a second such sample for the square of the mean.
    """
    function = activation(point["f"])
    z = 2 * ndtri((np.arange(size) + rng.random((2, size))) / size)
    weight = 2 * np.exp(-3 * z**2 / 8)  # density of variance 1 over density of variance 4
    f = function(z)
    means = np.mean(weight * f, axis=1)
    found = {
        f"f{k}": float(np.mean(weight * f * eval_hermitenorm(k, z)) / np.sqrt(float(factorial(k)))) for k in ORDERS
    }
    return {**found, "nu": float(np.mean(weight * f**2) - means[0] * means[1])}


@theorem.figure
def figure(page: Any) -> Any:
    """Size of the coefficients: kinks and jumps decay like powers, smooth functions faster."""
    from rmtsym.report.style import COLOURS, MARKERS, figure, points

    fig, axes = figure(7.2, 4.4)
    found = {(o.point, o.quantity): o for o in page.trial.simulated.outcomes}
    for i, name in enumerate(FUNCTIONS):
        orders = [k for k in range(1, 41) if coefficient(name, k) != 0]
        sizes = [abs(float(coefficient(name, k))) for k in orders]
        axes.plot(orders, sizes, color=COLOURS[i], marker=MARKERS[i], markersize=2.5, linewidth=1.0, label=name)
        seen = [o for o in found.values() if page.trial.simulated.named(o) == name and o.theory and o.quantity != "nu"]
        seen = [o for o in seen if o.quantity != "f0"]
        at = [int(o.quantity[1:]) for o in seen]
        points(axes, at, [abs(o.estimate) for o in seen], [o.se for o in seen], index=i)
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_ylim(1e-6, 2)
    axes.set_xlabel("order $k$")
    axes.set_ylabel(r"$|\hat f_k|$")
    axes.set_title("Hermite coefficients (lines: closed forms, open markers: simulation)")
    axes.legend(ncols=2)
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@functools.cache
def rest(name: str, terms: int) -> float:
    """Variance less the squares of the coefficients of orders 1 to ``terms``, in 40 digits."""
    total = sum(sp.N(coefficient(name, k) ** 2, 40) for k in range(1, terms + 1))
    return float(sp.N(VARIANCE[name], 40) - total)


@theorem.consequence(
    "Parseval: $\\nu=\\sum_{k\\ge1}\\hat f_k^2$, with a rest of order $K^{-3/2}$ for ReLU, $K^{-1/2}$ for sign"
)
def parseval(claim: Any) -> None:
    def slope(name: str) -> float:
        return float(np.log(rest(name, 400) / rest(name, 100)) / np.log(4))

    for name, exponent in (("relu", -1.5), ("sign", -0.5)):
        claim.holds(
            f"{name}: the rest falls with exponent {exponent} between 100 and 400 terms, within 0.02",
            lambda name=name, exponent=exponent: abs(slope(name) - exponent) < 0.02,
            wrong={
                "half an order faster": lambda name=name, exponent=exponent: abs(slope(name) - exponent + 0.5) < 0.02
            },
        )
    claim.holds(
        "smooth functions: nothing is left after 40 terms",
        lambda: all(abs(rest(name, 40)) < 1e-12 for name in ("cos", "sin", "gauss")) and abs(rest("erf", 60)) < 1e-12,
        wrong={"after 4": lambda: all(abs(rest(name, 4)) < 1e-12 for name in ("cos", "sin", "gauss"))},
    )


@theorem.consequence("kinks decay like $k^{-5/4}$, jumps like $k^{-3/4}$")
def decay(claim: Any) -> None:
    def exponent(name: str) -> float:
        low, high = (float(sp.N(abs(coefficient(name, k)), 30)) for k in ((200, 800) if name == "relu" else (201, 801)))
        return float(np.log(high / low) / np.log(4))

    for name, claimed in (("relu", -1.25), ("sign", -0.75)):
        claim.holds(
            f"{name}: exponent {claimed} between orders 200 and 800, within 0.01",
            lambda name=name, claimed=claimed: abs(exponent(name) - claimed) < 0.01,
            wrong={"a quarter more": lambda name=name, claimed=claimed: abs(exponent(name) - claimed - 0.25) < 0.01},
        )


@theorem.consequence("the closed forms hold at higher orders, too")
def higher_orders(claim: Any) -> None:
    def agree(shift: int) -> bool:
        for name in FUNCTIONS:
            mean = expectation(activation(name), 1, MU).expr
            series = [sp.diff(mean, MU, k).subs(MU, 0) / sqrt(factorial(k)) for k in (7, 8, 9, 10, 11)]
            forms = [coefficient(name, k + shift) for k in (7, 8, 9, 10, 11)]
            if any(abs(sp.N(a - b, 30)) > 1e-25 for a, b in zip(series, forms, strict=True)):
                return False
        return True

    claim.holds("orders 7 to 11, 25 digits", lambda: agree(0), wrong={"orders shifted by two": lambda: agree(2)})


@theorem.consequence(
    "Mehler: $E[h_j(u)h_k(v)]=\\delta_{jk}\\rho^k$ for correlation $\\rho$, "
    "hence $E[f(u)g(v)]=\\sum_k\\hat f_k\\hat g_k\\rho^k$"
)
def mehler(claim: Any) -> None:
    unit = {"deviations": (1, 1)}
    for j, k in ((1, 1), (2, 2), (3, 3), (4, 4)):
        found = kernel(activation("hermite", j), activation("hermite", k), **unit).expr
        claim.identity(Eq(found, RHO**k, evaluate=False), wrong=[k * RHO**k + 1, RHO ** (k + 1)])

    def orthogonal(shift: int) -> bool:
        pairs = [(j, k) for j in range(5) for k in range(5) if j != k]
        return all(
            sp.expand(kernel(activation("hermite", j), activation("hermite", k), **unit).expr) == shift
            for j, k in pairs
        )

    claim.holds("different orders: zero", lambda: orthogonal(0), wrong={"one": lambda: orthogonal(1)})


@theorem.consequence(
    "a derivative multiplies: $E f^{(k)}(z)=\\sqrt{k!}\\,\\hat f_k$, checked where the derivatives are functions"
)
def derivatives(claim: Any) -> None:
    def agree(normalised: bool) -> bool:
        for name in ("erf", "cos", "sin", "gauss"):
            f = activation(name)
            for k in range(1, 5):
                f = f.derivative()
                factor = sqrt(factorial(k)) if normalised else sp.S.One
                if abs(sp.N(expectation(f, 1).expr - factor * coefficient(name, k), 30)) > 1e-25:
                    return False
        return True

    claim.holds("orders 1 to 4, 25 digits", lambda: agree(True), wrong={"without the root": lambda: agree(False)})


# -- known wrong versions ---------------------------------------------------------------------------------------------


def physicists(name: str, k: int) -> sp.Expr:
    """E[f(z) H_k(z)]/sqrt(2^k k!) with the physicists' H_k(z) = 2^{k/2} He_k(sqrt(2) z)."""
    (t,) = activation("hermite", 1).definition.free_symbols
    scaled = sp.Poly(sp.expand(polynomial(k).subs(z, sqrt(2) * t)), t).all_coeffs()[::-1]
    return expectation(activation("polynomial", *scaled) * activation(name), 1).expr / sqrt(factorial(k))


for _name in FUNCTIONS:
    _orders = [k for k in ORDERS if k >= 2 and coefficient(_name, k) != 0]
    theorem.mutant(
        f"{_name}: not divided by the root of k!",
        outputs={f"f{k}": sqrt(factorial(k)) * coefficient(_name, k) for k in _orders},
        regime=_name,
    )
    theorem.mutant(
        f"{_name}: physicists' polynomials", outputs={f"f{k}": physicists(_name, k) for k in _orders}, regime=_name
    )
theorem.mutant(
    "relu: (2k-1)!! for (2k-3)!!",
    outputs={f"f{k}": (k - 1) * coefficient("relu", k) for k in (4, 6)},
    regime="relu",
)
theorem.mutant("sign: pointwise derivative", outputs={f"f{k}": sp.S.Zero for k in (1, 3, 5)}, regime="sign")
theorem.mutant("relu: second moment for variance", outputs={"nu": sp.S.Half}, regime="relu")
