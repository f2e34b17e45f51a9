"""Solver zoo: systems typed as in the theorem sheets, crossed with benign and hard points."""

from __future__ import annotations

import os
import subprocess
import sys
from dataclasses import replace
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.evaluate import BALL, evaluate
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown, count_roots, enclose, solve

s, t, kappa, lam, c, phi, th = sp.symbols("s t kappa lam c phi theta", positive=True)
m, z = sp.symbols("m z")
nu, mu = SpectralMeasure("nu", s), SpectralMeasure("mu", t)
joint = SpectralMeasure("joint", s, th)


def ridge() -> FixedPointSystem:
    """kappa = lam + c kappa E[s/(s+kappa)]: sheet ridge-anisotropic."""
    g2 = sp.Symbol("gamma2")
    return FixedPointSystem(
        (Unknown(kappa),),
        (sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu)),),
        {"gamma2": c * Average(s**2 / (s + kappa) ** 2, nu), "V": g2 / (1 - g2), "ratio": lam / kappa},
        (1 - c * Average(s**2 / (s + kappa) ** 2, nu),),
    )


def companion() -> FixedPointSystem:
    """Silverstein's equation for the companion transform: sheet sample-covariance."""
    equation = sp.Eq(m, 1 / (-z + c * Average(s / (1 + s * m), nu)))
    return FixedPointSystem((Unknown(m, "herglotz"),), (equation,), {"m_p": -Average(1 / (1 + s * m), nu) / z})


def separable() -> FixedPointSystem:
    q0, q1 = sp.symbols("q0 q1", positive=True)
    return FixedPointSystem(
        (Unknown(q0), Unknown(q1)),
        (
            sp.Eq(q0, Average(s**2 / (lam + q1 * s**2), nu)),
            sp.Eq(q1, Average(t**2 / (1 + phi * t**2 * q0), mu)),
        ),
        {"trQ": Average(1 / (lam + q1 * s**2), nu)},
    )


def two_groups() -> FixedPointSystem:
    q0, q1, p1, p2 = sp.symbols("q0 q1 p1 p2", positive=True)
    bottom = lam + p1 * s**2 / (1 + phi * q0) + p2 * th**2 / (1 + phi * q1)
    return FixedPointSystem(
        (Unknown(q0), Unknown(q1)),
        (sp.Eq(q0, Average(s**2 / bottom, joint)), sp.Eq(q1, Average(th**2 / bottom, joint))),
        {"trQ": Average(1 / bottom, joint)},
    )


def random_features() -> FixedPointSystem:
    """The two unknowns of sheet random-features-mei-montanari on the imaginary axis, nu_k = i u_k."""
    u1, u2, p1, p2, zeta = sp.symbols("u1 u2 psi1 psi2 zeta", positive=True)
    far = sp.sqrt(p1 * p2 * lam)
    mix = zeta**2 / (1 + zeta**2 * u1 * u2)
    return FixedPointSystem(
        (Unknown(u1), Unknown(u2)),
        (sp.Eq(u1, p1 / (far + u2 + mix * u2)), sp.Eq(u2, p2 / (far + u1 + mix * u1))),
        {"chi": -u1 * u2},
    )


def fuss_catalan() -> FixedPointSystem:
    return FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, -1 / (z - z**2 * m**2)),))


def anticommutator() -> FixedPointSystem:
    return FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, (m**2 + 1) / (z * (m**2 - 1))),))


def biased(values: dict[str, sp.Expr]) -> FixedPointSystem:
    """Anisotropic ridge in the convention of the engine memo: u = s^2, d = phi n."""
    u = s**2
    equation = sp.Eq(kappa, lam + phi * kappa * Average(u / (kappa + u), joint))
    return FixedPointSystem((Unknown(kappa),), (equation,), values)


ABC = Atoms([F(1, 2), F(1, 4), F(1, 4)], s=[1, 2, 3])
PAIR = Atoms([F(1, 2)] * 2, s=[1, 4])
THREE = Atoms([F(1, 2), F(3, 10), F(1, 5)], s=[F(1, 2), F(3, 2), 2], theta=[1, F(1, 5), 3])
u = s**2
response = 1 - phi * Average(u**2 / (kappa + u) ** 2, joint)
complex_point = sp.Integer(1) + sp.I / 10

