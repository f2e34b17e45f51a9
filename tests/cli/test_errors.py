"""A user's mistake: one clear line on stderr, exit code 2, no traceback, nothing on stdout."""

from __future__ import annotations

import json

import pytest

RIDGE = ("predict", "ridge-anisotropic", "--set")
MODEL = ("derive", "inv(X.T@X + lam)", "--gaussian", "X: n x p, 1/n", "--size", "p = c")
ROOT = ("derive", "inv(S@X.T@X@S + lam)", *MODEL[2:], "--deterministic", "S: p, sqrt(s)")

MISTAKES = {
    "negative ridge": ((*RIDGE, "lam=-1"), ("lam", "-1", "lam >= 0")),
    "no dimensions": ((*RIDGE, "c=0"), ("c", "0", "c > 0")),
    "weights": ((*RIDGE, "w=1/2,1/3"), ("w", "1/2,1/3", "5/6", "rescale")),
    "negative weight": ((*RIDGE, "w=3/2,-1/2"), ("w", "-1/2")),
    "lengths": ((*RIDGE, "s=1,2,3"), ("w",)),
    "not a number": ((*RIDGE, "lam=abc"), ("lam", "abc", "3/10")),
    "code": ((*RIDGE, "lam=__import__('os')"), ("lam", "decimal")),
    "a list where a number stands": ((*RIDGE, "lam=1,2"), ("lam", "1,2")),
    "infinite": ((*RIDGE, "lam=inf"), ("lam", "inf")),
    "no equals sign": ((*RIDGE, "lam"), ("name=value",)),
    "no value": ((*RIDGE, "lam="), ("name=value",)),
    "twice": ((*RIDGE, "lam=1", "--set", "lam=2"), ("lam", "one value")),
    "unknown parameter": ((*RIDGE, "lambda=1"), ("unknown parameter", "lambda", "lam")),
    "unknown theorem": (("predict", "ridge-anisotropc"), ("unknown theorem", "did you mean ridge-anisotropic?")),
    "unknown theorem to show": (("show", "nothing-like-it"), ("unknown theorem", "nothing-like-it")),
    "unknown theorem to verify": (("verify", "ridge-anisotropc"), ("did you mean ridge-anisotropic?",)),
    "unknown theorem to mutate": (("mutate", "ridge-anisotropc"), ("did you mean ridge-anisotropic?",)),
    "unknown family": (("list", "--family", "regresion"), ("unknown family", "did you mean regression?")),
    "unknown quantity": (("predict", "ridge-anisotropic", "--quantity", "Bias"), ("unknown quantity", "Bias")),
    "unknown point": (("predict", "ridge-anisotropic", "--point", "Z"), ("Z", "A")),
    "unknown activation": (("predict", "random-network-regression", "--set", "sigma=relyu"), ("relyu", "relu")),
    "digits": (("predict", "ridge-anisotropic", "--digits", "0"), ("--digits", "0")),
    "unknown option": (("list", "--famly", "x"), ("--famly", "--family")),
    "missing argument": (("predict",), ("ID",)),
    "unknown command": (("predcit",), ("predcit", "predict")),
    "profile": (("verify", "--profile", "fast"), ("fast", "quick", "full")),
    "jobs": (("verify", "--jobs", "0"), ("--jobs",)),
    "family of another theorem": (("verify", "ridge-anisotropic", "--family", "spectra"), ("spectra", "regression")),
    "file of verdicts": (("verify", "hermite-facts", "--json", "/proc/none/x.json"), ("/proc/none",)),
    "folder for a file": (("verify", "hermite-facts", "--junit", "/proc"), ("/proc", "Is a directory")),
    "too large": ((*RIDGE, "lam=1e400"), ("lam", "too large", "1e300")),
    "no statement there": (
        ("predict", "ridge-anisotropic", "--set", "c=1", "--set", "lam=0"),
        ("lam = 0", "rank = 1", "lam > 0"),
    ),
    "a loss with a pole": (("predict", "erm-gaussian-mixture", "--set", "loss=t^(-1)"), ("loss", "convex")),
    "two forms": (("show", "ridge-anisotropic", "--json", "--latex"), ("--latex", "--json")),
    "negative size": ((*MODEL, "--set", "c=-1/2", "--set", "lam=1"), ("c = -1/2", "c >= 0")),
    "size that no double holds": ((*MODEL, "--set", "c=1e400", "--set", "lam=1"), ("c", "too large")),
    "a size twice": ((*MODEL, "--size", "p = d"), ("p = d", "one size for p")),
    "weights of a measure": (
        (*ROOT, "--set", "c=1/2", "--set", "lam=1", "--set", "p.s=1,4", "--set", "p.w=1/2,1/3"),
        ("p.w", "5/6"),
    ),
    "an inverse that does not exist": (
        ("derive", "inv(X@X.T)", "--gaussian", "X: n x p, 1/n", "--size", "p = c", "--set", "c=1/2"),
        ("c=1/2", "ridge"),
    ),
    "two forms of a derivation": ((*MODEL, "--json", "--latex"), ("--latex", "--json")),
    "model shape": (("derive", "X@X", "--gaussian", "X: n x p, 1/n"), ("n x p", "inner spaces")),
    "model name": (("derive", "inv(Y@Y.T - z)", "--gaussian", "X: p x n, 1/n"), ("Y",)),
    "model code": (("derive", "__import__('os')", "--gaussian", "X: p x n, 1/n"), ("__import__",)),
    "model parameter": (
        ("derive", "inv(X.T@X + lam)", "--gaussian", "X: n x p, 1/n", "--size", "p = c", "--set", "k=1"),
        ("unknown parameter", "k"),
    ),
    "unknown activation in a moment": (("moment", "relyu(x)"), ("relyu", "did you mean relu")),
    "code in a moment": (("moment", "__import__('os')"), ("__import__",)),
    "negative variance": (("moment", "relu(x)", "--variance", "-1"), ("variance", "-1")),
    "correlation that is set": (
        ("moment", "sign(x)*sign(y)", "--variance", "1", "--set", "rho=2"),
        ("rho = 2", "rho <= 1"),
    ),
    "negative variance that is set": (("moment", "relu(x)", "--set", "tau=-1"), ("tau = -1", "tau >= 0")),
    "a letter as a symbol": (("moment", "relu(x)", "--positive", "x"), ("'x'", "write s or t")),
    "no argument in a moment": (("moment", "relu()"), ("relu()", "0 arguments")),
    "a tower of powers": (("moment", "9**9**9**9"), ("387420489", "64")),
    "correlation": (("moment", "relu(x)*relu(y)", "--correlation", "2"), ("correlation", "2")),
    "symbol of a moment": (("moment", "relu(x)", "--set", "k=1"), ("k", "tau")),
    "export": (("export", "marchenko-pastur"), ("one fixed-point system",)),
    "id of a new theorem": (("new", "My Law", "--family", "f", "--title", "T"), ("My Law", "marchenko-pastur")),
    "id that exists": (("new", "ridge-anisotropic", "--family", "f", "--title", "T"), ("ridge-anisotropic",)),
}


