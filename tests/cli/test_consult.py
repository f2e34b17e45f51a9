"""list, show, predict, derive: what they print, and how it can be read by programs."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest

# theorems/regression.md, sheet 1, case A
SHEET = {
    "B_avg": "0.113644834636",
    "B": "0.113644834636",
    "V": "0.11260897901",
    "R": "0.226253813646",
    "train": "0.17710605525",
    "B_in": "0.0422614744181",
    "V_in": "0.0799375238198",
}
CASE_A = [f"--set={x}" for x in ("s=1,4", "w=1/2,1/2", "q=1/2,1/2", "r2=1", "sig2=1/4", "c=1/2", "lam=3/10")]


def test_predict_gives_the_figures_of_the_sheet(rmtsym):
    said = rmtsym("predict", "ridge-anisotropic", *CASE_A, "--json")
    assert said.code == 0 and said.err == ""
    data = json.loads(said.out)
    assert data["id"] == "ridge-anisotropic"
    assert data["point"]["s"] == ["1", "4"] and data["point"]["lam"] == "3/10"
    for name, figure in SHEET.items():
        found = data["quantities"][name]
        assert f"{found['value']:.12g}" == figure
        assert found["radius"] < 1e-12 and found["digits"] >= 12 and found["status"] == "enclosed"
        assert found["decimal"].startswith(figure[:12])


def test_decimals_and_fractions_are_the_same_numbers(rmtsym):
    first = rmtsym("predict", "ridge-anisotropic", "--set", "lam=0.3", "--set", "sig2=2.5e-1", "--json")
    second = rmtsym("predict", "ridge-anisotropic", "--set", "lam=3/10", "--set", "sig2=1/4", "--json")
    assert first.out == second.out


def test_digits_are_certified(rmtsym):
    said = rmtsym("predict", "ridge-anisotropic", "--digits", "40", "--quantity", "R", "--json")
    found = json.loads(said.out)["quantities"]
    assert list(found) == ["R"] and found["R"]["digits"] >= 40
    assert len(found["R"]["decimal"].lstrip("0.")) == 40


def test_predict_for_people(rmtsym):
    said = rmtsym("predict", "ridge-anisotropic")
    assert "0.226253813646" in said.out and "enclosed" in said.out


def test_list(rmtsym):
    data = json.loads(rmtsym("list", "--json").out)["theorems"]
    assert {"id", "title", "family", "uses", "status"} == set(data[0])
    assert "ridge-anisotropic" in {row["id"] for row in data}
    shown = rmtsym("list", "--family", "regression").out
    assert "ridge-anisotropic" in shown and "marchenko-pastur" not in shown


def test_show(rmtsym):
    text = rmtsym("show", "ridge-anisotropic").out
    for piece in ("Assumptions", "Parameters", "Quantities", "Statement", "lam >= 0", "E_nu["):
        assert piece in text
    data = json.loads(rmtsym("show", "ridge-anisotropic", "--json").out)
    assert {p["name"] for p in data["parameters"]} == {"s", "w", "q", "r2", "sig2", "c", "lam"}
    latex = rmtsym("show", "ridge-anisotropic", "--latex").out
    assert r"\begin{aligned}" in latex and r"\kappa" in latex


def test_derive(rmtsym):
    model = ("inv(X.T@X + lam)", "--gaussian", "X: n x p, 1/n", "--size", "p = c")
    data = json.loads(rmtsym("derive", *model, "--set", "c=1/2", "--set", "lam=1/10", "--json").out)
    assert data["certificate"]["verified"] is True
    # theorems/spectra.md, A1: m(-0.1) at c = 1/2
    assert f"{data['quantities']['trace']['value']:.12g}" == "1.48331477355"
    assert "Equations" in rmtsym("derive", *model).out
    assert r"\begin{aligned}" in rmtsym("derive", *model, "--latex").out


def test_output_does_not_depend_on_the_hash_seed():
    model = ["derive", "inv(X.T@X + Y@Y.T + lam)", "--gaussian", "X: n x p, 1/n", "--gaussian", "Y: p x m, 1/n"]
    texts = set()
    for seed in ("0", "1", "2"):
        command = [sys.executable, "-m", "rmtsym", *model]
        done = subprocess.run(
            command, capture_output=True, text=True, env=_environment(PYTHONHASHSEED=seed), timeout=120, check=True
        )
        texts.add(done.stdout)
    assert len(texts) == 1


@pytest.mark.parametrize("command", ["import rmtsym", "main(['list'])", "main(['--help'])"])
def test_an_answer_imports_nothing_heavy(command):
    """Why these answer at once; benchmarks/startup.py measures how soon."""
    code = (
        f"import sys\nfrom rmtsym.cli import main\ntry:\n    {command}\nexcept SystemExit:\n    pass\n"
        "print(sorted({'sympy', 'numpy', 'scipy', 'flint', 'matplotlib', 'papermill'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True, env=_environment())
    assert done.stdout.splitlines()[-1] == "[]"


def _environment(**more: str) -> dict[str, str]:
    import os
    from pathlib import Path

    return {**os.environ, "PYTHONPATH": str(Path(__file__).parents[2]), **more}


def test_moment(rmtsym):
    data = json.loads(rmtsym("moment", "relu(x)*relu(y)", "--variance", "1", "--set", "rho=3/10", "--json").out)
    assert data["closed_form"] == "rho*asin(rho)/(2*pi) + rho/4 + sqrt(1 - rho**2)/(2*pi)"
    assert data["certificate"]["status"] == "certified"
    assert f"{data['value']['value']:.12g}" == "0.241372141918"
    assert "certificate" in rmtsym("moment", "clip(x, -s, s)^2", "--positive", "s").out


def test_export_needs_numpy_only(rmtsym, tmp_path):
    program = tmp_path / "ridge.py"
    program.write_text(rmtsym("export", "ridge-anisotropic").out)
    done = subprocess.run([sys.executable, "-I", str(program)], capture_output=True, text=True, timeout=60, check=True)
    assert done.stdout == "3 points agree\n"
