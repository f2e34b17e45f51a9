r"""Free anticommutator: the spectrum of :math:`H_1H_2+H_2H_1` for two independent Wigner matrices.

.. math::  z\,m^3-m^2-z\,m-1=0.

The engine returns the curve of the polynomial; the same curve belongs to the commutator :math:`i[H_1,H_2]`.  The
derivation turns the pair by 45 degrees, after which the polynomial is a difference of two squares.
Sources: Nica and Speicher (1998); Deya and Nourdin (2012).
"""

from __future__ import annotations

import math
from fractions import Fraction
from functools import cache
from itertools import product
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.matrix import Expression, Space, Wigner, inverse, planar_moments
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import wigner
from rmtsym.spectrum import SpectralCurve, SpectralLaw, SpectralSystem
from rmtsym.theorem import POSITIVE, Evidence, Parameter, Quantity, Regime, Theorem
from theory.spectra.word_means import mean_trace

theorem = Theorem(
    id="free-anticommutator",
    title="Anticommutator of two Wigner matrices",
    family="spectra",
    references=(
        "A. Nica, R. Speicher (1998), Commutators of free random variables, arXiv:funct-an/9612001",
        "A. Deya, I. Nourdin (2012), Convergence of Wigner integrals to the tetilla law, arXiv:1110.6000",
    ),
    assumptions=(
        r"$H_1,H_2$ are independent symmetric $n\times n$ matrices",
        r"their entries are independent above the diagonal, centred, of variance $1/n$, with finite moments",
    ),
    parameters=(Parameter("x", "point to the right of the spectrum", POSITIVE, "x"),),
    quantities=(
        Quantity("m_outside", "normalised trace of the resolvent at x", "m(x)"),
        Quantity("re_m", "real part of the transform at 1 + i/10", r"\Re m(1+i/10)"),
        Quantity("im_m", "imaginary part of the transform at 1 + i/10", r"\Im m(1+i/10)"),
        Quantity("m2", "second moment", "m_2"),
        Quantity("m4", "fourth moment", "m_4"),
        Quantity("m6", "sixth moment", "m_6"),
        Quantity("edge", "largest eigenvalue", "b"),
    ),
    points={"A": dict(x="5"), "B": dict(x="8")},
)

# -- the model and its curve ------------------------------------------------------------------------------------------

x, r = sp.symbols("x r", positive=True)  # r = -m(x)
m, m_z, z = sp.symbols("m m_z z")
n = Space("n")
H1, H2, S, T = (Wigner(name, n) for name in ("H1", "H2", "S", "T"))
ANTICOMMUTATOR, COMMUTATOR = H1 @ H2 + H2 @ H1, H1 @ H2 - H2 @ H1
Z0 = 1 + sp.I / 10  # where the complex transform is compared


@cache
def transform(polynomial: Expression = ANTICOMMUTATOR) -> Equivalent:
    """The engine's equation of the transform at a complex z."""
    return deterministic_equivalent(inverse(polynomial - z))


@cache
def curve(polynomial: Expression = ANTICOMMUTATOR) -> sp.Expr:
    """Polynomial relation of m and z."""
    return transform(polynomial).curve(variable=m).as_expr()


@cache
def law() -> SpectralLaw:
    """The spectral law of the curve."""
    return SpectralLaw(SpectralCurve(sp.Poly(curve(), m, z)), name="free anticommutator")


