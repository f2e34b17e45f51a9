"""Spikes of an inner-product kernel without information: derivation, step by step."""

from __future__ import annotations

from typing import Any

import sympy as sp
from sympy import Eq

from rmtsym.gaussian import activation, expectation, hermite_coefficient
from rmtsym.theorem.certified import certified
from theory.kernels.inner_product_limiting_law.statement import (
    a1,
    c,
    h,
    h_lower,
    h_upper,
    m,
    place,
    rest,
    transform,
    z,
)
from theory.kernels.inner_product_noninformative_spikes import draws
from theory.kernels.inner_product_noninformative_spikes.statement import (
    STRENGTH,
    a2,
    delta,
    kappa,
    overlap_of,
    place_of,
    theorem,
)


@theorem.derivation
def derivation(proof: Any) -> None:
    """The lengths of the samples put a matrix of rank two into the kernel; its poles are the spikes."""
    sampling = dict(replicates=192, sizes=(24, 48, 96, 192))
    named = []
    for f in ("relu", "abs"):
        centred = activation(f) - expectation(activation(f), 1).expr
        moments = {sp.Symbol(f"a{k}_{f}"): hermite_coefficient(f, k) for k in (1, 2)}
        moments[sp.Symbol(f"nu_{f}")] = expectation(centred * centred, 1)
        claims = [Eq(symbol, moment.expr) for symbol, moment in moments.items()]
        named.append(proof.moment(f"coefficients of {f}", claims, "a1, a2 and variance", check=certified(moments)))

    # where the rank two comes from
    theta, flat = sp.symbols("theta flat")
    mixed = proof.asymptotic(
        "second component between 1 and the lengths", Eq(theta, (kappa - 1) / (sp.sqrt(2) * c)),
        "1'Hu/n for u_i = (|x_i|^2 - p)/sqrt p: the mean of (t^2 - 1)/sqrt 2 given x_i is u_i/sqrt(2p), and u_i has "
        "the variance kappa - 1", deviation=draws.plane("mixed"), **sampling,
    )  # fmt: skip
    ones = proof.asymptotic(
        "second component between 1 and 1", Eq(flat, 0, evaluate=False), "1'H1/n: the mean of t^2 - 1 is zero",
        deviation=draws.plane("ones"), **sampling,
    )  # fmt: skip
    size = sp.Symbol("k", integer=True, positive=True)
    A, e, u = sp.MatrixSymbol("A", size, size), sp.MatrixSymbol("e", size, 1), sp.MatrixSymbol("u", size, 1)
    K, v, identity, a = sp.MatrixSymbol("K", size, size), sp.MatrixSymbol("v", size, 1), sp.Identity(size), sp.S("a")
    root = A * A.T  # any symmetric matrix will do
    form = lambda left, right: sp.Trace(root.I * right * left.T)  # noqa: E731
    ee, eu, uu = form(e, e), form(e, u), form(u, u)
    rank_two = proof.identity(
        "rank two",
        Eq(sp.Trace((root + a * (e * u.T + u * e.T)).I * e * e.T) * ((1 + a * eu) ** 2 - a**2 * ee * uu), ee,
           evaluate=False),
        "for every symmetric matrix and all e, u; here e = 1, u the lengths, a = a2/(sqrt 2 p), and the matrix is "
        "K_0 - z, the kernel without a (1u' + u1')", wrong=[uu, 2 * ee],
    )  # fmt: skip
    P, M, W, g, share = sp.symbols("P M W g share")
    scale = proof.define(Eq(share, a2 * theta / (kappa - 1)), "n a: what rank two has in units of n", uses=[mixed, ones,
                         *named])  # fmt: skip
    spiked = proof.define(
        Eq(g, P / ((1 + share * M) ** 2 - share**2 * P * W)),
        "1'(K - z)^{-1}1/n with the forms P of 1, M of 1 and u, W of u in the resolvent of K_0, over n",
        uses=[rank_two, scale],
    )  # fmt: skip
    engine = proof.engine("bulk", transform(), "inner-product-limiting-law", output=m)
    cubic = proof.substitute(
        "curve", Eq(1, -m * (z + a1**2 * m / (c + a1 * m) + rest * m / c), evaluate=False), "in the transform alone",
        uses=[engine],
    )  # fmt: skip
    limits = [
        proof.asymptotic(
            f"form of {name}", Eq(symbol, value, evaluate=False), reason, deviation=draws.forms(which),
            uses=[engine], replicates=256, sizes=(24, 48, 96),
        )
        for name, symbol, value, reason, which in (
            ("1", P, m, "K_0 prefers no direction", "ones"),
            ("1 and the lengths", M, sp.S.Zero, "they are orthogonal", "mixed"),
            ("the lengths", W, (kappa - 1) * m, "|u|^2/n tends to kappa - 1", "lengths"),
        )
    ]  # fmt: skip
    strength = proof.define(Eq(delta, STRENGTH), "rank two has the eigenvalues +-1/(c delta)")
    spiked_form = proof.substitute(
        "form of 1 with rank two", Eq(g * ((c * delta) ** 2 - m**2), (c * delta) ** 2 * m, evaluate=False),
        "its poles: m = +-c delta", uses=[spiked, scale, mixed, *limits, strength],
    )  # fmt: skip
    uniform = proof.assume(
        "no other eigenvalue off the bulk",
        "K_0 has no eigenvalue off the bulk and the forms converge uniformly there, so that poles and residues do",
        "Z. Fan, A. Montanari (2019), The spectral norm of random inner-product kernel matrices; Hurwitz's theorem",
        uses=[spiked_form],
    )
    off = identity - v * v.T / sp.Trace(v * v.T)
    at = sp.Symbol("eig")
    with_value = at * v * v.T / sp.Trace(v * v.T) + off * K * off  # any matrix with the eigenpair eig, v
    singular = sp.Trace(e * e.T * sp.Inverse(with_value - z * identity)) * (at - z)
    beside = (at - z) * sp.Trace(e * e.T * off * sp.Inverse(off * K * off - z * identity) * off)
    partial = proof.identity(
        "residue of a form", Eq(singular, sp.Trace(e * e.T * v * v.T) / sp.Trace(v * v.T) + beside, evaluate=False),
        "a simple eigenvalue is a pole of 1'(K - z)^{-1}1 with minus (1'v)^2 as residue; at every size",
        wrong=[sp.Trace(e * e.T * v * v.T) + beside, beside],
    )  # fmt: skip

    # one pole on each side
    inverse_map = proof.continuity("outside the support", cubic, {m: -1 / h}, "analytic there")
    sides = {1: "below", -1: "above"}
    symbols = {side: sp.symbols(f"eig_{w} overlap_{w} lengths_{w} mu_{w} prime_{w} fall_{w} rise_{w}")
               for side, w in sides.items()}  # fmt: skip
    poles, slopes, found = {}, {}, {}
    for side, where in sides.items():
        eig, _, _, mu, prime, fall, _ = symbols[side]
        poles[side] = proof.define(Eq(mu, side * c * delta), f"transform at the pole {where}", uses=[uniform])
        there = proof.continuity(f"curve at the spike {where}", cubic, {z: eig, m: mu}, "analytic off the bulk")
        value = proof.substitute(
            f"place of the spike {where}", Eq(eig, place_of(side)), "the curve is linear in z", uses=[there,
            poles[side]],
        )  # fmt: skip
        steep = proof.derivative(
            f"slope of the transform {where}", Eq(prime, 1 / (1 / mu**2 - a1**2 * c / (c + a1 * mu) ** 2 - rest / c)),
            "implicit differentiation", of=Eq(z, place(m).subs(m, mu)), by=z, through={mu: prime}, uses=[there],
        )  # fmt: skip
        slope = proof.derivative(
            f"slope of the denominator {where}", Eq(fall, -2 * mu * prime), "the pole is simple",
            of=(c * delta) ** 2 - mu**2, by=z, through={mu: prime}, uses=[steep],
        )  # fmt: skip
        slopes[side], found[side] = [slope, steep], [value]
    residue = proof.asymptotic(
        "overlaps from the residue", [Eq(x[1], -((c * delta) ** 2) * x[3] / x[5]) for x in symbols.values()],
        "n^{-1}1'(K - z)^{-1}1 = g has this residue; on a circle, for abs", deviation=draws.residue,
        uses=[partial, uniform, spiked_form, *(slope for slope, _ in slopes.values())], replicates=192,
        sizes=(40, 80, 160),
    )  # fmt: skip
    equal = proof.asymptotic(
        "overlaps with the lengths", [Eq(x[2], x[1]) for x in symbols.values()],
        "1 and u/|u| are exchangeable in the identity of rank two; the difference, for abs",
        deviation=draws.both, uses=[residue], replicates=192, sizes=(40, 80, 160),
    )  # fmt: skip
    for side, where in sides.items():
        _, overlap, lengths, mu, _, _, rise = symbols[side]
        aligned = proof.substitute(
            f"overlap {where}", Eq(overlap, overlap_of(side)), "in delta", uses=[residue, *slopes[side], poles[side]]
        )
        known = proof.substitute(f"overlap with the lengths {where}", Eq(lengths, overlap), "the same", uses=[equal])
        rising = proof.derivative(
            f"slope of z {where}", Eq(rise, 1 / mu**2 - a1**2 * c / (c + a1 * mu) ** 2 - rest / c), "in m",
            of=place(m).subs(m, mu), by=mu, uses=[inverse_map],
        )  # fmt: skip
        branch = proof.substitute(
            f"branch {where}", Eq(rise * mu**2, 2 * overlap, evaluate=False),
            "off the bulk z(m) increases: there is a spike where the overlap is positive",
            uses=[rising, aligned, poles[side]],
        )  # fmt: skip
        found[side] += [aligned, known, branch]

    def named_as(side: int, where: str, name: str) -> list[Any]:
        """Claims on the pole of a side, under the names of the statement."""
        at = {sp.Symbol(f"{q}_{where}"): sp.Symbol(f"{q}_{name}") for q in ("eig", "overlap", "lengths")}
        *claims, branch = found[side]
        return [
            proof.continuity(f"{step.name}, {name}", step, at, "its name", uses=[branch])
            for step in (claims if name != "gap" else claims[:2])
        ]

    # the edges
    slope_h, where_h = sp.symbols("slope where")
    inverse_at = proof.continuity("place off the bulk", inverse_map, {z: where_h}, "z there")
    moving = proof.derivative(
        "slope of z in -1/m", Eq(slope_h, 1 - a1**2 * c / (c * h - a1) ** 2 - rest / (c * h**2)), "no slope at an edge",
        of=inverse_at.claims[0], by=h, through={where_h: slope_h}, uses=[inverse_at],
    )  # fmt: skip
    balance = proof.substitute(
        "balance of slopes", Eq(1, slope_h + a1**2 * c / (c * h - a1) ** 2 + rest / (c * h**2), evaluate=False),
        "the other way round", uses=[moving],
    )  # fmt: skip
    nothing = proof.asymptotic(
        "no overlap without a pole", Eq(sp.Symbol("cosine"), 0, evaluate=False), "abs with signs, kappa = 1: W = 0",
        deviation=draws.unseen, uses=[spiked_form, uniform], replicates=256, sizes=(40, 80, 160),
    )  # fmt: skip
    edges = {}
    for name, edge, side in (("min", h_lower, 1), ("max", h_upper, -1)):
        eig, sign = sp.Symbol(f"eig_{name}"), -side
        stay = proof.asymptotic(
            f"edge, {name}", "eig - edge = 0", "no pole: it stays at the edge", deviation=draws.stays(side),
            exponent=-2 / 3, replicates=160, sizes=(40, 80, 160), uses=[uniform, balance],
        )  # fmt: skip
        turn = proof.continuity(f"turning point, {name}", balance, {h: sign * edge, slope_h: 0}, "z turns", uses=[stay])
        value = proof.continuity(f"z there, {name}", inverse_at, {h: sign * edge, where_h: eig}, "at the edge")
        claims = [
            Eq(edge, edge * a1**2 * c / (sign * c * edge - a1) ** 2 + rest / (c * edge)),
            Eq(eig, sign * edge + a1**2 / (sign * c * edge - a1) + sign * rest / (c * edge)),
        ]
        ends = proof.substitute(f"edge of the spectrum, {name}", claims, "solved for it", uses=[turn, value])
        blind = [
            proof.continuity(f"no overlap, {q} {name}", nothing, {sp.Symbol("cosine"): sp.Symbol(f"{q}_{name}")},
                             "no pole")
            for q in ("overlap", "lengths")
        ]  # fmt: skip
        edges[name] = [ends, *blind]
    below = named_as(1, "below", "min")
    proof.conclude("two poles", uses=[strength, *below, *named_as(-1, "above", "max")], regime="below and above")
    proof.conclude("one pole", apart=([strength, *below], edges["max"]), regime="below")
    proof.conclude(
        "two poles", apart=([strength, *below, *named_as(-1, "above", "gap")], edges["max"]),
        regime="below and in the gap",
    )  # fmt: skip
    proof.conclude("no pole", uses=[*edges["min"], *edges["max"]], regime="no spike")
