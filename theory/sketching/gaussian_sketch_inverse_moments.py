r"""Inverse moments of a Gaussian sketch, exact at every size.

.. math::  E\tilde Q=\tfrac m{m-d-1}H^{-1},\qquad
           E\,W^{-1}BW^{-1}=c_1B+c_2(B^\top+\mathrm{tr}(B)I),\quad c_2=\tfrac1{k(k-1)(k-3)},\ c_1=(k-2)c_2,\ k=m-d.

Three fields, integrated by parts, give a linear system for the moments.  Nothing is asymptotic.
Sources: Haff (1979); von Rosen (1988); Derezinski, Liao, Dobriban and Mahoney (2021).
"""

from __future__ import annotations

from collections.abc import Mapping
from fractions import Fraction
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Inverse, MatrixSymbol, Trace

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries, entry_moment
from rmtsym.theorem import Choice, Count, Parameter, Quantity, Regime, Theorem, get, predict

theorem = Theorem(
    id="gaussian-sketch-inverse-moments",
    title="Inverse moments of a Gaussian sketch",
    family="sketching",
    references=(
        "L. R. Haff (1979), An identity for the Wishart distribution with applications, J. Multivariate Anal. 9",
        "D. von Rosen (1988), Moments for the inverted Wishart distribution, Scand. J. Statist. 15",
        "M. Derezinski, Z. Liao, E. Dobriban, M. W. Mahoney (2021), Sparse sketches with small inversion bias, "
        "arXiv:2011.10695",
        "J. Lacotte, S. Liu, E. Dobriban, M. Pilanci (2020), Optimal iterative sketching with the subsampled "
        "randomized Hadamard transform, arXiv:2002.00864",
    ),
    assumptions=(
        r"$A\in\mathbb R^{n\times d}$ has full column rank, $H=A^\top A$; nothing else is asked of it",
        r"$S\in\mathbb R^{m\times n}$ has independent $N(0,1/m)$ entries, $\tilde Q=(A^\top S^\top SA)^{-1}$",
        r"$m>d+3$ (for the first moment alone $m>d+1$ is enough)",
        r"$X=H^{1/2}\tilde QH^{1/2}$; the error of an average $\bar X$ of $q$ copies is $\frac1dE\|\bar X-I\|_F^2$",
    ),
    parameters=(
        Parameter("d", "columns of A", Count(2), "d"),
        Parameter("m", "rows of the sketch", Count(1), "m"),
        Parameter("q", "independent sketches that are averaged", Count(1), "q", default="10"),
        Parameter("design", "matrix A of the experiment", Choice("design", "white", "digits"), default="white"),
    ),
    quantities=(
        Quantity("theta1", "mean of tr X / d", r"\theta_1"),
        Quantity("theta2", "mean of tr X^2 / d", r"\theta_2"),
        Quantity("trace2", "mean of (tr X / d)^2", r"\theta_{11}"),
        Quantity("sym", "factor of a symmetric B without trace in E XBX", "m^2(c_1+c_2)"),
        Quantity("skew", "factor of a skew-symmetric B in E XBX", "m^2(c_1-c_2)"),
        Quantity("mse_plain", "mean square error of the average of q copies, per column", "e_q"),
        Quantity("mse_usual", "the same, rescaled by (m-d)/m", r"e_q^{\mathrm{usual}}"),
        Quantity("mse_exact", "the same, rescaled by (m-d-1)/m", r"e_q^{\mathrm{exact}}"),
    ),
    points={
        "A": dict(d="20", m="60"),
        "B": dict(d="20", m="30"),
        "C": dict(d="3", m="15", q="4"),
        "digits": dict(d="20", m="60", design="digits"),
    },
    uses=("marchenko-pastur",),
)

# -- statement --------------------------------------------------------------------------------------------------------

m, d = sp.symbols("m d", integer=True, positive=True)
q, k = sp.symbols("q k", positive=True)
theta1, theta2 = sp.symbols("theta1 theta2")
FACTORS = {"mse_plain": sp.Integer(1), "mse_usual": (m - d) / m, "mse_exact": (m - d - 1) / m}


