"""Random expressions: the engine against planar moments, its own unreduced equation, and simulation.

A few dozen run by default; ``RMTSYM_FUZZ=3000 pytest tests/equivalent/test_fuzz.py`` runs thousands.  The index of an
expression is its seed, so a failure names a case that can be run again.
"""

from __future__ import annotations

import dataclasses
import os
import random
import signal
from collections.abc import Mapping
from dataclasses import dataclass, field
from fractions import Fraction
from typing import Any

import mpmath
import numpy as np
import pytest
import sympy as sp

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.matrix import (
    Deterministic,
    Expression,
    Free,
    Gaussian,
    Identity,
    Space,
    Wigner,
    bind_measures,
    curve_agrees,
    draw,
    inverse,
    letters,
    planar_moments,
    planar_series,
    replace,
    spaces,
    substitute,
)

COUNT = int(os.environ.get("RMTSYM_FUZZ", "0"))
SERIES, CURVES, SIMULATIONS = (COUNT, COUNT // 4, COUNT // 10) if COUNT else (28, 10, 5)
ORDER = 3
SMALL = Fraction(1, 10**10)  # each further order in the variance is ten digits down
T = sp.Symbol("t", positive=True)
M, Z = sp.symbols("m z")


@dataclass
class Model:
    """A random family of spaces and letters, and expressions made of them."""

    rng: random.Random
    laws: dict[str, Atoms] = field(default_factory=dict)

    def __post_init__(self) -> None:
        rng = self.rng
        tie = "t" if rng.random() < 0.2 else None
        shared = sp.Symbol("s", positive=True)
        self.spaces: list[Space] = []
        for i in range(rng.choice([1, 2, 2, 3])):
            tied = tie is not None and i < 2
            own = (shared,) if tied else (sp.Symbol(f"s{i}", positive=True),) if rng.random() < 0.6 else ()
            size = rng.choice([Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2)])
            self.spaces.append(Space(f"e{i}", size, own, tie if tied else None))
        for space in self.spaces:
            weight = Fraction(rng.choice([1, 2, 3]), 4)
            if space.letters and not any(space.tie and x.tie == space.tie for x in self.spaces if x.name in self.laws):
                smallest = min((x for x in self.spaces if x is space or (x.tie and x.tie == space.tie)), key=_size)
                values = rng.sample([Fraction(1, 2), Fraction(1), Fraction(2), Fraction(3)], 2)
                self.laws[smallest.name] = Atoms([weight, 1 - weight], **{str(space.letters[0]): values})
        self.laws = bind_measures(self.spaces, {x.name: _size(x) for x in self.spaces}, self.laws)

    def constant(self) -> Fraction:
        return self.rng.choice([Fraction(1, 2), Fraction(1), Fraction(3, 2), Fraction(2)])

    def atom(self, rows: Space, cols: Space) -> Expression:
        rng = self.rng
        name = f"{rows.name}{cols.name}{rng.choice('XY')}"
        kinds = ["gaussian", "gaussian", "transposed"]
        if rows == cols:
            kinds += ["wigner", "wigner", "deterministic", "scalar"]
        elif rows.tie and rows.tie == cols.tie:
            kinds += ["deterministic"]
        match rng.choice(kinds):
            case "gaussian":
                return Gaussian(name, rows, cols, T * (1 + ("Y" in name)))
            case "transposed":
                name = f"{cols.name}{rows.name}{name[-1]}"
                return Gaussian(name, cols, rows, T * (1 + ("Y" in name))).T
            case "wigner":
                return Wigner(f"H{rows.name}{name[-1]}", rows, T * Fraction(1 + ("Y" in name), 2))
            case "deterministic" if rows.letters:
                return Deterministic(rows.letters[0] ** rng.choice([1, 1, 2]), rows, cols)
        return rng.choice([1, -1, 2]) * Identity(rows)

    def positive(self, space: Space) -> Expression:
        shift = self.constant() * Identity(space)
        if space.letters and self.rng.random() < 0.4:
            return Deterministic(space.letters[0] + self.constant(), space)
        return shift

    def matrix(self, rows: Space, cols: Space, budget: int, depth: int = 0) -> Expression:
        """A random matrix of about ``budget`` letters; inverses nest at most twice."""
        rng = self.rng
        if budget <= 1:
            return self.atom(rows, cols)
        kinds = ["product", "product", "sum"]
        if rows == cols and depth < 2:
            kinds += ["inverse", "inverse"]
        match rng.choice(kinds):
            case "product":
                inner, cut = rng.choice(self.spaces), rng.randrange(1, budget)
                return self.matrix(rows, inner, cut, depth) @ self.matrix(inner, cols, budget - cut, depth)
            case "sum":
                cut = rng.randrange(1, budget)
                return self.matrix(rows, cols, cut, depth) + self.constant() * self.matrix(
                    rows, cols, budget - cut, depth
                )
        inner_budget = budget - 1 if depth == 0 else 1  # what an inverse squares, a second one squares again
        factor = self.matrix(rows, rng.choice(self.spaces), inner_budget, depth + 1)
        return inverse(factor @ factor.T + self.positive(rows))

    def expression(self, budget: int) -> Expression:
        space = self.rng.choice(self.spaces)
        return self.matrix(space, space, budget)


