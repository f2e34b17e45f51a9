"""The runner of notebooks: failures stay where they are, and say what happened."""

from __future__ import annotations

from pathlib import Path

import pytest

from rmtsym.report.cells import PARAMETERS, code, write
from rmtsym.report.normalise import read
from rmtsym.report.runner import Task, run_notebooks

pytestmark = pytest.mark.slow

CASES = {
    "good": ("print(profile, seed)", ""),
    "raises": ("raise ValueError('two\\nlines')", "raises.ipynb, cell 2: ValueError: two lines"),
    "magic": ("%mistyped", "UsageError: Line magic function `%mistyped` not found."),
    "dies": ("import os; os.kill(os.getpid(), 9)", "died"),
    "slow": ("import time; time.sleep(60)", "a cell took more than 3 s"),
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory):
    folder = tmp_path_factory.mktemp("books")
    tasks = []
    for name, (source, _) in CASES.items():
        write(folder / f"{name}.ipynb", [code(PARAMETERS, "parameters"), code(source)])
        task = Task(name, folder / f"{name}.ipynb", folder / "out" / f"{name}.ipynb", {"seed": 5}, {}, 3)
        tasks.append(task)
    seen: list[str] = []
    found = run_notebooks(tasks, 2, finished=lambda outcome: seen.append(outcome.name))
    assert sorted(seen) == sorted(CASES)
    return folder, {o.name: o for o in found}


@pytest.mark.parametrize("name", CASES)
def test_outcome(outcomes, name):
    _, found = outcomes
    expected = CASES[name][1]
    error = found[name].error
    assert (expected in error) if expected else error == ""
    assert "\n" not in error


def test_parameters_arrive(outcomes):
    folder: Path = outcomes[0]
    assert read(folder / "out" / "good.ipynb").cells[-1].outputs[0].text == "quick 5\n"
