"""Clustering with sparse and quantised kernels: derivation, step by step."""

from __future__ import annotations

from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np
import sympy as sp
from flint import arb
from sympy import Eq

from rmtsym.gaussian import Function, activation, expectation, hermite_coefficient
from rmtsym.theorem import Evidence, get, predict
from rmtsym.theorem.certified import certified
from theory.kernels.inner_product_limiting_law.derivation import SPOT
from theory.kernels.inner_product_limiting_law.statement import a1, c, coefficients, h, m, nu, place, transform, z
from theory.kernels.sparse_quantized_phase_transition.draws import data, kernel, top
from theory.kernels.sparse_quantized_phase_transition.statement import F, G, alignment, eig, error, gamma, rho, theorem

MASKED = Fraction(3, 10)  # share that the mask keeps in the sampled steps


def _pieces(rng: np.random.Generator, size: int, signal: float = 2.0, f: str = "erf") -> tuple[Any, ...]:
    """At p/n = 1/2: kernels of data and of noise, what the classes add, v, Z'mu, and the mean slope of f."""
    noise, v, mean = data(rng, size // 2, size, signal)
    w = noise.T @ mean
    kept: Any = 1.0
    if f == "mask":
        kept = np.triu(rng.random((size, size)) < float(MASKED), 1)
        kept = kept | kept.T
    inner = activation("linear" if f == "mask" else f)
    slope = float(MASKED) if f == "mask" else float(coefficients(f)[1])
    added = 2 * slope / size * (signal * np.outer(v, v) + np.outer(v, w) + np.outer(w, v))
    return kernel(inner, noise + np.outer(mean, v)) * kept, kernel(inner, noise) * kept, added, v, w, slope


def _rank_two(f: str = "erf"):
    def deviation(rng: np.random.Generator, size: int) -> float:
        ours, white, added, *_ = _pieces(rng, size, f=f)
        return float(np.linalg.norm(ours - white - added, 2))

    return deviation


def _forms(which: str, f: str = "erf"):
    """Forms of v and w = Z'mu in the resolvent of the noise, less their equivalents in its trace."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        _, white, _, v, w, slope = _pieces(rng, size, f=f)
        q = np.linalg.inv(white - SPOT * np.eye(size))
        trace = 2 * np.trace(q) / size  # over p
        found = {
            "vv": 2 * (v @ q @ v) / size - trace,
            "vw": 2 * (v @ q @ w) / size,
            "ww": 2 * (w @ q @ w) / size - 2.0 * trace / (1 + slope * trace),
        }
        return float(abs(found[which]))

    return deviation


def mask_law(eps: Any, transform: Any, at: Any, ratio: Any) -> Any:
    """What is one in the law of a masked linear kernel."""
    beyond = eps**3 * transform**2 / (ratio * (ratio + eps * transform))
    return transform * (-at - eps * transform / ratio + beyond)


def _mask_law(rng: np.random.Generator, size: int) -> float:
    """The law of the masked kernel, at the trace of a masked noise kernel."""
    white = _pieces(rng, size, f="mask")[1]
    trace = np.mean(1 / (np.linalg.eigvalsh(white) - SPOT))
    return float(abs(mask_law(float(MASKED), trace, SPOT, 0.5) - 1))


def _mask_moments(claim: Eq) -> Evidence:
    """E B t^2 or E (B t)^2 for a standard normal t: the sum over the values of B."""
    eps, power = sp.Symbol("eps"), {"a1_mask": 1, "nu_mask": 2}[str(claim.lhs)]
    linear = activation("linear")
    mean = sum(chance * value**power for value, chance in ((1, eps), (0, 1 - eps)))
    mean *= expectation(linear * linear, 1).expr
    return Evidence.of(sp.expand(mean - claim.rhs) == 0, "sum over the values of the mask")


def _residue(rng: np.random.Generator, size: int) -> float:
    """Alignment plus the residue of the limit of the form, by a contour integral over a measured trace; rho = 4."""
    ours, white, _, v, _, slope = _pieces(rng, size, 4.0)
    ratio, centre = 0.5, _edge("erf") + 3.5
    circle = centre + 2.0 * np.exp(2j * np.pi * (np.arange(32) + 0.5) / 32)
    trace = np.mean(1 / (np.linalg.eigvalsh(white) - circle[:, None]), axis=1)
    form = trace * (ratio + slope * trace) / (ratio + slope * 5.0 * trace)
    return float(top(ours, v)[1] @ v) ** 2 / size + float(np.mean(form * (circle - centre)).real)


def _normal(rng: np.random.Generator, size: int) -> float:
    """Share of wrong signs, less that of a normal law with the alignment of the vector; rho = 2."""
    from scipy.special import erfc

    ours, _, _, v, *_ = _pieces(rng, size)
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
        found[f"quantized_{bits}"] = (activation("quantizer", bits, cut), *quantizer_moments(bits, s))
    return found


def quantizer_moments(bits: int, s: sp.Symbol) -> tuple[sp.Expr, sp.Expr]:
    """First coefficient and variance of a quantiser of so many bits that ends at sqrt(2) s, as printed."""
    k = 2 ** (bits - 2)
    inner = sum((sp.exp(-((j * s / k) ** 2)) for j in range(1, k)), sp.S.Zero)
    first = sp.sqrt(2 / sp.pi) * sp.Rational(1, 2 ** (bits - 1)) * (1 + sp.exp(-(s**2)) + 2 * inner)
    steps = sum((sp.Rational(2 * j, k**2) * sp.erf(j * s / k) for j in range(1, k)), sp.S.Zero)
    return first, 1 - sp.erf(s) * (1 - (1 - sp.Rational(1, 2 * k)) ** 2) - steps


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
    keep, first, square = sp.symbols("eps a1_mask nu_mask")
    masked = proof.moment(
        "coefficients of mask", [Eq(first, keep), Eq(square, keep)], "E (Bt) t and E (Bt)^2, the mask B is 1 or 0",
        check=_mask_moments,
    )  # fmt: skip
    law = proof.asymptotic(
        "law of a masked kernel", Eq(mask_law(keep, m, z, c), 1, evaluate=False),
        "of the noise; at the trace of sampled kernels, eps = 3/10", deviation=_mask_law, exponent=-1, uses=[masked],
        **sampling,
    )  # fmt: skip
    same = proof.substitute(
        "it is the curve at a1 = nu = eps",
        Eq(1, -m * (z + keep**2 * m / (c + keep * m) + (keep - keep**2) * m / c), evaluate=False),
        "the same equation in other words", uses=[law],
    )  # fmt: skip

    # rank two
    low_rank = proof.asymptotic(
        "classes in the kernel", "K = K_N + a1/p (rho vv' + vw' + wv'), w = Z'mu",
        "x_i'x_j = z_i'z_j + O(1): f is moved by its mean slope a1; operator norm of the rest, for erf",
        deviation=_rank_two(), uses=named, **sampling,
    )  # fmt: skip
    jump = proof.asymptotic(
        "classes in the kernel of a jump", "the same for the sign, with a rest of norm p^{-1/4}",
        "the classes turn a sign with a probability of order p^{-1/2}, and change the entry by 2/sqrt p",
        deviation=_rank_two("sign"), exponent=-1 / 4, uses=named, **sampling,
    )  # fmt: skip
    with_mask = proof.asymptotic(
        "classes in a masked kernel", "the same for a mask, with a1 = eps",
        "what the mask takes of the rank two has independent entries of order 1/p", deviation=_rank_two("mask"),
        uses=[masked], **sampling,
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
        uses=[low_rank, jump, with_mask],
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
        "form of the classes", Eq(P, m / c),
        "f is odd: a sample turned over changes no law, so that Q_ij has mean 0 off the diagonal; tr/p = m/c",
        deviation=_forms("vv"), uses=[engine], **sampling,
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
    others = [
        proof.asymptotic(
            f"form of the row, {f}", f"the same for the {f}", reason, deviation=_forms("ww", f), uses=used, **sampling
        )
        for f, reason, used in (
            ("sign", "a jump changes nothing here", [row, engine]),
            ("mask", "row and mask are independent, too", [row, same]),
        )
    ]
    spiked_form = proof.substitute(
        "form of the classes with them", Eq(g * c * (c + a1 * (1 + rho) * m), m * (c + a1 * m), evaluate=False),
        "the determinant factorises; its only zero: c + a1 (1 + rho) m = 0", uses=[spiked, own, mixed, along, *others],
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
