"""The generated solver: code, branches, grids, failures."""

from __future__ import annotations

import pickle
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import DomainError, NoConvergence, UnknownName
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import STATUS, Continuation, FixedPointSystem, Unknown, derivative, enclose, solve
from rmtsym.fixedpoint.generate import generate
from rmtsym.fixedpoint.problem import bind

s, kappa, lam, c = sp.symbols("s kappa lam c", positive=True)
m, z = sp.symbols("m z")
nu = SpectralMeasure("nu", s)
PAIR = Atoms([F(1, 2)] * 2, s=[1, 4])
RIDGE = FixedPointSystem(
    (Unknown(kappa),),
    (sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu)),),
    {"gamma2": c * Average(s**2 / (s + kappa) ** 2, nu), "V": sp.Symbol("gamma2") / (1 - sp.Symbol("gamma2"))},
    (1 - c * Average(s**2 / (s + kappa) ** 2, nu),),
)
POINT = {"lam": F(3, 10), "c": F(1, 2), "nu": PAIR}
COMPANION = FixedPointSystem(
    (Unknown(m, "herglotz"),), (sp.Eq(m, 1 / (-z + c * Average(s / (1 + s * m), nu))),)
)  # fmt: skip


def test_generated_code_shares_subexpressions_and_keeps_rationals():
    code = generate(RIDGE)
    assert code.arguments == ("kappa", "c", "lam", "nu_weights", "nu_s")
    lines = [line.split(" = ")[1] for line in code.source.split("def outputs")[0].splitlines() if " = " in line]
    assert len(lines) == len(set(lines))
    third = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + sp.Rational(1, 3)),))
    assert "(1/3)" in generate(third).source


def test_jacobian_is_the_derivative_of_the_residual():
    q = np.array([0.7])
    fixed = [np.array([0.5, 0.5]), np.array([1.0, 4.0])]

    def gap(x):
        left, right, left_rows, right_rows = generate(RIDGE).residual(x, np.array([0.5]), np.array([0.3]), *fixed)
        return left[0] - right[0], left_rows[0][0] - right_rows[0][0]

    step = 1e-6
    assert gap(q)[1] == pytest.approx((gap(q + step)[0] - gap(q - step)[0]) / (2 * step), rel=1e-8)


@pytest.mark.parametrize("start", [1e-3, 1.0, 1e9])
def test_sums_of_positive_terms_are_solved_from_far_starts(start):
    m = sp.Symbol("m", positive=True)
    equation = sp.Eq(1000 * m + 1 - m**2 / 1000 - m / 10**6, 0, evaluate=False)  # the root is near a million
    problem = bind(FixedPointSystem((Unknown(m),), (equation,)), {})
    found = problem.batch.newton(np.array([[start]]))
    assert found.converged and found.q[0, 0] == pytest.approx(1e6 * (1 - 1e-9), rel=1e-8)


def test_scalars_give_scalars_and_arrays_broadcast():
    one = solve(RIDGE, POINT)
    assert np.ndim(one["kappa"]) == 0 and one.ok and one.residual < 1e-14
    grid = solve(RIDGE, POINT | {"lam": np.array([[0.1], [0.3]]), "c": np.array([0.2, 0.5, 2.0])})
    assert grid["V"].shape == (2, 3) and grid.condition.shape == (2, 3)
    assert grid["V"][1, 1] == pytest.approx(one["V"], rel=1e-14)


def test_condition_number_is_the_sensitivity():
    # log derivative of kappa in a relative perturbation of the right side, at a badly conditioned point
    found = solve(RIDGE, POINT | {"lam": 1e-10, "c": 1.0})
    assert found.condition == pytest.approx(1 / (1 - found["gamma2"]), rel=1e-6)


def test_systems_without_unknowns_have_outputs_only():
    system = FixedPointSystem((), (), {"a": lam**2, "b": sp.Symbol("a") + Average(s, nu)})
    found = solve(system, {"lam": np.array([1.0, 2.0]), "nu": PAIR})
    assert found["b"].tolist() == [3.5, 6.5]
    assert enclose(system, {"lam": F(1, 3), "nu": PAIR}, 30)["b"].digits >= 30


def test_several_outputs_of_one_unknown_may_use_each_other():
    both = enclose(RIDGE, POINT, 20)
    g = both["gamma2"].value
    assert both["V"].value == pytest.approx(g / (1 - g), rel=1e-15)