EXACT = [
    # engine memo, section 10: 25 digits
    (separable(), {"phi": F(7, 10), "lam": F(3, 10), "nu": ABC, "mu": Atoms([F(1, 2)] * 2, t=[F(3, 5), F(3, 2)])},
     "trQ", "0.8712191578752900670158378"),
    (two_groups(), {"phi": F(1, 2), "p1": F(3, 5), "p2": F(2, 5), "lam": F(1, 5),
                    "joint": Atoms([F(1, 2)] * 2, s=[1, F(3, 2)], theta=[2, F(1, 2)])},
     "trQ", "0.8165272599801518059804298"),
    (biased({"B": (kappa / lam) ** 2 * Average(th * u / (kappa + u) ** 2, joint) / response}),
     {"phi": F(7, 10), "lam": F(3, 10), "joint": THREE}, "B", "1.426109118677601765257267"),
    (biased({"V": Average(u**2 / (kappa + u) ** 2, joint) / response}),
     {"phi": F(7, 10), "lam": F(3, 10), "joint": THREE}, "V", "0.5772524650965177492079418"),
    (companion(), {"z": sp.Integer(4) + sp.I / 1000, "c": F(1, 10),
                   "nu": Atoms([F(1, 2), F(1, 4), F(1, 4)], s=[1, 4, 9])},
     "m_p", ("-0.1811636414293672331050930", "0.4012331979469869993456462")),
    (fuss_catalan(), {"z": complex_point}, "m", ("-0.6107758921368546717189637", "0.5968389028014039498893860")),
    (anticommutator(), {"z": complex_point}, "m", ("-0.3884560913302180837657801", "0.5953051624750332195524701")),
]  # fmt: skip


@pytest.mark.parametrize("case", EXACT, ids=range(len(EXACT)))
def test_exact_values_of_the_engine_memo(case):
    system, point, name, expected = case
    found = enclose(system, point, digits=26)[name]
    assert found.status == "enclosed" and found.digits >= 26
    parts = expected if isinstance(expected, tuple) else (expected,)
    balls = (found.ball.real, found.ball.imag) if isinstance(expected, tuple) else (found.ball,)
    for text, ball in zip(parts, balls, strict=True):
        # the reference is printed to 25 digits: half a unit of the last one
        reference = evaluate(sp.Rational(text), {}, BALL(160))
        assert abs(float((ball - reference).upper())) <= 10.0 ** -len(text.partition(".")[2])


def test_resolvent_of_marchenko_pastur():
    point = {"lam": F(3, 10), "c": F(7, 10), "nu": Atoms([F(1)], s=[1])}
    system = replace(ridge(), outputs={"trQ": kappa / lam * Average(1 / (s + kappa), nu)})
    found = enclose(system, point, digits=26)["trQ"].ball
    assert found.str(25, radius=False) == "1.179631226215076730747475"


LAMS = np.array([1e-14, 1e-12, 1e-9, 1e-6, 1e-3, 0.1, 1.0, 30.0, 1e4])


@pytest.mark.parametrize("ratio", [0.01, 0.5, 0.999999, 1.0, 1.000001, 2.0, 100.0])
@pytest.mark.parametrize("atoms", [PAIR, Atoms([F(1, 3)] * 3, s=[F(1, 1000), 1, 1000]), Atoms([F(1)], s=[1])])
def test_ridge_from_tiny_to_huge(ratio, atoms):
    found = solve(ridge(), {"lam": LAMS, "c": ratio, "nu": atoms})
    assert found.ok.all()
    assert found.residual.max() < 1e-13
    assert (found["kappa"] >= LAMS * (1 - 1e-12)).all()
    assert (found["gamma2"] < 1).all()


