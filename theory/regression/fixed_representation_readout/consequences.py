"""Ridge readout of a fixed representation: consequences."""

from __future__ import annotations

import itertools
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Trace

from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import solve
from rmtsym.theorem import (
    get,
    predict,
)
from theory.regression.effective_ridge import stationary_ridge
from theory.regression.fixed_representation_readout.experiment import population_of
from theory.regression.fixed_representation_readout.representation import PLACE
from theory.regression.fixed_representation_readout.statement import (
    N,
    R,
    Sz,
    kappa,
    lam,
    sig2,
    statement,
    theorem,
)
from theory.regression.random_features_mei_montanari import coefficients
from theory.regression.ridge_anisotropic.statement import equivalents

gamma_2 = Trace(Sz * R * Sz * R) / N


def small(**changes: Any) -> dict[str, Any]:
    """A small point whose inputs have the variances 1/2 and 2, tr Su Theta = 5/4."""
    return theorem.point("A", **{"s": "1/2,2", "w": "1/2,1/2", **changes})


def misfit(point: dict[str, Any]) -> float:
    """What no linear readout of the features expresses of the target."""
    *_, sz, szu, su = population_of(tuple(point[name] for name in PLACE))
    target = np.array(theorem.bound(point)["Theta"], dtype=float)
    return float(np.sum((su - szu.T @ np.linalg.lstsq(sz, szu, rcond=None)[0]) * target))


@theorem.consequence("the inputs as their own representation: ridge regression with a general covariance")
def identity_map(claim: Any) -> None:
    ridge = get("ridge-anisotropic")
    shares = {"s": "1,4", "w": "1/2,1/2", "sig2": "1/4", "lam": "3/10"}
    points = [
        theorem.point("A", theta="fixed", F="linear", W="identity", d=d, m=d, N=n, **shares)
        for d, n in (("8", "16"), ("12", "6"))
    ]

    def other(point: dict[str, Any], name: str) -> Any:
        changes = {"c": Fraction(point["d"], point["N"]), "lam": point["lam"], "q": "1/2,1/2"}
        return predict(ridge, ridge.point("A", **changes), digits=30)[name]

    for here, there in (("risk", "test"), ("B", "B"), ("V", "V"), ("train", "train"), ("shrinkage", "shrinkage")):
        claim.equal(
            lambda p, name=here: claim.value(name, p), lambda p, name=there: other(p, name), points,
            f"{here} is {there} of ridge-anisotropic",
        )  # fmt: skip


@theorem.consequence(
    "any representation: ridge regression at the spectrum of $\\Sigma_z$ with the noise $\\sigma^2$ and the misfit, "
    "which is counted in the error without noise"
)
def misfit_is_noise(claim: Any) -> None:
    def same(point: dict[str, Any], times: float) -> bool:
        """The whole error, from the spectrum of the features and the best readout in its eigenvectors."""
        *_, sz, szu, _ = population_of(tuple(point[name] for name in PLACE))
        values, vectors = np.linalg.eigh(sz)
        target = np.array(theorem.bound(point)["Theta"], dtype=float)
        image = vectors.T @ np.linalg.solve(sz, szu)
        mass = np.einsum("ij,jk,ik->i", image, target, image)
        count = len(values)
        atoms = Atoms([Fraction(1, count)] * count, s=list(values), b=list(count * mass))
        noise = float(point["sig2"]) + times * misfit(point)
        ratio, ridge = count / point["N"], float(point["lam"])
        found = solve(equivalents().system, {"nu": atoms, "c": ratio, "lam": ridge})
        error = noise + found["bias"] + noise * ratio * found["variance"]
        train = found["bias_in"] + noise * found["residual"]
        ours = theorem.values(point)
        return bool(
            abs(float(error) / float(ours["risk"]) - 1) < 1e-9 and abs(float(train) / float(ours["train"]) - 1) < 1e-9
        )

    points = [small(), small(m="80"), small(F="erf", theta="fixed")]
    claim.holds(
        "risk and training error, by the equivalents of ridge-anisotropic",
        lambda: all(same(p, 1.0) for p in points),
        wrong={"without misfit": lambda: same(points[0], 0.0), "misfit used twice": lambda: same(points[0], 2.0)},
    )


