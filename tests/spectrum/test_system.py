"""Quantities read off a spectral law, as a statement."""

from fractions import Fraction

from rmtsym.spectrum import SpectralSystem, marchenko_pastur
from rmtsym.theorem.statement import NumericSystem, Regime, enclose_regime, solve_regime

SYSTEM = SpectralSystem(
    lambda point: marchenko_pastur(point["c"]),
    {"upper": lambda law: law.edges[-1], "mass": lambda law: 1 - law.atoms[0].exact[1]},
)


def test_it_is_a_system_of_a_statement():
    assert isinstance(SYSTEM, NumericSystem)
    regime, point = Regime(SYSTEM, "c > 1"), {"c": Fraction(4)}
    assert regime.outputs == ("upper", "mass")
    assert solve_regime(regime, point) == {"upper": 9.0, "mass": 0.25}
    assert enclose_regime(regime, point)["mass"].status == "exact"


def test_edges_carry_their_radius():
    assert SYSTEM.enclose({"c": Fraction(2)})["upper"].radius < 1e-15


def test_formulas_are_for_reading_only():
    written = SpectralSystem(SYSTEM.law, SYSTEM.read, {"upper": "b", "mass": r"\mu(\mathbb R)"})
    assert [str(name) for name in written.outputs] == ["upper", "mass"]
    assert written.solve({"c": Fraction(4)}) == SYSTEM.solve({"c": Fraction(4)})


def test_what_is_not_asked_for_is_not_read():
    reads = {"upper": lambda law: law.edges[-1], "shifted": lambda law, x: law.edges[0].value + float(x), "bad": None}
    system = SpectralSystem(SYSTEM.law, reads)
    point = {"c": Fraction(4), "x": Fraction(1, 2)}
    assert system.only(["upper", "shifted"]).solve(point) == {"upper": 9.0, "shifted": 1.5}
    assert list(enclose_regime(Regime(system, "c > 1"), point, quantities=["upper"])) == ["upper"]
