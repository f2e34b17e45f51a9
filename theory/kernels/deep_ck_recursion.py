r"""Conjugate kernel of a deep network on a Gaussian mixture: four coefficients, layer by layer.

.. math:: K^{(l)}\simeq c_1X^\top X+c_2\,\delta\delta^\top+\tfrac{c_3}pJSJ^\top+c_0I,\qquad
   c_1'=s^2c_1,\quad c_2'=s^2c_2+\tfrac14r^2c_4^2,\quad c_3'=s^2c_3+\tfrac12r^2c_1^2,\quad c_4'=h\,c_4,

with s, r, h the means of :math:`\sigma'`, :math:`\sigma''`, :math:`\frac12(\sigma^2)''` of the layer at its own
variance; they are Taylor coefficients of the exact kernel, by Price's theorem.
"""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq, sqrt

from rmtsym.errors import DomainError
from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.gaussian import AA, AB, BB, TAU, derivative_moment
from rmtsym.gaussian.families import closed
from rmtsym.gaussian.numeric import ball_value
from rmtsym.gaussian.presentation import simplified
from rmtsym.theorem import POSITIVE, Names, Parameter, Quantity, Regime, Theorem, get, predict
from theory.kernels import layers
from theory.kernels.coefficients import Comparison, dropped, read_off, samples, statistics
from theory.kernels.layers import TABLE, Mean, Moments, any_layer, centred_kernel, centred_power, layer_of_matrix
from theory.kernels.rf_gaussian_kernel_closed_forms.derivation import price

theorem = Theorem(
    id="deep-ck-recursion",
    title="Conjugate kernels of deep networks",
    family="kernels",
    references=(
        "L. Gu, Y. Du, Y. Zhang, D. Xie, S. Pu, R. Qiu, Z. Liao (2022), 'Lossless' compression of deep neural "
        "networks: a high-dimensional neural tangent kernel approach, NeurIPS",
        "Z. Liao, R. Couillet (2018), On the spectrum of random features maps of high dimensional data, ICML, "
        "arXiv:1805.11916",
    ),
    assumptions=(
        r"$x_i=\mu_a/\sqrt p+\omega_i$, $\omega_i\sim N(0,C_a/p)$ for $i$ in class $a$; $n/p$ bounded, "
        r"$\|\mu_a\|$, $\|C_a\|$ bounded",
        r"$\tau_0^2=\operatorname{tr}C^\circ/p$ with $C^\circ$ the mean of the $C_a$, "
        r"$\operatorname{tr}(C_a-C^\circ)/\sqrt p$ bounded",
        r"infinitely wide layers, independent weights of mean 0 and variance 1 (over the width)",
        r"each activation is centred at the variance of its layer: $\mathbb E\sigma_l(\tau_{l-1}z)=0$",
        r"$\delta_i=\|x_i\|^2-\tau_0^2$, $S_{ab}=\operatorname{tr}(C_aC_b)/p$, $J$ the class indicators; "
        r"$\simeq$ means that the operator norm of the difference tends to 0",
    ),
    parameters=(
        Parameter("activations", "activations, first layer first", Names("activation", *layers.ACTIVATIONS)),
        Parameter("tau0", "root mean square length of the data", POSITIVE, r"\tau_0"),
        *layers.PARAMETERS,
    ),
    quantities=(
        Quantity("c1", "weight of the inner products", "c_1"),
        Quantity("c2", "weight of the lengths", "c_2"),
        Quantity("c3", "weight of the covariances", "c_3"),
        Quantity("c4", "slope of the diagonal in the squared length", "c_4"),
        Quantity("diagonal", "mean diagonal", r"\tau_L^2"),
        Quantity("c0", "weight of the identity", "c_0"),
    ),
    points={
        "A": {"activations": "relu,relu", "tau0": 1},
        "B": {"activations": "lrelu,sin,quad", "tau0": 1},
        "C": {"activations": "erf,abs", "tau0": "1.3"},
        "D": {"activations": "quad,cos,step", "tau0": "0.8"},
    },
    uses=("rf-gaussian-kernel-closed-forms", "ternary-random-features"),
)

# -- statement --------------------------------------------------------------------------------------------------------

tau0 = sp.Symbol("tau0", positive=True)
START = (sp.S.One, sp.S.Zero, sp.S.Zero, sp.S.One)
NAMES = ("c1", "c2", "c3", "c4")


def title(network: tuple[str, ...]) -> str:
    """Name of the regime of a network."""
    return ", ".join(network)


