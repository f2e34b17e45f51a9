r"""Marchenko-Pastur law: the spectrum of :math:`XX^\top/n` for a p x n matrix X of independent entries.

.. math::  c\,z\,m^2+(z+c-1)\,m+1=0,\qquad c=p/n.

The engine returns the curve; moments, edges, the atom at zero and the inverse moments are read off it.  The derivation
leaves one sample out.  Sources: Marchenko and Pastur (1967); Couillet and Liao (2022), section 2.2.
"""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Gaussian, Space, inverse, planar_moments
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, excess_kurtosis
from rmtsym.spectrum import SpectralCurve
from rmtsym.theorem import POSITIVE, Evidence, Parameter, Quantity, Regime, Theorem
from theory.spectra.left_out import left_out, left_out_controls

theorem = Theorem(
    id="marchenko-pastur",
    title="Marchenko-Pastur law",
    family="spectra",
    references=(
        "V. A. Marchenko, L. A. Pastur (1967), Distribution of eigenvalues for some sets of random matrices",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, sec. 2.2",
    ),
    assumptions=(
        r"$X$ is $p\times n$ with independent centred entries of unit variance (for the edges: finite fourth moments)",
        r"$p/n\to c$",
    ),
    parameters=(
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("lam", "the resolvent is taken at z = -lam", POSITIVE, r"\lambda"),
    ),
    quantities=(
        Quantity("m_neg_lam", "normalised trace of the resolvent", r"m(-\lambda)"),
        Quantity("m_prime", "normalised trace of its square", r"m'(-\lambda)"),
        Quantity("quad_form", "a diagonal entry of the resolvent", r"e_1^\top Qe_1"),
        Quantity("mom2", "second moment", "m_2"),
        Quantity("mom3", "third moment", "m_3"),
        Quantity("mom4", "fourth moment", "m_4"),
        Quantity("edge_plus", "largest eigenvalue", "b"),
        Quantity("edge_minus_nz", "smallest eigenvalue that is not zero", "a"),
        Quantity("re_m_complex", "real part of the transform at 1 + i/20", r"\Re m(1+i/20)"),
        Quantity("im_m_complex", "imaginary part of the transform at 1 + i/20", r"\Im m(1+i/20)"),
        Quantity("mass_at_zero", "share of eigenvalues that are zero", r"\mu(\{0\})"),
        Quantity("log_moment", "mean logarithm of an eigenvalue, for c < 1", r"\int\log x"),
        Quantity("inv_moment", "mean inverse of an eigenvalue, for c < 1", r"\int 1/x"),
        Quantity("inv2_moment", "mean inverse square of an eigenvalue, for c < 1", r"\int 1/x^2"),
    ),
    points={
        "A": dict(c="1/2", lam="1/10"),
        "B": dict(c="2", lam="3/10"),
        "C": dict(c="1/4", lam="1"),
        "D": dict(c="1", lam="1/5"),
    },
)

# -- the model and its curve ------------------------------------------------------------------------------------------

c, lam, m = sp.symbols("c lam m", positive=True)
z, m_z = sp.symbols("z m_z")
X = Gaussian("X", Space("p", c), Space("n"))
Q = inverse(X @ X.T + lam)
Z0 = 1 + sp.I / 20  # where the complex transform is compared


@cache
def transform() -> Equivalent:
    """The engine's equation of the transform at a complex z."""
    return deterministic_equivalent(inverse(X @ X.T - z))


@cache
def curve() -> sp.Expr:
    """Polynomial relation of m and z."""
    return transform().curve(variable=m).as_expr()


def slope(at: sp.Expr) -> sp.Expr:
    """Derivative of the transform along the curve, where z has the given value."""
    return (-curve().diff(z) / curve().diff(m)).subs(z, at)


