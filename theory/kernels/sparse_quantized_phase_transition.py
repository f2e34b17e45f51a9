r"""Sparse and quantised kernels of two classes: phase transition of the largest eigenvalue and its vector.

.. math::  F(x)=x^4+2x^3+\Big(1-\frac{c\nu}{a_1^2}\Big)x^2-2cx-c,\qquad
           \frac{|\hat v^{\sf T}v|^2}n\to\alpha=\frac{F(\rho)}{\rho(1+\rho)^3}\quad(\rho>\gamma,\ F(\gamma)=0).

The statement is typed; the derivation adds the classes to the kernel of the noise as a matrix of rank two and follows
its pole.  Sources: Liao, Couillet and Mahoney (2021); Zarrouk, Couillet, Chatelain and Le Bihan (2020).
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache, lru_cache, partial
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.field.ball import precision
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.gaussian import Function, activation, expectation, hermite_coefficient
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import (
    POSITIVE,
    Choice,
    Count,
    Evidence,
    Interval,
    Parameter,
    Quantity,
    Regime,
    Theorem,
    get,
    predict,
)
from rmtsym.theorem.certified import certified
from theory.kernels.inner_product_limiting_law import DIGITS, SPOT, a1, c, coefficients, h, m, nu, place, transform, z

theorem = Theorem(
    id="sparse-quantized-phase-transition",
    title="Clustering with sparse and quantised kernels",
    family="kernels",
    references=(
        "Z. Liao, R. Couillet, M. W. Mahoney (2021), Sparse quantized spectral clustering, ICLR, arXiv:2010.01376",
        "T. Zarrouk, R. Couillet, F. Chatelain, N. Le Bihan (2020), Performance-complexity trade-off in large "
        "dimensional statistics, MLSP",
    ),
    assumptions=(
        r"$X=Z+\mu v^{\sf T}$: two classes $v_i=\pm1$ with means $\pm\mu$, $|\mu|^2\to\rho$; the entries of "
        r"the $p\times n$ matrix $Z$ are independent, centred, of unit variance; $p/n\to c$",
        r"$K_{ij}=f(x_i^{\sf T}x_j/\sqrt p)/\sqrt p$ for $i\ne j$, $K_{ii}=0$, $f$ odd with $a_1=E\,\xi f(\xi)>0$; or "
        r"$K_{ij}=B_{ij}x_i^{\sf T}x_j/p$ with a symmetric random mask $B$",
    ),
    parameters=(
        Parameter("f", "what is kept of an inner product",
                  Choice("function", "sparse", "quantized", "binary", "sign", "linear", "mask"), "f"),
        Parameter("s", "threshold over root two, of sparse, quantized and binary", POSITIVE, "s", default="1"),
        Parameter("bits", "bits of the quantised function", Count(2, 8), "M", default="2"),
        Parameter("eps", "share of the entries that the mask keeps", Interval(0, 1, closed="right"), r"\varepsilon",
                  default="1"),
        Parameter("c", "dimension over number of samples", POSITIVE, "c"),
        Parameter("rho", "squared norm of the class mean", POSITIVE, r"\rho"),
    ),
    quantities=(
        Quantity("gamma", "least signal that is seen", r"\gamma", observable=False),
        Quantity("eig", "largest eigenvalue", r"\hat\lambda"),
        Quantity("alignment", "squared cosine of its vector and the classes", r"\alpha"),
        Quantity("error", "share of samples that the signs of the vector misclassify", r"P_{\mathrm{err}}"),
    ),
    points={
        "A": {"f": "sparse", "s": "0.8", "c": "0.5", "rho": "2.5"},
        "B": {"f": "binary", "s": "0.43", "c": "0.25", "rho": "1.2"},
        "C": {"f": "mask", "eps": "0.3", "c": "0.25", "rho": "2"},
        "D": {"f": "quantized", "s": "0.7", "bits": "2", "c": "0.5", "rho": "3"},
        "H": {"f": "sign", "c": "0.5", "rho": "0.25"},
    },
    uses=("inner-product-limiting-law", "marchenko-pastur"),
)  # fmt: skip

# -- statement --------------------------------------------------------------------------------------------------------

gamma, rho = sp.symbols("gamma rho", positive=True)
eig, alignment, error = sp.symbols("eig alignment error")


def F(x: Any) -> Any:
    """The quartic, which has one positive root."""
    return x**4 + 2 * x**3 + (1 - c * nu / a1**2) * x**2 - 2 * c * x - c


def G(x: Any) -> Any:
    """The point at which the transform of the noise is -c/(a1 (1 + x))."""
    return a1 / c * (1 + x) + a1 / x + (nu - a1**2) / a1 / (1 + x)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """A signal that is seen, and one that is not."""
    excess = nu / a1**2 - 1
    threshold = FixedPointSystem(
        (Unknown(gamma, meaning="positive root of F"),),
        (Eq(gamma, c / gamma + c * excess * gamma / (1 + gamma) ** 2),),
        {"gamma": gamma},
        continuation=Continuation.homotopy({gamma: sp.sqrt(c * nu) / a1}),
    )
    seen = {
        "eig": G(rho),
        "alignment": F(rho) / (rho * (1 + rho) ** 3),
        "error": sp.erfc(sp.sqrt(alignment / (2 - 2 * alignment))) / 2,
    }
    hidden = FixedPointSystem(
        threshold.unknowns,
        threshold.equations,
        {"gamma": gamma, "eig": G(gamma), "alignment": sp.Integer(0), "error": sp.Rational(1, 2)},
        continuation=threshold.continuation,
    )
    return (
        Regime((threshold, FixedPointSystem((), (), seen)), "visible == 1", "seen"),
        Regime(hidden, "visible == 0", "not seen"),
    )


@lru_cache(maxsize=64)
def function(f: str, s: Fraction, bits: int) -> Function:
    """The function of the inner products; a mask keeps them as they are."""
    cut = sp.sqrt(2) * sp.Rational(s)
    if f == "quantized":
        return activation("quantizer", bits, cut)
    if f in ("sparse", "binary"):
        return activation("threshold_linear" if f == "sparse" else "threshold_sign", cut)
    return activation("sign" if f == "sign" else "linear")


@cache
def slope_and_variance(f: str, s: Fraction, bits: int, eps: Fraction) -> tuple[Any, Any]:
    """First Hermite coefficient and variance, as balls; the share of a mask is both."""
    with precision(4 * DIGITS):
        if f in ("mask", "linear"):
            share = eps if f == "mask" else Fraction(1)
            return (arb(share.numerator) / share.denominator,) * 2
    _, slope, _, variance = coefficients(function(f, s, bits))
    return slope, variance


@theorem.binding
def binding(f: str, s: Fraction, bits: int, eps: Fraction, c: Fraction, rho: Fraction) -> dict[str, Any]:
    """Coefficients of the function, and whether the signal is above the threshold: the sign of F there."""
    slope, variance = slope_and_variance(f, s, bits, eps)
    with precision(4 * DIGITS):
        ratio, x = (arb(value.numerator) / value.denominator for value in (c, rho))
        at = (x**2 - ratio) * (1 + x) ** 2 - ratio * (variance / slope**2 - 1) * x**2
        return {"a1": slope, "nu": variance, "visible": int(at > 0)}


# -- draws ------------------------------------------------------------------------------------------------------------


def data(rng: np.random.Generator, p: int, n: int, signal: float, law: str = "gauss") -> tuple[np.ndarray, ...]:
    """Noise, classes +-1 in turn, and the mean in a random direction."""
    noise, v = entries(rng, (p, n), law), np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    mean = rng.standard_normal(p)
    return noise, v, mean * np.sqrt(signal) / np.linalg.norm(mean)


def kernel(inner: Any, x: np.ndarray) -> np.ndarray:
    """Kernel of the columns of x, without its diagonal."""
    root = np.sqrt(len(x))
    table = inner(x.T @ x / root) / root
    np.fill_diagonal(table, 0.0)
    return table


def applied(point: Any, t: np.ndarray) -> np.ndarray:
    """The function of the kernel, in floats and as it is defined."""
    f, cut, cells = point["f"], np.sqrt(2) * float(point["s"]), 2.0 ** (point["bits"] - 2)
    if f in ("linear", "mask"):
        return t
    if f == "quantized":
        return np.where(np.abs(t) <= cut, (np.floor(t * (cells / cut)) + 0.5) / cells, np.sign(t))
    kept = t if f == "sparse" else np.sign(t)
    return kept if f == "sign" else kept * (np.abs(t) > cut)


def top(table: np.ndarray, start: np.ndarray) -> tuple[float, np.ndarray]:
    """Largest eigenvalue and its vector of unit length, with a positive product with ``start``."""
    from scipy.sparse.linalg import eigsh

    value, vector = eigsh(table, k=1, which="LA", v0=start, tol=1e-10)
    return float(value[0]), vector[:, 0] * np.sign(vector[:, 0] @ start)


def _pieces(rng: np.random.Generator, size: int, signal: float = 2.0) -> tuple[np.ndarray, ...]:
    """erf at p/n = 1/2: kernels of data and of noise, what the classes add, v, Z'mu."""
    inner, slope = activation("erf"), float(coefficients("erf")[1])
    noise, v, mean = data(rng, size // 2, size, signal)
    w = noise.T @ mean
    added = 2 * slope / size * (signal * np.outer(v, v) + np.outer(v, w) + np.outer(w, v))
    return kernel(inner, noise + np.outer(mean, v)), kernel(inner, noise), added, v, w


def _rank_two(rng: np.random.Generator, size: int) -> float:
    ours, white, added, *_ = _pieces(rng, size)
    return float(np.linalg.norm(ours - white - added, 2))


def _forms(which: str):
    """Forms of v and w = Z'mu in the resolvent of the noise, less their equivalents in its trace."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        _, white, _, v, w = _pieces(rng, size)
        q, slope = np.linalg.inv(white - SPOT * np.eye(size)), float(coefficients("erf")[1])
        trace = 2 * np.trace(q) / size  # over p
        found = {
            "vv": 2 * (v @ q @ v) / size - trace,
            "vw": 2 * (v @ q @ w) / size,
            "ww": 2 * (w @ q @ w) / size - 2.0 * trace / (1 + slope * trace),
        }
        return float(abs(found[which]))

    return deviation


def _residue(rng: np.random.Generator, size: int) -> float:
    """Alignment plus the residue of the limit of the form, by a contour integral over a measured trace; rho = 4."""
    ours, white, _, v, _ = _pieces(rng, size, 4.0)
    slope, ratio, centre = float(coefficients("erf")[1]), 0.5, _edge("erf") + 3.5
    circle = centre + 2.0 * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    trace = np.mean(1 / (np.linalg.eigvalsh(white) - circle[:, None]), axis=1)
    form = trace * (ratio + slope * trace) / (ratio + slope * 5.0 * trace)
    return float(top(ours, v)[1] @ v) ** 2 / size + float(np.mean(form * (circle - centre)).real)


def _normal(rng: np.random.Generator, size: int) -> float:
    """Share of wrong signs, less that of a normal law with the alignment of the vector; rho = 2."""
    from scipy.special import erfc

    ours, _, _, v, _ = _pieces(rng, size)
    vector = top(ours, v)[1]
    found = float(vector @ v) ** 2 / size
    return float(np.mean(vector * v < 0) - erfc(np.sqrt(found / (2 - 2 * found))) / 2)


def _hidden(part: str):
    """Signal 1/10, under the threshold: largest eigenvalue less the edge, or the cosine; sign at c = 1/2."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        noise, v, mean = data(rng, size // 2, size, 0.1)
        value, vector = top(kernel(np.sign, noise + np.outer(mean, v)), v + rng.standard_normal(size))
        if part == "cosine":
            return float(vector @ v) / np.sqrt(size)
        return value - _edge("sign")

    return deviation


@cache
def _edge(f: str, ratio: Fraction = Fraction(1, 2)) -> float:
    """Right end of the spectrum of the noise."""
    law = get("inner-product-limiting-law")
    return float(predict(law, law.point("A", f=f, c=ratio), 12, ["edge_upper"])["edge_upper"])


# -- derivation -------------------------------------------------------------------------------------------------------


def _tail(claim: Eq) -> Evidence:
    """A probability that a normal variable exceeds the root of alpha/(1 - alpha), by a rigorous integral."""
    from flint import acb, ctx

    from rmtsym.field.evaluate import BALL, evaluate

    with ctx.workprec(128):
        for share in (Fraction(1, 10), Fraction(1, 2), Fraction(9, 10)):
            ratio = share / (1 - share)
            start = (arb(ratio.numerator) / ratio.denominator).sqrt()
            mass = acb.integral(lambda t, _: (-t * t / 2).exp(), acb(start), acb(40)).real / (2 * arb.pi()).sqrt()
            if not (mass + arb(0, 1e-60)).overlaps(evaluate(claim.rhs, {"alignment": share}, BALL(128))):
                return Evidence.of(False, "rigorous integral", message=f"at alpha = {share}")
    return Evidence.of(True, "rigorous integral", resolution=1e-30)


def coefficients_of(s: sp.Symbol) -> dict[str, tuple[Function, sp.Expr, sp.Expr]]:
    """Functions with the threshold sqrt(2) s, their first coefficient and their variance, as printed."""
    cut, gauss, root = sp.sqrt(2) * s, sp.exp(-(s**2)), sp.sqrt(sp.pi)
    sparse = sp.erfc(s) + 2 * s / root * gauss
    found = {
        "sparse": (activation("threshold_linear", cut), sparse, sparse),
        "binary": (activation("threshold_sign", cut), sp.sqrt(2) / root * gauss, sp.erfc(s)),
    }
    for bits in (2, 3):
        k = 2 ** (bits - 2)
        inner = sum((sp.exp(-((j * s / k) ** 2)) for j in range(1, k)), sp.S.Zero)
        first = sp.sqrt(2 / sp.pi) * sp.Rational(1, 2 ** (bits - 1)) * (1 + gauss + 2 * inner)
        steps = sum((sp.Rational(2 * j, k**2) * sp.erf(j * s / k) for j in range(1, k)), sp.S.Zero)
        second = 1 - sp.erf(s) * (1 - (1 - sp.Rational(1, 2 * k)) ** 2) - steps
        found[f"quantized_{bits}"] = (activation("quantizer", bits, cut), first, second)
    return found


@theorem.derivation
def derivation(proof: Any) -> None:
    """The classes add a matrix of rank two to the kernel of the noise; its pole is the eigenvalue."""
    sampling = dict(replicates=192, sizes=(24, 48, 96))
    s = sp.Symbol("s", positive=True)
    named = []
    for name, (f, first, second) in coefficients_of(s).items():
        moments = {sp.Symbol(f"a1_{name}"): hermite_coefficient(f, 1), sp.Symbol(f"nu_{name}"): expectation(f * f, 1)}
        claims = [Eq(symbol, value) for symbol, value in zip(moments, (first, second), strict=True)]
        named.append(proof.moment(f"coefficients of {name}", claims, "threshold sqrt(2) s", check=certified(moments)))
    share, keep, first, square = sp.symbols("share eps a1_mask nu_mask")
    mask = proof.define(Eq(share, keep), "mean and mean square of an entry of the mask")
    masked = proof.substitute(
        "coefficients of mask", [Eq(first, keep), Eq(square, keep)], "mean of Bt times t, and of its square",
        uses=[mask, proof.define(Eq(first, share), "E Bt t"), proof.define(Eq(square, share), "E (Bt)^2")],
    )  # fmt: skip

    # rank two
    low_rank = proof.asymptotic(
        "classes in the kernel", "K = K_N + a1/p (rho vv' + vw' + wv'), w = Z'mu",
        "x_i'x_j = z_i'z_j + O(1): f is moved by its mean slope a1; operator norm of the rest, for erf",
        deviation=_rank_two, uses=[*named, masked], **sampling,
    )  # fmt: skip
    size = sp.Symbol("k", integer=True, positive=True)
    A, K = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("K", size, size)
    e, v, w, u = (sp.MatrixSymbol(name, size, 1) for name in ("e", "v", "w", "u"))
    one, identity, a = sp.Identity(1), sp.Identity(size), sp.Symbol("a")
    root = A * A.T  # any symmetric matrix will do
    form = lambda left, right: sp.Trace(root.I * right * left.T)  # noqa: E731
    vv, vw, ww = form(v, v), form(v, w), form(w, w)
    bottom = (1 + a * (rho * vv + vw)) * (1 + a * vw) - a**2 * vv * (rho * vw + ww)
    changed = root + a * (rho * v * v.T + v * w.T + w * v.T)
    rank_two = proof.identity(
        "rank two", Eq(sp.Trace(changed.I * v * v.T) * bottom, vv, evaluate=False),
        "for every symmetric matrix and all v, w; here a = a1/p and the matrix is K_N - z", wrong=[ww, 2 * vv],
        uses=[low_rank],
    )  # fmt: skip
    P, M, W, g = sp.symbols("P M W g")
    spiked = proof.define(
        Eq(g, P / ((1 + a1 * (rho * P + M)) * (1 + a1 * M) - a1**2 * P * (rho * M + W))),
        "v'(K - z)^{-1}v/p, with the forms P of v, M of v and w, W of w in the resolvent of the noise, over p",
        uses=[rank_two],
    )  # fmt: skip
    engine = proof.engine("kernel of the noise", transform(), "inner-product-limiting-law", output=m)
    linear = a1**2 * m / (c + a1 * m)
    cubic = proof.substitute(
        "curve", Eq(1, -m * (z + linear + (nu - a1**2) * m / c), evaluate=False), "in the transform alone",
        uses=[engine],
    )  # fmt: skip
    own = proof.asymptotic(
        "form of the classes", Eq(P, m / c), "v is independent of the noise; tr/p = m/c", deviation=_forms("vv"),
        uses=[engine], **sampling,
    )  # fmt: skip
    mixed = proof.asymptotic(
        "no mixed form", Eq(M, 0, evaluate=False), "the sign of mu is free", deviation=_forms("vw"), uses=[], **sampling
    )
    row = proof.identity(
        "one row of the noise", Eq((A + a * e * e.T).I * e * (one + a * e.T * A.I * e), A.I * e, evaluate=False),
        "w is sqrt(rho) times a row of Z in rotated coordinates, and the kernel's linear part contains a1 ww'/(rho p)",
    )  # fmt: skip
    along = proof.asymptotic(
        "form of the row", Eq(W, rho * (m / c) / (1 + a1 * m / c), evaluate=False), "without it row and resolvent are "
        "independent", deviation=_forms("ww"), uses=[row, engine], **sampling,
    )  # fmt: skip
    spiked_form = proof.substitute(
        "form of the classes with them", Eq(g * c * (c + a1 * (1 + rho) * m), m * (c + a1 * m), evaluate=False),
        "the determinant factorises; its only zero: c + a1 (1 + rho) m = 0", uses=[spiked, own, mixed, along],
    )  # fmt: skip
    uniform = proof.assume(
        "no other eigenvalue off the bulk",
        "K_N has no eigenvalue off the bulk (a_2 = 0) and the forms converge uniformly there, so that poles and "
        "residues do",
        "Z. Fan, A. Montanari (2019), The spectral norm of random inner-product kernel matrices; Hurwitz's theorem",
        uses=[spiked_form],
    )

    # the pole and its residue
    mu, prime, fall, rise = sp.symbols("mu mu_prime fall rise")
    pole = proof.define(Eq(mu, -c / (a1 * (1 + rho))), "transform at the pole", uses=[uniform])
    there = proof.continuity(
        "curve at the eigenvalue", cubic, {z: eig, m: mu}, "the transform is analytic off the bulk"
    )
    value = proof.substitute("eigenvalue", Eq(eig, G(rho)), "the curve is linear in z", uses=[there, pole])
    steep = proof.derivative(
        "slope of the transform",
        Eq(prime, 1 / (1 / mu**2 - a1**2 * c / (c + a1 * mu) ** 2 - (nu - a1**2) / c)), "implicit differentiation",
        of=Eq(z, place(m).subs(m, mu)), by=z, through={mu: prime}, uses=[there],
    )  # fmt: skip
    slope = proof.derivative(
        "slope of the denominator", Eq(fall, a1 * (1 + rho) * prime), "the pole is simple",
        of=c + a1 * (1 + rho) * mu, by=z, through={mu: prime}, uses=[steep],
    )  # fmt: skip
    off = identity - u * u.T / sp.Trace(u * u.T)
    with_value = eig * u * u.T / sp.Trace(u * u.T) + off * K * off  # any matrix with the eigenpair eig, u
    singular = sp.Trace(v * v.T * sp.Inverse(with_value - z * identity)) * (eig - z)
    beside = (eig - z) * sp.Trace(v * v.T * off * sp.Inverse(off * K * off - z * identity) * off)
    partial = proof.identity(
        "residue of a form", Eq(singular, sp.Trace(v * v.T * u * u.T) / sp.Trace(u * u.T) + beside, evaluate=False),
        "a simple eigenvalue is a pole of v'(K - z)^{-1}v with minus (v'u)^2 as residue; at every size",
        wrong=[sp.Trace(v * v.T * u * u.T) + beside, beside],
    )  # fmt: skip
    residue = proof.asymptotic(
        "alignment from the residue", Eq(alignment, -mu * (c + a1 * mu) / fall),
        "n^{-1}v'(K - z)^{-1}v = c g has this residue; here on a circle, for erf", deviation=_residue,
        uses=[partial, uniform, spiked_form, slope], replicates=160, sizes=(48, 96, 192),
    )  # fmt: skip
    aligned = proof.substitute(
        "alignment", Eq(alignment, F(rho) / (rho * (1 + rho) ** 3)), "in rho", uses=[residue, slope, steep, pole]
    )
    normal = proof.asymptotic(
        "normal entries", "error = P(sqrt(1 - alpha) xi > sqrt(alpha))",
        "beside the classes the vector is in no direction; share of wrong signs at the vector's own alignment",
        deviation=_normal, uses=[residue], replicates=256, sizes=(48, 96, 192),
    )  # fmt: skip
    wrong = proof.moment(
        "misclassification", Eq(error, sp.erfc(sp.sqrt(alignment / (2 - 2 * alignment))) / 2),
        "tail of the normal law", check=_tail, uses=[normal],
    )  # fmt: skip

    # off the bulk z(m) increases; the edge is where it turns
    inverse_map = proof.continuity("outside the support", cubic, {m: -1 / h}, "analytic there")
    rising = proof.derivative(
        "slope of z", Eq(rise, 1 - a1**2 * c / (c * h - a1) ** 2 - (nu - a1**2) / (c * h**2)),
        "in h = -1/m", of=place(h), by=h, uses=[inverse_map],
    )  # fmt: skip
    at = sp.Symbol("x")
    coordinate = proof.define(Eq(at, c * h / a1 - 1), "m = -c/(a1 (1 + x))")
    quartic = proof.substitute(
        "the quartic", Eq(F(at), rise * at**2 * (1 + at) ** 2, evaluate=False),
        "a pole needs a positive slope: F(rho) > 0, which is rho > gamma", uses=[rising, coordinate],
    )  # fmt: skip
    turning = proof.continuity("no slope at the edge", quartic, {at: gamma, rise: 0}, "the edge is where z turns")
    threshold = proof.substitute(
        "threshold", Eq(gamma, c / gamma + c * (nu / a1**2 - 1) * gamma / (1 + gamma) ** 2),
        "divided by gamma (1 + gamma)^2", uses=[turning],
    )  # fmt: skip
    proof.conclude("the pole", uses=[value, aligned, wrong, threshold], regime="seen")

    stay = proof.asymptotic(
        "largest eigenvalue", "eig - edge = 0", "no pole: it stays at the edge; sign, rho = 1/10",
        deviation=_hidden("eig"), exponent=-2 / 3, replicates=128, sizes=(48, 96, 192, 384), uses=[turning, uniform],
    )  # fmt: skip
    edge = proof.continuity("curve at the edge", inverse_map, {z: eig, h: a1 * (1 + gamma) / c}, "it stays at the edge",
                            uses=[stay])  # fmt: skip
    bound = proof.substitute("edge", Eq(eig, G(gamma)), "the curve is linear in z", uses=[edge])
    nothing = proof.asymptotic(
        "no alignment", Eq(alignment, 0, evaluate=False), "the form has no pole; the cosine, sign, rho = 1/10",
        deviation=_hidden("cosine"), replicates=256, sizes=(48, 96, 192), uses=[quartic, uniform],
    )  # fmt: skip
    guess = proof.continuity("half of the signs", wrong, {alignment: 0}, "no alignment", uses=[nothing])
    proof.conclude("no pole", uses=[bound, nothing, guess, threshold], regime="not seen")


# -- experiment -------------------------------------------------------------------------------------------------------

#: Classes and mean against the noise: v'Z'mu/n, |Z'mu|^2/n and the off-diagonal part of |Zv|^2/(np).
CONTROLS = (
    Control("cross", 0.0),
    Control("spread", lambda point, n, law: float(point["rho"])),
    Control("along", 0.0),
)


#: The coefficient of the 1/n term itself changes by O(1/n), most where much is cut off; ``curvature`` bounds that.
def seen_with(resolution: float) -> tuple[Statistic, ...]:
    """One eigenvalue and its vector, not traces; the vector fluctuates more where the signal is weaker."""
    return (
        Statistic("eig", kind="form", controls=CONTROLS, resolution=0.03, curvature=300.0),
        Statistic("alignment", kind="form", controls=CONTROLS, resolution=resolution, curvature=600.0),
        Statistic("error", kind="probability", controls=CONTROLS, resolution=0.2, curvature=600.0),
    )


HIDDEN = (
    Statistic("eig", kind="edge", exponent=2 / 3, resolution=0.03),
    Statistic("alignment", kind="form", scale=1.0, resolution=0.03),
)
SIZES = (160, 320)


@theorem.experiment(points=("H",), sizes=SIZES, statistics=HIDDEN)
@theorem.experiment(points=("B",), sizes=SIZES, statistics=seen_with(0.08))
@theorem.experiment(points=("C", "D"), sizes=SIZES, statistics=seen_with(0.06))
@theorem.experiment(points=("A",), sizes=SIZES, laws=("gauss", "rad"), statistics=seen_with(0.06))
def replicate(rng: np.random.Generator, size: int, point: Any, law: str) -> dict[str, float]:
    """Largest eigenvalue of one kernel and what its vector knows of the classes."""
    noise, v, mean = data(rng, int(point["c"] * size), size, float(point["rho"]), law)
    w, dimension = noise.T @ mean, len(noise)
    table = kernel(partial(applied, point), noise + np.outer(mean, v))
    if point["f"] == "mask":
        kept = np.triu(rng.random((size, size)) < float(point["eps"]), 1)
        table *= kept | kept.T
    value, vector = top(table, v + w)
    wrong = float(np.mean(vector * v < 0))
    return {
        "eig": value,
        "alignment": float(vector @ v) ** 2 / size,
        "error": min(wrong, 1 - wrong),
        "cross": float(v @ w) / size,
        "spread": float(w @ w) / size,
        "along": float(np.sum((noise @ v) ** 2)) / (size * dimension) - 1,
    }


# -- consequences -----------------------------------------------------------------------------------------------------

seen = dict(regime="seen")


@theorem.consequence("the threshold is the only positive root of $F(x)=(x^2-c)(1+x)^2-c(\\nu/a_1^2-1)x^2$")
def one_root(claim: Any) -> None:
    claim.identity(Eq(F(rho), (rho**2 - c) * (1 + rho) ** 2 - c * (nu / a1**2 - 1) * rho**2, evaluate=False), **seen)
    # F(x) = 0 is 1 = c/x^2 + c (nu/a1^2 - 1)/(1 + x)^2, whose right side decreases for x > 0 and a1^2 <= nu
    claim.identity(Eq(F(gamma) + 1, 1, evaluate=False), **seen, wrong=[2, 1 + c])


@theorem.consequence("$G'=a_1F/(c\\rho^2(1+\\rho)^2)$, so that $\\alpha=\\frac{c\\rho}{a_1(1+\\rho)}G'(\\rho)$")
def slope_of_eigenvalue(claim: Any) -> None:
    claim.identity(Eq(G(rho).diff(rho), a1 * F(rho) / (c * rho**2 * (1 + rho) ** 2), evaluate=False), **seen)
    claim.identity(Eq(alignment, c * rho / (a1 * (1 + rho)) * G(rho).diff(rho), evaluate=False), **seen)


@theorem.consequence("the edge is that of the kernel of pure noise")
def edge_of_noise(claim: Any) -> None:
    law = get("inner-product-limiting-law")
    claim.equal(
        lambda p: claim.value("eig", p),
        lambda p: predict(law, law.point("A", f="sign", c=p["c"]), 30, ["edge_upper"])["edge_upper"],
        [theorem.point("H", rho="1/100", c=ratio) for ratio in ("1/10", "1/2", "3")],
        "edge_upper of inner-product-limiting-law, for sign",
    )


@theorem.consequence(
    "all entries as they are: $\\gamma=\\sqrt c$, $\\alpha=\\frac{\\rho^2-c}{\\rho(1+\\rho)}$, "
    "and the edge of Marchenko and Pastur"
)
def linear_kernel(claim: Any) -> None:
    whole = Eq(nu, a1**2, evaluate=False)
    claim.identity(Eq(alignment, (rho**2 - c) / (rho * (1 + rho)), evaluate=False), uses=[whole], **seen)
    ours = [theorem.point("H", f="linear", c=ratio, rho="1/100") for ratio in ("1/4", "4")]
    claim.equal(lambda p: claim.value("gamma", p).ball ** 2, lambda p: p["c"], ours, "gamma^2 = c")
    mp = get("marchenko-pastur")

    def edge(p: Any) -> Any:
        found = predict(mp, {"c": p["c"], "lam": Fraction(1)}, 30, ["edge_plus"])["edge_plus"].ball
        return found * p["c"].denominator / p["c"].numerator - 1

    claim.equal(lambda p: claim.value("eig", p), edge, ours, "the edge is edge_plus over c, less one")


@theorem.consequence("above the threshold the alignment starts linearly, the eigenvalue quadratically")
def exponents(claim: Any) -> None:
    # gamma = 1 at c = 1/2 and nu/a1^2 = 5, which is a mask of rate 1/5
    base = theorem.point("C", c="1/2", eps="1/5")
    claim.limit("gamma", lambda eps: {"rho": 1 + eps}, 1, point=base)
    claim.exponent("alignment", lambda eps: {"rho": 1 + eps}, 1, point=base)
    edge = float(claim.value("eig", {**base, "rho": Fraction(1, 2)}))
    claim.exponent(
        "eig", lambda eps: {"rho": 1 + eps}, 2, point=base, minus=edge,
        steps=tuple(Fraction(1, 10**k) for k in (1, 2, 3, 4)),
    )  # fmt: skip


@theorem.consequence("a strong signal is seen whole: $\\alpha\\to1$")
def strong(claim: Any) -> None:
    claim.limit("alignment", lambda eps: {"rho": 1 / eps}, 1)
    claim.limit("error", lambda eps: {"rho": 1 / eps}, 0, scale=0.5)


@theorem.consequence(
    "only $\\nu/a_1^2\\ge1$ counts: entries dropped at random cost as much as any other way to the same ratio"
)
def ratio_only(claim: Any) -> None:
    def gap(p: Any, factor: int) -> float:
        """Alignment of a function, less that of a mask of rate a1^2/nu."""
        slope, variance = slope_and_variance(p["f"], p["s"], p["bits"], p["eps"])
        rate = Fraction(float(slope * slope / variance)) / factor
        other = theorem.values(theorem.point("C", eps=rate, c=p["c"], rho=p["rho"]))
        return abs(float(other["alignment"]) - float(theorem.values(p)["alignment"]))

    points = [theorem.point(name) for name in ("B", "D")]
    claim.holds(
        "binary and quantized against the mask of rate a1^2/nu",
        lambda: all(gap(p, 1) < 1e-12 for p in points), wrong={"half the rate": lambda: gap(points[0], 2) < 1e-12},
    )  # fmt: skip


@theorem.consequence(
    "the best threshold of a binary kernel solves $2\\sqrt\\pi\\,s\\,\\mathrm{erfc}(s)=e^{-s^2}$: $s=0.432752$, "
    "$\\nu/a_1^2=1.234833$, against $\\pi/2$ for signs; quantized, $1.187815$, $1.086610$, $1.031537$ with 2, 3, 4 bits"
)
def best_thresholds(claim: Any) -> None:
    s = sp.Symbol("s", positive=True)
    _, first, second = coefficients_of(s)["binary"]
    slope = (second / first**2).diff(s)
    stationary = sp.sqrt(sp.pi) * sp.exp(s**2) * (2 * sp.sqrt(sp.pi) * s * sp.erfc(s) - sp.exp(-(s**2)))
    claim.holds(
        "stationarity", lambda: sp.simplify(slope - sp.exp(s**2) * stationary) == 0,
        wrong={"without the 2": lambda: sp.simplify(slope - sp.exp(s**2) * (stationary - sp.pi * s)) == 0},
    )  # fmt: skip

    def cost(f: str, at: str, bits: int) -> float:
        slope, variance = map(float, slope_and_variance(f, Fraction(at), bits, Fraction(1)))
        return variance / slope**2

    best = (
        ("binary", "0.432751599366", 2, 1.23483322154), ("quantized", "0.690504", 2, 1.187815),
        ("quantized", "1.127561", 3, 1.086610), ("quantized", "1.496829", 4, 1.031537),
    )  # fmt: skip
    for f, at, bits, value in best:
        claim.minimum("gamma", of="s", at=Fraction(at), point=theorem.point("D", f=f, bits=bits),
                      text=f"{f}, {bits} bits: threshold at s = {at}")  # fmt: skip
        claim.holds(
            f"{f}, {bits} bits: nu/a1^2 there", lambda f=f, at=at, bits=bits, value=value:
            abs(cost(f, at, bits) - value) < 5e-7,
            wrong={"the value for signs": lambda f=f, at=at, bits=bits: abs(cost(f, at, bits) - np.pi / 2) < 5e-7},
        )  # fmt: skip


# -- known wrong versions ---------------------------------------------------------------------------------------------


def with_quartic(quartic: Any) -> dict[str, Any]:
    """The alignment of another quartic."""
    return {"alignment": quartic / (rho * (1 + rho) ** 3)}


theorem.mutant("c nu without 1/a1^2", outputs=with_quartic(F(rho) + (c * nu / a1**2 - c * nu) * rho**2), **seen)
theorem.mutant("constant -c dropped", outputs=with_quartic(F(rho) + c), **seen)
theorem.mutant("(1 + rho)^2 under the alignment", outputs={"alignment": F(rho) / (rho * (1 + rho) ** 2)}, **seen)
theorem.mutant("nu for nu - a1^2 in the eigenvalue", outputs={"eig": G(rho) + a1 / (1 + rho)}, **seen)
theorem.mutant("threshold s for sqrt(2) s", parameters={"s": lambda s: s * Fraction(70710678, 10**8)})
theorem.mutant(
    "alpha/(1 - alpha) in the error",
    outputs={"error": sp.erfc(sp.sqrt(alignment / (1 - alignment))) / 2},
    **seen,
)
theorem.mutant("p/n inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant("threshold of the linear kernel", equations={gamma: Eq(gamma, c / gamma)}, regime="not seen")
theorem.mutant("alignment of the linear kernel", outputs={"alignment": (rho**2 - c) / (rho * (1 + rho))}, **seen)