@pytest.mark.parametrize("name", MISTAKES)
def test_mistake(rmtsym, name):
    arguments, pieces = MISTAKES[name]
    said = rmtsym(*arguments)
    assert said.code == 2
    assert said.out == ""
    assert said.err.startswith("rmtsym: ") and said.err.count("\n") == 1, said.err
    assert "Traceback" not in said.err
    for piece in pieces:
        assert piece in said.err


@pytest.mark.parametrize("command", [("verify", "hermite-facts"), ("report",), ("mutate", "hermite-facts")])
def test_a_home_that_cannot_be_written(rmtsym, monkeypatch, command):
    monkeypatch.setenv("RMTSYM_HOME", "/proc/none")
    monkeypatch.delenv("RMTSYM_STORE", raising=False)
    said = rmtsym(*command)
    assert said.code == 2 and said.out == ""
    assert said.err.startswith("rmtsym: cannot ") and "/proc/none" in said.err and said.err.count("\n") == 1


@pytest.fixture
def broken(tmp_path, monkeypatch):
    """A folder of theorems with one module that cannot be read."""
    (tmp_path / "laws" / "toy").mkdir(parents=True)
    (tmp_path / "laws" / "toy" / "half_a_law.py").write_text("theorem = Theorem(id=\n")
    monkeypatch.setenv("RMTSYM_THEORIES", str(tmp_path / "laws"))


@pytest.mark.parametrize(
    "command",
    [("verify",), ("verify", "--family", "toy"), ("verify", "half-a-law"), ("verify", "--family", "spectra")],
)
def test_a_module_that_cannot_be_read_is_not_left_out_in_silence(rmtsym, broken, command):
    said = rmtsym(*command)
    assert said.code == 2 and said.out == "" and "half_a_law.py: line 1" in said.err


def test_a_list_says_what_it_leaves_out(rmtsym, broken):
    said = rmtsym("list")
    assert said.code == 0 and "ridge-anisotropic" in said.out and "half_a_law.py: line 1" in said.err
    (problem,) = json.loads(rmtsym("list", "--json").out)["problems"]
    assert "half_a_law.py: line 1" in problem


def test_help_without_a_command_goes_to_stderr(rmtsym):
    said = rmtsym()
    assert said.code == 2 and said.out == "" and said.err.startswith("Usage: rmtsym")


@pytest.mark.parametrize("text", ["{bad", "[]", '{"status": "VERIFIED"}'])
def test_a_damaged_run_record_is_as_none(tmp_path, monkeypatch, text):
    from rmtsym.report import html

    (tmp_path / "verdicts").mkdir()
    (tmp_path / "verdicts" / "semicircle.json").write_text(text)
    monkeypatch.setenv("RMTSYM_HOME", str(tmp_path))
    assert html._record("semicircle") is None