@theorem.statement
def statement() -> Regime:
    """Two of the curve's roots, its series at infinity, and the end of the support."""
    moments = law().moments(6)
    outside = sp.expand(curve().subs({z: x, m: -r}))
    real = FixedPointSystem(
        (Unknown(r, "positive", meaning="minus the transform at x"),),
        (sp.Eq(r * x, sp.expand(r * x - outside)),),
        {"m_outside": -r, **{f"m{k}": sp.Rational(moments[k - 1]) for k in (2, 4, 6)}},
        conditions=(outside.diff(r),),  # it starts at -1: the first of two positive roots
        continuation=Continuation(x, 1000, {r: 1 / x}),
    )
    engine = transform().system
    (above,), path = engine.symbols, engine.continuation
    assert path is not None
    complex_root = FixedPointSystem(
        (Unknown(m_z, "herglotz", meaning="transform at 1 + i/10"),),
        tuple(sp.Eq(*(side.xreplace({above: m_z}) for side in e.args), evaluate=False) for e in engine.equations),
        {"re_m": sp.re(m_z), "im_m": sp.im(m_z)},
        continuation=Continuation(z, path.start, {m_z: path.guess[above]}),
    )
    edge = SpectralSystem(
        lambda point: law(), {"edge": lambda law: law.edges[-1]}, {"edge": r"\max\operatorname{supp}\mu"}
    )
    return Regime((real, complex_root, edge), "x**4 - 11*x**2 > 1", "to the right of the spectrum")


@theorem.binding
def binding() -> dict[str, sp.Expr]:
    """The complex point."""
    return {"z": Z0}


# -- derivation -------------------------------------------------------------------------------------------------------


def _by_parts(rng: np.random.Generator, size: int, sign: int) -> float:
    """How far tr QS^2 or tr QT^2 is from m/(1 + m) or m/(1 - m), at z = 1 + i and one matrix."""
    s, t = wigner(rng, size), wigner(rng, size)
    q = np.linalg.inv(s @ s - t @ t - (1 + 1j) * np.eye(size))
    square, trace = np.sum(q * (s @ s if sign > 0 else t @ t)) / size, np.trace(q) / size
    return float(abs(square * (1 + sign * trace) - trace))


def _squared_edge(place: sp.Expr) -> Evidence:
    """Whether the law ends at the root of a number, in balls."""
    edge, square = law().edges[-1].ball, evaluate(place, {}, BALL(128))
    gap = edge * edge - getattr(square, "real", square)
    return Evidence.of(bool(gap.contains(0)), "balls of the squared edge", resolution=float(gap.abs_upper()))


@theorem.derivation
def derivation(proof) -> None:
    """H1 = (S + T)/sqrt 2 and H2 = (S - T)/sqrt 2 make the anticommutator S^2 - T^2; integrate by parts."""
    sampling = dict(replicates=192, sizes=(24, 48, 96, 192), exponent=-1.0)
    s, u, square = sp.symbols("s u b2")
    turned = proof.identity(
        "turned by 45 degrees",
        ((S + T) @ (S - T) + (S - T) @ (S + T), 2 * (S @ S - T @ T)),
        "with H1 = (S + T)/sqrt 2, H2 = (S - T)/sqrt 2 the anticommutator is S^2 - T^2; for Gaussian entries S and T "
        "are again independent Wigner matrices",
    )
    Q = inverse(S @ S - T @ T - z)
    resolvent = proof.identity("resolvent", (Q @ S @ S - Q @ T @ T, 1 + z * Q), "Q (S^2 - T^2 - z) = 1", uses=[turned])
    plus = proof.asymptotic(
        "integration by parts in S",
        sp.Eq(s, m / (1 + m)),
        "E tr QSS = tr Q - tr QSS tr Q: one pairing inside S^2, one with Q",
        deviation=lambda rng, size: _by_parts(rng, size, 1),
        uses=[resolvent],
        **sampling,
    )
    minus = proof.asymptotic(
        "integration by parts in T",
        sp.Eq(s - 1 - z * m, m / (1 - m)),
        "the same with the other sign of the square, for tr QTT = tr QSS - tr(1 + z Q)",
        deviation=lambda rng, size: _by_parts(rng, size, -1),
        uses=[resolvent],
        **sampling,
    )
    cubic = proof.substitute("cubic", sp.Eq(m**2 + 1, z * m * (m**2 - 1)), "the two together", uses=[plus, minus])
    at_real = proof.continuity("outside the spectrum", cubic, {z: x, m: -r}, "analytic there")
    at_complex = proof.continuity("in the upper half plane", cubic, {m: m_z}, "another name for the transform")
    names = sp.symbols("m_outside re_m im_m m2 m4 m6")
    parts = [
        proof.define(sp.Eq(names[0], -r), "the transform at x"),
        proof.define(sp.Eq(names[1], sp.re(m_z)), "real part"),
        proof.define(sp.Eq(names[2], sp.im(m_z)), "imaginary part"),
    ]
    pairings = planar_moments(ANTICOMMUTATOR, 6)
    moments = [
        proof.define(sp.Eq(symbol, pairings[k]), f"non-crossing pairings of the words of length {k}")
        for k, symbol in zip((2, 4, 6), names[3:], strict=True)
    ]
    place = proof.define(sp.Eq(u, sp.sqrt(5) - 2), "squared transform at the edge", uses=[cubic])
    critical = proof.identity(
        "edge",
        sp.Eq(1 / u, 2 * (1 + u) / (1 - u) ** 2, evaluate=False),
        "z(m) = -1/m - 2m/(1 - m^2) has no slope there",
        uses=[place],
    )
    end = proof.define(sp.Eq(square, (1 + u) ** 2 / (u * (1 - u) ** 2)), "z^2 there", uses=[critical])
    value = end.claims[0].rhs.subs(u, place.claims[0].rhs)
    proof.conclude(
        "read off the cubic",
        uses=[at_real, at_complex, *parts, *moments, end],
        check=lambda: _squared_edge(value),
        wrong=[
            ("the bound 2 |H1| |H2|", lambda: _squared_edge(sp.Integer(64))),
            ("u and -1/u interchanged", lambda: _squared_edge(value.subs(sp.sqrt(5), -sp.sqrt(5)))),
            ("the edge itself", lambda: _squared_edge(sp.sqrt(value))),
        ],
    )