def random_features(point: dict[str, Any], d: int, floor: float = 1.0) -> dict[str, float]:
    """Relative deviations of this theorem, at the quantiles of the law of random weights, from Mei and Montanari."""
    _, slope, rest = (float(x.mid()) for x in coefficients(point["act"]))  # mu_0, mu_1, mu_*
    m, n, count = int(point["psi1"] * d), int(point["psi2"] * d), min(int(point["psi1"] * d), d)
    ends = np.linspace(0, np.pi, 20001)
    middles = (ends[1:] + ends[:-1]) / 2
    places, inside = (1 + m / d - 2 * np.sqrt(m / d) * np.cos(x) for x in (ends, middles))
    law = np.concatenate([[0.0], np.cumsum(np.sin(middles) ** 2 / inside)])
    squares = np.zeros(m)  # of the singular values of the weights
    squares[:count] = np.interp((np.arange(count) + 0.5) / count, law / law[-1], places)
    cross = np.zeros((m, d))
    np.fill_diagonal(cross, slope * np.sqrt(squares[:count]))
    moments = {"Sz": np.diag(slope**2 * squares + floor * rest**2), "Szu": cross, "Su": np.eye(d)}
    numbers = {"N": n, "lam": float(point["psi1"] * point["lam"]), "sig2": float(point["tau2"])}
    found = solve(statement(), {**moments, **numbers, "Theta": np.eye(d) / d})
    other = get("random-features-mei-montanari").values(point)
    expected = {"B": other["B"], "V": float(point["tau2"]) * other["V"], "train": other["train"]}
    return {name: float(found[name] / x - 1) for name, x in expected.items()}


@theorem.consequence(
    "many random weights, white inputs: the random features of Mei and Montanari, "
    "$\\Sigma_z=\\mu_1^2WW^{\\sf T}+\\mu_*^2$, $\\Sigma_{zu}=\\mu_1W$"
)
def mei_montanari(claim: Any) -> None:
    source = get("random-features-mei-montanari")

    def tends(floor: float) -> bool:
        """A sum over n quantiles of a law with square roots at its edges has an error of the order n^(-5/3)."""
        for name in ("A", "B"):
            near = [random_features(source.point(name), d, floor) for d in (24, 48, 96)]
            for quantity in near[0]:
                gaps = [abs(x[quantity]) for x in near]
                if not all(1.5 < np.log2(a / b) < 2 for a, b in itertools.pairwise(gaps)):
                    return False
        return True

    claim.holds(
        "B, V and training error at both points, d = 24, 48, 96: deviations fall like d^(-5/3)",
        lambda: tends(1.0),
        wrong={"one per mille more of mu_*^2": lambda: tends(1.001), "one per mille less": lambda: tends(0.999)},
    )


@theorem.consequence(
    "error of the population ridge and of the readout: $R=\\kappa'(\\lambda)\\,(E_{pop}+\\sigma^2)$; "
    "the training error divided by $(\\lambda/\\kappa)^2$ is the test error"
)
def amplification(claim: Any) -> None:
    risk, B, V, E_pop, train = sp.symbols("risk B V E_pop train")
    claim.identity(Eq(risk, B + V + sig2))
    claim.identity(Eq(risk * (1 - gamma_2), E_pop + sig2, evaluate=False))
    claim.identity(Eq(train * kappa**2, lam**2 * risk, evaluate=False))


def best_ridge(point: dict[str, Any], *, expressed: bool = False) -> float:
    """Root of the condition for the best ridge; for a target without its misfit, if ``expressed``."""
    *_, sz, szu, su = population_of(tuple(point[name] for name in PLACE))
    target = np.array(theorem.bound(point)["Theta"], dtype=float)
    s, vectors = np.linalg.eigh(sz)
    cross = vectors.T @ szu
    mass = np.einsum("ij,jk,ik->i", cross, target, cross)
    samples, noise = point["N"], float(point["sig2"]) - (misfit(point) if expressed else 0.0)

    def slope(kappa: float) -> float:
        p = 1 / (s + kappa)
        error = np.sum(su * target) - np.sum((2 * p - s * p**2) * mass) + noise
        second = np.sum((s * p) ** 2) / samples
        return float(samples * kappa * (1 - second) * np.sum(p**3 * mass) - error * np.sum(s**2 * p**3))

    return stationary_ridge(slope, s, samples)


