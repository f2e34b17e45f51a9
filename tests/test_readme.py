"""The README names every theorem and links notebooks that exist."""

import re
from pathlib import Path

from rmtsym.theorem.registry import index

ROOT = Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()


def test_every_theorem_is_listed():
    assert [i for i in index() if f"(`{i}`)" not in README] == []


def test_links_lead_somewhere():
    links = [x for x in re.findall(r"\]\(([^)#]+)\)", README) if not x.startswith("http")]
    assert links and [x for x in links if not (ROOT / x).exists()] == []