# -- experiment -------------------------------------------------------------------------------------------------------


def _pair(point, size: int, law: str) -> float:
    return (1 + 1 / size) ** 2


def _words(*words: str) -> Any:
    """Sum of the exact means of traces of words in a = H1 and b = H2."""
    return lambda point, size, law: sum(mean_trace(word, size, law) for word in words)


def _power(order: int, sign: int) -> Any:
    """Exact mean of the moment of the anticommutator, or of i times the commutator, at a finite size."""
    letters = list(product((("ab", 1), ("ba", sign)), repeat=order))
    turned = sign if order == 2 else 1  # i^order
    words = [("".join(word for word, _ in pair), turned * math.prod(s for _, s in pair)) for pair in letters]
    return lambda point, size, law: sum(s * mean_trace(word, size, law) for word, s in words)


#: tr H1^2 tr H2^2/n^2 and tr H1^2 H2^2/n: their means are known exactly, for every entry law.
PAIR = (Control("scale", _pair), Control("aligned", _words("aabb")))
SIX = (
    Control("apart", _words("aaaabb", "aabbbb")),
    Control("twice", _words("aabaab", "abbabb")),
    Control("mixed", _words("aaabab", "ababbb")),
)


def _statistics(prefix: str, sign: int) -> tuple[Statistic, ...]:
    """Those of one spectrum.

    The moments are polynomials in 1/n.  Those of order 2 and 4 are known exactly (``_power``) and serve as controls of
    higher ones.  Their relative terms in 1/n^2, with what follows at n = 128, are 4 and 43 for the anticommutator,
    -2 and 2 for the commutator, with signs 28 and -6 at order 4.  At order 6 they are measured, from 16 to 128: 132 and
    20, with signs 105 and -17, each +-9, and a next one of 1300/n.
    """
    second, fourth = (Control(f"{prefix}m{k}", _power(k, sign)) for k in (2, 4))
    options: dict[str, dict[str, Any]] = {
        "m_outside": dict(controls=(*PAIR, second), curvature=8.0),  # like the moments, see m2
        "re_m": dict(resolution=0.04),  # close to the axis: few eigenvalues see it
        "im_m": dict(resolution=0.03),
        "m2": dict(controls=PAIR, curvature=4.0),
        "m4": dict(controls=(*PAIR, *SIX, second), curvature=43.0 if sign > 0 else 7.0),
        "m6": dict(controls=(*PAIR, second, fourth), curvature=170.0 if sign > 0 else 35.0, resolution=0.01),
        "edge": dict(kind="edge", exponent=2 / 3, resolution=0.03),
    }
    return tuple(Statistic(prefix + name, quantity=name, **given) for name, given in options.items())