def symbols_of(layer: int, depth: int) -> tuple[Moments, tuple[sp.Symbol, ...]]:
    """Symbols of a layer: its moments (``power`` is the next variance) and c1, ..., c4; those of the last are bare."""
    last = layer == depth
    slope, bend, growth = sp.symbols(f"s_{layer} r_{layer} h_{layer}", real=True)
    power = sp.Symbol("diagonal" if last else f"v_{layer}", positive=True)
    return Moments(slope, bend, power, growth), tuple(sp.Symbol(n if last else f"{n}_{layer}") for n in NAMES)


def before(layer: int, depth: int) -> tuple[Any, tuple[Any, ...]]:
    """Variance and coefficients that enter a layer."""
    if layer == 1:
        return tau0**2, START
    moments, found = symbols_of(layer - 1, depth)
    return moments.power, found


def recursion(moments: Moments, old: tuple[Any, ...]) -> tuple[sp.Expr, ...]:
    """Coefficients after a layer with these moments."""
    new, symbols = any_layer()
    table = dict(zip(symbols, (*moments, *old), strict=True))
    return tuple(e.subs(table, simultaneous=True) for e in new)


def stated(network: tuple[str, ...]) -> FixedPointSystem:
    """Coefficients after the last layer."""
    outputs: dict[str, sp.Expr] = {}
    for layer, name in enumerate(network, 1):
        moments, found = symbols_of(layer, len(network))
        variance, old = before(layer, len(network))
        outputs |= {str(k): e for k, e in zip(moments, TABLE[name].at(variance), strict=True)}
        outputs |= {str(k): e for k, e in zip(found, recursion(moments, old), strict=True)}
    outputs["c0"] = sp.Symbol("diagonal") - tau0**2 * sp.Symbol("c1")
    return FixedPointSystem((), (), outputs)


@theorem.statement
def statement(activations: tuple[str, ...]) -> Regime:
    return Regime(stated(activations), name=title(activations))


@theorem.binding
def binding(activations: tuple[str, ...], lrelu: tuple[Fraction, ...], quad: tuple[Fraction, ...]) -> dict[str, Any]:
    """Coefficients of the activations, one by one; a constant layer may only be the last."""
    for layer, name in enumerate(activations[:-1], 1):
        if not any({"lrelu": lrelu, "quad": quad}.get(name, (1,))):
            raise DomainError(
                name, "0,0", "an activation that is not constant",
                f"layer {layer} of {title(activations)} has variance zero, and the next one would get no input",
            )  # fmt: skip
    return layers.letters(lrelu, quad)


# -- derivation -------------------------------------------------------------------------------------------------------

eps, X, S, D_i, D_j = sp.symbols("epsilon X S delta_i delta_j", real=True)


def expanded(name: str, variance: Any, old: tuple[Any, ...]) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Exact image of an entry of order eps = p^{-1/2}: its first and second order in eps, and the diagonal's first."""
    entry = eps * old[0] * X + eps**2 * (old[1] * D_i * D_j + old[2] * S)
    table = {AB: entry, AA: layers.v + eps * old[3] * D_i, BB: layers.v + eps * old[3] * D_j}
    image = centred_kernel(name).subs(table, simultaneous=True)
    on = centred_power(name).subs(AA, table[AA])
    first, second, slope = image.diff(eps), image.diff(eps, 2) / 2, simplified(on.diff(eps))
    found = (e.subs(eps, 0).subs(layers.v, variance) for e in (first, second, slope))
    return tuple(found)  # type: ignore[return-value]


