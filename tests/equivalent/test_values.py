"""25-digit values of the acceptance examples, inside enclosures; the unreduced Dyson equation agrees."""

from __future__ import annotations

from fractions import Fraction as F

import pytest
import sympy as sp
from flint import acb, arb, ctx

from rmtsym.equivalent import deterministic_equivalent
from rmtsym.errors import UnsupportedModel
from rmtsym.field.measure import Atoms
from rmtsym.matrix import Gaussian, Space, inverse

CASES = {
    "marchenko_pastur": (
        {"phi": F(1, 2), "z": 1 + sp.I / 100},
        "-0.4906012726887618295153236 + 1.317824863141156091768208j",
    ),
    "ridge_isotropic": ("TWO", "1.179631226215076730747475"),
    "silverstein": (
        {"phi": F(1, 10), "z": 4 + sp.I / 1000, "d": "THREE"},
        "-0.1811636414293672331050930 + 0.4012331979469869993456462j",
    ),
    "separable": ({"phi": F(7, 10), "lam": F(3, 10), "d": "THREE", "n": "SIDES"}, "0.8712191578752900670158378"),
    "bias": ({"phi": F(7, 10), "lam": F(3, 10), "d": "RIDGE"}, "1.426109118677601765257267"),
    "variance": ({"phi": F(7, 10), "lam": F(3, 10), "d": "RIDGE"}, "0.5772524650965177492079418"),
    "subordination": (
        {"phi": F(1, 2), "p1": F(3, 5), "p2": F(2, 5), "lam": F(1, 5), "d": "PAIR"},
        "0.8165272599801518059804298",
    ),
    "info_plus_noise": ({"lam": F(3, 10), "n": "NOISE", "d": "NOISE"}, "0.8996397745846096124476415"),
    "rf_tau1": ("FEATURES", "3.598433415732851309726389"),
    "rf_tau2": ("FEATURES", "2.579563000312663118633733"),
    "rf_M2": ("FEATURES", "0.2831427728982131628895623"),
    "rf_M3a": ("FEATURES", "0.2818579938436884913302800"),
    "rf_M3b": ("FEATURES", "1.036894076951769569209202"),
    "rf_Va": ("FEATURES", "0.4350124145906707467001471"),
    "rf_Vb": ("FEATURES", "1.814142498321783505134567"),
    "anticommutator": ({"z": 1 + sp.I / 10}, "-0.3884560913302180837657801 + 0.5953051624750332195524701j"),
    "fuss_catalan": ({"z": 1 + sp.I / 10}, "-0.6107758921368546717189637 + 0.5968389028014039498893860j"),
    "rational": ({"lam": F(7, 10)}, "0.8769785907497811989412470"),
    "parallel_sum": ({}, "1.218809039213290878328548"),
    "parallel_resolvent": ({"lam": F(1, 5)}, "0.7468819713857317909253282"),
}


def resolve(models, point):
    if isinstance(point, str):
        return getattr(models, point)
    return {k: getattr(models, v) if isinstance(v, str) else v for k, v in point.items()}


def number(text: str) -> acb:
    """A ball of half a unit in the last digit around a printed number."""
    parts = text.replace(" ", "").replace("j", "")
    real, _, imag = parts.partition("+")

    def ball(x: str) -> arb:
        return arb(x, "1e-24") if x else arb(0)

    return acb(ball(real), ball(imag))


@pytest.mark.parametrize("name", CASES)
def test_enclosed_value(models, name):
    point, expected = CASES[name]
    point = resolve(models, point)
    equivalent = deterministic_equivalent(getattr(models, name)())
    with ctx.workprec(200):
        value = equivalent.enclose(point, digits=25)["trace"]
        assert value.radius < 1e-20
        assert number(expected).overlaps(acb(value.ball))


@pytest.mark.parametrize("name", CASES)
def test_unreduced_dyson_equation(models, name):
    point, expected = CASES[name]
    point = {k: v if isinstance(v, (Atoms, F)) else complex(v) for k, v in resolve(models, point).items()}
    value = deterministic_equivalent(getattr(models, name)()).reference(point)
    exact = complex(expected.replace(" ", ""))
    assert abs(value - exact) < 1e-13 * max(1, abs(exact))


def test_an_inverse_that_may_not_exist_is_a_remark():
    X = Gaussian("X", Space("n"), Space("p", sp.Symbol("c", positive=True)))
    equivalent = deterministic_equivalent(inverse(X @ X.T))
    assert equivalent.certificate.remarks == ("valid where X@X.T is invertible",)
    assert deterministic_equivalent(inverse(X @ X.T + sp.Symbol("lam"))).certificate.remarks == ()
    square = Gaussian("X", Space("n"), Space("p", sp.Integer(1)))
    with pytest.raises(UnsupportedModel, match="diverges at these sizes"):
        deterministic_equivalent(inverse(square @ square.T))


def test_degenerate_pencil_by_regularisation(models):
    equivalent = deterministic_equivalent(models.f_matrix())
    assert any("epsilon" in line for line in equivalent.certificate.log)
    assert not any("epsilon" in str(e) for e in equivalent.equations)
    solved = equivalent.solve({"phi": 0.5, "lam": 1.0})
    # X1'X1 + X2'X2 is one Wishart matrix of ratio phi/2
    assert abs(complex(solved["trace"]) - 1 / (2 - 0.5)) < 1e-12
    assert (
        abs(
            equivalent.reference({"phi": 0.3, "lam": 2.0})
            - complex(equivalent.solve({"phi": 0.3, "lam": 2.0})["trace"])
        )
        < 1e-8
    )


def test_inverse_wishart_inside_a_resolvent(models):
    from rmtsym.matrix import Gaussian, Space, inverse

    A = Gaussian("A", Space("a", 3), models.n)
    B = Gaussian("B", Space("b", 2), models.n)
    equivalent = deterministic_equivalent(inverse(inverse(A.T @ A) + B.T @ B + models.lam))
    value = complex(equivalent.solve({"lam": 0.5})["trace"])
    assert abs(value - equivalent.reference({"lam": 0.5})) < 1e-8


def test_info_plus_noise_of_both_shapes(models):
    lam = F(3, 10)
    noise = models.NOISE
    surplus = Atoms([F(1, 4), F(1, 4), F(1, 2)], s=[F(1, 2), 2, 0])
    wide = deterministic_equivalent(models.info_plus_noise(2)).enclose({"lam": lam, "n": noise, "d": surplus})
    tall = deterministic_equivalent(models.info_plus_noise(F(1, 2))).enclose({"lam": lam, "n": surplus, "d": noise})
    assert abs(wide["trace"].value - 1.881699) < 1e-6
    assert abs(tall["trace"].value - 0.588011) < 1e-6
