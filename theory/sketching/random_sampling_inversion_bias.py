r"""Inverses of sampled Gram matrices: :math:`E\tilde Q\simeq(A^\top DA+C)^{-1}`, one number for each row.

.. math::  D_i=\Big(\frac1{w_i}+\frac{a_i^\top Qa_i}{m\pi_i}\Big)^{-1},\qquad Q=(A^\top DA+C)^{-1}.

A row that is drawn counts less than its weight, the less the larger its leverage and the rarer it is drawn.
"""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache
from typing import Any

import numpy as np
import sympy as sp
from sympy import Eq, Identity, Inverse, MatrixSymbol, Trace

from rmtsym.field.diagonal import DiagonalPart
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.simulate import Statistic
from rmtsym.theorem import Quantity, Theorem
from rmtsym.theorem.exact import vanishes
from theory.sketching import few_rows, row_sampling, sampling_steps
from theory.sketching.row_sampling import A, C, D, E, H, M, Pi, Q, T, W, b, d, load, m, n, times
from theory.sketching.sampling_steps import Hi, Problem, energy, scatter, xbar

theorem = Theorem(
    id="random-sampling-inversion-bias",
    title="Inversion bias of row sampling",
    family="sketching",
    references=(
        "C. Niu, Z. Liao, Z. Ling, M. W. Mahoney (2025), Fundamental bias in inverting random sampling matrices with "
        "application to sub-sampled Newton, arXiv:2502.13583",
        "M. Derezinski, Z. Liao, E. Dobriban, M. W. Mahoney (2021), Sparse sketches with small inversion bias, "
        "arXiv:2011.10695",
    ),
    assumptions=(
        r"$A\in\mathbb R^{n\times d}$ of full column rank, rows $a_i$; $C\succeq0$; $H=A^{\sf T}A+C$",
        r"$m$ rows are drawn with replacement, with probabilities $\pi_i$; a row counts $w_i/(m\pi_i)$ each time",
        r"$d,m\to\infty$ in proportion, $n\gg m$: repeated draws are rare; $m>d$ or $C\succ0$",
        r"$M=A^{\sf T}A$ (``gram``) or $M=H$: the metric of second moments and errors",
        r"no row alone carries a direction: $A$ is not a stack of a few repeated rows",
    ),
    parameters=row_sampling.PARAMETERS,
    quantities=(
        Quantity("trH", "inverse, as a multiple of the right one", r"\frac1d\mathrm{tr}\,H\tilde Q"),
        Quantity("g0", "the part of the first tenth of the rows", r"\frac1d\mathrm{tr}\,A_0^{\sf T}A_0\tilde Q"),
        Quantity("g1", "the part of the other rows", r"\frac1d\mathrm{tr}\,A_1^{\sf T}A_1\tilde Q"),
        Quantity("trHQHQ", "second moment of the inverse", r"\frac1d\mathrm{tr}\,H\tilde QM\tilde Q"),
        Quantity("lin", "a linear form of the sampled least-squares solution", r"b_0^{\sf T}A_0\hat x"),
        Quantity("bias_projection", "squared bias of the fitted values", r"\|A(\bar x-x^*)\|^2"),
        Quantity("trHxMx", "squared error in the metric M", r"\|\hat x-x^*\|_M^2"),
    ),
    points={
        "A": {"n": 2000},
        "R": {"kind": "opposed2", "n": 2000, "lam": "200", "debias": "scalar"},
        "L": {"scheme": "lev", "n": 1000, "lam": "100"},
        "digits": {"kind": "digits", "n": row_sampling.DIGITS, "m": 200, "scheme": "mix"},
    },
    uses=("gaussian-sketch-inverse-moments",),
)

# -- statement --------------------------------------------------------------------------------------------------------

weights = Inverse(Inverse(W) + load(Q) * Inverse(Pi) / m)


def response(inner: Any, weight: Any = D) -> sp.Expr:
    """Derivative of the weights when the ridge grows along a matrix; ``inner`` is that of the resolvent, negative."""
    return weight * load(inner) * Inverse(Pi) * weight / m