@theorem.statement
def statement() -> Regime:
    """Closed forms; the errors of averages as variance over q plus squared bias."""
    variance = theta2 - theta1**2
    second = m**2 / ((m - d) * (m - d - 1) * (m - d - 3))
    outputs = {
        "theta1": m / (m - d - 1),
        "theta2": (m - 1) * second,
        "trace2": (m - d - 2 + 2 / d) * second,
        "sym": (m - d - 1) * second,
        "skew": (m - d - 3) * second,
        **{name: f**2 * variance / q + (f * theta1 - 1) ** 2 for name, f in FACTORS.items()},
    }
    return Regime(FixedPointSystem((), (), outputs), "m > d + 3")


# -- derivation -------------------------------------------------------------------------------------------------------

X = MatrixSymbol("X", m, d)  # sqrt(m) S A H^{-1/2}
B, C, L = (MatrixSymbol(name, d, d) for name in "BCL")
R = Inverse(X.T * X)  # of the Wishart matrix
p, p_t, b, c, r, r_t, r_c, u, u_t, s = sp.symbols("p p_t b c r r_t r_c u u_t s")
MEANS = {
    **{p: Trace(B * C), p_t: Trace(B.T * C), b: Trace(B), c: Trace(C)},  # constants
    **{r: Trace(B * R * C), r_t: Trace(B.T * R * C), r_c: Trace(R * C)},
    **{u: Trace(R * B * R * C), u_t: Trace(R * B.T * R * C), s: Trace(R * B) * Trace(R * C)},
}


@theorem.derivation
def derivation(proof: Any) -> None:
    """Whiten, integrate three fields by parts, solve, and specialise the matrices B and C."""
    size = proof.define(Eq(k, m - d), "excess of rows")
    sketch = L.T * X.T * X * L  # m A'S'SA for A'A = L'L
    white = proof.identity(
        "whitening",
        [
            Eq(Trace(L.T * L * Inverse(sketch)), Trace(R), evaluate=False),
            Eq(Trace(L.T * L * Inverse(sketch) * L.T * L * Inverse(sketch)), Trace(R * R), evaluate=False),
        ],
        "A = UL with orthonormal columns U; the entries of X = sqrt(m) SU are independent N(0, 1)",
    )
    boundary = proof.assume(
        "no boundary terms",
        "the fields below and their divergences are integrable for m > d + 3",
        "L. R. Haff (1979): near zero the density of the smallest eigenvalue falls like its power (m - d - 1)/2",
        uses=[white],
    )

    def parts(name: str, claim: Eq, field: Any, reason: str) -> Any:
        return proof.parts(name, claim, reason, field=field, of=X, means=MEANS, uses=[size, boundary])

    first = parts("first moment", Eq((k - 1) * r, p), X * R * C * B, "E tr(BW^{-1}C), for all constant B and C")
    solved = proof.substitute(
        "second moments",
        Eq(u, ((k - 2) * p + p_t + b * c) / (k * (k - 1) * (k - 3))),
        "three linear equations; B and C are arbitrary, so this is the matrix identity",
        uses=[
            first,
            parts("first moment, B transposed", Eq((k - 1) * r_t, p_t), X * R * C * B.T, "the same"),
            parts("first moment, B = I", Eq((k - 1) * r_c, c), X * R * C, "the same"),
            parts(
                "two inverses",
                Eq((k - 1) * u - u_t - s, r),
                X * R * B * R * C,
                "u = E tr(W^{-1}BW^{-1}C), u_t with B transposed, s = E tr(W^{-1}B) tr(W^{-1}C)",
            ),
            parts("two inverses, B transposed", Eq((k - 1) * u_t - u - s, r_t), X * R * B.T * R * C, "the same"),
            parts(
                "two traces", Eq((k - 1) * s - u - u_t, b * r_c), Trace(R * C) * X * R * B, "a random factor in front"
            ),
        ],
    )
    product = proof.substitute(
        "product of traces",
        Eq(s, ((k - 2) * b * c + p + p_t) / (k * (k - 1) * (k - 3))),
        "from the same equations",
        uses=[*solved.uses],
    )

    # special matrices
    trace2, sym, skew = sp.symbols("trace2 sym skew")
    unit = {p: d, p_t: d, b: d, c: d}
    end = [
        size,
        proof.continuity("B = C = I, one inverse", first, {**unit, r: d * theta1 / m}, "tr BC = d"),
        proof.continuity("B = C = I", solved, {**unit, u: d * theta2 / m**2}, "tr BC = tr B'C = tr B = tr C = d"),
        proof.continuity("B = C = I, two traces", product, {**unit, s: d**2 * trace2 / m**2}, "the same"),
        proof.continuity(
            "symmetric B", solved, {p: 1, p_t: 1, b: 0, c: 0, u: sym / m**2}, "C = B' of norm one, tr B = 0"
        ),
        proof.continuity(
            "skew-symmetric B", solved, {p: 1, p_t: -1, b: 0, c: 0, u: skew / m**2}, "C = B' of norm one, B' = -B"
        ),
    ]
    Y = [MatrixSymbol(f"Y{i}", d, d) for i in range(3)]
    mean = (Y[0] + Y[1] + Y[2]) / 3
    pairs = sum(Trace(Y[i] * Y[j]) for i in range(3) for j in range(3) if i != j)
    square = proof.identity(
        "square of an average",
        Eq(Trace(mean * mean), (sum(Trace(y * y) for y in Y) + pairs) / 9),
        "of q copies: q squares, and q(q-1) products of independent copies with means theta_1 I; here q = 3",
    )
    for name, factor in FACTORS.items():
        error = factor**2 * (theta2 / q + (1 - 1 / q) * theta1**2) - 2 * factor * theta1 + 1
        end.append(proof.define(Eq(sp.Symbol(name), error), f"rescaled by {factor}", uses=[square]))
    proof.conclude(uses=end)