@pytest.mark.parametrize("ratio", [F(1, 2), F(1), F(2)])
@pytest.mark.parametrize("power", [14, 12, 4, 0, -4])
def test_float_root_lies_in_the_enclosure(ratio, power):
    point = {"lam": F(10) ** -power, "c": ratio, "nu": PAIR}
    rough, sharp = solve(ridge(), point), enclose(ridge(), point, digits=25)
    assert sharp["kappa"].digits >= 25
    slack = 1e-14 * rough.condition * sharp["kappa"].value
    assert abs(rough["kappa"] - sharp["kappa"].value) <= slack


def test_ridgeless_over_parametrised():
    # case RL3 of sheet ridge-anisotropic: V / sig2 = 0.215868841893 / 0.25
    found = enclose(ridge(), {"lam": 0, "c": F(5, 2), "nu": PAIR}, digits=12)
    assert found["V"].value * 0.25 == pytest.approx(0.215868841893, rel=1e-11)


@pytest.mark.parametrize("system", [separable(), two_groups()], ids=["separable", "two groups"])
def test_two_unknowns_over_the_threshold(system):
    names = {str(p) for p in system.parameters}
    point = {"lam": LAMS[:, None], "phi": np.array([0.2, 0.5, 1.0, 2.0, 3.0])[None, :], "p1": 0.6, "p2": 0.4,
             "nu": ABC, "mu": Atoms([F(1, 2)] * 2, t=[F(3, 5), F(3, 2)]),
             "joint": Atoms([F(1, 2)] * 2, s=[1, F(3, 2)], theta=[2, F(1, 2)])}  # fmt: skip
    found = solve(system, {k: v for k, v in point.items() if k in names | {"nu", "mu", "joint"}})
    assert found.ok.all() and found["trQ"].shape == (9, 5)
    assert found.residual.max() < 1e-13


def test_random_features_through_the_interpolation_threshold():
    psi1 = np.linspace(0.5, 3.0, 26)
    point = {"psi1": psi1[None, :], "psi2": 1.5, "zeta": 1.3, "lam": np.array([1e-12, 1e-6, 1e-2, 1.0])[:, None]}
    found = solve(random_features(), point)
    assert found.residual.max() < 1e-13
    assert (found["u1"] > 0).all() and (found["u2"] > 0).all()
    at_threshold = {"psi1": F(3, 2), "psi2": F(3, 2), "zeta": F(13, 10), "lam": F(1, 10**12)}
    assert enclose(random_features(), at_threshold, digits=20)["chi"].digits >= 20


@pytest.mark.parametrize("height", [0.1, 1e-4, 1e-8, 1e-12, 0.0])
def test_density_of_a_six_edge_law(height):
    # six edges of the engine memo, section 5; the grid has points within 1e-3 of each of them
    edges = np.array([0.5616960950354131, 1.4294298729992319, 6.165758556431152, 11.677415289693679,
                      18.165087621684002, 33.90894589748986])  # fmt: skip
    atoms = Atoms([F(1, 2), F(1, 4), F(1, 4)], s=[1, 9, 25])
    x = np.unique(np.concatenate([np.linspace(-1, 36, 150), edges + 1e-3, edges - 1e-3, edges * (1 + 1e-9)]))
    x = x[np.abs(x) > 1e-9]
    found = solve(companion(), {"z": x + 1j * height, "c": 0.1, "nu": atoms})
    assert found.ok.all()
    assert found.residual.max() < 1e-13 * (1 if height != 1e-12 else 10)  # the residual is relative to |m| here
    assert (found["m"].imag >= 0).all()
    if height == 0:
        inside = np.zeros(x.size, bool)
        for a, b in zip(edges[::2], edges[1::2], strict=True):
            inside |= (x > a) & (x < b)
        assert ((found["m"].imag > 0) == inside).all()


