r"""Classification by empirical risk minimisation with any convex loss, on a mixture of two Gaussians.

.. math::  \hat\beta=\arg\min_\beta\tfrac1n\sum_iL(y_ix_i^\top\beta)+\tfrac\gamma2|\beta|^2,\qquad
           y_ix_i^\top\hat\beta\approx\mathrm{prox}_\delta(M+\sigma Z),\quad \text{error}=Q(M/\sigma).

The loss is a parameter of the point, not of the statement: one system for all losses, with kinks or without.
Sources: Mai and Liao (2019), arXiv:1905.13742; Couillet and Liao (2022).
"""

from __future__ import annotations

import math
from typing import Any

import sympy as sp
from scipy.optimize import minimize_scalar
from scipy.special import ndtr

from rmtsym.errors import DomainError
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.bound import Bound
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown
from rmtsym.risk import Loss, LossMean, MarginLoss, Score, ScoreMean, margin_loss
from rmtsym.risk.margin import coercive
from rmtsym.theorem import NON_NEGATIVE, POSITIVE, Numbers, Parameter, Quantity, Theorem, Weights
from theory.classification.densities import density

theorem = Theorem(
    id="erm-gaussian-mixture",
    title="Classification with a convex loss",
    family="classification",
    references=(
        "X. Mai, Z. Liao (2019), High dimensional classification via regularized and unregularized empirical risk "
        "minimization: precise error and optimal loss, arXiv:1905.13742",
        "R. Couillet, Z. Liao (2022), Random Matrix Methods for Machine Learning, Cambridge University Press, ch. 6",
    ),
    assumptions=(
        r"$y_i=\pm1$, $x_i=y_i\mu+C^{1/2}z_i$, $i\le n$, the entries of $z_i$ standard normal; or independent, "
        r"symmetric, of unit variance and with bounded moments, if $C$ is diagonal and no coordinate of $\mu$ stays "
        "away from zero",
        r"$L$ is convex and falls at zero; $\hat\beta$ minimises "
        r"$\frac1n\sum_iL(y_ix_i^\top\beta)+\frac\gamma2|\beta|^2$; no intercept",
        r"$p/n\to c$; $|\mu|^2$ stays bounded; the law of the eigenvalues of $C$, which stay away from zero, and the "
        r"distribution of $|\mu|^2$ over them converge",
        "without ridge, the minimiser exists: the classes are not separable, or the loss grows in both directions and "
        "$c<1$",
    ),
    parameters=(
        Parameter("loss", "loss of the margin", MarginLoss(), "L"),
        Parameter("s", "eigenvalues of the covariance", Numbers(POSITIVE, like="w"), "s"),
        Parameter("w", "share of the dimensions at each eigenvalue", Weights(), "w"),
        Parameter("mass", "squared norm of the mean in each eigenspace", Numbers(NON_NEGATIVE, like="w"), "m"),
        Parameter("c", "ratio p/n", POSITIVE, "c"),
        Parameter("gamma", "ridge", NON_NEGATIVE, r"\gamma"),
    ),
    quantities=(
        Quantity("M", "mean margin of a new sample", "M"),
        Quantity("sigma", "standard deviation of that margin", r"\sigma"),
        Quantity("test_err", "error on new samples", r"E_{\mathrm{test}}"),
        Quantity("train_err", "error on the training samples", r"E_{\mathrm{train}}"),
        Quantity("train_loss", "mean loss on the training samples", r"L_{\mathrm{train}}"),
        Quantity("delta", "step of the proximal operator", r"\delta", observable=False),
        Quantity("theta", "mean curvature", r"\theta", observable=False),
        Quantity("eta", "mean score", r"\eta"),
        Quantity("ef2", "mean square of the score", r"E f^2"),
    ),
    points={
        "A": dict(loss="logistic", s="1,3,5", w="1/4,1/4,1/2", mass="1/4,1/4,1/2", c="1/4", gamma="1/10"),
        "N": dict(loss="logistic", s="1/2,2", w="1/2,1/2", mass="1,1", c="1/2", gamma="1/100"),
        "E": dict(loss="exponential", s="1", w="1", mass="1", c="1/10", gamma="0"),
        "S": dict(loss="square", s="1", w="1", mass="2", c="1/2", gamma="0"),
        "H": dict(loss="huber(1/2)", s="1,4", w="1/2,1/2", mass="1,1", c="1/2", gamma="1/5"),
    },
    uses=("ridge-classifier-closed-form",),
)


