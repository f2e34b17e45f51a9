r"""Residual projection of a random sketch: what is left of a matrix outside the row span of SA.

.. math::  E[P_\perp]\simeq(\gamma A^\top A+I)^{-1},\qquad \sum_i\frac{\gamma\sigma_i^2}{1+\gamma\sigma_i^2}=k,\qquad
           E\|A-AP\|_F^2\simeq\frac k\gamma.

The projection is the limit of a ridge resolvent, whose equivalent the engine makes; the ridge then goes to zero.
Source: Derezinski, Liang, Liao and Mahoney (2020).
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import sympy as sp
from scipy.optimize import brentq
from sympy import Eq, Identity, Inverse, MatrixSymbol

from rmtsym.equivalent import Equivalent, deterministic_equivalent
from rmtsym.field.average import Average
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Space, inverse
from rmtsym.simulate import Control, Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import Choice, Count, Parameter, Quantity, Regime, Theorem, get, predict
from theory.sketching.projection_spectra import SPECTRA, digits, geometric, one_row, polynomial, squares

theorem = Theorem(
    id="expected-residual-projection",
    title="Expected residual projection of a random sketch",
    family="sketching",
    references=(
        "M. Derezinski, F. Liang, Z. Liao, M. W. Mahoney (2020), Precise expressions for random projections: Low-rank "
        "approximation and randomized Newton, arXiv:2006.10653",
    ),
    assumptions=(
        r"$A$ has singular values $\sigma_1\ge\dots\ge\sigma_n>0$; $S$ is $k\times M$ with $k<n$",
        r"the entries of $S$ are independent, centred, of one variance and sub-Gaussian; its scale does not matter",
        r"$P=(SA)^\dagger SA$, $P_\perp=I-P$; the stable rank $\|A\|_F^2/\|A\|^2$ grows in proportion to $k$",
        r"$\langle P_\perp\rangle_i$ is the entry of $P_\perp$ along the right singular vector of $\sigma_i$",
    ),
    parameters=(
        Parameter("spectrum", "squared singular values", Choice("spectrum", *SPECTRA)),
        Parameter("n", "rank of A", Count(2), "n"),
        Parameter("k", "rows of the sketch", Count(1), "k"),
        Parameter("T", "steps of the randomised Newton method", Count(1), "T", default="6"),
    ),
    quantities=(
        Quantity("lra", "squared error of the sketched low-rank approximation", r"E\|A-AP\|_F^2"),
        Quantity("Pperp0", "residual along the first direction", r"\langle P_\perp\rangle_1"),
        Quantity("Pperpk", "residual along direction k", r"\langle P_\perp\rangle_k"),
        Quantity("Pperpn", "residual along the last direction", r"\langle P_\perp\rangle_n"),
        Quantity("rho", "rate of the randomised Newton method", r"\rho=\lambda_{\min}(EP)"),
        Quantity("mean_component", "mean of the slowest component after T steps", r"\Delta_T"),
        Quantity("gamma", "implicit scale", r"\gamma", observable=False),
    ),
    points={
        "A": dict(spectrum="exp0.9", n="80", k="10"),
        "B": dict(spectrum="lin", n="100", k="50"),
        "C": dict(spectrum="poly2", n="200", k="20"),
        "flat": dict(spectrum="flat", n="60", k="20"),
        "digits": dict(spectrum="digits", n="61", k="10"),
    },
    uses=("ridge-anisotropic",),
)

# -- statement --------------------------------------------------------------------------------------------------------

s, first, middle, last = sp.symbols("s first middle last", positive=True)
gamma, kappa, lam, ratio, n, k, T = sp.symbols("gamma kappa lam ratio n k T", positive=True)
columns = Space("cols", letters=(s, first, middle, last), law="nu")  # letters: sigma^2, and three indicators
nu = columns.measure

DIRECTIONS = {"Pperp0": first, "Pperpk": middle, "Pperpn": last}


def entry(function: sp.Expr, letter: sp.Symbol) -> sp.Expr:
    """Value of a function of sigma^2 in the direction that a letter indicates."""
    return Average(letter * function, nu) / Average(letter, nu)


@theorem.statement
def statement() -> Regime:
    """One scalar equation; everything else is read off the diagonal of (gamma A'A + I)^{-1}."""
    residual = 1 / (1 + gamma * s)
    outputs = {
        "lra": k / gamma,
        **{name: entry(residual, letter) for name, letter in DIRECTIONS.items()},
        "rho": entry(gamma * s * residual, last),
        "mean_component": sp.Symbol("Pperpn") ** T,
        "gamma": gamma,
    }
    system = FixedPointSystem(
        (Unknown(gamma, "positive", meaning="implicit scale"),),
        (Eq(n * Average(gamma * s * residual, nu), k),),
        outputs,
    )
    return Regime(system, "k < n")


@theorem.binding
def binding(spectrum: str, n: int, k: int) -> dict[str, Any]:
    """The spectrum, every direction with weight 1/n, and three directions picked out."""
    picked = {"first": 0, "middle": min(k, n) - 1, "last": n - 1}
    letters = {name: [int(i == place) for i in range(n)] for name, place in picked.items()}
    return {"nu": Atoms([Fraction(1, n)] * n, s=squares(spectrum, n), **letters)}


# -- experiment -------------------------------------------------------------------------------------------------------

BATCH = 12  # sketches in one replicate, a multiple of the T of the points


def sketch(rng: np.random.Generator, point: dict[str, Any], copies: int, law: str) -> np.ndarray:
    """Sketched matrices, in the right singular basis of A, every singular value repeated.

    Returns an array of shape (BATCH, k copies, n, copies).
    """
    rows, count = point["k"] * copies, point["n"]
    if point["spectrum"] == "digits":
        data = digits()[0]
        return np.moveaxis(entries(rng, (BATCH, rows, copies, len(data)), law) @ data, 2, 3)
    scale = np.sqrt([float(x) for x in squares(point["spectrum"], count)])[:, None]
    if law == "coordinates":  # rows of the identity, drawn without replacement: not independent entries
        chosen = rng.permuted(np.tile(np.arange(count * copies), (BATCH, 1)), axis=1)[:, :rows]
        picked = (chosen[:, :, None] == np.arange(count * copies)).reshape(BATCH, rows, count, copies)
        return picked * scale
    return entries(rng, (BATCH, rows, count, copies), law) * scale


def observed(trace: float, entry: float, slow: float, **more: Any) -> tuple[Statistic, ...]:
    """Statistics with their resolutions: the error, the diagonal entries, the smallest entry of the projection.

    The energy of the sketch along a direction has mean one, and explains a part of the entry.
    """
    controls = {name: (Control(f"energy{name[-1]}", 1.0),) for name in ("Pperp0", "Pperpk", "Pperpn")}
    return (
        Statistic("lra", resolution=trace, **more),
        *(Statistic(name, resolution=entry, controls=c, **more) for name, c in controls.items()),
        Statistic("rho", resolution=slow, controls=controls["Pperpn"], **more),
        Statistic("mean_component", resolution=entry, **more),
    )


def times(*copies: int) -> Callable[[dict[str, Any]], tuple[int, ...]]:
    """Numbers of columns with every singular value repeated."""
    return lambda point: tuple(point["n"] * c for c in copies)


EXACT = tuple(Statistic(name, kind="exact", resolution=0.03) for name in ("lra", "Pperp0", "Pperpn", "rho"))
COORDINATES = (Statistic("lra", fails=("coordinates",)), Statistic("Pperp0", kind="form", fails=("coordinates",)))


@theorem.experiment(points=("B",), statistics=COORDINATES, sizes=times(1, 2), laws=("coordinates",))
@theorem.experiment(points=("flat",), statistics=EXACT, sizes=times(1, 2))
@theorem.experiment(points=("digits",), statistics=observed(0.03, 0.2, 0.3), sizes=times(1, 2))
@theorem.experiment(points=("C",), statistics=observed(0.01, 0.1, 0.1), sizes=times(1, 2))
@theorem.experiment(points=("B",), statistics=observed(0.005, 0.06, 0.1), sizes=times(1, 2), laws=("gauss", "rad"))
@theorem.experiment(points=("A",), statistics=observed(0.005, 0.04, 0.1), sizes=times(1, 2, 4), laws=("gauss", "rad"))
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Residuals of a batch of sketches of a matrix with ``size`` columns: size/n copies of every singular value."""
    count, steps = point["n"], point["T"]
    copies = size // count
    rows = sketch(rng, point, copies, law)
    basis = np.linalg.qr(rows.reshape(BATCH, -1, size).transpose(0, 2, 1))[0]  # of the row space
    residual = 1 - np.sum(basis**2, axis=2).reshape(BATCH, count, copies).mean(axis=(0, 2))
    slow = slice((count - 1) * copies, None)
    components = []
    for start in range(0, BATCH - steps + 1, steps):
        moving = np.eye(size)[:, slow]
        for Q in basis[start : start + steps]:
            moving = moving - Q @ (Q.T @ moving)
        components.append(np.trace(moving[slow]) / copies)
    values = np.array([float(x) for x in squares(point["spectrum"], count)])
    energy = np.mean(rows**2, axis=(0, 1, 3)) / values
    place = min(point["k"], count) - 1
    return {
        "lra": float(values @ residual),
        "Pperp0": residual[0],
        "Pperpk": residual[place],
        "Pperpn": residual[-1],
        "rho": 1 - residual[-1],
        "mean_component": float(np.mean(components)),
        "energy0": energy[0],
        "energyk": energy[place],
        "energyn": energy[-1],
    }


@theorem.figure
def figure(page: Any) -> Any:
    """The digits: entries of the residual projection; errors of the low-rank approximation and the best ones."""
    from rmtsym.report.style import figure, points

    rng, count = np.random.default_rng(page.trial.seed), 61
    values = np.array([float(x) for x in squares("digits", count)])
    fig, ((left, right), (low_left, low_right)) = figure(
        10.0, 5.0, nrows=2, ncols=2, sharex="col", gridspec_kw={"height_ratios": [3, 1]}
    )
    rows, shown, ratios, theory = (1, 2, 4, 7, 10, 15, 20, 30, 40, 50), np.arange(0, count, 3), [], []
    for k in rows:
        point = theorem.point("digits", k=str(k))
        drawn = np.concatenate([sketch(rng, point, 1, "gauss")[..., 0] for _ in range(12)])
        diagonal = 1 - np.sum(np.linalg.qr(drawn.transpose(0, 2, 1))[0] ** 2, axis=2)
        stated = {name: float(value) for name, value in theorem.values(point).items()}
        theory.append(stated["lra"])
        errors = diagonal @ values / stated["lra"]
        ratios.append((errors.mean(), errors.std(ddof=1) / np.sqrt(len(errors))))
        if k in (4, 10, 30):
            curve, index = 1 / (1 + stated["gamma"] * values), (4, 10, 30).index(k)
            mean, error = (x[shown] for x in (diagonal.mean(axis=0), diagonal.std(axis=0, ddof=1) / 12))
            left.plot(np.arange(1, count + 1), curve)
            points(left, shown + 1, mean, error, label=f"k = {k}", index=index)
            points(low_left, shown + 1, mean - curve[shown], error, index=index)
    mean, error = np.transpose(ratios)
    theory = np.array(theory) / values.sum()
    right.plot(rows, theory, label=r"theory, $k/\gamma$")
    points(right, rows, mean * theory, error * theory, label="simulation")
    points(low_right, rows, mean - 1, error)
    right.plot(np.arange(1, 51), 1 - np.cumsum(values)[:50] / values.sum(), "--", color="0.4", label="best of rank k")
    right.set(yscale="log", ylabel=r"$E\|A-AP\|_F^2\,/\,\|A\|_F^2$")
    left.set(ylabel=r"$\langle P_\perp\rangle_i$")
    low_left.set(xlabel="direction i", ylabel="residual")
    low_right.set(xlabel="rows k of the sketch", ylabel="rel. residual")
    for axes in (low_left, low_right):
        axes.axhline(0, color="0.6", lw=0.8)
    left.legend()
    right.legend()
    return fig


# -- derivation -------------------------------------------------------------------------------------------------------


def equivalent() -> Equivalent:
    """Traces of lambda (R'R + lambda)^{-1} for Gaussian rows R of covariance A'A, against four diagonal matrices."""
    sketched = Gaussian("S", Space("rows", ratio), columns) @ Deterministic(sp.sqrt(s), columns)
    resolvent = inverse(sketched.T @ sketched + lam)
    letters = {"residual": s, **{f"along_{x}": x for x in DIRECTIONS.values()}}
    return deterministic_equivalent({q: lam * (Deterministic(x, columns) @ resolvent) for q, x in letters.items()})


def _one_row(rng: np.random.Generator, size: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Residual projection of size/2 rows of signs, times A with a linear spectrum; one more row; the spectrum."""
    values = np.arange(size, 0, -1) / size
    rows = entries(rng, (size // 2 + 1, size), "rad") * np.sqrt(values)
    basis = np.linalg.qr(rows[1:].T)[0]
    return np.eye(size) - basis @ basis.T, rows[0], values


def _trace_lemma(rng: np.random.Generator, size: int) -> float:
    projection, x, values = _one_row(rng, size)
    return float(x @ projection @ x / (np.diag(projection) @ values)) - 1


def _balance(rng: np.random.Generator, size: int) -> float:
    projection, _, values = _one_row(rng, size)
    diagonal = np.diag(projection)
    scale = (size // 2) / float(diagonal @ values)
    return float(np.mean((1 - diagonal - scale * values * diagonal) * values))


@theorem.derivation
def derivation(proof: Any) -> None:
    """The projection as a ridge resolvent without ridge; the engine's equation; its limit."""
    a, b = sp.symbols("a b", integer=True, positive=True)  # rows, columns
    R, x, M = MatrixSymbol("R", a, b), MatrixSymbol("x", b, 1), MatrixSymbol("M", b, b)
    row_space = R.T * Inverse(R * R.T + lam * Identity(a)) * R
    ridge = proof.identity(
        "ridge",
        Eq(lam * Inverse(R.T * R + lam * Identity(b)), Identity(b) - row_space, evaluate=False),
        "R = SA; for lambda = 0 the right side is the projection that annihilates the rows of R",
    )
    projection = Identity(b) - R.T * Inverse(R * R.T) * R
    annihilates = proof.identity(
        "residual projection",
        [
            Eq(projection * projection, projection, evaluate=False),
            Eq(R * projection + R, R, evaluate=False),
        ],
        "idempotent, zero on the rows of R",
        wrong=[2 * projection, Identity(b)],
        uses=[ridge],
    )
    more = proof.identity(
        "one row out",
        Eq(Inverse(M + x * x.T) * x * (Identity(1) + x.T * Inverse(M) * x), Inverse(M) * x, evaluate=False),
        "M = R'R + lambda; in the limit x contributes P_perp x x'/(x'P_perp x) to P, with P_perp taken without x",
    )
    lemma = proof.asymptotic(
        "trace lemma",
        "x'P_perp x = tr(A P_perp A')",
        "one row x, here of signs, is independent of P_perp without it",
        deviation=_trace_lemma,
        sizes=(32, 64, 128, 256),
        replicates=256,
        uses=[more, annihilates],
    )
    balance = proof.asymptotic(
        "balance",
        "E P = gamma E[P_perp] A'A, gamma = k / E tr(A P_perp A')",
        "sum of the k rows; here of signs",
        deviation=_balance,
        exponent=-1.0,
        sizes=(32, 64, 128, 256),
        replicates=256,
        uses=[lemma],
    )
    universal = proof.assume(
        "only the second moment of a row counts",
        "E P_perp has the same equivalent for sub-Gaussian and for Gaussian rows, with or without a vanishing ridge",
        "M. Derezinski, F. Liang, Z. Liao, M. W. Mahoney (2020), Theorem 1",
        uses=[balance],
    )
    rows = proof.define(Eq(ratio, k / n), "rows per column", name="rows per column")
    engine = proof.engine(
        "engine, with ridge", equivalent(), "Gaussian rows of covariance A'A", uses=[ridge, universal]
    )
    no_ridge = proof.continuity(
        "ridge to zero", engine, {lam: 0}, "with k < n the root stays positive", uses=[annihilates]
    )
    scale = proof.define(Eq(gamma, 1 / kappa), "the ridge per unit of projection, inverted")
    traces = proof.substitute(
        "in the new unknown",
        [
            Eq(k, n * Average(gamma * s / (1 + gamma * s), nu)),
            Eq(sp.Symbol("residual"), k / (n * gamma)),
            *(Eq(sp.Symbol(f"along_{x}"), Average(x / (1 + gamma * s), nu)) for x in DIRECTIONS.values()),
        ],
        "ridge and kappa tend to zero together, gamma stays; the first trace by the equation",
        uses=[no_ridge, scale, rows],
    )
    slow = sp.Symbol("Pperpn")
    parts = [traces, proof.define(Eq(sp.Symbol("lra"), n * sp.Symbol("residual")), "|A - AP|^2 = tr(A P_perp A')")]
    for name, letter in DIRECTIONS.items():
        along = sp.Symbol(f"along_{letter}")
        parts.append(proof.define(Eq(sp.Symbol(name), along / Average(letter, nu)), f"the {letter} direction"))
    parts += [
        proof.define(Eq(sp.Symbol("rho"), 1 - slow), "the smallest of the entries of E P is the last"),
        proof.define(Eq(sp.Symbol("mean_component"), slow**T), "the error is multiplied by T independent P_perp"),
    ]
    proof.conclude(uses=parts)


# -- consequences -----------------------------------------------------------------------------------------------------


@theorem.consequence(
    "the equation has one root: its left side increases with $\\gamma$; one row of many: $\\gamma\\simeq 1/\\|A\\|_F^2$"
)
def one_root(claim: Any) -> None:
    claim.identity(
        Eq(sp.diff(gamma * s / (1 + gamma * s), gamma), s / (1 + gamma * s) ** 2, evaluate=False),
        wrong=[s / (1 + gamma * s), gamma * s / (1 + gamma * s) ** 2],
    )

    def few(factor: float) -> bool:
        gaps = []
        for rank in (50, 100, 200):
            point = theorem.point("B", n=str(rank), k="1")
            gaps.append(abs(float(claim.value("gamma", point)) * float(sum(squares("lin", rank))) / factor - 1))
        return gaps[2] < 0.6 * gaps[1] < 0.36 * gaps[0]

    claim.holds("gamma |A|^2 - 1 falls like 1/n", lambda: few(1.0), wrong={"tends to 1.1": lambda: few(1.1)})


@theorem.consequence("equal singular values: $\\gamma=k/(n-k)$ and $E P_\\perp=(1-k/n)I$, exact at every size")
def flat(claim: Any) -> None:
    points = [theorem.point("flat", k=rows) for rows in ("1", "20", "59")]
    claim.equal(lambda p: claim.value("gamma", p), lambda p: Fraction(p["k"], p["n"] - p["k"]), points, "k/(n - k)")
    claim.equal(lambda p: claim.value("Pperp0", p), lambda p: 1 - Fraction(p["k"], p["n"]), points, "1 - k/n")


@theorem.consequence(
    "$1/\\gamma$ is the effective ridge of minimum-norm regression on $k$ samples of covariance $A^\\top A$"
)
def effective_ridge(claim: Any) -> None:
    tiny = "1e-45"

    def by_regression(point: Any) -> Any:
        """shrinkage = lambda/kappa, in the limit of no ridge."""
        rank, share = point["n"], (Fraction(1, point["n"]),) * point["n"]
        law = dict(s=tuple(squares("lin", rank)), w=share, q=share, r2=1, sig2=0, c=Fraction(rank, point["k"]))
        return predict(get("ridge-anisotropic"), {**law, "lam": tiny}, 30, ["shrinkage"])["shrinkage"].ball * 10**45

    claim.equal(
        lambda p: claim.value("gamma", p), by_regression, [theorem.point("B", n="20", k="8")], "linear spectrum"
    )


@theorem.consequence(
    "one Gaussian row: "
    "$E P_{jj}=\\int_0^\\infty\\frac{\\sigma_j^2}{1+2t\\sigma_j^2}\\prod_i(1+2t\\sigma_i^2)^{-1/2}dt$; "
    "the equivalent is off by the inverse of the stable rank"
)
def single(claim: Any) -> None:
    values = np.array([float(x) for x in squares("exp0.9", 80)])

    def decays(rows: float) -> bool:
        copies, gaps = 2 ** np.arange(2, 7), []
        for c in copies:
            g = brentq(lambda g, c=c: c * np.sum(g * values / (1 + g * values)) - rows, 1e-9, 10)
            gaps.append(abs(g / (1 + g) / one_row(np.repeat(values, c)) - 1))
        return bool(abs(np.log(gaps[-1] / gaps[-2]) / np.log(2) + 1) < 0.05)

    claim.holds("every value c times: 1/c", lambda: decays(1), wrong={"1.01 rows": lambda: decays(1.01)})


@theorem.consequence(
    "$\\sigma_i^2=\\alpha^{i-1}$: $\\gamma\\simeq\\sqrt\\alpha(\\alpha^{-k}-1)$, error $k/\\gamma$; relative deviation "
    "$\\frac{\\alpha^k}{24}\\log^2\\alpha$"
)
def exponential(claim: Any) -> None:
    def closed(formula: Callable[[float, int], float]) -> bool:
        for name, rows in (("exp0.9", 10), ("exp0.9", 20), ("exp0.8", 5), ("exp0.8", 10)):
            alpha = float(name[3:])
            exact = float(claim.value("gamma", theorem.point("A", spectrum=name, n="400", k=str(rows))))
            if not abs((exact / formula(alpha, rows) - 1) / (np.log(alpha) ** 2 * alpha**rows / 24) - 1) < 0.02:
                return False
        return True

    claim.holds(
        "and the deviation itself, within 2 %",
        lambda: closed(geometric),
        wrong={
            "alpha^-k for alpha^-k - 1": lambda: closed(lambda a, rows: np.sqrt(a) * a**-rows),
            "the root of alpha dropped": lambda: closed(lambda a, rows: a**-rows - 1),
            "k + 1/2 for k": lambda: closed(lambda a, rows: np.sqrt(a) * (a ** -(rows + 0.5) - 1)),
        },
    )


@theorem.consequence(
    "$\\sigma_i^2=i^{-\\beta}$, $\\beta>1$: error $\\simeq k\\big(\\frac{\\pi/\\beta}{\\sin(\\pi/\\beta)}\\big)^\\beta"
    "(k+\\frac12)^{-\\beta}$; a rank $n$ takes a part $n^{1-\\beta}$ away"
)
def power(claim: Any) -> None:
    for name, beta in (("poly2", Fraction(2)), ("poly1.5", Fraction(3, 2))):
        claim.exponent(
            "lra", lambda eps, name=name: {"spectrum": name, "k": "5", "n": int(1 / eps)}, beta - 1,
            steps=tuple(Fraction(1, rank) for rank in (100, 200, 400)), minus=5 / polynomial(float(beta), 5),
            text=f"{name}: the distance to the closed form is of order n^(1 - beta)",
        )  # fmt: skip

    def decays(beta: float, half: float) -> bool:
        """Relative deviation of the root for n = infinity, of order k^(-beta-1)."""
        i, rows = np.arange(1, 20001), np.array([4, 8, 16])
        edge, gaps = len(i) + 0.5, []
        for count in rows:

            def left(g: float) -> float:  # the tail beyond the last term by its expansion
                tail = g * edge ** (1 - beta) / (beta - 1) - g**2 * edge ** (1 - 2 * beta) / (2 * beta - 1)
                return float(np.sum(g / (i**beta + g)) + tail)

            root = brentq(lambda g, count=count: left(g) - count, 1e-3, 1e6, rtol=1e-14)
            gaps.append(abs(root / polynomial(beta, count + half - 0.5) - 1))
        slopes = np.diff(np.log(gaps)) / np.diff(np.log(rows))
        return bool(abs(slopes[-1] + beta + 1) < 0.1)

    claim.holds(
        "rank infinity: relative deviation of order k^(-beta-1), beta = 3/2",
        lambda: decays(1.5, 0.5),
        wrong={"k for k + 1/2": lambda: decays(1.5, 0.0), "k + 1": lambda: decays(1.5, 1.0)},
    )


@theorem.consequence("the error is above that of the best rank $k$, unless all singular values are equal")
def near_best(claim: Any) -> None:
    def above(share: float) -> bool:
        points = [theorem.point(name) for name in ("A", "B", "C", "digits")]
        tails = [sum(squares(p["spectrum"], p["n"])[round(p["k"] * share) :]) for p in points]
        return all(float(claim.value("lra", p)) > float(tail) for p, tail in zip(points, tails, strict=True))

    claim.holds("above rank k", lambda: above(1), wrong={"above rank k/2": lambda: above(0.5)})
    equal = theorem.point("flat")
    claim.equal(lambda p: claim.value("lra", p), lambda p: p["n"] - p["k"], [equal], "flat spectrum: the sum of n - k")


@theorem.consequence(
    "randomised Newton: a block of $k$ rows is worth more than $k$ single rows where the spectrum decays"
)
def blocks(claim: Any) -> None:
    def gain(name: str) -> bool:
        block, alone = (float(claim.value("rho", theorem.point(name, **c))) for c in ({}, {"k": "1"}))
        return block / (theorem.point(name)["k"] * alone) > 1.05

    for name in "ABC":
        claim.holds(f"point {name}", lambda name=name: gain(name), wrong={"flat spectrum": lambda: gain("flat")})


@theorem.consequence(
    "$E\\|\\Delta_t\\|^2\\le(1-\\rho)^t\\|\\Delta_0\\|^2$, a bound and not a rate unless the spectrum is flat"
)
def second_moment(claim: Any) -> None:
    a, b = sp.symbols("a b", integer=True, positive=True)
    R, v = MatrixSymbol("R", a, b), MatrixSymbol("v", b, 1)
    residual = Identity(b) - R.T * Inverse(R * R.T) * R
    claim.identity(
        Eq((residual * v).T * (residual * v), v.T * residual * v, evaluate=False),
        wrong=[2 * v.T * residual * v, v.T * v],
    )

    def below(values: np.ndarray, steps: int = 4, runs: int = 4000) -> bool:
        """Six standard errors below the power of the first step, for six rows of a Gaussian sketch."""
        rng = np.random.default_rng(11)
        moving, squared = np.tile(np.eye(len(values))[-1], (runs, 1)), []
        for _ in range(steps):
            rows = rng.standard_normal((runs, 6, len(values))) * np.sqrt(values)
            weights = np.linalg.solve(rows @ rows.transpose(0, 2, 1), rows @ moving[..., None])
            moving = moving - (rows.transpose(0, 2, 1) @ weights)[..., 0]
            squared.append(np.sum(moving**2, axis=1))
        one, last = squared[0], squared[-1]
        power = one.mean() ** steps + steps * one.mean() ** (steps - 1) * (one - one.mean())  # to first order
        return bool(np.mean(last - power) < -6 * np.std(last - power) / np.sqrt(runs))

    claim.holds(
        "after four steps of a linear spectrum",
        lambda: below(np.arange(12, 0, -1) / 12),
        wrong={"of a flat spectrum": lambda: below(np.ones(12))},
    )


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("1/gamma for k/gamma", outputs={"lra": 1 / gamma})
theorem.mutant(
    "sigma for its square", equations={gamma: Eq(n * Average(gamma * sp.sqrt(s) / (1 + gamma * sp.sqrt(s)), nu), k)}
)
theorem.mutant("trace n - k", equations={gamma: Eq(n * Average(gamma * s / (1 + gamma * s), nu), n - k)})
theorem.mutant("rho without the 1", outputs={"rho": entry(gamma * s, last)})
theorem.mutant("entries 1 - k/n in every direction", outputs={name: 1 - k / n for name in DIRECTIONS})
theorem.mutant("error of the share 1 - k/n", outputs={"lra": (1 - k / n) * n * Average(s, nu)})
theorem.mutant("single rows, without their interaction", equations={gamma: Eq(gamma * n * Average(s, nu), k)})
theorem.mutant("the rate of mean squares for means", outputs={"mean_component": sp.Symbol("Pperpn") ** (T / 2)})