@theorem.statement
def statement() -> FixedPointSystem:
    return FixedPointSystem(
        unknowns=(
            Unknown(D, "diagonal", upper=W, meaning="mean weights of the rows"),
            Unknown(E, "diagonal", meaning="their derivative when the ridge grows along M"),
        ),
        equations=(
            Eq(D, weights, evaluate=False),
            Eq(E, response(Q * (M + A.T * E * A) * Q), evaluate=False),
        ),
        outputs={
            "trH": Trace(H * Q) / d,
            "g0": Trace(A.T * T * A * Q) / d,
            "g1": Trace(A.T * A * Q) / d - sp.Symbol("g0"),
            "trHQHQ": Trace(H * Q * (M + A.T * E * A) * Q) / d,
            "lin": Trace(b.T * T * A * Q * A.T * D * b),
            "bias_projection": energy(A.T * A),
            "trHxMx": energy(M) + scatter(),
        },
    )


@theorem.binding
def binding(kind, n, d, m, scheme, debias, lam, metric, ratio, design_seed, unit) -> dict[str, Any]:
    """Rows, right-hand side, probabilities and weights."""
    return row_sampling.bound(locals())


# -- experiment -------------------------------------------------------------------------------------------------------


def key(point: Any) -> tuple[Any, ...]:
    return tuple(point[p.name] for p in theorem.parameters)


@lru_cache(maxsize=32)
def _sketches(values: tuple[Any, ...]) -> row_sampling.Sketches:
    point = dict(zip((p.name for p in theorem.parameters), values, strict=True))
    made = row_sampling.of(point)
    mean = theorem_weights(values)
    return row_sampling.Sketches(made, point["m"], row_sampling.weights(point), mean, point["metric"])


@lru_cache(maxsize=32)
def theorem_weights(values: tuple[Any, ...]) -> np.ndarray:
    """Mean weights of the rows at a point."""
    from rmtsym.fixedpoint import solve

    point = dict(zip((p.name for p in theorem.parameters), values, strict=True))
    first = FixedPointSystem(statement().unknowns[:1], statement().equations[:1])
    return solve(first, theorem.bound(point))["D"].entries


#: Kinds of rows by entry law.
ROWS = {"rad": "signs2", "coherent": "coherent2"}


def sketches(point: Any, size: int, law: str = "gauss") -> row_sampling.Sketches:
    """Sketches of a point with ``size`` draws, of rows of the same sizes with other entries."""
    return _sketches(key({**row_sampling.at_size(point, size), "kind": ROWS.get(law, point["kind"])}))


def known(point: Any, size: int, law: str) -> dict[str, float]:
    return sketches(point, size, law).moments()


def observed(*options: float) -> tuple[Statistic, ...]:
    return row_sampling.observed(known, *options)


def fixed_images() -> tuple[Statistic, ...]:
    """For the digits only m grows: the error itself falls like 1/m, what the theory misses of it one power faster."""
    return tuple(replace(x, exponent=2.0) if x.name == "trHxMx" else x for x in observed(200.0, 0.2)[:6])


LAWS = (replace(observed(10.0, 0.1)[0], fails=("coherent",)),)


@theorem.experiment(points=("digits",), statistics=fixed_images(), sizes=times(3, 6), at_size=row_sampling.at_size)
@theorem.experiment(points=("L",), statistics=observed(10.0, 0.1)[:4], sizes=times(1, 3), at_size=row_sampling.at_size)
@theorem.experiment(
    points=("L",),
    statistics=LAWS,
    sizes=times(1, 3),
    laws=("rad", "coherent"),
    at_size=row_sampling.at_size,
)
@theorem.experiment(points=("R",), statistics=observed(20.0, 0.2), sizes=times(1, 3), at_size=row_sampling.at_size)
@theorem.experiment(points=("A",), statistics=observed(20.0, 0.2)[:6], sizes=times(1, 3), at_size=row_sampling.at_size)
def replicate(rng: np.random.Generator, size: int, point: dict[str, Any], law: str) -> dict[str, float]:
    """Means over sixteen sketches."""
    return sketches(point, size, law).draw(rng, 16)


def bias_of(**changes: Any) -> Any:
    """Theory and sketches by number of draws, at a changed point."""

    def at(draws: int) -> tuple[float, row_sampling.Sketches]:
        point = theorem.point(m=draws, **changes)
        return float(theorem.values(point)["trH"]), sketches(point, draws)

    return at


@theorem.figure
def figure(page: Any) -> Any:
    """Bias of the inverse by number of draws and by scheme."""
    rng, images = np.random.default_rng(page.trial.seed), {"kind": "digits", "n": row_sampling.DIGITS}
    curves = {
        "rows of two sizes, uniform": bias_of(n=4000),
        "digits, uniform": bias_of(**images, scheme="unif"),
        "rows of two sizes, half by leverage": bias_of(n=4000, scheme="mix"),
        "rows of two sizes, by leverage: d/(m - d)": bias_of(n=4000, scheme="lev"),
    }
    return row_sampling.picture(rng, np.array([50, 75, 110, 170, 260, 400]), curves, 64)