def test_symbols_of_one_name_are_one():
    kappa, c = sp.symbols("kappa c", positive=True)
    plain, plain_c = sp.symbols("kappa c")
    system = FixedPointSystem(
        (Unknown(kappa),), (sp.Eq(kappa, lam + plain * c / 2),), {"twice": plain + kappa / plain_c * c}
    )
    assert system.parameters == (c, lam)
    assert {s for e in system.expressions for s in e.free_symbols} == {kappa, c, lam}
    assert float(solve(system, {"lam": 1.0, "c": 1.0})["twice"]) == pytest.approx(4.0)


def test_a_negative_root_is_never_returned():
    # engine memo, section 5: undamped Newton in kappa jumps to a negative root for a large part of this grid
    lams = np.logspace(-8, 4, 500)
    found = solve(RIDGE, POINT | {"lam": lams, "c": 3.0})
    assert (found["kappa"] > 0).all() and (np.diff(found["kappa"]) > 0).all()


def test_a_wrong_branch_is_reported_not_returned():
    # both roots of this quadratic are positive; the condition singles out the smaller one, the path leads to the larger
    q = sp.Symbol("q", positive=True)
    start = Continuation(lam, sp.Integer(1), {q: sp.Integer(2)})
    system = FixedPointSystem((Unknown(q),), (sp.Eq(q**2 + 2 * lam, 3 * q),), {}, (sp.Rational(3, 2) - q,), start)
    silent = solve(system, {"lam": 0.5}, throw=False)
    assert silent.status == "condition" and np.isnan(silent["q"])
    with pytest.raises(NoConvergence, match=r"1 of 1 points condition \(first at lam = 0.5\)"):
        solve(system, {"lam": 0.5})


def test_own_continuation_is_followed():
    q = sp.Symbol("q", positive=True)
    for guess, expected in ((2, 1.5 + np.sqrt(1.25)), (1, 1.5 - np.sqrt(1.25))):
        start = Continuation(lam, sp.Integer(1), {q: sp.Integer(guess)})
        system = FixedPointSystem((Unknown(q),), (sp.Eq(q**2 + 2 * lam, 3 * q),), {}, (), start)
        assert solve(system, {"lam": 0.5})["q"] == pytest.approx(expected, rel=1e-14)


@pytest.mark.parametrize("ridge", [1e7, 1e11, 1e15, 1e20, 1e100])
def test_a_target_beyond_the_start_is_reached(ridge):
    kappa, lam, c = sp.symbols("kappa lam c", positive=True)
    equation = sp.Eq(kappa, lam + c * kappa / (1 + kappa))
    system = FixedPointSystem((Unknown(kappa),), (equation,), continuation=Continuation(lam, 10**6, {kappa: lam}))
    b = ridge + 0.5 - 1
    assert solve(system, {"lam": ridge, "c": 0.5})["kappa"] == pytest.approx((b + np.hypot(b, 2 * ridge**0.5)) / 2)


def test_a_path_that_jumped_is_followed_again_in_small_steps():
    s, t, g, h, z, ell = sp.symbols("s t g h z ell", positive=True)
    nu = SpectralMeasure("nu", s, t)
    place = z - s * g + t * h  # positive on the branch that comes from infinity
    far = ell * Average(t, nu)
    system = FixedPointSystem(
        (Unknown(g), Unknown(h), Unknown(z)),
        (sp.Eq(g, Average(s / place, nu)), sp.Eq(h, Average(t / place, nu)), sp.Eq(1, ell * h)),
        conditions=(Average(sp.sqrt(place), nu),),
        continuation=Continuation(ell, ell + 1655, {g: Average(s, nu) / far, h: 1 / ell, z: far}),
    )
    law = Atoms([F(1, 2)] * 2, s=[F(3, 10), F(4, 5)], t=[F(9, 100), F(16, 25)])
    found = solve(system, {"nu": law, "ell": np.array([1.1, 1.15, 1.2, 3.0])})
    np.testing.assert_allclose(found["z"], [0.85301564, 0.85388600, 0.85603743, 1.27236190], atol=1e-7)


