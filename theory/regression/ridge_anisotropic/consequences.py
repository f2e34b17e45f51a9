"""Ridge regression: general covariance, anisotropic signal: consequences."""

from __future__ import annotations

from fractions import Fraction

import sympy as sp

from rmtsym.field.average import Average
from theory.regression.ridge_anisotropic.statement import b, c, kappa, lam, nu, s, sig2, theorem


@theorem.consequence("the test error is $\\kappa'(\\kappa^2\\beta^\\top\\Sigma(\\Sigma+\\kappa)^{-2}\\beta+\\sigma^2)$")
def amplification(claim) -> None:
    gain = 1 / (1 - c * Average(s**2 / (s + kappa) ** 2, nu))
    form = kappa**2 * Average(b * s / (s + kappa) ** 2, nu)
    claim.identity(sp.Eq(sp.Symbol("test"), gain * (form + sig2)))


@theorem.consequence("training error and bias in the sample are $(\\lambda/\\kappa)^2$ times those out of it")
def shrinkage(claim) -> None:
    B, B_in, train, test = sp.symbols("B B_in train test")
    claim.identity(sp.Eq(train, (lam / kappa) ** 2 * test))
    claim.identity(sp.Eq(B_in, (lam / kappa) ** 2 * B))
    claim.identity(sp.Eq(sp.Symbol("shrinkage"), lam / kappa))


@theorem.consequence("many samples: no bias from the noise, the classical ridge risk")
def many_samples(claim) -> None:
    # at c = 0 kappa = lambda: B = lambda^2 sum of w b s/(s + lambda)^2 at point A, and there is no variance
    ridge = Fraction(3, 10)
    classical = ridge**2 / 2 * sum(x / (x + ridge) ** 2 for x in (1, 4))
    claim.limit("B", lambda eps: {"c": eps}, classical)
    claim.limit("V", lambda eps: {"c": eps}, 0, scale=0.25)
    claim.limit("shrinkage", lambda eps: {"c": eps}, 1)


@theorem.consequence("a large ridge forgets the data: the bias tends to $\\beta^\\top\\Sigma\\beta$")
def large_ridge(claim) -> None:
    claim.limit("B", lambda eps: {"lam": 1 / eps}, Fraction(5, 2))
    claim.limit("V", lambda eps: {"lam": 1 / eps}, 0, scale=0.25)


@theorem.consequence("without ridge the formulas are the limits of those with a small one")
def ridgeless_limit(claim) -> None:
    for name in ("RL1", "RL2", "RL3"):
        point = theorem.point(name)
        for quantity in ("V", "train", "V_in"):
            value = float(claim.value(quantity, point))
            claim.limit(quantity, lambda eps: {"lam": eps}, value, point=point, scale=0.25)


@theorem.consequence("without ridge and with $p<n$ the variance is $\\sigma^2c/(1-c)$ for every covariance")
def universal_variance(claim) -> None:
    claim.identity(
        sp.Eq(sp.Symbol("V"), sig2 * c / (1 - c)),
        uses=[sp.Eq(sp.Symbol("rank"), c)],
        regime="no ridge, more samples than dimensions",
    )
    isotropic = theorem.point("RL2")
    claim.limit("V", lambda eps: {"lam": 0, "c": 2 + eps}, Fraction(1, 4), point=isotropic)


@theorem.consequence("at $p=n$ the ridgeless risk diverges with exponent $-1$ from both sides")
def divergence(claim) -> None:
    for sign in (1, -1):
        claim.exponent("V", lambda eps, sign=sign: {"lam": 0, "c": 1 + sign * eps}, -1)


@theorem.consequence("for an isotropic signal the best ridge is $\\sigma^2p/(nr^2)$, whatever the covariance")
def optimal_ridge(claim) -> None:
    for name, change in (("A", {}), ("B", {"q": "1/2,1/2"}), ("A", {"s": "1/10,7", "c": "3", "sig2": "1/2"})):
        point = theorem.point(name, **change)
        claim.minimum("R", of="lam", at=point["sig2"] * point["c"] / point["r2"], point=point)
    # stationarity: with b = r2 the derivative of the risk in kappa has the factor lambda r2 - sigma^2 c
    r2 = sp.Symbol("r2", positive=True)
    k2, k3 = (Average(s**2 / (s + kappa) ** j, nu) for j in (2, 3))
    test = (kappa**2 * r2 * Average(s / (s + kappa) ** 2, nu) + sig2) / (1 - c * k2)
    claim.identity(sp.Eq(test.diff(kappa) * (1 - c * k2) ** 2, 2 * k3 * (lam * r2 - sig2 * c), evaluate=False))


@theorem.consequence("for any signal the best ridge is where a scalar condition holds")
def stationarity(claim) -> None:
    a2, a3 = (Average(b * s**j / (s + kappa) ** (j + 1), nu) for j in (1, 2))
    k2, k3 = (Average(s**2 / (s + kappa) ** j, nu) for j in (2, 3))
    test = (kappa**2 * a2 + sig2) / (1 - c * k2)
    claim.identity(
        sp.Eq(
            test.diff(kappa) * (1 - c * k2) ** 2,
            2 * (kappa * (1 - c * k2) * a3 - (kappa**2 * a2 + sig2) * c * k3),
            evaluate=False,
        )
    )