def generic_steps(proof: Any, heat: Any) -> list[Any]:
    """The recursion of any activation: nothing but Price's theorem, in the covariance and in the two variances."""
    new, (slope, bend, _, growth, *old) = any_layer()
    entry = eps * old[0] * X + eps**2 * (old[1] * D_i * D_j + old[2] * S)
    left, right = (layers.v + eps * old[3] * d for d in (D_i, D_j))
    image = sum(entry**k / sp.factorial(k) * Mean(1, k, left) * Mean(1, k, right) for k in range(4))
    known = {Mean(1, 0, layers.v): 0, Mean(1, 1, layers.v): slope, Mean(1, 2, layers.v): bend}  # centred
    first, second = ((image.diff(eps, k) / k).subs(eps, 0).subs(known) for k in (1, 2))
    on = Mean(2, 0, left).diff(eps).subs(eps, 0).subs(Mean(2, 2, layers.v), 2 * growth)
    pairs = second.subs(X, 0).diff(D_i)
    shapes = second.subs({X: sqrt(S), D_i: 0, D_j: 0})
    rows: list[tuple[str, int, Any, Any, list[Any]]] = [
        ("inner products", 0, first, X, [slope * old[0], bend**2 * old[0]]),
        ("lengths", 1, pairs, D_j, [new[1] + bend**2 * old[3] ** 2 / 4, new[1].subs(old[3], sqrt(old[3]))]),
        ("covariances", 2, shapes, S, [new[2] + bend**2 * old[0] ** 2 / 2, new[2].subs(old[0], sqrt(old[0]))]),
        ("diagonal", 3, on, D_i, [slope**2 * old[3], growth * old[3] / 2]),
    ]
    return [
        proof.derivative(
            f"any layer: {what}", Eq(sp.Symbol(f"new_{k + 1}"), new[k], evaluate=False),
            "Price's theorem in the covariance and in both variances, the activation centred", of=of, by=by,
            uses=[heat], wrong=wrong,
        )
        for what, k, of, by, wrong in rows
    ]  # fmt: skip


def layer_steps(proof: Any, network: tuple[str, ...], layer: int, heat: Any) -> list[Any]:
    """One layer: moments, then each coefficient as a Taylor coefficient of the exact kernel."""
    name, (moments, found) = network[layer - 1], symbols_of(layer, len(network))
    variance, old = before(layer, len(network))
    label = f"{title(network)}: layer {layer}"
    known = layers.moments_step(proof, label, name, moments, variance)
    first, second, diagonal = expanded(name, variance, old)
    slope, bend, _, growth = moments
    new = recursion(moments, old)
    row = dict(zip(moments, TABLE[name], strict=True))  # odd functions have no bend, even ones no slope

    def step(what: str, k: int, of: Any, by: Any, reason: str, wrong: list[Any]) -> Any:
        return proof.derivative(
            f"{label}, {what}", Eq(found[k], new[k], evaluate=False), reason, of=of, by=by, uses=[known, heat],
            wrong=[*(w for w in wrong if (w - new[k]).subs(row) != 0), new[k] + 1],
        )  # fmt: skip

    pairs = second.subs(X, 0).diff(D_i)
    return [
        known,
        step("inner products", 0, first, X, "first order: Price puts one derivative on each feature",
             [slope * old[0], slope**2]),
        step("lengths", 1, pairs, D_j, "second order: a variance puts half of two derivatives on one feature",
             [slope**2 * old[1] + bend**2 * old[3] ** 2 / 2, slope**2 * old[1] + bend**2 * old[3] / 8]),
        step("covariances", 2, second.subs({X: sqrt(S), D_i: 0, D_j: 0}), S,
             "second order: half of two derivatives each, with the mean S for X^2",
             [slope**2 * old[2] + bend**2 * old[0] ** 2 / 4, slope**2 * old[2] + bend**2 * old[0] / 3]),
        step("diagonal", 3, diagonal, D_i, "first order of E s^2 in the variance, the centring kept",
             [slope**2 * old[3] + 1, growth + old[3] + 1]),
    ]  # fmt: skip


def exact_kernel(point: dict[str, Any], x: np.ndarray) -> np.ndarray:
    """The conjugate kernel itself, by closed forms, entry by entry."""
    given = layers.letters(point["lrelu"], point["quad"])
    kernel = x.T @ x
    variance = float(point["tau0"]) ** 2
    for name in point["activations"]:
        kernel = layer_of_matrix(kernel, name, given, variance)
        variance = layers.next_variance(name, given, variance)
    return kernel


compared = Comparison(theorem, exact_kernel)


@theorem.derivation
def derivation(proof: Any) -> None:
    """Each layer expands the exact kernel of the layer before; remainders and the whole are checked by their rate."""
    heat = price(proof)
    rest = proof.assume(
        "small stays small", "what has a vanishing operator norm before a layer has one after it; third order vanishes",
        "Gu et al. (2022), Theorem 1, in the operator norm", uses=[dropped(proof)],
    )  # fmt: skip
    left = proof.define(
        Eq(sp.Symbol("c0"), sp.Symbol("diagonal") - tau0**2 * sp.Symbol("c1")),
        "on the diagonal X'X has tau_0^2, the other two terms are of order 1/p", uses=[rest],
    )  # fmt: skip
    generic = generic_steps(proof, heat)
    for label in theorem.points:
        network = theorem.point(label)["activations"]
        steps = [s for layer in range(1, len(network) + 1) for s in layer_steps(proof, network, layer, heat)]
        whole = proof.asymptotic(
            f"{title(network)}: exact kernel", "exact kernel less equivalent tends to zero in operator norm",
            "a mixture of three classes that differ in mean, trace and shape", uses=[*generic, *steps, left],
            deviation=lambda rng, p, label=label: compared.error(label, rng, p), sizes=(64, 128, 256), replicates=48,
        )  # fmt: skip
        proof.conclude("the recursion", uses=[*steps, left, whole], regime=title(network))


