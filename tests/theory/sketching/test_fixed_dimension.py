"""The expansion of the mean inverse for fixed n and d, and wrong versions of the law: independent sets of figures."""

from __future__ import annotations

import numpy as np
import pytest
from sympy import Trace

from rmtsym.fixedpoint import FixedPointSystem, solve
from theory.sketching import row_sampling
from theory.sketching.random_sampling_inversion_bias import D, H, Q, d, statement, theorem


def expansion(made: row_sampling.Design, b: np.ndarray, m: int) -> tuple[float, np.ndarray, np.ndarray]:
    """Trace of H E Q~ over d and mean of A x_hat, to first order in 1/m, and the fitted values of all rows."""
    rate, inverse = made.leverage / made.pi, np.linalg.inv(made.A.T @ made.A)
    fitted = made.A @ (inverse @ (made.A.T @ b))
    move = made.A @ (inverse @ (made.A.T @ (rate * (fitted - b)))) / m
    return 1 + (np.sum(made.leverage * rate) / made.A.shape[1] - 1) / m, move, fitted


@pytest.mark.parametrize(
    ("m", "trace", "bias", "trace_by_weights", "bias_by_weights"),  # the bias, projected on its first-order term
    [
        (200, 1.03555502796, 0.392243900636, 1.0410279, 0.3761519052),
        (800, 1.00888875699, 0.0245152437897, 1.010167273, 0.02425944551),
    ],
)
def test_few_columns(m: int, trace: float, bias: float, trace_by_weights: float, bias_by_weights: float) -> None:
    point = theorem.point(n=200, d=4, m=m, ratio=2)
    made, first = row_sampling.of(point), np.arange(200) < 20
    noise = np.random.RandomState(7).standard_normal(200)
    b = (1 + 2 * first) * noise + 2 * first * made.A[:, 0]  # the right-hand side of these figures
    first_order, move, fitted = expansion(made, b, m)
    assert first_order == pytest.approx(trace, rel=1e-11)
    assert move @ move == pytest.approx(bias, rel=1e-11)
    law = solve(statement(), {**theorem.bound(point), "b": b[:, None]})
    weights = law["D"].entries
    solution = np.linalg.solve(made.A.T @ (weights[:, None] * made.A), made.A.T @ (weights * b))
    away = made.A @ solution - fitted
    assert float(law["trH"]) == pytest.approx(trace_by_weights, rel=1e-9)
    assert float(law["bias_projection"]) == pytest.approx(away @ away, rel=1e-9)
    assert move @ away == pytest.approx(bias_by_weights, rel=1e-9)


def trace_with(weights: np.ndarray) -> float:
    """Trace of H (A'DA)^{-1} over d at the first point of the figures, for given weights."""
    A = design().A
    return float(np.trace(np.linalg.solve(A.T @ (weights[:, None] * A), A.T @ A))) / A.shape[1]


def design() -> row_sampling.Design:
    return row_sampling.of(theorem.point(n=4000))


def test_weights_that_are_wrong_by_a_slip() -> None:
    share = design().leverage / design().pi / 100
    assert trace_with(1 / (1 + share)) == pytest.approx(1.4381, abs=5e-5)  # leverage of A for the form in Q
    assert np.sum(share > 1) == 187  # D = 1 - l/(m pi) has negative weights: cut off at 1/1000 the trace is
    assert trace_with(np.maximum(1 - share, 1e-3)) == pytest.approx(2.0698, abs=5e-5)
    assert trace_with(1 - share) == pytest.approx(2.4620, abs=5e-5)  # and with them
    law = statement()
    found = solve(FixedPointSystem(law.unknowns[:1], law.equations[:1]), theorem.bound(theorem.point(n=4000)))
    assert trace_with(1 / found["D"].entries) == pytest.approx(0.5099, abs=5e-5)  # 1/D for D
    assert trace_with(found["D"].entries) == pytest.approx(1.650464913, rel=1e-9)


@pytest.mark.parametrize(
    ("name", "trace"),
    [
        ("leverage of A for the form in Q (one step)", 1.4381),
        ("probabilities dropped", 1.0001),
        ("scalar correction m/(m - d) for every scheme", 1.25),
    ],
)
def test_wrong_versions_have_the_values_of_these_slips(name: str, trace: float) -> None:
    mutant = next(x for x in theorem.mutants if x.name == name)
    point = theorem.point(n=4000)
    if mutant.values:
        assert mutant.values(1.65, 100, 20)["trH"] == trace
        return
    law = statement()
    equation = mutant.equations[D]
    system = FixedPointSystem(law.unknowns[:1], (equation,), {"trH": Trace(H * Q) / d})
    assert float(solve(system, theorem.bound(point))["trH"]) == pytest.approx(trace, abs=6e-5)
