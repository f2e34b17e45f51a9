"""Degree-corrected block model: what follows."""

from __future__ import annotations

import itertools
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from rmtsym.theorem import get
from rmtsym.theorem.theorem import predict
from theory.spectra.dcsbm_alpha_normalised.public_code import one_pass
from theory.spectra.dcsbm_alpha_normalised.statement import connectivities, rough, theorem

#: Degree laws whose optimal exponent lies inside, and where; and some whose optimal exponent is zero.
INSIDE = {
    "1/10,1/2 with 3/4,1/4": (theorem.point(q="1/10,1/2", wq="3/4,1/4", x="50"), Fraction(71, 1000)),
    "1/50,1/10 with 1/2,1/2": (theorem.point(q="1/50,1/10", wq="1/2,1/2", x="50"), Fraction(1694, 10000)),
}
AT_ZERO = {
    "3/10,4/5 with 1/2,1/2": theorem.point(x="50"),
    "1/10,9/10 with 3/4,1/4": theorem.point(q="1/10,9/10", wq="3/4,1/4", x="50"),
}


@theorem.consequence("the three traces are tied: $x\\,m-g_1^2+g_2^2=1$")
def tied(claim: Any) -> None:
    points = [theorem.point(name) for name in theorem.points]

    def left(p: Any) -> Any:
        m, g1, g2 = (claim.value(name, p).ball for name in ("m", "g1", "g2"))
        return m * p["x"].numerator / p["x"].denominator - g1**2 + g2**2

    claim.equal(left, lambda p: Fraction(1), points, "at the default points")


@theorem.consequence("nodes of one connectivity: the dense block model, a semicircle, and for every $\\alpha$ the same")
def one_connectivity(claim: Any) -> None:
    semicircle = get("semicircle")
    q, root = Fraction(3, 5), Fraction(4, 5)  # root of 1 - q^2
    points = [theorem.point(q=q, wq="1", al=al, mu="3", c="1/3", x="9") for al in ("0", "1/2", "1")]
    theta = Fraction(8, 3) * q / root

    def scale(p: Any) -> Fraction:
        return q ** int(1 - 2 * p["al"]) * root

    def transform(p: Any) -> Any:
        found = predict(semicircle, {"s": Fraction(1), "x": p["x"] / scale(p)}, 30, ["m_outside"])["m_outside"]
        return -found.ball * scale(p).denominator / scale(p).numerator

    for quantity, known, text in (
        ("m", transform, "the transform is that of the semicircle"),
        ("bulk_edge", lambda p: 2 * scale(p), "the edge is 2 sigma, sigma = q^(1 - 2 alpha) (1 - q^2)^(1/2)"),
        ("eig", lambda p: scale(p) * (theta + 1 / theta), "eigenvalue sigma (theta + 1/theta), theta sigma = ell E b"),
        ("align", lambda p: 1 - 1 / theta**2, "the squared alignment is 1 - 1/theta^2"),
        ("threshold", lambda p: root / q, "classes are seen for theta > 1"),
    ):
        claim.equal(lambda p, quantity=quantity: claim.value(quantity, p), known, points, text)


@theorem.consequence("at the threshold the eigenvalue leaves the bulk quadratically and the alignment linearly")
def transition(claim: Any) -> None:
    for name in ("A", "B"):
        point = theorem.point(name)
        edge, threshold = rough(connectivities(point["q"], point["wq"], point["al"]))
        start = Fraction(threshold)
        steps = (Fraction(1, 10), Fraction(1, 10**2), Fraction(1, 10**3), Fraction(1, 10**4))
        path = lambda eps, start=start: {"mu": start + eps}  # noqa: E731
        claim.exponent("eig", path, 2, point=point, steps=steps, minus=edge, text=f"eig - edge ~ gap^2 at {name}")
        claim.exponent("align", path, 1, point=point, steps=steps, text=f"align ~ gap at {name}")


@theorem.consequence(
    "strong classes: the eigenvalue grows like $\\ell\\,\\mathbb E q^{2-2\\alpha}$, the alignment tends to one"
)
def strong(claim: Any) -> None:
    for name in ("A", "C"):
        claim.limit("align", lambda eps: {"mu": 1 / eps}, 1, point=theorem.point(name))
        claim.exponent("eig", lambda eps: {"mu": 1 / eps}, -1, point=theorem.point(name), text=f"eig ~ mu at {name}")


