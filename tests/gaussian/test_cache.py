import os
import subprocess
import sys

import pytest
import sympy as sp

from rmtsym.gaussian import BivariateNormal, activation, cache, kernel


@pytest.fixture
def fresh(tmp_path, monkeypatch):
    monkeypatch.setenv("RMTSYM_CACHE", str(tmp_path))
    monkeypatch.setattr(cache, "_memory", {})
    return tmp_path


def files(directory):
    return sorted(p for p in directory.rglob("*") if p.is_file())


def test_written_once_and_read_back(fresh, monkeypatch):
    first = kernel("relu").expr
    (path,) = files(fresh)
    monkeypatch.setattr(cache, "_memory", {})
    monkeypatch.setattr("rmtsym.gaussian.expectations.closed_form", lambda *_: pytest.fail("recomputed"))
    assert kernel("relu").expr == first
    assert files(fresh) == [path]


@pytest.mark.parametrize("damage", [b"", b"garbage", b"\xff\xfe\x00", None])
def test_damaged_files_are_written_again(fresh, monkeypatch, damage):
    first = kernel("erf").expr
    (path,) = files(fresh)
    path.write_bytes(path.read_bytes()[:-5] if damage is None else damage)
    monkeypatch.setattr(cache, "_memory", {})
    assert kernel("erf").expr == first
    assert path.read_text().startswith(tuple("0123456789abcdef"))


def test_a_file_moved_to_another_key_is_refused(fresh, monkeypatch):
    kernel("sign")
    (sign,) = files(fresh)
    body = sign.read_text()
    kernel("step")
    (step,) = [p for p in files(fresh) if p != sign]
    step.write_text(body)
    monkeypatch.setattr(cache, "_memory", {})
    assert kernel("step").expr != kernel("sign").expr


def test_a_new_version_does_not_read_old_files(fresh, monkeypatch):
    kernel("cos")
    monkeypatch.setattr(cache, "_memory", {})
    monkeypatch.setattr(cache, "source_version", lambda: "another version")
    kernel("cos")
    assert len(files(fresh)) == 2


def test_an_unwritable_place_is_no_error(monkeypatch):
    monkeypatch.setenv("RMTSYM_CACHE", "/proc/nowhere")
    monkeypatch.setattr(cache, "_memory", {})
    assert kernel("abs").expr is not None
    monkeypatch.setenv("RMTSYM_CACHE", "off")
    assert cache.cache_directory() is None


def test_texts_are_read_by_a_whitelist():
    s = sp.Symbol("s", positive=True)
    rho = sp.Symbol("rho", real=True)
    expression = sp.sqrt(s) * sp.exp(-s / 3) * sp.erfc(s) * sp.asin(rho) / sp.pi + BivariateNormal(s, -s, rho) + sp.I
    assert cache.read_expression(sp.srepr(expression)) == expression
    for text in ("__import__('os')", "Symbol('x').func", "open('x')", "Function('f')(Integer(1))"):
        with pytest.raises(ValueError):
            cache.read_expression(text)


def test_concurrent_writers(tmp_path):
    code = "from rmtsym.gaussian import activation, kernel; print(kernel(activation('quad', 1, 2, 3)).expr)"
    environment = os.environ | {"RMTSYM_CACHE": str(tmp_path)}
    runs = [
        subprocess.Popen([sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    outputs = {run.communicate(timeout=120)[0] for run in runs}
    assert len(outputs) == 1 and all(run.returncode == 0 for run in runs)
    assert len(files(tmp_path)) == 1 and not [p for p in files(tmp_path) if p.name.startswith(".write")]


def test_keys_are_canonical():
    f = activation("relu") + activation("erf")
    g = activation("erf") + activation("relu")
    assert f.key == g.key and f.key != activation("relu").key