def _size(space: Space) -> Fraction:
    return Fraction(int(space.size.p), int(space.size.q))


def explicit(expr: sp.Expr, laws: Mapping[str, Atoms]) -> sp.Expr:
    """Averages written out over atoms."""
    table = {}
    for a in expr.atoms(Average):
        law = laws[a.measure.name]
        table[a] = sum(
            sp.Rational(w) * a.integrand.xreplace({x: sp.Rational(law.letters[str(x)][i]) for x in a.measure.letters})
            for i, w in enumerate(law.weights)
        )
    return expr.xreplace(table)


def polished(equivalent: Any, start: Mapping[str, float], point: Mapping[str, Any]) -> Any:
    """Output to eighty digits by Newton's method from a solution in floating point."""
    system = equivalent.system
    values = {s: sp.Rational(v) for s, v in ((T, point["t"]),)}
    laws = {k: v for k, v in point.items() if isinstance(v, Atoms)}
    residuals = sp.Matrix([explicit(e.lhs - e.rhs, laws).xreplace(values) for e in system.equations])
    output = explicit(equivalent.output, laws).xreplace(values)
    unknowns = list(system.symbols)
    with mpmath.workdps(90):
        if not unknowns:
            return mpmath.mpf(sp.Rational(output).p) / sp.Rational(output).q
        function = sp.lambdify(unknowns, residuals, "mpmath")
        jacobian = sp.lambdify(unknowns, residuals.jacobian(unknowns), "mpmath")
        x = mpmath.matrix([mpmath.mpf(float(start[str(s)])) for s in unknowns])
        for _ in range(12):
            step = mpmath.lu_solve(jacobian(*x), function(*x))
            x -= step
        assert mpmath.norm(step) <= mpmath.mpf(10) ** -75 * (1 + mpmath.norm(x)), "Newton's method did not converge"
        return sp.lambdify(unknowns, output, "mpmath")(*x)


@pytest.fixture(autouse=True)
def patience():
    """An expression that takes a minute is skipped, visibly."""

    def stop(*_: Any) -> None:
        pytest.skip("slow: more than a minute")

    before = signal.signal(signal.SIGALRM, stop)
    signal.alarm(60)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)


@pytest.mark.parametrize("case", range(SERIES))
def test_engine_agrees_with_planar_series(case: int) -> None:
    """Every coefficient of the expansion in the variance, to five digits or better."""
    model = Model(random.Random(f"series {case}"))
    expression = model.expression(model.rng.choice([2, 3, 3, 4, 4, 5]))
    order = ORDER
    try:
        coefficients = planar_series(substitute(expression, {T: 1}), order, model.laws)
    except UnsupportedModel as error:
        pytest.skip(f"no planar series: {error}")
    try:
        equivalent = deterministic_equivalent(expression)
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    point: dict[str, Any] = {"t": SMALL, **model.laws}
    start = equivalent.solve(point).values if equivalent.unknowns else {}
    value = polished(equivalent, start, point)
    with mpmath.workdps(90):
        expected = sum(
            mpmath.mpf(c.numerator) / c.denominator * mpmath.mpf(10) ** (-10 * k) for k, c in enumerate(coefficients)
        )
        scale = max(1, *(abs(c) for c in coefficients))
        error = abs(value - expected) * mpmath.mpf(10) ** (10 * order)
        assert error < 1e-5 * float(scale), f"{expression}: off by {mpmath.nstr(error, 5)} in order {order} or below"


@pytest.mark.parametrize("case", range(SERIES))
def test_reduced_system_agrees_with_unreduced_equation(case: int) -> None:
    """At variance one, the solved system gives the output of the full Dyson equation."""
    model = Model(random.Random(f"reduced {case}"))
    expression = model.expression(model.rng.choice([2, 3, 4, 5]))
    try:
        equivalent = deterministic_equivalent(expression)
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    point: dict[str, Any] = {"t": Fraction(1), **model.laws}
    value = complex(equivalent.solve(point).values["trace"])
    assert value == pytest.approx(equivalent.reference(point), rel=1e-7, abs=1e-9), str(expression)


