"""The exported module: numpy only, the same numbers, a self-test that can fail."""

from __future__ import annotations

import subprocess
import sys
from fractions import Fraction as F

import numpy as np
import pytest
import sympy as sp

from rmtsym.errors import UnsupportedModel
from rmtsym.field.average import Average, SpectralMeasure
from rmtsym.field.bound import Bound
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import Continuation, FixedPointSystem, Unknown, export_python, solve
from rmtsym.risk import Score, ScoreMean

s, kappa, lam, c = sp.symbols("s kappa lam c", positive=True)
m, z = sp.symbols("m z")
nu = SpectralMeasure("nu", s)
PAIR = Atoms([F(1, 2)] * 2, s=[1, 4])
RIDGE = FixedPointSystem(
    (Unknown(kappa),),
    (sp.Eq(kappa, lam + c * kappa * Average(s / (s + kappa), nu)),),
    {"gamma2": c * Average(s**2 / (s + kappa) ** 2, nu), "tail": sp.erfc(sp.Symbol("gamma2"))},
)
COMPANION = FixedPointSystem((Unknown(m, "herglotz"),), (sp.Eq(m, 1 / (-z + c * Average(s / (1 + s * m), nu))),))


def load(source: str) -> dict:
    module: dict = {"__name__": "exported"}
    exec(compile(source, "exported.py", "exec"), module)
    return module


def test_module_runs_alone(tmp_path):
    path = tmp_path / "ridge.py"
    points = [{"lam": F(3, 10), "c": F(1, 2), "nu": PAIR}, {"lam": F(1, 10**10), "c": F(2), "nu": PAIR}]
    path.write_text(export_python(RIDGE, "ridge-anisotropic", points))
    code = f"import sys; sys.modules['sympy'] = None; sys.modules['flint'] = None; sys.argv = ['x']; " \
           f"import runpy; runpy.run_path({str(path)!r}, run_name='__main__')"  # fmt: skip
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)
    assert done.returncode == 0, done.stderr
    assert done.stdout.strip() == "2 points agree"


@pytest.mark.parametrize("z0", [4 + 0.001j, 1 + 1e-8j, 0.2 + 0.5j])
def test_same_numbers_as_the_library(z0):
    module = load(export_python(COMPANION, "sample-covariance"))
    laws = {"nu": {"weights": [0.5, 0.5], "s": [1.0, 4.0]}}
    found = module["solve"]({"z": z0, "c": 0.1}, **laws)["m"]
    assert found == pytest.approx(solve(COMPANION, {"z": z0, "c": 0.1, "nu": PAIR})["m"], rel=1e-10)


def test_own_continuation_is_exported():
    system = FixedPointSystem(
        RIDGE.unknowns, RIDGE.equations, {}, (), Continuation(lam, 1000 * (1 + lam), {kappa: lam})
    )
    module = load(export_python(system, "ridge", [{"lam": F(1, 10), "c": F(3), "nu": PAIR}]))
    assert module["test"]() == 1


def test_matrices_are_exported():
    A = sp.MatrixSymbol("A", 3, 3)
    system = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + sp.Trace((A + kappa * sp.Identity(3)).inv())),))
    module = load(export_python(system, "matrix", [{"lam": F(1), "A": np.diag([1.0, 2.0, 3.0])}]))
    assert module["test"]() == 1


def test_the_self_test_can_fail_and_errors_name_the_argument():
    source = export_python(RIDGE, "ridge", [{"lam": F(3, 10), "c": F(1, 2), "nu": PAIR}])
    wrong = load(source.replace("lam + ", "2 * lam + "))
    with pytest.raises(AssertionError):
        wrong["test"]()
    with pytest.raises(ValueError, match="lam is missing"):
        load(source)["solve"]({"c": 1.0}, nu={"weights": [1.0], "s": [1.0]})


def test_a_system_with_a_function_is_refused():
    M, loss = sp.symbols("M", positive=True), Bound("loss")
    system = FixedPointSystem((), (), {"mean": ScoreMean(Score(loss, 1, M, 1))})
    with pytest.raises(UnsupportedModel, match="object loss"):
        export_python(system, "means", [])