STATISTICS = (*_statistics("", 1), *_statistics("commutator_", -1))


# Large sizes, far apart: the error of the extrapolation needs them.
@theorem.experiment(points=("A",), sizes=(128, 512), laws=("gauss", "rad"), statistics=STATISTICS, first_look=(192, 80))
@theorem.experiment(points=("B",), sizes=(80, 160), statistics=STATISTICS[:1])
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """Spectra of the anticommutator and of i times the commutator of one pair; traces of words in the two."""
    a, b = wigner(rng, size, law), wigner(rng, size, law)
    ab = a @ b
    aab, abb = a @ ab, ab @ b
    traces = {
        "aligned": np.vdot(ab, ab),
        "apart": np.vdot(aab, aab) + np.vdot(abb, abb),
        "twice": np.vdot(aab, aab.T) + np.vdot(abb, abb.T),
        "mixed": np.vdot(aab @ ab, a) + np.vdot(ab @ abb, b),
    }
    return {
        "scale": float(np.vdot(a, a) * np.vdot(b, b)) / size**2,
        **{name: float(trace) / size for name, trace in traces.items()},
        **read(np.linalg.eigvalsh(ab + ab.T), point),
        **{f"commutator_{k}": v for k, v in read(rotation_angles(ab - ab.T), point).items()},
    }


def rotation_angles(antisymmetric: np.ndarray) -> np.ndarray:
    """Eigenvalues of i times an antisymmetric matrix, up to their signs."""
    return np.sqrt(np.maximum(np.linalg.eigvalsh(antisymmetric.T @ antisymmetric), 0.0))


def read(spectrum: np.ndarray, point) -> dict[str, float]:
    """Statistics of a spectrum whose law is symmetric: averaged over it and its mirror image."""
    both = np.concatenate([spectrum, -spectrum])
    transform = np.mean(1 / (both - complex(Z0)))
    return {
        "m_outside": float(np.mean(1 / (both - float(point["x"])))),
        "re_m": float(transform.real),
        "im_m": float(transform.imag),
        **{f"m{k}": float(np.mean(both**k)) for k in (2, 4, 6)},
        "edge": float(spectrum[-1] - min(spectrum[0], 0.0)) / (2 if spectrum[0] < 0 else 1),
    }


@theorem.figure
def figure(page: Any) -> Any:
    """One pair of matrices: both spectra under the same density."""
    from rmtsym.report.style import figure
    from rmtsym.spectrum import plot_law

    rng = np.random.default_rng(page.trial.seed)
    product = wigner(rng, 800) @ wigner(rng, 800)
    fig, panels = figure(9, 3.4, ncols=2, sharey=True)
    pictures = {r"$H_1H_2+H_2H_1$": product + product.T, r"$i(H_1H_2-H_2H_1)$": 1j * (product - product.T)}
    for axes, (title, matrix) in zip(panels, pictures.items(), strict=True):
        plot_law(law(), np.linalg.eigvalsh(matrix), axes=axes)
        axes.get_legend().remove()
        axes.set_title(title)
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence("the engine's curve is $z m^3 - m^2 - z m - 1 = 0$")
def textbook(claim) -> None:
    claim.identity(sp.Eq(x * r**3 + r**2 + 1, x * r, evaluate=False))


