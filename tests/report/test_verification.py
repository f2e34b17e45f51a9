"""From notebooks to verdicts: what passes, what fails, what is lost when something dies."""

from __future__ import annotations

import json
import os
import signal
import sqlite3
import subprocess
import sys
import time
import xml.etree.ElementTree as ET
from contextlib import closing
from pathlib import Path

import pytest

pytestmark = pytest.mark.slow


def test_verified_theorem(verified):
    _, done = verified
    assert done.returncode == 0, done.stdout + done.stderr
    assert "sample-moments" in done.stdout and "VERIFIED" in done.stdout and "1 verified" in done.stdout
    assert done.stderr == ""


def test_json_of_a_run(verified):
    lab, _ = verified
    run = json.loads((lab.folder / "out.json").read_text())
    assert (run["schema"], run["status"], run["complete"]) == (1, "VERIFIED", True)
    (record,) = run["theorems"]
    assert record["id"] == "sample-moments" and record["verdict"]["schema"] == "rmtsym-verdict/1"
    assert set(record["verdict"]["evidence"]) == {"derivation", "enclosure", "simulation", "falsification"}


def test_junit_and_summary(verified):
    lab, _ = verified
    (suite,) = ET.parse(lab.folder / "out.xml").getroot()
    assert suite.get("tests") == "4" and suite.get("failures") == "0" and suite.get("errors") == "0"
    assert "| `sample-moments` | ✅ VERIFIED |" in (lab.folder / "out.md").read_text()


def test_list_knows_the_status(verified):
    lab, _ = verified
    listed = json.loads(lab.run("list", "--family", "toy", "--json").stdout)["theorems"]
    assert listed[0]["status"] == "VERIFIED"


def test_report_pages(verified):
    lab, _ = verified
    folder = lab.folder / ".rmtsym" / "report"
    index = (folder / "index.html").read_text()
    assert 'href="sample-moments.html"' in index and "<svg" in index and "VERIFIED" in index
    page = (folder / "sample-moments.html").read_text()
    assert page.count("data:image/png;base64,") == 2 and "<math" in page and "Could the check have failed?" in page
    assert "by hand" in (folder / "errata.html").read_text()
    for text in (index, page):
        assert "http://" not in text.replace("http://www.w3.org", "") and "<script" not in text  # works offline


def test_pages_are_written_again_when_what_they_show_has_changed(verified):
    lab, _ = verified
    home = lab.folder / ".rmtsym"
    page, record = home / "report" / "sample-moments.html", home / "verdicts" / "sample-moments.json"
    page.touch()
    before = page.stat().st_mtime_ns
    assert lab.run("report").returncode == 0
    assert page.stat().st_mtime_ns == before
    kept = record.read_text()
    record.write_text(kept.replace('"seed": 0', '"seed": 77'))
    assert lab.run("report").returncode == 0
    assert "seed 77" in page.read_text()
    record.write_text(kept)
    assert lab.run("report").returncode == 0
    assert "seed 77" not in page.read_text()


def test_kill_table_from_the_records(verified):
    """``rmtsym mutate`` takes its simulations from the records of ``rmtsym verify``."""
    lab, _ = verified
    before = _replicates(lab)
    done = lab.run("mutate", "sample-moments", "--jobs", "1", "--json")
    assert done.returncode == 0, done.stdout + done.stderr
    found = json.loads(done.stdout)
    assert found["status"] == "VERIFIED" and found["counts"]["killed"] == found["counts"]["counted"] > 0
    assert {"name", "kind", "killed_by", "equivalent", "z", "where"} <= set(found["mutants"][0])
    assert _replicates(lab) == before
    assert "wrong versions rejected" in lab.run("mutate", "sample-moments", "--jobs", "1").stdout


def test_a_wrong_cluster_address_is_said_at_once(lab):
    done = lab.run("verify", "sample-moments", "--cluster", "tcp://127.0.0.1:9")
    assert done.returncode == 2 and done.stdout == ""
    assert "cluster" in done.stderr and "dask scheduler" in done.stderr and "Traceback" not in done.stderr


def test_a_wrong_statement_is_refuted_by_name(lab):
    lab.edit('outputs["inverse"] = t', 'outputs["inverse"] = t + v / 20')
    done = lab.run("verify", "sample-moments", "--jobs", "1")
    assert done.returncode == 1
    for piece in ("REFUTED", "sample-moments", "inverse", "theory", "simulation", "z ="):
        assert piece in done.stdout


def test_a_broken_notebook_does_not_stop_the_others(lab):
    book = _second_theorem(lab)
    book.write_text(book.read_text().replace("page.numbers()", "%mistyped_magic"))
    done = lab.run("verify", "--family", "toy", "--jobs", "2")
    assert done.returncode == 1
    records = {p.stem: json.loads(p.read_text()) for p in (lab.folder / ".rmtsym" / "verdicts").glob("*.json")}
    assert records["other-moments"]["status"] == "VERIFIED"
    assert records["sample-moments"]["status"] == "INCONCLUSIVE"
    assert "mistyped_magic" in records["sample-moments"]["message"]


def test_a_notebook_without_verdict_is_inconclusive(lab):
    book = lab.folder / "notebooks" / "toy" / "sample_moments.ipynb"
    book.write_text(book.read_text().replace("page.verdict()", "pass"))
    done = lab.run("verify", "sample-moments", "--jobs", "1")
    assert done.returncode == 1 and "ended without a verdict" in done.stdout


