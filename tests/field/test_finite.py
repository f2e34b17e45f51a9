"""Zero tests over the prime field: identities pass, their mutants do not, and the evidence says so."""

from __future__ import annotations

import pytest
import sympy as sp

from rmtsym.errors import DomainError, UnknownName, UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.finite import is_zero
from rmtsym.field.prime import PRIME, PrimePoint

s, a, kappa, lam, phi, z, m, q0, q1, x, y = sp.symbols("s a kappa lam phi z m q0 q1 x y", positive=True)
NU, MU = SpectralMeasure("nu", s), SpectralMeasure("mu", a)
n, p = sp.symbols("n p", integer=True, positive=True)
A, B, X = sp.MatrixSymbol("A", p, p), sp.MatrixSymbol("B", p, p), sp.MatrixSymbol("X", p, n)
u, v = sp.MatrixSymbol("u", p, 1), sp.MatrixSymbol("v", p, 1)

KAPPA = sp.Eq(kappa, lam + phi * kappa * Average(s / (s + kappa), NU))
SEPARABLE = [
    sp.Eq(q0, Average(s**2 / (lam + q1 * s**2), NU)),
    sp.Eq(q1, Average(a**2 / (1 + phi * a**2 * q0), MU)),
]


def test_rational_identity_and_mutant() -> None:
    assert is_zero((x**2 - y**2) / (x - y) - x - y)
    assert not is_zero((x**2 - y**2) / (x - y) - x + y)


def test_equation_as_expression_and_sympy_truth() -> None:
    assert is_zero(sp.Eq((x + 1) ** 2, x**2 + 2 * x + 1))
    assert is_zero(sp.Eq(x, x))
    assert not is_zero(sp.Eq(sp.Integer(1), sp.Integer(2)))


def test_anisotropic_forms_agree_on_the_variety() -> None:
    companion = sp.Eq(m, 1 / kappa)
    silverstein = 1 / m - lam - phi * Average(s / (1 + m * s), NU)
    assert is_zero(silverstein, [KAPPA, companion])
    assert not is_zero(1 / m + lam - phi * Average(s / (1 + m * s), NU), [KAPPA, companion])
    assert not is_zero(silverstein, [companion])


def test_derivative_of_the_fixed_point() -> None:
    slope, jacobian = sp.Symbol("slope"), sp.diff(KAPPA.lhs - KAPPA.rhs, kappa)
    df2 = Average(s**2 / (s + kappa) ** 2, NU)
    relations = [KAPPA, sp.Eq(jacobian * slope, 1)]  # d kappa / d lam
    assert is_zero(slope * (1 - phi * df2) - 1, relations)
    assert not is_zero(slope * (1 - phi * Average(s / (s + kappa), NU)) - 1, relations)


def test_coupled_unknowns_are_solved_through_weights() -> None:
    first = lam * Average(1 / (lam + q1 * s**2), NU) - 1 + q0 * q1
    second = Average(1 / (1 + phi * a**2 * q0), MU) - 1 + phi * q0 * q1
    for claim in (first, second):
        test = is_zero(claim, SEPARABLE)
        assert test and len(test.solved_for) == 2
    assert not is_zero(first + lam * q0, SEPARABLE)


def test_relations_that_are_linear_only_jointly() -> None:
    pair = [sp.Eq(lam * x + phi * y, x * y + 1), sp.Eq(lam * y - phi * x, x + 2)]
    assert is_zero(lam * (x**2 + y**2) - x * (x * y + 1) - y * (x + 2), pair)
    assert not is_zero(lam * (x**2 + y**2) - x * (x * y + 1) + y * (x + 2), pair)


def test_square_roots() -> None:
    root = (-(phi + z - 1) + sp.sqrt((phi + z - 1) ** 2 - 4 * phi * z)) / (2 * phi * z)
    curve = phi * z * m**2 + (phi + z - 1) * m + 1
    assert is_zero(curve.subs(m, root))
    assert not is_zero((curve + z).subs(m, root))
    assert is_zero(sp.sqrt(x) * sp.sqrt(y) - sp.sqrt(x * y))


def test_functions_count_as_unknowns() -> None:
    assert is_zero(sp.erf(x) * (y + 1) - sp.erf(x) - y * sp.erf(x))
    assert not is_zero(sp.erf(x) - sp.erf(y))
    assert not is_zero(sp.pi - sp.Rational(22, 7))
    assert is_zero(sp.erf(x + y) - sp.erf(q0), [sp.Eq(q0, x + y)])


def test_matrix_identities() -> None:
    inner = (v.T * A.inv() * u)[0, 0]
    sherman = (A + u * v.T).inv() - A.inv() + A.inv() * u * v.T * A.inv() / (1 + inner)
    assert is_zero(sherman)
    assert not is_zero((A + u * v.T).inv() - A.inv() - A.inv() * u * v.T * A.inv() / (1 + inner))
    push = X * (X.T * X + lam * sp.Identity(n)).inv() - (X * X.T + lam * sp.Identity(p)).inv() * X
    assert is_zero(push)
    assert not is_zero(X * (X.T * X + lam * sp.Identity(n)).inv() - (X * X.T - lam * sp.Identity(p)).inv() * X)


