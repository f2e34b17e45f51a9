import pytest
import sympy as sp

from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.theorem import Mutant, Regime, generate
from rmtsym.theorem.mutation import variants

s, kappa, lam, c = sp.symbols("s kappa lam c", positive=True)
nu = SpectralMeasure("nu", s)
SYSTEM = FixedPointSystem(
    (Unknown(kappa),),
    (sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu)),),
    {"V": c / (1 - c * Average(s**2 / (s + kappa) ** 2, nu)), "R": 2 * sp.Symbol("V")},
)
second = Average(s**2 / (s + kappa) ** 2, nu)


def kinds(expr, *neighbours):
    return {(kind, str(changed)) for kind, changed in variants(expr, dict(neighbours))}


@pytest.mark.parametrize(
    ("expr", "change"),
    [
        (lam - c, ("sign of a term", "c + lam")),
        (lam - c, ("term dropped", "lam")),
        (lam, ("factor 2", "2*lam")),
        (lam, ("factor 1/2", "lam/2")),
        (lam**2, ("exponent", "lam")),
        (lam**2, ("exponent", "lam**3")),
        (sp.sqrt(lam), ("root forgotten", "lam")),
        (c / (1 - lam), ("denominator dropped", "c")),
        (sp.asin(lam), ("function confused", "acos(lam)")),
        (second, ("squared mean for second moment", "E_nu[s/(kappa + s)]**2")),
        (Average(s, nu) ** 2, ("second moment for squared mean", "E_nu[s**2]")),
        (c * Average(s, nu), ("factor dropped", "c")),
    ],
)
def test_kinds(expr, change):
    assert change in kinds(expr)


def test_parameters_are_taken_for_their_neighbours_and_inverted():
    found = kinds(c * lam, (c, lam), (lam, c))
    assert {("neighbouring parameter", "lam**2"), ("neighbouring parameter", "c**2")} <= found
    assert ("ratio inverted", "lam/c") in found


def test_matrices_keep_their_shapes():
    n = sp.Symbol("n", integer=True)
    a, b = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)
    found = {str(changed) for _, changed in variants(sp.Trace(a * b.I))}
    assert {"Trace(A)", "Trace(A*B)"} <= found


def test_every_equation_and_output_is_changed_in_a_canonical_order():
    made = generate(Regime(SYSTEM, name="only"))
    assert {m.where for m in made} == {"equation of kappa", "V", "R"}
    assert [m.name for m in made] == [m.name for m in generate(Regime(SYSTEM, name="only"))]
    assert len({m.name for m in made}) == len(made) >= 40
    assert all(m.generated and m.fits(Regime(SYSTEM, name="only")) for m in made)


def test_a_mutant_changes_only_what_it_says():
    mutant = Mutant("kappa = lam", equations={"kappa": sp.Eq(kappa, lam)})
    (wrong,) = mutant.apply(Regime(SYSTEM)).systems
    assert wrong.equations == (sp.Eq(kappa, lam),)
    assert wrong.outputs == SYSTEM.outputs
    swapped = Mutant("c inverted", replace={c: 1 / c}).apply(Regime(SYSTEM)).systems[0]
    assert swapped.outputs["R"] == SYSTEM.outputs["R"]
    assert swapped.equations[0].rhs == lam + kappa * Average(s / (s + kappa), nu) / c


def test_a_mutant_fits_the_regimes_that_have_what_it_changes():
    assert not Mutant("x", outputs={"B": c}).fits(Regime(SYSTEM))
    assert not Mutant("x", outputs={"V": c}, regime="other").fits(Regime(SYSTEM, name="only"))
    assert Mutant("x", parameters={"c": abs}).fits(Regime(SYSTEM))
    with pytest.raises(ValueError, match="changes nothing"):
        Mutant("nothing")


def test_names_of_matrix_mutants_are_sympys_text():
    n = sp.Symbol("n", integer=True, positive=True)
    A, B = sp.MatrixSymbol("A", n, n), sp.MatrixSymbol("B", n, n)
    expr = sp.Trace(-2 * (A + B.T) * sp.Inverse(A - c * B) * A * A) / c
    regime = Regime(FixedPointSystem((), (), {"V": expr}))
    texts = {str(x) for _, x in variants(expr)}
    assert all(m.name.split(": ", 1)[1] in texts for m in generate(regime))


def test_a_plain_symbol_is_not_a_neighbour_of_its_own_name():
    system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c),), {"V": sp.Symbol("c") * lam})
    names = [m.name for m in generate(Regime(system)) if m.kind == "neighbouring parameter"]
    assert len(names) == len(set(names))
    assert "neighbouring parameter in V: c**2" in names
