"""--json of every command: a schema with a number, and the fields that docs/json.md names."""

from __future__ import annotations

import json
import re
from pathlib import Path

import pytest

from rmtsym.cli.consult import FORMS
from rmtsym.report import kills

PAGE = (Path(__file__).parents[2] / "docs" / "json.md").read_text()
MODEL = ("inv(X.T@X + lam)", "--gaussian", "X: n x p, 1/n", "--size", "p = c", "--set", "c=1/2", "--set", "lam=1/10")
COMMANDS = {
    "derive": (*MODEL,),
    "list": ("--family", "spectra"),
    "moment": ("relu(x)*relu(y)", "--variance", "1", "--set", "rho=3/10"),
    "mutate": ("hermite-facts",),
    "predict": ("ridge-anisotropic",),
    "show": ("ridge-anisotropic",),
}


@pytest.mark.parametrize("command", COMMANDS)
def test_every_form_has_a_schema_and_is_documented(rmtsym, monkeypatch, command):
    evidence = {"id": "hermite-facts", "status": "VERIFIED", "counts": {}, "mutants": []}
    monkeypatch.setattr(kills, "mutation_evidence", lambda *_, **__: evidence)
    said = rmtsym(command, *COMMANDS[command], "--json")
    assert said.code == 0 and said.err == ""
    data = json.loads(said.out)
    schema = f"rmtsym-{command}/{FORMS[command]}"
    assert next(iter(data)) == "schema" and data["schema"] == schema
    section = re.search(rf"^## `rmtsym {command}.*?(?=^## |\Z)", PAGE, re.S | re.M)
    assert section and f"`{schema}`" in section[0]
    assert [field for field in list(data)[1:] if not re.search(rf"[`\"]{field}[`\"]", section[0])] == []


def test_every_form_is_tested():
    assert set(FORMS) == set(COMMANDS)