# -- derivation -------------------------------------------------------------------------------------------------------


@lru_cache(maxsize=8)
def problem(size: int, scheme: str) -> Problem:
    """Rows of two sizes, eight draws for each column."""
    from rmtsym.fixedpoint import solve

    point = theorem.point(m=size, n=size**2 // 8, d=size // 8, ratio=2, scheme=scheme)
    found = solve(statement(), theorem.bound(point))
    return Problem(_sketches(key(point)), found.values, found["D"].entries)


@lru_cache(maxsize=32)
def response_quotient(metric: str, steps: int) -> float:
    """Weights when the ridge grows along a matrix over a large number, times that number, less the response."""
    from rmtsym.fixedpoint import solve

    point = theorem.point(m=30, n=60, d=5, lam=1, ratio=2, metric=metric)
    bound = theorem.bound(point)
    ridges = bound["C"], bound["C"] + bound["M"] / steps
    here, there = (solve(statement(), {**bound, "C": ridge}) for ridge in ridges)
    return float(np.mean((there["D"].entries - here["D"].entries) * steps - here["E"].entries))


@theorem.derivation
def derivation(proof: Any) -> None:
    """Leave one draw out; then let the ridge grow a little for everything quadratic."""
    steps = sampling_steps.derive(proof, problem, response_quotient)
    bias = proof.define(
        Eq(sp.Symbol("bias_projection"), energy(A.T * A, xbar)), "distance of the mean solution from the full one"
    )
    proof.conclude("every equation and quantity", uses=[*steps, bias])


# -- consequences -----------------------------------------------------------------------------------------------------

#: The first equation, solved for what it is linear in.
ON_ROOT = (Eq(Pi, Inverse(Inverse(D) - Inverse(W)) * load(Q) / m, evaluate=False),)


def zero(expr: Any, *relations: Eq) -> bool | None:
    """Whether an expression vanishes where the relations hold."""
    status = vanishes(expr, relations).status
    return True if status.passed else False if str(status) == "REFUTED" else None


@theorem.consequence("sampling by exact leverage shrinks all rows alike: $D=1-d/m$, the inverse grows by $m/(m-d)$")
def by_leverage(claim: Any) -> None:
    one, plain = Identity(n), Inverse(A.T * A)

    def holds(weight: Any) -> bool | None:
        inside = weights.xreplace({D: weight * one, W: one, C: sp.ZeroMatrix(d, d), Pi: load(plain) / d})
        return zero(inside.doit() - weight * one)

    claim.holds(
        "the constant solves the equation", lambda: holds(1 - d / m),
        wrong={"m/(m + d)": lambda: holds(m / (m + d)), "1 - (d - 1)/m": lambda: holds(1 - (d - 1) / m)},
    )  # fmt: skip


@theorem.consequence("the weights lost count the dimensions: $\\sum_i\\pi_i(1-D_i)=\\frac1m\\mathrm{tr}\\,QA^\\top DA$")
def lost_weight(claim: Any) -> None:
    weight = DiagonalPart(MatrixSymbol("V", n, n))
    law = ON_ROOT[0].rhs.xreplace({W: Identity(n), D: weight})
    total = Trace(A.T * weight * A * Q.xreplace({D: weight})) / m

    def holds(factor: Any) -> bool | None:
        return zero(Trace(law) - Trace(law * weight) - factor * total)

    claim.holds("the equation times 1 - D, traced", lambda: holds(1), wrong={"twice": lambda: holds(2)})

    def without_ridge(side: Any) -> bool | None:
        return zero(total.xreplace({C: sp.ZeroMatrix(d, d)}).doit() - side)

    claim.holds(
        "without a ridge the right side is d/m; the left one is below one, as D > 0: a root needs m > d",
        lambda: without_ridge(d / m), wrong={"n/m": lambda: without_ridge(n / m)},
    )  # fmt: skip


@theorem.consequence("no change of variables matters: $A\\to AK$, $C\\to K^\\top CK$ leaves the weights as they are")
def invariance(claim: Any) -> None:
    K = MatrixSymbol("K", d, d)

    def holds(ridge: Any) -> bool | None:
        changed = DiagonalPart(A * K * Inverse(K.T * A.T * D * A * K + ridge) * K.T * A.T)
        return zero(changed - load(Q))

    claim.holds("the forms are the same", lambda: holds(K.T * C * K), wrong={"C kept": lambda: holds(C)})


@theorem.consequence("the root is unique: larger weights give larger weights, and $F(tD)<tF(D)$ for $t>1$")
def monotone(claim: Any) -> None:
    low, high = MatrixSymbol("D_1", n, n), MatrixSymbol("D_2", n, n)
    q1, q2 = (Inverse(A.T * x * A + C) for x in (low, high))
    claim.identity(Eq(q1 - q2, q2 * A.T * (high - low) * A * q1, evaluate=False))  # the forms fall as D grows
    t = sp.Symbol("t", positive=True)
    more = Inverse(t * A.T * low * A + C)  # the forms in it are those in Q over t, and more: F(tD) < tF(D)
    claim.identity(Eq(more - q1 / t, (1 - 1 / t) * more * C * q1, evaluate=False))
    rng = np.random.default_rng(5)
    made = row_sampling.of(theorem.point(n=40, d=4, m=9))

    def image(weight: np.ndarray) -> np.ndarray:
        inverse = np.linalg.inv(made.A.T @ (weight[:, None] * made.A))
        return 1 / (1 + np.sum((made.A @ inverse) * made.A, axis=1) / (9 * made.pi))

    def holds(sign: int) -> bool:
        for _ in range(50):
            weight = rng.uniform(0.1, 1, 40)
            gain = image(weight + rng.uniform(0, 1, 40)) - image(weight)
            loss = 1.5 * image(weight) - image(1.5 * weight)
            if (sign * gain <= 0).any() or (loss <= 0).any():
                return False
        return True

    claim.holds("both inequalities at 50 random weights of one design", lambda: holds(1),
                wrong={"falling": lambda: holds(-1)})  # fmt: skip


SMALL = {"n": "200", "d": "4", "m": "200", "ratio": "2"}


@theorem.consequence("many draws: $D_i=1-\\ell_i/(m\\pi_i)+O(m^{-2})$, a relative bias of order $1/m$")
def many_draws(claim: Any) -> None:
    point = theorem.point(**SMALL)
    claim.exponent("trH", lambda eps: {"m": int(1 / eps)}, 1, point=point, minus=1.0)
    made = row_sampling.of(point)

    def coefficient(rate: np.ndarray, digits: float) -> bool:
        value = (float(claim.value("trH", {**point, "m": 10**6})) - 1) * 10**6
        return bool(abs(value / (np.sum(made.leverage * rate) / 4) - 1) < digits)

    rate = made.leverage / made.pi
    claim.holds("the coefficient is the mean of l/pi with weights l/d, to 4 digits", lambda: coefficient(rate, 1e-4),
                wrong={"without pi": lambda: coefficient(made.leverage, 1e-4),
                       "l without its square": lambda: coefficient(0 * rate + 4, 1e-4)})  # fmt: skip


few_rows.declare(theorem, sketches)


# -- known wrong versions ---------------------------------------------------------------------------------------------

theorem.mutant("no bias: D = w", equations={D: Eq(D, W, evaluate=False)})
theorem.mutant(
    "leverage of A for the form in Q (one step)",
    equations={D: Eq(D, Inverse(Inverse(W) + load(Hi) * Inverse(Pi) / m), evaluate=False)},
)
theorem.mutant("first order: D = 1 - l/(m pi)", equations={D: Eq(D, W - load(Hi) * Inverse(Pi) / m, evaluate=False)})
theorem.mutant("probabilities dropped", equations={D: Eq(D, Inverse(Inverse(W) + load(Q) / m), evaluate=False)})
theorem.mutant("scalar correction m/(m - d) for every scheme", values=lambda trH, m, d: {"trH": m / (m - d)})
theorem.mutant("1/D for D", outputs={"trH": Trace(H * Inverse(A.T * Inverse(D) * A + C)) / d})
theorem.mutant("second moment as the square of the first", outputs={"trHQHQ": Trace(H * Q * M * Q) / d})
theorem.mutant("response without the probabilities", equations={E: Eq(E, D * load(Q * (M + A.T * E * A) * Q) * D / m)})
theorem.mutant("response without its feedback", equations={E: Eq(E, response(Q * M * Q))})
theorem.mutant(
    "residuals of the full solution", outputs={"trHxMx": energy(M) + scatter(Hi * A.T * b)}
)  # fmt: skip
theorem.mutant("error without its bias", outputs={"trHxMx": scatter()})