s, b, c, gamma = sp.symbols("s b c gamma", positive=True)
M, sigma, delta, eta, ef2 = sp.symbols("M sigma delta eta ef2", positive=True)
theta, slope = sp.symbols("theta slope", real=True)  # slope of the loss at zero
nu = SpectralMeasure("nu", s, b)
R = 1 / (theta * s + gamma)
score = Score(Bound("loss"), delta, M, sigma)
mean_is = sp.Eq(M, eta * Average(b * R, nu))
spread_is = sp.Eq(sigma**2, eta**2 * Average(b * s * R**2, nu) + ef2 * c * Average(s**2 * R**2, nu))
step_is = sp.Eq(delta, c * Average(s * R, nu))


def tail(x: Any) -> Any:
    """Probability that a standard normal variable exceeds x."""
    return sp.erfc(x / sp.sqrt(2)) / 2


@theorem.statement
def statement() -> FixedPointSystem:
    """Three numbers describe the minimiser, three means of the score close the system."""
    far = {M: Average(b, nu), sigma: sp.sqrt(Average(b * s, nu) + c * Average(s**2, nu))}
    guess = {u: -slope * size / gamma for u, size in far.items()}  # the average of the samples
    guess |= {delta: c * Average(s, nu) / gamma, eta: -slope, theta: sp.Rational(1, 10), ef2: slope**2}
    means = (
        sp.Eq(eta, ScoreMean(score, 1)),
        sp.Eq(theta, -ScoreMean(score, 1, 1) / sigma),
        sp.Eq(ef2, ScoreMean(score, 2)),
    )
    unknowns = [Unknown(u, "real" if u == theta else "positive") for u in (M, sigma, delta, eta, theta, ef2)]
    outputs = {
        **{str(u): u for u in (M, sigma, delta, eta, theta, ef2)},
        "test_err": tail(M / sigma),
        "train_err": tail((M - delta * slope) / sigma),
        "train_loss": LossMean(score),
    }
    start = 2 * gamma + 4 * (Average(s, nu) + Average(b, nu))  # there the averaging of the samples is a good guess
    equations = (mean_is, spread_is, step_is, *means)
    return FixedPointSystem(tuple(unknowns), equations, outputs, continuation=Continuation(gamma, start, guess))


def threshold(rho: float) -> float:
    """Ratio p/n above which two Gaussian classes at distance 2 sqrt(rho) are separable by a plane through zero."""

    def excess(u: float) -> float:
        a = u * math.sqrt(rho)
        return ((1 + a * a) * ndtr(-a) - a * math.exp(-a * a / 2) / math.sqrt(2 * math.pi)) / (1 - u * u)

    return float(minimize_scalar(excess, bounds=(0, 1 - 1e-9), method="bounded", options={"xatol": 1e-12}).fun)


@theorem.binding
def binding(loss, s, w, mass, c, gamma):
    """Joint law of the eigenvalue and of the density of the squared mean; the loss and its slope at zero."""
    if not any(mass):
        raise DomainError(
            "mass", ",".join(map(str, mass)), "a mean that is not zero", "two equal classes teach nothing"
        )
    found = margin_loss(loss)
    if not gamma:
        rho = sum(m / x for m, x in zip(mass, s, strict=True))
        most = 1.0 if coercive(found) else threshold(float(rho))
        if not float(c) < most:
            why = "the classes are separable" if most < 1 else "samples are interpolated"
            raise DomainError("c", c, f"c < {most:.6f} without ridge: beyond, {why}", "take gamma > 0")
    piece = found.pieces[sum(bool(point < 0) for point in found.breakpoints)]  # the slope to the left of zero
    return {
        "nu": Atoms(w, s=s, b=density(mass, w)),
        "loss": found,
        "slope": piece.diff(Loss.variable).subs(Loss.variable, 0),
    }
