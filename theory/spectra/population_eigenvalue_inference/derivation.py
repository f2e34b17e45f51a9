"""Population eigenvalues and eigenspaces from a sample: derivation."""

from __future__ import annotations

from functools import cache

import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.differentiate import differentiate
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from theory.spectra.population_eigenvalue_inference.statement import MOST, PLACES, WEIGHTS, ZEROS, c, others, theorem

s, b, z, v, tau, omega, mu = sp.symbols("t b z v tau omega mu")
_p = Space("p", c, letters=(s, b), law="nu")
REST = SpectralMeasure("others", s)


@cache
def resolvent() -> Equivalent:
    """The engine's transform of M, and of the part that one eigenspace has in it."""
    X = Deterministic(sp.sqrt(s), _p) @ Gaussian("Z", _p, Space("n"))
    Q = inverse(X @ X.T - z)
    return deterministic_equivalent({"trace": Q, "part": Q @ Deterministic(b, _p)}, spectral=z)


def _rest(f: sp.Expr) -> sp.Expr:
    """Sum over the eigenvalues other than tau."""
    return Average(f, REST)


@theorem.derivation
def derivation(proof) -> None:
    """One cluster, of eigenvalue tau and weight omega: integrals in v = -1/m_companion, residues."""
    trace, part, slope, closed, r_naive, r_mestre, at_tau, at_mu = sp.symbols(
        "trace part slope closed r_naive r_mestre r_tau r_mu"
    )
    naive, mestre, corr, eta, ell = sp.symbols("naive mestre corr eta ell")
    full, sample = (lambda f, nu=nu: Average(f, nu) for nu in (_p.measure, SpectralMeasure("sample", ell)))

    # the transform, with v for z; one eigenvalue apart from the others
    engine = proof.engine("resolvent", resolvent(), "tr Q/p, and tr QB/p, B diagonal with entries b")
    (companion,) = resolvent().system.symbols
    named = proof.define(sp.Eq(v, -1 / companion), "the variable in which z is an explicit function", uses=[engine])
    inverse_map = proof.substitute(
        "inverse function", sp.Eq(z, v * (1 + c * full(s / (v - s)))), "solved for z", uses=[engine, named]
    )
    transforms = proof.substitute(
        "transforms in v", [sp.Eq(-z * trace, (z / v - 1 + c) / c), sp.Eq(-z * part, full(b * v / (v - s)))],
        "without the companion", uses=[engine, named],
    )  # fmt: skip
    split = {full(s / (v - s)): omega * tau / (v - tau) + _rest(s / (v - s)), full(b / (v - s)): omega / (v - tau)}
    x_of_v = proof.continuity("one eigenvalue and the others", inverse_map, split, "weight omega at tau")
    space = proof.continuity("its eigenspace", transforms, split, "b = 1 at tau, 0 elsewhere")
    body = c * omega * tau + (v - tau) * (1 + c * _rest(s / (v - s)))
    near = proof.substitute("pole of z", sp.Eq(body, z * (v - tau) / v), "finite at v = tau", uses=[x_of_v])
    rise = proof.derivative(
        "slope of z", sp.Eq(slope, 1 - c * omega * tau**2 / (v - tau) ** 2 - c * _rest(s**2 / (v - s) ** 2)),
        "dz = z' dv; positive off the spectrum", of=x_of_v.claims[0].rhs, by=v, uses=[x_of_v],
    )  # fmt: skip
    cluster = proof.assume(
        "exact separation",
        "each cluster has the p_k eigenvalues that belong to it, none strays, and the transforms converge uniformly on "
        "a contour around it, the image of one around tau",
        "Z. D. Bai, J. W. Silverstein (1998, 1999), No eigenvalues outside the support; Exact separation",
        uses=[transforms, rise],
    )

    # mean of a cluster: -z tr Q dz
    exact = proof.derivative(
        "integration by parts", sp.Eq(closed, z * slope / v - z**2 / (2 * v**2)),
        "closed = d(z^2/2v)/dv has no integral around the cluster, so that of z z'/v is that of z^2/2v^2",
        of=z**2 / (2 * v), by=v, through={z: slope}, uses=[rise],
    )  # fmt: skip
    double = proof.derivative(
        "residue of z^2/v^2", sp.Eq(r_naive, 2 * c * omega * tau * (1 + c * _rest(s / (tau - s)))),
        "a double pole at tau", of=body**2, by=v, at=tau, uses=[near],
    )  # fmt: skip
    mean = proof.define(
        sp.Eq(naive, r_naive / (2 * c * omega)), "sum over the cluster of p_k = omega p eigenvalues",
        uses=[cluster, exact, double],
    )  # fmt: skip

    # Mestre: tau itself is such an integral, and so is the sum of lambda - eta
    size = sp.Symbol("k", integer=True, positive=True)
    L, root, one = sp.MatrixSymbol("L", size, size), sp.MatrixSymbol("r", size, 1), sp.Identity(1)
    update = proof.identity(
        "eta as zeros",
        sp.Eq((L - root * root.T) * L.I * root, root * (one - root.T * L.I * root), evaluate=False),
        "L = diag(lambda) - eta, r_i^2 = lambda_i/n: eta is an eigenvalue where r'r under 1/L is 1",
    )
    secular = proof.identity(
        "zeros of the sample's companion",
        sp.Eq(1 - c * sample(ell / (ell - eta)), -eta * (c * sample(1 / (ell - eta)) - (1 - c) / eta)),
        "r'r under 1/L is 1 where the companion transform of the sample vanishes; its poles are the lambda", uses=[],
    )  # fmt: skip
    simple = proof.derivative(
        "residue of z/v", sp.Eq(r_mestre, c * omega * tau), "a simple pole at tau: (v - tau) z/v there",
        of=(v - tau) * body, by=v, at=tau, uses=[near],
    )  # fmt: skip
    estimate = proof.define(
        sp.Eq(mestre, r_mestre / (c * omega)),
        "n/p_k times sum of lambda - eta is -1/(c omega) times the integral of z dlog m_companion, and dlog = -dv/v",
        uses=[cluster, update, secular, simple],
    )  # fmt: skip

    # eigenspaces: -tr QB dz/omega = v z'/(z (v - tau)) dv has poles at tau, and where z vanishes
    zero = proof.continuity("zero of z", near, {z: 0, v: mu}, "mu lies between the lower end of the contour and tau")
    factor = -c * v * (omega * tau / ((v - tau) * (mu - tau)) + _rest(s / ((v - s) * (mu - s))))
    simple_zero = proof.substitute("simple zero", sp.Eq(z, (v - mu) * factor), "partial fractions", uses=[x_of_v, zero])
    log_slope = differentiate(body, v) / body + 1 / v
    logarithmic = proof.substitute(
        "slope of log z", sp.Eq((v - tau) * slope / z, (v - tau) * log_slope - 1), "near the pole", uses=[near, rise]
    )
    pole = proof.derivative(
        "residue at tau", sp.Eq(at_tau, (1 + c * _rest(s / (tau - s))) / (c * omega)), "a double pole",
        of=v * ((v - tau) * log_slope - 1), by=v, at=tau, uses=[logarithmic],
    )  # fmt: skip
    change = differentiate(factor, v) / factor
    other = proof.derivative(
        "residue at mu", sp.Eq(at_mu, -mu / (tau - mu)), "a simple pole: z'/z has residue 1 there",
        of=(v - mu) * v * (1 + (v - mu) * change) / (v - tau), by=v, at=mu, uses=[simple_zero],
    )  # fmt: skip
    correlation = proof.define(
        sp.Eq(corr, at_tau + at_mu), "trace of the product of projections", uses=[cluster, space, pole, other]
    )
    found = proof.substitute(
        "one cluster",
        [
            sp.Eq(mu, tau * (1 - c * omega / (1 - c * _rest(s / (s - mu)))), evaluate=False),
            sp.Eq(naive, tau * (1 + c * _rest(s / (tau - s)))),
            sp.Eq(mestre, tau),
            sp.Eq(corr, (1 + c * _rest(s / (tau - s))) / (c * omega) - mu / (tau - mu)),
        ],
        "everything in tau, omega and the others",
        uses=[zero, mean, double, estimate, simple, correlation, pole, other],
    )  # fmt: skip
    for count in range(2, MOST + 1):
        clusters = []
        for k in range(count):
            lower = sp.Add(*(WEIGHTS[j] * PLACES[j] / (PLACES[j] - ZEROS[k]) for j in range(count) if j != k))
            names = {tau: PLACES[k], omega: WEIGHTS[k], mu: ZEROS[k]}
            names |= {symbol: sp.Symbol(f"{symbol}{k}") for symbol in (naive, mestre, corr)}
            names |= {_rest(s / (s - mu)): lower, _rest(s / (tau - s)): others(k, count)}
            clusters.append(proof.continuity(f"cluster {k} of {count}", found, names, "tau is one of them"))
        proof.conclude("cluster by cluster", uses=clusters, regime=f"{count} clusters")
