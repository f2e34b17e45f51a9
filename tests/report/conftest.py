"""A laboratory of its own: one small theorem with its notebook, verified once for all tests that read the result."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import pytest

from rmtsym.report.cells import sheet, write

HERE = Path(__file__).parent
ROOT = HERE.parents[1]


@dataclass(frozen=True)
class Lab:
    """Folder with ``lab/`` (theorems), ``notebooks/`` and ``.rmtsym/``."""

    folder: Path

    def environment(self, **more: str) -> dict[str, str]:
        kept = {k: v for k, v in os.environ.items() if not k.startswith("RMTSYM")}
        return {
            **kept,
            "PYTHONPATH": str(ROOT),
            "RMTSYM_THEORIES": str(self.folder / "lab"),
            "RMTSYM_HOME": str(self.folder / ".rmtsym"),
            **more,
        }

    def run(self, *arguments: str, **more: str) -> subprocess.CompletedProcess[str]:
        """``rmtsym ...`` in this laboratory."""
        return subprocess.run(
            [sys.executable, "-m", "rmtsym", *arguments],
            cwd=self.folder,
            env=self.environment(**more),
            capture_output=True,
            text=True,
            timeout=300,
        )

    def edit(self, old: str, new: str) -> None:
        """Change the theorem."""
        path = self.folder / "lab" / "toy" / "sample_moments.py"
        text = path.read_text()
        assert old in text
        path.write_text(text.replace(old, new))


def make_lab(folder: Path) -> Lab:
    shutil.copytree(HERE / "lab", folder / "lab", ignore=shutil.ignore_patterns("__pycache__"))
    cells = sheet(
        "sample-moments",
        "Mean square of a sample",
        "A sample $x_1,\\dots,x_n$.",
        pictures=[
            ("Sweep.", 'page.sweep("v", ["1/2", 1, 2], ["m2", "inverse"], size=(40, 80), replicates=8, log="xy")')
        ],
    )
    write(folder / "notebooks" / "toy" / "sample_moments.ipynb", cells)
    return Lab(folder)


@pytest.fixture
def lab(tmp_path: Path) -> Lab:
    return make_lab(tmp_path)


@pytest.fixture(scope="session")
def verified(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, subprocess.CompletedProcess[str]]:
    """The laboratory after ``rmtsym verify sample-moments`` with every output asked for."""
    lab = make_lab(tmp_path_factory.mktemp("lab"))
    files = ("--json", "out.json", "--junit", "out.xml", "--summary", "out.md")
    return lab, lab.run("verify", "sample-moments", "--jobs", "1", *files)
