"""Files, modules and names that the documentation mentions exist."""

import importlib
import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[1]
PAGES = {path.name: path.read_text() for path in (ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")))}


@pytest.mark.parametrize("page", PAGES)
def test_files(page):
    named = re.findall(r"`((?:theory|rmtsym|tests|notebooks|docs|benchmarks)/[\w./<>]*)`", PAGES[page])
    assert [x for x in named if "<" not in x and x != "docs/sheets" and not (ROOT / x).exists()] == []
    links = [x for x in re.findall(r"\]\(([^)#]+)\)", PAGES[page]) if not x.startswith("http")]
    folder = ROOT if page == "README.md" else ROOT / "docs"
    assert [x for x in links if not (folder / x).exists()] == []


@pytest.mark.parametrize("page", PAGES)
def test_modules_and_names(page):
    for dotted in re.findall(r"`(rmtsym(?:\.\w+)+)", PAGES[page]):
        try:
            importlib.import_module(dotted)
        except ImportError:
            module, _, name = dotted.rpartition(".")
            assert hasattr(importlib.import_module(module), name), dotted


def test_names_of_the_table_of_modules():
    table = re.search(r"\| module \| names \|\n\|---\|---\|\n(.*?)\n\n", PAGES["extending.md"], re.S)
    assert table
    for row in table[1].splitlines():
        module, *names = re.findall(r"`([\w.]+)`", row)
        found = importlib.import_module(module)
        assert [x for x in names if "." not in x and not hasattr(found, x)] == []
