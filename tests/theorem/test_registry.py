import os
import subprocess
import sys
import textwrap

import pytest

from rmtsym.errors import RmtsymError, UnknownName
from rmtsym.theorem import dependencies, dependents, families, get, index, problems

MODULE = """
    from rmtsym.theorem import Parameter, Quantity, Theorem

    theorem = Theorem(
        id="{id}", title="T", family="{family}", uses={uses},
        parameters=(Parameter("c", "ratio"),), quantities=(Quantity("m", "mean"),), points={{"A": {{"c": "1/2"}}}},
    )
"""


def write(root, name, family="toys", uses=(), path=None):
    target = root / (path or f"{family}/{name.replace('-', '_')}.py")
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_text(textwrap.dedent(MODULE.format(id=name, family=family, uses=tuple(uses))))


def test_theorems_are_found_and_imported(theories):
    write(theories, "toy-one")
    write(theories, "toy-two", uses=["toy-one"])
    (theories / "toys" / "helper.py").write_text("x = 1\n")
    found = index("toys")
    assert list(found) == ["toy-one", "toy-two"]
    assert found["toy-two"].uses == ("toy-one",)
    assert found["toy-two"].notebook == theories.parent / "notebooks" / "toys" / "toy_two.ipynb"
    assert "toys" in families()
    assert dependencies()["toy-two"] == ("toy-one",)
    assert dependents("toy-one") == ("toy-two",)
    assert get("toy-one").point() == {"c": pytest.approx(0.5)}


def test_listing_imports_nothing_heavy():
    code = (
        "import sys, rmtsym.theorem.registry as r; r.index(); assert not {'sympy', 'numpy', 'flint'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, env=os.environ, timeout=60)


@pytest.mark.parametrize(
    ("files", "words"),
    [
        ([dict(name="a", uses=["b"])], ["a uses b", "does not exist"]),
        ([dict(name="a", path="toys/c.py")], ["belongs in toys/a.py"]),
        ([dict(name="a", family="other", path="toys/a.py")], ["belongs in other/a.py"]),
    ],
)
def test_what_is_wrong_is_listed_and_leaves_the_others_alone(theories, files, words):
    write(theories, "toy-one")
    for file in files:
        write(theories, **file)
    found = [line for line in problems() if str(theories) in line]
    assert len(found) == 1
    assert all(word in found[0] for word in words)
    assert "toy-one" in index()


def test_circles_are_a_problem(theories):
    write(theories, "a", uses=["b"])
    write(theories, "b", uses=["a"])
    assert any("circle: a -> b -> a" in line for line in problems())


def test_a_module_that_cannot_be_read_says_why(theories):
    (theories / "toys").mkdir()
    (theories / "toys" / "odd_one.py").write_text("theorem = Theorem(id=\n")
    with pytest.raises(RmtsymError, match=r"odd_one\.py: line 1"):
        get("odd-one")
    with pytest.raises(RmtsymError, match=r"odd_one\.py: line 1"):
        index("toys")


@pytest.mark.parametrize(("name", "words"), [("nowhere", "not a folder"), ("theory", "the name of this project's own")])
def test_a_folder_that_cannot_be_used_is_a_problem(tmp_path, monkeypatch, name, words):
    (tmp_path / "theory").mkdir()
    monkeypatch.setenv("RMTSYM_THEORIES", str(tmp_path / name))
    assert [line for line in problems() if str(tmp_path / name) in line and words in line]


def test_an_identity_that_is_not_a_literal_is_an_error(theories):
    write(theories, "a")
    path = theories / "toys" / "a.py"
    path.write_text(path.read_text().replace('id="a"', 'id="a" + ""'))
    assert any("must be a literal" in line for line in problems())


def test_unknown_theorem(theories):
    write(theories, "toy-one")
    with pytest.raises(UnknownName, match="unknown theorem 'toy-on'; did you mean toy-one"):
        get("toy-on")


def test_the_theorems_of_this_project_are_in_order():
    assert problems() == []


def test_a_long_theorem_is_a_package(theories):
    write(theories, "toy-three", path="toys/toy_three/statement.py")
    package = theories / "toys" / "toy_three"
    (package / "__init__.py").write_text("from . import marks\nfrom .statement import theorem\n")
    (package / "marks.py").write_text("from .statement import theorem\n\ntheorem.marked = True\n")
    entry = index("toys")["toy-three"]
    assert entry.path == package
    assert entry.notebook == theories.parent / "notebooks" / "toys" / "toy_three.ipynb"
    assert get("toy-three").marked


def test_a_package_in_the_wrong_place_is_a_problem(theories):
    write(theories, "toy-four", path="toys/other/statement.py")
    assert any("belongs in toys/toy_four.py or in toys/toy_four/statement.py" in line for line in problems())