def test_traces_and_kinds() -> None:
    assert is_zero(sp.Trace(A * B) - sp.Trace(B * A))
    skew = sp.Trace(A * B - A.T * B)
    assert not is_zero(skew)
    assert is_zero(skew, matrices={"A": "symmetric"})
    assert is_zero(A * A.T - sp.Identity(p), matrices={A: "orthogonal"})
    assert is_zero(A * A - A, matrices={A: "projection"})
    assert is_zero(A * B - B * A, matrices={A: "diagonal", B: "diagonal"})
    with pytest.raises(UnknownName, match="symmetric"):
        is_zero(skew, matrices={"A": "symetric"})


def test_dimensions_are_scalars_too() -> None:
    assert is_zero(sp.Trace(sp.Identity(p)) - p)
    assert not is_zero(sp.Trace(sp.Identity(p)) - n * sp.Trace(X * X.T) / sp.Trace(X.T * X))


def test_matrix_definitions_and_scalar_relations() -> None:
    Q = sp.MatrixSymbol("Q", p, p)
    resolvent = sp.Eq(Q, (X * X.T / n + lam * sp.Identity(p)).inv())
    trace = sp.Eq(q0, sp.Trace(Q) / p)
    claim = sp.Trace(Q * X * X.T) / n / p - 1 + lam * q0
    assert is_zero(claim, [resolvent, trace])
    assert not is_zero(claim + lam, [resolvent, trace])


def test_evidence_and_errors() -> None:
    evidence = is_zero(sp.Integer(0) * x, trials=2)
    assert (evidence.trials, evidence.holds) == (2, True)
    assert is_zero(x - y, [sp.Eq(x, y)]).error_bound < 1e-40
    assert "disproved" in str(is_zero(x))
    with pytest.raises(DomainError):
        is_zero(x, trials=0)
    with pytest.raises(UnsupportedModel, match="denominator"):
        is_zero(1 / (phi - y), [sp.Eq(phi, y)])
    with pytest.raises(UnsupportedModel, match="jointly linear"):
        is_zero(x, [sp.Eq(x**2 + y**2, 1)])
    with pytest.raises(DomainError, match="exact"):
        is_zero(x - 0.5)


def test_same_evidence_every_time() -> None:
    assert is_zero(SEPARABLE[0], SEPARABLE) == is_zero(SEPARABLE[0], SEPARABLE)


def test_roots_are_multiplicative() -> None:
    import random

    point = PrimePoint(random.Random(1), squares=True)
    point.bind_symbol(x)
    point.bind_symbol(y)
    r = {c: point.scalar(sp.sqrt(c)) for c in (x, y, x * y)}
    assert r[x] * r[y] % PRIME == r[x * y]


def test_a_measure_may_be_the_spectrum_of_a_matrix():
    size = sp.Symbol("T", integer=True, positive=True)
    kappa, gamma, phi = sp.symbols("kappa gamma phi", positive=True)
    matrix, nu = sp.MatrixSymbol("Phi", size, size), SpectralMeasure("nu", phi)
    average = Average(phi / (kappa * phi + gamma), nu)
    trace = sp.Trace(matrix * sp.Inverse(kappa * matrix + gamma * sp.Identity(size))) / size
    assert is_zero(average - trace, spectra={nu: {phi: matrix}})
    assert not is_zero(average - 2 * trace, spectra={nu: {phi: matrix}})
    assert not is_zero(average - trace)  # nothing ties them


def test_symbols_are_matched_by_name() -> None:
    plain = sp.Symbol("kappa")
    assert is_zero(plain - kappa) and is_zero(KAPPA.subs(kappa, plain), [KAPPA])


def test_nodes_of_other_layers_count_as_unknowns() -> None:
    f = sp.Function("f")
    assert is_zero(f(x + y) - f(q0), [sp.Eq(q0, x + y)])
    assert not is_zero(f(x) - f(y))


def test_identities_among_the_relations_constrain_nothing():
    x, y = sp.symbols("x y")
    identity = sp.Eq((x + y) ** 2, x**2 + 2 * x * y + y**2, evaluate=False)
    assert is_zero(y - x**2, [identity, sp.Eq(y, x**2)])
    assert not is_zero(y - x**2, [identity])


def test_relations_with_roots_of_all_their_variables():
    """Solved for the symbol outside the root: probing the others must not ask for more squares."""
    a, b, c = sp.symbols("a b c", positive=True)
    k = sp.Symbol("k")
    relation = sp.Eq(k, 1 / sp.sqrt((1 + a**2) * (1 + b**2) - c**2 * a**2 * b**2))
    assert is_zero(k**2 * ((1 + a**2) * (1 + b**2) - (a * b * c) ** 2) - 1, [relation])
    assert not is_zero(k**2 * ((1 + a**2) * (1 + b**2) + (a * b * c) ** 2) - 1, [relation])


def test_a_zero_column_of_symbolic_length_has_a_small_dimension():
    k = sp.Symbol("k", integer=True, positive=True)
    assert is_zero(sp.ZeroMatrix(k, 1))
