"""The public names used wrongly from Python: one line that says what to write instead."""

from __future__ import annotations

import numpy as np
import pytest
import sympy as sp

import rmtsym
from rmtsym.errors import DomainError, RmtsymError, UnknownName
from rmtsym.field.measure import Atoms
from rmtsym.fixedpoint import FixedPointSystem, Unknown
from rmtsym.matrix import Deterministic, Gaussian, Haar, Space, inverse

kappa, lam, c = sp.symbols("kappa lam c", positive=True)
SYSTEM = FixedPointSystem((Unknown(kappa),), (sp.Eq(kappa, lam + c * kappa / (1 + kappa)),))
X = Gaussian("X", Space("n"), Space("d", c))

MISUSES = {
    "theorem": (lambda: rmtsym.predict("semicirle"), "did you mean semicircle"),
    "not a theorem": (lambda: rmtsym.predict(None), "a Theorem or its id"),
    "point": (lambda: rmtsym.predict("semicircle", [("x", 3)]), "a mapping"),
    "name of a point": (lambda: rmtsym.predict("semicircle", "Z"), "known: A"),
    "no number": (lambda: rmtsym.predict("semicircle", {"x": float("nan")}), "x = nan"),
    "several numbers": (lambda: rmtsym.predict("semicircle", {"x": np.ones(2)}), "a number"),
    "digits": (lambda: rmtsym.predict("semicircle", digits=0), "digits = 0"),
    "digits as text": (lambda: rmtsym.predict("semicircle", digits="15"), "digits=15"),
    "quantity": (lambda: rmtsym.predict("semicircle", quantities="mom3"), "did you mean"),
    "verify nothing": (lambda: rmtsym.verify(None), "a Theorem or its id"),
    "seed": (lambda: rmtsym.verify("semicircle", seed=-1), "seed = -1"),
    "system": (lambda: rmtsym.solve("x", {}), "a FixedPointSystem"),
    "equivalent": (lambda: rmtsym.solve(rmtsym.deterministic_equivalent(inverse(X.T @ X + lam)), {}), r"\.system"),
    "no point": (lambda: rmtsym.solve(SYSTEM, None), "a mapping"),
    "missing": (lambda: rmtsym.enclose(SYSTEM, {"lam": 1}), "c = missing"),
    "digits of a ball": (lambda: rmtsym.enclose(SYSTEM, {"lam": 1, "c": 1}, digits=-3), "digits = -3"),
    "domain": (lambda: Unknown(kappa, "positve"), "did you mean positive"),
    "variance": (lambda: rmtsym.expectation("relu", float("nan")), "a decimal or a fraction"),
    "code": (lambda: rmtsym.expectation("relu", "__import__('os')"), "a decimal or a fraction"),
    "mean": (lambda: rmtsym.expectation("relu", 1, 1j), "a real number"),
    "formula": (lambda: rmtsym.expectation("x**2"), "function_of_text"),
    "function": (lambda: rmtsym.expectation(np.tanh), "a Function, or the name"),
    "expression": (lambda: rmtsym.deterministic_equivalent("inv(X)"), "parse_model"),
    "array": (lambda: rmtsym.deterministic_equivalent(np.eye(3)), "a matrix expression"),
    "nothing": (lambda: rmtsym.deterministic_equivalent({}), "a matrix expression"),
    "space": (lambda: Gaussian("X", "n", "d"), "a Space"),
    "space of a rotation": (lambda: Haar("U", "n"), "a Space"),
    "space of a matrix": (lambda: Deterministic("A", "n"), "a Space"),
    "atoms": (lambda: Atoms([1], s=3), "one value for each weight"),
}


@pytest.mark.parametrize("name", MISUSES)
def test_misuse(name):
    call, words = MISUSES[name]
    with pytest.raises(RmtsymError, match=words) as caught:
        call()
    assert isinstance(caught.value, (DomainError, UnknownName)) and "\n" not in str(caught.value)


def test_a_theorem_a_point_and_a_quantity_go_by_name():
    found = rmtsym.predict("semicircle", "B", quantities="mom2")
    assert list(found) == ["mom2"] and float(found["mom2"]) == 0.5