def test_no_root_is_said_so():
    q = sp.Symbol("q", positive=True)
    system = FixedPointSystem((Unknown(q),), (sp.Eq(q**2 + lam, q),))
    found = solve(system, {"lam": np.array([0.1, 5.0])}, throw=False)
    assert found.ok.tolist() != [True, True] and np.isnan(found["q"][1])
    assert set(found.status.tolist()) <= set(STATUS)
    assert "of 2 points" in found.message()


def test_interval_unknowns():
    q = sp.Symbol("q")
    system = FixedPointSystem((Unknown(q, "interval", sp.Integer(0), c),), (sp.Eq(q, lam / (1 + q)),))
    assert solve(system, {"lam": 2.0, "c": 1.5})["q"] == pytest.approx(1.0)
    assert enclose(system, {"lam": 2, "c": F(3, 2)})["q"].value == pytest.approx(1.0)
    assert solve(system, {"lam": 2.0, "c": 0.5}, throw=False).status in ("domain", "unsolved")


def test_the_interval_tells_two_roots_apart():
    q = sp.Symbol("q")
    system = FixedPointSystem(
        (Unknown(q, "interval", sp.Integer(1), None),), (sp.Eq(q**2 + sp.Rational(3, 16), q + c),)
    )
    assert solve(system, {"c": 0.0}, throw=False).status in ("domain", "unsolved")  # roots 1/4 and 3/4
    assert solve(system, {"c": 2.1875})["q"] == pytest.approx(2.0)  # roots -1 and 2


def test_an_equation_with_zero_on_one_side_converges():
    q = sp.Symbol("q", positive=True)
    system = FixedPointSystem((Unknown(q),), (sp.Eq(q**2 - lam - q, 0),))
    found = solve(system, {"lam": 2.0})
    assert found["q"] == pytest.approx(2.0, rel=1e-14) and found.residual < 1e-14


def test_a_decided_equation_is_refused():
    q = sp.Symbol("q", positive=True)
    with pytest.raises(DomainError, match="evaluate=False"):
        FixedPointSystem((Unknown(q),), (sp.Eq(q, -1),))


@pytest.mark.parametrize(
    ("change", "error", "text"),
    [
        ({"lam": None}, DomainError, "lam"),
        ({"lam": float("nan")}, DomainError, "finite"),
        ({"lam": "soon"}, DomainError, "number"),
        ({"lam": 10**400}, DomainError, "too large"),
        ({"nu": Atoms([1], r=[1])}, UnknownName, "letter"),
        ({"lam": np.ones(2), "c": np.ones(3)}, DomainError, "broadcast"),
    ],
)
def test_bad_points(change, error, text):
    point = {k: v for k, v in (POINT | change).items() if v is not None}
    with pytest.raises(error, match=text):
        solve(RIDGE, point)


def test_lower_half_plane_is_refused():
    with pytest.raises(DomainError, match="conjugate"):
        solve(COMPANION, {"z": 1 - 1j, "c": 0.5, "nu": PAIR})


def test_grid_and_points_agree_and_neighbours_are_used():
    x = np.linspace(0.05, 9, 400) + 1e-8j
    grid = solve(COMPANION, {"z": x, "c": 0.5, "nu": PAIR})
    assert (grid.evidence == "neighbours").mean() > 0.7
    for i in range(0, 400, 37):
        alone = solve(COMPANION, {"z": x[i], "c": 0.5, "nu": PAIR})
        slack = 1e-13 * alone.condition
        assert abs(alone["m"] - grid["m"][i]) <= slack * abs(alone["m"])


def test_two_hundred_atoms():
    atoms = Atoms([F(1, 200)] * 200, s=[1 + F(k, 40) for k in range(200)])
    found = solve(COMPANION, {"z": np.linspace(0.1, 12, 200) + 1e-6j, "c": 0.5, "nu": atoms})
    assert found.residual.max() < 1e-13


def test_complex_parameter_of_a_positive_unknown():
    # the ridge equation continued to z = -lam in the upper half-plane: kappa = z m relation of the companion transform
    value = solve(RIDGE, {"lam": -2 - 0.5j, "c": 0.5, "nu": PAIR}, throw=False)
    other = solve(COMPANION, {"z": 2 + 0.5j, "c": 0.5, "nu": PAIR})
    assert value.ok and value["kappa"] == pytest.approx(1 / other["m"], rel=1e-12)


