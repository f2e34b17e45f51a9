"""Degree-corrected block model: derivation, step by step."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.matrix import Deterministic, Space, Wigner, inverse
from theory.spectra.dcsbm_alpha_normalised.experiment import largest
from theory.spectra.dcsbm_alpha_normalised.graphs import Graph, draw, projected
from theory.spectra.dcsbm_alpha_normalised.statement import (
    STRENGTH,
    a,
    b,
    c,
    connectivities,
    edge,
    h1,
    h2,
    j1,
    j2,
    k1,
    k2,
    mean,
    mu,
    r,
    reach,
    regular,
    rough,
    theorem,
    top,
    x,
)

z, t1, t2, trace, p1, p2, rate = sp.symbols("z t1 t2 trace p1 p2 rate")  # p = -t = -g, to the right of the bulk
v = sp.Symbol("v", positive=True)


@cache
def engine() -> Equivalent:
    """Resolvent of a symmetric Gaussian matrix with the variances (a_i a_j + v b_i b_j)/n."""
    nodes = Space("n", letters=(a, b), law="nu")
    first, second = Deterministic(sp.sqrt(a), nodes), Deterministic(sp.sqrt(b), nodes)
    noise = first @ Wigner("X", nodes) @ first + second @ Wigner("Y", nodes, v) @ second
    return deterministic_equivalent({"trace": inverse(noise - z)})


# -- deviations by which the limits are measured -----------------------------------------------------------------------


def _point(contrast: str) -> dict[str, Any]:
    return theorem.point(q="2/5,3/5", wq="1/2,1/2", al="1/4", mu=contrast, c="1/2", x="9")


def _linear(rng: np.random.Generator, size: int) -> float:
    """Operator norm of the normalised matrix less the projected noise and the class direction."""
    graph = draw(rng, size, _point("2"))
    return float(np.linalg.norm(graph.matrix - graph.limit, 2))


def _resolvent(graph: Graph, at: complex) -> np.ndarray:
    noise = projected(graph.noise, graph.model)
    return np.linalg.inv(noise - at * np.eye(len(noise)))


def _letters(graph: Graph) -> tuple[np.ndarray, np.ndarray]:
    q, alpha = graph.model.q, graph.model.alpha
    return q ** (1 - 2 * alpha), q ** (2 - 2 * alpha)


def _balance(rng: np.random.Generator, size: int) -> float:
    """Both equations at z = (1 + i)/2, with the measured traces of the projected noise put in."""
    graph = draw(rng, size, _point("0"))
    first, second = _letters(graph)
    at = 0.5 + 0.5j
    diagonal = np.diag(_resolvent(graph, at))
    one, two = np.mean(first * diagonal), np.mean(second * diagonal)
    limit = -1 / (at + first * one - second * two)
    return float(abs(one - np.mean(first * limit)) + abs(two - np.mean(second * limit)))


def _form(power: int) -> Callable[[np.random.Generator, int], float]:
    """Forms of a power of the resolvent at z = 3 in class directions, less the trace; rms over ways to take classes."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        graph = draw(rng, size, _point("0"))
        resolvent, weight = _resolvent(graph, 3.0), graph.model.q ** (1 - graph.model.alpha) / np.sqrt(size)
        resolvent = np.linalg.matrix_power(resolvent, power)
        halves = np.repeat([0.5, -0.5], size // 4)  # the nodes of one connectivity, in two classes
        sides = np.array([[rng.permutation(halves) for _ in range(2)] for _ in range(32)]).reshape(32, 2, 2, -1)
        directions = weight * sides.transpose(0, 2, 1, 3).reshape(32, size)
        forms = np.einsum("ki,ij,kj->k", directions, resolvent, directions, optimize=True)
        return float(np.sqrt(np.mean((forms - weight**2 @ np.diag(resolvent) / 4) ** 2)))

    return deviation


def _at_edge(contrast: str) -> Callable[[np.random.Generator, int], float]:
    """The edge less the largest eigenvalue; without classes, less the mean of it and of minus the smallest one."""

    def deviation(rng: np.random.Generator, size: int) -> float:
        point = _point(contrast)
        matrix, start = draw(rng, size, point).matrix, rng.standard_normal(size)
        found = largest(matrix, start)[0]
        if not point["mu"]:
            found = (found + largest(-matrix, start)[0]) / 2
        return rough(connectivities(point["q"], point["wq"], point["al"]))[0] - found

    return deviation


# -- the steps ---------------------------------------------------------------------------------------------------------


def _projection(proof: Any) -> Any:
    """The degrees are subtracted by a projection; what is left is noise and one class direction."""
    size = sp.Symbol("k", integer=True, positive=True)
    A, e, one = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("e", size, 1), sp.Identity(size)
    total = sp.Trace(A * e * e.T)
    exact = proof.identity(
        "degrees as a projection",
        sp.Eq(
            (one - A * e * e.T / total) * A * (one - e * e.T * A / total), A - A * e * e.T * A / total, evaluate=False
        ),
        "A - dd'/d'1 = P'AP with d = A1, P = I - 1d'/d'1: it maps 1 to zero",
        wrong=[A - 2 * A * e * e.T * A / total, A - A * e * e.T / total, A],
    )
    y = (1 - c, -c)
    shift = sp.symbols("s1 s2")
    M = sp.Matrix(2, 2, lambda i, j: 4 * mu * y[i] * y[j] + shift[i] + shift[j])
    off = sp.Matrix(2, 2, lambda i, j: int(i == j) - (c, 1 - c)[j])
    centred = off * M * off.T
    classes = proof.identity(
        "classes, centred",
        [
            *(sp.Eq(centred[i, j], 4 * mu * y[i] * y[j], evaluate=False) for i in (0, 1) for j in (0, 1)),
            sp.Eq(M[0, 0] + M[1, 1] - 2 * M[0, 1], 4 * mu, evaluate=False),
            sp.Eq((sp.Matrix([c, 1 - c]).T @ sp.Matrix([u**2 for u in y]))[0] * 4 * mu, STRENGTH, evaluate=False),
        ],
        "(I - 1c')M(I - c1') = 4 mu yy' for every M; its strength is 4 mu c(1-c), the eigenvalue of (diag c - cc')M",
    )
    return proof.asymptotic(
        "normalised matrix", "L = P'WP + 4 mu vv' in operator norm",
        "degrees are n q_i E[q] up to n^-1/2; W = D_q^-alpha (A - EA) D_q^-alpha/sqrt n, v = D_q^(1-alpha) y/sqrt n",
        deviation=_linear, sizes=(48, 96, 192, 384), replicates=12, uses=[exact, classes],
    )  # fmt: skip


def _equations(proof: Any, linear: Any) -> Any:
    """The engine's equations for the variances a_i a_j - b_i b_j."""
    made = proof.engine("Gaussian noise", engine(), "variances (a_i a_j + v b_i b_j)/n, a sum of two Wigner matrices")
    first, second = engine().system.symbols
    signed = proof.continuity(
        "variances of a graph", made, {v: -1, first: t1, second: t2},
        "q_i q_j(1 - q_i q_j)/(q_i q_j)^(2 alpha) = a_i a_j - b_i b_j; moments of the law are polynomials in v",
    )  # fmt: skip
    return proof.asymptotic(
        "two equations", signed.relations, "the law depends on the variances only, and P has finite rank",
        deviation=_balance, exponent=-1.0, sizes=(24, 48, 96, 192), replicates=96, uses=[signed, linear],
    )  # fmt: skip


def _slopes(proof: Any, right: Any) -> tuple[Any, Any]:
    """Implicit differentiation of both equations: in z, and along the curve in the direction of g_2."""
    d1, d2, slant = sp.symbols("d1 d2 slant")
    inverse = 1 / reach(z, p1, p2) ** 2
    A, B, C = mean(a**2 * inverse), mean(b**2 * inverse), mean(a * b * inverse)
    s1, s2 = mean(a * inverse), mean(b * inverse)
    one, two = (next(eq for eq in right.relations if eq.lhs == -p) for p in (p1, p2))
    first = proof.derivative(
        "slope of g_1", sp.Eq(d1, (-s1 - C * d2) / (1 - A)), "implicit differentiation in z",
        of=one, by=z, through={p1: d1, p2: d2}, uses=[right],
    )  # fmt: skip
    second = proof.derivative(
        "slope of g_2", sp.Eq(d2, (-s2 + C * d1) / (1 + B)), "implicit differentiation in z",
        of=two, by=z, through={p1: d1, p2: d2}, uses=[right],
    )  # fmt: skip
    both = proof.substitute(
        "both slopes", sp.Eq(d2, -((1 - A) * s2 + C * s1) / regular(z, p1, p2)), "solved; d2 is the slope of -g_2",
        uses=[first, second],
    )  # fmt: skip
    along = proof.derivative(
        "first equation along the curve", sp.Eq(slant, -(C + rate * s1) / (1 - A)), "slant is dg_1/dg_2, rate -dz/dg_2",
        of=one, by=p2, through={p1: slant, z: rate}, uses=[right],
    )  # fmt: skip
    turning = proof.derivative(
        "second equation along the curve", sp.Eq(slant, (1 + B + rate * s2) / C), "the same from the other equation",
        of=two, by=p2, through={p1: slant, z: rate}, uses=[right],
    )  # fmt: skip
    return both, (along, turning)


def _perron(proof: Any) -> Any:
    """The determinant of the two equations is that of the equations of all m(q)."""
    letters = [sp.symbols(f"a{i} b{i} m{i} w{i}") for i in (1, 2, 3)]
    stability = sp.Matrix(
        3, 3,
        lambda i, j: int(i == j)
        - letters[i][2] ** 2 * (letters[i][0] * letters[j][0] - letters[i][1] * letters[j][1]) * letters[j][3],
    )  # fmt: skip
    A, B, C = (
        sum(w * m**2 * f(a_, b_) for a_, b_, m, w in letters)
        for f in (lambda s, t: s * s, lambda s, t: t * t, lambda s, t: s * t)
    )
    return proof.identity(
        "determinant", sp.Eq(stability.det(method="berkowitz"), (1 - A) * (1 + B) + C**2, evaluate=False),
        "det(I - diag(m^2) S), S_ij = a_i a_j - b_i b_j >= 0, here with three connectivities: it is positive exactly "
        "where the Perron eigenvalue of diag(m^2) S is below one",
    )  # fmt: skip


def _edge(proof: Any, right: Any, curve: Any, none: Any) -> list[Any]:
    """Where z turns as a function of g_2."""
    flat = proof.asymptotic(
        "edge", "the largest eigenvalue of the noise is where dz/dg_2 = 0",
        "the bulk ends where the slopes are infinite",
        deviation=_at_edge("0"), exponent=-2 / 3, sizes=(48, 96, 192, 384), replicates=32, uses=[none],
    )  # fmt: skip
    at = {z: edge, p1: k1, p2: k2}
    there = proof.continuity("equations at the edge", right, at, "the transforms are continuous there")
    turned = [
        proof.continuity(name, step, {**at, rate: 0, sp.Symbol("slant"): r}, "dz/dg_2 = 0", uses=[flat])
        for name, step in zip(("first equation, turning", "second equation, turning"), curve, strict=True)
    ]
    named = proof.define(sp.Eq(sp.Symbol("bulk_edge"), edge), "largest eigenvalue of the noise", uses=[flat])
    return [there, *turned, named]


def _classes(proof: Any, linear: Any) -> tuple[Any, ...]:
    """The class direction as a rank-one change: the form of the resolvent in it, and the eigenvector at a pole."""
    form, square, spiked, s, slope = sp.symbols("form square spiked s slope")
    size = sp.Symbol("k", integer=True, positive=True)
    W, u, one = sp.MatrixSymbol("W", size, size), sp.MatrixSymbol("u", size, 1), sp.Identity(size)
    Q = sp.Inverse(W - z * one)
    plain = sp.Trace(u * u.T * Q)
    moved = sp.Trace(u * u.T * sp.Inverse(W + s * u * u.T - z * one))
    rank_one = proof.identity(
        "class direction as a rank-one change", sp.Eq(moved * (1 + s * plain), plain, evaluate=False),
        "for every W and u", wrong=[2 * plain, moved],
    )  # fmt: skip
    vector = proof.identity(
        "eigenvector", sp.Eq((W + s * u * u.T - z * one) * Q * u, (1 + s * plain) * u, evaluate=False),
        "Qu is an eigenvector where 1 + s u'Qu = 0; its squared alignment is (u'Qu)^2/(u'u u'Q^2u)",
        wrong=[u, s * plain * u],
    )  # fmt: skip
    sampling = dict(sizes=(48, 96, 192, 384), replicates=12, uses=[linear])
    isotropic = proof.asymptotic(
        "form in the class direction", sp.Eq(form, c * (1 - c) * t2),
        "v'Qv; v is orthogonal to what P takes away; an independent direction gives a trace, |v|^2 = c(1-c) E b",
        deviation=_form(1), **sampling,
    )  # fmt: skip
    squared = proof.asymptotic(
        "form of the square", sp.Eq(square, c * (1 - c) * slope), "v'Q^2v, with the slope of g_2 in z",
        deviation=_form(2), **sampling,
    )  # fmt: skip
    changed = proof.define(
        sp.Eq(spiked, form / (1 + 4 * mu * form)), "v'(L - z)^{-1}v, with s = 4 mu", uses=[rank_one, linear]
    )
    strength = proof.define(sp.Eq(sp.Symbol("ell"), STRENGTH), "strength of the class direction", uses=[linear])
    pole = proof.substitute(
        "form with classes", sp.Eq(spiked * (1 + sp.Symbol("ell") * t2), c * (1 - c) * t2),
        "its only pole off the bulk: 1 + ell g_2 = 0", uses=[changed, isotropic, strength],
    )  # fmt: skip
    return strength, pole, vector, isotropic, squared


def _outlier(proof: Any, classes: tuple[Any, ...], right: Any, slopes: Any, none: Any) -> list[Any]:
    """The pole, and the alignment of the eigenvector there."""
    eig, align, detectable, form, square, slope, d2 = sp.symbols("eig align detectable form square slope d2")
    _, pole, vector, isotropic, squared = classes
    at = {z: top, p1: j1, p2: j2}
    zero = proof.define(sp.Eq(j2, 1 / STRENGTH), "-g_2 at the pole, where 1 + ell g_2 = 0", uses=[pole])
    there = proof.continuity("equations at the pole", right, at, "analytic off the bulk")
    steep = proof.continuity("slope at the pole", slopes, {**at, d2: -sp.Symbol("steep")}, "analytic off the bulk")
    forms = [
        proof.continuity(
            f"{step.name}, at the pole", step, {t2: -j2, old: sp.Symbol(f"{old}_there"), **more}, "off the bulk"
        )
        for step, old, more in ((isotropic, form, {}), (squared, square, {slope: sp.Symbol("steep")}))
    ]
    aligned = proof.define(
        sp.Eq(align, sp.Symbol("form_there") ** 2 / (c * (1 - c) * mean(b) * sp.Symbol("square_there"))),
        "the eigenvector is Qv, and |v|^2 = c(1-c) E b", uses=[vector, *forms],
    )  # fmt: skip
    return [
        zero, there, steep, *forms, aligned,
        proof.define(sp.Eq(eig, top), "the pole is the largest eigenvalue", uses=[zero, none]),
        proof.define(sp.Eq(detectable, 1, evaluate=False), "g_2 is monotone: there is one pole", uses=[zero, steep]),
    ]  # fmt: skip


def _hidden(proof: Any, pole: Any, none: Any) -> list[Any]:
    """Without a pole the largest eigenvalue stays at the edge, and its share of the form is zero."""
    eig, align, detectable, ell, spiked, most = sp.symbols("eig align detectable ell spiked most")
    stays = proof.asymptotic(
        "largest eigenvalue", [sp.Eq(eig, edge), sp.Eq(detectable, 0, evaluate=False)],
        "1 + ell g_2 has no zero: no pole, no eigenvalue of its own; here mu = 1/4",
        deviation=_at_edge("1/4"), exponent=-2 / 3, sizes=(48, 96, 192, 384), replicates=48, uses=[pole, none],
    )  # fmt: skip
    size = sp.Symbol("k", integer=True, positive=True)
    K, one = sp.MatrixSymbol("K", size, size), sp.Identity(size)
    u, w = sp.MatrixSymbol("u", size, 1), sp.MatrixSymbol("w", size, 1)
    off = one - w * w.T / sp.Trace(w * w.T)
    with_pair = edge * w * w.T / sp.Trace(w * w.T) + off * K * off  # any matrix with the eigenpair edge, w
    rest = (edge - z) * sp.Trace(u * u.T * off * sp.Inverse(off * K * off - z * one) * off)
    whole = sp.Trace(u * u.T * sp.Inverse(with_pair - z * one)) * (edge - z)
    squared = sp.Trace(u * u.T * w * w.T)
    partial = proof.identity(
        "share of a form", sp.Eq(whole, squared / sp.Trace(w * w.T) + rest, evaluate=False),
        "(edge - z) times the form is the squared alignment and, to the right of the spectrum, something positive",
        wrong=[squared + rest, rest],
    )  # fmt: skip
    bound = proof.define(
        sp.Eq(most, (edge - z) * spiked / (c * (1 - c) * mean(b))), "the squared alignment is at most this",
        uses=[partial, pole, stays],
    )  # fmt: skip
    share = {z: edge, most: align, spiked: -c * (1 - c) * k2 / (1 - ell * k2)}
    return [stays, proof.continuity("no alignment", bound, share, "the form is finite at the edge", uses=[none])]


@theorem.derivation
def derivation(proof: Any) -> None:
    """Projection, bulk, edge; then the class direction as a rank-one change."""
    linear = _projection(proof)
    law = _equations(proof, linear)
    left = proof.continuity("left of the bulk", law, {z: -x, t1: h1, t2: h2, trace: sp.Symbol("m")}, "analytic there")
    bulk = [
        left,
        proof.define(sp.Eq(sp.Symbol("g1"), h1), "at -x", uses=[left]),
        proof.define(sp.Eq(sp.Symbol("g2"), h2), "at -x", uses=[left]),
    ]
    right = proof.continuity("right of the bulk", law, {t1: -p1, t2: -p2}, "minus the transforms, positive there")
    slopes, curve = _slopes(proof, right)
    none = proof.assume(
        "no eigenvalue off the bulk",
        "W has none, its resolvent converges uniformly off the bulk, and the bulk ends where the slopes are infinite",
        "O. H. Ajanki, L. Erdos, T. Krueger (2017), Universality for general Wigner-type matrices; Hurwitz's theorem",
        uses=[_perron(proof)],
    )
    end = _edge(proof, right, curve, none)
    classes = strength, pole, *_ = _classes(proof, linear)
    threshold = proof.define(
        sp.Eq(sp.Symbol("threshold"), 1 / k2),
        "-g_2 falls from k_2 at the edge to zero: it takes the value 1/ell if ell k_2 > 1",
        uses=[pole, slopes, *end],
    )
    seen = _outlier(proof, classes, right, slopes, none)
    proof.conclude("read off", apart=[bulk, [*end, threshold], [strength, *seen]], regime="classes seen")
    hidden = _hidden(proof, pole, none)
    proof.conclude("read off", apart=[bulk, [*end, threshold, strength, *hidden]], regime="classes hidden")