@pytest.mark.parametrize("case", range(CURVES))
def test_names_of_letters_carry_no_meaning(case: int) -> None:
    """Other names of the random letters, in another order, give the same system to the letter."""
    model = Model(random.Random(f"names {case}"))
    expression = model.expression(model.rng.choice([3, 4]))
    old = [x for x in letters(expression) if isinstance(x, Gaussian | Wigner)]
    new = [dataclasses.replace(x, name=f"R{9 - i}") for i, x in enumerate(old)]
    renamed = replace(expression, dict(zip(old, new, strict=True)))
    try:
        first, second = deterministic_equivalent(expression), deterministic_equivalent(renamed)
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    assert repr(first) == repr(second) and first.latex() == second.latex(), str(expression)


@pytest.mark.parametrize("case", range(CURVES))
def test_curve_of_a_random_polynomial(case: int) -> None:
    """The spectral curve of a symmetric polynomial reproduces its planar moments."""
    model = Model(random.Random(f"curve {case}"))
    space = model.rng.choice(model.spaces)
    factor = model.matrix(space, model.rng.choice(model.spaces), model.rng.choice([1, 2, 2]), depth=2)  # no inverse
    polynomial = substitute(factor @ factor.T + model.rng.choice([0, 1]) * model.positive(space), {T: 1})
    try:
        equivalent = deterministic_equivalent(inverse(polynomial - Z), spectral=Z)
        curve = equivalent.curve(measures=model.laws, seconds=20)
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    moments = planar_moments(polynomial, 5, model.laws)
    assert curve_agrees(curve, moments, M, Z) == len(moments), f"{polynomial}: {curve}"


@pytest.mark.parametrize("case", range(CURVES))
def test_free_letters_agree_with_free_cumulants(case: int) -> None:
    """Far from the spectrum, the resolvent of a polynomial in free letters is the sum of its moments."""
    rng = random.Random(f"free {case}")
    a, b, s = sp.symbols("a b s")
    space = Space("n", 1, (s,))
    A, B = Free("A", space, SpectralMeasure("na", a)), Free("B", space, SpectralMeasure("nb", b))
    D, H, X = Deterministic(s, space), Wigner("H", space), Gaussian("X", space, Space("k", Fraction(1, 2)))
    values = [Fraction(-1), Fraction(1, 2), Fraction(1), Fraction(2)]
    laws = {
        "na": Atoms([Fraction(1, 2)] * 2, a=rng.sample(values, 2)),
        "nb": Atoms([Fraction(1, 4), Fraction(3, 4)], b=rng.sample(values, 2)),
        "n": Atoms([Fraction(1, 3), Fraction(2, 3)], s=rng.sample(values, 2)),
    }
    second = rng.choice([B, H, D, X @ X.T, H @ B @ H, X @ X.T + D])
    polynomial = rng.choice([A + second, A @ second @ A + H, second + A + H])
    moments = planar_moments(polynomial, 7, laws)
    at = complex(0, 20 * float(abs(moments[6])) ** (1 / 6) + 1)
    expected = -sum(float(x) / at ** (k + 1) for k, x in enumerate(moments))
    equivalent = deterministic_equivalent(inverse(polynomial - Z), spectral=Z)
    value = complex(equivalent.solve({"z": at, **laws}).values["trace"])
    assert abs(value - expected) < 1e-8 * abs(expected), str(polynomial)


@pytest.mark.montecarlo
@pytest.mark.parametrize("case", range(SIMULATIONS))
def test_engine_agrees_with_simulation(case: int) -> None:
    """Two sizes with the term of order 1/N removed, within five standard errors and a second-order allowance."""
    model = Model(random.Random(f"simulation {case}"))
    expression = model.expression(model.rng.choice([3, 4]))
    try:
        equivalent = deterministic_equivalent(expression)
    except UnsupportedModel as error:
        pytest.skip(f"refused: {error}")
    t = Fraction(1, 4)
    point: dict[str, Any] = {"t": t, **model.laws}
    theory = float(complex(equivalent.solve(point).values["trace"]).real)
    means, errors = [], []
    for size, replicates in ((16, 400), (32, 200)):
        rng = np.random.default_rng([case, size])
        traces = [draw((expression,), size, rng, "gauss", point).trace(expression) for _ in range(replicates)]
        means.append(np.mean(traces))
        errors.append(np.std(traces) / np.sqrt(replicates))
    value = 2 * means[1] - means[0]
    deviation = 5 * float(np.hypot(2 * errors[1], errors[0]))
    second_order = abs(means[1] - means[0]) / 2  # what is left of order 1/N^2 is smaller than half of order 1/N
    assert abs(value - theory) < deviation + second_order + 1e-12, f"{expression}: {value} against {theory}"


def test_generator_reaches_everything() -> None:
    """The random expressions contain every construction, and most of them are accepted."""
    seen = {"inv": 0, ".T": 0, "[": 0, "H": 0, "tie": 0}
    for case in range(200):
        model = Model(random.Random(f"series {case}"))
        expression = model.expression(4)
        text = str(expression)
        for key in seen:
            seen[key] += key in text if key != "tie" else any(s.tie for s in spaces(expression))
    assert all(count >= 20 for count in seen.values()), seen