@theorem.consequence("the edge is where the iteration of the equations from zero ceases to converge")
def iteration(claim: Any) -> None:
    def converges(name: str, factor: float) -> bool:
        point = theorem.point(name)
        law = connectivities(point["q"], point["wq"], point["al"])
        a, b = (np.array([float(value) for value in law.letters[k]]) for k in "ab")
        weights = np.array([float(w) for w in law.weights])
        at, found = rough(law)[0] * factor, np.zeros(len(a))
        for _ in range(20000):  # m(q) from zero: every step increases all of them
            place = at - a * (weights @ (a * found)) + b * (weights @ (b * found))
            if not np.all(place > 0):
                return False
            found, last = 1 / place, found
            if np.max(np.abs(found - last)) < 1e-12:
                return True
        return False

    names = ("A", "B", "C", "D")
    claim.holds(
        "just above the edge it converges, just below it does not, at every default point",
        lambda: all(converges(name, 1 + 1e-4) and not converges(name, 1 - 1e-4) for name in names),
        wrong={"an edge 1 % lower": lambda: all(converges(n, 0.99) for n in names),
               "an edge 1 % higher": lambda: not any(converges(n, 1.01) for n in names)},
    )  # fmt: skip


@theorem.consequence(
    "the optimal exponent: the $\\alpha$ of the lowest threshold depends on the degrees, and is below 1/2"
)
def optimal(claim: Any) -> None:
    for name, (point, best) in INSIDE.items():
        claim.minimum(
            "threshold", of="al", at=best, point=point, text=f"q = {name}: lowest threshold at alpha = {best}"
        )

    @cache
    def threshold(name: str, al: str) -> Any:
        return claim.value("threshold", {**AT_ZERO[name], "al": Fraction(al)}).ball

    def rises(places: tuple[str, ...]) -> bool:
        for name in AT_ZERO:
            found = [threshold(name, al) for al in places]
            if not all(low < high for low, high in itertools.pairwise(found)):
                return False
        return True

    grid = ("0", "1/50", "1/10", "1/4", "1/2", "1")
    claim.holds(
        f"q = {' or '.join(AT_ZERO)}: the threshold increases with alpha, the optimum is zero",
        lambda: rises(grid),
        wrong={"it decreases": lambda: rises(grid[::-1]), "it turns": lambda: rises(("1/2", *grid))},
    )  # fmt: skip


@theorem.consequence(
    "between two thresholds the exponent decides: classes that one $\\alpha$ shows are hidden for another"
)
def decided(claim: Any) -> None:
    point, best = INSIDE["1/10,1/2 with 3/4,1/4"]

    def seen(strength: str) -> list[int]:
        places = (best, Fraction(0), Fraction(1, 2), Fraction(1))
        return [int(claim.value("detectable", {**point, "mu": Fraction(strength), "al": al}).value) for al in places]

    claim.holds(
        "ell = 3.342 is seen at the optimal exponent only, not at 0, 1/2 or 1",
        lambda: seen("3.342") == [1, 0, 0, 0],
        wrong={"ell = 3.3": lambda: seen("3.3") == [1, 0, 0, 0], "ell = 6": lambda: seen("6") == [1, 0, 0, 0]},
    )


@theorem.consequence("one pass in place of the fixed point finds no edge, and its exponent is not the optimal one")
def aliased(claim: Any) -> None:
    def chosen(code: bool) -> Fraction:
        """The exponent of the lowest threshold on a grid."""
        point = theorem.point(x="50")
        grid = [Fraction(k, 99) for k in range(0, 100, 1 if code else 9)]
        laws = [connectivities(point["q"], point["wq"], al) for al in grid]
        return grid[int(np.argmin([one_pass(law)["threshold"] if code else rough(law)[1] for law in laws]))]

    def loss(code: bool) -> float:
        point = theorem.point(x="50", al=chosen(code))
        best = theorem.point(x="50", al="0")
        return float(claim.value("threshold", point)) / float(claim.value("threshold", best))

    def ends(bound: float) -> bool:
        laws = [connectivities(p["q"], p["wq"], p["al"]) for p in map(theorem.point, theorem.points)]
        return all(one_pass(law)["bulk_edge"] < bound * rough(law)[0] for law in laws)

    claim.holds(
        "its search for the edge runs to zero at every default point",
        lambda: ends(1e-3), wrong={"it stops earlier": lambda: not ends(1e-3)},
    )  # fmt: skip
    claim.holds(
        "q = 3/10,4/5: at the exponent that it chooses the threshold is more than 3/2 of the lowest one, at zero",
        lambda: loss(True) > 1.5, wrong={"with the fixed point": lambda: loss(False) > 1.5},
    )  # fmt: skip
