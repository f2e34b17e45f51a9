"""What the README shows is what the commands print."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

README = (Path(__file__).parents[2] / "README.md").read_text()
EXAMPLES = re.findall(r"```console\n\$ rmtsym (.+?)\n(.*?)```", README, re.S)


@pytest.mark.parametrize(("command", "output"), EXAMPLES, ids=[c.split()[0] for c, _ in EXAMPLES])
def test_example(rmtsym, command, output):
    said = rmtsym(*shlex.split(command))
    assert said.code == 0
    assert _without_radii(said.out) == _without_radii(output)


def _without_radii(text: str) -> str:
    """The radius of a ball may shrink when the solver gets better; the digits may not change."""
    return re.sub(r"± \S+", "±", text).strip()


def test_the_two_commands_come_first():
    assert README.index("make verify") < README.index("make test") < 900
    assert len(EXAMPLES) == 2
