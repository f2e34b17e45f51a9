"""Text of a new theorem: a module and a test that run at once and are INCONCLUSIVE until they are filled in."""

from __future__ import annotations

import re

from rmtsym.errors import DomainError

__all__ = ["check_names", "module_text", "test_text"]

_ID = re.compile(r"[a-z][a-z0-9]*(-[a-z0-9]+)*\Z")
_FAMILY = re.compile(r"[a-z][a-z0-9]*\Z")

MODULE = '''"""{title}

State the model and the claim here, equation first, with the source.
"""

from __future__ import annotations

import numpy as np
import sympy as sp

from rmtsym.fixedpoint import FixedPointSystem
from rmtsym.simulate import Statistic
from rmtsym.simulate.ensembles import entries
from rmtsym.theorem import POSITIVE, Parameter, Quantity, Theorem

theorem = Theorem(
    id="{id}",
    title="{title}",
    family="{family}",
    references=("Authors (year), Title, arXiv:0000.00000",),
    assumptions=("$X$ is $p\\\\times n$ with independent centred entries of unit variance, $p/n\\\\to c$",),
    parameters=(Parameter("c", "ratio p/n", POSITIVE),),
    quantities=(Quantity("mom2", "second moment of the spectrum of XX'/n", r"m_2"),),
    points={{"A": {{"c": "1/2"}}}},
    uses=(),
)

c = sp.Symbol("c", positive=True)


@theorem.statement
def statement() -> FixedPointSystem:
    """The claim: unknowns, equations, outputs (here there is no unknown)."""
    return FixedPointSystem((), (), {{"mom2": 1 + c}})


@theorem.derivation
def derivation(proof) -> None:
    """Write the steps with ``proof`` and end with ``proof.conclude(...)``; without them the verdict is INCONCLUSIVE."""


@theorem.experiment(sizes=(100, 200), statistics=(Statistic("mom2"),), laws=("gauss", "rad"))
def replicate(rng: np.random.Generator, size: int, point, law: str) -> dict[str, float]:
    """One draw at n = size: the statistics by name."""
    x = entries(rng, (int(point["c"] * size), size), law)
    return {{"mom2": float(np.sum((x @ x.T / size) ** 2)) / x.shape[0]}}
'''

TEST = '''"""Reference figures of {id}."""

import pytest

from rmtsym.theorem import Status, get, predict, verify

REFERENCE = [  # point, quantity, value, relative tolerance: half a unit of the last printed digit
    ("A", "mom2", 1.5, 1e-12),
]


@pytest.mark.parametrize(("point", "quantity", "value", "tolerance"), REFERENCE)
def test_reference_figures(point, quantity, value, tolerance):
    theorem = get("{id}")
    assert float(predict(theorem, theorem.points[point])[quantity]) == pytest.approx(value, rel=tolerance)


@pytest.mark.slow
def test_it_is_verified():
    verdict = verify("{id}")
    assert verdict.status is Status.VERIFIED, str(verdict)
'''


def check_names(theorem_id: str, family: str) -> None:
    """Ids are words of lower-case letters and digits joined by hyphens, families are one such word.

    >>> check_names("Ridge Regression", "regression")
    Traceback (most recent call last):
    ...
    rmtsym.errors.DomainError: ID = Ridge Regression is outside its domain (words of lower-case letters ...
    """
    if not _ID.match(theorem_id):
        hint = f"try {re.sub('[^a-z0-9]+', '-', theorem_id.lower()).strip('-') or 'my-theorem'}"
        raise DomainError("ID", theorem_id, "words of lower-case letters and digits joined by hyphens", hint)
    if not _FAMILY.match(family):
        raise DomainError("family", family, "one word of lower-case letters and digits", "try regression")


def module_text(theorem_id: str, family: str, title: str) -> str:
    """Text of ``theory/<family>/<id with underscores>.py``."""
    check_names(theorem_id, family)
    safe = title.replace("\\", "\\\\").replace('"', '\\"')
    return MODULE.format(id=theorem_id, family=family, title=safe)


def test_text(theorem_id: str) -> str:
    """Text of ``tests/theory/test_<id with underscores>.py``."""
    return TEST.format(id=theorem_id)
