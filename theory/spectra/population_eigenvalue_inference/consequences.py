"""Population eigenvalues and eigenspaces from a sample: what follows."""

from __future__ import annotations

from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from flint import arb

from rmtsym.errors import DomainError
from rmtsym.theorem import get
from rmtsym.theorem.theorem import predict
from theory.spectra.population_eigenvalue_inference.statement import MOST, PLACES, WEIGHTS, law_at, theorem


def _in_order(point: Any, k: int, other: int) -> bool:
    """Whether lower end, zero of x(v), pole and upper end of the contour of cluster k follow each other."""
    ends = [float(v) for v in law_at(point).thresholds]
    zero = theorem.values(point)[f"mu{other}"]
    return ends[2 * k] < zero < float(point["t"][k]) < ends[2 * k + 1]


def _along(point: Any, k: int, nodes: int = 400) -> tuple[float, float]:
    """Mean of cluster k and correlation, by integrals of the density along the real axis."""
    law, place = law_at(point), float(point["t"][k])
    low, high = (float(e) for e in law.support.components[k])
    angle = np.pi * (np.arange(nodes) + 0.5) / nodes
    x = (low + high) / 2 - (high - low) / 2 * np.cos(angle)
    step = (high - low) / 2 * np.sin(angle) * np.pi / nodes
    companion = law.companion(x + 0j)
    mean = np.sum(x * companion.imag * step) / np.pi / float(point["c"] * point["w"][k])
    overlap = place * companion.imag / x / np.abs(1 + place * companion) ** 2
    return float(mean), float(np.sum(overlap * step) / np.pi)


@theorem.consequence("around each cluster run $\\mu_k<t_k$ and no other pole; the density gives the same integrals")
def real_axis(claim: Any) -> None:
    defaults = [theorem.point(name) for name in theorem.points]

    def ordered(shift: int) -> bool:
        counts = [(point, len(point["t"])) for point in defaults]
        return all(_in_order(point, k, (k + shift) % count) for point, count in counts for k in range(count))

    claim.holds("ends of the contour", lambda: ordered(0), wrong={"the zero of another": lambda: ordered(1)})

    def same(factor: float) -> bool:
        gaps = []
        for point in defaults:
            values = theorem.values(point)
            for k in range(len(point["t"])):
                mean, overlap = _along(point, k)
                gaps += [mean * factor / values[f"naive{k}"] - 1, overlap * factor / values[f"corr{k}"] - 1]
        return bool(np.max(np.abs(gaps)) < 1e-9)

    claim.holds("quadrature of the density", lambda: same(1.0), wrong={"off by 1e-8": lambda: same(1 + 1e-8)})


@theorem.consequence("clusters repel, but keep the trace: $\\sum w_k\\bar\\lambda_k=\\sum w_kt_k$")
def trace_kept(claim: Any) -> None:
    for count in range(2, MOST + 1):
        left = sp.Add(*(WEIGHTS[k] * sp.Symbol(f"naive{k}") for k in range(count)))
        right = sp.Add(*(WEIGHTS[k] * PLACES[k] for k in range(count)))
        claim.identity(sp.Eq(left, right, evaluate=False), regime=f"{count} clusters")

    def pushed(up: int) -> bool:
        values = [(theorem.values(point), point["t"]) for point in map(theorem.point, theorem.points)]
        low = all((v["naive0"] < t[0]) == (up == 1) for v, t in values)
        return low and all((v[f"naive{len(t) - 1}"] > t[-1]) == (up == 1) for v, t in values)

    claim.holds("lowest down, highest up", lambda: pushed(1), wrong={"the other way": lambda: pushed(-1)})


@theorem.consequence(
    "many samples: $\\bar\\lambda_k\\to t_k$, and what is lost of the eigenspaces is of order $c$: "
    "$1-\\mathrm{corr}_k\\sim c\\sum_{j\\ne k}w_jt_jt_k/(t_k-t_j)^2$"
)
def many_samples(claim: Any) -> None:
    for k, place in enumerate((1, 3, 7)):
        claim.limit(f"naive{k}", lambda eps: {"c": eps}, place)
        claim.exponent(f"corr{k}", lambda eps: {"c": eps}, 1, minus=1.0, text=f"1 - corr{k} ~ c")

    def near(value: Fraction) -> bool:
        """The distance from the factor falls with c itself."""
        gaps = []
        for eps in (Fraction(1, 10**5), Fraction(1, 10**6)):
            corr = claim.value("corr1", theorem.point("A", c=eps), 25).ball
            gaps.append(
                float((1 - corr) / (arb(eps.numerator) / eps.denominator) - arb(value.numerator) / value.denominator)
            )
        return 9 < gaps[0] / gaps[1] < 11

    wrong = {"without the weights": lambda: near(Fraction(33, 16)), "1": lambda: near(Fraction(1))}
    claim.holds("factor 11/16 for t = 3", lambda: near(Fraction(11, 16)), wrong=wrong)


@theorem.consequence("a cluster of vanishing weight is a spike: outlier and alignment of the spiked model")
def spike(claim: Any) -> None:
    model = get("spiked-covariance")
    for excess, ratio in ((Fraction(3), Fraction(1, 4)), (Fraction(3, 2), Fraction(1, 2))):
        known = predict(model, {"ell": excess, "c": ratio}, 15, ["eig", "left"])
        point = theorem.point("B", t=(1, 1 + excess), c=ratio, w="9999/10000,1/10000")
        for ours, theirs in (("naive1", "eig"), ("corr1", "left")):
            claim.limit(
                ours, lambda eps: {"w": (1 - eps / 10, eps / 10)}, float(known[theirs]), point=point,
                text=f"{ours} tends to {theirs} at ell = {excess}, c = {ratio}",
            )  # fmt: skip


@theorem.consequence("the clusters are the components of the spectrum, their masses the weights")
def components(claim: Any) -> None:
    model = get("sample-covariance")

    def known(point: Any, name: str) -> Any:
        return predict(model, {**point, "lam": Fraction(1), "q": Fraction(2, 5)}, 15, [name])[name]

    for name in theorem.points:
        point = theorem.point(name)
        for k, share in enumerate(point["w"]):
            claim.equal(
                lambda p, k=k: known(p, f"mass{k}"), lambda p, share=share: share, [point], f"mass of component {k}"
            )


@theorem.consequence("$t=\\{1,8\\}$ of equal weights can be told apart up to $c=98/125$")
def merging(claim: Any) -> None:
    def apart(ratio: Fraction) -> bool:
        try:
            theorem.values(theorem.point("B", w="1/2,1/2", c=ratio))
        except DomainError:
            return False
        return True

    critical = Fraction(98, 125)
    claim.holds(
        "clusters below, none above",
        lambda: apart(critical * Fraction(999, 1000)) and not apart(critical * Fraction(1001, 1000)),
        wrong={"at 4/5": lambda: apart(Fraction(4, 5))},
    )