@theorem.statement
def statement() -> tuple[Regime, ...]:
    """Everything from the curve: two of its roots, and what happens at infinity, at zero and at the edges."""
    second, third, fourth = SpectralCurve(sp.Poly(curve(), m, z)).moments(4)[1:]
    edges = sp.roots(sp.Poly(sp.discriminant(curve(), m), z))  # where the two roots m meet
    lower, upper = sorted(edges, key=lambda e: e.subs(c, sp.Rational(1, 4)))
    mass = sp.Symbol("mass")  # near zero m = -mass/z
    share = next(x for x in sp.solve(sp.limit(z * curve().subs(m, -mass / z), z, 0), mass) if x != 0)
    (at_zero,) = sp.solve(curve().subs(z, 0), m)

    always = {"mom2": second, "mom3": third, "mom4": fourth, "edge_plus": upper, "edge_minus_nz": lower}
    resolvent = {"m_neg_lam": m, "m_prime": slope(-lam), "quad_form": m}
    inverses = {
        "log_moment": -1 - (1 - c) / c * sp.log(1 - c),
        "inv_moment": at_zero,
        "inv2_moment": slope(0).subs(m, at_zero),
    }
    root = (Unknown(m, "positive", meaning="resolvent trace at -lambda"),)
    equation = (sp.Eq(sp.expand(curve().subs(z, -lam)), 0, evaluate=False),)
    engine = transform().system
    (above,), path = engine.symbols, engine.continuation
    assert path is not None  # the engine always gives one
    shifted = {above: m_z}
    complex_root = FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at 1 + i/20"),),
        tuple(sp.Eq(*(side.xreplace(shifted) for side in e.args), evaluate=False) for e in engine.equations),
        {"re_m_complex": sp.re(m_z), "im_m_complex": sp.im(m_z)},
        continuation=Continuation(z, path.start, {m_z: path.guess[above]}),
    )

    def regime(when: str, name: str, more: dict[str, sp.Expr]) -> Regime:
        real = FixedPointSystem(root, equation, {**resolvent, **always, **more})
        return Regime((real, complex_root), when, name)

    nothing = {"mass_at_zero": sp.Integer(0)}
    return (
        regime("c < 1", "more samples than dimensions", {**nothing, **inverses}),
        regime("c == 1", "as many samples as dimensions", nothing),
        regime("c > 1", "more dimensions than samples", {"mass_at_zero": share}),
    )


@theorem.binding
def binding() -> dict[str, sp.Expr]:
    """The complex point."""
    return {"z": Z0}


# -- derivation -------------------------------------------------------------------------------------------------------


