"""Distances between two covariances: derivation."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import sympy as sp

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.spectrum import SampleCovariance, linear_statistic, wachter
from rmtsym.theorem import Evidence
from theory.spectra.covariance_distances.statement import c1, c2, e1, e2, excess, mean, pi, r, theorem, u

c, x, y, sigma, tau, rho, eps = sp.symbols("c x y sigma tau rho eps", positive=True)
s, ell, g = sp.symbols("s ell g", positive=True)
POPULATION, SAMPLE, BETWEEN = SpectralMeasure("H", s), SpectralMeasure("sample", ell), SpectralMeasure("between", g)


def sample(f: sp.Expr) -> sp.Expr:
    """Average over the eigenvalues of the sample."""
    return Average(f, SAMPLE)


@cache
def one_sample() -> Equivalent:
    """Transform at -x of one sample covariance."""
    p = Space("p", c, letters=(s,), law="H")
    X = Deterministic(sp.sqrt(s), p) @ Gaussian("Z", p, Space("n"))
    return deterministic_equivalent({"m": inverse(X @ X.T + x)})


def _transform(rng: np.random.Generator, size: int) -> float:
    """Mean of 1/(eigenvalue + 1/2) less its limit, c = 1/2, population 1 and 3."""
    spectrum = np.repeat([1.0, 3.0], size // 4)
    data = rng.standard_normal((len(spectrum), size)) * np.sqrt(spectrum / size)[:, None]
    return float(np.mean(1 / (np.linalg.eigvalsh(data @ data.T) + 0.5))) - _limit()


@cache
def _limit() -> float:
    return float(SampleCovariance("1/2", [1, 3]).stieltjes(np.array([-0.5]))[0].real)


def free(rho: sp.Expr) -> sp.Expr:
    """Part of K that does not depend on the sample."""
    total = c1 + c2 - c1 * c2
    logs = sp.log(total) - sp.log(1 - c1) - sp.log(c2 + c1 * rho)
    return total / (c1 * c2) * logs + (sp.log(1 - c1) + sp.log(rho)) / c2 - sp.log(rho)


def _wachter(claim: sp.Eq) -> Evidence:
    """A claim about K for C2 = r0 C1, where the sample has r0 times the law of Wachter: contour integrals."""
    from rmtsym.field.evaluate import BALL, evaluate
    from rmtsym.field.measure import Atoms

    worst = 0.0
    for ratio1, ratio2, place, shift in (("1/4", "1/3", "3/2", "1"), ("1/2", "1/5", "2/3", "2")):
        a, b, r0, at = (sp.Rational(v) for v in (ratio1, ratio2, place, shift))
        q = -at / (at + r0)
        root = (1 - b - b * q) / (1 + a * q)
        known = claim.lhs.subs(sample(sp.log(ell + rho * sigma)), 0)
        mean_log = linear_statistic(wachter(ratio1, ratio2), sp.log(sp.Symbol("x") + root * at / r0), 12).ball
        fixed = {"c1": a, "c2": b, "rho": root, "sigma": at}
        left = evaluate(known + sp.log(r0), fixed, BALL(120)) + mean_log
        right = evaluate(claim.rhs, {**fixed, "nu": Atoms([1], r=[r0])}, BALL(120))
        if not left.overlaps(right):
            return Evidence.of(False, "law of Wachter", message=f"{left} and {right}")
        worst = max(worst, float(left.rad()))
    return Evidence.of(worst < 1e-9 or None, "contour integrals over the law of Wachter", resolution=worst)


def _half_line(letter: sp.Symbol, density: Callable[[Any, Any], Any]) -> Callable[[sp.Eq], Evidence]:
    """A claim that an average is an integral over sigma > 0, by the trapezoidal rule in log sigma at two atoms."""
    from rmtsym.field.evaluate import evaluate
    from rmtsym.field.measure import Atoms

    at = np.exp(np.arange(-90, 90, 0.25))
    places = (0.4, 3.0)
    expected = float(np.mean([np.sum(density(at, v) * at) * 0.25 for v in places]))

    def check(claim: sp.Eq) -> Evidence:
        law = Atoms([0.5, 0.5], **{letter.name: places})
        measures = {a.measure.name: law for a in claim.rhs.atoms(Average)}
        gap = abs(float(np.real(evaluate(claim.rhs, measures))) - expected)
        return Evidence.of(gap < 1e-12, "trapezoidal rule in log sigma, at two atoms", resolution=1e-12)

    return check


@theorem.derivation
def derivation(proof) -> None:
    """One step of the sample-covariance kind for each sample; then everything on the negative axis, z = -x."""
    q, m, q1 = sp.symbols("q m q1")
    pull, change, rate = sp.symbols("K_rho rho_prime K_sigma")
    over = lambda f, measure: Average(f, measure)  # noqa: E731

    # one step
    (kappa,) = one_sample().system.symbols
    engine = proof.engine("one sample", one_sample(), "tr (M + x)^{-1}/p, population H")
    seen = proof.asymptotic(
        "what the sample shows", sp.Eq(m, sample(1 / (ell + x))), "the eigenvalues are those of the sample; x = 1/2",
        deviation=_transform, exponent=-1.0, sizes=(32, 64, 128, 256), replicates=128, uses=[],
    )  # fmt: skip
    q_is = proof.define(sp.Eq(q, -x * m), "z m(z) at z = -x", uses=[engine])
    step = proof.substitute(
        "one step",
        [
            sp.Eq(q, -kappa * over(1 / (kappa + s), POPULATION)),
            sp.Eq(x, kappa * (1 - c - c * q)),
            sp.Eq(q, -x * sample(1 / (ell + x))),
        ],
        "kappa m_H(-kappa) = x m(-x)", uses=[engine, seen, q_is],
    )  # fmt: skip

    # the quotient: given the first sample, the second one has the population C1^^{-1} C2, of eigenvalues 1/g
    inner, outer = over(1 / (kappa + s), POPULATION), sample(1 / (ell + x))
    second = proof.continuity(
        "second sample", step, {c: c2, kappa: 1 / y, inner: over(y * g / (g + y), BETWEEN)},
        "of population 1/g, g the eigenvalues of C2^{-1} C1^",
    )  # fmt: skip
    first = proof.continuity(
        "first sample", step,
        {c: c1, x: y, q: q1, kappa: 1 / sigma, inner: mean(sigma * r / (sigma + r)), outer: over(1 / (g + y), BETWEEN)},
        "of population 1/r: g are the eigenvalues of one sample of C2^{-1} C1",
    )  # fmt: skip
    scale = proof.define(sp.Eq(rho, x / sigma), "x = rho sigma", uses=[second])
    both = proof.substitute(
        "two samples",
        [
            sp.Eq(q, -mean(sigma / (sigma + r))),
            sp.Eq(rho * (1 + c1 * q), 1 - c2 - c2 * q),
        ],
        "omega m_nu(omega) = z m(z) with omega = -sigma = phi/psi",
        uses=[second, first, scale],
    )  # fmt: skip
    shown = proof.substitute(
        "q of the sample", sp.Eq(q, -sample(rho * sigma / (ell + rho * sigma))), "x = rho sigma", uses=[second, scale]
    )

    # logarithms: K is stationary in rho, and its slope in sigma is that of the mean of log(sigma + r)
    K = free(rho) + sample(sp.log(ell + rho * sigma))
    flat = proof.derivative(
        "K is stationary", sp.Eq(pull, 0, evaluate=False), "in rho, where rho (1 + c1 q) = 1 - c2 - c2 q", of=K, by=rho,
        uses=[both, shown], wrong=[q, 1, rho],
    )  # fmt: skip
    slope = proof.derivative(
        "slope of K", sp.Eq(rate, mean(1 / (sigma + r))), "so K less the mean of log(sigma + r) is constant",
        of=K, by=sigma, through={rho: change}, uses=[both, shown],
    )  # fmt: skip
    alone = sigma * mean(1 / (sigma + r))
    root = proof.substitute(
        "rho of the population", sp.Eq(rho * (1 - c1 * alone), 1 - c2 + c2 * alone), "without q", uses=[both]
    )
    near = proof.define(sp.Eq(eps, 1 / sigma), "for the value at infinity")
    away = mean(1 / (1 + eps * r))
    far = proof.substitute(
        "rho far out", sp.Eq(rho * (1 - c1 * away), 1 - c2 + c2 * away), "the same in 1/sigma", uses=[root, near]
    )
    end = proof.continuity("rho at infinity", far, {eps: 0}, "q = -1")
    cancel = proof.substitute(
        "logarithms at infinity", [sp.Eq((1 - c1) * (c2 + c1 * rho), c1 + c2 - c1 * c2), sp.Eq(rho * (1 - c1), 1)],
        "so those of K cancel: K + log eps, where the sample has the mean of log(eps l + rho) - log(rho), is 0 there, "
        "as the mean of log(1 + eps r) is",
        uses=[end],
    )  # fmt: skip
    logs = proof.moment(
        "mean logarithm", sp.Eq(K, mean(sp.log(sigma + r)), evaluate=False), "same slope, same value at infinity",
        check=_wachter, uses=[flat, slope, cancel],
    )  # fmt: skip

    # read off: sigma = 1, sigma = 0, and the slope at infinity
    t, log, log1p, kl, bhatt, naive_t, naive_log = sp.symbols("t log log1p kl bhatt naive_t naive_log")
    one = proof.continuity("at sigma = 1", logs, {sigma: 1}, "rho is the root there")
    log1p_is = proof.define(sp.Eq(log1p, K.subs(sigma, 1)), "estimate of log1p from the sample", uses=[one])
    start = proof.continuity("rho at zero", root, {sigma: 0}, "q = 0")
    zero = proof.continuity("mean logarithm at zero", logs, {sigma: 0, rho: 1 - c2}, "at that rho", uses=[])
    regular = proof.assume(
        "no small eigenvalue", "the eigenvalues of the quotient stay between positive bounds, so logarithms converge",
        "Z. D. Bai, Y. Q. Yin (1993), Limit of the smallest eigenvalue of a large dimensional sample covariance matrix",
        uses=[],
    )  # fmt: skip
    naive = proof.define(sp.Eq(naive_log, sample(sp.log(ell))), "plug-in value", uses=[regular])
    log_is = proof.define(sp.Eq(log, naive_log - excess(c1) + excess(c2)), "estimate from the sample", uses=[naive])
    log_found = proof.substitute("log", sp.Eq(log, mean(sp.log(r))), "K at zero", uses=[log_is, naive, zero, start])
    one_found = proof.substitute("log1p", sp.Eq(log1p, mean(sp.log(1 + r))), "K at one", uses=[log1p_is, one])
    remote = proof.substitute(
        "sample far out", sp.Eq(q, -sample(rho / (eps * ell + rho))), "the same in 1/sigma", uses=[shown, near]
    )
    drift = sp.Symbol("q_eps")
    by_population = proof.derivative(
        "slope at infinity", sp.Eq(drift, mean(r)), "of q, population", of=-away, by=eps, at=0, uses=[both, near],
    )  # fmt: skip
    by_sample = proof.derivative(
        "slope at infinity, sample", sp.Eq(drift, (1 - c1) * sample(ell)), "the same, where rho (1 - c1) = 1",
        of=remote.claims[0].rhs, by=eps, through={rho: change}, at=0, uses=[remote, end],
    )  # fmt: skip
    plug = proof.define(sp.Eq(naive_t, sample(ell)), "plug-in value")
    t_is = proof.define(sp.Eq(t, (1 - c1) * naive_t), "estimate from the sample", uses=[plug, by_sample])
    t_found = proof.substitute("t", sp.Eq(t, mean(r)), "both slopes", uses=[t_is, plug, by_population, by_sample])
    kl_is = proof.define(sp.Eq(kl, t / 2 - log / 2 - sp.Rational(1, 2)), "of Gaussian laws", uses=[t_found, log_found])
    bhatt_is = proof.define(
        sp.Eq(bhatt, -log / 4 + log1p / 2 - sp.log(2) / 2), "of Gaussian laws", uses=[log_found, one_found]
    )

    # other functions are integrals over sigma of 1/(sigma + t), that is of -q/sigma
    fisher, root, wass = sp.symbols("fisher root wass")
    square = proof.moment(
        "squared logarithm", sp.Eq(fisher, mean(sp.log(r) ** 2)),
        "log(t)^2 is twice the integral of log(sigma) (1/(1 + sigma) - 1/(sigma + t)); the estimate has -q/sigma there",
        check=_half_line(r, lambda at, v: 2 * np.log(at) * (1 / (1 + at) - 1 / (at + v))), uses=[both],
    )  # fmt: skip
    third = proof.continuity(
        "second sample of the product", step, {c: c2, kappa: y, inner: over(1 / (y + g), BETWEEN)},
        "given the first sample its population is C1^ C2",
    )  # fmt: skip
    fourth = proof.continuity(
        "first sample of the product", step,
        {c: c1, x: y, q: q1, kappa: sigma, inner: Average(1 / (sigma + u), pi), outer: over(1 / (g + y), BETWEEN)},
        "a sample of population C1 C2",
    )  # fmt: skip
    product = proof.substitute(
        "product of two samples",
        [
            sp.Eq(q, -Average(sigma / (sigma + u), pi)),
            sp.Eq(x, sigma * (1 - c1 - c1 * q) * (1 - c2 - c2 * q)),
            sp.Eq(q, -sample(x / (ell + x))),
        ],
        "omega = z/((1 - c1 - c1 z m)(1 - c2 - c2 z m))", uses=[third, fourth],
    )  # fmt: skip
    half = proof.moment(
        "root", sp.Eq(root, Average(sp.sqrt(u), pi)),
        "sqrt(t) is the integral of (1 - sigma/(sigma + t))/(pi sqrt(sigma)); the estimate has 1 + q there",
        check=_half_line(u, lambda at, v: v / (at + v) / np.sqrt(at) / np.pi), uses=[product],
    )  # fmt: skip
    wass_is = proof.define(sp.Eq(wass, e1 + e2 - 2 * root), "traces are those of the populations", uses=[half])
    offset = proof.substitute(
        "plug-in logarithm", sp.Eq(naive_log, log + excess(c1) - excess(c2)), "solved", uses=[log_is]
    )
    ratio = proof.substitute("plug-in mean", sp.Eq(naive_t, t / (1 - c1)), "solved", uses=[t_is])
    proof.conclude(
        "read off",
        uses=[t_found, log_found, one_found, square, kl_is, bhatt_is, wass_is, half, ratio, offset],
    )