def _replicates(lab) -> int:
    path = lab.folder / ".rmtsym" / "records.sqlite"
    if not path.exists():
        return 0
    try:
        with closing(sqlite3.connect(path)) as connection:
            return connection.execute("SELECT coalesce(sum(count), 0) FROM batches").fetchone()[0]
    except sqlite3.OperationalError:  # made, but still without a table
        return 0


@pytest.mark.parametrize("how", [signal.SIGINT, signal.SIGKILL])
def test_a_killed_run_resumes(lab, how):
    lab.edit("square = float(np.mean(x**2))", "import time; time.sleep(0.001); square = float(np.mean(x**2))")
    command = [sys.executable, "-m", "rmtsym", "verify", "sample-moments", "--jobs", "1"]
    process = subprocess.Popen(
        command, cwd=lab.folder, env=lab.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 60
    while _replicates(lab) == 0 and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.05)
    process.send_signal(how)
    out, err = process.communicate(timeout=60)
    assert process.returncode == (130 if how == signal.SIGINT else -signal.SIGKILL), out + err
    if how == signal.SIGINT:
        assert "interrupted" in err and "Traceback" not in err and "1 not run" in out
    time.sleep(2.5)  # orphans notice that their parent is gone
    kept = _replicates(lab)
    assert kept > 0
    again = lab.run("verify", "sample-moments", "--jobs", "1")
    assert again.returncode == 0, again.stdout
    with closing(sqlite3.connect(lab.folder / ".rmtsym" / "records.sqlite")) as connection:
        rows = connection.execute(
            "SELECT point, law, size, first, count FROM batches ORDER BY point, law, size, first"
        ).fetchall()
    ends: dict[tuple[str, str, int], int] = {}
    for point, law, size, first, count in rows:  # no replicate was computed twice
        assert first >= ends.get((point, law, size), 0)
        ends[point, law, size] = first + count


def _second_theorem(lab):
    """Path of ``other-moments``, a copy of the theorem and of its notebook."""
    module = lab.folder / "lab" / "toy" / "sample_moments.py"
    other = module.with_name("other_moments.py")
    other.write_text(module.read_text().replace("sample-moments", "other-moments"))
    book = lab.folder / "notebooks" / "toy" / "sample_moments.ipynb"
    book.with_name("other_moments.ipynb").write_text(book.read_text().replace("sample-moments", "other-moments"))
    return book


def test_what_is_finished_is_reported_after_an_interruption(lab):
    _second_theorem(lab)
    lab.edit("square = float(np.mean(x**2))", "import time; time.sleep(0.005); square = float(np.mean(x**2))")
    files = ("--json", "out.json", "--junit", "out.xml", "--summary", "out.md")
    command = [sys.executable, "-m", "rmtsym", "verify", "--family", "toy", "--jobs", "1", *files]
    process = subprocess.Popen(
        command, cwd=lab.folder, env=lab.environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    limit = time.monotonic() + 120
    first = lab.folder / ".rmtsym" / "verdicts" / "other-moments.json"
    while not first.exists() and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.1)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130 and "interrupted" in err, out + err
    run = json.loads((lab.folder / "out.json").read_text())
    assert (run["complete"], run["status"]) == (False, "INCONCLUSIVE")
    assert [(r["id"], r["status"]) for r in run["theorems"]] == [("other-moments", "VERIFIED")]
    (suite,) = ET.parse(lab.folder / "out.xml").getroot()
    assert suite.get("name") == "other-moments"
    assert "`other-moments`" in (lab.folder / "out.md").read_text()
    assert "other-moments" in out and "1 not run" in out


def test_the_recipe_for_pytest(lab):
    """The test in docs/continuous-integration.md, in a repository of its own."""
    page = (Path(__file__).parents[2] / "docs" / "continuous-integration.md").read_text()
    recipe = page.split("```python\n")[1].split("```")[0].replace('"laws"', '"lab"')
    (lab.folder / "test_laws.py").write_text(recipe)
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "test_laws.py"]
    done = subprocess.run(
        command, cwd=lab.folder, env=lab.environment(), capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0 and "1 passed" in done.stdout, done.stdout + done.stderr


def test_nothing_is_left_running(lab):
    lab.edit("square = float(np.mean(x**2))", "import time; time.sleep(0.005); square = float(np.mean(x**2))")
    command = [sys.executable, "-m", "rmtsym", "verify", "sample-moments", "--jobs", "2"]
    process = subprocess.Popen(command, cwd=lab.folder, env=lab.environment(RMTSYM_MARK="1"), stdout=subprocess.DEVNULL)
    limit = time.monotonic() + 60
    while _replicates(lab) == 0 and process.poll() is None and time.monotonic() < limit:
        time.sleep(0.05)
    process.kill()
    process.wait()
    limit = time.monotonic() + 20
    while _mine(str(lab.folder)) and time.monotonic() < limit:
        time.sleep(0.2)
    assert _mine(str(lab.folder)) == []


def _mine(folder: str) -> list[str]:
    """Processes whose environment names the laboratory."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        try:
            with open(f"/proc/{pid}/environ", "rb") as stream:
                if f"RMTSYM_HOME={folder}/".encode() in stream.read():
                    found.append(pid)
        except OSError:
            continue
    return found