def _resolvent(rng: np.random.Generator, size: int, drop: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Samples at c = 1/2, and the resolvent at z = 1 + i without the first few of them."""
    x = rng.standard_normal((size // 2, size))
    rest = x[:, drop:]
    return x, np.linalg.inv(rest @ rest.T / size - (1 + 1j) * np.eye(size // 2))


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    x, q = _resolvent(rng, size, drop=1)
    return float(abs(x[:, 0] @ q @ x[:, 0] - np.trace(q))) / size


def _balance(rng: np.random.Generator, size: int) -> float:
    _, q = _resolvent(rng, size)
    trace = np.trace(q) / len(q)
    return float(abs(1 + (1 + 1j) * trace - trace / (1 + trace / 2)))


def _logarithm(claim: sp.Eq) -> Evidence:
    """The integral of the logarithm against the density, in ball arithmetic, at three ratios."""
    from flint import acb, ctx

    from rmtsym.field.evaluate import BALL, evaluate

    with ctx.workprec(128):
        for ratio in (Fraction(1, 4), Fraction(1, 2), Fraction(9, 10)):
            root = acb(ratio.numerator).__truediv__(ratio.denominator).sqrt()

            def density(theta: acb, _: bool, root: acb = root) -> acb:
                x = 1 + root * root + 2 * root * theta.cos()  # from one edge to the other
                return 2 * theta.sin() ** 2 * x.log() / (x * acb.pi())

            integral = acb.integral(density, 0, acb.pi()).real
            closed = evaluate(claim.rhs, {"c": ratio}, BALL(128))
            if not integral.overlaps(getattr(closed, "real", closed)):
                return Evidence.of(False, "rigorous integral", message=f"at c = {ratio}: {integral} and {closed}")
    return Evidence.of(True, "rigorous integral at three ratios", resolution=1e-30)


@theorem.derivation
def derivation(proof) -> None:
    """One sample out: Q x = Q_ x / (1 + x'Q_ x/n); the rest is a curve, read at several places."""
    sampling = dict(replicates=128, sizes=(48, 96, 192, 384))
    size = sp.Symbol("k", integer=True, positive=True)
    A, x, one = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("x", size, 1), sp.Identity(1)
    rank_one = proof.identity(
        "Sherman-Morrison",
        sp.Eq((A + x * x.T).I * x * (one + x.T * A.I * x), A.I * x, evaluate=False),
        "one sample is a rank-one change of A, the rest",
    )
    lemma = proof.asymptotic(
        "trace lemma", "x'Qx/n = tr Q/n", "x is independent of the Q without it", deviation=_trace_lemma,
        uses=[rank_one], **sampling,
    )  # fmt: skip
    sum_of_one = proof.identity("resolvent", (Q @ X @ X.T, 1 - lam * Q), "Q (XX' + lambda) = 1")
    balance = proof.asymptotic(
        "one sample out", sp.Eq(1, -z * m + m / (1 + c * m), evaluate=False),
        "the trace of Q XX'/n is a sum of n terms x'Q_ x/(1 + x'Q_ x)", deviation=_balance, exponent=-1.0,
        uses=[lemma, sum_of_one], **sampling,
    )  # fmt: skip

    # at z = -lambda and at the complex point
    names = sp.symbols("m_neg_lam m_prime quad_form mom2 mom3 mom4 edge_plus edge_minus_nz mass_at_zero")
    value, prime, form, mom2, mom3, mom4, plus, minus, mass = names
    log, inv, inv2, real, imaginary = sp.symbols("log_moment inv_moment inv2_moment re_m_complex im_m_complex")
    at_real = proof.continuity("on the negative axis", balance, {z: -lam}, "analytic outside the support")
    at_complex = proof.continuity("in the upper half plane", balance, {m: m_z}, "another name for the transform")
    trace = proof.define(sp.Eq(value, m), "the transform at -lambda")
    entry = proof.define(sp.Eq(form, m), "the law of X is the same in every direction")
    square = proof.derivative(
        "square of the resolvent", sp.Eq(prime, (c * m**2 + m) / (1 - c + lam + 2 * c * lam * m)),
        "tr Q^2 is d tr Q/dz", of=balance.claims[0], by=z, through={m: prime}, at=-lam, uses=[at_real],
    )  # fmt: skip
    parts = [
        proof.define(sp.Eq(real, sp.re(m_z)), "real part"),
        proof.define(sp.Eq(imaginary, sp.im(m_z)), "imaginary part"),
    ]

    # at infinity: planar pairings, without the equation; at the edges the inverse function z(m) turns
    pairings = planar_moments(X @ X.T, 4)
    moments = [
        proof.define(sp.Eq(s, pairings[k]), "non-crossing pairings of X and X'")
        for k, s in ((2, mom2), (3, mom3), (4, mom4))
    ]
    edges = []
    for sign, edge, side in ((1, plus, "upper"), (-1, minus, "lower")):
        turn = sp.Symbol(f"m_{side}")
        place = proof.define(sp.Eq(turn, -1 / (c + sign * sp.sqrt(c))), f"transform at the {side} edge")
        critical = proof.identity(
            f"{side} edge", sp.Eq(1 / turn**2, c / (1 + c * turn) ** 2), "z(m) = -1/m + 1/(1 + c m) has no slope there",
            uses=[place],
        )  # fmt: skip
        edges += [place, proof.define(sp.Eq(edge, -1 / turn + 1 / (1 + c * turn)), "z there", uses=[critical])]

    # at zero: the transform is finite for c < 1; for c > 1 it is -mass/z
    common = [at_real, at_complex, trace, entry, square, *parts, *moments, *edges]
    bulk = proof.define(sp.Eq(mass, 0, evaluate=False), "the transform is finite at zero")
    finite = proof.continuity("at zero", balance, {z: 0, m: inv}, "the support stays away from zero")
    curvature = proof.derivative(
        "derivative at zero", sp.Eq(inv2, inv / (1 - c) ** 2), "the mean of 1/x^2 is the derivative of the transform",
        of=sp.Eq(1, -z * inv + inv / (1 + c * inv), evaluate=False), by=z, through={inv: inv2}, at=0, uses=[finite],
    )  # fmt: skip
    logarithm = proof.moment(
        "logarithm", sp.Eq(log, -1 - (1 - c) / c * sp.log(1 - c)), "integral over the density", check=_logarithm,
        wrong=[-1 + (1 - c) / c * sp.log(1 - c), -1 - sp.log(1 - c)],
    )  # fmt: skip
    proof.conclude(
        "read off", uses=[*common, bulk, finite, curvature, logarithm], regime="more samples than dimensions"
    )
    proof.conclude("read off", uses=[*common, bulk], regime="as many samples as dimensions")
    w, share = sp.symbols("w a")
    shares = [proof.define(sp.Eq(share, -z * m), "share at zero"), proof.define(sp.Eq(w, 1 / m), "m diverges at zero")]
    scaled = proof.substitute("near zero", sp.Eq(1, share + 1 / (w + c)), "in w and a", uses=[balance, *shares])
    atom = proof.continuity("at zero, with an atom", scaled, {w: 0, share: mass}, "z tends to zero")
    proof.conclude("read off", uses=[*common, atom], regime="more dimensions than samples")


# -- experiment -------------------------------------------------------------------------------------------------------


def _second(point, size: int, law: str) -> float:
    return 1 + float(point["c"]) + (1 + excess_kurtosis(law)) / size


#: The first two moments of the spectrum: their means are known exactly at every size and for every entry law.
CONTROLS = (Control("mom1", 1.0), Control("second", _second))
SHIFTED, AT_ZERO = (*CONTROLS, *left_out_controls("shifted")), (*CONTROLS, *left_out_controls("zero"))
_BULK = (
    *(Statistic(name, controls=SHIFTED) for name in ("m_neg_lam", "m_prime")),
    *(Statistic(name, controls=CONTROLS) for name in ("mom3", "mom4")),
    Statistic("mom2", controls=CONTROLS[:1]),
    Statistic("quad_form", kind="form", resolution=0.1),
    Statistic("edge_plus", kind="edge", exponent=2 / 3, resolution=0.03),
    Statistic("re_m_complex", resolution=0.15),  # close to the axis: few eigenvalues see it
    Statistic("im_m_complex", resolution=0.15),
)
_EDGE = Statistic("edge_minus_nz", kind="edge", exponent=2 / 3, resolution=0.1)
_INVERSE = (
    *(Statistic(name, controls=AT_ZERO) for name in ("log_moment", "inv_moment", "inv2_moment")),
    Statistic("mass_at_zero", kind="exact", scale=1.0),
)


def sizes(point) -> tuple[int, int]:
    """Numbers of samples, far apart for the extrapolation; the smaller side is at most 320."""
    if point["c"] == 1:
        return 80, 320
    return (120, 480) if point["c"] < 1 else (60, 240)


LOOK = (256, 128)  # the edges need more than the traces


@theorem.experiment(
    points=("A",), sizes=sizes, laws=("gauss", "rad"), statistics=(*_BULK, _EDGE, *_INVERSE), first_look=LOOK
)
@theorem.experiment(points=("C",), sizes=sizes, laws=("rad",), statistics=(*_BULK, _EDGE, *_INVERSE), first_look=LOOK)
@theorem.experiment(points=("C",), sizes=sizes, laws=("t9", "sparse"), statistics=_BULK[:1])  # heavy tails, many zeros
@theorem.experiment(
    points=("B",), sizes=sizes, statistics=(*_BULK, _EDGE, Statistic("mass_at_zero", kind="exact")), first_look=LOOK
)
@theorem.experiment(points=("D",), sizes=sizes, statistics=_BULK, first_look=(128, 64))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Spectrum of one matrix, and its functions."""
    rows = int(point["c"] * size)
    x = entries(rng, (rows, size), law)
    flat = (x if rows <= size else x.T) / np.sqrt(size)
    gram = flat @ flat.T
    bulk = np.linalg.eigvalsh(gram)  # without the zeros of more rows than columns
    zeros = rows - len(bulk)
    shift = float(point["lam"])
    transform = (np.sum(1 / (bulk - complex(Z0))) - zeros / complex(Z0)) / rows
    vector = np.linalg.solve(x @ x.T / size + shift * np.eye(rows), np.eye(rows, 1)[:, 0])
    return {
        "m_neg_lam": float(np.sum(1 / (bulk + shift)) + zeros / shift) / rows,
        "m_prime": float(np.sum(1 / (bulk + shift) ** 2) + zeros / shift**2) / rows,
        "quad_form": float(vector[0]),
        **{name: float(np.sum(bulk**k)) / rows for k, name in enumerate(("mom1", "mom2", "mom3", "mom4"), 1)},
        "second": float(np.sum(bulk**2)) / rows,
        "edge_plus": float(bulk[-1]),
        "edge_minus_nz": float(bulk[0]),
        "re_m_complex": float(transform.real),
        "im_m_complex": float(transform.imag),
        "mass_at_zero": zeros / rows,
        "log_moment": float(np.sum(np.log(np.maximum(bulk, 1e-300)))) / rows,
        "inv_moment": float(np.sum(1 / np.maximum(bulk, 1e-300))) / rows,
        "inv2_moment": float(np.sum(1 / np.maximum(bulk, 1e-150) ** 2)) / rows,
        **left_out("shifted", flat, gram, 1 / size, shift),
        **(left_out("zero", flat, gram, 1 / size, 0.0) if rows < size and law != "sparse" else {}),  # a row may be zero
    }


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the engine's curve is $c z m^2 + (z + c - 1) m + 1 = 0$")
def textbook(claim) -> None:
    claim.identity(sp.Eq(c * lam * m**2 + (lam - c + 1) * m, 1, evaluate=False))
    claim.holds(
        "the engine's polynomial, term by term",
        lambda: sp.expand(curve() - (c * z * m**2 + (z + c - 1) * m + 1)) == 0,
        wrong={
            "c dropped": lambda: sp.expand(curve() - (z * m**2 + (z + c - 1) * m + 1)) == 0,
            "c inverted": lambda: sp.expand(curve().subs(c, 1 / c) - curve()) == 0,
        },
    )


@theorem.consequence("the moments are Narayana polynomials $\\sum_r \\frac{c^r}{r+1}\\binom kr\\binom{k-1}r$")
def narayana(claim) -> None:
    def polynomial(k: int, shift: int = 1) -> sp.Expr:
        return sum(c**r / (r + shift) * sp.binomial(k, r) * sp.binomial(k - 1, r) for r in range(k))

    found = [moment.subs(sp.Symbol("c"), c) for moment in SpectralCurve(sp.Poly(curve(), m, z)).moments(8)[1:]]
    claim.holds(
        "moments 2 to 8 of the curve",
        lambda: all(sp.expand(found[k - 2] - polynomial(k)) == 0 for k in range(2, 9)),
        wrong={"r + 2 for r + 1": lambda: all(sp.expand(found[k - 2] - polynomial(k, 2)) == 0 for k in range(2, 9))},
    )


@theorem.consequence("the density is $\\sqrt{(b-x)(x-a)}/(2\\pi c x)$ between the edges")
def density(claim) -> None:
    x, h, g = sp.symbols("x h g", positive=True)
    a, b = 1 + c - 2 * sp.sqrt(c), 1 + c + 2 * sp.sqrt(c)
    # on the support m = g + i h; the imaginary part of the curve gives g, the real part h^2
    above = sp.expand(curve().subs({z: x, m: g + sp.I * h}))
    real, imaginary = above.subs(sp.I, 0), above.coeff(sp.I, 1)
    centre = sp.solve(imaginary / h, g)[0]
    square = sp.solve(real.subs(g, centre).subs(h, sp.sqrt(sp.Symbol("H"))), sp.Symbol("H"))[0]
    claim.identity(sp.Eq(square, (b - x) * (x - a) / (2 * c * x) ** 2, evaluate=False))


@theorem.consequence("S- and R-transform are $1/(1+cw)$ and $1/(1-cg)$")
def transforms(claim) -> None:
    g, w = sp.symbols("g w")
    # Cauchy transform g = -m: z = R(g) + 1/g on the curve; psi(t) = -1 - z m with t = 1/z: S(psi) = t (1 + psi)/psi
    place = sp.solve(curve().subs(m, -g), z)[0]
    claim.identity(sp.Eq(place - 1 / g, 1 / (1 - c * g), evaluate=False))
    at = sp.solve(sp.together(curve().subs(m, -(1 + w) / z)), z)[0]
    claim.identity(sp.Eq((1 + w) / (w * at), 1 / (1 + c * w), evaluate=False))


@theorem.consequence("the companion matrix has the same law with $1/c$, scaled by $c$, and the other atom")
def duality(claim) -> None:
    companion = c * m - (1 - c) / (-lam)
    # c times the companion at c z obeys the curve of ratio 1/c
    dual = curve().subs({c: 1 / c, z: -lam / c}, simultaneous=True).subs(m, c * companion)
    claim.identity(sp.Eq(dual + 1, 1, evaluate=False))


@theorem.consequence("few dimensions: the spectrum concentrates at one, $m\\to1/(1+\\lambda)$ as $c\\to0$")
def few_dimensions(claim) -> None:
    claim.limit("m_neg_lam", lambda eps: {"c": eps}, Fraction(10, 11))


@theorem.consequence("at $c=1$ the resolvent diverges like $1/\\sqrt\\lambda$")
def hard_edge(claim) -> None:
    claim.exponent("m_neg_lam", lambda eps: {"c": 1, "lam": eps**2}, -1)


@theorem.consequence("the resolvent keeps all its digits down to $\\lambda=10^{-14}$ below, at and above $c=1$")
def no_cancellation(claim) -> None:
    tiny = Fraction(1, 10**14)
    points = [{"c": ratio, "lam": tiny} for ratio in (Fraction(1, 2), Fraction(1), Fraction(2))]

    def exact(point) -> object:
        from flint import arb, ctx, fmpq

        with ctx.workprec(400):
            ratio, shift = (arb(fmpq(v.numerator, v.denominator)) for v in (point["c"], point["lam"]))
            b = ratio - 1 - shift
            return (b + (b * b + 4 * ratio * shift).sqrt()) / (2 * ratio * shift)

    claim.equal(lambda point: claim.value("m_neg_lam", point), exact, points, "the root at 400 bits")


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("c inverted", parameters={"c": lambda c: 1 / c})
theorem.mutant("c dropped in c z m^2", equations={m: sp.Eq(lam * m**2 + (1 + lam - c) * m, 1)})
theorem.mutant("log moment with +(1-c)/c", outputs={"log_moment": -1 + (1 - c) / c * sp.log(1 - c)})
theorem.mutant("inverse second moment (1-c)^-2", outputs={"inv2_moment": (1 - c) ** -2})
theorem.mutant("third moment without the 3 of 3c", outputs={"mom3": 1 + 2 * c + c**2})
theorem.mutant("the atom forgotten", outputs={"mass_at_zero": sp.Integer(0)}, regime="more dimensions than samples")
theorem.mutant(
    "the other root", values=lambda m_neg_lam, c, lam: {"m_neg_lam": -1 / (float(c * lam) * float(m_neg_lam))}
)