@pytest.mark.parametrize("x", [F(1), F(4), F(7), F(20)])
@pytest.mark.parametrize("height", [F(1, 10), F(1, 10**8), F(0)])
def test_herglotz_enclosure_and_count(x, height):
    atoms = Atoms([F(1, 2), F(1, 4), F(1, 4)], s=[1, 9, 25])
    point = {"z": sp.Rational(x) + sp.I * sp.Rational(height), "c": F(1, 10), "nu": atoms}
    found = enclose(companion(), point, digits=20)
    inside = any(a < x < b for a, b in ((0.5617, 1.4294), (6.1658, 11.6774), (18.1651, 33.9089)))
    if height > 0 or inside:
        assert found["m"].ball.imag > 0
    else:
        assert found["m"].value.imag == 0
    pairs = ((sp.Rational(1, 2), 1), (sp.Rational(1, 4), 9), (sp.Rational(1, 4), 25))
    equation = m * (-z + c * sum(w * a / (1 + a * m) for w, a in pairs)) - 1
    curve = sp.numer(sp.together(equation))
    if height > 0 or inside:
        assert count_roots(curve, m, point) == 1  # the physical root is the only one in the upper half-plane


def test_uniqueness_needs_all_unknowns():
    # engine memo, section 5: one unknown alone has several roots, but one solution has all of them positive
    curve = (m - 1) * (m - 2) * (m + 3)
    assert count_roots(curve, m, {}, "positive") == 2


@pytest.mark.parametrize("seed", range(8))
def test_random_monotone_systems(seed):
    """q_i = E[a_i s^j / D], D = lam + sum b_i s^j / (1 + c_i phi q_i): one positive root, whatever the numbers."""
    rng = np.random.default_rng(seed)
    count = 1 + seed % 3
    q = sp.symbols(f"q0:{count}", positive=True)

    def number(low: int, high: int, below: int) -> sp.Rational:
        return sp.Rational(int(rng.integers(low, high)), below)

    bottom = lam
    for x in q:
        bottom += number(1, 21, 5) * s ** int(rng.integers(0, 3)) / (1 + number(1, 21, 7) * phi * x)
    equations = [sp.Eq(x, Average(number(1, 10, 4) * s ** int(rng.integers(0, 3)) / bottom, nu)) for x in q]
    system = FixedPointSystem(tuple(Unknown(x) for x in q), tuple(equations))
    atoms = Atoms([F(1, 3)] * 3, s=[F(int(rng.integers(1, 31)), 10) for _ in range(3)])
    lams = np.array([1e-12, 1e-8, 1e-4, 0.1, 1.0, 1e3])
    for ratio in (F(1, 10), F(1), F(10)):
        grid = solve(system, {"lam": lams, "phi": ratio, "nu": atoms})
        assert grid.residual.max() < 1e-13
        sharp = enclose(system, {"lam": F(1, 10**8), "phi": ratio, "nu": atoms}, 20)
        for x in map(str, q):
            assert abs(grid[x][1] - sharp[x].value) <= 1e-13 * grid.condition[1] * sharp[x].value


def test_generated_code_does_not_depend_on_the_hash_seed():
    script = (
        "import sympy as sp, hashlib\n"
        "from rmtsym.field.average import Average, SpectralMeasure\n"
        "from rmtsym.fixedpoint import FixedPointSystem, Unknown, derivative\n"
        "from rmtsym.fixedpoint.generate import generate\n"
        "a, b, lam, s, t = sp.symbols('a b lam s t', positive=True)\n"
        "nu = SpectralMeasure('nu', s, t)\n"
        "d = lam + s / (1 + a) + t / (1 + b)\n"
        "eqs = (sp.Eq(a, Average(s / d, nu)), sp.Eq(b, Average(t / d, nu)))\n"
        "system = FixedPointSystem((Unknown(a), Unknown(b)), eqs, {'out': Average(1 / d, nu)})\n"
        "print(hashlib.sha256(generate(derivative(system, 'out', lam)).source.encode()).hexdigest())\n"
    )
    digests = set()
    for seed in ("0", "1"):
        environment = os.environ | {"PYTHONHASHSEED": seed}
        done = subprocess.run(
            [sys.executable, "-c", script], env=environment, capture_output=True, text=True, timeout=60
        )
        assert done.returncode == 0, done.stderr
        digests.add(done.stdout)
    assert len(digests) == 1