# -- experiment -------------------------------------------------------------------------------------------------------

BATCH = 40  # matrices in one replicate, a multiple of every q below


@lru_cache(maxsize=8)
def digits(columns: int, rows: int = 160) -> np.ndarray:
    """The most variable pixels of handwritten digits, not centred and not rescaled."""
    from sklearn.datasets import load_digits

    pixels = load_digits().data
    return pixels[:rows, np.argsort(-pixels.var(axis=0), kind="stable")[:columns]]


def at_size(point: Mapping[str, Any], size: int) -> dict[str, Any]:
    """The same proportions with ``size`` columns."""
    return {**point, "d": size, "m": int(size * Fraction(point["m"], point["d"]))}


def _one(point: Mapping[str, Any], size: int, law: str) -> float:
    return 1.0


def _square(point: Mapping[str, Any], size: int, law: str) -> float:
    """Mean of tr (W/m)^2 / d; known for independent entries of any law if A = [I; 0], for Gaussian ones always."""
    rows = at_size(point, size)["m"]
    return (rows + size - 2 + entry_moment(law, 4)) / rows


CONTROLS = (Control("gram", _one), Control("gram2", _square))


def observed(rough: float) -> tuple[Statistic, ...]:
    """Every quantity, exact at every size; ``rough`` is the resolution of those of second order."""
    return tuple(
        Statistic(x.name, kind="exact", resolution=0.005 if x.name == "theta1" else rough, controls=CONTROLS)
        for x in theorem.quantities
    )


SIGNS = (Statistic("theta1", kind="exact", controls=CONTROLS, fails=("rad",)),)


