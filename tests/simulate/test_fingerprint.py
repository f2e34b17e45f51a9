"""Changed code invalidates what it touches, and nothing else."""

import functools
import importlib
import itertools
import os
import subprocess
import sys

import pytest

from rmtsym.simulate import fingerprint

COUNTER = itertools.count()

BASE = {
    "helper": "def helper(x):\n    return x + 1\n\ndef other(x):\n    return x\n\nSCALE = 2\n",
    "main": (
        "import {helper} as h\nfrom {helper} import helper\nimport numpy as np\n\nWEIGHT = 3\nUNUSED = 1\n\n"
        "class Model:\n    def run(self, x):\n        return helper(x) * h.SCALE\n\n"
        "def replicate(rng, size, point, law):\n    '''Prose.'''\n    return {{'m': WEIGHT * Model().run(size)}}\n\n"
        "def unrelated():\n    return 1\n"
    ),
}


@pytest.fixture
def load(tmp_path, monkeypatch):
    """Write a small project package with edits and return the fingerprint of its replicate."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def fingerprint_of(**edits):
        package = f"theory_{next(COUNTER)}"
        folder = tmp_path / package
        folder.mkdir()
        (folder / "__init__.py").write_text("")
        for name, text in BASE.items():
            text = text.format(helper=f"{package}.helper")
            for old, new in edits.get(name, []):
                assert old in text
                text = text.replace(old, new)
            (folder / f"{name}.py").write_text(text)
        importlib.invalidate_caches()
        module = importlib.import_module(f"{package}.main")
        result = _named(module.replicate, package)
        for loaded in [m for m in sys.modules if m.startswith(package)]:
            del sys.modules[loaded]
        return result

    return fingerprint_of


def _named(function, package):
    fingerprint_module = sys.modules["rmtsym.simulate.fingerprint"]
    walker = fingerprint_module._Walker({package})
    walker.visit(function)
    return sorted(part.replace(package, "theory") for part in walker.parts)


@pytest.mark.parametrize(
    "edit",
    [
        {"main": [("WEIGHT = 3", "WEIGHT = 4")]},
        {"main": [("helper(x) * h.SCALE", "helper(x) + h.SCALE")]},
        {"main": [("WEIGHT * Model", "-WEIGHT * Model")]},
        {"helper": [("x + 1", "x + 2")]},
        {"helper": [("SCALE = 2", "SCALE = 5")]},
    ],
)
def test_what_it_reaches_counts(load, edit):
    assert load(**edit) != load()


@pytest.mark.parametrize(
    "edit",
    [
        {"main": [("UNUSED = 1", "UNUSED = 2")]},
        {"main": [("return 1", "return 2")]},
        {"main": [("'''Prose.'''", "'''Other prose.'''  # and a comment")]},
        {"helper": [("def other(x):\n    return x\n", "")]},
    ],
)
def test_what_it_does_not_reach_does_not(load, edit):
    assert load(**edit) == load()


def test_closures_defaults_and_partials_count():
    import functools

    def make(value, default):
        def inner(x, y=default):
            return x + value + y

        return inner

    assert fingerprint(make(1, 2)) == fingerprint(make(1, 2))
    assert len({fingerprint(make(1, 2)), fingerprint(make(2, 2)), fingerprint(make(1, 3))}) == 3
    assert fingerprint(functools.partial(make(1, 2), y=3)) != fingerprint(functools.partial(make(1, 2), y=4))


def test_the_hash_seed_of_python_does_not_matter():
    code = (
        "from rmtsym.simulate import fingerprint, ensembles\n"
        "def f(x):\n    return x in {'a', 'b', 'c'}, ensembles.entries\n"
        "print(fingerprint(f))"
    )
    found = set()
    for hash_seed in ("0", "1", "77"):
        environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
        done = subprocess.run([sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=True)
        found.add(done.stdout)
    assert len(found) == 1


CACHE: dict[int, int] = {}


def remembers(x):
    CACHE[x] = CACHE.get(x, 0) + 1
    return CACHE[x]


def test_a_cache_that_fills_is_not_a_change():
    before = fingerprint(remembers)
    remembers(3)
    assert fingerprint(remembers) == before


def test_attributes_and_properties_of_classes_count():
    def make(value, sign):
        class Model:
            scale = value

            @property
            def negative(self):
                return sign * self.scale

        return lambda: Model().negative

    assert len({fingerprint(make(*pair)) for pair in [(1, 1), (2, 1), (1, -1), (1, 1)]}) == 3


def test_recursion_ends():
    def even(n):
        return n == 0 or odd(n - 1)

    def odd(n):
        return n != 0 and even(n - 1)

    assert fingerprint(even)


class Remembering:
    def __init__(self):
        self.scale = 2

    @functools.cached_property
    def double(self):
        return 2 * self.scale


class Named:
    _identity = ("scale",)

    def __init__(self):
        self.scale, self.seen = 2, []


@pytest.mark.parametrize(("item", "use"), [(Remembering(), lambda x: x.double), (Named(), lambda x: x.seen.append(1))])
def test_what_an_object_remembers_is_not_a_change(item, use):
    def replicate():
        return item.scale

    before = fingerprint(replicate)
    use(item)
    assert fingerprint(replicate) == before
    item.scale = 3
    assert fingerprint(replicate) != before


def test_a_module_imported_by_a_function_counts(load):
    local = [("    return {'m'", "    from . import helper as local\n    local.other(1)\n    return {'m'")]
    changed = [("return x\n\nSCALE", "return -x\n\nSCALE")]
    assert load(main=local) == load(main=local) != load(main=local, helper=changed)


def test_the_environment_is_not_a_change(monkeypatch):
    def replicate():
        return os.environ.get("HOME")

    before = fingerprint(replicate)
    monkeypatch.setenv("SOMETHING_ELSE", "1")
    assert fingerprint(replicate) == before


def test_a_library_counts_the_same_before_and_after_it_is_loaded():
    script = (
        "import sys\n"
        "from rmtsym.simulate import fingerprint\n"
        "def replicate():\n    from sklearn.datasets import load_digits\n    import colorsys\n    return load_digits\n"
        "if sys.argv[1:]: import sklearn.datasets, colorsys\n"
        "print(fingerprint(replicate))\n"
    )
    runs = [[sys.executable, "-c", script, *more] for more in ([], ["loaded"])]
    found = [subprocess.run(run, capture_output=True, text=True, check=True, timeout=120).stdout for run in runs]
    assert found[0] == found[1] != ""


def test_where_the_code_lies_does_not_matter():
    def replicate():
        return os.path.getsize(__file__)

    here = fingerprint(replicate)
    moved = {**replicate.__globals__, "__file__": "/elsewhere/test_fingerprint.py"}
    assert fingerprint(type(replicate)(replicate.__code__, moved, replicate.__name__)) == here