@theorem.consequence("$i(H_1H_2-H_2H_1)$ has the same law")
def commutator(claim) -> None:
    # eigenvalues of the antisymmetric H1H2 - H2H1 are -i times real ones: m -> i m at z -> -i z
    turned = curve(COMMUTATOR).subs({m: sp.I * m, z: -sp.I * z}, simultaneous=True)

    def same(other: sp.Expr) -> bool:
        return sp.expand(other - curve()) == 0 or sp.expand(other + curve()) == 0

    claim.holds(
        "the engine's curve of the commutator, on the imaginary axis",
        lambda: same(sp.expand(turned)),
        wrong={
            "without i": lambda: same(curve(COMMUTATOR)),
            "turned the other way in m only": lambda: same(sp.expand(turned.subs(m, -m))),
        },
    )


@theorem.consequence("the moments are 1, 0, 2, 0, 10, 0, 66, and the free cumulants 0, 2, 0, 2, ...")
def moments(claim) -> None:
    pairings = planar_moments(ANTICOMMUTATOR, 6)

    def same(found) -> bool:
        return list(found) == [1, 0, 2, 0, 10, 0, 66]

    claim.holds("of the curve", lambda: same((1, *law().moments(6))), wrong={"of 2": lambda: same(law().moments(7))})
    claim.holds("from pairings", lambda: same(pairings), wrong={"shifted": lambda: same(pairings[1:])})
    found, others = law().free_cumulants(10), law().moments(10)
    claim.holds(
        "free cumulants to order 10",
        lambda: list(found) == [0, 2] * 5,
        wrong={"the moments": lambda: list(others) == [0, 2] * 5},
    )


@theorem.consequence("the R-transform is $2g/(1-g^2)$, that of a free Poisson law less that of another")
def additive(claim) -> None:
    g = sp.Symbol("g")
    place = sp.solve(curve().subs(m, -g), z)[0]
    claim.identity(sp.Eq(place - 1 / g, 1 / (1 - g) - 1 / (1 + g), evaluate=False))


@theorem.consequence("the support ends at $\\sqrt{(11+5\\sqrt5)/2}=3.33019...$, with a square root")
def end(claim) -> None:
    value = sp.Rational(11, 2) + 5 * sp.sqrt(5) / 2
    claim.holds(
        "squared edge in balls",
        lambda: _squared_edge(value).passed,
        wrong={"with -sqrt 5": lambda: _squared_edge(sp.Rational(11, 2) - 5 * sp.sqrt(5) / 2).passed},
    )
    exponents = [edge.exponent for edge in law().edge_behaviour]
    claim.holds(
        "exponent of the density at both ends",
        lambda: exponents == [Fraction(1, 2)] * 2,
        wrong={"a cusp": lambda: exponents == [Fraction(1, 3)] * 2},
    )


@theorem.consequence("the density at zero is $1/\\pi$")
def centre(claim) -> None:
    value = law().enclose(0).ball

    def close(to: complex) -> bool:
        return abs(complex(value) - to) < 1e-14

    claim.holds("m(i0) = i", lambda: close(1j), wrong={"the semicircle's": lambda: close(1j / 2**0.5)})


@theorem.consequence("far away the transform is $-1/x$")
def far(claim) -> None:
    claim.exponent("m_outside", lambda eps: {"x": 4 / eps}, 1)


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("the commutator's curve without i", equations={r: sp.Eq(x * r**3 + r**2 + x * r + 1, 2)})
theorem.mutant("classically independent factors", outputs={"m4": sp.Integer(64)})
theorem.mutant("fourth moment of a semicircle of variance 2", outputs={"m4": sp.Integer(8)})
theorem.mutant("sixth moment of a semicircle of variance 2", outputs={"m6": sp.Integer(40)})
theorem.mutant("edge of a semicircle of variance 2", values=lambda edge: {"edge": 8**0.5})
theorem.mutant("the other sheet", values=lambda x, m_outside: {"m_outside": -1 / float(x)})
