"""A run for machines: JUnit XML and a summary in GitHub's Markdown."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from collections.abc import Mapping
from typing import Any

from rmtsym.report.console import EVIDENCE, evidence_of, in_short

__all__ = ["junit_xml", "markdown"]

_ICON = {"VERIFIED": "✅", "REFUTED": "❌", "INCONCLUSIVE": "⚠️"}
_NOT_XML = re.compile("[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def junit_xml(run: Mapping[str, Any]) -> str:
    """One test case for each piece of evidence of each theorem.

    Refuted is a failure; inconclusive is an error, because the check could not do its work.
    """
    suites = ET.Element("testsuites", name="rmtsym", time=f"{run['seconds']:.1f}")
    for record in run["theorems"]:
        suite = ET.SubElement(suites, "testsuite", name=record["id"], time=f"{record['seconds']:.1f}")
        failures = errors = 0
        for kind in EVIDENCE:
            found = evidence_of(record, kind)
            case = ET.SubElement(suite, "testcase", classname=f"{record['family']}.{record['id']}", name=kind)
            status = found.get("status", "INCONCLUSIVE")
            if status == "VERIFIED":
                continue
            tag = "failure" if status == "REFUTED" else "error"
            failures, errors = failures + (tag == "failure"), errors + (tag == "error")
            text = _NOT_XML.sub("", found.get("message") or record["message"] or "not reached")
            ET.SubElement(case, tag, message=text.splitlines()[0] if text else status, type=status).text = text
        if record["status"] != "VERIFIED" and not failures + errors:
            case = ET.SubElement(suite, "testcase", classname=f"{record['family']}.{record['id']}", name="notebook")
            text = _NOT_XML.sub("", record["message"])
            ET.SubElement(
                case, "error", message=text.splitlines()[0] if text else "", type=record["status"]
            ).text = text
            errors += 1
        suite.set("tests", str(len(suite.findall("testcase"))))
        suite.set("failures", str(failures))
        suite.set("errors", str(errors))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="utf-8"?>\n' + ET.tostring(suites, encoding="unicode") + "\n"


def markdown(run: Mapping[str, Any]) -> str:
    """Table for a job summary."""
    counts = ", ".join(f"{n} {s.lower()}" for s, n in run["counts"].items() if n) or "nothing finished"
    lines = [f"### {_ICON[run['status']]} rmtsym: {counts}", ""]
    lines += [f"Profile {run['profile']}, seed {run['seed']}, {run['seconds']:.0f} s", ""]
    lines += ["| theorem | verdict | " + " | ".join(EVIDENCE) + " |", "|---" * (2 + len(EVIDENCE)) + "|"]
    for record in run["theorems"]:
        cells = []
        for kind in EVIDENCE:
            found = evidence_of(record, kind)
            status = found.get("status")
            cells.append(f"{_ICON[status]} {_plain(in_short(record, kind))}" if status else "–")
        lines.append(f"| `{record['id']}` | {_ICON[record['status']]} {record['status']} | {' | '.join(cells)} |")
    for record in run["theorems"]:
        if record["status"] != "VERIFIED" and record["message"]:
            lines += ["", f"**{record['id']}**: {_plain(record['message'])}"]
    return "\n".join(lines) + "\n\n"


def _plain(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")