# -- experiment -------------------------------------------------------------------------------------------------------


@theorem.experiment(points=("A", "B"), sizes=(400, 800), laws=("gauss", "unif"), statistics=statistics())
@theorem.experiment(points=("C",), sizes=(400, 800), laws=("gauss", "unif"), statistics=statistics(c1=0.2))
@theorem.experiment(points=("D",), sizes=(400, 800), laws=("gauss", "unif"), statistics=statistics(c1=0.2, c4=0.2))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Exact kernel matrix of 40 samples in ``size`` dimensions, and its products with what each coefficient weighs."""
    x = samples(rng, size, law, float(point["tau0"]))
    return read_off(x, exact_kernel(point, x), float(point["tau0"]), law)


TITLES = {label: title(theorem.point(label)["activations"]) for label in theorem.points}


@theorem.figure
def figure(page: Any) -> Any:
    """Error against the dimension; eigenvalues of exact kernels and equivalents, mixture and digits."""
    return compared.figure(page, {label: TITLES[label] for label in ("A", "B")}, "two ReLU layers")


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("one layer: $c_1=d_1$, $c_2=d_2$, $c_3=2d_2$, $c_0=d_0$ of the kernel of random features")
def one_layer(claim: Any) -> None:
    other = get("ternary-random-features")
    points = [
        {"activations": name, "tau0": Fraction(6, 5), "quad": "0.3,0.7"} for name in ("relu", "quad", "erf", "step")
    ]

    def theirs(point: Any, name: str) -> Any:
        given = {"target": point["activations"], "tau": point["tau0"] ** 2, "quad": "0.3,0.7,1", "r": 2}
        return predict(other, given, 30, [name])[name].ball

    for mine, name, factor in (("c1", "d1", 1), ("c2", "d2", 1), ("c3", "d2", 2), ("c0", "d0", 1)):
        claim.equal(
            lambda p, mine=mine: claim.value(mine, p), lambda p, n=name, f=factor: f * theirs(p, n),
            points if name != "d2" else points[:2], f"{mine} = {factor if factor > 1 else ''}{name}",
        )  # fmt: skip


@theorem.consequence("$c_4=d\\tau_L^2/d\\tau_0^2$, the slope of the variance map; for ReLU $c_4=\\tau_L^2/\\tau_0^2$")
def slope_of_the_diagonal(claim: Any) -> None:
    def slope(point: Any) -> Any:
        power: Any = tau0**2
        for name in point["activations"]:
            power = TABLE[name].power.subs(layers.v, power)
        given = {"tau0": point["tau0"], **layers.letters(point["lrelu"], point["quad"])}
        body = power.diff(tau0) / (2 * tau0)
        numbers = {s: sp.Rational(given[s.name].numerator, given[s.name].denominator) for s in body.free_symbols}
        return ball_value(body.subs(numbers), (), ())

    points = [theorem.point(label) for label in ("A", "B", "C")]
    claim.equal(lambda point: claim.value("c4", point), slope, points, "chain rule through two or three layers")
    claim.identity(Eq(sp.Symbol("c4"), sp.Symbol("diagonal") / tau0**2, evaluate=False), regime=TITLES["A"])


@theorem.consequence(
    "ReLU networks: $c_1=4^{-L}$; $c_3/c_1$ has a limit, $c_2/c_1$ grows like $(2-2/\\pi)^L$: depth sees lengths"
)
def relu_networks(claim: Any) -> None:
    points = [{"activations": ("relu",) * depth, "tau0": "1"} for depth in (1, 2, 3, 6, 12)]

    def geometric(ratio: Any, point: Any) -> Any:
        return (ratio ** len(point["activations"]) - 1) / (ratio - 1)

    def ratio(name: str) -> Any:
        return lambda p: claim.value(name, p).ball / claim.value("c1", p).ball

    growth = 2 - 2 / arb.pi()
    claim.equal(lambda p: claim.value("c1", p), lambda p: arb(4) ** -len(p["activations"]), points, "c1 = 4^-L")
    claim.equal(ratio("c2"), lambda p: geometric(growth, p) / (2 * arb.pi()), points, "c2/c1: a growing geometric sum")
    claim.equal(ratio("c3"), lambda p: geometric(1 / growth, p) / arb.pi(), points, "c3/c1: a convergent one")


@theorem.consequence("odd activations see means only, whatever the depth; one even layer hides the means")
def parity(claim: Any) -> None:
    def zero(network: str, *names: str) -> bool:
        values = theorem.values(theorem.point("B", activations=network))
        return all(float(values[name]) == 0 for name in names)

    claim.holds(
        "sin, erf, sin: c2 = c3 = 0", lambda: zero("sin,erf,sin", "c2", "c3"),
        wrong={"one ReLU before them": lambda: zero("relu,erf,sin", "c2"),
               "one ReLU among them": lambda: zero("sin,relu,sin", "c3")},
    )  # fmt: skip
    claim.holds(
        "relu, cos, relu: c1 = 0", lambda: zero("relu,cos,relu", "c1"),
        wrong={"c3": lambda: zero("relu,cos,relu", "c3")},
    )  # fmt: skip


@theorem.consequence(
    "the identity has the weight $\\tau_L^2-\\tau_0^2c_1$; subtracting $\\tau_0^4c_3$ too leaves an error. With the "
    "right one an eighth of the diagonal is left for two ReLU layers at $p=512$, $n=256$"
)
def identity_weight(claim: Any) -> None:
    compared.weight_of_identity(claim, {label: TITLES[label] for label in ("A", "B")})

    def is_share(expected: float) -> bool:
        rng, power = np.random.default_rng(6), compared.values("A")["diagonal"]
        return bool(abs(np.mean([compared.error("A", rng, 512) for _ in range(6)]) / power / expected - 1) < 0.15)

    wrong = {f"1/{k}": lambda k=k: is_share(1 / k) for k in (6, 11)}
    claim.holds("an eighth of the diagonal", lambda: is_share(1 / 8), wrong=wrong)


@theorem.consequence(
    "handwritten digits are no such mixture: the error is 25.5 % of the kernel's norm for two ReLU layers, 38 % for "
    "lrelu, sin, quad; it is larger without any one of the four terms"
)
def real_digits(claim: Any) -> None:
    compared.on_digits(claim, {"A": (TITLES["A"], "0.255"), "B": (TITLES["B"], "0.380")})


# -- known wrong versions ---------------------------------------------------------------------------------------------

_CODE = "Model-Compression/Lossless_Compression, spectral_characteristics/tilde_CK.py, weight of the identity"
for _label in theorem.points:
    _network = theorem.point(_label)["activations"]
    _depth, _regime = len(_network), title(_network)
    _moments, _ = symbols_of(_depth, _depth)
    _variance, _old = before(_depth, _depth)
    _slope, _bend = _moments.slope**2, _moments.bend**2
    if TABLE[_network[-1]].bend != 0:
        theorem.mutant(
            f"{_regime}: 1/2 and 1/4 swapped", regime=_regime,
            outputs={
                "c2": _slope * _old[1] + _bend * _old[3] ** 2 / 2, "c3": _slope * _old[2] + _bend * _old[0] ** 2 / 4,
            },
        )  # fmt: skip
        theorem.mutant(
            f"{_regime}: c4 unsquared", outputs={"c2": _slope * _old[1] + _bend * _old[3] / 4}, regime=_regime
        )
        theorem.mutant(
            f"{_regime}: c1 unsquared", outputs={"c3": _slope * _old[2] + _bend * _old[0] / 2}, regime=_regime
        )
        _f = layers.function(_network[-1])
        _plain = (closed(derivative_moment(_f * _f, 2)) / 2).subs(TAU, _variance)
        theorem.mutant(f"{_regime}: activation not centred", outputs={str(_moments.growth): _plain}, regime=_regime)
    _early: dict[str, sp.Expr] = {}
    for _layer, _name in enumerate(_network, 1):
        _early |= dict(zip(map(str, symbols_of(_layer, _depth)[0]), TABLE[_name].at(tau0**2), strict=True))
    theorem.mutant(f"{_regime}: moments at tau_0 in all layers", outputs=_early, regime=_regime)
    theorem.mutant(
        f"{_regime}: tau_0^4 c3 subtracted from the identity", regime=_regime, source=_CODE,
        outputs={"c0": sp.Symbol("diagonal") - tau0**2 * sp.Symbol("c1") - tau0**4 * sp.Symbol("c3")},
    )  # fmt: skip