@theorem.consequence(
    "the best ridge: $N\\kappa(1-\\gamma_2)\\,\\theta^{\\sf T}\\Sigma_{uz}(\\Sigma_z+\\kappa)^{-3}\\Sigma_{zu}\\theta"
    "=(E_{pop}+\\sigma^2)\\operatorname{tr}\\Sigma_z^2(\\Sigma_z+\\kappa)^{-3}$; "
    "the misfit in $E_{pop}$ raises it, as noise does"
)
def misfit_and_ridge(claim: Any) -> None:
    points = [small(), small(m="80"), small(F="erf", theta="fixed")]
    for point in points:
        ridge = Fraction(best_ridge(point)).limit_denominator(10**9)
        claim.minimum("risk", of="lam", at=ridge, point=point, text=f"best ridge, F = {point['F']}, m = {point['m']}")

    def raised(points: list[dict[str, Any]]) -> bool:
        return all(best_ridge(p) > 1.01 * best_ridge(p, expressed=True) for p in points)

    claim.holds(
        "larger than for the expressed part of the target alone",
        lambda: raised(points),
        wrong={"where all is expressed": lambda: raised([small(F="linear", W="identity", m="20")])},
    )


@theorem.consequence(
    "covariances of features in place of their second moments: at point A the predicted risk is too small by 1.8 %, "
    "the variance by 3.6 %"
)
def centred(claim: Any) -> None:
    def change(name: str, percent: float, removed: int = 1) -> bool:
        point = theorem.point("A")
        bound = dict(theorem.bound(point))
        mean = bound["Sz"].floats() - bound["Sz_centred"].floats()
        numbers = {k: float(point[k]) for k in ("N", "lam", "sig2")}
        moments = {"Sz": bound["Sz"].floats() - removed * mean} | {k: bound[k].floats() for k in ("Szu", "Su")}
        found = solve(statement(), {**moments, **numbers, "Theta": np.array(bound["Theta"], dtype=float)})
        return abs(100 * (float(found[name]) / float(theorem.values(point)[name]) - 1) + percent) < 0.05

    for name, percent in (("risk", 1.8), ("V", 3.6)):
        claim.holds(
            f"{name}: {percent} % too small",
            lambda name=name, percent=percent: change(name, percent),
            wrong={
                "unchanged moments": lambda name=name, percent=percent: change(name, percent, removed=0),
                "too large": lambda name=name, percent=percent: change(name, -percent),
            },
        )


@theorem.consequence("many samples: nothing remains but the error of ridge regression on the population")
def many_samples(claim: Any) -> None:
    def population(point: dict[str, Any], ridge: float) -> float:
        *_, sz, szu, su = population_of(tuple(point[name] for name in PLACE))
        readout = np.linalg.solve(sz + ridge * np.eye(len(sz)), szu)
        return float(np.trace(su - 2 * szu.T @ readout + readout.T @ sz @ readout)) / point["d"]

    point = small()
    claim.limit("B", lambda eps: {"N": round(1 / eps)}, population(point, 0.05), point=point)
    claim.limit("V", lambda eps: {"N": round(1 / eps)}, 0, point=point, scale=0.2)


@theorem.consequence(
    "a large ridge forgets the data: the error of the readout zero is $\\theta^{\\sf T}\\Sigma_u\\theta$"
)
def large_ridge(claim: Any) -> None:
    claim.limit("B", lambda eps: {"lam": 1 / eps}, Fraction(5, 4), point=small())
    claim.limit("V", lambda eps: {"lam": 1 / eps}, 0, point=small(), scale=0.2)


@theorem.consequence(
    "no ridge: with $m<N$ noise and misfit are multiplied by $1/(1-m/N)$; at $m=N$ the error diverges from both sides, "
    "without any noise as well"
)
def interpolation(claim: Any) -> None:
    tiny, gain = Fraction(1, 10**9), 1 / (1 - 32 / 48)
    point = small()
    claim.limit("B", lambda eps: {"lam": eps}, misfit(point) * gain, point=point)
    claim.limit("V", lambda eps: {"lam": eps / 10}, 0.2 * (gain - 1), point=point)
    claim.limit("train", lambda eps: {"lam": eps}, 0, point=small(m="64"), scale=0.2)
    steps = tuple(Fraction(1, k) for k in (6, 12, 24, 48))
    for side in (1, -1):
        claim.exponent(
            "B", lambda eps, side=side: {"N": round(48 * (1 + side * eps)), "lam": tiny**2, "sig2": 0}, -1,
            point=small(m="48"), steps=steps,
        )  # fmt: skip


@theorem.consequence("an even activation learns nothing of a linear target: the error is that of zero, amplified")
def even_activation(claim: Any) -> None:
    points = [small(F=name, lam=ridge, s="1/4,4") for name in ("abs", "cos") for ridge in ("0.05", "1")]
    claim.equal(
        lambda p: claim.value("E_pop", p), lambda p: Fraction(17, 8), points, "E_pop is the square of the target"
    )
