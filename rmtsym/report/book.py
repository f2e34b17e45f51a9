"""An executed notebook as HTML, for the pages of the report."""

from __future__ import annotations

import html
import re
from pathlib import Path
from typing import Any

from rmtsym.report.normalise import read
from rmtsym.report.prose import formula, prose

__all__ = ["notebook_html"]

_ESCAPES = re.compile(r"\x1b\[[0-9;]*m")
# A figure as an image, and never as the repr beside it.
_RICHEST_FIRST = ("image/png", "text/html", "text/markdown", "text/latex", "text/plain")


def notebook_html(path: Path) -> str:
    """Cells in order: prose, folded code, outputs; the first heading is left to the page."""
    parts: list[str] = []
    for cell in read(path).cells:
        tags = cell.metadata.get("tags", [])
        if cell.cell_type == "markdown":
            parts.append(prose(_without_title(cell.source) if not parts else cell.source))
        elif cell.cell_type == "code" and "injected-parameters" not in tags:
            body = "\n".join(_output(output) for output in cell.outputs)
            if cell.source.strip():
                code = html.escape(cell.source)
                parts.append(f'<details class="code"><summary>code</summary><pre>{code}</pre></details>')
            parts.append(f'<div class="output">{body}</div>' if body else "")
    return "\n".join(part for part in parts if part)


def _without_title(markdown: str) -> str:
    return re.sub(r"\A\s*# .*\n?", "", markdown)


def _output(output: Any) -> str:
    if output.output_type == "stream":
        return f"<pre>{html.escape(output.text)}</pre>" if output.name == "stdout" else ""
    if output.output_type == "error":
        text = _ESCAPES.sub("", "\n".join(output.traceback)) or f"{output.ename}: {output.evalue}"
        return f'<pre class="error">{html.escape(text)}</pre>'
    data = output.data
    for kind in _RICHEST_FIRST:
        if kind in data:
            return _rendered(kind, data[kind])
    return ""


def _rendered(kind: str, body: str) -> str:
    match kind:
        case "image/png":
            return f'<img alt="figure" src="data:image/png;base64,{body.strip()}">'
        case "text/html":
            return body
        case "text/markdown":
            return prose(body)
        case "text/latex":
            return formula(body.strip().strip("$").removeprefix(r"\displaystyle").strip())
        case _:
            return f"<pre>{html.escape(body)}</pre>"
