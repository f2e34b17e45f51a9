"""A user's mistake: one clear line on stderr, exit code 2, no traceback, nothing on stdout."""

from __future__ import annotations

import pytest

RIDGE = ("predict", "ridge-anisotropic", "--set")

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