def test_pickle_and_hash():
    again = pickle.loads(pickle.dumps(RIDGE))
    assert again == RIDGE and hash(again) == hash(RIDGE)
    assert solve(again, POINT)["kappa"] == solve(RIDGE, POINT)["kappa"]


def test_implicit_derivatives():
    extended = derivative(derivative(RIDGE, "kappa", lam), "V", "c")
    found = enclose(extended, POINT, 20)
    assert found["d_kappa_d_lam"].value == pytest.approx(1 / (1 - found["gamma2"].value), rel=1e-14)
    step = F(1, 10**8)
    high, low = (enclose(RIDGE, POINT | {"c": F(1, 2) + d}, 30)["V"].ball for d in (step, -step))
    assert found["d_V_d_c"].value == pytest.approx(float(high - low) / (2e-8), rel=1e-12)
    with pytest.raises(UnknownName):
        derivative(RIDGE, "kappa", "mu")
    with pytest.raises(UnknownName):
        derivative(RIDGE, "risk", lam)


def test_implicit_derivatives_of_two_unknowns_are_affine():
    a, b = sp.symbols("a b", positive=True)
    system = FixedPointSystem(
        (Unknown(a), Unknown(b)), (sp.Eq(a, 1 / (lam + b)), sp.Eq(b, c / (1 + a))), {"product": a * b}
    )
    extended = derivative(system, "product", "lam")
    assert len(extended.unknowns) == 4
    found = enclose(extended, {"lam": F(1, 5), "c": F(2)}, 20)
    step = F(1, 10**8)
    high, low = (enclose(system, {"lam": F(1, 5) + d, "c": 2}, 30)["product"].ball for d in (step, -step))
    assert found["d_product_d_lam"].value == pytest.approx(float(high - low) / 2e-8, rel=1e-12)
    grid = solve(extended, {"lam": np.logspace(-12, 4, 40), "c": 2.0})
    assert grid.ok.all()


def test_two_admissible_roots_without_a_path_are_ambiguous():
    q, a = sp.symbols("q a", positive=True)
    system = FixedPointSystem((Unknown(q),), (sp.Eq(q**2 + 2 * a, 3 * q),))
    assert solve(system, {"a": 1.0}, throw=False).status == "ambiguous"
    decided = FixedPointSystem(system.unknowns, system.equations, {}, (sp.Rational(3, 2) - q,))
    assert solve(decided, {"a": 1.0})["q"] == pytest.approx(1.0)


def test_quadrature_error_is_reported():
    from rmtsym.field.law import NormalLaw

    w = sp.Symbol("w", real=True)
    g = SpectralMeasure("g", w)
    sharp = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + Average(1 / (1 + kappa + (20 * w) ** 2), g)),))
    coarse = solve(sharp, {"lam": 0.5, "g": NormalLaw(step=1 / 4)})
    fine = solve(sharp, {"lam": 0.5, "g": NormalLaw(step=1 / 256)})
    assert fine.quadrature < 1e-13
    assert abs(coarse["kappa"] - fine["kappa"]) < 4 * coarse.quadrature * fine["kappa"]


def test_homotopy_from_a_guess_stays_on_its_side_of_the_fold():
    """Two thresholds with given density and slope: two roots, told apart by the sign of the Jacobian."""
    a, b = sp.symbols("a b", real=True)
    total, slope = sp.symbols("total slope", positive=True)
    phi = lambda x: sp.exp(-(x**2) / 2) / sp.sqrt(2 * sp.pi)  # noqa: E731
    system = FixedPointSystem(
        (Unknown(a, "real"), Unknown(b, "real")),
        (sp.Eq(phi(a) + phi(b), total), sp.Eq(a * phi(a) + b * phi(b), slope)),
        conditions=(a - b, 1 + a * b),
        continuation=Continuation.homotopy({a: sp.Integer(1), b: sp.Integer(0)}),
    )
    found = solve(system, {"total": np.array([0.5, 0.45]), "slope": np.array([1 / np.sqrt(2 * np.pi), 0.1])})
    assert found["a"] == pytest.approx([1.3754257617, 2.0275845871]) and found["b"][0] == pytest.approx(0.538599863155)
    assert enclose(system, {"total": F(1, 2), "slope": F(2, 5)}, digits=20)["a"].digits >= 20
    with pytest.raises(NoConvergence):
        solve(system, {"total": 0.5, "slope": 0.6})  # beyond the fold there is no root