# Second order to 3 % at B and C, where few rows beyond d give heavy tails, and at the digits, whose sketches cost more.
@theorem.experiment(points=("A",), statistics=SIGNS, sizes=(20, 40), laws=("rad",), at_size=at_size)
@theorem.experiment(points=("digits",), statistics=observed(0.03), sizes=(10, 20), at_size=at_size)
@theorem.experiment(points=("C",), statistics=observed(0.03), sizes=(3, 6), at_size=at_size)
@theorem.experiment(points=("B",), statistics=observed(0.03), sizes=(20, 40), at_size=at_size)
@theorem.experiment(points=("A",), statistics=observed(0.01), sizes=(20, 40), at_size=at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Averages over a batch of sketches; the errors of averages over all ways to choose q of them."""
    rows, copies = at_size(point, size)["m"], point["q"]
    if point["design"] == "digits":
        A = digits(size)
        sketched = entries(rng, (BATCH, rows, len(A)), law) @ A / np.sqrt(rows)
        root = np.linalg.qr(A)[1]  # H = root' root
    else:  # A = [I; 0]
        sketched, root = entries(rng, (BATCH, rows, size), law) / np.sqrt(rows), np.eye(size)
    gram = np.linalg.solve(root.T, sketched.transpose(0, 2, 1) @ sketched) @ np.linalg.inv(root)
    X = np.linalg.inv(gram)
    diagonal = np.diagonal(X, axis1=1, axis2=2)
    trace, square, own = diagonal.sum(axis=1), np.sum(X**2, axis=(1, 2)), np.sum(diagonal**2, axis=1)
    across, off = trace**2 - own, square - own  # sums of X_ii X_jj and of X_ij^2 over i != j
    pairs = size * (size - 1)
    total = X.sum(axis=0)
    product = (np.sum(total**2) - square.sum()) / (BATCH * (BATCH - 1) * size)
    theta1, theta2 = trace.mean() / size, square.mean() / size
    factors = {name: float(f.subs({m: rows, d: size})) for name, f in FACTORS.items()}
    errors = {
        name: f**2 * (theta2 / copies + (1 - 1 / copies) * product) - 2 * f * theta1 + 1 for name, f in factors.items()
    }
    return {
        "theta1": theta1,
        "theta2": theta2,
        "trace2": float(np.mean(trace**2)) / size**2,
        "sym": float(np.mean(across + off)) / pairs,
        "skew": float(np.mean(across - off)) / pairs,
        **errors,
        "gram": float(np.trace(gram, axis1=1, axis2=2).mean()) / size,
        "gram2": float(np.sum(gram**2, axis=(1, 2)).mean()) / size,
    }


@theorem.figure
def figure(page: Any) -> Any:
    """What the usual rescaling leaves, for Gaussian entries and for signs."""
    from rmtsym.report.style import figure, points

    rng = np.random.default_rng(page.trial.seed)
    columns, rows = page.theorem.point("A")["d"], np.array([28, 34, 40, 50, 60, 80, 120, 200])
    fig, axes = figure()
    fine = np.linspace(rows[0], rows[-1], 400)
    axes.plot(fine, 1 / (fine - columns - 1), label="theory, Gaussian: 1/(m - d - 1)")
    axes.axhline(0, color="0.6", lw=0.8)
    for index, (law, label) in enumerate((("gauss", "Gaussian entries"), ("rad", "signs"))):
        found = []
        for size in rows:
            point = {"d": columns, "m": int(size), "q": 1, "design": "white"}
            batches = [replicate(rng, columns, point, law) for _ in range(16)]
            rest, gram = (np.array([b[name] for b in batches]) for name in ("theta1", "gram"))
            slope = size / (size - columns)  # the gram matrix has mean one: to first order it explains the trace
            bias = (1 - columns / size) * (rest + slope**2 * (gram - 1)) - 1
            found.append((bias.mean(), bias.std(ddof=1) / 4))
        biases, errors = np.transpose(found)
        points(axes, rows, biases, errors, label=label, index=index)
    axes.set(xlabel="rows m of the sketch, d = 20", ylabel="relative bias after rescaling by (m - d)/m")
    axes.legend()
    return fig


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence(
    "with $d/m\\to\\gamma$ the first moments are $1/(1-\\gamma)$ and $1/(1-\\gamma)^3$: those of 1/x under the "
    "Marchenko-Pastur law"
)
def limits(claim: Any) -> None:
    law = predict(get("marchenko-pastur"), {"c": "1/3"})
    for name, moment in (("theta1", "inv_moment"), ("theta2", "inv2_moment")):
        claim.limit(name, lambda eps: {"d": int(1 / eps), "m": 3 * int(1 / eps)}, float(law[moment]))


def eigenvalues(size: int) -> tuple[Any, list[Any], list[Any], Any]:
    """Gaps between ordered eigenvalues, the eigenvalues, their products but for one, and all differences."""
    x = sp.symbols(f"x1:{size + 1}")
    values = [sum(x[i:]) for i in range(size)]
    cofactors = [sp.prod(v for j, v in enumerate(values) if j != i) for i in range(size)]
    return x, values, cofactors, sp.prod(values[i] - values[j] for i in range(size) for j in range(i + 1, size))


@theorem.consequence(
    "the mean exists down to $m=d+2$, the second moment down to $m=d+4$, and $\\mathrm{tr}X^2$ has a finite variance "
    "from $m=d+8$ on"
)
def poles(claim: Any) -> None:
    def least(order: int, size: int) -> int:
        """Smallest m - d for which (tr X)^order or what is like it is integrable at a smallest eigenvalue y = 0.

        There the density of the eigenvalues is of order y^((m - d - 1)/2).
        """
        x, _, cofactors, spacing = eigenvalues(size)
        traces = {1: sum(cofactors), 2: sum(c**2 for c in cofactors), 4: sum(c**2 for c in cofactors) ** 2}
        lowest = min(powers[-1] for powers in sp.Poly(traces[order] * spacing, *x).monoms())
        return next(k for k in range(1, 20) if sp.Rational(k - 1, 2) - order + lowest > -1)

    def last_pole(name: str) -> Any:
        denominator = sp.fraction(sp.together(statement().system.outputs[name]))[1]
        return max((x - d for x in sp.roots(denominator, m)), key=lambda x: x)

    for name, order in (("theta1", 1), ("theta2", 2)):

        def holds(shift: int, name: str = name, order: int = order) -> bool:
            return all(least(order, size) == last_pole(name) + 1 + shift for size in (2, 3))

        claim.holds(
            f"{name}: integrable from one row above the largest pole of the formula on, d = 2 and 3",
            lambda holds=holds: holds(0), wrong={"one row more": lambda holds=holds: holds(1)},
        )  # fmt: skip
    claim.holds(
        "the square of tr X^2: integrable from m = d + 8 on", lambda: least(4, 2) == least(4, 3) == 8,
        wrong={"m = d + 7": lambda: least(4, 2) == 7},
    )  # fmt: skip


@theorem.consequence(
    "rescaled by $(m-d-1)/m$ the estimator is unbiased; the usual $(m-d)/m$ leaves a relative bias $1/(m-d-1)$"
)
def unbiased(claim: Any) -> None:
    claim.identity(Eq(FACTORS["mse_exact"] * theta1, 1))
    claim.identity(Eq(FACTORS["mse_usual"] * theta1, 1 + 1 / (m - d - 1)))


@theorem.consequence("averages of uncorrected sketches stall at the squared bias, corrected ones do not")
def stalling(claim: Any) -> None:
    many = lambda eps: {"q": int(1 / eps)}  # noqa: E731
    rows, columns = theorem.point("A")["m"], theorem.point("A")["d"]
    steps = [Fraction(1, 10**i) for i in range(4, 8)]
    claim.limit("mse_plain", many, Fraction(columns + 1, rows - columns - 1) ** 2, steps=steps)
    claim.limit("mse_usual", many, Fraction(1, rows - columns - 1) ** 2, steps=steps)
    claim.limit("mse_exact", many, 0, scale=1.0)
    claim.exponent("mse_exact", many, 1)


@theorem.consequence("$a=E\\,\\mathrm{tr}W^{-2}$ and $b=E(\\mathrm{tr}W^{-1})^2$ solve the two equations of Haff")
def haff(claim: Any) -> None:
    rows, a, square = m - d, d * theta2 / m**2, d**2 * sp.Symbol("trace2") / m**2
    claim.identity(Eq(a * (rows - 2), square + d / (rows - 1)))
    claim.identity(Eq(square * (rows - 1), d**2 / (rows - 1) + 2 * a))


@theorem.consequence("the trace moments are combinations of the two factors of $B$")
def factors(claim: Any) -> None:
    sym, skew = sp.symbols("sym skew")
    claim.identity(Eq(theta2, (sym + skew) / 2 + (d + 1) * (sym - skew) / 2))
    claim.identity(Eq(sp.Symbol("trace2"), (sym + skew) / 2 + (sym - skew) / d))


@theorem.consequence(
    "a debiased Newton step contracts by $\\theta_2/\\theta_1^2-1$: about $d/(m-d)$ in large dimensions, $(d+1)/m$ for "
    "many rows"
)
def newton(claim: Any) -> None:
    rate, gamma = ((d + 1) * (m - d) - d + 1) / ((m - d) * (m - d - 3)), sp.Symbol("gamma", positive=True)
    claim.identity(Eq(theta2 / theta1**2 - 1, rate))
    x = sp.Symbol("x", positive=True)
    large = rate.subs(d, gamma * m).subs(m, x)
    claim.holds(
        "d = gamma m: the limit is gamma/(1 - gamma)",
        lambda: sp.simplify(sp.limit(large, x, sp.oo) - gamma / (1 - gamma)) == 0,
        wrong={"gamma": lambda: sp.simplify(sp.limit(large, x, sp.oo) - gamma) == 0},
    )
    claim.holds(
        "d fixed, many rows: m times it tends to d + 1",
        lambda: sp.simplify(sp.limit(x * rate.subs(m, x), x, sp.oo) - d - 1) == 0,
        wrong={"to d": lambda: sp.simplify(sp.limit(x * rate.subs(m, x), x, sp.oo) - d) == 0},
    )


def by_eigenvalues(rows: int, size: int) -> dict[str, sp.Rational]:
    """Moments from the density of the eigenvalues of a Wishart matrix, integrated exactly, for even m - d - 1.

    In the gaps x between ordered eigenvalues the density is a polynomial times exp(-sum j x_j / 2).
    """
    x, values, cofactors, spacing = eigenvalues(size)
    power = sp.Rational(rows - size - 1, 2)

    def integral(function: Any, less: int) -> sp.Rational:
        """Of a function times the density, with the power of the determinant lowered by ``less``."""
        body = sp.Poly(function * spacing * sp.prod(values) ** (power - less), *x)
        return sum(
            value * sp.prod(sp.factorial(n) * sp.Rational(2, j) ** (n + 1) for j, n in enumerate(powers, 1))
            for powers, value in body.terms()
        )

    total = integral(1, 0)
    return {
        "theta1": rows * integral(sum(cofactors), 1) / total / size,
        "theta2": rows**2 * integral(sum(v**2 for v in cofactors), 2) / total / size,
        "trace2": rows**2 * integral(sum(cofactors) ** 2, 2) / total / size**2,
    }


@theorem.consequence("for two and three columns, integrating over the eigenvalues gives the same rational numbers")
def enumeration(claim: Any) -> None:
    def same(rows: int, size: int, shift: int = 0) -> bool:
        found, outputs = by_eigenvalues(rows, size), statement().system.outputs
        return all(outputs[name].subs({m: rows + shift, d: size}) == found[name] for name in found)

    for rows, size in ((7, 2), (11, 2), (8, 3)):
        claim.holds(
            f"d = {size}, m = {rows}",
            lambda rows=rows, size=size: same(rows, size),
            wrong={"one row more": lambda rows=rows, size=size: same(rows, size, 1)},
        )


# -- known wrong versions ---------------------------------------------------------------------------------------------

_second = m**2 / ((m - d) * (m - d - 1) * (m - d - 3))
theorem.mutant(
    "m/(m-d), exact only in the limit",
    outputs={"theta1": m / (m - d)},
    source="Derezinski, Liao, Dobriban and Mahoney (2021), the rescaling m/(m-d) read as an exact one",
)
theorem.mutant("m for m - 1", outputs={"theta2": m * _second})
theorem.mutant("m - d - 2 for m - d - 3", outputs={"theta2": (m - 1) * m**2 / ((m - d) * (m - d - 1) * (m - d - 2))})
theorem.mutant("the trace of B forgotten", outputs={"theta2": (m - d - 1) * _second})
theorem.mutant("B transposed dropped", outputs={"sym": (m - d - 2) * _second, "skew": (m - d - 2) * _second})
theorem.mutant("the variance of an average not divided by q", outputs={"mse_exact": theta2 / theta1**2 - 1})
