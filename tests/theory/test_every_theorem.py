"""Every theorem at its reference figures and at points that it must refuse; `figures/<id>.toml` has both.

Derivation, consequences, simulation and mutants are run by the notebooks.
"""

import re
import tomllib
from decimal import Decimal
from pathlib import Path

import pytest

from rmtsym.errors import RmtsymError
from rmtsym.field import Value
from rmtsym.theorem import get, predict
from rmtsym.theorem.registry import index

FIGURES = Path(__file__).parent / "figures"
TABLES = {path.stem: tomllib.loads(path.read_text()) for path in sorted(FIGURES.glob("*.toml"))}


def cases(part):
    """One parameter set for each entry of a part of the tables."""
    for theorem_id, table in TABLES.items():
        entries = table.get(part, ())
        labelled = entries.items() if isinstance(entries, dict) else enumerate(entries)
        for label, entry in labelled:
            yield pytest.param(theorem_id, label, entry, id=f"{theorem_id}-{label}")


def changes(point):
    """Changes to a point, from text such as ``lam=1/2 c=3``."""
    return dict(item.split("=", 1) for item in point.split()) if isinstance(point, str) else point


def test_every_theorem_has_reference_figures_and_a_point_that_it_refuses():
    assert set(index()) == set(TABLES)
    assert not [i for i, table in TABLES.items() if not table.get("figures") or not table.get("refused")]


@pytest.mark.parametrize(("theorem_id", "label", "row"), list(cases("figures")))
def test_reference_figures(theorem_id, label, row):
    theorem, row = get(theorem_id), dict(row)
    point = changes(row.pop("point")) if "point" in row else theorem.points[label]
    if row.pop("precision", "ball") == "float":  # a ball takes long: large matrices
        found = {
            name: Value(float(value), radius=0.0) for name, value in theorem.values(theorem.point(**point)).items()
        }
    else:
        found = predict(theorem, point, quantities=list(row))
    for name, printed in row.items():
        expected = Decimal(printed.removesuffix("~"))
        digits = len(expected.as_tuple().digits)
        if not printed.endswith("~"):  # zeros at the end are not printed
            digits = max(digits, 12)
        unit = Decimal(10) ** (expected.adjusted() - digits + 1) if expected else Decimal("1e-14")
        assert abs(Decimal(float(found[name])) - expected) <= unit, (name, float(found[name]))
        assert found[name].radius < 1e-12, name


@pytest.mark.parametrize(("theorem_id", "number", "case"), list(cases("refused")))
def test_impossible_points_give_one_line(theorem_id, number, case):
    with pytest.raises(RmtsymError, match=re.escape(case.get("words", ""))) as caught:
        predict(get(theorem_id), changes(case["point"]))
    assert "\n" not in str(caught.value)
